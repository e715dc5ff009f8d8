import type { Gen, Pipe, RandomStream } from "../kernel/index.ts";
import { Errno } from "./errno.ts";
import { type FileNode, heldBytes, type Inode } from "./inode.ts";
import type { Tty } from "./tty.ts";
import { areZeros, zeros } from "./zeros.ts";

/** An open file description (open(2)): shared by duplicated and inherited descriptors, hence counted. */
export interface OpenFile {
  refs: number;
  readonly readable: boolean;
  readonly writable: boolean;
  /** What it was opened from, where there is one. */
  readonly node?: Inode | undefined;
  readonly path?: string | undefined;
  readonly tty?: Tty | undefined;
  readonly pipe?: Pipe | undefined;
  /** Up to `max` bytes, waiting for the first; none at the end. `interrupted` after a caught signal. */
  read(max: number): Gen<Uint8Array | "interrupted">;
  /** Writes all of it, or up to a caught signal: the number of bytes, `interrupted` for none. Throws EPIPE when nobody reads. */
  write(bytes: Uint8Array): Gen<"ok" | "interrupted" | number>;
  /** Takes whole lines of text within the instant, for files that would make text of the bytes again: the journal. */
  lines?(text: string): void;
  /** Takes a line that is made when somebody reads it; `weight` is about its length. */
  later?(make: () => string, weight: number): void;
  /** Absolute position, for files that have one. */
  offset?: number;
  /** Called when the last descriptor is closed. */
  close(): void;
}

const EMPTY = new Uint8Array(0);
/** Most zeros of one read. */
const MOST_ZEROS = 1 << 30;

type Reserve = (bytes: number, zeros?: boolean) => void;

/** A regular file opened with a position; in append mode every write goes to the end. */
export class RegularFile implements OpenFile {
  refs = 0;
  offset = 0;
  readonly node: FileNode;
  readonly path: string;
  readonly readable: boolean;
  readonly writable: boolean;
  private readonly append: boolean;
  private readonly now: () => number;
  /** Asked before growing by that many bytes, `zeros` when they are nothing else; throws ENOSPC or EFBIG. */
  private readonly reserve: Reserve;

  constructor(
    node: FileNode,
    path: string,
    mode: { read: boolean; write: boolean; append: boolean },
    now: () => number,
    reserve: Reserve,
  ) {
    this.node = node;
    this.path = path;
    this.readable = mode.read;
    this.writable = mode.write;
    this.append = mode.append;
    this.now = now;
    this.reserve = reserve;
  }

  *read(max: number): Gen<Uint8Array> {
    const { content } = this.node;
    // Of a file in runs of zeros only the part is made.
    if (content.part && heldBytes(content) < content.size()) {
      const part = content.part(this.offset, this.offset + max);
      this.offset += part.length;
      return part;
    }
    const bytes = content.bytes();
    if (this.offset >= bytes.length) return EMPTY;
    const out = bytes.subarray(this.offset, this.offset + max);
    this.offset += out.length;
    return out;
  }

  *write(bytes: Uint8Array): Gen<"ok"> {
    writeAt(this.node, bytes, this.append ? undefined : this.offset, this.reserve);
    this.offset = this.append ? this.node.content.size() : this.offset + bytes.length;
    this.node.mtime = this.node.ctime = this.now();
    this.node.changed.wakeAll();
    return "ok";
  }

  close(): void {}
}

/** Writes bytes at a position (or at the end) of a file, filling a gap with zeros. */
export function writeAt(node: FileNode, bytes: Uint8Array, offset: number | undefined, reserve: Reserve): void {
  const { content } = node;
  const size = content.size();
  const at = offset ?? size;
  if (at === size) {
    const blank = areZeros(bytes);
    reserve(bytes.length, blank);
    content.append(blank ? bytes : bytes.slice());
    return;
  }
  const old = content.bytes();
  const length = Math.max(old.length, at + bytes.length);
  reserve(length - old.length);
  const out = new Uint8Array(length);
  out.set(old);
  out.set(bytes, at);
  content.replace(out);
}

/** One end of a pipe. */
export class PipeEnd implements OpenFile {
  refs = 0;
  readonly pipe: Pipe;
  readonly readable: boolean;
  readonly writable: boolean;

  constructor(pipe: Pipe, end: "read" | "write") {
    this.pipe = pipe;
    this.readable = end === "read";
    this.writable = end === "write";
    if (end === "read") pipe.readers++;
    else pipe.writers++;
  }

  *read(max: number): Gen<Uint8Array | "interrupted"> {
    return yield* this.pipe.read(max);
  }

  *write(bytes: Uint8Array): Gen<"ok" | "interrupted" | number> {
    const result = yield* this.pipe.write(bytes);
    if (result === "broken") throw new Errno("EPIPE");
    return result;
  }

  close(): void {
    if (this.readable) this.pipe.closeReader();
    else this.pipe.closeWriter();
  }
}

/** Character devices: null, zero, full, random. */
export class DeviceFile implements OpenFile {
  refs = 0;
  readonly readable = true;
  readonly writable = true;
  readonly node: Inode;
  readonly path: string;
  private readonly device: string;
  private readonly random: RandomStream;

  constructor(node: Inode, path: string, device: string, random: RandomStream) {
    this.node = node;
    this.path = path;
    this.device = device;
    this.random = random;
  }

  *read(max: number): Gen<Uint8Array> {
    if (this.device === "null") return EMPTY;
    // /dev/zero gives all that is asked for (drivers/char/mem.c).
    if (this.device !== "random" && this.device !== "urandom") return zeros(Math.min(max, MOST_ZEROS));
    const out = new Uint8Array(Math.min(max, 65_536));
    for (let i = 0; i < out.length; i++) out[i] = this.random.int(0, 255);
    return out;
  }

  *write(_bytes: Uint8Array): Gen<"ok"> {
    if (this.device === "full") throw new Errno("ENOSPC");
    return "ok";
  }

  close(): void {}
}
