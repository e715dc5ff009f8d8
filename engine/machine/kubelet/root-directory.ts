import { klog } from "../../api/klog.ts";
import { socketNode } from "../inode.ts";
import type { Process } from "../process.ts";
import * as sys from "../sys.ts";
import { CPU_STATE, cpuPolicyProblem } from "./cpu-manager.ts";

const ROOT = "/var/lib/kubelet";
const DIRECTORIES = ["device-plugins", "plugins", "plugins_registry", "pod-resources", "pods"];
const SOCKETS = ["device-plugins/kubelet.sock", "pod-resources/kubelet.sock"];
const MEMORY_STATE = `${ROOT}/memory_manager_state`;

/**
 * What the managers of CPUs and memory keep while they manage nothing: always the same (pkg/kubelet/cm/cpumanager/state,
 * memorymanager/state; the sums are of Go's print of the structs).
 */
const IDLE_CPU = '{"policyName":"none","defaultCpuSet":"","checksum":1353318690}';
const IDLE_MEMORY = '{"policyName":"None","machineState":{},"checksum":4236770233}';

/** Makes the directories, sockets and files that a kubelet has below its root (pkg/kubelet/kubelet.go setupDataDirs). */
export function setUpRoot(p: Process, configuration: object): void {
  for (const name of DIRECTORIES) {
    if (sys.find(p, `${ROOT}/${name}`) === undefined) sys.mkdir(p, `${ROOT}/${name}`, 0o750);
  }
  for (const name of SOCKETS) {
    const path = `${ROOT}/${name}`;
    if (sys.find(p, path) !== undefined) sys.unlink(p, path);
    sys.link(p, path, socketNode({ mode: 0o755, time: p.machine.kernel.now }));
  }
  const { cpuManagerPolicy, memoryManagerPolicy } = configuration as Record<string, unknown>;
  const put = (path: string, text: string) => {
    if (sys.find(p, path) === undefined) sys.writeText(p, path, text, 0o600);
  };
  if (cpuManagerPolicy === "none") put(CPU_STATE, IDLE_CPU);
  if (memoryManagerPolicy === "None") put(MEMORY_STATE, IDLE_MEMORY);
}

/**
 * Lines of a kubelet that was given a CPU policy which it cannot have, or another than the one whose state lies there, which
 * ends it (pkg/kubelet/cm/cpumanager/state/state_checkpoint.go); undefined where the two agree.
 */
export function policyClash(p: Process, configuration: object): string[] | undefined {
  const problem = cpuPolicyProblem(configuration);
  if (problem !== undefined) {
    const tell = (source: string, message: string, err: string) =>
      klog(p.machine.kernel, p.pid, "E", source, message, { err });
    return [
      tell("container_manager_linux.go:333", "Failed to initialize cpu manager", problem),
      tell("run.go:72", "command failed", `failed to run Kubelet: ${problem}`),
    ];
  }
  if (sys.find(p, CPU_STATE)?.kind !== "file") return undefined;
  const { cpuManagerPolicy: policy } = configuration as { cpuManagerPolicy: string };
  const [, kept] = /"policyName":"([^"]*)"/.exec(sys.readText(p, CPU_STATE)) ?? [];
  if (kept === undefined || kept === policy) return undefined;
  const why =
    `could not restore state from checkpoint: configured policy ${JSON.stringify(policy)} differs from state checkpoint ` +
    `policy ${JSON.stringify(kept)}, please drain this node and delete the CPU manager checkpoint file ` +
    `${JSON.stringify(CPU_STATE)} before restarting Kubelet`;
  const line = (source: string, message: string, err: string) =>
    klog(p.machine.kernel, p.pid, "E", source, message, { err });
  const advice = "Could not initialize checkpoint manager, please drain node and remove policy state file";
  return [
    line("cpu_manager.go:235", advice, why),
    line("kubelet.go:1511", "Failed to start ContainerManager", `start cpu manager error: ${why}`),
  ];
}
