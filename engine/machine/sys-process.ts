/** System calls about processes: starting, replacing, waiting for and signalling them. Reached through sys.ts. */
import { call, cpu, decode, type Gen, wait } from "../kernel/index.ts";
import { COST } from "./costs.ts";
import { Errno } from "./errno.ts";
import type { OpenFile } from "./open-file.ts";
import { EXECUTE, mayAccess, resolve } from "./path.ts";
import { type Process, ProcessExit, type Program, shortName, type WaitStatus } from "./process.ts";
import type { Signal } from "./signal.ts";
import { stampIn } from "./stamp.ts";
import { printError } from "./sys-io.ts";

export interface SpawnOptions {
  argv: readonly string[];
  env?: Map<string, string>;
  cwd?: string;
  /** Descriptors of the child; by default this process's own, less close-on-exec ones. */
  fds?: ReadonlyMap<number, OpenFile>;
  /** Process group: `new` makes the child its leader. */
  group?: number | "new";
  /** A new session without a controlling terminal (setsid(2)). */
  newSession?: boolean;
}

/** An executable as execve(2) finds it. */
export interface Executable {
  main: Program;
  argv: readonly string[];
  path: string;
}

/** What a path runs: a program of the image or a `#!` script. Throws ENOENT, EACCES, ENOEXEC. */
export function executable(p: Process, path: string, argv: readonly string[], depth = 0): Executable {
  const found = resolve(p.ns.mnt, p.cwd, path, p.cred, true);
  const node = found.node;
  if (node === undefined) throw new Errno("ENOENT");
  if (node.kind !== "file" || !mayAccess(node, p.cred, EXECUTE)) throw new Errno("EACCES");
  const program = node.program ?? stampIn(node)?.program;
  if (program !== undefined) {
    const main = p.machine.programs.get(program);
    if (main === undefined) throw new Errno("ENOEXEC");
    const room = p.limits?.as ?? Number.POSITIVE_INFINITY;
    return { main: room < LEAST_ROOM ? unloaded : main, argv, path: found.path };
  }
  const head = decode(node.content.bytes().subarray(0, 256));
  const script = /^#![ \t]*(\S+)(?:[ \t]+([^\n]*?))?[ \t]*(?:\n|$)/.exec(head);
  if (script === null || depth > 4) throw new Errno("ENOEXEC");
  const interpreter = script[1]!;
  const extra = script[2] ? [script[2]] : [];
  return executable(p, interpreter, [interpreter, ...extra, path, ...argv.slice(1)], depth + 1);
}

/** KiB of address space that a program's libraries take before it begins. */
const LEAST_ROOM = 3_500;

/** A program whose libraries find no room (ld.so(8)). */
function* unloaded(p: Process): Gen<number> {
  const name = p.argv[0] ?? "";
  yield* printError(
    p,
    `${name}: error while loading shared libraries: libc.so.6: failed to map segment from shared object\n`,
  );
  return 127;
}

/** Most bytes of arguments and environment together, and of one of them (execve(2)). */
const ARG_MAX = 2_097_152;
const MAX_ARG_STRLEN = 131_072;

function requireArgumentSpace(argv: readonly string[], env: ReadonlyMap<string, string>): void {
  let size = 0;
  for (const arg of argv) {
    if (arg.length >= MAX_ARG_STRLEN) throw new Errno("E2BIG");
    size += arg.length + 9;
  }
  for (const [name, value] of env) {
    if (name.length + value.length >= MAX_ARG_STRLEN) throw new Errno("E2BIG");
    size += name.length + value.length + 10;
  }
  if (size > ARG_MAX) throw new Errno("E2BIG");
}

/** Starts a program file as a child (fork and exec in one). Throws what `executable` throws, and EAGAIN. */
export function* spawn(p: Process, path: string, options: SpawnOptions): Gen<Process> {
  const found = executable(p, path, options.argv);
  requireArgumentSpace(options.argv, options.env ?? p.env);
  yield* cpu(COST.fork + COST.exec);
  const child = fork(p, found.main, options, found.argv);
  child.exe = found.path;
  child.comm = shortName(path);
  for (const fd of [...child.closeOnExec]) child.closeFd(fd);
  return child;
}

/** Starts a child that runs `main` with a copy of this process's descriptors, environment and working directory. */
export function fork(
  p: Process,
  main: Program,
  options: Partial<SpawnOptions> = {},
  argv = options.argv ?? p.argv,
): Process {
  const child = p.machine.spawn({
    parent: p,
    main,
    argv,
    env: new Map(options.env ?? p.env),
    cwd: options.cwd ?? p.cwd,
    cred: p.cred,
    ns: p.ns,
    tty: options.newSession ? undefined : p.tty,
    ...(options.fds ? { fds: options.fds } : {}),
  });
  if (options.newSession) child.session = child.group = child.pid;
  else if (options.group !== undefined) child.group = options.group === "new" ? child.pid : options.group;
  return child;
}

/** Becomes another program: runs it in this process and ends with its status. Throws before anything changed. */
export function* exec(
  p: Process,
  path: string,
  argv: readonly string[],
  env?: Map<string, string>,
  found = executable(p, path, argv),
): Gen<never> {
  requireArgumentSpace(argv, env ?? p.env);
  yield* cpu(COST.exec);
  p.argv = found.argv;
  p.exe = found.path;
  p.applet = false;
  p.comm = shortName(path);
  if (env) p.env = new Map(env);
  for (const fd of [...p.closeOnExec]) p.closeFd(fd);
  for (const [signal, how] of [...p.dispositions]) if (how === "catch") p.dispositions.delete(signal);
  throw new ProcessExit(yield* call(found.main(p)));
}

export interface Waited {
  process: Process;
  status: WaitStatus;
}

/**
 * Waits for a child to end (with `untraced` also to stop) and collects it; any child when none is named. Throws
 * ECHILD without such a child, EINTR after a caught signal. With `noHang`, undefined when none has ended.
 */
export function* waitFor(
  p: Process,
  child?: Process | ((child: Process) => boolean),
  options: { untraced?: boolean; noHang?: boolean } = {},
): Gen<Waited | undefined> {
  for (;;) {
    let any = false;
    for (const candidate of p.children) {
      if (typeof child === "function" ? !child(candidate) : child !== undefined && child !== candidate) continue;
      any = true;
      if (candidate.status !== undefined) {
        p.machine.reap(candidate);
        return { process: candidate, status: candidate.status };
      }
      if (options.untraced && candidate.news) {
        const news = candidate.news;
        candidate.news = undefined;
        return { process: candidate, status: news };
      }
    }
    if (!any) throw new Errno("ECHILD");
    if (options.noHang) return undefined;
    if ((yield* wait(p.childChanged)) === "interrupted") throw new Errno("EINTR");
  }
}

/** kill(2) with this process's rights and numbering: pid 0 is the own group, negative a group. */
export function kill(p: Process, pid: number, signal: Signal | 0): void {
  if (pid > 0) {
    const target = p.ns.pid.byPid.get(pid);
    if (target === undefined) throw new Errno("ESRCH");
    requireSameUser(p, target);
    // From inside its namespace nothing kills or stops a container's process 1 (pid_namespaces(7)).
    const sealed = target.nsPid === 1 && target.ns.pid === p.ns.pid && (signal === "KILL" || signal === "STOP");
    if (signal !== 0 && !sealed) p.machine.signal(target, signal);
    return;
  }
  const group = pid === 0 ? p.group : -pid;
  const targets = [...p.ns.pid.byPid.values()].filter((other) =>
    pid === -1 ? other !== p && other.nsPid !== 1 : other.group === group && other.status === undefined,
  );
  if (targets.length === 0) throw new Errno("ESRCH");
  for (const target of targets) {
    if (pid !== -1) requireSameUser(p, target);
    if (signal !== 0) p.machine.signal(target, signal);
  }
}

function requireSameUser(p: Process, target: Process): void {
  if (p.cred.uid !== 0 && p.cred.uid !== target.cred.uid) throw new Errno("EPERM");
}

export function exit(code: number): never {
  throw new ProcessExit(code);
}
