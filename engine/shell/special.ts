import type { Shell } from "./shell.ts";

/** `$?`, `$#`, `$1` …; null when the name is no special parameter, undefined when it is unset. */
export function specialParameter(sh: Shell, name: string): string | undefined | null {
  const code = name.charCodeAt(0);
  if (code >= 48 && code <= 57) {
    const n = Number(name);
    return n === 0 ? sh.arg0 : sh.positional[n - 1];
  }
  switch (name) {
    case "?":
      return String(sh.status);
    case "#":
      return String(sh.positional.length);
    case "$":
      return String(sh.shellPid);
    case "!":
      return sh.lastBackground === undefined ? undefined : String(sh.lastBackground);
    case "-":
      return flagLetters(sh);
    case "_":
      return sh.posix ? undefined : sh.lastArgument;
    default:
      return null;
  }
}

/** `$-`. */
export function flagLetters(sh: Shell): string {
  let out = "";
  const letters: [string, string][] = [
    ["allexport", "a"],
    ["notify", "b"],
    ["errexit", "e"],
    ["noglob", "f"],
    ["hashall", "h"],
    ["keyword", "k"],
    ["monitor", "m"],
    ["noexec", "n"],
    ["privileged", "p"],
    ["restricted", "r"],
    ["onecmd", "t"],
    ["nounset", "u"],
    ["verbose", "v"],
    ["xtrace", "x"],
    ["braceexpand", "B"],
    ["noclobber", "C"],
    ["errtrace", "E"],
    ["histexpand", "H"],
    ["physical", "P"],
    ["functrace", "T"],
  ];
  if (sh.setup.dialect === "busybox" && sh.isCommandString) out += "c";
  for (const [option, letter] of letters) {
    if (sh.posix && (letter === "h" || letter === "B")) continue;
    if (letter === "m" && sh.setup.interactive) out += "i";
    if (letter === "r" ? sh.restricted : sh.has(option)) out += letter;
  }
  if (sh.setup.interactive && !out.includes("i")) out += "i";
  if (sh.isCommandString) out += sh.posix ? "" : "c";
  else if (!sh.setup.interactive && sh.calls[0]?.file === "") out += "s";
  return out;
}
