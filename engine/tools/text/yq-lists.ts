/** Functions of yq on lists and maps (pkg/yqlib of v4). */
import { isMap, isScalar, isSeq, type Node, Pair, YAMLMap, type YAMLSeq } from "yaml";
import { type Arguments, type Each, itemsOf, list, make } from "./yq-arguments.ts";
import { footOf, leadingOf, setFoot, setLeading } from "./yq-comments.ts";
import { update } from "./yq-eval.ts";
import {
  type Candidate,
  child,
  copied,
  keyText,
  loose,
  pairsOf,
  pathOf,
  resolved,
  same,
  scalar,
  tagOf,
  textOf,
  truthy,
  valueAt,
  YqFailure,
} from "./yq-values.ts";

const RANK: Readonly<Record<string, number>> = { "!!null": 0, "!!bool": 1, "!!int": 2, "!!float": 2, "!!str": 3 };

/** Order of nodes: by kind, then by value. */
function order(a: Node, b: Node): number {
  const [x, y] = [RANK[tagOf(a)] ?? 4, RANK[tagOf(b)] ?? 4];
  if (x !== y) return x - y;
  if (x === 2) return Number(textOf(a)) - Number(textOf(b));
  if (x === 1) return Number(truthy(a)) - Number(truthy(b));
  return textOf(a) < textOf(b) ? -1 : textOf(a) > textOf(b) ? 1 : 0;
}

function orderOf(a: readonly Node[], b: readonly Node[]): number {
  for (const [i, node] of a.entries()) {
    const other = b[i];
    if (other === undefined) return 1;
    const found = order(node, other);
    if (found !== 0) return found;
  }
  return a.length - b.length;
}

/** Items with what an argument says of each. */
function keyed(one: Candidate, args: Arguments): { item: Node; key: Node[] }[] {
  return itemsOf(one).map((item, i) => {
    const input: Candidate = { node: item, parent: one, key: i, source: one.source };
    return { item, key: args.count > 0 ? args.of(0, input).map(resolved) : [resolved(input)] };
  });
}

/** Sorts the pairs of a map by their keys. */
export function sortKeys(node: Node): void {
  if (!isMap(node)) return;
  (node.items as Pair[]).sort((a, b) => (keyText(a) < keyText(b) ? -1 : keyText(a) > keyText(b) ? 1 : 0));
}

function entries(one: Candidate): Candidate {
  const node = resolved(one);
  if (isScalar(node) && tagOf(node) === "!!null") return make(one, null);
  const pairs: [Node, Node][] = isMap(node)
    ? (node.items as Pair<Node, Node>[]).map((pair) => [pair.key, pair.value ?? scalar(null)])
    : itemsOf(one).map((item, i) => [scalar(i), item]);
  return list(
    one,
    pairs.map(([key, value]) => {
      const map = new YAMLMap();
      map.items.push(new Pair(scalar("key"), copied(key)), new Pair(scalar("value"), copied(value)));
      return map;
    }),
  );
}

function fromEntries(one: Candidate): Candidate {
  const map = new YAMLMap();
  for (const item of itemsOf(one)) {
    const at = (name: string) => resolved(child({ ...one, node: item }, name));
    map.items.push(new Pair(copied(at("key")), copied(at("value"))));
  }
  return loose(map, one.source);
}

function flattened(items: readonly Node[], depth: number): Node[] {
  return items.flatMap((item) => (isSeq(item) && depth > 0 ? flattened(item.items as Node[], depth - 1) : [item]));
}

/** A map's pairs by their values, or by what an argument says of them. */
function sortedMap(one: Candidate, args?: Arguments): Candidate[] {
  const map = copied(resolved(one)) as YAMLMap;
  const pairs = (map.items as Pair<Node, Node>[]).map((pair) => {
    const input: Candidate = { node: pair.value ?? scalar(null), parent: one, key: keyText(pair), source: one.source };
    return { pair, key: args ? args.of(0, input).map(resolved) : [input.node] };
  });
  map.items = pairs.sort((a, b) => orderOf(a.key, b.key)).map(({ pair }) => pair);
  return [{ ...one, node: map }];
}

function contains(left: Node, right: Node): boolean {
  if (isSeq(left)) {
    const wanted = isSeq(right) ? (right.items as Node[]) : [right];
    return wanted.every((item) => (left.items as Node[]).some((own) => contains(own, item)));
  }
  if (isMap(left) && isMap(right))
    return (right.items as Pair<Node, Node>[]).every((pair) => {
      const own = (left.items as Pair<Node, Node>[]).find((one) => keyText(one) === keyText(pair));
      return own !== undefined && contains(own.value ?? scalar(null), pair.value ?? scalar(null));
    });
  if (tagOf(left) === "!!str" && tagOf(right) === "!!str") return textOf(left).includes(textOf(right));
  return same(left, right);
}

/** What stands around a whole document stays around what replaces it. */
function framed(one: Candidate, fresh: Candidate): Candidate {
  const [leading, foot] = [leadingOf(one.node), footOf(one.node)];
  if (leading !== "") setLeading(fresh.node, leading);
  if (foot !== "") setFoot(fresh.node, foot);
  return fresh;
}

/** A list with other items, in the style that it had. */
function reordered(one: Candidate, items: readonly Node[]): Candidate {
  const { node } = list(one, items);
  const old = resolved(one);
  if (isSeq(old) && isSeq(node)) node.flow = old.flow;
  return { ...one, node };
}

/** Equal, and written alike where nothing is said: `~` and `null` are two. */
const alike = (a: Node, b: Node): boolean =>
  same(a, b) && (!isScalar(a) || a.value !== null || textOf(a) === textOf(b));

/** Functions of each candidate, by name. */
export const LIST_FUNCTIONS: Readonly<Record<string, Each>> = {
  select: (one, args) => (args.of(0, one).some((found) => truthy(resolved(found))) ? [one] : []),
  map: (one, args) => {
    const node = resolved(one);
    const found = itemsOf(one).flatMap((item, i) =>
      args.of(0, {
        node: item,
        parent: one,
        key: isMap(node) ? keyText(node.items[i] as Pair) : i,
        source: one.source,
      }),
    );
    return [list(one, found.map(resolved))];
  },
  filter: (one, args) => [
    list(
      one,
      itemsOf(one).filter((item, i) =>
        args.of(0, { node: item, parent: one, key: i, source: one.source }).some((found) => truthy(resolved(found))),
      ),
    ),
  ],
  map_values: (one, args) => {
    const out = loose(copied(resolved(one)), one.source);
    const node = out.node;
    const keys = isMap(node) ? (node.items as Pair[]).map(keyText) : itemsOf(out).map((_item, i) => i);
    for (const key of keys) {
      const at = child(out, key);
      const [found] = args.of(0, at);
      if (found) update(at, found.node);
    }
    return [{ ...one, node }];
  },
  with_entries: (one, args) => {
    const found = itemsOf(entries(one)).flatMap((item, i) =>
      args.of(0, { node: item, parent: undefined, key: i, source: one.source }),
    );
    return [{ ...one, node: framed(one, fromEntries(list(one, found.map(resolved)))).node }];
  },
  to_entries: (one) => (tagOf(resolved(one)) === "!!null" ? [] : [framed(one, entries(one))]),
  from_entries: (one) => [fromEntries(one)],
  keys: (one) => {
    const node = resolved(one);
    if (isMap(node))
      return [
        list(
          one,
          (node.items as Pair<Node, Node>[]).map((pair) => pair.key),
        ),
      ];
    if (isSeq(node))
      return [
        list(
          one,
          node.items.map((_item, i) => scalar(i)),
        ),
      ];
    throw new YqFailure(`Cannot get keys of ${tagOf(node)}, keys only works for maps and arrays`);
  },
  key: (one) => {
    if (one.key === undefined) return [];
    const pair = one.parent && pairsOf(one.parent).find((each) => keyText(each) === String(one.key));
    return [{ ...one, node: pair?.key ?? scalar(one.key), isKey: true }];
  },
  is_key: (one) => [make(one, one.isKey === true)],
  parent: (one, args) => {
    const [levels] = args.count > 0 ? args.of(0, one) : [];
    const above: Candidate[] = [one];
    for (let at = one.parent; at; at = at.parent) above.push(at);
    const n = levels ? Number(textOf(levels.node)) : 1;
    const found = above.at(n < 0 ? n : Math.min(n, above.length));
    return found ? [found] : [];
  },
  root: (one) => {
    let at = one;
    while (at.parent) at = at.parent;
    return [at];
  },
  parents: (one) => {
    const out: Node[] = [];
    for (let at = one.parent; at; at = at.parent) out.push(resolved(at));
    return [list(one, out)];
  },
  path: (one) => [
    list(
      one,
      pathOf(one).map((part) => scalar(part)),
    ),
  ],
  length: (one) => {
    const node = resolved(one);
    if (isScalar(node)) return [make(one, tagOf(node) === "!!null" ? 0 : [...textOf(node)].length)];
    return [make(one, isMap(node) || isSeq(node) ? node.items.length : 0)];
  },
  has: (one, args) => {
    const node = resolved(one);
    const key = args.node(0);
    if (isMap(node))
      return [
        make(
          one,
          (node.items as Pair[]).some((pair) => keyText(pair) === textOf(key!)),
        ),
      ];
    if (!isSeq(node)) return [make(one, false)];
    const index = Number(textOf(key!));
    return [make(one, index >= 0 && index < node.items.length)];
  },
  contains: (one, args) => [make(one, contains(resolved(one), args.node(0)!))],
  not: (one) => [make(one, !truthy(resolved(one)))],
  any: (one) => [make(one, itemsOf(one).some(truthy))],
  all: (one) => [make(one, itemsOf(one).every(truthy))],
  any_c: (one, args) => [
    make(
      one,
      keyed(one, args).some(({ key }) => key.some(truthy)),
    ),
  ],
  all_c: (one, args) => [
    make(
      one,
      keyed(one, args).every(({ key }) => key.some(truthy)),
    ),
  ],
  first: (one, args) => {
    if (args.count === 0)
      return itemsOf(one).length > 0
        ? [child(one, isMap(resolved(one)) ? keyText((resolved(one) as YAMLMap).items[0]!) : 0)]
        : [];
    const found = keyed(one, args).findIndex(({ key }) => key.some(truthy));
    if (found < 0) return [];
    const node = resolved(one);
    return [child(one, isMap(node) ? keyText(node.items[found] as Pair) : found)];
  },
  sort: (one) => (isMap(resolved(one)) ? sortedMap(one) : [reordered(one, [...itemsOf(one)].sort(order))]),
  sort_by: (one, args) =>
    isMap(resolved(one))
      ? sortedMap(one, args)
      : [
          reordered(
            one,
            keyed(one, args)
              .sort((a, b) => orderOf(a.key, b.key))
              .map(({ item }) => item),
          ),
        ],
  group_by: (one, args) => {
    const groups: { key: Node[]; items: Node[] }[] = [];
    for (const { item, key } of keyed(one, args)) {
      const there = groups.find((group) => orderOf(group.key, key) === 0);
      if (there) there.items.push(item);
      else groups.push({ key, items: [item] });
    }
    return [
      list(
        one,
        groups.map(({ items }) => list(one, items).node),
      ),
    ];
  },
  unique: (one) => [
    reordered(
      one,
      itemsOf(one).filter((item, i, all) => all.findIndex((other) => alike(other, item)) === i),
    ),
  ],
  unique_by: (one, args) => {
    const all = keyed(one, args);
    return [
      reordered(
        one,
        all
          .filter(({ key }, i) => all.findIndex((other) => orderOf(other.key, key) === 0) === i)
          .map(({ item }) => item),
      ),
    ];
  },
  min: (one) =>
    itemsOf(one)
      .reduce<Node[]>((best, item) => (best[0] && order(best[0], item) <= 0 ? best : [item]), [])
      .map((node) => loose(node, one.source)),
  max: (one) =>
    itemsOf(one)
      .reduce<Node[]>((best, item) => (best[0] && order(best[0], item) >= 0 ? best : [item]), [])
      .map((node) => loose(node, one.source)),
  reverse: (one) => [reordered(one, [...itemsOf(one)].reverse())],
  flatten: (one, args) => {
    const depth = args.count > 0 ? Number(args.text(0)) : Number.POSITIVE_INFINITY;
    return [{ ...one, node: list(one, flattened(itemsOf(one), depth)).node }];
  },
  pick: (one, args) => {
    const node = resolved(one);
    const wanted = (args.node(0) as YAMLSeq).items as Node[];
    if (isSeq(node))
      return [
        list(
          one,
          wanted.flatMap((key) => (node.items[Number(textOf(key))] as Node | undefined) ?? []),
        ),
      ];
    const map = copied(node) as YAMLMap;
    map.items = wanted.flatMap((key) => (map.items as Pair[]).filter((pair) => keyText(pair) === textOf(key)));
    return [{ ...one, node: map }];
  },
  omit: (one, args) => {
    const gone = ((args.node(0) as YAMLSeq).items as Node[]).map(textOf);
    const node = copied(resolved(one));
    if (isMap(node))
      node.items = (node.items as Pair[]).filter((pair) => !gone.includes(keyText(pair))) as typeof node.items;
    else if (isSeq(node)) node.items = node.items.filter((_item, i) => !gone.includes(String(i)));
    return [{ ...one, node }];
  },
  array_to_map: (one) => {
    const map = new YAMLMap();
    for (const [i, item] of itemsOf(one).entries())
      if (tagOf(item) !== "!!null") map.items.push(new Pair(scalar(i), copied(item)));
    return [loose(map, one.source)];
  },
  pivot: (one) => {
    const rows = itemsOf(one);
    if (rows.every(isMap)) {
      const names = [...new Set(rows.flatMap((row) => (row.items as Pair[]).map(keyText)))];
      const map = new YAMLMap();
      for (const name of names)
        map.items.push(
          new Pair(
            scalar(name),
            list(
              one,
              rows.map((row) => valueAt({ ...one, node: row }, name) ?? scalar(null, "")),
            ).node,
          ),
        );
      return [loose(map, one.source)];
    }
    const width = Math.max(0, ...rows.map((row) => (isSeq(row) ? row.items.length : 0)));
    const column = (i: number) =>
      list(
        one,
        rows.map((row) => (isSeq(row) ? ((row.items[i] as Node | undefined) ?? scalar(null, "")) : scalar(null, ""))),
      ).node;
    return [
      list(
        one,
        Array.from({ length: width }, (_none, i) => column(i)),
      ),
    ];
  },
};
