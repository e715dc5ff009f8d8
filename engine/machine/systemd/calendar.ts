/** Calendar events of systemd.time(7): `Mon..Fri *-*-* 03:00`, `daily`, `*:0/15` (src/shared/calendarspec.c). */
import { civilFromDays, daysFromCivil } from "../../text/time.ts";
import { UTC, type Zone, zoneNames, zoneOf } from "../../text/zone.ts";

/** One part of a list: a number, a range, or every `step` from a number on. */
interface Part {
  start: number;
  stop: number | undefined;
  step: number;
}

/** A field's list; undefined is a star. */
type Field = readonly Part[] | undefined;

const SHORTHANDS: Readonly<Record<string, string>> = {
  minutely: "*-*-* *:*:00",
  hourly: "*-*-* *:00:00",
  daily: "*-*-* 00:00:00",
  monthly: "*-*-01 00:00:00",
  weekly: "Mon *-*-* 00:00:00",
  yearly: "*-01-01 00:00:00",
  annually: "*-01-01 00:00:00",
  quarterly: "*-01,04,07,10-01 00:00:00",
  semiannually: "*-01,07-01 00:00:00",
  "semi-annually": "*-01,07-01 00:00:00",
  biannually: "*-01,07-01 00:00:00",
  "bi-annually": "*-01,07-01 00:00:00",
};

const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const FULL_WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const LAST_YEAR = 2199;

const weekdayOf = (word: string): number => {
  const at = WEEKDAYS.indexOf(word.toLowerCase());
  return at >= 0 ? at : FULL_WEEKDAYS.indexOf(word.toLowerCase());
};

/** Days of the week as bits from Monday; undefined for what is none. */
function parseWeekdays(text: string): Set<number> | undefined {
  const out = new Set<number>();
  for (const part of text.split(",")) {
    if (part === "") continue;
    const range = part.split(/\.\.|-/);
    const [from, to] = [weekdayOf(range[0]!), weekdayOf(range.at(-1)!)];
    if (range.length > 2 || from < 0 || to < from) return undefined;
    for (let day = from; day <= to; day++) out.add(day);
  }
  return out.size === 0 ? undefined : out;
}

/** A list such as `1,3..5,0/15`, or null where it is none; `least` is what a star with a step begins at. */
function parseField(text: string, least: number, most: number): Field | null {
  if (text === "*") return undefined;
  const parts: Part[] = [];
  for (const piece of text.split(",")) {
    const match = /^(\*|\d+)(?:\.\.(\d+))?(?:\/(\d+))?$/.exec(piece);
    if (match === null) return null;
    const start = match[1] === "*" ? least : Number(match[1]);
    const stop = match[2] === undefined ? undefined : Number(match[2]);
    const step = Number(match[3] ?? 0);
    if ((match[3] !== undefined && step === 0) || (match[1] === "*" && (stop !== undefined || step === 0))) return null;
    if (start < least || start > most || (stop !== undefined && (stop > most || stop < start))) return null;
    if (step > 0 && start + step > most && stop === undefined) {
      parts.push({ start, stop: undefined, step: 0 });
      continue;
    }
    parts.push(stop === start ? { start, stop: undefined, step: 0 } : { start, stop, step });
  }
  return parts.sort((a, b) => a.start - b.start);
}

function holds(field: Field, value: number): boolean {
  if (field === undefined) return true;
  return field.some(({ start, stop, step }) => {
    if (stop === undefined && step === 0) return value === start;
    if (value < start || (stop !== undefined && value > stop)) return false;
    return step === 0 || (value - start) % step === 0;
  });
}

function shown(field: Field, width: number): string {
  if (field === undefined) return "*";
  const digits = (value: number) => String(value).padStart(width, "0");
  return field
    .map(
      ({ start, stop, step }) =>
        `${digits(start)}${stop === undefined ? "" : `..${digits(stop)}`}${step === 0 ? "" : `/${step}`}`,
    )
    .join(",");
}

export class CalendarSpec {
  private readonly weekdays: ReadonlySet<number> | undefined;
  private readonly fields: readonly Field[];
  /** Days are counted from the end of the month. */
  private readonly fromEnd: boolean;
  private readonly zone: string | undefined;

  private constructor(
    weekdays: ReadonlySet<number> | undefined,
    fields: readonly Field[],
    fromEnd: boolean,
    zone: string | undefined,
  ) {
    this.weekdays = weekdays === undefined || weekdays.size === 7 ? undefined : weekdays;
    this.fields = fields;
    this.fromEnd = fromEnd;
    this.zone = zone;
  }

  /** Undefined where the text is no calendar event. */
  static parse(given: string): CalendarSpec | undefined {
    let text = given.trim();
    let zone: string | undefined;
    const last = text.slice(text.lastIndexOf(" ") + 1);
    if (last !== text && (last === "UTC" || (/^[A-Z]/.test(last) && zoneNames().includes(last)))) {
      zone = last;
      text = text.slice(0, -last.length).trim();
    }
    const whole = SHORTHANDS[text.toLowerCase()] ?? text;
    const words = whole.split(/\s+/);
    let weekdays: Set<number> | undefined;
    if (/^[a-z]/i.test(words[0]!)) {
      weekdays = parseWeekdays(words.shift()!);
      if (weekdays === undefined) return undefined;
    }
    if (words.length > 2) return undefined;
    const date = words[0] !== undefined && /^[^:]*[-~]/.test(words[0]) ? words.shift()! : "*-*-*";
    const time = words.shift() ?? "00:00:00";
    if (words.length > 0) return undefined;
    const fromEnd = date.includes("~");
    const parts = date.split(/[-~]/);
    if (parts.length === 2) parts.unshift("*");
    const clock = time.split(":");
    if (parts.length !== 3 || clock.length < 2 || clock.length > 3) return undefined;
    if (clock.length === 2) clock.push("00");
    const century = /^\d\d$/.test(parts[0]!)
      ? String(Number(parts[0]) + (Number(parts[0]) >= 70 ? 1900 : 2000))
      : parts[0]!;
    const fields = [
      parseField(century, 1970, LAST_YEAR),
      parseField(parts[1]!, 1, 12),
      parseField(parts[2]!, 1, 31),
      parseField(clock[0]!, 0, 23),
      parseField(clock[1]!, 0, 59),
      parseField(clock[2]!, 0, 59),
    ];
    if (fields.includes(null)) return undefined;
    return new CalendarSpec(weekdays, fields as Field[], fromEnd, zone);
  }

  /** The normalized form: `Mon..Fri *-*-* 03:00:00`. */
  toString(): string {
    const [year, month, day, hour, minute, second] = this.fields;
    const week = this.weekdays === undefined ? "" : `${this.shownWeekdays()} `;
    const zone = this.zone === undefined ? "" : ` ${this.zone}`;
    return `${week}${shown(year, 4)}-${shown(month, 2)}${this.fromEnd ? "~" : "-"}${shown(day, 2)} ${shown(hour, 2)}:${shown(minute, 2)}:${shown(second, 2)}${zone}`;
  }

  private shownWeekdays(): string {
    const name = (day: number) => WEEKDAYS[day]![0]!.toUpperCase() + WEEKDAYS[day]!.slice(1);
    const out: string[] = [];
    for (let day = 0; day < 7; day++) {
      if (!this.weekdays!.has(day)) continue;
      let end = day;
      while (this.weekdays!.has(end + 1)) end++;
      if (end - day >= 2) out.push(`${name(day)}..${name(end)}`);
      else for (let each = day; each <= end; each++) out.push(name(each));
      day = end;
    }
    return out.join(",");
  }

  /** The first second after `seconds` (of the epoch) that it means; undefined when there is none. */
  next(seconds: number, local: Zone = UTC): number | undefined {
    const zone = this.zone === undefined ? local : this.zone === "UTC" ? UTC : zoneOf(this.zone);
    const begin = Math.floor(seconds) + 1;
    const here = zone.calendar(begin);
    const offset =
      daysFromCivil(here.year, here.month, here.day) * 86_400 +
      here.hour * 3600 +
      here.minute * 60 +
      here.second -
      begin;
    const first = Math.floor((begin + offset) / 86_400);
    const [years, months, days, hours, minutes, secs] = this.fields;
    for (let day = first; ; day++) {
      const [year, month, date] = civilFromDays(day);
      if (year > LAST_YEAR) return undefined;
      if (!holds(years, year) || !holds(months, month)) continue;
      const length =
        daysFromCivil(month === 12 ? year + 1 : year, month === 12 ? 1 : month + 1, 1) - daysFromCivil(year, month, 1);
      if (!holds(days, this.fromEnd ? length - date + 1 : date)) continue;
      if (this.weekdays !== undefined && !this.weekdays.has((((day + 3) % 7) + 7) % 7)) continue;
      const from = day === first ? begin + offset - first * 86_400 : 0;
      for (let hour = Math.floor(from / 3600); hour < 24; hour++) {
        if (!holds(hours, hour)) continue;
        for (let minute = 0; minute < 60; minute++) {
          if (hour * 3600 + minute * 60 + 59 < from || !holds(minutes, minute)) continue;
          for (let second = 0; second < 60; second++) {
            const at = hour * 3600 + minute * 60 + second;
            if (at >= from && holds(secs, second)) return day * 86_400 + at - offset;
          }
        }
      }
    }
  }
}
