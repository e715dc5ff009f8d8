import type { Statement } from "unbash";
import type { Gen } from "../kernel/index.ts";
import { rulesOf } from "./aliases.ts";
import { ExitShell } from "./control.ts";
import { examine, type SyntaxProblem } from "./diagnose.ts";
import { ATEND, NEAR, WHOLE } from "./grammar-cond.ts";
import type { Dialect, Shell } from "./shell.ts";
import type { Source } from "./source.ts";
import { endAt } from "./traps.ts";

/** What of a text may run. */
export interface Runnable {
  statements: readonly Statement[];
  error: SyntaxProblem | undefined;
}

const DIALECTS: readonly Dialect[] = ["bash", "dash", "busybox"];

/** By tree and by what reading depends on. */
const known = new WeakMap<object, Runnable[]>();

/** What of a text may run when it is read at once: everything, or the lines before the one with a syntax error. */
export function runnable(sh: Shell, source: Source): Runnable {
  const mode = (sh.shopts.has("extglob") ? 1 : 0) + 2 * DIALECTS.indexOf(sh.setup.dialect);
  let results = known.get(source.script);
  if (results === undefined) known.set(source.script, (results = []));
  let result = results[mode];
  if (result === undefined) {
    const { commands } = source.script;
    const error = examine(source.text, { ...rulesOf(sh), aliases: undefined }).problem;
    // Bash reads line by line: what stands before the line of the wrong command has run.
    const statements = error === undefined ? commands : commands.filter((statement) => statement.pos < error.start);
    results[mode] = result = { statements, error };
  }
  return result;
}

/** What syntax errors of a text that is run within another are told by: `bash: eval`. */
export function nameWithin(sh: Shell, what: string): string {
  const where = sh
    .prefix()
    .replace(/: line \d+: $/, "")
    .replace(/: $/, "");
  return `${where}: ${what}`;
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
    // What somebody types has no line, and they see what it is.
    const typed = sh.setup.interactive && sh.sourceDepth === 0 && (name === undefined || name.endsWith(": eval"));
    const file = sh.setup.interactive && name === undefined ? `${source.file}: ` : "";
    const at = typed ? `${sh.commandName}: ` : `${where}: ${file}line ${line}: `;
    const { message } = error;
    if (error.heredoc && !typed) {
      const { line: begun, wanted } = error.heredoc;
      const place = `${where.replace(/: -c$/, "")}: line ${line - 1}: `;
      const at = begun + source.firstLine - 1;
      const what = `here-document at line ${at} delimited by end-of-file (wanted \`${wanted}')`;
      yield* sh.writeTo(2, `${place}warning: ${what}\n`);
    }
    const [said, construct] = message.split(WHOLE);
    const [whole, near] = said!.split(NEAR);
    const what = whole!.replace(ATEND, "");
    text = `${at}${what}\n`;
    if (what !== whole)
      text = `${where}: line ${Math.max(1, line - 1)}: ${what}\n${at}syntax error: unexpected end of file\n`;
    if (near !== undefined) text += `${at}syntax error near \`${near}'\n`;
    if (construct !== undefined) text += `${at}syntax error: \`${construct}'\n`;
    else if (error.quote && !typed) text += `${at}\`${source.text.split("\n")[error.line - 1] ?? ""}'\n`;
  } else if (dialect === "dash") {
    const by = name?.endsWith(": eval") ? "eval: " : "";
    text = `${sh.commandName}: ${error.dashLine + source.firstLine - 1}: ${by}${error.dash}\n`;
  } else {
    const bare = sh.isCommandString || sh.setup.interactive;
    const evaluated = name?.endsWith(": eval") ? `eval: line ${bare ? 0 : line}: ` : undefined;
    const at = evaluated ?? (bare ? "" : `line ${line}: `);
    text = `${sh.commandName}: ${at}${error.busybox}\n`;
  }
  // With `set -e` bash ends as soon as it has told the first line of what is wrong.
  const atOnce = sh.endsOnErrors && !sh.setup.interactive;
  yield* sh.writeTo(2, atOnce ? text.slice(0, text.indexOf("\n") + 1) : text);
  if (atOnce) yield* endAt(sh, 2);
  sh.status = error.within === "array" ? 1 : 2;
  if (error.within === "array" && sh.strict && dialect === "bash")
    throw new ExitShell(sh.isCommandString && sh.subshellDepth === 0 ? 127 : 1);
  if (sh.setup.interactive || error.within === "array") return;
  if (dialect !== "bash" && name?.endsWith(": eval")) throw new ExitShell(2);
  // In POSIX mode too, unless another builtin was run since; quotes that are not closed are no syntax errors there.
  const reading = sh.builtin === "eval" || sh.builtin === "." || sh.builtin === "source";
  if (sh.strict && reading && error.within === undefined && !error.message.startsWith("unexpected EOF"))
    throw new ExitShell(2, "calls");
  const evaluated = name !== undefined || sh.sourceDepth > 0 || sh.runningTrap > 0;
  if (!evaluated && error.within === undefined) throw new ExitShell(2);
  // Bash 5.2 gives up the shell where it reads a wrong command substitution.
  if (error.within === "substitution" && !error.incomplete)
    throw new ExitShell(
      sh.setup.dialect !== "bash" ? 2 : sh.subshellDepth > 0 ? 1 : sh.isCommandString ? 127 : evaluated ? 1 : 2,
    );
  if (!evaluated) throw new ExitShell(2);
}
