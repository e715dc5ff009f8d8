/** Who runs when and where: renice, ionice, taskset, chrt, flock. */

import { type Gen, SECOND, WaitQueue, wait } from "../../kernel/index.ts";
import { cpuList, cpuMask } from "../../machine/cpu-list.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Inode } from "../../machine/inode.ts";
import type { Machine } from "../../machine/machine.ts";
import { exitCode, type Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { userByName } from "../../machine/users.ts";
import { searchPath } from "../text/env.ts";
import { Fatal, type Tool, tool, UsageError } from "../tool.ts";
import { byPid, seenBy } from "./process-view.ts";

const VERSION = "util-linux 2.38.1";

/** Runs a command in this process's place, as these programs do after having set something. */
function* become(t: Tool, argv: readonly string[]): Gen<never> {
  const path = searchPath(t.p, argv[0]!);
  yield* t.out.flush();
  if (path === undefined) throw new Fatal(`failed to execute ${argv[0]}: No such file or directory`, 127);
  try {
    return yield* sys.exec(t.p, path, argv);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Fatal(`failed to execute ${argv[0]}: ${error.message}`, 126);
  }
}

/** renice(1). */
export const renice = tool(
  {
    name: "renice",
    usage:
      "[-n] <priority> [-p|--pid] <pid>...\n renice [-n] <priority>  -g|--pgrp <pgid>...\n renice [-n] <priority>  -u|--user <user>...",
    about: "",
    version: `renice from ${VERSION}`,
    short: "n:pgu",
    long: "priority:=n pid=p pgrp=g user=u",
    rewrite: (args) => (/^[-+]?\d+$/.test(args[0] ?? "") ? ["-n", ...args] : args),
  },
  function* (t, o) {
    const text = o.value("n");
    if (text === undefined || o.operands.length === 0) throw new UsageError("not enough arguments");
    if (!/^[-+]?\d+$/.test(text)) throw new UsageError(`invalid priority '${text}'`);
    const wanted = Math.max(-20, Math.min(19, Number(text)));
    for (const word of o.operands) {
      const user = o.has("u") ? userByName(t.p.ns.mnt, word) : undefined;
      const hit = o.has("u")
        ? seenBy(t.p)
            .filter(({ process }) => process.cred.uid === user?.uid)
            .map(({ process }) => process)
        : o.has("g")
          ? seenBy(t.p)
              .filter(({ process }) => process.group === Number(word))
              .map(({ process }) => process)
          : [byPid(t.p, Number(word))].filter((one) => one !== undefined);
      const what = o.has("u") ? "user ID" : o.has("g") ? "process group ID" : "process ID";
      if (hit.length === 0) {
        yield* t.error(`failed to get priority for ${word} (${what}): No such process`);
        continue;
      }
      const old = hit[0]!.nice;
      if (t.p.cred.uid !== 0 && (hit.some((one) => one.cred.uid !== t.p.cred.uid) || wanted < old)) {
        const foreign = hit.some((one) => one.cred.uid !== t.p.cred.uid);
        yield* t.error(
          `failed to set priority for ${word} (${what}): ${foreign ? "Operation not permitted" : "Permission denied"}`,
        );
        continue;
      }
      for (const one of hit) one.nice = wanted;
      t.out.add(`${word} (${what}) old priority ${old}, new priority ${wanted}\n`);
    }
    return t.status;
  },
);

const CLASSES = ["none", "realtime", "best-effort", "idle"];

/** What processes were given; the model's disk has no queue. */
const scheduled = new WeakMap<Process, string>();

/** ionice(1): the class is kept and told. */
export const ionice = tool(
  {
    name: "ionice",
    usage:
      "[options] -p <pid>...\n ionice [options] -P <pgid>...\n ionice [options] -u <uid>...\n ionice [options] <command>",
    about: "",
    version: `ionice from ${VERSION}`,
    short: "+c:n:p:P:tu:",
    long: "class:=c classdata:=n pid:=p ignore=t",
  },
  function* (t, o) {
    const pid = o.value("p");
    const word = o.value("c");
    const named = word === undefined ? 2 : /^[0-3]$/.test(word) ? Number(word) : CLASSES.indexOf(word.toLowerCase());
    if (word !== undefined && named < 0 && !o.has("t")) throw new Fatal(`unknown scheduling class: '${word}'`);
    const data = o.value("n");
    if (data !== undefined && !/^\d+$/.test(data)) throw new Fatal(`invalid class data argument: '${data}'`);
    const name = CLASSES[Math.max(0, named)]!;
    const given = named === 0 || named === 3 ? name : `${name}: prio ${data ?? 4}`;
    const sets = o.has("c", "n");
    if (pid === undefined && o.operands.length > 0) {
      if (sets) scheduled.set(t.p, given);
      return yield* become(t, o.operands);
    }
    for (const each of pid === undefined ? [String(t.p.pid)] : [pid, ...o.operands]) {
      const process = pid === undefined ? t.p : byPid(t.p, Number(each));
      if (process === undefined) throw new Fatal(`ioprio_${sets ? "set" : "get"} failed: No such process`);
      if (sets) scheduled.set(process, given);
      else t.out.add(`${scheduled.get(process) ?? "none: prio 0"}\n`);
    }
    return 0;
  },
);

/** taskset(1): processes run where their control groups let them. */
export const taskset = tool(
  {
    name: "taskset",
    usage: "[options] [mask | cpu-list] [pid|cmd [args...]]",
    about: "",
    version: `taskset from ${VERSION}`,
    short: "+acp",
    long: "all-tasks=a cpu-list=c pid=p",
  },
  function* (t, o) {
    if (o.has("p")) {
      const pid = o.operands.at(-1);
      if (pid === undefined) throw new UsageError("bad usage");
      const asked = byPid(t.p, Number(pid));
      if (asked === undefined) throw new Fatal(`failed to get pid ${pid}'s affinity: No such process`);
      const cpus = t.p.machine.cpu.cpusOf(asked.ns.cgroup);
      const list = o.has("c") ? `affinity list: ${cpuList(cpus, 3)}` : `affinity mask: ${cpuMask(cpus)}`;
      t.out.add(`pid ${pid}'s current ${list}\n`);
      if (o.operands.length > 1) t.out.add(`pid ${pid}'s new ${list}\n`);
      return 0;
    }
    const [mask = "", ...command] = o.operands;
    if (command.length === 0) throw new UsageError("bad usage");
    if (o.has("c") && !/^\d+(-\d+(:\d+)?)?(,\d+(-\d+(:\d+)?)?)*$/.test(mask))
      throw new Fatal(`failed to parse CPU list: ${mask}`);
    if (!o.has("c") && !/^(0x)?[\da-f]+(,[\da-f]+)*$/i.test(mask)) throw new Fatal(`failed to parse CPU mask: ${mask}`);
    return yield* become(t, command);
  },
);

/** chrt(1): shows policies. */
export const chrt = tool(
  {
    name: "chrt",
    usage: "[options] <priority> <command> [<arg>...]",
    about: "",
    version: `chrt from ${VERSION}`,
    short: "+abdfiormpvT:P:D:R",
    long: "pid=p max=m other=o batch=b fifo=f rr=r idle=i",
  },
  function* (t, o) {
    if (o.has("m")) {
      for (const [name, range] of [
        ["OTHER", "0/0"],
        ["FIFO", "1/99"],
        ["RR", "1/99"],
        ["BATCH", "0/0"],
        ["IDLE", "0/0"],
        ["DEADLINE", "0/0"],
      ])
        t.out.add(`SCHED_${name} min/max priority\t: ${range}\n`);
      return 0;
    }
    if (o.has("p")) {
      const pid = o.operands.at(-1) ?? "";
      if (byPid(t.p, Number(pid)) === undefined) throw new Fatal(`failed to get pid ${pid}'s policy: No such process`);
      t.out.add(`pid ${pid}'s current scheduling policy: SCHED_OTHER\npid ${pid}'s current scheduling priority: 0\n`);
      return 0;
    }
    const [priority = "", ...command] = o.operands;
    if (command.length === 0) throw new UsageError("bad usage");
    if (!/^-?\d+$/.test(priority)) throw new Fatal(`invalid priority argument: '${priority}'`);
    return yield* become(t, command);
  },
);

interface Lock {
  holders: number;
  exclusive: boolean;
  freed: WaitQueue;
}

/** Locks of flock(2), by the machine and the file. */
const locks = new WeakMap<Machine, WeakMap<Inode, Lock>>();

/** flock(1) around a command; with a descriptor it holds as long as this process lives, which is not modelled further. */
export const flock = tool(
  {
    name: "flock",
    usage:
      "[options] <file>|<directory> <command> [<argument>...]\n flock [options] <file>|<directory> -c <command>\n flock [options] <file descriptor number>",
    about: "",
    version: `flock from ${VERSION}`,
    usageStatus: 64,
    short: "+sxeunw:oE:F",
    long: "shared=s exclusive=x unlock=u nonblock=n timeout:=w close=o conflict-exit-code:=E verbose=verbose no-fork=F",
  },
  function* (t, o) {
    const [file, ...words] = o.operands;
    const limit = o.value("w");
    if (limit !== undefined && !/^\d*\.?\d+$/.test(limit)) throw new Fatal(`invalid timeout value: '${limit}'`, 64);
    if (file === undefined) throw new UsageError("not enough arguments");
    if (words.length === 0 && /^\d+$/.test(file)) {
      if (!t.p.fds.has(Number(file))) throw new Fatal(`${file}: Bad file descriptor`, 65);
      return 0;
    }
    if (words.length === 0) throw new Fatal(`bad file descriptor: '${file}'`, 64);
    const command = words[0] === "-c" ? ["/bin/sh", "-c", words[1] ?? ""] : words;
    let node = sys.find(t.p, file);
    if (node === undefined) {
      try {
        sys.writeText(t.p, file, "");
      } catch (error) {
        if (!isErrno(error)) throw error;
        throw new Fatal(`cannot open lock file ${file}: ${error.message}`, 66);
      }
      node = sys.stat(t.p, file);
    }
    const lock = lockOf(t.p.machine, node);
    const shared = o.has("s");
    const timeout = o.value("w");
    const until = timeout === undefined ? undefined : t.p.machine.kernel.now + Number(timeout) * SECOND;
    while (lock.holders > 0 && !(shared && !lock.exclusive)) {
      const left = until === undefined ? undefined : until - t.p.machine.kernel.now;
      if (o.has("n") || (left !== undefined && left <= 0)) return Number(o.value("E") ?? 1);
      yield* left === undefined ? wait(lock.freed) : wait(lock.freed, left);
    }
    lock.holders++;
    lock.exclusive = !shared;
    try {
      const path = searchPath(t.p, command[0]!);
      if (path === undefined) throw new Fatal(`failed to execute ${command[0]}: No such file or directory`, 69);
      const child = yield* sys.spawn(t.p, path, { argv: command });
      return exitCode((yield* sys.waitFor(t.p, child))!.status);
    } finally {
      lock.holders--;
      lock.freed.wakeAll();
    }
  },
);

function lockOf(machine: Machine, node: Inode): Lock {
  const own = locks.get(machine) ?? new WeakMap<Inode, Lock>();
  locks.set(machine, own);
  const lock = own.get(node) ?? { holders: 0, exclusive: false, freed: new WaitQueue() };
  own.set(node, lock);
  return lock;
}
