import type { KubeObject } from "../../api/types.ts";
import { inNetwork } from "../../text/ipv4.ts";
import { isServiceChain } from "./chains.ts";
import { type Choice, categorize, type EndpointSet, endpointsFor, endpointsOf, serviceOf } from "./endpoints.ts";
import { type PortRules, portRules } from "./port-rules.ts";
import { type FrameOptions, restoreInput, type TableInput } from "./restore-input.ts";
import { portsOf, type ServicePort, usesLocalEndpoints } from "./service-ports.ts";

/** What differs between the nodes of a cluster. */
export interface ProxierNode {
  name: string;
  address: string;
  /** Label topology.kubernetes.io/zone. */
  zone?: string | undefined;
}

/** A Service port as a node's rules have it. */
export interface Programmed {
  port: ServicePort;
  endpoints: EndpointSet;
  /** What of the node it depends on: nodes with the same variant share it. */
  variant: string;
  choice: Choice;
  rules: PortRules;
}

export interface SyncResult {
  full: boolean;
  /** Rules in the tables, and those that this sync wrote. */
  rules: { filter: number; nat: number };
  written: { filter: number; nat: number };
  services: number;
  endpoints: number;
  /** Service ports that this sync was about. */
  changed: number;
}

/** Above so many endpoints, comments are left out of the ports' own chains (largeClusterEndpointsThreshold). */
const LARGE = 1_000;

interface Known {
  service: KubeObject | undefined;
  /** By name. */
  slices: Map<string, KubeObject>;
  /** As the last sync wrote them. */
  programmed: readonly Programmed[];
}

/**
 * The rules of one node, kept from Services and EndpointSlices (pkg/proxy/iptables/proxier.go). `sync` costs what
 * changed; the lines of iptables-restore are put together by `take`, once somebody looks at the tables.
 */
export class Proxier {
  node: ProxierNode;
  readonly options: FrameOptions;
  private readonly optionsKey: string;
  private readonly services = new Map<string, Known>();
  /** Services that the next sync looks at. */
  private changed = new Set<string>();
  /** Services whose own chains were written since the last `take`; "all" after a full sync. */
  private written: Set<string> | "all" = new Set();
  private needFull = true;
  /** Chains may stand that no Service uses any longer. */
  private leftovers = true;
  private underway: { full: boolean; next: Map<string, readonly Programmed[]> } | undefined;
  private large = false;
  /** Of what is programmed: lines of the common chains and of the ports' own, ports, endpoints. */
  private readonly total = { filter: 0, nat: 0, own: 0, ports: 0, endpoints: 0 };

  constructor(node: ProxierNode, options: FrameOptions) {
    this.node = node;
    this.options = options;
    this.optionsKey = JSON.stringify(options);
  }

  /** Takes a Service in; says whether that asks for a sync. */
  service(object: KubeObject, deleted: boolean): boolean {
    const key = `${object.metadata.namespace}/${object.metadata.name}`;
    const known = this.know(key);
    const before = signature(known.service);
    known.service = deleted ? undefined : object;
    if (before === signature(known.service)) return false;
    this.changed.add(key);
    return true;
  }

  /** Takes an EndpointSlice in; says whether that asks for a sync. */
  slice(object: KubeObject, deleted: boolean): boolean {
    const key = serviceOf(object);
    if (key === undefined) return false;
    const { slices } = this.know(key);
    const { name } = object.metadata;
    const before = slices.get(name);
    if (deleted) slices.delete(name);
    else slices.set(name, object);
    const same = deleted
      ? before === undefined
      : before !== undefined && endpointsOf(before).signature === endpointsOf(object).signature;
    if (same) return false;
    this.changed.add(key);
    return true;
  }

  /** Takes the node's zone in; says whether that asks for a sync. */
  zone(zone: string | undefined): boolean {
    if (zone === this.node.zone) return false;
    this.node = { ...this.node, zone };
    for (const [key, { slices }] of this.services) {
      for (const slice of slices.values()) if (endpointsOf(slice).hinted) this.changed.add(key);
    }
    return this.changed.size > 0;
  }

  private know(key: string): Known {
    let known = this.services.get(key);
    if (known === undefined) {
      this.services.set(key, (known = { service: undefined, slices: new Map(), programmed: [] }));
    }
    return known;
  }

  /** The next sync writes everything: after a start, a failure, or a flush of the tables. */
  forceFull(): void {
    this.needFull = true;
  }

  /** Starts and ends a sync at once. */
  sync(full = false): SyncResult {
    const result = this.begin(full);
    this.commit();
    return result;
  }

  /**
   * Starts a sync of what was taken in: `commit` makes it so, once iptables-restore has had its time. What is taken in
   * between waits for the next one. A full sync writes the unchanged chains, too.
   */
  begin(full = false): SyncResult {
    const doFull = full || this.needFull;
    this.needFull = false;
    const due = new Map<string, { port: ServicePort; endpoints: EndpointSet }[]>();
    for (const key of this.changed) {
      const { service, slices, programmed } = this.services.get(key)!;
      const ports = service === undefined ? [] : portsOf(service);
      const parts = ports.map((port) => ({ port, endpoints: endpointsFor(slices.values(), port) }));
      for (const { endpoints } of programmed) this.total.endpoints -= endpoints.list.length;
      for (const { endpoints } of parts) this.total.endpoints += endpoints.list.length;
      due.set(key, parts);
    }
    this.large = this.total.endpoints > LARGE;
    const next = new Map<string, readonly Programmed[]>();
    let own = 0;
    const program = (key: string, parts: readonly { port: ServicePort; endpoints: EndpointSet }[]) => {
      const programmed = parts.map(({ port, endpoints }) => this.rulesFor(port, endpoints));
      this.count(this.services.get(key)!.programmed, -1);
      this.count(programmed, 1);
      for (const { rules } of programmed) own += rules.ownRules;
      next.set(key, programmed);
    };
    for (const [key, parts] of due) program(key, parts);
    if (doFull) {
      // Lines made when the cluster was of another size than now.
      const current = `${this.large} `;
      for (const [key, { programmed }] of this.services) {
        if (!due.has(key) && programmed.some(({ variant }) => !variant.startsWith(current))) program(key, programmed);
      }
    }
    this.changed = new Set();
    this.underway = { full: doFull, next };
    const { localhostNodePorts, liberal } = this.options;
    const filter = this.total.filter + (localhostNodePorts ? 1 : 0) + (liberal ? 2 : 3);
    const nat = this.total.nat + 5;
    return {
      full: doFull,
      rules: { filter, nat: nat + this.total.own },
      written: { filter, nat: nat + (doFull ? this.total.own : own) },
      services: this.total.ports,
      endpoints: this.total.endpoints,
      changed: [...due.values()].reduce((sum, parts) => sum + parts.length, 0),
    };
  }

  /** Ends what `begin` started; gives the ports that came, changed or went, by Service. */
  commit(): ReadonlyMap<string, { before: readonly Programmed[]; now: readonly Programmed[] }> {
    const { underway } = this;
    const done = new Map<string, { before: readonly Programmed[]; now: readonly Programmed[] }>();
    if (underway === undefined) return done;
    this.underway = undefined;
    for (const [key, now] of underway.next) {
      const known = this.services.get(key)!;
      done.set(key, { before: known.programmed, now });
      this.leftovers ||= loses(known.programmed, now);
      known.programmed = now;
      if (known.service === undefined && known.slices.size === 0 && !this.changed.has(key)) this.services.delete(key);
      if (this.written !== "all") this.written.add(key);
    }
    if (underway.full) {
      this.written = "all";
      this.leftovers = true;
    }
    return done;
  }

  private count(programmed: readonly Programmed[], sign: 1 | -1): void {
    const { total } = this;
    total.ports += sign * programmed.length;
    for (const { rules } of programmed) {
      total.filter += sign * rules.filter.length;
      total.nat += sign * rules.nat.length;
      total.own += sign * rules.ownRules;
    }
  }

  private rulesFor(port: ServicePort, endpoints: EndpointSet): Programmed {
    const { name, address, zone } = this.node;
    const fromNode = port.sourceRanges.some((range) => inNetwork(range, address));
    const local = usesLocalEndpoints(port) ? name : "";
    const hinted = zone !== undefined && endpoints.list.some(({ zones }) => zones.length > 0) ? zone : "";
    const variant = `${this.large} ${fromNode} ${local} ${hinted} ${this.optionsKey}`;
    const made = endpoints.made as Programmed[];
    for (const each of made) if (each.port === port && each.variant === variant) return each;
    const choice = categorize(endpoints.list, port, name, zone);
    const rules = portRules(port, choice, this.options, fromNode, this.large);
    const programmed = { port, endpoints, variant, choice, rules };
    // What belongs to an older form of the same Service is of no use any longer.
    const current = made.filter((each) => each.port === port || each.port.name !== port.name);
    made.splice(0, made.length, ...current, programmed);
    return programmed;
  }

  /** Stale chains are looked for seldom. */
  get isLarge(): boolean {
    return this.large;
  }

  /** What is programmed: Service ports in the order of their lines. */
  *programmed(): Iterable<Programmed> {
    for (const known of this.services.values()) yield* known.programmed;
  }

  /** Service ports of one Service (`namespace/name`) as programmed. */
  programmedOf(service: string): readonly Programmed[] {
    return this.services.get(service)?.programmed ?? [];
  }

  /**
   * The input of iptables-restore for all syncs since the last call: what several wrote one after another, in one.
   * @param existing  nat's chains, to find those that no Service uses any longer when some may have been left
   */
  take(existing?: Iterable<string>): [TableInput, TableInput] {
    const { written } = this;
    this.written = new Set();
    const ports: { rules: PortRules; rewrite: boolean }[] = [];
    for (const [key, { programmed }] of this.services) {
      const rewrite = written === "all" || written.has(key);
      for (const { rules } of programmed) ports.push({ rules, rewrite });
    }
    return restoreInput(ports, this.stale(existing), this.options);
  }

  private stale(existing: Iterable<string> | undefined): string[] {
    if (!this.leftovers || existing === undefined) return [];
    this.leftovers = false;
    let active: Set<string> | undefined;
    const out: string[] = [];
    for (const chain of existing) {
      if (!isServiceChain(chain)) continue;
      if (active === undefined) {
        active = new Set();
        for (const { rules } of this.programmed()) {
          for (const each of rules.chains) active.add(each);
          for (const each of rules.endpointChains().values()) active.add(each);
        }
      }
      if (!active.has(chain)) out.push(chain);
    }
    return out;
  }
}

/** Whether a chain of the former is none of the latter's. */
function loses(before: readonly Programmed[], now: readonly Programmed[]): boolean {
  if (before.length === 0) return false;
  const own = new Set<string>();
  for (const { rules } of now) {
    for (const chain of rules.chains) own.add(chain);
    for (const chain of rules.endpointChains().values()) own.add(chain);
  }
  return before.some(
    ({ rules }) =>
      rules.chains.some((chain) => !own.has(chain)) ||
      [...rules.endpointChains().values()].some((chain) => !own.has(chain)),
  );
}

function signature(service: KubeObject | undefined): string {
  return service === undefined
    ? ""
    : portsOf(service)
        .map((port) => port.signature)
        .join("\n");
}
