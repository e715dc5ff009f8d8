import { cpu, type Gen, Pipe, WaitQueue, wait } from "../kernel/index.ts";
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
  /** ^S stops what is written, ^Q lets it go on. */
  ixon: boolean;
}

export const COOKED: Readonly<Termios> = {
  icanon: true,
  echo: true,
  isig: true,
  icrnl: true,
  opost: true,
  ixon: true,
};

/** Changes of the modes for a program that is given every key as it is typed (cfmakeraw(3)). */
export const RAW: Readonly<Termios> = {
  icanon: false,
  echo: false,
  isig: false,
  icrnl: false,
  opost: false,
  ixon: false,
};

const CTRL_C = 3;
const CTRL_D = 4;
const BACKSPACE = 8;
const NEWLINE = 10;
const RETURN = 13;
const CTRL_Q = 17;
const CTRL_R = 18;
const CTRL_S = 19;
const CTRL_U = 21;
const CTRL_V = 22;
const CTRL_W = 23;
const CTRL_Z = 26;
const CTRL_BACKSLASH = 28;
const DELETE = 127;

/** Letters, digits and the underscore, as ^W takes words; bytes beyond ASCII are those of letters. */
function isWordByte(byte: number): boolean {
  return byte > 127 || byte === 95 || /[A-Za-z0-9]/.test(String.fromCharCode(byte));
}

/** Most bytes that are kept while the output is stopped. */
const MOST_HELD = 1 << 20;

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
  /** Before how many bytes that nobody has read yet ends of file were typed. */
  private ends: number[] = [];
  /** What of the keys that came together is to be shown. */
  private echoed: number[] = [];
  /** A reader was woken for keys that a signal's key then took back. */
  private givenUp = false;
  private readonly output: (bytes: Uint8Array) => void;
  hungUp = false;
  /** Stopped by ^S: what is written is kept until ^Q. */
  private stopped = false;
  private held: Uint8Array[] = [];
  private heldBytes = 0;
  private readonly resumed = new WaitQueue();
  /** The next key is taken for itself (^V). */
  private literal = false;
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
    if (this.passes(bytes)) {
      this.keys.push(bytes.slice());
      return;
    }
    for (const byte of bytes) this.key(byte);
    this.flushEcho();
  }

  /** True when no key among these is echoed, edits a line, sends a signal or is turned into another. */
  private passes(bytes: Uint8Array): boolean {
    const { icanon, echo, isig, icrnl, ixon } = this.termios;
    if (icanon || echo) return false;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i]!;
      if (isig && (byte === CTRL_C || byte === CTRL_BACKSLASH || byte === CTRL_Z)) return false;
      if (icrnl && byte === RETURN) return false;
      if (ixon && (byte === CTRL_S || byte === CTRL_Q)) return false;
    }
    return true;
  }

  /** Bytes that were read and are for somebody else: they are read first. */
  giveBack(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const rest = this.keys.take(this.keys.size);
    this.keys.push(bytes);
    this.ends = this.ends.map((end) => end + bytes.length);
    if (rest.length > 0) this.keys.push(rest.slice());
  }

  private key(byte: number): void {
    const { icanon, echo, isig, icrnl, ixon } = this.termios;
    if (this.literal) {
      this.literal = false;
      this.line.push(byte);
      if (echo) this.echo(byte, true);
      return;
    }
    if (ixon && (byte === CTRL_S || byte === CTRL_Q)) {
      if (byte === CTRL_S) this.stopped = true;
      else this.resume();
      return;
    }
    if (isig && (byte === CTRL_C || byte === CTRL_BACKSLASH || byte === CTRL_Z)) {
      // What was typed before and nobody read yet is given up (no NOFLSH).
      this.line = [];
      this.ends = [];
      if (this.keys.size > 0) this.givenUp = true;
      this.keys.take(this.keys.size);
      if (ixon) this.resume();
      if (echo) this.echo(byte);
      this.flushEcho();
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
    const { line } = this;
    if (key === DELETE) {
      if (line.length > 0) this.erase(echo);
    } else if (key === CTRL_U) {
      while (line.length > 0) this.erase(echo);
    } else if (key === CTRL_W) {
      while (line.length > 0 && !isWordByte(line.at(-1)!)) this.erase(echo);
      while (line.length > 0 && isWordByte(line.at(-1)!)) this.erase(echo);
    } else if (key === CTRL_D) {
      if (line.length === 0) {
        this.ends.push(this.keys.size);
        this.keys.readable.wakeAll();
      } else this.flush();
    } else if (key === CTRL_V) {
      this.literal = true;
      if (echo) this.echoed.push(94, BACKSPACE);
    } else if (key === CTRL_R) {
      if (!echo) return;
      this.echo(key);
      for (const one of [NEWLINE, ...line]) this.echo(one);
    } else {
      if (line.length < 4095 || key === NEWLINE) line.push(key);
      if (echo) this.echo(key);
      if (key === NEWLINE) this.flush();
    }
  }

  /** Takes one character (all its UTF-8 bytes) off the line. A terminal's driver takes each for one column wide. */
  private erase(echo: boolean): void {
    let byte = this.line.pop()!;
    while ((byte & 0xc0) === 0x80 && this.line.length > 0) byte = this.line.pop()!;
    if (!echo) return;
    // Control characters are shown as ^X, and a tab goes to the next of its stops.
    const columns = byte === 9 ? 8 - (this.columnOf(this.line) % 8) : byte < 32 || byte === DELETE ? 2 : 1;
    for (let i = 0; i < columns; i++) {
      if (byte === 9) this.echoed.push(BACKSPACE);
      else this.echoed.push(BACKSPACE, 32, BACKSPACE);
    }
  }

  /** How far a line reaches that began in the first column. */
  private columnOf(line: readonly number[]): number {
    let column = 0;
    for (const byte of line) {
      if (byte === 9) column += 8 - (column % 8);
      else if (byte < 32 || byte === DELETE) column += 2;
      else if ((byte & 0xc0) !== 0x80) column++;
    }
    return column;
  }

  private flush(): void {
    this.keys.push(Uint8Array.from(this.line));
    this.line = [];
  }

  /** Shows a key; `literal`: also a newline as ^J. */
  private echo(key: number, literal = false): void {
    const control = (key < 32 && key !== 9 && key !== NEWLINE) || key === DELETE;
    if (control || (literal && key < 32)) this.echoed.push(94, key ^ 64);
    else this.echoed.push(key);
  }

  private flushEcho(): void {
    if (this.echoed.length > 0) this.display(Uint8Array.from(this.echoed.splice(0)));
  }

  /** Bytes to the screen, newlines turned into CR LF unless raw. */
  display(bytes: Uint8Array): void {
    if (this.hungUp) return;
    this.flushEcho();
    if (this.stopped && this.termios.ixon) {
      if (this.heldBytes < MOST_HELD) this.held.push(bytes.slice());
      this.heldBytes += bytes.length;
      return;
    }
    if (this.stopped) this.resume();
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

  /** Shows what was written since ^S, and lets writers go on. */
  private resume(): void {
    if (!this.stopped) return;
    this.stopped = false;
    this.heldBytes = 0;
    for (const bytes of this.held.splice(0)) this.display(bytes);
    this.resumed.wakeAll();
  }

  /** Somebody who takes keys as they come is given a line that was begun, and no ends of file. */
  private uncook(): void {
    this.ends = [];
    if (this.line.length > 0) this.flush();
  }

  /** True when a read would not wait. */
  get ready(): boolean {
    if (!this.termios.icanon) this.uncook();
    return this.keys.size > 0 || this.ends.length > 0 || this.hungUp;
  }

  /** Woken when something arrives. */
  get arrival(): WaitQueue {
    return this.keys.readable;
  }

  *read(max: number): Gen<Uint8Array | "interrupted"> {
    for (;;) {
      if (!this.termios.icanon) this.uncook();
      if (this.ends[0] === 0) {
        this.ends.shift();
        return new Uint8Array(0);
      }
      if (this.keys.size > 0) {
        const most = Math.min(max, this.ends[0] ?? max);
        const bytes = this.termios.icanon ? this.keys.takeChunk(most) : this.keys.take(most);
        if (this.ends.length > 0) this.ends = this.ends.map((end) => end - bytes.length);
        return bytes;
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
    while (this.stopped && this.termios.ixon && !this.hungUp) if ((yield* wait(this.resumed)) === "interrupted") break;
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
    this.resumed.wakeAll();
  }

  close(): void {
    this.onClose();
  }
}
