import type { Outcome } from "../iptables.ts";
import { setOf } from "../matches/set.ts";
import type { Ruleset } from "../ruleset.ts";
import { setsOf } from "../targets/set.ts";
import { elementOf, entriesOf, soughtIn, storable, testable } from "./element.ts";
import { addToList, removeFromList, testInList } from "./list-set.ts";
import { createOptions, type EntryOptions, entryOptions, extensionsOf } from "./options.ts";
import { type Format, listed, listedNames } from "./print.ts";
import { SetError, syntax, VERSION, wrong } from "./problem.ts";
import { type Entry, IpSet, type SetOptions } from "./set.ts";
import { setType } from "./types.ts";

const SECOND = 1_000_000;
const LONGEST_NAME = 31;
const FORMATS: readonly Format[] = ["plain", "save", "xml", "json"];

/** Commands with their other names; any beginning is one, of the first that it fits. */
const COMMANDS = {
  create: ["n", "-N", "--create"],
  add: ["-A", "--add"],
  del: ["-D", "--del"],
  test: ["-T", "--test"],
  destroy: ["x", "-X", "--destroy"],
  list: ["-L", "--list"],
  save: ["-S", "--save"],
  restore: ["-R", "--restore"],
  flush: ["-F", "--flush"],
  rename: ["e", "-E", "--rename"],
  swap: ["w", "-W", "--swap"],
  help: ["-h", "--help"],
  version: ["v", "-v", "-V", "--version"],
  quit: [],
} satisfies Record<string, string[]>;

type Name = keyof typeof COMMANDS;

function commandOf(word: string): Name | undefined {
  const all = Object.entries(COMMANDS) as [Name, string[]][];
  const exact = all.find(([name, also]) => name === word || also.includes(word));
  return (exact ?? all.find(([name]) => word !== "" && name.startsWith(word)))?.[0];
}

export interface IpsetOptions {
  /** µs of virtual time. */
  now: number;
  /** Seed of a new set's hash. */
  seed: () => number;
  /** What `restore` reads. */
  input?: string;
}

interface Flags {
  exist: boolean;
  namesOnly: boolean;
  terse: boolean;
  sorted: boolean;
  quiet: boolean;
  format?: Format;
  /** Of `-f`. */
  file?: string;
}

/** One call of ipset(8) on the sets of a namespace. `file`: where what `list` and `save` write is to go. */
export function ipset(ruleset: Ruleset, words: readonly string[], options: IpsetOptions): Outcome & { file?: string } {
  const call = new Call(ruleset, options);
  let status = 0;
  try {
    call.run(words);
  } catch (error) {
    if (!(error instanceof SetError)) throw error;
    status = error.status;
    call.warn(error instanceof Verdict ? error.message : `${VERSION}: ${error.message}`);
  }
  const { flags, out, warnings } = call;
  const file = flags.file === undefined ? {} : { file: flags.file };
  return { out, error: flags.quiet ? "" : warnings, status, ...file };
}

/** Whether the words read from standard input, and the file that they read instead. */
export function reads(words: readonly string[]): { restores: boolean; file: string | undefined } {
  const { rest, flags } = flagsOf(words);
  return { restores: rest[0] !== undefined && commandOf(rest[0]) === "restore", file: flags.file };
}

/** The answer of `test`, which ipset writes to standard error either way. */
class Verdict extends SetError {}

/** Options of the program itself, wherever they stand. */
function flagsOf(words: readonly string[]): { rest: string[]; flags: Flags; error?: SetError } {
  const flags: Flags = { exist: false, namesOnly: false, terse: false, sorted: false, quiet: false };
  const rest: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const name = word.replace(/^--?/, "");
    const is = (letter: string, long: string) => word === `-${letter}` || word === `-${long}` || word === `--${long}`;
    if (is("!", "exist")) flags.exist = true;
    else if (is("n", "name")) flags.namesOnly = true;
    else if (is("t", "terse")) flags.terse = true;
    else if (is("s", "sorted")) flags.sorted = true;
    else if (is("q", "quiet")) flags.quiet = true;
    else if (is("r", "resolve")) continue;
    else if (is("o", "output") || is("f", "file")) {
      const value = words[++i];
      if (value === undefined) return { rest, flags, error: wrong(`Missing mandatory argument to option ${word}`) };
      if (name.startsWith("f")) flags.file = value;
      else if (FORMATS.includes(value as Format)) flags.format = value as Format;
      else return { rest, flags, error: syntax(`unknown output mode '${value}'`) };
    } else rest.push(word);
  }
  return { rest, flags };
}

class Call {
  out = "";
  warnings = "";
  flags: Flags = { exist: false, namesOnly: false, terse: false, sorted: false, quiet: false };
  private readonly ruleset: Ruleset;
  private readonly on: IpsetOptions;

  constructor(ruleset: Ruleset, on: IpsetOptions) {
    this.ruleset = ruleset;
    this.on = on;
  }

  warn(line: string): void {
    this.warnings += `${line}\n`;
  }

  run(words: readonly string[], restoring = false): void {
    const { rest, flags, error } = flagsOf(words);
    if (restoring) this.flags = { ...this.flags, exist: this.flags.exist || flags.exist };
    else this.flags = flags;
    if (error !== undefined) throw error;
    const [word, ...args] = rest;
    if (word === undefined) throw wrong("No command specified.");
    const command = commandOf(word);
    if (command === undefined) throw wrong(`No command specified: unknown argument ${word}`);
    if (restoring && (command === "restore" || command === "help" || command === "version")) {
      throw wrong(`Command \`${command}' is invalid in restore mode.`);
    }
    this.do(command, args);
  }

  private do(command: Name, args: readonly string[]): void {
    if (command === "version") this.out += `${VERSION}, protocol version: 7\n`;
    else if (command === "help") this.help(args[0]);
    else if (command === "create") this.create(args);
    else if (command === "add" || command === "del" || command === "test") this.entry(command, args);
    else if (command === "rename" || command === "swap") this.rename(command, args);
    else if (command === "restore") this.restore();
    else if (command !== "quit") this.whole(command, args);
  }

  /** Commands about one set or all. */
  private whole(command: "destroy" | "flush" | "list" | "save", [name, more]: readonly string[]): void {
    if (more !== undefined) throw wrong(`Unknown argument ${more}`);
    if (command === "destroy") this.destroy(name);
    else if (command === "flush") {
      for (const set of this.chosen(name)) set.clear();
      this.ruleset.version++;
    } else this.list(name, command);
  }

  private help(type: string | undefined): void {
    if (type !== undefined && setType(type) === undefined)
      this.warn(`${VERSION}: ${wrong(`Unknown settype: \`${type}'`).message}`);
    this.out += `${VERSION}\n\nUsage: ipset [options] COMMAND\n`;
  }

  private set(name: string): IpSet {
    const set = this.ruleset.sets.get(name);
    if (set === undefined) throw new SetError("The set with the given name does not exist");
    return set;
  }

  private chosen(name: string | undefined): IpSet[] {
    return name === undefined ? this.ordered() : [this.set(name)];
  }

  /** Sets by their places in the kernel, those of sets last. */
  private ordered(): IpSet[] {
    const list = ({ type }: IpSet) => (type === "list:set" ? 1 : 0);
    return [...this.ruleset.sets.values()].sort((a, b) => list(a) - list(b) || a.index - b.index);
  }

  private inLists(set: IpSet): number {
    return [...this.ruleset.sets.values()].filter(({ type, entries }) => type === "list:set" && entries.has(set.name))
      .length;
  }

  /** How many matches and targets of rules name a set. */
  private inRules(set: IpSet): number {
    let count = 0;
    for (const ruleset of [this.ruleset, this.ruleset.sixIfAny]) {
      for (const table of ruleset?.tables.values() ?? []) {
        for (const { rules } of table.chains.values()) {
          for (const { body } of rules) {
            for (const match of body.matches) if (setOf(match) === set.name) count++;
            if (body.target !== undefined) count += setsOf(body.target).filter((name) => name === set.name).length;
          }
        }
      }
    }
    return count;
  }

  private references(set: IpSet): number {
    return this.inLists(set) + this.inRules(set);
  }

  private create(args: readonly string[]): void {
    const [name, typeName, ...more] = args;
    if (name === undefined) throw wrong("Missing mandatory argument to command create");
    if (typeName === undefined) throw wrong("Missing second mandatory argument to command create");
    if (name.length > LONGEST_NAME) throw syntax(`setname '${name}' is longer than ${LONGEST_NAME} characters`);
    const type = setType(typeName);
    if (type === undefined) throw syntax(`typename '${typeName}' is unknown`);
    const options = createOptions(type, more, (line) => this.warn(line));
    const { sets } = this.ruleset;
    const there = sets.get(name);
    if (there !== undefined) {
      if (this.flags.exist && there.type === type.name && alike(there.options, options)) return;
      throw new SetError("Set cannot be created: set with the same name already exists");
    }
    const set = new IpSet(name, type.name, { ...options, initval: options.initval ?? this.on.seed() });
    const taken = new Set([...sets.values()].map(({ index }) => index));
    while (taken.has(set.index)) set.index++;
    sets.set(name, set);
    this.ruleset.version++;
  }

  private entry(command: "add" | "del" | "test", args: readonly string[]): void {
    const [name, text, ...more] = args;
    if (name === undefined) throw wrong(`Missing mandatory argument to command ${command}`);
    if (text === undefined) throw wrong(`Missing second mandatory argument to command ${command}`);
    const set = this.set(name);
    const { now } = this.on;
    const [own, ...beside] = set.type === "list:set" ? text.split(",") : [text];
    this.element(command, set, own!, [...beside, ...more], now);
  }

  private element(
    command: "add" | "del" | "test",
    set: IpSet,
    text: string,
    more: readonly string[],
    now: number,
  ): void {
    const element = elementOf(set, text);
    const given = entryOptions(command, set.is, more);
    if (command === "test") {
      testable(set, element);
      const list = set.type === "list:set" ? testInList(set, text, given, now) : undefined;
      const found = set.find(soughtIn(set, element), now);
      const there = list?.there ?? (found !== undefined && (found.nomatch ?? false) === (given.nomatch ?? false));
      const what = list?.text ?? element.text;
      if (there) this.warn(`Warning: ${what} is in set ${set.name}.`);
      else throw new Verdict(`${what} is NOT in set ${set.name}.`);
      return;
    }
    const own = extensionsOf(set.options, given);
    storable(set, element);
    const until = this.until(set, given.timeout);
    const { exist } = this.flags;
    if (set.type === "list:set") {
      const on = { sets: this.ruleset.sets, now, exist };
      if (command === "add") addToList(set, { ...own, text, until }, given, on);
      else removeFromList(set, text, given, on);
    } else {
      for (const each of entriesOf(set, element)) {
        const there = set.get(each, now) !== undefined;
        if (command === "del") {
          if (!there && !exist) throw new SetError("Element cannot be deleted from the set: it's not added");
          set.remove(each);
        } else {
          if (there && !exist) throw new SetError("Element cannot be added to the set: it's already added");
          const most = set.options.maxelem ?? Number.POSITIVE_INFINITY;
          if (!there && set.entries.size >= most && set.alive(now).length >= most) {
            throw new SetError("Hash is full, cannot add more elements");
          }
          set.put({ ...own, ...kept(set.get(each, now), given), text: each, until });
        }
      }
    }
    this.ruleset.version++;
  }

  private until(set: IpSet, given: number | undefined): number | undefined {
    const seconds = given ?? set.options.timeout ?? 0;
    return seconds === 0 ? undefined : this.on.now + seconds * SECOND;
  }

  private destroy(name: string | undefined): void {
    const sets = name === undefined ? this.ordered().reverse() : [this.set(name)];
    if (sets.some((set) => this.references(set) > 0))
      throw new SetError("Set cannot be destroyed: it is in use by a kernel component");
    for (const set of sets) this.ruleset.sets.delete(set.name);
    this.ruleset.version++;
  }

  private rename(command: "rename" | "swap", [from, to, more]: readonly string[]): void {
    if (from === undefined) throw wrong(`Missing mandatory argument to command ${command}`);
    if (to === undefined) throw wrong(`Missing second mandatory argument to command ${command}`);
    if (more !== undefined) throw wrong(`Unknown argument ${more}`);
    const set = this.set(from);
    const { sets } = this.ruleset;
    const other = sets.get(to);
    if (command === "rename") {
      if (this.references(set) > 0) throw new SetError("Set cannot be renamed: it is in use by another system");
      if (other !== undefined) throw new SetError("Set cannot be renamed: a set with the new name already exists");
      sets.delete(from);
      set.name = to;
      sets.set(to, set);
    } else {
      if (other === undefined) throw new SetError("Sets cannot be swapped: the second set does not exist");
      if (other.type !== set.type) throw new SetError("The sets cannot be swapped: their type does not match");
      [set.name, other.name] = [to, from];
      [set.index, other.index] = [other.index, set.index];
      sets.set(to, set);
      sets.set(from, other);
    }
    this.ruleset.version++;
  }

  private list(name: string | undefined, command: "list" | "save"): void {
    const { terse, sorted, namesOnly, format = command === "save" ? "save" : "plain" } = this.flags;
    const sets = this.chosen(name);
    if (namesOnly && format !== "save") this.out += listedNames(sets, format);
    else
      this.out += listed(sets, { format, terse, sorted, now: this.on.now, references: (set) => this.references(set) });
  }

  private restore(): void {
    const { flags } = this;
    for (const [i, line] of (this.on.input ?? "").split("\n").entries()) {
      if (line.trim() === "" || line.startsWith("#") || line === "COMMIT") continue;
      const words = line.match(/"[^"]*"|[^\s"]\S*/g) ?? [];
      try {
        this.flags = { ...flags };
        this.run(
          words.map((word) => (word.startsWith('"') ? word.slice(1, -1) : word)),
          true,
        );
      } catch (error) {
        if (error instanceof SetError && error.status === 1 && !(error instanceof Verdict)) {
          throw new SetError(`Error in line ${i + 1}: ${error.message}`);
        }
        throw error;
      }
    }
  }
}

/** What an entry that is added again keeps: counters that are not said anew. */
function kept(there: Entry | undefined, { packets, bytes }: EntryOptions): Partial<Entry> {
  if (there?.packets === undefined) return {};
  return { packets: packets ?? there.packets, bytes: bytes ?? there.bytes };
}

/** Whether a set is what `create` asks for (same_set of the kernel's types): sizes of hashes do not count. */
function alike(a: SetOptions, b: SetOptions): boolean {
  const names = [
    "family",
    "maxelem",
    "netmask",
    "markmask",
    "size",
    "timeout",
    "comment",
    "counters",
    "skbinfo",
  ] as const;
  const same = (x: unknown, y: unknown) => JSON.stringify(x ?? null) === JSON.stringify(y ?? null);
  return names.every((name) => a[name] === b[name]) && same(a.bitmask, b.bitmask) && same(a.range, b.range);
}
