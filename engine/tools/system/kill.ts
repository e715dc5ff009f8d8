import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process, Program } from "../../machine/process.ts";
import { SIGNALS, type Signal } from "../../machine/signal.ts";
import * as sys from "../../machine/sys.ts";
import { userByName } from "../../machine/users.ts";
import { OptionError, type ParsedOptions, parseOptions } from "../options.ts";
import { commandLine, type Seen, seenBy, ttyName } from "./process-view.ts";

/** A signal by name (with or without SIG) or number; 0 tests only. */
export function signalOf(text: string): Signal | 0 | undefined {
  if (text === "0") return 0;
  const name = text.toUpperCase().replace(/^SIG/, "");
  if (name in SIGNALS) return name as Signal;
  const found = Object.entries(SIGNALS).find(([, number]) => String(number) === text);
  return found?.[0] as Signal | undefined;
}

const KILL_USAGE = `
Usage:
 kill [options] <pid> [...]

Options:
 <pid> [...]            send signal to every <pid> listed
 -<signal>, -s, --signal <signal>
                        specify the <signal> to be sent
 -q, --queue <value>    integer value to be sent with the signal
 -l, --list=[<signal>]  list all signal names, or convert one to a name
 -L, --table            list all signal names in a nice table

 -h, --help     display this help and exit
 -V, --version  output version information and exit

For more details see kill(1).
`;

/** kill(1) of procps-ng: the program, as opposed to the shell's builtin. */
export const kill: Program = function* (p) {
  const words = p.argv.slice(1);
  let signal: Signal | 0 = "TERM";
  let status = 0;
  if (words[0] === "-l" || words[0] === "--list") {
    const names = Object.keys(SIGNALS);
    const one = words[1] === undefined ? undefined : Number(words[1]) & 127;
    const name = names.find((own) => SIGNALS[own as Signal] === one);
    const all = `${names.slice(0, 16).join(" ")}\n${names.slice(16).join(" ")}\n`;
    yield* sys.print(
      p,
      words[1] === undefined ? all : `${name ?? SIGNALS[words[1].replace(/^SIG/, "") as Signal] ?? ""}\n`,
    );
    return 0;
  }
  const first = words[0];
  const given =
    first === "-s" || first === "--signal"
      ? words.splice(0, 2)[1]
      : first !== undefined && /^-[A-Za-z0-9]+$/.test(first) && words.length > 1
        ? words.shift()!.slice(1)
        : undefined;
  if (given !== undefined) {
    const parsed = signalOf(given);
    if (parsed === undefined) {
      yield* sys.printError(p, `kill: invalid argument ${given}\n${KILL_USAGE}`);
      return 1;
    }
    signal = parsed;
  }
  if (words[0] === "--") words.shift();
  if (words.length === 0) {
    yield* sys.printError(p, KILL_USAGE);
    return 1;
  }
  for (const word of words) {
    if (!/^-?\d+$/.test(word)) {
      yield* sys.printError(p, `kill: failed to parse argument: '${word}'\n`);
      status = 1;
      continue;
    }
    try {
      sys.kill(p, Number(word), signal);
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* sys.printError(p, `kill: (${word}): ${error.message}\n`);
      status = 1;
    }
  }
  return status;
};

/** pgrep(1) and pkill(1): the same selection, two things to do with it. */
function matcher(kind: "pgrep" | "pkill"): Program {
  return function* (p) {
    let signal: Signal | 0 = "TERM";
    const words = p.argv.slice(1).filter((word) => {
      const found = kind === "pkill" && /^-[A-Z0-9]+$/.test(word) ? signalOf(word.slice(1)) : undefined;
      if (found !== undefined) signal = found;
      return found === undefined;
    });
    let o: ParsedOptions;
    try {
      o = parseOptions(words, {
        short: "acd:efg:G:ilnoP:s:t:u:U:vwxFLr:",
        long: "list-name=l list-full=a count=c delimiter:=d echo=e full=f newest=n oldest=o parent:=P terminal:=t euid:=u uid:=U inverse=v exact=x ignore-case=i signal:=signal",
      });
    } catch (error) {
      if (!(error instanceof OptionError)) throw error;
      yield* sys.printError(p, `${kind}: ${error.message}\nTry \`${kind} --help' for more information.\n`);
      return 2;
    }
    const selecting = o.has("P", "t", "u", "U", "g", "G", "s", "n", "o");
    if (o.operands.length === 0 && !selecting) {
      yield* sys.printError(
        p,
        `${kind}: no matching criteria specified\nTry \`${kind} --help' for more information.\n`,
      );
      return 2;
    }
    if (o.operands.length > 1) {
      yield* sys.printError(
        p,
        `${kind}: only one pattern can be provided\nTry \`${kind} --help' for more information.\n`,
      );
      return 2;
    }
    if (o.has("signal")) signal = signalOf(o.value("signal")!) ?? "TERM";
    const found = select(p, o);
    if (o.has("c")) yield* sys.print(p, `${found.length}\n`);
    else if (kind === "pgrep" && found.length > 0) yield* sys.print(p, list(found, o));
    if (kind === "pkill") return yield* killAll(p, found, signal, o);
    return found.length > 0 ? 0 : 1;
  };
}

function list(found: readonly Seen[], o: ParsedOptions): string {
  const delimiter = o.value("d") ?? "\n";
  const texts = found.map(({ pid, process }) =>
    o.has("a") ? `${pid} ${commandLine(process)}` : o.has("l") ? `${pid} ${process.comm}` : String(pid),
  );
  return `${texts.join(delimiter)}\n`;
}

function* killAll(p: Process, found: readonly Seen[], signal: Signal | 0, o: ParsedOptions): Gen<number> {
  let killed = 0;
  for (const { pid, process } of found) {
    try {
      sys.kill(p, pid, signal);
      killed++;
      if (o.has("e")) yield* sys.print(p, `${process.comm} killed (pid ${pid})\n`);
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* sys.printError(p, `pkill: killing pid ${pid} failed: ${error.message}\n`);
    }
  }
  return killed > 0 ? 0 : 1;
}

function select(p: Process, o: ParsedOptions): Seen[] {
  const pattern = o.operands[0];
  const fold = (text: string) => (o.has("i") ? text.toLowerCase() : text);
  const test = pattern === undefined ? () => true : wordTest(fold(pattern), o.has("x"));
  const users = [...o.values("u"), ...o.values("U")]
    .flatMap((value) => value.split(","))
    .map((name) => userByName(p.ns.mnt, name)?.uid ?? Number(name));
  const parents = o
    .values("P")
    .flatMap((value) => value.split(","))
    .map(Number);
  const ttys = o.values("t").flatMap((value) => value.split(","));
  let found = seenBy(p).filter((seen) => {
    const { process, ppid } = seen;
    if (process === p) return false;
    const hit =
      test(fold(o.has("f") ? commandLine(process) : process.comm)) &&
      (users.length === 0 || users.includes(process.cred.uid)) &&
      (parents.length === 0 || parents.includes(ppid)) &&
      (ttys.length === 0 || ttys.includes(ttyName(process)));
    return hit !== o.has("v");
  });
  if (o.has("n") && found.length > 0)
    found = [found.reduce((a, b) => (b.process.startedAt >= a.process.startedAt ? b : a))];
  if (o.has("o") && found.length > 0)
    found = [found.reduce((a, b) => (b.process.startedAt < a.process.startedAt ? b : a))];
  return found;
}

/** Patterns of pgrep are extended regular expressions; here anchors, `.`, `.*` and alternatives are understood. */
function wordTest(pattern: string, exact: boolean): (text: string) => boolean {
  const branches = pattern.replace(/^\((.*)\)$/, "$1").split("|");
  return (text) => branches.some((branch) => branchMatches(branch, text, exact));
}

function branchMatches(branch: string, text: string, exact: boolean): boolean {
  const fromStart = exact || branch.startsWith("^");
  const toEnd = exact || (branch.endsWith("$") && !branch.endsWith("\\$"));
  const parts = branch
    .replace(/^\^/, "")
    .replace(/\$$/, "")
    .split(".*")
    .map((part) => part.replace(/\[(.)\]/g, "$1").replace(/\\(.)/g, "$1"));
  let at = 0;
  for (const [i, part] of parts.entries()) {
    const found = toEnd && i === parts.length - 1 ? lastIndex(text, part, at) : indexOf(text, part, at);
    if (found < 0 || (i === 0 && fromStart && found !== 0)) return false;
    at = found + part.length;
  }
  return !toEnd || at === text.length;
}

/** Like indexOf, with `.` standing for any one character. */
function indexOf(text: string, part: string, from: number): number {
  for (let i = from; i + part.length <= text.length; i++) if (fits(text, part, i)) return i;
  return -1;
}

function lastIndex(text: string, part: string, from: number): number {
  const i = text.length - part.length;
  return i >= from && fits(text, part, i) ? i : -1;
}

function fits(text: string, part: string, at: number): boolean {
  for (let k = 0; k < part.length; k++) if (part[k] !== "." && part[k] !== text[at + k]) return false;
  return true;
}

export const pgrep = matcher("pgrep");
export const pkill = matcher("pkill");

/** pidof(8): pids of a program by name, newest first. */
export const pidof: Program = function* (p) {
  const names = p.argv.slice(1).filter((word) => !word.startsWith("-"));
  const found = seenBy(p)
    .filter(({ process }) => names.some((name) => process.comm === name.slice(0, 15) || process.exe === name))
    .map(({ pid }) => pid)
    .sort((a, b) => b - a);
  if (found.length > 0) yield* sys.print(p, `${found.join(" ")}\n`);
  return found.length > 0 ? 0 : 1;
};
