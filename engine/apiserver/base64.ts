const STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE = `${STANDARD.slice(0, 62)}-_`;

/** Base64 without padding, in the alphabet of URLs (RFC 4648 §5). */
export function base64Url(bytes: Uint8Array): string {
  let out = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const bits = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    out += URL_SAFE[bits >> 18]! + URL_SAFE[(bits >> 12) & 63]!;
    if (left > 1) out += URL_SAFE[(bits >> 6) & 63]!;
    if (left > 2) out += URL_SAFE[bits & 63]!;
  }
  return out;
}

/** Bytes of base64 in either alphabet, padded or not, line breaks ignored; undefined when it is none. */
export function fromBase64(text: string): Uint8Array | undefined {
  const out: number[] = [];
  let bits = 0;
  let count = 0;
  for (const char of text) {
    if (char === "=" || char === "\n" || char === "\r" || char === " ") continue;
    let value = STANDARD.indexOf(char);
    if (value < 0) value = URL_SAFE.indexOf(char);
    if (value < 0) return undefined;
    bits = (bits << 6) | value;
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push((bits >> count) & 255);
      bits &= (1 << count) - 1;
    }
  }
  return Uint8Array.from(out);
}
