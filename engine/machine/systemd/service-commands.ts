/** The commands of a service beside its main process: conditions, what comes before and after, reloads, stops. */
import { type Gen, wait } from "../../kernel/index.ts";
import type { Process } from "../process.ts";
import { serviceEnvironment, spawnService } from "./exec.ts";
import type { Systemd } from "./manager.ts";
import { killAll } from "./service-kill.ts";
import { codeAndStatus, exitFields, isClean, resultOf } from "./status.ts";
import type { ExecRecord, Unit } from "./unit.ts";
import { type ExecLine, execLine } from "./unit-file.ts";

/** Notes a command that was started, in place of the one that had its kind and number. */
export function noteCommand(
  unit: Unit,
  kind: string,
  index: number,
  { words }: ExecLine,
  { pid }: Process,
  startedAt: number,
): ExecRecord {
  const record: ExecRecord = { kind, index, words, pid, startedAt, endedAt: undefined, status: undefined };
  unit.commands = unit.commands.filter((other) => other.kind !== kind || other.index !== index);
  unit.commands.push(record);
  return record;
}

/**
 * Runs commands one after another; false when one failed, whose result is the unit's then. `job`: it stops when another
 * job has overtaken it. `deadline`: virtual time in µs.
 */
export function* runCommands(
  manager: Systemd,
  unit: Unit,
  kind: string,
  values: readonly string[],
  job: number,
  deadline = Number.POSITIVE_INFINITY,
): Gen<boolean> {
  if (values.length === 0) return true;
  const { kernel } = manager.machine;
  const env = serviceEnvironment(manager, unit) ?? new Map();
  for (const [index, value] of values.entries()) {
    const line = execLine(value, env);
    if (line === undefined) continue;
    const process = spawnService(manager, unit, line, env);
    unit.control = process;
    const record = noteCommand(unit, kind, index, line, process, kernel.now);
    while (process.status === undefined) {
      const left = deadline - kernel.now;
      if (left <= 0) return yield* timedOut(manager, unit);
      yield* wait(process.task.ended, Number.isFinite(left) ? left : undefined);
    }
    const { status } = process;
    record.status = status;
    record.endedAt = kernel.now;
    unit.control = undefined;
    if (unit.job !== job) return true;
    if (line.ignoreFailure || isClean(status, [])) continue;
    const quiet = kind === "ExecCondition" && status.kind === "exited" && status.code < 255;
    if (!quiet) {
      const message = `${unit.name}: Control process exited, ${codeAndStatus(status)}`;
      manager.log(unit, message, 5, "exit", exitFields(kind, status));
    }
    if (kind === "ExecReload") unit.reloadResult = resultOf(status, []);
    else unit.result = resultOf(status, []);
    return false;
  }
  return true;
}

/** What a start comes to that takes too long: it is ended, and has failed. */
export function* timedOut(manager: Systemd, unit: Unit): Gen<false> {
  manager.log(unit, `${unit.name}: ${unit.sub} operation timed out. Terminating.`, 4);
  unit.result = "timeout";
  yield* killAll(manager, unit, "stop-sigterm");
  return false;
}
