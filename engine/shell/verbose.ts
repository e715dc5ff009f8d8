import type { Statement } from "unbash";
import type { Source } from "./source.ts";

/**
 * The line that the shell has read to when it runs a statement: that on which the line's last statement ends, with the
 * here-documents that begin on it. Only `set -v` asks, so the trees are walked as they are.
 */
export function readLine(text: Source, statements: readonly Statement[], statement: Statement): number {
  let line = 0;
  for (const one of statements.slice(statements.indexOf(statement))) {
    if (line > 0 && text.placeOf(one.pos) > line) break;
    line = Math.max(line, text.placeOf(Math.max(one.pos, one.end - 1, documentsEnd(one) - 1)));
  }
  return line;
}

/** Where what was read ends when a statement runs: that of the last statement that begins on the lines read so far. */
export function readEnd(text: Source, statements: readonly Statement[], statement: Statement): number {
  let end = 0;
  let line = 0;
  const documents = text.text.includes("<<");
  for (let i = statements.indexOf(statement); i < statements.length; i++) {
    const one = statements[i]!;
    if (line > 0 && text.placeOf(one.pos) > line) break;
    end = Math.max(end, one.end, documents ? documentsEnd(one) : 0);
    line = text.placeOf(Math.max(one.pos, end - 1));
  }
  return end;
}

/** Where the last here-document of a tree ends. */
export function documentsEnd(node: unknown): number {
  if (typeof node !== "object" || node === null) return 0;
  const { type, closing, body } = node as { type?: string; closing?: { end: number }; body?: { end: number } };
  if (type === "HereDoc") return closing?.end ?? body?.end ?? 0;
  let end = 0;
  for (const part of Object.values(node)) end = Math.max(end, documentsEnd(part));
  return end;
}

/** The lines of the here-documents of a tree, without the tabs that `<<-` takes away. */
export function documentLines(node: unknown, source: string): string {
  if (typeof node !== "object" || node === null) return "";
  const { type, operator, body, closing } = node as Partial<Looked>;
  if (type === "HereDoc") {
    if (body === undefined) return "";
    const lines = source.slice(body.pos, closing?.end ?? body.end);
    return `${operator === "<<-" ? lines.replace(/^\t+/gm, "") : lines}\n`;
  }
  return Object.values(node)
    .map((part) => documentLines(part, source))
    .join("");
}

/**
 * Lines of a statement that `set -v` does not show: bash reads what is within `$(…)` and `<(…)` with its echo off, but for
 * the here-documents there. What is between backquotes is read with its word.
 */
export function hiddenLines(text: Source, statement: Statement): ReadonlySet<number> {
  const hidden = new Set<number>();
  if (text.placeOf(statement.pos) < text.placeOf(statement.end)) hide(text, statement, hidden);
  return hidden;
}

function hide(text: Source, node: unknown, hidden: Set<number>): void {
  if (typeof node !== "object" || node === null) return;
  const {
    type,
    pos,
    end,
    text: words,
    body,
    closing,
    script,
    parts,
    value,
    elements,
    expression,
  } = node as Partial<Looked>;
  if (type === "CommandExpansion" && words!.startsWith("`")) return;
  if (type === "CommandExpansion" || type === "ProcessSubstitution") {
    for (let line = text.placeOf(pos!) + 1; line <= text.placeOf(end! - 1); line++) hidden.add(line);
    hide(text, script, hidden);
  } else if (type === "HereDoc") {
    if (body === undefined) return;
    const last = text.placeOf(Math.max(body.pos, (closing?.end ?? body.end) - 1));
    for (let line = text.placeOf(body.pos); line <= last; line++) hidden.delete(line);
  } else if (type === "Word") hide(text, parts, hidden);
  else if (type === "Assignment") hide(text, elements ?? value, hidden);
  else if (type === "ArithmeticExpansion") hide(text, expression, hidden);
  else for (const part of Object.values(node)) hide(text, part, hidden);
}

interface Looked {
  type: string;
  pos: number;
  end: number;
  text: string;
  operator: string;
  body: { pos: number; end: number };
  closing: { end: number };
  script: unknown;
  parts: unknown;
  value: unknown;
  elements: unknown;
  expression: unknown;
}
