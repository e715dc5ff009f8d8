import type { KubeObject } from "../../../api/types.ts";
import type { Gen } from "../../../kernel/index.ts";
import { compareStrings } from "../go.ts";
import type { Document } from "./document.ts";

export interface PolicyRule {
  apiGroups?: readonly string[];
  resources?: readonly string[];
  resourceNames?: readonly string[];
  nonResourceURLs?: readonly string[];
  verbs: readonly string[];
}

/** Rules taken apart to one group, resource and name each, then verbs of equal ones gathered (util/rbac). */
export function compactRules(rules: readonly PolicyRule[]): PolicyRule[] {
  const simple = new Map<string, { rule: PolicyRule; verbs: string[] }>();
  const others: PolicyRule[] = [];
  for (const rule of rules) {
    for (const group of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) {
        for (const verb of rule.verbs) {
          for (const name of rule.resourceNames?.length ? rule.resourceNames : [undefined]) {
            const key = `${group}\0${resource}\0${name === undefined ? "" : `1${name}`}`;
            const known = simple.get(key);
            if (known === undefined) {
              const one: PolicyRule = { apiGroups: [group], resources: [resource], verbs: [] };
              if (name !== undefined) one.resourceNames = [name];
              simple.set(key, { rule: one, verbs: [verb] });
            } else if (!known.verbs.includes(verb)) known.verbs.push(verb);
          }
        }
      }
    }
    for (const url of rule.nonResourceURLs ?? [])
      for (const verb of rule.verbs) others.push({ nonResourceURLs: [url], verbs: [verb] });
  }
  return [...others, ...[...simple.values()].map(({ rule, verbs }) => ({ ...rule, verbs }))];
}

const list = (items: readonly string[] | undefined) => `[${(items ?? []).join(" ")}]`;

/** The order of rbac.SortableRuleSlice: the text of the generated String method. */
export function ruleKey(rule: PolicyRule): string {
  return `&PolicyRule{Verbs:${list(rule.verbs)},APIGroups:${list(rule.apiGroups)},Resources:${list(rule.resources)},ResourceNames:${list(rule.resourceNames)},NonResourceURLs:${list(rule.nonResourceURLs)},}`;
}

/** `deployments.apps/scale`. */
export function resourceGroup(rule: PolicyRule): string {
  const [first] = rule.resources ?? [];
  if (first === undefined) return "";
  const [resource, sub] = first.split("/") as [string, string | undefined];
  const [group] = rule.apiGroups ?? [];
  return `${resource}${group ? `.${group}` : ""}${sub === undefined ? "" : `/${sub}`}`;
}

/** The table of rules in `describe role` and `auth can-i --list`. */
export function ruleLines(rules: readonly PolicyRule[]): string[] {
  return compactRules(rules)
    .sort((a, b) => compareStrings(ruleKey(a), ruleKey(b)))
    .map((r) => `${resourceGroup(r)}\t${list(r.nonResourceURLs)}\t${list(r.resourceNames)}\t${list(r.verbs)}`);
}

/** describe role, clusterrole. */
export function* describeRole(d: Document, object: KubeObject): Gen {
  d.line(0, `Name:\t${object.metadata.name}`);
  d.labels("Labels", object.metadata.labels);
  d.annotations("Annotations", object.metadata.annotations);
  d.line(0, "PolicyRule:");
  d.line(1, "Resources\tNon-Resource URLs\tResource Names\tVerbs");
  d.line(1, "---------\t-----------------\t--------------\t-----");
  for (const line of ruleLines((object["rules"] ?? []) as PolicyRule[])) d.line(1, line);
}

/** describe rolebinding, clusterrolebinding. */
export function* describeRoleBinding(d: Document, object: KubeObject): Gen {
  d.line(0, `Name:\t${object.metadata.name}`);
  d.labels("Labels", object.metadata.labels);
  d.annotations("Annotations", object.metadata.annotations);
  d.line(0, "Role:");
  d.line(1, `Kind:\t${object["roleRef"].kind}`);
  d.line(1, `Name:\t${object["roleRef"].name}`);
  d.line(0, "Subjects:");
  d.line(1, "Kind\tName\tNamespace");
  d.line(1, "----\t----\t---------");
  for (const { kind, name, namespace = "" } of (object["subjects"] ?? []) as Record<string, string>[]) {
    d.line(1, `${kind}\t${name}\t${namespace}`);
  }
}
