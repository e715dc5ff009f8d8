import type { MapItem, MapUpdate } from "../../engine/index.ts";

/** A page's way to the map: one update at a time, and what comes meanwhile is gathered into the next. */
export class MapFeed {
  private readonly send: (update: MapUpdate | undefined) => void;
  private busy = false;
  private waiting: { full: boolean; items: Map<string, MapItem>; gone: Set<string>; left: number } | undefined;

  constructor(send: (update: MapUpdate | undefined) => void) {
    this.send = send;
  }

  /** `undefined`: there is no map of this session. */
  push(update: MapUpdate | undefined): void {
    if (update === undefined || !this.busy) {
      this.busy = update !== undefined;
      this.send(update);
      return;
    }
    if (update.full || this.waiting === undefined)
      this.waiting = { full: update.full, items: new Map(), gone: new Set(), left: update.left };
    const { waiting } = this;
    for (const key of update.gone) {
      waiting.items.delete(key);
      waiting.gone.add(key);
    }
    for (const item of update.items) {
      waiting.gone.delete(item.key);
      waiting.items.set(item.key, item);
    }
    waiting.left = update.left;
  }

  /** The page has drawn what it was sent. */
  drawn(): void {
    const { waiting } = this;
    this.waiting = undefined;
    this.busy = waiting !== undefined;
    if (waiting === undefined) return;
    this.send({ full: waiting.full, items: [...waiting.items.values()], gone: [...waiting.gone], left: waiting.left });
  }
}
