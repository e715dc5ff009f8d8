/** loginctl(1): sessions and users of systemd-logind. */
import type { Gen } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { userByName, userByUid } from "../../machine/users.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal, type Tool, tool } from "../tool.ts";
import { VERSION } from "./systemd-version.ts";

const LINGER = "/var/lib/systemd/linger";

interface Seen {
  id: string;
  uid: number;
  user: string;
  line: string;
  end: () => void;
}

function sessionsOf(t: Tool): Seen[] {
  const { machine } = t.p;
  return machine.logins.map((login) => ({
    id: /session-(\w+)\.scope/.exec(login.process.ns.cgroup)?.[1] ?? "1",
    uid: login.process.cred.uid,
    user: login.user,
    line: login.line,
    end: () => machine.signal(login.process, "HUP"),
  }));
}

function table(
  t: Tool,
  o: ParsedOptions,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  what: string,
): void {
  const all = o.has("no-legend") ? rows : [head, ...rows];
  const widths = head.map((_, i) => Math.max(0, ...all.map((row) => row[i]!.length)));
  // Numbers stand to the right of their columns.
  const cell = (text: string, i: number) =>
    head[i] === "UID" || head[i] === "SESSION" ? text.padStart(widths[i]!) : text.padEnd(widths[i]!);
  for (const row of all) t.out.add(`${row.map(cell).join(" ")}\n`);
  if (!o.has("no-legend")) t.out.add(`\n${rows.length} ${what} listed.\n`);
}

const lingers = (t: Tool, user: string): boolean => sys.find(t.p, `${LINGER}/${user}`) !== undefined;

function userOf(t: Tool, name: string) {
  const mnt = t.p.ns.mnt;
  const user = /^\d+$/.test(name) ? userByUid(mnt, Number(name)) : userByName(mnt, name);
  if (user === undefined) throw new Fatal(`Failed to look up user ${name}: No such process`);
  return user;
}

function pairs(t: Tool, o: ParsedOptions, all: readonly (readonly [string, string])[]): void {
  const wanted = o.values("p").flatMap((value) => value.split(","));
  for (const [name, value] of all) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    t.out.add(o.has("value") ? `${value}\n` : `${name}=${value}\n`);
  }
}

function showUser(t: Tool, o: ParsedOptions, name: string, status: boolean): void {
  const user = userOf(t, name);
  const own = sessionsOf(t).filter(({ uid }) => uid === user.uid);
  if (own.length === 0 && !lingers(t, user.name))
    throw new Fatal(`Failed to get user: User ID ${user.uid} is not logged in or lingering`);
  const ids = own.map(({ id }) => id).join(" ");
  if (status) {
    t.out.add(
      `${user.name} (${user.uid})\n           State: active\n        Sessions: ${ids}\n          Linger: ${lingers(t, user.name) ? "yes" : "no"}\n            Unit: user-${user.uid}.slice\n`,
    );
    return;
  }
  pairs(t, o, [
    ["UID", String(user.uid)],
    ["GID", String(user.gid)],
    ["Name", user.name],
    ["RuntimePath", `/run/user/${user.uid}`],
    ["Service", `user@${user.uid}.service`],
    ["Slice", `user-${user.uid}.slice`],
    ["Display", ""],
    ["State", own.length > 0 ? "active" : "lingering"],
    ["Sessions", ids],
    ["IdleHint", "no"],
    ["IdleSinceHint", "0"],
    ["IdleSinceHintMonotonic", "0"],
    ["Linger", lingers(t, user.name) ? "yes" : "no"],
  ]);
}

function* linger(t: Tool, on: boolean, names: readonly string[]): Gen<number> {
  for (const name of names.length > 0 ? names : [String(t.p.cred.uid)]) {
    const user = userOf(t, name);
    if (t.p.cred.uid !== 0) throw new Fatal(`Could not ${on ? "enable" : "disable"} linger: Access denied`);
    sys.makeAbove(t.p, `${LINGER}/x`, 0o755);
    if (sys.find(t.p, LINGER) === undefined) sys.mkdir(t.p, LINGER, 0o755);
    const path = `${LINGER}/${user.name}`;
    if (on) sys.writeText(t.p, path, "", 0o644);
    else if (sys.find(t.p, path) !== undefined) sys.unlink(t.p, path);
  }
  yield* t.out.flush();
  return 0;
}

export const loginctl = tool(
  {
    name: "loginctl",
    usage: "[OPTIONS...] COMMAND ...",
    about: "\nSend control commands to or query the login manager.\n",
    version: VERSION,
    short: "p:P:alH:M:n:o:s:",
    long: "property:=p all=a value full=l no-pager no-legend lines:=n output:=o kill-whom: signal:=s no-ask-password host:=H machine:=M",
  },
  function* (t, o) {
    const sessions = sessionsOf(t);
    const [verb = "list-sessions", ...names] = o.operands;
    switch (verb) {
      case "list-sessions":
        if (sessions.length === 0) t.out.add("No sessions.\n");
        else
          table(
            t,
            o,
            ["SESSION", "UID", "USER", "SEAT", "TTY"],
            sessions.map(({ id, uid, user, line }) => [id, String(uid), user, "", line]),
            "sessions",
          );
        return 0;
      case "list-users": {
        const users = [...new Map(sessions.map(({ uid, user }) => [uid, user]))];
        if (users.length === 0) t.out.add("No users.\n");
        else
          table(
            t,
            o,
            ["UID", "USER", "LINGER"],
            users.map(([uid, user]) => [String(uid), user, lingers(t, user) ? "yes" : "no"]),
            "users",
          );
        return 0;
      }
      case "list-seats":
        table(t, o, ["SEAT"], [["seat0"]], "seats");
        return 0;
      case "show-user":
      case "user-status":
        for (const name of names.length > 0 ? names : [String(t.p.cred.uid)])
          showUser(t, o, name, verb === "user-status");
        return 0;
      case "enable-linger":
      case "disable-linger":
        return yield* linger(t, verb === "enable-linger", names);
      case "terminate-user":
        for (const name of names) {
          const { uid } = userOf(t, name);
          for (const session of sessions) if (session.uid === uid) session.end();
        }
        return 0;
      case "seat-status":
        throw new Fatal("Could not get properties: Unknown object '/org/freedesktop/login1/seat/auto'.");
      case "session-status":
      case "show-session":
      case "terminate-session":
      case "kill-session":
        for (const name of names) {
          const found = sessions.find(({ id }) => id === name);
          const looks = verb === "session-status" || verb === "show-session";
          if (found === undefined)
            throw new Fatal(
              `${looks ? "Failed to get session path" : "Failed to issue method call"}: No session '${name}' known`,
            );
          if (!looks) {
            if (t.p.cred.uid !== 0 && t.p.cred.uid !== found.uid)
              throw new Fatal("Could not terminate session: Access denied");
            found.end();
          } else
            pairs(t, o, [
              ["Id", found.id],
              ["User", String(found.uid)],
              ["Name", found.user],
              ["TTY", found.line],
              ["Remote", "yes"],
              ["Service", "sshd"],
              ["Scope", `session-${found.id}.scope`],
              ["Type", "tty"],
              ["Class", "user"],
              ["Active", "yes"],
              ["State", "active"],
            ]);
        }
        return 0;
      default:
        throw new Fatal(`Unknown command verb ${verb}.`);
    }
  },
);
