import { CLUSTER_CRITICAL, NODE_CRITICAL } from "../../api/scheduling/priorityclass.ts";
import { formatTime } from "../../api/time.ts";
import type { KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import { ipv4Number } from "../../text/ipv4.ts";
import { deepClone } from "../frozen.ts";
import { fillMeta, inOrder } from "../objectmeta.ts";
import type { Registry } from "../registry.ts";
import { isService, repairRanges } from "../services.ts";
import { guaranteedUpdate, insert } from "../store.ts";
import { flowSchemas, priorityLevels } from "./flow-control.ts";
import { policyObjects } from "./policy.ts";

const DEFAULT_PORT = 6443;

export interface BootstrapOptions {
  /** ClusterIP of the Service `kubernetes`: the first address of the Service range. */
  serviceIp: string;
  /** Addresses of the API servers. */
  endpoints: readonly string[];
  port?: number;
}

/**
 * What an API server makes by itself when it starts (pkg/controlplane): the system's namespaces, the APIServices of
 * what it serves, the RBAC bootstrap policy, the two priority classes, what priority and fairness begins with, and the Service `kubernetes` with its Endpoints and EndpointSlice. What is there
 * already stays as it is.
 */
export function* bootstrap(registry: Registry, options: BootstrapOptions): Gen {
  for (const name of ["kube-system", "kube-public", "kube-node-lease", "default"]) {
    yield* ensure(registry, "", "namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name, labels: { "kubernetes.io/metadata.name": name } },
      spec: { finalizers: ["kubernetes"] },
      status: { phase: "Active" },
    });
  }
  yield* registry.aggregator.keepBuiltIn();
  for (const object of policyObjects()) {
    yield* ensure(registry, "rbac.authorization.k8s.io", POLICY_RESOURCES[object.kind]!, object, true);
  }
  for (const object of priorityClasses()) yield* ensure(registry, "scheduling.k8s.io", "priorityclasses", object);
  // Of a cluster that is no new one, what the ranges lack is put right by a repair that tells of it.
  if (registry.cacheOf("", "v1", "services")?.get("default", "kubernetes") === undefined) yield* repairRanges(registry);
  yield* ensureService(registry, options);
  yield* setEndpoints(registry, (addresses) => [...addresses, ...options.endpoints]);
  const flow = "flowcontrol.apiserver.k8s.io";
  for (const object of priorityLevels()) yield* ensure(registry, flow, "prioritylevelconfigurations", object);
  const now = formatTime(registry.kernel.wallMs);
  for (const object of flowSchemas(now)) yield* ensure(registry, flow, "flowschemas", object);
}

/** The Service `kubernetes`, its Endpoints and its EndpointSlice, where they are missing. */
export function* ensureService(registry: Registry, options: BootstrapOptions): Gen {
  for (const [group, resource, object] of kubernetesService(options)) yield* ensure(registry, group, resource, object);
}

/** Changes the addresses behind the Service `kubernetes`, in Endpoints and EndpointSlice; nothing is written when they stay. */
export function* setEndpoints(registry: Registry, change: (addresses: readonly string[]) => readonly string[]): Gen {
  const old = registry.kind("", "v1", "endpoints");
  const slices = registry.kind("discovery.k8s.io", "v1", "endpointslices");
  const next = (addresses: readonly string[]) => [...new Set(change(addresses))].sort();
  if (old && registry.cache(old).get("default", "kubernetes")) {
    yield* guaranteedUpdate(registry, old, "default", "kubernetes", function* (current): Gen<KubeObject> {
      const [subset] = current["subsets"] ?? [];
      const addresses = next((subset?.addresses ?? []).map(({ ip }: { ip: string }) => ip));
      if (addresses.length === 0) return { ...current, subsets: [] };
      const ports = subset?.ports ?? [{ name: "https", port: DEFAULT_PORT, protocol: "TCP" }];
      return { ...current, subsets: [{ addresses: addresses.map((ip) => ({ ip })), ports }] };
    });
  }
  if (slices && registry.cache(slices).get("default", "kubernetes")) {
    yield* guaranteedUpdate(registry, slices, "default", "kubernetes", function* (current): Gen<KubeObject> {
      const before: { addresses: string[] }[] = current["endpoints"] ?? [];
      const addresses = next(before.flatMap((endpoint) => endpoint.addresses));
      const endpoints = addresses.map((ip) => ({ addresses: [ip], conditions: { ready: true } }));
      return { ...current, endpoints };
    });
  }
}

const POLICY_RESOURCES: Readonly<Record<string, string>> = {
  ClusterRole: "clusterroles",
  ClusterRoleBinding: "clusterrolebindings",
  Role: "roles",
  RoleBinding: "rolebindings",
};

/** `complete`: a frozen object to which defaults add nothing. */
function* ensure(registry: Registry, group: string, resource: string, object: object, complete = false): Gen {
  const def = registry.kind(group, "v1", resource);
  if (def === undefined) return;
  const given = object as KubeObject;
  const { namespace = "", name } = given.metadata;
  // Another server of the cluster has made it.
  if (registry.cache(def).get(namespace, name) !== undefined) return;
  const draft = complete ? { ...given, metadata: { ...given.metadata } } : deepClone(given);
  if (!complete) def.defaults?.(draft);
  fillMeta(registry.kernel, def, draft, namespace);
  // A range that lacks the Service's address is put right by the next repair.
  if (isService(def)) yield* registry.ranges.ips.take(ipv4Number(draft.spec.clusterIP));
  yield* insert(registry, def, inOrder(draft));
}

function priorityClasses(): object[] {
  const make = (name: string, value: number, description: string) => ({
    apiVersion: "scheduling.k8s.io/v1",
    kind: "PriorityClass",
    metadata: { name },
    value,
    description,
    preemptionPolicy: "PreemptLowerPriority",
  });
  return [
    make(
      "system-node-critical",
      NODE_CRITICAL,
      "Used for system critical pods that must not be moved from their current node.",
    ),
    make(
      "system-cluster-critical",
      CLUSTER_CRITICAL,
      "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
    ),
  ];
}

function kubernetesService({
  serviceIp,
  endpoints,
  port = DEFAULT_PORT,
}: BootstrapOptions): [string, string, object][] {
  const metadata = { name: "kubernetes", namespace: "default" };
  const labels = { component: "apiserver", provider: "kubernetes" };
  const service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { ...metadata, labels },
    spec: {
      ports: [{ name: "https", protocol: "TCP", port: 443, targetPort: port }],
      clusterIP: serviceIp,
      clusterIPs: [serviceIp],
      type: "ClusterIP",
      sessionAffinity: "None",
      ipFamilies: ["IPv4"],
      ipFamilyPolicy: "SingleStack",
      internalTrafficPolicy: "Cluster",
    },
    status: { loadBalancer: {} },
  };
  const addresses = [...endpoints].sort();
  const skip = { "endpointslice.kubernetes.io/skip-mirror": "true" };
  const old = {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: { ...metadata, labels: skip },
    subsets: [{ addresses: addresses.map((ip) => ({ ip })), ports: [{ name: "https", port, protocol: "TCP" }] }],
  };
  const slice = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { ...metadata, labels: { "kubernetes.io/service-name": "kubernetes" } },
    addressType: "IPv4",
    endpoints: addresses.map((ip) => ({ addresses: [ip], conditions: { ready: true } })),
    ports: [{ name: "https", protocol: "TCP", port }],
  };
  return [
    ["", "services", service],
    ["", "endpoints", old],
    ["discovery.k8s.io", "endpointslices", slice],
  ];
}
