import { hasBuiltin } from "./dialect.ts";
import type { Shell } from "./shell.ts";

/** What messages begin with: the shell's or script's name and the line, as each shell has it. */
export function messagePrefix(sh: Shell, message = ""): string {
  const { dialect, interactive } = sh.setup;
  if (dialect !== "bash") {
    // What no builtin says is named after the file that is sourced.
    const sourced = sh.calls.findLast((frame) => frame.kind === "source");
    const [word = ""] = message.split(":", 1);
    const file = sourced && !hasBuiltin(dialect, word) ? `${sourced.file}: ` : "";
    if (dialect === "dash") return `${sh.commandName}: ${sh.line()}: ${file}`;
    const bare = interactive || (sh.isCommandString && file === "");
    return `${sh.commandName}: ${file}${bare ? "" : `line ${sh.line()}: `}`;
  }
  const frame = sh.calls.at(-1);
  const inFile = !interactive && frame !== undefined && frame.kind !== "main" && frame.file !== "";
  const name = inFile ? frame.file : sh.commandName;
  return interactive && sh.sourceDepth === 0 ? `${name}: ` : `${name}: line ${sh.line()}: `;
}

/**
 * Messages of expansions and assignments, which bash prints by `report_error` (error.c): with `set -e` they end the shell
 * where it stands, also where failing is looked at. Those of builtins are no such: their name stands before them.
 */
export const ENDS =
  /^(?:[^ ]+: (?:readonly variable|bad array subscript|unbound variable|invalid indirect expansion|invalid variable name(?: for name reference)?|cannot (?:assign list to array member|assign to non-numeric index))$|\$.: cannot assign in this way$|no match: |bad substitution: no closing )|: bad substitution$|: must use subscript when assigning associative array$/;

/** Those of them before which `$?` is left as it was: the others make it 1. */
export const KEEPS =
  /(?:: readonly variable|: bad array subscript|: invalid indirect expansion|: invalid variable name|: cannot assign list to array member|: cannot assign to non-numeric index|: must use subscript when assigning associative array)$/;
