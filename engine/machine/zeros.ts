/** Zeros are read from one buffer, so that what is written of them is known to be nothing but zeros. */
const SHARED = { buffer: new Uint8Array(1 << 20) };
/** Buffers that were handed out. */
const HANDED = new WeakSet<ArrayBufferLike>([SHARED.buffer.buffer]);

/** So many zeros. Never write to them. */
export function zeros(count: number): Uint8Array {
  if (count > SHARED.buffer.length) {
    SHARED.buffer = new Uint8Array(count);
    HANDED.add(SHARED.buffer.buffer);
  }
  return SHARED.buffer.subarray(0, count);
}

/** Known to be zeros, without a look at each. */
export function areZeros(bytes: Uint8Array): boolean {
  return HANDED.has(bytes.buffer);
}
