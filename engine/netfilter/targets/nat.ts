import { formatAddress, parseAddress } from "../address.ts";
import type { RuleSoFar, TargetExtension } from "../extension.ts";
import { leadingNumber } from "../numbers.ts";
import type { Packet, Surroundings } from "../packet.ts";
import { Problem } from "../problem.ts";
import { servicePort } from "../services.ts";
import type { Target, Verdict } from "../types.ts";

/** Protocols whose ports can be rewritten: icmp, tcp, udp, dccp, sctp. */
const WITH_PORTS: ReadonlySet<number> = new Set([1, 6, 17, 33, 132]);

/** Where the kernel lets each stand. */
const HOOKS: Readonly<Record<string, readonly string[]>> = {
  DNAT: ["PREROUTING", "OUTPUT"],
  REDIRECT: ["PREROUTING", "OUTPUT"],
  SNAT: ["POSTROUTING", "INPUT"],
  MASQUERADE: ["POSTROUTING"],
};

/** What DNAT, SNAT, MASQUERADE and REDIRECT share: a range of addresses, one of ports, and flags (libxt_NAT.c). */
class NatTarget implements Target {
  readonly name: string;
  private readonly option: string;
  first: number | undefined = undefined;
  last = 0;
  firstPort: number | undefined = undefined;
  lastPort = 0;
  basePort: number | undefined = undefined;
  random = false;
  randomFully = false;
  persistent = false;

  constructor(name: string, option: string) {
    this.name = name;
    this.option = option;
  }

  /** A range draws from chance; so does a masqueraded source port, but nothing follows from that. */
  get volatile(): boolean {
    return (
      (this.first !== undefined && this.last !== this.first) ||
      (this.firstPort !== undefined && this.lastPort !== this.firstPort)
    );
  }

  private range(): string {
    let out = "";
    if (this.first !== undefined) {
      out += formatAddress(this.first);
      if (this.last !== this.first) out += `-${formatAddress(this.last)}`;
    }
    if (this.firstPort !== undefined) {
      out += `:${this.firstPort}`;
      if (this.lastPort !== this.firstPort) out += `-${this.lastPort}`;
      // The revision that SNAT has keeps no base, and says so.
      if (this.basePort !== undefined) out += `/${this.name === "SNAT" ? 0 : this.basePort}`;
    }
    return out;
  }

  private text(option: string, prefix: string): string {
    const range = this.range();
    const bare = this.option === "to-ports" ? range.slice(1) : range;
    return `${range === "" ? "" : ` ${option}${bare}`}${this.random ? ` ${prefix}random` : ""}${
      this.randomFully ? ` ${prefix}random-fully` : ""
    }${this.persistent ? ` ${prefix}persistent` : ""}`;
  }

  save(): string {
    return this.text(`--${this.option} `, "--");
  }

  list(): string {
    if (this.name === "MASQUERADE") return this.text("masq ports: ", "");
    return this.text(this.name === "REDIRECT" ? "redir ports " : "to:", "");
  }

  fits(table: string, base: string | undefined): boolean {
    return table === "nat" && (base === undefined || HOOKS[this.name]!.includes(base));
  }

  act(packet: Packet, on: Surroundings): Verdict {
    const span = this.lastPort - (this.firstPort ?? 0) + 1;
    const port =
      this.firstPort === undefined
        ? undefined
        : this.basePort !== undefined && this.name === "DNAT"
          ? this.firstPort + ((((packet.destinationPort - this.basePort) % span) + span) % span)
          : this.firstPort === this.lastPort
            ? this.firstPort
            : on.random.int(this.firstPort, this.lastPort);
    const address =
      this.first === undefined
        ? undefined
        : this.first === this.last
          ? this.first
          : on.random.int(this.first >>> 0, this.last >>> 0) | 0;
    if (this.name === "DNAT" || this.name === "REDIRECT") {
      packet.destination = address ?? (this.name === "REDIRECT" ? redirected(packet, on) : packet.destination);
      if (port !== undefined) packet.destinationPort = port;
    } else {
      packet.source = address ?? (this.name === "MASQUERADE" ? on.addressOf(packet.output) : packet.source);
      if (port !== undefined) packet.sourcePort = port;
    }
    return "accept";
  }
}

/** REDIRECT leads here: to loopback for what was made here, else to the address of the interface it came in by. */
function redirected(packet: Packet, on: Surroundings): number {
  return packet.input === "" ? 0x7f00_0001 : on.addressOf(packet.input);
}

/** Reads `port[-port[/port]]`. Throws `Problem`. */
function readPorts(target: NatTarget, text: string, rule: RuleSoFar): void {
  if (!WITH_PORTS.has(rule.protocol)) {
    throw new Problem("Need TCP, UDP, SCTP or DCCP with port specification");
  }
  const first = leadingNumber(text);
  if (first === undefined || first.value > 65_535) {
    const port = servicePort(text);
    if (port === undefined) throw new Problem(`Port \`${text}' not valid`);
    target.firstPort = target.lastPort = port;
    return;
  }
  target.firstPort = target.lastPort = first.value;
  if (first.rest === "") return;
  if (first.rest[0] === ":") throw new Problem("Invalid port:port syntax - use dash");
  if (first.rest[0] !== "-") throw new Problem(`Garbage after port value: \`${first.rest}'`);
  const second = first.rest.slice(1);
  const last = leadingNumber(second);
  if (last === undefined || last.value > 65_535) throw new Problem(`Port \`${second}' not valid`);
  if (last.value < first.value) throw new Problem(`Port range \`${second}' funky`);
  target.lastPort = last.value;
  if (last.rest === "") return;
  if (last.rest[0] !== "/") throw new Problem(`Garbage after port range: \`${last.rest}'`);
  const third = last.rest.slice(1);
  const base = leadingNumber(third);
  const port = base?.rest === "" ? base.value : servicePort(third);
  if (port === undefined || port < 1 || port > 65_535) throw new Problem(`Port \`${third}' not valid`);
  target.basePort = port;
}

/** Reads `[address[-address]][:ports]`. Throws `Problem`. */
function readRange(target: NatTarget, text: string, rule: RuleSoFar): void {
  if (text.includes("[")) throw new Problem("Invalid address format");
  const colon = text.indexOf(":");
  const ports = colon >= 0 && !text.includes(":", colon + 1);
  if (ports) {
    readPorts(target, text.slice(colon + 1), rule);
    if (colon === 0) return;
  }
  const range = ports ? text.slice(0, colon) : text;
  const dash = range.indexOf("-");
  const address = (part: string): number => {
    const value = parseAddress(part);
    if (value === undefined) throw new Problem(`Bad IP address "${part}"`);
    return value;
  };
  target.first = address(dash < 0 ? range : range.slice(0, dash));
  target.last = dash < 0 ? target.first : address(range.slice(dash + 1));
}

type Flag = "random" | "random-fully" | "persistent";

function natExtension(name: string, option: string, flags: readonly Flag[]): TargetExtension {
  return {
    name,
    options: [
      {
        name: option,
        ...(option === "to-ports" ? {} : { mandatory: true }),
        read: (target, value, _inverted, rule) =>
          option === "to-ports"
            ? readPorts(target as NatTarget, value, rule)
            : readRange(target as NatTarget, value, rule),
      },
      ...flags.map((flag) => ({
        name: flag,
        flag: true,
        read(target: Target) {
          (target as NatTarget)[flag === "random-fully" ? "randomFully" : flag] = true;
        },
      })),
    ],
    create: () => new NatTarget(name, option),
  };
}

export const dnat = natExtension("DNAT", "to-destination", ["random", "persistent"]);
export const snat = natExtension("SNAT", "to-source", ["random", "random-fully", "persistent"]);
export const masquerade = natExtension("MASQUERADE", "to-ports", ["random", "random-fully"]);
export const redirect = natExtension("REDIRECT", "to-ports", ["random"]);
