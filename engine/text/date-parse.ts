/** The date texts of `date -d` and `touch -d` (gnulib's parse-datetime, its common part). */
import { calendar, DAYS, MONTH_NAMES, toEpoch } from "./time.ts";
import { UTC, type Zone, zoneOf } from "./zone.ts";

const UNITS: Record<string, number> = {
  sec: 1,
  second: 1,
  min: 60,
  minute: 60,
  hour: 3600,
  day: 86_400,
  week: 604_800,
  fortnight: 1_209_600,
};
const ORDINALS: Record<string, number> = {
  last: -1,
  this: 0,
  next: 1,
  first: 1,
  third: 3,
  fourth: 4,
  fifth: 5,
  sixth: 6,
  seventh: 7,
  eighth: 8,
  ninth: 9,
  tenth: 10,
  eleventh: 11,
  twelfth: 12,
};

/** Hours east of Greenwich of the zones that gnulib's parse_datetime knows by letters; those of daylight saving are an hour on. */
const ZONES: Record<string, number> = {
  wet: 0,
  west: 1,
  bst: 1,
  art: -3,
  brt: -3,
  ast: -4,
  adt: -3,
  clt: -4,
  est: -5,
  edt: -4,
  cst: -6,
  cdt: -5,
  mst: -7,
  mdt: -6,
  pst: -8,
  pdt: -7,
  akst: -9,
  akdt: -8,
  hst: -10,
  wat: 1,
  cet: 1,
  cest: 2,
  met: 1,
  mez: 1,
  mest: 2,
  eet: 2,
  eest: 3,
  cat: 2,
  sast: 2,
  eat: 3,
  msk: 3,
  ist: 5.5,
  sgt: 8,
  kst: 9,
  jst: 9,
  gst: 10,
  nzst: 12,
  nzdt: 13,
};

/** The instant a text names, in ms since 1970, seen from `nowMs` in the zone `local`; undefined when it is no date. */
export function parseDate(text: string, nowMs: number, local: Zone = UTC): number | undefined {
  const at = /^\s*@(-?\d+(?:[.,]\d+)?)\s*$/.exec(text);
  if (at) return Number(at[1]!.replace(",", ".")) * 1000;
  const nowSeconds = Math.floor(nowMs / 1000);
  // `TZ="…"` before a date is the zone it is meant in.
  const tz = /^\s*TZ="((?:[^"\\]|\\.)*)"/.exec(text);
  const home = tz === null ? local : zoneOf(tz[1]!.replace(/\\(.)/g, "$1"));
  const now = home.calendar(nowSeconds);
  let { year, month, day, hour, minute, second } = now;
  let fraction = nowMs / 1000 - nowSeconds;
  let zone: number | undefined;
  let dateSeen = false;
  let timeSeen = false;
  let months = 0;
  let seconds = 0;
  let weekday: { day: number; ordinal: number } | undefined;
  let relative = false;
  let rest = text
    .slice(tz?.[0].length ?? 0)
    .replace(/\([^)]*\)/g, " ")
    .toLowerCase();
  const eat = (pattern: RegExp, monthAt?: number): RegExpExecArray | undefined => {
    const match = pattern.exec(rest);
    if (match === null) return undefined;
    if (monthAt !== undefined && monthIndex(match[monthAt]!) === 0) return undefined;
    rest = rest.slice(match[0].length);
    return match;
  };
  for (;;) {
    rest = rest.replace(/^[\s,]+/, "");
    if (rest === "") break;
    let m: RegExpExecArray | undefined;
    if ((m = eat(/^(\d{4,})([-/])(\d{1,2})\2(\d{1,2})(?:t(?=\d)|(?![\d:]))/))) {
      if (dateSeen) return undefined;
      [year, month, day] = [Number(m[1]), Number(m[3]), Number(m[4])];
      dateSeen = true;
    } else if ((m = eat(/^(\d{1,2})\/(\d{1,2})(?:\/(\d{2,4}))?(?![\d:])/))) {
      [month, day] = [Number(m[1]), Number(m[2])];
      if (m[3]) year = m[3].length === 2 ? Number(m[3]) + (Number(m[3]) < 69 ? 2000 : 1900) : Number(m[3]);
      dateSeen = true;
    } else if ((m = eat(/^(\d{4})(\d{2})(\d{2})(?:t(?=\d)|(?![\d:]))/))) {
      [year, month, day] = [Number(m[1]), Number(m[2]), Number(m[3])];
      dateSeen = true;
    } else if ((m = eat(/^(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d+))?)?\s*(am|pm|a\.m\.|p\.m\.)?(?![\d:])/))) {
      if (timeSeen) return undefined;
      [hour, minute, second] = [Number(m[1]), Number(m[2]), Number(m[3] ?? 0)];
      fraction = m[4] === undefined ? 0 : Number(`0.${m[4]}`);
      if (m[5]) hour = (hour % 12) + (m[5].startsWith("p") ? 12 : 0);
      if (hour > 23 || minute > 59 || second > 59) return undefined;
      timeSeen = true;
      // A signed number behind a time is its zone, whatever follows: `12:00 + 3 hours` is an hour after noon in zone +3.
      const offset = eat(/^\s*([-+])\s*(\d+)(?::(\d{2}))?/);
      if (offset) {
        const digits = Number(offset[2]);
        const minutes =
          offset[3] !== undefined || offset[2]!.length <= 2
            ? digits * 60 + Number(offset[3] ?? 0)
            : Math.floor(digits / 100) * 60 + (digits % 100);
        if (minutes > 24 * 60) return undefined;
        zone = (offset[1] === "-" ? -1 : 1) * minutes * 60;
      }
    } else if ((m = eat(/^(\d{1,2})\s*(am|pm)(?![a-z])/))) {
      hour = (Number(m[1]) % 12) + (m[2] === "pm" ? 12 : 0);
      minute = second = fraction = 0;
      timeSeen = true;
    } else if (
      (m = eat(/^([-+]?)\s*(\d*)\s*(year|month|fortnight|week|day|hour|minute|min|second|sec)s?(\s+ago)?(?![a-z])/))
    ) {
      if (m[2] === "" && m[1] !== "") return undefined;
      const sign = (m[1] === "-" ? -1 : 1) * (m[4] ? -1 : 1);
      add(sign * (m[2] === "" ? 1 : Number(m[2])), m[3]!);
    } else if (
      (m = eat(
        /^(last|this|next|first|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth)\s+([a-z]+)/,
      ))
    ) {
      const name = m[2]!.replace(/s$/, "");
      const count = ORDINALS[m[1]!]!;
      if (name in UNITS || name === "month" || name === "year") add(count * (eat(/^\s+ago(?![a-z])/) ? -1 : 1), name);
      else {
        const index = dayIndex(m[2]!);
        if (index < 0) return undefined;
        weekday = { day: index, ordinal: count };
      }
    } else if ((m = eat(/^(now|today|tomorrow|yesterday)(?![a-z])/))) {
      relative = true;
      if (m[1] === "tomorrow") seconds += 86_400;
      if (m[1] === "yesterday") seconds -= 86_400;
    } else if ((m = eat(/^(z|utc|gmt|ut)(?![a-z])/))) {
      // Unlike behind a bare time a number with a unit is none of the zone's here.
      const offset = eat(/^\s*([-+])(\d{1,2}):?(\d{2})?(?![\d:])(?!\s*(?:year|month|fortnight|week|day|hour|min|sec))/);
      zone = offset ? (offset[1] === "-" ? -1 : 1) * (Number(offset[2]) * 3600 + Number(offset[3] ?? 0) * 60) : 0;
    } else if (timeSeen && ZONES[/^[a-z]{3,4}(?![a-z])/.exec(rest)?.[0] ?? ""] !== undefined) {
      zone = ZONES[eat(/^[a-z]{3,4}/)![0]]! * 3600;
    } else if (timeSeen && (m = eat(/^([-+])(\d{2}):?(\d{2})(?![\d:])/))) {
      zone = (m[1] === "-" ? -1 : 1) * (Number(m[2]) * 3600 + Number(m[3]) * 60);
    } else if ((m = eat(/^([a-z]+)\.?\s+(\d{1,2})(?:(?:\s*,\s*|\s+)(\d{4})(?![\d:]))?(?![\d:])/, 1))) {
      month = monthIndex(m[1]!);
      day = Number(m[2]);
      if (m[3]) year = Number(m[3]);
      dateSeen = true;
    } else if ((m = eat(/^(\d{1,2})[\s-]*([a-z]{3,})\.?(?:[\s-]+(\d{4})(?![\d:]))?/, 2))) {
      day = Number(m[1]);
      month = monthIndex(m[2]!);
      if (m[3]) year = Number(m[3]);
      dateSeen = true;
    } else if ((m = eat(/^([a-z]+)/))) {
      const index = dayIndex(m[1]!);
      if (index < 0) return undefined;
      weekday = { day: index, ordinal: 0 };
    } else if (dateSeen && !timeSeen && (m = eat(/^(\d{1,2}?)(\d{2})?(?![\d:a-z/-])/))) {
      [hour, minute, second, fraction] = [Number(m[1]), Number(m[2] ?? 0), 0, 0];
      if (hour > 24 || minute > 59) return undefined;
      timeSeen = true;
    } else if (dateSeen && timeSeen && (m = eat(/^(\d{4})(?!\d)/))) year = Number(m[1]);
    else return undefined;
  }
  if (month < 1 || month > 12 || day < 1 || day > 31) return undefined;
  if (dateSeen && calendar(toEpoch(year, month, day)).month !== month) return undefined;
  if ((dateSeen || weekday) && !timeSeen) hour = minute = second = fraction = 0;
  else if (!dateSeen && !timeSeen && !relative && text.trim() === "") hour = minute = second = fraction = 0;
  const shown = toEpoch(year, month + months, day, hour, minute, second);
  if (zone === undefined && timeSeen && !home.shows(shown)) return undefined;
  let result = zone === undefined ? home.instant(shown) : shown - zone;
  if (weekday && !dateSeen) {
    const current = home.calendar(result).weekday;
    const { ordinal } = weekday;
    const ahead = ((weekday.day - current + 7) % 7) + 7 * (ordinal - (ordinal > 0 && weekday.day !== current ? 1 : 0));
    result += ahead * 86_400;
  }
  return (result + seconds + fraction) * 1000;

  function add(count: number, unit: string): void {
    relative = true;
    if (unit === "month") months += count;
    else if (unit === "year") months += 12 * count;
    else seconds += count * UNITS[unit]!;
  }
}

function monthIndex(word: string): number {
  if (word.length < 3) return 0;
  return MONTH_NAMES.findIndex((name) => name.toLowerCase() === word || name.slice(0, 3).toLowerCase() === word) + 1;
}

function dayIndex(word: string): number {
  return DAYS.findIndex((name) => {
    const full = name.toLowerCase();
    return full === word || full.slice(0, 3) === word || (word.length >= 4 && full.startsWith(word));
  });
}

/** `[[CC]YY]MMDDhhmm[.ss]` of `touch -t`, in ms since 1970. */
export function parseStamp(text: string, nowMs: number, local: Zone = UTC): number | undefined {
  const match = /^(\d{2})?(\d{2})?(\d{2})(\d{2})(\d{2})(\d{2})(?:\.(\d{2}))?$/.exec(text);
  if (match === null) return undefined;
  const [, a, b, month, day, hour, minute, second] = match;
  const short = b === undefined ? a : undefined;
  const year =
    a === undefined
      ? calendar(Math.floor(nowMs / 1000)).year
      : short !== undefined
        ? Number(short) + (Number(short) < 69 ? 2000 : 1900)
        : Number(`${a}${b}`);
  if (Number(month) < 1 || Number(month) > 12 || Number(day) > 31 || Number(hour) > 23 || Number(minute) > 59)
    return undefined;
  const shown = toEpoch(year, Number(month), Number(day), Number(hour), Number(minute), Number(second ?? 0));
  return local.instant(shown) * 1000;
}
