import type { Gen } from "../../kernel/index.ts";
import type { Systemd } from "../../machine/systemd/index.ts";
import { findUnit, loadUnit, Unit } from "../../machine/systemd/unit.ts";
import { globRegex } from "../../text/glob.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal, type Tool } from "../tool.ts";
import { STATE_HELP, TYPES } from "./systemctl-states.ts";
import { paint } from "./systemctl-status.ts";
import { fileState, unitFileNames } from "./unit-install.ts";

/** Types of -t and states among them; throws for what is neither, or gives the list that was asked for. */
function typesOf(o: ParsedOptions): { types: string[]; states: string[]; help: string | undefined } {
  const given = o.values("t").flatMap((value) => value.split(","));
  const states = o.values("state").flatMap((value) => value.split(","));
  if (given.includes("help")) return { types: [], states: [], help: `Available unit types:\n${TYPES.join("\n")}\n` };
  if (states.includes("help")) return { types: [], states: [], help: STATE_HELP };
  for (const word of given)
    if (!TYPES.includes(word) && !LOAD_STATES.includes(word))
      throw new Fatal(`Unknown unit type or load state '${word}'.\nUse -t help to see a list of allowed values.`);
  const types = given.filter((word) => TYPES.includes(word));
  return { types, states: [...states, ...given.filter((word) => !TYPES.includes(word))], help: undefined };
}

const LOAD_STATES = ["stub", "loaded", "not-found", "bad-setting", "error", "merged", "masked"];

function json(t: Tool, rows: readonly Readonly<Record<string, string>>[], how: string): void {
  t.out.add(
    how === "json" ? `${JSON.stringify(rows)}\n` : `${JSON.stringify(rows, null, "\t").replace(/": "/g, '" : "')}\n`,
  );
}

/** `systemctl list-units`: the units in memory, sorted by type and name. */
export function* listUnits(t: Tool, manager: Systemd, patterns: readonly string[], o: ParsedOptions): Gen<number> {
  const color = t.p.fds.get(1)?.tty !== undefined;
  const { types, states: asked, help } = typesOf(o);
  if (help !== undefined) {
    t.out.add(help);
    return 0;
  }
  const states = [...asked, ...(o.has("failed") ? ["failed"] : [])];
  const tests = patterns.map((pattern) => globRegex(pattern));
  const chosen = manager.loaded().filter((unit) => {
    if (types.length > 0 && !types.includes(unit.type)) return false;
    if (tests.length > 0 && !tests.some((test) => test.test(unit.name))) return false;
    if (states.length > 0) return states.some((state) => [unit.load, unit.active, unit.sub].includes(state));
    return o.has("a") || (unit.active !== "inactive" && unit.load !== "not-found") || unit.jobs > 0;
  });
  const order = [...chosen].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const how = o.value("o");
  if (how === "json" || how === "json-pretty") {
    const rows = order.map((unit) => ({
      unit: unit.name,
      load: unit.load,
      active: unit.active,
      sub: unit.sub,
      description: unit.description,
    }));
    json(t, rows, how);
    return 0;
  }
  const width = (head: string, cell: (unit: Unit) => string) =>
    Math.max(legend ? head.length : 0, ...order.map((unit) => cell(unit).length));
  const legend = !o.has("no-legend", "q") && !/^(no|false|0)$/.test(o.value("legend") ?? "");
  const [name, load, active, sub] = [
    width("UNIT", (unit) => unit.name),
    width("LOAD", (unit) => unit.load),
    width("ACTIVE", (unit) => unit.active),
    width("SUB", (unit) => unit.sub),
  ];
  const row = (dot: string, a: string, b: string, c: string, d: string, e: string) =>
    `${dot}${a.padEnd(name)} ${b.padEnd(load)} ${c.padEnd(active)} ${d.padEnd(sub)} ${e}\n`;
  const plain = o.has("plain");
  if (legend) t.out.add(row(plain ? "" : "  ", "UNIT", "LOAD", "ACTIVE", "SUB", "DESCRIPTION"));
  for (const unit of order) {
    const bad = unit.active === "failed" || unit.load !== "loaded";
    const dot = plain ? "" : bad ? `${paint("●", unit.active === "failed" ? "31" : "38;5;185", color)} ` : "  ";
    t.out.add(row(dot, unit.name, unit.load, unit.active, unit.sub, unit.description));
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

const key = (unit: Unit): string => `${unit.type} ${unit.name}`;

/** `systemctl list-unit-files`, sorted by type and name. */
export function* listUnitFiles(t: Tool, manager: Systemd, patterns: readonly string[], o: ParsedOptions): Gen<number> {
  const { machine } = manager;
  const { types, states, help } = typesOf(o);
  if (help !== undefined) {
    t.out.add(help);
    return 0;
  }
  const tests = patterns.map((pattern) => globRegex(pattern));
  const names = unitFileNames(machine)
    .filter((name) => types.length === 0 || types.some((type) => name.endsWith(`.${type}`)))
    .filter((name) => tests.length === 0 || tests.some((test) => test.test(name)));
  const suffix = (name: string) => name.slice(name.lastIndexOf("."));
  names.sort((a, b) => (suffix(a) === suffix(b) ? (a < b ? -1 : 1) : suffix(a) < suffix(b) ? -1 : 1));
  const rows = names.flatMap((name): [string, string, string][] => {
    const source = findUnit(machine, name);
    if (source === undefined) return [];
    if (source.name !== name && !source.masked) return [[name, "alias", "-"]];
    const unit = new Unit(name);
    loadUnit(machine, unit);
    const state = fileState(machine, unit);
    return [[name, state, ["static", "indirect", "transient", "alias"].includes(state) ? "-" : "enabled"]];
  });
  const shown = rows.filter(([, state]) => states.length === 0 || states.includes(state));
  const how = o.value("o");
  if (how === "json" || how === "json-pretty") {
    const objects = shown.map(([unit_file, state, preset]) => ({ unit_file, state, preset }));
    json(t, objects as Record<string, string>[], how);
    return 0;
  }
  const legend = !o.has("no-legend", "q") && !/^(no|false|0)$/.test(o.value("legend") ?? "");
  const width = Math.max(legend ? 9 : 0, ...shown.map(([name]) => name.length));
  const stateWidth = Math.max(legend ? 5 : 0, ...shown.map(([, state]) => state.length));
  if (legend) t.out.add(`${"UNIT FILE".padEnd(width)} ${"STATE".padEnd(stateWidth)} PRESET\n`);
  for (const [name, state, preset] of shown) t.out.add(`${name.padEnd(width)} ${state.padEnd(stateWidth)} ${preset}\n`);
  if (legend) t.out.add(`\n${shown.length} unit files listed.\n`);
  return shown.length === 0 && patterns.length > 0 ? 1 : 0;
}
