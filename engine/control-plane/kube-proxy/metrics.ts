import { Exposition, type Sample } from "../../text/exposition.ts";
import { exponentialBounds, Histogram } from "../../text/histogram.ts";
import type { Programmed, SyncResult } from "./proxier.ts";
import { externallyAccessible } from "./service-ports.ts";

const steps = (first: number, step: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => first + i * step);

/** Upper bounds of the duration histograms in seconds: ExponentialBuckets(0.001, 2, 15). */
const BOUNDS = exponentialBounds(0.001, 2, 15);
/** Of the time from a change to its rules, in seconds. */
const PROGRAMMING_BOUNDS = [0, 0.25, 0.5, ...steps(1, 1, 59), ...steps(60, 5, 12), ...steps(120, 30, 7)];

/** Policies of Services that want endpoints on this node. */
export interface NoLocalEndpoints {
  internal: number;
  external: number;
}

/** Service ports whose policy keeps traffic here, where only other nodes have endpoints. */
export function countNoLocalEndpoints(programmed: Iterable<Programmed>): NoLocalEndpoints {
  const counts = { internal: 0, external: 0 };
  for (const { port, choice } of programmed) {
    if (!choice.any || choice.local.length > 0) continue;
    if (port.internalLocal) counts.internal++;
    if (port.externalLocal && externallyAccessible(port)) counts.external++;
  }
  return counts;
}

/** What kube-proxy measures of itself (pkg/proxy/metrics/metrics.go, 1.32): what each mode registers differs. */
export class ProxyMetrics {
  private readonly mode: "iptables" | "ipvs" | "nftables";
  private readonly all = new Histogram(BOUNDS);
  private readonly full = new Histogram(BOUNDS);
  private readonly partial = new Histogram(BOUNDS);
  private readonly programming = new Histogram(PROGRAMMING_BOUNDS);
  queuedAt = 0;
  syncedAt = 0;
  services = { pending: 0, total: 0 };
  endpoints = { pending: 0, total: 0 };
  /** Of iptables-restore, or of nft. */
  failures = 0;
  /** Those of iptables-restore after which all rules were written anew. */
  partialFailures = 0;
  /** Counted when somebody looks. */
  noLocalEndpoints: () => NoLocalEndpoints = () => ({ internal: 0, external: 0 });
  private readonly healthz = new Map<number, number>();
  private readonly livez = new Map<number, number>();
  private last: SyncResult | undefined;
  /** When what waits for the next sync changed, and what waits for its end: seconds since 1970. */
  private changedAt: number[] = [];
  private underway: number[] = [];

  constructor(mode: "iptables" | "ipvs" | "nftables") {
    this.mode = mode;
  }

  /** An EndpointSlice has come whose endpoints changed at a time (seconds since 1970). */
  changed(at: number): void {
    this.changedAt.push(at);
  }

  /** A sync begins: it is about what has come so far. */
  syncing(): void {
    this.underway.push(...this.changedAt.splice(0));
  }

  /** A sync has ended: how long it took in µs, and when (seconds since 1970). */
  synced(result: SyncResult, micros: number, at: number): void {
    const seconds = micros / 1_000_000;
    this.all.observe(seconds);
    (result.full ? this.full : this.partial).observe(seconds);
    for (const since of this.underway.splice(0)) this.programming.observe(at - since);
    this.last = result;
    this.syncedAt = at;
    this.services.pending = 0;
    this.endpoints.pending = 0;
  }

  /** Somebody has asked how it is, and was answered with a status. */
  asked(path: "healthz" | "livez", status: number): void {
    this[path].set(status, (this[path].get(status) ?? 0) + 1);
  }

  /** The page in Prometheus' text form. */
  page(process?: (out: Exposition) => void): string {
    const out = new Exposition();
    process?.(out);
    const { mode, last } = this;
    const rules = "sync_proxy_rules";
    const add = (name: string, type: "counter" | "gauge", help: string, samples: readonly Sample[] | number) =>
      out.add(`kubeproxy_${name}`, type, `[ALPHA] ${help}`, samples);
    const histogram = (name: string, help: string, values: Histogram) =>
      out.add(`kubeproxy_${name}`, "histogram", `[ALPHA] ${help}`, values.samples());
    const labelled = (label: string, values: Iterable<[string, number]>): Sample[] =>
      [...values].map(([key, value]) => ({ labels: { [label]: key }, value }));
    const tables = (counts: { filter: number; nat: number } | undefined): Sample[] =>
      labelled(
        "table",
        counts === undefined
          ? []
          : [
              ["filter", counts.filter],
              ["nat", counts.nat],
            ],
      );
    const probes = (name: "healthz" | "livez") => {
      const counts = [...this[name]].sort(([a], [b]) => a - b);
      const help = `Cumulative proxy ${name} HTTP status`;
      add(
        `proxy_${name}_total`,
        "counter",
        help,
        labelled(
          "code",
          counts.map(([code, n]) => [`${code}`, n]),
        ),
      );
    };
    histogram(
      "network_programming_duration_seconds",
      "In Cluster Network Programming Latency in seconds",
      this.programming,
    );
    probes("healthz");
    probes("livez");
    if (mode === "iptables") {
      const what = "SyncProxyRules latency in seconds for";
      histogram("sync_full_proxy_rules_duration_seconds", `${what} full resyncs`, this.full);
      histogram("sync_partial_proxy_rules_duration_seconds", `${what} partial resyncs`, this.partial);
    }
    histogram(`${rules}_duration_seconds`, "SyncProxyRules latency in seconds", this.all);
    add(`${rules}_endpoint_changes_pending`, "gauge", "Pending proxy rules Endpoint changes", this.endpoints.pending);
    add(`${rules}_endpoint_changes_total`, "counter", "Cumulative proxy rules Endpoint changes", this.endpoints.total);
    if (mode === "iptables") {
      const help = "Number of iptables rules written by kube-proxy in last sync";
      add(`${rules}_iptables_last`, "gauge", help, tables(last?.written));
      const partial = "Cumulative proxy iptables partial restore failures";
      add(`${rules}_iptables_partial_restore_failures_total`, "counter", partial, this.partialFailures);
    }
    if (mode !== "nftables") {
      const help = "Cumulative proxy iptables restore failures";
      add(`${rules}_iptables_restore_failures_total`, "counter", help, this.failures);
    }
    if (mode === "iptables") {
      const help = "Total number of iptables rules owned by kube-proxy";
      add(`${rules}_iptables_total`, "gauge", help, tables(last?.rules));
    }
    const queued = "The last time a sync of proxy rules was queued";
    add(`${rules}_last_queued_timestamp_seconds`, "gauge", queued, this.queuedAt);
    const synced = "The last time proxy rules were successfully synced";
    add(`${rules}_last_timestamp_seconds`, "gauge", synced, this.syncedAt);
    if (mode === "nftables") {
      add(`${rules}_nftables_cleanup_failures_total`, "counter", "Cumulative proxy nftables cleanup failures", 0);
      add(`${rules}_nftables_sync_failures_total`, "counter", "Cumulative proxy nftables sync failures", this.failures);
    }
    const local =
      last === undefined ? [] : Object.entries(this.noLocalEndpoints()).sort(([a], [b]) => (a < b ? -1 : 1));
    const help = "Number of services with a Local traffic policy and no endpoints";
    add(`${rules}_no_local_endpoints_total`, "gauge", help, labelled("traffic_policy", local));
    add(`${rules}_service_changes_pending`, "gauge", "Pending proxy rules Service changes", this.services.pending);
    add(`${rules}_service_changes_total`, "counter", "Cumulative proxy rules Service changes", this.services.total);
    return out.page();
  }
}
