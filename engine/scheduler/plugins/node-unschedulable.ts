import { tolerates } from "../../api/tolerations.ts";
import type { KubeObject } from "../../api/types.ts";
import { type Plugin, unresolvable } from "../framework.ts";

const TAINT = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };

function shut(node: KubeObject): boolean {
  return node.spec?.unschedulable === true;
}

/** A cordoned node takes only Pods that tolerate it (plugins/nodeunschedulable). */
export const nodeUnschedulable: Plugin = {
  name: "NodeUnschedulable",
  filter: (cycle, node) => {
    if (!shut(node.node)) return undefined;
    const tolerated = (cycle.pod.spec.tolerations ?? []).some((t: object) => tolerates(t, TAINT));
    return tolerated ? undefined : unresolvable("node(s) were unschedulable");
  },
  requeue: (_pod, event) =>
    event.type === "NodeAdd"
      ? !shut(event.node)
      : event.type === "NodeUpdate"
        ? !shut(event.node) && shut(event.old ?? event.node)
        : event.type === "PodUpdate",
};
