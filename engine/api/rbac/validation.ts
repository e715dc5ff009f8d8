import type { Draft } from "../kind.ts";
import { type LabelSelector, validateLabelSelector } from "../selector.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { invalid, invalidEach, invalidText, notSupported, required } from "../validation/field.ts";
import { dns1123Subdomain, pathSegment } from "../validation/names.ts";
import { deepEqual } from "../validation/value.ts";

/** RBAC objects (pkg/apis/rbac/validation/validation.go) and their defaults. */

const GROUP = "rbac.authorization.k8s.io";

export function validateRules(rules: Draft[], namespaced: boolean): StatusCause[] {
  const causes: StatusCause[] = [];
  rules.forEach((rule, i) => {
    const at = `rules[${i}]`;
    if (!(rule.verbs?.length > 0)) causes.push(required(`${at}.verbs`, "verbs must contain at least one value"));
    if (rule.nonResourceURLs?.length > 0) {
      if (namespaced) {
        const detail = "namespaced rules cannot apply to non-resource URLs";
        causes.push(invalid(`${at}.nonResourceURLs`, rule.nonResourceURLs, detail));
      }
      if (rule.apiGroups?.length > 0 || rule.resources?.length > 0 || rule.resourceNames?.length > 0) {
        const detail = "rules cannot apply to both regular resources and non-resource URLs";
        causes.push(invalid(`${at}.nonResourceURLs`, rule.nonResourceURLs, detail));
      }
      return;
    }
    if (!(rule.apiGroups?.length > 0)) {
      causes.push(required(`${at}.apiGroups`, "resource rules must supply at least one api group"));
    }
    if (!(rule.resources?.length > 0)) {
      causes.push(required(`${at}.resources`, "resource rules must supply at least one resource"));
    }
  });
  return causes;
}

/** Which ClusterRoles' rules this one gathers. */
export function validateAggregation(rule: Draft | undefined): StatusCause[] {
  if (!rule) return [];
  const path = "aggregationRule.clusterRoleSelectors";
  const selectors: readonly LabelSelector[] = rule.clusterRoleSelectors ?? [];
  const none = "at least one clusterRoleSelector required if aggregationRule is non-nil";
  if (selectors.length === 0) return [required(path, none)];
  return selectors.flatMap((selector, i) => {
    const causes = validateLabelSelector(selector, `${path}[${i}]`);
    if (causes.length > 0) causes.push(invalid(`${path}[${i}]`, "null", "invalid label selector."));
    return causes;
  });
}

export function defaultBinding(draft: Draft): void {
  if (draft.roleRef) draft.roleRef.apiGroup ||= GROUP;
  for (const subject of draft.subjects ?? []) {
    if (subject.kind === "User" || subject.kind === "Group") subject.apiGroup ||= GROUP;
  }
}

export function validateBinding(object: KubeObject, namespaced: boolean): StatusCause[] {
  const causes: StatusCause[] = [];
  const ref = object["roleRef"] ?? {};
  if (ref.apiGroup !== GROUP) causes.push(notSupported("roleRef.apiGroup", ref.apiGroup ?? "", [GROUP]));
  const kinds = namespaced ? ["Role", "ClusterRole"] : ["ClusterRole"];
  if (!kinds.includes(ref.kind)) causes.push(notSupported("roleRef.kind", ref.kind ?? "", kinds));
  if (!ref.name) causes.push(required("roleRef.name", ""));
  else causes.push(...invalidEach("roleRef.name", ref.name, pathSegment(ref.name)));
  (object["subjects"] ?? []).forEach((subject: Draft, i: number) => {
    causes.push(...validateSubject(subject, namespaced, `subjects[${i}]`));
  });
  return causes;
}

function validateSubject(subject: Draft, namespaced: boolean, at: string): StatusCause[] {
  const causes: StatusCause[] = [];
  if (!subject.name) causes.push(required(`${at}.name`, ""));
  switch (subject.kind) {
    case "ServiceAccount":
      if (subject.name) causes.push(...invalidEach(`${at}.name`, subject.name, dns1123Subdomain(subject.name)));
      if (subject.apiGroup) causes.push(notSupported(`${at}.apiGroup`, subject.apiGroup, [""]));
      if (!namespaced && !subject.namespace) causes.push(required(`${at}.namespace`, ""));
      break;
    case "User":
    case "Group":
      if (subject.apiGroup !== GROUP) causes.push(notSupported(`${at}.apiGroup`, subject.apiGroup ?? "", [GROUP]));
      break;
    default:
      causes.push(notSupported(`${at}.kind`, subject.kind ?? "", ["ServiceAccount", "User", "Group"]));
  }
  return causes;
}

export function immutableRoleRef(object: KubeObject, old: KubeObject): StatusCause[] {
  if (deepEqual(object["roleRef"], old["roleRef"])) return [];
  const { apiGroup, kind, name } = object["roleRef"];
  const text = `rbac.RoleRef{APIGroup:${JSON.stringify(apiGroup)}, Kind:${JSON.stringify(kind)}, Name:${JSON.stringify(name)}}`;
  return [invalidText("roleRef", text, "cannot change roleRef")];
}
