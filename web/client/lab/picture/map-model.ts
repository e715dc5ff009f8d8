import type { Signal } from "@preact/signals";
import type { MapItem, MapMachine, MapPod, MapService, MapUpdate, PodState } from "../../../../engine/index.ts";

export type MapItems = ReadonlyMap<string, MapItem>;

/** Pods of one workload on one machine. */
export interface PodGroup {
  /** `Deployment web`; a Pod of its own has a group of its own. */
  name: string;
  namespace: string;
  kind: string;
  pods: MapPod[];
}

export interface MachineBox {
  machine: MapMachine;
  groups: PodGroup[];
  /** Pods of namespaces that are not shown. */
  hidden: number;
}

export interface MapPicture {
  /** Nodes of the cluster, those that run a learner's Pods first. */
  nodes: MachineBox[];
  /** Machines that are no nodes. */
  others: MapMachine[];
  /** Pods without a node. */
  waiting: PodGroup[];
  services: MapService[];
  /** Pods shown, by state. */
  counts: Partial<Record<PodState, number>>;
}

/** Namespaces of the cluster itself: left out unless asked for. */
const SYSTEM = /^(kube-|local-path-storage$|metallb-system$|ingress-)/;

/** What is shown: everything but the system's, everything, or one namespace. */
export type MapFilter = "own" | "all" | { namespace: string };

/** How the map is looked at. */
export interface MapView {
  filter: Signal<MapFilter>;
  asTable: Signal<boolean>;
  /** Key of what is selected. */
  selected: Signal<string | undefined>;
  /** Key of the one item that Tab leads to. */
  focus: Signal<string | undefined>;
  /** The command given last: what it speaks of stands out. */
  command: Signal<string>;
}

export function shows(filter: MapFilter, namespace: string): boolean {
  if (filter === "all") return true;
  return filter === "own" ? !SYSTEM.test(namespace) : filter.namespace === namespace;
}

/** The items after an update; the old map stays as it is. */
export function applyUpdate(items: MapItems, { full, items: changed, gone }: MapUpdate): MapItems {
  const next = new Map(full ? [] : items);
  for (const key of gone) next.delete(key);
  for (const item of changed) next.set(item.key, item);
  return next;
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
const order = <T extends { namespace: string; name: string }>(a: T, b: T) =>
  compare(a.namespace, b.namespace) || compare(a.name, b.name);

const RANK: Record<MapMachine["role"], number> = { worker: 0, "control-plane": 1, "load-balancer": 2, workstation: 3 };

/** Numbers within names count as numbers: worker-10 comes after worker-9. */
function byName(a: MapMachine, b: MapMachine): number {
  const number = (name: string) => Number(/\d+$/.exec(name)?.[0] ?? 0);
  return RANK[a.role] - RANK[b.role] || number(a.name) - number(b.name) || compare(a.name, b.name);
}

/** Arranges the items as they are drawn. */
export function arrange(items: MapItems, filter: MapFilter): MapPicture {
  const boxes = new Map<string, MachineBox>();
  const others: MapMachine[] = [];
  const services: MapService[] = [];
  const pods: MapPod[] = [];
  for (const item of items.values()) {
    if (item.kind === "machine") {
      if (item.state === "none") others.push(item);
      else boxes.set(item.name, { machine: item, groups: [], hidden: 0 });
    } else if (item.kind === "service") {
      if (shows(filter, item.namespace)) services.push(item);
    } else pods.push(item);
  }
  const counts: MapPicture["counts"] = {};
  const waiting: MapPod[] = [];
  const placed = new Map<MachineBox, MapPod[]>();
  for (const pod of pods) {
    const box = boxes.get(pod.node);
    if (!shows(filter, pod.namespace)) {
      if (box) box.hidden++;
      continue;
    }
    counts[pod.state] = (counts[pod.state] ?? 0) + 1;
    if (box === undefined) waiting.push(pod);
    else placed.set(box, [...(placed.get(box) ?? []), pod]);
  }
  for (const [box, own] of placed) box.groups = groupsOf(own);
  return {
    nodes: [...boxes.values()].sort((a, b) => byName(a.machine, b.machine)),
    others: others.sort(byName),
    waiting: groupsOf(waiting),
    services: services.sort(order),
    counts,
  };
}

function groupsOf(pods: MapPod[]): PodGroup[] {
  const groups = new Map<string, PodGroup>();
  for (const pod of pods) {
    // A static Pod belongs to its node, and every one of them to another program.
    const owner = pod.owner && pod.owner.kind !== "Node" ? pod.owner : { kind: "Pod", name: pod.name };
    const key = `${pod.namespace} ${owner.kind} ${owner.name}`;
    const group = groups.get(key);
    if (group) group.pods.push(pod);
    else groups.set(key, { name: owner.name, namespace: pod.namespace, kind: owner.kind, pods: [pod] });
  }
  for (const group of groups.values()) group.pods.sort(order);
  return [...groups.values()].sort((a, b) => order(a, b) || compare(a.kind, b.kind));
}

/** Every namespace that has something on the map. */
export function namespacesOf(items: MapItems): string[] {
  const names = new Set<string>();
  for (const item of items.values()) if (item.kind !== "machine") names.add(item.namespace);
  return [...names].sort(compare);
}

/** `web:80/TCP → 8080` of each port, as people write it. */
export const portText = ({ port, protocol, target, nodePort }: MapService["ports"][number]): string =>
  `${port}${nodePort ? `:${nodePort}` : ""}/${protocol}${target === String(port) ? "" : ` → ${target}`}`;

/** How the learner's kubectl reaches a cluster. */
export const kubectlOf = (cluster: string): string => (cluster === "" ? "kubectl" : `kubectl --context ${cluster}`);

/** The commands that show the same facts. */
export function commandsFor(item: MapItem, cluster = ""): string[] {
  const kubectl = kubectlOf(cluster);
  switch (item.kind) {
    case "machine":
      return item.state === "none" ? [] : [`${kubectl} describe node ${item.name}`];
    case "pod":
      return [
        `${kubectl} get pod ${item.name} -n ${item.namespace} -o wide`,
        `${kubectl} describe pod ${item.name} -n ${item.namespace}`,
      ];
    case "service":
      return [
        `${kubectl} get service ${item.name} -n ${item.namespace} -o wide`,
        `${kubectl} get endpointslices -n ${item.namespace} -l kubernetes.io/service-name=${item.name}`,
      ];
  }
}
