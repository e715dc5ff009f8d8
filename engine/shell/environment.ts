import type { Shell } from "./shell.ts";

/** The environment of programs: exported variables and functions. */
export function exportedEnvironment(sh: Shell): Map<string, string> {
  const env = sh.vars.environment();
  let all: Map<string, string> | undefined;
  for (const [name, fn] of sh.functions) {
    if (!fn.exported) continue;
    all ??= new Map(env);
    const { body } = fn.node;
    all.set(`BASH_FUNC_${name}%%`, `() ${fn.source.text.slice(body.pos, body.end)}`);
  }
  return all ?? env;
}
