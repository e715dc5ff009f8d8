import { nonNegative, validateJobTemplate } from "../apps/validation.ts";
import type { Draft } from "../kind.ts";
import { matchLabelSelector, validateLabelSelector } from "../selector.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { invalid, invalidText, notSupported, required } from "../validation/field.ts";
import { goLabelSelector, goStringMap, semanticEqual } from "../validation/value.ts";

/** Creation and validation of Jobs (pkg/registry/batch/job/strategy.go, pkg/apis/batch/validation/validation.go). */

const UID = "controller-uid";
const NAME = "job-name";
const PREFIX = "batch.kubernetes.io/";
const MAX_PARALLEL_INDEXED = 100_000;

/** Labels on the template and a selector for them, from the Job's uid, unless manualSelector says otherwise. */
export function generateSelector(draft: Draft): void {
  const { spec, metadata } = draft;
  if (!spec || spec.manualSelector) return;
  const template = (spec.template ??= {});
  const meta = (template.metadata ??= {});
  meta.labels = {
    ...meta.labels,
    [`${PREFIX}${UID}`]: metadata.uid,
    [`${PREFIX}${NAME}`]: metadata.name,
    [UID]: metadata.uid,
    [NAME]: metadata.name,
  };
  spec.selector = {
    ...spec.selector,
    matchLabels: { ...spec.selector?.matchLabels, [`${PREFIX}${UID}`]: metadata.uid },
  };
  // A Job without labels of its own shows its template's.
  if (!metadata.labels || Object.keys(metadata.labels).length === 0) metadata.labels = { ...meta.labels };
}

/** The fields that Jobs and a CronJob's template share; `path` is where the spec stands. */
export function validateJobFields(spec: Draft, path: string): StatusCause[] {
  const causes = nonNegative(spec.parallelism, `${path}.parallelism`);
  causes.push(...nonNegative(spec.completions, `${path}.completions`));
  causes.push(...nonNegative(spec.activeDeadlineSeconds, `${path}.activeDeadlineSeconds`));
  causes.push(...nonNegative(spec.backoffLimit, `${path}.backoffLimit`));
  causes.push(...nonNegative(spec.ttlSecondsAfterFinished, `${path}.ttlSecondsAfterFinished`));
  const modes = ["Indexed", "NonIndexed"];
  if (spec.completionMode !== undefined && !modes.includes(spec.completionMode))
    causes.push(notSupported(`${path}.completionMode`, spec.completionMode, modes));
  if (spec.completionMode === "Indexed") {
    if (spec.completions === undefined) causes.push(required(`${path}.completions`, "when completion mode is Indexed"));
    else if (spec.parallelism > MAX_PARALLEL_INDEXED && spec.completions > MAX_PARALLEL_INDEXED)
      causes.push(
        invalid(
          `${path}.parallelism`,
          spec.parallelism,
          "must be less than or equal to 100000 when completion mode is Indexed",
        ),
      );
  }
  causes.push(...validatePerIndex(spec, path));
  causes.push(...validateJobTemplate(spec.template, `${path}.template`));
  if (spec.podFailurePolicy) {
    const policy: string = spec.template?.spec?.restartPolicy ?? "";
    if (policy !== "Never")
      causes.push(
        invalid(
          `${path}.template.spec.restartPolicy`,
          policy,
          'only "Never" is supported when podFailurePolicy is specified',
        ),
      );
    for (const [i, rule] of (spec.podFailurePolicy.rules ?? []).entries()) {
      const at = `${path}.podFailurePolicy.rules[${i}]`;
      const actions = ["Count", "FailIndex", "FailJob", "Ignore"];
      if (!rule.action)
        causes.push(
          required(`${at}.action`, `valid values: ${JSON.stringify(actions).slice(1, -1).split(",").join(", ")}`),
        );
      else if (!actions.includes(rule.action)) causes.push(notSupported(`${at}.action`, rule.action, actions));
      if (!rule.onExitCodes && !(rule.onPodConditions?.length > 0))
        causes.push(invalidText(at, "{}", "specifying one of OnExitCodes and OnPodConditions is required"));
      if (rule.onExitCodes && rule.onPodConditions?.length > 0)
        causes.push(invalidText(at, "{}", "specifying both OnExitCodes and OnPodConditions is not supported"));
      if (rule.onExitCodes?.operator === "In" && rule.onExitCodes.values?.includes(0))
        causes.push(
          invalid(
            `${at}.onExitCodes.values[${rule.onExitCodes.values.indexOf(0)}]`,
            0,
            "must not be 0 for the In operator",
          ),
        );
    }
  }
  return causes;
}

/** backoffLimitPerIndex, maxFailedIndexes and successPolicy are for Jobs with indexes. */
function validatePerIndex(spec: Draft, path: string): StatusCause[] {
  const { backoffLimitPerIndex: limit, maxFailedIndexes: most, successPolicy, completionMode, completions } = spec;
  const causes = nonNegative(limit, `${path}.backoffLimitPerIndex`);
  const indexed = completionMode === "Indexed";
  if (limit !== undefined && !indexed) {
    causes.push(invalid(`${path}.backoffLimitPerIndex`, limit, "requires indexed completion mode"));
  }
  if (most !== undefined) {
    causes.push(...nonNegative(most, `${path}.maxFailedIndexes`));
    if (limit === undefined)
      causes.push(required(`${path}.backoffLimitPerIndex`, "when maxFailedIndexes is specified"));
    if (indexed && completions !== undefined && most > completions) {
      causes.push(invalid(`${path}.maxFailedIndexes`, most, "must be less than or equal to completions"));
    }
  }
  if (!successPolicy) return causes;
  if (!indexed)
    causes.push(invalidText(`${path}.successPolicy`, "batch.SuccessPolicy{}", "requires indexed completion mode"));
  const rules: readonly Draft[] = successPolicy.rules ?? [];
  if (rules.length === 0)
    causes.push(
      required(
        `${path}.successPolicy.rules`,
        "at least one rules must be specified when the successPolicy is specified",
      ),
    );
  for (const [i, { succeededCount, succeededIndexes }] of rules.entries()) {
    const at = `${path}.successPolicy.rules[${i}]`;
    if (succeededCount === undefined && succeededIndexes === undefined) {
      causes.push(required(at, "at least one of succeededCount or succeededIndexes must be specified"));
    }
    if (succeededCount !== undefined && completions !== undefined && succeededCount > completions) {
      causes.push(
        invalid(
          `${at}.succeededCount`,
          succeededCount,
          `must be less than or equal to ${completions} (the number of specified completions)`,
        ),
      );
    }
  }
  return causes;
}

export function validateJob(object: KubeObject): StatusCause[] {
  const spec = object["spec"] ?? {};
  const causes = validateJobFields(spec, "spec");
  if (!spec.selector) causes.push(required("spec.selector", ""));
  else {
    causes.push(...validateLabelSelector(spec.selector, "spec.selector"));
    const labels = spec.template?.metadata?.labels;
    if (!matchLabelSelector(spec.selector, labels))
      causes.push(
        invalidText(
          "spec.template.metadata.labels",
          goStringMap(labels),
          "`selector` does not match template `labels`",
        ),
      );
  }
  return causes;
}

export function validateJobUpdate(object: KubeObject, old: KubeObject): StatusCause[] {
  const spec = object["spec"] ?? {};
  const before = old["spec"] ?? {};
  const causes: StatusCause[] = [];
  // An Indexed Job may grow and shrink while completions and parallelism stay one number.
  const elastic = spec.completionMode === "Indexed" && spec.completions === spec.parallelism;
  if (spec.completions !== before.completions && !elastic)
    causes.push(invalid("spec.completions", spec.completions, "field is immutable"));
  if (!semanticEqual(spec.selector, before.selector))
    causes.push(invalidText("spec.selector", goLabelSelector(spec.selector), "field is immutable"));
  // While a suspended Job has not started, where its Pods may go can still be changed.
  const free = before.suspend && old["status"]?.startTime === undefined;
  if (!semanticEqual(placeless(spec.template, free), placeless(before.template, free)))
    causes.push(invalid("spec.template", spec.template, "field is immutable"));
  if (spec.completionMode !== before.completionMode)
    causes.push(invalid("spec.completionMode", spec.completionMode, "field is immutable"));
  if (!semanticEqual(spec.podFailurePolicy, before.podFailurePolicy))
    causes.push(invalid("spec.podFailurePolicy", spec.podFailurePolicy, "field is immutable"));
  return causes;
}

function placeless(template: Draft, free: boolean): Draft {
  if (!free) return template;
  const { nodeSelector: _n, affinity: _a, tolerations: _t, schedulingGates: _g, ...spec } = template?.spec ?? {};
  return { spec };
}
