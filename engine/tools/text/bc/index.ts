import { call, cpu, decode, type Gen } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import * as sys from "../../../machine/sys.ts";
import { readWhole } from "../../io.ts";
import { type Tool, tool } from "../../tool.ts";
import * as decimal from "./number.ts";
import { BcParser, BcSyntaxError, type Expression, type Statement } from "./parser.ts";

type Decimal = decimal.Decimal;

/** Ends the line that is running. */
class RuntimeError extends Error {}

class Signal extends Error {
  readonly kind: "break" | "continue" | "quit" | "return";
  readonly value: Decimal;

  constructor(kind: "break" | "continue" | "quit" | "return", value: Decimal = decimal.ZERO) {
    super(kind);
    this.kind = kind;
    this.value = value;
  }
}

/** bc(1) of GNU 1.07: numbers of any length, functions, arrays, -l. Addresses in runtime errors are not those of its byte code. */
export const bc = tool(
  {
    name: "bc",
    short: "hilqsvw",
    long: "interactive=i mathlib=l quiet=q standard=s warn=w",
    usage: "[options] [file ...]",
    about: "  -h  --help         print this usage and exit",
    version:
      "bc 1.07.1\nCopyright 1991-1994, 1997, 1998, 2000, 2004, 2006, 2008, 2012-2017 Free Software Foundation, Inc.",
  },
  function* (t, o) {
    const machine = new Calculator(t, o.has("l"));
    for (const path of [...o.operands, "-"]) {
      let text: string;
      try {
        text = path === "-" ? decode(yield* readWhole(t.p, 0)) : sys.readText(t.p, path);
      } catch (error) {
        if (!isErrno(error)) throw error;
        yield* sys.printError(t.p, `File ${path} is unavailable.\n`);
        return 1;
      }
      if (!(yield* machine.run(text, path === "-" ? "(standard_in)" : path))) break;
    }
    return 0;
  },
);

class Calculator {
  private readonly t: Tool;
  private scale: number;
  private ibase = 10;
  private obase = 10;
  private last: Decimal = decimal.ZERO;
  private readonly variables = new Map<string, Decimal>();
  private readonly arrays = new Map<string, Map<string, Decimal>>();
  private readonly functions = new Map<string, Statement & { t: "define" }>();
  private readonly math: boolean;
  private steps = 0;
  private depth = 0;

  constructor(t: Tool, math: boolean) {
    this.t = t;
    this.math = math;
    this.scale = math ? 20 : 0;
  }

  /** False after `quit`. */
  *run(source: string, name: string): Gen<boolean> {
    const parser = new BcParser(source);
    for (;;) {
      try {
        const statements = parser.next();
        if (statements === undefined) return true;
        for (const statement of statements) yield* call(this.execute(statement));
      } catch (error) {
        if (error instanceof Signal) {
          if (error.kind === "quit") return false;
          continue;
        }
        yield* this.t.out.flush();
        if (error instanceof BcSyntaxError)
          yield* sys.printError(
            this.t.p,
            `${name} ${error.line}: ${error.message}\n${error.twice ? `${name} ${error.line}: syntax error\n` : ""}`,
          );
        else if (error instanceof RuntimeError)
          yield* sys.printError(this.t.p, `Runtime error (func=(main), adr=3): ${error.message}\n`);
        else throw error;
      }
    }
  }

  private print(value: Decimal): void {
    const text = decimal.show(value, this.obase);
    // Lines of 69 characters, the last a backslash.
    const lines: string[] = [];
    let rest = text;
    for (; rest.length > 69; rest = rest.slice(68)) lines.push(`${rest.slice(0, 68)}\\`);
    this.t.out.add([...lines, rest].join("\n"));
    this.last = value;
  }

  private *execute(s: Statement): Gen<void> {
    if (++this.steps % 200 === 0) yield* cpu(200);
    switch (s.t) {
      case "expression": {
        const value = yield* this.value(s.of);
        if (!s.silent) {
          this.print(value);
          this.t.out.add("\n");
        }
        return;
      }
      case "text":
        this.t.out.add(s.text);
        return;
      case "print":
        for (const part of s.parts) {
          if (typeof part !== "string") this.print(yield* this.value(part));
          else
            this.t.out.add(
              part.replace(
                /\\(.)/g,
                (_, char: string) =>
                  ({ n: "\n", t: "\t", q: '"', a: "\x07", b: "\b", f: "\f", r: "\r", "\\": "\\" })[char] ?? `\\${char}`,
              ),
            );
        }
        return;
      case "block":
        for (const inner of s.body) yield* call(this.execute(inner));
        return;
      case "if":
        if ((yield* this.value(s.test)).units !== 0n) yield* call(this.execute(s.yes));
        else if (s.no) yield* call(this.execute(s.no));
        return;
      case "for":
        if (s.init) yield* this.value(s.init);
        while (s.test === undefined || (yield* this.value(s.test)).units !== 0n) {
          if (++this.steps % 200 === 0) yield* cpu(200);
          try {
            yield* call(this.execute(s.body));
          } catch (error) {
            if (!(error instanceof Signal) || (error.kind !== "break" && error.kind !== "continue")) throw error;
            if (error.kind === "break") return;
          }
          if (s.step) yield* this.value(s.step);
        }
        return;
      case "define":
        this.functions.set(s.name, s);
        return;
      case "return":
        throw new Signal("return", s.of ? yield* this.value(s.of) : decimal.ZERO);
      case "halt":
        throw new Signal("quit");
      default:
        throw new Signal(s.t);
    }
  }

  private *value(e: Expression): Gen<Decimal> {
    switch (e.t) {
      case "number":
        return decimal.read(e.text, this.ibase);
      case "variable":
        return this.get(e.name, e.index && (yield* this.value(e.index)));
      case "assign": {
        const index = e.target.index && (yield* this.value(e.target.index));
        let value = yield* this.value(e.value);
        if (e.op !== "") value = this.binary(e.op, this.get(e.target.name, index), value);
        this.set(e.target.name, index, value);
        return value;
      }
      case "step": {
        const index = e.target.index && (yield* this.value(e.target.index));
        const old = this.get(e.target.name, index);
        const value = decimal.add(old, decimal.whole(e.by));
        this.set(e.target.name, index, value);
        return e.before ? value : old;
      }
      case "negate":
        return decimal.negate(yield* this.value(e.of));
      case "not":
        return (yield* this.value(e.of)).units === 0n ? decimal.ONE : decimal.ZERO;
      case "binary": {
        const left = yield* this.value(e.left);
        return this.binary(e.op, left, yield* this.value(e.right));
      }
      case "call":
        return yield* call(this.invoke(e));
    }
  }

  private get(name: string, index: Decimal | undefined): Decimal {
    if (index !== undefined)
      return this.arrays.get(name)?.get(decimal.show(decimal.rescale(index, 0), 10)) ?? decimal.ZERO;
    if (name === "scale") return decimal.whole(this.scale);
    if (name === "ibase") return decimal.whole(this.ibase);
    if (name === "obase") return decimal.whole(this.obase);
    return name === "last" ? this.last : (this.variables.get(name) ?? decimal.ZERO);
  }

  private set(name: string, index: Decimal | undefined, value: Decimal): void {
    if (index !== undefined) {
      let array = this.arrays.get(name);
      if (array === undefined) this.arrays.set(name, (array = new Map()));
      array.set(decimal.show(decimal.rescale(index, 0), 10), value);
      return;
    }
    const number = Number(decimal.rescale(value, 0).units);
    if (name === "scale") this.scale = Math.max(0, Math.min(number, 10_000));
    else if (name === "ibase") this.ibase = Math.max(2, Math.min(number, 16));
    else if (name === "obase") this.obase = Math.max(2, number);
    else if (name === "last") this.last = value;
    else this.variables.set(name, value);
  }

  private binary(op: string, a: Decimal, b: Decimal): Decimal {
    const truth = (holds: boolean) => (holds ? decimal.ONE : decimal.ZERO);
    switch (op) {
      case "+":
        return decimal.add(a, b);
      case "-":
        return decimal.add(a, decimal.negate(b));
      case "*":
        return decimal.multiply(a, b, this.scale);
      case "/":
        if (b.units === 0n) throw new RuntimeError("Divide by zero");
        return decimal.divide(a, b, this.scale);
      case "%":
        if (b.units === 0n) throw new RuntimeError("Modulo by zero");
        return decimal.modulo(a, b, this.scale);
      case "^": {
        const exponent = decimal.rescale(b, 0).units;
        const digits = a.units.toString().length * Number(exponent < 0n ? -exponent : exponent);
        if (digits > 1_000_000) throw new RuntimeError("exponent too large in raise");
        return decimal.raise(a, exponent, this.scale);
      }
      case "&&":
        return truth(a.units !== 0n && b.units !== 0n);
      case "||":
        return truth(a.units !== 0n || b.units !== 0n);
      default: {
        const order = decimal.compare(a, b);
        return truth(
          { "==": order === 0, "!=": order !== 0, "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0 }[
            op
          ]!,
        );
      }
    }
  }

  private *invoke(e: Expression & { t: "call" }): Gen<Decimal> {
    const args: Decimal[] = [];
    for (const arg of e.args) args.push(yield* this.value(arg));
    const x = args[0] ?? decimal.ZERO;
    const own = this.functions.get(e.name);
    if (own === undefined) {
      if (e.name === "length")
        return decimal.whole(Math.max((x.units < 0n ? -x.units : x.units).toString().length, x.scale));
      if (e.name === "scale") return decimal.whole(x.scale);
      if (e.name === "sqrt") {
        if (x.units < 0n) throw new RuntimeError("Square root of a negative number");
        return decimal.squareRoot(x, Math.max(this.scale, x.scale));
      }
      if (this.math) {
        if (e.name === "s") return decimal.sine(x, this.scale);
        if (e.name === "c") return decimal.sine(x, this.scale, true);
        if (e.name === "a") return decimal.arctangent(x, this.scale);
        if (e.name === "l") return decimal.logarithm(x, this.scale);
        if (e.name === "e") return decimal.exponential(x, this.scale);
      }
      throw new RuntimeError(`Function ${e.name} not defined.`);
    }
    if (args.length !== own.params.length) throw new RuntimeError("Parameter number mismatch");
    if (++this.depth > 5_000) throw new RuntimeError("Function call nested too deeply");
    const saved = [...own.params, ...own.autos].map((name): [string, Decimal | undefined] => [
      name,
      this.variables.get(name),
    ]);
    for (const name of own.autos) this.variables.delete(name);
    for (const [i, name] of own.params.entries()) this.variables.set(name, args[i]!);
    try {
      for (const statement of own.body) yield* call(this.execute(statement));
      return decimal.ZERO;
    } catch (error) {
      if (error instanceof Signal && error.kind === "return") return error.value;
      throw error;
    } finally {
      this.depth--;
      for (const [name, value] of saved) {
        if (value === undefined) this.variables.delete(name);
        else this.variables.set(name, value);
      }
    }
  }
}
