import { parse } from "yaml";
import { inNetwork } from "../../text/ipv4.ts";
import type { FrameOptions } from "./restore-input.ts";

/** KubeProxyConfiguration (kubeproxy.config.k8s.io/v1alpha1), as far as it shapes the rules; defaults filled in. */
export interface ProxyConfig {
  mode: "iptables" | "ipvs" | "nftables";
  /** Seconds between looks whether the tables were flushed, and after which a failed sync is tried again. */
  syncPeriod: number;
  /** Least seconds between two syncs. */
  minSyncPeriod: number;
  healthzPort: number;
  metricsPort: number;
  kubeconfig: string;
  frame: FrameOptions;
  ipvs: { scheduler: string; strictARP: boolean; excludeCIDRs: string[] };
}

interface Raw {
  mode?: string;
  clusterCIDR?: string;
  detectLocalMode?: string;
  detectLocal?: { bridgeInterface?: string; interfaceNamePrefix?: string };
  healthzBindAddress?: string;
  metricsBindAddress?: string;
  nodePortAddresses?: string[] | null;
  nftables?: {
    masqueradeAll?: boolean;
    masqueradeBit?: number | null;
    syncPeriod?: string;
    minSyncPeriod?: string;
  };
  clientConnection?: { kubeconfig?: string };
  iptables?: {
    masqueradeAll?: boolean;
    masqueradeBit?: number | null;
    localhostNodePorts?: boolean | null;
    syncPeriod?: string;
    minSyncPeriod?: string;
  };
  ipvs?: {
    scheduler?: string;
    strictARP?: boolean;
    excludeCIDRs?: string[] | null;
    syncPeriod?: string;
    minSyncPeriod?: string;
  };
}

const parsed = new Map<string, Raw>();

/** Reads a configuration file (pkg/proxy/apis/config/v1alpha1/defaults.go). `podCIDR` and `addresses` are the node's. */
export function proxyConfig(text: string, node: { podCIDR?: string; addresses: readonly string[] }): ProxyConfig {
  let raw = parsed.get(text);
  if (raw === undefined) parsed.set(text, (raw = (parse(text) ?? {}) as Raw));
  const mode = raw.mode === "ipvs" || raw.mode === "nftables" ? raw.mode : "iptables";
  const own = mode === "nftables" ? raw.nftables : raw.iptables;
  const periods = mode === "ipvs" ? raw.ipvs : own;
  const mark = `0x${(1 << (own?.masqueradeBit ?? 14)).toString(16).padStart(8, "0")}`;
  // NodePorts are the node's main address's own unless somebody asks for more; iptables takes all.
  const ports = raw.nodePortAddresses ?? [];
  const listening = mode === "nftables" && ports.length === 0 ? ["primary"] : ports;
  return {
    mode,
    syncPeriod: seconds(periods?.syncPeriod) || 30,
    minSyncPeriod: seconds(periods?.minSyncPeriod) || 1,
    healthzPort: portOf(raw.healthzBindAddress, 10256),
    metricsPort: portOf(raw.metricsBindAddress, 10249),
    kubeconfig: raw.clientConnection?.kubeconfig ?? "",
    frame: {
      ...localDetector(raw, node.podCIDR),
      masqueradeAll: own?.masqueradeAll ?? false,
      masqueradeMark: mark,
      localhostNodePorts: raw.iptables?.localhostNodePorts ?? true,
      // xt_nfacct is a module of its own; the machines do not load it.
      nfacct: false,
      randomFully: true,
      liberal: false,
      nodePortAddresses: nodePortAddresses(listening, node.addresses),
    },
    ipvs: {
      scheduler: raw.ipvs?.scheduler || "rr",
      strictARP: raw.ipvs?.strictARP ?? false,
      excludeCIDRs: raw.ipvs?.excludeCIDRs ?? [],
    },
  };
}

/** How packets of this node's Pods are told from others (cmd/kube-proxy/app/server_linux.go getLocalDetectors). */
function localDetector(raw: Raw, podCIDR: string | undefined): { ifLocal: string; ifNotLocal: string } {
  const both = (match: string) => ({ ifLocal: match, ifNotLocal: `! ${match}` });
  switch (raw.detectLocalMode || "ClusterCIDR") {
    case "BridgeInterface":
      return both(`-i ${raw.detectLocal?.bridgeInterface}`);
    case "InterfaceNamePrefix":
      return both(`-i ${raw.detectLocal?.interfaceNamePrefix}+`);
    case "NodeCIDR":
      return podCIDR === undefined ? { ifLocal: "", ifNotLocal: "" } : both(`-s ${podCIDR}`);
    default: {
      const cidr = raw.clusterCIDR?.split(",").find((each) => !each.includes(":"));
      return cidr ? both(`-s ${cidr}`) : { ifLocal: "", ifNotLocal: "" };
    }
  }
}

function nodePortAddresses(wanted: readonly string[], own: readonly string[]): string[] | undefined {
  const ranges = wanted.filter((range) => !range.includes(":"));
  if (ranges.length === 0 || ranges.includes("0.0.0.0/0")) return undefined;
  if (ranges.includes("primary")) return own.slice(0, 1);
  return own.filter((address) => ranges.some((range) => inNetwork(range, address)));
}

/** Seconds of a Go duration such as `1m30s`; 0 for none. */
function seconds(text: string | undefined): number {
  let sum = 0;
  for (const [, number, unit] of (text ?? "").matchAll(/([\d.]+)(ms|[hms])/g)) {
    sum += Number(number) * { h: 3600, m: 60, s: 1, ms: 0.001 }[unit as "h"];
  }
  return sum;
}

function portOf(address: string | undefined, port: number): number {
  return address ? Number(/:(\d+)$/.exec(address)?.[1] ?? port) : port;
}
