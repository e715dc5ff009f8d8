import type { RequestRate } from "../api/rate-limiter.ts";
import { startAttachDetach } from "./attach-detach.ts";
import { startBootstrapSigner, startTokenCleaner } from "./bootstrap-tokens.ts";
import { startCertificateApproving } from "./certificate-approving.ts";
import { startCertificateCleaning } from "./certificate-cleaning.ts";
import { startCertificateSigning } from "./certificate-signing.ts";
import { startClusterRoleAggregation } from "./cluster-role-aggregation.ts";
import type { StartController } from "./context.ts";
import { startCronJobController } from "./cronjob.ts";
import { startDaemonSetController } from "./daemonset.ts";
import { startDeploymentController } from "./deployment.ts";
import { startDisruptionController } from "./disruption.ts";
import { startEndpointsController } from "./endpoints.ts";
import { startEndpointSliceController } from "./endpointslice.ts";
import { startEndpointSliceMirroring } from "./endpointslice-mirroring.ts";
import { startGarbageCollector } from "./garbage-collector.ts";
import { startHorizontalPodAutoscaler } from "./horizontal-pod-autoscaler/controller.ts";
import { startJobController } from "./job.ts";
import { startNamespaceController } from "./namespace.ts";
import { startNodeIpamController } from "./node-ipam.ts";
import { startNodeLifecycleController } from "./node-lifecycle.ts";
import { startNodeTtl } from "./node-ttl.ts";
import { startVolumeBinder } from "./persistent-volume/binder.ts";
import { startEphemeralVolumes } from "./persistent-volume/ephemeral.ts";
import { startVolumeExpander } from "./persistent-volume/expand.ts";
import { startClaimProtection, startVolumeProtection } from "./persistent-volume/protection.ts";
import { startPodGarbageCollector } from "./pod-gc.ts";
import { startReplicaSetController, startReplicationController } from "./replicaset.ts";
import { startResourceQuotaController } from "./resource-quota.ts";
import { startRootCaPublisher, startServiceAccountController } from "./service-account.ts";
import { startServiceAccountTokens } from "./service-account-token.ts";
import { startServiceLoadBalancers } from "./service-lb.ts";
import { startStatefulSetController } from "./statefulset.ts";
import { startTtlAfterFinished } from "./ttl-after-finished.ts";

export interface ControllerEntry {
  /** As log lines and --controllers name it. */
  name: string;
  /** Under whose name it acts, in kube-system; undefined: the process's own. */
  serviceAccount?: string;
  /** The events' source, where it is another name. */
  component?: string;
  /** How many times the others' rate its client may ask (cmd/kube-controller-manager/app/core.go). */
  faster?: Partial<RequestRate>;
  start: StartController;
}

/** ServiceAccounts of controllers whose work is done elsewhere here, or has nothing to do. */
const OTHER_ACCOUNTS = [
  "attachdetach-controller",
  "legacy-service-account-token-cleaner",
  "validatingadmissionpolicy-status-controller",
];

/**
 * ServiceAccounts that are there once the process leads: every controller's client begins with its own (client builder
 * of controllermanager.go). The service controller does not start without a cloud.
 */
export function startingAccounts(): string[] {
  const own = CONTROLLERS.flatMap(({ serviceAccount }) => serviceAccount ?? []);
  return [...new Set([...own, ...OTHER_ACCOUNTS])].filter((name) => name !== "service-controller");
}

/** Every controller of the process; a new one is one line here. */
export const CONTROLLERS: readonly ControllerEntry[] = [
  {
    name: "serviceaccount-controller",
    serviceAccount: "service-account-controller",
    start: startServiceAccountController,
  },
  { name: "serviceaccount-token-controller", start: startServiceAccountTokens },
  {
    name: "root-ca-certificate-publisher-controller",
    serviceAccount: "root-ca-cert-publisher",
    start: startRootCaPublisher,
  },
  { name: "node-ipam-controller", serviceAccount: "node-controller", start: startNodeIpamController },
  { name: "node-lifecycle-controller", serviceAccount: "node-controller", start: startNodeLifecycleController },
  { name: "ttl-controller", serviceAccount: "ttl-controller", start: startNodeTtl },
  { name: "deployment-controller", serviceAccount: "deployment-controller", start: startDeploymentController },
  { name: "replicaset-controller", serviceAccount: "replicaset-controller", start: startReplicaSetController },
  {
    name: "daemonset-controller",
    serviceAccount: "daemon-set-controller",
    component: "daemonset-controller",
    start: startDaemonSetController,
  },
  { name: "statefulset-controller", serviceAccount: "statefulset-controller", start: startStatefulSetController },
  {
    name: "replicationcontroller-controller",
    serviceAccount: "replication-controller",
    start: startReplicationController,
  },
  {
    name: "disruption-controller",
    serviceAccount: "disruption-controller",
    component: "controllermanager",
    start: startDisruptionController,
  },
  { name: "resourcequota-controller", serviceAccount: "resourcequota-controller", start: startResourceQuotaController },
  {
    name: "horizontal-pod-autoscaler-controller",
    serviceAccount: "horizontal-pod-autoscaler",
    start: startHorizontalPodAutoscaler,
  },
  { name: "job-controller", serviceAccount: "job-controller", start: startJobController },
  { name: "cronjob-controller", serviceAccount: "cronjob-controller", start: startCronJobController },
  {
    name: "ttl-after-finished-controller",
    serviceAccount: "ttl-after-finished-controller",
    start: startTtlAfterFinished,
  },
  { name: "endpoints-controller", serviceAccount: "endpoint-controller", start: startEndpointsController },
  {
    name: "endpointslice-controller",
    serviceAccount: "endpointslice-controller",
    component: "endpoint-slice-controller",
    start: startEndpointSliceController,
  },
  {
    name: "endpointslice-mirroring-controller",
    serviceAccount: "endpointslicemirroring-controller",
    component: "endpoint-slice-mirroring-controller",
    start: startEndpointSliceMirroring,
  },
  { name: "service-lb-controller", serviceAccount: "service-controller", start: startServiceLoadBalancers },
  {
    name: "clusterrole-aggregation-controller",
    serviceAccount: "clusterrole-aggregation-controller",
    start: startClusterRoleAggregation,
  },
  {
    name: "certificatesigningrequest-approving-controller",
    serviceAccount: "certificate-controller",
    start: startCertificateApproving,
  },
  { name: "bootstrap-signer-controller", serviceAccount: "bootstrap-signer", start: startBootstrapSigner },
  { name: "token-cleaner-controller", serviceAccount: "token-cleaner", start: startTokenCleaner },
  {
    name: "certificatesigningrequest-signing-controller",
    serviceAccount: "certificate-controller",
    start: startCertificateSigning,
  },
  {
    name: "certificatesigningrequest-cleaner-controller",
    serviceAccount: "certificate-controller",
    start: startCertificateCleaning,
  },
  {
    name: "persistentvolume-attach-detach-controller",
    serviceAccount: "attachdetach-controller",
    component: "attachdetach-controller",
    start: startAttachDetach,
  },
  {
    name: "persistentvolume-binder-controller",
    serviceAccount: "persistent-volume-binder",
    component: "persistentvolume-controller",
    start: startVolumeBinder,
  },
  {
    name: "persistentvolume-expander-controller",
    serviceAccount: "expand-controller",
    component: "volume_expand",
    start: startVolumeExpander,
  },
  {
    name: "ephemeral-volume-controller",
    serviceAccount: "ephemeral-volume-controller",
    component: "ephemeral_volume",
    start: startEphemeralVolumes,
  },
  {
    name: "persistentvolumeclaim-protection-controller",
    serviceAccount: "pvc-protection-controller",
    start: startClaimProtection,
  },
  {
    name: "persistentvolume-protection-controller",
    serviceAccount: "pv-protection-controller",
    start: startVolumeProtection,
  },
  {
    name: "namespace-controller",
    serviceAccount: "namespace-controller",
    faster: { qps: 20, burst: 100 },
    start: startNamespaceController,
  },
  {
    name: "garbage-collector-controller",
    serviceAccount: "generic-garbage-collector",
    component: "garbage-collector-controller",
    faster: { qps: 2 },
    start: startGarbageCollector,
  },
  {
    name: "pod-garbage-collector-controller",
    serviceAccount: "pod-garbage-collector",
    start: startPodGarbageCollector,
  },
];
