import { isErrno } from "../../machine/errno.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { busyboxSize } from "../../tools/busybox-sizes.ts";
import { type FileSystem, fileSystemOf, fileSystems } from "../../tools/system/file-systems.ts";
import { tool } from "../../tools/tool.ts";

/** df of BusyBox (coreutils/df.c): every mount that has blocks, whether or not it was listed already. */
export const df = tool(
  {
    name: "df",
    usage: "[-PkmhTai] [-B SIZE] [-t TYPE] [FILESYSTEM]...",
    about: "Print filesystem usage statistics",
    short: "PkmhTaiB:t:",
    long: "human-readable=h",
  },
  function* (t, o) {
    const all = fileSystems(t.p);
    const unit = o.has("h") ? undefined : o.has("m") ? 1024 : 1;
    const inodes = o.has("i");
    const amount = (n: number) => {
      if (unit === undefined) return busyboxSize(inodes ? n : n * 1024);
      return String(inodes ? n : Math.floor(n / unit + 0.5));
    };
    const posix = o.has("P");
    const type = o.has("T") ? "Type       " : "";
    const size = inodes ? "   Inodes" : o.has("h") ? "     Size" : o.has("m") ? "1M-blocks" : "1K-blocks";
    const head = posix && size === "1K-blocks" ? "1024-blocks" : size;
    t.out.add(
      `Filesystem           ${type}${head.padEnd(15)}Used Available ${posix ? "Capacity" : "Use%"} Mounted on\n`,
    );
    const add = (rows: readonly FileSystem[], empty: boolean) => {
      for (const row of rows) {
        if (row.size === 0 && !empty) continue;
        if (o.has("t") && row.type !== o.value("t")) continue;
        const [whole, used, left] = inodes
          ? [row.inodes, row.inodesUsed, row.inodes - row.inodesUsed]
          : [row.size, row.used, row.available];
        const share = used + left === 0 ? 0 : Math.floor((used * 100 + Math.floor((used + left) / 2)) / (used + left));
        const name = row.source.length > 20 && !posix ? `${row.source}\n${" ".repeat(20)}` : row.source.padEnd(20);
        const kind = o.has("T") ? ` ${row.type.padEnd(10)}` : "";
        const cells = [whole, used, left].map((n) => amount(n).padStart(9)).join(" ");
        t.out.add(`${name}${kind} ${cells} ${String(share).padStart(3)}% ${row.target}\n`);
      }
    };
    for (const path of o.operands.length > 0 ? o.operands : [undefined]) {
      const rows = path === undefined ? all : mountPoint(t.p, all, path);
      if (rows.length > 0) add(rows, path !== undefined || o.has("a"));
      else {
        yield* t.out.flush();
        yield* t.error(`${path}: can't find mount point`);
      }
    }
    return t.status;
  },
);

/** The mount of that name, or the first of the file system that a file lies on (libbb find_mount_point). */
function mountPoint(p: Process, all: readonly FileSystem[], path: string): FileSystem[] {
  let on: FileSystem;
  try {
    sys.stat(p, path);
    on = fileSystemOf(all, sys.lookup(p, path).path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    return all.filter(({ source }) => source === path).slice(0, 1);
  }
  return all
    .filter(({ target, source, device }) => [target, source].includes(path) || device === on.device)
    .slice(0, 1);
}
