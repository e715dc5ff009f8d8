import type { Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import type { Systemd, Unit } from "../../machine/systemd/index.ts";
import { shownStatus } from "../../machine/systemd/status.ts";
import { triggeredBy } from "../../machine/systemd/timer.ts";
import { needsReload } from "../../machine/systemd/unit.ts";
import { isTemplate } from "../../machine/systemd/unit-name.ts";
import type { ParsedOptions } from "../options.ts";
import type { Tool } from "../tool.ts";
import { belongsTo, type Format, formatEntry } from "./journal-format.ts";
import { sizeOf } from "./systemctl-property.ts";
import { expandNames, isPattern, reloadWarning, unitName } from "./systemctl-words.ts";
import { drawGroups } from "./systemd-groups.ts";
import { fileState } from "./unit-install.ts";
import { ago, bytes, left, span, timestamp } from "./when.ts";

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
  // On a terminal each line shows as it comes; a pipe gets what is said on standard error first, as of the real one.
  const lines = t.p.fds.get(1)?.tty !== undefined;
  for (const name of expandNames(manager, names)) {
    const byPid = /^\d+$/.test(name) ? manager.machine.processes.get(Number(name)) : undefined;
    if (/^\d+$/.test(name) && (byPid === undefined || (manager.unitOf(byPid) === undefined && byPid.pid !== 1))) {
      const why = `PID ${name} does not belong to any loaded unit.`;
      yield* sys.printError(t.p, `Failed to get unit for PID ${name}: ${why}\n`);
      return status || 1;
    }
    if (isTemplate(unitName(name))) {
      const bad = `Unit name ${unitName(name)} is neither a valid invocation ID nor unit name.`;
      yield* sys.printError(t.p, `Failed to get properties: ${bad}\n`);
      return status || 1;
    }
    const unit = byPid ? (manager.unitOf(byPid) ?? manager.unit("init.scope")) : manager.unit(name);
    if (unit.load === "not-found" && unit.active === "inactive") {
      if (lines) yield* t.out.flush();
      yield* sys.printError(t.p, `Unit ${unitName(name)} could not be found.\n`);
      status ||= 4;
      continue;
    }
    if (!first) t.out.add("\n");
    first = false;
    if (needsReload(manager.machine, unit)) {
      if (lines) yield* t.out.flush();
      yield* sys.printError(t.p, reloadWarning(unit));
    }
    t.out.add(statusText(t, manager, unit, o));
    if (unit.active !== "active" && unit.active !== "reloading") status ||= 3;
  }
  if (names.every(isPattern)) return 0;
  return status;
}

const label = (name: string) => `${name}:`.padStart(12);

function statusText(t: Tool, manager: Systemd, unit: Unit, o: ParsedOptions): string {
  const color = t.p.fds.get(1)?.tty !== undefined;
  const { machine } = manager;
  const { kernel } = machine;
  const lines = [`${unitDot(unit, color)} ${unit.title}`];
  lines.push(loadedLine(manager, unit, color));
  if (unit.path?.startsWith("/run/systemd/transient/")) lines.push(`${label("Transient")} yes`);
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
    unit.activeExit !== undefined &&
    unit.activeExit >= unit.activeEnter
  ) {
    lines.push(`   Duration: ${span(Math.max(1000, unit.activeExit - unit.activeEnter))}`);
  }
  lines.push(...timerLines(t.p, manager, unit, color));
  const docs = unit.file.all("Unit", "Documentation").flatMap((value) => value.split(/\s+/));
  docs.forEach((doc, i) => {
    lines.push(i === 0 ? `${label("Docs")} ${doc}` : `${" ".repeat(13)}${doc}`);
  });
  lines.push(...processLines(unit));
  lines.push(...resourceLines(manager, unit));
  let text = `${lines.join("\n")}\n`;
  if (unit.type !== "slice") text += recentLog(t.p, manager, unit, o, color);
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
  if (unit.load === "error") {
    const why = `Unit ${unit.name} failed to load properly, please adjust/correct and reload service manager: Bad message`;
    return `${label("Loaded")} ${paint("error", "31", color)} (Reason: ${why})`;
  }
  if (unit.path === undefined) return `${label("Loaded")} loaded`;
  const state = fileState(manager.machine, unit);
  const preset = ["enabled", "disabled", "linked", "enabled-runtime"].includes(state) ? "; preset: enabled" : "";
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
  const state = unit.sub === unit.active ? unit.active : `${unit.active} (${unit.sub})`;
  const code = COLORS[unit.active];
  const simple = unit.active === "failed" ? "failed" : state;
  const shown = code === undefined ? simple : paint(simple, code, color);
  const result = unit.result !== "success" ? ` (Result: ${unit.result})` : "";
  const at =
    unit.active === "active" || unit.active === "reloading"
      ? unit.activeEnter
      : unit.active === "inactive" || unit.active === "failed"
        ? unit.inactiveEnter
        : unit.active === "activating"
          ? unit.inactiveExit
          : unit.activeExit;
  const since = at === undefined ? "" : ` since ${timestamp(p, at)}; ${ago(kernel.now - at)}`;
  return `${label("Active")} ${shown}${result}${since}`;
}

/** Units that a timer or socket starts, and those that start this one; when a timer elapses. */
function timerLines(p: Process, manager: Systemd, unit: Unit, color: boolean): string[] {
  const out: string[] = [];
  const { kernel } = manager.machine;
  const dot = (other: Unit) => paint("●", COLORS[other.active] ?? "39", color && COLORS[other.active] !== undefined);
  if (unit.type === "timer") {
    const next = unit.nextElapse;
    const when = next === undefined ? "n/a" : `${timestamp(p, next)}; ${left(next - kernel.now)}`;
    out.push(`${label("Trigger")} ${when}`);
    const other = manager.unit(triggeredBy(unit));
    out.push(`${label("Triggers")} ${dot(other)} ${other.name}`);
  }
  const timers = manager.loaded().filter((other) => other.type === "timer" && triggeredBy(other) === unit.name);
  timers.forEach((timer, i) => {
    out.push(`${i === 0 ? "TriggeredBy:" : " ".repeat(12)} ${dot(timer)} ${timer.name}`);
  });
  return out;
}

const KINDS = ["ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost", "ExecReload", "ExecStop", "ExecStopPost"];

function processLines(unit: Unit): string[] {
  const out: string[] = [];
  const ended = unit.commands.filter(({ status }) => status !== undefined);
  ended.sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || a.index - b.index);
  for (const { kind, pid, words, status } of ended)
    out.push(`${label("Process")} ${pid} ${kind}=${words.join(" ")} (${shownStatus(status!)})`);
  const { main } = unit;
  if (main !== undefined) {
    if (unit.mainStatus !== undefined) out.push(`${label("Main PID")} ${main.pid} (${shownStatus(unit.mainStatus)})`);
    else if (main.status === undefined) out.push(`${label("Main PID")} ${main.pid} (${main.comm})`);
  }
  if (unit.statusText !== "") out.push(`${label("Status")} "${unit.statusText}"`);
  return out;
}

/** CPU time of processes, in µs. */
export function cpuOf(processes: readonly Process[]): number {
  return processes.reduce((sum, process) => sum + process.cpuUsed, 0);
}

/** How many tasks a unit may have: 15 % of what the kernel lets there be (DefaultTasksMax=). */
export function taskLimit(manager: Systemd): number {
  return Math.floor((manager.machine.hardware.memoryKib / 1024) * 1.19);
}

function memoryLine(unit: Unit, used: number): string {
  const limits = (["MemoryMin", "MemoryLow", "MemoryHigh", "MemoryMax"] as const).flatMap((key) => {
    const size = sizeOf(unit.service(key) ?? "");
    const word = key.slice(6).toLowerCase();
    return size === undefined || !Number.isFinite(size) ? [] : [`${word}: ${bytes(size)}`];
  });
  const max = sizeOf(unit.service("MemoryMax") ?? unit.service("MemoryHigh") ?? "");
  if (max !== undefined && Number.isFinite(max)) limits.push(`available: ${bytes(Math.max(0, max - used))}`);
  return `${label("Memory")} ${bytes(used)}${limits.length === 0 ? "" : ` (${limits.join(" ")})`}`;
}

function resourceLines(manager: Systemd, unit: Unit): string[] {
  const processes = manager.processesOf(unit);
  if (processes.length === 0) {
    if (unit.type !== "service" || unit.invocation === "") return [];
    const ran = unit.main !== undefined || unit.commands.length > 0;
    return [`${label("CPU")} ${ran ? span(Math.max(1000, unit.main?.cpuUsed ?? 0)) : "0"}`];
  }
  const memory = processes.reduce((sum, process) => sum + process.rssKib * 1024, 0);
  const tasks = unit.service("TasksMax");
  const limit = tasks === "infinity" ? "" : ` (limit: ${tasks ?? taskLimit(manager)})`;
  const out = [
    `${label("Tasks")} ${processes.length}${limit}`,
    memoryLine(unit, memory),
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
  const entries = machine.journal
    .entries()
    .filter(
      (entry) => entry.boot === machine.journal.boot && entry.seq > unit.inactiveExitSeq && belongsTo(entry, unit.name),
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
  t.out.add(drawGroups(t.p, "           "));
}
