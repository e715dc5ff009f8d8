import type { Gen } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import type { Program } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { type Tool, tool } from "../../tool.ts";
import { Terminal } from "../screen/terminal.ts";
import { Buffer, charAt, shownLine } from "./buffer.ts";
import { ExError, openMessage, runEx, viPattern } from "./vi-ex.ts";
import {
  findChar,
  firstNonBlank,
  type Motion,
  matching,
  type Place,
  wordBackward,
  wordEnd,
  wordForward,
} from "./vi-motions.ts";

/** vi(1), as Debian's vim.tiny and vim behave with the keys that people use. */
export const vi: Program = tool(
  {
    name: "vi",
    short: "+bc:deEfghHiL:lmMnNo::O::p::qRr:s:S:t:T:u:U:vVw:W:xXyzZ",
    standard: false,
    usage: "[arguments] [file ..]",
    about: "",
    version: "VIM - Vi IMproved 9.1",
    rewrite: (args) =>
      args.map((arg) => (/^\+/.test(arg) ? `-c${/^\+\d*$/.test(arg) ? arg.slice(1) || "$" : arg.slice(1)}` : arg)),
  },
  function* (t, o) {
    const tty = t.p.fds.get(1)?.tty;
    if (tty === undefined) {
      yield* sys.printError(t.p, "Vim: Warning: Output is not to a terminal\n");
      return 1;
    }
    const editor = new Vi(t, o.has("R") || t.name.endsWith("view"));
    if (o.operands[0] !== undefined) editor.open(o.operands[0]);
    const terminal = new Terminal(t.p, tty);
    try {
      for (const command of o.values("c")) editor.ex(command);
      return yield* editor.run(terminal);
    } finally {
      terminal.release();
    }
  },
);

interface Register {
  text: string;
  lines: boolean;
}

class Vi {
  readonly buffer = new Buffer();
  private readonly t: Tool;
  private top = 0;
  private mode: "normal" | "insert" | "replace" = "normal";
  private message = "";
  private numbers = false;
  private readonly readOnly: boolean;
  private register: Register = { text: "", lines: false };
  private lastPattern = "";
  private searchBack = false;
  private lastFind: [string, string] | undefined;
  private status: number | undefined;
  /** Keys of the change under way and of the last one, for `.`. */
  private record: string[] = [];
  private lastChange: string[] = [];
  private replay: string[] = [];
  private visual: { kind: "v" | "V"; row: number; column: number } | undefined;

  constructor(t: Tool, readOnly: boolean) {
    this.t = t;
    this.readOnly = readOnly;
  }

  open(path: string): void {
    try {
      this.buffer.load(this.t.p, path);
      this.message = openMessage(this.t.p, this.buffer);
    } catch (error) {
      if (!isErrno(error)) throw error;
      this.message = error.code === "EISDIR" ? `"${path}" is a directory` : `"${path}" [Permission Denied]`;
    }
  }

  /** Runs an ex command; what it says stands at the bottom. */
  ex(command: string): void {
    const context = {
      p: this.t.p,
      buffer: this.buffer,
      numbers: this.numbers,
      readOnly: this.readOnly,
      lastPattern: this.lastPattern,
    };
    try {
      const result = runEx(context, command);
      this.message = result.message ?? "";
      if (result.pattern !== undefined) this.lastPattern = result.pattern;
      if (result.quit !== undefined) this.status = result.quit;
    } catch (error) {
      if (!(error instanceof ExError)) throw error;
      this.message = error.message;
    }
    this.numbers = context.numbers;
    this.clamp();
  }

  *run(terminal: Terminal): Gen<number> {
    while (this.status === undefined) {
      const key = yield* this.key(terminal);
      if (key === undefined) return 1;
      if (key === "resize") continue;
      if (this.mode !== "normal") yield* this.typed(terminal, key);
      else {
        this.record = [key];
        this.message = "";
        yield* this.command(terminal, key);
      }
      this.clamp();
    }
    return this.status;
  }

  private *key(terminal: Terminal): Gen<string | undefined> {
    const again = this.replay.shift();
    if (again !== undefined) {
      if (this.record.length > 0) this.record.push(again);
      return again;
    }
    this.draw(terminal);
    const key = yield* terminal.key();
    if (key !== undefined && key !== "resize" && this.record.length > 0) this.record.push(key);
    return key;
  }

  private clamp(): void {
    const { buffer } = this;
    buffer.row = Math.max(0, Math.min(buffer.row, buffer.lines.length - 1));
    const last =
      this.mode === "normal" && this.visual === undefined ? Math.max(0, buffer.line.length - 1) : buffer.line.length;
    buffer.column = Math.max(0, Math.min(buffer.column, last));
  }

  private draw(terminal: Terminal, commandLine?: string): void {
    const { buffer } = this;
    const height = terminal.rows - 1;
    const gutter = this.numbers ? Math.max(4, String(buffer.lines.length).length + 1) : 0;
    const width = terminal.columns - gutter;
    const tall = (row: number) => Math.max(1, Math.ceil(shownLine(buffer.lines[row]!, 0, 1e6).length / width));
    if (buffer.row < this.top) this.top = buffer.row;
    let used = 0;
    for (let row = this.top; row <= buffer.row; row++) used += tall(row);
    while (used > height && this.top < buffer.row) used -= tall(this.top++);
    const rows: string[] = [];
    let cursor = { row: 0, column: 0 };
    for (let row = this.top; row < buffer.lines.length && rows.length < height; row++) {
      if (row === buffer.row) {
        const column = buffer.screenColumn;
        cursor = {
          row: Math.min(height - 1, rows.length + Math.floor(column / width)),
          column: gutter + (column % width),
        };
      }
      for (let part = 0; part < tall(row) && rows.length < height; part++) {
        const number = part === 0 && gutter > 0 ? `${String(row + 1).padStart(gutter - 1)} ` : " ".repeat(gutter);
        rows.push(number + shownLine(buffer.lines[row]!, part * width, width));
      }
    }
    while (rows.length < height) rows.push("~");
    const mode =
      this.mode === "insert"
        ? "-- INSERT --"
        : this.mode === "replace"
          ? "-- REPLACE --"
          : this.visual
            ? this.visual.kind === "V"
              ? "-- VISUAL LINE --"
              : "-- VISUAL --"
            : "";
    const left = mode || this.message;
    const place = `${buffer.row + 1},${buffer.line === "" ? "0-1" : buffer.column + 1}`;
    const extent =
      buffer.lines.length <= height
        ? "All"
        : this.top === 0
          ? "Top"
          : this.top + height >= buffer.lines.length
            ? "Bot"
            : `${Math.floor((100 * this.top) / (buffer.lines.length - height))}%`;
    const ruler = terminal.columns > 40 ? `${place.padEnd(14)}${extent}` : "";
    // A message that needs the ruler's place gets it.
    const room = terminal.columns - 18;
    const status = left.length < room ? left.padEnd(Math.max(0, room)) + ruler : left.slice(0, terminal.columns);
    rows.push(commandLine ?? status);
    terminal.draw(
      rows,
      commandLine === undefined ? cursor : { row: height, column: Math.min(terminal.columns - 1, commandLine.length) },
    );
  }

  // ---- insert mode --------------------------------------------------------------------------------------------------

  private insertMode(mode: "insert" | "replace" = "insert"): void {
    this.mode = mode;
  }

  private *typed(_terminal: Terminal, key: string): Gen<void> {
    const { buffer } = this;
    const column = buffer.screenColumn;
    switch (key) {
      case "esc":
      case "ctrl-c":
        this.mode = "normal";
        buffer.left();
        this.lastChange = this.record;
        this.record = [];
        return;
      case "enter":
        return buffer.insert("\n");
      case "tab":
        return buffer.insert("\t");
      case "backspace":
        return buffer.backspace();
      case "delete":
        return buffer.deleteChar();
      case "up":
        return buffer.goTo(buffer.row - 1, column);
      case "down":
        return buffer.goTo(buffer.row + 1, column);
      case "left":
        buffer.left();
        return;
      case "right":
        buffer.right();
        return;
      case "home":
        buffer.column = 0;
        return;
      case "end":
        buffer.column = buffer.line.length;
        return;
      case "ctrl-u":
        buffer.cut({ row: buffer.row, column: 0 }, { row: buffer.row, column: buffer.column });
        return;
      case "ctrl-w":
        buffer.cut(wordBackward(buffer, buffer, false), { row: buffer.row, column: buffer.column });
        return;
      default:
        if ([...key].length !== 1) return;
        if (this.mode === "replace" && buffer.column < buffer.line.length) buffer.deleteChar();
        buffer.insert(key);
    }
  }

  // ---- normal mode --------------------------------------------------------------------------------------------------

  private *command(terminal: Terminal, first: string): Gen<void> {
    let key = first;
    let digits = "";
    while (/^[1-9]$/.test(key) || (digits !== "" && key === "0")) {
      digits += key;
      key = (yield* this.key(terminal)) ?? "esc";
    }
    const count = digits === "" ? undefined : Math.min(Number(digits), 100_000);
    const n = count ?? 1;
    const { buffer } = this;
    const changes = () => {
      buffer.mark();
      if (this.readOnly) this.message = "W10: Warning: Changing a readonly file";
    };
    const done = () => {
      this.lastChange = this.record;
    };
    if (this.visual !== undefined && (yield* this.visualCommand(terminal, key))) return;
    switch (key) {
      case "i":
      case "insert":
        changes();
        return this.insertMode();
      case "a":
        changes();
        buffer.right();
        return this.insertMode();
      case "I":
        changes();
        buffer.column = buffer.line.search(/[^ \t]|$/);
        return this.insertMode();
      case "A":
        changes();
        buffer.column = buffer.line.length;
        return this.insertMode();
      case "o":
      case "O":
        changes();
        buffer.row += key === "o" ? 1 : 0;
        buffer.lines.splice(buffer.row, 0, "");
        buffer.column = 0;
        return this.insertMode();
      case "R":
        changes();
        return this.insertMode("replace");
      case "x":
      case "delete":
      case "s": {
        changes();
        let end = buffer.column;
        for (let i = 0; i < n && end < buffer.line.length; i++) end += charAt(buffer.line, end);
        this.register = {
          text: buffer.cut({ row: buffer.row, column: buffer.column }, { row: buffer.row, column: end }),
          lines: false,
        };
        return key === "s" ? this.insertMode() : done();
      }
      case "X":
        changes();
        for (let i = 0; i < n && buffer.column > 0; i++) buffer.backspace();
        return done();
      case "D":
      case "C":
        changes();
        this.register = {
          text: buffer.cut({ row: buffer.row, column: buffer.column }, { row: buffer.row, column: buffer.line.length }),
          lines: false,
        };
        return key === "C" ? this.insertMode() : done();
      case "S":
        return yield* this.operate(terminal, "c", n, { row: buffer.row + n - 1, column: 0, kind: "lines" });
      case "Y":
        return yield* this.operate(terminal, "y", n, { row: buffer.row + n - 1, column: 0, kind: "lines" });
      case "J":
        changes();
        for (let i = 0; i < Math.max(1, n - 1) && buffer.row + 1 < buffer.lines.length; i++) {
          const next = buffer.lines[buffer.row + 1]!.trimStart();
          buffer.column = buffer.line.length;
          const glue = buffer.line === "" || / $/.test(buffer.line) || next === "" || next.startsWith(")") ? "" : " ";
          buffer.lines.splice(buffer.row, 2, buffer.line + glue + next);
        }
        return done();
      case "r": {
        const char = yield* this.key(terminal);
        if (char === undefined || (char !== "enter" && [...char].length !== 1) || buffer.line === "") return;
        changes();
        for (let i = 0; i < n && buffer.column < buffer.line.length; i++) {
          buffer.deleteChar();
          buffer.insert(char === "enter" ? "\n" : char);
        }
        if (char !== "enter") buffer.left();
        return done();
      }
      case "~":
        changes();
        for (let i = 0; i < n && buffer.column < buffer.line.length; i++) {
          const char = buffer.line[buffer.column]!;
          buffer.deleteChar();
          buffer.insert(char === char.toUpperCase() ? char.toLowerCase() : char.toUpperCase());
        }
        return done();
      case "p":
      case "P":
        changes();
        this.put(key === "p", n);
        return done();
      case "u":
        if (buffer.undo()) buffer.modified = true;
        else this.message = "Already at oldest change";
        return;
      case ".":
        this.replay = [...this.lastChange];
        this.record = [];
        return;
      case "d":
      case "c":
      case "y":
      case ">":
      case "<":
        return yield* this.operator(terminal, key, n);
      case "v":
      case "V":
        this.visual = { kind: key, row: buffer.row, column: buffer.column };
        return;
      case ":":
        return yield* this.commandLine(terminal, ":", count === undefined ? "" : `.,.+${n - 1}`);
      case "Z": {
        const next = yield* this.key(terminal);
        if (next === "Z") this.ex("x");
        else if (next === "Q") this.status = 0;
        return;
      }
      case "ctrl-l":
        return terminal.forget();
      case "ctrl-g":
        return this.ex("f");
      case "ctrl-c":
        this.message = "Type  :qa  and press <Enter> to exit Vim";
        return;
      case "esc":
        this.visual = undefined;
        return;
      default: {
        const motion = yield* this.motion(terminal, key, count);
        if (motion === undefined) return terminal.bell();
        buffer.row = motion.row;
        buffer.column = motion.column;
      }
    }
  }

  /** A motion key: where it leads; undefined when there is no such place or key. */
  private *motion(
    terminal: Terminal,
    key: string,
    count: number | undefined,
    pending = false,
  ): Gen<Motion | undefined> {
    const { buffer } = this;
    const n = count ?? 1;
    const at: Place = { row: buffer.row, column: buffer.column };
    const repeat = (step: (from: Place) => Place): Place => {
      let place = at;
      for (let i = 0; i < n; i++) place = step(place);
      return place;
    };
    const toRow = (row: number): Motion => {
      const target = Math.max(0, Math.min(row, buffer.lines.length - 1));
      return { row: target, column: firstNonBlank(buffer.lines[target]!), kind: "lines" };
    };
    const vertical = (by: number): Motion | undefined => {
      const row = buffer.row + by;
      if (row < 0 || row >= buffer.lines.length) return undefined;
      const column = buffer.screenColumn;
      buffer.goTo(row, column);
      const place = { row: buffer.row, column: buffer.column };
      buffer.row = at.row;
      buffer.column = at.column;
      return { ...place, kind: "lines" };
    };
    switch (key) {
      case "h":
      case "left":
      case "backspace":
        return buffer.column === 0 ? undefined : { row: at.row, column: Math.max(0, at.column - n), kind: "exclusive" };
      case "l":
      case "right":
      case " ":
        return { row: at.row, column: Math.min(buffer.line.length, at.column + n), kind: "exclusive" };
      case "j":
      case "down":
      case "ctrl-n":
      case "ctrl-j":
        return vertical(n);
      case "k":
      case "up":
      case "ctrl-p":
        return vertical(-n);
      case "enter":
      case "+":
        return buffer.row + n < buffer.lines.length ? toRow(buffer.row + n) : undefined;
      case "-":
        return buffer.row - n >= 0 ? toRow(buffer.row - n) : undefined;
      case "0":
      case "home":
        return { row: at.row, column: 0, kind: "exclusive" };
      case "^":
        return { row: at.row, column: firstNonBlank(buffer.line), kind: "exclusive" };
      case "$":
      case "end": {
        const row = Math.min(buffer.lines.length - 1, at.row + n - 1);
        return { row, column: Math.max(0, buffer.lines[row]!.length - 1), kind: "inclusive" };
      }
      case "w":
      case "W":
        return { ...repeat((from) => wordForward(buffer, from, key === "W")), kind: "exclusive" };
      case "b":
      case "B":
        return { ...repeat((from) => wordBackward(buffer, from, key === "B")), kind: "exclusive" };
      case "e":
      case "E":
        return { ...repeat((from) => wordEnd(buffer, from, key === "E")), kind: "inclusive" };
      case "G":
        return toRow(count === undefined ? buffer.lines.length - 1 : count - 1);
      case "g": {
        const next = yield* this.key(terminal);
        return next === "g" ? toRow(n - 1) : undefined;
      }
      case "H":
        return toRow(this.top + n - 1);
      case "M":
        return toRow(this.top + Math.floor(Math.min(terminal.rows - 1, buffer.lines.length - this.top) / 2));
      case "L":
        return toRow(this.top + terminal.rows - 1 - n);
      case "{":
      case "}": {
        const step = key === "}" ? 1 : -1;
        let row = at.row;
        for (let i = 0; i < n; i++) {
          while (buffer.lines[row] === "" && buffer.lines[row + step] !== undefined) row += step;
          while (buffer.lines[row] !== undefined && buffer.lines[row] !== "") row += step;
        }
        row = Math.max(0, Math.min(row, buffer.lines.length - 1));
        return {
          row,
          column: key === "}" && buffer.lines[row] !== "" ? buffer.lines[row]!.length : 0,
          kind: "exclusive",
        };
      }
      case "%": {
        const place = matching(buffer);
        return place && { ...place, kind: "inclusive" };
      }
      case "f":
      case "F":
      case "t":
      case "T": {
        const char = yield* this.key(terminal);
        if (char === undefined) return undefined;
        this.lastFind = [key, char];
        const place = findChar(buffer, key, char === "tab" ? "\t" : char, n);
        return place && { ...place, kind: key === "f" || key === "t" ? "inclusive" : "exclusive" };
      }
      case ";":
      case ",": {
        if (this.lastFind === undefined) return undefined;
        const [kind, char] = this.lastFind;
        const turned = key === ";" ? kind : kind === kind.toLowerCase() ? kind.toUpperCase() : kind.toLowerCase();
        const place = findChar(buffer, turned, char, n);
        return place && { ...place, kind: "ft".includes(turned) ? "inclusive" : "exclusive" };
      }
      case "/":
      case "?":
        yield* this.commandLine(terminal, key, "");
        return pending || this.found !== undefined ? this.found : at && { ...at, kind: "exclusive" };
      case "n":
      case "N":
        return this.search((key === "n") !== this.searchBack);
      case "*":
      case "#": {
        const word = /^\w+/.exec(buffer.line.slice(buffer.line.slice(0, at.column).search(/\w*$/)))?.[0];
        if (word === undefined) return undefined;
        this.lastPattern = `\\<${word}\\>`;
        this.searchBack = key === "#";
        return this.search(key === "*");
      }
      case "ctrl-f":
      case "pagedown":
        this.top = Math.min(buffer.lines.length - 1, this.top + n * (terminal.rows - 3));
        return toRow(this.top);
      case "ctrl-b":
      case "pageup":
        this.top = Math.max(0, this.top - n * (terminal.rows - 3));
        return toRow(Math.min(at.row, this.top + terminal.rows - 2));
      case "ctrl-d":
        return toRow(at.row + Math.floor((terminal.rows - 1) / 2));
      case "ctrl-u":
        return toRow(at.row - Math.floor((terminal.rows - 1) / 2));
      default:
        return undefined;
    }
  }

  private *operator(terminal: Terminal, operator: string, before: number): Gen<void> {
    const { buffer } = this;
    let key = (yield* this.key(terminal)) ?? "esc";
    let digits = "";
    while (/^[1-9]$/.test(key) || (digits !== "" && key === "0")) {
      digits += key;
      key = (yield* this.key(terminal)) ?? "esc";
    }
    const n = before * Number(digits || 1);
    const given = before > 1 || digits !== "";
    if (key === operator) {
      if (buffer.row + n > buffer.lines.length && n > 1) return terminal.bell();
      return yield* this.operate(terminal, operator, n, { row: buffer.row + n - 1, column: 0, kind: "lines" });
    }
    if (key === "i" || key === "a") {
      const object = (yield* this.key(terminal)) ?? "esc";
      const range = this.textObject(key, object);
      if (range === undefined) return terminal.bell();
      buffer.row = range[0].row;
      buffer.column = range[0].column;
      return yield* this.operate(terminal, operator, 1, { ...range[1], kind: "exclusive" });
    }
    // cw changes to the end of the word, blanks after it stay.
    const word = operator === "c" && (key === "w" || key === "W") && /\S/.test(buffer.line[buffer.column] ?? " ");
    let motion = yield* this.motion(terminal, word ? (key === "w" ? "e" : "E") : key, given ? n : undefined, true);
    if (motion === undefined) return terminal.bell();
    // dw on the last word of a line stops at its end.
    if ((key === "w" || key === "W") && !word && motion.row > buffer.row)
      motion = { row: motion.row - 1, column: buffer.lines[motion.row - 1]!.length, kind: "exclusive" };
    yield* this.operate(terminal, operator, n, motion);
  }

  /** iw, aw, i" and brackets. */
  private textObject(kind: string, object: string): [Place, Place] | undefined {
    const { buffer } = this;
    const { row, line } = buffer;
    if (object === "w" || object === "W") {
      const same = object === "W" ? /\S/ : /\w/;
      const like = (at: number) =>
        line[at] === undefined ? undefined : /\s/.test(line[at]!) ? "blank" : same.test(line[at]!) ? "word" : "mark";
      let from = buffer.column;
      let to = buffer.column;
      const of = like(from);
      if (of === undefined) return undefined;
      while (from > 0 && like(from - 1) === of) from--;
      while (to < line.length && like(to) === of) to++;
      if (kind === "a") while (to < line.length && like(to) === "blank") to++;
      return [
        { row, column: from },
        { row, column: to },
      ];
    }
    const pair = {
      '"': '""',
      "'": "''",
      "`": "``",
      "(": "()",
      ")": "()",
      b: "()",
      "[": "[]",
      "]": "[]",
      "{": "{}",
      "}": "{}",
      B: "{}",
      "<": "<>",
      ">": "<>",
    }[object];
    if (pair === undefined) return undefined;
    let from = line.lastIndexOf(pair[0]!, buffer.column);
    let to = line.indexOf(pair[1]!, Math.max(from + 1, buffer.column));
    if (pair[0] === pair[1] && (from < 0 || to < 0)) {
      from = line.indexOf(pair[0]!, buffer.column);
      to = line.indexOf(pair[1]!, from + 1);
    }
    if (from < 0 || to < 0) return undefined;
    return kind === "i"
      ? [
          { row, column: from + 1 },
          { row, column: to },
        ]
      : [
          { row, column: from },
          { row, column: to + 1 },
        ];
  }

  /** d, c, y, > or < from the cursor to a place. */
  private *operate(_terminal: Terminal, operator: string, _count: number, motion: Motion): Gen<void> {
    const { buffer } = this;
    const here: Place = { row: buffer.row, column: buffer.column };
    const forward = motion.row > here.row || (motion.row === here.row && motion.column >= here.column);
    const [from, to] = forward ? [here, motion] : [motion, here];
    if (operator !== "y") buffer.mark();
    if (operator === ">" || operator === "<" || motion.kind === "lines") {
      const last = Math.min(to.row, buffer.lines.length - 1);
      if (operator === ">" || operator === "<") {
        for (let row = from.row; row <= last; row++)
          buffer.lines[row] =
            operator === ">"
              ? buffer.lines[row] === ""
                ? ""
                : `\t${buffer.lines[row]}`
              : buffer.lines[row]!.replace(/^(\t| {1,8})/, "");
        buffer.row = from.row;
        buffer.column = firstNonBlank(buffer.line);
        this.lastChange = this.record;
        return;
      }
      const count = last - from.row + 1;
      this.register = { text: buffer.lines.slice(from.row, last + 1).join("\n"), lines: true };
      if (operator === "y") {
        buffer.row = from.row;
        if (count > 2) this.message = `${count} lines yanked`;
        return;
      }
      buffer.lines.splice(from.row, count, ...(operator === "c" ? [""] : []));
      if (buffer.lines.length === 0) buffer.lines.push("");
      buffer.row = Math.min(from.row, buffer.lines.length - 1);
      buffer.column = operator === "c" ? 0 : firstNonBlank(buffer.line);
      if (count > 2) this.message = `${count} fewer lines`;
    } else {
      const end =
        motion.kind === "inclusive"
          ? { row: to.row, column: to.column + charAt(buffer.lines[to.row]!, to.column) }
          : to;
      this.register = { text: buffer.between(from, end), lines: false };
      if (operator === "y") {
        buffer.row = from.row;
        buffer.column = from.column;
        return;
      }
      buffer.cut(from, end);
    }
    if (operator === "c") this.insertMode();
    else this.lastChange = this.record;
  }

  private *visualCommand(terminal: Terminal, key: string): Gen<boolean> {
    const { buffer } = this;
    const start = this.visual!;
    if (key === "esc" || key === start.kind) {
      this.visual = undefined;
      return true;
    }
    if (key === ":") {
      const [low, high] = [Math.min(start.row, buffer.row), Math.max(start.row, buffer.row)];
      this.visual = undefined;
      yield* this.commandLine(terminal, ":", `${low + 1},${high + 1}`);
      return true;
    }
    const operator = { d: "d", x: "d", y: "y", c: "c", s: "c", ">": ">", "<": "<" }[key];
    if (operator === undefined) return false;
    this.visual = undefined;
    const end: Place = { row: buffer.row, column: buffer.column };
    const back = end.row < start.row || (end.row === start.row && end.column < start.column);
    const [from, to] = back ? [end, start] : [start, end];
    buffer.row = from.row;
    buffer.column = from.column;
    yield* this.operate(terminal, operator, 1, {
      row: to.row,
      column: to.column,
      kind: start.kind === "V" ? "lines" : "inclusive",
    });
    return true;
  }

  private put(after: boolean, count: number): void {
    const { buffer, register } = this;
    if (register.lines) {
      const lines = register.text.split("\n");
      const at = buffer.row + (after ? 1 : 0);
      for (let i = 0; i < count; i++) buffer.lines.splice(at, 0, ...lines);
      buffer.row = at;
      buffer.column = firstNonBlank(buffer.line);
      return;
    }
    if (after && buffer.line !== "") buffer.column += charAt(buffer.line, buffer.column);
    buffer.insert(register.text.repeat(count));
    buffer.left();
  }

  // ---- the bottom line ----------------------------------------------------------------------------------------------

  private found: Motion | undefined;

  /** A command or pattern typed at the bottom, and what it does. */
  private *commandLine(terminal: Terminal, kind: string, initial: string): Gen<void> {
    let text = initial;
    this.found = undefined;
    for (;;) {
      const again = this.replay.shift();
      if (again === undefined) this.draw(terminal, kind + text);
      const key = again ?? (yield* terminal.key());
      if (key !== undefined && this.record.length > 0) this.record.push(key);
      if (key === undefined || key === "esc" || key === "ctrl-c") return;
      if (key === "enter") break;
      if (key === "backspace") {
        if (text === "") return;
        text = [...text].slice(0, -1).join("");
      } else if (key === "ctrl-u") text = "";
      else if (key === "tab") text += "\t";
      else if ([...key].length === 1) text += key;
    }
    if (kind === ":") {
      this.ex(text);
      return;
    }
    if (text !== "") this.lastPattern = text;
    this.searchBack = kind === "?";
    this.found = this.search(!this.searchBack);
  }

  /** The next match from the cursor, around the ends of the text. */
  private search(forward: boolean): Motion | undefined {
    const { buffer } = this;
    if (this.lastPattern === "") {
      this.message = "E35: No previous regular expression";
      return undefined;
    }
    try {
      const regex = viPattern(this.lastPattern);
      const count = buffer.lines.length;
      for (let i = 0; i <= count; i++) {
        const row = (((buffer.row + (forward ? i : -i)) % count) + count) % count;
        const line = buffer.lines[row]!;
        let hit: number | undefined;
        for (let from = 0; from <= line.length; ) {
          const match = regex.exec(line, from);
          if (match === null) break;
          const here = i === 0 && row === buffer.row;
          if (forward && (!here || match.index > buffer.column)) {
            hit = match.index;
            break;
          }
          if (!forward && here && match.index >= buffer.column) break;
          if (!forward) hit = match.index;
          from = Math.max(match.end, match.index + 1);
        }
        if (hit === undefined) continue;
        const wrapped = forward
          ? row < buffer.row || (row === buffer.row && i > 0)
          : row > buffer.row || (row === buffer.row && i > 0);
        if (wrapped)
          this.message = `search hit ${forward ? "BOTTOM" : "TOP"}, continuing at ${forward ? "TOP" : "BOTTOM"}`;
        return { row, column: hit, kind: "exclusive" };
      }
      this.message = `E486: Pattern not found: ${this.lastPattern}`;
    } catch (error) {
      if (!(error instanceof ExError)) throw error;
      this.message = error.message;
    }
    return undefined;
  }
}
