/** YAML trees that yq changes and prints: comments, quotes and the order of keys stay where nothing else is asked for. */
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  visit,
} from "yaml";
import type { Json } from "./jq/json.ts";

/** The value of a tree. */
export function toJson(node: Node | null | undefined, anchors: Map<string, Node>): Json {
  if (node === null || node === undefined) return null;
  if (isAlias(node)) return toJson(anchors.get(node.source), anchors);
  if ("anchor" in node && node.anchor) anchors.set(node.anchor, node);
  if (isSeq(node)) return node.items.map((item) => toJson(item as Node, anchors));
  if (isMap(node)) {
    const map = new Map<string, Json>();
    for (const pair of node.items) {
      const key = keyOf(pair);
      const value = toJson(pair.value as Node | null, anchors);
      if (key === "<<" && value instanceof Map) for (const [name, merged] of value) map.set(name, merged);
      else map.set(key, value);
    }
    return map;
  }
  if (!isScalar(node)) return null;
  const { value } = node;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? value
    : value === null
      ? null
      : String(value);
}

function keyOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
}

function same(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => same(item, b[i]!));
  if (!(a instanceof Map) || !(b instanceof Map) || a.size !== b.size) return false;
  const keys = [...b.keys()];
  return [...a].every(([key, value], i) => keys[i] === key && same(value, b.get(key)!));
}

/** The node at a path of keys and indexes; undefined where there is none. */
export function nodeAt(root: Node | null, path: readonly Json[]): Node | undefined {
  let at: Node | null | undefined = root;
  for (const key of path) {
    if (isMap(at)) at = at.items.find((pair) => keyOf(pair) === String(key))?.value as Node | undefined;
    else if (isSeq(at) && typeof key === "number") at = at.items.at(key) as Node | undefined;
    else return undefined;
  }
  return at ?? undefined;
}

/** The tree with another value: what did not change keeps its comments and its style. */
export function updated(document: Document, node: Node | null, value: Json, plain: (value: Json) => unknown): Node {
  if (node !== null && same(toJson(node, anchorsOf(document)), value)) return node;
  if (isMap(node) && value instanceof Map && !node.items.some((pair) => keyOf(pair) === "<<")) {
    const pairs = new Map(node.items.map((pair) => [keyOf(pair), pair]));
    node.items = [...value].map(([key, of]) => {
      const pair = pairs.get(key);
      if (pair === undefined) return document.createPair(key, plain(of));
      pair.value = updated(document, pair.value as Node | null, of, plain);
      return pair;
    });
    return node;
  }
  if (isSeq(node) && Array.isArray(value)) {
    const old = node.items as Node[];
    let from = 0;
    node.items = value.map((of) => {
      const found = old.findIndex((item, i) => i >= from && same(toJson(item, anchorsOf(document)), of));
      // What fell out before an item that stayed is gone; an item that is new takes the place of the old one.
      if (found >= 0 && value.length !== old.length) from = found;
      return updated(document, old[from++] ?? null, of, plain);
    });
    return node;
  }
  const made = document.createNode(plain(value)) as Node;
  if (node === null) return made;
  made.comment = node.comment;
  made.commentBefore = node.commentBefore;
  if (isScalar(made) && isScalar(node) && typeof made.value === "string" && typeof node.value === "string")
    made.type = node.type;
  return made;
}

function anchorsOf(document: Document): Map<string, Node> {
  const anchors = new Map<string, Node>();
  visit(document, {
    Node: (_key, node) => {
      if (!isAlias(node) && node.anchor) anchors.set(node.anchor, node);
    },
  });
  return anchors;
}

/** Text of a tree as yq writes it: no blank lines of its own, block style throughout when `pretty`. */
export function nodeText(document: Document, node: Node, indent: number, pretty: boolean): string {
  const clean = (one: Node) => {
    one.spaceBefore = false;
    if (!pretty) return;
    if (isCollection(one)) one.flow = false;
    else if (isScalar(one)) delete one.type;
  };
  visit(node, {
    Node: (_key, one) => clean(one),
    Pair: (_key, pair) => void (isPair(pair) && isScalar(pair.key) && clean(pair.key)),
  });
  const { contents } = document;
  document.contents = node as typeof contents;
  try {
    return document.toString({
      indent,
      lineWidth: 0,
      indentSeq: true,
      flowCollectionPadding: false,
      directives: false,
    });
  } finally {
    document.contents = contents;
  }
}
