/** The expressions of awk's grammar. */
import { Lexer, type SourcePart, type Token } from "./lexer.ts";
import type { Expr } from "./syntax.ts";

const ASSIGNMENTS = ["=", "+=", "-=", "*=", "/=", "%=", "^="];
/** How many arguments awk's functions take: at least, at most. */
const COUNTS: Record<string, [number, number]> = {
  length: [0, 1],
  substr: [2, 3],
  index: [2, 2],
  split: [2, 4],
  patsplit: [2, 4],
  sub: [2, 3],
  gsub: [2, 3],
  gensub: [3, 4],
  match: [2, 3],
  sin: [1, 1],
  cos: [1, 1],
  atan2: [2, 2],
  exp: [1, 1],
  log: [1, 1],
  sqrt: [1, 1],
  int: [1, 1],
  rand: [0, 0],
  srand: [0, 1],
  tolower: [1, 1],
  toupper: [1, 1],
  strtonum: [1, 1],
  systime: [0, 0],
  mktime: [1, 2],
  strftime: [0, 3],
  system: [1, 1],
  close: [1, 2],
  compl: [1, 1],
  asort: [1, 3],
  asorti: [1, 3],
  isarray: [1, 1],
  typeof: [1, 1],
  mkbool: [1, 1],
  lshift: [2, 2],
  rshift: [2, 2],
};
const COMPARISONS = ["<", "<=", "==", "!=", ">", ">="];

export class ExpressionParser {
  protected readonly lexer: Lexer;
  protected token: Token;
  protected readonly ahead: Token[] = [];
  /** `>` redirects here instead of comparing. */
  protected inPrint = false;
  /** `in` belongs to a for here. */
  protected noIn = false;
  protected readonly calls: { name: string; line: number; count: number; params: readonly string[] }[] = [];
  /** Names that stand for variables, but parameters. */
  protected readonly variables: Token[] = [];
  /** Parameters of the function that is read. */
  protected params: readonly string[] = [];

  constructor(source: string, where: string, parts?: readonly SourcePart[]) {
    this.lexer = new Lexer(source, where, parts);
    this.token = this.lexer.next();
  }

  // ---- tokens -------------------------------------------------------------------------------------------------------

  protected advance(): Token {
    const token = this.token;
    this.token = this.ahead.shift() ?? this.lexer.next();
    return token;
  }

  protected is(...texts: string[]): boolean {
    return (this.token.type === "op" || this.token.type === "keyword") && texts.includes(this.token.text);
  }

  protected accept(text: string): boolean {
    if (!this.is(text)) return false;
    this.advance();
    return true;
  }

  protected unexpected(token = this.token): never {
    if (token.type === "end" || token.type === "newline") this.lexer.fail(token, "unexpected newline or end of string");
    this.lexer.fail(token, "syntax error");
  }

  protected expect(text: string): void {
    if (!this.accept(text)) this.unexpected();
  }

  protected newlines(): void {
    while (this.token.type === "newline") this.advance();
  }

  protected terminators(): void {
    while (this.token.type === "newline" || this.is(";")) this.advance();
  }

  // ---- expressions --------------------------------------------------------------------------------------------------

  protected list(close: string): Expr[] {
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
    return this.assigned(this.ternary());
  }

  /** What an operator that binds less than assignments has beside it: `a && b = c` assigns. */
  private assigned(left: Expr): Expr {
    if (isTarget(left) && this.token.type === "op" && ASSIGNMENTS.includes(this.token.text)) {
      const op = this.advance().text;
      this.newlines();
      return { t: "assign", op: op.slice(0, -1), target: left, value: this.expression() };
    }
    return left;
  }

  protected ternary(): Expr {
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

  protected or(): Expr {
    let left = this.and();
    while (this.accept("||")) {
      this.newlines();
      left = { t: "or", left, right: this.assigned(this.and()) };
    }
    return left;
  }

  protected and(): Expr {
    let left = this.membership();
    while (this.accept("&&")) {
      this.newlines();
      left = { t: "and", left, right: this.assigned(this.membership()) };
    }
    return left;
  }

  protected membership(): Expr {
    let left = this.matching();
    while (!this.noIn && this.is("in")) {
      this.advance();
      const name = this.advance();
      if (name.type !== "name") this.unexpected(name);
      const keys = left.t === "group" && "list" in left ? (left as unknown as { list: Expr[] }).list : [left];
      left = { t: "in", keys, name: name.text, path: this.subscripts() };
    }
    return left;
  }

  protected matching(): Expr {
    let left = this.comparison();
    while (this.is("~") || (this.is("!") && this.nextIs("~"))) {
      const negate = this.advance().text === "!";
      if (negate) this.advance();
      left = { t: "match", negate, text: left, pattern: this.assigned(this.comparison()) };
    }
    return left;
  }

  /** The token behind this one. */
  private following(): Token {
    if (this.ahead.length === 0) this.ahead.push(this.lexer.next());
    return this.ahead[0]!;
  }

  /** The subscripts that stand here, one pair of brackets after another. */
  protected subscripts(): Expr[][] {
    const out: Expr[][] = [];
    while (this.accept("[")) {
      out.push(this.list("]"));
      this.expect("]");
    }
    return out;
  }

  /** `!~` comes as two tokens. */
  protected nextIs(text: string): boolean {
    const next = this.following();
    return next.type === "op" && next.text === text && next.at === this.token.at + 1;
  }

  protected comparison(): Expr {
    let left = this.concatenation(false);
    if (
      this.token.type === "op" &&
      COMPARISONS.includes(this.token.text) &&
      !(this.inPrint && this.token.text === ">")
    ) {
      const op = this.advance().text;
      left = { t: "binary", op, left, right: this.assigned(this.concatenation(false)) };
    }
    while (this.is("|", "|&") && !this.inPrintPipe()) {
      const kind = this.advance().text === "|" ? "command" : "both";
      this.expect("getline");
      left = { t: "getline", kind, source: left, target: this.getlineTarget() };
    }
    return left;
  }

  protected inPrintPipe(): boolean {
    const next = this.following();
    return !(next.type === "keyword" && next.text === "getline");
  }

  protected concatenation(target: boolean): Expr {
    let left = this.additive();
    while (this.startsValue()) {
      const right = this.additive();
      left = { t: "concat", left, right };
      if (!target && this.is("|", "|&") && !this.inPrintPipe()) break;
    }
    return left;
  }

  protected startsValue(): boolean {
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
        : text === "@"
          ? this.following().type === "func"
          : ["(", "-", "+", "++", "--"].includes(text);
    return false;
  }

  protected additive(): Expr {
    let left = this.multiplicative();
    while (this.is("+", "-")) {
      const op = this.advance().text;
      left = { t: "binary", op, left, right: this.multiplicative() };
    }
    return left;
  }

  protected multiplicative(): Expr {
    let left = this.unary();
    while (this.is("*", "/", "%")) {
      const op = this.advance().text;
      left = { t: "binary", op, left, right: this.unary() };
    }
    return left;
  }

  protected unary(): Expr {
    if (this.is("!", "-", "+")) {
      const op = this.advance().text as "!";
      return { t: "unary", op, value: this.unary() };
    }
    return this.power();
  }

  protected power(): Expr {
    const left = this.postfix();
    if (!this.is("^")) return left;
    this.advance();
    // Right-associative; a sign may follow.
    const right = this.is("-", "+", "!") ? this.unary() : this.power();
    return { t: "binary", op: "^", left, right };
  }

  protected postfix(): Expr {
    const value = this.primary();
    if (isTarget(value) && this.is("++", "--")) {
      const op = this.advance().text as "++";
      return { t: "step", op, prefix: false, target: value };
    }
    return value;
  }

  protected getlineTarget(): Expr | undefined {
    if (this.token.type === "name" || this.is("$")) return this.primary();
    return undefined;
  }

  protected primary(): Expr {
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
        if (!this.params.includes(token.text)) this.variables.push(token);
        if (this.is("[")) {
          const path = this.subscripts();
          return { t: "index", name: token.text, keys: path.pop()!, path };
        }
        return { t: "var", name: token.text };
      case "func": {
        this.advance();
        this.expect("(");
        const args = this.list(")");
        this.expect(")");
        this.calls.push({ name: token.text, line: token.line, count: args.length, params: this.params });
        return { t: "call", name: token.text, args, line: token.line, indirect: false };
      }
      case "builtin": {
        this.advance();
        if (!this.is("(")) {
          if (token.text === "length") return { t: "builtin", name: "length", args: [] };
          this.unexpected();
        }
        this.advance();
        const args = this.list(")");
        const [least, most] = COUNTS[token.text] ?? [0, 99];
        if (args.length < least || args.length > most)
          this.lexer.fail(this.token, `${args.length} is invalid as number of arguments for ${token.text}`);
        this.expect(")");
        return { t: "builtin", name: token.text, args };
      }
      default:
    }
    if (this.is("@") && this.following().type === "func") {
      this.advance();
      const name = this.advance();
      this.expect("(");
      const args = this.list(")");
      this.expect(")");
      return { t: "call", name: name.text, args, line: name.line, indirect: true };
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
