import type { KubeObject, WatchEvent, WatchStream } from "../api/types.ts";
import { WaitQueue } from "../kernel/index.ts";
import type { Selection } from "./selection.ts";

/** A change of one object as the watch cache tells it; `old` is the object before. */
export interface CacheEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubeObject;
  readonly old: KubeObject | undefined;
}

/** Most events a client may leave unread; then the server ends its watch, as upstream does with slow watchers. */
const BUFFER_LIMIT = 10_000;

/** One client's watch: events that its selection lets through, pushed at commit. */
export class CacheWatch implements WatchStream {
  readonly buffer: WatchEvent[] = [];
  readonly ready: WaitQueue = new WaitQueue();
  onReady: (() => void) | undefined;
  /** Called once when either side ends it. */
  onEnd: (() => void) | undefined;
  ended = false;
  /** Asked for bookmarks. */
  bookmarks = false;
  /** Resource version the client has seen. */
  seen = 0;
  private readonly selection: Selection;
  private readonly onClose: (watch: CacheWatch) => void;

  constructor(selection: Selection, onClose: (watch: CacheWatch) => void) {
    this.selection = selection;
    this.onClose = onClose;
  }

  /** What the change is for this selection: an object that leaves it is DELETED, one that enters is ADDED. */
  offer(event: CacheEvent): void {
    const { selection } = this;
    if (!selection.inScope(event.object)) return;
    if (selection.everything) {
      this.push(event);
      return;
    }
    const is = event.type !== "DELETED" && selection.matches(event.object);
    const was = event.old !== undefined && selection.matches(event.old);
    if (is) this.push({ type: was ? "MODIFIED" : "ADDED", object: event.object });
    else if (was) {
      // The object as it was, at the revision at which it left (cacher's convertToWatchEvent).
      const { resourceVersion } = event.object.metadata;
      this.push({ type: "DELETED", object: withVersion(event.old!, resourceVersion) });
    }
  }

  push(event: WatchEvent): void {
    if (this.ended) return;
    if (this.buffer.length >= BUFFER_LIMIT) {
      this.finish();
      return;
    }
    const { buffer } = this;
    buffer.push(
      event.type === "ADDED" || event.type === "BOOKMARK" ? event : { type: event.type, object: event.object },
    );
    this.seen = Number(event.object.metadata.resourceVersion) || this.seen;
    if (buffer.length === 1) this.wake();
  }

  /** The server ends the watch: its time is over, or an ERROR event was the last. */
  finish(): void {
    if (this.ended) return;
    this.ended = true;
    this.onClose(this);
    this.onEnd?.();
    this.wake();
  }

  close(): void {
    if (this.ended) return;
    this.ended = true;
    this.onClose(this);
    this.onEnd?.();
  }

  private wake(): void {
    this.ready.wakeAll();
    this.onReady?.();
  }
}

/** The object under another resource version; everything else is shared. */
export function withVersion(object: KubeObject, resourceVersion: string): KubeObject {
  if (object.metadata.resourceVersion === resourceVersion) return object;
  const from = object.metadata as unknown as Record<string, unknown>;
  const metadata: Record<string, unknown> = {};
  // In the order of upstream's struct, where it follows the uid.
  for (const field in from) {
    if (field === "resourceVersion") continue;
    metadata[field] = from[field];
    if (field === "uid") metadata["resourceVersion"] = resourceVersion;
  }
  metadata["resourceVersion"] = resourceVersion;
  if (resourceVersion === "") delete metadata["resourceVersion"];
  return Object.freeze({ ...object, metadata: Object.freeze(metadata) }) as unknown as KubeObject;
}
