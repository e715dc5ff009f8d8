import { Conntrack } from "./conntrack.ts";
import type { IpSet } from "./ipset/set.ts";
import type { Nftables } from "./nft/model.ts";
import type { Credit } from "./rates.ts";
import type { Tracer } from "./tracing.ts";
import type { Rule } from "./types.ts";

export type TableName = "mangle" | "security" | "raw" | "filter" | "nat";
export type Policy = "ACCEPT" | "DROP";

/** Tables with their built-in chains, in the order of iptables-save (xtables_ipv4 of nft.c). */
export const BUILT_IN: Readonly<Record<TableName, readonly string[]>> = {
  mangle: ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
  security: ["INPUT", "FORWARD", "OUTPUT"],
  raw: ["PREROUTING", "OUTPUT"],
  filter: ["INPUT", "FORWARD", "OUTPUT"],
  nat: ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
};

export const TABLE_NAMES = Object.keys(BUILT_IN) as TableName[];

export function isTableName(name: string): name is TableName {
  return Object.hasOwn(BUILT_IN, name);
}

/** A list of rules: a built-in chain with a policy, or a user's. */
export class Chain {
  name: string;
  /** Of a built-in chain; undefined for a user's. */
  policy: Policy | undefined;
  packets = 0;
  bytes = 0;
  rules: Rule[] = [];
  /** How many rules lead here. */
  references = 0;
  /** Whether it still stands in its table. */
  alive = true;
  /** Grows from chain to chain as the kernel gets them: the order in which nft lists them. */
  born = ++births;
  private isReal = false;

  constructor(name: string, policy?: Policy) {
    this.name = name;
    this.policy = policy;
  }

  /** Of a built-in chain: whether the kernel has it, which is from the first change to it on. Listings show it anyway. */
  get real(): boolean {
    return this.isReal;
  }

  set real(real: boolean) {
    if (real && !this.isReal && this.policy !== undefined) this.born = ++births;
    this.isReal = real;
  }
}

let births = 0;

export class Table {
  readonly name: TableName;
  readonly chains = new Map<string, Chain>();

  constructor(name: TableName) {
    this.name = name;
    for (const chain of BUILT_IN[name]) this.chains.set(chain, new Chain(chain, "ACCEPT"));
  }

  /** Chains in the order that listings have: built-in ones by hook, then users' by name. */
  ordered(): Chain[] {
    const own = BUILT_IN[this.name];
    const users = [...this.chains.values()].filter((chain) => chain.policy === undefined);
    users.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    return [...own.map((name) => this.chains.get(name)!), ...users];
  }
}

/** The netfilter state of one network namespace. A table exists from the first change to it on. */
export class Ruleset {
  readonly family: 4 | 6;
  private inet6: Ruleset | undefined;
  readonly sets: Map<string, IpSet>;
  readonly conntrack = new Conntrack();
  /** Lists of -m recent: times (µs) by address, by name of the list. */
  readonly recent = new Map<string, Map<number, number[]>>();
  /** Credits of clients, by name of the list of -m hashlimit. */
  readonly credits = new Map<string, Map<string, Credit>>();
  /** Called after every change that was not left undone with `defer`. */
  readonly watchers = new Set<() => void>();
  /** Tables that nft made; undefined until it made one. */
  private native: Nftables | undefined;
  private readonly touched = new Map<TableName, Table>();
  private changes = 0;
  /** Told of every transaction of nft: lines of `nft monitor`. As long as there are some, nothing is left undone. */
  readonly listeners = new Set<(lines: readonly string[]) => void>();
  /** Told what happens to traced packets. */
  readonly tracers = new Set<Tracer>();
  private readonly late = new Map<string, () => void>();
  private settling = false;

  constructor(family: 4 | 6 = 4, sets = new Map<string, IpSet>()) {
    this.family = family;
    this.sets = sets;
  }

  /** The same namespace's rules for IPv6, which ip6tables reads and writes. Nothing here sends such packets. */
  get six(): Ruleset {
    this.inet6 ??= new Ruleset(6, this.sets);
    return this.inet6;
  }

  /** Those rules, if anybody has looked at them or left some to be written. */
  get sixIfAny(): Ruleset | undefined {
    return this.inet6;
  }

  get tables(): Map<TableName, Table> {
    if (this.late.size > 0) this.settle();
    return this.touched;
  }

  get nft(): Nftables | undefined {
    if (this.late.size > 0) this.settle();
    return this.native;
  }

  set nft(tables: Nftables | undefined) {
    this.native = tables;
  }

  /** Grows with every change of rules, policies or sets: what was worked out for an older one is void. */
  get version(): number {
    if (this.late.size > 0) this.settle();
    return this.changes;
  }

  /** `version` as it stands, without doing what was left undone. */
  get settledVersion(): number {
    return this.changes;
  }

  set version(version: number) {
    this.changes = version;
    if (!this.settling) for (const watcher of this.watchers) watcher();
  }

  /**
   * Leaves a change undone until somebody looks at the rules: for programs that write much more often than anybody
   * reads. A newer change of the same program takes the place of one that nobody waited for.
   */
  defer(program: string, change: () => void): void {
    this.late.set(program, change);
    if (this.listeners.size > 0) this.settle();
  }

  private settle(): void {
    this.settling = true;
    try {
      for (const [program, change] of this.late) {
        this.late.delete(program);
        change();
      }
    } finally {
      this.settling = false;
    }
  }

  /** The table, made when it was never touched. */
  table(name: TableName): Table {
    const { tables } = this;
    let table = tables.get(name);
    if (table === undefined) {
      table = new Table(name);
      tables.set(name, table);
    }
    return table;
  }
}
