/** systemd-analyze verify, condition, exit-status and cat-config. */
import type { Gen } from "../../kernel/index.ts";
import { normalize } from "../../machine/path.ts";
import * as sys from "../../machine/sys.ts";
import { failedCheck } from "../../machine/systemd/exec.ts";
import { type Systemd, Unit } from "../../machine/systemd/index.ts";
import { EXIT_NAMES } from "../../machine/systemd/status.ts";
import { findUnit, loadUnit } from "../../machine/systemd/unit.ts";
import { parseUnit, splitWords } from "../../machine/systemd/unit-file.ts";
import { searchPath } from "../text/env.ts";
import { Fatal, type Tool } from "../tool.ts";

const SUFFIX = /\.(service|target|socket|timer|slice|scope|mount|path|device|swap|automount)$/;

/** verify: what systemd says while it loads unit files, and whether their programs are there. */
export function* verify(t: Tool, manager: Systemd, names: readonly string[]): Gen<number> {
  let status = 0;
  const complain = function* (line: string): Gen {
    yield* sys.printError(t.p, `${line}\n`);
    status = 1;
  };
  for (const given of names) {
    if (!SUFFIX.test(given)) {
      yield* complain(`Failed to prepare filename ${given}: Invalid argument`);
      continue;
    }
    const name = given.slice(given.lastIndexOf("/") + 1);
    const unit = new Unit(name);
    const path = given.includes("/") ? normalize(t.p.cwd, given) : undefined;
    const there = path !== undefined && sys.find(t.p, path)?.kind === "file";
    const found = findUnit(manager.machine, name);
    const source = there ? { name, path: path!, masked: false } : found;
    const said: string[] = [];
    loadUnit(manager.machine, unit, (text) => said.push(text), source);
    for (const line of said) yield* sys.printError(t.p, `${line}\n`);
    if (unit.load !== "loaded") {
      const refused = manager.refusal(unit);
      yield* complain(refused?.message ?? `Unit ${name} not found.`);
      continue;
    }
    const refused = manager.refusal(unit);
    if (refused !== undefined) yield* complain(`${name}: Failed to create ${name}/start: ${refused.message}`);
    for (const kind of ["ExecStartPre", "ExecStart", "ExecStartPost", "ExecReload", "ExecStop", "ExecStopPost"])
      for (const value of unit.file.all("Service", kind)) {
        const program = (splitWords(value)[0] ?? "").replace(/^[-@:+!|]+/, "");
        if (program.startsWith("$")) continue;
        const node = program.includes("/") ? sys.find(t.p, program) : searchPath(t.p, program);
        if (node === undefined)
          yield* complain(`${name}: Command ${program} is not executable: No such file or directory`);
        else if (typeof node === "object" && (node.mode & 0o111) === 0)
          yield* complain(`${name}: Command ${program} is not executable: Permission denied`);
      }
  }
  return status;
}

/** condition: whether Condition… and Assert… lines hold here. */
export function condition(t: Tool, lines: readonly string[]): number {
  if (lines.length === 0) throw new Fatal("Too few arguments.");
  const unit = new Unit("test.service");
  let status = 0;
  for (const kind of ["Condition", "Assert"] as const) {
    const own = lines.filter((line) => line.startsWith(kind));
    if (own.length === 0) continue;
    for (const line of own) {
      unit.file = parseUnit([`[Unit]\n${line}\n`]);
      const failed = failedCheck(t.p.machine, unit, kind) !== undefined;
      t.out.add(`test.service: ${line} ${failed ? "failed" : "succeeded"}.\n`);
      if (failed) status = 1;
    }
    unit.file = parseUnit([`[Unit]\n${own.join("\n")}\n`]);
    t.out.add(`${kind}s ${failedCheck(t.p.machine, unit, kind) === undefined ? "succeeded" : "failed"}.\n`);
  }
  const odd = lines.find((line) => !/^(Condition|Assert)\w+=/.test(line));
  if (odd !== undefined) throw new Fatal(`Cannot parse "${odd}".`);
  return status;
}

/** exit-status: names, numbers and who gave them their meaning. */
export function exitStatus(t: Tool, words: readonly string[]): void {
  const of = (code: number) =>
    code <= 1 ? "libc" : code <= 7 ? "LSB" : code >= 200 && code < 255 ? "systemd" : code === 255 ? "systemd" : "-";
  const known = Object.entries(EXIT_NAMES).map(([code, name]) => [name, Number(code)] as const);
  const rows = (words.length === 0 ? known.map(([name]) => name) : words).map((word) => {
    const number = /^\d+$/.test(word) ? Number(word) : known.find(([name]) => name === word)?.[1];
    if (number === undefined || number > 255) throw new Fatal(`Invalid exit status "${word}".`);
    return [EXIT_NAMES[number] ?? "-", String(number), EXIT_NAMES[number] === undefined ? "-" : of(number)];
  });
  const width = Math.max(4, ...rows.map(([name]) => name!.length));
  t.out.add(`${"NAME".padEnd(width)} STATUS CLASS\n`);
  for (const [name, code, kind] of rows) t.out.add(`${name!.padEnd(width)} ${code!.padStart(6)} ${kind}\n`);
}

/** cat-config: a file and what is dropped in beside it, below /etc, /run and /usr/lib. */
export function catConfig(t: Tool, names: readonly string[]): void {
  for (const [i, given] of names.entries()) {
    if (i > 0) t.out.add("\n");
    const name = given.replace(/^\/(etc|run|usr\/lib|usr\/local\/lib|lib)\//, "");
    const tops = ["/etc", "/run", "/usr/local/lib", "/usr/lib"];
    const main = tops.map((top) => `${top}/${name}`).find((path) => sys.find(t.p, path)?.kind === "file");
    t.out.add(
      main === undefined ? `# Main configuration file ${name} not found\n` : `# ${main}\n${sys.readText(t.p, main)}`,
    );
    const dropped = new Map<string, string>();
    for (const top of tops) {
      const dir = `${top}/${name}.d`;
      if (sys.find(t.p, dir)?.kind !== "dir") continue;
      for (const file of sys.readDir(t.p, dir).keys())
        if (file.endsWith(".conf") && !dropped.has(file)) dropped.set(file, `${dir}/${file}`);
    }
    for (const file of [...dropped.keys()].sort())
      t.out.add(`\n# ${dropped.get(file)}\n${sys.readText(t.p, dropped.get(file)!)}`);
  }
}
