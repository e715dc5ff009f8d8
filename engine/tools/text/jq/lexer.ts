/** Tokens of jq programs. */
import { type Ast, CompileError, compileReport } from "./syntax.ts";

export interface Token {
  type: "num" | "string" | "ident" | "field" | "var" | "format" | "op" | "keyword" | "end" | "bad";
  text: string;
  at: number;
  /** Of strings: literal texts and programs. */
  parts?: (string | Ast)[];
}

const KEYWORDS = new Set(
  "def if then elif else end as reduce foreach try catch label import include module and or not __loc__"
    .split(" ")
    .filter((w) => w !== "not"),
);
const OPS = [
  "?//=",
  "?//",
  "//=",
  "|=",
  "+=",
  "-=",
  "*=",
  "/=",
  "%=",
  "==",
  "!=",
  "<=",
  ">=",
  "//",
  "..",
  "|",
  ",",
  "=",
  "<",
  ">",
  "+",
  "-",
  "*",
  "/",
  "%",
  "(",
  ")",
  "[",
  "]",
  "{",
  "}",
  ":",
  ";",
  ".",
  "?",
  "$",
];

/** Reads tokens; what stands in `\\(…)` of a string is parsed by whoever extends it. */
export abstract class Lexer {
  protected readonly source: string;
  private at = 0;

  constructor(source: string) {
    this.source = source;
  }

  /** The program within a string. */
  protected abstract interpolation(tokens: Token[]): Ast;

  /** Tokens up to the end, or to the `)` that closes an interpolation. */
  protected lex(until: ")" | undefined): Token[] {
    const { source } = this;
    const out: Token[] = [];
    let depth = 0;
    for (;;) {
      while (this.at < source.length) {
        if (/\s/.test(source[this.at]!)) this.at++;
        else if (source[this.at] === "#") while (this.at < source.length && source[this.at] !== "\n") this.at++;
        else break;
      }
      const at = this.at;
      if (at >= source.length) {
        out.push({ type: "end", text: "", at: out.at(-1)?.at ?? 0 });
        return out;
      }
      const rest = source.slice(at, at + 200);
      const number = /^(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/.exec(rest);
      const word = /^(?:[A-Za-z_]\w*::)*[A-Za-z_]\w*/.exec(rest);
      const field = /^\.[A-Za-z_]\w*/.exec(rest);
      const format = /^@\w+/.exec(rest);
      const variable = /^\$(?:__loc__|(?:[A-Za-z_]\w*::)*[A-Za-z_]\w*)/.exec(rest);
      if (number && !(field && rest.startsWith("."))) {
        out.push({ type: "num", text: number[0], at });
        this.at += number[0].length;
      } else if (field) {
        out.push({ type: "field", text: field[0].slice(1), at });
        this.at += field[0].length;
      } else if (variable) {
        out.push({ type: "var", text: variable[0].slice(1), at });
        this.at += variable[0].length;
      } else if (word) {
        out.push({ type: KEYWORDS.has(word[0]) ? "keyword" : "ident", text: word[0], at });
        this.at += word[0].length;
      } else if (format) {
        out.push({ type: "format", text: format[0], at });
        this.at += format[0].length;
      } else if (source[at] === '"') out.push(this.string());
      else {
        const op = OPS.find((candidate) => rest.startsWith(candidate));
        if (op === undefined) {
          out.push({ type: "bad", text: source[at]!, at });
          this.at++;
          continue;
        }
        if (until !== undefined && op === ")" && depth === 0) {
          out.push({ type: "end", text: "", at: out.at(-1)?.at ?? at });
          this.at++;
          return out;
        }
        if ("([{".includes(op)) depth++;
        if (")]}".includes(op)) depth--;
        out.push({ type: depth < 0 && until === undefined ? "bad" : "op", text: op, at });
        this.at += op.length;
      }
    }
  }

  private string(): Token {
    const { source } = this;
    const start = this.at++;
    const parts: (string | Ast)[] = [];
    let text = "";
    let textAt = this.at;
    for (;;) {
      const char = source[this.at];
      if (char === undefined)
        throw this.error(
          "syntax error, unexpected end of file, expecting QQSTRING_TEXT or QQSTRING_INTERP_START or QQSTRING_END (Unix shell quoting issues?)",
          Math.min(textAt, source.length - 1),
        );
      this.at++;
      if (char === '"') {
        if (text !== "" || parts.length === 0) parts.push(text);
        return { type: "string", text: "", at: start, parts };
      }
      if (char !== "\\") {
        text += char;
        continue;
      }
      const next = source[this.at++];
      if (next === "(") {
        if (text !== "") parts.push(text);
        text = "";
        const tokens = this.lex(")");
        if (source[this.at - 1] !== ")")
          throw this.error("syntax error, unexpected end of file (Unix shell quoting issues?)", tokens.at(-1)!.at);
        parts.push(this.interpolation(tokens));
        textAt = this.at;
        continue;
      }
      const simple: Record<string, string> = {
        n: "\n",
        t: "\t",
        r: "\r",
        b: "\b",
        f: "\f",
        "/": "/",
        "\\": "\\",
        '"': '"',
      };
      if (next === "u") {
        text += String.fromCharCode(Number.parseInt(source.slice(this.at, this.at + 4), 16) || 0);
        this.at += 4;
      } else if (next !== undefined && simple[next] !== undefined) text += simple[next];
      else throw this.error(`Invalid escape at line 1, column 4 (while parsing '"\\${next ?? ""}"')`, start);
    }
  }

  protected error(message: string, at: number): CompileError {
    return new CompileError(compileReport(this.source, message, at));
  }
}
