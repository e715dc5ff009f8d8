import { cpu, encode, type Gen, Pipe, type WaitQueue, wait } from "../kernel/index.ts";
import type { OpenFile } from "./open-file.ts";
import type { Signal } from "./signal.ts";

/** The part of termios(3) that programs here change. */
export interface Termios {
  /** Line by line with erase, kill and end-of-file keys. */
  icanon: boolean;
  echo: boolean;
  /** ^C, ^\ and ^Z send signals. */
  isig: boolean;
  /** Carriage return is read as newline. */
  icrnl: boolean;
  /** Newline is written as carriage return and newline. */
  opost: boolean;
}

export const COOKED: Readonly<Termios> = { icanon: true, echo: true, isig: true, icrnl: true, opost: true };

const CTRL_C = 3;
const CTRL_D = 4;
const BACKSPACE = 8;
const NEWLINE = 10;
const RETURN = 13;
const CTRL_U = 21;
const CTRL_W = 23;
const CTRL_Z = 26;
const CTRL_BACKSLASH = 28;
const DELETE = 127;

/**
 * A pseudo terminal: the line discipline between whoever sits outside (a browser, `kubectl exec -it`) and the
 * foreground process group. `input` takes keys, `output` gives what to display.
 */
export class Tty implements OpenFile {
  refs = 0;
  readonly readable = true;
  readonly writable = true;
  readonly name: string;
  /** Owner of the device file. */
  uid = 0;
  /** Others may write to it (mesg(1)). */
  open = true;
  columns: number;
  rows: number;
  termios: Termios = { ...COOKED };
  /** Process group that reads and gets the keyboard's signals. */
  foreground = 0;
  /** Sends a signal to a process group of this terminal; set by the machine. */
  signal: (group: number, signal: Signal) => void = () => {};
  /** Called when nobody has it open any more. */
  onClose: () => void = () => {};
  private readonly keys = new Pipe(4096);
  /** The line being typed, in canonical mode. */
  private line: number[] = [];
  private ends = 0;
  /** A reader was woken for keys that a signal's key then took back. */
  private givenUp = false;
  private readonly output: (bytes: Uint8Array) => void;
  hungUp = false;
  /** Bytes that whoever shows it takes in a µs; writers wait for that. */
  rate = 4;

  constructor(name: string, columns: number, rows: number, output: (bytes: Uint8Array) => void) {
    this.name = name;
    this.columns = columns;
    this.rows = rows;
    this.output = output;
    this.keys.readers = 1;
    this.keys.writers = 1;
  }

  get tty(): Tty {
    return this;
  }

  get path(): string {
    return this.name;
  }

  /** Bytes from the keyboard. */
  input(bytes: Uint8Array): void {
    // What a line editor or a full-screen program reads comes as it was typed.
    if (this.passes(bytes)) this.keys.push(bytes.slice());
    else for (const byte of bytes) this.key(byte);
  }

  /** True when no key among these is echoed, edits a line, sends a signal or is turned into another. */
  private passes(bytes: Uint8Array): boolean {
    const { icanon, echo, isig, icrnl } = this.termios;
    if (icanon || echo) return false;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i]!;
      if (isig && (byte === CTRL_C || byte === CTRL_BACKSLASH || byte === CTRL_Z)) return false;
      if (icrnl && byte === RETURN) return false;
    }
    return true;
  }

  /** Bytes that were read and are for somebody else: they are read first. */
  giveBack(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const rest = this.keys.take(this.keys.size);
    this.keys.push(bytes);
    if (rest.length > 0) this.keys.push(rest.slice());
  }

  private key(byte: number): void {
    const { icanon, echo, isig, icrnl } = this.termios;
    if (isig && (byte === CTRL_C || byte === CTRL_BACKSLASH || byte === CTRL_Z)) {
      // What was typed before and nobody read yet is given up (no NOFLSH).
      this.line = [];
      if (this.keys.size > 0) this.givenUp = true;
      this.keys.take(this.keys.size);
      if (echo) this.display(encode(`^${String.fromCharCode(byte + 64)}`));
      this.signal(this.foreground, byte === CTRL_C ? "INT" : byte === CTRL_Z ? "TSTP" : "QUIT");
      return;
    }
    const key = byte === RETURN && icrnl ? NEWLINE : byte;
    if (!icanon) {
      if (echo) this.echo(key);
      this.keys.push(Uint8Array.of(key));
      return;
    }
    this.edit(key, echo);
  }

  private edit(key: number, echo: boolean): void {
    if (key === DELETE || key === BACKSPACE) {
      if (this.line.length === 0) return;
      this.erase(echo);
    } else if (key === CTRL_U) {
      while (this.line.length > 0) this.erase(echo);
    } else if (key === CTRL_W) {
      while (this.line.at(-1) === 32) this.erase(echo);
      while (this.line.length > 0 && this.line.at(-1) !== 32) this.erase(echo);
    } else if (key === CTRL_D) {
      if (this.line.length === 0) {
        this.ends++;
        this.keys.readable.wakeAll();
      } else this.flush();
    } else {
      if (this.line.length < 4095 || key === NEWLINE) this.line.push(key);
      if (echo) this.echo(key);
      if (key === NEWLINE) this.flush();
    }
  }

  /** Takes one character (all its UTF-8 bytes) off the line. */
  private erase(echo: boolean): void {
    let byte = this.line.pop()!;
    // Control characters are shown as ^X.
    let wide = byte < 32 && byte !== 9;
    while ((byte & 0xc0) === 0x80 && this.line.length > 0) {
      byte = this.line.pop()!;
      wide = byte >= 0xe1;
    }
    if (echo) this.display(encode(wide ? "\b\b  \b\b" : "\b \b"));
  }

  private flush(): void {
    this.keys.push(Uint8Array.from(this.line));
    this.line = [];
  }

  private echo(key: number): void {
    if (key === NEWLINE) this.display(Uint8Array.of(NEWLINE));
    else if (key < 32 && key !== 9) this.display(encode(`^${String.fromCharCode(key + 64)}`));
    else this.display(Uint8Array.of(key));
  }

  /** Bytes to the screen, newlines turned into CR LF unless raw. */
  display(bytes: Uint8Array): void {
    if (this.hungUp) return;
    if (!this.termios.opost || !bytes.includes(NEWLINE)) {
      this.output(bytes);
      return;
    }
    let newlines = 0;
    for (let i = 0; i < bytes.length; i++) if (bytes[i] === NEWLINE) newlines++;
    const out = new Uint8Array(bytes.length + newlines);
    for (let i = 0, to = 0; i < bytes.length; i++) {
      if (bytes[i] === NEWLINE) out[to++] = RETURN;
      out[to++] = bytes[i]!;
    }
    this.output(out);
  }

  /** True when a read would not wait. */
  get ready(): boolean {
    return this.keys.size > 0 || this.ends > 0 || this.hungUp;
  }

  /** Woken when something arrives. */
  get arrival(): WaitQueue {
    return this.keys.readable;
  }

  *read(max: number): Gen<Uint8Array | "interrupted"> {
    for (;;) {
      if (this.keys.size > 0) return this.termios.icanon ? this.keys.takeChunk(max) : this.keys.take(max);
      if (this.ends > 0) {
        this.ends--;
        return new Uint8Array(0);
      }
      if (this.hungUp) return new Uint8Array(0);
      // An end of file typed on an empty line wakes the reader without a byte.
      this.givenUp = false;
      if ((yield* wait(this.keys.readable)) === "interrupted") return "interrupted";
      if (this.givenUp && this.keys.size === 0) return "interrupted";
    }
  }

  *write(bytes: Uint8Array): Gen<"ok"> {
    this.display(bytes);
    yield* cpu(Math.floor(bytes.length / this.rate));
    return "ok";
  }

  resize(columns: number, rows: number): void {
    if (columns === this.columns && rows === this.rows) return;
    this.columns = columns;
    this.rows = rows;
    this.signal(this.foreground, "WINCH");
  }

  /** The outside is gone: readers get an end of file, the session SIGHUP. */
  hangUp(): void {
    if (this.hungUp) return;
    this.hungUp = true;
    this.signal(this.foreground, "HUP");
    this.keys.readable.wakeAll();
  }

  close(): void {
    this.onClose();
  }
}
