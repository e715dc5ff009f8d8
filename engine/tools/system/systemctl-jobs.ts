/** systemctl's verbs that change what runs: start, stop, reload, kill, isolate … (src/systemctl/systemctl-start-unit.c). */
import { type Gen, sleep, type Task, wait } from "../../kernel/index.ts";
import { SIGNALS, type Signal } from "../../machine/signal.ts";
import * as sys from "../../machine/sys.ts";
import type { JobResult, Systemd, Unit } from "../../machine/systemd/index.ts";
import { needsReload } from "../../machine/systemd/unit.ts";
import { isYes } from "../../machine/systemd/unit-file.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal, type Tool } from "../tool.ts";
import { turnOff } from "./shutdown.ts";
import { expandNames, isPattern, reloadWarning, requireRoot, unitName, type Verb, verb } from "./systemctl-words.ts";

type Work = (manager: Systemd, unit: Unit) => Gen<JobResult | undefined>;

/** Acts on units at once; the first failure's status wins. */
function each(action: string, work: Work): Verb {
  return verb(function* (t, manager, names, o) {
    if (action === "start" && names.some(isPattern)) yield* sys.printError(t.p, GLOB_HINT);
    let status = 0;
    const jobs: { unit: Unit; task: Task }[] = [];
    for (const given of expandNames(manager, names)) {
      const name = unitName(given);
      const unit = manager.unit(name);
      const failed = `Failed to ${action} ${name}: `;
      if (t.p.cred.uid !== 0) {
        yield* sys.printError(t.p, `${failed}Access denied\n${seeLogs(name)}`);
        status ||= 4;
        continue;
      }
      const refused = action === "stop" ? undefined : manager.refusal(unit);
      const away = action === "stop" && unit.load === "not-found" && unit.active === "inactive";
      if (away || refused !== undefined) {
        const why = away ? `Unit ${name} not loaded.` : refused!.message;
        yield* sys.printError(t.p, `${failed}${why}\n${refused?.see ? seeLogs(name) : ""}`);
        status ||= away ? 5 : refused!.code;
        continue;
      }
      if (unit.file.get("Unit", action === "stop" ? "RefuseManualStop" : "RefuseManualStart") === "yes") {
        const only = `may be requested by dependency only (it is configured to refuse manual start/stop)`;
        yield* sys.printError(t.p, `${failed}Operation refused, unit ${name} ${only}.\n${seeLogs(name)}`);
        status ||= 4;
        continue;
      }
      if (action === "reload" && unit.file.all("Service", "ExecReload").length === 0) {
        yield* sys.printError(t.p, `${failed}Job type reload is not applicable for unit ${name}.\n`);
        status ||= 3;
        continue;
      }
      if (needsReload(manager.machine, unit)) yield* sys.printError(t.p, reloadWarning(unit));
      const task = manager.machine.kernel.spawn(`systemctl ${action} ${unit.name}`, counted(unit, work(manager, unit)));
      if (!o.has("no-block")) jobs.push({ unit, task });
    }
    for (const { unit, task } of jobs) {
      while (task.state !== "done") yield* wait(task.ended);
      const told = jobEnd(unit, task.value as JobResult | undefined);
      if (told === undefined) continue;
      yield* sys.printError(t.p, told);
      status ||= 1;
    }
    return status;
  }, 1);
}

/** A unit with a job under way stays in memory. */
export function* counted<T>(unit: Unit, work: Gen<T>): Gen<T> {
  unit.jobs++;
  try {
    return yield* work;
  } finally {
    unit.jobs--;
  }
}

const seeLogs = (name: string) => `See system logs and 'systemctl status ${name}' for details.\n`;

const GLOB_HINT = `Warning: systemctl start called with a glob pattern.
Hint: unit globs expand to loaded units, so start will usually have no effect.
      Passing --all will also load units which are pulled in by other units.
      See systemctl(1) for more details.
`;

const REASONS: Readonly<Record<string, string>> = {
  "exit-code": "the control process exited with error code",
  signal: "a fatal signal was delivered to the control process",
  timeout: "a timeout was exceeded",
  protocol: "the service did not take the steps required by its unit configuration",
  resources: "of unavailable resources or another system error",
  "start-limit-hit": "start of the service was attempted too often",
};

/** What systemctl says to how a job ended; undefined when it went well. */
export function jobEnd(unit: Unit, result: JobResult | undefined): string | undefined {
  const { name } = unit;
  switch (result) {
    case "canceled":
      return `Job for ${name} canceled.\n`;
    case "dependency":
      return `A dependency job for ${name} failed. See 'journalctl -xe' for details.\n`;
    case "invalid":
      return `${name} is not active, cannot reload.\n`;
    case "assert":
      return `Assertion failed on job for ${name}.\n`;
    case "failed":
    case "timeout": {
      if (unit.type !== "service") return `Job failed. See "journalctl -xe" for details.\n`;
      const reason = REASONS[unit.result === "success" ? unit.reloadResult : unit.result];
      const why = reason === undefined ? "." : ` because ${reason}.`;
      const limit =
        unit.result === "start-limit-hit"
          ? `To force a start use "systemctl reset-failed ${name}"\nfollowed by "systemctl start ${name}" again.\n`
          : "";
      return `Job for ${name} failed${why}\nSee "systemctl status ${name}" and "journalctl -xeu ${name}" for details.\n${limit}`;
    }
    default:
      return undefined;
  }
}

const active = (unit: Unit): boolean => unit.active === "active" || unit.active === "reloading";

function* reloadOr(manager: Systemd, unit: Unit): Gen<JobResult | undefined> {
  if (!active(unit)) return yield* manager.start(unit);
  return (yield* manager.service(unit).reload()) ?? (yield* manager.restart(unit));
}

function* nothing(): Gen<JobResult> {
  return "done";
}

const tryRestart: Work = (manager, unit) => (active(unit) ? manager.restart(unit) : nothing());
const reloadOrTry: Work = (manager, unit) => (active(unit) ? reloadOr(manager, unit) : nothing());

function power(how: "reboot" | "poweroff" | "halt"): Verb {
  return verb(
    function* (t) {
      const call = { reboot: "Reboot", poweroff: "PowerOff", halt: "Halt" }[how];
      if (!(yield* requireRoot(t.p, `Call to ${call} failed`))) return 1;
      return yield* turnOff(t.p, how);
    },
    0,
    how === "reboot" ? 1 : 0,
  );
}

/** The number of a signal word, as signal_from_string() takes it. */
function signalOf(word: string): Signal | undefined {
  const name = word.replace(/^SIG/, "");
  const byNumber = Object.entries(SIGNALS).find(([, number]) => String(number) === name)?.[0];
  const signal = byNumber ?? name;
  return signal in SIGNALS && signal !== "EXIT" && word !== "0" ? (signal as Signal) : undefined;
}

function* kill(t: Tool, manager: Systemd, names: readonly string[], o: ParsedOptions): Gen<number> {
  const given = o.value("s") ?? "TERM";
  if (given === "help" || given === "list") {
    const rows = Object.entries(SIGNALS).filter(([, number]) => number > 0 && number < 32);
    const lines = rows.sort((x, y) => x[1] - y[1]).map(([name, number]) => `${String(number).padEnd(6)} SIG${name}\n`);
    t.out.add(`SIGNAL NAME\n${lines.join("")}`);
    return 0;
  }
  const signal = signalOf(given);
  if (signal === undefined) throw new Fatal(`Failed to parse signal string "${given}".`);
  const whom = o.value("kill-whom") ?? o.value("kill-who") ?? "all";
  let status = 0;
  for (const name of expandNames(manager, names)) {
    const there = manager.has(name);
    const unit = manager.unit(name);
    const fail = (why: string) => sys.printError(t.p, `Failed to kill unit ${unit.name}: ${why}\n`);
    if (t.p.cred.uid !== 0) yield* fail("Access denied");
    else if (!there) yield* fail(`Unit ${unit.name} not loaded.`);
    else if (!["all", "main", "control", "main-fail", "control-fail", "all-fail"].includes(whom))
      yield* fail(`Invalid who argument ${whom}`);
    else {
      const main = unit.main?.status === undefined ? unit.main : undefined;
      if (whom === "main" && main === undefined) {
        yield* fail("No main process to kill");
        status ||= 1;
        continue;
      }
      for (const process of manager.processesOf(unit)) {
        if (whom.startsWith("main") && process !== main) continue;
        const what = process === main ? "main process" : process === unit.control ? "control process" : undefined;
        const sent =
          what === undefined ? `Sending signal SIG${signal} to process` : `Sent signal SIG${signal} to ${what}`;
        manager.log(unit, `${unit.name}: ${sent} ${process.pid} (${process.comm}) on client request.`);
        manager.machine.signal(process, signal);
      }
      continue;
    }
    status ||= 1;
  }
  return status;
}

export const JOB_VERBS: Readonly<Record<string, Verb>> = {
  start: each("start", (manager, unit) => manager.start(unit)),
  stop: each("stop", (manager, unit) => manager.stop(unit)),
  condstop: each("stop", (manager, unit) => manager.stop(unit)),
  restart: each("restart", (manager, unit) => manager.restart(unit)),
  "try-restart": each("try-restart", tryRestart),
  condrestart: each("try-restart", tryRestart),
  reload: each("reload", (manager, unit) => manager.service(unit).reload()),
  "reload-or-restart": each("reload-or-restart", reloadOr),
  "try-reload-or-restart": each("try-reload-or-restart", reloadOrTry),
  "force-reload": each("try-reload-or-restart", reloadOrTry),
  condreload: each("try-reload-or-restart", reloadOrTry),
  kill: verb(kill, 1),
  "daemon-reload": verb(
    function* (t, manager) {
      if (!(yield* requireRoot(t.p, "Reload daemon failed"))) return 1;
      yield* sleep(80_000);
      manager.reload();
      return 0;
    },
    0,
    0,
  ),
  "daemon-reexec": verb(
    function* (t, manager) {
      if (!(yield* requireRoot(t.p, "Failed to reexecute daemon"))) return 1;
      manager.reload();
      return 0;
    },
    0,
    0,
  ),
  "reset-failed": verb(function* (t, manager, names) {
    if (names.length === 0) {
      if (!(yield* requireRoot(t.p, "Failed to execute operation"))) return 1;
      for (const unit of manager.loaded()) manager.service(unit).resetFailed();
      return 0;
    }
    let status = 0;
    for (const name of expandNames(manager, names)) {
      const there = manager.has(name);
      const unit = manager.unit(name);
      const denied = t.p.cred.uid !== 0;
      if (denied || !there) {
        const why = denied ? "Access denied" : `Unit ${unit.name} not loaded.`;
        yield* sys.printError(t.p, `Failed to reset failed state of unit ${unit.name}: ${why}\n`);
        status ||= 1;
      } else manager.service(unit).resetFailed();
    }
    return status;
  }),
  isolate: verb(
    function* (t, manager, names, o) {
      const name = names[0]!.includes(".") ? names[0]! : `${names[0]}.target`;
      return yield* isolate(t, manager, name, o);
    },
    1,
    1,
  ),
  default: verb((t, manager, _names, o) => isolate(t, manager, "default.target", o), 0, 0),
  rescue: verb((t, manager, _names, o) => isolate(t, manager, "rescue.target", o), 0, 0),
  emergency: verb((t, manager, _names, o) => isolate(t, manager, "emergency.target", o), 0, 0),
  reboot: power("reboot"),
  poweroff: power("poweroff"),
  halt: power("halt"),
};

/** Starts a target and stops what it does not bring in. */
function* isolate(t: Tool, manager: Systemd, name: string, o: ParsedOptions): Gen<number> {
  const unit = manager.unit(name);
  const refused = manager.refusal(unit);
  const see = seeLogs(unit.name).trimEnd();
  if (t.p.cred.uid !== 0) throw new Fatal(`Failed to start ${name}: Access denied\n${see}`, 4);
  if (!isYes(unit.file.get("Unit", "AllowIsolate")))
    throw new Fatal(`Failed to start ${name}: Operation refused, unit may not be isolated.\n${see}`, 4);
  if (refused !== undefined)
    throw new Fatal(`Failed to start ${name}: ${refused.message}${refused.see ? `\n${see}` : ""}`, refused.code);
  const work = manager.isolate(unit);
  if (o.has("no-block")) manager.machine.kernel.spawn(`systemctl isolate ${unit.name}`, work);
  else yield* work;
  return 0;
}
