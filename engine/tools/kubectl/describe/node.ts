import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  milliUnits,
  type Quantity,
  quantity,
  wholeUnits,
} from "../../../api/quantity.ts";
import { isStatus, StatusError } from "../../../api/status.ts";
import type { KubeList, KubeObject } from "../../../api/types.ts";
import type { Gen } from "../../../kernel/index.ts";
import { compareStrings, sortedKeys } from "../go.ts";
import { type Document, dateText } from "./document.ts";
import { searchEvents, writeEvents } from "./events.ts";

// biome-ignore lint/suspicious/noExplicitAny: fields as the API has them
type Any = any;
type Resources = Record<string, Quantity>;

const ROLE_PREFIX = "node-role.kubernetes.io/";

/** describe node (describe.go describeNode). */
export function* describeNode(d: Document, node: KubeObject): Gen {
  const { metadata, spec, status = {} } = node;
  const pods = yield* podsOn(d, metadata.name);
  const events = yield* nodeEvents(d, node);
  d.line(0, `Name:\t${metadata.name}`);
  d.line(0, `Roles:\t${roles(node).join(",") || "<none>"}`);
  d.labels("Labels", metadata.labels);
  d.annotations("Annotations", metadata.annotations);
  d.line(0, `CreationTimestamp:\t${dateText(metadata.creationTimestamp)}`);
  writeTaints(d, spec.taints);
  d.line(0, `Unschedulable:\t${spec.unschedulable === true}`);
  yield* writeLease(d, metadata.name);
  if (status.conditions?.length > 0) {
    d.write(0, "Conditions:\n  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage\n");
    d.line(1, "----\t------\t-----------------\t------------------\t------\t-------");
    for (const c of status.conditions) {
      const times = `${dateText(c.lastHeartbeatTime)} \t${dateText(c.lastTransitionTime)} `;
      d.line(1, `${c.type} \t${c.status} \t${times}\t${c.reason ?? ""} \t${c.message ?? ""}`);
    }
  }
  d.line(0, "Addresses:");
  for (const { type, address } of status.addresses ?? []) d.line(1, `${type}:\t${address}`);
  for (const [title, list] of [
    ["Capacity", status.capacity],
    ["Allocatable", status.allocatable],
  ]) {
    const keys = sortedKeys(list ?? {});
    if (keys.length > 0) d.line(0, `${title}:`);
    for (const key of keys) d.line(0, `  ${key}:\t${list[key]}`);
  }
  writeSystemInfo(d, status.nodeInfo ?? {});
  if (spec.podCIDR) d.line(0, `PodCIDR:\t${spec.podCIDR}`);
  if (spec.podCIDRs?.length > 0) d.line(0, `PodCIDRs:\t${spec.podCIDRs.join(",")}`);
  if (spec.providerID) d.line(0, `ProviderID:\t${spec.providerID}`);
  if (pods) writePods(d, pods, node);
  else d.line(0, "Pods:\tnot authorized");
  writeEvents(d, events);
}

function* podsOn(d: Document, name: string): Gen<KubeObject[] | undefined> {
  const selector = `spec.nodeName=${name},status.phase!=Succeeded,status.phase!=Failed`;
  try {
    const path = `/api/v1/pods?fieldSelector=${encodeURIComponent(selector).replaceAll("!", "%21")}&limit=${d.k.flags.int("chunk-size")}`;
    return ((yield* d.k.object("GET", path)) as unknown as KubeList).items;
  } catch (error) {
    if (!isStatus(error, "Forbidden")) throw error;
    return undefined;
  }
}

function* nodeEvents(d: Document, node: KubeObject): Gen<KubeObject[] | undefined> {
  const { name, uid } = node.metadata;
  const byUid = yield* searchEvents(d, { name, namespace: "", kind: "Node", uid });
  const byName = yield* searchEvents(d, { name, namespace: "", kind: "Node", uid: name });
  return byUid && [...byUid, ...(byName ?? [])];
}

function roles(node: KubeObject): string[] {
  const found = new Set<string>();
  for (const [key, value] of Object.entries(node.metadata.labels ?? {})) {
    if (key.startsWith(ROLE_PREFIX) && key.length > ROLE_PREFIX.length) found.add(key.slice(ROLE_PREFIX.length));
    else if (key === "kubernetes.io/role" && value) found.add(value);
  }
  return [...found].sort(compareStrings);
}

function writeTaints(d: Document, taints: readonly Any[] | undefined): void {
  d.write(0, "Taints:\t");
  if (!taints || taints.length === 0) {
    d.line(0, "<none>");
    return;
  }
  const order = (t: Any) => `${t.effect},${t.key}`;
  [...taints]
    .sort((a, b) => compareStrings(order(a), order(b)))
    .forEach((taint, i) => {
      d.line(0, (i === 0 ? "" : "\t") + taintText(taint));
    });
}

/** `key=value:NoSchedule`. */
export function taintText({ key, value, effect }: { key: string; value?: string; effect?: string }): string {
  if (!effect) return value ? `${key}=${value}:` : key;
  return value ? `${key}=${value}:${effect}` : `${key}:${effect}`;
}

function* writeLease(d: Document, name: string): Gen {
  try {
    const path = `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${name}`;
    const { spec } = yield* d.k.object("GET", path);
    d.line(0, "Lease:");
    d.line(1, `HolderIdentity:\t${spec.holderIdentity ?? "<unset>"}`);
    d.line(1, `AcquireTime:\t${spec.acquireTime ? dateText(spec.acquireTime) : "<unset>"}`);
    d.line(1, `RenewTime:\t${spec.renewTime ? dateText(spec.renewTime) : "<unset>"}`);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    d.line(0, `Lease:\tFailed to get lease: ${error.message}`);
  }
}

function writeSystemInfo(d: Document, info: Any): void {
  d.line(0, "System Info:");
  const lines: [string, string][] = [
    ["Machine ID", "machineID"],
    ["System UUID", "systemUUID"],
    ["Boot ID", "bootID"],
    ["Kernel Version", "kernelVersion"],
    ["OS Image", "osImage"],
    ["Operating System", "operatingSystem"],
    ["Architecture", "architecture"],
    ["Container Runtime Version", "containerRuntimeVersion"],
    ["Kubelet Version", "kubeletVersion"],
    ["Kube-Proxy Version", "kubeProxyVersion"],
  ];
  for (const [title, field] of lines) d.line(0, `  ${title}:\t${info[field] ?? ""}`);
}

const ZERO = quantity("0");

function addAll(into: Resources, from: Record<string, string | number> | undefined): void {
  for (const [name, value] of Object.entries(from ?? {})) {
    into[name] = into[name] ? addQuantities(into[name], quantity(value)) : quantity(value);
  }
}

function raiseAll(into: Resources, from: Resources): void {
  for (const [name, value] of Object.entries(from)) {
    const old = into[name];
    if (!old || compareQuantities(value, old) > 0) into[name] = value;
  }
}

/** What a Pod requests or is limited to (component-helpers resource.PodRequestsAndLimits). */
function podTotal(pod: KubeObject, which: "requests" | "limits"): Resources {
  const total: Resources = {};
  const restartable: Resources = {};
  const init: Resources = {};
  for (const container of pod.spec.containers) addAll(total, container.resources?.[which]);
  for (const container of pod.spec.initContainers ?? []) {
    const own: Resources = {};
    addAll(own, container.resources?.[which]);
    if (container.restartPolicy === "Always") {
      addAll(total, container.resources?.[which]);
      addAll(restartable, container.resources?.[which]);
      raiseAll(init, restartable);
    } else {
      for (const [name, value] of Object.entries(restartable))
        own[name] = own[name] ? addQuantities(own[name], value) : value;
      raiseAll(init, own);
    }
  }
  raiseAll(total, init);
  const overhead = pod.spec.overhead as Record<string, string> | undefined;
  if (which === "requests") addAll(total, overhead);
  else
    for (const [name, value] of Object.entries(overhead ?? {}))
      if (total[name]) total[name] = addQuantities(total[name], quantity(value));
  return total;
}

function percent(value: Quantity | undefined, whole: string | undefined, cpu: boolean): number {
  if (whole === undefined || value === undefined) return 0;
  const units = (text: string) => (cpu ? milliUnits(text) : wholeUnits(text));
  const all = units(String(whole));
  return all === 0 ? 0 : Math.trunc((units(formatQuantity(value)) / all) * 100);
}

function writePods(d: Document, pods: readonly KubeObject[], node: KubeObject): void {
  const { capacity, allocatable } = node.status ?? {};
  const room: Record<string, string> = Object.keys(allocatable ?? {}).length > 0 ? allocatable : (capacity ?? {});
  d.line(0, `Non-terminated Pods:\t(${pods.length} in total)`);
  d.line(1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge");
  d.line(1, "---------\t----\t\t------------\t----------\t---------------\t-------------\t---");
  const requests: Resources = {};
  const limits: Resources = {};
  const sum = (into: Resources, from: Resources) => {
    for (const [name, value] of Object.entries(from))
      into[name] = into[name] ? addQuantities(into[name], value) : value;
  };
  const cell = (list: Resources, name: string) =>
    `${formatQuantity(list[name] ?? ZERO)} (${percent(list[name], room[name], name === "cpu")}%)`;
  for (const pod of pods) {
    const request = podTotal(pod, "requests");
    const limit = podTotal(pod, "limits");
    sum(requests, request);
    sum(limits, limit);
    const cells = [cell(request, "cpu"), cell(limit, "cpu"), cell(request, "memory"), cell(limit, "memory")];
    const { namespace, name, creationTimestamp } = pod.metadata;
    d.line(1, `${namespace}\t${name}\t\t${cells.join("\t")}\t${d.since(creationTimestamp)}`);
  }
  d.write(0, "Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)\n");
  d.line(1, "Resource\tRequests\tLimits");
  d.line(1, "--------\t--------\t------");
  const names = Object.keys(room).sort(compareStrings);
  const huge = names.filter((name) => name.startsWith("hugepages-"));
  for (const name of ["cpu", "memory", "ephemeral-storage", ...huge]) {
    d.line(1, `${name}\t${cell(requests, name)}\t${cell(limits, name)}`);
  }
  const standard = new Set(["cpu", "memory", "ephemeral-storage", "pods", ...huge]);
  for (const name of names.filter((n) => !standard.has(n))) {
    d.line(1, `${name}\t${formatQuantity(requests[name] ?? ZERO)}\t${formatQuantity(limits[name] ?? ZERO)}`);
  }
}
