/** Messages between users at terminals: wall(1), write(1), mesg(1). */
import type { Gen } from "../../kernel/index.ts";
import { decode, encode } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Login } from "../../machine/login.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import type { Tty } from "../../machine/tty.ts";
import { groupByName, userName } from "../../machine/users.ts";
import { readWhole } from "../io.ts";
import { Fatal, type Tool, tool, UsageError } from "../tool.ts";
import { wallTime } from "./when.ts";

const VERSION = "util-linux 2.38.1";

/** Shows a text on a terminal that may belong to somebody else. */
function* show(tty: Tty, text: string): Gen<void> {
  yield* tty.write(encode(text));
}

/** Whether others may write to a terminal; root may always. */
function open(p: Process, tty: Tty): boolean {
  return p.cred.uid === 0 || tty.uid === p.cred.uid || tty.open;
}

/** A line of 79 columns, with what ends it: what was there before is wiped away. */
function boxed(line: string): string {
  const out: string[] = [];
  for (let at = 0; at === 0 || at < line.length; at += 79) out.push(`${line.slice(at, at + 79).padEnd(79)} \r\n`);
  return out.join("");
}

/** wall(1): a message to all who are logged in. */
export const wall = tool(
  {
    name: "wall",
    usage: "[options] [<file> | <message>]",
    about: "Write a message to all users.",
    version: `wall from ${VERSION}`,
    short: "nt:g:",
    long: "nobanner=n timeout:=t group:=g",
  },
  function* (t, o) {
    const { p } = t;
    const timeout = o.value("t");
    if (timeout !== undefined && !/^[1-9]\d*$/.test(timeout)) throw new Fatal(`invalid timeout argument: '${timeout}'`);
    const group = o.value("g");
    const members = group === undefined ? undefined : groupByName(p.ns.mnt, group);
    if (group !== undefined && members === undefined) throw new Fatal(`invalid group argument: '${group}'`);
    const text = yield* message(t, o.operands);
    const from = userName(p.ns.mnt, p.cred.uid);
    const banner =
      o.has("n") && p.cred.uid === 0
        ? ""
        : `\x07\x07${boxed(
            `Broadcast message from ${from}@${p.machine.hostname} (${p.tty?.name.slice(5) ?? "somewhere"}) (${wallTime(p, p.machine.kernel.now, "%a %b %e %H:%M:%S %Y")}):`,
          )}`;
    const body = text.replace(/\n$/, "").split("\n").map(boxed).join("");
    for (const login of p.machine.logins) {
      if (members !== undefined && !members.members.includes(login.user)) continue;
      if (open(p, login.tty)) yield* show(login.tty, `\r${boxed("")}${banner}${boxed("")}${body}${boxed("")}`);
    }
    return 0;
  },
);

/** The words of the command line, or what a file or standard input holds. */
function* message({ p }: Tool, operands: readonly string[]): Gen<string> {
  const [first] = operands;
  if (first === undefined) return decode(yield* readWhole(p, 0));
  if (operands.length > 1 || sys.find(p, first)?.kind !== "file") return operands.join(" ");
  try {
    return sys.readText(p, first);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Fatal(`cannot open ${first}: ${error.message}`);
  }
}

/** write(1): lines to one user's terminal, until the input ends. */
export const write = tool(
  {
    name: "write",
    usage: "[options] <user> [<ttyname>]",
    about: "Send a message to another user.",
    version: `write from ${VERSION}`,
    short: "",
  },
  function* (t, o) {
    const { p } = t;
    const [user, line] = o.operands;
    if (user === undefined) throw new UsageError("bad usage");
    const own = p.machine.logins.filter((login) => login.user === user);
    if (own.length === 0) throw new Fatal(`${user} is not logged in`);
    const to = chosen(p, own, line?.replace(/^\/dev\//, ""));
    if (to === undefined) throw new Fatal(`${user} is not logged in on ${line}`);
    if (!open(p, to.tty)) throw new Fatal(`${user} has messages disabled${line === undefined ? "" : ` on ${line}`}`);
    const from = userName(p.ns.mnt, p.cred.uid);
    const at = wallTime(p, p.machine.kernel.now, "%H:%M");
    yield* show(
      to.tty,
      `\r\n\x07\x07\x07Message from ${from}@${p.machine.hostname} (${p.tty?.name.slice(5) ?? "somewhere"}) at ${at} ...\r\n`,
    );
    const lines = t.lines(0);
    for (let text = yield* lines.line(); text !== undefined; text = yield* lines.line())
      yield* show(to.tty, `${text}\r\n`);
    yield* show(to.tty, "EOF\r\n");
    return 0;
  },
);

/** The terminal that is named, else one that takes messages and is not the writer's own. */
function chosen(p: Process, logins: readonly Login[], line: string | undefined): Login | undefined {
  if (line !== undefined) return logins.find((login) => login.line === line);
  return (
    logins.find(({ tty }) => tty !== p.tty && open(p, tty)) ?? logins.find(({ tty }) => tty !== p.tty) ?? logins[0]
  );
}

/** mesg(1): whether others may write to this terminal. */
export const mesg = tool(
  {
    name: "mesg",
    usage: "[options] [y | n]",
    about: "Control write access of other users to your terminal.",
    version: `mesg from ${VERSION}`,
    short: "v",
    long: "verbose=v",
    usageStatus: 2,
  },
  function* (t, o) {
    const tty = [0, 1, 2].map((fd) => t.p.fds.get(fd)?.tty).find((one) => one !== undefined);
    if (tty === undefined) {
      if (o.has("v")) yield* t.error("no tty", 2);
      return 2;
    }
    const [word] = o.operands;
    if (word === undefined) {
      t.out.add(`is ${tty.open ? "y" : "n"}\n`);
      return tty.open ? 0 : 1;
    }
    if (!/^(?:y|n|yes|no)$/i.test(word)) throw new Fatal(`invalid argument: ${word}`, 2);
    tty.open = /^y/i.test(word);
    if (o.has("v")) t.out.add(`write access to your terminal is ${tty.open ? "allowed" : "denied"}\n`);
    return tty.open ? 0 : 1;
  },
);
