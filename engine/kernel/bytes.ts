/**
 * Text and bytes. Files, pipes and terminals carry bytes; tools want text. Bytes that are no UTF-8 survive the round
 * trip as lone low surrogates U+DC80 … U+DCFF (the "surrogateescape" of Python's PEP 383).
 */
const encoder = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const EMPTY = new Uint8Array(0);

/** Texts up to this length are turned here: the host's coders cost more to enter than a key or a prompt to encode. */
const SHORT = 48;

/** Text of UTF-8 bytes; each invalid byte becomes U+DC00 + byte. */
export function decode(bytes: Uint8Array): string {
  if (bytes.length <= SHORT) {
    const text = shortText(bytes);
    if (text !== undefined) return text;
  }
  try {
    return strict.decode(bytes);
  } catch {
    return decodeEscaping(bytes);
  }
}

/** One byte (its low eight bits) as text: ASCII itself, others as the escaped byte, which waits for its neighbours. */
export function byteText(value: number): string {
  const byte = value & 0xff;
  return String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte);
}

/** UTF-8 bytes of a text; U+DC80 … U+DCFF become the bytes they stand for. */
export function encode(text: string): Uint8Array {
  if (text === "") return EMPTY;
  if (text.length <= SHORT) {
    const bytes = shortBytes(text);
    if (bytes !== undefined) return bytes;
  }
  if (!/[\udc80-\udcff]/.test(text)) return encoder.encode(text);
  const out: number[] = [];
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (code >= 0xdc80 && code <= 0xdcff) out.push(code - 0xdc00);
    else for (const byte of encoder.encode(char)) out.push(byte);
  }
  return Uint8Array.from(out);
}

function shortText(bytes: Uint8Array): string | undefined {
  for (let i = 0; i < bytes.length; i++) if (bytes[i]! >= 0x80) return undefined;
  return String.fromCharCode.apply(null, bytes as unknown as number[]);
}

function shortBytes(text: string): Uint8Array | undefined {
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) return undefined;
    out[i] = unit;
  }
  return out;
}

function decodeEscaping(bytes: Uint8Array): string {
  let out = "";
  for (let i = 0; i < bytes.length; ) {
    const length = sequenceLength(bytes, i);
    if (length === 0) out += byteText(bytes[i++]!);
    else {
      out += strict.decode(bytes.subarray(i, i + length));
      i += length;
    }
  }
  return out;
}

/** Length of the valid UTF-8 sequence at `i`, or 0. */
function sequenceLength(bytes: Uint8Array, i: number): number {
  const first = bytes[i]!;
  if (first < 0x80) return 1;
  const length =
    first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0;
  if (length === 0 || i + length > bytes.length) return 0;
  for (let k = 1; k < length; k++) if ((bytes[i + k]! & 0xc0) !== 0x80) return 0;
  const second = bytes[i + 1]!;
  if ((first === 0xe0 && second < 0xa0) || (first === 0xed && second > 0x9f)) return 0;
  if ((first === 0xf0 && second < 0x90) || (first === 0xf4 && second > 0x8f)) return 0;
  return length;
}

/** All chunks as one array. */
export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  if (chunks.length === 1) return chunks[0]!;
  let size = 0;
  for (const chunk of chunks) size += chunk.length;
  const out = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}
