/** SM3 (GB/T 32905): the Chinese standard's sum of 256 bits. */

const rotate = (x: number, n: number) => ((x << (n % 32)) | (x >>> (32 - (n % 32) || 32))) >>> 0;
const p0 = (x: number) => (x ^ rotate(x, 9) ^ rotate(x, 17)) >>> 0;
const p1 = (x: number) => (x ^ rotate(x, 15) ^ rotate(x, 23)) >>> 0;

function padded(bytes: Uint8Array): DataView {
  const size = Math.ceil((bytes.length + 9) / 64) * 64;
  const out = new Uint8Array(size);
  out.set(bytes);
  out[bytes.length] = 0x80;
  const view = new DataView(out.buffer);
  view.setUint32(size - 8, Math.floor(bytes.length / 0x20000000));
  view.setUint32(size - 4, (bytes.length << 3) >>> 0);
  return view;
}

export function sm3(bytes: Uint8Array): Uint8Array {
  const state = [0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600, 0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e];
  const view = padded(bytes);
  const w = new Array<number>(68);
  for (let at = 0; at < view.byteLength; at += 64) {
    for (let j = 0; j < 16; j++) w[j] = view.getUint32(at + j * 4);
    for (let j = 16; j < 68; j++)
      w[j] = (p1(w[j - 16]! ^ w[j - 9]! ^ rotate(w[j - 3]!, 15)) ^ rotate(w[j - 13]!, 7) ^ w[j - 6]!) >>> 0;
    let [a, b, c, d, e, f, g, h] = state as [number, number, number, number, number, number, number, number];
    for (let j = 0; j < 64; j++) {
      const early = j < 16;
      const ss1 = rotate((rotate(a, 12) + e + rotate(early ? 0x79cc4519 : 0x7a879d8a, j)) >>> 0, 7);
      const ff = early ? a ^ b ^ c : (a & b) | (a & c) | (b & c);
      const gg = early ? e ^ f ^ g : (e & f) | (~e & g);
      const tt1 = (ff + d + (ss1 ^ rotate(a, 12)) + (w[j]! ^ w[j + 4]!)) >>> 0;
      const tt2 = (gg + h + ss1 + w[j]!) >>> 0;
      [d, c, b, a] = [c, rotate(b, 9), a, tt1];
      [h, g, f, e] = [g, rotate(f, 19), e, p0(tt2)];
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => {
      state[i] = (state[i]! ^ value) >>> 0;
    });
  }
  const out = new DataView(new ArrayBuffer(32));
  for (const [i, word] of state.entries()) out.setUint32(i * 4, word);
  return new Uint8Array(out.buffer);
}
