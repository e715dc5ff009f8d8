import { cpu, decode, encode, type Gen, wait } from "../../../kernel/index.ts";
import type { Process } from "../../../machine/process.ts";
import { RAW, type Termios, type Tty } from "../../../machine/tty.ts";
import { KEY_SEQUENCES } from "../../../text/key-sequences.ts";
import { wcwidth } from "../../../text/width.ts";

/** How long after an escape the rest of a key's sequence may take, in µs. */
const ESCAPE_WAIT = 25_000;

const SEQUENCES: Record<string, string> = {
  ...KEY_SEQUENCES,
  "[2~": "insert",
  "[5~": "pageup",
  "[6~": "pagedown",
  "[1;5A": "ctrl-up",
  "[1;5B": "ctrl-down",
  "[1;5C": "ctrl-right",
  "[1;5D": "ctrl-left",
  "[1;5H": "ctrl-home",
  "[1;5F": "ctrl-end",
  "[200~": "paste-begin",
  "[201~": "paste-end",
};

/**
 * A terminal taken over by a full-screen program: raw keys in, rows out. Only rows that differ from what is shown are
 * written. Give it back with `release`.
 */
export class Terminal {
  readonly tty: Tty;
  private readonly p: Process;
  private readonly before: Termios;
  private pending = "";
  private bytes: number[] = [];
  private shown: string[] = [];
  private readonly paste: boolean;
  private readonly lineFeed: boolean;
  private readonly plain: boolean;
  private readonly quiet: boolean;
  private taken = false;

  /**
   * `paste`: text that is pasted comes between the keys `paste-begin` and `paste-end`. `lineFeed`: Ctrl-J is a key of its
   * own, not Enter. `plain`: what was there stays, above and afterwards; `quiet`:
   * nothing is told to the terminal at all.
   */
  constructor(
    p: Process,
    tty: Tty,
    how: { paste?: boolean; lineFeed?: boolean; plain?: boolean; quiet?: boolean } = {},
  ) {
    this.p = p;
    this.tty = tty;
    this.before = { ...tty.termios };
    this.paste = how.paste ?? false;
    this.lineFeed = how.lineFeed ?? false;
    this.plain = how.plain ?? false;
    this.quiet = how.quiet ?? false;
    p.dispositions.set("WINCH", "catch");
    p.dispositions.set("TSTP", "catch");
    this.take();
  }

  /** Keys come as they are typed. */
  raw(): void {
    this.tty.termios = { ...RAW, opost: this.before.opost };
  }

  /** Takes the whole screen, at first and after `release`. */
  take(): void {
    this.raw();
    this.forget();
    if (this.taken) return;
    this.taken = true;
    if (this.quiet) return;
    this.tty.display(encode(`${this.plain ? "" : "\x1b[?1049h"}\x1b[?1h\x1b=${this.paste ? "\x1b[?2004h" : ""}`));
  }

  get rows(): number {
    return Math.max(2, this.tty.rows);
  }

  get columns(): number {
    return Math.max(8, this.tty.columns);
  }

  /** Restores modes and the screen that was there before. */
  release(): void {
    this.tty.termios = this.before;
    if (!this.taken) return;
    this.taken = false;
    if (this.quiet) return;
    this.tty.display(encode(`${this.paste ? "\x1b[?2004l" : ""}\x1b[?1l\x1b>${this.plain ? "" : "\x1b[?1049l"}`));
  }

  /** Shows `rows` from the top and puts the cursor (from 0). Rows may hold SGR sequences; others must not. */
  draw(rows: readonly string[], cursor?: { row: number; column: number }): void {
    let out = "\x1b[?25l";
    for (let i = 0; i < this.rows; i++) {
      const row = rows[i] ?? "";
      if (this.shown[i] === row) continue;
      this.shown[i] = row;
      // Cleared first: behind a full row the last column would be cleared.
      out += `\x1b[${i + 1};1H\x1b[m\x1b[K${row}\x1b[m`;
    }
    this.shown.length = this.rows;
    const { row, column } = cursor ?? { row: this.rows - 1, column: 0 };
    this.tty.display(encode(`${out}\x1b[${row + 1};${column + 1}H\x1b[?25h`));
  }

  /** Draws everything anew at the next `draw`. */
  forget(): void {
    this.shown = [];
  }

  bell(): void {
    this.tty.display(encode("\x07"));
  }

  /**
   * The next key: a character, or a name (`up`, `pagedown`, `esc`, `enter`, `tab`, `backspace`, `ctrl-x`, `resize`).
   * Undefined when the terminal has hung up.
   */
  *key(): Gen<string | undefined> {
    for (;;) {
      const key = this.next(false);
      if (key !== undefined) return key;
      if (this.pending === "\x1b" || /^\x1b[[O][\d;]*$/.test(this.pending)) {
        if (!this.tty.ready) yield* wait(this.tty.arrival, ESCAPE_WAIT);
        if (!this.tty.ready) return this.next(true);
      }
      const bytes = yield* this.tty.read(4096);
      if (bytes === "interrupted") {
        yield* this.signals();
        return "resize";
      }
      if (bytes.length === 0) return undefined;
      this.feed(bytes);
    }
  }

  /** Heeds what came besides keys: another size of the window, and a request to stop. */
  *signals(): Gen<void> {
    for (let signal = this.p.takeSignal(); signal !== undefined; signal = this.p.takeSignal())
      if (signal === "TSTP") yield* this.suspend();
    this.forget();
  }

  /** Ctrl-Z: the shell's prompt comes back, and `fg` brings the program back. `farewell`: what is said before that. */
  *suspend(farewell = ""): Gen<void> {
    const { p } = this;
    this.release();
    if (farewell !== "") this.tty.display(encode(farewell));
    p.dispositions.delete("TSTP");
    p.machine.signalGroup(p.group, "TSTP");
    yield* cpu(0);
    p.dispositions.set("TSTP", "catch");
    this.take();
  }

  private feed(bytes: Uint8Array): void {
    this.bytes.push(...bytes);
    // A character may be cut between two reads.
    let cut = this.bytes.length;
    while (cut > 0 && cut > this.bytes.length - 3 && (this.bytes[cut - 1]! & 0xc0) === 0x80) cut--;
    const lead = this.bytes[cut - 1];
    const size = lead === undefined || lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (lead !== undefined && size > 1 && this.bytes.length - cut + 1 < size) cut--;
    else cut = this.bytes.length;
    this.pending += decode(Uint8Array.from(this.bytes.slice(0, cut)));
    this.bytes = this.bytes.slice(cut);
  }

  private next(force: boolean): string | undefined {
    const text = this.pending;
    if (text === "") return undefined;
    if (text[0] === "\x1b") {
      const match = /^\x1b([[O][\d;]*[A-Za-z~])/.exec(text);
      if (match) {
        this.pending = text.slice(match[0].length);
        return SEQUENCES[match[1]!] ?? "unknown";
      }
      if (!force && (text.length === 1 || /^\x1b[[O][\d;]*$/.test(text))) return undefined;
      this.pending = text.slice(1);
      return "esc";
    }
    const char = String.fromCodePoint(text.codePointAt(0)!);
    this.pending = text.slice(char.length);
    const code = char.charCodeAt(0);
    if (code === 10 && this.lineFeed) return "ctrl-j";
    if (code === 13 || code === 10) return "enter";
    if (code === 9) return "tab";
    if (code === 127 || code === 8) return "backspace";
    if (code < 32) return `ctrl-${String.fromCharCode(code + (code >= 1 && code <= 26 ? 96 : 64))}`;
    return char;
  }
}

/** How a character is shown at a column: tabs to the next stop, control characters as ^X. */
export function shownChar(char: string, column: number): string {
  if (char === "\t") return " ".repeat(8 - (column % 8));
  const code = char.charCodeAt(0);
  if (code < 32) return `^${String.fromCharCode(code + 64)}`;
  if (code === 127) return "^?";
  if (code >= 0xdc80 && code <= 0xdcff) return `<${(code - 0xdc00).toString(16)}>`;
  return char;
}

/** Columns of a text, its tabs spread. */
export function textWidth(text: string, from = 0): number {
  let column = from;
  for (const char of text) {
    const shown = shownChar(char, column);
    column += shown === char ? wcwidth(char) : shown.length;
  }
  return column - from;
}
