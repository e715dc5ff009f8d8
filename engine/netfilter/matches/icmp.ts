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

/** `-m icmp` (libipt_icmp.c). */
class IcmpMatch implements Match {
  readonly name = "icmp";
  type = ANY;
  first = 0;
  last = 255;
  inverted = false;

  save(): string {
    const not = this.inverted ? " !" : "";
    if (this.type === ANY && this.first === 0 && this.last === 255) return `${not} --icmp-type any`;
    return `${not} --icmp-type ${this.type}${this.first !== 0 || this.last !== 255 ? `/${this.first}` : ""}`;
  }

  list(numeric: boolean): string {
    const code = this.first === 0 && this.last === 255 ? undefined : this.first;
    const name = numeric
      ? undefined
      : NAMES.find(([, type, of]) => type === this.type && of === code && this.first === (of ?? 0))?.[0];
    if (name !== undefined) return ` icmp ${this.inverted ? "!" : ""}${name}`;
    const codes =
      this.first === this.last ? ` code ${this.first}` : code === undefined ? "" : ` codes ${this.first}-${this.last}`;
    return ` icmp${this.inverted ? " !" : ""}type ${this.type}${codes}`;
  }

  test(packet: Packet): boolean {
    const found =
      this.type === ANY ||
      (packet.icmpType === this.type && packet.icmpCode >= this.first && packet.icmpCode <= this.last);
    return found !== this.inverted;
  }

  fits(_table: string, _base: string | undefined, rule: RuleBody): boolean {
    return rule.protocol === 1 && (rule.inverted & INVERTED.protocol) === 0;
  }
}

function readType(match: IcmpMatch, text: string): void {
  const lower = text.toLowerCase();
  const found = NAMES.filter(([name]) => name.toLowerCase().startsWith(lower));
  const exact = found.find(([name]) => name.toLowerCase() === lower) ?? (found.length === 1 ? found[0] : undefined);
  if (exact !== undefined) {
    const [, type, code] = exact;
    match.type = type;
    match.first = code ?? 0;
    match.last = code ?? 255;
    return;
  }
  if (found.length > 1) throw new Problem(`Ambiguous ICMP type \`${text}': \`${found[0]![0]}' or \`${found[1]![0]}'?`);
  const type = leadingNumber(text);
  const bad = () => new Problem(`Unknown ICMP type \`${text}'`);
  if (type === undefined || type.value > 255) throw bad();
  match.type = type.value;
  if (type.rest === "") return;
  const code = type.rest[0] === "/" ? leadingNumber(type.rest.slice(1)) : undefined;
  if (code === undefined || code.rest !== "" || code.value > 255) throw bad();
  match.first = match.last = code.value;
}

export const icmp: MatchExtension = {
  name: "icmp",
  options: [
    {
      name: "icmp-type",
      mandatory: true,
      invert: true,
      read(match, value, inverted) {
        readType(match as IcmpMatch, value);
        (match as IcmpMatch).inverted = inverted;
      },
    },
  ],
  create: () => new IcmpMatch(),
};
