/** sftp's `ls` (sftp.c do_ls_dir, do_globbed_ls). */
import type { Gen } from "../../../kernel/index.ts";
import type { Inode } from "../../../machine/inode.ts";
import * as sys from "../../../machine/sys.ts";
import { groupByGid, userByUid } from "../../../machine/users.ts";
import { localZone } from "../../../machine/zone.ts";
import { modeString } from "../../../text/mode.ts";
import { strftime } from "../../../text/time.ts";
import { human, sizeOf } from "../../text/ls-view.ts";
import { absolute, isDirectory, matching, reason, type Sftp, SftpError, seconds, shortened } from "./session.ts";

const HALF_YEAR = (365 * 86_400) / 2;

interface Item {
  name: string;
  node: Inode;
}

/** Lists paths of the server; `flags`: letters of `-1afhlnrSt`. */
export function* listFiles(s: Sftp, flags: string, path: string | undefined): Gen<void> {
  const { p, far } = s;
  const target = path === undefined ? s.cwd : absolute(s.cwd, path);
  const found = path === undefined ? [s.cwd] : matching(far, target);
  if (found.length === 0) throw new SftpError(`Can't ls: "${target}" not found`);
  const [only] = found;
  const isDir = found.length === 1 && isDirectory(far, only!);
  const before = isDir && only !== s.cwd ? `${shortened(s, only!).replace(/\/$/, "")}/` : "";
  const items: Item[] = [];
  if (isDir) {
    const self = sys.stat(far, only!);
    for (const name of [".", ".."]) items.push({ name, node: self });
    try {
      for (const [name, node] of sys.readDir(far, only!)) items.push({ name, node });
    } catch (error) {
      throw new SftpError(`remote readdir("${only}"): ${reason(error)}`);
    }
  } else
    for (const one of found)
      items.push({ name: shortened(s, one), node: sys.find(far, one) ?? sys.stat(far, one, false) });
  const shown = isDir && !flags.includes("a") ? items.filter(({ name }) => !name.startsWith(".")) : items;
  if (!flags.includes("f")) shown.sort(order(flags));
  const names = shown.map(({ name }) => before + name);
  if (flags.includes("l") || flags.includes("n")) {
    yield* sys.print(p, shown.map(({ node }, i) => `${longLine(s, node, names[i]!, flags)}\n`).join(""));
    return;
  }
  if (flags.includes("1")) {
    yield* sys.print(p, names.map((name) => `${name}\n`).join(""));
    return;
  }
  const width = p.fds.get(1)?.tty?.columns ?? 80;
  const longest = isDir
    ? Math.max(0, ...shown.map(({ name }) => name.length)) + before.length
    : Math.max(0, ...found.map((one) => one.length));
  const columns = Math.max(1, Math.floor(width / (longest + 2)));
  const space = isDir ? Math.min(Math.floor(width / columns), longest + 2) : Math.floor(width / columns);
  let out = "";
  names.forEach((name, i) => {
    out += name.padEnd(space);
    if ((i + 1) % columns === 0 || i === names.length - 1) out += "\n";
  });
  yield* sys.print(p, out);
}

function order(flags: string): (a: Item, b: Item) => number {
  const sign = flags.includes("r") ? -1 : 1;
  const byName = (a: Item, b: Item) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  if (flags.includes("t")) return (a, b) => sign * (b.node.mtime - a.node.mtime || byName(a, b));
  if (flags.includes("S")) return (a, b) => sign * (sizeOf(b.node) - sizeOf(a.node) || byName(a, b));
  return (a, b) => sign * byName(a, b);
}

function longLine({ p, far }: Sftp, node: Inode, name: string, flags: string): string {
  const { mnt } = far.ns;
  const numeric = flags.includes("n");
  const user = (numeric ? undefined : userByUid(mnt, node.uid)?.name) ?? String(node.uid);
  const group = (numeric ? undefined : groupByGid(mnt, node.gid)?.name) ?? String(node.gid);
  const at = seconds(far, node.mtime);
  const now = Math.floor(p.machine.kernel.wallMs / 1000);
  const recent = at > now - HALF_YEAR;
  const time = strftime(recent ? "%b %e %H:%M" : "%b %e  %Y", localZone(p).calendar(at));
  const size = flags.includes("h") ? human(sizeOf(node)) : String(sizeOf(node));
  return `${modeString(node)}    ? ${user.padEnd(8)} ${group.padEnd(8)} ${size.padStart(8)} ${time} ${name}`;
}
