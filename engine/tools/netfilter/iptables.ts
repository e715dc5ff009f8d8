import { cpu, decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { localZone } from "../../machine/zone.ts";
import {
  iptables,
  isTableName,
  Ruleset,
  restore,
  saveTable,
  TABLE_NAMES,
  Table,
  VERSION,
} from "../../netfilter/index.ts";
import { lookupHosts } from "../../network/hosts.ts";
import { strftime } from "../../text/time.ts";
import { readWhole } from "../io.ts";

/** µs that one call costs: starting, asking the kernel for its tables, committing. */
const CALL = 2_000;

/** The name by which messages speak: `iptables` for its other names, too. */
function spokenName(p: Process, fallback: string): string {
  return (p.argv[0] ?? fallback).replace(/^.*\//, "").replace(/-(nft|legacy)(?=-|$)/, "");
}

/** IPv6 has tables of its own. */
function rulesetOf(p: Process, name: string): Ruleset {
  p.ns.net.netfilter ??= new Ruleset();
  return name.startsWith("ip6") ? p.ns.net.netfilter.six : p.ns.net.netfilter;
}

function* denied(p: Process, name: string): Gen<number> {
  yield* sys.printError(
    p,
    `${name} v${VERSION} (nf_tables): Could not fetch rule set generation id: Permission denied (you must be root)\n`,
  );
  return 4;
}

/** iptables(8), the variant on nf_tables: rules of this network namespace. */
export const iptablesProgram: Program = function* (p) {
  yield* cpu(CALL);
  const name = spokenName(p, "iptables");
  const words = p.argv.slice(1);
  const asks = words.some((word) => /^-([hV]$|-help$|-version$)/.test(word));
  if (p.cred.uid !== 0 && !asks) return yield* denied(p, name);
  const outcome = iptables(rulesetOf(p, name), words, {
    program: name,
    nameOf: (address) => lookupHosts(p, address)?.canonical,
  });
  if (outcome.out !== "") yield* sys.print(p, outcome.out);
  if (outcome.error !== "") yield* sys.printError(p, outcome.error);
  return outcome.status;
};

/** Fails with getopt's words for an option that is none. */
function* wrongOption(p: Process, name: string, word: string): Gen<undefined> {
  const what = word.startsWith("--") ? `unrecognized option '${word}'` : `invalid option -- '${word[1]}'`;
  yield* sys.printError(p, `${name}: ${what}\n`);
}

interface Given {
  flags: Set<string>;
  values: Map<string, string>;
  operands: string[];
}

/** getopt_long for the small programs: `letters` as of getopt, long names by letter. Gives undefined after a complaint. */
function* options(
  p: Process,
  name: string,
  letters: string,
  long: Readonly<Record<string, string>>,
): Gen<Given | undefined> {
  const given: Given = { flags: new Set(), values: new Map(), operands: [] };
  const words = p.argv.slice(1);
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "--") {
      given.operands.push(...words.slice(i + 1));
      break;
    }
    if (word.startsWith("--")) {
      const [option, value] = word.includes("=")
        ? [word.slice(2, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]
        : [word.slice(2)];
      const found = Object.keys(long).filter((each) => each.startsWith(option!));
      const exact = long[option!] ?? (found.length === 1 ? long[found[0]!] : undefined);
      if (exact === undefined) return yield* wrongOption(p, name, `--${option}`);
      if (letters[letters.indexOf(exact) + 1] === ":" && letters[letters.indexOf(exact) + 2] !== ":") {
        const argument = value ?? words[++i];
        if (argument === undefined) {
          yield* sys.printError(p, `${name}: option '${word}' requires an argument\n`);
          return undefined;
        }
        given.values.set(exact, argument);
      } else given.flags.add(exact);
    } else if (word.startsWith("-") && word !== "-") {
      for (let j = 1; j < word.length; j++) {
        const letter = word[j]!;
        const at = letters.indexOf(letter);
        if (at < 0 || letter === ":") return yield* wrongOption(p, name, `-${letter}`);
        if (letters[at + 1] !== ":") {
          given.flags.add(letter);
          continue;
        }
        const rest = word.slice(j + 1);
        if (letters[at + 2] === ":") given.flags.add(letter);
        else {
          const argument = rest !== "" ? rest : words[++i];
          if (argument === undefined) {
            yield* sys.printError(p, `${name}: option requires an argument -- '${letter}'\n`);
            return undefined;
          }
          given.values.set(letter, argument);
        }
        break;
      }
    } else given.operands.push(word);
  }
  return given;
}

/** `Tue Nov 24 01:53:02 2026`, as ctime(3) has it. */
function timeText(p: Process): string {
  return strftime("%a %b %e %H:%M:%S %Y", localZone(p).calendar(Math.floor(p.machine.kernel.wallMs / 1000)));
}

const SAVE_LONG = {
  counters: "c",
  version: "V",
  dump: "d",
  table: "t",
  modprobe: "M",
  file: "f",
  ipv4: "4",
  ipv6: "6",
};

/** iptables-save(8): all rules as commands that make them again. */
export const iptablesSave: Program = function* (p) {
  yield* cpu(CALL);
  const name = spokenName(p, "iptables-save");
  const given = yield* options(p, name, "bcdt:M:f:46V", SAVE_LONG);
  if (given === undefined) {
    yield* sys.printError(p, `Look at manual page \`${name}.8' for more information.\n`);
    return 1;
  }
  if (given.flags.has("V")) {
    yield* sys.print(p, `${name} v${VERSION} (nf_tables)\n`);
    return 0;
  }
  if (given.operands.length > 0) {
    yield* sys.printError(p, "Unknown arguments found on commandline\n");
    return 1;
  }
  if (p.cred.uid !== 0) return yield* denied(p, name);
  const wanted = given.values.get("t");
  if (wanted !== undefined && !isTableName(wanted)) {
    yield* sys.printError(p, `Table \`${wanted}' does not exist\n`);
    return 1;
  }
  const ruleset = p.ns.net.netfilter === undefined ? undefined : rulesetOf(p, name);
  const lines = TABLE_NAMES.filter((table) => wanted === undefined || wanted === table).flatMap((table) =>
    dump(p, ruleset?.tables.get(table) ?? (wanted === undefined ? undefined : new Table(table)), name, given),
  );
  const text = lines.map((line) => `${line}\n`).join("");
  const file = given.values.get("f");
  if (file !== undefined) {
    try {
      sys.writeText(p, file, text);
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* sys.printError(p, `Failed to open file, error: ${error.message}\n`);
      return 1;
    }
  } else if (text !== "") yield* sys.print(p, text);
  return 0;
};

function dump(p: Process, table: Table | undefined, program: string, given: Given): string[] {
  if (table === undefined) return [];
  const at = timeText(p);
  return [
    `# Generated by ${program} v${VERSION} (nf_tables) on ${at}`,
    ...saveTable(table, given.flags.has("c")),
    `# Completed on ${at}`,
  ];
}

const RESTORE_LONG = {
  counters: "c",
  verbose: "v",
  version: "V",
  test: "t",
  help: "h",
  noflush: "n",
  modprobe: "M",
  table: "T",
  ipv4: "4",
  ipv6: "6",
  wait: "w",
  "wait-interval": "W",
};

/** iptables-restore(8): reads what iptables-save wrote. */
export const iptablesRestore: Program = function* (p) {
  yield* cpu(CALL);
  const name = spokenName(p, "iptables-restore");
  const given = yield* options(p, name, "bcvVthnM:T:w::W::46", RESTORE_LONG);
  if (given === undefined) {
    yield* sys.printError(p, `Try \`${name} -h' for more information.\n`);
    return 1;
  }
  const { flags } = given;
  if (flags.has("V")) {
    yield* sys.print(p, `${name} v${VERSION} (nf_tables)\n`);
    return 0;
  }
  if (flags.has("h")) {
    yield* sys.printError(p, `Usage: ${name} [-c] [-v] [-V] [-t] [-h] [-n] [-T table] [-M command] [-4] [-6] [file]\n`);
    return 0;
  }
  const [file, more] = given.operands;
  if (more !== undefined) {
    yield* sys.printError(p, "Unknown arguments found on commandline\n");
    return 1;
  }
  if (p.cred.uid !== 0) return yield* denied(p, name);
  let bytes: Uint8Array;
  try {
    bytes = file === undefined ? yield* readWhole(p, 0) : sys.readBytes(p, file);
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* sys.printError(p, `Can't open ${file}: ${error.message}\n`);
    return 1;
  }
  const table = given.values.get("T");
  const result = restore(rulesetOf(p, name), decode(bytes), {
    noflush: flags.has("n"),
    counters: flags.has("c"),
    test: flags.has("t"),
    program: name,
    ...(table === undefined ? {} : { table }),
  });
  // About what the real one takes for a rule.
  yield* cpu(4 * result.parsed);
  if (result.error !== "") yield* sys.printError(p, result.error);
  return result.status;
};
