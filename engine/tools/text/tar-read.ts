/** tar -t, -x and -d. */
import { cpu, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { namedPipe } from "../../machine/fifo.ts";
import { fifoNode } from "../../machine/inode.ts";
import * as sys from "../../machine/sys.ts";
import { groupByName, userByName } from "../../machine/users.ts";
import type { TarMember } from "../../text/tar-format.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal, type Tool } from "../tool.ts";
import { makeParents } from "./mkdir.ts";
import { compare, stemOf } from "./tar-compare.ts";
import { changeDirectory, finish, longLine, members } from "./tar-members.ts";
import { excluded, exclusions, glob, transformer } from "./tar-names.ts";

/** Members are listed (mode `t`), compared (`d`) or taken out (`x`). */
export function* read(t: Tool, o: ParsedOptions, mode: string, verbose: number): Gen<number> {
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
