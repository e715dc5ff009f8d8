import { kindByGvk } from "../api/kinds.ts";
import { isStatus } from "../api/status.ts";
import type { KubeObject, OwnerReference, Resource } from "../api/types.ts";
import type { Gen } from "../kernel/index.ts";
import type { ControllerContext } from "./context.ts";
import { CustomInformers } from "./custom-kinds.ts";
import type { Reconciler, WorkQueue } from "./reconciler.ts";
import { WATCHED } from "./watched.ts";

const FOREGROUND = "foregroundDeletion";
const ORPHAN = "orphan";

interface Vertex {
  object: KubeObject;
  resource: Resource;
}

/** Whether an owner is the one that a dependent's reference names: its own namespace's, or one of the cluster. */
function isAt({ object, resource }: Vertex, owner: OwnerReference, dependent: KubeObject): boolean {
  const { name, namespace } = object.metadata;
  if (name !== owner.name || resource.kind !== owner.kind) return false;
  return !resource.namespaced || namespace === dependent.metadata.namespace;
}

/**
 * Deletes what its owners left behind (pkg/controller/garbagecollector). The graph holds every watched object by uid
 * and, for each owner's uid, its dependents; a key is a uid.
 */
class GarbageCollector implements Reconciler {
  readonly name = "garbagecollector";
  private readonly context: ControllerContext;
  private readonly queue: WorkQueue;
  private readonly custom: CustomInformers;
  private readonly vertices = new Map<string, Vertex>();
  private readonly dependents = new Map<string, Set<string>>();

  constructor(context: ControllerContext) {
    this.context = context;
    this.queue = context.queue(this);
    for (const resource of WATCHED)
      context.informers.handle(resource, ({ type, object, old }) => {
        if (old && old.metadata.uid !== object.metadata.uid) this.gone(old);
        if (type === "deleted") this.gone(object);
        else this.seen(resource, object, old);
      });
    this.custom = new CustomInformers(context, (resource, { type, object, old }) => {
      if (type === "deleted") this.gone(object);
      else this.seen(resource, object, old);
    });
    // Owners may have been listed after their dependents: judge only now.
    for (const [uid, { object }] of this.vertices) if (this.hasUnknownOwner(object)) this.queue.add(uid);
  }

  private seen(resource: Resource, object: KubeObject, old: KubeObject | undefined): void {
    const { uid, ownerReferences, deletionTimestamp, finalizers } = object.metadata;
    const first = !this.vertices.has(uid);
    this.vertices.set(uid, { object, resource });
    if (old?.metadata.ownerReferences !== ownerReferences || first) {
      for (const owner of old?.metadata.ownerReferences ?? []) this.dependents.get(owner.uid)?.delete(uid);
      for (const owner of ownerReferences ?? []) {
        const set = this.dependents.get(owner.uid) ?? new Set<string>();
        this.dependents.set(owner.uid, set.add(uid));
      }
      // An owner that waited for this one may wait no more (addUnblockedOwnersToDeleteQueue).
      for (const owner of old?.metadata.ownerReferences ?? []) if (this.isWaiting(owner.uid)) this.queue.add(owner.uid);
    }
    const leaving = deletionTimestamp && (finalizers?.includes(FOREGROUND) || finalizers?.includes(ORPHAN));
    if (leaving) this.queue.add(uid);
    else if (ownerReferences && old && old.metadata.ownerReferences !== ownerReferences && this.hasUnknownOwner(object))
      this.queue.add(uid);
    else if (first && old === undefined && this.hasUnknownOwner(object)) this.queue.add(uid);
  }

  /** Some owner is not where the reference says; one that lives in another namespace is told of (KEP-2336). */
  private hasUnknownOwner(object: KubeObject): boolean {
    let unknown = false;
    for (const owner of object.metadata.ownerReferences ?? []) {
      const vertex = this.vertices.get(owner.uid);
      if (vertex && isAt(vertex, owner, object)) continue;
      unknown = true;
      if (vertex?.resource.namespaced && vertex.object.metadata.namespace !== object.metadata.namespace)
        this.reportNamespace(object, owner);
    }
    return unknown;
  }

  private reportNamespace(object: KubeObject, { apiVersion, kind, name, uid }: OwnerReference): void {
    const { namespace = "" } = object.metadata;
    const reference = `[${apiVersion}/${kind}, namespace: ${namespace}, name: ${name}, uid: ${uid}]`;
    const message = `ownerRef ${reference} does not exist in namespace "${namespace}"`;
    this.context.recorder.event(object, "Warning", "OwnerRefInvalidNamespace", message);
  }

  private gone(object: KubeObject): void {
    const { uid, ownerReferences } = object.metadata;
    this.vertices.delete(uid);
    for (const dependent of this.dependents.get(uid) ?? []) this.queue.add(dependent);
    for (const owner of ownerReferences ?? []) {
      const siblings = this.dependents.get(owner.uid);
      siblings?.delete(uid);
      if (siblings?.size === 0) this.dependents.delete(owner.uid);
      if (this.isWaiting(owner.uid)) this.queue.add(owner.uid);
    }
  }

  /** Being deleted in the foreground: its dependents go first. */
  private isWaiting(uid: string): boolean {
    const { deletionTimestamp, finalizers } = this.vertices.get(uid)?.object.metadata ?? {};
    return deletionTimestamp !== undefined && finalizers?.includes(FOREGROUND) === true;
  }

  *reconcile(uid: string): Gen {
    const vertex = this.vertices.get(uid);
    if (vertex === undefined) return;
    const { object } = vertex;
    const { deletionTimestamp, finalizers = [] } = object.metadata;
    if (deletionTimestamp && finalizers.includes(ORPHAN)) return yield* this.orphanDependents(vertex);
    if (deletionTimestamp && finalizers.includes(FOREGROUND)) return yield* this.deleteDependents(vertex);
    if (deletionTimestamp) return;
    yield* this.judge(vertex);
  }

  /** Deletes the object when none of its owners exists any more; drops references to those that do not. */
  private *judge(vertex: Vertex): Gen {
    const { object, resource } = vertex;
    const { ownerReferences = [], namespace, name, uid } = object.metadata;
    if (ownerReferences.length === 0) return;
    const solid: OwnerReference[] = [];
    const dangling: OwnerReference[] = [];
    const waiting: OwnerReference[] = [];
    for (const owner of ownerReferences) {
      const there = yield* this.ownerOf(owner, object);
      // Nobody knows whether it exists: what has no namespace cannot name another's.
      if (there === "unnameable") return;
      if (there === undefined) dangling.push(owner);
      else if (there.metadata.deletionTimestamp && there.metadata.finalizers?.includes(FOREGROUND)) waiting.push(owner);
      else solid.push(owner);
    }
    if (dangling.length === 0 && waiting.length === 0) return;
    const { client } = this.context;
    try {
      if (solid.length > 0) {
        yield* this.dropOwners(vertex, [...dangling, ...waiting]);
        return;
      }
      const dependents = [...(this.dependents.get(uid) ?? [])];
      // Two that wait for each other would wait for ever: this one blocks its owners no more.
      if (waiting.length > 0 && dependents.some((id) => this.isWaiting(id))) yield* this.unblock(vertex);
      const propagationPolicy =
        waiting.length > 0 && dependents.length > 0
          ? "Foreground"
          : object.metadata.finalizers?.includes(ORPHAN)
            ? "Orphan"
            : "Background";
      yield* client.delete(resource, namespace, name, { preconditions: { uid }, propagationPolicy });
    } catch (error) {
      if (!isStatus(error, "NotFound") && !isStatus(error, "Conflict")) throw error;
    }
  }

  private *ownerOf(owner: OwnerReference, object: KubeObject): Gen<KubeObject | "unnameable" | undefined> {
    const known = this.vertices.get(owner.uid);
    if (known && isAt(known, owner, object)) return known.object;
    const { namespace } = object.metadata;
    const resource =
      kindByGvk(owner.apiVersion, owner.kind)?.resource ?? this.custom.find(owner.apiVersion, owner.kind);
    // A kind that nobody knows may come back; upstream keeps such dependents too.
    if (resource === undefined) return { metadata: {} } as KubeObject;
    if (resource.namespaced && !namespace) return "unnameable";
    try {
      const there = yield* this.context.client.get(resource, resource.namespaced ? namespace : undefined, owner.name);
      return there.metadata.uid === owner.uid ? there : undefined;
    } catch (error) {
      if (isStatus(error, "NotFound")) return undefined;
      throw error;
    }
  }

  /** Foreground: the owner goes after those dependents that block it. */
  private *deleteDependents(vertex: Vertex): Gen {
    const { uid } = vertex.object.metadata;
    let blocking = false;
    for (const id of this.dependents.get(uid) ?? []) {
      const dependent = this.vertices.get(id);
      if (dependent === undefined) continue;
      const reference = dependent.object.metadata.ownerReferences?.find((owner) => owner.uid === uid);
      if (reference?.blockOwnerDeletion) blocking = true;
      if (!dependent.object.metadata.deletionTimestamp) this.queue.add(id);
    }
    if (!blocking) yield* this.removeFinalizer(vertex, FOREGROUND);
  }

  private *orphanDependents(vertex: Vertex): Gen {
    const { uid } = vertex.object.metadata;
    for (const id of [...(this.dependents.get(uid) ?? [])]) {
      const dependent = this.vertices.get(id);
      if (dependent === undefined) continue;
      try {
        yield* this.dropOwners(dependent, [{ uid }]);
      } catch (error) {
        if (!isStatus(error, "NotFound")) throw error;
      }
    }
    yield* this.removeFinalizer(vertex, ORPHAN);
  }

  /** Takes references out of an object; custom resources know no strategic merge. */
  private *dropOwners({ object, resource }: Vertex, owners: readonly { uid: string }[]): Gen {
    const { namespace, name, uid, resourceVersion, ownerReferences = [] } = object.metadata;
    const { client } = this.context;
    if (this.custom.has(resource)) {
      const rest = ownerReferences.filter((one) => !owners.some((owner) => owner.uid === one.uid));
      const metadata = { resourceVersion, ownerReferences: rest.length > 0 ? rest : null };
      yield* client.patch(resource, namespace, name, { metadata }, "merge");
      return;
    }
    const $patch = owners.map((owner) => ({ $patch: "delete", uid: owner.uid }));
    yield* client.patch(resource, namespace, name, { metadata: { uid, ownerReferences: $patch } }, "strategic");
  }

  private *unblock({ object, resource }: Vertex): Gen {
    const { namespace, name, ownerReferences = [] } = object.metadata;
    const free = ownerReferences.map((owner) => ({ ...owner, blockOwnerDeletion: false }));
    yield* this.context.client.patch(resource, namespace, name, { metadata: { ownerReferences: free } }, "merge");
  }

  private *removeFinalizer({ object, resource }: Vertex, finalizer: string): Gen {
    const { namespace, name, resourceVersion, finalizers = [] } = object.metadata;
    const patch = { metadata: { resourceVersion, finalizers: finalizers.filter((f) => f !== finalizer) } };
    try {
      yield* this.context.client.patch(resource, namespace, name, patch, "merge");
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
  }
}

export function startGarbageCollector(context: ControllerContext): void {
  new GarbageCollector(context);
}
