import { type Kubeconfig, loadKubeconfig } from "../../api/kubeconfig.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { KubectlError } from "./errors.ts";
import { quote } from "./go.ts";

/** The merged configuration and which files it came from. */
export interface Config extends Kubeconfig {
  /** No file was there. */
  empty: boolean;
  files: readonly string[];
}

/** Files in the order of loading: `--kubeconfig`, else $KUBECONFIG, else ~/.kube/config. */
export function configPaths(p: Process, flag: string): string[] {
  if (flag !== "") return [flag];
  const variable = p.env.get("KUBECONFIG");
  if (variable) return [...new Set(variable.split(":").filter((path) => path !== ""))];
  return [`${p.env.get("HOME") ?? ""}/.kube/config`];
}

/** One file; undefined when it is not there. Throws in clientcmd's words. */
export function readConfigFile(p: Process, path: string): Kubeconfig | undefined {
  let text: string;
  try {
    text = sys.readText(p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    const call = error.code === "EISDIR" ? "read" : "open";
    throw new KubectlError(`error loading config file ${quote(path)}: ${call} ${path}: ${error.message.toLowerCase()}`);
  }
  try {
    return loadKubeconfig(text);
  } catch (error) {
    throw new KubectlError(`error loading config file ${quote(path)}: ${yamlWords(error as Error)}`);
  }
}

/** `yaml: line 3: …` of a parse error. */
export function yamlWords(error: Error & { linePos?: readonly { line: number }[] }): string {
  const line = error.linePos?.[0]?.line;
  const words = error.message.split("\n")[0]!.replace(/ at line \d+, column \d+:?$/, "");
  const known = /implicit map|Nested mappings|compact mappings/i.test(words)
    ? "mapping values are not allowed in this context"
    : /tab/i.test(words)
      ? "found character that cannot start any token"
      : words;
  return line === undefined || line === 1 ? `yaml: ${known}` : `yaml: line ${line}: ${known}`;
}

/** Loads and merges: the first file that names a thing wins (clientcmd ClientConfigLoadingRules.Load). */
export function loadConfig(p: Process, flag: string): Config {
  const paths = configPaths(p, flag);
  const loaded: [string, Kubeconfig][] = [];
  for (const path of paths) {
    const config = readConfigFile(p, path);
    if (config) loaded.push([path, absolute(p, config, path)]);
    else if (flag !== "") throw new KubectlError(`stat ${path}: no such file or directory`);
  }
  const files = loaded.map(([path]) => path);
  if (loaded.length === 1) return { ...loaded[0]![1], empty: false, files };
  const merged: Config = {
    clusters: [],
    contexts: [],
    users: [],
    "current-context": "",
    empty: loaded.length === 0,
    files,
  };
  for (const [, config] of loaded) {
    merged.clusters = union(merged.clusters, config.clusters);
    merged.contexts = union(merged.contexts, config.contexts);
    merged.users = union(merged.users, config.users);
    merged["current-context"] ||= config["current-context"];
    merged.preferences ??= config.preferences;
  }
  return merged;
}

function union<T extends { name: string }>(first: readonly T[], second: readonly T[]): T[] {
  return [...first, ...second.filter((item) => !first.some((other) => other.name === item.name))];
}

const PATH_FIELDS = ["certificate-authority", "client-certificate", "client-key", "tokenFile"] as const;

/** Paths inside a kubeconfig are relative to it. */
function absolute(p: Process, config: Kubeconfig, path: string): Kubeconfig {
  const relative = (entry: object) =>
    PATH_FIELDS.some((field) => {
      const value = (entry as Record<string, unknown>)[field];
      return typeof value === "string" && value !== "" && !value.startsWith("/");
    });
  if (!config.clusters.some((c) => relative(c.cluster ?? {})) && !config.users.some((u) => relative(u.user ?? {})))
    return config;
  const full = path.startsWith("/") ? path : `${p.cwd.replace(/\/$/, "")}/${path}`;
  const dir = full.slice(0, full.lastIndexOf("/"));
  const fix = <T extends object>(entry: T): T => {
    const out = { ...entry } as Record<string, unknown>;
    for (const field of PATH_FIELDS) {
      const value = out[field];
      if (typeof value === "string" && value !== "" && !value.startsWith("/")) out[field] = `${dir}/${value}`;
    }
    return out as T;
  };
  return {
    ...config,
    clusters: config.clusters.map((c) => ({ ...c, cluster: fix(c.cluster ?? {}) })),
    users: config.users.map((u) => ({ ...u, user: fix(u.user ?? {}) })),
  };
}
