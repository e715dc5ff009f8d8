import { decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { exitCode, type Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { C_ESCAPES } from "../../text/escapes.ts";
import { readWhole } from "../io.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal, type Tool, tool } from "../tool.ts";
import { searchPath } from "./env.ts";

/** xargs(1) of findutils. */
export const xargs = tool(
  {
    name: "xargs",
    short: "+0a:d:E:e::I:i::L:l::n:oprs:txP:",
    long: "null=0 arg-file:=a delimiter:=d eof::=E replace::=I max-args:=n interactive=p no-run-if-empty=r max-chars:=s verbose=t exit=x max-procs:=P open-tty=o process-slot-var:=slot show-limits=limits max-lines::=l",
    usage: "[OPTION]... COMMAND [INITIAL-ARGS]...",
    about: "Run COMMAND with arguments INITIAL-ARGS and more arguments read from input.",
    version: "xargs (GNU findutils) 4.10.0",
  },
  function* (t, o) {
    const count = (key: string): number | undefined => {
      const text = o.value(key);
      if (text === undefined) return undefined;
      if (!/^\d+$/.test(text))
        throw new Fatal(`invalid number "${text}" for -${key} option\nTry 'xargs --help' for more information.`);
      if (Number(text) < 1 && key !== "P")
        throw new Fatal(`value ${text} for -${key} option should be >= 1\nTry 'xargs --help' for more information.`);
      return Number(text);
    };
    const replace = o.has("I", "i") ? (o.value("I", "i") ?? "{}") : undefined;
    const perCall = count("n");
    const perLines = o.has("l") ? (count("l") ?? 1) : count("L");
    const command = o.operands.length > 0 ? o.operands : ["echo"];
    const room = count("s");
    const workers = count("P") ?? 1;
    const from = o.value("a");
    let input = 0;
    if (from !== undefined) {
      try {
        input = sys.open(t.p, from);
      } catch (error) {
        if (!isErrno(error)) throw error;
        throw new Fatal(`Cannot open input file ‘${from}’: ${error.message}`);
      }
    }
    for (const warning of conflicts(o)) yield* t.error(`warning: ${warning}`, 0);
    const text = decode(yield* readWhole(t.p, input));
    t.close(input);
    const given = o.value("d");
    const delimiter = o.has("0") ? "\0" : given === undefined ? undefined : delimiterOf(given);
    if (delimiter === undefined && text.includes("\0"))
      yield* t.error(
        "WARNING: a NUL character occurred in the input.  It cannot be passed through in the argument list.  Did you mean to use the --null option?",
        0,
      );
    let items: string[];
    let lines: string[][];
    /** A quote that is not closed: what stands before it is still done. */
    let fault: Fatal | undefined;
    if (delimiter !== undefined) {
      items = text.split(delimiter);
      if (items.at(-1) === "") items.pop();
      lines = items.map((item) => [item]);
    } else if (replace !== undefined) {
      lines = [];
      for (const line of text.split("\n")) {
        if (line.trim() === "") continue;
        const item = unquote(line.replace(/^[ \t]+/, ""));
        if (item instanceof Fatal) {
          fault = item;
          break;
        }
        lines.push([item]);
      }
      items = lines.flat();
    } else {
      ({ lines, fault } = words(text));
      if (fault && (perLines !== undefined || o.has("x"))) lines.pop();
      const stop = o.value("E", "e");
      if (stop) {
        const at = lines.findIndex((line) => line.includes(stop));
        if (at >= 0) lines = [...lines.slice(0, at), lines[at]!.slice(0, lines[at]!.indexOf(stop))];
      }
      items = lines.flat();
    }
    const running = new Set<Process>();
    const run = function* (argv: readonly string[]): Gen<boolean> {
      if (o.has("p")) {
        yield* sys.printError(t.p, argv.join(" "));
        if (!(yield* confirmed(t))) return true;
      } else if (o.has("t")) yield* sys.printError(t.p, `${argv.join(" ")}\n`);
      while (running.size >= (workers === 0 ? 1000 : workers)) yield* collect(t, running, argv[0]!);
      yield* start(t, argv, running, { ownInput: from !== undefined, tty: o.has("o"), slot: o.value("slot") });
      if (workers === 1) yield* collect(t, running, argv[0]!);
      return true;
    };
    if (replace !== undefined) {
      const filled = (item: string) =>
        o.operands.length === 0 ? command : command.map((word) => word.split(replace).join(item));
      for (const item of items) if (!(yield* run(filled(item)))) break;
      while (running.size > 0) yield* collect(t, running, command[0]!);
      if (fault) throw fault;
      return t.status;
    }
    const groups: string[][] = [];
    if (perLines !== undefined)
      for (let i = 0; i < lines.length; i += perLines) groups.push(lines.slice(i, i + perLines).flat());
    else {
      const most = perCall ?? Number.POSITIVE_INFINITY;
      let size = 0;
      const own = room === undefined ? 0 : command.reduce((all, word) => all + word.length + 1, 0);
      let group: string[] = [];
      for (const item of items) {
        if (room !== undefined && own + item.length + 1 > room) throw new Fatal("argument line too long");
        if (group.length >= most || own + size + item.length + 1 > (room ?? 128_000)) {
          if (o.has("x") && group.length < most) throw new Fatal("argument list too long");
          groups.push(group);
          group = [];
          size = 0;
        }
        group.push(item);
        size += item.length + 1;
      }
      if (group.length > 0) groups.push(group);
    }
    if (groups.length === 0 && !o.has("r") && !fault) groups.push([]);
    for (const group of groups) if (!(yield* run([...command, ...group]))) break;
    while (running.size > 0) yield* collect(t, running, command[0]!);
    if (fault) throw fault;
    return t.status;
  },
);

/** The character that -d names. Throws `Fatal` for what is none. */
function delimiterOf(word: string): string {
  const chars = [...word];
  if (chars.length === 1) return word;
  const code = /^\\(?:x([0-9a-fA-F]+)|([0-7]+))$/.exec(word);
  if (code !== null) return String.fromCharCode(Number.parseInt(code[1] ?? code[2]!, code[1] === undefined ? 8 : 16));
  const letter = /^\\(.)$/.exec(word);
  if (letter !== null && C_ESCAPES[letter[1]!] !== undefined) return C_ESCAPES[letter[1]!]!;
  throw new Fatal(
    word.startsWith("\\")
      ? `Invalid escape sequence ${word} in input delimiter specification.`
      : `Invalid input delimiter specification ${word}: the delimiter must be either a single character or an escape sequence starting with \\.`,
  );
}

/** -n, -L and -I make groups in ways that exclude each other: the last holds. */
function conflicts(o: ParsedOptions): string[] {
  const names: Record<string, string> = {
    n: "--max-args",
    L: "--max-lines/-l",
    l: "--max-lines/-l",
    I: "--replace/-I/-i",
    i: "--replace/-I/-i",
  };
  const out: string[] = [];
  let before: string | undefined;
  for (const { key, value } of o.list) {
    const name = key === "L" ? "-L" : names[key];
    if (name === undefined) continue;
    // xargs -I {} -n 1 is no conflict: one argument at a time is what -I takes.
    if (before !== undefined && before !== name && !(before === names.I && key === "n" && value === "1"))
      out.push(`options ${before} and ${name} are mutually exclusive, ignoring previous ${before} value`);
    before = name;
  }
  return out;
}

interface Launch {
  /** With -a it reads what xargs does not. */
  ownInput: boolean;
  /** -o: its input is the terminal. */
  tty: boolean;
  /** The variable of --process-slot-var. */
  slot: string | undefined;
}

/** Starts one command. */
function* start(t: Tool, argv: readonly string[], running: Set<Process>, { ownInput, tty, slot }: Launch): Gen<void> {
  const name = argv[0]!;
  const path = searchPath(t.p, name);
  try {
    if (path === undefined) throw new Fatal(`${name}: No such file or directory`, 127);
    const fds = new Map(t.p.fds);
    if (tty) fds.set(0, sys.openFile(t.p, "/dev/tty", { read: true }));
    else if (!ownInput) fds.set(0, sys.openFile(t.p, "/dev/null", { read: true }));
    const env = slot === undefined ? undefined : new Map([...t.p.env, [slot, String(running.size)]]);
    running.add(yield* sys.spawn(t.p, path, { argv, fds, ...(env && { env }) }));
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Fatal(`${name}: ${error.message}`, error.code === "ENOENT" ? 127 : 126);
  }
}

/** Waits for one of the running commands. Throws `Fatal` where xargs starts no more. */
function* collect(t: Tool, running: Set<Process>, name: string): Gen<void> {
  const { process, status } = (yield* sys.waitFor(t.p, (child) => running.has(child)))!;
  running.delete(process);
  const code = exitCode(status);
  if (status.kind === "signaled") throw new Fatal(`${name}: terminated by signal ${code - 128}`, 125);
  if (code === 255) throw new Fatal(`${name}: exited with status 255; aborting`, 124);
  if (code !== 0) t.status = 123;
}

/** -p: an answer from the terminal. */
function* confirmed(t: Tool): Gen<boolean> {
  let fd: number;
  try {
    fd = sys.open(t.p, "/dev/tty");
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Fatal(`failed to open /dev/tty for reading: ${error.message}`);
  }
  yield* sys.printError(t.p, "?...");
  const answer = decode(yield* sys.read(t.p, fd));
  t.close(fd);
  return /^[yY]/.test(answer);
}

/** Words of each line, with quotes and backslashes as xargs has them; a line ending in a blank goes on. */
function words(text: string): { lines: string[][]; fault: Fatal | undefined } {
  const lines: string[][] = [];
  let line: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  let fault: Fatal | undefined;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (quote !== undefined) {
      if (char === quote) quote = undefined;
      else if (char === "\n") break;
      else word += char;
    } else if (char === "'" || char === '"') {
      quote = char;
      word ??= "";
    } else if (char === "\\" && i + 1 < text.length) word = (word ?? "") + text[++i];
    else if (char === " " || char === "\t" || char === "\n") {
      const blankBefore = i > 0 && (text[i - 1] === " " || text[i - 1] === "\t");
      if (word !== undefined) line.push(word);
      word = undefined;
      if (char === "\n" && line.length > 0 && !blankBefore) {
        lines.push(line);
        line = [];
      }
    } else word = (word ?? "") + char;
  }
  if (quote !== undefined) fault = unmatched(quote);
  else if (word !== undefined) line.push(word);
  if (line.length > 0 || fault) lines.push(line);
  // Nothing behind a NUL character reaches a command.
  return { lines: lines.map((list) => list.map((one) => one.split("\0")[0]!)), fault };
}

function unquote(line: string): string | Fatal {
  let out = "";
  let quote: string | undefined;
  for (let i = 0; i < line.length; i++) {
    const char = line[i]!;
    if (quote !== undefined) {
      if (char === quote) quote = undefined;
      else out += char;
    } else if (char === "'" || char === '"') quote = char;
    else if (char === "\\" && i + 1 < line.length) out += line[++i];
    else out += char;
  }
  return quote === undefined ? out : unmatched(quote);
}

function unmatched(quote: string): Fatal {
  const kind = quote === "'" ? "single" : "double";
  return new Fatal(`unmatched ${kind} quote; by default quotes are special to xargs unless you use the -0 option`);
}
