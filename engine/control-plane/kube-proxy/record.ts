import { nft, nftCommands, Ruleset, restore, save } from "../../netfilter/index.ts";
import { realServer, savedServers } from "../../network/ipvs.ts";
import { inNetwork } from "../../text/ipv4.ts";
import { ipvsPlan, schedulerFlags } from "./ipvs-rules.ts";
import { addElements, elementLines, isServiceChain, noElements, portLines, setupLines } from "./nft-rules.ts";
import type { Programmed } from "./proxier.ts";
import { type FrameOptions, restoreInput, restoreLines } from "./restore-input.ts";

/** The rules of one Service as a machine's kube-proxy wrote them at some time. */
export interface ServiceRules {
  machine: string;
  /** µs of virtual time. */
  at: number;
  /**
   * As iptables-save gives them, filter and nat, with the common chains' other rules left out; of mode nftables the nft
   * commands that make them, of mode ipvs lines of `ipset save` and `ipvsadm -S`.
   */
  lines: readonly string[];
}

interface Entry {
  machine: string;
  at: number;
  ports: readonly Programmed[];
  /** How the machine's mode writes them. */
  write: Writer;
}

/** Lines for the ports of one Service. */
export type Writer = (ports: readonly Programmed[]) => readonly string[];

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
  return entries.map(({ machine, at, ports, write }) => ({ machine, at, lines: dump(ports, write) }));
}

/** Ports that several machines share are written once. */
const dumps = new WeakMap<Programmed, { ports: readonly Programmed[]; write: Writer; lines: readonly string[] }>();

function dump(ports: readonly Programmed[], write: Writer): readonly string[] {
  const [first] = ports;
  if (first === undefined) return [];
  const known = dumps.get(first);
  const same = known?.write === write || (known?.write.name === "iptables" && write.name === "iptables");
  if (known && same && known.ports.length === ports.length && ports.every((port, i) => known.ports[i] === port)) {
    return known.lines;
  }
  const lines = write(ports);
  dumps.set(first, { ports, write, lines });
  return lines;
}

/** Mode iptables. */
export function iptablesWriter(options: FrameOptions): Writer {
  return function iptables(ports) {
    const ruleset = new Ruleset();
    const parts = ports.map(({ rules }) => ({ rules, rewrite: true }));
    restore(ruleset, restoreLines(restoreInput(parts, [], options)), { noflush: true });
    const names = ports.map(({ port }) => port.name);
    const own = new Set(ports.flatMap(({ rules }) => [...rules.chains, ...rules.endpointChains().values()]));
    return save(ruleset).filter((line) => {
      const chain = /^-A (\S+)/.exec(line)?.[1];
      if (chain === undefined) return false;
      return own.has(chain) || names.some((name) => line.includes(`"${name}`));
    });
  };
}

/** Mode nftables. @param address  the node's own */
export function nftWriter(options: FrameOptions, address: string): Writer {
  return (ports) => {
    const ruleset = new Ruleset();
    const wanted = noElements();
    for (const programmed of ports) addElements(wanted, programmed);
    const own = ports.flatMap((programmed) => {
      const fromNode = programmed.port.sourceRanges.some((range) => inNetwork(range, address));
      return portLines(programmed, options, fromNode);
    });
    const lines = [...setupLines(options), ...own, ...elementLines(noElements(), wanted)];
    nft(ruleset, lines.join("\n"), { now: 0 });
    return nftCommands(ruleset.nft, 0).filter((line) => {
      const [verb, what, , , name = ""] = line.split(" ");
      return verb === "add" && (what === "element" || (what !== "table" && isServiceChain(name)));
    });
  };
}

/** Mode ipvs. */
export function ipvsWriter(
  scheduler: string,
  node: { name: string; address: string; addresses: readonly string[]; nodePorts?: readonly string[] | undefined },
): Writer {
  return (ports) => {
    const { sets, servers } = ipvsPlan(ports, node, inNetwork);
    const real = (endpoint: { address: string; port: number }) => realServer(endpoint.address, endpoint.port);
    return [
      ...[...sets].flatMap(([name, entries]) => [...entries].map((entry) => `add ${name} ${entry}`)),
      ...savedServers(
        servers.map((server) => ({
          ...server,
          scheduler,
          flags: schedulerFlags(scheduler),
          servers: server.endpoints.map(real),
        })),
      ),
    ];
  };
}
