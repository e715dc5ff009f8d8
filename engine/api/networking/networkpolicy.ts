import { AGE, age, column, doc, formatLabelSelector, NAME } from "../columns.ts";
import { define } from "../define.ts";

export const networkPolicy = define({
  group: "networking.k8s.io",
  version: "v1",
  kind: "NetworkPolicy",
  plural: "networkpolicies",
  namespaced: true,
  shortNames: ["netpol"],
  hasGeneration: true,
  columns: [NAME, column("Pod-Selector", "string", doc("io.k8s.api.networking.v1.NetworkPolicySpec#podSelector")), AGE],
  cells: (object, nowMs) => [object.metadata.name, formatLabelSelector(object.spec?.podSelector), age(object, nowMs)],
});
