import { Lexer, type Token } from "./lexer.ts";
import { type AwkFunction, type AwkProgram, AwkSyntaxError, type Expr, type Rule, type Stmt } from "./syntax.ts";

/** Parses a program. `where` is gawk's name for it in messages: `cmd. line` or a file. Throws `AwkSyntaxError`. */
export function parseAwk(source: string, where = "cmd. line"): AwkProgram {
  return new Parser(source, where).program();
}

const ASSIGNMENTS = ["=", "+=", "-=", "*=", "/=", "%=", "^="];
const COMPARISONS = ["<", "<=", "==", "!=", ">", ">="];

class Parser {
  private readonly lexer: Lexer;
  private token: Token;
  private readonly ahead: Token[] = [];
  /** `>` redirects here instead of comparing. */
  private inPrint = false;
  /** `in` belongs to a for here. */
  private noIn = false;
  private context: "BEGIN" | "END" | "rule" | "function" = "rule";
  private loops = 0;
  private readonly calls: { name: string; line: number }[] = [];

  constructor(source: string, where: string) {
    this.lexer = new Lexer(source, where);
    this.token = this.lexer.next();
  }

  // ---- tokens -------------------------------------------------------------------------------------------------------

  private advance(): Token {
    const token = this.token;
    this.token = this.ahead.shift() ?? this.lexer.next();
    return token;
  }

  private is(...texts: string[]): boolean {
    return (this.token.type === "op" || this.token.type === "keyword") && texts.includes(this.token.text);
  }

  private accept(text: string): boolean {
    if (!this.is(text)) return false;
    this.advance();
    return true;
  }

  private unexpected(token = this.token): never {
    if (token.type === "end" || token.type === "newline") this.lexer.fail(token, "unexpected newline or end of string");
    this.lexer.fail(token, "syntax error");
  }

  private expect(text: string): void {
    if (!this.accept(text)) this.unexpected();
  }

  private newlines(): void {
    while (this.token.type === "newline") this.advance();
  }

  private terminators(): void {
    while (this.token.type === "newline" || this.is(";")) this.advance();
  }

  // ---- program ------------------------------------------------------------------------------------------------------

  program(): AwkProgram {
    const program: AwkProgram = { begin: [], end: [], rules: [], functions: new Map() };
    this.terminators();
    while (this.token.type !== "end") {
      if (this.accept("function")) {
        const found = this.functionDefinition();
        program.functions.set(found.name, found);
      } else if (this.is("BEGIN", "END")) {
        const kind = this.advance().text as "BEGIN" | "END";
        this.context = kind;
        if (!this.is("{")) this.unexpected();
        (kind === "BEGIN" ? program.begin : program.end).push(this.block());
      } else program.rules.push(this.rule());
      this.terminators();
    }
    for (const call of this.calls) {
      if (!program.functions.has(call.name))
        throw new AwkSyntaxError(`${this.lexer.where}:${call.line}: fatal: function \`${call.name}' not defined`, 2);
    }
    return program;
  }

  private rule(): Rule {
    this.context = "rule";
    const rule: Rule = { pattern: undefined, until: undefined, body: undefined };
    if (!this.is("{")) {
      rule.pattern = this.expression();
      if (this.accept(",")) {
        this.newlines();
        rule.until = this.expression();
      }
    }
    if (this.is("{")) rule.body = this.block();
    return rule;
  }

  private functionDefinition(): AwkFunction {
    const name = this.advance();
    if (name.type !== "func" && name.type !== "name") this.unexpected(name);
    this.expect("(");
    const params: string[] = [];
    while (!this.is(")")) {
      this.newlines();
      if (this.token.type !== "name") this.unexpected();
      params.push(this.advance().text);
      this.newlines();
      if (!this.is(")")) this.expect(",");
    }
    this.expect(")");
    this.newlines();
    this.context = "function";
    return { name: name.text, params, body: this.block() };
  }

  // ---- statements ---------------------------------------------------------------------------------------------------

  private block(): Stmt {
    this.expect("{");
    const body: Stmt[] = [];
    this.terminators();
    while (!this.is("}")) {
      if (this.token.type === "end") this.unexpected();
      body.push(this.statement());
      this.terminators();
    }
    this.advance();
    return { t: "block", body };
  }

  private atBreak(): boolean {
    return this.token.type === "newline" || this.is(";");
  }

  private atEnd(): boolean {
    return this.atBreak() || this.is("}") || this.token.type === "end";
  }

  /** What ends a simple statement: newline, `;`, or the `}` that follows. */
  private end(): void {
    if (this.token.type === "newline" || this.is(";")) this.advance();
    else if (!this.is("}") && this.token.type !== "end") this.unexpected();
  }

  private body(): Stmt {
    this.newlines();
    if (this.is(";")) {
      this.advance();
      return { t: "empty" };
    }
    return this.statement();
  }

  private loopBody(): Stmt {
    this.loops++;
    const body = this.body();
    this.loops--;
    return body;
  }

  private statement(): Stmt {
    if (this.is("{")) return this.block();
    if (this.token.type !== "keyword") {
      const simple = this.simple();
      this.end();
      return simple;
    }
    const keyword = this.token;
    switch (keyword.text) {
      case "if": {
        this.advance();
        this.expect("(");
        const test = this.expression();
        this.expect(")");
        if (this.is("}")) this.unexpected();
        const yes = this.body();
        // An else may follow after newlines and a semicolon.
        const skipped: Token[] = [];
        while (this.atBreak()) skipped.push(this.advance());
        if (this.accept("else")) return { t: "if", test, yes, no: this.body() };
        if (skipped.length > 0) {
          this.ahead.unshift(...skipped.slice(1), this.token);
          this.token = skipped[0]!;
        }
        return { t: "if", test, yes, no: undefined };
      }
      case "while": {
        this.advance();
        this.expect("(");
        const test = this.expression();
        this.expect(")");
        if (this.accept(";")) return { t: "while", test, body: { t: "empty" }, first: false };
        return { t: "while", test, body: this.loopBody(), first: false };
      }
      case "do": {
        this.advance();
        const body = this.loopBody();
        this.terminators();
        this.expect("while");
        this.expect("(");
        const test = this.expression();
        this.expect(")");
        this.end();
        return { t: "while", test, body, first: true };
      }
      case "for":
        return this.forStatement();
      case "switch":
        return this.switchStatement();
      case "break":
      case "continue":
        if (this.loops === 0)
          throw new AwkSyntaxError(
            `${this.lexer.where}:${keyword.line}: error: \`${keyword.text}' is not allowed outside a loop${keyword.text === "break" ? " or switch" : ""}`,
          );
        this.advance();
        this.end();
        return { t: keyword.text };
      case "next":
      case "nextfile":
        if (this.context === "BEGIN" || this.context === "END")
          throw new AwkSyntaxError(
            `${this.lexer.where}:${keyword.line}: error: \`${keyword.text}' used in ${this.context} action`,
          );
        this.advance();
        this.end();
        return { t: keyword.text };
      case "exit":
      case "return": {
        if (keyword.text === "return" && this.context !== "function")
          this.lexer.fail(keyword, "`return' used outside function context");
        this.advance();
        const value = this.atEnd() ? undefined : this.expression();
        this.end();
        return { t: keyword.text, value };
      }
      default: {
        const simple = this.simple();
        this.end();
        return simple;
      }
    }
  }

  private simple(): Stmt {
    if (this.is("print", "printf")) return this.print();
    if (this.accept("delete")) {
      const parens = this.accept("(");
      const name = this.advance();
      if (name.type !== "name") this.unexpected(name);
      let keys: Expr[] | undefined;
      if (this.accept("[")) {
        keys = this.list("]");
        this.expect("]");
      }
      if (parens) this.expect(")");
      return { t: "delete", name: name.text, keys };
    }
    return { t: "expr", value: this.expression() };
  }

  private print(): Stmt {
    const format = this.advance().text === "printf";
    const outer = this.inPrint;
    this.inPrint = true;
    let args: Expr[] = [];
    if (!this.atEnd() && !this.is(">", ">>", "|")) {
      args = [this.expression()];
      const first = args[0]!;
      if (first.t === "group" && "list" in first) args = (first as unknown as { list: Expr[] }).list;
      while (this.accept(",")) {
        this.newlines();
        args.push(this.expression());
      }
    }
    let to: { kind: ">" | ">>" | "|"; target: Expr } | undefined;
    if (this.is(">", ">>", "|")) {
      const kind = this.advance().text as ">";
      to = { kind, target: this.concatenation(true) };
    }
    this.inPrint = outer;
    return { t: "print", args, format, to };
  }

  private forStatement(): Stmt {
    this.advance();
    this.expect("(");
    let init: Stmt | undefined;
    if (!this.is(";")) {
      if (this.token.type === "name") {
        this.noIn = true;
        const first = this.simple();
        this.noIn = false;
        if (this.is("in") && first.t === "expr" && first.value.t === "var") {
          this.advance();
          const array = this.advance();
          if (array.type !== "name") this.unexpected(array);
          this.expect(")");
          if (this.accept(";")) return { t: "forin", name: first.value.name, array: array.text, body: { t: "empty" } };
          return { t: "forin", name: first.value.name, array: array.text, body: this.loopBody() };
        }
        init = first;
      } else init = this.simple();
    }
    this.expect(";");
    this.newlines();
    const test = this.is(";") ? undefined : this.expression();
    this.expect(";");
    this.newlines();
    const step = this.is(")") ? undefined : this.simple();
    this.expect(")");
    if (this.accept(";")) return { t: "for", init, test, step, body: { t: "empty" } };
    return { t: "for", init, test, step, body: this.loopBody() };
  }

  private switchStatement(): Stmt {
    this.advance();
    this.expect("(");
    const value = this.expression();
    this.expect(")");
    this.newlines();
    this.expect("{");
    this.terminators();
    const cases: { test: Expr | undefined; body: Stmt[] }[] = [];
    this.loops++;
    while (!this.accept("}")) {
      let test: Expr | undefined;
      if (this.accept("case")) test = this.unary();
      else this.expect("default");
      this.expect(":");
      this.terminators();
      const body: Stmt[] = [];
      while (!this.is("case", "default", "}")) {
        body.push(this.statement());
        this.terminators();
      }
      cases.push({ test, body });
    }
    this.loops--;
    return { t: "switch", value, cases };
  }

  // ---- expressions --------------------------------------------------------------------------------------------------

  private list(close: string): Expr[] {
    const out: Expr[] = [];
    const [outerPrint, outerIn] = [this.inPrint, this.noIn];
    this.inPrint = this.noIn = false;
    this.newlines();
    while (!this.is(close)) {
      out.push(this.expression());
      this.newlines();
      if (!this.is(close)) {
        this.expect(",");
        this.newlines();
      }
    }
    this.inPrint = outerPrint;
    this.noIn = outerIn;
    return out;
  }

  expression(): Expr {
    const left = this.ternary();
    if (isTarget(left) && this.token.type === "op" && ASSIGNMENTS.includes(this.token.text)) {
      const op = this.advance().text;
      this.newlines();
      return { t: "assign", op: op.slice(0, -1), target: left, value: this.expression() };
    }
    return left;
  }

  private ternary(): Expr {
    const test = this.or();
    if (!this.is("?")) return test;
    this.advance();
    this.newlines();
    const yes = this.expression();
    this.newlines();
    this.expect(":");
    this.newlines();
    return { t: "cond", test, yes, no: this.expression() };
  }

  private or(): Expr {
    let left = this.and();
    while (this.accept("||")) {
      this.newlines();
      left = { t: "or", left, right: this.and() };
    }
    return left;
  }

  private and(): Expr {
    let left = this.membership();
    while (this.accept("&&")) {
      this.newlines();
      left = { t: "and", left, right: this.membership() };
    }
    return left;
  }

  private membership(): Expr {
    let left = this.matching();
    while (!this.noIn && this.is("in")) {
      this.advance();
      const name = this.advance();
      if (name.type !== "name") this.unexpected(name);
      const keys = left.t === "group" && "list" in left ? (left as unknown as { list: Expr[] }).list : [left];
      left = { t: "in", keys, name: name.text };
    }
    return left;
  }

  private matching(): Expr {
    let left = this.comparison();
    while (this.is("~") || (this.is("!") && this.nextIs("~"))) {
      const negate = this.advance().text === "!";
      if (negate) this.advance();
      left = { t: "match", negate, text: left, pattern: this.comparison() };
    }
    return left;
  }

  /** `!~` comes as two tokens. */
  private nextIs(text: string): boolean {
    if (this.ahead.length === 0) this.ahead.push(this.lexer.next());
    const next = this.ahead[0]!;
    return next.type === "op" && next.text === text && next.at === this.token.at + 1;
  }

  private comparison(): Expr {
    let left = this.concatenation(false);
    if (
      this.token.type === "op" &&
      COMPARISONS.includes(this.token.text) &&
      !(this.inPrint && this.token.text === ">")
    ) {
      const op = this.advance().text;
      left = { t: "binary", op, left, right: this.concatenation(false) };
    }
    while (this.is("|") && !this.inPrintPipe()) {
      this.advance();
      this.expect("getline");
      left = { t: "getline", kind: "command", source: left, target: this.getlineTarget() };
    }
    return left;
  }

  private inPrintPipe(): boolean {
    if (this.ahead.length === 0) this.ahead.push(this.lexer.next());
    return !(this.ahead[0]!.type === "keyword" && this.ahead[0]!.text === "getline");
  }

  private concatenation(target: boolean): Expr {
    let left = this.additive();
    while (this.startsValue()) {
      const right = this.additive();
      left = { t: "concat", left, right };
      if (!target && this.is("|") && !this.inPrintPipe()) break;
    }
    return left;
  }

  private startsValue(): boolean {
    const { type, text } = this.token;
    if (
      type === "num" ||
      type === "str" ||
      type === "regex" ||
      type === "name" ||
      type === "func" ||
      type === "builtin"
    )
      return true;
    if (type === "op")
      return text === "$" || text === "!"
        ? text === "$" || !this.nextIs("~")
        : ["(", "-", "+", "++", "--"].includes(text);
    return false;
  }

  private additive(): Expr {
    let left = this.multiplicative();
    while (this.is("+", "-")) {
      const op = this.advance().text;
      left = { t: "binary", op, left, right: this.multiplicative() };
    }
    return left;
  }

  private multiplicative(): Expr {
    let left = this.unary();
    while (this.is("*", "/", "%")) {
      const op = this.advance().text;
      left = { t: "binary", op, left, right: this.unary() };
    }
    return left;
  }

  private unary(): Expr {
    if (this.is("!", "-", "+")) {
      const op = this.advance().text as "!";
      return { t: "unary", op, value: this.unary() };
    }
    return this.power();
  }

  private power(): Expr {
    const left = this.postfix();
    if (!this.is("^")) return left;
    this.advance();
    // Right-associative; a sign may follow.
    const right = this.is("-", "+", "!") ? this.unary() : this.power();
    return { t: "binary", op: "^", left, right };
  }

  private postfix(): Expr {
    const value = this.primary();
    if (isTarget(value) && this.is("++", "--")) {
      const op = this.advance().text as "++";
      return { t: "step", op, prefix: false, target: value };
    }
    return value;
  }

  private getlineTarget(): Expr | undefined {
    if (this.token.type === "name" || this.is("$")) return this.primary();
    return undefined;
  }

  private primary(): Expr {
    const token = this.token;
    switch (token.type) {
      case "num":
        this.advance();
        return { t: "num", value: token.value! };
      case "str":
        this.advance();
        return { t: "str", value: token.text };
      case "regex":
        this.advance();
        return { t: "regex", source: token.text };
      case "name":
        this.advance();
        if (this.accept("[")) {
          const keys = this.list("]");
          this.expect("]");
          return { t: "index", name: token.text, keys };
        }
        return { t: "var", name: token.text };
      case "func": {
        this.advance();
        this.expect("(");
        const args = this.list(")");
        this.expect(")");
        this.calls.push({ name: token.text, line: token.line });
        return { t: "call", name: token.text, args, line: token.line };
      }
      case "builtin": {
        this.advance();
        if (!this.is("(")) {
          if (token.text === "length") return { t: "builtin", name: "length", args: [] };
          this.unexpected();
        }
        this.advance();
        const args = this.list(")");
        this.expect(")");
        return { t: "builtin", name: token.text, args };
      }
      default:
    }
    if (this.accept("$")) {
      if (this.is("++", "--")) {
        const op = this.advance().text as "++";
        return { t: "field", index: { t: "step", op, prefix: true, target: this.primary() } };
      }
      if (this.is("-", "+")) return { t: "field", index: this.unary() };
      return { t: "field", index: this.primary() };
    }
    if (this.is("++", "--")) {
      const op = this.advance().text as "++";
      const target = this.primary();
      if (!isTarget(target)) this.unexpected();
      return { t: "step", op, prefix: true, target };
    }
    if (this.accept("getline")) {
      const target = this.getlineTarget();
      if (this.accept("<")) return { t: "getline", kind: "file", source: this.primary(), target };
      return { t: "getline", kind: "main", source: undefined, target };
    }
    if (this.accept("(")) {
      const list = this.list(")");
      this.expect(")");
      if (list.length === 0) this.unexpected();
      if (list.length > 1) return { t: "group", value: list[0]!, list } as unknown as Expr;
      return { t: "group", value: list[0]! };
    }
    if (this.is("-", "+", "!")) return this.unary();
    return this.unexpected();
  }
}

function isTarget(expr: Expr): boolean {
  return expr.t === "var" || expr.t === "field" || expr.t === "index";
}
