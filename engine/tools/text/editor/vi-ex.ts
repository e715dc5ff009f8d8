import { isErrno } from "../../../machine/errno.ts";
import type { Process } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { compileRegex, type Regex, RegexError } from "../../../text/regex/index.ts";
import type { Buffer } from "./buffer.ts";

/** What an ex command leaves for the editor to do. */
export interface ExResult {
  message?: string;
  /** Leave the editor with this status. */
  quit?: number;
  /** A pattern used by :s or :g, for `n`. */
  pattern?: string;
}

export interface ExContext {
  p: Process;
  buffer: Buffer;
  numbers: boolean;
  readOnly: boolean;
  lastPattern: string;
}

/** A message in the words of vim; thrown from anywhere in a command. */
export class ExError extends Error {}

/** vi's magic patterns are basic ones here, with \\+ \\? \\| as GNU and vim have them; \\v and \\c are known. */
export function viPattern(text: string): Regex {
  let pattern = text;
  const ignoreCase = pattern.includes("\\c");
  pattern = pattern.replace(/\\[cC]/g, "");
  const extended = pattern.startsWith("\\v");
  if (extended) pattern = pattern.slice(2);
  try {
    return compileRegex(pattern, { syntax: extended ? "ere" : "bre", ignoreCase });
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    throw new ExError(`E486: Pattern not found: ${text}`);
  }
}

/** "name" 3L, 20B written. */
export function fileMessage(path: string, lines: number, bytes: number): string {
  return `"${path}" ${lines}L, ${bytes}B`;
}

/** Writes the buffer as :w does. Throws ExError. */
export function writeFile(c: ExContext, path: string | undefined, force: boolean, range?: [number, number]): string {
  const { buffer, p } = c;
  const target = path ?? buffer.path;
  if (target === undefined) throw new ExError("E32: No file name");
  if (c.readOnly && !force && path === undefined)
    throw new ExError("E45: 'readonly' option is set (add ! to override)");
  const there = sys.find(p, target);
  if (path !== undefined && path !== buffer.path && there !== undefined && !force)
    throw new ExError("E13: File exists (add ! to override)");
  try {
    const { lines, bytes } = buffer.save(p, target, range?.[0], range === undefined ? undefined : range[1] + 1);
    if (range === undefined && (buffer.path === undefined || buffer.path === target)) {
      buffer.path = target;
      buffer.modified = false;
    }
    return `"${target}"${there === undefined ? " [New]" : ""} ${lines}L, ${bytes}B written`;
  } catch (error) {
    if (!isErrno(error)) throw error;
    if (error.code === "EISDIR") throw new ExError(`"${target}" is a directory`);
    throw new ExError(`"${target}" E212: Can't open file for writing`);
  }
}

/** Runs one ex command line (without the colon). Throws ExError. */
export function runEx(c: ExContext, source: string): ExResult {
  const { buffer } = c;
  let text = source.trim();
  while (text.startsWith(":")) text = text.slice(1);
  if (text === "") return {};
  const [range, rest] = parseRange(c, text);
  if (rest === "") {
    if (range) {
      buffer.row = Math.min(range[1], buffer.lines.length - 1);
      buffer.column = Math.max(0, buffer.line.search(/\S/));
    }
    return {};
  }
  const match = /^([a-zA-Z]+|[&!=<>])(!?)\s*(.*)$/s.exec(rest);
  if (match === null) throw new ExError(`E492: Not an editor command: ${source}`);
  let [, name, bang, argument] = match as unknown as [string, string, string, string];
  if (/^s[^a-zA-Z0-9]/.test(rest)) [name, bang, argument] = ["s", "", rest.slice(1)];
  if (/^[gv]!?[^a-zA-Z0-9!]/.test(rest)) {
    name = rest[0]!;
    bang = rest[1] === "!" ? "!" : "";
    argument = rest.slice(1 + bang.length);
  }
  const force = bang === "!";
  const lines = range ?? [buffer.row, buffer.row];
  switch (name) {
    case "w":
    case "write":
      return { message: writeFile(c, argument || undefined, force, range) };
    case "wq":
    case "x":
    case "xit":
    case "exit":
    case "wqa":
    case "xa": {
      const message =
        name.startsWith("x") && !buffer.modified && argument === "" ? "" : writeFile(c, argument || undefined, force);
      return { message, quit: 0 };
    }
    case "q":
    case "quit":
    case "qa":
    case "qall":
      if (buffer.modified && !force) throw new ExError("E37: No write since last change (add ! to override)");
      return { quit: 0 };
    case "cq":
    case "cquit":
      return { quit: 1 };
    case "e":
    case "edit": {
      if (buffer.modified && !force) throw new ExError("E37: No write since last change (add ! to override)");
      const path = argument || buffer.path;
      if (path === undefined) throw new ExError("E32: No file name");
      buffer.lines = [""];
      buffer.row = buffer.column = 0;
      buffer.load(c.p, path);
      buffer.modified = false;
      return { message: openMessage(c.p, buffer) };
    }
    case "r":
    case "read": {
      try {
        const read = sys
          .readText(c.p, argument || buffer.path || "")
          .replace(/\n$/, "")
          .split("\n");
        buffer.mark();
        buffer.lines.splice(lines[1] + 1, 0, ...read);
        buffer.row = lines[1] + 1;
        return {};
      } catch (error) {
        if (!isErrno(error)) throw error;
        throw new ExError(`E484: Can't open file ${argument}`);
      }
    }
    case "d":
    case "delete":
      buffer.mark();
      buffer.lines.splice(lines[0], lines[1] - lines[0] + 1);
      if (buffer.lines.length === 0) buffer.lines.push("");
      buffer.row = Math.min(lines[0], buffer.lines.length - 1);
      buffer.column = 0;
      return {};
    case "s":
    case "substitute":
      return substitute(c, lines, argument);
    case "g":
    case "global":
    case "v":
    case "vglobal":
      return globally(c, range ?? [0, buffer.lines.length - 1], argument, (name[0] === "g") === force);
    case "set":
    case "se":
      return set(c, argument);
    case "noh":
    case "nohlsearch":
    case "syntax":
    case "sy":
    case "syn":
      return {};
    case "u":
    case "undo":
      return buffer.undo() ? {} : { message: "Already at oldest change" };
    case "f":
    case "file":
      return {
        message: `"${buffer.path ?? "[No Name]"}"${buffer.modified ? " [Modified]" : ""} ${buffer.lines.length} lines --${Math.floor((100 * (buffer.row + 1)) / buffer.lines.length)}%--`,
      };
    case "j":
    case "join": {
      buffer.mark();
      const end = range && range[1] > range[0] ? range[1] : lines[0] + 1;
      const part = buffer.lines.slice(lines[0], end + 1);
      buffer.lines.splice(lines[0], part.length, part.map((line, i) => (i === 0 ? line : line.trimStart())).join(" "));
      return {};
    }
    case ">":
    case "<":
      buffer.mark();
      for (let i = lines[0]; i <= lines[1]; i++)
        buffer.lines[i] =
          name === ">"
            ? buffer.lines[i] === ""
              ? ""
              : `\t${buffer.lines[i]}`
            : buffer.lines[i]!.replace(/^(\t| {1,8})/, "");
      return {};
    default:
      throw new ExError(`E492: Not an editor command: ${source}`);
  }
}

/** What vim says when a file is opened. */
export function openMessage(p: Process, buffer: Buffer): string {
  if (buffer.path === undefined) return "";
  if (!buffer.existed) return `"${buffer.path}" [New]`;
  const size = sys.readBytes(p, buffer.path).length;
  return fileMessage(buffer.path, size === 0 ? 0 : buffer.lines.length, size);
}

function parseRange(c: ExContext, text: string): [[number, number] | undefined, string] {
  const { buffer } = c;
  if (text.startsWith("%")) return [[0, buffer.lines.length - 1], text.slice(1).trimStart()];
  let rest = text;
  const address = (): number | undefined => {
    let base: number | undefined;
    const number = /^\d+/.exec(rest);
    const pattern = /^([/?])((?:\\.|[^\\])*?)(?:\1|$)/.exec(rest);
    const mark = /^'[<>]/.exec(rest);
    if (number) {
      base = Number(number[0]) - 1;
      rest = rest.slice(number[0].length);
    } else if (rest[0] === ".") {
      base = buffer.row;
      rest = rest.slice(1);
    } else if (rest[0] === "$") {
      base = buffer.lines.length - 1;
      rest = rest.slice(1);
    } else if (mark) {
      base = buffer.row;
      rest = rest.slice(2);
    } else if (pattern) {
      const regex = viPattern(pattern[2] || c.lastPattern);
      const step = pattern[1] === "/" ? 1 : -1;
      const count = buffer.lines.length;
      for (let i = 1; i <= count && base === undefined; i++) {
        const row = (((buffer.row + i * step) % count) + count) % count;
        if (regex.test(buffer.lines[row]!)) base = row;
      }
      if (base === undefined) throw new ExError(`E486: Pattern not found: ${pattern[2]}`);
      rest = rest.slice(pattern[0].length);
    }
    for (let offset = /^([-+])(\d*)/.exec(rest); offset; offset = /^([-+])(\d*)/.exec(rest)) {
      base = (base ?? buffer.row) + (offset[1] === "+" ? 1 : -1) * Number(offset[2] || 1);
      rest = rest.slice(offset[0].length);
    }
    return base;
  };
  const first = address();
  if (first === undefined && rest[0] !== ",") return [undefined, rest];
  let last = first;
  if (rest[0] === ",") {
    rest = rest.slice(1);
    last = address();
  }
  const [low, high] = [first ?? buffer.row, last ?? buffer.row];
  if (high > buffer.lines.length - 1 && rest.trim() !== "") throw new ExError("E16: Invalid range");
  return [[Math.max(0, Math.min(low, high)), Math.max(0, high, low)], rest.trimStart()];
}

function splitDelimited(text: string): string[] {
  const delimiter = text[0]!;
  const parts: string[] = [];
  let part = "";
  for (let i = 1; i < text.length; i++) {
    if (text[i] === "\\" && i + 1 < text.length) {
      if (text[i + 1] !== delimiter) part += "\\";
      part += text[++i];
    } else if (text[i] === delimiter) {
      parts.push(part);
      part = "";
    } else part += text[i];
  }
  return [...parts, part];
}

function substitute(c: ExContext, [from, to]: [number, number], argument: string): ExResult {
  if (argument === "") throw new ExError("E35: No previous regular expression");
  const [pattern = "", replacement = "", flags = ""] = splitDelimited(argument);
  const source = pattern === "" ? c.lastPattern : pattern;
  const regex = viPattern(flags.includes("i") ? `${source}\\c` : source);
  const { buffer } = c;
  let count = 0;
  let touched = 0;
  const result = [...buffer.lines];
  let last = buffer.row;
  for (let row = from; row <= Math.min(to, result.length - 1); row++) {
    const line = result[row]!;
    let out = "";
    let at = 0;
    let here = 0;
    for (let start = 0; start <= line.length; ) {
      const match = regex.exec(line, start);
      if (match === null) break;
      out += line.slice(at, match.index) + expand(replacement, match.groups);
      at = match.end;
      here++;
      if (!flags.includes("g")) break;
      start = match.end > match.index ? match.end : match.end + 1;
    }
    if (here === 0) continue;
    count += here;
    touched++;
    last = row;
    result[row] = out + line.slice(at);
  }
  if (count === 0) {
    if (flags.includes("e")) return {};
    throw new ExError(`E486: Pattern not found: ${source}`);
  }
  buffer.mark();
  buffer.lines = result.flatMap((line) => line.split("\n"));
  buffer.row = Math.min(last, buffer.lines.length - 1);
  buffer.column = 0;
  const message = count > 2 ? `${count} substitutions on ${touched} line${touched === 1 ? "" : "s"}` : "";
  return { message, pattern: source };
}

function expand(text: string, groups: readonly (string | undefined)[]): string {
  return text.replace(/\\(.)|&/gs, (_, char: string | undefined) => {
    if (char === undefined) return groups[0] ?? "";
    if (/\d/.test(char)) return groups[Number(char)] ?? "";
    return char === "r" || char === "n" ? "\n" : char === "t" ? "\t" : char;
  });
}

function globally(c: ExContext, [from, to]: [number, number], argument: string, inverted: boolean): ExResult {
  const [pattern = "", ...rest] = splitDelimited(argument);
  const command =
    argument.slice(argument.indexOf(argument[0]!, 1 + pattern.length) + 1) || rest.join(argument[0]) || "p";
  const source = pattern || c.lastPattern;
  const regex = viPattern(source);
  const { buffer } = c;
  const marked = buffer.lines.slice(from, to + 1).filter((line) => regex.test(line) !== inverted).length;
  if (marked === 0) throw new ExError(`E486: Pattern not found: ${source}`);
  for (let row = from, left = to - from + 1; left > 0; left--) {
    if (regex.test(buffer.lines[row] ?? "") === inverted) {
      row++;
      continue;
    }
    const before = buffer.lines.length;
    buffer.row = row;
    if (command !== "p") runEx(c, command);
    row += 1 + buffer.lines.length - before;
  }
  return { pattern: source };
}

function set(c: ExContext, argument: string): ExResult {
  for (const word of argument.split(/\s+/)) {
    if (/^(nu|number)$/.test(word)) c.numbers = true;
    else if (/^(nonu|nonumber)$/.test(word)) c.numbers = false;
    else if (
      !/^(no)?(ai|autoindent|et|expandtab|paste|hls|hlsearch|ic|ignorecase|is|incsearch|wrap|list|ruler|si|syntax|modifiable)$|^(ts|tabstop|sw|shiftwidth|sts|softtabstop)=\d+$|^(ft|filetype)=\w+$|^$/.test(
        word,
      )
    )
      throw new ExError(`E518: Unknown option: ${word}`);
  }
  return {};
}
