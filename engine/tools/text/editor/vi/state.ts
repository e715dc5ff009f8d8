import { encode, type Gen } from "../../../../kernel/index.ts";
import type { Process } from "../../../../machine/process.ts";
import type { Terminal } from "../../screen/terminal.ts";
import { Options } from "./options.ts";
import { ViError } from "./pattern.ts";
import { Registers } from "./registers.ts";
import { draw } from "./screen.ts";
import { columnOf, indexAt, type Look } from "./shown.ts";
import { type Place, ViText } from "./text.ts";
import { newTab, Pane, type Tab } from "./windows.ts";

export interface Visual extends Place {
  kind: "v" | "V" | "block";
  /** A block whose lines all reach to their ends ($). */
  toEnd: boolean;
}

/** What `.` does again. */
export interface Repeat {
  keys: string[];
  count: number | undefined;
  register: string | undefined;
  /** A change of selected text: as many lines and columns again. */
  area?: { kind: Visual["kind"]; rows: number; columns: number; toEnd: boolean };
}

/** Most keys that a macro may put before the keyboard's. */
const MAX_REPLAY = 200_000;

/** Everything that vi knows at a moment. */
export class Vi {
  readonly p: Process;
  readonly terminal: Terminal;
  /** The text in the current window, and all that are known. */
  text = new ViText();
  buffers: ViText[] = [this.text];
  tabs: Tab[] = [newTab(new Pane(this.text))];
  tabAt = 0;
  readonly options = new Options();
  readonly registers = new Registers();
  mode: "normal" | "insert" | "replace" = "normal";
  visual: Visual | undefined;
  lastVisual: { start: Visual; end: Place } | undefined;
  /** First line and, within a line taller than the screen, first row that are shown; first column without wrapping. */
  top = 0;
  left = 0;
  /** What stands at the bottom. */
  message = "";
  /** Keys of a command that is not whole yet, shown at the bottom (showcmd). */
  pending = "";
  /** The column that j and k keep to; undefined: where the cursor stands. */
  wanted: number | undefined;
  /** Exit status, once it is time to leave. */
  status: number | undefined;
  lastFind: { kind: string; char: string } | undefined;
  /** The last pattern, its offset behind the slash, and where it went. */
  search = { pattern: "", offset: "", back: false };
  highlighting = true;
  /** The last :s, for & and :&&. */
  substitution: { pattern: string; with: string; flags: string } | undefined;
  lastCommand = "";
  lastInserted = "";
  lastShell = "";
  history: Record<string, string[]> = { ":": [], "/": [] };
  repeat: Repeat | undefined;
  /** Keys typed since the command began, for `repeat`. */
  recorded: string[] = [];
  /** A macro being recorded, and the one that ran last. */
  recording: { name: string; keys: string[] } | undefined;
  lastMacro = "";
  jumps: Place[] = [];
  jumpAt = 0;
  /** The files of the command line, and which is being edited. */
  files: string[] = [];
  fileAt = 0;
  alternate: string | undefined;
  maps: { mode: "n" | "i" | "v"; from: string; to: string }[] = [];
  abbreviations = new Map<string, string>();
  /** Half a screen, as Ctrl-D was last told. */
  scroll: number | undefined;
  private replay: string[] = [];
  private replayed = 0;
  /** File types are looked for: what a vimrc says for one is done. */
  fileTypes = false;
  /** `filetype plugin indent on`: defaults.vim says so where there is no vimrc. */
  fileIndent = false;
  /** A cursor key was typed in Insert mode: what `.` repeats began anew. */
  movedInInsert = false;
  /** One command of Normal mode, for Ctrl-O in Insert mode; set by those who know them. */
  oneCommand: ((vi: Vi) => Gen<void>) | undefined;
  /** So many keys of Visual mode are obeyed as those of Normal mode. */
  passVisual = 0;
  /** So many keys are not looked up among the mappings: they came out of one. */
  unmapped = 0;
  /** A paste began in Normal mode and ends there. */
  endPaste = false;
  /** While :g runs: what its commands did is told together at the end. */
  quiet: { hits: number; lines: number; printed: string[] } | undefined;
  /** `:normal` runs: a command that is not whole at its end is given up. */
  closing = false;
  /** Told once that there are more files to edit. */
  warned = false;
  /** What a vimrc sets for files of type yaml. */
  readonly onYaml: string[] = [];
  /** What was said, for :messages. */
  told: string[] = [];
  /** Files are opened not to be written (-R). */
  readOnly = false;
  /** Column of the window that the cursor was last shown in. */
  cursorColumn = 0;
  /** A command failed: what is left of a macro is dropped. */
  failed = false;

  constructor(p: Process, terminal: Terminal) {
    this.p = p;
    this.terminal = terminal;
    this.registers.special = (name) => this.special(name);
  }

  get tab(): Tab {
    return this.tabs[this.tabAt]!;
  }

  /** The current window. */
  get pane(): Pane {
    return this.tab.current;
  }

  private special(name: string): string | undefined {
    switch (name) {
      case ":":
        return this.lastCommand;
      case ".":
        return this.lastInserted;
      case "%":
        return this.text.path ?? "";
      case "/":
        return this.search.pattern;
      default:
        return undefined;
    }
  }

  get look(): Look {
    return { tabs: Math.max(1, this.options.number("tabstop")), list: this.options.on("list") };
  }

  /** Milliseconds of the wall clock. */
  get now(): number {
    return this.p.machine.kernel.wallMs;
  }

  get place(): Place {
    return { row: this.text.row, column: this.text.column };
  }

  goTo(place: Place): void {
    this.text.row = Math.max(0, Math.min(place.row, this.text.lines.length - 1));
    this.text.column = place.column;
  }

  /** Column of the screen that j and k keep. */
  get curswant(): number {
    return this.wanted ?? columnOf(this.text.line, this.text.column, this.look);
  }

  indexFor(row: number, column: number): number {
    return indexAt(this.text.lines[row]!, column, this.look);
  }

  /** Before a change: it can be undone, and a file that must not be written is told of once. */
  change(): void {
    if (!this.options.on("modifiable")) throw new ViError("E21: Cannot make changes, 'modifiable' is off");
    if (!this.text.modified && this.options.on("readonly") && this.message === "")
      this.message = "W10: Warning: Changing a readonly file";
    this.text.touch(this.now);
  }

  /** Something did not work: the rest of a macro is dropped. */
  beep(): void {
    this.failed = true;
    if (this.replay.length === 0) this.terminal.bell();
    this.replay = [];
  }

  say(text: string): void {
    if (text !== "") this.told.push(text);
    if (this.told.length > 200) this.told.shift();
    this.message = text;
  }

  /** Keeps the cursor within the text. */
  clamp(): void {
    const { text } = this;
    text.row = Math.max(0, Math.min(text.row, text.lines.length - 1));
    const past = this.mode !== "normal" || this.visual !== undefined;
    const last = past ? text.line.length : Math.max(0, text.line.length - 1);
    text.column = Math.max(0, Math.min(text.column, last));
    // Never within a surrogate pair.
    if (
      /^[\udc00-\udfff]/.test(text.line.slice(text.column)) &&
      text.column > 0 &&
      !/[\udc80-\udcff]/.test(text.line[text.column]!)
    )
      text.column--;
    if (this.visual?.kind === "V" || this.visual === undefined || text.line === "") return;
    if (text.column === text.line.length && this.mode === "normal")
      text.column = Math.max(0, text.line.length - (this.wanted === Number.POSITIVE_INFINITY ? 0 : 1));
  }

  /** Remembers where a jump began, for '' and Ctrl-O. */
  jump(): void {
    const from = this.place;
    this.text.marks.set("'", from);
    this.jumps.push(from);
    if (this.jumps.length > 100) this.jumps.shift();
    this.jumpAt = this.jumps.length;
  }

  /** Keys that come before the keyboard's. */
  feed(keys: readonly string[]): void {
    this.replayed += keys.length;
    if (this.replayed > MAX_REPLAY) {
      this.beep();
      return;
    }
    this.replay.unshift(...keys);
  }

  get replaying(): boolean {
    return this.replay.length > 0;
  }

  takeReplay(): string[] {
    return this.replay.splice(0);
  }

  /** The next key: of a macro, or typed. Undefined when the terminal is gone. */
  *key(): Gen<string | undefined> {
    let key = this.replay.shift();
    if (key === undefined && this.closing) return "esc";
    if (key === undefined) {
      this.replayed = 0;
      do {
        draw(this);
        key = yield* this.terminal.key();
        if (key === "resize") this.message = "";
      } while (key === "resize");
      if (key !== undefined) this.recording?.keys.push(key);
    }
    if (key !== undefined) this.recorded.push(key);
    return key;
  }

  /** A key within a command, shown at the bottom until the command is whole. */
  *more(): Gen<string> {
    const key = (yield* this.key()) ?? "esc";
    this.pending += shownKey(key);
    return key;
  }

  /** Says several lines, or one that is too long for the bottom, and waits for a key. */
  *page(lines: readonly string[], above?: string): Gen<void> {
    draw(this, { lines, above });
    const key = yield* this.terminal.key();
    this.message = "";
    this.terminal.forget();
    if (key !== undefined && key !== "enter" && key !== " " && key !== "resize") this.feed([key]);
  }

  /** After a command of the shell: Enter brings the text back. */
  *afterShell(): Gen<void> {
    const { terminal } = this;
    terminal.tty.display(encode("\n\x1b[92mPress ENTER or type command to continue\x1b[m"));
    terminal.raw();
    const key = yield* terminal.key();
    terminal.take();
    this.message = "";
    if (key !== undefined && key !== "enter" && key !== " " && key !== "resize") this.feed([key]);
  }
}

function shownKey(key: string): string {
  if (key.startsWith("ctrl-")) return `^${key.slice(5).toUpperCase()}`;
  return key.length === 1 || [...key].length === 1 ? key : key === "esc" ? "^[" : key === "enter" ? "^M" : "";
}

const NAMES: Record<string, string> = {
  "\x1b": "esc",
  "\r": "enter",
  "\n": "enter",
  "\t": "tab",
  "\x7f": "backspace",
  "\b": "backspace",
};

/** Where keys without a character of their own stand in a register's text: in a private area. */
const SPECIAL = ["up", "down", "left", "right", "home", "end", "insert", "delete", "pageup", "pagedown"];

/** A register's text as keys. */
export function keysOf(text: string): string[] {
  return [...text].map((char) => {
    if (NAMES[char]) return NAMES[char];
    const code = char.codePointAt(0)!;
    if (code < 32) return `ctrl-${String.fromCharCode(code + (code >= 1 && code <= 26 ? 96 : 64))}`;
    return SPECIAL[code - 0xf700] ?? char;
  });
}

/** Keys as a register's text. */
export function textOf(keys: readonly string[]): string {
  return keys
    .map((key) => {
      if (key === "backspace") return "\x7f";
      const plain = Object.keys(NAMES).find((char) => NAMES[char] === key);
      if (plain) return plain;
      if (key.startsWith("ctrl-")) return String.fromCharCode(key.charCodeAt(5) & 31);
      const special = SPECIAL.indexOf(key);
      return special >= 0 ? String.fromCharCode(0xf700 + special) : key;
    })
    .join("");
}
