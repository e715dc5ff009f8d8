import { evaluate } from "./arith.ts";
import { badSubscript, ShellError } from "./control.ts";
import { compile, once, piecesText } from "./expand.ts";
import type { Shell } from "./shell.ts";
import type { Variable } from "./variables.ts";

/**
 * Numeric value of a subscript, which is expanded first; negative ones count from the end (array_expand_index
 * of bash's arrayfunc.c).
 */
export function indexOf(
  shell: Shell,
  variable: Variable | undefined,
  text: string,
  name: string,
  reading: boolean,
): number {
  if (!reading && (text === "@" || text === "*" || text === "")) {
    const error = new ShellError(`${name}[${text}]: bad array subscript`);
    error.unnamed = true;
    throw error;
  }
  // Single quotes are none here, as between double quotes.
  const source = /[$`"\\]/.test(text) ? piecesText(shell, compile(text, "arith").pieces) : text;
  let value: number;
  try {
    value = Number(evaluate(source, shell.arith, 0));
  } catch (error) {
    if (error instanceof ShellError) error.cleanup = error.unnamed = true;
    throw error;
  }
  if (value >= 0) return value;
  const size = variable?.list ? variable.list.length : variable?.isSet && !reading ? 1 : 0;
  if (value + size < 0 && reading) {
    once(shell, () => shell.warnings.push(`${name}: bad array subscript`));
  } else if (value + size < 0) throw badSubscript(name, text);
  return value + size;
}
