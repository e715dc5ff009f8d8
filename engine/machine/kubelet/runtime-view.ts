import type { Container, ContainerRuntime, Sandbox } from "../runtime/index.ts";

/** Sandboxes and containers of one Pod as the runtime has them, the newest first. */
export interface RuntimePod {
  sandboxes: Sandbox[];
  containers: Container[];
  latest(name: string): Container | undefined;
  /** All runs of a container, the newest first. */
  runs(name: string): Container[];
}

export function runtimePod(runtime: ContainerRuntime, uid: string): RuntimePod {
  const sandboxes: Sandbox[] = [];
  const containers: Container[] = [];
  for (const sandbox of runtime.sandboxesOf(uid)) {
    sandboxes.push(sandbox);
    containers.push(...sandbox.containers);
  }
  if (sandboxes.length > 1) sandboxes.sort((a, b) => b.config.metadata.attempt - a.config.metadata.attempt);
  if (containers.length > 1)
    containers.sort((a, b) => b.createdAt - a.createdAt || b.config.metadata.attempt - a.config.metadata.attempt);
  return {
    sandboxes,
    containers,
    latest: (name) => containers.find((c) => c.config.metadata.name === name),
    runs: (name) => containers.filter((c) => c.config.metadata.name === name),
  };
}

/** Pods that the runtime knows, by uid. */
export function runtimeUids(runtime: ContainerRuntime): Set<string> {
  const out = new Set<string>();
  for (const sandbox of runtime.sandboxes.values()) out.add(sandbox.config.metadata.uid);
  return out;
}
