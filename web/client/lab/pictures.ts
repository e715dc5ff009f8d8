import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { Socket } from "socket.io-client";
import type { WalkPicture, WalkRequest } from "../../../engine/index.ts";
import type { ClientEvents, Problem, ServerEvents } from "../../protocol.ts";
import { applyUpdate, type MapItems, type MapView, shows } from "./picture/map-model.ts";
import { namesFor, namesOf } from "./picture/names.ts";

/** Pictures that can be shown beside the terminals. */
export type PictureName = "map" | "packet";

const PICTURES: readonly string[] = ["map", "packet"] satisfies PictureName[];
/** Connections that are kept to choose from. */
const WALKS_KEPT = 20;

const PICTURE_KEY = "kubetude.picture";
/** In a window of this height a picture leaves the terminal enough lines from the start, px. */
const TALL = 800;

/** What the pictures of a session show, and what of it the server tells. */
export class Pictures {
  /** The picture that is shown. */
  readonly picture = signal<PictureName | undefined>(firstPicture());
  readonly mapView: MapView = {
    filter: signal("own"),
    asTable: signal(false),
    selected: signal(undefined),
    focus: signal(undefined),
    command: signal(""),
  };
  /** Whose map and names are shown, of a lab with several clusters. */
  readonly cluster = signal("");
  /** What was last asked for, or is about to be. */
  readonly walkForm = signal<WalkRequest>({ from: "", to: "", port: 80, protocol: "tcp" });
  /** The connection whose way is shown. */
  readonly walk = signal<WalkPicture | undefined>(undefined);
  readonly walkProblem = signal<Problem | undefined>(undefined);
  /** Connections that programs opened while the page looked, newest first. */
  readonly walks = signal<readonly WalkPicture[]>([]);
  /** Whether the newest of them is shown by itself. */
  readonly following = signal(true);
  /** What the map shows, while it does; `none`: this session's engine cannot tell. */
  readonly map = signal<{ items: MapItems; left: number } | "none" | undefined>(undefined);

  /** What texts can speak of, while the map shows it. */
  readonly names = computed(() => {
    const map = this.map.value;
    return this.picture.value === "map" && typeof map === "object" ? namesOf(map.items) : undefined;
  });
  /** Names of what is selected on the map. */
  readonly selectedNames = computed(() => {
    const map = this.map.value;
    const key = this.mapView.selected.value;
    const item = this.picture.value === "map" && typeof map === "object" && key ? map.items.get(key) : undefined;
    return item ? namesFor(item) : [];
  });

  private readonly socket: Socket<ServerEvents, ClientEvents>;
  private readonly connected: ReadonlySignal<boolean>;
  private looking = { map: false, walks: false, cluster: "" };

  constructor(socket: Socket<ServerEvents, ClientEvents>, connected: ReadonlySignal<boolean>) {
    this.socket = socket;
    this.connected = connected;
    socket.on("map", (update) => {
      const { map } = this;
      if (update === undefined || update === null) map.value = "none";
      else {
        const before = typeof map.value === "object" ? map.value.items : new Map();
        map.value = { items: applyUpdate(before, update), left: update.left };
        // The next update comes once this one is on the screen; a page in the background draws nothing.
        requestAnimationFrame(() => socket.emit("mapDrawn", {}));
      }
    });
    socket.on("walks", (walks) => {
      const newest = [...walks].reverse();
      this.walks.value = [...newest, ...this.walks.value].slice(0, WALKS_KEPT);
      // The name is asked for first; what one wants to see is the request itself.
      const shown = newest.find(({ port }) => port !== 53) ?? (this.walk.value ? undefined : newest[0]);
      if (this.following.value && shown) this.walk.value = shown;
    });
  }

  /** Tells a server that knows nothing of it what is looked at. */
  lookAgain(): void {
    this.socket.emit("look", this.looking);
  }

  /** Shows a picture, or none, and remembers that for the next time. */
  showPicture(name: PictureName | undefined): void {
    this.picture.value = name;
    localStorage.setItem(PICTURE_KEY, name ?? "");
  }

  /** A name in a text was clicked: what it means is selected on the map. */
  pick(key: string): void {
    const map = this.map.value;
    const item = typeof map === "object" ? map.items.get(key) : undefined;
    if (item === undefined) return;
    if (item.kind !== "machine" && !shows(this.mapView.filter.value, item.namespace)) this.mapView.filter.value = "all";
    this.mapView.selected.value = key;
  }

  /** Shows the map with something selected on it. */
  showOnMap(key: string): void {
    this.mapView.filter.value = "all";
    this.mapView.asTable.value = false;
    this.mapView.selected.value = key;
    this.showPicture("map");
  }

  /** The server tells of the map and of connections only as long as a page shows them. */
  look(what: { map: boolean; walks: boolean; cluster: string }): void {
    const { map, walks, cluster } = this.looking;
    this.looking = what;
    const anew = map !== what.map || (what.map && cluster !== what.cluster);
    if (anew) this.map.value = undefined;
    if (!this.connected.peek()) return;
    const news = {
      ...(anew ? { map: what.map, cluster: what.cluster } : {}),
      ...(walks === what.walks ? {} : { walks: what.walks }),
    };
    if (Object.keys(news).length > 0) this.socket.emit("look", news);
  }

  /** Asks which way a connection would take, and shows it. */
  async askWalk(request: WalkRequest): Promise<void> {
    this.walkForm.value = request;
    this.walkProblem.value = undefined;
    const cluster = this.cluster.value;
    const result = await this.socket
      .timeout(10_000)
      .emitWithAck("walk", cluster === "" ? request : { ...request, cluster })
      .catch(() => undefined);
    if (result === undefined) return;
    if (!result.ok) {
      this.walkProblem.value = result.problem;
      this.walk.value = undefined;
      return;
    }
    this.following.value = false;
    this.walk.value = result.walk;
  }
}

function firstPicture(): PictureName | undefined {
  const stored = localStorage.getItem(PICTURE_KEY);
  if (stored === null) return innerHeight >= TALL && innerWidth >= 900 ? "map" : undefined;
  return PICTURES.includes(stored) ? (stored as PictureName) : undefined;
}
