import { signal } from "@preact/signals";
import { FitAddon } from "@xterm/addon-fit";
import { type ITheme, Terminal as Xterm } from "@xterm/xterm";
import { PASTE_LIMIT, type Screen } from "../../protocol.ts";
import { meantCommand } from "../hangul.ts";
import { Keyboard, type SendKeys } from "./keyboard.ts";
import type { Names } from "./picture/names.ts";
import { TerminalNames } from "./terminal-names.ts";

const FONT = '"Noto Sans Mono Variable", "Kubetude Hangul", monospace';
const FONT_SIZE = 14;
const SCROLLBACK = 5_000;
/** Bytes drawn after which the server is told at the latest. */
const DRAWN_EVERY = 32 * 1024;

const THEME: ITheme = {
  background: "#12161c",
  foreground: "#dfe4ea",
  cursor: "#8ab4ff",
  cursorAccent: "#12161c",
  selectionBackground: "#35507a",
  black: "#2a3038",
  red: "#ff8078",
  green: "#7bd88f",
  yellow: "#e8c268",
  blue: "#8ab4ff",
  magenta: "#d7a3ff",
  cyan: "#72d5de",
  white: "#dfe4ea",
  brightBlack: "#8a94a3",
  brightRed: "#ffa39d",
  brightGreen: "#a3e8b1",
  brightYellow: "#f4d68c",
  brightBlue: "#b0ccff",
  brightMagenta: "#e6c6ff",
  brightCyan: "#a1e6ec",
  brightWhite: "#ffffff",
};

/** The fonts must be there before the cells are measured. */
export const fontsReady: Promise<unknown> =
  typeof document === "undefined"
    ? Promise.resolve()
    : Promise.race([
        Promise.all([
          document.fonts.load(`${FONT_SIZE}px "Noto Sans Mono Variable"`, "kubectl"),
          document.fonts.load(`bold ${FONT_SIZE}px "Noto Sans Mono Variable"`, "kubectl"),
          document.fonts.load(`${FONT_SIZE}px "Kubetude Hangul"`, "\uD55C"),
        ]),
        new Promise((resolve) => setTimeout(resolve, 3_000)),
      ]);

/** A prompt, and the command behind it. */
const PROMPT = /^\w[\w-]*@[\w-]+:[^$#]*[$#] (.+)$/;

/** What xterm.js itself answers to a program's question, or says about its focus. */
const REPLY = /^\x1b(\[[?>=]?[\d;]*\$?[cnRty]$|\[[IO]$|[P\]])/;

/** What a terminal asks of the person in front of it, in the line below it. */
export type Ask =
  | { kind: "paste"; text: string; lines: number }
  | { kind: "hangul"; typed: string; command: string }
  | { kind: "too-long" }
  | { kind: "blocked" }
  | { kind: "pasting"; percent: number };

export interface TerminalDoor {
  send: SendKeys;
  resize(columns: number, rows: number): void;
  drawn(end: number): void;
  /** Enter was pressed after the shell's end. */
  again(): void;
  /** A command was given at a prompt. */
  entered(command: string): void;
  /** What a text on the screen can speak of, while a picture shows it. */
  names(): Names | undefined;
  /** A name on the screen was clicked. */
  pick(key: string): void;
}

/** One terminal of the page: xterm.js in an element of its own, which panes show in turn. */
export class TerminalView {
  readonly id: string;
  readonly machine: string;
  readonly user: string;
  readonly element: HTMLElement = document.createElement("div");
  readonly ended = signal<number | undefined>(undefined);
  readonly ask = signal<Ask | undefined>(undefined);
  /** Unseen output. */
  readonly news = signal(false);
  /** Another page has given it a size that is not this pane's. */
  readonly foreign = signal(false);
  readonly keyboard: Keyboard;
  /** UTF-16 units that the session has taken in from its keyboard. */
  typed = 0;
  private readonly door: TerminalDoor;
  private readonly xterm: Xterm;
  private readonly spoken: TerminalNames;
  private readonly fitAddon = new FitAddon();
  private readonly observer: ResizeObserver;
  /** Offset of the last byte given to xterm, and of the last told as drawn. */
  private end = 0;
  private told = 0;
  /** Writes of an old screen under way: the answers of its control sequences are nobody's keys. */
  private replaying = 0;
  /** What was typed since the last Enter, and whether that is all of the command: no history, no completion. */
  private line = "";
  private plain = true;
  private resizeTimer: ReturnType<typeof setTimeout> | undefined;

  constructor({ id, machine, user, columns, rows, ended, typed }: Screen, door: TerminalDoor) {
    this.id = id;
    this.machine = machine;
    this.user = user;
    this.door = door;
    this.ended.value = ended;
    this.typed = typed;
    this.keyboard = new Keyboard(door.send);
    this.keyboard.onProgress = (done) => this.showProgress(done);
    this.element.className = "terminal-screen";
    this.xterm = new Xterm({
      cols: columns,
      rows,
      fontFamily: FONT,
      fontSize: FONT_SIZE,
      lineHeight: 1.2,
      scrollback: SCROLLBACK,
      theme: THEME,
      cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      minimumContrastRatio: 4.5,
      macOptionIsMeta: true,
      // Marks on the screen are called a proposal still.
      allowProposedApi: true,
    });
    this.spoken = new TerminalNames(this.xterm, door.names, door.pick);
    this.xterm.loadAddon(this.fitAddon);
    this.xterm.onData((text) => this.heard(text));
    this.xterm.onResize(({ cols, rows }) => {
      clearTimeout(this.resizeTimer);
      if (!this.foreign.value) this.resizeTimer = setTimeout(() => door.resize(cols, rows), 80);
    });
    for (const use of ["focusin", "pointerdown"]) this.element.addEventListener(use, () => this.claim());
    this.xterm.attachCustomKeyEventHandler((event) => this.key(event));
    this.element.addEventListener("paste", (event) => this.pasted(event), { capture: true });
    this.element.addEventListener("contextmenu", (event) => void this.rightClick(event));
    this.observer = new ResizeObserver(() => this.fit());
  }

  /** Shows it in a pane. */
  mount(pane: HTMLElement): void {
    pane.append(this.element);
    if (!this.xterm.element) this.xterm.open(this.element);
    this.observer.observe(this.element);
    this.news.value = false;
    this.fit();
  }

  unmount(): void {
    this.observer.disconnect();
    this.element.remove();
  }

  dispose(): void {
    this.unmount();
    this.spoken.dispose();
    clearTimeout(this.resizeTimer);
    this.xterm.dispose();
  }

  focus(): void {
    this.xterm.focus();
  }

  /** Marks words wherever the screen shows them. */
  mark(words: readonly string[]): void {
    this.spoken.mark(words);
  }

  get size(): { columns: number; rows: number } {
    return { columns: this.xterm.cols, rows: this.xterm.rows };
  }

  // ---- the screen -------------------------------------------------------------------------------------------------

  /** Draws the screen from its beginning; nothing happens when it shows just that. */
  redraw({ tail, end, ended, typed, columns, rows }: Screen): void {
    this.ended.value = ended;
    this.typed = typed;
    // Another page may have changed it while this one was not connected.
    if (this.end > 0 && (columns !== this.xterm.cols || rows !== this.xterm.rows)) this.follow(columns, rows);
    if (end === this.end && this.end > 0) return;
    this.replaying++;
    this.xterm.reset();
    this.end = end;
    this.xterm.write(bytes(tail), () => {
      this.replaying--;
      this.tell(end, true);
    });
  }

  write(chunk: Uint8Array, end: number): void {
    this.end = end;
    if (!this.element.isConnected) this.news.value = true;
    this.xterm.write(bytes(chunk), () => this.tell(end, end === this.end));
  }

  private tell(end: number, last: boolean): void {
    if (end - this.told < DRAWN_EVERY && !last && end > this.told) return;
    this.told = end;
    this.door.drawn(end);
  }

  /** Takes on the size that another page has given it, until somebody uses it here. */
  follow(columns: number, rows: number): void {
    if (columns === this.xterm.cols && rows === this.xterm.rows) return;
    this.foreign.value = true;
    this.element.classList.add("foreign");
    this.xterm.resize(columns, rows);
  }

  /** Gives it the size of its pane again. */
  private claim(): void {
    if (!this.foreign.value) return;
    this.foreign.value = false;
    this.element.classList.remove("foreign");
    this.fit();
  }

  private get hasFocus(): boolean {
    return this.element.contains(document.activeElement);
  }

  private fit(): void {
    if (this.foreign.value) return;
    if (!this.element.isConnected || this.element.clientWidth < 40 || this.element.clientHeight < 20) return;
    const size = this.fitAddon.proposeDimensions();
    if (size && Number.isFinite(size.cols) && size.cols > 1 && size.rows > 0) this.fitAddon.fit();
  }

  /** Whether a shell waits at an empty prompt. */
  get idle(): boolean {
    if (this.ended.value !== undefined || this.keyboard.waiting > 0) return false;
    const buffer = this.xterm.buffer.active;
    const line = buffer.getLine(buffer.baseY + buffer.cursorY)?.translateToString(false, 0, buffer.cursorX) ?? "";
    return /[$#] $/.test(line);
  }

  /** Commands that stand after a prompt on the screen and above it, oldest first. */
  commands(): string[] {
    const buffer = this.xterm.buffer.active;
    const out: string[] = [];
    for (let i = 0; i < buffer.length; i++) {
      const row = buffer.getLine(i);
      if (row === undefined || row.isWrapped) continue;
      let text = row.translateToString(true);
      // What goes on in the next row is one line.
      for (let next = i + 1; buffer.getLine(next)?.isWrapped; next++)
        text += buffer.getLine(next)!.translateToString(true);
      const command = PROMPT.exec(text)?.[1]?.trim();
      if (command) out.push(command);
    }
    return out;
  }

  // ---- the keyboard -----------------------------------------------------------------------------------------------

  /** Types a command and Enter, as the person would. */
  run(command: string): void {
    this.claim();
    this.door.entered(command);
    this.xterm.scrollToBottom();
    this.keyboard.type(`${command.replace(/\n/g, "\r")}\r`);
  }

  private heard(text: string): void {
    // A question of a program is answered by the page that somebody is at, not by each that shows the terminal, and not
    // once more when an old screen is drawn; what the person types meanwhile counts.
    if (REPLY.test(text) && (this.replaying > 0 || !(this.hasFocus && document.hasFocus()))) return;
    if (this.ended.value !== undefined) {
      if (text === "\r") this.door.again();
      return;
    }
    this.claim();
    if (text === "\r") this.tellCommand();
    else if (/[\x00-\x1f]/.test(text)) this.plain = false;
    this.watchLine(text);
    this.keyboard.type(text);
  }

  /**
   * What was typed may be ahead of its echo; the line on the screen has what history and completion brought, which what
   * was typed has not.
   */
  private tellCommand(): void {
    const typed = this.plain ? this.line.trim() : "";
    this.plain = true;
    if (typed) {
      this.door.entered(typed);
      return;
    }
    const { active } = this.xterm.buffer;
    let row = active.baseY + active.cursorY;
    let text = active.getLine(row)?.translateToString(true) ?? "";
    while (row > 0 && active.getLine(row)?.isWrapped)
      text = (active.getLine(--row)?.translateToString(true) ?? "") + text;
    const command = PROMPT.exec(text)?.[1]?.trim();
    if (command) this.door.entered(command);
  }

  /** Keeps what was typed since the last prompt, as far as that is simple, and looks for a command in Hangul. */
  private watchLine(text: string): void {
    if (text === "\x7f") this.line = [...this.line].slice(0, -1).join("");
    else if (/[\r\x03\x15\x1b]/.test(text)) this.line = "";
    else if (text.length < 200) this.line += text;
    const meant = / $/.test(this.line) || text === "\r" ? meantCommand(this.line) : undefined;
    if (meant) this.ask.value = { kind: "hangul", ...meant };
    else if (this.ask.value?.kind === "hangul" && this.line === "") this.ask.value = undefined;
  }

  /** Puts the command that was meant in the place of what was typed. */
  fixHangul(command: string): void {
    this.keyboard.type(`\x15${command} `);
    this.line = `${command} `;
    this.ask.value = undefined;
    this.focus();
  }

  private key(event: KeyboardEvent): boolean {
    if (event.type !== "keydown" || event.isComposing) return true;
    // F6 leaves the terminal, which keeps Tab for itself.
    if (event.key === "F6") return false;
    const command = event.ctrlKey && !event.altKey && !event.metaKey;
    const letter = event.code;
    if (command && letter === "KeyC" && (event.shiftKey || this.xterm.hasSelection())) {
      event.preventDefault();
      this.copy();
      return false;
    }
    // The browser then pastes into xterm's text area, which comes back as a paste event.
    if (command && letter === "KeyV") return false;
    return true;
  }

  private copy(): void {
    const text = this.xterm.getSelection();
    if (text !== "") void navigator.clipboard?.writeText(text);
    this.xterm.clearSelection();
  }

  private pasted(event: ClipboardEvent): void {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    event.preventDefault();
    event.stopPropagation();
    this.paste(text);
  }

  private async rightClick(event: MouseEvent): Promise<void> {
    event.preventDefault();
    if (this.xterm.hasSelection()) {
      this.copy();
      return;
    }
    try {
      this.paste(await navigator.clipboard.readText());
    } catch {
      this.ask.value = { kind: "blocked" };
    }
  }

  private paste(text: string): void {
    if (text === "") return;
    if (text.length > PASTE_LIMIT) {
      this.ask.value = { kind: "too-long" };
      return;
    }
    const lines = text.replace(/\r?\n$/, "").split("\n").length;
    if (lines > 1) this.ask.value = { kind: "paste", text, lines };
    else this.xterm.paste(text);
  }

  /** The person has read that these are several lines, and wants them. */
  confirmPaste(text: string): void {
    this.ask.value = undefined;
    this.xterm.paste(text);
    this.focus();
  }

  private showProgress(done: number): void {
    if (done < 1) this.ask.value = { kind: "pasting", percent: Math.floor(done * 100) };
    else if (this.ask.value?.kind === "pasting") this.ask.value = undefined;
  }
}

/** Socket.io hands over ArrayBuffers. */
function bytes(value: Uint8Array | ArrayBuffer): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array(value);
}
