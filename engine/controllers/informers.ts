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
    if (old) this.drop(old);
    if (type === "deleted") this.drop(object);
    else {
      put(this.byNamespace, object.metadata.namespace ?? "", object);
      put(this.byOwner, ownerKey(object), object);
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

  private drop(object: KubeObject): void {
    remove(this.byNamespace, object.metadata.namespace ?? "", object);
    remove(this.byOwner, ownerKey(object), object);
  }
}

function ownerKey(object: KubeObject): string {
  return controllerOf(object)?.uid ?? `/${object.metadata.namespace ?? ""}`;
}

function put(index: Map<string, Map<string, KubeObject>>, key: string, object: KubeObject): void {
  let members = index.get(key);
  if (members === undefined) index.set(key, (members = new Map()));
  members.set(keyOf(object), object);
}

function remove(index: Map<string, Map<string, KubeObject>>, key: string, object: KubeObject): void {
  const members = index.get(key);
  members?.delete(keyOf(object));
  if (members?.size === 0) index.delete(key);
}

/** One informer a kind, shared by every controller of the process (client-go informers.SharedInformerFactory). */
export class SharedInformers {
  readonly pods = new ObjectIndex();
  readonly replicaSets = new ObjectIndex();
  readonly jobs = new ObjectIndex();
  private readonly informers = new Map<string, Informer>();

  constructor(kernel: Kernel, client: ApiClient, resources: readonly Resource[]) {
    for (const resource of resources) this.informers.set(path(resource), new Informer(kernel, client, resource));
    this.informers.get(path(PODS))?.onChange((change) => this.pods.note(change));
    this.informers.get(path(JOBS))?.onChange((change) => this.jobs.note(change));
    this.informers.get(path(REPLICA_SETS))?.onChange((change) => this.replicaSets.note(change));
  }

  of(resource: Resource): Informer {
    const informer = this.informers.get(path(resource));
    if (informer === undefined) throw new Error(`no informer of ${path(resource)}`);
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
