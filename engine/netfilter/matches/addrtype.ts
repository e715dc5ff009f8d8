import type { MatchExtension } from "../extension.ts";
import type { AddressType, Packet, Surroundings } from "../packet.ts";
import { Problem } from "../problem.ts";
import type { Match } from "../types.ts";

const TYPES = [
  "UNSPEC",
  "UNICAST",
  "LOCAL",
  "BROADCAST",
  "ANYCAST",
  "MULTICAST",
  "BLACKHOLE",
  "UNREACHABLE",
  "PROHIBIT",
  "THROW",
  "NAT",
  "XRESOLVE",
];

/** `-m addrtype`: what kind of address the routing tables say it is (libxt_addrtype.c). */
class AddressTypeMatch implements Match {
  readonly name = "addrtype";
  source = new Set<string>();
  sourceInverted = false;
  destination = new Set<string>();
  destinationInverted = false;
  limitIn = false;
  limitOut = false;

  save(): string {
    let out = "";
    if (this.source.size > 0) out += `${this.sourceInverted ? " !" : ""} --src-type ${names(this.source)}`;
    if (this.destination.size > 0) {
      out += `${this.destinationInverted ? " !" : ""} --dst-type ${names(this.destination)}`;
    }
    return `${out}${this.limitIn ? " --limit-iface-in" : ""}${this.limitOut ? " --limit-iface-out" : ""}`;
  }

  list(): string {
    let out = " ADDRTYPE match";
    if (this.source.size > 0) out += ` src-type ${this.sourceInverted ? "!" : ""}${names(this.source)}`;
    if (this.destination.size > 0) out += ` dst-type ${this.destinationInverted ? "!" : ""}${names(this.destination)}`;
    return `${out}${this.limitIn ? " limit-in" : ""}${this.limitOut ? " limit-out" : ""}`;
  }

  test(packet: Packet, on: Surroundings): boolean {
    const is = (types: ReadonlySet<string>, inverted: boolean, type: AddressType) => types.has(type) !== inverted;
    return (
      (this.source.size === 0 || is(this.source, this.sourceInverted, on.addressType(packet.source))) &&
      (this.destination.size === 0 ||
        is(this.destination, this.destinationInverted, on.addressType(packet.destination)))
    );
  }

  /** A packet has no device yet that it leaves by, or none any longer that it came in by. */
  fits(_table: string, base: string | undefined): boolean {
    if (this.limitIn && (base === "OUTPUT" || base === "POSTROUTING")) return false;
    return !(this.limitOut && (base === "PREROUTING" || base === "INPUT"));
  }
}

function names(types: ReadonlySet<string>): string {
  return TYPES.filter((type) => types.has(type)).join(",");
}

function typesOf(text: string): Set<string> {
  const found = new Set<string>();
  let rest = text;
  for (;;) {
    const comma = rest.indexOf(",");
    const name = comma < 0 ? rest : rest.slice(0, comma);
    const type = name === "" ? undefined : TYPES.find((each) => each.startsWith(name.toUpperCase()));
    if (type === undefined) {
      throw new Problem(comma < 0 ? `addrtype: bad type "${rest}"` : `addrtype: bad type \`${rest}'`);
    }
    found.add(type);
    if (comma < 0) return found;
    rest = rest.slice(comma + 1);
  }
}

export const addrtype: MatchExtension = {
  name: "addrtype",
  options: [
    {
      name: "src-type",
      invert: true,
      read(made, value, inverted) {
        const match = made as AddressTypeMatch;
        match.source = typesOf(value);
        match.sourceInverted = inverted;
      },
    },
    {
      name: "dst-type",
      invert: true,
      read(made, value, inverted) {
        const match = made as AddressTypeMatch;
        match.destination = typesOf(value);
        match.destinationInverted = inverted;
      },
    },
    {
      name: "limit-iface-in",
      flag: true,
      excludes: ["limit-iface-out"],
      read(match) {
        (match as AddressTypeMatch).limitIn = true;
      },
    },
    {
      name: "limit-iface-out",
      flag: true,
      excludes: ["limit-iface-in"],
      read(match) {
        (match as AddressTypeMatch).limitOut = true;
      },
    },
  ],
  create: () => new AddressTypeMatch(),
  finish(_match, given) {
    if (!given.has("src-type") && !given.has("dst-type")) {
      throw new Problem("addrtype: you must specify --src-type or --dst-type");
    }
  },
};
