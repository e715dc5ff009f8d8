import { type Gen, type KernelEvent, MS, wait } from "../../kernel/index.ts";
import type { Process, WaitStatus } from "../process.ts";
import { failedCheck, serviceEnvironment, spawnService } from "./exec.ts";
import type { JobResult, Systemd } from "./manager.ts";
import { noteCommand, runCommands, timedOut } from "./service-commands.ts";
import { DEFAULT_TIMEOUT, killAll, tellRemaining } from "./service-kill.ts";
import { restarts, withinStartLimit } from "./service-restart.ts";
import { codeAndStatus, exitFields, isClean, resultOf } from "./status.ts";
import { TimerUnit } from "./timer.ts";
import type { ActiveState, Result, Unit } from "./unit.ts";
import { type ExecLine, execLine, isYes } from "./unit-file.ts";

/** What units that are only a state are in when they are active. */
const STATES: Readonly<Record<string, string>> = {
  socket: "listening",
  path: "waiting",
  mount: "mounted",
  device: "plugged",
  scope: "running",
};

/** Starts, watches and stops what one unit stands for: a service's processes; other units only have a state. */
export class Service {
  private readonly manager: Systemd;
  private readonly unit: Unit;
  private restartTimer: KernelEvent | undefined;
  private runtimeTimer: KernelEvent | undefined;
  private readonly timer: TimerUnit | undefined;
  /** The main process's ExecStart= begins with a dash: however it ends is well. */
  private ignoresMain = false;

  constructor(manager: Systemd, unit: Unit) {
    this.manager = manager;
    this.unit = unit;
    if (unit.type === "timer") this.timer = new TimerUnit(manager, unit, (active, sub) => this.set(active, sub));
  }

  private get machine() {
    return this.manager.machine;
  }

  private get now(): number {
    return this.machine.kernel.now;
  }

  // ---- start --------------------------------------------------------------------------------------------------------

  *start(): Gen<JobResult> {
    const { unit } = this;
    if (unit.load !== "loaded") return "failed";
    if (unit.active === "active" || unit.active === "reloading") return "done";
    if (unit.active === "activating" && unit.sub !== "auto-restart") return yield* this.settled();
    if (unit.active === "deactivating") yield* this.settled();
    this.machine.kernel.cancel(this.restartTimer);
    if (unit.type === "service" && !withinStartLimit(unit, this.now)) {
      this.manager.log(unit, `${unit.name}: Start request repeated too quickly.`, 4);
      this.fail(unit.result === "success" ? "start-limit-hit" : unit.result);
      this.manager.log(unit, `Failed to start ${unit.title}.`, 3, "failed");
      return "failed";
    }
    unit.checkedAt = this.now;
    const condition = failedCheck(this.machine, unit, "Condition");
    if (condition !== undefined) {
      unit.failedCondition = { text: condition, at: this.now };
      const why = condition.includes("=|")
        ? "no trigger condition checks were met"
        : `of an unmet condition check (${condition})`;
      this.manager.log(unit, `${unit.title} was skipped because ${why}.`);
      this.set("inactive", "dead");
      return "skipped";
    }
    unit.failedCondition = undefined;
    if (failedCheck(this.machine, unit, "Assert") !== undefined) {
      this.manager.log(unit, `${unit.name}: Starting requested but asserts failed.`, 5);
      this.manager.log(unit, `Assertion failed for ${unit.title}.`, 3, "assert");
      this.set("inactive", "dead");
      return "assert";
    }
    if (this.timer !== undefined) return this.timer.start();
    if (unit.type !== "service") {
      this.set("active", STATES[unit.type] ?? "active");
      const verb = unit.type === "target" ? "Reached target" : unit.type === "socket" ? "Listening on" : "Started";
      if (unit.type !== "slice" || !unit.name.startsWith("system"))
        this.manager.log(unit, `${verb} ${unit.title}.`, 6, "done");
      return "done";
    }
    unit.stopRequested = false;
    return yield* this.run(++unit.job);
  }

  private *run(job: number): Gen<JobResult> {
    const { unit } = this;
    const type = unit.serviceType();
    const simple = type === "simple" || type === "idle";
    unit.commands = [];
    unit.result = unit.reloadResult = "success";
    unit.ready = false;
    unit.statusText = "";
    unit.mainStatus = undefined;
    unit.main = undefined;
    unit.mainEndedAt = undefined;
    unit.invocation = this.machine.kernel.random("systemd").hex(32);
    const pre = unit.file.all("Service", "ExecStartPre");
    const conditions = unit.file.all("Service", "ExecCondition");
    const waits = pre.length + conditions.length + unit.file.all("Service", "ExecStartPost").length > 0;
    if (!simple || waits) {
      this.set("activating", pre.length > 0 ? "start-pre" : "start");
      this.manager.log(unit, `Starting ${unit.title}...`, 6, "start");
    }
    const env = this.environment();
    if (env === undefined) {
      this.manager.log(
        unit,
        `${unit.name}: Failed to run 'start${pre.length > 0 ? "-pre" : ""}' task: No such file or directory`,
        4,
      );
      this.fail("resources");
      this.manager.log(unit, `Failed to start ${unit.title}.`, 3, "failed");
      this.maybeRestart("resources");
      return "failed";
    }
    const deadline = this.now + this.startTimeout(type);
    if (conditions.length > 0) this.set("activating", "condition");
    if (!(yield* runCommands(this.manager, unit, "ExecCondition", conditions, job, deadline))) {
      const ended = unit.commands.at(-1)?.status;
      if (ended?.kind !== "exited" || ended.code === 255) return yield* this.startFailed(job);
      unit.result = "success";
      this.manager.log(unit, `${unit.name}: Skipped due to 'exec-condition'.`);
      this.set("inactive", "dead");
      this.manager.log(unit, `Condition check resulted in ${unit.title} being skipped.`);
      return "skipped";
    }
    if (pre.length > 0) this.set("activating", "start-pre");
    if (!(yield* runCommands(this.manager, unit, "ExecStartPre", pre, job, deadline)))
      return yield* this.startFailed(job);
    if (unit.job !== job) return "canceled";
    for (const [index, value] of unit.file.all("Service", "ExecStart").entries()) {
      const line = execLine(value, env);
      if (line === undefined) continue;
      unit.main = this.spawn(line, env);
      this.ignoresMain = line.ignoreFailure;
      unit.mainStartedAt = this.now;
      unit.mainStatus = undefined;
      noteCommand(unit, "ExecStart", index, line, unit.main, this.now);
      if (simple) break;
      this.set("activating", "start");
      const ok =
        type === "oneshot"
          ? yield* this.oneshotEnds(line, job, deadline)
          : yield* this.becomesReady(type, job, deadline);
      if (unit.job !== job) return "canceled";
      if (!ok) return yield* this.startFailed(job);
    }
    if (unit.file.all("Service", "ExecStartPost").length > 0) this.set("activating", "start-post");
    if (
      !(yield* runCommands(
        this.manager,
        unit,
        "ExecStartPost",
        unit.file.all("Service", "ExecStartPost"),
        job,
        deadline,
      ))
    ) {
      return yield* this.startFailed(job);
    }
    if (unit.job !== job) return "canceled";
    if (type === "oneshot") return this.oneshotDone();
    this.set("active", "running");
    this.manager.log(unit, `Started ${unit.title}.`, 6, "done");
    if (unit.main?.status !== undefined && unit.mainStatus !== undefined) {
      // It left while ExecStartPost ran.
      this.machine.kernel.spawn(`systemd ended ${unit.name}`, this.mainLeft(++unit.job));
      return "done";
    }
    const limit = unit.span("RuntimeMaxSec", Number.POSITIVE_INFINITY);
    this.machine.kernel.cancel(this.runtimeTimer);
    if (limit > 0 && Number.isFinite(limit))
      this.runtimeTimer = this.machine.kernel.after(limit, `${this.machine.hostname} runtime ${unit.name}`, () => {
        if (this.machine.systemd !== this.manager || unit.job !== job || unit.active !== "active") return;
        this.manager.log(unit, `${unit.name}: Service reached runtime time limit. Stopping.`, 4);
        this.machine.kernel.spawn(`systemd stop ${unit.name}`, this.stopping(++unit.job, "timeout"));
      });
    return "done";
  }

  /** How long a start may take, in µs. */
  private startTimeout(type: string): number {
    const { unit } = this;
    const otherwise = type === "oneshot" ? Number.POSITIVE_INFINITY : DEFAULT_TIMEOUT;
    const given = unit.span("TimeoutStartSec", unit.span("TimeoutSec", otherwise));
    return given === 0 ? Number.POSITIVE_INFINITY : given;
  }

  private oneshotDone(): JobResult {
    const { unit } = this;
    if (isYes(unit.service("RemainAfterExit"))) {
      this.set("active", "exited");
    } else {
      this.manager.log(unit, `${unit.name}: Deactivated successfully.`, 6, "success");
      this.set("inactive", "dead");
    }
    this.manager.log(unit, `Finished ${unit.title}.`, 6, "done");
    return "done";
  }

  private *oneshotEnds(line: ExecLine, job: number, deadline: number): Gen<boolean> {
    const { unit } = this;
    while (unit.mainStatus === undefined && unit.job === job) {
      const left = deadline - this.now;
      if (left <= 0) return yield* timedOut(this.manager, unit);
      yield* wait(unit.changed, Number.isFinite(left) ? left : undefined);
    }
    const status = unit.mainStatus as WaitStatus | undefined;
    return status === undefined || line.ignoreFailure || this.judge(status) === "success";
  }

  /** Type=notify waits for READY=1, Type=forking for the first process to leave. */
  private *becomesReady(type: string, job: number, deadline: number): Gen<boolean> {
    const { unit } = this;
    for (;;) {
      if (unit.job !== job) return true;
      if (type === "forking" && unit.mainStatus !== undefined) {
        const first = unit.mainStatus;
        if (this.judge(first) !== "success") return false;
        unit.main = this.manager.processesOf(unit)[0];
        unit.mainStatus = undefined;
        return true;
      }
      if (type !== "forking" && unit.ready) return true;
      if (type !== "forking" && type !== "notify" && type !== "exec") return true;
      if (unit.mainStatus !== undefined) return false;
      const left = deadline - this.now;
      if (left <= 0) return yield* timedOut(this.manager, unit);
      yield* wait(unit.changed, Number.isFinite(left) ? left : undefined);
    }
  }

  private *startFailed(job: number): Gen<JobResult> {
    const { unit } = this;
    if (unit.job !== job) return "canceled";
    if (unit.mainStatus !== undefined && unit.result === "success") unit.result = this.judge(unit.mainStatus);
    if (unit.result === "success") unit.result = unit.mainStatus === undefined ? "exit-code" : "protocol";
    const { result } = unit;
    if (this.manager.processesOf(unit).length > 0) {
      this.set("deactivating", "stop-sigterm");
      yield* killAll(this.manager, unit, "stop-sigterm");
      if (unit.job !== job) return "canceled";
    }
    yield* runCommands(this.manager, unit, "ExecStopPost", unit.file.all("Service", "ExecStopPost"), job);
    this.fail(result);
    this.manager.log(unit, `Failed to start ${unit.title}.`, 3, "failed");
    this.maybeRestart(result);
    return "failed";
  }

  /** A timer works out anew when it elapses, as its unit has gone down. */
  rearm(): void {
    this.timer?.arm();
  }

  /** Forgets failures: `systemctl reset-failed`. */
  resetFailed(): void {
    const { unit } = this;
    unit.recentStarts = [];
    unit.restarts = 0;
    unit.result = "success";
    if (unit.active === "failed") this.set("inactive", "dead");
  }

  // ---- processes ----------------------------------------------------------------------------------------------------

  private environment(): Map<string, string> | undefined {
    return serviceEnvironment(this.manager, this.unit);
  }

  private spawn(line: ExecLine, env: Map<string, string>): Process {
    return spawnService(this.manager, this.unit, line, env);
  }

  /** PID 1 collected a process of this unit. */
  processEnded(process: Process): void {
    const { unit } = this;
    const status = process.status!;
    if (process === unit.main) {
      unit.mainStatus = status;
      unit.mainEndedAt = this.now;
      for (const record of unit.commands)
        if (record.pid === process.pid && record.status === undefined) {
          record.status = status;
          record.endedAt = this.now;
        }
      if (this.judge(status) !== "success" || unit.active === "deactivating") {
        if (!(unit.stopRequested && isClean(status, unit.successStatus))) {
          if (this.judge(status) !== "success") {
            const priority = status.kind === "exited" ? 5 : 4;
            this.manager.log(
              unit,
              `${unit.name}: Main process exited, ${codeAndStatus(status)}`,
              priority,
              "exit",
              exitFields("ExecStart", status),
            );
          }
        }
      }
      if (
        (unit.active === "active" && unit.sub === "running") ||
        (unit.active === "reloading" && unit.control === undefined)
      ) {
        this.machine.kernel.spawn(`systemd ended ${unit.name}`, this.mainLeft(++unit.job));
      }
    }
    unit.changed.wakeAll();
  }

  /** The main process left by itself: the others are stopped, then the unit is dead, failed or restarted. */
  private *mainLeft(job: number): Gen {
    const { unit } = this;
    const result = this.judge(unit.mainStatus!);
    unit.result = result;
    if (result === "success" && isYes(unit.service("RemainAfterExit")) && this.manager.processesOf(unit).length === 0) {
      this.set("active", "exited");
      return;
    }
    if (
      this.manager.processesOf(unit).length > 0 &&
      unit.service("KillMode") !== "process" &&
      unit.service("KillMode") !== "none"
    ) {
      this.set("deactivating", "stop-sigterm");
      yield* killAll(this.manager, unit, "final-sigterm");
      if (unit.job !== job) return;
    }
    yield* runCommands(this.manager, unit, "ExecStopPost", unit.file.all("Service", "ExecStopPost"), job);
    if (result === "success") {
      this.manager.log(unit, `${unit.name}: Deactivated successfully.`, 6, "success");
      this.set("inactive", "dead");
    } else this.fail(result);
    tellRemaining(this.manager, unit);
    this.maybeRestart(result);
    this.manager.left(unit, result === "success");
  }

  private fail(result: Result): void {
    this.unit.result = result;
    this.manager.log(this.unit, `${this.unit.name}: Failed with result '${result}'.`, 4, "failure", {
      UNIT_RESULT: result,
    });
    this.set("failed", "failed");
  }

  private maybeRestart(result: Result): void {
    const { unit } = this;
    if (unit.stopRequested || !restarts(unit, result)) return;
    const delay = unit.span("RestartSec", 100 * MS);
    this.set("activating", "auto-restart");
    const { kernel } = this.machine;
    this.restartTimer = kernel.after(delay, `${this.machine.hostname} restart ${unit.name}`, () => {
      if (this.machine.systemd !== this.manager || unit.sub !== "auto-restart") return;
      unit.restarts++;
      this.manager.log(
        unit,
        `${unit.name}: Scheduled restart job, restart counter is at ${unit.restarts}.`,
        6,
        "restart",
      );
      this.manager.log(unit, `Stopped ${unit.title}.`, 6, "done");
      kernel.spawn(`systemd restart ${unit.name}`, this.start());
    });
  }

  // ---- stop ---------------------------------------------------------------------------------------------------------

  *stop(): Gen<JobResult> {
    const { unit } = this;
    this.machine.kernel.cancel(this.restartTimer);
    if (unit.active === "inactive" || unit.active === "failed") return "done";
    if (unit.active === "deactivating") {
      unit.stopRequested = true;
      return yield* this.settled();
    }
    const job = ++unit.job;
    unit.stopRequested = true;
    unit.restarts = 0;
    this.timer?.stop();
    if (unit.type !== "service" || unit.sub === "auto-restart") {
      if (unit.type === "timer") this.manager.log(unit, `${unit.name}: Deactivated successfully.`, 6, "success");
      if (unit.sub === "auto-restart" && unit.result !== "success") this.set("failed", "failed");
      else this.set("inactive", "dead");
      const verb = unit.type === "target" ? "Stopped target" : unit.type === "socket" ? "Closed" : "Stopped";
      this.manager.log(unit, `${verb} ${unit.title}.`, 6, "done");
      return "done";
    }
    this.manager.log(unit, `Stopping ${unit.title}...`, 6, "stop");
    this.set("deactivating", "stop");
    const task = this.machine.kernel.spawn(`systemd stop ${unit.name}`, this.stopping(job));
    while (task.state !== "done") yield* wait(task.ended);
    return "done";
  }

  private *stopping(job: number, because: Result = "success"): Gen {
    const { unit } = this;
    this.machine.kernel.cancel(this.runtimeTimer);
    const timeout = unit.span("TimeoutStopSec", unit.span("TimeoutSec", DEFAULT_TIMEOUT));
    yield* runCommands(this.manager, unit, "ExecStop", unit.file.all("Service", "ExecStop"), job, this.now + timeout);
    const refused = unit.result;
    this.set("deactivating", "stop-sigterm");
    const timedOut = !(yield* killAll(this.manager, unit, "stop-sigterm"));
    yield* runCommands(this.manager, unit, "ExecStopPost", unit.file.all("Service", "ExecStopPost"), job);
    const status = unit.mainStatus;
    const ended = timedOut ? "timeout" : status === undefined ? "success" : this.judge(status);
    const result: Result = because !== "success" ? because : refused !== "success" ? refused : ended;
    unit.result = result;
    if (result === "success") {
      this.manager.log(unit, `${unit.name}: Deactivated successfully.`, 6, "success");
      this.set("inactive", "dead");
    } else this.fail(result);
    tellRemaining(this.manager, unit);
    if (because === "success") this.manager.log(unit, `Stopped ${unit.title}.`, 6, "done");
    else {
      this.maybeRestart(result);
      this.manager.left(unit, false);
    }
  }

  /** ExecReload=, or undefined when the unit has none. */
  *reload(): Gen<JobResult | undefined> {
    const { unit } = this;
    const values = unit.file.all("Service", "ExecReload");
    if (values.length === 0) return undefined;
    if (unit.active !== "active") {
      const word = unit.active === "inactive" ? "inactive" : unit.active;
      this.manager.log(unit, `${unit.name}: Unit cannot be reloaded because it is ${word}.`, 4);
      return "invalid";
    }
    this.manager.log(unit, `Reloading ${unit.title}...`, 6, "reload");
    unit.reloadResult = "success";
    this.set("reloading", "reload");
    const job = unit.job;
    const ok = yield* runCommands(this.manager, unit, "ExecReload", values, job);
    if (unit.job !== job) return "canceled";
    this.set("active", "running");
    this.manager.log(
      unit,
      ok ? `Reloaded ${unit.title}.` : `Reload failed for ${unit.title}.`,
      ok ? 6 : 3,
      ok ? "done" : "failed",
    );
    if (unit.mainStatus !== undefined)
      this.machine.kernel.spawn(`systemd ended ${unit.name}`, this.mainLeft(++unit.job));
    return ok ? "done" : "failed";
  }

  // ---- state --------------------------------------------------------------------------------------------------------

  private set(active: ActiveState, sub: string): void {
    const { unit } = this;
    const up = (state: ActiveState) => state === "active" || state === "reloading";
    const down = (state: ActiveState) => state === "inactive" || state === "failed";
    unit.stateChange = this.now;
    if (down(unit.active) && !down(active)) {
      unit.inactiveExit = this.now;
      unit.inactiveExitSeq = this.machine.journal.length;
    }
    if (!down(unit.active) && down(active)) unit.inactiveEnter = this.now;
    if (!up(unit.active) && up(active)) unit.activeEnter = this.now;
    if (up(unit.active) && !up(active)) unit.activeExit = this.now;
    unit.active = active;
    unit.sub = sub;
    unit.changed.wakeAll();
  }

  private *settled(): Gen<JobResult> {
    const { unit } = this;
    while ((unit.active === "activating" && unit.sub !== "auto-restart") || unit.active === "deactivating") {
      yield* wait(unit.changed);
    }
    return unit.active === "failed" ? "failed" : "done";
  }

  private judge(status: WaitStatus): Result {
    if (this.ignoresMain) return "success";
    return resultOf(status, this.unit.successStatus);
  }
}
