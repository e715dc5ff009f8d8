import { type Gen, type Task, wait } from "../../kernel/index.ts";
import type { Machine } from "../machine.ts";
import type { Process } from "../process.ts";
import { Service } from "./service.ts";
import { besideUnits, findUnit, loadUnit, nodeAt, Unit } from "./unit.ts";

export type JobResult = "done" | "failed" | "canceled" | "timeout" | "dependency" | "skipped";

/** The service manager of a machine: its units and the jobs that change them. systemctl calls it. */
export class Systemd {
  readonly machine: Machine;
  private readonly units = new Map<string, Unit>();
  private readonly services = new Map<string, Service>();

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
      loadUnit(this.machine, unit);
      this.units.set(name, unit);
    } else if (unit.load === "not-found") loadUnit(this.machine, unit);
    return unit;
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

  /** Says something about a unit in the journal, as PID 1. */
  log(unit: Unit, message: string, priority = 6): void {
    this.machine.journal.append({
      identifier: "systemd",
      pid: 1,
      message,
      priority,
      transport: "journal",
      comm: "systemd",
      exe: "/usr/lib/systemd/systemd",
      cgroup: "/init.scope",
      uid: 0,
      fields: { UNIT: unit.name },
    });
  }

  /** Reads every unit's files again: `systemctl daemon-reload`. */
  reload(): void {
    this.machine.journal.append({ identifier: "systemd", pid: 1, message: "Reloading.", transport: "journal" });
    for (const unit of this.units.values()) loadUnit(this.machine, unit);
  }

  /** Starts a unit with what it requires and wants; waits for the job's end. */
  *start(unit: Unit): Gen<JobResult> {
    const wanted = this.transaction(unit);
    const tasks = new Map<string, Task>();
    for (const one of wanted) {
      const before: Task[] = [];
      for (const name of one.names("After")) {
        const task = tasks.get(unitName(name));
        if (task !== undefined) before.push(task);
      }
      if (one !== unit && one.active === "active") continue;
      tasks.set(one.name, this.machine.kernel.spawn(`systemd start ${one.name}`, this.startAfter(one, before)));
    }
    const task = tasks.get(unit.name)!;
    while (task.state !== "done") yield* wait(task.ended);
    return task.value as JobResult;
  }

  private *startAfter(unit: Unit, before: readonly Task[]): Gen<JobResult> {
    for (const task of before) while (task.state !== "done") yield* wait(task.ended);
    return yield* this.service(unit).start();
  }

  /** The unit and all that its Requires= and Wants= bring in, ordered so that After= ones come first. */
  private transaction(unit: Unit): Set<Unit> {
    const all = new Set<Unit>();
    const collect = (one: Unit): void => {
      if (all.has(one)) return;
      all.add(one);
      for (const name of this.requirements(one)) {
        const other = this.unit(name);
        if (other.load === "loaded") collect(other);
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
      // A target is reached after what it wants (DefaultDependencies=yes).
      if (one.type === "target") for (const name of this.requirements(one)) visit(this.unit(name));
      ordered.add(one);
    };
    for (const one of all) visit(one);
    for (const one of ordered) if (!all.has(one)) ordered.delete(one);
    return ordered;
  }

  private requirements(unit: Unit): string[] {
    const out = [...unit.names("Requires"), ...unit.names("Wants"), ...unit.names("BindsTo")];
    for (const kind of ["wants", "requires"]) {
      for (const [name] of besideUnits(this.machine, `${unit.name}.${kind}`)) out.push(name);
    }
    return out.filter((name) => name !== "");
  }

  *stop(unit: Unit): Gen<JobResult> {
    for (const other of this.loaded()) {
      const bound = [...other.names("Requires"), ...other.names("BindsTo")].map(unitName).includes(unit.name);
      if (bound && other.active === "active") yield* this.service(other).stop();
    }
    return yield* this.service(unit).stop();
  }

  *restart(unit: Unit): Gen<JobResult> {
    yield* this.service(unit).stop();
    return yield* this.start(unit);
  }

  /** The unit whose control group a process is in. */
  unitOf(process: Process): Unit | undefined {
    const match = /^\/system\.slice\/([^/]+\.service)/.exec(process.ns.cgroup);
    return match ? this.units.get(match[1]!) : undefined;
  }

  /** For PID 1: a child has ended. */
  ended(process: Process): void {
    const unit = this.unitOf(process);
    if (unit !== undefined) this.service(unit).processEnded(process);
  }

  /** sd_notify(3): `READY=1`, `STATUS=…`, `MAINPID=…` from a process of a service. */
  notify(process: Process, state: string): void {
    const unit = this.unitOf(process);
    if (unit === undefined) return;
    for (const line of state.split("\n")) {
      if (line === "READY=1") unit.ready = true;
      else if (line.startsWith("STATUS=")) unit.statusText = line.slice(7);
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

/** A unit's full name: `.service` when it has no suffix. */
export function unitName(given: string): string {
  return /\.(service|target|socket|timer|slice|scope|mount|path|device|swap|automount)$/.test(given)
    ? given
    : `${given}.service`;
}
