import { formatAddress, maskOf, parseAddress, prefixOf } from "../address.ts";
import type { MatchExtension } from "../extension.ts";
import { leadingNumber } from "../numbers.ts";
import type { Packet } from "../packet.ts";
import { Problem } from "../problem.ts";
import { protocolNumber } from "../protocols.ts";
import { servicePort } from "../services.ts";
import type { Match } from "../types.ts";

interface Said<T> {
  value: T;
  inverted: boolean;
}

/**
 * `-m ipvs`: whether a packet belongs to a connection of a virtual server (libxt_ipvs.c). Rules are asked before the
 * balancer here: what a packet of a new connection is addressed to tells.
 */
class IpvsMatch implements Match {
  readonly name = "ipvs";
  own: Said<true> | undefined;
  protocol: Said<number> | undefined;
  address: Said<{ address: number; mask: number }> | undefined;
  port: Said<number> | undefined;
  direction: "ORIGINAL" | "REPLY" | undefined;
  method: Said<string> | undefined;
  control: Said<number> | undefined;

  private text(prefix: string): string {
    const say = (word: string, said: Said<unknown> | undefined, value: string) =>
      said === undefined ? "" : `${said.inverted ? " !" : ""} ${prefix}${word}${value}`;
    const place = this.address?.value;
    const bits = place === undefined ? 32 : prefixOf(place.mask);
    return [
      this.protocol || this.address || this.port || this.direction || this.method || this.control
        ? ""
        : say("ipvs", this.own, ""),
      say("vproto", this.protocol, ` ${this.protocol?.value}`),
      say("vaddr", this.address, ` ${formatAddress(place?.address ?? 0)}${bits === 32 ? "" : `/${bits}`}`),
      say("vport", this.port, ` ${this.port?.value}`),
      this.direction === undefined ? "" : ` ${prefix}vdir ${this.direction}`,
      say("vmethod", this.method, ` ${this.method?.value}`),
      say("vportctl", this.control, ` ${this.control?.value}`),
    ].join("");
  }

  save(): string {
    return this.text("--");
  }

  list(): string {
    return this.text("");
  }

  test(packet: Packet): boolean {
    const { protocol, address, port } = this;
    if (address === undefined) return this.own?.inverted === true;
    const is = (said: Said<unknown> | undefined, same: boolean) => said === undefined || same !== said.inverted;
    return (
      is(address, (packet.destination & address.value.mask) === (address.value.address & address.value.mask)) &&
      is(protocol, packet.protocol === protocol?.value) &&
      is(port, packet.destinationPort === port?.value) &&
      this.direction !== "REPLY"
    );
  }
}

function portOf(option: string, text: string): number {
  const number = leadingNumber(text);
  const port = number?.rest === "" ? number.value : servicePort(text);
  if (port === undefined || port > 65_535) throw new Problem(`ipvs: Bad value for "--${option}" option: "${text}"`);
  return port;
}

const made = (match: Match) => match as IpvsMatch;

export const ipvs: MatchExtension = {
  name: "ipvs",
  options: [
    {
      name: "ipvs",
      flag: true,
      invert: true,
      read(match, _value, inverted) {
        made(match).own = { value: true, inverted };
      },
    },
    {
      name: "vproto",
      invert: true,
      read(match, value, inverted) {
        const number = protocolNumber(value);
        if (number === undefined) throw new Problem(`ipvs: Bad value for "--vproto" option: "${value}"`);
        made(match).protocol = { value: number, inverted };
      },
    },
    {
      name: "vaddr",
      invert: true,
      read(match, value, inverted) {
        const [address = "", length = "32"] = value.split("/");
        made(match).address = {
          value: { address: parseAddress(address) ?? 0, mask: maskOf(Number(length)) },
          inverted,
        };
      },
    },
    {
      name: "vport",
      invert: true,
      read(match, value, inverted) {
        made(match).port = { value: portOf("vport", value), inverted };
      },
    },
    {
      name: "vdir",
      read(match, value) {
        const direction = value.toUpperCase();
        if (direction !== "ORIGINAL" && direction !== "REPLY")
          throw new Problem(`ipvs: Bad value for "vdir" option: "${value}"`);
        made(match).direction = direction;
      },
    },
    {
      name: "vmethod",
      invert: true,
      read(match, value, inverted) {
        made(match).method = { value: value.toUpperCase(), inverted };
      },
    },
    {
      name: "vportctl",
      invert: true,
      read(match, value, inverted) {
        made(match).control = { value: portOf("vportctl", value), inverted };
      },
    },
  ],
  create: () => new IpvsMatch(),
  finish(_match, given) {
    if (given.size === 0) throw new Problem("IPVS: At least one option is required");
  },
};
