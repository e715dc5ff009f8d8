/** What the tables of connections on the way of an open connection know of it. */
import { passed, type Ruleset, type Track } from "../netfilter/index.ts";
import type { Path, Protocol, Seen } from "./path.ts";

/** Entries of one connection, by whose table they stand in. */
export type Tracks = ReadonlyMap<Ruleset, Track>;

const NO_TRACKS: readonly Track[] = [];

/**
 * Enters a connection that was let through into the tables of every namespace on its way; gives the entries. Whoever
 * asked over TCP has an answer then.
 */
export function arrive(path: Path, protocol: Protocol, port: number, now: number): readonly Track[] {
  if (path.seen.length === 0) return NO_TRACKS;
  return [...noted(path.seen, protocol, port, now, protocol !== "udp").values()];
}

/** The same where `seen` saw its first packet, which has perhaps got no answer. */
export function noted(seen: readonly Seen[], protocol: Protocol, port: number, now: number, replied: boolean): Tracks {
  const tracks = new Map<Ruleset, Track>();
  for (const flow of seen) {
    const { track, ruleset } = flow;
    // Who comes by again, in a loop of routes, is known there already.
    if (tracks.has(ruleset)) continue;
    if (track !== undefined && track.reply.source === flow.replySource && track.reply.sourcePort === flow.replyPort) {
      passed(track, now);
      if (replied) track.replied = true;
      tracks.set(ruleset, track);
      continue;
    }
    const made = ruleset.conntrack.add({
      protocol,
      original: {
        source: flow.source,
        destination: flow.destination,
        sourcePort: port,
        destinationPort: flow.destinationPort,
      },
      reply: {
        source: flow.replySource,
        destination: flow.replyDestination,
        sourcePort: flow.replyPort,
        destinationPort: port,
      },
      replied,
      since: now,
      last: now,
      open: false,
    });
    tracks.set(ruleset, made);
  }
  return tracks;
}

/** A datagram got its answer. */
export function answered(tracks: readonly Track[], now: number): void {
  for (const track of tracks) {
    track.replied = true;
    passed(track, now);
  }
}

/** A request goes over a connection; one that carries a second request is being kept. */
export function used(tracks: readonly Track[], now: number): void {
  for (const track of tracks) {
    if (track.last !== track.since) track.open = true;
    track.last = now;
  }
}

/** A connection's client holds it open, or has closed it. */
export function held(tracks: readonly Track[], open: boolean, now: number): void {
  for (const track of tracks) {
    track.open = open;
    track.last = now;
  }
}
