import { type Gen, Pipe, WaitQueue, wait } from "../../kernel/index.ts";
import type { Machine } from "../machine.ts";
import { type OpenFile, PipeEnd } from "../open-file.ts";
import type { Credentials } from "../path.ts";
import { exitCode, type Process, shortName, type WaitStatus } from "../process.ts";
import * as sys from "../sys.ts";
import { Tty } from "../tty.ts";
import { CriError } from "./error.ts";
import { hostView } from "./host-view.ts";
import { programOf } from "./oci.ts";
import type { Container } from "./types.ts";

export interface ExecOptions {
  stdin?: boolean;
  tty?: boolean;
  /** Output is read after the end (ExecSync). */
  collect?: boolean;
  /** Over those of the container. */
  env?: readonly (readonly [string, string])[];
  cwd?: string;
  cred?: Credentials;
  columns?: number;
  rows?: number;
  /** In place of pipes that a client reads. */
  fds?: ReadonlyMap<number, OpenFile>;
  /** In place of the shim. */
  parent?: Process;
}

/** A command that runs in a container beside its process 1. */
export interface ExecSession {
  readonly process: Process;
  readonly stdin: Pipe | undefined;
  readonly stdout: Pipe;
  readonly stderr: Pipe | undefined;
  readonly tty: Tty | undefined;
  /** Exit status, once it has ended. */
  exitCode: number | undefined;
  readonly ended: WaitQueue;
}

const OPEN_FAILED = "failed to exec in container: failed to start exec";

/** Starts the command. Throws CriError in runc's words when it cannot be run. */
export function runIn(
  machine: Machine,
  container: Container,
  argv: readonly string[],
  options: ExecOptions,
  onExit: (process: Process, done: (status: WaitStatus) => void) => void,
): ExecSession {
  const { sandbox } = container;
  const ns = container.process!.ns;
  const { cred = container.cred, cwd = container.cwd } = options;
  const view = hostView(machine, { ns, cred, cwd });
  const found = programOf(view, argv, container.env);
  if (typeof found === "string") {
    const id = machine.kernel.random(`containerd ${machine.hostname}`).hex(64);
    throw new CriError(
      "Unknown",
      `${OPEN_FAILED} "${id}": OCI runtime exec failed: exec failed: unable to start container process: ${found}: unknown`,
    );
  }
  // A probe's or a hook's output is looked at only after the end: it must not wait for a reader.
  const capacity = options.tty || options.collect ? 1 << 24 : undefined;
  const stdout = new Pipe(capacity);
  const stderr = options.tty ? undefined : new Pipe(capacity);
  stdout.readers = 1;
  if (stderr) stderr.readers = 1;
  let stdin: Pipe | undefined;
  let tty: Tty | undefined;
  const fds = new Map<number, OpenFile>();
  if (options.tty) {
    stdout.writers++;
    const number = freePts(machine);
    tty = new Tty(`/dev/pts/${number}`, options.columns ?? 80, options.rows ?? 24, (bytes) =>
      stdout.push(bytes.slice()),
    );
    tty.signal = (group, signal) => machine.signalGroup(group, signal);
    machine.ttys.set(number, tty);
    tty.onClose = () => {
      machine.ttys.delete(number);
      stdout.closeWriter();
    };
    for (const fd of [0, 1, 2]) fds.set(fd, tty);
  } else if (options.fds) for (const [fd, file] of options.fds) fds.set(fd, file);
  else {
    fds.set(1, new PipeEnd(stdout, "write"));
    fds.set(2, new PipeEnd(stderr!, "write"));
    if (options.stdin) {
      stdin = new Pipe();
      stdin.writers++;
      fds.set(0, new PipeEnd(stdin, "read"));
    } else fds.set(0, sys.openFile(view, "/dev/null", { read: true }));
  }
  const env = new Map(container.env);
  if (options.tty) env.set("TERM", "xterm");
  for (const [name, value] of options.env ?? []) env.set(name, value);
  const process = machine.spawn({
    parent: options.parent ?? sandbox.shim,
    main: found.main,
    argv: found.argv,
    env,
    cwd,
    cred,
    ns,
    fds,
  });
  process.exe = found.path;
  process.comm = shortName(argv[0]!);
  process.group = process.session = process.pid;
  process.tty = tty;
  if (tty) tty.foreground = process.pid;
  const session: ExecSession = { process, stdin, stdout, stderr, tty, exitCode: undefined, ended: new WaitQueue() };
  onExit(process, (status) => {
    session.exitCode = exitCode(status);
    session.ended.wakeAll();
  });
  return session;
}

function freePts(machine: Machine): number {
  let number = 0;
  while (machine.ttys.has(number)) number++;
  return number;
}

/** Waits for the command's end; undefined after `timeout` µs. */
export function* exitOf(session: ExecSession, timeout: number): Gen<number | undefined> {
  if (session.exitCode === undefined) yield* wait(session.ended, timeout);
  return session.exitCode;
}
