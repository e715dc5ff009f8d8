import { type Gen, type Task, wait } from "../../kernel/index.ts";
import { entriesOf } from "../inode.ts";
import type { Machine } from "../machine.ts";
import type { Process } from "../process.ts";
import { Service } from "./service.ts";
import { triggeredBy } from "./timer.ts";
import { besideUnits, findUnit, loadUnit, nodeAt, Unit } from "./unit.ts";
import { isYes } from "./unit-file.ts";
import { isTemplate, unitName } from "./unit-name.ts";

export type JobResult = "done" | "failed" | "canceled" | "timeout" | "dependency" | "skipped" | "assert" | "invalid";

/** Why a job may not even be queued; `code` is systemctl's exit status for it (LSB's). */
export interface Refusal {
  message: string;
  code: number;
  /** The unit's load state is the reason: systemctl points to the logs. */
  see: boolean;
}

/** What the journal knows a message by (sd-messages.h), and the job that it is about. */
const MESSAGES: Readonly<Record<string, readonly [id: string, type?: string, result?: string]>> = {
  start: ["7d4958e842da4a758f6c1cdc7b36dcc5", "start"],
  done: ["39f53479d3a045ac8e11786248231fbf", "start", "done"],
  failed: ["be02cf6855d2428ba40df7e9d022f03d", "start", "failed"],
  assert: ["be02cf6855d2428ba40df7e9d022f03d", "start", "assert"],
  dependency: ["be02cf6855d2428ba40df7e9d022f03d", "start", "dependency"],
  stop: ["de5b426a63be47a7b6ac3eaac82e2f6f", "stop"],
  stopped: ["9d1aaa27d60140bd96365438aad20286", "stop", "done"],
  reload: ["d34d037fff1847e6ae669a370e694725", "reload"],
  reloaded: ["7b05ebc668384222baa8881179cfda54", "reload", "done"],
  success: ["7ad2d189f7e94e70a38c781354912448"],
  failure: ["d9b373ed55a64feb8242e02dbe79a49c"],
  exit: ["98e322203f7a4ed290d09fe03c09fe15"],
  restart: ["5eb03494b6584870a536b337290809b3"],
};

/** The service manager of a machine: its units and the jobs that change them. systemctl calls it. */
export class Systemd {
  readonly machine: Machine;
  private readonly units = new Map<string, Unit>();
  private readonly services = new Map<string, Service>();
  /** What every service finds in its environment: `systemctl set-environment`. */
  readonly environment = new Map<string, string>([
    ["LANG", "C.UTF-8"],
    ["PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
  ]);
  /** Starts under way, of all transactions. */
  private readonly starting = new Map<string, Task>();
  /** How many jobs there have been. */
  private jobId = 0;
  logLevel = "info";
  logTarget = "journal-or-kmsg";

  constructor(machine: Machine) {
    this.machine = machine;
  }

  /** A unit by name (`.service` is assumed), loaded when first asked for; aliases lead to the real one. */
  unit(given: string): Unit {
    const asked = unitName(given);
    const name = this.units.has(asked) ? asked : (findUnit(this.machine, asked)?.name ?? asked);
    let unit = this.units.get(name);
    if (unit === undefined) {
      unit = new Unit(name);
      this.load(unit);
      this.units.set(name, unit);
    } else if (unit.load === "not-found") this.load(unit);
    return unit;
  }

  private load(unit: Unit): void {
    loadUnit(this.machine, unit, (text, priority) => this.log(unit, text, priority));
  }

  /** Reads one unit's files again, as after `set-property`. */
  refresh(unit: Unit): void {
    this.load(unit);
  }

  /** True when a unit is in memory, by its name or an alias. */
  has(given: string): boolean {
    const name = unitName(given);
    return this.units.has(findUnit(this.machine, name)?.name ?? name) || this.units.has(name);
  }

  /** Units in memory. */
  loaded(): Unit[] {
    return [...this.units.values()];
  }

  service(unit: Unit): Service {
    let service = this.services.get(unit.name);
    if (service === undefined) {
      service = new Service(this, unit);
      this.services.set(unit.name, service);
    }
    return service;
  }

  /**
   * Forgets units that do nothing and that none of the others names (unit_gc_sweep() of src/core/unit.c): they are read
   * anew when somebody asks for them.
   */
  collect(): void {
    const kept = new Set<Unit>();
    const keep = (unit: Unit): void => {
      if (kept.has(unit)) return;
      kept.add(unit);
      for (const name of this.references(unit)) {
        const other = this.units.get(unitName(name));
        if (other !== undefined) keep(other);
      }
    };
    for (const unit of this.units.values()) {
      const idle =
        unit.active === "inactive" ||
        (unit.active === "failed" && unit.file.get("Unit", "CollectMode") === "inactive-or-failed");
      if (!idle || unit.jobs > 0) keep(unit);
    }
    for (const unit of [...this.units.values()]) {
      if (kept.has(unit)) continue;
      this.units.delete(unit.name);
      this.services.delete(unit.name);
      if (unit.path?.startsWith("/run/systemd/transient/")) this.forgetTransient(unit);
    }
  }

  private forgetTransient(unit: Unit): void {
    const dir = nodeAt(this.machine, "/run/systemd/transient");
    if (dir?.kind === "dir") entriesOf(dir).delete(unit.name);
  }

  private references(unit: Unit): string[] {
    const keys = ["Requires", "Requisite", "Wants", "BindsTo", "PartOf", "Upholds", "Conflicts", "Before", "After"];
    const out = [...keys, "OnFailure", "OnSuccess"].flatMap((key) => [...unit.names(key)]);
    for (const kind of ["wants", "requires"])
      for (const [name] of besideUnits(this.machine, `${unit.name}.${kind}`)) out.push(name);
    if (unit.type === "timer") out.push(triggeredBy(unit));
    return out;
  }

  /** Says something about a unit in the journal, as PID 1; `what` is a key of MESSAGES, `more` further fields. */
  log(unit: Unit, message: string, priority = 6, what?: string, more?: Readonly<Record<string, string>>): void {
    const verb = message.split(" ", 1)[0]!;
    const stops = what === "done" && (verb === "Stopped" || verb === "Closed");
    const key = stops ? "stopped" : what === "done" && verb === "Reloaded" ? "reloaded" : what;
    const known = key === undefined ? undefined : MESSAGES[key];
    this.machine.journal.append({
      identifier: "systemd",
      pid: 1,
      message,
      priority,
      transport: "journal",
      comm: "systemd",
      exe: "/usr/lib/systemd/systemd",
      cmdline: "/sbin/init",
      cgroup: "/init.scope",
      unit: "init.scope",
      uid: 0,
      fields: {
        ...(known && { MESSAGE_ID: known[0] }),
        ...(known?.[1] && { JOB_ID: String(unit.jobId), JOB_TYPE: known[1] }),
        ...(known?.[2] && { JOB_RESULT: known[2] }),
        UNIT: unit.name,
        ...(unit.invocation !== "" && { INVOCATION_ID: unit.invocation }),
        ...more,
      },
    });
  }

  /** Reads every unit's files again: `systemctl daemon-reload`. */
  reload(): void {
    this.collect();
    this.machine.journal.append({ identifier: "systemd", pid: 1, message: "Reloading.", transport: "journal" });
    for (const unit of this.units.values()) {
      this.load(unit);
      // How commands ended is not told to the manager that takes over.
      unit.commands = [];
    }
  }

  /** Why a unit may not be started, if so; what it requires counts too. */
  refusal(unit: Unit, seen = new Set<Unit>()): Refusal | undefined {
    const { name } = unit;
    if (isTemplate(name)) return { message: `Unit name ${name} is missing the instance name.`, code: 1, see: true };
    if (unit.load === "not-found") return { message: `Unit ${name} not found.`, code: 5, see: false };
    if (unit.load === "masked") return { message: `Unit ${name} is masked.`, code: 1, see: false };
    if (unit.load === "bad-setting")
      return { message: `Unit ${name} has a bad unit file setting.`, code: 1, see: true };
    if (unit.load === "error") {
      const message = `Unit ${name} failed to load properly, please adjust/correct and reload service manager: Bad message`;
      return { message, code: 1, see: true };
    }
    seen.add(unit);
    for (const required of this.requirements(unit, "Requires", "BindsTo")) {
      const other = this.unit(required);
      const refused = seen.has(other) ? undefined : this.refusal(other, seen);
      if (refused !== undefined) return refused;
    }
    return undefined;
  }

  /** Starts a unit with what it requires and wants, after what it conflicts with; waits for the job's end. */
  *start(unit: Unit): Gen<JobResult> {
    const wanted = this.transaction(unit);
    const enemies = this.loaded().filter(
      (other) =>
        other.active !== "inactive" &&
        other.active !== "failed" &&
        !wanted.has(other) &&
        [...wanted].some((one) => one.active !== "active" && (this.hates(one, other) || this.hates(other, one))),
    );
    if (enemies.length > 0) yield* this.stopAll(this.stopSet(enemies));
    return yield* this.startAll(wanted, unit);
  }

  private hates(one: Unit, other: Unit): boolean {
    return one.names("Conflicts").some((name) => unitName(name) === other.name);
  }

  private *startAll(wanted: ReadonlySet<Unit>, unit: Unit): Gen<JobResult> {
    const tasks = new Map<string, Task>(this.starting);
    for (const one of wanted) {
      const before: Task[] = [];
      for (const name of one.names("After")) {
        const task = tasks.get(unitName(name));
        if (task !== undefined) before.push(task);
      }
      for (const [name, task] of tasks)
        if (
          this.units
            .get(name)
            ?.names("Before")
            .some((later) => unitName(later) === one.name)
        )
          before.push(task);
      if (one !== unit && one.active === "active") continue;
      const needs = this.requirements(one, "Requires", "BindsTo").map(unitName);
      const needed = needs.flatMap((name) => (tasks.has(name) ? [tasks.get(name)!] : []));
      const start = this.machine.kernel.spawn(`systemd start ${one.name}`, this.startAfter(one, before, needed));
      tasks.set(one.name, start);
      this.starting.set(one.name, start);
    }
    const task = tasks.get(unit.name)!;
    while (task.state !== "done") yield* wait(task.ended);
    return task.value as JobResult;
  }

  private *startAfter(unit: Unit, before: readonly Task[], needed: readonly Task[]): Gen<JobResult> {
    unit.jobs++;
    unit.jobId = ++this.jobId;
    try {
      for (const task of before) while (task.state !== "done") yield* wait(task.ended);
      const bad = (task: Task) => task.state === "done" && !["done", "skipped"].includes(task.value as string);
      const missing = unit.names("Requisite").some((name) => this.unit(name).active !== "active");
      const after = new Set(before);
      if (unit.active !== "active" && (missing || needed.some((task) => after.has(task) && bad(task)))) {
        this.log(unit, `Dependency failed for ${unit.title}.`, 3, "dependency");
        this.log(unit, `${unit.name}: Job ${unit.name}/start failed with result 'dependency'.`, 5);
        return "dependency";
      }
      const result = yield* this.service(unit).start();
      if (result === "failed" || result === "timeout") this.trigger(unit, "OnFailure");
      return result;
    } finally {
      unit.jobs--;
      this.starting.delete(unit.name);
    }
  }

  /** The unit and all that its Requires= and Wants= bring in, ordered so that After= ones come first. */
  private transaction(unit: Unit): Set<Unit> {
    const all = new Set<Unit>();
    const collect = (one: Unit): void => {
      if (all.has(one)) return;
      all.add(one);
      for (const name of this.requirements(one, "Requires", "Wants", "BindsTo", "Upholds")) {
        const other = this.unit(name);
        if (other.load === "loaded" && this.refusal(other) === undefined) collect(other);
      }
    };
    collect(unit);
    const ordered = new Set<Unit>();
    const visiting = new Set<Unit>();
    const visit = (one: Unit): void => {
      if (ordered.has(one) || visiting.has(one)) return;
      visiting.add(one);
      for (const name of one.names("After")) {
        const other = this.units.get(unitName(name));
        if (other !== undefined && all.has(other)) visit(other);
      }
      for (const other of all) if (other.names("Before").some((name) => unitName(name) === one.name)) visit(other);
      // A target is reached after what it wants (DefaultDependencies=yes).
      if (one.type === "target")
        for (const name of this.requirements(one, "Requires", "Wants", "BindsTo", "Upholds")) visit(this.unit(name));
      ordered.add(one);
    };
    for (const one of all) visit(one);
    for (const one of ordered) if (!all.has(one)) ordered.delete(one);
    return ordered;
  }

  /** Units that settings of a unit name; links in its `.wants` and `.requires` folders count as Wants and Requires. */
  private requirements(unit: Unit, ...keys: readonly string[]): string[] {
    const out = keys.flatMap((key) => [...unit.names(key)]);
    for (const [kind, key] of [
      ["wants", "Wants"],
      ["requires", "Requires"],
    ] as const)
      if (keys.includes(key)) for (const [name] of besideUnits(this.machine, `${unit.name}.${kind}`)) out.push(name);
    return out.filter((name) => name !== "");
  }

  /** Those units and all that may not be up without them. */
  private stopSet(units: readonly Unit[]): Set<Unit> {
    const all = new Set(units);
    for (const one of all)
      for (const other of this.loaded())
        if (other.active !== "inactive" && other.active !== "failed" && this.dependsOn(other, one)) all.add(other);
    return all;
  }

  private dependsOn(other: Unit, one: Unit): boolean {
    return this.requirements(other, "Requires", "BindsTo", "Requisite", "PartOf").some(
      (name) => unitName(name) === one.name,
    );
  }

  /** Stops units, those that are ordered after others first. */
  private *stopAll(units: ReadonlySet<Unit>): Gen {
    const tasks = new Map<Unit, Task>();
    const visit = (one: Unit): Task => {
      const known = tasks.get(one);
      if (known !== undefined) return known;
      const later = [...units].filter(
        (other) => other !== one && other.names("After").some((name) => unitName(name) === one.name),
      );
      const before = later.map(visit);
      const task = this.machine.kernel.spawn(`systemd stop ${one.name}`, this.stopAfter(one, before));
      tasks.set(one, task);
      return task;
    };
    for (const one of units) visit(one);
    for (const task of tasks.values()) while (task.state !== "done") yield* wait(task.ended);
  }

  private *stopAfter(unit: Unit, before: readonly Task[]): Gen<JobResult> {
    unit.jobs++;
    unit.jobId = ++this.jobId;
    try {
      for (const task of before) while (task.state !== "done") yield* wait(task.ended);
      return yield* this.service(unit).stop();
    } finally {
      unit.jobs--;
    }
  }

  *stop(unit: Unit): Gen<JobResult> {
    yield* this.stopAll(this.stopSet([unit]));
    return "done";
  }

  /** Stops and starts a unit, and with it what runs and depends on it. */
  *restart(unit: Unit): Gen<JobResult> {
    const all = this.stopSet([unit]);
    yield* this.stopAll(all);
    const others = [...all].filter((other) => other !== unit);
    const result = yield* this.start(unit);
    for (const other of others) yield* this.start(other);
    return result;
  }

  /** Starts a unit and stops what runs and is not brought in by it. */
  *isolate(unit: Unit): Gen<JobResult> {
    const wanted = this.transaction(unit);
    const others = this.loaded().filter(
      (other) =>
        ["service", "target", "timer", "socket", "path"].includes(other.type) &&
        other.active !== "inactive" &&
        other.active !== "failed" &&
        !wanted.has(other) &&
        !isYes(other.file.get("Unit", "IgnoreOnIsolate")),
    );
    yield* this.stopAll(new Set(others));
    return yield* this.startAll(wanted, unit);
  }

  /** A unit went down by itself: what is bound to it goes too, and what OnFailure= or OnSuccess= names is started. */
  left(unit: Unit, well: boolean): void {
    if (unit.sub === "auto-restart") return;
    for (const other of this.loaded()) {
      if (other.active !== "active" || !other.names("BindsTo").some((name) => unitName(name) === unit.name)) continue;
      this.machine.kernel.spawn(`systemd stop ${other.name}`, this.stop(other));
    }
    this.trigger(unit, well ? "OnSuccess" : "OnFailure");
    for (const timer of this.loaded())
      if (timer.type === "timer" && timer.active === "active" && triggeredBy(timer) === unit.name)
        this.service(timer).rearm();
  }

  private trigger(unit: Unit, key: "OnSuccess" | "OnFailure"): void {
    const names = unit.names(key);
    if (names.length === 0 || unit.sub === "auto-restart") return;
    this.log(unit, `${unit.name}: Triggering ${key}= dependencies.`);
    for (const name of names) {
      const other = this.unit(name);
      if (this.refusal(other) === undefined)
        this.machine.kernel.spawn(`systemd ${key} ${other.name}`, this.start(other));
    }
  }

  /** The unit whose control group a process is in. */
  unitOf(process: Process): Unit | undefined {
    const match = /^\/(?:[^/]+\.slice\/)*([^/]+\.(?:service|scope))/.exec(process.ns.cgroup);
    return match ? this.units.get(match[1]!) : undefined;
  }

  /** For PID 1: a child has ended. */
  ended(process: Process): void {
    const unit = this.unitOf(process);
    if (unit !== undefined) this.service(unit).processEnded(process);
  }

  /** sd_notify(3): `READY=1`, `STATUS=…`, `MAINPID=…` from a process of a service, if NotifyAccess= lets it. */
  notify(process: Process, state: string): void {
    const unit = this.unitOf(process);
    if (unit === undefined) return;
    const access = unit.service("NotifyAccess") ?? (unit.serviceType() === "notify" ? "main" : "none");
    // Without access there is no NOTIFY_SOCKET to write to.
    if (access === "none") return;
    if (access === "main" && process !== unit.main) {
      const main = unit.main === undefined ? "which is currently not known" : String(unit.main.pid);
      const only = `but reception only permitted for main PID ${main}`;
      this.log(unit, `${unit.name}: Got notification message from PID ${process.pid}, ${only}`, 4);
      return;
    }
    for (const line of state.split("\n")) {
      if (line === "READY=1") unit.ready = true;
      else if (line.startsWith("STATUS=")) unit.statusText = line.slice(7);
      else if (line.startsWith("MAINPID=")) unit.main = this.machine.processes.get(Number(line.slice(8))) ?? unit.main;
    }
    unit.changed.wakeAll();
  }

  /** Living processes of a unit's control group, by pid. */
  processesOf(unit: Unit): Process[] {
    const inside = `${unit.cgroup}/`;
    return [...this.machine.processes.values()].filter(
      ({ status, ns }) => status === undefined && (ns.cgroup === unit.cgroup || ns.cgroup.startsWith(inside)),
    );
  }

  /** True when a file below /etc/systemd/system or /run links it into a target. */
  exists(path: string): boolean {
    return nodeAt(this.machine, path) !== undefined;
  }
}
