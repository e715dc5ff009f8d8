import { formatAddress } from "../address.ts";
import type { TargetExtension } from "../extension.ts";
import { bounded, optionNumber, quoted, wholeNumber } from "../numbers.ts";
import type { Packet, Surroundings } from "../packet.ts";
import { Problem } from "../problem.ts";
import { protocolName } from "../protocols.ts";
import type { Target, Verdict } from "../types.ts";

const LEVELS = ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"];
const ALIASES: Readonly<Record<string, string>> = { panic: "emerg", error: "err", warning: "warn" };
/** Options in the order of their bits: option, word in listings. */
const FLAGS: readonly [string, string, number][] = [
  ["log-tcp-sequence", "tcp-sequence", 1],
  ["log-tcp-options", "tcp-options", 2],
  ["log-ip-options", "ip-options", 4],
  ["log-uid", "uid", 8],
  ["log-macdecode", "macdecode", 32],
];

/** `-j LOG`: a line in the kernel's log (libxt_LOG.c). */
class LogTarget implements Target {
  readonly name = "LOG";
  /** Every packet is a line. */
  readonly volatile = true;
  prefix = "";
  level = 4;
  flags = 0;

  save(): string {
    let out = this.prefix === "" ? "" : ` --log-prefix${quoted(this.prefix)}`;
    if (this.level !== 4) out += ` --log-level ${this.level}`;
    for (const [option, , bit] of FLAGS) if ((this.flags & bit) !== 0) out += ` --${option}`;
    return out;
  }

  list(numeric: boolean): string {
    let out = " LOG";
    if (numeric) out += ` flags ${this.flags} level ${this.level}`;
    else {
      out += ` level ${LEVELS[this.level]}`;
      for (const [, word, bit] of FLAGS) if ((this.flags & bit) !== 0) out += ` ${word}`;
    }
    return this.prefix === "" ? out : `${out} prefix "${this.prefix}"`;
  }

  act(packet: Packet, on: Surroundings): Verdict {
    const ports = packet.protocol === 1 ? "" : `SPT=${packet.sourcePort} DPT=${packet.destinationPort} `;
    on.log(
      `${this.prefix}IN=${packet.input} OUT=${packet.output} SRC=${formatAddress(packet.source)} ` +
        `DST=${formatAddress(packet.destination)} LEN=${packet.length} TOS=0x00 PREC=0x00 TTL=64 ID=0 DF ` +
        `PROTO=${protocolName(packet.protocol).toUpperCase()} ${ports}`,
    );
    return "continue";
  }
}

export const log: TargetExtension = {
  name: "LOG",
  options: [
    {
      name: "log-level",
      read(target, value) {
        const text = value.toLowerCase();
        const name = LEVELS.includes(text) ? text : ALIASES[text];
        const level = wholeNumber(value, 0, 7) ?? (name === undefined ? -1 : LEVELS.indexOf(name));
        if (level < 0) throw new Problem(`log level "${value}" unknown\n`);
        (target as LogTarget).level = level;
      },
    },
    {
      name: "log-prefix",
      read(target, value) {
        if (value === "") throw new Problem("Argument must have a minimum length of 1 characters\n");
        if (value.includes("\n")) throw new Problem("Newlines not allowed in --log-prefix");
        (target as LogTarget).prefix = bounded(value, 29);
      },
    },
    ...FLAGS.map(([name, , bit]) => ({
      name,
      flag: true,
      read(target: Target) {
        (target as LogTarget).flags |= bit;
      },
    })),
  ],
  create: () => new LogTarget(),
};

/** `-j NFLOG`: hands packets to a program that listens (libxt_NFLOG.c); none does here. */
class NflogTarget implements Target {
  readonly name = "NFLOG";
  prefix = "";
  group = 0;
  size: number | undefined;
  threshold = 0;

  private text(dashes: string): string {
    let out = this.prefix === "" ? "" : ` ${dashes}nflog-prefix${quoted(this.prefix)}`;
    if (this.group !== 0) out += ` ${dashes}nflog-group ${this.group}`;
    if (this.size !== undefined) out += ` ${dashes}nflog-size ${this.size}`;
    return this.threshold === 0 ? out : `${out} ${dashes}nflog-threshold ${this.threshold}`;
  }

  save(): string {
    return this.text("--");
  }

  list(): string {
    return this.text("");
  }

  act(): Verdict {
    return "continue";
  }
}

export const nflog: TargetExtension = {
  name: "NFLOG",
  options: [
    {
      name: "nflog-group",
      read(target, value) {
        (target as NflogTarget).group = optionNumber("NFLOG", "nflog-group", value, 0, 65_535);
      },
    },
    {
      name: "nflog-prefix",
      read(target, value) {
        if (value === "") throw new Problem("Argument must have a minimum length of 1 characters\n");
        (target as NflogTarget).prefix = bounded(value, 127);
      },
    },
    {
      name: "nflog-size",
      read(target, value) {
        (target as NflogTarget).size = optionNumber("NFLOG", "nflog-size", value, 0, 0xffff_ffff);
      },
    },
    {
      name: "nflog-threshold",
      read(target, value) {
        (target as NflogTarget).threshold = optionNumber("NFLOG", "nflog-threshold", value, 0, 65_535);
      },
    },
  ],
  create: () => new NflogTarget(),
};
