/** Running a parsed Go template over a value (text/template exec.go). */
import { encode } from "../../../kernel/index.ts";
import { quoteString } from "../../../text/go-quote.ts";
import { sortedKeys } from "../go.ts";
import { GoTemplateError } from "./error.ts";
import { formatted, sprint } from "./fmt.ts";
import { CallError, type GoFunction, type Parameter } from "./functions.ts";
import type { BranchNode, CommandNode, ContextNode, NumberNode, Operand, PipeNode, Statement } from "./nodes.ts";
import { nodeText } from "./nodes.ts";
import { isHexInteger } from "./number.ts";
import type { Templates } from "./parser.ts";
import {
  Boxed,
  boxed,
  Complex128,
  Float64,
  type GoValue,
  integerOf,
  isTrue,
  kindOf,
  typeOf,
  unboxed,
} from "./values.ts";

export interface Program {
  name: string;
  text: string;
  templates: Templates;
  functions: ReadonlyMap<string, GoFunction>;
  /** A key that is not there is an error (`missingkey=error`). */
  strict: boolean;
}

/** Templates inside of templates; Go stops at 100,000. */
const MAX_DEPTH = 1000;

/** Statements and characters of one run; Go knows no end. */
const MAX_STEPS = 1_000_000;
const MAX_OUTPUT = 1 << 24;

/** What a pipeline's first command gets from the command before it: nothing. */
const MISSING = Symbol("no final argument");
type Final = GoValue | typeof MISSING;

type Signal = "break" | "continue" | undefined;

interface Run {
  output: string;
  steps: number;
}

/** Fills a template. Throws GoTemplateError, which has what was written until then. */
export function execute(program: Program, value: GoValue): string {
  const run: Run = { output: "", steps: 0 };
  try {
    new Execution(program, program.name, run, value, 0).walk(value, program.templates.get(program.name) ?? []);
  } catch (error) {
    if (error instanceof GoTemplateError) error.output = run.output;
    throw error;
  }
  return run.output;
}

/** One template at work: its variables, and the node that errors speak of. */
class Execution {
  private node: ContextNode | undefined;
  private readonly variables: { name: string; value: GoValue }[];

  constructor(
    private readonly program: Program,
    private readonly name: string,
    private readonly run: Run,
    root: GoValue,
    private readonly depth: number,
  ) {
    this.variables = [{ name: "$", value: root }];
  }

  private fail(text: string): never {
    const { node } = this;
    if (node === undefined) throw new GoTemplateError(`template: ${this.name}: ${text}`);
    const before = this.program.text.slice(0, node.at);
    const line = before.split("\n").length;
    const column = encode(before.slice(before.lastIndexOf("\n") + 1)).length;
    const place = `${this.program.name}:${line}:${column}`;
    throw new GoTemplateError(
      `template: ${place}: executing ${quoteString(this.name)} at <${nodeText(node)}>: ${text}`,
    );
  }

  // ---- statements ---------------------------------------------------------------------------------------------------

  walk(dot: GoValue, list: readonly Statement[]): Signal {
    for (const node of list) {
      const signal = this.statement(dot, node);
      if (signal !== undefined) return signal;
    }
    return undefined;
  }

  private statement(dot: GoValue, node: Statement): Signal {
    if (++this.run.steps > MAX_STEPS || this.run.output.length > MAX_OUTPUT) this.fail("the template does too much");
    switch (node.kind) {
      case "text":
        this.run.output += node.text;
        return undefined;
      case "action": {
        const value = this.pipeline(dot, node.pipe);
        if (node.pipe.variables.length === 0) this.run.output += printed(value);
        return undefined;
      }
      case "break":
      case "continue":
        return node.kind;
      case "template":
        this.invoke(dot, node);
        return undefined;
      case "range":
        return this.scoped(() => this.range(dot, node));
      default:
        return this.scoped(() => {
          const value = this.pipeline(dot, node.pipe);
          if (isTrue(value)) return this.walk(node.kind === "with" ? value : dot, node.list);
          return this.walk(dot, node.otherwise ?? []);
        });
    }
  }

  /** Variables declared inside end with it. */
  private scoped(body: () => Signal): Signal {
    const mark = this.variables.length;
    const signal = body();
    this.variables.length = mark;
    return signal;
  }

  private range(dot: GoValue, node: BranchNode): Signal {
    const { variables, assigns } = node.pipe;
    const value = unboxed(this.pipeline(dot, node.pipe));
    const mark = this.variables.length;
    let count = 0;
    const once = (index: GoValue, item: GoValue): boolean => {
      count++;
      const values = variables.length > 1 ? [index, item] : [item];
      variables.forEach((variable, i) => {
        if (assigns) this.assign(variable.names[0]!, values[i]);
        else this.variables[mark - variables.length + i]!.value = values[i];
      });
      const signal = this.walk(item, node.list);
      this.variables.length = mark;
      return signal !== "break";
    };
    switch (kindOf(value)) {
      case "int":
      case "uint": {
        if (variables.length > 1) {
          this.fail(`can't use ${formatted(value, "v")} to iterate over more than one variable`);
        }
        const end = integerOf(value);
        const wide = typeof value !== "bigint";
        for (let i = 0n; i < end && once(undefined, wide ? Number(i) : i); i++);
        break;
      }
      case "slice":
        (value as unknown[]).every((item, i) => once(BigInt(i), boxed(item)));
        break;
      case "map": {
        const map = value as Record<string, unknown>;
        sortedKeys(map).every((key) => once(key, boxed(map[key])));
        break;
      }
      case "invalid":
        break;
      default:
        this.fail(`range can't iterate over ${formatted(value, "v")}`);
    }
    return count > 0 ? undefined : this.walk(dot, node.otherwise ?? []);
  }

  private invoke(dot: GoValue, node: Extract<Statement, { kind: "template" }>): void {
    this.node = node;
    const list = this.program.templates.get(node.name);
    if (list === undefined) this.fail(`template ${quoteString(node.name)} not defined`);
    if (this.depth === MAX_DEPTH) this.fail("exceeded maximum template depth (100000)");
    const value = node.pipe === undefined ? undefined : this.pipeline(dot, node.pipe);
    new Execution(this.program, node.name, this.run, value, this.depth + 1).walk(value, list);
  }

  private assign(name: string, value: GoValue): void {
    const found = this.variables.findLast((variable) => variable.name === name);
    if (found === undefined) this.fail(`undefined variable: ${name}`);
    found.value = value;
  }

  // ---- pipelines ----------------------------------------------------------------------------------------------------

  private pipeline(dot: GoValue, pipe: PipeNode): GoValue {
    this.node = pipe;
    let value: Final = MISSING;
    for (const command of pipe.commands) value = unboxed(this.command(dot, command, value));
    const result = value as GoValue;
    for (const variable of pipe.variables) {
      const name = variable.names[0]!;
      if (pipe.assigns) this.assign(name, result);
      else this.variables.push({ name, value: result });
    }
    return result;
  }

  private command(dot: GoValue, command: CommandNode, final: Final): GoValue {
    const [first] = command.args;
    const { args } = command;
    switch (first.kind) {
      case "field":
        this.node = first;
        return this.fields(dot, first.names, args, final);
      case "chain":
        return this.chain(dot, first, args, final);
      case "identifier":
        return this.call(dot, first, command, args, final);
      case "pipe":
        this.takesNothing(args, final);
        return this.pipeline(dot, first);
      case "variable":
        return this.variable(first, args, final);
    }
    this.node = first;
    this.takesNothing(args, final);
    if (first.kind === "nil") this.fail("nil is not a command");
    return this.constant(dot, first);
  }

  private takesNothing(args: readonly Operand[], final: Final): void {
    if (args.length > 1 || final !== MISSING) this.fail(`can't give argument to non-function ${nodeText(args[0]!)}`);
  }

  private constant(dot: GoValue, node: Operand): GoValue {
    this.node = node;
    switch (node.kind) {
      case "bool":
        return node.value;
      case "dot":
        return dot;
      case "number":
        return this.number(node);
      case "string":
        return node.text;
    }
    return this.fail(`can't handle assignment of ${nodeText(node)} to empty interface argument`);
  }

  /** The syntax of a number tells its type. */
  private number({ text, complex, float, int }: NumberNode): GoValue {
    if (complex !== undefined) return new Complex128(complex.real, complex.imaginary);
    if (float !== undefined && !isHexInteger(text) && !text.startsWith("'") && /[.eEpP]/.test(text)) {
      return new Float64(float);
    }
    return int ?? this.fail(`${text} overflows int`);
  }

  private variable(node: Extract<Operand, { kind: "variable" }>, args: readonly Operand[], final: Final): GoValue {
    this.node = node;
    const [name, ...fields] = node.names as [string, ...string[]];
    const found = this.variables.findLast((variable) => variable.name === name);
    if (found === undefined) this.fail(`undefined variable: ${name}`);
    if (fields.length > 0) return this.fields(found.value, fields, args, final);
    if (args.length > 0) this.takesNothing(args, final);
    return found.value;
  }

  private chain(
    dot: GoValue,
    node: Extract<Operand, { kind: "chain" }>,
    args: readonly Operand[],
    final: Final,
  ): GoValue {
    this.node = node;
    if (node.node.kind === "nil") this.fail(`indirection through explicit nil in ${nodeText(node)}`);
    return this.fields(this.argument(dot, undefined, node.node), node.fields, args, final);
  }

  private fields(from: GoValue, names: readonly string[], args: readonly Operand[], final: Final): GoValue {
    const node = this.node;
    let value = from;
    names.forEach((name, i) => {
      const last = i === names.length - 1;
      this.node = node;
      value = this.field(value, name, last && (args.length > 1 || final !== MISSING));
    });
    return value;
  }

  private field(receiver: GoValue, name: string, hasArguments: boolean): GoValue {
    if (receiver === undefined) {
      if (this.program.strict) this.fail(`nil data; no entry for key ${quoteString(name)}`);
      return undefined;
    }
    const value = unboxed(receiver);
    if (value === undefined) this.fail(`nil pointer evaluating interface {}.${name}`);
    if (kindOf(value) !== "map") this.fail(`can't evaluate field ${name} in type ${typeOf(receiver)}`);
    if (hasArguments) this.fail(`${name} is not a method but has arguments`);
    const map = value as Record<string, unknown>;
    if (Object.hasOwn(map, name) && map[name] !== undefined) return boxed(map[name]);
    if (this.program.strict) this.fail(`map has no entry for key ${quoteString(name)}`);
    return undefined;
  }

  // ---- functions ----------------------------------------------------------------------------------------------------

  private call(
    dot: GoValue,
    name: Extract<Operand, { kind: "identifier" }>,
    command: CommandNode | Operand,
    words: readonly Operand[],
    final: Final,
  ): GoValue {
    this.node = name;
    const fn = this.program.functions.get(name.name)!;
    const args = words.slice(1);
    const count = args.length + (final === MISSING ? 0 : 1);
    const fixed = fn.parameters.length;
    if (fn.rest !== undefined) {
      if (count < fixed) this.fail(`wrong number of args for ${name.name}: want at least ${fixed} got ${args.length}`);
    } else if (count !== fixed) this.fail(`wrong number of args for ${name.name}: want ${fixed} got ${count}`);
    if (fn.shortCircuit !== undefined) return this.shortCircuit(dot, args, final, fn.shortCircuit);
    const values = args.map((arg, i) => this.argument(dot, fn.parameters[i] ?? fn.rest, arg));
    if (final !== MISSING) values.push(this.fitting(final, fn.parameters[count - 1] ?? fn.rest));
    try {
      if (name.name !== "call") return fn.call(...values);
      const callee = args[0] === undefined ? stringOf(values[0]) : nodeText(args[0]);
      return fn.call(callee, ...values);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      this.node = command;
      return this.fail(`error calling ${name.name}: ${error.message}`);
    }
  }

  /** `or` ends at the first that is true, `and` at the first that is not. */
  private shortCircuit(dot: GoValue, args: readonly Operand[], final: Final, at: boolean): GoValue {
    let value: GoValue;
    for (const arg of args) {
      value = this.argument(dot, "value", arg);
      if (isTrue(value) === at) return value;
    }
    return final === MISSING ? value : final;
  }

  private argument(dot: GoValue, parameter: Parameter | undefined, node: Operand): GoValue {
    this.node = node;
    switch (node.kind) {
      case "dot":
        return this.fitting(dot, parameter);
      case "nil":
        if (parameter === "string") this.fail("cannot assign nil to string");
        return undefined;
      case "field":
        return this.fitting(this.fields(dot, node.names, [node], MISSING), parameter);
      case "variable":
        return this.fitting(this.variable(node, [], MISSING), parameter);
      case "pipe":
        return this.fitting(this.pipeline(dot, node), parameter);
      case "identifier":
        return this.fitting(this.call(dot, node, node, [], MISSING), parameter);
      case "chain":
        return this.fitting(this.chain(dot, node, [], MISSING), parameter);
    }
    if (parameter === "string" && node.kind !== "string") this.fail(`expected string; found ${nodeText(node)}`);
    return this.constant(dot, node);
  }

  /** The value as the parameter takes it. */
  private fitting(value: GoValue, parameter: Parameter | undefined): GoValue {
    if (parameter === "any") return unboxed(value);
    if (parameter !== "string") return value;
    if (value === undefined) this.fail("invalid value; expected string");
    const inner = value instanceof Boxed && value.inner !== undefined ? value.inner : value;
    if (typeof inner !== "string") this.fail(`wrong type for value; expected string; got ${typeOf(inner)}`);
    return inner;
  }
}

/** reflect.Value.String: a string as it is, anything else by its type. */
function stringOf(value: GoValue): string {
  if (typeof value === "string") return value;
  return value === undefined ? "<invalid Value>" : `<${typeOf(value)} Value>`;
}

function printed(value: GoValue): string {
  return value === undefined ? "<no value>" : sprint([value]);
}
