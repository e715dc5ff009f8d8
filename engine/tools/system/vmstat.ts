import { type Gen, SECOND, sleep } from "../../kernel/index.ts";
import { stateLetter } from "../../machine/base/proc.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { Fatal, type Tool, tool } from "../tool.ts";

interface Counters {
  user: number;
  system: number;
  idle: number;
}

function counters(p: Process): Counters {
  const [, user, , system, idle] = sys.readText(p, "/proc/stat").split("\n")[0]!.split(/\s+/).map(Number);
  return { user: user!, system: system!, idle: idle! };
}

function memory(p: Process): Map<string, number> {
  const out = new Map<string, number>();
  for (const line of sys.readText(p, "/proc/meminfo").split("\n")) {
    const match = /^(\w+(?:\(\w+\))?):\s+(\d+)/.exec(line);
    if (match !== null) out.set(match[1]!, Number(match[2]));
  }
  return out;
}

/** vmstat(8): processes, memory and CPU, since boot and then for each interval. */
export const vmstat = tool(
  {
    name: "vmstat",
    usage: "[options] [delay [count]]",
    about: "",
    version: "vmstat from procps-ng 4.0.2",
    short: "afmnsdDp:S:twy",
    long: "active=a forks=f stats=s unit:=S timestamp=t wide=w one-header=n no-first=y",
  },
  function* (t, o) {
    const [delay, count] = o.operands;
    for (const word of [delay, count])
      if (word !== undefined && !/^\d+$/.test(word)) throw new Fatal(`failed to parse argument: '${word}'`);
    if (o.has("s")) {
      statistics(t);
      return 0;
    }
    const unit = { k: 1000 / 1024, K: 1, m: 1e6 / 1024, M: 1024 }[o.value("S") ?? "K"] ?? 1;
    const times = count === undefined ? (delay === undefined ? 1 : Number.POSITIVE_INFINITY) : Number(count);
    let before: Counters = { user: 0, system: 0, idle: 0 };
    for (let n = 0; n < times; n++) {
      if (n > 0) {
        yield* t.out.flush();
        yield* sleep(Number(delay) * SECOND);
      }
      if (n === 0 || (n % 20 === 0 && !o.has("n"))) t.out.add(HEADER);
      const now = counters(t.p);
      t.out.add(yield* line(t.p, unit, before, now));
      before = now;
    }
    return 0;
  },
);

const HEADER =
  "procs -----------memory---------- ---swap-- -----io---- -system-- ------cpu-----\n r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st\n";

function* line(p: Process, unit: number, before: Counters, now: Counters): Gen<string> {
  const mem = memory(p);
  const kib = (key: string) => String(Math.floor((mem.get(key) ?? 0) / unit)).padStart(6);
  const running = [...p.machine.processes.values()].filter((one) => stateLetter(one) === "R").length;
  const user = now.user - before.user;
  const system = now.system - before.system;
  const all = Math.max(1, user + system + now.idle - before.idle);
  const percent = (value: number) => String(Math.round((100 * value) / all)).padStart(2);
  const cpu = `${percent(user)} ${percent(system)} ${String(100 - Number(percent(user)) - Number(percent(system))).padStart(2)}`;
  const switches = String(Math.min(9999, running * 90 + 120)).padStart(4);
  return `${String(running).padStart(2)}  0      0 ${kib("MemFree")} ${kib("Buffers")} ${kib("Cached")}    0    0     0     0 ${switches} ${switches} ${cpu}  0  0\n`;
}

/** -s: a line for each counter. */
function statistics(t: Tool): void {
  const mem = memory(t.p);
  const cpu = counters(t.p);
  const rows: [number, string][] = [
    [mem.get("MemTotal") ?? 0, "K total memory"],
    [
      (mem.get("MemTotal") ?? 0) - (mem.get("MemFree") ?? 0) - (mem.get("Buffers") ?? 0) - (mem.get("Cached") ?? 0),
      "K used memory",
    ],
    [mem.get("Active") ?? 0, "K active memory"],
    [mem.get("Inactive") ?? 0, "K inactive memory"],
    [mem.get("MemFree") ?? 0, "K free memory"],
    [mem.get("Buffers") ?? 0, "K buffer memory"],
    [mem.get("Cached") ?? 0, "K swap cache"],
    [mem.get("SwapTotal") ?? 0, "K total swap"],
    [(mem.get("SwapTotal") ?? 0) - (mem.get("SwapFree") ?? 0), "K used swap"],
    [mem.get("SwapFree") ?? 0, "K free swap"],
    [cpu.user, "non-nice user cpu ticks"],
    [0, "nice user cpu ticks"],
    [cpu.system, "system cpu ticks"],
    [cpu.idle, "idle cpu ticks"],
    [0, "IO-wait cpu ticks"],
    [0, "stolen cpu ticks"],
    [Math.floor((t.p.machine.kernel.epochMs * 1000 + t.p.machine.bootedAt) / 1e6), "boot time"],
  ];
  for (const [value, label] of rows) t.out.add(`${String(value).padStart(13)} ${label}\n`);
}
