import type { TargetExtension } from "../extension.ts";
import { markAndMask, optionNumber, wholeNumber } from "../numbers.ts";
import type { Packet } from "../packet.ts";
import { Problem } from "../problem.ts";
import type { Target, Verdict } from "../types.ts";

const ALL = 0xffff_ffff;

/** `-j CT` and its short form NOTRACK: how a connection is tracked, if at all (libxt_CT.c). */
class TrackTarget implements Target {
  readonly name: string;
  readonly listedAs = "CT";
  notrack: boolean;
  zone = 0;
  helper = "";
  events = "";

  constructor(name: string) {
    this.name = name;
    this.notrack = name === "NOTRACK";
  }

  save(): string {
    if (this.name === "NOTRACK") return "";
    return `${this.notrack ? " --notrack" : ""}${this.helper && ` --helper ${this.helper}`}${this.events && ` --ctevents ${this.events}`}${this.zone === 0 ? "" : ` --zone ${this.zone}`}`;
  }

  list(): string {
    if (this.name === "NOTRACK") return " NOTRACK";
    return ` CT${this.notrack ? " notrack" : ""}${this.helper && ` helper ${this.helper}`}${this.events && ` ctevents ${this.events}`}${this.zone === 0 ? "" : ` zone ${this.zone}`}`;
  }

  act(packet: Packet): Verdict {
    if (this.notrack) packet.state = "UNTRACKED";
    return "continue";
  }

  fits(table: string): boolean {
    return table === "raw";
  }
}

export const notrack: TargetExtension = { name: "NOTRACK", options: [], create: () => new TrackTarget("NOTRACK") };

export const ct: TargetExtension = {
  name: "CT",
  options: [
    {
      name: "notrack",
      flag: true,
      read(target) {
        (target as TrackTarget).notrack = true;
      },
    },
    {
      name: "helper",
      read(target, value) {
        (target as TrackTarget).helper = value;
      },
    },
    {
      name: "ctevents",
      read(target, value) {
        (target as TrackTarget).events = value;
      },
    },
    {
      name: "zone",
      read(target, value) {
        const zone = wholeNumber(value, 0, 65_535);
        if (zone === undefined) throw new Problem(`Cannot parse ${value} as a zone ID`);
        (target as TrackTarget).zone = zone;
      },
    },
  ],
  create: () => new TrackTarget("CT"),
};

/** `-j CONNMARK`: moves marks between packet and connection (libxt_CONNMARK.c). */
class ConnmarkTarget implements Target {
  readonly name = "CONNMARK";
  mode: "set" | "save" | "restore" = "set";
  mark = 0;
  ctMask = ALL;
  nfMask = ALL;

  save(): string {
    const hex = (value: number) => `0x${value.toString(16)}`;
    if (this.mode === "set") return ` --set-xmark ${hex(this.mark)}/${hex(this.ctMask)}`;
    return ` --${this.mode}-mark --nfmask ${hex(this.nfMask)} --ctmask ${hex(this.ctMask)}`;
  }

  list(): string {
    const { mark, ctMask, nfMask, mode } = this;
    const hex = (value: number) => `0x${value.toString(16)}`;
    if (mode === "set") {
      if (mark === 0) return ` CONNMARK and ${hex(~ctMask >>> 0)}`;
      if (mark === ctMask) return ` CONNMARK or ${hex(mark)}`;
      if (ctMask === 0) return ` CONNMARK xor ${hex(mark)}`;
      if (ctMask === ALL) return ` CONNMARK set ${hex(mark)}`;
      return ` CONNMARK xset ${hex(mark)}/${hex(ctMask)}`;
    }
    if (nfMask === ALL && ctMask === ALL) return ` CONNMARK ${mode}`;
    if (nfMask === ctMask) return ` CONNMARK ${mode} mask ${hex(nfMask)}`;
    if (mode === "restore") return ` CONNMARK restore ctmask ${hex(ctMask)} nfmask ~${hex(nfMask)}`;
    return ` CONNMARK ${mode} nfmask ${hex(nfMask)} ctmask ~${hex(ctMask)}`;
  }

  act(packet: Packet): Verdict {
    // The connection is new: its mark is none yet, and nothing later looks at what is saved.
    if (this.mode === "restore") packet.mark = (packet.mark & ~this.nfMask) >>> 0;
    return "continue";
  }
}

const OPERATIONS = ["set-xmark", "set-mark", "and-mark", "or-mark", "xor-mark", "save-mark", "restore-mark"];
const alone = (name: string) => ({ name, excludes: OPERATIONS.filter((other) => other !== name) });
const bits = (option: string, value: string) => optionNumber("CONNMARK", option, value, 0, ALL);

export const connmark: TargetExtension = {
  name: "CONNMARK",
  options: [
    {
      ...alone("set-xmark"),
      read(target, value) {
        const made = target as ConnmarkTarget;
        [made.mark, made.ctMask] = markAndMask("CONNMARK", "set-xmark", value);
      },
    },
    {
      ...alone("set-mark"),
      read(target, value) {
        const made = target as ConnmarkTarget;
        const [mark, mask] = markAndMask("CONNMARK", "set-mark", value);
        made.mark = mark;
        made.ctMask = (mark | mask) >>> 0;
      },
    },
    {
      ...alone("and-mark"),
      read(target, value) {
        (target as ConnmarkTarget).ctMask = ~bits("and-mark", value) >>> 0;
      },
    },
    {
      ...alone("or-mark"),
      read(target, value) {
        const made = target as ConnmarkTarget;
        made.mark = made.ctMask = bits("or-mark", value);
      },
    },
    {
      ...alone("xor-mark"),
      read(target, value) {
        (target as ConnmarkTarget).mark = bits("xor-mark", value);
        (target as ConnmarkTarget).ctMask = 0;
      },
    },
    ...(["save", "restore"] as const).map((mode) => ({
      ...alone(`${mode}-mark`),
      flag: true,
      read(target: Target) {
        (target as ConnmarkTarget).mode = mode;
      },
    })),
    ...(["mask", "nfmask", "ctmask"] as const).map((name) => ({
      name,
      read(target: Target, value: string) {
        const made = target as ConnmarkTarget;
        const mask = bits(name, value);
        if (name !== "ctmask") made.nfMask = mask;
        if (name !== "nfmask") made.ctMask = mask;
      },
    })),
  ],
  create: () => new ConnmarkTarget(),
  finish(_target, given) {
    if (!OPERATIONS.some((name) => given.has(name))) throw new Problem("CONNMARK target: No operation specified");
  },
};
