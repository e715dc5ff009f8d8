/** shutdown(8) of systemd: what is to come, at a time, until it is called off (systemctl-logind.c, logind's ScheduleShutdown). */
import type { Gen, KernelEvent } from "../../kernel/index.ts";
import type { Machine } from "../../machine/machine.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { powerOff, reboot, restart, shutDown } from "../../machine/systemd/index.ts";
import { localZone } from "../../machine/zone.ts";
import { OptionError, type ParsedOptions, parseOptions } from "../options.ts";
import { timestamp } from "./when.ts";

type How = "reboot" | "poweroff" | "halt";

const MINUTE = 60_000_000;
const NOUNS = { reboot: "Reboot", poweroff: "Shutdown", halt: "Halt" } as const;
const CALLS = { reboot: "Reboot", poweroff: "PowerOff", halt: "Halt" } as const;

interface Scheduled {
  how: How;
  at: number;
  event: KernelEvent;
}

/** What each machine is going to do. */
const scheduled = new WeakMap<Machine, Scheduled>();

/** Turns the machine off or boots it anew, now. */
export function* turnOff(p: Process, how: How): Gen<number> {
  const { machine } = p;
  if (p.cred.uid !== 0) {
    yield* sys.printError(
      p,
      `Failed to set wall message, ignoring: Access denied\nCall to ${CALLS[how]} failed: Access denied\n`,
    );
    return 1;
  }
  if (machine.systemd === undefined || p.ns.pid !== machine.pids) {
    yield* sys.printError(
      p,
      "System has not been booted with systemd as init system (PID 1). Can't operate.\nFailed to connect to bus: Host is down\n",
    );
    return 1;
  }
  // Forced twice it happens without the service manager: nobody is asked to end first.
  if (forces(p.argv) >= 2) {
    yield* sys.printError(p, how === "reboot" ? "Rebooting.\n" : how === "halt" ? "Halting.\n" : "Powering off.\n");
    cancel(machine);
    machine.kernel.spawn(`${machine.hostname} ${how}`, how === "reboot" ? restart(machine) : cut(machine));
    return 0;
  }
  begin(machine, how);
  return 0;
}

/** How often -f or --force is given. */
function forces(argv: readonly string[]): number {
  return argv
    .slice(1)
    .reduce((sum, word) => sum + (word === "--force" ? 1 : /^-[a-z]+$/.test(word) ? word.split("f").length - 1 : 0), 0);
}

function* cut(machine: Machine): Gen {
  powerOff(machine);
}

function begin(machine: Machine, how: How): void {
  cancel(machine);
  const body = how === "reboot" ? reboot(machine) : shutDown(machine, how);
  machine.kernel.spawn(`${machine.hostname} ${how}`, body);
}

function cancel(machine: Machine): void {
  machine.kernel.cancel(scheduled.get(machine)?.event);
  scheduled.delete(machine);
}

/** `now`, `+minutes` or `hh:mm`, in µs of the clock; undefined for anything else. */
function timeOf(p: Process, word: string): number | undefined {
  const { kernel } = p.machine;
  if (word === "now") return kernel.now;
  if (/^\+?\d+$/.test(word)) return kernel.now + Number(word) * MINUTE;
  const match = /^(\d{1,2}):(\d{2})$/.exec(word);
  if (match === null || Number(match[1]) > 23 || Number(match[2]) > 59) return undefined;
  const seconds = Math.floor(kernel.wallMs / 1000);
  const zone = localZone(p);
  const now = zone.calendar(seconds);
  const wanted = Number(match[1]) * 3600 + Number(match[2]) * 60;
  const wait = wanted - (now.hour * 3600 + now.minute * 60 + now.second);
  const begun = seconds * 1_000_000 - kernel.epochMs * 1000;
  return Math.floor(begun + (wait > 0 ? wait : wait + 86_400) * 1_000_000);
}

const line = (p: Process, how: How, at: number) =>
  `${NOUNS[how]} scheduled for ${timestamp(p, at)}, use 'shutdown -c' to cancel.\n`;

export const shutdown: Program = function* (p) {
  let o: ParsedOptions;
  try {
    o = parseOptions(p.argv.slice(1), { short: "HPrhkKat:cfF", long: "halt=H poweroff=P reboot=r no-wall show" });
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    yield* sys.printError(p, `shutdown: ${error.message}\n`);
    return 1;
  }
  const { machine } = p;
  if (o.has("show")) {
    const next = scheduled.get(machine);
    yield* sys.printError(p, next === undefined ? "No scheduled shutdown.\n" : line(p, next.how, next.at));
    return next === undefined ? 1 : 0;
  }
  if (o.has("c")) {
    if (p.cred.uid === 0) cancel(machine);
    return 0;
  }
  const how: How = o.has("r") ? "reboot" : o.has("H") ? "halt" : "poweroff";
  const word = o.operands[0] ?? "+1";
  const at = timeOf(p, word);
  if (at === undefined) {
    yield* sys.printError(p, `Failed to parse time specification: ${word}\n`);
    return 1;
  }
  if (p.cred.uid !== 0 || machine.systemd === undefined || (at <= machine.kernel.now && !o.has("k")))
    return yield* turnOff(p, how);
  yield* sys.printError(p, line(p, how, at));
  // -k says it to everybody and does nothing.
  if (o.has("k")) return 0;
  cancel(machine);
  const event = machine.kernel.after(at - machine.kernel.now, `${machine.hostname} shutdown`, () =>
    begin(machine, how),
  );
  scheduled.set(machine, { how, at, event });
  return 0;
};
