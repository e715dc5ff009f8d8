import { keepEmpty } from "../given-empty.ts";
import type { Draft } from "../kind.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { forbidden, invalid, required } from "../validation/field.ts";
import { validateKubeFinalizers, validateMetaUpdate } from "../validation/meta.ts";
import { inRange } from "../validation/names.ts";
import { deepEqual, semanticEqual } from "../validation/value.ts";
import { validateGates, validateNarrowing } from "./gated-pod.ts";
import { goDiff } from "./go-diff.ts";
import { validatePod, validatePodMeta } from "./pod-validation.ts";

/** What an update of a Pod may change (pkg/apis/core/validation/validation.go ValidatePodUpdate). */

const MAX_INT32 = 2 ** 31 - 1;
const UPDATABLE = [
  "`spec.containers[*].image`",
  "`spec.initContainers[*].image`",
  "`spec.activeDeadlineSeconds`",
  "`spec.tolerations` (only additions to existing tolerations)",
  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
].join(",");

export function validatePodUpdate(pod: KubeObject, old: KubeObject): StatusCause[] {
  const causes = [...validateMetaUpdate(pod, old), ...validateKubeFinalizers(pod)];
  const spec = pod["spec"];
  const before = old["spec"];
  // An update of the status: the spec was judged when it came, and so was metadata that is the same.
  if (spec === before) {
    return pod.metadata === old.metadata ? causes : [...causes, ...validatePodMeta(pod)];
  }
  causes.push(...validatePod(pod));
  for (const field of ["containers", "initContainers"]) {
    const list: Draft[] = spec[field] ?? [];
    if (list.length !== (before[field] ?? []).length) {
      causes.push(forbidden(`spec.${field}`, "pod updates may not add or remove containers"));
      return causes;
    }
    list.forEach((container, i) => {
      if (!container.image) causes.push(required(`spec.${field}[${i}].image`, ""));
    });
  }
  const deadline = validateDeadline(spec.activeDeadlineSeconds, before.activeDeadlineSeconds);
  causes.push(...deadline);
  if (deadline.length > 0 && spec.activeDeadlineSeconds !== undefined) return causes;
  causes.push(...validateAddedTolerations(spec.tolerations ?? [], before.tolerations ?? []));
  causes.push(...validateGates(spec.schedulingGates ?? [], before.schedulingGates ?? []));
  if (before.schedulingGates?.length > 0) causes.push(...validateNarrowing(spec, before));
  const munged = munge(spec, before);
  if (!semanticEqual(munged, before)) {
    causes.push(
      forbidden(
        "spec",
        `pod updates may not change fields other than ${UPDATABLE}\n${goDiff("PodSpec", internalSpec(before), internalSpec(munged))}`,
      ),
    );
  }
  return causes;
}

function validateDeadline(now: number | undefined, before: number | undefined): StatusCause[] {
  const path = "spec.activeDeadlineSeconds";
  if (now !== undefined) {
    if (now < 0 || now > MAX_INT32) return [invalid(path, now, inRange(0, MAX_INT32))];
    if (before !== undefined && now > before) {
      return [invalid(path, now, "must be less than or equal to previous value")];
    }
    return [];
  }
  return before === undefined ? [] : [invalid(path, null, "must not update from a positive integer to nil value")];
}

function validateAddedTolerations(now: Draft[], before: Draft[]): StatusCause[] {
  const same = (a: Draft, b: Draft) =>
    deepEqual({ ...a, tolerationSeconds: undefined }, { ...b, tolerationSeconds: undefined });
  const kept = before.every((b) => now.some((n) => same(n, b)));
  const detail = "existing toleration can not be modified except its tolerationSeconds";
  return kept ? [] : [forbidden("spec.tolerations", detail)];
}

/** The new spec with the fields that may change put back. */
function munge(spec: Draft, before: Draft): Draft {
  const munged: Draft = keepEmpty({ ...spec }, spec);
  for (const field of ["containers", "initContainers"]) {
    if (!spec[field]) continue;
    munged[field] = spec[field].map((c: Draft, i: number) => keepEmpty({ ...c, image: before[field][i].image }, c));
  }
  const put = (field: string) => {
    if (before[field] === undefined) delete munged[field];
    else munged[field] = before[field];
  };
  put("activeDeadlineSeconds");
  put("tolerations");
  if (before.terminationGracePeriodSeconds < 0 && spec.terminationGracePeriodSeconds === 1) {
    put("terminationGracePeriodSeconds");
  }
  put("schedulingGates");
  // A gated Pod may gain node selection.
  if (before.schedulingGates?.length > 0) {
    put("nodeSelector");
    const { nodeAffinity: _, ...others } = spec.affinity ?? {};
    const old = before.affinity?.nodeAffinity;
    if (Object.keys(others).length === 0 && before.affinity === undefined) delete munged.affinity;
    else munged.affinity = { ...others, ...(old && { nodeAffinity: old }) };
  }
  return munged;
}

/**
 * A PodSpec as the server's internal type has it: what containers share of the node stands in the security context
 * (pkg/apis/core/v1/conversion.go).
 */
function internalSpec(spec: Draft): Draft {
  const { hostNetwork, hostPID, hostIPC, shareProcessNamespace, hostUsers, ...others } = spec;
  const shared = { hostNetwork, hostPID, hostIPC, shareProcessNamespace, hostUsers };
  const given = spec.securityContext ?? {};
  return keepEmpty({ ...others, securityContext: keepEmpty({ ...shared, ...given }, given) }, spec);
}
