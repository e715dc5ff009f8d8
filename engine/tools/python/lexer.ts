/** Tokens of Python 3: names, numbers, strings and operators of logical lines, with what indents them. */
import { C_ESCAPES } from "../../text/escapes.ts";

export type Token = { line: number } & (
  | { type: "name" | "op" | "newline" | "indent" | "dedent" | "end"; text: string }
  | { type: "int"; value: bigint }
  | { type: "float"; value: number }
  | { type: "string"; value: string; bytes: boolean }
  | { type: "format"; source: string; raw: boolean }
);

export class PythonSyntaxError extends Error {
  readonly line: number;
  /** `SyntaxError`, `IndentationError`. */
  readonly kind: string;
  /** Characters of the line before the place; undefined where only the line is known. */
  readonly column: number | undefined;

  constructor(line: number, message: string, kind = "SyntaxError", column?: number) {
    super(message);
    this.line = line;
    this.kind = kind;
    this.column = column;
  }
}

const OPERATORS =
  /^(?:\*\*=|\/\/=|>>=|<<=|\.\.\.|!=|->|:=|\+=|-=|\*=|\/=|%=|&=|\|=|\^=|==|<=|>=|<<|>>|\*\*|\/\/|[-+*/%@&|^~<>()[\]{},:.;=])/;
const NUMBER =
  /^(?:0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*)?\.\d[\d_]*(?:[eE][-+]?\d+)?|\d[\d_]*\.(?:[eE][-+]?\d+)?|\d[\d_]*(?:[eE][-+]?\d+)?)/;
const NAME = /^[\p{L}_][\p{L}\p{N}_]*/u;
const STRING = /^([rRbBfFuU]{0,2})("""|'''|"|')/;

const ESCAPES: Readonly<Record<string, string>> = { ...C_ESCAPES, "\n": "", "'": "'", '"': '"' };

/** The text that a string's source stands for. */
export function unquote(source: string): string {
  return source.replace(
    /\\(?:([0-7]{1,3})|x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([\s\S]))/g,
    (whole, octal, hex, short, long, letter: string | undefined) => {
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      const code = hex ?? short ?? long;
      if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16));
      return ESCAPES[letter!] ?? whole;
    },
  );
}

function stringToken(rest: string, line: number): { token: Token; length: number; lines: number } | undefined {
  const open = STRING.exec(rest);
  if (open === null) return undefined;
  const [, prefix, quote] = open as unknown as [string, string, string];
  let at = open[0].length;
  while (!rest.startsWith(quote, at)) {
    if (at >= rest.length || (quote.length === 1 && rest[at] === "\n")) {
      const kind = quote.length === 1 ? "string" : "triple-quoted string";
      throw new PythonSyntaxError(line, `unterminated ${kind} literal (detected at line ${line})`);
    }
    at += rest[at] === "\\" ? 2 : 1;
  }
  const source = rest.slice(open[0].length, at);
  const flags = prefix.toLowerCase();
  const raw = flags.includes("r");
  const token: Token = flags.includes("f")
    ? { type: "format", source, raw, line }
    : { type: "string", value: raw ? source : unquote(source), bytes: flags.includes("b"), line };
  return { token, length: at + quote.length, lines: source.split("\n").length - 1 };
}

function numberToken(text: string, line: number): Token {
  const plain = text.replaceAll("_", "");
  const isFloat = /[.eE]/.test(plain) && !/^0[xX]/.test(plain);
  return isFloat ? { type: "float", value: Number(plain), line } : { type: "int", value: BigInt(plain), line };
}

const PAIRS: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/** Whether a bracket closes the one that is open (Parser/tokenizer.c). */
function closing(text: string, opened: { text: string; line: number } | undefined, line: number, column: number): void {
  if (opened === undefined) throw new PythonSyntaxError(line, `unmatched '${text}'`, undefined, column);
  if (PAIRS[opened.text] === text) return;
  const where = opened.line === line ? "" : ` on line ${opened.line}`;
  const words = `closing parenthesis '${text}' does not match opening parenthesis '${opened.text}'${where}`;
  throw new PythonSyntaxError(line, words, undefined, column);
}

/** Splits a program into tokens. Throws PythonSyntaxError. */
export function tokenize(text: string): Token[] {
  const out: Token[] = [];
  const indents = [0];
  const source = text.replace(/\r\n?/g, "\n");
  let at = 0;
  let line = 1;
  /** Brackets that are open. */
  const open: { text: string; line: number; column: number }[] = [];
  let fresh = true;
  const put = (type: "newline" | "indent" | "dedent" | "end" | "op" | "name", word = "") =>
    out.push({ type, text: word, line });
  while (at < source.length) {
    if (fresh && open.length === 0) {
      const blank = /^[ \t\f]*(#[^\n]*)?(\n|$)/.exec(source.slice(at));
      if (blank !== null && blank[0] !== "") {
        at += blank[0].length;
        if (blank[2] === "\n") line++;
        continue;
      }
      const space = /^[ \t]*/.exec(source.slice(at))![0];
      const width = [...space].reduce((sum, one) => (one === "\t" ? (Math.floor(sum / 8) + 1) * 8 : sum + 1), 0);
      at += space.length;
      if (width > indents.at(-1)!) {
        indents.push(width);
        put("indent");
      }
      while (width < indents.at(-1)!) {
        indents.pop();
        put("dedent");
      }
      if (width !== indents.at(-1)!) {
        throw new PythonSyntaxError(line, "unindent does not match any outer indentation level", "IndentationError");
      }
      fresh = false;
    }
    const rest = source.slice(at, at + 65_536);
    const first = rest[0]!;
    if (first === "\n") {
      if (open.length === 0) {
        put("newline");
        fresh = true;
      }
      at++;
      line++;
    } else if (first === " " || first === "\t" || first === "\f") at++;
    else if (first === "#") at += /^[^\n]*/.exec(rest)![0].length;
    else if (first === "\\" && rest[1] === "\n") {
      at += 2;
      line++;
    } else {
      const string = stringToken(rest, line);
      const word = string ? null : (NUMBER.exec(rest) ?? NAME.exec(rest) ?? OPERATORS.exec(rest));
      if (string !== undefined) {
        out.push(string.token);
        at += string.length;
        line += string.lines;
      } else if (word === null) throw new PythonSyntaxError(line, "invalid syntax");
      else {
        at += word[0].length;
        if (/^(?:\d|\.\d)/.test(word[0])) out.push(numberToken(word[0], line));
        else if (/^[\p{L}_]/u.test(word[0])) put("name", word[0]);
        else {
          const column = at - word[0].length - (source.lastIndexOf("\n", at - 1) + 1);
          if ("([{".includes(word[0])) open.push({ text: word[0], line, column });
          if (")]}".includes(word[0])) closing(word[0], open.pop(), line, column);
          put("op", word[0]);
        }
      }
    }
  }
  const left = open.pop();
  if (left) throw new PythonSyntaxError(left.line, `'${left.text}' was never closed`, undefined, left.column);
  if (!fresh) put("newline");
  while (indents.pop()! > 0) put("dedent");
  put("end");
  return out;
}
