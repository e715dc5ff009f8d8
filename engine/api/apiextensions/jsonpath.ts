/**
 * JSONPath of printer columns and selectable fields (client-go util/jsonpath): fields, `['quoted']` fields, positions,
 * slices, unions, `..`, and `[?(@.field=="value")]` filters. Compiled once for a column. Where upstream's run fails, as at
 * a position that is not there, nothing is found.
 */
export type Path = (value: unknown) => unknown[];

type Step =
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "slice"; readonly from: number; readonly to: number | undefined; readonly by: number }
  | { readonly kind: "all" }
  | { readonly kind: "descent" }
  | { readonly kind: "union"; readonly parts: readonly Step[] }
  | { readonly kind: "filter"; readonly field: Path; readonly operator: string; readonly value: unknown };

/** Thrown where upstream's run ends with an error. */
class Failed extends Error {}

/** Compiles `.spec.replicas`. Throws Error with client-go's words for what it cannot read. */
export function compilePath(text: string): Path {
  const steps = parse(text);
  return (value) => {
    let found: unknown[] = [value];
    try {
      for (const step of steps) found = found.flatMap((one) => take(one, step));
    } catch (error) {
      if (error instanceof Failed) return [];
      throw error;
    }
    return found;
  };
}

const partsOf = (value: unknown): unknown[] => {
  if (Array.isArray(value)) return value;
  if (typeof value !== "object" || value === null) return [];
  const map = value as Record<string, unknown>;
  return Object.keys(map)
    .sort()
    .map((key) => map[key]);
};

/** A value that has parts, and all below it that have. */
function descend(value: unknown): unknown[] {
  const parts = partsOf(value);
  return parts.length === 0 ? [] : [value, ...parts.flatMap(descend)];
}

function take(value: unknown, step: Step): unknown[] {
  switch (step.kind) {
    case "field":
      if (typeof value !== "object" || value === null || Array.isArray(value) || !Object.hasOwn(value, step.name))
        return [];
      return [(value as Record<string, unknown>)[step.name]];
    case "all":
      return partsOf(value);
    case "descent":
      return descend(value);
    case "union":
      return step.parts.flatMap((part) => take(value, part));
    case "slice":
      return slice(value, step);
    default:
      if (!Array.isArray(value)) throw new Failed();
      return value.filter((item) => fits(item, step));
  }
}

function slice(value: unknown, { from, to, by }: Step & { kind: "slice" }): unknown[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw new Failed();
  const { length } = value;
  const begin = from < 0 ? from + length : from;
  const end = to === undefined ? length : to < 0 || (to === 0 && from < 0) ? to + length : to;
  if (begin === end) return [];
  if (begin < 0 || begin >= length || end < 0 || end > length || begin > end || by <= 0) throw new Failed();
  return value.slice(begin, end).filter((_, i) => i % by === 0);
}

function fits(item: unknown, step: Step & { kind: "filter" }): boolean {
  const [got, ...more] = step.field(item);
  if (step.operator === "") return got !== undefined;
  if (got === undefined) return false;
  if (more.length > 0 || typeof got !== typeof step.value || typeof got === "object") throw new Failed();
  const [left, right] = [got, step.value] as [number, number];
  switch (step.operator) {
    case "==":
      return left === right;
    case "!=":
      return left !== right;
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    default:
      return step.operator === ">" ? left > right : left >= right;
  }
}

function parse(text: string): Step[] {
  const steps: Step[] = [];
  let i = 0;
  if (text[i] === "$") i++;
  while (i < text.length) {
    const char = text[i]!;
    if (char === ".") {
      i++;
      if (text[i] === ".") {
        steps.push({ kind: "descent" });
        continue;
      }
      if (text[i] === "*") {
        steps.push({ kind: "all" });
        i++;
        continue;
      }
      let name = "";
      while (i < text.length && text[i] !== "." && text[i] !== "[") {
        if (text[i] === "\\") i++;
        name += text[i++] ?? "";
      }
      if (name !== "") steps.push({ kind: "field", name });
    } else if (char === "[") {
      const end = closing(text, i);
      if (end < 0) throw new Error("unterminated array");
      steps.push(bracket(text.slice(i + 1, end)));
      i = end + 1;
    } else throw new Error(`unrecognized character in action: ${JSON.stringify(char)}`);
  }
  return steps;
}

function closing(text: string, open: number): number {
  let depth = 0;
  let quote = "";
  for (let i = open; i < text.length; i++) {
    const char = text[i]!;
    if (quote !== "") {
      if (char === "\\") i++;
      else if (char === quote) quote = "";
    } else if (char === '"' || char === "'") quote = char;
    else if (char === "[") depth++;
    else if (char === "]" && --depth === 0) return i;
  }
  return -1;
}

function bracket(inside: string): Step {
  const body = inside.trim();
  if (body === "*") return { kind: "all" };
  const bounds = /^(-?\d*)(:-?\d*)?(:-?\d*)?$/.exec(body);
  if (bounds && body !== "") return sliceOf(bounds);
  const parts = /^(?:'[^']*'|-?\d+)(?:\s*,\s*(?:'[^']*'|-?\d+))+$/.test(body) ? body.split(",") : [];
  if (parts.length > 0) return { kind: "union", parts: parts.map(bracket) };
  const quoted = /^'((?:\\.|[^'])*)'$/.exec(body) ?? /^"((?:\\.|[^"])*)"$/.exec(body);
  if (quoted) return { kind: "field", name: quoted[1]!.replace(/\\(.)/g, "$1") };
  const filter = /^\?\(\s*@((?:\.[\w\-/\\.]+|\['[^']*'\])*)\s*(?:(==|!=|<=|>=|<|>)\s*(.+?)\s*)?\)$/.exec(body);
  if (filter) {
    return {
      kind: "filter",
      field: compilePath(filter[1] ?? ""),
      operator: filter[2] ?? "",
      value: literal(filter[3] ?? ""),
    };
  }
  throw new Error(`invalid array index ${body}`);
}

/** `[2]`, `[1:3]`, `[-1:]`, `[::2]`. */
function sliceOf([, first = "", second, third]: RegExpExecArray): Step {
  const from = Number(first);
  const to = second === undefined ? from + 1 : second === ":" ? undefined : Number(second.slice(1));
  return { kind: "slice", from, to, by: third === undefined || third === ":" ? 1 : Number(third.slice(1)) };
}

function literal(text: string): unknown {
  const quoted = /^(["'])(.*)\1$/.exec(text);
  if (quoted) return quoted[2];
  if (text === "true" || text === "false") return text === "true";
  return Number.isNaN(Number(text)) ? text : Number(text);
}
