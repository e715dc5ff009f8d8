import { setMembers } from "../ipset/set.ts";
import { optionNumber } from "../numbers.ts";
import { plainTarget } from "../plain.ts";
import { Problem } from "../problem.ts";
import type { Target } from "../types.ts";

const OPERATIONS = ["add-set", "del-set", "map-set"];
const SECOND = 1_000_000;

/** Names of the sets that a target writes to. */
export function setsOf(target: Target): string[] {
  if (target.name !== "SET") return [];
  return [...target.save().matchAll(/--(?:add|del|map)-set (\S+)/g)].map(([, name]) => name!);
}

/** `-j SET`: parts of a packet become, or are no more, an entry of a set (libxt_SET.c). */
export const set = plainTarget(
  {
    name: "SET",
    unguided: true,
    options: [
      ...OPERATIONS.map((name) => ({
        name,
        read(value: string, rule: { nextWord(): string | undefined; setDimensions(name: string): number | undefined }) {
          const sides = rule.nextWord();
          if (sides === undefined) throw new Problem(`--${name} requires two args.`);
          if (value.length > 31) throw new Problem(`setname \`${value}' too long, max 31 characters.`);
          if (rule.setDimensions(value) === undefined) throw new Problem(`Set ${value} doesn't exist.\n`);
          if (sides.split(",").some((side) => side !== "src" && side !== "dst")) {
            throw new Problem("You must specify (the comma separated list of) 'src' or 'dst'.");
          }
          return `${value} ${sides}`;
        },
      })),
      { name: "exist", flag: true },
      { name: "timeout", read: (value) => `${optionNumber("SET", "timeout", value, 0, 0xffff_ffff)}` },
      { name: "map-mark", flag: true },
      { name: "map-prio", flag: true },
      { name: "map-queue", flag: true },
    ],
    list: (said) => [...said].map(([name, { value }]) => ` ${name}${value === "" ? "" : ` ${value}`}`).join(""),
    finish(given) {
      if (!OPERATIONS.some((name) => given.has(name))) {
        throw new Problem("You must specify either `--add-set' or `--del-set' or `--map-set'");
      }
    },
  },
  (packet, on, said) => {
    for (const name of ["add-set", "del-set"]) {
      const [own, sides = ""] = said.get(name)?.value.split(" ") ?? [];
      const found = own === undefined ? undefined : on.sets.get(own);
      if (found === undefined || on.traceless) continue;
      const text = setMembers(found, packet, sides.split(",") as ("src" | "dst")[]);
      if (text === undefined) continue;
      if (name === "del-set") found.remove(text);
      else if (found.get(text, on.now) === undefined || said.has("exist")) {
        const seconds = Number(said.get("timeout")?.value ?? found.options.timeout ?? 0);
        const until = seconds === 0 ? undefined : on.now + seconds * SECOND;
        found.put({ text, until, ...(found.options.counters ? { packets: 0n, bytes: 0n } : {}) });
      }
    }
    const [map, sides = ""] = said.get("map-set")?.value.split(" ") ?? [];
    const entry = on.sets.get(map ?? "")?.entryOf(packet, sides.split(",") as ("src" | "dst")[], on);
    if (entry?.skbmark !== undefined && said.has("map-mark")) {
      const [mark, mask] = entry.skbmark;
      packet.mark = ((packet.mark & ~mask) ^ mark) >>> 0;
    }
    return undefined;
  },
);
