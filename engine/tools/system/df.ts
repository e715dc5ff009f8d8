import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import type { ParsedOptions } from "../options.ts";
import { type BlockSize, blockName, blockSizeOf, blocksOfBytes, inBlocks } from "../text/block-size.ts";
import { Fatal, quote, type Tool, tool, UsageError } from "../tool.ts";
import { type FileSystem, fileSystemOf, fileSystems } from "./file-systems.ts";

const SHOWN = new Set(["tmpfs", "devtmpfs", "overlay", "ext4"]);

/** Fields by their names of --output: least width, and whether the column stands at the left. */
const FIELDS: Readonly<Record<string, readonly [number, boolean]>> = {
  source: [14, true],
  fstype: [4, true],
  itotal: [5, false],
  iused: [5, false],
  iavail: [5, false],
  ipcent: [4, false],
  size: [5, false],
  used: [5, false],
  avail: [5, false],
  pcent: [4, false],
  file: [0, true],
  target: [0, true],
};

type Row = FileSystem & { file: string };

/** df(1): the root disk and what is mounted over it, in blocks or in inodes. */
export const df = tool(
  {
    name: "df",
    usage: "[OPTION]... [FILE]...",
    about: "Show information about the file system on which each FILE resides,\nor all file systems by default.",
    short: "aB:hHiklmPTt:vx:",
    long: "all=a human-readable=h si=si inodes=i local=l portability=P print-type=T type:=t exclude-type:=x total block-size:=bs output::=output sync no-sync",
    rewrite: (args) => args.map((arg) => (/^-[a-zA-Z]*H[a-zA-Z]*$/.test(arg) ? arg.replace("H", "h") : arg)),
  },
  function* (t, o) {
    const { p } = t;
    const fields = fieldsOf(o);
    const si = p.argv.slice(1).some((arg) => /^-[a-zA-Z]*H[a-zA-Z]*$/.test(arg)) || o.last("h", "si")?.key === "si";
    let unit = blockSizeOf(p, o, { key: o.has("B") ? "B" : "bs", variables: ["DF_BLOCK_SIZE"], usual: 1024 });
    if (si && unit.scales !== undefined) unit = { ...unit, scales: "si" };
    const types = (key: string) => o.values(key);
    for (const type of types("t"))
      if (types("x").includes(type)) yield* t.error(`file system type ${quote(type)} both selected and excluded`);
    if (t.status !== 0) return 1;
    let rows = yield* chosen(t, o);
    if (rows === undefined) return t.status;
    if (o.has("t")) rows = rows.filter(({ type }) => types("t").includes(type));
    if (o.has("x")) rows = rows.filter(({ type }) => !types("x").includes(type));
    if (rows.length === 0) throw new Fatal("no file systems processed");
    if (o.has("total")) rows = [...rows, totalOf(rows, fields.includes("source"))];
    printTable(t, rows, fields, unit, { posix: o.has("P"), listed: o.has("output") });
    return t.status;
  },
);

/** The columns that were asked for. Throws `UsageError`. */
function fieldsOf(o: ParsedOptions): string[] {
  if (!o.has("output")) {
    const sizes = o.has("i") ? ["itotal", "iused", "iavail", "ipcent"] : ["size", "used", "avail", "pcent"];
    return ["source", ...(o.has("T") ? ["fstype"] : []), ...sizes, "target"];
  }
  for (const other of ["i", "P", "T"])
    if (o.has(other)) throw new UsageError(`options -${other} and --output are mutually exclusive`);
  const fields: string[] = [];
  for (const value of o.list.filter(({ key }) => key === "output").map((option) => option.value))
    for (const name of value === undefined ? Object.keys(FIELDS) : value.split(",")) {
      if (!(name in FIELDS)) throw new UsageError(`option --output: field ${quote(name)} unknown`);
      if (fields.includes(name)) throw new UsageError(`option --output: field ${quote(name)} used more than once`);
      fields.push(name);
    }
  return fields;
}

/**
 * Each file system once, at the place where it was mounted first: bind mounts show it again. A place nearer to the root
 * is better, unless less of the file system is seen there (df.c, filter_mount_list).
 */
function once(all: readonly FileSystem[]): FileSystem[] {
  const kept = new Map<string, FileSystem>();
  for (const one of all) {
    if (!SHOWN.has(one.type)) continue;
    const before = kept.get(one.device);
    const nearer = before !== undefined && before.target.length > one.target.length;
    if (before === undefined || (nearer && before.subtree.length >= one.subtree.length)) kept.set(one.device, one);
  }
  return [...kept.values()];
}

/** The file systems of the operands, or all. */
function* chosen(t: Tool, o: ParsedOptions) {
  const everything = fileSystems(t.p);
  const usual = once(everything);
  if (o.operands.length === 0) return (o.has("a") ? everything : usual).map((one): Row => ({ ...one, file: "-" }));
  const rows: Row[] = [];
  for (const path of o.operands) {
    try {
      sys.stat(t.p, path);
      rows.push({ ...fileSystemOf(everything, sys.lookup(t.p, path).path), file: path });
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* t.error(`${path}: ${error.message}`);
    }
  }
  return rows.length === 0 ? undefined : rows;
}

function totalOf(rows: readonly Row[], named: boolean): Row {
  const sum = (pick: (row: Row) => number) => rows.reduce((whole, row) => whole + pick(row), 0);
  return {
    source: "total",
    type: "-",
    target: named ? "-" : "total",
    file: "-",
    size: sum((row) => row.size),
    used: sum((row) => row.used),
    available: sum((row) => row.available),
    inodes: sum((row) => row.inodes),
    inodesUsed: sum((row) => row.inodesUsed),
    device: "",
    subtree: "",
  };
}

function printTable(
  t: Tool,
  rows: readonly Row[],
  fields: readonly string[],
  unit: BlockSize,
  { posix, listed }: { posix: boolean; listed: boolean },
): void {
  const scaled = unit.scales !== undefined;
  const heads: Readonly<Record<string, string>> = {
    source: "Filesystem",
    fstype: "Type",
    itotal: "Inodes",
    iused: "IUsed",
    iavail: "IFree",
    ipcent: "IUse%",
    size: scaled ? "Size" : `${posix ? unit.bytes : blockName(unit)}-blocks`,
    used: "Used",
    avail: scaled || listed ? "Avail" : "Available",
    pcent: posix && !scaled ? "Capacity" : "Use%",
    file: "File",
    target: "Mounted on",
  };
  const kib = (n: number) => inBlocks(n * 1024, unit);
  const count = (n: number) => (scaled ? inBlocks(n, unit) : inBlocks(n, blocksOfBytes(1)));
  const share = (used: number, left: number, whole: number) =>
    whole === 0 ? "-" : used + left === 0 ? "0%" : `${Math.ceil((used * 100) / (used + left))}%`;
  const cell: Readonly<Record<string, (row: Row) => string>> = {
    source: (row) => row.source,
    fstype: (row) => row.type,
    itotal: (row) => count(row.inodes),
    iused: (row) => count(row.inodesUsed),
    iavail: (row) => count(row.inodes - row.inodesUsed),
    ipcent: (row) => share(row.inodesUsed, row.inodes - row.inodesUsed, row.inodes),
    size: (row) => kib(row.size),
    used: (row) => kib(row.used),
    avail: (row) => kib(row.available),
    pcent: (row) => share(row.used, row.available, row.size),
    file: (row) => row.file,
    target: (row) => row.target,
  };
  const table = [fields.map((name) => heads[name]!), ...rows.map((row) => fields.map((name) => cell[name]!(row)))];
  const widths = fields.map((name, i) => Math.max(FIELDS[name]![0], ...table.map((line) => line[i]!.length)));
  for (const line of table) {
    const placed = line.map((text, i) => {
      if (!FIELDS[fields[i]!]![1]) return text.padStart(widths[i]!);
      return i === line.length - 1 ? text : text.padEnd(widths[i]!);
    });
    t.out.add(`${placed.join(" ")}\n`);
  }
}
