/** What ps shows of a process (src/ps/output.c of procps-ng 4.0.2). */
import { stateLetter } from "../../machine/base/proc.ts";
import { namespaceNumber, signalMask } from "../../machine/base/proc-pid.ts";
import type { Process } from "../../machine/process.ts";
import { groupName, userName } from "../../machine/users.ts";
import { commandLine, type Seen, statText, ttyName } from "./process-view.ts";
import { wallTime } from "./when.ts";

/** What the cells of one run know besides the process. */
export interface View {
  viewer: Process;
  /** BSD `c`: names only; `-f`: command lines also where names are asked for. */
  shortNames: boolean;
  fullNames: boolean;
  /** BSD `e`: the environment behind the command. */
  environment: boolean;
  /** BSD `n`. */
  numericUsers: boolean;
  /** BSD `S`: with the time of children that are gone. */
  deadChildren: boolean;
}

export type Cell = (seen: Seen, view: View) => string;

/** What lines are sorted by where that is not the cell's text. */
export type SortKey = (seen: Seen, view: View) => number | string;

const two = (n: number) => String(Math.floor(n)).padStart(2, "0");

const usedUs = ({ process }: Seen, view: View): number =>
  process.cpuUsed + (view.deadChildren ? process.childrenCpu : 0);
const cpuSeconds = ({ process }: Seen): number => Math.floor(process.cpuUsed / 1_000_000);

/** `[[DD-]HH:]MM:SS` of seconds; hours always shown with `long`. */
function clock(seconds: number, long: boolean): string {
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor(seconds / 3600) % 24;
  const rest = `${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
  if (days > 0) return `${days}-${two(hours)}:${rest}`;
  return long || hours > 0 ? `${two(hours)}:${rest}` : rest;
}

const began = ({ process }: Seen, { viewer }: View, format: string): string =>
  wallTime(viewer, process.startedAt, format);

/** `HH:MM` of today, `Jun06` of this year, else the year. */
function started(seen: Seen, view: View): string {
  const now = (format: string) => wallTime(view.viewer, view.viewer.machine.kernel.now, format);
  if (began(seen, view, "%Y") !== now("%Y")) return began(seen, view, "%Y");
  return began(seen, view, began(seen, view, "%j") === now("%j") ? "%H:%M" : "%b%d");
}

const aged = (seen: Seen): boolean => age(seen) > 86_400;
const age = ({ process }: Seen) => Math.floor((process.machine.kernel.now - process.startedAt) / 1_000_000);

/** CPU per mille of its life. */
function perMille(seen: Seen, view: View): number {
  const lived = Math.max(1_000_000, seen.process.machine.kernel.now - seen.process.startedAt);
  return Math.floor((usedUs(seen, view) / lived) * 1000);
}

function cpuPercent(seen: Seen, view: View): string {
  const share = perMille(seen, view);
  return share > 999 ? String(Math.floor(share / 10)) : `${Math.floor(share / 10)}.${share % 10}`;
}

function memoryPercent({ process }: Seen): string {
  const share = Math.min(999, Math.floor((process.rssKib / process.machine.hardware.memoryKib) * 1000));
  return `${String(Math.floor(share / 10)).padStart(2)}.${share % 10}`;
}

const uid = ({ process }: Seen) => String(process.cred.uid);
const gid = ({ process }: Seen) => String(process.cred.gid);
const user = ({ process }: Seen, { viewer, numericUsers }: View): string =>
  numericUsers ? String(process.cred.uid) : userName(viewer.ns.mnt, process.cred.uid);
const group = ({ process }: Seen, { viewer, numericUsers }: View): string =>
  numericUsers ? String(process.cred.gid) : groupName(viewer.ns.mnt, process.cred.gid);

/** A process group's or session's number where the viewer lives. */
function numberThere(id: number, { viewer }: View): string {
  if (viewer.ns.pid === viewer.machine.pids) return String(id);
  const leader = viewer.machine.processes.get(id);
  return String(leader?.ns.pid === viewer.ns.pid ? leader.nsPid : 0);
}

const name = (process: Process) => (process.status ? `${process.comm} <defunct>` : process.comm);

function withEnvironment(text: string, { process }: Seen, { environment }: View): string {
  if (!environment || process.env.size === 0) return text;
  return `${text} ${[...process.env].map(([key, value]) => `${key}=${value}`).join(" ")}`;
}

const printable = (text: string): string => text.replace(/[\x00-\x1f\x7f]/g, "?");

const pid = (seen: Seen) => String(seen.pid);
const none = () => "-";
/** Memory is counted in pages of 4 KiB. */
const vszKib = ({ process }: Seen) => (process.rssKib * 3) & ~3;
const namespace = (kind: string) => (seen: Seen) => String(namespaceNumber(seen.process, kind));
const cgroupPart = (pattern: RegExp) => (seen: Seen) => pattern.exec(seen.process.ns.cgroup)?.[1] ?? "-";
const niceness =
  (base: number, sign = 1) =>
  ({ process }: Seen) =>
    String(base + sign * process.nice);
const hex = (value: number) => () => value.toString(16).padStart(16, "0");
const io = (part: number) => (seen: Seen) => String((seen.process.rssKib * 1024) >> part);

/** What columns show, by the word that stands for it in the table of columns. */
export const CELLS: Record<string, Cell> = {
  none,
  dash: none,
  pid,
  ppid: (seen) => String(seen.ppid),
  pgid: ({ process }, view) => numberThere(process.group, view),
  sess: ({ process }, view) => numberThere(process.session, view),
  tpgid: ({ process }, view) => (process.tty?.foreground ? numberThere(process.tty.foreground, view) : "-1"),
  uid,
  gid,
  user,
  group,
  pcpu: cpuPercent,
  c: (seen, view) => String(Math.min(99, Math.floor(perMille(seen, view) / 10))).padStart(2),
  cp: (seen, view) => String(Math.min(999, perMille(seen, view))).padStart(3),
  cuu: (seen, view) => (perMille(seen, view) / 10).toFixed(3),
  pmem: memoryPercent,
  vsz: (seen) => String(vszKib(seen)),
  size: (seen) => String(vszKib(seen) >> 1),
  rss: ({ process }) => String(process.rssKib & ~3),
  pss: ({ process }) => String(process.rssKib >> 1),
  sz: (seen) => String(vszKib(seen) >> 2),
  trs: ({ process }) => String(process.rssKib >> 2),
  drs: (seen) => String(vszKib(seen) - (seen.process.rssKib >> 2)),
  tty: ({ process }) => ttyName(process),
  tty4: ({ process }) => ttyName(process).replace("pts/", "p/"),
  stat: statText,
  s: ({ process }) => stateLetter(process),
  start: (seen, view) => began(seen, view, aged(seen) ? "  %b %d" : "%H:%M:%S"),
  stime: started,
  bsdstart: (seen, view) => began(seen, view, aged(seen) ? "%b %e" : " %H:%M"),
  lstart: (seen, view) => began(seen, view, "%a %b %e %H:%M:%S %Y"),
  etime: (seen) => clock(age(seen), false),
  etimes: (seen) => String(age(seen)),
  time: (seen) => clock(cpuSeconds(seen), true),
  times: (seen) => String(cpuSeconds(seen)),
  bsdtime: (seen, view) => {
    const seconds = Math.floor(usedUs(seen, view) / 1_000_000);
    return `${String(Math.floor(seconds / 60)).padStart(3)}:${two(seconds % 60)}`;
  },
  one: () => "1",
  zero: () => "0",
  ni: niceness(0),
  pri: niceness(19, -1),
  opri: niceness(80),
  priority: niceness(20),
  foo: niceness(0),
  bar: niceness(21),
  baz: niceness(120),
  api: niceness(-21, -1),
  cls: () => "TS",
  // PF_SUPERPRIV: daemons and shells of root have used what only root may.
  f: ({ process, ppid }) => (process.cred.uid === 0 && (process.session === process.pid || ppid <= 1) ? "4" : "0"),
  sgi_p: ({ process }) => (stateLetter(process) === "R" ? "0" : "*"),
  none_pending: ({ process }) => signalMask(process),
  ignored: ({ process }) => signalMask(process, "ignore"),
  caught: ({ process }) => signalMask(process, "catch"),
  stackp: hex(0x7ffc_9b3c_1000),
  esp: hex(0),
  faults: ({ process }) => String(process.rssKib >> 3),
  args: (seen, view) => {
    const { process } = seen;
    return withEnvironment(printable(view.shortNames ? name(process) : commandLine(process)), seen, view);
  },
  comm: (seen, view) => {
    const { process } = seen;
    const full = view.fullNames && !view.shortNames;
    return withEnvironment(printable(full ? commandLine(process) : name(process)), seen, view);
  },
  fname: ({ process }) => process.comm.slice(0, 8),
  exe: ({ process }) => process.exe,
  cgroup: ({ process }) => `0::${process.ns.cgroup}`,
  cgname: ({ process }) => process.ns.cgroup,
  unit: cgroupPart(/([^/]+\.(?:service|scope))/),
  slice: cgroupPart(/([^/]+\.slice)/),
  label: () => "unconfined",
  supgid: ({ process }) => (process.cred.groups.length > 0 ? process.cred.groups.join(",") : "-"),
  supgrp: ({ process }, { viewer }) => process.cred.groups.map((one) => groupName(viewer.ns.mnt, one)).join(",") || "-",
  cgroupns: namespace("cgroup"),
  ipcns: namespace("ipc"),
  mntns: namespace("mnt"),
  netns: namespace("net"),
  pidns: namespace("pid"),
  timens: namespace("time"),
  userns: namespace("user"),
  utsns: namespace("uts"),
  oom: () => "666",
  lim: () => "xx",
  rbytes: io(0),
  rchars: io(1),
  rops: io(12),
  wbytes: io(3),
  wchars: io(4),
  wops: io(14),
};

export const BY_NUMBER: Record<string, SortKey | undefined> = {
  start: ({ process }) => process.startedAt,
  stime: ({ process }) => process.startedAt,
  bsdstart: ({ process }) => process.startedAt,
  lstart: ({ process }) => process.startedAt,
  etime: age,
  time: ({ process }) => process.cpuUsed,
  bsdtime: usedUs,
  pcpu: perMille,
  c: perMille,
  cp: perMille,
  cuu: perMille,
  pmem: ({ process }) => process.rssKib,
};
