/** etcdctl lock and elect, as client/v3/concurrency has them: who made the first key of a prefix that is there has it. */
import { type EtcdStore, type KeyValue, leaseName, prefixEnd, type RangeResponse } from "../../etcd/index.ts";
import { type Gen, SECOND, WaitQueue, wait } from "../../kernel/index.ts";
import { printRange } from "./answer.ts";
import { EtcdctlError } from "./client.ts";
import type { Run, Subcommand } from "./command.ts";
import { runProgram } from "./exec.ts";

const bad = (text: string) => new EtcdctlError(text, 128);
/** `concurrency.defaultSessionTTL`, seconds. */
const SESSION_TTL = 60;

/** A lease that is kept alive, and what it is for. */
class Session {
  readonly lease: bigint;
  private readonly r: Run;
  private readonly ttl: number;
  private renewed: number;
  /** Woken at each change below the watched prefix. */
  readonly changed = new WaitQueue();
  private isSignalled = false;

  constructor(r: Run, lease: bigint, ttl: number) {
    this.r = r;
    this.lease = lease;
    this.ttl = ttl;
    this.renewed = r.p.machine.kernel.now;
    for (const signal of ["INT", "TERM"] as const) {
      if (r.p.dispositions.get(signal) !== "ignore") r.p.dispositions.set(signal, "catch");
    }
  }

  static *begin(r: Run, ttl: number): Gen<Session> {
    const { id } = yield* r.client.request((store) => store.leaseGrant(ttl));
    return new Session(r, id, ttl);
  }

  /** Waits until `holds`, or for the end of what was begun: a signal, or the lease. */
  *until(holds: () => boolean): Gen<"held" | "signalled" | "expired"> {
    const { kernel } = this.r.p.machine;
    for (;;) {
      if (this.signalled()) return "signalled";
      if (holds()) return "held";
      const due = this.renewed + (this.ttl * SECOND) / 3 - kernel.now;
      if (due <= 0) {
        if (!this.renew()) return "expired";
        continue;
      }
      yield* wait(this.changed, due);
    }
  }

  signalled(): boolean {
    const signal = this.r.p.takeSignal();
    if (signal === "INT" || signal === "TERM") this.isSignalled = true;
    return this.isSignalled;
  }

  private renew(): boolean {
    const { store } = this.r.client;
    this.renewed = this.r.p.machine.kernel.now;
    if (!store.leases().some(({ id }) => id === this.lease)) return false;
    store.leaseKeepAlive(this.lease);
    return true;
  }
}

/** Keys below a prefix, in the order in which they were made. */
function oldest(store: EtcdStore, prefix: string): KeyValue[] {
  return store.range({ key: prefix, rangeEnd: prefixEnd(prefix), sortOrder: "ASCEND", sortTarget: "CREATE" }).kvs;
}

interface Held {
  readonly session: Session;
  readonly key: string;
  readonly revision: number;
}

/** Makes a key of the session below `prefix`, and waits until it is the oldest there; undefined: a signal came first. */
function* acquire(r: Run, prefix: string, value: string, ttl: number, kind: string): Gen<Held | undefined> {
  const session = yield* Session.begin(r, ttl);
  const key = prefix + leaseName(session.lease).replace(/^0+/, "");
  const { kv } = yield* r.client.request((store) => store.put({ key, value, lease: session.lease }));
  const { store } = r.client;
  const watcher = store.watch(
    { key: prefix, rangeEnd: prefixEnd(prefix) },
    { events: () => session.changed.wakeAll() },
  );
  try {
    const how = yield* session.until(() => oldest(store, prefix)[0]?.key === key || store.get(key) === undefined);
    if (how === "signalled") {
      yield* r.client.request((one) => one.deleteRange({ key }));
      return undefined;
    }
    if (how === "expired" || store.get(key) === undefined) throw new EtcdctlError(`${kind}session expired`);
    return { session, key, revision: kv.modRevision };
  } finally {
    watcher.cancel();
  }
}

function* printKey(r: Run, key: string): Gen {
  const response = yield* r.client.request((store) => store.range({ key }));
  yield* printRange(r, response);
}

const lock: Subcommand = {
  usage: "lock <lockname> [exec-command arg1 arg2 ...] [flags]",
  about: "Acquires a named lock",
  *run(r) {
    const [name, ...command] = r.args;
    if (name === undefined) throw bad("lock takes a lock name argument and an optional command to execute");
    const ttl = Number(r.flag("ttl") ?? 10);
    const held = yield* acquire(r, `${name}/`, "", ttl > 0 ? ttl : SESSION_TTL, "mutex: ");
    if (held === undefined) return;
    const { session, key, revision } = held;
    const release = () => r.client.request((store) => store.deleteRange({ key }));
    if (command.length > 0) {
      const { why, status } = yield* runProgram(r.p, command, {
        ETCD_LOCK_KEY: key,
        ETCD_LOCK_REV: String(revision),
      });
      yield* release();
      if (why !== "") throw new EtcdctlError(why, status);
      return;
    }
    yield* printKey(r, key);
    if ((yield* session.until(() => false)) === "expired") throw new EtcdctlError("session expired");
    yield* release();
  },
};

/** Tells who leads, each time that it changes. */
function* observe(r: Run, prefix: string): Gen {
  yield* r.client.first();
  const { store, p } = { store: r.client.store, p: r.p };
  for (const signal of ["INT", "TERM"] as const) {
    if (p.dispositions.get(signal) !== "ignore") p.dispositions.set(signal, "catch");
  }
  const changed = new WaitQueue();
  const watcher = store.watch({ key: prefix, rangeEnd: prefixEnd(prefix) }, { events: () => changed.wakeAll() });
  let told = "";
  try {
    for (;;) {
      const signal = p.takeSignal();
      if (signal === "INT" || signal === "TERM") return;
      const [kv] = oldest(store, prefix);
      const now = kv === undefined ? "" : `${kv.key} ${kv.modRevision}`;
      if (kv !== undefined && now !== told) {
        const response: RangeResponse = { revision: store.revision, kvs: [kv], count: 0, more: false };
        yield* printRange(r, response);
      } else if (signal === undefined) yield* wait(changed);
      told = now;
    }
  } finally {
    watcher.cancel();
  }
}

const elect: Subcommand = {
  usage: "elect <election-name> [proposal] [flags]",
  about: "Observes and participates in leader election",
  *run(r) {
    const [name, proposal] = r.args;
    if (r.args.length !== 1 && r.args.length !== 2) {
      throw bad("elect takes one election name argument and an optional proposal argument");
    }
    const prefix = `${name}/`;
    if (r.on("listen")) {
      if (proposal !== undefined) throw bad("proposal given but -l is set");
      yield* observe(r, prefix);
      return;
    }
    if (proposal === undefined) throw bad("no proposal argument but -l not set");
    const held = yield* acquire(r, prefix, proposal, SESSION_TTL, "elect: ");
    if (held === undefined) return;
    yield* printKey(r, held.key);
    if ((yield* held.session.until(() => false)) === "expired") throw new EtcdctlError("elect: session expired");
    const { key, revision } = held;
    yield* r.client.request((store) =>
      store.txn({
        compare: [{ key, target: "CREATE", result: "EQUAL", value: revision }],
        success: [{ deleteRange: { key } }],
      }),
    );
  },
};

export const concurrencyCommands: Readonly<Record<string, Subcommand>> = { elect, lock };
