import type { ApiClient } from "../api/client.ts";
import { type Change, Informer } from "../api/informer.ts";
import { matchesSelector } from "../api/label-selector.ts";
import { NAMESPACES, NETWORK_POLICIES, PODS } from "../api/resources.ts";
import type { KubeObject } from "../api/types.ts";
import type { Kernel } from "../kernel/index.ts";
import type { NetNamespace, PolicyMet, PolicyQuestion, PolicyVerdict } from "../network/index.ts";

interface PolicyPort {
  protocol?: string;
  port?: number | string;
  endPort?: number;
}

interface Peer {
  podSelector?: object;
  namespaceSelector?: object;
  ipBlock?: { cidr: string; except?: readonly string[] };
}

interface Rule {
  ports?: readonly PolicyPort[];
  from?: readonly Peer[];
  to?: readonly Peer[];
}

/**
 * Enforces the NetworkPolicies for the Pods of one machine (networking/v1 NetworkPolicySpec): what a Pod that policies
 * select does not allow is dropped; ICMP, which no rule can name, passes where a rule names no ports. Open connections stay, and the Pod's own machine always reaches it. Pods and namespaces
 * are watched once there is a policy.
 */
export class PolicyEnforcer {
  private readonly net: NetNamespace;
  private readonly policies: Informer;
  private readonly pods: Informer;
  private readonly namespaces: Informer;
  private readonly byAddress = new Map<string, KubeObject>();

  constructor(kernel: Kernel, client: ApiClient, net: NetNamespace) {
    this.net = net;
    this.policies = new Informer(kernel, client, NETWORK_POLICIES);
    this.pods = new Informer(kernel, client, PODS);
    this.namespaces = new Informer(kernel, client, NAMESPACES);
    this.policies.onChange(() => this.changed());
    this.pods.onChange((change) => this.onPod(change));
  }

  start(): void {
    this.policies.start();
  }

  /** The rules stay as they are when the agent ends; a new one takes them over. */
  stop(): void {
    for (const informer of [this.policies, this.pods, this.namespaces]) informer.stop();
  }

  private changed(): void {
    if (this.policies.items.size === 0) {
      this.net.policy = undefined;
      return;
    }
    this.pods.start();
    this.namespaces.start();
    this.net.policy = (question) => this.judge(question);
  }

  private onPod({ type, object }: Change<KubeObject>): void {
    const address = object["status"]?.podIP;
    if (!address || object["spec"].hostNetwork) return;
    const phase = object["status"].phase;
    const gone = type === "deleted" || phase === "Succeeded" || phase === "Failed";
    if (!gone) this.byAddress.set(address, object);
    else if (this.byAddress.get(address)?.metadata.uid === object.metadata.uid) this.byAddress.delete(address);
  }

  private judge(question: PolicyQuestion): PolicyVerdict {
    const { direction } = question;
    const pod = this.podAt(question.pod, question.podNet);
    const met: PolicyMet[] = [];
    // An address that no Pod has is nobody's to judge.
    if (pod === undefined) return { allowed: true, met };
    const { namespace = "", labels } = pod.metadata;
    for (const policy of this.policies.items.values()) {
      if (policy.metadata.namespace !== namespace || !isolates(policy, direction)) continue;
      if (!matchesSelector(policy["spec"].podSelector ?? {}, labels)) continue;
      const rules: readonly Rule[] = policy["spec"][direction === "Ingress" ? "ingress" : "egress"] ?? [];
      const found = rules.findIndex((rule) => this.matches(rule, question, pod));
      met.push({
        policy: `${namespace}/${policy.metadata.name}`,
        total: rules.length,
        compared: found < 0 ? rules.length : found + 1,
        matched: found < 0 ? undefined : { number: found + 1, rule: JSON.stringify(rules[found]) },
      });
      if (found >= 0) return { allowed: true, met };
    }
    return { allowed: met.length === 0, met };
  }

  /**
   * The Pod that has an address. Of this machine's own the agent was told when the runtime set up their network, before
   * their status says so; those of other machines it knows from their status.
   */
  private podAt(address: string, net: NetNamespace): KubeObject | undefined {
    const known = this.byAddress.get(address);
    // Who was masqueraded is nobody's Pod any more.
    if (known !== undefined || net.host !== this.net || net.pod === undefined || !net.owns(address)) return known;
    return this.pods.get(`${net.pod.namespace}/${net.pod.name}`);
  }

  private matches(rule: Rule, question: PolicyQuestion, pod: KubeObject): boolean {
    const { direction, peer, peerNet, protocol, port } = question;
    const other = this.podAt(peer, peerNet);
    const target = direction === "Ingress" ? pod : other;
    if (!portAllowed(rule.ports, protocol, port, target)) return false;
    const peers = direction === "Ingress" ? rule.from : rule.to;
    if (peers === undefined || peers.length === 0) return true;
    return peers.some((one) => this.isPeer(one, peer, other, pod.metadata.namespace ?? ""));
  }

  private isPeer(
    { ipBlock, podSelector, namespaceSelector }: Peer,
    address: string,
    other: KubeObject | undefined,
    namespace: string,
  ): boolean {
    if (ipBlock) return within(address, ipBlock.cidr) && !ipBlock.except?.some((cidr) => within(address, cidr));
    if (other === undefined) return false;
    const space = other.metadata.namespace ?? "";
    if (namespaceSelector) {
      if (!matchesSelector(namespaceSelector, this.namespaces.get(space)?.metadata.labels)) return false;
    } else if (space !== namespace) return false;
    return podSelector === undefined || matchesSelector(podSelector, other.metadata.labels);
  }
}

/** Whether a policy has a say about traffic to the Pods that it selects, or from them. */
export function isolates({ spec }: KubeObject, direction: "Ingress" | "Egress"): boolean {
  const types: readonly string[] = spec.policyTypes ?? (spec.egress ? ["Ingress", "Egress"] : ["Ingress"]);
  return types.includes(direction);
}

function portAllowed(
  ports: readonly PolicyPort[] | undefined,
  protocol: string,
  port: number,
  target: KubeObject | undefined,
): boolean {
  if (ports === undefined || ports.length === 0) return true;
  return ports.some((one) => {
    if ((one.protocol ?? "TCP").toLowerCase() !== protocol) return false;
    if (one.port === undefined) return true;
    if (typeof one.port === "number") {
      return one.endPort === undefined ? one.port === port : one.port <= port && port <= one.endPort;
    }
    const { containers = [], initContainers = [] } = target?.["spec"] ?? {};
    // Of containers that begin a Pod, those that go on beside the others have ports, too.
    const sidecars = initContainers.filter((each: { restartPolicy?: string }) => each.restartPolicy === "Always");
    for (const container of [...sidecars, ...containers]) {
      for (const named of container.ports ?? []) {
        const own = (named.protocol ?? "TCP").toLowerCase();
        if (named.name === one.port && named.containerPort === port && own === protocol) return true;
      }
    }
    return false;
  });
}

/** Whether an IPv4 address lies in a network of CIDR form. */
function within(address: string, cidr: string): boolean {
  const [network = "", length = "32"] = cidr.split("/");
  const mask = length === "0" ? 0 : (-1 << (32 - Number(length))) >>> 0;
  return (bits(address) & mask) >>> 0 === (bits(network) & mask) >>> 0;
}

function bits(address: string): number {
  let value = 0;
  for (const part of address.split(".")) value = value * 256 + Number(part);
  return value >>> 0;
}
