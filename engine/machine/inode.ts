import type { Pipe } from "../kernel/index.ts";
import { concat, decode, encode, WaitQueue } from "../kernel/index.ts";

const EMPTY = new Uint8Array(0);
/** Chunks of an empty file; never written to. */
const NOTHING: Uint8Array[] = [];
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
}

export interface FileNode extends InodeBase {
  readonly kind: "file";
  content: Content;
  /** Name in the program registry, for what is executable here by itself. */
  program?: string;
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
  private chunks: Uint8Array[] = NOTHING;
  private length = 0;
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

  private add(bytes: Uint8Array): void {
    if (this.chunks === NOTHING) this.chunks = [bytes];
    else this.chunks.push(bytes);
    this.length += bytes.length;
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
    if (this.chunks.length === 0) return EMPTY;
    if (this.chunks.length > 1) this.chunks = [concat(this.chunks)];
    return this.chunks[0]!;
  }

  text(): string {
    return this.written !== "" && this.later === NOTHING_LATER ? this.written : decode(this.bytes());
  }

  append(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
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
    this.chunks = bytes.length > 0 ? [bytes] : NOTHING;
    this.length = bytes.length;
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
