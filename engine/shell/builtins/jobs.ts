import type { Gen } from "../../kernel/index.ts";
import { sleep, wait as waitOn } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { exitCode, type Process } from "../../machine/process.ts";
import { SIGNALS, type Signal } from "../../machine/signal.ts";
import * as sys from "../../machine/sys.ts";
import { assignNamed, protectedName } from "../assignment.ts";
import { giveTerminal, tellKilled, waitForeground } from "../foreground.ts";
import { type Job, jobState, signalText, stateText } from "../jobs.ts";
import { isReference } from "../scan.ts";
import type { Shell } from "../shell.ts";
import { runWords } from "../simple.ts";
import { handleSignals, signalName } from "../traps.ts";
import type { Builtin } from "./index.ts";
import { put } from "./output.ts";
import { signalLine, signalTable } from "./trap.ts";
import { badOption, noValue, parseOptions, usage, withoutOptions } from "./usage.ts";

/** `+` of the current job, `-` of the one before it. */
function mark(sh: Shell, job: Job): string {
  return job === sh.jobs.current() ? "+" : job === sh.jobs.current(true) ? "-" : " ";
}

/** A line of `jobs`. */
export function jobLine(sh: Shell, job: Job, long = false): string {
  const tail = jobState(job) === "running" ? " &" : "";
  const where = job.cwd !== sh.p.cwd ? `  (wd: ${job.cwd})` : "";
  if (!long) return `[${job.id}]${mark(sh, job)}  ${stateText(job).padEnd(24)}${job.text}${tail}${where}\n`;
  const pid = (process: Process) => String(process.nsPid).padStart(5);
  const parts = job.processes.length > 1 ? job.text.split(" | ") : [job.text];
  const [first, ...others] = parts.length === job.processes.length ? parts : [job.text];
  const lines = others.map((part, i) => `\n     ${pid(job.processes[i + 1]!)}${" ".repeat(23)}| ${part}`);
  return `[${job.id}]${mark(sh, job)} ${pid(job.processes[0]!)} ${stateText(job, true).padEnd(24)}${first}${lines.join("")}${tail}${where}\n`;
}

/** The job an argument names; complains when there is none. */
function* findJob(sh: Shell, name: string, spec: string): Gen<Job | undefined> {
  const found = spec.startsWith("%")
    ? sh.jobs.find(spec)
    : /^\d+$/.test(spec)
      ? (sh.jobs.byPid(Number(spec)) ?? (name === "kill" ? undefined : sh.jobs.find(`%${spec}`)))
      : sh.jobs.find(`%${spec}`);
  if (found === "ambiguous") {
    yield* sh.complain(`${name}: ${spec.replace(/^%/, "")}: ambiguous job spec`);
    return undefined;
  }
  if (found === undefined) yield* sh.complain(`${name}: ${spec}: no such job`);
  return found;
}

const jobs: Builtin = function* (sh, args) {
  const parsed = parseOptions(args, "lnprsx");
  if (parsed.bad) return yield* badOption(sh, "jobs", parsed.bad);
  const has = (letter: string) => parsed.options.some((option) => option.letter === letter);
  if (has("x")) return yield* runWithGroups(sh, parsed.rest);
  yield* sh.jobs.poll(sh);
  let list = sh.jobs.jobs.length === 0 ? sh.jobs.inherited.slice() : sh.jobs.jobs.slice();
  let status = 0;
  if (parsed.rest.length > 0) {
    list = [];
    for (const spec of parsed.rest) {
      const job = yield* findJob(sh, "jobs", spec);
      if (job) list.push(job);
      else status = 1;
    }
  }
  for (const job of list) {
    const state = jobState(job);
    if ((has("r") && state !== "running") || (has("s") && state !== "stopped") || (has("n") && job.notified)) continue;
    yield* put(sh, "jobs", has("p") ? `${job.processes[0]!.nsPid}\n` : jobLine(sh, job, has("l")));
    job.notified = true;
  }
  for (const job of list) if (jobState(job) === "done") sh.jobs.remove(job);
  // Whoever has just looked at the jobs needs no warning about them.
  sh.warnedAboutJobs++;
  return status;
};

/** `jobs -x COMMAND`: jobs that it names are their process groups. */
function* runWithGroups(sh: Shell, words: readonly string[]): Gen<number> {
  const groups = words.map((word) => {
    const job = word.startsWith("%") ? sh.jobs.find(word) : undefined;
    return job === undefined || job === "ambiguous" ? word : String(job.processes[0]!.nsPid);
  });
  yield* runWords(sh, groups);
  return sh.status;
}

/** `fg` and `bg`; also what `%1` as a command does. */
export const resumeJob: Builtin = function* (sh, words, { name }) {
  const parsed = sh.setup.dialect === "bash" ? parseOptions(words, "") : withoutOptions(words);
  if (parsed.bad && sh.has("monitor")) return yield* badOption(sh, name, parsed.bad);
  const args = parsed.rest;
  if (sh.inSubstitution && sh.jobs.jobs.length === 0 && sh.jobs.inherited.some((job) => job.group !== sh.p.group)) {
    yield* sh.complain(`${name}: no current jobs`);
    return 1;
  }
  if (!sh.has("monitor")) {
    yield* sh.complain(`${name}: no job control`);
    return 1;
  }
  yield* sh.jobs.poll(sh);
  if (name === "bg" && args.length > 1) {
    let status = 0;
    for (const spec of args) status = (yield* resumeOne(sh, name, spec)) || status;
    return status;
  }
  return yield* resumeOne(sh, name, args[0]);
};

function* resumeOne(sh: Shell, name: string, spec: string | undefined): Gen<number> {
  let job: Job | undefined;
  if (spec === undefined) {
    job = sh.jobs.current();
    if (job === undefined) yield* sh.complain(`${name}: current: no such job`);
  } else job = yield* findJob(sh, name, spec);
  if (job === undefined) return 1;
  if (job.group === sh.p.group) {
    yield* sh.complain(`${name}: job ${job.id} started without job control`);
    return 1;
  }
  if (jobState(job) === "done") {
    yield* sh.complain(`${name}: job has terminated`);
    sh.jobs.remove(job);
    return 1;
  }
  if (name === "bg") {
    if (jobState(job) === "running") {
      yield* sh.complain(`bg: job ${job.id} already in background`);
      return 0;
    }
    yield* put(sh, "bg", `[${job.id}]${mark(sh, job)} ${job.text} &\n`);
    sh.jobs.use(job);
    job.background = true;
    resume(sh, job);
    return 0;
  }
  sh.jobs.use(job);
  yield* put(sh, "fg", `${job.text}\n`);
  job.background = false;
  giveTerminal(sh, job.group);
  resume(sh, job);
  return yield* waitForeground(sh, job.processes, () => job.text, job);
}

function resume(sh: Shell, job: Job): void {
  job.statuses = job.statuses.map((status) => (status?.kind === "stopped" ? undefined : status));
  for (const process of job.processes) process.news = undefined;
  sh.p.machine.signalGroup(job.group, "CONT");
  for (const process of job.processes) process.news = undefined;
}

/** Waits until `done` says so; false when a trapped signal came first. */
function* until(sh: Shell, done: () => boolean): Gen<boolean> {
  yield* sh.settle();
  for (;;) {
    yield* sh.jobs.poll(sh);
    if (done()) {
      yield* tellKilled(sh);
      return true;
    }
    if (sh.p.hasSignal && (yield* interrupted(sh))) return false;
    yield* waitOn(sh.p.childChanged);
    if (sh.p.hasSignal && (yield* interrupted(sh))) return false;
  }
}

/** True when a signal came that ends a `wait`: outside POSIX mode the trap of SIGCHLD runs meanwhile. */
function* interrupted(sh: Shell): Gen<boolean> {
  if (sh.has("posix")) return true;
  const signal = sh.p.takeSignal()!;
  sh.p.queueSignal(signal);
  if (signal !== "CHLD") return true;
  yield* handleSignals(sh);
  return false;
}

/** Status of a `wait` that a signal ended. */
function interruptedStatus(sh: Shell): number {
  const signal = sh.p.takeSignal()!;
  sh.p.queueSignal(signal);
  return 128 + SIGNALS[signal];
}

const wait: Builtin = function* (sh, args) {
  const parsed = parseOptions(args, { bash: "fnp:", busybox: "n", dash: "" }[sh.setup.dialect]);
  if (parsed.bad) return yield* badOption(sh, "wait", parsed.bad);
  if (parsed.missing) return yield* noValue(sh, "wait", parsed.missing);
  const named = parsed.options.find((option) => option.letter === "p")?.value;
  const variable = named && protectedName(sh, named);
  if (variable !== undefined && !isReference(variable)) {
    yield* sh.complain(`wait: \`${variable}': not a valid identifier`);
    return 1;
  }
  if (variable !== undefined && !variable.includes("[")) sh.vars.remove(variable);
  if (parsed.options.some((option) => option.letter === "n")) return yield* waitAny(sh, parsed.rest, variable);
  if (parsed.rest.length === 0) {
    const running = () => sh.jobs.jobs.every((job) => jobState(job) !== "running");
    // What ended before is not told of.
    yield* sh.jobs.poll(sh);
    for (const job of sh.jobs.jobs.slice()) if (jobState(job) === "done") sh.jobs.remove(job);
    if (!(yield* until(sh, running))) return interruptedStatus(sh);
    for (const job of sh.jobs.jobs.slice()) yield* leave(sh, job);
    return 0;
  }
  let status = 0;
  // `-f`: until it ends, however often it stops.
  const patient = parsed.options.some((option) => option.letter === "f");
  for (const spec of parsed.rest) {
    let job: Job | undefined;
    if (/^\d+$/.test(spec)) {
      const pid = Number(spec);
      job = sh.jobs.byPid(pid);
      if (job === undefined) {
        if (!(yield* until(sh, () => !sh.jobs.runsSilently(pid)))) return interruptedStatus(sh);
        const known = sh.jobs.remembered.get(pid);
        if (known !== undefined) {
          if (variable !== undefined) assignNamed(sh, variable, spec);
          status = known;
          continue;
        }
        if (!sh.posix) yield* sh.complain(`wait: pid ${spec} is not a child of this shell`);
        status = 127;
        continue;
      }
      const i = job.processes.findIndex((process) => process.nsPid === pid);
      if (!(yield* until(sh, () => ended(job!, i)))) return interruptedStatus(sh);
      const last = job.statuses[i]!;
      status = exitCode(last);
      if (sh.posix && last.kind === "signaled") yield* sh.writeTo(2, `${signalText(last.signal)}\n`);
    } else if (spec.startsWith("%")) {
      job = yield* findJob(sh, "wait", spec);
      if (job === undefined) {
        status = 127;
        continue;
      }
      const target = job;
      const over = () => jobState(target) === "done" || (!patient && jobState(target) === "stopped");
      if (!(yield* until(sh, over))) return interruptedStatus(sh);
      status = exitCode(job.statuses.at(-1)!);
    } else {
      yield* sh.complain(`wait: \`${spec}': not a pid or valid job spec`);
      status = 1;
      continue;
    }
    if (variable !== undefined) assignNamed(sh, variable, String(job.processes.at(-1)!.nsPid));
    yield* leave(sh, job);
  }
  return status;
};

/** Takes a job that was waited for off the list; who types is told what became of it. */
function* leave(sh: Shell, job: Job): Gen<void> {
  if (jobState(job) !== "done") return;
  if (sh.setup.interactive && sh.subshellDepth === 0 && sh.has("monitor")) yield* sh.writeTo(2, jobLine(sh, job));
  sh.jobs.remove(job);
}

function ended(job: Job, i: number): boolean {
  const status = job.statuses[i];
  return status !== undefined && status.kind !== "stopped";
}

function* waitAny(sh: Shell, specs: readonly string[], variable: string | undefined): Gen<number> {
  const wanted = (job: Job) =>
    specs.length === 0 ||
    specs.some((spec) =>
      spec.startsWith("%")
        ? sh.jobs.find(spec) === job
        : job.processes.some((process) => String(process.nsPid) === spec),
    );
  for (const spec of specs) {
    if (spec.startsWith("%")) {
      if (sh.jobs.find(spec) === undefined) yield* findJob(sh, "wait", spec);
    } else if (!sh.posix && /^\d+$/.test(spec) && sh.jobs.byPid(Number(spec)) === undefined)
      yield* sh.complain(`wait: ${spec}: no such job`);
  }
  if (!sh.jobs.jobs.some(wanted)) return 127;
  const first = () => sh.jobs.jobs.find((job) => wanted(job) && jobState(job) === "done");
  if (!(yield* until(sh, () => first() !== undefined))) return interruptedStatus(sh);
  const job = first()!;
  yield* leave(sh, job);
  if (variable !== undefined) assignNamed(sh, variable, String(job.processes.at(-1)!.nsPid));
  return exitCode(job.statuses.at(-1)!);
}

/** A signal as `kill` is given it: in POSIX mode without `SIG`. */
function plainName(sh: Shell, text: string): string | undefined {
  return sh.has("posix") && !sh.posix && /^sig/i.test(text) ? undefined : signalName(text);
}

const kill: Builtin = function* (sh, args) {
  let signal: string | undefined = "TERM";
  let rest = args.slice();
  const first = args[0];
  if (first === "-l" || first === "-L") return yield* listSignals(sh, args.slice(1));
  if (first === "-s" || (first === "-n" && !sh.posix)) {
    if (args[1] === undefined) {
      yield* sh.complain(`kill: ${first}: option requires an argument`);
      return 1;
    }
    signal = args[1] === "0" ? "0" : plainName(sh, args[1]);
    if (signal === undefined) {
      yield* sh.complain(`kill: ${args[1]}: invalid signal ${sh.posix ? "name" : "specification"}`);
      return 1;
    }
    rest = args.slice(2);
  } else if (first === "--") rest = args.slice(1);
  else if (first !== undefined && /^-./.test(first)) {
    const text = first.slice(1);
    signal = text === "0" ? "0" : plainName(sh, text);
    if (signal === undefined || (signal !== "0" && !(signal in SIGNALS))) {
      yield* sh.complain(`kill: ${text}: invalid signal specification`);
      return 1;
    }
    rest = args.slice(1);
  }
  if (rest[0] === "--" && !sh.posix) rest = rest.slice(1);
  if (signal === "EXIT") signal = "0";
  if (rest.length === 0) {
    const wrong = yield* usage(sh, "kill");
    return sh.setup.dialect === "busybox" ? 1 : wrong;
  }
  let status = 0;
  yield* sh.settle();
  for (const spec of rest) status = (yield* killOne(sh, spec, signal === "0" ? 0 : (signal as Signal))) || status;
  return status;
};

/** How long a process takes to end when it is told to, which is not longer than the shell takes to go on. */
const REACTION = 100;

function* killOne(sh: Shell, spec: string, signal: Signal | 0): Gen<number> {
  if (spec.startsWith("%")) {
    const job = yield* findJob(sh, "kill", spec);
    if (job === undefined) return 1;
    if (signal === 0) return 0;
    const stopped = jobState(job) === "stopped";
    if (sh.has("monitor")) sh.p.machine.signalGroup(job.group, signal);
    else for (const process of job.processes) sh.p.machine.signal(process, signal);
    if (stopped && (signal === "TERM" || signal === "HUP")) sh.p.machine.signalGroup(job.group, "CONT");
    if (!stopped) yield* sleep(REACTION);
    // Bash tells of such a job as it knows it, before it hears what has become of it.
    else if (sh.setup.interactive && signal !== "CONT") job.notified = false;
    return 0;
  }
  if (!/^-?\d+$/.test(spec)) {
    if (spec === "" && sh.setup.dialect === "bash") yield* sh.complain("kill: `': not a pid or valid job spec");
    else
      yield* sh.complain(
        `kill: ${spec === "--" && sh.setup.dialect === "dash" ? "-" : spec}: arguments must be process or job IDs`,
      );
    return 1;
  }
  try {
    sys.kill(sh.p, Number(spec), signal);
    // A signal to itself takes effect at once.
    yield* sh.settle();
    return 0;
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* sh.complain(`kill: (${spec}) - ${error.message}`);
    return 1;
  }
}

function* listSignals(sh: Shell, args: readonly string[]): Gen<number> {
  if (args.length === 0)
    return yield* put(sh, "kill", sh.has("posix") && !sh.posix ? signalLine() : signalTable(sh.setup.dialect));
  let status = 0;
  for (const arg of sh.posix ? args.slice(0, 1) : args) {
    if (sh.setup.dialect === "dash" && !/^\d+$/.test(arg)) {
      yield* sh.complain(`kill: ${arg}: arguments must be process or job IDs`);
      return 2;
    }
    if (/^\d+$/.test(arg)) {
      const number = Number(arg) > 128 ? Number(arg) - 128 : Number(arg);
      const name = number === 0 ? "EXIT" : signalName(String(number));
      if (name !== undefined) yield* put(sh, "kill", `${name}\n`);
      else {
        yield* sh.complain(`kill: ${arg}: invalid signal specification`);
        status = 1;
      }
    } else {
      const name = signalName(arg);
      if (name === undefined || !(name in SIGNALS)) {
        yield* sh.complain(`kill: ${arg}: invalid signal specification`);
        status = 1;
      } else yield* put(sh, "kill", `${SIGNALS[name as Signal]}\n`);
    }
  }
  return status;
}

const disown: Builtin = function* (sh, args) {
  const parsed = parseOptions(args, "ahr");
  if (parsed.bad) return yield* badOption(sh, "disown", parsed.bad);
  const has = (letter: string) => parsed.options.some((option) => option.letter === letter);
  const list: Job[] = [];
  if (parsed.rest.length === 0 && (has("a") || has("r")))
    list.push(...sh.jobs.jobs.filter((job) => !has("r") || jobState(job) === "running"));
  else if (parsed.rest.length === 0) {
    const job = sh.jobs.current();
    if (job === undefined) {
      yield* sh.complain("disown: current: no such job");
      return 1;
    }
    list.push(job);
  }
  let status = 0;
  for (const spec of parsed.rest) {
    const job = yield* findJob(sh, "disown", spec);
    if (job) list.push(job);
    else status = 1;
  }
  for (const job of list) {
    if (has("h")) job.disowned = true;
    else {
      if (jobState(job) === "stopped" && sh.subshellDepth === 0)
        yield* sh.complain(`warning: deleting stopped job ${job.id} with process group ${job.processes[0]!.nsPid}`);
      sh.jobs.remove(job);
      for (const process of job.processes) sh.jobs.addSilent(process);
    }
  }
  return status;
};

export const jobBuiltins: Record<string, Builtin> = {
  jobs,
  fg: resumeJob,
  bg: resumeJob,
  wait,
  kill,
  disown,
  *suspend(sh, args) {
    const parsed = parseOptions(args, "f");
    if (parsed.bad) return yield* badOption(sh, "suspend", parsed.bad);
    if (!sh.has("monitor")) {
      yield* sh.complain("suspend: cannot suspend: no job control");
      return 1;
    }
    sh.p.machine.signal(sh.p, "STOP");
    yield* sh.settle();
    return 0;
  },
};
