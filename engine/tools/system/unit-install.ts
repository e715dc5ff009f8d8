/** Links below /etc/systemd/system: `systemctl enable`, `disable`, `mask` (src/shared/install.c). */
import type { Gen } from "../../kernel/index.ts";
import { cpu } from "../../kernel/index.ts";
import { entriesOf } from "../../machine/inode.ts";
import type { Machine } from "../../machine/machine.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { findUnit, nodeAt, UNIT_PATHS, type Unit } from "../../machine/systemd/unit.ts";
import { splitWords } from "../../machine/systemd/unit-file.ts";
import { isTemplate } from "../../machine/systemd/unit-name.ts";

const ETC = "/etc/systemd/system";
const RUN = "/run/systemd/system";

export type FileState =
  | "enabled"
  | "enabled-runtime"
  | "linked"
  | "linked-runtime"
  | "disabled"
  | "indirect"
  | "static"
  | "masked"
  | "masked-runtime"
  | "alias"
  | "transient"
  | "bad"
  | "not-found";

/** Links in folders of `root` that stand for a unit (of a template: for one of its instances), those of targets first. */
function linksIn(machine: Machine, root: string, name: string): string[] {
  const inFolders: string[] = [];
  const beside: string[] = [];
  const dir = nodeAt(machine, root);
  if (dir?.kind !== "dir") return [];
  const [prefix, suffix] = name.split("@");
  const stands = (link: string) =>
    link === name || (isTemplate(name) && link.startsWith(`${prefix}@`) && link.endsWith(suffix!));
  for (const [entry, node] of entriesOf(dir)) {
    if (node.kind === "dir" && /\.(wants|requires)$/.test(entry))
      for (const link of entriesOf(node).keys()) if (stands(link)) inFolders.push(`${root}/${entry}/${link}`);
    if (node.kind === "symlink" && entry !== name && node.target.endsWith(`/${name}`)) beside.push(`${root}/${entry}`);
  }
  return [...inFolders, ...beside];
}

/** Where a unit file is linked from now. */
export function linksTo(machine: Machine, name: string): string[] {
  return [...linksIn(machine, ETC, name), ...linksIn(machine, RUN, name)];
}

/** The file in /etc that leads to a unit file outside of systemd's folders: `systemctl link`. */
function linkedFile(machine: Machine, name: string): string | undefined {
  for (const root of [ETC, RUN]) {
    const node = nodeAt(machine, `${root}/${name}`, false);
    if (node?.kind !== "symlink" || node.target === "/dev/null") continue;
    const dir = node.target.slice(0, node.target.lastIndexOf("/"));
    if (!(UNIT_PATHS as readonly string[]).includes(dir.replace(/^\/usr\/lib\//, "/lib/"))) return `${root}/${name}`;
  }
  return undefined;
}

/** What `systemctl is-enabled` says of a unit. */
export function fileState(machine: Machine, unit: Unit): FileState {
  const source = findUnit(machine, unit.name);
  if (source === undefined) return "not-found";
  if (source.masked) return source.path.startsWith("/run/") ? "masked-runtime" : "masked";
  if (unit.load === "error") return "bad";
  if (unit.path?.startsWith("/run/systemd/transient/")) return "transient";
  if (linksIn(machine, ETC, unit.name).length > 0) return "enabled";
  if (linksIn(machine, RUN, unit.name).length > 0) return "enabled-runtime";
  const linked = linkedFile(machine, unit.name);
  if (linked !== undefined) return linked.startsWith(RUN) ? "linked-runtime" : "linked";
  const has = (key: string) => unit.file.all("Install", key).length > 0;
  if (has("WantedBy") || has("RequiredBy") || has("Alias") || has("DefaultInstance")) return "disabled";
  return has("Also") ? "indirect" : "static";
}

/** What the links of a unit are named in its [Install]; the second is the name that they stand for. */
function wantedLinks(unit: Unit, root: string): string[] {
  const words = (key: string) => unit.file.all("Install", key).flatMap((value) => [...splitWords(value)]);
  const instance = unit.file.get("Install", "DefaultInstance");
  const name = isTemplate(unit.name) && instance !== undefined ? unit.name.replace("@.", `@${instance}.`) : unit.name;
  return [
    ...words("Alias").map((alias) => `${root}/${alias}`),
    ...words("WantedBy").map((target) => `${root}/${target}.wants/${name}`),
    ...words("RequiredBy").map((target) => `${root}/${target}.requires/${name}`),
  ];
}

/** True where [Install] says how to enable the unit. */
export function hasInstall(unit: Unit): boolean {
  return ["Alias", "WantedBy", "RequiredBy", "Also", "DefaultInstance"].some(
    (key) => unit.file.all("Install", key).length > 0,
  );
}

/** Makes a link and says so on standard error. */
export function* makeLink(p: Process, link: string, target: string): Gen {
  const there = sys.find(p, link, false);
  if (there?.kind === "symlink" && there.target === target) return;
  const dir = link.slice(0, link.lastIndexOf("/"));
  if (!sys.find(p, dir)) sys.mkdir(p, dir, 0o755);
  if (there !== undefined) sys.unlink(p, link);
  sys.symlink(p, target, link);
  yield* sys.printError(p, `Created symlink ${link} → ${target}.\n`);
}

function* removeFile(p: Process, path: string): Gen {
  sys.unlink(p, path);
  yield* sys.printError(p, `Removed "${path}".\n`);
}

/** Makes the links that [Install] asks for; says each on standard error. */
export function* enable(p: Process, unit: Unit, runtime = false): Gen {
  const file = sys.find(p, unit.path!, false);
  const real = file?.kind === "symlink" && linkedFile(p.machine, unit.name) !== undefined ? file.target : unit.path!;
  for (const link of wantedLinks(unit, runtime ? RUN : ETC)) {
    const there = sys.find(p, link, false);
    if (there?.kind !== "symlink" || !there.target.endsWith(`/${unit.name}`)) yield* makeLink(p, link, real);
  }
  yield* cpu(100);
}

export function* disable(p: Process, name: string, runtime = false): Gen {
  for (const link of runtime ? linksIn(p.machine, RUN, name) : linksTo(p.machine, name)) yield* removeFile(p, link);
  const linked = linkedFile(p.machine, name);
  if (linked !== undefined) yield* removeFile(p, linked);
  yield* cpu(100);
}

/** Links a unit to /dev/null. A file of one's own in /etc is in the way (as it really is). */
export function* mask(p: Process, name: string, runtime: boolean): Gen<number> {
  const link = `${runtime ? RUN : ETC}/${name}`;
  const there = sys.find(p, link, false);
  if (there?.kind === "symlink" && there.target === "/dev/null") return 0;
  if (findUnit(p.machine, name) === undefined)
    yield* sys.printError(p, `Unit ${name} does not exist, proceeding anyway.\n`);
  if (there !== undefined && there.kind !== "symlink") {
    yield* sys.printError(p, `Failed to mask unit: File ${link} already exists.\n`);
    return 1;
  }
  yield* makeLink(p, link, "/dev/null");
  return 0;
}

export function* unmask(p: Process, name: string, runtime: boolean): Gen<number> {
  const link = `${runtime ? RUN : ETC}/${name}`;
  const there = sys.find(p, link, false);
  if (there?.kind === "symlink" && there.target === "/dev/null") yield* removeFile(p, link);
  else if (findUnit(p.machine, name) === undefined)
    yield* sys.printError(p, `Unit ${name} does not exist, proceeding anyway.\n`);
  return 0;
}

/** `systemctl set-default`: what the machine boots into, by a link in /etc over that of the distribution. */
export function* setDefault(p: Process, unit: Unit): Gen {
  const link = `${ETC}/default.target`;
  if (sys.find(p, link, false) !== undefined) yield* removeFile(p, link);
  yield* makeLink(p, link, unit.path!);
}

/** Names of all unit files, sorted. */
export function unitFileNames(machine: Machine): string[] {
  const names = new Set<string>();
  for (const path of UNIT_PATHS) {
    const dir = nodeAt(machine, path);
    if (dir?.kind !== "dir") continue;
    for (const [name, node] of entriesOf(dir)) if (node.kind !== "dir") names.add(name);
  }
  return [...names].sort();
}
