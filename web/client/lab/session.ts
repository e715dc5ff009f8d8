import { computed, effect, signal } from "@preact/signals";
import { io, type Socket } from "socket.io-client";
import type {
  CatchUp,
  ClientEvents,
  Clock,
  ClockControl,
  Health,
  KeysResult,
  Lesson,
  Model,
  Problem,
  Screen,
  ServerEvents,
  Snapshot,
  TaskView,
} from "../../protocol.ts";
import { unreachable } from "../api.ts";
import { language } from "../i18n.ts";
import { type Arrangement, keepArrangement, type Layout, storedArrangement } from "./arrangement.ts";
import { Pictures } from "./pictures.ts";
import { fontsReady, TerminalView } from "./terminal.ts";

const DEFAULT_SIZE = { columns: 80, rows: 24 };
/** How long a new terminal may take to show its prompt before it is typed into anyway, ms. */
const PROMPT_WAIT = 2_000;

/** One session as a page shows it: what the server says, as signals, and what the learner may do. */
export class LabSession {
  readonly id: string;
  readonly connected = signal(false);
  readonly snapshot = signal<Snapshot | undefined>(undefined);
  readonly problem = signal<Problem | undefined>(undefined);
  /** A small thing that went wrong, said in the line below the terminals. */
  readonly complaint = signal<Problem | undefined>(undefined);
  readonly tasks = signal<TaskView[]>([]);
  readonly clock = signal<{ clock: Clock; at: number } | undefined>(undefined);
  readonly health = signal<Health | undefined>(undefined);
  readonly marks = signal<Record<string, string>>({});
  readonly answers = signal<Record<string, string>>({});
  /** The solution's steps that are being run for the learner. */
  readonly catchUp = signal<CatchUp | undefined>(undefined);
  /** How tasks are solved, as far as it was asked for and may be told. */
  readonly models = signal<Readonly<Record<string, Model>>>({});
  readonly lesson = signal<Lesson | undefined>(undefined);
  /** Tasks that had passed at some time while this page was open. */
  readonly everPassed = signal<ReadonlySet<string>>(new Set());

  readonly terminals = signal<TerminalView[]>([]);
  readonly layout = signal<Layout>("single");
  /** Terminals shown in the panes, by id. */
  readonly panes = signal<(string | undefined)[]>([undefined, undefined]);
  readonly activePane = signal(0);
  /** In a narrow window one side shows at a time. */
  readonly side = signal<"lesson" | "terminals" | "pictures">("lesson");
  readonly active = computed(() => {
    const id = this.panes.value[this.activePane.value];
    return this.terminals.value.find((terminal) => terminal.id === id);
  });

  readonly pictures: Pictures;
  private readonly socket: Socket<ServerEvents, ClientEvents>;
  private readonly stopEffects: () => void;
  private readonly onOffline: () => void;
  private readonly onOnline: () => void;
  private openedFirst = false;
  /** Resolves with the next snapshot. */
  private snapshotComes: Promise<void>;
  private snapshotCame: () => void = () => {};

  constructor(id: string) {
    this.id = id;
    this.arrange(storedArrangement());
    this.snapshotComes = this.untilSnapshot();
    this.socket = io({
      auth: (give) => give({ session: id, language: language.value }),
      reconnectionDelay: 300,
      reconnectionDelayMax: 3_000,
      randomizationFactor: 0.5,
    });
    const { socket } = this;
    this.pictures = new Pictures(socket, this.connected);
    const effects = [
      effect(() => this.remember()),
      effect(() => {
        for (const terminal of this.terminals.value) terminal.mark(this.pictures.selectedNames.value);
      }),
    ];
    this.stopEffects = () => {
      for (const stop of effects) stop();
    };
    socket.on("disconnect", (reason) => {
      this.connected.value = false;
      // A server that stops says goodbye; socket.io takes that as final.
      if (reason === "io server disconnect") socket.connect();
    });
    // A connection that is gone is known at once, not only when a ping is missed.
    this.onOffline = () => socket.io.engine?.close();
    this.onOnline = () => socket.connect();
    addEventListener("offline", this.onOffline);
    addEventListener("online", this.onOnline);
    socket.on("connect", () => {
      this.problem.value = undefined;
    });
    socket.on("snapshot", (snapshot) => void this.show(snapshot));
    socket.on("output", ({ id, bytes, end }) => this.terminal(id)?.write(bytes, end));
    socket.on("redraw", (screen) => this.terminal(screen.id)?.redraw(screen));
    socket.on("opened", (screen) => this.addTerminal(screen));
    socket.on("resized", ({ id, columns, rows }) => this.terminal(id)?.follow(columns, rows));
    socket.on("ended", ({ id, status }) => {
      const terminal = this.terminal(id);
      if (terminal) terminal.ended.value = status;
    });
    socket.on("closed", ({ id }) => this.dropTerminal(id));
    socket.on("tasks", (tasks) => this.setTasks(tasks));
    socket.on("clock", (clock) => this.setClock(clock));
    socket.on("health", (health) => {
      this.health.value = health;
    });
    socket.on("marks", (marks) => {
      this.marks.value = marks;
    });
    socket.on("catchUp", (state) => {
      this.catchUp.value = state;
    });
    socket.on("failed", (problem) => {
      this.problem.value = problem;
    });
  }

  /** Takes up the arrangement of the last time. */
  private arrange(stored: Arrangement | undefined): void {
    if (stored === undefined) return;
    this.layout.value = stored.layout;
    if (stored.session !== this.id) return;
    this.panes.value = [stored.panes[0] ?? undefined, stored.panes[1] ?? undefined];
    this.activePane.value = stored.active;
  }

  private remember(): void {
    const { layout, panes, activePane } = this;
    keepArrangement({
      layout: layout.value,
      session: this.id,
      panes: panes.value.map((id) => id ?? null),
      active: activePane.value,
    });
  }

  dispose(): void {
    this.stopEffects();
    removeEventListener("offline", this.onOffline);
    removeEventListener("online", this.onOnline);
    this.socket.disconnect();
    for (const terminal of this.terminals.value) terminal.dispose();
  }

  private async show(snapshot: Snapshot): Promise<void> {
    await fontsReady;
    this.connected.value = true;
    this.snapshot.value = snapshot;
    this.marks.value = snapshot.marks;
    this.answers.value = snapshot.answers;
    this.health.value = snapshot.health;
    this.catchUp.value = snapshot.catchUp;
    this.setTasks(snapshot.tasks);
    this.setClock(snapshot.clock);
    for (const terminal of this.terminals.value) {
      if (!snapshot.screens.some(({ id }) => id === terminal.id)) this.dropTerminal(terminal.id);
    }
    for (const screen of snapshot.screens) {
      const known = this.terminal(screen.id);
      if (known) known.redraw(screen);
      else this.addTerminal(screen, false);
    }
    if (snapshot.screens.length > 0) this.fillPanes();
    else if (!this.openedFirst) void this.open("workstation");
    this.openedFirst = true;
    this.pictures.lookAgain();
    this.snapshotCame();
    this.snapshotComes = this.untilSnapshot();
  }

  private untilSnapshot(): Promise<void> {
    return new Promise((resolve) => {
      this.snapshotCame = resolve;
    });
  }

  private setTasks(tasks: TaskView[]): void {
    this.tasks.value = tasks;
    const passed = tasks.filter((task) => task.passed).map(({ id }) => id);
    if (passed.some((id) => !this.everPassed.value.has(id)))
      this.everPassed.value = new Set([...this.everPassed.value, ...passed]);
  }

  private setClock(clock: Clock): void {
    this.clock.value = { clock, at: performance.now() };
  }

  // ---- terminals --------------------------------------------------------------------------------------------------

  terminal(id: string | undefined): TerminalView | undefined {
    return this.terminals.value.find((terminal) => terminal.id === id);
  }

  private addTerminal(screen: Screen, reveal = true): TerminalView {
    const known = this.terminal(screen.id);
    if (known) return known;
    const { socket } = this;
    const { id } = screen;
    const terminal: TerminalView = new TerminalView(screen, {
      send: (text) => this.sendKeys(terminal, text),
      resize: (columns, rows) => socket.emit("resize", { id, columns, rows }),
      drawn: (end) => socket.emit("drawn", { id, end }),
      again: () => void this.openAgain(terminal),
      entered: (command) => {
        this.pictures.mapView.command.value = command;
      },
      names: () => this.pictures.names.value,
      pick: (key) => this.pictures.pick(key),
    });
    this.terminals.value = [...this.terminals.value, terminal];
    terminal.redraw(screen);
    if (reveal) this.reveal(id);
    return terminal;
  }

  /** Sends keys so that they are typed just once, whenever the connection or the server is lost. */
  private async sendKeys(terminal: TerminalView, text: string): Promise<{ ok: boolean; wait?: number }> {
    if (!this.connected.value) return { ok: false, wait: 300 };
    const { id, typed: before } = terminal;
    const again = this.snapshotComes;
    const lost: KeysResult = { ok: false, lost: true };
    const result = await this.socket.emitWithAck("keys", { id, text }).catch(() => lost);
    if (result.typed !== undefined) terminal.typed = result.typed;
    if (result.problem?.code === "long-session") this.complaint.value = result.problem;
    if (!result.lost) return result;
    // Only the session's own record tells whether they had arrived.
    await again;
    return terminal.typed >= before + text.length ? { ok: true } : { ok: false, wait: 0 };
  }

  private dropTerminal(id: string): void {
    this.terminal(id)?.dispose();
    this.terminals.value = this.terminals.value.filter((terminal) => terminal.id !== id);
    this.panes.value = this.panes.value.map((shown) => (shown === id ? undefined : shown));
    this.fillPanes();
  }

  /** Empty panes show what is not shown yet. */
  private fillPanes(): void {
    const panes = [...this.panes.value];
    const count = this.layout.value === "single" ? 1 : 2;
    for (let i = 0; i < 2; i++) {
      if (i >= count) panes[i] = undefined;
      else if (this.terminal(panes[i]) === undefined)
        panes[i] = this.terminals.value.find(({ id }) => !panes.includes(id))?.id;
    }
    this.panes.value = panes;
    if (this.activePane.value >= count) this.activePane.value = 0;
  }

  setLayout(layout: Layout): void {
    const active = this.active.value?.id;
    this.layout.value = layout;
    if (layout === "single") {
      this.panes.value = [active, undefined];
      this.activePane.value = 0;
    }
    this.fillPanes();
  }

  /** Shows a terminal: in its pane when it is in one, else in the active pane. */
  reveal(id: string): void {
    const at = this.panes.value.indexOf(id);
    if (at >= 0) this.activePane.value = at;
    else {
      const panes = [...this.panes.value];
      panes[this.activePane.value] = id;
      this.panes.value = panes;
    }
    const terminal = this.terminal(id);
    if (terminal) requestAnimationFrame(() => terminal.focus());
  }

  /** Opens a terminal on a machine; resolves with it, or with undefined when it was refused. */
  async open(machine: string): Promise<TerminalView | undefined> {
    const size = this.active.value?.size ?? DEFAULT_SIZE;
    const result = await this.socket.emitWithAck("open", { machine, ...size });
    if (!result.ok) {
      this.complaint.value = result.problem;
      return undefined;
    }
    this.complaint.value = undefined;
    return this.terminal(result.id);
  }

  private async openAgain(terminal: TerminalView): Promise<void> {
    if (await this.open(terminal.machine)) this.close(terminal.id);
  }

  close(id: string): void {
    this.socket.emit("close", { id });
    this.dropTerminal(id);
  }

  /** Types a command into a terminal of the machine that waits at its prompt; opens one when none does. */
  async run(machine: string, command: string): Promise<void> {
    this.side.value = "terminals";
    const own = this.terminals.value.filter((terminal) => terminal.machine === machine && terminal.idle);
    const active = this.active.value;
    let terminal: TerminalView | undefined = active && own.includes(active) ? active : own.at(-1);
    if (terminal === undefined) {
      terminal = await this.open(machine);
      if (terminal === undefined) return;
      const until = performance.now() + PROMPT_WAIT;
      while (!terminal.idle && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 30));
    }
    this.reveal(terminal.id);
    terminal.run(command);
  }

  /** Shows the map with something selected on it. */
  showOnMap(key: string): void {
    this.side.value = "pictures";
    this.pictures.showOnMap(key);
  }

  // ---- the rest ---------------------------------------------------------------------------------------------------

  /**
   * Sends an answer; resolves when it was taken or refused. While the connection is lost it waits, and it is sent again
   * when nobody knows whether it arrived: the last answer counts, so once more does no harm.
   */
  async answer(task: string, value: string): Promise<boolean> {
    while (this.socket.active) {
      const again = this.snapshotComes;
      if (!this.connected.value) await again;
      const result = await this.socket
        .timeout(10_000)
        .emitWithAck("answer", { task, value })
        .catch(() => undefined);
      if (result === undefined) continue;
      if (result.ok) this.answers.value = { ...this.answers.value, [task]: value };
      else if ("lost" in result) {
        await again;
        continue;
      } else this.complaint.value = result.problem;
      return result.ok;
    }
    return false;
  }

  /** Asks how a task is solved, once. */
  async showModel(task: string): Promise<void> {
    if (this.models.value[task]) return;
    const result = await this.socket
      .timeout(10_000)
      .emitWithAck("model", { task })
      .catch(() => undefined);
    if (result?.ok) this.models.value = { ...this.models.value, [task]: result.model };
    else if (result) this.complaint.value = result.problem;
  }

  /** Commands that stand in the terminals after a prompt, oldest first within each. */
  typedCommands(): string[] {
    return this.terminals.value.flatMap((terminal) => terminal.commands());
  }

  /** Reports a problem as it stands; resolves with the report's name, or with why it was not kept. */
  async report(text: string): Promise<string | Problem> {
    const result = await this.socket
      .timeout(20_000)
      .emitWithAck("report", { text })
      .catch(() => ({ ok: false as const, problem: unreachable() }));
    return result.ok ? result.id : result.problem;
  }

  control(control: ClockControl): void {
    this.socket.emit("clock", control);
  }

  mark(key: string, value: string): void {
    this.marks.value = { ...this.marks.value, [key]: value };
    this.socket.emit("mark", { key, value });
  }

  /** Virtual µs now, between two reports of the server. */
  virtualNow(): number {
    const value = this.clock.value;
    if (value === undefined) return 0;
    const { clock, at } = value;
    const running = !clock.paused && !clock.skipping && this.connected.value;
    return clock.now + (running ? Math.min(2_000, performance.now() - at) * clock.speed * 1000 : 0);
  }
}
