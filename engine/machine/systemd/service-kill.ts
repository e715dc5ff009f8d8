/** How what runs for a service is ended (systemd.kill(5)). */
import { type Gen, SECOND, wait } from "../../kernel/index.ts";
import type { Process } from "../process.ts";
import type { Signal } from "../signal.ts";
import type { Systemd } from "./manager.ts";
import type { Unit } from "./unit.ts";

/** DefaultTimeoutStartSec= and DefaultTimeoutStopSec=, in µs. */
export const DEFAULT_TIMEOUT = 90 * SECOND;

/** SIGTERM, then after TimeoutStopSec SIGKILL, to what KillMode= says; false when it had to be killed. */
export function* killAll(manager: Systemd, unit: Unit, state: string): Gen<boolean> {
  const { machine } = manager;
  const mode = unit.service("KillMode") ?? "control-group";
  const signal = (unit.service("KillSignal") ?? "SIGTERM").replace(/^SIG/, "") as Signal;
  const all = (): Process[] => manager.processesOf(unit);
  const main = (): Process[] => (unit.main && unit.main.status === undefined ? [unit.main] : []);
  const aim = mode === "process" ? main : all;
  if (mode === "none") return true;
  for (const process of mode === "control-group" ? all() : main()) {
    machine.signal(process, signal);
    machine.signal(process, "CONT");
  }
  const kill = (processes: readonly Process[]) => {
    for (const process of processes) {
      const who = `${process.pid} (${process.comm})`;
      manager.log(unit, `${unit.name}: Killing process ${who} with signal SIGKILL.`, 5);
      machine.signal(process, "KILL");
    }
  };
  const timeout = unit.span("TimeoutStopSec", unit.span("TimeoutSec", DEFAULT_TIMEOUT));
  if (mode === "mixed") {
    yield* gone(unit, main, timeout);
    kill(all().filter((process) => process !== unit.main));
  }
  if (yield* gone(unit, aim, timeout)) return true;
  manager.log(unit, `${unit.name}: State '${state}' timed out. Killing.`, 4);
  kill(aim());
  yield* gone(unit, aim, timeout);
  return false;
}

/** Waits until no process of `which` is left; false after `timeout` µs. */
function* gone(unit: Unit, which: () => Process[], timeout: number): Gen<boolean> {
  for (let left = timeout; ; ) {
    const first = which()[0];
    if (first === undefined) {
      // PID 1 collects the main process within this instant: wait for its status.
      if (unit.main?.status !== undefined) unit.mainStatus ??= unit.main.status;
      return true;
    }
    if (left <= 0) return false;
    const { kernel } = first.machine;
    const since = kernel.now;
    yield* wait(first.task.ended, Number.isFinite(left) ? left : undefined);
    left -= kernel.now - since;
  }
}

/** Says which processes outlive their unit. */
export function tellRemaining(manager: Systemd, unit: Unit): void {
  for (const process of manager.processesOf(unit)) {
    const who = `${process.pid} (${process.comm})`;
    manager.log(unit, `${unit.name}: Unit process ${who} remains running after unit stopped.`);
  }
}
