import { formatTime } from "../../api/time.ts";
import { usedKib } from "../base/proc.ts";
import { groupUse, machineUse } from "../cpu.ts";
import type { Machine } from "../machine.ts";
import type { Kubelet } from "./kubelet.ts";
import { runtimePod } from "./runtime-view.ts";
import type { Pod } from "./types.ts";

/** What a control group used at an instant: CPU in µs since its start, working set in KiB. */
interface Use {
  us: number;
  kib: number;
}

interface ContainerUse extends Use {
  name: string;
  /** Virtual time in µs. */
  startedAt: number;
}

interface PodUse extends Use {
  pod: Pod;
  startedAt: number;
  containers: ContainerUse[];
}

function nodeUse(machine: Machine): Use {
  return { us: machineUse(machine.processes.values(), machine.cpu), kib: usedKib(machine) };
}

/** Running containers of the node's Pods, sandboxes' own use included in the Pod's. */
function podUses(kubelet: Kubelet): PodUse[] {
  const { machine, runtime } = kubelet;
  const out: PodUse[] = [];
  const processes = [...machine.processes.values()];
  const useOf = (cgroup: string): Use => groupUse(processes, cgroup, machine.cpu);
  for (const { pod, state } of kubelet.workers.values()) {
    if (state === "terminated") continue;
    const { sandboxes, containers } = runtimePod(runtime, pod.metadata.uid);
    const [sandbox] = sandboxes;
    if (sandbox === undefined || sandbox.state !== "ready") continue;
    const seen = new Set<string>();
    const own: ContainerUse[] = [];
    for (const one of containers) {
      const { name } = one.config.metadata;
      if (one.state !== "running" || one.process === undefined || seen.has(name)) continue;
      seen.add(name);
      own.push({ name, startedAt: one.startedAt, ...useOf(one.process.ns.cgroup) });
    }
    if (own.length === 0) continue;
    const total = useOf(sandbox.pause.ns.cgroup);
    for (const { us, kib } of own) {
      total.us += us;
      total.kib += kib;
    }
    out.push({ pod, startedAt: sandbox.createdAt, containers: own.reverse(), ...total });
  }
  return out;
}

const seconds = (us: number): string => String(us / 1_000_000);

/** /metrics/resource: the few figures that metrics-server asks for (pkg/kubelet/metrics/collectors/resource_metrics.go). */
export function resourceMetrics(kubelet: Kubelet): string {
  const { machine, kernel } = kubelet;
  const at = Math.floor(kernel.wallMs);
  const node = nodeUse(machine);
  const pods = podUses(kubelet);
  const containers = pods.flatMap(({ pod, containers: own }) =>
    own.map((one) => ({ labels: `container="${one.name}",${podLabels(pod)}`, ...one })),
  );
  const each = pods.map((one) => ({ labels: podLabels(one.pod), ...one }));
  const started = (us: number): string => `${(kernel.epochMs * 1000 + us) / 1_000_000}`;
  let text = "";
  const metric = (name: string, type: string, help: string, lines: readonly string[]): void => {
    if (lines.length > 0) text += `# HELP ${name} [STABLE] ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
  };
  const line = (name: string, labels: string, value: string, stamped = true): string =>
    `${name}${labels === "" ? "" : `{${labels}}`} ${value}${stamped ? ` ${at}` : ""}\n`;
  const cpu = "Cumulative cpu time consumed by the";
  const memory = "Current working set of the";
  metric(
    "container_cpu_usage_seconds_total",
    "counter",
    `${cpu} container in core-seconds`,
    containers.map(({ labels, us }) => line("container_cpu_usage_seconds_total", labels, seconds(us))),
  );
  metric(
    "container_memory_working_set_bytes",
    "gauge",
    `${memory} container in bytes`,
    containers.map(({ labels, kib }) => line("container_memory_working_set_bytes", labels, String(kib * 1024))),
  );
  metric(
    "container_start_time_seconds",
    "gauge",
    "Start time of the container since unix epoch in seconds",
    containers.map(({ labels, startedAt }) => line("container_start_time_seconds", labels, started(startedAt), false)),
  );
  metric("node_cpu_usage_seconds_total", "counter", `${cpu} node in core-seconds`, [
    line("node_cpu_usage_seconds_total", "", seconds(node.us)),
  ]);
  metric("node_memory_working_set_bytes", "gauge", `${memory} node in bytes`, [
    line("node_memory_working_set_bytes", "", String(node.kib * 1024)),
  ]);
  metric(
    "pod_cpu_usage_seconds_total",
    "counter",
    `${cpu} pod in core-seconds`,
    each.map(({ labels, us }) => line("pod_cpu_usage_seconds_total", labels, seconds(us))),
  );
  metric(
    "pod_memory_working_set_bytes",
    "gauge",
    `${memory} pod in bytes`,
    each.map(({ labels, kib }) => line("pod_memory_working_set_bytes", labels, String(kib * 1024))),
  );
  metric("resource_scrape_error", "gauge", "1 if there was an error while getting container metrics, 0 otherwise", [
    line("resource_scrape_error", "", "0", false),
  ]);
  return text;
}

function podLabels({ metadata }: Pod): string {
  return `namespace="${metadata.namespace}",pod="${metadata.name}"`;
}

/** /stats/summary (kubelet/pkg/apis/stats/v1alpha1). Rates are over the time since the start, since nothing samples in between. */
export function statsSummary(kubelet: Kubelet): object {
  const { machine, kernel, nodeName } = kubelet;
  const time = formatTime(kernel.wallMs);
  const startTime = (us: number): string => formatTime(kernel.epochMs + us / 1000);
  const capacity = machine.hardware.memoryKib * 1024;
  const figures = ({ us, kib }: Use, since: number) => {
    const bytes = kib * 1024;
    const nanoCores = Math.floor((us * 1e9) / Math.max(1, kernel.now - since));
    return {
      cpu: { time, usageNanoCores: nanoCores, usageCoreNanoSeconds: us * 1000 },
      memory: { time, usageBytes: bytes, workingSetBytes: bytes, rssBytes: bytes, pageFaults: 0, majorPageFaults: 0 },
    };
  };
  const node = figures(nodeUse(machine), machine.bootedAt);
  return {
    node: {
      nodeName,
      startTime: startTime(machine.bootedAt),
      cpu: node.cpu,
      memory: { ...node.memory, availableBytes: Math.max(0, capacity - node.memory.workingSetBytes) },
      fs: {
        time,
        availableBytes: machine.hardware.diskKib * 1024 - machine.diskUsed,
        capacityBytes: machine.hardware.diskKib * 1024,
        usedBytes: machine.diskUsed,
      },
    },
    pods: podUses(kubelet).map((one) => ({
      podRef: { name: one.pod.metadata.name, namespace: one.pod.metadata.namespace, uid: one.pod.metadata.uid },
      startTime: startTime(one.startedAt),
      containers: one.containers.map((container) => ({
        name: container.name,
        startTime: startTime(container.startedAt),
        ...figures(container, container.startedAt),
      })),
      ...figures(one, one.startedAt),
    })),
  };
}
