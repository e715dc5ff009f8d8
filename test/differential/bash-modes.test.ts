import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { onTheHost } from "../host.ts";
import { corpusOf, ours, type Result, realMeanwhile, WAYS, type Way, withoutPids } from "./bash-runner.ts";

/**
 * The scripts of the bash corpus with a mode put before them, in this shell and in the real bash. Each script is run in
 * one of the modes, so that all of them together take little; `BASH_MODES=all` runs it in each (or in those it
 * names, by commas), and prints what differs.
 */
const MODES: Record<string, string> = {
  trace: "set -x",
  "trace with lines": "PS4='+ $LINENO ${FUNCNAME-} '; set -x",
  errexit: "set -e",
  nounset: "set -u",
  strict: "set -eE -o pipefail; trap 'echo ERR $? $LINENO' ERR",
  err: "trap 'echo ERR $? $LINENO $BASH_COMMAND' ERR",
  errtrace: "set -E; trap 'echo ERR $? $LINENO' ERR",
  debug: "trap 'echo D $BASH_COMMAND' DEBUG",
  functrace: "set -T; trap 'echo D $LINENO $BASH_COMMAND' DEBUG",
  return: "set -T; trap 'echo R $? $LINENO ${FUNCNAME-}' RETURN",
  exit: "trap 'echo EXIT $? $LINENO' EXIT",
  posix: "set -o posix",
};
/** What is chance once commands are shown: ids, times, names of temporary files, and who of two processes is first. */
const CHANCE = /\$\$|\$!|BASHPID|_PID|PPID|RANDOM|mktemp|\\D\{|\btime\b|[^&|>]&(?![&>|0-9])|coproc|[<>]\(/;
/** Whether a pipeline's processes write while others still read, which its statuses show. */
const CHANCE_OF_PIPES = /PIPESTATUS|pipefail|\| *(?:head|sed|true|grep -q)/;
/** What a mode shows of commands, who runs which when shows as well. */
const QUIET = ["errexit", "nounset", "posix"];
const TRACES = /^(?:trace|functrace|debug)/;
/** Modes that tell of lines. */
const LINES = /^(?:trace with lines|functrace|return)/;

interface Case {
  way: Way;
  file: string;
  script: string;
}

/** Scripts that differ for a reason: what they hold, and why. */
const KNOWN: { mode: RegExp; script: RegExp; why: string }[] = [
  {
    mode: /trace/,
    script: /; cat <<A; echo "\n/,
    why: "a document without its end is told of when all of its line is read",
  },
  { mode: /trace/, script: /LC_ALL=xx/, why: "what has no locale is told of as the assignment is made" },
  { mode: /debug/, script: /<<-'\t/, why: "tabs of a delimiter that is quoted are not shown" },
  { mode: /strict/, script: /[^|]\|(?!\|)/, why: "who writes into a pipe that nobody reads may live to end well" },
  {
    mode: LINES,
    script: /\\\n|<<|\balias\b/,
    why: "bash counts lines of what goes on, of documents and of aliases in ways of its own",
  },
  {
    mode: LINES,
    script: /\) (?:if|for|\(|\[)|\(\) ?\(\(|\[\[[^\]]*\n/,
    why: "the line of a function without braces is that of the one before it",
  },
  {
    mode: /return/,
    script: /echo \(|fi' |extdebug/,
    why: "the trap after a file that cannot be read sees 257, and extdebug has bash wait for ever",
  },
  {
    mode: /exit/,
    script: /\$\(echo \$x\)/,
    why: "bash waits for a process that another one started, and says so with its id",
  },
  { mode: /err/, script: /lastpipe/, why: "BASH_COMMAND is that of the pipeline's first command" },
  {
    mode: /posix/,
    script: /set -m|set -r|declare -fr|-a 'a=|\btime\b|x\/\/'|a \$\{x|arr_\$v|trap 'echo usr1' USR1; trap;/,
    why: "jobs are told of in other words, and errors that nobody meets",
  },
];

/** A number that a script always has, whatever stands before it. */
function turnOf(script: string): number {
  let sum = 0;
  for (let i = 0; i < script.length; i++) sum = (sum * 31 + script.charCodeAt(i)) % 1_000_003;
  return sum;
}

function casesOf(mode: string): Case[] {
  const names = Object.keys(MODES);
  const all = process.env.BASH_MODES !== undefined;
  const cases = WAYS.filter(({ corpus, stdin }) => corpus.startsWith("bash") && !stdin).flatMap((way) =>
    corpusOf(way).flatMap(({ file, scripts }) => scripts.map((script) => ({ way, file, script }))),
  );
  return cases.filter(({ script }) => {
    if (!all && names[turnOf(script) % names.length] !== mode) return false;
    if (KNOWN.some((one) => one.mode.test(mode) && one.script.test(script))) return false;
    if (QUIET.includes(mode)) return !/\btime\b/.test(script);
    return !CHANCE.test(script) && !CHANCE_OF_PIPES.test(script);
  });
}

/** What of a result is compared: where pipes are traced, lines come in any order. */
function compared(result: Result, mode: string, script: string): Result {
  const shown = (text: string) => text.replace(/[\udc80-\udcff]/g, "\ufffd");
  const sorted = (text: string) =>
    TRACES.test(mode) && script.includes("|") ? shown(text).split("\n").sort().join("\n") : shown(text);
  const { stdout, stderr, status } = withoutPids(result);
  return { stdout: sorted(stdout), stderr: sorted(stderr), status };
}

async function differences(mode: string): Promise<object[]> {
  const cases = casesOf(mode);
  const found: object[] = [];
  let next = 0;
  const worker = async () => {
    for (let one = cases[next++]; one !== undefined; one = cases[next++]) {
      const { way, file } = one;
      const script = `${MODES[mode]}\n${one.script}`;
      const theirs = compared(await realMeanwhile(way, script), mode, script);
      const own = compared(ours(way, script), mode, script);
      if (JSON.stringify(own) !== JSON.stringify(theirs)) found.push({ file, script, ours: own, real: theirs });
    }
  };
  await Promise.all([worker(), worker(), worker()]);
  if (process.env.BASH_MODES !== undefined) {
    console.log(`${mode}: ${found.length} of ${cases.length} differ`);
    for (const one of found) console.log(JSON.stringify(one, null, 1));
  }
  return found;
}

const { BASH_MODES = "all" } = process.env;
const wanted = Object.keys(MODES).filter((mode) => BASH_MODES === "all" || BASH_MODES.split(",").includes(mode));
describe.skipIf(!existsSync("/bin/bash"))("bash with a mode", process.env.BASH_MODES ? {} : onTheHost, () => {
  it.each(wanted)("%s", { timeout: 300_000 }, async (mode) => {
    expect((await differences(mode)).slice(0, 5)).toEqual([]);
  });
});
