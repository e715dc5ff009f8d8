/** tar -c, -r, -u and --delete. */
import { call, concat, cpu, decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Inode } from "../../machine/inode.ts";
import * as sys from "../../machine/sys.ts";
import { groupName, userName } from "../../machine/users.ts";
import { localZone } from "../../machine/zone.ts";
import { parseDate } from "../../text/date-parse.ts";
import { gzip } from "../../text/deflate.ts";
import { applyMode, parseMode } from "../../text/mode.ts";
import { endOfArchive, packMember, type TarMember, unpackMembers } from "../../text/tar-format.ts";
import { calendar, strftime } from "../../text/time.ts";
import { readWhole } from "../io.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal, type Tool } from "../tool.ts";
import { HUMAN, inBlocks } from "./block-size.ts";
import { compressor } from "./tar-compress.ts";
import { changeDirectory, END, finish, longLine, members, TarUsage } from "./tar-members.ts";
import { excluded, exclusions, glob, transformer } from "./tar-names.ts";

/** What version control and editors leave (--exclude-vcs, --exclude-backups). */
const VCS =
  /^(CVS|\.cvsignore|RCS|SCCS|\.git|\.gitignore|\.gitattributes|\.gitmodules|\.svn|\.arch-ids|\{arch\}|=RELEASE-ID|=meta-update|=update|\.bzr|\.bzrignore|\.bzrtags|\.hg|\.hgignore|\.hgtags|_darcs)$/;
const BACKUPS = /^(\.#.*|#.*#|.*~)$/;

/** Names below the operands, with -C in effect where it stands; parts of an archive. */
function* gather(
  t: Tool,
  o: ParsedOptions,
  verbose: number,
  out: Uint8Array[],
  listing: (text: string) => Gen<void>,
  { self, known }: { self?: Inode | undefined; known?: ReadonlyMap<string, number> } = {},
): Gen<void> {
  const { p } = t;
  const modes = o.value("mode") === undefined ? undefined : parseMode(o.value("mode")!);
  if (o.value("mode") !== undefined && modes === undefined) throw new TarUsage("Invalid mode given on option");
  const names = [...o.operands];
  const list = o.value("T");
  if (list !== undefined) {
    const text = decode(list === "-" ? yield* readWhole(p, 0) : yield* sys.readPath(p, list));
    names.push(...text.split("\n").filter((line) => line !== ""));
  }
  if (names.length === 0) throw new TarUsage("Cowardly refusing to create an empty archive");
  const seen = new Map<Inode, string>();
  const without = exclusions(t, o);
  const transform = transformer(o);
  const time = yield* givenTime(t, o);
  let stripped = false;
  const add = function* (path: string): Gen<void> {
    if (excluded(without, path)) return;
    yield* cpu(5);
    let node: Inode;
    try {
      node = sys.stat(p, path, o.has("h"));
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* t.error(`${path}: Cannot stat: ${error.message}`, 2);
      return;
    }
    const last = path.slice(path.lastIndexOf("/") + 1);
    if ((o.has("vcs") && VCS.test(last)) || (o.has("backups") && BACKUPS.test(last))) return;
    if (node === self) {
      yield* t.error(`${path}: archive cannot contain itself; not dumped`, 0);
      return;
    }
    const before = known?.get(path.replace(/^\/+/, ""));
    const seconds = Math.floor((p.machine.kernel.epochMs * 1000 + node.mtime) / 1e6);
    if (before !== undefined && node.kind !== "dir" && seconds <= before) return;
    let name = path;
    if (name.startsWith("/") && !o.has("P")) {
      if (!stripped) yield* t.error("Removing leading `/' from member names", 0);
      stripped = true;
      name = name.replace(/^\/+/, "") || ".";
    }
    if (node.kind === "dir" && !name.endsWith("/")) name += "/";
    const earlier = node.nlink > 1 && node.kind === "file" ? seen.get(node) : undefined;
    if (node.kind === "file" && node.nlink > 1) seen.set(node, name);
    let bytes: Uint8Array = new Uint8Array(0);
    try {
      if (node.kind === "file" && earlier === undefined) bytes = sys.readBytes(p, path);
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* t.error(`${path}: Cannot open: ${error.message}`, 2);
      return;
    }
    const member: TarMember = {
      name: transform(name),
      kind: earlier !== undefined ? "hardlink" : node.kind === "socket" ? "file" : node.kind,
      mode: modes === undefined ? node.mode : applyMode(modes, node.mode, node.kind === "dir", 0),
      uid: node.uid,
      gid: node.gid,
      user: o.has("numeric")
        ? ""
        : (nameOf(o.value("owner"), (id) => userName(p.ns.mnt, id)) ?? userName(p.ns.mnt, node.uid)),
      group: o.has("numeric")
        ? ""
        : (nameOf(o.value("group"), (id) => groupName(p.ns.mnt, id)) ?? groupName(p.ns.mnt, node.gid)),
      mtime: time ?? Math.floor((p.machine.kernel.epochMs * 1000 + node.mtime) / 1e6),
      target: earlier ?? (node.kind === "symlink" ? node.target : ""),
      bytes,
    };
    if (verbose > 0) yield* listing(verbose > 1 ? `${longLine(member, o)}\n` : `${name}\n`);
    out.push(packMember(member));
    if (node.kind !== "dir" || o.has("no-recursion")) return;
    let children: string[];
    try {
      children = [...sys.readDir(p, path).keys()];
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* t.error(`${path}: Cannot open: ${error.message}`, 2);
      return;
    }
    if (o.value("sort") === "name") children.sort();
    for (const child of children) yield* call(add(`${path.endsWith("/") ? path : `${path}/`}${child}`));
  };
  for (const name of names) yield* call(add(name));
}

/** A name of --owner and --group: `NAME`, `NAME:ID` or an id. */
function nameOf(word: string | undefined, byId: (id: number) => string): string | undefined {
  if (word === undefined) return undefined;
  return /^\+?\d+$/.test(word) ? byId(Number(word)) : word.split(":")[0];
}

/** Seconds of --mtime. */
function* givenTime(t: Tool, o: ParsedOptions): Gen<number | undefined> {
  const word = o.value("mtime");
  if (word === undefined) return undefined;
  const ms = parseDate(word, t.p.machine.kernel.wallMs, localZone(t.p));
  if (ms === undefined) {
    yield* t.error(`Substituting -9223372036854775807 for unknown date format ‘${word}’`, 0);
    return undefined;
  }
  const seconds = Math.floor(ms / 1000);
  const read = strftime("%Y-%m-%d %H:%M:%S", calendar(seconds));
  if (word !== read && !word.startsWith("@") && o.has("v"))
    yield* t.error(`Option --mtime: Treating date '${word}' as ${read}`, 0);
  return seconds;
}

/** --remove-files: what went into an archive is taken away. */
function removeTree(t: Tool, path: string): void {
  const node = sys.find(t.p, path, false);
  if (node === undefined) return;
  if (node.kind !== "dir") return void sys.unlink(t.p, path);
  for (const name of sys.readDir(t.p, path).keys()) removeTree(t, `${path}/${name}`);
  sys.rmdir(t.p, path);
}

/** -c: a new archive. */
export function* create(t: Tool, o: ParsedOptions, verbose: number): Gen<number> {
  const { p } = t;
  const file = o.value("f") ?? "-";
  const cwd = p.cwd;
  if (o.operands.length === 0 && !o.has("T")) throw new TarUsage("Cowardly refusing to create an empty archive");
  if (file === "-" && p.fds.get(1)?.tty !== undefined)
    throw new Fatal(`Refusing to write archive contents to terminal (missing -f option?)${END}`, 2);
  // The archive is there before its members are read, and is none of them.
  let self: Inode | undefined;
  try {
    if (file !== "-") {
      sys.openFile(p, file, { write: true, create: true, truncate: true });
      self = sys.stat(p, file);
    }
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Fatal(`${file}: Cannot open: ${error.message}${END}`, 2);
  }
  changeDirectory(t, o);
  const parts: Uint8Array[] = [];
  const say = function* (text: string) {
    if (file === "-") yield* sys.printError(p, text);
    else t.out.add(text);
  };
  yield* gather(t, o, verbose, parts, say, { self: self?.kind === "file" ? self : undefined });
  parts.push(endOfArchive(parts.reduce((sum, part) => sum + part.length, 0)));
  const whole = concat(parts);
  const packed = compressor(o, file) === "gzip";
  yield* cpu(whole.length >> (packed ? 7 : 12));
  const bytes = packed ? gzip(whole, undefined, 0) : whole;
  if (o.has("totals")) {
    yield* t.out.flush();
    yield* sys.printError(p, `Total bytes written: ${whole.length} (${inBlocks(whole.length, HUMAN)}iB, ?/s)\n`);
  }
  if (o.has("remove-files")) for (const name of o.operands) removeTree(t, name);
  p.cwd = cwd;
  if (file === "-") yield* t.out.bytes(bytes);
  else {
    try {
      sys.writeText(p, file, bytes);
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new Fatal(`${file}: Cannot open: ${error.message}${END}`, 2);
    }
  }
  return yield* finish(t);
}

/** --delete: members are taken out of an archive. */
export function* remove(t: Tool, o: ParsedOptions): Gen<number> {
  if (o.has("z"))
    throw new Fatal("Cannot update compressed archives\nTry 'tar --help' or 'tar --usage' for more information.", 2);
  const wanted = o.operands.map((name) => ({ name: name.replace(/\/+$/, ""), hit: false }));
  const kept: TarMember[] = [];
  for (const member of yield* members(t, o)) {
    const bare = member.name.replace(/\/+$/, "");
    const of = wanted.find(
      ({ name }) => bare === name || bare.startsWith(`${name}/`) || (o.has("wildcards") && glob(name, bare)),
    );
    if (of === undefined) kept.push(member);
    else of.hit = true;
  }
  for (const { name, hit } of wanted) if (!hit) yield* t.error(`${name}: Not found in archive`, 2);
  const parts = kept.map(packMember);
  parts.push(endOfArchive(parts.reduce((sum, part) => sum + part.length, 0)));
  sys.writeText(t.p, o.value("f") ?? "-", concat(parts));
  return yield* finish(t);
}

/** -r and -u: members are added behind those that are there; with -u only what is newer. */
export function* append(t: Tool, o: ParsedOptions, verbose: number): Gen<number> {
  const file = o.value("f") ?? "-";
  const old = sys.find(t.p, file) === undefined ? [] : (unpackMembers(sys.readBytes(t.p, file)) ?? []);
  const cwd = t.p.cwd;
  changeDirectory(t, o);
  const parts = old.map(packMember);
  const known = o.has("u") ? new Map(old.map(({ name, mtime }) => [name, mtime])) : new Map<string, number>();
  const say = function* (text: string) {
    t.out.add(text);
  };
  yield* gather(t, o, verbose, parts, say, { known });
  parts.push(endOfArchive(parts.reduce((sum, part) => sum + part.length, 0)));
  t.p.cwd = cwd;
  sys.writeText(t.p, file, concat(parts));
  return yield* finish(t);
}
