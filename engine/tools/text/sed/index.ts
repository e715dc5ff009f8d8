import { call, cpu, decode, encode, type Gen } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import type { FileNode } from "../../../machine/inode.ts";
import * as sys from "../../../machine/sys.ts";
import type { Regex } from "../../../text/regex/index.ts";
import { LineReader, Output } from "../../io.ts";
import { Fatal, type Tool, tool } from "../../tool.ts";
import { type Address, type Command, parseScript, ScriptError, type Source, type Substitution } from "./script.ts";

/** sed(1) of GNU sed 4.9. */
export const sed = tool(
  {
    name: "sed",
    short: "bsnrzuEe:f:l:i::V:",
    long: "binary=b regexp-extended=E debug=debug in-place::=i expression:=e file:=f line-length:=l null-data=z zero-terminated=z quiet=n silent=n posix=posix separate=s unbuffered=u sandbox=sandbox follow-symlinks=fs",
    usage: "[OPTION]... {script-only-if-no-other-script} [input-file]...",
    about: "",
    version: "sed (GNU sed) 4.9",
  },
  function* (t, o) {
    const sources: Source[] = [];
    const operands = [...o.operands];
    let expressions = 0;
    for (const { key, value } of o.list) {
      if (key === "e") sources.push({ name: `-e expression #${++expressions}`, text: value!, isFile: false });
      if (key === "f") {
        try {
          const text = value === "-" ? decode(yield* sys.readAll(t.p, 0)) : decode(yield* sys.readPath(t.p, value!));
          sources.push({ name: value!, text: text.replace(/\n$/, ""), isFile: true });
        } catch (error) {
          if (!isErrno(error)) throw error;
          throw new Fatal(`couldn't open file ${value}: ${error.message}`, 4);
        }
      }
    }
    if (sources.length === 0) {
      const script = operands.shift();
      if (script === undefined) {
        yield* sys.printError(t.p, `Usage: ${t.name} [OPTION]... {script-only-if-no-other-script} [input-file]...\n\n`);
        return 1;
      }
      sources.push({ name: "-e expression #1", text: script, isFile: false });
    }
    // `-e 'a\' -e text`: the backslash joins them.
    for (let i = sources.length - 2; i >= 0; i--) {
      if (!/(^|[^\\])(\\\\)*\\$/.test(sources[i]!.text)) continue;
      sources[i]!.text += `\n${sources[i + 1]!.text}`;
      sources.splice(i + 1, 1);
    }
    let quiet = o.has("n");
    const first = sources[0]!.text;
    if (first === "#n" || first.startsWith("#n\n")) quiet = true;
    const inPlace = o.has("i");
    let commands: Command[];
    try {
      commands = parseScript(sources, { extended: o.has("E", "r"), separate: o.has("s") || inPlace });
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error;
      throw new Fatal(error.message, error.status);
    }
    const machine = new SedMachine(t, commands, {
      quiet,
      separate: o.has("s") || inPlace,
      inPlace,
      suffix: o.value("i") ?? "",
      end: o.has("z") ? "\0" : "\n",
      wrap: Number(o.value("l") ?? 70),
    });
    return yield* call(machine.run(operands.length > 0 ? operands : ["-"]));
  },
);

interface SedOptions {
  quiet: boolean;
  separate: boolean;
  inPlace: boolean;
  suffix: string;
  end: string;
  wrap: number;
}

/** What a cycle ends with. */
type CycleEnd = "next" | "restart" | "quit" | "quit-silently";

class SedMachine {
  private readonly t: Tool;
  private readonly commands: readonly Command[];
  private readonly options: SedOptions;
  private out: Output;
  private readonly files: string[] = [];
  private reader: LineReader | undefined;
  private fd = 0;
  private fileName = "-";
  private edited: { node: FileNode; parts: string[] } | undefined;
  private pattern = "";
  private hold = "";
  private line = 0;
  private terminated = true;
  private queue: (() => Gen<void>)[] = [];
  private readonly outputs = new Map<string, Output>();
  private readonly readers = new Map<string, LineReader | undefined>();
  private lastRegex: Regex | undefined;
  private replaced = false;
  private steps = 0;
  private exitCode = 0;

  constructor(t: Tool, commands: readonly Command[], options: SedOptions) {
    this.t = t;
    this.commands = commands;
    this.options = options;
    this.out = t.out;
  }

  *run(files: readonly string[]): Gen<number> {
    this.files.push(...files);
    for (const command of this.commands) {
      if (command.name === "w" || command.name === "W") this.openOutput(command.text);
      if (command.substitution?.file !== undefined) this.openOutput(command.substitution.file);
    }
    let end: CycleEnd = "next";
    for (;;) {
      if (end !== "restart" && !(yield* this.read())) break;
      end = yield* this.cycle();
      if (end === "quit" || end === "next") {
        if (!this.options.quiet && !this.deleted) this.emit(this.pattern, this.terminated);
      }
      this.deleted = false;
      if (end !== "quit-silently") yield* this.flushQueue();
      if (this.out.full) yield* this.out.flush();
      if (end === "quit" || end === "quit-silently") {
        yield* this.finishFile(true);
        break;
      }
    }
    yield* this.out.flush();
    for (const output of this.outputs.values()) yield* output.flush();
    return this.exitCode || this.t.status;
  }

  private deleted = false;
  /** The last output had no newline at its end. */
  private openEnd = false;

  private openOutput(path: string): void {
    if (this.outputs.has(path)) return;
    if (path === "/dev/stdout") this.outputs.set(path, this.out);
    else if (path === "/dev/stderr") this.outputs.set(path, new Output(this.t.p, 2));
    else {
      try {
        const fd = sys.open(this.t.p, path, { write: true, create: true, truncate: true });
        this.outputs.set(path, new Output(this.t.p, fd));
      } catch (error) {
        if (!isErrno(error)) throw error;
        throw new Fatal(`couldn't open file ${path}: ${error.message}`, 4);
      }
    }
  }

  private emit(text: string, terminated = true): void {
    this.emitRaw(terminated ? text + this.options.end : text);
    this.openEnd = !terminated;
  }

  // ---- input --------------------------------------------------------------------------------------------------------

  /** Opens the next readable file; false when there is none. */
  private *nextFile(): Gen<boolean> {
    for (;;) {
      const path = this.files.shift();
      if (path === undefined) return false;
      this.fileName = path;
      if (path === "-" && !this.options.inPlace) {
        this.fd = 0;
        this.reader = new LineReader(this.t.p, 0, this.options.end);
        return true;
      }
      try {
        const node = sys.stat(this.t.p, path);
        if (this.options.inPlace && node.kind !== "file") {
          yield* this.t.error(`couldn't edit ${path}: not a regular file`, 4);
          continue;
        }
        if (node.kind === "dir") {
          yield* this.t.error(`read error on ${path}: Is a directory`, 2);
          continue;
        }
        this.fd = sys.open(this.t.p, path);
        this.reader = new LineReader(this.t.p, this.fd, this.options.end);
        if (this.options.inPlace && node.kind === "file") this.edited = { node, parts: [] };
        if (this.options.separate) this.line = 0;
        return true;
      } catch (error) {
        if (!isErrno(error)) throw error;
        yield* this.t.error(`can't read ${path}: ${error.message}`, 2);
      }
    }
  }

  /** Ends the current file: with -i its new text is put in its place. */
  private *finishFile(copyRest: boolean): Gen<void> {
    if (this.reader === undefined) return;
    if (this.edited && copyRest) {
      for (;;) {
        const line = yield* this.reader.line();
        if (line === undefined) break;
        this.emit(line, !this.reader.lastUnterminated);
      }
    }
    if (this.edited) {
      const { node, parts } = this.edited;
      const { p } = this.t;
      if (this.options.suffix !== "") {
        const slash = this.fileName.lastIndexOf("/") + 1;
        const base = this.fileName.slice(slash);
        const name = this.options.suffix.includes("*")
          ? this.options.suffix.split("*").join(base)
          : base + this.options.suffix;
        sys.writeText(
          p,
          name.includes("/") ? name : this.fileName.slice(0, slash) + name,
          node.content.bytes().slice(),
        );
      }
      // As sed does it: a new file takes the name.
      const bytes = encode(parts.join(""));
      const temporary = `${this.fileName}.sed${node.ino}`;
      try {
        sys.writeText(p, temporary, bytes);
        const made = sys.stat(p, temporary);
        made.mode = node.mode;
        made.uid = node.uid;
        made.gid = node.gid;
        sys.rename(p, temporary, this.fileName);
      } catch (error) {
        if (!isErrno(error)) throw error;
        const slash = this.fileName.lastIndexOf("/");
        const dir = slash < 0 ? "./" : this.fileName.slice(0, slash + 1);
        throw new Fatal(`couldn't open temporary file ${dir}sedXXXXXX: ${error.message}`, 4);
      }
      this.edited = undefined;
      this.openEnd = false;
    }
    this.t.close(this.fd);
    this.fd = 0;
    this.reader = undefined;
  }

  /** The next input line, or undefined; opens files as needed. */
  private *fetch(): Gen<string | undefined> {
    for (;;) {
      if (this.reader === undefined && !(yield* this.nextFile())) return undefined;
      const reader = this.reader!;
      if (!reader.ready) {
        yield* this.out.flush();
        for (const output of this.outputs.values()) yield* output.flush();
        if (!(yield* reader.fill())) {
          yield* this.finishFile(false);
          continue;
        }
      }
      const line = reader.take()!;
      this.line++;
      this.terminated = !reader.lastUnterminated;
      // A newline missing at the end of one file is put in when another follows.
      return line;
    }
  }

  private *read(): Gen<boolean> {
    const line = yield* this.fetch();
    if (line === undefined) return false;
    this.pattern = line;
    this.replaced = false;
    return true;
  }

  /** True when no input line is left (in this file, with -s or -i). */
  private *atEnd(): Gen<boolean> {
    for (;;) {
      if (this.reader === undefined) {
        if (this.options.separate && this.line > 0 && this.files.length === 0) return true;
        if (!(yield* this.nextFile())) return true;
      }
      if (this.reader!.ready) return false;
      yield* this.out.flush();
      if (yield* this.reader!.fill()) return false;
      if (this.options.separate || this.files.length === 0) return true;
      yield* this.finishFile(false);
    }
  }

  // ---- addresses ----------------------------------------------------------------------------------------------------

  private matches(regex: Regex | undefined): boolean {
    const used = regex ?? this.lastRegex;
    if (used === undefined) throw new Fatal("-e expression #1, char 0: no previous regular expression");
    this.lastRegex = used;
    return used.test(this.pattern);
  }

  private *holds(address: Address): Gen<boolean> {
    switch (address.kind) {
      case "line":
        return this.line === address.line;
      case "last":
        return yield* this.atEnd();
      case "regex":
        return this.matches(address.regex);
      case "step":
        if (address.step === 0) return this.line === address.first;
        return this.line >= address.first && (this.line - address.first) % address.step === 0;
      default:
        return false;
    }
  }

  private *selected(command: Command): Gen<boolean> {
    const { from, to } = command;
    if (from === undefined) return true;
    if (to === undefined) return yield* this.holds(from);
    if (!command.active) {
      const zero = from.kind === "line" && from.line === 0;
      if (zero && this.line === 1) {
        command.active = true;
        command.endLine = Number.POSITIVE_INFINITY;
        if (to.kind === "regex" && this.matches(to.regex)) command.active = false;
        return true;
      }
      if (zero || !(yield* this.holds(from))) return false;
      if (to.kind === "line") command.endLine = to.line;
      else if (to.kind === "plus") command.endLine = this.line + to.count;
      else if (to.kind === "multiple")
        command.endLine = to.of === 0 ? this.line : this.line + to.of - (this.line % to.of);
      else command.endLine = Number.POSITIVE_INFINITY;
      command.active = command.endLine > this.line;
      if (to.kind === "last" && (yield* this.atEnd())) command.active = false;
      return true;
    }
    if (to.kind === "regex") {
      if (this.matches(to.regex)) command.active = false;
      return true;
    }
    if (to.kind === "last") {
      if (yield* this.atEnd()) command.active = false;
      return true;
    }
    if (this.line >= command.endLine) command.active = false;
    // A line address behind the range's start ends it without this line.
    return this.line <= command.endLine;
  }

  // ---- commands -----------------------------------------------------------------------------------------------------

  private *cycle(): Gen<CycleEnd> {
    const { commands } = this;
    for (let i = 0; i < commands.length; i++) {
      const command = commands[i]!;
      if (++this.steps % 256 === 0) yield* cpu(100);
      if (command.from !== undefined || command.negate) {
        if ((yield* this.selected(command)) === command.negate) {
          if (command.name === "{") i = command.target;
          continue;
        }
      }
      switch (command.name) {
        case "{":
        case "}":
        case ":":
          break;
        case "s":
          if (this.substitute(command.substitution!)) {
            this.replaced = true;
            if (command.substitution!.print) this.emit(this.pattern);
            if (command.substitution!.file !== undefined)
              this.outputs.get(command.substitution!.file)!.add(this.pattern + this.options.end);
          }
          break;
        case "p":
          this.emit(this.pattern, this.terminated);
          break;
        case "P": {
          const at = this.pattern.indexOf("\n");
          this.emit(at < 0 ? this.pattern : this.pattern.slice(0, at));
          break;
        }
        case "d":
          this.deleted = true;
          return "next";
        case "D": {
          const at = this.pattern.indexOf("\n");
          if (at < 0) {
            this.deleted = true;
            return "next";
          }
          this.pattern = this.pattern.slice(at + 1);
          return "restart";
        }
        case "n":
          if (yield* this.atEnd()) return this.options.quiet ? "quit-silently" : "quit";
          if (!this.options.quiet) this.emit(this.pattern, this.terminated);
          yield* this.flushQueue();
          this.pattern = (yield* this.fetch())!;
          break;
        case "N": {
          if (yield* this.atEnd()) return this.options.quiet ? "quit-silently" : "quit";
          yield* this.flushQueue();
          this.pattern += this.options.end + (yield* this.fetch())!;
          break;
        }
        case "g":
          this.pattern = this.hold;
          break;
        case "G":
          this.pattern += this.options.end + this.hold;
          break;
        case "h":
          this.hold = this.pattern;
          break;
        case "H":
          this.hold += this.options.end + this.pattern;
          break;
        case "x":
          [this.pattern, this.hold] = [this.hold, this.pattern];
          break;
        case "z":
          this.pattern = "";
          break;
        case "=":
          this.emitRaw(`${this.line}\n`);
          break;
        case "F":
          this.emitRaw(`${this.fileName}\n`);
          break;
        case "l":
          this.emitRaw(`${listing(this.pattern, command.number ?? this.options.wrap)}\n`);
          break;
        case "y": {
          let text = "";
          for (const char of this.pattern) text += command.map!.get(char) ?? char;
          this.pattern = text;
          break;
        }
        case "a":
          this.later(command.text);
          break;
        case "i":
          this.emitRaw(command.text);
          break;
        case "c":
          if (command.to === undefined || !command.active || command.negate) this.emitRaw(command.text);
          this.deleted = true;
          return "next";
        case "r":
          this.queueFile(command.text);
          break;
        case "R":
          yield* this.queueLine(command.text);
          break;
        case "w":
          this.outputs.get(command.text)!.add(this.pattern + this.options.end);
          break;
        case "W":
          this.outputs.get(command.text)!.add(this.pattern.split("\n")[0]! + this.options.end);
          break;
        case "q":
          this.exitCode = command.number ?? 0;
          return "quit";
        case "Q":
          this.exitCode = command.number ?? 0;
          return "quit-silently";
        case "b":
          i = command.target - 1;
          break;
        case "t":
          if (this.replaced) {
            this.replaced = false;
            i = command.target - 1;
          }
          break;
        case "T":
          if (!this.replaced) i = command.target - 1;
          this.replaced = false;
          break;
      }
    }
    return "next";
  }

  private emitRaw(text: string): void {
    // Whatever follows a line without newline begins on a line of its own.
    if (this.openEnd && text !== "") {
      this.openEnd = false;
      this.emitRaw(this.options.end);
    }
    if (this.edited) this.edited.parts.push(text);
    else this.out.add(text);
  }

  private later(text: string): void {
    const self = this;
    this.queue.push(function* () {
      self.emitRaw(text);
    });
  }

  private queueFile(path: string): void {
    const self = this;
    this.queue.push(function* () {
      if (path === "/dev/stdin") {
        self.emitRaw(decode(yield* sys.readAll(self.t.p, 0)));
        return;
      }
      try {
        self.emitRaw(sys.readText(self.t.p, path));
      } catch (error) {
        // A file that cannot be read counts as empty.
        if (!isErrno(error)) throw error;
      }
    });
  }

  private *queueLine(path: string): Gen<void> {
    let reader = this.readers.get(path);
    if (!this.readers.has(path)) {
      try {
        reader = new LineReader(this.t.p, sys.open(this.t.p, path));
      } catch (error) {
        if (!isErrno(error)) throw error;
      }
      this.readers.set(path, reader);
    }
    const line = reader && (yield* reader.line());
    if (line !== undefined) this.later(`${line}\n`);
  }

  private *flushQueue(): Gen<void> {
    if (this.queue.length === 0) return;
    const queue = this.queue;
    this.queue = [];
    for (const step of queue) yield* step();
  }

  private substitute(s: Substitution): boolean {
    const regex = s.regex ?? this.lastRegex;
    if (regex === undefined) throw new Fatal("-e expression #1, char 0: no previous regular expression");
    this.lastRegex = regex;
    const text = this.pattern;
    let out = "";
    let copied = 0;
    let from = 0;
    let count = 0;
    let changed = false;
    let lastEnd = -1;
    while (from <= text.length) {
      const match = regex.exec(text, from);
      if (match === null) break;
      // An empty match right after another match does not count.
      if (match.end === match.index && match.index === lastEnd) {
        from = match.end + 1;
        continue;
      }
      count++;
      if (count >= (s.number || 1)) {
        out += text.slice(copied, match.index) + expand(s.replacement, match.groups);
        copied = match.end;
        changed = true;
        if (!s.global) break;
      }
      lastEnd = match.end;
      from = match.end > match.index ? match.end : match.end + 1;
    }
    if (!changed) return false;
    this.pattern = out + text.slice(copied);
    return true;
  }
}

function expand(parts: Substitution["replacement"], groups: readonly (string | undefined)[]): string {
  let out = "";
  let mode: "U" | "L" | undefined;
  let once: "u" | "l" | undefined;
  for (const part of parts) {
    if (typeof part === "object" && "fold" in part) {
      if (part.fold === "E") mode = once = undefined;
      else if (part.fold === "u" || part.fold === "l") once = part.fold;
      else mode = part.fold;
      continue;
    }
    let text = typeof part === "string" ? part : (groups[part.group] ?? "");
    if (mode === "U") text = text.toUpperCase();
    else if (mode === "L") text = text.toLowerCase();
    if (once !== undefined && text !== "") {
      const head = String.fromCodePoint(text.codePointAt(0)!);
      text = (once === "u" ? head.toUpperCase() : head.toLowerCase()) + text.slice(head.length);
      once = undefined;
    }
    out += text;
  }
  return out;
}

const NAMES: Record<number, string> = {
  7: "\\a",
  8: "\\b",
  9: "\\t",
  10: "\\n",
  11: "\\v",
  12: "\\f",
  13: "\\r",
  92: "\\\\",
};

/** The `l` command: unambiguous, wrapped at `width`. */
function listing(text: string, width: number): string {
  const lines: string[] = [];
  let line = "";
  for (const byte of encode(text)) {
    const shown =
      NAMES[byte] ?? (byte < 32 || byte > 126 ? `\\${byte.toString(8).padStart(3, "0")}` : String.fromCharCode(byte));
    if (width > 1 && line.length + shown.length > width - 1) {
      lines.push(`${line}\\`);
      line = "";
    }
    line += shown;
  }
  lines.push(`${line}$`);
  return lines.join("\n");
}
