import type { HereDoc, Redirection } from "unbash";
import type { Gen } from "../kernel/index.ts";
import { ShellError } from "./control.ts";
import { compile, expanding, piecesText } from "./expand.ts";
import { closeArith, closeBacktick, closeParameter, closeParen, markApostrophes, skipQuoted } from "./scan.ts";
import type { Shell } from "./shell.ts";
import { nameWithin } from "./syntax.ts";
import { endAt } from "./traps.ts";

/**
 * What a here-document gives a command to read. Warns of one without its delimiter, and refuses one in which an expansion
 * is begun and not ended, in bash's words.
 */
export function* heredocText(sh: Shell, node: HereDoc): Gen<string> {
  const quoted = node.delimiter?.quoted ?? false;
  // A line that another one continues into is one with it, tabs and all.
  const tabs = quoted ? /^\t+/gm : /(?<!(?:^|[^\\])(?:\\\\)*\\\n)^\t+/gm;
  let raw = node.operator === "<<-" ? node.body.text.replace(tabs, "") : node.body.text;
  const { cut, closed } = endOf(sh, node);
  if (cut && node.closing === undefined) raw = raw.slice(0, raw.lastIndexOf("\n") + 1);
  if (!closed) yield* warnOfEnd(sh, node, cut);
  // The last line may end with the text.
  if (node.closing === undefined && raw !== "" && !raw.endsWith("\n")) raw += "\n";
  if (quoted) return raw;
  const strict = sh.posix || sh.has("posix");
  const expanded = (body: string) =>
    expanding(sh, () => piecesText(sh, compile(strict ? markApostrophes(body) : body, "heredoc").pieces));
  const open = sh.setup.dialect === "bash" ? openEnd(raw, strict) : undefined;
  if (open === undefined) return yield* expanded(raw);
  // What stands before it has its effects.
  yield* expanded(raw.slice(0, open.at));
  if (open.error) throw open.error;
  const line = sh.line() + raw.slice(open.at).split("\n").length;
  const name = nameWithin(sh, "command substitution");
  yield* sh.writeTo(2, `${name}: line ${line}: unexpected EOF while looking for matching \`)'\n`);
  if (sh.endsOnErrors) yield* endAt(sh, 2);
  const error = new ShellError("unexpected end", "discard", sh.has("errexit") ? 2 : 1);
  error.printed = true;
  throw error;
}

/** Whether a here-document has its end. `cut`: it is `$(… EOF)`, whose delimiter has no line of its own. */
function endOf(sh: Shell, node: HereDoc): { cut: boolean; closed: boolean } {
  const { text } = sh.source;
  const last = text.slice(text.lastIndexOf("\n") + 1).replace(node.operator === "<<-" ? /^\t+/ : "", "");
  const cut = sh.inSubstitution !== undefined && last.startsWith(node.delimiter?.value ?? "");
  return { cut, closed: node.closing !== undefined && !(cut && node.closing.end === text.length) };
}

/** Warns of those of a command's here-documents that are without their end, before anything of the command is seen. */
export function* warnOfEnds(sh: Shell, redirections: readonly Redirection[]): Gen<void> {
  for (const one of redirections) {
    if (one.type !== "HereDoc") continue;
    const { cut, closed } = endOf(sh, one);
    if (!closed) yield* warnOfEnd(sh, one, cut);
  }
}

/** Told once when the whole word is read, whose last line is where a substitution's first is counted from. */
function* warnOfEnd(sh: Shell, node: HereDoc, cut: boolean): Gen<void> {
  const { source } = sh;
  if (sh.setup.dialect !== "bash" || (cut && sh.inSubstitution === "backquoted") || source.warned?.has(node)) return;
  source.warned ??= new Set();
  source.warned.add(node);
  const before = cut ? source.text.trimStart().split("\n").length - 1 : 0;
  const end = source.lineAt(source.text.replace(/\n$/, "").length) - before;
  const at = sh.setup.interactive ? "" : `line ${end}: `;
  // It begins for bash behind what else its line goes on to.
  const begun = source.lineAt(Math.max(node.pos, node.body.pos - 1)) - before;
  const place = sh
    .prefix()
    .replace(/: line \d+: $/, "")
    .replace(/: $/, "");
  const wanted = node.delimiter?.value ?? "";
  yield* sh.writeTo(
    2,
    `${place}: ${at}warning: here-document at line ${begun} delimited by end-of-file (wanted \`${wanted}')\n`,
  );
}

/** Where an expansion is begun in the body and not ended, and what is said of it; nothing of `$(`, which is read as a text. */
function openEnd(raw: string, strict: boolean): { at: number; error?: ShellError } | undefined {
  for (let i = 0; i < raw.length; i++) {
    const c = raw[i];
    if (c === "\\") {
      i++;
      continue;
    }
    if (c !== "$" && c !== "`") continue;
    if (c === "`") {
      if (closeBacktick(raw, i + 1) >= raw.length)
        return { at: i, error: new ShellError(`bad substitution: no closing "\`" in ${raw.slice(i)}`, "fail") };
    } else if (raw.startsWith("$((", i)) {
      const closing = closeArith(raw, i + 3) >= 0;
      if (!closing && closeParen(raw, i + 2) >= raw.length)
        return { at: i, error: new ShellError(`bad substitution: no closing \`)' in ${raw}`, "fail") };
    } else if (raw[i + 1] === "(" && closeParen(raw, i + 2) >= raw.length) return { at: i };
    else if (raw[i + 1] === "{") {
      const end = closeParameter(raw, i + 2, true);
      // A single quote within it keeps it from closing: bash reads quotes there.
      const inner = raw.slice(i, end);
      const apostrophe = !strict && (inner.split("'").length - 1) % 2 === 1 && !/[#%/^,]/.test(inner);
      if (apostrophe) return { at: i, error: new ShellError(`bad substitution: no closing \`}' in ${raw.slice(i)}`) };
      if (end >= raw.length && !strict) return { at: i, error: new ShellError(`${raw}: bad substitution`, "fail") };
    }
    i = Math.max(i, skipQuoted(raw, i, true) - 1);
  }
  return undefined;
}
