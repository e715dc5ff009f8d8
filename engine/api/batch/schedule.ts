import { calendar, civilFromDays, SHORT_DAYS, SHORT_MONTHS, strftime } from "../../text/time.ts";
import { UTC, type Zone, zoneOf } from "./zones.ts";

/** Schedules of CronJobs, in the reading and the words of robfig/cron v3's ParseStandard. */

export type Schedule = { every: number } | { fields: readonly Field[] };

/** A set of values, and whether it was written as a star, which matters for days. */
interface Field {
  values: ReadonlySet<number>;
  star: boolean;
}

interface Bounds {
  min: number;
  max: number;
  names?: readonly string[];
}

const MONTHS = SHORT_MONTHS.map((name) => name.toLowerCase());
const DAYS = SHORT_DAYS.map((name) => name.toLowerCase());
/** Minute, hour, day of month, month, day of week. */
const BOUNDS: readonly Bounds[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: DAYS },
];
/** Schedules that have names, in Kubernetes as in cron(8). */
export const DESCRIPTORS: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

/** A complaint of the parser, in its own words. */
export class ScheduleError extends Error {}

/** Throws ScheduleError. */
export function parseSchedule(text: string): Schedule {
  if (text === "") throw new ScheduleError("empty spec string");
  // The API refuses a zone here, but only after the rest has been read.
  if (/^(CRON_)?TZ=/.test(text)) {
    const space = text.indexOf(" ");
    const name = text.slice(text.indexOf("=") + 1, space < 0 ? undefined : space);
    if (zoneOf(name) === undefined) throw new ScheduleError(`provided bad location ${name}: unknown time zone ${name}`);
    return parseSchedule(space < 0 ? "" : text.slice(space).trim());
  }
  if (text.startsWith("@every ")) {
    const rest = text.slice("@every ".length);
    const ms = parseDuration(rest);
    if (ms === undefined)
      throw new ScheduleError(`failed to parse duration ${text}: time: invalid duration ${JSON.stringify(rest)}`);
    return { every: Math.max(1000, Math.floor(ms / 1000) * 1000) };
  }
  if (text.startsWith("@")) {
    const meaning = DESCRIPTORS[text];
    if (meaning === undefined) throw new ScheduleError(`unrecognized descriptor: ${text}`);
    return parseSchedule(meaning);
  }
  const parts = text.split(/\s+/).filter((part) => part !== "");
  if (parts.length !== 5)
    throw new ScheduleError(`expected exactly 5 fields, found ${parts.length}: [${parts.join(" ")}]`);
  return { fields: parts.map((part, i) => parseField(part, BOUNDS[i]!)) };
}

function parseField(text: string, bounds: Bounds): Field {
  const values = new Set<number>();
  let star = false;
  for (const part of text.split(",").filter((p) => p !== "")) star = parseRange(part, bounds, values) || star;
  return { values, star };
}

/** Adds what one range means; answers whether it is a star. */
function parseRange(text: string, bounds: Bounds, values: Set<number>): boolean {
  const [range = "", ...steps] = text.split("/");
  const [low = "", ...highs] = range.split("-");
  let star = low === "*" || low === "?";
  let start = bounds.min;
  let end = bounds.max;
  if (!star) {
    start = number(low, bounds.names);
    if (highs.length > 1) throw new ScheduleError(`too many hyphens: ${text}`);
    end = highs.length === 1 ? number(highs[0]!, bounds.names) : start;
  }
  let step = 1;
  if (steps.length > 1) throw new ScheduleError(`too many slashes: ${text}`);
  if (steps.length === 1) {
    step = number(steps[0]!);
    if (highs.length === 0) end = bounds.max;
    if (step > 1) star = false;
  }
  if (start < bounds.min)
    throw new ScheduleError(`beginning of range (${start}) below minimum (${bounds.min}): ${text}`);
  if (end > bounds.max) throw new ScheduleError(`end of range (${end}) above maximum (${bounds.max}): ${text}`);
  if (start > end) throw new ScheduleError(`beginning of range (${start}) beyond end of range (${end}): ${text}`);
  if (step === 0) throw new ScheduleError(`step of range should be a positive number: ${text}`);
  for (let i = start; i <= end; i += step) values.add(i);
  return star;
}

function number(text: string, names?: readonly string[]): number {
  const named = names?.indexOf(text.toLowerCase()) ?? -1;
  if (named >= 0) return names === MONTHS ? named + 1 : named;
  if (!/^[+-]?\d+$/.test(text))
    throw new ScheduleError(
      `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  const value = Number(text);
  if (value < 0) throw new ScheduleError(`negative number (${value}) not allowed: ${text}`);
  return value;
}

/** ms a Go duration like `1h30m` says; undefined when it is none. */
function parseDuration(text: string): number | undefined {
  const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
  let total = 0;
  let at = 0;
  for (const part of text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)) {
    if (part.index !== at) return undefined;
    at += part[0].length;
    total += Number(part[1]) * units[part[2]!]!;
  }
  return at === text.length && at > 0 ? total : undefined;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** How far the next time is looked for: robfig/cron gives up after five years. */
const HORIZON_DAYS = 5 * 366;

/**
 * The first time after `ms` (wall ms) at which the schedule fires by a zone's clocks; undefined when there is none
 * within five years. An hour that summer time skips fires nothing, one that comes twice fires twice (robfig/cron).
 */
export function nextTime(schedule: Schedule, ms: number, zone: Zone = UTC): number | undefined {
  let from = ms;
  const end = ms + HORIZON_DAYS * DAY_MS;
  for (;;) {
    const next = nextAt(schedule, from, zone.offsetAt(from));
    const change = "every" in schedule ? undefined : zone.changeAfter(from);
    if (change === undefined || (next !== undefined && next < change)) return next;
    if (change > end) return undefined;
    // By the new clocks, from the change itself on.
    const first = nextAt(schedule, change - MINUTE_MS, zone.offsetAt(change));
    if (first === change) return first;
    from = change;
  }
}

/** The same by clocks that are `offset` ms ahead of UTC. */
function nextAt(schedule: Schedule, ms: number, offset: number): number | undefined {
  if ("every" in schedule) return Math.floor(ms / 1000) * 1000 + schedule.every;
  const [minutes, hours, monthDays, months, weekDays] = schedule.fields as [Field, Field, Field, Field, Field];
  const first = (Math.floor((ms + offset) / MINUTE_MS) + 1) * MINUTE_MS;
  const firstDay = Math.floor(first / DAY_MS);
  const inOrder = (set: ReadonlySet<number>) => [...set].sort((a, b) => a - b);
  const times = inOrder(hours.values).flatMap((h) => inOrder(minutes.values).map((m) => (h * 60 + m) * MINUTE_MS));
  for (let day = firstDay; day <= firstDay + HORIZON_DAYS; day++) {
    const [, month, date] = civilFromDays(day);
    if (!months.values.has(month)) continue;
    const byDate = monthDays.values.has(date);
    // 1970-01-01 was a Thursday.
    const byDay = weekDays.values.has((day + 4) % 7);
    const suits = monthDays.star || weekDays.star ? byDate && byDay : byDate || byDay;
    if (!suits) continue;
    const time = times.find((t) => day * DAY_MS + t >= first);
    if (time !== undefined) return day * DAY_MS + time - offset;
  }
  return undefined;
}

/** `Mon, 02 Mar 2026 09:00:00 +0000`: Go's time.RFC1123Z in UTC. */
export function rfc1123z(ms: number): string {
  return strftime("%a, %d %b %Y %H:%M:%S +0000", calendar(Math.floor(ms / 1000)));
}
