import { parse } from "yaml";
import type { KubeObject } from "../../api/types.ts";

/** Node of the map that serves those without an entry of their own. */
const OTHER_NODES = "DEFAULT_PATH_FOR_NON_LISTED_NODES";
/** How long a helper Pod may take, in s. */
const HELPER_TIMEOUT = 120;

/** config.json of local-path-provisioner, and the Pod that sets volumes up (provisioner.go canonicalizeConfig). */
export interface LocalPathConfig {
  /** Directories that volumes are made in, by node. */
  readonly paths: ReadonlyMap<string, readonly string[]>;
  /** One directory that every node sees, instead of those; "" without. */
  readonly shared: string;
  /** Seconds until a helper Pod is given up. */
  readonly timeout: number;
  readonly setup: string;
  readonly teardown: string;
}

/** Reads config.json; throws an Error in the provisioner's words. */
export function readConfig(text: string): LocalPathConfig {
  let raw: Record<string, unknown>;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    throw new Error(`invalid character in configuration: ${(error as Error).message}`);
  }
  const paths = new Map<string, string[]>();
  for (const { node, paths: listed } of (raw["nodePathMap"] ?? []) as { node: string; paths: string[] }[]) {
    if (paths.has(node)) throw new Error(`duplicate node ${node}`);
    for (const path of listed) {
      if (!path.startsWith("/")) throw new Error(`path must start with / for path ${path} on node ${node}`);
      if (path === "/") throw new Error(`cannot use root ('/') as path on node ${node}`);
    }
    paths.set(node, listed);
  }
  return {
    paths,
    shared: String(raw["sharedFileSystemPath"] ?? ""),
    timeout: Number(raw["cmdTimeoutSeconds"] ?? 0) || HELPER_TIMEOUT,
    setup: String(raw["setupCommand"] ?? ""),
    teardown: String(raw["teardownCommand"] ?? ""),
  };
}

/** helperPod.yaml; throws an Error when it is no Pod with one container. */
export function readHelper(text: string): KubeObject {
  const pod = parse(text) as KubeObject | null;
  const containers: unknown[] = pod?.["spec"]?.containers ?? [];
  if (pod?.kind !== "Pod" || containers.length === 0) {
    throw new Error("helper pod template does not specify any container");
  }
  return pod;
}

/** The directory on a node that a class's volumes go to. `draw` picks one of several. Throws an Error. */
export function pathOnNode(
  config: LocalPathConfig,
  node: string,
  wanted: string | undefined,
  draw: (count: number) => number,
): string {
  if (config.shared !== "") return config.shared;
  const paths = config.paths.get(node) ?? config.paths.get(OTHER_NODES);
  if (paths === undefined) throw new Error(`config doesn't contain node ${node}, and no ${OTHER_NODES} available`);
  if (paths.length === 0) throw new Error(`no local path available on node ${node}`);
  if (wanted === undefined) return paths[draw(paths.length)]!;
  if (!paths.includes(wanted)) throw new Error(`config doesn't contain path ${wanted} on node ${node}`);
  return wanted;
}
