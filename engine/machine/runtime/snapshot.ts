import {
  type Content,
  type DirNode,
  dirNode,
  entriesOf,
  fileNode,
  heldBytes,
  type Inode,
  MemoryContent,
  symlinkNode,
} from "../inode.ts";
import type { Program } from "../process.ts";

/** A file of an image: its bytes are the image's until something writes. */
class SharedContent implements Content {
  private shared: Content | undefined;
  private own: MemoryContent | undefined;

  constructor(shared: Content) {
    this.shared = shared;
  }

  private get content(): Content {
    return this.own ?? this.shared!;
  }

  size(): number {
    return this.content.size();
  }

  held(): number {
    return heldBytes(this.content);
  }

  part(from: number, to: number): Uint8Array {
    return this.content.part?.(from, to) ?? this.content.bytes().subarray(from, to);
  }

  appendZeros(count: number): void {
    this.copyUp().appendZeros(count);
  }

  private copyUp(): MemoryContent {
    this.own ??= new MemoryContent(this.shared!.bytes());
    this.shared = undefined;
    return this.own;
  }

  bytes(): Uint8Array {
    return this.content.bytes();
  }

  text(): string {
    return this.content.text();
  }

  append(bytes: Uint8Array): void {
    this.copyUp().append(bytes);
  }

  replace(bytes: Uint8Array): void {
    this.own = new MemoryContent(bytes);
    this.shared = undefined;
  }

  replaceText(text: string): void {
    this.own = new MemoryContent(text);
    this.shared = undefined;
  }
}

/**
 * A directory's entries over those of an image: an entry is copied when somebody asks for it by name, all of them when
 * somebody lists or removes.
 */
class Overlay extends Map<string, Inode> {
  private lower: ReadonlyMap<string, Inode> | undefined;
  private readonly copy: (node: Inode) => Inode | undefined;

  constructor(lower: ReadonlyMap<string, Inode>, copy: (node: Inode) => Inode | undefined) {
    super();
    this.lower = lower;
    this.copy = copy;
  }

  /** Copies all that is left, in the image's order whatever was asked for before; what is new here comes after it. */
  private fill(): void {
    const { lower } = this;
    if (lower === undefined) return;
    this.lower = undefined;
    const own = new Map(super.entries());
    super.clear();
    for (const [name, node] of lower) {
      const copied = own.get(name) ?? this.copy(node);
      if (copied !== undefined) super.set(name, copied);
      own.delete(name);
    }
    for (const [name, node] of own) super.set(name, node);
  }

  override get(name: string): Inode | undefined {
    const own = super.get(name);
    if (own !== undefined || this.lower === undefined) return own;
    const node = this.lower.get(name);
    const copied = node && this.copy(node);
    if (copied !== undefined) super.set(name, copied);
    return copied;
  }

  /** What was asked for by name or is new here, without copying more. */
  looked(): Iterable<Inode> {
    return super.values();
  }

  override has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  override delete(name: string): boolean {
    this.fill();
    return super.delete(name);
  }

  override clear(): void {
    this.lower = undefined;
    super.clear();
  }

  override get size(): number {
    this.fill();
    return super.size;
  }

  override keys(): MapIterator<string> {
    this.fill();
    return super.keys();
  }

  override values(): MapIterator<Inode> {
    this.fill();
    return super.values();
  }

  override entries(): MapIterator<[string, Inode]> {
    this.fill();
    return super.entries();
  }

  override [Symbol.iterator](): MapIterator<[string, Inode]> {
    this.fill();
    return super[Symbol.iterator]();
  }

  override forEach(callback: (value: Inode, key: string, map: Map<string, Inode>) => void): void {
    this.fill();
    super.forEach(callback);
  }
}

/**
 * A writable copy of an image's tree (overlayfs: lower and upper directory). Entries are copied when first looked up,
 * files' bytes when first written, so a container costs what it touches. Executables without a program here are left out.
 */
export function snapshot(lower: DirNode, programs: ReadonlyMap<string, Program>): DirNode {
  const { mode, uid, gid } = lower;
  const upper: DirNode = dirNode(
    { mode, uid, gid, time: lower.mtime },
    () =>
      new Overlay(entriesOf(lower), (node) => {
        const copy = copyOf(node, programs);
        if (copy?.kind === "dir") copy.parent = upper;
        return copy;
      }),
  );
  return upper;
}

function copyOf(node: Inode, programs: ReadonlyMap<string, Program>): Inode | undefined {
  if (node.kind === "dir") return snapshot(node, programs);
  if (node.kind === "symlink" && node.follow === undefined) {
    const { uid, gid, mtime } = node;
    return symlinkNode(node.target, { uid, gid, time: mtime });
  }
  if (node.kind !== "file") return node;
  if (node.program !== undefined && !programs.has(node.program)) return undefined;
  const { mode, uid, gid, mtime } = node;
  return fileNode(new SharedContent(node.content), { mode, uid, gid, time: mtime }, node.program);
}
