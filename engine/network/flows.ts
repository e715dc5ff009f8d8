/** What the tables of connections on the way of an open connection know of it. */
import { passed, type Track } from "../netfilter/index.ts";
import type { Path, Protocol } from "./path.ts";

const NO_TRACKS: readonly Track[] = [];

/**
 * Enters a connection that was let through into the tables of every namespace on its way; gives the entries. Whoever
 * asked over TCP has an answer then; `replied` says it of datagrams, and of who got none.
 */
export function arrive(
  path: Path,
  protocol: Protocol,
  port: number,
  now: number,
  replied = protocol !== "udp",
): readonly Track[] {
  if (path.seen.length === 0) return NO_TRACKS;
  // Who comes by again, in a loop of routes, is known there already.
  const seen = path.seen.filter((flow, i) => path.seen.findIndex((one) => one.ruleset === flow.ruleset) === i);
  return seen.map((flow) => {
    const { track } = flow;
    if (track !== undefined && track.reply.source === flow.replySource && track.reply.sourcePort === flow.replyPort) {
      passed(track, now);
      return track;
    }
    return flow.ruleset.conntrack.add({
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
  });
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
