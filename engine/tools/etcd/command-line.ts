/** etcdctl's command line: cobra's search for the command, its options with pflag's complaints. */
import { parseDuration } from "../../api/go-time.ts";
import { quoteString } from "../../text/go-quote.ts";
import { boolProblem, invalidArgument, type PFlag, readFlags, splitCsv, UsageError } from "../pflag.ts";
import { suggestions } from "../suggest.ts";
import { GLOBAL, GROUPS, OPTIONS, type Option } from "./options.ts";

/** What a command line asks for. */
export interface Asked {
  /** Words of the command, as it is called in help; "" for the program itself. */
  readonly name: string;
  readonly args: readonly string[];
  readonly flags: ReadonlyMap<string, string>;
  /** How many of `args` stood before `--`; -1 without one. */
  readonly dash: number;
}

/** A mistake in options: of which command, and which. */
export class OptionMistake extends Error {
  readonly command: string;

  constructor(command: string, message: string) {
    super(message);
    this.command = command;
  }
}

/** A first word that is no command. */
export class UnknownCommand extends Error {}

type Kind = "bool" | "int" | "uint" | "duration" | "strings" | "string";

interface Flag extends PFlag {
  readonly kind: Kind;
}

/** An option as its help shows it: `-w, --write-out="simple"`, `--prefix[=false]`. */
function flagOf([shown]: Option): Flag {
  const [, shorthand = "", name = "", rest = ""] = /^(?:-(\w), )?--([a-z-]+)(.*)$/s.exec(shown)!;
  const kind: Kind = rest.startsWith("[")
    ? "bool"
    : rest.startsWith('="')
      ? "string"
      : rest.startsWith("=[")
        ? "strings"
        : rest.endsWith("s")
          ? "duration"
          : name === "bump-revision" || name === "initial-memory-map-size"
            ? "uint"
            : "int";
  return { name, shorthand, bare: kind === "bool" ? "true" : undefined, kind };
}

const HELP: Option = ["-h, --help[=false]", "help"];

/** Options that a command takes, those of the words before it among them. */
function flagsOf(name: string): Flag[] {
  const group = name.split(" ")[0]!;
  const own = [...(OPTIONS[name] ?? []), ...(group === name ? [] : (OPTIONS[group] ?? []))];
  return [...own, ...GLOBAL].map(flagOf);
}

const INTEGER = /^(0x[0-9a-f]+|0b[01]+|0o?[0-7]*|[1-9]\d*)$/i;

function problemOf(kind: Kind, value: string): string | undefined {
  if (kind === "bool") return boolProblem(value);
  if (kind === "duration") {
    const read = parseDuration(value);
    return typeof read === "string" ? read : undefined;
  }
  if (kind !== "int" && kind !== "uint") return undefined;
  const isNumber = INTEGER.test(kind === "int" ? value.replace(/^[+-]/, "") : value);
  const parse = kind === "int" ? "ParseInt" : "ParseUint";
  return isNumber ? undefined : `strconv.${parse}: parsing ${quoteString(value)}: invalid syntax`;
}

/** Words that are neither options nor values of those that take one (cobra, stripFlags), by their places. */
function plainWords(words: readonly string[], flags: readonly Flag[]): number[] {
  const found: number[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "--") break;
    if (!word.startsWith("-")) {
      if (word !== "") found.push(i);
      continue;
    }
    if (word.includes("=") || (!word.startsWith("--") && word.length !== 2)) continue;
    const flag = flags.find((one) => (word.startsWith("--") ? one.name === word.slice(2) : one.shorthand === word[1]));
    if (flag?.bare === undefined) i++;
  }
  return found;
}

/** The command of these words, of which the last may be cut short where no other begins so (cobra, EnablePrefixMatching). */
function nextCommand(names: ReadonlySet<string>, words: string): string | undefined {
  if (names.has(words) || words in GROUPS) return words === "compact" ? "compaction" : words;
  const depth = words.split(" ").length;
  const all = [...names].map((name) => name.split(" ").slice(0, depth).join(" "));
  const found = new Set(all.filter((name) => name.startsWith(words) && name !== "compact"));
  return found.size === 1 ? [...found][0] : undefined;
}

/** Finds the command among `names` and reads its options. Throws UnknownCommand and OptionMistake. */
export function readLine(program: string, names: ReadonlySet<string>, words: readonly string[]): Asked {
  let name = "";
  const rest = [...words];
  const roots = [...new Set([...names].map((one) => one.split(" ")[0]!))].filter((one) => one !== "compact").sort();
  for (;;) {
    const at = plainWords(rest, flagsOf(name))[0];
    if (at === undefined) break;
    const longer = nextCommand(names, `${name} ${rest[at]}`.trim());
    if (longer !== undefined) {
      name = longer;
      rest.splice(at, 1);
      continue;
    }
    if (name !== "") break;
    const close = suggestions(rest[at]!, roots);
    throw new UnknownCommand(`unknown command ${quoteString(rest[at]!)} for "${program}"${close}`);
  }
  const known = [...flagsOf(name), flagOf(HELP)];
  const flags = new Map<string, string>();
  try {
    const { args, dash } = readFlags(rest, {
      long: (text) => known.find((flag) => flag.name === text),
      short: (letter) => known.find((flag) => flag.shorthand === letter),
      interspersed: true,
      set: (flag, value) => {
        const problem = problemOf(flag.kind, value);
        if (problem !== undefined) throw invalidArgument(flag, value, problem);
        if (flag.kind === "bool") flags.set(flag.name, String(/^(1|t|true)$/i.test(value)));
        else if (flag.kind === "strings") {
          const before = flags.get(flag.name);
          flags.set(flag.name, [...(before === undefined ? [] : [before]), ...splitCsv(value)].join(","));
        } else flags.set(flag.name, value);
      },
    });
    return { name, args, flags, dash };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new OptionMistake(name, error.message);
  }
}
