import { type Gen, MS, SECOND, sleep, type Throttle } from "../kernel/index.ts";
import type { Process } from "./process.ts";

/** Period of cpu.max, µs: kubelet leaves --cpu-cfs-quota-period at 100 ms. */
const PERIOD = 100 * MS;
/** µs of CPU that a busy worker is charged at each turn: no event for every step. */
const TURN = 500 * MS;
/** Weight of a control group that nobody gave one (cpu.shares). */
export const DEFAULT_SHARES = 1024;

/** cpu.max: who has used a period's quota goes on in the next one (kernel/sched/fair.c). */
class Bandwidth implements Throttle {
  readonly milli: number;
  private period = 0;
  private used = 0;

  constructor(milli: number) {
    this.milli = milli;
  }

  charge(now: number, us: number): number {
    const quota = this.milli * (PERIOD / 1000);
    const period = Math.floor(now / PERIOD);
    this.used = Math.max(0, this.used - quota * (period - this.period)) + us;
    this.period = period;
    if (this.used <= quota) return 0;
    const goesOn = (period + Math.ceil(this.used / quota) - 1) * PERIOD;
    return Math.max(0, goesOn - now - us);
  }
}

/** CPU of a machine's control groups: what their processes have used, and what cpu.max and cpu.weight let them have. */
export class CpuGroups {
  /** Millicores of the whole machine. */
  private readonly capacity: number;
  private readonly limits = new Map<string, Bandwidth>();
  private readonly shares = new Map<string, number>();
  private readonly pinned = new Map<string, readonly number[]>();
  /** µs that ended processes had used. */
  private readonly ended = new Map<string, number>();
  /** How many processes of a group want a whole core each. */
  private readonly hungry = new Map<string, number>();

  constructor(cpus: number) {
    this.capacity = cpus * 1000;
  }

  /** `milli`: most millicores, undefined for no limit; `shares`: weight against others when there is too little. */
  limit(cgroup: string, milli: number | undefined, shares = DEFAULT_SHARES): void {
    if (milli !== undefined && milli > 0) this.limits.set(cgroup, new Bandwidth(milli));
    else this.limits.delete(cgroup);
    this.shares.set(cgroup, shares);
  }

  /** The CPUs that a group may run on (cpuset.cpus); undefined: those of the group above it. */
  pin(cgroup: string, cpus: readonly number[] | undefined): void {
    if (cpus === undefined || cpus.length === 0) this.pinned.delete(cgroup);
    else this.pinned.set(cgroup, cpus);
  }

  /** What a group itself was told. */
  pinnedTo(cgroup: string): readonly number[] | undefined {
    return this.pinned.get(cgroup);
  }

  /** The CPUs that processes of a group run on (cpuset.cpus.effective). */
  cpusOf(cgroup: string): readonly number[] {
    for (let path = cgroup; path !== ""; path = path.slice(0, path.lastIndexOf("/"))) {
      const own = this.pinned.get(path);
      if (own !== undefined) return own;
    }
    return Array.from({ length: this.capacity / 1000 }, (_, cpu) => cpu);
  }

  /** Most millicores of a group; undefined without a limit. */
  limitOf(cgroup: string): number | undefined {
    return this.limits.get(cgroup)?.milli;
  }

  /** The weight somebody gave a group. */
  sharesOf(cgroup: string): number | undefined {
    return this.shares.get(cgroup);
  }

  /** The group is gone. */
  forget(cgroup: string): void {
    this.limits.delete(cgroup);
    this.shares.delete(cgroup);
    this.ended.delete(cgroup);
  }

  throttle(cgroup: string): Throttle | undefined {
    return this.limits.get(cgroup);
  }

  noteEnd(process: Process): void {
    const { cgroup } = process.ns;
    this.ended.set(cgroup, (this.ended.get(cgroup) ?? 0) + process.cpuUsed);
  }

  /** µs that the processes of a group which are gone have used. */
  endedUse(cgroup: string): number {
    return this.ended.get(cgroup) ?? 0;
  }

  /** µs that all processes of the machine which are gone have used. */
  allEnded(): number {
    let sum = 0;
    for (const used of this.ended.values()) sum += used;
    return sum;
  }

  /** A process begins (1) or ceases (-1) to want a whole core. */
  want(cgroup: string, change: 1 | -1): void {
    const count = (this.hungry.get(cgroup) ?? 0) + change;
    if (count > 0) this.hungry.set(cgroup, count);
    else this.hungry.delete(cgroup);
  }

  /** Part of a core, 0 to 1, that each hungry process of a group gets: by weight where not all can have what they want. */
  portion(cgroup: string): number {
    const open = [...this.hungry].map(([group, count]) => ({
      group,
      count,
      wanted: Math.min(count * 1000, this.limits.get(group)?.milli ?? this.capacity),
      shares: this.shares.get(group) ?? DEFAULT_SHARES,
    }));
    let left = this.capacity;
    // Who wants less than its weight gives leaves the rest to the others.
    for (;;) {
      const weight = open.reduce((sum, { shares }) => sum + shares, 0);
      const modest = open.findIndex(({ wanted, shares }) => wanted <= (left * shares) / weight);
      const [one] = modest < 0 ? open.filter(({ group }) => group === cgroup) : open.splice(modest, 1);
      if (one === undefined) return 0;
      const gets = modest < 0 ? (left * one.shares) / weight : one.wanted;
      if (one.group === cgroup) return gets / (one.count * 1000);
      left -= gets;
    }
  }
}

/** A process that computes without end or pause for so many µs: one event every half second, whatever it would do. */
export function* burn(p: Process, forMicros: number): Gen {
  const { cpu, kernel } = p.machine;
  const { cgroup } = p.ns;
  const until = kernel.now + forMicros;
  cpu.want(cgroup, 1);
  try {
    while (kernel.now < until) {
      const part = cpu.portion(cgroup);
      yield* sleep(TURN);
      p.task.used += Math.floor(TURN * part);
    }
  } finally {
    cpu.want(cgroup, -1);
  }
}

/** A server's process works for a client: its CPU is charged to it, and the client waits until it is done, in µs. */
export function* work(p: Process, us: number): Gen {
  const { kernel } = p.machine;
  p.task.used += us;
  if (!kernel.current?.instant) yield* sleep(us + (p.task.throttle?.charge(kernel.now, us) ?? 0));
}

/** CPU in µs and memory in KiB that the processes of a control group use, and those of groups beneath it. */
export function groupUse(processes: Iterable<Process>, cgroup: string, cpu: CpuGroups): { us: number; kib: number } {
  let us = cpu.endedUse(cgroup);
  let kib = 0;
  for (const process of processes) {
    if (process.ns.cgroup !== cgroup) continue;
    us += process.cpuUsed;
    kib += process.rssKib;
  }
  return { us, kib };
}

/** CPU in µs that a machine has used since it was started. */
export function machineUse(processes: Iterable<Process>, cpu: CpuGroups): number {
  let us = cpu.allEnded();
  for (const process of processes) us += process.cpuUsed;
  return us;
}

/** µs of a second as the model's tables have it. */
export const millicores = (milli: number): number => (milli * SECOND) / 1000;
