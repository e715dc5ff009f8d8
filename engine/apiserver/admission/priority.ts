import { NODE_CRITICAL } from "../../api/scheduling/priorityclass.ts";
import type { KubeObject } from "../../api/types.ts";
import type { AdmissionPlugin } from "./admission.ts";
import { isResource, MIRROR_ANNOTATION, refuse } from "./refuse.ts";

/** Turns a PriorityClass's name into the number that the scheduler compares (plugin/pkg/admission/priority). */
export const priority: AdmissionPlugin = {
  name: "Priority",
  mutate(attributes) {
    if (!isResource(attributes, "", "pods") || !attributes.object) return;
    const { metadata, spec } = attributes.object;
    if (attributes.operation === "UPDATE") {
      const before = attributes.old?.["spec"] ?? {};
      if (before.priority !== undefined) spec.priority ??= before.priority;
      if (before.preemptionPolicy !== undefined) spec.preemptionPolicy ??= before.preemptionPolicy;
    }
    if (attributes.operation !== "CREATE") return;
    const classes = attributes.context.registry.cacheOf("scheduling.k8s.io", "v1", "priorityclasses");
    // Mirror Pods of a control plane may come before their class does.
    if (!spec.priorityClassName && metadata.annotations?.[MIRROR_ANNOTATION] && spec.priority === NODE_CRITICAL) return;
    let found: KubeObject | undefined;
    if (spec.priorityClassName) {
      found = classes?.get("", spec.priorityClassName);
      if (found === undefined) {
        throw refuse(attributes, `no PriorityClass with name ${spec.priorityClassName} was found`);
      }
    } else {
      found = classes?.everything().find((one) => one["globalDefault"] === true);
      if (found) spec.priorityClassName = found.metadata.name;
    }
    const value: number = found?.["value"] ?? 0;
    if (spec.priority !== undefined && spec.priority !== value) {
      throw refuse(
        attributes,
        `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
      );
    }
    spec.priority = value;
    const policy: string = found?.["preemptionPolicy"] ?? "PreemptLowerPriority";
    if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
      throw refuse(
        attributes,
        `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
      );
    }
    spec.preemptionPolicy = policy;
  },
};
