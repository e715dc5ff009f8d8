import type { MatchExtension, Option, RuleSoFar } from "../extension.ts";
import { portNumber, wholeNumber } from "../numbers.ts";
import type { Packet } from "../packet.ts";
import { Problem } from "../problem.ts";
import { serviceName, servicePort } from "../services.ts";
import { INVERTED, type Match, type RuleBody } from "../types.ts";

const MOST = 65_535;
const PROTOCOLS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132, dccp: 33 };
const FLAGS: readonly [string, number][] = [
  ["FIN", 1],
  ["SYN", 2],
  ["RST", 4],
  ["PSH", 8],
  ["ACK", 16],
  ["URG", 32],
  ["ALL", 63],
  ["NONE", 0],
];

/** Source and destination ports of the protocols that have them. */
export class PortsMatch implements Match {
  readonly name: string;
  sourceFirst = 0;
  sourceLast = MOST;
  sourceInverted = false;
  destinationFirst = 0;
  destinationLast = MOST;
  destinationInverted = false;
  givenSource = false;
  givenDestination = false;

  constructor(name: string) {
    this.name = name;
  }

  save(): string {
    return (
      savePorts("sport", this.sourceFirst, this.sourceLast, this.sourceInverted) +
      savePorts("dport", this.destinationFirst, this.destinationLast, this.destinationInverted)
    );
  }

  list(numeric: boolean): string {
    const { name } = this;
    return ` ${name}${listPorts(name, "spt", this.sourceFirst, this.sourceLast, this.sourceInverted, numeric)}${listPorts(
      name,
      "dpt",
      this.destinationFirst,
      this.destinationLast,
      this.destinationInverted,
      numeric,
    )}`;
  }

  /** Options that the kernel is told in its own terms need the protocol before them. */
  get asks(): boolean {
    const all = (first: number, last: number, inverted: boolean) => first === 0 && last === MOST && !inverted;
    return !(
      all(this.sourceFirst, this.sourceLast, this.sourceInverted) &&
      all(this.destinationFirst, this.destinationLast, this.destinationInverted)
    );
  }

  fits(_table: string, _base: string | undefined, rule: RuleBody): boolean {
    return rule.protocol === PROTOCOLS[this.name] && (rule.inverted & INVERTED.protocol) === 0;
  }

  check(rule: RuleBody): void {
    if (this.asks && (this.name === "tcp" || this.name === "udp") && rule.protocol !== PROTOCOLS[this.name]) {
      throw new Problem(`${this.name.toUpperCase()} match requires '-p ${this.name}'`);
    }
  }

  test(packet: Packet): boolean {
    const { destinationPort, sourcePort } = packet;
    return (
      (destinationPort >= this.destinationFirst && destinationPort <= this.destinationLast) !==
        this.destinationInverted &&
      (sourcePort >= this.sourceFirst && sourcePort <= this.sourceLast) !== this.sourceInverted
    );
  }
}

/** `-m tcp`: ports, flags and options (libxt_tcp.c). */
class TcpMatch extends PortsMatch {
  mask = 0;
  wanted = 0;
  flagsInverted = false;
  givenFlags = false;
  option = 0;
  optionInverted = false;

  constructor() {
    super("tcp");
  }

  override save(): string {
    let out = super.save();
    if (this.option !== 0 || this.optionInverted) {
      out += `${this.optionInverted ? " !" : ""} --tcp-option ${this.option}`;
    }
    if (this.mask !== 0 || this.flagsInverted) {
      out += `${this.flagsInverted ? " !" : ""} --tcp-flags ${flagNames(this.mask)} ${flagNames(this.wanted)}`;
    }
    return out;
  }

  override list(numeric: boolean): string {
    let out = super.list(numeric);
    if (this.option !== 0 || this.optionInverted) out += ` option=${this.optionInverted ? "!" : ""}${this.option}`;
    if (this.mask !== 0 || this.flagsInverted) {
      const hex = (bits: number) => `0x${bits.toString(16).toUpperCase().padStart(2, "0")}`;
      const text = numeric
        ? `${hex(this.mask)}/${hex(this.wanted)}`
        : `${flagNames(this.mask)}/${flagNames(this.wanted)}`;
      out += ` flags:${this.flagsInverted ? "!" : ""}${text}`;
    }
    return out;
  }

  override test(packet: Packet): boolean {
    if (!super.test(packet)) return false;
    if (this.mask === 0 && !this.flagsInverted) return true;
    return ((packet.tcpFlags & this.mask) === this.wanted) !== this.flagsInverted;
  }

  override get asks(): boolean {
    return super.asks || this.givenFlags || this.option !== 0;
  }

  flags(mask: string, wanted: string, inverted: boolean): void {
    if (this.givenFlags) throw new Problem("Only one of `--syn' or `--tcp-flags'  allowed");
    this.givenFlags = true;
    this.mask = flagBits(mask);
    this.wanted = flagBits(wanted);
    this.flagsInverted = inverted;
  }
}

function savePorts(option: string, first: number, last: number, inverted: boolean): string {
  if (first === 0 && last === MOST && !inverted) return "";
  return `${inverted ? " !" : ""} --${option} ${first}${first === last ? "" : `:${last}`}`;
}

function listPorts(
  protocol: string,
  word: string,
  first: number,
  last: number,
  inverted: boolean,
  numeric: boolean,
): string {
  if (first === 0 && last === MOST && !inverted) return "";
  const text = (port: number) => (numeric ? undefined : serviceName(port, protocol)) ?? `${port}`;
  const not = inverted ? "!" : "";
  return first === last ? ` ${word}:${not}${text(first)}` : ` ${word}s:${not}${text(first)}:${text(last)}`;
}

function flagBits(names: string): number {
  let bits = 0;
  for (const name of names.split(",")) {
    if (name === "") continue;
    const found = FLAGS.find(([each]) => each === name.toUpperCase());
    if (found === undefined) throw new Problem(`Unknown TCP flag \`${name}'`);
    bits |= found[1];
  }
  return bits;
}

function flagNames(bits: number): string {
  const names = FLAGS.slice(0, 6).filter(([, bit]) => (bits & bit) !== 0);
  return names.map(([name]) => name).join(",") || "NONE";
}

function portRange(text: string, protocol: string): [number, number] {
  const colon = text.indexOf(":");
  if (colon < 0) {
    const port = portNumber(text, protocol);
    return [port, port];
  }
  const first = colon === 0 ? 0 : portNumber(text.slice(0, colon), protocol);
  const last = colon === text.length - 1 ? MOST : portNumber(text.slice(colon + 1), protocol);
  if (first > last) throw new Problem("invalid portrange (min > max)");
  return [first, last];
}

export const sourcePort = {
  name: "source-port",
  aliases: ["sport"],
  read(made: Match, value: string, inverted: boolean) {
    const match = made as PortsMatch;
    if (match.givenSource) throw new Problem("Only one `--source-port' allowed");
    match.givenSource = true;
    [match.sourceFirst, match.sourceLast] = portRange(value, match.name);
    match.sourceInverted = inverted;
  },
};

export const destinationPort = {
  name: "destination-port",
  aliases: ["dport"],
  read(made: Match, value: string, inverted: boolean) {
    const match = made as PortsMatch;
    if (match.givenDestination) throw new Problem("Only one `--destination-port' allowed");
    match.givenDestination = true;
    [match.destinationFirst, match.destinationLast] = portRange(value, match.name);
    match.destinationInverted = inverted;
  },
};

/** Matches for one destination port and nothing else, by it; 0 … 65535 for tcp, then for udp. `-1` and `-2` match all. */
const common = new Map<number, PortsMatch>();

function share(made: Match): Match {
  const match = made as PortsMatch;
  if (match.givenSource || match.destinationInverted || match.destinationFirst !== match.destinationLast) {
    if (match.givenSource || match.givenDestination) return match;
  }
  const other = match.name === "udp" ? 1 : 0;
  if (other === 0) {
    const { givenFlags, option, optionInverted } = match as TcpMatch;
    if (givenFlags || option !== 0 || optionInverted) return match;
  }
  const key = match.givenDestination ? match.destinationFirst + other * (MOST + 1) : -1 - other;
  const found = common.get(key);
  if (found !== undefined) return found;
  common.set(key, match);
  return match;
}

export const tcp: MatchExtension = {
  name: "tcp",
  unguided: true,
  options: [
    destinationPort,
    sourcePort,
    {
      name: "syn",
      flag: true,
      read: (match, _value, inverted) => (match as TcpMatch).flags("SYN,RST,ACK,FIN", "SYN", inverted),
    },
    {
      name: "tcp-flags",
      read(match, value, inverted, rule: RuleSoFar) {
        const tcpMatch = match as TcpMatch;
        if (tcpMatch.givenFlags) throw new Problem("Only one of `--syn' or `--tcp-flags'  allowed");
        const wanted = rule.nextWord();
        if (wanted === undefined) throw new Problem("--tcp-flags requires two args.");
        tcpMatch.flags(value, wanted, inverted);
      },
    },
    {
      name: "tcp-option",
      read(match, value, inverted) {
        const option = wholeNumber(value, 1, 255);
        if ((match as TcpMatch).option !== 0) throw new Problem("Only one `--tcp-option' allowed");
        if (option === undefined) throw new Problem(`Bad TCP option "${value}"`);
        (match as TcpMatch).option = option;
        (match as TcpMatch).optionInverted = inverted;
      },
    },
  ],
  create: () => new TcpMatch(),
  share,
};

/** A port or range as libxtables' newer form reads it (xtopt_parse_mport). Throws `Problem`. */
function guidedRange(extension: string, option: string, text: string): [number, number] {
  const parts = text.split(":");
  if (parts.length > 2) throw new Problem(`${extension}: Too many components for option "--${option}" (max: 2)\n`);
  const port = (part: string, none: number): number => {
    if (part === "" && parts.length > 1) return none;
    // Numbers too large for a port lose their upper bits, as getaddrinfo has it.
    const value = part === "" ? 0 : (wholeNumber(part, 0, Number.MAX_SAFE_INTEGER) ?? servicePort(part));
    if (value === undefined) throw new Problem(`Port "${part}" does not resolve to anything.\n`);
    return value % (MOST + 1);
  };
  const first = port(parts[0]!, 0);
  const last = parts.length > 1 ? port(parts[1]!, MOST) : first;
  if (last < first) throw new Problem(`Port range ${first}-${last} is negative.\n`);
  return [first, last];
}

/** Options for ports in libxtables' newer form. */
export const guidedPorts = (extension: string): Option<Match>[] => [
  {
    name: "source-port",
    aliases: ["sport"],
    invert: true,
    read(made, value, inverted) {
      const match = made as PortsMatch;
      match.givenSource = true;
      [match.sourceFirst, match.sourceLast] = guidedRange(extension, "source-port", value);
      match.sourceInverted = inverted;
    },
  },
  {
    name: "destination-port",
    aliases: ["dport"],
    invert: true,
    read(made, value, inverted) {
      const match = made as PortsMatch;
      match.givenDestination = true;
      [match.destinationFirst, match.destinationLast] = guidedRange(extension, "destination-port", value);
      match.destinationInverted = inverted;
    },
  },
];

export const udp: MatchExtension = {
  name: "udp",
  options: guidedPorts("udp"),
  create: () => new PortsMatch("udp"),
  share,
};
