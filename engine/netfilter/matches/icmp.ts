import type { MatchExtension } from "../extension.ts";
import { leadingNumber } from "../numbers.ts";
import type { Packet } from "../packet.ts";
import { Problem } from "../problem.ts";
import { INVERTED, type Match, type RuleBody } from "../types.ts";

const ANY = 255;

/** Names of types (all codes) and of single codes: name, type, code. */
const NAMES: readonly [string, number, number?][] = [
  ["any", ANY],
  ["echo-reply", 0],
  ["pong", 0],
  ["destination-unreachable", 3],
  ["network-unreachable", 3, 0],
  ["host-unreachable", 3, 1],
  ["protocol-unreachable", 3, 2],
  ["port-unreachable", 3, 3],
  ["fragmentation-needed", 3, 4],
  ["source-route-failed", 3, 5],
  ["network-unknown", 3, 6],
  ["host-unknown", 3, 7],
  ["network-prohibited", 3, 9],
  ["host-prohibited", 3, 10],
  ["TOS-network-unreachable", 3, 11],
  ["TOS-host-unreachable", 3, 12],
  ["communication-prohibited", 3, 13],
  ["host-precedence-violation", 3, 14],
  ["precedence-cutoff", 3, 15],
  ["source-quench", 4],
  ["redirect", 5],
  ["network-redirect", 5, 0],
  ["host-redirect", 5, 1],
  ["TOS-network-redirect", 5, 2],
  ["TOS-host-redirect", 5, 3],
  ["echo-request", 8],
  ["ping", 8],
  ["router-advertisement", 9],
  ["router-solicitation", 10],
  ["time-exceeded", 11],
  ["ttl-exceeded", 11],
  ["ttl-zero-during-transit", 11, 0],
  ["ttl-zero-during-reassembly", 11, 1],
  ["parameter-problem", 12],
  ["ip-header-bad", 12, 0],
  ["required-option-missing", 12, 1],
  ["timestamp-request", 13],
  ["timestamp-reply", 14],
  ["address-mask-request", 17],
  ["address-mask-reply", 18],
];

/** The same of ICMPv6 (icmpv6_codes of libxt_icmp.h). */
const NAMES6: readonly [string, number, number?][] = [
  ["destination-unreachable", 1],
  ["no-route", 1, 0],
  ["communication-prohibited", 1, 1],
  ["beyond-scope", 1, 2],
  ["address-unreachable", 1, 3],
  ["port-unreachable", 1, 4],
  ["failed-policy", 1, 5],
  ["reject-route", 1, 6],
  ["packet-too-big", 2],
  ["time-exceeded", 3],
  ["ttl-exceeded", 3],
  ["ttl-zero-during-transit", 3, 0],
  ["ttl-zero-during-reassembly", 3, 1],
  ["parameter-problem", 4],
  ["bad-header", 4, 0],
  ["unknown-header-type", 4, 1],
  ["unknown-option", 4, 2],
  ["echo-request", 128],
  ["ping", 128],
  ["echo-reply", 129],
  ["pong", 129],
  ["mld-listener-query", 130],
  ["mld-listener-report", 131],
  ["mld-listener-done", 132],
  ["mld-listener-reduction", 132],
  ["router-solicitation", 133],
  ["router-advertisement", 134],
  ["neighbour-solicitation", 135],
  ["neighbor-solicitation", 135],
  ["neighbour-advertisement", 136],
  ["neighbor-advertisement", 136],
  ["redirect", 137],
];

/** `-m icmp` (libipt_icmp.c), and `-m icmp6` of ip6tables. */
class IcmpMatch implements Match {
  readonly name: "icmp" | "icmp6" = "icmp";
  type = ANY;
  first = 0;
  last = 255;
  inverted = false;

  constructor(name: "icmp" | "icmp6") {
    this.name = name;
  }

  get six(): boolean {
    return this.name === "icmp6";
  }

  save(): string {
    const not = this.inverted ? " !" : "";
    if (!this.six && this.type === ANY && this.first === 0 && this.last === 255) return `${not} --icmp-type any`;
    return `${not} --icmp${this.six ? "v6" : ""}-type ${this.type}${this.first !== 0 || this.last !== 255 ? `/${this.first}` : ""}`;
  }

  list(numeric: boolean): string {
    const code = this.first === 0 && this.last === 255 ? undefined : this.first;
    const name = numeric
      ? undefined
      : (this.six ? NAMES6 : NAMES).find(
          ([, type, of]) => type === this.type && of === code && this.first === (of ?? 0),
        )?.[0];
    if (name !== undefined) return ` ${this.six ? "ipv6-icmp" : "icmp"} ${this.inverted ? "!" : ""}${name}`;
    const codes =
      this.first === this.last ? ` code ${this.first}` : code === undefined ? "" : ` codes ${this.first}-${this.last}`;
    return ` ${this.six ? "ipv6-icmp" : "icmp"}${this.inverted ? " !" : ""}type ${this.type}${codes}`;
  }

  test(packet: Packet): boolean {
    const found =
      this.type === ANY ||
      (packet.icmpType === this.type && packet.icmpCode >= this.first && packet.icmpCode <= this.last);
    return found !== this.inverted;
  }

  fits(_table: string, _base: string | undefined, rule: RuleBody): boolean {
    return rule.protocol === (this.six ? 58 : 1) && (rule.inverted & INVERTED.protocol) === 0;
  }
}

function readType(match: IcmpMatch, text: string): void {
  const lower = text.toLowerCase();
  const found = (match.six ? NAMES6 : NAMES).filter(([name]) => name.toLowerCase().startsWith(lower));
  const exact = found.find(([name]) => name.toLowerCase() === lower) ?? (found.length === 1 ? found[0] : undefined);
  if (exact !== undefined) {
    const [, type, code] = exact;
    match.type = type;
    match.first = code ?? 0;
    match.last = code ?? 255;
    return;
  }
  if (found.length > 1)
    throw new Problem(
      `Ambiguous ICMP${match.six ? "v6" : ""} type \`${text}': \`${found[0]![0]}' or \`${found[1]![0]}'?`,
    );
  const type = leadingNumber(text);
  const bad = () => new Problem(`Unknown ICMP${match.six ? "v6" : ""} type \`${text}'`);
  if (type === undefined || type.value > 255) throw bad();
  if (type.rest !== "" && type.rest[0] !== "/") throw new Problem(`unknown character ${type.rest[0]}`);
  match.type = type.value;
  if (type.rest === "") return;
  const code = type.rest[0] === "/" ? leadingNumber(type.rest.slice(1)) : undefined;
  if (code === undefined || code.rest !== "" || code.value > 255) {
    throw new Problem(`Unknown ICMP${match.six ? "v6" : ""} code \`${text}'`);
  }
  match.first = match.last = code.value;
}

const icmpMatch = (name: "icmp" | "icmp6", option: string): MatchExtension => ({
  name,
  options: [
    {
      name: option,
      mandatory: true,
      invert: true,
      read(match, value, inverted) {
        readType(match as IcmpMatch, value);
        (match as IcmpMatch).inverted = inverted;
      },
    },
  ],
  create: () => new IcmpMatch(name),
});

export const icmp = icmpMatch("icmp", "icmp-type");
export const icmp6 = icmpMatch("icmp6", "icmpv6-type");

/** The name of a type with its code, and the pair of a name: what ipset and iptables call alike. */
export function icmpName(six: boolean, type: number, code: number): string | undefined {
  return (six ? NAMES6 : NAMES).find(([, own, only = 0]) => own === type && only === code)?.[0];
}

export function icmpPair(six: boolean, name: string): readonly [type: number, code: number] | undefined {
  const found = (six ? NAMES6 : NAMES).find(([own, type]) => type !== ANY && own.toLowerCase() === name.toLowerCase());
  return found === undefined ? undefined : [found[1], found[2] ?? 0];
}
