import type { Draft, KindDef } from "../../api/kind.ts";
import type { KubeObject } from "../../api/types.ts";
import { SYSTEM_MASTERS } from "../../api/user.ts";
import type { ResourceContext } from "../context.ts";
import { forbidden } from "../errors.ts";
import type { PolicyRule } from "./rbac.ts";

/** Nobody grants what they do not hold (pkg/registry/rbac/<kind>/policybased and pkg/registry/rbac/validation). */

const GROUP = "rbac.authorization.k8s.io";

/**
 * Refuses a role or binding that gives more than its author has, unless the author may `escalate` that role or `bind`
 * the one referred to. `draft` is the object to come; undefined `before` for a new one.
 */
export function confirmNoEscalation(context: ResourceContext, draft: Draft, before?: KubeObject): void {
  const { def, user } = context;
  if (def.resource.group !== GROUP || user.groups.includes(SYSTEM_MASTERS)) return;
  const namespace: string = def.resource.namespaced ? context.info.namespace : "";
  const { name } = draft.metadata;
  if (draft["roleRef"] !== undefined) {
    const role = draft["roleRef"];
    const resource = role.kind === "ClusterRole" ? "clusterroles" : "roles";
    if (may(context, "bind", resource, role.name, namespace)) return;
    const scope = resource === "clusterroles" ? "" : namespace;
    const found = context.registry.cacheOf(GROUP, "v1", resource)?.get(scope, role.name);
    if (found === undefined) {
      throw forbidden(GROUP, def.resource.resource, name, `${resource.slice(0, -1)}.${GROUP} "${role.name}" not found`);
    }
    confirm(context, def, name, namespace, found["rules"] ?? []);
    return;
  }
  if (before !== undefined && JSON.stringify(before["rules"] ?? []) === JSON.stringify(draft["rules"] ?? [])) return;
  if (may(context, "escalate", def.resource.resource, name, namespace)) return;
  confirm(context, def, name, namespace, draft["rules"] ?? []);
}

function may(
  { server, user }: ResourceContext,
  verb: string,
  resource: string,
  name: string,
  namespace: string,
): boolean {
  const attributes = {
    user,
    verb,
    namespace,
    group: GROUP,
    resource,
    subresource: "",
    name,
    path: "",
    isResource: true,
  };
  return server.authorizer.authorize(attributes).allowed;
}

function confirm(
  { server, user }: ResourceContext,
  def: KindDef,
  name: string,
  namespace: string,
  rules: readonly PolicyRule[],
): void {
  const held = server.authorizer.rbac.rulesFor(user, namespace);
  const missing = rules.flatMap(singles).filter((one) => !held.rules.some((rule) => covers(rule, one)));
  if (missing.length === 0) return;
  const lines = [...new Set(compact(missing).map(ruleText))].sort();
  const errors = held.errors.length > 0 ? `; resolution errors: [${held.errors.join(", ")}]` : "";
  const who = `user ${JSON.stringify(user.name)} (groups=${list(user.groups)})`;
  throw forbidden(
    GROUP,
    def.resource.resource,
    name,
    `${who} is attempting to grant RBAC permissions not currently held:\n${lines.join("\n")}${errors}`,
  );
}

/** A rule taken apart: one group, resource, name and verb each (BreakdownRule). */
function singles(rule: PolicyRule): PolicyRule[] {
  const out: PolicyRule[] = [];
  for (const group of rule.apiGroups ?? []) {
    for (const resource of rule.resources ?? []) {
      for (const verb of rule.verbs) {
        const one = { apiGroups: [group], resources: [resource], verbs: [verb] };
        if (!rule.resourceNames?.length) out.push(one);
        else for (const name of rule.resourceNames) out.push({ ...one, resourceNames: [name] });
      }
    }
  }
  for (const url of rule.nonResourceURLs ?? []) {
    for (const verb of rule.verbs) out.push({ nonResourceURLs: [url], verbs: [verb] });
  }
  return out;
}

/** ruleCovers: everything the single rule allows, the owner's allows too. */
function covers(owner: PolicyRule, one: PolicyRule): boolean {
  const has = (all: readonly string[] | undefined, wanted: readonly string[] | undefined) =>
    (all ?? []).includes("*") || (wanted ?? []).every((each) => all?.includes(each));
  if (!has(owner.verbs, one.verbs)) return false;
  if (one.nonResourceURLs) {
    return one.nonResourceURLs.every((url) =>
      (owner.nonResourceURLs ?? []).some(
        (pattern) =>
          pattern === "*" || pattern === url || (pattern.endsWith("*") && url.startsWith(pattern.slice(0, -1))),
      ),
    );
  }
  if (!has(owner.apiGroups, one.apiGroups)) return false;
  const [resource = ""] = one.resources ?? [];
  const slash = resource.indexOf("/");
  const anySubresource = slash >= 0 && (owner.resources ?? []).includes(`*${resource.slice(slash)}`);
  if (!has(owner.resources, one.resources) && !anySubresource) return false;
  if (!owner.resourceNames?.length) return true;
  return one.resourceNames?.every((name) => owner.resourceNames?.includes(name)) ?? false;
}

/** Verbs on the same resource in one rule again (CompactRules). */
function compact(rules: readonly PolicyRule[]): PolicyRule[] {
  const out = new Map<string, PolicyRule>();
  rules.forEach((rule, i) => {
    const { verbs, ...rest } = rule;
    const key = rule.nonResourceURLs ? String(i) : JSON.stringify(rest);
    const same = out.get(key);
    out.set(key, same ? { ...same, verbs: [...same.verbs, ...verbs] } : rule);
  });
  return [...out.values()];
}

const FIELDS = [
  ["APIGroups", "apiGroups"],
  ["Resources", "resources"],
  ["NonResourceURLs", "nonResourceURLs"],
  ["ResourceNames", "resourceNames"],
  ["Verbs", "verbs"],
] as const;

/** `{APIGroups:["apps"], Resources:["deployments"], Verbs:["get" "list"]}` (CompactString). */
function ruleText(rule: PolicyRule): string {
  const parts = FIELDS.filter(([, field]) => rule[field]?.length).map(
    ([name, field]) => `${name}:${list(rule[field])}`,
  );
  return `{${parts.join(", ")}}`;
}

/** Go's `%q` of a slice. */
function list(texts: readonly string[] | undefined): string {
  return `[${(texts ?? []).map((text) => JSON.stringify(text)).join(" ")}]`;
}
