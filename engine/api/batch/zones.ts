import { civilFromDays, daysFromCivil } from "../../text/time.ts";
import { ZONE_RULES } from "./zone-rules.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** A time zone; times are wall ms in UTC. */
export interface Zone {
  /** ms east of UTC at a time. */
  offsetAt(ms: number): number;
  /** The first time after `ms` at which the offset changes; undefined where it never does. */
  changeAfter(ms: number): number | undefined;
}

/** A zone whose clocks never change. */
function fixedZone(minutes: number): Zone {
  const offset = minutes * MINUTE_MS;
  return { offsetAt: () => offset, changeAfter: () => undefined };
}

export const UTC: Zone = fixedZone(0);

/** Local wall ms of the moment in a year that a rule like `M3.2.0/2` names. */
function moment(rule: string, year: number): number {
  const [date = "", hour = "2"] = rule.slice(1).split("/");
  const [month, week, weekday] = date.split(".").map(Number) as [number, number, number];
  const first = daysFromCivil(year, month, 1);
  const next = month === 12 ? daysFromCivil(year + 1, 1, 1) : daysFromCivil(year, month + 1, 1);
  // 1970-01-01 was a Thursday.
  let day = first + ((((weekday - first - 4) % 7) + 7) % 7) + (week - 1) * 7;
  while (day >= next) day -= 7;
  const [hours = 0, minutes = 0] = hour.split(":").map(Number);
  return day * DAY_MS + hours * HOUR_MS + minutes * MINUTE_MS;
}

function summerZone(standard: number, summer: number, from: string, to: string): Zone {
  const changes = (ms: number): { at: number; offset: number }[] => {
    const [year] = civilFromDays(Math.floor(ms / DAY_MS));
    return [year - 1, year, year + 1]
      .flatMap((y) => [
        { at: moment(from, y) - standard, offset: summer },
        { at: moment(to, y) - summer, offset: standard },
      ])
      .sort((a, b) => a.at - b.at);
  };
  return {
    offsetAt: (ms) => changes(ms).findLast(({ at }) => at <= ms)!.offset,
    changeAfter: (ms) => changes(ms).find(({ at }) => at > ms)!.at,
  };
}

const zones = new Map<string, Zone>();

/** A zone by its IANA name, UTC for none; undefined for one that is not known (Go's time.LoadLocation). */
export function zoneOf(name: string | undefined): Zone | undefined {
  if (zones.size === 0) {
    for (const [rule, names] of ZONE_RULES) {
      const [standard = "0", summer, from, to] = rule.split(" ");
      const zone =
        summer && from && to
          ? summerZone(Number(standard) * MINUTE_MS, Number(summer) * MINUTE_MS, from, to)
          : fixedZone(Number(standard));
      for (const one of names.split(" ")) zones.set(one, zone);
    }
  }
  return name ? zones.get(name) : UTC;
}
