/**
 * The simple JSONPath of printer columns and subresources: fields, `['quoted']` fields, positions and
 * `[?(@.field=="value")]` filters. Compiled once for a column.
 */
export type Path = (value: unknown) => unknown[];

type Step =
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "index"; readonly at: number }
  | { readonly kind: "all" }
  | { readonly kind: "filter"; readonly field: Path; readonly operator: string; readonly value: unknown };

/** Compiles `.spec.replicas`. Throws Error with client-go's words for what it cannot read. */
export function compilePath(text: string): Path {
  const steps = parse(text);
  return (value) => {
    let found: unknown[] = [value];
    for (const step of steps) {
      found = found.flatMap((one) => take(one, step));
      if (found.length === 0) break;
    }
    return found;
  };
}

function take(value: unknown, step: Step): unknown[] {
  if (typeof value !== "object" || value === null) return [];
  if (step.kind === "field") {
    if (Array.isArray(value) || !Object.hasOwn(value, step.name)) return [];
    return [(value as Record<string, unknown>)[step.name]];
  }
  const items: unknown[] = Array.isArray(value) ? value : Object.values(value);
  if (step.kind === "all") return items;
  if (step.kind === "index") {
    const at = step.at < 0 ? items.length + step.at : step.at;
    return at < items.length && at >= 0 ? [items[at]] : [];
  }
  return items.filter((item) => {
    const [got] = step.field(item);
    if (step.operator === "") return got !== undefined;
    if (step.operator === "==") return got === step.value;
    if (step.operator === "!=") return got !== undefined && got !== step.value;
    if (typeof got !== "number" || typeof step.value !== "number") return false;
    if (step.operator === "<") return got < step.value;
    if (step.operator === "<=") return got <= step.value;
    return step.operator === ">" ? got > step.value : got >= step.value;
  });
}

function parse(text: string): Step[] {
  const steps: Step[] = [];
  let i = 0;
  if (text[i] === "$") i++;
  while (i < text.length) {
    const char = text[i]!;
    if (char === ".") {
      i++;
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
  if (/^-?\d+$/.test(body)) return { kind: "index", at: Number(body) };
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

function literal(text: string): unknown {
  const quoted = /^(["'])(.*)\1$/.exec(text);
  if (quoted) return quoted[2];
  if (text === "true" || text === "false") return text === "true";
  return Number.isNaN(Number(text)) ? text : Number(text);
}
