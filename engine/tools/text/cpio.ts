/** cpio(1) of GNU 2.13: archives of the files that standard input names, and copies of them. */
import { concat, cpu, decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { namedPipe } from "../../machine/fifo.ts";
import { fifoNode, type Inode } from "../../machine/inode.ts";
import * as sys from "../../machine/sys.ts";
import { groupByGid, groupByName, userByName, userByUid } from "../../machine/users.ts";
import { localZone } from "../../machine/zone.ts";
import {
  type CpioFormat,
  type CpioMember,
  cpioFormat,
  cpioTrailer,
  KIND_BITS,
  packCpio,
  unpackCpio,
} from "../../text/cpio-format.ts";
import { globRegex } from "../../text/glob.ts";
import { modeString } from "../../text/mode.ts";
import { packMember, unpackMembers } from "../../text/tar-format.ts";
import { strftime } from "../../text/time.ts";
import { readWhole } from "../io.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal, type Tool, tool, UsageError } from "../tool.ts";
import { linesOf } from "./input.ts";
import { linksOf } from "./ls-view.ts";
import { makeParents } from "./mkdir.ts";

const FORMATS: Readonly<Record<string, CpioFormat | "ustar" | "tar">> = {
  bin: "bin",
  odc: "odc",
  newc: "newc",
  crc: "crc",
  ustar: "ustar",
  tar: "tar",
};
/** Half a year, in seconds: what is older is listed with its year. */
const RECENT = 6 * 30 * 86_400;

/** Owner and group that -R gives. */
interface Owner {
  uid: number | undefined;
  gid: number | undefined;
}

function ownerOf(t: Tool, text: string | undefined): Owner {
  if (text === undefined) return { uid: undefined, gid: undefined };
  const [, user = "", separator = "", group = ""] = /^([^:.]*)([:.]?)(.*)$/.exec(text)!;
  const { mnt } = t.p.ns;
  const known = userByName(mnt, user);
  const uid = user === "" ? undefined : (known?.uid ?? (/^\d+$/.test(user) ? Number(user) : Number.NaN));
  const named = groupByName(mnt, group)?.gid ?? (/^\d+$/.test(group) ? Number(group) : Number.NaN);
  const gid = group === "" ? (separator === "" ? undefined : known?.gid) : named;
  if (Number.isNaN(uid)) throw new UsageError(`${text}: invalid user`);
  if (Number.isNaN(gid)) throw new UsageError(`${text}: invalid group`);
  return { uid, gid };
}

/** The number of blocks that went through, unless --quiet. */
function* blocks(t: Tool, o: ParsedOptions, bytes: number): Gen<void> {
  yield* t.out.flush();
  if (o.has("quiet")) return;
  const unit = o.has("B") ? 5120 : o.has("C") ? Number(o.value("C")) : 512 * Number(o.value("block-size") ?? 1);
  const count = Math.ceil(bytes / unit);
  yield* sys.printError(t.p, `${count} block${count === 1 ? "" : "s"}\n`);
}

function* names(t: Tool, o: ParsedOptions): Gen<string[]> {
  return linesOf(decode(yield* readWhole(t.p, 0)), o.has("0") ? "\0" : "\n").filter((name) => name !== "");
}

/** A file's inode, after a complaint undefined. */
function* statOf(t: Tool, o: ParsedOptions, name: string): Gen<Inode | undefined> {
  try {
    return sys.stat(t.p, name, o.has("L"));
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* t.error(`${name}: Cannot stat: ${error.message}`, 2);
    return undefined;
  }
}

const plain = (name: string) => name.replace(/^(?:\.\/+)+(?=.)/, "");

/** A name without its leading slashes, which is told. */
function* relative(t: Tool, name: string): Gen<string> {
  if (!name.startsWith("/")) return name;
  yield* t.error("Removing leading `/' from member names", 0);
  return name.replace(/^\/+/, "");
}

function* create(t: Tool, o: ParsedOptions, format: CpioFormat | "ustar" | "tar"): Gen<number> {
  const { p } = t;
  const owner = ownerOf(t, o.value("R"));
  const parts: Uint8Array[] = [];
  const numbers = new Map<Inode, number>();
  /** Names of one file whose content is written with the last of them, as the newer formats do. */
  const waiting = new Map<Inode, CpioMember[]>();
  const renumber = o.has("renumber", "reproducible");
  const put = (member: CpioMember) => parts.push(packCpio(format as CpioFormat, member));
  for (const given of yield* names(t, o)) {
    yield* cpu(5);
    const node = yield* statOf(t, o, given);
    if (node === undefined) continue;
    if (o.has("v")) yield* sys.printError(p, `${given}\n`);
    const name = o.has("no-absolute") ? yield* relative(t, given) : plain(given);
    let bytes = new Uint8Array(0) as Uint8Array;
    try {
      if (node.kind === "file") bytes = yield* sys.readPath(p, given);
      else if (node.kind === "symlink") bytes = new TextEncoder().encode(node.target);
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* t.error(`${given}: Cannot open: ${error.message}`, 2);
      continue;
    }
    const member: CpioMember = {
      name,
      dev: o.has("reproducible", "ignore-devno") ? 0 : 0xfe00,
      ino: renumber ? numberOf(numbers, node) : node.ino,
      mode: (KIND_BITS[node.kind as "file"] ?? KIND_BITS.char) | (node.mode & 0o7777),
      uid: owner.uid ?? node.uid,
      gid: owner.gid ?? node.gid,
      nlink: node.kind === "dir" && o.has("reproducible", "ignore-dirnlink") ? 2 : linksOf(node),
      mtime: Math.floor((p.machine.kernel.epochMs * 1000 + node.mtime) / 1e6),
      bytes,
    };
    if (format === "ustar" || format === "tar") {
      parts.push(tarMember(t, member, node));
      continue;
    }
    if (format.length === 4 || format === "crc") {
      if (node.kind === "file" && node.nlink > 1) {
        const before = [...(waiting.get(node) ?? []), member];
        waiting.set(node, before);
        if (before.length < node.nlink) continue;
        linked(before, put);
        waiting.delete(node);
        continue;
      }
    }
    put(member);
  }
  for (const before of waiting.values()) linked(before, put);
  parts.push(format === "ustar" || format === "tar" ? new Uint8Array(1024) : cpioTrailer(format));
  let size = parts.reduce((sum, { length }) => sum + length, 0);
  const unit = o.has("B") ? 5120 : o.has("C") ? Number(o.value("C")) : 512 * Number(o.value("block-size") ?? 1);
  const rest = (unit - (size % unit)) % unit;
  parts.push(new Uint8Array(rest));
  size += rest;
  const file = o.value("O", "F");
  if (file === undefined) yield* t.out.bytes(concat(parts));
  else
    try {
      sys.writeText(p, file, concat(parts));
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new Fatal(`Cannot open ${file}: ${error.message}`, 2);
    }
  yield* blocks(t, o, size);
  return t.status;
}

function numberOf(numbers: Map<Inode, number>, node: Inode): number {
  if (!numbers.has(node)) numbers.set(node, numbers.size);
  return numbers.get(node)!;
}

function linked(members: readonly CpioMember[], put: (member: CpioMember) => void): void {
  for (const member of members.slice(0, -1)) put({ ...member, bytes: new Uint8Array(0) });
  put(members.at(-1)!);
}

function tarMember(t: Tool, member: CpioMember, node: Inode): Uint8Array {
  const { mnt } = t.p.ns;
  const isDir = node.kind === "dir";
  return packMember({
    name: isDir ? `${member.name}/` : member.name,
    kind: isDir ? "dir" : node.kind === "symlink" ? "symlink" : node.kind === "fifo" ? "fifo" : "file",
    mode: member.mode & 0o7777,
    uid: member.uid,
    gid: member.gid,
    user: userByUid(mnt, member.uid)?.name ?? "",
    group: groupByGid(mnt, member.gid)?.name ?? "",
    mtime: member.mtime,
    target: node.kind === "symlink" ? node.target : "",
    bytes: node.kind === "file" ? member.bytes : new Uint8Array(0),
  });
}

const kindOf = (mode: number) =>
  (Object.keys(KIND_BITS) as (keyof typeof KIND_BITS)[]).find((kind) => KIND_BITS[kind] === (mode & 0o170000)) ??
  "file";

/** A line of `cpio -tv`. */
function longLine(t: Tool, o: ParsedOptions, member: CpioMember): string {
  const kind = kindOf(member.mode);
  const { mnt } = t.p.ns;
  const named = !o.has("n");
  const user = (named ? userByUid(mnt, member.uid)?.name : undefined) ?? String(member.uid);
  const group = (named ? groupByGid(mnt, member.gid)?.name : undefined) ?? String(member.gid);
  const now = Math.floor(t.p.machine.kernel.wallMs / 1000);
  const recent = now - member.mtime < RECENT && member.mtime <= now + 3600;
  const time = strftime(recent ? "%b %e %H:%M" : "%b %e  %Y", localZone(t.p).calendar(member.mtime));
  const size = String(kind === "symlink" || kind === "file" ? member.bytes.length : 0);
  const target = kind === "symlink" ? ` -> ${decode(member.bytes)}` : "";
  return `${modeString({ kind, mode: member.mode & 0o7777 })} ${String(member.nlink).padStart(3)} ${user.padEnd(8)} ${group.padEnd(8)} ${size.padStart(8)} ${time} ${member.name}${target}`;
}

/** The members of an archive of any format, and the bytes that it takes. */
function* archive(t: Tool, o: ParsedOptions): Gen<{ members: CpioMember[]; size: number }> {
  const file = o.value("I", "F");
  let bytes: Uint8Array;
  try {
    bytes = file === undefined ? yield* readWhole(t.p, 0) : yield* sys.readPath(t.p, file);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Fatal(`Cannot open ${file}: ${error.message}`, 2);
  }
  yield* cpu(10 + (bytes.length >> 10));
  if (cpioFormat(bytes) === undefined) {
    const members = bytes.length < 512 ? undefined : unpackMembers(bytes);
    if (members !== undefined)
      return {
        members: members.map((one) => ({
          name: one.name.replace(/(?<=.)\/$/, ""),
          dev: 0,
          ino: 0,
          mode: (KIND_BITS[one.kind as "file"] ?? KIND_BITS.file) | one.mode,
          uid: userByName(t.p.ns.mnt, one.user)?.uid ?? one.uid,
          gid: groupByName(t.p.ns.mnt, one.group)?.gid ?? one.gid,
          nlink: 1,
          mtime: one.mtime,
          bytes: one.kind === "symlink" ? new TextEncoder().encode(one.target) : one.bytes,
        })),
        // It stops at the first block of zeros.
        size: Math.min(
          bytes.length,
          members.reduce((end, one) => Math.max(end, one.block! * 512 + packMember(one).length), 0) + 512,
        ),
      };
  }
  const { members, end, broken } = unpackCpio(bytes);
  if (broken !== undefined) {
    yield* list(t, o, members);
    throw new Fatal(broken, 2);
  }
  return { members, size: Math.min(bytes.length, Math.ceil(end / 512) * 512) };
}

function* list(t: Tool, o: ParsedOptions, members: readonly CpioMember[]): Gen<void> {
  if (!o.has("t")) return;
  for (const member of members)
    if (wanted(o, member.name)) t.out.add(`${o.has("v") ? longLine(t, o, member) : member.name}\n`);
  yield* t.out.flush();
}

function wanted(o: ParsedOptions, name: string): boolean {
  if (o.operands.length === 0) return true;
  return o.operands.some((pattern) => globRegex(pattern).test(name)) !== o.has("f");
}

function* extract(t: Tool, o: ParsedOptions): Gen<number> {
  const { members, size } = yield* archive(t, o);
  if (o.has("t")) {
    yield* list(t, o, members);
    yield* blocks(t, o, size);
    return t.status;
  }
  const owner = ownerOf(t, o.value("R"));
  const files = new Map<string, string>();
  const empty = new Map<string, string[]>();
  for (const member of members) {
    yield* cpu(5);
    if (!wanted(o, member.name)) continue;
    const name = o.has("no-absolute") ? yield* relative(t, member.name) : member.name;
    if (o.has("to-stdout")) {
      if (kindOf(member.mode) === "file") yield* t.out.bytes(member.bytes);
      continue;
    }
    const key = `${member.dev}:${member.ino}`;
    const many = member.nlink > 1 && kindOf(member.mode) === "file" && member.ino !== 0;
    // Of a file with several names the content comes with the last: the others wait for it.
    if (
      many &&
      member.bytes.length === 0 &&
      members.some((one) => one !== member && `${one.dev}:${one.ino}` === key && one.bytes.length > 0)
    ) {
      if (yield* stands(t, o, member, name)) continue;
      empty.set(key, [...(empty.get(key) ?? []), name]);
      if (o.has("v")) yield* sys.printError(t.p, `${name}\n`);
      continue;
    }
    if (yield* stands(t, o, member, name)) {
      if (o.has("v")) yield* sys.printError(t.p, `${name}\n`);
      continue;
    }
    try {
      parents(t, o, name);
      const first = many ? files.get(key) : undefined;
      if (first !== undefined) yield* linkTo(t, o, first, name);
      else make(t, o, member, name, owner);
      for (const other of empty.get(key) ?? []) {
        parents(t, o, other);
        yield* linkTo(t, o, name, other);
      }
      empty.delete(key);
      if (many && first === undefined) files.set(key, name);
    } catch (error) {
      if (!isErrno(error)) throw error;
      const what =
        kindOf(member.mode) === "dir"
          ? "Cannot mkdir"
          : kindOf(member.mode) === "symlink"
            ? "Cannot symlink"
            : "Cannot open";
      yield* t.error(`${name}: ${what}: ${error.message}`, 2);
    }
    if (o.has("v")) yield* sys.printError(t.p, `${name}\n`);
  }
  yield* blocks(t, o, size);
  return t.status;
}

/** Whether what is there stays: a directory, or without -u a file that is not older. */
function* stands(t: Tool, o: ParsedOptions, member: CpioMember, name: string): Gen<boolean> {
  const { p } = t;
  const old = sys.find(p, name, false);
  if (old === undefined) return false;
  if (old.kind === "dir") {
    if (kindOf(member.mode) === "dir") return true;
    yield* t.error(`cannot remove current ${name}: Is a directory`, 2);
    return true;
  }
  const time = Math.floor((p.machine.kernel.epochMs * 1000 + old.mtime) / 1e6);
  if (!o.has("u") && time >= member.mtime) {
    yield* t.error(`${name} not created: newer or same age version exists`, 0);
    return true;
  }
  sys.unlink(p, name);
  return false;
}

function parents({ p }: Tool, o: ParsedOptions, name: string): void {
  const slash = name.lastIndexOf("/");
  if (slash > 0 && o.has("d") && sys.find(p, name.slice(0, slash)) === undefined) makeParents(p, name.slice(0, slash));
}

function* linkTo(t: Tool, o: ParsedOptions, first: string, name: string, told = true): Gen<void> {
  const node = sys.stat(t.p, first, false);
  sys.link(t.p, name, node);
  node.nlink++;
  if (told && o.has("v")) yield* t.error(`${first} linked to ${name}`, 0);
}

function make({ p }: Tool, o: ParsedOptions, member: CpioMember, name: string, owner: Owner): void {
  const kind = kindOf(member.mode);
  if (kind === "dir") sys.mkdir(p, name);
  else if (kind === "symlink") sys.symlink(p, decode(member.bytes), name);
  else if (kind === "fifo") sys.link(p, name, fifoNode(namedPipe()));
  else sys.writeText(p, name, member.bytes.slice(), 0o600);
  const node = sys.stat(p, name, false);
  if (kind !== "symlink") node.mode = member.mode & 0o7777;
  if (p.cred.uid === 0) {
    node.uid = owner.uid ?? member.uid;
    node.gid = owner.gid ?? member.gid;
  }
  if (o.has("m")) node.mtime = member.mtime * 1e6 - p.machine.kernel.epochMs * 1000;
}

/** -p: what standard input names is copied, or with -l linked, below a directory. */
function* passThrough(t: Tool, o: ParsedOptions, to: string): Gen<number> {
  const { p } = t;
  const owner = ownerOf(t, o.value("R"));
  const made = new Map<Inode, string>();
  let size = 0;
  for (const given of yield* names(t, o)) {
    yield* cpu(5);
    const node = yield* statOf(t, o, given);
    if (node === undefined) continue;
    const name = `${to}/${plain(given).replace(/^\/+/, "")}`;
    const bytes =
      node.kind === "file"
        ? yield* sys.readPath(p, given)
        : new TextEncoder().encode(node.kind === "symlink" ? node.target : "");
    const member: CpioMember = {
      name,
      dev: 0,
      ino: node.ino,
      mode: (KIND_BITS[node.kind as "file"] ?? KIND_BITS.char) | (node.mode & 0o7777),
      uid: node.uid,
      gid: node.gid,
      nlink: node.nlink,
      mtime: Math.floor((p.machine.kernel.epochMs * 1000 + node.mtime) / 1e6),
      bytes,
    };
    if (!(yield* stands(t, o, member, name))) {
      try {
        parents(t, o, name);
        const first = made.get(node);
        if (o.has("l") && node.kind === "file") yield* linkTo(t, o, given, name, false);
        else if (first !== undefined) yield* linkTo(t, o, first, name);
        else {
          make(t, o, member, name, owner);
          if (node.kind === "file") size += bytes.length;
          if (node.kind === "file" && node.nlink > 1) made.set(node, name);
        }
      } catch (error) {
        if (!isErrno(error)) throw error;
        const what = node.kind === "dir" ? "Cannot mkdir" : node.kind === "symlink" ? "Cannot symlink" : "Cannot open";
        yield* t.error(`${name}: ${what}: ${error.message}`, 2);
        continue;
      }
    }
    if (o.has("v")) yield* sys.printError(p, `${name}\n`);
  }
  yield* blocks(t, o, size);
  return t.status;
}

export const cpio = tool(
  {
    name: "cpio",
    short: "0aABbcC:dD:E:F:fH:I:iklLmM:noO:prR:sStuvVW:?",
    long: "extract=i create=o pass-through=p list=t block-size:=block-size io-size:=C directory:=D force-local=k format:=H quiet=quiet owner:=R verbose=v dot=V warning:=W file:=F message:=M nonmatching=f numeric-uid-gid=n rename=r swap=b swap-bytes=s swap-halfwords=S to-stdout=to-stdout pattern-file:=E only-verify-crc=k append=A device-independent=reproducible reproducible=reproducible ignore-devno=ignore-devno ignore-dirnlink=ignore-dirnlink renumber-inodes=renumber link=l absolute-filenames=absolute no-absolute-filenames=no-absolute null=0 reset-access-time=a dereference=L make-directories=d preserve-modification-time=m no-preserve-owner=no-owner sparse=k unconditional=u",
    usage: "[OPTION...] [destination-directory]",
    about: "GNU `cpio' copies files to and from archives",
    version: "cpio (GNU cpio) 2.13",
    usageStatus: 2,
    hint: "Try 'cpio --help' or 'cpio --usage' for more information.",
  },
  function* (t, o) {
    const modes = [...new Set(o.list.filter(({ key }) => /^[iop]$/.test(key)).map(({ key }) => key))];
    if (modes.length > 1) throw new UsageError("Mode already defined");
    const mode = modes[0] ?? (o.has("t") ? "i" : undefined);
    if (mode === undefined) throw new UsageError("You must specify one of -oipt options.");
    const name = o.value("H");
    const format = name === undefined ? (o.has("c") ? "odc" : "bin") : FORMATS[name.toLowerCase()];
    if (format === undefined)
      throw new UsageError(
        `invalid archive format \`${name}'; valid formats are:\ncrc newc odc bin ustar tar (all-caps also recognized)`,
      );
    if (mode === "p" && o.operands.length === 0) throw new UsageError("Not enough arguments");
    if (mode === "p" && o.operands.length > 1) throw new UsageError("Too many arguments");
    if (mode === "o" && o.operands.length > 0) throw new UsageError("Too many arguments");
    const dir = o.value("D");
    if (dir !== undefined)
      try {
        sys.chdir(t.p, dir);
      } catch (error) {
        if (!isErrno(error)) throw error;
        throw new Fatal(`cannot change to directory \`${dir}': ${error.message}`, 2);
      }
    if (mode === "o") return yield* create(t, o, format);
    if (mode === "p") return yield* passThrough(t, o, o.operands[0]!);
    return yield* extract(t, o);
  },
);
