import { CelError, compileCel, compileMessage, environment, fromLibrary, renamed } from "./cel.ts";

/** What an expression may name, and what it must come to. */
export interface CelContext {
  readonly variables: readonly string[];
  readonly wanted?: "bool" | "string";
}

const environments = new Map<string, ReturnType<typeof environment>>();

function declared(variables: readonly string[]): ReturnType<typeof environment> {
  const key = variables.join(",");
  let made = environments.get(key);
  if (made === undefined) {
    made = environment(variables);
    environments.set(key, made);
  }
  return made;
}

/** What cel-go says of an expression that does not compile; undefined when it does. */
function compileError(expression: string, variables: readonly string[]): { error?: CelError; type?: string } {
  try {
    compileCel(expression);
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return { error };
  }
  const { valid, type = "dyn", error } = declared(variables).check(renamed(expression));
  if (valid) return { type };
  const found = fromLibrary(error, expression);
  // A function of Kubernetes' libraries that is not ours: nothing is said of the rest.
  return found.code === "foreign" ? {} : { error: found };
}

/**
 * What is wrong with an expression before anything runs, in cel-go's words: it does not parse, names what is not
 * declared, calls what does not fit, or comes to another type; undefined when nothing is.
 */
export function celMistake(expression: string, { variables, wanted }: CelContext): string | undefined {
  const { error, type } = compileError(expression, variables);
  if (error !== undefined) return `compilation failed: ${compileMessage(error, expression)}`;
  if (wanted === undefined || type === undefined || type === wanted) return undefined;
  return `must evaluate to ${wanted} but got ${goType(type)}`;
}

/** The same for a rule of a schema, whose variables have types that are not looked at. */
export function ruleMistake(rule: string): string | undefined {
  const { error, type } = compileError(rule, ["self", "oldSelf"]);
  if (error !== undefined) return `compilation failed: ${compileMessage(error, rule)}`;
  return type === undefined || type === "bool" || type === "dyn" ? undefined : "cel expression must evaluate to a bool";
}

/** `list<int>` is `list(int)` there. */
function goType(type: string): string {
  if (type === "list") return "list(dyn)";
  return type === "null" ? "null_type" : type.replaceAll("<", "(").replaceAll(">", ")");
}
