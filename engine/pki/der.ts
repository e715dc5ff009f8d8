/** The little of ASN.1 DER (X.690) that X.509 certificates need. */
import { concat, decode, decodeBase64, encode, encodeBase64 } from "../kernel/index.ts";
import { calendar, daysFromCivil, strftime } from "../text/time.ts";

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** One element: tag, length, content. */
export function der(tag: number, ...content: Uint8Array[]): Uint8Array {
  const body = concat(content.length === 0 ? [new Uint8Array(0)] : content);
  const { length } = body;
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : length < 0x10000
          ? [tag, 0x82, length >> 8, length & 0xff]
          : [tag, 0x83, length >> 16, (length >> 8) & 0xff, length & 0xff];
  return concat([Uint8Array.from(head), body]);
}

export const sequence = (...content: Uint8Array[]): Uint8Array => der(TAG.sequence, ...content);
export const octets = (...content: Uint8Array[]): Uint8Array => der(TAG.octetString, ...content);
export const bits = (content: Uint8Array, unused = 0): Uint8Array => der(TAG.bitString, Uint8Array.of(unused), content);
export const utf8 = (text: string): Uint8Array => der(TAG.utf8String, encode(text));
export const boolean = (value: boolean): Uint8Array => der(TAG.boolean, Uint8Array.of(value ? 0xff : 0));

/** A non-negative integer given big-endian. */
export function integer(bytes: Uint8Array | number): Uint8Array {
  let body = typeof bytes === "number" ? Uint8Array.of(bytes) : bytes;
  let start = 0;
  while (start < body.length - 1 && body[start] === 0) start++;
  body = body.subarray(start);
  return der(TAG.integer, (body[0] ?? 0) >= 0x80 ? concat([Uint8Array.of(0), body]) : body);
}

/** An object identifier in dotted form. */
export function oid(dotted: string): Uint8Array {
  const [first, second, ...rest] = dotted.split(".").map(Number);
  const out = [first! * 40 + second!];
  for (const part of rest) {
    const groups = [part & 0x7f];
    for (let left = Math.floor(part / 128); left > 0; left = Math.floor(left / 128))
      groups.unshift((left & 0x7f) | 0x80);
    out.push(...groups);
  }
  return der(TAG.oid, Uint8Array.from(out));
}

/** An element read back; `children` when constructed. */
export interface Element {
  tag: number;
  content: Uint8Array;
  /** Tag, length and content as they stand. */
  whole: Uint8Array;
}

/** The elements that follow each other in `bytes`. Throws on a malformed length. */
export function parse(bytes: Uint8Array): Element[] {
  const out: Element[] = [];
  for (let i = 0; i < bytes.length; ) {
    const start = i;
    const tag = bytes[i++]!;
    let length = bytes[i++]!;
    if (length & 0x80) {
      const count = length & 0x7f;
      length = 0;
      for (let k = 0; k < count; k++) length = length * 256 + bytes[i++]!;
    }
    if (!(i + length <= bytes.length)) throw new Error("asn1: structure error: length runs past the end");
    out.push({ tag, content: bytes.subarray(i, i + length), whole: bytes.subarray(start, i + length) });
    i += length;
  }
  return out;
}

export function oidText(content: Uint8Array): string {
  const first = content[0]!;
  const out = [Math.min(2, Math.floor(first / 40)), first - 40 * Math.min(2, Math.floor(first / 40))];
  let part = 0;
  for (const byte of content.subarray(1)) {
    part = part * 128 + (byte & 0x7f);
    if ((byte & 0x80) === 0) {
      out.push(part);
      part = 0;
    }
  }
  return out.join(".");
}

/** UTCTime before 2050, GeneralizedTime after. `ms` since 1970. */
export function timeDer(ms: number): Uint8Array {
  const time = calendar(Math.floor(ms / 1000));
  return time.year < 2050
    ? der(TAG.utcTime, encode(strftime("%y%m%d%H%M%SZ", time)))
    : der(TAG.generalizedTime, encode(strftime("%4Y%m%d%H%M%SZ", time)));
}

/** ms since 1970 of a UTCTime or GeneralizedTime. */
export function readTime({ tag, content }: Element): number {
  let text = decode(content);
  if (tag === TAG.utcTime) text = (Number(text.slice(0, 2)) < 50 ? "20" : "19") + text;
  const at = (start: number, length: number) => Number(text.slice(start, start + length));
  return (daysFromCivil(at(0, 4), at(4, 2), at(6, 2)) * 86_400 + at(8, 2) * 3600 + at(10, 2) * 60 + at(12, 2)) * 1000;
}

/** A PEM block (RFC 7468). */
export function pem(label: string, bytes: Uint8Array): string {
  const lines = encodeBase64(bytes).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/** The first PEM block of a label in a text. */
export function fromPem(label: string, text: string): Uint8Array | undefined {
  const begin = `-----BEGIN ${label}-----`;
  const start = text.indexOf(begin);
  const end = text.indexOf(`-----END ${label}-----`, start);
  if (start < 0 || end < 0) return undefined;
  return decodeBase64(text.slice(start + begin.length, end));
}
