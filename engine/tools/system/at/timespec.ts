/** When at(1) is to run something: `now + 2 hours`, `10:00 Jul 4`, `teatime tomorrow` (at 3.2.5, parsetime.y). */
import { toEpoch } from "../../../text/time.ts";
import type { Zone } from "../../../text/zone.ts";

/** A time that cannot be understood; the message is what at says before `Garbled time`. */
export class TimespecError extends Error {}

const MONTHS = "january february march april may june july august september october november december".split(" ");
const DAYS = "sunday monday tuesday wednesday thursday friday saturday".split(" ");
const TIMES: Readonly<Record<string, number>> = { noon: 12, midnight: 0, teatime: 16 };
/** Seconds of the periods that are as long always. */
const SECONDS: Readonly<Record<string, number>> = { minute: 60, min: 60, hour: 3600, day: 86_400, week: 604_800 };

function named(word: string, names: readonly string[]): number | undefined {
  const at = names.findIndex((name) => word === name || word === name.slice(0, 3));
  return at < 0 ? undefined : at;
}

interface Fields {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
}

class Reader {
  private readonly words: string[];
  private at = 0;
  private last = "";

  constructor(text: string) {
    this.words = text.toLowerCase().match(/\d+|[a-z]+|[^\s\da-z]/g) ?? [];
  }

  peek(ahead = 0): string | undefined {
    return this.words[this.at + ahead];
  }

  take(): string | undefined {
    const word = this.words[this.at];
    if (word !== undefined) {
      this.last = word;
      this.at++;
    }
    return word;
  }

  /** The number that comes next. */
  number(): number {
    const word = this.take();
    if (word === undefined || !/^\d+$/.test(word)) this.fail();
    return Number(word);
  }

  get ended(): boolean {
    return this.at >= this.words.length;
  }

  /** Complains of the word where it went wrong: of one that nobody knows its first letter is seen. */
  fail(what = "syntax error", word = this.peek() ?? this.last): never {
    const known =
      /^(?:\W|\d)/.test(word) ||
      KNOWN.has(word) ||
      named(word, MONTHS) !== undefined ||
      named(word, DAYS) !== undefined;
    throw new TimespecError(word === "" ? "" : `${what}. Last token seen: ${known ? word : word[0]}\n`);
  }
}

const KNOWN = new Set(
  "now noon midnight teatime today tomorrow next am pm utc minute minutes min hour hours day days week weeks month months year years".split(
    " ",
  ),
);

/** Seconds since 1970 that a timespec means at `now`, in a zone. Throws `TimespecError`. */
export function parseTimespec(text: string, now: number, local: Zone): number {
  const r = new Reader(text);
  if (r.ended) throw new TimespecError("");
  const today = local.calendar(now);
  const f: Fields = { year: today.year, month: today.month, day: today.day, hour: today.hour, minute: today.minute };
  let timed = false;
  let dated = false;
  let zoned = false;
  if (r.peek() === "now") r.take();
  else {
    timed = time(r, f);
    if (timed && r.peek() === "utc") {
      r.take();
      zoned = true;
    }
    dated = date(r, f, today.weekday, now, local);
    if (!timed && !dated) r.fail();
  }
  const instant = () => {
    const shown = toEpoch(f.year, f.month, f.day, f.hour, f.minute);
    return zoned ? shown : local.instant(shown);
  };
  // A time of the day that has passed is tomorrow's.
  if (timed && !dated && instant() < now) f.day++;
  let extra = 0;
  const sign = r.peek();
  if (sign === "+" || sign === "-") {
    r.take();
    const count = r.number() * (sign === "+" ? 1 : -1);
    extra = period(r, f, count);
  }
  if (!r.ended) r.fail();
  return instant() + extra;
}

/** Adds a period: seconds, or to the fields where it is no fixed number of them. */
function period(r: Reader, f: Fields, count: number): number {
  const word = (r.peek() ?? "").replace(/s$/, "");
  if (word === "month") f.month += count;
  else if (word === "year") f.year += count;
  else if (word === "day") f.day += count;
  else if (word === "week") f.day += 7 * count;
  else if (SECONDS[word] === undefined) r.fail();
  r.take();
  return word === "hour" || word === "minute" || word === "min" ? count * SECONDS[word]! : 0;
}

/** `10:30`, `1030`, `10 am`, `noon`; false where no time stands there. */
function time(r: Reader, f: Fields): boolean {
  const word = r.peek() ?? "";
  if (TIMES[word] !== undefined) {
    r.take();
    [f.hour, f.minute] = [TIMES[word]!, 0];
    return true;
  }
  if (!/^\d+$/.test(word)) return false;
  const next = r.peek(1) ?? "";
  const separated = /^[:'.,h]$/.test(next) && /^\d+$/.test(r.peek(2) ?? "");
  // 4.7.27 and 2027-07-04 are dates.
  if (separated && next === "." && r.peek(3) === ".") return false;
  const half = /^(?:am|pm)$/;
  if (!separated && word.length !== 4 && !half.test(next)) return false;
  if (!separated && next === "-") return false;
  r.take();
  if (separated) {
    r.take();
    [f.hour, f.minute] = [Number(word), r.number()];
    if (f.hour > 24) r.fail("Problem in hours specification", `${word}:${String(f.minute).padStart(2, "0")}`);
    if (f.minute > 60) r.fail("Problem in minutes specification", `${word}:${f.minute}`);
  } else if (word.length === 4) [f.hour, f.minute] = [Math.floor(Number(word) / 100), Number(word) % 100];
  else [f.hour, f.minute] = [Number(word), 0];
  if (half.test(r.peek() ?? "")) {
    const pm = r.take() === "pm";
    if (f.hour > 12) r.fail(`Hour too large for ${pm ? "PM" : "AM"}`, pm ? "pm" : "am");
    f.hour = (f.hour % 12) + (pm ? 12 : 0);
  }
  return true;
}

/** A date; false where none stands there. */
function date(r: Reader, f: Fields, weekday: number, now: number, local: Zone): boolean {
  const word = r.peek();
  if (word === undefined || word === "+" || word === "-") return false;
  if (word === "today" || word === "tomorrow") {
    r.take();
    if (word === "tomorrow") f.day++;
    return true;
  }
  if (word === "next") {
    r.take();
    const day = named(r.peek() ?? "", DAYS);
    if (day !== undefined) {
      r.take();
      toWeekday(f, weekday, day);
      return true;
    }
    const extra = period(r, f, 1);
    f.minute += extra / 60;
    return true;
  }
  const day = named(word, DAYS);
  if (day !== undefined) {
    r.take();
    toWeekday(f, weekday, day);
    return true;
  }
  const month = named(word, MONTHS);
  if (month !== undefined) {
    r.take();
    [f.month, f.day] = [month + 1, r.number()];
    if (r.peek() === ",") r.take();
    year(r, f, now, local);
    return true;
  }
  if (!/^\d+$/.test(word)) return false;
  const next = r.peek(1) ?? "";
  const later = named(next, MONTHS);
  if (later !== undefined) {
    r.take();
    r.take();
    [f.day, f.month] = [Number(word), later + 1];
    year(r, f, now, local);
    return true;
  }
  if (/^[-./]$/.test(next)) return parted(r, f, next);
  if (word.length >= 5) {
    r.take();
    const digits = word.padStart(6, "0");
    [f.month, f.day] = [Number(digits.slice(0, 2)), Number(digits.slice(2, 4))];
    if (f.month < 1 || f.month > 12) r.fail("Error in month number", word);
    f.year = fullYear(Number(digits.slice(4)));
    return true;
  }
  r.take();
  if (Number(word) === 0) r.fail("Error in day of month", word);
  r.fail("syntax error", word);
}

/** `2027-07-04`, `07/04/27`, `4.7.27`. */
function parted(r: Reader, f: Fields, separator: string): boolean {
  const numbers = [r.number()];
  while (r.peek() === separator && numbers.length < 3) {
    r.take();
    numbers.push(r.number());
  }
  const [a = 0, b = 0, c] = numbers;
  if (separator === "-") [f.year, f.month, f.day] = [fullYear(a), b, c ?? 1];
  else if (separator === "/") [f.month, f.day] = [a, b];
  else [f.day, f.month] = [a, b];
  if (separator !== "-" && c !== undefined) f.year = fullYear(c);
  if (f.month < 1 || f.month > 12) r.fail("Error in month number", separator);
  return true;
}

/** The year behind a day and month, else the one in which it comes next. */
function year(r: Reader, f: Fields, now: number, local: Zone): void {
  if (/^\d{2,4}$/.test(r.peek() ?? "")) {
    f.year = fullYear(r.number());
    return;
  }
  const { month, day } = local.calendar(now);
  if (f.month < month || (f.month === month && f.day < day)) f.year++;
}

function fullYear(year: number): number {
  return year < 70 ? year + 2000 : year < 100 ? year + 1900 : year;
}

/** The next such day of the week, today not among them. */
function toWeekday(f: Fields, today: number, day: number): void {
  f.day += ((day - today + 6) % 7) + 1;
}
