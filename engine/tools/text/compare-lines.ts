/** Which lines of two texts differ: Myers' algorithm in linear space, as GNU diff has it (lib/diffseq.h, src/analyze.c). */
import { cpu, type Gen } from "../../kernel/index.ts";
import type { Change } from "./diff-output.ts";

/** Comparisons after which others get their turn: some milliseconds. */
const SLICE = 200_000;

/** What is compared: numbers of lines, which of them changed, and how much was done since others had their turn. */
interface Work {
  x: Int32Array;
  y: Int32Array;
  deleted: Uint8Array;
  inserted: Uint8Array;
  forward: Int32Array;
  backward: Int32Array;
  /** Where diagonal 0 stands in these. */
  origin: number;
  /** Costs beyond which the best place so far must do. */
  dear: number;
  done: number;
}

/** The changes that make one list of lines of another. */
export function* compareLines(a: readonly string[], b: readonly string[]): Gen<Change[]> {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let endA = a.length;
  let endB = b.length;
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA--;
    endB--;
  }
  const numbers = new Map<string, number>();
  const numbered = (lines: readonly string[], end: number) =>
    Int32Array.from({ length: end - start }, (_, i) => {
      const line = lines[start + i]!;
      let number = numbers.get(line);
      if (number === undefined) numbers.set(line, (number = numbers.size));
      return number;
    });
  const x = numbered(a, endA);
  const y = numbered(b, endB);
  const diagonals = x.length + y.length + 3;
  let dear = 1;
  for (let n = diagonals; n !== 0; n >>= 2) dear <<= 1;
  const work: Work = {
    x,
    y,
    deleted: new Uint8Array(x.length + 1),
    inserted: new Uint8Array(y.length + 1),
    forward: new Int32Array(diagonals),
    backward: new Int32Array(diagonals),
    origin: y.length + 1,
    dear: Math.max(4096, dear),
    done: 0,
  };
  const [keptX, keptY] = matchable(x, y, numbers.size);
  for (let i = 0; i < x.length; i++) if (!keptX[i]) work.deleted[i] = 1;
  for (let j = 0; j < y.length; j++) if (!keptY[j]) work.inserted[j] = 1;
  yield* compared(work, keptX, keptY);
  slide(x, work.deleted, work.inserted);
  slide(y, work.inserted, work.deleted);
  return changesOf(work, start);
}

/** Lines that are in the other text too: no others need to be compared. */
function matchable(x: Int32Array, y: Int32Array, numbers: number): [x: Uint8Array, y: Uint8Array] {
  const [inX, inY] = [new Uint8Array(numbers), new Uint8Array(numbers)];
  for (const line of x) inX[line] = 1;
  for (const line of y) inY[line] = 1;
  return [Uint8Array.from(x, (line) => inY[line]!), Uint8Array.from(y, (line) => inX[line]!)];
}

/** Compares what may match, box by box: from a place both sides pass, what is before it and what is behind it. */
function* compared(all: Work, keptX: Uint8Array, keptY: Uint8Array): Gen<void> {
  const places = (kept: Uint8Array) => Int32Array.from([...kept.keys()].filter((i) => kept[i]));
  const [atX, atY] = [places(keptX), places(keptY)];
  const work = { ...all, x: atX.map((i) => all.x[i]!), y: atY.map((j) => all.y[j]!) };
  const { x, y } = work;
  const boxes: [x0: number, x1: number, y0: number, y1: number][] = [[0, x.length, 0, y.length]];
  for (let box = boxes.pop(); box !== undefined; box = boxes.pop()) {
    let [x0, x1, y0, y1] = box;
    while (x0 < x1 && y0 < y1 && x[x0] === y[y0]) {
      x0++;
      y0++;
    }
    while (x0 < x1 && y0 < y1 && x[x1 - 1] === y[y1 - 1]) {
      x1--;
      y1--;
    }
    if (x0 === x1) for (let j = y0; j < y1; j++) all.inserted[atY[j]!] = 1;
    else if (y0 === y1) for (let i = x0; i < x1; i++) all.deleted[atX[i]!] = 1;
    else {
      const [row, column] = yield* middle(work, x0, x1, y0, y1);
      boxes.push([row, x1, column, y1], [x0, row, y0, column]);
    }
  }
}

/** A place on a shortest way through a box whose corners do not match: where ways from both corners meet. */
function* middle(work: Work, x0: number, x1: number, y0: number, y1: number): Gen<[number, number]> {
  const { x, y, forward, backward, origin } = work;
  const [lowest, highest] = [x0 - y1, x1 - y0];
  const [first, last] = [x0 - y0, x1 - y1];
  const odd = ((first - last) & 1) !== 0;
  let [lowF, highF, lowB, highB] = [first, first, last, last];
  forward[origin + first] = x0;
  backward[origin + last] = x1;
  for (let cost = 1; ; cost++) {
    if (work.done > SLICE) {
      yield* cpu(work.done >> 6);
      work.done = 0;
    }
    // One edit further from the start of the box, on every diagonal that this reaches.
    if (lowF > lowest) forward[origin + --lowF - 1] = -1;
    else lowF++;
    if (highF < highest) forward[origin + ++highF + 1] = -1;
    else highF--;
    for (let d = highF; d >= lowF; d -= 2) {
      const [below, above] = [forward[origin + d - 1]!, forward[origin + d + 1]!];
      let at = below < above ? above : below + 1;
      const from = at;
      while (at < x1 && at - d < y1 && x[at] === y[at - d]) at++;
      work.done += at - from + 1;
      forward[origin + d] = at;
      if (odd && d >= lowB && d <= highB && backward[origin + d]! <= at) return [at, at - d];
    }
    // And one from its end.
    if (lowB > lowest) backward[origin + --lowB - 1] = 0x7fffffff;
    else lowB++;
    if (highB < highest) backward[origin + ++highB + 1] = 0x7fffffff;
    else highB--;
    for (let d = highB; d >= lowB; d -= 2) {
      const [below, above] = [backward[origin + d - 1]!, backward[origin + d + 1]!];
      let at = below < above ? below : above - 1;
      const from = at;
      while (at > x0 && at - d > y0 && x[at - 1] === y[at - d - 1]) at--;
      work.done += from - at + 1;
      backward[origin + d] = at;
      if (!odd && d >= lowF && d <= highF && at <= forward[origin + d]!) return [at, at - d];
    }
    if (cost >= work.dear) return farthest(work, [x0, x1, y0, y1], [lowF, highF, lowB, highB]);
  }
}

/** A way that became too dear: the place that was got farthest to, from either corner. */
function farthest(
  { forward, backward, origin }: Work,
  [x0, x1, y0, y1]: readonly [number, number, number, number],
  [lowF, highF, lowB, highB]: readonly [number, number, number, number],
): [number, number] {
  let best: [sum: number, at: number] = [-1, x0];
  for (let d = highF; d >= lowF; d -= 2) {
    let at = Math.min(forward[origin + d]!, x1);
    if (at - d > y1) at = y1 + d;
    if (at + at - d > best[0]) best = [at + at - d, at];
  }
  let least: [sum: number, at: number] = [Number.POSITIVE_INFINITY, x1];
  for (let d = highB; d >= lowB; d -= 2) {
    let at = Math.max(x0, backward[origin + d]!);
    if (at - d < y0) at = y0 + d;
    if (at + at - d < least[0]) least = [at + at - d, at];
  }
  const [sum, at] = x1 + y1 - least[0] < best[0] - (x0 + y0) ? best : least;
  return [at, sum - at];
}

/**
 * Moves each run of changed lines as far down as equal lines let it, so that it joins others, and back to where the
 * other text has a change too, if it passed one.
 */
function slide(lines: Int32Array, changed: Uint8Array, others: Uint8Array): void {
  const end = lines.length;
  let i = 0;
  /** The line of the other text that stands beside line `i`. */
  let j = 0;
  const before = () => {
    do j--;
    while (j >= 0 && others[j]);
  };
  for (;;) {
    while (i < end && !changed[i]) {
      while (others[j++]);
      i++;
    }
    if (i >= end) return;
    let start = i;
    while (changed[++i]);
    while (others[j]) j++;
    let meets = end;
    let length: number;
    do {
      length = i - start;
      while (start > 0 && lines[start - 1] === lines[i - 1]) {
        changed[--start] = 1;
        changed[--i] = 0;
        while (start > 0 && changed[start - 1]) start--;
        before();
      }
      meets = j > 0 && others[j - 1] ? i : end;
      while (i < end && lines[start] === lines[i]) {
        changed[start++] = 0;
        changed[i++] = 1;
        while (changed[i]) i++;
        while (others[++j]) meets = i;
      }
    } while (length !== i - start);
    while (meets < i) {
      changed[--start] = 1;
      changed[--i] = 0;
      before();
    }
  }
}

function changesOf({ x, y, deleted, inserted }: Work, start: number): Change[] {
  const changes: Change[] = [];
  for (let i = 0, j = 0; i < x.length || j < y.length; ) {
    if (!(i < x.length && deleted[i]) && !(j < y.length && inserted[j])) {
      i++;
      j++;
      continue;
    }
    const change = { a: start + i, na: 0, b: start + j, nb: 0 };
    while (i < x.length && deleted[i]) {
      i++;
      change.na++;
    }
    while (j < y.length && inserted[j]) {
      j++;
      change.nb++;
    }
    changes.push(change);
  }
  return changes;
}
