import type { NetNamespace } from "./namespace.ts";
import type { Protocol } from "./path.ts";

/** A new connection of a Pod, as its machine's NetworkPolicies judge it. */
export interface PolicyQuestion {
  /** `Ingress`: the Pod is connected to. */
  readonly direction: "Ingress" | "Egress";
  /** Address of the Pod. */
  readonly pod: string;
  /** Address of the other end. */
  readonly peer: string;
  /** Namespaces of both; the other's machine perhaps knows more of it than this one. */
  readonly podNet: NetNamespace;
  readonly peerNet: NetNamespace;
  readonly protocol: Protocol;
  /** Destination port; 0 for ICMP. */
  readonly port: number;
}

/** A NetworkPolicy that selects the Pod, and what its rules said. */
export interface PolicyMet {
  /** `namespace/name`. */
  readonly policy: string;
  /** Rules that it has for the direction, and how many were looked at. */
  readonly total: number;
  readonly compared: number;
  /** The rule that lets the connection through, as JSON, and its number from 1. */
  readonly matched: { readonly number: number; readonly rule: string } | undefined;
}

export interface PolicyVerdict {
  readonly allowed: boolean;
  /** Those that select the Pod, up to the first that allows the connection; none for a Pod that is not isolated. */
  readonly met: readonly PolicyMet[];
}

/** One end's verdict. */
export interface PolicyStep extends PolicyQuestion, PolicyVerdict {
  /** The machine that enforces it. */
  readonly machine: NetNamespace;
}

/**
 * What the NetworkPolicies of both ends' machines say of a new connection, as it is after the Service's address was
 * replaced; the last step is the one that refuses it, if any does. A Pod speaks with itself and its own machine freely.
 */
export function policySteps(
  from: NetNamespace,
  owner: NetNamespace,
  packet: { protocol: Protocol; source: string; address: string; port: number },
): PolicyStep[] {
  const { protocol, source, address, port } = packet;
  const steps: PolicyStep[] = [];
  if (from === owner) return steps;
  const ask = (machine: NetNamespace, question: PolicyQuestion): boolean => {
    const verdict = machine.policy?.(question);
    if (verdict !== undefined) steps.push({ ...question, ...verdict, machine });
    return verdict?.allowed !== false;
  };
  if (from !== from.host && owner !== from.host) {
    const pod = from.firstAddress();
    const ends = { pod, peer: address, podNet: from, peerNet: owner };
    if (!ask(from.host, { direction: "Egress", ...ends, protocol, port })) return steps;
  }
  if (owner !== owner.host && from !== owner.host) {
    const ends = { pod: address, peer: source, podNet: owner, peerNet: from };
    ask(owner.host, { direction: "Ingress", ...ends, protocol, port });
  }
  return steps;
}
