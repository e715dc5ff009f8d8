import type {
  HostClock,
  HostMessage,
  Input,
  KubeObject,
  Session,
  SessionMessage,
  SessionService,
  WalkPicture,
  WalkRequest,
} from "../../engine/index.ts";
import { Grader, type TaskReport } from "../../grader/grade.ts";
import { loadLab, sessionSpec } from "../../grader/lab.ts";
import { type CatchUp, type Clock, type Health, type Screen, TAIL_LIMIT, type TaskView } from "../protocol.ts";
import { join, Tail } from "./tail.ts";
import type { Attached, FromWorker, OpenRequest } from "./worker-protocol.ts";

/** The engine's door, of whichever build a session began with. */
export type EngineModule = Pick<typeof import("../../engine/index.ts"), "SessionService">;

/** Terminals that a session may have open at once. */
export const MAX_TERMINALS = 8;
/** Shortest time between two looks of the grader at a session, ms. */
const GRADE_EVERY = 150;
const HEALTH_EVERY = 1000;
const CLOCK_EVERY = 1000;
/** The script that catches up, and how far it runs ahead at a time, virtual µs. */
const CATCH_UP = "catch-up";
const CATCH_UP_STEP = 5_000_000;

/** A drifted session is repeated in slices of so long, ms. */
const REPEAT_SLICE = 8;

type HostedSessionParts = [
  request: OpenRequest,
  engine: EngineModule,
  clock: HostClock,
  post: (message: FromWorker) => void,
];

interface Terminal {
  machine: string;
  user: string;
  columns: number;
  rows: number;
  tail: Tail;
  /** UTF-16 units typed. */
  typed: number;
  ended?: number;
  closed: boolean;
}

/** A request that makes no sense now; `code` names the page's words for it. */
export class Refusal extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * One session inside a worker: the engine's service with the grader beside it, the tails of its terminals, and the
 * frames in which the main thread hears of it.
 */
export class HostedSession {
  private readonly key: string;
  private readonly post: (message: FromWorker) => void;
  private readonly clock: HostClock;
  private readonly service: SessionService;
  private grader: Grader | undefined;
  /** Until the session is booted: what becomes of it. */
  private booting: { resolve: () => void; reject: (error: Error) => void } | undefined;
  private readonly terminals = new Map<string, Terminal>();
  private attached = false;
  /** Inputs that the main thread knows. */
  private told = 0;
  /** Inputs looked at for the list of terminals. */
  private read = 0;
  private output = new Map<string, Uint8Array[]>();
  private ended: { id: string; status: number }[] = [];
  private reports: TaskReport[] | undefined;
  private gradedAt = Number.NEGATIVE_INFINITY;
  private gradedIndex = -1;
  private healthAt = Number.NEGATIVE_INFINITY;
  private healthText = "";
  private clockAt = Number.NEGATIVE_INFINITY;
  private lastClock: Clock | undefined;
  private answered: unknown;
  private heardMap = false;
  /** Clusters whose maps were looked at. */
  private readonly looked = new Set<string>();
  private walked: WalkPicture | "from" | "to" | undefined;
  private walks = 0;
  private catchUp: CatchUp | undefined;

  /**
   * Boots a session, with recorded inputs also replays it, in slices between which the thread serves others. Rejects
   * when it cannot.
   */
  static async open(...[request, engine, clock, post]: HostedSessionParts): Promise<HostedSession> {
    const hosted = new HostedSession(request, engine, clock, post);
    await hosted.boot(request);
    return hosted;
  }

  private constructor(...[request, engine, clock, post]: HostedSessionParts) {
    this.key = request.key;
    this.post = post;
    this.clock = clock;
    this.service = new engine.SessionService((message) => this.hear(message), clock);
  }

  private async boot(request: OpenRequest): Promise<void> {
    const { lab, seed, epoch, inputs, end, speed, paused, drifted } = request;
    const spec = sessionSpec(loadLab(lab), seed, request.engine, epoch);
    const recorded = (inputs.length > 0 || end.index > 0) && !drifted;
    await new Promise<void>((resolve, reject) => {
      this.booting = { resolve, reject };
      this.service.receive({
        type: "start",
        spec,
        speed,
        // An engine from before there were slices starts at once.
        inSlices: true,
        paused: true,
        ...(recorded ? { file: { inputs, end } } : {}),
      });
    });
    if (drifted) await this.repeat(request);
    this.told = this.session.inputs.length;
    this.lookAtInputs();
    this.grader = new Grader(loadLab(lab), this.session);
    await this.slices(() => {
      this.grade();
      if (!paused) this.service.receive({ type: "clock", paused: false });
      return true;
    });
  }

  /** Takes another engine's inputs in at their times; one that makes no sense here is left out. */
  private async repeat({ key, inputs, end }: OpenRequest): Promise<void> {
    const { session } = this;
    const { kernel } = session;
    const runTo = (at: number) => {
      const until = this.clock.now() + REPEAT_SLICE;
      return at <= kernel.now || kernel.run(at, () => this.clock.now() >= until);
    };
    for (const { at, index: _index, ...input } of inputs) {
      await this.slices(() => runTo(at));
      try {
        session.apply(input as Input);
      } catch {
        // As it was refused here, it is not part of this session.
      }
    }
    await this.slices(() => runTo(end.at));
    this.post({ type: "restamped", key, inputs: [...session.inputs], at: kernel.now, index: kernel.eventIndex });
  }

  /** Does a piece of work in the session's own turns until it says that it is done. */
  private slices(work: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = () => {
        try {
          if (work()) resolve();
          else this.clock.after(0, step);
        } catch (error) {
          reject(error as Error);
        }
      };
      this.clock.after(0, step);
    });
  }

  get session(): Session {
    return this.service.session!;
  }

  receive(message: HostMessage): void {
    this.heardMap = false;
    this.service.receive(message);
    if (message.type === "look" && message.map) this.looked.add(message.cluster ?? "");
    if (message.type === "clock") this.tellClock();
    // An engine from before there was a map says nothing to this.
    if (message.type === "look" && message.map && !this.heardMap)
      this.post({ type: "map", key: this.key, cluster: message.cluster ?? "", update: undefined });
  }

  /**
   * Takes an input in and posts the frame that makes it durable. Returns the length of all that was typed into its
   * terminal. Throws a Refusal for one that makes no sense.
   */
  input(input: Input): number {
    const known = this.session.inputs.length;
    this.service.receive({ type: "input", input });
    if (this.session.inputs.length === known) throw new Refusal("bad-request", `input ${input.type} was not taken`);
    this.lookAtInputs();
    this.flush();
    if (input.type === "answer") this.grade();
    return input.type === "keys" ? this.terminal(input.id).typed : 0;
  }

  /** Opens a login shell; returns its screen. Throws a Refusal past the limit or for an unknown machine. */
  openTerminal(machine: string, columns: number, rows: number): Screen {
    const { session } = this;
    if (session.findMachine(machine) === undefined) throw new Refusal("no-machine", `no machine ${machine}`);
    const open = [...this.terminals.values()].filter(({ closed }) => !closed).length;
    if (open >= MAX_TERMINALS) throw new Refusal("terminals", `${open} terminals are open`);
    const id = `t${this.terminals.size + 1}`;
    const user = "learner";
    try {
      this.input({ type: "terminal", id, machine, user, columns, rows });
    } catch {
      throw new Refusal("no-login", `no login on ${machine}`);
    }
    return this.screenOf(id, this.terminals.get(id)!);
  }

  /** Runs the solution's first steps as the learner would, on virtual time that passes as fast as it can. */
  beginCatchUp(text: string): void {
    const place = { id: CATCH_UP, machine: "workstation", user: "learner", name: `${CATCH_UP}.sh` };
    this.input({ type: "script", ...place, text });
  }

  private hearCatchUp(message: Extract<SessionMessage, { type: "output" | "ended" }>): void {
    const { line = "" } = this.catchUp ?? {};
    if (message.type === "ended") this.catchUp = { running: false, status: message.status, line };
    else {
      const lines = new TextDecoder().decode(message.bytes).trimEnd().split("\n");
      this.catchUp = { running: true, line: (lines.at(-1) || line).slice(0, 200) };
    }
    if (this.attached) this.post({ type: "catch-up", key: this.key, state: this.catchUp });
  }

  /** Follows a connection through the rules. Throws a Refusal when an end of it cannot be found. */
  walk(request: WalkRequest): WalkPicture {
    this.walked = undefined;
    this.input({ type: "walk", id: `w${++this.walks}`, ...request });
    const { walked } = this;
    // Set while the input took effect; an engine from before there were walks leaves it.
    if (walked === undefined) throw new Refusal("no-walk", "this engine knows no walks");
    if (typeof walked === "string") throw new Refusal(`walk-${walked}`, `no ${request[walked]}`);
    return walked;
  }

  attach(): Attached {
    this.flush();
    this.attached = true;
    this.grade();
    return {
      screens: this.screens(),
      tasks: this.taskViews(),
      clock: this.now(),
      health: this.health(),
      // Given on the page or in a terminal.
      answers: Object.fromEntries(this.session.cluster.answers.map(({ task, value }) => [task, value])),
      ...(this.catchUp ? { catchUp: this.catchUp } : {}),
    };
  }

  detach(): { at: number; index: number } {
    this.flush();
    this.attached = false;
    for (const cluster of this.looked) this.service.receive({ type: "look", map: false, cluster });
    this.service.receive({ type: "look", walks: false });
    const { now, eventIndex } = this.session.kernel;
    return { at: now, index: eventIndex };
  }

  screen(id: string): Screen {
    this.flush();
    const terminal = this.terminals.get(id);
    if (terminal === undefined || terminal.closed) throw new Refusal("no-terminal", `no terminal ${id}`);
    return this.screenOf(id, terminal);
  }

  save(): unknown {
    return this.session.save();
  }

  /** Says what is new; call it every 100 ms or so. `now`: monotonic ms. */
  look(now: number): void {
    const { eventIndex } = this.session.kernel;
    if (eventIndex !== this.gradedIndex && now - this.gradedAt >= GRADE_EVERY) {
      this.gradedAt = now;
      this.gradedIndex = eventIndex;
      this.grade();
    }
    if (!this.attached) return;
    if (this.catchUp?.running && !this.now().skipping) this.service.receive({ type: "clock", skip: CATCH_UP_STEP });
    if (now - this.healthAt >= HEALTH_EVERY) {
      this.healthAt = now;
      const health = this.health();
      const text = JSON.stringify(health);
      if (text !== this.healthText) this.post({ type: "health", key: this.key, health });
      this.healthText = text;
    }
    if (now - this.clockAt >= CLOCK_EVERY || (this.lastClock?.skipping && now - this.clockAt >= 100)) {
      this.clockAt = now;
      this.tellClock();
    }
  }

  stop(): void {
    this.flush();
    this.service.stop();
  }

  // ---- what the session says --------------------------------------------------------------------------------------

  private hear(message: SessionMessage): void {
    if ((message.type === "output" || message.type === "ended") && message.id === CATCH_UP) {
      this.hearCatchUp(message);
      return;
    }
    switch (message.type) {
      case "started":
        this.booting?.resolve();
        this.booting = undefined;
        return;
      case "error":
        this.booting?.reject(new Error(message.message));
        return;
      case "output": {
        this.terminal(message.id).tail.push(message.bytes);
        if (!this.attached) return;
        const waiting = this.output.get(message.id);
        if (waiting) waiting.push(message.bytes);
        else this.output.set(message.id, [message.bytes]);
        return;
      }
      case "ended":
        this.terminal(message.id).ended = message.status;
        if (this.attached) this.ended.push({ id: message.id, status: message.status });
        return;
      case "map":
        this.heardMap = true;
        // An engine from before there were several clusters names none.
        this.post({ type: "map", key: this.key, cluster: message.cluster ?? "", update: message.update });
        return;
      case "walked":
        this.walked = message.walk;
        return;
      case "walks":
        this.post({ type: "walks", key: this.key, walks: message.walks });
        return;
      case "answer":
        this.answered = message.value;
        return;
    }
  }

  private terminal(id: string): Terminal {
    let terminal = this.terminals.get(id);
    if (terminal === undefined) {
      const size = { columns: 80, rows: 24 };
      terminal = { machine: "", user: "", ...size, tail: new Tail(TAIL_LIMIT), typed: 0, closed: false };
      this.terminals.set(id, terminal);
    }
    return terminal;
  }

  /** What inputs say about terminals; the session itself only tells what they show. */
  private lookAtInputs(): void {
    const { inputs } = this.session;
    for (; this.read < inputs.length; this.read++) {
      const input: Input = inputs[this.read]!;
      if (input.type === "terminal") {
        const { machine, user, columns, rows } = input;
        Object.assign(this.terminal(input.id), { machine, user, columns, rows });
      } else if (input.type === "resize") {
        Object.assign(this.terminal(input.id), { columns: input.columns, rows: input.rows });
      } else if (input.type === "keys") this.terminal(input.id).typed += input.text.length;
      else if (input.type === "close") this.terminal(input.id).closed = true;
      else if (input.type === "script" && input.id === CATCH_UP) this.catchUp ??= { running: true, line: "" };
    }
  }

  /**
   * Posts what was shown and taken in since the last time. The host calls it after every piece of the session's work,
   * so that the many writes of a program become one frame.
   */
  flush(): void {
    const { inputs, kernel } = this.session;
    const fresh = inputs.slice(this.told);
    if (fresh.length === 0 && this.output.size === 0 && this.ended.length === 0) return;
    const output = [...this.output].map(([id, chunks]) => ({
      id,
      bytes: join(chunks),
      end: this.terminals.get(id)!.tail.end,
    }));
    this.post({
      type: "frame",
      key: this.key,
      from: this.told,
      inputs: fresh,
      at: kernel.now,
      index: kernel.eventIndex,
      output,
      ended: this.ended,
    });
    this.told = inputs.length;
    this.output.clear();
    this.ended = [];
  }

  // ---- views ------------------------------------------------------------------------------------------------------

  private screens(): Screen[] {
    return [...this.terminals].filter(([, { closed }]) => !closed).map(([id, terminal]) => this.screenOf(id, terminal));
  }

  private screenOf(id: string, { machine, user, columns, rows, tail, typed, ended }: Terminal): Screen {
    const end = ended === undefined ? {} : { ended };
    return { id, machine, user, columns, rows, tail: tail.bytes(), end: tail.end, typed, ...end };
  }

  private grade(): void {
    const reports = this.grader?.tasks();
    if (reports === undefined || reports === this.reports) return;
    this.reports = reports;
    const { now, eventIndex } = this.session.kernel;
    this.flush();
    this.post({ type: "tasks", key: this.key, tasks: this.taskViews(), at: now, index: eventIndex });
  }

  private taskViews(): TaskView[] {
    return (this.reports ?? []).map(({ id, passed, points, checks }) => ({
      id,
      passed,
      points,
      checks: checks.map(({ passed, message, about }) => ({ passed, message, ...(about ? { about } : {}) })),
    }));
  }

  private now(): Clock {
    // The service answers within the call.
    this.service.receive({ type: "ask", id: 0, what: "status" });
    return this.answered as Clock;
  }

  private tellClock(): void {
    if (!this.attached) return;
    const clock = this.now();
    const { lastClock } = this;
    if (lastClock && JSON.stringify(lastClock) === JSON.stringify(clock)) return;
    this.lastClock = clock;
    this.post({ type: "clock", key: this.key, clock, index: this.session.kernel.eventIndex });
  }

  private health(): Health {
    const nodes = this.session.objects("", "nodes");
    const pods = this.session.objects("", "pods", "kube-system");
    const ready = (object: KubeObject): boolean => {
      const conditions: { type: string; status: string }[] = object["status"]?.conditions ?? [];
      return conditions.some(({ type, status }) => type === "Ready" && status === "True");
    };
    const down = [...nodes, ...pods].filter((object) => !ready(object)).map(({ metadata }) => metadata.name ?? "");
    return {
      nodes: nodes.length,
      nodesReady: nodes.filter(ready).length,
      pods: pods.length,
      podsReady: pods.filter(ready).length,
      down: down.slice(0, 5),
    };
  }
}
