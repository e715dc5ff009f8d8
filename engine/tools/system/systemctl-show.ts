import type { Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import { SIGNALS } from "../../machine/signal.ts";
import type { Systemd, Unit } from "../../machine/systemd/index.ts";
import { needsReload } from "../../machine/systemd/unit.ts";
import { parseSpan } from "../../machine/systemd/unit-file.ts";
import type { ParsedOptions } from "../options.ts";
import type { Tool } from "../tool.ts";
import { fileState } from "./unit-install.ts";
import { span, timestamp } from "./when.ts";

/** `systemctl show`: properties as NAME=value lines. */
export function* showProperties(t: Tool, manager: Systemd, names: readonly string[], o: ParsedOptions): Gen<number> {
  const wanted = [...o.values("p"), ...o.values("P")].flatMap((value) => value.split(","));
  for (const [i, name] of names.entries()) {
    if (i > 0) t.out.add("\n");
    const all = properties(t.p, manager, manager.unit(name));
    const shown = wanted.length > 0 ? wanted.flatMap((key) => (all.has(key) ? [key] : [])) : [...all.keys()];
    for (const key of shown) t.out.add(o.has("value", "P") ? `${all.get(key)}\n` : `${key}=${all.get(key)}\n`);
  }
  return 0;
}

function properties(p: Process, manager: Systemd, unit: Unit): Map<string, string> {
  const time = (at: number | undefined) => (at === undefined ? "" : timestamp(p, at));
  const status = unit.mainStatus;
  const processes = manager.processesOf(unit);
  const memory = processes.reduce((sum, process) => sum + process.rssKib * 1024, 0);
  const running = unit.main !== undefined && unit.main.status === undefined;
  const seconds = (key: string, otherwise: number) => span(parseSpan(unit.service(key)) ?? otherwise);
  const code = status === undefined ? 0 : status.kind === "exited" ? 1 : 2;
  const number = status?.kind === "exited" ? status.code : status?.kind === "signaled" ? SIGNALS[status.signal] : 0;
  return new Map<string, string>([
    ["Type", unit.serviceType()],
    ["Restart", unit.service("Restart") ?? "no"],
    ["RestartUSec", seconds("RestartSec", 100_000)],
    ["TimeoutStartUSec", seconds("TimeoutStartSec", 90_000_000)],
    ["TimeoutStopUSec", seconds("TimeoutStopSec", 90_000_000)],
    ["MainPID", running ? String(unit.main!.pid) : "0"],
    ["ControlPID", unit.control ? String(unit.control.pid) : "0"],
    ["StatusText", unit.statusText],
    ["Result", unit.result],
    ["NRestarts", String(unit.restarts)],
    ["ExecMainStartTimestamp", time(unit.mainStartedAt)],
    ["ExecMainExitTimestamp", time(unit.mainEndedAt)],
    ["ExecMainPID", String(unit.main?.pid ?? 0)],
    ["ExecMainCode", String(code)],
    ["ExecMainStatus", String(number)],
    ["ControlGroup", unit.cgroup],
    ["MemoryCurrent", processes.length > 0 ? String(memory) : "[not set]"],
    ["TasksCurrent", processes.length > 0 ? String(processes.length) : "[not set]"],
    ["Environment", unit.file.all("Service", "Environment").join(" ")],
    ["Id", unit.name],
    ["Names", unit.name],
    ["Requires", unit.names("Requires").join(" ")],
    ["Wants", unit.names("Wants").join(" ")],
    ["After", unit.names("After").join(" ")],
    ["Description", unit.description],
    ["LoadState", unit.load],
    ["ActiveState", unit.active],
    ["SubState", unit.sub],
    ["FragmentPath", unit.path ?? ""],
    ["DropInPaths", unit.dropIns.join(" ")],
    ["UnitFileState", unit.load === "not-found" ? "" : fileState(manager.machine, unit)],
    ["UnitFilePreset", unit.load === "not-found" ? "" : "enabled"],
    ["ActiveEnterTimestamp", time(unit.activeEnter)],
    ["InactiveEnterTimestamp", time(unit.inactiveEnter)],
    ["StateChangeTimestamp", time(unit.stateChange)],
    ["NeedDaemonReload", needsReload(manager.machine, unit) ? "yes" : "no"],
    ["InvocationID", unit.invocation],
  ]);
}
