/** The tree of control groups (cgroup v2) as files: what the groups of processes use and may use. */
import { cpuList, parseCpuList } from "../cpu-list.ts";
import { ComputedContent, type DirNode, dirNode, fileNode, type Inode } from "../inode.ts";
import type { Machine } from "../machine.ts";
import type { Process } from "../process.ts";

const CONTROLLERS = "cpuset cpu io memory hugetlb pids rdma misc";
const PERIOD_US = 100_000;

/** Living processes in a group and below it. */
function inside(machine: Machine, path: string): Process[] {
  const below = path === "/" ? "/" : `${path}/`;
  return [...machine.processes.values()].filter(
    ({ status, ns }) => status === undefined && (ns.cgroup === path || ns.cgroup.startsWith(below)),
  );
}

/** The directory of a group; `path` is asked anew at each look, since a container sees its own group as the root. */
export function cgroupDir(machine: Machine, path: () => string, top: boolean): DirNode {
  const load = () => {
    const here = path();
    const out = new Map<string, Inode>();
    const add = (name: string, text: () => string, write?: (text: string) => void) => {
      const take = write && ((bytes: Uint8Array) => write(new TextDecoder().decode(bytes).trim()));
      out.set(name, fileNode(new ComputedContent(text, take), { mode: write ? 0o644 : 0o444 }));
    };
    const own = () => inside(machine, here).filter(({ ns }) => ns.cgroup === here);
    const pids = () =>
      own()
        .map(({ pid }) => `${pid}\n`)
        .join("");
    const move = (text: string) => {
      const process = machine.processes.get(Number(text));
      if (process !== undefined) process.ns = { ...process.ns, cgroup: here };
    };
    add("cgroup.controllers", () => `${CONTROLLERS}\n`);
    add("cgroup.procs", pids, move);
    add("cgroup.threads", pids, move);
    add(
      "cgroup.subtree_control",
      () => "cpuset cpu io memory pids\n",
      () => {},
    );
    add("cgroup.stat", () => `nr_descendants ${childrenOf(machine, here).length}\nnr_dying_descendants 0\n`);
    add("cpu.stat", () => cpuStat(machine, here));
    add("memory.stat", () => memoryStat(machine, here));
    add("io.stat", () => "");
    if (!top || here !== "/") limits(machine, here, add);
    for (const name of childrenOf(machine, here)) {
      const child = here === "/" ? `/${name}` : `${here}/${name}`;
      out.set(
        name,
        cgroupDir(machine, () => child, false),
      );
    }
    return out;
  };
  const dir = dirNode({ mode: 0o555 }, load);
  dir.volatile = true;
  return dir;
}

function childrenOf(machine: Machine, path: string): string[] {
  const below = path === "/" ? "/" : `${path}/`;
  const names = new Set<string>();
  for (const { ns } of inside(machine, path))
    if (ns.cgroup.startsWith(below) && ns.cgroup !== path) names.add(ns.cgroup.slice(below.length).split("/")[0]!);
  return [...names].sort();
}

function usedKib(machine: Machine, path: string): number {
  return inside(machine, path).reduce((sum, { rssKib }) => sum + rssKib, 0);
}

function usedUs(machine: Machine, path: string): number {
  return Math.floor(machine.cpu.endedUse(path) + inside(machine, path).reduce((sum, { cpuUsed }) => sum + cpuUsed, 0));
}

function cpuStat(machine: Machine, path: string): string {
  const used = usedUs(machine, path);
  const user = Math.floor(used * 0.8);
  return `usage_usec ${used}\nuser_usec ${user}\nsystem_usec ${used - user}\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n`;
}

function memoryStat(machine: Machine, path: string): string {
  const bytes = usedKib(machine, path) * 1024;
  return `anon ${bytes}\nfile 0\nkernel 0\nkernel_stack 0\npagetables 0\nsock 0\nshmem 0\nfile_mapped 0\nfile_dirty 0\nfile_writeback 0\ninactive_anon ${bytes}\nactive_anon 0\ninactive_file 0\nactive_file 0\nunevictable 0\n`;
}

type Add = (name: string, text: () => string, write?: (text: string) => void) => void;

/** What every group but the root has: its limits and weights, which root may write. */
function limits(machine: Machine, path: string, add: Add): void {
  const { cpu, memory } = machine;
  add("cgroup.events", () => `populated ${inside(machine, path).length > 0 ? 1 : 0}\nfrozen 0\n`);
  add("cgroup.type", () => "domain\n");
  add("cgroup.freeze", () => "0\n");
  add("cgroup.max.depth", () => "max\n");
  add("cgroup.max.descendants", () => "max\n");
  add(
    "cgroup.kill",
    () => "",
    (text) => {
      if (text === "1") for (const process of inside(machine, path)) machine.signal(process, "KILL");
    },
  );
  add(
    "cpu.max",
    () => {
      const milli = cpu.limitOf(path);
      return milli === undefined ? `max ${PERIOD_US}\n` : `${milli * (PERIOD_US / 1000)} ${PERIOD_US}\n`;
    },
    (text) => {
      const [quota, period = String(PERIOD_US)] = text.split(/\s+/);
      const milli = quota === "max" ? undefined : (Number(quota) / Number(period)) * 1000;
      cpu.limit(path, milli, cpu.sharesOf(path));
    },
  );
  add("cpu.max.burst", () => "0\n");
  // The kernel's weight of the shares that Kubernetes gives (kubelet's CPUSharesToCPUWeight).
  add("cpu.weight", () => {
    const shares = cpu.sharesOf(path);
    return `${shares === undefined ? 100 : Math.floor(1 + ((Math.max(2, shares) - 2) * 9999) / 262_142)}\n`;
  });
  add(
    "cpuset.cpus",
    () => `${cpuList(cpu.pinnedTo(path) ?? [])}\n`,
    (text) => cpu.pin(path, parseCpuList(text)),
  );
  add("cpuset.cpus.effective", () => `${cpuList(cpu.cpusOf(path))}\n`);
  add("cpuset.mems.effective", () => "0\n");
  add("memory.current", () => `${usedKib(machine, path) * 1024}\n`);
  add("memory.peak", () => `${usedKib(machine, path) * 1024}\n`);
  add(
    "memory.max",
    () => {
      const kib = memory.limitOf(path);
      return kib === undefined ? "max\n" : `${Math.floor(kib * 1024)}\n`;
    },
    (text) => memory.limit(path, text === "max" ? undefined : Math.floor(Number(text) / 1024)),
  );
  for (const name of ["memory.min", "memory.low"]) add(name, () => "0\n");
  add("memory.high", () => "max\n");
  add("memory.oom.group", () => `${path.includes("cri-containerd-") ? 1 : 0}\n`);
  add("memory.events", () => {
    const kills = memory.oomKilled(path) ? 1 : 0;
    return `low 0\nhigh 0\nmax ${kills}\noom ${kills}\noom_kill ${kills}\noom_group_kill ${kills}\n`;
  });
  add("memory.swap.current", () => "0\n");
  add("memory.swap.max", () => "0\n");
  add("pids.current", () => `${inside(machine, path).length}\n`);
  add("pids.max", () => "max\n");
  add("pids.events", () => "max 0\n");
}
