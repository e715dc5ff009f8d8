import { type Gen, SECOND, sleep } from "../../kernel/index.ts";
import { usedKib } from "../../machine/memory.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { userByName, userName } from "../../machine/users.ts";
import { OptionError, parseOptions } from "../options.ts";
import { uptimeLine } from "./memory.ts";
import { commandLine, type Seen, seenBy, statText } from "./process-view.ts";
import { type Asked, type Keyboard, question, tell } from "./top-keys.ts";

/** Which processes are shown, and how: what options say first, and keys later. */
interface View extends Asked {
  sort: string;
  /** The highest first. */
  descending: boolean;
  commandLines: boolean;
  idle: boolean;
  pids: readonly number[];
  /** A line for each processor, and the line of the clock. */
  processors: boolean;
  clock: boolean;
}

/** What a column is sorted by. */
const COLUMNS: Record<string, (one: Seen) => number | string> = {
  PID: (one) => one.pid,
  USER: ({ process }) => process.cred.uid,
  PR: ({ process }) => process.nice,
  NI: ({ process }) => process.nice,
  VIRT: ({ process }) => process.rssKib,
  RES: ({ process }) => process.rssKib,
  SHR: ({ process }) => process.rssKib,
  S: (one) => statText(one),
  "%CPU": ({ process }) => process.cpuUsed,
  "%MEM": ({ process }) => process.rssKib,
  "TIME+": ({ process }) => process.cpuUsed,
  COMMAND: ({ process }) => process.comm,
};

/** Keys that sort by a column. */
const SORT_KEYS: Record<string, string> = { P: "%CPU", M: "%MEM", N: "PID", T: "TIME+" };

/** What is wrong with the command line, in top's words. */
class Refused extends Error {}

function viewOf(p: Process, o: ReturnType<typeof parseOptions>): View {
  const view: View = {
    sort: "%CPU",
    descending: true,
    commandLines: o.has("c"),
    idle: !o.has("i"),
    pids: [],
    uid: undefined,
    others: false,
    most: 0,
    delay: 3 * SECOND,
    processors: o.has("1"),
    clock: true,
  };
  const field = o.value("o");
  if (field !== undefined) {
    view.descending = !field.startsWith("-");
    view.sort = field.replace(/^[-+]/, "");
    if (COLUMNS[view.sort] === undefined) throw new Refused(`unrecognized field name '${view.sort}'`);
  }
  const words = o.values("p").flatMap((list) => list.split(","));
  for (const word of words) if (!/^\d+$/.test(word)) throw new Refused(`bad pid '${word}'`);
  view.pids = words.map((word) => (word === "0" ? p.pid : Number(word)));
  const user = o.value("u") ?? o.value("U");
  if (user === undefined) return view;
  if (words.length > 0) throw new Refused("conflicting process selections (U/p/u)");
  view.uid = /^\d+$/.test(user) ? Number(user) : userByName(p.ns.mnt, user)?.uid;
  if (view.uid === undefined) throw new Refused("Invalid user");
  return view;
}

/** Keys that change nothing but when the next picture comes, or what this one does not show. */
const QUIET = new Set([..." \r\n\x1bxyzbBhHVJjZtmeEgGaAwWSvI0L&CfFXoO=?".split("")]);

/** Changes the view as a key asks; undefined when it ends top, else what is wrong with it. */
function press(view: View, key: string): string | undefined {
  if (key === "q" || key === "\x03") return undefined;
  const names = Object.keys(COLUMNS);
  if (SORT_KEYS[key]) view.sort = SORT_KEYS[key];
  else if (key === "R") view.descending = !view.descending;
  else if (key === "c") view.commandLines = !view.commandLines;
  else if (key === "i") view.idle = !view.idle;
  else if (key === "1") view.processors = !view.processors;
  else if (key === "l") view.clock = !view.clock;
  else if (key === "<") view.sort = names[Math.max(0, names.indexOf(view.sort) - 1)]!;
  else if (key === ">") view.sort = names[Math.min(names.length - 1, names.indexOf(view.sort) + 1)]!;
  else if (!QUIET.has(key)) return " Unknown command - try 'h' for help ";
  return "";
}

/** top(1) of procps-ng: `-b` and `-n` as in scripts; on a terminal it draws anew every `-d` seconds, and at once for a key. */
export const top: Program = function* (p) {
  let count = Number.POSITIVE_INFINITY;
  let batch = false;
  let view: View;
  try {
    const o = parseOptions(p.argv.slice(1), { short: "bcd:HiE:e:ln:o:Op:sSu:U:w::1", standard: false });
    const [n, d] = [o.value("n"), o.value("d")];
    if (n !== undefined && !(/^\d+$/.test(n) && Number(n) > 0)) throw new Refused(`bad iterations argument '${n}'`);
    if (d !== undefined && !/^(\d+\.?\d*|\.\d+)$/.test(d)) throw new Refused(`bad delay interval '${d}'`);
    if (n !== undefined) count = Number(n);
    batch = o.has("b");
    view = viewOf(p, o);
    if (d !== undefined) view.delay = Math.round(Number(d) * SECOND);
  } catch (error) {
    if (error instanceof Refused) {
      yield* sys.printError(p, `top: ${error.message}\n`);
      return 1;
    }
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
  let complaint = "";
  try {
    if (tty) tty.termios = { ...tty.termios, icanon: false, echo: false };
    for (let i = 0; i < count; i++) {
      const text = screen(p, view);
      const rows = tty
        ? text
            .split("\n")
            .slice(0, tty.rows - 1)
            .map((line) => line.slice(0, tty.columns))
        : undefined;
      yield* sys.print(p, rows ? `\x1b[H\x1b[J${rows.join("\n")}\n` : `${i > 0 ? "\n" : ""}${text}`);
      if (i + 1 >= count) break;
      if (complaint !== "") yield* tell(p, `\x1b[7m${complaint}\x1b[m`);
      complaint = "";
      let ends = false;
      const keys: Keyboard | undefined = tty && { tty, rest: yield* typedWithin(p, view.delay, true) };
      if (keys === undefined) yield* sleep(view.delay);
      while (keys !== undefined && keys.rest !== "") {
        const key = keys.rest[0]!;
        keys.rest = keys.rest.slice(1);
        const first = shown(p, view)[0]?.pid ?? 1;
        const said = (yield* question(p, keys, key, view, first)) ?? press(view, key);
        if (said === undefined) ends = true;
        else complaint = said;
      }
      if (ends) break;
    }
  } finally {
    if (tty && before) tty.termios = before;
  }
  return 0;
};

/** Lets the delay pass, or until keys are typed: those. */
function* typedWithin(p: Process, delay: number, interactive: boolean): Gen<string> {
  const tty = interactive ? p.fds.get(0)?.tty : undefined;
  const { kernel } = p.machine;
  if (tty === undefined) {
    yield* sleep(delay);
    return "";
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
  return typed;
}

/** The processes of a view in its order. */
function shown(p: Process, view: View): Seen[] {
  const key = COLUMNS[view.sort]!;
  const chosen = seenBy(p).filter(
    ({ process, pid }) =>
      (view.pids.length === 0 || view.pids.includes(pid)) &&
      (view.uid === undefined || (process.cred.uid === view.uid) !== view.others) &&
      (view.idle || process.cpuUsed > 0),
  );
  const sign = view.descending ? -1 : 1;
  chosen.sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    return x < y ? -sign : x > y ? sign : a.pid - b.pid;
  });
  return view.most > 0 ? chosen.slice(0, view.most) : chosen;
}

function screen(p: Process, view: View): string {
  const { machine } = p;
  const seen = seenBy(p);
  const states = seen.map((one) => statText(one)[0]);
  const count = (letter: string) => String(states.filter((state) => state === letter).length).padStart(3);
  const mib = (kib: number) => (kib / 1024).toFixed(1).padStart(8);
  const time = Math.max(SECOND, machine.kernel.now - machine.bootedAt) * machine.hardware.cpus;
  const busy = (seen.reduce((sum, { process }) => sum + process.cpuUsed, 0) * 100) / time;
  const share = (percent: number) => percent.toFixed(1).padStart(4);
  const total = machine.hardware.memoryKib;
  const used = usedKib(machine);
  const cache = Math.floor(total / 8) + Math.floor(machine.disk.used / 1024);
  const parts = ` ${share(busy)} us,  0.0 sy,  0.0 ni, ${share(100 - busy)} id,  0.0 wa,  0.0 hi,  0.0 si,  0.0 st `;
  const processors = view.processors
    ? Array.from({ length: machine.hardware.cpus }, (_, i) => `%Cpu${String(i).padEnd(3)}:${parts}`)
    : [`%Cpu(s):${parts}`];
  const head = [
    ...(view.clock ? [`top -${uptimeLine(p)}`] : []),
    `Tasks: ${String(seen.length).padStart(3)} total, ${count("R")} running, ${count("S")} sleeping, ${count("T")} stopped, ${count("Z")} zombie`,
    ...processors,
    `MiB Mem : ${mib(total)} total, ${mib(total - used - cache)} free, ${mib(used)} used, ${mib(cache)} buff/cache     `,
    `MiB Swap: ${mib(0)} total, ${mib(0)} free, ${mib(0)} used. ${mib(total - used)} avail Mem `,
    "",
    "    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND",
  ];
  return `${[...head, ...shown(p, view).map((one) => row(p, one, view))].join("\n")}\n`;
}

function row(p: Process, one: Seen, view: View): string {
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
  return `${cells.join(" ")} ${cpu.padStart(5)} ${memory.padStart(5)} ${time.padStart(9)} ${view.commandLines ? commandLine(process) : process.comm}`;
}
