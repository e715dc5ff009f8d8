/** systemctl edit, revert and list-dependencies (systemd 252). */
import type { Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import type { Systemd, Unit } from "../../machine/systemd/index.ts";
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

/** Removes what an administrator has put over a unit. */
export function* revertUnits(t: Tool, manager: Systemd, names: readonly string[]): Gen<number> {
  const { p } = t;
  for (const name of names) {
    const unit = manager.unit(name);
    const dir = `${ETC}/${unit.name}.d`;
    if (sys.find(p, dir)?.kind === "dir") {
      for (const file of [...sys.readDir(p, dir).keys()]) {
        sys.unlink(p, `${dir}/${file}`);
        yield* sys.printError(p, `Removed "${dir}/${file}".\n`);
      }
      sys.rmdir(p, dir);
      yield* sys.printError(p, `Removed "${dir}".\n`);
    }
    if (sys.find(p, `${ETC}/${unit.name}`, false)?.kind === "file") {
      sys.unlink(p, `${ETC}/${unit.name}`);
      yield* sys.printError(p, `Removed "${ETC}/${unit.name}".\n`);
    }
  }
  manager.reload();
  return 0;
}

function needs(manager: Systemd, unit: Unit): string[] {
  const words = ["Requires", "Wants", "Requisite", "BindsTo"]
    .flatMap((key) => unit.file.all("Unit", key))
    .flatMap((value) => value.split(/\s+/))
    .filter((word) => word !== "");
  const linked = besideUnits(manager.machine, `${unit.name}.wants`).map(([name]) => name);
  const implied = unit.type === "service" ? ["sysinit.target"] : [];
  return [...new Set([...words, ...linked, ...implied])].sort();
}

/** The tree of what a unit wants and requires; targets are followed. */
export function* listDependencies(t: Tool, manager: Systemd, names: readonly string[]): Gen<number> {
  const root = manager.unit(names[0] ?? "default.target");
  t.out.add(`${root.name}\n`);
  const walk = (unit: Unit, indent: string, seen: readonly string[]): void => {
    const list = needs(manager, unit).filter((name) => !seen.includes(name));
    list.forEach((name, i) => {
      const child = manager.unit(name);
      const last = i === list.length - 1;
      const dot = child.active === "active" ? "●" : child.active === "failed" ? "×" : "○";
      t.out.add(`${dot} ${indent}${last ? "└─" : "├─"}${child.name}\n`);
      if (child.type === "target") walk(child, `${indent}${last ? "  " : "│ "}`, [...seen, name]);
    });
  };
  walk(root, "", [root.name]);
  yield* t.out.flush();
  return 0;
}
