import type { KindDef } from "../api/kind.ts";
import { type Author, keepOrigin, managedOf, sameOwners, setOrigin } from "../api/managed-fields/index.ts";
import { alreadyExists, conflict, notFound, StatusError } from "../api/status.ts";
import type { KubeObject } from "../api/types.ts";
import type { Gen } from "../kernel/index.ts";
import type { StoringAuthor } from "./author.ts";
import { objectOf } from "./cache.ts";
import { expired, internalError, plainError } from "./errors.ts";
import { share } from "./frozen.ts";
import type { Registry } from "./registry.ts";
import { Unreadable } from "./stored.ts";
import { withVersion } from "./watch.ts";

/** Writes to etcd, as optimistic transactions (apiserver pkg/storage/etcd3/store.go). */

/** Attempts at a write that others overtake, before it fails as a conflict. */
const ATTEMPTS = 10;

/** The fields of the metadata as they are written to: the draft's own, or a copy of frozen ones. */
function ownMetadata(draft: KubeObject): Record<string, unknown> {
  const { metadata } = draft as unknown as { metadata: Record<string, unknown> };
  if (!Object.isFrozen(metadata)) return metadata;
  return "resourceVersion" in metadata
    ? { ...metadata }
    : ({ ...withVersion(draft, "0").metadata } as unknown as Record<string, unknown>);
}

interface Ending {
  at(revision: string): KubeObject;
}

/**
 * Prepares what is stored: every part frozen, and shared with the old object where it is equal. `at` ends it under the
 * resource version that it is written at. Undefined when nothing but the resource version would change.
 */
function toStore(draft: KubeObject, old?: KubeObject, author?: Author): Ending | undefined {
  const before = (old ?? {}) as Record<string, unknown>;
  const out = (Object.isFrozen(draft) ? { ...draft } : draft) as Record<string, unknown>;
  let same = old !== undefined;
  let fields = 0;
  for (const field in out) {
    const part = out[field];
    if (part === undefined) delete out[field];
    else if (field !== "metadata") {
      fields++;
      const shared = share(before[field], part);
      if (shared !== part) out[field] = shared;
      if (same && shared !== before[field]) same = false;
    }
  }
  const kept = old !== undefined && draft.metadata === old.metadata;
  const metadata = kept ? undefined : ownMetadata(draft);
  const metadataBefore = (old?.metadata ?? {}) as Record<string, unknown>;
  for (const field in metadata) {
    if (field === "resourceVersion") continue;
    const part = metadata[field];
    if (part === undefined) delete metadata[field];
    else {
      fields++;
      if (typeof part === "object") metadata[field] = share(metadataBefore[field], part);
      if (same && metadata[field] !== metadataBefore[field]) same = false;
    }
  }
  if (same) {
    for (const field in before) if (field !== "metadata") fields--;
    if (!kept) for (const field in metadataBefore) if (field !== "resourceVersion") fields--;
    if (fields === 0) return newOwners(old!, author);
  }
  if (author !== undefined) setOrigin(out as unknown as KubeObject, author, old);
  else if (old !== undefined) keepOrigin(out as unknown as KubeObject, old);
  return {
    at: (revision) => {
      const ending = metadata ?? { ...metadataBefore };
      ending["resourceVersion"] = revision;
      out["metadata"] = Object.freeze(ending);
      return Object.freeze(out) as unknown as KubeObject;
    },
  };
}

/** An apply that changes nothing but who owns what is a write too; any other that changes nothing is none. */
function newOwners(old: KubeObject, author: Author | undefined): Ending | undefined {
  if (!author?.managed || sameOwners(author.managed, managedOf(old))) return undefined;
  return rewritten(old, author);
}

/** The same object at a revision of its own. */
function rewritten(old: KubeObject, author: Author): Ending {
  return {
    at: (revision) => {
      const { metadata } = withVersion(old, revision);
      const out = { ...old, metadata };
      setOrigin(out, author, old);
      return Object.freeze(out);
    },
  };
}

/** Writes of the server itself. */
const SELF = "system:apiserver";

/**
 * Stores a new object and returns it with its resource version. Throws AlreadyExists. `ttl` in seconds, 0: for ever.
 * `writer`: the user who asked for it; `author`: the manager of its fields.
 */
export function* insert(
  registry: Registry,
  def: KindDef,
  draft: KubeObject,
  ttl = 0,
  writer = SELF,
  author?: StoringAuthor,
): Gen<KubeObject> {
  const { name, namespace = "" } = draft.metadata;
  const ending = toStore(draft, undefined, author)!;
  return yield* insertAt(registry, def, namespace, name, ttl, writer, (revision) => {
    const object = ending.at(String(revision));
    author?.storage?.wrote(object, revision);
    return object;
  });
}

/** The same of an object that `at` ends under the revision which it is written at. */
export function* insertAt(
  registry: Registry,
  def: KindDef,
  namespace: string,
  name: string,
  ttl: number,
  writer: string,
  at: (revision: number) => KubeObject,
): Gen<KubeObject> {
  const key = registry.cache(def).key(namespace, name);
  const lease = ttl > 0 ? yield* registry.leases.take(ttl) : undefined;
  let object: KubeObject | undefined;
  const valueAt = (revision: number): KubeObject => {
    object = at(revision);
    return object;
  };
  const put = lease === undefined ? { key, valueAt } : { key, valueAt, lease };
  const response = yield* registry.etcd.txn({
    compare: [{ key, target: "MOD", result: "EQUAL", value: 0 }],
    success: [{ put }],
    writer,
  });
  if (!response.succeeded) throw alreadyExists(def.resource.group, def.resource.resource, name);
  return object!;
}

/** A change took the last finalizer of an object that waited for nothing else: it goes, and this was its last form. */
export class Ended {
  readonly last: KubeObject;

  constructor(last: KubeObject) {
    this.last = last;
  }
}

/** What an update does to an object: the new draft, the object itself for no change, or its end. */
export type Change = (current: KubeObject) => Gen<KubeObject | "delete" | Ended>;

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
  author?: StoringAuthor,
): Gen<Updated> {
  const { group, resource } = def.resource;
  const cache = registry.cache(def);
  const key = cache.key(namespace, name);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const current = cache.get(namespace, name);
    if (current === undefined) throw notFound(group, resource, name);
    author?.storage?.requireReadable(current, key);
    const changed = yield* change(current);
    if (changed === current) return { object: current, deleted: false };
    const compare = [
      { key, target: "MOD" as const, result: "EQUAL" as const, value: Number(current.metadata.resourceVersion) },
    ];
    if (changed === "delete" || changed instanceof Ended) {
      const last =
        changed instanceof Ended
          ? toStore(changed.last, current, author)?.at(current.metadata.resourceVersion)
          : undefined;
      if (dryRun) return { object: last ?? current, deleted: true };
      const response = yield* registry.etcd.txn({ compare, success: [{ deleteRange: { key } }], writer });
      if (response.succeeded) return { object: last ?? withVersion(current, String(response.revision)), deleted: true };
      continue;
    }
    let ending = toStore(changed, current, author);
    // What lies otherwise than it would be written now is written anew.
    if (ending === undefined && author?.storage?.isStale(current)) ending = rewritten(current, author);
    if (ending === undefined) return { object: current, deleted: false };
    if (dryRun) return { object: ending.at(current.metadata.resourceVersion), deleted: false };
    let object: KubeObject | undefined;
    const valueAt = (revision: number) => {
      object = ending.at(String(revision));
      author?.storage?.wrote(object, revision);
      return object;
    };
    const response = yield* registry.etcd.txn({
      compare,
      success: [{ put: { key, valueAt, ignoreLease: true } }],
      writer,
    });
    if (response.succeeded) return { object: object!, deleted: false };
  }
  throw conflict(group, resource, name);
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
    const objects: KubeObject[] = [];
    for (const kv of response.kvs) {
      const object = objectOf(kv, def);
      if (object instanceof Unreadable) throw plainError(object.why);
      objects.push(object);
    }
    return objects;
  } catch (error) {
    if (error instanceof StatusError) throw error;
    const message = (error as Error).message;
    if (message.includes("compacted")) throw expired(`The resourceVersion for the provided list is too old.`);
    throw internalError(message);
  }
}
