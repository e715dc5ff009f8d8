import type { Statement } from "unbash";
import type { Gen } from "../kernel/index.ts";
import { ExitShell } from "./control.ts";
import { diagnose, type SyntaxProblem } from "./diagnose.ts";
import { ATEND, NEAR, WHOLE } from "./grammar-cond.ts";
import type { Shell } from "./shell.ts";
import type { Source } from "./source.ts";

interface Runnable {
  statements: readonly Statement[];
  error: SyntaxProblem | undefined;
}

const known = new WeakMap<object, Runnable>();

/** What of a text may run: everything, or the lines before the one with a syntax error. */
export function runnable(source: Source): Runnable {
  let result = known.get(source.script);
  if (result === undefined) {
    const { commands, errors } = source.script;
    // The parser takes any number of expressions for the head of a C-style loop.
    const suspect = (errors && errors.length > 0) || /\bfor[ \t]*\(\(/.test(source.text);
    const error = suspect ? diagnose(source.text, errors ?? []) : undefined;
    if (error === undefined) result = { statements: commands, error };
    // Bash reads line by line: what stands before the line of the wrong command has run.
    else result = { statements: commands.filter((statement) => statement.pos < error.start), error };
    known.set(source.script, result);
  }
  return result;
}

/** Prints a syntax error in the shell's words and ends a shell that is not interactive. */
export function* syntaxError(sh: Shell, source: Source, error: SyntaxProblem, name?: string): Gen<void> {
  const line = error.line + source.firstLine - 1;
  const { dialect } = sh.setup;
  let text: string;
  if (dialect === "bash") {
    const where =
      name ??
      (sh.isCommandString && sh.calls.length <= 1
        ? `${sh.commandName}: -c`
        : sh
            .prefix()
            .replace(/: line \d+: $/, "")
            .replace(/: $/, ""));
    const at = sh.setup.interactive && sh.sourceDepth === 0 ? `${where}: ` : `${where}: line ${line}: `;
    const { message } = error;
    const [said, construct] = message.split(WHOLE);
    const [whole, near] = said!.split(NEAR);
    const what = whole!.replace(ATEND, "");
    text = `${at}${what}\n`;
    if (what !== whole)
      text = `${where}: line ${Math.max(1, line - 1)}: ${what}\n${at}syntax error: unexpected end of file\n`;
    if (near !== undefined) text += `${at}syntax error near \`${near}'\n`;
    if (construct !== undefined) text += `${at}syntax error: \`${construct}'\n`;
    else if (error.quote) text += `${at}\`${source.text.split("\n")[error.line - 1] ?? ""}'\n`;
  } else if (dialect === "dash") text = `${sh.commandName}: ${error.dashLine + source.firstLine - 1}: ${error.dash}\n`;
  else
    text = `${sh.commandName}: ${sh.isCommandString || sh.setup.interactive ? "" : `line ${line}: `}${error.busybox}\n`;
  yield* sh.writeTo(2, text);
  sh.status = 2;
  if (!sh.setup.interactive && name === undefined && sh.sourceDepth === 0 && sh.runningTrap === 0)
    throw new ExitShell(2);
}
