import { MAX_DISK_BYTES, MAX_FILE_BYTES } from "./costs.ts";
import { Errno } from "./errno.ts";
import { type Content, type DirNode, entriesOf, type FileNode, heldBytes, type Inode } from "./inode.ts";

/** KiB that an installed Debian with the packages of a node takes. */
const INSTALLED_KIB = 3_214_560;
/** A part of the blocks is root's (mke2fs -m 5). */
const RESERVED = 20;

/** What is on the disk of a machine: files that processes wrote, and images. */
export class Disk {
  readonly sizeKib: number;
  /** Bytes in files that processes wrote. */
  used = 0;
  /** Bytes of images. */
  images = 0;
  /** Bytes of files that the host holds in memory for them. */
  private held = 0;
  private granting = false;

  constructor(sizeKib: number) {
    this.sizeKib = sizeKib;
  }

  get usedKib(): number {
    return Math.min(this.sizeKib, INSTALLED_KIB + Math.floor((this.used + this.images) / 1024));
  }

  /** KiB that users other than root may still fill. */
  get availableKib(): number {
    return Math.max(0, this.sizeKib - this.usedKib - Math.floor(this.sizeKib / RESERVED));
  }

  /** A file will have `size` bytes, of which `held` are no run of zeros. Throws EFBIG or ENOSPC. */
  charge(node: FileNode, size: number, held = size): void {
    const before = node.charge ?? { size: 0, held: 0 };
    const [more, moreHeld] = [size - before.size, held - before.held];
    if (more > 0 && held > MAX_FILE_BYTES) throw new Errno("EFBIG");
    if (moreHeld > 0 && this.held + moreHeld > MAX_DISK_BYTES) throw new Errno("ENOSPC");
    if (more > 0) this.need(more);
    this.used += more;
    this.held += moreHeld;
    node.charge = { size, held };
  }

  /** Bytes that may still be written. */
  get room(): number {
    return this.sizeKib * 1024 - INSTALLED_KIB * 1024 - this.used - this.images;
  }

  /** Throws ENOSPC when there is no room for so many bytes more. */
  need(bytes: number): void {
    if (bytes > this.room && !this.granting) throw new Errno("ENOSPC");
  }

  /** Does what was put off while there was room: nothing of it fails for want of room now. */
  grant(work: () => void): void {
    this.granting = true;
    try {
      work();
    } finally {
      this.granting = false;
    }
  }

  /** The same for a file that grows by so many bytes; `zeros`: by nothing but zeros. */
  grow(node: FileNode, bytes: number, zeros = false): void {
    const { content } = node;
    this.charge(node, content.size() + bytes, heldBytes(content) + (zeros ? 0 : bytes));
  }

  /** A name of a file or of a whole directory is gone. */
  release(node: Inode): void {
    if (node.kind === "dir") {
      // What nobody looked into has nothing that was written here.
      if (node.entries !== undefined && !node.volatile) for (const one of looked(node)) this.release(one);
      return;
    }
    if (node.kind !== "file" || node.charge === undefined) return;
    this.used -= node.charge.size;
    this.held -= node.charge.held;
    delete node.charge;
  }
}

/** The entries of a directory that were looked at: others are an image's, or not made yet. */
export function looked(dir: DirNode): Iterable<Inode> {
  const entries = entriesOf(dir);
  return "looked" in entries ? (entries as unknown as { looked(): Iterable<Inode> }).looked() : entries.values();
}

const BLOCK = 4096;

/**
 * Bytes in blocks that processes wrote into a directory and what lies below it, as `du` counts them; `directory`: what each
 * directory takes, nothing on a tmpfs.
 */
export function writtenBytes(node: Inode, directory = BLOCK): number {
  if (node.kind === "file") return Math.ceil((node.charge?.size ?? 0) / BLOCK) * BLOCK;
  if (node.kind !== "dir" || node.entries === undefined || node.volatile) return 0;
  let sum = directory;
  for (const one of looked(node)) sum += writtenBytes(one, directory);
  return sum;
}

/** Bytes of a file as it is counted, without making those that are made later. */
export function weightOf(content: Content & { weight?(): number }): number {
  return content.weight?.() ?? content.size();
}
