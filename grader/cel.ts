import { CelError, compileCel, toCel } from "../engine/index.ts";

/**
 * Value of a CEL expression over JSON variables, by the cluster's own evaluator; beside Kubernetes' functions checks may
 * use `extract(text, pattern)`, a pattern's first group or "", and `list.last()`. A missing field makes the result
 * undefined; other errors are thrown.
 */
export function cel(expression: string, variables: Record<string, unknown>): unknown {
  const result = evaluated(expression, variables);
  return "value" in result ? result.value : undefined;
}

/** The same, which tells what was missing. */
export function evaluated(
  expression: string,
  variables: Record<string, unknown>,
): { value: unknown } | { missing: string } {
  try {
    return { value: compileCel(expression).run(toCel(variables) as Record<string, unknown>) };
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    if (/no such key|no such field|out of bounds/i.test(error.message)) return { missing: error.message };
    throw new Error(`CEL "${expression}": ${error.message}`);
  }
}
