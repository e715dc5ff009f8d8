import { formatTime } from "../../api/time.ts";
import { concat, encode, type Gen, type Pipe } from "../../kernel/index.ts";
import { type DirNode, entriesOf, type FileNode, fileNode, MemoryContent } from "../inode.ts";
import type { Machine } from "../machine.ts";
import type { OpenFile } from "../open-file.ts";

/** containerd's max_container_log_line_size: longer lines are cut into parts tagged P. */
const MAX_LINE = 16_384;
/** kubelet's containerLogMaxSize and containerLogMaxFiles. */
export const LOG_MAX_BYTES = 10 * 1024 * 1024;
export const LOG_MAX_FILES = 5;

const NEWLINE = 10;
/** About as many bytes stand before a line's text. */
const HEAD_WEIGHT = 40;
const EMPTY = new Uint8Array(0);

let nanoEpoch = Number.NaN;
let nanoTime = Number.NaN;
let nanoText = "";

/** `2026-11-23T22:43:03.123456Z`: Go's RFC3339Nano, which drops trailing zeros. Lines of one instant share the text. */
export function formatNano(epochMs: number, us: number): string {
  if (us !== nanoTime || epochMs !== nanoEpoch) {
    nanoText = nano(epochMs, us);
    nanoTime = us;
    nanoEpoch = epochMs;
  }
  return nanoText;
}

function nano(epochMs: number, us: number): string {
  const micros = Math.floor(us) % 1_000_000;
  const seconds = formatTime(epochMs + Math.floor(us / 1000));
  if (micros === 0 && epochMs % 1000 === 0) return seconds;
  const total = (micros + (epochMs % 1000) * 1000) % 1_000_000;
  const digits = String(total).padStart(6, "0").replace(/0+$/, "");
  return digits === "" ? seconds : `${seconds.slice(0, -1)}.${digits}Z`;
}

/** The log of one run of a container, in CRI's format; rotated by size. Open files of it go on after a rotation. */
export class ContainerLog {
  readonly machine: Machine;
  readonly dir: DirNode;
  readonly name: string;
  file: FileNode;
  private rotations: string[] = [];

  constructor(machine: Machine, dir: DirNode, name: string) {
    this.machine = machine;
    this.dir = dir;
    this.name = name;
    this.file = this.create();
  }

  private create(): FileNode {
    const { now } = this.machine.kernel;
    const made = fileNode("", { mode: 0o640, time: now });
    entriesOf(this.dir).set(this.name, made);
    this.dir.mtime = this.dir.ctime = now;
    return made;
  }

  line(stream: "stdout" | "stderr", tag: "F" | "P", text: Uint8Array): void {
    const { kernel } = this.machine;
    const head = `${formatNano(kernel.epochMs, kernel.now)} ${stream} ${tag} `;
    const bytes = new Uint8Array(head.length + text.length + 1);
    for (let i = 0; i < head.length; i++) bytes[i] = head.charCodeAt(i);
    bytes.set(text, head.length);
    bytes[bytes.length - 1] = NEWLINE;
    const content = this.room(bytes.length);
    content.append(bytes);
    this.changed();
  }

  /** A whole line of text without its end: put into its form when somebody reads the log. */
  text(stream: "stdout" | "stderr", text: string | (() => string), length: number): void {
    const { epochMs, now } = this.machine.kernel;
    const weight = HEAD_WEIGHT + length;
    const make = (): string => {
      const line = typeof text === "string" ? text : text();
      return `${formatNano(epochMs, now)} ${stream} F ${line}\n`;
    };
    this.room(weight).appendLater(make, weight);
    this.changed();
  }

  /** Whole lines of text together; false when they would not all go into the file as it is. */
  block(stream: "stdout" | "stderr", text: string): boolean {
    let count = 0;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count++;
    const weight = count * (HEAD_WEIGHT - 1) + text.length;
    const { content } = this.file;
    if (!(content instanceof MemoryContent) || content.weight() + weight > LOG_MAX_BYTES) return false;
    const { epochMs, now } = this.machine.kernel;
    content.appendLater(() => {
      const head = `${formatNano(epochMs, now)} ${stream} F `;
      return `${head}${text.slice(0, -1).replaceAll("\n", `\n${head}`)}\n`;
    }, weight);
    this.changed();
    return true;
  }

  /** The file's content, with place for so many bytes. */
  protected room(bytes: number): MemoryContent {
    let { content } = this.file;
    const held = content instanceof MemoryContent ? content.weight() : content.size();
    if (held + bytes > LOG_MAX_BYTES) {
      this.rotate();
      content = this.file.content;
    }
    if (content instanceof MemoryContent) return content;
    const own = new MemoryContent(content.bytes());
    this.file.content = own;
    return own;
  }

  protected changed(): void {
    this.file.mtime = this.machine.kernel.now;
    this.file.changed.wakeAll();
  }

  private rotate(): void {
    const { kernel } = this.machine;
    const stamp = formatTime(kernel.wallMs).replace(/[-:TZ]/g, "");
    const old = `${this.name}.${stamp.slice(0, 8)}-${stamp.slice(8)}`;
    const entries = entriesOf(this.dir);
    entries.set(old, this.file);
    this.rotations.push(old);
    while (this.rotations.length >= LOG_MAX_FILES) entries.delete(this.rotations.shift()!);
    const before = this.file;
    this.file = this.create();
    before.changed.wakeAll();
  }
}

/**
 * A container's stdout or stderr: cuts what is written into lines of the log, and gives it to whoever is attached.
 * Stands for the pipe to the shim, without a task that would copy from one to the other.
 */
export class LogSink implements OpenFile {
  refs = 0;
  readonly readable = false;
  readonly writable = true;
  /** Attached clients. */
  readonly taps = new Set<Pipe>();
  private rest: Uint8Array = EMPTY;
  private readonly log: ContainerLog | undefined;
  private readonly stream: "stdout" | "stderr";
  private readonly closed: () => void;

  constructor(log: ContainerLog | undefined, stream: "stdout" | "stderr", closed: () => void = () => {}) {
    this.log = log;
    this.stream = stream;
    this.closed = closed;
  }

  *read(): Gen<Uint8Array> {
    return EMPTY;
  }

  *write(bytes: Uint8Array): Gen<"ok"> {
    this.put(bytes);
    return "ok";
  }

  lines(text: string): void {
    const last = text.length - 1;
    const plain = this.rest.length === 0 && this.taps.size === 0 && this.log !== undefined;
    if (!plain || last > MAX_LINE / 4 || text.charCodeAt(last) !== NEWLINE) {
      this.put(encode(text));
      return;
    }
    if (this.log!.block(this.stream, text)) return;
    for (let from = 0; from <= last; ) {
      const end = text.indexOf("\n", from);
      this.log!.text(this.stream, text.slice(from, end), end - from);
      from = end + 1;
    }
  }

  later(make: () => string, weight: number): void {
    const plain = this.rest.length === 0 && this.taps.size === 0 && this.log !== undefined;
    if (plain && weight < MAX_LINE / 8) this.log!.text(this.stream, make, weight);
    else this.put(encode(`${make()}\n`));
  }

  put(bytes: Uint8Array): void {
    for (const tap of this.taps) if (tap.readers > 0) tap.push(bytes.slice());
    if (this.log === undefined) return;
    let from = 0;
    for (;;) {
      const end = bytes.indexOf(NEWLINE, from);
      if (end < 0) break;
      const piece = bytes.subarray(from, end);
      this.flush(this.rest.length > 0 ? concat([this.rest, piece]) : piece, "F");
      this.rest = EMPTY;
      from = end + 1;
    }
    if (from < bytes.length) {
      const tail = bytes.slice(from);
      this.rest = this.rest.length > 0 ? concat([this.rest, tail]) : tail;
      while (this.rest.length > MAX_LINE) {
        this.log.line(this.stream, "P", this.rest.subarray(0, MAX_LINE));
        this.rest = this.rest.slice(MAX_LINE);
      }
    }
  }

  private flush(line: Uint8Array, tag: "F" | "P"): void {
    let rest = line;
    while (rest.length > MAX_LINE) {
      this.log!.line(this.stream, "P", rest.subarray(0, MAX_LINE));
      rest = rest.subarray(MAX_LINE);
    }
    this.log!.line(this.stream, tag, rest);
  }

  close(): void {
    if (this.rest.length > 0) this.flush(this.rest, "F");
    this.rest = EMPTY;
    for (const tap of this.taps) tap.closeWriter();
    this.taps.clear();
    this.closed();
  }
}
