/** /proc/PID: what a process is, has open and may do. */

import { MAX_PROCESSES } from "../costs.ts";
import { cpuList, cpuMask } from "../cpu-list.ts";
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
import { oomScore } from "../memory.ts";
import type { OpenFile } from "../open-file.ts";
import type { Disposition, Process } from "../process.ts";
import { SIGNALS } from "../signal.ts";
import { BOOT_SECONDS, mountLines, stateLetter } from "./proc.ts";
import { netEntries } from "./proc-net.ts";

const STATE_NAMES = { R: "running", S: "sleeping", T: "stopped", Z: "zombie" } as const;

/** /proc/PID. */
export function processDir(process: Process, pid: number): DirNode {
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
      ["mountinfo", text(() => mountInfo(process))],
      ["limits", text(() => limitsText(process))],
      ["maps", text(() => mapsText(process), 0o400)],
      [
        "statm",
        text(
          () =>
            `${(process.rssKib * 3) >> 2} ${process.rssKib >> 2} ${process.rssKib >> 3} 1 0 ${process.rssKib >> 3} 0\n`,
        ),
      ],
      [
        "io",
        text(
          () => "rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\nread_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 0\n",
          0o400,
        ),
      ],
      ["loginuid", text(() => "4294967295", 0o644)],
      ["oom_score", text(() => `${oomScore(process)}\n`)],
      ["wchan", text(() => "0")],
      ["net", dirNode({ mode: 0o555, uid, gid }, () => netEntries(process.ns.net))],
      ["oom_score_adj", text(() => `${process.machine.memory.adjustmentOf(process.ns.cgroup)}\n`, 0o644)],
      ["cwd", symlinkNode(process.cwd, { uid, gid })],
      ["exe", symlinkNode(process.exe, { uid, gid })],
      // It leads to the process's own root, another one than the reader's where namespaces differ.
      ["root", { ...symlinkNode("/", { uid, gid }), follow: () => process.ns.mnt.through(process.ns.mnt.root) }],
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
  const pid = symlinkNode(id("pid", own.pid === machine.pid, salt * 5 + 1));
  const time = symlinkNode("time:[4026531834]");
  // A Pod's containers share what its sandbox made; each has a control group of its own.
  return new Map<string, Inode>([
    ["cgroup", symlinkNode(id("cgroup", own.mnt === machine.mnt, salt * 5 + 2))],
    ["ipc", symlinkNode(id("ipc", own.net === machine.net, hashName(own.net.name) + 2))],
    ["mnt", symlinkNode(id("mnt", own.mnt === machine.mnt, salt * 5))],
    ["net", symlinkNode(id("net", own.net === machine.net, hashName(own.net.name)))],
    ["pid", pid],
    ["pid_for_children", pid],
    ["time", time],
    ["time_for_children", time],
    ["user", symlinkNode("user:[4026531837]")],
    ["uts", symlinkNode(id("uts", own.uts === machine.uts, hashName(own.net.name) + 1))],
  ]);
}

/** Number of a namespace of a process: `cgroup`, `ipc`, `mnt`, `net`, `pid`, `time`, `user` or `uts`. */
export function namespaceNumber(process: Process, kind: string): number {
  const link = nsEntries(process).get(kind);
  return link?.kind === "symlink" ? Number(/\d+/.exec(link.target)?.[0] ?? 0) : 0;
}

const BASE_NS: Record<string, number> = {
  cgroup: 4_026_531_835,
  ipc: 4_026_531_839,
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

/** The signals that a process ignores or catches as 16 hexadecimal digits; none of them without `how`. */
export function signalMask(process: Process, how?: Disposition): string {
  let bits = 0n;
  for (const [signal, is] of process.dispositions) if (is === how) bits |= 1n << BigInt(SIGNALS[signal] - 1);
  return bits.toString(16).padStart(16, "0");
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
  const mask = (how?: Disposition) => signalMask(process, how);
  const cpus = process.machine.cpu.cpusOf(process.ns.cgroup);
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
    ...["NStgid", "NSpid"].map((name) => `${name}:\t${inner(process.pid, process.nsPid)}`),
    `NSpgid:\t${process.group}`,
    `NSsid:\t${process.session}`,
    ...[
      ["VmPeak", 3],
      ["VmSize", 3],
      ["VmHWM", 1],
      ["VmRSS", 1],
    ].map(([name, times]) => `${name}:\t${String(process.rssKib * Number(times)).padStart(8)} kB`),
    "VmSwap:\t       0 kB",
    "Threads:\t1",
    "SigQ:\t0/15592",
    `SigPnd:\t${mask()}`,
    `SigBlk:\t${mask()}`,
    `SigIgn:\t${mask("ignore")}`,
    `SigCgt:\t${mask("catch")}`,
    "NoNewPrivs:\t0",
    "Seccomp:\t0",
    `Cpus_allowed:\t${cpuMask(cpus)}`,
    `Cpus_allowed_list:\t${cpuList(cpus)}`,
    "voluntary_ctxt_switches:\t1",
    "nonvoluntary_ctxt_switches:\t0",
    "",
  ].join("\n");
}

function processStat(process: Process, pid: number): string {
  const ticks = Math.floor((process.startedAt - process.machine.bootedAt) / 10_000) + BOOT_SECONDS * 100;
  const parent = process.parent?.pid ?? 0;
  const rest = `0 0 0 0 0 0 0 20 ${process.nice} 1 0 ${ticks} ${process.rssKib * 3072} ${process.rssKib >> 2}`;
  return `${pid} (${process.comm}) ${stateLetter(process)} ${parent} ${process.group} ${process.session} 0 -1 4194304 0 0 ${rest}\n`;
}

/** A pid in the machine's numbering and in its own namespace's. */
function inner(pid: number, nsPid: number): string {
  return pid === nsPid ? String(pid) : `${pid}\t${nsPid}`;
}

function limitsText({ limits, machine }: Process): string {
  const most = Math.floor(machine.hardware.memoryKib / 257.6);
  const rows: [string, number | undefined, number | undefined, string][] = [
    ["Max cpu time", undefined, undefined, "seconds"],
    ["Max file size", limits.fsize, limits.fsize, "bytes"],
    ["Max data size", undefined, undefined, "bytes"],
    ["Max stack size", 8_388_608, undefined, "bytes"],
    ["Max core file size", 0, undefined, "bytes"],
    ["Max resident set", undefined, undefined, "bytes"],
    ["Max processes", limits.nproc ?? MAX_PROCESSES, limits.nproc ?? MAX_PROCESSES, "processes"],
    ["Max open files", limits.nofile ?? 1024, limits.nofile ?? 1_048_576, "files"],
    ["Max locked memory", 514_043_904, 514_043_904, "bytes"],
    ["Max address space", limits.as && limits.as * 1024, limits.as && limits.as * 1024, "bytes"],
    ["Max file locks", undefined, undefined, "locks"],
    ["Max pending signals", most, most, "signals"],
    ["Max msgqueue size", 819_200, 819_200, "bytes"],
    ["Max nice priority", 0, 0, ""],
    ["Max realtime priority", 0, 0, ""],
    ["Max realtime timeout", undefined, undefined, "us"],
  ];
  const shown = (value: number | undefined) => (value === undefined ? "unlimited" : String(value)).padEnd(20);
  const head = "Limit                     Soft Limit           Hard Limit           Units     \n";
  return (
    head +
    rows
      .map(([name, soft, hard, unit]) => `${name.padEnd(25)} ${shown(soft)} ${shown(hard)} ${unit.padEnd(10)}\n`)
      .join("")
  );
}

/** /proc/PID/mountinfo, in the order of /proc/PID/mounts. */
function mountInfo({ ns }: Process): string {
  const lines = mountLines(ns).trimEnd().split("\n");
  return lines
    .map((line, i) => {
      const [source, target, type, options] = line.split(" ") as [string, string, string, string];
      const [flag, ...more] = options.split(",");
      const own = more.filter((one) => /^(nosuid|nodev|noexec|relatime|noatime)$/.test(one));
      const rest = more.filter((one) => !own.includes(one));
      const device = type === "ext4" ? "254:1" : `0:${20 + i}`;
      return `${22 + i} ${i === 0 ? 1 : 22} ${device} / ${target} ${[flag, ...own].join(",")} shared:${i + 1} - ${type} ${source} ${[flag, ...rest].join(",")}\n`;
    })
    .join("");
}

function mapsText({ exe, rssKib }: Process): string {
  const page = (address: number) => address.toString(16).padStart(12, "0");
  const start = 0x5555_5555_4000;
  const size = Math.max(4, rssKib & ~3) * 1024;
  const line = (from: number, to: number, mode: string, name: string) =>
    `${page(from)}-${page(to)} ${mode} 00000000 ${name.startsWith("/") ? "fe:01 131073" : "00:00 0"}`.padEnd(73) +
    `${name}\n`;
  return (
    line(start, start + size, "r-xp", exe) +
    line(start + size, start + size + 0x21000, "rw-p", "[heap]") +
    line(0x7fff_ffde_0000, 0x7fff_fffe_1000, "rw-p", "[stack]")
  );
}
