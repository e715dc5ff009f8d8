import { formatAddress, maskOf, parseAddress } from "./address.ts";
import { type Entry, IpSet, type SetOptions } from "./ipset.ts";
import type { Outcome } from "./iptables.ts";
import { setOf } from "./matches/set.ts";
import { wholeNumber } from "./numbers.ts";
import { protocolName, protocolNumber } from "./protocols.ts";
import type { Ruleset } from "./ruleset.ts";
import { servicePort } from "./services.ts";
import { setsOf } from "./targets/set.ts";

const VERSION = "ipset v7.22";
const SECOND = 1_000_000;
/** Types with the revision that the kernel offers and the bytes of an empty set. */
const TYPES: Readonly<Record<string, readonly [revision: number, bytes: number]>> = {
  "bitmap:ip": [3, 120],
  "bitmap:port": [3, 8264],
  "hash:ip": [6, 200],
  "hash:net": [7, 448],
  "hash:ip,port": [7, 216],
  "hash:ip,port,ip": [6, 208],
  "hash:ip,port,net": [8, 456],
  "hash:net,port": [8, 456],
  "hash:net,net": [4, 456],
  "hash:net,iface": [8, 448],
  "hash:ip,mark": [3, 216],
  "hash:mac": [1, 200],
  "list:set": [3, 80],
};
/** Bytes that an entry takes, on average. */
const ENTRY_BYTES = 56;
/** Entries that one line may stand for. */
const MOST = 65_536;
const LONGEST_NAME = 31;

const COMMANDS: Readonly<Record<string, string>> = {
  create: "create",
  n: "create",
  new: "create",
  "-N": "create",
  add: "add",
  "-A": "add",
  del: "del",
  "-D": "del",
  test: "test",
  "-T": "test",
  destroy: "destroy",
  x: "destroy",
  "-X": "destroy",
  list: "list",
  "-L": "list",
  save: "save",
  "-S": "save",
  restore: "restore",
  "-R": "restore",
  flush: "flush",
  "-F": "flush",
  rename: "rename",
  e: "rename",
  "-E": "rename",
  swap: "swap",
  w: "swap",
  "-W": "swap",
  help: "help",
  "-h": "help",
  version: "version",
  "-v": "version",
};

/** Says what ipset says before it gives up: 2 for a wrong command line, 1 for everything else. */
class SetError extends Error {
  readonly status: number;

  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}

const syntax = (message: string) => new SetError(`Syntax error: ${message}`);
const wrong = (message: string) => new SetError(`${message}\nTry \`ipset help' for more information.`, 2);

export interface IpsetOptions {
  /** µs of virtual time. */
  now: number;
  /** Seed of a new set's hash. */
  seed: () => number;
  /** Standard input, for `restore`. */
  input?: string;
}

/** One call of ipset(8) on the sets of a namespace. */
export function ipset(ruleset: Ruleset, words: readonly string[], options: IpsetOptions): Outcome {
  try {
    return { out: new Call(ruleset, options).run(words), error: "", status: 0 };
  } catch (error) {
    if (error instanceof Verdict) return { out: "", error: `${error.message}\n`, status: error.status };
    if (error instanceof SetError) return { out: "", error: `${VERSION}: ${error.message}\n`, status: error.status };
    throw error;
  }
}

/** The answer of `test`, which ipset writes to standard error either way. */
class Verdict extends Error {
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

class Call {
  private readonly ruleset: Ruleset;
  private readonly on: IpsetOptions;
  private exist = false;
  private namesOnly = false;
  private terse = false;
  private format = "plain";

  constructor(ruleset: Ruleset, on: IpsetOptions) {
    this.ruleset = ruleset;
    this.on = on;
  }

  run(words: readonly string[]): string {
    const rest = this.flags(words);
    const [word, ...args] = rest;
    if (word === undefined) throw wrong("No command specified.");
    const command =
      COMMANDS[word] ??
      (word.length > 1 ? Object.keys(COMMANDS).find((name) => name.length > 1 && name.startsWith(word)) : undefined);
    if (command === undefined) throw wrong(`No command specified: unknown argument ${word}`);
    switch (command) {
      case "version":
        return `${VERSION}, protocol version: 7\n`;
      case "help":
        return `${VERSION}\n\nUsage: ipset [options] COMMAND\n`;
      case "create":
        return this.create(args);
      case "add":
      case "del":
      case "test":
        return this.entry(command, args);
      case "destroy":
        return this.destroy(args[0]);
      case "flush":
        for (const set of this.chosen(args[0])) set.entries.clear();
        this.ruleset.version++;
        return "";
      case "rename":
      case "swap":
        return this.rename(command, args);
      case "list":
        return this.list(args[0]);
      case "save":
        return this.save(args[0]);
      default:
        return this.restore();
    }
  }

  private flags(words: readonly string[]): string[] {
    const rest: string[] = [];
    for (let i = 0; i < words.length; i++) {
      const word = words[i]!;
      if (word === "-!" || word === "-exist" || word === "--exist") this.exist = true;
      else if (word === "-n" || word === "-name") this.namesOnly = true;
      else if (word === "-t" || word === "-terse") this.terse = true;
      else if (word === "-o" || word === "-output") this.format = words[++i] ?? "plain";
      else if (
        word === "-q" ||
        word === "-quiet" ||
        word === "-s" ||
        word === "-sorted" ||
        word === "-r" ||
        word === "-resolve"
      )
        continue;
      else if (word === "-f" || word === "-file") i++;
      else rest.push(word);
    }
    return rest;
  }

  private set(name: string): IpSet {
    const set = this.ruleset.sets.get(name);
    if (set === undefined) throw new SetError("The set with the given name does not exist");
    return set;
  }

  private chosen(name: string | undefined): IpSet[] {
    return name === undefined ? this.ordered() : [this.set(name)];
  }

  /** Sets as they were made, those of sets last. */
  private ordered(): IpSet[] {
    const all = [...this.ruleset.sets.values()];
    return [...all.filter(({ type }) => type !== "list:set"), ...all.filter(({ type }) => type === "list:set")];
  }

  /** How many rules and sets name a set. */
  private references(set: IpSet): number {
    let count = 0;
    for (const other of this.ruleset.sets.values()) {
      if (other.type === "list:set" && other.entries.has(set.name)) count++;
    }
    for (const table of this.ruleset.tables.values()) {
      for (const { rules } of table.chains.values()) {
        for (const { body } of rules) {
          for (const match of body.matches) if (setOf(match) === set.name) count++;
          if (body.target !== undefined) count += setsOf(body.target).filter((name) => name === set.name).length;
        }
      }
    }
    return count;
  }

  private create(args: readonly string[]): string {
    const [name, type] = args;
    if (name === undefined) throw wrong("Missing mandatory argument to command create");
    if (type === undefined) throw wrong("Missing second mandatory argument to command create");
    if (name.length > LONGEST_NAME) throw syntax(`setname '${name}' is longer than ${LONGEST_NAME} characters`);
    if (TYPES[type] === undefined) throw syntax(`typename '${type}' is unknown`);
    if (this.ruleset.sets.has(name)) {
      if (this.exist) return "";
      throw new SetError("Set cannot be created: set with the same name already exists");
    }
    this.ruleset.sets.set(name, new IpSet(name, type, createOptions(type, args.slice(2)), this.on.seed()));
    this.ruleset.version++;
    return "";
  }

  private entry(command: "add" | "del" | "test", args: readonly string[]): string {
    const [name, text, ...more] = args;
    if (name === undefined) throw wrong(`Missing mandatory argument to command ${command}`);
    if (text === undefined) throw wrong(`Missing second mandatory argument to command ${command}`);
    const set = this.set(name);
    const { now } = this.on;
    const entries = entriesOf(set, text);
    if (set.type === "list:set" && !this.ruleset.sets.has(text)) {
      throw new SetError("Set to be added/deleted/tested as element does not exist.");
    }
    if (command === "test") {
      if (!entries.every((each) => set.covers(each, now))) throw new Verdict(`${text} is NOT in set ${name}.`, 1);
      throw new Verdict(`Warning: ${text} is in set ${name}.`, 0);
    }
    const given = entryOptions(set, more);
    for (const each of entries) {
      const there = set.has(each, now);
      if (command === "add") {
        if (there && !this.exist) throw new SetError("Element cannot be added to the set: it's already added");
        const seconds = given.timeout ?? set.options.timeout;
        const until = seconds === undefined || seconds === 0 ? undefined : now + seconds * SECOND;
        set.entries.set(each, { text: each, until, comment: given.comment });
      } else {
        if (!there && !this.exist) throw new SetError("Element cannot be deleted from the set: it's not added");
        set.entries.delete(each);
      }
    }
    this.ruleset.version++;
    return "";
  }

  private destroy(name: string | undefined): string {
    const sets = name === undefined ? this.ordered().reverse() : [this.set(name)];
    const inUse = (set: IpSet) => (name === undefined ? this.inRules(set) : this.references(set) > 0);
    if (sets.some(inUse)) throw new SetError("Set cannot be destroyed: it is in use by a kernel component");
    for (const set of sets) this.ruleset.sets.delete(set.name);
    this.ruleset.version++;
    return "";
  }

  private inRules(set: IpSet): boolean {
    const lists = [...this.ruleset.sets.values()].filter((other) => other.entries.has(set.name)).length;
    return this.references(set) - lists > 0;
  }

  private rename(command: "rename" | "swap", [from, to]: readonly string[]): string {
    if (from === undefined) throw wrong(`Missing mandatory argument to command ${command}`);
    if (to === undefined) throw wrong(`Missing second mandatory argument to command ${command}`);
    const set = this.set(from);
    const { sets } = this.ruleset;
    if (command === "rename") {
      if (sets.has(to)) throw new SetError("Set cannot be renamed: a set with the new name already exists");
      if (this.references(set) > 0) throw new SetError("Set cannot be renamed: it is in use by another system");
      const all = [...sets.values()];
      set.name = to;
      sets.clear();
      for (const each of all) sets.set(each.name, each);
    } else {
      const other = sets.get(to);
      if (other === undefined) throw new SetError("Sets cannot be swapped: the second set does not exist");
      if (other.type !== set.type) throw new SetError("The sets cannot be swapped: their type does not match");
      [set.name, other.name] = [to, from];
      sets.set(to, set);
      sets.set(from, other);
    }
    this.ruleset.version++;
    return "";
  }

  private list(name: string | undefined): string {
    if (this.format === "save") return this.save(name);
    const sets = this.chosen(name);
    if (this.namesOnly) return sets.map((set) => `${set.name}\n`).join("");
    return sets.map((set) => this.describe(set)).join("\n");
  }

  private describe(set: IpSet): string {
    const entries = set.alive(this.on.now);
    const [revision, bytes] = TYPES[set.type]!;
    const size = set.type.startsWith("bitmap") ? bytes : bytes + entries.length * ENTRY_BYTES;
    const lines = [
      `Name: ${set.name}`,
      `Type: ${set.type}`,
      `Revision: ${revision}`,
      `Header: ${header(set)}`,
      `Size in memory: ${size}`,
      `References: ${this.references(set)}`,
      `Number of entries: ${entries.length}`,
    ];
    if (!this.terse) lines.push("Members:", ...entries.map((entry) => entryText(entry, this.on.now)));
    return lines.map((line) => `${line}\n`).join("");
  }

  private save(name: string | undefined): string {
    return this.chosen(name)
      .flatMap((set) => [
        `create ${set.name} ${set.type} ${header(set)}\n`,
        ...set.alive(this.on.now).map((entry) => `add ${set.name} ${entryText(entry, this.on.now)}\n`),
      ])
      .join("");
  }

  private restore(): string {
    let number = 0;
    for (const line of (this.on.input ?? "").split("\n")) {
      number++;
      if (line.trim() === "" || line.startsWith("#") || line === "COMMIT") continue;
      const words = line.match(/"[^"]*"|\S+/g) ?? [];
      try {
        const call = new Call(this.ruleset, this.on);
        call.exist = this.exist;
        call.run(words.map((word) => (word.startsWith('"') ? word.slice(1, -1) : word)));
      } catch (error) {
        if (error instanceof SetError && error.status === 1) {
          throw new SetError(`Error in line ${number}: ${error.message}`);
        }
        throw error;
      }
    }
    return "";
  }
}

function header(set: IpSet): string {
  const { timeout, comment, range } = set.options;
  const more = `${timeout === undefined ? "" : ` timeout ${timeout}`}${comment ? " comment" : ""}`;
  if (set.type === "list:set") return `size 8${more}`;
  if (range !== undefined) {
    const text = (value: number) => (set.type === "bitmap:ip" ? formatAddress(value) : `${value}`);
    return `range ${text(range[0])}-${text(range[1])}${more}`;
  }
  return `family inet hashsize 1024 maxelem 65536${more} bucketsize 12 initval 0x${set.seed.toString(16)}`;
}

function entryText({ text, until, comment }: Entry, now: number): string {
  const timeout = until === undefined ? "" : ` timeout ${Math.floor((until - now) / SECOND)}`;
  return `${text}${timeout}${comment === undefined ? "" : ` comment "${comment}"`}`;
}

function createOptions(type: string, words: readonly string[]): SetOptions {
  const options: SetOptions = {};
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "comment") options.comment = true;
    else if (word === "counters" || word === "skbinfo" || word === "forceadd") continue;
    else if (["family", "hashsize", "maxelem", "bucketsize", "initval", "netmask", "markmask", "size"].includes(word))
      i++;
    else if (word === "timeout") options.timeout = numberOf(words[++i] ?? "");
    else if (word === "range") options.range = rangeOf(type, words[++i] ?? "");
    else throw wrong(`Unknown argument: \`${word}'`);
  }
  if (type.startsWith("bitmap") && options.range === undefined) {
    throw wrong("Mandatory option `range' is missing");
  }
  return options;
}

function entryOptions(set: IpSet, words: readonly string[]): { timeout?: number; comment?: string } {
  const options: { timeout?: number; comment?: string } = {};
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "timeout" && set.options.timeout === undefined) {
      throw new SetError("Kernel error received: set was created without timeout support");
    }
    if (word === "timeout") options.timeout = numberOf(words[++i] ?? "");
    else if (word === "comment") options.comment = words[++i] ?? "";
    else if (["packets", "bytes", "skbmark", "skbprio", "skbqueue"].includes(word)) i++;
    else if (word !== "nomatch") throw wrong(`Unknown argument: \`${word}'`);
  }
  return options;
}

function numberOf(text: string): number {
  const value = wholeNumber(text, 0, 0xffff_ffff);
  if (value === undefined) throw syntax(`'${text}' is invalid as number`);
  return value;
}

function rangeOf(type: string, text: string): [number, number] {
  if (type === "bitmap:ip") {
    const [first, last] = addressRange(text);
    return [first, last];
  }
  const [first = "", last = first] = text.split("-");
  return [numberOf(first), numberOf(last)];
}

function address(text: string): number {
  const value = parseAddress(text);
  if (value === undefined) throw syntax(`cannot parse ${text}: resolving to IPv4 address failed`);
  return value;
}

/** First and last of `10.0.0.0/24` or `10.0.0.1-10.0.0.9`. */
function addressRange(text: string): [number, number] {
  const slash = text.indexOf("/");
  if (slash >= 0) {
    const prefix = wholeNumber(text.slice(slash + 1), 0, 32);
    if (prefix === undefined) throw syntax(`'${text.slice(slash + 1)}' is out of range 0-32`);
    const first = address(text.slice(0, slash)) & maskOf(prefix);
    return [first, first | ~maskOf(prefix)];
  }
  const dash = text.indexOf("-");
  return dash < 0 ? [address(text), address(text)] : [address(text.slice(0, dash)), address(text.slice(dash + 1))];
}

/** Texts of the entries that one argument stands for: ranges are taken apart where the type holds single addresses. */
function entriesOf(set: IpSet, text: string): string[] {
  if (set.type === "list:set") return [text];
  const names = ["First", "Second", "Third"];
  const given = text.split(",");
  const { parts } = set;
  let out = [""];
  for (const [i, part] of parts.entries()) {
    const own = given[i];
    if (own === undefined) throw syntax(`${names[i]} element is missing from ${text}.`);
    const values = partValues(set, part, own);
    out = out.flatMap((head) => values.map((value) => (head === "" ? value : `${head},${value}`)));
    if (out.length > MOST) throw new SetError("Kernel error received: maximal number of elements reached");
  }
  if (given.length > parts.length) throw syntax(`Elem separator in ${text}, but settype ${set.type} supports none.`);
  return out;
}

function partValues(set: IpSet, part: string, text: string): string[] {
  if (part === "port") return portValues(set, text);
  if (part === "net") {
    const slash = text.indexOf("/");
    const [first] = addressRange(text);
    return [slash < 0 || text.endsWith("/32") ? formatAddress(first) : `${formatAddress(first)}${text.slice(slash)}`];
  }
  if (part !== "ip") return [text];
  const [first, last] = addressRange(text);
  const count = (last >>> 0) - (first >>> 0) + 1;
  if (count > MOST) throw new SetError("Kernel error received: maximal number of elements reached");
  return Array.from({ length: Math.max(1, count) }, (_, i) => formatAddress(first + i));
}

function portValues(set: IpSet, text: string): string[] {
  const colon = text.indexOf(":");
  const protocol = colon < 0 ? "tcp" : text.slice(0, colon);
  const number = protocolNumber(protocol);
  if (number === undefined) throw syntax(`cannot parse '${protocol}' as a protocol`);
  const [first = "", last = first] = (colon < 0 ? text : text.slice(colon + 1)).split("-");
  const port = (word: string): number => {
    const value = wholeNumber(word, 0, 65_535) ?? servicePort(word, protocol);
    if (value === undefined) throw syntax(`'${word}' is invalid as number`);
    return value;
  };
  const [low, high] = [port(first), port(last)];
  const prefix = set.type === "bitmap:port" ? "" : `${protocolName(number)}:`;
  return Array.from({ length: Math.max(1, high - low + 1) }, (_, i) => `${prefix}${low + i}`);
}
