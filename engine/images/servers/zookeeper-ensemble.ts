import { type Gen, SECOND, sleep } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { isNetError, type Socket } from "../../network/index.ts";
import { resolveHost } from "../../network/resolver.ts";
import { type Change, ZooTree } from "./zookeeper-tree.ts";
import { readLine, sendLine } from "./zookeeper-wire.ts";

/** What one server tells another. */
type Asked = { ask: "state" | "dump" } | { lead: number } | { propose: Omit<Change, "zxid"> } | { apply: Change };
interface State {
  id: number;
  zxid: number;
  leader: number;
}
export type Outcome = { path: string } | { error: string };

/**
 * One server of an ensemble: who is reachable makes a quorum or none, one of them leads, and what it decides all apply.
 * Who comes back takes over what the leader has. (ZooKeeper's own protocols are not spoken; nobody else hears these.)
 */
export class Ensemble {
  readonly tree = new ZooTree();
  readonly id: number;
  private readonly p: Process;
  private readonly servers: readonly string[];
  private readonly port: number;
  private readonly file: string;
  private leader = 0;

  constructor(p: Process, id: number, servers: readonly string[], port: number, file: string) {
    this.p = p;
    this.id = id;
    this.servers = servers;
    this.port = port;
    this.file = file;
    if (sys.find(p, file) !== undefined) this.tree.load(sys.readText(p, file));
  }

  /** Tries until there is a quorum, then takes over what it has: a server begins so. */
  *join(): Gen {
    while (this.p.status === undefined) {
      const leader = yield* this.elected();
      if (leader !== undefined) return;
      yield* sleep(SECOND);
    }
  }

  /** The server that leads; undefined without a quorum. */
  *elected(): Gen<number | undefined> {
    const states: State[] = [{ id: this.id, zxid: this.tree.zxid, leader: this.leader }];
    for (let id = 1; id <= this.servers.length; id++) {
      const state = id === this.id ? undefined : yield* this.tell<State>(id, { ask: "state" });
      if (state !== undefined) states.push(state);
    }
    if (states.length * 2 <= this.servers.length) return undefined;
    const leads = states.find(({ id, leader }) => id === leader);
    const [first] = [...states].sort((a, b) => b.zxid - a.zxid || b.id - a.id);
    const leader = leads?.id ?? first!.id;
    if (leads === undefined) for (const { id } of states) if (id !== this.id) yield* this.tell(id, { lead: leader });
    this.leader = leader;
    const ahead = states.find(({ id }) => id === leader)!;
    if (leader !== this.id && ahead.zxid !== this.tree.zxid) yield* this.takeOver(leader);
    return leader;
  }

  /** Has a change decided on; ConnectionLoss without a quorum. */
  *propose(change: Omit<Change, "zxid">): Gen<Outcome> {
    const leader = yield* this.elected();
    if (leader === undefined) return { error: "ConnectionLoss" };
    if (leader === this.id) return yield* this.decide(change);
    return (yield* this.tell<Outcome>(leader, { propose: change })) ?? { error: "ConnectionLoss" };
  }

  /** Another server's connection. */
  *serve(socket: Socket): Gen<void> {
    const held = { bytes: new Uint8Array(0) };
    try {
      const asked = yield* readLine<Asked>(socket, held);
      if (asked === undefined) return;
      if ("lead" in asked) this.leader = asked.lead;
      if ("propose" in asked) return sendLine(socket, yield* this.decide(asked.propose));
      if ("apply" in asked) {
        if (asked.apply.zxid === this.tree.zxid + 1 || this.tree.zxid === 0) this.apply(asked.apply);
        else yield* this.takeOver(this.leader);
      }
      if ("ask" in asked && asked.ask === "dump") return sendLine(socket, { dump: this.tree.dump() });
      sendLine(socket, { id: this.id, zxid: this.tree.zxid, leader: this.leader });
    } finally {
      socket.close();
    }
  }

  private *decide(change: Omit<Change, "zxid">): Gen<Outcome> {
    const refusal = this.tree.refusal(change);
    if (refusal !== undefined) return { error: refusal };
    // The first of an epoch's numbers stands in the upper half.
    const zxid = (this.tree.zxid || 0x1_0000_0000) + 1;
    this.apply({ ...change, zxid });
    for (let id = 1; id <= this.servers.length; id++)
      if (id !== this.id) yield* this.tell(id, { apply: { ...change, zxid } });
    return { path: change.path };
  }

  private apply(change: Change): void {
    this.tree.apply(change);
    this.keep();
  }

  private keep(): void {
    sys.writeText(this.p, this.file, this.tree.dump(), 0o644);
  }

  private *takeOver(leader: number): Gen {
    const found = yield* this.tell<{ dump: string }>(leader, { ask: "dump" });
    if (found === undefined) return;
    this.tree.load(found.dump);
    this.keep();
  }

  /** Asks another server; undefined when it cannot be reached. */
  private *tell<T>(id: number, asked: Asked): Gen<T | undefined> {
    const { p } = this;
    const found = yield* resolveHost(p, this.servers[id - 1]!);
    if (!found.ok) return undefined;
    try {
      const socket = (yield* p.ns.net.network.connect(p.ns.net, found.addresses[0]!, this.port)).stream();
      try {
        sendLine(socket, asked);
        return yield* readLine<T>(socket, { bytes: new Uint8Array(0) });
      } finally {
        socket.close();
      }
    } catch (error) {
      if (!isNetError(error)) throw error;
      return undefined;
    }
  }
}
