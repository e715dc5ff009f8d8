/** tar -t, -x and -d. */
import { cpu, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { namedPipe } from "../../machine/fifo.ts";
import { fifoNode, type Inode } from "../../machine/inode.ts";
import { exitCode } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { groupByName, userByName } from "../../machine/users.ts";
import type { TarMember } from "../../text/tar-format.ts";
import { ParsedOptions } from "../options.ts";
import type { Tool } from "../tool.ts";
import { backups } from "./backup.ts";
import { makeParents } from "./mkdir.ts";
import { compare, stemOf } from "./tar-compare.ts";
import { blocking, blocksOf, changeDirectory, finish, listed, longLine, members, TarUsage } from "./tar-members.ts";
import { excluded, exclusions, inclusions, matches } from "./tar-names.ts";
import { transformer } from "./tar-transform.ts";

/** Members are listed (mode `t`), compared (`d`) or taken out (`x`). */
export function* read(t: Tool, o: ParsedOptions, mode: string, verbose: number): Gen<number> {
  const { p } = t;
  const stripped = o.value("strip") ?? "0";
  if (!/^\d+$/.test(stripped)) throw new TarUsage(`${stripped}: Invalid number of elements`);
  const strip = Number(stripped);
  const list = yield* members(t, o);
  for (const dir of o.values("C")) changeDirectory(t, dir);
  const wanted = inclusions(o).map((pattern) => ({ pattern, hits: 0 }));
  const occurrence = o.has("occurrence") ? Number(o.value("occurrence") ?? 1) : undefined;
  const keep = backups(t, backupOptions(o));
  const without = exclusions(t, o, false);
  const transform = transformer(o);
  const later: { path: string; member: TarMember }[] = [];
  let leading = false;
  const top = o.has("top") ? (o.value("top") ?? stemOf(o.value("f") ?? "")) : undefined;
  for (const member of list) {
    yield* cpu(5);
    if (wanted.length > 0) {
      const of = wanted.find(({ pattern }) => matches(pattern, member.name));
      if (of === undefined) continue;
      of.hits++;
      if (occurrence !== undefined && of.hits !== occurrence) continue;
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
      t.out.add(`${blockNumber(o, member)}${verbose > 0 ? longLine(t.p, shown, o) : listed(shown.name, o)}\n`);
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
      const line = verbose > 1 ? longLine(t.p, member, o) : listed(o.has("show-names") ? path : member.name, o);
      const text = `${blockNumber(o, member)}${line}\n`;
      if (o.has("O")) yield* sys.printError(p, text);
      else t.out.add(text);
    }
    if (o.has("O")) {
      yield* t.out.bytes(member.bytes);
      continue;
    }
    if (o.has("to-command")) {
      if (member.kind === "file") yield* handOver(t, o, path, member);
      continue;
    }
    try {
      const old = member.kind === "dir" ? undefined : sys.find(p, path, false);
      if (old !== undefined && o.has("newer-kept") && !older(t, old, member)) {
        yield* t.error(`Current ‘${path}’ is newer or same age`, 0);
        continue;
      }
      if (old !== undefined && keep !== undefined) {
        const moved = keep(path);
        if (verbose > 0) t.out.add(`Renaming ‘${path}’ to ‘${moved}’\n`);
      }
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
  if (o.has("R") && mode === "t" && list.length > 0) {
    const last = list.at(-1)!;
    t.out.add(`block ${last.block! + blocksOf(last)}: ** Block of NULs **\n`);
  }
  for (const { pattern, hits } of wanted) {
    const name = pattern.text;
    if (hits > 0) continue;
    if (/[*?[]/.test(name) && !o.has("wildcards") && t.status === 0) {
      yield* t.error("Pattern matching characters used in file names", 0);
      yield* t.error("Use --wildcards to enable pattern matching, or --no-wildcards to suppress this warning", 0);
    }
    yield* t.error(`${name}: Not found in archive`, 2);
  }
  return yield* finish(t);
}

/** `block N: ` with -R. */
function blockNumber(o: ParsedOptions, member: TarMember): string {
  return o.has("R") ? `block ${member.block}: ` : "";
}

/** --backup and --suffix under the keys that `backups` knows them by: -b and -S mean something else to tar. */
function backupOptions(o: ParsedOptions): ParsedOptions {
  const list = o.list.flatMap(({ key, value }) =>
    key === "backup" ? [{ key, value }] : key === "suffix" ? [{ key: "S", value }] : [],
  );
  return new ParsedOptions(list, []);
}

function older(t: Tool, node: Inode, member: TarMember): boolean {
  return Math.floor((t.p.machine.kernel.epochMs * 1000 + node.mtime) / 1e6) < member.mtime;
}

/** --to-command: a file goes to the standard input of a command, which is told of it by its environment. */
function* handOver(t: Tool, o: ParsedOptions, path: string, member: TarMember): Gen<void> {
  const { p } = t;
  yield* t.out.flush();
  const env = new Map([
    ...p.env,
    ["TAR_VERSION", "1.35"],
    ["TAR_ARCHIVE", o.value("f") ?? "-"],
    ["TAR_VOLUME", "1"],
    ["TAR_BLOCKING_FACTOR", String(blocking(o))],
    ["TAR_FORMAT", "gnu"],
    ["TAR_FILETYPE", "f"],
    ["TAR_MODE", `0${(member.mode & 0o7777).toString(8)}`],
    ["TAR_FILENAME", path],
    ["TAR_REALNAME", path],
    ["TAR_UNAME", member.user],
    ["TAR_GNAME", member.group],
    ["TAR_MTIME", String(member.mtime)],
    ["TAR_SIZE", String(member.bytes.length)],
    ["TAR_UID", String(member.uid)],
    ["TAR_GID", String(member.gid)],
  ] as const);
  const [read, write] = sys.pipe();
  const fds = new Map([[0, read], ...[1, 2].flatMap((fd) => (p.fds.has(fd) ? [[fd, p.fds.get(fd)!] as const] : []))]);
  const child = yield* sys.spawn(p, "/bin/sh", { argv: ["sh", "-c", o.value("to-command")!], env, fds });
  const fd = p.freeFd(3);
  p.setFd(fd, write);
  try {
    yield* sys.write(p, fd, member.bytes);
  } catch (error) {
    if (!isErrno(error)) throw error;
  }
  sys.close(p, fd);
  const status = exitCode((yield* sys.waitFor(p, child))!.status);
  if (status !== 0) yield* t.error(`${child.pid}: Child returned status ${status}`, 2);
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
