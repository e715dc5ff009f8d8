import { concat } from "./bytes.ts";
import { wait } from "./ops.ts";
import { type Gen, WaitQueue } from "./task.ts";

/** Bytes a pipe holds before its writer waits (Linux: 64 KiB). */
export const PIPE_CAPACITY = 65_536;

const EMPTY = new Uint8Array(0);

/** A byte pipe with back-pressure. Count readers and writers with `openReader` … `closeWriter`; the last one leaving is seen by the other side. */
export class Pipe {
  private chunks: Uint8Array[] = [];
  size = 0;
  readers = 0;
  writers = 0;
  readonly capacity: number;
  /** Told of all bytes that go in: somebody listens on the connection's way. */
  onPush: ((bytes: Uint8Array) => void) | undefined;
  readonly readable: WaitQueue = new WaitQueue();
  readonly writable: WaitQueue = new WaitQueue();

  constructor(capacity = PIPE_CAPACITY) {
    this.capacity = capacity;
  }

  /** Up to `max` bytes, waiting for the first; none at the end (no writer left) or, with `interrupted`, after a signal. */
  *read(max: number): Gen<Uint8Array | "interrupted"> {
    while (this.size === 0) {
      if (this.writers === 0) return EMPTY;
      if ((yield* wait(this.readable)) === "interrupted") return "interrupted";
    }
    return this.take(max);
  }

  /** What is there now, at most `max` bytes, without waiting. */
  take(max: number): Uint8Array {
    if (this.chunks.length > 1 && this.chunks[0]!.length < max) {
      let size = 0;
      let count = 0;
      while (count < this.chunks.length && size < max) size += this.chunks[count++]!.length;
      this.chunks.splice(0, count, concat(this.chunks.slice(0, count)));
    }
    return this.takeChunk(max);
  }

  /** The first chunk only, as it was written: a terminal's line. */
  takeChunk(max: number): Uint8Array {
    const first = this.chunks[0];
    if (first === undefined) return EMPTY;
    let out: Uint8Array;
    if (first.length <= max) {
      this.chunks.shift();
      out = first;
    } else {
      out = first.subarray(0, max);
      this.chunks[0] = first.subarray(max);
    }
    this.size -= out.length;
    this.writable.wakeAll();
    return out;
  }

  /**
   * Writes all bytes, waiting for room; `broken` when nobody reads any more. After a signal the number of bytes that
   * went through, `interrupted` for none (write(2)).
   */
  *write(bytes: Uint8Array): Gen<"ok" | "broken" | "interrupted" | number> {
    let rest = bytes;
    for (;;) {
      if (this.readers === 0) return "broken";
      if (rest.length === 0) return "ok";
      const room = this.capacity - this.size;
      if (room > 0) {
        this.push(rest.length <= room ? rest : rest.subarray(0, room));
        rest = rest.subarray(Math.min(room, rest.length));
        if (rest.length === 0) return "ok";
      }
      if ((yield* wait(this.writable)) === "interrupted")
        return rest.length < bytes.length ? bytes.length - rest.length : "interrupted";
    }
  }

  /** Adds bytes at once, whatever the capacity: for writers that cannot wait (a host's key strokes). */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.onPush?.(bytes);
    this.chunks.push(bytes);
    this.size += bytes.length;
    this.readable.wakeAll();
  }

  closeReader(): void {
    if (--this.readers === 0) this.writable.wakeAll();
  }

  closeWriter(): void {
    if (--this.writers === 0) this.readable.wakeAll();
  }
}
