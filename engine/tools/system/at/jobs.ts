/** The spool of at(1): a shell script a job, whose name holds queue, number and time. */
import { WaitQueue } from "../../../kernel/index.ts";
import type { Machine } from "../../../machine/machine.ts";
import { hostView } from "../../../machine/runtime/host-view.ts";
import * as sys from "../../../machine/sys.ts";
import { userByUid } from "../../../machine/users.ts";

export const JOBS = "/var/spool/cron/atjobs";
const SEQUENCE = `${JOBS}/.SEQ`;

export interface AtJob {
  number: number;
  /** A letter; `=` while it runs. */
  queue: string;
  /** Seconds since 1970, a whole minute. */
  at: number;
  path: string;
  uid: number;
  user: string;
}

const queues = new WeakMap<Machine, WaitQueue>();

/** Woken when a job has come or gone. */
export function jobsChanged(machine: Machine): WaitQueue {
  let queue = queues.get(machine);
  if (queue === undefined) queues.set(machine, (queue = new WaitQueue()));
  return queue;
}

/** All jobs in the order they were queued. */
export function allJobs(machine: Machine): AtJob[] {
  const root = hostView(machine);
  if (sys.find(root, JOBS) === undefined) return [];
  const out: AtJob[] = [];
  for (const [name, node] of sys.readDir(root, JOBS)) {
    const match = /^([=a-zA-Z])([0-9a-f]{5})([0-9a-f]{8})$/.exec(name);
    if (match === null) continue;
    const [, queue = "", number = "", minutes = ""] = match;
    out.push({
      number: Number.parseInt(number, 16),
      queue,
      at: Number.parseInt(minutes, 16) * 60,
      path: `${JOBS}/${name}`,
      uid: node.uid,
      user: userByUid(machine.ns.mnt, node.uid)?.name ?? String(node.uid),
    });
  }
  return out;
}

/** Queues a script; gives its number. */
export function addJob(machine: Machine, queue: string, at: number, uid: number, script: string): number {
  const root = hostView(machine);
  for (const dir of ["/var/spool/cron", JOBS]) if (sys.find(root, dir) === undefined) sys.mkdir(root, dir, 0o1770);
  const before = sys.find(root, SEQUENCE) === undefined ? 0 : Number.parseInt(sys.readText(root, SEQUENCE), 16);
  const hex = (value: number, width: number) => value.toString(16).padStart(width, "0");
  const number = (before + 1) % 2 ** 20;
  sys.writeText(root, SEQUENCE, `${hex(number, 5)}\n`, 0o600);
  const path = `${JOBS}/${queue}${hex(number, 5)}${hex(Math.floor(at / 60), 8)}`;
  sys.writeText(root, path, script, 0o700);
  sys.stat(root, path).uid = uid;
  jobsChanged(machine).wakeAll();
  return number;
}

export function removeJob(machine: Machine, job: AtJob): void {
  sys.unlink(hostView(machine), job.path);
  jobsChanged(machine).wakeAll();
}
