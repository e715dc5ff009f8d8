import type { KernelEvent } from "../kernel/index.ts";

/** A member's process, as its peers and raft see it. */
export interface PeerProcess {
  readonly id: bigint;
  readonly name: string;
  /** The machine's name. */
  readonly host: string;
  readonly clientUrls: readonly string[];
  /** PEM of the CA that clients' certificates must come from; "" where none are asked for. */
  readonly clientCa: () => string;
  /** `--quota-backend-bytes`; negative: none. */
  readonly quota: number;
  /** Whether messages between it and a peer get through. */
  reaches(peer: bigint): boolean;
  /** Whether a signal has stopped it (SIGSTOP). */
  isStopped(): boolean;
  /** Called now and then: a time to look after its connections. True where it has one to each of the others. */
  pulse(): boolean;
  /** Called when it may have found or lost a peer. */
  notice(): void;
  /** Says a line of raft's logger. */
  raft(message: string, level?: "info" | "warn"): void;
  /** Says a line of another part of etcd. */
  log(level: "info" | "warn" | "error", caller: string, message: string, rest?: object): void;
  /** It has been taken out of the cluster for good, and ends. */
  removed(): void;
}

/** Where a member's log ends. */
export interface LogEnd {
  readonly term: number;
  readonly index: number;
  readonly revision: number;
}

/** What a member knows; it outlives its process, as the data directory does. */
export class Peer {
  readonly id: bigint;
  process: PeerProcess | undefined;
  term = 1;
  /** Whom it takes for the leader; 0n: nobody. */
  lead = 0n;
  isLeader = false;
  /** It is in touch with a leader that has a quorum: what it is asked is answered. */
  isServed = false;
  /** Virtual time in µs since which it has been. */
  servedSince = 0;
  /** Where its log ended when it was last served; undefined while it is. */
  behind: LogEnd | undefined = { term: 0, index: 0, revision: 1 };
  /** Its election timeout, or a leader's look whether a quorum is active. */
  timer: KernelEvent | undefined;
  /** Ticks after which it campaigns: drawn anew with each term (raft.go, resetRandomizedElectionTimeout). */
  patience = 0;
  /** It has had entries: a data directory without any is not its own any more. */
  hasLog = false;

  constructor(id: bigint) {
    this.id = id;
  }
}
