import { wait } from "../../kernel/index.ts";
import { isErrno } from "../errno.ts";
import type { Process, Program } from "../process.ts";
import type { Signal } from "../signal.ts";
import * as sys from "../sys.ts";

export { bootMachine, powerOff, powerOn, reboot, restart, shutDown } from "./boot.ts";
export { type JobResult, type Refusal, Systemd } from "./manager.ts";
export { Unit } from "./unit.ts";
export { unitName } from "./unit-name.ts";

/** Process 1: reaches the default target, then collects every process that ends. */
export const systemd: Program = function* (p) {
  const { machine } = p;
  const manager = machine.systemd!;
  for (const signal of ["TERM", "INT", "HUP", "QUIT", "USR1", "USR2", "PWR", "PIPE", "ALRM"] satisfies Signal[]) {
    p.dispositions.set(signal, "catch");
  }
  machine.kernel.spawn(`${machine.hostname} boot`, manager.start(manager.unit("default.target")));
  for (;;) {
    try {
      if (p.children.size === 0) yield* wait(p.childChanged);
      else {
        const ended = yield* sys.waitFor(p);
        if (ended) manager.ended(ended.process);
      }
    } catch (error) {
      if (!isErrno(error, "EINTR")) throw error;
    }
    while (p.takeSignal() !== undefined);
  }
};

/** What a service of Type=notify calls when it is ready (sd_notify(3)): `READY=1`, `STATUS=text`. */
export function notify(p: Process, state = "READY=1"): void {
  p.machine.systemd?.notify(p, state);
}
