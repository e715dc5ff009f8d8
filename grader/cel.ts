import { Environment } from "@marcbachmann/cel-js";

/** CEL with what the labs' checks need beside the standard: `extract(text, pattern)` gives a pattern's first group, or "". */
const environment = new Environment({ unlistedVariablesAreDyn: true })
  .registerFunction("extract(string, string): string", (text: string, pattern: string) => {
    // The pattern is the lab author's, never a learner's.
    return new RegExp(pattern).exec(text)?.[1] ?? "";
  })
  .registerFunction("list.join(string): string", (list: unknown[], between: string) => list.map(String).join(between))
  .registerFunction("list.last(): dyn", (list: unknown[]) => list.at(-1) ?? "");

type Program = (variables: Record<string, unknown>) => unknown;

const parsed = new Map<string, Program>();

/** JSON as CEL sees it: whole numbers are int (BigInt), others double. */
export function toCel(value: unknown): unknown {
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(toCel);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, toCel(each)]));
  }
  return value;
}

/** Value of a CEL expression over JSON variables. A missing field makes the result undefined; other errors are thrown. */
export function cel(expression: string, variables: Record<string, unknown>): unknown {
  let run = parsed.get(expression);
  if (run === undefined) parsed.set(expression, (run = environment.parse(expression) as Program));
  try {
    return run(toCel(variables) as Record<string, unknown>);
  } catch (error) {
    if (/no such key|no such field|out of bounds/i.test((error as Error).message)) return undefined;
    throw new Error(`CEL "${expression}": ${(error as Error).message}`);
  }
}
