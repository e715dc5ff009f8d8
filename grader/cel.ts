import { CelError, compileCel, toCel } from "../engine/index.ts";

/**
 * Value of a CEL expression over JSON variables, by the cluster's own evaluator; beside Kubernetes' functions checks may
 * use `extract(text, pattern)`, a pattern's first group or "", and `list.last()`. A missing field makes the result
 * undefined; other errors are thrown.
 */
export function cel(expression: string, variables: Record<string, unknown>): unknown {
  try {
    return compileCel(expression).run(toCel(variables) as Record<string, unknown>);
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    if (/no such key|no such field|out of bounds/i.test(error.message)) return undefined;
    throw new Error(`CEL "${expression}": ${error.message}`);
  }
}
