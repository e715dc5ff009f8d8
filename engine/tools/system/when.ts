/** Times and spans in systemd's words (src/basic/time-util.c). */
import type { Process } from "../../machine/process.ts";
import { localZone } from "../../machine/zone.ts";
import { strftime } from "../../text/time.ts";
import type { Zone } from "../../text/zone.ts";

const US = 1;
const MS = 1000;
const S = 1_000_000;
const MIN = 60 * S;
const H = 60 * MIN;
const DAY = 24 * H;
const WEEK = 7 * DAY;
const MONTH = 2_629_800 * S;
const YEAR = 31_557_600 * S;

/** strftime of a virtual time (µs), in the time zone of the program that shows it unless another is given. */
export function wallTime(p: Process, at: number, format: string, zone: Zone = localZone(p)): string {
  const { kernel } = p.machine;
  const micros = Math.floor(kernel.epochMs * 1000 + at);
  const seconds = Math.floor(micros / S);
  return strftime(format, zone.calendar(seconds, (micros - seconds * S) * 1000));
}

/** `Sat 2025-03-01 09:00:12 UTC`. */
export function timestamp(p: Process, at: number): string {
  return wallTime(p, at, "%a %Y-%m-%d %H:%M:%S %Z");
}

const plural = (n: number, word: string) => `${n} ${word}${n === 1 ? "" : "s"}`;

/** How long until then, as list-timers has it: `10h left`. */
export function left(us: number): string {
  return us <= 0 ? "now" : ago(us).replace(/ ago$/, " left");
}

/** How long ago, as format_timestamp_relative() has it: `5min ago`, `1h 3min ago`. */
export function ago(us: number): string {
  if (us >= YEAR)
    return `${plural(Math.floor(us / YEAR), "year")} ${plural(Math.floor((us % YEAR) / MONTH), "month")} ago`;
  if (us >= MONTH)
    return `${plural(Math.floor(us / MONTH), "month")} ${plural(Math.floor((us % MONTH) / DAY), "day")} ago`;
  if (us >= WEEK) return `${plural(Math.floor(us / WEEK), "week")} ${plural(Math.floor((us % WEEK) / DAY), "day")} ago`;
  if (us >= 2 * DAY) return `${Math.floor(us / DAY)} days ago`;
  if (us >= 25 * H) return `1 day ${Math.floor((us - DAY) / H)}h ago`;
  if (us >= 6 * H) return `${Math.floor(us / H)}h ago`;
  if (us >= H) return `${Math.floor(us / H)}h ${Math.floor((us % H) / MIN)}min ago`;
  if (us >= 5 * MIN) return `${Math.floor(us / MIN)}min ago`;
  if (us >= MIN) return `${Math.floor(us / MIN)}min ${Math.floor((us % MIN) / S)}s ago`;
  if (us >= S) return `${Math.floor(us / S)}s ago`;
  if (us >= MS) return `${Math.floor(us / MS)}ms ago`;
  return us > 0 ? `${Math.floor(us / US)}us ago` : "now";
}

/** A span to `accuracy` µs, as format_timespan() has it: `1min 30s`, `2.345s`, `24ms`. */
export function span(us: number, accuracy = MS): string {
  const units: [string, number][] = [
    ["y", YEAR],
    ["month", MONTH],
    ["w", WEEK],
    ["d", DAY],
    ["h", H],
    ["min", MIN],
    ["s", S],
    ["ms", MS],
    ["us", US],
  ];
  if (us === Number.POSITIVE_INFINITY) return "infinity";
  if (us <= 0) return "0";
  const out: string[] = [];
  let rest = Math.floor(us);
  for (const [name, size] of units) {
    if (rest <= 0 || (rest < accuracy && out.length > 0)) break;
    if (rest < size) continue;
    const whole = Math.floor(rest / size);
    const below = rest % size;
    if (size <= S && below >= accuracy && size > US) {
      let digits = 0;
      for (let unit = size; unit > Math.max(accuracy, 1); unit /= 10) digits++;
      const fraction = String(Math.floor(below / Math.max(accuracy, 1))).padStart(digits, "0");
      out.push(digits === 0 ? `${whole}${name}` : `${whole}.${fraction}${name}`);
      return out.join(" ");
    }
    out.push(`${whole}${name}`);
    rest = below;
  }
  return out.join(" ") || "0";
}

/** Bytes as format_bytes() has it: `30.0M`, `1.2G`, `512B`. */
export function bytes(count: number): string {
  for (const [letter, size] of [
    ["T", 2 ** 40],
    ["G", 2 ** 30],
    ["M", 2 ** 20],
    ["K", 2 ** 10],
  ] as const) {
    if (count >= size) return `${Math.floor(count / size)}.${Math.floor(((count % size) * 10) / size)}${letter}`;
  }
  return `${count}B`;
}
