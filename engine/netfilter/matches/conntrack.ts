import { formatAddress, formatMask, maskOf, parseAddress } from "../address.ts";
import type { MatchExtension } from "../extension.ts";
import { portNumber } from "../numbers.ts";
import { DESTINATION_TRANSLATED, type Packet, SOURCE_TRANSLATED } from "../packet.ts";
import { parseNetworks, parseProtocol } from "../parse-rule.ts";
import { Problem } from "../problem.ts";
import type { Match } from "../types.ts";

/** In the order that listings name them. */
const STATES = ["INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED", "SNAT", "DNAT"];
/** In the order that their first letters are tried. */
const TRIED = ["INVALID", "NEW", "ESTABLISHED", "RELATED", "UNTRACKED", "SNAT", "DNAT"];

/** `-m conntrack --ctstate` and `-m state --state`: what is known of the packet's connection (libxt_conntrack.c). */
class StateMatch implements Match {
  readonly name: string;
  states: ReadonlySet<string> = new Set();
  inverted = false;
  /** What else is asked, as it is saved and listed: option, value, and whether `!` stood before. */
  readonly more = new Map<string, { value: string; inverted: boolean }>();

  constructor(name: string) {
    this.name = name;
  }

  private get names(): string {
    return STATES.filter((state) => this.states.has(state)).join(",");
  }

  private text(prefix: string): string {
    const word = this.name === "state" ? "state" : "ctstate";
    let out = this.states.size === 0 ? "" : `${this.inverted ? " !" : ""} ${prefix}${word} ${this.names}`;
    for (const name of MORE) {
      const said = this.more.get(name);
      if (said) out += `${said.inverted ? " !" : ""} ${prefix}${name} ${said.value}`;
    }
    return out;
  }

  save(): string {
    return this.text("--");
  }

  list(): string {
    return this.text("");
  }

  test(packet: Packet): boolean {
    const { states } = this;
    for (const [name, { value, inverted }] of this.more) if (asked(name, value, packet) === inverted) return false;
    if (states.size === 0) return true;
    const found =
      states.has(packet.state) ||
      ((packet.translated & SOURCE_TRANSLATED) !== 0 && states.has("SNAT")) ||
      ((packet.translated & DESTINATION_TRANSLATED) !== 0 && states.has("DNAT"));
    return found !== this.inverted;
  }
}

/** Other options in the order of iptables-save. */
const MORE = [
  "ctproto",
  "ctorigsrc",
  "ctorigdst",
  "ctreplsrc",
  "ctrepldst",
  "ctorigsrcport",
  "ctorigdstport",
  "ctreplsrcport",
  "ctrepldstport",
  "ctstatus",
  "ctexpire",
  "ctdir",
];
const STATUSES = ["EXPECTED", "SEEN_REPLY", "ASSURED", "CONFIRMED"];

/** What the first packet of a connection answers; one that was translated already is not told from others. */
function asked(name: string, value: string, packet: Packet): boolean {
  const within = (address: number) => {
    const [base = "", length = "32"] = value.split("/");
    const mask = maskOf(Number(length));
    return (address & mask) === ((parseAddress(base) ?? 0) & mask);
  };
  const port = (own: number) => {
    const [first, last = first] = value.split(":").map(Number);
    return own >= first! && own <= last!;
  };
  switch (name) {
    case "ctproto":
      return packet.protocol === Number(value);
    case "ctorigsrc":
    case "ctrepldst":
      return within(packet.source);
    case "ctorigdst":
    case "ctreplsrc":
      return within(packet.destination);
    case "ctorigsrcport":
    case "ctrepldstport":
      return port(packet.sourcePort);
    case "ctorigdstport":
    case "ctreplsrcport":
      return port(packet.destinationPort);
    case "ctdir":
      return value === "ORIGINAL";
    case "ctstatus":
      return value === "NONE" || (packet.state === "ESTABLISHED" && /ASSURED|CONFIRMED|SEEN_REPLY/.test(value));
    default:
      return false;
  }
}

function moreValue(name: string, text: string): string {
  if (name === "ctproto") return `${parseProtocol(text)}`;
  if (/(src|dst)$/.test(name)) {
    const [network] = parseNetworks(text);
    return `${formatAddress(network!.address)}${network!.mask === -1 ? "" : formatMask(network!.mask)}`;
  }
  if (/port$/.test(name)) {
    const [first = "", last = first] = text.split(":");
    const [low, high] = [portNumber(first, undefined), portNumber(last, undefined)];
    return low === high ? `${low}` : `${low}:${high}`;
  }
  if (name === "ctdir") {
    const upper = text.toUpperCase();
    if (upper !== "ORIGINAL" && upper !== "REPLY")
      throw new Problem(`conntrack: Bad value for "--ctdir" option: "${text}"`);
    return upper;
  }
  if (name === "ctstatus") {
    const words = text
      .split(",")
      .map((word) => ["NONE", ...STATUSES].find((each) => word !== "" && each.startsWith(word.toUpperCase())));
    if (words.includes(undefined)) throw new Problem(`Bad ctstatus "${text}"`);
    return words.includes("NONE") ? "NONE" : STATUSES.filter((each) => words.includes(each)).join(",");
  }
  const [first = "", last = first] = text.split(":");
  if (!/^\d+$/.test(first) || !/^\d+$/.test(last)) {
    throw new Problem(`conntrack: bad value for option "--${name}" near "${text}", or out of range (0-4294967295).\n`);
  }
  return first === last ? first : `${first}:${last}`;
}

function statesOf(text: string, allowed: readonly string[], word: string): Set<string> {
  const found = new Set<string>();
  let rest = text;
  for (;;) {
    const comma = rest.indexOf(",");
    const name = comma < 0 ? rest : rest.slice(0, comma);
    // Any beginning of a name will do.
    const state = name === "" ? undefined : allowed.find((each) => each.startsWith(name.toUpperCase()));
    if (state === undefined) throw new Problem(`Bad ${word} "${rest}"`);
    found.add(state);
    if (comma < 0) return found;
    rest = rest.slice(comma + 1);
  }
}

export const conntrack: MatchExtension = {
  name: "conntrack",
  options: [
    {
      name: "ctstate",
      invert: true,
      read(made, value, inverted) {
        const match = made as StateMatch;
        match.states = statesOf(value, TRIED, "ctstate");
        match.inverted = inverted;
      },
    },
    ...MORE.map((name) => ({
      name,
      invert: name !== "ctdir",
      read(made: Match, value: string, inverted: boolean) {
        (made as StateMatch).more.set(name, { value: moreValue(name, value), inverted });
      },
    })),
  ],
  create: () => new StateMatch("conntrack"),
  finish(_match, given) {
    if (given.size === 0) throw new Problem("conntrack: At least one option is required");
  },
};

export const state: MatchExtension = {
  name: "state",
  options: [
    {
      name: "state",
      invert: true,
      mandatory: true,
      read(made, value, inverted) {
        const match = made as StateMatch;
        match.states = statesOf(value, TRIED.slice(0, 5), "state");
        match.inverted = inverted;
      },
    },
  ],
  create: () => new StateMatch("state"),
};
