import type { ApiClient } from "../api/client.ts";
import { type Change, Informer, keyOf } from "../api/informer.ts";
import { JOBS, PODS, REPLICA_SETS } from "../api/resources.ts";
import type { KubeObject, OwnerReference, Resource } from "../api/types.ts";
import { type Gen, type Kernel, MS, sleep } from "../kernel/index.ts";

/** The reference to what controls an object. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller);
}

/** Objects of one kind by the uid of their controller and by namespace, so that nobody walks them all. */
export class ObjectIndex {
  private readonly byOwner = new Map<string, Map<string, KubeObject>>();
  private readonly byNamespace = new Map<string, Map<string, KubeObject>>();

  note({ type, object, old }: Change<KubeObject>): void {
    const key = keyOf(object);
    const owner = ownerKey(object);
    // What stays with its owner is replaced where it stands.
    if (old && ownerKey(old) !== owner) remove(this.byOwner, ownerKey(old), key);
    if (type === "deleted") {
      remove(this.byNamespace, object.metadata.namespace ?? "", key);
      remove(this.byOwner, owner, key);
    } else {
      put(this.byNamespace, object.metadata.namespace ?? "", key, object);
      put(this.byOwner, owner, key, object);
    }
  }

  /** What the owner with this uid controls, in the order in which it appeared. */
  owned(uid: string): KubeObject[] {
    return [...(this.byOwner.get(uid)?.values() ?? [])];
  }

  /** What nobody controls. */
  orphans(namespace: string): KubeObject[] {
    return [...(this.byOwner.get(`/${namespace}`)?.values() ?? [])];
  }

  inNamespace(namespace: string): Iterable<KubeObject> {
    return this.byNamespace.get(namespace)?.values() ?? [];
  }
}

function ownerKey(object: KubeObject): string {
  return controllerOf(object)?.uid ?? `/${object.metadata.namespace ?? ""}`;
}

function put(index: Map<string, Map<string, KubeObject>>, group: string, key: string, object: KubeObject): void {
  let members = index.get(group);
  if (members === undefined) index.set(group, (members = new Map()));
  members.set(key, object);
}

function remove(index: Map<string, Map<string, KubeObject>>, group: string, key: string): void {
  const members = index.get(group);
  members?.delete(key);
  if (members?.size === 0) index.delete(group);
}

/** One informer a kind, shared by every controller of the process (client-go informers.SharedInformerFactory). */
export class SharedInformers {
  readonly pods = new ObjectIndex();
  readonly replicaSets = new ObjectIndex();
  readonly jobs = new ObjectIndex();
  private readonly informers = new Map<string, Informer>();
  /** The same by the constants of resources.ts, as almost everybody asks. */
  private readonly known = new Map<Resource, Informer>();

  constructor(kernel: Kernel, client: ApiClient, resources: readonly Resource[]) {
    for (const resource of resources) this.informers.set(path(resource), new Informer(kernel, client, resource));
    this.informers.get(path(PODS))?.onChange((change) => this.pods.note(change));
    this.informers.get(path(JOBS))?.onChange((change) => this.jobs.note(change));
    this.informers.get(path(REPLICA_SETS))?.onChange((change) => this.replicaSets.note(change));
  }

  of(resource: Resource): Informer {
    let informer = this.known.get(resource);
    if (informer !== undefined) return informer;
    informer = this.informers.get(path(resource));
    if (informer === undefined) throw new Error(`no informer of ${path(resource)}`);
    this.known.set(resource, informer);
    return informer;
  }

  get(resource: Resource, key: string): KubeObject | undefined {
    return this.of(resource).get(key);
  }

  list(resource: Resource): Iterable<KubeObject> {
    return this.of(resource).items.values();
  }

  /** Calls `handler` for what is there already and for every change. */
  handle(resource: Resource, handler: (change: Change<KubeObject>) => void): void {
    const informer = this.of(resource);
    for (const object of informer.items.values()) handler({ type: "added", object });
    informer.onChange(handler);
  }

  /** Starts all and waits until each has its first list. */
  *sync(): Gen {
    for (const informer of this.informers.values()) informer.start();
    while ([...this.informers.values()].some((informer) => !informer.synced)) {
      // client-go polls every 100 ms (tools/cache syncedPollPeriod).
      yield* sleep(100 * MS);
    }
  }

  stop(): void {
    for (const informer of this.informers.values()) informer.stop();
  }
}

function path(resource: Resource): string {
  return `${resource.group}/${resource.resource}`;
}
