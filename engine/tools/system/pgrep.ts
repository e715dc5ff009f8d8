/** pgrep, pkill and pidof: processes by what they are (src/pgrep.c of procps-ng 4.0.2; pidof of sysvinit-utils 3). */
import type { Gen } from "../../kernel/index.ts";
import { stateLetter } from "../../machine/base/proc.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process, Program } from "../../machine/process.ts";
import type { Signal } from "../../machine/signal.ts";
import * as sys from "../../machine/sys.ts";
import { groupByName, userByName } from "../../machine/users.ts";
import { compileRegex, type Regex, RegexError } from "../../text/regex/index.ts";
import { OptionError, type ParsedOptions, parseOptions } from "../options.ts";
import { signalOf } from "./kill.ts";
import { commandLine, type Seen, seenBy, ttyName } from "./process-view.ts";

type Kind = "pgrep" | "pkill";

const USAGE_HEAD: Record<Kind, string> = {
  pgrep: ` -d, --delimiter <string>  specify output delimiter
 -l, --list-name           list PID and process name
 -a, --list-full           list PID and full command line
 -v, --inverse             negates the matching
 -w, --lightweight         list all TID
`,
  pkill: ` -<sig>, --signal <sig>    signal to send (either number or name)
 -q, --queue <value>       integer value to be sent with the signal
 -e, --echo                display what is killed
`,
};

const usage = (kind: Kind): string => `
Usage:
 ${kind} [options] <pattern>

Options:
${USAGE_HEAD[kind]} -c, --count               count of matching processes
 -f, --full                use full process name to match
 -g, --pgroup <PGID,...>   match listed process group IDs
 -G, --group <GID,...>     match real group IDs
 -i, --ignore-case         match case insensitively
 -n, --newest              select most recently started
 -o, --oldest              select least recently started
 -O, --older <seconds>     select where older than seconds
 -P, --parent <PPID,...>   match only child processes of the given parent
 -s, --session <SID,...>   match session IDs
 -t, --terminal <tty,...>  match by controlling terminal
 -u, --euid <ID,...>       match by effective IDs
 -U, --uid <ID,...>        match by real IDs
 -x, --exact               match exactly with the command name
 -F, --pidfile <file>      read PIDs from file
 -L, --logpidfile          fail if PID file is not locked
 -r, --runstates <state>   match runstates [D,S,Z,...]
 -A, --ignore-ancestors    exclude our ancestors from results
 --cgroup <grp,...>        match by cgroup v2 names
 --ns <PID>                match the processes that belong to the same
                           namespace as <pid>
 --nslist <ns,...>         list which namespaces will be considered for
                           the --ns option.
                           Available namespaces: ipc, mnt, net, pid, user, uts

 -h, --help     display this help and exit
 -V, --version  output version information and exit

For more details see pgrep(1).
`;

const LONG =
  "signal:=signal ignore-ancestors=A count=c cgroup:=cgroup delimiter:=d list-name=l list-full=a full=f pgroup:=g group:=G ignore-case=i newest=n oldest=o older:=O parent:=P session:=s terminal:=t euid:=u uid:=U inverse=v lightweight=w exact=x pidfile:=F logpidfile=L echo=e ns:=ns nslist:=nslist queue:=q runstates:=r help=h version=V";

/** Ends with a message and an exit status. */
class Refusal extends Error {
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

function matcher(kind: Kind): Program {
  return function* (p) {
    try {
      return yield* run(p, kind);
    } catch (error) {
      if (error instanceof OptionError) yield* sys.printError(p, `${kind}: ${error.message}\n${usage(kind)}`);
      else if (error instanceof Refusal) yield* sys.printError(p, `${kind}: ${error.message}\n`);
      else throw error;
      return error instanceof Refusal ? error.status : 2;
    }
  };
}

function* run(p: Process, kind: Kind): Gen<number> {
  let signal: Signal | 0 = "TERM";
  const words = p.argv.slice(1).filter((word) => {
    const found = kind === "pkill" && /^-[A-Z0-9]+$/.test(word) ? signalOf(word.slice(1)) : undefined;
    if (found !== undefined) signal = found;
    return found === undefined;
  });
  const own = kind === "pkill" ? "eq:" : "lad:vw";
  const o = parseOptions(words, { short: `${own}LF:cfinoxP:O:Ag:s:u:U:G:t:r:Vh`, long: LONG, standard: false });
  if (o.has("h")) {
    yield* sys.print(p, usage(kind));
    return 0;
  }
  if (o.has("V")) {
    yield* sys.print(p, `${kind} from procps-ng 4.0.2\n`);
    return 0;
  }
  const extremes = o.list.filter(({ key }) => key === "n" || key === "o" || key === "v").length;
  if (extremes > 1 || o.values("i").length > 1) {
    yield* sys.printError(p, usage(kind));
    return 2;
  }
  const more = `\nTry \`${kind} --help' for more information.`;
  if (o.has("L") && !o.has("F")) throw new Refusal(`-L without -F makes no sense${more}`, 2);
  const tests = criteria(p, o, more);
  if (o.operands.length > 1) throw new Refusal(`only one pattern can be provided${more}`, 2);
  if (o.operands.length === 0 && tests.length === 0 && !o.has("n", "o"))
    throw new Refusal(`no matching criteria specified${more}`, 2);
  if (o.has("signal")) signal = signalOf(o.value("signal")!) ?? signal;
  const found = select(p, o, tests);
  const [pattern = ""] = o.operands;
  if (found.length === 0 && !o.has("f") && pattern.length > 15)
    yield* sys.printError(
      p,
      `${kind}: pattern that searches for process name longer than 15 characters will result in zero matches\nTry \`${kind} -f' option to match against the complete command line.\n`,
    );
  if (kind === "pkill") {
    const killed = yield* killAll(p, found, signal, o);
    if (o.has("c")) yield* sys.print(p, `${found.length}\n`);
    return killed > 0 ? 0 : 1;
  }
  if (o.has("c")) yield* sys.print(p, `${found.length}\n`);
  else if (found.length > 0) yield* sys.print(p, list(found, o));
  return found.length > 0 ? 0 : 1;
}

function list(found: readonly Seen[], o: ParsedOptions): string {
  const texts = found.map(({ pid, process }) =>
    o.has("a") ? `${pid} ${commandLine(process)}` : o.has("l") ? `${pid} ${process.comm}` : String(pid),
  );
  return `${texts.join(o.value("d") ?? "\n")}\n`;
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
  return killed;
}

type Test = (seen: Seen) => boolean;

/** What the options ask of a process besides its name. */
function criteria(p: Process, o: ParsedOptions, more: string): Test[] {
  const tests: Test[] = [];
  const each = <T>(key: string, read: (word: string) => T, fits: (seen: Seen, value: T) => boolean) => {
    const texts = o.values(key);
    if (texts.length === 0) return;
    const values = texts.at(-1)!.split(",").map(read);
    tests.push((seen) => values.some((value) => fits(seen, value)));
  };
  const number = (what: string, zero?: number) => (word: string) => {
    if (!/^\d+$/.test(word)) throw new Refusal(`${what}: ${word}`, 2);
    return zero !== undefined && Number(word) === 0 ? zero : Number(word);
  };
  const uid = (word: string) => {
    const id = /^\d+$/.test(word) ? Number(word) : userByName(p.ns.mnt, word)?.uid;
    if (id === undefined) throw new Refusal(`invalid user name: ${word}`, 2);
    return id;
  };
  const gid = (word: string) => {
    const id = /^\d+$/.test(word) ? Number(word) : groupByName(p.ns.mnt, word)?.gid;
    if (id === undefined) throw new Refusal(`invalid group name: ${word}`, 2);
    return id;
  };
  each("P", number("not a number"), ({ ppid }, value) => ppid === value);
  each("g", number("invalid process group", p.group), ({ process }, value) => process.group === value);
  each("s", number("invalid session id", p.session), ({ process }, value) => process.session === value);
  each("u", uid, ({ process }, value) => process.cred.uid === value);
  each("U", uid, ({ process }, value) => process.cred.uid === value);
  each("G", gid, ({ process }, value) => process.cred.gid === value);
  each("t", String, ({ process }, value) => ttyName(process) === value);
  each("cgroup", String, ({ process }, value) => process.ns.cgroup === value);
  each("ns", number("invalid pid"), ({ process }, value) => sameNamespaces(process, p.ns.pid.byPid.get(value)));
  const older = o.value("O");
  const { kernel } = p.machine;
  if (older !== undefined)
    tests.push(({ process }) => kernel.now - process.startedAt >= (Number.parseInt(older, 10) || 0) * 1_000_000);
  const states = o.value("r");
  if (states !== undefined) tests.push(({ process }) => states.includes(stateLetter(process)));
  const file = o.value("F");
  if (file !== undefined) {
    const pid = Number.parseInt(readText(p, file), 10);
    if (!(pid > 0)) throw new Refusal(`pidfile not valid${more}`, 1);
    tests.push((seen) => seen.pid === pid);
  }
  return tests;
}

function readText(p: Process, path: string): string {
  try {
    return sys.readText(p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    return "";
  }
}

function sameNamespaces(a: Process, b: Process | undefined): boolean {
  return b !== undefined && a.ns.mnt === b.ns.mnt && a.ns.net === b.ns.net && a.ns.pid === b.ns.pid;
}

function select(p: Process, o: ParsedOptions, tests: readonly Test[]): Seen[] {
  const [pattern] = o.operands;
  const name = pattern === undefined ? undefined : compiled(o.has("x") ? `^(${pattern})$` : pattern, o.has("i"));
  const above = new Set<Process>();
  if (o.has("A")) for (let at = p.parent; at !== undefined; at = at.parent) above.add(at);
  const found = seenBy(p).filter((seen) => {
    const { process } = seen;
    if (process === p || above.has(process)) return false;
    const hit =
      tests.every((test) => test(seen)) &&
      (name === undefined || name.test(o.has("f") ? commandLine(process) : process.comm));
    return hit !== o.has("v");
  });
  if (found.length === 0 || !o.has("n", "o")) return found;
  const newest = o.has("n");
  return [
    found.reduce((a, b) => {
      const later = b.process.startedAt >= a.process.startedAt;
      return later === newest ? b : a;
    }),
  ];
}

/** An extended regular expression. Throws `Refusal` with regcomp's words. */
function compiled(pattern: string, ignoreCase: boolean): Regex {
  try {
    return compileRegex(pattern, { syntax: "ere", ignoreCase });
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    throw new Refusal(`regex error: ${error.message}`, 2);
  }
}

/** pgrep(1). */
export const pgrep = matcher("pgrep");
/** pkill(1). */
export const pkill = matcher("pkill");

/** pidof(8): pids of a program by name, newest first. */
export const pidof: Program = function* (p) {
  let o: ParsedOptions;
  try {
    o = parseOptions(p.argv.slice(1), { short: "hcnqo:sd:xz", standard: false });
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    return 1;
  }
  const omitted = new Set(
    o
      .values("o")
      .flatMap((word) => word.split(","))
      .map((word) => (word === "%PPID" ? (p.parent?.nsPid ?? 0) : Number.parseInt(word, 10))),
  );
  const words = (process: Process): readonly string[] =>
    o.has("x") ? process.argv.slice(0, 2) : process.argv.slice(0, 1);
  const named = (process: Process, name: string) =>
    process.comm === name.slice(0, 15) ||
    process.exe === name ||
    words(process).some((word) => word === name || word.split("/").at(-1) === name);
  const found = seenBy(p)
    .filter(({ process, pid }) => process !== p && !omitted.has(pid) && o.operands.some((name) => named(process, name)))
    .filter(({ process }) => o.has("z") || stateLetter(process) !== "Z")
    .map(({ pid }) => pid)
    .sort((a, b) => b - a);
  const shown = o.has("s") ? found.slice(0, 1) : found;
  if (found.length > 0 && !o.has("q")) yield* sys.print(p, `${shown.join(o.value("d") ?? " ")}\n`);
  return found.length > 0 ? 0 : 1;
};
