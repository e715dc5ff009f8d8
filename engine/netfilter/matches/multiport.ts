import type { MatchExtension, RuleSoFar } from "../extension.ts";
import { portNumber } from "../numbers.ts";
import type { Packet } from "../packet.ts";
import { Problem } from "../problem.ts";
import { serviceName } from "../services.ts";
import type { Match } from "../types.ts";

const NAMES: Readonly<Record<number, string>> = { 6: "tcp", 17: "udp", 136: "udplite", 132: "sctp", 33: "dccp" };
/** Ports a rule can hold, a range counting as two (XT_MULTI_PORTS). */
const MOST = 15;

/** `-m multiport`: lists of ports and ranges (libxt_multiport.c). */
class MultiportMatch implements Match {
  readonly name = "multiport";
  side: "sports" | "dports" | "ports" = "dports";
  ranges: [first: number, last: number][] = [];
  inverted = false;
  protocol = "tcp";

  private text(name: (port: number) => string): string {
    return this.ranges
      .map(([first, last]) => (first === last ? name(first) : `${name(first)}:${name(last)}`))
      .join(",");
  }

  save(): string {
    return `${this.inverted ? " !" : ""} --${this.side} ${this.text(String)}`;
  }

  list(numeric: boolean): string {
    const name = (port: number) => (numeric ? undefined : serviceName(port, this.protocol)) ?? `${port}`;
    return ` multiport ${this.side} ${this.inverted ? " !" : ""}${this.text(name)}`;
  }

  test({ sourcePort, destinationPort }: Packet): boolean {
    const { side } = this;
    const found = this.ranges.some(
      ([first, last]) =>
        (side !== "sports" && destinationPort >= first && destinationPort <= last) ||
        (side !== "dports" && sourcePort >= first && sourcePort <= last),
    );
    return found !== this.inverted;
  }
}

function protocolOf(rule: RuleSoFar): string {
  const name = NAMES[rule.protocol];
  if (name !== undefined && !rule.protocolInverted) return name;
  if (rule.protocol === 0 && !rule.protocolInverted) {
    throw new Problem("multiport needs `-p tcp', `-p udp', `-p udplite', `-p sctp' or `-p dccp'");
  }
  throw new Problem("multiport only works with TCP, UDP, UDPLITE, SCTP and DCCP");
}

function rangesOf(text: string, protocol: string): [number, number][] {
  let used = 0;
  return text.split(",").map((part) => {
    const colon = part.indexOf(":");
    used += colon < 0 ? 1 : 2;
    if (used > MOST) throw new Problem("too many ports specified");
    if (colon < 0) {
      const port = portNumber(part, protocol);
      return [port, port];
    }
    const first = portNumber(part.slice(0, colon), protocol);
    const last = portNumber(part.slice(colon + 1), protocol);
    if (first >= last) throw new Problem("invalid portrange specified");
    return [first, last];
  });
}

const SIDES = [
  ["source-ports", "sports"],
  ["destination-ports", "dports"],
  ["ports", "ports"],
] as const;

export const multiport: MatchExtension = {
  name: "multiport",
  options: SIDES.map(([name, side]) => ({
    name,
    ...(side === name ? {} : { aliases: [side] }),
    invert: true,
    excludes: SIDES.map(([other]) => other).filter((other) => other !== name),
    read(made: Match, value: string, inverted: boolean, rule: RuleSoFar) {
      const match = made as MultiportMatch;
      match.protocol = protocolOf(rule);
      match.ranges = rangesOf(value, match.protocol);
      match.side = side;
      match.inverted = inverted;
    },
  })),
  create: () => new MultiportMatch(),
  finish(_match, given) {
    if (given.size === 0) throw new Problem("no ports specified");
  },
};
