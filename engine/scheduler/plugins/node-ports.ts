import { type Plugin, unschedulable } from "../framework.ts";
import { hostPorts, type NodeInfo } from "../node-info.ts";

const ANY = "0.0.0.0";

function taken(node: NodeInfo, key: string, ip: string): boolean {
  const used = node.ports.get(key);
  if (used === undefined || used.size === 0) return false;
  return ip === ANY || used.has(ip) || used.has(ANY);
}

/** Host ports must be free (plugins/nodeports). */
export const nodePorts: Plugin = {
  name: "NodePorts",
  filter: (cycle, node) => {
    const wanted = cycle.once("NodePorts", () => hostPorts(cycle.pod));
    return wanted.some(({ key, ip }) => taken(node, key, ip))
      ? unschedulable("node(s) didn't have free ports for the requested pod ports")
      : undefined;
  },
  requeue: (pod, event) => {
    if (event.type === "NodeAdd") return true;
    if (event.type !== "AssignedPodDelete") return false;
    const freed = new Set(hostPorts(event.pod).map((port) => port.key));
    return hostPorts(pod).some((port) => freed.has(port.key));
  },
};
