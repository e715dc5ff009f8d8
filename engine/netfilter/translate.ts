import { formatAddress } from "./address.ts";
import type { Command } from "./command-options.ts";
import { protocolName } from "./protocols.ts";
import { INVERTED, type Match, type RuleBody, type Target } from "./types.ts";

/**
 * Rules of iptables as nft says them (iptables/xtables-translate.c and the xlate functions of the extensions). What
 * there are no words for gives undefined, as do extensions that nobody has asked this for.
 */

/** What an option was given, and whether with `!`. */
interface Option {
  value: string;
  not: boolean;
}
type Options = ReadonlyMap<string, Option>;
type Words = (options: Options, rule: RuleBody) => string | undefined;

/** Options of an extension from the text by which iptables-save tells them. */
function optionsOf(text: string): Options {
  const words = [...text.matchAll(/"((?:\\.|[^"\\])*)"|(\S+)/g)].map(([, quoted, plain]) =>
    quoted === undefined ? { text: plain!, quoted: false } : { text: quoted.replace(/\\(.)/g, "$1"), quoted: true },
  );
  const out = new Map<string, Option>();
  let not = false;
  for (let i = 0; i < words.length; i++) {
    const { text: word, quoted } = words[i]!;
    if (word === "!" && !quoted) {
      not = true;
      continue;
    }
    if (quoted || !word.startsWith("--")) continue;
    const values: string[] = [];
    while (i + 1 < words.length && (words[i + 1]!.quoted || !/^(--\w|!$)/.test(words[i + 1]!.text)))
      values.push(words[++i]!.text);
    out.set(word.slice(2), { value: values.join(" "), not });
    not = false;
  }
  return out;
}

const sign = (not: boolean): string => (not ? "!= " : "");
const range = (ports: string): string => ports.replace(":", "-");
const one = (options: Options, name: string): Option | undefined => options.get(name);
const joined = (parts: readonly (string | undefined)[]): string => parts.filter(Boolean).join(" ");
/** Whether these are all the options that were given. */
const only = (options: Options, ...names: string[]): boolean =>
  [...options.keys()].every((name) => names.includes(name));

function ports(protocol: string): Words {
  return (options) => {
    if (!only(options, "sport", "dport", "tcp-flags")) return undefined;
    const flags = one(options, "tcp-flags");
    const [mask = "", wanted = ""] = (flags?.value ?? "").toLowerCase().split(" ");
    const told = joined([
      ...["sport", "dport"].map((side) => {
        const port = one(options, side);
        return port && `${protocol} ${side} ${sign(port.not)}${range(port.value)}`;
      }),
      flags && `tcp flags ${sign(flags.not)}${wanted === "none" ? "0x0" : flagList(wanted)} / ${flagList(mask)}`,
    ]);
    return told === "" ? `meta l4proto ${protocol}` : told;
  };
}

const FLAGS = ["fin", "syn", "rst", "psh", "ack", "urg"];
const flagList = (names: string): string =>
  FLAGS.filter((flag) => names === "all" || names.split(",").includes(flag)).join(",");

const STATES = ["invalid", "new", "related", "established", "untracked", "snat", "dnat"];

function states(option: string): Words {
  return (options) => {
    const found = one(options, option);
    if (found === undefined || !only(options, option)) return undefined;
    const given = found.value.toLowerCase().split(",");
    return `ct state ${found.not ? "! " : ""}${STATES.filter((state) => given.includes(state)).join(",")}`;
  };
}

const TYPES = [
  "unspec",
  "unicast",
  "local",
  "broadcast",
  "anycast",
  "multicast",
  "blackhole",
  "unreachable",
  "prohibit",
];

const MATCHES: Readonly<Record<string, Words>> = {
  tcp: ports("tcp"),
  udp: ports("udp"),
  sctp: ports("sctp"),
  state: states("state"),
  conntrack: states("ctstate"),
  multiport(options, rule) {
    const name = ["sports", "dports"].find((side) => options.has(side));
    if (name === undefined) return undefined;
    const { value, not } = one(options, name)!;
    const list = value.split(",").map(range);
    const shown = list.length === 1 ? list[0] : `{ ${list.join(", ")} }`;
    return `${protocolName(rule.protocol)} ${name.slice(0, -1)} ${sign(not)}${shown}`;
  },
  mark(options) {
    const { value = "", not = false } = one(options, "mark") ?? {};
    const [mark, mask] = value.split("/");
    return mask === undefined ? `mark ${sign(not)}${mark}` : `mark and ${mask} ${not ? "!=" : "=="} ${mark}`;
  },
  limit(options) {
    const [, count, unit = ""] = /^(\d+)\/(\w+)/.exec(one(options, "limit")?.value ?? "") ?? [];
    const units: Readonly<Record<string, string>> = { sec: "second", min: "minute" };
    const burst = one(options, "limit-burst")?.value ?? "5";
    return count && `limit rate ${count}/${units[unit] ?? unit} burst ${burst} packets`;
  },
  icmp(options) {
    const { value = "", not = false } = one(options, "icmp-type") ?? {};
    const known: Readonly<Record<string, string>> = {
      ...{ "0": "echo-reply", "3": "destination-unreachable", "5": "redirect", "8": "echo-request" },
      ...{ "11": "time-exceeded", "12": "parameter-problem" },
    };
    return known[value] && `icmp type ${sign(not)}${known[value]}`;
  },
  addrtype(options) {
    if (!only(options, "src-type", "dst-type") || options.size !== 1) return undefined;
    const [[name, { value, not }]] = [...options] as [[string, Option]];
    const given = value.toLowerCase().split(",");
    const types = TYPES.filter((type) => given.includes(type));
    return `fib ${name[0]}addr type ${sign(not)}${types.length === 1 ? types[0] : `{ ${types.join(", ")} }`}`;
  },
  statistic(options) {
    const chance = one(options, "probability");
    if (one(options, "mode")?.value === "nth") {
      const every = one(options, "every");
      return `numgen inc mod ${every?.value} ${sign(every?.not ?? false)}${one(options, "packet")?.value ?? "0"}`;
    }
    const share = Math.round(Number(chance?.value) * 2 ** 31);
    return `meta random & 2147483647 ${chance?.not ? ">=" : "<"} ${share}`;
  },
  mac(options) {
    const source = one(options, "mac-source");
    return source && `ether saddr ${sign(source.not)}${source.value.toLowerCase()}`;
  },
  iprange(options) {
    return joined([...options].map(([name, { value, not }]) => `ip ${name[0]}addr ${sign(not)}${value}`));
  },
  owner(options) {
    if (!only(options, "uid-owner", "gid-owner")) return undefined;
    return joined([...options].map(([name, { value, not }]) => `sk${name.slice(0, 3)} ${sign(not)}${value}`));
  },
};

/** `to :1-5`, and how ports are chosen. */
function natted(options: Options, to: string | undefined): string {
  return joined([
    to,
    options.has("random") ? "random" : undefined,
    options.has("random-fully") ? "fully-random" : undefined,
    options.has("persistent") ? "persistent" : undefined,
  ]).replace(/(random|fully-random) (?=persistent|fully-random)/g, "$1,");
}

const MARKS = 0xffff_ffff;
const hexed = (value: number): string => `0x${(value >>> 0).toString(16)}`;

const TARGETS: Readonly<Record<string, Words>> = {
  MASQUERADE(options) {
    const to = one(options, "to-ports")?.value;
    return joined(["masquerade", natted(options, to && `to :${to}`)]);
  },
  REDIRECT(options) {
    const to = one(options, "to-ports")?.value;
    return joined(["redirect", natted(options, to && `to :${to}`)]);
  },
  DNAT: (options) => joined(["dnat", natted(options, `to ${one(options, "to-destination")?.value}`)]),
  SNAT: (options) => joined(["snat", natted(options, `to ${one(options, "to-source")?.value}`)]),
  REJECT(options) {
    const how = one(options, "reject-with")?.value ?? "icmp-port-unreachable";
    if (how === "icmp-port-unreachable") return "reject";
    return how === "tcp-reset"
      ? "reject with tcp reset"
      : `reject with icmp type ${how.replace(/^icmp-/, "").replace("admin-prohibited", "admin-prohibited")}`;
  },
  LOG(options) {
    if (!only(options, "log-prefix", "log-level")) return undefined;
    const prefix = one(options, "log-prefix")?.value;
    const level = one(options, "log-level")?.value ?? "4";
    const names = ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"];
    return joined([
      "log",
      prefix === undefined ? undefined : `prefix "${prefix}"`,
      level === "4" ? undefined : `level ${names[Number(level)] ?? level}`,
    ]);
  },
  MARK(options) {
    const [mark = 0, mask = MARKS] = (one(options, "set-xmark")?.value ?? "").split("/").map(Number);
    const set = "meta mark set";
    if (mark === 0) return `${set} mark and ${hexed(~mask)}`;
    if (mark === mask) return `${set} mark or ${hexed(mark)}`;
    if (mask === 0) return `${set} mark xor ${hexed(mark)}`;
    return mask === MARKS ? `${set} ${hexed(mark)}` : `${set} mark and ${hexed(~mask)} xor ${hexed(mark)}`;
  },
  NOTRACK: () => "notrack",
  CT: (options) => (only(options, "notrack") ? "notrack" : undefined),
};
for (const [name, word] of Object.entries({ ACCEPT: "accept", DROP: "drop", RETURN: "return" })) {
  (TARGETS as Record<string, Words>)[name] = () => word;
}

function interfaceText(key: string, name: string, not: boolean): string | undefined {
  if (name === "") return undefined;
  return `${key} ${sign(not)}"${name.endsWith("+") ? `${name.slice(0, -1)}*` : name}"`;
}

function addressText(key: string, address: number, mask: number, not: boolean): string | undefined {
  if (mask === 0) return undefined;
  const bits = (mask >>> 0).toString(2).lastIndexOf("1") + 1;
  return `ip ${key} ${sign(not)}${formatAddress(address)}${bits === 32 ? "" : `/${bits}`}`;
}

function ruleText(rule: RuleBody): string | undefined {
  const { inverted, protocol, matches, target } = rule;
  const is = (part: keyof typeof INVERTED) => (inverted & INVERTED[part]) !== 0;
  const name = protocolName(protocol);
  const implied = protocol === 0 || matches.some((match) => match.name === name);
  const told = matches.filter((match) => match.name !== "comment").map((match) => extension(MATCHES, match, rule));
  if (told.includes(undefined)) return undefined;
  const comments = matches.filter((match) => match.name === "comment");
  const comment = comments.length > 0 ? one(optionsOf(comments.at(-1)!.save()), "comment")?.value : undefined;
  const action = target
    ? extension(TARGETS, target, rule)
    : rule.jump === ""
      ? ""
      : `${rule.goto ? "goto" : "jump"} ${rule.jump}`;
  if (action === undefined) return undefined;
  return joined([
    interfaceText("iifname", rule.input, is("input")),
    interfaceText("oifname", rule.output, is("output")),
    rule.fragment ? `ip frag-off & 0x1fff ${is("fragment") ? "==" : "!="} 0` : undefined,
    implied ? undefined : `ip protocol ${sign(is("protocol"))}${name}`,
    addressText("saddr", rule.source, rule.sourceMask, is("source")),
    addressText("daddr", rule.destination, rule.destinationMask, is("destination")),
    ...told,
    "counter",
    action,
    comment === undefined ? undefined : `comment "${comment}"`,
  ]);
}

function extension(table: Readonly<Record<string, Words>>, part: Match | Target, rule: RuleBody): string | undefined {
  return table[part.name]?.(optionsOf(part.save()), rule);
}

/** The lines of nft for a command; undefined for one that is not translated at all, "" within for a rule that is not. */
export function translated({ operation, table, chain, number, rules }: Command): string[] | undefined {
  switch (operation) {
    case "append":
    case "insert":
      return rules.map(({ body }) => {
        const text = ruleText(body);
        const at = operation === "insert" && number > 1 ? ` index ${number}` : "";
        return text === undefined
          ? ""
          : `'${operation === "append" ? "add" : "insert"} rule ip ${table} ${chain}${at} ${text}'`;
      });
    case "new-chain":
      return [`add chain ip ${table} ${chain}`];
    case "delete-chain":
      return [`delete chain ip ${table} ${chain ?? "(null)"}`];
    case "flush":
      return [chain === undefined ? `flush table ip ${table}` : `flush chain ip ${table} ${chain}`];
    case "list":
      return [`list table ip ${table}`];
    default:
      return undefined;
  }
}
