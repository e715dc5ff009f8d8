import type { Machine } from "./machine.ts";
import { livingIn, type Process } from "./process.ts";

/** Limits of a machine's control groups in KiB (memory.max), and those whose processes were killed for it. */
export class MemoryGroups {
  private readonly limits = new Map<string, number>();
  /** oom_score_adj of a group's processes: -1000 to 1000. */
  private readonly adjustments = new Map<string, number>();
  private readonly killed = new Set<string>();
  /** KiB of the resident sets of all processes: kept as they change, since there may be thousands. */
  resident = 0;

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

  adjust(cgroup: string, by: number): void {
    this.adjustments.set(cgroup, by);
  }

  adjustmentOf(cgroup: string): number {
    return this.adjustments.get(cgroup) ?? 0;
  }

  oomKilled(cgroup: string): boolean {
    return this.killed.has(cgroup);
  }

  noteKill(cgroup: string): void {
    this.killed.add(cgroup);
  }

  /** The group is gone. */
  forget(cgroup: string): void {
    this.limit(cgroup, undefined);
    this.adjustments.delete(cgroup);
  }
}

/** What the kernel takes for itself. */
const KERNEL_KIB = 180_000;

/** KiB of a machine's memory that are in use: the kernel's and the resident sets of all processes. */
export const usedKib = ({ memory }: Machine): number => KERNEL_KIB + memory.resident;

/** How much a process is worth killing, in KiB (mm/oom_kill.c oom_badness). */
function badness({ machine, ns, rssKib }: Process): number {
  return rssKib + (machine.memory.adjustmentOf(ns.cgroup) * machine.hardware.memoryKib) / 1000;
}

/** /proc/PID/oom_score: 0 to 1333 (fs/proc/base.c proc_oom_score). */
export function oomScore(process: Process): number {
  const { memory, hardware } = process.machine;
  if (memory.adjustmentOf(process.ns.cgroup) === -1000) return 0;
  return Math.max(0, Math.floor(((1000 + (badness(process) * 1000) / hardware.memoryKib) * 2) / 3));
}

/**
 * A process takes memory, in KiB. A control group over its limit loses all its processes, as containerd sets
 * memory.oom.group since Kubernetes 1.28 (cgroup v2, mm/memcontrol.c); a machine that has no more, the worst process and
 * what shares its group.
 */
export function allocate(p: Process, kib: number): void {
  p.rssKib += kib;
  const { machine } = p;
  const { cgroup } = p.ns;
  const limit = machine.memory.limitOf(cgroup);
  if (limit !== undefined) {
    const used = livingIn(machine, cgroup).reduce((sum, one) => sum + one.rssKib, 0);
    if (used > limit) {
      // It got no further than that.
      p.rssKib -= Math.min(kib, used - limit);
      kill(p, p, false);
      return;
    }
  }
  const lacking = usedKib(machine) - machine.hardware.memoryKib;
  if (lacking <= 0) return;
  p.rssKib -= Math.min(kib, lacking);
  let worst = p;
  for (const one of machine.processes.values()) {
    if (one.status === undefined && badness(one) > badness(worst)) worst = one;
  }
  kill(p, worst, true);
}

const scopeOf = (cgroup: string): string => cgroup.slice(cgroup.lastIndexOf("/") + 1) || "/";

/** Kills a process, and all of its container, in the words of mm/oom_kill.c; `whole`: the machine has no more memory, not the group. */
function kill(caller: Process, victim: Process, whole: boolean): void {
  const { machine } = victim;
  const { cgroup } = victim.ns;
  const adjust = machine.memory.adjustmentOf(cgroup);
  const log = (message: string) => machine.net.kernelLog?.(message);
  const what = whole ? "Out of memory" : "Memory cgroup out of memory";
  const scope = `nodemask=(null),cpuset=${scopeOf(caller.ns.cgroup)},mems_allowed=0`;
  const why = whole
    ? `constraint=CONSTRAINT_NONE,${scope},global_oom`
    : `constraint=CONSTRAINT_MEMCG,${scope},oom_memcg=${cgroup}`;
  const dies = (one: Process) =>
    log(
      `${what}: Killed process ${one.pid} (${one.comm}) total-vm:${one.rssKib + 4352}kB, anon-rss:${one.rssKib}kB, file-rss:0kB, shmem-rss:0kB, UID:${one.cred.uid} pgtables:${(one.rssKib >> 9) * 4 + 44}kB oom_score_adj:${adjust}`,
    );
  log(
    `${caller.comm} invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=${machine.memory.adjustmentOf(caller.ns.cgroup)}`,
  );
  log(`oom-kill:${why},task_memcg=${cgroup},task=${victim.comm},pid=${victim.pid},uid=${victim.cred.uid}`);
  dies(victim);
  machine.memory.noteKill(cgroup);
  const group = cgroup.startsWith("/kubepods") || !whole ? livingIn(machine, cgroup) : [victim];
  if (group.length > 1) {
    log(`Tasks in ${cgroup} are going to be killed due to memory.oom.group set`);
    for (const one of group) if (one !== victim) dies(one);
  }
  machine.onOom?.(victim, whole);
  for (const one of group) machine.signal(one, "KILL");
}
