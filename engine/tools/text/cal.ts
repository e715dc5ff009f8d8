import { localZone } from "../../machine/zone.ts";
import { daysFromCivil, MONTH_NAMES } from "../../text/time.ts";
import { Fatal, quote, tool } from "../tool.ts";

/** cal(1) of the package ncal, in the proleptic Gregorian calendar: a month, three (-3), n (-n) or a year (-y). */
export const cal = tool(
  {
    name: "cal",
    short: "13jmn:swyYS",
    long: "one=1 three=3 months:=n sunday=s monday=m year=y twelve=Y julian=j week=w",
    usage: "[options] [[[day] month] year]\n cal [options] <timestamp|monthname>",
    about: "\nDisplay a calendar, or some part of it.",
    version: "cal from util-linux 2.41",
  },
  function* (t, o) {
    const now = localZone(t.p).calendar(Math.floor(t.p.machine.kernel.wallMs / 1000));
    const words = [...o.operands];
    const year =
      words.length > 0 && !(words.length === 1 && monthOf(words[0]!) !== undefined && !/^\d+$/.test(words[0]!))
        ? words.pop()!
        : String(now.year);
    if (!/^\d+$/.test(year)) throw new Fatal(`not a valid year ${year}`);
    if (Number(year) < 1 || Number(year) > 9999) throw new Fatal(`year \`${year}' not in range 1..9999`);
    const monthText = words.pop();
    const month = monthText === undefined ? undefined : monthOf(monthText);
    if (monthText !== undefined && (month === undefined || month < 1 || month > 12))
      throw new Fatal(`${monthText} is neither a month number (1..12) nor a name`, 64);
    const day = words.pop();
    if (words.length > 0) throw new Fatal(`bad usage\nTry '${t.name} --help' for more information.`);
    if (day !== undefined && (!/^\d+$/.test(day) || Number(day) < 1 || Number(day) > monthDays(Number(year), month!)))
      throw new Fatal(`illegal day value: use 1-${monthDays(Number(year), month!)}`);
    const monday = o.last("m", "s")?.key === "m";
    const whole = o.has("y") || (o.operands.length === 1 && month === undefined);
    const base = { year: Number(year), month: month ?? now.month };
    const today = t.p.fds.get(1)?.tty !== undefined ? now : undefined;
    if (whole) {
      t.out.add(`${center(String(base.year), 60).trimEnd()}\n`);
      for (let first = 1; first <= 12; first += 3) {
        if (first > 1) t.out.add("\n");
        for (const row of beside(
          [first, first + 1, first + 2].map((m) => block({ year: base.year, month: m }, monday, today, false)),
        ))
          t.out.add(`${row}\n`);
      }
      return 0;
    }
    const count = o.has("3") ? 3 : Number(o.value("n") ?? (o.has("Y") ? 12 : 1));
    if (!Number.isInteger(count)) throw new Fatal(`invalid month argument: ${quote(o.value("n")!)}`);
    const start = base.year * 12 + base.month - 1 - (o.has("3") ? 1 : 0);
    for (let i = 0; i < count; i += 3) {
      const blocks = Array.from({ length: Math.min(3, count - i) }, (_, k) => start + i + k).map((n) =>
        block({ year: Math.floor(n / 12), month: (n % 12) + 1 }, monday, today, true),
      );
      for (const row of beside(blocks)) t.out.add(`${row}\n`);
    }
    return 0;
  },
);

interface Month {
  year: number;
  month: number;
}

function monthOf(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text);
  const at = MONTH_NAMES.findIndex(
    (name) => name.toLowerCase() === text.toLowerCase() || name.slice(0, 3).toLowerCase() === text.toLowerCase(),
  );
  return at < 0 ? undefined : at + 1;
}

function monthDays(year: number, month: number): number {
  return daysFromCivil(month === 12 ? year + 1 : year, month === 12 ? 1 : month + 1, 1) - daysFromCivil(year, month, 1);
}

function center(text: string, width: number): string {
  const left = Math.floor((width - text.length) / 2);
  return " ".repeat(Math.max(0, left)) + text + " ".repeat(Math.max(0, width - text.length - left));
}

/** Eight rows of 22 columns; on a terminal today stands out. */
function block(
  { year, month }: Month,
  monday: boolean,
  today: { year: number; month: number; day: number } | undefined,
  named: boolean,
): string[] {
  const title = MONTH_NAMES[month - 1]! + (named ? ` ${year}` : "");
  const names = monday ? "Mo Tu We Th Fr Sa Su" : "Su Mo Tu We Th Fr Sa";
  const rows = [`${center(title, 20)}  `, `${names}  `];
  const first = (((daysFromCivil(year, month, 1) + 4) % 7) + 7) % 7;
  const skip = monday ? (first + 6) % 7 : first;
  const cells: string[] = Array.from({ length: 42 }, () => "  ");
  for (let day = 1; day <= monthDays(year, month); day++) {
    const marked = today !== undefined && today.year === year && today.month === month && today.day === day;
    const text = String(day).padStart(2);
    cells[skip + day - 1] = marked ? `\x1b[7m${text}\x1b[0m` : text;
  }
  for (let i = 0; i < 42; i += 7) rows.push(`${cells.slice(i, i + 7).join(" ")}  `);
  return rows;
}

function beside(blocks: string[][]): string[] {
  return blocks[0]!.map((_, row) => blocks.map((of) => of[row]).join(""));
}
