import { encode } from "../../../kernel/index.ts";
import { compareStrings, sortedKeys, toJson } from "../go.ts";
import { formatted } from "../template/fmt.ts";
import { Float64, floatOf, type GoValue, integerOf, kindOf, typeOf, Uint8 } from "../template/values.ts";
import { JsonPathError, type Node, parseJsonPath } from "./jsonpath-parser.ts";

export { JsonPathError } from "./jsonpath-parser.ts";

/**
 * A JSONPath template as kubectl has it (client-go util/jsonpath): texts, fields, filters, slices, ranges. What it finds
 * is decoded JSON; undefined stands where there is nothing, as for a range over nothing.
 */
export class JsonPath {
  private readonly nodes: readonly Node[];
  private readonly allowMissing: boolean;
  /** Where a run begins: a range leaves the template cut there, for the next object as well. */
  private start = 0;
  private begin = 0;
  private inside = 0;
  private end = 0;
  private lastEnd = -1;

  /** Throws JsonPathError when the template cannot be parsed. */
  constructor(template: string, allowMissing: boolean) {
    this.nodes = parseJsonPath(template);
    this.allowMissing = allowMissing;
  }

  /** The template filled in. Throws JsonPathError. */
  execute(value: unknown): string {
    return this.find(value)
      .map((results) => results.map(textOf).join(" "))
      .join("");
  }

  /** `jsonpath-as-json`: each part's values as an indented array. */
  executeAsJson(value: unknown): string {
    return this.find(value)
      .map((results) => `${toJson(results.map(plain), "    ")}\n`)
      .join("");
  }

  /** The values each part of the template finds, in order. Throws JsonPathError. */
  find(value: unknown): unknown[][] {
    const out: unknown[][] = [];
    for (let i = this.start; i < this.nodes.length; i++) {
      const results = this.walk([value], this.nodes[i]!);
      if (this.end > 0 && this.end <= this.inside) {
        this.end--;
        this.lastEnd = i;
        break;
      }
      if (this.begin === 0) {
        out.push(results);
        continue;
      }
      this.begin--;
      this.inside++;
      for (const item of results.length > 0 ? results : [undefined]) {
        this.start = i + 1;
        const found = this.find(item ?? undefined);
        if (results.length > 0) out.push(...found);
      }
      this.inside--;
      if (this.lastEnd > i) i = this.lastEnd;
    }
    return out;
  }

  private walk(input: unknown[], node: Node): unknown[] {
    switch (node.type) {
      case "list":
        return this.walkAll(input, node.nodes);
      case "text":
        return [node.text];
      case "number":
      case "bool":
        return input.map(() => node.value);
      case "field":
        return this.field(input, node.name);
      case "array":
        return slices(input, node.bounds);
      case "filter":
        return this.filter(input, node);
      case "wildcard":
        return input.flatMap(children);
      case "recursive":
        return recursive(input);
      case "union":
        return withFound(input, () => node.lists.flatMap((list) => this.walkAll(input, list)));
      case "identifier":
        return this.identifier(input, node.name);
    }
  }

  private identifier(input: unknown[], name: string): unknown[] {
    if (name === "range") {
      this.begin++;
      return input;
    }
    if (name !== "end") throw new JsonPathError(`unrecognized identifier ${name}`, input);
    if (this.inside === 0) throw new JsonPathError("not in range, nothing to end");
    this.end++;
    return [];
  }

  private walkAll(input: unknown[], nodes: readonly Node[]): unknown[] {
    let current = input;
    for (const node of nodes) current = this.walk(current, node);
    return current;
  }

  private field(input: unknown[], name: string): unknown[] {
    const out: unknown[] = [];
    if (input.length === 0) return out;
    for (const value of input) {
      if (isMap(value) && Object.hasOwn(value, name) && value[name] !== undefined) out.push(value[name]);
    }
    if (out.length === 0 && !this.allowMissing) throw new JsonPathError(`${name} is not found`);
    return out;
  }

  private filter(input: unknown[], node: Node & { type: "filter" }): unknown[] {
    const out: unknown[] = [];
    for (const value of input) {
      if (!Array.isArray(value)) {
        const shown = value === null ? "<nil>" : formatted(value as GoValue, "v");
        throw new JsonPathError(`${shown} is not array or slice and cannot be filtered`, input);
      }
      for (const item of value) {
        if (node.operator === "exists") {
          if (this.exists(item, node.left)) out.push(item);
          continue;
        }
        const pair = withFound(input, () => this.operands(item, node));
        if (pair !== undefined && withFound(out, () => compare(pair[0], node.operator, pair[1]))) out.push(item);
      }
    }
    return out;
  }

  private exists(item: unknown, path: readonly Node[]): boolean {
    try {
      return this.walkAll([item], path).length > 0;
    } catch (error) {
      if (!(error instanceof JsonPathError)) throw error;
      return error.found.length > 0;
    }
  }

  /** Both sides of a comparison; undefined when one of them finds nothing. */
  private operands(item: unknown, node: Node & { type: "filter" }): [unknown, unknown] | undefined {
    const lefts = this.walkAll([item], node.left);
    if (lefts.length === 0) return undefined;
    if (lefts.length > 1) throw new JsonPathError("can only compare one element at a time");
    const rights = this.walkAll([item], node.right);
    if (rights.length === 0) return undefined;
    if (rights.length > 1) throw new JsonPathError("can only compare one element at a time");
    return [lefts[0], rights[0]];
  }
}

/** Runs a part whose errors are found with these values. */
function withFound<T>(found: readonly unknown[], run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    throw new JsonPathError(error.message, found);
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return kindOf(value as GoValue) === "map";
}

/** The parts of a map or list; the bytes of a string. */
function children(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value === "string") return [...encode(value)].map((byte) => new Uint8(byte));
  return isMap(value) ? sortedKeys(value).map((key) => value[key]) : [];
}

function recursive(input: unknown[]): unknown[] {
  const out: unknown[] = [];
  for (const value of input) {
    const inside = children(value);
    if (inside.length === 0) continue;
    out.push(value);
    for (const found of recursive(inside)) out.push(found);
  }
  return out;
}

function slices(input: unknown[], bounds: (Node & { type: "array" })["bounds"]): unknown[] {
  const out: unknown[] = [];
  for (const value of input) {
    if (value === null || value === undefined) continue;
    const fail = (text: string): never => {
      throw new JsonPathError(text, input);
    };
    if (!Array.isArray(value)) return fail(`${typeOf(value as GoValue)} is not array or slice`);
    const [first, last, step] = bounds;
    const length = value.length;
    let from = first.known ? first.value : 0;
    if (from < 0) from += length;
    let to = last.known ? last.value : length;
    if (to < 0 || (to === 0 && last.derived)) to += length;
    if (to === from) return out;
    if (from >= length || from < 0) fail(`array index out of bounds: index ${from}, length ${length}`);
    if (to > length || to < 0) fail(`array index out of bounds: index ${to - 1}, length ${length}`);
    if (from > to) fail(`starting index ${from} is greater than ending index ${to}`);
    if (step.known && step.value <= 0) fail("step must be > 0");
    const by = step.known ? step.value : 1;
    for (let i = from; i < to; i += by) out.push(value[i]);
  }
  return out;
}

const BASIC = ["bool", "int", "uint", "float", "string"];

/** The comparisons of text/template as it once was: kinds must fit. */
function compare(left: unknown, operator: string, right: unknown): boolean {
  if (!["==", "!=", "<", "<=", ">", ">="].includes(operator)) {
    throw new JsonPathError(`unrecognized filter operator ${operator}`);
  }
  const kind = kindOf(left as GoValue);
  const other = kindOf(right as GoValue);
  if (!BASIC.includes(kind) || !BASIC.includes(other)) throw new JsonPathError("invalid type for comparison");
  const order = orderOf(left as GoValue, right as GoValue, kind, other);
  if (operator === "==") return order === 0;
  if (operator === "!=") return order !== 0;
  if (kind === "bool") throw new JsonPathError("invalid type for comparison");
  if (operator[0] === "<") return operator === "<" ? order < 0 : order <= 0;
  return operator === ">" ? order > 0 : order >= 0;
}

function orderOf(left: GoValue, right: GoValue, kind: string, other: string): number {
  const isWhole = (each: string) => each === "int" || each === "uint";
  if (isWhole(kind) && isWhole(other)) return Number(integerOf(left) - integerOf(right));
  if (kind !== other) throw new JsonPathError("incompatible types for comparison");
  if (kind === "string") return compareStrings(left as string, right as string);
  return kind === "float" ? floatOf(left) - floatOf(right) : Number(left !== right);
}

function textOf(value: unknown): string {
  if (value === undefined) return "<no value>";
  if (value === null) return "null";
  const kind = kindOf(value as GoValue);
  return kind === "map" || kind === "slice" ? toJson(value) : formatted(value as GoValue, "v");
}

/** A value of the template itself as JSON has it. */
function plain(value: unknown): unknown {
  return value instanceof Float64 || value instanceof Uint8 ? value.value : value;
}

/** `metadata.name`, `.metadata.name`, `{metadata.name}` and `{.metadata.name}` mean the same. */
export function relaxedPath(text: string): string {
  if (text === "") return text;
  const match = /^\{\.?([^{}]+)\}$|^\.?([^{}]+)$/.exec(text);
  if (match === null) {
    throw new JsonPathError(
      "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'",
    );
  }
  return `{.${match[1] ?? match[2]}}`;
}
