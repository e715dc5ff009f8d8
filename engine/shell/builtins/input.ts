import { concat, decode, encode, type Gen } from "../../kernel/index.ts";
import type { OpenFile } from "../../machine/open-file.ts";
import { assignArray, assignNamed, protectedName, settledName } from "../assignment.ts";
import { cannotAllocate, ShellError } from "../control.ts";
import { expandingAtOnce } from "../expand.ts";
import { singleQuote } from "../quote.ts";
import { readBounded } from "../read-bounded.ts";
import { readEdited } from "../read-edited.ts";
import { readUntil } from "../read-line.ts";
import { isReference } from "../scan.ts";
import type { Shell } from "../shell.ts";
import { handleSignals } from "../traps.ts";
import { evaluateText } from "./control.ts";
import { getopts } from "./getopts.ts";
import type { Builtin } from "./index.ts";
import { badOption, noValue, parseOptions } from "./usage.ts";

interface ReadOptions {
  raw: boolean;
  delimiter: number;
  array: string | undefined;
  prompt: string | undefined;
  /** Characters to read at most; `exact` minds no delimiter. */
  count: number | undefined;
  exact: boolean;
  /** µs. */
  timeout: number | undefined;
  fd: number;
  silent: boolean;
  /** `-e` and `-i`: the line is edited, and begins with this. */
  edited: boolean;
  initial: string | undefined;
}

const READ_OPTIONS = { bash: "ersa:d:i:n:N:p:t:u:", dash: "p:r", busybox: "d:n:p:rst:u:" };

const read: Builtin = function* (sh, args) {
  const parsed = parseOptions(args, READ_OPTIONS[sh.setup.dialect]);
  if (parsed.bad) return yield* badOption(sh, "read", parsed.bad);
  if (parsed.missing) return yield* noValue(sh, "read", parsed.missing);
  const o: ReadOptions = {
    raw: false,
    delimiter: 10,
    array: undefined,
    prompt: undefined,
    count: undefined,
    exact: false,
    timeout: undefined,
    fd: 0,
    silent: false,
    edited: false,
    initial: undefined,
  };
  for (const { letter, value } of parsed.options) {
    if (letter === "r") o.raw = true;
    else if (letter === "s") o.silent = true;
    else if (letter === "e") o.edited = true;
    else if (letter === "i") o.initial = value;
    else if (letter === "a") o.array = value;
    else if (letter === "d") o.delimiter = value === "" ? 0 : encode(value!)[0]!;
    else if (letter === "p") o.prompt = value;
    else if (letter === "n" || letter === "N") {
      if (!/^\d+$/.test(value!)) {
        yield* sh.complain(`read: ${value}: invalid number`);
        return 1;
      }
      o.count = Number(value);
      o.exact = letter === "N";
    } else if (letter === "t") {
      if (!/^(\d+\.?\d*|\.\d+)$/.test(value!)) {
        yield* sh.complain(`read: ${value}: invalid timeout specification`);
        return 1;
      }
      o.timeout = Math.round(Number(value) * 1e6);
    } else if (letter === "u") {
      if (!/^\d+$/.test(value!)) {
        yield* sh.complain(`read: ${value}: invalid file descriptor specification`);
        return 1;
      }
      o.fd = Number(value);
    }
  }
  if (parsed.rest.length === 0 && sh.setup.dialect === "dash") {
    yield* sh.complain("read: arg count");
    return 2;
  }
  const names = parsed.rest.map((name) => protectedName(sh, name));
  for (const name of names) {
    if (isReference(name)) continue;
    yield* sh.complain(`read: \`${name}': not a valid identifier`);
    return 1;
  }
  const file = sh.p.fds.get(o.fd);
  if (file === undefined || !file.readable) {
    yield* sh.complain(
      o.fd === 0
        ? `read: read error: ${o.fd}: Bad file descriptor`
        : `read: ${o.fd}: invalid file descriptor: Bad file descriptor`,
    );
    return 1;
  }
  if (file.node?.kind === "dir") {
    yield* sh.complain(`read: read error: ${o.fd}: Is a directory`);
    return 1;
  }
  return yield* readInto(sh, file, o, names);
};

/** TMOUT, in µs: how long `read` waits where it is not told. */
function standingTimeout(sh: Shell): number | undefined {
  const value = sh.setup.dialect === "bash" ? sh.get("TMOUT") : undefined;
  return value && /^\d*\.?\d*$/.test(value) && Number(value) > 0 ? Math.round(Number(value) * 1e6) : undefined;
}

function* readInto(sh: Shell, file: OpenFile, o: ReadOptions, names: readonly string[]): Gen<number> {
  o.timeout ??= standingTimeout(sh);
  // `-t 0` only tells whether there is something to read.
  if (o.timeout === 0) {
    const waits = file.pipe !== undefined && file.pipe.size === 0 && file.pipe.writers > 0;
    return waits || file.tty !== undefined ? 1 : 0;
  }
  if (o.count === 0) {
    yield* expandingAtOnce(sh, () => store(sh, "", o, names));
    return 0;
  }
  const { tty } = file;
  const simple = o.count === undefined && o.timeout === undefined && o.delimiter === 10;
  if (tty && o.edited && o.fd === 0 && simple) {
    yield* sh.settle();
    const got = yield* readEdited(sh, tty, o, (text) => o.raw || !endsInBackslash(text));
    yield* storeNamed(sh, o.raw ? got.text : unprotect(got.text), o, names);
    return got.ended ? 1 : 0;
  }
  if (o.prompt !== undefined && tty) yield* sh.writeTo(2, o.prompt);
  const modes = tty?.termios;
  if (tty && (o.silent || o.count !== undefined || o.delimiter !== 10)) {
    tty.termios = {
      ...tty.termios,
      echo: tty.termios.echo && !o.silent,
      icanon: tty.termios.icanon && o.count === undefined && o.delimiter === 10,
    };
  }
  let text: string;
  let ended: boolean;
  let timedOut = false;
  try {
    yield* sh.settle();
    const got = yield* line(sh, file, o);
    text = got.text;
    ended = got.ended;
    timedOut = got.timedOut;
  } finally {
    if (tty && modes) tty.termios = modes;
  }
  yield* storeNamed(sh, text, o, names);
  return timedOut ? 142 : ended ? 1 : 0;
}

function* storeNamed(sh: Shell, text: string, o: ReadOptions, names: readonly string[]): Gen<void> {
  const settled: string[] = [];
  for (const name of names) settled.push(yield* settledName(sh, name));
  yield* expandingAtOnce(sh, () => store(sh, text, o, settled));
}

/** Marks a character that a backslash made ordinary. */
const ESCAPED = "\uF8FE";

function* line(sh: Shell, file: OpenFile, o: ReadOptions): Gen<{ text: string; ended: boolean; timedOut: boolean }> {
  if (o.count !== undefined || o.timeout !== undefined) {
    const deadline = o.timeout === undefined ? undefined : sh.p.machine.kernel.now + o.timeout;
    return yield* readBounded(sh, file, { ...o, deadline });
  }
  const parts: string[] = [];
  for (;;) {
    const got = yield* readUntil(file, o.delimiter, sh.p);
    let text = decode(got.bytes);
    if (o.delimiter !== 0 && text.includes("\0")) text = text.replaceAll("\0", "");
    parts.push(text);
    if (got.interrupted) {
      yield* handleSignals(sh);
      if (sh.interruptPending) throw new ShellError("", "discard", 130);
      continue;
    }
    if (!o.raw && !got.ended && endsInBackslash(parts.join(""))) {
      if (o.delimiter === 10) parts.push(parts.pop()!.slice(0, -1));
      else parts.push(String.fromCharCode(o.delimiter));
      continue;
    }
    return { text: o.raw ? parts.join("") : unprotect(parts.join("")), ended: got.ended, timedOut: false };
  }
}

function endsInBackslash(text: string): boolean {
  let count = 0;
  while (text[text.length - 1 - count] === "\\") count++;
  return count % 2 === 1;
}

function unprotect(text: string): string {
  return text.includes("\\")
    ? text.replace(/\\([\s\S])/g, (_whole, c: string) => (c === "\n" ? "" : ESCAPED + c)).replace(/\\$/, "")
    : text;
}

function plain(text: string): string {
  return text.replaceAll(ESCAPED, "");
}

/** Splits a line into `count` fields by IFS: the last one keeps the rest (`count` undefined: all fields). */
export function splitLine(text: string, ifs: string, count: number | undefined): string[] {
  const fields: string[] = [];
  const space = (c: string | undefined) =>
    c !== undefined && ifs.includes(c) && (c === " " || c === "\t" || c === "\n");
  const special = (c: string | undefined) => c !== undefined && c !== "" && ifs.includes(c);
  let i = 0;
  while (space(text[i])) i++;
  while (i < text.length) {
    if (count !== undefined && fields.length === count - 1) {
      fields.push(lastField(text.slice(i), space, special));
      return fields;
    }
    let field = "";
    while (i < text.length && !special(text[i])) {
      if (text[i] === ESCAPED) field += text[++i] ?? "";
      else field += text[i];
      i++;
    }
    fields.push(field);
    while (space(text[i])) i++;
    if (special(text[i]) && !space(text[i])) {
      i++;
      while (space(text[i])) i++;
    }
  }
  return fields;
}

/** What is left for the last variable: one word with the delimiter behind it, or all of it without the blanks at its end. */
function lastField(
  text: string,
  space: (c: string | undefined) => boolean,
  special: (c: string | undefined) => boolean,
): string {
  let i = 0;
  while (i < text.length && !special(text[i])) i += text[i] === ESCAPED ? 2 : 1;
  const word = text.slice(0, i);
  while (space(text[i])) i++;
  if (special(text[i]) && !space(text[i])) {
    i++;
    while (space(text[i])) i++;
  }
  if (i >= text.length) return plain(word);
  let end = text.length;
  // Blanks at the end go, protected ones too.
  while (end > 0 && space(text[end - 1])) end -= text[end - 2] === ESCAPED ? 2 : 1;
  return plain(text.slice(0, end));
}

function store(sh: Shell, text: string, o: ReadOptions, names: readonly string[]): void {
  const ifs = sh.ifs();
  if (o.array !== undefined) {
    assignArray(
      sh,
      o.array,
      splitLine(text, ifs, undefined).map((value) => ({ index: undefined, value, append: false })),
      false,
    );
    return;
  }
  if (o.exact) {
    assignNamed(sh, names[0] ?? "REPLY", plain(text));
    for (const name of names.slice(1)) assignNamed(sh, name, "");
    return;
  }
  if (names.length === 0) {
    assignNamed(sh, "REPLY", plain(text));
    return;
  }
  const fields = splitLine(text, ifs, names.length);
  names.forEach((name, i) => {
    assignNamed(sh, name, fields[i] ?? "");
  });
}

/** Most lines that `mapfile` takes in. */
const MAX_LINES = 1_000_000;

const mapfile: Builtin = function* (sh, args, { name }) {
  const parsed = parseOptions(args, "d:n:O:s:tu:C:c:");
  if (parsed.bad) return yield* badOption(sh, name, parsed.bad);
  if (parsed.missing) return yield* noValue(sh, name, parsed.missing);
  const value = (letter: string) => parsed.options.find((option) => option.letter === letter)?.value;
  const number = (letter: string, otherwise: number) => Number(value(letter) ?? otherwise);
  const target = parsed.rest[0] ?? "MAPFILE";
  if (!/^[A-Za-z_]\w*$/.test(target)) {
    yield* sh.complain(`${name}: \`${target}': not a valid identifier`);
    return 1;
  }
  const counts = { n: "line count", O: "array origin", s: "line count", c: "callback quantum" };
  for (const [letter, what] of Object.entries(counts)) {
    const given = value(letter);
    if (given === undefined || (/^\d+$/.test(given) && !(letter === "c" && Number(given) === 0))) continue;
    yield* sh.complain(`${name}: ${given}: invalid ${what}`);
    return 1;
  }
  if (sh.vars.find(sh.vars.target(target))?.map) {
    yield* sh.complain(`${name}: ${target}: not an indexed array`);
    return 1;
  }
  const file = sh.p.fds.get(number("u", 0));
  if (file === undefined) {
    yield* sh.complain(`${name}: ${value("u")}: invalid file descriptor: Bad file descriptor`);
    return 1;
  }
  const delimiter = value("d") === undefined ? 10 : value("d") === "" ? 0 : encode(value("d")!)[0]!;
  const keepDelimiter = !parsed.options.some((option) => option.letter === "t");
  const limit = number("n", 0);
  const origin = value("O") === undefined ? undefined : number("O", 0);
  const elements: { index: string | undefined; value: string; append: boolean }[] = [];
  let skip = number("s", 0);
  const quantum = number("c", 5000);
  const callback = value("C");
  /** How many lines are in the array already. */
  let kept = 0;
  const store = function* (lines: typeof elements): Gen<void> {
    const append = origin !== undefined || kept > 0;
    yield* expandingAtOnce(sh, () => assignArray(sh, target, lines, append));
    kept += lines.length;
  };
  yield* sh.settle();
  for (;;) {
    if (limit > 0 && kept + elements.length >= limit) break;
    if (elements.length > MAX_LINES) throw cannotAllocate(48 * elements.length, "xmalloc");
    const got = yield* readUntil(file, delimiter);
    if (got.ended && got.bytes.length === 0) break;
    if (skip > 0) skip--;
    else {
      const bytes = keepDelimiter && !got.ended ? concat([got.bytes, Uint8Array.of(delimiter)]) : got.bytes;
      const index = (origin ?? 0) + kept + elements.length;
      const end = bytes.indexOf(0);
      const text = decode(end < 0 ? bytes : bytes.subarray(0, end));
      elements.push({
        index: origin === undefined && kept === 0 ? undefined : String(index),
        value: text,
        append: false,
      });
      if (callback !== undefined && (kept + elements.length) % quantum === 0) {
        // It sees the lines before this one.
        yield* store(elements.splice(0, elements.length - 1));
        yield* evaluateText(sh, `${callback} ${index} ${singleQuote(text)}`);
      }
    }
    if (got.ended) break;
  }
  yield* store(elements);
  return 0;
};

export const inputBuiltins: Record<string, Builtin> = { read, mapfile, readarray: mapfile, getopts };
