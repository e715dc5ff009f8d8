import { shortHash } from "./short-hash.ts";

/** The chains of one Service port: its cluster-wide, local, external and firewall chain share one hash. */
export interface PortChains {
  cluster: string;
  local: string;
  external: string;
  firewall: string;
}

/** Chain names of `namespace/name:port` and a lower-case protocol (pkg/proxy/iptables/proxier.go portProtoHash). */
export function portChains(name: string, protocol: string): PortChains {
  const hash = shortHash(name + protocol);
  return {
    cluster: `KUBE-SVC-${hash}`,
    local: `KUBE-SVL-${hash}`,
    external: `KUBE-EXT-${hash}`,
    firewall: `KUBE-FW-${hash}`,
  };
}

/** Chain of one endpoint (`10.200.1.5:80`) of a Service port. */
export function endpointChain(name: string, protocol: string, endpoint: string): string {
  return `KUBE-SEP-${shortHash(name + protocol + endpoint)}`;
}

/** Whether a chain is one that kube-proxy makes for a Service, and deletes when no Service uses it. */
export function isServiceChain(chain: string): boolean {
  return /^KUBE-(?:SVC|SEP|FW|EXT|SVL)-/.test(chain);
}

/** The chance of a rule that leaves `n` endpoints to choose from, as Go's `%0.10f` writes it. */
export function probability(n: number): string {
  // The only tie among them: Go rounds to even, toFixed up.
  return n === 2048 ? "0.0004882812" : (1 / n).toFixed(10);
}
