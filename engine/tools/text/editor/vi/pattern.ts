import { compileRegex, type Regex, RegexError } from "../../../../text/regex/index.ts";
import type { Options } from "./options.ts";

/** A message in the words of vim; thrown from anywhere in a command. */
export class ViError extends Error {}

const CLASSES: Record<string, string> = {
  s: "[ \\t]",
  S: "[^ \\t]",
  d: "[0-9]",
  D: "[^0-9]",
  w: "[0-9A-Za-z_]",
  W: "[^0-9A-Za-z_]",
  a: "[A-Za-z]",
  A: "[^A-Za-z]",
  l: "[a-z]",
  L: "[^a-z]",
  u: "[A-Z]",
  U: "[^A-Z]",
  x: "[0-9A-Fa-f]",
  X: "[^0-9A-Fa-f]",
  o: "[0-7]",
  h: "[A-Za-z_]",
  i: "[0-9A-Za-z_]",
  k: "[0-9A-Za-z_]",
  f: "[^ \\t]",
  t: "\\t",
  e: "\\x1b",
  r: "\\r",
  n: "\\n",
};

/** A vim pattern; what of a match counts begins at \zs and ends at \ze. */
export interface Pattern {
  regex: Regex;
  /** Numbers of the empty groups that stand for \zs and \ze. */
  start: number | undefined;
  end: number | undefined;
  /** May match the end of a line. */
  acrossLines: boolean;
}

/** Translates a vim pattern (very magic, magic, nomagic) into a Perl-like one. Throws ViError. */
export function viPattern(source: string, options: Options): Pattern {
  let out = "";
  let magic = options.on("magic") ? 2 : 1;
  let groups = 0;
  let start: number | undefined;
  let end: number | undefined;
  let fold: boolean | undefined;
  let lines = false;
  let atom = true;
  const special = (char: string, escaped: boolean): boolean => {
    const level = /[$^]/.test(char) ? 1 : /[.*~[]/.test(char) ? 2 : 3;
    if (char === "\\") return false;
    return (magic >= level && (level !== 1 || magic > 0 || true)) !== escaped;
  };
  const literal = (char: string) => {
    out += /[\\^$.*+?()[\]{}|/]/.test(char) ? `\\${char}` : char;
    atom = false;
  };
  for (let i = 0; i < source.length; i++) {
    let char = String.fromCodePoint(source.codePointAt(i)!);
    i += char.length - 1;
    const escaped = char === "\\" && i + 1 < source.length;
    if (escaped) char = source[++i]!;
    if (escaped && /[vmMVcC]/.test(char)) {
      if (char === "c" || char === "C") fold = char === "c";
      else magic = { v: 3, m: 2, M: 1, V: 0 }[char]!;
      continue;
    }
    if (escaped && char === "z" && /[se]/.test(source[i + 1] ?? "")) {
      if (source[++i] === "s") start = ++groups;
      else end = ++groups;
      out += "()";
      continue;
    }
    if (escaped && CLASSES[char] !== undefined) {
      if (char === "n") lines = true;
      out += CLASSES[char];
      atom = false;
      continue;
    }
    if (escaped && char === "_") {
      const next = source[++i] ?? "";
      if (next === "^" || next === "$") out += next;
      else if (next === ".") out += "[\\s\\S]";
      else if (CLASSES[next]) out += `(?:${CLASSES[next]}|\\n)`;
      lines = true;
      atom = false;
      continue;
    }
    if (escaped && /[1-9]/.test(char)) {
      out += `\\${char}`;
      atom = false;
      continue;
    }
    switch (char) {
      case "^":
        if (magic === 3 || escaped ? special(char, escaped) : atom) {
          out += "^";
          continue;
        }
        break;
      case "$": {
        const last =
          i + 1 >= source.length ||
          /^(\\\||\\\)|\\n|\\&)/.test(source.slice(i + 1)) ||
          (magic === 3 && /^[|)]/.test(source.slice(i + 1)));
        if (!escaped && (magic === 3 || last)) {
          out += "$";
          continue;
        }
        break;
      }
      case ".":
        if (special(char, escaped)) {
          out += ".";
          atom = false;
          continue;
        }
        break;
      case "*":
        if (special(char, escaped)) {
          if (atom) literal("*");
          else out += "*";
          continue;
        }
        break;
      case "[":
        if (special(char, escaped)) {
          const close = bracket(source, i);
          if (close > 0) {
            out += source
              .slice(i, close + 1)
              .replace(/\\([^\]^\\\-ebnrtd])/g, "\\\\$1")
              .replace(/(?!^)\[(?!:)/g, "\\[");
            i = close;
            atom = false;
            continue;
          }
        }
        break;
      case "+":
      case "?":
      case "=":
      case "|":
      case "(":
      case ")":
      case "{":
      case "<":
      case ">":
      case "%":
      case "&":
        if (!special(char, escaped)) break;
        if (char === "(") {
          groups++;
          out += "(";
          atom = true;
        } else if (char === ")") {
          out += ")";
          atom = false;
        } else if (char === "|") {
          out += "|";
          atom = true;
        } else if (char === "%" && source[i + 1] === "(") {
          i++;
          out += "(?:";
          atom = true;
        } else if (char === "<" || char === ">") {
          out += char === "<" ? "\\b(?=[0-9A-Za-z_])" : "\\b(?<=[0-9A-Za-z_])";
        } else if (char === "{") {
          const close = source.indexOf("}", i);
          if (close < 0) throw new ViError(`E554: Syntax error in ${magic === 3 ? "" : "\\"}{...}`);
          const body = source.slice(i + 1, close).replace(/\\$/, "");
          const lazy = body.startsWith("-");
          const range = lazy ? body.slice(1) : body;
          out += range === "" ? "*" : range.startsWith(",") ? `{0${range}}` : `{${range}}`;
          if (lazy) out += "?";
          i = close;
        } else if (char === "+") out += "+";
        else out += "?";
        continue;
    }
    literal(char);
  }
  const lower = source === source.toLowerCase();
  const ignoreCase = fold ?? (options.on("ignorecase") && !(options.on("smartcase") && !lower));
  try {
    return {
      regex: compileRegex(out, { syntax: "perl", ignoreCase, multiline: true }),
      start,
      end,
      acrossLines: lines,
    };
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    if (/parenthes|\(/i.test(error.message)) {
      const open = out.includes("(") && !/missing opening|unmatched \)/i.test(error.message);
      throw new ViError(open ? "E54: Unmatched \\(" : "E55: Unmatched \\)");
    }
    throw new ViError(`E486: Pattern not found: ${source}`);
  }
}

/** Where a bracket expression ends; -1 when it does not. */
function bracket(text: string, at: number): number {
  let i = at + 1;
  if (text[i] === "^") i++;
  if (text[i] === "]") i++;
  for (; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text.startsWith("[:", i)) i = Math.max(i, text.indexOf(":]", i) + 1);
    else if (text[i] === "]") return i;
  }
  return -1;
}

export interface Found {
  from: number;
  to: number;
  groups: (string | undefined)[];
}

/** The first match in a text at or after a place. */
export function findIn(pattern: Pattern, text: string, from: number): Found | undefined {
  const match = pattern.regex.exec(text, from);
  if (match === null) return undefined;
  const begin = pattern.start === undefined ? match.index : match.spans[pattern.start * 2]!;
  const end = pattern.end === undefined ? match.end : match.spans[pattern.end * 2]!;
  const groups = match.groups.filter((_, i) => i === 0 || (i !== pattern.start && i !== pattern.end));
  groups[0] = text.slice(begin, end);
  return { from: begin, to: end, groups };
}
