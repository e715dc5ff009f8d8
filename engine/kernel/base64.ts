/** Base64 (RFC 4648), by the host's own coder through texts with a character for each byte. */

function binaryOf(bytes: Uint8Array): string {
  let binary = "";
  for (let i = 0; i < bytes.length; i += 4096) binary += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return binary;
}

/** Standard alphabet, padded. */
export function encodeBase64(bytes: Uint8Array): string {
  return btoa(binaryOf(bytes));
}

/** Alphabet of URLs, without padding. */
export function encodeBase64Url(bytes: Uint8Array): string {
  return encodeBase64(bytes).replace(/=+$/, "").replaceAll("+", "-").replaceAll("/", "_");
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
