import { nanoid } from "nanoid";
import type { Logger } from "pino";
import type { Input, SessionFile, WalkPicture, WalkRequest } from "../../engine/index.ts";
import { loadLab } from "../../grader/lab.ts";
import {
  type ClientEvents,
  type ClockControl,
  caughtMark,
  type Model,
  type Screen,
  type TaskView,
} from "../protocol.ts";
import type { Engines } from "./engines.ts";
import { Refusal } from "./hosted-session.ts";
import type { Metrics } from "./metrics.ts";
import type { Ask, Pool } from "./pool.ts";
import { scriptBefore, stepsOf } from "./solution.ts";
import type { SessionRow, Store } from "./store.ts";
import { type Viewer, Viewers } from "./viewers.ts";
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
  private readonly viewers: Viewers;
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
    this.viewers = new Viewers({
      screen: (terminal) => parts.pool.ask<Screen>({ type: "screen", key: row.id, terminal }),
      look: (what) => this.sendLook(what),
      redrawn: () => parts.metrics.redraws.inc(),
    });
  }

  get watched(): boolean {
    return this.viewers.size > 0;
  }

  // ---- pages come and go ------------------------------------------------------------------------------------------

  async attach(viewer: Viewer): Promise<void> {
    clearTimeout(this.linger);
    // What failed once may work now; what held up a worker twice must not do so again.
    if (this.problem !== "stuck") this.problem = undefined;
    this.viewers.add(viewer);
    this.parts.metrics.sockets.inc();
    this.row.seen = Date.now();
    void this.parts.store.updateSession(this.row.id, { seen: this.row.seen });
    await this.show(viewer);
  }

  detach(viewer: Viewer): void {
    if (!this.viewers.remove(viewer)) return;
    this.parts.metrics.sockets.dec();
    if (this.watched) return;
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
    for (const viewer of this.viewers.all()) this.detach(viewer);
    await this.sleep();
  }

  private async show(viewer: Viewer): Promise<void> {
    const { pool, log } = this.parts;
    const { id: key, lab, seed } = this.row;
    try {
      await this.ensureOpen();
      if (this.problem) return viewer.fail(this.problem);
      const { screens, tasks, clock, health, answers, catchUp } = await pool.ask<Attached>({ type: "attach", key });
      if (!this.viewers.has(viewer)) return;
      this.verdicts = tasks;
      for (const { id, passed } of tasks) if (passed) this.everPassed.add(id);
      this.viewers.attach(viewer, screens);
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
    this.viewers.opened(screen);
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
    if (input.type === "close") this.viewers.tell("closed", [{ id: input.id }]);
    return typed;
  }

  /** A page gives a terminal the size that it has there; other pages show it in that size from then on. */
  async resize(viewer: Viewer, size: { id: string; columns: number; rows: number }): Promise<void> {
    await this.input({ type: "resize", ...size });
    this.viewers.tell("resized", [size], viewer);
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
  look(viewer: Viewer, what: Parameters<ClientEvents["look"]>[0]): void {
    this.viewers.look(viewer, what);
  }

  mapDrawn(viewer: Viewer): void {
    this.viewers.mapDrawn(viewer);
  }

  drawn(viewer: Viewer, id: string, end: number): void {
    this.viewers.drawn(viewer, id, end);
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
    this.viewers.tell("marks", [this.marks]);
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
        this.viewers.tell("clock", [message.clock]);
        return;
      case "health":
        this.viewers.tell("health", [message.health]);
        return;
      case "map":
        this.viewers.map(message.cluster, message.update);
        return;
      case "catch-up":
        this.viewers.tell("catchUp", [message.state]);
        return;
      case "walks":
        this.viewers.walks(message.walks);
        return;
      case "failed":
        void this.failed(message.message);
        return;
    }
  }

  private frame(frame: Extract<FromWorker, { type: "frame" }>): void {
    const { from, inputs, at, index } = frame;
    if (inputs.length > 0) {
      if (from !== this.inputs)
        this.parts.log.error({ session: this.row.id, from, have: this.inputs }, "inputs out of step");
      try {
        this.parts.store.appendInputs(this.row.id, this.inputs, inputs);
      } catch (error) {
        this.parts.log.error({ session: this.row.id, err: error }, "inputs could not be stored");
        this.problem = "internal";
        this.viewers.fail("internal");
        this.parts.pool.close(this.row.id);
        return;
      }
      this.inputs += inputs.length;
      this.parts.metrics.inputs.inc(inputs.length);
      this.row.at = at;
      this.row.event_index = index;
    }
    this.viewers.frame(frame);
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
    this.viewers.tell("tasks", [tasks]);
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
    this.viewers.fail("broken");
  }

  /** Its worker was ended. `guilty`: this session was the one that ran. */
  async lost(guilty: boolean): Promise<void> {
    const now = Date.now();
    if (guilty) this.crashes = [...this.crashes.filter((at) => now - at < CRASH_WINDOW), now];
    if (this.crashes.length >= MAX_CRASHES) {
      this.problem = "stuck";
      this.viewers.fail("stuck");
      return;
    }
    await this.showAll();
  }

  private async showAll(): Promise<void> {
    this.viewers.detachAll();
    for (const viewer of this.viewers.all()) await this.show(viewer);
  }
}
