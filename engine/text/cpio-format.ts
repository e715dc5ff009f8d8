/** Archives of cpio: old binary and portable headers, and the newer ones in hexadecimal digits (cpio(5)). */
import { concat, decode, encode } from "../kernel/index.ts";

export type CpioFormat = "bin" | "odc" | "newc" | "crc";

export interface CpioMember {
  name: string;
  /** Device and number of the file: what has them twice is one file with several names. */
  dev: number;
  ino: number;
  /** With the bits of the kind. */
  mode: number;
  uid: number;
  gid: number;
  nlink: number;
  /** Seconds since 1970. */
  mtime: number;
  bytes: Uint8Array;
}

/** The name of the member at the end. */
const TRAILER = "TRAILER!!!";
const MAGIC = 0o70707;

/** Bits of a mode that tell the kind. */
export const KIND_BITS = { fifo: 0o010000, char: 0o020000, dir: 0o040000, file: 0o100000, symlink: 0o120000 };

export class CpioError extends Error {}

const major = (dev: number) => dev >> 8;
const minor = (dev: number) => dev & 255;

/** A member as it stands in an archive at `at`, with what fills it up. */
export function packCpio(format: CpioFormat, member: CpioMember): Uint8Array {
  const name = encode(`${member.name}\0`);
  const { bytes } = member;
  if (format === "bin") {
    const head = new Uint8Array(26);
    const short = (at: number, value: number) => {
      head[at] = value & 255;
      head[at + 1] = (value >> 8) & 255;
    };
    const words = [MAGIC, member.dev, member.ino, member.mode, member.uid, member.gid, member.nlink, 0];
    for (const [i, value] of words.entries()) short(2 * i, value);
    short(16, Math.floor(member.mtime / 65_536));
    short(18, member.mtime);
    short(20, name.length);
    short(22, Math.floor(bytes.length / 65_536));
    short(24, bytes.length);
    return concat([head, padded(name, 2), padded(bytes, 2)]);
  }
  if (format === "odc") {
    const octal = (value: number, width: number) => (value % 8 ** width).toString(8).padStart(width, "0");
    const fields = [MAGIC, member.dev, member.ino, member.mode, member.uid, member.gid, member.nlink, 0];
    const head = `${fields.map((value) => octal(value, 6)).join("")}${octal(member.mtime, 11)}${octal(name.length, 6)}${octal(bytes.length, 11)}`;
    return concat([encode(head), name, bytes]);
  }
  const sum = format === "crc" ? bytes.reduce((total, byte) => (total + byte) >>> 0, 0) : 0;
  const fields = [
    member.ino,
    member.mode,
    member.uid,
    member.gid,
    member.nlink,
    member.mtime,
    bytes.length,
    major(member.dev),
    minor(member.dev),
    0,
    0,
    name.length,
    sum,
  ];
  const hex = fields.map((value) => (value >>> 0).toString(16).toUpperCase().padStart(8, "0")).join("");
  const head = encode(`07070${format === "crc" ? 2 : 1}${hex}`);
  return concat([padded(concat([head, name]), 4), padded(bytes, 4)]);
}

/** What ends an archive. */
export function cpioTrailer(format: CpioFormat): Uint8Array {
  const nothing = { dev: 0, ino: 0, mode: 0, uid: 0, gid: 0, mtime: 0 };
  return packCpio(format, { ...nothing, name: TRAILER, nlink: 1, bytes: new Uint8Array(0) });
}

function padded(bytes: Uint8Array, unit: number): Uint8Array {
  const size = Math.ceil(bytes.length / unit) * unit;
  if (size === bytes.length) return bytes;
  const out = new Uint8Array(size);
  out.set(bytes);
  return out;
}

/** The format of an archive's first header; undefined where it is none. */
export function cpioFormat(bytes: Uint8Array): CpioFormat | undefined {
  const magic = decode(bytes.subarray(0, 6));
  if (magic === "070707") return "odc";
  if (magic === "070701") return "newc";
  if (magic === "070702") return "crc";
  return bytes[0] === (MAGIC & 255) && bytes[1] === MAGIC >> 8 ? "bin" : undefined;
}

/**
 * Members in order, and where the archive ends. `broken` tells what cpio says where one is cut off: of its header, or of
 * what follows that.
 */
export function unpackCpio(bytes: Uint8Array): { members: CpioMember[]; end: number; broken?: string } {
  const members: CpioMember[] = [];
  for (let at = 0; ; ) {
    const read = bytes.length < at + 6 ? undefined : header(bytes, at);
    if (read === undefined) {
      const begun = cpioFormat(bytes.subarray(at)) !== undefined;
      return { members, end: at, broken: `premature end of ${begun ? "file" : "archive"}` };
    }
    const { member, name, content, size, next } = read;
    if (name > bytes.length) return { members, end: bytes.length, broken: "premature end of file" };
    if (member.name === TRAILER) return { members, end: next };
    members.push({ ...member, bytes: bytes.subarray(content, content + size) });
    if (content + size > bytes.length) return { members, end: bytes.length, broken: "premature end of file" };
    at = next;
  }
}

function header(bytes: Uint8Array, at: number) {
  const format = cpioFormat(bytes.subarray(at, at + 6));
  if (format === undefined) return undefined;
  const padTo = (place: number, unit: number) => at + Math.ceil((place - at) / unit) * unit;
  let [fields, width, unit]: [number[], number, number] = [[], 0, 1];
  if (format === "bin") {
    const short = (i: number) => bytes[at + 2 * i]! | (bytes[at + 2 * i + 1]! << 8);
    const long = (i: number) => short(i) * 65_536 + short(i + 1);
    fields = [...[1, 2, 3, 4, 5, 6].map(short), long(8), short(10), long(11)];
    [width, unit] = [26, 2];
  } else if (format === "odc") {
    const widths = [6, 6, 6, 6, 6, 6, 6, 11, 6, 11];
    let place = at + 6;
    const all = widths.map((size) => {
      const value = Number.parseInt(decode(bytes.subarray(place, place + size)), 8);
      place += size;
      return value;
    });
    fields = [...all.slice(0, 6), ...all.slice(7)];
    width = 76;
  } else {
    const hex = (i: number) => Number.parseInt(decode(bytes.subarray(at + 6 + 8 * i, at + 14 + 8 * i)), 16);
    fields = [hex(7) * 256 + hex(8), hex(0), hex(1), hex(2), hex(3), hex(4), hex(5), hex(11), hex(6)];
    [width, unit] = [110, 4];
  }
  const [dev, ino, mode, uid, gid, nlink, mtime, nameSize, size] = fields as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (fields.some((value) => Number.isNaN(value)) || bytes.length < at + width) return undefined;
  const name = decode(bytes.subarray(at + width, at + width + nameSize)).replace(/\0.*$/s, "");
  const content = padTo(at + width + nameSize, unit);
  const member = { name, dev, ino, mode, uid, gid, nlink, mtime };
  return { member, name: at + width + nameSize, content, size, next: padTo(content + size, unit) };
}
