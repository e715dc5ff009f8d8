import { cpu, decode, type Gen, WaitQueue, wait } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { nft, nftOfIptables, nftRuleText, Rule, Ruleset, showRule } from "../../netfilter/index.ts";
import { readWhole } from "../io.ts";
import { packetExpressions } from "./trace-text.ts";
import { follow } from "./xtables-monitor.ts";

const VERSION = "nftables v1.1.3 (Commodore Bullmoose #4)\n";
/** µs that one call costs: starting, asking the kernel for its tables, committing. */
const CALL = 3_000;

const HELP = `Usage: nft [ options ] [ cmds... ]

Options (general):
  -h, --help                      Show this help
  -v, --version                   Show version information

Options (ruleset input handling):
  -f, --file <filename>           Read input from <filename>
  -c, --check                     Check commands validity without actually applying the changes.

Options (ruleset list formatting):
  -a, --handle                    Output rule handle.
  -s, --stateless                 Omit stateful information of ruleset.
  -t, --terse                     Omit contents of sets.
  -n, --numeric                   Print fully numerical output.
  -y, --numeric-priority          Print chain priority numerically.
  -j, --json                      Format output in JSON
  -e, --echo                      Echo what has been added, inserted or replaced.

`;

/** Long options by letter; those that take no part in what is printed here are taken and forgotten. */
const LONG: Readonly<Record<string, string>> = {
  help: "h",
  version: "v",
  file: "f",
  check: "c",
  handle: "a",
  stateless: "s",
  terse: "t",
  numeric: "n",
  "numeric-priority": "y",
  "numeric-protocol": "p",
  "numeric-time": "T",
  service: "S",
  reversedns: "N",
  guid: "u",
  echo: "e",
  json: "j",
  optimize: "o",
};

/** What may follow `monitor`. */
const MONITORED: ReadonlySet<string> = new Set([
  "new",
  "destroy",
  "tables",
  "chains",
  "rules",
  "sets",
  "elements",
  "ruleset",
  "trace",
]);

interface Given {
  letters: Set<string>;
  file: string | undefined;
  words: string[];
  complaint?: string;
}

function readOptions(words: readonly string[]): Given {
  const given: Given = { letters: new Set(), file: undefined, words: [] };
  let i = 0;
  for (; i < words.length; i++) {
    const word = words[i]!;
    if (word === "--" || !word.startsWith("-") || word === "-") break;
    if (word.startsWith("--")) {
      const [name = "", value] = word.slice(2).split("=");
      const letter = Object.hasOwn(LONG, name) ? LONG[name]! : undefined;
      if (letter === undefined) return { ...given, complaint: `unrecognized option '${word}'` };
      given.letters.add(letter);
      if (letter === "f") given.file = value ?? words[++i];
      continue;
    }
    for (let at = 1; at < word.length; at++) {
      const letter = word[at]!;
      if (!Object.values(LONG).includes(letter)) return { ...given, complaint: `invalid option -- '${letter}'` };
      given.letters.add(letter);
      if (letter !== "f") continue;
      given.file = word.slice(at + 1) || words[++i];
      break;
    }
  }
  given.words = words.slice(i);
  return given;
}

/** nft(8): the rules of this network namespace, those of kube-proxy's mode nftables among them. */
export const nftProgram: Program = function* (p) {
  yield* cpu(CALL);
  const { letters, file, words, complaint } = readOptions(p.argv.slice(1));
  if (complaint !== undefined) {
    yield* sys.printError(p, `nft: ${complaint}\n`);
    return 1;
  }
  if (letters.has("h") || letters.has("v")) {
    yield* sys.print(p, letters.has("h") ? HELP : VERSION);
    return 0;
  }
  if (file === undefined && words.length === 0) {
    yield* sys.printError(p, "nft: no command specified\n");
    return 1;
  }
  if (p.cred.uid !== 0) {
    const why = "Operation not permitted";
    yield* sys.printError(p, `${why} (you must be root)\nnetlink: Error: cache initialization failed: ${why}\n`);
    return 1;
  }
  if (words[0] === "monitor") return yield* monitor(p, words.slice(1));
  const input = file === undefined ? words.join(" ") : yield* read(p, file);
  if (input === undefined) {
    const where = "internal:0:0-0: Error: Could not open file";
    yield* sys.printError(p, `${where} "${file}": No such file or directory\n\n\n`);
    return 1;
  }
  p.ns.net.netfilter ??= new Ruleset();
  const options: Parameters<typeof nft>[2] = {
    now: p.machine.kernel.now,
    handles: letters.has("a"),
    numeric: letters.has("n"),
    numericPriority: letters.has("n") || letters.has("y"),
    stateless: letters.has("s"),
    terse: letters.has("t"),
    check: letters.has("c"),
    echo: letters.has("e"),
    json: letters.has("j"),
    by: `${p.nsPid} (nft)`,
  };
  const source = file === "-" ? "/dev/stdin" : file;
  const ruleset = p.ns.net.netfilter;
  const { out, error, status } = nft(ruleset, input, options, source, nftOfIptables(ruleset));
  if (out !== "") yield* sys.print(p, out);
  if (error !== "") yield* sys.printError(p, error);
  return status;
};

/** `nft monitor`: tells of every transaction until it is interrupted. */
function* monitor(p: Process, words: readonly string[]): Gen<number> {
  if (words.some((word) => !MONITORED.has(word))) {
    const input = ["monitor", ...words].join(" ");
    const bad = words.find((word) => !MONITORED.has(word))!;
    const from = input.indexOf(bad);
    const expected = words[0] === "trace" ? ", expecting end of file or newline or semicolon" : "";
    const marks = " ".repeat(from) + "^".repeat(bad.length);
    yield* sys.printError(p, `Error: syntax error, unexpected string${expected}\n${input}\n${marks}\n`);
    return 1;
  }
  if (words[0] === "trace") return yield* trace(p);
  const only = words.find((word) => word !== "new" && word !== "destroy" && word !== "trace");
  const verb = words.includes("new") ? /^(add|insert) / : words.includes("destroy") ? /^delete / : /^/;
  const about = only === undefined || only === "ruleset" ? "" : ` ${only.slice(0, -1)} `;
  p.ns.net.netfilter ??= new Ruleset();
  const { listeners } = p.ns.net.netfilter;
  const waiting: string[] = [];
  const arrived = new WaitQueue();
  const listener = (lines: readonly string[]) => {
    const events = lines.slice(0, -1).filter((line) => verb.test(line) && line.includes(about));
    waiting.push(...events, lines.at(-1)!);
    arrived.wakeAll();
  };
  listeners.add(listener);
  try {
    for (;;) {
      const line = waiting.shift();
      if (line === undefined) yield* wait(arrived);
      else yield* sys.print(p, `${line}\n`);
    }
  } finally {
    listeners.delete(listener);
  }
}

/** `nft monitor trace`: what rules do with packets that one of them chose with `meta nftrace set 1`. */
function* trace(p: Process): Gen<number> {
  p.ns.net.netfilter ??= new Ruleset();
  const ruleset = p.ns.net.netfilter;
  return yield* follow(p, ruleset, (event) => {
    const { id, family, table, chain, kind, packet, verdict, rule } = event;
    const head = `trace id ${id} ${family} ${table} ${chain}`;
    if (kind === "packet") return `${head} packet: ${packetExpressions(p, packet, id)}\n`;
    if (kind === "policy") {
      const mark = packet.mark === 0 ? "" : `meta mark 0x${packet.mark.toString(16).padStart(8, "0")} `;
      return `${head} policy ${verdict} ${mark}\n`;
    }
    const text = rule instanceof Rule ? nftRuleText(rule) : showRule(rule!, { now: p.machine.kernel.now });
    return `${head} rule ${text} (verdict ${verdict})\n`;
  });
}

function* read(p: Process, path: string): Gen<string | undefined> {
  if (path === "-" || path === "/dev/stdin") return decode(yield* readWhole(p, 0));
  try {
    return sys.readText(p, path);
  } catch (error) {
    if (isErrno(error)) return undefined;
    throw error;
  }
}
