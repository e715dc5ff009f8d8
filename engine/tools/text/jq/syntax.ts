/** The tree of a jq program. */
import type { Json } from "./json.ts";

export type Ast =
  | { t: "identity" }
  | { t: "recurse" }
  | { t: "value"; value: Json }
  | { t: "string"; format: string | undefined; parts: (string | Ast)[] }
  | { t: "format"; name: string }
  | { t: "index"; of: Ast; key: Ast; quiet?: boolean }
  | { t: "slice"; of: Ast; from: Ast | undefined; to: Ast | undefined; quiet?: boolean }
  | { t: "iterate"; of: Ast; quiet?: boolean }
  | { t: "optional"; body: Ast }
  | { t: "array"; body: Ast | undefined }
  | { t: "object"; entries: { key: Ast; value: Ast }[] }
  | { t: "neg"; body: Ast }
  | { t: "pipe"; left: Ast; right: Ast }
  | { t: "comma"; left: Ast; right: Ast }
  | { t: "binary"; op: string; left: Ast; right: Ast }
  | { t: "and" | "or" | "alternative"; left: Ast; right: Ast }
  | { t: "assign"; op: string; left: Ast; right: Ast }
  | { t: "if"; test: Ast; yes: Ast; no: Ast | undefined }
  | { t: "try"; body: Ast; handler: Ast | undefined }
  | { t: "reduce"; source: Ast; pattern: Pattern; init: Ast; update: Ast }
  | { t: "foreach"; source: Ast; pattern: Pattern; init: Ast; update: Ast; extract: Ast | undefined }
  | { t: "as"; source: Ast; patterns: Pattern[]; body: Ast }
  | { t: "def"; name: string; params: string[]; body: Ast; rest: Ast }
  | { t: "call"; name: string; args: Ast[]; at: number }
  | { t: "var"; name: string; at: number }
  | { t: "label"; name: string; body: Ast }
  | { t: "break"; name: string; at: number }
  | { t: "loc"; line: number };

export type Pattern =
  | { t: "var"; name: string }
  | { t: "array"; items: Pattern[] }
  | { t: "object"; entries: { key: Ast; bind: string | undefined; value: Pattern | undefined }[] };

/** A program that does not compile; `report` is all that jq prints. */
export class CompileError extends Error {}

/** jq's report of an error at a place of the program. */
export function compileReport(source: string, message: string, at: number): string {
  return `${compileMistake(source, message, at)}jq: 1 compile error\n`;
}

/** One of several errors, without their number. */
export function compileMistake(source: string, message: string, at: number): string {
  const start = source.lastIndexOf("\n", at - 1) + 1;
  const end = source.indexOf("\n", at);
  const line = source.slice(0, at).split("\n").length;
  const text = source.slice(start, end < 0 ? undefined : end);
  return `jq: error: ${message} at <top-level>, line ${line}:\n${text}${" ".repeat(at - start)}\n`;
}
