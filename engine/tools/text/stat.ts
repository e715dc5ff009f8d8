import { sha256Hex } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Inode } from "../../machine/inode.ts";
import * as sys from "../../machine/sys.ts";
import { localZone } from "../../machine/zone.ts";
import { modeString } from "../../text/mode.ts";
import { echoEscapes } from "../../text/printf.ts";
import { strftime } from "../../text/time.ts";
import { type FileSystem, fileSystemOf, fileSystems, typeOf } from "../system/file-systems.ts";
import { argMatch, shellQuote, tool, UsageError } from "../tool.ts";
import { blocksOf, linksOf, Names } from "./ls-view.ts";

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
    long: "dereference=L file-system=f format:=c cached:=cached printf:=printf terse=t",
    usage: "[OPTION]... FILE...",
    about: "Display file or file system status.",
  },
  function* (t, o) {
    if (o.operands.length === 0) throw new UsageError("missing operand");
    if (o.value("cached") !== undefined) argMatch(o.value("cached")!, "--cached", ["default", "never", "always"]);
    const names = new Names(t.p);
    const epoch = t.p.machine.kernel.epochMs * 1000;
    const zone = localZone(t.p);
    for (const path of o.operands) {
      try {
        if (o.has("f")) {
          const on = fileSystemOf(fileSystems(t.p), sys.lookup(t.p, path).path);
          sys.stat(t.p, path);
          t.out.add(ofFileSystem(path, on, o.value("printf"), o.value("c")));
          continue;
        }
        const given = path === "-" ? t.p.fds.get(0)?.node : undefined;
        const node = given ?? sys.stat(t.p, path, o.has("L"));
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
          G: () => named(names.group(node.gid)),
          h: () => String(linksOf(node)),
          i: () => String(node.ino),
          n: () => path,
          N: () => (node.kind === "symlink" ? `${shellQuote(path)} -> ${shellQuote(node.target)}` : shellQuote(path)),
          o: () => "4096",
          s: () => String(size),
          u: () => String(node.uid),
          U: () => named(names.user(node.uid)),
          m: () => "/",
          t: () => (node.kind === "char" ? "1" : "0"),
          T: () => (node.kind === "char" ? "3" : "0"),
          w: () => "-",
          W: () => "0",
          x: () => time(node.atime),
          X: () => seconds(node.atime),
          y: () => time(node.mtime),
          Y: () => seconds(node.mtime),
          z: () => time(node.ctime),
          Z: () => seconds(node.ctime),
          "%": () => "%",
        };
        const terse = o.has("t") ? "%n %s %b %f %u %g 801 %i %h %t %T %X %Y %Z %W %o" : undefined;
        const formatted = shown(field, o.value("printf"), o.value("c") ?? terse);
        if (formatted !== undefined) t.out.add(formatted);
        else {
          const id = (value: number, name: string) => `(${String(value).padStart(5)}/${name.padStart(8)})`;
          t.out.add(
            `  File: ${node.kind === "symlink" ? `${path} -> ${node.target}` : path}\n  Size: ${String(size).padEnd(10)}\tBlocks: ${String(blocksOf(node) * 2).padEnd(10)} IO Block: 4096   ${kindOf}\nDevice: 8,1\tInode: ${String(node.ino).padEnd(11)} Links: ${linksOf(node)}\nAccess: (${(node.mode & 0o7777).toString(8).padStart(4, "0")}/${modeString(node)})  Uid: ${id(node.uid, named(names.user(node.uid)))}   Gid: ${id(node.gid, named(names.group(node.gid)))}\nAccess: ${time(node.atime)}\nModify: ${time(node.mtime)}\nChange: ${time(node.ctime)}\n Birth: -\n`,
          );
        }
      } catch (error) {
        if (!isErrno(error)) throw error;
        const what = o.has("f") ? "read file system information for" : "statx";
        yield* t.error(`cannot ${what} ${shellQuote(path)}: ${error.message}`);
      }
    }
    return t.status;
  },
);

/** The name of an owner; one that has none is told as a number elsewhere. */
function named(name: string): string {
  return /^\d+$/.test(name) ? "UNKNOWN" : name;
}

/** What --printf or -c makes of the fields; undefined where neither is asked for. */
function shown(
  field: Readonly<Record<string, () => string>>,
  printf: string | undefined,
  format: string | undefined,
): string | undefined {
  const show = (text: string) =>
    text.replace(
      /%([-+ #0']*)(\d*)(?:\.(\d*))?([A-Za-z%])/g,
      (_whole, flags: string, width: string, precision: string | undefined, letter: string) => {
        let value = field[letter]?.() ?? "?";
        if (letter === "%") return value;
        // The seconds of times take decimals.
        if (precision !== undefined && "WXYZ".includes(letter))
          value += `.${"0".repeat(precision === "" ? 9 : Number(precision))}`;
        else if (precision !== undefined && precision !== "" && !/^\d+$/.test(value))
          value = value.slice(0, Number(precision));
        if (flags.includes("#") && letter === "a") value = `0${value}`;
        if (flags.includes("-")) return value.padEnd(Number(width));
        return value.padStart(Number(width), flags.includes("0") && /^\d+$/.test(value) ? "0" : " ");
      },
    );
  if (printf !== undefined) return echoEscapes(show(printf), true).text;
  return format === undefined ? undefined : `${show(format)}\n`;
}

const BLOCK_KIB = 4;

/** stat -f: the file system that a file lies on. */
function ofFileSystem(path: string, on: FileSystem, printf: string | undefined, format: string | undefined): string {
  const { magic, name } = typeOf(on);
  const blocks = (kib: number) => String(Math.floor(kib / BLOCK_KIB));
  const id = sha256Hex(`${on.source} ${on.target}`).slice(0, 16).replace(/^0+/, "");
  const field: Record<string, () => string> = {
    a: () => blocks(on.available),
    b: () => blocks(on.size),
    c: () => String(on.inodes),
    d: () => String(on.inodes - on.inodesUsed),
    f: () => blocks(on.size - on.used),
    i: () => id,
    l: () => "255",
    n: () => path,
    s: () => "4096",
    S: () => "4096",
    t: () => magic,
    T: () => name,
    "%": () => "%",
  };
  const formatted = shown(field, printf, format);
  if (formatted !== undefined) return formatted;
  const [total, free, available] = [on.size, on.size - on.used, on.available].map(blocks) as [string, string, string];
  return (
    `  File: "${path}"\n    ID: ${id.padEnd(8)} Namelen: 255     Type: ${name}\n` +
    "Block size: 4096       Fundamental block size: 4096\n" +
    `Blocks: Total: ${total.padEnd(10)} Free: ${free.padEnd(10)} Available: ${available}\n` +
    `Inodes: Total: ${String(on.inodes).padEnd(10)} Free: ${on.inodes - on.inodesUsed}\n`
  );
}
