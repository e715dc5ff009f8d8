import { formatAddress } from "../address.ts";
import type { Chain, Ruleset, Table } from "../ruleset.ts";
import { INVERTED, type Match, type Rule, type RuleBody } from "../types.ts";
import type { Counted, Hook } from "../walk.ts";
import type { OtherTables } from "./command.ts";
import { hex, showDatum } from "./data.ts";
import { type BaseChain, NftChain } from "./model.ts";
import { showChain } from "./print.ts";

/**
 * Tables that iptables (nft's flavour) made, as nft lists them: each extension in the words of its translation
 * (iptables extensions, *_xlate). A comment is translated to nothing, which leaves a blank.
 */
export function nftOfIptables(ruleset: Ruleset): OtherTables {
  const born = ({ chains }: Table) => Math.min(...[...chains.values()].map((chain) => chain.born));
  const all = () => {
    const found = [ruleset, ruleset.sixIfAny].flatMap((each) => {
      const family = each?.family === 6 ? "ip6" : "ip";
      return [...(each?.tables.values() ?? [])].map((table) => ({ family, table, key: `${family} ${table.name}` }));
    });
    // Those of both families as they were made.
    return ruleset.sixIfAny === undefined ? found : found.sort((a, b) => born(a.table) - born(b.table));
  };
  const find = (name: string) => all().find(({ key }) => key === name);
  return {
    names: () => all().map(({ key }) => key),
    table: (name) => {
      const found = find(name);
      return found && tableLines(found.table, found.family);
    },
    isManaged: (name) => {
      const table = find(name)?.table;
      return table !== undefined && [...table.chains.values()].some(({ rules }) => rules.some(hasExtension));
    },
  };
}

/** Whether nft's own expressions would not do: iptables then hands its extension to the kernel, which nft cannot edit. */
function hasExtension({ body: { matches, target } }: Rule): boolean {
  const native = (match: Match) =>
    match.name === "mark" || match.name === "limit" || (/^(tcp|udp)$/.test(match.name) && match.save() !== "");
  if (!matches.every(native)) return true;
  return target !== undefined && !/^(ACCEPT|DROP|RETURN|TRACE)$/.test(target.name);
}

const PRIORITY: Readonly<Record<string, number>> = { raw: -300, mangle: -150, filter: 0, security: 50 };

function tableLines(table: Table, family: string): string[] {
  const out = [`table ${family} ${table.name} {`];
  const chains = [...table.chains.values()].filter(({ policy, real }) => policy === undefined || real);
  chains.sort((a, b) => a.born - b.born);
  chains.forEach((chain, i) => {
    if (i > 0) out.push("");
    out.push(...chainLines(table, chain));
  });
  out.push("}");
  return out;
}

function chainLines({ name: table }: Table, chain: Chain): string[] {
  const shown = new NftChain(chain.name, 0, baseOf(table, chain));
  const lines = showChain(shown, { now: 0 });
  return [...lines.slice(0, -1), ...chain.rules.map((rule) => `\t\t${ruleText(rule)}`), "\t}"];
}

function baseOf(table: string, { name, policy }: Chain): BaseChain | undefined {
  if (policy === undefined) return undefined;
  const late = name === "POSTROUTING" || name === "INPUT";
  return {
    type: table === "nat" ? "nat" : table === "mangle" && name === "OUTPUT" ? "route" : "filter",
    hook: name as Hook,
    priority: table === "nat" ? (late ? 100 : -100) : PRIORITY[table]!,
    policy: policy === "DROP" ? "drop" : "accept",
  };
}

/** A rule of iptables in nft's words. `counted`: counters other than it has by now. */
export function ruleText(rule: Rule, counted: Counted = rule): string {
  const { body } = rule;
  const parts = [...addresses(body), ...protocolPart(body), ...body.matches.map(matchText)];
  parts.push(`counter packets ${counted.packets} bytes ${counted.bytes}`);
  const target = targetText(body);
  if (target !== "") parts.push(target);
  return parts.join(" ");
}

function addresses(body: RuleBody): string[] {
  const { inverted } = body;
  const out: string[] = [];
  const not = (part: number) => ((inverted & part) === 0 ? "" : "!= ");
  const device = (name: string) => `"${name.replace(/\+$/, "*")}"`;
  if (body.input !== "") out.push(`iifname ${not(INVERTED.input)}${device(body.input)}`);
  if (body.output !== "") out.push(`oifname ${not(INVERTED.output)}${device(body.output)}`);
  const { six } = body;
  const ip = six === undefined ? "ip" : "ip6";
  const network = (address: number, mask: number, text?: string) => text?.replace(/\/128$/, "") ?? cidr(address, mask);
  if (body.sourceMask !== 0)
    out.push(`${ip} saddr ${not(INVERTED.source)}${network(body.source, body.sourceMask, six?.source)}`);
  if (body.destinationMask !== 0) {
    const to = network(body.destination, body.destinationMask, six?.destination);
    out.push(`${ip} daddr ${not(INVERTED.destination)}${to}`);
  }
  return out;
}

function cidr(address: number, mask: number): string {
  let bits = 0;
  for (let left = mask; left !== 0; left <<= 1) bits++;
  return bits === 32 ? formatAddress(address) : `${formatAddress(address)}/${bits}`;
}

/** `ip protocol tcp`, which goes without saying when ports of it follow at once. */
function protocolPart({ protocol, inverted, matches, six }: RuleBody): string[] {
  if (protocol === 0) return [];
  const name = protocol === 47 ? "gre" : showDatum("inet_proto", protocol);
  const first = matches[0];
  if (first?.name === name && (name === "tcp" || name === "udp" || name === "sctp") && first.save() !== "") return [];
  return [
    `${six === undefined ? "ip protocol" : "meta l4proto"} ${(inverted & INVERTED.protocol) === 0 ? "" : "!= "}${name}`,
  ];
}

/** Options of a match or target as iptables-save has them: name, value, and whether `!` stands before. */
function optionsOf(text: string): { name: string; value: string; not: boolean }[] {
  const words = text.match(/"[^"]*"|\S+/g) ?? [];
  const out: { name: string; value: string; not: boolean }[] = [];
  let not = false;
  for (const word of words) {
    if (word === "!") not = true;
    else if (word.startsWith("--")) {
      out.push({ name: word.slice(2), value: "", not });
      not = false;
    } else if (out.length > 0) out.at(-1)!.value += `${out.at(-1)!.value === "" ? "" : " "}${word}`;
  }
  return out;
}

const op = (not: boolean) => (not ? "!= " : "");

function matchText(match: Match): string {
  const options = optionsOf(match.save());
  const [first] = options;
  switch (match.name) {
    case "comment":
      return "";
    case "tcp":
    case "udp":
    case "sctp":
      return options.length === 0
        ? `meta l4proto ${match.name}`
        : options.map((each) => portText(match.name, each)).join(" ");
    case "conntrack":
    case "state":
      return options
        .map(({ name, value, not }) => {
          if (!name.endsWith("state")) return `ct ${name.replace(/^ct/, "")} ${op(not)}${value.toLowerCase()}`;
          // States that are none of a connection's are asked as its status, and the rest is lost.
          const status = ["SNAT", "DNAT"].filter((each) => value.split(",").includes(each));
          if (status.length > 0) return `ct status ${status.join(",").toLowerCase()}`;
          return `ct state ${op(not)}${value.toLowerCase()}`;
        })
        .join(" ");
    case "mark": {
      const [value = "0", mask] = first!.value.split("/");
      if (mask === undefined) return `meta mark ${op(first!.not)}${hex(Number(value))}`;
      return `meta mark & ${hex(Number(mask))} ${first!.not ? "!=" : "=="} ${hex(Number(value))}`;
    }
    case "addrtype":
      return `fib ${first!.name === "src-type" ? "s" : "d"}addr type ${op(first!.not)}${first!.value.toLowerCase()}`;
    case "multiport": {
      const port = { "source-ports": "sport", sports: "sport" }[first!.name] ?? "dport";
      const list = first!.value.replaceAll(":", "-").replaceAll(",", ", ");
      return `th ${port} ${op(first!.not)}{ ${list} }`;
    }
    case "statistic": {
      const chance = options.find(({ name }) => name === "probability");
      // 31 bits of chance; iptables hands on what it made of the decimal fraction.
      if (chance) return `meta random & 2147483647 < ${Math.round(Number(chance.value) * 2_147_483_648)}`;
      const nth = options.find(({ name }) => name === "every");
      const packet = options.find(({ name }) => name === "packet");
      return `numgen inc mod ${nth?.value ?? 0} ${packet?.value ?? 0}`;
    }
    case "iprange":
      return options
        .map(({ name, value, not }) => `ip ${name.startsWith("src") ? "s" : "d"}addr ${op(not)}${value}`)
        .join(" ");
    case "icmp6":
      return `icmpv6 type ${op(first!.not)}${showDatum("icmpv6_type", Number(first!.value.split("/")[0]))}`;
    case "icmp":
      return `icmp type ${op(first!.not)}${showDatum("icmp_type", Number(first!.value.split("/")[0]))}`;
    case "limit": {
      const [count, unit = "sec"] = (options.find(({ name }) => name === "limit")?.value ?? "3/hour").split("/");
      const burst = options.find(({ name }) => name === "limit-burst")?.value ?? "5";
      const long = { sec: "second", min: "minute" }[unit] ?? unit;
      return `limit rate ${count}/${long} burst ${burst} packets`;
    }
    default:
      return `xt match "${match.name}"`;
  }
}

function portText(protocol: string, { name, value, not }: { name: string; value: string; not: boolean }): string {
  if (name === "tcp-flags") {
    const [mask = "", flags = ""] = value.split(" ");
    const list = (text: string) => text.toLowerCase().split(",").join(" | ");
    return `tcp flags & (${list(mask)}) ${not ? "!=" : "=="} ${list(flags)}`;
  }
  return `${protocol} ${name} ${op(not)}${value.replace(":", "-")}`;
}

function targetText({ target, jump, goto }: RuleBody): string {
  if (jump !== "") return `${goto ? "goto" : "jump"} ${jump}`;
  if (target === undefined) return "";
  const options = optionsOf(target.save());
  const value = (name: string) => options.find((each) => each.name === name)?.value;
  const flags = ["random", "random-fully", "persistent"]
    .filter((flag) => value(flag) !== undefined)
    .map((flag) => (flag === "random-fully" ? " fully-random" : ` ${flag}`))
    .join("");
  switch (target.name) {
    case "ACCEPT":
    case "DROP":
    case "RETURN":
      return target.name.toLowerCase();
    case "REJECT": {
      const how = value("reject-with") ?? "icmp-port-unreachable";
      if (/^icmp6?-port-unreachable$/.test(how)) return "reject";
      if (how.startsWith("icmp6-")) return `reject with icmpv6 type ${how.slice("icmp6-".length)}`;
      return how === "tcp-reset" ? "reject with tcp reset" : `reject with icmp type ${how.slice("icmp-".length)}`;
    }
    case "DNAT":
      return `dnat to ${value("to-destination")}${flags}`;
    case "SNAT":
      return `snat to ${value("to-source")}${flags}`;
    case "MASQUERADE":
      return `masquerade${value("to-ports") ? ` to :${value("to-ports")}` : ""}${flags}`;
    case "REDIRECT":
      return `redirect${value("to-ports") ? ` to :${value("to-ports")}` : ""}${flags}`;
    case "TRACE":
      return "meta nftrace set 1";
    case "MARK":
      return markText(value("set-xmark") ?? "0/0");
    case "LOG":
      return `log${value("log-prefix") === undefined ? "" : ` prefix ${value("log-prefix")}`}`;
    default:
      return `xt target "${target.name}"`;
  }
}

/** `--set-xmark value/mask` as what it was meant for. */
function markText(text: string): string {
  const [value = 0, mask = 0xffff_ffff] = text.split("/").map(Number);
  const short = (n: number) => `0x${(n >>> 0).toString(16)}`;
  if (mask === 0xffff_ffff) return `meta mark set ${short(value)}`;
  if (mask === 0) return `meta mark set mark xor ${short(value)}`;
  if (value === 0) return `meta mark set mark and ${short(~mask)}`;
  if (value === mask) return `meta mark set mark or ${short(value)}`;
  return `meta mark set mark and ${short(~mask)} xor ${short(value)}`;
}
