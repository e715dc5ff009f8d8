/** cal(1) and ncal(1) as Debian's package ncal has them: weeks in rows, or in columns. */
import type { Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { localZone } from "../../machine/zone.ts";
import { civilFromDays, daysFromCivil, MONTH_NAMES } from "../../text/time.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal, type Tool, tool } from "../tool.ts";

const USAGE = `Usage: cal [general options] [-jy] [[month] year]
       cal [general options] [-j] [-m month] [year]
       ncal -C [general options] [-jy] [[month] year]
       ncal -C [general options] [-j] [-m month] [year]
       ncal [general options] [-bhJjpwySM] [-H yyyy-mm-dd] [-s country_code] [-W number of days] [[month] year]
       ncal [general options] [-Jeo] [year]
General options: [-31] [-A months] [-B months] [-d yyyy-mm]
`;
/** EX_USAGE of sysexits.h. */
const WRONG = 64;
const WEEK = ["Su", "Mo", "Tu", "We", "Th", "Fr", "Sa"];

interface Month {
  year: number;
  month: number;
}

interface Day {
  day: number;
  /** Days since 1970. */
  number: number;
}

interface Style {
  monday: boolean;
  /** Days of the year in place of those of the month. */
  julian: boolean;
  weeks: boolean;
  today: number | undefined;
}

/** The days of a month; until the 2nd of September 1752 by the calendar of Julius Caesar, which the 14th followed. */
function daysOf({ year, month }: Month): Day[] {
  const old = year < 1752 || (year === 1752 && month < 9);
  const [nextYear, next] = month === 12 ? [year + 1, 1] : [year, month + 1];
  const begin = old || (year === 1752 && month === 9) ? julianDays(year, month) : daysFromCivil(year, month, 1);
  const end = old ? julianDays(nextYear, next) : daysFromCivil(nextYear, next, 1);
  return Array.from({ length: end - begin }, (_, i) => ({
    day: year === 1752 && month === 9 && i > 1 ? i + 12 : i + 1,
    number: begin + i,
  }));
}

/** Days since 1970 of the first of a month that the Julian calendar counts. */
function julianDays(year: number, month: number): number {
  const [y, m] = month < 3 ? [year - 1, month + 12] : [year, month];
  return Math.floor(365.25 * (y + 4716)) + Math.floor(30.6001 * (m + 1)) + 1 - 1524 - 2440588;
}

const weekday = (number: number) => (((number + 4) % 7) + 7) % 7;

/** The number of a week by ISO 8601: that of its Thursday. */
function weekOf(number: number): number {
  const thursday = number - ((weekday(number) + 6) % 7) + 3;
  const [year] = civilFromDays(thursday);
  return Math.floor((thursday - daysFromCivil(year!, 1, 1)) / 7) + 1;
}

function center(text: string, width: number): string {
  const left = Math.floor((width - text.length) / 2);
  return " ".repeat(Math.max(0, left)) + text + " ".repeat(Math.max(0, width - text.length - left));
}

/** The cells of a month, a week after the other: six weeks of seven days. */
function cellsOf(one: Month, style: Style): { cells: string[]; first: number } {
  const days = daysOf(one);
  const first = days[0]!.number;
  const skip = (weekday(first) + (style.monday ? 6 : 0)) % 7;
  const width = style.julian ? 3 : 2;
  const newYear = style.julian ? daysOf({ year: one.year, month: 1 })[0]!.number : 0;
  const cells = Array.from({ length: 42 }, () => " ".repeat(width));
  days.forEach(({ day, number }, i) => {
    const text = String(style.julian ? number - newYear + 1 : day).padStart(width);
    cells[skip + i] = number === style.today ? `\x1b[7m${text}\x1b[0m` : text;
  });
  return { cells, first: first - skip };
}

const order = ({ monday }: Style) => (monday ? [...WEEK.slice(1), WEEK[0]!] : WEEK);

/** Weeks in rows: eight lines of one width. */
function rowsOf(one: Month, style: Style, named: boolean): string[] {
  const { cells, first } = cellsOf(one, style);
  const width = style.julian ? 3 : 2;
  const title = MONTH_NAMES[one.month - 1]! + (named ? ` ${one.year}` : "");
  const margin = style.weeks ? " w| " : "";
  const gap = style.weeks ? "   " : "  ";
  const rows = [
    style.weeks ? `${center(title, 7 * width + 12)} ` : `${center(title, 7 * width + 6)}  `,
    `${margin}${order(style)
      .map((name) => name.padStart(width))
      .join(" ")}${gap}`,
  ];
  for (let i = 0; i < 42; i += 7) {
    const week = cells.slice(i, i + 7);
    const filled = week.some((cell) => cell.trim() !== "");
    const mark = filled ? `${String(weekOf(first + i + 3)).padStart(2)}| ` : " ".repeat(margin.length);
    rows.push(`${style.weeks ? mark : ""}${week.join(" ")}${gap}`);
  }
  return rows;
}

/** Weeks in columns: the lines of a month without the names of days before them. */
function columnsOf(one: Month, style: Style, named: boolean): string[] {
  const { cells, first } = cellsOf(one, style);
  const title = MONTH_NAMES[one.month - 1]! + (named ? ` ${one.year}` : "");
  const weeks = [0, 7, 14, 21, 28, 35];
  const line = (of: (at: number) => string) => weeks.map((at) => ` ${of(at)}`).join("");
  const rows = [title.padEnd(style.julian ? 24 : 18)];
  for (let day = 0; day < 7; day++) rows.push(line((at) => cells[at + day]!));
  const number = (at: number) =>
    (cells.slice(at, at + 7).some((cell) => cell.trim() !== "") ? String(weekOf(first + at + 3)) : "").padStart(
      style.julian ? 3 : 2,
    );
  if (style.weeks) rows.push(line(number));
  return rows;
}

function beside(blocks: string[][]): string[] {
  return blocks[0]!.map((_, row) => blocks.map((of) => of[row]).join(""));
}

function monthOf(text: string): number {
  const at = MONTH_NAMES.findIndex((name) => {
    const lower = name.toLowerCase();
    return lower === text.toLowerCase() || lower.slice(0, 3) === text.toLowerCase();
  });
  const month = /^\d+$/.test(text) ? Number(text) : at + 1;
  if (month < 1 || month > 12) throw new Fatal(`${text} is neither a month number (1..12) nor a name`, WRONG);
  return month;
}

function yearOf(text: string): number {
  if (!/^\d+$/.test(text)) throw new Fatal(`not a valid year ${text}`, WRONG);
  const year = Number(text);
  if (year < 1 || year > 9999) throw new Fatal(`year \`${year}' not in range 1..9999`, WRONG);
  return year;
}

/** Which months are shown: a whole year, or some around one. */
function monthsOf(t: Tool, o: ParsedOptions): { year: number } | { from: number; count: number } {
  const now = localZone(t.p).calendar(Math.floor(t.p.machine.kernel.wallMs / 1000));
  const words = [...o.operands];
  const yearText = words.pop();
  const monthText = words.pop() ?? o.value("m");
  let base: Month = {
    year: yearText === undefined ? now.year : yearOf(yearText),
    month: monthText === undefined ? now.month : monthOf(monthText),
  };
  const given = o.value("d");
  if (given !== undefined) {
    const [year = "", month = ""] = given.split("-");
    base = { year: yearOf(/^\d+/.exec(year)?.[0] ?? "0"), month: monthOf(/^\d+/.exec(month)?.[0] ?? "0") };
  }
  const alone = yearText !== undefined && monthText === undefined;
  const narrow = o.last("1", "3", "A", "B");
  if (alone && narrow !== undefined)
    throw new Fatal(`-${narrow.key} together with a given year but no given month is not supported.`, WRONG);
  if (o.has("y") || alone) return { year: base.year };
  const before = o.has("3") ? 1 : Number(o.value("B") ?? 0) || 0;
  const after = o.has("3") ? 1 : Number(o.value("A") ?? 0) || 0;
  return { from: base.year * 12 + base.month - 1 - before, count: before + 1 + after };
}

/** The Sunday of Easter as the Gregorian church reckons it, and the Orthodox in days of the same calendar. */
function easter(year: number, orthodox: boolean): string {
  const a = year % 19;
  let number: number;
  if (orthodox || year < 1753) {
    const d = (19 * a + 15) % 30;
    const e = (2 * (year % 4) + 4 * (year % 7) - d + 34) % 7;
    const month = Math.floor((d + e + 114) / 31);
    number = julianDays(year, month) + ((d + e + 114) % 31);
  } else {
    const b = Math.floor(year / 100);
    const c = year % 100;
    const f = Math.floor((b + 8) / 25);
    const h = (19 * a + b - Math.floor(b / 4) - Math.floor((b - f + 1) / 3) + 15) % 30;
    const l = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - h - (c % 4)) % 7;
    const m = Math.floor((a + 11 * h + 22 * l) / 451);
    number = daysFromCivil(year, Math.floor((h + l - 7 * m + 114) / 31), ((h + l - 7 * m + 114) % 31) + 1);
  }
  const [y, month, day] = civilFromDays(number);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${two(month!)}/${two(day!)}/${two(y! % 100)}`;
}

function show(t: Tool, o: ParsedOptions, inColumns: boolean): void {
  if (o.has("e", "o")) {
    const now = localZone(t.p).calendar(Math.floor(t.p.machine.kernel.wallMs / 1000));
    t.out.add(`${easter(o.operands[0] === undefined ? now.year : yearOf(o.operands[0]), o.has("o"))}\n`);
    return;
  }
  const shown = monthsOf(t, o);
  const now = Math.floor(t.p.machine.kernel.wallMs / 86_400_000);
  const style: Style = {
    monday: o.last("M", "S")?.key === "M",
    julian: o.has("j"),
    weeks: o.has("w"),
    today: t.p.fds.get(1)?.tty !== undefined && !o.has("h") ? now : undefined,
  };
  const whole = "year" in shown;
  const from = whole ? shown.year * 12 : shown.from;
  const count = whole ? 12 : shown.count;
  const across = inColumns ? (whole ? (style.julian ? 3 : 4) : 3) : style.julian ? 2 : 3;
  if (whole) {
    const width = across * (inColumns ? (style.julian ? 24 : 18) : style.julian ? 27 : 20);
    t.out.add(`${center(String(shown.year), width).trimEnd()}\n`);
  }
  for (let i = 0; i < count; i += across) {
    if (i > 0 && (whole || !inColumns)) t.out.add("\n");
    const blocks = Array.from({ length: Math.min(across, count - i) }, (_, k) => from + i + k).map((n) =>
      (inColumns ? columnsOf : rowsOf)({ year: Math.floor(n / 12), month: (n % 12) + 1 }, style, !whole),
    );
    const names = inColumns ? ["    ", ...order(style), "  "] : [];
    beside(blocks).forEach((row, at) => {
      t.out.add(`${names[at] ?? ""}${row}\n`);
    });
  }
}

function calendar(name: "cal" | "ncal"): Program {
  return tool(
    {
      name,
      standard: false,
      short: name === "cal" ? "13A:B:Cd:hjm:wy" : "13A:B:bCd:eH:hJjm:MopSs:W:wy",
      usage: "",
      about: "",
      version: "cal",
      usageStatus: WRONG,
      hint: USAGE.trimEnd(),
    },
    function* (t, o) {
      // cal itself highlights and numbers nothing.
      if (o.operands.length > 2 || (name === "cal" && o.has("h", "w"))) {
        yield* sys.printError(t.p, USAGE);
        return WRONG;
      }
      show(t, o, name === "ncal" && !o.has("b", "C"));
      return 0;
    },
  );
}

export const cal = calendar("cal");
export const ncal = calendar("ncal");
