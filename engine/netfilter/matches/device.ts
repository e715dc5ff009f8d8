import type { MatchExtension } from "../extension.ts";
import { parseInterface } from "../parse-rule.ts";
import { Problem } from "../problem.ts";
import type { Match } from "../types.ts";

const PHYSDEV = ["physdev-is-in", "physdev-in", "physdev-is-out", "physdev-out", "physdev-is-bridged"] as const;

/** `-m physdev`: ports of a bridge (libxt_physdev.c). No packet here is told which port it passed. */
class PhysdevMatch implements Match {
  readonly name = "physdev";
  readonly given = new Map<(typeof PHYSDEV)[number], { device: string; inverted: boolean }>();

  save(): string {
    return PHYSDEV.flatMap((option) => {
      const item = this.given.get(option);
      return item === undefined
        ? []
        : `${item.inverted ? " !" : ""} --${option}${item.device === "" ? "" : ` ${item.device}`}`;
    }).join("");
  }

  list(): string {
    return ` PHYSDEV match${this.save()}`;
  }

  test(): boolean {
    return [...this.given.values()].every(({ inverted }) => inverted);
  }

  /** Packets that are made here know no port of a bridge to leave by. */
  fits(_table: string, base: string | undefined): boolean {
    const out = this.given.has("physdev-out") || this.given.has("physdev-is-out");
    const bridged = this.given.get("physdev-is-bridged");
    return base !== "OUTPUT" || !out || (bridged !== undefined && !bridged.inverted);
  }
}

export const physdev: MatchExtension = {
  name: "physdev",
  options: PHYSDEV.map((name) => ({
    name,
    invert: true,
    ...(name.includes("-is-") ? { flag: true } : {}),
    read(match: Match, value: string, inverted: boolean) {
      const device = name.includes("-is-") ? "" : parseInterface(value);
      (match as PhysdevMatch).given.set(name, { device, inverted });
    },
  })),
  create: () => new PhysdevMatch(),
  finish(_match, given) {
    if (given.size === 0) throw new Problem("PHYSDEV: no physdev option specified");
  },
};

const RPFILTER = ["loose", "validmark", "accept-local", "invert"] as const;

/** `-m rpfilter`: whether the answer would leave by the device it came in by, which it always would here (libxt_rpfilter.c). */
class RpfilterMatch implements Match {
  readonly name = "rpfilter";
  readonly flags = new Set<string>();

  save(): string {
    return RPFILTER.filter((flag) => this.flags.has(flag))
      .map((flag) => ` --${flag}`)
      .join("");
  }

  list(): string {
    return ` rpfilter${this.save().split("--").join("")}`;
  }

  test(): boolean {
    return !this.flags.has("invert");
  }

  fits(table: string, base: string | undefined): boolean {
    return (table === "raw" || table === "mangle") && (base === undefined || base === "PREROUTING");
  }
}

export const rpfilter: MatchExtension = {
  name: "rpfilter",
  options: RPFILTER.map((name) => ({
    name,
    flag: true,
    read: (match: Match) => void (match as RpfilterMatch).flags.add(name),
  })),
  create: () => new RpfilterMatch(),
};
