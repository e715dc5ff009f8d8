import { formatAddress, parseAddress } from "../address.ts";
import type { MatchExtension } from "../extension.ts";
import { optionNumber } from "../numbers.ts";
import type { Packet, Surroundings } from "../packet.ts";
import { Problem } from "../problem.ts";
import type { Match } from "../types.ts";

const SECOND = 1_000_000;
/** Stamps kept for an address (xt_recent's ip_pkt_list_tot). */
const STAMPS = 20;
const ACTIONS = ["set", "rcheck", "update", "remove"] as const;

/** `-m recent`: lists of addresses lately seen (libxt_recent.c, xt_recent.c). */
class RecentMatch implements Match {
  readonly name = "recent";
  readonly volatile = true;
  action: (typeof ACTIONS)[number] = "set";
  inverted = false;
  seconds = 0;
  reap = false;
  hits = 0;
  ttl = false;
  list_ = "DEFAULT";
  mask = -1;
  destination = false;

  save(): string {
    let out = `${this.inverted ? " !" : ""} --${this.action}`;
    if (this.seconds > 0) out += ` --seconds ${this.seconds}`;
    if (this.reap) out += " --reap";
    if (this.hits > 0) out += ` --hitcount ${this.hits}`;
    if (this.ttl) out += " --rttl";
    return `${out} --name ${this.list_} --mask ${formatAddress(this.mask)} --r${this.destination ? "dest" : "source"}`;
  }

  list(): string {
    const word = this.action === "rcheck" ? "CHECK" : this.action.toUpperCase();
    let out = `${this.inverted ? " !" : ""} recent: ${word}`;
    if (this.seconds > 0) out += ` seconds: ${this.seconds}`;
    if (this.reap) out += " reap";
    if (this.hits > 0) out += ` hit_count: ${this.hits}`;
    if (this.ttl) out += " TTL-Match";
    out += ` name: ${this.list_} side: ${this.destination ? "dest" : "source"}`;
    return `${out} mask: ${formatAddress(this.mask)}`;
  }

  /** What asks how long ago or how often makes no sense where the list is only written. */
  fits(): boolean {
    const writes = this.action === "set" || this.action === "remove";
    return !writes || (this.seconds === 0 && this.hits === 0 && !this.reap && !this.ttl);
  }

  test(packet: Packet, on: Surroundings): boolean {
    const seen = on.recent(this.list_);
    const address = (this.destination ? packet.destination : packet.source) & this.mask;
    const stamps = seen.get(address);
    if (stamps === undefined) {
      if (this.action !== "set") return this.inverted;
      seen.set(address, [on.now]);
      return !this.inverted;
    }
    if (this.action === "set") {
      stamp(stamps, on.now);
      return !this.inverted;
    }
    if (this.action === "remove") {
      seen.delete(address);
      return !this.inverted;
    }
    const since = this.seconds > 0 ? on.now - this.seconds * SECOND : Number.NEGATIVE_INFINITY;
    if (this.reap) {
      const fresh = stamps.filter((at) => at >= since);
      if (fresh.length === 0) seen.delete(address);
      else stamps.splice(0, stamps.length, ...fresh);
    }
    const hits = stamps.filter((at) => at >= since).length;
    const found = hits > 0 && hits >= this.hits;
    if (found && this.action === "update") stamp(stamps, on.now);
    return found !== this.inverted;
  }
}

function stamp(stamps: number[], now: number): void {
  stamps.push(now);
  if (stamps.length > STAMPS) stamps.shift();
}

export const recent: MatchExtension = {
  name: "recent",
  options: [
    ...ACTIONS.map((action) => ({
      name: action,
      flag: true,
      invert: true,
      excludes: ACTIONS.filter((other) => other !== action),
      read(made: Match, _value: string, inverted: boolean) {
        const match = made as RecentMatch;
        match.action = action;
        match.inverted ||= inverted;
      },
    })),
    {
      name: "seconds",
      read(match, value) {
        (match as RecentMatch).seconds = optionNumber("recent", "seconds", value, 1, 0xffff_ffff);
      },
    },
    {
      name: "reap",
      flag: true,
      needs: ["seconds"],
      read(match) {
        (match as RecentMatch).reap = true;
      },
    },
    {
      name: "hitcount",
      read(match, value) {
        (match as RecentMatch).hits = optionNumber("recent", "hitcount", value, 0, 0xffff_ffff);
      },
    },
    {
      name: "rttl",
      flag: true,
      excludes: ["set", "remove"],
      read(match) {
        (match as RecentMatch).ttl = true;
      },
    },
    {
      name: "name",
      read(match, value) {
        (match as RecentMatch).list_ = value;
      },
    },
    {
      name: "rsource",
      flag: true,
      read(match) {
        (match as RecentMatch).destination = false;
      },
    },
    {
      name: "rdest",
      flag: true,
      read(match) {
        (match as RecentMatch).destination = true;
      },
    },
    {
      name: "mask",
      read(match, value) {
        const mask = parseAddress(value);
        if (mask === undefined) throw new Problem("getaddrinfo: Name or service not known\n");
        (match as RecentMatch).mask = mask;
      },
    },
  ],
  create: () => new RecentMatch(),
  finish(_match, given) {
    if (!ACTIONS.some((action) => given.has(action))) {
      throw new Problem("recent: you must specify one of `--set', `--rcheck' `--update' or `--remove'");
    }
  },
};
