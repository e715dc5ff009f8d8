import { type Gen, WaitQueue, wait } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { isTableName, type Rule, Ruleset, saveRule, type TraceEvent } from "../../netfilter/index.ts";
import { packetWords } from "./trace-text.ts";

const VERSION = "xtables-monitor 1.8.11";
const USAGE = `${VERSION} (nf_tables)
Usage: xtables-monitor [ -t | -e ]
        --trace    -t    trace ruleset traversal of packets tagged via -j TRACE rule
        --event    -e    show events that modify the ruleset
Optional arguments:
        --ipv4     -4    only monitor IPv4
        --ipv6     -6    only monitor IPv6
	--counters -c    show counters in rules
`;
const LONG: Readonly<Record<string, string>> = {
  "--trace": "-t",
  "--event": "-e",
  "--ipv4": "-4",
  "--ipv6": "-6",
  "--counters": "-c",
  "--help": "-h",
  "--version": "-V",
};

/** xtables-monitor(8): what iptables' rules do with packets that `-j TRACE` marked, and changes of rules. */
export const xtablesMonitor: Program = function* (p) {
  const letters = new Set<string>();
  for (const word of p.argv.slice(1)) {
    const long = LONG[word] ?? word;
    if (!/^-[te46chV]+$/.test(long)) {
      yield* sys.printError(p, `${VERSION}: Bad argument.\nTry \`xtables-monitor -h' for more information.\n`);
      return 2;
    }
    for (const letter of long.slice(1)) letters.add(letter);
  }
  if (letters.has("V")) {
    yield* sys.print(p, `${VERSION}\n`);
    return 0;
  }
  if (letters.has("h") || !(letters.has("t") || letters.has("e"))) {
    yield* sys.print(p, USAGE);
    return letters.has("h") ? 0 : 1;
  }
  if (p.cred.uid !== 0) {
    yield* sys.printError(p, `${VERSION}: cannot bind to nfnetlink socket: Operation not permitted\n`);
    return 1;
  }
  p.ns.net.netfilter ??= new Ruleset();
  const ruleset = p.ns.net.netfilter;
  const lines = letters.has("t") && !letters.has("6") ? ruleset : undefined;
  return yield* follow(p, lines, (event) => words(p, ruleset, event, letters.has("c")));
};

/** Prints what a ruleset's tracing gives until it is interrupted. */
export function* follow(p: Process, ruleset: Ruleset | undefined, text: (event: TraceEvent) => string): Gen<number> {
  const waiting: string[] = [];
  const arrived = new WaitQueue();
  const tracer = (event: TraceEvent) => {
    const line = text(event);
    if (line === "") return;
    waiting.push(line);
    arrived.wakeAll();
  };
  ruleset?.tracers.add(tracer);
  try {
    for (;;) {
      if (waiting.length === 0) yield* wait(arrived);
      else yield* sys.print(p, waiting.splice(0).join(""));
    }
  } finally {
    ruleset?.tracers.delete(tracer);
  }
}

function words(p: Process, ruleset: Ruleset, event: TraceEvent, counters: boolean): string {
  const { id, table, chain, kind, packet, verdict, rule } = event;
  if (event.family !== "ip" || !isTableName(table)) return "";
  if (kind === "packet") return `PACKET: 2 ${id} ${packetWords(p, packet, id)}\n`;
  const head = ` TRACE: 2 ${id} ${table}:${chain}`;
  if (kind === "policy") return `${head}:policy:${verdict.toUpperCase()} \n`;
  const [what = "", to] = verdict.split(" ");
  // NFT_RETURN is none of the verdicts that it has a name for.
  const said = what === "return" ? "0xfffffffb" : to === undefined ? what.toUpperCase() : `${what.toUpperCase()}:${to}`;
  const { packets, bytes } = rule as Rule;
  const counted = counters ? ` -c ${packets} ${bytes}` : "";
  const number = handleOf(ruleset, table, rule as Rule).toString(16);
  const line = `-A ${chain}${counted}${saveRule(rule as Rule)}`;
  return `${head}:rule:0x${number}:${said}  iptables -t ${table} ${line}\n`;
}

/** The number that the kernel gave a rule: chains and rules of a table are counted as they come. */
function handleOf(ruleset: Ruleset, name: string, rule: Rule): number {
  const table = isTableName(name) ? ruleset.tables.get(name) : undefined;
  const chains = [...(table?.chains.values() ?? [])].filter(({ policy, real }) => policy === undefined || real);
  let handle = 0;
  for (const chain of chains.sort((a, b) => a.born - b.born)) {
    handle++;
    const at = chain.rules.indexOf(rule);
    if (at >= 0) return handle + at + 1;
    handle += chain.rules.length;
  }
  return handle;
}
