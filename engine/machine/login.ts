import { type Gen, wait } from "../kernel/index.ts";
import { isErrno } from "./errno.ts";
import { deviceNode } from "./inode.ts";
import type { Machine } from "./machine.ts";
import { DeviceFile, type OpenFile } from "./open-file.ts";
import type { Namespaces, Process, Program } from "./process.ts";
import * as sys from "./sys.ts";
import { Tty } from "./tty.ts";
import { credentialsOf, type User, userByName } from "./users.ts";

/** An entry of utmp: a terminal somebody is logged in on. */
export interface Login {
  user: string;
  /** `pts/0`. */
  line: string;
  /** µs of virtual time. */
  at: number;
  /** Where from: an address, or empty. */
  from: string;
  process: Process;
  tty: Tty;
}

export interface LoginOptions {
  user: string;
  columns: number;
  rows: number;
  /** Bytes to the screen. */
  output: (bytes: Uint8Array) => void;
  /** Path of the shell; the user's own by default. */
  shell?: string;
  /** Address it comes from, for `who`. */
  from?: string;
  /** Runs `shell -c command` instead of a login shell. */
  command?: string;
  term?: string;
  /** Further environment. */
  env?: ReadonlyMap<string, string>;
  parent?: Process;
  /** Called with the exit status once the shell has ended. */
  onEnd?: (process: Process) => void;
}

const PATH_ROOT = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const PATH_USER = "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games";

/** The environment that login(1) and sshd give a user. */
export function loginEnvironment(user: User, term?: string): Map<string, string> {
  const env = new Map<string, string>([
    ["LANG", "C.UTF-8"],
    ["USER", user.name],
    ["LOGNAME", user.name],
    ["HOME", user.home],
    ["PATH", user.uid === 0 ? PATH_ROOT : PATH_USER],
    ["SHELL", user.shell],
  ]);
  if (term !== undefined) env.set("TERM", term);
  return env;
}

/** Opens a pseudo terminal at the lowest free number of /dev/pts. */
export function openTty(machine: Machine, options: Pick<LoginOptions, "columns" | "rows" | "output">, uid = 0): Tty {
  let number = 0;
  while (machine.ttys.has(number)) number++;
  const tty = new Tty(`/dev/pts/${number}`, options.columns, options.rows, options.output);
  tty.uid = uid;
  tty.signal = (group, signal) => machine.signalGroup(group, signal);
  machine.ttys.set(number, tty);
  tty.onClose = () => {
    machine.ttys.delete(number);
  };
  return tty;
}

const sessions = new WeakMap<Machine, number>();

/** Namespaces of a new login session: those of the machine in a cgroup of their own, as logind makes it. */
function sessionNamespaces(machine: Machine, uid: number): Namespaces {
  const id = (sessions.get(machine) ?? 0) + 1;
  sessions.set(machine, id);
  return { ...machine.ns, cgroup: `/user.slice/user-${uid}.slice/session-${id}.scope` };
}

/**
 * Logs a user in on a new terminal with a login shell (argv[0] `-bash`). The session ends when the shell ends; a
 * `tty.hangUp()` sends SIGHUP to every process of the session. Throws when there is no such user.
 */
export function login(machine: Machine, options: LoginOptions): { tty: Tty; process: Process } {
  const user = userByName(machine.ns.mnt, options.user);
  if (user === undefined) throw new Error(`login: no user ${options.user} on ${machine.hostname}`);
  const tty = openTty(machine, options, user.uid);
  const shell = options.shell ?? user.shell;
  const name = shell.slice(shell.lastIndexOf("/") + 1);
  const env = loginEnvironment(user, options.term ?? "xterm-256color");
  for (const [key, value] of options.env ?? []) env.set(key, value);
  const argv = options.command === undefined ? [`-${name}`] : [name, "-c", options.command];
  const process = machine.spawn({
    parent: options.parent ?? machine.pids.init,
    main: shellProgram(shell, argv),
    argv,
    env,
    cwd: user.home,
    cred: credentialsOf(machine.ns.mnt, user),
    ns: sessionNamespaces(machine, user.uid),
    tty,
    fds: new Map<number, OpenFile>([0, 1, 2].map((fd) => [fd, tty])),
    umask: 0o022,
  });
  process.session = process.group = process.pid;
  process.comm = name;
  tty.foreground = process.pid;
  const line = tty.name.slice(5);
  const entry: Login = { user: user.name, line, at: machine.kernel.now, from: options.from ?? "", process, tty };
  machine.logins.push(entry);
  const hangUp = tty.hangUp.bind(tty);
  tty.hangUp = () => {
    hangUp();
    hangUpSession(machine, process.session);
  };
  machine.journal.append({
    identifier: "systemd-logind",
    unit: "systemd-logind.service",
    message: `New session ${sessions.get(machine)} of user ${user.name}.`,
  });
  machine.kernel.spawn(`${machine.hostname} session ${line}`, watchSession(machine, process, entry, options.onEnd), {
    instant: false,
  });
  return { tty, process };
}

/** The leader's end hangs up what is left of its session and frees the terminal. */
function* watchSession(machine: Machine, process: Process, entry: Login, onEnd?: (process: Process) => void): Gen {
  while (process.task.state !== "done") yield* wait(process.task.ended);
  const at = machine.logins.indexOf(entry);
  if (at >= 0) machine.logins.splice(at, 1);
  onEnd?.(process);
  hangUpSession(machine, process.session);
  machine.ttys.delete(Number(entry.line.slice(4)));
}

/** SIGHUP, and SIGCONT for the stopped, to every process of a session. */
export function hangUpSession(machine: Machine, session: number): void {
  for (const process of [...machine.processes.values()]) {
    if (process.session !== session || process.tty === undefined) continue;
    machine.signal(process, "HUP");
    machine.signal(process, "CONT");
  }
}

/** Becomes the shell; says so when there is none. */
function shellProgram(path: string, argv: readonly string[]): Program {
  return function* (p) {
    try {
      return yield* sys.exec(p, path, argv);
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* sys.printError(p, `Cannot execute ${path}: ${error.message}\n`);
      return 126;
    }
  };
}

export interface SessionOptions {
  user: string;
  argv: readonly string[];
  /** Program file; by default the first word of `argv`, below /usr/bin when it has no slash. */
  path?: string;
  /** Descriptors; what is missing of 0, 1 and 2 is /dev/null. */
  fds?: ReadonlyMap<number, OpenFile>;
  env?: ReadonlyMap<string, string>;
  cwd?: string;
  parent?: Process;
}

/** Starts a command as a user in a new session without a terminal: what `ssh host command` and cron do. */
export function runAs(machine: Machine, options: SessionOptions): Process {
  const user = userByName(machine.ns.mnt, options.user);
  if (user === undefined) throw new Error(`login: no user ${options.user} on ${machine.hostname}`);
  const env = loginEnvironment(user);
  for (const [key, value] of options.env ?? []) env.set(key, value);
  const fds = new Map(options.fds ?? []);
  for (const fd of [0, 1, 2]) if (!fds.has(fd)) fds.set(fd, nullDevice(machine));
  const name = options.argv[0]!;
  const process = machine.spawn({
    parent: options.parent ?? machine.pids.init,
    main: shellProgram(options.path ?? (name.includes("/") ? name : `/usr/bin/${name}`), options.argv),
    argv: options.argv,
    env,
    cwd: options.cwd ?? user.home,
    cred: credentialsOf(machine.ns.mnt, user),
    ns: sessionNamespaces(machine, user.uid),
    fds,
    umask: 0o022,
  });
  process.session = process.group = process.pid;
  return process;
}

function nullDevice(machine: Machine): OpenFile {
  return new DeviceFile(deviceNode("null"), "/dev/null", "null", machine.kernel.random("urandom"));
}

/** A descriptor whose bytes go to a function: the host's side of a script's output. */
export class SinkFile implements OpenFile {
  refs = 0;
  readonly readable = false;
  readonly writable = true;
  private readonly sink: (bytes: Uint8Array) => void;

  constructor(sink: (bytes: Uint8Array) => void) {
    this.sink = sink;
  }

  *read(): Gen<Uint8Array> {
    return new Uint8Array(0);
  }

  *write(bytes: Uint8Array): Gen<"ok"> {
    this.sink(bytes);
    return "ok";
  }

  close(): void {}
}

export interface ScriptOptions {
  stdout: (bytes: Uint8Array) => void;
  stderr: (bytes: Uint8Array) => void;
  args?: readonly string[];
  shell?: string;
  env?: ReadonlyMap<string, string>;
}

/**
 * Runs a script file with the shell as `user`, without a terminal and with stdin from /dev/null. The environment is
 * that of a login. The process's `status` is set once it has ended (`process.task.ended` is woken).
 */
export function runScript(machine: Machine, user: string, path: string, options: ScriptOptions): Process {
  return runAs(machine, {
    user,
    argv: [options.shell ?? "/bin/bash", path, ...(options.args ?? [])],
    fds: new Map<number, OpenFile>([
      [1, new SinkFile(options.stdout)],
      [2, new SinkFile(options.stderr)],
    ]),
    env: options.env,
  });
}
