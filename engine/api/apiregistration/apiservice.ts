import { AGE, age, column, NAME } from "../columns.ts";
import { define } from "../define.ts";
import type { KubeObject } from "../types.ts";

/** `True`, or `False (MissingEndpoints)`. */
function available(service: KubeObject): string {
  const condition = (service.status?.conditions ?? []).find((c: { type: string }) => c.type === "Available");
  if (!condition) return "Unknown";
  return condition.status === "True" || !condition.reason
    ? condition.status
    : `${condition.status} (${condition.reason})`;
}

export const apiService = define({
  group: "apiregistration.k8s.io",
  version: "v1",
  kind: "APIService",
  plural: "apiservices",
  namespaced: false,
  categories: ["api-extensions"],
  etcdPrefix: "apiregistration.k8s.io/apiservices",
  status: true,
  columns: [
    NAME,
    column("Service", "string", "The reference to the service that hosts this API endpoint."),
    column("Available", "string", "Whether this service is available."),
    AGE,
  ],
  cells: (object, nowMs) => {
    const reference = object.spec?.service;
    return [
      object.metadata.name,
      reference ? `${reference.namespace}/${reference.name}` : "Local",
      available(object),
      age(object, nowMs),
    ];
  },
});
