/** Time zones as tzset(3) reads TZ: names of tzdata, and rules like `EST5EDT,M3.2.0,M11.1.0`. */
import { type CalendarTime, calendar, toEpoch } from "./time.ts";
import { ZONE_RULES } from "./zone-table.ts";

interface Change {
  month: number;
  /** 1 … 4, or 5 for the last. */
  week: number;
  weekday: number;
  /** Seconds after local midnight. */
  at: number;
}

interface Daylight {
  name: string;
  offset: number;
  from: Change;
  to: Change;
}

/** Seconds east of Greenwich and the abbreviation that hold at an instant. */
export interface Offset {
  seconds: number;
  name: string;
}

/** A time zone: what clocks show in it. */
export class Zone {
  private readonly standard: Offset;
  private readonly daylight: Daylight | undefined;

  constructor(standard: Offset, daylight?: Daylight) {
    this.standard = standard;
    this.daylight = daylight;
  }

  /** What holds at an instant, in seconds since 1970. */
  at(epoch: number): Offset {
    const { standard, daylight } = this;
    if (daylight === undefined) return standard;
    const { year } = calendar(epoch + standard.seconds);
    const from = changeAt(year, daylight.from) - standard.seconds;
    const to = changeAt(year, daylight.to) - daylight.offset;
    const summer = from < to ? epoch >= from && epoch < to : epoch >= from || epoch < to;
    return summer ? { seconds: daylight.offset, name: daylight.name } : standard;
  }

  /** The instant at which clocks show `local` (seconds since 1970 as if in Greenwich), as mktime(3) finds it. */
  instant(local: number): number {
    const guess = local - this.standard.seconds;
    const offset = this.at(guess);
    const other = local - offset.seconds;
    return this.at(other).seconds === offset.seconds ? other : guess;
  }

  /** Whether clocks of this zone ever show `local`: none does while they are put forward. */
  shows(local: number): boolean {
    const instant = this.instant(local);
    return instant + this.at(instant).seconds === local;
  }

  /** What a clock of this zone shows. */
  calendar(epoch: number, nano = 0): CalendarTime {
    const offset = this.at(epoch);
    return { ...calendar(epoch + offset.seconds, nano), epoch, offset };
  }
}

export const UTC = new Zone({ seconds: 0, name: "UTC" });

/** The instant of a change of clocks in a year, as local seconds. */
function changeAt(year: number, change: Change): number {
  const first = toEpoch(year, change.month, 1);
  const ahead = (change.weekday - calendar(first).weekday + 7) % 7;
  let day = 1 + ahead + 7 * (change.week - 1);
  const length = calendar(toEpoch(year, change.month + 1, 1) - 86_400).day;
  while (day > length) day -= 7;
  return first + (day - 1) * 86_400 + change.at;
}

const named = new Map<string, string>();

/** Names of the zones that are known. */
export function zoneNames(): string[] {
  if (named.size === 0)
    for (const [rule, names] of Object.entries(ZONE_RULES)) for (const name of names.split(" ")) named.set(name, rule);
  return [...named.keys()].sort();
}

/** The zone of a value of TZ; what it does not know is Greenwich's time by that name, as in glibc. */
export function zoneOf(tz: string): Zone {
  const name = tz.replace(/^:/, "").replace(/^\/usr\/share\/zoneinfo\//, "");
  if (name === "") return UTC;
  zoneNames();
  return parseRule(named.get(name) ?? name) ?? new Zone({ seconds: 0, name: /^[A-Za-z]{3,}/.exec(name)?.[0] ?? "UTC" });
}

const RULE =
  /^([A-Za-z]{3,}|<[-+A-Za-z0-9]+>)([-+]?\d{1,3}(?::\d{2}){0,2})(?:([A-Za-z]{3,}|<[-+A-Za-z0-9]+>)([-+]?\d{1,3}(?::\d{2}){0,2})?(?:,([^,]+),([^,]+))?)?$/;

function parseRule(rule: string): Zone | undefined {
  const match = RULE.exec(rule);
  if (match === null) return undefined;
  const [, name, west, summer, summerWest, from, to] = match;
  const bare = (text: string) => text.replace(/[<>]/g, "");
  const standard = { seconds: -seconds(west!), name: bare(name!) };
  if (standard.seconds === 0) standard.seconds = 0;
  if (summer === undefined) return new Zone(standard);
  const offset = summerWest === undefined ? standard.seconds + 3600 : -seconds(summerWest);
  const [start, end] = [changeOf(from ?? "M3.2.0"), changeOf(to ?? "M11.1.0")];
  if (start === undefined || end === undefined) return undefined;
  return new Zone(standard, { name: bare(summer), offset, from: start, to: end });
}

function changeOf(text: string): Change | undefined {
  const match = /^M(\d+)\.(\d)\.(\d)(?:\/(.+))?$/.exec(text);
  if (match === null) return undefined;
  const at = match[4] === undefined ? 7200 : seconds(match[4]);
  return { month: Number(match[1]), week: Number(match[2]), weekday: Number(match[3]), at };
}

function seconds(text: string): number {
  const [hours, minutes = "0", rest = "0"] = text.replace(/^[-+]/, "").split(":");
  const value = Number(hours) * 3600 + Number(minutes) * 60 + Number(rest);
  return text.startsWith("-") ? -value : value;
}
