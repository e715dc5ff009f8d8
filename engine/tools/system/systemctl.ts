import { type Gen, sleep } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import { SIGNALS, type Signal } from "../../machine/signal.ts";
import * as sys from "../../machine/sys.ts";
import { type JobResult, reboot, type Systemd, shutDown, type Unit, unitName } from "../../machine/systemd/index.ts";
import { findUnit, needsReload, textAt } from "../../machine/systemd/unit.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal, type Tool, tool } from "../tool.ts";
import { editUnits, listDependencies, revertUnits } from "./systemctl-edit.ts";
import { listUnitFiles, listUnits } from "./systemctl-list.ts";
import { showProperties } from "./systemctl-show.ts";
import { printStatus } from "./systemctl-status.ts";
import { disable, enable, fileState, mask, setDefault, unmask } from "./unit-install.ts";

type Verb = (t: Tool, manager: Systemd, names: readonly string[], o: ParsedOptions) => Gen<number>;

/** systemctl(1) of systemd 252. */
export const systemctl: Program = tool(
  {
    name: "systemctl",
    usage: "[OPTIONS...] COMMAND ...",
    about: "\nQuery or send control commands to the system manager.\n",
    version: "systemd 252 (252.36-1~deb12u1)",
    short: "t:p:P:s:n:o:alqfHM:",
    long: "type:=t state: property:=p value all=a full=l no-pager no-legend plain quiet=q now force=f failed signal:=s kill-whom: kill-who: lines:=n output:=o system user no-block no-ask-password show-types reverse after before recursive no-reload root: no-wall wait legend: message: runtime",
  },
  function* (t, o) {
    const { p } = t;
    const manager = p.machine.systemd;
    if (manager === undefined || p.ns.pid !== p.machine.pids) {
      yield* sys.printError(
        p,
        "System has not been booted with systemd as init system (PID 1). Can't operate.\nFailed to connect to bus: Host is down\n",
      );
      return 1;
    }
    yield* sleep(1_500);
    const verb = o.operands[0] ?? "list-units";
    const run = VERBS[verb];
    if (run === undefined) throw new Fatal(`Unknown command verb '${verb}', did you mean '${nearest(verb)}'?`);
    return yield* run(t, manager, o.operands.slice(1), o);
  },
);

function nearest(verb: string): string {
  const names = Object.keys(VERBS);
  const shared = (name: string): number => {
    let n = 0;
    while (n < name.length && name[n] === verb[n]) n++;
    return n;
  };
  return names.reduce((best, name) => (shared(name) > shared(best) ? name : best), names[0]!);
}

/** Acts on units one by one; the first failure's status wins. */
function each(
  action: "start" | "stop" | "restart" | "reload" | "reload-or-restart" | "try-restart",
  work: (manager: Systemd, unit: Unit) => Gen<JobResult | undefined>,
): Verb {
  return function* (t, manager, names, o) {
    if (names.length === 0) throw new Fatal("Too few arguments.");
    const word = action === "try-restart" ? "restart" : action;
    let status = 0;
    for (const given of names) {
      const unit = manager.unit(given);
      const denied = refusal(t.p, unit, given);
      if (denied !== undefined) {
        const { message, code } = denied;
        yield* sys.printError(t.p, `Failed to ${word} ${unitName(given)}: ${message}\n`);
        status ||= code;
        continue;
      }
      if (needsReload(manager.machine, unit)) yield* sys.printError(t.p, reloadWarning(unit));
      if (o.has("no-block")) {
        manager.machine.kernel.spawn(`systemctl ${action} ${unit.name}`, work(manager, unit));
        continue;
      }
      const result = yield* work(manager, unit);
      if (result === undefined) {
        yield* sys.printError(
          t.p,
          `Failed to reload ${unit.name}: Job type reload is not applicable for unit ${unit.name}.\nSee system logs and 'systemctl status ${unit.name}' for details.\n`,
        );
        status ||= 1;
      } else if (result === "failed" || result === "timeout") {
        yield* sys.printError(t.p, jobFailure(unit));
        status ||= 1;
      }
    }
    return status;
  };
}

export function reloadWarning(unit: Unit): string {
  return `Warning: The unit file, source configuration file or drop-ins of ${unit.name} changed on disk. Run 'systemctl daemon-reload' to reload units.\n`;
}

/** Why the manager would not even try. */
function refusal(p: Process, unit: Unit, given: string): { message: string; code: number } | undefined {
  const name = unitName(given);
  if (p.cred.uid !== 0) {
    return { message: `Access denied\nSee system logs and 'systemctl status ${name}' for details.`, code: 4 };
  }
  if (unit.load === "not-found") return { message: `Unit ${name} not found.`, code: 5 };
  if (unit.load === "masked") return { message: `Unit ${name} is masked.`, code: 1 };
  if (unit.load === "bad-setting") {
    const see = `See system logs and 'systemctl status ${name}' for details.`;
    return { message: `Unit ${name} has a bad unit file setting.\n${see}`, code: 1 };
  }
  return undefined;
}

const REASONS: Record<string, string> = {
  "exit-code": "the control process exited with error code",
  signal: "a fatal signal was delivered to the control process",
  timeout: "a timeout was exceeded",
  protocol: "the service did not take the steps required by its unit configuration",
  resources: "of unavailable resources or another system error",
  "start-limit-hit": "start of the service was attempted too often",
};

function jobFailure(unit: Unit): string {
  const reason = REASONS[unit.result];
  const why = reason === undefined ? "." : ` because ${reason}.`;
  return `Job for ${unit.name} failed${why}\nSee "systemctl status ${unit.name}" and "journalctl -xeu ${unit.name}" for details.\n`;
}

function* requireRoot(t: Tool, what: string): Gen<boolean> {
  if (t.p.cred.uid === 0) return true;
  yield* sys.printError(t.p, `Failed to ${what}: Access denied\n`);
  return false;
}

/** enable, disable, mask, unmask: files first, then a reload of the manager. */
function files(verb: "enable" | "disable" | "mask" | "unmask"): Verb {
  return function* (t, manager, names, o) {
    if (names.length === 0) throw new Fatal("Too few arguments.");
    if (!(yield* requireRoot(t, `${verb} unit`))) return 1;
    let status = 0;
    for (const given of names) {
      const name = unitName(given);
      const found = findUnit(manager.machine, name);
      if (found === undefined && verb !== "mask" && verb !== "unmask") {
        yield* sys.printError(t.p, `Failed to ${verb} unit: Unit file ${name} does not exist.\n`);
        status = 1;
        continue;
      }
      const unit = manager.unit(name);
      if (verb === "enable" && unit.load === "masked") {
        yield* sys.printError(t.p, `Failed to enable unit: Unit file ${unit.path} is masked.\n`);
        status = 1;
        continue;
      }
      if (verb === "enable") {
        yield* enable(t.p, unit);
        if (fileState(manager.machine, unit) === "static") yield* sys.printError(t.p, NO_INSTALL);
      } else if (verb === "disable") yield* disable(t.p, unit);
      else status ||= yield* verb === "mask" ? mask(t.p, name) : unmask(t.p, name);
    }
    manager.reload();
    if (o.has("now") && status === 0) {
      const act = verb === "enable" || verb === "unmask" ? "start" : "stop";
      return yield* VERBS[act]!(t, manager, names, o);
    }
    return status;
  };
}

const NO_INSTALL = `The unit files have no installation config (WantedBy=, RequiredBy=, Also=,
Alias= settings in the [Install] section, and DefaultInstance= for template
units). This means they are not meant to be enabled or disabled using systemctl.
 
Possible reasons for having this kind of units are:
• A unit may be statically enabled by being symlinked from another unit's
  .wants/ or .requires/ directory.
• A unit's purpose may be to act as a helper for some other unit which has
  a requirement dependency on it.
• A unit may be started when needed via activation (socket, path, timer,
  D-Bus, udev, scripted systemctl call, ...).
• In case of template units, the unit is meant to be enabled with some
  instance name specified.
`;

/** is-active and is-failed: a word a unit, success when one is in the state. */
function is(states: readonly string[], failure: number): Verb {
  return function* (t, manager, names, o) {
    let status = failure;
    for (const name of names) {
      const { active } = manager.unit(name);
      if (!o.has("q")) t.out.add(`${active}\n`);
      if (states.includes(active)) status = 0;
    }
    return status;
  };
}

function power(how: "reboot" | "poweroff" | "halt"): Verb {
  return function* (t, manager) {
    if (!(yield* requireRoot(t, `${how === "poweroff" ? "power off" : how} system via logind`))) return 1;
    const { machine } = manager;
    machine.kernel.spawn(`${machine.hostname} ${how}`, how === "reboot" ? reboot(machine) : shutDown(machine, how));
    return 0;
  };
}

const VERBS: Record<string, Verb> = {
  start: each("start", (manager, unit) => manager.start(unit)),
  stop: each("stop", (manager, unit) => manager.stop(unit)),
  restart: each("restart", (manager, unit) => manager.restart(unit)),
  "try-restart": each("try-restart", function* (manager, unit) {
    return unit.active === "active" ? yield* manager.restart(unit) : "done";
  }),
  reload: each("reload", (manager, unit) => manager.service(unit).reload()),
  "reload-or-restart": each("reload-or-restart", function* (manager, unit) {
    return (yield* manager.service(unit).reload()) ?? (yield* manager.restart(unit));
  }),
  status: (t, manager, names, o) => printStatus(t, manager, names, o),
  "list-units": (t, manager, names, o) => listUnits(t, manager, names, o),
  "list-unit-files": (t, manager, names, o) => listUnitFiles(t, manager, names, o),
  show: (t, manager, names, o) => showProperties(t, manager, names, o),
  "is-active": is(["active", "reloading"], 3),
  "is-failed": is(["failed"], 1),
  enable: files("enable"),
  disable: files("disable"),
  mask: files("mask"),
  unmask: files("unmask"),
  *"is-enabled"(t, manager, names, o) {
    let status = 1;
    for (const name of names) {
      const unit = manager.unit(name);
      const state = fileState(manager.machine, unit);
      if (state === "not-found") {
        yield* sys.printError(t.p, `Failed to get unit file state for ${unitName(name)}: No such file or directory\n`);
        continue;
      }
      if (!o.has("q")) t.out.add(`${state}\n`);
      if (state === "enabled" || state === "static" || state === "alias") status = 0;
    }
    return status;
  },
  *cat(t, manager, names) {
    let status = 0;
    for (const [i, name] of names.entries()) {
      const unit = manager.unit(name);
      if (unit.path === undefined) {
        yield* sys.printError(t.p, `No files found for ${unitName(name)}.\n`);
        status = 1;
        continue;
      }
      if (i > 0) t.out.add("\n");
      const texts = [unit.path, ...unit.dropIns].map((path) => `# ${path}\n${textAt(manager.machine, path) ?? ""}`);
      t.out.add(texts.join("\n"));
    }
    return status;
  },
  *"daemon-reload"(t, manager) {
    if (!(yield* requireRoot(t, "reload daemon"))) return 1;
    yield* sleep(80_000);
    manager.reload();
    return 0;
  },
  *"daemon-reexec"(t, manager) {
    if (!(yield* requireRoot(t, "reexecute daemon"))) return 1;
    manager.reload();
    return 0;
  },
  *"reset-failed"(t, manager, names) {
    if (!(yield* requireRoot(t, "reset failed state"))) return 1;
    const units = names.length > 0 ? names.map((name) => manager.unit(name)) : manager.loaded();
    for (const unit of units) manager.service(unit).resetFailed();
    return 0;
  },
  *kill(t, manager, names, o) {
    const name = (o.value("s") ?? "TERM").replace(/^SIG/, "");
    const byNumber = Object.entries(SIGNALS).find(([, number]) => String(number) === name)?.[0];
    const signal = (byNumber ?? name) as Signal;
    if (!(signal in SIGNALS)) throw new Fatal(`Failed to parse signal string: ${o.value("s")}`);
    if (!(yield* requireRoot(t, "kill unit"))) return 1;
    const whom = o.value("kill-whom") ?? o.value("kill-who") ?? "all";
    for (const given of names) {
      const unit = manager.unit(given);
      if (unit.load === "not-found") throw new Fatal(`Failed to kill unit ${unit.name}: Unit ${unit.name} not loaded.`);
      for (const process of manager.processesOf(unit)) {
        if (whom === "all" || process === unit.main) manager.machine.signal(process, signal);
      }
    }
    return 0;
  },
  *"is-system-running"(t, manager) {
    const failed = manager.loaded().some((unit) => unit.active === "failed");
    t.out.add(failed ? "degraded\n" : "running\n");
    return failed ? 1 : 0;
  },
  *edit(t, manager, names, o) {
    if (!(yield* requireRoot(t, "edit unit"))) return 1;
    return yield* editUnits(t, manager, names, o);
  },
  *revert(t, manager, names) {
    if (!(yield* requireRoot(t, "revert unit"))) return 1;
    return yield* revertUnits(t, manager, names);
  },
  "list-dependencies": (t, manager, names) => listDependencies(t, manager, names),
  *"list-timers"(t) {
    t.out.add("0 timers listed.\nPass --all to see loaded but inactive timers, too.\n");
    return 0;
  },
  *"list-sockets"(t) {
    t.out.add("0 sockets listed.\nPass --all to see loaded but inactive sockets, too.\n");
    return 0;
  },
  *"list-jobs"(t) {
    t.out.add("No jobs running.\n");
    return 0;
  },
  *"get-default"(t, manager) {
    t.out.add(`${manager.unit("default.target").name}\n`);
    return 0;
  },
  *"set-default"(t, manager, names) {
    if (names.length !== 1) throw new Fatal(names.length === 0 ? "Too few arguments." : "Too many arguments.");
    if (!(yield* requireRoot(t, "set default target"))) return 1;
    const name = names[0]!.includes(".") ? names[0]! : `${names[0]}.target`;
    if (!name.endsWith(".target")) throw new Fatal(`Failed to set default target: Invalid argument`);
    const unit = manager.unit(name);
    if (unit.path === undefined) throw new Fatal(`Failed to set default target: Unit file ${name} does not exist.`);
    yield* setDefault(t.p, unit);
    manager.reload();
    return 0;
  },
  *isolate(t, manager, names) {
    if (names.length !== 1) throw new Fatal(names.length === 0 ? "Too few arguments." : "Too many arguments.");
    const name = names[0]!.includes(".") ? names[0]! : `${names[0]}.target`;
    const unit = manager.unit(name);
    const denied = refusal(t.p, unit, name);
    if (denied !== undefined) throw new Fatal(`Failed to start ${name}: ${denied.message}`, denied.code);
    if (unit.file.get("Unit", "AllowIsolate") !== "yes") {
      const see = `See system logs and 'systemctl status ${name}' for details.`;
      throw new Fatal(`Failed to start ${name}: Operation refused, unit may not be isolated.\n${see}`, 4);
    }
    yield* manager.start(unit);
    return 0;
  },
  *"show-environment"(t) {
    t.out.add("LANG=C.UTF-8\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n");
    return 0;
  },
  reboot: power("reboot"),
  poweroff: power("poweroff"),
  halt: power("halt"),
};
