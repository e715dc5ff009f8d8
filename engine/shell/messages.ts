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
