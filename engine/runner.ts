import { LiveDriver, SLICE_MS } from "./driver.ts";
import type { Input, SessionFile } from "./input.ts";
import { Session, type SessionEvents, type SessionSpec } from "./session.ts";

/** Longest wait between two looks at the clock, in ms: bounds how late a change of speed is seen. */
const MAX_WAIT_MS = 1_000;

/** Time of the host: the engine has no clock and no timer of its own. */
export interface HostClock {
  /** Monotonic, in ms. */
  now(): number;
  /** Calls back once after `ms` (0: as soon as other work of the thread has had its turn); the result cancels it. */
  after(ms: number, callback: () => void): () => void;
}

/** A session that runs beside the wall clock: the live driver with its host's timer. */
export class SessionRunner {
  readonly session: Session;
  readonly driver: LiveDriver;
  private readonly clock: HostClock;
  private cancel: (() => void) | undefined;
  private running = false;

  constructor(spec: SessionSpec, events: SessionEvents, clock: HostClock) {
    this.clock = clock;
    this.session = new Session(spec, events);
    this.driver = new LiveDriver(this.session.kernel, () => clock.now());
  }

  /** Boots the session; with `file` also replays it to its end. */
  open(file?: Pick<SessionFile, "inputs" | "end">): void {
    for (const _ of this.session.opening(() => false, file));
  }

  /** The same in slices of some milliseconds, between which the host has its thread. */
  *opening(file?: Pick<SessionFile, "inputs" | "end">): Generator<void, void> {
    const { clock } = this;
    let deadline = clock.now() + SLICE_MS;
    let events = 0;
    const rest = () => (++events & 15) === 0 && clock.now() >= deadline;
    for (const _ of this.session.opening(rest, file)) {
      yield;
      deadline = clock.now() + SLICE_MS;
    }
  }

  /** Goes on beside the clock; `paused`: only with what is due at this instant, which may take more than one slice. */
  start(paused = false): void {
    this.running = true;
    if (paused) this.driver.pause();
    else this.driver.resume();
    this.tick();
  }

  stop(): void {
    this.running = false;
    this.cancel?.();
    this.cancel = undefined;
  }

  /** Takes an input in at the present instant and runs what it causes. Throws for an input that makes no sense. */
  apply(input: Input): void {
    if (this.running && !this.driver.skipping) this.driver.tick();
    this.session.apply(input);
    this.tick();
  }

  /** Runs what is due now and sets the timer for the rest. Call it after a change of speed or pause. */
  tick(): void {
    this.cancel?.();
    this.cancel = undefined;
    const wait = this.driver.tick();
    if (this.running && Number.isFinite(wait)) {
      this.cancel = this.clock.after(Math.min(wait, MAX_WAIT_MS), () => this.tick());
    }
  }
}
