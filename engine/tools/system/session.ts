import type { Program } from "../../machine/process.ts";
import { userName } from "../../machine/users.ts";
import { Fatal, quote, tool, UsageError } from "../tool.ts";
import { FACILITIES, priorityOf } from "./journal-match.ts";
import { uptimeLine } from "./memory.ts";
import { commandLine } from "./process-view.ts";
import { turnOff } from "./shutdown.ts";
import { wallTime } from "./when.ts";

/** who(1): the logins of this machine. */
export const who = tool(
  {
    name: "who",
    usage: "[OPTION]... [ FILE | ARG1 ARG2 ]",
    about: "Print information about users who are currently logged in.",
    short: "abdHlmpqrsTtu",
    long: "all=a heading=H count=q boot=b",
  },
  function* (t, o) {
    const { machine } = t.p;
    if (o.has("b")) {
      t.out.add(`         system boot  ${wallTime(t.p, machine.bootedAt, "%Y-%m-%d %H:%M")}\n`);
      return 0;
    }
    if (o.has("q")) {
      t.out.add(`${machine.logins.map(({ user }) => user).join(" ")}\n# users=${machine.logins.length}\n`);
      return 0;
    }
    if (o.has("H")) t.out.add("NAME     LINE         TIME             COMMENT\n");
    const mine = o.has("m") || o.operands.length === 2;
    for (const { user, line, at, from, tty } of machine.logins) {
      if (mine && tty !== t.p.tty) continue;
      t.out.add(
        `${user.padEnd(8)} ${line.padEnd(12)} ${wallTime(t.p, at, "%Y-%m-%d %H:%M")}${from === "" ? "" : ` (${from})`}\n`,
      );
    }
    return 0;
  },
);

/** w(1). */
export const w = tool(
  {
    name: "w",
    usage: "[options] [user ...]",
    about: "",
    short: "hsufoi",
    long: "no-header=h short=s from=f",
    version: "w from procps-ng 4.0.2",
  },
  function* (t, o) {
    const { machine } = t.p;
    if (!o.has("h"))
      t.out.add(`${uptimeLine(t.p)}\nUSER     TTY      FROM             LOGIN@   IDLE   JCPU   PCPU WHAT\n`);
    for (const { user, line, at, from, process, tty } of machine.logins) {
      const front = [...machine.processes.values()].find((one) => one.group === tty.foreground) ?? process;
      const since = wallTime(t.p, at, "%H:%M");
      t.out.add(
        `${user.padEnd(8)} ${line.padEnd(8)} ${(from || "-").padEnd(16)} ${since.padEnd(8)}  0.00s  0.00s  0.00s ${commandLine(front)}\n`,
      );
    }
    return 0;
  },
);

/** tty(1). */
export const ttyProgram = tool(
  {
    name: "tty",
    short: "s",
    long: "silent=s quiet=s",
    usage: "[OPTION]...",
    about: "Print the file name of the terminal connected to standard input.",
    usageStatus: 2,
  },
  function* (t, o) {
    if (o.operands.length > 0) throw new UsageError(`extra operand ${quote(o.operands[0]!)}`);
    const tty = t.p.fds.get(0)?.tty;
    if (!o.has("s")) t.out.add(tty ? `${tty.name}\n` : "not a tty\n");
    return tty ? 0 : 1;
  },
);

/** Older names of priorities. */
const OLDER: Readonly<Record<string, string>> = { error: "err", warn: "warning", panic: "emerg" };

/** logger(1): a line for the journal. */
export const logger = tool(
  {
    name: "logger",
    usage: "[options] [<message>]",
    about: "",
    short: "+eit:p:sf:",
    long: "tag:=t priority:=p id=i stderr=s file:=f skip-empty=e",
    version: "logger from util-linux 2.38.1",
  },
  function* (t, o) {
    const { p } = t;
    const [given = "", where = "user"] = (o.value("p") ?? "user.notice").split(".").reverse();
    const level = priorityOf(OLDER[given] ?? given);
    // Only the kernel speaks as the kernel.
    const facility = FACILITIES.indexOf(where === "kern" ? "user" : where === "security" ? "auth" : where);
    if (facility < 0) throw new Fatal(`unknown facility name: ${where}`);
    if (level === undefined) throw new Fatal(`unknown priority name: ${given}`);
    const identifier = o.value("t") ?? userName(p.ns.mnt, p.cred.uid);
    const say = (message: string) =>
      p.machine.journal.append({
        identifier,
        message,
        priority: level,
        transport: "syslog",
        uid: p.cred.uid,
        fields: { SYSLOG_FACILITY: String(facility) },
        ...(o.has("i") ? { pid: p.pid } : {}),
      });
    if (o.operands.length > 0) say(o.operands.join(" "));
    else {
      const file = o.value("f");
      const fd = file === undefined ? 0 : yield* t.open(file);
      if (fd === undefined) return 1;
      const lines = t.lines(fd);
      for (let line = yield* lines.line(); line !== undefined; line = yield* lines.line())
        if (line !== "" || !o.has("e")) say(line);
    }
    return 0;
  },
);

/** reboot(8), poweroff(8), halt(8). */
export const reboot: Program = (p) => turnOff(p, "reboot");
export const poweroff: Program = (p) => turnOff(p, "poweroff");
export const halt: Program = (p) => turnOff(p, "halt");
