import { type Kernel, MS, type RandomStream } from "../kernel/index.ts";
import type { Configuration } from "./configuration.ts";
import { hexId } from "./membership.ts";
import type { LogEnd, Peer } from "./peer.ts";

/** Ticks of the defaults: a heartbeat every 100 ms, an election after 10 to 19 without one (raft.go, randomizedElectionTimeout). */
const TICK = 100 * MS;
const ELECTION_TICKS = 10;
/** A leader looks whether a quorum is active each election timeout; a cluster of one need not wait for others. */
const ALONE = TICK;

/** What elections are about, and who is told. */
export interface ConsensusOptions {
  readonly kernel: Kernel;
  readonly name: string;
  readonly configuration: Configuration;
  /** All that have ever run, by their ids. */
  readonly peers: ReadonlyMap<bigint, Peer>;
  /** How far what was agreed on has come. */
  readonly state: () => { index: number; revision: number };
  /** Something about leaders or connections has changed. */
  readonly onChange: () => void;
}

/**
 * Who leads: raft's elections with PreVote and CheckQuorum (go.etcd.io/raft, raft.go), without heartbeats: connections
 * tell when they break. A member that is not in touch with a leader that has a quorum waits for its election timeout
 * and campaigns; it is elected by a majority that it reaches, none of whom knows more or hears a leader.
 */
export class Consensus {
  private readonly kernel: Kernel;
  private readonly name: string;
  private readonly random: RandomStream;
  private readonly configuration: Configuration;
  private readonly peers: ReadonlyMap<bigint, Peer>;
  private readonly state: ConsensusOptions["state"];
  private readonly onChange: () => void;
  /** The running member of the highest term that takes itself for the leader. */
  leader: Peer | undefined;
  leaderChanges = 0;
  /** Of the last entry that was agreed on: the last leader's. */
  private term = 1;
  /** False until there has been a quorum: before that there is nothing to lose. */
  private isFormed = false;

  constructor({ kernel, name, configuration, peers, state, onChange }: ConsensusOptions) {
    this.kernel = kernel;
    this.name = name;
    this.random = kernel.random(`${name} raft`);
    this.configuration = configuration;
    this.peers = peers;
    this.state = state;
    this.onChange = onChange;
  }

  /** Nobody has led yet. `isFormed`: a quorum is needed from the start. */
  begin(isFormed: boolean): void {
    this.leader = undefined;
    this.leaderChanges = 0;
    this.term = 1;
    this.isFormed = isFormed;
  }

  /** A member begins to serve: the first of a cluster leads it at once. */
  start(peer: Peer): void {
    if (!this.isFormed && this.leader === undefined && this.configuration.isVoter(peer.id)) this.lead(peer, [peer]);
    else this.update();
  }

  /** A member serves no more. */
  stop(peer: Peer): void {
    this.calm(peer);
    peer.isLeader = false;
    peer.lead = 0n;
    this.update();
  }

  /** Looks at who is in touch with whom, and lets those who are not begin to wait. */
  update(): void {
    const running = [...this.peers.values()].filter(({ process }) => process !== undefined);
    for (const peer of running) if (peer.isLeader) this.yieldToTerms(peer, running);
    const leader = this.leaderOf();
    this.leader = leader;
    if (
      !this.isFormed &&
      this.configuration.voters().filter((id) => this.peers.get(id)?.process !== undefined).length >=
        this.configuration.majority()
    ) {
      this.isFormed = true;
    }
    const active = leader !== undefined && this.hasQuorum(leader);
    for (const peer of running) {
      if (peer === leader) {
        if (active) this.serve(peer);
        else this.lose(peer);
      } else if (leader !== undefined && this.areLinked(leader, peer)) {
        if (active) this.follow(peer, leader);
        else this.rest(peer);
      } else this.lose(peer);
    }
    for (const { process } of running) process?.notice();
    this.onChange();
  }

  /** Whether a member is not as its connections say that it should be. */
  isOff(peer: Peer): boolean {
    const { leader } = this;
    if (leader === undefined || !leader.isServed) return true;
    if (peer === leader) return !this.hasQuorum(leader);
    return this.areLinked(leader, peer) !== peer.isServed;
  }

  private serve(peer: Peer): void {
    this.kernel.cancel(peer.timer);
    peer.timer = undefined;
    peer.behind = undefined;
    if (!peer.isServed) peer.servedSince = this.kernel.now;
    peer.isServed = true;
  }

  private follow(peer: Peer, leader: Peer): void {
    const id = hexId(peer.id);
    if (peer.term < leader.term) {
      peer.process?.raft(
        `${id} [term: ${peer.term}] received a MsgHeartbeat message with higher term from ${hexId(leader.id)} [term: ${leader.term}]`,
      );
      this.becomeFollower(peer, leader.term);
    }
    this.knows(peer, leader.id);
    this.serve(peer);
  }

  /** In touch with a leader that is not in touch with enough others: nothing is agreed on, nor does anybody campaign. */
  private rest(peer: Peer): void {
    this.keep(peer);
    this.kernel.cancel(peer.timer);
    peer.timer = undefined;
  }

  private lose(peer: Peer): void {
    this.keep(peer);
    if (peer.timer !== undefined || (!peer.isLeader && !this.configuration.isVoter(peer.id))) return;
    // The first start of a member that is alone: ticks are skipped.
    const isAlone = peer.term === 1 && this.configuration.voters().length === 1;
    if (peer.patience === 0) peer.patience = this.random.int(ELECTION_TICKS, 2 * ELECTION_TICKS - 1);
    const ticks = peer.isLeader ? ELECTION_TICKS : peer.patience;
    peer.timer = this.kernel.after(isAlone ? ALONE : ticks * TICK, `${this.name} election ${hexId(peer.id)}`, () =>
      this.timeout(peer),
    );
  }

  /** Remembers where its log ends while it gets no entries. */
  private keep(peer: Peer): void {
    if (peer.isServed || peer.behind === undefined) peer.behind = this.end();
    peer.isServed = false;
  }

  calm(peer: Peer): void {
    this.keep(peer);
    this.kernel.cancel(peer.timer);
    peer.timer = undefined;
  }

  private timeout(peer: Peer): void {
    peer.timer = undefined;
    if (peer.process === undefined) return;
    if (peer.process.isStopped()) this.lose(peer);
    else if (peer.isLeader) this.stepDown(peer);
    else this.campaign(peer);
  }

  /** A leader that hears of a higher term leads no more: those who answered it have followed another since. */
  private yieldToTerms(leader: Peer, running: readonly Peer[]): void {
    const later = running.find((peer) => peer.term > leader.term && this.areLinked(leader, peer));
    if (later === undefined) return;
    const id = hexId(leader.id);
    leader.process?.raft(
      `${id} [term: ${leader.term}] received a MsgAppResp message with higher term from ${hexId(later.id)} [term: ${later.term}]`,
    );
    this.calm(leader);
    this.becomeFollower(leader, later.term);
    this.knows(leader, 0n);
  }

  private stepDown(peer: Peer): void {
    if (this.hasQuorum(peer)) {
      this.update();
      return;
    }
    const { process } = peer;
    process?.raft(`${hexId(peer.id)} stepped down to follower since quorum is not active`, "warn");
    this.becomeFollower(peer, peer.term);
    this.knows(peer, 0n);
    if (this.leader === peer) this.leader = undefined;
    this.update();
  }

  private campaign(peer: Peer): void {
    const id = hexId(peer.id);
    const { process, term } = peer;
    const granted = this.votersFor(peer, false);
    process?.raft(`${id} is starting a new election at term ${term}`);
    process?.raft(`${id} became pre-candidate at term ${term}`);
    process?.raft(`${id} received MsgPreVoteResp from ${id} at term ${term}`);
    const end = this.endText(peer);
    for (const other of this.otherVoters(peer)) {
      process?.raft(`${id} [${end}] sent MsgPreVote request to ${hexId(other)} at term ${term}`);
    }
    this.knows(peer, 0n);
    if (granted.length < this.configuration.majority()) {
      this.update();
      return;
    }
    for (const voter of granted) this.cast(voter, peer, "MsgPreVote", term);
    this.tally(peer, granted, "MsgPreVoteResp", term);
    this.elect(peer, granted);
  }

  /** Votes are cast, and a quorum of them makes a leader. */
  private elect(peer: Peer, granted: readonly Peer[]): void {
    if (granted.length < this.configuration.majority()) return;
    const id = hexId(peer.id);
    const term = Math.max(...granted.map((voter) => voter.term)) + 1;
    const end = this.endText(peer);
    peer.process?.raft(`${id} became candidate at term ${term}`);
    peer.process?.raft(`${id} received MsgVoteResp from ${id} at term ${term}`);
    for (const other of this.otherVoters(peer)) {
      peer.process?.raft(`${id} [${end}] sent MsgVote request to ${hexId(other)} at term ${term}`);
    }
    this.knows(peer, 0n, term);
    for (const voter of granted) {
      if (voter === peer) continue;
      voter.process?.raft(
        `${hexId(voter.id)} [term: ${voter.term}] received a MsgVote message with higher term from ${id} [term: ${term}]`,
      );
      this.becomeFollower(voter, term);
      this.cast(voter, peer, "MsgVote", term);
      this.knows(voter, 0n);
    }
    this.tally(peer, granted, "MsgVoteResp", term);
    peer.term = term;
    this.lead(peer, granted);
  }

  private lead(peer: Peer, granted: readonly Peer[]): void {
    const id = hexId(peer.id);
    if (granted.length === 1 && peer.term === 1) peer.term = 2;
    peer.isLeader = true;
    this.term = peer.term;
    this.leader = peer;
    this.leaderChanges++;
    this.kernel.cancel(peer.timer);
    peer.timer = undefined;
    peer.process?.raft(`${id} became leader at term ${peer.term}`);
    this.knows(peer, peer.id);
    this.update();
  }

  private cast(voter: Peer, peer: Peer, kind: "MsgPreVote" | "MsgVote", term: number): void {
    if (voter === peer) return;
    voter.process?.raft(
      `${hexId(voter.id)} [${this.endText(voter)}, vote: 0] cast ${kind} for ${hexId(peer.id)} [${this.endText(peer)}] at term ${term}`,
    );
  }

  private tally(peer: Peer, granted: readonly Peer[], kind: string, term: number): void {
    let votes = 1;
    for (const voter of granted) {
      if (voter === peer) continue;
      peer.process?.raft(`${hexId(peer.id)} received ${kind} from ${hexId(voter.id)} at term ${term}`);
      peer.process?.raft(`${hexId(peer.id)} has received ${++votes} ${kind} votes and 0 vote rejections`);
      if (votes >= this.configuration.majority()) break;
    }
  }

  private becomeFollower(peer: Peer, term: number): void {
    peer.isLeader = false;
    peer.term = term;
    peer.patience = 0;
    peer.process?.raft(`${hexId(peer.id)} became follower at term ${term}`);
  }

  /** What it takes for the leader, said as raft's node does. */
  private knows(peer: Peer, lead: bigint, term = peer.term): void {
    const before = peer.lead;
    if (before === lead) return;
    peer.lead = lead;
    const [id, from, to] = [hexId(peer.id), hexId(before), hexId(lead)];
    const what =
      lead === 0n
        ? `lost leader ${from}`
        : before === 0n
          ? `elected leader ${to}`
          : `changed leader from ${from} to ${to}`;
    peer.process?.raft(`raft.node: ${id} ${what} at term ${term}`);
  }

  // ---- who may ------------------------------------------------------------------------------------------------------

  /** The running member of the highest term that takes itself for the leader. */
  private leaderOf(): Peer | undefined {
    let found: Peer | undefined;
    for (const peer of this.peers.values()) {
      if (peer.process === undefined || !peer.isLeader) continue;
      if (found === undefined || peer.term > found.term) found = peer;
    }
    return found;
  }

  private hasQuorum(leader: Peer): boolean {
    if (leader.process?.isStopped() !== false) return false;
    let count = 0;
    for (const id of this.configuration.voters()) {
      const peer = this.peers.get(id);
      if (peer === leader || (peer !== undefined && this.areLinked(leader, peer))) count++;
    }
    return count >= (this.isFormed ? this.configuration.majority() : 1);
  }

  /** Who would vote for a member: those that it reaches, that hear of no leader, and that know nothing that it does not. */
  private votersFor(peer: Peer, isAskedByLeader: boolean): Peer[] {
    const own = this.endOf(peer);
    const granted: Peer[] = [];
    for (const id of this.configuration.voters()) {
      const voter = this.peers.get(id);
      if (voter === peer) granted.unshift(voter);
      else if (voter !== undefined && this.areLinked(peer, voter)) {
        const end = this.endOf(voter);
        const isNewer = end.term > own.term || (end.term === own.term && end.index > own.index);
        if (!isNewer && (isAskedByLeader || !this.hearsLeader(voter))) granted.push(voter);
      }
    }
    return granted;
  }

  private hearsLeader(peer: Peer): boolean {
    const { leader } = this;
    return leader !== undefined && (peer === leader || this.areLinked(leader, peer));
  }

  /** Whether two members run and messages pass between them. */
  inTouch(a: bigint, b: bigint): boolean {
    const [one, other] = [this.peers.get(a), this.peers.get(b)];
    return one !== undefined && other !== undefined && this.areLinked(one, other);
  }

  areLinked(a: Peer, b: Peer): boolean {
    if (a.process === undefined || b.process === undefined) return false;
    if (!this.configuration.has(a.id) || !this.configuration.has(b.id)) return false;
    if (a.process.isStopped() || b.process.isStopped()) return false;
    return a.process.reaches(b.id) || b.process.reaches(a.id);
  }

  private otherVoters(peer: Peer): bigint[] {
    return this.configuration.voters().filter((id) => id !== peer.id);
  }

  /** `etcdctl move-leader`: the leader hands over to a member that has all entries; false where that cannot be. */
  transfer(id: bigint): boolean {
    const from = this.leader;
    const to = this.peers.get(id);
    if (from === undefined || to === undefined || !from.isServed || !to.isServed || !this.configuration.isVoter(id))
      return false;
    if (from === to) return true;
    const [old, next] = [hexId(from.id), hexId(id)];
    from.process?.raft(`${old} [term ${from.term}] starts to transfer leadership to ${next}`);
    from.process?.raft(`${old} sends MsgTimeoutNow to ${next} immediately as ${next} already has up-to-date log`);
    to.process?.raft(
      `${next} [term ${to.term}] received MsgTimeoutNow from ${old} and starts an election to get leadership.`,
    );
    to.process?.raft(`${next} is starting a new election at term ${to.term}`);
    this.elect(to, this.votersFor(to, true));
    return true;
  }

  /** A leader that ends hands over first, to whom it has known longest (server/etcdserver/server.go, TransferLeadership). */
  handOver(peer: Peer): void {
    if (this.leader !== peer || !peer.isServed) return;
    const next = this.configuration
      .all()
      .find(({ id }) => id !== peer.id && this.configuration.isVoter(id) && this.peers.get(id)?.isServed);
    if (next === undefined) return;
    const [from, to] = [hexId(peer.id), hexId(next.id)];
    const fields = { "local-member-id": from, "current-leader-member-id": from, "transferee-member-id": to };
    peer.process?.log("info", "etcdserver/server.go:1503", "leadership transfer starting", fields);
    this.transfer(next.id);
    peer.process?.log("info", "etcdserver/server.go:1520", "leadership transfer finished", {
      "local-member-id": from,
      "old-leader-member-id": from,
      "new-leader-member-id": to,
      took: "100.051457ms",
    });
  }

  private end(): LogEnd {
    return { term: this.term, ...this.state() };
  }

  endOf(peer: Peer): LogEnd {
    return peer.behind ?? this.end();
  }

  private endText(peer: Peer): string {
    const { term, index } = this.endOf(peer);
    return `logterm: ${term}, index: ${index}`;
  }
}
