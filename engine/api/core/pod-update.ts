import type { Draft } from "../kind.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { forbidden, invalid, required } from "../validation/field.ts";
import { validateKubeFinalizers, validateMetaUpdate } from "../validation/meta.ts";
import { inRange } from "../validation/names.ts";
import { deepEqual, semanticEqual } from "../validation/value.ts";
import { validateGates, validateNarrowing } from "./gated-pod.ts";
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
      forbidden("spec", `pod updates may not change fields other than ${UPDATABLE}\n${specDiff(before, munged)}`),
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
  const munged: Draft = { ...spec };
  for (const field of ["containers", "initContainers"]) {
    if (!spec[field]) continue;
    munged[field] = spec[field].map((c: Draft, i: number) => ({ ...c, image: before[field][i].image }));
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

/** Fields of core.PodSpec in Go's order, as far as a difference needs to name them. */
const SPEC_FIELDS = [
  "volumes",
  "initContainers",
  "containers",
  "ephemeralContainers",
  "restartPolicy",
  "terminationGracePeriodSeconds",
  "activeDeadlineSeconds",
  "dnsPolicy",
  "nodeSelector",
  "serviceAccountName",
  "automountServiceAccountToken",
  "nodeName",
  "securityContext",
  "imagePullSecrets",
  "hostname",
  "subdomain",
  "setHostnameAsFQDN",
  "affinity",
  "schedulerName",
  "tolerations",
  "hostAliases",
  "priorityClassName",
  "priority",
  "preemptionPolicy",
  "dnsConfig",
  "readinessGates",
  "runtimeClassName",
  "overhead",
  "enableServiceLinks",
  "topologySpreadConstraints",
  "os",
  "schedulingGates",
  "resourceClaims",
  "resources",
];

/**
 * The difference in the manner of go-cmp, whose own output varies from build to build: unchanged fields are counted,
 * changed ones stand with their old and new value.
 */
function specDiff(before: Draft, after: Draft): string {
  const lines = ["  core.PodSpec{"];
  let same = 0;
  const flush = () => {
    if (same > 0) lines.push(`  \t... // ${same} identical field${same === 1 ? "" : "s"}`);
    same = 0;
  };
  for (const field of SPEC_FIELDS) {
    if (semanticEqual(before[field], after[field])) {
      same++;
      continue;
    }
    flush();
    const name = GO_NAMES[field] ?? field[0]!.toUpperCase() + field.slice(1);
    lines.push(...fieldDiff(name, before[field], after[field], 1));
  }
  flush();
  return `${[...lines, "  }"].join("\n")}\n`;
}

const GO_NAMES: Record<string, string> = { dnsPolicy: "DNSPolicy", dnsConfig: "DNSConfig", os: "OS" };

function fieldDiff(name: string, before: Draft, after: Draft, depth: number): string[] {
  const tabs = "\t".repeat(depth);
  const isObject = (v: Draft): boolean => typeof v === "object" && v !== null;
  if (isObject(before) && isObject(after) && Array.isArray(before) === Array.isArray(after)) {
    const keys = Array.isArray(before)
      ? [...Array(Math.max(before.length, after.length)).keys()]
      : [...new Set([...Object.keys(before), ...Object.keys(after)])];
    const inner: string[] = [];
    for (const key of keys) {
      if (semanticEqual(before[key], after[key])) continue;
      const label = typeof key === "number" ? "" : key[0]!.toUpperCase() + key.slice(1);
      inner.push(...fieldDiff(label, before[key], after[key], depth + 1));
    }
    return [`  ${tabs}${name === "" ? "" : `${name}: `}{`, ...inner, `  ${tabs}},`];
  }
  const prefix = name === "" ? "" : `${name}: `;
  const lines: string[] = [];
  if (before !== undefined || after === undefined || name !== "") lines.push(`- ${tabs}${prefix}${shown(before)},`);
  lines.push(`+ ${tabs}${prefix}${shown(after)},`);
  return lines;
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return "nil";
  return JSON.stringify(value);
}
