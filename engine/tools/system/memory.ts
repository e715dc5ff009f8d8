import { decode, SECOND, sleep } from "../../kernel/index.ts";
import { loadText, uptimeSeconds } from "../../machine/base/proc.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import type { ParsedOptions } from "../options.ts";
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

/** Options of free(1) that set a unit: how many times it is multiplied, and by what. */
const UNITS: Readonly<Record<string, readonly [power: number, base: number]>> = {
  b: [0, 1024],
  k: [1, 1024],
  m: [2, 1024],
  g: [3, 1024],
  tebi: [4, 1024],
  pebi: [5, 1024],
  kilo: [1, 1000],
  mega: [2, 1000],
  giga: [3, 1000],
  tera: [4, 1000],
  peta: [5, 1000],
};

/** free(1), whose figures are those of /proc/meminfo; its layout is procps 4's. */
export const free = tool(
  {
    name: "free",
    usage: "[options]",
    about: "",
    short: "bkmghltLwvs:c:",
    long: "bytes=b kibi=k mebi=m gibi=g tebi pebi human=h total=t wide=w lohi=l line=L committed=v kilo mega giga tera peta si seconds:=s count:=c",
    version: "free from procps-ng 4.0.2",
  },
  function* (t, o) {
    const every = o.value("s");
    if (every !== undefined && !/^\d*\.?\d+$/.test(every))
      throw new Fatal(`seconds argument failed: '${every}': Invalid argument`);
    if (every !== undefined && Number(every) <= 0)
      throw new Fatal(`seconds argument \`${every}' is not positive number`);
    const count = o.value("c");
    if (count !== undefined && !/^[+-]?\d+$/.test(count)) throw new Fatal(`failed to parse count argument: '${count}'`);
    if (count !== undefined && Number(count) < 1)
      throw new Fatal(`failed to parse count argument: '${count}': Numerical result out of range`);
    const times = count === undefined ? (every === undefined ? 1 : Number.POSITIVE_INFINITY) : Number(count);
    for (let n = 1; n <= times; n++) {
      t.out.add(freeTable(t.p, o));
      if (n === times) break;
      if (!o.has("L")) t.out.add("\n");
      yield* t.out.flush();
      yield* sleep(Number(every ?? 1) * SECOND);
    }
    return 0;
  },
);

function freeTable(p: Process, o: ParsedOptions): string {
  const known = new Map<string, number>();
  for (const line of decode(sys.readBytes(p, "/proc/meminfo")).split("\n")) {
    const match = /^(\w+):\s+(\d+)/.exec(line);
    if (match) known.set(match[1]!, Number(match[2]));
  }
  const of = (name: string) => known.get(name) ?? 0;
  const key = o.last(...Object.keys(UNITS), "h")?.key ?? "k";
  const base = o.has("si") ? 1000 : (UNITS[key]?.[1] ?? 1024);
  const show = (kib: number): string =>
    key === "h" ? human(kib, base) : String(Math.floor((kib * 1024) / base ** (UNITS[key]?.[0] ?? 1)));
  const [total, left, buffers] = [of("MemTotal"), of("MemFree"), of("Buffers")];
  const cached = of("Cached") + of("SReclaimable");
  const used = total - of("MemAvailable");
  const swap = [of("SwapTotal"), of("SwapTotal") - of("SwapFree"), of("SwapFree")] as const;
  if (o.has("L")) {
    const cells = { "SwapUse ": swap[1], " CachUse ": buffers + cached, "  MemUse ": used, " MemFree ": left };
    return `${Object.entries(cells)
      .map(([name, kib]) => `${name}${show(kib).padStart(11)}`)
      .join("")} \n`;
  }
  const row = (label: string, values: readonly number[]) =>
    `${label.padEnd(7)}${values.map((value) => ` ${show(value).padStart(11)}`).join("")}\n`;
  const wide = o.has("w");
  const heads = ["total", "used", "free", "shared", ...(wide ? ["buffers", "cache"] : ["buff/cache"]), "available"];
  const cache = wide ? [buffers, cached] : [buffers + cached];
  let text = `${" ".repeat(8)}${heads.map((head) => head.padStart(12)).join("")}\n`;
  text += row("Mem:", [total, used, left, of("Shmem"), ...cache, of("MemAvailable")]);
  if (o.has("l")) text += row("Low:", [total, total - left, left]) + row("High:", [0, 0, 0]);
  text += row("Swap:", swap);
  if (o.has("t")) text += row("Total:", [total + swap[0], used + swap[1], left + swap[2]]);
  if (o.has("v")) {
    const [limit, committed] = [of("CommitLimit"), of("Committed_AS")];
    text += row("Comm:", [limit, committed, limit - committed]);
  }
  return text;
}

/** Three figures and a unit, as `free -h` has it. */
function human(kib: number, base: number): string {
  let value = kib * 1024;
  if (value === 0) return "0B";
  const units = base === 1000 ? ["B", "K", "M", "G", "T"] : ["B", "Ki", "Mi", "Gi", "Ti"];
  let k = 0;
  while (value >= base && k < units.length - 1) {
    value /= base;
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
    const { machine, ns } = t.p;
    const there = o.has("all") ? machine.hardware.cpus : machine.cpu.cpusOf(ns.cgroup).length;
    t.out.add(`${Math.max(1, there - Number(ignored))}\n`);
    return 0;
  },
);
