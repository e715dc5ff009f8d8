import type { Process } from "../../machine/process.ts";
import { processFamilies } from "../../machine/process-metrics.ts";
import { Exposition, type Sample } from "../../text/exposition.ts";
import { exponentialBounds, Histogram } from "../../text/histogram.ts";

type Labels = Readonly<Record<string, string>>;

/** Seconds and bytes (plugin/plugin.go TimeBuckets, plugin/metrics/vars/vars.go). */
const SECONDS = exponentialBounds(0.00025, 2, 16);
const BYTES = [0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16_000, 32_000, 48_000, 64_000];

/** Families by their names without `coredns_`: type, what they are, and the bounds of a histogram. */
const FAMILIES: Readonly<Record<string, readonly ["counter" | "gauge" | "histogram", string, (readonly number[])?]>> = {
  build_info: [
    "gauge",
    "A metric with a constant '1' value labeled by version, revision, and goversion from which CoreDNS was built.",
  ],
  cache_entries: ["gauge", "The number of elements in the cache."],
  cache_hits_total: ["counter", "The count of cache hits."],
  cache_misses_total: [
    "counter",
    "The count of cache misses. Deprecated, derive misses from cache hits/requests counters.",
  ],
  cache_requests_total: ["counter", "The count of cache requests."],
  dns_request_duration_seconds: [
    "histogram",
    "Histogram of the time (in seconds) each request took per zone.",
    SECONDS,
  ],
  dns_request_size_bytes: [
    "histogram",
    "Size of the EDNS0 UDP buffer in bytes (64K for TCP) per zone and protocol.",
    BYTES,
  ],
  dns_requests_total: ["counter", "Counter of DNS requests made per zone, protocol and family."],
  dns_response_size_bytes: ["histogram", "Size of the returned response in bytes.", BYTES],
  dns_responses_total: ["counter", "Counter of response status codes."],
  forward_healthcheck_broken_total: ["counter", "Counter of the number of complete failures of the healthchecks."],
  forward_max_concurrent_rejects_total: [
    "counter",
    "Counter of the number of queries rejected because the concurrent queries were at maximum.",
  ],
  health_request_failures_total: ["counter", "The number of times the health check failed."],
  hosts_reload_timestamp_seconds: ["gauge", "The timestamp of the last reload of hosts file."],
  local_localhost_requests_total: ["counter", "Counter of localhost.<domain> requests."],
  panics_total: ["counter", "A metrics that counts the number of panics."],
  plugin_enabled: ["gauge", "A metric that indicates whether a plugin is enabled on per server and zone basis."],
  proxy_request_duration_seconds: ["histogram", "Histogram of the time each request took.", SECONDS],
  reload_failed_total: ["counter", "Counter of the number of failed reload attempts."],
};

/** Those without labels are there from the start. */
const FROM_THE_START = [
  "forward_healthcheck_broken_total",
  "forward_max_concurrent_rejects_total",
  "health_request_failures_total",
  "hosts_reload_timestamp_seconds",
  "local_localhost_requests_total",
  "panics_total",
  "reload_failed_total",
];

/** Types of questions that are counted by name (plugin/metrics/vars/monitor.go). */
const TYPES = new Set("A AAAA ANY CNAME DNSKEY DS HTTPS MX NS NSEC NSEC3 OPT PTR RRSIG SOA SRV TXT".split(" "));

/** Samples of a family as they are now. */
export interface Gauge {
  readonly name: string;
  readonly samples: readonly Sample[];
}

export const typeLabel = (type: string): string => (TYPES.has(type) ? type : "other");

/** What the plugin prometheus shows. Names are given without `coredns_`, labels in the order of their names. */
export class DnsMetrics {
  private readonly counts = new Map<string, Map<string, { labels: Labels; value: number }>>();
  private readonly times = new Map<string, Map<string, { labels: Labels; histogram: Histogram }>>();

  constructor() {
    for (const name of FROM_THE_START) this.counts.set(name, new Map([["", { labels: {}, value: 0 }]]));
  }

  count(name: string, labels: Labels): void {
    const row = rowOf(this.counts, name, labels, () => ({ labels, value: 0 }));
    row.value++;
  }

  observe(name: string, labels: Labels, value: number): void {
    const bounds = FAMILIES[name]?.[2] ?? [];
    rowOf(this.times, name, labels, () => ({ labels, histogram: new Histogram(bounds) })).histogram.observe(value);
  }

  /** The page; `gauges`: what is looked at for it. */
  page(p: Process, gauges: readonly Gauge[]): string {
    const out = new Exposition();
    const byLabels = <T extends { labels: Labels }>(rows: Iterable<T>): T[] =>
      [...rows].sort((a, b) => (Object.values(a.labels).join() < Object.values(b.labels).join() ? -1 : 1));
    for (const [name, [type, help]] of Object.entries(FAMILIES)) {
      const rows = byLabels(this.counts.get(name)?.values() ?? []);
      const times = byLabels(this.times.get(name)?.values() ?? []);
      const seen = gauges.filter((one) => one.name === name).flatMap(({ samples }) => samples);
      out.add(`coredns_${name}`, type, help, [
        ...rows,
        ...times.flatMap(({ labels, histogram }) => histogram.samples(labels)),
        ...seen,
      ]);
    }
    processFamilies(out, p, "go1.21.11", "");
    return out.page();
  }
}

function rowOf<T>(families: Map<string, Map<string, T>>, name: string, labels: Labels, make: () => T): T {
  let rows = families.get(name);
  if (rows === undefined) families.set(name, (rows = new Map()));
  const key = Object.values(labels).join("\n");
  let row = rows.get(key);
  if (row === undefined) rows.set(key, (row = make()));
  return row;
}
