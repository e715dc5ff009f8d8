import { addQuantities, formatQuantity, quantity, wholeUnits } from "../../../api/quantity.ts";
import { groupUse } from "../../cpu.ts";
import { weightOf, writtenBytes } from "../../disk.ts";
import { entriesOf } from "../../inode.ts";
import { hostView } from "../../runtime/host-view.ts";
import type { Container } from "../../runtime/index.ts";
import * as sys from "../../sys.ts";
import type { KubeletContext } from "../context.ts";
import { runtimePod } from "../runtime-view.ts";
import type { ContainerSpec, Pod, VolumeSpec } from "../types.ts";

/** Bytes that a running container takes. */
export interface ContainerUsage {
  readonly spec: ContainerSpec;
  readonly memory: number;
  /** Of its writable layer. */
  readonly rootfs: number;
  readonly logs: number;
}

/** What a Pod takes of its node (stats/v1alpha1 PodStats). */
export interface PodUsage {
  readonly pod: Pod;
  readonly containers: readonly ContainerUsage[];
  /** Bytes on the disk by volume name. */
  readonly volumes: ReadonlyMap<string, number>;
}

/** Memory and disk of a Pod's containers and volumes; undefined while none of them runs. */
export function podUsage(ctx: KubeletContext, pod: Pod): PodUsage | undefined {
  const { machine, runtime } = ctx;
  const view = runtimePod(runtime, pod.metadata.uid);
  const containers: ContainerUsage[] = [];
  for (const spec of [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]) {
    const one = view.latest(spec.name);
    if (one?.state !== "running" || one.process === undefined) continue;
    const { kib } = groupUse(machine.processes.values(), one.process.ns.cgroup, machine.cpu);
    containers.push({ spec, memory: kib * 1024, rootfs: writtenBytes(one.rootfs), logs: logBytes(one) });
  }
  return containers.length === 0 ? undefined : { pod, containers, volumes: volumeUsage(ctx, pod) };
}

/** What lies in the volumes of a Pod that take room of the node's disk; of those on a tmpfs too, as `du` finds it. */
export function volumeUsage(ctx: KubeletContext, pod: Pod): Map<string, number> {
  const out = new Map<string, number>();
  const host = hostView(ctx.machine);
  for (const volume of pod.spec.volumes ?? []) {
    if (!isLocal(volume)) continue;
    const node = sys.find(host, ctx.volumePath(pod, volume));
    if (node !== undefined) out.set(volume.name, writtenBytes(node));
  }
  return out;
}

/** IsLocalEphemeralVolume (pkg/volume/util): gone with the Pod, and not in memory. */
function isLocal({ emptyDir, configMap }: VolumeSpec): boolean {
  return configMap !== undefined || (emptyDir !== undefined && emptyDir.medium !== "Memory");
}

/** The logs of a container's runs, rotated ones too. */
export function logBytes({ log }: Container): number {
  let sum = 0;
  for (const node of entriesOf(log.dir).values()) if (node.kind === "file") sum += weightOf(node.content);
  return sum;
}

/** Bytes of the disk that a Pod takes: writable layers, logs and volumes. */
export function diskOf(use: PodUsage | undefined): number {
  let sum = 0;
  for (const { rootfs, logs } of use?.containers ?? []) sum += rootfs + logs;
  for (const bytes of use?.volumes.values() ?? []) sum += bytes;
  return sum;
}

export function memoryOf({ containers }: PodUsage): number {
  return containers.reduce((sum, { memory }) => sum + memory, 0);
}

/** Why a Pod takes more of the disk than it may (eviction_manager.go localStorageEviction); undefined when it does not. */
export function overLimit(ctx: KubeletContext, pod: Pod): string | undefined {
  const use = podUsage(ctx, pod);
  if (use === undefined) return undefined;
  for (const { name, emptyDir } of pod.spec.volumes ?? []) {
    const limit = emptyDir?.sizeLimit;
    if (limit === undefined || wholeUnits(limit) <= 0) continue;
    if ((use.volumes.get(name) ?? 0) > wholeUnits(limit))
      return `Usage of EmptyDir volume "${name}" exceeds the limit "${limit}". `;
  }
  const limits = pod.spec.containers.map(({ resources }) => resources?.limits?.["ephemeral-storage"]);
  const said = limits.filter((limit) => limit !== undefined);
  if (said.length > 0) {
    const total = formatQuantity(said.map(quantity).reduce(addQuantities));
    if (diskOf(use) > wholeUnits(total))
      return `Pod ephemeral local storage usage exceeds the total limit of containers ${total}. `;
  }
  for (const { spec, rootfs, logs } of use.containers) {
    const limit = spec.resources?.limits?.["ephemeral-storage"];
    if (limit !== undefined && wholeUnits(limit) > 0 && rootfs + logs > wholeUnits(limit))
      return `Container ${spec.name} exceeded its local ephemeral storage limit "${limit}". `;
  }
  return undefined;
}

/** Does a Pod say how much of the disk it may take? Not a thing that can be changed later. */
export function isLimited({ spec }: Pod): boolean {
  return (
    spec.volumes?.some(({ emptyDir }) => emptyDir?.sizeLimit !== undefined) ||
    spec.containers.some(({ resources }) => resources?.limits?.["ephemeral-storage"] !== undefined)
  );
}
