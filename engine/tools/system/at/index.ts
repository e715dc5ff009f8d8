/** at(1), atq(1), atrm(1) and batch(1) of Debian's at 3.2.5. */
import { decode, type Gen } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import type { Process, Program } from "../../../machine/process.ts";
import { hostView } from "../../../machine/runtime/host-view.ts";
import * as sys from "../../../machine/sys.ts";
import { userByUid } from "../../../machine/users.ts";
import { localZone } from "../../../machine/zone.ts";
import { parseStamp } from "../../../text/date-parse.ts";
import { strftime } from "../../../text/time.ts";
import { LineReader } from "../../io.ts";
import { OptionError, type ParsedOptions, parseOptions } from "../../options.ts";
import { shellQuote } from "../../tool.ts";
import { type AtJob, addJob, allJobs, removeJob } from "./jobs.ts";
import { parseTimespec, TimespecError } from "./timespec.ts";

const USAGE = `Usage: at [-V] [-q x] [-f file] [-u username] [-mMlbv] timespec ...
       at [-V] [-q x] [-f file] [-u username] [-mMlbv] -t time
       at -c job ...
       at [-V] -l [-o timeformat] [job ...]
       atq [-V] [-q x] [-o timeformat] [job ...]
       at [ -rd ] job ...
       atrm [-V] job ...
       batch
`;
const VERSION = `at version 3.2.5
Please report bugs to the Debian bug tracking system (http://bugs.debian.org/)
or contact the maintainers (at@packages.debian.org).
`;
const FORMAT = "%a %b %e %H:%M:%S %Y";
/** Variables that a job does not get. */
const LEFT_OUT = new Set(["TERM", "DISPLAY", "_", "SHELLOPTS", "BASH_VERSINFO", "EUID", "GROUPS", "PPID", "UID"]);

function shown(p: Process, at: number, format = FORMAT): string {
  return strftime(format, localZone(p).calendar(at));
}

const mayTouch = (p: Process, job: AtJob) => p.cred.uid === 0 || p.cred.uid === job.uid;

function* usage(p: Process, complaint = ""): Gen<number> {
  yield* sys.printError(p, complaint + USAGE);
  return 1;
}

/** A job's number; undefined after a complaint. */
function* jobOf(p: Process, word: string): Gen<AtJob | undefined> {
  if (!/^\d+$/.test(word)) {
    yield* sys.printError(p, `${p.argv[0]}: unknown jobid: ${word}\n`);
    return undefined;
  }
  const job = allJobs(p.machine).find(({ number }) => number === Number(word));
  if (job === undefined) yield* sys.printError(p, `Cannot find jobid ${word}\n`);
  else if (!mayTouch(p, job)) yield* sys.printError(p, `${word}: Not owner\n`);
  else return job;
  return undefined;
}

function* list(p: Process, o: ParsedOptions): Gen<number> {
  for (const job of allJobs(p.machine)) {
    if (!mayTouch(p, job) || (o.has("q") && job.queue !== o.value("q"))) continue;
    if (o.operands.length > 0 && !o.operands.includes(String(job.number))) continue;
    yield* sys.print(p, `${job.number}\t${shown(p, job.at, o.value("o"))} ${job.queue} ${job.user}\n`);
  }
  return 0;
}

function* remove(p: Process, words: readonly string[]): Gen<number> {
  if (words.length === 0) return yield* usage(p);
  let status = 0;
  for (const word of words) {
    const job = yield* jobOf(p, word);
    if (job === undefined) status = 1;
    else removeJob(p.machine, job);
  }
  return status;
}

function* printJobs(p: Process, words: readonly string[]): Gen<number> {
  if (words.length === 0) return yield* usage(p);
  let status = 0;
  for (const word of words) {
    const job = yield* jobOf(p, word);
    if (job === undefined) status = 1;
    else yield* sys.print(p, sys.readText(hostView(p.machine), job.path));
  }
  return status;
}

/** When the job is to run; undefined after a complaint. */
function* timeOf(p: Process, o: ParsedOptions, now: number): Gen<number | undefined> {
  const stamp = o.value("t");
  const zone = localZone(p);
  if (stamp !== undefined) {
    const ms = parseStamp(stamp, now * 1000, zone);
    if (ms !== undefined) return ms / 1000;
    yield* sys.printError(p, `invalid date format: ${stamp}\nGarbled time\n`);
    return undefined;
  }
  try {
    return Math.floor(parseTimespec(o.operands.join(" "), now, zone) / 60) * 60;
  } catch (error) {
    if (!(error instanceof TimespecError)) throw error;
    yield* sys.printError(p, `${error.message}Garbled time\n`);
    return undefined;
  }
}

/** Commands of -f or standard input; on a terminal behind prompts. */
function* commandsOf(p: Process, o: ParsedOptions, at: number): Gen<string | undefined> {
  const file = o.value("f");
  if (file !== undefined) {
    try {
      return decode(yield* sys.readPath(p, file));
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* sys.printError(p, `Cannot open input file ${file}: ${error.message}\n`);
      return undefined;
    }
  }
  yield* sys.printError(p, "warning: commands will be executed using /bin/sh\n");
  if (p.fds.get(0)?.tty === undefined) return decode(yield* sys.readAll(p, 0));
  yield* sys.printError(p, `at ${shown(p, at)}\n`);
  const lines = new LineReader(p, 0);
  let out = "";
  for (;;) {
    yield* sys.printError(p, "at> ");
    const line = yield* lines.line();
    if (line === undefined) break;
    out += `${line}\n`;
  }
  yield* sys.printError(p, "<EOT>\n");
  return out;
}

/** The script of a job: whose it is, environment and directory, and the commands. */
function scriptOf(p: Process, o: ParsedOptions, user: string, commands: string): string {
  const variables = [...p.env]
    .filter(([name]) => !LEFT_OUT.has(name) && /^[A-Za-z_]\w*$/.test(name))
    .map(([name, value]) => `${name}=${/^[\w./:=@%+,-]*$/.test(value) ? value : shellQuote(value)}; export ${name}\n`);
  const mail = o.has("M") ? "-1" : o.has("m") ? "1" : "0";
  const { uid, gid } = p.cred;
  const cwd = p.cwd.replace(/[^\w./-]/g, "\\$&");
  const head = `#!/bin/sh\n# atrun uid=${uid} gid=${gid}\n# mail ${user} ${mail}\numask ${p.umask.toString(8)}\n`;
  const enter = `cd ${cwd} || {\n\t echo 'Execution directory inaccessible' >&2\n\t exit 1\n}\n`;
  return `${head}${variables.join("")}${enter}${commands}${commands.endsWith("\n") ? "" : "\n"}`;
}

function* queue(p: Process, o: ParsedOptions, batch: boolean): Gen<number> {
  const letter = o.value("q") ?? (batch ? "b" : "a");
  if (!/^[a-zA-Z]$/.test(letter)) return yield* usage(p);
  const { machine } = p;
  const now = Math.floor(machine.kernel.wallMs / 1000);
  const minute = Math.floor(now / 60) * 60;
  const at = batch && o.operands.length === 0 ? minute : yield* timeOf(p, o, now);
  if (at === undefined) return 1;
  if (at < minute) {
    yield* sys.printError(p, "at: refusing to create job destined in the past\n");
    return 1;
  }
  if (o.has("v")) yield* sys.printError(p, `${shown(p, at)}\n\n`);
  const user = userByUid(p.ns.mnt, p.cred.uid)?.name ?? "root";
  const commands = yield* commandsOf(p, o, at);
  if (commands === undefined) return 1;
  if (o.has("f")) yield* sys.printError(p, "warning: commands will be executed using /bin/sh\n");
  const number = addJob(machine, letter, at, p.cred.uid, scriptOf(p, o, user, commands));
  yield* sys.printError(p, `job ${number} at ${shown(p, at)}\n`);
  return 0;
}

function atProgram(name: "at" | "atq" | "atrm" | "batch"): Program {
  return function* (p) {
    const short = { at: "q:f:u:mMlbvdrct:Vo:", atq: "q:o:V", atrm: "V", batch: "f:q:mMv" }[name];
    let o: ParsedOptions;
    try {
      o = parseOptions(p.argv.slice(1), { short: `+${short}`, standard: false });
    } catch (error) {
      if (!(error instanceof OptionError)) throw error;
      return yield* usage(p, `${p.argv[0]}: ${error.message}\n`);
    }
    if (o.has("V")) {
      yield* sys.printError(p, VERSION);
      return 0;
    }
    if (name === "atq" || o.has("l")) return yield* list(p, o);
    if (name === "atrm" || o.has("d", "r")) return yield* remove(p, o.operands);
    if (o.has("c")) return yield* printJobs(p, o.operands);
    const batch = name === "batch" || o.has("b");
    if (!batch && o.operands.length === 0 && !o.has("t")) return yield* usage(p);
    return yield* queue(p, o, batch);
  };
}

export const at = atProgram("at");
export const atq = atProgram("atq");
export const atrm = atProgram("atrm");
export const batch = atProgram("batch");
