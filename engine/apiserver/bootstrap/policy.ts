import type { KubeObject } from "../../api/types.ts";
import { deepFreeze } from "../frozen.ts";
import { type BootstrapRole, CLUSTER_ROLES } from "./cluster-roles.ts";
import { CONTROLLER_ROLES, CONTROLLERS } from "./controller-roles.ts";
import { type Rule, rule } from "./policy-rules.ts";

const API_VERSION = "rbac.authorization.k8s.io/v1";
const GROUP = "rbac.authorization.k8s.io";
const ANNOTATIONS = { "rbac.authorization.kubernetes.io/autoupdate": "true" };
const LABELS = { "kubernetes.io/bootstrapping": "rbac-defaults" };

interface Subject {
  kind: "Group" | "User" | "ServiceAccount";
  name: string;
  namespace?: string;
}

const group = (name: string): Subject => ({ kind: "Group", name });
const user = (name: string): Subject => ({ kind: "User", name });
const account = (name: string): Subject => ({ kind: "ServiceAccount", name, namespace: "kube-system" });

/** Objects of the RBAC bootstrap policy, in the order in which the server makes them (pkg/registry/rbac/rest/storage_rbac.go). */
export function policyObjects(): readonly KubeObject[] {
  policy ??= deepFreeze([
    ...[...CLUSTER_ROLES, ...CONTROLLER_ROLES].map(clusterRole),
    ...clusterRoleBindings(),
    ...roles(),
    ...roleBindings(),
  ]) as readonly KubeObject[];
  return policy;
}

/** Made once and frozen: every cluster's roles share these rules. */
let policy: readonly KubeObject[] | undefined;

function meta(name: string, namespace?: string, labels: Record<string, string> = {}): object {
  return { name, ...(namespace && { namespace }), labels: { ...LABELS, ...labels }, annotations: ANNOTATIONS };
}

function clusterRole(role: BootstrapRole): object {
  const label = (name: string) => `rbac.authorization.k8s.io/aggregate-to-${name}`;
  const labels = role.aggregatedTo ? { [label(role.aggregatedTo)]: "true" } : {};
  return {
    apiVersion: API_VERSION,
    kind: "ClusterRole",
    metadata: meta(role.name, undefined, labels),
    ...(role.aggregates && {
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [label(role.aggregates)]: "true" } }] },
    }),
    // The clusterrole-aggregation controller would gather these within the instant: made gathered, they hold from the start.
    rules: role.rules ?? aggregate(role.aggregates!),
  };
}

/** Rules of every role that is gathered into `name`, in order of their names. */
function aggregate(name: string): Rule[] {
  return CLUSTER_ROLES.filter((role) => role.aggregatedTo === name)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((role) => role.rules ?? aggregate(role.aggregates!));
}

function binding(
  name: string,
  role: string,
  kind: "ClusterRole" | "Role",
  subjects: Subject[],
  namespace?: string,
): object {
  return {
    apiVersion: API_VERSION,
    kind: namespace ? "RoleBinding" : "ClusterRoleBinding",
    metadata: meta(name, namespace),
    roleRef: { apiGroup: GROUP, kind, name: role },
    ...(subjects.length > 0 && {
      subjects: subjects.map((subject) =>
        subject.kind === "ServiceAccount" ? subject : { apiGroup: GROUP, kind: subject.kind, name: subject.name },
      ),
    }),
  };
}

function clusterRoleBindings(): object[] {
  const everybody = [group("system:authenticated"), group("system:unauthenticated")];
  const to = (role: string, ...subjects: Subject[]) => binding(role, role, "ClusterRole", subjects);
  return [
    to("cluster-admin", group("system:masters")),
    to("system:monitoring", group("system:monitoring")),
    to("system:discovery", group("system:authenticated")),
    to("system:basic-user", group("system:authenticated")),
    to("system:public-info-viewer", ...everybody),
    to("system:node-proxier", user("system:kube-proxy")),
    to("system:kube-controller-manager", user("system:kube-controller-manager")),
    to("system:kube-dns", account("kube-dns")),
    to("system:kube-scheduler", user("system:kube-scheduler")),
    to("system:volume-scheduler", user("system:kube-scheduler")),
    to("system:service-account-issuer-discovery", group("system:serviceaccounts")),
    // The node authorizer judges nodes; this binding has no subject, so that RBAC grants them nothing.
    to("system:node"),
    ...CONTROLLERS.map((name) => to(`system:controller:${name}`, account(name))),
  ];
}

function role(name: string, namespace: string, rules: readonly Rule[]): object {
  return { apiVersion: API_VERSION, kind: "Role", metadata: meta(name, namespace), rules };
}

const SYSTEM = "kube-system";

function roles(): object[] {
  const lock = (name: string) => [
    rule("watch", "", "configmaps"),
    rule("get update", "", "configmaps", name),
    rule("create get list update watch", "coordination.k8s.io", "leases"),
    rule("create get list update watch", "coordination.k8s.io", "leasecandidates"),
  ];
  return [
    role("system:controller:bootstrap-signer", "kube-public", [
      rule("get list watch", "", "configmaps"),
      rule("update", "", "configmaps", "cluster-info"),
      rule("create patch update", ",events.k8s.io", "events"),
    ]),
    role("extension-apiserver-authentication-reader", SYSTEM, [
      rule("get list watch", "", "configmaps", "extension-apiserver-authentication"),
    ]),
    role("system:controller:bootstrap-signer", SYSTEM, [rule("get list watch", "", "secrets")]),
    role("system:controller:cloud-provider", SYSTEM, [rule("create get list watch", "", "configmaps")]),
    role("system:controller:token-cleaner", SYSTEM, [
      rule("delete get list watch", "", "secrets"),
      rule("create patch update", ",events.k8s.io", "events"),
    ]),
    role("system::leader-locking-kube-controller-manager", SYSTEM, lock("kube-controller-manager")),
    role("system::leader-locking-kube-scheduler", SYSTEM, lock("kube-scheduler")),
  ];
}

function roleBindings(): object[] {
  const to = (name: string, namespace: string, ...subjects: Subject[]) =>
    binding(name, name, "Role", subjects, namespace);
  const manager = user("system:kube-controller-manager");
  const scheduler = user("system:kube-scheduler");
  return [
    to("system:controller:bootstrap-signer", "kube-public", account("bootstrap-signer")),
    binding(
      "system::extension-apiserver-authentication-reader",
      "extension-apiserver-authentication-reader",
      "Role",
      [manager, scheduler],
      SYSTEM,
    ),
    to(
      "system::leader-locking-kube-controller-manager",
      SYSTEM,
      manager,
      account("kube-controller-manager"),
      account("leader-election-controller"),
    ),
    to("system::leader-locking-kube-scheduler", SYSTEM, scheduler, account("kube-scheduler")),
    to("system:controller:bootstrap-signer", SYSTEM, account("bootstrap-signer")),
    to("system:controller:cloud-provider", SYSTEM, account("cloud-provider")),
    to("system:controller:token-cleaner", SYSTEM, account("token-cleaner")),
  ];
}
