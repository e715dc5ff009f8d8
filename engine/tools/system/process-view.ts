/** Processes as a program may see them: those of its own pid namespace, under the numbers used there. */
import { stateLetter } from "../../machine/base/proc.ts";
import { mayAccess, ROOT } from "../../machine/path.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";

/** What one line of ps is about. */
export interface Seen {
  process: Process;
  pid: number;
  ppid: number;
}

/** All processes of the viewer's pid namespace in the order of their pids. */
export function seenBy(viewer: Process): Seen[] {
  const all = viewer.ns.pid === viewer.machine.pids;
  const number = (process: Process) => (all ? process.pid : process.nsPid);
  const out: Seen[] = [];
  for (const [pid, process] of viewer.ns.pid.byPid) {
    const { parent } = process;
    const known = parent !== undefined && viewer.ns.pid.byPid.get(number(parent)) === parent;
    out.push({ process, pid, ppid: known ? number(parent) : 0 });
  }
  return out.sort((a, b) => a.pid - b.pid);
}

/** The process that has this number where the viewer lives. */
export function byPid(viewer: Process, pid: number): Process | undefined {
  return viewer.ns.pid.byPid.get(pid);
}

/** `pts/0`, or `?` without a terminal. */
export function ttyName(process: Process): string {
  return process.tty ? process.tty.name.replace(/^\/dev\//, "") : "?";
}

/** STAT of ps: state, `s` for a session leader, `+` in the foreground, `<`/`N` for niceness. */
export function statText({ process }: Seen): string {
  let out: string = stateLetter(process);
  if (process.nice < 0) out += "<";
  else if (process.nice > 0) out += "N";
  if (process.session === process.pid) out += "s";
  if (process.tty !== undefined && process.tty.foreground === process.group) out += "+";
  return out;
}

/** The command line; a zombie and a process without words show their name in brackets. */
export function commandLine(process: Process): string {
  if (process.status !== undefined) return `[${process.comm}] <defunct>`;
  return process.argv.length > 0 ? process.argv.join(" ") : `[${process.comm}]`;
}

/** True in an image built on BusyBox, whatever the tool; `Process.applet` says that a tool is itself an applet. */
export function hasBusybox(p: Process): boolean {
  const node = sys.find(p, "/bin/busybox");
  return node !== undefined && mayAccess(node, ROOT, 1);
}

export const BUSYBOX_VERSION = "BusyBox v1.37.0 (2024-09-26 21:31:42 UTC) multi-call binary.";
