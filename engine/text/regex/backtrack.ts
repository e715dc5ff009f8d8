import { ASCII_WORD, type Node, WORD } from "./ast.ts";

/** Steps of one search before it is given up as hopeless: GNU's matcher would run on for minutes. */
const MAX_STEPS = 2_000_000;

export interface BacktrackOptions {
  groups: number;
  ignoreCase: boolean;
  multiline: boolean;
  /** POSIX: of all matches at the leftmost place, the longest. */
  longest: boolean;
  asciiWords: boolean;
}

type Matcher = (at: number, next: (at: number) => boolean) => boolean;

/** A search was given up. */
export class TooComplex extends Error {}

/**
 * A backtracking matcher for what a linear-time engine cannot do: back-references, look-around, word starts. Gives the
 * spans of a match that begins at or after `from`.
 */
export function backtracker(root: Node, options: BacktrackOptions): (text: string, from: number) => number[] | null {
  let text = "";
  let steps = 0;
  let spans: number[] = [];
  let keep = -1;
  const word = options.asciiWords ? ASCII_WORD : WORD;
  const isWord = (i: number): boolean => {
    const code = text.codePointAt(i);
    return code !== undefined && i >= 0 && inRanges(word, code);
  };
  const fold = (code: number): number => {
    if (code < 128) return code >= 65 && code <= 90 ? code + 32 : code;
    return String.fromCodePoint(code).toLowerCase().codePointAt(0)!;
  };
  const tick = () => {
    if (++steps > MAX_STEPS) throw new TooComplex();
  };

  /** Length of the one character a node takes at a place, or 0; undefined for nodes that are no single character. */
  function single(node: Node): ((at: number) => number) | undefined {
    if (node.t === "any") return (at) => (at < text.length ? width(at) : 0);
    if (node.t === "char") {
      const wanted = options.ignoreCase ? fold(node.code) : node.code;
      return (at) => {
        const code = text.codePointAt(at);
        return code !== undefined && (options.ignoreCase ? fold(code) : code) === wanted ? width(at) : 0;
      };
    }
    if (node.t !== "set") return undefined;
    return (at) => {
      const code = text.codePointAt(at);
      if (code === undefined) return 0;
      let inside = inRanges(node.ranges, code);
      if (!inside && options.ignoreCase) {
        const char = String.fromCodePoint(code);
        inside =
          inRanges(node.ranges, char.toLowerCase().codePointAt(0)!) ||
          inRanges(node.ranges, char.toUpperCase().codePointAt(0)!);
      }
      return inside !== node.negate ? width(at) : 0;
    };
  }

  function width(at: number): number {
    return text.codePointAt(at)! > 0xffff ? 2 : 1;
  }

  function compile(node: Node): Matcher {
    const one = single(node);
    if (one) {
      return (at, next) => {
        const length = one(at);
        return length > 0 && next(at + length);
      };
    }
    switch (node.t) {
      case "seq": {
        const parts = node.items.map(compile);
        const run = (i: number, at: number, next: (at: number) => boolean): boolean =>
          i === parts.length ? next(at) : parts[i]!(at, (end) => run(i + 1, end, next));
        return (at, next) => run(0, at, next);
      }
      case "alt": {
        const parts = node.items.map(compile);
        return (at, next) => parts.some((part) => part(at, next));
      }
      case "group": {
        const part = compile(node.node);
        const slot = node.index * 2;
        return (at, next) => {
          const [from, to] = [spans[slot]!, spans[slot + 1]!];
          const found = part(at, (end) => {
            const [f, t] = [spans[slot]!, spans[slot + 1]!];
            spans[slot] = at;
            spans[slot + 1] = end;
            if (next(end)) return true;
            spans[slot] = f;
            spans[slot + 1] = t;
            return false;
          });
          if (found) return true;
          spans[slot] = from;
          spans[slot + 1] = to;
          return false;
        };
      }
      case "rep":
        return repeat(node);
      case "atomic": {
        const part = compile(node.node);
        return (at, next) => {
          let end = -1;
          part(at, (e) => {
            end = e;
            return true;
          });
          return end >= 0 && next(end);
        };
      }
      case "look": {
        const part = compile(node.node);
        return (at, next) => {
          const saved = [...spans];
          let found = false;
          if (node.ahead) found = part(at, () => true);
          else for (let from = at; from >= 0 && !found; from--) found = part(from, (end) => end === at);
          if (found === node.negate) {
            spans = saved;
            return false;
          }
          return next(at);
        };
      }
      case "back":
        return (at, next) => {
          const from = spans[node.index * 2] ?? -1;
          if (from < 0) return false;
          const wanted = text.slice(from, spans[node.index * 2 + 1]!);
          const here = text.slice(at, at + wanted.length);
          const same = options.ignoreCase ? wanted.toLowerCase() === here.toLowerCase() : wanted === here;
          return same && next(at + wanted.length);
        };
      case "keep":
        return (at, next) => {
          const old = keep;
          keep = at;
          if (next(at)) return true;
          keep = old;
          return false;
        };
      case "at": {
        const { where } = node;
        return (at, next) => holds(where, at) && next(at);
      }
      default:
        throw new Error(`regex: ${node.t}`);
    }
  }

  function holds(where: string, at: number): boolean {
    switch (where) {
      case "^":
        return at === 0 || (options.multiline && text[at - 1] === "\n");
      case "$":
        return at === text.length || (options.multiline && text[at] === "\n");
      case "A":
        return at === 0;
      case "z":
        return at === text.length;
      case "Z":
        return at === text.length || (at === text.length - 1 && text[at] === "\n");
      case "<":
        return !isWord(at - 1) && isWord(at);
      case ">":
        return isWord(at - 1) && !isWord(at);
      default:
        return (isWord(at - 1) !== isWord(at)) === (where === "b");
    }
  }

  function repeat(node: Node & { t: "rep" }): Matcher {
    const { min, max, lazy, possessive } = node;
    const one = single(node.node);
    if (one && !lazy) {
      // Runs of single characters need no stack: count, then give back one at a time.
      return (at, next) => {
        const ends = [at];
        while (ends.length <= max) {
          const length = one(ends[ends.length - 1]!);
          if (length === 0) break;
          tick();
          ends.push(ends[ends.length - 1]! + length);
        }
        if (possessive) return ends.length > min && next(ends[ends.length - 1]!);
        for (let i = ends.length - 1; i >= min; i--) if (next(ends[i]!)) return true;
        return false;
      };
    }
    const part = compile(node.node);
    const run = (count: number, at: number, next: (at: number) => boolean): boolean => {
      tick();
      const more = () => count < max && part(at, (end) => (end !== at || count < min) && run(count + 1, end, next));
      if (count < min) return more();
      return lazy ? next(at) || more() : more() || next(at);
    };
    if (!possessive) return (at, next) => run(0, at, next);
    return (at, next) => {
      let end = -1;
      run(0, at, (e) => {
        end = e;
        return true;
      });
      return end >= 0 && next(end);
    };
  }

  const program = compile(root);
  return (input, from) => {
    text = input;
    steps = 0;
    for (let start = from; start <= text.length; start++) {
      if (start > 0 && start < text.length && isTrail(text, start)) continue;
      spans = new Array((options.groups + 1) * 2).fill(-1);
      keep = -1;
      let best: number[] | null = null;
      program(start, (end) => {
        if (best === null || end > best[1]!) {
          best = [...spans];
          best[0] = keep >= 0 ? keep : start;
          best[1] = end;
        }
        return !options.longest || end === text.length;
      });
      if (best !== null) return best;
    }
    return null;
  };
}

function isTrail(text: string, i: number): boolean {
  const unit = text.charCodeAt(i);
  const before = text.charCodeAt(i - 1);
  return unit >= 0xdc00 && unit < 0xe000 && before >= 0xd800 && before < 0xdc00;
}

function inRanges(ranges: readonly (readonly [number, number])[], code: number): boolean {
  for (const [from, to] of ranges) if (code >= from && code <= to) return true;
  return false;
}
