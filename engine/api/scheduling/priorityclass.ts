import { AGE, age, column, doc, NAME } from "../columns.ts";
import { define } from "../define.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { forbidden, invalid, notSupported, required } from "../validation/field.ts";

const CLASS = "io.k8s.api.scheduling.v1.PriorityClass";

/** Highest value a class of the users' own may have. */
const HIGHEST_USER_PRIORITY = 1_000_000_000;
/** Priorities of Pods that stay: from the first on (scheduling.SystemCriticalPriority), and those of a node. */
export const CLUSTER_CRITICAL = 2_000_000_000;
export const NODE_CRITICAL = CLUSTER_CRITICAL + 1_000;
const SYSTEM: Record<string, number | undefined> = {
  "system-cluster-critical": CLUSTER_CRITICAL,
  "system-node-critical": NODE_CRITICAL,
};

function validateClass(object: KubeObject): StatusCause[] {
  const { name } = object.metadata;
  const value = object["value"] ?? 0;
  const causes: StatusCause[] = [];
  if (name?.startsWith("system-")) {
    if (SYSTEM[name] !== value) {
      causes.push(
        forbidden(
          "metadata.name",
          "priority class names with 'system-' prefix are reserved for system use only. error: " +
            (SYSTEM[name] === undefined
              ? `${name} is not a known system priority class`
              : `value of ${name} PriorityClass must be ${SYSTEM[name]}`),
        ),
      );
    }
  } else if (value > HIGHEST_USER_PRIORITY) {
    causes.push(forbidden("value", `maximum allowed value of a user defined priority is ${HIGHEST_USER_PRIORITY}`));
  }
  const policies = ["PreemptLowerPriority", "Never"];
  const policy: string | undefined = object["preemptionPolicy"];
  if (policy === "") causes.push(required("preemptionPolicy", ""));
  else if (policy !== undefined && !policies.includes(policy))
    causes.push(notSupported("preemptionPolicy", policy, policies));
  return causes;
}

export const priorityClass = define({
  group: "scheduling.k8s.io",
  version: "v1",
  kind: "PriorityClass",
  plural: "priorityclasses",
  namespaced: false,
  metadataOnce: true,
  defaults: (draft) => {
    draft.preemptionPolicy ??= "PreemptLowerPriority";
  },
  validateBody: validateClass,
  updateJudges: "alone",
  validateBodyUpdate: (object, old) => {
    const causes: StatusCause[] = [];
    if (object["value"] !== old["value"]) causes.push(forbidden("value", "may not be changed in an update."));
    if (object["preemptionPolicy"] !== old["preemptionPolicy"]) {
      causes.push(invalid("preemptionPolicy", object["preemptionPolicy"] ?? "", "field is immutable"));
    }
    return causes;
  },
  shortNames: ["pc"],
  hasGeneration: "fixed",
  columns: [
    NAME,
    column("Value", "integer", doc(`${CLASS}#value`)),
    column("Global-Default", "boolean", doc(`${CLASS}#globalDefault`)),
    AGE,
    column("PreemptionPolicy", "string", doc(`${CLASS}#preemptionPolicy`)),
  ],
  cells: (object, nowMs) => [
    object.metadata.name,
    object.value ?? 0,
    object.globalDefault ?? false,
    age(object, nowMs),
    object.preemptionPolicy ?? "",
  ],
});
