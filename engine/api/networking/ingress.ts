import { AGE, age, column, NAME } from "../columns.ts";
import { loadBalancerAddresses } from "../core/service.ts";
import { define } from "../define.ts";
import { validateIngress } from "./validation.ts";

const SHOWN = 3;

/** `a.example,b.example`, at most three; `*` when no rule names one. */
function hosts(rules: readonly { host?: string }[] | undefined): string {
  const all = (rules ?? []).map((r) => r.host).filter((h): h is string => Boolean(h));
  if (all.length === 0) return "*";
  const list = all.slice(0, SHOWN).join(",");
  return all.length > SHOWN ? `${list} + ${all.length - SHOWN} more...` : list;
}

export const ingress = define({
  group: "networking.k8s.io",
  version: "v1",
  kind: "Ingress",
  plural: "ingresses",
  namespaced: true,
  shortNames: ["ing"],
  etcdPrefix: "ingress",
  hasGeneration: true,
  status: true,
  validateBody: validateIngress,
  columns: [
    NAME,
    column("Class", "string", "The name of the IngressClass resource that should be used for additional configuration"),
    column("Hosts", "string", "Hosts that incoming requests are matched against before the ingress rule"),
    column("Address", "string", "Address is a list containing ingress points for the load-balancer"),
    column("Ports", "string", "Ports of TLS configurations that open"),
    AGE,
  ],
  cells: (object, nowMs) => [
    object.metadata.name,
    object.spec?.ingressClassName ?? "<none>",
    hosts(object.spec?.rules),
    loadBalancerAddresses(object.status),
    object.spec?.tls?.length > 0 ? "80, 443" : "80",
    age(object, nowMs),
  ],
});
