import { machineUse } from "../cpu.ts";
import { ComputedContent, type DirNode, dirNode, fileNode, type Inode, symlinkNode } from "../inode.ts";
import type { Machine } from "../machine.ts";
import { usedKib } from "../memory.ts";
import type { Namespaces, Process } from "../process.ts";
import { LazyEntries } from "./lazy.ts";
import { processDir } from "./proc-pid.ts";
import { sysctlTree } from "./proc-sys.ts";

/** The process whose program is running now: what /proc/self means. */
export function runningProcess(machine: Machine): Process | undefined {
  const task = machine.kernel.current;
  if (task === undefined) return undefined;
  for (const process of machine.processes.values()) if (process.task === task) return process;
  return undefined;
}

export function computed(text: () => string, mode = 0o444, write?: (bytes: Uint8Array) => void): Inode {
  return fileNode(new ComputedContent(text, write), { mode });
}

function volatileDir(load: () => Map<string, Inode>, mode = 0o555): DirNode {
  const dir = dirNode({ mode }, load);
  dir.volatile = true;
  return dir;
}

/** A procfs as the processes of a pid namespace see it: mount it at /proc of a machine or a container. */
export function procfs(machine: Machine, ns: Pick<Namespaces, "pid" | "uts" | "mnt" | "net">): DirNode {
  let fixed: Map<string, Inode> | undefined;
  return volatileDir(() => {
    const entries = new LazyEntries();
    fixed ??= fixedEntries(machine, ns);
    for (const [name, node] of fixed) entries.set(name, node);
    for (const [pid, process] of ns.pid.byPid) entries.later(String(pid), () => processDir(process, pid));
    return entries;
  });
}

function fixedEntries(machine: Machine, ns: Pick<Namespaces, "pid" | "uts" | "mnt" | "net">): Map<string, Inode> {
  const self = (): string => {
    const process = runningProcess(machine);
    if (process === undefined) return "1";
    return String(ns.pid === machine.pids ? process.pid : process.nsPid);
  };
  // The one link whose text depends on who reads it.
  const selfLink = Object.defineProperty(symlinkNode("self"), "target", { get: self, enumerable: true });
  const mounts = (): string => mountLines(ns);
  const cpus = machine.hardware.cpus;
  return new Map<string, Inode>([
    ["self", selfLink],
    ["uptime", computed(() => uptimeText(machine))],
    [
      "loadavg",
      computed(() => `${loadText(machine)} ${running(machine)}/${machine.processes.size} ${lastPid(machine)}\n`),
    ],
    ["meminfo", computed(() => meminfo(machine))],
    ["cpuinfo", computed(() => Array.from({ length: cpus }, (_, i) => cpuinfo(i, cpus)).join("\n"))],
    ["stat", computed(() => statText(machine))],
    ["mounts", computed(mounts)],
    [
      "version",
      computed(
        () =>
          `Linux version ${KERNEL_RELEASE} (debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14) 12.2.0, GNU ld (GNU Binutils for Debian) 2.40) ${KERNEL_VERSION}\n`,
      ),
    ],
    [
      "cmdline",
      computed(() => "BOOT_IMAGE=/boot/vmlinuz-6.1.0-32-amd64 root=/dev/vda1 ro console=tty0 console=ttyS0,115200\n"),
    ],
    [
      "filesystems",
      computed(() => "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tcgroup2\n\text4\nnodev\toverlay\n"),
    ],
    ["modules", computed(() => machine.modules.text())],
    ["net", symlinkNode("self/net")],
    ["partitions", computed(() => partitions(machine))],
    [
      "diskstats",
      computed(
        () =>
          " 254       0 vda 4211 1200 310422 1822 9120 6110 402112 5120 0 6800 6942 0 0 0 0 0 0\n 254       1 vda1 4100 1200 305110 1801 9100 6110 402112 5101 0 6790 6902 0 0 0 0 0 0\n",
      ),
    ],
    [
      "vmstat",
      computed(
        () =>
          `nr_free_pages ${(machine.hardware.memoryKib - usedKib(machine)) >> 2}\nnr_dirty 0\nnr_writeback 0\npgpgin 155211\npgpgout 201056\npswpin 0\npswpout 0\noom_kill 0\n`,
      ),
    ],
    ["interrupts", computed(() => interrupts(cpus))],
    ["swaps", computed(() => "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n")],
    ["sys", sysctlTree(ns)],
  ]);
}

export const KERNEL_RELEASE = "6.1.0-32-amd64";
export const KERNEL_VERSION = "#1 SMP PREEMPT_DYNAMIC Debian 6.1.129-1 (2025-03-06)";

/** Seconds since the machine's boot. */
export function uptimeSeconds(machine: Machine): number {
  return (machine.kernel.now - machine.bootedAt) / 1_000_000 + BOOT_SECONDS;
}

function partitions(machine: Machine): string {
  const disk = Math.ceil(machine.hardware.diskKib / 1024 ** 2) * 1024 ** 2;
  const row = (minor: number, kib: number, name: string) =>
    ` 254 ${String(minor).padStart(8)} ${String(kib).padStart(10)} ${name}\n`;
  return `major minor  #blocks  name\n\n${row(0, disk, "vda")}${row(1, disk - 1024, "vda1")}`;
}

function interrupts(cpus: number): string {
  const columns = Array.from({ length: cpus }, (_, i) => i);
  const row = (id: string, text: string) =>
    `${id.padStart(4)}:${columns.map((i) => String(1200 + i * 37).padStart(11)).join("")}   ${text}\n`;
  return `     ${columns.map((i) => `       CPU${i}`).join(" ")}\n${row("1", "IO-APIC   1-edge      i8042")}${row("24", "PCI-MSI 49152-edge      virtio0-config")}${row("25", "PCI-MSI 49153-edge      virtio0-input.0")}${row("LOC", "Local timer interrupts")}${row("RES", "Rescheduling interrupts")}`;
}

/** How long the firmware and kernel took before PID 1 ran. */
export const BOOT_SECONDS = 4;

function uptimeText(machine: Machine): string {
  const up = uptimeSeconds(machine);
  return `${up.toFixed(2)} ${(up * machine.hardware.cpus * 0.97).toFixed(2)}\n`;
}

/** Load averages: processes that are ready to run, since virtual CPUs are never contended for long. */
export function loadText(machine: Machine): string {
  const load = (running(machine) / 10).toFixed(2);
  return `${load} ${load} ${load}`;
}

function running(machine: Machine): number {
  let count = 0;
  for (const process of machine.processes.values()) if (stateLetter(process) === "R") count++;
  return Math.max(1, count);
}

function lastPid(machine: Machine): number {
  let last = 0;
  for (const pid of machine.processes.keys()) last = pid;
  return last;
}

function meminfo(machine: Machine): string {
  const total = machine.hardware.memoryKib;
  const used = usedKib(machine);
  const cached = Math.floor(total / 8) + Math.floor(machine.disk.used / 1024);
  const line = (name: string, kib: number) => `${`${name}:`.padEnd(16)}${String(kib).padStart(8)} kB\n`;
  return (
    line("MemTotal", total) +
    line("MemFree", total - used - cached) +
    line("MemAvailable", total - used) +
    line("Buffers", 26_480) +
    line("Cached", cached - 26_480) +
    line("SwapCached", 0) +
    line("Active", used + Math.floor(cached / 3)) +
    line("Inactive", cached - Math.floor(cached / 3)) +
    line("Unevictable", 0) +
    line("Mlocked", 0) +
    line("SwapTotal", 0) +
    line("SwapFree", 0) +
    line("Dirty", 0) +
    line("Writeback", 0) +
    line("AnonPages", used) +
    line("Shmem", 3_404) +
    line("CommitLimit", Math.floor(total / 2)) +
    line("Committed_AS", used * 2) +
    line("VmallocTotal", 34_359_738_367) +
    line("HugePages_Total", 0).replace(" kB", "") +
    line("HugePages_Free", 0).replace(" kB", "") +
    line("Hugepagesize", 2_048)
  );
}

function cpuinfo(index: number, count: number): string {
  const fields: [string, string][] = [
    ["processor", String(index)],
    ["vendor_id", "GenuineIntel"],
    ["cpu family", "6"],
    ["model", "85"],
    ["model name", "Intel(R) Xeon(R) Processor @ 2.60GHz"],
    ["stepping", "7"],
    ["cpu MHz", "2600.000"],
    ["cache size", "16384 KB"],
    ["physical id", "0"],
    ["siblings", String(count)],
    ["core id", String(index)],
    ["cpu cores", String(count)],
    [
      "flags",
      "fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat sse sse2 ht syscall nx lm constant_tsc",
    ],
    ["bogomips", "5200.00"],
  ];
  return fields.map(([name, value]) => `${name.length < 8 ? `${name}\t` : name}\t: ${value}\n`).join("");
}

function statText(machine: Machine): string {
  const ticks = Math.floor(uptimeSeconds(machine) * 100);
  const { cpus } = machine.hardware;
  const used = machineUse(machine.processes.values(), machine.cpu);
  const busy = Math.floor(used / 10_000);
  const line = (name: string, all: number, own: number) => `${name} ${own} 0 0 ${Math.max(0, all - own)} 0 0 0 0 0 0\n`;
  const boot = Math.floor(machine.kernel.epochMs / 1000 + machine.bootedAt / 1_000_000) - BOOT_SECONDS;
  return (
    line("cpu ", ticks * cpus, busy) +
    Array.from({ length: cpus }, (_, i) => line(`cpu${i}`, ticks, Math.floor(busy / cpus))).join("") +
    `btime ${boot}\nprocesses ${lastPid(machine)}\nprocs_running ${running(machine)}\nprocs_blocked 0\n`
  );
}

/** Lines of /proc/mounts for a mount namespace. */
export function mountLines(ns: Pick<Namespaces, "mnt">): string {
  const { source, fstype, flags } = ns.mnt.filesystem;
  const lines = [`${source} / ${fstype} rw,${flags} 0 0`];
  const mounts = ns.mnt.list();
  if (mounts.some((mount) => mount.target === "/")) lines.pop();
  for (const mount of mounts) {
    lines.push(`${mount.source} ${mount.target} ${mount.fstype} ${mount.readOnly ? "ro" : "rw"},${mount.flags} 0 0`);
  }
  return `${lines.join("\n")}\n`;
}

/** The letter of ps's STAT: R running, S sleeping, T stopped, Z zombie. */
export function stateLetter(process: Process): "R" | "S" | "T" | "Z" {
  if (process.status !== undefined) return "Z";
  if (process.stopped) return "T";
  return process.task.state === "waiting" ? "S" : "R";
}
