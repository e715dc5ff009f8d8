import { validateJobTemplate } from "../apps/validation.ts";
import { goStruct } from "../core/go-struct.ts";
import type { Draft } from "../kind.ts";
import { matchLabelSelector, validateLabelSelector } from "../selector.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { validateDomainPath } from "../validation/domain-path.ts";
import { invalid, invalidText, nonNegative, notSupported, required, tooLong } from "../validation/field.ts";
import { dns1123Label } from "../validation/names.ts";
import { goLabelSelector, goLabels, semanticEqual } from "../validation/value.ts";
import {
  validateFailurePolicy,
  validatePerIndex,
  validateReplacementPolicy,
  validateSuccessPolicy,
} from "./job-policies.ts";

/** Creation and validation of Jobs (pkg/registry/batch/job/strategy.go, pkg/apis/batch/validation/validation.go). */

const UID = "controller-uid";
const NAME = "job-name";
const PREFIX = "batch.kubernetes.io/";
const MAX_PARALLEL_INDEXED = 100_000;
const LONGEST_MANAGER = 63;

/** Labels that every Pod of the Job has, in the order in which they are looked for. */
const generated = ({ uid, name = "" }: Draft): Record<string, string> => ({
  [UID]: uid,
  [NAME]: name,
  [`${PREFIX}${UID}`]: uid,
  [`${PREFIX}${NAME}`]: name,
});

/** Labels on the template and a selector for them, from the Job's uid, unless manualSelector says otherwise. */
export function generateSelector(draft: Draft): void {
  const { spec, metadata } = draft;
  if (!spec || spec.manualSelector) return;
  const template = (spec.template ??= {});
  const meta = (template.metadata ??= {});
  // A Job without labels of its own shows its template's, those of the selector among them.
  const shows = metadata.labels === undefined || metadata.labels === meta.labels;
  // What the client says instead stays, and is refused later.
  meta.labels = { ...generated(metadata), ...meta.labels };
  const matchLabels = { [`${PREFIX}${UID}`]: metadata.uid, ...spec.selector?.matchLabels };
  spec.selector = { ...spec.selector, matchLabels };
  if (shows || Object.keys(metadata.labels).length === 0) metadata.labels = { ...meta.labels };
}

/** The fields that Jobs and a CronJob's template share; `path` is where the spec stands. */
export function validateJobFields(spec: Draft, path: string): StatusCause[] {
  const causes = nonNegative(spec.parallelism, `${path}.parallelism`);
  causes.push(...nonNegative(spec.completions, `${path}.completions`));
  causes.push(...nonNegative(spec.activeDeadlineSeconds, `${path}.activeDeadlineSeconds`));
  causes.push(...nonNegative(spec.backoffLimit, `${path}.backoffLimit`));
  causes.push(...nonNegative(spec.ttlSecondsAfterFinished, `${path}.ttlSecondsAfterFinished`));
  causes.push(...nonNegative(spec.backoffLimitPerIndex, `${path}.backoffLimitPerIndex`));
  causes.push(...nonNegative(spec.maxFailedIndexes, `${path}.maxFailedIndexes`));
  const manager: string | undefined = spec.managedBy;
  if (manager !== undefined) causes.push(...validateDomainPath(manager, `${path}.managedBy`));
  if (manager && manager.length > LONGEST_MANAGER) causes.push(tooLong(`${path}.managedBy`, LONGEST_MANAGER));
  const modes = ["NonIndexed", "Indexed"];
  if (spec.completionMode !== undefined && !modes.includes(spec.completionMode))
    causes.push(notSupported(`${path}.completionMode`, spec.completionMode, modes));
  if (spec.completionMode === "Indexed") {
    if (spec.completions === undefined) causes.push(required(`${path}.completions`, "when completion mode is Indexed"));
    else if (spec.parallelism > MAX_PARALLEL_INDEXED)
      causes.push(
        invalid(
          `${path}.parallelism`,
          spec.parallelism,
          "must be less than or equal to 100000 when completion mode is Indexed",
        ),
      );
  }
  causes.push(...validatePerIndex(spec, path));
  causes.push(...validateFailurePolicy(spec, `${path}.podFailurePolicy`));
  causes.push(...validateSuccessPolicy(spec, `${path}.successPolicy`));
  causes.push(...validateReplacementPolicy(spec, `${path}.podReplacementPolicy`));
  causes.push(...validateJobTemplate(spec.template, `${path}.template`));
  const policy: string = spec.template?.spec?.restartPolicy ?? "";
  if (spec.podFailurePolicy && policy !== "Never") {
    const detail = 'only "Never" is supported when podFailurePolicy is specified';
    causes.push(invalid(`${path}.template.spec.restartPolicy`, policy, detail));
  }
  return causes;
}

/** A selector that is not manual has to match the labels that are made (ValidateGeneratedSelector). */
function validateGenerated({ metadata, spec = {} }: KubeObject): StatusCause[] {
  if (spec.manualSelector || !spec.selector || metadata.uid === undefined) return [];
  const labels = generated(metadata);
  const meta = spec.template?.metadata;
  const causes: StatusCause[] = [];
  for (const [key, wanted] of Object.entries(labels)) {
    const path = `spec.template.metadata.labels[${key}]`;
    const given: string | undefined = meta?.labels?.[key];
    if (given === undefined) causes.push(required(path, `must be '${wanted}'`));
    else if (given !== wanted) causes.push(invalidText(path, goLabels(meta), `must be '${wanted}'`));
  }
  const broken = validateLabelSelector(spec.selector, "").length > 0;
  if (broken || matchLabelSelector(spec.selector, labels)) return causes;
  return [...causes, invalidText("spec.selector", goLabelSelector(spec.selector), "`selector` not auto-generated")];
}

export function validateJob(object: KubeObject): StatusCause[] {
  const spec = object["spec"] ?? {};
  const causes = [...validateGenerated(object), ...validateJobFields(spec, "spec")];
  const mistakes = validateLabelSelector(spec.selector, "spec.selector");
  if (spec.selector) causes.push(...mistakes);
  else causes.push(required("spec.selector", ""));
  const { metadata } = spec.template ?? {};
  // No selector picks nothing; what a wrong one would pick is not asked.
  if (mistakes.length === 0 && !(spec.selector && matchLabelSelector(spec.selector, metadata?.labels))) {
    const detail = "`selector` does not match template `labels`";
    causes.push(invalidText("spec.template.metadata.labels", goLabels(metadata), detail));
  }
  return [...causes, ...validateHostnames(object)];
}

/** The last of an Indexed Job's Pods has the longest name, which has to do as a host's. */
function validateHostnames({ metadata, spec }: KubeObject): StatusCause[] {
  if (spec?.completionMode !== "Indexed" || !(spec.completions > 0)) return [];
  const host = `${metadata.name}-${spec.completions - 1}`;
  if (dns1123Label(host).length === 0) return [];
  return [invalid("metadata.name", metadata.name, `will not able to create pod with invalid DNS label: ${host}`)];
}

export function validateJobUpdate(object: KubeObject, old: KubeObject): StatusCause[] {
  const spec = object["spec"] ?? {};
  const before = old["spec"] ?? {};
  const causes: StatusCause[] = [];
  if (spec.completions !== before.completions) {
    // An Indexed Job may grow and shrink while completions and parallelism stay one number.
    const elastic = spec.completionMode === "Indexed";
    const detail = elastic ? "can only be modified in tandem with spec.parallelism" : "field is immutable";
    if (!elastic || (spec.completions !== undefined && spec.completions !== spec.parallelism))
      causes.push(invalidText("spec.completions", String(spec.completions ?? '"null"'), detail));
  }
  if (!semanticEqual(spec.selector, before.selector))
    causes.push(invalidText("spec.selector", goLabelSelector(spec.selector), "field is immutable"));
  // While a suspended Job has not started, where its Pods may go can still be changed.
  const free = before.suspend && old["status"]?.startTime === undefined;
  if (!semanticEqual(placeless(spec.template, free), placeless(before.template, free)))
    causes.push(invalidText("spec.template", goStruct("PodTemplateSpec", spec.template), "field is immutable"));
  if (spec.completionMode !== before.completionMode)
    causes.push(invalid("spec.completionMode", spec.completionMode ?? null, "field is immutable"));
  causes.push(...sameStruct("podFailurePolicy", "batch.PodFailurePolicy", spec, before));
  for (const field of ["backoffLimitPerIndex", "managedBy"])
    if (!semanticEqual(spec[field], before[field]))
      causes.push(invalid(`spec.${field}`, spec[field] ?? null, "field is immutable"));
  causes.push(...sameStruct("successPolicy", "batch.SuccessPolicy", spec, before));
  return causes;
}

function sameStruct(field: string, type: string, spec: Draft, before: Draft): StatusCause[] {
  if (semanticEqual(spec[field], before[field])) return [];
  const shown = spec[field] ? goStruct(type, spec[field]) : '"null"';
  return [invalidText(`spec.${field}`, shown, "field is immutable")];
}

function placeless(template: Draft, free: boolean): Draft {
  if (!free) return template;
  const { nodeSelector: _n, affinity: _a, tolerations: _t, schedulingGates: _g, ...spec } = template?.spec ?? {};
  return { spec };
}
