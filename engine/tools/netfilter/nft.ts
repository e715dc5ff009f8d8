import { cpu, decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { nft, nftOfIptables, type PrintOptions, Ruleset } from "../../netfilter/index.ts";
import { readWhole } from "../io.ts";

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
  if (letters.has("j")) {
    yield* sys.printError(p, "Error: JSON support not compiled-in\n");
    return 1;
  }
  const input = file === undefined ? words.join(" ") : yield* read(p, file);
  if (input === undefined) {
    const where = "internal:0:0-0: Error: Could not open file";
    yield* sys.printError(p, `${where} "${file}": No such file or directory\n\n\n`);
    return 1;
  }
  p.ns.net.netfilter ??= new Ruleset();
  const options: PrintOptions & { check: boolean } = {
    now: p.machine.kernel.now,
    handles: letters.has("a"),
    numeric: letters.has("n"),
    numericPriority: letters.has("n") || letters.has("y"),
    stateless: letters.has("s"),
    terse: letters.has("t"),
    check: letters.has("c"),
  };
  const source = file === "-" ? "/dev/stdin" : file;
  const ruleset = p.ns.net.netfilter;
  const { out, error, status } = nft(ruleset, input, options, source, nftOfIptables(ruleset));
  if (out !== "") yield* sys.print(p, out);
  if (error !== "") yield* sys.printError(p, error);
  return status;
};

function* read(p: Process, path: string): Gen<string | undefined> {
  if (path === "-" || path === "/dev/stdin") return decode(yield* readWhole(p, 0));
  try {
    return sys.readText(p, path);
  } catch (error) {
    if (isErrno(error)) return undefined;
    throw error;
  }
}
