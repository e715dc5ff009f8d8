import { loadText, uptimeSeconds, usedKib } from "../../machine/base/proc.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Machine } from "../../machine/machine.ts";
import * as sys from "../../machine/sys.ts";
import { Fatal, tool } from "../tool.ts";
import { wallTime } from "./when.ts";

/** uptime(1). */
export const uptime = tool(
  {
    name: "uptime",
    usage: "[options]",
    about: "",
    short: "pshV",
    long: "pretty=p since=s",
    version: "uptime from procps-ng 4.0.2",
  },
  function* (t, o) {
    const { machine } = t.p;
    const up = Math.floor(uptimeSeconds(machine));
    if (o.has("s")) {
      t.out.add(`${wallTime(machine.kernel, machine.kernel.now - up * 1_000_000, "%Y-%m-%d %H:%M:%S")}\n`);
      return 0;
    }
    if (o.has("p")) {
      t.out.add(`up ${pretty(up)}\n`);
      return 0;
    }
    t.out.add(`${uptimeLine(machine)}\n`);
    return 0;
  },
);

function pretty(seconds: number): string {
  const parts: string[] = [];
  const add = (n: number, word: string) => {
    if (n > 0) parts.push(`${n} ${word}${n === 1 ? "" : "s"}`);
  };
  add(Math.floor(seconds / 604_800), "week");
  add(Math.floor(seconds / 86_400) % 7, "day");
  add(Math.floor(seconds / 3600) % 24, "hour");
  const minutes = Math.floor(seconds / 60) % 60;
  if (minutes > 0 || seconds < 60) parts.push(`${minutes} minute${minutes === 1 ? "" : "s"}`);
  return parts.join(", ");
}

/** First line of uptime, w and top. */
export function uptimeLine(machine: Machine): string {
  const up = Math.floor(uptimeSeconds(machine));
  const days = Math.floor(up / 86_400);
  const hours = Math.floor(up / 3600) % 24;
  const minutes = Math.floor(up / 60) % 60;
  const long = days > 0 ? `${days} day${days === 1 ? "" : "s"}, ` : "";
  const rest = hours > 0 ? `${String(hours).padStart(2)}:${String(minutes).padStart(2, "0")}` : `${minutes} min`;
  const users = machine.logins.length;
  return ` ${wallTime(machine.kernel, machine.kernel.now, "%H:%M:%S")} up ${long}${rest}, ${String(users).padStart(2)} user${users === 1 ? "" : "s"},  load average: ${loadText(machine).split(" ").join(", ")}`;
}

/** free(1). */
export const free = tool(
  {
    name: "free",
    usage: "[options]",
    about: "",
    short: "bkmghltwvs:c:",
    long: "bytes=b kibi=k mebi=m gibi=g human=h total=t wide=w kilo mega giga si",
    version: "free from procps-ng 4.0.2",
  },
  function* (t, o) {
    const { machine } = t.p;
    const total = machine.hardware.memoryKib;
    const used = usedKib(machine);
    const cache = Math.floor(total / 8) + (machine.diskUsed >> 10);
    const unit = o.last("b", "k", "m", "g", "h")?.key ?? "k";
    const show = (kib: number): string => {
      if (unit === "b") return String(kib * 1024);
      if (unit === "m") return String(Math.floor(kib / 1024));
      if (unit === "g") return String(Math.floor(kib / 1_048_576));
      return unit === "h" ? human(kib) : String(kib);
    };
    const row = (label: string, values: readonly number[]) =>
      `${label.padEnd(8)}${values
        .map((value) => show(value).padStart(12))
        .join("")
        .slice(0)}\n`;
    const heads = ["total", "used", "free", "shared", "buff/cache", "available"];
    t.out.add(`${" ".repeat(8)}${heads.map((head) => head.padStart(12)).join("")}\n`.replace(/^ {8}/, "        "));
    t.out.add(row("Mem:", [total, used, total - used - cache, 3_404, cache, total - used]));
    t.out.add(row("Swap:", [0, 0, 0]));
    if (o.has("t")) t.out.add(row("Total:", [total, used, total - used - cache]));
    return 0;
  },
);

/** Three figures and a unit, as `free -h` has it. */
function human(kib: number): string {
  let value = kib * 1024;
  if (value === 0) return "0B";
  const units = ["B", "Ki", "Mi", "Gi", "Ti"];
  let k = 0;
  while (value >= 1024 && k < units.length - 1) {
    value /= 1024;
    k++;
  }
  return `${value < 10 && k > 0 ? value.toFixed(1) : String(Math.floor(value))}${units[k]}`;
}

/** df(1): the root disk and what is mounted over it. */
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
    const { machine } = p;
    const size = machine.hardware.diskKib;
    const used = 3_214_560 + Math.max(0, machine.diskUsed >> 10);
    const memory = Math.floor(machine.hardware.memoryKib / 2);
    const rootOver = p.ns.mnt !== machine.ns.mnt;
    const disk = {
      source: rootOver ? "overlay" : "/dev/vda1",
      type: rootOver ? "overlay" : "ext4",
      size,
      used,
      target: "/",
    };
    const mounts = p.ns.mnt
      .list()
      .filter(({ fstype }) => ["tmpfs", "devtmpfs", "overlay", "ext4"].includes(fstype))
      .map(({ source, fstype, target }) =>
        fstype === "ext4" || fstype === "overlay"
          ? { source: /^\/(var|dev)\//.test(source) ? "/dev/vda1" : source, type: fstype, size, used, target }
          : {
              source,
              type: fstype,
              size: fstype === "tmpfs" && target === "/run" ? Math.floor(memory / 5) : memory,
              used: target === "/run" ? 612 : 0,
              target,
            },
      );
    // One line a device, as df does: bind mounts of the disk show where the first of them lies.
    const seenDisk = new Set<string>();
    let all = [disk, ...mounts].filter(
      ({ source, type }) => type !== "ext4" || (!seenDisk.has(source) && seenDisk.add(source) !== undefined),
    );
    if (o.operands.length > 0) {
      const chosen = [];
      for (const path of o.operands) {
        try {
          const found = sys.lookup(p, path);
          if (found.node === undefined) throw new Fatal("missing");
          const at = all
            .filter(({ target }) => target === "/" || found.path === target || found.path.startsWith(`${target}/`))
            .sort((a, b) => b.target.length - a.target.length)[0]!;
          chosen.push(at);
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
    const shape = o.has("h") ? shortSize : (kib: number) => String(o.has("m") ? Math.ceil(kib / 1024) : kib);
    const heads = [
      "Filesystem",
      ...(o.has("T") ? ["Type"] : []),
      o.has("h") ? "Size" : o.has("m") ? "1M-blocks" : "1K-blocks",
      "Used",
      o.has("h") ? "Avail" : "Available",
      "Use%",
      "Mounted on",
    ];
    const rows = all.map(({ source, type, size: whole, used: taken, target }) => {
      const available = Math.max(0, whole - taken - (type === "ext4" ? Math.floor(whole / 20) : 0));
      return [
        source,
        ...(o.has("T") ? [type] : []),
        shape(whole),
        shape(taken),
        shape(available),
        `${taken + available === 0 ? 0 : Math.ceil((taken * 100) / (taken + available))}%`,
        target,
      ];
    });
    const table = [heads, ...rows];
    const left = o.has("T") ? 2 : 1;
    const widths = heads.map((_, i) =>
      Math.max(i === 0 ? 14 : i < left ? 4 : i === heads.length - 2 ? 4 : 5, ...table.map((cells) => cells[i]!.length)),
    );
    for (const cells of table) {
      t.out.add(
        `${cells.map((cell, i) => (i < left ? cell.padEnd(widths[i]!) : i === cells.length - 1 ? cell : cell.padStart(widths[i]!))).join(" ")}\n`,
      );
    }
    return undefined;
  },
);

/** `40G`, `3.1G`, `612K`: rounded up, as `df -h` does. */
function shortSize(kib: number): string {
  if (kib === 0) return "0";
  const units = ["K", "M", "G", "T"];
  let value = kib;
  let k = 0;
  while (value >= 1024 && k < units.length - 1) {
    value /= 1024;
    k++;
  }
  return value < 10 ? `${(Math.ceil(value * 10) / 10).toFixed(1)}${units[k]}` : `${Math.ceil(value)}${units[k]}`;
}

/** nproc(1). */
export const nproc = tool(
  {
    name: "nproc",
    usage: "[OPTION]...",
    about: "Print the number of processing units available to the current process.",
    short: "",
    long: "all ignore:",
  },
  function* (t) {
    t.out.add(`${t.p.machine.hardware.cpus}\n`);
    return 0;
  },
);
