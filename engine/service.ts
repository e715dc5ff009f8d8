/**
 * The one protocol between a host and a session: structured-clone data, the same for worker threads, a browser's Web
 * Worker and tests. A host posts `HostMessage`s and gets `SessionMessage`s; inputs take effect in the order in which
 * they were posted.
 */
import type { Input, SessionFile } from "./input.ts";
import { type HostClock, SessionRunner } from "./runner.ts";
import type { Session, SessionSpec } from "./session.ts";
import { ClusterMap, type MapUpdate } from "./view/map.ts";
import { type WaitFor, Waiting } from "./view/waiting.ts";
import type { WalkPicture } from "./view/walk.ts";
import { WalkFeed } from "./view/walk-feed.ts";

export type HostMessage =
  /**
   * Boots a session, or brings a recorded one back to its end. First message, once. `inSlices`: gives the thread back
   * again and again meanwhile; what is received until `started` is posted waits.
   */
  | {
      type: "start";
      spec: SessionSpec;
      file?: Pick<SessionFile, "inputs" | "end">;
      paused?: boolean;
      speed?: number;
      inSlices?: boolean;
    }
  | { type: "input"; input: Input }
  /**
   * Clock controls. `skip`: run ahead by that many µs; `waitFor`: until that comes, at the latest for `PATIENCE`;
   * `skipToEvent`: the same for an event; `stopSkipping`: no further.
   */
  | {
      type: "clock";
      paused?: boolean;
      speed?: number;
      skip?: number;
      waitFor?: WaitFor;
      skipToEvent?: boolean;
      stopSkipping?: boolean;
    }
  /** Runs headless by that many µs before anything else is looked at. */
  | { type: "run"; us: number }
  /**
   * Somebody looks at the map, or at the ways of connections, or nobody does any more. Looking at the map anew tells
   * everything anew. `cluster`: whose map, of a session with several.
   */
  | { type: "look"; map?: boolean; walks?: boolean; cluster?: string }
  | { type: "ask"; id: number; what: "save" | "digest" | "status" };

export type SessionMessage =
  | { type: "started"; at: number; wallMs: number }
  | { type: "output"; id: string; bytes: Uint8Array; stream: "stdout" | "stderr" }
  | { type: "ended"; id: string; status: number }
  | {
      type: "api-head";
      id: string;
      status: number;
      headers: Readonly<Record<string, string>>;
      channels?: { tty: boolean };
    }
  | { type: "api-data"; id: string; bytes: Uint8Array; channel: number }
  | { type: "api-end"; id: string }
  | { type: "api-error"; id: string; message: string }
  | { type: "answer"; id: number; value: unknown }
  /** What the map shows: everything at first, then what changed, gathered over `GATHER`. */
  | { type: "map"; cluster: string; update: MapUpdate }
  /** The way of a connection that was asked about; `from` or `to`: that could not be found. */
  | { type: "walked"; id: string; walk: WalkPicture | "from" | "to" }
  /** Connections that programs opened, gathered likewise. */
  | { type: "walks"; walks: WalkPicture[] }
  /** A message that could not be carried out. */
  | { type: "error"; message: string };

export interface SessionStatus {
  /** Virtual µs, and the same as wall clock of the simulation in ms. */
  now: number;
  wallMs: number;
  startedAt: number;
  paused: boolean;
  speed: number;
  skipping: boolean;
  /** What was waited for last, and how that ended. */
  waited?: { what: WaitFor; end: "waiting" | "came" | "not" | "stopped" };
  /** Bugs seen: exceptions that left a task. */
  faults: number;
}

/** What pictures show is gathered for so long, ms of wall clock. */
const GATHER = 100;

/** Nobody waits longer than this for something to come, virtual µs. */
export const PATIENCE = 3_600_000_000;

/** The session's side of the protocol. */
export class SessionService {
  private readonly post: (message: SessionMessage) => void;
  private readonly clock: HostClock;
  private runner: SessionRunner | undefined;
  /** While it boots in slices: what waits for its end, and how to give up. */
  private opening: { waiting: HostMessage[]; cancel: () => void } | undefined;
  /** Maps that somebody looks at, by their cluster's name. */
  private readonly maps = new Map<string, ClusterMap>();
  private walks: WalkFeed | undefined;
  private waiting: Waiting | undefined;
  private waited: SessionStatus["waited"];

  constructor(post: (message: SessionMessage) => void, clock: HostClock) {
    this.post = post;
    this.clock = clock;
  }

  /** The session, once started: for what lives beside it in the worker (the grader). */
  get session(): Session | undefined {
    return this.runner?.session;
  }

  receive(message: HostMessage): void {
    if (this.opening) {
      this.opening.waiting.push(message);
      return;
    }
    try {
      this.handle(message);
    } catch (error) {
      this.post({ type: "error", message: (error as Error).message });
    }
  }

  stop(): void {
    this.opening?.cancel();
    this.opening = undefined;
    this.runner?.stop();
    this.endWaiting("stopped");
    for (const map of this.maps.values()) map.stop();
    this.maps.clear();
    this.lookAtWalks(undefined);
  }

  private handle(message: HostMessage): void {
    if (message.type === "start") {
      this.start(message);
      return;
    }
    const { runner } = this;
    if (runner === undefined) throw new Error("session: not started");
    switch (message.type) {
      case "input":
        // What became of the waiting has been read by whoever goes on.
        if (this.waiting === undefined) this.waited = undefined;
        runner.apply(message.input);
        return;
      case "run":
        runner.session.kernel.run(runner.session.kernel.now + message.us);
        return;
      case "clock":
        this.setClock(runner, message);
        return;
      case "look":
        if (message.map !== undefined) this.lookAtMap(runner.session, message.cluster ?? "", message.map);
        if (message.walks !== undefined) this.lookAtWalks(message.walks ? runner.session : undefined);
        return;
      case "ask":
        this.post({ type: "answer", id: message.id, value: this.answer(runner, message.what) });
        return;
    }
  }

  private start({ spec, file, inSlices, ...controls }: Extract<HostMessage, { type: "start" }>): void {
    if (this.runner) throw new Error("session: started already");
    const { post } = this;
    const runner = new SessionRunner(
      spec,
      {
        output: (id, bytes, stream) => post({ type: "output", id, bytes, stream }),
        ended: (id, status) => post({ type: "ended", id, status }),
        apiHead: (id, status, headers, channels) =>
          post({ type: "api-head", id, status, headers, ...(channels ? { channels } : {}) }),
        apiData: (id, bytes, channel) => post({ type: "api-data", id, bytes, channel }),
        apiEnd: (id) => post({ type: "api-end", id }),
        walked: (id, walk) => post({ type: "walked", id, walk }),
        apiError: (id, message) => post({ type: "api-error", id, message }),
      },
      this.clock,
    );
    if (inSlices) this.openInSlices(runner, file, controls);
    else {
      runner.open(file);
      this.started(runner, controls);
    }
  }

  private openInSlices(
    runner: SessionRunner,
    file: Pick<SessionFile, "inputs" | "end"> | undefined,
    controls: Pick<Extract<HostMessage, { type: "start" }>, "paused" | "speed">,
  ): void {
    const slices = runner.opening(file);
    const waiting: HostMessage[] = [];
    const step = () => {
      try {
        if (!slices.next().done) {
          this.opening = { waiting, cancel: this.clock.after(0, step) };
          return;
        }
        this.opening = undefined;
        this.started(runner, controls);
      } catch (error) {
        this.opening = undefined;
        this.post({ type: "error", message: (error as Error).message });
      }
      for (const message of waiting) this.receive(message);
    };
    this.opening = { waiting, cancel: this.clock.after(0, step) };
  }

  private started(
    runner: SessionRunner,
    { paused, speed }: Pick<Extract<HostMessage, { type: "start" }>, "paused" | "speed">,
  ): void {
    this.runner = runner;
    const { kernel } = runner.session;
    this.post({ type: "started", at: kernel.now, wallMs: kernel.wallMs });
    if (speed !== undefined) runner.driver.setSpeed(speed);
    runner.start(paused);
  }

  private setClock(
    runner: SessionRunner,
    {
      paused,
      speed,
      skip,
      skipToEvent,
      waitFor = skipToEvent ? "event" : undefined,
      stopSkipping,
    }: Extract<HostMessage, { type: "clock" }>,
  ): void {
    const { driver, session } = runner;
    if (stopSkipping || waitFor || skip !== undefined) {
      this.endWaiting("stopped");
      driver.stopSkipping();
      this.waited = undefined;
    }
    if (speed !== undefined) {
      if (!(speed > 0 && speed <= 10_000)) throw new Error(`clock: speed ${speed} is not between 0 and 10000`);
      driver.setSpeed(speed);
    }
    if (skip !== undefined) driver.skipTo(session.kernel.now + Math.max(0, Math.floor(skip)));
    if (waitFor) this.wait(runner, waitFor);
    if (paused === true) driver.pause();
    if (paused === false) runner.start();
    else runner.tick();
  }

  private lookAtMap({ clusters }: Session, name: string, looks: boolean): void {
    const known = this.maps.get(name);
    if (!looks) {
      known?.stop();
      this.maps.delete(name);
      return;
    }
    const cluster = clusters.get(name);
    if (cluster === undefined) return;
    const map = known ?? new ClusterMap(cluster, () => this.clock.after(GATHER, () => this.tellMap(name, map)));
    this.maps.set(name, map);
    this.post({ type: "map", cluster: name, update: map.all() });
  }

  private wait({ driver, session }: SessionRunner, what: WaitFor): void {
    const waiting = new Waiting(session.clusters.values(), what);
    this.waiting = waiting;
    this.waited = { what, end: "waiting" };
    const reached = () => {
      const came = waiting.reached();
      if (came) this.endWaiting("came");
      return came;
    };
    if (!reached()) driver.skipTo(session.kernel.now + PATIENCE, reached);
  }

  private endWaiting(end: "came" | "not" | "stopped"): void {
    if (this.waiting === undefined) return;
    this.waiting.stop();
    this.waiting = undefined;
    this.waited = { what: this.waited!.what, end };
  }

  /** `undefined`: nobody looks any more. */
  private lookAtWalks(session: Session | undefined): void {
    if (session === undefined) {
      this.walks?.stop();
      this.walks = undefined;
      return;
    }
    this.walks ??= new WalkFeed(session.clusters.values(), () => this.clock.after(GATHER, () => this.tellWalks()));
  }

  private tellWalks(): void {
    const walks = this.walks?.take() ?? [];
    if (walks.length > 0) this.post({ type: "walks", walks });
  }

  private tellMap(name: string, map: ClusterMap): void {
    // Somebody may have looked away meanwhile.
    const update = this.maps.get(name) === map ? map.update() : undefined;
    if (update) this.post({ type: "map", cluster: name, update });
  }

  private answer(runner: SessionRunner, what: "save" | "digest" | "status"): unknown {
    const { session, driver } = runner;
    if (what === "save") return session.save();
    if (what === "digest") return session.digest();
    if (this.waiting && !driver.skipping) this.endWaiting("not");
    const status: SessionStatus = {
      now: session.kernel.now,
      wallMs: session.kernel.wallMs,
      startedAt: session.startedAt,
      paused: driver.paused,
      speed: driver.speed,
      skipping: driver.skipping,
      ...(this.waited ? { waited: this.waited } : {}),
      faults: session.kernel.faults.length,
    };
    return status;
  }
}
