import { skipQuoted } from "./scan.ts";
import type { Shell } from "./shell.ts";

/** Ends of a line behind which no semicolon may stand (parse.y's no_semi_successors). */
const OPEN_END = /(^|[\s;&|(){])(then|do|else|if|elif|while|until|in|\{|\(|&&|\|\|?|;;&?|;&|;|&)\s*$/;

/**
 * A command of several lines as entries of the history: one (cmdhist), its lines joined by semicolons where the grammar lets
 * one stand, or by newlines (lithist, quotes, comments, here-documents); or one a line.
 */
export function historyEntries(sh: Shell, text: string): string[] {
  if (!text.includes("\n")) return [text];
  if (!sh.shopts.has("cmdhist")) return text.split("\n");
  // A here document ends with its last newline.
  if (text.includes("<<")) return [`${text}\n`];
  const literal = sh.shopts.has("lithist");
  let out = "";
  let commented = false;
  for (const line of text.split("\n")) {
    const quoted = out !== "" && openQuote(out);
    if (out === "") out = line;
    else if (!quoted && /(^|[^\\])(\\\\)*\\$/.test(out)) out = out.slice(0, -1) + line;
    else if (quoted || commented || literal) out += `\n${line}`;
    else out += between(out, line) + line;
    commented = !quoted && hasComment(line);
  }
  return [out];
}

/** What joins the line that follows to those before it. */
function between(before: string, line: string): string {
  if (openArray(before)) return " ";
  // A function's head, or a pattern of `case`.
  if (/\(\s*\)\s*$/.test(before) || (before.endsWith(")") && inCase(before))) return " ";
  if (/(^|[\s;&|(){])function\s+\S+\s*$/.test(before) || OPEN_END.test(before)) return " ";
  if (/(^|[\s;&|(){])case\s+\S+\s*$/.test(before)) return " ";
  if (/(^|[\s;&|(){])for\s+\w+\s*$/.test(before)) return /^\s*in\b/.test(line) ? " " : ";";
  if (line.trim() === "") return "";
  return "; ";
}

/** True when a `case` is open in the text. */
function inCase(text: string): boolean {
  const count = (words: RegExp) => text.match(words)?.length ?? 0;
  return count(/(^|[\s;&|(){])case(?=$|[\s;&|)])/g) > count(/(^|[\s;&|(){])esac(?=$|[\s;&|)])/g);
}

/** Calls `see` with the place of each character that nothing quotes. */
function eachPlain(text: string, see: (at: number) => void): void {
  for (let i = 0; i < text.length; ) {
    const next = skipQuoted(text, i);
    if (next > i) i = next;
    else see(i++);
  }
}

/** True when the parenthesis of `a=(` is open. */
function openArray(text: string): boolean {
  const open: boolean[] = [];
  eachPlain(text, (i) => {
    if (text[i] === "(") open.push(text[i - 1] === "=");
    else if (text[i] === ")") open.pop();
  });
  return open.at(-1) === true;
}

function hasComment(line: string): boolean {
  let found = false;
  eachPlain(line, (i) => {
    if (line[i] === "#" && (i === 0 || /[\s;&|()]/.test(line[i - 1]!))) found = true;
  });
  return found;
}

function openQuote(text: string): boolean {
  for (let i = 0; i < text.length; ) {
    const next = skipQuoted(text, i);
    if (next >= text.length && /['"`]/.test(text[i]!) && (next === i + 1 || text[text.length - 1] !== text[i]))
      return true;
    i = next > i ? next : i + 1;
  }
  return false;
}
