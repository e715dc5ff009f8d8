/** create role, clusterrole, rolebinding, clusterrolebinding. */
import type { Gen } from "../../../kernel/index.ts";
import { Exit, KubectlError } from "../errors.ts";
import { compareStrings } from "../go.ts";
import type { Invocation } from "../invocation.ts";
import { requireFlags } from "../required.ts";
import { generating, type Json, meta } from "./generator.ts";

const VERBS = [
  "*",
  "get",
  "delete",
  "list",
  "create",
  "update",
  "patch",
  "watch",
  "proxy",
  "deletecollection",
  "use",
  "bind",
  "escalate",
  "impersonate",
];
const URL_VERBS = ["*", "get", "post", "put", "delete", "patch", "head", "options"];

/** Verbs that only some resources know: [group, resource]. */
const SPECIAL: Record<string, readonly [string, string][]> = {
  use: [
    ["policy", "podsecuritypolicies"],
    ["extensions", "podsecuritypolicies"],
  ],
  bind: [
    ["rbac.authorization.k8s.io", "roles"],
    ["rbac.authorization.k8s.io", "clusterroles"],
  ],
  escalate: [
    ["rbac.authorization.k8s.io", "roles"],
    ["rbac.authorization.k8s.io", "clusterroles"],
  ],
  impersonate: [
    ["", "users"],
    ["", "serviceaccounts"],
    ["", "groups"],
    ["authentication.k8s.io", "userextras"],
  ],
};

interface Asked {
  verbs: string[];
  resources: { group: string; resource: string; sub: string }[];
  names: string[];
}

function asked(k: Invocation): Asked {
  const { flags } = k;
  const verbs = flags.list("verb").includes("*") ? ["*"] : [...new Set(flags.list("verb"))];
  let resources: Asked["resources"] = [];
  for (const word of flags.list("resource")) {
    const slash = word.indexOf("/");
    const first = slash < 0 ? word : word.slice(0, slash);
    const dot = first.indexOf(".");
    const one = {
      group: dot < 0 ? "" : first.slice(dot + 1),
      resource: dot < 0 ? first : first.slice(0, dot),
      sub: slash < 0 ? "" : word.slice(slash + 1),
    };
    if (one.resource === "*" && dot < 0 && slash < 0) {
      resources = [one];
      break;
    }
    resources.push(one);
  }
  return { verbs, resources, names: [...new Set(flags.list("resource-name"))] };
}

/** Verbs that no resource is known to have are told of, and taken. */
function warnOfVerbs(k: Invocation, verbs: readonly string[]): void {
  for (const verb of verbs) if (!VERBS.includes(verb)) k.err(`Warning: '${verb}' is not a standard resource verb\n`);
}

function* rules(k: Invocation, { verbs, resources, names }: Asked): Gen<Json[]> {
  let discovery = yield* k.resources(2);
  const known = ({ group, resource }: Asked["resources"][number]) =>
    resource === "" ||
    resource === "*" ||
    discovery.find(group === "" ? resource : `${resource}.${group}`) !== undefined;
  if (!resources.every(known)) discovery = (yield* k.rediscovered(2)) ?? discovery;
  const groups = new Map<string, string[]>();
  let wildcard = false;
  for (const { group, resource, sub } of resources) {
    if (resource === "") throw new KubectlError("resource must be specified if apiGroup/subresource specified");
    const found = discovery.find(group === "" ? resource : `${resource}.${group}`);
    const exact = found && found.kind !== resource ? found : undefined;
    if (resource === "*") wildcard = true;
    else if (!wildcard) check(verbs, exact?.group ?? group, exact?.resource ?? resource, exact !== undefined, group);
    const key = exact?.group ?? group;
    const name = (exact?.resource ?? resource) + (sub === "" ? "" : `/${sub}`);
    const list = groups.get(key) ?? [];
    if (!list.includes(name)) groups.set(key, [...list, name]);
  }
  return [...groups.keys()].sort(compareStrings).map((group) => ({
    apiGroups: [group],
    ...(names.length > 0 && { resourceNames: names }),
    resources: groups.get(group),
    verbs,
  }));
}

function check(verbs: readonly string[], group: string, resource: string, known: boolean, askedGroup: string): void {
  let fine = known;
  for (const verb of verbs) {
    const special = SPECIAL[verb];
    if (special === undefined) continue;
    if (!special.some(([g, r]) => g === group && r === resource)) {
      throw new KubectlError(`can not perform '${verb}' on '${resource}' in group '${group}'`);
    }
    fine = true;
  }
  if (!fine) {
    const where = askedGroup === "" ? "" : ` in group "${askedGroup}"`;
    throw new Exit(1, `the server doesn't have a resource type "${resource}"${where}`);
  }
}

export const role = generating(roleOf, { named: true });

function* roleOf(k: Invocation, name: string): Gen<Json> {
  const wanted = asked(k);
  if (wanted.verbs.length === 0) throw new KubectlError("at least one verb must be specified");
  warnOfVerbs(k, wanted.verbs);
  if (wanted.resources.length === 0) throw new KubectlError("at least one resource must be specified");
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: meta(name),
    rules: yield* rules(k, wanted),
  };
}

export const clusterRole = generating(
  function* (k, name) {
    const { flags } = k;
    const wanted = asked(k);
    const urls = flags.list("non-resource-url");
    const matchLabels = flags.map("aggregation-rule");
    const base = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: meta(name) };
    if (Object.keys(matchLabels).length > 0) {
      if (urls.length > 0 || wanted.verbs.length > 0 || wanted.resources.length > 0 || wanted.names.length > 0) {
        throw new KubectlError(
          "aggregation rule must be specified without nonResourceURLs, verbs, resources or resourceNames",
        );
      }
      return { ...base, aggregationRule: { clusterRoleSelectors: [{ matchLabels }] }, rules: null };
    }
    if (wanted.verbs.length === 0) throw new KubectlError("at least one verb must be specified");
    if (wanted.resources.length === 0 && urls.length === 0) {
      throw new KubectlError("one of resource or nonResourceURL must be specified");
    }
    if (wanted.resources.length > 0) warnOfVerbs(k, wanted.verbs);
    const list = wanted.resources.length > 0 ? yield* rules(k, wanted) : [];
    for (const url of urls) {
      for (const verb of wanted.verbs) {
        if (!URL_VERBS.includes(verb)) throw new KubectlError(`invalid verb: '${verb}' for nonResourceURL`);
      }
      if (url === "*") continue;
      if (!url.startsWith("/")) throw new KubectlError("nonResourceURL should start with /");
      if (url.slice(0, -1).includes("*")) {
        throw new KubectlError("nonResourceURL only supports wildcard matches when '*' is at the end");
      }
    }
    if (urls.length > 0) list.push({ nonResourceURLs: urls, verbs: wanted.verbs });
    return { ...base, rules: list };
  },
  { clusterScoped: true, named: true },
);

function subjects(k: Invocation): Json[] {
  const { flags } = k;
  const apiGroup = "rbac.authorization.k8s.io";
  const accounts = flags.list("serviceaccount").map((text) => {
    const [namespace, name, ...rest] = text.split(":");
    if (!namespace || !name || rest.length > 0) throw new KubectlError("serviceaccount must be <namespace>:<name>");
    return { kind: "ServiceAccount", name, namespace };
  });
  return [
    ...flags.list("user").map((name) => ({ apiGroup, kind: "User", name })),
    ...flags.list("group").map((name) => ({ apiGroup, kind: "Group", name })),
    ...accounts,
  ];
}

function binding(kind: string, name: string, roleKind: string, roleName: string, list: Json[]): Json {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind,
    metadata: meta(name),
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: roleKind, name: roleName },
    ...(list.length > 0 && { subjects: list }),
  };
}

export const roleBinding = generating(
  (k, name) => {
    const clusterRoleName = k.flags.string("clusterrole");
    const roleName = k.flags.string("role");
    if ((clusterRoleName === "") === (roleName === "")) {
      throw new KubectlError("exactly one of clusterrole or role must be specified");
    }
    const kind = roleName === "" ? "ClusterRole" : "Role";
    return binding("RoleBinding", name, kind, roleName || clusterRoleName, subjects(k));
  },
  { failed: "rolebinding:", named: true },
);

const clusterRoleBindingGenerator = generating(
  (k, name) => binding("ClusterRoleBinding", name, "ClusterRole", k.flags.string("clusterrole"), subjects(k)),
  { clusterScoped: true, failed: "clusterrolebinding:" },
);

export function* clusterRoleBinding(k: Invocation) {
  requireFlags(k, ["clusterrole"]);
  return yield* clusterRoleBindingGenerator(k);
}
