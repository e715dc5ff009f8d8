import type { Point, Scrape } from "./scrape.ts";

/** A container is judged by its start, when it is younger than the time between two scrapes but not than this, in ms. */
const FRESH_LEAST = 10_000;

/** Use over a window: CPU in ns a second, memory in bytes at its end. */
export interface Usage {
  cpu: number;
  memory: number;
}

export interface Measured<T> {
  /** ms since 1970. */
  at: number;
  windowMs: number;
  usage: T;
}

/** Two points, the older first. */
interface Pair {
  last: Point;
  before: Point | undefined;
}

/** The last two points of every node and container (metrics-server pkg/storage): use is what lies between them. */
export class MetricsStorage {
  private readonly resolutionMs: number;
  private nodes = new Map<string, Pair>();
  private pods = new Map<string, Map<string, Pair>>();

  constructor(resolutionMs: number) {
    this.resolutionMs = resolutionMs;
  }

  /** Some scrape has been kept: the server may call itself ready. */
  get ready(): boolean {
    return this.nodes.size > 0 || this.pods.size > 0;
  }

  /** Takes a round of scrapes by node. What was not in it is forgotten. */
  store(round: ReadonlyMap<string, Scrape>): void {
    const nodes = new Map<string, Pair>();
    const pods = new Map<string, Map<string, Pair>>();
    for (const [name, scrape] of round) {
      if (scrape.node !== undefined) nodes.set(name, this.follow(this.nodes.get(name), scrape.node));
      for (const [key, containers] of scrape.pods) {
        const before = this.pods.get(key);
        const pairs = new Map<string, Pair>();
        for (const [container, point] of containers) pairs.set(container, this.follow(before?.get(container), point));
        pods.set(key, pairs);
      }
    }
    this.nodes = nodes;
    this.pods = pods;
  }

  private follow(old: Pair | undefined, last: Point): Pair {
    if (old !== undefined && last.at <= old.last.at) return old;
    const restarted = old !== undefined && last.startedAt !== old.last.startedAt;
    if (old !== undefined && !restarted && last.cpu >= old.last.cpu) return { last, before: old.last };
    const age = last.at - last.startedAt;
    const fresh = last.startedAt > 0 && age >= FRESH_LEAST && age < this.resolutionMs;
    return { last, before: fresh ? { ...last, at: last.startedAt, cpu: 0 } : undefined };
  }

  node(name: string): Measured<Usage> | undefined {
    return measured(this.nodes.get(name));
  }

  /** By container; undefined while one of them cannot be told. */
  pod(key: string): Measured<ReadonlyMap<string, Usage>> | undefined {
    const pairs = this.pods.get(key);
    if (pairs === undefined || pairs.size === 0) return undefined;
    const usage = new Map<string, Usage>();
    let earliest: Measured<Usage> | undefined;
    for (const [container, pair] of pairs) {
      const one = measured(pair);
      if (one === undefined) return undefined;
      usage.set(container, one.usage);
      if (earliest === undefined || one.at < earliest.at) earliest = one;
    }
    return { at: earliest!.at, windowMs: earliest!.windowMs, usage };
  }
}

function measured(pair: Pair | undefined): Measured<Usage> | undefined {
  if (pair?.before === undefined) return undefined;
  const { last, before } = pair;
  const windowMs = last.at - before.at;
  const cpu = Math.round(((last.cpu - before.cpu) * 1000) / windowMs);
  return { at: last.at, windowMs, usage: { cpu, memory: last.memory } };
}
