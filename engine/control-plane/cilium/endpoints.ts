/** What the agent's tool tells of Pods, of who they are, and of nodes. */
import type { ApiClient } from "../../api/client.ts";
import { matchesSelector } from "../../api/label-selector.ts";
import { NAMESPACES, NETWORK_POLICIES, NODES, PODS } from "../../api/resources.ts";
import type { KubeObject } from "../../api/types.ts";
import { fnv1a, type Gen } from "../../kernel/index.ts";
import { isolates } from "../network-policy.ts";

/** Numbers of identities that are the same everywhere (pkg/identity/numericidentity.go). */
const RESERVED: readonly (readonly [id: number, ...labels: string[]])[] = [
  [1, "reserved:host"],
  [2, "reserved:world"],
  [3, "reserved:unmanaged"],
  [4, "reserved:health"],
  [5, "reserved:init"],
  [6, "reserved:remote-node"],
  [7, "reserved:kube-apiserver", "reserved:remote-node"],
  [8, "reserved:ingress"],
];
const HOST = 1;
const WORLD = 2;
const REMOTE = 6;
const API_SERVER = 7;
/** Cluster-wide identities (status: Global Identity Range). */
const LEAST = 256;
const MOST = 65_535;
const MOST_ENDPOINTS = 4_095;
/** Labels that say nothing of what a workload may do (pkg/labelsfilter/filter.go, defaults). */
const IRRELEVANT =
  /^(io\.kubernetes|kubernetes\.io|.*beta\.kubernetes\.io|k8s\.io|pod-template-(generation|hash)|controller-revision-hash|controller-uid|annotation|etcd_node|statefulset\.kubernetes\.io\/pod-name|apps\.kubernetes\.io\/pod-index|batch\.kubernetes\.io\/(job-completion-index|controller-uid))/;

export interface Endpoint {
  id: number;
  identity: number;
  labels: readonly string[];
  ipv4: string;
  ingress: boolean;
  egress: boolean;
}

/** Everything that is asked of the API server for an answer: what the agent has watched. */
export interface World {
  pods: readonly KubeObject[];
  nodes: readonly KubeObject[];
  namespaces: ReadonlyMap<string, KubeObject>;
  policies: readonly KubeObject[];
}

export function* worldOf(client: ApiClient): Gen<World> {
  const pods = (yield* client.list(PODS)).items;
  const nodes = (yield* client.list(NODES)).items;
  const namespaces = (yield* client.list(NAMESPACES)).items;
  const policies = (yield* client.list(NETWORK_POLICIES)).items;
  return { pods, nodes, namespaces: new Map(namespaces.map((one) => [one.metadata.name ?? "", one])), policies };
}

/** A Pod that Cilium's network has: one with an address of its own, which has not ended. */
const isManaged = ({ spec, status }: KubeObject): boolean =>
  !spec.hostNetwork && status?.podIP !== undefined && status.phase !== "Succeeded" && status.phase !== "Failed";

function identityLabels({ metadata, spec }: KubeObject, namespaces: World["namespaces"]): string[] {
  const namespace = metadata.namespace ?? "";
  const own = Object.entries(metadata.labels ?? {}).filter(([name]) => !IRRELEVANT.test(name));
  const space = Object.entries(namespaces.get(namespace)?.metadata.labels ?? {});
  return [
    ...own.map(([name, value]) => `k8s:${name}=${value}`),
    ...space.map(([name, value]) => `k8s:io.cilium.k8s.namespace.labels.${name}=${value}`),
    "k8s:io.cilium.k8s.policy.cluster=default",
    `k8s:io.cilium.k8s.policy.serviceaccount=${spec.serviceAccountName ?? "default"}`,
    `k8s:io.kubernetes.pod.namespace=${namespace}`,
  ].sort();
}

/** The same labels are the same identity on every node. */
const identityOf = (labels: readonly string[]): number =>
  LEAST + ((fnv1a(labels.join(";")) >>> 0) % (MOST - LEAST + 1));

/** The endpoints of one node, by number. */
export function endpointsOf({ pods, nodes, namespaces, policies }: World, node: string): Endpoint[] {
  const own = pods.filter((pod) => isManaged(pod) && pod["spec"].nodeName === node);
  const made = own.map((pod): Endpoint => {
    const labels = identityLabels(pod, namespaces);
    const select = (direction: "Ingress" | "Egress") =>
      policies.some(
        (policy) =>
          policy.metadata.namespace === pod.metadata.namespace &&
          isolates(policy, direction) &&
          matchesSelector(policy["spec"].podSelector ?? {}, pod.metadata.labels),
      );
    return {
      id: 1 + ((fnv1a(`${pod.metadata.uid}`) >>> 0) % MOST_ENDPOINTS),
      identity: identityOf(labels),
      labels,
      ipv4: pod["status"].podIP,
      ingress: select("Ingress"),
      egress: select("Egress"),
    };
  });
  const machine = nodes.find(({ metadata }) => metadata.name === node);
  const marks = Object.entries(machine?.metadata.labels ?? {}).filter(([name]) => !IRRELEVANT.test(name));
  made.push({
    id: 1 + ((fnv1a(`host ${node}`) >>> 0) % MOST_ENDPOINTS),
    identity: HOST,
    labels: [...marks.map(([name, value]) => `k8s:${name}${value === "" ? "" : `=${value}`}`), "reserved:host"].sort(),
    ipv4: "",
    ingress: false,
    egress: false,
  });
  return made.sort((a, b) => a.id - b.id);
}

/** Rows of `identity list`: the reserved ones, then those of Pods. */
export function identitiesOf({ pods, namespaces }: World): (readonly [number, readonly string[]])[] {
  const found = new Map<number, readonly string[]>(RESERVED.map(([id, ...labels]) => [id, labels]));
  for (const pod of pods.filter(isManaged)) {
    const labels = identityLabels(pod, namespaces);
    found.set(identityOf(labels), labels);
  }
  return [...found].sort(([a], [b]) => a - b);
}

const addressOf = ({ status }: KubeObject): string =>
  (status?.addresses as { type: string; address: string }[] | undefined)?.find(({ type }) => type === "InternalIP")
    ?.address ?? "";

/** Rows of `node list`. */
export function nodesOf({ nodes }: World, own: string): string[][] {
  return nodes
    .map((node) => {
      const name = node.metadata.name ?? "";
      return [name, addressOf(node), node["spec"].podCIDR ?? "", "", "", name === own ? "local" : "custom-resource"];
    })
    .sort(([a = ""], [b = ""]) => (a < b ? -1 : 1));
}

/** Who an address is, and through which node it is reached (`bpf ipcache list`). */
export function addressesOf({ pods, nodes, namespaces }: World, own: string): (readonly [string, string])[] {
  const entry = (identity: number, tunnel: string) =>
    `identity=${identity} encryptkey=0 tunnelendpoint=${tunnel || "0.0.0.0"} flags=${tunnel === "" ? "<none>" : "hastunnel"}`;
  const home = new Map(nodes.map((node) => [node.metadata.name ?? "", addressOf(node)]));
  const isControl = (node: KubeObject) => "node-role.kubernetes.io/control-plane" in (node.metadata.labels ?? {});
  const rows = new Map<string, string>([["0.0.0.0/0", entry(WORLD, "")]]);
  for (const node of nodes) {
    const identity = node.metadata.name === own ? HOST : isControl(node) ? API_SERVER : REMOTE;
    rows.set(`${addressOf(node)}/32`, entry(identity, ""));
  }
  for (const pod of pods.filter(isManaged)) {
    const { nodeName } = pod["spec"];
    const tunnel = nodeName === own ? "" : (home.get(nodeName) ?? "");
    rows.set(`${pod["status"].podIP}/32`, entry(identityOf(identityLabels(pod, namespaces)), tunnel));
  }
  return [...rows];
}
