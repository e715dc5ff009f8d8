import { type Gen, SECOND, sleep } from "../../kernel/index.ts";
import { usedKib } from "../../machine/base/proc.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { userName } from "../../machine/users.ts";
import { OptionError, parseOptions } from "../options.ts";
import { uptimeLine } from "./memory.ts";
import { type Seen, seenBy, statText } from "./process-view.ts";

/** top(1) of procps-ng: `-b` and `-n` as in scripts; on a terminal it draws anew every `-d` seconds until `q`. */
export const top: Program = function* (p) {
  let count = Number.POSITIVE_INFINITY;
  let delay = 3 * SECOND;
  let batch = false;
  try {
    const o = parseOptions(p.argv.slice(1), { short: "bcd:HiEeln:o:Op:sSu:U:w::1", standard: false });
    if (o.has("n")) count = Number(o.value("n"));
    if (o.has("d")) delay = Math.round(Number(o.value("d")) * SECOND);
    batch = o.has("b");
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    yield* sys.printError(
      p,
      `top: ${error.message}\nUsage:\n  top -hv | -bcEeHiOSs1 -d secs -n max -u|U user -p pid(s) -o field -w [cols]\n`,
    );
    return 1;
  }
  const tty = batch ? undefined : p.fds.get(1)?.tty;
  if (!batch && tty === undefined) {
    yield* sys.printError(p, "top: failed tty get\n");
    return 1;
  }
  const before = tty?.termios;
  try {
    if (tty) tty.termios = { ...tty.termios, icanon: false, echo: false };
    for (let i = 0; i < count; i++) {
      const text = screen(p);
      const rows = tty
        ? text
            .split("\n")
            .slice(0, tty.rows - 1)
            .map((line) => line.slice(0, tty.columns))
        : undefined;
      yield* sys.print(p, rows ? `\x1b[H\x1b[J${rows.join("\n")}\n` : `${i > 0 ? "\n" : ""}${text}`);
      if (i + 1 < count && (yield* quits(p, delay))) break;
    }
  } finally {
    if (tty && before) tty.termios = before;
  }
  return 0;
};

/** Lets the delay pass; true when `q` was typed meanwhile. */
function* quits(p: Process, delay: number): Gen<boolean> {
  const tty = p.fds.get(0)?.tty;
  const { kernel } = p.machine;
  if (tty === undefined) {
    yield* sleep(delay);
    return false;
  }
  let typed = "";
  const reader = kernel.spawn(
    `top ${p.pid} keys`,
    (function* (): Gen {
      const bytes = yield* tty.read(16);
      if (bytes !== "interrupted") typed = bytes.length === 0 ? "q" : String.fromCharCode(...bytes);
      kernel.resume(p.task, "woken");
    })(),
  );
  try {
    yield* sleep(delay);
  } finally {
    kernel.kill(reader);
  }
  return typed.includes("q");
}

function screen(p: Process): string {
  const { machine } = p;
  const seen = seenBy(p).sort((a, b) => b.process.cpuUsed - a.process.cpuUsed || a.pid - b.pid);
  const states = seen.map((one) => statText(one)[0]);
  const count = (letter: string) => String(states.filter((state) => state === letter).length).padStart(3);
  const mib = (kib: number) => (kib / 1024).toFixed(1).padStart(8);
  const time = Math.max(SECOND, machine.kernel.now - machine.bootedAt) * machine.hardware.cpus;
  const busy = (seen.reduce((sum, { process }) => sum + process.cpuUsed, 0) * 100) / time;
  const share = (percent: number) => percent.toFixed(1).padStart(4);
  const total = machine.hardware.memoryKib;
  const used = usedKib(machine);
  const cache = Math.floor(total / 8) + (machine.diskUsed >> 10);
  const head = [
    `top -${uptimeLine(machine)}`,
    `Tasks: ${String(seen.length).padStart(3)} total, ${count("R")} running, ${count("S")} sleeping, ${count("T")} stopped, ${count("Z")} zombie`,
    `%Cpu(s): ${share(busy)} us,  0.0 sy,  0.0 ni, ${share(100 - busy)} id,  0.0 wa,  0.0 hi,  0.0 si,  0.0 st `,
    `MiB Mem : ${mib(total)} total, ${mib(total - used - cache)} free, ${mib(used)} used, ${mib(cache)} buff/cache     `,
    `MiB Swap: ${mib(0)} total, ${mib(0)} free, ${mib(0)} used. ${mib(total - used)} avail Mem `,
    "",
    "    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND",
  ];
  return `${[...head, ...seen.map((one) => row(p, one))].join("\n")}\n`;
}

function row(p: Process, one: Seen): string {
  const { process, pid } = one;
  const name = userName(p.ns.mnt, process.cred.uid);
  const hundredths = Math.floor(process.cpuUsed / 10_000);
  const time = `${Math.floor(hundredths / 6000)}:${String(Math.floor(hundredths / 100) % 60).padStart(2, "0")}.${String(hundredths % 100).padStart(2, "0")}`;
  const lived = Math.max(SECOND, p.machine.kernel.now - process.startedAt);
  const cpu = ((process.cpuUsed / lived) * 100).toFixed(1);
  const memory = ((process.rssKib / p.machine.hardware.memoryKib) * 100).toFixed(1);
  const cells = [
    String(pid).padStart(7),
    (name.length > 8 ? `${name.slice(0, 7)}+` : name).padEnd(8),
    String(20 + process.nice).padStart(3),
    String(process.nice).padStart(3),
    String(process.rssKib * 3).padStart(7),
    String(process.rssKib).padStart(6),
    String(process.rssKib >> 1).padStart(6),
    statText(one)[0]!,
  ];
  return `${cells.join(" ")} ${cpu.padStart(5)} ${memory.padStart(5)} ${time.padStart(9)} ${process.comm}`;
}
