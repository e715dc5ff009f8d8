import { type Plugin, unresolvable } from "../framework.ts";

/** `spec.nodeName` names the node (plugins/nodename). */
export const nodeName: Plugin = {
  name: "NodeName",
  filter: (cycle, node) => {
    const wanted = cycle.pod.spec.nodeName;
    return !wanted || wanted === node.name ? undefined : unresolvable("node(s) didn't match the requested node name");
  },
  requeue: (pod, event) => event.type === "NodeAdd" && event.node.metadata.name === pod.spec.nodeName,
};
