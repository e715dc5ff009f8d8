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

/** Where the last here-document of a tree ends. */
function documentsEnd(node: unknown): number {
  if (typeof node !== "object" || node === null) return 0;
  const { type, closing, body } = node as { type?: string; closing?: { end: number }; body?: { end: number } };
  if (type === "HereDoc") return closing?.end ?? body?.end ?? 0;
  let end = 0;
  for (const part of Object.values(node)) end = Math.max(end, documentsEnd(part));
  return end;
}
