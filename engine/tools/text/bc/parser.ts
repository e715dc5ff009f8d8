/** The language of bc(1): a tree for each line (or brace block) of the program. */
export type Expression =
  | { t: "number"; text: string }
  | { t: "variable"; name: string; index: Expression | undefined }
  | { t: "assign"; target: Expression & { t: "variable" }; op: string; value: Expression }
  | { t: "step"; target: Expression & { t: "variable" }; by: 1 | -1; before: boolean }
  | { t: "negate" | "not"; of: Expression }
  | { t: "binary"; op: string; left: Expression; right: Expression }
  | { t: "call"; name: string; args: Expression[] };

export type Statement =
  | { t: "expression"; of: Expression; silent: boolean }
  | { t: "text"; text: string }
  | { t: "print"; parts: (string | Expression)[] }
  | { t: "if"; test: Expression; yes: Statement; no: Statement | undefined }
  | {
      t: "for";
      init: Expression | undefined;
      test: Expression | undefined;
      step: Expression | undefined;
      body: Statement;
    }
  | { t: "block"; body: Statement[] }
  | { t: "define"; name: string; params: string[]; autos: string[]; body: Statement[] }
  | { t: "return"; of: Expression | undefined }
  | { t: "break" | "continue" | "quit" | "halt" };

/** A line that is no bc; printed with the line's number. */
export class BcSyntaxError extends Error {
  readonly line: number;
  /** The scanner complained, and then the grammar did too. */
  readonly twice: boolean;

  constructor(message: string, line: number, twice = false) {
    super(message);
    this.line = line;
    this.twice = twice;
  }
}

interface Token {
  text: string;
  kind: "number" | "name" | "string" | "op" | "newline" | "end" | "bad";
  line: number;
}

const TOKEN =
  /\\\n|[ \t]+|\/\*[\s\S]*?\*\/|#[^\n]*|(\d[\dA-F]*(?:\\\n[\dA-F]+)*\.?[\dA-F]*|\.[\dA-F]+|[A-F][\dA-F]*\.?[\dA-F]*|\.)|([a-z][a-z0-9_]*)|"([^"]*)"|(\+\+|--|[-+*/%^]=|[=!<>]=|&&|\|\||[-+*/%^=<>!(){}[\],;])|(\n)/y;

function tokens(source: string): Token[] {
  const out: Token[] = [];
  let line = 1;
  for (let at = 0; at < source.length; ) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(source);
    if (match === null) {
      out.push({ text: source[at]!, kind: "bad", line });
      at++;
      continue;
    }
    at = TOKEN.lastIndex;
    const [text, number, name, string, op, newline] = match;
    if (number !== undefined) out.push({ text: number.replace(/\\\n/g, ""), kind: "number", line });
    else if (name !== undefined) out.push({ text: name, kind: "name", line });
    else if (string !== undefined) out.push({ text: string, kind: "string", line });
    else if (op !== undefined) out.push({ text: op, kind: "op", line });
    else if (newline !== undefined) out.push({ text: newline, kind: "newline", line });
    line += text.split("\n").length - 1;
  }
  out.push({ text: "", kind: "end", line });
  return out;
}

const LEVELS = [["||"], ["&&"], ["!"], ["==", "<=", ">=", "!=", "<", ">"]];

/** Reads a program piece by piece, so that what comes before an error has its effect. */
export class BcParser {
  private readonly list: Token[];
  private at = 0;
  private depth = 0;

  constructor(source: string) {
    this.list = tokens(source);
  }

  private get token(): Token {
    return this.list[this.at]!;
  }

  private kind(): Token["kind"] {
    return this.list[this.at]!.kind;
  }

  private accept(text: string): boolean {
    if (this.token.text !== text || this.kind() === "string") return false;
    this.at++;
    return true;
  }

  private expect(text: string): void {
    if (!this.accept(text)) this.fail();
  }

  private fail(): never {
    const { token } = this;
    if (token.kind === "bad")
      throw new BcSyntaxError(`illegal character: ${token.text}`, token.line, this.list[this.at + 1]?.text !== "\n");
    throw new BcSyntaxError("syntax error", token.kind === "newline" ? token.line + 1 : token.line);
  }

  private newlines(): void {
    while (this.kind() === "newline") this.at++;
  }

  /** Statements of the next line; undefined at the end. Throws `BcSyntaxError` and goes to the line after. */
  next(): Statement[] | undefined {
    this.newlines();
    if (this.kind() === "end") return undefined;
    const out: Statement[] = [];
    try {
      for (;;) {
        if (this.accept(";")) continue;
        if (this.kind() === "newline" || this.kind() === "end") return out;
        out.push(this.statement());
        if (this.kind() !== "newline" && this.kind() !== "end" && this.token.text !== ";") this.fail();
      }
    } catch (error) {
      while (this.kind() !== "newline" && this.kind() !== "end") this.at++;
      throw error;
    }
  }

  private statement(): Statement {
    const { token } = this;
    if (token.kind === "string") {
      this.at++;
      return { t: "text", text: token.text };
    }
    if (this.accept("{")) {
      const body: Statement[] = [];
      for (;;) {
        while (this.kind() === "newline" || this.token.text === ";") this.at++;
        if (this.accept("}")) return { t: "block", body };
        body.push(this.statement());
      }
    }
    if (token.kind === "name")
      switch (token.text) {
        case "if": {
          this.at++;
          this.expect("(");
          const test = this.expression();
          this.expect(")");
          this.newlines();
          const yes = this.statement();
          if (this.accept("else")) {
            this.newlines();
            return { t: "if", test, yes, no: this.statement() };
          }
          return { t: "if", test, yes, no: undefined };
        }
        case "while": {
          this.at++;
          this.expect("(");
          const test = this.expression();
          this.expect(")");
          this.newlines();
          return { t: "for", init: undefined, test, step: undefined, body: this.statement() };
        }
        case "for": {
          this.at++;
          this.expect("(");
          const part = (end: string) => {
            if (this.accept(end)) return undefined;
            const of = this.expression();
            this.expect(end);
            return of;
          };
          const [init, test, step] = [part(";"), part(";"), part(")")];
          this.newlines();
          return { t: "for", init, test, step, body: this.statement() };
        }
        case "define":
          return this.define();
        case "print": {
          this.at++;
          const parts: (string | Expression)[] = [];
          do {
            if (this.kind() === "string") parts.push(this.list[this.at++]!.text);
            else parts.push(this.expression());
          } while (this.accept(","));
          return { t: "print", parts };
        }
        case "return": {
          if (this.depth === 0) throw new BcSyntaxError("Return outside of a function.", token.line);
          this.at++;
          if (this.kind() === "newline" || this.token.text === ";" || this.token.text === "}")
            return { t: "return", of: undefined };
          return { t: "return", of: this.expression() };
        }
        case "break":
        case "continue":
        case "quit":
        case "halt":
          this.at++;
          return { t: token.text };
        default:
      }
    const of = this.expression();
    return { t: "expression", of, silent: of.t === "assign" };
  }

  private define(): Statement {
    this.at++;
    this.accept("void");
    const name = this.list[this.at++]!.text;
    const names = (end: string): string[] => {
      const out: string[] = [];
      while (this.kind() === "name") {
        let word = this.list[this.at++]!.text;
        if (this.accept("[")) {
          this.expect("]");
          word += "[]";
        }
        out.push(word);
        if (!this.accept(",")) break;
      }
      if (end !== "") this.expect(end);
      return out;
    };
    this.expect("(");
    const params = names(")");
    this.newlines();
    this.expect("{");
    this.depth++;
    const body: Statement[] = [];
    let autos: string[] = [];
    for (;;) {
      while (this.kind() === "newline" || this.token.text === ";") this.at++;
      if (this.accept("auto")) {
        autos = names("");
        continue;
      }
      if (this.accept("}")) break;
      body.push(this.statement());
    }
    this.depth--;
    return { t: "define", name, params, autos, body };
  }

  private expression(level = 0): Expression {
    if (level === 2) {
      if (this.accept("!")) return { t: "not", of: this.expression(2) };
      return this.expression(3);
    }
    if (level > 3) return this.assignment();
    let left = this.expression(level + 1);
    while (this.kind() === "op" && LEVELS[level]!.includes(this.token.text)) {
      const op = this.list[this.at++]!.text;
      left = { t: "binary", op, left, right: this.expression(level + 1) };
    }
    return left;
  }

  /** An assignment binds closer than a comparison, as bc's grammar has it. */
  private assignment(): Expression {
    const start = this.at;
    if (this.kind() === "name") {
      const target = this.primary();
      const op = this.token.text;
      if (target.t === "variable" && this.kind() === "op" && /^[-+*/%^]?=$/.test(op)) {
        this.at++;
        return { t: "assign", target, op: op.slice(0, -1), value: this.assignment() };
      }
      this.at = start;
    }
    return this.sum();
  }

  private sum(): Expression {
    let left = this.product();
    while (this.kind() === "op" && /^[-+]$/.test(this.token.text)) {
      const op = this.list[this.at++]!.text;
      left = { t: "binary", op, left, right: this.product() };
    }
    return left;
  }

  private product(): Expression {
    let left = this.power();
    while (this.kind() === "op" && /^[*/%]$/.test(this.token.text)) {
      const op = this.list[this.at++]!.text;
      left = { t: "binary", op, left, right: this.power() };
    }
    return left;
  }

  private power(): Expression {
    const left = this.unary();
    if (!this.accept("^")) return left;
    return { t: "binary", op: "^", left, right: this.power() };
  }

  private unary(): Expression {
    if (this.accept("-")) return { t: "negate", of: this.unary() };
    const step = this.token.text;
    if (this.kind() === "op" && (step === "++" || step === "--")) {
      this.at++;
      const target = this.primary();
      if (target.t !== "variable") this.fail();
      return { t: "step", target, by: step === "++" ? 1 : -1, before: true };
    }
    const of = this.primary();
    const after = this.token.text;
    if (of.t === "variable" && this.kind() === "op" && (after === "++" || after === "--")) {
      this.at++;
      return { t: "step", target: of, by: after === "++" ? 1 : -1, before: false };
    }
    return of;
  }

  private primary(): Expression {
    const { token } = this;
    if (token.kind === "number") {
      this.at++;
      return token.text === "." ? { t: "variable", name: "last", index: undefined } : { t: "number", text: token.text };
    }
    if (this.accept("(")) {
      const of = this.expression();
      this.expect(")");
      // Parentheses make a value of an assignment, which is then printed.
      return of.t === "assign" || of.t === "variable"
        ? { t: "binary", op: "+", left: of, right: { t: "number", text: "0" } }
        : of;
    }
    if (
      token.kind !== "name" ||
      /^(if|else|while|for|define|return|break|continue|print|quit|halt|auto)$/.test(token.text)
    )
      this.fail();
    this.at++;
    if (this.accept("(")) {
      const args: Expression[] = [];
      if (!this.accept(")")) {
        do args.push(this.expression());
        while (this.accept(","));
        this.expect(")");
      }
      return { t: "call", name: token.text, args };
    }
    if (this.accept("[")) {
      const index = this.expression();
      this.expect("]");
      return { t: "variable", name: token.text, index };
    }
    return { t: "variable", name: token.text, index: undefined };
  }
}
