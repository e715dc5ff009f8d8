import { compareQuantities, quantity } from "../quantity.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { invalid, invalidEach, invalidText, notSupported } from "../validation/field.ts";
import { qualifiedName } from "../validation/names.ts";
import { semanticEqual } from "../validation/value.ts";

/** ResourceQuotas, in the words of pkg/apis/core/validation ValidateResourceQuotaSpec. */

const COUNTS = new Set([
  "pods",
  "resourcequotas",
  "services",
  "replicationcontrollers",
  "secrets",
  "persistentvolumeclaims",
  "configmaps",
  "services.nodeports",
  "services.loadbalancers",
]);
const STANDARD = new Set([
  "cpu",
  "memory",
  "ephemeral-storage",
  "requests.cpu",
  "requests.memory",
  "requests.storage",
  "requests.ephemeral-storage",
  "limits.cpu",
  "limits.memory",
  "limits.ephemeral-storage",
  ...COUNTS,
]);
const POD_SCOPES = ["Terminating", "NotTerminating", "NotBestEffort", "PriorityClass", "CrossNamespacePodAffinity"];
const SCOPES = [...POD_SCOPES, "BestEffort"];
const OPPOSITES: readonly (readonly [string, string])[] = [
  ["BestEffort", "NotBestEffort"],
  ["Terminating", "NotTerminating"],
];

const goScopes = (scopes: readonly string[]) =>
  `[]core.ResourceQuotaScope{${scopes.map((one) => JSON.stringify(one)).join(", ")}}`;

export function validateQuota(object: KubeObject): StatusCause[] {
  const causes: StatusCause[] = [];
  const hard: Record<string, string> = object["spec"]?.hard ?? {};
  for (const name of Object.keys(hard).sort()) {
    const path = `spec.hard[${name}]`;
    causes.push(...invalidEach(path, name, qualifiedName(name)));
    if (!name.includes("/") && !STANDARD.has(name)) {
      causes.push(invalid(path, name, "must be a standard resource type or fully qualified"));
      causes.push(invalid(path, name, "must be a standard resource for quota"));
    }
    const amount = quantity(hard[name]!);
    if (compareQuantities(amount, quantity("0")) < 0) {
      causes.push(invalid(path, hard[name], "must be greater than or equal to 0"));
    }
    if (COUNTS.has(name) && amount.nano % 1_000_000_000n !== 0n)
      causes.push(invalid(path, hard[name], "must be an integer"));
  }
  return [...causes, ...validateScopes(object["spec"]?.scopes ?? [], Object.keys(hard)), ...validateSelector(object)];
}

function validateScopes(scopes: readonly string[], names: readonly string[]): StatusCause[] {
  const causes: StatusCause[] = [];
  const path = "spec.scopes";
  for (const scope of scopes) {
    if (!SCOPES.includes(scope)) causes.push(invalidText(path, goScopes(scopes), "unsupported scope"));
    for (const name of names) {
      const fits = scope === "BestEffort" ? name === "pods" : !COUNTS.has(name) || name === "pods";
      if (SCOPES.includes(scope) && !fits)
        causes.push(invalidText(path, goScopes(scopes), "unsupported scope applied to resource"));
    }
  }
  for (const [a, b] of OPPOSITES) {
    if (scopes.includes(a) && scopes.includes(b))
      causes.push(invalidText(path, goScopes(scopes), "conflicting scopes"));
  }
  return causes;
}

const OPERATORS = ["DoesNotExist", "Exists", "In", "NotIn"];

function validateSelector(object: KubeObject): StatusCause[] {
  const causes: StatusCause[] = [];
  const expressions = object["spec"]?.scopeSelector?.matchExpressions ?? [];
  for (const { scopeName = "", operator = "", values = [] } of expressions) {
    const path = "spec.scopeSelector.matchExpressions";
    if (!SCOPES.includes(scopeName)) causes.push(invalid(`${path}.scopeName`, scopeName, "unsupported scope"));
    if (scopeName !== "PriorityClass" && operator !== "Exists" && SCOPES.includes(scopeName)) {
      causes.push(
        invalid(
          `${path}.operator`,
          operator,
          "must be 'Exist' only operator when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
        ),
      );
    }
    if (!OPERATORS.includes(operator)) causes.push(notSupported(`${path}.operator`, operator, OPERATORS));
    const needs = operator === "In" || operator === "NotIn";
    if (needs && values.length === 0) {
      causes.push({
        reason: "FieldValueRequired",
        field: `${path}.values`,
        message: "Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
      });
    } else if (!needs && values.length > 0 && OPERATORS.includes(operator)) {
      const text = `[]string{${values.map((one: string) => JSON.stringify(one)).join(", ")}}`;
      causes.push(
        invalidText(
          `${path}.values`,
          text,
          "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
        ),
      );
    }
  }
  return causes;
}

export function validateQuotaUpdate(object: KubeObject, old: KubeObject): StatusCause[] {
  const [now = [], before = []] = [object["spec"]?.scopes, old["spec"]?.scopes];
  const same = semanticEqual([...now].sort(), [...before].sort());
  return same ? [] : [invalidText("spec.scopes", goScopes(now), "field is immutable")];
}
