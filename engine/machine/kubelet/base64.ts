import { decode } from "../../kernel/index.ts";

/** Bytes of standard base64; what is no digit of it is skipped. */
export function base64Bytes(text: string): Uint8Array {
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const out: number[] = [];
  let bits = 0;
  let count = 0;
  for (const char of text) {
    const value = digits.indexOf(char);
    if (value < 0) continue;
    bits = ((bits << 6) | value) & 0xff_ffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push((bits >> count) & 0xff);
  }
  return Uint8Array.from(out);
}

export function decodeBase64(text: string): string {
  return decode(base64Bytes(text));
}
