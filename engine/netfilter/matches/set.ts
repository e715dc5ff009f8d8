import type { MatchExtension } from "../extension.ts";
import type { Entry } from "../ipset/set.ts";
import type { Packet, Surroundings } from "../packet.ts";
import { Problem } from "../problem.ts";
import type { Match } from "../types.ts";

/** Longest name of a set (IPSET_MAXNAMELEN less the ending zero). */
const LONGEST = 31;

/** `-m set`: whether parts of the packet are in a set of ipset (libxt_set.c). */
class SetMatch implements Match {
  readonly name = "set";
  set = "";
  sides: ("src" | "dst")[] = [];
  inverted = false;
  noMatch = false;
  /** Of counters: option and value. */
  readonly more: string[] = [];

  private get what(): string {
    return `${this.set} ${this.sides.join(",")}`;
  }

  save(): string {
    return `${this.inverted ? " !" : ""} --match-set ${this.what}${this.noMatch ? " --return-nomatch" : ""}${this.more.map((text) => text.replace(/^(! )?/, " $1--")).join("")}`;
  }

  list(): string {
    return `${this.inverted ? " !" : ""} match-set ${this.what}${this.noMatch ? " return-nomatch" : ""}${this.more.map((text) => ` ${text}`).join("")}`;
  }

  test(packet: Packet, on: Surroundings): boolean {
    const entry = on.sets.get(this.set)?.entryOf(packet, this.sides, on);
    const found = entry !== undefined && (entry.nomatch ?? false) === this.noMatch && this.counted(entry);
    if (found && entry.packets !== undefined && !on.traceless && !this.more.includes("! update-counters")) {
      entry.packets += 1n;
      entry.bytes = (entry.bytes ?? 0n) + BigInt(packet.length);
    }
    return found !== this.inverted;
  }

  /** Whether an entry's counters are what is asked of them. */
  private counted({ packets = 0n, bytes = 0n }: Entry): boolean {
    return this.more.every((text) => {
      const [, bang, what, how, value = "0"] = /^(! )?(packets|bytes)-(eq|lt|gt) (\d+)$/.exec(text) ?? [];
      if (what === undefined) return true;
      const [own, other] = [what === "packets" ? packets : bytes, BigInt(value)];
      const holds = how === "eq" ? own === other : how === "lt" ? own < other : own > other;
      return holds === (bang === undefined);
    });
  }

  /** Sets change without the rules doing so, and entries end by themselves. */
  readonly volatile = true;
}

/** Name of the set that a match asks. */
export function setOf(match: Match): string | undefined {
  return match instanceof SetMatch ? match.set : undefined;
}

export const set: MatchExtension = {
  name: "set",
  unguided: true,
  options: [
    {
      name: "match-set",
      read(made, value, inverted, rule) {
        const match = made as SetMatch;
        if (match.set !== "") throw new Problem("--match-set can be specified only once");
        const sides = rule.nextWord();
        if (sides === undefined) throw new Problem("--match-set requires two args.");
        if (value.length > LONGEST) throw new Problem(`setname \`${value}' too long, max ${LONGEST} characters.`);
        if (rule.setDimensions(value) === undefined) throw new Problem(`Set ${value} doesn't exist.\n`);
        match.set = value;
        match.inverted = inverted;
        for (const side of sides.split(",")) {
          if (side !== "src" && side !== "dst") {
            throw new Problem("You must specify (the comma separated list of) 'src' or 'dst'.");
          }
          match.sides.push(side);
        }
      },
    },
    ...["update-counters", "update-subcounters"].map((name) => ({
      name,
      flag: true,
      read(match: Match, _value: string, inverted: boolean) {
        // They are what is done anyway, unless it is not wanted.
        if (inverted) (match as SetMatch).more.push(`! ${name}`);
      },
    })),
    ...["packets-eq", "packets-lt", "packets-gt", "bytes-eq", "bytes-lt", "bytes-gt"].map((name) => ({
      name,
      read(match: Match, value: string, inverted: boolean) {
        (match as SetMatch).more.push(`${inverted ? "! " : ""}${name} ${value}`);
      },
    })),
    {
      name: "return-nomatch",
      flag: true,
      read(match) {
        (match as SetMatch).noMatch = true;
      },
    },
  ],
  create: () => new SetMatch(),
  finish(match) {
    if ((match as SetMatch).set === "") throw new Problem("You must specify `--match-set' with proper arguments");
  },
};
