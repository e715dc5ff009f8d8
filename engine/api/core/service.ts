import { AGE, age, column, doc, formatLabels, NAME } from "../columns.ts";
import { define, keepStatus } from "../define.ts";
import type { KubeObject } from "../types.ts";
import { dns1035Label } from "../validation/names.ts";
import {
  defaultService,
  dropInternalPolicy,
  dropTypeDependentFields,
  patchAllocatedValues,
} from "./service-behaviour.ts";
import { validateService, validateServiceUpdate } from "./service-validation.ts";

const SPEC = "io.k8s.api.core.v1.ServiceSpec";

interface ServicePort {
  port: number;
  nodePort?: number;
  protocol?: string;
}

/** Addresses of a load balancer, sorted, comma separated; "" without one. */
export function loadBalancerAddresses(status: KubeObject["status"]): string {
  const ingress: readonly { ip?: string; hostname?: string }[] = status?.loadBalancer?.ingress ?? [];
  const found = new Set<string>();
  for (const { ip, hostname } of ingress) {
    const address = ip || hostname;
    if (address) found.add(address);
  }
  return [...found].sort().join(",");
}

/** EXTERNAL-IP (pkg/printers/internalversion/printers.go getServiceExternalIP). */
export function externalIp(service: KubeObject): string {
  const { spec = {} } = service;
  const own: readonly string[] = spec.externalIPs ?? [];
  switch (spec.type) {
    case "ClusterIP":
    case "NodePort":
      return own.length > 0 ? own.join(",") : "<none>";
    case "LoadBalancer": {
      const balanced = loadBalancerAddresses(service.status);
      if (own.length > 0) return [...(balanced ? balanced.split(",") : []), ...own].join(",");
      return balanced || "<pending>";
    }
    case "ExternalName":
      return spec.externalName ?? "";
  }
  return "<unknown>";
}

/** PORT(S): `80/TCP` or `80:30080/TCP`. */
export function portString(ports: readonly ServicePort[] | undefined): string {
  return (ports ?? [])
    .map(({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ""}/${protocol ?? ""}`)
    .join(",");
}

export const service = define({
  group: "",
  version: "v1",
  kind: "Service",
  plural: "services",
  namespaced: true,
  shortNames: ["svc"],
  categories: ["all"],
  etcdPrefix: "services/specs",
  subresources: [
    {
      name: "proxy",
      kind: "ServiceProxyOptions",
      group: "",
      version: "v1",
      verbs: ["create", "delete", "get", "patch", "update"],
    },
  ],
  status: true,
  nameCheck: dns1035Label,
  defaults: defaultService,
  claims: (draft, input) => {
    if (input?.spec?.clusterIPs === undefined) delete draft.spec?.clusterIPs;
  },
  validateBody: validateService,
  validateBodyUpdate: validateServiceUpdate,
  prepareForUpdate: (draft, old) => {
    keepStatus(draft, old);
    patchAllocatedValues(draft, old);
    dropTypeDependentFields(draft, old);
    dropInternalPolicy(draft);
  },
  prepareForCreate: (draft) => {
    draft.status = { loadBalancer: {} };
    dropInternalPolicy(draft);
  },
  fields: (object) => ({ "spec.clusterIP": object.spec?.clusterIP ?? "", "spec.type": object.spec?.type ?? "" }),
  columns: [
    NAME,
    column("Type", "string", doc(`${SPEC}#type`)),
    column("Cluster-IP", "string", doc(`${SPEC}#clusterIP`)),
    column("External-IP", "string", doc(`${SPEC}#externalIPs`)),
    column("Port(s)", "string", doc(`${SPEC}#ports`)),
    AGE,
    column("Selector", "string", doc(`${SPEC}#selector`), { wide: true }),
  ],
  cells: (object, nowMs) => {
    const { spec = {} } = object;
    return [
      object.metadata.name,
      spec.type ?? "",
      spec.clusterIPs?.[0] ?? "<none>",
      externalIp(object),
      portString(spec.ports) || "<none>",
      age(object, nowMs),
      formatLabels(spec.selector),
    ];
  },
});
