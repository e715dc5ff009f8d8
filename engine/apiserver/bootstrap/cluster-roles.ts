import { EVENTS, READ, READ_WRITE, type Rule, rule, urls, WRITE } from "./policy-rules.ts";

/** A role of the bootstrap policy: its rules, or the label by which it gathers those of others. */
export interface BootstrapRole {
  name: string;
  rules?: readonly Rule[];
  /** `admin`: gathers roles labelled aggregate-to-admin. */
  aggregates?: string;
  /** Is gathered into that role. */
  aggregatedTo?: string;
}

const CERTIFICATES = "certificates.k8s.io";
const STORAGE = "storage.k8s.io";
const WORKLOADS =
  "daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale";
const OLD_WORKLOADS =
  "daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale";

function leader(name: string): Rule[] {
  const group = "coordination.k8s.io";
  return [EVENTS, rule("create", group, "leases"), rule("get update", group, "leases", name)];
}

function approver(signer: string): Rule[] {
  return [rule("approve", CERTIFICATES, "signers", `kubernetes.io/${signer}`)];
}

const delegation = [
  rule("create", "authentication.k8s.io", "tokenreviews"),
  rule("create", "authorization.k8s.io", "subjectaccessreviews"),
];

/** Default ClusterRoles (plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go ClusterRoles). */
export const CLUSTER_ROLES: readonly BootstrapRole[] = [
  { name: "cluster-admin", rules: [rule("*", "*", "*"), urls("*", "*")] },
  { name: "admin", aggregates: "admin" },
  { name: "edit", aggregates: "edit", aggregatedTo: "admin" },
  { name: "view", aggregates: "view", aggregatedTo: "edit" },
  {
    name: "system:aggregate-to-admin",
    aggregatedTo: "admin",
    rules: [
      rule("create", "authorization.k8s.io", "localsubjectaccessreviews"),
      rule(READ_WRITE, "rbac.authorization.k8s.io", "rolebindings roles"),
    ],
  },
  {
    name: "system:aggregate-to-edit",
    aggregatedTo: "edit",
    rules: [
      rule(READ, "", "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy"),
      rule("impersonate", "", "serviceaccounts"),
      rule(WRITE, "", "pods pods/attach pods/exec pods/portforward pods/proxy"),
      rule("create", "", "pods/eviction"),
      rule(
        WRITE,
        "",
        "configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy",
      ),
      rule("create", "", "serviceaccounts/token"),
      rule(WRITE, "apps", WORKLOADS),
      rule(WRITE, "autoscaling", "horizontalpodautoscalers"),
      rule(WRITE, "batch", "cronjobs jobs"),
      rule(WRITE, "extensions", OLD_WORKLOADS),
      rule(WRITE, "policy", "poddisruptionbudgets"),
      rule(WRITE, "networking.k8s.io", "ingresses networkpolicies"),
      rule(READ_WRITE, "coordination.k8s.io", "leases"),
    ],
  },
  {
    name: "system:aggregate-to-view",
    aggregatedTo: "view",
    rules: [
      rule(
        READ,
        "",
        "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status",
      ),
      rule(
        READ,
        "",
        "bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status",
      ),
      rule(READ, "", "namespaces"),
      rule(READ, "discovery.k8s.io", "endpointslices"),
      rule(
        READ,
        "apps",
        "controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status",
      ),
      rule(READ, "autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status"),
      rule(READ, "batch", "cronjobs cronjobs/status jobs jobs/status"),
      rule(
        READ,
        "extensions",
        "daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale",
      ),
      rule(READ, "policy", "poddisruptionbudgets poddisruptionbudgets/status"),
      rule(READ, "networking.k8s.io", "ingresses ingresses/status networkpolicies"),
    ],
  },
  { name: "system:auth-delegator", rules: delegation },
  {
    name: "system:basic-user",
    rules: [
      rule("create", "authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews"),
      rule("create", "authentication.k8s.io", "selfsubjectreviews"),
    ],
  },
  {
    name: "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
    rules: [rule("create", CERTIFICATES, "certificatesigningrequests/nodeclient")],
  },
  {
    name: "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
    rules: [rule("create", CERTIFICATES, "certificatesigningrequests/selfnodeclient")],
  },
  { name: "system:certificates.k8s.io:kube-apiserver-client-approver", rules: approver("kube-apiserver-client") },
  {
    name: "system:certificates.k8s.io:kube-apiserver-client-kubelet-approver",
    rules: approver("kube-apiserver-client-kubelet"),
  },
  { name: "system:certificates.k8s.io:kubelet-serving-approver", rules: approver("kubelet-serving") },
  { name: "system:certificates.k8s.io:legacy-unknown-approver", rules: approver("legacy-unknown") },
  {
    name: "system:discovery",
    rules: [urls("get", "/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/")],
  },
  {
    name: "system:heapster",
    rules: [rule(READ, "", "events namespaces nodes pods"), rule(READ, "extensions", "deployments")],
  },
  { name: "system:kube-aggregator", rules: [rule(READ, "", "endpoints services")] },
  {
    name: "system:kube-controller-manager",
    rules: [
      ...leader("kube-controller-manager"),
      rule("create", "", "secrets serviceaccounts"),
      rule("delete", "", "secrets"),
      rule("get", "", "configmaps namespaces secrets serviceaccounts"),
      rule("update", "", "secrets serviceaccounts"),
      ...delegation,
      rule("list watch", "*", "*"),
      rule("create", "", "serviceaccounts/token"),
    ],
  },
  { name: "system:kube-dns", rules: [rule("list watch", "", "endpoints services")] },
  {
    name: "system:kube-scheduler",
    rules: [
      EVENTS,
      rule("create", "coordination.k8s.io", "leases"),
      rule("get list update watch", "coordination.k8s.io", "leases", "kube-scheduler"),
      rule("create delete deletecollection get list patch update watch", "coordination.k8s.io", "leasecandidates"),
      rule(READ, "", "nodes"),
      rule("delete get list watch", "", "pods"),
      rule("create", "", "bindings pods/binding"),
      rule("patch update", "", "pods/status"),
      rule(READ, "", "replicationcontrollers services"),
      rule(READ, "apps,extensions", "replicasets"),
      rule(READ, "apps", "statefulsets"),
      rule(READ, "policy", "poddisruptionbudgets"),
      rule(READ, "", "persistentvolumeclaims persistentvolumes"),
      ...delegation,
      rule(READ, STORAGE, "csinodes"),
      rule(READ, STORAGE, "volumeattachments"),
      rule(READ, "", "namespaces"),
      rule(READ, STORAGE, "csidrivers"),
      rule(READ, STORAGE, "csistoragecapacities"),
    ],
  },
  {
    name: "system:kubelet-api-admin",
    rules: [
      rule(READ, "", "nodes"),
      rule("proxy", "", "nodes"),
      rule("*", "", "nodes/log nodes/metrics nodes/proxy nodes/stats"),
    ],
  },
  {
    name: "system:monitoring",
    rules: [urls("get", "/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*")],
  },
  {
    name: "system:node",
    rules: [
      rule("create", "authentication.k8s.io", "tokenreviews"),
      rule("create", "authorization.k8s.io", "localsubjectaccessreviews subjectaccessreviews"),
      rule(READ, "", "services"),
      rule("create get list watch", "", "nodes"),
      rule("patch update", "", "nodes/status"),
      rule("patch update", "", "nodes"),
      rule("create patch update", "", "events"),
      rule(READ, "", "pods"),
      rule("create delete", "", "pods"),
      rule("patch update", "", "pods/status"),
      rule("create", "", "pods/eviction"),
      rule(READ, "", "configmaps secrets"),
      rule("get", "", "persistentvolumeclaims persistentvolumes"),
      rule("get", "", "endpoints"),
      rule("create get list watch", CERTIFICATES, "certificatesigningrequests"),
      rule("create delete get patch update", "coordination.k8s.io", "leases"),
      rule("get", STORAGE, "volumeattachments"),
      rule("create", "", "serviceaccounts/token"),
      rule("get patch update", "", "persistentvolumeclaims/status"),
      rule(READ, STORAGE, "csidrivers"),
      rule("create delete get patch update", STORAGE, "csinodes"),
      rule(READ, "node.k8s.io", "runtimeclasses"),
    ],
  },
  {
    name: "system:node-bootstrapper",
    rules: [rule("create get list watch", CERTIFICATES, "certificatesigningrequests")],
  },
  {
    name: "system:node-problem-detector",
    rules: [rule("get", "", "nodes"), rule("patch", "", "nodes/status"), EVENTS],
  },
  {
    name: "system:node-proxier",
    rules: [
      rule("list watch", "", "endpoints services"),
      rule(READ, "", "nodes"),
      EVENTS,
      rule("list watch", "discovery.k8s.io", "endpointslices"),
    ],
  },
  {
    name: "system:persistent-volume-provisioner",
    rules: [
      rule("create delete get list watch", "", "persistentvolumes"),
      rule("get list update watch", "", "persistentvolumeclaims"),
      rule(READ, STORAGE, "storageclasses"),
      rule("watch", "", "events"),
      EVENTS,
    ],
  },
  { name: "system:public-info-viewer", rules: [urls("get", "/healthz /livez /readyz /version /version/")] },
  {
    name: "system:service-account-issuer-discovery",
    rules: [
      urls(
        "get",
        "/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/",
      ),
    ],
  },
  {
    name: "system:volume-scheduler",
    rules: [
      rule("get list patch update watch", "", "persistentvolumes"),
      rule(READ, STORAGE, "storageclasses"),
      rule("get list patch update watch", "", "persistentvolumeclaims"),
    ],
  },
];
