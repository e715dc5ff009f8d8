import type { HostClock } from "../../engine/index.ts";
import { type EngineModule, HostedSession, Refusal } from "./hosted-session.ts";
import type { FromWorker, OpenRequest, ToWorker } from "./worker-protocol.ts";

/** How often sessions are looked at for news, ms. */
const LOOK_EVERY = 100;

export interface WorkerHostOptions {
  post: (message: FromWorker) => void;
  clock: HostClock;
  /** Loads an engine's file; the same URL gives the same module. */
  load: (url: string) => Promise<EngineModule>;
  /** Told the slot of the session whose code runs, 0 when none does: what a watchdog blames. */
  busy: (slot: number) => void;
}

interface Place {
  slot: number;
  session: HostedSession | undefined;
  /** Messages that came while the engine was being loaded. */
  waiting: ToWorker[];
}

/** The inside of a worker, without the thread: hosts several sessions. */
export class WorkerHost {
  private readonly options: WorkerHostOptions;
  private readonly places = new Map<string, Place>();

  constructor(options: WorkerHostOptions) {
    this.options = options;
    this.lookLater();
  }

  receive(message: ToWorker): void {
    if (message.type === "ping") {
      this.options.post({ type: "pong", id: message.id });
      return;
    }
    if (message.type === "open") {
      void this.open(message);
      return;
    }
    const place = this.places.get(message.key);
    if (place === undefined) {
      if ("id" in message) this.refuse(message.id, "gone", `no session ${message.key}`);
    } else if (place.session === undefined) place.waiting.push(message);
    else this.serve(message, place.slot, place.session);
  }

  private async open(request: OpenRequest): Promise<void> {
    const { post, load } = this.options;
    const { key, slot } = request;
    const place: Place = { slot, session: undefined, waiting: [] };
    this.places.set(key, place);
    try {
      const engine = await load(request.engineUrl);
      const start = performance.now();
      place.session = this.during(slot, () => new HostedSession(request, engine, this.clockOf(slot, key), post));
      post({ type: "opened", key, ms: performance.now() - start });
    } catch (error) {
      this.places.delete(key);
      post({ type: "failed", key, message: (error as Error).message });
      for (const message of place.waiting)
        if ("id" in message) this.refuse(message.id, "gone", "it could not be opened");
      return;
    }
    for (const message of place.waiting.splice(0)) this.serve(message, slot, place.session);
  }

  private serve(message: ToWorker, slot: number, session: HostedSession): void {
    try {
      this.during(slot, () => this.act(message, session));
    } catch (error) {
      if ("id" in message)
        this.refuse(message.id, error instanceof Refusal ? error.code : "internal", (error as Error).message);
      else if ("key" in message) {
        this.options.post({ type: "failed", key: message.key, message: (error as Error).message });
      }
    }
  }

  private act(message: ToWorker, session: HostedSession): void {
    const answer = (id: number, value: unknown) => this.options.post({ type: "answer", id, value });
    switch (message.type) {
      case "message":
        session.receive(message.message);
        return;
      case "input":
        session.input(message.input);
        answer(message.id, true);
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
  private clockOf(slot: number, key: string): HostClock {
    const { clock, post } = this.options;
    return {
      now: () => clock.now(),
      after: (ms, callback) =>
        clock.after(ms, () => {
          try {
            this.during(slot, callback);
          } catch (error) {
            post({ type: "failed", key, message: (error as Error).message });
          }
        }),
    };
  }

  private lookLater(): void {
    this.options.clock.after(LOOK_EVERY, () => {
      const now = this.options.clock.now();
      for (const [key, { slot, session }] of this.places) {
        try {
          if (session) this.during(slot, () => session.look(now));
        } catch (error) {
          this.options.post({ type: "failed", key, message: (error as Error).message });
        }
      }
      this.lookLater();
    });
  }
}
