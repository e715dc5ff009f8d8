/** Looks for names that nobody defined, before a program runs. */
import { brief } from "./dump.ts";
import { kind, Literal } from "./json.ts";
import { type Ast, CompileError, compileMistake, compileReport, type Pattern } from "./syntax.ts";

/** The variables that a pattern binds. */
export function patternNames(pattern: Pattern): string[] {
  if (pattern.t === "var") return [pattern.name];
  if (pattern.t === "array") return pattern.items.flatMap(patternNames);
  return pattern.entries.flatMap((entry) => [
    ...(entry.bind ? [entry.bind] : []),
    ...(entry.value ? patternNames(entry.value) : []),
  ]);
}

/** Looks a program over for names nobody defined. Throws `CompileError`. */
export function checkNames(
  ast: Ast,
  source: string,
  variables: readonly string[],
  known: (name: string) => boolean,
): void {
  const mistakes: string[] = [];
  const walk = (node: unknown, names: ReadonlySet<string>, vars: ReadonlySet<string>): void => {
    if (Array.isArray(node)) {
      for (const item of node) walk(item, names, vars);
      return;
    }
    if (node === null || typeof node !== "object" || node instanceof Map || node instanceof Literal) return;
    const ast = node as Ast;
    switch (ast.t) {
      case "def": {
        const own = `${ast.name}/${ast.params.length}`;
        const inner = new Set([...names, own, ...ast.params.map((param) => `${param}/0`)]);
        walk(ast.body, inner, vars);
        walk(ast.rest, new Set([...names, own]), vars);
        return;
      }
      case "call": {
        const name = `${ast.name}/${ast.args.length}`;
        if (!names.has(name) && !known(name)) mistakes.push(compileMistake(source, `${name} is not defined`, ast.at));
        walk(ast.args, names, vars);
        return;
      }
      case "var":
        if (!vars.has(ast.name)) mistakes.push(compileMistake(source, `$${ast.name} is not defined`, ast.at));
        return;
      case "break":
        if (!vars.has(`*label-${ast.name}`))
          mistakes.push(compileMistake(source, `$*label-${ast.name} is not defined`, ast.at));
        return;
      case "label":
        walk(ast.body, names, new Set([...vars, `*label-${ast.name}`]));
        return;
      case "as": {
        walk(ast.source, names, vars);
        const bound = new Set([...vars, ...ast.patterns.flatMap(patternNames)]);
        walk(ast.patterns, names, bound);
        walk(ast.body, names, bound);
        return;
      }
      case "reduce":
      case "foreach": {
        walk(ast.source, names, vars);
        walk(ast.init, names, vars);
        const bound = new Set([...vars, ...patternNames(ast.pattern)]);
        walk(ast.update, names, bound);
        if (ast.t === "foreach") walk(ast.extract, names, bound);
        return;
      }
      case "object":
        for (const entry of ast.entries) {
          if (entry.key.t === "value" && typeof entry.key.value !== "string")
            throw new CompileError(
              compileReport(
                source,
                `Cannot use ${kind(entry.key.value)} (${brief(entry.key.value)}) as object key`,
                source.indexOf("{") + 1,
              ),
            );
        }
        walk(
          ast.entries.map((entry) => [entry.key, entry.value]),
          names,
          vars,
        );
        return;
      default:
        // Binding sites of patterns are no uses.
        if ((ast as { t: string }).t === "var") return;
        for (const value of Object.values(ast)) walk(value, names, vars);
    }
  };
  walk(ast, new Set(), new Set([...variables, "ENV", "__prog_args"]));
  if (mistakes.length === 0) return;
  const count = `jq: ${mistakes.length} compile error${mistakes.length > 1 ? "s" : ""}\n`;
  throw new CompileError(mistakes.join("") + count);
}
