/** Flags that the control plane's programs take in 1.32, as their reference pages list them; others end the program. */
const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** Of every component: logging, serving, TLS, delegated authentication and authorization, feature gates. */
const COMMON = words(`
  help version v vmodule logging-format log-flush-frequency log-text-split-stream log-text-info-buffer-size
  log-json-split-stream log-json-info-buffer-size feature-gates emulated-version allow-metric-labels
  allow-metric-labels-manifest disabled-metrics show-hidden-metrics-for-version profiling contention-profiling
  bind-address secure-port cert-dir tls-cert-file tls-private-key-file tls-cipher-suites tls-min-version
  tls-sni-cert-key http2-max-streams-per-connection permit-address-sharing permit-port-sharing
  requestheader-client-ca-file requestheader-allowed-names requestheader-extra-headers-prefix
  requestheader-group-headers requestheader-username-headers requestheader-uid-headers client-ca-file
`);

/** Of the components that are clients of the API server and elect a leader. */
const CLIENTS = words(`
  kubeconfig master authentication-kubeconfig authentication-skip-lookup authentication-token-webhook-cache-ttl
  authentication-tolerate-lookup-failure authorization-kubeconfig authorization-always-allow-paths
  authorization-webhook-cache-authorized-ttl authorization-webhook-cache-unauthorized-ttl kube-api-burst kube-api-qps
  kube-api-content-type leader-elect leader-elect-lease-duration leader-elect-renew-deadline leader-elect-retry-period
  leader-elect-resource-lock leader-elect-resource-name leader-elect-resource-namespace
`);

const APISERVER = words(`
  admission-control admission-control-config-file advertise-address aggregator-reject-forwarding-redirects
  allow-privileged anonymous-auth api-audiences apiserver-count audit-log-batch-buffer-size audit-log-batch-max-size
  audit-log-batch-max-wait audit-log-batch-throttle-burst audit-log-batch-throttle-enable audit-log-batch-throttle-qps
  audit-log-compress audit-log-format audit-log-maxage audit-log-maxbackup audit-log-maxsize audit-log-mode
  audit-log-path audit-log-truncate-enabled audit-log-truncate-max-batch-size audit-log-truncate-max-event-size
  audit-log-version audit-policy-file audit-webhook-batch-buffer-size audit-webhook-batch-max-size
  audit-webhook-batch-max-wait audit-webhook-batch-throttle-burst audit-webhook-batch-throttle-enable
  audit-webhook-batch-throttle-qps audit-webhook-config-file audit-webhook-initial-backoff audit-webhook-mode
  audit-webhook-truncate-enabled audit-webhook-truncate-max-batch-size audit-webhook-truncate-max-event-size
  audit-webhook-version authentication-config authentication-token-webhook-cache-ttl
  authentication-token-webhook-config-file authentication-token-webhook-version authorization-config
  authorization-mode authorization-policy-file authorization-webhook-cache-authorized-ttl
  authorization-webhook-cache-unauthorized-ttl authorization-webhook-config-file authorization-webhook-version
  cloud-config cloud-provider cloud-provider-gce-l7lb-src-cidrs cloud-provider-gce-lb-src-cidrs coordinated-leadership-lease-duration
  coordinated-leadership-renew-deadline coordinated-leadership-retry-period cors-allowed-origins debug-socket-path
  default-not-ready-toleration-seconds default-unreachable-toleration-seconds default-watch-cache-size
  delete-collection-workers disable-admission-plugins disable-http2-serving egress-selector-config-file
  enable-admission-plugins enable-aggregator-routing enable-bootstrap-token-auth enable-garbage-collector enable-logs-handler
  enable-priority-and-fairness encryption-provider-config encryption-provider-config-automatic-reload
  endpoint-reconciler-type etcd-cafile etcd-certfile etcd-compaction-interval etcd-count-metric-poll-period
  etcd-db-metric-poll-interval etcd-healthcheck-timeout etcd-keyfile etcd-prefix etcd-readycheck-timeout etcd-servers
  etcd-servers-overrides event-ttl external-hostname goaway-chance identity-lease-duration-seconds
  identity-lease-renew-interval-seconds kubelet-certificate-authority kubelet-client-certificate kubelet-client-key
  kubelet-port kubelet-preferred-address-types kubelet-read-only-port kubelet-timeout kubernetes-service-node-port
  lease-reuse-duration-seconds livez-grace-period max-connection-bytes-per-sec max-mutating-requests-inflight
  max-requests-inflight min-request-timeout oidc-ca-file oidc-client-id oidc-groups-claim oidc-groups-prefix
  oidc-issuer-url oidc-required-claim oidc-signing-algs oidc-username-claim oidc-username-prefix
  peer-advertise-ip peer-advertise-port peer-ca-file proxy-client-cert-file proxy-client-key-file request-timeout
  runtime-config service-account-extend-token-expiration service-account-issuer service-account-jwks-uri
  service-account-key-file service-account-lookup service-account-max-token-expiration service-account-signing-endpoint
  service-account-signing-key-file service-cluster-ip-range service-node-port-range shutdown-delay-duration
  shutdown-send-retry-after shutdown-watch-termination-grace-period storage-backend storage-initialization-timeout
  storage-media-type strict-transport-security-directives token-auth-file tracing-config-file watch-cache watch-cache-sizes
`);

const CONTROLLER_MANAGER = words(`
  allocate-node-cidrs allow-untagged-cloud attach-detach-reconcile-sync-period cidr-allocator-type cloud-config
  cloud-provider cluster-cidr cluster-name cluster-signing-cert-file cluster-signing-duration cluster-signing-key-file
  cluster-signing-kube-apiserver-client-cert-file cluster-signing-kube-apiserver-client-key-file
  cluster-signing-kubelet-client-cert-file cluster-signing-kubelet-client-key-file
  cluster-signing-kubelet-serving-cert-file cluster-signing-kubelet-serving-key-file
  cluster-signing-legacy-unknown-cert-file cluster-signing-legacy-unknown-key-file configure-cloud-routes
  controller-start-interval controllers disable-attach-detach-reconcile-sync disable-force-detach-on-timeout
  enable-dynamic-provisioning enable-garbage-collector enable-hostpath-provisioner enable-leader-migration
  endpoint-updates-batch-period endpointslice-updates-batch-period external-cloud-volume-plugin
  flex-volume-plugin-dir large-cluster-size-threshold leader-migration-config legacy-service-account-token-clean-up-period
  max-endpoints-per-slice min-resync-period mirroring-endpointslice-updates-batch-period mirroring-max-endpoints-per-subset
  namespace-sync-period node-cidr-mask-size node-cidr-mask-size-ipv4 node-cidr-mask-size-ipv6 node-eviction-rate
  node-monitor-grace-period node-monitor-period node-startup-grace-period node-sync-period pv-recycler-increment-timeout-nfs
  pv-recycler-minimum-timeout-hostpath pv-recycler-minimum-timeout-nfs pv-recycler-pod-template-filepath-hostpath
  pv-recycler-pod-template-filepath-nfs pv-recycler-timeout-increment-hostpath pvclaimbinder-sync-period
  resource-quota-sync-period root-ca-file route-reconciliation-period secondary-node-eviction-rate
  service-account-private-key-file service-cluster-ip-range terminated-pod-gc-threshold unhealthy-zone-threshold
  unsupported-kube-api-over-localhost use-service-account-credentials volume-host-allow-local-loopback
  volume-host-cidr-denylist
`);

/** The syncs and delays that every controller has by name. */
const CONTROLLER_FLAGS = /^(concurrent-[a-z-]+-syncs|horizontal-pod-autoscaler-[a-z-]+)$/;

const SCHEDULER = words("config write-config-to pod-max-in-unschedulable-pods-duration");

export type Component = "kube-apiserver" | "kube-controller-manager" | "kube-scheduler";

/** Every flag of each program. */
export const KNOWN_FLAGS: Readonly<Record<Component, ReadonlySet<string>>> = {
  "kube-apiserver": new Set([...COMMON, ...APISERVER]),
  "kube-controller-manager": new Set([...COMMON, ...CLIENTS, ...CONTROLLER_MANAGER]),
  "kube-scheduler": new Set([...COMMON, ...CLIENTS, ...SCHEDULER]),
};

/** The first flag that the program does not have, in pflag's words; undefined when it has them all. */
export function unknownFlag(component: Component, names: Iterable<string>): string | undefined {
  for (const name of names) {
    if (KNOWN_FLAGS[component].has(name)) continue;
    if (component === "kube-controller-manager" && CONTROLLER_FLAGS.test(name)) continue;
    return `unknown flag: --${name}`;
  }
  return undefined;
}
