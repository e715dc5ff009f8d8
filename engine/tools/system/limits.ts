/** What a process is allowed and how it is judged: prlimit, choom, setarch, setpriv. */
import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Limits, Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import type { ParsedOptions } from "../options.ts";
import { searchPath } from "../text/env.ts";
import { Fatal, quote, type Tool, tool, UsageError } from "../tool.ts";
import { byPid } from "./process-view.ts";

const RESOURCES: readonly (readonly [
  name: string,
  letter: string,
  about: string,
  unit: string,
  soft: string,
  hard: string,
])[] = [
  ["AS", "v", "address space limit", "bytes", "unlimited", "unlimited"],
  ["CORE", "c", "max core file size", "bytes", "0", "unlimited"],
  ["CPU", "t", "CPU time", "seconds", "unlimited", "unlimited"],
  ["DATA", "d", "max data size", "bytes", "unlimited", "unlimited"],
  ["FSIZE", "f", "max file size", "bytes", "unlimited", "unlimited"],
  ["LOCKS", "x", "max number of file locks held", "locks", "unlimited", "unlimited"],
  ["MEMLOCK", "l", "max locked-in-memory address space", "bytes", "8388608", "8388608"],
  ["MSGQUEUE", "q", "max bytes in POSIX mqueues", "bytes", "819200", "819200"],
  ["NICE", "e", "max nice prio allowed to raise", "", "0", "0"],
  ["NOFILE", "n", "max number of open files", "files", "1024", "1048576"],
  ["NPROC", "u", "max number of processes", "processes", "31457", "31457"],
  ["RSS", "m", "max resident set size", "bytes", "unlimited", "unlimited"],
  ["RTPRIO", "r", "max real-time priority", "", "0", "0"],
  ["RTTIME", "y", "timeout for real-time tasks", "microsecs", "unlimited", "unlimited"],
  ["SIGPENDING", "i", "max number of pending signals", "signals", "31457", "31457"],
  ["STACK", "s", "max stack size", "bytes", "8388608", "unlimited"],
];

const COLUMNS = ["RESOURCE", "DESCRIPTION", "SOFT", "HARD", "UNITS"];

function currentLimit(p: Process, name: string): number | undefined {
  const { as, fsize, nofile, nproc } = p.limits;
  if (name === "AS") return as === undefined ? undefined : as * 1024;
  return name === "FSIZE" ? fsize : name === "NOFILE" ? nofile : name === "NPROC" ? nproc : undefined;
}

function withLimit(limits: Limits, name: string, value: number | undefined): Limits {
  if (name === "AS") return { ...limits, as: value === undefined ? undefined : Math.floor(value / 1024) };
  if (name === "FSIZE") return { ...limits, fsize: value };
  if (name === "NOFILE") return { ...limits, nofile: value };
  return name === "NPROC" ? { ...limits, nproc: value } : limits;
}

/** prlimit(1): shows limits of a process, and sets those that the system minds. */
export const prlimit = tool(
  {
    name: "prlimit",
    usage: "[options] [--<resource>=<limit>] [-p PID]\n prlimit [options] [--<resource>=<limit>] COMMAND",
    about: "Show or change the resource limits of a process.",
    version: "prlimit from util-linux 2.38.1",
    short: "+p:o:v::c::t::d::f::x::l::q::e::n::u::m::r::y::i::s::",
    long: `pid:=p output:=o noheadings=nh raw=raw verbose=verbose ${RESOURCES.map(([name, letter]) => `${name.toLowerCase()}::=${letter}`).join(" ")}`,
  },
  function* (t, o) {
    const pid = o.value("p");
    const of = pid === undefined ? t.p : byPid(t.p, Number(pid));
    const asked = o.list.filter(({ key }) => RESOURCES.some(([, letter]) => letter === key));
    if (of === undefined) {
      const first = RESOURCES.find(([, letter]) => asked[0]?.key === letter) ?? RESOURCES[0]!;
      throw new Fatal(`failed to get the ${first[0]} resource limit: No such process`);
    }
    for (const { key, value } of asked) {
      if (value === undefined) continue;
      const [name] = RESOURCES.find(([, letter]) => letter === key)!;
      const match = /^(\d+|unlimited|-1)?(?::(\d+|unlimited|-1)?)?$/.exec(value.replace(/^=/, ""));
      if (match === null) throw new Fatal(`failed to parse ${name} limit`);
      const soft = match[1] ?? match[2];
      of.limits = withLimit(of.limits, name, soft === undefined || !/^\d+$/.test(soft) ? undefined : Number(soft));
    }
    if (o.operands.length > 0) return yield* become(t, o.operands);
    const shown = asked.filter(({ value }) => value === undefined);
    if (asked.length > 0 && shown.length === 0) return 0;
    printLimits(t, o, of, shown.length === 0 ? undefined : new Set(shown.map(({ key }) => key)));
    return 0;
  },
);

function printLimits(t: Tool, o: ParsedOptions, p: Process, letters: ReadonlySet<string> | undefined): void {
  const columns = o.value("o")?.toUpperCase().split(",") ?? COLUMNS;
  const wrong = columns.find((name) => !COLUMNS.includes(name));
  if (wrong !== undefined) throw new Fatal(`unknown column: ${wrong.toLowerCase()}`);
  const rows = RESOURCES.filter(([, letter]) => letters?.has(letter) ?? true).map(
    ([name, , about, unit, soft, hard]) => {
      const own = currentLimit(p, name);
      const cells: Record<string, string> = {
        RESOURCE: name,
        DESCRIPTION: about,
        SOFT: own === undefined ? soft : String(own),
        HARD: own === undefined ? hard : String(own),
        UNITS: unit,
      };
      return columns.map((column) => cells[column]!);
    },
  );
  const table = o.has("nh") ? rows : [columns, ...rows];
  if (o.has("raw")) {
    for (const cells of table) t.out.add(`${cells.map((cell) => cell.replaceAll(" ", "\\x20")).join(" ")}\n`);
    return;
  }
  const widths = columns.map((_, i) => Math.max(...table.map((cells) => cells[i]!.length)));
  for (const cells of table) {
    const line = cells.map((cell, i) =>
      columns[i] === "SOFT" || columns[i] === "HARD"
        ? cell.padStart(widths[i]!)
        : i === cells.length - 1
          ? cell
          : cell.padEnd(widths[i]!),
    );
    t.out.add(`${line.join(" ")}\n`);
  }
}

function* become(t: Tool, argv: readonly string[]): Gen<number> {
  const path = searchPath(t.p, argv[0]!);
  try {
    if (path === undefined) throw new Fatal(`failed to execute ${argv[0]}: No such file or directory`, 127);
    return yield* sys.exec(t.p, path, argv);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Fatal(`failed to execute ${argv[0]}: ${error.message}`, 126);
  }
}

/** setarch(8) and the names it has for architectures; what a program is told by uname stays that of the machine. */
function architecture(name: string): Program {
  return tool(
    {
      name,
      usage:
        name === "setarch" ? "[<arch>] [options] [<program> [<argument>...]]" : "[options] [<program> [<argument>...]]",
      about: "Change the reported architecture and set personality flags.",
      version: `${name} from util-linux 2.38.1`,
      short: "+BFILRSTXZv3",
      long: "32bit=B fdpic-funcptrs=F short-inode=I addr-compat-layout=L addr-no-randomize=R whole-seconds=S sticky-timeouts=T read-implies-exec=X mmap-page-zero=Z 3gb=3 4gb=4 uname-2.6=u verbose=v list=list show::=show",
    },
    function* (t, o) {
      const words = [...o.operands];
      if (o.has("list")) {
        t.out.add(ARCHITECTURES.map((one) => `${one}\n`).join(""));
        return 0;
      }
      if (name === "setarch") {
        const first = words[0];
        if (first === undefined && o.list.length === 0)
          throw new Fatal("no architecture argument or personality flags specified");
        if (first !== undefined && ARCHITECTURES.includes(first)) words.shift();
        else if (first !== undefined && o.list.length === 0) throw new Fatal(`${first}: Unrecognized architecture`);
        while (words[0]?.startsWith("-")) words.shift();
      }
      return yield* become(t, words.length > 0 ? words : ["/bin/sh"]);
    },
  );
}

const ARCHITECTURES = ["uname26", "linux32", "linux64", "i386", "i486", "i586", "i686", "athlon", "x86_64"];

export const setarch = architecture("setarch");
export const linux32 = architecture("linux32");
export const linux64 = architecture("linux64");
export const i386 = architecture("i386");
export const x86_64 = architecture("x86_64");

/** choom(1): the score of the killer of processes when memory runs out. */
export const choom = tool(
  {
    name: "choom",
    usage: "[options] -p pid\n choom [options] -n number -p pid\n choom [options] -n number [--] command [args...]]",
    about: "Display and adjust OOM-killer score.",
    version: "choom from util-linux 2.38.1",
    short: "+n:p:",
    long: "adjust:=n pid:=p",
  },
  function* (t, o) {
    const pid = o.value("p");
    const number = o.value("n");
    if (number !== undefined && (!/^-?\d+$/.test(number) || Math.abs(Number(number)) > 1000))
      throw new Fatal(`invalid adjust argument: ${quote(number).replace("‘", "'").replace("’", "'")}`);
    if (pid !== undefined && o.operands.length > 0) throw new UsageError("invalid argument");
    if (pid === undefined) {
      if (o.operands.length === 0) throw new UsageError("no PID or COMMAND specified");
      if (number === undefined) throw new UsageError("no OOM score adjust value specified");
      return yield* become(t, o.operands);
    }
    const path = `/proc/${pid}`;
    if (sys.find(t.p, path) === undefined) throw new Fatal("failed to read OOM score value: No such file or directory");
    const read = (name: string) => sys.readText(t.p, `${path}/${name}`).trim();
    const adjust = read("oom_score_adj");
    if (number === undefined) {
      t.out.add(
        `pid ${pid}'s current OOM score: ${read("oom_score")}\npid ${pid}'s current OOM score adjust value: ${adjust}\n`,
      );
      return 0;
    }
    t.out.add(`pid ${pid}'s OOM score adjust value changed from ${adjust} to ${number}\n`);
    return 0;
  },
);

/** setpriv(1): a command as another user, without its groups. */
export const setpriv = tool(
  {
    name: "setpriv",
    usage: "[options] <program> [<argument>...]",
    about: "Run a program with different privilege settings.",
    version: "setpriv from util-linux 2.38.1",
    short: "+d",
    long: "dump=d no-new-privs=nnp ambient-caps:=ac inh-caps:=ic bounding-set:=bs ruid:=ruid euid:=euid rgid:=rgid egid:=egid reuid:=reuid regid:=regid clear-groups=cg keep-groups=kg init-groups=ig groups:=groups securebits:=sb pdeathsig:=pd selinux-label:=sl apparmor-profile:=ap reset-env=re",
    usageStatus: 1,
  },
  function* (t, o) {
    const { cred } = t.p;
    if (o.has("d")) {
      const groups = cred.groups.length > 0 ? cred.groups.join(",") : "[none]";
      t.out.add(
        `uid: ${cred.uid}\neuid: ${cred.uid}\ngid: ${cred.gid}\negid: ${cred.gid}\nSupplementary groups: ${groups}\nno_new_privs: 0\nInheritable capabilities: [none]\nAmbient capabilities: [none]\n`,
      );
      return 0;
    }
    if (o.operands.length === 0) throw new Fatal("No program specified");
    const uid = idOf(t, "/etc/passwd", o.value("reuid") ?? o.value("ruid") ?? o.value("euid"), "uid");
    const gid = idOf(t, "/etc/group", o.value("regid") ?? o.value("rgid") ?? o.value("egid"), "gid");
    const groupsSaid = o.has("cg", "kg", "ig", "groups");
    if (gid !== undefined && !groupsSaid)
      throw new Fatal("--[re]gid requires --keep-groups, --clear-groups, --init-groups, or --groups");
    const groups = o.has("cg")
      ? []
      : o.has("groups")
        ? o
            .value("groups")!
            .split(",")
            .map((name) => idOf(t, "/etc/group", name, "gid")!)
        : cred.groups;
    if (cred.uid !== 0 && ((uid ?? cred.uid) !== cred.uid || (gid ?? cred.gid) !== cred.gid))
      throw new Fatal("setresuid failed: Operation not permitted", 127);
    t.p.cred = { ...cred, uid: uid ?? cred.uid, gid: gid ?? cred.gid, groups };
    return yield* become(t, o.operands);
  },
);

function idOf(t: Tool, file: string, name: string | undefined, what: string): number | undefined {
  if (name === undefined) return undefined;
  if (/^\d+$/.test(name)) return Number(name);
  const line = sys
    .readText(t.p, file)
    .split("\n")
    .find((one) => one.startsWith(`${name}:`));
  if (line === undefined) throw new Fatal(`failed to parse ${what === "uid" ? "reuid" : "regid"}: '${name}'`);
  return Number(line.split(":")[2]);
}
