const SECOND = 1_000_000;
/** Seconds that an entry stays after its last packet, by kernel setting (nf_conntrack_proto_tcp.c, nf_conntrack_proto_udp.c). */
export const CONNTRACK_TIMEOUTS = {
  tcp_timeout_syn_sent: 120,
  tcp_timeout_established: 432_000,
  tcp_timeout_time_wait: 120,
  udp_timeout: 30,
  udp_timeout_stream: 120,
  icmp_timeout: 30,
} as const;
type Settings = ReadonlyMap<string, string>;

/** µs after a first datagram from which on both sides are taken to keep talking (stream_ts). */
const STREAM = 2 * SECOND;

/** Entries looked through for ones that have ended when so many more have come. */
const SWEEP = 512;

/** States that conntrack knows (nf_conntrack_tcp.h). */
export const TCP_STATES = [
  ...(["NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT"] as const),
  ...(["CLOSE", "LISTEN"] as const),
] as const;
export type TcpState = (typeof TCP_STATES)[number];

/** One direction of a connection. Addresses are dotted quads. */
export interface Flow {
  source: string;
  destination: string;
  sourcePort: number;
  destinationPort: number;
}

/** A connection as one namespace knows it. */
export interface Track {
  readonly id: number;
  readonly protocol: "tcp" | "udp" | "icmp";
  readonly original: Flow;
  /** How answers come, which is not the mirror of `original` where addresses were rewritten. */
  readonly reply: Flow;
  /** The first packet got an answer. */
  replied: boolean;
  /** Over UDP: packets went both ways for longer than a question and its answer take. */
  stream?: boolean;
  /** What somebody has said of it by hand: a state of TCP, and that it is not given up early. */
  state?: TcpState;
  assured?: boolean;
  /** µs after its last packet at which it ends, where that was said by hand. */
  timeout?: number;
  /** µs of virtual time of its first packet and of its last. */
  readonly since: number;
  last: number;
  /** Whether its ends still hold it open. */
  open: boolean;
  mark: number;
  /** Kernel settings of its namespace that were changed. */
  readonly settings: Settings;
}

const NO_SETTINGS: Settings = new Map();

/** Connections of a namespace (nf_conntrack), oldest first. Ended ones go when somebody looks, or in passing. */
export class Conntrack {
  /** Of its namespace. */
  settings: Settings = NO_SETTINGS;
  private entries: Track[] = [];
  /** Those over UDP, by what their first packet said: later ones from the same port belong to them. */
  private readonly datagrams = new Map<string, Track>();
  private nextId = 1;
  private sweepAt = SWEEP;

  add(track: Omit<Track, "id" | "mark" | "settings">): Track {
    const made: Track = { ...track, id: this.nextId++, mark: 0, settings: this.settings };
    this.entries.push(made);
    if (made.protocol === "udp") {
      const name = nameOf(made.original);
      const old = this.datagrams.get(name);
      if (old !== undefined) this.entries = this.entries.filter((one) => one !== old);
      this.datagrams.set(name, made);
    }
    if (this.entries.length >= this.sweepAt) {
      this.sweep(track.last);
      this.sweepAt = this.entries.length + SWEEP;
    }
    return made;
  }

  /** Nothing that went over UDP is known. */
  get hasNoDatagrams(): boolean {
    return this.datagrams.size === 0;
  }

  /** The entry over UDP that a datagram belongs to, alive at a time (µs). */
  datagram(flow: Flow, now: number): Track | undefined {
    const found = this.datagrams.get(nameOf(flow));
    return found !== undefined && remaining(found, now) > 0 ? found : undefined;
  }

  /** Entries that are alive at a time (µs). */
  list(now: number): readonly Track[] {
    this.sweep(now);
    return this.entries;
  }

  /** Forgets the entries that a test finds; gives them. */
  delete(now: number, found: (track: Track) => boolean): Track[] {
    this.sweep(now);
    const gone = this.entries.filter(found);
    if (gone.length > 0) this.entries = this.entries.filter((track) => !found(track));
    for (const track of gone) this.forget(track);
    return gone;
  }

  private sweep(now: number): void {
    this.entries = this.entries.filter((track) => {
      if (remaining(track, now) > 0) return true;
      this.forget(track);
      return false;
    });
  }

  private forget(track: Track): void {
    if (track.protocol !== "udp") return;
    const name = nameOf(track.original);
    if (this.datagrams.get(name) === track) this.datagrams.delete(name);
  }
}

const nameOf = ({ source, sourcePort, destination, destinationPort }: Flow): string =>
  `${source}:${sourcePort} ${destination}:${destinationPort}`;

/**
 * A datagram of an entry came by, or its answer: it stays longer once both sides keep talking
 * (nf_conntrack_proto_udp.c nf_conntrack_udp_packet).
 */
export function passed(track: Track, now: number): void {
  track.last = now;
  if (track.replied && now > track.since + STREAM) track.stream = true;
}

/** TCP state of an entry, as conntrack names it; empty for protocols without. */
export function stateOf(track: Track): TcpState | "" {
  if (track.protocol !== "tcp") return "";
  if (track.state !== undefined) return track.state;
  if (!track.replied) return "SYN_SENT";
  return track.open ? "ESTABLISHED" : "TIME_WAIT";
}

/** µs until an entry ends. */
export function remaining(track: Track, now: number): number {
  if (track.timeout !== undefined) return track.last + track.timeout - now;
  const name = settingOf(track);
  const changed = track.settings.get(FULL_NAMES[name]);
  return track.last + Number(changed ?? CONNTRACK_TIMEOUTS[name]) * SECOND - now;
}

/** Names of the settings as sysctl has them. */
const FULL_NAMES = Object.fromEntries(
  Object.keys(CONNTRACK_TIMEOUTS).map((name) => [name, `net.netfilter.nf_conntrack_${name}`]),
) as Record<keyof typeof CONNTRACK_TIMEOUTS, string>;

function settingOf(track: Track): keyof typeof CONNTRACK_TIMEOUTS {
  if (track.protocol === "icmp") return "icmp_timeout";
  if (track.protocol === "udp") return track.stream ? "udp_timeout_stream" : "udp_timeout";
  const state = stateOf(track);
  if (state === "SYN_SENT") return "tcp_timeout_syn_sent";
  return state === "ESTABLISHED" ? "tcp_timeout_established" : "tcp_timeout_time_wait";
}
