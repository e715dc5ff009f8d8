import { AGE, age, column, NAME } from "../columns.ts";
import { define } from "../define.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { invalid, invalidEach, required } from "../validation/field.ts";
import { validateMeta, validateMetaUpdate } from "../validation/meta.ts";
import { dns1035Label, dns1123Subdomain, pathSegment } from "../validation/names.ts";

/** `True`, or `False (MissingEndpoints)`. */
function available(service: KubeObject): string {
  const condition = (service.status?.conditions ?? []).find((c: { type: string }) => c.type === "Available");
  if (!condition) return "Unknown";
  return condition.status === "True" || !condition.reason
    ? condition.status
    : `${condition.status} (${condition.reason})`;
}

/** kube-aggregator pkg/apis/apiregistration/validation. */
function validateBody({ spec = {} }: KubeObject): StatusCause[] {
  const causes: StatusCause[] = [];
  const { group = "", version = "", service, groupPriorityMinimum = 0, versionPriority = 0 } = spec;
  if (group === "" && version !== "v1") {
    causes.push(required("spec.group", "only v1 may have an empty group and it better be legacy kube"));
  }
  if (group !== "") causes.push(...invalidEach("spec.group", group, dns1123Subdomain(group)));
  causes.push(...invalidEach("spec.version", version, dns1035Label(version)));
  if (groupPriorityMinimum <= 0 || groupPriorityMinimum > 20_000) {
    causes.push(invalid("spec.groupPriorityMinimum", groupPriorityMinimum, "must be positive and less than 20000"));
  }
  if (versionPriority <= 0 || versionPriority > 1000) {
    causes.push(invalid("spec.versionPriority", versionPriority, "must be positive and less than 1000"));
  }
  if (!service) {
    if (spec.caBundle)
      causes.push(invalid("spec.caBundle", byteCount(spec.caBundle), "local APIServices may not have a caBundle"));
    if (spec.insecureSkipTLSVerify) {
      causes.push(invalid("spec.insecureSkipTLSVerify", true, "local APIServices may not have insecureSkipTLSVerify"));
    }
    return causes;
  }
  if (!service.namespace) causes.push(required("spec.service.namespace", ""));
  if (!service.name) causes.push(required("spec.service.name", ""));
  const { port = 443 } = service;
  if (port < 1 || port > 65_535)
    causes.push(invalid("spec.service.port", port, "port is not valid: must be between 1 and 65535, inclusive"));
  if (spec.insecureSkipTLSVerify && spec.caBundle) {
    causes.push(invalid("spec.insecureSkipTLSVerify", true, "may not be true if caBundle is present"));
  }
  return causes;
}

/** The name is made of version and group (ValidateObjectMeta with the check of ValidateAPIService). */
function validate(object: KubeObject): StatusCause[] {
  const wanted = `${object["spec"]?.version ?? ""}.${object["spec"]?.group ?? ""}`;
  const nameCheck = (name: string) => {
    const errors = pathSegment(name);
    if (errors.length > 0 || name === wanted) return errors;
    return [`must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`];
  };
  return [...validateMeta(object, false, nameCheck), ...validateBody(object)];
}

/** `12 bytes` of what is in base64. */
function byteCount(base64: string): string {
  return `${(base64.length / 4) * 3 - (/=*$/.exec(base64)?.[0].length ?? 0)} bytes`;
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
  defaults: (draft) => {
    if (draft.spec?.service) draft.spec.service.port ??= 443;
  },
  validate,
  validateUpdate: (object, old) => [...validateMetaUpdate(object, old), ...validate(object)],
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
