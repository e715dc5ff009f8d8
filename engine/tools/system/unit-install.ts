/** Links below /etc/systemd/system: `systemctl enable`, `disable`, `mask` (src/shared/install.c). */
import type { Gen } from "../../kernel/index.ts";
import { cpu } from "../../kernel/index.ts";
import { entriesOf } from "../../machine/inode.ts";
import type { Machine } from "../../machine/machine.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { findUnit, nodeAt, UNIT_PATHS, type Unit } from "../../machine/systemd/unit.ts";

const ETC = "/etc/systemd/system";

export type FileState = "enabled" | "disabled" | "static" | "masked" | "alias" | "not-found";

/** Where a unit file is linked from now. */
function linksTo(machine: Machine, name: string): string[] {
  const out: string[] = [];
  const etc = nodeAt(machine, ETC);
  if (etc?.kind !== "dir") return out;
  for (const [entry, node] of entriesOf(etc)) {
    if (node.kind === "dir" && /\.(wants|requires)$/.test(entry) && entriesOf(node).has(name))
      out.push(`${ETC}/${entry}/${name}`);
    if (node.kind === "symlink" && entry !== name && node.target.endsWith(`/${name}`)) out.push(`${ETC}/${entry}`);
  }
  return out;
}

/** What `systemctl is-enabled` says. */
export function fileState(machine: Machine, unit: Unit): FileState {
  if (unit.load === "masked") return "masked";
  const source = findUnit(machine, unit.name);
  if (source === undefined) return "not-found";
  if (source.masked) return "masked";
  if (linksTo(machine, unit.name).length > 0) return "enabled";
  return unit.file.has("Install") ? "disabled" : "static";
}

function wantedLinks(unit: Unit): string[] {
  const words = (key: string) =>
    unit.file
      .all("Install", key)
      .flatMap((value) => value.split(/\s+/))
      .filter((word) => word !== "");
  return [
    ...words("Alias").map((alias) => `${ETC}/${alias}`),
    ...words("WantedBy").map((target) => `${ETC}/${target}.wants/${unit.name}`),
    ...words("RequiredBy").map((target) => `${ETC}/${target}.requires/${unit.name}`),
  ];
}

/** Makes the links that [Install] asks for; says each on standard error. */
export function* enable(p: Process, unit: Unit): Gen {
  for (const link of wantedLinks(unit)) {
    if (sys.find(p, link, false)) continue;
    const dir = link.slice(0, link.lastIndexOf("/"));
    if (!sys.find(p, dir)) sys.mkdir(p, dir, 0o755);
    sys.symlink(p, unit.path!, link);
    yield* sys.printError(p, `Created symlink ${link} → ${unit.path}.\n`);
  }
  yield* cpu(100);
}

export function* disable(p: Process, unit: Unit): Gen {
  for (const link of linksTo(p.machine, unit.name)) {
    sys.unlink(p, link);
    yield* sys.printError(p, `Removed "${link}".\n`);
  }
  yield* cpu(100);
}

/** Links a unit to /dev/null. A file of one's own in /etc is in the way (as it really is). */
export function* mask(p: Process, name: string): Gen<number> {
  const link = `${ETC}/${name}`;
  const there = sys.find(p, link, false);
  if (there?.kind === "symlink" && there.target === "/dev/null") return 0;
  if (there !== undefined && there.kind !== "symlink") {
    yield* sys.printError(p, `Failed to mask unit: File ${link} already exists.\n`);
    return 1;
  }
  if (there) sys.unlink(p, link);
  sys.symlink(p, "/dev/null", link);
  yield* sys.printError(p, `Created symlink ${link} → /dev/null.\n`);
  return 0;
}

export function* unmask(p: Process, name: string): Gen<number> {
  const link = `${ETC}/${name}`;
  const there = sys.find(p, link, false);
  if (there?.kind === "symlink" && there.target === "/dev/null") {
    sys.unlink(p, link);
    yield* sys.printError(p, `Removed "${link}".\n`);
  }
  return 0;
}

/** `systemctl set-default`: what the machine boots into, by a link in /etc over that of the distribution. */
export function* setDefault(p: Process, unit: Unit): Gen {
  const link = `${ETC}/default.target`;
  if (sys.find(p, link, false) !== undefined) {
    sys.unlink(p, link);
    yield* sys.printError(p, `Removed "${link}".\n`);
  }
  sys.symlink(p, unit.path!, link);
  yield* sys.printError(p, `Created symlink ${link} → ${unit.path}.\n`);
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
