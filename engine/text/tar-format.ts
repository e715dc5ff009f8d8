/** Archives in the GNU tar format (POSIX ustar headers, long names in members of type L). */
import { concat, decode, encode } from "../kernel/index.ts";

export interface TarMember {
  name: string;
  kind: "file" | "dir" | "symlink" | "hardlink" | "fifo" | "char";
  mode: number;
  uid: number;
  gid: number;
  user: string;
  group: string;
  /** Seconds since 1970. */
  mtime: number;
  target: string;
  bytes: Uint8Array;
  /** Which block of its archive it begins at, where it was read from one. */
  block?: number;
}

const TYPES: Record<TarMember["kind"], string> = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  char: "3",
  dir: "5",
  fifo: "6",
};
const BLOCK = 512;

/** The header and content of one member, in whole blocks. */
export function packMember(member: TarMember): Uint8Array {
  const parts: Uint8Array[] = [];
  if (encode(member.name).length > 100) parts.push(longName("L", member.name));
  if (encode(member.target).length > 100) parts.push(longName("K", member.target));
  parts.push(header(member, TYPES[member.kind]), padded(member.bytes));
  return concat(parts);
}

/** Two blocks of zeros end an archive; GNU tar fills it to whole records, of 20 blocks unless it is told otherwise. */
export function endOfArchive(size: number, factor = 20): Uint8Array {
  const record = factor * BLOCK;
  const whole = Math.ceil((size + 2 * BLOCK) / record) * record;
  return new Uint8Array(whole - size);
}

function padded(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(Math.ceil(bytes.length / BLOCK) * BLOCK);
  out.set(bytes);
  return out;
}

function longName(type: string, name: string): Uint8Array {
  const bytes = encode(`${name}\0`);
  const member: TarMember = {
    name: "././@LongLink",
    kind: "file",
    mode: 0o644,
    uid: 0,
    gid: 0,
    user: "root",
    group: "root",
    mtime: 0,
    target: "",
    bytes,
  };
  return concat([header(member, type), padded(bytes)]);
}

function header(member: TarMember, type: string): Uint8Array {
  const out = new Uint8Array(BLOCK);
  const text = (at: number, value: string, size: number) => out.set(encode(value).subarray(0, size), at);
  const octal = (at: number, value: number, size: number) =>
    text(at, value.toString(8).padStart(size - 1, "0"), size - 1);
  text(0, member.name, 100);
  octal(100, member.mode & 0o7777, 8);
  octal(108, member.uid, 8);
  octal(116, member.gid, 8);
  octal(124, member.bytes.length, 12);
  octal(136, Math.max(0, member.mtime), 12);
  text(148, "        ", 8);
  text(156, type, 1);
  text(157, member.target, 100);
  text(257, "ustar  \0", 8);
  text(265, member.user, 32);
  text(297, member.group, 32);
  let sum = 0;
  for (const byte of out) sum += byte;
  text(148, `${sum.toString(8).padStart(6, "0")}\0 `, 8);
  return out;
}

/** Members of an archive; undefined when the bytes are none. */
export function unpackMembers(bytes: Uint8Array): TarMember[] | undefined {
  const out: TarMember[] = [];
  let name: string | undefined;
  let target: string | undefined;
  let first = 0;
  for (let at = 0; at + BLOCK <= bytes.length; ) {
    const block = bytes.subarray(at, at + BLOCK);
    if (name === undefined && target === undefined) first = at / BLOCK;
    if (block.every((byte) => byte === 0)) break;
    const text = (from: number, size: number) => {
      const part = block.subarray(from, from + size);
      const end = part.indexOf(0);
      return decode(end < 0 ? part : part.subarray(0, end));
    };
    const octal = (from: number, size: number) => Number.parseInt(text(from, size).trim() || "0", 8);
    let sum = 0;
    for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 32 : block[i]!;
    if (sum !== octal(148, 8)) return out.length > 0 ? out : undefined;
    const size = octal(124, 12);
    const content = bytes.subarray(at + BLOCK, at + BLOCK + size);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    const type = text(156, 1) || "0";
    if (type === "L" || type === "K") {
      const long = decode(content).replace(/\0.*$/s, "");
      if (type === "L") name = long;
      else target = long;
      continue;
    }
    if (type === "x" || type === "g") {
      for (const [, key, value] of decode(content).matchAll(/\d+ (\w+)=([^\n]*)\n/g)) {
        if (key === "path") name = value;
        if (key === "linkpath") target = value;
      }
      continue;
    }
    const prefix = text(257, 6) === "ustar" && text(345, 155) !== "" ? `${text(345, 155)}/` : "";
    const kind = (Object.keys(TYPES) as TarMember["kind"][]).find((key) => TYPES[key] === type) ?? "file";
    out.push({
      name: name ?? prefix + text(0, 100),
      kind,
      mode: octal(100, 8),
      uid: octal(108, 8),
      gid: octal(116, 8),
      user: text(265, 32),
      group: text(297, 32),
      mtime: octal(136, 12),
      target: target ?? text(157, 100),
      bytes: content,
      block: first,
    });
    name = target = undefined;
  }
  return out;
}
