/** What a tmux server holds: sessions with windows, windows with panes. */
import { MS } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import type { Tty } from "../../machine/tty.ts";
import type { Client } from "./client.ts";
import { type Cell, type LayoutName, leaves, resizeTree } from "./layout.ts";
import type { Mode } from "./mode.ts";
import { Screen } from "./screen.ts";
import type { Server } from "./server.ts";
import { Options } from "./settings.ts";

/** How long a new pane's window is called by its command (NAME_INTERVAL), in µs. */
const NAMING = 500 * MS;

/** What a new pane runs. */
export interface Start {
  /** A command for the shell; none: a login shell. */
  command: readonly string[];
  cwd: string;
  env: ReadonlyMap<string, string>;
}

export class Pane {
  readonly id: number;
  window: Window;
  readonly screen: Screen;
  process!: Process;
  tty!: Tty;
  start!: Start;
  /** Copy mode or a list that covers the pane. */
  mode: Mode | undefined;
  /** It ended and remain-on-exit keeps it. */
  dead = false;
  /** Bytes also go to a command (`pipe-pane`). */
  pipe: ((bytes: Uint8Array) => void) | undefined;
  inputOff = false;

  constructor(window: Window, id: number, columns: number, rows: number) {
    this.window = window;
    this.id = id;
    this.screen = new Screen(columns, rows, Number(window.server.options.get("history-limit")));
    this.screen.title = window.server.machine.hostname;
  }

  get cell(): Cell<Pane> {
    return leaves(this.window.layout).find((cell) => cell.pane === this)!;
  }

  get index(): number {
    return this.window.panes.indexOf(this) + Number(this.window.options.get("pane-base-index"));
  }

  /** The name of what runs in its foreground. */
  get command(): string {
    const { machine } = this.window.server;
    const leader = machine.processes.get(this.tty.foreground);
    const found =
      leader?.status === undefined
        ? leader
        : [...machine.processes.values()].find((one) => one.group === this.tty.foreground && one.status === undefined);
    return (found ?? this.process).comm;
  }

  get path(): string {
    const leader = this.window.server.machine.processes.get(this.tty.foreground);
    return (leader?.status === undefined ? leader?.cwd : undefined) ?? this.process.cwd;
  }

  resize(columns: number, rows: number): void {
    this.screen.resize(columns, rows);
    this.tty.resize(columns, rows);
    this.mode?.resized();
  }
}

export class Window {
  readonly id: number;
  readonly server: Server;
  /** Given by hand; else it follows the command of the active pane (automatic-rename). */
  fixedName: string | undefined;
  lastName = "";
  layout!: Cell<Pane>;
  panes: Pane[] = [];
  active!: Pane;
  last: Pane | undefined;
  zoomed = false;
  width: number;
  height: number;
  lastLayout: LayoutName | undefined;
  oldLayout: Cell<Pane> | undefined;
  bell = false;
  readonly options: Options;

  constructor(server: Server, id: number, width: number, height: number) {
    this.server = server;
    this.options = new Options(server.options);
    this.id = id;
    this.width = width;
    this.height = height;
  }

  get name(): string {
    if (this.fixedName !== undefined) return this.fixedName;
    const { active } = this;
    if (active === undefined) return this.lastName;
    const follows = this.options.get("automatic-rename") !== "off";
    if (!follows && this.lastName !== "") return this.lastName;
    if (active.mode && follows) this.lastName = "[tmux]";
    // The name follows what runs twice a second; before that it is the command's own.
    else if (this.lastName === "" || this.server.machine.kernel.now - active.process.startedAt < NAMING)
      this.lastName =
        active.start.command[0]
          ?.trim()
          .replace(/^exec /, "")
          .split(/\s+/)[0]
          ?.split("/")
          .at(-1) ?? active.command;
    else this.lastName = active.dead ? `${active.command}[dead]` : active.command;
    return this.lastName;
  }

  /** Panes take the sizes that the layout gives them. */
  apply(): void {
    resizeTree(this.layout, this.width, this.height);
    for (const cell of leaves(this.layout)) {
      if (this.zoomed && cell.pane === this.active) cell.pane!.resize(this.width, this.height);
      else cell.pane!.resize(cell.width, cell.height);
    }
    this.server.changed();
  }

  resize(width: number, height: number): void {
    if (width === this.width && height === this.height) return;
    this.width = width;
    this.height = height;
    this.apply();
  }

  zoom(on: boolean): void {
    if (on === this.zoomed || (on && this.panes.length === 1)) return;
    this.zoomed = on;
    this.apply();
  }

  select(pane: Pane): void {
    if (pane === this.active) return;
    this.zoom(false);
    this.last = this.active;
    this.active = pane;
    this.server.changed();
  }

  /** Panes stand in the order of the layout's tree. */
  order(): void {
    this.panes = leaves(this.layout).map((cell) => cell.pane!);
  }
}

/** A window's place in a session. */
export interface Link {
  index: number;
  window: Window;
}

export class Session {
  readonly id: number;
  readonly server: Server;
  name: string;
  readonly created: number;
  activity: number;
  attachedAt = 0;
  links: Link[] = [];
  current!: Link;
  /** Windows visited before, latest last. */
  visited: Link[] = [];
  readonly options: Options;
  cwd: string;
  readonly env = new Map<string, string>();
  /** Size while nobody is attached. */
  width: number;
  height: number;

  constructor(server: Server, id: number, name: string, cwd: string, width: number, height: number) {
    this.server = server;
    this.id = id;
    this.name = name;
    this.cwd = cwd;
    this.width = width;
    this.height = height;
    this.created = this.activity = server.seconds;
    this.options = new Options(server.options);
  }

  get clients(): Client[] {
    return [...this.server.clients].filter((client) => client.session === this);
  }

  sort(): void {
    this.links.sort((a, b) => a.index - b.index);
  }

  select(link: Link): void {
    link.window.bell = false;
    if (link === this.current) return;
    this.visited = this.visited.filter((one) => one !== link && one !== this.current);
    if (this.current) this.visited.push(this.current);
    this.current = link;
    this.fit();
  }

  /** Windows are as large as the client that was used last (window-size latest). */
  fit(): void {
    const latest = this.clients.sort((a, b) => b.usedAt - a.usedAt)[0];
    if (latest) {
      this.width = latest.columns;
      this.height = latest.paneRows;
    }
    this.current.window.resize(this.width, this.height);
    this.server.changed();
  }
}
