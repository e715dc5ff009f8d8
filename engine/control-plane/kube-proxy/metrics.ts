import { Exposition, goFloat, type Sample } from "../../text/exposition.ts";
import type { SyncResult } from "./proxier.ts";

/** Upper bounds of the duration histograms in seconds: ExponentialBuckets(0.001, 2, 15). */
const BOUNDS = Array.from({ length: 15 }, (_, i) => 2 ** i / 1000);

class Histogram {
  private readonly counts = BOUNDS.map(() => 0);
  private sum = 0;
  private total = 0;

  observe(seconds: number): void {
    this.sum += seconds;
    this.total++;
    for (const [i, bound] of BOUNDS.entries()) if (seconds <= bound) this.counts[i]!++;
  }

  samples(): Sample[] {
    const bucket = (le: string, value: number): Sample => ({ suffix: "_bucket", labels: { le }, value });
    return [
      ...BOUNDS.map((bound, i) => bucket(goFloat(bound), this.counts[i]!)),
      bucket("+Inf", this.total),
      { suffix: "_sum", value: this.sum },
      { suffix: "_count", value: this.total },
    ];
  }
}

/** What kube-proxy measures of itself (pkg/proxy/metrics/metrics.go, 1.32), iptables mode. */
export class ProxyMetrics {
  readonly all = new Histogram();
  readonly full = new Histogram();
  readonly partial = new Histogram();
  queuedAt = 0;
  syncedAt = 0;
  services = { pending: 0, total: 0 };
  endpoints = { pending: 0, total: 0 };
  restoreFailures = 0;
  private last: SyncResult | undefined;

  /** A sync has ended: how long it took in µs, and when (seconds since 1970). */
  synced(result: SyncResult, micros: number, at: number): void {
    const seconds = micros / 1_000_000;
    this.all.observe(seconds);
    (result.full ? this.full : this.partial).observe(seconds);
    this.last = result;
    this.syncedAt = at;
    this.services.pending = 0;
    this.endpoints.pending = 0;
  }

  /** The page in Prometheus' text form. */
  page(): string {
    const out = new Exposition();
    const add = (name: string, type: "counter" | "gauge", help: string, samples: readonly Sample[] | number) =>
      out.add(`kubeproxy_${name}`, type, `[ALPHA] ${help}`, samples);
    const histogram = (name: string, help: string, values: Histogram) =>
      out.add(`kubeproxy_${name}`, "histogram", `[ALPHA] ${help}`, values.samples());
    const tables = (counts: { filter: number; nat: number } | undefined): Sample[] =>
      counts === undefined
        ? []
        : (["filter", "nat"] as const).map((table) => ({ labels: { table }, value: counts[table] }));
    const rules = "sync_proxy_rules";
    histogram(
      "sync_full_proxy_rules_duration_seconds",
      "SyncProxyRules latency in seconds for full resyncs",
      this.full,
    );
    histogram(
      "sync_partial_proxy_rules_duration_seconds",
      "SyncProxyRules latency in seconds for partial resyncs",
      this.partial,
    );
    histogram(`${rules}_duration_seconds`, "SyncProxyRules latency in seconds", this.all);
    add(`${rules}_endpoint_changes_pending`, "gauge", "Pending proxy rules Endpoint changes", this.endpoints.pending);
    add(`${rules}_endpoint_changes_total`, "counter", "Cumulative proxy rules Endpoint changes", this.endpoints.total);
    add(
      `${rules}_iptables_last`,
      "gauge",
      "Number of iptables rules written by kube-proxy in last sync",
      tables(this.last?.written),
    );
    add(
      `${rules}_iptables_restore_failures_total`,
      "counter",
      "Cumulative proxy iptables restore failures",
      this.restoreFailures,
    );
    add(
      `${rules}_iptables_total`,
      "gauge",
      "Total number of iptables rules owned by kube-proxy",
      tables(this.last?.rules),
    );
    add(
      `${rules}_last_queued_timestamp_seconds`,
      "gauge",
      "The last time a sync of proxy rules was queued",
      this.queuedAt,
    );
    add(
      `${rules}_last_timestamp_seconds`,
      "gauge",
      "The last time proxy rules were successfully synced",
      this.syncedAt,
    );
    add(`${rules}_service_changes_pending`, "gauge", "Pending proxy rules Service changes", this.services.pending);
    add(`${rules}_service_changes_total`, "counter", "Cumulative proxy rules Service changes", this.services.total);
    return out.page();
  }
}
