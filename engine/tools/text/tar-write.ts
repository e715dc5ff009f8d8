/** tar -c, -r, -u and --delete. */
import { call, concat, cpu, decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Inode } from "../../machine/inode.ts";
import * as sys from "../../machine/sys.ts";
import { groupByName, groupName, userByName, userName } from "../../machine/users.ts";
import { localZone } from "../../machine/zone.ts";
import { parseDate } from "../../text/date-parse.ts";
import { applyMode, parseMode } from "../../text/mode.ts";
import { endOfArchive, packMember, type TarMember, unpackMembers } from "../../text/tar-format.ts";
import { strftime } from "../../text/time.ts";
import { readWhole } from "../io.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal, type Tool } from "../tool.ts";
import { HUMAN, inBlocks } from "./block-size.ts";
import { checkpoints } from "./tar-checkpoint.ts";
import { compressor, packed } from "./tar-compress.ts";
import { blocking, changeDirectory, END, finish, listed, longLine, members, TarUsage } from "./tar-members.ts";
import { excluded, exclusions, inclusions, matches, misplaced } from "./tar-names.ts";
import { transformer } from "./tar-transform.ts";

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
  const seen = new Map<Inode, string>();
  const without = exclusions(t, o, true);
  const transform = transformer(o);
  const time = yield* givenTime(t, o);
  const since = yield* newerThan(t, o);
  const stripped = new Set<string>();
  let recursive = true;
  const add = function* (path: string): Gen<void> {
    if (excluded(without, path)) return;
    yield* cpu(5);
    let node: Inode;
    try {
      node = sys.stat(p, path, o.has("h"));
    } catch (error) {
      if (!isErrno(error)) throw error;
      const warns = o.has("ifr");
      yield* t.error(`${path}: ${warns ? "Warning: " : ""}Cannot stat: ${error.message}`, warns ? 0 : 2);
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
    if (since !== undefined && node.kind !== "dir" && seconds < since) return;
    let name = path;
    const unsafe = o.has("P") ? null : /^(?:.*\/)?\.\.(?:\/+|$)|^\/+/.exec(name);
    if (unsafe !== null) {
      if (!stripped.has(unsafe[0])) yield* t.error(`Removing leading \`${unsafe[0]}' from member names`, 0);
      stripped.add(unsafe[0]);
      name = name.slice(unsafe[0].length) || ".";
    }
    const slash = node.kind === "dir" && !path.endsWith("/") ? "/" : "";
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
      uid: idOf(o.value("owner"), (name) => userByName(p.ns.mnt, name)?.uid) ?? node.uid,
      gid: idOf(o.value("group"), (name) => groupByName(p.ns.mnt, name)?.gid) ?? node.gid,
      user: o.has("numeric")
        ? ""
        : (nameOf(o.value("owner"), (id) => userName(p.ns.mnt, id)) ?? userName(p.ns.mnt, node.uid)),
      group: o.has("numeric")
        ? ""
        : (nameOf(o.value("group"), (id) => groupName(p.ns.mnt, id)) ?? groupName(p.ns.mnt, node.gid)),
      mtime: time ?? Math.floor((p.machine.kernel.epochMs * 1000 + node.mtime) / 1e6),
      target:
        earlier !== undefined
          ? transform(earlier, "hardlink")
          : node.kind === "symlink"
            ? transform(node.target, "symlink")
            : "",
      bytes,
    };
    const tagged = node.kind === "dir" ? tagOf(t, o, path) : undefined;
    if (tagged?.all) return;
    const line = verbose > 1 ? longLine(t.p, member, o) : listed(o.has("show-names") ? member.name : path + slash, o);
    if (verbose > 0) yield* listing(`${line}\n`);
    out.push(packMember(member));
    if (node.kind !== "dir" || !recursive) return;
    let children: string[];
    try {
      children = tagged?.keeps ?? [...sys.readDir(p, path).keys()];
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* t.error(`${path}: Cannot open: ${error.message}`, 2);
      return;
    }
    if (o.value("sort") === "name") children.sort();
    for (const child of children) yield* call(add(`${path.endsWith("/") ? path : `${path}/`}${child}`));
  };
  let [ends, plain] = ["\n", false];
  let names = 0;
  for (const { key, value } of o.list) {
    if (key === "C") changeDirectory(t, value!);
    else if (key === "no-recursion" || key === "recursion") recursive = key === "recursion";
    else if (key === "null" || key === "no-null") [ends, plain] = key === "null" ? ["\0", true] : ["\n", false];
    else if (key === "verbatim" || key === "no-verbatim") plain = key === "verbatim";
    else if (key === "" || key === "add-file") {
      names++;
      yield* call(add(value!));
    } else if (key === "T") {
      names++;
      for (const line of yield* namesOf(t, value!, ends)) {
        const directory = plain ? null : /^(?:-C|--directory=)\s*(.+)$/.exec(line);
        if (directory === null) yield* call(add(line));
        else changeDirectory(t, directory[1]!);
      }
    }
  }
  if (names === 0) throw new TarUsage("Cowardly refusing to create an empty archive");
  yield* misplaced(t, o);
}

/** The names in a file of -T. */
function* namesOf({ p }: Tool, file: string, ends: string): Gen<string[]> {
  try {
    const text = decode(file === "-" ? yield* readWhole(p, 0) : yield* sys.readPath(p, file));
    return text.split(ends).filter((line) => line !== "");
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Fatal(`${file}: Cannot stat: ${error.message}${END}`, 2);
  }
}

/** What a tag in a directory leaves of it: nothing, itself, or the tag as well. */
function tagOf({ p }: Tool, o: ParsedOptions, path: string): { all: boolean; keeps: string[] } | undefined {
  for (const { key, value } of o.list) {
    const match = /^(tag|caches)(-under|-all)?$/.exec(key);
    if (match === null) continue;
    const name = match[1] === "caches" ? "CACHEDIR.TAG" : value!;
    const tag = sys.find(p, `${path}/${name}`);
    if (tag === undefined) continue;
    if (match[1] === "caches" && !(tag.kind === "file" && tag.content.text().startsWith(CACHE_TAG))) continue;
    return { all: match[2] === "-all", keeps: match[2] === undefined ? [name] : [] };
  }
  return undefined;
}

/** How a tag of a cache directory begins (bford.info/cachedir). */
const CACHE_TAG = "Signature: 8a477f597d28d172789f06886806bc55";

/** The id of --owner and --group: of `NAME:ID`, of an id, or that of a name. */
function idOf(word: string | undefined, byName: (name: string) => number | undefined): number | undefined {
  if (word === undefined) return undefined;
  const id = /^(?:.*:)?\+?(\d+)$/.exec(word);
  return id === null ? byName(word) : Number(id[1]);
}

/** A name of --owner and --group: `NAME`, `NAME:ID` or an id. */
function nameOf(word: string | undefined, byId: (id: number) => string): string | undefined {
  if (word === undefined) return undefined;
  return /^\+?\d+$/.test(word) ? byId(Number(word)) : word.split(":")[0];
}

/** Seconds of --mtime. */
function givenTime(t: Tool, o: ParsedOptions): Gen<number | undefined> {
  return timeOf(t, o, o.value("mtime"), "mtime");
}

/** Seconds of -N: a time, or that of a file. */
function* newerThan(t: Tool, o: ParsedOptions): Gen<number | undefined> {
  const word = o.value("N");
  const node = word !== undefined && /^[./]/.test(word) ? sys.find(t.p, word) : undefined;
  if (node === undefined) return yield* timeOf(t, o, word, "after-date");
  return Math.floor((t.p.machine.kernel.epochMs * 1000 + node.mtime) / 1e6);
}

function* timeOf(t: Tool, o: ParsedOptions, word: string | undefined, option: string): Gen<number | undefined> {
  if (word === undefined) return undefined;
  const ms = parseDate(word, t.p.machine.kernel.wallMs, localZone(t.p));
  if (ms === undefined) {
    yield* t.error(`Substituting -9223372036854775807 for unknown date format ‘${word}’`, 0);
    return undefined;
  }
  const seconds = Math.floor(ms / 1000);
  const read = strftime("%Y-%m-%d %H:%M:%S", localZone(t.p).calendar(seconds));
  if (word !== read && !word.startsWith("@") && o.has("v"))
    yield* t.error(`Option --${option}: Treating date '${word}' as ${read}`, 0);
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
  if (o.operands.length === 0 && !o.has("T", "add-file"))
    throw new TarUsage("Cowardly refusing to create an empty archive");
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
  const parts: Uint8Array[] = [];
  const say = function* (text: string) {
    if (file === "-") yield* sys.printError(p, text);
    else t.out.add(text);
  };
  yield* gather(t, o, verbose, parts, say, { self: self?.kind === "file" ? self : undefined });
  const whole = archive(o, parts);
  yield* checkpoints(t, o, whole.length, true);
  const packer = compressor(o, file);
  yield* cpu(whole.length >> 12);
  const bytes = yield* packed(whole, packer);
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

/** An archive of packed members, filled to whole records. */
function archive(o: ParsedOptions, parts: readonly Uint8Array[]): Uint8Array {
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  return concat([...parts, endOfArchive(size, blocking(o))]);
}

/** --delete: members are taken out of an archive. */
export function* remove(t: Tool, o: ParsedOptions): Gen<number> {
  if (o.has("z"))
    throw new Fatal("Cannot update compressed archives\nTry 'tar --help' or 'tar --usage' for more information.", 2);
  const wanted = inclusions(o).map((pattern) => ({ pattern, hit: false }));
  const kept: TarMember[] = [];
  for (const member of yield* members(t, o)) {
    const of = wanted.find(({ pattern }) => matches(pattern, member.name));
    if (of === undefined) kept.push(member);
    else of.hit = true;
  }
  for (const { pattern, hit } of wanted) if (!hit) yield* t.error(`${pattern.text}: Not found in archive`, 2);
  sys.writeText(t.p, o.value("f") ?? "-", archive(o, kept.map(packMember)));
  return yield* finish(t);
}

/** -r and -u: members are added behind those that are there; with -u only what is newer. */
export function* append(t: Tool, o: ParsedOptions, verbose: number): Gen<number> {
  const file = o.value("f") ?? "-";
  const old = sys.find(t.p, file) === undefined ? [] : (unpackMembers(sys.readBytes(t.p, file)) ?? []);
  const cwd = t.p.cwd;
  const parts = old.map(packMember);
  const known = o.has("u") ? new Map(old.map(({ name, mtime }) => [name, mtime])) : new Map<string, number>();
  const say = function* (text: string) {
    t.out.add(text);
  };
  yield* gather(t, o, verbose, parts, say, { known });
  t.p.cwd = cwd;
  sys.writeText(t.p, file, archive(o, parts));
  return yield* finish(t);
}

/** -A: the members of other archives are put behind those that are there. */
export function* concatenate(t: Tool, o: ParsedOptions): Gen<number> {
  const file = o.value("f") ?? "-";
  const parts: Uint8Array[] = [];
  for (const name of [file, ...o.operands]) {
    try {
      parts.push(...(unpackMembers(yield* sys.readPath(t.p, name)) ?? []).map(packMember));
    } catch (error) {
      if (!isErrno(error)) throw error;
      if (name !== file) yield* t.error(`${name}: Cannot open: ${error.message}`, 2);
    }
  }
  sys.writeText(t.p, file, archive(o, parts));
  return yield* finish(t);
}
