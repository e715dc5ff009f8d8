import { ASCII_WORD, CLASSES, DIGIT, invert, type Node, type Parsed, RegexError, SPACE, WORD } from "./ast.ts";

type Range = readonly [number, number];

const HORIZONTAL: readonly Range[] = [
  [9, 9],
  [32, 32],
  [0xa0, 0xa0],
];
const NEWLINE: readonly Range[] = [[10, 10]];
const ESCAPES: Record<string, number> = { n: 10, t: 9, r: 13, f: 12, a: 7, e: 27, v: 11 };

interface Flags {
  i: boolean;
  m: boolean;
  s: boolean;
  x: boolean;
  /** Letters beyond ASCII are of words. */
  unicodeWords: boolean;
}

/** Characters with those that differ from them in case alone; what is no letter of Latin, Greek or Cyrillic has one. */
function inBothCases(ranges: readonly Range[], negate: boolean): Node {
  const all: Range[] = [...ranges];
  for (const [from, to] of ranges) {
    for (let code = from; code <= Math.min(to, 0x52f); code++) {
      const char = String.fromCodePoint(code);
      for (const other of [char.toLowerCase(), char.toUpperCase()])
        if (other !== char && other.length === 1) all.push([other.codePointAt(0)!, other.codePointAt(0)!]);
    }
  }
  return { t: "set", ranges: all, negate };
}

/** Parses Perl's syntax: the part of it that grep -P and jq's functions are used with. Throws `RegexError`. */
export function parsePerl(pattern: string, given: Partial<Flags> = {}): Parsed {
  const chars = [...pattern];
  let at = 0;
  let groups = 0;
  const names = new Map<string, number>();
  let flags: Flags = { i: false, m: false, s: false, x: false, unicodeWords: false, ...given };
  // The whole of a pattern ignores case, or parts of it do: `(?i)` that does not begin it, or is taken back.
  const ignoreCase = flags.i || (/^\(\?[msx]*i[imsx]*\)/.test(pattern) && !/\(\?[imsx]*-[msx]*i/.test(pattern));

  function alternatives(): Node {
    const saved = flags;
    const items: Node[] = [sequence()];
    while (chars[at] === "|") {
      at++;
      items.push(sequence());
    }
    flags = saved;
    return items.length === 1 ? items[0]! : { t: "alt", items };
  }

  function sequence(): Node {
    const items: Node[] = [];
    while (at < chars.length && chars[at] !== "|" && chars[at] !== ")") {
      if (flags.x && /\s/.test(chars[at]!)) {
        at++;
        continue;
      }
      if (flags.x && chars[at] === "#") {
        while (at < chars.length && chars[at] !== "\n") at++;
        continue;
      }
      const node = atom();
      if (node !== undefined) items.push(repeated(node));
    }
    return items.length === 1 ? items[0]! : { t: "seq", items };
  }

  function repeated(first: Node): Node {
    let node = first;
    for (;;) {
      const char = chars[at];
      let min: number;
      let max: number;
      if (char === "*") [min, max] = [0, Number.POSITIVE_INFINITY];
      else if (char === "+") [min, max] = [1, Number.POSITIVE_INFINITY];
      else if (char === "?") [min, max] = [0, 1];
      else if (char === "{") {
        const match = /^\{(?:(\d+)(,?)(\d*)|,(\d+))\}/.exec(chars.slice(at, at + 16).join(""));
        if (match === null) return node;
        min = Number(match[1] ?? 0);
        max =
          match[4] !== undefined
            ? Number(match[4])
            : match[2] === ""
              ? min
              : match[3] === ""
                ? Number.POSITIVE_INFINITY
                : Number(match[3]);
        if (max < min) throw new RegexError("numbers out of order in {} quantifier");
        at += match[0].length - 1;
      } else return node;
      at++;
      const lazy = chars[at] === "?";
      const possessive = chars[at] === "+";
      if (lazy || possessive) at++;
      node = { t: "rep", node, min, max, lazy, possessive };
    }
  }

  function literal(char: string): Node {
    if (flags.i && !ignoreCase) return inBothCases([[char.codePointAt(0)!, char.codePointAt(0)!]], false);
    return { t: "char", code: char.codePointAt(0)! };
  }

  function atom(): Node | undefined {
    const char = chars[at++]!;
    switch (char) {
      case ".":
        return flags.s ? { t: "any" } : { t: "set", ranges: NEWLINE, negate: true };
      case "^":
        return { t: "at", where: flags.m ? "^" : "A" };
      case "$":
        return { t: "at", where: flags.m ? "$" : "Z" };
      case "[":
        return bracket();
      case "(":
        return group();
      case "*":
      case "+":
      case "?":
        throw new RegexError("quantifier does not follow a repeatable item");
      case "\\":
        return escaped();
      default:
        return literal(char);
    }
  }

  function close(node: Node): Node {
    if (chars[at] !== ")") throw new RegexError("missing closing parenthesis");
    at++;
    return node;
  }

  function group(): Node | undefined {
    if (chars[at] !== "?") {
      const index = ++groups;
      return { t: "group", index, node: close(alternatives()) };
    }
    const rest = chars.slice(at + 1, at + 64).join("");
    const named = /^(?:P?<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)')/.exec(rest);
    if (named && !rest.startsWith("<=") && !rest.startsWith("<!")) {
      at += 1 + named[0].length;
      const index = ++groups;
      names.set(named[1] ?? named[2]!, index);
      return { t: "group", index, node: close(alternatives()) };
    }
    const look = /^(<?)([=!])/.exec(rest);
    if (look) {
      at += 1 + look[0].length;
      return { t: "look", node: close(alternatives()), ahead: look[1] === "", negate: look[2] === "!" };
    }
    if (rest.startsWith(":")) {
      at += 2;
      return close(alternatives());
    }
    if (rest.startsWith(">")) {
      at += 2;
      return { t: "atomic", node: close(alternatives()) };
    }
    if (rest.startsWith("#")) {
      while (at < chars.length && chars[at] !== ")") at++;
      at++;
      return undefined;
    }
    const option = /^([imsx]*)(?:-([imsx]*))?([:)])/.exec(rest);
    if (option === null) throw new RegexError("unrecognized character after (? or (?-");
    at += 1 + option[0].length;
    const next = { ...flags };
    for (const letter of option[1]!) next[letter as "i"] = true;
    for (const letter of option[2] ?? "") next[letter as "i"] = false;
    if (option[3] === ")") {
      flags = next;
      return undefined;
    }
    const saved = flags;
    flags = next;
    const node = close(alternatives());
    flags = saved;
    return node;
  }

  function escaped(): Node {
    const char = chars[at++];
    if (char === undefined) throw new RegexError("\\ at end of pattern");
    const set = classOf(char);
    if (set) return { t: "set", ranges: set, negate: false };
    switch (char) {
      case "b":
      case "B":
        return { t: "at", where: char };
      case "A":
        return { t: "at", where: "A" };
      case "z":
        return { t: "at", where: "z" };
      case "Z":
        return { t: "at", where: "Z" };
      case "K":
        return { t: "keep" };
      case "R":
        return {
          t: "alt",
          items: [
            {
              t: "seq",
              items: [
                { t: "char", code: 13 },
                { t: "char", code: 10 },
              ],
            },
            { t: "set", ranges: [[10, 13]], negate: false },
          ],
        };
      case "Q": {
        const rest = chars.slice(at).join("");
        const end = rest.indexOf("\\E");
        const text = end < 0 ? rest : rest.slice(0, end);
        at += [...text].length + (end < 0 ? 0 : 2);
        return { t: "seq", items: [...text].map(literal) };
      }
      case "E":
        return { t: "seq", items: [] };
      case "k":
      case "g": {
        const match = /^(?:[<{']([A-Za-z_]\w*)[>}']|\{?(-?\d+)\}?)/.exec(chars.slice(at, at + 64).join(""));
        if (match === null) throw new RegexError("a numbered reference must not be zero");
        at += match[0].length;
        const number = match[2] === undefined ? names.get(match[1]!) : Number(match[2]);
        if (number === undefined) throw new RegexError("reference to non-existent subpattern");
        return { t: "back", index: number < 0 ? groups + 1 + number : number };
      }
      default:
        if (char >= "1" && char <= "9") {
          let digits = char;
          while (/\d/.test(chars[at] ?? "") && Number(digits + chars[at]) <= groups) digits += chars[at++];
          return { t: "back", index: Number(digits) };
        }
        return { t: "char", code: escapedCode(char) };
    }
  }

  function classOf(char: string): readonly Range[] | undefined {
    switch (char) {
      case "d":
        return DIGIT;
      case "D":
        return invert(DIGIT);
      case "w":
        return flags.unicodeWords ? WORD : ASCII_WORD;
      case "W":
        return invert(flags.unicodeWords ? WORD : ASCII_WORD);
      case "s":
        return SPACE;
      case "S":
        return invert(SPACE);
      case "h":
        return HORIZONTAL;
      case "H":
        return invert(HORIZONTAL);
      case "N":
        return invert(NEWLINE);
      case "p":
      case "P": {
        const match = /^(?:\{(\^?)(\w+)\}|(\w))/.exec(chars.slice(at, at + 20).join(""));
        const name = match?.[2] ?? match?.[3] ?? "";
        const known: Record<string, string> = {
          L: "alpha",
          Lu: "upper",
          Ll: "lower",
          N: "digit",
          Nd: "digit",
          P: "punct",
          Z: "space",
          Alpha: "alpha",
          Digit: "digit",
          Alnum: "alnum",
          Upper: "upper",
          Lower: "lower",
          Punct: "punct",
          Space: "space",
        };
        const set = CLASSES[known[name] ?? ""];
        if (match === null || set === undefined) throw new RegexError("unknown property after \\P or \\p");
        at += match[0].length;
        return (char === "P") !== (match[1] === "^") ? invert(set) : set;
      }
      default:
        return undefined;
    }
  }

  function escapedCode(char: string): number {
    if (char === "x") {
      const match = /^(?:\{([0-9a-fA-F]+)\}|([0-9a-fA-F]{1,2}))/.exec(chars.slice(at, at + 12).join(""));
      if (match === null) return 0;
      at += match[0].length;
      return Number.parseInt(match[1] ?? match[2]!, 16);
    }
    if (char === "u") {
      const match = /^[0-9a-fA-F]{4}/.exec(chars.slice(at, at + 4).join(""));
      if (match) {
        at += 4;
        return Number.parseInt(match[0], 16);
      }
    }
    if (char === "0") {
      const match = /^[0-7]{0,2}/.exec(chars.slice(at, at + 2).join(""))!;
      at += match[0].length;
      return Number.parseInt(match[0] || "0", 8);
    }
    if (char === "c" && chars[at] !== undefined) return chars[at++]!.toUpperCase().charCodeAt(0) ^ 64;
    return ESCAPES[char] ?? char.codePointAt(0)!;
  }

  function bracket(): Node {
    const ranges: Range[] = [];
    let negate = false;
    if (chars[at] === "^") {
      negate = true;
      at++;
    }
    let first = true;
    for (;;) {
      const char = chars[at];
      if (char === undefined) throw new RegexError("missing terminating ] for character class");
      if (char === "]" && !first) {
        at++;
        return flags.i && !ignoreCase ? inBothCases(ranges, negate) : { t: "set", ranges, negate };
      }
      first = false;
      const posix = /^\[:(\^?)(\w+):\]/.exec(chars.slice(at, at + 14).join(""));
      if (posix) {
        const set = CLASSES[posix[2]!];
        if (set === undefined) throw new RegexError("unknown POSIX class name");
        ranges.push(...(posix[1] === "^" ? invert(set) : set));
        at += posix[0].length;
        continue;
      }
      const from = member();
      if (typeof from !== "number") {
        ranges.push(...from);
        continue;
      }
      if (chars[at] === "-" && chars[at + 1] !== "]" && chars[at + 1] !== undefined) {
        const mark = at++;
        const to = member();
        if (typeof to === "number") {
          if (to < from) throw new RegexError("range out of order in character class");
          ranges.push([from, to]);
          continue;
        }
        at = mark;
      }
      ranges.push([from, from]);
    }
  }

  function member(): number | readonly Range[] {
    const char = chars[at++]!;
    if (char !== "\\") return char.codePointAt(0)!;
    const next = chars[at++];
    if (next === undefined) throw new RegexError("\\ at end of pattern");
    if (next === "b") return 8;
    return classOf(next) ?? escapedCode(next);
  }

  const root = alternatives();
  if (at < chars.length) throw new RegexError("unmatched closing parenthesis");
  return { root, groups, names, ignoreCase };
}
