import type { RequestRate } from "../../api/rate-limiter.ts";
import { isErrno } from "../errno.ts";
import type { Process } from "../process.ts";
import * as sys from "../sys.ts";
import { inForce } from "./configuration.ts";
import { checkDocument, configurationFaults } from "./configuration-check.ts";
import { parseYaml } from "./yaml.ts";

/** Flags and configuration file of the kubelet, as far as it acts on them. */
export interface KubeletOptions {
  kubeconfig: string;
  bootstrapKubeconfig: string | undefined;
  config: string;
  hostnameOverride: string | undefined;
  nodeIp: string | undefined;
  nodeLabels: Record<string, string>;
  taints: { key: string; value?: string; effect: string }[];
  staticPodPath: string | undefined;
  clusterDns: string[];
  clusterDomain: string;
  maxPods: number;
  serializeImagePulls: boolean;
  /** Sysctls that Pods may set besides the safe ones; `net.core.*` for all of a kind. */
  unsafeSysctls: readonly string[];
  port: number;
  resolvConf: string;
  verbosity: number;
  /** What its clients may ask of the API server: objects, and Events. */
  rates: { objects: RequestRate; events: RequestRate };
  /** Socket of the container runtime, `unix:///run/containerd/containerd.sock`. */
  runtimeEndpoint: string;
  /** Its whole configuration as it is in force, for `/configz`. */
  configuration: object;
}

/** kubelet's KubeletConfiguration (kubelet.config.k8s.io/v1beta1). */
interface KubeletConfiguration {
  staticPodPath?: string;
  clusterDNS?: string[];
  clusterDomain?: string;
  maxPods?: number;
  serializeImagePulls?: boolean;
  allowedUnsafeSysctls?: string[];
  port?: number;
  resolvConf?: string;
  registerWithTaints?: { key: string; value?: string; effect: string }[];
  logging?: { verbosity?: number };
  kubeAPIQPS?: number;
  kubeAPIBurst?: number;
  eventRecordQPS?: number;
  eventBurst?: number;
  authentication?: { x509?: { clientCAFile?: string }; webhook?: object; anonymous?: object };
  authorization?: { mode?: string };
  containerRuntimeEndpoint?: string;
}

/** Flags of kubelet 1.32 (cmd/kubelet/app/options), with those that the configuration file has taken over. */
const FLAGS = new Set(
  (
    "address allowed-unsafe-sysctls anonymous-auth authentication-token-webhook authentication-token-webhook-cache-ttl " +
    "authorization-mode authorization-webhook-cache-authorized-ttl authorization-webhook-cache-unauthorized-ttl " +
    "bootstrap-kubeconfig cert-dir cgroup-driver cgroup-root cgroups-per-qos client-ca-file cloud-config cloud-provider " +
    "cluster-dns cluster-domain config config-dir container-log-max-files container-log-max-size " +
    "container-runtime-endpoint contention-profiling cpu-cfs-quota cpu-cfs-quota-period cpu-manager-policy " +
    "cpu-manager-reconcile-period enable-controller-attach-detach enable-debugging-handlers enable-server " +
    "enforce-node-allocatable event-burst event-qps eviction-hard eviction-max-pod-grace-period " +
    "eviction-minimum-reclaim eviction-pressure-transition-period eviction-soft eviction-soft-grace-period " +
    "exit-on-lock-contention experimental-allocatable-ignore-eviction fail-cgroupv1 fail-swap-on feature-gates " +
    "file-check-frequency hairpin-mode healthz-bind-address healthz-port help hostname-override " +
    "http-check-frequency image-credential-provider-bin-dir image-credential-provider-config image-gc-high-threshold " +
    "image-gc-low-threshold image-service-endpoint kernel-memcg-notification kube-api-burst kube-api-qps kube-reserved " +
    "kube-reserved-cgroup kubeconfig kubelet-cgroups lock-file log-cadvisor-usage log-flush-frequency logging-format " +
    "make-iptables-util-chains manifest-url manifest-url-header max-open-files max-pods maximum-dead-containers " +
    "maximum-dead-containers-per-container memory-manager-policy minimum-container-ttl-duration " +
    "minimum-image-ttl-duration node-ip node-labels node-status-max-images node-status-update-frequency oom-score-adj " +
    "pod-cidr pod-infra-container-image pod-manifest-path pod-max-pids pods-per-core port protect-kernel-defaults " +
    "provider-id qos-reserved read-only-port register-node register-schedulable register-with-taints registry-burst " +
    "registry-qps reserved-cpus reserved-memory resolv-conf root-dir rotate-certificates rotate-server-certificates " +
    "runonce runtime-cgroups runtime-request-timeout seccomp-default serialize-image-pulls " +
    "streaming-connection-idle-timeout sync-frequency system-cgroups system-reserved system-reserved-cgroup " +
    "tls-cert-file tls-cipher-suites tls-min-version tls-private-key-file topology-manager-policy " +
    "topology-manager-policy-options topology-manager-scope v version vmodule volume-plugin-dir " +
    "volume-stats-agg-period"
  ).split(" "),
);

/** What kubelet prints when it cannot start. */
export class OptionsError extends Error {}

/**
 * Reads the flags of argv and the file that --config names; `warn` is told of fields in it that there are not. Throws
 * OptionsError.
 */
export function readOptions(p: Process, warn: (unknown: readonly string[]) => void = () => {}): KubeletOptions {
  const flags = new Map<string, string>();
  const args = p.argv.slice(1);
  for (let i = 0; i < args.length; i++) {
    const match = /^--?([a-z][a-z-]*)(?:=(.*))?$/s.exec(args[i]!);
    if (match === null) throw new OptionsError(`unknown command ["${args[i]}"]`);
    if (!FLAGS.has(match[1]!)) throw new OptionsError(`failed to parse kubelet flag: unknown flag: --${match[1]}`);
    flags.set(match[1]!, match[2] ?? (args[i + 1]?.startsWith("-") ? "true" : (args[++i] ?? "true")));
  }
  const file = flags.get("config");
  const config = file === undefined ? {} : readConfig(p, file, warn);
  const ca = flags.get("client-ca-file") ?? config.authentication?.x509?.clientCAFile;
  if (ca && sys.find(p, ca)?.kind !== "file") {
    throw new OptionsError(
      `failed to construct kubelet dependencies: unable to load client CA file ${ca}: open ${ca}: no such file or directory`,
    );
  }
  const labels: Record<string, string> = {};
  for (const pair of (flags.get("node-labels") ?? "").split(",")) {
    const [key, value = ""] = pair.split("=");
    if (key) labels[key] = value;
  }
  const taints = [...(config.registerWithTaints ?? [])];
  for (const text of (flags.get("register-with-taints") ?? "").split(",")) {
    const match = /^([^=:]+)(?:=([^:]*))?:(.+)$/.exec(text);
    if (match) taints.push({ key: match[1]!, ...(match[2] ? { value: match[2] } : {}), effect: match[3]! });
  }
  const configuration = inForce({ ...config, ...accessFlags(flags, config), ...evictionFlags(flags) });
  const faults = configurationFaults(configuration as Record<string, unknown>);
  if (faults.length > 0) {
    const why = faults.length > 1 ? `[${faults.join(", ")}]` : faults[0];
    throw new OptionsError(
      `failed to validate kubelet configuration, error: ${why}, path: &TypeMeta{Kind:,APIVersion:,}`,
    );
  }
  return {
    kubeconfig: flags.get("kubeconfig") ?? "",
    bootstrapKubeconfig: flags.get("bootstrap-kubeconfig"),
    config: file ?? "",
    hostnameOverride: flags.get("hostname-override"),
    nodeIp: flags.get("node-ip"),
    nodeLabels: labels,
    taints,
    staticPodPath: config.staticPodPath ?? flags.get("pod-manifest-path"),
    clusterDns: config.clusterDNS ?? [],
    clusterDomain: config.clusterDomain ?? "",
    maxPods: config.maxPods ?? 110,
    serializeImagePulls: config.serializeImagePulls ?? true,
    unsafeSysctls: flags.get("allowed-unsafe-sysctls")?.split(",") ?? config.allowedUnsafeSysctls ?? [],
    port: config.port ?? 10_250,
    resolvConf: config.resolvConf ?? "/etc/resolv.conf",
    verbosity: Number(flags.get("v") ?? config.logging?.verbosity ?? 2),
    rates: {
      objects: {
        qps: Number(flags.get("kube-api-qps") ?? config.kubeAPIQPS ?? 50),
        burst: Number(flags.get("kube-api-burst") ?? config.kubeAPIBurst ?? 100),
      },
      events: {
        qps: Number(flags.get("event-qps") ?? config.eventRecordQPS ?? 50),
        burst: Number(flags.get("event-burst") ?? config.eventBurst ?? 100),
      },
    },
    runtimeEndpoint:
      flags.get("container-runtime-endpoint") ||
      config.containerRuntimeEndpoint ||
      "unix:///run/containerd/containerd.sock",
    configuration,
  };
}

/** What flags say of when Pods are evicted and what is kept from them: `memory.available<1Gi,nodefs.available<10%`. */
function evictionFlags(flags: ReadonlyMap<string, string>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  const pairs = (name: string, field: string) => {
    const text = flags.get(name);
    if (text !== undefined) out[field] = Object.fromEntries(text.split(",").map((pair) => pair.trim().split(/[<=]/)));
  };
  pairs("eviction-hard", "evictionHard");
  pairs("eviction-soft", "evictionSoft");
  pairs("eviction-soft-grace-period", "evictionSoftGracePeriod");
  pairs("eviction-minimum-reclaim", "evictionMinimumReclaim");
  pairs("kube-reserved", "kubeReserved");
  pairs("system-reserved", "systemReserved");
  const [period, grace] = [
    flags.get("eviction-pressure-transition-period"),
    flags.get("eviction-max-pod-grace-period"),
  ];
  if (period !== undefined) out["evictionPressureTransitionPeriod"] = period;
  if (grace !== undefined) out["evictionMaxPodGracePeriod"] = Number(grace);
  return out;
}

/** What flags say about who may ask, over what the file says. */
function accessFlags(
  flags: ReadonlyMap<string, string>,
  { authentication = {}, authorization = {} }: KubeletConfiguration,
): Pick<KubeletConfiguration, "authentication" | "authorization"> {
  const [anonymous, webhook, clientCAFile, mode] = [
    "anonymous-auth",
    "authentication-token-webhook",
    "client-ca-file",
    "authorization-mode",
  ].map((name) => flags.get(name));
  return {
    authentication: {
      ...authentication,
      ...(anonymous === undefined ? {} : { anonymous: { enabled: anonymous !== "false" } }),
      ...(webhook === undefined ? {} : { webhook: { ...authentication.webhook, enabled: webhook !== "false" } }),
      ...(clientCAFile === undefined ? {} : { x509: { clientCAFile } }),
    },
    authorization: mode === undefined ? authorization : { ...authorization, mode },
  };
}

function readConfig(p: Process, file: string, warn: (unknown: readonly string[]) => void): KubeletConfiguration {
  let text: string;
  try {
    text = sys.readText(p, file);
  } catch (error) {
    if (!isErrno(error)) throw error;
    const reason = `failed to read kubelet config file "${file}", error: open ${file}: ${error.message.toLowerCase()}`;
    throw new OptionsError(
      `failed to load kubelet config file, path: ${file}, error: failed to load Kubelet config file ${file}, error ${reason}`,
    );
  }
  const undecodable = (why: string) =>
    new OptionsError(
      `failed to load kubelet config file, path: ${file}, error: failed to load Kubelet config file ${file}, error failed to decode: ${why}`,
    );
  let document: unknown;
  try {
    document = parseYaml(text);
  } catch (error) {
    throw undecodable((error as Error).message);
  }
  const { fault, unknown } = checkDocument(document);
  if (fault !== undefined) throw undecodable(fault);
  if (unknown.length > 0) warn(unknown);
  return (document ?? {}) as KubeletConfiguration;
}
