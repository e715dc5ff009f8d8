import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { Fatal, tool } from "../tool.ts";
import { fileSystemOf, fileSystems } from "./file-systems.ts";

const SHOWN = new Set(["tmpfs", "devtmpfs", "overlay", "ext4"]);

/** df(1): the root disk and what is mounted over it, in blocks or in inodes. */
export const df = tool(
  {
    name: "df",
    usage: "[OPTION]... [FILE]...",
    about: "Show information about the file system on which each FILE resides,\nor all file systems by default.",
    short: "aBhHiklmPTt:x:",
    long: "all=a human-readable=h si=H inodes=i portability=P print-type=T type:=t exclude-type:=x total block-size:=B",
  },
  function* (t, o) {
    const { p } = t;
    const everything = fileSystems(p);
    // One line a device, as df does: bind mounts of the disk show where the first of them lies.
    const seenDisk = new Set<string>();
    let all = everything.filter(
      ({ source, type }) =>
        SHOWN.has(type) && (type !== "ext4" || (!seenDisk.has(source) && seenDisk.add(source) !== undefined)),
    );
    if (o.operands.length > 0) {
      const chosen = [];
      for (const path of o.operands) {
        try {
          const found = sys.lookup(p, path);
          if (found.node === undefined) throw new Fatal("missing");
          const at = fileSystemOf(everything, found.path);
          chosen.push(at.type === "ext4" ? all.find(({ source }) => source === at.source)! : at);
        } catch (error) {
          if (!isErrno(error) && !(error instanceof Fatal)) throw error;
          yield* t.error(`${path}: ${isErrno(error) ? error.message : "No such file or directory"}`);
        }
      }
      if (chosen.length === 0) return 1;
      all = chosen;
    }
    if (o.has("t")) all = all.filter(({ type }) => o.values("t").includes(type));
    if (o.has("x")) all = all.filter(({ type }) => !o.values("x").includes(type));
    const inodes = o.has("i");
    const shape = o.has("h")
      ? (n: number) => shortSize(inodes ? n : n * 1024)
      : (n: number) => String(o.has("m") && !inodes ? Math.ceil(n / 1024) : n);
    const heads = [
      "Filesystem",
      ...(o.has("T") ? ["Type"] : []),
      ...(inodes
        ? ["Inodes", "IUsed", "IFree", "IUse%"]
        : [
            o.has("h") ? "Size" : o.has("m") ? "1M-blocks" : "1K-blocks",
            "Used",
            o.has("h") ? "Avail" : "Available",
            "Use%",
          ]),
      "Mounted on",
    ];
    const rows = all.map((one) => {
      const [whole, taken, left] = inodes
        ? [one.inodes, one.inodesUsed, one.inodes - one.inodesUsed]
        : [one.size, one.used, one.available];
      const share =
        taken + left === 0 ? (one.size === 0 ? "-" : "0%") : `${Math.ceil((taken * 100) / (taken + left))}%`;
      return [one.source, ...(o.has("T") ? [one.type] : []), ...[whole, taken, left].map(shape), share, one.target];
    });
    const table = [heads, ...rows];
    const left = o.has("T") ? 2 : 1;
    const widths = heads.map((_, i) =>
      Math.max(i === 0 ? 14 : i < left ? 4 : i === heads.length - 2 ? 4 : 5, ...table.map((cells) => cells[i]!.length)),
    );
    const place = (cell: string, i: number) =>
      i < left ? cell.padEnd(widths[i]!) : i === heads.length - 1 ? cell : cell.padStart(widths[i]!);
    for (const cells of table) t.out.add(`${cells.map(place).join(" ")}\n`);
    return undefined;
  },
);

/** `40G`, `3.1G`, `612K`: bytes or inodes, rounded up, as `df -h` does. */
function shortSize(n: number): string {
  const units = ["", "K", "M", "G", "T"];
  let value = n;
  let k = 0;
  while (value >= 1024 && k < units.length - 1) {
    value /= 1024;
    k++;
  }
  if (k === 0) return String(value);
  return value < 10 ? `${(Math.ceil(value * 10) / 10).toFixed(1)}${units[k]}` : `${Math.ceil(value)}${units[k]}`;
}
