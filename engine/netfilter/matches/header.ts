import type { MatchExtension } from "../extension.ts";
import { bounded, quoted, wholeNumber } from "../numbers.ts";
import type { Packet } from "../packet.ts";
import { Problem } from "../problem.ts";
import type { Match } from "../types.ts";

/** Time to live of every packet here: what Linux starts with. */
const TTL = 64;

/** A match of one option whose text is all there is to it. */
class OneOptionMatch implements Match {
  readonly name: string;
  private readonly option: string;
  private readonly word: string;
  private readonly judge: ((packet: Packet, value: string) => boolean) | undefined;
  value = "";
  inverted = false;

  constructor(name: string, option: string, word: string, judge?: (packet: Packet, value: string) => boolean) {
    this.name = name;
    this.option = option;
    this.word = word;
    this.judge = judge;
  }

  save(): string {
    return `${this.inverted ? " !" : ""} --${this.option} ${this.value}`;
  }

  list(): string {
    return ` ${this.word.replace("!", this.inverted ? "!" : "")}${this.value}`;
  }

  test(packet: Packet): boolean {
    return (this.judge?.(packet, this.value) ?? false) !== this.inverted;
  }
}

/** `-m mac`: the sender's Ethernet address, which no packet here bears (libxt_mac.c). */
export const mac: MatchExtension = {
  name: "mac",
  options: [
    {
      name: "mac-source",
      mandatory: true,
      invert: true,
      read(made, value, inverted) {
        if (!/^[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2}){5}$/.test(value)) {
          throw new Problem("Invalid MAC address specified.");
        }
        const match = made as OneOptionMatch;
        const bytes = value.split(":").map((byte) => byte.toLowerCase().padStart(2, "0"));
        match.value = bytes.join(":");
        match.inverted = inverted;
      },
    },
  ],
  create: () => new MacMatch(),
};

class MacMatch extends OneOptionMatch {
  constructor() {
    super("mac", "mac-source", "MAC ");
  }

  /** Packets that are made here have no sender's address yet. */
  fits(_table: string, base: string | undefined): boolean {
    return base !== "OUTPUT" && base !== "POSTROUTING";
  }

  override list(): string {
    return ` MAC ${this.inverted ? "! " : ""}${this.value}`;
  }
}

/** `-m length`: bytes of the packet (libxt_length.c). */
export const length: MatchExtension = {
  name: "length",
  options: [
    {
      name: "length",
      mandatory: true,
      invert: true,
      read(made, value, inverted) {
        const [first = "", last] = value.split(":");
        const number = (text: string, none: number): number => {
          const found = text === "" ? none : wholeNumber(text, 0, 65_535);
          if (found !== undefined) return found;
          throw new Problem(`length: bad value for option "--length" near "${text}", or out of range (0-65535).\n`);
        };
        const low = number(first, 0);
        const high = last === undefined ? low : number(last, 65_535);
        const match = made as OneOptionMatch;
        match.value = low === high ? `${low}` : `${low}:${high}`;
        match.inverted = inverted;
      },
    },
  ],
  create: () =>
    new OneOptionMatch("length", "length", "length !", (packet, value) => {
      const [low = "0", high = low] = value.split(":");
      return packet.length >= Number(low) && packet.length <= Number(high);
    }),
};

/** `-m pkttype`: to whom the link delivered it (libxt_pkttype.c). */
export const pkttype: MatchExtension = {
  name: "pkttype",
  options: [
    {
      name: "pkt-type",
      mandatory: true,
      invert: true,
      read(made, value, inverted) {
        const alias: Readonly<Record<string, string>> = { bcast: "broadcast", mcast: "multicast", host: "unicast" };
        const type = alias[value.toLowerCase()] ?? value.toLowerCase();
        if (!["unicast", "broadcast", "multicast", "otherhost"].includes(type)) {
          throw new Problem(`Bad packet type '${value}'`);
        }
        (made as OneOptionMatch).value = type;
        (made as OneOptionMatch).inverted = inverted;
      },
    },
  ],
  create: () =>
    new OneOptionMatch("pkttype", "pkt-type", "PKTTYPE != ", (packet, value) => {
      const first = packet.destination >>> 24;
      return (
        value === (first >= 224 && first < 240 ? "multicast" : packet.destination === -1 ? "broadcast" : "unicast")
      );
    }),
};

/** `-m nfacct`: counts under a name (libxt_nfacct.c). */
export const nfacct: MatchExtension = {
  name: "nfacct",
  options: [
    {
      name: "nfacct-name",
      mandatory: true,
      read(match, value) {
        (match as OneOptionMatch).value = quoted(bounded(value, 31));
      },
    },
  ],
  create: () => new OneOptionMatch("nfacct", "nfacct-name", "nfacct-name ", () => true),
};

const MODES: Readonly<Record<string, string>> = { "ttl-eq": "==", "ttl-ne": "!=", "ttl-lt": "<", "ttl-gt": ">" };

/** `-m ttl` (libipt_ttl.c). */
class TtlMatch implements Match {
  readonly name = "ttl";
  mode = "ttl-eq";
  value = 0;

  save(): string {
    return `${this.mode === "ttl-ne" ? " ! --ttl-eq" : ` --${this.mode}`} ${this.value}`;
  }

  list(): string {
    return ` TTL match TTL ${MODES[this.mode]} ${this.value}`;
  }

  test(): boolean {
    const { mode, value } = this;
    if (mode === "ttl-lt") return TTL < value;
    if (mode === "ttl-gt") return TTL > value;
    return (TTL === value) === (mode === "ttl-eq");
  }
}

const TTL_OPTIONS = ["ttl-eq", "ttl-lt", "ttl-gt"];

export const ttl: MatchExtension = {
  name: "ttl",
  options: TTL_OPTIONS.map((name) => ({
    name,
    ...(name === "ttl-eq" ? { invert: true } : {}),
    excludes: TTL_OPTIONS.filter((other) => other !== name),
    read(made: Match, value: string, inverted: boolean) {
      const match = made as TtlMatch;
      const number = wholeNumber(value, 0, 255);
      if (number === undefined) throw new Problem(`ttl: bad value for option "--${name}", or out of range (0-255).\n`);
      match.mode = inverted ? "ttl-ne" : name;
      match.value = number;
    },
  })),
  create: () => new TtlMatch(),
  finish(_match, given) {
    if (given.size === 0) {
      throw new Problem("TTL match: You must specify one of `--ttl-eq', `--ttl-lt', `--ttl-gt");
    }
  },
};
