import type { AdmissionPlugin } from "./admission.ts";
import { isResource } from "./refuse.ts";

const NOT_READY = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" };

/** A new node takes no Pods until the node controller has seen it Ready (plugin/pkg/admission/nodetaint). */
export const taintNodesByCondition: AdmissionPlugin = {
  name: "TaintNodesByCondition",
  mutate(attributes) {
    if (!isResource(attributes, "", "nodes") || attributes.operation !== "CREATE") return;
    const node = attributes.object;
    node.spec ??= {};
    const taints: { key: string; effect: string }[] = node.spec.taints ?? [];
    if (taints.some(({ key, effect }) => key === NOT_READY.key && effect === NOT_READY.effect)) return;
    node.spec.taints = [...taints, { ...NOT_READY }];
  },
};
