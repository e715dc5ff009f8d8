import { type Gen, sleep } from "../../kernel/index.ts";
import { Errno, isErrno } from "../../machine/errno.ts";
import { loginEnvironment } from "../../machine/login.ts";
import { ROOT } from "../../machine/path.ts";
import { exitCode, type Process, type Program } from "../../machine/process.ts";
import type { Signal } from "../../machine/signal.ts";
import * as sys from "../../machine/sys.ts";
import type { Tty } from "../../machine/tty.ts";
import { credentialsOf, groups, type User, userByName, userByUid } from "../../machine/users.ts";
import { OptionError, parseOptions } from "../options.ts";
import { Fatal, tool } from "../tool.ts";

const SECURE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const KEPT = ["TERM", "LANG", "LANGUAGE", "DISPLAY", "COLORTERM", "XAUTHORITY"];
const RELAYED: Signal[] = ["TERM", "HUP", "USR1", "USR2", "ALRM"];

const USAGE = `usage: sudo -h | -K | -k | -V
usage: sudo -v [-ABkNnS] [-g group] [-h host] [-p prompt] [-u user]
usage: sudo -l [-ABkNnS] [-g group] [-h host] [-p prompt] [-U user]
            [-u user] [command [arg ...]]
usage: sudo [-ABbEHkNnPS] [-r role] [-t type] [-C num] [-D directory]
            [-g group] [-h host] [-p prompt] [-R directory] [-T timeout]
            [-u user] [VAR=value] [-i | -s] [command [arg ...]]
usage: sudo -e [-ABkNnS] [-r role] [-t type] [-C num] [-D directory]
            [-g group] [-h host] [-p prompt] [-R directory] [-T timeout]
            [-u user] file ...
`;

/** What the sudoers files let a user do: nothing, everything with a password, or everything. */
function rightsOf(p: Process, user: User): "none" | "password" | "nopasswd" {
  if (user.uid === 0) return "nopasswd";
  const own = new Set([
    user.name,
    "ALL",
    ...groups(p.ns.mnt)
      .filter((g) => g.gid === user.gid || g.members.includes(user.name))
      .map((g) => `%${g.name}`),
  ]);
  let rights: "none" | "password" | "nopasswd" = "none";
  const files = ["/etc/sudoers"];
  const extra = sys.find(p, "/etc/sudoers.d");
  if (extra?.kind === "dir")
    files.push(...[...sys.readDir(p, "/etc/sudoers.d").keys()].sort().map((name) => `/etc/sudoers.d/${name}`));
  for (const path of files) {
    if (sys.find(p, path)?.kind !== "file") continue;
    for (const line of sys.readText(p, path).split("\n")) {
      const match = /^(\S+)\s+\S+=(?:\([^)]*\))?\s*(NOPASSWD:)?\s*ALL/.exec(line);
      if (match && own.has(match[1]!)) rights = match[2] ? "nopasswd" : "password";
    }
  }
  return rights;
}

/** sudo(8): runs a command as another user, with a fresh environment and sudoers' secure_path. */
export const sudo: Program = function* (p) {
  const caller = userByUid(p.ns.mnt, p.cred.uid);
  let parsed: ReturnType<typeof parseOptions>;
  try {
    parsed = parseOptions(p.argv.slice(1), {
      short: "+AbEeHiKklnPSsVvu:g:h:p:U:C:D:R:T:r:t:",
      long: "user:=u group:=g login=i shell=s list=l non-interactive=n preserve-env::=E set-home=H validate=v reset-timestamp=k remove-timestamp=K stdin=S background=b chdir:=D",
    });
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    yield* sys.printError(p, `sudo: ${error.message}\n${USAGE}`);
    return 1;
  }
  const invoker = caller ?? {
    name: String(p.cred.uid),
    uid: p.cred.uid,
    gid: p.cred.gid,
    gecos: "",
    home: "/",
    shell: "/bin/sh",
  };
  const callerCred = p.cred;
  p.cred = ROOT;
  if (parsed.has("help") || parsed.has("version", "V")) {
    yield* sys.print(
      p,
      parsed.has("help") ? `sudo - execute a command as another user\n\n${USAGE}` : "Sudo version 1.9.13p3\n",
    );
    return 0;
  }
  if (parsed.has("k", "K") && parsed.operands.length === 0) return 0;
  const targetName = parsed.value("u") ?? "root";
  const target = targetName.startsWith("#")
    ? userByUid(p.ns.mnt, Number(targetName.slice(1)))
    : userByName(p.ns.mnt, targetName);
  if (target === undefined) {
    yield* sys.printError(p, `sudo: unknown user ${targetName}\nsudo: error initializing audit plugin sudoers_audit\n`);
    return 1;
  }
  const rights = rightsOf(p, invoker);
  const refused = yield* refuse(p, rights, invoker, parsed.has("n"));
  if (refused) return 1;
  if (parsed.has("l")) return yield* list(p, invoker, rights);
  if (parsed.has("v")) return 0;
  const words = [...parsed.operands];
  const env = environment(p, invoker, target, parsed.has("E"), callerCred.uid, callerCred.gid);
  while (words[0] !== undefined && /^[A-Za-z_][A-Za-z0-9_]*=/.test(words[0])) {
    const [assignment] = words.splice(0, 1);
    const at = assignment!.indexOf("=");
    env.set(assignment!.slice(0, at), assignment!.slice(at + 1));
  }
  const login = parsed.has("i");
  if (words.length === 0 && !login && !parsed.has("s")) {
    yield* sys.printError(p, USAGE);
    return 1;
  }
  const shell = login ? target.shell : (p.env.get("SHELL") ?? target.shell);
  let command: { path: string; argv: string[] };
  if (login || parsed.has("s")) {
    const name = shell.slice(shell.lastIndexOf("/") + 1);
    const inner = words.map(shellQuoted).join(" ");
    command = { path: shell, argv: [login ? `-${name}` : shell, ...(words.length > 0 ? ["-c", inner] : [])] };
  } else {
    const found = search(p, words[0]!);
    if (found === undefined) {
      yield* sys.printError(p, `sudo: ${words[0]}: command not found\n`);
      return 1;
    }
    command = { path: found, argv: words };
  }
  env.set("SUDO_COMMAND", [command.path, ...command.argv.slice(1)].join(" "));
  const cwd = parsed.value("D") ?? (login ? target.home : p.cwd);
  logCommand(p, invoker, target, command);
  return yield* runAs(p, target, command, env, cwd, "sudo");
};

function shellQuoted(word: string): string {
  return word.replace(/[^A-Za-z0-9_\-$]/g, (char) => `\\${char}`);
}

function* refuse(p: Process, rights: string, invoker: User, quiet: boolean): Gen<boolean> {
  if (rights === "nopasswd") return false;
  if (quiet || p.tty === undefined) {
    const message = quiet
      ? "sudo: a password is required\n"
      : "sudo: a terminal is required to read the password; either use the -S option to read from standard input or configure an askpass helper\nsudo: a password is required\n";
    yield* sys.printError(p, message);
    return true;
  }
  // No account here has a password, so none is right.
  for (let attempt = 0; attempt < 3; attempt++) {
    yield* sys.printError(p, `[sudo] password for ${invoker.name}: `);
    const line = yield* readHidden(p.tty);
    yield* sys.printError(p, "\n");
    if (line === "interrupted" || line.length === 0) return true;
    yield* sleep(2_000_000);
    if (attempt < 2) yield* sys.printError(p, "Sorry, try again.\n");
  }
  const message =
    rights === "none" ? `${invoker.name} is not in the sudoers file.\n` : "sudo: 3 incorrect password attempts\n";
  yield* sys.printError(p, message);
  return true;
}

/** A line typed without echo. */
function* readHidden(tty: Tty): Gen<Uint8Array | "interrupted"> {
  const { termios } = tty;
  tty.termios = { ...termios, echo: false };
  try {
    return yield* tty.read(4096);
  } finally {
    tty.termios = termios;
  }
}

function* list(p: Process, user: User, rights: string): Gen<number> {
  const host = p.ns.uts.hostname;
  yield* sys.print(
    p,
    `Matching Defaults entries for ${user.name} on ${host}:\n    env_reset, mail_badpass, secure_path=${SECURE_PATH.split(":").join("\\:")}, use_pty\n\n` +
      `User ${user.name} may run the following commands on ${host}:\n    (ALL : ALL) ${rights === "nopasswd" && user.uid !== 0 ? "NOPASSWD: " : ""}ALL\n`,
  );
  return 0;
}

function environment(
  p: Process,
  invoker: User,
  target: User,
  preserve: boolean,
  uid: number,
  gid: number,
): Map<string, string> {
  const env = new Map<string, string>();
  for (const [name, value] of p.env)
    if (preserve || KEPT.includes(name) || name.startsWith("LC_")) env.set(name, value);
  env.set("PATH", SECURE_PATH);
  if (!preserve || !env.has("HOME")) env.set("HOME", target.home);
  env.set("SHELL", target.shell);
  env.set("LOGNAME", target.name);
  env.set("USER", target.name);
  env.set("MAIL", `/var/mail/${target.name}`);
  env.set("SUDO_USER", invoker.name);
  env.set("SUDO_UID", String(uid));
  env.set("SUDO_GID", String(gid));
  return env;
}

/** A command's path by secure_path; undefined when there is none. */
function search(p: Process, name: string): string | undefined {
  const candidates = name.includes("/") ? [name] : SECURE_PATH.split(":").map((dir) => `${dir}/${name}`);
  for (const path of candidates) {
    const node = sys.find(p, path);
    if (node?.kind === "file" && (node.mode & 0o111) !== 0) return path;
  }
  return undefined;
}

function logCommand(p: Process, invoker: User, target: User, command: { path: string; argv: string[] }): void {
  const say = (message: string) =>
    p.machine.journal.append({
      identifier: "sudo",
      pid: p.pid,
      transport: "syslog",
      message,
      priority: 5,
      comm: "sudo",
      exe: "/usr/bin/sudo",
      cgroup: p.ns.cgroup,
      uid: invoker.uid,
    });
  if (p.ns.pid !== p.machine.pids) return;
  const tty = p.tty ? ` TTY=${p.tty.name.slice(5)} ;` : "";
  const line = [command.path, ...command.argv.slice(1)].join(" ");
  say(`${invoker.name.padStart(8)} :${tty} PWD=${p.cwd} ; USER=${target.name} ; COMMAND=${line}`);
  say(`pam_unix(sudo:session): session opened for user ${target.name}(uid=${target.uid}) by (uid=${invoker.uid})`);
}

/** Runs a command as a user and waits: signals from outside are passed on, its status is the result. */
function* runAs(
  p: Process,
  target: User,
  command: { path: string; argv: readonly string[] },
  env: Map<string, string>,
  cwd: string,
  name: string,
): Gen<number> {
  const cred = credentialsOf(p.ns.mnt, target);
  let child: Process;
  try {
    child = yield* sys.spawn(p, command.path, { argv: command.argv, env, cwd });
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* sys.printError(p, `${name}: unable to execute ${command.path}: ${error.message}\n`);
    return 1;
  }
  child.cred = cred;
  for (const signal of [...RELAYED, "INT", "QUIT"] as Signal[]) p.dispositions.set(signal, "catch");
  for (;;) {
    try {
      const waited = yield* sys.waitFor(p, child);
      const status = waited!.status;
      if (status.kind === "signaled") {
        p.dispositions.delete(status.signal);
        p.machine.signal(p, status.signal);
        yield* sleep(0);
      }
      return exitCode(status);
    } catch (error) {
      if (!(error instanceof Errno) || error.code !== "EINTR") throw error;
    }
    for (let signal = p.takeSignal(); signal !== undefined; signal = p.takeSignal()) {
      if (RELAYED.includes(signal)) p.machine.signal(child, signal);
    }
  }
}

/** su(1): root may become anybody; others would need a password, which no account here has. */
export const su = tool(
  {
    name: "su",
    usage: "[options] [-] [<user> [<argument>...]]",
    about: "Change the effective user ID and group ID to that of <user>.",
    version: "su from util-linux 2.38.1",
    short: "fc:g:G:lmpPs:w:",
    long: "command:=c session-command:=c fast=f group:=g login=l preserve-environment=m pty=P shell:=s supp-group:=G whitelist-environment:=w",
  },
  function* (t, o) {
    const { p } = t;
    const [dash, ...others] = o.operands;
    const [user = "root", ...rest] = dash === "-" ? others : o.operands;
    const login = dash === "-" || o.has("l");
    const target = userByName(p.ns.mnt, user);
    if (target === undefined)
      throw new Fatal(`user ${user} does not exist or the user entry does not contain all the required fields`);
    if (p.cred.uid !== 0) {
      yield* sys.printError(p, "Password: ");
      if (p.tty) yield* readHidden(p.tty);
      yield* sleep(2_000_000);
      yield* sys.printError(p, "\nsu: Authentication failure\n");
      return 1;
    }
    const keeps = o.has("m", "p") && !login;
    const path = o.value("s") ?? (keeps ? p.env.get("SHELL") : undefined) ?? target.shell;
    const name = path.slice(path.lastIndexOf("/") + 1);
    const env = login ? loginEnvironment(target, p.env.get("TERM")) : new Map(p.env);
    if (!login && !keeps)
      for (const [key, value] of [
        ["HOME", target.home],
        ["SHELL", path],
        ["USER", target.name],
        ["LOGNAME", target.name],
      ] as const)
        if (key === "HOME" || key === "SHELL" || target.uid !== 0) env.set(key, value);
    const command = o.value("c");
    const argv = [login ? `-${name}` : name, ...(command === undefined ? [] : ["-c", command]), ...rest];
    return yield* runAs(p, target, { path, argv }, env, login ? target.home : p.cwd, "su");
  },
);
