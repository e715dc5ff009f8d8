import type { HttpRequest, HttpResponse } from "../../api/http.ts";
import { matchesFields, matchesLabels, parseFieldSelector, parseLabelSelector } from "../../api/selector.ts";
import { failure, notFound, StatusError } from "../../api/status.ts";
import { formatTime } from "../../api/time.ts";
import type { KubeObject } from "../../api/types.ts";
import { formOf } from "../../apiserver/accept.ts";
import { encode } from "../../kernel/index.ts";
import type { Measured, MetricsStorage, Usage } from "./storage.ts";

const GROUP = "metrics.k8s.io";
const API_VERSION = `${GROUP}/v1beta1`;
const ROOT = `/apis/${API_VERSION}`;

/** What the API is answered from. */
export interface MetricsSource {
  readonly storage: MetricsStorage;
  nodes(): Iterable<KubeObject>;
  pods(): Iterable<KubeObject>;
  /** ms since 1970. */
  nowMs(): number;
}

const json = (value: unknown, status = 200): HttpResponse => ({
  status,
  headers: { "content-type": "application/json" },
  body: { type: "object", value },
});

const resource = (name: string, kind: string, namespaced: boolean): object => ({
  name,
  singularName: "",
  namespaced,
  kind,
  verbs: ["get", "list"],
});

/** metrics.k8s.io/v1beta1 (k8s.io/metrics, metrics-server pkg/api). Undefined for a path that is not its own. */
export function answerMetrics(source: MetricsSource, request: HttpRequest): HttpResponse | undefined {
  const url = new URL(request.path, "http://metrics-server");
  const path = url.pathname.replace(/\/$/, "");
  if (path === ROOT) {
    const resources = [resource("nodes", "NodeMetrics", false), resource("pods", "PodMetrics", true)];
    return json({ kind: "APIResourceList", apiVersion: "v1", groupVersion: API_VERSION, resources });
  }
  if (!path.startsWith(`${ROOT}/`)) return undefined;
  const parts = path
    .slice(ROOT.length + 1)
    .split("/")
    .map(decodeURIComponent);
  const [namespace, [plural, name, ...more]] =
    parts[0] === "namespaces" && parts.length > 2 ? [parts[1]!, parts.slice(2)] : ["", parts];
  if (more.length > 0 || (plural !== "nodes" && plural !== "pods")) return undefined;
  try {
    if (request.method !== "GET")
      throw failure(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
    const all = plural === "nodes" ? nodeMetrics(source) : podMetrics(source, namespace);
    if (name === undefined) return list(source, plural, select(all, url.searchParams), request);
    const found = all.find(({ metadata }) => metadata.name === name);
    if (found === undefined) {
      throw plural === "nodes"
        ? notFound(GROUP, "nodemetrics", name)
        : notFound(GROUP, "podmetrics", `${namespace}/${name}`);
    }
    return formOf(request.headers["accept"]) === "table" ? json(table(source, plural, [found])) : json(found);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return json(error.status, error.status.code);
  }
}

function select(all: KubeObject[], query: URLSearchParams): KubeObject[] {
  const labels = parseLabelSelector(query.get("labelSelector") ?? "");
  if ("error" in labels) throw failure(400, "BadRequest", labels.error);
  const fields = parseFieldSelector(query.get("fieldSelector") ?? "");
  if ("error" in fields) throw failure(400, "BadRequest", fields.error);
  return all.filter(({ metadata }) => {
    const { name, namespace = "" } = metadata;
    const own = { "metadata.name": name, "metadata.namespace": namespace };
    return matchesLabels(labels, metadata.labels ?? {}) && matchesFields(fields, own);
  });
}

/** `4423519n` and `18072Ki`: CPU as nanocores, memory in the largest binary unit that divides it. */
function usageOf({ cpu, memory }: Usage): object {
  return { cpu: cpu === 0 ? "0" : `${cpu}n`, memory: memory % 1024 === 0 ? `${memory / 1024}Ki` : String(memory) };
}

function stamped({ metadata }: KubeObject, { at, windowMs }: Measured<unknown>, nowMs: number, kind: string) {
  const { name, namespace, labels } = metadata;
  return {
    kind,
    apiVersion: API_VERSION,
    metadata: {
      name,
      ...(namespace && { namespace }),
      creationTimestamp: formatTime(nowMs),
      ...(labels && { labels }),
    },
    timestamp: formatTime(at),
    window: `${windowMs / 1000}s`,
  };
}

function nodeMetrics(source: MetricsSource): KubeObject[] {
  const out: KubeObject[] = [];
  for (const node of source.nodes()) {
    const measured = source.storage.node(node.metadata.name);
    if (measured === undefined) continue;
    out.push({ ...stamped(node, measured, source.nowMs(), "NodeMetrics"), usage: usageOf(measured.usage) } as never);
  }
  return out.sort(byKey);
}

function podMetrics(source: MetricsSource, namespace: string): KubeObject[] {
  const out: KubeObject[] = [];
  for (const pod of source.pods()) {
    if (namespace !== "" && pod.metadata.namespace !== namespace) continue;
    const measured = source.storage.pod(keyOf(pod));
    if (measured === undefined) continue;
    const containers = [...measured.usage].map(([name, usage]) => ({ name, usage: usageOf(usage) }));
    out.push({ ...stamped(pod, measured, source.nowMs(), "PodMetrics"), containers } as never);
  }
  return out.sort(byKey);
}

const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ""}/${metadata.name}`;
const byKey = (a: KubeObject, b: KubeObject): number => (keyOf(a) < keyOf(b) ? -1 : 1);

function list(source: MetricsSource, plural: string, items: KubeObject[], request: HttpRequest): HttpResponse {
  if (formOf(request.headers["accept"]) === "table") return json(table(source, plural, items));
  const bare = items.map(({ kind: _kind, apiVersion: _version, ...rest }) => rest);
  const kind = plural === "nodes" ? "NodeMetricsList" : "PodMetricsList";
  return json({ kind, apiVersion: API_VERSION, metadata: {}, items: bare });
}

/** Rows for `kubectl get nodes.metrics.k8s.io` (metrics-server pkg/api/table.go). */
function table(source: MetricsSource, plural: string, items: readonly KubeObject[]): object {
  const column = (name: string, format = "", type = "string") => ({ name, type, format, description: "", priority: 0 });
  const rows = items.map((item) => {
    const measured =
      plural === "nodes" ? source.storage.node(item.metadata.name)! : summed(source.storage.pod(keyOf(item))!);
    const { cpu, memory } = usageOf(measured.usage) as { cpu: string; memory: string };
    const { metadata } = item;
    const object = { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata };
    return { cells: [metadata.name, cpu, memory, item["window"]], object };
  });
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata: {},
    columnDefinitions: [column("Name", "name"), column("cpu"), column("memory"), column("Window")],
    rows,
  };
}

function summed({ usage, ...rest }: Measured<ReadonlyMap<string, Usage>>): Measured<Usage> {
  const total = { cpu: 0, memory: 0 };
  for (const { cpu, memory } of usage.values()) {
    total.cpu += cpu;
    total.memory += memory;
  }
  return { ...rest, usage: total };
}

/** Text of a health page: each check with a line when one fails (apiserver pkg/server/healthz). */
export function healthText(name: string, checks: readonly (readonly [string, boolean])[]): HttpResponse {
  const well = checks.every(([, passes]) => passes);
  const lines = checks.map(([check, passes]) =>
    passes ? `[+]${check} ok\n` : `[-]${check} failed: reason withheld\n`,
  );
  const text = well ? "ok" : `${lines.join("")}${name} check failed\n`;
  return {
    status: well ? 200 : 500,
    headers: { "content-type": "text/plain; charset=utf-8" },
    body: { type: "bytes", bytes: encode(text) },
  };
}
