import { isErrno } from "../../machine/errno.ts";
import type { Inode } from "../../machine/inode.ts";
import * as sys from "../../machine/sys.ts";
import { localZone } from "../../machine/zone.ts";
import { modeString } from "../../text/mode.ts";
import { strftime } from "../../text/time.ts";
import { shellQuote, tool, UsageError } from "../tool.ts";
import { blocksOf, Names } from "./ls-view.ts";

const KINDS: Record<Inode["kind"], string> = {
  file: "regular file",
  dir: "directory",
  symlink: "symbolic link",
  fifo: "fifo",
  char: "character special file",
  socket: "socket",
};
const TYPE_BITS: Record<Inode["kind"], number> = {
  file: 0o100000,
  dir: 0o040000,
  symlink: 0o120000,
  fifo: 0o010000,
  char: 0o020000,
  socket: 0o140000,
};

/** stat(1): its usual listing and -c. */
export const stat = tool(
  {
    name: "stat",
    short: "Lfc:t",
    long: "dereference=L file-system=f format:=c printf:=printf terse=t",
    usage: "[OPTION]... FILE...",
    about: "Display file or file system status.",
  },
  function* (t, o) {
    if (o.operands.length === 0) throw new UsageError("missing operand");
    const names = new Names(t.p);
    const epoch = t.p.machine.kernel.epochMs * 1000;
    const zone = localZone(t.p);
    for (const path of o.operands) {
      try {
        const node = sys.stat(t.p, path, o.has("L"));
        const size =
          node.kind === "file"
            ? node.content.size()
            : node.kind === "dir"
              ? 4096
              : node.kind === "symlink"
                ? node.target.length
                : 0;
        const time = (us: number) => {
          const seconds = Math.floor((epoch + us) / 1e6);
          return strftime(
            "%Y-%m-%d %H:%M:%S.%N %z",
            zone.calendar(seconds, Math.floor(epoch + us - seconds * 1e6) * 1000),
          );
        };
        const seconds = (us: number) => String(Math.floor((epoch + us) / 1e6));
        const kindOf = node.kind === "file" && size === 0 ? "regular empty file" : KINDS[node.kind];
        const field: Record<string, () => string> = {
          a: () => (node.mode & 0o7777).toString(8),
          A: () => modeString(node),
          b: () => String(blocksOf(node) * 2),
          B: () => "512",
          d: () => "2049",
          f: () => (TYPE_BITS[node.kind] | node.mode).toString(16),
          F: () => kindOf,
          g: () => String(node.gid),
          G: () => names.group(node.gid),
          h: () => String(node.nlink),
          i: () => String(node.ino),
          n: () => path,
          N: () => (node.kind === "symlink" ? `${shellQuote(path)} -> ${shellQuote(node.target)}` : shellQuote(path)),
          o: () => "4096",
          s: () => String(size),
          u: () => String(node.uid),
          U: () => names.user(node.uid),
          w: () => "-",
          x: () => time(node.atime),
          X: () => seconds(node.atime),
          y: () => time(node.mtime),
          Y: () => seconds(node.mtime),
          z: () => time(node.ctime),
          Z: () => seconds(node.ctime),
          "%": () => "%",
        };
        const show = (format: string) =>
          format.replace(/%[-0-9.]*([A-Za-z%])/g, (whole, letter: string) => field[letter]?.() ?? whole);
        const printf = o.value("printf");
        const format = o.value("c");
        if (printf !== undefined) t.out.add(show(printf).split("\\n").join("\n").split("\\t").join("\t"));
        else if (format !== undefined) t.out.add(`${show(format)}\n`);
        else {
          const id = (value: number, name: string) => `(${String(value).padStart(5)}/${name.padStart(8)})`;
          t.out.add(
            `  File: ${node.kind === "symlink" ? `${path} -> ${node.target}` : path}\n  Size: ${String(size).padEnd(10)}\tBlocks: ${String(blocksOf(node) * 2).padEnd(10)} IO Block: 4096   ${kindOf}\nDevice: 8,1\tInode: ${String(node.ino).padEnd(11)} Links: ${node.nlink}\nAccess: (${(node.mode & 0o7777).toString(8).padStart(4, "0")}/${modeString(node)})  Uid: ${id(node.uid, names.user(node.uid))}   Gid: ${id(node.gid, names.group(node.gid))}\nAccess: ${time(node.atime)}\nModify: ${time(node.mtime)}\nChange: ${time(node.ctime)}\n Birth: -\n`,
          );
        }
      } catch (error) {
        if (!isErrno(error)) throw error;
        yield* t.error(`cannot statx ${shellQuote(path)}: ${error.message}`);
      }
    }
    return t.status;
  },
);
