import type { MapUpdate, WalkPicture } from "../../engine/index.ts";
import { type ClientEvents, IN_FLIGHT_LIMIT, type Screen, type ServerEvents } from "../protocol.ts";
import { MapFeed } from "./map-feed.ts";
import type { FromWorker } from "./worker-protocol.ts";

/** A page that shows a session. */
export interface Viewer {
  emit<E extends keyof ServerEvents>(event: E, ...args: Parameters<ServerEvents[E]>): void;
  /** Says a problem by its code, in the page's language. */
  fail(code: string): void;
}

interface View {
  attached: boolean;
  /** Bytes of each terminal sent, and drawn. */
  sent: Map<string, number>;
  drawn: Map<string, number>;
  /** Terminals of which frames were left out. */
  behind: Set<string>;
  /** While the page shows a cluster's map. */
  map: { cluster: string; feed: MapFeed } | undefined;
  /** Whether the page shows connections that programs open. */
  walks: boolean;
}

type Frame = Extract<FromWorker, { type: "frame" }>;

export interface ViewersParts {
  /** A terminal's whole screen; rejects when it was closed. */
  screen: (id: string) => Promise<Screen>;
  /** Tells the session what is looked at. */
  look: (what: { map?: boolean; cluster?: string; walks?: boolean }) => void;
  /** A screen is drawn anew for a page that was too slow. */
  redrawn: () => void;
}

/** The pages of one session: what each was sent, how far it has drawn, and what it looks at. */
export class Viewers {
  private readonly parts: ViewersParts;
  private readonly views = new Map<Viewer, View>();

  constructor(parts: ViewersParts) {
    this.parts = parts;
  }

  get size(): number {
    return this.views.size;
  }

  all(): Viewer[] {
    return [...this.views.keys()];
  }

  has(viewer: Viewer): boolean {
    return this.views.has(viewer);
  }

  add(viewer: Viewer): void {
    const nothing = { sent: new Map(), drawn: new Map(), behind: new Set<string>(), map: undefined, walks: false };
    this.views.set(viewer, { attached: false, ...nothing });
  }

  /** False when it was not here. */
  remove(viewer: Viewer): boolean {
    const view = this.views.get(viewer);
    if (view === undefined) return false;
    this.views.delete(viewer);
    if (this.size > 0) {
      this.leaveMap(view.map?.cluster);
      this.parts.look({ walks: this.walksWatched });
    }
    return true;
  }

  /** From here on the page hears everything, these screens being what it has. */
  attach(viewer: Viewer, screens: readonly Screen[]): void {
    const view = this.views.get(viewer);
    if (view === undefined) return;
    for (const { id, end } of screens) this.drewAnew(view, id, end);
    view.attached = true;
  }

  /** The session is being brought back: nothing is told before each page is attached again. */
  detachAll(): void {
    for (const view of this.views.values()) view.attached = false;
  }

  /** `but`: a page that knows already. */
  tell<E extends keyof ServerEvents>(event: E, args: Parameters<ServerEvents[E]>, but?: Viewer): void {
    for (const [viewer, { attached }] of this.views) if (attached && viewer !== but) viewer.emit(event, ...args);
  }

  fail(code: string): void {
    for (const viewer of this.all()) viewer.fail(code);
  }

  // ---- terminals --------------------------------------------------------------------------------------------------

  opened(screen: Screen): void {
    for (const view of this.views.values()) if (view.attached) this.drewAnew(view, screen.id, screen.end);
    this.tell("opened", [screen]);
  }

  frame({ output, ended }: Frame): void {
    for (const [viewer, view] of this.views) {
      if (!view.attached) continue;
      for (const part of output) this.send(viewer, view, part);
      for (const end of ended) viewer.emit("ended", end);
    }
  }

  private send(viewer: Viewer, view: View, { id, bytes, end }: Frame["output"][number]): void {
    // A terminal that this page does not have yet comes with its whole screen.
    const sent = view.sent.get(id);
    if (sent === undefined || end <= sent || view.behind.has(id)) return;
    if (end - bytes.length > sent) {
      void this.redraw(viewer, view, id);
      return;
    }
    if (sent - (view.drawn.get(id) ?? sent) > IN_FLIGHT_LIMIT) {
      view.behind.add(id);
      return;
    }
    if (!view.drawn.has(id)) view.drawn.set(id, sent);
    view.sent.set(id, end);
    // Part of the first bytes may have come with the screen.
    viewer.emit("output", { id, bytes: bytes.subarray(bytes.length - (end - sent)), end });
  }

  /** A page has drawn so much of a terminal; one that fell behind gets the screen anew once it has caught up. */
  drawn(viewer: Viewer, id: string, end: number): void {
    const view = this.views.get(viewer);
    if (view === undefined) return;
    view.drawn.set(id, end);
    if (view.behind.has(id) && (view.sent.get(id) ?? 0) - end < IN_FLIGHT_LIMIT / 8) void this.redraw(viewer, view, id);
  }

  private async redraw(viewer: Viewer, view: View, id: string): Promise<void> {
    view.behind.delete(id);
    try {
      const screen = await this.parts.screen(id);
      this.parts.redrawn();
      this.drewAnew(view, id, screen.end);
      viewer.emit("redraw", screen);
    } catch {
      // The terminal was closed meanwhile.
    }
  }

  private drewAnew(view: View, id: string, end: number): void {
    view.sent.set(id, end);
    view.behind.delete(id);
  }

  // ---- pictures ---------------------------------------------------------------------------------------------------

  /** A page shows a cluster's map or connections, or does not any more. */
  look(viewer: Viewer, { map, walks, cluster = "" }: Parameters<ClientEvents["look"]>[0]): void {
    const view = this.views.get(viewer);
    if (view === undefined) return;
    if (map !== undefined) {
      const before = view.map?.cluster;
      const feed = () => new MapFeed((update) => viewer.emit("map", update));
      view.map = map ? { cluster, feed: feed() } : undefined;
      this.leaveMap(before);
      // The engine tells everything anew to whoever begins to look.
      if (map) this.parts.look({ map, cluster });
    }
    if (walks !== undefined && walks !== view.walks) {
      view.walks = walks;
      this.parts.look({ walks: this.walksWatched });
    }
  }

  map(cluster: string, update: MapUpdate | undefined): void {
    for (const { map } of this.views.values()) if (map?.cluster === cluster) map.feed.push(update);
  }

  mapDrawn(viewer: Viewer): void {
    this.views.get(viewer)?.map?.feed.drawn();
  }

  walks(walks: WalkPicture[]): void {
    for (const [viewer, view] of this.views) if (view.walks) viewer.emit("walks", walks);
  }

  /** A page has left a cluster's map; the engine hears of it when that was the last one. */
  private leaveMap(cluster: string | undefined): void {
    if (cluster === undefined || [...this.views.values()].some(({ map }) => map?.cluster === cluster)) return;
    this.parts.look({ map: false, cluster });
  }

  private get walksWatched(): boolean {
    return [...this.views.values()].some((view) => view.walks);
  }
}
