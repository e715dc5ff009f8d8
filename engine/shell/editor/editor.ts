import { encode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Signal } from "../../machine/signal.ts";
import { read } from "../../machine/sys.ts";
import type { Tty } from "../../machine/tty.ts";
import type { Shell } from "../shell.ts";
import { handleSignals } from "../traps.ts";
import { type Key, KeyReader } from "./keys.ts";
import { Line } from "./line.ts";
import { Screen } from "./screen.ts";
import { reverseSearch } from "./search.ts";
import { completeWord } from "./tab.ts";

export type EditResult = { kind: "line"; text: string } | { kind: "end" } | { kind: "interrupted" };

/** Tells COLUMNS and LINES. */
export function windowSize(sh: Shell, tty: Tty): void {
  sh.set("COLUMNS", String(tty.columns));
  sh.set("LINES", String(tty.rows));
}

/** Readline's Emacs mode on a raw terminal. */
export class Editor {
  readonly sh: Shell;
  readonly tty: Tty;
  readonly line = new Line();
  readonly screen = new Screen();
  readonly keys: KeyReader;
  /** Place in the history; the number of lines: the new line. */
  private place = 0;
  /** History lines as edited since the prompt. */
  private edited = new Map<number, string>();
  private lastKey = "";
  private interrupted = false;
  private lastArgPlace = 0;

  constructor(sh: Shell, tty: Tty) {
    this.sh = sh;
    this.tty = tty;
    this.keys = new KeyReader(() => this.bytes());
  }

  /** Bytes typed; none when the terminal is gone or Ctrl-C came. */
  private *bytes(): Gen<Uint8Array> {
    for (;;) {
      // Also what came while the shell did not wait: keys and Ctrl-C may arrive together.
      yield* this.signals();
      if (this.interrupted) return new Uint8Array(0);
      try {
        return yield* read(this.sh.p, 0, 4096);
      } catch (error) {
        if (!isErrno(error)) throw error;
        if (error.code !== "EINTR") return new Uint8Array(0);
      }
    }
  }

  private *signals(): Gen<void> {
    const trapped: Signal[] = [];
    while (this.sh.p.hasSignal) {
      const signal = this.sh.p.takeSignal()!;
      if (signal === "INT") this.interrupted = true;
      else if (signal === "WINCH") {
        windowSize(this.sh, this.tty);
        this.put(this.screen.resize(this.tty.columns, this.line.text, this.line.cursor));
      } else trapped.push(signal);
    }
    for (const signal of trapped) this.sh.p.queueSignal(signal);
    if (trapped.length > 0) yield* handleSignals(this.sh);
  }

  put(text: string): void {
    if (text !== "") this.tty.display(encode(text));
  }

  redraw(): void {
    this.put(this.screen.draw(this.line.text, this.line.cursor));
  }

  bell(): void {
    this.put("\x07");
  }

  /** Reads one line, without its newline. */
  *readLine(prompt: string): Gen<EditResult> {
    const { tty, line, sh } = this;
    const old = tty.termios;
    tty.termios = { ...old, icanon: false, echo: false, icrnl: false };
    line.set("");
    line.endKill();
    this.edited.clear();
    this.place = sh.history?.lines.length ?? 0;
    this.interrupted = false;
    const lines = prompt.split("\n");
    const paste = sh.setup.dialect === "bash" ? "\x1b[?2004h" : "";
    this.put(
      `${paste}${lines
        .slice(0, -1)
        .map((one) => `${one.replace(/[\x01\x02]/g, "")}\n`)
        .join("")}`,
    );
    this.put(this.screen.begin(lines.at(-1)!, tty.columns));
    try {
      for (;;) {
        const key = yield* this.keys.next();
        if (key === undefined) {
          if (!this.interrupted) return { kind: "end" };
          this.put(`^C${this.screen.leave()}`);
          return { kind: "interrupted" };
        }
        const result = yield* this.press(key);
        if (result) return result;
        this.lastKey = key.name;
        // Characters that came together are shown together.
        if (key.name !== "char" || !this.keys.buffered) this.redraw();
      }
    } finally {
      this.put(paste === "" ? "" : "\x1b[?2004l\r");
      tty.termios = old;
    }
  }

  /** Takes the line as it is. */
  accept(): EditResult {
    this.line.cursor = this.line.chars.length;
    this.redraw();
    this.put(this.screen.leave());
    return { kind: "line", text: this.line.text };
  }

  private *press(key: Key): Gen<EditResult | undefined> {
    const { line } = this;
    if (key.name !== "char") this.redraw();
    const killing = KILLS.has(key.name);
    if (!killing) line.endKill();
    switch (key.name) {
      case "char":
        line.insert(key.text);
        return;
      case "paste":
        line.insert(key.text);
        return;
      case "enter":
        return this.accept();
      case "C-d":
        if (line.chars.length === 0) {
          this.put("");
          return { kind: "end" };
        }
        line.delete(line.cursor, line.cursor + 1);
        return;
      case "tab":
        yield* completeWord(this, this.lastKey === "tab");
        return;
      case "C-r": {
        const after = yield* reverseSearch(this);
        return after ? yield* this.press(after) : undefined;
      }
      case "C-l":
        this.put(this.screen.again(line.text, line.cursor, true));
        return;
      case "C-v": {
        const next = yield* this.keys.next();
        if (next) line.insert(next.text || "\x1b");
        return;
      }
      case "up":
      case "C-p":
        this.go(this.place - 1);
        return;
      case "down":
      case "C-n":
        this.go(this.place + 1);
        return;
      case "M-<":
        this.go(0);
        return;
      case "M->":
        this.go(this.sh.history?.lines.length ?? 0);
        return;
      case "M-.":
      case "M-_":
        this.lastArgument();
        return;
      default:
        this.edit(key.name);
    }
  }

  private edit(name: string): void {
    const { line } = this;
    const size = line.chars.length;
    switch (name) {
      case "left":
      case "C-b":
        if (line.cursor > 0) line.cursor--;
        break;
      case "right":
      case "C-f":
        if (line.cursor < size) line.cursor++;
        break;
      case "home":
      case "C-a":
        line.cursor = 0;
        break;
      case "end":
      case "C-e":
        line.cursor = size;
        break;
      case "M-f":
        line.cursor = line.wordRight();
        break;
      case "M-b":
        line.cursor = line.wordLeft();
        break;
      case "backspace":
        if (line.cursor === 0) this.bell();
        else line.delete(line.cursor - 1, line.cursor);
        break;
      case "delete":
        line.delete(line.cursor, line.cursor + 1);
        break;
      case "C-k":
        line.kill(line.cursor, size);
        break;
      case "C-u":
        line.kill(0, line.cursor);
        break;
      case "C-w":
        line.kill(line.blankLeft(), line.cursor);
        break;
      case "M-d":
        line.kill(line.cursor, line.wordRight());
        break;
      case "M-backspace":
        line.kill(line.wordLeft(), line.cursor);
        break;
      case "C-y":
        line.yank();
        break;
      case "C-t":
        if (!line.transpose()) this.bell();
        break;
      case "C-_":
      case "C-\x7f":
        if (!line.undo()) this.bell();
        break;
      case "M-u":
        line.recase((word) => word.toUpperCase());
        break;
      case "M-l":
        line.recase((word) => word.toLowerCase());
        break;
      case "M-c":
        line.recase((word) =>
          word.replace(/[\p{L}\p{N}]+/u, (part) => part[0]!.toUpperCase() + part.slice(1).toLowerCase()),
        );
        break;
      case "M-r":
        line.set("");
        break;
      case "M-#":
        line.cursor = 0;
        line.insert("#");
        break;
      default:
        this.bell();
    }
  }

  /** Goes to a line of the history. */
  private go(place: number): void {
    const lines = this.sh.history?.lines ?? [];
    if (place < 0 || place > lines.length) {
      this.bell();
      return;
    }
    this.edited.set(this.place, this.line.text);
    this.place = place;
    this.line.set(this.edited.get(place) ?? lines[place] ?? "");
  }

  /** Inserts the last word of the previous command; again: of the one before. */
  private lastArgument(): void {
    const lines = this.sh.history?.lines ?? [];
    if (this.lastKey === "M-." || this.lastKey === "M-_") {
      this.line.undo();
      this.lastArgPlace--;
    } else this.lastArgPlace = lines.length - 1;
    const words = lines[this.lastArgPlace]?.trim().split(/\s+/);
    if (words?.at(-1)) this.line.insert(words.at(-1)!);
    else this.bell();
  }

  /** Puts a line found by searching in place. */
  take(text: string, place: number | undefined): void {
    this.line.set(text);
    if (place !== undefined) this.place = place;
  }
}

const KILLS = new Set(["C-k", "C-u", "C-w", "M-d", "M-backspace"]);
