import type { Gen } from "../kernel/index.ts";
import { isErrno } from "../machine/errno.ts";
import { exitCode, type Process, type WaitStatus } from "../machine/process.ts";
import type { Signal } from "../machine/signal.ts";
import { waitFor } from "../machine/sys.ts";
import type { Shell } from "./shell.ts";

/** A pipeline that was started with `&`, or stopped. */
export interface Job {
  id: number;
  group: number;
  processes: Process[];
  /** Last news of each process. */
  statuses: (WaitStatus | undefined)[];
  text: string;
  /** The news was shown. */
  notified: boolean;
  background: boolean;
  /** A script was told that a signal ended it. */
  told?: boolean;
  /** Not to be sent SIGHUP. */
  disowned?: boolean;
  /** Order of use for `%+` and `%-`. */
  used: number;
  cwd: string;
}

const NAMES: Partial<Record<Signal, string>> = {
  HUP: "Hangup",
  INT: "Interrupt",
  QUIT: "Quit",
  ILL: "Illegal instruction",
  TRAP: "Trace/breakpoint trap",
  ABRT: "Aborted",
  BUS: "Bus error",
  FPE: "Floating point exception",
  KILL: "Killed",
  USR1: "User defined signal 1",
  SEGV: "Segmentation fault",
  USR2: "User defined signal 2",
  PIPE: "Broken pipe",
  ALRM: "Alarm clock",
  TERM: "Terminated",
  STKFLT: "Stack fault",
  CHLD: "Child exited",
  XCPU: "CPU time limit exceeded",
  XFSZ: "File size limit exceeded",
  VTALRM: "Virtual timer expired",
  PROF: "Profiling timer expired",
  IO: "I/O possible",
  PWR: "Power failure",
  SYS: "Bad system call",
};

const STOPS: { [signal in Signal]?: string } = {
  STOP: "Stopped (signal)",
  TTIN: "Stopped (tty input)",
  TTOU: "Stopped (tty output)",
};

/** strsignal(3). */
export function signalText(signal: Signal): string {
  return NAMES[signal] ?? `Unknown signal`;
}

export function jobState(job: Job): "running" | "stopped" | "done" {
  if (job.statuses.some((status) => status?.kind === "stopped") && !job.statuses.some((status) => status === undefined))
    return "stopped";
  return job.statuses.every(
    (status) => status !== undefined && status.kind !== "stopped" && status.kind !== "continued",
  )
    ? "done"
    : "running";
}

/** Text of a job's state as `jobs` prints it. */
export function stateText(job: Job, long = false): string {
  const state = jobState(job);
  if (state === "running") return "Running";
  const last = job.statuses.at(-1)!;
  if (state === "stopped") {
    const stopped = job.statuses.find((status) => status?.kind === "stopped") as { signal: Signal };
    return long ? (STOPS[stopped.signal] ?? "Stopped") : "Stopped";
  }
  if (last.kind === "signaled") return signalText(last.signal) + (last.core ? " (core dumped)" : "");
  const code = exitCode(last);
  return code === 0 ? "Done" : `Exit ${code}`;
}

/** The jobs of a shell. */
export class JobTable {
  jobs: Job[] = [];
  /** Children the user does not see as jobs: process substitutions. */
  private silent: Process[] = [];
  /** Statuses of background children by pid, for `wait pid` after they were collected. */
  readonly remembered = new Map<number, number>();
  /** What is to be done when a child has ended and was waited for. */
  readonly onEnd = new Map<Process, () => void>();
  private uses = 0;

  copyForSubshell(): JobTable {
    const other = new JobTable();
    for (const job of this.jobs) other.inherited.push(job);
    return other;
  }

  /** What `jobs` still lists in a subshell. */
  readonly inherited: Job[] = [];

  add(processes: Process[], group: number, text: string, background: boolean, cwd: string): Job {
    const id = this.jobs.reduce((highest, job) => Math.max(highest, job.id), 0) + 1;
    const job: Job = {
      id,
      group,
      processes,
      statuses: processes.map(() => undefined),
      text,
      notified: false,
      background,
      used: ++this.uses,
      cwd,
    };
    this.jobs.push(job);
    return job;
  }

  addSilent(process: Process): void {
    this.silent.push(process);
  }

  use(job: Job): void {
    job.used = ++this.uses;
  }

  remove(job: Job): void {
    const i = this.jobs.indexOf(job);
    if (i >= 0) this.jobs.splice(i, 1);
  }

  /** `%+`: the last stopped job, or the last one started; `%-` the one before. */
  current(previous = false): Job | undefined {
    const rank = (job: Job) => (jobState(job) === "stopped" ? 1 : 0);
    const jobs = this.jobs.length > 0 ? this.jobs : this.inherited;
    // One that has ended keeps its mark until that was told.
    const order = jobs
      .filter((job) => jobState(job) !== "done" || !job.notified)
      .sort((a, b) => rank(b) - rank(a) || b.used - a.used);
    const all = order.length > 0 ? order : [...jobs].sort((a, b) => b.used - a.used);
    return all[previous ? Math.min(1, all.length - 1) : 0];
  }

  /** The job a `%spec` names; `ambiguous` when several fit. */
  find(spec: string): Job | undefined | "ambiguous" {
    const name = spec.slice(1);
    if (name === "" || name === "+" || name === "%") return this.current();
    if (name === "-") return this.current(true);
    if (/^\d+$/.test(name)) return this.jobs.find((job) => job.id === Number(name));
    const fits =
      name[0] === "?" ? (job: Job) => job.text.includes(name.slice(1)) : (job: Job) => job.text.startsWith(name);
    const found = this.jobs.filter(fits);
    return found.length > 1 ? "ambiguous" : found[0];
  }

  byPid(pid: number): Job | undefined {
    return this.jobs.find((job) => job.processes.some((process) => process.nsPid === pid));
  }

  /** Takes in the news of children without waiting. */
  *poll(sh: Shell): Gen<void> {
    if (this.jobs.length === 0 && this.silent.length === 0) return;
    for (const job of this.jobs) {
      for (let i = 0; i < job.processes.length; i++) {
        const old = job.statuses[i];
        if (old !== undefined && old.kind !== "stopped") continue;
        yield* this.check(sh, job, i);
      }
    }
    this.silent = this.silent.filter((process) => {
      if (process.status === undefined) return true;
      this.remember(process, process.status);
      if (!process.reaped) sh.p.machine.reap(process);
      return false;
    });
  }

  private *check(sh: Shell, job: Job, i: number): Gen<void> {
    const process = job.processes[i]!;
    try {
      const got = yield* waitFor(sh.p, process, { untraced: true, noHang: true });
      if (got) this.note(job, process, got.status);
    } catch (error) {
      if (!isErrno(error)) throw error;
      this.note(job, process, process.status ?? { kind: "exited", code: 127 });
    }
  }

  /** Records a status. */
  note(job: Job, process: Process, status: WaitStatus): void {
    const i = job.processes.indexOf(process);
    const again = status.kind === "stopped" && job.statuses.some((known) => known?.kind === "stopped");
    job.statuses[i] = status.kind === "continued" ? undefined : status;
    if (!again) job.notified = false;
    // A job that stops becomes the current one, and stays it when it goes on.
    if (status.kind === "stopped" && !again) this.use(job);
    if (status.kind === "exited" || status.kind === "signaled") {
      this.remember(process, status);
      this.onEnd.get(process)?.();
      this.onEnd.delete(process);
    }
  }

  private remember(process: Process, status: WaitStatus): void {
    this.remembered.set(process.nsPid, exitCode(status));
    if (this.remembered.size > 4096) this.remembered.delete(this.remembered.keys().next().value!);
  }

  /** A child that is no job is still running. */
  runsSilently(pid: number): boolean {
    return this.silent.some((process) => process.nsPid === pid && process.status === undefined);
  }

  /** True when a SIGINT is waiting to be handled. */
  interrupted(sh: Shell): boolean {
    return sh.p.hasSignal;
  }
}

/** Waits for one child, whatever signals come meanwhile. */
export function* collect(sh: Shell, child: Process): Gen<WaitStatus> {
  for (;;) {
    try {
      const got = yield* waitFor(sh.p, child);
      return got!.status;
    } catch (error) {
      if (isErrno(error, "EINTR")) continue;
      if (isErrno(error, "ECHILD")) return child.status ?? { kind: "exited", code: 127 };
      throw error;
    }
  }
}
