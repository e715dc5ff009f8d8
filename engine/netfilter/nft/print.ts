import { byKey, hex, showDatum, showInterval, showStates, showTime } from "./data.ts";
import type {
  DataType,
  Element,
  NftChain,
  NftRule,
  NftSet,
  NftTable,
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
): string[] {
  const sorted = [...elements].filter(({ until }) => until === undefined || until > options.now);
  const compare = byKey(types);
  sorted.sort((a, b) => compare(a.key, b.key));
  return sorted.map((element) => showElement(element, types, options, defaultTimeout));
}

/** @param defaultTimeout  its set's, in µs */
export function showElement(
  { key, verdict, comment, until, timeout }: Element,
  types: readonly DataType[],
  options: PrintOptions,
  defaultTimeout?: number,
): string {
  let text = showKey(key, types, options.numeric);
  if (until !== undefined && !options.stateless) {
    if (timeout !== undefined && timeout !== defaultTimeout) text += ` timeout ${showTime(timeout)}`;
    text += ` expires ${showTime(until - options.now)}`;
  }
  if (comment !== undefined) text += ` comment "${comment}"`;
  return verdict === undefined ? text : `${text} : ${showVerdict(verdict)}`;
}

function showValue(value: Value, left: readonly Selector[], options: PrintOptions): string {
  const types = left.map(({ type }) => type);
  switch (value.kind) {
    case "interval":
      return showInterval(types[0]!, value.interval, options.numeric);
    case "bits":
      return showStates(value.bits, options.numeric);
    case "set":
      return `@${value.name}`;
    case "elements": {
      const shown = showElements(value.elements.values(), types, options);
      // A set of one prefix is nothing but that.
      return `{ ${shown.join(", ")} }`;
    }
  }
}

function showStatement(statement: Statement, options: PrintOptions): string {
  switch (statement.kind) {
    case "match": {
      const { left, not, value, mask } = statement;
      const op = not ? "!= " : "";
      if (mask !== undefined)
        return `${showLeft(left)} & ${hex(mask)} ${not ? "!=" : "=="} ${showValue(value, left, options)}`;
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
      const { to, address, port, flags } = statement;
      const where = address ? showInterval("ipv4_addr", address) : "";
      const at = port ? `:${showInterval("inet_service", port)}` : "";
      const target = where || at ? ` to ${where}${at}` : "";
      return `${to}${target}${flags.map((flag) => ` ${flag}`).join("")}`;
    }
    case "mark": {
      const sign = { set: "", or: "meta mark | ", and: "meta mark & ", xor: "meta mark ^ " }[statement.op];
      return `meta mark set ${sign}${hex(statement.bits)}`;
    }
    case "update":
      return `${statement.op} @${statement.set} { ${showLeft(statement.left)} }`;
    case "log": {
      const { prefix, level } = statement;
      return `log${prefix === undefined ? "" : ` prefix "${prefix}"`}${level === undefined ? "" : ` level ${level}`}`;
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

/** @param declaration  without its rules */
export function showChain(chain: NftChain, options: PrintOptions, declaration = false): string[] {
  const out = [`\tchain ${chain.name} {${handleOf(chain, options)}`];
  if (chain.comment !== undefined) out.push(`\t\tcomment "${chain.comment}"`);
  if (chain.base) {
    const { type, hook, priority, policy } = chain.base;
    const numeric = options.numericPriority ?? false;
    const where = `hook ${hook.toLowerCase()} priority ${showPriority(priority, hook, numeric)}`;
    out.push(`\t\ttype ${type} ${where}; policy ${policy};`);
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
  const out = [`\t${set.verdicts ? "map" : "set"} ${set.name} {${handleOf(set, options)}`];
  out.push(`\t\ttype ${types.map(typeName).join(" . ")}${set.verdicts ? " : verdict" : ""}`);
  if (size !== undefined) out.push(`\t\tsize ${size}`);
  if (flags.length > 0) out.push(`\t\tflags ${flags.join(",")}`);
  if (timeout !== undefined) out.push(`\t\ttimeout ${showTime(timeout)}`);
  if (comment !== undefined) out.push(`\t\tcomment "${comment}"`);
  const elements = options.terse ? [] : showElements(set.elements.values(), types, options, timeout);
  if (elements.length > 0) {
    const plain = types.length === 1 && !set.verdicts && elements.every((each) => !each.includes(" "));
    const width = (plain && PER_LINE[types[0]!]) || 1;
    const lines: string[] = [];
    for (let i = 0; i < elements.length; i += width) lines.push(elements.slice(i, i + width).join(", "));
    out.push(`\t\telements = { ${lines.join(",\n\t\t\t     ")} }`);
  }
  out.push("\t}");
  return out;
}

export const typeName = (type: DataType): string => type;

export function tableHead({ family, name }: { family: string; name: string }): string {
  return `table ${family} ${name}`;
}

export function showTable(table: NftTable, options: PrintOptions): string[] {
  const out = [`${tableHead(table)} {${handleOf(table, options)}`];
  if (table.comment !== undefined) out.push(`\tcomment "${table.comment}"`);
  const parts = [
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
