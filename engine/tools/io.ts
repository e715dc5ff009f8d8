/** Reading lines and writing text, in blocks: what keeps filters fast. */
import { concat, cpu, decode, encode, type Gen } from "../kernel/index.ts";
import { allocate } from "../machine/memory.ts";
import type { Process } from "../machine/process.ts";
import * as sys from "../machine/sys.ts";
import type { Steps } from "../text/steps.ts";

/** Text on its way to a descriptor. Add without `yield*`, then `flush` once a block of input is done. */
export class Output {
  private readonly p: Process;
  private readonly fd: number;
  private parts: string[] = [];
  private size = 0;

  constructor(p: Process, fd = 1) {
    this.p = p;
    this.fd = fd;
  }

  add(text: string): void {
    this.parts.push(text);
    this.size += text.length;
  }

  /** True when a good-sized block is waiting: time to `flush` inside long loops. */
  get full(): boolean {
    return this.size >= 65_536;
  }

  get empty(): boolean {
    return this.size === 0;
  }

  *flush(): Gen<void> {
    if (this.size === 0) return;
    const text = this.parts.length === 1 ? this.parts[0]! : this.parts.join("");
    this.parts = [];
    this.size = 0;
    yield* this.bytes(encode(text));
  }

  /** Writes bytes as they are, after what was added. */
  *bytes(bytes: Uint8Array): Gen<void> {
    if (this.size > 0) yield* this.flush();
    yield* cpu(bytes.length >> 8);
    try {
      yield* sys.write(this.p, this.fd, bytes);
    } catch (error) {
      throw this.fd === 1 ? new WriteError(error) : error;
    }
  }
}

/** Most bytes a tool holds at a time. */
const MAX_MEMORY = 192 * 1024 * 1024;

/**
 * Called by tools that must see all of their input: one that holds too much is killed, as the system kills it. Throws
 * `RangeError` beyond the process's own limit (`ulimit -v`), where malloc(3) gives nothing.
 */
export function* hold(p: Process, bytes: number): Gen<void> {
  if (bytes > roomOf(p)) throw new RangeError("no memory");
  const limit = p.machine.memory.limitOf(p.ns.cgroup);
  if (limit !== undefined && bytes > limit * 1024) allocate(p, Math.ceil(bytes / 1024));
  else if (bytes > MAX_MEMORY) p.machine.signal(p, "KILL");
  else return;
  yield* cpu(0);
}

/** Bytes that a process may hold beside its program. */
export function roomOf(p: Process): number {
  return p.limits.as === undefined ? Number.POSITIVE_INFINITY : p.limits.as * 1024;
}

/** Work in steps, between which others have their turn and signals come; 2 to the power of `shift` bytes take a µs. */
export function* inSteps<T>(steps: Steps<T>, shift: number): Gen<T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    yield* cpu(1 + (value >> shift));
  }
}

/** Everything up to the end of a descriptor, within what a process may hold. */
export function* readWhole(p: Process, fd: number): Gen<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const chunk = yield* sys.read(p, fd);
    if (chunk.length === 0) return concat(chunks);
    chunks.push(chunk);
    size += chunk.length;
    yield* cpu(chunk.length >> 8);
    yield* hold(p, size);
  }
}

/** Standard output could not be written (not a broken pipe, which ends the process). `reason` is the Errno. */
export class WriteError extends Error {
  readonly reason: unknown;

  constructor(reason: unknown) {
    super("write error");
    this.reason = reason;
  }
}

/** Lines of a descriptor. `fill` reads, `take` gives one line at a time without waiting. */
export class LineReader {
  private readonly p: Process;
  private readonly fd: number;
  private readonly separator: string;
  private readonly code: number;
  private pending: Uint8Array[] = [];
  private lines: string[] = [];
  private at = 0;
  private ended = false;
  /** The last line of the input had no separator at its end. */
  unterminated = false;
  /** Something read had code units from U+D800 on, whose order is not that of their bytes. */
  high = false;
  /** The same, or NUL bytes: what may make a file a binary one. */
  odd = false;

  constructor(p: Process, fd: number, separator = "\n") {
    this.p = p;
    this.fd = fd;
    this.separator = separator;
    this.code = separator.charCodeAt(0);
  }

  /** Nothing is read beyond a line: what follows is for others. */
  sparing = false;

  /** The next line already read, without its separator. */
  take(): string | undefined {
    return this.at < this.lines.length ? this.lines[this.at++] : undefined;
  }

  /** True when `take` has something. */
  get ready(): boolean {
    return this.at < this.lines.length;
  }

  /** True when the input has ended and nothing is left; known only after a `fill`. */
  get done(): boolean {
    return this.ended && this.at >= this.lines.length;
  }

  /** True when the line taken last was the input's last one and had no separator. */
  get lastUnterminated(): boolean {
    return this.unterminated && this.at >= this.lines.length;
  }

  /** Reads until at least one whole line is there; false at the end. */
  *fill(): Gen<boolean> {
    if (this.at < this.lines.length) return true;
    const block = yield* this.block();
    if (block === undefined) return false;
    this.lines = block;
    this.at = 0;
    return true;
  }

  /** The next line, waiting for it. */
  *line(): Gen<string | undefined> {
    if (this.at >= this.lines.length && !(yield* this.fill())) return undefined;
    return this.lines[this.at++];
  }

  /** All whole lines that one or more reads gave, or undefined at the end. Do not mix with `take`. */
  *block(): Gen<string[] | undefined> {
    let held = 0;
    while (!this.ended) {
      const bytes = yield* sys.read(this.p, this.fd, this.sparing ? 1 : undefined);
      // What a filter does with a block: 64 KiB take it a quarter of a millisecond.
      yield* cpu(bytes.length >> 8);
      if (bytes.length === 0) {
        this.ended = true;
        break;
      }
      const last = bytes.lastIndexOf(this.code);
      if (last < 0) {
        this.pending.push(bytes);
        // A line without an end: /dev/zero, say.
        held += bytes.length;
        yield* hold(this.p, held);
        continue;
      }
      this.pending.push(bytes.subarray(0, last));
      const text = this.decoded();
      this.pending = last + 1 < bytes.length ? [bytes.subarray(last + 1)] : [];
      return text.split(this.separator);
    }
    if (this.pending.length === 0) return undefined;
    const text = this.decoded();
    this.pending = [];
    this.unterminated = true;
    return [text];
  }

  /** Leaves what was read beyond the line taken last, `left` of a block, to whoever reads the file on, as exit(3) does for streams. */
  giveBack(left: readonly string[] = this.lines.slice(this.at)): void {
    const file = this.p.fds.get(this.fd);
    if (file?.offset === undefined || file.node?.kind !== "file") return;
    let unread = this.pending.reduce((sum, bytes) => sum + bytes.length, 0) + left.length;
    for (const line of left) unread += byteLength(line);
    if (this.unterminated && left.length > 0) unread--;
    file.offset = Math.max(0, file.offset - unread);
    this.lines = [];
    this.pending = [];
    this.at = 0;
    this.ended = true;
  }

  private decoded(): string {
    const text = decode(concat(this.pending));
    if (!this.high) this.high = /[\ud800-\uffff]/.test(text);
    if (!this.odd) this.odd = this.high || text.includes("\0");
    return text;
  }
}

/** Order of two texts by their UTF-8 bytes, as strcmp has it in the C locale. */
export function compareBytes(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // UTF-16 puts surrogates below U+E000; UTF-8 puts what they encode above. Escaped bytes stand for themselves.
    if (x >= 0xd800 && y >= 0xd800) return rank(a, i) - rank(b, i);
    return (isEscape(a, i) ? 0x7fff : x) - (isEscape(b, i) ? 0x7fff : y);
  }
  return a.length - b.length;
}

function isEscape(text: string, i: number): boolean {
  const unit = text.charCodeAt(i);
  return unit >= 0xdc80 && unit <= 0xdcff && !(i > 0 && isHigh(text.charCodeAt(i - 1)));
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function rank(text: string, i: number): number {
  const unit = text.charCodeAt(i);
  if (unit >= 0xe000) return unit;
  return isEscape(text, i) ? unit - 0xdc00 : unit + 0x10000;
}

/** Number of UTF-8 bytes of a text. */
export function byteLength(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) length++;
    else if (isHigh(unit) && i + 1 < text.length) {
      length += 2;
      i++;
    } else if (!(unit >= 0xdc80 && unit <= 0xdcff)) length += 2;
  }
  return length;
}

/** Devices that give bytes without an end. */
const ENDLESS = new Set(["zero", "full", "random", "urandom"]);

/** A descriptor whose bytes nobody sees: /dev/null. */
export function isNowhere(p: Process, fd: number): boolean {
  const node = p.fds.get(fd)?.node;
  return node?.kind === "char" && node.device === "null";
}

/** A descriptor that can be read for ever. What goes from such a one to nowhere is only time (see `burn`). */
export function isEndless(p: Process, fd: number): boolean {
  const node = p.fds.get(fd)?.node;
  return node?.kind === "char" && ENDLESS.has(node.device);
}
