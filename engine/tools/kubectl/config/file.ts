/** Changing kubeconfig files (client-go tools/clientcmd/config.go ModifyConfig). */
import type { Kubeconfig, KubeconfigCluster, KubeconfigContext, KubeconfigUser } from "../../../api/kubeconfig.ts";
import * as sys from "../../../machine/sys.ts";
import { configPaths, readConfigFile } from "../config-files.ts";
import { compareStrings } from "../go.ts";
import type { Invocation } from "../invocation.ts";
import { toYaml } from "../printers/yaml.ts";

/** A kubeconfig as maps, the way clientcmd works on it. */
export interface Editable {
  clusters: Map<string, KubeconfigCluster>;
  contexts: Map<string, KubeconfigContext>;
  users: Map<string, KubeconfigUser>;
  currentContext: string;
}

export function editable(config: Kubeconfig | undefined): Editable {
  return {
    clusters: new Map(config?.clusters.map((c) => [c.name, c.cluster ?? {}])),
    contexts: new Map(config?.contexts.map((c) => [c.name, c.context ?? {}])),
    users: new Map(config?.users.map((u) => [u.name, u.user ?? {}])),
    currentContext: config?.["current-context"] ?? "",
  };
}

/** Drops fields that are empty, and puts the others in the order of the Go struct. */
function fields<T extends object>(value: T, order: readonly string[], always: readonly string[]): T {
  const from = value as Record<string, unknown>;
  const out: Record<string, unknown> = {};
  for (const key of order) {
    const item = from[key];
    const empty = item === undefined || item === "" || item === false || item === null;
    if (!empty) out[key] = item;
    else if (always.includes(key)) out[key] = "";
  }
  return out as T;
}

const CLUSTER = [
  "server",
  "tls-server-name",
  "insecure-skip-tls-verify",
  "certificate-authority",
  "certificate-authority-data",
  "proxy-url",
  "disable-compression",
];
const CONTEXT = ["cluster", "user", "namespace"];
const USER = [
  "client-certificate",
  "client-certificate-data",
  "client-key",
  "client-key-data",
  "token",
  "tokenFile",
  "as",
  "as-uid",
  "as-groups",
  "username",
  "password",
  "auth-provider",
  "exec",
];

const byName = (a: [string, unknown], b: [string, unknown]) => compareStrings(a[0], b[0]);

/** The value as clientcmd writes it: lists by name, `null` for none. */
export function asValue(config: Editable): Record<string, unknown> {
  const list = <T>(map: Map<string, T>, wrap: (name: string, value: T) => object) =>
    map.size === 0 ? null : [...map].sort(byName).map(([name, value]) => wrap(name, value));
  return {
    kind: "Config",
    apiVersion: "v1",
    preferences: {},
    clusters: list(config.clusters, (name, value) => ({ name, cluster: fields(value, CLUSTER, ["server"]) })),
    users: list(config.users, (name, value) => ({ name, user: fields(value, USER, []) })),
    contexts: list(config.contexts, (name, value) => ({ name, context: fields(value, CONTEXT, ["cluster", "user"]) })),
    "current-context": config.currentContext,
  };
}

/** The file that changes go to: the one that has the thing, else the first there is, else the last of the list. */
export function fileFor(k: Invocation, has: (config: Editable) => boolean): string {
  const paths = configPaths(k.p, k.flags.string("kubeconfig"));
  const existing = paths.filter((path) => sys.find(k.p, path) !== undefined);
  for (const path of existing) if (has(editable(readConfigFile(k.p, path)))) return path;
  return existing[0] ?? paths.at(-1)!;
}

/** Changes one file. */
export function change(k: Invocation, path: string, edit: (config: Editable) => void): void {
  const config = editable(readConfigFile(k.p, path));
  edit(config);
  const dirs = path.split("/").slice(0, -1);
  for (let i = 1; i <= dirs.length; i++) {
    const dir = dirs.slice(0, i).join("/");
    if (dir !== "" && sys.find(k.p, dir) === undefined) sys.mkdir(k.p, dir, 0o755);
  }
  sys.writeText(k.p, path, toYaml(asValue(config)), 0o600);
}
