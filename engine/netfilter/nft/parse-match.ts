import { BadValue, BITS, readInterval, readTime } from "./data.ts";
import {
  type DataType,
  type Element,
  type Interval,
  keyText,
  type Lookup,
  type Selector,
  type Statement,
  type Value,
  type Verdict,
} from "./model.ts";
import { NftError, type Reader, type Token } from "./scanner.ts";
import { numgen, selectorLength, selectorOf } from "./selectors.ts";

/** Comparisons, sets and their elements in nft's language (src/parser_bison.y). Throw NftError. */

export const VERDICTS: ReadonlySet<string> = new Set(["accept", "drop", "return", "continue", "jump", "goto"]);

export interface ParsedRule {
  statements: Statement[];
  comment: string | undefined;
  /** Chains, sets and named objects (`counter NAME`) that it names, to see whether they are there. */
  chains: Token[];
  sets: Token[];
  objects: { kind: string; at: Token }[];
}

export function parseVerdict(reader: Reader, rule?: ParsedRule): Verdict {
  const token = reader.next();
  if (!VERDICTS.has(token.text)) throw new NftError(`syntax error, unexpected ${token.text || "end of file"}`, token);
  const kind = token.text as Verdict["kind"];
  if (kind !== "jump" && kind !== "goto") return { kind };
  const chain = reader.name();
  rule?.chains.push(chain);
  return { kind, chain: chain.text };
}

export function number(token: Token): number {
  return value("mark", token.text, token).first as number;
}

export function parseSelectors(reader: Reader): Selector[] {
  const out = [parseSelector(reader)];
  while (reader.take(".")) out.push(parseSelector(reader));
  return out;
}

function parseSelector(reader: Reader): Selector {
  if (reader.take("numgen")) {
    const mode = reader.next().text === "inc" ? "inc" : "random";
    reader.expect("mod");
    const modulus = Number(reader.next().text);
    return numgen(mode, modulus, reader.take("offset") ? Number(reader.next().text) : 0);
  }
  const first = reader.peek();
  const length = selectorLength(first.text);
  const words: string[] = [];
  for (let i = 0; i < length; i++) words.push(reader.peek(i).text);
  const found = length === 0 ? undefined : selectorOf(words);
  if (found === undefined) {
    // A word that the grammar does not know at all would be a name: what follows it is what it did not expect.
    if (length > 0) for (let i = 0; i < length - 1; i++) reader.next();
    else if (/^[a-z]/i.test(first.text)) reader.next();
    throw reader.unexpected();
  }
  for (let i = 0; i < length; i++) reader.next();
  return found;
}

export function parseMatch(reader: Reader, rule: ParsedRule): Statement {
  const left = parseSelectors(reader);
  const types = left.map(({ type }) => type);
  if (reader.take("vmap")) {
    const set = reader.peek();
    if (set.text.startsWith("@")) {
      rule.sets.push(reader.next());
      return { kind: "vmap", left, map: set.text.slice(1) };
    }
    return { kind: "vmap", left, map: byKeyText(parseElements(reader, types, "verdict", rule)) };
  }
  const [type] = types;
  let mask: number | undefined;
  if (reader.is("and") || reader.is("&")) {
    reader.next();
    mask = parseMask(reader, type!);
  }
  const not = reader.take("!=");
  const exact = !not && reader.take("==");
  if (BITS.has(type!) && types.length === 1 && !reader.is("{") && !reader.peek().text.startsWith("@")) {
    return matchOfBits(reader, left, mask, not, exact);
  }
  const right = parseValue(reader, types, rule);
  return { kind: "match", left, not, value: right, ...(mask !== undefined && { mask }) };
}

/** `0x4000`, `syn`, `(fin | syn)`. */
function parseMask(reader: Reader, type: DataType): number {
  if (!BITS.has(type)) return number(reader.next());
  const inParentheses = reader.take("(");
  const bits = parseBits(reader, type);
  if (inParentheses) reader.expect(")");
  return bits;
}

function parseBits(reader: Reader, type: DataType): number {
  let bits = 0;
  do {
    const token = reader.next();
    bits |= value(type, token.text, token).first as number;
  } while (reader.take(",") || reader.take("|"));
  return bits;
}

/** Names of bits: any of them unless it is said otherwise. */
function matchOfBits(
  reader: Reader,
  left: readonly Selector[],
  mask: number | undefined,
  not: boolean,
  exact: boolean,
): Statement {
  const type = left[0]!.type;
  const bits = parseBits(reader, type);
  const just = (bit: number): Value => ({ kind: "interval", interval: { first: bit, last: bit } });
  // `flags syn / fin,syn`: those of the latter that are set are the former.
  if (mask === undefined && reader.take("/")) {
    return { kind: "match", left, not, value: just(bits), mask: parseBits(reader, type) };
  }
  // `flags & (syn | ack) != 0` asks for any of them.
  if (mask !== undefined && bits === 0 && not)
    return { kind: "match", left, not: false, value: { kind: "bits", bits: mask } };
  if (mask !== undefined) return { kind: "match", left, not, value: just(bits), mask };
  if (exact || (not && type === "tcp_flag")) return { kind: "match", left, not, value: just(bits), equal: exact };
  return { kind: "match", left, not, value: { kind: "bits", bits } };
}

/** What a selector's `map` leads to: data of types, by those of the selectors before it. */
export function parseLookup(reader: Reader, to: readonly DataType[], rule: ParsedRule): Lookup {
  const left = parseSelectors(reader);
  reader.expect("map");
  const set = reader.peek();
  if (set.text.startsWith("@")) {
    rule.sets.push(reader.next());
    return { left, map: set.text.slice(1) };
  }
  const types = left.map(({ type }) => type);
  return { left, map: byKeyText(parseElements(reader, types, to, rule)) };
}

function parseValue(reader: Reader, types: readonly DataType[], rule: ParsedRule): Value {
  const token = reader.peek();
  if (token.text.startsWith("@")) {
    rule.sets.push(reader.next());
    return { kind: "set", name: token.text.slice(1) };
  }
  if (reader.is("{")) {
    const elements = merged(parseElements(reader, types, undefined, rule), types);
    // A set of one value is nothing but that.
    const [only] = elements;
    if (elements.length === 1 && types.length === 1 && only!.comment === undefined)
      return { kind: "interval", interval: only!.key[0]! };
    return { kind: "elements", elements: byKeyText(elements) };
  }
  if (types.length > 1) {
    const element: Element = { key: parseKey(reader, types), verdict: undefined, comment: undefined, until: undefined };
    return { kind: "elements", elements: byKeyText([element]) };
  }
  const [type] = types;
  return { kind: "interval", interval: parseInterval(reader, type!) };
}

function parseInterval(reader: Reader, type: DataType): Interval {
  if (reader.ended) throw reader.unexpected();
  const token = reader.next();
  return value(type, token.text, token);
}

function parseKey(reader: Reader, types: readonly DataType[]): Interval[] {
  return types.map((type, i) => {
    if (i > 0) reader.expect(".");
    return parseInterval(reader, type);
  });
}

export function value(type: DataType, text: string, at: Token): Interval {
  try {
    return readInterval(type, text);
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    throw new NftError(error.message, at);
  }
}

/** `{ key [timeout …] [comment "…"] [: verdict or data], … }`. `to`: what keys lead to, if anywhere. */
export function parseElements(
  reader: Reader,
  types: readonly DataType[],
  to: "verdict" | readonly DataType[] | undefined,
  rule?: ParsedRule,
): (Element & { at: Token })[] {
  reader.expect("{");
  const out: (Element & { at: Token })[] = [];
  for (;;) {
    reader.pastEnds();
    if (reader.take("}")) return out;
    const at = reader.peek();
    const key = parseKey(reader, types);
    const last = reader.peek(-1);
    const element: Element = { key, verdict: undefined, comment: undefined, until: undefined };
    for (;;) {
      if (reader.take("comment")) element.comment = reader.next().text;
      else if (reader.take("timeout")) element.timeout = readTime(reader.next().text);
      else if (reader.take("expires")) reader.next();
      else break;
    }
    reader.pastEnds();
    if (to !== undefined && reader.take(":")) {
      if (to === "verdict") element.verdict = parseVerdict(reader, rule);
      else element.data = parseKey(reader, to);
    }
    out.push({ ...element, at: { ...at, to: last.line === at.line ? last.to : at.to } });
    reader.pastEnds();
    if (!reader.take(",") && !reader.is("}")) throw reader.unexpected("comma or '}'");
  }
}

export function byKeyText(elements: readonly Element[]): Map<string, Element> {
  return new Map(
    elements.map(({ key, verdict, comment, timeout, until, data }) => [
      keyText(key),
      { key, verdict, comment, until, ...(timeout !== undefined && { timeout }), ...(data && { data }) },
    ]),
  );
}

/** Ranges of a rule's own set that touch are one. */
export function merged(elements: readonly Element[], types: readonly DataType[]): readonly Element[] {
  const single = types.length === 1 && (types[0] === "ipv4_addr" || types[0] === "inet_service");
  if (!single || elements.every(({ key }) => key[0]!.first === key[0]!.last)) return elements;
  const sorted = [...elements].sort((a, b) => (a.key[0]!.first as number) - (b.key[0]!.first as number));
  const out: Element[] = [];
  for (const element of sorted) {
    const last = out.at(-1);
    const { first, last: end } = element.key[0] as { first: number; last: number };
    const before = last?.key[0] as { first: number; last: number } | undefined;
    if (last && before && first <= before.last + 1) {
      const key = [{ first: before.first, last: end > before.last ? end : before.last }];
      out[out.length - 1] = { ...last, key };
    } else out.push(element);
  }
  return out;
}
