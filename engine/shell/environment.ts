import { exportedFunction } from "./print-command.ts";
import type { Shell } from "./shell.ts";

/** The environment of programs: exported variables and functions. */
export function exportedEnvironment(sh: Shell): Map<string, string> {
  const env = sh.vars.environment();
  let all = sh.foreignEnvironment.size > 0 ? new Map([...env, ...sh.foreignEnvironment]) : undefined;
  for (const [name, fn] of sh.functions) {
    if (!fn.exported) continue;
    all ??= new Map(env);
    all.set(`BASH_FUNC_${name}%%`, exportedFunction(fn.node, fn.source.text));
  }
  return all ?? env;
}
