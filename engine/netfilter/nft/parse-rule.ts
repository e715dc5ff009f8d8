import type { DataType, Limit, NatFamily, Statement } from "./model.ts";
import {
  number,
  type ParsedRule,
  parseLookup,
  parseMatch,
  parseSelectors,
  parseVerdict,
  VERDICTS,
  value,
} from "./parse-match.ts";
import { NftError, type Reader, type Token } from "./scanner.ts";
import { selectorLength } from "./selectors.ts";

/** Rules of nft's language (src/parser_bison.y). Throw NftError. */

/** @param family  its table's */
export function parseRule(reader: Reader, family: string): ParsedRule {
  const rule: ParsedRule = { statements: [], comment: undefined, chains: [], sets: [], objects: [] };
  while (!reader.ended) {
    if (reader.take("comment")) {
      rule.comment = reader.next().text;
      continue;
    }
    rule.statements.push(parseStatement(reader, rule, family));
  }
  if (rule.statements.length === 0) throw reader.unexpected();
  return rule;
}

function parseStatement(reader: Reader, rule: ParsedRule, family: string): Statement {
  const token = reader.peek();
  if (VERDICTS.has(token.text)) return { kind: "verdict", verdict: parseVerdict(reader, rule) };
  switch (token.text) {
    case "counter": {
      reader.next();
      if (reader.is("name")) return parseNamed(reader, rule, "counter");
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
      return parseNat(reader, rule, family);
    case "log":
      return parseLog(reader);
    case "limit":
      reader.next();
      return reader.is("name") ? parseNamed(reader, rule, "limit") : { kind: "limit", limit: parseLimit(reader) };
    case "quota":
      reader.next();
      if (reader.is("name")) return parseNamed(reader, rule, "quota");
      return { kind: "quota", quota: parseQuota(reader) };
    case "notrack":
      reader.next();
      return { kind: "notrack" };
    case "add":
    case "update":
    case "delete":
      return parseUpdate(reader, rule);
    default:
  }
  const start = token.text === "meta" || token.text === "ct" ? 1 : 0;
  if (token.text !== "ct" && reader.is("nftrace", start) && reader.is("set", start + 1)) {
    for (let i = 0; i < start + 2; i++) reader.next();
    return { kind: "nftrace", on: reader.next().text !== "0" };
  }
  if (reader.is("mark", start) && reader.is("set", start + 1)) return parseMark(reader, rule);
  return parseMatch(reader, rule);
}

function parseReject(reader: Reader): Statement {
  reader.next();
  if (!reader.take("with")) return { kind: "reject", with: "" };
  const family = reader.next().text;
  if (family.startsWith("icmp")) reader.take("type");
  return { kind: "reject", with: `${family} ${reader.next().text}`.replace(/^icmpx? port-unreachable$/, "") };
}

const ADDRESS_AND_PORT: readonly DataType[] = ["ipv4_addr", "inet_service"];

function parseNat(reader: Reader, rule: ParsedRule, family: string): Statement {
  const at = reader.next();
  const to = at.text as "dnat" | "snat" | "masquerade" | "redirect";
  const statement: Statement & { kind: "nat" } = { kind: "nat", to, flags: [] };
  let said: NatFamily | undefined;
  if (reader.is("ip") && reader.is("to", 1)) said = reader.next().text as NatFamily;
  if (reader.take("to")) {
    if (selectorLength(reader.peek().text) > 0 || reader.is("numgen")) {
      statement.map = parseLookup(reader, ADDRESS_AND_PORT.slice(0, 1), rule);
      if (statement.map.left.length > 1) statement.family = said ?? "ip";
    } else {
      const token = reader.next();
      const colon = token.text.indexOf(":");
      const address = colon < 0 ? token.text : token.text.slice(0, colon);
      if (address !== "") statement.address = value("ipv4_addr", address, token);
      if (colon >= 0) statement.port = value("inet_service", token.text.slice(colon + 1), token);
    }
  }
  if (family === "inet" && (statement.address || statement.map)) {
    if (said === undefined) {
      throw new NftError(`specify \`${to} ip' or '${to} ip6' in inet table to disambiguate`, at);
    }
    statement.family = said;
  }
  while (["random", "fully-random", "persistent"].includes(reader.peek().text)) {
    statement.flags.push(reader.next().text);
    reader.take(",");
  }
  return statement;
}

function parseLog(reader: Reader): Statement {
  const at = reader.next();
  const statement: Statement & { kind: "log" } = { kind: "log", prefix: undefined, level: undefined };
  for (;;) {
    if (reader.take("prefix")) statement.prefix = reader.next().text;
    else if (reader.take("level")) statement.level = reader.next().text;
    else if (reader.take("group")) statement.group = Number(reader.next().text);
    else if (reader.take("flags")) statement.flags = parseLogFlags(reader);
    else break;
  }
  if (statement.level !== undefined && statement.group !== undefined) {
    throw new NftError("level and group are mutually exclusive", at);
  }
  return statement;
}

function parseLogFlags(reader: Reader): string {
  const first = reader.next().text;
  if (first === "all" || first === "skuid" || first === "ether") return first;
  const parts: string[] = [];
  do parts.push(reader.next().text);
  while (reader.take(","));
  return `${first} ${parts.join(",")}`;
}

/** `name "http"`. */
function parseNamed(reader: Reader, rule: ParsedRule, kind: "counter" | "limit" | "quota"): Statement {
  reader.next();
  const at = reader.next();
  rule.objects.push({ kind, at });
  return { kind: "object", what: kind, name: at.text };
}

const PERIODS: Readonly<Record<string, number>> = {
  second: 1,
  minute: 60,
  hour: 3_600,
  day: 86_400,
  week: 604_800,
};
const SIZES: Readonly<Record<string, number>> = { bytes: 1, kbytes: 1024, mbytes: 1_048_576, gbytes: 1_073_741_824 };

/** `rate [over] 5/minute [burst 3 packets]`, `rate 10 kbytes/second [burst 20 kbytes]`. */
export function parseLimit(reader: Reader): Limit {
  if (!reader.is("rate")) throw reader.unexpected("name or rate");
  reader.next();
  const over = reader.take("over");
  if (!/^\d+/.test(reader.peek().text)) throw reader.unexpected("number");
  const rate = splitAtSlash(reader.next());
  const unit = rate.rest === undefined && !reader.ended ? splitAtSlash(reader.next()) : undefined;
  const period = unit?.rest ?? rate.rest;
  if (period === undefined) throw reader.unexpected("/ or string or bytes");
  if (!Object.hasOwn(PERIODS, period.text)) throw new NftError("syntax error, unexpected string", period);
  const limit: Limit = {
    rate: Number(rate.text),
    unit: unit === undefined ? "packets" : (unit.text as Limit["unit"]),
    per: period.text,
    seconds: PERIODS[period.text]!,
    burst: unit === undefined ? 5 : 0,
    burstUnit: unit === undefined ? "packets" : "bytes",
    over,
  };
  if (reader.take("burst")) {
    limit.burst = Number(reader.next().text);
    limit.burstUnit = reader.next().text as Limit["unit"];
  }
  return limit;
}

/** `5/minute` is one word: its parts with their places. */
function splitAtSlash(token: Token): { text: string; rest: Token | undefined } {
  const slash = token.text.indexOf("/");
  if (slash < 0) return { text: token.text, rest: undefined };
  return {
    text: token.text.slice(0, slash),
    rest: { ...token, text: token.text.slice(slash + 1), from: token.from + slash + 1 },
  };
}

/** `[over|until] 20 mbytes [used 5 bytes]`. */
export function parseQuota(reader: Reader): { over: boolean; bytes: number; used: number } {
  const over = reader.take("over");
  if (!over) reader.take("until");
  const size = () => Number(reader.next().text) * (SIZES[reader.next().text] ?? 1);
  const bytes = size();
  return { over, bytes, used: reader.take("used") ? size() : 0 };
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

/** `mark set mark or 0x4000`, `meta mark set 1`, `ct mark set meta mark`, `meta mark set ip saddr map @m`. */
function parseMark(reader: Reader, rule: ParsedRule): Statement {
  const of = reader.take("ct") ? "ct" : "meta";
  reader.take("meta");
  reader.next();
  reader.next();
  if (/^\d/.test(reader.peek().text)) return { kind: "mark", of, op: "set", bits: number(reader.next()) };
  const own = reader.is("mark") || (reader.is(of) && reader.is("mark", 1));
  const words = reader.is("mark") ? 1 : 2;
  const sign = reader.peek(words).text;
  const op = ({ or: "or", "|": "or", and: "and", "&": "and", xor: "xor", "^": "xor" } as const)[sign as "or"];
  if (own && op !== undefined) {
    for (let i = 0; i <= words; i++) reader.next();
    return { kind: "mark", of, op, bits: number(reader.next()) };
  }
  if (selectorLength(reader.peek().text) === 0) number(reader.next());
  if (reader.is("mark") || reader.is("mark", 1)) {
    const [from] = parseSelectors(reader);
    return { kind: "mark", of, op: "set", bits: 0, from: from! };
  }
  return { kind: "mark", of, op: "set", bits: 0, map: parseLookup(reader, ["mark"], rule) };
}
