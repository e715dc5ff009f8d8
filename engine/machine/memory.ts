import type { Process } from "./process.ts";

/** Limits of a machine's control groups in KiB (memory.max), and those whose processes were killed for it. */
export class MemoryGroups {
  private readonly limits = new Map<string, number>();
  private readonly killed = new Set<string>();

  /** `kib` undefined: no limit. */
  limit(cgroup: string, kib: number | undefined): void {
    if (kib === undefined) {
      this.limits.delete(cgroup);
      this.killed.delete(cgroup);
    } else this.limits.set(cgroup, kib);
  }

  limitOf(cgroup: string): number | undefined {
    return this.limits.get(cgroup);
  }

  oomKilled(cgroup: string): boolean {
    return this.killed.has(cgroup);
  }

  noteKill(cgroup: string): void {
    this.killed.add(cgroup);
  }
}

/**
 * A process takes memory, in KiB. A control group over its limit loses all its processes, as containerd sets
 * memory.oom.group since Kubernetes 1.28 (cgroup v2, mm/memcontrol.c).
 */
export function allocate(p: Process, kib: number): void {
  p.rssKib += kib;
  const { machine } = p;
  const { cgroup } = p.ns;
  const limit = machine.memory.limitOf(cgroup);
  if (limit === undefined) return;
  const group = [...machine.processes.values()].filter((one) => one.ns.cgroup === cgroup && one.status === undefined);
  if (group.reduce((sum, one) => sum + one.rssKib, 0) <= limit) return;
  machine.memory.noteKill(cgroup);
  for (const one of group) machine.signal(one, "KILL");
}
