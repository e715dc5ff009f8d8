import { formatTime } from "../../api/time.ts";
import { Exposition } from "../../text/exposition.ts";
import { groupUse, machineUse } from "../cpu.ts";
import { writtenBytes } from "../disk.ts";
import type { Machine } from "../machine.ts";
import { usedKib } from "../memory.ts";
import type { Container } from "../runtime/index.ts";
import { diskOf, logBytes, podUsage, volumeUsage } from "./eviction/usage.ts";
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
  container: Container;
  cgroup: string;
  /** Virtual time in µs. */
  startedAt: number;
}

interface PodUse extends Use {
  pod: Pod;
  startedAt: number;
  containers: ContainerUse[];
}

export function nodeUse(machine: Machine): Use {
  return { us: machineUse(machine.processes.values(), machine.cpu), kib: usedKib(machine) };
}

/** Running containers of the node's Pods, sandboxes' own use included in the Pod's. */
export function podUses(kubelet: Kubelet): PodUse[] {
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
      const { cgroup } = one.process.ns;
      own.push({ name, container: one, cgroup, startedAt: one.startedAt, ...useOf(cgroup) });
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

/** The family of metrics of one thing that runs: its labels, its use, when it began. */
interface Family {
  readonly labels: Readonly<Record<string, string>>;
  readonly us: number;
  readonly kib: number;
  readonly startedAt: number;
}

export const podLabels = ({ metadata }: Pod) => ({ namespace: metadata.namespace!, pod: metadata.name });

/** /metrics/resource: the few figures that metrics-server asks for (pkg/kubelet/metrics/collectors/resource_metrics.go). */
export function resourceMetrics(kubelet: Kubelet): string {
  const { machine, kernel } = kubelet;
  const at = Math.floor(kernel.wallMs);
  const node: Family = { labels: {}, startedAt: 0, ...nodeUse(machine) };
  const pods = podUses(kubelet);
  const containers = pods.flatMap(({ pod, containers: own }) =>
    own.map((one): Family => ({ ...one, labels: { container: one.name, ...podLabels(pod) } })),
  );
  const each = pods.map((one): Family => ({ ...one, labels: podLabels(one.pod) }));
  const out = new Exposition();
  const cpu = (name: string, what: string, from: readonly Family[]) =>
    out.add(
      `${name}_cpu_usage_seconds_total`,
      "counter",
      `[STABLE] Cumulative cpu time consumed by the ${what} in core-seconds`,
      from.map(({ labels, us }) => ({ labels, value: us / 1_000_000, at })),
    );
  const memory = (name: string, what: string, from: readonly Family[]) =>
    out.add(
      `${name}_memory_working_set_bytes`,
      "gauge",
      `[STABLE] Current working set of the ${what} in bytes`,
      from.map(({ labels, kib }) => ({ labels, value: kib * 1024, at })),
    );
  cpu("container", "container", containers);
  memory("container", "container", containers);
  out.add(
    "container_start_time_seconds",
    "gauge",
    "[STABLE] Start time of the container since unix epoch in seconds",
    containers.map(({ labels, startedAt }) => ({ labels, value: (kernel.epochMs * 1000 + startedAt) / 1_000_000 })),
  );
  cpu("node", "node", [node]);
  memory("node", "node", [node]);
  cpu("pod", "pod", each);
  memory("pod", "pod", each);
  out.add(
    "resource_scrape_error",
    "gauge",
    "[STABLE] 1 if there was an error while getting container metrics, 0 otherwise",
    0,
  );
  return out.page();
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
  const disk = { availableBytes: machine.disk.availableKib * 1024, capacityBytes: machine.disk.sizeKib * 1024 };
  const onDisk = (usedBytes: number) => ({ time, ...disk, usedBytes });
  const volumes = (pod: Pod) => [...volumeUsage(kubelet, pod)];
  return {
    node: {
      nodeName,
      startTime: startTime(machine.bootedAt),
      cpu: node.cpu,
      memory: { ...node.memory, availableBytes: Math.max(0, capacity - node.memory.workingSetBytes) },
      fs: {
        time,
        ...disk,
        usedBytes: machine.disk.usedKib * 1024,
      },
      runtime: {
        imageFs: { time, ...disk, usedBytes: machine.disk.images },
        containerFs: { time, ...disk, usedBytes: 0 },
      },
    },
    pods: podUses(kubelet).map((one) => ({
      podRef: { name: one.pod.metadata.name, namespace: one.pod.metadata.namespace, uid: one.pod.metadata.uid },
      startTime: startTime(one.startedAt),
      containers: one.containers.map((container) => ({
        name: container.name,
        startTime: startTime(container.startedAt),
        ...figures(container, container.startedAt),
        rootfs: onDisk(writtenBytes(container.container.rootfs)),
        logs: onDisk(logBytes(container.container)),
      })),
      ...figures(one, one.startedAt),
      volume: volumes(one.pod).map(([name, bytes]) => ({ ...onDisk(bytes), name })),
      "ephemeral-storage": onDisk(diskOf(podUsage(kubelet, one.pod))),
    })),
  };
}
