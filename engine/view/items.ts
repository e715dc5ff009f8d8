import { podSummary } from "../api/core/pod.ts";
import type { KubeObject } from "../api/types.ts";
import type { MachineSpec } from "../kubeadm/topology.ts";

/** A box of the map: a machine, and what the cluster says of it as a node. */
export interface MapMachine {
  kind: "machine";
  key: string;
  name: string;
  role: MachineSpec["role"];
  address: string;
  /** `none`: it is no node of the cluster. */
  state: "ready" | "not-ready" | "none";
  cordoned: boolean;
  /** Other taints, as `key=value:effect`. */
  taints: string[];
}

/**
 * How a Pod fares, coarser than STATUS: `unready` runs without being Ready, `failing` cannot go on by itself (back-off,
 * errors, phase Failed), `done` is Succeeded.
 */
export type PodState = "running" | "unready" | "pending" | "failing" | "done" | "terminating" | "unknown";

/** A tile of the map. */
export interface MapPod {
  kind: "pod";
  key: string;
  namespace: string;
  name: string;
  /** Empty while it is not scheduled. */
  node: string;
  address: string;
  /** The workload that it belongs to in the end: a Deployment rather than its ReplicaSet. */
  owner: { kind: string; name: string } | undefined;
  state: PodState;
  /** STATUS of `kubectl get pods`. */
  status: string;
  ready: string;
  restarts: number;
}

export interface MapEndpoint {
  address: string;
  /** Key of the Pod behind it, if there is one. */
  pod: string | undefined;
  state: "ready" | "not-ready" | "terminating";
}

/** A Service with what its EndpointSlices hold. */
export interface MapService {
  kind: "service";
  key: string;
  namespace: string;
  name: string;
  type: string;
  /** Empty for ExternalName, `None` for a headless one. */
  clusterIP: string;
  /** Addresses outside the cluster that lead to it, or the name it stands for. */
  external: string[];
  ports: { name: string; port: number; protocol: string; target: string; nodePort: number | undefined }[];
  endpoints: MapEndpoint[];
  /** Endpoints beyond those listed. */
  more: number;
}

export type MapItem = MapMachine | MapPod | MapService;

/** Endpoints of one Service that a picture can still show. */
const MAX_ENDPOINTS = 200;

interface Taint {
  key: string;
  value?: string;
  effect: string;
}

export function machineItem({ name, role, address }: MachineSpec, node: KubeObject | undefined): MapMachine {
  const ready = (node?.["status"]?.conditions ?? []).some(
    (condition: { type: string; status: string }) => condition.type === "Ready" && condition.status === "True",
  );
  const taints: readonly Taint[] = node?.["spec"]?.taints ?? [];
  return {
    kind: "machine",
    key: `machine/${name}`,
    name,
    role,
    address,
    state: node === undefined ? "none" : ready ? "ready" : "not-ready",
    cordoned: node?.["spec"]?.unschedulable === true,
    taints: taints.map(({ key, value, effect }) => `${key}${value ? `=${value}` : ""}:${effect}`),
  };
}

/** Reasons of a container that will not come up without somebody's doing. */
const FAILING = /BackOff|Err|Error|Invalid|CannotRun|OOMKilled|DeadlineExceeded|Evicted/;

function podState(pod: KubeObject, status: string): PodState {
  const phase: string = pod["status"]?.phase ?? "Pending";
  if (status === "Unknown" || phase === "Unknown") return "unknown";
  if (phase === "Succeeded") return "done";
  if (phase === "Failed") return "failing";
  if (pod.metadata.deletionTimestamp) return "terminating";
  if (FAILING.test(status)) return "failing";
  if (phase === "Pending") return "pending";
  const conditions: readonly { type: string; status: string }[] = pod["status"]?.conditions ?? [];
  return conditions.some(({ type, status }) => type === "Ready" && status === "True") ? "running" : "unready";
}

const controllerOf = (object: KubeObject | undefined) =>
  object?.metadata.ownerReferences?.find(({ controller }) => controller === true);

/** `read`: the object of a resource's name in the Pod's namespace. */
export function podItem(pod: KubeObject, read: (resource: string, name: string) => KubeObject | undefined): MapPod {
  const { name, namespace = "" } = pod.metadata;
  const { ready, total, reason, restarts } = podSummary(pod);
  let owner = controllerOf(pod);
  if (owner?.kind === "ReplicaSet") owner = controllerOf(read("replicasets", owner.name)) ?? owner;
  if (owner?.kind === "Job") owner = controllerOf(read("jobs", owner.name)) ?? owner;
  return {
    kind: "pod",
    key: `pod/${namespace}/${name}`,
    namespace,
    name,
    node: pod["spec"]?.nodeName ?? "",
    address: pod["status"]?.podIP ?? "",
    owner: owner && { kind: owner.kind, name: owner.name },
    state: podState(pod, reason),
    status: reason,
    ready: `${ready}/${total}`,
    restarts,
  };
}

interface SlicePart {
  addresses: readonly string[];
  conditions?: { ready?: boolean; serving?: boolean; terminating?: boolean };
  targetRef?: { kind?: string; namespace?: string; name?: string };
}

export function serviceItem(service: KubeObject, slices: Iterable<KubeObject>): MapService {
  const { name, namespace = "" } = service.metadata;
  const { spec = {}, status = {} } = service;
  const endpoints = new Map<string, MapEndpoint>();
  for (const slice of slices) {
    for (const part of (slice["endpoints"] ?? []) as readonly SlicePart[]) {
      const { conditions = {}, targetRef } = part;
      const state = conditions.terminating ? "terminating" : conditions.ready === false ? "not-ready" : "ready";
      const pod = targetRef?.kind === "Pod" ? `pod/${targetRef.namespace ?? namespace}/${targetRef.name}` : undefined;
      // Ports differ from slice to slice; the line to an address is one.
      for (const address of part.addresses) {
        const known = endpoints.get(address);
        if (known === undefined || state === "ready") endpoints.set(address, { address, pod, state });
      }
    }
  }
  const all = [...endpoints.values()];
  const ingress: readonly { ip?: string; hostname?: string }[] = status.loadBalancer?.ingress ?? [];
  const external = [
    ...((spec.externalIPs ?? []) as string[]),
    ...ingress.map(({ ip, hostname }) => ip ?? hostname ?? ""),
    ...(spec.externalName ? [spec.externalName as string] : []),
  ];
  type Port = { name?: string; port: number; protocol?: string; targetPort?: number | string; nodePort?: number };
  return {
    kind: "service",
    key: `service/${namespace}/${name}`,
    namespace,
    name,
    type: spec.type ?? "ClusterIP",
    clusterIP: spec.clusterIP ?? "",
    external,
    ports: ((spec.ports ?? []) as readonly Port[]).map(({ name, port, protocol, targetPort, nodePort }) => ({
      name: name ?? "",
      port,
      protocol: protocol ?? "TCP",
      target: String(targetPort ?? port),
      nodePort,
    })),
    endpoints: all.slice(0, MAX_ENDPOINTS),
    more: Math.max(0, all.length - MAX_ENDPOINTS),
  };
}
