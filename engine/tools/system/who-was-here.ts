/** Who is and was logged in: last, lastlog, users, logname; nologin(8) for those who may not. */

import { KERNEL_RELEASE } from "../../machine/base/proc.ts";
import type { Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { users as accounts } from "../../machine/users.ts";
import { quote, tool, UsageError } from "../tool.ts";
import { wallTime } from "./when.ts";

/** last(1): sessions that go on, and this boot; ended sessions are not kept. */
export const last = tool(
  {
    name: "last",
    usage: "[options] [<username>...] [<tty>...]",
    about: "",
    version: "last from util-linux 2.38.1",
    short: "adf:FiIn:p:Rs:t:wx0123456789",
    long: "limit:=n fullnames=w fulltimes=F system=x",
  },
  function* (t, o) {
    const { machine } = t.p;
    const when = (at: number) => wallTime(t.p, at, o.has("F") ? "%a %b %e %H:%M:%S %Y" : "%a %b %e %H:%M");
    const rows = [...machine.logins]
      .sort((a, b) => b.at - a.at)
      .map(
        ({ user, line, from, at }) =>
          `${user.padEnd(8)} ${line.padEnd(12)} ${(from || "").padEnd(16)} ${when(at)}   still logged in`,
      );
    rows.push(`reboot   system boot  ${KERNEL_RELEASE.padEnd(16)} ${when(machine.bootedAt)}   still running`);
    const digits = o.list
      .filter(({ key }) => /^\d$/.test(key))
      .map(({ key }) => key)
      .join("");
    const most = Number(o.value("n") ?? (digits || rows.length));
    const wanted = rows.filter((row) => o.operands.length === 0 || o.operands.includes(row.split(" ")[0]!));
    for (const row of wanted.slice(0, most)) t.out.add(`${row}\n`);
    t.out.add(`\nwtmp begins ${wallTime(t.p, machine.bootedAt, "%a %b %e %H:%M:%S %Y")}\n`);
    return 0;
  },
);

/** lastlog(8). */
export const lastlog = tool(
  {
    name: "lastlog",
    usage: "[options]",
    about: "",
    version: "lastlog",
    short: "b:CRSt:u:",
    long: "user:=u time:=t before:=b",
  },
  function* (t, o) {
    const { machine } = t.p;
    t.out.add("Username         Port     From                                       Latest\n");
    for (const { name } of accounts(t.p.ns.mnt)) {
      if (o.value("u") !== undefined && o.value("u") !== name) continue;
      const login = machine.logins.findLast(({ user }) => user === name);
      t.out.add(
        login === undefined
          ? `${name.padEnd(43)}                 **Never logged in**\n`
          : `${name.padEnd(16)} ${login.line.padEnd(8)} ${login.from.padEnd(42)} ${wallTime(t.p, login.at, "%a %b %e %H:%M:%S %z %Y")}\n`,
      );
    }
    return 0;
  },
);

/** users(1). */
export const users = tool({ name: "users", usage: "[OPTION]... [FILE]", about: "", short: "" }, function* (t, o) {
  if (o.operands.length > 1) throw new UsageError(`extra operand ${quote(o.operands[1]!)}`);
  const names = t.p.machine.logins.map(({ user }) => user).sort();
  if (names.length > 0) t.out.add(`${names.join(" ")}\n`);
  return 0;
});

/** logname(1): whose session this is, whatever su has made of it. */
export const logname = tool({ name: "logname", usage: "[OPTION]", about: "", short: "" }, function* (t) {
  const login = t.p.machine.logins.find(({ tty }) => tty === t.p.tty);
  if (login === undefined) {
    yield* t.error("no login name");
    return 1;
  }
  t.out.add(`${login.user}\n`);
  return 0;
});

/** nologin(8). */
export const nologin: Program = function* (p) {
  yield* sys.print(p, "This account is currently not available.\n");
  return 1;
};
