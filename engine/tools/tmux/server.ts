/** A tmux server: the process that keeps sessions, whoever looks at them. */
import { decode, type Gen, type KernelEvent, MS, WaitQueue, wait } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { hangUpSession, openTty } from "../../machine/login.ts";
import type { Machine } from "../../machine/machine.ts";
import type { OpenFile } from "../../machine/open-file.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { Bindings } from "./bindings.ts";
import type { Client } from "./client.ts";
import { leaf, remove } from "./layout.ts";
import { type Link, Pane, Session, type Start, Window } from "./model.ts";
import { Options } from "./settings.ts";

/** How long after a change clients are drawn, in µs: what comes together is drawn once. */
const REDRAW = 5 * MS;

export interface PasteBuffer {
  name: string;
  text: string;
  created: number;
  /** Named by tmux: what pasting means without a name. */
  automatic: boolean;
}

/** Servers by machine and socket. */
const servers = new WeakMap<Machine, Map<string, Server>>();

/** The server that listens on a socket. */
export function serverAt(machine: Machine, socket: string): Server | undefined {
  return servers.get(machine)?.get(socket);
}

export class Server {
  readonly machine: Machine;
  readonly socket: string;
  process!: Process;
  readonly sessions = new Map<string, Session>();
  readonly clients = new Set<Client>();
  readonly options = new Options(undefined);
  readonly bindings = new Bindings();
  readonly env = new Map<string, string>();
  /** Paste buffers, newest first. */
  buffers: PasteBuffer[] = [];
  readonly messages: string[] = [];
  /** What is wrong with the configuration: the first client shows it. */
  problems: string[] = [];
  readonly channels = new Map<string, { woken: boolean; queue: WaitQueue }>();
  marked: Pane | undefined;
  private ids = { session: 0, window: 0, pane: 0, buffer: 0 };
  private drawing: KernelEvent | undefined;
  private readonly ended = new WaitQueue();
  private stopped = false;
  startedAt = 0;

  constructor(machine: Machine, socket: string) {
    this.machine = machine;
    this.socket = socket;
    this.startedAt = this.seconds;
  }

  /** Seconds since 1970. */
  get seconds(): number {
    return Math.floor(this.machine.kernel.wallMs / 1000);
  }

  /** Becomes a process of its own, which lives until the last session has gone. */
  static begin(p: Process, socket: string): Server {
    const server = new Server(p.machine, socket);
    const init = p.machine.pids.init;
    server.process = p.machine.spawn({
      parent: init,
      argv: [...p.argv],
      env: new Map(p.env),
      cwd: "/",
      cred: p.cred,
      ns: p.ns,
      fds: new Map(),
      *main() {
        return yield* server.main();
      },
    });
    server.process.session = server.process.group = server.process.pid;
    server.process.comm = "tmux: server";
    for (const [name, value] of p.env) if (name !== "TMUX" && name !== "TMUX_PANE") server.env.set(name, value);
    let known = servers.get(p.machine);
    if (known === undefined) servers.set(p.machine, (known = new Map()));
    known.set(socket, server);
    return server;
  }

  private *main(): Gen<number> {
    try {
      while (!this.stopped) yield* wait(this.ended);
    } finally {
      this.fall();
    }
    return 0;
  }

  /** Everything ends: kill-server, the last session's end, a signal. */
  private fall(): void {
    servers.get(this.machine)?.delete(this.socket);
    for (const client of [...this.clients]) client.end("lost server");
    for (const session of [...this.sessions.values()])
      for (const { window } of session.links) for (const pane of window.panes) this.kill(pane);
    // The socket's name stays, as tmux leaves it.
    this.sessions.clear();
  }

  stop(): void {
    for (const client of [...this.clients]) client.end("server exited");
    this.stopped = true;
    this.ended.wakeAll();
    servers.get(this.machine)?.delete(this.socket);
  }

  /** Something that clients show has changed. */
  changed(): void {
    if (this.drawing !== undefined || this.clients.size === 0) return;
    this.drawing = this.machine.kernel.after(REDRAW, "tmux draws", () => {
      this.drawing = undefined;
      for (const client of this.clients) client.draw();
    });
  }

  // ---- sessions -----------------------------------------------------------------------------------------------------

  newSession(name: string | undefined, cwd: string, width: number, height: number): Session {
    const id = this.ids.session++;
    let free = name;
    for (let n = id; free === undefined; n++) if (!this.sessions.has(String(n))) free = String(n);
    const session = new Session(this, id, free, cwd, width, height);
    this.sessions.set(session.name, session);
    return session;
  }

  rename(session: Session, name: string): void {
    this.sessions.delete(session.name);
    session.name = name;
    this.sessions.set(name, session);
    this.changed();
  }

  get sorted(): Session[] {
    return [...this.sessions.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  killSession(session: Session): void {
    for (const link of [...session.links]) this.unlink(session, link, false);
    this.endSession(session);
  }

  private endSession(session: Session): void {
    if (!this.sessions.delete(session.name)) return;
    for (const client of session.clients) {
      const other = this.options.get("detach-on-destroy") === "off" ? this.sorted[0] : undefined;
      if (other) client.switchTo(other);
      else client.end("exited");
    }
    if (this.sessions.size === 0 && this.options.get("exit-empty") !== "off") this.stop();
  }

  // ---- windows and panes --------------------------------------------------------------------------------------------

  newWindow(session: Session, index: number | undefined, name: string | undefined, start: Start): Link {
    const window = this.emptyWindow(session);
    window.fixedName = name;
    const pane = this.newPane(window, window.width, window.height, start, session);
    window.layout = leaf(pane, window.width, window.height);
    window.panes = [pane];
    window.active = pane;
    return this.place(session, window, index);
  }

  /** A window as large as a session, still without panes. */
  emptyWindow(session: Session): Window {
    return new Window(this, this.ids.window++, session.width, session.height);
  }

  /** Puts a window in a session, at the lowest free index when none is named. */
  place(session: Session, window: Window, index: number | undefined): Link {
    let at = index ?? Number(session.options.get("base-index"));
    if (index === undefined) while (session.links.some((link) => link.index === at)) at++;
    const link = { index: at, window };
    session.links.push(link);
    session.sort();
    if (session.current === undefined) session.current = link;
    this.changed();
    return link;
  }

  /** Starts what runs in a pane, on a terminal of its own. */
  newPane(window: Window, columns: number, rows: number, start: Start, session: Session): Pane {
    const pane = new Pane(window, this.ids.pane++, columns, rows);
    this.launch(pane, start, session);
    return pane;
  }

  /** The same for a pane that is there (respawn-pane). */
  launch(pane: Pane, start: Start, session: Session): void {
    const { machine } = this;
    const { screen } = pane;
    const shell = String(session.options.get("default-shell"));
    const own = String(session.options.get("default-command"));
    const words = start.command.length > 0 ? start.command : own === "" ? [] : [own];
    const base = shell.slice(shell.lastIndexOf("/") + 1);
    const argv = words.length === 0 ? [`-${base}`] : words.length === 1 ? [base, "-c", words[0]!] : [...words];
    const path = words.length > 1 ? undefined : shell;
    const env = new Map([...this.env, ...session.env, ...start.env]);
    env.set("TERM", String(this.options.get("default-terminal")));
    env.set("TERM_PROGRAM", "tmux");
    env.set("TERM_PROGRAM_VERSION", "3.5a");
    env.set("TMUX", `${this.socket},${this.process.pid},${session.id}`);
    env.set("TMUX_PANE", `%${pane.id}`);
    const tty = openTty(
      machine,
      { columns: screen.columns, rows: screen.rows, output: (bytes) => this.output(pane, bytes) },
      this.process.cred.uid,
    );
    // Its bytes are looked at one by one.
    tty.rate = 1;
    screen.reply = (text) => tty.input(new TextEncoder().encode(text));
    screen.bell = () => this.rang(pane);
    pane.tty = tty;
    pane.start = start;
    pane.dead = false;
    pane.process = machine.spawn({
      parent: this.process,
      argv,
      env,
      cwd: start.cwd,
      cred: this.process.cred,
      ns: this.process.ns,
      tty,
      fds: new Map<number, OpenFile>([0, 1, 2].map((fd) => [fd, tty])),
      umask: 0o022,
      *main(p) {
        try {
          return yield* sys.exec(p, path ?? argv[0]!, argv);
        } catch (error) {
          if (!isErrno(error)) throw error;
          return 1;
        }
      },
    });
    pane.process.session = pane.process.group = pane.process.pid;
    pane.process.comm = words.length > 1 ? words[0]!.slice(words[0]!.lastIndexOf("/") + 1) : base;
    tty.foreground = pane.process.pid;
    machine.kernel.spawn(`tmux pane ${pane.id}`, this.watch(pane, pane.process), { instant: false });
  }

  private *watch(pane: Pane, process: Process): Gen<void> {
    while (process.task.state !== "done") yield* wait(process.task.ended);
    machineReap(process);
    hangUpSession(this.machine, process.session);
    this.machine.ttys.delete(Number(pane.tty.name.slice(9)));
    if (pane.process !== process) return;
    if (pane.window.options.get("remain-on-exit") === "on") {
      pane.dead = true;
      pane.screen.write("\r\nPane is dead");
      this.changed();
    } else this.removePane(pane);
  }

  private output(pane: Pane, bytes: Uint8Array): void {
    pane.screen.write(decode(bytes));
    pane.pipe?.(bytes);
    this.changed();
  }

  private rang(pane: Pane): void {
    for (const client of this.clients) {
      const current = client.session?.current.window;
      if (current !== pane.window) pane.window.bell = true;
      client.bell();
    }
  }

  /** Ends what runs in a pane. */
  kill(pane: Pane): void {
    const { process } = pane;
    pane.tty.hangUp();
    hangUpSession(this.machine, process.session);
    if (process.status === undefined) this.machine.signal(process, "HUP");
  }

  /** Takes a pane out of its window, and the window out of its sessions when it was the last. */
  removePane(pane: Pane): void {
    const { window } = pane;
    if (!window.panes.includes(pane)) return;
    if (this.marked === pane) this.marked = undefined;
    window.zoom(false);
    if (window.panes.length === 1) {
      window.panes = [];
      for (const session of [...this.sessions.values()])
        for (const link of [...session.links]) if (link.window === window) this.unlink(session, link);
      return;
    }
    const at = window.panes.indexOf(pane);
    window.layout = remove(window.layout, pane.cell)!;
    window.order();
    if (window.active === pane) {
      const next = window.last && window.panes.includes(window.last) ? window.last : window.panes[Math.max(0, at - 1)]!;
      window.active = next;
      window.last = undefined;
    } else if (window.last === pane) window.last = undefined;
    window.apply();
  }

  killPane(pane: Pane): void {
    this.kill(pane);
    this.removePane(pane);
  }

  /** Takes a window out of a session; without any session left it ends, and so does a session without windows. */
  unlink(session: Session, link: Link, endsSession = true): void {
    session.links = session.links.filter((one) => one !== link);
    session.visited = session.visited.filter((one) => one !== link);
    const linked = [...this.sessions.values()].some((one) => one.links.some(({ window }) => window === link.window));
    if (!linked) {
      for (const pane of link.window.panes) this.kill(pane);
      link.window.panes = [];
    }
    if (session.links.length === 0) {
      if (endsSession) this.endSession(session);
      return;
    }
    if (session.current === link) {
      session.current =
        session.visited.pop() ?? session.links.findLast((one) => one.index < link.index) ?? session.links[0]!;
      session.fit();
    }
    if (session.options.get("renumber-windows") === "on") {
      let index = Number(session.options.get("base-index"));
      for (const one of session.links) one.index = index++;
    }
    this.changed();
  }

  /** A name for a new paste buffer. */
  addBuffer(text: string, name?: string): void {
    const free = name ?? `buffer${this.ids.buffer++}`;
    const made = { name: free, text, created: this.seconds, automatic: name === undefined };
    this.buffers = [made, ...this.buffers.filter((one) => one.name !== free)];
    const limit = Number(this.options.get("buffer-limit"));
    if (this.buffers.length > limit) this.buffers.length = limit;
  }
}

function machineReap(process: Process): void {
  if (!process.reaped && process.status !== undefined) process.machine.reap(process);
}
