import type { Exposition } from "../text/exposition.ts";
import { Histogram } from "../text/histogram.ts";

/** Seconds (component-base metrics/prometheus/restclient/metrics.go). */
const BOUNDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];

/** What the clients of a program count of their requests. */
export class RequestCounts {
  private readonly codes = new Map<string, { labels: Record<string, string>; count: number }>();
  private readonly times = new Map<string, { labels: Record<string, string>; histogram: Histogram }>();

  /** A request has been answered with a code, or failed (`<error>`), after this many µs. */
  add(method: string, host: string, code: string, micros?: number): void {
    const key = `${code} ${host} ${method}`;
    let row = this.codes.get(key);
    if (row === undefined) this.codes.set(key, (row = { labels: { code, host, method }, count: 0 }));
    row.count++;
    if (micros === undefined) return;
    const place = `${host} ${method}`;
    let time = this.times.get(place);
    if (time === undefined) {
      time = { labels: { host, verb: method }, histogram: new Histogram(BOUNDS) };
      this.times.set(place, time);
    }
    time.histogram.observe(micros / 1_000_000);
  }

  families(out: Exposition): void {
    const byKey = <T>(rows: ReadonlyMap<string, T>): T[] =>
      [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
    out.add(
      "rest_client_request_duration_seconds",
      "histogram",
      "[ALPHA] Request latency in seconds. Broken down by verb, and host.",
      byKey(this.times).flatMap(({ labels, histogram }) => histogram.samples(labels)),
    );
    out.add(
      "rest_client_requests_total",
      "counter",
      "[ALPHA] Number of HTTP requests, partitioned by status code, method, and host.",
      byKey(this.codes).map(({ labels, count }) => ({ labels, value: count })),
    );
  }
}

const counts = new WeakMap<object, RequestCounts>();

/** Those of a process. */
export function requestCounts(process: object): RequestCounts {
  let found = counts.get(process);
  if (found === undefined) counts.set(process, (found = new RequestCounts()));
  return found;
}
