/** mountpoint(1) and namei(1): what a path leads through. */
import { isErrno } from "../../machine/errno.ts";
import type { Inode } from "../../machine/inode.ts";
import * as sys from "../../machine/sys.ts";
import { modeString } from "../../text/mode.ts";
import { Names } from "../text/ls-view.ts";
import { Fatal, type Tool, tool, UsageError } from "../tool.ts";

/** mountpoint(1). */
export const mountpoint = tool(
  {
    name: "mountpoint",
    usage: "[-qd] </path/to/directory>\n mountpoint -x </dev/device>",
    about: "Check whether a directory or file is a mountpoint.",
    version: "mountpoint from util-linux 2.38.1",
    short: "qdx",
    long: "quiet=q fs-devno=d devno=x nofollow=nofollow",
  },
  function* (t, o) {
    const [path, extra] = o.operands;
    if (path === undefined || extra !== undefined) throw new UsageError("bad usage");
    const { p } = t;
    let node: Inode;
    try {
      node = sys.stat(p, path, !o.has("nofollow"));
    } catch (error) {
      if (!isErrno(error)) throw error;
      if (o.has("q")) return 1;
      throw new Fatal(`${path}: ${error.message}`);
    }
    if (o.has("x")) {
      if (!o.has("q")) yield* t.error(`${path}: not a block device`);
      return 32;
    }
    const resolved = sys.lookup(p, path).path;
    const at = resolved === "/" || p.ns.mnt.list().some(({ target }) => target === resolved);
    if (o.has("d") && at) t.out.add(`${resolved === "/" ? "254:1" : `0:${deviceOf(t, resolved)}`}\n`);
    else if (!o.has("q") && !(o.has("d") && !at))
      t.out.add(`${path} is ${at && node.kind !== "symlink" ? "" : "not "}a mountpoint\n`);
    return at ? 0 : 32;
  },
);

/** A minor number for what is no disk: the place of the mount in the list. */
function deviceOf(t: Tool, path: string): number {
  return 20 + t.p.ns.mnt.list().findIndex(({ target }) => target === path);
}

const KINDS: Readonly<Record<string, string>> = {
  dir: "d",
  symlink: "l",
  file: "-",
  char: "c",
  fifo: "p",
  socket: "s",
};

interface Shape {
  modes: boolean;
  owners: boolean;
  mountpoints: boolean;
  vertical: boolean;
  follow: boolean;
}

class Walk {
  private readonly t: Tool;
  private readonly shape: Shape;
  private readonly names: Names;
  private readonly rows: { cells: string[]; depth: number; text: string }[] = [];

  constructor(t: Tool, shape: Shape) {
    this.t = t;
    this.shape = shape;
    this.names = new Names(t.p);
  }

  /** False where the path ends before its last part. */
  path(path: string, base: string, depth: number): boolean {
    const parts = path.split("/").filter(Boolean);
    let at = path.startsWith("/") ? "/" : base;
    if (path.startsWith("/")) this.row("/", "/", depth);
    for (const part of parts) {
      const full = at === "/" ? `/${part}` : `${at}/${part}`;
      const node = sys.find(this.t.p, full, false);
      if (node === undefined) {
        this.rows.push({ cells: [], depth, text: `${part} - No such file or directory` });
        return false;
      }
      this.row(full, part, depth, node);
      if (node.kind === "symlink" && this.shape.follow && depth < 40) {
        if (!this.path(node.target, at, depth + 1)) return false;
        const target = node.target.startsWith("/") ? node.target : `${at === "/" ? "" : at}/${node.target}`;
        at = sys.lookup(this.t.p, target).path;
      } else at = full;
    }
    return true;
  }

  private row(
    full: string,
    name: string,
    depth: number,
    node: Inode | undefined = sys.find(this.t.p, full, false),
  ): void {
    if (node === undefined) return;
    const mounted =
      this.shape.mountpoints && (full === "/" || this.t.p.ns.mnt.list().some(({ target }) => target === full));
    const kind = KINDS[node.kind] ?? "?";
    const cells = [
      this.shape.modes ? modeString(node) : mounted ? kind.toUpperCase() : kind,
      ...(this.shape.owners ? [this.names.user(node.uid), this.names.group(node.gid)] : []),
    ];
    this.rows.push({ cells, depth, text: node.kind === "symlink" ? `${name} -> ${node.target}` : name });
  }

  print(path: string): void {
    const columns = this.shape.owners ? [0, 1, 2] : [0];
    const least = [this.shape.modes ? 10 : 1, 0, 0];
    const widths = columns.map((i) => Math.max(least[i]!, ...this.rows.map(({ cells }) => cells[i]?.length ?? 0)));
    this.t.out.add(`f: ${path}\n`);
    for (const { cells, depth, text } of this.rows) {
      const deep = "  ".repeat(depth);
      // What is not there has blanks in all columns, and one more.
      const own = columns.map((i) => (cells[i] ?? "").padEnd(widths[i]!)).join(" ") + (cells.length === 0 ? " " : "");
      this.t.out.add(this.shape.vertical ? `${own} ${deep}${text}\n` : ` ${deep}${own} ${text}\n`);
    }
  }
}

/** namei(1). */
export const namei = tool(
  {
    name: "namei",
    usage: "[options] <pathname>...",
    about: "Follow a pathname until a terminal point is found.",
    version: "namei from util-linux 2.38.1",
    short: "xmolnvZ",
    long: "mountpoints=x modes=m owners=o long=l nosymlinks=n vertical=v context=Z",
  },
  function* (t, o) {
    if (o.operands.length === 0) throw new UsageError("pathname argument is missing");
    const shape: Shape = {
      modes: o.has("m", "l"),
      owners: o.has("o", "l"),
      mountpoints: o.has("x"),
      vertical: o.has("v", "l"),
      follow: !o.has("n"),
    };
    for (const path of o.operands) {
      const walk = new Walk(t, shape);
      if (!walk.path(path, t.p.cwd, 0)) t.status = 1;
      walk.print(path);
    }
    yield* t.out.flush();
    return t.status;
  },
);
