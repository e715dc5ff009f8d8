import type { Gen } from "../../../kernel/index.ts";
import type { Tool } from "../../tool.ts";
import { type Code, type Flow, type Run, Unwind } from "./code.ts";
import { Expressions } from "./expressions.ts";
import { Runtime } from "./runtime.ts";
import { run, Statements } from "./statements.ts";
import type { AwkProgram } from "./syntax.ts";
import { toBool, toText, type Value } from "./values.ts";

interface Rule {
  pattern: Code | undefined;
  until: Code | undefined;
  body: Run | undefined;
  line: number;
  /** A range that has begun. */
  active: boolean;
}

/** Runs an awk program: BEGIN, the rules on each record, END. */
export class Interpreter {
  readonly rt: Runtime;
  private readonly program: AwkProgram;

  constructor(t: Tool, program: AwkProgram, args: readonly string[]) {
    this.rt = new Runtime(t, args);
    this.rt.placeOfLine = program.placeOfLine;
    this.rt.singleLine = program.singleLine;
    this.rt.warned = program.warned;
    this.program = program;
  }

  /** The exit status of the program. Throws `AwkFatal`. */
  *run(): Gen<number> {
    const { program, rt } = this;
    const expressions = new Expressions(rt);
    const statements = new Statements(rt, expressions);
    for (const [name, fn] of program.functions)
      expressions.functions.set(name, { params: fn.params, run: statements.of(fn.body, { params: fn.params }) });
    const begin = program.begin.map((body) => statements.of(body, undefined));
    const end = program.end.map((body) => statements.of(body, undefined));
    const rules: Rule[] = program.rules.map((rule) => ({
      pattern: rule.pattern && expressions.expr(rule.pattern, undefined),
      until: rule.until && expressions.expr(rule.until, undefined),
      body: rule.body && statements.of(rule.body, undefined),
      line: rule.line,
      active: false,
    }));
    rt.fileBegin = program.fileBegin.map((body) => statements.of(body, undefined));
    rt.fileEnd = program.fileEnd.map((body) => statements.of(body, undefined));
    let flow: Flow = "normal";
    for (const body of begin) {
      flow = yield* unwound(run(body));
      if (flow === "exit") break;
    }
    if (flow !== "exit" && (rules.length > 0 || end.length > 0 || rt.fileBegin.length > 0 || rt.fileEnd.length > 0))
      flow = yield* unwound(this.records(rules));
    // `exit` in BEGIN or a rule still runs END, but not one within END.
    rt.inRules = false;
    for (const body of end) if ((yield* unwound(run(body))) === "exit") break;
    yield* rt.channels.finish();
    return rt.exitStatus || rt.t.status;
  }

  private *records(rules: readonly Rule[]): Gen<Flow> {
    const { rt } = this;
    // Stays so when a record's rule fails: messages name the record.
    rt.inRules = true;
    for (;;) {
      const text = rt.takeRecord() ?? (yield* rt.nextRecord());
      if (text === undefined) {
        rt.inRules = false;
        return "normal";
      }
      rt.setRecord(text);
      let flow: Flow;
      try {
        flow = yield* this.record(rules);
      } catch (error) {
        if (!(error instanceof Unwind)) throw error;
        flow = error.flow;
      }
      if (flow === "exit") return flow;
      if (flow === "nextfile") yield* rt.endFile();
      if (rt.t.out.full) yield* rt.t.out.flush();
      if (rt.warnings.length > 0) yield* rt.sayWarnings();
    }
  }

  /** The rules on one record, until one of them ends that. */
  private *record(rules: readonly Rule[]): Gen<Flow> {
    const { rt } = this;
    for (const rule of rules) {
      const { pattern, body } = rule;
      if (!rt.singleLine) rt.line = rule.line;
      if (rule.until !== undefined) {
        if (!(yield* inRange(rule))) continue;
      } else if (pattern !== undefined && !toBool(pattern.f ? pattern.f() : yield* pattern.g!())) continue;
      if (body === undefined) {
        rt.t.out.add(rt.text0() + toText(rt.cellORS.v as Value));
        continue;
      }
      const flow = body.f ? body.f() : yield* body.g!();
      if (flow === "exit" || flow === "next" || flow === "nextfile") return flow;
    }
    return "normal";
  }
}

/** How something ends, in a function that it calls perhaps. */
function* unwound(part: Gen<Flow>): Gen<Flow> {
  try {
    return yield* part;
  } catch (error) {
    if (error instanceof Unwind) return error.flow;
    throw error;
  }
}

function* holds(pattern: Code | undefined): Gen<boolean> {
  return pattern === undefined || toBool(pattern.f ? pattern.f() : yield* pattern.g!());
}

function* inRange(rule: Rule): Gen<boolean> {
  if (!rule.active) {
    if (!(yield* holds(rule.pattern))) return false;
    rule.active = true;
  }
  if (yield* holds(rule.until)) rule.active = false;
  return true;
}
