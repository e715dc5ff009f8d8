/** What a machine is made of, as util-linux tells it: lsblk, blkid, findmnt, lscpu. */
import { mountLines } from "../../machine/base/proc.ts";
import type { Machine } from "../../machine/machine.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { Fatal, tool, UsageError } from "../tool.ts";

const VERSION = "util-linux 2.38.1";

interface BlockDevice {
  name: string;
  number: string;
  bytes: number;
  type: "disk" | "part";
  mountpoint: string;
  parent: string;
}

/** The one disk, whose only partition is the root file system. */
function blockDevices(machine: Machine): BlockDevice[] {
  const GIB = 1024 ** 3;
  const disk = Math.ceil((machine.hardware.diskKib * 1024) / GIB) * GIB;
  return [
    { name: "vda", number: "254:0", bytes: disk, type: "disk", mountpoint: "", parent: "" },
    { name: "vda1", number: "254:1", bytes: disk - 1024 ** 2, type: "part", mountpoint: "/", parent: "vda" },
  ];
}

/** A file system's UUID: made of the machine's id, so that it stays the same. */
export function rootUuid(p: Process): string {
  const id = sys.find(p, "/etc/machine-id") === undefined ? "0".repeat(32) : sys.readText(p, "/etc/machine-id").trim();
  return `${id.slice(0, 8)}-${id.slice(8, 12)}-4${id.slice(13, 16)}-a${id.slice(17, 20)}-${id.slice(20, 32)}`;
}

/** 40G, 39.9G: as size_to_human_string() of util-linux has it. */
function size(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < 5) {
    value /= 1024;
    unit++;
  }
  const tenths = Math.round(value * 10) / 10;
  return `${Number.isInteger(tenths) ? tenths : tenths.toFixed(1)}${"BKMGTP"[unit]}`;
}

const COLUMNS: Record<string, { right?: boolean; of: (p: Process, one: BlockDevice) => string }> = {
  NAME: { of: (_p, one) => one.name },
  KNAME: { of: (_p, one) => one.name },
  PATH: { of: (_p, one) => `/dev/${one.name}` },
  "MAJ:MIN": { right: true, of: (_p, one) => one.number },
  RM: { right: true, of: () => "0" },
  SIZE: { right: true, of: (_p, one) => size(one.bytes) },
  RO: { right: true, of: () => "0" },
  TYPE: { of: (_p, one) => one.type },
  MOUNTPOINT: { of: (_p, one) => one.mountpoint },
  MOUNTPOINTS: { of: (_p, one) => one.mountpoint },
  FSTYPE: { of: (_p, one) => (one.type === "part" ? "ext4" : "") },
  FSVER: { of: (_p, one) => (one.type === "part" ? "1.0" : "") },
  LABEL: { of: () => "" },
  UUID: { of: (p, one) => (one.type === "part" ? rootUuid(p) : "") },
  FSAVAIL: { right: true, of: (p, one) => (one.type === "part" ? size(free(p)) : "") },
  "FSUSE%": { right: true, of: (p, one) => (one.type === "part" ? `${usePercent(p)}%` : "") },
  ROTA: { right: true, of: () => "1" },
  MODEL: { of: () => "" },
  SERIAL: { of: () => "" },
  PKNAME: { of: (_p, one) => one.parent },
  OWNER: { of: () => "root" },
  GROUP: { of: () => "disk" },
  MODE: { of: () => "brw-rw----" },
};

function used(p: Process): number {
  return p.machine.disk.usedKib * 1024;
}

function free(p: Process): number {
  return Math.floor(p.machine.hardware.diskKib * 1024 * 0.95) - used(p);
}

function usePercent(p: Process): number {
  return Math.round((100 * used(p)) / (p.machine.hardware.diskKib * 1024));
}

/** lsblk(8): a tree of disks and partitions. */
export const lsblk = tool(
  {
    name: "lsblk",
    usage: "[options] [<device> ...]",
    about: "List information about block devices.",
    version: `lsblk from ${VERSION}`,
    short: "abdDzfhiI:JlmMnNo:OpPrsSt",
    long: "all=a bytes=b nodeps=d fs=f json=J list=l noheadings=n output:=o paths=p pairs=P raw=r",
  },
  function* (t, o) {
    const { p } = t;
    let devices = blockDevices(p.machine);
    if (o.operands.length > 0) {
      const names = o.operands.map((path) => path.replace(/^\/dev\//, ""));
      for (const [i, name] of names.entries())
        if (!devices.some((one) => one.name === name)) {
          yield* t.error(`${o.operands[i]}: not a block device`, 32);
          return 32;
        }
      devices = devices.filter((one) => names.includes(one.name) || names.includes(one.parent));
    }
    if (o.has("d")) devices = devices.filter((one) => one.type === "disk");
    const names = o.has("f")
      ? ["NAME", "FSTYPE", "FSVER", "LABEL", "UUID", "FSAVAIL", "FSUSE%", "MOUNTPOINTS"]
      : (o.value("o")?.toUpperCase().split(",") ?? ["NAME", "MAJ:MIN", "RM", "SIZE", "RO", "TYPE", "MOUNTPOINTS"]);
    for (const name of names) if (COLUMNS[name] === undefined) throw new Fatal(`unknown column: ${name}`);
    const cell = (one: BlockDevice, name: string) => {
      if (name === "SIZE" && o.has("b")) return String(one.bytes);
      const text = COLUMNS[name]!.of(p, one);
      return name === "NAME" && o.has("p") ? `/dev/${text}` : text;
    };
    const flat = o.has("l", "r", "P", "J");
    if (o.has("J")) {
      const entry = (one: BlockDevice): unknown => {
        const children = devices.filter((other) => other.parent === one.name).map(entry);
        return {
          ...Object.fromEntries(
            names.map((name) => {
              const text = cell(one, name);
              const key = name.toLowerCase();
              if (name === "MOUNTPOINTS") return [key, [text === "" ? null : text]];
              if (name === "RM" || name === "RO" || name === "ROTA") return [key, text === "1"];
              return [key, text === "" ? null : text];
            }),
          ),
          ...(children.length > 0 ? { children } : {}),
        };
      };
      const top = devices.filter((one) => !devices.some((other) => other.name === one.parent));
      t.out.add(`${JSON.stringify({ blockdevices: top.map(entry) }, null, 3)}\n`);
      return 0;
    }
    if (o.has("P")) {
      for (const one of devices) t.out.add(`${names.map((name) => `${name}="${cell(one, name)}"`).join(" ")}\n`);
      return 0;
    }
    const rows = devices.map((one) =>
      names.map((name) => (name === "NAME" && !flat && one.parent !== "" ? `└─${cell(one, name)}` : cell(one, name))),
    );
    if (!o.has("n")) rows.unshift([...names]);
    const widths = names.map((_, i) =>
      Math.max(...rows.map((row) => row[i]!.length), names[i]!.length * (o.has("n") ? 0 : 1)),
    );
    for (const row of rows) {
      const cells = row.map((text, i) => {
        if (o.has("r")) return text;
        const { right } = COLUMNS[names[i]!]!;
        return right ? text.padStart(widths[i]!) : i === names.length - 1 ? text : text.padEnd(widths[i]!);
      });
      t.out.add(`${cells.join(" ")}\n`);
    }
    return 0;
  },
);

/** blkid(8): only root may read a device that is not cached. */
export const blkid = tool(
  {
    name: "blkid",
    usage: "[options] [<dev>...]",
    about: "",
    version: `blkid from ${VERSION}  (libblkid 2.38.1, 04-Aug-2022)`,
    short: "c:ko:s:t:",
    long: "output:=o match-tag:=s",
  },
  function* (t, o) {
    const wanted = o.operands;
    if (wanted.length > 0 && !wanted.includes("/dev/vda1")) return 2;
    const tags: [string, string][] = [
      ["UUID", rootUuid(t.p)],
      ["BLOCK_SIZE", "4096"],
      ["TYPE", "ext4"],
      ["PARTUUID", `${rootUuid(t.p).slice(0, 8)}-01`],
    ];
    const only = o.value("s");
    const shown = tags.filter(([name]) => only === undefined || name === only);
    if (o.value("o") === "value") for (const [, value] of shown) t.out.add(`${value}\n`);
    else if (o.value("o") === "export")
      t.out.add(`DEVNAME=/dev/vda1\n${shown.map(([name, value]) => `${name}=${value}\n`).join("")}`);
    else t.out.add(`/dev/vda1: ${shown.map(([name, value]) => `${name}="${value}"`).join(" ")}\n`);
    return 0;
  },
);

interface Mounted {
  source: string;
  target: string;
  type: string;
  options: string;
  children: Mounted[];
}

function mounts(p: Process): Mounted[] {
  return mountLines(p.ns)
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [source, target, type, options] = line.split(" ") as [string, string, string, string];
      return { source, target, type, options, children: [] };
    });
}

/** Columns that it knows. */
const FINDMNT = new Set(
  "SOURCE TARGET FSTYPE OPTIONS VFS-OPTIONS FS-OPTIONS LABEL UUID PARTLABEL PARTUUID MAJ:MIN ACTION OLD-TARGET OLD-OPTIONS SIZE AVAIL USED USE% FSROOT TID ID OPT-FIELDS PROPAGATION FREQ PASSNO".split(
    " ",
  ),
);

/** findmnt(8): the tree of mounts, or those that fit a source, target or type. */
export const findmnt = tool(
  {
    name: "findmnt",
    usage: "[options]\n findmnt [options] <device> | <mountpoint>",
    about: "Find a (mounted) filesystem.",
    version: `findmnt from ${VERSION}`,
    short: "aAbcd:DeF:fhiJklmM:N:no:OpPQ:rRsS:t:T:uUvVw:x",
    long: "noheadings=n output:=o types:=t target:=T mountpoint:=M source:=S list=l raw=r first-only=f df=D",
  },
  function* (t, o) {
    const all = mounts(t.p);
    const names = o.value("o")?.toUpperCase().split(",") ?? ["TARGET", "SOURCE", "FSTYPE", "OPTIONS"];
    for (const name of names) if (!FINDMNT.has(name)) throw new Fatal(`unknown column: ${name}`);
    const cell = (one: Mounted, name: string) =>
      ({ TARGET: one.target, SOURCE: one.source, FSTYPE: one.type, OPTIONS: one.options })[name] ?? "";
    const types = o.value("t")?.split(",");
    const [operand] = o.operands;
    let chosen = all.filter((one) => types === undefined || types.includes(one.type));
    const target = o.value("M");
    if (operand !== undefined) chosen = chosen.filter((one) => one.target === operand || one.source === operand);
    if (target !== undefined) chosen = chosen.filter((one) => one.target === target);
    if (o.value("S") !== undefined) chosen = chosen.filter((one) => one.source === o.value("S"));
    const inside = o.value("T");
    if (inside !== undefined) {
      const over = (one: Mounted) => inside === one.target || inside.startsWith(`${one.target.replace(/\/$/, "")}/`);
      chosen = [chosen.filter(over).sort((a, b) => b.target.length - a.target.length)[0]!].filter(Boolean);
    }
    if (chosen.length === 0) return 1;
    const flat = o.has("l", "r", "t") || operand !== undefined || target !== undefined || inside !== undefined;
    const rows: string[][] = [];
    const row = (one: Mounted, before: string) =>
      rows.push(names.map((name) => (name === "TARGET" ? before + cell(one, name) : cell(one, name))));
    if (flat) for (const one of chosen) row(one, "");
    else {
      for (const one of chosen) {
        const above = chosen
          .filter((other) => other !== one && one.target.startsWith(`${other.target.replace(/\/$/, "")}/`))
          .sort((a, b) => b.target.length - a.target.length)[0];
        above?.children.push(one);
      }
      const walk = (one: Mounted, before: string, below: string) => {
        row(one, before);
        one.children.forEach((child, i) => {
          const last = i === one.children.length - 1;
          walk(child, below + (last ? "└─" : "├─"), below + (last ? "  " : "│ "));
        });
      };
      const children = new Set(chosen.flatMap((one) => one.children));
      for (const one of chosen) if (!children.has(one)) walk(one, "", "");
    }
    if (!o.has("n")) rows.unshift([...names]);
    const widths = names.map((_, i) => Math.max(...rows.map((cells) => cells[i]!.length)));
    for (const cells of rows)
      t.out.add(`${cells.map((text, i) => (i === names.length - 1 ? text : text.padEnd(widths[i]!))).join(" ")}\n`);
    return 0;
  },
);

/** lscpu(1), from /proc/cpuinfo. */
export const lscpu = tool(
  {
    name: "lscpu",
    usage: "[options]",
    about: "",
    version: `lscpu from ${VERSION}`,
    short: "abBcCeJp::s:xy",
    long: "json=J extended=e parse=p",
  },
  function* (t, o) {
    const text = sys.readText(t.p, "/proc/cpuinfo");
    const info = (key: string) =>
      new Map(text.split("\n").map((line) => line.split(/\s*:\s*/) as [string, string])).get(key) ?? "";
    const count = t.p.machine.hardware.cpus;
    const list = Array.from({ length: count }, (_, i) => i);
    if (o.has("p")) {
      t.out.add(
        "# The following is the parsable format, which can be fed to other\n# programs. Each different item in every column has an unique ID\n# starting usually from zero.\n# CPU,Core,Socket,Node,,L1d,L1i,L2,L3\n",
      );
      for (const i of list) t.out.add(`${i},${i},0,0,,${i},${i},${i},0\n`);
      return 0;
    }
    if (o.has("e")) {
      t.out.add("CPU NODE SOCKET CORE L1d:L1i:L2:L3 ONLINE\n");
      for (const i of list)
        t.out.add(`${String(i).padStart(3)}    0      0    ${i} ${`${i}:${i}:${i}:0`.padEnd(13)}    yes\n`);
      return 0;
    }
    const online = count === 1 ? "0" : count === 2 ? "0,1" : `0-${count - 1}`;
    const rows: [string, string][] = [
      ["Architecture:", "x86_64"],
      ["  CPU op-mode(s):", "32-bit, 64-bit"],
      ["  Address sizes:", info("address sizes") || "46 bits physical, 48 bits virtual"],
      ["  Byte Order:", "Little Endian"],
      ["CPU(s):", String(count)],
      ["  On-line CPU(s) list:", online],
      ["Vendor ID:", info("vendor_id")],
      ["  Model name:", info("model name")],
      ["    CPU family:", info("cpu family")],
      ["    Model:", info("model")],
      ["    Thread(s) per core:", "1"],
      ["    Core(s) per socket:", String(count)],
      ["    Socket(s):", "1"],
      ["    Stepping:", info("stepping")],
      ["    BogoMIPS:", info("bogomips") || "5200.00"],
      ...(info("flags") === "" ? [] : ([["    Flags:", info("flags")]] as [string, string][])),
      ["Virtualization features:", ""],
      ["  Hypervisor vendor:", "KVM"],
      ["  Virtualization type:", "full"],
      ["NUMA:", ""],
      ["  NUMA node(s):", "1"],
      ["  NUMA node0 CPU(s):", online],
    ];
    const width = Math.max(...rows.map(([label]) => label.length)) + 1;
    for (const [label, value] of rows) t.out.add(`${`${label.padEnd(width)}${value}`.trimEnd()}\n`);
    return 0;
  },
);

/** fdisk(8): lists the partitions of disks (-l); changing them is not modelled. */
export const fdisk = tool(
  {
    name: "fdisk",
    usage: "[options] <disk>         change partition table\n fdisk [options] -l [<disk>...] list partition table(s)",
    about: "Display or manipulate a disk partition table.",
    version: `fdisk from ${VERSION}`,
    short: "b:BcL::lno:st:u::xw:W:C:H:S:",
    long: "list=l list-details=x output:=o bytes=bytes sector-size:=b units::=u type:=t getsz=s noauto-pt=n",
  },
  function* (t, o) {
    const { p } = t;
    const all = blockDevices(p.machine);
    const disks = all.filter(({ type }) => type === "disk");
    if (!o.has("l", "x", "s")) {
      const [path] = o.operands;
      if (path === undefined) throw new UsageError("bad usage");
      throw new Fatal(`cannot open ${path}: ${found(all, path) ? "Permission denied" : "No such file or directory"}`);
    }
    const wanted = o.operands.length > 0 ? o.operands : disks.map(({ name }) => `/dev/${name}`);
    let first = true;
    for (const path of wanted) {
      const device = found(all, path);
      if (device === undefined || p.cred.uid !== 0) {
        yield* t.error(
          `cannot open ${path}: ${device === undefined ? "No such file or directory" : "Permission denied"}`,
        );
        continue;
      }
      if (o.has("s")) {
        t.out.add(`${device.bytes / 1024}\n`);
        continue;
      }
      t.out.add(`${first ? "" : "\n\n"}${diskText(p, device, all)}`);
      first = false;
    }
    return t.status;
  },
);

function found(all: readonly BlockDevice[], path: string): BlockDevice | undefined {
  return all.find(({ name }) => `/dev/${name}` === path);
}

const SECTOR = 512;

function diskText(p: Process, device: BlockDevice, all: readonly BlockDevice[]): string {
  const sectors = device.bytes / SECTOR;
  const human = size(device.bytes).replace(/([KMGTP])$/, " $1iB");
  const head = `Disk /dev/${device.name}: ${human}, ${device.bytes} bytes, ${sectors} sectors
Units: sectors of 1 * ${SECTOR} = ${SECTOR} bytes
Sector size (logical/physical): ${SECTOR} bytes / ${SECTOR} bytes
I/O size (minimum/optimal): ${SECTOR} bytes / ${SECTOR} bytes
`;
  const parts = all.filter(({ parent }) => parent === device.name);
  if (parts.length === 0) return head;
  let start = 2048;
  const rows = parts.map((part) => {
    const count = part.bytes / SECTOR;
    const row = [`/dev/${part.name}`, "*", start, start + count - 1, count, size(part.bytes), "83", "Linux"].map(
      String,
    );
    start += count;
    return row;
  });
  const titles = ["Device", "Boot", "Start", "End", "Sectors", "Size", "Id", "Type"];
  const widths = titles.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (i < 2 || i === 7 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join(" ")
      .trimEnd();
  const identifier = rootUuid(p).slice(0, 8);
  return `${head}Disklabel type: dos\nDisk identifier: 0x${identifier}\n\n${[titles, ...rows].map((row) => `${line(row)}\n`).join("")}`;
}

/** losetup(8): no file is a block device here, so that there is none to list. */
export const losetup = tool(
  {
    name: "losetup",
    usage: "[options] [<loopdev>]\n losetup [options] -f | <loopdev> <file>",
    about: "Set up and control loop devices.",
    version: `losetup from ${VERSION}`,
    short: "ad:Dfc:j:Lo:b:PrvJlnO:",
    long: "all=a detach:=d detach-all=D find=f set-capacity:=c associated:=j nooverlap=L offset:=o sizelimit:=sizelimit sector-size:=b partscan=P read-only=r direct-io::=dio show=show verbose=v json=J list=l noheadings=n output:=O output-all=oa raw=raw",
  },
  function* (t, o) {
    const [first] = o.operands;
    if (o.has("f")) {
      if (first === undefined) {
        t.out.add("/dev/loop0\n");
        return 0;
      }
      if (sys.find(t.p, first) === undefined)
        throw new Fatal(`${first}: failed to set up loop device: No such file or directory`);
      throw new Fatal("cannot find an unused loop device: No such file or directory");
    }
    if (first !== undefined) {
      const path = first.startsWith("/") ? first : `/dev/${first}`;
      throw new Fatal(`${path}: No such file or directory`);
    }
    const detached = o.value("d");
    if (detached !== undefined) throw new Fatal(`${detached}: detach failed: No such file or directory`);
    return 0;
  },
);
