/** pinky(1): who is logged in, and what is known of users. */
import type { Gen } from "../../kernel/index.ts";
import { textAt } from "../../machine/systemd/unit.ts";
import { userByName } from "../../machine/users.ts";
import { textOf } from "../../network/hosts.ts";
import type { ParsedOptions } from "../options.ts";
import { type Tool, tool, UsageError } from "../tool.ts";
import { wallTime } from "./when.ts";

/** The full name of an account, whose `&` stands for its own name with a capital; undefined where there is none. */
function fullName(t: Tool, name: string): string | undefined {
  if (userByName(t.p.ns.mnt, name) === undefined) return undefined;
  const line = textOf(t.p, "/etc/passwd")
    .split("\n")
    .find((one) => one.startsWith(`${name}:`));
  const [gecos = ""] = (line?.split(":")[4] ?? "").split(",");
  return gecos.replaceAll("&", name.charAt(0).toUpperCase() + name.slice(1));
}

function* long(t: Tool, o: ParsedOptions): Gen<void> {
  for (const name of o.operands) {
    const user = userByName(t.p.ns.mnt, name);
    t.out.add(`Login name: ${name.padEnd(28)}In real life:  ${fullName(t, name) ?? "???"}\n`);
    if (user === undefined) continue;
    if (!o.has("b")) t.out.add(`Directory: ${user.home.padEnd(29)}Shell:  ${user.shell}\n`);
    for (const [letter, file, title] of [
      ["h", ".project", "Project: "],
      ["p", ".plan", "Plan:\n"],
    ] as const) {
      const path = `${user.home}/${file}`;
      if (!o.has(letter) && textAt(t.p.machine, path) !== undefined) t.out.add(title + textOf(t.p, path));
    }
    t.out.add("\n");
  }
  yield* t.out.flush();
}

export const pinky = tool(
  {
    name: "pinky",
    short: "sfwiqbhlp",
    long: "lookup=lookup",
    usage: "[OPTION]... [USER]...",
    about: "A lightweight 'finger' program;  print user information.",
  },
  function* (t, o) {
    const last = o.list.findLast(({ key }) => key === "l" || key === "s")?.key;
    if (last === "l") {
      if (o.operands.length === 0)
        throw new UsageError("no username specified; at least one must be specified when using -l");
      yield* long(t, o);
      return 0;
    }
    const named = !o.has("w", "i", "q");
    const where = !o.has("i", "q");
    const idle = !o.has("q");
    const line = (user: string, name: string, tty: string, since: string, when: string, from: string) =>
      t.out.add(
        `${user.padEnd(8)}${named ? ` ${name.slice(0, 19).padEnd(19)}` : ""} ${tty.padEnd(9)}${idle ? ` ${since.padEnd(6)}` : ""} ${when}${where && from !== "" ? ` ${from}` : ""}\n`,
      );
    if (!o.has("f")) line("Login", "Name", " TTY", "Idle", "When".padEnd(16), "Where");
    for (const { user, line: tty, at, from } of t.p.machine.logins) {
      if (o.operands.length > 0 && !o.operands.includes(user)) continue;
      line(user, fullName(t, user) ?? "        ???", ` ${tty}`, "", wallTime(t.p, at, "%Y-%m-%d %H:%M"), from);
    }
    return 0;
  },
);
