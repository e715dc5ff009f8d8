import { BITS, byKey, hex, showBits, showDatum, showInterval, showTime } from "./data.ts";
import type {
  BaseChain,
  DataType,
  Element,
  Limit,
  Lookup,
  NftChain,
  NftObject,
  NftRule,
  NftSet,
  NftTable,
  Quota,
  Selector,
  Statement,
  Value,
  Verdict,
} from "./model.ts";

/** Listings as nft prints them (src/rule.c, src/expression.c, src/statement.c). */

export interface PrintOptions {
  /** -a */
  handles?: boolean;
  /** -n: no names of states, types and protocols */
  numeric?: boolean;
  /** -y, and -n: priorities as numbers */
  numericPriority?: boolean;
  /** -s: no counters and times */
  stateless?: boolean;
  /** -t: no elements of sets */
  terse?: boolean;
  /** µs of virtual time. */
  now: number;
}

/** Priorities with a name; some only where they make sense (std_prios). */
const PRIORITIES: readonly [name: string, value: number, hooks?: readonly string[]][] = [
  ["raw", -300],
  ["mangle", -150],
  ["dstnat", -100, ["PREROUTING", "OUTPUT"]],
  ["filter", 0],
  ["security", 50],
  ["srcnat", 100, ["POSTROUTING"]],
];
/** A priority that is at most so far from a named one is shown by it. */
const REACH = 10;

function showPriority(priority: number, hook: string, numeric: boolean): string {
  if (numeric) return String(priority);
  for (const [name, value, hooks] of PRIORITIES) {
    const distance = priority - value;
    if ((distance < 0 ? -distance : distance) > REACH || (hooks && !hooks.includes(hook))) continue;
    return distance === 0 ? name : distance < 0 ? `${name} - ${-distance}` : `${name} + ${distance}`;
  }
  return String(priority);
}

/** The number of a priority: `filter`, `dstnat - 10`, `-110`; undefined for anything else. */
export function readPriority(text: string, hook: string): number | undefined {
  const match = /^([a-z]+)? *(?:([+-])? *(\d+))?$/.exec(text);
  if (match === null || text === "") return undefined;
  const [, name, sign, digits] = match;
  const offset = digits === undefined ? 0 : Number(digits) * (sign === "-" ? -1 : 1);
  if (name === undefined) return digits === undefined ? undefined : offset;
  const named = PRIORITIES.find((each) => each[0] === name);
  // Other hooks know the name of a hook's own priority only where it is meant for them.
  if (named === undefined || (named[2] && !named[2].includes(hook)) || (hook === "OUTPUT" && name === "dstnat"))
    return undefined;
  return named[1] + offset;
}

export function showVerdict({ kind, chain }: Verdict): string {
  return chain === undefined ? kind : `${kind} ${chain}`;
}

const showLeft = (left: readonly Selector[]): string => left.map(({ text }) => text).join(" . ");

function showKey(key: Element["key"], types: readonly DataType[], numeric = false): string {
  return key.map((part, i) => showInterval(types[i]!, part, numeric)).join(" . ");
}

function showElements(
  elements: Iterable<Element>,
  types: readonly DataType[],
  options: PrintOptions,
  defaultTimeout?: number,
  to?: readonly DataType[],
): string[] {
  const sorted = [...elements].filter(({ until }) => until === undefined || until > options.now);
  const compare = byKey(types);
  sorted.sort((a, b) => compare(a.key, b.key));
  return sorted.map((element) => showElement(element, types, options, defaultTimeout, to));
}

/** @param defaultTimeout  its set's, in µs */
export function showElement(
  { key, verdict, comment, until, timeout, data }: Element,
  types: readonly DataType[],
  options: PrintOptions,
  defaultTimeout?: number,
  to?: readonly DataType[],
): string {
  let text = showKey(key, types, options.numeric);
  if (until !== undefined && !options.stateless) {
    if (timeout !== undefined && timeout !== defaultTimeout) text += ` timeout ${showTime(timeout)}`;
    text += ` expires ${showTime(until - options.now)}`;
  }
  if (comment !== undefined) text += ` comment "${comment}"`;
  if (data && to) return `${text} : ${showKey(data, to, options.numeric)}`;
  return verdict === undefined ? text : `${text} : ${showVerdict(verdict)}`;
}

function showValue(value: Value, left: readonly Selector[], options: PrintOptions): string {
  const types = left.map(({ type }) => type);
  switch (value.kind) {
    case "interval":
      return showInterval(types[0]!, value.interval, options.numeric);
    case "bits":
      return showBits(types[0]!, value.bits, options.numeric);
    case "set":
      return `@${value.name}`;
    case "elements": {
      const shown = showElements(value.elements.values(), types, options);
      // A set of one prefix is nothing but that.
      return `{ ${shown.join(", ")} }`;
    }
  }
}

function showLookup({ left, map }: Lookup, to: readonly DataType[], options: PrintOptions): string {
  if (typeof map === "string") return `${showLeft(left)} map @${map}`;
  const types = left.map(({ type }) => type);
  return `${showLeft(left)} map { ${showElements(map.values(), types, options, undefined, to).join(", ")} }`;
}

/** `rate 5/minute burst 3 packets`. */
export function showLimit({ over, rate, unit, per, burst, burstUnit }: Limit): string {
  const head = `rate ${over ? "over " : ""}${rate}`;
  if (unit === "packets") return `${head}/${per} burst ${burst} packets`;
  return `${head} ${unit}/${per}${burst === 0 ? "" : ` burst ${burst} ${burstUnit}`}`;
}

/** `over 20 mbytes`: in the largest unit that divides it. */
export function showQuota({ over, bytes, used }: Quota, options: PrintOptions): string {
  const size = (count: number): string => {
    const units = ["bytes", "kbytes", "mbytes"];
    let unit = 0;
    let left = count;
    while (unit < 2 && left > 0 && left % 1024 === 0) {
      left /= 1024;
      unit++;
    }
    return `${left} ${units[unit]}`;
  };
  return `${over ? "over " : ""}${size(bytes)}${used === 0 || options.stateless ? "" : ` used ${size(used)}`}`;
}

function showObject(object: NftObject, options: PrintOptions): string[] {
  const { kind, name, comment, counter, limit, quota } = object;
  const lines = [`\t${kind} ${name} {${handleOf(object, options)}`];
  if (comment !== undefined) lines.push(`\t\tcomment "${comment}"`);
  if (counter) lines.push(options.stateless ? "" : `\t\tpackets ${counter.packets} bytes ${counter.bytes}`);
  // A named limit shows no burst that nobody asked for.
  if (limit) lines.push(`\t\t${showLimit(limit).replace(/ burst 5 packets$/, "")}`);
  if (quota) lines.push(`\t\t${showQuota(quota, options)}`);
  lines.push("\t}");
  return lines;
}

export { showObject };

function showStatement(statement: Statement, options: PrintOptions): string {
  switch (statement.kind) {
    case "match": {
      const { left, not, value, mask } = statement;
      const op = not ? "!= " : "";
      const { type } = left[0]!;
      if (mask !== undefined && BITS.has(type)) {
        const several = (mask & (mask - 1)) !== 0;
        const names = showBits(type, mask, options.numeric, " | ");
        const right =
          value.kind === "interval" ? showBits(type, value.interval.first as number, options.numeric, " | ") : "";
        return `${showLeft(left)} & ${several ? `(${names})` : names} ${not ? "!=" : "=="} ${right}`;
      }
      if (mask !== undefined)
        return `${showLeft(left)} & ${hex(mask)} ${not ? "!=" : "=="} ${showValue(value, left, options)}`;
      if (statement.equal) return `${showLeft(left)} == ${showValue(value, left, options)}`;
      return `${showLeft(left)} ${op}${showValue(value, left, options)}`;
    }
    case "verdict":
      return showVerdict(statement.verdict);
    case "vmap": {
      const { left, map } = statement;
      if (typeof map === "string") return `${showLeft(left)} vmap @${map}`;
      const types = left.map(({ type }) => type);
      return `${showLeft(left)} vmap { ${showElements(map.values(), types, options).join(", ")} }`;
    }
    case "reject":
      return statement.with === "" ? "reject" : `reject with ${showRejection(statement.with, options.numeric)}`;
    case "counter": {
      const { packets, bytes } = statement.counter;
      return options.stateless ? "counter" : `counter packets ${packets} bytes ${bytes}`;
    }
    case "nat": {
      const { to, address, port, flags, map, family } = statement;
      const kind = family === undefined ? to : `${to} ${family}`;
      if (map)
        return `${kind} to ${showLookup(map, ["ipv4_addr"], options)}${flags.map((flag) => ` ${flag}`).join("")}`;
      const where = address ? showInterval("ipv4_addr", address) : "";
      const at = port ? `:${showInterval("inet_service", port)}` : "";
      const target = where || at ? ` to ${where}${at}` : "";
      return `${kind}${target}${flags.map((flag) => ` ${flag}`).join("")}`;
    }
    case "mark": {
      const { of, op, bits, from, map } = statement;
      const set = `${of} mark set`;
      if (map) return `${set} ${showLookup(map, ["mark"], options)}`;
      if (from) return `${set} ${from.text}`;
      const sign = { set: "", or: "|", and: "&", xor: "^" }[op];
      return sign === "" ? `${set} ${hex(bits)}` : `${set} ${of} mark ${sign} ${hex(bits)}`;
    }
    case "limit":
      return `limit ${showLimit(statement.limit)}`;
    case "quota":
      return `quota ${showQuota(statement.quota, options)}`;
    case "object":
      return `${statement.what} name "${statement.name}"`;
    case "notrack":
      return "notrack";
    case "nftrace":
      return `meta nftrace set ${statement.on ? 1 : 0}`;
    case "update":
      return `${statement.op} @${statement.set} { ${showLeft(statement.left)} }`;
    case "log": {
      const { prefix, level, group, flags } = statement;
      const parts = [
        ...(prefix === undefined ? [] : [`prefix "${prefix}"`]),
        // The level that is taken when none is said is not shown.
        ...(level === undefined || level === "warn" ? [] : [`level ${level}`]),
        ...(group === undefined ? [] : [`group ${group}`]),
        ...(flags === undefined ? [] : [`flags ${flags}`]),
      ];
      return ["log", ...parts].join(" ");
    }
  }
}

/** Codes of destination-unreachable. */
const ICMP_CODES: Readonly<Record<string, number>> = {
  "net-unreachable": 0,
  "host-unreachable": 1,
  "prot-unreachable": 2,
  "net-prohibited": 9,
  "host-prohibited": 10,
  "admin-prohibited": 13,
};

function showRejection(how: string, numeric = false): string {
  const code = ICMP_CODES[how.replace(/^icmp /, "")];
  return numeric && code !== undefined ? `icmp ${code}` : how;
}

export function showRule({ statements, comment }: NftRule, options: PrintOptions): string {
  const text = statements.map((statement) => showStatement(statement, options)).join(" ");
  return comment === undefined ? text : `${text} comment "${comment}"`;
}

const handleOf = (of: { handle: number }, options: PrintOptions): string =>
  options.handles ? ` # handle ${of.handle}` : "";

/** `type filter hook input priority filter; policy accept;`. */
export function baseText({ type, hook, priority, policy }: BaseChain, options: PrintOptions): string {
  const shown = showPriority(priority, hook, options.numericPriority ?? false);
  return `type ${type} hook ${hook.toLowerCase()} priority ${shown}; policy ${policy};`;
}

/** @param declaration  without its rules */
export function showChain(chain: NftChain, options: PrintOptions, declaration = false): string[] {
  const out = [`\tchain ${chain.name} {${handleOf(chain, options)}`];
  if (chain.comment !== undefined) out.push(`\t\tcomment "${chain.comment}"`);
  if (chain.base) {
    out.push(`\t\t${baseText(chain.base, options)}`);
  }
  if (!declaration)
    for (const rule of chain.rules) out.push(`\t\t${showRule(rule, options)}${handleOf(rule, options)}`);
  out.push("\t}");
  return out;
}

/** How many elements stand in a line (calculate_delim). */
const PER_LINE: Partial<Record<DataType, number>> = { ipv4_addr: 2, inet_service: 5, inet_proto: 5, mark: 5 };

export function showSet(set: NftSet, options: PrintOptions): string[] {
  const { types, flags, timeout, size, comment } = set;
  const out = [`\t${set.isMap ? "map" : "set"} ${set.name} {${handleOf(set, options)}`];
  out.push(`\t\t${typeText(set)}`);
  if (size !== undefined) out.push(`\t\tsize ${size}`);
  // A set's timeout says already that it has some.
  const only = flags.length === 1 && timeout !== undefined && flags[0] === "timeout";
  if (flags.length > 0 && !only) out.push(`\t\tflags ${flags.join(",")}`);
  if (set.autoMerge) out.push("\t\tauto-merge");
  if (timeout !== undefined) out.push(`\t\ttimeout ${showTime(timeout)}`);
  if (set.gcInterval !== undefined) out.push(`\t\tgc-interval ${showTime(set.gcInterval)}`);
  if (comment !== undefined) out.push(`\t\tcomment "${comment}"`);
  const elements = options.terse ? [] : showElements(set.elements.values(), types, options, timeout, set.data);
  if (elements.length > 0) {
    const plain = types.length === 1 && !set.isMap && elements.every((each) => !each.includes(" "));
    const width = (plain && PER_LINE[types[0]!]) || 1;
    const lines: string[] = [];
    for (let i = 0; i < elements.length; i += width) lines.push(elements.slice(i, i + width).join(", "));
    out.push(`\t\telements = { ${lines.join(",\n\t\t\t     ")} }`);
  }
  out.push("\t}");
  return out;
}

/** `type ipv4_addr : verdict`. */
export function typeText({ types, verdicts, data, typeOf }: NftSet): string {
  const to = verdicts ? "verdict" : data?.map(typeName).join(" . ");
  const key = typeOf ? `typeof ${typeOf.key}` : `type ${types.map(typeName).join(" . ")}`;
  return to === undefined ? key : `${key} : ${typeOf?.data ?? to}`;
}

export const typeName = (type: DataType): string => type;

export function tableHead({ family, name }: { family: string; name: string }): string {
  return `table ${family} ${name}`;
}

export function showTable(table: NftTable, options: PrintOptions): string[] {
  const out = [`${tableHead(table)} {${handleOf(table, options)}`];
  if (table.comment !== undefined) out.push(`\tcomment "${table.comment}"`);
  const parts = [
    ...[...table.objects.values()].map((object) => showObject(object, options)),
    ...[...table.sets.values()].map((set) => showSet(set, options)),
    ...[...table.chains.values()].map((chain) => showChain(chain, options)),
  ];
  parts.forEach((part, i) => {
    if (i > 0) out.push("");
    out.push(...part);
  });
  out.push("}");
  return out;
}

export { showDatum };
