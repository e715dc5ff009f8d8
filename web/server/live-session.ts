import { nanoid } from "nanoid";
import type { Logger } from "pino";
import type { Input, SessionFile, WalkPicture, WalkRequest } from "../../engine/index.ts";
import { loadLab } from "../../grader/lab.ts";
import {
  type ClientEvents,
  type ClockControl,
  caughtMark,
  IN_FLIGHT_LIMIT,
  type Model,
  type Screen,
  type ServerEvents,
  type TaskView,
} from "../protocol.ts";
import type { Engines } from "./engines.ts";
import { Refusal } from "./hosted-session.ts";
import { MapFeed } from "./map-feed.ts";
import type { Metrics } from "./metrics.ts";
import type { Ask, Pool } from "./pool.ts";
import { scriptBefore, stepsOf } from "./solution.ts";
import type { SessionRow, Store } from "./store.ts";
import type { Attached, FromWorker } from "./worker-protocol.ts";

/** How long a session goes on when its last page is gone, ms: a reload must not stop the clock. */
const LINGER = 3_000;
/** A session that ends its worker so often within so long (ms) is not brought back. */
const MAX_CRASHES = 2;
const CRASH_WINDOW = 5 * 60_000;
/** Inputs, and bytes of them, that a session may gather. */
const MAX_INPUTS = 200_000;
const MAX_INPUT_BYTES = 64 * 1024 * 1024;
/** Marks a page may store: number, and length of each. */
const MAX_MARKS = 200;
const MAX_MARK = 200;

/** Mark of a session that begins with the solution's steps before this task. */
export const CATCH_UP_MARK = "catch-up";

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

type WithoutKey<T> = T extends { key: string } ? Omit<T, "key"> : never;

export interface LiveSessionParts {
  store: Store;
  engines: Engines;
  pool: Pool;
  metrics: Metrics;
  log: Logger;
}

/** A session on the main thread: who looks at it, what is durable of it, and its place in a worker. */
export class LiveSession {
  readonly row: SessionRow;
  private readonly parts: LiveSessionParts;
  private readonly views = new Map<Viewer, View>();
  private readonly marks: Record<string, string>;
  private inputs = 0;
  private opening: Promise<void> | undefined;
  private linger: NodeJS.Timeout | undefined;
  private inputBytes = 0;
  /** When its worker was lost, ms since 1970. */
  private crashes: number[] = [];
  private problem: string | undefined;
  /** The stored inputs are another engine's. */
  private drifted = false;
  private engineChanged = false;
  /** Tasks that had passed at some time since this came into memory. */
  private readonly everPassed = new Set<string>();
  /** What the tasks' verdicts were last. */
  private verdicts: readonly TaskView[] = [];
  /** When the last page left, ms since 1970. */
  idleSince = Date.now();

  constructor(row: SessionRow, parts: LiveSessionParts) {
    this.row = row;
    this.parts = parts;
    this.marks = JSON.parse(row.marks) as Record<string, string>;
  }

  get watched(): boolean {
    return this.views.size > 0;
  }

  // ---- pages come and go ------------------------------------------------------------------------------------------

  async attach(viewer: Viewer): Promise<void> {
    clearTimeout(this.linger);
    // What failed once may work now; what held up a worker twice must not do so again.
    if (this.problem !== "stuck") this.problem = undefined;
    const nothing = { sent: new Map(), drawn: new Map(), behind: new Set<string>(), map: undefined, walks: false };
    this.views.set(viewer, { attached: false, ...nothing });
    this.parts.metrics.sockets.inc();
    this.row.seen = Date.now();
    void this.parts.store.updateSession(this.row.id, { seen: this.row.seen });
    await this.show(viewer);
  }

  detach(viewer: Viewer): void {
    const view = this.views.get(viewer);
    if (view === undefined) return;
    this.views.delete(viewer);
    this.parts.metrics.sockets.dec();
    if (this.watched) {
      this.leaveMap(view.map?.cluster);
      this.sendLook({ walks: this.walksWatched });
      return;
    }
    this.idleSince = Date.now();
    this.linger = setTimeout(() => void this.rest(), LINGER);
  }

  /** Nobody looks: virtual time stops, and where it stands is written down. */
  private async rest(): Promise<void> {
    const { pool } = this.parts;
    if (this.watched || !pool.has(this.row.id)) return;
    this.control({ paused: true });
    try {
      const { at, index } = await pool.ask<{ at: number; index: number }>({ type: "detach", key: this.row.id });
      await this.reached(at, index);
    } catch (error) {
      this.parts.log.warn({ session: this.row.id, err: error }, "a session could not be laid to rest");
    }
  }

  /** Leaves its worker; its record brings it back. */
  async sleep(): Promise<void> {
    clearTimeout(this.linger);
    await this.rest();
    if (!this.watched) this.parts.pool.close(this.row.id);
  }

  /** The server stops: every page is let go, and where the session stands is written down. */
  async halt(): Promise<void> {
    for (const viewer of [...this.views.keys()]) this.detach(viewer);
    await this.sleep();
  }

  private async show(viewer: Viewer): Promise<void> {
    const { pool, log } = this.parts;
    const { id: key, lab, seed } = this.row;
    try {
      await this.ensureOpen();
      if (this.problem) return viewer.fail(this.problem);
      const { screens, tasks, clock, health, answers, catchUp } = await pool.ask<Attached>({ type: "attach", key });
      const view = this.views.get(viewer);
      if (view === undefined) return;
      this.verdicts = tasks;
      for (const { id, passed } of tasks) if (passed) this.everPassed.add(id);
      for (const { id, end } of screens) this.drewAnew(view, id, end);
      view.attached = true;
      const { marks } = this;
      const extra = {
        ...(this.engineChanged ? { notice: "engine-changed" as const } : {}),
        ...(catchUp ? { catchUp } : {}),
      };
      viewer.emit("snapshot", { session: key, lab, seed, screens, tasks, clock, health, marks, answers, ...extra });
      // It rested while nobody was here.
      if (clock.paused !== Boolean(this.row.paused)) this.control({ paused: Boolean(this.row.paused) });
    } catch (error) {
      // The worker was lost or the engine did not fit: `lost` and `failed` bring the session back and show it again.
      log.info({ session: key, err: error }, "attach did not succeed");
    }
  }

  private ensureOpen(): Promise<void> {
    if (this.parts.pool.has(this.row.id) || this.problem) return Promise.resolve();
    this.opening ??= this.open().finally(() => {
      this.opening = undefined;
    });
    return this.opening;
  }

  private async open(): Promise<void> {
    const { store, engines, pool } = this.parts;
    const { row } = this;
    const { inputs, bytes } = await store.inputsOf(row.id);
    this.inputs = inputs.length;
    this.inputBytes = bytes;
    if (engines.url(row.engine) === undefined) this.useCurrentEngine();
    pool.open({
      key: row.id,
      lab: row.lab,
      seed: row.seed,
      epoch: row.epoch,
      engine: row.engine,
      engineUrl: engines.url(row.engine)!,
      inputs,
      end: { at: row.at, index: row.event_index },
      drifted: this.drifted,
      paused: Boolean(row.paused),
      speed: row.speed,
    });
    const before = inputs.length === 0 ? this.stepsToCatchUp() : undefined;
    if (before !== undefined) void pool.ask({ type: "catch-up", key: row.id, text: before });
  }

  /** The script with which this session begins, for a learner who wanted to be caught up. */
  private stepsToCatchUp(): string | undefined {
    const task = this.marks[CATCH_UP_MARK];
    return task === undefined ? undefined : scriptBefore(loadLab(this.row.lab), task)?.text;
  }

  /** Tasks that the learner has solved. */
  get earned(): string[] {
    return [...this.everPassed].filter((task) => !(caughtMark(task) in this.marks));
  }

  /** How a task is solved. Throws a Refusal as long as it has not passed. */
  model(task: string): Model {
    const lab = loadLab(this.row.lab);
    const steps = stepsOf(lab, task);
    if (steps === undefined || !this.everPassed.has(task)) throw new Refusal("not-passed", `${task} has not passed`);
    const also = lab.tasks.find(({ id }) => id === task)?.also;
    return { steps, ...(also ? { also } : {}) };
  }

  /** Goes on with the present engine, since its own is gone or does not work any more. */
  private useCurrentEngine(): void {
    this.row.engine = this.parts.engines.current;
    this.drifted = true;
    this.engineChanged = true;
  }

  private restamped({ inputs, at, index }: Extract<FromWorker, { type: "restamped" }>): void {
    this.parts.store.replaceInputs(this.row.id, inputs);
    this.inputs = inputs.length;
    this.drifted = false;
    Object.assign(this.row, { at, event_index: index });
    void this.parts.store.updateSession(this.row.id, { engine: this.row.engine, at, event_index: index });
  }

  // ---- what pages ask ---------------------------------------------------------------------------------------------

  /** Asks the worker; a page may be quicker than its session, which is brought back first. */
  private async ask<T>(message: WithoutKey<Ask>): Promise<T> {
    await this.ensureOpen();
    if (this.problem) throw new Refusal(this.problem, "the session does not run");
    return this.parts.pool.ask<T>({ ...message, key: this.row.id } as Ask);
  }

  private bound(): void {
    if (this.inputs >= MAX_INPUTS || this.inputBytes >= MAX_INPUT_BYTES)
      throw new Refusal("long-session", `${this.inputs} inputs, ${this.inputBytes} bytes`);
  }

  async openTerminal(machine: string, columns: number, rows: number): Promise<Screen> {
    this.bound();
    const screen = await this.ask<Screen>({ type: "terminal", machine, columns, rows });
    for (const [viewer, view] of this.views) {
      if (!view.attached) continue;
      this.drewAnew(view, screen.id, screen.end);
      viewer.emit("opened", screen);
    }
    return screen;
  }

  /**
   * Resolves once the input has taken effect and is durable, for keys with the length of all that was typed there;
   * rejects with a Refusal when it makes no sense.
   */
  async input(input: Input): Promise<number> {
    this.bound();
    this.inputBytes += JSON.stringify(input).length;
    const typed = await this.ask<number>({ type: "input", input });
    if (input.type === "close") this.tell("closed", { id: input.id });
    return typed;
  }

  /** A page gives a terminal the size that it has there; other pages show it in that size from then on. */
  async resize(viewer: Viewer, size: { id: string; columns: number; rows: number }): Promise<void> {
    await this.input({ type: "resize", ...size });
    for (const [other, { attached }] of this.views) if (attached && other !== viewer) other.emit("resized", size);
  }

  /** A learner's own controls, which outlast an absence. */
  clock(control: ClockControl): void {
    const { row } = this;
    if (control.paused !== undefined) row.paused = control.paused ? 1 : 0;
    if (control.speed !== undefined) row.speed = control.speed;
    void this.parts.store.updateSession(row.id, { paused: row.paused, speed: row.speed });
    this.control(control);
  }

  private control(control: ClockControl): void {
    this.parts.pool.send({ type: "message", key: this.row.id, message: { type: "clock", ...control } });
  }

  /** A page shows the map or connections, or does not any more. */
  look(viewer: Viewer, { map, walks, cluster = "" }: Parameters<ClientEvents["look"]>[0]): void {
    const view = this.views.get(viewer);
    if (view === undefined) return;
    if (map !== undefined) {
      const before = view.map?.cluster;
      const feed = () => new MapFeed((update) => viewer.emit("map", update));
      view.map = map ? { cluster, feed: feed() } : undefined;
      this.leaveMap(before);
      // The engine tells everything anew to whoever begins to look.
      if (map) this.sendLook({ map, cluster });
    }
    if (walks !== undefined && walks !== view.walks) {
      view.walks = walks;
      this.sendLook({ walks: this.walksWatched });
    }
  }

  mapDrawn(viewer: Viewer): void {
    this.views.get(viewer)?.map?.feed.drawn();
  }

  /** A page has left a cluster's map; the engine hears of it when that was the last one. */
  private leaveMap(cluster: string | undefined): void {
    if (cluster === undefined || [...this.views.values()].some(({ map }) => map?.cluster === cluster)) return;
    this.sendLook({ map: false, cluster });
  }

  private get walksWatched(): boolean {
    return [...this.views.values()].some((view) => view.walks);
  }

  private sendLook(what: { map?: boolean; cluster?: string; walks?: boolean }): void {
    const { pool } = this.parts;
    if (pool.has(this.row.id)) pool.send({ type: "message", key: this.row.id, message: { type: "look", ...what } });
  }

  /** Resolves with the way a connection would take; rejects with a Refusal when an end of it cannot be found. */
  async walk(request: WalkRequest): Promise<WalkPicture> {
    this.bound();
    return this.ask<WalkPicture>({ type: "walk", request });
  }

  mark({ key, value }: Parameters<ClientEvents["mark"]>[0]): void {
    if (key.length > MAX_MARK || value.length > MAX_MARK) return;
    // These say what was not earned.
    if (key === CATCH_UP_MARK || key.startsWith(caughtMark(""))) return;
    if (!(key in this.marks) && Object.keys(this.marks).length >= MAX_MARKS) return;
    this.marks[key] = value;
    void this.parts.store.updateSession(this.row.id, { marks: JSON.stringify(this.marks) });
    this.tell("marks", this.marks);
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
      const screen = await this.parts.pool.ask<Screen>({ type: "screen", key: this.row.id, terminal: id });
      this.parts.metrics.redraws.inc();
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

  /** Keeps a problem as it stands; resolves with the report's name. */
  async report(text: string, browser: string): Promise<string> {
    const { end, digest } = await this.save();
    const id = nanoid(10);
    await this.parts.store.addReport({
      id,
      session: this.row.id,
      created: Date.now(),
      at: end.at,
      event_index: end.index,
      digest,
      tasks: JSON.stringify(this.verdicts),
      text,
      browser: browser.slice(0, 300),
    });
    return id;
  }

  /** The session on paper, running or not; with a report's name as it was then. */
  async save(report?: string): Promise<SessionFile> {
    const { store, pool } = this.parts;
    const { row } = this;
    const seen = report === undefined ? undefined : await store.report(report);
    if (seen?.session === row.id) {
      const { engine, lab, seed, epoch } = row;
      const { at, event_index: index, digest } = seen;
      const { inputs } = await store.inputsOf(row.id);
      const before = inputs.filter((input) => input.index <= index && input.at <= at);
      return { format: 1, engine, lab, seed, epoch, inputs: before, end: { at, index }, digest };
    }
    if (pool.has(row.id)) {
      try {
        return await pool.ask<SessionFile>({ type: "save", key: row.id });
      } catch {
        // Then from the store: a session that does not run is what one wants to report.
      }
    }
    const { inputs } = await store.inputsOf(row.id);
    const { engine, lab, seed, epoch, at, event_index: index } = row;
    return { format: 1, engine, lab, seed, epoch, inputs, end: { at, index }, digest: "" };
  }

  // ---- what the worker says ---------------------------------------------------------------------------------------

  hear(message: Extract<FromWorker, { key: string }>): void {
    switch (message.type) {
      case "opened":
        this.parts.metrics.opening.observe(message.ms / 1000);
        return;
      case "restamped":
        this.restamped(message);
        return;
      case "frame":
        this.frame(message);
        return;
      case "tasks":
        this.tasks(message.tasks, message.at, message.index);
        return;
      case "clock":
        void this.reached(message.clock.now, message.index);
        this.tell("clock", message.clock);
        return;
      case "health":
        this.tell("health", message.health);
        return;
      case "map":
        for (const { map } of this.views.values()) if (map?.cluster === message.cluster) map.feed.push(message.update);
        return;
      case "catch-up":
        this.tell("catchUp", message.state);
        return;
      case "walks":
        for (const [viewer, view] of this.views) if (view.walks) viewer.emit("walks", message.walks);
        return;
      case "failed":
        void this.failed(message.message);
        return;
    }
  }

  private frame({ from, inputs, output, ended, at, index }: Extract<FromWorker, { type: "frame" }>): void {
    if (inputs.length > 0) {
      if (from !== this.inputs)
        this.parts.log.error({ session: this.row.id, from, have: this.inputs }, "inputs out of step");
      try {
        this.parts.store.appendInputs(this.row.id, this.inputs, inputs);
      } catch (error) {
        this.parts.log.error({ session: this.row.id, err: error }, "inputs could not be stored");
        this.problem = "internal";
        for (const viewer of this.views.keys()) viewer.fail("internal");
        this.parts.pool.close(this.row.id);
        return;
      }
      this.inputs += inputs.length;
      this.parts.metrics.inputs.inc(inputs.length);
      this.row.at = at;
      this.row.event_index = index;
    }
    for (const [viewer, view] of this.views) {
      if (!view.attached) continue;
      for (const part of output) this.send(viewer, view, part);
      for (const end of ended) viewer.emit("ended", end);
    }
  }

  private send(viewer: Viewer, view: View, { id, bytes, end }: { id: string; bytes: Uint8Array; end: number }): void {
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

  private tasks(tasks: TaskView[], at: number, index: number): void {
    this.verdicts = tasks;
    const passed = tasks.filter((task) => task.passed);
    for (const { id } of passed) this.everPassed.add(id);
    const earned = passed.filter(({ id }) => !(caughtMark(id) in this.marks));
    const score = earned.reduce((sum, { points }) => sum + points, 0);
    Object.assign(this.row, { passed: passed.length, score });
    void this.parts.store.updateSession(this.row.id, { passed: passed.length, score });
    void this.reached(at, index);
    this.tell("tasks", tasks);
  }

  /** Writes down how far virtual time has come: after a crash it goes on from there. */
  private async reached(at: number, index: number): Promise<void> {
    const { row } = this;
    if (at < row.at) return;
    row.at = at;
    row.event_index = index;
    await this.parts.store.updateSession(row.id, { at, event_index: index });
  }

  private async failed(message: string): Promise<void> {
    const { log, engines } = this.parts;
    log.error({ session: this.row.id, message }, "session failed");
    if (this.row.engine !== engines.current) {
      this.useCurrentEngine();
      await this.showAll();
      return;
    }
    this.problem = "broken";
    for (const viewer of this.views.keys()) viewer.fail("broken");
  }

  /** Its worker was ended. `guilty`: this session was the one that ran. */
  async lost(guilty: boolean): Promise<void> {
    const now = Date.now();
    if (guilty) this.crashes = [...this.crashes.filter((at) => now - at < CRASH_WINDOW), now];
    if (this.crashes.length >= MAX_CRASHES) {
      this.problem = "stuck";
      for (const viewer of this.views.keys()) viewer.fail("stuck");
      return;
    }
    await this.showAll();
  }

  private async showAll(): Promise<void> {
    for (const view of this.views.values()) view.attached = false;
    for (const viewer of [...this.views.keys()]) await this.show(viewer);
  }

  private tell<E extends keyof ServerEvents>(event: E, ...args: Parameters<ServerEvents[E]>): void {
    for (const [viewer, view] of this.views) if (view.attached) viewer.emit(event, ...args);
  }
}
