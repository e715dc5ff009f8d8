import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { Logger } from "pino";
import { projectRoot } from "../../grader/lab.ts";
import { Refusal } from "./hosted-session.ts";
import type { FromWorker, OpenRequest, ToWorker } from "./worker-protocol.ts";

/** A worker that does not answer for so long is ended, ms. */
const STUCK_AFTER = 5_000;
/** A session of an older engine boots and is replayed without giving the thread back, ms. */
const STUCK_OPENING = 60_000;
const PING_EVERY = 1_000;
/** Part of the machine's memory that the workers' heaps may take together. */
const MEMORY_SHARE = 0.6;
/** A worker that uses more of its heap than this takes no further session in. */
const HEAP_FULL = 0.8;

/** What the table of sessions wants to hear. */
export interface PoolEvents {
  message(message: Extract<FromWorker, { key: string }>): void;
  /** The worker of these sessions is gone; `culprit` was running when it stopped answering. */
  lost(keys: string[], culprit: string | undefined): void;
}

type WithoutId<T> = T extends { key: string; id: number } ? Omit<T, "id"> : never;
/** A request that has an answer. */
export type Ask = WithoutId<ToWorker>;

interface Member {
  worker: Worker;
  busy: Int32Array;
  /** Slot → session. */
  slots: Map<number, string>;
  opening: Set<string>;
  /** When the worker last answered, and whether a ping is under way; ms. */
  heard: number;
  asked: boolean;
  /** Part of its heap that was used when it last answered, 0 to 1. */
  heap: number;
}

export interface PoolOptions {
  /** Threads; one less than the machine has cores by default. */
  size?: number | undefined;
  /** The worker's file. */
  entry?: string | URL;
  /** A worker that does not answer for so long is ended, ms. */
  stuckAfter?: number;
  /** ms between two questions whether it lives. */
  pingEvery?: number;
}

interface Question {
  member: Member;
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

/** Worker threads that host the sessions, and the watchdog over them. */
export class Pool {
  private readonly members: Member[] = [];
  private readonly homes = new Map<string, Member>();
  private readonly questions = new Map<number, Question>();
  private readonly events: PoolEvents;
  private readonly log: Logger;
  private readonly timer: NodeJS.Timeout;
  private readonly entry: string | URL;
  private readonly stuckAfter: number;
  /** Heap of one worker, MiB. */
  private readonly heapMb: number;
  private ids = 0;
  private slots = 0;
  private stopped = false;

  constructor(events: PoolEvents, log: Logger, options: PoolOptions = {}) {
    const { size = Math.min(8, Math.max(1, availableParallelism() - 1)), pingEvery = PING_EVERY } = options;
    this.events = events;
    this.log = log;
    this.entry = options.entry ?? join(projectRoot(), "dist", "worker.mjs");
    this.stuckAfter = options.stuckAfter ?? STUCK_AFTER;
    this.heapMb = Math.max(256, Math.floor((totalmem() * MEMORY_SHARE) / size / 2 ** 20));
    for (let i = 0; i < size; i++) this.members.push(this.begin());
    this.timer = setInterval(() => this.watch(), pingEvery);
    this.timer.unref();
  }

  /** Sessions that live in a worker now. */
  get size(): number {
    return this.homes.size;
  }

  /** Whether no worker has memory for a further session. */
  get full(): boolean {
    return this.members.every(({ heap }) => heap > HEAP_FULL);
  }

  has(key: string): boolean {
    return this.homes.has(key);
  }

  /** Gives the session to the worker with the fewest. */
  open(request: Omit<OpenRequest, "slot">): void {
    const weight = ({ slots, heap }: Member) => slots.size + (heap > HEAP_FULL ? 1_000 : 0);
    const member = this.members.reduce((best, each) => (weight(each) < weight(best) ? each : best));
    const slot = ++this.slots;
    member.slots.set(slot, request.key);
    if (member.opening.size === 0 && !member.asked) member.heard = performance.now();
    member.opening.add(request.key);
    this.homes.set(request.key, member);
    this.post(member, { type: "open", ...request, slot });
  }

  send(message: Extract<ToWorker, { key: string }>): void {
    const member = this.homes.get(message.key);
    if (member) this.post(member, message);
  }

  /** Sends a request and resolves with its answer; rejects with a Refusal, or when the worker is lost. */
  ask<T>(message: Ask): Promise<T> {
    const member = this.homes.get(message.key);
    if (member === undefined) return Promise.reject(new Refusal("gone", "the session is not running"));
    const id = ++this.ids;
    return new Promise((resolve, reject) => {
      this.questions.set(id, { member, resolve: resolve as (value: unknown) => void, reject });
      this.post(member, { ...message, id } as ToWorker);
    });
  }

  close(key: string): void {
    this.send({ type: "close", key });
    this.forget(key);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await Promise.all(this.members.map(({ worker }) => worker.terminate()));
  }

  private forget(key: string): void {
    const member = this.homes.get(key);
    if (member === undefined) return;
    this.homes.delete(key);
    member.opening.delete(key);
    for (const [slot, each] of member.slots) if (each === key) member.slots.delete(slot);
  }

  private post(member: Member, message: ToWorker): void {
    member.worker.postMessage(message);
  }

  private begin(): Member {
    const shared = new SharedArrayBuffer(4);
    const worker = new Worker(this.entry, {
      workerData: { busy: shared },
      resourceLimits: { maxOldGenerationSizeMb: this.heapMb },
    });
    const member: Member = {
      worker,
      busy: new Int32Array(shared),
      slots: new Map(),
      opening: new Set(),
      heard: performance.now(),
      asked: false,
      heap: 0,
    };
    worker.on("message", (message: FromWorker) => this.hear(member, message));
    worker.on("error", (error) => {
      this.log.error({ err: error }, "worker failed");
      this.lose(member);
    });
    worker.on("exit", (code) => {
      if (!this.stopped && this.members.includes(member)) {
        this.log.error({ code }, "worker ended");
        this.lose(member);
      }
    });
    return member;
  }

  private hear(member: Member, message: FromWorker): void {
    member.heard = performance.now();
    switch (message.type) {
      case "pong":
        member.asked = false;
        member.heap = message.heap;
        return;
      case "answer":
      case "refused": {
        const question = this.questions.get(message.id);
        this.questions.delete(message.id);
        if (message.type === "answer") question?.resolve(message.value);
        else question?.reject(new Refusal(message.code, message.message));
        return;
      }
      case "opened":
        member.opening.delete(message.key);
        break;
      case "failed":
        if (this.homes.get(message.key) === member) this.close(message.key);
        break;
    }
    this.events.message(message);
  }

  private watch(): void {
    const now = performance.now();
    for (const member of [...this.members]) {
      const running = member.slots.get(Atomics.load(member.busy, 0));
      const limit = running !== undefined && member.opening.has(running) ? STUCK_OPENING : this.stuckAfter;
      if (member.asked && now - member.heard > limit) {
        this.log.error({ ms: Math.round(now - member.heard) }, "worker does not answer; ended");
        this.lose(member);
      } else if (!member.asked) {
        member.asked = true;
        member.heard = now;
        this.post(member, { type: "ping", id: ++this.ids });
      }
    }
  }

  /** Puts a new worker in the place of one that is gone or stuck. */
  private lose(member: Member): void {
    const at = this.members.indexOf(member);
    if (at < 0 || this.stopped) return;
    this.members[at] = this.begin();
    const culprit = member.slots.get(Atomics.load(member.busy, 0));
    const keys = [...member.slots.values()];
    for (const key of keys) this.homes.delete(key);
    for (const [id, question] of this.questions) {
      if (question.member !== member) continue;
      this.questions.delete(id);
      question.reject(new Refusal("lost", "the worker was ended"));
    }
    void member.worker.terminate();
    this.events.lost(keys, culprit);
  }
}
