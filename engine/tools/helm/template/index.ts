import type { RandomStream } from "../../../kernel/random.ts";
import { type TemplateFunction, Templates, type Value } from "./exec.ts";
import { BASIC } from "./functions/basic.ts";
import { COLLECTIONS, drawing } from "./functions/collections.ts";
import { STRINGS } from "./functions/strings.ts";

export { ExecutionError, FunctionError, Refusal, TemplateError, Templates, type Value } from "./exec.ts";
export { compareSemver, satisfies } from "./functions/strings.ts";

export interface Surroundings {
  random: RandomStream;
  /** Wall clock, ms since 1970. */
  ms: number;
  /** What the cluster has: apiVersion, kind, namespace and name; undefined when it is not there. */
  lookup?: (args: Value[]) => Value;
}

/** Templates with all functions that charts may call: text/template's, sprig's and helm's own. */
export function chartTemplates({ random, ms, lookup }: Surroundings): Templates {
  const functions = new Map<string, TemplateFunction>(
    Object.entries({ ...BASIC, ...STRINGS, ...COLLECTIONS, ...drawing(random, ms) }),
  );
  for (const [name, run] of [...functions]) {
    const must = `must${name[0]!.toUpperCase()}${name.slice(1)}`;
    if (!functions.has(must)) functions.set(must, run);
  }
  functions.set("lookup", (args) => lookup?.(args) ?? {});
  return new Templates(functions);
}
