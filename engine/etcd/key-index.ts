import type { KeyValue } from "./types.ts";

/** All revisions of one key, oldest first; a tombstone (version 0) ends each generation. */
export interface KeyHistory {
  readonly key: string;
  readonly entries: KeyValue[];
}

const CHUNK = 256;

/**
 * Keys in order, as sorted chunks of at most 2 × 256: an insert moves little, a walk touches neighbours only. Order is
 * by UTF-16 code unit, which for ASCII keys is etcd's byte order. Most keys are read by name alone, so a new one finds
 * its place among the others when somebody walks.
 */
export class KeyIndex {
  private readonly byKey = new Map<string, KeyHistory>();
  private chunks: KeyHistory[][] = [];
  /** New keys that have no place yet. */
  private unplaced: KeyHistory[] = [];

  get size(): number {
    return this.byKey.size;
  }

  get(key: string): KeyHistory | undefined {
    return this.byKey.get(key);
  }

  /** The history of a key, made empty when there is none. */
  open(key: string): KeyHistory {
    let history = this.byKey.get(key);
    if (history === undefined) {
      history = { key, entries: [] };
      this.byKey.set(key, history);
      this.unplaced.push(history);
    }
    return history;
  }

  remove(key: string): void {
    if (!this.byKey.delete(key)) return;
    this.place();
    const c = this.chunkOf(key);
    const chunk = this.chunks[c]!;
    chunk.splice(position(chunk, key), 1);
    if (chunk.length === 0) this.chunks.splice(c, 1);
  }

  /** Histories from `start` up to but without `end` (undefined: to the last), in order. Do not insert or remove meanwhile. */
  *walk(start: string, end: string | undefined): Generator<KeyHistory> {
    this.place();
    let c = this.chunkOf(start);
    let chunk = this.chunks[c];
    if (chunk === undefined) return;
    let i = position(chunk, start);
    while (chunk !== undefined) {
      for (; i < chunk.length; i++) {
        const history = chunk[i]!;
        if (end !== undefined && history.key >= end) return;
        yield history;
      }
      chunk = this.chunks[++c];
      i = 0;
    }
  }

  /** The first chunk whose last key is not below `key`. */
  private chunkOf(key: string): number {
    let low = 0;
    let high = this.chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const chunk = this.chunks[middle]!;
      if (chunk[chunk.length - 1]!.key < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private place(): void {
    if (this.unplaced.length === 0) return;
    for (const history of this.unplaced) this.insert(history);
    this.unplaced = [];
  }

  private insert(history: KeyHistory): void {
    if (this.chunks.length === 0) {
      this.chunks.push([history]);
      return;
    }
    const c = Math.min(this.chunkOf(history.key), this.chunks.length - 1);
    const chunk = this.chunks[c]!;
    chunk.splice(position(chunk, history.key), 0, history);
    if (chunk.length > 2 * CHUNK) this.chunks.splice(c, 1, chunk.slice(0, CHUNK), chunk.slice(CHUNK));
  }
}

/** Where `key` is, or would be, in a sorted chunk. */
function position(chunk: readonly KeyHistory[], key: string): number {
  let low = 0;
  let high = chunk.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (chunk[middle]!.key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What a key was at `revision`; undefined when it did not exist then. */
export function at(history: KeyHistory, revision: number): KeyValue | undefined {
  const { entries } = history;
  for (let i = entries.length - 1; i >= 0; i--) {
    const entry = entries[i]!;
    if (entry.modRevision <= revision) return entry.version === 0 ? undefined : entry;
    if (i > 8) {
      // Deep in the past: halve instead of walking.
      let low = 0;
      let high = i;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (entries[middle]!.modRevision <= revision) low = middle + 1;
        else high = middle;
      }
      i = low;
    }
  }
  return undefined;
}
