import type { BootstrapRole } from "./cluster-roles.ts";
import { EVENTS, READ, type Rule, rule } from "./policy-rules.ts";

const APPS = "apps,extensions";
const STORAGE = "storage.k8s.io";
const ALL_BUT_COLLECTION = "create delete get list patch update watch";

/**
 * Rules of the controllers, each bound to the ServiceAccount of its name in kube-system
 * (plugin/pkg/auth/authorizer/rbac/bootstrappolicy/controller_policy.go).
 */
const RULES: Readonly<Record<string, readonly Rule[]>> = {
  "attachdetach-controller": [
    rule("list watch", "", "persistentvolumeclaims persistentvolumes"),
    rule(READ, "", "nodes"),
    rule("patch update", "", "nodes/status"),
    rule("list watch", "", "pods"),
    EVENTS,
    rule("create delete get list watch", STORAGE, "volumeattachments"),
    rule(READ, STORAGE, "csidrivers"),
    rule(READ, STORAGE, "csinodes"),
  ],
  "certificate-controller": [
    rule("delete get list watch", "certificates.k8s.io", "certificatesigningrequests"),
    rule("update", "certificates.k8s.io", "certificatesigningrequests/approval certificatesigningrequests/status"),
    rule("approve", "certificates.k8s.io", "signers", "kubernetes.io/kube-apiserver-client-kubelet"),
    rule(
      "sign",
      "certificates.k8s.io",
      "signers",
      "kubernetes.io/kube-apiserver-client kubernetes.io/kube-apiserver-client-kubelet kubernetes.io/kubelet-serving kubernetes.io/legacy-unknown",
    ),
    rule("create", "authorization.k8s.io", "subjectaccessreviews"),
    EVENTS,
  ],
  "clusterrole-aggregation-controller": [
    rule("escalate get list patch update watch", "rbac.authorization.k8s.io", "clusterroles"),
  ],
  "cronjob-controller": [
    rule("get list update watch", "batch", "cronjobs"),
    rule(ALL_BUT_COLLECTION, "batch", "jobs"),
    rule("update", "batch", "cronjobs/status"),
    rule("update", "batch", "cronjobs/finalizers"),
    rule("delete list watch", "", "pods"),
    EVENTS,
  ],
  "daemon-set-controller": [
    rule(READ, APPS, "daemonsets"),
    rule("update", APPS, "daemonsets/status"),
    rule("update", APPS, "daemonsets/finalizers"),
    rule("list watch", "", "nodes"),
    rule("create delete list patch watch", "", "pods"),
    rule("create", "", "pods/binding"),
    rule(ALL_BUT_COLLECTION, "apps", "controllerrevisions"),
    EVENTS,
  ],
  "deployment-controller": [
    rule("get list update watch", APPS, "deployments"),
    rule("update", APPS, "deployments/status"),
    rule("update", APPS, "deployments/finalizers"),
    rule(ALL_BUT_COLLECTION, APPS, "replicasets"),
    rule("get list update watch", "", "pods"),
    EVENTS,
  ],
  "disruption-controller": [
    rule(READ, APPS, "deployments"),
    rule(READ, APPS, "replicasets"),
    rule(READ, "", "replicationcontrollers"),
    rule(READ, "policy", "poddisruptionbudgets"),
    rule(READ, "apps", "statefulsets"),
    rule("update", "policy", "poddisruptionbudgets/status"),
    rule("patch update", "", "pods/status"),
    rule("get", "*", "*/scale"),
    EVENTS,
  ],
  "endpoint-controller": [
    rule(READ, "", "pods services"),
    rule("create delete get list update watch", "", "endpoints"),
    rule("create", "", "endpoints/restricted"),
    EVENTS,
  ],
  "endpointslice-controller": [
    rule(READ, "", "nodes pods services"),
    rule("update", "", "services/finalizers"),
    rule("create delete get list update watch", "discovery.k8s.io", "endpointslices"),
    EVENTS,
  ],
  "endpointslicemirroring-controller": [
    rule(READ, "", "endpoints services"),
    rule("update", "", "services/finalizers"),
    rule("update", "", "endpoints/finalizers"),
    rule("create delete get list update watch", "discovery.k8s.io", "endpointslices"),
    EVENTS,
  ],
  "ephemeral-volume-controller": [
    rule(READ, "", "pods"),
    rule("update", "", "pods/finalizers"),
    rule("create get list watch", "", "persistentvolumeclaims"),
    EVENTS,
  ],
  "expand-controller": [
    rule("get list patch update watch", "", "persistentvolumes"),
    rule("patch update", "", "persistentvolumeclaims/status"),
    rule(READ, "", "persistentvolumeclaims"),
    EVENTS,
    rule("get", "", "services"),
  ],
  "generic-garbage-collector": [rule("delete get list patch update watch", "*", "*"), EVENTS],
  "horizontal-pod-autoscaler": [
    rule(READ, "autoscaling", "horizontalpodautoscalers"),
    rule("update", "autoscaling", "horizontalpodautoscalers/status"),
    rule("get update", "*", "*/scale"),
    rule("list watch", "", "pods"),
    rule("list watch", "metrics.k8s.io", "pods"),
    rule(READ, "custom.metrics.k8s.io", "*"),
    rule(READ, "external.metrics.k8s.io", "*"),
    EVENTS,
  ],
  "job-controller": [
    rule("get list patch update watch", "batch", "jobs"),
    rule("update", "batch", "jobs/status"),
    rule("update", "batch", "jobs/finalizers"),
    rule("create delete list patch watch", "", "pods"),
    EVENTS,
  ],
  "legacy-service-account-token-cleaner": [
    rule("get", "", "configmaps", "kube-apiserver-legacy-service-account-token-tracking"),
    rule("delete patch", "", "secrets"),
  ],
  "namespace-controller": [
    rule("delete get list watch", "", "namespaces"),
    rule("update", "", "namespaces/finalize namespaces/status"),
    rule("delete deletecollection get list watch", "*", "*"),
  ],
  "node-controller": [
    rule("delete get list patch update watch", "", "nodes"),
    rule("patch update", "", "nodes/status"),
    rule("patch update", "", "pods/status"),
    rule("delete get list watch", "", "pods"),
    EVENTS,
  ],
  "persistent-volume-binder": [
    rule("create delete get list update watch", "", "persistentvolumes"),
    rule("update", "", "persistentvolumes/status"),
    rule("get list update watch", "", "persistentvolumeclaims"),
    rule("update", "", "persistentvolumeclaims/status"),
    rule("create delete get list watch", "", "pods"),
    rule(READ, STORAGE, "storageclasses"),
    rule("list watch", "", "nodes"),
    EVENTS,
    rule("watch", "", "events"),
    rule("get", "", "services"),
  ],
  "pod-garbage-collector": [
    rule("delete list watch", "", "pods"),
    rule(READ, "", "nodes"),
    rule("patch", "", "pods/status"),
  ],
  "pv-protection-controller": [rule("get list update watch", "", "persistentvolumes"), EVENTS],
  "pvc-protection-controller": [
    rule("get list update watch", "", "persistentvolumeclaims"),
    rule(READ, "", "pods"),
    EVENTS,
  ],
  "replicaset-controller": [
    rule("get list update watch", APPS, "replicasets"),
    rule("update", APPS, "replicasets/status"),
    rule("update", APPS, "replicasets/finalizers"),
    rule("create delete list patch watch", "", "pods"),
    EVENTS,
  ],
  "replication-controller": [
    rule("get list update watch", "", "replicationcontrollers"),
    rule("update", "", "replicationcontrollers/status"),
    rule("update", "", "replicationcontrollers/finalizers"),
    rule("create delete list patch watch", "", "pods"),
    EVENTS,
  ],
  "resourcequota-controller": [rule("list watch", "*", "*"), rule("update", "", "resourcequotas/status"), EVENTS],
  "root-ca-cert-publisher": [rule("create update", "", "configmaps"), EVENTS],
  "route-controller": [rule("list watch", "", "nodes"), rule("patch", "", "nodes/status"), EVENTS],
  "service-account-controller": [rule("create", "", "serviceaccounts"), EVENTS],
  "service-controller": [
    rule(READ, "", "services"),
    rule("patch update", "", "services/status"),
    rule("list watch", "", "nodes"),
    EVENTS,
  ],
  "statefulset-controller": [
    rule("list watch", "", "pods"),
    rule(READ, "apps", "statefulsets"),
    rule("update", "apps", "statefulsets/status"),
    rule("update", "apps", "statefulsets/finalizers"),
    rule("create delete get patch update", "", "pods"),
    rule(ALL_BUT_COLLECTION, "apps", "controllerrevisions"),
    rule("create get list watch", "", "persistentvolumeclaims"),
    EVENTS,
    rule("delete update", "", "persistentvolumeclaims"),
    rule("update", "", "pods/finalizers"),
  ],
  "ttl-after-finished-controller": [rule("delete get list watch", "batch", "jobs"), EVENTS],
  "ttl-controller": [rule("list patch update watch", "", "nodes"), EVENTS],
  "validatingadmissionpolicy-status-controller": [
    rule(READ, "admissionregistration.k8s.io", "validatingadmissionpolicies"),
    rule("get patch update", "admissionregistration.k8s.io", "validatingadmissionpolicies/status"),
    EVENTS,
  ],
};

/** Names of the ServiceAccounts in kube-system, which are those of the roles too. */
export const CONTROLLERS: readonly string[] = Object.keys(RULES);

export const CONTROLLER_ROLES: readonly BootstrapRole[] = CONTROLLERS.map((name) => ({
  name: `system:controller:${name}`,
  rules: RULES[name]!,
}));
