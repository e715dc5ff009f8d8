import { StatusError } from "../api/status.ts";
import { EtcdError } from "../etcd/index.ts";
import { type Gen, SECOND } from "../kernel/index.ts";
import { ensureService, setEndpoints } from "./bootstrap/bootstrap.ts";
import { deepFreeze } from "./frozen.ts";
import type { Registry } from "./registry.ts";

const PREFIX = "/registry/masterleases/";
const WRITER = "system:apiserver";
/** Seconds that a server counts as alive after it wrote its key last. */
const TTL = 15;

/** How often a server writes its key and looks who else is there (pkg/controlplane/instance.go). */
export const RECONCILE_PERIOD = 10 * SECOND;

/**
 * Which API servers stand behind the Service `kubernetes`: each keeps a key in etcd, whose lease ends when its server does
 * not come back in time, and sees to it that the Endpoints have the addresses of all that are there
 * (pkg/controlplane/reconcilers/lease.go).
 */
export class EndpointReconciler {
  private readonly registry: Registry;
  private readonly address: string;
  private readonly serviceIp: string;
  private lease = 0n;
  private modRevision = 0;
  private generation = 0;
  /** The addresses as they were last, with the versions of the objects that had them. */
  private settled = "";

  constructor(registry: Registry, address: string, serviceIp: string) {
    this.registry = registry;
    this.address = address;
    this.serviceIp = serviceIp;
  }

  /** Says that this server lives, and puts the Endpoints right. */
  *reconcile(): Gen {
    yield* this.touch();
    const addresses = yield* this.living();
    const state = `${addresses.join()} ${this.versions()}`;
    if (state === this.settled) return;
    yield* ensureService(this.registry, { serviceIp: this.serviceIp, endpoints: addresses });
    yield* setEndpoints(this.registry, () => addresses);
    this.settled = `${addresses.join()} ${this.versions()}`;
  }

  /** The server shuts down. */
  *leave(): Gen {
    const { registry, address } = this;
    yield* registry.etcd.deleteRange({ key: PREFIX + address });
    const addresses = yield* this.living();
    yield* setEndpoints(registry, () => addresses);
  }

  private *living(): Gen<string[]> {
    const { kvs } = yield* this.registry.etcd.range({
      key: PREFIX,
      rangeEnd: `${PREFIX.slice(0, -1)}0`,
      keysOnly: true,
    });
    return kvs.map(({ key }) => key.slice(PREFIX.length));
  }

  private versions(): string {
    const { registry } = this;
    const caches = [
      registry.cacheOf("", "v1", "services"),
      registry.cacheOf("", "v1", "endpoints"),
      registry.cacheOf("discovery.k8s.io", "v1", "endpointslices"),
    ];
    return caches.map((cache) => cache?.get("default", "kubernetes")?.metadata.resourceVersion ?? "").join();
  }

  private *touch(): Gen {
    const { etcd } = this.registry;
    const key = PREFIX + this.address;
    const value = this.value();
    const valueAt = (revision: number) => {
      this.modRevision = revision;
      return value;
    };
    try {
      if (this.lease !== 0n) {
        yield* etcd.leaseKeepAlive(this.lease);
        if (etcd.swap(key, this.modRevision, valueAt, WRITER)) return;
      }
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error;
    }
    try {
      this.lease = (yield* etcd.leaseGrant(TTL)).id;
      yield* etcd.put({ key, valueAt, lease: this.lease });
    } catch (error) {
      // A full etcd takes nothing.
      if (!(error instanceof StatusError)) throw error;
    }
  }

  /** An Endpoints whose generation tells one write from the next. */
  private value(): object {
    return deepFreeze({
      kind: "Endpoints",
      apiVersion: "v1",
      metadata: { generation: ++this.generation, creationTimestamp: null },
      subsets: [{ addresses: [{ ip: this.address }] }],
    });
  }
}
