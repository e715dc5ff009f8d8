/** What vi keeps and shows: the text, the mode, the bottom line and what is typed there. */
import type { Gen } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import type { Tool } from "../../tool.ts";
import type { Terminal } from "../screen/terminal.ts";
import { Buffer, shownLine } from "./buffer.ts";
import { ExError, openMessage, runEx, viPattern } from "./vi-ex.ts";
import type { Motion } from "./vi-motions.ts";

interface Register {
  text: string;
  lines: boolean;
}

export class ViScreen {
  readonly buffer = new Buffer();
  protected readonly t: Tool;
  protected top = 0;
  protected mode: "normal" | "insert" | "replace" = "normal";
  protected message = "";
  protected numbers = false;
  protected readonly readOnly: boolean;
  protected register: Register = { text: "", lines: false };
  protected lastPattern = "";
  protected searchBack = false;
  protected lastFind: [string, string] | undefined;
  protected status: number | undefined;
  /** Keys of the change under way and of the last one, for `.`. */
  protected record: string[] = [];
  protected lastChange: string[] = [];
  protected replay: string[] = [];
  protected visual: { kind: "v" | "V"; row: number; column: number } | undefined;

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

  protected *key(terminal: Terminal): Gen<string | undefined> {
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

  protected clamp(): void {
    const { buffer } = this;
    buffer.row = Math.max(0, Math.min(buffer.row, buffer.lines.length - 1));
    const last =
      this.mode === "normal" && this.visual === undefined ? Math.max(0, buffer.line.length - 1) : buffer.line.length;
    buffer.column = Math.max(0, Math.min(buffer.column, last));
  }

  protected draw(terminal: Terminal, commandLine?: string): void {
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

  // ---- the bottom line ----------------------------------------------------------------------------------------------

  protected found: Motion | undefined;

  /** A command or pattern typed at the bottom, and what it does. */
  protected *commandLine(terminal: Terminal, kind: string, initial: string): Gen<void> {
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
  protected search(forward: boolean): Motion | undefined {
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
