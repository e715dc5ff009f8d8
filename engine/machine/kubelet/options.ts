import { isErrno } from "../errno.ts";
import type { Process } from "../process.ts";
import * as sys from "../sys.ts";
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
  port: number;
  resolvConf: string;
  verbosity: number;
}

/** kubelet's KubeletConfiguration (kubelet.config.k8s.io/v1beta1). */
interface KubeletConfiguration {
  staticPodPath?: string;
  clusterDNS?: string[];
  clusterDomain?: string;
  maxPods?: number;
  serializeImagePulls?: boolean;
  port?: number;
  resolvConf?: string;
  registerWithTaints?: { key: string; value?: string; effect: string }[];
  logging?: { verbosity?: number };
}

/** What kubelet prints when it cannot start. */
export class OptionsError extends Error {}

/** Reads the flags of argv and the file that --config names. Throws OptionsError. */
export function readOptions(p: Process): KubeletOptions {
  const flags = new Map<string, string>();
  const args = p.argv.slice(1);
  for (let i = 0; i < args.length; i++) {
    const match = /^--?([a-z][a-z-]*)(?:=(.*))?$/s.exec(args[i]!);
    if (match === null) throw new OptionsError(`unknown command ["${args[i]}"]`);
    flags.set(match[1]!, match[2] ?? (args[i + 1]?.startsWith("-") ? "true" : (args[++i] ?? "true")));
  }
  const file = flags.get("config");
  const config = file === undefined ? {} : readConfig(p, file);
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
    port: config.port ?? 10_250,
    resolvConf: config.resolvConf ?? "/etc/resolv.conf",
    verbosity: Number(flags.get("v") ?? config.logging?.verbosity ?? 2),
  };
}

function readConfig(p: Process, file: string): KubeletConfiguration {
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
  try {
    return (parseYaml(text) ?? {}) as KubeletConfiguration;
  } catch (error) {
    throw new OptionsError(`failed to load kubelet config file, path: ${file}, error: ${(error as Error).message}`);
  }
}
