import { covers } from "./range.ts";
import type { Event, Watcher, WatchRequest, WatchSink } from "./types.ts";

interface OpenWatch {
  request: WatchRequest;
  sink: WatchSink;
  /** First revision it wants. */
  from: number;
}

/** The watches of a store and the log of its changes since the last compaction. */
export class Watches {
  private openWatches: OpenWatch[] = [];
  private log: Event[] = [];

  /** `revision` and `compacted`: of the store, now. */
  open(request: WatchRequest, sink: WatchSink, revision: number, compacted: number): Watcher {
    const from = request.startRevision && request.startRevision > 0 ? request.startRevision : revision + 1;
    if (from <= revision && from < compacted) {
      sink.cancelled?.(compacted);
      return { cancel: () => undefined };
    }
    const watch: OpenWatch = { request, sink, from };
    if (from <= revision) deliver(watch, this.log.slice(firstFrom(this.log, from)), revision);
    this.openWatches.push(watch);
    return {
      cancel: () => {
        this.openWatches = this.openWatches.filter((other) => other !== watch);
      },
    };
  }

  publish(events: readonly Event[], revision: number): void {
    for (const event of events) this.log.push(event);
    // A sink may open or cancel watches: both make a new array or append, so walk the one that is there now.
    const watches = this.openWatches;
    const count = watches.length;
    for (let i = 0; i < count; i++) {
      const watch = watches[i]!;
      if (revision >= watch.from) deliver(watch, events, revision);
    }
  }

  /** Forgets the log before `revision`. */
  compact(revision: number): void {
    this.log = this.log.slice(firstFrom(this.log, revision));
  }
}

function deliver(watch: OpenWatch, events: readonly Event[], revision: number): void {
  const { request, sink } = watch;
  const only = events.length === 1 ? events[0]! : undefined;
  if (only !== undefined) {
    if (wanted(request, only)) sink.events([shape(request, only)], revision);
    return;
  }
  const out = events.filter((event) => wanted(request, event)).map((event) => shape(request, event));
  if (out.length > 0) sink.events(out, revision);
}

function wanted(request: WatchRequest, event: Event): boolean {
  if (!covers(request, event.kv.key)) return false;
  return !request.filters?.includes(event.type === "PUT" ? "NOPUT" : "NODELETE");
}

function shape(request: WatchRequest, event: Event): Event {
  return request.prevKv || event.prevKv === undefined ? event : { ...event, prevKv: undefined };
}

/** Position of the first event of revision `from` or later. */
function firstFrom(log: readonly Event[], from: number): number {
  let low = 0;
  let high = log.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (log[middle]!.kv.modRevision < from) low = middle + 1;
    else high = middle;
  }
  return low;
}
