import type { Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { type Systemd, type Unit, unitName } from "../../machine/systemd/index.ts";
import { shownStatus } from "../../machine/systemd/status.ts";
import { needsReload } from "../../machine/systemd/unit.ts";
import type { ParsedOptions } from "../options.ts";
import type { Tool } from "../tool.ts";
import { belongsTo, type Format, formatEntry } from "./journal-format.ts";
import { fileState } from "./unit-install.ts";
import { ago, bytes, span, timestamp } from "./when.ts";

/** `text` in a colour of SGR, bold as systemd has it. */
export function paint(text: string, code: string, color: boolean): string {
  return color ? `\x1b[0;1;${code}m${text}\x1b[0m` : text;
}

const COLORS: Record<string, string> = { active: "32", reloading: "32", failed: "31" };

/** The dot before a unit: ● active, ○ inactive, × failed. */
export function unitDot(unit: Unit, color: boolean): string {
  const dot =
    unit.active === "inactive" ? "○" : unit.active === "failed" ? "×" : unit.active === "reloading" ? "↻" : "●";
  const code = COLORS[unit.active];
  return code === undefined ? dot : paint(dot, code, color);
}

/** `systemctl status [UNIT…]`: 0 when all are active, 3 when one is not, 4 when there is no such unit. */
export function* printStatus(t: Tool, manager: Systemd, names: readonly string[], o: ParsedOptions): Gen<number> {
  if (names.length === 0) {
    systemStatus(t, manager);
    return 0;
  }
  let status = 0;
  let first = true;
  for (const name of names) {
    const byPid = /^\d+$/.test(name) ? manager.machine.processes.get(Number(name)) : undefined;
    const unit = byPid ? manager.unitOf(byPid) : manager.unit(name);
    if (unit === undefined || (unit.load === "not-found" && unit.active === "inactive")) {
      yield* t.out.flush();
      const message = /^\d+$/.test(name)
        ? `Failed to get unit for PID ${name}: PID ${name} does not belong to any loaded unit.`
        : `Unit ${unitName(name)} could not be found.`;
      yield* sys.printError(t.p, `${message}\n`);
      status = 4;
      continue;
    }
    if (!first) t.out.add("\n");
    first = false;
    if (needsReload(manager.machine, unit)) {
      yield* t.out.flush();
      yield* sys.printError(
        t.p,
        `Warning: The unit file, source configuration file or drop-ins of ${unit.name} changed on disk. Run 'systemctl daemon-reload' to reload units.\n`,
      );
    }
    t.out.add(statusText(t, manager, unit, o));
    if (unit.active !== "active" && unit.active !== "reloading") status ||= 3;
  }
  return status;
}

const label = (name: string) => `${name}:`.padStart(12);

function statusText(t: Tool, manager: Systemd, unit: Unit, o: ParsedOptions): string {
  const color = t.p.fds.get(1)?.tty !== undefined;
  const { machine } = manager;
  const { kernel } = machine;
  const lines = [`${unitDot(unit, color)} ${unit.title}`];
  lines.push(loadedLine(manager, unit, color));
  lines.push(...dropInLines(unit));
  lines.push(activeLine(t.p, manager, unit, color));
  if (unit.failedCondition) {
    const { text, at } = unit.failedCondition;
    lines.push(`${label("Condition")} start condition failed at ${timestamp(t.p, at)}; ${ago(kernel.now - at)}`);
    lines.push(`             └─ ${text} was not met`);
  }
  if (
    (unit.active === "inactive" || unit.active === "failed") &&
    unit.activeEnter !== undefined &&
    unit.inactiveEnter !== undefined &&
    unit.inactiveEnter > unit.activeEnter
  ) {
    lines.push(`   Duration: ${span(unit.inactiveEnter - unit.activeEnter)}`);
  }
  const docs = unit.file.all("Unit", "Documentation").flatMap((value) => value.split(/\s+/));
  docs.forEach((doc, i) => {
    lines.push(i === 0 ? `${label("Docs")} ${doc}` : `${" ".repeat(13)}${doc}`);
  });
  lines.push(...processLines(unit));
  lines.push(...resourceLines(manager, unit));
  let text = `${lines.join("\n")}\n`;
  if (unit.type === "service") text += recentLog(t.p, manager, unit, o, color);
  return text;
}

function loadedLine(manager: Systemd, unit: Unit, color: boolean): string {
  if (unit.load === "masked")
    return `${label("Loaded")} ${paint("masked", "31", color)} (Reason: Unit ${unit.name} is masked.)`;
  if (unit.load === "not-found")
    return `${label("Loaded")} ${paint("not-found", "31", color)} (Reason: Unit ${unit.name} not found.)`;
  if (unit.load === "bad-setting") {
    return `${label("Loaded")} ${paint("bad-setting", "31", color)} (Reason: Unit ${unit.name} has a bad unit file setting.)`;
  }
  const state = fileState(manager.machine, unit);
  const preset = state === "enabled" || state === "disabled" ? "; preset: enabled" : "";
  const shown = state === "enabled" && color ? `\x1b[0;1;32menabled\x1b[0m` : state;
  return `${label("Loaded")} loaded (${unit.path}; ${shown}${color ? preset.replace("enabled", "\x1b[0;1;32menabled\x1b[0m") : preset})`;
}

function dropInLines(unit: Unit): string[] {
  const byDir = new Map<string, string[]>();
  for (const path of unit.dropIns) {
    const at = path.lastIndexOf("/");
    byDir.set(path.slice(0, at), [...(byDir.get(path.slice(0, at)) ?? []), path.slice(at + 1)]);
  }
  const out: string[] = [];
  for (const [dir, files] of byDir) {
    out.push(out.length === 0 ? `${label("Drop-In")} ${dir}` : `${" ".repeat(13)}${dir}`);
    out.push(`${" ".repeat(13)}└─${files.join(", ")}`);
  }
  return out;
}

function activeLine(p: Process, manager: Systemd, unit: Unit, color: boolean): string {
  const { kernel } = manager.machine;
  const state = `${unit.active} (${unit.sub})`;
  const code = COLORS[unit.active];
  const simple = unit.active === "failed" ? "failed" : state;
  const shown = code === undefined ? simple : paint(simple, code, color);
  const result = unit.result !== "success" ? ` (Result: ${unit.result})` : "";
  const at = unit.active === "active" ? unit.activeEnter : unit.stateChange;
  const since = at === undefined ? "" : ` since ${timestamp(p, at)}; ${ago(kernel.now - at)}`;
  return `${label("Active")} ${shown}${result}${since}`;
}

function processLines(unit: Unit): string[] {
  const out: string[] = [];
  for (const { kind, pid, argv, status } of unit.commands) {
    if (status) out.push(`${label("Process")} ${pid} ${kind}=${argv.join(" ")} (${shownStatus(status)})`);
  }
  if (unit.main === undefined && unit.mainStatus === undefined) return out;
  const main = unit.main;
  if (main === undefined) return out;
  if (unit.mainStatus === undefined) {
    if (main.status === undefined) out.push(`${label("Main PID")} ${main.pid} (${main.comm})`);
  } else {
    const exec = unit.file.all("Service", "ExecStart").at(-1) ?? "";
    out.push(`${label("Process")} ${main.pid} ExecStart=${exec} (${shownStatus(unit.mainStatus)})`);
    out.push(`${label("Main PID")} ${main.pid} (${shownStatus(unit.mainStatus)})`);
  }
  if (unit.statusText !== "") out.push(`${label("Status")} "${unit.statusText}"`);
  return out;
}

/** CPU time of processes, in µs. */
export function cpuOf(processes: readonly Process[]): number {
  return processes.reduce((sum, process) => sum + process.cpuUsed, 0);
}

function resourceLines(manager: Systemd, unit: Unit): string[] {
  const processes = manager.processesOf(unit);
  if (processes.length === 0) {
    return unit.main && unit.mainStatus ? [`${label("CPU")} ${span(Math.max(1000, unit.main.cpuUsed))}`] : [];
  }
  const memory = processes.reduce((sum, process) => sum + process.rssKib * 1024, 0);
  const limit = Math.floor((manager.machine.hardware.memoryKib / 1024) * 1.19);
  const out = [
    `${label("Tasks")} ${processes.length} (limit: ${limit})`,
    `${label("Memory")} ${bytes(memory)}`,
    `${label("CPU")} ${span(Math.max(1000, cpuOf(processes)))}`,
    `${label("CGroup")} ${unit.cgroup}`,
  ];
  processes.forEach((process, i) => {
    const branch = i === processes.length - 1 ? "└─" : "├─";
    const width = Math.max(...processes.map(({ pid }) => String(pid).length));
    out.push(`${" ".repeat(13)}${branch}${String(process.pid).padStart(width)} ${commandLine(process)}`);
  });
  return out;
}

function commandLine(process: Process): string {
  return process.argv
    .map((word) => (/^[^\s"'\\]+$/.test(word) ? word : `"${word.replace(/["\\]/g, "\\$&")}"`))
    .join(" ");
}

/** The unit's last lines of this run. */
function recentLog(p: Process, manager: Systemd, unit: Unit, o: ParsedOptions, color: boolean): string {
  const { machine } = manager;
  const count = Number(o.value("n") ?? 10);
  const from = unit.mainStartedAt ?? unit.stateChange ?? 0;
  const entries = machine.journal
    .entries()
    .filter(
      (entry) => entry.boot === machine.journal.boot && entry.at >= from - 1_000_000 && belongsTo(entry, unit.name),
    );
  const last = count === 0 ? [] : entries.slice(-count);
  if (last.length === 0) return "";
  const format = (o.value("o") ?? "short") as Format;
  return `\n${last.map((entry) => formatEntry(p, entry, { format, color })).join("")}`;
}

/** `systemctl status` without a name: the machine as a whole. */
function systemStatus(t: Tool, manager: Systemd): void {
  const { machine } = manager;
  const color = t.p.fds.get(1)?.tty !== undefined;
  const failed = manager.loaded().filter((unit) => unit.active === "failed").length;
  const state = failed > 0 ? "degraded" : "running";
  const dot = paint("●", failed > 0 ? "31" : "32", color);
  t.out.add(`${dot} ${machine.hostname}\n    State: ${paint(state, failed > 0 ? "31" : "32", color)}\n`);
  t.out.add(
    `    Units: ${manager.loaded().length} loaded (incl. loaded aliases)\n     Jobs: 0 queued\n   Failed: ${failed} units\n`,
  );
  t.out.add(
    `    Since: ${timestamp(t.p, machine.bootedAt)}; ${ago(machine.kernel.now - machine.bootedAt)}\n  systemd: 252.36-1~deb12u1\n   CGroup: /\n`,
  );
  const byGroup = new Map<string, Process[]>();
  for (const process of machine.processes.values()) {
    if (process.status !== undefined) continue;
    byGroup.set(process.ns.cgroup, [...(byGroup.get(process.ns.cgroup) ?? []), process]);
  }
  for (const [group, processes] of [...byGroup].sort(([a], [b]) => (a < b ? -1 : 1))) {
    t.out.add(`           ├─${group.slice(1)}\n`);
    processes.forEach((process, i) => {
      t.out.add(`           │ ${i === processes.length - 1 ? "└─" : "├─"}${process.pid} ${commandLine(process)}\n`);
    });
  }
}
