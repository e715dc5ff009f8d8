/** Archives of zip(1): local headers, the central directory and its end (PKWARE's APPNOTE 6.3). */
import { concat, decode, encode } from "../kernel/index.ts";
import { crc32ing, deflating, inflating } from "./deflate.ts";
import type { Steps } from "./steps.ts";

export interface ZipMember {
  /** With `/` at the end for a directory. */
  name: string;
  /** Type and permission bits of Unix. */
  mode: number;
  uid: number;
  gid: number;
  /** Seconds since 1970, and the same as a calendar's in the zone of whoever packed it. */
  mtime: number;
  when: { year: number; month: number; day: number; hour: number; minute: number; second: number };
  /** 0: stored, 8: deflated. */
  method: number;
  crc: number;
  size: number;
  /** As it lies in the archive. */
  packed: Uint8Array;
  text: boolean;
}

/** Packs bytes, step by step: stored where that is no longer, or where `level` is 0. */
export function* packBytes(
  bytes: Uint8Array,
  level: number,
): Steps<Pick<ZipMember, "method" | "crc" | "size" | "packed">> {
  const small = level === 0 || bytes.length === 0 ? undefined : yield* deflating(bytes);
  const deflated = small !== undefined && small.length < bytes.length;
  const crc = yield* crc32ing(bytes);
  return { method: deflated ? 8 : 0, crc, size: bytes.length, packed: deflated ? small : bytes };
}

/** The bytes of a member, step by step; undefined where they are not those that were packed. */
export function* unpackBytes(member: ZipMember): Steps<Uint8Array | undefined> {
  const bytes = member.method === 0 ? member.packed : (yield* inflating(member.packed)).bytes;
  return (yield* crc32ing(bytes)) === member.crc ? bytes : undefined;
}

function dos(member: ZipMember): [time: number, date: number] {
  const { year, month, day, hour, minute, second } = member.when;
  return [(hour << 11) | (minute << 5) | (second >> 1), ((year - 1980) << 9) | (month << 5) | day];
}

class Writer {
  private readonly bytes: number[] = [];

  u16(...values: number[]): this {
    for (const value of values) this.bytes.push(value & 255, (value >> 8) & 255);
    return this;
  }

  u32(...values: number[]): this {
    for (const value of values) this.u16(value & 0xffff, value >>> 16);
    return this;
  }

  get done(): Uint8Array {
    return Uint8Array.from(this.bytes);
  }
}

/** Times and owners as Info-ZIP adds them. */
function extra(member: ZipMember, local: boolean): Uint8Array {
  const out = new Writer().u16(0x5455, local ? 9 : 5);
  const times = local ? [member.mtime, member.mtime] : [member.mtime];
  const tail = new Writer().u32(...times).u16(0x7875, 11).done;
  const owner = new Writer().u32(member.uid).done;
  const group = new Writer().u32(member.gid).done;
  return concat([out.done, Uint8Array.of(3), tail, Uint8Array.of(1, 4), owner, Uint8Array.of(4), group]);
}

export function packZip(members: readonly ZipMember[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let at = 0;
  for (const member of members) {
    const name = encode(member.name);
    const needs = member.method === 8 ? 20 : 10;
    const [time, date] = dos(member);
    const flags = /[^\0-\x7f]/.test(member.name) ? 0x800 : 0;
    const shared = new Writer()
      .u16(needs, flags, member.method, time, date)
      .u32(member.crc, member.packed.length, member.size)
      .u16(name.length).done;
    const [localExtra, centralExtra] = [extra(member, true), extra(member, false)];
    const local = [
      new Writer().u32(0x04034b50).done,
      shared,
      new Writer().u16(localExtra.length).done,
      name,
      localExtra,
    ];
    const attributes = ((member.mode << 16) | (member.name.endsWith("/") ? 0x10 : 0)) >>> 0;
    central.push(
      new Writer().u32(0x02014b50).u16(0x031e).done,
      shared,
      new Writer().u16(centralExtra.length, 0, 0, member.text ? 1 : 0).u32(attributes, at).done,
      name,
      centralExtra,
    );
    parts.push(...local, member.packed);
    at += local.reduce((sum, part) => sum + part.length, 0) + member.packed.length;
  }
  const size = central.reduce((sum, part) => sum + part.length, 0);
  const end = new Writer().u32(0x06054b50).u16(0, 0, members.length, members.length).u32(size, at).u16(0).done;
  return concat([...parts, ...central, end]);
}

/** The members of an archive; undefined where it has no central directory. */
export function unpackZip(bytes: Uint8Array): ZipMember[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u16 = (at: number) => view.getUint16(at, true);
  const u32 = (at: number) => view.getUint32(at, true);
  let end = bytes.length - 22;
  while (end >= 0 && u32(end) !== 0x06054b50) end--;
  if (end < 0) return undefined;
  const members: ZipMember[] = [];
  let at = u32(end + 16);
  for (let n = u16(end + 10); n > 0 && at + 46 <= bytes.length && u32(at) === 0x02014b50; n--) {
    const [time, date] = [u16(at + 12), u16(at + 14)];
    const [nameLength, extraLength, commentLength] = [u16(at + 28), u16(at + 30), u16(at + 32)];
    const local = u32(at + 42);
    const data = local + 30 + u16(local + 26) + u16(local + 28);
    const more = owners(bytes.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength));
    members.push({
      name: decode(bytes.slice(at + 46, at + 46 + nameLength)),
      mode: u32(at + 38) >>> 16,
      when: {
        year: (date >> 9) + 1980,
        month: (date >> 5) & 15,
        day: date & 31,
        hour: time >> 11,
        minute: (time >> 5) & 63,
        second: (time & 31) * 2,
      },
      method: u16(at + 10),
      crc: u32(at + 16),
      size: u32(at + 24),
      packed: bytes.slice(data, data + u32(at + 20)),
      text: (u16(at + 36) & 1) === 1,
      ...more,
    });
    at += 46 + nameLength + extraLength + commentLength;
  }
  return members;
}

function owners(bytes: Uint8Array): { mtime: number; uid: number; gid: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out = { mtime: 0, uid: 0, gid: 0 };
  for (let at = 0; at + 4 <= bytes.length; at += 4 + view.getUint16(at + 2, true)) {
    const kind = view.getUint16(at, true);
    if (kind === 0x5455 && at + 9 <= bytes.length) out.mtime = view.getUint32(at + 5, true);
    if (kind === 0x7875 && at + 15 <= bytes.length) {
      out.uid = view.getUint32(at + 6, true);
      out.gid = view.getUint32(at + 11, true);
    }
  }
  return out;
}
