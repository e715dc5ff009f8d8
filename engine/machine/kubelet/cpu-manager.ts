import { milliUnits } from "../../api/quantity.ts";
import { fnv1a } from "../../kernel/index.ts";
import { cpuList, parseCpuList } from "../cpu-list.ts";
import type { Process } from "../process.ts";
import type { ContainerRuntime } from "../runtime/index.ts";
import * as sys from "../sys.ts";
import type { Refusal } from "./admission.ts";
import { qosClass } from "./resources.ts";
import { type ContainerSpec, isSidecar, type Pod } from "./types.ts";

export const CPU_STATE = "/var/lib/kubelet/cpu_manager_state";

/** CPUs by container, by the Pod's uid. */
type Entries = Map<string, Map<string, readonly number[]>>;

interface Said {
  cpuManagerPolicy?: string;
  kubeReserved?: Record<string, string>;
  systemReserved?: Record<string, string>;
  reservedSystemCPUs?: string;
}

/** CPUs that Pods never get for themselves: whole ones of what is reserved, or those that are named. */
function reservedOf(said: Said): number | readonly number[] {
  if (said.reservedSystemCPUs) return parseCpuList(said.reservedSystemCPUs);
  const milli = [said.kubeReserved, said.systemReserved].map((one) => (one?.["cpu"] ? milliUnits(one["cpu"]) : 0));
  return Math.ceil(milli.reduce((sum, one) => sum + one, 0) / 1000);
}

/** Why the policy cannot be had with this configuration (pkg/kubelet/cm/cpumanager/cpu_manager.go NewManager). */
export function cpuPolicyProblem(configuration: object): string | undefined {
  const said = configuration as Said;
  if (said.cpuManagerPolicy !== "static") return undefined;
  const reserved = reservedOf(said);
  if (typeof reserved === "number" ? reserved > 0 : reserved.length > 0) return undefined;
  return "[cpumanager] unable to determine reserved CPU resources for static policy";
}

/**
 * The policy `static`: containers of Guaranteed Pods that ask for whole CPUs have these to themselves, all others share
 * the rest (policy_static.go). The state lies in a file (state/checkpoint.go), and in the containers' control groups.
 */
export class CpuManager {
  private readonly p: Process;
  private readonly all: readonly number[];
  private readonly reserved: ReadonlySet<number>;
  private readonly entries: Entries = new Map();
  private readonly runtime: ContainerRuntime;
  private readonly active: () => readonly Pod[];

  /** `active`: the Pods that hold resources here. */
  constructor(p: Process, runtime: ContainerRuntime, configuration: object, active: () => readonly Pod[]) {
    this.p = p;
    this.runtime = runtime;
    this.active = active;
    this.all = Array.from({ length: p.machine.hardware.cpus }, (_, cpu) => cpu);
    const reserved = reservedOf(configuration as Said);
    this.reserved = new Set(typeof reserved === "number" ? this.all.slice(0, reserved) : reserved);
    if (sys.find(p, CPU_STATE)?.kind === "file") this.restore(sys.readText(p, CPU_STATE));
    this.save();
  }

  /** CPUs of containers without any of their own. */
  get shared(): readonly number[] {
    const taken = new Set([...this.entries.values()].flatMap((one) => [...one.values()].flat()));
    return this.all.filter((cpu) => !taken.has(cpu));
  }

  cpusOf(pod: Pod, container: string): readonly number[] {
    return this.entries.get(pod.metadata.uid)?.get(container) ?? this.shared;
  }

  /** Gives a Pod's containers what they are to have alone; or says why that cannot be. */
  admit(pod: Pod): Refusal | undefined {
    const { uid } = pod.metadata;
    if (qosClass(pod) !== "Guaranteed" || this.entries.has(uid)) return undefined;
    this.forgetStale();
    const own = new Map<string, readonly number[]>();
    // What an init container had, those behind it have again.
    let spare: readonly number[] = [];
    const init = pod.spec.initContainers ?? [];
    for (const spec of [...init, ...pod.spec.containers]) {
      const count = wholeCpus(spec);
      if (count === 0) continue;
      const taken = new Set([...own.values()].flat());
      const free = [...spare, ...this.shared.filter((cpu) => !this.reserved.has(cpu) && !taken.has(cpu))];
      if (free.length < count) {
        const why = `not enough cpus available to satisfy request: requested=${count}, available=${free.length}`;
        return { reason: "UnexpectedAdmissionError", message: `Allocate failed due to ${why}, which is unexpected` };
      }
      const cpus = free.slice(0, count).sort((a, b) => a - b);
      own.set(spec.name, cpus);
      const passes = init.includes(spec) && !isSidecar(spec);
      spare = passes ? [...new Set([...spare, ...cpus])] : spare.filter((cpu) => !cpus.includes(cpu));
    }
    if (own.size === 0) return undefined;
    this.entries.set(uid, own);
    this.changed();
    return undefined;
  }

  /** A Pod has ended: others may have its CPUs. */
  release({ metadata }: Pod): void {
    if (this.entries.delete(metadata.uid)) this.changed();
  }

  private forgetStale(): void {
    const alive = new Set(this.active().map(({ metadata }) => metadata.uid));
    for (const uid of this.entries.keys()) if (!alive.has(uid)) this.entries.delete(uid);
  }

  /** Containers that run get what is theirs now (cpu_manager.go reconcileState). */
  private changed(): void {
    this.save();
    const { machine } = this.p;
    for (const { state, process, sandbox, config } of this.runtime.containers.values()) {
      if (state !== "running" || process === undefined) continue;
      const { uid } = sandbox.config.metadata;
      const cpus = this.entries.get(uid)?.get(config.metadata.name) ?? this.shared;
      machine.cpu.pin(process.ns.cgroup, cpus);
    }
  }

  private restore(text: string): void {
    try {
      const { entries = {} } = JSON.parse(text) as { entries?: Record<string, Record<string, string>> };
      for (const [uid, containers] of Object.entries(entries)) {
        const own = Object.entries(containers).map(([name, list]): [string, number[]] => [name, parseCpuList(list)]);
        this.entries.set(uid, new Map(own));
      }
    } catch {
      // What cannot be read was checked before.
    }
  }

  private save(): void {
    sys.writeText(this.p, CPU_STATE, checkpoint("static", cpuList(this.shared), this.entries), 0o600);
  }
}

function wholeCpus({ resources = {} }: ContainerSpec): number {
  const asked = resources.requests?.["cpu"] ?? resources.limits?.["cpu"];
  const milli = asked === undefined ? 0 : milliUnits(asked);
  return milli % 1000 === 0 ? milli / 1000 : 0;
}

/**
 * The text of the state file. Its sum is FNV-1a of the struct as Go's spew prints it, with a sum of 0
 * (checkpointmanager/checksum).
 */
export function checkpoint(policyName: string, defaultCpuSet: string, entries: Entries = new Map()): string {
  const byKey = <T>(map: ReadonlyMap<string, T>): [string, T][] => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  const pods = byKey(entries).map(([uid, own]): [string, [string, string][]] => [
    uid,
    byKey(own).map(([name, cpus]) => [name, cpuList(cpus)]),
  ]);
  const inner = (own: readonly [string, string][]) => `map[${own.map((pair) => pair.join(":")).join(" ")}]`;
  const map = `map[${pods.map(([uid, own]) => `${uid}:${inner(own)}`).join(" ")}]`;
  const struct = `(*state.CPUManagerCheckpoint){PolicyName:(string)${policyName} DefaultCPUSet:(string)${defaultCpuSet} Entries:(map[string]map[string]string)${map} Checksum:(checksum.Checksum)0}`;
  const checksum = fnv1a(struct, 0x811c9dc5) >>> 0;
  const shown = Object.fromEntries(pods.map(([uid, own]) => [uid, Object.fromEntries(own)]));
  return JSON.stringify({ policyName, defaultCpuSet, ...(pods.length > 0 && { entries: shown }), checksum });
}
