import type { Gen } from "../../kernel/index.ts";
import { type Systemd, type Unit, unitName } from "../../machine/systemd/index.ts";
import type { ParsedOptions } from "../options.ts";
import type { Tool } from "../tool.ts";
import { paint } from "./systemctl-status.ts";
import { fileState, unitFileNames } from "./unit-install.ts";

/** `systemctl list-units`: the units in memory, sorted by type and name. */
export function* listUnits(t: Tool, manager: Systemd, patterns: readonly string[], o: ParsedOptions): Gen<number> {
  const color = t.p.fds.get(1)?.tty !== undefined;
  const types = o.values("t").flatMap((value) => value.split(","));
  const states = [...o.values("state").flatMap((value) => value.split(",")), ...(o.has("failed") ? ["failed"] : [])];
  const chosen = manager.loaded().filter((unit) => {
    if (types.length > 0 && !types.includes(unit.type)) return false;
    if (patterns.length > 0 && !patterns.some((pattern) => matches(pattern, unit.name))) return false;
    if (states.length > 0) return states.some((state) => [unit.load, unit.active, unit.sub].includes(state));
    return o.has("a") || (unit.active !== "inactive" && unit.load !== "not-found");
  });
  const order = [...chosen].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const width = (head: string, cell: (unit: Unit) => string) =>
    Math.max(head.length, ...order.map((unit) => cell(unit).length));
  const [name, load, active, sub] = [
    width("UNIT", (unit) => unit.name),
    width("LOAD", (unit) => unit.load),
    width("ACTIVE", (unit) => unit.active),
    width("SUB", (unit) => unit.sub),
  ];
  const legend = !o.has("no-legend") && o.value("legend") !== "false" && o.value("legend") !== "no";
  const row = (dot: string, a: string, b: string, c: string, d: string, e: string) =>
    `${dot} ${a.padEnd(name)} ${b.padEnd(load)} ${c.padEnd(active)} ${d.padEnd(sub)} ${e}\n`;
  if (legend && order.length > 0) t.out.add(row(" ", "UNIT", "LOAD", "ACTIVE", "SUB", "DESCRIPTION"));
  for (const unit of order) {
    const bad = unit.active === "failed" || unit.load !== "loaded";
    const dot = o.has("plain") ? "" : bad ? paint("●", unit.active === "failed" ? "31" : "38;5;185", color) : " ";
    const line = row(dot, unit.name, unit.load, unit.active, unit.sub, unit.description);
    t.out.add(o.has("plain") ? line.slice(1) : line);
  }
  if (!legend) return 0;
  if (order.length > 0) t.out.add(EXPLAIN);
  const hint = o.has("a")
    ? "\nTo show all installed unit files use 'systemctl list-unit-files'.\n"
    : " Pass --all to see loaded but inactive units, too.\nTo show all installed unit files use 'systemctl list-unit-files'.\n";
  const limited = states.length > 0;
  t.out.add(`${order.length} loaded units listed.${limited ? "\n" : hint}`);
  return 0;
}

const EXPLAIN = `
LOAD   = Reflects whether the unit definition was properly loaded.
ACTIVE = The high-level unit activation state, i.e. generalization of SUB.
SUB    = The low-level unit activation state, values depend on unit type.

`;

const TYPE_ORDER = ["device", "mount", "path", "scope", "service", "slice", "socket", "target", "timer"];

function key(unit: Unit): string {
  return `${String(TYPE_ORDER.indexOf(unit.type)).padStart(2, "0")} ${unit.name}`;
}

/** `systemctl list-unit-files`. */
export function* listUnitFiles(t: Tool, manager: Systemd, patterns: readonly string[], o: ParsedOptions): Gen<number> {
  const types = o.values("t").flatMap((value) => value.split(","));
  const names = unitFileNames(manager.machine)
    .filter((name) => types.length === 0 || types.some((type) => name.endsWith(`.${type}`)))
    .filter((name) => patterns.length === 0 || patterns.some((pattern) => matches(pattern, name)));
  const rows = names.map((name) => {
    const unit = manager.unit(name);
    const state = unit.name === name ? fileState(manager.machine, unit) : "alias";
    return [name, state, state === "enabled" || state === "disabled" ? "enabled" : "-"] as const;
  });
  const states = o.values("state").flatMap((value) => value.split(","));
  const shown = rows.filter(([, state]) => states.length === 0 || states.includes(state));
  const width = Math.max(9, ...shown.map(([name]) => name.length));
  const stateWidth = Math.max(5, ...shown.map(([, state]) => state.length));
  const legend = !o.has("no-legend");
  if (legend && shown.length > 0) t.out.add(`${"UNIT FILE".padEnd(width)} ${"STATE".padEnd(stateWidth)} PRESET\n`);
  for (const [name, state, preset] of shown) t.out.add(`${name.padEnd(width)} ${state.padEnd(stateWidth)} ${preset}\n`);
  if (legend) t.out.add(`\n${shown.length} unit files listed.\n`);
  return 0;
}

/** A name, or a pattern with `*`. */
function matches(pattern: string, name: string): boolean {
  if (!pattern.includes("*")) return unitName(pattern) === name;
  const pieces = pattern.split("*");
  if (!name.startsWith(pieces[0]!) || !name.endsWith(pieces.at(-1)!)) return false;
  let at = pieces[0]!.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = name.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return name.length - pieces.at(-1)!.length >= at;
}
