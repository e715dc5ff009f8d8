import type { Draft } from "../kind.ts";
import { validateLabelSelector } from "../selector.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import {
  duplicate,
  forbidden,
  invalid,
  invalidEach,
  invalidText,
  notSupported,
  required,
} from "../validation/field.ts";
import { dns1035Label, dns1123Subdomain, pathSegment, qualifiedName } from "../validation/names.ts";
import { reviewVersions, webhookClient } from "./client.ts";
import {
  type Expected,
  validateConditions,
  validateExpression,
  validateMatchPolicy,
  validateMatchResources,
  validateRule,
} from "./rules.ts";

/** Webhooks and admission policies (pkg/apis/admissionregistration/validation). */

const FAILURE_POLICIES = ["Fail", "Ignore"];
const NO_SIDE_EFFECTS = ["None", "NoneOnDryRun"];
const REINVOCATION = ["IfNeeded", "Never"];

export function validateWebhooks(object: KubeObject): StatusCause[] {
  const causes: StatusCause[] = [];
  const seen = new Set<string>();
  for (const [i, hook] of ((object["webhooks"] ?? []) as Draft[]).entries()) {
    const path = `webhooks[${i}]`;
    const name: string = hook.name ?? "";
    causes.push(...validateWebhook(hook, path));
    const none = "must specify one of v1, v1beta1";
    causes.push(...reviewVersions(hook.admissionReviewVersions ?? [], `${path}.admissionReviewVersions`, none));
    if (name !== "" && seen.has(name)) causes.push(duplicate(`${path}.name`, name));
    seen.add(name);
  }
  return causes;
}

function validateWebhook(hook: Draft, path: string): StatusCause[] {
  const causes = qualifiedHookName(hook.name ?? "", `${path}.name`);
  for (const [j, rule] of (hook.rules ?? []).entries()) causes.push(...validateRule(rule, `${path}.rules[${j}]`));
  if (hook.failurePolicy !== undefined && !FAILURE_POLICIES.includes(hook.failurePolicy)) {
    causes.push(notSupported(`${path}.failurePolicy`, hook.failurePolicy, FAILURE_POLICIES));
  }
  causes.push(...validateMatchPolicy(hook.matchPolicy, `${path}.matchPolicy`));
  if (hook.sideEffects === undefined || hook.sideEffects === null) {
    causes.push(required(`${path}.sideEffects`, "must specify one of None, NoneOnDryRun"));
  } else if (!NO_SIDE_EFFECTS.includes(hook.sideEffects)) {
    causes.push(notSupported(`${path}.sideEffects`, hook.sideEffects, NO_SIDE_EFFECTS));
  }
  if (hook.timeoutSeconds < 1 || hook.timeoutSeconds > 30) {
    const why = "the timeout value must be between 1 and 30 seconds";
    causes.push(invalid(`${path}.timeoutSeconds`, hook.timeoutSeconds, why));
  }
  causes.push(...validateLabelSelector(hook.namespaceSelector, `${path}.namespaceSelector`));
  causes.push(...validateLabelSelector(hook.objectSelector, `${path}.objectSelector`));
  if (hook.reinvocationPolicy !== undefined && !REINVOCATION.includes(hook.reinvocationPolicy)) {
    causes.push(notSupported(`${path}.reinvocationPolicy`, hook.reinvocationPolicy, REINVOCATION));
  }
  causes.push(...webhookClient(hook.clientConfig ?? {}, `${path}.clientConfig`));
  causes.push(...validateConditions(hook.matchConditions ?? [], `${path}.matchConditions`));
  return causes;
}

function qualifiedHookName(name: string, path: string): StatusCause[] {
  if (name === "") return [required(path, "")];
  const errors = dns1123Subdomain(name);
  if (errors.length > 0) return [invalid(path, name, errors.join(","))];
  return name.split(".").length < 3
    ? [invalid(path, name, "should be a domain with at least three segments separated by dots")]
    : [];
}

const REASONS = ["Forbidden", "Invalid", "RequestEntityTooLarge"];
const MAX_ANNOTATIONS = 20;

/** ValidatingAdmissionPolicy. */
export function validatePolicy(object: KubeObject): StatusCause[] {
  const causes: StatusCause[] = [];
  const spec: Draft = object["spec"] ?? {};
  if (spec.failurePolicy !== undefined && !FAILURE_POLICIES.includes(spec.failurePolicy)) {
    causes.push(notSupported("spec.failurePolicy", spec.failurePolicy, FAILURE_POLICIES));
  }
  if (spec.paramKind) causes.push(...validateParamKind(spec.paramKind, "spec.paramKind"));
  if (!spec.matchConstraints) causes.push(required("spec.matchConstraints", ""));
  else {
    causes.push(...validateMatchResources(spec.matchConstraints, "spec.matchConstraints"));
    if ((spec.matchConstraints.resourceRules ?? []).length === 0) {
      causes.push(required("spec.matchConstraints.resourceRules", ""));
    }
  }
  causes.push(...validateConditions(spec.matchConditions ?? [], "spec.matchConditions", !!spec.paramKind));
  const named: readonly Draft[] = spec.variables ?? [];
  const known = { params: !!spec.paramKind, variables: named.length > 0 };
  for (const [i, variable] of named.entries()) {
    causes.push(...validateVariable(variable, known, `spec.variables[${i}]`));
  }
  const validations: readonly Draft[] = spec.validations ?? [];
  const annotations: readonly Draft[] = spec.auditAnnotations ?? [];
  if (validations.length === 0 && annotations.length === 0) {
    const why = "validations or auditAnnotations must contain at least one item";
    return [...causes, required("spec.validations", why), required("spec.auditAnnotations", why)];
  }
  for (const [i, one] of validations.entries())
    causes.push(...validateValidation(one, known, `spec.validations[${i}]`));
  if (annotations.length > MAX_ANNOTATIONS) {
    const why = `must not have more than ${MAX_ANNOTATIONS} auditAnnotations`;
    causes.push(invalid("spec.auditAnnotations", annotations, why));
  }
  const keys = new Set<string>();
  for (const [i, one] of annotations.entries()) {
    const path = `spec.auditAnnotations[${i}]`;
    causes.push(...validateAnnotation(object.metadata.name ?? "", one, known, path));
    if (keys.has(one.key)) causes.push(duplicate(`${path}.key`, one.key));
    keys.add(one.key);
  }
  return causes;
}

function validateParamKind({ apiVersion = "", kind = "" }: Draft, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const at = `${path}.apiVersion`;
  const parts: readonly string[] = apiVersion.split("/");
  if (apiVersion === "") causes.push(required(at, ""));
  else if (parts.length > 2) causes.push(invalid(at, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  else {
    const [group, version] = parts.length === 2 ? [parts[0]!, parts[1]!] : ["", parts[0]!];
    const errors = group === "" ? [] : dns1123Subdomain(group);
    if (errors.length > 0) causes.push(invalid(at, group, errors.join(",")));
    const wrong = version === "" ? [] : dns1035Label(version);
    if (version === "") causes.push(invalid(at, apiVersion, "version must be specified"));
    else if (wrong.length > 0) causes.push(invalid(at, version, wrong.join(",")));
  }
  const wrong = kind === "" ? [] : dns1035Label(kind.toLowerCase());
  if (kind === "") causes.push(required(`${path}.kind`, ""));
  else if (wrong.length > 0) {
    const why = `may have mixed case, but should otherwise match: ${wrong.join(",")}`;
    causes.push(invalid(`${path}.kind`, kind, why));
  }
  return causes;
}

function validateVariable({ name = "", expression = "" }: Draft, known: Expected, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  if (name.trim() === "") causes.push(required(`${path}.name`, "name is not specified"));
  else if (!/^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name)) {
    causes.push(invalid(`${path}.name`, name, "name is not a valid CEL identifier"));
  }
  if (expression.trim() === "") causes.push(required(`${path}.expression`, "expression is not specified"));
  else causes.push(...validateExpression(expression, `${path}.expression`, { ...known, authorizer: true }));
  return causes;
}

function validateValidation(one: Draft, known: Expected, path: string): StatusCause[] {
  const { expression = "", message = "", messageExpression = "", reason } = one;
  const causes: StatusCause[] = [];
  if (expression.trim() === "") causes.push(required(`${path}.expression`, "expression is not specified"));
  else {
    const expected: Expected = { ...known, authorizer: true, wanted: "bool" };
    causes.push(...validateExpression(expression, `${path}.expression`, expected));
  }
  if (messageExpression !== "" && messageExpression.trim() === "") {
    causes.push(invalid(`${path}.messageExpression`, messageExpression, "must be non-empty if specified"));
  } else if (messageExpression !== "") {
    causes.push(...validateExpression(messageExpression, `${path}.messageExpression`, { ...known, wanted: "string" }));
  }
  if (message !== "" && message.trim() === "") {
    causes.push(invalid(`${path}.message`, message, "message must be non-empty if specified"));
  } else if (/[\n\r]/.test(message.trim())) {
    causes.push(invalid(`${path}.message`, message, "message must not contain line breaks"));
  }
  if (reason !== undefined && !REASONS.includes(reason)) causes.push(notSupported(`${path}.reason`, reason, REASONS));
  return causes;
}

const MAX_EXPRESSION = 5 * 1024;

function validateAnnotation(policy: string, one: Draft, known: Expected, path: string): StatusCause[] {
  const { key = "", valueExpression = "" } = one;
  const causes: StatusCause[] = [];
  const at = `${path}.valueExpression`;
  if (policy === "") causes.push(invalid(`${path}.key`, key, "requires metadata.name be non-empty"));
  else causes.push(...invalidEach(`${path}.key`, `${policy}/${key}`, qualifiedName(`${policy}/${key}`)));
  const length = valueExpression.trim().length;
  if (length === 0) causes.push(required(at, "valueExpression is not specified"));
  else if (length > MAX_EXPRESSION) causes.push(required(at, `must not exceed ${MAX_EXPRESSION} bytes in length`));
  else causes.push(...validateExpression(valueExpression, at, { ...known, authorizer: true }));
  return causes;
}

const ACTIONS = ["Audit", "Deny", "Warn"];

/** ValidatingAdmissionPolicyBinding. */
export function validateBinding(object: KubeObject): StatusCause[] {
  const causes: StatusCause[] = [];
  const { policyName = "", paramRef, matchResources, validationActions = [] } = (object["spec"] ?? {}) as Draft;
  if (policyName === "") causes.push(required("spec.policyName", ""));
  else causes.push(...invalidEach("spec.policyName", policyName, dns1123Subdomain(policyName)));
  if (paramRef) causes.push(...validateParamRef(paramRef, "spec.paramRef"));
  causes.push(...validateMatchResources(matchResources, "spec.matchResources"));
  const seen = new Set<string>();
  for (const [i, action] of (validationActions ?? []).entries()) {
    if (!ACTIONS.includes(action)) causes.push(notSupported(`spec.validationActions[${i}]`, action, ACTIONS));
    if (seen.has(action)) causes.push(duplicate(`spec.validationActions[${i}]`, action));
    seen.add(action);
  }
  if (seen.has("Deny") && seen.has("Warn")) {
    causes.push(
      invalidText(
        "spec.validationActions",
        `[]admissionregistration.ValidationAction{${validationActions.map((a: string) => JSON.stringify(a)).join(", ")}}`,
        "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)",
      ),
    );
  }
  if (seen.size === 0) causes.push(required("spec.validationActions", "at least one validation action is required"));
  return causes;
}

function validateParamRef(ref: Draft, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const { name = "", selector, parameterNotFoundAction: action } = ref;
  const notBoth = "name and selector are mutually exclusive";
  if (name !== "") {
    causes.push(...invalidEach(`${path}.name`, name, pathSegment(name)));
    if (selector) causes.push(forbidden(`${path}.name`, notBoth));
  }
  if (selector) {
    causes.push(...validateLabelSelector(selector, `${path}.selector`));
    if (name !== "") causes.push(forbidden(`${path}.selector`, notBoth));
  }
  if (name === "" && !selector) causes.push(required(path, "one of name or selector must be specified"));
  if (!action) causes.push(required(`${path}.parameterNotFoundAction`, ""));
  else if (action !== "Allow" && action !== "Deny") {
    causes.push(notSupported(`${path}.parameterNotFoundAction`, action, ["Deny", "Allow"]));
  }
  return causes;
}
