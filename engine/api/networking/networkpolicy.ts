import { AGE, age, column, doc, formatLabelSelector, NAME } from "../columns.ts";
import { define } from "../define.ts";
import { validateNetworkPolicy } from "./validation.ts";

export const networkPolicy = define({
  group: "networking.k8s.io",
  version: "v1",
  kind: "NetworkPolicy",
  plural: "networkpolicies",
  namespaced: true,
  defaults: (draft) => {
    const spec = draft.spec;
    if (!spec) return;
    for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
      for (const port of rule.ports ?? []) port.protocol ??= "TCP";
    }
    if (!(spec.policyTypes?.length > 0))
      spec.policyTypes = spec.egress?.length > 0 ? ["Ingress", "Egress"] : ["Ingress"];
  },
  shortNames: ["netpol"],
  hasGeneration: true,
  emptyIsChange: true,
  validateBody: validateNetworkPolicy,
  columns: [NAME, column("Pod-Selector", "string", doc("io.k8s.api.networking.v1.NetworkPolicySpec#podSelector")), AGE],
  cells: (object, nowMs) => [object.metadata.name, formatLabelSelector(object.spec?.podSelector), age(object, nowMs)],
});
