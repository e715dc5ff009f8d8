import { BadValue, readInterval, readTime, STATES } from "./data.ts";
import {
  type DataType,
  type Element,
  type Interval,
  keyText,
  type Selector,
  type Statement,
  type Value,
  type Verdict,
} from "./model.ts";
import { NftError, type Reader, type Token } from "./scanner.ts";
import { numgen, selectorLength, selectorOf } from "./selectors.ts";

/** Rules and elements of nft's language (src/parser_bison.y). Throw NftError. */

const VERDICTS: ReadonlySet<string> = new Set(["accept", "drop", "return", "continue", "jump", "goto"]);

export interface ParsedRule {
  statements: Statement[];
  comment: string | undefined;
  /** Chains and sets that it names, to see whether they are there. */
  chains: Token[];
  sets: Token[];
}

export function parseRule(reader: Reader): ParsedRule {
  const rule: ParsedRule = { statements: [], comment: undefined, chains: [], sets: [] };
  while (!reader.ended) {
    if (reader.take("comment")) {
      rule.comment = reader.next().text;
      continue;
    }
    rule.statements.push(parseStatement(reader, rule));
  }
  if (rule.statements.length === 0) throw reader.unexpected();
  return rule;
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

function parseStatement(reader: Reader, rule: ParsedRule): Statement {
  const token = reader.peek();
  if (VERDICTS.has(token.text)) return { kind: "verdict", verdict: parseVerdict(reader, rule) };
  switch (token.text) {
    case "counter": {
      reader.next();
      const counter = { packets: 0, bytes: 0 };
      if (reader.take("packets")) counter.packets = Number(reader.next().text);
      if (reader.take("bytes")) counter.bytes = Number(reader.next().text);
      return { kind: "counter", counter };
    }
    case "reject":
      return parseReject(reader);
    case "dnat":
    case "snat":
    case "masquerade":
    case "redirect":
      return parseNat(reader);
    case "log":
      return parseLog(reader);
    case "add":
    case "update":
    case "delete":
      return parseUpdate(reader, rule);
    default:
  }
  const start = token.text === "meta" ? 1 : 0;
  if (reader.is("mark", start) && reader.is("set", start + 1)) return parseMark(reader);
  return parseMatch(reader, rule);
}

function parseReject(reader: Reader): Statement {
  reader.next();
  if (!reader.take("with")) return { kind: "reject", with: "" };
  const family = reader.next().text;
  if (family === "icmp") reader.take("type");
  return { kind: "reject", with: `${family} ${reader.next().text}`.replace(/^icmp port-unreachable$/, "") };
}

function parseNat(reader: Reader): Statement {
  const to = reader.next().text as "dnat" | "snat" | "masquerade" | "redirect";
  const statement: Statement & { kind: "nat" } = { kind: "nat", to, flags: [] };
  if (reader.take("to")) {
    const token = reader.next();
    const colon = token.text.indexOf(":");
    const address = colon < 0 ? token.text : token.text.slice(0, colon);
    if (address !== "") statement.address = value("ipv4_addr", address, token);
    if (colon >= 0) statement.port = value("inet_service", token.text.slice(colon + 1), token);
  }
  while (["random", "fully-random", "persistent"].includes(reader.peek().text)) {
    statement.flags.push(reader.next().text);
    reader.take(",");
  }
  return statement;
}

function parseLog(reader: Reader): Statement {
  reader.next();
  let prefix: string | undefined;
  let level: string | undefined;
  for (;;) {
    if (reader.take("prefix")) prefix = reader.next().text;
    else if (reader.take("level")) level = reader.next().text;
    else return { kind: "log", prefix, level };
  }
}

function parseUpdate(reader: Reader, rule: ParsedRule): Statement {
  const op = reader.next().text as "add" | "update" | "delete";
  const set = reader.next();
  if (!set.text.startsWith("@")) throw new NftError(`syntax error, unexpected ${set.text}, expecting @`, set);
  rule.sets.push(set);
  reader.expect("{");
  const left = parseSelectors(reader);
  reader.expect("}");
  return { kind: "update", op, set: set.text.slice(1), left };
}

/** `mark set mark or 0x4000`, `meta mark set 1`. */
function parseMark(reader: Reader): Statement {
  reader.take("meta");
  reader.next();
  reader.next();
  const ahead = reader.is("meta") ? 1 : 0;
  if (!reader.is("mark", ahead)) return { kind: "mark", op: "set", bits: number(reader.next()) };
  for (let i = 0; i <= ahead; i++) reader.next();
  const sign = reader.next();
  const op = ({ or: "or", "|": "or", and: "and", "&": "and", xor: "xor", "^": "xor" } as const)[sign.text as "or"];
  if (op === undefined) throw new NftError(`syntax error, unexpected ${sign.text}`, sign);
  return { kind: "mark", op, bits: number(reader.next()) };
}

function number(token: Token): number {
  return value("mark", token.text, token).first as number;
}

function parseSelectors(reader: Reader): Selector[] {
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

function parseMatch(reader: Reader, rule: ParsedRule): Statement {
  const left = parseSelectors(reader);
  const types = left.map(({ type }) => type);
  if (reader.take("vmap")) {
    const set = reader.peek();
    if (set.text.startsWith("@")) {
      rule.sets.push(reader.next());
      return { kind: "vmap", left, map: set.text.slice(1) };
    }
    return { kind: "vmap", left, map: byKeyText(parseElements(reader, types, true, rule)) };
  }
  let mask: number | undefined;
  if (reader.is("and") || reader.is("&")) {
    reader.next();
    mask = number(reader.next());
  }
  const not = reader.take("!=");
  if (!not) reader.take("==");
  const right = parseValue(reader, types, rule);
  return { kind: "match", left, not, value: right, ...(mask !== undefined && { mask }) };
}

function parseValue(reader: Reader, types: readonly DataType[], rule: ParsedRule): Value {
  const token = reader.peek();
  if (token.text.startsWith("@")) {
    rule.sets.push(reader.next());
    return { kind: "set", name: token.text.slice(1) };
  }
  if (reader.is("{")) {
    const elements = merged(parseElements(reader, types, false, rule), types);
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
  if (type !== "ct_state") return { kind: "interval", interval: parseInterval(reader, type!) };
  let bits = 0;
  do {
    const state = reader.next();
    const bit = Object.hasOwn(STATES, state.text) ? STATES[state.text]! : value("ct_state", state.text, state).first;
    bits |= bit as number;
  } while (reader.take(",") || reader.take("|"));
  return { kind: "bits", bits };
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

function value(type: DataType, text: string, at: Token): Interval {
  try {
    return readInterval(type, text);
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    throw new NftError(error.message, at);
  }
}

/** `{ key [timeout …] [comment "…"] [: verdict], … }` */
export function parseElements(
  reader: Reader,
  types: readonly DataType[],
  verdicts: boolean,
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
    if (verdicts && reader.take(":")) element.verdict = parseVerdict(reader, rule);
    out.push({ ...element, at: { ...at, to: last.line === at.line ? last.to : at.to } });
    reader.pastEnds();
    if (!reader.take(",") && !reader.is("}")) throw reader.unexpected("comma or '}'");
  }
}

export function byKeyText(elements: readonly Element[]): Map<string, Element> {
  return new Map(
    elements.map(({ key, verdict, comment, timeout, until }) => [
      keyText(key),
      { key, verdict, comment, until, ...(timeout !== undefined && { timeout }) },
    ]),
  );
}

/** Ranges of a rule's own set that touch are one. */
function merged(elements: readonly Element[], types: readonly DataType[]): readonly Element[] {
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
