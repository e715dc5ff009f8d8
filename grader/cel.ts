import { parse } from "@marcbachmann/cel-js";

const parsed = new Map<string, ReturnType<typeof parse>>();

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
  if (run === undefined) parsed.set(expression, (run = parse(expression)));
  try {
    return run(toCel(variables) as Record<string, unknown>);
  } catch (error) {
    if (/no such key|not found|no such field|unknown variable|out of bounds/i.test((error as Error).message))
      return undefined;
    throw new Error(`CEL "${expression}": ${(error as Error).message}`);
  }
}
