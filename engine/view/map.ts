import type { KubeObject } from "../api/types.ts";
import type { Change } from "../chronicle.ts";
import type { Cluster } from "../cluster.ts";
import { type MapItem, machineItem, podItem, serviceItem } from "./items.ts";

/** What a map has to draw anew. */
export interface MapUpdate {
  /** Everything there is; without it, what changed since the last update. */
  full: boolean;
  items: MapItem[];
  /** Keys of what is gone. */
  gone: string[];
  /** Pods and Services that there are too many of to be told. */
  left: number;
}

/** Pods and Services that a picture is told of. */
const MAX_ITEMS = 2_000;

const PODS = "/registry/pods/";
const NODES = "/registry/minions/";
const SERVICES = "/registry/services/specs/";
const SLICES = "/registry/endpointslices/";
const SERVICE_LABEL = "kubernetes.io/service-name";

/**
 * The cluster as a picture shows it, while somebody looks: listens to every write to etcd, notes which boxes, tiles and
 * lines it touches, and tells those that look different afterwards. It only reads, and is no part of the session.
 */
export class ClusterMap {
  private readonly cluster: Cluster;
  private readonly changed: () => void;
  private readonly dirty = new Set<string>();
  /** Slices of each Service, by key of either. */
  private readonly slices = new Map<string, Map<string, KubeObject>>();
  /** What was told of each item. */
  private readonly told = new Map<string, string>();
  private readonly left = new Set<string>();
  private readonly hear = (change: Change) => this.note(change);

  /** `changed`: called within the write that makes the first change since the last update. */
  constructor(cluster: Cluster, changed: () => void) {
    this.cluster = cluster;
    this.changed = changed;
    cluster.chronicle.listeners.add(this.hear);
    for (const slice of cluster.objects("discovery.k8s.io", "endpointslices")) this.keepSlice(sliceKey(slice), slice);
  }

  /** Nobody looks any more. */
  stop(): void {
    this.cluster.chronicle.listeners.delete(this.hear);
  }

  /** Everything, for somebody who begins to look. */
  all(): MapUpdate {
    this.told.clear();
    this.left.clear();
    this.dirty.clear();
    const items: MapItem[] = [];
    for (const spec of this.cluster.specs) this.tell(`machine/${spec.name}`, items);
    for (const [prefix, resource] of [
      ["service", "services"],
      ["pod", "pods"],
    ] as const) {
      for (const { metadata } of this.cluster.objects("", resource))
        this.tell(`${prefix}/${metadata.namespace}/${metadata.name}`, items);
    }
    return { full: true, items, gone: [], left: this.left.size };
  }

  /** What changed since the last update; undefined when nothing looks different. */
  update(): MapUpdate | undefined {
    const items: MapItem[] = [];
    const gone: string[] = [];
    const left = this.left.size;
    for (const key of this.dirty) {
      if (this.tell(key, items)) continue;
      this.left.delete(key);
      if (!this.told.delete(key)) continue;
      gone.push(key);
      // There is room again.
      for (const waiting of this.left) {
        this.left.delete(waiting);
        this.tell(waiting, items);
        break;
      }
    }
    this.dirty.clear();
    if (items.length === 0 && gone.length === 0 && left === this.left.size) return undefined;
    return { full: false, items, gone, left: this.left.size };
  }

  private note({ key, object, old }: Change): void {
    let touched: string | undefined;
    if (key.startsWith(PODS)) touched = `pod/${key.slice(PODS.length)}`;
    else if (key.startsWith(SLICES)) {
      touched = this.keepSlice(key, object);
      // The label may have been taken from one Service and given to another.
      const before = serviceOf(old);
      if (before !== undefined && before !== touched) {
        this.slices.get(before)?.delete(key);
        this.touch(before);
      }
    } else if (key.startsWith(SERVICES)) touched = `service/${key.slice(SERVICES.length)}`;
    else if (key.startsWith(NODES)) touched = `machine/${key.slice(NODES.length)}`;
    if (touched !== undefined) this.touch(touched);
  }

  private touch(key: string): void {
    if (this.dirty.size === 0) this.changed();
    this.dirty.add(key);
  }

  private keepSlice(key: string, slice: KubeObject | undefined): string | undefined {
    const service = serviceOf(slice);
    if (service === undefined || slice === undefined) return undefined;
    const known = this.slices.get(service);
    if (known) known.set(key, slice);
    else this.slices.set(service, new Map([[key, slice]]));
    return service;
  }

  private read(key: string): KubeObject | undefined {
    return this.cluster.etcd.get(key)?.value as unknown as KubeObject | undefined;
  }

  /** Adds the item if it looks different from what was told; false when there is no such thing. */
  private tell(key: string, items: MapItem[]): boolean {
    const item = this.item(key);
    if (item === undefined) return false;
    const text = JSON.stringify(item);
    const before = this.told.get(key);
    if (before === text) return true;
    if (before === undefined && item.kind !== "machine" && this.told.size >= MAX_ITEMS) {
      this.left.add(key);
      return true;
    }
    this.told.set(key, text);
    items.push(item);
    return true;
  }

  private item(key: string): MapItem | undefined {
    const [kind, ...rest] = key.split("/");
    const name = rest.join("/");
    if (kind === "machine") {
      const spec = this.cluster.specs.find((each) => each.name === name);
      return spec && machineItem(spec, this.read(NODES + name));
    }
    if (kind === "service") {
      const service = this.read(SERVICES + name);
      return service && serviceItem(service, this.slices.get(key)?.values() ?? []);
    }
    const pod = this.read(PODS + name);
    return pod && podItem(pod, (resource, owner) => this.read(`/registry/${resource}/${rest[0]}/${owner}`));
  }
}

const sliceKey = ({ metadata }: KubeObject) => `${SLICES}${metadata.namespace}/${metadata.name}`;

function serviceOf(slice: KubeObject | undefined): string | undefined {
  const name = slice?.metadata.labels?.[SERVICE_LABEL];
  return name === undefined ? undefined : `service/${slice!.metadata.namespace}/${name}`;
}
