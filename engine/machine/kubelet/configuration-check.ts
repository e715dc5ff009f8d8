import { parseDuration } from "../../api/go-time.ts";

type Doc = Readonly<Record<string, unknown>>;

const GROUP_VERSION = "kubelet.config.k8s.io/v1beta1";
const KIND = "KubeletConfiguration";
/** Where upstream makes the scheme that knows its kinds; its decoder tells it. */
const SCHEME = "pkg/kubelet/apis/config/scheme/scheme.go:33";

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** Fields of KubeletConfiguration of 1.32 by their Go types (k8s.io/kubelet/config/v1beta1/types.go). */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  bool: words(`
    enableServer serverTLSBootstrap rotateCertificates enableDebuggingHandlers enableContentionProfiling cgroupsPerQOS
    cpuCFSQuota runOnce failSwapOn serializeImagePulls protectKernelDefaults makeIPTablesUtilChains
    enableControllerAttachDetach enableSystemLogHandler enableSystemLogQuery enableProfilingHandler
    enableDebugFlagsHandler seccompDefault registerNode localStorageCapacityIsolation failCgroupV1
    kernelMemcgNotification singleProcessOOMKill
  `),
  int32: words(`
    port readOnlyPort registryPullQPS registryBurst eventRecordQPS eventBurst healthzPort oomScoreAdj
    nodeLeaseDurationSeconds imageGCHighThresholdPercent imageGCLowThresholdPercent maxPods podsPerCore kubeAPIQPS
    kubeAPIBurst evictionMaxPodGracePeriod iptablesMasqueradeBit iptablesDropBit containerLogMaxFiles
    containerLogMaxWorkers nodeStatusMaxImages maxParallelImagePulls
  `),
  int64: words("podPidsLimit maxOpenFiles"),
  float64: words("memoryThrottlingFactor"),
  duration: words(`
    syncFrequency fileCheckFrequency httpCheckFrequency streamingConnectionIdleTimeout nodeStatusUpdateFrequency
    nodeStatusReportFrequency imageMinimumGCAge imageMaximumGCAge volumeStatsAggPeriod cpuManagerReconcilePeriod
    runtimeRequestTimeout cpuCFSQuotaPeriod evictionPressureTransitionPeriod containerLogMonitorInterval
    shutdownGracePeriod shutdownGracePeriodCriticalPods
  `),
  string: words(`
    staticPodPath podLogsDir staticPodURL address tlsCertFile tlsPrivateKeyFile tlsMinVersion healthzBindAddress
    clusterDomain kubeletCgroups systemCgroups cgroupRoot cgroupDriver cpuManagerPolicy memoryManagerPolicy
    topologyManagerPolicy topologyManagerScope hairpinMode podCIDR resolvConf contentType showHiddenMetricsForVersion
    systemReservedCgroup kubeReservedCgroup containerLogMaxSize configMapAndSecretChangeDetectionStrategy
    volumePluginDir providerID reservedSystemCPUs imageServiceEndpoint containerRuntimeEndpoint
  `),
  "[]string": words("clusterDNS tlsCipherSuites enforceNodeAllocatable allowedUnsafeSysctls"),
  "[]v1.Taint": words("registerWithTaints"),
  "[]v1beta1.MemoryReservation": words("reservedMemory"),
  "[]v1beta1.ShutdownGracePeriodByPodPriority": words("shutdownGracePeriodByPodPriority"),
  "map[string]string": words(`
    cpuManagerPolicyOptions topologyManagerPolicyOptions qosReserved evictionHard evictionSoft evictionSoftGracePeriod
    evictionMinimumReclaim systemReserved kubeReserved
  `),
  "map[string][]string": words("staticPodURLHeader"),
  "map[string]bool": words("featureGates"),
  "v1beta1.KubeletAuthentication": words("authentication"),
  "v1beta1.KubeletAuthorization": words("authorization"),
  "v1beta1.MemorySwapConfiguration": words("memorySwap"),
  "v1.LoggingConfiguration": words("logging"),
  "v1.TracingConfiguration": words("tracing"),
  "v1beta1.CrashLoopBackOffConfig": words("crashLoopBackOff"),
};

const TYPES: ReadonlyMap<string, string> = new Map(
  Object.entries(FIELDS).flatMap(([type, fields]) => fields.map((field) => [field, type] as const)),
);

export interface Check {
  /** Why the file cannot be read as a configuration. */
  fault?: string;
  /** Fields that there are not: the kubelet says so and goes on. */
  unknown: readonly string[];
}

/** What a decoder says of a configuration file (pkg/kubelet/kubeletconfig/util/codec DecodeKubeletConfiguration). */
export function checkDocument(document: unknown): Check {
  const file = isMap(document) ? document : {};
  const { apiVersion, kind, ...fields } = file;
  if (!kind) return { fault: `Object 'Kind' is missing in '${JSON.stringify(document ?? null)}'`, unknown: [] };
  if (kind !== KIND || apiVersion !== GROUP_VERSION) {
    const [what, version] = [kind, apiVersion ?? ""].map((one) => JSON.stringify(one));
    return { fault: `no kind ${what} is registered for version ${version} in scheme "${SCHEME}"`, unknown: [] };
  }
  const unknown: string[] = [];
  for (const [name, value] of Object.entries(fields)) {
    const type = TYPES.get(name);
    if (type === undefined) unknown.push(name);
    const fault = type === undefined ? undefined : mismatch(name, value, type);
    if (fault !== undefined) return { fault, unknown };
  }
  return { unknown };
}

const isMap = (value: unknown): value is Doc => typeof value === "object" && value !== null && !Array.isArray(value);

/** Why a value is none of its field's, in encoding/json's words. */
function mismatch(name: string, value: unknown, type: string): string | undefined {
  if (value === null || value === undefined) return undefined;
  const given = kindOf(value);
  const field = (where: string, what: string, of: string) =>
    `json: cannot unmarshal ${what} into Go struct field ${KIND}.${where} of type ${of}`;
  if (type === "duration") {
    if (given !== "string") return `json: cannot unmarshal ${given} into Go value of type string`;
    const read = parseDuration(value as string);
    return typeof read === "string" ? read : undefined;
  }
  if (type.startsWith("int")) {
    if (given === "number" && Number.isInteger(value)) return undefined;
    return field(name, given === "number" ? `number ${value}` : given, type);
  }
  if (type === "float64") return given === "number" ? undefined : field(name, given, type);
  if (type === "bool" || type === "string") return given === type ? undefined : field(name, given, type);
  if (type.startsWith("[]")) {
    if (!Array.isArray(value)) return field(name, given, type);
    const wrong = type === "[]string" ? value.find((one) => typeof one !== "string") : undefined;
    return wrong === undefined || wrong === null ? undefined : field(name, kindOf(wrong), "string");
  }
  if (!isMap(value)) return field(name, given, type);
  const inner = /^map\[string\](string|bool)$/.exec(type)?.[1];
  const wrong = inner && Object.values(value).find((one) => one !== null && kindOf(one) !== inner);
  return wrong === undefined ? undefined : field(name, kindOf(wrong), inner!);
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (isMap(value)) return "object";
  return typeof value === "boolean" ? "bool" : typeof value;
}

const POLICIES = ["none", "best-effort", "restricted", "single-numa-node"];

/** What upstream's validation says against a configuration in force (pkg/kubelet/apis/config/validation). */
export function configurationFaults(c: Doc): string[] {
  const out: string[] = [];
  const number = (name: string) => (typeof c[name] === "number" ? (c[name] as number) : undefined);
  const say = (text: string) => out.push(`invalid configuration: ${text}`);
  const within = (name: string, flag: string, from: number, to: number) => {
    const value = number(name);
    if (value !== undefined && (value < from || value > to))
      say(`${name} (--${flag}) ${value} must be between ${from} and ${to}, inclusive`);
  };
  const notNegative = (name: string, flag: string) => {
    const value = number(name);
    if (value !== undefined && value < 0) say(`${name} (--${flag}) ${value} must not be a negative number`);
  };
  if ((number("nodeLeaseDurationSeconds") ?? 40) <= 0) say("nodeLeaseDurationSeconds must be greater than 0");
  if (c["systemCgroups"] && !c["cgroupRoot"])
    say("systemCgroups (--system-cgroups) was specified and cgroupRoot (--cgroup-root) was not specified");
  notNegative("eventBurst", "event-burst");
  notNegative("eventRecordQPS", "event-qps");
  within("healthzPort", "healthz-port", 1, 65_535);
  within("imageGCHighThresholdPercent", "image-gc-high-threshold", 0, 100);
  within("imageGCLowThresholdPercent", "image-gc-low-threshold", 0, 100);
  const [low, high] = [number("imageGCLowThresholdPercent") ?? 80, number("imageGCHighThresholdPercent") ?? 85];
  if (low >= high)
    say(
      `imageGCLowThresholdPercent (--image-gc-low-threshold) ${low} must be less than imageGCHighThresholdPercent (--image-gc-high-threshold) ${high}`,
    );
  within("iptablesDropBit", "iptables-drop-bit", 0, 31);
  within("iptablesMasqueradeBit", "iptables-masquerade-bit", 0, 31);
  notNegative("kubeAPIBurst", "kube-api-burst");
  notNegative("kubeAPIQPS", "kube-api-qps");
  notNegative("maxOpenFiles", "max-open-files");
  notNegative("maxPods", "max-pods");
  within("oomScoreAdj", "oom-score-adj", -1000, 1000);
  notNegative("podsPerCore", "pods-per-core");
  within("port", "port", 1, 65_535);
  if ((number("readOnlyPort") ?? 0) < 0 || (number("readOnlyPort") ?? 0) > 65_535)
    say(`readOnlyPort (--read-only-port) ${c["readOnlyPort"]} must be between 0 and 65535, inclusive`);
  notNegative("registryBurst", "registry-burst");
  notNegative("registryPullQPS", "registry-qps");
  const pulls = number("maxParallelImagePulls");
  if (pulls !== undefined && pulls < 1) say(`maxParallelImagePulls ${pulls} must be a positive number`);
  if (pulls !== undefined && pulls > 1 && c["serializeImagePulls"] !== false)
    say(
      "maxParallelImagePulls cannot be larger than 1 unless SerializeImagePulls (--serialize-image-pulls) is set to false",
    );
  const policy = String(c["topologyManagerPolicy"] ?? "none");
  if (!POLICIES.includes(policy)) {
    const known = POLICIES.map((one) => JSON.stringify(one)).join(" ");
    say(`topologyManagerPolicy (--topology-manager-policy) ${JSON.stringify(policy)} must be one of: [${known}]`);
  }
  const scope = String(c["topologyManagerScope"] ?? "container");
  if (scope !== "container" && scope !== "pod")
    say(
      `topologyManagerScope (--topology-manager-scope) ${JSON.stringify(scope)} must be one of: "container", or "pod"`,
    );
  const [whole, critical] = ["shutdownGracePeriod", "shutdownGracePeriodCriticalPods"].map((name) =>
    Number(parseDuration(String(c[name] ?? "0s"))),
  ) as [number, number];
  if (critical > whole)
    say(
      `shutdownGracePeriodCriticalPods {${c["shutdownGracePeriodCriticalPods"]}} must be <= shutdownGracePeriod {${c["shutdownGracePeriod"]}}`,
    );
  return out;
}
