import { formatAddress } from "../address.ts";
import type { MatchExtension, RuleSoFar } from "../extension.ts";
import type { Packet } from "../packet.ts";
import { looseAddress } from "../parse-rule.ts";
import { Problem } from "../problem.ts";
import type { Match } from "../types.ts";

interface Range {
  first: number;
  last: number;
  inverted: boolean;
}

/** `-m iprange` (libxt_iprange.c). */
class RangeMatch implements Match {
  readonly name = "iprange";
  source: Range | undefined;
  destination: Range | undefined;

  save(): string {
    const text = (option: string, range: Range | undefined) =>
      range === undefined ? "" : `${range.inverted ? " !" : ""} --${option}-range ${rangeText(range)}`;
    return text("src", this.source) + text("dst", this.destination);
  }

  list(): string {
    const text = (word: string, range: Range | undefined) =>
      range === undefined ? "" : ` ${word} IP range${range.inverted ? " !" : ""} ${rangeText(range)}`;
    return text("source", this.source) + text("destination", this.destination);
  }

  test(packet: Packet): boolean {
    return inside(this.source, packet.source) && inside(this.destination, packet.destination);
  }
}

function inside(range: Range | undefined, address: number): boolean {
  if (range === undefined) return true;
  const at = address >>> 0;
  return (at >= range.first >>> 0 && at <= range.last >>> 0) !== range.inverted;
}

function rangeText({ first, last }: Range): string {
  return `${formatAddress(first)}-${formatAddress(last)}`;
}

function rangeOf(option: string, text: string, inverted: boolean, rule: RuleSoFar): Range {
  const dash = text.indexOf("-");
  const read = (part: string): number => {
    const address = looseAddress(part);
    if (address === undefined) throw new Problem(`iprange: Bad value for "--${option}" option: "${part}"`);
    return address;
  };
  const first = read(dash < 0 ? text : text.slice(0, dash));
  const last = dash < 0 ? first : read(text.slice(dash + 1));
  if (first >>> 0 > last >>> 0) rule.warn?.(`xt_iprange: range ${text} is reversed and will never match`);
  return { first, last, inverted };
}

export const iprange: MatchExtension = {
  name: "iprange",
  options: [
    {
      name: "src-range",
      invert: true,
      read(match, value, inverted, rule) {
        (match as RangeMatch).source = rangeOf("src-range", value, inverted, rule);
      },
    },
    {
      name: "dst-range",
      invert: true,
      read(match, value, inverted, rule) {
        (match as RangeMatch).destination = rangeOf("dst-range", value, inverted, rule);
      },
    },
  ],
  create: () => new RangeMatch(),
  finish(_match, given) {
    if (given.size === 0) {
      throw new Problem("iprange match: You must specify `--src-range' or `--dst-range'");
    }
  },
};
