/** systemctl's verbs that only look: status, show, cat, is-active, the lists. */
import type { Gen } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import type { Systemd, Unit } from "../../machine/systemd/index.ts";
import { triggeredBy } from "../../machine/systemd/timer.ts";
import { dropInsOf, needsReload, textAt } from "../../machine/systemd/unit.ts";
import { globRegex } from "../../text/glob.ts";
import type { ParsedOptions } from "../options.ts";
import type { Tool } from "../tool.ts";
import { listDependencies } from "./systemctl-edit.ts";
import { listUnitFiles, listUnits } from "./systemctl-list.ts";
import { showProperties } from "./systemctl-show.ts";
import { printStatus } from "./systemctl-status.ts";
import { expandNames, isPattern, unitName, type Verb, verb } from "./systemctl-words.ts";
import { ago, left, timestamp } from "./when.ts";

/** is-active and is-failed: a word a unit, success when one is in the state. */
function is(states: readonly string[], failure: number): Verb {
  return verb(function* (t, manager, names, o) {
    let status = failure;
    for (const name of expandNames(manager, names)) {
      const { active } = manager.unit(name);
      if (!o.has("q")) t.out.add(`${active}\n`);
      if (states.includes(active)) status = 0;
    }
    return status;
  }, 1);
}

const OUTDATED = (name: string) => `# Warning: ${name} changed on disk, the version systemd has loaded is outdated.
# This output shows the current version of the unit's original fragment and drop-in files.
# If fragments or drop-ins were added or removed, they are not properly reflected in this output.
# Run 'systemctl daemon-reload' to reload units.
`;

function* cat(t: Tool, manager: Systemd, names: readonly string[]): Gen<number> {
  for (const [i, name] of expandNames(manager, names).entries()) {
    const unit = manager.unit(name);
    if (unit.load === "masked") {
      t.out.add(`${i > 0 ? "\n" : ""}# Unit ${unit.name} is masked.\n`);
      continue;
    }
    if (unit.path === undefined) {
      yield* sys.printError(t.p, `No files found for ${unitName(name)}.\n`);
      return 1;
    }
    if (i > 0) t.out.add("\n");
    if (needsReload(manager.machine, unit)) t.out.add(OUTDATED(unit.name));
    const paths = [unit.path, ...dropInsOf(manager.machine, unit.name)];
    t.out.add(paths.map((path) => `# ${path}\n${textAt(manager.machine, path) ?? ""}`).join("\n"));
  }
  return 0;
}

/** Rows under a head, columns as wide as what is in them. */
function printTable(t: Tool, head: readonly string[], rows: readonly (readonly string[])[], o: ParsedOptions): void {
  const legend = !o.has("no-legend") && !/^(no|false|0)$/.test(o.value("legend") ?? "");
  const all = legend ? [head, ...rows] : rows;
  const widths = head.map((_, i) => Math.max(...all.map((row) => row[i]!.length), 0));
  for (const row of all)
    t.out.add(`${row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!))).join(" ")}\n`);
}

function chosen(manager: Systemd, type: string, patterns: readonly string[], o: ParsedOptions): Unit[] {
  const tests = patterns.map((pattern) =>
    globRegex(isPattern(pattern) || /\.\w+$/.test(pattern) ? pattern : `${pattern}.${type}`),
  );
  for (const pattern of patterns)
    if (!isPattern(pattern)) manager.unit(/\.\w+$/.test(pattern) ? pattern : `${pattern}.${type}`);
  return manager
    .loaded()
    .filter((unit) => unit.type === type && unit.load === "loaded")
    .filter((unit) => tests.length === 0 || tests.some((test) => test.test(unit.name)))
    .filter((unit) => o.has("a") || unit.active !== "inactive");
}

function legendEnd(t: Tool, o: ParsedOptions, count: number, what: string): void {
  if (o.has("no-legend")) return;
  t.out.add(`\n${count} ${what} listed.\n`);
  if (!o.has("a")) t.out.add(`Pass --all to see loaded but inactive ${what}, too.\n`);
}

function* listTimers(t: Tool, manager: Systemd, patterns: readonly string[], o: ParsedOptions): Gen<number> {
  const { kernel } = manager.machine;
  const units = chosen(manager, "timer", patterns, o).sort(
    (a, b) =>
      (a.nextElapse ?? Number.POSITIVE_INFINITY) - (b.nextElapse ?? Number.POSITIVE_INFINITY) ||
      (a.name < b.name ? -1 : 1),
  );
  const rows = units.map((unit) => [
    unit.nextElapse === undefined ? "-" : timestamp(t.p, unit.nextElapse),
    unit.nextElapse === undefined ? "-" : left(unit.nextElapse - kernel.now),
    unit.lastTrigger === undefined ? "-" : timestamp(t.p, unit.lastTrigger),
    unit.lastTrigger === undefined ? "-" : ago(kernel.now - unit.lastTrigger),
    unit.name,
    triggeredBy(unit),
  ]);
  printTable(t, ["NEXT", "LEFT", "LAST", "PASSED", "UNIT", "ACTIVATES"], rows, o);
  legendEnd(t, o, rows.length, "timers");
  return 0;
}

function* listSockets(t: Tool, manager: Systemd, patterns: readonly string[], o: ParsedOptions): Gen<number> {
  const rows = chosen(manager, "socket", patterns, o).flatMap((unit) => {
    const listen = ["ListenStream", "ListenDatagram", "ListenFIFO"].flatMap((key) => [...unit.file.all("Socket", key)]);
    const service = unit.file.get("Socket", "Service") ?? unit.name.replace(/\.socket$/, ".service");
    return listen.map((address) => [/^\d+$/.test(address) ? `[::]:${address}` : address, unit.name, service]);
  });
  rows.sort((a, b) => (a[0]! < b[0]! ? -1 : 1));
  printTable(t, ["LISTEN", "UNIT", "ACTIVATES"], rows, o);
  legendEnd(t, o, rows.length, "sockets");
  return 0;
}

function empty(head: readonly string[], what: string): Verb {
  return verb(function* (t, _manager, _names, o) {
    printTable(t, head, [], o);
    legendEnd(t, o, 0, what);
    return 0;
  });
}

export const VIEW_VERBS: Readonly<Record<string, Verb>> = {
  status: verb((t, manager, names, o) => printStatus(t, manager, names, o)),
  "list-units": verb((t, manager, names, o) => listUnits(t, manager, names, o)),
  "list-unit-files": verb((t, manager, names, o) => listUnitFiles(t, manager, names, o)),
  show: verb((t, manager, names, o) => showProperties(t, manager, names, o)),
  "is-active": is(["active", "reloading"], 3),
  check: is(["active", "reloading"], 3),
  "is-failed": is(["failed"], 1),
  cat: verb((t, manager, names) => cat(t, manager, names), 1),
  "is-system-running": verb(
    function* (t, manager, _names, o) {
      const failed = manager.loaded().some((unit) => unit.active === "failed");
      if (!o.has("q")) t.out.add(failed ? "degraded\n" : "running\n");
      return failed ? 1 : 0;
    },
    0,
    0,
  ),
  "list-dependencies": verb((t, manager, names, o) => listDependencies(t, manager, names, o)),
  "list-timers": verb((t, manager, names, o) => listTimers(t, manager, names, o)),
  "list-sockets": verb((t, manager, names, o) => listSockets(t, manager, names, o)),
  "list-automounts": empty(["WHAT", "WHERE", "MOUNTED", "IDLE TIMEOUT", "UNIT"], "automounts"),
  "list-machines": verb(function* (t, manager, _names, o) {
    const failed = manager.loaded().filter((unit) => unit.active === "failed").length;
    const row = [`${manager.machine.hostname} (host)`, failed > 0 ? "degraded" : "running", String(failed), "0"];
    printTable(t, ["NAME", "STATE", "FAILED", "JOBS"], [row], o);
    if (!o.has("no-legend")) t.out.add("\n1 machines listed.\n");
    return 0;
  }),
  "list-jobs": verb(function* (t, manager, _names, o) {
    const rows = manager.loaded().filter((unit) => unit.jobs > 0 && unit.active !== "active");
    if (rows.length === 0) t.out.add("No jobs running.\n");
    else {
      const cells = rows.map((unit, i) => [String(i + 1), unit.name, unit.stopRequested ? "stop" : "start", "running"]);
      printTable(t, ["JOB", "UNIT", "TYPE", "STATE"], cells, o);
      if (!o.has("no-legend")) t.out.add(`\n${rows.length} jobs listed.\n`);
    }
    return 0;
  }),
  help: verb(function* (t, manager, names) {
    for (const name of names) {
      const unit = manager.unit(name);
      if (unit.load === "not-found") {
        yield* sys.printError(t.p, `Unit ${unit.name} could not be found.\n`);
        return 1;
      }
      const docs = unit.file.all("Unit", "Documentation").flatMap((value) => value.split(/\s+/));
      if (docs.length === 0) yield* sys.printError(t.p, `Documentation for ${unit.name} not known.\n`);
      for (const doc of docs) {
        if (!doc.startsWith("man:")) {
          yield* sys.printError(t.p, `Can't show: ${doc}\n`);
          continue;
        }
        const [, page, section] = /^man:([^(]+)(?:\((.*)\))?$/.exec(doc) ?? [];
        yield* sys.printError(
          t.p,
          `No manual entry for ${page}${section === undefined ? "" : ` in section ${section}`}\n`,
        );
      }
    }
    return 0;
  }, 1),
};
