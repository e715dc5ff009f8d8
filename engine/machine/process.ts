import { Answer, type Gen, SECOND, type Task, WaitQueue } from "../kernel/index.ts";
import type { NetNamespace } from "../network/namespace.ts";
import type { Machine } from "./machine.ts";
import type { OpenFile } from "./open-file.ts";
import type { Credentials, MountNamespace } from "./path.ts";
import { SIGNALS, type Signal } from "./signal.ts";
import type { Tty } from "./tty.ts";

/** What runs in a process; its value is the exit status. May throw `ProcessExit`. */
export type Program = (process: Process) => Gen<number>;

/** Process ids as one container (or the machine) sees them. */
export class PidNamespace {
  private next = 1;
  readonly byPid = new Map<number, Process>();
  /** Process 1; when it ends the others are killed. */
  init: Process | undefined;

  /** Counts from 1 again: the machine was booted anew. */
  reset(): void {
    this.next = 1;
    this.byPid.clear();
    this.init = undefined;
  }

  /** Leaves pids below `pid` to kernel threads and boot scripts that are gone. */
  skipTo(pid: number): void {
    this.next = Math.max(this.next, pid);
  }

  allocate(process: Process): number {
    const pid = this.next++;
    this.byPid.set(pid, process);
    if (pid === 1) this.init = process;
    return pid;
  }
}

/** What a process sees of its machine (namespaces(7)). */
export interface Namespaces {
  mnt: MountNamespace;
  net: NetNamespace;
  pid: PidNamespace;
  /** `sysctls`: kernel settings that differ in this namespace from what they are elsewhere. */
  uts: { hostname: string; sysctls?: ReadonlyMap<string, string> };
  /** Path of its cgroup, e.g. `/system.slice/kubelet.service` or `/kubepods.slice/…`. */
  cgroup: string;
}

export type WaitStatus =
  | { kind: "exited"; code: number }
  | { kind: "signaled"; signal: Signal; core?: boolean }
  | { kind: "stopped"; signal: Signal }
  | { kind: "continued" };

/** The value of `$?` for a wait status. */
export function exitCode(status: WaitStatus): number {
  if (status.kind === "exited") return status.code;
  if (status.kind === "continued") return 0;
  return 128 + SIGNALS[status.signal];
}

/** Thrown by a program to end itself, from any depth. */
export class ProcessExit extends Answer {
  readonly code: number;

  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code & 0xff;
  }
}

/** Disposition of a signal that is not the default one. `catch`: the program asks `takeSignal()` when interrupted. */
export type Disposition = "ignore" | "catch";

/** Limits that were set with setrlimit(2); what is missing is the system's own. */
export interface Limits {
  /** Descriptors (RLIMIT_NOFILE). */
  readonly nofile?: number | undefined;
  /** Processes of the user (RLIMIT_NPROC); root is exempt. */
  readonly nproc?: number | undefined;
  /** Bytes of a file that is written (RLIMIT_FSIZE). */
  readonly fsize?: number | undefined;
  /** KiB of address space (RLIMIT_AS). */
  readonly as?: number | undefined;
}

const NO_LIMITS: Limits = {};

/** A process of a machine: an entry of the process table and the task that runs it. */
export class Process {
  readonly machine: Machine;
  /** In the machine's own numbering; see `nsPid` for what it sees itself. */
  readonly pid: number;
  readonly nsPid: number;
  parent: Process | undefined;
  /** Process group and session, as machine-wide pids of their leaders. */
  group: number;
  session: number;
  argv: readonly string[];
  env: Map<string, string>;
  /** Absolute, in its mount namespace. */
  cwd: string;
  readonly fds = new Map<number, OpenFile>();
  /** Descriptors that execve(2) closes. */
  readonly closeOnExec = new Set<number>();
  cred: Credentials;
  umask = 0o022;
  ns: Namespaces;
  /** Controlling terminal. */
  tty: Tty | undefined;
  /** µs of virtual time. */
  readonly startedAt: number;
  /** Short name as in ps and pgrep: at most 15 characters. */
  comm: string;
  exe: string;
  /** Runs as an applet of BusyBox, whose messages have words of their own. */
  applet = false;
  private resident = 3_200;
  /** CPU in µs of every second that its housekeeping takes, which the model does not run. */
  idleCpu = 0;
  nice = 0;
  /** Handed on to children. */
  limits: Limits;
  /** CPU time of children that were waited for, and of theirs, in µs (times(2)). */
  childrenCpu = 0;
  task!: Task;
  stopped = false;
  status: WaitStatus | undefined;
  /** Set while it is a zombie: `status` waits to be collected. */
  reaped = false;
  readonly children = new Set<Process>();
  /** Woken when a child ends, stops or goes on. */
  readonly childChanged = new WaitQueue();
  readonly dispositions = new Map<Signal, Disposition>();
  private readonly pending: Signal[] = [];
  /** Stop/continue news that a parent has not waited for yet. */
  news: WaitStatus | undefined;
  /** Signal that is ending it. */
  endingBy: Signal | undefined;

  constructor(machine: Machine, options: Omit<ProcessInit, "main">) {
    this.machine = machine;
    this.parent = options.parent;
    this.ns = options.ns;
    this.pid = machine.pids.allocate(this);
    this.nsPid = options.ns.pid === machine.pids ? this.pid : options.ns.pid.allocate(this);
    this.group = options.group ?? options.parent?.group ?? this.pid;
    this.session = options.session ?? options.parent?.session ?? this.pid;
    this.argv = options.argv;
    this.env = options.env;
    this.cwd = options.cwd;
    this.limits = options.parent?.limits ?? NO_LIMITS;
    this.cred = options.cred;
    this.tty = options.tty;
    this.startedAt = machine.kernel.now;
    this.exe = options.argv[0] ?? "";
    this.comm = shortName(this.exe);
  }

  /** Resident set as the model has it, in KiB. */
  get rssKib(): number {
    return this.resident;
  }

  set rssKib(kib: number) {
    if (!this.reaped) this.machine.memory.resident += kib - this.resident;
    this.resident = kib;
  }

  /** CPU time since its start, in µs. */
  get cpuUsed(): number {
    const { used } = this.task;
    if (this.idleCpu === 0) return used;
    return used + Math.floor(((this.machine.kernel.now - this.startedAt) * this.idleCpu) / SECOND);
  }

  /** A caught signal that has not been handled yet. */
  takeSignal(): Signal | undefined {
    return this.pending.shift();
  }

  get hasSignal(): boolean {
    return this.pending.length > 0;
  }

  /** For the machine only: notes a signal this process catches, and interrupts what it waits for. */
  queueSignal(signal: Signal): void {
    if (!this.pending.includes(signal)) this.pending.push(signal);
    this.machine.kernel.interrupt(this.task);
  }

  /** Duplicates the whole descriptor table into a child (fork). */
  inheritFds(child: Process): void {
    for (const [fd, file] of this.fds) child.setFd(fd, file);
    for (const fd of this.closeOnExec) child.closeOnExec.add(fd);
  }

  /** Puts an open file at a descriptor, closing what was there. */
  setFd(fd: number, file: OpenFile): void {
    file.refs++;
    const old = this.fds.get(fd);
    this.fds.set(fd, file);
    if (old) release(old);
  }

  closeFd(fd: number): boolean {
    const file = this.fds.get(fd);
    if (file === undefined) return false;
    this.fds.delete(fd);
    this.closeOnExec.delete(fd);
    release(file);
    return true;
  }

  /** Lowest free descriptor not below `from`. */
  freeFd(from = 0): number {
    let fd = from;
    while (this.fds.has(fd)) fd++;
    return fd;
  }
}

/** What `Machine.spawn` makes a process from. */
export interface ProcessInit {
  parent: Process | undefined;
  main: Program;
  argv: readonly string[];
  env: Map<string, string>;
  cwd: string;
  cred: Credentials;
  ns: Namespaces;
  tty?: Tty | undefined;
  group?: number | undefined;
  session?: number | undefined;
  /** Descriptors; by default the parent's. */
  fds?: ReadonlyMap<number, OpenFile>;
  umask?: number;
}

/** Drops one reference of an open file description. */
export function release(file: OpenFile): void {
  if (--file.refs === 0) file.close();
}

/** The living processes of a control group itself. */
export function livingIn(machine: Machine, cgroup: string): Process[] {
  return [...machine.processes.values()].filter((one) => one.ns.cgroup === cgroup && one.status === undefined);
}

export function shortName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).slice(0, 15);
}
