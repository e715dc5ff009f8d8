import type { ApiClient } from "../../api/client.ts";
import { Informer } from "../../api/informer.ts";
import { CONFIG_MAPS, SECRETS } from "../../api/resources.ts";
import { isStatus } from "../../api/status.ts";
import type { KubeObject, Resource } from "../../api/types.ts";
import type { Gen, Kernel } from "../../kernel/index.ts";
import type { Pod } from "./types.ts";

interface Watched {
  informer: Informer;
  /** Uids of the Pods that refer to it. */
  users: Set<string>;
}

/**
 * configMaps and secrets that Pods of this node refer to, each watched while somebody does (pkg/kubelet/util/manager:
 * the watch based manager).
 */
export class ObjectCache {
  private readonly kernel: Kernel;
  private readonly client: ApiClient;
  private readonly watched = new Map<string, Watched>();
  /** What each Pod refers to, by its uid. */
  private readonly keys = new Map<string, string[]>();
  /** Uids of Pods that have not seen the newest of what they refer to. */
  private readonly stale = new Set<string>();
  private readonly changed: (uid: string) => void;

  /** `changed` is told of each Pod that refers to something that has changed. */
  constructor(kernel: Kernel, client: ApiClient, changed: (uid: string) => void) {
    this.kernel = kernel;
    this.client = client;
    this.changed = changed;
  }

  /** The object, or undefined when there is none. Throws what else the API or the network answers. */
  *get(resource: Resource, namespace: string, name: string): Gen<KubeObject | undefined> {
    const cached = this.watched.get(`${resource.resource} ${namespace}/${name}`)?.informer;
    if (cached?.synced) {
      const found = cached.get(`${namespace}/${name}`);
      if (found) return found;
    }
    try {
      return yield* this.client.get(resource, namespace, name);
    } catch (error) {
      if (isStatus(error, "NotFound")) return undefined;
      throw error;
    }
  }

  /** Follows what the Pod mounts. */
  register(pod: Pod): void {
    const { namespace, uid } = pod.metadata;
    const keys: string[] = [];
    for (const { resource, name } of references(pod)) {
      const key = `${resource.resource} ${namespace}/${name}`;
      keys.push(key);
      let entry = this.watched.get(key);
      if (entry === undefined) {
        const informer = new Informer(this.kernel, this.client, resource, {
          namespace: namespace!,
          fieldSelector: `metadata.name=${name}`,
        });
        const made: Watched = { informer, users: new Set() };
        informer.onChange((change) => {
          if (change.type === "added" && !informer.synced) return;
          for (const uid of made.users) {
            this.stale.add(uid);
            this.changed(uid);
          }
        });
        informer.start();
        entry = made;
        this.watched.set(key, entry);
      }
      entry.users.add(uid);
    }
    if (keys.length > 0) this.keys.set(uid, keys);
  }

  unregister(uid: string): void {
    for (const key of this.keys.get(uid) ?? []) {
      const entry = this.watched.get(key);
      if (!entry?.users.delete(uid) || entry.users.size > 0) continue;
      entry.informer.stop();
      this.watched.delete(key);
    }
    this.keys.delete(uid);
    this.stale.delete(uid);
  }

  /** Has something changed that the Pod refers to, and has it not been looked at since? */
  isStale(uid: string): boolean {
    return this.stale.has(uid);
  }

  /** The Pod sees what there is now; true when that is something new. */
  renew(uid: string): boolean {
    return this.stale.delete(uid);
  }

  stop(): void {
    for (const entry of this.watched.values()) entry.informer.stop();
    this.watched.clear();
  }
}

function references(pod: Pod): { resource: Resource; name: string }[] {
  const out: { resource: Resource; name: string }[] = [];
  for (const { name } of pod.spec.imagePullSecrets ?? []) if (name) out.push({ resource: SECRETS, name });
  for (const volume of pod.spec.volumes ?? []) {
    if (volume.configMap) out.push({ resource: CONFIG_MAPS, name: volume.configMap.name });
    if (volume.secret) out.push({ resource: SECRETS, name: volume.secret.secretName });
    for (const source of volume.projected?.sources ?? []) {
      if (source.configMap) out.push({ resource: CONFIG_MAPS, name: source.configMap.name });
      if (source.secret) out.push({ resource: SECRETS, name: source.secret.name });
    }
  }
  return out;
}
