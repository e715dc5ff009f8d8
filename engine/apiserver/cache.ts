import type { KindDef } from "../api/kind.ts";
import type { Requirement } from "../api/selector.ts";
import type { KubeObject } from "../api/types.ts";
import { type Event, type KeyValue, valueBytes } from "../etcd/index.ts";
import { plainError } from "./errors.ts";
import type { Selection } from "./selection.ts";
import { readStored, Unreadable } from "./stored.ts";
import { type CacheEvent, type CacheWatch, withVersion } from "./watch.ts";

/** Objects of one namespace, by name; `sorted` is remade when a name comes or goes. */
interface Namespace {
  readonly name: string;
  readonly objects: Map<string, KubeObject>;
  list: readonly KubeObject[] | undefined;
}

/**
 * The watch cache of one kind: what etcd holds under the kind's prefix, as objects with their resource version, kept
 * by etcd's watch within each commit. Reads cost what they return: objects are grouped by namespace and indexed by label.
 */
export class ResourceCache {
  readonly def: KindDef;
  readonly prefix: string;
  private readonly namespaces = new Map<string, Namespace>();
  /** `label=value` → keys of the objects that carry it. */
  private readonly byLabel = new Map<string, Set<string>>();
  private all: readonly KubeObject[] | undefined;
  /** By their keys what others wrote so that it cannot be read, or names another key than its own. */
  private readonly strays = new Map<string, KubeObject | Unreadable>();
  /** What was there before it could no longer be read. */
  private readonly before = new WeakMap<KeyValue, KubeObject>();
  /** Revision of the last change: from then on the objects are those of any later revision. */
  changedAt = 0;
  private watches: CacheWatch[] = [];
  private readonly listeners: ((event: CacheEvent) => void)[] = [];

  constructor(def: KindDef) {
    this.def = def;
    this.prefix = `/registry/${def.etcdPrefix}/`;
  }

  /** Key in etcd. */
  key(namespace: string, name: string): string {
    return this.def.resource.namespaced ? `${this.prefix}${namespace}/${name}` : this.prefix + name;
  }

  /** Whether every object can be read, and stands under its own name. */
  get isSound(): boolean {
    return this.strays.size === 0;
  }

  /** The object under a name. Throws what the server answers where others wrote under its key what it cannot read. */
  get(namespace: string, name: string): KubeObject | undefined {
    if (this.strays.size > 0) {
      const stray = this.strays.get(this.key(namespace, name));
      if (stray instanceof Unreadable) throw plainError(stray.why);
      if (stray !== undefined) return stray;
    }
    return this.namespaces.get(this.def.resource.namespaced ? namespace : "")?.objects.get(name);
  }

  /** Calls back within each commit; for parts of the server that keep state of their own (RBAC). */
  onEvent(listener: (event: CacheEvent) => void): () => void {
    this.listeners.push(listener);
    return () => {
      const at = this.listeners.indexOf(listener);
      if (at >= 0) this.listeners.splice(at, 1);
    };
  }

  /** A list that would meet what cannot be read fails (apiserver pkg/storage/etcd3/store.go GetList). */
  requireReadable(namespace: string): void {
    const prefix = this.def.resource.namespaced && namespace !== "" ? `${this.prefix}${namespace}/` : this.prefix;
    for (const [key, stray] of this.strays) {
      if (stray instanceof Unreadable && key.startsWith(prefix)) throw plainError(stray.why);
    }
  }

  /** Objects in etcd's key order. The array is shared: never write to it. */
  list(selection: Selection): readonly KubeObject[] {
    if (this.strays.size > 0) this.requireReadable(selection.namespace);
    if (selection.name !== "" && selection.namespace !== "") {
      const object = this.get(selection.namespace, selection.name);
      return object && selection.matches(object) ? [object] : [];
    }
    const indexed = this.fromIndex(selection);
    const objects = indexed ?? (selection.namespace === "" ? this.everything() : this.inNamespace(selection.namespace));
    if (selection.everything && selection.name === "") return objects;
    return objects.filter((object) => selection.inScope(object) && selection.matches(object));
  }

  everything(): readonly KubeObject[] {
    if (this.all === undefined) {
      const spaces = [...this.namespaces.values()].sort((a, b) => (`${a.name}/` < `${b.name}/` ? -1 : 1));
      this.all = Object.freeze(spaces.flatMap(sorted));
    }
    return this.all;
  }

  inNamespace(namespace: string): readonly KubeObject[] {
    const space = this.namespaces.get(this.def.resource.namespaced ? namespace : "");
    return space === undefined ? [] : sorted(space);
  }

  /** The same in any order, which costs nothing to keep. */
  unordered(namespace: string): Iterable<KubeObject> {
    return this.namespaces.get(this.def.resource.namespaced ? namespace : "")?.objects.values() ?? [];
  }

  addWatch(watch: CacheWatch): void {
    this.watches.push(watch);
  }

  removeWatch(watch: CacheWatch): void {
    this.watches = this.watches.filter((other) => other !== watch);
  }

  openWatches(): readonly CacheWatch[] {
    return this.watches;
  }

  /** Takes an event of etcd; tells listeners, then watches in the order in which they came. */
  apply(event: Event): void {
    this.changedAt = event.kv.modRevision;
    this.noteStray(event);
    const change = this.change(event);
    if (change === undefined) return;
    this.store(change);
    for (const listener of this.listeners) listener(change);
    // Closing a watch makes a new array, opening one appends: this walk sees those that were open at the commit.
    const { watches } = this;
    const count = watches.length;
    for (let i = 0; i < count; i++) watches[i]!.offer(change);
  }

  /** The event as a change of objects; `old` comes from etcd, so it serves for events of the past too. */
  change(event: Event): CacheEvent | undefined {
    const old = event.prevKv && this.lastOf(event.prevKv);
    if (event.type === "DELETE") {
      if (old === undefined) return undefined;
      return { type: "DELETED", object: withVersion(old, String(event.kv.modRevision)), old };
    }
    const object = objectOf(event.kv, this.def);
    if (object instanceof Unreadable) return undefined;
    return { type: old === undefined ? "ADDED" : "MODIFIED", object, old };
  }

  /** The object of a stored key, or the last one there that could be read. */
  private lastOf(kv: KeyValue): KubeObject | undefined {
    const object = objectOf(kv, this.def);
    return object instanceof Unreadable ? this.before.get(kv) : object;
  }

  /** What cannot be read ends every watch: a server that lists anew to open them again fails. */
  private noteStray({ type, kv, prevKv }: Event): void {
    const object = type === "PUT" && isForeign(kv) ? objectOf(kv, this.def) : undefined;
    if (object === undefined) {
      if (this.strays.size > 0) this.strays.delete(kv.key);
      return;
    }
    if (object instanceof Unreadable) {
      const before = prevKv && this.lastOf(prevKv);
      if (before !== undefined) this.before.set(kv, before);
      for (const watch of [...this.watches]) watch.finish();
    } else if (this.key(object.metadata.namespace ?? "", object.metadata.name) === kv.key) {
      this.strays.delete(kv.key);
      return;
    }
    this.strays.set(kv.key, object);
  }

  private store(change: CacheEvent): void {
    const { object, old } = change;
    const { name } = object.metadata;
    const namespace = this.def.resource.namespaced ? (object.metadata.namespace ?? "") : "";
    let space = this.namespaces.get(namespace);
    if (space === undefined) {
      space = { name: namespace, objects: new Map(), list: undefined };
      this.namespaces.set(namespace, space);
    }
    space.list = undefined;
    this.all = undefined;
    if (old !== undefined && (old.metadata.name !== name || old.metadata.namespace !== object.metadata.namespace)) {
      this.store({ type: "DELETED", object: old, old });
      this.store({ type: "ADDED", object, old: undefined });
      return;
    }
    const labels = change.type === "DELETED" ? undefined : object.metadata.labels;
    if (old?.metadata.labels !== labels) this.reindex(`${namespace}/${name}`, old?.metadata.labels, labels);
    if (change.type !== "DELETED") space.objects.set(name, object);
    else {
      space.objects.delete(name);
      if (space.objects.size === 0) this.namespaces.delete(namespace);
    }
  }

  private reindex(
    key: string,
    before: Readonly<Record<string, string>> | undefined,
    after: Readonly<Record<string, string>> | undefined,
  ): void {
    if (before === after) return;
    for (const label in before) {
      const entry = `${label}=${before[label]}`;
      const keys = this.byLabel.get(entry);
      keys?.delete(key);
      if (keys?.size === 0) this.byLabel.delete(entry);
    }
    for (const label in after) {
      const entry = `${label}=${after[label]}`;
      const keys = this.byLabel.get(entry);
      if (keys) keys.add(key);
      else this.byLabel.set(entry, new Set([key]));
    }
  }

  /** Candidates by the rarest label that the selection requires; undefined when it requires none. */
  private fromIndex(selection: Selection): KubeObject[] | undefined {
    let keys: ReadonlySet<string> | undefined;
    for (const requirement of selection.labels) {
      const entry = equality(requirement);
      if (entry === undefined) continue;
      const found = this.byLabel.get(entry);
      if (found === undefined) return [];
      if (keys === undefined || found.size < keys.size) keys = found;
    }
    if (keys === undefined) return undefined;
    const out: KubeObject[] = [];
    for (const key of [...keys].sort()) {
      const slash = key.indexOf("/");
      out.push(this.namespaces.get(key.slice(0, slash))!.objects.get(key.slice(slash + 1))!);
    }
    return out;
  }
}

function equality({ key, operator, values }: Requirement): string | undefined {
  return (operator === "=" || operator === "==" || operator === "in") && values.length === 1
    ? `${key}=${values[0]}`
    : undefined;
}

function sorted(space: Namespace): readonly KubeObject[] {
  if (space.list === undefined) {
    const objects = [...space.objects.values()];
    objects.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : a.metadata.name > b.metadata.name ? 1 : 0));
    space.list = Object.freeze(objects);
  }
  return space.list;
}

const objects = new WeakMap<object, KubeObject | Unreadable>();

/** Bytes that no API server wrote. */
const isForeign = ({ value }: KeyValue) => typeof value !== "object" || value === null || value instanceof Uint8Array;

/**
 * The API object of a stored key. What the API server wrote bears the resource version already; what came another way
 * (etcdctl) is read and given it here, and remembered with the key, so that cache, watches and reads at old revisions
 * hold one reference.
 */
export function objectOf(kv: KeyValue, def: KindDef): KubeObject | Unreadable {
  const foreign = isForeign(kv);
  if (!foreign) {
    const value = kv.value as KubeObject;
    if (value.metadata.resourceVersion !== undefined) return value;
  }
  let object = objects.get(kv);
  if (object === undefined) {
    const value = foreign ? readStored(def, valueBytes(kv)) : (kv.value as KubeObject);
    object = value instanceof Unreadable ? value : withVersion(value, String(kv.modRevision));
    objects.set(kv, object);
  }
  return object;
}
