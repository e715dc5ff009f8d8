import { encode } from "../../../kernel/index.ts";
import { sortedKeys, sprint } from "../../kubectl/go.ts";
import { GoTemplateError } from "../../kubectl/template/error.ts";
import {
  type BranchNode,
  type CommandNode,
  type ContextNode,
  type NumberNode,
  nodeText,
  type Operand,
  type PipeNode,
  type Statement,
} from "../../kubectl/template/nodes.ts";
import { parseTemplate } from "../../kubectl/template/parser.ts";

/** A named template: its nodes and where they were written. */
export interface Template {
  name: string;
  /** Name of the file it was parsed from, and its text, for errors. */
  file: string;
  source: string;
  nodes: readonly Statement[];
}

/** What is wrong with a template, without `template:` before it. */
export class TemplateError extends Error {}

export type Value = unknown;
/** A function of templates; throws FunctionError with its words. */
export type TemplateFunction = (args: Value[]) => Value;

/** A function's own error: text/template puts the place and the function's name before it. */
export class FunctionError extends Error {}

/** An error that ends the rendering as it stands, from `fail` and `required`. */
export class Refusal extends FunctionError {}

/** How deep templates may include one another (helm's recursionMaxNums). */
const MAX_DEPTH = 1000;
/** Nodes that one rendering may run: templates of a learner's own must end. */
const MAX_STEPS = 2_000_000;
/** Characters that one rendering may print. */
const MAX_OUTPUT = 16 * 1024 * 1024;

type Scope = [name: string, value: Value][];

class Jump extends Error {
  constructor(readonly kind: "break" | "continue") {
    super(kind);
  }
}

/** Something undefined in a map: printed as `<no value>`, which helm takes out. */
const NO_VALUE = "<no value>";

/** A set of templates that know each other by name, and the functions they may call (Go text/template). */
export class Templates {
  readonly templates = new Map<string, Template>();
  private readonly functions: ReadonlyMap<string, TemplateFunction>;
  private depth = 0;
  private steps = 0;
  private printed = 0;
  private strict = false;

  constructor(functions: ReadonlyMap<string, TemplateFunction>) {
    this.functions = functions;
  }

  /** Adds a file and what it defines. A later definition takes an earlier one's place unless it is empty. */
  add(file: string, source: string): void {
    const known = (name: string) => this.functions.has(name) || name === "include" || name === "tpl";
    for (const [name, nodes] of parsed(file, source, known)) {
      const empty = nodes.every((node) => node.kind === "text" && node.text.trim() === "");
      if (empty && this.templates.has(name)) continue;
      this.templates.set(name, { name, file, source, nodes });
    }
    if (!this.templates.has(file)) this.templates.set(file, { name: file, file, source, nodes: [] });
  }

  /** Fills a template in. `strict`: a map's missing key is an error. Throws TemplateError. */
  render(name: string, data: Value, strict = false): string {
    this.steps = 0;
    this.printed = 0;
    this.strict = strict;
    return this.execute(name, data).replaceAll(NO_VALUE, "");
  }

  /** `include`: a template's text as a value. */
  include(name: string, data: Value): string {
    if (!this.templates.has(name))
      throw new FunctionError(
        `error calling include: template: no template ${JSON.stringify(name)} associated with template "gotpl"`,
      );
    if (this.depth >= MAX_DEPTH) {
      throw new FunctionError(
        `error calling include: rendering template has a nested reference name: ${name}: unable to execute template`,
      );
    }
    return this.execute(name, data);
  }

  /** `tpl`: a text as a template, with all others beside it. */
  inline(text: string, data: Value, parent: string): string {
    const inner = new Templates(this.functions);
    for (const [key, template] of this.templates) inner.templates.set(key, template);
    inner.depth = this.depth + 1;
    inner.strict = this.strict;
    if (inner.depth >= MAX_DEPTH) throw new FunctionError("error calling tpl: too deep");
    inner.add(parent, text);
    const out = inner.execute(parent, data);
    return out.replaceAll(NO_VALUE, "");
  }

  private execute(name: string, data: Value): string {
    const template = this.templates.get(name);
    if (template === undefined)
      throw new TemplateError(`no template ${JSON.stringify(name)} associated with template "gotpl"`);
    this.depth++;
    try {
      return new Run(this, template, data).nodes(template.nodes, data);
    } finally {
      this.depth--;
    }
  }

  /** Counts a step of work. */
  step(printed: number): void {
    this.printed += printed;
    if (++this.steps > MAX_STEPS || this.printed > MAX_OUTPUT) throw new TemplateError("template is too large");
  }

  call(run: Run, name: string, args: Value[]): Value {
    if (name === "include") return this.include(String(args[0]), args[1]);
    if (name === "tpl") return this.inline(String(args[0]), args[1], run.template.file);
    return this.functions.get(name)!(args);
  }

  get isStrict(): boolean {
    return this.strict;
  }
}

/** One template being filled in. */
class Run {
  private scope: Scope;

  constructor(
    private readonly set: Templates,
    readonly template: Template,
    data: Value,
  ) {
    this.scope = [["$", data]];
  }

  nodes(list: readonly Statement[], dot: Value): string {
    let out = "";
    for (const node of list) {
      const text = this.node(node, dot);
      this.set.step(node.kind === "text" || node.kind === "action" ? text.length : 0);
      out += text;
    }
    return out;
  }

  private node(node: Statement, dot: Value): string {
    switch (node.kind) {
      case "text":
        return node.text;
      case "action": {
        const value = this.pipe(node.pipe, dot);
        return node.pipe.variables.length > 0 ? "" : printed(value);
      }
      case "if":
      case "with": {
        const mark = this.scope.length;
        const value = this.pipe(node.pipe, dot);
        const out = truth(value)
          ? this.nodes(node.list, node.kind === "with" ? value : dot)
          : this.nodes(node.otherwise ?? [], dot);
        this.scope.length = mark;
        return out;
      }
      case "range":
        return this.range(node, dot);
      case "template": {
        const data = node.pipe === undefined ? undefined : this.pipe(node.pipe, dot);
        try {
          return this.set.include(node.name, data);
        } catch (error) {
          if (!(error instanceof FunctionError)) throw error;
          return this.fail(node.at, `template ${JSON.stringify(node.name)} not defined`, nodeText(node));
        }
      }
      default:
        throw new Jump(node.kind);
    }
  }

  private range(node: BranchNode, dot: Value): string {
    const mark = this.scope.length;
    const declared = node.pipe.variables.map(({ names }) => names[0]!);
    const value = this.pipe({ ...node.pipe, variables: [] }, dot);
    const entries = this.entries(value, node.pipe);
    let out = "";
    if (entries.length === 0) out = this.nodes(node.otherwise ?? [], dot);
    for (const [key, item] of entries) {
      if (node.pipe.assigns) {
        if (declared.length === 2) this.assign(declared[0]!, key);
        this.assign(declared.at(-1)!, item);
      } else if (declared.length === 1) this.scope.push([declared[0]!, item]);
      else if (declared.length === 2) this.scope.push([declared[0]!, key], [declared[1]!, item]);
      try {
        out += this.nodes(node.list, item);
      } catch (error) {
        if (!(error instanceof Jump)) throw error;
        if (error.kind === "break") break;
      } finally {
        this.scope.length = mark;
      }
    }
    this.scope.length = mark;
    return out;
  }

  private entries(value: Value, pipe: PipeNode): [Value, Value][] {
    if (value === null || value === undefined) return [];
    if (Array.isArray(value)) return value.map((item, i) => [i, item]);
    if (isMap(value)) return sortedKeys(value).map((key) => [key, value[key]]);
    return this.fail(pipe.at, `range can't iterate over ${sprint(value)}`, nodeText(pipe.commands[0]!));
  }

  private assign(name: string, value: Value): void {
    const found = this.scope.findLast(([each]) => each === name);
    if (found !== undefined) found[1] = value;
  }

  private pipe(pipe: PipeNode, dot: Value): Value {
    let value: Value;
    pipe.commands.forEach((command, i) => {
      value = this.command(command, dot, i === 0 ? [] : [value]);
    });
    for (const { names } of pipe.variables) {
      const name = names[0]!;
      if (pipe.assigns) this.assign(name, value);
      else this.scope.push([name, value]);
    }
    return value;
  }

  private command(command: CommandNode, dot: Value, piped: Value[]): Value {
    const [first, ...rest] = command.args;
    if (first.kind === "identifier") return this.function(first.name, command, rest, dot, piped);
    const args = () => [...rest.map((operand) => this.operand(operand, dot)), ...piped];
    const value = this.operand(first, dot, rest.length > 0 || piped.length > 0 ? args : undefined);
    return value;
  }

  private function(name: string, command: CommandNode, rest: readonly Operand[], dot: Value, piped: Value[]): Value {
    // `and` and `or` leave the rest alone once they know.
    if (name === "and" || name === "or") {
      let value: Value;
      for (const operand of rest) {
        value = this.operand(operand, dot);
        if (truth(value) === (name === "or")) return value;
      }
      if (piped.length > 0) return piped[0];
      if (rest.length === 0)
        return this.fail(command.at, `wrong number of args for ${name}: want at least 1 got 0`, name);
      return value;
    }
    const args = [...rest.map((operand) => this.operand(operand, dot)), ...piped];
    try {
      return this.set.call(this, name, args);
    } catch (error) {
      if (error instanceof Refusal) return this.fail(command.at, error.message, nodeText(command), true);
      if (!(error instanceof FunctionError)) {
        if (error instanceof TemplateError && (name === "include" || name === "tpl")) {
          return this.fail(command.at, `error calling ${name}: ${templatePrefix(error)}`, nodeText(command));
        }
        throw error;
      }
      const message = /^(error calling|wrong number)/.test(error.message)
        ? error.message
        : `error calling ${name}: ${error.message}`;
      return this.fail(command.at, message, nodeText(command));
    }
  }

  private operand(operand: Operand, dot: Value, args?: () => Value[]): Value {
    switch (operand.kind) {
      case "dot":
        return dot;
      case "nil":
        return null;
      case "bool":
        return operand.value;
      case "string":
        return operand.text;
      case "number":
        return numberOf(operand);
      case "field":
        return this.chain(dot, operand.names, operand, args);
      case "variable": {
        const [name, ...names] = operand.names;
        const found = this.scope.findLast(([each]) => each === name);
        return this.chain(found?.[1], names, operand, args);
      }
      case "identifier":
        return this.function(operand.name, { kind: "command", args: [operand], at: operand.at }, [], dot, []);
      case "chain":
        return this.chain(this.operand(operand.node, dot), operand.fields, operand, args);
      case "pipe": {
        const mark = this.scope.length;
        const value = this.pipe(operand, dot);
        this.scope.length = mark;
        return value;
      }
    }
  }

  private chain(from: Value, names: readonly string[], operand: Operand, args?: () => Value[]): Value {
    let value = from;
    for (const [i, name] of names.entries()) {
      if (value === null || value === undefined) {
        return this.fail(operand.at, `nil pointer evaluating interface {}.${name}`, nodeText(operand as ContextNode));
      }
      if (!isMap(value)) {
        return this.fail(
          operand.at,
          `can't evaluate field ${name} in type interface {}`,
          nodeText(operand as ContextNode),
        );
      }
      const owner: Record<string, Value> = value;
      const member: Value = Object.hasOwn(owner, name) ? owner[name] : methodOf(owner, name);
      if (typeof member === "function") {
        value = (member as (...given: Value[]) => Value)(...(i === names.length - 1 && args ? args() : []));
      } else {
        if (member === undefined && this.set.isStrict) {
          return this.fail(
            operand.at,
            `map has no entry for key ${JSON.stringify(name)}`,
            nodeText(operand as ContextNode),
          );
        }
        value = member;
      }
    }
    return value;
  }

  /** Throws with the place: `file:3:14: executing "name" at <.Values.x>: why`. */
  private fail(at: number, why: string, context: string, refusal = false): never {
    const { file, source, name } = this.template;
    const place = `${file}:${lineOf(source, at)}:${columnOf(source, at)}`;
    if (refusal) throw new ExecutionError(`(${place}): ${why}`, place, why);
    const short = context.length > 20 && !context.startsWith("{{") ? `${context.slice(0, 20)}...` : context;
    throw new TemplateError(`${place}: executing ${JSON.stringify(name)} at <${short}>: ${why}`);
  }
}

/** `fail` or `required` ended the rendering: helm leaves the chain of callers out. */
export class ExecutionError extends Error {
  constructor(
    message: string,
    readonly place: string,
    readonly why: string,
  ) {
    super(message);
  }
}

function templatePrefix(error: TemplateError): string {
  return `template: ${error.message}`;
}

function methodOf(owner: Record<string, Value>, name: string): Value {
  const prototype = Object.getPrototypeOf(owner) as object | null;
  if (prototype === null || prototype === Object.prototype || !(name in prototype)) return undefined;
  const member = owner[name];
  return typeof member === "function" ? (member as () => Value).bind(owner) : member;
}

export function isMap(value: Value): value is Record<string, Value> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether `if` takes a value: not null, false, 0 or empty. */
export function truth(value: Value): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === "") return false;
  if (Array.isArray(value)) return value.length > 0;
  return isMap(value) ? Object.getPrototypeOf(value) !== Object.prototype || Object.keys(value).length > 0 : true;
}

export function goType(value: Value): string {
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  if (Array.isArray(value)) return "[]interface {}";
  return value === null || value === undefined ? "nil" : "map[string]interface {}";
}

function printed(value: Value): string {
  return value === undefined || value === null ? NO_VALUE : sprint(value);
}

/** Parses a file and what it defines, in helm's words for what is wrong. */
function parsed(file: string, source: string, known: (name: string) => boolean): Map<string, Statement[]> {
  try {
    return parseTemplate(file, source, known);
  } catch (error) {
    if (!(error instanceof GoTemplateError)) throw error;
    throw new TemplateError(error.message.replace(/^template: /, ""));
  }
}

function numberOf({ float, int, text }: NumberNode): number {
  return int === undefined ? (float ?? Number(text)) : Number(int);
}

/** Line of an offset, from 1. */
function lineOf(source: string, at: number): number {
  return source.slice(0, at).split("\n").length;
}

/** Bytes before an offset in its line. */
function columnOf(source: string, at: number): number {
  return encode(source.slice(source.lastIndexOf("\n", at - 1) + 1, at)).length;
}
