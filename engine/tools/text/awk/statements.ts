/** Statements made ready to run: plain functions where nothing in them waits or loops. */
import { call, cpu, type Gen } from "../../../kernel/index.ts";
import type { Output } from "../../io.ts";
import { type Code, type Flow, type Run, type Scope, Unwind } from "./code.ts";
import { type Expressions, requireName } from "./expressions.ts";
import type { Runtime } from "./runtime.ts";
import { orderedKeys } from "./sorting.ts";
import type { Stmt } from "./syntax.ts";
import {
  AwkFatal,
  compareValues,
  numberText,
  sprintf,
  toBool,
  toNumber,
  toText,
  UNINIT,
  type Value,
} from "./values.ts";

const STEPS = 500;

export class Statements {
  private readonly rt: Runtime;
  private readonly x: Expressions;

  constructor(rt: Runtime, x: Expressions) {
    this.rt = rt;
    this.x = x;
  }

  /** A statement made ready; those of programs of several lines note where they stand. */
  of(stmt: Stmt, s: Scope | undefined): Run {
    const { rt } = this;
    const { line } = stmt;
    if (line === undefined || rt.singleLine) return this.make(stmt, s);
    rt.line = line;
    const { f, g } = this.make(stmt, s);
    if (f)
      return {
        f: () => {
          rt.line = line;
          return f();
        },
      };
    return {
      g: () => {
        rt.line = line;
        return g!();
      },
    };
  }

  private make(stmt: Stmt, s: Scope | undefined): Run {
    switch (stmt.t) {
      case "block":
        return block(stmt.body.map((inner) => this.of(inner, s)));
      case "expr":
        return this.expression(this.x.expr(stmt.value, s));
      case "print":
        return this.print(stmt, s);
      case "if":
        return this.branch(stmt, s);
      case "while":
      case "for":
        return this.loop(stmt, s);
      case "forin":
        return this.forIn(stmt, s);
      case "switch":
        return this.choice(stmt, s);
      case "delete":
        return this.remove(stmt, s);
      case "exit": {
        const value = stmt.value && this.x.expr(stmt.value, s);
        return after(value, (status) => {
          if (status !== undefined) this.rt.exitStatus = Math.trunc(toNumber(status)) & 255;
          return "exit";
        });
      }
      case "return": {
        const value = stmt.value && this.x.expr(stmt.value, s);
        return after(value, (result) => {
          this.rt.returned = result ?? UNINIT;
          return "return";
        });
      }
      case "empty":
        return { f: () => "normal" };
      default: {
        const flow = stmt.t;
        return { f: () => flow };
      }
    }
  }

  private expression(value: Code): Run {
    const { f } = value;
    if (f)
      return {
        f: () => {
          f();
          return "normal";
        },
      };
    const { rt } = this;
    return {
      *g() {
        if (++rt.steps % STEPS === 0) yield* cpu(200);
        try {
          yield* call(value.g!());
        } catch (error) {
          if (error instanceof Unwind) return error.flow;
          throw error;
        }
        return "normal";
      },
    };
  }

  private branch(stmt: Stmt & { t: "if" }, s: Scope | undefined): Run {
    const test = this.x.expr(stmt.test, s);
    const yes = this.of(stmt.yes, s);
    const no: Run = stmt.no ? this.of(stmt.no, s) : { f: () => "normal" };
    if (test.f && yes.f && no.f) {
      const [is, then, otherwise] = [test.f, yes.f, no.f];
      return { f: () => (toBool(is()) ? then() : otherwise()) };
    }
    return {
      *g() {
        const chosen = toBool(test.f ? test.f() : yield* call(test.g!())) ? yes : no;
        return chosen.f ? chosen.f() : yield* chosen.g!();
      },
    };
  }

  /** Lets time go on and output flow: loops come here every so many turns, and when there is much to write. */
  private *breathe(): Gen {
    const { rt } = this;
    yield* cpu(200);
    if (rt.t.out.full) yield* rt.t.out.flush();
  }

  private loop(stmt: Stmt & { t: "while" | "for" }, s: Scope | undefined): Run {
    const self = this;
    const { rt } = this;
    const init = stmt.t === "for" && stmt.init ? this.of(stmt.init, s) : undefined;
    const test = stmt.test && this.x.expr(stmt.test, s);
    const step = stmt.t === "for" && stmt.step ? this.of(stmt.step, s) : undefined;
    const body = this.of(stmt.body, s);
    return {
      *g() {
        if (init) yield* run(init);
        let first = stmt.t === "while" && stmt.first;
        for (;;) {
          if (++rt.steps % STEPS === 0 || rt.t.out.full) yield* self.breathe();
          if (test && !first && !toBool(test.f ? test.f() : yield* call(test.g!()))) return "normal";
          first = false;
          const flow = body.f ? body.f() : yield* body.g!();
          if (flow === "break") return "normal";
          if (flow !== "normal" && flow !== "continue") return flow;
          if (step?.f) step.f();
          else if (step) yield* step.g!();
        }
      },
    };
  }

  private forIn(stmt: Stmt & { t: "forin" }, s: Scope | undefined): Run {
    const self = this;
    const { rt } = this;
    const array = this.x.arrayOf(stmt.array, s, stmt.path);
    const { write } = this.x.target({ t: "var", name: stmt.name }, s);
    const body = this.of(stmt.body, s);
    return {
      *g() {
        for (const key of yield* orderedKeys(self.x, array())) {
          write("", key);
          if (++rt.steps % STEPS === 0 || rt.t.out.full) yield* self.breathe();
          const flow = body.f ? body.f() : yield* body.g!();
          if (flow === "break") return "normal";
          if (flow !== "normal" && flow !== "continue") return flow;
        }
        return "normal";
      },
    };
  }

  private choice(stmt: Stmt & { t: "switch" }, s: Scope | undefined): Run {
    const { rt } = this;
    const value = this.x.expr(stmt.value, s);
    const cases = stmt.cases.map((one) => ({
      test: one.test,
      code: one.test && one.test.t !== "regex" ? this.x.expr(one.test, s) : undefined,
      body: one.body.map((inner) => this.of(inner, s)),
    }));
    return {
      *g() {
        const v = value.f ? value.f() : yield* call(value.g!());
        let from = cases.findIndex((one) => {
          if (one.test === undefined) return false;
          if (one.test.t === "regex") return rt.regex(one.test.source).test(rt.str(v));
          return compareValues(v, one.code!.f!(), rt.convfmt(), (x, y) => rt.compareTexts(x, y)) === 0;
        });
        if (from < 0) from = cases.findIndex((one) => one.test === undefined);
        for (const one of from < 0 ? [] : cases.slice(from)) {
          for (const inner of one.body) {
            const flow = yield* run(inner);
            if (flow === "break") return "normal";
            if (flow !== "normal") return flow;
          }
        }
        return "normal";
      },
    };
  }

  private remove(stmt: Stmt & { t: "delete" }, s: Scope | undefined): Run {
    const array = this.x.arrayOf(stmt.name, s, stmt.path);
    if (stmt.keys === undefined)
      return {
        f: () => {
          array().clear();
          return "normal";
        },
      };
    const keys = stmt.keys.map((key) => this.x.expr(key, s));
    return this.expression(this.x.withKey(keys, (key) => Number(array().delete(key))));
  }

  private print(stmt: Stmt & { t: "print" }, s: Scope | undefined): Run {
    const { rt } = this;
    const args = stmt.args.map((arg) => this.x.expr(arg, s));
    const target = stmt.to && this.x.expr(stmt.to.target, s);
    const render = (values: Value[]) => this.rendered(stmt.format, values);
    if (target === undefined && args.every((arg) => arg.f)) {
      const plain = args.map((arg) => arg.f!);
      const only = plain[0];
      if (only !== undefined && plain.length === 1 && !stmt.format)
        return {
          f: () => {
            const text = this.printed(only());
            rt.t.out.add(text + toText(rt.cellORS.v as Value));
            return "normal";
          },
        };
      return {
        f: () => {
          rt.t.out.add(render(plain.map((f) => f())));
          return "normal";
        },
      };
    }
    return {
      *g() {
        if (++rt.steps % STEPS === 0) yield* cpu(200);
        const values: Value[] = [];
        for (const arg of args) values.push(arg.f ? arg.f() : yield* call(arg.g!()));
        const text = render(values);
        let name = "";
        let { out }: { out: Output } = rt.t;
        if (target !== undefined) {
          name = rt.str(target.f ? target.f() : yield* call(target.g!()));
          requireName(name, stmt.to!.kind);
          out = yield* rt.channels.redirect(stmt.to!.kind, name);
        }
        out.add(text);
        if (out.full || name === "/dev/stderr") yield* out.flush();
        return "normal";
      },
    };
  }

  private rendered(format: boolean | undefined, values: Value[]): string {
    const { rt } = this;
    if (format) {
      if (values.length === 0) throw new AwkFatal("printf: no arguments");
      return sprintf(rt.str(values[0]!), values.slice(1), rt.convfmt());
    }
    const ors = toText(rt.cellORS.v as Value);
    if (values.length === 0) return rt.text0() + ors;
    let out = "";
    for (let i = 0; i < values.length; i++) {
      if (i > 0) out += toText((rt.cellOFS.v as Value) ?? UNINIT);
      out += this.printed(values[i]!);
    }
    return out + ors;
  }

  /** A value as `print` writes it: numbers by OFMT. */
  private printed(value: Value): string {
    if (typeof value === "string") return value;
    if (typeof value !== "number") return value.s;
    const { v } = this.rt.cellOfmt;
    return numberText(value, typeof v === "string" ? v : "%.6g");
  }
}

/** Runs a statement either way. */
export function* run(statement: Run): Gen<Flow> {
  return statement.f ? statement.f() : yield* statement.g!();
}

function block(list: readonly Run[]): Run {
  if (list.length === 1) return list[0]!;
  if (list.every((one) => one.f)) {
    const plain = list.map((one) => one.f!);
    return {
      f: () => {
        for (const f of plain) {
          const flow = f();
          if (flow !== "normal") return flow;
        }
        return "normal";
      },
    };
  }
  return {
    *g() {
      for (const one of list) {
        const flow = one.f ? one.f() : yield* one.g!();
        if (flow !== "normal") return flow;
      }
      return "normal";
    },
  };
}

/** A statement that ends with a value it may have. */
function after(value: Code | undefined, end: (value: Value | undefined) => Flow): Run {
  if (value === undefined) return { f: () => end(undefined) };
  const { f } = value;
  if (f) return { f: () => end(f()) };
  return {
    *g() {
      return end(yield* call(value.g!()));
    },
  };
}
