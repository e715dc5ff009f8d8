import { Ruleset, restore, save } from "../../netfilter/index.ts";
import type { Programmed } from "./proxier.ts";
import { type FrameOptions, restoreInput, restoreLines } from "./restore-input.ts";

/** The rules of one Service as a machine's kube-proxy wrote them at some time. */
export interface ServiceRules {
  machine: string;
  /** µs of virtual time. */
  at: number;
  /** As iptables-save gives them, filter and nat, with the common chains' other rules left out. */
  lines: readonly string[];
}

interface Entry {
  machine: string;
  at: number;
  ports: readonly Programmed[];
  options: FrameOptions;
}

/** States of a Service that are kept; the oldest go first. */
const MOST = 2_000;

/** By network, then by Service (`namespace/name`). */
const records = new WeakMap<object, Map<string, Entry[]>>();

/** Notes that a machine has a Service's rules in this form from now on. Kept by reference: what nobody reads costs nothing. */
export function noteRules(network: object, service: string, entry: Entry): void {
  let services = records.get(network);
  if (services === undefined) records.set(network, (services = new Map()));
  let entries = services.get(service);
  if (entries === undefined) services.set(service, (entries = []));
  entries.push(entry);
  if (entries.length > MOST) entries.splice(0, entries.length - MOST);
}

/** Every state in which machines of a network had a Service's rules, in order of time. */
export function rulesOf(network: object, service: string): ServiceRules[] {
  const entries = records.get(network)?.get(service) ?? [];
  return entries.map(({ machine, at, ports, options }) => ({ machine, at, lines: dump(ports, options) }));
}

const dumps = new WeakMap<Programmed, { ports: readonly Programmed[]; lines: readonly string[] }>();

function dump(ports: readonly Programmed[], options: FrameOptions): readonly string[] {
  const [first] = ports;
  if (first === undefined) return [];
  const known = dumps.get(first);
  if (known?.ports.length === ports.length && ports.every((port, i) => known.ports[i] === port)) return known.lines;
  const ruleset = new Ruleset();
  const parts = ports.map(({ rules }) => ({ rules, rewrite: true }));
  restore(ruleset, restoreLines(restoreInput(parts, [], options)), { noflush: true });
  const names = ports.map(({ port }) => port.name);
  const own = new Set(ports.flatMap(({ rules }) => [...rules.chains, ...rules.endpointChains().values()]));
  const lines = save(ruleset).filter((line) => {
    const chain = /^-A (\S+)/.exec(line)?.[1];
    if (chain === undefined) return false;
    return own.has(chain) || names.some((name) => line.includes(`"${name}`));
  });
  dumps.set(first, { ports, lines });
  return lines;
}
