import type { KubeObject } from "./api/types.ts";
import type { AuditEntry } from "./apiserver/audit.ts";
import type { EtcdStore } from "./etcd/index.ts";
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

/** Heartbeats: written all the time and of no interest afterwards. */
const LEFT_OUT = /^\/registry\/(leases|masterleases)\//;

/** What happened in a cluster, append-only: every write to etcd but heartbeats, and every audit entry. References only, no copies. */
export class Chronicle {
  readonly changes: Change[] = [];
  readonly audit: AuditEntry[] = [];
  /** Who hears of each change, within the write that makes it: pictures while somebody looks at them. They only note it. */
  readonly listeners = new Set<(change: Change) => void>();

  constructor(kernel: Kernel, etcd: EtcdStore) {
    etcd.watch(
      { key: "/registry/", rangeEnd: "/registry0", startRevision: 1, prevKv: true },
      {
        events: (events) => {
          for (const { type, kv, prevKv, writer } of events) {
            if (LEFT_OUT.test(kv.key)) continue;
            const change: Change = {
              revision: kv.modRevision,
              at: kernel.now,
              key: kv.key,
              object: type === "PUT" ? (kv.value as unknown as KubeObject) : undefined,
              old: prevKv?.value as unknown as KubeObject | undefined,
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
