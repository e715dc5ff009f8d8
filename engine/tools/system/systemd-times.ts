/** systemd-analyze calendar, timespan and timestamp. */
import type { Gen } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { CalendarSpec } from "../../machine/systemd/calendar.ts";
import { parseSpan } from "../../machine/systemd/unit-file.ts";
import { localZone } from "../../machine/zone.ts";
import { UTC } from "../../text/zone.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal, type Tool } from "../tool.ts";
import { instant } from "./journal-match.ts";
import { ago, left, span, timestamp, wallTime } from "./when.ts";

const row = (name: string, value: string): string => `${name.padStart(15)}: ${value}\n`;
const utc = (t: Tool, at: number): string => wallTime(t.p, at, "%a %Y-%m-%d %H:%M:%S UTC", UTC);
const relative = (us: number): string => (us < 0 ? ago(-us) : left(us));

/** Normalized forms of calendar events, and when they elapse. */
export function* showCalendar(t: Tool, names: readonly string[], o: ParsedOptions): Gen<number> {
  const { kernel } = t.p.machine;
  const given = o.value("base-time");
  const base = given === undefined ? kernel.now : instant(t.p, given)!;
  const iterations = Number(o.value("iterations") ?? 1);
  const zone = localZone(t.p);
  let status = 0;
  for (const [i, name] of names.entries()) {
    const spec = CalendarSpec.parse(name);
    if (spec === undefined) {
      yield* sys.printError(t.p, `Failed to parse calendar specification '${name}': Invalid argument\n`);
      status = 1;
      continue;
    }
    const form = String(spec);
    if (form !== name) t.out.add(row("Original form", name));
    t.out.add(row("Normalized form", form));
    let seconds = (kernel.epochMs * 1000 + base) / 1e6;
    for (let n = 1; n <= iterations; n++) {
      const next = spec.next(seconds, zone);
      if (next === undefined) {
        if (n === 1) t.out.add(row("Next elapse", "never"));
        break;
      }
      const at = next * 1e6 - kernel.epochMs * 1000;
      t.out.add(row(n === 1 ? "Next elapse" : `Iteration #${n}`, timestamp(t.p, at)));
      if (zone !== UTC && zone.calendar(next).offset?.name !== "UTC") t.out.add(row("(in UTC)", utc(t, at)));
      t.out.add(row("From now", relative(at - kernel.now)));
      seconds = next;
    }
    if (i < names.length - 1) t.out.add("\n");
  }
  return status;
}

export function* showSpan(t: Tool, names: readonly string[]): Gen<number> {
  for (const [i, name] of names.entries()) {
    const us = parseSpan(name);
    if (us === undefined) throw new Fatal(`Failed to parse time span '${name}': Invalid argument`);
    if (i > 0) t.out.add("\n");
    t.out.add(`Original: ${name}\n      μs: ${us}\n   Human: ${span(us, 1)}\n`);
  }
  yield* t.out.flush();
  return 0;
}

export function* showTimestamp(t: Tool, names: readonly string[]): Gen<number> {
  const { kernel } = t.p.machine;
  for (const [i, name] of names.entries()) {
    let at: number;
    try {
      at = instant(t.p, name)!;
    } catch (error) {
      if (!(error instanceof Fatal)) throw error;
      throw new Fatal(`Failed to parse "${name}": Invalid argument`);
    }
    if (i > 0) t.out.add("\n");
    const micros = Math.round(kernel.epochMs * 1000 + at);
    t.out.add(row("Original form", name) + row("Normalized form", micros === 0 ? "-" : timestamp(t.p, at)));
    if (localZone(t.p) !== UTC && localZone(t.p).calendar(0).offset?.name !== "UTC")
      t.out.add(row("(in UTC)", utc(t, at)));
    const rest = micros % 1_000_000;
    const fraction = rest === 0 ? "" : `.${String(rest).padStart(6, "0")}`;
    t.out.add(
      row("UNIX seconds", `@${Math.floor(micros / 1e6)}${fraction}`) + row("From now", relative(at - kernel.now)),
    );
  }
  yield* t.out.flush();
  return 0;
}
