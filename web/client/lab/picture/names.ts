import type { MapItem } from "../../../../engine/index.ts";

/** A name of something on the map, where it stands in a text. */
export interface Mention {
  /** Offset of its first character, and of the one after its last. */
  start: number;
  end: number;
  key: string;
}

/** Names and addresses by which texts speak of what is on the map, each with the key of what it means. */
export type Names = ReadonlyMap<string, string>;

/** What a name may consist of. A port, a slash or a full stop at its end is not part of it. */
const WORD = /[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?/g;

/** By what texts speak of one of them: its name, then its addresses. */
export function namesFor(item: MapItem): string[] {
  const all = item.kind === "service" ? [item.name, item.clusterIP, ...item.external] : [item.name, item.address];
  return all.filter((name) => name !== "" && name !== "None");
}

/** The names of all that is on the map; of two things of one name the Service, which people speak of most. */
export function namesOf(items: ReadonlyMap<string, MapItem>): Names {
  const names = new Map<string, string>();
  // A Pod on the host's network has its machine's address, which means the machine.
  for (const kind of ["machine", "service", "pod"]) {
    for (const item of items.values()) {
      if (item.kind !== kind) continue;
      for (const name of namesFor(item)) if (!names.has(name)) names.set(name, item.key);
    }
  }
  return names;
}

/** Where a text speaks of something on the map. */
export function mentionsIn(text: string, names: Names): Mention[] {
  const out: Mention[] = [];
  for (const { 0: word, index } of text.matchAll(WORD)) {
    const start = index;
    // `web.default.svc`, `web.default`: the Service's name is its first label.
    const known = names.has(word) ? word : word.split(".")[0]!;
    const key = names.get(known);
    if (key !== undefined) out.push({ start, end: start + known.length, key });
  }
  return out;
}

/** What a command speaks of: keys of what is on the map, by name or by the name of its owner. */
export function touchedBy(command: string, items: ReadonlyMap<string, MapItem>): Set<string> {
  const words = new Set(command.split(/[\s/=,:|;&'"]+/));
  const keys = new Set<string>();
  for (const item of items.values()) {
    const names = item.kind === "pod" && item.owner ? [item.name, item.owner.name] : [item.name];
    if (names.some((name) => words.has(name))) keys.add(item.key);
  }
  return keys;
}
