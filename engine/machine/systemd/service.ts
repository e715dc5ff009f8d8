import { type Gen, type KernelEvent, MS, SECOND, wait } from "../../kernel/index.ts";
import type { Process, WaitStatus } from "../process.ts";
import type { Signal } from "../signal.ts";
import { failedCondition, serviceEnvironment, spawnService } from "./exec.ts";
import type { JobResult, Systemd } from "./manager.ts";
import { codeAndStatus, isClean } from "./status.ts";
import type { ActiveState, Result, Unit } from "./unit.ts";
import { type ExecLine, execLine, parseSpan, splitWords } from "./unit-file.ts";

const DEFAULT_TIMEOUT = 90 * SECOND;

/** Starts, watches and stops what one unit stands for: a service's processes; other units only have a state. */
export class Service {
  private readonly manager: Systemd;
  private readonly unit: Unit;
  private restartTimer: KernelEvent | undefined;

  constructor(manager: Systemd, unit: Unit) {
    this.manager = manager;
    this.unit = unit;
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
    const condition = failedCondition(this.manager, unit);
    if (condition !== undefined) {
      unit.failedCondition = { text: condition, at: this.now };
      this.manager.log(unit, `${unit.title} was skipped because of an unmet condition check (${condition}).`);
      this.set("inactive", "dead");
      return "skipped";
    }
    unit.failedCondition = undefined;
    if (unit.type !== "service") {
      this.set("active", unit.type === "target" || unit.type === "slice" ? "active" : "listening");
      if (unit.type === "target") this.manager.log(unit, `Reached target ${unit.title}.`);
      return "done";
    }
    if (!this.withinStartLimit()) {
      this.manager.log(unit, `${unit.name}: Start request repeated too quickly.`, 4);
      const result = unit.result === "success" ? "start-limit-hit" : unit.result;
      this.fail(result);
      this.manager.log(unit, `Failed to start ${unit.title}.`, 3);
      return "failed";
    }
    unit.stopRequested = false;
    return yield* this.run(++unit.job);
  }

  private *run(job: number): Gen<JobResult> {
    const { unit } = this;
    const type = unit.serviceType();
    const simple = type === "simple" || type === "idle" || type === "exec";
    unit.commands.length = 0;
    unit.result = "success";
    unit.ready = false;
    unit.statusText = "";
    unit.mainStatus = undefined;
    unit.main = undefined;
    unit.mainEndedAt = undefined;
    unit.invocation = this.machine.kernel.random("systemd").hex(32);
    const pre = unit.file.all("Service", "ExecStartPre");
    if (!simple || pre.length > 0) this.manager.log(unit, `Starting ${unit.title}...`);
    this.set("activating", pre.length > 0 ? "start-pre" : "start");
    if (!(yield* this.runCommands("ExecStartPre", pre, job))) return this.startFailed(job);
    const env = this.environment();
    if (env === undefined) {
      this.fail("resources");
      this.manager.log(unit, `Failed to start ${unit.title}.`, 3);
      return "failed";
    }
    for (const value of unit.file.all("Service", "ExecStart")) {
      const line = execLine(value, env);
      if (line === undefined) continue;
      unit.main = this.spawn(line, env);
      unit.mainStartedAt = this.now;
      unit.mainStatus = undefined;
      if (simple) break;
      this.set("activating", "start");
      const ok = type === "oneshot" ? yield* this.oneshotEnds(line, job) : yield* this.becomesReady(type, job);
      if (unit.job !== job) return "canceled";
      if (!ok) return this.startFailed(job);
    }
    if (!(yield* this.runCommands("ExecStartPost", unit.file.all("Service", "ExecStartPost"), job))) {
      return this.startFailed(job);
    }
    if (unit.job !== job) return "canceled";
    if (type === "oneshot") return this.oneshotDone();
    this.manager.log(unit, `Started ${unit.title}.`);
    this.set("active", "running");
    return "done";
  }

  private oneshotDone(): JobResult {
    const { unit } = this;
    unit.main = undefined;
    if (isYes(unit.service("RemainAfterExit"))) {
      this.set("active", "exited");
    } else {
      this.manager.log(unit, `${unit.name}: Deactivated successfully.`);
      this.set("inactive", "dead");
    }
    this.manager.log(unit, `Finished ${unit.title}.`);
    return "done";
  }

  private *oneshotEnds(line: ExecLine, job: number): Gen<boolean> {
    const { unit } = this;
    while (unit.mainStatus === undefined && unit.job === job) yield* wait(unit.changed);
    const status = unit.mainStatus as WaitStatus | undefined;
    return status === undefined || line.ignoreFailure || this.judge(status) === "success";
  }

  /** Type=notify waits for READY=1, Type=forking for the first process to leave. */
  private *becomesReady(type: string, job: number): Gen<boolean> {
    const { unit } = this;
    const timeout = this.span("TimeoutStartSec", this.span("TimeoutSec", DEFAULT_TIMEOUT));
    const deadline = this.now + timeout;
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
      if (type !== "forking" && type !== "notify") return true;
      if (unit.mainStatus !== undefined) return false;
      const left = deadline - this.now;
      if (left <= 0) {
        this.manager.log(unit, `${unit.name}: start operation timed out. Terminating.`, 4);
        unit.result = "timeout";
        yield* this.killAll("stop-sigterm");
        return false;
      }
      yield* wait(unit.changed, Number.isFinite(left) ? left : undefined);
    }
  }

  private startFailed(job: number): JobResult {
    const { unit } = this;
    if (unit.job !== job) return "canceled";
    if (unit.mainStatus !== undefined && unit.result === "success") unit.result = this.judge(unit.mainStatus);
    if (unit.result === "success") unit.result = unit.mainStatus === undefined ? "exit-code" : "protocol";
    const { result } = unit;
    this.fail(result);
    this.manager.log(unit, `Failed to start ${unit.title}.`, 3);
    this.maybeRestart(result);
    return result === "timeout" ? "timeout" : "failed";
  }

  private *runCommands(kind: string, values: readonly string[], job: number): Gen<boolean> {
    if (values.length === 0) return true;
    const { unit } = this;
    const env = this.environment() ?? new Map();
    for (const value of values) {
      const line = execLine(value, env);
      if (line === undefined) continue;
      const process = this.spawn(line, env);
      unit.control = process;
      const record = {
        kind,
        path: line.path,
        argv: line.argv,
        pid: process.pid,
        status: undefined as WaitStatus | undefined,
      };
      unit.commands.push(record);
      while (process.status === undefined) yield* wait(process.task.ended);
      record.status = process.status;
      unit.control = undefined;
      if (unit.job !== job) return true;
      if (line.ignoreFailure || isClean(process.status, [])) continue;
      this.manager.log(unit, `${unit.name}: Control process exited, ${codeAndStatus(process.status)}`, 5);
      unit.result = process.status.kind === "exited" ? "exit-code" : "signal";
      return false;
    }
    return true;
  }

  /** False when it started more often than StartLimitBurst within StartLimitIntervalSec. */
  private withinStartLimit(): boolean {
    const { unit } = this;
    const limit = (key: string) => unit.file.get("Unit", key) ?? unit.file.get("Service", key);
    const interval = parseSpan(limit("StartLimitIntervalSec") ?? limit("StartLimitInterval")) ?? 10 * SECOND;
    const burst = Number(limit("StartLimitBurst") ?? 5);
    if (interval === 0 || burst === 0) return true;
    // A window opens with the first start and is forgotten when it is over (ratelimit_below() of systemd).
    if ((unit.recentStarts[0] ?? Number.NEGATIVE_INFINITY) + interval < this.now) unit.recentStarts = [];
    if (unit.recentStarts.length >= burst) return false;
    unit.recentStarts.push(this.now);
    return true;
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
      if (this.judge(status) !== "success" || unit.active === "deactivating") {
        if (!(unit.stopRequested && isClean(status, this.successStatus()))) {
          if (!isClean(status, this.successStatus())) {
            this.manager.log(unit, `${unit.name}: Main process exited, ${codeAndStatus(status)}`, 5);
          }
        }
      }
      if (unit.active === "active" && unit.sub === "running") {
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
    if (
      this.manager.processesOf(unit).length > 0 &&
      unit.service("KillMode") !== "process" &&
      unit.service("KillMode") !== "none"
    ) {
      this.set("deactivating", "stop-sigterm");
      yield* this.killAll("final-sigterm");
      if (unit.job !== job) return;
    }
    this.remains();
    if (result === "success") {
      this.manager.log(unit, `${unit.name}: Deactivated successfully.`);
      this.set("inactive", "dead");
    } else this.fail(result);
    this.maybeRestart(result);
  }

  private remains(): void {
    for (const process of this.manager.processesOf(this.unit)) {
      const { name } = this.unit;
      this.manager.log(
        this.unit,
        `${name}: Unit process ${process.pid} (${process.comm}) remains running after unit stopped.`,
      );
    }
  }

  private fail(result: Result): void {
    this.unit.result = result;
    this.manager.log(this.unit, `${this.unit.name}: Failed with result '${result}'.`, 4);
    this.set("failed", "failed");
  }

  private maybeRestart(result: Result): void {
    const { unit } = this;
    const how = unit.service("Restart") ?? "no";
    const status = unit.mainStatus;
    const prevent = splitWords(unit.service("RestartPreventExitStatus") ?? "");
    if (unit.stopRequested || (status?.kind === "exited" && prevent.includes(String(status.code)))) return;
    const abnormal = result === "signal" || result === "timeout";
    const wanted =
      how === "always" ||
      (how === "on-success" && result === "success") ||
      (how === "on-failure" && result !== "success") ||
      (how === "on-abnormal" && abnormal) ||
      (how === "on-abort" && result === "signal");
    if (!wanted || result === "start-limit-hit") return;
    const delay = this.span("RestartSec", 100 * MS);
    this.set("activating", "auto-restart");
    const { kernel } = this.machine;
    this.restartTimer = kernel.after(delay, `${this.machine.hostname} restart ${unit.name}`, () => {
      if (unit.sub !== "auto-restart") return;
      unit.restarts++;
      this.manager.log(unit, `${unit.name}: Scheduled restart job, restart counter is at ${unit.restarts}.`);
      this.manager.log(unit, `Stopped ${unit.title}.`);
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
    if (unit.type !== "service" || unit.sub === "auto-restart") {
      this.set("inactive", "dead");
      this.manager.log(unit, unit.type === "target" ? `Stopped target ${unit.title}.` : `Stopped ${unit.title}.`);
      return "done";
    }
    this.manager.log(unit, `Stopping ${unit.title}...`);
    this.set("deactivating", "stop");
    const task = this.machine.kernel.spawn(`systemd stop ${unit.name}`, this.stopping(job));
    while (task.state !== "done") yield* wait(task.ended);
    return "done";
  }

  private *stopping(job: number): Gen {
    const { unit } = this;
    yield* this.runCommands("ExecStop", unit.file.all("Service", "ExecStop"), job);
    this.set("deactivating", "stop-sigterm");
    const timedOut = !(yield* this.killAll("stop-sigterm"));
    this.remains();
    const status = unit.mainStatus;
    const result: Result = timedOut ? "timeout" : status === undefined ? "success" : this.judge(status);
    unit.result = result;
    if (result === "success") {
      this.manager.log(unit, `${unit.name}: Deactivated successfully.`);
      this.set("inactive", "dead");
    } else this.fail(result);
    this.manager.log(unit, `Stopped ${unit.title}.`);
  }

  /** SIGTERM, then after TimeoutStopSec SIGKILL, to what KillMode= says; false when it had to be killed. */
  private *killAll(state: string): Gen<boolean> {
    const { unit } = this;
    const mode = unit.service("KillMode") ?? "control-group";
    const signal = ((unit.service("KillSignal") ?? "SIGTERM").replace(/^SIG/, "") as Signal) ?? "TERM";
    const all = (): Process[] => this.manager.processesOf(unit);
    const main = (): Process[] => (unit.main && unit.main.status === undefined ? [unit.main] : []);
    const aim = mode === "process" ? main : all;
    if (mode !== "none") for (const process of mode === "control-group" ? all() : main()) this.signal(process, signal);
    const timeout = this.span("TimeoutStopSec", this.span("TimeoutSec", DEFAULT_TIMEOUT));
    if (mode === "mixed") {
      yield* this.gone(main, timeout);
      for (const process of all()) if (process !== unit.main) this.machine.signal(process, "KILL");
    }
    if (mode === "none" || (yield* this.gone(aim, timeout))) return true;
    this.manager.log(unit, `${unit.name}: State '${state}' timed out. Killing.`, 4);
    for (const process of aim()) {
      this.manager.log(unit, `${unit.name}: Killing process ${process.pid} (${process.comm}) with signal SIGKILL.`, 5);
      this.machine.signal(process, "KILL");
    }
    yield* this.gone(aim, timeout);
    return false;
  }

  private signal(process: Process, signal: Signal): void {
    this.machine.signal(process, signal);
    this.machine.signal(process, "CONT");
  }

  /** Waits until no process of `which` is left; false after `timeout` µs. */
  private *gone(which: () => Process[], timeout: number): Gen<boolean> {
    const deadline = this.now + timeout;
    for (;;) {
      const first = which()[0];
      if (first === undefined) {
        // PID 1 collects the main process within this instant: wait for its status.
        if (this.unit.main && this.unit.mainStatus === undefined && this.unit.main.status !== undefined) {
          this.unit.mainStatus = this.unit.main.status;
        }
        return true;
      }
      const left = deadline - this.now;
      if (left <= 0) return false;
      yield* wait(first.task.ended, Number.isFinite(left) ? left : undefined);
    }
  }

  /** ExecReload=, or undefined when the unit has none. */
  *reload(): Gen<JobResult | undefined> {
    const { unit } = this;
    const values = unit.file.all("Service", "ExecReload");
    if (values.length === 0) return undefined;
    this.manager.log(unit, `Reloading ${unit.title}...`);
    this.set("reloading", "reload");
    const ok = yield* this.runCommands("ExecReload", values, unit.job);
    this.set("active", "running");
    this.manager.log(unit, ok ? `Reloaded ${unit.title}.` : `Reload failed for ${unit.title}.`);
    return ok ? "done" : "failed";
  }

  // ---- state --------------------------------------------------------------------------------------------------------

  private set(active: ActiveState, sub: string): void {
    const { unit } = this;
    const up = (state: ActiveState) => state === "active" || state === "reloading";
    const down = (state: ActiveState) => state === "inactive" || state === "failed";
    if (unit.active !== active) {
      unit.stateChange = this.now;
      if (up(active) && !up(unit.active)) unit.activeEnter = this.now;
      if (down(active)) unit.inactiveEnter = this.now;
    }
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
    if (isClean(status, this.successStatus())) return "success";
    return status.kind === "exited" ? "exit-code" : "signal";
  }

  private successStatus(): readonly string[] {
    return splitWords(this.unit.service("SuccessExitStatus") ?? "");
  }

  private span(key: string, otherwise: number): number {
    return parseSpan(this.unit.service(key)) ?? otherwise;
  }
}

function isYes(value: string | undefined): boolean {
  return value !== undefined && ["1", "yes", "true", "on"].includes(value.toLowerCase());
}
