import type { Element, Nftables, NftChain, NftRule, NftSet, NftTable } from "./model.ts";
import {
  baseText,
  type PrintOptions,
  showElement,
  showLimit,
  showQuota,
  showRule,
  tableHead,
  typeText,
} from "./print.ts";

/** What `nft monitor` and `nft -e` tell of a transaction (src/monitor.c). */

/** A table as it stood: what changes is only ever replaced. */
interface TableBefore {
  table: NftTable;
  chains: Map<string, { chain: NftChain; rules: readonly NftRule[] }>;
  sets: Map<string, { set: NftSet; elements: Map<string, Element> }>;
  objects: Set<string>;
}

export type Snapshot = ReadonlyMap<string, TableBefore>;

export function snapshotOf(nftables: Nftables | undefined): Snapshot {
  const out = new Map<string, TableBefore>();
  for (const [key, table] of nftables?.tables ?? []) {
    out.set(key, {
      table,
      chains: new Map([...table.chains].map(([name, chain]) => [name, { chain, rules: chain.rules }])),
      sets: new Map([...table.sets].map(([name, set]) => [name, { set, elements: new Map(set.elements) }])),
      objects: new Set(table.objects.keys()),
    });
  }
  return out;
}

/** Lines for everything that differs from how it stood. */
export function eventsSince(before: Snapshot, nftables: Nftables, options: PrintOptions): string[] {
  const out: string[] = [];
  for (const [key, old] of before) {
    const now = nftables.tables.get(key);
    out.push(...goneFrom(old, now === old.table ? now : undefined, options));
    if (now !== old.table) out.push(`delete ${tableHead(old.table)}`);
  }
  for (const [key, table] of nftables.tables) {
    const old = before.get(key);
    const known = old?.table === table ? old : undefined;
    if (known === undefined) out.push(`add ${tableHead(table)}${handle(table, options)}`);
    out.push(...comeTo(known, table, options));
  }
  return out;
}

const placeOf = (table: NftTable): string => `${table.family} ${table.name}`;
const handle = ({ handle: number }: { handle: number }, { handles }: PrintOptions): string =>
  handles ? ` # handle ${number}` : "";

function goneFrom({ table, chains, sets, objects }: TableBefore, now: NftTable | undefined, options: PrintOptions) {
  const out: string[] = [];
  const place = placeOf(table);
  for (const [name, { chain, rules }] of chains) {
    const left = now?.chains.get(name) === chain ? new Set(chain.rules) : undefined;
    for (const rule of rules)
      if (!left?.has(rule) && now) out.push(`delete rule ${place} ${name} handle ${rule.handle}`);
  }
  for (const [name, { set, elements }] of sets) {
    const left = now?.sets.get(name);
    if (left === set)
      for (const [key, element] of elements)
        if (!set.elements.has(key))
          out.push(`delete element ${place} ${name} { ${elementText(set, element, options)} }`);
    if (left !== set) out.push(`delete ${set.isMap ? "map" : "set"} ${place} ${name}`);
  }
  for (const key of objects) if (!now?.objects.has(key)) out.push(`delete ${key.replace(" ", ` ${place} `)}`);
  for (const [name, { chain }] of chains)
    if (now?.chains.get(name) !== chain) out.push(`delete chain ${place} ${name}`);
  return out;
}

function comeTo(old: TableBefore | undefined, table: NftTable, options: PrintOptions): string[] {
  const out: string[] = [];
  const place = placeOf(table);
  for (const chain of table.chains.values()) {
    if (old?.chains.get(chain.name)?.chain === chain) continue;
    const base = chain.base && ` { ${baseText(chain.base, options)} }`;
    out.push(`add chain ${place} ${chain.name}${base ?? ""}${handle(chain, options)}`);
  }
  for (const set of table.sets.values()) {
    const known = old?.sets.get(set.name);
    if (known?.set !== set) out.push(`add ${set.isMap ? "map" : "set"} ${place} ${set.name} { ${setText(set)} } `);
    for (const [key, element] of set.elements)
      if (known?.set !== set || !known.elements.has(key))
        out.push(`add element ${place} ${set.name} { ${elementText(set, element, options)} }`);
  }
  for (const [key, { kind, name, counter, limit, quota }] of table.objects) {
    if (old?.objects.has(key)) continue;
    const text = counter
      ? `packets ${counter.packets} bytes ${counter.bytes}`
      : limit
        ? showLimit(limit)
        : quota && showQuota(quota, options);
    out.push(`add ${kind} ${place} ${name} { ${text} } `);
  }
  for (const chain of table.chains.values()) {
    const known = old?.chains.get(chain.name);
    const rules = new Set(known?.chain === chain ? known.rules : []);
    // In the order in which they were made; one before older ones was put there.
    const made = chain.rules.filter((rule) => !rules.has(rule)).sort((x, y) => x.handle - y.handle);
    for (const rule of made) {
      const behind = chain.rules.slice(chain.rules.indexOf(rule) + 1);
      const verb = behind.some((other) => other.handle < rule.handle) ? "insert" : "add";
      out.push(`${verb} rule ${place} ${chain.name} ${showRule(rule, options)}${handle(rule, options)}`);
    }
  }
  return out;
}

const elementText = (set: NftSet, element: Element, options: PrintOptions): string =>
  showElement(element, set.types, options, set.timeout, set.data);

function setText(set: NftSet): string {
  const flags = set.flags.length > 0 ? ` flags ${set.flags.join(",")};` : "";
  return `${typeText(set)};${flags}${set.comment === undefined ? "" : ` comment "${set.comment}";`}`;
}
