/**
 * Regular expressions of POSIX tools, without the host's RegExp: learners' patterns run in linear time (re2js), and only
 * what needs it (back-references, look-around) in a backtracking matcher with a limit on its steps.
 */
import { RE2JS } from "re2js";
import { ASCII_WORD, type Node, type Parsed, RegexError } from "./ast.ts";
import { backtracker } from "./backtrack.ts";
import { type DirectMatcher, directMatcher } from "./direct.ts";
import { parsePerl } from "./perl.ts";
import { parsePosix } from "./posix.ts";

export { TooComplex } from "./backtrack.ts";
export { RegexError };

export interface RegexOptions {
  /** `bre` and `ere` with GNU's extensions, leftmost-longest; `perl`: a part of PCRE; `awk`: ere with escapes in brackets; `literal`: plain text. */
  syntax: "bre" | "ere" | "awk" | "perl" | "literal";
  ignoreCase?: boolean;
  /** `^` and `$` match at line breaks within the text. */
  multiline?: boolean;
  /** Perl syntax: `.` matches a newline too; blanks and comments are ignored. */
  dotAll?: boolean;
  extended?: boolean;
  /** Perl syntax: `\w` and `\b` know letters beyond ASCII, as in Python and Oniguruma; PCRE's do not by default. */
  unicodeWords?: boolean;
  /** grep's tolerance: a lone `)` or a `*` with nothing before it is no error. */
  lenient?: boolean;
}

export interface RegexMatch {
  index: number;
  end: number;
  /** The whole match, then the groups. */
  groups: (string | undefined)[];
  /** Begin and end of each group in the text (UTF-16 units), -1 where it took no part. */
  spans: number[];
}

export interface Regex {
  readonly groupCount: number;
  readonly names: ReadonlyMap<string, number>;
  readonly warnings: readonly string[];
  /** The first match that begins at `from` or later. `^` and word boundaries see the text before `from`. */
  exec(text: string, from?: number): RegexMatch | null;
  test(text: string): boolean;
}

const cache = new Map<string, Regex>();

/** Compiles a pattern. Throws `RegexError` with regcomp's words ("Unmatched [, [^, …"). */
export function compileRegex(pattern: string, options: RegexOptions): Regex {
  const key = `${options.syntax} ${options.ignoreCase ?? ""} ${options.multiline ?? ""} ${options.dotAll ?? ""} ${options.extended ?? ""} ${options.lenient ?? ""} ${options.unicodeWords ?? ""} ${pattern}`;
  let regex = cache.get(key);
  if (regex === undefined) {
    regex = compile(pattern, options);
    if (cache.size > 500) cache.clear();
    cache.set(key, regex);
  }
  return regex;
}

function compile(pattern: string, options: RegexOptions): Regex {
  const parsed = parse(pattern, options);
  const ignoreCase = (options.ignoreCase ?? false) || parsed.ignoreCase;
  const text = literalOf(parsed.root);
  if (text !== undefined && text !== "" && !ignoreCase) return new LiteralRegex(text);
  const longest = options.syntax !== "perl";
  const asciiWords = options.syntax === "perl" && options.unicodeWords !== true;
  const slow = backtracker(parsed.root, {
    groups: parsed.groups,
    ignoreCase,
    multiline: options.multiline ?? false,
    longest,
    asciiWords,
  });
  const direct = ignoreCase || options.multiline ? undefined : directMatcher(parsed.root, parsed.groups);
  const source = toRe2(parsed.root, options.multiline ?? false, asciiWords);
  if (source === undefined) return new TreeRegex(parsed, slow, undefined, undefined, false, direct);
  let flags = 0;
  if (longest) flags |= RE2JS.LONGEST_MATCH;
  if (ignoreCase) flags |= RE2JS.CASE_INSENSITIVE;
  let fast: RE2JS;
  try {
    fast = RE2JS.compile(source, flags);
  } catch {
    // Repetitions beyond RE2's limit of 1000.
    return new TreeRegex(parsed, slow, undefined, undefined, false, direct);
  }
  return new TreeRegex(
    parsed,
    slow,
    fast,
    ignoreCase ? undefined : required(parsed.root),
    has(parsed.root, "Z"),
    direct,
  );
}

function parse(pattern: string, options: RegexOptions): Parsed {
  switch (options.syntax) {
    case "literal":
      return {
        root: { t: "seq", items: [...pattern].map((char) => ({ t: "char", code: char.codePointAt(0)! })) },
        groups: 0,
        names: new Map(),
        ignoreCase: false,
      };
    case "perl":
      return parsePerl(pattern, {
        i: options.ignoreCase ?? false,
        m: options.multiline ?? false,
        s: options.dotAll ?? false,
        x: options.extended ?? false,
        unicodeWords: options.unicodeWords ?? false,
      });
    case "awk":
      return parsePosix(pattern, true, { brackets: "awk" });
    default:
      return parsePosix(pattern, options.syntax === "ere", { lenient: options.lenient ?? false });
  }
}

class LiteralRegex implements Regex {
  readonly groupCount = 0;
  readonly warnings: readonly string[] = [];
  readonly names: ReadonlyMap<string, number> = new Map();
  private readonly literal: string;

  constructor(literal: string) {
    this.literal = literal;
  }

  exec(text: string, from = 0): RegexMatch | null {
    const index = text.indexOf(this.literal, from);
    if (index < 0) return null;
    const end = index + this.literal.length;
    return { index, end, groups: [this.literal], spans: [index, end] };
  }

  test(text: string): boolean {
    return text.includes(this.literal);
  }
}

class TreeRegex implements Regex {
  readonly groupCount: number;
  readonly names: ReadonlyMap<string, number>;
  readonly warnings: readonly string[];
  private readonly slow: (text: string, from: number) => number[] | null;
  private readonly fast: RE2JS | undefined;
  private readonly needed: string | undefined;
  /** `$` may stand before a last newline, which RE2 cannot say. */
  private readonly beforeNewline: boolean;
  private readonly direct: DirectMatcher | undefined;

  constructor(
    parsed: Parsed,
    slow: (text: string, from: number) => number[] | null,
    fast: RE2JS | undefined,
    needed: string | undefined,
    beforeNewline: boolean,
    direct: DirectMatcher | undefined,
  ) {
    this.groupCount = parsed.groups;
    this.names = parsed.names;
    this.warnings = parsed.warnings ?? [];
    this.slow = slow;
    this.fast = fast;
    this.needed = needed;
    this.beforeNewline = beforeNewline;
    this.direct = direct;
  }

  private useFast(text: string): boolean {
    return this.fast !== undefined && !(this.beforeNewline && text.endsWith("\n"));
  }

  exec(text: string, from = 0): RegexMatch | null {
    if (this.needed !== undefined && !text.includes(this.needed, from)) return null;
    let spans: number[] | null;
    const direct = this.direct?.(text, from);
    if (direct !== undefined) spans = direct;
    else if (this.useFast(text)) {
      const matcher = this.fast!.matcher(text);
      if (!matcher.find(from)) return null;
      spans = [];
      for (let i = 0; i <= this.groupCount; i++) spans.push(matcher.start(i), matcher.end(i));
    } else spans = this.slow(text, from);
    if (spans === null) return null;
    const groups: (string | undefined)[] = [];
    for (let i = 0; i < spans.length; i += 2)
      groups.push(spans[i]! < 0 ? undefined : text.slice(spans[i]!, spans[i + 1]!));
    return { index: spans[0]!, end: spans[1]!, groups, spans };
  }

  test(text: string): boolean {
    if (this.needed !== undefined && !text.includes(this.needed)) return false;
    const direct = this.direct?.(text, 0);
    if (direct !== undefined) return direct !== null;
    return this.useFast(text) ? this.fast!.test(text) : this.slow(text, 0) !== null;
  }
}

function has(node: Node, where: string): boolean {
  if (node.t === "at") return node.where === where;
  if (node.t === "seq" || node.t === "alt") return node.items.some((item) => has(item, where));
  return "node" in node && has(node.node, where);
}

/** The text a tree stands for when it is nothing but characters. */
function literalOf(node: Node): string | undefined {
  if (node.t === "char") return String.fromCodePoint(node.code);
  if (node.t !== "seq") return undefined;
  let text = "";
  for (const item of node.items) {
    if (item.t !== "char") return undefined;
    text += String.fromCodePoint(item.code);
  }
  return text;
}

/** The longest text that every match must contain, to skip most lines cheaply. */
function required(node: Node): string | undefined {
  if (node.t === "group") return required(node.node);
  if (node.t === "rep") return node.min > 0 ? required(node.node) : undefined;
  const text = literalOf(node);
  if (text !== undefined) return text === "" ? undefined : text;
  if (node.t !== "seq") return undefined;
  let best = "";
  let run = "";
  for (const item of node.items) {
    if (item.t === "char") {
      run += String.fromCodePoint(item.code);
      if (run.length > best.length) best = run;
      continue;
    }
    run = "";
    const inner = item.t === "group" || item.t === "rep" ? required(item) : undefined;
    if (inner !== undefined && inner.length > best.length) best = inner;
  }
  return best === "" ? undefined : best;
}

/** The tree in RE2's syntax; undefined when RE2 cannot say it. */
function toRe2(root: Node, multiline: boolean, asciiWords: boolean): string | undefined {
  let possible = true;
  const code = (value: number) =>
    (value >= 48 && value <= 57) || (value >= 65 && value <= 90) || (value >= 97 && value <= 122)
      ? String.fromCharCode(value)
      : `\\x{${value.toString(16)}}`;
  const isWordNode = (node: Node | undefined): boolean => {
    if (node === undefined) return false;
    if (node.t === "char") return ASCII_WORD.some(([from, to]) => node.code >= from && node.code <= to);
    if (node.t === "set")
      return !node.negate && node.ranges.every(([from, to]) => ASCII_WORD.some(([f, t]) => from >= f && to <= t));
    if (node.t === "rep") return node.min > 0 && isWordNode(node.node);
    return node.t === "group" && isWordNode(node.node);
  };
  const emit = (node: Node, next?: Node, previous?: Node): string => {
    switch (node.t) {
      case "char":
        return code(node.code);
      case "any":
        return "(?s:.)";
      case "set":
        if (node.ranges.length === 0) return node.negate ? "(?s:.)" : "[^\\x00-\\x{10FFFF}]";
        return `[${node.negate ? "^" : ""}${node.ranges.map(([from, to]) => (from === to ? code(from) : `${code(from)}-${code(to)}`)).join("")}]`;
      case "seq":
        return node.items
          .map((item, i) => emit(item, node.items[i + 1] ?? next, node.items[i - 1] ?? previous))
          .join("");
      case "alt":
        return `(?:${node.items.map((item) => emit(item)).join("|")})`;
      case "group":
        return `(${emit(node.node)})`;
      case "rep": {
        if (node.possessive) possible = false;
        const bounds =
          node.max === Number.POSITIVE_INFINITY
            ? node.min === 0
              ? "*"
              : node.min === 1
                ? "+"
                : `{${node.min},}`
            : node.min === 0 && node.max === 1
              ? "?"
              : `{${node.min},${node.max}}`;
        return `(?:${emit(node.node)})${bounds}${node.lazy ? "?" : ""}`;
      }
      case "at":
        switch (node.where) {
          case "^":
            return multiline ? "(?m:^)" : "\\A";
          case "$":
            return multiline ? "(?m:$)" : "\\z";
          case "A":
            return "\\A";
          case "z":
          case "Z":
            return "\\z";
          case "<":
            // RE2 has no \<: where a word character follows it is \b.
            if (!isWordNode(next)) possible = false;
            return "\\b";
          case ">":
            if (!isWordNode(previous)) possible = false;
            return "\\b";
          default:
            // RE2's words are ASCII; so are Perl's here.
            if (!asciiWords && !isWordNode(next) && !isWordNode(previous)) possible = false;
            return `\\${node.where}`;
        }
      default:
        possible = false;
        return "";
    }
  };
  const source = emit(root);
  return possible ? source : undefined;
}
