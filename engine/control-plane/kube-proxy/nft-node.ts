import type { Kernel } from "../../kernel/index.ts";
import { nft, Ruleset } from "../../netfilter/index.ts";
import type { NetNamespace } from "../../network/index.ts";
import { inNetwork } from "../../text/ipv4.ts";
import {
  addElements,
  type Elements,
  elementLines,
  isAffinitySet,
  isServiceChain,
  namesOf,
  noElements,
  portLines,
  setupLines,
  TABLE,
} from "./nft-rules.ts";
import type { Proxier } from "./proxier.ts";

const PROGRAM = "kube-proxy";
/** A chain that nobody uses any longer is emptied at once and deleted by a later sync, at least so much later (µs). */
const STALE = 1_000_000;

/**
 * Mode nftables on one node: maps from addresses and ports to chains, and chains for what changed. Nothing is written
 * before somebody looks: one transaction then does what several syncs have done.
 */
export class NftNode {
  private readonly kernel: Kernel;
  private readonly net: NetNamespace;
  private readonly proxier: Proxier;
  private readonly onFailure: (message: string) => void;
  private full = false;
  private changed = new Set<string>();
  /** Elements as they were written; what somebody else deletes stays gone until all is written anew. */
  private stored: Elements = noElements();
  private stale = new Map<string, number>();

  constructor(kernel: Kernel, net: NetNamespace, proxier: Proxier, onFailure: (message: string) => void) {
    this.kernel = kernel;
    this.net = net;
    this.proxier = proxier;
    this.onFailure = onFailure;
  }

  /** A sync has come to its end. `services`: those whose ports came, changed or went. */
  synced(full: boolean, services: Iterable<string>): void {
    this.net.netfilter ??= new Ruleset();
    const ruleset = this.net.netfilter;
    this.full ||= full;
    for (const service of services) this.changed.add(service);
    const { now } = this.kernel;
    ruleset.defer(PROGRAM, () => this.write(ruleset, now));
  }

  private write(ruleset: Ruleset, at: number): void {
    const { full, changed, proxier } = this;
    this.full = false;
    this.changed = new Set();
    const lines = full ? setupLines(proxier.options) : [];
    if (full) this.stored = noElements();
    const wanted = noElements();
    const chains = new Set<string>();
    const sets = new Set<string>();
    for (const programmed of proxier.programmed()) {
      const { port } = programmed;
      const names = namesOf(programmed);
      for (const name of names.chains) chains.add(name);
      for (const name of names.sets) sets.add(name);
      addElements(wanted, programmed);
      if (!full && !changed.has(port.service)) continue;
      const fromNode = port.sourceRanges.some((range) => inNetwork(range, proxier.node.address));
      lines.push(...portLines(programmed, proxier.options, fromNode));
    }
    lines.push(...elementLines(this.stored, wanted), ...this.staleLines(ruleset, chains, sets, at));
    this.stored = wanted;
    const { status, error } = nft(ruleset, lines.join("\n"), { now: this.kernel.now });
    if (status === 0) return;
    this.stale.clear();
    this.onFailure(error);
  }

  private staleLines(ruleset: Ruleset, chains: ReadonlySet<string>, sets: ReadonlySet<string>, at: number): string[] {
    const table = ruleset.nft?.tables.get(TABLE);
    if (table === undefined) return [];
    const lines: string[] = [];
    for (const name of table.chains.keys()) {
      if (!isServiceChain(name) || chains.has(name)) {
        this.stale.delete(name);
        continue;
      }
      const since = this.stale.get(name);
      if (since !== undefined && at - since >= STALE) {
        lines.push(`delete chain ${TABLE} ${name}`);
        this.stale.delete(name);
      } else {
        lines.push(`flush chain ${TABLE} ${name}`);
        if (since === undefined) this.stale.set(name, at);
      }
    }
    for (const name of table.sets.keys())
      if (isAffinitySet(name) && !sets.has(name)) lines.push(`delete set ${TABLE} ${name}`);
    return lines;
  }
}
