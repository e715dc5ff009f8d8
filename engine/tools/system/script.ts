/** script(1) and scriptreplay(1) of util-linux: a session on a terminal of its own, kept in a file, and shown again. */
import { encode, type Gen, Pipe, SECOND, sleep, type Task, wait } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { hangUpSession, openTty } from "../../machine/login.ts";
import type { OpenFile } from "../../machine/open-file.ts";
import { exitCode, type Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { RAW, type Tty } from "../../machine/tty.ts";
import { userByUid } from "../../machine/users.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal, type Tool, tool, UsageError } from "../tool.ts";
import { wallTime } from "./when.ts";

const VERSION = "util-linux 2.38.1";
const END_OF_INPUT = 4;

export const script = tool(
  {
    name: "script",
    usage: "[options] [file]",
    about: "Make a typescript of a terminal session.",
    version: `script from ${VERSION}`,
    short: "ac:eE:fI:O:B:o:qm:T:t::",
    long: "append=a command:=c return=e echo:=E flush=f force=force log-in:=I log-out:=O log-io:=B output-limit:=o quiet=q logging-format:=m log-timing:=T timing::=t",
  },
  function* (t, o) {
    if (o.operands.length > 1) throw new UsageError("unexpected number of arguments");
    const { p } = t;
    const path = o.value("O", "B") ?? o.operands[0] ?? "typescript";
    const log = opened(t, path, o.has("a"));
    const timing = o.value("T", "t");
    const times = timing === undefined ? undefined : opened(t, timing, o.has("a"));
    const own = p.fds.get(0)?.tty;
    const title = [
      ...(o.has("c") ? [`COMMAND="${o.value("c")}"`] : []),
      own === undefined
        ? "<not executed on terminal>"
        : `TERM="${p.env.get("TERM") ?? ""}" TTY="${own.name}" COLUMNS="${own.columns}" LINES="${own.rows}"`,
    ].join(" ");
    yield* sys.write(p, log, `Script started on ${now(p)} [${title}]\n`);
    if (!o.has("q")) yield* sys.print(p, `Script started, output log file is '${path}'.\n`);
    const code = yield* session(p, o, own, log, times);
    yield* sys.write(p, log, `\nScript done on ${now(p)} [COMMAND_EXIT_CODE="${code}"]\n`);
    if (!o.has("q")) yield* sys.print(p, "Script done.\n");
    t.close(log);
    if (times !== undefined) t.close(times);
    return o.has("e") ? code : 0;
  },
);

function now(p: Process): string {
  return wallTime(p, p.machine.kernel.now, "%Y-%m-%d %H:%M:%S%:z");
}

function opened(t: Tool, path: string, append: boolean): number {
  try {
    return sys.open(t.p, path, { write: true, create: true, ...(append ? { append: true } : { truncate: true }) });
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Fatal(`cannot open ${path}: ${error.message}`);
  }
}

/** Runs the shell or the command of -c on a new terminal; what that shows goes to ours and into the log. */
function* session(
  p: Process,
  o: ParsedOptions,
  own: Tty | undefined,
  log: number,
  times: number | undefined,
): Gen<number> {
  const { machine } = p;
  const { kernel } = machine;
  const shown = new Pipe();
  shown.writers = shown.readers = 1;
  const size = { columns: own?.columns ?? 80, rows: own?.rows ?? 24 };
  const tty = openTty(machine, { ...size, output: (bytes) => shown.push(bytes.slice()) }, p.cred.uid);
  const shell = p.env.get("SHELL") ?? userByUid(p.ns.mnt, p.cred.uid)?.shell ?? "/bin/sh";
  const name = shell.slice(shell.lastIndexOf("/") + 1);
  const command = o.value("c");
  const argv = command === undefined ? [name, "-i"] : [name, "-c", command];
  const child = machine.spawn({
    parent: p,
    argv,
    env: new Map(p.env),
    cwd: p.cwd,
    cred: p.cred,
    ns: p.ns,
    tty,
    fds: new Map<number, OpenFile>([0, 1, 2].map((fd) => [fd, tty])),
    umask: p.umask,
    *main(inner) {
      try {
        return yield* sys.exec(inner, shell, argv);
      } catch (error) {
        if (!isErrno(error)) throw error;
        return 127;
      }
    },
  });
  child.session = child.group = child.pid;
  child.comm = name;
  tty.foreground = child.pid;
  const before = own?.termios;
  if (own) own.termios = { ...RAW };
  const pump: Task = kernel.spawn(`script input ${p.pid}`, keys(p, tty));
  const watch: Task = kernel.spawn(
    `script end ${p.pid}`,
    (function* (): Gen {
      while (child.task.state !== "done") yield* wait(child.task.ended);
      shown.closeWriter();
    })(),
    { instant: false },
  );
  let last = kernel.now;
  try {
    for (;;) {
      const bytes = yield* shown.read(65_536);
      if (bytes === "interrupted") {
        while (p.takeSignal() !== undefined);
        if (own) tty.resize(own.columns, own.rows);
        continue;
      }
      if (bytes.length === 0) break;
      yield* sys.write(p, 1, bytes);
      yield* sys.write(p, log, bytes);
      if (times !== undefined)
        yield* sys.write(p, times, `${((kernel.now - last) / SECOND).toFixed(6)} ${bytes.length}\n`);
      last = kernel.now;
    }
  } finally {
    kernel.kill(pump);
    kernel.kill(watch);
    if (own && before) own.termios = before;
    hangUpSession(machine, child.session);
    machine.ttys.delete(Number(tty.name.slice(9)));
  }
  return exitCode((yield* sys.waitFor(p, child))!.status);
}

/** What is typed here goes to the terminal of the session; at its end the session is told so. */
function* keys(p: Process, tty: Tty): Gen {
  const file = p.fds.get(0);
  while (file?.readable) {
    const bytes = yield* file.read(4096);
    if (bytes === "interrupted") continue;
    if (bytes.length === 0) break;
    tty.input(bytes);
  }
  tty.input(Uint8Array.of(END_OF_INPUT));
}

/** Shows a typescript again, with the pauses that its timing file has. */
export const scriptreplay = tool(
  {
    name: "scriptreplay",
    usage: "[options] <timingfile> [<typescript> [<divisor>]]",
    about: "Play back terminal typescripts, using timing information.",
    version: `scriptreplay from ${VERSION}`,
    short: "t:T:I:O:B:s:d:m:x:c:",
    long: "timing:=t log-timing:=T log-in:=I log-out:=O log-io:=B typescript:=s divisor:=d maxdelay:=m stream:=x cr-mode:=c summary=summary",
  },
  function* (t, o) {
    const rest = [...o.operands];
    const timing = o.value("t", "T") ?? rest.shift();
    if (timing === undefined) throw new Fatal("timing file not specified");
    const path = o.value("O", "B", "s") ?? rest.shift() ?? "typescript";
    const divisor = Number(o.value("d") ?? rest.shift() ?? 1);
    if (!(divisor > 0)) throw new Fatal("failed to parse number: divisor");
    const most = Number(o.value("m") ?? Number.POSITIVE_INFINITY);
    const [steps, bytes] = [textOf(t, timing), encode(textOf(t, path))];
    // The first line of a typescript says when it was begun.
    let at = bytes.indexOf(10) + 1;
    for (const step of steps.split("\n")) {
      const match = /^(?:O )?([\d.]+) (\d+)$/.exec(step);
      if (match === null) continue;
      const delay = Math.min(Number(match[1]) / divisor, most);
      if (delay > 0.0001) {
        yield* t.out.flush();
        yield* sleep(Math.round(delay * SECOND));
      }
      const end = at + Number(match[2]);
      yield* t.out.bytes(bytes.subarray(at, end));
      at = end;
    }
    t.out.add("\n");
    return 0;
  },
);

function textOf(t: Tool, path: string): string {
  try {
    return sys.readText(t.p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Fatal(`cannot open ${path}: ${error.message}`);
  }
}
