/** Expressions made ready to run. */
import { call, type Gen } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import { pow } from "../../../text/math.ts";
import { builtin } from "./builtins.ts";
import { type Code, type Flow, operation, type Run, type Scope, Unwind } from "./code.ts";
import { asArray, type Runtime } from "./runtime.ts";
import type { Expr } from "./syntax.ts";
import {
  type AwkArray,
  AwkFatal,
  type Cell,
  compareValues,
  fromInput,
  toBool,
  toNumber,
  toText,
  UNINIT,
  type Value,
} from "./values.ts";

export class Expressions {
  readonly rt: Runtime;
  /** The program's functions, filled in once their bodies are ready. */
  readonly functions = new Map<string, { params: readonly string[]; run: Run }>();

  constructor(rt: Runtime) {
    this.rt = rt;
  }

  /** Where a variable is: a parameter or global. */
  cellOf(name: string, scope: Scope | undefined): () => Cell {
    const slot = scope?.params.indexOf(name) ?? -1;
    if (slot >= 0) return () => this.rt.frame[slot]!;
    const cell = this.rt.variable(name);
    return () => cell;
  }

  /** The array of a name, or one within it. */
  arrayOf(name: string, scope: Scope | undefined, path: readonly Expr[][] = []): () => AwkArray {
    const cell = this.cellOf(name, scope);
    const known = scope?.params.includes(name) ? `parameter \`${name}` : `\`${name}`;
    if (path.length === 0) return () => asArray(cell(), known);
    const keys = path.map((one) => {
      const key = this.key(one.map((part) => this.expr(part, scope)));
      if (key === undefined) throw new AwkFatal("functions cannot be called within inner subscripts");
      return key;
    });
    return () => {
      let array = asArray(cell(), known);
      let written = name;
      for (const key of keys) {
        const at = key();
        let inner: unknown = array.get(at);
        written += `["${at}"]`;
        if (inner === undefined || inner === UNINIT) {
          inner = new Map();
          array.set(at, inner as Value);
        } else if (!(inner instanceof Map)) throw new AwkFatal(`attempt to use scalar \`${written}' as an array`);
        array = inner as AwkArray;
      }
      return array;
    };
  }

  /** The array that an argument names. */
  arrayArgument(e: Expr, scope: Scope | undefined, fn: string): () => AwkArray {
    if (e.t === "var") return this.arrayOf(e.name, scope);
    if (e.t === "index") return this.arrayOf(e.name, scope, [...e.path, e.keys]);
    throw new AwkFatal(`${fn}: argument is not an array`);
  }

  private key(codes: Code[]): (() => string) | undefined {
    if (codes.length === 1 && codes[0]!.f) {
      const { f } = codes[0]!;
      return () => this.keyText(f!());
    }
    if (!codes.every((code) => code.f)) return undefined;
    return () => codes.map((code) => this.keyText(code.f!())).join(toText(this.rt.cellSubsep.v as Value));
  }

  private keyText(value: Value): string {
    return typeof value === "string" ? value : this.rt.str(value);
  }

  // ---- expressions --------------------------------------------------------------------------------------------------

  /** An expression made ready. */
  expr(e: Expr, s: Scope | undefined): Code {
    switch (e.t) {
      case "num":
        return { f: () => e.value };
      case "str":
        return { f: () => e.value };
      case "regex": {
        const source = e.source;
        this.rt.regex(source);
        return { f: () => (this.rt.regex(source).test(this.rt.text0()) ? 1 : 0) };
      }
      case "group":
        return this.expr(e.value, s);
      case "var": {
        if (e.name === "NF" && !(s?.params.includes("NF") ?? false)) return { f: () => this.rt.getNF() };
        const cell = this.cellOf(e.name, s);
        return {
          f: () => {
            const { v } = cell();
            if (v instanceof Map) throw new AwkFatal(`attempt to use array \`${e.name}' in a scalar context`);
            return v ?? UNINIT;
          },
        };
      }
      case "field": {
        if (e.index.t === "num") {
          const index = e.index.value;
          return { f: () => this.rt.field(index) };
        }
        return operation([this.expr(e.index, s)], (index) => this.rt.field(Math.trunc(toNumber(index))));
      }
      case "index": {
        const array = this.arrayOf(e.name, s, e.path);
        const keys = e.keys.map((key) => this.expr(key, s));
        return this.withKey(keys, (key) => {
          const found = array();
          let value = found.get(key);
          if (value === undefined) {
            value = UNINIT;
            found.set(key, value);
          } else if (typeof value === "object" && (value as unknown) instanceof Map)
            throw new AwkFatal(`attempt to use array \`${e.name}["${key}"]' in a scalar context`);
          return value;
        });
      }
      case "in": {
        const array = this.arrayOf(e.name, s, e.path);
        return this.withKey(
          e.keys.map((key) => this.expr(key, s)),
          (key) => (array().has(key) ? 1 : 0),
        );
      }
      case "assign":
        return this.assignment(e, s);
      case "step": {
        const by = e.op === "++" ? 1 : -1;
        const { read, write } = this.target(e.target, s);
        return this.modify(e.target, s, read, write, (old) => {
          const number = toNumber(old);
          return { store: number + by, give: e.prefix ? number + by : number };
        });
      }
      case "cond": {
        const [test, yes, no] = [this.expr(e.test, s), this.expr(e.yes, s), this.expr(e.no, s)];
        if (test.f && yes.f && no.f) return { f: () => (toBool(test.f!()) ? yes.f!() : no.f!()) };
        return {
          *g() {
            const chosen = toBool(test.f ? test.f() : yield* call(test.g!())) ? yes : no;
            return chosen.f ? chosen.f() : yield* call(chosen.g!());
          },
        };
      }
      case "and":
      case "or": {
        const [left, right] = [this.expr(e.left, s), this.expr(e.right, s)];
        const stop = e.t === "or";
        if (left.f && right.f)
          return { f: () => (toBool(left.f!()) === stop ? Number(stop) : Number(toBool(right.f!()))) };
        return {
          *g() {
            if (toBool(left.f ? left.f() : yield* call(left.g!())) === stop) return Number(stop);
            return Number(toBool(right.f ? right.f() : yield* call(right.g!())));
          },
        };
      }
      case "match": {
        const text = this.expr(e.text, s);
        const want = !e.negate;
        if (e.pattern.t === "regex") {
          const { source } = e.pattern;
          this.rt.regex(source);
          return operation([text], (value) => Number(this.rt.regex(source).test(this.rt.str(value)) === want));
        }
        return operation([text, this.expr(e.pattern, s)], (value, pattern) =>
          Number(this.rt.regex(this.rt.str(pattern)).test(this.rt.str(value)) === want),
        );
      }
      case "binary":
        requireDivisor(e);
        return operation([this.expr(e.left, s), this.expr(e.right, s)], this.binary(e.op));
      case "concat":
        return operation([this.expr(e.left, s), this.expr(e.right, s)], (a, b) => this.rt.str(a) + this.rt.str(b));
      case "unary": {
        const value = this.expr(e.value, s);
        if (e.op === "!") return operation([value], (v) => Number(!toBool(v)));
        return operation([value], e.op === "-" ? (v) => -toNumber(v) : (v) => toNumber(v));
      }
      case "getline":
        return this.getline(e, s);
      case "builtin":
        return builtin(this, e.name, e.args, s);
      case "call":
        return this.userCall(e, s);
    }
  }

  /** Code that uses the subscript made of some codes. */
  withKey(codes: Code[], use: (key: string) => Value): Code {
    const key = this.key(codes);
    if (key) return { f: () => use(key()) };
    const self = this;
    return {
      *g() {
        const parts: string[] = [];
        for (const code of codes) parts.push(self.keyText(code.f ? code.f() : yield* call(code.g!())));
        return use(parts.join(toText(self.rt.cellSubsep.v as Value)));
      },
    };
  }

  private binary(op: string, assigns = false): (a: Value, b: Value) => Value {
    const compare = (a: Value, b: Value) =>
      compareValues(a, b, this.rt.convfmt(), (x, y) => this.rt.compareTexts(x, y));
    switch (op) {
      case "+":
        return (a, b) => toNumber(a) + toNumber(b);
      case "-":
        return (a, b) => toNumber(a) - toNumber(b);
      case "*":
        return (a, b) => toNumber(a) * toNumber(b);
      case "/":
        return (a, b) => {
          const by = toNumber(b);
          if (by === 0) throw new AwkFatal(`division by zero attempted${assigns ? " in `/='" : ""}`);
          return toNumber(a) / by;
        };
      case "%":
        return (a, b) => {
          const by = toNumber(b);
          if (by === 0) throw new AwkFatal(`division by zero attempted in \`%${assigns ? "=" : ""}'`);
          return toNumber(a) % by;
        };
      case "^":
        return (a, b) => pow(toNumber(a), toNumber(b));
      case "<":
        return (a, b) => Number(compare(a, b) < 0);
      case "<=":
        return (a, b) => Number(compare(a, b) <= 0);
      case ">":
        return (a, b) => Number(compare(a, b) > 0);
      case ">=":
        return (a, b) => Number(compare(a, b) >= 0);
      case "==":
        return (a, b) => Number(compare(a, b) === 0);
      default:
        return (a, b) => Number(compare(a, b) !== 0);
    }
  }

  /** How to read and write what can be assigned to; `place` is a subscript or field number, already computed. */
  target(
    e: Expr,
    s: Scope | undefined,
  ): { read: (place: string) => Value; write: (place: string, value: Value) => void } {
    if (e.t === "var") {
      if (e.name === "NF" && !(s?.params.includes("NF") ?? false))
        return { read: () => this.rt.getNF(), write: (_, value) => this.rt.setNF(toNumber(value)) };
      const cell = this.cellOf(e.name, s);
      const noticed = s?.params.includes(e.name) ? undefined : this.rt.whenAssigned(e.name);
      return {
        read: () => {
          const { v } = cell();
          if (v instanceof Map) throw new AwkFatal(`attempt to use array \`${e.name}' in a scalar context`);
          return v ?? UNINIT;
        },
        write: (_, value) => {
          const found = cell();
          if (found.v instanceof Map) throw new AwkFatal(`attempt to use array \`${e.name}' in a scalar context`);
          noticed?.();
          found.v = value;
        },
      };
    }
    if (e.t === "field")
      return {
        read: (place) => this.rt.field(Number(place)),
        write: (place, value) => this.rt.setField(Number(place), value),
      };
    if (e.t !== "index") throw new AwkFatal("syntax error");
    const array = this.arrayOf(e.name, s, e.path);
    return {
      read: (place) => array().get(place) ?? UNINIT,
      write: (place, value) => {
        const found = array();
        const old: unknown = found.get(place);
        if (typeof old === "object" && old instanceof Map)
          throw new AwkFatal(`attempt to use array \`${e.name}["${place}"]' in a scalar context`);
        found.set(place, value);
      },
    };
  }

  /** Code for the subscript or field number of a target. */
  placeOf(e: Expr, s: Scope | undefined): Code {
    if (e.t === "field") return operation([this.expr(e.index, s)], (index) => String(Math.trunc(toNumber(index))));
    if (e.t === "index")
      return this.withKey(
        e.keys.map((key) => this.expr(key, s)),
        (key) => key,
      );
    return { f: () => "" };
  }

  private modify(
    e: Expr,
    s: Scope | undefined,
    read: (place: string) => Value,
    write: (place: string, value: Value) => void,
    change: (old: Value) => { store: Value; give: Value },
  ): Code {
    return operation([this.placeOf(e, s)], (place) => {
      const at = place as string;
      const { store, give } = change(read(at));
      write(at, store);
      return give;
    });
  }

  private assignment(e: Expr & { t: "assign" }, s: Scope | undefined): Code {
    const { read, write } = this.target(e.target, s);
    const value = this.expr(e.value, s);
    if (e.op === "") {
      if (e.target.t === "var" && value.f) {
        const { f } = value;
        return {
          f: () => {
            const result = f();
            write("", result);
            return result;
          },
        };
      }
      return operation([value, this.placeOf(e.target, s)], (result, place) => {
        write(place as string, result);
        return result;
      });
    }
    const compute = this.binary(e.op, true);
    return operation([value, this.placeOf(e.target, s)], (right, place) => {
      const result = compute(read(place as string), right);
      write(place as string, result);
      return result;
    });
  }

  private userCall(e: Expr & { t: "call" }, s: Scope | undefined): Code {
    const self = this;
    const args = e.args.map((arg) => ({
      // A bare name may be an array, or become one in the function.
      cell: arg.t === "var" && arg.name !== "NF" ? this.cellOf(arg.name, s) : undefined,
      inner: arg.t === "index" ? this.elementOf(arg, s) : undefined,
      code: this.expr(arg, s),
    }));
    const holder = e.indirect ? this.cellOf(e.name, s) : undefined;
    return {
      *g() {
        const name = holder === undefined ? e.name : self.rt.str((holder().v as Value | undefined) ?? UNINIT);
        if (!self.functions.has(name))
          throw new AwkFatal(`\`${name}' is not a function, so it cannot be called indirectly`);
        const frame: Cell[] = [];
        for (const arg of args) {
          const cell = arg.cell?.();
          const inner = arg.inner?.();
          if (inner instanceof Map) frame.push({ v: inner });
          else if (cell?.v instanceof Map) frame.push({ v: cell.v });
          else if (cell !== undefined && cell.v === undefined) frame.push({ v: undefined, up: cell });
          else frame.push({ v: arg.code.f ? arg.code.f() : yield* call(arg.code.g!()) });
        }
        return yield* self.invoke(name, frame);
      },
    };
  }

  /** What an element holds, an array perhaps; undefined where its subscript has to wait for something. */
  elementOf(e: Expr & { t: "index" }, s: Scope | undefined): (() => Value | AwkArray | undefined) | undefined {
    const key = this.key(e.keys.map((part) => this.expr(part, s)));
    const array = this.arrayOf(e.name, s, e.path);
    return key && (() => array().get(key()));
  }

  /** Calls a function of the program with its arguments in cells. */
  *invoke(name: string, frame: Cell[]): Gen<Value> {
    const fn = this.functions.get(name)!;
    if (frame.length > fn.params.length) frame.length = fn.params.length;
    while (frame.length < fn.params.length) frame.push({ v: undefined });
    if (++this.rt.depth > 10_000) throw new AwkFatal("function call stack too deep");
    const outer = this.rt.frame;
    this.rt.frame = frame;
    this.rt.returned = UNINIT;
    let flow: Flow;
    try {
      flow = fn.run.f ? fn.run.f() : yield* call(fn.run.g!());
    } finally {
      this.rt.frame = outer;
      this.rt.depth--;
    }
    if (flow === "exit" || flow === "next" || flow === "nextfile") throw new Unwind(flow);
    const value = this.rt.returned;
    this.rt.returned = UNINIT;
    return value;
  }

  private getline(e: Expr & { t: "getline" }, s: Scope | undefined): Code {
    const self = this;
    const source = e.source && this.expr(e.source, s);
    const target = e.target && this.target(e.target, s);
    const place = e.target && this.placeOf(e.target, s);
    return {
      *g() {
        let text: string | undefined;
        if (source === undefined) text = yield* call(self.rt.nextRecord());
        else {
          const name = self.rt.str(source.f ? source.f() : yield* call(source.g!()));
          const { channels } = self.rt;
          requireName(name, e.kind === "file" ? "<" : e.kind === "both" ? "|&" : "|");
          const input =
            e.kind === "file"
              ? channels.fileInput(name)
              : yield* call(e.kind === "both" ? channels.partnerInput(name) : channels.commandInput(name));
          if (input === undefined || typeof input === "string") {
            if (input !== undefined) self.rt.variable("ERRNO").v = input;
            return -1;
          }
          try {
            text = yield* call(self.rt.recordOf(input));
          } catch (error) {
            if (!isErrno(error)) throw error;
            self.rt.variable("ERRNO").v = error.message;
            return -1;
          }
        }
        if (text === undefined) return 0;
        if (target) target.write(toText(place!.f ? place!.f() : yield* call(place!.g!())), fromInput(text));
        else self.rt.setRecord(text);
        return 1;
      },
    };
  }
}

/** What is opened must have a name. Throws `AwkFatal`. */
export function requireName(name: string, operator: string): void {
  if (name === "") throw new AwkFatal(`expression for \`${operator}' redirection has null string value`);
}

/** A constant divisor is looked at before a program runs. */
function requireDivisor(e: Expr & { t: "binary" }): void {
  if ((e.op !== "/" && e.op !== "%") || e.right.t !== "num" || e.right.value !== 0) return;
  throw new AwkFatal(`division by zero attempted${e.op === "%" ? " in `%'" : ""}`, true, "error");
}
