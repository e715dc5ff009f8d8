import type { Inode } from "../inode.ts";

/** Entries of a directory whose inodes are made when first asked for: a machine has hundreds of programs and runs few. */
export class LazyEntries extends Map<string, Inode> {
  private readonly makers = new Map<string, () => Inode>();

  /** Adds an entry to be made later. */
  later(name: string, make: () => Inode): void {
    super.set(name, undefined as unknown as Inode);
    this.makers.set(name, make);
  }

  private made(name: string): void {
    const make = this.makers.get(name);
    if (make === undefined) return;
    this.makers.delete(name);
    super.set(name, make());
  }

  private all(): void {
    for (const name of [...this.makers.keys()]) this.made(name);
  }

  override get(name: string): Inode | undefined {
    if (this.makers.size > 0) this.made(name);
    return super.get(name);
  }

  override set(name: string, node: Inode): this {
    // Map's constructor calls `set` before the field above is there.
    this.makers?.delete(name);
    return super.set(name, node);
  }

  override delete(name: string): boolean {
    this.makers.delete(name);
    return super.delete(name);
  }

  override clear(): void {
    this.makers.clear();
    super.clear();
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
