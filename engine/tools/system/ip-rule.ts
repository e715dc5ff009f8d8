import type { Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { protocolName } from "../../netfilter/protocols.ts";
import type { NetNamespace } from "../../network/index.ts";
import { FIRST_RULES, LOCAL_TABLE, MAIN_TABLE, type RoutingRule } from "../../network/policy-routing.ts";
import { notPermitted, type Options } from "./ip.ts";
import { RULE_HELP } from "./ip-help.ts";
import {
  answers,
  invalid,
  kernel,
  PROTOCOLS,
  prefix,
  protocolNumber,
  RouteError,
  tableName,
  tableNumber,
} from "./ip-route-words.ts";
import { type Json, showValues } from "./ip-show.ts";

/** `ip rule`: which packets are looked up in which table (ip/iprule.c). */

/** The kernel makes one up below the least that there is besides 0 (fib_default_rule_pref). */
const FREE = 32_766;

const rulesOf = (net: NetNamespace): readonly RoutingRule[] => net.rules ?? FIRST_RULES;

const VERBS: readonly [string, string[]][] = [
  ["list", ["list", "lst", "show"]],
  ["save", ["save"]],
  ["restore", ["restore"]],
  ["add", ["add"]],
  ["delete", ["delete"]],
  ["flush", ["flush"]],
];

/** `ip rule`: shows, adds and deletes rules of policy routing. */
export function* rule(p: Process, words: readonly string[], options: Options): Gen<number> {
  const [word = "list", ...rest] = words;
  const { net } = p.ns;
  if (word === "help") {
    yield* sys.printError(p, RULE_HELP);
    return 255;
  }
  const verb = VERBS.find(([, names]) => names.some((name) => name.startsWith(word)))?.[0];
  try {
    if (verb === undefined) throw new RouteError(`Command "${word}" is unknown, try "ip rule help".`, 255);
    if (verb === "list") {
      yield* list(p, readSelector(p, rest), options);
      return 0;
    }
    if (verb === "save" || verb === "restore") return 0;
    if (verb === "flush") {
      if (p.cred.uid !== 0) return yield* notPermitted(p);
      // The kernel's own first one stays.
      const chosen = readSelector(p, rest);
      change(net, (rules) => rules.filter((one) => one.priority === 0 || !isAskedFor(one, chosen)));
      return 0;
    }
    if (rest.length === 0) throw new RouteError(`"ip rule ${verb === "add" ? "add" : "del"}" requires arguments.`, 1);
    const given = readRule(p, rest, verb === "add");
    if (p.cred.uid !== 0) return yield* notPermitted(p);
    if (verb === "add") add(net, given);
    else remove(net, given);
    return 0;
  } catch (error) {
    if (!(error instanceof RouteError)) throw error;
    yield* sys.printError(p, `${error.message}\n`);
    return error.status;
  }
}

type Given = { -readonly [K in keyof RoutingRule]?: RoutingRule[K] };

function change(net: NetNamespace, to: (rules: readonly RoutingRule[]) => RoutingRule[]): void {
  net.rules = to(rulesOf(net));
  net.network.changes++;
}

/** Reads the words of a rule. */
function readRule(p: Process, words: readonly string[], adds: boolean): Given {
  const given: Given = adds ? { table: MAIN_TABLE } : {};
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const next = (): string => {
      const value = words[++i];
      if (value === undefined) throw new RouteError('Command line is not complete. Try option "help"', 255);
      return value;
    };
    const unsigned = (value: string, why: string): number => {
      if (!/^(0x[0-9a-f]+|\d+)$/i.test(value)) throw invalid(value, why);
      return Number(value);
    };
    const is = (long: string, least = 1) => word.length >= least && long.startsWith(word);
    if (word === "not") given.not = true;
    else if (word === "from") setPrefix(given, "from", next());
    else if (word === "to") setPrefix(given, "to", next());
    else if (is("preference") || is("order") || is("priority"))
      given.priority = unsigned(next(), "preference value is invalid\n");
    else if (word === "tos" || is("dsfield")) given.tos = unsigned(next(), "TOS value is invalid\n");
    else if (word === "fwmark") {
      const [mark = "", mask] = splitOnce(next(), "/");
      given.mark = unsigned(mark, "fwmark value is invalid\n");
      if (mask !== undefined) given.mask = unsigned(mask, "fwmask value is invalid\n");
    } else if (is("table", 2) || is("lookup")) {
      const name = next();
      const number = tableNumber(p, name);
      if (number === undefined) throw invalid(name, "invalid table ID\n");
      given.table = number;
    } else if (is("suppress_prefixlength") || is("sup_pl", 5))
      given.suppress = unsigned(next(), "suppress_prefixlength value is invalid\n");
    else if (word === "dev" || word === "iif") given.input = device(next());
    else if (word === "oif") given.output = device(next());
    else if (word === "l3mdev") given.vrf = true;
    else if (word === "uidrange") {
      const value = next();
      const found = /^(\d+)-(\d+)$/.exec(value);
      if (found === null) throw invalid(value, "invalid UID range");
      given.users = [Number(found[1]), Number(found[2])];
    } else if (word === "ipproto") {
      const value = next();
      given.transport = protocolNumber(value) ?? -1;
      if (given.transport < 0) throw invalid(value, 'Invalid "ipproto" value\n');
    } else if (word === "sport" || word === "dport") {
      const value = next();
      const found = /^(\d+)(?:-(\d+))?$/.exec(value);
      if (found === null) throw invalid(value, `Invalid "${word}"`);
      const ports = [Number(found[1]), Number(found[2] ?? found[1])] as const;
      if (word === "sport") given.sourcePorts = ports;
      else given.destinationPorts = ports;
    } else if (word === "protocol") {
      const value = next();
      if (!PROTOCOLS.includes(value) && !/^\d+$/.test(value)) throw invalid(value, '"protocol" value is invalid\n');
      given.protocol = value;
    } else if (word === "help") throw new RouteError(RULE_HELP.trimEnd(), 255);
    else {
      const named = is("type", 2) ? next() : word;
      if (["blackhole", "unreachable", "prohibit", "nop"].includes(named)) given.action = named as "nop";
      else if (named === "goto") {
        given.action = "goto";
        given.goto = unsigned(next(), "invalid target\n");
      } else throw invalid(named, "Failed to parse rule type");
    }
  }
  if (adds && given.action !== undefined && given.action !== "goto") delete given.table;
  return given;
}

function setPrefix(given: Given, key: "from" | "to", word: string): void {
  const found = prefix(word);
  if (found !== "default") given[key] = found;
}

function splitOnce(text: string, by: string): [string, string | undefined] {
  const at = text.indexOf(by);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function device(name: string): string {
  if (name.length > 15 || name === "") throw invalid(name, '"iif"/"dev" not a valid ifname');
  return name;
}

/** What a listing is asked for, or a flush. */
function readSelector(p: Process, words: readonly string[]): Given {
  const given: Given = {};
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "all") continue;
    const known = ["preference", "order", "priority", "not", "tos", "dsfield", "fwmark", "dev", "iif", "oif", "l3mdev"];
    const more = ["uidrange", "lookup", "table", "from", "to", "protocol", "ipproto", "sport", "dport"];
    if ([...known, ...more].some((name) => name.startsWith(word))) {
      const takes = word === "not" || word === "l3mdev" ? 1 : 2;
      Object.assign(given, readRule(p, words.slice(i, i + takes), false));
      i += takes - 1;
    } else setPrefix(given, "from", selected(word));
  }
  return given;
}

function selected(word: string): string {
  try {
    return prefix(word);
  } catch (error) {
    if (!(error instanceof RouteError)) throw error;
    throw new RouteError(`Error: inet prefix is expected rather than "${word}".`, 1);
  }
}

/** Whether a rule has all that is said of one. */
function isAskedFor(one: RoutingRule, given: Given): boolean {
  return (Object.keys(given) as (keyof Given)[]).every(
    (key) => JSON.stringify(one[key]) === JSON.stringify(given[key]),
  );
}

function add(net: NetNamespace, given: Given): void {
  const rules = rulesOf(net);
  const second = rules.find(({ priority }) => priority !== 0)?.priority ?? FREE + 1;
  const made: RoutingRule = { ...given, priority: given.priority ?? Math.max(second - 1, 0), table: given.table ?? 0 };
  if (made.action === "goto" && made.goto! <= made.priority) throw kernel("Backward goto not supported.");
  if (made.vrf) made.table = 0;
  if (rules.some((one) => isSame(one, made))) throw answers("File exists");
  change(net, (all) => {
    const at = all.findIndex(({ priority }) => priority > made.priority);
    return at < 0 ? [...all, made] : [...all.slice(0, at), made, ...all.slice(at)];
  });
}

const isSame = (a: RoutingRule, b: RoutingRule): boolean => {
  const facts = ({ protocol: _, ...rest }: RoutingRule) => JSON.stringify(Object.entries(rest).sort());
  return facts(a) === facts(b);
};

function remove(net: NetNamespace, given: Given): void {
  const found = rulesOf(net).find((one) => isAskedFor(one, given));
  if (found === undefined) throw answers("No such file or directory");
  change(net, (all) => all.filter((one) => one !== found));
}

// ---- listing --------------------------------------------------------------------------------------------------------

const hex = (number: number): string => `0x${number.toString(16)}`;

/** One rule: its words, and the same for programs. */
function facts(p: Process, one: RoutingRule, details: boolean): { text: string; value: Record<string, Json> } {
  const { net } = p.ns;
  const value: Record<string, Json> = { priority: one.priority };
  const words: string[] = [];
  const say = (text: string, key?: string, fact?: Json) => {
    words.push(text);
    if (key !== undefined) value[key] = fact!;
  };
  if (one.not) say("not", "not", null);
  const network = (which: "from" | "to", key: string, length: string) => {
    const cidr = one[which];
    if (cidr === undefined) return;
    const [address = "", bits] = cidr.split("/");
    say(`${which} ${cidr}`, key, address);
    if (bits !== undefined) value[length] = Number(bits);
  };
  if (one.from === undefined) say("from all", "src", "all");
  else network("from", "src", "srclen");
  network("to", "dst", "dstlen");
  if (one.tos)
    say(`tos 0x${one.tos.toString(16).padStart(2, "0")}`, "tos", `0x${one.tos.toString(16).padStart(2, "0")}`);
  if (one.mark !== undefined) {
    const masked = one.mask !== undefined && one.mask !== 0xffff_ffff;
    say(`fwmark ${hex(one.mark)}${masked ? `/${hex(one.mask!)}` : ""}`, "fwmark", hex(one.mark));
    if (masked) value["fwmask"] = hex(one.mask!);
  }
  for (const [key, name] of [
    ["iif", one.input],
    ["oif", one.output],
  ] as const) {
    if (name === undefined) continue;
    const gone = !net.interfaces.has(name);
    say(`${key} ${name}${gone ? " [detached]" : ""}`, key, name);
    if (gone) value[`${key}_detached`] = null;
  }
  if (one.vrf) say("lookup [l3mdev-table]", "l3mdev", null);
  if (one.users) {
    say(`uidrange ${one.users[0]}-${one.users[1]}`, "uid_start", one.users[0]);
    value["uid_end"] = one.users[1];
  }
  if (one.transport !== undefined) {
    const name = protocolName(one.transport, true);
    say(`ipproto ${name}`, "ipproto", name);
  }
  for (const [key, ports] of [
    ["sport", one.sourcePorts],
    ["dport", one.destinationPorts],
  ] as const) {
    if (ports === undefined) continue;
    if (ports[0] === ports[1]) say(`${key} ${ports[0]}`, key, ports[0]);
    else {
      say(`${key} ${ports[0]}-${ports[1]}`, `${key}_start`, ports[0]);
      value[`${key}_end`] = ports[1];
    }
  }
  if (one.table !== 0 && !one.vrf) {
    const name = tableName(p, one.table);
    say(`lookup ${name}`, "table", name);
    if (one.suppress !== undefined) say(`suppress_prefixlength ${one.suppress}`, "suppress_prefixlen", one.suppress);
  }
  if (one.action === "goto") {
    const there = rulesOf(net).some(({ priority }) => priority === one.goto);
    say(`goto ${one.goto}${there ? "" : " [unresolved]"}`, "goto", one.goto!);
    if (!there) value["unresolved"] = null;
  } else if (one.action !== undefined)
    say(one.action, one.action === "nop" ? "nop" : "action", one.action === "nop" ? null : one.action);
  const protocol = one.protocol ?? "unspec";
  if (details || (protocol !== "unspec" && protocol !== "kernel")) say(`proto ${protocol}`, "protocol", protocol);
  return { text: `${one.priority}:\t${words.join(" ")}`, value };
}

/** All rules, for who watches them. */
export const ruleLines = (p: Process): string[] => rulesOf(p.ns.net).map((one) => facts(p, one, false).text);

function* list(p: Process, given: Given, options: Options): Gen {
  const own = rulesOf(p.ns.net).filter((one) => isAskedFor(one, given));
  // Of IPv6 there are the kernel's own, without a default table.
  const six = FIRST_RULES.filter(({ table }) => table === LOCAL_TABLE || table === MAIN_TABLE);
  const shown = (options.family === "6" ? six : own).map((one) => facts(p, one, options.details));
  yield* showValues(
    p,
    shown.map(({ text }) => `${text}\n`).join(""),
    shown.map(({ value }) => value),
    options,
  );
}
