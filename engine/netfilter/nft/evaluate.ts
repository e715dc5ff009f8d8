import type { Packet, Surroundings } from "../packet.ts";
import type { Verdict as Answer } from "../types.ts";
import type { Counted, Hook, Notes } from "../walk.ts";
import {
  type Datum,
  findElement,
  type Interval,
  keyText,
  type Limit,
  type Lookup,
  type NftChain,
  type NftTable,
  type Quota,
  type Selector,
  type Statement,
  type Verdict,
} from "./model.ts";

/** Runs packets through nft's chains as the kernel does (net/netfilter/nf_tables_core.c nft_do_chain). */

/** Jumps that may be open at once (NFT_JUMP_STACK_SIZE). */
const DEEPEST = 16;

/** What a packet meets in one table. */
interface Passage {
  table: NftTable;
  packet: Packet;
  on: Surroundings;
  notes: Notes;
}

/** Asks a base chain; its policy judges what no rule did. */
export function runBaseChain(table: NftTable, chain: NftChain, packet: Packet, on: Surroundings, notes: Notes): Answer {
  notes.tracing?.enter();
  const answer = traverse({ table, packet, on, notes }, chain, 0);
  if (answer !== "return" && answer !== "continue") return answer;
  const place = { family: table.family, table: table.name, chain: chain.name };
  notes.tracing?.policy(place, packet, chain.base?.policy === "drop" ? "drop" : "accept");
  return chain.base?.policy === "drop" ? "drop" : "accept";
}

function traverse(way: Passage, chain: NftChain, depth: number): Answer {
  const { notes, packet } = way;
  const place = notes.tracing && { family: way.table.family, table: way.table.name, chain: chain.name };
  const step = notes.steps && {
    table: `${way.table.family} ${way.table.name}`,
    chain: chain.name,
    rules: [] as { number: number; matched: boolean }[],
    left: "",
  };
  if (step) notes.steps!.push(step);
  const leave = (answer: Answer, compared: number): Answer => {
    notes.compared += compared;
    if (step) step.left = answer === "return" ? "return" : answer.toUpperCase();
    return answer;
  };
  for (const [i, rule] of chain.rules.entries()) {
    const before = notes.tracing && { ...packet };
    const found = judge(way, rule.statements);
    if (found !== undefined) notes.tracing?.rule(place!, before!, packet, rule, verdictText(found));
    step?.rules.push({ number: i + 1, matched: found !== undefined });
    if (found === undefined || found === "continue") continue;
    if (typeof found === "string") return leave(found, i + 1);
    const { kind } = found;
    if (kind === "jump" || kind === "goto") {
      const to = way.table.chains.get(found.chain ?? "");
      if (to === undefined) continue;
      if (depth >= DEEPEST) return leave("drop", i + 1);
      const answer = traverse(way, to, depth + 1);
      if (answer !== "return") return leave(answer, i + 1);
      if (kind === "goto") return leave("return", i + 1);
    } else if (kind !== "continue") return leave(kind, i + 1);
  }
  notes.compared += chain.rules.length;
  if (step) step.left = chain.base ? `policy ${chain.base.policy}` : "return";
  return "return";
}

const verdictText = (said: Answer | Verdict): string =>
  typeof said === "string" ? said : said.chain === undefined ? said.kind : `${said.kind} ${said.chain}`;

/** What a rule says: undefined where it does not match. */
function judge(way: Passage, statements: readonly Statement[]): Answer | Verdict | undefined {
  let answer: Answer | Verdict = "continue";
  for (const statement of statements) {
    const said = execute(way, statement);
    if (said === false) return undefined;
    if (said !== true) answer = said;
  }
  return answer;
}

/** false: the rule ends here, it does not match. */
function execute({ table, packet, on, notes }: Passage, statement: Statement): boolean | Answer | Verdict {
  switch (statement.kind) {
    case "match": {
      const { left, value, not, mask } = statement;
      const data = dataOf(left, packet, on, notes);
      if (data === undefined) return false;
      if (mask !== undefined) data[0] = ((data[0] as number) & mask) >>> 0;
      let found: boolean;
      if (value.kind === "interval") found = data[0]! >= value.interval.first && data[0]! <= value.interval.last;
      else if (value.kind === "bits") found = ((data[0] as number) & value.bits) !== 0;
      else if (value.kind === "elements") found = findElement(value.elements, data, on.now) !== undefined;
      else {
        const set = table.sets.get(value.name);
        if (set?.flags.includes("dynamic")) notes.volatile = true;
        found = set?.find(data, on.now) !== undefined;
      }
      return isWildcard(statement, data) !== undefined ? isWildcard(statement, data)! !== not : found !== not;
    }
    case "vmap": {
      const { left, map } = statement;
      const data = dataOf(left, packet, on, notes);
      if (data === undefined) return false;
      const found = typeof map === "string" ? table.sets.get(map)?.find(data, on.now) : findElement(map, data, on.now);
      return found?.verdict ?? false;
    }
    case "verdict":
      return statement.verdict;
    case "reject":
      on.rejectedWith = rejection(statement.with);
      return "reject";
    case "counter":
      count(statement.counter, packet, notes);
      return true;
    case "nat": {
      const data = statement.map && look({ table, packet, on, notes }, statement.map);
      if (statement.map && data === undefined) return false;
      const to = data ? { ...statement, address: data[0]!, ...(data[1] && { port: data[1] }) } : statement;
      return translate(to, packet, on);
    }
    case "limit":
      notes.volatile = true;
      return within(statement.limit, packet, on);
    case "quota":
      notes.volatile = true;
      return fits(statement.quota, packet, on);
    case "object": {
      if (statement.what !== "counter") notes.volatile = true;
      const named = table.objects.get(`${statement.what} ${statement.name}`);
      if (named?.limit) return within(named.limit, packet, on);
      if (named?.quota) return fits(named.quota, packet, on);
      if (named?.counter) count(named.counter, packet, notes);
      return true;
    }
    case "nftrace":
      packet.traced = statement.on;
      notes.volatile = true;
      return true;
    case "notrack":
      packet.state = "UNTRACKED";
      return true;
    case "mark": {
      const { of, op, from, map } = statement;
      const data = map ? look({ table, packet, on, notes }, map) : undefined;
      if (map && data === undefined) return false;
      if (of === "ct") return true;
      const bits = (data?.[0]?.first ?? (from ? (from.read(packet, on) ?? 0) : statement.bits)) as number;
      const before = packet.mark;
      packet.mark =
        (op === "set" ? bits : op === "or" ? before | bits : op === "and" ? before & bits : before ^ bits) >>> 0;
      return true;
    }
    case "update": {
      const set = table.sets.get(statement.set);
      const data = dataOf(statement.left, packet, on, notes);
      notes.volatile = true;
      if (set === undefined || data === undefined || on.traceless) return true;
      const key = data.map((datum) => ({ first: datum, last: datum }));
      if (statement.op === "delete") set.elements.delete(keyText(key));
      else {
        const until = set.timeout === undefined ? undefined : on.now + set.timeout;
        const known = set.elements.get(keyText(key));
        if (statement.op === "update" || known === undefined || (known.until ?? Number.POSITIVE_INFINITY) <= on.now)
          set.elements.set(keyText(key), { key, verdict: undefined, comment: undefined, timeout: set.timeout, until });
      }
      return true;
    }
    case "log":
      on.log(`${statement.prefix ?? ""}IN=${packet.input} OUT=${packet.output}`);
      return true;
  }
}

function count(counter: Counted, packet: Packet, notes: Notes): void {
  counter.packets++;
  counter.bytes += packet.length;
  notes.counted.push(counter);
}

/** What a packet's data lead to in a map. */
function look({ table, packet, on, notes }: Passage, { left, map }: Lookup): readonly Interval[] | undefined {
  const data = dataOf(left, packet, on, notes);
  if (data === undefined) return undefined;
  return (typeof map === "string" ? table.sets.get(map)?.find(data, on.now) : findElement(map, data, on.now))?.data;
}

const SIZES = { packets: 1, bytes: 1, kbytes: 1024, mbytes: 1_048_576 };

/** A bucket of tokens, filled as time goes (net/netfilter/nft_limit.c). */
function within(limit: Limit, packet: Packet, on: Surroundings): boolean {
  const { rate, seconds, unit, burst, burstUnit } = limit;
  const period = (seconds * 1_000_000) / (rate * SIZES[unit]);
  const byPackets = unit === "packets";
  const most = period * (byPackets ? burst || 1 : rate * SIZES[unit] + burst * SIZES[burstUnit]);
  const cost = byPackets ? period : period * packet.length;
  const left = Math.min(most, (limit.left ?? most) + on.now - (limit.at ?? on.now));
  const passes = left >= cost;
  if (!on.traceless) {
    limit.left = passes ? left - cost : left;
    limit.at = on.now;
  }
  return passes !== limit.over;
}

function fits(quota: Quota, packet: Packet, on: Surroundings): boolean {
  const used = quota.used + packet.length;
  if (!on.traceless) quota.used = used;
  return used > quota.bytes === quota.over;
}

/** `iifname "veth*"`; undefined for anything else. */
function isWildcard({ left, value }: Statement & { kind: "match" }, data: readonly Datum[]): boolean | undefined {
  if (left[0]!.type !== "ifname" || value.kind !== "interval") return undefined;
  const name = value.interval.first as string;
  return name.endsWith("*") ? (data[0] as string).startsWith(name.slice(0, -1)) : undefined;
}

function dataOf(left: readonly Selector[], packet: Packet, on: Surroundings, notes: Notes): Datum[] | undefined {
  const data: Datum[] = [];
  for (const selector of left) {
    if (selector.volatile) notes.volatile = true;
    const datum = selector.read(packet, on);
    if (datum === undefined) return undefined;
    data.push(datum);
  }
  return data;
}

function rejection(how: string): string {
  if (how === "tcp reset") return "tcp-reset";
  return how === "" ? "icmp-port-unreachable" : `icmp-${how.replace(/^icmp /, "")}`;
}

function translate({ to, address, port }: Statement & { kind: "nat" }, packet: Packet, on: Surroundings): Answer {
  const pick = (range: { first: Datum; last: Datum }): number =>
    range.first === range.last ? (range.first as number) : on.random.int(range.first as number, range.last as number);
  if (to === "dnat" || to === "redirect") {
    if (address) packet.destination = pick(address) | 0;
    else if (to === "redirect") packet.destination = packet.input === "" ? 0x7f00_0001 : on.addressOf(packet.input);
    if (port) packet.destinationPort = pick(port);
  } else {
    packet.source = address ? pick(address) | 0 : to === "masquerade" ? on.addressOf(packet.output) : packet.source;
    if (port) packet.sourcePort = pick(port);
  }
  return "accept";
}

/** Base chains of a hook in the order in which they are asked. */
export function baseChainsOf(tables: Iterable<NftTable>, hook: Hook): { table: NftTable; chain: NftChain }[] {
  const found: { table: NftTable; chain: NftChain }[] = [];
  for (const table of tables) {
    if (table.family !== "ip" && table.family !== "inet") continue;
    for (const chain of table.chains.values()) if (chain.base?.hook === hook) found.push({ table, chain });
  }
  return found.sort((a, b) => a.chain.base!.priority - b.chain.base!.priority);
}
