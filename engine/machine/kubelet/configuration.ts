/**
 * Defaults of KubeletConfiguration, kubelet.config.k8s.io/v1beta1 of 1.32, in the order of its fields
 * (pkg/kubelet/apis/config/v1beta1/defaults.go).
 */
const DEFAULTS: Readonly<Record<string, unknown>> = {
  enableServer: true,
  podLogsDir: "/var/log/pods",
  syncFrequency: "1m0s",
  fileCheckFrequency: "20s",
  httpCheckFrequency: "20s",
  address: "0.0.0.0",
  port: 10250,
  tlsCertFile: "/var/lib/kubelet/pki/kubelet.crt",
  tlsPrivateKeyFile: "/var/lib/kubelet/pki/kubelet.key",
  authentication: {
    x509: {},
    webhook: { enabled: true, cacheTTL: "2m0s" },
    anonymous: { enabled: false },
  },
  authorization: { mode: "Webhook", webhook: { cacheAuthorizedTTL: "5m0s", cacheUnauthorizedTTL: "30s" } },
  registryPullQPS: 5,
  registryBurst: 10,
  eventRecordQPS: 50,
  eventBurst: 100,
  enableDebuggingHandlers: true,
  healthzPort: 10248,
  healthzBindAddress: "127.0.0.1",
  oomScoreAdj: -999,
  streamingConnectionIdleTimeout: "4h0m0s",
  nodeStatusUpdateFrequency: "10s",
  nodeStatusReportFrequency: "5m0s",
  nodeLeaseDurationSeconds: 40,
  imageMinimumGCAge: "2m0s",
  imageMaximumGCAge: "0s",
  imageGCHighThresholdPercent: 85,
  imageGCLowThresholdPercent: 80,
  volumeStatsAggPeriod: "1m0s",
  cgroupsPerQOS: true,
  cgroupDriver: "cgroupfs",
  cpuManagerPolicy: "none",
  cpuManagerReconcilePeriod: "10s",
  memoryManagerPolicy: "None",
  topologyManagerPolicy: "none",
  topologyManagerScope: "container",
  runtimeRequestTimeout: "2m0s",
  hairpinMode: "promiscuous-bridge",
  maxPods: 110,
  podPidsLimit: -1,
  resolvConf: "/etc/resolv.conf",
  cpuCFSQuota: true,
  cpuCFSQuotaPeriod: "100ms",
  nodeStatusMaxImages: 50,
  maxOpenFiles: 1000000,
  contentType: "application/vnd.kubernetes.protobuf",
  kubeAPIQPS: 50,
  kubeAPIBurst: 100,
  serializeImagePulls: true,
  evictionHard: {
    "imagefs.available": "15%",
    "imagefs.inodesFree": "5%",
    "memory.available": "100Mi",
    "nodefs.available": "10%",
    "nodefs.inodesFree": "5%",
  },
  evictionPressureTransitionPeriod: "5m0s",
  enableControllerAttachDetach: true,
  makeIPTablesUtilChains: true,
  iptablesMasqueradeBit: 14,
  iptablesDropBit: 15,
  failSwapOn: true,
  memorySwap: {},
  containerLogMaxSize: "10Mi",
  containerLogMaxFiles: 5,
  containerLogMaxWorkers: 1,
  containerLogMonitorInterval: "10s",
  configMapAndSecretChangeDetectionStrategy: "Watch",
  enforceNodeAllocatable: ["pods"],
  volumePluginDir: "/usr/libexec/kubernetes/kubelet-plugins/volume/exec/",
  logging: { format: "text", flushFrequency: "5s", verbosity: 0 },
  enableSystemLogHandler: true,
  enableSystemLogQuery: false,
  shutdownGracePeriod: "0s",
  shutdownGracePeriodCriticalPods: "0s",
  crashLoopBackOff: {},
  enableProfilingHandler: true,
  enableDebugFlagsHandler: true,
  seccompDefault: false,
  memoryThrottlingFactor: 0.9,
  registerNode: true,
  localStorageCapacityIsolation: true,
  containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
  failCgroupV1: false,
};

/** What the file leaves at its zero value counts as not said, as kubeadm writes it: `syncFrequency: 0s`. */
const isSaid = (value: unknown): boolean => value !== undefined && value !== null && value !== "0s" && value !== 0;

/** The configuration in force: what the file says over the defaults, field by field. */
export function inForce(file: object): object {
  const { apiVersion: _, kind: __, ...said } = file as Record<string, unknown>;
  return merged(DEFAULTS, said);
}

/** Maps that the file replaces whole, where it has them. */
const WHOLE = new Set(["evictionHard", "featureGates", "nodeLabels", "systemReserved", "kubeReserved"]);

function merged(defaults: Readonly<Record<string, unknown>>, said: Readonly<Record<string, unknown>>): object {
  const out: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(defaults), ...Object.keys(said)])) {
    const [before, now] = [defaults[key], said[key]];
    if (!isSaid(now)) out[key] = before ?? now;
    else out[key] = isMap(before) && isMap(now) && !WHOLE.has(key) ? merged(before, now) : now;
  }
  return out;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
