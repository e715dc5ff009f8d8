import { call, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { TooComplex } from "../../text/regex/index.ts";
import { byteLength, compareBytes } from "../io.ts";
import { matchWord } from "../options.ts";
import { Fatal, quote, type Tool, tool, versionText } from "../tool.ts";
import { build, type Matcher, nameFilter } from "./grep-match.ts";

interface Search extends Matcher {
  invert: boolean;
  count: boolean;
  files: "with" | "without" | undefined;
  quiet: boolean;
  only: boolean;
  numbers: boolean;
  bytes: boolean;
  names: boolean;
  before: number;
  after: number;
  /** A context option was given: groups are apart by `--`. */
  groups: boolean;
  max: number;
  color: boolean;
  silent: boolean;
  end: string;
  nameEnd: string | undefined;
  label: string;
  /** -d skip. */
  skipDirectories: boolean;
  initialTab: boolean;
  text: boolean;
  /** -I: binary files match nothing. */
  skipBinary: boolean;
  colors: Colors;
  groupSeparator: string | undefined;
}

const OPTIONS = {
  name: "grep",
  short: "A:B:C:D:EFGHILPTUX:Vabcd:e:f:hiLlm:noqRrsuvwxyZz0123456789",
  long: "after-context:=A before-context:=B context:=C binary-files:=bf basic-regexp=G extended-regexp=E fixed-regexp=F fixed-strings=F perl-regexp=P byte-offset=b color::=color colour::=color count=c devices:=D directories:=d exclude:=exclude exclude-from:=ef exclude-dir:=exclude-dir file:=f files-with-matches=l files-without-match=L group-separator:=gs no-group-separator=ngs ignore-case=i no-ignore-case=nic include:=include initial-tab=T invert-match=v label:=label line-buffered=lb line-number=n line-regexp=x max-count:=m no-filename=h no-messages=s null=Z null-data=z only-matching=o quiet=q recursive=r dereference-recursive=R regexp:=e silent=q text=a binary=U unix-byte-offsets=u with-filename=H word-regexp=w",
  usage: "[OPTION]... PATTERNS [FILE]...",
  about:
    "Search for PATTERNS in each FILE.\nExample: grep -i 'hello world' menu.h main.c\nPATTERNS can contain multiple patterns separated by newlines.",
  version: "grep (GNU grep) 3.11",
  usageStatus: 2,
  usageOnError: true,
};

/** grep(1); `egrep` and `fgrep` choose the syntax by their names. */
export const grep = tool(OPTIONS, function* (t, o) {
  if (o.has("V")) {
    t.out.add(versionText(OPTIONS));
    return 0;
  }
  const patterns: string[] = [];
  let given = false;
  for (const { key, value } of o.list) {
    if (key === "e") patterns.push(...value!.split("\n"));
    else if (key === "f") patterns.push(...(yield* patternFile(t, value!)));
    else continue;
    given = true;
  }
  const operands = [...o.operands];
  if (!given) {
    const first = operands.shift();
    if (first === undefined) {
      yield* sys.printError(t.p, `Usage: ${t.name} ${OPTIONS.usage}\nTry '${t.name} --help' for more information.\n`);
      return 2;
    }
    patterns.push(...first.split("\n"));
  }
  if (new Set(o.list.filter(({ key }) => /^[EFGP]$/.test(key)).map(({ key }) => key)).size > 1)
    throw new Fatal("conflicting matchers specified", 2);
  if (o.has("u")) yield* t.error("warning: --unix-byte-offsets (-u) is obsolete", 0);
  const kind =
    o.last("E", "F", "G", "P")?.key ?? (t.name.endsWith("egrep") ? "E" : t.name.endsWith("fgrep") ? "F" : "G");
  const binary = o.value("bf");
  if (binary !== undefined && !["binary", "text", "without-match"].includes(binary))
    throw new Fatal("unknown binary-files type", 2);
  const directories = o.value("d");
  if (directories !== undefined && matchWord(directories, DIRECTORIES) === undefined)
    throw new Fatal(
      `invalid argument ${quote(directories)} for ${quote("--directories")}\nValid arguments are:\n${DIRECTORIES.map((word) => `  - ${quote(word)}`).join("\n")}\nUsage: ${t.name} [OPTION]... PATTERNS [FILE]...\nTry '${t.name} --help' for more information.`,
      1,
    );
  if (kind !== "F" && kind !== "P" && patterns.some(classOutside))
    throw new Fatal("character class syntax is [[:space:]], not [:space:]", 2);
  const recursive = o.has("r", "R") || o.value("d") === "recurse";
  const files = operands.length > 0 ? operands : recursive ? ["."] : ["-"];
  const implied = operands.length === 0 && recursive;
  const context = (key: string): number => {
    const digits = o.list
      .filter((option) => /^\d$/.test(option.key))
      .map((option) => option.key)
      .join("");
    const text = o.value(key) ?? o.value("C") ?? (digits === "" ? "0" : digits);
    if (!/^\d+$/.test(text)) throw new Fatal(`${text}: invalid context length argument`, 2);
    return Number(text);
  };
  const colorWord = o.last("color");
  const wantsColor = colorWord ? (colorWord.value ?? "auto") : "never";
  if (!["always", "yes", "force", "never", "no", "none", "auto", "tty", "if-tty"].includes(wantsColor)) {
    throw new Fatal(`unknown colors '${wantsColor}'`, 2);
  }
  const maxText = o.value("m");
  if (maxText !== undefined && !/^-?\d+$/.test(maxText)) throw new Fatal("invalid max count", 2);
  const listing = o.last("l", "L")?.key;
  const namesOption = o.last("h", "H")?.key;
  const matcher = build(patterns, kind, o);
  for (const warning of matcher.warnings) yield* t.error(`warning: ${warning}`, 0);
  const only = o.has("o");
  const search: Search = {
    ...matcher,
    invert: o.has("v"),
    count: o.has("c") && listing === undefined,
    files: listing === "l" ? "with" : listing === "L" ? "without" : undefined,
    quiet: o.has("q"),
    only,
    numbers: o.has("n"),
    bytes: o.has("b"),
    names:
      namesOption === undefined ? files.length > 1 || (recursive && isDirectory(t, files[0]!)) : namesOption === "H",
    before: only ? 0 : context("B"),
    after: only ? 0 : context("A"),
    groups: o.has("A", "B", "C") || context("A") > 0 || context("B") > 0,
    max: maxText === undefined || Number(maxText) < 0 ? Number.POSITIVE_INFINITY : Number(maxText),
    color:
      ["always", "yes", "force"].includes(wantsColor) ||
      (["auto", "tty", "if-tty"].includes(wantsColor) && t.p.fds.get(1)?.tty !== undefined),
    silent: o.has("s"),
    end: o.has("z") ? "\0" : "\n",
    nameEnd: o.has("Z") ? "\0" : undefined,
    label: o.value("label") ?? "(standard input)",
    skipDirectories: directories !== undefined && "skip".startsWith(directories),
    initialTab: o.has("T"),
    text: o.last("a", "I", "bf")?.key === "a" || (o.last("a", "I", "bf")?.value ?? "") === "text",
    skipBinary: o.last("a", "I", "bf")?.key === "I" || o.last("a", "I", "bf")?.value === "without-match",
    colors: yield* colorsOf(t),
    groupSeparator: o.has("ngs") ? undefined : (o.value("gs") ?? "--"),
  };
  const state = { matched: false, printed: false };
  const filter = nameFilter(o);
  for (const path of files) {
    yield* searchPath(t, path, search, state, recursive, filter, true, implied);
    if (search.quiet && state.matched) return 0;
  }
  yield* t.out.flush();
  if (t.status === 2) return state.matched && search.quiet ? 0 : 2;
  return state.matched ? 0 : 1;
});

/** Names stand before what is found in a directory, not in the one file that is named. */
function isDirectory(t: Tool, path: string): boolean {
  return path !== "-" && sys.find(t.p, path)?.kind === "dir";
}

const DIRECTORIES = ["read", "recurse", "skip"];

/** `[:upper:]` where `[[:upper:]]` is meant: a bracket that begins and ends with a colon. */
function classOutside(pattern: string): boolean {
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] === "\\") {
      i++;
      continue;
    }
    if (pattern[i] !== "[") continue;
    let j = pattern[i + 1] === "^" ? i + 2 : i + 1;
    const from = j;
    if (pattern[j] === "]") j++;
    while (j < pattern.length && pattern[j] !== "]") {
      const named = /^\[[:.=].*?[:.=]\]/.exec(pattern.slice(j));
      j += named === null ? 1 : named[0].length;
    }
    if (pattern[from] === ":" && pattern[j - 1] === ":" && j - from > 1) return true;
    i = j;
  }
  return false;
}

function* patternFile(t: Tool, path: string): Gen<string[]> {
  let fd = 0;
  try {
    if (path !== "-") fd = sys.open(t.p, path);
    const lines: string[] = [];
    const reader = t.lines(fd);
    for (;;) {
      const block = yield* reader.block();
      if (block === undefined) break;
      lines.push(...block);
    }
    t.close(fd);
    return lines;
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Fatal(`${path}: ${error.message}`, 2);
  }
}

interface State {
  matched: boolean;
  printed: boolean;
}

function* searchPath(
  t: Tool,
  path: string,
  search: Search,
  state: State,
  recursive: boolean,
  filter: ReturnType<typeof nameFilter>,
  operand: boolean,
  implied: boolean,
): Gen<void> {
  let fd = 0;
  try {
    const base = path.slice(path.lastIndexOf("/") + 1);
    if (path !== "-") {
      const node = sys.stat(t.p, path, operand);
      if (node.kind === "dir") {
        if (!recursive) {
          if (!search.silent && !search.skipDirectories) yield* t.error(`${path}: Is a directory`, 2);
          else if (!search.skipDirectories) t.status = 2;
          return;
        }
        if (!operand && !filter(base, true, operand)) return;
        for (const name of [...sys.readDir(t.p, path).keys()].sort(compareBytes)) {
          const child = implied && path === "." ? name : `${path.replace(/\/$/, "")}/${name}`;
          const node = sys.find(t.p, child, false);
          if (node === undefined || node.kind === "symlink" || node.kind === "char") continue;
          yield* call(searchPath(t, child, search, state, recursive, filter, false, implied));
          if (search.quiet && state.matched) return;
        }
        return;
      }
      if (!filter(base, false, operand)) return;
      fd = sys.open(t.p, path);
    }
    yield* searchFile(t, fd, path === "-" ? search.label : path, search, state);
  } catch (error) {
    if (!isErrno(error)) throw error;
    if (search.silent) t.status = 2;
    else yield* t.error(`${path}: ${error.message}`, 2);
  } finally {
    t.close(fd);
  }
}

/** The colors of GREP_COLORS by their capabilities, and what follows each (`ne` leaves it out). */
interface Colors {
  of: ReadonlyMap<string, string>;
  erase: string;
}

const COLORS = { ms: "01;31", mc: "01;31", fn: "35", ln: "32", bn: "32", se: "36", sl: "", cx: "" };

function* colorsOf(t: Tool): Gen<Colors> {
  const of = new Map(Object.entries(COLORS));
  let erase = "\x1b[K";
  const old = t.p.env.get("GREP_COLOR");
  if (old) {
    yield* t.error(`warning: GREP_COLOR='${old}' is deprecated; use GREP_COLORS='mt=${old}'`, 0);
    for (const key of ["ms", "mc"]) of.set(key, old);
  }
  for (const part of (t.p.env.get("GREP_COLORS") ?? "").split(":")) {
    const [key, value] = part.split("=") as [string, string | undefined];
    if (key === "ne") erase = "";
    else if (value !== undefined && /^[\d;]*$/.test(value))
      for (const name of key === "mt" ? ["ms", "mc"] : [key]) of.set(name, value);
  }
  return { of, erase };
}

/** Digits of a file's size: no number of a line or byte in it has more. */
function sizeDigits(t: Tool, fd: number): number {
  const node = t.p.fds.get(fd)?.node;
  return node?.kind === "file" ? String(node.content.size()).length : 0;
}

function* searchFile(t: Tool, fd: number, name: string, search: Search, state: State): Gen<void> {
  const reader = t.lines(fd, search.end);
  const { out } = t;
  let number = 0;
  let offset = 0;
  let hits = 0;
  let after = 0;
  let lastPrinted = 0;
  let binary = false;
  const held: { text: string; number: number; offset: number }[] = [];
  const bare = !search.names && !search.numbers && !search.bytes && !search.initialTab && !search.color;
  const listed = search.files !== undefined || search.count || search.quiet;
  // Numbers are as wide as the size of the file.
  const digits = search.initialTab ? sizeDigits(t, fd) : 0;
  const { colors } = search;
  const paint = (kind: string, text: string): string => {
    const code = colors.of.get(kind) ?? "";
    return code === "" ? text : `\x1b[${code}m${colors.erase}${text}\x1b[m${colors.erase}`;
  };
  const prefix = (line: number, at: number, mark: string): string => {
    let text = "";
    const color = search.color;
    const sep = color ? paint("se", mark) : mark;
    if (search.names) text += (color ? paint("fn", name) : name) + (search.nameEnd ?? sep);
    if (search.numbers)
      text +=
        (color ? paint("ln", String(line)) : search.initialTab ? String(line).padStart(digits) : String(line)) + sep;
    if (search.bytes) text += (color ? paint("bn", String(at)) : String(at).padStart(digits)) + sep;
    if (search.initialTab && text !== "") text += "\t";
    return text;
  };
  const highlight = (line: string): string => {
    let result = "";
    let at = 0;
    for (let from = 0; from <= line.length; ) {
      const match = search.find(line, from);
      if (match === null) break;
      if (match.end > match.index) {
        result += line.slice(at, match.index) + paint("ms", line.slice(match.index, match.end));
        at = match.end;
        from = match.end;
      } else from = match.index + 1;
    }
    return result + line.slice(at);
  };
  const separate = (line: number) => {
    if (search.groups && !search.only && search.groupSeparator !== undefined && state.printed && line > lastPrinted + 1)
      out.add(`${search.color ? paint("se", search.groupSeparator) : search.groupSeparator}\n`);
    state.printed = true;
    lastPrinted = line;
  };
  for (;;) {
    const block = yield* reader.block();
    if (block === undefined) break;
    let taken = 0;
    /** Up to the last line that matched: context is left to who reads on. */
    let selected = 0;
    for (const line of block) {
      taken++;
      number++;
      const at = offset;
      if (search.bytes) offset += byteLength(line) + 1;
      if (
        !search.text &&
        !binary &&
        reader.odd &&
        search.end === "\n" &&
        (line.includes("\0") || (/[\udc80-\udcff]/.test(line) && hasEscape(line)))
      ) {
        if (search.skipBinary) return;
        binary = true;
      }
      let hit: boolean;
      try {
        hit = hits < search.max && search.test(line) !== search.invert;
      } catch (error) {
        if (!(error instanceof TooComplex)) throw error;
        throw new Fatal(`${name}: exceeded PCRE's backtracking limit`, 2);
      }
      if (hit) {
        hits++;
        state.matched = true;
        if (search.quiet) return;
        if (search.files === "with" || search.files === "without") {
          if (search.files === "without") return;
          out.add(`${search.color ? paint("fn", name) : name}${search.nameEnd ?? "\n"}`);
          yield* out.flush();
          return;
        }
        if (search.count) {
          if (hits >= search.max) break;
          continue;
        }
        if (binary && !search.text) {
          yield* out.flush();
          yield* sys.printError(t.p, `${t.name}: ${name}: binary file matches\n`);
          return;
        }
        for (const earlier of held) {
          separate(earlier.number);
          out.add(`${prefix(earlier.number, earlier.offset, "-")}${earlier.text}${search.end}`);
        }
        held.length = 0;
        separate(number);
        if (bare && !search.only) out.add(line + search.end);
        else if (!search.only)
          out.add(`${prefix(number, at, ":")}${search.color && !search.invert ? highlight(line) : line}${search.end}`);
        else if (!search.invert) printMatches(line, number, at);
        after = search.after;
        selected = taken;
      } else if (after > 0 && !listed) {
        after--;
        separate(number);
        out.add(`${prefix(number, at, "-")}${search.color && search.invert ? highlight(line) : line}${search.end}`);
      } else if (search.before > 0 && !listed) {
        held.push({ text: line, number, offset: at });
        if (held.length > search.before) held.shift();
      }
      if (hits >= search.max && after === 0) {
        reader.giveBack(block.slice(selected));
        if (search.count) break;
        return yield* out.flush();
      }
    }
    yield* out.flush();
    if (hits >= search.max && after === 0) break;
  }
  if (search.quiet) return;
  if (search.count)
    out.add(
      `${search.names ? `${search.color ? paint("fn", name) : name}${search.nameEnd ?? (search.color ? paint("se", ":") : ":")}` : ""}${hits}\n`,
    );
  if (search.files === "without") {
    out.add(`${name}${search.nameEnd ?? "\n"}`);
  }

  function printMatches(line: string, lineNumber: number, at: number): void {
    for (let from = 0; from <= line.length; ) {
      const match = search.find(line, from);
      if (match === null) return;
      if (match.end > match.index) {
        const text = line.slice(match.index, match.end);
        const start = at + (search.bytes ? byteLength(line.slice(0, match.index)) : 0);
        out.add(`${prefix(lineNumber, start, ":")}${search.color ? paint("ms", text) : text}${search.end}`);
        from = match.end;
      } else from = match.index + 1;
    }
  }
}

/** True for bytes that are no UTF-8, as decoded by the kernel. */
function hasEscape(line: string): boolean {
  for (let i = 0; i < line.length; i++) {
    const unit = line.charCodeAt(i);
    if (unit < 0xdc80 || unit > 0xdcff) continue;
    const before = i > 0 ? line.charCodeAt(i - 1) : 0;
    if (before < 0xd800 || before > 0xdbff) return true;
  }
  return false;
}
