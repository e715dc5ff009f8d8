/** atd(8): runs what at(1) has queued. It sleeps until something is due or the spool has changed. */
import { SECOND, wait } from "../../../kernel/index.ts";
import { runAs } from "../../../machine/login.ts";
import type { Program } from "../../../machine/process.ts";
import { hostView } from "../../../machine/runtime/host-view.ts";
import * as sys from "../../../machine/sys.ts";
import { type AtJob, allJobs, JOBS, jobsChanged } from "./jobs.ts";

export const atd: Program = function* (p) {
  const { machine } = p;
  const { kernel } = machine;
  p.dispositions.set("CHLD", "ignore");
  const root = hostView(machine);
  for (;;) {
    const now = kernel.epochMs / 1000 + kernel.now / SECOND;
    const waiting = allJobs(machine).filter(({ queue }) => queue !== "=");
    let next = Number.POSITIVE_INFINITY;
    for (const job of waiting) {
      if (job.at > now) next = Math.min(next, job.at);
      else run(job);
    }
    const changed = jobsChanged(machine);
    yield* next === Number.POSITIVE_INFINITY ? wait(changed) : wait(changed, Math.ceil((next - now) * SECOND));
  }

  /** A child of the daemon's waits for the job. What that prints would be mailed: there is no mail here. */
  function run(job: AtJob): void {
    const path = `${JOBS}/=${job.path.slice(JOBS.length + 2)}`;
    sys.rename(root, job.path, path);
    const script = sys.readText(root, path);
    machine.spawn({
      parent: p,
      argv: p.argv,
      env: p.env,
      cwd: "/",
      cred: p.cred,
      ns: p.ns,
      *main(child) {
        child.dispositions.delete("CHLD");
        const argv = ["sh", "-c", script];
        const work = runAs(machine, { user: job.user, argv, path: "/bin/sh", cwd: "/", parent: child });
        const message = `pam_unix(atd:session): session opened for user ${job.user}(uid=${job.uid}) by (uid=1)`;
        machine.journal.append({
          identifier: "atd",
          pid: child.pid,
          unit: "atd.service",
          message,
          transport: "syslog",
        });
        yield* sys.waitFor(child, work);
        if (sys.find(root, path) !== undefined) sys.unlink(root, path);
        return 0;
      },
    });
  }
};
