import type { Pipe } from "../kernel/index.ts";
import { concat, decode, encode, WaitQueue } from "../kernel/index.ts";
import { Errno } from "./errno.ts";
import { areZeros, zeros } from "./zeros.ts";

const EMPTY = new Uint8Array(0);
/** A run of zeros in a file: only its length is kept. */
interface Blank {
  readonly blank: true;
  length: number;
}
/** Chunks of an empty file; never written to. */
const NOTHING: (Uint8Array | Blank)[] = [];
/** Most bytes that are made of a file with runs of zeros at a time. */
const MOST_MADE = 128 * 1024 * 1024;
const NOTHING_LATER: (() => string)[] = [];
/** Texts that wait to be made at most: what they refer to stays in memory meanwhile. */
const MOST_LATER = 2_000;

interface InodeBase {
  readonly ino: number;
  /** Permission bits with set-uid, set-gid and sticky: 0o7777. */
  mode: number;
  uid: number;
  gid: number;
  nlink: number;
  /** Modification, change and access time in µs of virtual time (may be negative: before the session began). */
  mtime: number;
  ctime: number;
  atime: number;
  /** What chattr(1) has set, by its letters: `i` lets nothing change, `a` only lets bytes be added. */
  attributes?: string;
  /** Something is mounted over it in some namespace: ask `through`. */
  covered: boolean;
}

/** Where a file's bytes come from and go to. */
export interface Content {
  size(): number;
  bytes(): Uint8Array;
  /** The bytes as text: what was written as text and never read as bytes need not become any. */
  text(): string;
  append(bytes: Uint8Array): void;
  replace(bytes: Uint8Array): void;
  /** The same with text that becomes bytes when somebody looks. */
  replaceText?(text: string): void;
  /** Bytes from one position to before another, where that is cheaper than `bytes()`. */
  part?(from: number, to: number): Uint8Array;
  /** Appends zeros without holding them. */
  appendZeros?(count: number): void;
  /** How many of its bytes are held in memory; all of them where this is not said. */
  held?(): number;
  /** Appends its first `size` bytes to another one, runs of zeros as such. */
  copyTo?(other: Content, size: number): void;
}

/** Adds zeros to the end of a file. */
export function appendZeros(content: Content, count: number): void {
  if (content.appendZeros) content.appendZeros(count);
  else content.append(new Uint8Array(count));
}

/** Makes the first `size` bytes of one content all of another, and none of their zeros where these are runs. */
export function copyContent(from: Content, to: Content, size: number): void {
  if (from.copyTo && from !== to) {
    to.replace(EMPTY);
    from.copyTo(to, size);
  } else to.replace(from.bytes().slice(0, size));
}

/** Bytes of a file that the host holds: runs of zeros are none. */
export function heldBytes(content: Content): number {
  return content.held?.() ?? content.size();
}

export interface FileNode extends InodeBase {
  readonly kind: "file";
  content: Content;
  /** Name in the program registry, for what is executable here by itself. */
  program?: string;
  /** What the machine's disk counts for it, once a process wrote to it. */
  charge?: { size: number; held: number };
  /** Woken at every change, for `tail -f`. */
  readonly changed: WaitQueue;
}

export interface DirNode extends InodeBase {
  readonly kind: "dir";
  /** Use `entriesOf`: directories of shared images and of /proc are filled when first looked into. */
  entries: Map<string, Inode> | undefined;
  load?: (() => Map<string, Inode>) | undefined;
  /** Filled anew at each look (/proc). */
  volatile?: boolean;
  /** Woken when an entry comes or goes, once somebody watches (inotify(7)). */
  watchers?: WaitQueue;
  parent: DirNode | undefined;
}

export interface SymlinkNode extends InodeBase {
  readonly kind: "symlink";
  readonly target: string;
  /** What it leads to, whatever its text says: the links of /proc/PID/fd. */
  readonly follow?: () => Inode | undefined;
}

export interface FifoNode extends InodeBase {
  readonly kind: "fifo";
  readonly pipe: Pipe;
}

/** A character device; `device` names it: null, zero, full, urandom, tty, console, pts/0 … */
export interface DeviceNode extends InodeBase {
  readonly kind: "char";
  readonly device: string;
}

export interface SocketNode extends InodeBase {
  readonly kind: "socket";
}

export type Inode = FileNode | DirNode | SymlinkNode | FifoNode | DeviceNode | SocketNode;

/** The entries of a directory, filled in when needed. */
export function entriesOf(dir: DirNode): Map<string, Inode> {
  if (dir.entries === undefined || dir.volatile) dir.entries = dir.load?.() ?? new Map();
  return dir.entries;
}

/** Bytes in memory; appending is cheap however long the file is. */
export class MemoryContent implements Content {
  private chunks: (Uint8Array | Blank)[] = NOTHING;
  private length = 0;
  /** How many bytes are in runs of zeros. */
  private blank = 0;
  /** What it was made from, until somebody wants bytes: most files are never read. */
  private written = "";
  private later: (() => string)[] = NOTHING_LATER;
  private laterWeight = 0;

  constructor(initial: string | Uint8Array = EMPTY) {
    if (typeof initial === "string") this.written = initial;
    else this.replace(initial);
  }

  /** Makes what was put off. */
  private settle(): void {
    const { written, later } = this;
    if (written !== "") {
      this.written = "";
      this.add(encode(written));
    }
    if (later === NOTHING_LATER) return;
    this.later = NOTHING_LATER;
    this.laterWeight = 0;
    this.add(encode(later.map((one) => one()).join("")));
  }

  private add(bytes: Uint8Array | Blank): void {
    if (this.chunks === NOTHING) this.chunks = [bytes];
    else this.chunks.push(bytes);
    this.length += bytes.length;
  }

  appendZeros(count: number): void {
    if (count === 0) return;
    this.settle();
    this.blank += count;
    const last = this.chunks.at(-1);
    if (last !== undefined && "blank" in last) {
      last.length += count;
      this.length += count;
    } else this.add({ blank: true, length: count });
  }

  held(): number {
    return this.size() - this.blank;
  }

  copyTo(other: Content, size: number): void {
    this.settle();
    let left = size;
    for (const chunk of this.chunks) {
      const count = Math.min(chunk.length, left);
      left -= count;
      if ("blank" in chunk) appendZeros(other, count);
      else other.append(chunk.slice(0, count));
    }
  }

  /** Throws ENOMEM for more than a process may hold. */
  part(from: number, to: number): Uint8Array {
    if (this.blank === 0) return this.bytes().subarray(from, to);
    const out: Uint8Array[] = [];
    let size = 0;
    let at = 0;
    for (const chunk of this.chunks) {
      const [first, last] = [Math.max(from - at, 0), Math.min(to - at, chunk.length)];
      at += chunk.length;
      if (last <= first) continue;
      size += last - first;
      if (size > MOST_MADE) throw new Errno("ENOMEM");
      out.push("blank" in chunk ? zeros(last - first) : chunk.subarray(first, last));
    }
    return out.length === 1 ? out[0]! : concat(out);
  }

  size(): number {
    this.settle();
    return this.length;
  }

  /** About `size()`, without making what is to be made. */
  weight(): number {
    return this.length + this.written.length + this.laterWeight;
  }

  bytes(): Uint8Array {
    this.settle();
    if (this.blank > 0) return this.part(0, this.length);
    const chunks = this.chunks as Uint8Array[];
    if (chunks.length === 0) return EMPTY;
    if (chunks.length > 1) this.chunks = [concat(chunks)];
    return this.chunks[0] as Uint8Array;
  }

  text(): string {
    return this.written !== "" && this.later === NOTHING_LATER ? this.written : decode(this.bytes());
  }

  append(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (areZeros(bytes)) {
      this.appendZeros(bytes.length);
      return;
    }
    this.settle();
    this.add(bytes);
  }

  /** Appends text that is made when somebody looks: a log that is mostly never read. `weight`: about its bytes. */
  appendLater(text: () => string, weight: number): void {
    if (this.later === NOTHING_LATER) this.later = [];
    this.later.push(text);
    this.laterWeight += weight;
    if (this.later.length >= MOST_LATER) this.settle();
  }

  replace(bytes: Uint8Array): void {
    this.written = "";
    this.later = NOTHING_LATER;
    this.laterWeight = 0;
    this.blank = 0;
    this.chunks = NOTHING;
    this.length = 0;
    this.append(bytes);
  }

  replaceText(text: string): void {
    this.replace(EMPTY);
    this.written = text;
  }
}

/** Content made when somebody first reads it (certificates, tokens, image files); a write replaces it. */
export class LazyContent implements Content {
  private made: MemoryContent | undefined;
  private readonly make: () => string | Uint8Array;

  constructor(make: () => string | Uint8Array) {
    this.make = make;
  }

  private get content(): MemoryContent {
    this.made ??= new MemoryContent(this.make());
    return this.made;
  }

  size(): number {
    return this.content.size();
  }

  bytes(): Uint8Array {
    return this.content.bytes();
  }

  text(): string {
    return this.content.text();
  }

  /** Nobody has read or written it yet. */
  get untouched(): boolean {
    return this.made === undefined;
  }

  append(bytes: Uint8Array): void {
    this.content.append(bytes);
  }

  replace(bytes: Uint8Array): void {
    this.made = new MemoryContent(bytes);
  }
}

/** Content computed at each read, e.g. /proc/loadavg; `write` takes what is written to it, if anything may be. */
export class ComputedContent implements Content {
  private readonly compute: () => string;
  private readonly write: ((bytes: Uint8Array) => void) | undefined;

  constructor(compute: () => string, write?: (bytes: Uint8Array) => void) {
    this.compute = compute;
    this.write = write;
  }

  /** As in Linux, such files have no size of their own. */
  size(): number {
    return 0;
  }

  bytes(): Uint8Array {
    return encode(this.compute());
  }

  text(): string {
    return this.compute();
  }

  append(bytes: Uint8Array): void {
    this.write?.(bytes);
  }

  replace(bytes: Uint8Array): void {
    if (bytes.length > 0) this.write?.(bytes);
  }
}

let inodes = 0;

/** Inode numbers only have to differ; digests and listings do not show them. */
function base(mode: number, uid: number, gid: number, time: number): InodeBase {
  return { ino: ++inodes, mode, uid, gid, nlink: 1, mtime: time, ctime: time, atime: time, covered: false };
}

export interface NodeAttributes {
  mode?: number;
  uid?: number;
  gid?: number;
  /** µs of virtual time. */
  time?: number;
}

export function fileNode(
  content: string | Uint8Array | Content = "",
  at: NodeAttributes = {},
  program?: string,
): FileNode {
  const time = at.time ?? 0;
  // Written out: spreading a base object costs several times as much, and machines have thousands of inodes.
  const node: FileNode = {
    ino: ++inodes,
    mode: at.mode ?? 0o644,
    uid: at.uid ?? 0,
    gid: at.gid ?? 0,
    nlink: 1,
    mtime: time,
    ctime: time,
    atime: time,
    covered: false,
    kind: "file",
    content: typeof content === "string" || content instanceof Uint8Array ? new MemoryContent(content) : content,
    changed: new WaitQueue(),
  };
  if (program !== undefined) node.program = program;
  return node;
}

export function dirNode(at: NodeAttributes = {}, load?: () => Map<string, Inode>): DirNode {
  const time = at.time ?? 0;
  return {
    ino: ++inodes,
    mode: at.mode ?? 0o755,
    uid: at.uid ?? 0,
    gid: at.gid ?? 0,
    nlink: 2,
    mtime: time,
    ctime: time,
    atime: time,
    covered: false,
    kind: "dir",
    entries: undefined,
    load,
    parent: undefined,
  };
}

export function symlinkNode(target: string, at: NodeAttributes = {}): SymlinkNode {
  const time = at.time ?? 0;
  return {
    ino: ++inodes,
    mode: 0o777,
    uid: at.uid ?? 0,
    gid: at.gid ?? 0,
    nlink: 1,
    mtime: time,
    ctime: time,
    atime: time,
    covered: false,
    kind: "symlink",
    target,
  };
}

export function deviceNode(device: string, at: NodeAttributes = {}): DeviceNode {
  return { ...base(at.mode ?? 0o666, at.uid ?? 0, at.gid ?? 0, at.time ?? 0), kind: "char", device };
}

/** A socket's name in the file tree. */
export function socketNode(at: NodeAttributes = {}): SocketNode {
  return { ...base(at.mode ?? 0o755, at.uid ?? 0, at.gid ?? 0, at.time ?? 0), kind: "socket" };
}

export function fifoNode(pipe: Pipe, at: NodeAttributes = {}): FifoNode {
  return { ...base(at.mode ?? 0o644, at.uid ?? 0, at.gid ?? 0, at.time ?? 0), kind: "fifo", pipe };
}
