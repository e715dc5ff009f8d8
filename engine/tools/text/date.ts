import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { localZone } from "../../machine/zone.ts";
import { parseDate, parseStamp } from "../../text/date-parse.ts";
import { strftime } from "../../text/time.ts";
import { UTC } from "../../text/zone.ts";
import { matchWord } from "../options.ts";
import { Fatal, quote, type Tool, tool, UsageError } from "../tool.ts";

const ISO: Record<string, string> = {
  hours: "%Y-%m-%dT%H%:z",
  minutes: "%Y-%m-%dT%H:%M%:z",
  date: "%Y-%m-%d",
  seconds: "%Y-%m-%dT%H:%M:%S%:z",
  ns: "%Y-%m-%dT%H:%M:%S,%N%:z",
};
const RFC_3339: Record<string, string> = {
  date: "%Y-%m-%d",
  seconds: "%Y-%m-%d %H:%M:%S%:z",
  ns: "%Y-%m-%d %H:%M:%S.%N%:z",
};

/** date(1) by the session's virtual clock, in the zone of TZ. */
export const date = tool(
  {
    name: "date",
    short: "d:f:I::r:Rs:u",
    long: "date:=d file:=f iso-8601::=I reference:=r rfc-email=R rfc-2822=R rfc-3339:=rfc-3339 set:=s utc=u universal=u debug=debug resolution=resolution",
    usage: "[OPTION]... [+FORMAT]\n  or:  date [-u|--utc|--universal] [MMDDhhmm[[CC]YY][.ss]]",
    about:
      "Display date and time in the given FORMAT.\nWith -s, or with [MMDDhhmm[[CC]YY][.ss]], set the date and time.",
  },
  function* (t, o) {
    const now = t.p.machine.kernel.wallMs;
    const zone = o.has("u") ? UTC : localZone(t.p);
    const showMs = (ms: number, how: string) => {
      // Virtual time has µs; binary fractions of ms are rounded to it.
      const micros = Math.round(ms * 1000);
      const seconds = Math.floor(micros / 1e6);
      t.out.add(`${strftime(how, zone.calendar(seconds, (micros - seconds * 1e6) * 1000))}\n`);
    };
    if (["d", "f", "r", "resolution"].filter((key) => o.has(key)).length > 1)
      throw new UsageError("the options to specify dates for printing are mutually exclusive");
    let format: string | undefined;
    for (const { key, value } of o.list) {
      let chosen: string | undefined;
      if (key === "R") chosen = "%a, %d %b %Y %H:%M:%S %z";
      if (key === "I") chosen = word(t, ISO, value ?? "date", "--iso-8601");
      if (key === "rfc-3339") chosen = word(t, RFC_3339, value!, "--rfc-3339");
      if (chosen === undefined) continue;
      if (format !== undefined) throw new Fatal("multiple output formats specified");
      format = chosen;
    }
    const [operand, extra] = o.operands;
    if (extra !== undefined) throw new UsageError(`extra operand ${quote(extra)}`);
    if (operand !== undefined) {
      if (!operand.startsWith("+")) {
        if (o.has("d", "r", "f"))
          throw new UsageError(
            `the argument ${quote(operand)} lacks a leading '+';\nwhen using an option to specify date(s), any non-option\nargument must be a format string beginning with '+'`,
          );
        if (!/^\d{8,12}(\.\d\d)?$/.test(operand)) throw new Fatal(`invalid date ${quote(operand)}`);
        // Machines share the cluster's clock: it cannot be set, and the time asked for is printed all the same.
        yield* t.error("cannot set date: Operation not permitted");
        showMs(parseStamp(stampOf(operand), now, zone) ?? now, "%a %b %e %H:%M:%S %Z %Y");
        return t.status;
      }
      if (format !== undefined) throw new Fatal("multiple output formats specified");
      format = operand.slice(1);
    }
    if (o.has("resolution")) {
      t.out.add("0.000000001\n");
      return 0;
    }
    const shape = format ?? "%a %b %e %H:%M:%S %Z %Y";
    const show = (ms: number) => showMs(ms, shape);
    const setting = o.value("s");
    if (setting !== undefined) {
      const ms = parseDate(setting, now, zone);
      if (ms === undefined) throw new Fatal(`invalid date ${quote(setting)}`);
      yield* t.error("cannot set date: Operation not permitted");
      show(ms);
      return t.status;
    }
    const file = o.value("f");
    if (file !== undefined) {
      const fd = yield* t.open(file);
      if (fd === undefined) return 1;
      const lines = t.lines(fd);
      for (;;) {
        const line = yield* lines.line();
        if (line === undefined) return t.status;
        const ms = parseDate(line, now, zone);
        if (ms === undefined) yield* t.error(`invalid date ${quote(line)}`);
        else show(ms);
      }
    }
    const reference = o.value("r");
    if (reference !== undefined) {
      try {
        show(t.p.machine.kernel.epochMs + sys.stat(t.p, reference).mtime / 1000);
      } catch (error) {
        if (!isErrno(error)) throw error;
        throw new Fatal(`${reference}: ${error.message}`);
      }
      return 0;
    }
    const text = o.value("d");
    const ms = text === undefined ? now : parseDate(text, now, zone);
    if (ms === undefined) throw new Fatal(`invalid date ${quote(text!)}`);
    show(ms);
    return 0;
  },
);

/** `MMDDhhmm[[CC]YY][.ss]` in the order of `touch -t`. */
function stampOf(text: string): string {
  const [, date, year, rest] = /^(\d{8})(\d{0,4})(.*)$/.exec(text)!;
  return `${year}${date}${rest}`;
}

function word(_t: Tool, words: Record<string, string>, value: string, option: string): string {
  const found = matchWord(value, Object.keys(words));
  if (found !== undefined) return words[found]!;
  const list = Object.keys(words).map((name) => `  - ‘${name}’`);
  throw new UsageError(`invalid argument ‘${value}’ for ‘${option}’\nValid arguments are:\n${list.join("\n")}`);
}
