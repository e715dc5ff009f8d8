import { type Taint, type Toleration, tolerates, untoleratedTaint } from "../../api/tolerations.ts";
import type { KubeObject } from "../../api/types.ts";
import { defaultNormalize, type Plugin, unresolvable } from "../framework.ts";

const HARD = ["NoSchedule", "NoExecute"];

function shuts(node: KubeObject, pod: KubeObject): boolean {
  return untoleratedTaint(node, pod.spec.tolerations, HARD) !== undefined;
}

/** Hard taints keep Pods off, soft ones cost score (plugins/tainttoleration). */
export const taintToleration: Plugin = {
  name: "TaintToleration",
  filter: (cycle, node) => {
    const taint = untoleratedTaint(node.node, cycle.pod.spec.tolerations, HARD);
    return taint && unresolvable(`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ""}}`);
  },
  preScore: (_cycle, nodes) => nodes.length > 0,
  score: (cycle, node) => {
    const tolerations = ((cycle.pod.spec.tolerations ?? []) as Toleration[]).filter(
      (t) => !t.effect || t.effect === "PreferNoSchedule",
    );
    let count = 0;
    for (const taint of (node.node.spec?.taints ?? []) as Taint[])
      if (taint.effect === "PreferNoSchedule" && !tolerations.some((t) => tolerates(t, taint))) count++;
    return count;
  },
  normalize: (_cycle, scores) => defaultNormalize(scores, true),
  requeue: (pod, event) => {
    if (event.type === "NodeAdd") return !shuts(event.node, pod);
    if (event.type === "NodeUpdate") return !shuts(event.node, pod) && shuts(event.old ?? event.node, pod);
    return event.type === "PodUpdate" && event.pod.spec.tolerations !== event.old.spec.tolerations;
  },
};
