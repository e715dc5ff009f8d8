const STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE = `${STANDARD.slice(0, 62)}-_`;

/** Base64 without padding, in the alphabet of URLs (RFC 4648 §5). */
export function base64Url(bytes: Uint8Array): string {
  // By the host's own coder, through a text with a character for each byte.
  let binary = "";
  for (let i = 0; i < bytes.length; i += 4096) binary += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return btoa(binary).replace(/=+$/, "").replaceAll("+", "-").replaceAll("/", "_");
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
