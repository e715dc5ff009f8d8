import { cpu, type Gen, wait } from "../../kernel/index.ts";
import { burn } from "../../machine/cpu.ts";
import { isErrno } from "../../machine/errno.ts";
import { exitCode, type Process } from "../../machine/process.ts";
import { SIGNALS, type Signal } from "../../machine/signal.ts";
import * as sys from "../../machine/sys.ts";
import { isNowhere } from "../io.ts";
import { Fatal, quote, shellQuote, type Tool, tool, UsageError } from "../tool.ts";
import { searchPath } from "./env.ts";
import { parseInterval } from "./sleep.ts";

/** Starts a command for timeout, watch and the like; 126 and 127 as they have it. */
function* start(t: Tool, argv: readonly string[]): Gen<Process> {
  const path = searchPath(t.p, argv[0]!);
  try {
    if (path === undefined) throw new Fatal(`failed to run command ${quote(argv[0]!)}: No such file or directory`, 127);
    return yield* sys.spawn(t.p, path, { argv });
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Fatal(`failed to run command ${quote(argv[0]!)}: ${error.message}`, error.code === "ENOENT" ? 127 : 126);
  }
}

/** timeout(1). */
export const timeout = tool(
  {
    name: "timeout",
    short: "+fk:ps:v",
    long: "foreground=f kill-after:=k preserve-status=p signal:=s verbose=v",
    usage: "[OPTION]... DURATION COMMAND [ARG]...",
    about: "Start COMMAND, and kill it if still running after DURATION.",
    usageStatus: 125,
  },
  function* (t, o) {
    const [text, ...argv] = o.operands;
    if (text === undefined || argv.length === 0) {
      yield* sys.printError(t.p, `Try '${t.name} --help' for more information.\n`);
      return 125;
    }
    const duration = parseInterval(text);
    if (duration === undefined) throw new UsageError(`invalid time interval ${quote(text)}`);
    const killAfter = o.value("k") === undefined ? undefined : parseInterval(o.value("k")!);
    if (o.has("k") && killAfter === undefined) throw new UsageError(`invalid time interval ${quote(o.value("k")!)}`);
    const signalText = (o.value("s") ?? "TERM").replace(/^SIG/, "");
    const signal = (
      /^\d+$/.test(signalText)
        ? Object.keys(SIGNALS).find((name) => SIGNALS[name as Signal] === Number(signalText))
        : signalText
    ) as Signal;
    if (SIGNALS[signal] === undefined) throw new UsageError(`${quote(o.value("s")!)}: invalid signal`);
    const { machine } = t.p;
    const { kernel } = machine;
    // A group of its own, so that what the command started is stopped with it.
    const alone = !o.has("f");
    if (alone) t.p.group = t.p.pid;
    const child = yield* start(t, argv);
    for (const one of ["TERM", "INT", "HUP", "QUIT", signal] as const)
      if (t.p.dispositions.get(one) !== "ignore") t.p.dispositions.set(one, "catch");
    const send = (sent: Signal) => {
      machine.signal(child, sent);
      if (alone) {
        t.p.dispositions.set(sent, "ignore");
        machine.signalGroup(t.p.group, sent);
        if (sent !== "KILL" && sent !== "CONT") machine.signalGroup(t.p.group, "CONT");
      }
    };
    let deadline = duration === 0 ? Number.POSITIVE_INFINITY : kernel.now + duration;
    let timedOut = false;
    for (;;) {
      const done = yield* sys.waitFor(t.p, child, { noHang: true });
      if (done) {
        const { status } = done;
        if (timedOut && !o.has("p")) return status.kind === "signaled" && status.signal === "KILL" ? 137 : 124;
        if (status.kind === "signaled" && !timedOut) {
          // Ends as the command did.
          t.p.dispositions.delete(status.signal);
          machine.signal(t.p, status.signal);
          yield* cpu(0);
        }
        return exitCode(status);
      }
      const caught = t.p.takeSignal();
      if (caught !== undefined) {
        send(caught);
        if (killAfter) deadline = kernel.now + killAfter;
        timedOut ||= killAfter !== undefined;
      } else if (kernel.now >= deadline) {
        const sent = timedOut ? "KILL" : signal;
        if (o.has("v")) yield* t.error(`sending signal ${sent} to command ${quote(argv[0]!)}`, 0);
        deadline = !timedOut && killAfter ? kernel.now + killAfter : Number.POSITIVE_INFINITY;
        timedOut = true;
        send(sent);
        yield* cpu(0);
        if (child.status !== undefined) continue;
      }
      try {
        yield* wait(t.p.childChanged, Number.isFinite(deadline) ? deadline - kernel.now : undefined);
      } catch (error) {
        if (!isErrno(error)) throw error;
      }
    }
  },
);

/** nohup(1). */
export const nohup = tool(
  {
    name: "nohup",
    short: "+",
    usage: "COMMAND [ARG]...",
    about: "Run COMMAND, ignoring hangup signals.",
    usageStatus: 125,
  },
  function* (t, o) {
    if (o.operands.length === 0) throw new UsageError("missing operand");
    t.p.dispositions.set("HUP", "ignore");
    if (t.p.fds.get(1)?.tty) {
      yield* t.error("ignoring input and appending output to 'nohup.out'", 0);
      const file = sys.openFile(t.p, "nohup.out", { write: true, append: true, create: true, mode: 0o600 });
      t.p.setFd(0, sys.openFile(t.p, "/dev/null", { read: true }));
      t.p.setFd(1, file);
      t.p.setFd(2, file);
    }
    const path = searchPath(t.p, o.operands[0]!);
    if (path === undefined)
      throw new Fatal(`failed to run command ${shellQuote(o.operands[0]!)}: No such file or directory`, 127);
    return yield* sys.exec(t.p, path, o.operands);
  },
);

/** yes(1). */
export const yes = tool(
  {
    name: "yes",
    short: "+",
    usage: "[STRING]...",
    about: "Repeatedly output a line with all specified STRING(s), or 'y'.",
  },
  function* (t, o) {
    if (isNowhere(t.p, 1)) yield* burn(t.p, Number.MAX_SAFE_INTEGER);
    const block = `${o.operands.length > 0 ? o.operands.join(" ") : "y"}\n`.repeat(512);
    for (;;) {
      t.out.add(block);
      yield* t.out.flush();
    }
  },
);

/** printenv(1). */
export const printenv = tool(
  {
    name: "printenv",
    short: "+0",
    long: "null=0",
    usage: "[OPTION]... [VARIABLE]...",
    about: "Print the values of the specified environment VARIABLE(s).",
    usageStatus: 2,
  },
  function* (t, o) {
    const end = o.has("0") ? "\0" : "\n";
    if (o.operands.length === 0) for (const [name, value] of t.p.env) t.out.add(`${name}=${value}${end}`);
    for (const name of o.operands) {
      const value = t.p.env.get(name);
      if (value === undefined) t.status = 1;
      else t.out.add(value + end);
    }
    return t.status;
  },
);

/** which(1) of Debian. */
export const which = tool(
  { name: "which", short: "as", standard: false, usage: "[-as] args", about: "" },
  function* (t, o) {
    for (const name of o.operands) {
      if (o.has("a") && !name.includes("/")) {
        const found = (t.p.env.get("PATH") ?? "")
          .split(":")
          .map((dir) => `${dir === "" ? "." : dir}/${name}`)
          .filter((file) => isProgram(t, file, name));
        if (found.length === 0) t.status = 1;
        for (const file of found) t.out.add(`${file}\n`);
        continue;
      }
      const path = searchPath(t.p, name);
      try {
        if (path === undefined) t.status = 1;
        else {
          sys.executable(t.p, path, [name]);
          if (!o.has("s")) t.out.add(`${path}\n`);
        }
      } catch (error) {
        if (!isErrno(error)) throw error;
        t.status = 1;
      }
    }
    return o.operands.length === 0 ? 1 : t.status;
  },
);

function isProgram(t: Tool, file: string, name: string): boolean {
  try {
    sys.executable(t.p, file, [name]);
    return true;
  } catch (error) {
    if (!isErrno(error)) throw error;
    return false;
  }
}

/** mktemp(1). */
export const mktemp = tool(
  {
    name: "mktemp",
    short: "dp:qtuV",
    long: "directory=d tmpdir::=p quiet=q dry-run=u suffix:=suffix",
    usage: "[OPTION]... [TEMPLATE]",
    about: "Create a temporary file or directory, safely, and print its name.",
  },
  function* (t, o) {
    if (o.has("V")) {
      t.out.add("mktemp (GNU coreutils) 9.7\n");
      return 0;
    }
    if (o.operands.length > 1) throw new UsageError("too many templates");
    const suffix = o.value("suffix");
    if (suffix !== undefined && o.operands[0] !== undefined && !o.operands[0].endsWith("X"))
      throw new Fatal(`with --suffix, template ${quote(o.operands[0])} must end in X`);
    if (suffix?.includes("/")) throw new Fatal(`invalid suffix ${quote(suffix)}, contains directory separator`);
    if (o.has("t") && o.operands[0]?.includes("/"))
      throw new Fatal(`invalid template, ${quote(o.operands[0])}, contains directory separator`);
    const template = o.operands[0] ?? "tmp.XXXXXXXXXX";
    const match = /^(.*?)(X{3,})([^X]*)$/s.exec(template);
    if (match === null) throw new Fatal(`too few X's in template ${quote(template)}`);
    const inDir = o.operands.length === 0 || o.has("p", "t");
    const dir = inDir ? `${o.value("p") ?? t.p.env.get("TMPDIR") ?? "/tmp"}/` : "";
    const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    for (;;) {
      const path =
        dir +
        match[1] +
        t.p.machine.kernel.random("mktemp").string(match[2]!.length, letters) +
        match[3] +
        (suffix ?? "");
      try {
        if (!o.has("u")) {
          if (o.has("d")) sys.mkdir(t.p, path, 0o700);
          else sys.openFile(t.p, path, { write: true, create: true, exclusive: true, mode: 0o600 });
        }
      } catch (error) {
        if (!isErrno(error)) throw error;
        if (error.code === "EEXIST") continue;
        if (o.has("q")) return 1;
        throw new Fatal(
          `failed to create ${o.has("d") ? "directory" : "file"} via template ${quote(dir + template)}: ${error.message}`,
        );
      }
      t.out.add(`${path}\n`);
      return 0;
    }
  },
);
