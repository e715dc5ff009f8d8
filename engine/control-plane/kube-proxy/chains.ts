import { sha256 } from "@noble/hashes/sha2.js";
import { encode } from "../../kernel/index.ts";

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** First 16 characters of the base32 form of a text's SHA-256 (pkg/proxy/iptables/proxier.go portProtoHash). */
function shortHash(text: string): string {
  const digest = sha256(encode(text));
  let out = "";
  let bits = 0;
  let held = 0;
  for (let i = 0; i < 10; i++) {
    held = (held << 8) | digest[i]!;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out += BASE32[(held >> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return out;
}

/** The chains of one Service port: its cluster-wide, local, external and firewall chain share one hash. */
export interface PortChains {
  cluster: string;
  local: string;
  external: string;
  firewall: string;
}

/** Chain names of `namespace/name:port` and a lower-case protocol. */
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
