import {
  type Input,
  LiveDriver,
  Session,
  type SessionEvents,
  type SessionFile,
  type SessionSpec,
} from "../../engine/index.ts";

/** Longest wait between two looks at the clock, in ms: bounds how late a change of speed is seen. */
const MAX_WAIT_MS = 1_000;

/** A session with its live driver and the host's timer. */
export class SessionRunner {
  readonly session: Session;
  readonly driver: LiveDriver;
  private timer: NodeJS.Timeout | NodeJS.Immediate | undefined;
  private running = false;

  /** Boots the session; with `file` also replays it to its end. */
  constructor(spec: SessionSpec, events: SessionEvents, file?: Pick<SessionFile, "inputs" | "end">) {
    this.session = new Session(spec, events);
    this.session.boot();
    if (file) this.session.replay(file.inputs, file.end);
    this.driver = new LiveDriver(this.session.kernel, () => performance.now());
  }

  start(): void {
    this.running = true;
    this.driver.resume();
    this.tick();
  }

  stop(): void {
    this.running = false;
    this.clear();
  }

  /** Takes an input in at the present instant and runs what it causes. Throws for an input that makes no sense. */
  apply(input: Input): void {
    if (this.running && !this.driver.skipping) this.driver.tick();
    this.session.apply(input);
    this.tick();
  }

  /** Runs what is due now and sets the timer for the rest. Call it after a change of speed or pause. */
  tick(): void {
    this.clear();
    const wait = this.driver.tick();
    if (!this.running) return;
    if (wait <= 0) this.timer = setImmediate(() => this.tick());
    else if (Number.isFinite(wait)) this.timer = setTimeout(() => this.tick(), Math.min(wait, MAX_WAIT_MS));
  }

  private clear(): void {
    if (this.timer === undefined) return;
    clearTimeout(this.timer as NodeJS.Timeout);
    clearImmediate(this.timer as NodeJS.Immediate);
    this.timer = undefined;
  }
}
