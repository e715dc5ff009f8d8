import type { KubeObject } from "../api/types.ts";

/** Amounts by resource name: `cpu` in millicores, all others in whole units (bytes, pieces). */
export type Resources = Record<string, number>;

const SUFFIX: Record<string, number> = {
  "": 1,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
  Ti: 1024 ** 4,
  Pi: 1024 ** 5,
  Ei: 1024 ** 6,
};

/** A resource.Quantity in whole units, or thousandths when `milli`; rounded up as Value() and MilliValue() do. */
export function amount(quantity: string | number | undefined, milli = false): number {
  if (quantity === undefined) return 0;
  const match = /^([+-]?[0-9.]+)(?:[eE]([+-]?[0-9]+)|([a-zA-Z]*))$/.exec(String(quantity));
  if (match === null) return 0;
  const scale = match[2] !== undefined ? Number(`1e${match[2]}`) : (SUFFIX[match[3] ?? ""] ?? 0);
  const value = Number(match[1]) * scale * (milli ? 1000 : 1);
  // 0.1 * 1000 and its like are off by less than this.
  const near = Math.round(value);
  return value - near < 1e-6 && near - value < 1e-6 ? near : Math.ceil(value);
}

/** A ResourceList as amounts. */
export function resources(list: Readonly<Record<string, string>> | undefined): Resources {
  const out: Resources = {};
  for (const name in list) out[name] = amount(list[name], name === "cpu");
  return out;
}

/** Adds `b` to `a` in place, `sign` times. */
export function add(a: Resources, b: Resources, sign: 1 | -1 = 1): void {
  for (const name in b) a[name] = (a[name] ?? 0) + sign * b[name]!;
}

function max(a: Resources, b: Resources): void {
  for (const name in b) a[name] = Math.max(a[name] ?? 0, b[name]!);
}

export interface PodRequests {
  /** What the Pod asks for. */
  requests: Resources;
  /** cpu and memory with the floor that scoring gives to containers without requests. */
  nonZero: { cpu: number; memory: number };
}

/** pkg/scheduler/util/pod_resources.go: millicores and bytes that scoring assumes for a silent container. */
const DEFAULT_CPU = 100;
const DEFAULT_MEMORY = 200 * 1024 * 1024;

const known = new WeakMap<object, PodRequests>();

/** Requests of a Pod: sum of its containers and sidecars, or its greediest init step, plus overhead (KEP-753). */
export function podRequests(pod: KubeObject): PodRequests {
  const spec = pod.spec as object;
  let found = known.get(spec);
  if (found === undefined) {
    const plain = total(pod.spec, (list) => list);
    const floored = total(pod.spec, (list) => ({ cpu: DEFAULT_CPU, memory: DEFAULT_MEMORY, ...list }));
    found = { requests: plain, nonZero: { cpu: floored["cpu"] ?? 0, memory: floored["memory"] ?? 0 } };
    known.set(spec, found);
  }
  return found;
}

function total(spec: KubeObject, floor: (list: Resources) => Resources): Resources {
  const of = (container: KubeObject) => floor(resources(container["resources"]?.requests));
  const sum: Resources = {};
  for (const container of spec["containers"] ?? []) add(sum, of(container));
  const sidecars: Resources = {};
  const steps: Resources = {};
  for (const container of spec["initContainers"] ?? []) {
    const own = of(container);
    if (container.restartPolicy === "Always") {
      add(sum, own);
      add(sidecars, own);
      max(steps, sidecars);
    } else {
      const step = { ...own };
      add(step, sidecars);
      max(steps, step);
    }
  }
  max(sum, steps);
  add(sum, resources(spec["overhead"]));
  return sum;
}
