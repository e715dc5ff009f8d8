/** metav1.Time and metav1.MicroTime without Date: RFC 3339 to and from milliseconds (or microseconds) since 1970. */
import { civilFromDays, daysFromCivil } from "../text/time.ts";

const DAY_MS = 86_400_000;

const isDigit = (code: number) => code >= 48 && code <= 57;

function digits(text: string, from: number, count: number): number {
  let value = 0;
  for (let i = from; i < from + count; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** The last date that was read, `2025-03-01T`: most times are of one day. */
let dateText = "";
let dateDays = 0;

/** Microseconds since 1970 of an RFC 3339 time; NaN when it is none (Go's time.RFC3339: `T` and `Z` in upper case). */
export function parseMicros(text: string): number {
  if (dateText === "" || !text.startsWith(dateText)) {
    const year = digits(text, 0, 4);
    const month = digits(text, 5, 2);
    const day = digits(text, 8, 2);
    if (!(year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month))) return Number.NaN;
    if (text[4] !== "-" || text[7] !== "-" || text[10] !== "T") return Number.NaN;
    dateDays = daysFromCivil(year, month, day);
    dateText = text.slice(0, 11);
  }
  const days = dateDays;
  const hour = digits(text, 11, 2);
  const minute = digits(text, 14, 2);
  const second = digits(text, 17, 2);
  if (!(hour < 24 && minute < 60 && second < 60)) return Number.NaN;
  if (text[13] !== ":" || text[16] !== ":") return Number.NaN;
  let at = 19;
  let fraction = 0;
  if (text[at] === "." || text[at] === ",") {
    const from = ++at;
    let scale = 100_000;
    while (isDigit(text.charCodeAt(at))) {
      fraction += (text.charCodeAt(at) - 48) * scale;
      scale = scale >= 10 ? scale / 10 : 0;
      at++;
    }
    if (at === from) return Number.NaN;
  }
  let offset = 0;
  if (text[at] === "Z") at++;
  else if (text[at] === "+" || text[at] === "-") {
    const hours = digits(text, at + 1, 2);
    const minutes = digits(text, at + 4, 2);
    if (!(hours < 24 && minutes < 60) || text[at + 3] !== ":") return Number.NaN;
    offset = (hours * 60 + minutes) * 60 * (text[at] === "-" ? -1 : 1);
    at += 6;
  } else return Number.NaN;
  if (at !== text.length) return Number.NaN;
  const seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset;
  return seconds * 1_000_000 + fraction;
}

/** Milliseconds since 1970 of an RFC 3339 time; NaN when it is none. */
export function parseTime(text: string): number {
  return Math.floor(parseMicros(text) / 1000);
}

const two = (n: number) => (n < 10 ? `0${n}` : String(n));

let shownDays = Number.NaN;
let shownDate = "";
/** Texts of seconds that were shown lately, each at the place of its last bits. */
const seconds = new Array<number>(64).fill(Number.NaN);
const texts = new Array<string>(64).fill("");

/** `2025-03-01T09:00:00Z`: metav1.Time as it is stored, in whole seconds. */
export function formatTime(ms: number): string {
  // The same few seconds come again and again; their texts are shared.
  const second = Math.floor(ms / 1000);
  const place = second & 63;
  if (seconds[place] !== second) {
    texts[place] = timeText(ms);
    seconds[place] = second;
  }
  return texts[place]!;
}

function timeText(ms: number): string {
  const days = Math.floor(ms / DAY_MS);
  if (days !== shownDays) {
    const [year, month, day] = civilFromDays(days);
    shownDate = `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}T`;
    shownDays = days;
  }
  const s = Math.floor((ms - days * DAY_MS) / 1000);
  return `${shownDate}${two(Math.floor(s / 3600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}Z`;
}

let microSecond = Number.NaN;
let microHead = "";

/** `2025-03-01T09:00:00.000000Z`: metav1.MicroTime as it is stored. */
export function formatMicroTime(micros: number): string {
  const second = Math.floor(micros / 1_000_000);
  if (second !== microSecond) {
    microSecond = second;
    microHead = `${formatTime(second * 1000).slice(0, -1)}.`;
  }
  // The leading 1 keeps the zeros of the fraction.
  return `${microHead}${String(1_000_000 + micros - second * 1_000_000).slice(1)}Z`;
}

/** Whether a text is just what `formatMicroTime` writes. */
export function isMicroTime(text: string): boolean {
  if (text.length !== 27 || text[26] !== "Z" || text[19] !== ".") return false;
  // Most were made within the second.
  if (microHead !== "" && text.startsWith(microHead)) return digits(text, 20, 6) >= 0;
  return !Number.isNaN(parseMicros(text));
}
