import type { ArithScope } from "./arith.ts";
import { add, digitValue, type Num, negate, norm, operation, wrap } from "./arith-ops.ts";
import { ShellError } from "./control.ts";

/** Tokens after which bash expects an operand when it meets a character that is no operator. */
const OPERATOR_TOKENS = new Set([
  ..."=><+-*/%!()&|^~?:,".split(""),
  ..."== != <= >= && || << >> ** OP= COND PRE++ PRE-- POST++ POST--".split(" "),
]);
const SINGLE = new Set("=><+-*/%!()&|^~?:,".split(""));
const LEVELS = [["|"], ["^"], ["&"], ["==", "!="], ["<=", ">=", "<", ">"], ["<<", ">>"], ["+", "-"], ["*", "/", "%"]];

/** What a token reader keeps, to look ahead and come back. */
interface State {
  token: string;
  last: string;
  at: number;
  lastAt: number;
  value: Num;
  name: string | undefined;
  index: string | undefined;
  quiet: number;
}

/** Where the subscript that opens at `at` closes; -1 when it does not. */
export function subscriptEnd(text: string, at: number): number {
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    const c = text[i];
    if (c === "\\") i++;
    else if (c === "'" || c === '"') {
      const close = text.indexOf(c, i + 1);
      if (close < 0) return -1;
      i = close;
    } else if (c === "[") depth++;
    else if (c === "]" && --depth === 0) return i;
  }
  return -1;
}

/**
 * Evaluates an expression token by token, as bash does: what stands before a syntax error takes effect, and the error is
 * named after the token that was read last (expr.c). Compiled expressions are faster; this one is for those that do not
 * compile.
 */
export class StepEvaluator {
  private readonly text: string;
  private readonly scope: ArithScope;
  private readonly nested: (text: string) => Num | undefined;
  private s: State = {
    token: "",
    last: "",
    at: 0,
    lastAt: -1,
    value: 0,
    name: undefined,
    index: undefined,
    quiet: 0,
  };
  private assigning = "";

  /** `nested` evaluates the value of a variable; undefined when that goes too deep. */
  constructor(text: string, scope: ArithScope, nested: (text: string) => Num | undefined) {
    this.text = text;
    this.scope = scope;
    this.nested = nested;
  }

  run(): Num {
    this.read();
    const value = this.comma();
    if (this.s.token !== "") throw this.fail("syntax error in expression");
    return value;
  }

  private fail(what: string, at = this.s.lastAt, end = this.text.length): ShellError {
    const text = this.text.slice(0, end);
    const token = at < 0 ? "" : text.slice(at);
    return new ShellError(`${text.replace(/^[ \t]+/, "")}: ${what} (error token is "${token}")`);
  }

  // ---- tokens -------------------------------------------------------------------------------------------------------

  private read(): void {
    const { text, s } = this;
    let i = s.at;
    while (i < text.length && /[ \t\n\r]/.test(text[i]!)) i++;
    if (i >= text.length) {
      s.last = s.token;
      s.token = "";
      s.at = i;
      return;
    }
    s.lastAt = s.at = i;
    const c = text[i]!;
    if (/[A-Za-z_]/.test(c)) this.readName(i);
    else if (/[0-9]/.test(c)) {
      let end = i;
      while (end < text.length && /[0-9A-Za-z_#@]/.test(text[end]!)) end++;
      // The message of a wrong number ends with it.
      s.value = readNumber(text.slice(i, end), (what) => this.fail(what, i, end));
      this.accept("NUM", end);
    } else this.readOperator(i, c);
  }

  private accept(token: string, at: number): void {
    this.s.last = this.s.token;
    this.s.token = token;
    this.s.at = at;
  }

  private readName(i: number): void {
    const { text } = this;
    let end = i;
    while (end < text.length && /\w/.test(text[end]!) && text.charCodeAt(end) < 128) end++;
    const name = text.slice(i, end);
    let index: string | undefined;
    if (text[end] === "[") {
      const close = subscriptEnd(text, end);
      if (close < 0) throw this.fail("bad array subscript");
      index = text.slice(end + 1, close);
      end = close + 1;
    }
    const saved = { ...this.s };
    Object.assign(this.s, { at: end, quiet: 1, token: "STR" });
    this.read();
    const ahead = this.s.token;
    this.s = saved;
    this.s.name = name;
    const step = saved.last === "PRE++" || saved.last === "PRE--";
    const reads = (step || ahead !== "=") && !this.s.quiet;
    if (index !== undefined && reads) this.scope.present(name);
    if (index !== undefined && !this.s.quiet) index = this.scope.resolve(name, index);
    this.s.index = index;
    this.s.value = reads ? this.valueOf(name, index) : 0;
    this.accept("STR", end);
  }

  private valueOf(name: string, index: string | undefined): Num {
    const value = this.scope.get(name, index);
    if (value === undefined) this.scope.missing(name);
    if (!value) return 0;
    const worth = this.nested(value);
    if (worth === undefined) throw this.fail("expression recursion level exceeded");
    return worth;
  }

  private readOperator(i: number, c: string): void {
    const { text, s } = this;
    const two = text.slice(i, i + 2);
    const three = text.slice(i, i + 3);
    if (three === "<<=" || three === ">>=") {
      this.assigning = two;
      this.accept("OP=", i + 3);
    } else if (["==", "!=", ">=", "<=", "<<", ">>", "&&", "||", "**"].includes(two)) this.accept(two, i + 2);
    else if ((two === "++" || two === "--") && s.token === "STR") this.accept(`POST${two}`, i + 2);
    else if (two === "++" || two === "--") {
      if (s.token === "NUM" && s.last.startsWith("PRE")) throw this.fail(`${two}: assignment requires lvalue`);
      if (/^[ \t\n\r]*[A-Za-z_]/.test(text.slice(i + 2))) this.accept(`PRE${two}`, i + 2);
      else this.accept(c, i + 1);
    } else if (two[1] === "=" && "*/%+-&^|".includes(c)) {
      this.assigning = c;
      this.accept("OP=", i + 2);
    } else if (SINGLE.has(c)) this.accept(c, i + 1);
    else
      throw this.fail(
        s.token === "" || OPERATOR_TOKENS.has(s.token)
          ? "syntax error: operand expected"
          : "syntax error: invalid arithmetic operator",
      );
  }

  // ---- levels -------------------------------------------------------------------------------------------------------

  private comma(): Num {
    let value = this.assign();
    while (this.s.token === ",") {
      this.read();
      value = this.assign();
    }
    return value;
  }

  private assign(): Num {
    const left = this.ternary();
    const { token } = this.s;
    if (token !== "=" && token !== "OP=") return left;
    if (this.s.last !== "STR") throw this.fail("attempted assignment to non-variable");
    const { name, index } = this.s;
    const op = token === "OP=" ? this.assigning : "";
    if (name === undefined) throw this.fail("syntax error in variable assignment");
    this.read();
    let value = this.assign();
    if (op !== "") {
      if ((op === "/" || op === "%") && value === 0 && this.s.quiet) value = 1;
      value = operation(op, (what) => this.fail(what))(left, value);
    }
    this.store(name, index, value);
    this.s.name = undefined;
    return value;
  }

  private store(name: string | undefined, index: string | undefined, value: Num): void {
    if (!this.s.quiet && name !== undefined) this.scope.set(name, index, String(value));
  }

  /** Reads what may not have an effect when `skip`. */
  private unless(skip: boolean, read: () => Num): Num {
    if (skip) this.s.quiet++;
    const value = read();
    if (skip) this.s.quiet--;
    return value;
  }

  private ternary(): Num {
    const test = this.or();
    if (this.s.token !== "?") return test;
    const yes = this.unless(!test, () => {
      this.read();
      if (this.s.token === "" || this.s.token === ":") throw this.fail("expression expected");
      return this.comma();
    });
    if ((this.s.token as string) !== ":") throw this.fail("`:' expected for conditional expression");
    const no = this.unless(Boolean(test), () => {
      this.read();
      if (this.s.token === "") throw this.fail("expression expected");
      return this.ternary();
    });
    this.s.last = "COND";
    return test ? yes : no;
  }

  private or(): Num {
    let value = this.and();
    while (this.s.token === "||") {
      const right = this.unless(Boolean(value), () => {
        this.read();
        return this.and();
      });
      value = value || right ? 1 : 0;
      this.s.last = "||";
    }
    return value;
  }

  private and(): Num {
    let value = this.level(0);
    while (this.s.token === "&&") {
      const right = this.unless(!value, () => {
        this.read();
        return this.level(0);
      });
      value = value && right ? 1 : 0;
      this.s.last = "&&";
    }
    return value;
  }

  /** The left-associative operators, loosest first. */
  private level(depth: number): Num {
    const operators = LEVELS[depth];
    if (operators === undefined) return this.power();
    let value = this.level(depth + 1);
    while (operators.includes(this.s.token)) {
      const op = this.s.token;
      const behind = this.s.at;
      this.read();
      let right = this.level(depth + 1);
      if ((op === "/" || op === "%") && right === 0 && this.s.quiet) right = 1;
      const at = behind + /^[ \t]*/.exec(this.text.slice(behind))![0].length;
      value = operation(op, (what) => this.fail(what, at))(value, right);
      this.s.last = "NUM";
    }
    return value;
  }

  private power(): Num {
    const base = this.unary();
    if (this.s.token !== "**") return base;
    this.read();
    const exponent = this.power();
    this.s.last = "NUM";
    return operation("**", (what) => this.fail(what))(base, exponent);
  }

  private unary(): Num {
    const { token } = this.s;
    if (token !== "!" && token !== "~" && token !== "-" && token !== "+") return this.primary();
    this.read();
    const value = this.unary();
    this.s.last = "NUM";
    if (token === "!") return value ? 0 : 1;
    if (token === "~") return norm(~BigInt(value));
    return token === "-" ? negate(value) : value;
  }

  private primary(): Num {
    const { token } = this.s;
    if (token === "PRE++" || token === "PRE--") {
      this.s.last = token;
      this.read();
      if (this.s.token !== "STR") throw this.fail("identifier expected after pre-increment or pre-decrement");
      const value = add(this.s.value, token === "PRE++" ? 1 : -1);
      this.store(this.s.name, this.s.index, value);
      this.s.token = "NUM";
      this.read();
      return value;
    }
    if (token === "(") {
      this.read();
      const value = this.comma();
      if (this.s.token !== ")") throw this.fail("missing `)'");
      this.read();
      return value;
    }
    if (token === "NUM" || token === "STR") {
      const { value } = this.s;
      if (token === "STR") this.postStep(value);
      this.read();
      return value;
    }
    throw this.fail("syntax error: operand expected");
  }

  /** `x++` and `x--`, when that follows. */
  private postStep(value: Num): void {
    const saved = { ...this.s };
    this.s.quiet = 1;
    this.read();
    const { token } = this.s;
    if (token !== "POST++" && token !== "POST--") {
      this.s = saved;
      return;
    }
    const { at, lastAt } = this.s;
    this.s = { ...saved, at, lastAt, last: "STR" };
    this.store(saved.name, saved.index, add(value, token === "POST++" ? 1 : -1));
    this.s.token = "NUM";
  }
}

/** Value of a constant: `base#digits`, `0x…`, octal or decimal; `fail` makes the error of one that is none. */
export function readNumber(s: string, fail: (what: string) => ShellError): Num {
  if (/^(0|[1-9][0-9]{0,14})$/.test(s)) return Number(s);
  let base = 10;
  let found = false;
  let i = 0;
  if (s[0] === "0") {
    found = true;
    const hex = s[1] === "x" || s[1] === "X";
    base = hex ? 16 : 8;
    i = hex ? 2 : 1;
  }
  let value = 0n;
  for (; i < s.length; i++) {
    const c = s[i]!;
    if (c === "#") {
      if (found) throw fail("invalid number");
      if (value < 2n || value > 64n) throw fail("invalid arithmetic base");
      base = Number(value);
      value = 0n;
      found = true;
      if (!/[0-9A-Za-z_@]/.test(s[i + 1] ?? "")) throw fail("invalid integer constant");
      continue;
    }
    const worth = digitValue(c, base);
    if (worth >= base) throw fail("value too great for base");
    value = wrap(value * BigInt(base) + BigInt(worth));
  }
  return norm(value);
}
