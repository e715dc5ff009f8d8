import { BUILD_HELP, buildInfo, buildLabels } from "../../api/build-info.ts";
import { requestCounts } from "../../api/request-counts.ts";
import { Exposition, type Sample } from "../../text/exposition.ts";
import { processFamilies } from "../process-metrics.ts";
import type { Kubelet } from "./kubelet.ts";
import { nodeUse, podLabels, podUses } from "./stats.ts";

/** What a kubelet has started since it began. */
export class Tally {
  pods = 0;
  readonly containers = new Map<string, number>();

  started(type: "container" | "ephemeral_container" | "init_container" | "podSandbox"): void {
    this.containers.set(type, (this.containers.get(type) ?? 0) + 1);
  }
}

/** A control group with what cAdvisor says of it. */
interface Group {
  readonly labels: Readonly<Record<string, string>>;
  readonly us: number;
  readonly kib: number;
  /** µs of virtual time. */
  readonly startedAt: number;
}

/**
 * /metrics/cadvisor: CPU and memory of the node's control groups, those of Pods and their containers (pkg/kubelet/server,
 * cadvisor metrics/prometheus.go). A Pod's own group has no container's name.
 */
export function cadvisorMetrics(kubelet: Kubelet): string {
  const { kernel, machine } = kubelet;
  const at = Math.floor(kernel.wallMs);
  const root = { container: "", id: "/", image: "", name: "", namespace: "", pod: "" };
  const groups: Group[] = [{ labels: root, startedAt: machine.bootedAt, ...nodeUse(machine) }];
  for (const { pod, containers, ...whole } of podUses(kubelet)) {
    const own = podLabels(pod);
    const id = containers[0]!.cgroup.replace(/\/[^/]*$/, "");
    groups.push({ ...whole, labels: { container: "", id, image: "", name: "", ...own } });
    for (const { cgroup, container, name, ...use } of containers) {
      const labels = { container: name, id: cgroup, image: container.image.reference, name: container.id, ...own };
      groups.push({ ...use, labels });
    }
  }
  const out = new Exposition();
  const gauge = (name: string, help: string, value: (group: Group) => number) =>
    out.add(
      name,
      "gauge",
      help,
      groups.map((group) => ({ labels: group.labels, value: value(group), at })),
    );
  out.add(
    "container_cpu_usage_seconds_total",
    "counter",
    "Cumulative cpu time consumed in seconds.",
    groups.map(({ labels, us }) => {
      const { container = "", ...rest } = labels;
      return { labels: { container, cpu: "total", ...rest }, value: us / 1_000_000, at };
    }),
  );
  const bytes = ({ kib }: Group) => kib * 1024;
  gauge("container_last_seen", "Last time a container was seen by the exporter", () => Math.floor(at / 1000));
  gauge("container_memory_cache", "Number of bytes of page cache memory.", () => 0);
  gauge("container_memory_rss", "Size of RSS in bytes.", bytes);
  gauge(
    "container_memory_usage_bytes",
    "Current memory usage in bytes, including all memory regardless of when it was accessed",
    bytes,
  );
  gauge("container_memory_working_set_bytes", "Current working set in bytes.", bytes);
  gauge("container_start_time_seconds", "Start time of the container since unix epoch in seconds.", ({ startedAt }) =>
    Math.floor((kernel.epochMs * 1000 + startedAt) / 1_000_000),
  );
  const { cpus, memoryKib } = machine.hardware;
  out.add("machine_cpu_cores", "gauge", "Number of logical CPU cores.", cpus);
  out.add("machine_memory_bytes", "gauge", "Amount of memory installed on the machine.", memoryKib * 1024);
  return out.page();
}

/** /metrics/probes (pkg/kubelet/prober/prober_manager.go). */
export function probeMetrics(kubelet: Kubelet): string {
  const out = new Exposition();
  const samples: Sample[] = [];
  for (const { pod, container, type, counts } of kubelet.probes.counted()) {
    for (const [result, value] of Object.entries(counts)) {
      if (value === 0) continue;
      const { namespace, pod: name } = podLabels(pod);
      const labels = { container, namespace, pod: name, pod_uid: pod.metadata.uid, probe_type: type, result };
      samples.push({ labels, value });
    }
  }
  out.add(
    "prober_probe_total",
    "counter",
    "[ALPHA] Cumulative number of a liveness, readiness or startup probe for a container by result.",
    samples.sort((a, b) => (Object.values(a.labels!).join() < Object.values(b.labels!).join() ? -1 : 1)),
  );
  return out.page();
}

/** /metrics: what the kubelet counts of itself (pkg/kubelet/metrics/metrics.go), as far as it is known here. */
export function kubeletMetrics(kubelet: Kubelet): string {
  const { nodeName, runtime, tally, process, release } = kubelet;
  const states = new Map<string, number>();
  for (const { state } of runtime.containers.values()) states.set(state, (states.get(state) ?? 0) + 1);
  const byState = (label: string, counts: ReadonlyMap<string, number>): Sample[] =>
    [...counts].sort().map(([key, value]) => ({ labels: { [label]: key }, value }));
  const pods = [...kubelet.workers.values()];
  const fixed = pods.filter(({ pod }) => pod.metadata.annotations?.["kubernetes.io/config.source"] === "file").length;
  const out = new Exposition();
  out.add(
    "kubelet_active_pods",
    "gauge",
    "[ALPHA] The number of pods the kubelet considers active and which are being considered when admitting new pods. static is true if the pod is not from the apiserver.",
    [
      { labels: { static: "" }, value: pods.length - fixed },
      { labels: { static: "true" }, value: fixed },
    ],
  );
  out.add("kubelet_node_name", "gauge", "[ALPHA] The node's name. The count is always 1.", [
    { labels: { node: nodeName }, value: 1 },
  ]);
  out.add(
    "kubelet_running_containers",
    "gauge",
    "[ALPHA] Number of containers currently running",
    byState("container_state", states),
  );
  out.add(
    "kubelet_running_pods",
    "gauge",
    "[ALPHA] Number of pods that have a running pod sandbox",
    [...runtime.sandboxes.values()].filter(({ state }) => state === "ready").length,
  );
  out.add(
    "kubelet_started_containers_total",
    "counter",
    "[ALPHA] Cumulative number of containers started",
    byState("container_type", tally.containers),
  );
  out.add("kubelet_started_pods_total", "counter", "[ALPHA] Cumulative number of pods started", tally.pods);
  out.add("kubernetes_build_info", "gauge", BUILD_HELP, [{ labels: buildLabels(release), value: 1 }]);
  processFamilies(out, process, buildInfo(release).goVersion);
  requestCounts(process).families(out);
  return out.page();
}
