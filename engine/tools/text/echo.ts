import type { Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { echoEscapes } from "../../text/printf.ts";

/** echo(1) of coreutils: -n -e -E, anything else is text. */
export const echo: Program = function* (p) {
  const args = p.argv.slice(1);
  if (args.length === 1 && (args[0] === "--help" || args[0] === "--version") && !p.env.has("POSIXLY_CORRECT")) {
    const name = p.argv[0] ?? "echo";
    yield* sys.print(
      p,
      args[0] === "--version"
        ? "echo (GNU coreutils) 9.7\n"
        : `Usage: ${name} [SHORT-OPTION]... [STRING]...\n  or:  ${name} LONG-OPTION\nEcho the STRING(s) to standard output.\n`,
    );
    return 0;
  }
  let newline = true;
  let escapes = false;
  while (args.length > 0 && /^-[neE]+$/.test(args[0]!)) {
    for (const letter of args.shift()!.slice(1)) {
      if (letter === "n") newline = false;
      else escapes = letter === "e";
    }
  }
  const text = args.join(" ");
  if (!escapes) {
    yield* sys.print(p, newline ? `${text}\n` : text);
    return 0;
  }
  const { text: expanded, stop } = echoEscapes(text);
  yield* sys.print(p, newline && !stop ? `${expanded}\n` : expanded);
  return 0;
};
