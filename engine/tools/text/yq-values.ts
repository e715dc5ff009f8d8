/** Values of yq: nodes of YAML documents, and where they stand. */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  Pair,
  Scalar,
  YAMLMap,
  YAMLSeq,
} from "yaml";

/** A document that is read. */
export interface Source {
  document: Document;
  path: string;
  /** Number of the file, and of the document in it. */
  file: number;
  index: number;
  /** Lines of its text. */
  lines?: { linePos(at: number): { line: number; col: number } };
}

/** A node and where it stands; a missing one is null and has no place yet, until something is assigned to it. */
export interface Candidate {
  node: Node;
  parent: Candidate | undefined;
  key: string | number | undefined;
  source: Source;
  /** It is the key of a map, not a value. */
  isKey?: boolean;
}

/** An error that an expression ends with. */
export class YqFailure extends Error {}

export function scalar(value: string | number | boolean | null, text?: string): Scalar {
  const node = new Scalar(value);
  if (text !== undefined) node.source = text;
  return node;
}

/** A value that stands nowhere. */
export const loose = (node: Node, source: Source): Candidate => ({ node, parent: undefined, key: undefined, source });

/** The node itself, or what an alias stands for. */
export function resolved({ node, source }: Candidate): Node {
  return isAlias(node) ? ((node as Alias).resolve(source.document) ?? scalar(null)) : node;
}

/** The tag of what a value looks like, whatever it is called: `!horse 2` is a number. */
export function nature(node: Node): string {
  const tag = tagOf(node);
  if (!isScalar(node) || tag.startsWith("!!")) return tag.startsWith("!!") ? tag : isMap(node) ? "!!map" : "!!seq";
  const text = textOf(node);
  if (/^-?\d+$/.test(text)) return "!!int";
  return text !== "" && !Number.isNaN(Number(text)) ? "!!float" : "!!str";
}

/** A text that go-yaml reads as a time (resolve.go, parseTimestamp). */
export const TIMESTAMP =
  /^\d{4}-\d{1,2}-\d{1,2}(?:[Tt]\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d*)?(?:Z|[-+]\d{2}:\d{2})| \d{1,2}:\d{1,2}:\d{1,2}(?:\.\d*)?)?$/;

/** `!!str`, `!!map` … */
export function tagOf(node: Node): string {
  if (node.tag !== undefined && node.tag !== "!" && node.tag !== "?")
    return node.tag.replace(/^tag:yaml\.org,2002:/, "!!");
  if (isMap(node)) return "!!map";
  if (isSeq(node)) return "!!seq";
  if (!isScalar(node)) return "!!alias";
  const { value } = node;
  if (value === null || value === undefined) return "!!null";
  if (typeof value === "boolean") return "!!bool";
  if (typeof value === "number")
    return /^[-+]?(\d+|0[xo][\da-f]+)$/i.test(node.source ?? String(value)) ? "!!int" : "!!float";
  if (typeof value === "bigint") return "!!int";
  const asRead = node.type === "PLAIN" && node.source === value;
  return asRead && typeof value === "string" && TIMESTAMP.test(value) ? "!!timestamp" : "!!str";
}

/** A scalar's text, as it is printed unwrapped. */
export function textOf(node: Node): string {
  if (!isScalar(node)) return "";
  const { value, source } = node;
  if (typeof value === "string") return value;
  if (source !== undefined && source !== "") return source;
  return value === null || value === undefined ? "null" : String(value);
}

export const keyText = (pair: Pair): string => (isScalar(pair.key) ? textOf(pair.key) : String(pair.key));

/** False for null and false only. */
export function truthy(node: Node): boolean {
  return !isScalar(node) || (node.value !== null && node.value !== undefined && node.value !== false);
}

/** A copy that shares nothing. */
export function copied<T extends Node>(node: T): T {
  return node.clone() as T;
}

/** A plain value as nodes. */
export function nodeOf(value: unknown): Node {
  if (Array.isArray(value)) {
    const seq = new YAMLSeq();
    seq.items = value.map(nodeOf);
    return seq;
  }
  if (value instanceof Map) {
    const map = new YAMLMap();
    map.items = [...value].map(([key, of]) => new Pair(scalar(key as string), nodeOf(of)));
    return map;
  }
  return scalar(value as string | number | boolean | null);
}

/** The pairs of a map, those that it merges (`<<`) among them: its own win. */
export function pairsOf(candidate: Candidate): Pair<Node, Node>[] {
  const node = resolved(candidate);
  if (!isMap(node)) return [];
  return node.items as Pair<Node, Node>[];
}

/**
 * The value of a key, looked for in merged maps too; undefined where there is none. What comes later wins, as in yq 4
 * before its flag for the specification's order.
 */
export function valueAt(candidate: Candidate, key: string): Node | undefined {
  let found: Node | undefined;
  for (const pair of pairsOf(candidate)) {
    const name = keyText(pair);
    if (name === key) found = pair.value ?? scalar(null);
    else if (name === "<<") {
      const merged = resolved({ ...candidate, node: pair.value! });
      for (const part of isSeq(merged) ? (merged.items as Node[]) : [merged])
        found = valueAt({ ...candidate, node: part }, key) ?? found;
    }
  }
  return found;
}

/** What a key or an index leads to. */
export function child(candidate: Candidate, key: string | number): Candidate {
  const node = resolved(candidate);
  const at = (value: Node, name: string | number = key): Candidate => ({
    node: value,
    parent: candidate,
    key: name,
    source: candidate.source,
  });
  if (isSeq(node) && typeof key === "number") {
    const index = key < 0 ? node.items.length + key : key;
    if (index < 0) throw new YqFailure(`index [${key}] out of range, array size is ${node.items.length}`);
    return at((node.items[index] as Node | undefined) ?? scalar(null), index);
  }
  if (isMap(node)) {
    const found = valueAt(candidate, String(key));
    return at(found ?? scalar(null), String(key));
  }
  return at(scalar(null));
}

/** Puts another node where a candidate stands, making what is missing above it. */
export function place(candidate: Candidate, node: Node): void {
  const { parent, key, source } = candidate;
  candidate.node = node;
  if (candidate.isKey) {
    const pairs = parent === undefined ? [] : pairsOf(parent);
    const pair = pairs.find((one) => keyText(one) === key);
    if (pair) pair.key = node;
    return;
  }
  if (parent === undefined || key === undefined) {
    if (parent === undefined && candidate.key === undefined) source.document.contents = node as never;
    return;
  }
  let above = resolved(parent);
  if (isScalar(above) && (above.value === null || above.value === undefined || !isSeq(above))) {
    const made = typeof key === "number" ? new YAMLSeq() : new YAMLMap();
    made.comment = above.comment;
    made.commentBefore = above.commentBefore;
    place(parent, made);
    above = made;
  }
  if ((isSeq(above) || isMap(above)) && above.items.length === 0) above.flow = false;
  if (isSeq(above) && typeof key === "number") {
    while (above.items.length < key) above.items.push(scalar(null));
    above.items[key] = node;
  } else if (isMap(above)) {
    const pair = (above.items as Pair[]).find((one) => keyText(one) === String(key));
    if (pair) pair.value = node;
    else above.items.push(new Pair(scalar(String(key)), node));
  }
}

/** Removes a candidate from its map or list. */
export function remove({ parent, key, node }: Candidate): void {
  if (parent === undefined) return;
  const above = resolved(parent);
  if (isMap(above))
    above.items = (above.items as Pair[]).filter((pair) => keyText(pair) !== String(key)) as typeof above.items;
  else if (isSeq(above)) {
    const at = above.items.indexOf(node);
    if (at >= 0) above.items.splice(at, 1);
  }
}

/** All that a candidate holds, itself first; with `keys`, the keys of maps too. */
export function* deep(candidate: Candidate, keys: boolean): Generator<Candidate> {
  yield candidate;
  // Aliases are not followed.
  const { node, source } = candidate;
  if (isMap(node))
    for (const pair of node.items as Pair<Node, Node>[]) {
      const key = keyText(pair);
      if (keys) yield { node: pair.key, parent: candidate, key, source, isKey: true };
      yield* deep({ node: (pair.value as Node | null) ?? scalar(null), parent: candidate, key, source }, keys);
    }
  else if (isSeq(node))
    for (const [i, item] of (node.items as Node[]).entries())
      yield* deep({ node: item, parent: candidate, key: i, source }, keys);
}

/** The way from the document to a candidate. */
export function pathOf(candidate: Candidate): (string | number)[] {
  const out: (string | number)[] = [];
  for (let at: Candidate | undefined = candidate; at?.key !== undefined; at = at.parent) out.unshift(at.key);
  return out;
}

/** Whether two nodes say the same. */
export function same(a: Node, b: Node): boolean {
  if (isMap(a) && isMap(b))
    return (
      a.items.length === b.items.length &&
      (a.items as Pair<Node, Node>[]).every((pair) => {
        const other = (b.items as Pair<Node, Node>[]).find((one) => keyText(one) === keyText(pair));
        return other !== undefined && same(pair.value ?? scalar(null), other.value ?? scalar(null));
      })
    );
  if (isSeq(a) && isSeq(b))
    return a.items.length === b.items.length && a.items.every((item, i) => same(item as Node, b.items[i] as Node));
  return isScalar(a) && isScalar(b) && (a.value === b.value || (tagOf(a) === tagOf(b) && textOf(a) === textOf(b)));
}
