import { semanticEqual } from "../../api/validation/value.ts";
import type { AdmissionPlugin } from "./admission.ts";
import { isResource, refuse } from "./refuse.ts";

const UNLIKE = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";

/** A Pod's RuntimeClass must be there, and says what it costs and where it runs (plugin/pkg/admission/runtimeclass). */
export const runtimeClass: AdmissionPlugin = {
  name: "RuntimeClass",
  mutate(attributes) {
    if (attributes.operation !== "CREATE" || !isResource(attributes, "", "pods")) return;
    const { spec } = attributes.object;
    if (!spec.runtimeClassName) return;
    const classes = attributes.context.registry.cacheOf("node.k8s.io", "v1", "runtimeclasses");
    const found = classes?.get("", spec.runtimeClassName);
    if (found === undefined)
      throw refuse(attributes, `pod rejected: RuntimeClass ${JSON.stringify(spec.runtimeClassName)} not found`);
    const fixed = found["overhead"]?.podFixed;
    if (fixed && spec.overhead && !semanticEqual(fixed, spec.overhead)) throw refuse(attributes, UNLIKE);
    if (fixed) spec.overhead = { ...fixed };
    const { nodeSelector, tolerations } = found["scheduling"] ?? {};
    for (const [key, value] of Object.entries(nodeSelector ?? {})) {
      const own = spec.nodeSelector?.[key];
      if (own !== undefined && own !== value) {
        throw refuse(
          attributes,
          `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`,
        );
      }
      spec.nodeSelector = { ...spec.nodeSelector, [key]: value };
    }
    if (tolerations) spec.tolerations = [...(spec.tolerations ?? []), ...tolerations];
  },
  validate(attributes) {
    if (attributes.operation !== "CREATE" || !isResource(attributes, "", "pods")) return;
    const { spec } = attributes.object;
    const classes = attributes.context.registry.cacheOf("node.k8s.io", "v1", "runtimeclasses");
    const fixed = spec.runtimeClassName && classes?.get("", spec.runtimeClassName)?.["overhead"]?.podFixed;
    if (fixed && !semanticEqual(fixed, spec.overhead)) throw refuse(attributes, UNLIKE);
    if (!fixed && spec.overhead) {
      throw refuse(attributes, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
    }
  },
};
