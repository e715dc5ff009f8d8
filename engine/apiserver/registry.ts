import type { KindDef } from "../api/kind.ts";
import { StatusError } from "../api/status.ts";
import type { KubeObject, WatchEvent } from "../api/types.ts";
import { type Etcd, type KeyValue, prefixEnd } from "../etcd/index.ts";
import { type Gen, type Kernel, MINUTE } from "../kernel/index.ts";
import { Aggregator } from "./aggregation/aggregator.ts";
import { groupVersionsOf } from "./aggregation/api-services.ts";
import { Authorizer } from "./authorization/authorization.ts";
import { objectOf, ResourceCache } from "./cache.ts";
import { CustomResources } from "./custom-resources.ts";
import { LeasePool } from "./leases.ts";
import type { Selection } from "./selection.ts";
import { ServiceRanges } from "./service-ranges.ts";
import { Unreadable } from "./stored.ts";
import { type CacheEvent, CacheWatch } from "./watch.ts";

/** How often a watch that asked for bookmarks gets one (apiserver's cacher: about a minute). */
const BOOKMARK_PERIOD = MINUTE;

/**
 * The kinds that are served and their watch caches, in front of etcd. API servers on one etcd share it: each would
 * hold the same references anyway.
 */
export class Registry {
  readonly kernel: Kernel;
  readonly etcd: Etcd;
  /** Every kind that is served, in discovery's order; a new array whenever custom resources come or go. */
  kinds: readonly KindDef[];
  readonly leases: LeasePool;
  readonly authorizer: Authorizer;
  readonly aggregator: Aggregator;
  readonly ranges: ServiceRanges;
  /** Some server encrypts what it writes: what is read and written is looked at. */
  encrypting = false;
  /** Below this revision etcd keeps no history; -1 before the first compaction. */
  compactRevision = -1;
  /** Revision of the last event that the caches have seen. */
  revision = 1;
  /** By the resource's name: several groups and versions may have one of that name. */
  private readonly byResource = new Map<string, KindDef[]>();
  private readonly caches = new Map<string, ResourceCache>();
  private bookmarking = false;
  private readonly compactEvent: string;
  private readonly bookmarkEvent: string;
  private readonly builtIn: readonly KindDef[];
  private readonly custom = new Map<string, readonly KindDef[]>();

  /** `name`: what its events are called after, where a kernel has the registries of several clusters. */
  constructor(kernel: Kernel, etcd: Etcd, kinds: readonly KindDef[], name = "apiserver") {
    this.compactEvent = `${name} compactor`;
    this.bookmarkEvent = `${name} bookmarks`;
    this.kernel = kernel;
    this.etcd = etcd;
    this.kinds = kinds;
    this.builtIn = kinds;
    this.leases = new LeasePool(kernel, etcd);
    this.ranges = new ServiceRanges(etcd);
    for (const def of kinds) {
      this.serve(def);
      // Kinds that are only views of others' storage (events.k8s.io) share its cache; reviews and bindings have none.
      if (def.etcdPrefix !== "" && !this.caches.has(def.etcdPrefix))
        this.caches.set(def.etcdPrefix, new ResourceCache(def));
    }
    this.authorizer = new Authorizer(this);
    this.aggregator = new Aggregator(this);
    new CustomResources(this);
    kernel.on(this.bookmarkEvent, () => this.sendBookmarks());
    etcd.watch(
      { key: "/registry/", rangeEnd: prefixEnd("/registry/"), startRevision: 1, prevKv: true },
      {
        events: (events, revision) => {
          this.revision = revision;
          for (const event of events) this.cacheOfKey(event.kv.key)?.apply(event);
        },
      },
    );
  }

  /**
   * Serves these kinds for a CustomResourceDefinition instead of those it had; none: it is gone. Their cache stays while
   * objects may be there.
   */
  setCustomKinds(name: string, defs: readonly KindDef[]): void {
    for (const def of this.custom.get(name) ?? []) {
      const { resource, etcdPrefix } = def;
      this.byResource.set(
        resource.resource,
        (this.byResource.get(resource.resource) ?? []).filter((other) => other !== def),
      );
      if (!defs.some((def) => def.etcdPrefix === etcdPrefix)) this.endWatches(etcdPrefix);
    }
    if (defs.length > 0) this.custom.set(name, defs);
    else this.custom.delete(name);
    for (const def of defs) {
      this.serve(def);
      if (!this.caches.has(def.etcdPrefix)) this.caches.set(def.etcdPrefix, new ResourceCache(def));
    }
    const groups = [...this.custom.values()].flat().sort(inDiscovery);
    this.kinds = [...this.builtIn, ...groups];
    this.kernel.spawn("apiserver crdregistration", this.aggregator.keepCustom(groupVersionsOf(groups)));
  }

  private endWatches(etcdPrefix: string): void {
    for (const watch of [...(this.caches.get(etcdPrefix)?.openWatches() ?? [])]) watch.finish();
  }

  private serve(def: KindDef): void {
    const { group, version, resource } = def.resource;
    const others = (this.byResource.get(resource) ?? []).filter(
      (other) => other.resource.group !== group || other.resource.version !== version,
    );
    this.byResource.set(resource, [...others, def]);
  }

  kind(group: string, version: string, resource: string): KindDef | undefined {
    const defs = this.byResource.get(resource);
    if (defs !== undefined) {
      for (const def of defs) if (def.resource.group === group && def.resource.version === version) return def;
    }
    return undefined;
  }

  cache(def: KindDef): ResourceCache {
    return this.caches.get(def.etcdPrefix)!;
  }

  /** The object of a stored key; undefined for what no cache holds, or nobody can read. */
  objectOf(kv: KeyValue): KubeObject | undefined {
    const cache = this.cacheOfKey(kv.key);
    const object = cache && objectOf(kv, cache.def);
    return object instanceof Unreadable ? undefined : object;
  }

  /** The cache of a resource that the server itself relies on. */
  cacheOf(group: string, version: string, resource: string): ResourceCache | undefined {
    const def = this.kind(group, version, resource);
    return def && this.cache(def);
  }

  /**
   * Opens a watch. `from` is the resource version the client has; 0: begin with what is there. Past events come from
   * etcd's log. Undefined: that version is compacted.
   */
  watch(def: KindDef, selection: Selection, from: number | undefined): CacheWatch | undefined {
    const cache = this.cache(def);
    cache.requireReadable("");
    const watch = new CacheWatch(selection, (closed) => cache.removeWatch(closed));
    if (from === undefined) {
      for (const object of cache.list(selection)) watch.push({ type: "ADDED", object });
    } else if (from < this.revision) {
      const past = this.past(cache, from);
      if (past === undefined) return undefined;
      for (const event of past) watch.offer(event);
    }
    watch.seen = Math.max(watch.seen, this.revision);
    cache.addWatch(watch);
    return watch;
  }

  /** From now on the watch gets a bookmark each period in which something else moved the revision. */
  wantBookmarks(watch: CacheWatch): void {
    watch.bookmarks = true;
    if (this.bookmarking) return;
    this.bookmarking = true;
    this.kernel.schedule(BOOKMARK_PERIOD, this.bookmarkEvent, "");
  }

  /**
   * Every `period` µs forgets what etcd held a period ago (apiserver pkg/storage/etcd3/compact.go: five minutes). Without
   * it every revision stays readable.
   */
  startCompactor(period = 5 * MINUTE): void {
    let target = this.revision;
    this.kernel.on(this.compactEvent, () => {
      const revision = target;
      target = this.revision;
      if (revision > this.compactRevision) this.kernel.spawn(this.compactEvent, this.compact(revision));
      this.kernel.schedule(period, this.compactEvent, "");
    });
    this.kernel.schedule(period, this.compactEvent, "");
  }

  /** The servers agree by a key of its own on who compacts, and how far (storage/etcd3/compact.go). */
  private *compact(revision: number): Gen {
    try {
      yield* this.etcd.put({ key: "compact_rev_key", value: String(revision) });
    } catch (error) {
      // A full etcd takes no key, not even this one: servers compact no more until there is room.
      if (error instanceof StatusError) return;
      throw error;
    }
    yield* this.etcd.compact(revision);
    this.compactRevision = revision;
  }

  private past(cache: ResourceCache, from: number): CacheEvent[] | undefined {
    const out: CacheEvent[] = [];
    let compacted = false;
    const { prefix } = cache;
    this.etcd
      .watch(
        { key: prefix, rangeEnd: prefixEnd(prefix), startRevision: from + 1, prevKv: true },
        {
          events: (events) => {
            for (const event of events) {
              const change = cache.change(event);
              if (change) out.push(change);
            }
          },
          cancelled: () => {
            compacted = true;
          },
        },
      )
      .cancel();
    return compacted ? undefined : out;
  }

  private sendBookmarks(): void {
    let wanted = false;
    for (const cache of this.caches.values()) {
      let event: WatchEvent | undefined;
      for (const watch of cache.openWatches()) {
        if (!watch.bookmarks) continue;
        wanted = true;
        if (watch.seen >= this.revision) continue;
        event ??= { type: "BOOKMARK", object: bookmark(cache.def, this.revision) };
        watch.push(event);
      }
    }
    this.bookmarking = wanted;
    if (wanted) this.kernel.schedule(BOOKMARK_PERIOD, this.bookmarkEvent, "");
  }

  private cacheOfKey(key: string): ResourceCache | undefined {
    // "/registry/".length is 10. A prefix has one part (pods) or two (services/specs).
    const first = key.indexOf("/", 10);
    if (first < 0) return undefined;
    const cache = this.caches.get(key.slice(10, first));
    if (cache) return cache;
    const second = key.indexOf("/", first + 1);
    return second < 0 ? undefined : this.caches.get(key.slice(10, second));
  }
}

/** Groups by name, versions newest and most stable first, kinds by plural (apimachinery pkg/version CompareKubeAwareVersionStrings). */
function inDiscovery({ resource: a }: KindDef, { resource: b }: KindDef): number {
  if (a.group !== b.group) return a.group < b.group ? -1 : 1;
  if (a.version !== b.version) return newerFirst(a.version, b.version);
  return a.resource < b.resource ? -1 : 1;
}

/** `v2`, `v1`, `v1beta2`, `v1beta1`, `v1alpha1`, then what is no version, by name. */
export function newerFirst(a: string, b: string): number {
  const [x, y] = [ranked(a), ranked(b)];
  if (x === undefined || y === undefined) return x ? -1 : y ? 1 : a < b ? -1 : 1;
  for (let i = 0; i < 3; i++) if (x[i] !== y[i]) return y[i]! - x[i]!;
  return 0;
}

function ranked(version: string): readonly number[] | undefined {
  const parts = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  if (parts === null) return undefined;
  const stability = parts[2] === undefined ? 2 : parts[2] === "beta" ? 1 : 0;
  return [stability, Number(parts[1]), Number(parts[3] ?? 0)];
}

/** An object that says nothing but how far the watch has come. */
export function bookmark(def: KindDef, revision: number, initialEventsEnd = false): KubeObject {
  const { group, version, kind } = def.resource;
  const metadata: Record<string, unknown> = { resourceVersion: String(revision), creationTimestamp: null };
  if (initialEventsEnd) metadata["annotations"] = { "k8s.io/initial-events-end": "true" };
  return Object.freeze({
    kind,
    apiVersion: group === "" ? version : `${group}/${version}`,
    metadata: Object.freeze(metadata),
  }) as unknown as KubeObject;
}
