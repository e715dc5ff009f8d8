/** Timer units: when they elapse, and what they start (src/core/timer.c). */
import type { KernelEvent } from "../../kernel/index.ts";
import { localZone } from "../zone.ts";
import { CalendarSpec } from "./calendar.ts";
import type { JobResult, Systemd } from "./manager.ts";
import type { ActiveState, Unit } from "./unit.ts";
import { isYes, parseSpan } from "./unit-file.ts";

/** The unit that a timer starts: Unit=, else the service of its name. */
export function triggeredBy(timer: Unit): string {
  return timer.file.get("Timer", "Unit") ?? timer.name.replace(/\.timer$/, ".service");
}

export class TimerUnit {
  private readonly manager: Systemd;
  private readonly unit: Unit;
  private readonly set: (active: ActiveState, sub: string) => void;
  private event: KernelEvent | undefined;

  constructor(manager: Systemd, unit: Unit, set: (active: ActiveState, sub: string) => void) {
    this.manager = manager;
    this.unit = unit;
    this.set = set;
  }

  start(): JobResult {
    const { manager, unit } = this;
    if (manager.unit(triggeredBy(unit)).load === "not-found") {
      manager.log(unit, `${unit.name}: Refusing to start, unit ${triggeredBy(unit)} to trigger not loaded.`, 3);
      manager.log(unit, `Failed to start ${unit.title}.`, 3, "failed");
      return "failed";
    }
    this.set("active", "waiting");
    manager.log(unit, `Started ${unit.title}.`, 6, "done");
    this.arm();
    return "done";
  }

  stop(): void {
    this.manager.machine.kernel.cancel(this.event);
    this.unit.nextElapse = undefined;
  }

  /** Works out when it elapses next (timer_enter_waiting()). */
  arm(): void {
    const { unit, manager } = this;
    const { machine } = manager;
    const { kernel } = machine;
    kernel.cancel(this.event);
    const next = this.next();
    unit.nextElapse = next;
    if (next === undefined) {
      if (!isYes(unit.file.get("Timer", "RemainAfterElapse") ?? "yes")) {
        manager.log(unit, `${unit.name}: Deactivated successfully.`, 6, "success");
        this.set("inactive", "dead");
      } else this.set("active", "elapsed");
      return;
    }
    this.set("active", "waiting");
    this.event = kernel.after(Math.max(0, next - kernel.now), `${machine.hostname} ${unit.name}`, () => {
      if (machine.systemd !== manager || unit.active !== "active") return;
      unit.lastTrigger = kernel.now;
      unit.nextElapse = undefined;
      kernel.spawn(`systemd ${unit.name}`, this.fire());
    });
  }

  private *fire() {
    this.set("active", "running");
    const target = this.manager.unit(triggeredBy(this.unit));
    if (this.manager.refusal(target) === undefined && target.active !== "active") yield* this.manager.start(target);
    if (this.unit.active === "active") this.arm();
  }

  private next(): number | undefined {
    const { unit, manager } = this;
    const { machine } = manager;
    const { kernel } = machine;
    const target = manager.unit(triggeredBy(unit));
    let best: number | undefined;
    const offer = (at: number | undefined) => {
      if (at !== undefined && (best === undefined || at < best)) best = at;
    };
    for (const value of unit.file.all("Timer", "OnCalendar")) {
      const spec = CalendarSpec.parse(value);
      const seconds = (kernel.epochMs * 1000 + kernel.now) / 1e6;
      const next = spec?.next(seconds, localZone(machine.pids.init!, null));
      if (next !== undefined) offer(Math.round(next * 1e6 - kernel.epochMs * 1000));
    }
    const once = (key: string, base: number | undefined) => {
      for (const value of unit.file.all("Timer", key)) {
        const span = parseSpan(value);
        if (span === undefined || base === undefined) continue;
        // What has elapsed once does not again.
        const at = base + span;
        if (at > (unit.lastTrigger ?? Number.NEGATIVE_INFINITY)) offer(at);
      }
    };
    once("OnActiveSec", unit.activeEnter ?? kernel.now);
    once("OnBootSec", machine.bootedAt);
    once("OnStartupSec", machine.bootedAt);
    const ended = target.inactiveEnter;
    once("OnUnitActiveSec", target.inactiveExit ?? target.activeEnter ?? unit.lastTrigger);
    once("OnUnitInactiveSec", target.active === "inactive" || target.active === "failed" ? ended : undefined);
    return best;
  }
}
