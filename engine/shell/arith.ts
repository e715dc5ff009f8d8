import { add, type Num, negate, norm, operation } from "./arith-ops.ts";
import { readNumber, StepEvaluator, subscriptEnd } from "./arith-step.ts";
import { ShellError } from "./control.ts";

/** What an expression may read and change. */
export interface ArithScope {
  get(name: string, index: string | undefined): string | undefined;
  set(name: string, index: string | undefined, value: string): void;
  /** A subscript whose side effects happened; what may be given for it afterwards. */
  resolve(name: string, index: string): string;
  /** Throws for an unset variable under `set -u`. */
  missing(name: string): void;
  /** The same of an array an element of which is to be read, before its subscript is evaluated. */
  present(name: string): void;
}

const OPERATORS = [
  ..."<<= >>= ** << >> <= >= == != && || ++ -- += -= *= /= %= &= ^= |=".split(" "),
  ..."+-*/%<>&|^!~?:=,()".split(""),
];

interface Token {
  k: "num" | "name" | "op" | "end";
  s: string;
  /** Offset of the token. */
  at: number;
  index?: string | undefined;
}

const BINARY: Record<string, number> = {
  "||": 3,
  "&&": 4,
  "|": 5,
  "^": 6,
  "&": 7,
  "==": 8,
  "!=": 8,
  "<": 9,
  ">": 9,
  "<=": 9,
  ">=": 9,
  "<<": 10,
  ">>": 10,
  "+": 11,
  "-": 11,
  "*": 12,
  "/": 12,
  "%": 12,
  "**": 13,
};
const ASSIGN = new Set(["=", "+=", "-=", "*=", "/=", "%=", "&=", "^=", "|=", "<<=", ">>="]);

/** A compiled expression. */
type Code = (scope: ArithScope, depth: number) => Num;

const compiled = new Map<string, Code>();

/**
 * Evaluates the text of an arithmetic expression, in 64-bit integers as bash does. Throws `ShellError`.
 */
export function evaluate(text: string, scope: ArithScope, depth = 1): Num {
  let code = compiled.get(text);
  if (code === undefined) {
    code = new Compiler(text).compile();
    if (compiled.size > 1_000) compiled.clear();
    compiled.set(text, code);
  }
  return code(scope, depth);
}

class Compiler {
  private readonly text: string;
  private pos = 0;
  private token!: Token;
  private lastAt = 0;

  constructor(text: string) {
    this.text = text;
  }

  compile(): Code {
    if (/^\s*$/.test(this.text)) return () => 0;
    try {
      this.next();
      const code = this.comma();
      if (this.token.k !== "end") throw this.fail("syntax error in expression", this.token.at);
      return code;
    } catch (error) {
      if (!(error instanceof ShellError)) throw error;
      // A syntax error shows when the expression is evaluated, and after what stands before it took effect.
      const { text } = this;
      return (scope, depth) =>
        new StepEvaluator(text, scope, (value) => {
          // Bash goes 1024 deep. What has a syntax error somewhere ends with one, so a tenth of it will do.
          return depth >= 100 ? undefined : evaluate(value, scope, depth + 1);
        }).run();
    }
  }

  private fail(what: string, at: number): ShellError {
    return new ShellError(`${this.text.replace(/^[ \t\n]+/, "")}: ${what} (error token is "${this.text.slice(at)}")`);
  }

  private next(): void {
    this.lastAt = this.token?.at ?? 0;
    const { text } = this;
    let i = this.pos;
    while (i < text.length && /\s/.test(text[i]!)) i++;
    if (i >= text.length) {
      this.token = { k: "end", s: "", at: i };
      this.pos = i;
      return;
    }
    const c = text[i]!;
    if (/[0-9]/.test(c)) {
      let end = i;
      while (end < text.length && /[0-9A-Za-z_#@]/.test(text[end]!)) end++;
      this.token = { k: "num", s: text.slice(i, end), at: i };
      this.pos = end;
      return;
    }
    if (/[A-Za-z_]/.test(c)) {
      let end = i;
      while (end < text.length && /[0-9A-Za-z_]/.test(text[end]!)) end++;
      let index: string | undefined;
      const s = text.slice(i, end);
      if (text[end] === "[") {
        const close = subscriptEnd(text, end);
        if (close < 0) throw this.fail("bad array subscript", i);
        index = text.slice(end + 1, close);
        end = close + 1;
      }
      this.token = { k: "name", s, at: i, index };
      this.pos = end;
      return;
    }
    let op = OPERATORS.find((candidate) => text.startsWith(candidate, i));
    if (op === undefined) throw this.fail("syntax error: invalid arithmetic operator", i);
    // `++` is one token behind a name and before one only.
    if ((op === "++" || op === "--") && this.token?.k !== "name" && !/^[ \t\n\r]*[A-Za-z_]/.test(text.slice(i + 2)))
      op = c;
    this.token = { k: "op", s: op, at: i };
    this.pos = i + op.length;
  }

  private is(op: string): boolean {
    return this.token.k === "op" && this.token.s === op;
  }

  private comma(): Code {
    let left = this.assign();
    while (this.is(",")) {
      this.next();
      const first = left;
      const second = this.assign();
      left = (scope, depth) => {
        first(scope, depth);
        return second(scope, depth);
      };
    }
    return left;
  }

  private assign(): Code {
    const start = this.token;
    if (start.k === "name") {
      const [pos, token, last] = [this.pos, this.token, this.lastAt];
      this.next();
      if (this.token.k === "op" && ASSIGN.has(this.token.s)) {
        const op = this.token.s.slice(0, -1);
        this.next();
        const value = this.assign();
        const { s: name, index } = start;
        if (op === "") {
          return (scope, depth) => {
            const result = value(scope, depth);
            scope.set(name, index, String(result));
            return result;
          };
        }
        const operate = this.operation(op, this.lastAt);
        const read = this.variable(name);
        return (scope, depth) => {
          if (index !== undefined) scope.present(name);
          const at = index === undefined ? undefined : scope.resolve(name, index);
          const result = operate(read(scope, depth, at), value(scope, depth));
          scope.set(name, at, String(result));
          return result;
        };
      }
      this.pos = pos;
      this.token = token;
      this.lastAt = last;
    }
    return this.ternary();
  }

  private ternary(): Code {
    const test = this.binary(3);
    if (!this.is("?")) return test;
    this.next();
    if (this.is(":")) throw this.fail("expression expected", this.token.at);
    const yes = this.comma();
    if (!this.is(":"))
      throw this.fail("`:' expected for conditional expression", this.token.k === "end" ? this.lastAt : this.token.at);
    this.next();
    if (this.token.k === "end") throw this.fail("expression expected", this.lastAt);
    const no = this.ternary();
    return (scope, depth) => (test(scope, depth) ? yes(scope, depth) : no(scope, depth));
  }

  private binary(min: number): Code {
    let left = this.unary();
    for (;;) {
      const op = this.token.k === "op" ? this.token.s : "";
      const precedence = BINARY[op];
      if (precedence === undefined || precedence < min) return left;
      this.next();
      const at = this.token.at;
      const right = this.binary(op === "**" ? precedence : precedence + 1);
      const first = left;
      if (op === "&&") left = (scope, depth) => (first(scope, depth) ? (right(scope, depth) ? 1 : 0) : 0);
      else if (op === "||") left = (scope, depth) => (first(scope, depth) || right(scope, depth) ? 1 : 0);
      else {
        const last = this.token.k === "end" ? this.lastAt : this.token.at;
        const operate = this.operation(op, op === "**" ? last : at);
        left = (scope, depth) => operate(first(scope, depth), right(scope, depth));
      }
    }
  }

  private unary(): Code {
    const { token } = this;
    if (token.k === "op") {
      if (token.s === "++" || token.s === "--") {
        this.next();
        if (this.token.k !== "name") throw this.fail("identifier expected", this.token.at);
        return this.step(token.s === "++" ? 1 : -1, true);
      }
      if (token.s === "-" || token.s === "+" || token.s === "!" || token.s === "~") {
        this.next();
        const operand = this.unary();
        if (token.s === "-") return (scope, depth) => negate(operand(scope, depth));
        if (token.s === "!") return (scope, depth) => (operand(scope, depth) ? 0 : 1);
        if (token.s === "~") return (scope, depth) => norm(~BigInt(operand(scope, depth)));
        return operand;
      }
    }
    return this.primary();
  }

  private step(by: 1 | -1, before: boolean): Code {
    const { s: name, index } = this.token;
    const read = this.variable(name);
    this.next();
    return (scope, depth) => {
      if (index !== undefined) scope.present(name);
      const at = index === undefined ? undefined : scope.resolve(name, index);
      const old = read(scope, depth, at);
      const now = add(old, by);
      scope.set(name, at, String(now));
      return before ? now : old;
    };
  }

  private primary(): Code {
    const { token } = this;
    if (token.k === "num") {
      const value = this.number(token);
      this.next();
      return () => value;
    }
    if (token.k === "name") {
      const save = this.pos;
      const after = /^\s*(\+\+|--)/.exec(this.text.slice(save, save + 40));
      if (after) {
        const code = this.step(after[1] === "++" ? 1 : -1, false);
        this.next();
        return code;
      }
      const read = this.variable(token.s);
      const { index } = token;
      this.next();
      return index === undefined ? read : (scope, depth) => read(scope, depth, index);
    }
    if (this.is("(")) {
      this.next();
      const inner = this.comma();
      if (!this.is(")")) throw this.fail("missing `)'", this.token.k === "end" ? this.lastAt : this.token.at);
      this.next();
      return inner;
    }
    throw this.fail("syntax error: operand expected", token.k === "end" ? this.lastAt : token.at);
  }

  private variable(name: string): (scope: ArithScope, depth: number, index?: string) => Num {
    const { text } = this;
    return (scope, depth, index) => {
      if (index !== undefined) scope.present(name);
      const value = scope.get(name, index);
      if (value === undefined) {
        scope.missing(name);
        return 0;
      }
      if (/^-?[1-9][0-9]{0,14}$/.test(value) || value === "0") return Number(value);
      if (value === "") return 0;
      if (depth > 1024) throw new ShellError(`${text}: expression recursion level exceeded (error token is "${name}")`);
      return evaluate(value, scope, depth + 1);
    };
  }

  private number(token: Token): Num {
    return readNumber(token.s, (what) => this.fail(what, token.at));
  }

  private operation(op: string, at: number): (a: Num, b: Num) => Num {
    return operation(op, (what) => this.fail(what, at));
  }
}
