import type { KindDef } from "../api/kind.ts";
import { alreadyExists, conflict, notFound, StatusError } from "../api/status.ts";
import type { KubeObject } from "../api/types.ts";
import type { Gen } from "../kernel/index.ts";
import { objectOf } from "./cache.ts";
import { expired, internalError } from "./errors.ts";
import { share } from "./frozen.ts";
import type { Registry } from "./registry.ts";
import { withVersion } from "./watch.ts";

/** Writes to etcd, as optimistic transactions (apiserver pkg/storage/etcd3/store.go). */

/** Attempts at a write that others overtake, before it fails as a conflict. */
const ATTEMPTS = 10;

/** The value as it is stored: frozen, and without the resource version, which etcd keeps. */
function toStore(draft: KubeObject, old?: KubeObject): KubeObject {
  const { resourceVersion: _, ...metadata } = draft.metadata;
  return share(old && withoutVersion(old), { ...draft, metadata }) as KubeObject;
}

function withoutVersion(object: KubeObject): KubeObject {
  const { resourceVersion: _, ...metadata } = object.metadata;
  return { ...object, metadata } as KubeObject;
}

/** Writes of the server itself. */
const SELF = "system:apiserver";

/**
 * Stores a new object and returns it with its resource version. Throws AlreadyExists. `ttl` in seconds, 0: for ever.
 * `writer`: the user who asked for it.
 */
export function* insert(registry: Registry, def: KindDef, draft: KubeObject, ttl = 0, writer = SELF): Gen<KubeObject> {
  const cache = registry.cache(def);
  const { name, namespace = "" } = draft.metadata;
  const key = cache.key(namespace, name);
  const lease = ttl > 0 ? yield* registry.leases.take(ttl) : undefined;
  const value = toStore(draft);
  const put = lease === undefined ? { key, value } : { key, value, lease };
  const response = yield* registry.etcd.txn({
    compare: [{ key, target: "MOD", result: "EQUAL", value: 0 }],
    success: [{ put }],
    writer,
  });
  if (!response.succeeded) throw alreadyExists(def.resource.group, def.resource.resource, name);
  return written(registry, def, namespace, name, value, response.revision);
}

/** The object just written: the very reference that the cache holds, unless a later write has overtaken it. */
function written(
  registry: Registry,
  def: KindDef,
  namespace: string,
  name: string,
  value: KubeObject,
  revision: number,
): KubeObject {
  const cached = registry.cache(def).get(namespace, name);
  const version = String(revision);
  return cached?.metadata.resourceVersion === version ? cached : withVersion(value, version);
}

/** What an update does to an object: the new draft, the object itself for no change, or "delete". */
export type Change = (current: KubeObject) => Gen<KubeObject | "delete">;

export interface Updated {
  object: KubeObject;
  /** The object is gone: the change took its last finalizer. */
  deleted: boolean;
}

/**
 * Reads, changes and writes an object, again and again while others write between. `change` judges preconditions
 * itself and throws when the client's are not met. An unchanged object is not written.
 */
export function* guaranteedUpdate(
  registry: Registry,
  def: KindDef,
  namespace: string,
  name: string,
  change: Change,
  dryRun = false,
  writer = SELF,
): Gen<Updated> {
  const { group, resource } = def.resource;
  const cache = registry.cache(def);
  const key = cache.key(namespace, name);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const current = cache.get(namespace, name);
    if (current === undefined) throw notFound(group, resource, name);
    const changed = yield* change(current);
    if (changed === current) return { object: current, deleted: false };
    const compare = [
      { key, target: "MOD" as const, result: "EQUAL" as const, value: Number(current.metadata.resourceVersion) },
    ];
    if (changed === "delete") {
      if (dryRun) return { object: current, deleted: true };
      const response = yield* registry.etcd.txn({ compare, success: [{ deleteRange: { key } }], writer });
      if (response.succeeded) return { object: withVersion(current, String(response.revision)), deleted: true };
      continue;
    }
    const value = toStore(changed, current);
    if (unchanged(value, current)) return { object: current, deleted: false };
    if (dryRun) return { object: withVersion(value, current.metadata.resourceVersion), deleted: false };
    const response = yield* registry.etcd.txn({
      compare,
      success: [{ put: { key, value, ignoreLease: true } }],
      writer,
    });
    if (response.succeeded) {
      return { object: written(registry, def, namespace, name, value, response.revision), deleted: false };
    }
  }
  throw conflict(group, resource, name);
}

/** Everything below the metadata is shared with the old object, and the metadata say the same. */
function unchanged(value: KubeObject, current: KubeObject): boolean {
  let count = 0;
  for (const field in value) {
    count++;
    if (field !== "metadata" && value[field] !== current[field]) return false;
  }
  for (const _ in current) count--;
  if (count !== 0) return false;
  const before = current.metadata as unknown as Record<string, unknown>;
  const after = value.metadata as unknown as Record<string, unknown>;
  let fields = 1; // resourceVersion
  for (const field in after) {
    fields++;
    if (after[field] !== before[field]) return false;
  }
  for (const _ in before) fields--;
  return fields === 0;
}

/** Objects of a kind as they were at a revision, in key order. Throws Expired when it is compacted. */
export function* listAt(
  registry: Registry,
  def: KindDef,
  namespace: string,
  revision: number,
): Gen<readonly KubeObject[]> {
  const cache = registry.cache(def);
  const prefix = namespace === "" ? cache.prefix : `${cache.prefix}${namespace}/`;
  const rangeEnd = `${prefix.slice(0, -1)}0`; // "0" follows "/"
  try {
    const response = yield* registry.etcd.range({ key: prefix, rangeEnd, revision });
    return response.kvs.map(objectOf);
  } catch (error) {
    if (error instanceof StatusError) throw error;
    const message = (error as Error).message;
    if (message.includes("compacted")) throw expired(`The resourceVersion for the provided list is too old.`);
    throw internalError(message);
  }
}
