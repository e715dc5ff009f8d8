import { machineUse } from "../cpu.ts";
import {
  ComputedContent,
  type DirNode,
  deviceNode,
  dirNode,
  fifoNode,
  fileNode,
  type Inode,
  symlinkNode,
} from "../inode.ts";
import type { Machine } from "../machine.ts";
import type { OpenFile } from "../open-file.ts";
import type { Namespaces, Process } from "../process.ts";
import { SIGNALS } from "../signal.ts";
import { LazyEntries } from "./lazy.ts";
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
export function procfs(machine: Machine, ns: Pick<Namespaces, "pid" | "uts" | "mnt">): DirNode {
  const fixed = fixedEntries(machine, ns);
  return volatileDir(() => {
    const entries = new LazyEntries();
    for (const [name, node] of fixed) entries.set(name, node);
    for (const [pid, process] of ns.pid.byPid) entries.later(String(pid), () => processDir(process, pid));
    return entries;
  });
}

function fixedEntries(machine: Machine, ns: Pick<Namespaces, "pid" | "uts" | "mnt">): Map<string, Inode> {
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
    [
      "modules",
      computed(
        () =>
          "overlay 163840 0 - Live 0x0000000000000000\nbr_netfilter 36864 0 - Live 0x0000000000000000\nbridge 311296 1 br_netfilter, Live 0x0000000000000000\nnf_conntrack 188416 0 - Live 0x0000000000000000\n",
      ),
    ],
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

/** How long the firmware and kernel took before PID 1 ran. */
const BOOT_SECONDS = 4;

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

/** Sum of the resident sets of all processes, in KiB. */
export function usedKib(machine: Machine): number {
  let used = 180_000;
  for (const process of machine.processes.values()) used += process.rssKib;
  return used;
}

function meminfo(machine: Machine): string {
  const total = machine.hardware.memoryKib;
  const used = usedKib(machine);
  const cached = Math.floor(total / 8) + (machine.diskUsed >> 10);
  const line = (name: string, kib: number) => `${`${name}:`.padEnd(16)}${String(kib).padStart(8)} kB\n`;
  return (
    line("MemTotal", total) +
    line("MemFree", total - used - cached) +
    line("MemAvailable", total - used) +
    line("Buffers", 26_480) +
    line("Cached", cached - 26_480) +
    line("SwapCached", 0) +
    line("SwapTotal", 0) +
    line("SwapFree", 0)
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

const STATE_NAMES = { R: "running", S: "sleeping", T: "stopped", Z: "zombie" } as const;

function processDir(process: Process, pid: number): DirNode {
  const { uid, gid } = process.cred;
  const at = { mode: 0o555, uid, gid };
  const text = (make: () => string, mode = 0o444) => fileNode(new ComputedContent(make), { mode, uid, gid });
  const load = () =>
    new Map<string, Inode>([
      ["cmdline", text(() => process.argv.map((arg) => `${arg}\0`).join(""))],
      ["comm", text(() => `${process.comm}\n`, 0o644)],
      ["environ", text(() => [...process.env].map(([name, value]) => `${name}=${value}\0`).join(""), 0o400)],
      ["status", text(() => statusText(process, pid))],
      ["stat", text(() => processStat(process, pid))],
      ["cgroup", text(() => `0::${process.ns.cgroup}\n`)],
      ["mounts", text(() => mountLines(process.ns))],
      ["limits", text(() => LIMITS)],
      ["oom_score_adj", text(() => "0\n", 0o644)],
      ["cwd", symlinkNode(process.cwd, { uid, gid })],
      ["exe", symlinkNode(process.exe, { uid, gid })],
      ["root", symlinkNode("/", { uid, gid })],
      ["fd", dirNode({ mode: 0o500, uid, gid }, () => fdEntries(process))],
      ["ns", dirNode({ mode: 0o511, uid, gid }, () => nsEntries(process))],
    ]);
  return dirNode(at, load);
}

function fdEntries(process: Process): Map<string, Inode> {
  const out = new Map<string, Inode>();
  for (const [fd, file] of [...process.fds].sort(([a], [b]) => a - b)) {
    const link = symlinkNode(describeFile(file, fd + process.pid * 64), {
      uid: process.cred.uid,
      gid: process.cred.gid,
    });
    out.set(String(fd), { ...link, follow: () => nodeOfFile(file) });
  }
  return out;
}

/** The text of a /proc/PID/fd link. */
export function describeFile(file: OpenFile, id: number): string {
  if (file.path !== undefined) return file.path;
  return file.pipe ? `pipe:[${id}]` : `socket:[${id}]`;
}

function nodeOfFile(file: OpenFile): Inode | undefined {
  if (file.node) return file.node;
  if (file.tty) return deviceNode(file.tty.name.replace(/^\/dev\//, ""));
  if (file.pipe) return fifoNode(file.pipe);
  return undefined;
}

/** Namespace links; equal numbers mean a shared namespace, as `lsns` and `readlink /proc/PID/ns/net` show. */
function nsEntries(process: Process): Map<string, Inode> {
  const own = process.ns;
  const machine = process.machine.ns;
  const id = (kind: string, same: boolean, salt: number) =>
    `${kind}:[${same ? BASE_NS[kind] : 4_026_532_000 + (salt % 60_000)}]`;
  const salt = own.pid.init?.pid ?? process.pid;
  return new Map<string, Inode>([
    ["mnt", symlinkNode(id("mnt", own.mnt === machine.mnt, salt * 5))],
    ["net", symlinkNode(id("net", own.net === machine.net, hashName(own.net.name)))],
    ["pid", symlinkNode(id("pid", own.pid === machine.pid, salt * 5 + 1))],
    ["uts", symlinkNode(id("uts", own.uts === machine.uts, hashName(own.net.name) + 1))],
    ["user", symlinkNode("user:[4026531837]")],
  ]);
}

const BASE_NS: Record<string, number> = {
  mnt: 4_026_531_841,
  net: 4_026_531_840,
  pid: 4_026_531_836,
  uts: 4_026_531_838,
};

function hashName(name: string): number {
  let hash = 7;
  for (let i = 0; i < name.length; i++) hash = (hash * 31 + name.charCodeAt(i)) % 59_000;
  return hash;
}

function statusText(process: Process, pid: number): string {
  const state = stateLetter(process);
  const { uid, gid, groups } = process.cred;
  const parent = process.parent;
  const ppid =
    parent === undefined || parent.ns.pid !== process.ns.pid
      ? process.ns.pid === process.machine.pids
        ? (parent?.pid ?? 0)
        : 0
      : parent.nsPid;
  let ignored = 0n;
  let caught = 0n;
  for (const [signal, how] of process.dispositions) {
    const bit = 1n << BigInt(SIGNALS[signal] - 1);
    if (how === "ignore") ignored |= bit;
    else caught |= bit;
  }
  const mask = (bits: bigint) => bits.toString(16).padStart(16, "0");
  return [
    `Name:\t${process.comm}`,
    `Umask:\t${process.umask.toString(8).padStart(4, "0")}`,
    `State:\t${state} (${STATE_NAMES[state]})`,
    `Tgid:\t${pid}`,
    `Pid:\t${pid}`,
    `PPid:\t${ppid}`,
    `Uid:\t${uid}\t${uid}\t${uid}\t${uid}`,
    `Gid:\t${gid}\t${gid}\t${gid}\t${gid}`,
    `FDSize:\t${Math.max(64, process.fds.size)}`,
    `Groups:\t${groups.join(" ")} `,
    `NStgid:\t${process.pid === process.nsPid ? process.pid : `${process.pid}\t${process.nsPid}`}`,
    `VmSize:\t${String(process.rssKib * 3).padStart(8)} kB`,
    `VmRSS:\t${String(process.rssKib).padStart(8)} kB`,
    "Threads:\t1",
    `SigIgn:\t${mask(ignored)}`,
    `SigCgt:\t${mask(caught)}`,
    "",
  ].join("\n");
}

function processStat(process: Process, pid: number): string {
  const ticks = Math.floor((process.startedAt - process.machine.bootedAt) / 10_000) + BOOT_SECONDS * 100;
  const parent = process.parent?.pid ?? 0;
  const rest = `0 0 0 0 0 0 0 20 ${process.nice} 1 0 ${ticks} ${process.rssKib * 3072} ${process.rssKib >> 2}`;
  return `${pid} (${process.comm}) ${stateLetter(process)} ${parent} ${process.group} ${process.session} 0 -1 4194304 0 0 ${rest}\n`;
}

const LIMITS = `Limit                     Soft Limit           Hard Limit           Units     
Max cpu time              unlimited            unlimited            seconds   
Max file size             unlimited            unlimited            bytes     
Max processes             2000                 2000                 processes 
Max open files            1024                 1048576              files     
`;
