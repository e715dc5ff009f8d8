import type { Gen } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import type { Program } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { type Tool, tool } from "../../tool.ts";
import { Terminal } from "../screen/terminal.ts";
import { Buffer, shownLine } from "./buffer.ts";

const HELP: [string, string][][] = [
  [
    ["^G", "Help"],
    ["^O", "Write Out"],
    ["^F", "Where Is"],
    ["^K", "Cut"],
    ["^T", "Execute"],
    ["^C", "Location"],
  ],
  [
    ["^X", "Exit"],
    ["^R", "Read File"],
    ["^\\", "Replace"],
    ["^U", "Paste"],
    ["^J", "Justify"],
    ["^/", "Go To Line"],
  ],
];

/** nano(1): the keys of its two help lines that edit, search, save and leave. */
export const nano: Program = tool(
  {
    name: "nano",
    short: "ABcdDEeFGHiIklLMmNnoOPpQqRrSsTtuUvVwWxYyZ0!%_:",
    long: "linenumbers=l view=v tempfile=t nowrap=w autoindent=i tabstospaces=E mouse=m softwrap=S",
    usage: "[OPTIONS] [[+LINE[,COLUMN]] FILE]...",
    about: "",
    version: " GNU nano, version 8.4",
  },
  function* (t, o) {
    const tty = t.p.fds.get(1)?.tty;
    if (tty === undefined || t.p.fds.get(0)?.tty === undefined) {
      yield* sys.printError(
        t.p,
        tty === undefined ? "Standard output is not a terminal.\n" : "Standard input is not a terminal.\n",
      );
      return 1;
    }
    const editor = new Nano(t, o.has("v"), o.has("i"));
    const start = o.operands.find((word) => /^\+\d+/.test(word));
    const path = o.operands.find((word) => !/^\+\d+/.test(word));
    if (path !== undefined) editor.open(path);
    if (start) editor.buffer.goTo(Number.parseInt(start.slice(1), 10) - 1, 0);
    const terminal = new Terminal(t.p, tty);
    try {
      return yield* editor.run(terminal);
    } finally {
      terminal.release();
    }
  },
);

class Nano {
  readonly buffer = new Buffer();
  private readonly t: Tool;
  private readonly readOnly: boolean;
  private readonly autoIndent: boolean;
  private top = 0;
  private message = "";
  private clipboard = "";
  private cutting = false;
  private lastSearch = "";

  constructor(t: Tool, readOnly: boolean, autoIndent: boolean) {
    this.t = t;
    this.readOnly = readOnly;
    this.autoIndent = autoIndent;
  }

  open(path: string): void {
    try {
      this.buffer.load(this.t.p, path);
      const count = this.buffer.existed ? this.buffer.lines.length : 0;
      this.message = this.buffer.existed ? `Read ${count} line${count === 1 ? "" : "s"}` : "New File";
    } catch (error) {
      if (!isErrno(error)) throw error;
      this.message = error.code === "EISDIR" ? `"${path}" is a directory` : `Error reading ${path}: ${error.message}`;
    }
  }

  private draw(terminal: Terminal, prompt?: string, help = HELP): void {
    const { rows, columns } = terminal;
    const { buffer } = this;
    const height = Math.max(1, rows - 4);
    if (buffer.row < this.top || buffer.row >= this.top + height)
      this.top = Math.max(0, buffer.row - Math.floor(height / 2));
    const name = buffer.path ?? "New Buffer";
    const state = buffer.modified ? "Modified" : this.readOnly ? "View" : "";
    const left = "  GNU nano 8.4";
    const middle = " ".repeat(Math.max(1, Math.floor((columns - name.length) / 2) - left.length)) + name;
    const title = (left + middle).padEnd(columns - state.length - 1) + state;
    const from = Math.max(0, buffer.screenColumn - columns + 9 - ((buffer.screenColumn - columns + 9) % 8));
    const out = [`\x1b[7m${title.slice(0, columns).padEnd(columns)}\x1b[27m`];
    for (let i = 0; i < height; i++) {
      const line = buffer.lines[this.top + i];
      const shift = this.top + i === buffer.row && buffer.screenColumn >= columns - 1 ? from : 0;
      out.push(line === undefined ? "" : shownLine(line, shift, columns));
    }
    const status = this.message === "" ? "" : `[ ${this.message} ]`;
    if (prompt !== undefined) out.push(`\x1b[7m${prompt.slice(0, columns).padEnd(columns)}\x1b[27m`);
    else
      out.push(
        status === ""
          ? ""
          : `${" ".repeat(Math.max(0, Math.floor((columns - status.length) / 2)))}\x1b[7m${status}\x1b[27m`,
      );
    const cell = Math.floor(columns / 6);
    for (const row of help)
      out.push(row.map(([key, what]) => `\x1b[7m${key}\x1b[27m ${what.slice(0, cell - 4).padEnd(cell - 3)}`).join(""));
    const shift = buffer.screenColumn >= columns - 1 ? from : 0;
    terminal.draw(
      out,
      prompt !== undefined
        ? { row: rows - 3, column: Math.min(columns - 1, prompt.length) }
        : { row: 1 + buffer.row - this.top, column: buffer.screenColumn - shift },
    );
  }

  *run(terminal: Terminal): Gen<number> {
    for (;;) {
      this.draw(terminal);
      const key = yield* terminal.key();
      if (key === undefined) return 0;
      if (key === "resize") continue;
      this.message = "";
      if (key === "ctrl-x") {
        if (yield* this.leave(terminal)) return 0;
        continue;
      }
      yield* this.act(terminal, key);
      if (key !== "ctrl-k") this.cutting = false;
    }
  }

  private change(edit: () => void): void {
    if (this.readOnly) {
      this.message = "Key is invalid in view mode";
      return;
    }
    this.buffer.mark();
    edit();
  }

  private *act(terminal: Terminal, key: string): Gen<void> {
    const { buffer } = this;
    const page = Math.max(1, terminal.rows - 6);
    const column = buffer.screenColumn;
    switch (key) {
      case "up":
      case "ctrl-p":
        return buffer.goTo(buffer.row - 1, column);
      case "down":
      case "ctrl-n":
        return buffer.goTo(buffer.row + 1, column);
      case "left":
      case "ctrl-b":
        if (!buffer.left() && buffer.row > 0) buffer.goTo(buffer.row - 1, Number.POSITIVE_INFINITY);
        return;
      case "right":
        if (!buffer.right() && buffer.row + 1 < buffer.lines.length) buffer.goTo(buffer.row + 1, 0);
        return;
      case "home":
      case "ctrl-a":
        buffer.column = 0;
        return;
      case "end":
      case "ctrl-e":
        buffer.column = buffer.line.length;
        return;
      case "pageup":
      case "ctrl-y":
        return buffer.goTo(buffer.row - page, 0);
      case "pagedown":
      case "ctrl-v":
        return buffer.goTo(buffer.row + page, 0);
      case "backspace":
        return this.change(() => buffer.backspace());
      case "delete":
      case "ctrl-d":
        return this.change(() => buffer.deleteChar());
      case "enter":
        return this.change(() => buffer.insert(`\n${this.autoIndent ? /^\s*/.exec(buffer.line)![0] : ""}`));
      case "tab":
        return this.change(() => buffer.insert("\t"));
      case "ctrl-k":
        return this.change(() => this.cutLine());
      case "ctrl-u":
        return this.change(() => buffer.insert(this.clipboard));
      case "ctrl-o":
      case "ctrl-s":
        yield* this.write(terminal, key === "ctrl-s");
        return;
      case "ctrl-f":
      case "ctrl-w":
        yield* this.search(terminal);
        return;
      case "ctrl-c":
        this.message = `line ${buffer.row + 1}/${buffer.lines.length} (${Math.round((100 * (buffer.row + 1)) / buffer.lines.length)}%), col ${buffer.column + 1}/${buffer.line.length + 1}`;
        return;
      case "ctrl-_": {
        const answer = yield* this.ask(terminal, "Enter line number, column number: ", "");
        if (answer === undefined) this.message = "Cancelled";
        else buffer.goTo(Number.parseInt(answer, 10) - 1, 0);
        return;
      }
      case "ctrl-l":
        terminal.forget();
        return;
      case "esc": {
        const next = yield* terminal.key();
        if (next === "u" && !buffer.undo()) this.message = "Nothing to undo";
        else if (next === "\\" || next === "|") buffer.goTo(0, 0);
        else if (next === "/" || next === "?") buffer.goTo(buffer.lines.length - 1, 0);
        return;
      }
      default:
        if ([...key].length === 1) this.change(() => buffer.insert(key));
    }
  }

  /** Whole lines go to the clipboard, one after another. */
  private cutLine(): void {
    const { buffer } = this;
    const text = `${buffer.line}\n`;
    this.clipboard = this.cutting ? this.clipboard + text : text;
    this.cutting = true;
    buffer.lines.splice(buffer.row, 1);
    if (buffer.lines.length === 0) buffer.lines.push("");
    if (buffer.row >= buffer.lines.length) {
      buffer.row = buffer.lines.length - 1;
      buffer.column = buffer.line.length;
    } else buffer.column = 0;
  }

  /** A line typed at the bottom; undefined when cancelled. */
  private *ask(terminal: Terminal, question: string, initial: string): Gen<string | undefined> {
    let text = initial;
    for (;;) {
      this.draw(terminal, question + text, [[["^G", "Help"]], [["^C", "Cancel"]]]);
      const key = yield* terminal.key();
      if (key === undefined || key === "ctrl-c" || key === "esc") return undefined;
      if (key === "enter") return text;
      if (key === "backspace") text = [...text].slice(0, -1).join("");
      else if (key === "ctrl-u") text = "";
      else if ([...key].length === 1) text += key;
    }
  }

  /** Saves; false when it was cancelled or failed. */
  private *write(terminal: Terminal, atOnce = false): Gen<boolean> {
    const { buffer } = this;
    const name =
      atOnce && buffer.path !== undefined
        ? buffer.path
        : yield* this.ask(terminal, "File Name to Write: ", buffer.path ?? "");
    if (name === undefined || name === "") {
      this.message = "Cancelled";
      return false;
    }
    try {
      const { lines } = buffer.save(this.t.p, name);
      buffer.path = name;
      buffer.modified = false;
      this.message = `Wrote ${lines} line${lines === 1 ? "" : "s"}`;
      return true;
    } catch (error) {
      if (!isErrno(error)) throw error;
      this.message = `Error writing ${name}: ${error.message}`;
      return false;
    }
  }

  private *leave(terminal: Terminal): Gen<boolean> {
    if (!this.buffer.modified) return true;
    for (;;) {
      this.draw(terminal, "Save modified buffer? ", [
        [[" Y", "Yes"]],
        [
          [" N", "No"],
          ["^C", "Cancel"],
        ],
      ]);
      const key = yield* terminal.key();
      if (key === undefined || key === "n" || key === "N") return true;
      if (key === "y" || key === "Y") return yield* this.write(terminal);
      if (key === "ctrl-c" || key === "esc") {
        this.message = "Cancelled";
        return false;
      }
    }
  }

  private *search(terminal: Terminal): Gen<void> {
    const question = this.lastSearch === "" ? "Search: " : `Search [${this.lastSearch}]: `;
    const answer = yield* this.ask(terminal, question, "");
    if (answer === undefined) {
      this.message = "Cancelled";
      return;
    }
    const wanted = answer === "" ? this.lastSearch : answer;
    if (wanted === "") return;
    this.lastSearch = wanted;
    const { buffer } = this;
    const count = buffer.lines.length;
    for (let i = 0; i <= count; i++) {
      const row = (buffer.row + i) % count;
      const from = i === 0 ? buffer.column + 1 : 0;
      const at = buffer.lines[row]!.toLowerCase().indexOf(wanted.toLowerCase(), from);
      if (at < 0) continue;
      if (i > 0 && row <= buffer.row && (row < buffer.row || i === count)) this.message = "Search Wrapped";
      buffer.row = row;
      buffer.column = at;
      return;
    }
    this.message = `"${wanted}" not found`;
  }
}
