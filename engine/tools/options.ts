/**
 * Command line options as getopt_long(3) of glibc takes them: permutation, clusters, abbreviations of long options,
 * `--` and the exact error texts.
 */

export interface OptionSpec {
  /**
   * As getopt's string: `n:` takes a value, `i::` may have one attached; a leading `+` stops at the first operand, a
   * leading `-` gives operands among the options as well, under the key of none, where it matters what stands before them.
   */
  short: string;
  /**
   * Long options, separated by blanks: `name`, `name:` (value), `name::` (optional value), each with `=key` when its key is
   * not its own name, e.g. `lines:=n quiet=q color::`. `help` and `version` are always there.
   */
  long?: string;
  /** False: no `--help` and `--version`. */
  standard?: boolean;
}

/** One option as given; `key` is the short letter, or what the long option's `=key` says. */
export interface GivenOption {
  readonly key: string;
  readonly value: string | undefined;
}

/** What `parseOptions` found, in the order of the command line. */
export class ParsedOptions {
  readonly list: readonly GivenOption[];
  readonly operands: readonly string[];

  constructor(list: readonly GivenOption[], operands: readonly string[]) {
    this.list = list;
    this.operands = operands;
  }

  /** True when one of the keys was given. */
  has(...keys: string[]): boolean {
    return this.list.some((option) => keys.includes(option.key));
  }

  /** Value of the last option with one of these keys. */
  value(...keys: string[]): string | undefined {
    return this.last(...keys)?.value;
  }

  /** The last option with one of these keys: which of several opposites wins. */
  last(...keys: string[]): GivenOption | undefined {
    return this.list.findLast((option) => keys.includes(option.key));
  }

  /** Values of every option with that key. */
  values(key: string): string[] {
    return this.list.filter((option) => option.key === key).map((option) => option.value ?? "");
  }
}

/** A wrong command line; the message is getopt's, without the program's name. */
export class OptionError extends Error {}

interface LongOption {
  name: string;
  argument: "none" | "required" | "optional";
  key: string;
}

const longCache = new Map<string, LongOption[]>();

function longOptions(spec: OptionSpec): LongOption[] {
  const text = `${spec.long ?? ""}${spec.standard === false ? "" : " help version"}`;
  let list = longCache.get(text);
  if (list === undefined) {
    list = text
      .split(" ")
      .filter((word) => word !== "")
      .map((word) => {
        const equals = word.indexOf("=");
        const left = equals < 0 ? word : word.slice(0, equals);
        const name = left.endsWith("::") ? left.slice(0, -2) : left.endsWith(":") ? left.slice(0, -1) : left;
        const argument = left.endsWith("::") ? "optional" : left.endsWith(":") ? "required" : "none";
        return { name, argument, key: equals < 0 ? name : word.slice(equals + 1) };
      });
    longCache.set(text, list);
  }
  return list;
}

/** Parses `args` (without the program's name). Throws `OptionError`. */
export function parseOptions(args: readonly string[], spec: OptionSpec): ParsedOptions {
  const stopEarly = spec.short.startsWith("+");
  const inOrder = spec.short.startsWith("-");
  const short = stopEarly || inOrder ? spec.short.slice(1) : spec.short;
  const given: GivenOption[] = [];
  const operands: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--") {
      for (const operand of args.slice(i + 1)) {
        operands.push(operand);
        if (inOrder) given.push({ key: "", value: operand });
      }
      break;
    }
    if (arg === "-" || !arg.startsWith("-")) {
      if (stopEarly) {
        operands.push(...args.slice(i));
        break;
      }
      operands.push(arg);
      if (inOrder) given.push({ key: "", value: arg });
      continue;
    }
    if (arg.startsWith("--")) {
      const equals = arg.indexOf("=");
      const name = equals < 0 ? arg.slice(2) : arg.slice(2, equals);
      const option = findLong(longOptions(spec), name, arg);
      let value = equals < 0 ? undefined : arg.slice(equals + 1);
      if (option.argument === "none" && value !== undefined)
        throw new OptionError(`option '--${option.name}' doesn't allow an argument`);
      if (option.argument === "required" && value === undefined) {
        if (i + 1 >= args.length) throw new OptionError(`option '--${option.name}' requires an argument`);
        value = args[++i]!;
      }
      given.push({ key: option.key, value });
      continue;
    }
    for (let k = 1; k < arg.length; k++) {
      const letter = arg[k]!;
      const at = letter === ":" ? -1 : short.indexOf(letter);
      if (at < 0) throw new OptionError(`invalid option -- '${letter}'`);
      if (short[at + 1] !== ":") {
        given.push({ key: letter, value: undefined });
        continue;
      }
      const rest = arg.slice(k + 1);
      if (rest !== "" || short[at + 2] === ":") given.push({ key: letter, value: rest === "" ? undefined : rest });
      else {
        if (i + 1 >= args.length) throw new OptionError(`option requires an argument -- '${letter}'`);
        given.push({ key: letter, value: args[++i]! });
      }
      break;
    }
  }
  return new ParsedOptions(given, operands);
}

/** The option that `name` begins; what cannot be told is named as it was written. */
function findLong(options: readonly LongOption[], name: string, written: string): LongOption {
  const exact = options.find((option) => option.name === name);
  if (exact) return exact;
  const candidates = options.filter((option) => option.name.startsWith(name));
  if (candidates.length === 0) throw new OptionError(`unrecognized option '${written}'`);
  const first = candidates[0]!;
  if (candidates.every((other) => other.key === first.key && other.argument === first.argument)) return first;
  const list = candidates.map((option) => `'--${option.name}'`).join(" ");
  throw new OptionError(`option '${written}' is ambiguous; possibilities: ${list}`);
}

/** An abbreviable word of a fixed list (gnulib's argmatch), e.g. `--color=al`; undefined when none or several fit. */
export function matchWord(word: string, words: readonly string[]): string | undefined {
  if (words.includes(word)) return word;
  const fits = words.filter((candidate) => candidate.startsWith(word));
  return fits.length === 1 ? fits[0] : undefined;
}
