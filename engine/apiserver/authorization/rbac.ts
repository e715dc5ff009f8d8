import type { KubeObject } from "../../api/types.ts";
import type { User } from "../../api/user.ts";
import type { Registry } from "../registry.ts";
import type { AccessAttributes, Decision } from "./attributes.ts";

export interface PolicyRule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
}

interface Subject {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

/** A binding as one of its subjects sees it. */
interface Grant {
  /** "" for the whole cluster. */
  readonly namespace: string;
  /** `<namespace>/<name>` of the binding. */
  readonly key: string;
  readonly rules: readonly PolicyRule[];
  readonly subject: Subject;
  /** `ClusterRoleBinding "x" of ClusterRole "y" to Group "z"`. */
  readonly says: string;
  /** Why the rules could not be found. */
  readonly error: string;
}

const GROUP = "rbac.authorization.k8s.io";
const RBAC_RESOURCES = ["clusterroles", "clusterrolebindings", "roles", "rolebindings"] as const;

/**
 * The RBAC authorizer (plugin/pkg/auth/authorizer/rbac). Bindings are indexed by subject, and decisions remembered per
 * user, until one of the four kinds changes.
 */
export class RbacAuthorizer {
  /** Grows with every change of a role or binding. */
  generation = 0;
  private readonly registry: Registry;
  private grants: Map<string, Grant[]> | undefined;
  /** Some binding refers to a role that is not there. */
  private missing = false;
  private decisions = new WeakMap<User, Map<string, Decision>>();
  private ofUser = new WeakMap<User, readonly Grant[]>();

  constructor(registry: Registry) {
    this.registry = registry;
    for (const resource of RBAC_RESOURCES) {
      registry.cacheOf(GROUP, "v1", resource)?.onEvent(({ type, object }) => {
        this.generation++;
        if (this.grants === undefined) return;
        this.decisions = new WeakMap();
        this.ofUser = new WeakMap();
        // A new binding comes to the others; a new role may be what a binding has waited for.
        if (type === "ADDED" && resource.endsWith("bindings")) this.add(this.grants, object);
        else if (type !== "ADDED" || this.missing) this.grants = undefined;
      });
    }
  }

  authorize(attributes: AccessAttributes): Decision {
    const { user, verb, namespace, group, resource, subresource, name, path, isResource } = attributes;
    const index = this.index();
    let known = this.decisions.get(user);
    if (known === undefined) this.decisions.set(user, (known = new Map()));
    const key = isResource ? `${verb} ${group}/${resource}/${subresource} ${namespace}/${name}` : `${verb} ${path}`;
    let decision = known.get(key);
    if (decision === undefined) {
      decision = this.decide(index, attributes);
      if (known.size > 2000) known.clear();
      known.set(key, decision);
    }
    return decision;
  }

  /** Rules that hold for a user in a namespace, for SelfSubjectRulesReview. */
  rulesFor(user: User, namespace: string): { rules: PolicyRule[]; errors: string[] } {
    const rules: PolicyRule[] = [];
    const errors: string[] = [];
    for (const grant of this.grantsOf(this.index(), user)) {
      if (grant.namespace !== "" && grant.namespace !== namespace) continue;
      if (grant.error) errors.push(grant.error);
      rules.push(...grant.rules);
    }
    return { rules, errors };
  }

  private decide(index: Map<string, Grant[]>, attributes: AccessAttributes): Decision {
    const errors: string[] = [];
    for (const grant of this.grantsOf(index, attributes.user)) {
      if (grant.namespace !== "" && (!attributes.isResource || grant.namespace !== attributes.namespace)) continue;
      if (grant.error !== "") errors.push(grant.error);
      if (grant.rules.some((rule) => allows(rule, attributes))) {
        return { allowed: true, reason: `RBAC: allowed by ${grant.says}` };
      }
    }
    if (errors.length === 0) return { allowed: false, reason: "" };
    const unique = [...new Set(errors)];
    return { allowed: false, reason: `RBAC: ${unique.length === 1 ? unique[0] : `[${unique.join(", ")}]`}` };
  }

  /** Grants of a user, cluster-wide ones first, in order of their bindings' keys. */
  private grantsOf(index: Map<string, Grant[]>, user: User): readonly Grant[] {
    let grants = this.ofUser.get(user);
    if (grants === undefined) {
      const keys = [`User ${user.name}`, ...user.groups.map((group) => `Group ${group}`)];
      const found = keys.flatMap((key) => index.get(key) ?? []);
      grants = [
        ...found.filter(({ namespace }) => namespace === ""),
        ...found.filter(({ namespace }) => namespace !== ""),
      ];
      this.ofUser.set(user, grants);
    }
    return grants;
  }

  private index(): Map<string, Grant[]> {
    if (this.grants !== undefined) return this.grants;
    const grants = new Map<string, Grant[]>();
    this.missing = false;
    for (const resource of ["clusterrolebindings", "rolebindings"]) {
      for (const binding of this.registry.cacheOf(GROUP, "v1", resource)?.everything() ?? []) this.add(grants, binding);
    }
    this.grants = grants;
    return grants;
  }

  private add(grants: Map<string, Grant[]>, binding: KubeObject): void {
    const { namespace = "", name } = binding.metadata;
    const { kind, name: roleName } = binding["roleRef"];
    const role =
      kind === "ClusterRole"
        ? this.registry.cacheOf(GROUP, "v1", "clusterroles")?.get("", roleName)
        : this.registry.cacheOf(GROUP, "v1", "roles")?.get(namespace, roleName);
    const error = role
      ? ""
      : `${kind === "ClusterRole" ? "clusterrole" : "role"}.${GROUP} ${JSON.stringify(roleName)} not found`;
    if (role === undefined) this.missing = true;
    const what = namespace === "" ? `ClusterRoleBinding "${name}"` : `RoleBinding "${name}/${namespace}"`;
    for (const subject of (binding["subjects"] ?? []) as Subject[]) {
      const key = subjectKey(subject, namespace);
      const grant: Grant = {
        namespace,
        key: `${namespace}/${name}`,
        rules: role?.["rules"] ?? [],
        subject,
        says: `${what} of ${kind} "${roleName}" to ${describe(subject, namespace)}`,
        error,
      };
      const list = grants.get(key);
      if (list === undefined) grants.set(key, [grant]);
      else {
        let place = list.length;
        while (place > 0 && later(list[place - 1]!, grant)) place--;
        list.splice(place, 0, grant);
      }
    }
  }
}

/** Order of grants: cluster-wide ones first, then by their bindings' keys. */
function later(a: Grant, b: Grant): boolean {
  if ((a.namespace === "") !== (b.namespace === "")) return b.namespace === "";
  return a.key > b.key;
}

function subjectKey(subject: Subject, namespace: string): string {
  if (subject.kind !== "ServiceAccount") return `${subject.kind} ${subject.name}`;
  return `User system:serviceaccount:${subject.namespace || namespace}:${subject.name}`;
}

function describe(subject: Subject, namespace: string): string {
  if (subject.kind !== "ServiceAccount") return `${subject.kind} "${subject.name}"`;
  return `ServiceAccount "${subject.name}/${subject.namespace || namespace}"`;
}

/** Whether a rule lets a request through (pkg/apis/rbac/v1/evaluation_helpers.go). */
export function allows(rule: PolicyRule, attributes: AccessAttributes): boolean {
  const { verb, group, resource, subresource, name, path, isResource } = attributes;
  if (!has(rule.verbs, verb)) return false;
  if (!isResource) return (rule.nonResourceURLs ?? []).some((url) => pathMatches(url, path));
  if (!has(rule.apiGroups, group)) return false;
  const { resourceNames } = rule;
  if (resourceNames && resourceNames.length > 0 && !resourceNames.includes(name)) return false;
  const full = subresource === "" ? resource : `${resource}/${subresource}`;
  for (const entry of rule.resources ?? []) {
    if (entry === "*" || entry === full) return true;
    if (subresource !== "" && entry === `*/${subresource}`) return true;
  }
  return false;
}

function has(list: readonly string[] | undefined, value: string): boolean {
  return list !== undefined && (list.includes("*") || list.includes(value));
}

function pathMatches(url: string, path: string): boolean {
  return url === "*" || url === path || (url.endsWith("*") && path.startsWith(url.slice(0, -1).replace(/\*+$/, "")));
}
