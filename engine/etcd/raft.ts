import { type Gen, type Kernel, type KernelEvent, SECOND, WaitQueue, wait } from "../kernel/index.ts";
import { Configuration } from "./configuration.ts";
import { Consensus } from "./consensus.ts";
import { hexId, type Member } from "./membership.ts";
import { Peer, type PeerProcess } from "./peer.ts";
import { sizeText } from "./space.ts";
import type { EtcdStore } from "./store.ts";

/** How often connections are looked at; heartbeats themselves are not sent. */
const PULSE = SECOND;

/**
 * The members of one etcd cluster: who they are, who leads in which term, who is cut off and since when. What is agreed
 * on is one store; a member that is not in touch with a leader that has a quorum answers nothing that needs one, and
 * sees the store as of the revision that it has.
 */
export class RaftGroup {
  private readonly kernel: Kernel;
  private readonly store: EtcdStore;
  private readonly name: string;
  private readonly peers = new Map<bigint, Peer>();
  /** Members that run, by their machines' names. */
  private readonly hosts = new Map<string, Peer>();
  private readonly configuration = new Configuration();
  private readonly consensus: Consensus;
  private readonly listeners = new Set<() => void>();
  private pulse: KernelEvent | undefined;
  /** Entries of raft that are no requests to the store: changes of members, and what members tell of themselves. */
  private entries = 0;
  /** Tells one life of the cluster's data from another: a restored snapshot, or a new cluster, begins the next. */
  generation = "";
  /** Members that the set-up made beside each other: each of their manifests lists those that were there before. */
  private setUp = new Set<bigint>();
  /** Woken when something about leaders, members or connections has changed. */
  private readonly changed = new WaitQueue();

  constructor(kernel: Kernel, store: EtcdStore, name: string) {
    this.kernel = kernel;
    this.store = store;
    this.name = name;
    this.consensus = new Consensus({
      kernel,
      name,
      configuration: this.configuration,
      peers: this.peers,
      state: () => ({ index: this.index, revision: store.revision }),
      onChange: () => {
        for (const listener of this.listeners) listener();
        this.changed.wakeAll();
      },
    });
    store.space.onAlarm = (what, member) => this.sayAlarm(what, member);
    kernel.on(`${name} pulse`, () => this.beat());
    kernel.onDigest(`${name} raft`, () => this.digest());
  }

  // ---- what is known ------------------------------------------------------------------------------------------------

  /** The cluster's. */
  get id(): bigint {
    return this.configuration.id;
  }

  /** All members, by their ids. */
  members(): Member[] {
    return this.configuration.all();
  }

  member(id: bigint): Member | undefined {
    return this.configuration.get(id);
  }

  /** The member whose peers know it at one of these URLs. */
  memberAt(peerUrls: readonly string[]): Member | undefined {
    return this.configuration.at(peerUrls);
  }

  isRemoved(id: bigint): boolean {
    return this.configuration.isRemoved(id);
  }

  isRunning(id: bigint): boolean {
    return this.peers.get(id)?.process !== undefined;
  }

  /** Whether members but this one run. */
  othersRun(id: bigint): boolean {
    return [...this.peers.values()].some((peer) => peer.process !== undefined && peer.id !== id);
  }

  /** Whether a member has had entries: a data directory without any is not its own any more. */
  hasLog(id: bigint): boolean {
    return this.peers.get(id)?.hasLog ?? false;
  }

  /** Whether a member was made when the cluster was set up. */
  isOfSetUp(id: bigint): boolean {
    return this.setUp.has(id);
  }

  /** For how long (µs) a member has been in touch without a break; undefined: it is not. */
  inTouchFor(id: bigint): number | undefined {
    const peer = this.peers.get(id);
    return peer?.isServed ? this.kernel.now - peer.servedSince : undefined;
  }

  /** Whether two members run and messages pass between them. */
  inTouch(a: bigint, b: bigint): boolean {
    const [one, other] = [this.peers.get(a), this.peers.get(b)];
    return one !== undefined && other !== undefined && this.consensus.areLinked(one, other);
  }

  /** The process of a member that runs. */
  process(id: bigint): PeerProcess | undefined {
    return this.peers.get(id)?.process;
  }

  /** Which member runs on a machine; undefined: none. */
  on(host: string): bigint | undefined {
    return this.hosts.get(host)?.id;
  }

  /** Whether what needs a quorum is answered by the member on a machine now. */
  answers(host: string): boolean {
    const peer = this.hosts.get(host);
    return peer?.process !== undefined && peer.isServed && !peer.process.isStopped();
  }

  /** Id of the leader that has a quorum; 0n: there is none. */
  get leading(): bigint {
    const { leader } = this.consensus;
    return leader?.isServed ? leader.id : 0n;
  }

  get leaderChanges(): number {
    return this.consensus.leaderChanges;
  }

  /** Index of the last entry that was agreed on; each leader begins with an empty one. */
  get index(): number {
    return this.entries + this.consensus.leaderChanges + this.store.entries + this.store.space.entries;
  }

  /** How a member sees things: `lead` 0n where it knows of no leader. */
  viewOf(id: bigint): { term: number; lead: bigint; index: number; revision: number } {
    const peer = this.peers.get(id);
    if (peer === undefined) return { term: 0, lead: 0n, index: 0, revision: 1 };
    const { index, revision } = this.consensus.endOf(peer);
    return { term: peer.term, lead: peer.lead, index, revision };
  }

  /** Waits until something holds that depends on leaders and connections, or for `limit` µs. */
  *until(holds: () => boolean, limit: number): Gen {
    const end = this.kernel.now + limit;
    while (!holds() && this.kernel.now < end) yield* wait(this.changed, end - this.kernel.now);
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  // ---- members come and go ------------------------------------------------------------------------------------------

  /**
   * A cluster begins with these members, and nobody remembers the one before. `first`: those whom it began with before
   * the others were added, by which it has its id.
   */
  begin(members: readonly Member[], generation: string, first: readonly Member[] = members): void {
    for (const peer of this.peers.values()) this.consensus.calm(peer);
    this.peers.clear();
    this.hosts.clear();
    this.configuration.begin(members, first);
    this.setUp = new Set(first === members ? [] : members.map(({ id }) => id));
    this.generation = generation;
    // The set-up's members come one after the other, and the first serves before the others are there.
    this.consensus.begin(first === members && members.length > 1);
    this.entries = 1 + members.length;
    this.store.space.reset();
  }

  /** `--force-new-cluster`: of all members this one is left. */
  alone(id: bigint): void {
    for (const peer of this.peers.values()) if (peer.id !== id) this.consensus.calm(peer);
    this.configuration.keep(id);
    this.entries++;
  }

  /** A member's process serves its peers. The returned function says that it does no more. */
  start(process: PeerProcess): (why: "terminated" | "lost") => void {
    const { id, host, name, clientUrls } = process;
    let peer = this.peers.get(id);
    if (peer === undefined) this.peers.set(id, (peer = new Peer(id)));
    const started = peer;
    this.store.space.open(id, process.quota);
    started.process = process;
    started.hasLog = true;
    this.hosts.set(host, started);
    const member = this.configuration.get(id);
    // It tells of itself once there is a leader.
    if (member !== undefined) this.configuration.put({ ...member, name, clientUrls });
    this.entries++;
    this.sayStart(started);
    this.consensus.start(started);
    if (this.pulse === undefined) this.pulse = this.kernel.schedule(PULSE, `${this.name} pulse`, this.name);
    return (why) => {
      if (started.process !== process) return;
      if (why === "terminated") this.consensus.handOver(started);
      started.process = undefined;
      if (this.hosts.get(host) === started) this.hosts.delete(host);
      this.consensus.stop(started);
    };
  }

  /** Adds a member that has not started yet; whether it may be is judged by `addMember`. */
  add(member: Member): void {
    const id = hexId(member.id);
    this.change(member.isLearner ? "ConfChangeAddLearnerNode" : "ConfChangeAddNode", member.id, {
      act: () => this.configuration.put(member),
      say: (process, ids) => {
        process.log("info", "membership/cluster.go:421", "added member", {
          ...ids,
          "added-peer-id": id,
          "added-peer-peer-urls": member.peerUrls,
        });
        process.log("info", "rafthttp/transport.go:317", "added remote peer", {
          "local-member-id": hexId(process.id),
          "remote-peer-id": id,
          "remote-peer-urls": member.peerUrls,
        });
      },
    });
  }

  /** Makes a voter of a learner. */
  promote(id: bigint): void {
    const member = this.configuration.get(id);
    if (member === undefined) return;
    this.change("ConfChangeAddNode", id, {
      act: () => this.configuration.put({ ...member, isLearner: false }),
      say: (process, ids) => process.log("info", "membership/cluster.go:535", "promote member", ids),
    });
  }

  /** Takes a member out for good: its process ends. */
  remove(id: bigint): void {
    const removed = this.configuration.get(id);
    if (removed === undefined) return;
    this.change("ConfChangeRemoveNode", id, {
      act: () => this.configuration.remove(id),
      say: (process, ids) =>
        process.log("info", "membership/cluster.go:472", "removed member", {
          ...ids,
          "removed-remote-peer-id": hexId(id),
          "removed-remote-peer-urls": removed.peerUrls,
        }),
    });
    this.peers.get(id)?.process?.removed();
  }

  /** Where its peers find a member from now on. */
  move(id: bigint, peerUrls: readonly string[]): void {
    const member = this.configuration.get(id);
    if (member === undefined) return;
    this.change("ConfChangeUpdateNode", id, { act: () => this.configuration.put({ ...member, peerUrls }) });
  }

  /** `etcdctl move-leader`: the leader hands over to a voter that has all entries; false where that cannot be. */
  transfer(id: bigint): boolean {
    return this.consensus.transfer(id);
  }

  /** Looks anew at who is in touch with whom. */
  update(): void {
    this.consensus.update();
  }

  /** Carries out a change of members, told by each that hears of it. */
  private change(
    kind: string,
    id: bigint,
    { act, say }: { act: () => void; say?: (process: PeerProcess, ids: Record<string, string>) => void },
  ): void {
    const before = this.configuration.text();
    const hear = [...this.peers.values()].filter((peer) => peer.isServed);
    act();
    this.entries++;
    const after = this.configuration.text();
    for (const { process } of hear) {
      if (process === undefined) continue;
      const own = hexId(process.id);
      if (after !== before) process.raft(`${own} switched to configuration ${after}`);
      say?.(process, { "cluster-id": hexId(this.id), "local-member-id": own });
      process.log("info", "etcdserver/server.go:2018", "applied a configuration change through raft", {
        "local-member-id": own,
        "raft-conf-change": kind,
        "raft-conf-change-node-id": hexId(id),
      });
    }
    this.update();
  }

  /** An alarm was raised or taken back: each that hears of it says so (server/etcdserver/apply.go, Alarm). */
  private sayAlarm(what: "raised" | "disarmed", member: bigint): void {
    const from = { alarm: "NOSPACE", from: hexId(member) };
    if (what === "raised") {
      const bytes = this.store.space.quotaOf(member);
      this.peers
        .get(member)
        ?.process?.log("warn", "etcdserver/server.go:2346", "message exceeded backend quota; raising alarm", {
          "quota-size-bytes": bytes,
          "quota-size": sizeText(bytes),
          error: "etcdserver: no space",
        });
    }
    const caller = `etcdserver/apply.go:${what === "raised" ? 752 : 775}`;
    for (const peer of this.peers.values()) {
      if (peer.isServed) peer.process?.log("warn", caller, `alarm ${what}`, from);
    }
  }

  private sayStart(peer: Peer): void {
    const id = hexId(peer.id);
    const { term, index } = this.consensus.endOf(peer);
    const peers = this.members().map((member) => hexId(member.id));
    peer.process?.raft(`${id} switched to configuration ${this.configuration.text()}`);
    peer.process?.raft(`${id} became follower at term ${peer.term}`);
    peer.process?.raft(
      `newRaft ${id} [peers: [${peers.join(",")}], term: ${peer.term}, commit: ${index}, applied: ${index}, lastindex: ${index}, lastterm: ${term}]`,
    );
  }

  private beat(): void {
    this.pulse = this.hosts.size === 0 ? undefined : this.kernel.schedule(PULSE, `${this.name} pulse`, this.name);
    if (this.configuration.size <= 1) return;
    // Mostly all are in touch with all, and nothing has to be worked out.
    let isSteady = true;
    for (const { process, isServed } of this.hosts.values()) {
      if (process?.pulse() !== true || !isServed || process.isStopped()) isSteady = false;
    }
    if (isSteady) return;
    for (const peer of this.hosts.values()) {
      if (!this.consensus.isOff(peer)) continue;
      this.update();
      return;
    }
  }

  private digest(): string {
    const parts = [`cluster ${hexId(this.id)} ${this.generation} ${this.entries} ${this.leaderChanges}`];
    for (const { id, name, peerUrls, isLearner } of this.members()) {
      parts.push(`${hexId(id)} ${name} ${peerUrls.join(",")} ${isLearner}`);
    }
    for (const peer of this.peers.values()) {
      const { index, revision } = this.consensus.endOf(peer);
      const { id, term, lead, isLeader, isServed } = peer;
      parts.push(`${hexId(id)} ${term} ${hexId(lead)} ${isLeader} ${isServed} ${index} ${revision}`);
    }
    return parts.join("\n");
  }
}
