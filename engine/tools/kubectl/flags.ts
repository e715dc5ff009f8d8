import { parseDuration } from "../../api/go-time.ts";
import { quoteString as quote } from "../../text/go-quote.ts";
import { boolProblem, invalidArgument, readFlags, splitCsv, TRUE_WORDS, UsageError } from "../pflag.ts";
import {
  type Command,
  command,
  type FlagDef,
  findFlag,
  findShorthand,
  globalFlags,
  localFlags,
  subcommand,
} from "./commands.ts";

export { splitCsv, UsageError };

/** What a command line says (spf13/pflag): flags by name, and the words that are none. */
export class Flags {
  readonly path: string;
  readonly args: string[] = [];
  /** How many words stood before `--`; -1 without one. */
  dash = -1;
  /** Flags in the order of the line, each with its value. */
  readonly given: { name: string; value: string }[] = [];
  private readonly values = new Map<string, string>();
  private readonly lists = new Map<string, string[]>();

  constructor(path: string) {
    this.path = path;
  }

  private definition(name: string): FlagDef {
    const found = findFlag(this.path, name);
    if (found === undefined) throw new Error(`kubectl ${this.path} has no flag ${name}`);
    return found;
  }

  has(name: string): boolean {
    return findFlag(this.path, name) !== undefined;
  }

  /** The flag stands on the command line. */
  changed(name: string): boolean {
    return this.values.has(name) || this.lists.has(name);
  }

  string(name: string): string {
    return this.values.get(name) ?? this.definition(name).value;
  }

  bool(name: string): boolean {
    const value = this.string(name);
    return TRUE_WORDS.has(value);
  }

  int(name: string): number {
    return Number(this.string(name));
  }

  /** In µs. */
  duration(name: string): number {
    const value = parseDuration(this.string(name));
    return typeof value === "number" ? Math.floor(value / 1000) : 0;
  }

  /** What `a=b,c=d` says. */
  map(name: string): Record<string, string> {
    return Object.fromEntries(
      pairs(this.string(name)).map((pair) => {
        const at = pair.indexOf("=");
        return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
      }),
    );
  }

  list(name: string): string[] {
    const found = this.lists.get(name);
    if (found) return found;
    const { value } = this.definition(name);
    return value === "" ? [] : value.split(",");
  }

  /** As pflag's GetStringArray reads a flag that may stand several times: given once and empty, it says nothing. */
  array(name: string): string[] {
    const list = this.list(name);
    return list.length === 1 && list[0] === "" ? [] : list;
  }

  /** Sets a flag; throws in the words of pflag. */
  set(flag: FlagDef, value: string): void {
    const problem = problemOf(flag, value);
    if (problem !== undefined) throw invalidArgument(flag, value, problem);
    this.given.push({ name: flag.name, value });
    if (flag.type === "array") this.lists.set(flag.name, [...(this.lists.get(flag.name) ?? []), value]);
    else if (flag.type === "slice") {
      this.lists.set(flag.name, [...(this.lists.get(flag.name) ?? []), ...splitCsv(value)]);
    } else this.values.set(flag.name, value);
  }
}

/** Integers that kubectl keeps in 32 bits. */
const INT32 = new Set(["value", "min", "max", "cpu-percent", "port"]);

function problemOf(flag: FlagDef, value: string): string | undefined {
  switch (flag.type) {
    case "bool":
      return boolProblem(value);
    case "int":
      if (!/^[-+]?(\d+|0[xX][0-9a-fA-F]+)$/.test(value))
        return `strconv.ParseInt: parsing ${quote(value)}: invalid syntax`;
      return Math.abs(Number(value)) < 2 ** (INT32.has(flag.name) ? 31 : 63)
        ? undefined
        : `strconv.ParseInt: parsing ${quote(value)}: value out of range`;
    case "duration": {
      const parsed = parseDuration(value);
      return typeof parsed === "string" ? parsed : undefined;
    }
    case "pairs":
      return pairs(value).every((pair) => pair.includes("=")) ? undefined : "malformed pair, expect string=string";
    default:
      return undefined;
  }
}

/** `a=b,c=d`, split (component-base, MapStringString). */
function pairs(value: string): string[] {
  return value
    .split(",")
    .map((pair) => pair.trim())
    .filter((pair) => pair !== "");
}

/** Commands that stop reading flags at their first word. */
const NOT_INTERSPERSED = new Set(["kubectl"]);

/** Reads the words after a command. Throws UsageError. */
export function parseFlags(path: string, words: readonly string[]): Flags {
  const flags = new Flags(path);
  const { args, dash } = readFlags<FlagDef>(words, {
    long: (name) => findFlag(path, name.replace(/_/g, "-")),
    short: (letter) => findShorthand(path, letter),
    interspersed: !NOT_INTERSPERSED.has(path),
    set: (flag, value) => flags.set(flag, value),
  });
  flags.args.push(...args);
  flags.dash = dash;
  return flags;
}

/** Where the words of a line stand that are neither flags nor their values, as cobra guesses before it knows the command. */
function placesWithoutFlags(path: string, words: readonly string[]): number[] {
  const out: number[] = [];
  // Nor does it know --help yet, and takes what follows for a value.
  const alone = (flag: FlagDef | undefined) => flag?.bare !== undefined && flag.name !== "help";
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "--") break;
    if (word.startsWith("--")) {
      if (!word.includes("=") && !alone(findFlag(path, word.slice(2)))) i++;
    } else if (word.startsWith("-") && word !== "-") {
      if (word.length === 2 && !alone(findShorthand(path, word[1]!))) i++;
    } else if (word !== "") out.push(i);
  }
  return out;
}

/** The words themselves. */
export function wordsWithoutFlags(path: string, words: readonly string[]): string[] {
  return placesWithoutFlags(path, words).map((i) => words[i]!);
}

export interface Found {
  command: Command;
  /** The line without the names of commands. */
  rest: string[];
}

/** Walks the command tree along the words of the line (cobra's Find). */
export function findCommand(words: readonly string[]): Found {
  let current = command("")!;
  let rest = [...words];
  for (;;) {
    const at = placesWithoutFlags(current.path, rest)[0];
    const child = at === undefined ? undefined : subcommand(current, rest[at]!);
    if (child === undefined) return { command: current, rest };
    rest = rest.toSpliced(at!, 1);
    current = child;
  }
}

/** Names of all flags of a command, own ones first. */
export function flagNames(path: string): FlagDef[] {
  return [...localFlags(path), ...globalFlags()];
}
