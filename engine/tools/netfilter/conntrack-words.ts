import { parseAddress, TCP_STATES, type TcpState, type Track } from "../../netfilter/index.ts";
import { protocolNumber } from "../../netfilter/protocols.ts";

/** The command line of conntrack(8) (conntrack-tools src/conntrack.c and extensions/). */

export type Command =
  | "list"
  | "create"
  | "update"
  | "delete"
  | "get"
  | "flush"
  | "event"
  | "count"
  | "stats"
  | "version"
  | "help";

const COMMANDS: Readonly<Record<string, Command>> = {
  L: "list",
  dump: "list",
  I: "create",
  create: "create",
  U: "update",
  update: "update",
  D: "delete",
  delete: "delete",
  G: "get",
  get: "get",
  F: "flush",
  flush: "flush",
  E: "event",
  event: "event",
  C: "count",
  count: "count",
  S: "stats",
  stats: "stats",
  V: "version",
  version: "version",
  h: "help",
  help: "help",
};
const TABLES = ["conntrack", "expect", "dying", "unconfirmed"];

/** What goes by an option, in the order in which complaints name them; `:` asks for a value, `?` takes one. */
const OPTIONS: readonly (readonly [name: string, spellings: readonly string[], value: "" | ":" | "?"])[] = [
  ["src", ["s", "src", "orig-src"], ":"],
  ["dst", ["d", "dst", "orig-dst"], ":"],
  ["reply-src", ["r", "reply-src"], ":"],
  ["reply-dst", ["q", "reply-dst"], ":"],
  ["protonum", ["p", "protonum", "proto"], ":"],
  ["timeout", ["t", "timeout"], ":"],
  ["status", ["u", "status"], ":"],
  ["zero", ["z", "zero"], ""],
  ["event-mask", ["e", "event-mask"], ":"],
  ["id", ["i", "id"], ":"],
  ["family", ["f", "family"], ":"],
  ["src-nat", ["n", "src-nat"], "?"],
  ["dst-nat", ["g", "dst-nat"], "?"],
  ["output", ["o", "output"], ":"],
  ["any-nat", ["j", "any-nat"], "?"],
  ["mark", ["m", "mark"], ":"],
  ["buffer-size", ["b", "buffer-size"], ":"],
  ["zone", ["w", "zone"], ":"],
  ["orig-zone", ["orig-zone"], ":"],
  ["reply-zone", ["reply-zone"], ":"],
];
/** Options that only a protocol knows: after `-p`. */
const OF_PROTOCOL: Readonly<Record<string, readonly (readonly [name: string, spellings: readonly string[]])[]>> = {
  tcp: [
    ["sport", ["sport", "orig-port-src"]],
    ["dport", ["dport", "orig-port-dst"]],
    ["reply-port-src", ["reply-port-src"]],
    ["reply-port-dst", ["reply-port-dst"]],
    ["state", ["state"]],
  ],
  udp: [
    ["sport", ["sport", "orig-port-src"]],
    ["dport", ["dport", "orig-port-dst"]],
    ["reply-port-src", ["reply-port-src"]],
    ["reply-port-dst", ["reply-port-dst"]],
  ],
  icmp: [
    ["icmp-type", ["icmp-type"]],
    ["icmp-code", ["icmp-code"]],
    ["icmp-id", ["icmp-id"]],
  ],
};
const FILTERS = [
  "src",
  "dst",
  "reply-src",
  "reply-dst",
  "protonum",
  "family",
  "mark",
  "zone",
  "orig-zone",
  "reply-zone",
];
const NAT = ["src-nat", "dst-nat", "any-nat"];
/** What each command takes. */
const ALLOWED: Readonly<Record<Command, readonly string[]>> = {
  list: [...FILTERS, ...NAT, "status", "zero", "output"],
  create: [...FILTERS, "src-nat", "dst-nat", "timeout", "status"],
  update: [...FILTERS, "timeout", "status"],
  delete: [...FILTERS, ...NAT, "status", "id", "output"],
  get: [...FILTERS, "output"],
  flush: ["family"],
  event: [...FILTERS, ...NAT, "status", "event-mask", "output", "buffer-size"],
  count: ["family"],
  stats: [],
  version: [],
  help: [],
};
const STATUSES = ["ASSURED", "SEEN_REPLY", "UNSET", "FIXED_TIMEOUT", "EXPECTED", "OFFLOAD", "HW_OFFLOAD"];
const OUTPUTS = ["xml", "extended", "timestamp", "id", "ktimestamp", "labels", "userspace", "save"];
const EVENTS = ["ALL", "NEW", "UPDATES", "DESTROY"];

export interface Request {
  command: Command;
  table: string;
  /** Values by the options' own names. */
  given: ReadonlyMap<string, string>;
  outputs: ReadonlySet<string>;
  events: ReadonlySet<string>;
  fits: (track: Track) => boolean;
}

/** Reads the command line; a text is what is wrong with it. */
export function read(words: readonly string[]): Request | string {
  const given = new Map<string, string>();
  let command: Command | undefined;
  let table = "conntrack";
  let protocol: string | undefined;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (!word.startsWith("-")) return "unknown arguments found on commandline";
    const long = word.startsWith("--");
    const [name = "", inline] = long ? split(word.slice(2)) : [word[1] ?? "", word.slice(2) || undefined];
    const asked =
      Object.hasOwn(COMMANDS, name) && (long ? name.length > 1 : name.length === 1) ? COMMANDS[name] : undefined;
    if (asked !== undefined) {
      if (command !== undefined && command !== asked) return "Invalid commands combination";
      command = asked;
      const next = words[i + 1];
      if (next !== undefined && !next.startsWith("-") && asked !== "version" && asked !== "help") {
        if (!TABLES.includes(next)) return `unknown type \`${next}'`;
        table = next;
        i++;
      }
      continue;
    }
    const known = OPTIONS.find(([, spellings]) => spellings.includes(name));
    const special =
      protocol === undefined ? undefined : OF_PROTOCOL[protocol]?.find(([, spellings]) => spellings.includes(name));
    if (known === undefined && special === undefined) return `unknown option \`${long ? word.split("=")[0] : word}'`;
    const kind = known?.[2] ?? ":";
    let value = inline;
    if (value === undefined && kind === ":") {
      value = words[++i];
      if (value === undefined) return `option \`${word}' requires an argument`;
    } else if (value === undefined && kind === "?" && words[i + 1]?.startsWith("-") === false) value = words[++i];
    const own = known?.[0] ?? special![0];
    const wrong = judge(own, value ?? "");
    if (wrong !== undefined) return wrong;
    if (own === "protonum") {
      const number = protocolNumber(value!) ?? (/^\d+$/.test(value!) ? Number(value) : undefined);
      if (number === undefined || number > 255) return `\`${value}' unsupported protocol`;
      protocol = Object.entries(NUMBERS).find(([, other]) => other === number)?.[0] ?? `${number}`;
      value = protocol;
    }
    given.set(own, value ?? "");
  }
  command ??= words.length === 0 ? "help" : undefined;
  const illegal = OPTIONS.find(([name]) => given.has(name) && !(command && ALLOWED[command].includes(name)));
  if (illegal !== undefined) return `Illegal option \`--${illegal[0]}' with this command`;
  if (command === undefined) return "unknown arguments found on commandline";
  const missing = lacks(command, given, protocol);
  if (missing !== undefined) return missing;
  return {
    command,
    table,
    given,
    outputs: new Set(given.get("output")?.split(",") ?? []),
    events: new Set(given.get("event-mask")?.toUpperCase().split(",") ?? []),
    fits: testOf(given, command === "update"),
  };
}

const NUMBERS: Readonly<Record<Track["protocol"], number>> = { icmp: 1, tcp: 6, udp: 17 };

function split(text: string): [string, string | undefined] {
  const at = text.indexOf("=");
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** What is wrong with an option's value. */
function judge(name: string, value: string): string | undefined {
  const parameters = (known: readonly string[], upper: boolean) => {
    const wrong = value.split(",").find((each) => !known.includes(upper ? each.toUpperCase() : each));
    return wrong === undefined ? undefined : `Bad parameter \`${wrong}'`;
  };
  switch (name) {
    case "src":
    case "dst":
    case "reply-src":
    case "reply-dst": {
      const [address = "", mask] = value.split("/");
      if (parseAddress(address) === undefined && !address.includes(":")) return `Invalid IP address \`${value}'`;
      return mask !== undefined && !(/^\d+$/.test(mask) && Number(mask) <= 32) ? "Invalid netmask" : undefined;
    }
    case "src-nat":
    case "dst-nat":
    case "any-nat":
      return value !== "" && parseAddress(value.split(":")[0]!) === undefined
        ? `Invalid IP address \`${value}'`
        : undefined;
    case "status":
      return parameters(STATUSES, true);
    case "output":
      return parameters(OUTPUTS, false);
    case "event-mask":
      return parameters(EVENTS, true);
    case "family":
      return value === "ipv4" || value === "ipv6" ? undefined : `\`${value}' unsupported protocol`;
    case "state":
      return TCP_STATES.includes(value.toUpperCase() as TcpState) || value === "SYN_SENT2"
        ? undefined
        : `unknown TCP state \`${value}'`;
    default:
      return undefined;
  }
}

/** What a command cannot do without. */
function lacks(command: Command, given: ReadonlyMap<string, string>, protocol: string | undefined): string | undefined {
  if (command !== "create" && command !== "get") return undefined;
  const needs = (name: string) => `You need to supply the \`--${name}' option for this command`;
  if (protocol === undefined) return needs("protonum");
  if (command === "create" && !given.has("timeout")) return needs("timeout");
  const pair = (a: string, b: string) => given.has(a) && given.has(b);
  if (!pair("src", "dst") && !pair("reply-src", "reply-dst")) return "you have to specify `--src' and `--dst'";
  if (command === "create" && protocol === "tcp" && !given.has("state")) return needs("state");
  if (protocol === "icmp") return given.has("icmp-type") ? undefined : needs("icmp-type");
  if (!pair("sport", "dport") && !pair("reply-port-src", "reply-port-dst"))
    return "you have to specify `--sport' and `--dport'";
  return undefined;
}

/** A number as conntrack reads it: what is none is 0. */
export const numberOf = (text: string | undefined): number =>
  Number.parseInt(text ?? "0", text?.startsWith("0x") ? 16 : 10) || 0;

const WAYS: Readonly<Record<string, (track: Track, value: string) => boolean>> = {
  src: ({ original }, value) => isIn(original.source, value),
  dst: ({ original }, value) => isIn(original.destination, value),
  "reply-src": ({ reply }, value) => isIn(reply.source, value),
  "reply-dst": ({ reply }, value) => isIn(reply.destination, value),
  protonum: ({ protocol }, value) => protocol === value,
  sport: ({ original }, value) => original.sourcePort === numberOf(value),
  dport: ({ original }, value) => original.destinationPort === numberOf(value),
  "reply-port-src": ({ reply }, value) => reply.sourcePort === numberOf(value),
  "reply-port-dst": ({ reply }, value) => reply.destinationPort === numberOf(value),
  "icmp-id": ({ original }, value) => original.sourcePort === numberOf(value),
  family: (_, value) => value === "ipv4",
  "src-nat": ({ original, reply }, value) =>
    original.source !== reply.destination && (value === "" || reply.destination === value),
  "dst-nat": ({ original, reply }, value) =>
    original.destination !== reply.source && (value === "" || reply.source === value),
  "any-nat": ({ original, reply }) => original.destination !== reply.source || original.source !== reply.destination,
  mark: ({ mark }, value) => {
    const [wanted, mask] = value.split("/");
    return mask === undefined ? mark === numberOf(wanted) : (mark & numberOf(mask)) === numberOf(wanted);
  },
};

function isIn(address: string, cidr: string): boolean {
  const [base = "", bits = "32"] = cidr.split("/");
  const mask = Number(bits) === 0 ? 0 : -1 << (32 - Number(bits));
  return (((parseAddress(address) ?? 0) ^ (parseAddress(base) ?? 1)) & mask) === 0;
}

export const isAssured = (track: Track): boolean =>
  track.assured ?? ((track.replied && track.protocol === "tcp") || track.stream === true);

/** Whether an entry is one of those that options ask for; of `-U`, a mark and a status are what it shall have. */
function testOf(given: ReadonlyMap<string, string>, updates: boolean): (track: Track) => boolean {
  const tests = [...given].filter(([name]) => Object.hasOwn(WAYS, name) && !(updates && name === "mark"));
  const statuses = updates ? [] : (given.get("status")?.toUpperCase().split(",") ?? []);
  return (track) =>
    tests.every(([name, value]) => WAYS[name]!(track, value)) &&
    statuses.every((status) =>
      status === "ASSURED" ? isAssured(track) : status === "SEEN_REPLY" ? track.replied : true,
    );
}
