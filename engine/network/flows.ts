/** What the tables of connections on the way of an open connection know of it. */
import type { Track } from "../netfilter/index.ts";
import type { Path, Protocol } from "./path.ts";

const NO_TRACKS: readonly Track[] = [];

/** Enters a connection that was let through into the tables of every namespace on its way; gives the entries. */
export function arrive(path: Path, protocol: Protocol, port: number, now: number): readonly Track[] {
  const { seen } = path;
  if (seen.length === 0) return NO_TRACKS;
  return seen.map((flow) =>
    flow.ruleset.conntrack.add({
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
      replied: true,
      since: now,
      last: now,
      open: false,
    }),
  );
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
