import {
  type Content,
  type DirNode,
  dirNode,
  entriesOf,
  type FileNode,
  fileNode,
  type Inode,
  MemoryContent,
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

  bytes(): Uint8Array {
    return this.content.bytes();
  }

  append(bytes: Uint8Array): void {
    this.own ??= new MemoryContent(this.shared!.bytes());
    this.shared = undefined;
    this.own.append(bytes);
  }

  replace(bytes: Uint8Array): void {
    this.own = new MemoryContent(bytes);
    this.shared = undefined;
  }
}

/**
 * A writable copy of an image's tree (overlayfs: lower and upper directory). Directories are copied when first looked
 * into, files when first written, so a container costs what it touches. Executables without a program here are left out.
 */
export function snapshot(lower: DirNode, programs: ReadonlyMap<string, Program>, time: number): DirNode {
  const { mode, uid, gid } = lower;
  const upper: DirNode = dirNode({ mode, uid, gid, time: lower.mtime }, () => {
    const out = new Map<string, Inode>();
    for (const [name, node] of entriesOf(lower)) {
      const copy = copyOf(node, programs, time);
      if (copy === undefined) continue;
      if (copy.kind === "dir") copy.parent = upper;
      out.set(name, copy);
    }
    return out;
  });
  return upper;
}

function copyOf(node: Inode, programs: ReadonlyMap<string, Program>, time: number): Inode | undefined {
  if (node.kind === "dir") return snapshot(node, programs, time);
  if (node.kind !== "file") return node;
  if (node.program !== undefined && !programs.has(node.program)) return undefined;
  const { mode, uid, gid, mtime } = node;
  const copy: FileNode = fileNode(new SharedContent(node.content), { mode, uid, gid, time: mtime }, node.program);
  return copy;
}
