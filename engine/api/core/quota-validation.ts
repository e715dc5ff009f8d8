import { compareQuantities, quantity } from "../quantity.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { invalid, invalidText } from "../validation/field.ts";
import { goQuantity, goStrings, semanticEqual } from "../validation/value.ts";
import { resourceName } from "./resource-names.ts";

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
const POD_RESOURCES = new Set([...["cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"]]);
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
    causes.push(...resourceName(name, path));
    if (!name.includes("/") && !isStandard(name))
      causes.push(invalidText(path, name, "must be a standard resource for quota"));
    const amount = quantity(hard[name]!);
    if (compareQuantities(amount, quantity("0")) < 0) {
      causes.push(invalid(path, hard[name], "must be greater than or equal to 0"));
    }
    if (
      (COUNTS.has(name) || (name.includes("/") && !name.includes("kubernetes.io/") && !name.startsWith("count/"))) &&
      amount.nano % 1_000_000_000n !== 0n
    )
      causes.push(invalidText(path, goQuantity(hard[name]!), "must be an integer"));
  }
  return [...causes, ...validateScopes(object["spec"]?.scopes ?? [], Object.keys(hard)), ...validateSelector(object)];
}

const isStandard = (name: string): boolean => STANDARD.has(name) || /^(requests\.)?hugepages-/.test(name);

/** Whether a scope says something of a resource: each of Pods, and of what they ask for, but Pods that ask for nothing. */
function fits(scope: string, name: string): boolean {
  if (!SCOPES.includes(scope) || name === "pods") return true;
  return scope !== "BestEffort" && POD_RESOURCES.has(name);
}

function validateScopes(scopes: readonly string[], names: readonly string[]): StatusCause[] {
  const causes: StatusCause[] = [];
  const path = "spec.scopes";
  for (const scope of scopes) {
    if (!SCOPES.includes(scope)) causes.push(invalidText(path, goScopes(scopes), "unsupported scope"));
    for (const name of names) {
      if (isStandard(name) && !fits(scope, name))
        causes.push(invalidText(path, goScopes(scopes), "unsupported scope applied to resource"));
    }
  }
  for (const [a, b] of OPPOSITES) {
    if (scopes.includes(a) && scopes.includes(b))
      causes.push(invalidText(path, goScopes(scopes), "conflicting scopes"));
  }
  return causes;
}

/** `%#v` of a core.ScopeSelector. */
const goScopeSelector = (expressions: readonly { scopeName?: string; operator?: string; values?: string[] }[]) =>
  `core.ScopeSelector{MatchExpressions:[]core.ScopedResourceSelectorRequirement{${expressions
    .map(
      ({ scopeName = "", operator = "", values }) =>
        `core.ScopedResourceSelectorRequirement{ScopeName:${JSON.stringify(scopeName)}, Operator:${JSON.stringify(operator)}, Values:${goStrings(values)}}`,
    )
    .join(", ")}}}`;

const OPERATORS = ["DoesNotExist", "Exists", "In", "NotIn"];

function validateSelector(object: KubeObject): StatusCause[] {
  const causes: StatusCause[] = [];
  const expressions = object["spec"]?.scopeSelector?.matchExpressions ?? [];
  for (const { scopeName = "", operator = "", values = [] } of expressions) {
    const path = "spec.scopeSelector.matchExpressions";
    if (!SCOPES.includes(scopeName)) causes.push(invalid(`${path}.scopeName`, scopeName, "unsupported scope"));
    for (const name of Object.keys(object["spec"]?.hard ?? {}).sort()) {
      if (isStandard(name) && !fits(scopeName, name))
        causes.push(invalidText(path, goScopeSelector(expressions), "unsupported scope applied to resource"));
    }
    if (scopeName !== "PriorityClass" && operator !== "Exists" && SCOPES.includes(scopeName)) {
      causes.push(
        invalid(
          `${path}.operator`,
          operator,
          "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
        ),
      );
    }
    if (!OPERATORS.includes(operator))
      causes.push(invalid(`${path}.operator`, operator, "not a valid selector operator"));
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
