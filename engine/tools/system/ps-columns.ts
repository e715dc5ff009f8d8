/** Columns of ps by their format specifiers (ps(1), "STANDARD FORMAT SPECIFIERS"). */
import { stateLetter } from "../../machine/base/proc.ts";
import type { Process } from "../../machine/process.ts";
import { groupName, userName } from "../../machine/users.ts";
import { commandLine, type Seen, statText, ttyName } from "./process-view.ts";
import { wallTime } from "./when.ts";

export interface Column {
  header: string;
  width: number;
  left?: boolean;
  cell: (seen: Seen, viewer: Process) => string;
}

const two = (n: number) => String(Math.floor(n)).padStart(2, "0");

function cpuSeconds({ process }: Seen): number {
  return Math.floor(process.cpuUsed / 1_000_000);
}

/** `[[DD-]HH:]MM:SS` of seconds; hours always shown with `long`. */
function clock(seconds: number, long: boolean): string {
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor(seconds / 3600) % 24;
  const rest = `${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
  if (days > 0) return `${days}-${two(hours)}:${rest}`;
  return long || hours > 0 ? `${two(hours)}:${rest}` : rest;
}

function started({ process }: Seen): string {
  const { kernel } = process.machine;
  const age = kernel.now - process.startedAt;
  const sameDay = age < 86_400_000_000;
  return wallTime(kernel, process.startedAt, sameDay ? "%H:%M" : "%b%d");
}

const age = ({ process }: Seen) => Math.floor((process.machine.kernel.now - process.startedAt) / 1_000_000);

function cpuPercent(seen: Seen): string {
  const { process } = seen;
  const lived = Math.max(1_000_000, process.machine.kernel.now - process.startedAt);
  return (Math.floor((process.cpuUsed / lived) * 1000) / 10).toFixed(1);
}

function memoryPercent({ process }: Seen): string {
  return (Math.floor((process.rssKib / process.machine.hardware.memoryKib) * 1000) / 10).toFixed(1);
}

const user = ({ process }: Seen, viewer: Process, width = 8): string => {
  const name = userName(viewer.ns.mnt, process.cred.uid);
  return name.length > width ? `${name.slice(0, width - 1)}+` : name;
};

const right = (header: string, width: number, cell: Column["cell"]): Column => ({ header, width, cell });
const left = (header: string, width: number, cell: Column["cell"]): Column => ({ header, width, left: true, cell });

const args = left("COMMAND", 27, ({ process }) => commandLine(process));
const comm = left("COMMAND", 15, ({ process }) => (process.status ? `${process.comm} <defunct>` : process.comm));
const pid = right("PID", 7, (seen) => String(seen.pid));

export const COLUMNS: Record<string, Column> = {
  pid,
  tgid: { ...pid, header: "TGID" },
  ppid: right("PPID", 7, (seen) => String(seen.ppid)),
  pgid: right("PGID", 7, ({ process }) => String(process.group)),
  pgrp: right("PGRP", 7, ({ process }) => String(process.group)),
  sid: right("SID", 7, ({ process }) => String(process.session)),
  sess: right("SESS", 7, ({ process }) => String(process.session)),
  tpgid: right("TPGID", 7, ({ process }) => String(process.tty?.foreground ?? -1)),
  lwp: { ...pid, header: "LWP" },
  user: left("USER", 8, user),
  euser: left("EUSER", 8, user),
  ruser: left("RUSER", 8, user),
  uname: left("USER", 8, user),
  UID: left("UID", 8, user),
  uid: right("UID", 5, ({ process }) => String(process.cred.uid)),
  euid: right("EUID", 5, ({ process }) => String(process.cred.uid)),
  ruid: right("RUID", 5, ({ process }) => String(process.cred.uid)),
  gid: right("GID", 5, ({ process }) => String(process.cred.gid)),
  group: left("GROUP", 8, ({ process }, viewer) => groupName(viewer.ns.mnt, process.cred.gid)),
  "%cpu": right("%CPU", 4, cpuPercent),
  pcpu: right("%CPU", 4, cpuPercent),
  c: right("C", 2, (seen) => String(Math.floor(Number(cpuPercent(seen))))),
  "%mem": right("%MEM", 4, memoryPercent),
  pmem: right("%MEM", 4, memoryPercent),
  vsz: right("VSZ", 6, ({ process }) => String(process.rssKib * 3)),
  rss: right("RSS", 5, ({ process }) => String(process.rssKib)),
  sz: right("SZ", 5, ({ process }) => String((process.rssKib * 3) >> 2)),
  tty: left("TT", 8, ({ process }) => ttyName(process)),
  tt: left("TT", 8, ({ process }) => ttyName(process)),
  tname: left("TTY", 8, ({ process }) => ttyName(process)),
  stat: left("STAT", 4, statText),
  state: left("S", 1, ({ process }) => stateLetter(process)),
  s: left("S", 1, ({ process }) => stateLetter(process)),
  start: right("STARTED", 8, ({ process }) => wallTime(process.machine.kernel, process.startedAt, "%H:%M:%S")),
  start_time: left("START", 5, started),
  stime: right("STIME", 5, started),
  bsdstart: right("START", 6, (seen) => started(seen).padStart(6)),
  lstart: right("STARTED", 24, ({ process }) => wallTime(process.machine.kernel, process.startedAt, "%c")),
  etime: right("ELAPSED", 11, (seen) => clock(age(seen), false)),
  etimes: right("ELAPSED", 7, (seen) => String(age(seen))),
  time: right("TIME", 8, (seen) => clock(cpuSeconds(seen), true)),
  cputime: right("TIME", 8, (seen) => clock(cpuSeconds(seen), true)),
  bsdtime: right("TIME", 6, (seen) => `${Math.floor(cpuSeconds(seen) / 60)}:${two(cpuSeconds(seen) % 60)}`),
  nlwp: right("NLWP", 4, () => "1"),
  thcount: right("THCNT", 5, () => "1"),
  ni: right("NI", 3, ({ process }) => String(process.nice)),
  nice: right("NI", 3, ({ process }) => String(process.nice)),
  pri: right("PRI", 3, ({ process }) => String(19 - process.nice)),
  opri: right("PRI", 3, ({ process }) => String(80 + process.nice)),
  cls: right("CLS", 3, () => "TS"),
  f: right("F", 1, () => "4"),
  addr: left("ADDR", 4, () => "-"),
  wchan: left("WCHAN", 6, () => "-"),
  psr: right("PSR", 3, () => "0"),
  comm,
  ucmd: { ...comm, header: "CMD" },
  ucomm: comm,
  args,
  command: args,
  cmd: { ...args, header: "CMD" },
  cgroup: left("CGROUP", 27, ({ process }) => `0::${process.ns.cgroup}`),
  unit: left("UNIT", 31, ({ process }) => /([^/]+\.(?:service|scope))/.exec(process.ns.cgroup)?.[1] ?? "-"),
  label: left("LABEL", 31, () => "unconfined"),
  netns: right("NETNS", 10, () => "-"),
  pidns: right("PIDNS", 10, () => "-"),
};
