import { addQuantities, compareQuantities, milliValue, type Quantity, quantity } from "../../api/quantity.ts";
import { parseFieldSelector, parseLabelSelector } from "../../api/selector.ts";
import { parseTime } from "../../api/time.ts";
import type { KubeList, KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import { ACCEPT, Discovery, type DiscoveryList } from "./discovery.ts";
import { KubectlError, usageError } from "./errors.ts";
import { compareStrings, durationText } from "./go.ts";
import { goSort } from "./go-sort.ts";
import type { Invocation } from "./invocation.ts";
import { newTabWriter, type TabWriter } from "./printers/tabwriter.ts";

const RESOURCES = ["cpu", "memory"] as const;
const METRICS = "/apis/metrics.k8s.io/v1beta1";
/** A Pod younger than this, in ms, may have no metrics yet. */
const CREATION_DELAY = 120_000;

type Usage = Readonly<Record<(typeof RESOURCES)[number], Quantity>>;

const ZERO: Usage = { cpu: quantity("0"), memory: quantity("0") };

/** kubectl top: what the metrics API says (cmd/top, metricsutil). */
export function* top(k: Invocation): Gen<number> {
  const { flags, args } = k;
  const sortBy = flags.string("sort-by");
  const pods = flags.path === "top pod";
  if (args.length > 1) throw usageError(flags.path, `${pods ? "pod" : "node"} [NAME | -l label]`);
  if (sortBy !== "" && sortBy !== "cpu" && sortBy !== "memory") {
    throw new KubectlError("--sort-by accepts only cpu or memory");
  }
  const selected = flags.string("selector") !== "" || (pods && flags.string("field-selector") !== "");
  if (args.length > 0 && selected) {
    throw new KubectlError(`only one of NAME or ${pods ? "" : "--"}selector can be provided`);
  }
  const labels = parseLabelSelector(flags.string("selector"));
  if ("error" in labels) throw new KubectlError(labels.error);
  const fields = pods ? parseFieldSelector(flags.string("field-selector")) : [];
  if ("error" in fields) throw new KubectlError(fields.error);
  const served = (yield* groupsOf(k)).groupVersions.includes("metrics.k8s.io/v1beta1");
  if (!served) throw new KubectlError("Metrics API not available");
  if (pods) yield* topPods(k, args[0], sortBy);
  else yield* topNodes(k, args[0], sortBy);
  return 0;
}

/** What the server serves, asked anew by a client that keeps nothing. */
function* groupsOf(k: Invocation): Gen<Discovery> {
  const lists: DiscoveryList[] = [];
  for (const path of ["/api", "/apis"]) {
    lists.push((yield* k.object("GET", path, undefined, { accept: ACCEPT })) as unknown as DiscoveryList);
  }
  return new Discovery(lists);
}

function* fetchMetrics(k: Invocation, path: string, name: string | undefined): Gen<KubeObject[]> {
  if (name !== undefined) return [yield* k.object("GET", `${path}/${encodeURIComponent(name)}`)];
  const query = selectors(k);
  const list = (yield* k.object("GET", `${path}${query}`)) as unknown as KubeList;
  return [...list.items];
}

function selectors({ flags }: Invocation): string {
  const query: string[] = [];
  const labels = flags.string("selector");
  const fields = flags.path === "top pod" ? flags.string("field-selector") : "";
  if (fields !== "") query.push(`fieldSelector=${encodeURIComponent(fields)}`);
  if (labels !== "") query.push(`labelSelector=${encodeURIComponent(labels)}`);
  return query.length === 0 ? "" : `?${query.join("&")}`;
}

function usageOf(usage: Record<string, string>): Usage {
  return { cpu: quantity(usage["cpu"] ?? "0"), memory: quantity(usage["memory"] ?? "0") };
}

function sum(all: readonly Usage[]): Usage {
  return all.reduce<Usage>(
    (total, one) => ({
      cpu: addQuantities(total.cpu, one.cpu),
      memory: addQuantities(total.memory, one.memory),
    }),
    ZERO,
  );
}

const ceilDiv = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;
const milli = ({ nano }: Quantity): bigint => ceilDiv(nano, 1_000_000n);
const whole = ({ nano }: Quantity): bigint => ceilDiv(nano, 1_000_000_000n);

/** `82m` or `839Mi`. */
function printed(resource: (typeof RESOURCES)[number], value: Quantity): string {
  return resource === "cpu" ? `${milli(value)}m` : `${whole(value) / (1024n * 1024n)}Mi`;
}

function cellsOf(usage: Usage, allocatable?: Record<string, string>): string {
  let text = "";
  for (const resource of RESOURCES) {
    text += `${printed(resource, usage[resource])}\t`;
    const available = allocatable?.[resource];
    if (available === undefined) continue;
    const of = milli(quantity(available));
    text += `${of === 0n ? 0n : (milli(usage[resource]) * 100n) / of}%\t`;
  }
  return text;
}

function* topNodes(k: Invocation, name: string | undefined, sortBy: string): Gen {
  const metrics = yield* fetchMetrics(k, `${METRICS}/nodes`, name);
  if (metrics.length === 0) throw new KubectlError("metrics not available yet");
  const nodes =
    name === undefined
      ? ((yield* k.object("GET", `/api/v1/nodes${selectors(k)}`)) as unknown as KubeList).items
      : [yield* k.object("GET", `/api/v1/nodes/${encodeURIComponent(name)}`)];
  const allocatable = new Map(nodes.map((node) => [node.metadata.name, node["status"]?.allocatable ?? {}]));
  const rows = metrics.map((one) => ({ key: one.metadata.name, usage: usageOf(one["usage"]) }));
  const writer = newTabWriter();
  if (!k.flags.bool("no-headers")) writer.write("NAME\tCPU(cores)\tCPU(%)\tMEMORY(bytes)\tMEMORY(%)\t\n");
  for (const { key, usage } of sorted(rows, sortBy)) {
    writer.write(`${key}\t${cellsOf(usage, allocatable.get(key))}\n`);
    allocatable.delete(key);
  }
  for (const key of allocatable.keys()) writer.write(`${key}\t<unknown>\t<unknown>\t<unknown>\t<unknown>\t\n`);
  k.out(writer.flush());
}

/** By name, or by a resource with the largest first. */
function sorted<T extends { key: string; usage: Usage }>(rows: readonly T[], sortBy: string): T[] {
  // Whole millicores are compared: what differs by less keeps its order (metricsutil PodMetricsSorter).
  if (sortBy === "cpu") return goSort(rows, (a, b) => milliValue(a.usage.cpu) > milliValue(b.usage.cpu));
  if (sortBy === "memory") {
    return goSort(rows, (a, b) => compareQuantities(a.usage.memory, b.usage.memory) > 0);
  }
  return [...rows].sort((a, b) => compareStrings(a.key, b.key));
}

interface PodRow {
  key: string;
  usage: Usage;
  namespace: string;
  name: string;
  containers: { key: string; usage: Usage }[];
}

function* topPods(k: Invocation, name: string | undefined, sortBy: string): Gen {
  const { flags } = k;
  const all = flags.bool("all-namespaces");
  const namespace = all ? "" : k.namespace;
  const path = namespace === "" ? `${METRICS}/pods` : `${METRICS}/namespaces/${namespace}/pods`;
  const metrics = yield* fetchMetrics(k, path, name);
  if (metrics.length === 0) {
    yield* explainNone(k, namespace);
    k.err(all ? "No resources found\n" : `No resources found in ${namespace} namespace.\n`);
    return;
  }
  const rows = metrics.map((pod): PodRow => {
    const containers = (pod["containers"] as { name: string; usage: Record<string, string> }[]).map((one) => ({
      key: one.name,
      usage: usageOf(one.usage),
    }));
    const { name: own, namespace: space = "" } = pod.metadata;
    const key = all ? `${space}\0${own}` : own;
    return { key, namespace: space, name: own, containers, usage: sum(containers.map(({ usage }) => usage)) };
  });
  const byContainer = flags.bool("containers");
  const writer = newTabWriter();
  if (!flags.bool("no-headers")) {
    writer.write(`${all ? "NAMESPACE\t" : ""}${byContainer ? "POD\t" : ""}NAME\tCPU(cores)\tMEMORY(bytes)\t\n`);
  }
  const ordered = sorted(rows, sortBy);
  for (const row of ordered) {
    const head = all ? `${row.namespace}\t` : "";
    if (!byContainer) writer.write(`${head}${row.name}\t${cellsOf(row.usage)}\n`);
    else
      for (const { key, usage } of sorted(row.containers, sortBy)) {
        writer.write(`${head}${row.name}\t${key}\t${cellsOf(usage)}\n`);
      }
  }
  if (flags.bool("sum")) writeSum(writer, ordered, (all ? 1 : 0) + (byContainer ? 1 : 0), flags.bool("no-headers"));
  k.out(writer.flush());
}

/** `before`: columns in front of the name. They are counted where the headers are printed, so not without them. */
function writeSum(writer: TabWriter, rows: readonly PodRow[], before: number, noHeaders: boolean): void {
  const blank = "\t".repeat(noHeaders ? 1 : before + 1);
  writer.write(`${blank}________\t________\t\n`);
  writer.write(`${blank}${cellsOf(sum(rows.map(({ usage }) => usage)))}\n`);
}

/** Why there is nothing: an error when a Pod that should have metrics has none, or none are measured yet. */
function* explainNone(k: Invocation, namespace: string): Gen {
  const path = namespace === "" ? "/api/v1/pods" : `/api/v1/namespaces/${namespace}/pods`;
  const pods = ((yield* k.object("GET", `${path}${selectors(k)}`)) as unknown as KubeList).items;
  if (pods.length === 0) return;
  for (const { metadata } of pods) {
    const age = k.nowMs - (parseTime(metadata.creationTimestamp ?? "") ?? k.nowMs);
    if (age <= CREATION_DELAY) continue;
    const { namespace: space, name } = metadata;
    throw new KubectlError(`Metrics not available for pod ${space}/${name}, age: ${durationText(age * 1e6)}`);
  }
  throw new KubectlError("metrics not available yet");
}
