/** Calendar arithmetic and strftime(3) in UTC and the C locale, on plain numbers. */

export interface CalendarTime {
  year: number;
  /** 1 … 12. */
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  /** 0 … 999,999,999. */
  nano: number;
  /** 0 is Sunday. */
  weekday: number;
  /** 1 … 366. */
  yearday: number;
  /** Whole seconds since 1970. */
  epoch: number;
  /** Seconds east of Greenwich and the zone's abbreviation; none is UTC. */
  offset?: { seconds: number; name: string };
}

export const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
export const MONTH_NAMES = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
export const SHORT_DAYS = DAYS.map((name) => name.slice(0, 3));
export const SHORT_MONTHS = MONTH_NAMES.map((name) => name.slice(0, 3));

/** Days since 1970-01-01 of a date of the proleptic Gregorian calendar (after Howard Hinnant's days_from_civil). */
export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const ofEra = y - era * 400;
  const ofYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146_097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - 719_468;
}

/** The inverse: [year, month, day]. */
export function civilFromDays(days: number): [number, number, number] {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const ofEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  );
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const m = Math.floor((5 * ofYear + 2) / 153);
  const month = m < 10 ? m + 3 : m - 9;
  return [yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, ofYear - Math.floor((153 * m + 2) / 5) + 1];
}

/** Seconds since 1970 of a UTC time; months and days out of range carry over. */
export function toEpoch(year: number, month: number, day: number, hour = 0, minute = 0, second = 0): number {
  const months = year * 12 + (month - 1);
  const y = Math.floor(months / 12);
  return daysFromCivil(y, months - y * 12 + 1, 1) * 86_400 + (day - 1) * 86_400 + hour * 3600 + minute * 60 + second;
}

/** The UTC calendar time of whole seconds since 1970. */
export function calendar(seconds: number, nano = 0): CalendarTime {
  const days = Math.floor(seconds / 86_400);
  const rest = seconds - days * 86_400;
  const [year, month, day] = civilFromDays(days);
  return {
    year,
    month,
    day,
    hour: Math.floor(rest / 3600),
    minute: Math.floor(rest / 60) % 60,
    second: rest % 60,
    nano,
    weekday: (((days + 4) % 7) + 7) % 7,
    yearday: days - daysFromCivil(year, 1, 1) + 1,
    epoch: seconds,
  };
}

const two = (value: number) => String(value).padStart(2, "0");

/** `+0900`, with one colon `+09:00`, with two seconds too, with three as short as may be. */
function offsetText(seconds: number, colons: number): string {
  const east = Math.abs(seconds);
  const [h, m, s] = [two(Math.floor(east / 3600)), two(Math.floor(east / 60) % 60), two(east % 60)];
  const sign = seconds < 0 ? "-" : "+";
  if (colons === 0) return `${sign}${h}${m}`;
  if (colons === 1) return `${sign}${h}:${m}`;
  if (colons === 2) return `${sign}${h}:${m}:${s}`;
  return `${sign}${h}${s !== "00" ? `:${m}:${s}` : m !== "00" ? `:${m}` : ""}`;
}

/** Week of the year by ISO 8601, and the year it belongs to. */
export function isoWeek(time: CalendarTime): { week: number; year: number } {
  const weekday = time.weekday === 0 ? 7 : time.weekday;
  const week = Math.floor((time.yearday - weekday + 10) / 7);
  if (week < 1) {
    const year = time.year - 1;
    return { week: weeksIn(year), year };
  }
  if (week > weeksIn(time.year)) return { week: 1, year: time.year + 1 };
  return { week, year: time.year };
}

function weeksIn(year: number): number {
  const first = calendar(toEpoch(year, 1, 1)).weekday;
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return first === 4 || (first === 3 && leap) ? 53 : 52;
}

/** What only GNU's own programs know; the C library's strftime(3) leaves it as it stands. */
const OF_GNU_PROGRAMS = /[+Nq]|:z$/;

/**
 * strftime with flags (`-_0^#`) and widths. `by` says whose: that of GNU's own programs (`date`, `ls`: also `%N`, `%q`,
 * `%:z`, the flag `+`), or the C library's, which everybody else calls.
 */
export function strftime(format: string, time: CalendarTime, by: "gnu" | "libc" = "gnu"): string {
  if (!format.includes("%")) return format;
  let out = "";
  for (let i = 0; i < format.length; i++) {
    if (format[i] !== "%") {
      out += format[i];
      continue;
    }
    const match = /^%([-_0^#+]*)(\d*)[EO]?(:{0,3}z|.)/s.exec(format.slice(i));
    if (match === null) {
      out += "%";
      continue;
    }
    const [whole, flags, width, letter] = match;
    const known = by === "gnu" || !OF_GNU_PROGRAMS.test(flags! + letter!);
    out += (known ? conversion(letter!, time, flags!, width === "" ? undefined : Number(width)) : undefined) ?? whole;
    i += whole!.length - 1;
  }
  return out;
}

function conversion(letter: string, t: CalendarTime, flags: string, width: number | undefined): string | undefined {
  const number = (value: number, digits: number, fill = "0"): string => {
    const padding = flags.includes("-") ? "" : flags.includes("_") ? " " : flags.includes("0") ? "0" : fill;
    if (padding === "") return String(value);
    const text = String(Math.abs(value)).padStart((width ?? digits) - (value < 0 ? 1 : 0), padding);
    return value < 0 ? `-${text}` : text;
  };
  const text = (value: string): string => {
    let result = flags.includes("^") ? value.toUpperCase() : value;
    if (flags.includes("#")) result = letter === "p" || letter === "Z" ? value.toLowerCase() : value.toUpperCase();
    return width === undefined ? result : result.padStart(width, flags.includes("0") ? "0" : " ");
  };
  const twelve = t.hour % 12 === 0 ? 12 : t.hour % 12;
  switch (letter) {
    case "%":
      return "%";
    case "n":
      return "\n";
    case "t":
      return "\t";
    case "Y":
      return number(t.year, 1);
    case "C":
      return number(Math.floor(t.year / 100), 2);
    case "y":
      return number(((t.year % 100) + 100) % 100, 2);
    case "m":
      return number(t.month, 2);
    case "d":
      return number(t.day, 2);
    case "e":
      return number(t.day, 2, " ");
    case "H":
      return number(t.hour, 2);
    case "k":
      return number(t.hour, 2, " ");
    case "I":
      return number(twelve, 2);
    case "l":
      return number(twelve, 2, " ");
    case "M":
      return number(t.minute, 2);
    case "S":
      return number(t.second, 2);
    case "N": {
      const digits = String(t.nano).padStart(9, "0");
      if (flags.includes("-")) return digits.replace(/0+$/, "") || "0";
      return width === undefined ? digits : digits.slice(0, width).padEnd(width, "0");
    }
    case "s":
      return number(t.epoch, 1);
    case "j":
      return number(t.yearday, 3);
    case "q":
      return number(Math.floor((t.month - 1) / 3) + 1, 1);
    case "u":
      return number(t.weekday === 0 ? 7 : t.weekday, 1);
    case "w":
      return number(t.weekday, 1);
    case "U":
      return number(Math.floor((t.yearday - 1 + 7 - t.weekday) / 7), 2);
    case "W":
      return number(Math.floor((t.yearday - 1 + 7 - ((t.weekday + 6) % 7)) / 7), 2);
    case "V":
      return number(isoWeek(t).week, 2);
    case "G":
      return number(isoWeek(t).year, 1);
    case "g":
      return number(isoWeek(t).year % 100, 2);
    case "a":
      return text(SHORT_DAYS[t.weekday]!);
    case "A":
      return text(DAYS[t.weekday]!);
    case "b":
    case "h":
      return text(SHORT_MONTHS[t.month - 1]!);
    case "B":
      return text(MONTH_NAMES[t.month - 1]!);
    case "p":
      return text(t.hour < 12 ? "AM" : "PM");
    case "P":
      return t.hour < 12 ? "am" : "pm";
    case "Z":
      return text(t.offset?.name ?? "UTC");
    case "z":
    case ":z":
    case "::z":
    case ":::z":
      return offsetText(t.offset?.seconds ?? 0, letter.length - 1);
    case "D":
    case "x":
      return text(`${two(t.month)}/${two(t.day)}/${two(t.year % 100)}`);
    case "F":
      return text(`${t.year}-${two(t.month)}-${two(t.day)}`);
    case "T":
    case "X":
      return text(`${two(t.hour)}:${two(t.minute)}:${two(t.second)}`);
    case "R":
      return text(`${two(t.hour)}:${two(t.minute)}`);
    case "r":
      return text(`${two(twelve)}:${two(t.minute)}:${two(t.second)} ${t.hour < 12 ? "AM" : "PM"}`);
    case "c":
      return text(strftime("%a %b %e %H:%M:%S %Y", t));
    default:
      return undefined;
  }
}
