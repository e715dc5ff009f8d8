import { call, concat, cpu, decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { namedPipe } from "../../machine/fifo.ts";
import { fifoNode, type Inode } from "../../machine/inode.ts";
import * as sys from "../../machine/sys.ts";
import { groupByName, groupName, userByName, userName } from "../../machine/users.ts";
import { localZone } from "../../machine/zone.ts";
import { parseDate } from "../../text/date-parse.ts";
import { DeflateError, gunzip, gzip } from "../../text/deflate.ts";
import { applyMode, modeString, parseMode } from "../../text/mode.ts";
import { endOfArchive, packMember, type TarMember, unpackMembers } from "../../text/tar-format.ts";
import { calendar, strftime } from "../../text/time.ts";
import { readWhole } from "../io.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal, type Tool, tool, UsageError } from "../tool.ts";
import { HUMAN, inBlocks } from "./block-size.ts";
import { makeParents } from "./mkdir.ts";
import { compare, stemOf } from "./tar-compare.ts";
import { compressor, requireProgram } from "./tar-compress.ts";
import { excluded, exclusions, glob, transformer } from "./tar-names.ts";

const END = "\ntar: Error is not recoverable: exiting now";

/** tar(1) of GNU: -c -x -t -r -u, -f -z -v -C -O -p -k -h -P, --delete, --exclude, --strip-components, --transform, --wildcards. */
export const tar = tool(
  {
    name: "tar",
    short: "AcdtruxC:f:hjJkmOopPT:vwX:zZab:g:H:I:lnNsSVWU",
    long: "create=c extract=x get=x list=t append=r update=u directory:=C file:=f gzip=z gunzip=z verbose=v to-stdout=O exclude:=exclude strip-components:=strip wildcards=wildcards no-wildcards=no-wildcards preserve-permissions=p same-permissions=p keep-old-files=k dereference=h absolute-names=P files-from:=T overwrite=overwrite no-same-owner=o same-owner=same-owner numeric-owner=numeric owner:=owner group:=group mode:=mode mtime:=mtime sort:=sort auto-compress=a touch=m no-recursion=no-recursion full-time=full-time bzip2=j xz=J compress=Z uncompress=Z zstd=zstd lzma=lzma lzip=lzip lzop=lzop use-compress-program:=I warning:=warning remove-files=remove-files keep-newer-files=k one-file-system=l exclude-from:=X transform:=transform xform:=transform show-transformed-names=show-names delete=delete utc=utc totals=totals one-top-level::=top exclude-vcs=vcs exclude-backups=backups exclude-caches=caches exclude-vcs-ignores=vcsi format:=H posix=posix skip-old-files=skip no-same-permissions=nsp no-overwrite-dir=nod quoting-style:=qs blocking-factor:=b checkpoint::=checkpoint diff=d compare=d unlink-first=U listed-incremental:=g incremental=inc acls=acls no-acls=acls xattrs=acls no-xattrs=acls selinux=acls no-selinux=acls ignore-failed-read=ifr sparse=S recursion=recursion delay-directory-restore=ddr",
    usage: "[OPTION...] [FILE]...",
    about:
      "GNU 'tar' saves many files together into a single tape or disk archive, and can\nrestore individual files from the archive.",
    version: "tar (GNU tar) 1.35",
    usageStatus: 64,
    hint: "Try 'tar --help' or 'tar --usage' for more information.",
    rewrite: oldStyle,
  },
  function* (t, o) {
    const modes = new Set(o.list.filter(({ key }) => /^(?:[cxtruAd]|delete)$/.test(key)).map(({ key }) => key));
    if (modes.size === 0)
      throw new TarUsage("You must specify one of the '-Acdtrux', '--delete' or '--test-label' options");
    if (modes.size > 1)
      throw new TarUsage("You may not specify more than one '-Acdtrux', '--delete' or  '--test-label' option");
    const mode = [...modes][0]!;
    const format = o.value("H");
    if (format !== undefined && !FORMATS.includes(format)) throw new TarUsage(`${format}: Invalid archive format`);
    const sort = o.value("sort");
    if (sort !== undefined && !["none", "name", "inode"].includes(sort))
      throw new Fatal(
        `invalid argument ‘${sort}’ for ‘--sort’
Valid arguments are:
  - ‘none’
  - ‘name’
  - ‘inode’`,
        2,
      );
    const verbose = o.list.filter(({ key }) => key === "v" || key === "utc").length;
    if (mode === "c" || !o.has("a")) requireProgram(compressor(o, o.value("f") ?? "-"), mode === "c");
    if (mode === "delete") return yield* remove(t, o);
    if (mode === "c") return yield* create(t, o, verbose);
    if (mode === "r" || mode === "u") return yield* append(t, o, verbose);
    return yield* read(t, o, mode, verbose);
  },
);

const FORMATS = ["gnu", "oldgnu", "pax", "posix", "ustar", "v7"];
/** What version control and editors leave (--exclude-vcs, --exclude-backups). */
const VCS =
  /^(CVS|\.cvsignore|RCS|SCCS|\.git|\.gitignore|\.gitattributes|\.gitmodules|\.svn|\.arch-ids|\{arch\}|=RELEASE-ID|=meta-update|=update|\.bzr|\.bzrignore|\.bzrtags|\.hg|\.hgignore|\.hgtags|_darcs)$/;
const BACKUPS = /^(\.#.*|#.*#|.*~)$/;

class TarUsage extends UsageError {
  constructor(message: string) {
    super(message, 2);
  }
}

/** `tar xzf FILE`: letters without a dash, their arguments after them in order. */
function oldStyle(args: string[]): string[] {
  const first = args[0];
  if (first === undefined || first.startsWith("-")) return args;
  const rest = args.slice(1);
  const out: string[] = [];
  for (const letter of first) {
    if (!/[CfTXb]/.test(letter)) {
      out.push(`-${letter}`);
      continue;
    }
    const value = rest.shift();
    if (value === undefined) throw new TarUsage(`Old option '${letter}' requires an argument.`);
    out.push(`-${letter}`, value);
  }
  return [...out, ...rest];
}

// ---- writing --------------------------------------------------------------------------------------------------------

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

function changeDirectory(t: Tool, o: ParsedOptions): void {
  for (const dir of o.values("C")) {
    try {
      sys.chdir(t.p, dir);
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new Fatal(`${dir}: Cannot open: ${error.message}${END}`, 2);
    }
  }
}

function* create(t: Tool, o: ParsedOptions, verbose: number): Gen<number> {
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
function* remove(t: Tool, o: ParsedOptions): Gen<number> {
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

function* append(t: Tool, o: ParsedOptions, verbose: number): Gen<number> {
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

function* finish(t: Tool): Gen<number> {
  if (t.status > 1) yield* t.error("Exiting with failure status due to previous errors", t.status);
  return t.status;
}

// ---- reading --------------------------------------------------------------------------------------------------------

function* members(t: Tool, o: ParsedOptions): Gen<TarMember[]> {
  const { p } = t;
  const file = o.value("f") ?? "-";
  let bytes: Uint8Array;
  const zipped = compressor(o, file) === "gzip" && !o.has("a");
  try {
    if (file === "-") bytes = yield* readWhole(p, 0);
    else {
      const node = sys.stat(p, file);
      if (node.kind === "dir") {
        yield* t.error(`${file}: Cannot read: Is a directory`, 2);
        throw new Fatal(`At beginning of tape, quitting now${END}`, 2);
      }
      bytes = yield* sys.readPath(p, file);
    }
  } catch (error) {
    if (!isErrno(error)) throw error;
    if (zipped)
      throw new Fatal(
        `Child returned status 2${END}`,
        2,
        `tar (child): ${file}: Cannot open: ${error.message}\ntar (child): Error is not recoverable: exiting now\n`,
      );
    throw new Fatal(`${file}: Cannot open: ${error.message}${END}`, 2);
  }
  yield* cpu(bytes.length >> 9);
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      bytes = gunzip(bytes).bytes;
    } catch (error) {
      if (!(error instanceof DeflateError)) throw error;
      throw new Fatal(`Unexpected EOF in archive${END}`, 2, `\ngzip: stdin: ${error.message}\n`);
    }
  } else if (zipped) throw new Fatal(`Child returned status 1${END}`, 2, "\ngzip: stdin: not in gzip format\n");
  if (bytes.length === 0) throw new Fatal("", 0);
  const found = unpackMembers(bytes);
  if (found === undefined || bytes.length < 512) {
    yield* t.error("This does not look like a tar archive", 2);
    if (bytes.length >= 512) yield* t.error("Skipping to next header", 2);
    return [];
  }
  return found;
}

function* read(t: Tool, o: ParsedOptions, mode: string, verbose: number): Gen<number> {
  const { p } = t;
  let list: TarMember[];
  try {
    list = yield* members(t, o);
  } catch (error) {
    if (error instanceof Fatal && error.status === 0) return 0;
    throw error;
  }
  changeDirectory(t, o);
  const wanted = o.operands.map((name) => ({ name: name.replace(/\/+$/, ""), hit: false }));
  const strip = Number(o.value("strip") ?? 0);
  const without = exclusions(t, o);
  const transform = transformer(o);
  const later: { path: string; member: TarMember }[] = [];
  let leading = false;
  const top = o.has("top") ? (o.value("top") ?? stemOf(o.value("f") ?? "")) : undefined;
  for (const member of list) {
    yield* cpu(5);
    const bare = member.name.replace(/\/+$/, "");
    if (wanted.length > 0) {
      const of = wanted.find(
        ({ name }) => bare === name || bare.startsWith(`${name}/`) || (o.has("wildcards") && glob(name, bare)),
      );
      if (of === undefined) continue;
      of.hit = true;
    }
    if (excluded(without, member.name)) continue;
    if (mode === "d") {
      yield* compare(t, member);
      continue;
    }
    if (mode === "t") {
      if (member.name.startsWith("/") && !o.has("P") && !leading) {
        yield* t.error("Removing leading `/' from member names", 0);
        leading = true;
      }
      const shown = o.has("show-names") ? { ...member, name: transform(member.name) } : member;
      t.out.add(`${verbose > 0 ? longLine(shown, o) : shown.name}\n`);
      continue;
    }
    let path = transform(member.name);
    if (path.startsWith("/") && !o.has("P")) {
      if (!leading) yield* t.error("Removing leading `/' from member names", 0);
      leading = true;
      path = path.replace(/^\/+/, "");
    }
    if (top !== undefined && path !== top && !path.startsWith(`${top}/`)) path = `${top}/${path.replace(/^\.\//, "")}`;
    if (strip > 0) {
      const parts = path.split("/");
      path = parts.slice(strip).join("/");
      if (path === "") continue;
    }
    if (verbose > 0) {
      const text = `${verbose > 1 ? longLine(member, o) : o.has("show-names") ? path : member.name}\n`;
      if (o.has("O")) yield* sys.printError(p, text);
      else t.out.add(text);
    }
    if (o.has("O")) {
      yield* t.out.bytes(member.bytes);
      continue;
    }
    try {
      extract(t, o, path, member);
      if (member.kind === "dir") later.push({ path, member });
    } catch (error) {
      if (!isErrno(error)) throw error;
      const made =
        member.kind === "dir"
          ? "Cannot mkdir"
          : member.kind === "symlink" || member.kind === "hardlink"
            ? `Cannot create symlink to ‘${member.target}’`
            : "Cannot open";
      yield* t.error(`${path.replace(/\/$/, "")}: ${made}: ${error.message}`, 2);
    }
  }
  for (const { path, member } of later) settle(t, o, path, member);
  for (const { name, hit } of wanted) {
    if (hit) continue;
    if (/[*?[]/.test(name) && !o.has("wildcards") && t.status === 0) {
      yield* t.error("Pattern matching characters used in file names", 0);
      yield* t.error("Use --wildcards to enable pattern matching, or --no-wildcards to suppress this warning", 0);
    }
    yield* t.error(`${name}: Not found in archive`, 2);
  }
  return yield* finish(t);
}

function extract(t: Tool, o: ParsedOptions, path: string, member: TarMember): void {
  const { p } = t;
  const trimmed = path.replace(/\/+$/, "");
  const slash = trimmed.lastIndexOf("/");
  if (slash > 0 && sys.find(p, trimmed.slice(0, slash)) === undefined) makeParents(p, trimmed.slice(0, slash));
  if (member.kind === "dir") {
    if (trimmed !== "" && trimmed !== "." && sys.find(p, trimmed)?.kind !== "dir") sys.mkdir(p, trimmed, 0o755);
    return;
  }
  const old = sys.find(p, trimmed, false);
  if (old !== undefined && old.kind !== "dir") {
    if (o.has("skip")) return;
    if (o.has("k")) return void sys.openFile(p, trimmed, { write: true, create: true, exclusive: true });
    sys.unlink(p, trimmed);
  }
  if (member.kind === "symlink") sys.symlink(p, member.target, trimmed);
  else if (member.kind === "hardlink") {
    const node = sys.stat(p, member.target, false);
    sys.link(p, trimmed, node);
    node.nlink++;
    return;
  } else if (member.kind === "fifo") sys.link(p, trimmed, fifoNode(namedPipe()));
  else sys.writeText(p, trimmed, member.bytes.slice(), 0o600);
  settle(t, o, trimmed, member);
}

/** Mode less the umask (all of it for root), owner as root, and the time of the archive. */
function settle(t: Tool, o: ParsedOptions, path: string, member: TarMember): void {
  const { p } = t;
  const node = sys.find(p, path, false);
  if (node === undefined) return;
  const root = p.cred.uid === 0;
  if (node.kind !== "symlink") node.mode = root || o.has("p") ? member.mode : member.mode & ~p.umask & 0o777;
  if (root && !o.has("o")) {
    node.uid = userByName(p.ns.mnt, member.user)?.uid ?? member.uid;
    node.gid = groupByName(p.ns.mnt, member.group)?.gid ?? member.gid;
  }
  if (!o.has("m")) node.mtime = member.mtime * 1e6 - p.machine.kernel.epochMs * 1000;
}

/** A line of `tar tv`. */
function longLine(member: TarMember, o: ParsedOptions): string {
  const node = { kind: member.kind === "hardlink" ? "file" : member.kind, mode: member.mode } as Inode;
  const mode = member.kind === "hardlink" ? `h${modeString(node).slice(1)}` : modeString(node);
  const owner = o.has("numeric")
    ? `${member.uid}/${member.gid}`
    : `${member.user || member.uid}/${member.group || member.gid}`;
  const size = String(member.bytes.length);
  const time = strftime(o.has("full-time") ? "%Y-%m-%d %H:%M:%S" : "%Y-%m-%d %H:%M", calendar(member.mtime));
  const target =
    member.kind === "symlink" ? ` -> ${member.target}` : member.kind === "hardlink" ? ` link to ${member.target}` : "";
  return `${mode} ${owner} ${size.padStart(Math.max(0, 18 - owner.length))} ${time} ${member.name}${target}`;
}
