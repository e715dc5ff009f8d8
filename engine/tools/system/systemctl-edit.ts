/** systemctl edit, revert and list-dependencies (systemd 252). */
import type { Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { type Systemd, type Unit, unitName } from "../../machine/systemd/index.ts";
import { besideUnits, textAt } from "../../machine/systemd/unit.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal, type Tool } from "../tool.ts";
import { runEditor } from "./edit.ts";

const ETC = "/etc/systemd/system";
const EDITORS = ["SYSTEMD_EDITOR", "EDITOR", "VISUAL"];

const BEGIN = (path: string) =>
  `### Editing ${path}\n### Anything between here and the comment below will become the new contents of the file\n\n`;
const END = "\n\n### Lines below this comment will be discarded\n";

function makeDirectory(p: Process, path: string): void {
  if (sys.find(p, path) === undefined) sys.mkdir(p, path, 0o755);
}

/** Opens a drop-in, or with `--full` a copy of the unit file, and reloads when it was changed. */
export function* editUnits(t: Tool, manager: Systemd, names: readonly string[], o: ParsedOptions): Gen<number> {
  const { p } = t;
  if (names.length === 0) throw new Fatal("Too few arguments.");
  if (p.fds.get(0)?.tty === undefined) {
    yield* sys.printError(p, "Cannot edit units if not on a tty.\n");
    return 1;
  }
  if (p.cred.uid !== 0) {
    yield* sys.printError(p, "Failed to edit unit: Access denied\n");
    return 1;
  }
  for (const name of names) {
    const unit = manager.unit(name);
    if (unit.path === undefined && !o.has("f")) {
      yield* sys.printError(
        p,
        `No files found for ${unit.name}.\nRun 'systemctl edit --force --full ${unit.name}' to create a new unit.\n`,
      );
      return 1;
    }
    const full = o.has("l");
    const target = full ? `${ETC}/${unit.name}` : `${ETC}/${unit.name}.d/override.conf`;
    const old = textAt(manager.machine, full ? (unit.path ?? target) : target) ?? "";
    const others = full
      ? []
      : ([unit.path, ...unit.dropIns].filter((path) => path !== undefined && path !== target) as string[]);
    const shown = others.map((path) => `\n### ${path}\n${commented(textAt(manager.machine, path) ?? "")}`).join("");
    const temporary = `${target.slice(0, target.lastIndexOf("/"))}/.#${target.slice(target.lastIndexOf("/") + 1)}${p.machine.kernel.random("systemctl").hex(16)}`;
    if (!full) makeDirectory(p, `${ETC}/${unit.name}.d`);
    try {
      sys.writeText(p, temporary, full ? old : BEGIN(target) + old + END + shown, 0o644);
    } catch {
      throw new Fatal(`Failed to create temporary file "${temporary}": Permission denied`);
    }
    const status = yield* runEditor(p, temporary, EDITORS);
    const text = sys.readText(p, temporary);
    sys.unlink(p, temporary);
    if (status !== 0) continue;
    const kept = full ? text : between(text);
    if (kept.trim() === "") {
      yield* sys.printError(p, `Editing "${target}" canceled: temporary file is empty.\n`);
      continue;
    }
    sys.writeText(p, target, kept, 0o644);
  }
  manager.reload();
  return 0;
}

function commented(text: string): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => `# ${line}\n`)
    .join("");
}

function between(text: string): string {
  const lines = text.split("\n");
  const from = lines.findIndex((line) => line.startsWith("### Anything between here"));
  const to = lines.findIndex((line) => line.startsWith("### Lines below this comment"));
  const body = lines
    .slice(from + 1, to < 0 ? undefined : to)
    .join("\n")
    .trim();
  return body === "" ? "" : `${body}\n`;
}

/** Removes what an administrator has put over a unit; a file that is all there is of it stays. */
export function* revertUnits(t: Tool, manager: Systemd, names: readonly string[]): Gen<number> {
  const { p } = t;
  const remove = function* (path: string, dir = false): Gen {
    if (dir) sys.rmdir(p, path);
    else sys.unlink(p, path);
    yield* sys.printError(p, `Removed "${path}".\n`);
  };
  for (const given of names) {
    const { name } = manager.unit(given);
    const tops = ["/etc/systemd/system.control", "/run/systemd/system.control", ETC, "/run/systemd/system"];
    for (const top of tops) {
      const dir = `${top}/${name}.d`;
      if (sys.find(p, dir)?.kind !== "dir") continue;
      for (const file of [...sys.readDir(p, dir).keys()]) yield* remove(`${dir}/${file}`);
      yield* remove(dir, true);
    }
    const shipped = ["/lib/systemd/system", "/usr/local/lib/systemd/system"].some(
      (dir) => sys.find(p, `${dir}/${name}`) !== undefined,
    );
    for (const top of tops)
      if (shipped && sys.find(p, `${top}/${name}`, false) !== undefined) yield* remove(`${top}/${name}`);
  }
  manager.reload();
  return 0;
}

function needs(manager: Systemd, unit: Unit, o: ParsedOptions): string[] {
  const named = (keys: readonly string[]) => keys.flatMap((key) => [...unit.names(key)]);
  const linked = (kind: string) => besideUnits(manager.machine, `${unit.name}.${kind}`).map(([name]) => name);
  const own = ["service", "timer", "socket", "path"].includes(unit.type) && unit.load === "loaded";
  const plain = unit.file.get("Unit", "DefaultDependencies") !== "no";
  if (o.has("reverse")) return users(manager, unit, ["Requires", "Wants", "BindsTo", "Requisite", "PartOf"]);
  if (o.has("after")) {
    const implied =
      own && plain ? [...(unit.type === "service" ? ["system.slice"] : []), "basic.target", "sysinit.target"] : [];
    return [...new Set([...named(["After"]), ...users(manager, unit, ["Before"]), ...implied])];
  }
  if (o.has("before"))
    return [
      ...new Set([
        ...named(["Before"]),
        ...users(manager, unit, ["After"]),
        ...(own && plain ? ["shutdown.target"] : []),
      ]),
    ];
  const implied = own ? [...(unit.type === "service" ? [unit.slice] : []), ...(plain ? ["sysinit.target"] : [])] : [];
  return [
    ...new Set([
      ...named(["Requires", "Wants", "Requisite", "BindsTo", "Upholds"]),
      ...linked("wants"),
      ...linked("requires"),
      ...implied,
    ]),
  ];
}

/** Loaded units that name this one in one of those settings. */
function users(manager: Systemd, unit: Unit, keys: readonly string[]): string[] {
  const names = (other: Unit) => keys.flatMap((key) => [...other.names(key)]).map(unitName);
  const linked = (other: Unit) =>
    keys.includes("Wants") && besideUnits(manager.machine, `${other.name}.wants`).some(([name]) => name === unit.name);
  return manager
    .loaded()
    .filter((other) => names(other).includes(unit.name) || linked(other))
    .map(({ name }) => name);
}

/** The tree of what a unit wants and requires (or what --reverse, --after, --before ask for); targets are followed. */
export function* listDependencies(t: Tool, manager: Systemd, names: readonly string[], o: ParsedOptions): Gen<number> {
  const target = (name: string) => (name.endsWith(".target") ? 1 : 0);
  const order = (a: string, b: string) => target(a) - target(b) || (a.toLowerCase() < b.toLowerCase() ? -1 : 1);
  for (const [i, given] of (names.length > 0 ? names : ["default.target"]).entries()) {
    if (i > 0) t.out.add("\n");
    const root = manager.unit(given);
    t.out.add(`${root.name}\n`);
    const walk = (unit: Unit, indent: string, seen: readonly string[]): void => {
      const list = needs(manager, unit, o)
        .filter((name) => !seen.includes(name))
        .sort(order);
      list.forEach((name, n) => {
        const child = manager.unit(name);
        const last = n === list.length - 1;
        const dot = child.active === "active" ? "●" : child.active === "failed" ? "×" : "○";
        if (o.has("plain")) t.out.add(`  ${indent}${child.name}\n`);
        else t.out.add(`${dot} ${indent}${last ? "└─" : "├─"}${child.name}\n`);
        if (child.type !== "target" && !o.has("a")) return;
        walk(child, `${indent}${o.has("plain") || last ? "  " : "│ "}`, [...seen, name]);
      });
    };
    walk(root, "", [root.name]);
  }
  yield* t.out.flush();
  return 0;
}
