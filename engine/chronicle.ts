import type { KubeObject } from "./api/types.ts";
import type { AuditEntry } from "./apiserver/audit.ts";
import type { EtcdStore, KeyValue } from "./etcd/index.ts";
import type { Kernel } from "./kernel/index.ts";

/** One write to etcd as the grader and the pictures see it. */
export interface Change {
  /** etcd revision: the order in which things happened. */
  readonly revision: number;
  /** Virtual time in µs. */
  readonly at: number;
  /** `/registry/pods/default/web`. */
  readonly key: string;
  /** The object after it; undefined when it was deleted. */
  readonly object: KubeObject | undefined;
  readonly old: KubeObject | undefined;
  /** User whose request wrote it, before impersonation; "" for what an expired lease took away. */
  readonly writer: string;
}

/** Written all the time: of Leases that of the holder is of interest, which is rarely another one. */
const LEASES = "/registry/leases/";

function leftOut(key: string, object: KubeObject | undefined, old: KubeObject | undefined): boolean {
  if (!key.startsWith(LEASES)) return false;
  return object !== undefined && old !== undefined && object["spec"]?.holderIdentity === old["spec"]?.holderIdentity;
}

/** What happened in a cluster, append-only: every write of an object to etcd but heartbeats (of a Lease: who holds it), and every audit entry. References only, no copies. */
export class Chronicle {
  readonly changes: Change[] = [];
  readonly audit: AuditEntry[] = [];
  /** Who hears of each change, within the write that makes it: pictures while somebody looks at them. They only note it. */
  readonly listeners = new Set<(change: Change) => void>();

  /** `read`: the object of a stored key, as API servers read it. */
  constructor(kernel: Kernel, etcd: EtcdStore, read: (kv: KeyValue) => KubeObject | undefined) {
    etcd.watch(
      { key: "/registry/", rangeEnd: "/registry0", startRevision: 1, prevKv: true },
      {
        events: (events) => {
          for (const { type, kv, prevKv, writer } of events) {
            const object = type === "PUT" ? read(kv) : undefined;
            if (type === "PUT" && object === undefined) continue;
            const old = prevKv && read(prevKv);
            if (leftOut(kv.key, object, old)) continue;
            const change: Change = {
              revision: kv.modRevision,
              at: kernel.now,
              key: kv.key,
              object,
              old,
              writer,
            };
            this.changes.push(change);
            if (this.listeners.size > 0) for (const listener of this.listeners) listener(change);
          }
        },
      },
    );
  }
}
