import { addQuantities, compareQuantities, formatQuantity, type Quantity, quantity } from "../quantity.ts";
import type { KubeObject, Resource } from "../types.ts";

/** What objects count for in a ResourceQuota (pkg/quota/v1/evaluator/core). Scopes: see quota-scopes.ts. */

export type Usage = Readonly<Record<string, Quantity>>;

const ONE = quantity("1");
const ZERO = quantity("0");
/** Kinds whose plain plural is a quota of its own, beside `count/<plural>`. */
const PLAIN = [
  "pods",
  "services",
  "secrets",
  "configmaps",
  "persistentvolumeclaims",
  "replicationcontrollers",
  "resourcequotas",
];
const COMPUTE = ["cpu", "memory", "ephemeral-storage"];

type Amounts = Readonly<Record<string, string>>;
interface Container {
  name: string;
  restartPolicy?: string;
  resources?: { requests?: Amounts; limits?: Amounts };
}

/** A Pod's requests or limits of one resource: containers and sidecars together, or the largest init container. */
function podAmount(pod: KubeObject, kind: "requests" | "limits", name: string): Quantity | undefined {
  const of = (c: Container) => c.resources?.[kind]?.[name];
  let sum = ZERO;
  let largest = ZERO;
  let found = false;
  for (const c of (pod.spec.initContainers ?? []) as Container[]) {
    const text = of(c);
    if (text === undefined) continue;
    found = true;
    if (c.restartPolicy === "Always") sum = addQuantities(sum, quantity(text));
    else if (compareQuantities(quantity(text), largest) > 0) largest = quantity(text);
  }
  for (const c of (pod.spec.containers ?? []) as Container[]) {
    const text = of(c);
    if (text === undefined) continue;
    found = true;
    sum = addQuantities(sum, quantity(text));
  }
  const most = compareQuantities(largest, sum) > 0 ? largest : sum;
  const overhead = pod.spec.overhead?.[name];
  return found ? (overhead ? addQuantities(most, quantity(overhead)) : most) : undefined;
}

function otherRequests(pod: KubeObject): Set<string> {
  const containers: readonly Container[] = [...(pod.spec.initContainers ?? []), ...(pod.spec.containers ?? [])];
  const names = containers.flatMap((c) => Object.keys(c.resources?.requests ?? {}));
  return new Set(names.filter((name) => !COMPUTE.includes(name)));
}

/** What one object uses, by the names quotas have for it; a Pod that ended uses nothing but its place in the count. */
export function usageOf({ group, resource }: Resource, object: KubeObject): Usage {
  const out: Record<string, Quantity> = { [`count/${resource}${group ? `.${group}` : ""}`]: ONE };
  if (group !== "") return out;
  if (resource === "pods") {
    const phase = object.status?.phase;
    if (phase === "Succeeded" || phase === "Failed") return out;
    for (const name of COMPUTE) {
      const requests = podAmount(object, "requests", name);
      const limits = podAmount(object, "limits", name);
      if (requests) out[name] = out[`requests.${name}`] = requests;
      if (limits) out[`limits.${name}`] = limits;
    }
    // Extended resources and huge pages are limited by what is requested alone.
    for (const name of otherRequests(object)) {
      const requests = podAmount(object, "requests", name)!;
      out[`requests.${name}`] = requests;
      if (name.startsWith("hugepages-")) out[name] = requests;
    }
  }
  if (resource === "services") {
    const ports: readonly { nodePort?: number }[] = object.spec.ports ?? [];
    if (object.spec.type === "LoadBalancer") out["services.loadbalancers"] = ONE;
    if (object.spec.type === "LoadBalancer" || object.spec.type === "NodePort")
      out["services.nodeports"] = quantity(String(ports.length));
  }
  const storage = resource === "persistentvolumeclaims" ? object.spec.resources?.requests?.storage : undefined;
  if (storage) out["requests.storage"] = quantity(storage);
  const storageClass = resource === "persistentvolumeclaims" ? object.spec.storageClassName : undefined;
  if (storageClass) {
    if (storage) out[`${storageClass}.storageclass.storage.k8s.io/requests.storage`] = quantity(storage);
    out[`${storageClass}.storageclass.storage.k8s.io/persistentvolumeclaims`] = ONE;
  }
  if (PLAIN.includes(resource)) out[resource] = ONE;
  return out;
}

/** Names a quota limits that a Pod's containers have to state and do not: `requests.cpu for: web`. */
export function unstated(hard: Amounts, pod: KubeObject): string[] {
  const containers: readonly Container[] = [...(pod.spec.initContainers ?? []), ...(pod.spec.containers ?? [])];
  const out: string[] = [];
  for (const name of Object.keys(hard).sort()) {
    const [, prefix, base] = /^(?:(requests|limits)\.)?(cpu|memory)$/.exec(name) ?? [];
    if (base === undefined) continue;
    const kind = prefix === "limits" ? "limits" : "requests";
    const lacking = containers.filter((c) => c.resources?.[kind]?.[base] === undefined).map((c) => c.name);
    if (lacking.length > 0) out.push(`${name} for: ${lacking.sort().join(",")}`);
  }
  return out;
}

/** Which kinds a quota has to count: `["", "pods"]` for pods and compute resources, and so on. */
export function countedKinds(hard: Amounts): (readonly [group: string, resource: string])[] {
  const kinds = new Map<string, readonly [string, string]>();
  const add = (group: string, resource: string) => kinds.set(`${group}/${resource}`, [group, resource]);
  for (const name of Object.keys(hard)) {
    const counted = /^count\/([a-z]+)(?:\.(.+))?$/.exec(name);
    if (counted) add(counted[2] ?? "", counted[1]!);
    else if (name.startsWith("services")) add("", "services");
    else if (name === "requests.storage" || name.includes(".storageclass.storage.k8s.io/"))
      add("", "persistentvolumeclaims");
    else if (PLAIN.includes(name)) add("", name);
    else add("", "pods");
  }
  return [...kinds.values()];
}

/** `pods=1,requests.cpu=200m`: amounts in the order of their names, as messages have them. */
export function amounts(usage: Usage): string {
  return Object.keys(usage)
    .sort()
    .map((name) => `${name}=${formatQuantity(usage[name]!)}`)
    .join(",");
}
