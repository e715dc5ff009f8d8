import { collatingCharacter } from "./collating.ts";

/**
 * Shell patterns: `*`, `?`, `[…]` and extended globs, in a text where a backslash makes the next character literal.
 * Own matcher with memory, so that no pattern takes more than (pattern × text) steps.
 */
type Node =
  | { k: "char"; c: string }
  | { k: "any" }
  | { k: "star" }
  | { k: "set"; negate: boolean; has: (c: string) => boolean }
  | { k: "ext"; op: string; alternatives: Node[][] };

export interface PatternOptions {
  /** Letter case does not matter. */
  ignoreCase?: boolean;
  /** `?( *( +( @( !(` are extended globs; true by default. */
  extglob?: boolean;
  /** `*` and `?` do not match a slash. */
  path?: boolean;
  /** A dot at the beginning is matched by a dot only. */
  period?: boolean;
}

const cache = new Map<string, Pattern>();

/** A compiled pattern; compiled ones are remembered. */
export function pattern(text: string, options: PatternOptions = {}): Pattern {
  const key = `${options.ignoreCase ? "i" : ""}${options.extglob === false ? "" : "e"}${options.path ? "p" : ""}${options.period ? "d" : ""} ${text}`;
  let found = cache.get(key);
  if (found === undefined) {
    found = new Pattern(text, options);
    if (cache.size > 1_000) cache.clear();
    cache.set(key, found);
  }
  return found;
}

/** Backslashes before every character that is special in a pattern. */
export function escapePattern(text: string): string {
  return /[*?[\]\\()|@!+]/.test(text) ? text.replace(/[*?[\]\\()|@!+]/g, "\\$&") : text;
}

/** True when a bracket that was opened before `i` is closed: a slash in it makes it none. */
function closesBracket(text: string, i: number): boolean {
  for (; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === "/") return false;
    else if (text[i] === "]") return true;
  }
  return false;
}

/** True when an unquoted special character is in the text. */
export function hasGlob(text: string, extglob: boolean): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === "\\") i++;
    else if (c === "*" || c === "?") return true;
    else if (c === "[" && closesBracket(text, i + 1)) return true;
    else if (extglob && text[i + 1] === "(" && (c === "@" || c === "+" || c === "!")) return true;
  }
  return false;
}

export class Pattern {
  private readonly nodes: Node[];
  private readonly fold: boolean;
  private readonly path: boolean;
  private readonly period: boolean;
  private readonly extglob: boolean;
  /** The text when it has nothing special. */
  readonly literal: string | undefined;
  private steps = 0;

  constructor(text: string, options: PatternOptions) {
    this.fold = options.ignoreCase ?? false;
    this.path = options.path ?? false;
    this.period = options.period ?? false;
    this.extglob = options.extglob ?? true;
    this.nodes = this.compile(this.fold ? text.toLowerCase() : text);
    this.literal = this.nodes.every((node) => node.k === "char")
      ? this.nodes.map((node) => (node as { c: string }).c).join("")
      : undefined;
  }

  private compile(text: string): Node[] {
    const nodes: Node[] = [];
    for (let i = 0; i < text.length; ) {
      const c = String.fromCodePoint(text.codePointAt(i)!);
      if (c === "\\" && i + 1 < text.length) {
        const next = String.fromCodePoint(text.codePointAt(i + 1)!);
        nodes.push({ k: "char", c: next });
        i += 1 + next.length;
        continue;
      }
      if (this.extglob && "?*+@!".includes(c) && text[i + 1] === "(") {
        const end = closeExt(text, i + 2);
        if (end > 0) {
          const alternatives = splitExt(text.slice(i + 2, end)).map((part) => this.compile(part));
          nodes.push({ k: "ext", op: c, alternatives });
          i = end + 1;
          continue;
        }
        // Without its parenthesis all of the rest is a plain text.
        for (const rest of text.slice(i)) nodes.push({ k: "char", c: rest });
        break;
      }
      if (c === "*") {
        if (nodes.at(-1)?.k !== "star") nodes.push({ k: "star" });
      } else if (c === "?") nodes.push({ k: "any" });
      else if (c === "[") {
        const set = bracket(text, i, this.fold);
        if (set) {
          nodes.push({ k: "set", negate: set.negate, has: set.has });
          i = set.end;
          continue;
        }
        nodes.push({ k: "char", c });
      } else nodes.push({ k: "char", c });
      i += c.length;
    }
    return nodes;
  }

  /** True when the whole text matches. */
  matches(text: string): boolean {
    const subject = this.fold ? text.toLowerCase() : text;
    if (this.literal !== undefined) return subject === this.literal;
    const chars = [...subject];
    return this.ends(chars, 0).has(chars.length);
  }

  /** Every position where a match that starts at `from` may end. */
  ends(chars: readonly string[], from: number): Set<number> {
    this.steps = 0;
    return this.run(this.nodes, chars, new Set([from]));
  }

  /** Lengths are of code points: `chars` is `[...text]`, folded when case does not matter. */
  prepare(text: string): string[] {
    return [...(this.fold ? text.toLowerCase() : text)];
  }

  private run(nodes: readonly Node[], chars: readonly string[], starts: Set<number>): Set<number> {
    let at = starts;
    for (const node of nodes) {
      if (at.size === 0) return at;
      const next = new Set<number>();
      switch (node.k) {
        case "char":
          for (const i of at) if (chars[i] === node.c) next.add(i + 1);
          break;
        case "any":
          for (const i of at)
            if (i < chars.length && !(this.path && chars[i] === "/") && !this.hides(i, chars)) next.add(i + 1);
          break;
        case "set":
          for (const i of at)
            if (
              i < chars.length &&
              node.has(chars[i]!) !== node.negate &&
              !(this.path && chars[i] === "/") &&
              !this.hides(i, chars)
            )
              next.add(i + 1);
          break;
        case "star": {
          let low = chars.length + 1;
          for (const i of at) low = Math.min(low, i);
          if (this.hides(low, chars)) {
            next.add(low);
            low = Math.min(...[...at].filter((i) => i > 0), chars.length + 1);
          }
          if (!this.path) for (let i = low; i <= chars.length; i++) next.add(i);
          else
            for (const start of at)
              for (let i = start; i <= chars.length; i++) {
                next.add(i);
                if (chars[i] === "/") break;
              }
          break;
        }
        case "ext":
          this.extended(node, chars, at, next);
      }
      at = next;
    }
    return at;
  }

  /** True for a dot that only a dot in the pattern matches. */
  private hides(i: number, chars: readonly string[]): boolean {
    return this.period && i === 0 && chars[0] === ".";
  }

  private extended(node: Node & { k: "ext" }, chars: readonly string[], at: Set<number>, out: Set<number>): void {
    if (++this.steps > 20_000) return;
    const once = (from: Set<number>): Set<number> => {
      const ends = new Set<number>();
      for (const nodes of node.alternatives) for (const end of this.run(nodes, chars, from)) ends.add(end);
      return ends;
    };
    if (node.op === "!") {
      for (const i of at) {
        const ends = once(new Set([i]));
        if (this.hides(i, chars)) continue;
        for (let k = i; k <= chars.length; k++) if (!ends.has(k)) out.add(k);
      }
      return;
    }
    if (node.op === "?" || node.op === "*") for (const i of at) out.add(i);
    let ends = once(at);
    if (node.op === "@" || node.op === "?") {
      for (const i of ends) out.add(i);
      return;
    }
    const seen = new Set<number>();
    while (ends.size > 0) {
      const fresh = new Set<number>();
      for (const i of ends)
        if (!seen.has(i)) {
          seen.add(i);
          fresh.add(i);
          out.add(i);
        }
      ends = fresh.size > 0 ? once(fresh) : fresh;
    }
  }
}

/** Tells of each `(`, `)` and `|` from `i` on that is neither quoted nor in brackets (PATSCAN of bash's sm_loop.c). */
function* separators(text: string, i: number): Generator<number> {
  /** Where the list of a bracket begins that is open, and the `:` of a class in it. */
  let first = -1;
  let named = "";
  for (; i < text.length; i++) {
    const c = text[i]!;
    if (c === "\\") i++;
    else if (c === "[" && first < 0) {
      first = i + 1;
      if (text[first] === "!" || text[first] === "^") first++;
    } else if (c === "[" && ":.=".includes(text[i + 1] ?? "no")) named = text[i + 1]!;
    else if (c === "]" && first >= 0) {
      if (named !== "" && text[i - 1] === named) named = "";
      else if (i !== first) first = -1;
    } else if (first < 0 && (c === "(" || c === ")" || c === "|")) yield i;
  }
}

/** The parenthesis that closes an extended glob whose text begins at `i`; -1 when there is none. */
function closeExt(text: string, i: number): number {
  let depth = 0;
  for (const at of separators(text, i)) {
    if (text[at] === "(") depth++;
    else if (text[at] === ")" && depth-- === 0) return at;
  }
  return -1;
}

function splitExt(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (const at of separators(text, 0)) {
    if (text[at] === "(") depth++;
    else if (text[at] === ")") depth--;
    else if (depth === 0) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/** Patterns between colons, as GLOBIGNORE has them: none parts what stands in brackets or parentheses. */
export function splitPatterns(text: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let i = 0; i <= text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === "[") i = Math.max(i, text.indexOf("]", i + 2));
    else if (text[i] === "(" && i > 0 && "?*+@!".includes(text[i - 1]!)) i = Math.max(i, closeExt(text, i + 1));
    else if (text[i] === ":" || i === text.length) {
      if (i > start) parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  return parts;
}

const CLASSES: Record<string, (c: string) => boolean> = {
  alpha: (c) => /\p{L}/u.test(c),
  digit: (c) => c >= "0" && c <= "9",
  alnum: (c) => /[\p{L}0-9]/u.test(c),
  upper: (c) => /\p{Lu}/u.test(c),
  lower: (c) => /\p{Ll}/u.test(c),
  space: (c) => /[ \t\n\r\f\v]/.test(c),
  blank: (c) => c === " " || c === "\t",
  punct: (c) => /[!-/:-@[-`{-~]/.test(c),
  cntrl: (c) => c < " " || c === "\x7f",
  print: (c) => c >= " " && c !== "\x7f",
  graph: (c) => c > " " && c !== "\x7f",
  xdigit: (c) => /[0-9a-fA-F]/.test(c),
  word: (c) => /[A-Za-z0-9_]/.test(c),
  ascii: (c) => c < "\x80",
};

/** A character of a bracket expression, or the collating symbol or class that is one. */
function member(text: string, k: number): { char: string | undefined; end: number } {
  if (text[k] === "[" && (text[k + 1] === "." || text[k + 1] === "=")) {
    const end = text.indexOf(`${text[k + 1]}]`, k + 2);
    if (end > 0) return { char: collatingCharacter(text.slice(k + 2, end)), end: end + 2 };
  }
  if (text[k] === "\\" && text[k + 1] !== undefined) k++;
  const char = String.fromCodePoint(text.codePointAt(k)!);
  return { char, end: k + char.length };
}

/** Reads a bracket expression whose `[` is at `i`; undefined when it is not closed. */
function bracket(
  text: string,
  i: number,
  fold: boolean,
): { negate: boolean; has: (c: string) => boolean; end: number } | undefined {
  let k = i + 1;
  const negate = text[k] === "!" || text[k] === "^";
  if (negate) k++;
  const ranges: [string, string][] = [];
  const classes: ((c: string) => boolean)[] = [];
  for (let first = true; ; first = false) {
    const c = text[k];
    if (c === undefined) return undefined;
    if (c === "]" && !first) break;
    if (c === "[" && text[k + 1] === ":") {
      const end = text.indexOf(":]", k + 2);
      if (end > 0) {
        classes.push(CLASSES[text.slice(k + 2, end)] ?? (() => false));
        k = end + 2;
        continue;
      }
      // A class that does not end: only its bracket is lost.
      k++;
    }
    const low = member(text, k);
    k = low.end;
    if (text[k] === "-" && text[k + 1] !== "]" && text[k + 1] !== undefined) {
      const high = member(text, k + 1);
      k = high.end;
      // A collating symbol that there is not stands for nothing.
      if (low.char !== undefined && high.char !== undefined) ranges.push([low.char, high.char]);
    } else if (low.char !== undefined) ranges.push([low.char, low.char]);
  }
  const has = (c: string): boolean => {
    const code = c.codePointAt(0)!;
    for (const [low, high] of ranges) {
      if (code >= low.codePointAt(0)! && code <= high.codePointAt(0)!) return true;
    }
    return classes.some((test) => test(c) || (fold && test(c.toUpperCase())));
  };
  return { negate, has, end: k + 1 };
}
