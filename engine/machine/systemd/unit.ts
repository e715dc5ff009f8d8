import { decode, WaitQueue } from "../../kernel/index.ts";
import { isErrno } from "../errno.ts";
import { entriesOf, type Inode } from "../inode.ts";
import type { Machine } from "../machine.ts";
import { ROOT, resolve } from "../path.ts";
import type { Process, WaitStatus } from "../process.ts";
import { parseUnit, type UnitFile } from "./unit-file.ts";

export type LoadState = "loaded" | "not-found" | "masked" | "bad-setting";
export type ActiveState = "active" | "inactive" | "failed" | "activating" | "deactivating" | "reloading";
export type Result = "success" | "exit-code" | "signal" | "timeout" | "start-limit-hit" | "resources" | "protocol";

/** Where unit files are looked for, the first one winning (systemd.unit(5)). */
export const UNIT_PATHS = [
  "/etc/systemd/system",
  "/run/systemd/system",
  "/usr/local/lib/systemd/system",
  "/lib/systemd/system",
] as const;

/** Names in lists of parsed unit files, which all machines share. */
const namesOf = new WeakMap<readonly string[], readonly string[]>();

/** One command that ran for a unit, as `systemctl status` lists it. */
export interface ExecRecord {
  path: string;
  argv: readonly string[];
  pid: number;
  status: WaitStatus | undefined;
}

/** A unit in the service manager's memory: its files as last loaded and its state. */
export class Unit {
  readonly name: string;
  load: LoadState = "not-found";
  file: UnitFile = parseUnit([]);
  /** File and drop-ins it was loaded from. */
  path: string | undefined;
  dropIns: readonly string[] = [];
  loadedAt = 0;
  active: ActiveState = "inactive";
  sub = "dead";
  result: Result = "success";
  /** Main process of this run or the last. */
  main: Process | undefined;
  mainStatus: WaitStatus | undefined;
  mainStartedAt: number | undefined;
  mainEndedAt: number | undefined;
  /** Helper process (ExecStartPre, ExecReload …) that runs now. */
  control: Process | undefined;
  /** ExecStartPre and the like of this run. */
  readonly commands: (ExecRecord & { kind: string })[] = [];
  statusText = "";
  ready = false;
  restarts = 0;
  invocation = "";
  /** The condition that kept it from starting. */
  failedCondition: { text: string; at: number } | undefined;
  /** Starts within the start limit's interval, in µs. */
  recentStarts: number[] = [];
  /** Increases with each job: an operation that was overtaken stops. */
  job = 0;
  stopRequested = false;
  activeEnter: number | undefined;
  inactiveEnter: number | undefined;
  stateChange: number | undefined;
  /** Woken at every change of state. */
  readonly changed = new WaitQueue();

  constructor(name: string) {
    this.name = name;
  }

  get type(): string {
    return this.name.slice(this.name.lastIndexOf(".") + 1);
  }

  get description(): string {
    return this.file.get("Unit", "Description") ?? this.name;
  }

  /** What the journal calls it: `kubelet.service - kubelet: The Kubernetes Node Agent`. */
  get title(): string {
    const { description } = this;
    return description === this.name ? this.name : `${this.name} - ${description}`;
  }

  get cgroup(): string {
    return `/system.slice/${this.name}`;
  }

  service(key: string): string | undefined {
    return this.file.get("Service", key);
  }

  serviceType(): string {
    const type = this.service("Type");
    if (type !== undefined) return type;
    return this.file.all("Service", "ExecStart").length === 0 ? "oneshot" : "simple";
  }

  /** Names in a dependency list, e.g. `After`. */
  names(key: string): readonly string[] {
    const values = this.file.all("Unit", key);
    if (values.length === 0) return values;
    let names = namesOf.get(values);
    if (names === undefined) namesOf.set(values, (names = values.flatMap((value) => value.split(/\s+/))));
    return names;
  }
}

/** An inode by absolute path as root sees it. */
export function nodeAt(machine: Machine, path: string, follow = true): Inode | undefined {
  try {
    return resolve(machine.ns.mnt, "/", path, ROOT, follow).node;
  } catch (error) {
    if (isErrno(error)) return undefined;
    throw error;
  }
}

export function textAt(machine: Machine, path: string): string | undefined {
  const node = nodeAt(machine, path);
  return node?.kind === "file" ? decode(node.content.bytes()) : undefined;
}

/** Where a unit name leads: its canonical name and file, after aliases and templates. */
export interface UnitSource {
  name: string;
  path: string;
  masked: boolean;
}

interface UnitDir {
  path: string;
  entries: Map<string, Inode>;
}

const unitDirCache = new WeakMap<Machine, { event: number; dirs: UnitDir[] }>();

/** The directories of UNIT_PATHS that exist, looked up once an event. */
export function unitDirs(machine: Machine): readonly UnitDir[] {
  const known = unitDirCache.get(machine);
  const event = machine.kernel.eventIndex;
  if (known?.event === event && event > 0) return known.dirs;
  const dirs: UnitDir[] = [];
  for (const path of UNIT_PATHS) {
    const node = nodeAt(machine, path);
    if (node?.kind === "dir") dirs.push({ path, entries: entriesOf(node) });
  }
  unitDirCache.set(machine, { event, dirs });
  return dirs;
}

/** Names in a directory beside the unit files (`NAME.d`, `NAME.wants`) with the paths they are found at. */
export function besideUnits(machine: Machine, directory: string): [string, string][] {
  const out: [string, string][] = [];
  for (const { path, entries } of unitDirs(machine)) {
    const node = entries.get(directory);
    if (node?.kind === "dir")
      for (const name of entriesOf(node).keys()) out.push([name, `${path}/${directory}/${name}`]);
  }
  return out;
}

/** Finds the file of a unit; follows aliases (links to another unit's file) and templates (`foo@.service`). */
export function findUnit(machine: Machine, name: string): UnitSource | undefined {
  const template = /^([^@]+)@.+(\.[a-z]+)$/.exec(name);
  for (const candidate of template ? [name, `${template[1]}@${template[2]}`] : [name]) {
    for (const { path: dir, entries } of unitDirs(machine)) {
      const path = `${dir}/${candidate}`;
      const node = entries.get(candidate);
      if (node === undefined || node.kind === "dir") continue;
      if (node.kind !== "symlink") return { name, path, masked: false };
      if (node.target === "/dev/null") return { name, path, masked: true };
      const real = resolve(machine.ns.mnt, dir, node.target, ROOT);
      if (real.node === undefined) continue;
      const target = real.path.slice(real.path.lastIndexOf("/") + 1);
      const alias = candidate === name && !target.includes("@.");
      return { name: alias ? target : name, path: displayPath(real.path), masked: false };
    }
  }
  return undefined;
}

/** Debian 12's systemd calls its directory /lib/systemd/system, whose real place is below /usr. */
function displayPath(path: string): string {
  return path.startsWith("/usr/lib/systemd/") ? path.slice(4) : path;
}

/** Drop-in files of a unit in the order in which they apply. */
export function dropInsOf(machine: Machine, name: string): string[] {
  const byName = new Map<string, string>();
  for (const [file, path] of besideUnits(machine, `${name}.d`)) {
    if (file.endsWith(".conf") && !byName.has(file)) byName.set(file, path);
  }
  // kubeadm's package names the directory by its real place.
  return [...byName]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, path]) => (path.startsWith("/lib/") ? `/usr${path}` : path));
}

/** Reads a unit's files again. */
export function loadUnit(machine: Machine, unit: Unit): void {
  unit.loadedAt = machine.kernel.now;
  const source = findUnit(machine, unit.name);
  unit.path = source?.path;
  unit.dropIns = [];
  if (source === undefined) {
    unit.load = "not-found";
    unit.file = parseUnit([]);
    return;
  }
  if (source.masked) {
    unit.load = "masked";
    unit.file = parseUnit([]);
    return;
  }
  unit.dropIns = dropInsOf(machine, unit.name);
  const texts = [source.path, ...unit.dropIns].map((path) => expand(textAt(machine, path) ?? "", unit.name, machine));
  unit.file = parseUnit(texts);
  const needsExec = unit.type === "service" && unit.file.all("Service", "ExecStart").length === 0;
  unit.load = needsExec && unit.file.all("Service", "ExecStop").length === 0 ? "bad-setting" : "loaded";
}

/** Replaces the specifiers that unit files here use (systemd.unit(5), "Specifiers"). */
function expand(text: string, name: string, machine: Machine): string {
  if (!text.includes("%")) return text;
  const instance = /@([^.]*)\./.exec(name)?.[1] ?? "";
  const values: Record<string, string> = {
    n: name,
    N: name.replace(/\.[a-z]+$/, ""),
    p: name.replace(/[@.].*$/, ""),
    i: instance,
    I: instance,
    H: machine.ns.uts.hostname,
    m: machine.machineId,
    t: "/run",
    "%": "%",
  };
  return text.replace(/%([a-zA-Z%])/g, (all, letter: string) => values[letter] ?? all);
}

/** True when a file of the unit changed after it was loaded: `systemctl daemon-reload` is due. */
export function needsReload(machine: Machine, unit: Unit): boolean {
  if (unit.path === undefined) return false;
  const dropIns = dropInsOf(machine, unit.name);
  if (dropIns.join() !== unit.dropIns.join()) return true;
  return [unit.path, ...dropIns].some((path) => (nodeAt(machine, path)?.mtime ?? 0) > unit.loadedAt);
}
