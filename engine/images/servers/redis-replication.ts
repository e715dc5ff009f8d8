import { encode, type Gen, SECOND, sleep } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import { isNetError, type Socket } from "../../network/index.ts";
import { resolveHost } from "../../network/resolver.ts";
import type { RedisConfig } from "./redis-config.ts";
import { type RedisStore, type Reply, WRITES } from "./redis-store.ts";
import { type Held, readCommand, readReply, readSnapshot, received, written } from "./redis-wire.ts";

const OK: Reply = { status: "OK" };
const READ_ONLY: Reply = { error: "READONLY You can't write against a read only replica." };
/** µs between attempts to reach a master (replicationCron). */
const RETRY = SECOND;

/** Words of the host's C library for why a connection did not come about. */
const WHY: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Connection refused",
  ETIMEDOUT: "Connection timed out",
  EHOSTUNREACH: "No route to host",
  ENETUNREACH: "Network is unreachable",
};

/**
 * A server as the master of others, or as the replica of one (src/replication.c): a replica asks for everything once,
 * then hears every command that changes something. Of one that was away everything is sent again.
 */
export class Replication {
  private readonly p: Process;
  private readonly store: RedisStore;
  private readonly config: RedisConfig;
  private readonly say: (mark: string, text: string) => void;
  private master: { host: string; port: number; link?: Socket; up: boolean } | undefined;
  private readonly replicas = new Map<Socket, { address: string; port: number }>();
  /** Ports that clients say they listen on, before they ask for everything. */
  private readonly ports = new Map<Socket, number>();
  private id: string;
  private offset = 0;

  constructor(p: Process, store: RedisStore, config: RedisConfig, say: (mark: string, text: string) => void) {
    this.p = p;
    this.store = store;
    this.config = config;
    this.say = say;
    this.id = this.newId();
  }

  get isReplica(): boolean {
    return this.master !== undefined;
  }

  /** Answers what is about replication, or may not be done on a replica; undefined for what the store answers. */
  answer([name = "", ...args]: readonly string[], socket: Socket): Reply | undefined {
    switch (name) {
      case "replicaof":
      case "slaveof":
        return args.length === 2
          ? this.become(args[0]!, args[1]!)
          : { error: `ERR wrong number of arguments for '${name}' command` };
      case "role":
        return this.role();
      case "replconf":
        if (args[0]?.toLowerCase() === "listening-port") this.ports.set(socket, Number(args[1]));
        return OK;
      case "psync":
      case "sync":
        this.begin(socket);
        return null;
      default: {
        const refused = this.isReplica && WRITES.has(name) && this.config.get("replica-read-only") !== "no";
        return refused ? READ_ONLY : undefined;
      }
    }
  }

  /** Tells replicas of a command that changed something. */
  changed(words: readonly string[]): void {
    if (this.replicas.size === 0) return;
    const text = written([...words]);
    this.offset += text.length;
    for (const socket of this.replicas.keys()) socket.output.push(encode(text));
  }

  /** A client has gone. */
  left(socket: Socket): void {
    this.ports.delete(socket);
    const replica = this.replicas.get(socket);
    if (replica === undefined) return;
    this.replicas.delete(socket);
    this.say("*", `Connection with replica ${replica.address}:${replica.port} lost.`);
  }

  /** Begins to follow a master. */
  follow(host: string, port: number): void {
    this.stop();
    const master = { host, port, up: false };
    this.master = master;
    this.p.machine.kernel.spawn("redis replication", this.following(master), { instant: false });
  }

  /** Ends following. */
  stop(): void {
    this.master?.link?.close();
    this.master = undefined;
  }

  /** The lines of INFO. */
  about(): string {
    const { master } = this;
    const lines = [`role:${master ? "slave" : "master"}`];
    if (master !== undefined) {
      lines.push(`master_host:${master.host}`, `master_port:${master.port}`);
      lines.push(`master_link_status:${master.up ? "up" : "down"}`);
      lines.push(`master_last_io_seconds_ago:${master.up ? 0 : -1}`, "master_sync_in_progress:0");
      lines.push(`slave_read_repl_offset:${this.offset}`, `slave_repl_offset:${this.offset}`);
      lines.push("slave_priority:100", "slave_read_only:1", "replica_announced:1");
    }
    lines.push(`connected_slaves:${this.replicas.size}`);
    for (const [i, { address, port }] of [...this.replicas.values()].entries())
      lines.push(`slave${i}:ip=${address},port=${port},state=online,offset=${this.offset},lag=0`);
    const active = this.replicas.size > 0 ? 1 : 0;
    lines.push("master_failover_state:no-failover", `master_replid:${this.id}`, `master_replid2:${"0".repeat(40)}`);
    lines.push(`master_repl_offset:${this.offset}`, "second_repl_offset:-1", `repl_backlog_active:${active}`);
    lines.push("repl_backlog_size:1048576", `repl_backlog_first_byte_offset:${active}`);
    lines.push(`repl_backlog_histlen:${active ? this.offset : 0}`);
    return lines.map((line) => `${line}\r\n`).join("");
  }

  private newId(): string {
    const { kernel } = this.p.machine;
    return `${kernel.random("redis ids").uuid()}${kernel.random("redis ids").uuid()}`.replaceAll("-", "").slice(0, 40);
  }

  private role(): Reply {
    const { master } = this;
    if (master !== undefined) {
      return ["slave", master.host, master.port, master.up ? "connected" : "connect", master.up ? this.offset : -1];
    }
    const known = [...this.replicas.values()].map(({ address, port }) => [address, String(port), String(this.offset)]);
    return ["master", this.offset, known];
  }

  private become(host: string, port: string): Reply {
    if (host.toLowerCase() === "no" && port.toLowerCase() === "one") {
      if (this.isReplica) {
        this.stop();
        this.id = this.newId();
        this.say("*", "MASTER MODE enabled (user request)");
      }
      return OK;
    }
    if (!/^\d+$/.test(port)) return { error: "ERR value is not an integer or out of range" };
    if (this.master?.host === host && this.master.port === Number(port))
      return { status: "OK Already connected to specified master" };
    this.follow(host, Number(port));
    this.say("*", `REPLICAOF ${host}:${port} enabled (user request)`);
    return OK;
  }

  /** A replica asks for everything. */
  private begin(socket: Socket): void {
    const replica = { address: socket.remoteAddress, port: this.ports.get(socket) ?? socket.remotePort };
    const name = `${replica.address}:${replica.port}`;
    this.say("*", `Replica ${name} asks for synchronization`);
    this.say("*", `Full resync requested by replica ${name}`);
    const dump = this.store.dump();
    const head = `+FULLRESYNC ${this.id} ${this.offset}\r\n$${dump.length}\r\n${dump}`;
    socket.output.push(encode(head));
    this.replicas.set(socket, replica);
    this.say("*", `Synchronization with replica ${name} succeeded`);
  }

  private *following(master: NonNullable<Replication["master"]>): Gen {
    const { p, say } = this;
    const here = () => this.master === master && p.status === undefined;
    let again = false;
    while (here()) {
      say("*", `${again ? "Reconnecting" : "Connecting"} to MASTER ${master.host}:${master.port}`);
      again = false;
      const found = yield* resolveHost(p, master.host);
      if (!here()) return;
      if (!found.ok) say("#", "Unable to connect to MASTER: Resource temporarily unavailable");
      else {
        say("*", "MASTER <-> REPLICA sync started");
        try {
          const { network } = p.ns.net;
          const socket = (yield* network.connect(p.ns.net, found.addresses[0]!, master.port)).stream();
          if (!here()) return socket.close();
          master.link = socket;
          try {
            again = yield* this.synchronized(master, socket);
          } finally {
            master.up = false;
            socket.close();
          }
        } catch (error) {
          if (!isNetError(error)) throw error;
          if (here()) say("#", `Error condition on socket for SYNC: ${WHY[error.code] ?? error.message}`);
        }
      }
      if (!again) yield* sleep(RETRY);
    }
  }

  /** True when the connection was lost after it had worked. */
  private *synchronized(master: NonNullable<Replication["master"]>, socket: Socket): Gen<boolean> {
    const { say, store } = this;
    const held: Held = { bytes: new Uint8Array(0) };
    const here = () => this.master === master && this.p.status === undefined;
    say("*", "Non blocking connect for SYNC fired the event.");
    const password = this.config.get("masterauth");
    const greeting = password === "" ? [] : [["auth", password]];
    for (const words of [...greeting, ["ping"], ["replconf", "listening-port", this.config.get("port")]]) {
      socket.output.push(encode(written(words)));
      const reply = yield* received(socket, held, readReply);
      if (reply === undefined) return false;
      if (typeof reply === "object" && reply !== null && "error" in reply) {
        say("#", `Error reply to ${words[0]!.toUpperCase()} from master: '-${reply.error}'`);
        return false;
      }
      if (words[0] === "ping") say("*", "Master replied to PING, replication can continue...");
    }
    say("*", "Partial resynchronization not possible (no cached master)");
    socket.output.push(encode(written(["psync", "?", "-1"])));
    const begun = yield* received(socket, held, readReply);
    const [, id = "", offset = "0"] =
      /^FULLRESYNC (\S+) (\d+)/.exec((begun as { status?: string })?.status ?? "") ?? [];
    if (id === "") return false;
    say("*", `Full resync from master: ${id}:${offset}`);
    const dump = yield* received(socket, held, readSnapshot);
    if (dump === undefined || !here()) return false;
    say("*", `MASTER <-> REPLICA sync: receiving ${dump.length + 175} bytes from master to disk`);
    for (const step of ["Flushing old data", "Loading DB in memory", "Finished with success"])
      say("*", `MASTER <-> REPLICA sync: ${step}`);
    store.load(dump);
    this.id = id;
    this.offset = Number(offset);
    master.up = true;
    for (;;) {
      const words = yield* received(socket, held, readCommand);
      if (!here()) return false;
      if (words === undefined) break;
      this.offset += written(words).length;
      store.run(words);
      // Replicas of a replica hear of it too.
      for (const replica of this.replicas.keys()) replica.output.push(encode(written(words)));
    }
    say("*", "Connection with master lost.");
    say("*", "Caching the disconnected master state.");
    return true;
  }
}
