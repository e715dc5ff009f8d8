import { validateResources } from "../core/container-validation.ts";
import { goStruct } from "../core/go-struct.ts";
import { validateTolerations } from "../core/placement-validation.ts";
import type { Draft } from "../kind.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { duplicateText, invalidEach } from "../validation/field.ts";
import { validateLabels } from "../validation/meta.ts";
import { dns1123Label } from "../validation/names.ts";

/** RuntimeClasses (pkg/apis/node/validation/validation.go). */
export function validateRuntimeClass(object: KubeObject): StatusCause[] {
  const handler: string = object["handler"] ?? "";
  const causes = invalidEach("handler", handler, dns1123Label(handler));
  const { overhead, scheduling } = object as Draft;
  if (overhead) causes.push(...validateResources({ limits: overhead.podFixed }, "overhead"));
  if (!scheduling) return causes;
  causes.push(...validateLabels(scheduling.nodeSelector, "scheduling.nodeSelector"));
  const tolerations: Draft[] = scheduling.tolerations ?? [];
  causes.push(...validateTolerations(tolerations, "scheduling.tolerations.tolerations"));
  const seen = new Set<string>();
  for (const [i, toleration] of tolerations.entries()) {
    const { key = "", operator = "", value = "", effect = "" } = toleration;
    const identity = JSON.stringify([key, operator, value, effect]);
    if (seen.has(identity))
      causes.push(duplicateText(`scheduling.tolerations[${i}]`, goStruct("Toleration", toleration)));
    seen.add(identity);
  }
  return causes;
}
