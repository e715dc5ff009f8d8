/** Runs sed scripts: a cycle for every line. */
import { cpu, decode, type Gen } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import * as sys from "../../../machine/sys.ts";
import type { Regex } from "../../../text/regex/index.ts";
import { hold, LineReader } from "../../io.ts";
import { Fatal, type Tool } from "../../tool.ts";
import { SedFiles, type SedOptions } from "./files.ts";
import { listing, replaced } from "./replace.ts";
import type { Address, Command, Substitution } from "./syntax.ts";

/** What a cycle ends with. */
type CycleEnd = "next" | "restart" | "quit" | "quit-silently";

export class SedMachine extends SedFiles {
  private readonly commands: readonly Command[];
  private pattern = "";
  private hold = "";
  private queue: (() => Gen<void>)[] = [];
  private readonly readers = new Map<string, LineReader | undefined>();
  private lastRegex: Regex | undefined;
  private replaced = false;
  /** What was done since others had their turn: commands, and what they had to look at. */
  private work = 0;
  private exitCode = 0;
  private deleted = false;

  constructor(t: Tool, commands: readonly Command[], options: SedOptions) {
    super(t, options);
    this.commands = commands;
  }

  /** Edits all files; the exit status. */
  *run(files: readonly string[]): Gen<number> {
    this.files.push(...files);
    for (const command of this.commands) {
      if (command.name === "w" || command.name === "W") this.openOutput(command.text);
      if (command.substitution?.file !== undefined) this.openOutput(command.substitution.file);
    }
    let end: CycleEnd = "next";
    for (;;) {
      if (end !== "restart") {
        const line = this.fetchReady() ?? (yield* this.fetch());
        if (line === undefined) break;
        this.pattern = line;
        this.replaced = false;
      }
      end = yield* this.cycle();
      if (end === "quit" || end === "next") {
        if (!this.options.quiet && !this.deleted) this.emit(this.pattern, this.terminated);
      }
      this.deleted = false;
      if (this.queue.length > 0 && end !== "quit-silently") yield* this.flushQueue();
      if (this.out.full) yield* this.out.flush();
      if (end === "quit" || end === "quit-silently") {
        if (!this.edited) this.reader?.giveBack();
        yield* this.finishFile(true);
        break;
      }
    }
    yield* this.out.flush();
    for (const output of this.outputs.values()) yield* output.flush();
    return this.exitCode || this.t.status;
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

  /** A script may loop within one line for ever: it takes time, and what it printed does not pile up. */
  private *breathe(): Gen<void> {
    yield* cpu(Math.ceil(this.work * 0.4));
    this.work = 0;
    yield* hold(this.t.p, 2 * (this.pattern.length + this.hold.length));
    if (this.out.full) yield* this.out.flush();
    for (const output of this.outputs.values()) if (output.full) yield* output.flush();
  }

  private *cycle(): Gen<CycleEnd> {
    const { commands } = this;
    for (let i = 0; i < commands.length; i++) {
      const command = commands[i]!;
      this.work += 1 + (this.pattern.length >>> 6) + (this.hold.length >>> 12);
      if (this.work >= 256) yield* this.breathe();
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
            if (command.substitution!.evaluate) this.pattern = (yield* this.output(this.pattern)).replace(/\n$/, "");
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
        case "e":
          if (command.text === "") this.pattern = (yield* this.output(this.pattern)).replace(/\n$/, "");
          else this.emitRaw(yield* this.output(command.text));
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
    const queue = this.queue;
    this.queue = [];
    for (const step of queue) yield* step();
  }

  private substitute(s: Substitution): boolean {
    const regex = s.regex ?? this.lastRegex;
    if (regex === undefined) throw new Fatal("-e expression #1, char 0: no previous regular expression");
    this.lastRegex = regex;
    const result = replaced(this.pattern, regex, s);
    if (result === undefined) return false;
    this.pattern = result;
    return true;
  }
}
