/** What Go's regexp says of a pattern that it does not take (regexp/syntax parse.go). */

const PERL_CLASS = /^\\[dDsSwW]/;
const ANCHOR = /^\\[AbBz]/;
/** Single characters; the class below is any punctuation. */
const ESCAPE = /^\\(?:[afnrtv]|0[0-7]{0,2}|[1-7][0-7]{1,2}|x[0-9A-Fa-f]{2}|x\{[0-9A-Fa-f]{1,6}\}|[!-/:-@[-`{-~])/;
const UNICODE = /^\\[pP](?:[CLMNPSZ]|\{\^?[A-Za-z_]+\})/;
const REPEAT = /^\{(\d{1,5})(?:(,)(\d{1,5})?)?\}/;
const MAX_REPEAT = 1000;

class Mistake extends Error {}

const wrong = (what: string, where: string) => new Mistake(`error parsing regexp: ${what}: \`${where}\``);

/** `error parsing regexp: missing closing ): …`, or undefined for a pattern of Go's. */
export function re2Mistake(pattern: string): string | undefined {
  try {
    check(pattern);
    return undefined;
  } catch (error) {
    if (error instanceof Mistake) return error.message;
    throw error;
  }
}

function check(pattern: string): void {
  let depth = 0;
  /** What a repetition repeats: nothing yet, something, or what ends in the repetition that began there. */
  let before: "none" | "item" | number = "none";
  for (let at = 0; at < pattern.length; ) {
    const rest = pattern.slice(at);
    const char = rest[0]!;
    if (rest.startsWith("\\Q")) {
      const end = rest.indexOf("\\E");
      at += end < 0 ? rest.length : end + 2;
      before = "item";
    } else if (char === "(") {
      at += group(rest);
      depth += rest.startsWith("(?") && pattern[at - 1] === ")" ? 0 : 1;
      before = "none";
    } else if (char === ")") {
      if (depth-- === 0) throw wrong("unexpected )", pattern);
      at++;
      before = "item";
    } else if (char === "|") {
      at++;
      before = "none";
    } else if ("*+?".includes(char) || REPEAT.test(rest)) {
      const length = repetition(rest);
      if (before === "none") throw wrong("missing argument to repetition operator", rest.slice(0, length));
      if (typeof before === "number") {
        throw wrong("invalid nested repetition operator", pattern.slice(before, at + length));
      }
      before = at;
      at += length;
    } else {
      at += char === "[" ? bracket(rest) : char === "\\" ? escaped(rest) : 1;
      before = "item";
    }
  }
  if (depth > 0) throw wrong("missing closing )", pattern);
}

/** Length of `(`, `(?:`, `(?i)` and the like. */
function group(rest: string): number {
  if (!rest.startsWith("(?")) return 1;
  if (/^\(\?P?</.test(rest)) {
    const begin = rest[2] === "P" ? 4 : 3;
    const end = rest.indexOf(">");
    if (end < 0) throw wrong("invalid named capture", rest);
    if (!/^\w+$/.test(rest.slice(begin, end))) throw wrong("invalid named capture", rest.slice(0, end + 1));
    return end + 1;
  }
  const flags = /^\(\?[imsU]*(?:-[imsU]+)?[:)]/.exec(rest);
  if (flags) return flags[0].length;
  throw wrong("invalid or unsupported Perl syntax", /^\(\?[imsU]*(?:-[imsU]*)?[\s\S]?/.exec(rest)![0]);
}

function repetition(rest: string): number {
  const counts = REPEAT.exec(rest);
  const lazy = (length: number) => (rest[length] === "?" ? length + 1 : length);
  if (counts === null) return lazy(1);
  const [text, from, comma, to] = counts;
  const least = Number(from);
  const most = comma === undefined ? least : to === undefined ? -1 : Number(to);
  if (least > MAX_REPEAT || most > MAX_REPEAT || (most >= 0 && least > most)) throw wrong("invalid repeat count", text);
  return lazy(text.length);
}

function escaped(rest: string): number {
  if (rest === "\\") throw wrong("trailing backslash at end of expression", "");
  const found = PERL_CLASS.exec(rest) ?? ANCHOR.exec(rest) ?? UNICODE.exec(rest) ?? ESCAPE.exec(rest);
  if (found) return found[0].length;
  if (/^\\[pP]/.test(rest)) throw wrong("invalid character class range", /^\\.(?:\{[^}]*\}|.)?/s.exec(rest)![0]);
  throw wrong("invalid escape sequence", /^\\(?:x\{[0-9A-Fa-f]*.?|x.{0,2}|.)/su.exec(rest)![0]);
}

/** Length of `[…]`. */
function bracket(rest: string): number {
  let at = rest[1] === "^" ? 2 : 1;
  for (let first = true; first || rest[at] !== "]"; first = false) {
    if (at >= rest.length) throw wrong("missing closing ]", rest);
    const here = rest.slice(at);
    const named = /^\[:\^?[a-z]*:\]/.exec(here)?.[0];
    const many = named ?? PERL_CLASS.exec(here)?.[0] ?? UNICODE.exec(here)?.[0];
    if (many !== undefined) {
      at += many.length;
      continue;
    }
    const low = single(rest, at);
    at += low.length;
    if (rest[at] !== "-" || rest[at + 1] === "]" || at + 1 >= rest.length) continue;
    const high = single(rest, at + 1);
    if (high.value < low.value)
      throw wrong("invalid character class range", rest.slice(at - low.length, at + 1 + high.length));
    at += 1 + high.length;
  }
  return at + 1;
}

function single(rest: string, at: number): { length: number; value: number } {
  const here = rest.slice(at);
  if (here[0] !== "\\") {
    const value = here.codePointAt(0)!;
    return { length: String.fromCodePoint(value).length, value };
  }
  if (here === "\\") throw wrong("trailing backslash at end of expression", "");
  const found = ESCAPE.exec(here)?.[0];
  if (found === undefined) {
    const what = /^\\[pP]/.test(here) ? "invalid character class range" : "invalid escape sequence";
    throw wrong(what, here.slice(0, what.startsWith("invalid c") ? 3 : 2));
  }
  const code = /^\\x\{?([0-9A-Fa-f]+)/.exec(found)?.[1];
  if (code !== undefined) return { length: found.length, value: Number.parseInt(code, 16) };
  if (/^\\[0-7]/.test(found)) return { length: found.length, value: Number.parseInt(found.slice(1), 8) };
  const named = "afnrtv".indexOf(found[1]!);
  return { length: found.length, value: named < 0 ? found.charCodeAt(1) : [7, 12, 10, 13, 9, 11][named]! };
}
