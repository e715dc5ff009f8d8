import { compareStrings, sortedKeys, sprint, toJson } from "../go.ts";
import { JsonPathError, type Node, parseJsonPath } from "./jsonpath-parser.ts";

export { JsonPathError } from "./jsonpath-parser.ts";

interface RangeState {
  begin: number;
  inside: number;
  end: number;
  lastEnd: Node | undefined;
}

/** A JSONPath template as kubectl has it (client-go util/jsonpath): texts, fields, filters, slices, ranges. */
export class JsonPath {
  private readonly nodes: Node[];
  private readonly allowMissing: boolean;

  /** Throws JsonPathError when the template cannot be parsed. */
  constructor(template: string, allowMissing: boolean) {
    this.nodes = parseJsonPath(template);
    this.allowMissing = allowMissing;
  }

  /** The values each part of the template finds, in order. Throws JsonPathError. */
  find(value: unknown): unknown[][] {
    return this.run(this.nodes, value, { begin: 0, inside: 0, end: 0, lastEnd: undefined });
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
      .map((results) => `${toJson(results, "    ")}\n`)
      .join("");
  }

  private run(nodes: Node[], value: unknown, state: RangeState): unknown[][] {
    const out: unknown[][] = [];
    for (let i = 0; i < nodes.length; i++) {
      const results = this.walk([value], nodes[i]!, state);
      if (state.end > 0 && state.end <= state.inside) {
        state.end--;
        state.lastEnd = nodes[i];
        break;
      }
      if (state.begin > 0) {
        state.begin--;
        state.inside++;
        const rest = nodes.slice(i + 1);
        if (results.length > 0) for (const item of results) out.push(...this.run(rest, item, state));
        else this.run(rest, undefined, state);
        state.inside--;
        const end = nodes.findIndex((node, k) => k > i && node === state.lastEnd);
        if (end > 0) i = end;
        continue;
      }
      out.push(results);
    }
    return out;
  }

  private walk(input: unknown[], node: Node, state: RangeState): unknown[] {
    switch (node.type) {
      case "list":
        return this.walkAll(input, node.nodes, state);
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
        return this.filter(input, node, state);
      case "wildcard":
        return input.flatMap(children);
      case "recursive":
        return recursive(input);
      case "union":
        return node.lists.flatMap((list) => this.walkAll(input, list, state));
      case "identifier":
        if (node.name === "range") {
          state.begin++;
          return input;
        }
        if (node.name !== "end") throw new JsonPathError(`unrecognized identifier ${node.name}`);
        if (state.inside === 0) throw new JsonPathError("not in range, nothing to end");
        state.end++;
        return [];
    }
  }

  private walkAll(input: unknown[], nodes: readonly Node[], state: RangeState): unknown[] {
    let current = input;
    for (const node of nodes) current = this.walk(current, node, state);
    return current;
  }

  private field(input: unknown[], name: string): unknown[] {
    const out: unknown[] = [];
    if (input.length === 0) return out;
    for (const value of input) {
      if (!isMap(value)) continue;
      const found = Object.hasOwn(value, name) ? value[name] : undefined;
      if (found !== undefined) out.push(found);
    }
    if (out.length === 0 && !this.allowMissing) throw new JsonPathError(`${name} is not found`);
    return out;
  }

  private filter(input: unknown[], node: Node & { type: "filter" }, state: RangeState): unknown[] {
    const out: unknown[] = [];
    for (const value of input) {
      if (!Array.isArray(value))
        throw new JsonPathError(`${sprint(value)} is not array or slice and cannot be filtered`);
      for (const item of value) if (this.passes(item, node, state)) out.push(item);
    }
    return out;
  }

  private passes(item: unknown, node: Node & { type: "filter" }, state: RangeState): boolean {
    if (node.operator === "exists") {
      try {
        return this.walkAll([item], node.left, state).length > 0;
      } catch (error) {
        if (error instanceof JsonPathError) return false;
        throw error;
      }
    }
    const lefts = this.walkAll([item], node.left, state);
    if (lefts.length === 0) return false;
    if (lefts.length > 1) throw new JsonPathError("can only compare one element at a time");
    const rights = this.walkAll([item], node.right, state);
    if (rights.length === 0) return false;
    if (rights.length > 1) throw new JsonPathError("can only compare one element at a time");
    return compare(lefts[0], node.operator, rights[0]);
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function children(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  if (isMap(value)) return sortedKeys(value).map((key) => value[key]);
  return [];
}

function recursive(input: unknown[]): unknown[] {
  const out: unknown[] = [];
  for (const value of input) {
    const inside = children(value);
    if (inside.length > 0) out.push(value, ...recursive(inside));
  }
  return out;
}

function slices(input: unknown[], bounds: (Node & { type: "array" })["bounds"]): unknown[] {
  const out: unknown[] = [];
  for (const value of input) {
    if (value === null || value === undefined) continue;
    if (!Array.isArray(value)) throw new JsonPathError(`${typeName(value)} is not array or slice`);
    const [first, last, step] = bounds;
    const length = value.length;
    let from = first.known ? first.value : 0;
    if (from < 0) from += length;
    let to = last.known ? last.value : length;
    if (to < 0 || (to === 0 && last.derived)) to += length;
    if (to === from) return out;
    if (from >= length || from < 0) {
      throw new JsonPathError(`array index out of bounds: index ${from}, length ${length}`);
    }
    if (to > length || to < 0) throw new JsonPathError(`array index out of bounds: index ${to - 1}, length ${length}`);
    if (from > to) throw new JsonPathError(`starting index ${from} is greater than ending index ${to}`);
    if (step.known && step.value <= 0) throw new JsonPathError("step must be > 0");
    const by = step.known ? step.value : 1;
    for (let i = from; i < to; i += by) out.push(value[i]);
  }
  return out;
}

function typeName(value: unknown): string {
  if (typeof value === "string") return "string";
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  return typeof value === "boolean" ? "bool" : "map[string]interface {}";
}

/** text/template's comparisons: kinds must fit. */
function compare(left: unknown, operator: string, right: unknown): boolean {
  const basic = (value: unknown) => ["string", "number", "boolean"].includes(typeof value);
  if (!basic(left) || !basic(right)) throw new JsonPathError("invalid type for comparison");
  if (typeof left !== typeof right) throw new JsonPathError("incompatible types for comparison");
  if (typeof left === "number" && Number.isInteger(left) !== Number.isInteger(right)) {
    throw new JsonPathError("incompatible types for comparison");
  }
  switch (operator) {
    case "==":
      return left === right;
    case "!=":
      return left !== right;
  }
  if (typeof left === "boolean") throw new JsonPathError("invalid type for comparison");
  const order = typeof left === "string" ? compareStrings(left, right as string) : (left as number) - (right as number);
  switch (operator) {
    case "<":
      return order < 0;
    case ">":
      return order > 0;
    case "<=":
      return order <= 0;
    case ">=":
      return order >= 0;
  }
  throw new JsonPathError(`unrecognized filter operator ${operator}`);
}

function textOf(value: unknown): string {
  if (typeof value === "object" && value !== null) return toJson(value);
  return value === null ? "" : sprint(value);
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
