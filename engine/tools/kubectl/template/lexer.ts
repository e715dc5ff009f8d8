/** Go text/template's tokens (parse/lex.go). Positions are in UTF-16 units; who tells of them counts bytes. */
import { quoteString } from "../../../text/go-quote.ts";

const KEYWORDS = [
  "block",
  "break",
  "continue",
  "define",
  "else",
  "end",
  "if",
  "nil",
  "range",
  "template",
  "with",
] as const;

export type Keyword = (typeof KEYWORDS)[number];

export type TokenType =
  | Keyword
  | "dot"
  | "assign"
  | "bool"
  | "char"
  | "character"
  | "complex"
  | "declare"
  | "eof"
  | "error"
  | "field"
  | "identifier"
  | "left delimiter"
  | "left paren"
  | "number"
  | "pipe"
  | "raw string"
  | "right delimiter"
  | "right paren"
  | "space"
  | "string"
  | "text"
  | "variable";

export interface Token {
  type: TokenType;
  at: number;
  text: string;
  /** Where it begins, from 1. */
  line: number;
}

/** How messages name a token: short texts quoted, keywords in angle brackets. */
export function tokenText({ type, text }: Token): string {
  if (type === "eof") return "EOF";
  if (type === "error") return text;
  if (type === "dot" || (KEYWORDS as readonly string[]).includes(type)) return `<${text}>`;
  const chars = [...text];
  if (new TextEncoder().encode(text).length > 10) return `${quoteString(chars.slice(0, 10).join(""))}...`;
  return quoteString(text);
}

const isSpace = (char: string) => char === " " || char === "\t" || char === "\r" || char === "\n";
const isAlphanumeric = (char: string) => char === "_" || /^[\p{L}\p{Nd}]$/u.test(char);
const spaces = (text: string) => /^[ \t\r\n]*/.exec(text)![0].length;
const trailing = (text: string) => text.length - text.replace(/[ \t\r\n]+$/, "").length;

/** `%#U`: U+0040 '@'. */
function codePoint(char: string): string {
  if (char === "") return "U+FFFFFFFFFFFFFFFF";
  const code = char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(char) ? `U+${code} '${char}'` : `U+${code}`;
}

/** Cuts a template into tokens, one at a time. */
export class Lexer {
  private at = 0;
  private start = 0;
  private line = 1;
  private startLine = 1;
  private depth = 0;
  private inAction = false;

  constructor(private text: string) {}

  /** The next token; the last ones are of type `eof` or `error`. */
  next(): Token {
    return this.inAction ? this.action() : this.outside();
  }

  private peek(): string {
    const code = this.text.codePointAt(this.at);
    return code === undefined ? "" : String.fromCodePoint(code);
  }

  private take(): string {
    const char = this.peek();
    this.at += char.length;
    return char;
  }

  private starts(text: string, at = this.at): boolean {
    return this.text.startsWith(text, at);
  }

  private emit(type: TokenType): Token {
    const text = this.text.slice(this.start, this.at);
    const token = { type, at: this.start, text, line: this.startLine };
    this.passed();
    return token;
  }

  /** Passes over what was read. */
  private passed(): void {
    this.line += this.text.slice(this.start, this.at).split("\n").length - 1;
    this.start = this.at;
    this.startLine = this.line;
  }

  private fail(text: string): Token {
    const token: Token = { type: "error", at: this.start, text, line: this.startLine };
    this.text = "";
    this.at = 0;
    this.start = 0;
    return token;
  }

  private outside(): Token {
    for (;;) {
      const found = this.text.indexOf("{{", this.at);
      if (found < 0) {
        this.at = this.text.length;
        return this.emit(this.at > this.start ? "text" : "eof");
      }
      const before = this.text.slice(this.start, found);
      const trims = this.trimsLeft(found + 2);
      const blank = trims ? trailing(before) : 0;
      if (found > this.at) {
        this.at = found - blank;
        const token = this.emit("text");
        this.at = found;
        this.passed();
        if (token.text !== "") return token;
      }
      this.at += 2;
      const marker = trims ? 2 : 0;
      if (!this.starts("/*", this.at + marker)) {
        const token = this.emit("left delimiter");
        this.inAction = true;
        this.at += marker;
        this.passed();
        this.depth = 0;
        return token;
      }
      this.at += marker;
      this.passed();
      const problem = this.comment();
      if (problem !== undefined) return this.fail(problem);
    }
  }

  /** `{{- ` */
  private trimsLeft(at: number): boolean {
    return this.text[at] === "-" && isSpace(this.text[at + 1] ?? "");
  }

  private comment(): string | undefined {
    const end = this.text.indexOf("*/", this.at + 2);
    if (end < 0) return "unclosed comment";
    this.at = end + 2;
    const delimiter = this.rightDelimiter();
    if (delimiter === undefined) return "comment ends before closing delimiter";
    this.close(delimiter);
    return undefined;
  }

  /** Its length when one stands here; with its trim marker it is longer. */
  private rightDelimiter(): number | undefined {
    if (isSpace(this.text[this.at] ?? "") && this.starts("-}}", this.at + 1)) return 4;
    return this.starts("}}") ? 2 : undefined;
  }

  private close(length: number): void {
    this.at += length;
    if (length === 4) this.at += spaces(this.text.slice(this.at));
    this.passed();
  }

  private action(): Token {
    const delimiter = this.rightDelimiter();
    if (delimiter !== undefined) {
      if (this.depth > 0) return this.fail("unclosed left paren");
      return this.closing(delimiter);
    }
    const char = this.take();
    if (char === "") return this.fail("unclosed action");
    if (isSpace(char)) return this.space();
    switch (char) {
      case "=":
        return this.emit("assign");
      case ":":
        return this.take() === "=" ? this.emit("declare") : this.fail("expected :=");
      case "|":
        return this.emit("pipe");
      case '"':
        return this.quoted('"', "string", "unterminated quoted string");
      case "'":
        return this.quoted("'", "character", "unterminated character constant");
      case "`":
        return this.raw();
      case "$":
        return this.name("variable");
      case "(":
        this.depth++;
        return this.emit("left paren");
      case ")":
        this.depth--;
        return this.depth < 0 ? this.fail("unexpected right paren") : this.emit("right paren");
    }
    if (char === "." && !/^[0-9]$/.test(this.text[this.at] ?? "0")) return this.name("field");
    if (/^[-+.0-9]$/.test(char)) return this.number();
    if (isAlphanumeric(char)) return this.identifier();
    if (/^[!-~]$/.test(char)) return this.emit("char");
    return this.fail(`unrecognized character in action: ${codePoint(char)}`);
  }

  private closing(length: number): Token {
    if (length === 4) {
      this.at += 2;
      this.passed();
    }
    this.at += 2;
    const token = this.emit("right delimiter");
    if (length === 4) {
      this.at += spaces(this.text.slice(this.at));
      this.passed();
    }
    this.inAction = false;
    return token;
  }

  /** Spaces; the last may belong to a trim marker. */
  private space(): Token {
    while (isSpace(this.peek())) this.at++;
    if (this.starts("-}}")) {
      this.at--;
      if (this.at === this.start) return this.closing(4);
    }
    return this.emit("space");
  }

  private atTerminator(): boolean {
    const char = this.peek();
    return char === "" || isSpace(char) || ".,|:)(".includes(char) || this.starts("}}");
  }

  private name(type: "field" | "variable"): Token {
    if (this.atTerminator()) return this.emit(type === "field" ? "dot" : type);
    while (isAlphanumeric(this.peek())) this.take();
    if (!this.atTerminator()) return this.fail(`bad character ${codePoint(this.peek())}`);
    return this.emit(type);
  }

  private identifier(): Token {
    while (isAlphanumeric(this.peek())) this.take();
    if (!this.atTerminator()) return this.fail(`bad character ${codePoint(this.peek())}`);
    const word = this.text.slice(this.start, this.at);
    if ((KEYWORDS as readonly string[]).includes(word)) return this.emit(word as Keyword);
    return this.emit(word === "true" || word === "false" ? "bool" : "identifier");
  }

  private quoted(quote: string, type: TokenType, unterminated: string): Token {
    for (;;) {
      let char = this.take();
      if (char === quote) return this.emit(type);
      if (char === "\\") {
        char = this.take();
        if (char !== "" && char !== "\n") continue;
      }
      if (char === "" || char === "\n") return this.fail(unterminated);
    }
  }

  private raw(): Token {
    const end = this.text.indexOf("`", this.at);
    if (end < 0) return this.fail("unterminated raw quoted string");
    this.at = end + 1;
    return this.emit("raw string");
  }

  private number(): Token {
    this.at = this.start;
    const bad = () => this.fail(`bad number syntax: ${quoteString(this.text.slice(this.start, this.at))}`);
    if (!this.scanNumber()) return bad();
    if (this.peek() !== "+" && this.peek() !== "-") return this.emit("number");
    if (!this.scanNumber() || this.text[this.at - 1] !== "i") return bad();
    return this.emit("complex");
  }

  private scanNumber(): boolean {
    const accept = (pattern: RegExp) => {
      pattern.lastIndex = this.at;
      const found = pattern.exec(this.text)?.[0] ?? "";
      this.at += found.length;
      return found;
    };
    accept(/[-+]?/y);
    const prefix = accept(/0[xX]|0[oO]|0[bB]|0?/y).toLowerCase();
    const digits =
      prefix === "0x" ? /[0-9a-fA-F_]*/y : prefix === "0o" ? /[0-7_]*/y : prefix === "0b" ? /[01_]*/y : /[0-9_]*/y;
    accept(digits);
    if (accept(/\.?/y) !== "") accept(digits);
    if (prefix === "0x") accept(/([pP][-+]?[0-9_]*)?/y);
    else if (prefix.length < 2) accept(/([eE][-+]?[0-9_]*)?/y);
    accept(/i?/y);
    if (!isAlphanumeric(this.peek())) return true;
    this.take();
    return false;
  }
}
