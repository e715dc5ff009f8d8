import { type Json, numberLiteral } from "./json.ts";

export type Ast =
  | { t: "identity" }
  | { t: "recurse" }
  | { t: "value"; value: Json }
  | { t: "string"; format: string | undefined; parts: (string | Ast)[] }
  | { t: "format"; name: string }
  | { t: "index"; of: Ast; key: Ast; quiet?: boolean }
  | { t: "slice"; of: Ast; from: Ast | undefined; to: Ast | undefined; quiet?: boolean }
  | { t: "iterate"; of: Ast; quiet?: boolean }
  | { t: "optional"; body: Ast }
  | { t: "array"; body: Ast | undefined }
  | { t: "object"; entries: { key: Ast; value: Ast }[] }
  | { t: "neg"; body: Ast }
  | { t: "pipe"; left: Ast; right: Ast }
  | { t: "comma"; left: Ast; right: Ast }
  | { t: "binary"; op: string; left: Ast; right: Ast }
  | { t: "and" | "or" | "alternative"; left: Ast; right: Ast }
  | { t: "assign"; op: string; left: Ast; right: Ast }
  | { t: "if"; test: Ast; yes: Ast; no: Ast | undefined }
  | { t: "try"; body: Ast; handler: Ast | undefined }
  | { t: "reduce"; source: Ast; pattern: Pattern; init: Ast; update: Ast }
  | { t: "foreach"; source: Ast; pattern: Pattern; init: Ast; update: Ast; extract: Ast | undefined }
  | { t: "as"; source: Ast; patterns: Pattern[]; body: Ast }
  | { t: "def"; name: string; params: string[]; body: Ast; rest: Ast }
  | { t: "call"; name: string; args: Ast[]; at: number }
  | { t: "var"; name: string; at: number }
  | { t: "label"; name: string; body: Ast }
  | { t: "break"; name: string; at: number }
  | { t: "loc"; line: number };

export type Pattern =
  | { t: "var"; name: string }
  | { t: "array"; items: Pattern[] }
  | { t: "object"; entries: { key: Ast; bind: string | undefined; value: Pattern | undefined }[] };

/** A program that does not compile; `report` is all that jq prints. */
export class CompileError extends Error {}

interface Token {
  type: "num" | "string" | "ident" | "field" | "var" | "format" | "op" | "keyword" | "end" | "bad";
  text: string;
  at: number;
  /** Of strings: literal texts and programs. */
  parts?: (string | Ast)[];
}

const KEYWORDS = new Set(
  "def if then elif else end as reduce foreach try catch label import include and or not __loc__"
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

/** Parses a program. Throws `CompileError`. */
export function parseJq(source: string): Ast {
  const parser = new Parser(source);
  return parser.program();
}

/** jq's report of an error at a place of the program. */
export function compileReport(source: string, message: string, at: number, errors = 1): string {
  const start = source.lastIndexOf("\n", at - 1) + 1;
  const end = source.indexOf("\n", at);
  const line = source.slice(0, at).split("\n").length;
  const text = source.slice(start, end < 0 ? undefined : end);
  return `jq: error: ${message} at <top-level>, line ${line}:\n${text}${" ".repeat(at - start)}\njq: ${errors} compile error${errors > 1 ? "s" : ""}\n`;
}

class Parser {
  private readonly source: string;
  private at = 0;
  private tokens: Token[] = [];
  private position = 0;

  constructor(source: string) {
    this.source = source;
  }

  program(): Ast {
    this.tokens = this.lex(undefined);
    if (this.peek().type === "end") return { t: "identity" };
    const ast = this.pipe();
    if (this.peek().type !== "end") this.unexpected("end of file");
    return ast;
  }

  // ---- tokens -------------------------------------------------------------------------------------------------------

  /** Tokens up to the end, or to the `)` that closes an interpolation. */
  private lex(until: ")" | undefined): Token[] {
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
        const saved = { tokens: this.tokens, position: this.position };
        this.tokens = this.lex(")");
        if (source[this.at - 1] !== ")")
          throw this.error("syntax error, unexpected end of file (Unix shell quoting issues?)", this.tokens.at(-1)!.at);
        this.position = 0;
        parts.push(this.pipe());
        if (this.peek().type !== "end") this.unexpected();
        this.tokens = saved.tokens;
        this.position = saved.position;
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

  private error(message: string, at: number): CompileError {
    return new CompileError(compileReport(this.source, message, at));
  }

  private peek(ahead = 0): Token {
    return this.tokens[Math.min(this.position + ahead, this.tokens.length - 1)]!;
  }

  private next(): Token {
    return this.tokens[Math.min(this.position++, this.tokens.length - 1)]!;
  }

  private is(text: string): boolean {
    const token = this.peek();
    return (token.type === "op" || token.type === "keyword") && token.text === text;
  }

  private accept(text: string): boolean {
    if (!this.is(text)) return false;
    this.position++;
    return true;
  }

  private expect(text: string, expecting?: string): void {
    if (!this.accept(text)) this.unexpected(expecting);
  }

  private unexpected(expecting?: string): never {
    const token = this.peek();
    const name =
      token.type === "end"
        ? "end of file"
        : token.type === "bad"
          ? "INVALID_CHARACTER"
          : token.type === "ident"
            ? "IDENT"
            : token.type === "num"
              ? "LITERAL"
              : token.type === "field"
                ? "FIELD"
                : token.type === "format"
                  ? "FORMAT"
                  : token.type === "string"
                    ? "QQSTRING_START"
                    : token.type === "var"
                      ? "'$'"
                      : token.text.length === 1
                        ? `'${token.text}'`
                        : token.text;
    const hint = expecting === undefined ? "" : `, expecting ${expecting}`;
    throw this.error(`syntax error, unexpected ${name}${hint} (Unix shell quoting issues?)`, token.at);
  }

  // ---- grammar ------------------------------------------------------------------------------------------------------

  private pipe(): Ast {
    if (this.is("def")) {
      const def = this.definition();
      return { ...def, rest: this.pipe() };
    }
    if (this.accept("label")) {
      const name = this.variable();
      this.expect("|", "'|'");
      return { t: "label", name, body: this.pipe() };
    }
    const left = this.comma();
    if (this.accept("|")) return { t: "pipe", left, right: this.pipe() };
    return left;
  }

  private definition(): Ast & { t: "def" } {
    this.expect("def");
    const name = this.next();
    const params: string[] = [];
    const wrap: string[] = [];
    if (this.accept("(")) {
      do {
        const param = this.next();
        if (param.type === "var") {
          params.push(param.text);
          wrap.push(param.text);
        } else params.push(param.text);
      } while (this.accept(";"));
      this.expect(")");
    }
    this.expect(":", "':'");
    let body = this.pipe();
    this.expect(";");
    // `def f($x): …` is `def f(x): x as $x | …`.
    for (const param of wrap.reverse())
      body = {
        t: "as",
        source: { t: "call", name: param, args: [], at: name.at },
        patterns: [{ t: "var", name: param }],
        body,
      };
    return { t: "def", name: name.text, params, body, rest: { t: "identity" } };
  }

  private comma(): Ast {
    let left = this.alternative();
    while (this.accept(",")) left = { t: "comma", left, right: this.alternative() };
    return left;
  }

  private alternative(): Ast {
    const left = this.assignment();
    if (this.accept("//")) return { t: "alternative", left, right: this.alternative() };
    return left;
  }

  private assignment(): Ast {
    const left = this.or();
    const token = this.peek();
    if (token.type === "op" && ["=", "|=", "+=", "-=", "*=", "/=", "%=", "//="].includes(token.text)) {
      this.next();
      return { t: "assign", op: token.text, left, right: this.alternative() };
    }
    return left;
  }

  private or(): Ast {
    let left = this.and();
    while (this.accept("or")) left = { t: "or", left, right: this.and() };
    return left;
  }

  private and(): Ast {
    let left = this.comparison();
    while (this.accept("and")) left = { t: "and", left, right: this.comparison() };
    return left;
  }

  private comparison(): Ast {
    const left = this.additive();
    const token = this.peek();
    if (token.type === "op" && ["==", "!=", "<", "<=", ">", ">="].includes(token.text)) {
      this.next();
      return { t: "binary", op: token.text, left, right: this.additive() };
    }
    return left;
  }

  private additive(): Ast {
    let left = this.multiplicative();
    while (this.is("+") || this.is("-"))
      left = { t: "binary", op: this.next().text, left, right: this.multiplicative() };
    return left;
  }

  private multiplicative(): Ast {
    let left = this.unary();
    while (this.is("*") || this.is("/") || this.is("%"))
      left = { t: "binary", op: this.next().text, left, right: this.unary() };
    return left;
  }

  private unary(): Ast {
    if (this.accept("-")) return { t: "neg", body: this.postfix() };
    return this.postfix();
  }

  private postfix(): Ast {
    if (this.is("reduce") || this.is("foreach")) return this.fold();
    if (this.accept("try")) {
      const body = this.postfix();
      return { t: "try", body, handler: this.accept("catch") ? this.postfix() : undefined };
    }
    const term = this.suffixed();
    if (!this.accept("as")) return term;
    const patterns = [this.pattern()];
    while (this.accept("?//")) patterns.push(this.pattern());
    this.expect("|");
    return { t: "as", source: term, patterns, body: this.pipe() };
  }

  /** A term with its suffixes but without `as`. */
  private suffixed(): Ast {
    let term = this.term();
    // A `?` right after a step hides that step's errors alone, not those of what came before.
    let step: (Ast & { t: "index" | "slice" | "iterate" }) | undefined;
    for (;;) {
      const token = this.peek();
      if (token.type === "field") {
        this.next();
        term = step = { t: "index", of: term, key: { t: "value", value: token.text } };
      } else if (token.type === "op" && token.text === "." && this.peek(1).type === "string") {
        this.next();
        term = step = { t: "index", of: term, key: this.stringAst(this.next(), undefined) };
      } else if (token.type === "op" && token.text === "." && this.peek(1).text === "[") this.next();
      else if (token.type === "op" && token.text === "[") term = step = this.bracket(term);
      else if (this.accept("?")) {
        term = step ? { ...step, quiet: true } : { t: "optional", body: term };
        step = undefined;
      } else return term;
    }
  }

  private bracket(of: Ast): Ast & { t: "index" | "slice" | "iterate" } {
    this.expect("[");
    if (this.accept("]")) return { t: "iterate", of };
    if (this.accept(":")) {
      const to = this.pipe();
      this.expect("]");
      return { t: "slice", of, from: undefined, to };
    }
    const key = this.pipe();
    if (this.accept(":")) {
      const to = this.is("]") ? undefined : this.pipe();
      this.expect("]");
      return { t: "slice", of, from: key, to };
    }
    this.expect("]");
    return { t: "index", of, key };
  }

  private variable(): string {
    const token = this.next();
    if (token.type !== "var") {
      this.position--;
      this.unexpected("'$'");
    }
    return token.text;
  }

  private pattern(): Pattern {
    if (this.peek().type === "var") return { t: "var", name: this.next().text };
    if (this.accept("[")) {
      const items: Pattern[] = [];
      do items.push(this.pattern());
      while (this.accept(","));
      this.expect("]");
      return { t: "array", items };
    }
    this.expect("{", "BINDING or '[' or '{'");
    const entries: { key: Ast; bind: string | undefined; value: Pattern | undefined }[] = [];
    do {
      const token = this.next();
      let key: Ast;
      let bind: string | undefined;
      if (token.type === "var") {
        bind = token.text;
        key = { t: "value", value: token.text };
      } else if (token.type === "string") key = this.stringAst(token, undefined);
      else if (token.type === "op" && token.text === "(") {
        key = this.pipe();
        this.expect(")");
      } else key = { t: "value", value: token.text };
      entries.push({ key, bind, value: this.accept(":") ? this.pattern() : undefined });
    } while (this.accept(","));
    this.expect("}");
    return { t: "object", entries };
  }

  private fold(): Ast {
    const name = this.next().text;
    const source = this.suffixed();
    this.expect("as");
    const pattern = this.pattern();
    this.expect("(", "'('");
    const init = this.pipe();
    this.expect(";");
    const update = this.pipe();
    if (name === "reduce") {
      this.expect(")");
      return { t: "reduce", source, pattern, init, update };
    }
    const extract = this.accept(";") ? this.pipe() : undefined;
    this.expect(")");
    return { t: "foreach", source, pattern, init, update, extract };
  }

  private stringAst(token: Token, format: string | undefined): Ast {
    const parts = token.parts!;
    if (parts.length === 1 && typeof parts[0] === "string") return { t: "value", value: parts[0] };
    return { t: "string", format, parts };
  }

  private term(): Ast {
    const token = this.next();
    switch (token.type) {
      case "num":
        return { t: "value", value: numberLiteral(token.text.replace(/^0+(?=\d)/, "").replace(/^\./, "0.")) };
      case "string":
        return this.stringAst(token, undefined);
      case "format":
        if (this.peek().type === "string") return this.stringAst(this.next(), token.text.slice(1));
        return { t: "format", name: token.text.slice(1) };
      case "field":
        return { t: "index", of: { t: "identity" }, key: { t: "value", value: token.text } };
      case "var":
        if (token.text === "__loc__") return { t: "loc", line: this.source.slice(0, token.at).split("\n").length };
        return { t: "var", name: token.text, at: token.at };
      case "ident": {
        if (token.text === "break") {
          if (this.peek().type !== "var") this.unexpected("BINDING");
          return { t: "break", name: this.next().text, at: token.at };
        }
        const args: Ast[] = [];
        if (this.accept("(")) {
          do args.push(this.pipe());
          while (this.accept(";"));
          this.expect(")", "';' or ')'");
        }
        return { t: "call", name: token.text, args, at: token.at };
      }
      default:
    }
    if (token.type === "keyword") {
      switch (token.text) {
        case "if":
          return this.conditional();
        case "def": {
          this.position--;
          const def = this.definition();
          return { ...def, rest: this.pipe() };
        }
        case "reduce":
        case "foreach":
          this.position--;
          return this.fold();
        case "try": {
          const body = this.postfix();
          return { t: "try", body, handler: this.accept("catch") ? this.postfix() : undefined };
        }
        case "label": {
          const name = this.variable();
          this.expect("|");
          return { t: "label", name, body: this.pipe() };
        }
        default:
      }
    }
    if (token.type === "op") {
      switch (token.text) {
        case ".":
          if (this.peek().type === "string")
            return { t: "index", of: { t: "identity" }, key: this.stringAst(this.next(), undefined) };
          // `.and`: keywords are fine as names.
          return { t: "identity" };
        case "..":
          return { t: "recurse" };
        case "(": {
          const inner = this.pipe();
          this.expect(")");
          return inner;
        }
        case "[":
          if (this.accept("]")) return { t: "array", body: undefined };
          {
            const body = this.pipe();
            this.expect("]");
            return { t: "array", body };
          }
        case "{":
          return this.object();
        case "-":
          return { t: "neg", body: this.postfix() };
        default:
      }
    }
    this.position--;
    return this.unexpected(this.position === 0 ? "end of file" : undefined);
  }

  private conditional(): Ast {
    const test = this.pipe();
    this.expect("then");
    const yes = this.pipe();
    if (this.accept("elif")) return { t: "if", test, yes, no: this.conditional() };
    if (this.accept("else")) {
      const no = this.pipe();
      this.expect("end");
      return { t: "if", test, yes, no };
    }
    this.expect("end");
    return { t: "if", test, yes, no: undefined };
  }

  private object(): Ast {
    const entries: { key: Ast; value: Ast }[] = [];
    if (this.accept("}")) return { t: "object", entries };
    do {
      if (this.is("}")) break;
      const token = this.next();
      let key: Ast;
      let short: Ast | undefined;
      if (token.type === "var") {
        key = { t: "value", value: token.text };
        short = token.text === "__loc__" ? { t: "loc", line: 1 } : { t: "var", name: token.text, at: token.at };
      } else if (token.type === "string" || token.type === "format") {
        key =
          token.type === "string"
            ? this.stringAst(token, undefined)
            : this.peek().type === "string"
              ? this.stringAst(this.next(), token.text.slice(1))
              : { t: "format", name: token.text.slice(1) };
        short = { t: "index", of: { t: "identity" }, key };
      } else if (token.type === "ident" || token.type === "keyword") {
        key = { t: "value", value: token.text };
        short = { t: "index", of: { t: "identity" }, key };
      } else if (token.type === "num") key = { t: "value", value: numberLiteral(token.text) };
      else if (token.type === "op" && token.text === "(") {
        key = this.pipe();
        this.expect(")");
      } else {
        this.position--;
        this.unexpected();
      }
      if (this.accept(":")) entries.push({ key, value: this.objectValue() });
      else if (short) entries.push({ key, value: short });
      else this.unexpected();
    } while (this.accept(","));
    this.expect("}", "'}'");
    return { t: "object", entries };
  }

  private objectValue(): Ast {
    let value = this.unaryValue();
    while (this.accept("|")) value = { t: "pipe", left: value, right: this.unaryValue() };
    return value;
  }

  /** Values of objects need no parentheses for what binds closer than a comma. */
  private unaryValue(): Ast {
    return this.alternative();
  }
}
