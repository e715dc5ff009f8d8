import type { KubeObject, Resource } from "../types.ts";
import { qosClass } from "./qos.ts";

/** Which Pods a ResourceQuota counts (pkg/quota/v1/evaluator/core/pods.go podMatchesScopeFunc). */
export interface ScopeSpec {
  scopes?: readonly string[];
  scopeSelector?: { matchExpressions?: readonly ScopeRequirement[] };
}

interface ScopeRequirement {
  scopeName: string;
  operator: string;
  values?: readonly string[];
}

/** Every scope must fit; a quota with scopes counts nothing but Pods (and claims, by their class). */
export function inScope(spec: ScopeSpec | undefined, { group, resource }: Resource, object: KubeObject): boolean {
  const requirements = requirementsOf(spec);
  if (requirements.length === 0) return true;
  if (group !== "" || resource !== "pods") return false;
  return requirements.every((requirement) => fits(requirement, object));
}

function requirementsOf(spec: ScopeSpec | undefined): ScopeRequirement[] {
  const plain = (spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: "Exists" }));
  return [...plain, ...(spec?.scopeSelector?.matchExpressions ?? [])];
}

function fits({ scopeName, operator, values = [] }: ScopeRequirement, pod: KubeObject): boolean {
  const { spec } = pod;
  switch (scopeName) {
    case "Terminating":
      return spec.activeDeadlineSeconds !== undefined;
    case "NotTerminating":
      return spec.activeDeadlineSeconds === undefined;
    case "BestEffort":
      return qosClass(spec) === "BestEffort";
    case "NotBestEffort":
      return qosClass(spec) !== "BestEffort";
    case "PriorityClass": {
      const name: string = spec.priorityClassName ?? "";
      if (operator === "Exists") return name !== "";
      if (operator === "DoesNotExist") return name === "";
      return operator === "In" ? values.includes(name) : operator === "NotIn" && !values.includes(name);
    }
    case "CrossNamespacePodAffinity":
      return crossesNamespaces(spec.affinity);
    default:
      return false;
  }
}

interface Term {
  namespaces?: readonly string[];
  namespaceSelector?: object;
  podAffinityTerm?: Term;
}

interface Rules {
  requiredDuringSchedulingIgnoredDuringExecution?: readonly Term[];
  preferredDuringSchedulingIgnoredDuringExecution?: readonly Term[];
}

function crossesNamespaces(affinity: { podAffinity?: Rules; podAntiAffinity?: Rules } | undefined): boolean {
  const terms = [affinity?.podAffinity, affinity?.podAntiAffinity].flatMap((rules) => [
    ...(rules?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(rules?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((one) => one.podAffinityTerm ?? {}),
  ]);
  return terms.some(
    ({ namespaces = [], namespaceSelector }) => namespaces.length > 0 || namespaceSelector !== undefined,
  );
}
