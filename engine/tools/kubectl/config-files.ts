import type { Kubeconfig, KubeconfigCluster, KubeconfigContext, KubeconfigUser } from "../../api/kubeconfig.ts";
import { normalize } from "../../machine/path.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { directoryOf } from "./config/access.ts";
import { configPaths, loadAll, type Stanza, withPaths } from "./config/loaded.ts";
import { KubectlError } from "./errors.ts";

/** The merged configuration and which files it came from. */
export interface Config extends Kubeconfig {
  /** No file was there. */
  empty: boolean;
  files: readonly string[];
}

/** Loads and merges, with paths made whole: the first file that names a thing wins (clientcmd ClientConfigLoadingRules.Load). */
export function loadConfig(p: Process, flag: string): Config {
  if (flag !== "" && sys.find(p, flag) === undefined) throw new KubectlError(`stat ${flag}: no such file or directory`);
  const { config, files } = loadAll(p, configPaths(p, flag));
  const whole = ({ fields, origin }: Stanza) =>
    withPaths(fields, (path) => (path.startsWith("/") ? path : normalize(directoryOf(p.cwd, origin), path)));
  return {
    clusters: [...config.clusters].map(([name, each]) => ({ name, cluster: whole(each) as KubeconfigCluster })),
    users: [...config.users].map(([name, each]) => ({ name, user: whole(each) as KubeconfigUser })),
    contexts: [...config.contexts].map(([name, { fields }]) => ({ name, context: fields as KubeconfigContext })),
    "current-context": config.currentContext,
    empty: files.length === 0,
    files,
  };
}
