/** The end of a terminal's output: the last bytes shown, however many there were. */
export class Tail {
  /** Bytes shown so far. */
  end = 0;
  private chunks: Uint8Array[] = [];
  private size = 0;
  private readonly limit: number;

  /** `limit`: bytes kept. */
  constructor(limit: number) {
    this.limit = limit;
  }

  push(bytes: Uint8Array): void {
    this.end += bytes.length;
    this.size += bytes.length;
    this.chunks.push(bytes);
    while (this.size - this.chunks[0]!.length >= this.limit) this.size -= this.chunks.shift()!.length;
    // Many one-byte echoes must not become as many arrays.
    if (this.chunks.length > 512) this.chunks = [join(this.chunks, this.size)];
  }

  /** At most `limit` bytes; when older ones were dropped, from the beginning of a line on. */
  bytes(): Uint8Array {
    const all = join(this.chunks, this.size);
    if (this.end <= this.limit) return all;
    const kept = all.subarray(Math.max(0, all.length - this.limit));
    const newline = kept.indexOf(10);
    // A screen program that prints no line ends still has a tail; its first sequence may be cut.
    return newline >= 0 && newline < kept.length - 1 ? kept.slice(newline + 1) : kept.slice();
  }
}

/** One array of all. */
export function join(
  chunks: readonly Uint8Array[],
  size = chunks.reduce((sum, { length }) => sum + length, 0),
): Uint8Array {
  const out = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}
