import type { Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import { SIGNALS } from "../../machine/signal.ts";
import { CalendarSpec } from "../../machine/systemd/calendar.ts";
import type { Systemd, Unit } from "../../machine/systemd/index.ts";
import { triggeredBy } from "../../machine/systemd/timer.ts";
import { type ExecRecord, needsReload } from "../../machine/systemd/unit.ts";
import { parseSpan, splitWords } from "../../machine/systemd/unit-file.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal, type Tool } from "../tool.ts";
import { COMMON, MANAGER, SERVICE } from "./systemctl-defaults.ts";
import { sizeOf } from "./systemctl-property.ts";
import { taskLimit } from "./systemctl-status.ts";
import { expandNames } from "./systemctl-words.ts";
import { fileState } from "./unit-install.ts";
import { span, timestamp } from "./when.ts";

type Pairs = [name: string, value: string][];

/** `systemctl show`: properties as NAME=value lines, in the manager's order. */
export function* showProperties(t: Tool, manager: Systemd, names: readonly string[], o: ParsedOptions): Gen<number> {
  const wanted = [...o.values("p"), ...o.values("P")].flatMap((value) => value.split(","));
  const bare = o.has("value", "P");
  const units = expandNames(manager, names);
  const lists =
    names.length === 0 ? [managerProperties(manager)] : units.map((name) => () => unitProperties(t, manager, name));
  for (const [i, list] of lists.entries()) {
    if (i > 0) t.out.add("\n");
    for (const [name, value] of typeof list === "function" ? list() : list) {
      if (wanted.length > 0 ? !wanted.includes(name) : value === "" && !o.has("a")) continue;
      t.out.add(bare ? `${value}\n` : `${name}=${value}\n`);
    }
  }
  return 0;
}

function unitProperties(t: Tool, manager: Systemd, name: string): Pairs {
  const unit = /^\d+$/.test(name) ? ofProcess(manager, name) : manager.unit(name);
  return properties(t.p, manager, unit);
}

function ofProcess(manager: Systemd, pid: string): Unit {
  const process = manager.machine.processes.get(Number(pid));
  const unit = process && manager.unitOf(process);
  if (unit === undefined)
    throw new Fatal(`Failed to get unit for PID ${pid}: PID ${pid} does not belong to any loaded unit.`);
  return unit;
}

function managerProperties(manager: Systemd): Pairs {
  const units = manager.loaded();
  const failed = units.filter((unit) => unit.active === "failed").length;
  const own: Readonly<Record<string, string>> = {
    NNames: String(units.length),
    NFailedUnits: String(failed),
    Environment: [...manager.environment].map(([name, value]) => `${name}=${value}`).join(" "),
    SystemState: failed > 0 ? "degraded" : "running",
    LogLevel: manager.logLevel,
    LogTarget: manager.logTarget,
    DefaultTasksMax: String(taskLimit(manager)),
  };
  return MANAGER.map(([name, value]) => [name, own[name] ?? value]);
}

/** A command as `show` prints it. */
function command(p: Process, words: readonly string[], record: ExecRecord | undefined, ignore: string): string {
  const time = (at: number | undefined) => (at === undefined ? "[n/a]" : `[${timestamp(p, at)}]`);
  const status = record?.status;
  const code = status === undefined ? "(null)" : status.kind === "exited" ? "exited" : "killed";
  const number = status?.kind === "exited" ? status.code : status?.kind === "signaled" ? SIGNALS[status.signal] : 0;
  const after = status?.kind === "signaled" ? `/${status.signal}` : "";
  return `{ path=${words[0]} ; argv[]=${words.join(" ")} ; ${ignore} ; start_time=${time(record?.startedAt)} ; stop_time=${time(record?.endedAt)} ; pid=${record?.pid ?? 0} ; code=${code} ; status=${number}${after === "" ? "/0" : after} }`;
}

const EXECS = ["ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost", "ExecReload", "ExecStop", "ExecStopPost"];

function commands(p: Process, unit: Unit): Pairs {
  const out: Pairs = [];
  for (const kind of EXECS) {
    const lines = unit.file.all("Service", kind).map((value, index) => {
      const prefix = /^[-@:+!|]*/.exec(value)![0];
      const words = splitWords(value.slice(prefix.length));
      const record = unit.commands.find((other) => other.kind === kind && other.index === index);
      return { words: prefix.includes("@") ? words.slice(1) : words, record, ignore: prefix.includes("-") };
    });
    for (const { words, record, ignore } of lines)
      out.push([kind, command(p, words, record, `ignore_errors=${ignore ? "yes" : "no"}`)]);
    for (const { words, record, ignore } of lines)
      out.push([`${kind}Ex`, command(p, words, record, `flags=${ignore ? "ignore-failure" : ""}`)]);
  }
  return out;
}

const yes = (value: string | undefined, otherwise = "no") =>
  value === undefined ? otherwise : /^(1|y|yes|t|true|on)$/i.test(value) ? "yes" : "no";

/** Properties of one unit, all that it has a value of its own for over what systemd has otherwise. */
function properties(p: Process, manager: Systemd, unit: Unit): Pairs {
  const table = [...(unit.type === "service" ? SERVICE : []), ...COMMON];
  const own = new Map<string, string>([...serviceValues(p, manager, unit), ...unitValues(p, manager, unit)]);
  const out: Pairs = unit.type === "timer" ? timerProperties(p, manager, unit) : [];
  for (const [name, value] of table) {
    if (name === "Exec") {
      out.push(...commands(p, unit));
      continue;
    }
    if (name === "EnvironmentFiles" && !own.has(name)) continue;
    out.push([name, own.get(name) ?? value]);
  }
  return out;
}

function timerProperties(p: Process, manager: Systemd, unit: Unit): Pairs {
  const get = (key: string) => unit.file.get("Timer", key);
  const out: Pairs = [["Unit", triggeredBy(unit)]];
  for (const key of ["OnUnitInactiveSec", "OnUnitActiveSec", "OnStartupSec", "OnBootSec", "OnActiveSec"])
    for (const value of unit.file.all("Timer", key))
      out.push([
        "TimersMonotonic",
        `{ ${key.replace(/Sec$/, "USec")}=${span(parseSpan(value) ?? 0)} ; next_elapse=0 }`,
      ]);
  const next = unit.nextElapse === undefined ? "(null)" : timestamp(p, unit.nextElapse);
  for (const value of unit.file.all("Timer", "OnCalendar"))
    out.push(["TimersCalendar", `{ OnCalendar=${CalendarSpec.parse(value)} ; next_elapse=${next} }`]);
  const calendar = unit.file.all("Timer", "OnCalendar").length > 0;
  out.push(
    ["OnClockChange", yes(get("OnClockChange"))],
    ["OnTimezoneChange", yes(get("OnTimezoneChange"))],
    ["NextElapseUSecRealtime", calendar && unit.nextElapse !== undefined ? next : ""],
    [
      "NextElapseUSecMonotonic",
      calendar || unit.nextElapse === undefined ? "infinity" : span(unit.nextElapse - manager.machine.bootedAt),
    ],
    ["LastTriggerUSec", unit.lastTrigger === undefined ? "" : timestamp(p, unit.lastTrigger)],
    [
      "LastTriggerUSecMonotonic",
      unit.lastTrigger === undefined ? "0" : span(unit.lastTrigger - manager.machine.bootedAt),
    ],
    ["Result", unit.result],
    ["AccuracyUSec", span(parseSpan(get("AccuracySec")) ?? 60_000_000)],
    ["RandomizedDelayUSec", span(parseSpan(get("RandomizedDelaySec")) ?? 0)],
    ["FixedRandomDelay", yes(get("FixedRandomDelay"))],
    ["Persistent", yes(get("Persistent"))],
    ["WakeSystem", yes(get("WakeSystem"))],
    ["RemainAfterElapse", yes(get("RemainAfterElapse"), "yes")],
  );
  return out;
}

function serviceValues(p: Process, manager: Systemd, unit: Unit): Pairs {
  const time = (at: number | undefined) => (at === undefined ? "" : timestamp(p, at));
  const monotonic = (at: number | undefined) =>
    at === undefined ? "0" : String(Math.floor(at - manager.machine.bootedAt + 4_000_000));
  const { mainStatus: status } = unit;
  const processes = manager.processesOf(unit);
  const used = processes.reduce((sum, process) => sum + process.rssKib * 1024, 0);
  const running = unit.main !== undefined && unit.main.status === undefined;
  const seconds = (key: string, otherwise: number) => span(parseSpan(unit.service(key)) ?? otherwise);
  const number = status?.kind === "exited" ? status.code : status?.kind === "signaled" ? SIGNALS[status.signal] : 0;
  const size = (key: string, otherwise: string) => {
    const bytes = sizeOf(unit.service(key) ?? otherwise);
    return bytes === undefined || !Number.isFinite(bytes) ? "infinity" : String(bytes);
  };
  const quota = /^(\d+(?:\.\d+)?)%$/.exec(unit.service("CPUQuota") ?? "");
  const tasks = unit.service("TasksMax");
  const share = /^(\d+)%$/.exec(tasks ?? "");
  const signal = (key: string, otherwise: number) => {
    const word = unit.service(key)?.replace(/^SIG/, "");
    return word === undefined ? String(otherwise) : String((SIGNALS as Record<string, number>)[word] ?? word);
  };
  const loaded = unit.load === "loaded";
  const type = unit.serviceType();
  const out: Pairs = [
    ["Type", loaded ? type : ""],
    ["Restart", unit.service("Restart") ?? "no"],
    ["NotifyAccess", unit.service("NotifyAccess") ?? (loaded && type === "notify" ? "main" : "none")],
    ["RestartUSec", seconds("RestartSec", 100_000)],
    [
      "TimeoutStartUSec",
      seconds("TimeoutStartSec", loaded && type === "oneshot" ? Number.POSITIVE_INFINITY : 90_000_000),
    ],
    ["TimeoutStopUSec", seconds("TimeoutStopSec", 90_000_000)],
    ["TimeoutAbortUSec", seconds("TimeoutStopSec", 90_000_000)],
    ["RuntimeMaxUSec", seconds("RuntimeMaxSec", Number.POSITIVE_INFINITY)],
    ["RemainAfterExit", yes(unit.service("RemainAfterExit"))],
    ["MainPID", running ? String(unit.main!.pid) : "0"],
    ["ControlPID", unit.control ? String(unit.control.pid) : "0"],
    ["StatusText", unit.statusText],
    ["Result", unit.result],
    ["ReloadResult", unit.reloadResult],
    ["NRestarts", String(unit.restarts)],
    ["ExecMainStartTimestamp", time(unit.mainStartedAt)],
    ["ExecMainStartTimestampMonotonic", monotonic(unit.mainStartedAt)],
    ["ExecMainExitTimestamp", time(unit.mainEndedAt)],
    ["ExecMainExitTimestampMonotonic", monotonic(unit.mainEndedAt)],
    ["ExecMainPID", String(unit.main?.pid ?? 0)],
    ["ExecMainCode", status === undefined ? "0" : status.kind === "exited" ? "1" : "2"],
    ["ExecMainStatus", String(number)],
    ["MemoryCurrent", processes.length > 0 ? String(used) : "[not set]"],
    ["TasksCurrent", processes.length > 0 ? String(processes.length) : "[not set]"],
    [
      "CPUUsageNSec",
      processes.length > 0 ? String(processes.reduce((sum, each) => sum + each.cpuUsed, 0) * 1000) : "[not set]",
    ],
    ["CPUWeight", unit.service("CPUWeight") ?? "[not set]"],
    ["CPUQuotaPerSecUSec", quota === null ? "infinity" : span(Number(quota[1]) * 10_000)],
    ["IOWeight", unit.service("IOWeight") ?? "[not set]"],
    ["MemoryMin", size("MemoryMin", "0")],
    ["MemoryLow", size("MemoryLow", "0")],
    ["MemoryHigh", size("MemoryHigh", "infinity")],
    ["MemoryMax", size("MemoryMax", "infinity")],
    ["MemorySwapMax", size("MemorySwapMax", "infinity")],
    [
      "TasksMax",
      share ? String(Math.floor((taskLimit(manager) * Number(share[1])) / 15)) : (tasks ?? String(taskLimit(manager))),
    ],
    ["Delegate", yes(unit.service("Delegate"))],
    ["KillMode", unit.service("KillMode") ?? "control-group"],
    ["KillSignal", signal("KillSignal", 15)],
    ["OOMScoreAdjust", unit.service("OOMScoreAdjust") ?? "0"],
    ["UMask", (unit.service("UMask") ?? "0022").padStart(4, "0")],
    ["StandardInput", unit.service("StandardInput") ?? "null"],
    ["StandardOutput", unit.service("StandardOutput") ?? (loaded ? "journal" : "inherit")],
    ["StandardError", unit.service("StandardError") ?? "inherit"],
    ["SuccessExitStatus", unit.service("SuccessExitStatus") ?? ""],
    ["RestartPreventExitStatus", unit.service("RestartPreventExitStatus") ?? ""],
    ["SyslogIdentifier", unit.service("SyslogIdentifier") ?? ""],
    ["PIDFile", unit.service("PIDFile") ?? ""],
    ["User", unit.service("User") ?? ""],
    ["Group", unit.service("Group") ?? ""],
    ["WorkingDirectory", unit.service("WorkingDirectory") ?? ""],
    [
      "Environment",
      unit.file
        .all("Service", "Environment")
        .flatMap((value) => [...splitWords(value)])
        .map(quoted)
        .join(" "),
    ],
    ["Slice", loaded ? unit.slice : ""],
    ["ControlGroup", processes.length > 0 ? unit.cgroup : ""],
    ["WatchdogUSec", loaded ? seconds("WatchdogSec", 0) : "infinity"],
    ["OOMPolicy", unit.service("OOMPolicy") ?? (loaded ? "stop" : "")],
  ];
  const files = unit.file.all("Service", "EnvironmentFile").map((value) => {
    const optional = value.startsWith("-");
    return `${optional ? value.slice(1) : value} (ignore_errors=${optional ? "yes" : "no"})`;
  });
  if (files.length > 0) out.push(["EnvironmentFiles", files.join("\nEnvironmentFiles=")]);
  for (const key of ["NOFILE", "NPROC", "CORE", "MEMLOCK"]) {
    const given = unit.service(`Limit${key}`);
    if (given === undefined) continue;
    const [soft, hard = soft] = given.split(":");
    out.push([`Limit${key}`, hard!], [`Limit${key}Soft`, soft!]);
  }
  for (const [name] of SERVICE)
    if (
      /^(Private|Protect|Restrict(Real|SUID)|NoNew|DynamicUser|RemoveIPC|Lock|MemoryDeny)/.test(name) &&
      unit.service(name) !== undefined
    )
      out.push([
        name,
        /^(1|0|yes|no|true|false|on|off)$/.test(unit.service(name)!) ? yes(unit.service(name)) : unit.service(name)!,
      ]);
  return out;
}

const quoted = (word: string) => (/[\s"']/.test(word) ? `"${word.replace(/["\\]/g, "\\$&")}"` : word);

const ERRORS: Readonly<Record<string, readonly [string, (name: string) => string]>> = {
  "not-found": ["NoSuchUnit", (name) => `Unit ${name} not found.`],
  masked: ["UnitMasked", (name) => `Unit ${name} is masked.`],
  "bad-setting": ["BadUnitSetting", (name) => `Unit ${name} has a bad unit file setting.`],
};

function unitValues(p: Process, manager: Systemd, unit: Unit): Pairs {
  const time = (at: number | undefined) => (at === undefined ? "" : timestamp(p, at));
  const monotonic = (at: number | undefined) =>
    at === undefined ? "0" : String(Math.floor(at - manager.machine.bootedAt + 4_000_000));
  const loaded = unit.load === "loaded";
  const service = unit.type === "service";
  const usual =
    loaded && unit.type !== "target" && unit.type !== "slice" && unit.file.get("Unit", "DefaultDependencies") !== "no";
  const names = (key: string, ...implied: readonly string[]) =>
    [...new Set([...(usual ? implied : []), ...unit.names(key)])].join(" ");
  const slices = service ? [unit.slice] : [];
  const error = ERRORS[unit.load];
  const state = unit.load === "not-found" ? "" : fileState(manager.machine, unit);
  const get = (key: string) => unit.file.get("Unit", key);
  return [
    ["Id", unit.name],
    ["Names", unit.name],
    ["Requires", names("Requires", ...slices, "sysinit.target")],
    ["Requisite", names("Requisite")],
    ["Wants", names("Wants")],
    ["BindsTo", names("BindsTo")],
    ["PartOf", names("PartOf")],
    ["Conflicts", names("Conflicts", "shutdown.target")],
    ["Before", names("Before", "shutdown.target")],
    [
      "After",
      names("After", "sysinit.target", ...(service ? ["systemd-journald.socket"] : []), "basic.target", ...slices),
    ],
    ["Triggers", unit.type === "timer" ? triggeredBy(unit) : ""],
    [
      "Documentation",
      unit.file
        .all("Unit", "Documentation")
        .flatMap((value) => [...splitWords(value)])
        .map((word) => (/[()]/.test(word) ? `"${word}"` : word))
        .join(" "),
    ],
    ["Description", unit.description],
    ["LoadState", unit.load],
    ["ActiveState", unit.active],
    ["SubState", unit.sub],
    ["FragmentPath", unit.path ?? ""],
    ["DropInPaths", unit.dropIns.join(" ")],
    ["UnitFileState", state],
    ["UnitFilePreset", unit.load === "not-found" ? "" : "enabled"],
    ["StateChangeTimestamp", time(unit.stateChange)],
    ["StateChangeTimestampMonotonic", monotonic(unit.stateChange)],
    ["InactiveExitTimestamp", time(unit.inactiveExit)],
    ["InactiveExitTimestampMonotonic", monotonic(unit.inactiveExit)],
    ["ActiveEnterTimestamp", time(unit.activeEnter)],
    ["ActiveEnterTimestampMonotonic", monotonic(unit.activeEnter)],
    ["ActiveExitTimestamp", time(unit.activeExit)],
    ["ActiveExitTimestampMonotonic", monotonic(unit.activeExit)],
    ["InactiveEnterTimestamp", time(unit.inactiveEnter)],
    ["InactiveEnterTimestampMonotonic", monotonic(unit.inactiveEnter)],
    ["CanStart", loaded ? (yes(get("RefuseManualStart")) === "yes" ? "no" : "yes") : "no"],
    ["CanReload", unit.file.all("Service", "ExecReload").length > 0 ? "yes" : "no"],
    ["CanIsolate", yes(get("AllowIsolate"))],
    ["AllowIsolate", yes(get("AllowIsolate"))],
    ["RefuseManualStart", yes(get("RefuseManualStart"))],
    ["RefuseManualStop", yes(get("RefuseManualStop"))],
    ["DefaultDependencies", yes(get("DefaultDependencies"), "yes")],
    ["NeedDaemonReload", needsReload(manager.machine, unit) ? "yes" : "no"],
    ["ConditionResult", unit.checkedAt !== undefined && unit.failedCondition === undefined ? "yes" : "no"],
    ["AssertResult", unit.checkedAt !== undefined ? "yes" : "no"],
    ["ConditionTimestamp", time(unit.checkedAt)],
    ["ConditionTimestampMonotonic", monotonic(unit.checkedAt)],
    ["AssertTimestamp", time(unit.checkedAt)],
    ["AssertTimestampMonotonic", monotonic(unit.checkedAt)],
    ["LoadError", error === undefined ? "" : `org.freedesktop.systemd1.${error[0]} "${error[1](unit.name)}"`],
    ["Transient", unit.path?.startsWith("/run/systemd/transient/") ? "yes" : "no"],
    [
      "StartLimitIntervalUSec",
      span(parseSpan(get("StartLimitIntervalSec") ?? unit.service("StartLimitInterval")) ?? 10_000_000),
    ],
    ["StartLimitBurst", get("StartLimitBurst") ?? unit.service("StartLimitBurst") ?? "5"],
    ["InvocationID", unit.invocation],
    ["CollectMode", get("CollectMode") ?? "inactive"],
  ];
}
