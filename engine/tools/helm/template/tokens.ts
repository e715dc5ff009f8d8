/** Words of a template's actions (Go text/template/parse lex.go). */

/** Anything wrong with a template; its text stands after `template: `. */
export class TemplateError extends Error {}

export type TokenKind = "field" | "variable" | "identifier" | "string" | "number" | "char" | "symbol" | "space";

export interface Token {
  kind: TokenKind;
  text: string;
  /** Offset in the template. */
  at: number;
}

/** A piece of a template: text between actions, or an action with its words. */
export interface Piece {
  text?: string;
  tokens?: Token[];
  at: number;
}

const SPACE = " \t\r\n";

/** Where an offset is: line and byte column, as errors tell it. */
export function lineOf(source: string, at: number): number {
  let line = 1;
  for (let i = source.indexOf("\n"); i >= 0 && i < at; i = source.indexOf("\n", i + 1)) line++;
  return line;
}

/** Bytes between the line's beginning and an offset. */
export function columnOf(source: string, at: number): number {
  return at - (source.lastIndexOf("\n", at - 1) + 1);
}

/** Takes a template apart. Throws TemplateError with the template's name and line. */
export function pieces(name: string, source: string): Piece[] {
  const out: Piece[] = [];
  let position = 0;
  let trimNext = false;
  while (position < source.length) {
    const open = source.indexOf("{{", position);
    const end = open < 0 ? source.length : open;
    const trims = open >= 0 && source[open + 2] === "-" && SPACE.includes(source[open + 3] ?? "x");
    let from = position;
    let to = end;
    if (trimNext) while (from < to && SPACE.includes(source[from]!)) from++;
    if (trims) while (to > from && SPACE.includes(source[to - 1]!)) to--;
    if (to > from) out.push({ text: source.slice(from, to), at: from });
    if (open < 0) break;
    const start = open + 2 + (trims ? 2 : 0);
    const comment = source.startsWith("/*", start);
    const read = comment ? skipComment(name, source, start) : words(name, source, start);
    if (read.tokens !== undefined) out.push({ tokens: read.tokens, at: start });
    trimNext = read.trims;
    position = read.end;
  }
  return out;
}

interface Read {
  tokens?: Token[];
  trims: boolean;
  end: number;
}

function fault(name: string, source: string, at: number, why: string): TemplateError {
  return new TemplateError(`${name}:${lineOf(source, at)}: ${why}`);
}

function skipComment(name: string, source: string, start: number): Read {
  const close = source.indexOf("*/", start);
  if (close < 0) throw fault(name, source, start, "unclosed comment");
  const after = close + 2;
  if (source.startsWith("}}", after)) return { trims: false, end: after + 2 };
  if (SPACE.includes(source[after] ?? "x") && source.startsWith("-}}", after + 1))
    return { trims: true, end: after + 4 };
  throw fault(name, source, start, "comment ends before closing delimiter");
}

const WORD = /[\p{L}\p{Nd}_]/u;
const NUMBER = /[+-]?(?:0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|\d[\d_]*(?:\.[\d_]*)?(?:[eE][+-]?\d+)?|\.\d+)/y;

function words(name: string, source: string, start: number): Read {
  const tokens: Token[] = [];
  let i = start;
  let depth = 0;
  const word = (from: number): number => {
    let to = from;
    while (to < source.length && WORD.test(source[to]!)) to++;
    return to;
  };
  while (i < source.length) {
    const char = source[i]!;
    if (source.startsWith("}}", i) || (SPACE.includes(char) && source.startsWith("-}}", i + 1))) {
      if (depth > 0) throw fault(name, source, i, "unclosed left paren");
      return { tokens, trims: char !== "}", end: i + (char === "}" ? 2 : 4) };
    }
    if (SPACE.includes(char)) {
      let to = i;
      while (to < source.length && SPACE.includes(source[to]!) && !source.startsWith("-}}", to + 1)) to++;
      if (to === i) continue;
      tokens.push({ kind: "space", text: " ", at: i });
      i = to;
      continue;
    }
    let to = i + 1;
    let kind: TokenKind = "symbol";
    if (char === '"' || char === "'") {
      while (to < source.length && source[to] !== char && source[to] !== "\n") to += source[to] === "\\" ? 2 : 1;
      if (source[to] !== char) {
        throw fault(name, source, i, `unterminated ${char === '"' ? "quoted string" : "character constant"}`);
      }
      to++;
      kind = char === '"' ? "string" : "char";
    } else if (char === "`") {
      to = source.indexOf("`", to) + 1;
      if (to === 0) throw fault(name, source, i, "unterminated raw quoted string");
      kind = "string";
    } else if (char === "$") {
      to = word(to);
      kind = "variable";
    } else if (char === "." && !/\d/.test(source[i + 1] ?? "")) {
      to = word(to);
      kind = "field";
    } else if (/[\d+.-]/.test(char)) {
      NUMBER.lastIndex = i;
      const match = NUMBER.exec(source);
      if (match === null) throw fault(name, source, i, `bad number syntax: ${JSON.stringify(char)}`);
      to = i + match[0].length;
      if (WORD.test(source[to] ?? " ")) {
        throw fault(name, source, i, `bad number syntax: ${JSON.stringify(source.slice(i, to + 1))}`);
      }
      kind = "number";
    } else if (WORD.test(char)) {
      to = word(i);
      kind = "identifier";
    } else if (source.startsWith(":=", i)) to = i + 2;
    else if (char === "(") depth++;
    else if (char === ")") {
      if (--depth < 0) throw fault(name, source, i, "unexpected right paren");
    } else if (!"|,=".includes(char)) {
      const code = char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
      throw fault(
        name,
        source,
        i,
        `unexpected ${JSON.stringify(char)} in command`.replace(/^.*$/, (text) =>
          char === "{" || char === "}" ? text : `unrecognized character in action: U+${code} '${char}'`,
        ),
      );
    }
    tokens.push({ kind, text: source.slice(i, to), at: i });
    i = to;
  }
  throw fault(name, source, start, "unclosed action");
}
