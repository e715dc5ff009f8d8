import { localZone } from "../machine/zone.ts";
import type { CalendarTime } from "../text/time.ts";
import type { Shell } from "./shell.ts";

/** Seconds since 1970 in the zone of the shell: an exported TZ counts at once, also one of this command only. */
export function shellCalendar(sh: Shell, seconds: number): CalendarTime {
  const variable = sh.vars.find("TZ");
  return localZone(sh.p, variable?.exported ? variable.scalar() : null).calendar(seconds);
}
