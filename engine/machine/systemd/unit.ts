import { decode, WaitQueue } from "../../kernel/index.ts";
import { isErrno } from "../errno.ts";
import { entriesOf, type Inode } from "../inode.ts";
import type { Machine } from "../machine.ts";
import { ROOT, resolve } from "../path.ts";
import type { Process, WaitStatus } from "../process.ts";
import { checkUnit, serviceFault, timerFault } from "./unit-check.ts";
import { parseSpan, parseUnit, splitWords, type UnitFile } from "./unit-file.ts";
import { expand } from "./unit-name.ts";

export type LoadState = "loaded" | "not-found" | "masked" | "bad-setting" | "error";
export type ActiveState = "active" | "inactive" | "failed" | "activating" | "deactivating" | "reloading";
export type Result = "success" | "exit-code" | "signal" | "timeout" | "start-limit-hit" | "resources" | "protocol";

/** Where unit files are looked for, the first one winning (systemd.unit(5)). */
export const UNIT_PATHS = [
  "/etc/systemd/system.control",
  "/run/systemd/system.control",
  "/run/systemd/transient",
  "/etc/systemd/system",
  "/run/systemd/system",
  "/usr/local/lib/systemd/system",
  "/lib/systemd/system",
] as const;

/** Names in lists of parsed unit files, which all machines share. */
const namesOf = new WeakMap<readonly string[], readonly string[]>();

/** One command that ran for a unit, as `systemctl status` and `show` list it. */
export interface ExecRecord {
  /** `ExecStart`, `ExecReload` … */
  kind: string;
  /** Which of the unit's commands of that kind, from 0. */
  index: number;
  /** Its words as the file has them, variables unreplaced. */
  words: readonly string[];
  pid: number;
  startedAt: number;
  endedAt: number | undefined;
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
  /** The commands of this run. */
  commands: ExecRecord[] = [];
  statusText = "";
  ready = false;
  restarts = 0;
  invocation = "";
  /** The condition that kept it from starting. */
  failedCondition: { text: string; at: number } | undefined;
  /** Starts within the start limit's interval, in µs. */
  recentStarts: number[] = [];
  /** How its last reload ended. */
  reloadResult: Result = "success";
  /** When conditions and asserts were last looked at. */
  checkedAt: number | undefined;
  /** When a timer elapses next, and did last. */
  nextElapse: number | undefined;
  lastTrigger: number | undefined;
  /** Jobs that are under way: such a unit stays in memory. */
  jobs = 0;
  /** Number of the last one. */
  jobId = 0;
  /** Increases with each job: an operation that was overtaken stops. */
  job = 0;
  stopRequested = false;
  activeEnter: number | undefined;
  activeExit: number | undefined;
  inactiveEnter: number | undefined;
  inactiveExit: number | undefined;
  /** How many entries the journal had then. */
  inactiveExitSeq = 0;
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
    return this.file.get("Unit", "Description") ?? PERPETUAL[this.name] ?? this.name;
  }

  /** What the journal calls it: `kubelet.service - kubelet: The Kubernetes Node Agent`. */
  get title(): string {
    const { description } = this;
    return description === this.name ? this.name : `${this.name} - ${description}`;
  }

  /** The slice it is in: system.slice, that of its template, or what Slice= says. */
  get slice(): string {
    const given = this.service("Slice");
    if (given !== undefined) return given;
    const template = /^([^@]+)@/.exec(this.name)?.[1];
    return template === undefined ? "system.slice" : `system-${template.replaceAll("-", "\\x2d")}.slice`;
  }

  get cgroup(): string {
    const parts = this.slice.replace(/\.slice$/, "").split("-");
    const path = parts.map((_, i) => `/${parts.slice(0, i + 1).join("-")}.slice`).join("");
    return `${path}/${this.name}`;
  }

  service(key: string): string | undefined {
    return this.file.get("Service", key);
  }

  /** A time span of [Service], in µs. */
  span(key: string, otherwise: number): number {
    return parseSpan(this.service(key)) ?? otherwise;
  }

  /** Exit statuses and signals that are no failure. */
  get successStatus(): readonly string[] {
    return splitWords(this.service("SuccessExitStatus") ?? "");
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
    if (names === undefined) namesOf.set(values, (names = values.flatMap((value) => splitWords(value))));
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
      const elsewhere = !(UNIT_PATHS as readonly string[]).includes(displayPath(real.path).replace(/\/[^/]*$/, ""));
      return {
        name: alias ? target : name,
        path: elsewhere && target === name ? path : displayPath(real.path),
        masked: false,
      };
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

/** Units without a file that are always there. */
export const PERPETUAL: Readonly<Record<string, string>> = {
  "-.slice": "Root Slice",
  "system.slice": "System Slice",
  "init.scope": "System and Service Manager",
};

/** Reads a unit's files again; `say` hears what systemd tells the journal about them. */
export function loadUnit(
  machine: Machine,
  unit: Unit,
  say: (text: string, priority: number) => void = () => {},
  source: UnitSource | undefined = findUnit(machine, unit.name),
): void {
  unit.loadedAt = machine.kernel.now;
  unit.path = source?.path;
  unit.dropIns = [];
  unit.file = parseUnit([]);
  if (source === undefined) {
    unit.load = "not-found";
    const kind = PERPETUAL[unit.name] === undefined ? undefined : unit.type;
    if (kind === undefined) return;
    unit.load = "loaded";
    unit.active = "active";
    unit.sub = kind === "scope" ? "running" : "active";
    return;
  }
  if (source.masked) {
    unit.load = "masked";
    return;
  }
  unit.dropIns = dropInsOf(machine, unit.name);
  let fatal = false;
  let malformed = false;
  const texts = [source.path, ...unit.dropIns].map((path) => {
    const text = textAt(machine, path) ?? "";
    const verdict = checkUnit(path, text);
    for (const { text: complaint, priority } of verdict.complaints) say(complaint, priority);
    fatal ||= verdict.fatal;
    malformed ||= verdict.malformed;
    const lines = verdict.ignored.size === 0 ? undefined : text.split("\n");
    const kept = lines?.map((line, i) => (verdict.ignored.has(i + 1) ? "" : line)).join("\n") ?? text;
    return expand(kept, unit.name, machine);
  });
  unit.file = parseUnit(texts);
  unit.load = malformed ? "error" : "loaded";
  if (malformed) return;
  if (fatal) {
    say(`${unit.name}: Unit configuration has fatal error, unit will not be started.`, 3);
    unit.load = "bad-setting";
    return;
  }
  const fault =
    unit.type === "service" ? serviceFault(unit.file) : unit.type === "timer" ? timerFault(unit.file) : undefined;
  if (fault === undefined) return;
  say(`${unit.name}: ${fault}`, 3);
  unit.load = "bad-setting";
}

/** True when a file of the unit changed after it was loaded: `systemctl daemon-reload` is due. */
export function needsReload(machine: Machine, unit: Unit): boolean {
  if (unit.path === undefined) return false;
  const dropIns = dropInsOf(machine, unit.name);
  if (dropIns.join() !== unit.dropIns.join()) return true;
  return [unit.path, ...dropIns].some((path) => (nodeAt(machine, path)?.mtime ?? 0) > unit.loadedAt);
}
