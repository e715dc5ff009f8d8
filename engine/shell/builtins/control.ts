import { concat, decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { release } from "../../machine/process.ts";
import { find, openFile, readText } from "../../machine/sys.ts";
import { BreakLoop, ExitShell, givenUp, ReturnFrom } from "../control.ts";
import { runSource } from "../execute.ts";
import type { Shell } from "../shell.ts";
import { Source } from "../source.ts";
import { nameWithin } from "../syntax.ts";
import { endAt, runTrap } from "../traps.ts";
import type { Builtin } from "./index.ts";
import { put } from "./output.ts";
import { badOption, usage } from "./usage.ts";

const succeed: Builtin = function* () {
  return 0;
};

/** Complains of more than one argument, after which bash gives the line up. */
function* tooMany(sh: Shell, name: string): Gen<number> {
  yield* sh.complain(`${name}: too many arguments`);
  throw givenUp();
}

function loop(goOn: boolean): Builtin {
  return function* (sh, args, { name }) {
    let levels = 1;
    if (sh.loops === 0) {
      if (sh.setup.dialect === "bash" && !sh.has("posix"))
        yield* sh.complain(`${name}: only meaningful in a \`for', \`while', or \`until' loop`);
      return 0;
    }
    if (args[0] !== undefined) {
      if (!/^[+-]?\d+$/.test(args[0])) {
        yield* sh.complain(`${name}: ${args[0]}: numeric argument required`);
        throw new ExitShell(sh.status | 128);
      }
      levels = Number(args[0]);
      if (args.length > 1) return yield* tooMany(sh, name);
      if (levels < 1) {
        yield* sh.complain(`${name}: ${args[0]}: loop count out of range`);
        throw new BreakLoop(sh.loops, false, sh.posix ? 0 : 1);
      }
    }
    throw new BreakLoop(Math.min(levels, sh.loops), goOn);
  };
}

/** The number after `exit` and `return`; complains when it is none. */
function* statusArgument(sh: Shell, name: string, args: readonly string[]): Gen<number | undefined> {
  const arg = args[0] === "--" ? args[1] : args[0];
  // In a trap it is the status before it, in a DEBUG trap that of its own last command (`get_exitstat` of common.c).
  if (arg === undefined)
    return (sh.runningTrap > 0 && !sh.runningDebug) || sh.exiting ? (sh.trapStatus ?? sh.status) : sh.status;
  const number = sh.posix ? Number(arg) <= 0x7fffffff && /^\d+$/.test(arg) : /^\s*[+-]?\d+\s*$/.test(arg);
  if (!number) {
    yield* sh.complain(`${name}: ${arg}: numeric argument required`);
    return undefined;
  }
  // Dash has functions return whatever number they like.
  if (sh.setup.dialect === "dash" && name === "return") return Number(arg);
  return Number(BigInt.asUintN(8, BigInt(arg.trim().replace(/^\+/, ""))));
}

/** True when stopped jobs keep an interactive shell from ending: the first time, with a warning. */
export function* keptByJobs(sh: Shell): Gen<boolean> {
  const stopped = sh.jobs.jobs.some((job) => job.statuses.some((status) => status?.kind === "stopped"));
  if (!stopped || sh.warnedAboutJobs > 0) return false;
  yield* sh.writeTo(2, sh.setup.dialect === "dash" ? "You have stopped jobs.\n" : "There are stopped jobs.\n");
  sh.warnedAboutJobs++;
  return true;
}

const exit: Builtin = function* (sh, args) {
  if (sh.setup.interactive && sh.subshellDepth === 0) {
    if (sh.setup.dialect === "bash") yield* sh.writeTo(2, sh.setup.login ? "logout\n" : "exit\n");
    if (yield* keptByJobs(sh)) return 1;
  }
  const status = yield* statusArgument(sh, "exit", args);
  if (status === undefined) throw new ExitShell(2);
  if (args.length > 1 && sh.setup.dialect === "bash") return yield* tooMany(sh, "exit");
  throw new ExitShell(status, "everything");
};

const returns: Builtin = function* (sh, args) {
  if (sh.functionDepth === 0 && sh.sourceDepth === 0) {
    if (sh.posix) throw new ExitShell((yield* statusArgument(sh, "return", args)) ?? 2);
    yield* statusArgument(sh, "return", args);
    yield* sh.complain("return: can only `return' from a function or sourced script");
    if (sh.strict) sh.specialFailed = true;
    return 2;
  }
  const status = yield* statusArgument(sh, "return", args);
  if (sh.posix && status === undefined && !sh.setup.interactive) throw new ExitShell(2);
  if (args.length > 1 && status !== undefined && !sh.posix) return yield* tooMany(sh, "return");
  throw new ReturnFrom(status ?? 2);
};

const evaluate: Builtin = function* (sh, args) {
  if (/^-[^-]/.test(args[0] ?? "") && sh.setup.dialect === "bash")
    return yield* badOption(sh, "eval", args[0]!.slice(0, 2));
  const text = (args[0] === "--" ? args.slice(1) : args).join(" ");
  sh.status = text.trim() === "" ? 0 : sh.status;
  if (text.trim() === "") return 0;
  yield* sh.aside(evaluateText(sh, text));
  return sh.status;
};

/** Runs a text as `eval` does. */
export function* evaluateText(sh: Shell, text: string): Gen<void> {
  const { command } = sh;
  sh.traceDepth++;
  try {
    yield* runSource(sh, new Source(text, sh.source.file, sh.line()), { syntaxName: nameWithin(sh, "eval") });
  } finally {
    sh.traceDepth--;
    sh.command = command;
  }
}

const source: Builtin = function* (sh, args, call) {
  const { name } = call;
  const rest = args[0] === "--" ? args.slice(1) : args;
  if (rest === args && /^-./.test(args[0] ?? "") && sh.setup.dialect === "bash")
    return yield* badOption(sh, name, args[0]!.slice(0, 2));
  const file = rest[0];
  if (file === undefined) {
    yield* sh.complain(`${name}: filename argument required`);
    return yield* usage(sh, name);
  }
  if (sh.restricted && file.includes("/")) {
    yield* sh.complain(`${name}: ${file}: restricted`);
    return 1;
  }
  let path = file;
  if (!file.includes("/") && sh.shopts.has("sourcepath")) {
    const found = (sh.get("PATH") ?? "")
      .split(":")
      .map((dir) => `${dir || "."}/${file}`)
      .find((one) => find(sh.p, one)?.kind === "file");
    path = found ?? file;
    if (found === undefined && sh.posix && !sh.setup.interactive) {
      yield* sh.complain(`${name}: ${file}: not found`);
      throw new ExitShell(2);
    }
    if (found === undefined && sh.has("posix") && !sh.posix) {
      yield* sh.complain(`${name}: ${file}: file not found`);
      if (!sh.setup.interactive && !call.byCommand) throw new ExitShell(1, "calls");
      return 1;
    }
  }
  let text: string;
  try {
    text = yield* textOf(sh, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    const bash = sh.setup.dialect === "bash";
    const message =
      error.code === "EISDIR"
        ? `${name}: ${file}: is a directory`
        : bash
          ? `${file}: ${error.message}`
          : `${name}: ${sh.setup.dialect === "dash" ? "cannot open" : "can't open"} ${sh.setup.dialect === "dash" ? `${file}: No such file` : `'${file}': ${error.message}`}`;
    yield* sh.complain(message);
    if (sh.posix && !sh.setup.interactive) throw new ExitShell(2);
    if (sh.endsOnErrors && sh.ignoreErrors === 0 && error.code !== "EISDIR") yield* endAt(sh, sh.status || 1);
    const due = sh.traps.get("RETURN");
    if (bash && due && sh.mayReturn && (!sh.has("posix") || call.byCommand)) yield* runTrap(sh, "RETURN", due);
    if (sh.has("posix") && !sh.setup.interactive && !call.byCommand) throw new ExitShell(1, "calls");
    return 1;
  }
  yield* sh.aside(sourceText(sh, text, path, sh.setup.dialect === "dash" ? [] : rest.slice(1)));
  return sh.status;
};

/** The text of a file, or all that a pipe (`<(…)`), a terminal or the standard input gives. */
function* textOf(sh: Shell, path: string): Gen<string> {
  const kind = find(sh.p, path)?.kind;
  if (kind === "file" || kind === "dir") return readText(sh.p, path);
  const file = openFile(sh.p, path, { read: true });
  file.refs++;
  const chunks: Uint8Array[] = [];
  try {
    yield* sh.settle();
    for (;;) {
      const bytes = yield* file.read(4096);
      if (bytes === "interrupted") continue;
      if (bytes.length === 0) return decode(concat(chunks));
      chunks.push(bytes);
    }
  } finally {
    release(file);
  }
}

/** Runs a file's text in this shell. */
export function* sourceText(sh: Shell, text: string, file: string, args: readonly string[]): Gen<void> {
  const { positional, command } = sh;
  const outerSet = sh.positionalSet;
  sh.positionalSet = false;
  if (args.length > 0) sh.positional = [...args];
  const sourced = [...args, file];
  sh.calls.push({
    kind: "source",
    name: "source",
    file,
    line: sh.source ? sh.line() : 0,
    args: sh.shopts.has("extdebug") ? sourced : undefined,
  });
  sh.sourceDepth++;
  sh.traceDepth++;
  const { loops } = sh;
  // Bash lets a file leave the loop that reads it.
  if (sh.setup.dialect !== "bash") sh.loops = 0;
  sh.status = 0;
  const hidden = sh.has("functrace") ? undefined : sh.traps.get("DEBUG");
  if (hidden !== undefined) sh.traps.delete("DEBUG");
  let left = false;
  try {
    let returned: number | undefined;
    try {
      yield* runSource(sh, new Source(text, file, 1));
    } catch (error) {
      // Where the shell ends the trap stays hidden.
      left = error instanceof ExitShell;
      if (!(error instanceof ReturnFrom)) throw error;
      returned = error.status;
    }
    sh.command = command;
    const due = sh.traps.get("RETURN");
    if (due && sh.mayReturn) {
      // The file is left by then.
      const frame = sh.calls.pop()!;
      sh.traceDepth--;
      yield* runTrap(sh, "RETURN", due);
      sh.traceDepth++;
      sh.calls.push(frame);
    }
    sh.status = returned ?? sh.status;
  } finally {
    if (hidden !== undefined && left) sh.leftTraps.push(["DEBUG", hidden]);
    else if (hidden !== undefined) sh.reveal([["DEBUG", hidden]]);
    sh.calls.pop();
    sh.command = command;
    sh.sourceDepth--;
    sh.traceDepth--;
    sh.loops = loops;
    if (args.length > 0 && !sh.positionalSet) sh.positional = positional;
    sh.positionalSet ||= outerSet;
  }
}

const shift: Builtin = function* (sh, words) {
  const args = words[0] === "--" ? words.slice(1) : words;
  const arg = args[0] ?? "1";
  if (!/^[+-]?\d+$/.test(arg)) {
    yield* sh.complain(`shift: ${arg}: numeric argument required`);
    if (sh.posix && !sh.setup.interactive) throw new ExitShell(2);
    return 1;
  }
  if (args.length > 1 && sh.setup.dialect === "bash") return yield* tooMany(sh, "shift");
  const count = Number(arg);
  if (count < 0) {
    yield* sh.complain(`shift: ${arg}: shift count out of range`);
    return 1;
  }
  if (count > sh.positional.length) {
    if (sh.shopts.has("shift_verbose"))
      yield* sh.complain(`shift: ${args[0] === undefined ? "" : `${arg}: `}shift count out of range`);
    if (sh.setup.dialect === "dash") {
      yield* sh.complain("shift: can't shift that many");
      if (!sh.setup.interactive) throw new ExitShell(2);
    }
    return 1;
  }
  sh.positional = sh.positional.slice(count);
  return 0;
};

export const controlBuiltins: Record<string, Builtin> = {
  ":": succeed,
  true: succeed,
  *false() {
    return 1;
  },
  break: loop(false),
  continue: loop(true),
  exit,
  *logout(sh, args, call) {
    if (!sh.setup.login) {
      yield* sh.complain("logout: not login shell: use `exit'");
      return 1;
    }
    return yield* exit(sh, args, call);
  },
  *caller(sh, args) {
    const option = /^-./.exec(args[0] ?? "")?.[0];
    if (option) return yield* badOption(sh, "caller", option);
    const frames = [...sh.calls].reverse().filter((frame) => frame.kind !== "main" || sh.calls.length > 1);
    if (frames.length < 2) {
      // A file knows where it is, though nothing called it.
      if ((sh.calls[0]?.file ?? "") === "") return 1;
      if (args.length === 0) return yield* put(sh, "caller", "0 NULL\n");
    }
    const depth = Number(args[0] ?? 0);
    if (!Number.isInteger(depth)) {
      yield* sh.complain(`caller: ${args[0]}: invalid number`);
      return yield* usage(sh, "caller");
    }
    const frame = frames[depth];
    if (frame === undefined) return 1;
    const outer = frames[depth + 1];
    if (outer === undefined || (outer.kind === "main" && outer.file === "" && args.length > 0)) return 1;
    const file = outer.file === "" ? "NULL" : outer.file;
    return yield* put(
      sh,
      "caller",
      args.length > 0 ? `${frame.line} ${outer.name} ${file}\n` : `${frame.line} ${file}\n`,
    );
  },
  return: returns,
  eval: evaluate,
  source,
  ".": source,
  shift,
};
