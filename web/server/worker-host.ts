import type { HostClock } from "../../engine/index.ts";
import { type EngineModule, HostedSession, Refusal } from "./hosted-session.ts";
import type { FromWorker, OpenRequest, ToWorker } from "./worker-protocol.ts";

/** How often sessions are looked at for news, ms. */
const LOOK_EVERY = 100;
/** Sessions that boot or are replayed at a time; the others wait in line. */
const OPENING_AT_ONCE = 2;

export interface WorkerHostOptions {
  post: (message: FromWorker) => void;
  clock: HostClock;
  /** Loads an engine's file; the same URL gives the same module. */
  load: (url: string) => Promise<EngineModule>;
  /** Told the slot of the session whose code runs, 0 when none does: what a watchdog blames. */
  busy: (slot: number) => void;
  /** Part of the thread's heap that is used, 0 to 1. */
  heap: () => number;
}

type ToSession = Exclude<ToWorker, { type: "open" | "ping" }>;

interface Place {
  slot: number;
  session: HostedSession | undefined;
  /** Messages that came while the session was being opened. */
  waiting: ToSession[];
}

/** The inside of a worker, without the thread: hosts several sessions. */
export class WorkerHost {
  private readonly options: WorkerHostOptions;
  private readonly places = new Map<string, Place>();
  private readonly line: OpenRequest[] = [];
  private opening = 0;

  constructor(options: WorkerHostOptions) {
    this.options = options;
    this.lookLater();
  }

  receive(message: ToWorker): void {
    if (message.type === "ping") {
      this.options.post({ type: "pong", id: message.id, heap: this.options.heap() });
      return;
    }
    if (message.type === "open") {
      this.places.set(message.key, { slot: message.slot, session: undefined, waiting: [] });
      this.line.push(message);
      this.openNext();
      return;
    }
    const place = this.places.get(message.key);
    if (place === undefined) {
      if ("id" in message) this.refuse(message.id, "gone", `no session ${message.key}`);
    } else if (place.session) this.serve(message, place.slot, place.session);
    else if (message.type === "close") {
      this.places.delete(message.key);
      this.refuseAll(place, "it was closed");
    } else place.waiting.push(message);
  }

  private openNext(): void {
    while (this.opening < OPENING_AT_ONCE) {
      const request = this.line.shift();
      if (request === undefined) return;
      this.opening++;
      void this.open(request).finally(() => {
        this.opening--;
        this.openNext();
      });
    }
  }

  private async open(request: OpenRequest): Promise<void> {
    const { key, slot } = request;
    const place = this.places.get(key);
    // It may have been closed, and even opened again, while it waited.
    const isPresent = () => place !== undefined && place.slot === slot && this.places.get(key) === place;
    if (!isPresent()) return;
    const post = (message: FromWorker) => {
      if (isPresent()) this.options.post(message);
    };
    try {
      const engine = await this.options.load(request.engineUrl);
      const start = performance.now();
      const session = await HostedSession.open(request, engine, this.clockOf(slot, key, post), post);
      if (!isPresent()) {
        session.stop();
        return;
      }
      place!.session = session;
      post({ type: "opened", key, ms: performance.now() - start });
      for (const message of place!.waiting.splice(0)) this.serve(message, slot, session);
    } catch (error) {
      if (!isPresent()) return;
      post({ type: "failed", key, message: (error as Error).message });
      this.places.delete(key);
      this.refuseAll(place!, "it could not be opened");
    }
  }

  private refuseAll({ waiting }: Place, why: string): void {
    for (const message of waiting.splice(0)) if ("id" in message) this.refuse(message.id, "gone", why);
  }

  private serve(message: ToSession, slot: number, session: HostedSession): void {
    try {
      this.during(slot, () => this.act(message, session));
      session.flush();
    } catch (error) {
      const { message: what } = error as Error;
      if ("id" in message) this.refuse(message.id, error instanceof Refusal ? error.code : "internal", what);
      else this.options.post({ type: "failed", key: message.key, message: what });
    }
  }

  private act(message: ToSession, session: HostedSession): void {
    const answer = (id: number, value: unknown) => this.options.post({ type: "answer", id, value });
    switch (message.type) {
      case "message":
        session.receive(message.message);
        return;
      case "input":
        answer(message.id, session.input(message.input));
        return;
      case "terminal":
        answer(message.id, session.openTerminal(message.machine, message.columns, message.rows));
        return;
      case "catch-up":
        session.beginCatchUp(message.text);
        answer(message.id, true);
        return;
      case "walk":
        answer(message.id, session.walk(message.request));
        return;
      case "attach":
        answer(message.id, session.attach());
        return;
      case "detach":
        answer(message.id, session.detach());
        return;
      case "screen":
        answer(message.id, session.screen(message.terminal));
        return;
      case "save":
        answer(message.id, session.save());
        return;
      case "close":
        session.stop();
        this.places.delete(message.key);
        return;
    }
  }

  private refuse(id: number, code: string, message: string): void {
    this.options.post({ type: "refused", id, code, message });
  }

  private during<T>(slot: number, work: () => T): T {
    this.options.busy(slot);
    try {
      return work();
    } finally {
      this.options.busy(0);
    }
  }

  /** The session's timers: what goes wrong in one ends that session, not the worker with all the others. */
  private clockOf(slot: number, key: string, post: (message: FromWorker) => void): HostClock {
    const { clock } = this.options;
    return {
      now: () => clock.now(),
      after: (ms, callback) =>
        clock.after(ms, () => {
          try {
            this.during(slot, callback);
            this.places.get(key)?.session?.flush();
          } catch (error) {
            post({ type: "failed", key, message: (error as Error).message });
          }
        }),
    };
  }

  private lookLater(): void {
    const { clock, post } = this.options;
    clock.after(LOOK_EVERY, () => {
      for (const [key, { slot, session }] of this.places) {
        if (session === undefined) continue;
        // Each in its own place in the line, so that no key waits for all of them.
        this.clockOf(slot, key, post).after(0, () => {
          if (this.places.get(key)?.session === session) session.look(clock.now());
        });
      }
      this.lookLater();
    });
  }
}
