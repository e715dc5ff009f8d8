import { parseDuration } from "../../api/go-time.ts";
import { quoteRune } from "../../text/go-quote.ts";
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
import { quote } from "./go.ts";

/** A mistake in how kubectl was called; `message` as it stands after `error: `. */
export class UsageError extends Error {}

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
    return TRUE.has(value);
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
    if (problem !== undefined) {
      const shown = flag.shorthand ? `-${flag.shorthand}, --${flag.name}` : `--${flag.name}`;
      throw new UsageError(`invalid argument ${quote(value)} for ${quote(shown)} flag: ${problem}`);
    }
    this.given.push({ name: flag.name, value });
    if (flag.type === "array") this.lists.set(flag.name, [...(this.lists.get(flag.name) ?? []), value]);
    else if (flag.type === "slice") {
      this.lists.set(flag.name, [...(this.lists.get(flag.name) ?? []), ...splitCsv(value)]);
    } else this.values.set(flag.name, value);
  }
}

const TRUE = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const FALSE = new Set(["0", "f", "F", "FALSE", "false", "False"]);

/** Integers that kubectl keeps in 32 bits. */
const INT32 = new Set(["value", "min", "max", "cpu-percent", "port"]);

function problemOf(flag: FlagDef, value: string): string | undefined {
  switch (flag.type) {
    case "bool":
      return TRUE.has(value) || FALSE.has(value)
        ? undefined
        : `strconv.ParseBool: parsing ${quote(value)}: invalid syntax`;
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

/** The first line of comma separated values, with either end of line; quotes hold commas together. */
export function splitCsv(value: string): string[] {
  if (value === "") return [];
  if (!value.includes('"')) return value.replace(/\r?\n.*$|\r$/s, "").split(",");
  const out: string[] = [];
  let field = "";
  let quoted = false;
  for (let i = 0; i < value.length; i++) {
    const char = value[i]!;
    if (quoted && char === '"' && value[i + 1] === '"') {
      field += '"';
      i++;
    } else if (char === '"') quoted = !quoted;
    else if (char === "," && !quoted) {
      out.push(field);
      field = "";
    } else field += char;
  }
  return [...out, field];
}

/** Commands that stop reading flags at their first word. */
const NOT_INTERSPERSED = new Set(["kubectl"]);

/** Reads the words after a command (pflag's parseArgs). Throws UsageError. */
export function parseFlags(path: string, words: readonly string[]): Flags {
  const flags = new Flags(path);
  const rest = [...words];
  while (rest.length > 0) {
    const word = rest.shift()!;
    if (word === "--") {
      flags.dash = flags.args.length;
      flags.args.push(...rest);
      break;
    }
    if (word.length < 2 || word[0] !== "-") {
      flags.args.push(word);
      if (NOT_INTERSPERSED.has(path)) {
        flags.args.push(...rest);
        break;
      }
    } else if (word[1] === "-") parseLong(flags, word, rest);
    else parseShort(flags, word, rest);
  }
  return flags;
}

function parseLong(flags: Flags, word: string, rest: string[]): void {
  const text = word.slice(2);
  if (text[0] === "-" || text[0] === "=") throw new UsageError(`bad flag syntax: ${word}`);
  const equals = text.indexOf("=");
  const name = (equals < 0 ? text : text.slice(0, equals)).replace(/_/g, "-");
  const flag = findFlag(flags.path, name);
  if (flag === undefined) throw new UsageError(`unknown flag: --${name}`);
  if (equals >= 0) flags.set(flag, text.slice(equals + 1));
  else if (flag.bare !== undefined) flags.set(flag, flag.bare);
  else if (rest.length > 0) flags.set(flag, rest.shift()!);
  else throw new UsageError(`flag needs an argument: ${word}`);
}

function parseShort(flags: Flags, word: string, rest: string[]): void {
  for (let letters = word.slice(1); letters !== ""; ) {
    const letter = letters[0]!;
    const flag = findShorthand(flags.path, letter);
    if (flag === undefined)
      throw new UsageError(`unknown shorthand flag: ${quoteRune(letter.codePointAt(0)!, false)} in -${letters}`);
    if (letters.length > 2 && letters[1] === "=") {
      flags.set(flag, letters.slice(2));
      return;
    }
    if (flag.bare !== undefined) {
      flags.set(flag, flag.bare);
      letters = letters.slice(1);
      continue;
    }
    if (letters.length > 1) flags.set(flag, letters.slice(1));
    else if (rest.length > 0) flags.set(flag, rest.shift()!);
    else throw new UsageError(`flag needs an argument: ${quoteRune(letter.codePointAt(0)!, false)} in -${letters}`);
    return;
  }
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
