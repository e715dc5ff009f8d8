import type { Resource } from "./types.ts";

function resource(group: string, resource: string, kind: string, namespaced = true): Resource {
  return { group, version: "v1", resource, kind, namespaced };
}

/** How clients of the API name the built-in kinds they work with. */
export const PODS = resource("", "pods", "Pod");
export const NODES = resource("", "nodes", "Node", false);
export const NAMESPACES = resource("", "namespaces", "Namespace", false);
export const SERVICES = resource("", "services", "Service");
export const ENDPOINTS = resource("", "endpoints", "Endpoints");
export const CONFIG_MAPS = resource("", "configmaps", "ConfigMap");
export const SECRETS = resource("", "secrets", "Secret");
export const SERVICE_ACCOUNTS = resource("", "serviceaccounts", "ServiceAccount");
export const EVENTS = resource("", "events", "Event");
export const PERSISTENT_VOLUMES = resource("", "persistentvolumes", "PersistentVolume", false);
export const PERSISTENT_VOLUME_CLAIMS = resource("", "persistentvolumeclaims", "PersistentVolumeClaim");
export const DEPLOYMENTS = resource("apps", "deployments", "Deployment");
export const REPLICA_SETS = resource("apps", "replicasets", "ReplicaSet");
export const DAEMON_SETS = resource("apps", "daemonsets", "DaemonSet");
export const STATEFUL_SETS = resource("apps", "statefulsets", "StatefulSet");
export const CONTROLLER_REVISIONS = resource("apps", "controllerrevisions", "ControllerRevision");
export const JOBS = resource("batch", "jobs", "Job");
export const CRON_JOBS = resource("batch", "cronjobs", "CronJob");
export const REPLICATION_CONTROLLERS = resource("", "replicationcontrollers", "ReplicationController");
export const CERTIFICATE_SIGNING_REQUESTS = {
  ...resource("certificates.k8s.io", "certificatesigningrequests", "CertificateSigningRequest"),
  namespaced: false,
};
export const RESOURCE_QUOTAS = resource("", "resourcequotas", "ResourceQuota");
export const POD_DISRUPTION_BUDGETS = resource("policy", "poddisruptionbudgets", "PodDisruptionBudget");
export const HORIZONTAL_POD_AUTOSCALERS = {
  ...resource("autoscaling", "horizontalpodautoscalers", "HorizontalPodAutoscaler"),
  version: "v2",
};
export const INGRESSES = resource("networking.k8s.io", "ingresses", "Ingress");
export const INGRESS_CLASSES = resource("networking.k8s.io", "ingressclasses", "IngressClass", false);
export const VALIDATING_WEBHOOKS = resource(
  "admissionregistration.k8s.io",
  "validatingwebhookconfigurations",
  "ValidatingWebhookConfiguration",
  false,
);
export const NETWORK_POLICIES = resource("networking.k8s.io", "networkpolicies", "NetworkPolicy");
export const STORAGE_CLASSES = resource("storage.k8s.io", "storageclasses", "StorageClass", false);
export const CSI_NODES = resource("storage.k8s.io", "csinodes", "CSINode", false);
export const VOLUME_ATTACHMENTS = resource("storage.k8s.io", "volumeattachments", "VolumeAttachment", false);
export const CSI_DRIVERS = resource("storage.k8s.io", "csidrivers", "CSIDriver", false);
export const CLUSTER_ROLES = resource("rbac.authorization.k8s.io", "clusterroles", "ClusterRole", false);
export const LEASES = resource("coordination.k8s.io", "leases", "Lease");
export const CUSTOM_RESOURCE_DEFINITIONS = resource(
  "apiextensions.k8s.io",
  "customresourcedefinitions",
  "CustomResourceDefinition",
  false,
);
export const ENDPOINT_SLICES = resource("discovery.k8s.io", "endpointslices", "EndpointSlice");
/** The same stored objects as EVENTS, in their newer form. */
export const EVENTS_V1 = resource("events.k8s.io", "events", "Event");
