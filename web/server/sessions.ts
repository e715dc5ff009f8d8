import { randomInt } from "node:crypto";
import { nanoid } from "nanoid";
import { type Lab, loadLab } from "../../grader/lab.ts";
import { LiveSession, type LiveSessionParts } from "./live-session.ts";
import type { SessionRow } from "./store.ts";

/** Sessions in memory at once, as far as there is memory; those that nobody looks at make room first. */
const MAX_RUNNING = 200;
/** Unwatched for so long, a session leaves its worker, ms. */
const SLEEP_AFTER = 10 * 60_000;
const SWEEP_EVERY = 30_000;

/** Every session that somebody looked at lately, by id. */
export class Sessions {
  private readonly live = new Map<string, LiveSession>();
  private readonly parts: LiveSessionParts;
  private readonly sweeper: NodeJS.Timeout;

  constructor(parts: LiveSessionParts) {
    this.parts = parts;
    this.sweeper = setInterval(() => void this.sweep(), SWEEP_EVERY);
    this.sweeper.unref();
  }

  /** A person's own session; undefined when there is none of that id. */
  async find(id: string, person: string): Promise<LiveSession | undefined> {
    const known = this.live.get(id);
    if (known) return known.row.person === person ? known : undefined;
    const row = await this.parts.store.session(id);
    if (row === undefined || row.person !== person) return undefined;
    // Two pages may have asked at once.
    const live = this.live.get(id) ?? new LiveSession(row, this.parts);
    this.live.set(id, live);
    return live;
  }

  /** What a learner has earned in a session that is in memory. */
  earnedIn(id: string): readonly string[] {
    return this.live.get(id)?.earned ?? [];
  }

  ofPerson(person: string): Promise<SessionRow[]> {
    return this.parts.store.sessionsOf(person);
  }

  /** Begins a session; another one of the same person and lab is left. */
  async begin(person: string, lab: Lab, seed?: number, marks: Record<string, string> = {}): Promise<SessionRow> {
    const now = Date.now();
    const row: SessionRow = {
      id: nanoid(),
      person,
      lab: lab.id,
      seed: seed ?? randomInt(1, 0xffff_ffff),
      engine: this.parts.engines.current,
      epoch: Date.parse(lab.epoch),
      created: now,
      seen: now,
      left: 0,
      at: 0,
      event_index: 0,
      paused: 0,
      speed: 1,
      marks: JSON.stringify(marks),
      passed: 0,
      tasks: lab.tasks.length,
      score: 0,
      max_score: lab.tasks.reduce((sum, { points }) => sum + points, 0),
    };
    await this.parts.store.addSession(row);
    return row;
  }

  /** Whether a session is in memory or may be brought there; lets an unwatched one sleep for it. */
  async roomFor({ row }: LiveSession): Promise<boolean> {
    const { pool } = this.parts;
    if (pool.has(row.id) || (pool.size < MAX_RUNNING && !pool.full)) return true;
    const [oldest] = [...this.live.values()]
      .filter((live) => !live.watched && pool.has(live.row.id))
      .sort((a, b) => a.idleSince - b.idleSince);
    await oldest?.sleep();
    return oldest !== undefined;
  }

  hear(...args: Parameters<LiveSession["hear"]>): void {
    this.live.get(args[0].key)?.hear(...args);
  }

  lost(keys: readonly string[], culprit: string | undefined): void {
    this.parts.metrics.lost.inc();
    for (const key of keys) void this.live.get(key)?.lost(culprit === undefined || key === culprit);
  }

  /** Every session leaves its worker with its instant written down. */
  async stop(): Promise<void> {
    clearInterval(this.sweeper);
    await Promise.all([...this.live.values()].map((live) => live.halt()));
  }

  private async sweep(): Promise<void> {
    this.parts.metrics.sessions.set(this.parts.pool.size);
    for (const [id, live] of this.live) {
      if (live.watched || Date.now() - live.idleSince < SLEEP_AFTER) continue;
      await live.sleep();
      if (!live.watched) this.live.delete(id);
    }
  }
}

/** A lab by its id, or undefined. */
export function findLab(id: string): Lab | undefined {
  try {
    return loadLab(id);
  } catch {
    return undefined;
  }
}
