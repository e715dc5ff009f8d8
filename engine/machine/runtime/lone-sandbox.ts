import type { NetNamespace } from "../../network/index.ts";
import { dirNode } from "../inode.ts";
import type { Machine } from "../machine.ts";
import type { Sandbox } from "./types.ts";

/** What a container that is no Pod's has in place of a sandbox: its namespaces are held by init until it has processes. */
export function loneSandbox(
  machine: Machine,
  { id, namespace, hostname, net }: { id: string; namespace: string; hostname: string; net: NetNamespace },
): Sandbox {
  const init = machine.pids.init!;
  return {
    id,
    config: {
      metadata: { name: id, uid: id, namespace, attempt: 0 },
      hostname,
      logDirectory: "",
      resolvConf: "",
      labels: {},
      annotations: {},
      cgroupParent: `/${namespace}/${id}`,
      hostNetwork: net === machine.net,
    },
    state: "ready",
    createdAt: machine.kernel.now,
    net,
    uts: { hostname, sysctls: new Map() },
    ips: [],
    pids: undefined,
    pause: init,
    shim: init,
    containers: [],
    files: dirNode({ time: machine.kernel.now }),
  };
}
