import { address } from "../core/go-struct.ts";
import { givenEmpty } from "../given-empty.ts";
import type { Draft } from "../kind.ts";
import type { StatusCause } from "../status.ts";
import { duplicate, invalid, invalidEach, invalidText, notSupported, required, tooMany } from "../validation/field.ts";
import { qualifiedName } from "../validation/names.ts";

/** podFailurePolicy, successPolicy and what counts failures by index (pkg/apis/batch/validation/validation.go). */

const MOST_RULES = 20;
const MOST_CODES = 255;
const MOST_FAILED = 100_000;
/** Above so many completions a Job that counts failures by index is bounded more. */
const MANY = { completions: 100_000, parallelism: 10_000, failed: 10_000 };
const ACTIONS = ["Count", "FailIndex", "FailJob", "Ignore"];
const OPERATORS = ["In", "NotIn"];
const STATUSES = ["False", "True", "Unknown"];

const choices = (values: readonly string[]): string => `valid values: [${values.map((v) => `"${v}"`).join(" ")}]`;
/** An error that shows no value (field.OmitValueType). */
const wrong = (field: string, detail: string): StatusCause => ({
  reason: "FieldValueInvalid",
  message: `Invalid value: ${detail}`,
  field,
});

export function validatePerIndex(spec: Draft, path: string): StatusCause[] {
  const { backoffLimitPerIndex: limit, maxFailedIndexes: most, completions } = spec;
  const causes: StatusCause[] = [];
  if (most !== undefined && limit === undefined)
    causes.push(required(`${path}.backoffLimitPerIndex`, "when maxFailedIndexes is specified"));
  if (spec.completionMode === "Indexed") {
    if (completions !== undefined && most > completions)
      causes.push(invalid(`${path}.maxFailedIndexes`, most, "must be less than or equal to completions"));
    if (most > MOST_FAILED)
      causes.push(invalid(`${path}.maxFailedIndexes`, most, `must be less than or equal to ${MOST_FAILED}`));
    const large = limit !== undefined && completions > MANY.completions;
    return large ? [...causes, ...validateLarge(spec, path)] : causes;
  }
  const detail = "requires indexed completion mode";
  if (limit !== undefined) causes.push(invalid(`${path}.backoffLimitPerIndex`, limit, detail));
  if (most !== undefined) causes.push(invalid(`${path}.maxFailedIndexes`, most, detail));
  return causes;
}

function validateLarge({ maxFailedIndexes: most, parallelism }: Draft, path: string): StatusCause[] {
  const above = `when completions are above ${MANY.completions} and used with backoff limit per index`;
  const causes: StatusCause[] = [];
  if (most === undefined) {
    const detail = `must be specified when completions is above ${MANY.completions}`;
    causes.push(required(`${path}.maxFailedIndexes`, detail));
  }
  if (parallelism > MANY.parallelism) {
    const detail = `must be less than or equal to ${MANY.parallelism} ${above}`;
    causes.push(invalid(`${path}.parallelism`, parallelism, detail));
  }
  if (most > MANY.failed)
    causes.push(invalid(`${path}.maxFailedIndexes`, most, `must be less than or equal to ${MANY.failed} ${above}`));
  return causes;
}

export function validateFailurePolicy(spec: Draft, path: string): StatusCause[] {
  if (!spec.podFailurePolicy) return [];
  const rules: readonly Draft[] = spec.podFailurePolicy.rules ?? [];
  const causes: StatusCause[] = [];
  if (rules.length > MOST_RULES) causes.push(tooMany(`${path}.rules`, rules.length, MOST_RULES));
  const { containers = [], initContainers = [] } = spec.template?.spec ?? {};
  const names = new Set<string>([...containers, ...initContainers].map((container: Draft) => container.name));
  for (const [i, rule] of rules.entries())
    causes.push(...failureRule(rule, `${path}.rules[${i}]`, names, spec.backoffLimitPerIndex !== undefined));
  return causes;
}

function failureRule(rule: Draft, path: string, names: ReadonlySet<string>, perIndex: boolean): StatusCause[] {
  const { action, onExitCodes, onPodConditions = [] } = rule;
  const causes: StatusCause[] = [];
  if (!action) causes.push(required(`${path}.action`, choices(ACTIONS)));
  else if (action === "FailIndex") {
    if (!perIndex) causes.push(invalid(`${path}.action`, action, "requires the backoffLimitPerIndex to be set"));
  } else if (!ACTIONS.includes(action)) causes.push(notSupported(`${path}.action`, action, ACTIONS));
  if (onExitCodes) causes.push(...exitCodes(onExitCodes, `${path}.onExitCodes`, names));
  if (onPodConditions.length > MOST_RULES)
    causes.push(tooMany(`${path}.onPodConditions`, onPodConditions.length, MOST_RULES));
  for (const [i, { type = "", status = "" }] of onPodConditions.entries()) {
    const at = `${path}.onPodConditions[${i}]`;
    causes.push(...invalidEach(`${at}.type`, type, qualifiedName(type)));
    if (status === "") causes.push(required(`${at}.status`, choices(STATUSES)));
    else if (!STATUSES.includes(status)) causes.push(notSupported(`${at}.status`, status, STATUSES));
  }
  const conditions = onPodConditions.length > 0;
  if (onExitCodes && conditions)
    causes.push(wrong(path, "specifying both OnExitCodes and OnPodConditions is not supported"));
  if (!onExitCodes && !conditions)
    causes.push(wrong(path, "specifying one of OnExitCodes and OnPodConditions is required"));
  return causes;
}

function exitCodes(codes: Draft, path: string, names: ReadonlySet<string>): StatusCause[] {
  const { operator, containerName } = codes;
  const values: readonly number[] = codes.values ?? [];
  const causes: StatusCause[] = [];
  if (!operator) causes.push(required(`${path}.operator`, choices(OPERATORS)));
  else if (!OPERATORS.includes(operator)) causes.push(notSupported(`${path}.operator`, operator, OPERATORS));
  if (containerName !== undefined && !names.has(containerName)) {
    const detail = "must be one of the container or initContainer names in the pod template";
    causes.push(invalid(`${path}.containerName`, containerName, detail));
  }
  const given = codes.values || givenEmpty(codes, "values");
  const shown = `Invalid value: []int32${given ? `{${values.join(", ")}}` : "(nil)"}`;
  const field = `${path}.values`;
  if (values.length === 0)
    causes.push({ reason: "FieldValueInvalid", message: `${shown}: at least one value is required`, field });
  else if (values.length > MOST_CODES) causes.push(tooMany(field, values.length, MOST_CODES));
  const seen = new Set<number>();
  for (const [i, value] of values.entries()) {
    const at = `${field}[${i}]`;
    if (operator === "In" && value === 0) causes.push(invalid(at, value, "must not be 0 for the In operator"));
    if (seen.has(value)) causes.push(duplicate(at, value));
    seen.add(value);
  }
  if (values.some((value, i) => i > 0 && values[i - 1]! > value))
    causes.push({ reason: "FieldValueInvalid", message: `${shown}: must be ordered`, field });
  return causes;
}

export function validateSuccessPolicy(spec: Draft, path: string): StatusCause[] {
  if (!spec.successPolicy) return [];
  if (spec.completionMode !== "Indexed")
    return [invalidText(path, shownSuccess(spec.successPolicy), "requires indexed completion mode")];
  const rules: readonly Draft[] = spec.successPolicy.rules ?? [];
  const causes: StatusCause[] = [];
  if (rules.length === 0) {
    const detail = "at least one rules must be specified when the successPolicy is specified";
    causes.push(required(`${path}.rules`, detail));
  }
  if (rules.length > MOST_RULES) causes.push(tooMany(`${path}.rules`, rules.length, MOST_RULES));
  for (const [i, rule] of rules.entries())
    causes.push(...successRule(rule, `${path}.rules[${i}]`, spec.completions ?? 0));
  return causes;
}

/** `%#v` of the policy. */
function shownSuccess(policy: Draft): string {
  const list: readonly Draft[] | null | undefined = policy.rules;
  const rules = (list ?? []).map(
    ({ succeededIndexes: indexes, succeededCount: count }) =>
      `batch.SuccessPolicyRule{SucceededIndexes:(*string)(${address(indexes)}), SucceededCount:(*int32)(${address(count)})}`,
  );
  const given = list || givenEmpty(policy, "rules");
  return `batch.SuccessPolicy{Rules:[]batch.SuccessPolicyRule${given ? `{${rules.join(", ")}}` : "(nil)"}}`;
}

function successRule({ succeededCount, succeededIndexes }: Draft, path: string, completions: number): StatusCause[] {
  const causes: StatusCause[] = [];
  if (succeededCount === undefined && succeededIndexes === undefined)
    causes.push(required(path, "at least one of succeededCount or succeededIndexes must be specified"));
  const indexes = succeededIndexes === undefined ? undefined : countIndexes(succeededIndexes, completions);
  if (typeof indexes === "string")
    causes.push(invalid(`${path}.succeededIndexes`, succeededIndexes, `error parsing succeededIndexes: ${indexes}`));
  if (succeededCount === undefined) return causes;
  const field = `${path}.succeededCount`;
  if (succeededCount <= 0) causes.push(invalid(field, succeededCount, "must be greater than zero"));
  const limit = (most: number, what: string) =>
    invalid(field, succeededCount, `must be less than or equal to ${most} (the number of ${what})`);
  if (succeededCount > completions) causes.push(limit(completions, "specified completions"));
  const listed = typeof indexes === "number" ? indexes : 0;
  if (succeededIndexes !== undefined && succeededCount > listed)
    causes.push(limit(listed, "indexes in the specified succeededIndexes field"));
  return causes;
}

/** How many indexes `0,2-4` lists; a text says what is wrong with it (validateIndexesFormat). */
function countIndexes(text: string, completions: number): number | string {
  if (text === "") return 0;
  let total = 0;
  let last: number | undefined;
  for (const part of text.split(",")) {
    const limits = part.split("-");
    if (limits.length > 2)
      return `the fragment ${JSON.stringify(part)} violates the requirement that an index interval can have at most two parts separated by '-'`;
    for (const limit of limits) {
      if (!/^[+-]?\d+$/.test(limit)) return `cannot convert string to integer for index: ${JSON.stringify(limit)}`;
      if (Number(limit) >= completions) return `too large index: ${JSON.stringify(limit)}`;
    }
    const first = Number(limits[0]);
    const end = Number(limits[1] ?? first);
    const order = (a: number, b: number) => `non-increasing order, previous: ${a}, current: ${b}`;
    if (limits.length > 1 && first >= end) return order(first, end);
    if (last !== undefined && last >= first) return order(last, first);
    total += end - first + 1;
    last = end;
  }
  return total;
}

/** With a podFailurePolicy only Pods that have failed are replaced. */
export function validateReplacementPolicy(spec: Draft, path: string): StatusCause[] {
  const policy: string | undefined = spec.podReplacementPolicy;
  const known = spec.podFailurePolicy ? ["Failed"] : ["Failed", "TerminatingOrFailed"];
  return policy === undefined || known.includes(policy) ? [] : [notSupported(path, policy, known)];
}
