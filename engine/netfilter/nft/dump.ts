import type { Nftables, NftSet, NftTable } from "./model.ts";
import { type PrintOptions, showElement, showRule, tableHead, typeText } from "./print.ts";

/**
 * Tables as the nft commands that would make them anew, one thing a line: every line names the chain, map or set that
 * it is about, as those of iptables-save do.
 * @param now  µs of virtual time: elements that have gone by then are left out
 */
export function nftCommands(nftables: Nftables | undefined, now: number): string[] {
  return [...(nftables?.tables.values() ?? [])].flatMap((table) => commandsOf(table, { now }));
}

function commandsOf(table: NftTable, options: PrintOptions): string[] {
  const head = tableHead(table).slice("table ".length);
  const quoted = (comment: string | undefined) => (comment === undefined ? [] : [`comment "${comment}" ;`]);
  const block = (parts: readonly string[]) => (parts.length === 0 ? "" : ` { ${parts.join(" ")} }`);
  const chains = [...table.chains.values()];
  const sets = [...table.sets.values()];
  const declared = chains.map(({ name, base, comment }) => {
    const hook = base && [
      `type ${base.type} hook ${base.hook.toLowerCase()} priority ${base.priority} ; policy ${base.policy} ;`,
    ];
    return `add chain ${head} ${name}${block([...(hook ?? []), ...quoted(comment)])}`;
  });
  return [
    `add ${tableHead(table)}${block(quoted(table.comment))}`,
    ...declared,
    ...sets.map((set) => `add ${kindOf(set)} ${head} ${set.name}${block([...setParts(set), ...quoted(set.comment)])}`),
    ...sets.flatMap((set) =>
      [...set.elements.values()]
        .filter(({ until }) => until === undefined || until > options.now)
        .map(
          (element) =>
            `add element ${head} ${set.name} { ${showElement(element, set.types, options, set.timeout, set.data)} }`,
        ),
    ),
    ...chains.flatMap(({ name, rules }) => rules.map((rule) => `add rule ${head} ${name} ${showRule(rule, options)}`)),
  ];
}

const kindOf = ({ isMap }: NftSet): string => (isMap ? "map" : "set");

function setParts(set: NftSet): string[] {
  const { flags, timeout, size } = set;
  return [
    `${typeText(set)} ;`,
    ...(flags.length > 0 ? [`flags ${flags.join(",")} ;`] : []),
    ...(timeout === undefined ? [] : [`timeout ${timeout / 1_000_000}s ;`]),
    ...(size === undefined ? [] : [`size ${size} ;`]),
  ];
}
