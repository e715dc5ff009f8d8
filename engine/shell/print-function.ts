import { printCommand } from "./print-command.ts";
import type { Shell, ShellFunction } from "./shell.ts";
import { parseText } from "./source.ts";

/** A function's definition, laid out as bash does. */
export function functionText(sh: Shell, name: string, fn: ShellFunction): string {
  return printCommand(fn.node, fn.source.text, name, sh.has("posix"));
}

/** BASH_SOURCE of a function. */
export function functionFile(sh: Shell, fn: ShellFunction): string {
  if (fn.source.file !== "") return fn.source.file;
  return sh.isCommandString || sh.setup.interactive ? "environment" : "main";
}

/** Is this a name bash takes for a function? */
export function isFunctionName(name: string): boolean {
  return !/[\s$`'"\\|&;()<>]/.test(name) && parseText(`${name}() { :; }`).errors === undefined;
}
