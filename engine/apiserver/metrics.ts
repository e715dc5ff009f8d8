import { BUILD_HELP, buildLabels } from "../api/build-info.ts";
import { Exposition } from "../text/exposition.ts";
import type { RequestInfo } from "./requestinfo.ts";
import type { ApiServer } from "./server.ts";

const VERBS: Readonly<Record<string, string>> = { create: "POST", update: "PUT" };
const CONNECTS = new Set(["attach", "exec", "portforward", "proxy"]);

/** Requests of one kind: the same labels but for the code of the answer. */
interface Row {
  readonly labels: Readonly<Record<string, string>>;
  readonly codes: Map<number, number>;
}

/** What kube-apiserver counts (apiserver pkg/endpoints/metrics/metrics.go), as far as it is known here. */
export class ApiMetrics {
  private readonly server: ApiServer;
  private readonly startedAt: number;
  private readonly rows = new Map<string, Row>();
  /** Requests that come again are the same value: their row is found at once. */
  private known = new WeakMap<RequestInfo, Row>();

  constructor(server: ApiServer) {
    this.server = server;
    this.startedAt = server.kernel.wallMs;
  }

  /** A request has been answered. */
  count(info: RequestInfo, code: number): void {
    let row = this.known.get(info);
    if (row === undefined) this.known.set(info, (row = this.row(info)));
    row.codes.set(code, (row.codes.get(code) ?? 0) + 1);
  }

  private row(info: RequestInfo): Row {
    const { group, resource, version, isResource } = info;
    const dryRun = info.query.get("dryRun") ?? "";
    const scope = scopeOf(info);
    const subresource = isResource ? info.subresource : info.path;
    const verb = CONNECTS.has(info.subresource) ? "CONNECT" : (VERBS[info.verb] ?? info.verb.toUpperCase());
    const key = `${dryRun} ${group} ${resource} ${scope} ${subresource} ${verb} ${version}`;
    let row = this.rows.get(key);
    if (row === undefined) {
      const labels = { component: "apiserver", dry_run: dryRun, group, resource, scope, subresource, verb, version };
      this.rows.set(key, (row = { labels, codes: new Map() }));
    }
    return row;
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
      "apiserver_request_total",
      "counter",
      "[STABLE] Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.",
      [...this.rows.values()]
        .flatMap(({ labels, codes }) =>
          [...codes].map(([code, value]) => ({ labels: { code: String(code), ...labels }, value })),
        )
        .sort((a, b) => (Object.values(a.labels).join() < Object.values(b.labels).join() ? -1 : 1)),
    );
    out.add(
      "apiserver_storage_objects",
      "gauge",
      "[STABLE] Number of stored objects at the time of last check split by kind. In case of a fetching error, the value will be -1.",
      [...registry.kinds]
        .map(({ resource: { group, resource, version } }) => ({
          labels: { resource: group === "" ? resource : `${resource}.${group}` },
          value: registry.cacheOf(group, version, resource)?.everything().length ?? 0,
        }))
        .filter(({ value }) => value > 0)
        .sort((a, b) => (a.labels.resource < b.labels.resource ? -1 : 1)),
    );
    out.add("kubernetes_build_info", "gauge", BUILD_HELP, [{ labels: buildLabels(this.server.release), value: 1 }]);
    out.add(
      "process_start_time_seconds",
      "gauge",
      "[ALPHA] Start time of the process since unix epoch in seconds.",
      this.startedAt / 1000,
    );
    return out.page();
  }
}

/** requestinfo's scope (metrics.go CleanScope). */
function scopeOf({ name, verb, namespace, isResource }: RequestInfo): string {
  if (name !== "" || (isResource && verb === "create")) return "resource";
  if (namespace !== "") return "namespace";
  return isResource ? "cluster" : "";
}
