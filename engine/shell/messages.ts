import type { Shell } from "./shell.ts";

/** What messages begin with: the shell's or script's name and the line, as each shell has it. */
export function messagePrefix(sh: Shell): string {
  const { dialect, interactive } = sh.setup;
  if (dialect === "busybox")
    return `${sh.commandName}: ${interactive || sh.isCommandString ? "" : `line ${sh.line()}: `}`;
  if (dialect === "dash") return `${sh.commandName}: ${sh.line()}: `;
  const frame = sh.calls.at(-1);
  const inFile = !interactive && frame !== undefined && frame.kind !== "main" && frame.file !== "";
  const name = inFile ? frame.file : sh.commandName;
  return interactive && sh.sourceDepth === 0 ? `${name}: ` : `${name}: line ${sh.line()}: `;
}
