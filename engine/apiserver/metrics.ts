import { BUILD_HELP, buildLabels } from "../api/build-info.ts";
import type { KindDef } from "../api/kind.ts";
import { Exposition, type Sample } from "../text/exposition.ts";
import { Histogram } from "../text/histogram.ts";
import type { RequestInfo } from "./requestinfo.ts";
import type { ApiServer } from "./server.ts";

const VERBS: Readonly<Record<string, string>> = { create: "POST", update: "PUT" };
const CONNECTS = new Set(["attach", "exec", "portforward", "proxy"]);

/** Seconds (apiserver pkg/endpoints/metrics/metrics.go, pkg/storage/etcd3/metrics/metrics.go). */
const SECONDS = [
  ...[0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60],
];

/** What a request that went well asked of etcd. What watch caches answer, they do not ask. */
const ETCD_VERBS: Readonly<Record<string, string>> = {
  get: "get",
  create: "create",
  update: "update",
  patch: "update",
  delete: "delete",
};
/** Subresources that are written as their objects are. */
const WRITTEN = new Set(["", "status", "scale", "approval", "finalize", "resize", "ephemeralcontainers", "binding"]);

interface EtcdRow {
  readonly labels: Readonly<Record<string, string>>;
  readonly times: Histogram;
  count: number;
}

/** Requests of one kind: the same labels but for the code of the answer. */
interface Row {
  readonly labels: Readonly<Record<string, string>>;
  readonly codes: Map<number, number>;
  readonly times: Histogram;
  readonly etcd: EtcdRow | undefined;
}

/** What kube-apiserver counts (apiserver pkg/endpoints/metrics/metrics.go), as far as it is known here. */
export class ApiMetrics {
  /** Requests that are being answered. */
  readonly inflight = { mutating: 0, readOnly: 0 };
  private readonly server: ApiServer;
  private readonly rows = new Map<string, Row>();
  private readonly etcd = new Map<string, EtcdRow>();
  /** Requests that come again are the same value: their row is found at once. */
  private readonly known = new WeakMap<RequestInfo, Row>();
  private readonly applies = new WeakMap<RequestInfo, Row>();

  constructor(server: ApiServer) {
    this.server = server;
  }

  /** A request has been answered after this many µs. `applied`: a server-side apply. */
  count(info: RequestInfo, code: number, micros: number, applied = false): void {
    const known = applied ? this.applies : this.known;
    let row = known.get(info);
    if (row === undefined) known.set(info, (row = this.row(info, applied)));
    row.codes.set(code, (row.codes.get(code) ?? 0) + 1);
    const seconds = micros / 1_000_000;
    row.times.observe(seconds);
    if (row.etcd === undefined || code >= 300) return;
    row.etcd.times.observe(seconds);
    row.etcd.count++;
  }

  private row(info: RequestInfo, applied: boolean): Row {
    const { group, resource, version, isResource } = info;
    const dryRun = info.query.get("dryRun") ?? "";
    const scope = scopeOf(info);
    const subresource = isResource ? info.subresource : info.path;
    const verb = applied ? "APPLY" : verbOf(info);
    const key = `${dryRun} ${group} ${resource} ${scope} ${subresource} ${verb} ${version}`;
    let row = this.rows.get(key);
    if (row === undefined) {
      const labels = { component: "apiserver", dry_run: dryRun, group, resource, scope, subresource, verb, version };
      const etcd = dryRun === "" ? this.etcdRow(info) : undefined;
      this.rows.set(key, (row = { labels, codes: new Map(), times: new Histogram(SECONDS), etcd }));
    }
    return row;
  }

  private etcdRow({ group, version, resource, verb, subresource, isResource }: RequestInfo): EtcdRow | undefined {
    const operation = ETCD_VERBS[verb];
    if (!isResource || operation === undefined || !WRITTEN.has(subresource)) return undefined;
    if (!this.server.registry.kind(group, version, resource)?.etcdPrefix) return undefined;
    const type = typeOf(group, resource);
    const key = `${operation} ${type}`;
    let row = this.etcd.get(key);
    if (row === undefined) {
      row = { labels: { operation, type }, times: new Histogram(SECONDS), count: 0 };
      this.etcd.set(key, row);
    }
    return row;
  }

  private watched(): Sample[] {
    const rows = new Map<string, { labels: Record<string, string>; value: number }>();
    for (const info of this.server.watched()) {
      const { group, resource, subresource, version } = info;
      const labels = {
        component: "apiserver",
        group,
        resource,
        scope: scopeOf(info),
        subresource,
        verb: "WATCH",
        version,
      };
      const key = Object.values(labels).join();
      const row = rows.get(key);
      if (row === undefined) rows.set(key, { labels, value: 1 });
      else row.value++;
    }
    return byLabels([...rows.values()]);
  }

  /** The page `/metrics`, families in the order of their names. */
  page(): string {
    const out = new Exposition();
    const { registry } = this.server;
    out.add(
      "apiserver_audit_event_total",
      "counter",
      "[ALPHA] Counter of audit events generated and sent to the audit backend.",
      this.server.audit.sent,
    );
    out.add(
      "apiserver_current_inflight_requests",
      "gauge",
      "[STABLE] Maximal number of currently used inflight request limit of this apiserver per request kind in last second.",
      Object.entries(this.inflight).map(([request_kind, value]) => ({ labels: { request_kind }, value })),
    );
    out.add(
      "apiserver_longrunning_requests",
      "gauge",
      "[STABLE] Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component. Not all requests are tracked this way.",
      this.watched(),
    );
    out.add(
      "apiserver_request_duration_seconds",
      "histogram",
      "[STABLE] Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.",
      byLabels([...this.rows.values()]).flatMap(({ labels, times }) => times.samples(labels)),
    );
    const deprecated = [...this.rows.values()].filter(({ labels }) => labels["resource"] === "componentstatuses");
    out.add(
      "apiserver_requested_deprecated_apis",
      "gauge",
      "[STABLE] Gauge of deprecated APIs that have been requested, broken out by API group, version, resource, subresource, and removed_release.",
      deprecated.slice(0, 1).map(({ labels: { group = "", resource = "", subresource = "", version = "" } }) => ({
        labels: { group, removed_release: "", resource, subresource, version },
        value: 1,
      })),
    );
    const etcd = byLabels([...this.etcd.values()]).filter(({ count }) => count > 0);
    out.add(
      "etcd_request_duration_seconds",
      "histogram",
      "[ALPHA] Etcd request latency in seconds for each operation and object type.",
      etcd.flatMap(({ labels, times }) => times.samples(labels)),
    );
    out.add(
      "etcd_requests_total",
      "counter",
      "[ALPHA] Etcd request counts for each operation and object type.",
      etcd.map(({ labels, count }) => ({ labels, value: count })),
    );
    out.add(
      "apiserver_request_total",
      "counter",
      "[STABLE] Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.",
      byLabels(
        [...this.rows.values()].flatMap(({ labels, codes }) =>
          [...codes].map(([code, value]) => ({ labels: { code: String(code), ...labels }, value })),
        ),
      ),
    );
    out.add(
      "apiserver_storage_objects",
      "gauge",
      "[STABLE] Number of stored objects at the time of last check split by kind. In case of a fetching error, the value will be -1.",
      byLabels(
        [...new Map(registry.kinds.filter(stored).map((def) => [def.etcdPrefix, def])).values()].map(
          ({ resource: { group, resource, version } }) => ({
            labels: { resource: typeOf(group, resource) },
            value: registry.cacheOf(group, version, resource)?.everything().length ?? 0,
          }),
        ),
      ),
    );
    out.add("kubernetes_build_info", "gauge", BUILD_HELP, [{ labels: buildLabels(this.server.release), value: 1 }]);
    this.server.ownFamilies?.(out);
    return out.page();
  }
}

const stored = ({ etcdPrefix, resource }: KindDef): boolean => etcdPrefix !== "" && resource.group !== "events.k8s.io";

const typeOf = (group: string, resource: string): string => (group === "" ? resource : `${resource}.${group}`);

function verbOf({ verb, subresource }: RequestInfo): string {
  return CONNECTS.has(subresource) ? "CONNECT" : (VERBS[verb] ?? verb.toUpperCase());
}

function byLabels<T extends { readonly labels: Readonly<Record<string, string>> }>(rows: T[]): T[] {
  const key = ({ labels }: T) => Object.values(labels).join();
  return rows.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** requestinfo's scope (metrics.go CleanScope). */
function scopeOf({ name, verb, namespace, isResource }: RequestInfo): string {
  if (name !== "" || (isResource && verb === "create")) return "resource";
  if (namespace !== "") return "namespace";
  return isResource ? "cluster" : "";
}
