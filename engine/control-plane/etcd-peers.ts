import { hexId, type RaftGroup } from "../etcd/index.ts";
import { type Gen, SECOND } from "../kernel/index.ts";
import type { Process } from "../machine/process.ts";
import { type Connection, isNetError } from "../network/index.ts";
import { resolveHost } from "../network/resolver.ts";
import type { ZapLog } from "./etcd-log.ts";

/** How long a peer is dialled (rafthttp, DialTimeout: a second and an election's). */
const DIAL_TIMEOUT = SECOND;

interface Link {
  /** Undefined while nothing is known: taken for open, as no message has been lost yet. */
  connection: Connection | undefined;
  isBroken: boolean;
  isDialling: boolean;
  /** As the log has it. */
  isActive: boolean;
}

/** One member's connections to the others (server/etcdserver/api/rafthttp), looked after at each pulse. */
export class PeerLinks {
  private readonly p: Process;
  private readonly raft: RaftGroup;
  private readonly id: bigint;
  private readonly log: ZapLog;
  private readonly links = new Map<bigint, Link>();

  constructor(p: Process, raft: RaftGroup, id: bigint, log: ZapLog) {
    this.p = p;
    this.raft = raft;
    this.id = id;
    this.log = log;
  }

  /** Whether what it sends to a peer gets there. */
  reaches(peer: bigint): boolean {
    const link = this.links.get(peer);
    if (link === undefined) return true;
    return link.connection?.alive() ?? !link.isBroken;
  }

  /** Dials those that run and to whom it has no connection; true: there are none. */
  pulse(): boolean {
    let hasAll = true;
    for (const [id, link] of this.links) {
      if (link.connection?.alive()) continue;
      hasAll = false;
      if (link.isDialling || !this.raft.isRunning(id)) continue;
      if (link.connection !== undefined) {
        link.connection = undefined;
        link.isBroken = true;
      }
      const url = this.raft.member(id)?.peerUrls[0];
      if (url === undefined) continue;
      link.isDialling = true;
      this.p.machine.kernel.spawn(`etcd dial ${hexId(id)}`, this.dial(link, url));
    }
    return hasAll;
  }

  /** Says which peers came into touch, or are in touch no more. */
  notice(): void {
    for (const id of this.links.keys()) if (this.raft.member(id) === undefined) this.links.delete(id);
    for (const { id } of this.raft.members()) {
      if (id === this.id) continue;
      const isActive = this.raft.inTouch(this.id, id);
      const link = this.linkTo(id);
      if (isActive === link.isActive) continue;
      link.isActive = isActive;
      if (isActive) this.sayActive(hexId(id));
      else this.sayLost(id);
    }
  }

  private linkTo(id: bigint): Link {
    let link = this.links.get(id);
    if (link === undefined) {
      link = { connection: undefined, isBroken: false, isDialling: false, isActive: false };
      this.links.set(id, link);
    }
    return link;
  }

  private *dial(link: Link, url: string): Gen {
    const { p } = this;
    const [, host = "", port = "2380"] = /^https?:\/\/([^:/]+)(?::(\d+))?/.exec(url) ?? [];
    try {
      const found = yield* resolveHost(p, host);
      if (!found.ok) return;
      link.connection = yield* p.machine.network.connect(p.ns.net, found.addresses[0]!, Number(port), {
        timeout: DIAL_TIMEOUT,
      });
      link.isBroken = false;
    } catch (error) {
      if (!isNetError(error)) throw error;
      link.isBroken = true;
    } finally {
      link.isDialling = false;
    }
    this.raft.update();
  }

  private sayActive(peer: string): void {
    const local = hexId(this.id);
    this.log("info", "rafthttp/peer_status.go:53", "peer became active", { "peer-id": peer });
    for (const kind of ["stream MsgApp v2", "stream Message"]) {
      this.log("info", "rafthttp/stream.go:412", "established TCP streaming connection with remote peer", {
        "stream-reader-type": kind,
        "local-member-id": local,
        "remote-peer-id": peer,
      });
    }
  }

  private sayLost(id: bigint): void {
    // A process that ends closes its connections; one that is cut off is silent, and rafthttp says nothing of it.
    if (this.raft.isRunning(id)) return;
    const [local, peer] = [hexId(this.id), hexId(id)];
    const error = "unexpected EOF";
    for (const kind of ["stream MsgApp v2", "stream Message"]) {
      this.log("warn", "rafthttp/stream.go:421", "lost TCP streaming connection with remote peer", {
        "stream-reader-type": kind,
        "local-member-id": local,
        "remote-peer-id": peer,
        error,
      });
      if (kind === "stream Message") continue;
      this.log("warn", "rafthttp/peer_status.go:66", "peer became inactive (message send to peer failed)", {
        "peer-id": peer,
        error: `failed to read ${peer} on ${kind} (${error})`,
      });
    }
  }
}
