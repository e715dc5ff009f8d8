import type { Inode } from "../inode.ts";

/** Entries of a directory whose inodes are made when first asked for: a machine has hundreds of programs and runs few. */
export class LazyEntries extends Map<string, Inode> {
  /** Whether entries may still be functions that make them. */
  private lazy = false;

  /** Adds an entry to be made later; until then the function stands in its place. */
  later(name: string, make: () => Inode): void {
    super.set(name, make as unknown as Inode);
    this.lazy = true;
  }

  private all(): void {
    if (!this.lazy) return;
    this.lazy = false;
    for (const [name, node] of super.entries()) {
      if (typeof node === "function") super.set(name, (node as () => Inode)());
    }
  }

  override get(name: string): Inode | undefined {
    let node = super.get(name);
    if (typeof node === "function") {
      node = (node as () => Inode)();
      super.set(name, node);
    }
    return node;
  }

  override entries(): MapIterator<[string, Inode]> {
    this.all();
    return super.entries();
  }

  override values(): MapIterator<Inode> {
    this.all();
    return super.values();
  }

  override [Symbol.iterator](): MapIterator<[string, Inode]> {
    return this.entries();
  }

  override forEach(callback: (value: Inode, key: string, map: Map<string, Inode>) => void): void {
    this.all();
    super.forEach(callback);
  }
}
