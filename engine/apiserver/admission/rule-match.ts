import { type LabelSelector, matchesSelector } from "../../api/label-selector.ts";
import type { KubeObject } from "../../api/types.ts";
import type { Attributes } from "./admission.ts";

/** Rules of webhooks and admission policies (apiserver pkg/admission/plugin/webhook/predicates). */
export interface Rule {
  operations?: readonly string[];
  apiGroups?: readonly string[];
  apiVersions?: readonly string[];
  resources?: readonly string[];
  resourceNames?: readonly string[];
  scope?: string;
}

export interface MatchResources {
  namespaceSelector?: LabelSelector;
  objectSelector?: LabelSelector;
  resourceRules?: readonly Rule[];
  excludeResourceRules?: readonly Rule[];
  matchPolicy?: string;
}

const has = (list: readonly string[] | undefined, value: string) =>
  list !== undefined && (list.includes("*") || list.includes(value));

/** `exact`: the version must be the one that is asked for; else any version of the kind counts. */
export function matchesRule(rule: Rule, attributes: Attributes, exact = false): boolean {
  const { def, operation, subresource, name } = attributes;
  const { group, version, resource, namespaced } = def.resource;
  if (!has(rule.operations, operation) || !has(rule.apiGroups, group)) return false;
  if (exact ? !has(rule.apiVersions, version) : (rule.apiVersions?.length ?? 0) === 0) return false;
  const scope = rule.scope ?? "*";
  const isNamespace = group === "" && resource === "namespaces";
  if (scope === "Namespaced" && (!namespaced || isNamespace)) return false;
  if (scope === "Cluster" && namespaced && !isNamespace) return false;
  if (rule.resourceNames && rule.resourceNames.length > 0 && !rule.resourceNames.includes(name)) return false;
  return (rule.resources ?? []).some((wanted) => {
    const slash = wanted.indexOf("/");
    const kind = slash < 0 ? wanted : wanted.slice(0, slash);
    const sub = slash < 0 ? "" : wanted.slice(slash + 1);
    if (kind !== "*" && kind !== resource) return false;
    return sub === "*" || sub === subresource;
  });
}

/** Whether the labels of a request's namespace and objects are what the selectors ask for. */
export function matchesSelectors(
  attributes: Attributes,
  namespaceSelector: LabelSelector | undefined,
  objectSelector: LabelSelector | undefined,
): boolean {
  return namespaceMatches(attributes, namespaceSelector) && objectMatches(attributes, objectSelector);
}

function isEmpty(selector: LabelSelector | undefined): boolean {
  if (selector === undefined) return true;
  return Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions?.length ?? 0) === 0;
}

function namespaceMatches(attributes: Attributes, selector: LabelSelector | undefined): boolean {
  if (isEmpty(selector)) return true;
  const { def, object, old } = attributes;
  if (def.resource.group === "" && def.resource.resource === "namespaces") {
    return matchesSelector(selector!, (object ?? old)?.metadata?.labels);
  }
  if (!def.resource.namespaced) return true;
  const namespace = namespaceOf(attributes);
  return namespace !== undefined && matchesSelector(selector!, namespace.metadata.labels);
}

export function namespaceOf({ context, namespace }: Attributes): KubeObject | undefined {
  return context.registry.cacheOf("", "v1", "namespaces")?.get("", namespace);
}

function objectMatches({ object, old }: Attributes, selector: LabelSelector | undefined): boolean {
  if (isEmpty(selector)) return true;
  const fits = (one: { metadata?: { labels?: Record<string, string> } } | undefined) =>
    one !== undefined && matchesSelector(selector!, one.metadata?.labels);
  return fits(object) || fits(old);
}

/** `matchResources` of a policy or binding; without rules every resource matches where `open` says so. */
export function matchesResources(match: MatchResources | undefined, attributes: Attributes, open: boolean): boolean {
  if (match === undefined) return open;
  if (!matchesSelectors(attributes, match.namespaceSelector, match.objectSelector)) return false;
  const exact = match.matchPolicy === "Exact";
  if ((match.excludeResourceRules ?? []).some((rule) => matchesRule(rule, attributes, exact))) return false;
  const rules = match.resourceRules ?? [];
  if (rules.length === 0) return open;
  return rules.some((rule) => matchesRule(rule, attributes, exact));
}
