/** passwd, chpasswd, chage and chsh. */
import { decode, type Gen } from "../../../kernel/index.ts";
import type { Process, Program } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { userByUid } from "../../../machine/users.ts";
import { calendar, strftime } from "../../../text/time.ts";
import { Fatal, tool } from "../../tool.ts";
import { Accounts, hashed, requireRoot, today } from "./files.ts";

const VERSION = "shadow-utils 4.13";

/** Reads one line without echo. */
function* secret(p: Process, prompt: string, rest: { text: string }): Gen<string | undefined> {
  yield* sys.printError(p, prompt);
  const tty = p.fds.get(0)?.tty;
  const echo = tty?.termios.echo;
  if (tty) tty.termios.echo = false;
  try {
    while (!rest.text.includes("\n")) {
      const bytes = yield* sys.read(p, 0);
      if (bytes.length === 0) break;
      rest.text += decode(bytes);
    }
  } finally {
    if (tty && echo !== undefined) tty.termios.echo = echo;
  }
  const end = rest.text.indexOf("\n");
  if (end < 0) return undefined;
  const line = rest.text.slice(0, end);
  rest.text = rest.text.slice(end + 1);
  yield* sys.printError(p, "\n");
  return line;
}

/** Asks twice for a new password and hands it on; PAM's words. */
export function* setPassword(p: Process, name: string, store: (password: string) => void): Gen<number> {
  const rest = { text: "" };
  const first = yield* secret(p, "New password: ", rest);
  const second = first === undefined ? undefined : yield* secret(p, "Retype new password: ", rest);
  if (first === undefined || second === undefined) {
    yield* sys.printError(p, `\n${name}: Authentication token manipulation error\n${name}: password unchanged\n`);
    return 10;
  }
  if (first !== second) {
    yield* sys.printError(
      p,
      `Sorry, passwords do not match.\n${name}: Authentication token manipulation error\n${name}: password unchanged\n`,
    );
    return 10;
  }
  if (first === "") {
    yield* sys.printError(p, "No password has been supplied.\n");
    yield* sys.printError(p, `${name}: Authentication token manipulation error\n${name}: password unchanged\n`);
    return 10;
  }
  store(first);
  yield* sys.printError(p, `${name}: password updated successfully\n`);
  return 0;
}

export const passwd: Program = tool(
  {
    name: "passwd",
    usage: "[options] [LOGIN]",
    about: "",
    version: VERSION,
    short: "adei:kln:qr:R:Suw:x:",
    long: "all=a delete=d expire=e inactive:=i keep-tokens=k lock=l mindays:=n quiet=q status=S unlock=u warndays:=w maxdays:=x",
    usageStatus: 2,
  },
  function* (t, o) {
    const { p } = t;
    const name = o.operands[0] ?? userByUid(p.ns.mnt, p.cred.uid)?.name ?? "root";
    const accounts = new Accounts(p);
    if (accounts.user(name) === undefined) throw new Fatal(`user '${name}' does not exist`, 1);
    const own = userByUid(p.ns.mnt, p.cred.uid)?.name === name;
    if (p.cred.uid !== 0 && (!own || o.has("l", "u", "d", "e"))) {
      throw new Fatal(`You may not view or modify password information for ${name}.`, 1);
    }
    const line = accounts.shadowOf(name);
    if (line === undefined) throw new Fatal("Permission denied.", 1);
    if (o.has("S")) {
      const state = line[1] === "" ? "NP" : /^[!*]/.test(line[1]!) ? "L" : "P";
      const day = new Array(3).fill("-1");
      t.out.add(
        `${name} ${state} ${dateOf("%F", Number(line[2] || 0))} ${line[3] || 0} ${line[4] || 99_999} ${line[5] || 7} ${line[6] || day[0]}\n`,
      );
      return 0;
    }
    const quiet = o.has("q");
    if (o.has("l", "u", "d", "e")) {
      if (o.has("l") && !line[1]!.startsWith("!")) line[1] = `!${line[1]}`;
      if (o.has("u")) {
        if (/^!+$/.test(line[1]!)) {
          throw new Fatal(
            "unlocking the password would result in a passwordless account.\nYou should set a password with usermod -p to unlock the password of this account.",
            3,
          );
        }
        line[1] = line[1]!.replace(/^!/, "");
      }
      if (o.has("d")) line[1] = "";
      if (o.has("e")) line[2] = "0";
      accounts.save();
      if (!quiet) yield* sys.printError(p, `passwd: password ${o.has("e") ? "expiry information " : ""}changed.\n`);
      return 0;
    }
    return yield* setPassword(p, "passwd", (password) => {
      line[1] = hashed(p, password);
      line[2] = today(p);
      accounts.save();
    });
  },
);

/** A day as a format of strftime has it. `days` since 1970. */
const dateOf = (format: string, days: number): string => strftime(format, calendar(days * 86_400));

export const chpasswd: Program = tool(
  {
    name: "chpasswd",
    usage: "[options]",
    about: "",
    version: VERSION,
    short: "c:emR:s:",
    long: "crypt-method:=c encrypted=e",
    usageStatus: 2,
  },
  function* (t, o) {
    const { p } = t;
    requireRoot(p, "chpasswd");
    const accounts = new Accounts(p);
    const lines = decode(yield* sys.readAll(p, 0)).split("\n");
    let failed = false;
    for (const [i, text] of lines.entries()) {
      if (text === "") continue;
      const colon = text.indexOf(":");
      if (colon < 0) {
        yield* sys.printError(p, `chpasswd: line ${i + 1}: missing new password\n`);
        failed = true;
        continue;
      }
      const [name, password] = [text.slice(0, colon), text.slice(colon + 1)];
      const line = accounts.shadowOf(name);
      if (line === undefined) {
        yield* sys.printError(
          p,
          `chpasswd: (user ${name}) pam_chauthtok() failed, error:\nAuthentication token manipulation error\nchpasswd: (line ${i + 1}, user ${name}) password not changed\n`,
        );
        failed = true;
        continue;
      }
      line[1] = o.has("e") ? password : hashed(p, password);
      line[2] = today(p);
    }
    accounts.save();
    return failed ? 1 : 0;
  },
);

export const chsh: Program = tool(
  { name: "chsh", usage: "[options] [LOGIN]", about: "", version: VERSION, short: "s:R:", long: "shell:=s" },
  function* (t, o) {
    const { p } = t;
    const name = o.operands[0] ?? userByUid(p.ns.mnt, p.cred.uid)?.name ?? "root";
    const accounts = new Accounts(p);
    const user = accounts.user(name);
    if (user === undefined) throw new Fatal(`user '${name}' does not exist`, 1);
    const shell = o.value("s") ?? "";
    const known = sys.readText(p, "/etc/shells").split("\n");
    if (p.cred.uid !== 0) throw new Fatal("PAM: Authentication failure", 1);
    if (!known.includes(shell)) {
      if (sys.find(p, shell) === undefined) yield* sys.printError(p, `chsh: Warning: ${shell} does not exist\n`);
      else yield* sys.printError(p, `chsh: Warning: ${shell} is an invalid shell\n`);
    }
    user[6] = shell;
    accounts.save();
    return 0;
  },
);

export const chage: Program = tool(
  {
    name: "chage",
    usage: "[options] LOGIN",
    about: "",
    version: VERSION,
    short: "d:E:iI:lm:M:R:W:",
    long: "lastday:=d expiredate:=E inactive:=I list=l mindays:=m maxdays:=M warndays:=W",
    usageStatus: 2,
  },
  function* (t, o) {
    const { p } = t;
    const [name] = o.operands;
    if (name === undefined) throw new Fatal("", 2, "Usage: chage [options] LOGIN\n\n");
    const accounts = new Accounts(p);
    if (p.cred.uid !== 0 && !o.has("l")) throw new Fatal("Permission denied.", 1);
    const line = accounts.shadowOf(name);
    if (accounts.user(name) === undefined || line === undefined) {
      throw new Fatal(`user '${name}' does not exist in /etc/passwd`, 1);
    }
    if (o.has("l")) {
      const never = Number(line[4] || 99_999) > 10_000;
      t.out.add(
        `Last password change\t\t\t\t\t: ${longDate(Number(line[2] || 0))}\nPassword expires\t\t\t\t\t: ${never ? "never" : longDate(Number(line[2]) + Number(line[4]))}\n` +
          `Password inactive\t\t\t\t\t: never\nAccount expires\t\t\t\t\t\t: ${line[7] ? longDate(Number(line[7])) : "never"}\n` +
          `Minimum number of days between password change\t\t: ${line[3] || 0}\nMaximum number of days between password change\t\t: ${line[4] || 99_999}\n` +
          `Number of days of warning before password expires\t: ${line[5] || 7}\n`,
      );
      return 0;
    }
    for (const [key, field] of Object.entries({ d: 2, m: 3, M: 4, W: 5, I: 6, E: 7 })) {
      if (o.value(key) !== undefined) line[field] = o.value(key) === "-1" ? "" : o.value(key)!;
    }
    accounts.save();
    return 0;
  },
);

const longDate = (days: number): string => dateOf("%b %d, %Y", days);
