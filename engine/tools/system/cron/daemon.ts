/** cron(8): runs what crontabs ask for. It sleeps until something is due or a crontab has changed. */
import { type Gen, SECOND, WaitQueue, wait } from "../../../kernel/index.ts";
import { runAs } from "../../../machine/login.ts";
import type { Machine } from "../../../machine/machine.ts";
import type { Process, Program } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { notify } from "../../../machine/systemd/index.ts";
import { userByName } from "../../../machine/users.ts";
import { CrontabError, isDue, type Job, nextDue, parseCrontab } from "./schedule.ts";

export const SPOOL = "/var/spool/cron/crontabs";
const SYSTEM = "/etc/cron.d";

const queues = new WeakMap<Machine, WaitQueue>();

/** Woken when a crontab of the machine has changed. */
export function cronChanged(machine: Machine): WaitQueue {
  let queue = queues.get(machine);
  if (queue === undefined) queues.set(machine, (queue = new WaitQueue()));
  return queue;
}

/** Jobs of crontabs by text and user: machines share Debian's, and read them whenever one has changed. */
const parsed = new Map<string, readonly Job[]>();

function crontab(text: string, user: string | undefined): readonly Job[] {
  const key = `${user ?? ""}\n${text}`;
  let jobs = parsed.get(key);
  if (jobs === undefined) {
    jobs = parseCrontab(text, user);
    if (parsed.size >= 64) parsed.clear();
    parsed.set(key, jobs);
  }
  return jobs;
}

/**
 * Every job of the machine; crontabs that cannot be read are reported in the journal and passed over. `told`: what was
 * said of which file.
 */
function allJobs(p: Process, told: Map<string, string>): Job[] {
  const out: Job[] = [];
  const add = (path: string, user: string | undefined) => {
    const name = path.slice(path.lastIndexOf("/") + 1);
    const tell = (state: string, ...messages: string[]) => {
      if (told.get(path) === state) return;
      told.set(path, state);
      for (const message of messages) log(p.machine, p.pid, message, "cron");
    };
    const { mode } = sys.stat(p, path);
    const whose = user ?? `*system*${path === "/etc/crontab" ? "" : name}`;
    if (user === undefined && (mode & 0o022) !== 0)
      return tell("insecure", `(${whose}) INSECURE MODE (group/other writable) (${path})`);
    const text = sys.readText(p, path);
    try {
      const jobs = crontab(text, user);
      if (user === undefined) {
        const line = jobs.findIndex((job) => userByName(p.machine.ns.mnt, job.user) === undefined);
        if (line >= 0) throw new CrontabError(line, "bad username");
      }
      out.push(...jobs);
      told.delete(path);
    } catch (error) {
      if (!(error instanceof CrontabError)) throw error;
      tell(
        text,
        `Error: ${error.message}; while reading ${path}`,
        `(${whose}) ERROR (Syntax error, this crontab file will be ignored)`,
      );
    }
  };
  const files = (dir: string) => (sys.find(p, dir)?.kind === "dir" ? [...sys.readDir(p, dir).keys()].sort() : []);
  if (sys.find(p, "/etc/crontab")?.kind === "file") add("/etc/crontab", undefined);
  for (const name of files(SYSTEM)) if (/^[A-Za-z0-9_-]+$/.test(name)) add(`${SYSTEM}/${name}`, undefined);
  for (const name of files(SPOOL)) add(`${SPOOL}/${name}`, name);
  return out;
}

function log(machine: Machine, pid: number, message: string, identifier = "CRON"): void {
  machine.journal.append({ identifier, pid, unit: "cron.service", message, transport: "syslog" });
}

function start(p: Process, job: Job): void {
  const { machine } = p;
  const user = userByName(machine.ns.mnt, job.user);
  if (user === undefined) return;
  const env = new Map([
    ["SHELL", "/bin/sh"],
    ["PATH", "/usr/bin:/bin"],
    ["LOGNAME", user.name],
    ["HOME", user.home],
    ...job.env,
  ]);
  // An unescaped % ends the command; what follows is its input, which is left out here.
  const command = job.command.replace(/(?<!\\)%.*$/s, "").replaceAll("\\%", "%");
  const process = runAs(machine, {
    user: user.name,
    argv: [env.get("SHELL")!, "-c", command],
    env,
    cwd: user.home,
    parent: p,
  });
  // Of logins alone.
  process.env.delete("USER");
  log(machine, process.pid, `pam_unix(cron:session): session opened for user ${user.name}(uid=${user.uid}) by (uid=0)`);
  log(machine, process.pid, `(${user.name}) CMD (${job.command})`);
}

export const cron: Program = function* (p): Gen<number> {
  p.rssKib = 2_688;
  p.dispositions.set("CHLD", "ignore");
  notify(p);
  const { machine } = p;
  const { kernel } = machine;
  const changed = cronChanged(machine);
  for (const dir of [SYSTEM, SPOOL]) {
    const node = sys.find(p, dir);
    if (node?.kind === "dir") node.watchers ??= changed;
  }
  const told = new Map<string, string>();
  for (const job of allJobs(p, told)) if (job.reboot) start(p, job);
  for (;;) {
    const jobs = allJobs(p, told);
    const now = kernel.epochMs / 1000 + kernel.now / SECOND;
    const due = nextDue(jobs, Math.floor(now));
    if (due === undefined) {
      yield* wait(changed);
      continue;
    }
    if ((yield* wait(changed, Math.ceil((due - now) * SECOND))) !== "timeout") continue;
    for (const job of allJobs(p, told)) if (isDue(job, due)) start(p, job);
  }
};
