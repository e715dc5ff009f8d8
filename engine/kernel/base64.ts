/** Base64 (RFC 4648). Encoding is written out: the host's own coder takes a text with a character for each byte, which costs more to make. */

const alphabet = (last: string): Uint8Array =>
  Uint8Array.from(`ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789${last}`, (c) => c.charCodeAt(0));
const STANDARD = alphabet("+/");
const URL_SAFE = alphabet("-_");
const PADDING = 61;
const ascii = new TextDecoder();

function encoded(bytes: Uint8Array, digits: Uint8Array, padded: boolean): string {
  const { length } = bytes;
  const out = new Uint8Array(padded ? Math.ceil(length / 3) * 4 : Math.ceil((length * 4) / 3));
  let at = 0;
  let i = 0;
  for (; i + 2 < length; i += 3) {
    const group = (bytes[i]! << 16) | (bytes[i + 1]! << 8) | bytes[i + 2]!;
    out[at++] = digits[group >> 18]!;
    out[at++] = digits[(group >> 12) & 63]!;
    out[at++] = digits[(group >> 6) & 63]!;
    out[at++] = digits[group & 63]!;
  }
  if (i < length) {
    const group = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8);
    out[at++] = digits[group >> 18]!;
    out[at++] = digits[(group >> 12) & 63]!;
    if (i + 1 < length) out[at++] = digits[(group >> 6) & 63]!;
    if (padded) out.fill(PADDING, at);
  }
  return ascii.decode(out);
}

/** Standard alphabet, padded. */
export function encodeBase64(bytes: Uint8Array): string {
  return encoded(bytes, STANDARD, true);
}

/** Alphabet of URLs, without padding. */
export function encodeBase64Url(bytes: Uint8Array): string {
  return encoded(bytes, URL_SAFE, false);
}

/** Bytes of either alphabet, padded or not, white space passed over; undefined when it is no base64. */
export function decodeBase64(text: string): Uint8Array | undefined {
  let binary: string;
  try {
    binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return undefined;
  }
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** The byte that Go's encoding/base64 complains about in a text of the standard alphabet; undefined when it is good. */
export function base64Mistake(text: string): number | undefined {
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === "\n" || char === "\r") continue;
    if (char === "=") return paddingMistake(text, i, count % 4);
    if (!/^[A-Za-z0-9+/]$/.test(char)) return i;
    count++;
  }
  return count % 4 === 0 ? undefined : text.length - (count % 4);
}

/** The same from the first `=` on, which `filled` characters of its group stand before. */
function paddingMistake(text: string, at: number, filled: number): number | undefined {
  const afterLines = (from: number) => from + /^[\r\n]*/.exec(text.slice(from))![0].length;
  let end = at;
  if (filled < 2) return at;
  if (filled === 2) {
    end = afterLines(at + 1);
    if (end === text.length) return end;
    if (text[end] !== "=") return end - 1;
  }
  end = afterLines(end + 1);
  return end < text.length ? end : undefined;
}
