/** A point of a container's or a node's figures, as a kubelet's /metrics/resource gives them. */
export interface Point {
  /** ms since 1970. */
  at: number;
  /** ms since 1970; 0: not told. */
  startedAt: number;
  /** CPU since the start, in ns. */
  cpu: number;
  /** Working set in bytes. */
  memory: number;
}

export interface Scrape {
  node: Point | undefined;
  /** `namespace/pod` → container → point. */
  pods: Map<string, Map<string, Point>>;
}

type Field = "cpu" | "memory" | "startedAt";

/** What a metric is about, which field it gives, and what its unit is worth in the field's. */
const METRICS: Readonly<Record<string, readonly ["node" | "container", Field, number]>> = {
  node_cpu_usage_seconds_total: ["node", "cpu", 1e9],
  node_memory_working_set_bytes: ["node", "memory", 1],
  container_cpu_usage_seconds_total: ["container", "cpu", 1e9],
  container_memory_working_set_bytes: ["container", "memory", 1],
  container_start_time_seconds: ["container", "startedAt", 1e3],
};

const LINE = /^([a-z_]+)(?:\{([^}]*)\})? (\S+)(?: (\d+))?$/;
const LABEL = /([a-z]+)="([^"]*)"/g;

/** Reads the Prometheus text of /metrics/resource (metrics-server pkg/scraper/client/resource/decode.go). Lines it does not need are passed over. */
export function readScrape(text: string): Scrape {
  const scrape: Scrape = { node: undefined, pods: new Map() };
  for (const line of text.split("\n")) {
    if (line.startsWith("#")) continue;
    const [, name = "", labels = "", value = "", at] = LINE.exec(line) ?? [];
    const known = METRICS[name];
    if (known === undefined) continue;
    const [about, field, unit] = known;
    const point = about === "node" ? (scrape.node ??= empty()) : containerPoint(scrape, labels);
    point[field] = Math.round(Number(value) * unit);
    if (at !== undefined) point.at = Number(at);
  }
  return scrape;
}

const empty = (): Point => ({ at: 0, startedAt: 0, cpu: 0, memory: 0 });

function containerPoint({ pods }: Scrape, labels: string): Point {
  const all: Record<string, string> = {};
  for (const [, name, value] of labels.matchAll(LABEL)) all[name!] = value!;
  const key = `${all["namespace"]}/${all["pod"]}`;
  let pod = pods.get(key);
  if (pod === undefined) pods.set(key, (pod = new Map()));
  const container = all["container"] ?? "";
  let point = pod.get(container);
  if (point === undefined) pod.set(container, (point = empty()));
  return point;
}
