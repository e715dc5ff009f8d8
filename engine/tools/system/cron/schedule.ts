/** Lines of crontabs (crontab(5) of Debian's cron): when, and what. */
import { DESCRIPTORS } from "../../../api/batch/schedule.ts";
import { civilFromDays, SHORT_DAYS, SHORT_MONTHS } from "../../../text/time.ts";

export interface Job {
  /** Set bits of minutes, hours, days of the month, months, days of the week (0: Sunday). */
  fields: readonly ReadonlySet<number>[];
  /** A star in the field of days: then the other one alone decides. */
  anyDay: boolean;
  anyWeekday: boolean;
  reboot: boolean;
  user: string;
  command: string;
  env: ReadonlyMap<string, string>;
}

/** What is wrong with a line, as crontab says it: `bad minute`. */
export class CrontabError extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

const RANGES = [
  [0, 59, "minute"],
  [0, 23, "hour"],
  [1, 31, "day-of-month"],
  [1, 12, "month"],
  [0, 7, "day-of-week"],
] as const;

const NAMES: Readonly<Record<string, number>> = Object.fromEntries([
  ...SHORT_MONTHS.map((name, i) => [name.toLowerCase(), i + 1]),
  ...SHORT_DAYS.map((name, i) => [name.toLowerCase(), i]),
]);

function field(text: string, low: number, high: number): Set<number> | undefined {
  const out = new Set<number>();
  for (const part of text.split(",")) {
    const match = /^(\*|([a-z]{3}|\d+)(?:-([a-z]{3}|\d+))?)(?:\/(\d+))?$/i.exec(part);
    if (match === null) return undefined;
    const number = (word: string | undefined) =>
      word === undefined ? undefined : (NAMES[word.toLowerCase()] ?? Number(word));
    const first = match[1] === "*" ? low : number(match[2])!;
    const last = match[1] === "*" ? high : (number(match[3]) ?? (match[4] ? high : first));
    const step = Number(match[4] ?? 1);
    if (!(first >= low && last <= high && step > 0)) return undefined;
    for (let value = first; value <= last; value += step) out.add(value);
  }
  return out;
}

/** Jobs of a crontab's text. `user`: whose it is; undefined for /etc/crontab, which names one in each line. Throws CrontabError. */
export function parseCrontab(text: string, user: string | undefined): Job[] {
  const jobs: Job[] = [];
  const env = new Map<string, string>();
  for (const [i, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const setting = /^([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/.exec(line);
    if (setting) {
      env.set(setting[1]!, setting[2]!.replace(/^(["'])(.*)\1$/, "$2"));
      continue;
    }
    const nick = /^(@[a-z]+)\s+(.*)$/.exec(line);
    const reboot = nick?.[1] === "@reboot";
    const full = nick ? (reboot ? `0 0 1 1 * ${nick[2]}` : `${DESCRIPTORS[nick[1]!] ?? "x"} ${nick[2]}`) : line;
    const match = /^(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s+(.*)$/.exec(full);
    const words = full.split(/\s+/);
    const fields: Set<number>[] = [];
    for (const [k, [low, high, name]] of RANGES.entries()) {
      const set = words[k] === undefined ? undefined : field(words[k]!, low, high);
      // A line that ends too soon was read to its end.
      if (set === undefined)
        throw new CrontabError(
          words[k] === undefined ? i + 1 : i,
          nick && !DESCRIPTORS[nick[1]!] && !reboot ? "bad time specifier" : `bad ${name}`,
        );
      fields.push(set);
    }
    if (match === null) throw new CrontabError(i, "bad command");
    if (fields[4]!.has(7)) fields[4]!.add(0);
    const [owner, command] =
      user === undefined ? [match[6]!.split(/\s+/)[0]!, match[6]!.replace(/^\S+\s*/, "")] : [user, match[6]!];
    if (command === "") throw new CrontabError(i, "bad command");
    jobs.push({
      fields,
      anyDay: words[2]!.startsWith("*"),
      anyWeekday: words[4]!.startsWith("*"),
      reboot,
      user: owner,
      command,
      env: new Map(env),
    });
  }
  return jobs;
}

/** True when a job is due in the minute that begins at `seconds` since 1970 (UTC). */
export function isDue(job: Job, seconds: number): boolean {
  const [minutes, hours] = job.fields;
  const minute = Math.floor(seconds / 60) % 60;
  const hour = Math.floor(seconds / 3600) % 24;
  return !job.reboot && minutes!.has(minute) && hours!.has(hour) && isDay(job, Math.floor(seconds / 86_400));
}

function isDay({ fields, anyDay, anyWeekday }: Job, days: number): boolean {
  const [, month, date] = civilFromDays(days);
  if (!fields[3]!.has(month)) return false;
  const day = fields[2]!.has(date);
  const weekday = fields[4]!.has((((days + 4) % 7) + 7) % 7);
  return anyDay || anyWeekday ? day && weekday : day || weekday;
}

/** The first minute after `seconds` at which one of the jobs is due, in seconds since 1970; undefined within a year: never. */
export function nextDue(jobs: readonly Job[], seconds: number): number | undefined {
  let at = (Math.floor(seconds / 60) + 1) * 60;
  const end = at + 366 * 86_400;
  while (at < end) {
    const day = Math.floor(at / 86_400);
    const today = jobs.filter((job) => !job.reboot && isDay(job, day));
    if (today.length > 0) {
      for (; at < (day + 1) * 86_400; at += 60) if (today.some((job) => isDue(job, at))) return at;
    }
    at = (day + 1) * 86_400;
  }
  return undefined;
}
