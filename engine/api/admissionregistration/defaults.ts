import { CelError, compileCel, compileMessage } from "../cel/index.ts";
import type { Draft } from "../kind.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { duplicate, invalid, invalidText, notSupported, required } from "../validation/field.ts";
import { dns1123Label, dns1123Subdomain } from "../validation/names.ts";

/** Defaults and validation of webhooks and admission policies (pkg/apis/admissionregistration). */

export function defaultWebhooks(draft: Draft, mutating: boolean): void {
  for (const hook of draft.webhooks ?? []) {
    hook.failurePolicy ??= "Fail";
    hook.matchPolicy ??= "Equivalent";
    hook.namespaceSelector ??= {};
    hook.objectSelector ??= {};
    hook.timeoutSeconds ??= 10;
    if (mutating) hook.reinvocationPolicy ??= "Never";
    if (hook.clientConfig?.service) hook.clientConfig.service.port ??= 443;
    for (const rule of hook.rules ?? []) rule.scope ??= "*";
  }
}

export function defaultPolicy(draft: Draft): void {
  if (!draft.spec) return;
  draft.spec.failurePolicy ??= "Fail";
  defaultMatch(draft.spec.matchConstraints);
}

export function defaultBinding(draft: Draft): void {
  defaultMatch(draft.spec?.matchResources);
}

function defaultMatch(match: Draft): void {
  if (!match) return;
  match.matchPolicy ??= "Equivalent";
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  for (const list of ["resourceRules", "excludeResourceRules"])
    for (const rule of match[list] ?? []) rule.scope ??= "*";
}

const OPERATIONS = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];

function validateRule(rule: Draft, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const { operations = [], apiGroups = [], apiVersions = [], resources = [] } = rule;
  const lists: readonly [string, readonly string[]][] = [
    ["apiGroups", apiGroups],
    ["apiVersions", apiVersions],
    ["resources", resources],
  ];
  for (const [name, list] of lists) {
    if (list.length === 0) causes.push(required(`${path}.${name}`, ""));
    else if (list.includes("*") && list.length > 1) {
      const text = `[]string{${list.map((one) => JSON.stringify(one)).join(", ")}}`;
      causes.push(invalidText(`${path}.${name}`, text, `if '*' is present, must not specify other ${what(name)}`));
    }
  }
  if (operations.length === 0) causes.push(required(`${path}.operations`, ""));
  for (const [i, operation] of operations.entries()) {
    if (!OPERATIONS.includes(operation)) causes.push(notSupported(`${path}.operations[${i}]`, operation, OPERATIONS));
  }
  return causes;
}

function what(name: string): string {
  return name === "apiGroups" ? "API groups" : name === "apiVersions" ? "API versions" : "resources";
}

export function validateWebhooks(object: KubeObject): StatusCause[] {
  const causes: StatusCause[] = [];
  const seen = new Set<string>();
  for (const [i, hook] of ((object["webhooks"] ?? []) as Draft[]).entries()) {
    const path = `webhooks[${i}]`;
    const name: string = hook.name ?? "";
    causes.push(...qualifiedHookName(name, `${path}.name`));
    if (seen.has(name)) causes.push(duplicate(`${path}.name`, name));
    seen.add(name);
    for (const [j, rule] of (hook.rules ?? []).entries()) causes.push(...validateRule(rule, `${path}.rules[${j}]`));
    if (!hook.sideEffects) causes.push(required(`${path}.sideEffects`, "must specify one of None, NoneOnDryRun"));
    else if (hook.sideEffects !== "None" && hook.sideEffects !== "NoneOnDryRun") {
      causes.push(notSupported(`${path}.sideEffects`, hook.sideEffects, ["None", "NoneOnDryRun"]));
    }
    if (hook.failurePolicy && hook.failurePolicy !== "Fail" && hook.failurePolicy !== "Ignore") {
      causes.push(notSupported(`${path}.failurePolicy`, hook.failurePolicy, ["Fail", "Ignore"]));
    }
    if (hook.timeoutSeconds < 1 || hook.timeoutSeconds > 30) {
      causes.push(
        invalid(`${path}.timeoutSeconds`, hook.timeoutSeconds, "the timeout value must be between 1 and 30 seconds"),
      );
    }
    const versions: readonly string[] = hook.admissionReviewVersions ?? [];
    if (versions.length === 0)
      causes.push(required(`${path}.admissionReviewVersions`, "must specify one of v1, v1beta1"));
    else if (!versions.some((one) => one === "v1" || one === "v1beta1")) {
      causes.push(invalid(`${path}.admissionReviewVersions`, versions, "must include at least one of v1, v1beta1"));
    }
    causes.push(...validateClient(hook.clientConfig ?? {}, `${path}.clientConfig`));
    causes.push(...validateConditions(hook.matchConditions ?? [], `${path}.matchConditions`));
  }
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

function validateClient({ url, service }: Draft, path: string): StatusCause[] {
  if ((url === undefined) === (service === undefined))
    return [required(path, "exactly one of url or service is required")];
  const causes: StatusCause[] = [];
  if (service) {
    if (!service.name) causes.push(required(`${path}.service.name`, "service name is required"));
    if (!service.namespace) causes.push(required(`${path}.service.namespace`, "service namespace is required"));
    if (service.port < 1 || service.port > 65535) {
      causes.push(
        invalid(`${path}.service.port`, service.port, "port is not valid: must be between 1 and 65535, inclusive"),
      );
    }
  } else if (!url.startsWith("https://")) {
    causes.push(
      invalid(`${path}.url`, url, "'https' is the only allowed URL scheme; desired format: https://host[/path]"),
    );
  }
  return causes;
}

function validateConditions(conditions: readonly Draft[], path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const [i, { name = "", expression = "" }] of conditions.entries()) {
    if (expression.trim() === "") causes.push(required(`${path}[${i}].expression`, ""));
    else causes.push(...validateExpression(expression, `${path}[${i}].expression`));
    if (name === "") causes.push(required(`${path}[${i}].name`, ""));
  }
  return causes;
}

function validateExpression(expression: string, path: string): StatusCause[] {
  try {
    compileCel(expression);
    return [];
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return [invalid(path, expression, `compilation failed: ${compileMessage(error, expression)}`)];
  }
}

const REASONS = ["Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized"];

/** ValidatingAdmissionPolicy. */
export function validatePolicy(object: KubeObject): StatusCause[] {
  const causes: StatusCause[] = [];
  const spec: Draft = object["spec"] ?? {};
  if (spec.paramKind) {
    if (!spec.paramKind.apiVersion) causes.push(required("spec.paramKind.apiVersion", ""));
    if (!spec.paramKind.kind) causes.push(required("spec.paramKind.kind", ""));
  }
  const rules: readonly Draft[] = spec.matchConstraints?.resourceRules ?? [];
  if (spec.matchConstraints === undefined) causes.push(required("spec.matchConstraints", ""));
  else if (rules.length === 0) causes.push(required("spec.matchConstraints.resourceRules", ""));
  for (const [i, rule] of rules.entries())
    causes.push(...validateRule(rule, `spec.matchConstraints.resourceRules[${i}]`));
  const validations: readonly Draft[] = spec.validations ?? [];
  if (validations.length === 0 && (spec.auditAnnotations ?? []).length === 0) {
    causes.push(required("spec.validations", "validations or auditAnnotations must be non-empty"));
    causes.push(required("spec.auditAnnotations", "validations or auditAnnotations must be non-empty"));
  }
  for (const [i, { name = "", expression = "" }] of ((spec.variables ?? []) as Draft[]).entries()) {
    const path = `spec.variables[${i}]`;
    if (name === "") causes.push(required(`${path}.name`, "name is not specified"));
    else if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name))
      causes.push(invalid(`${path}.name`, name, "name is not a valid CEL identifier"));
    if (expression === "") causes.push(required(`${path}.expression`, "expression is not specified"));
    else causes.push(...validateExpression(expression, `${path}.expression`));
  }
  for (const [i, { expression = "", message = "", reason }] of validations.entries()) {
    const path = `spec.validations[${i}]`;
    if (expression.trim() === "") causes.push(required(`${path}.expression`, "expression is not specified"));
    else {
      causes.push(...validateExpression(expression, `${path}.expression`));
      if (message.length > 0 && message.trim() === "") {
        causes.push(invalid(`${path}.message`, message, "message must be non-empty if specified"));
      } else if (message.trim().includes("\n")) {
        causes.push(invalid(`${path}.message`, message, "message must not contain line breaks"));
      } else if (expression.trim().includes("\n") && message.trim() === "") {
        causes.push(required(`${path}.message`, "message must be specified if expression contains line breaks"));
      }
    }
    if (reason !== undefined && !REASONS.includes(reason)) causes.push(notSupported(`${path}.reason`, reason, REASONS));
  }
  causes.push(...validateConditions(spec.matchConditions ?? [], "spec.matchConditions"));
  return causes;
}

const ACTIONS = ["Audit", "Deny", "Warn"];

/** ValidatingAdmissionPolicyBinding. */
export function validateBinding(object: KubeObject): StatusCause[] {
  const causes: StatusCause[] = [];
  const { policyName = "", paramRef, validationActions = [] } = (object["spec"] ?? {}) as Draft;
  if (policyName === "") causes.push(required("spec.policyName", ""));
  else for (const message of dns1123Subdomain(policyName)) causes.push(invalid("spec.policyName", policyName, message));
  if (paramRef) {
    if (paramRef.name && paramRef.selector) {
      causes.push(invalid("spec.paramRef.name", paramRef.name, "name and selector are mutually exclusive"));
    } else if (!paramRef.name && !paramRef.selector)
      causes.push(required("spec.paramRef", "one of name or selector must be specified"));
    if (paramRef.namespace) {
      for (const message of dns1123Label(paramRef.namespace))
        causes.push(invalid("spec.paramRef.namespace", paramRef.namespace, message));
    }
    if (!paramRef.parameterNotFoundAction) causes.push(required("spec.paramRef.parameterNotFoundAction", ""));
    else if (!["Allow", "Deny"].includes(paramRef.parameterNotFoundAction)) {
      causes.push(
        notSupported("spec.paramRef.parameterNotFoundAction", paramRef.parameterNotFoundAction, ["Deny", "Allow"]),
      );
    }
  }
  if (validationActions.length === 0) causes.push(required("spec.validationActions", ""));
  const seen = new Set<string>();
  for (const [i, action] of validationActions.entries()) {
    if (!ACTIONS.includes(action)) causes.push(notSupported(`spec.validationActions[${i}]`, action, ACTIONS));
    if (seen.has(action)) causes.push(duplicate(`spec.validationActions[${i}]`, action));
    seen.add(action);
  }
  if (seen.has("Deny") && seen.has("Warn")) {
    causes.push(
      invalidText(
        "spec.validationActions",
        `[]string{${validationActions.map((a: string) => JSON.stringify(a)).join(", ")}}`,
        "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)",
      ),
    );
  }
  return causes;
}
