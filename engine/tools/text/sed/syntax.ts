/** The commands of sed scripts. */
import type { Regex } from "../../../text/regex/index.ts";

export type Address =
  | { kind: "line"; line: number }
  | { kind: "last" }
  | { kind: "regex"; regex: Regex | undefined }
  | { kind: "step"; first: number; step: number }
  | { kind: "plus"; count: number }
  | { kind: "multiple"; of: number };

export interface Substitution {
  regex: Regex | undefined;
  replacement: readonly ReplacementPart[];
  global: boolean;
  print: boolean;
  number: number;
  file: string | undefined;
  /** The `e` flag: the result is a command, and becomes what it prints. */
  evaluate: boolean;
}

export type ReplacementPart = string | { group: number } | { fold: "U" | "L" | "u" | "l" | "E" };

export interface Command {
  name: string;
  from: Address | undefined;
  to: Address | undefined;
  negate: boolean;
  /** For `{`: index of its `}`; for branches: where to go. */
  target: number;
  /** Text of a, i, c; file of r, R, w, W; label of : b t T. */
  text: string;
  /** Exit status of q and Q, width of l. */
  number: number | undefined;
  substitution: Substitution | undefined;
  map: ReadonlyMap<string, string> | undefined;
  /** Range state: off, or the line where an active range ends (Infinity: by regex). */
  active: boolean;
  endLine: number;
}

/** A wrong script: the whole message without the program's name. */
export class ScriptError extends Error {
  readonly status: number;

  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}

export interface Source {
  /** `-e expression #1` or `file NAME`. */
  name: string;
  text: string;
  isFile: boolean;
}

export interface ScriptOptions {
  extended: boolean;
  /** --sandbox: e, r and w are refused. */
  sandbox: boolean;
  /** --posix: what GNU has beyond POSIX means what it says. */
  posix: boolean;
}
