/** Command lines as spf13/pflag reads them, for every program made with cobra. */
import { quoteRune, quoteString } from "../text/go-quote.ts";

/** A mistake in how a program was called, in the words of pflag. */
export class UsageError extends Error {}

export interface PFlag {
  readonly name: string;
  readonly shorthand: string;
  /** Value when the flag stands without one; undefined when it needs one. */
  readonly bare: string | undefined;
}

export interface FlagSet<F extends PFlag> {
  /** The flag of that name; undefined when there is none. */
  long(name: string): F | undefined;
  short(letter: string): F | undefined;
  /** False: the first word that is no flag ends them. */
  interspersed: boolean;
  set(flag: F, value: string): void;
}

/** What is no flag, and how many of these words stood before `--`; -1 without one. */
export interface Words {
  args: string[];
  dash: number;
}

/** Reads flags and words (FlagSet.parseArgs). Throws UsageError. */
export function readFlags<F extends PFlag>(words: readonly string[], set: FlagSet<F>): Words {
  const rest = [...words];
  const args: string[] = [];
  let dash = -1;
  while (rest.length > 0) {
    const word = rest.shift()!;
    if (word === "--") {
      dash = args.length;
      args.push(...rest);
      break;
    }
    if (word.length < 2 || word[0] !== "-") {
      args.push(word);
      if (!set.interspersed) {
        args.push(...rest);
        break;
      }
    } else if (word[1] === "-") readLong(set, word, rest);
    else readShort(set, word, rest);
  }
  return { args, dash };
}

function readLong<F extends PFlag>(set: FlagSet<F>, word: string, rest: string[]): void {
  const text = word.slice(2);
  if (text[0] === "-" || text[0] === "=") throw new UsageError(`bad flag syntax: ${word}`);
  const equals = text.indexOf("=");
  const name = equals < 0 ? text : text.slice(0, equals);
  const flag = set.long(name);
  if (flag === undefined) throw new UsageError(`unknown flag: --${name}`);
  if (equals >= 0) set.set(flag, text.slice(equals + 1));
  else if (flag.bare !== undefined) set.set(flag, flag.bare);
  else if (rest.length > 0) set.set(flag, rest.shift()!);
  else throw new UsageError(`flag needs an argument: ${word}`);
}

function readShort<F extends PFlag>(set: FlagSet<F>, word: string, rest: string[]): void {
  for (let letters = word.slice(1); letters !== ""; ) {
    const letter = letters[0]!;
    const flag = set.short(letter);
    const shown = () => `${quoteRune(letter.codePointAt(0)!, false)} in -${letters}`;
    if (flag === undefined) throw new UsageError(`unknown shorthand flag: ${shown()}`);
    if (letters.length > 2 && letters[1] === "=") {
      set.set(flag, letters.slice(2));
      return;
    }
    if (flag.bare !== undefined) {
      set.set(flag, flag.bare);
      letters = letters.slice(1);
      continue;
    }
    if (letters.length > 1) set.set(flag, letters.slice(1));
    else if (rest.length > 0) set.set(flag, rest.shift()!);
    else throw new UsageError(`flag needs an argument: ${shown()}`);
    return;
  }
}

export const TRUE_WORDS: ReadonlySet<string> = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const FALSE_WORDS: ReadonlySet<string> = new Set(["0", "f", "F", "FALSE", "false", "False"]);

/** Why a text is no boolean value; undefined when it is one. */
export function boolProblem(value: string): string | undefined {
  if (TRUE_WORDS.has(value) || FALSE_WORDS.has(value)) return undefined;
  return `strconv.ParseBool: parsing ${quoteString(value)}: invalid syntax`;
}

/** The complaint about a flag's value. */
export function invalidArgument(flag: PFlag, value: string, problem: string): UsageError {
  const shown = flag.shorthand ? `-${flag.shorthand}, --${flag.name}` : `--${flag.name}`;
  return new UsageError(`invalid argument ${quoteString(value)} for ${quoteString(shown)} flag: ${problem}`);
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
