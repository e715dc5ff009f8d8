import { Problem } from "./problem.ts";
import type { Match, Target } from "./types.ts";

/** What an extension may know of the rule it belongs to while options are read. */
export interface RuleSoFar {
  /** ip6tables' rules are of family 6. */
  readonly family: 4 | 6;
  readonly table: string;
  /** Of `-p` read so far; 0 for none. */
  readonly protocol: number;
  readonly protocolInverted: boolean;
  /** Whether a set of ipset exists, and of how many dimensions. */
  setDimensions(name: string): number | undefined;
  /** Takes the next word of the command line when it is no option: for options of two arguments. */
  nextWord(): string | undefined;
  /** Takes a line for standard error; nobody does while a file is read. */
  warn?(line: string): void;
}

/** A long option of an extension. */
export interface Option<E> {
  readonly name: string;
  /** Other spellings. */
  readonly aliases?: readonly string[];
  /** Takes no argument. */
  readonly flag?: boolean;
  /** May stand after `!`. */
  readonly invert?: boolean;
  readonly multiple?: boolean;
  readonly mandatory?: boolean;
  /** Options that cannot stand beside it, and ones that it needs. */
  readonly excludes?: readonly string[];
  readonly needs?: readonly string[];
  read(extension: E, value: string, inverted: boolean, rule: RuleSoFar): void;
}

/** A match or target by name: its options and how one of it is made. */
export interface Extension<E> {
  readonly name: string;
  readonly options: readonly Option<E>[];
  /** Its own code judges repeated and inverted options (libxtables' older form). */
  readonly unguided?: boolean;
  create(rule: RuleSoFar): E;
  /** Judges the whole when the line has been read. `given` has the names of options. */
  finish?(extension: E, given: ReadonlySet<string>, rule: RuleSoFar): void;
  /** One that says the same and may stand for it: thousands of rules say `--dport 80`. */
  share?(extension: E): E;
}

export type MatchExtension = Extension<Match>;
export type TargetExtension = Extension<Target>;

/** An extension in use by the rule being read. */
export class Use<E extends Match | Target> {
  readonly extension: Extension<E>;
  readonly made: E;
  readonly lookup: ReadonlyMap<string, Option<E>>;
  private given: Set<string> | undefined;
  private first: string | undefined;

  constructor(extension: Extension<E>, rule: RuleSoFar) {
    this.extension = extension;
    this.made = extension.create(rule);
    this.lookup = lookupOf(extension);
  }

  /** Reads one option. Throws `Problem`. */
  read(option: Option<E>, value: string | undefined, inverted: boolean, rule: RuleSoFar): void {
    const { name, unguided } = this.extension;
    if (!unguided) {
      if (!option.multiple && (this.first === option.name || this.given?.has(option.name))) {
        throw new Problem(`${name}: option "--${option.name}" can only be used once.\n`);
      }
      if (inverted && !option.invert) throw new Problem(`${name}: option "--${option.name}" cannot be inverted.\n`);
    }
    if (this.first === undefined) this.first = option.name;
    else (this.given ??= new Set([this.first])).add(option.name);
    option.read(this.made, value ?? "", inverted, rule);
  }

  /** Judges what is missing or does not go together (xtables_options_fcheck). */
  finish(rule: RuleSoFar): E {
    const { extension, made } = this;
    const given = this.given ?? (this.first === undefined ? NOTHING : new Set([this.first]));
    extension.finish?.(made, given, rule);
    if (extension.unguided) return extension.share?.(made) ?? made;
    for (const option of extension.options) {
      const { name } = option;
      if (option.mandatory && !given.has(name)) {
        throw new Problem(`${extension.name}: option "--${name}" must be specified\n`);
      }
      if (!given.has(name)) continue;
      for (const other of option.needs ?? NONE) {
        if (!given.has(other)) {
          throw new Problem(`${extension.name}: option "--${name}" also requires "--${other}".\n`);
        }
      }
      for (const other of option.excludes ?? NONE) {
        if (other !== name && given.has(other)) {
          throw new Problem(`${extension.name}: option "--${name}" cannot be used together with "--${other}".\n`);
        }
      }
    }
    return extension.share?.(made) ?? made;
  }
}

const NOTHING: ReadonlySet<string> = new Set();
const NONE: readonly string[] = [];
const lookups = new Map<unknown, ReadonlyMap<string, Option<never>>>();

function lookupOf<E>(extension: Extension<E>): ReadonlyMap<string, Option<E>> {
  let lookup = lookups.get(extension) as ReadonlyMap<string, Option<E>> | undefined;
  if (lookup === undefined) {
    lookup = new Map(
      extension.options.flatMap((option) =>
        [option.name, ...(option.aliases ?? [])].map((name) => [`--${name}`, option] as const),
      ),
    );
    lookups.set(extension, lookup as ReadonlyMap<string, Option<never>>);
  }
  return lookup;
}
