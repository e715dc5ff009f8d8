import { prefixOf } from "../address.ts";
import { addressOf, rangeOf } from "./element.ts";
import { numberOf, SetError, syntax, syntaxText, wrong } from "./problem.ts";
import type { Entry, Family, SetOptions } from "./set.ts";
import type { SetType } from "./types.ts";

const LONGEST_TIMEOUT = 2_147_483;
const LONGEST_COMMENT = 255;
const MOST_PACKETS = 18_446_744_073_709_551_614n;
/** Bits of the biggest hash, and addresses of the biggest bitmap. */
const BIGGEST_HASH = 2 ** 30;
const BIGGEST_RANGE = 65_536;
const DEFAULT_SIZE = 1024;
const SMALLEST_HASH = 64;
const SMALLEST_LIST = 4;
/** Of ipset 4: read, and forgotten. */
const IGNORED = ["probes", "resize", "gc"];

/** The word behind an option; `--timeout` is `timeout`. */
function wordAfter(words: readonly string[], i: number, name: string): string {
  const value = words[i];
  if (value === undefined) throw wrong(`Missing mandatory argument of option \`${name}'`);
  return value;
}

/** Next power of two, as roundup_pow_of_two and htable_bits give it. */
function powerOfTwo(value: number, least: number): number {
  let power = least;
  while (power < value) power *= 2;
  return power;
}

/** Reads the options of `create`. `warn` takes lines for standard error. */
export function createOptions(type: SetType, words: readonly string[], warn: (line: string) => void): SetOptions {
  const out: SetOptions = {};
  const given = new Set<string>();
  const own = new Map<string, string>();
  const hash = type.name.startsWith("hash");
  const flags = ["counters", "comment", "skbinfo", ...(hash ? ["forceadd"] : [])];
  const valued = [...type.header, "timeout", ...(hash ? ["bucketsize", "initval", ...IGNORED] : [])];
  if (type.header.includes("range")) valued.push("from", "to");
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const name = word.startsWith("--") ? word.slice(2) : word;
    if ((word === "-4" || word === "-6") && type.header.includes("family")) {
      once(given, "family");
      out.family = word === "-4" ? "inet" : "inet6";
    } else if (flags.includes(name)) {
      if (name !== "forceadd") out[name as "comment"] = true;
    } else if (IGNORED.includes(name) && valued.includes(name)) {
      warn(`Warning: Option '--${name} ${wordAfter(words, ++i, name)}' is ignored. Please upgrade your syntax.`);
    } else if (valued.includes(name)) {
      const value = wordAfter(words, ++i, name);
      once(given, name === "from" || name === "to" ? `${name} ` : name);
      if (name === "from" || name === "to") own.set(name, value);
      else read(type, name, value, out, given);
    } else throw wrong(`Unknown argument: \`${word}'`);
  }
  const [from, to] = [own.get("from"), own.get("to")];
  if (from !== undefined && to !== undefined) out.range = rangeOf(type.name, `${from}-${to}`);
  return checked(type, out);
}

function once(given: Set<string>, name: string): void {
  if (given.has(name)) throw syntax(`${name.trim()} already specified`);
  given.add(name);
}

function read(type: SetType, name: string, value: string, out: SetOptions, given: ReadonlySet<string>): void {
  switch (name) {
    case "family":
      out.family = familyOf(value);
      return;
    case "timeout":
      out.timeout = numberOf(value, 0, LONGEST_TIMEOUT);
      return;
    case "range":
      out.range = rangeOf(type.name, value);
      return;
    case "netmask":
      if (given.has("bitmask")) throw bothMasks();
      out.netmask = netmaskOf(value, out.family);
      return;
    case "bitmask":
      if (given.has("netmask")) throw bothMasks();
      Object.assign(out, bitmaskOf(value, out.family ?? "inet"));
      return;
    default:
      out[name as "hashsize"] = numberOf(value, 0, name === "bucketsize" ? 255 : 0xffff_ffff);
  }
}

const bothMasks = () => syntax("bitmask and netmask are mutually exclusive, provide only one");

function familyOf(text: string): Family {
  if (text === "inet" || text === "ipv4") return "inet";
  if (text === "inet6" || text === "ipv6") return "inet6";
  if (text === "unspec" || text === "any") throw new SetError("Protocol family not supported by the set type");
  throw syntax(`unknown inet family ${text}`);
}

function netmaskOf(text: string, family: Family | undefined): number {
  const most = family === "inet6" ? 128 : 32;
  try {
    return numberOf(text, 1, most);
  } catch (error) {
    throw new SetError(
      `${(error as Error).message}\n${syntaxText(`netmask is out of the inclusive range of 1-${most}`)}`,
    );
  }
}

function bitmaskOf(text: string, family: Family): SetOptions {
  try {
    const bitmask = addressOf(text, family);
    return { bitmask };
  } catch (error) {
    throw new SetError(`${(error as Error).message}\n${syntaxText(`bitmask is not valid for family = ${family}`)}`);
  }
}

/** Options with what the kernel makes of them. */
function checked(type: SetType, options: SetOptions): SetOptions {
  const out = { ...options };
  if (type.name.startsWith("bitmap")) {
    if (out.range === undefined) throw wrong("Mandatory option `range' is missing");
    const count = (out.range[1] - out.range[0] + 1) / 2 ** (32 - (out.netmask ?? 32));
    if (count > BIGGEST_RANGE) throw new SetError("The range you specified exceeds the size limit of the set type");
  } else if (type.name.startsWith("hash")) {
    if (type.header.includes("family")) out.family ??= "inet";
    if ((out.hashsize ?? 0) > BIGGEST_HASH) throw new SetError("Kernel error received: Cannot allocate memory");
    out.hashsize = powerOfTwo(out.hashsize ?? DEFAULT_SIZE, SMALLEST_HASH);
    out.maxelem ??= 65_536;
    const bucket = out.bucketsize ?? 12;
    out.bucketsize = Math.min(12, Math.max(2, bucket + (bucket % 2)));
  } else out.size = Math.max(SMALLEST_LIST, out.size ?? 8);
  // A mask without holes is said as one.
  if (typeof out.bitmask === "number" && prefixOf(out.bitmask) === 32) delete out.bitmask;
  return out;
}

export interface EntryOptions extends Omit<Entry, "text"> {
  /** Seconds. */
  timeout?: number;
  before?: string;
  after?: string;
}

const EXTENSIONS = ["timeout", "packets", "bytes", "comment", "skbmark", "skbprio", "skbqueue"];

/** Reads the options behind an element. */
export function entryOptions(command: "add" | "del" | "test", type: SetType, words: readonly string[]): EntryOptions {
  const out: EntryOptions = {};
  const given = new Set<string>();
  const known =
    command === "add"
      ? [...EXTENSIONS, ...type.entry]
      : type.entry.filter(
          (name) => name === "before" || name === "after" || (command === "test" && name === "nomatch"),
        );
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const name = word.startsWith("--") ? word.slice(2) : word;
    if (!known.includes(name)) throw wrong(`Unknown argument: \`${word}'`);
    if (name === "nomatch" || name === "wildcard") {
      out[name] = true;
      continue;
    }
    const value = wordAfter(words, ++i, name);
    once(given, name);
    readEntry(name, value, out);
  }
  return out;
}

function readEntry(name: string, value: string, out: EntryOptions): void {
  switch (name) {
    case "timeout":
      out.timeout = numberOf(value, 0, LONGEST_TIMEOUT);
      return;
    case "packets":
    case "bytes":
      out[name] = bigNumber(value);
      return;
    case "comment":
      if (value.includes('"')) throw syntax('" character is not permitted in comments');
      if (value.length > LONGEST_COMMENT) {
        throw syntax(`Comment is longer than the maximum allowed ${LONGEST_COMMENT} characters`);
      }
      out.comment = value;
      return;
    case "skbmark": {
      const found = /^0x([\da-fA-F]{1,8})(?:\/(?:0x([\da-fA-F]{1,8}))?)?$/.exec(value);
      if (found === null) throw syntax("Invalid skbmark format, it should be:  MARK/MASK or MARK (see manpage)");
      const mask = found[2] === undefined ? 0xffff_ffff : Number.parseInt(found[2], 16);
      out.skbmark = [Number.parseInt(found[1]!, 16), mask];
      return;
    }
    case "skbprio": {
      const found = /^(?:0x)?([\da-fA-F]{1,4}):(?:0x)?([\da-fA-F]{1,4})$/.exec(value);
      if (found === null) throw syntax("Invalid skbprio format, it should be:MAJOR:MINOR (see manpage)");
      out.skbprio = [Number.parseInt(found[1]!, 16), Number.parseInt(found[2]!, 16)];
      return;
    }
    case "skbqueue":
      out.skbqueue = numberOf(value, 0, 65_535);
      return;
    default:
      if (value.length > 31) throw syntax(`setname '${value}' is longer than 31 characters`);
      out[name as "before"] = value;
  }
}

function bigNumber(text: string): bigint {
  if (!/^-?(0x[\da-fA-F]+|\d+)$/.test(text)) throw syntax(`'${text}' is invalid as number`);
  const out = text.startsWith("-") ? undefined : BigInt(text);
  if (out === undefined || out > MOST_PACKETS) throw syntax(`'${text}' is out of range 0-${MOST_PACKETS}`);
  return out;
}

/** What an entry keeps of its options; throws for what the set was not made for (ip_set_get_extensions). */
export function extensionsOf(options: SetOptions, given: EntryOptions): Omit<Entry, "text" | "until"> {
  if (given.timeout !== undefined && options.timeout === undefined) {
    throw new SetError("Timeout cannot be used: set was created without timeout support");
  }
  if ((given.packets !== undefined || given.bytes !== undefined) && !options.counters) {
    throw new SetError("Packet/byte counters cannot be used: set was created without counter support");
  }
  if (given.comment !== undefined && !options.comment) {
    throw new SetError("Comment cannot be used: set was created without comment support");
  }
  const { skbmark, skbprio, skbqueue } = given;
  if ((skbmark ?? skbprio ?? skbqueue) !== undefined && !options.skbinfo) {
    throw new SetError("Skbinfo mapping cannot be used: set was created without skbinfo support");
  }
  return {
    ...(given.nomatch ? { nomatch: true } : {}),
    ...(given.wildcard ? { wildcard: true } : {}),
    ...(options.counters ? { packets: given.packets ?? 0n, bytes: given.bytes ?? 0n } : {}),
    ...(given.comment ? { comment: given.comment } : {}),
    ...(skbmark === undefined ? {} : { skbmark }),
    ...(skbprio === undefined ? {} : { skbprio }),
    ...(skbqueue === undefined ? {} : { skbqueue }),
  };
}
