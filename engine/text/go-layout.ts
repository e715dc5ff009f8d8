/** Times by layouts of Go's package time: the reference time Mon Jan 2 15:04:05 MST 2006. */
import { type CalendarTime, calendar, DAYS, MONTH_NAMES, SHORT_DAYS, SHORT_MONTHS, toEpoch } from "./time.ts";

/** `2006-01-02T15:04:05Z07:00`. */
export const RFC3339 = "2006-01-02T15:04:05Z07:00";

const PARTS =
  /2006|January|Jan|Monday|Mon|MST|Z07:00|Z0700|-07:00|-0700|-07|01|002|02|03|04|05|06|15|PM|pm|__2|_2|[.,](?:0+|9+)(?!\d)|1|2|3|4|5/g;

const two = (value: number): string => String(value).padStart(2, "0");

/** `+09:00`, `+0900`, `+09`. */
function offsetText(seconds: number, part: string): string {
  if (part.startsWith("Z") && seconds === 0) return "Z";
  const size = Math.abs(Math.trunc(seconds / 60));
  const [hours, minutes] = [two(Math.floor(size / 60)), two(size % 60)];
  const sign = seconds < 0 ? "-" : "+";
  if (part === "-07") return sign + hours;
  return part.includes(":") ? `${sign}${hours}:${minutes}` : `${sign}${hours}${minutes}`;
}

/** time.Time.Format. */
export function formatLayout(layout: string, time: CalendarTime): string {
  const { seconds, name } = time.offset ?? { seconds: 0, name: "UTC" };
  const values: Readonly<Record<string, string>> = {
    "2006": String(time.year).padStart(4, "0"),
    "06": two(time.year % 100),
    January: MONTH_NAMES[time.month - 1]!,
    Jan: SHORT_MONTHS[time.month - 1]!,
    "01": two(time.month),
    "1": String(time.month),
    Monday: DAYS[time.weekday]!,
    Mon: SHORT_DAYS[time.weekday]!,
    "002": String(time.yearday).padStart(3, "0"),
    __2: String(time.yearday).padStart(3),
    "02": two(time.day),
    _2: String(time.day).padStart(2),
    "2": String(time.day),
    "15": two(time.hour),
    "03": two(time.hour % 12 || 12),
    "3": String(time.hour % 12 || 12),
    "04": two(time.minute),
    "4": String(time.minute),
    "05": two(time.second),
    "5": String(time.second),
    PM: time.hour < 12 ? "AM" : "PM",
    pm: time.hour < 12 ? "am" : "pm",
    MST: name,
  };
  return layout.replace(PARTS, (part) => {
    if (/^[.,]/.test(part)) {
      const digits = String(time.nano)
        .padStart(9, "0")
        .slice(0, part.length - 1);
      if (part[1] === "0") return part[0]! + digits;
      const short = digits.replace(/0+$/, "");
      return short === "" ? "" : part[0]! + short;
    }
    return values[part] ?? offsetText(seconds, part);
  });
}

/** Names that a part of a layout takes of a text, in any case. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  January: MONTH_NAMES,
  Jan: SHORT_MONTHS,
  Monday: DAYS,
  Mon: SHORT_DAYS,
};

/** What other parts take. */
const TAKES: Readonly<Record<string, RegExp>> = {
  "2006": /^\d{4}/,
  "06": /^\d{2}/,
  MST: /^(?:[A-Z]{3,4}|[-+]\d{2})/,
  PM: /^[AP]M/,
  pm: /^[ap]m/,
  "Z07:00": /^(?:Z|[-+]\d{2}:\d{2})/,
  Z0700: /^(?:Z|[-+]\d{4})/,
  "-07:00": /^[-+]\d{2}:\d{2}/,
  "-0700": /^[-+]\d{4}/,
  "-07": /^[-+]\d{2}/,
  "002": /^\d{3}/,
  __2: /^[ \d]{2}\d/,
  "01": /^\d{2}/,
  "02": /^\d{2}/,
  "03": /^\d{2}/,
  "04": /^\d{2}/,
  "05": /^\d{2}/,
};

/**
 * time.Parse: the instant, and the zone that the text names. Abbreviations other than UTC and GMT have offset zero, as
 * Go has it of zones that are not the machine's. Where the two part ways: what is left of both.
 */
export function parseLayout(layout: string, text: string): CalendarTime | { layout: string; text: string } {
  const found: Record<string, string> = {};
  let nano = 0;
  let rest = text;
  let from = 0;
  const differs = (part: string) => ({ layout: part, text: rest });
  for (const match of layout.matchAll(PARTS)) {
    const literal = layout.slice(from, match.index);
    if (!rest.startsWith(literal)) return differs(literal);
    rest = rest.slice(literal.length);
    const part = match[0];
    from = match.index + part.length;
    if (/^[.,]/.test(part)) {
      const digits = /^[.,](\d+)/.exec(rest);
      if (digits === null && part[1] === "0") return differs(part);
      nano = Number((digits?.[1] ?? "").padEnd(9, "0").slice(0, 9));
      rest = rest.slice(digits?.[0].length ?? 0);
      continue;
    }
    const took = taken(part, rest);
    if (took === undefined) return differs(part);
    found[part] = took.trim();
    rest = rest.slice(took.length);
    // A fraction may follow seconds that the layout gives none.
    const fraction = part.endsWith("5") && !/^[.,][09]/.test(layout.slice(from)) && /^[.,](\d+)/.exec(rest);
    if (fraction) {
      nano = Number(fraction[1]!.padEnd(9, "0").slice(0, 9));
      rest = rest.slice(fraction[0].length);
    }
  }
  const literal = layout.slice(from);
  if (rest !== literal) return differs(literal);
  return assembled(found, nano);
}

function taken(part: string, rest: string): string | undefined {
  const names = NAMES[part];
  if (names === undefined) return (TAKES[part] ?? /^ ?\d{1,2}/).exec(rest)?.[0];
  const name = names.find((one) => rest.slice(0, one.length).toLowerCase() === one.toLowerCase());
  return name && rest.slice(0, name.length);
}

function assembled(found: Readonly<Record<string, string>>, nano: number): CalendarTime {
  const number = (...parts: string[]) => {
    const text = parts.map((part) => found[part]).find((value) => value !== undefined);
    return text === undefined ? undefined : Number(text);
  };
  const short = number("06");
  const year = number("2006") ?? (short === undefined ? 0 : short + (short >= 69 ? 1900 : 2000));
  const name = (found.January ?? found.Jan)?.slice(0, 3).toLowerCase();
  const month =
    name === undefined ? (number("01", "1") ?? 1) : SHORT_MONTHS.findIndex((one) => one.toLowerCase() === name) + 1;
  const day = number("02", "_2", "2") ?? 1;
  let hour = number("15", "03", "3") ?? 0;
  const half = (found.PM ?? found.pm)?.toUpperCase();
  if (half === "PM" && hour < 12) hour += 12;
  else if (half === "AM" && hour === 12) hour = 0;
  const yearday = number("002", "__2");
  const local =
    yearday === undefined
      ? toEpoch(year, month, day, hour, number("04", "4") ?? 0, number("05", "5") ?? 0)
      : toEpoch(year, 1, yearday, hour, number("04", "4") ?? 0, number("05", "5") ?? 0);
  const zone = found["Z07:00"] ?? found.Z0700 ?? found["-07:00"] ?? found["-0700"] ?? found["-07"];
  const seconds = zone === undefined || zone === "Z" ? 0 : offsetSeconds(zone);
  const offset = { seconds, name: found.MST ?? (seconds === 0 ? "UTC" : offsetText(seconds, "-0700")) };
  return { ...calendar(local, nano), epoch: local - seconds, offset };
}

function offsetSeconds(text: string): number {
  const [, sign, hours = "0", minutes = "0"] = /^([-+])(\d{2}):?(\d{2})?/.exec(text) ?? [];
  return (sign === "-" ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60);
}
