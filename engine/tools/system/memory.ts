import { loadText, uptimeSeconds } from "../../machine/base/proc.ts";
import { usedKib } from "../../machine/memory.ts";
import type { Process } from "../../machine/process.ts";
import { Fatal, quote, tool, UsageError } from "../tool.ts";
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
      t.out.add(`${wallTime(t.p, machine.kernel.now - up * 1_000_000, "%Y-%m-%d %H:%M:%S")}\n`);
      return 0;
    }
    if (o.has("p")) {
      t.out.add(`up ${pretty(up)}\n`);
      return 0;
    }
    t.out.add(`${uptimeLine(t.p)}\n`);
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
export function uptimeLine(p: Process): string {
  const { machine } = p;
  const up = Math.floor(uptimeSeconds(machine));
  const days = Math.floor(up / 86_400);
  const hours = Math.floor(up / 3600) % 24;
  const minutes = Math.floor(up / 60) % 60;
  const long = days > 0 ? `${days} day${days === 1 ? "" : "s"}, ` : "";
  const rest = hours > 0 ? `${String(hours).padStart(2)}:${String(minutes).padStart(2, "0")}` : `${minutes} min`;
  const users = machine.logins.length;
  return ` ${wallTime(p, machine.kernel.now, "%H:%M:%S")} up ${long}${rest}, ${String(users).padStart(2)} user${users === 1 ? "" : "s"},  load average: ${loadText(machine).split(" ").join(", ")}`;
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
    const cache = Math.floor(total / 8) + Math.floor(machine.disk.used / 1024);
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

/** nproc(1). */
export const nproc = tool(
  {
    name: "nproc",
    usage: "[OPTION]...",
    about: "Print the number of processing units available to the current process.",
    short: "",
    long: "all ignore:",
  },
  function* (t, o) {
    if (o.operands.length > 0) throw new UsageError(`extra operand ${quote(o.operands[0]!)}`);
    const ignored = o.value("ignore") ?? "0";
    if (!/^\d+$/.test(ignored)) throw new Fatal(`invalid number: ${quote(ignored)}`);
    t.out.add(`${Math.max(1, t.p.machine.hardware.cpus - Number(ignored))}\n`);
    return 0;
  },
);
