/** Which entries journalctl's options and matches choose. */
import type { JournalEntry } from "../../machine/journal.ts";
import type { Machine } from "../../machine/machine.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { unitName } from "../../machine/systemd/index.ts";
import { parseSpan } from "../../machine/systemd/unit-file.ts";
import { localZone } from "../../machine/zone.ts";
import { parseDate } from "../../text/date-parse.ts";
import { globRegex } from "../../text/glob.ts";
import { compileRegex, RegexError } from "../../text/regex/index.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal } from "../tool.ts";
import { belongsTo, cursor, fieldsOf } from "./journal-format.ts";

/** Syslog's priorities by their numbers. */
export const PRIORITIES = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

export type Test = (entry: JournalEntry) => boolean;

/** The condition that the options and matches together make. */
export function matcher(p: Process, machine: Machine, o: ParsedOptions): Test {
  const tests: Test[] = [];
  const units = o.values("u").map(unitName);
  // A pattern of units that the journal knows nothing of is a mistake, a name is not.
  for (const unit of units)
    if (/[*?[]/.test(unit)) {
      const pattern = globRegex(unit);
      const known = (entry: JournalEntry) =>
        pattern.test(entry.unit ?? "") || pattern.test(entry.fields?.["UNIT"] ?? "");
      if (units.length === 1 && !machine.journal.entries().some(known))
        throw new Fatal("Failed to add filter for units: No data available");
    }
  if (units.length > 0) {
    const patterns = units.map((unit) => (/[*?[]/.test(unit) ? globRegex(unit) : undefined));
    tests.push((entry) =>
      units.some((unit, i) => {
        const pattern = patterns[i];
        if (pattern === undefined) return belongsTo(entry, unit);
        return pattern.test(entry.unit ?? "") || pattern.test(entry.fields?.["UNIT"] ?? "");
      }),
    );
  }
  const identifiers = o.values("t");
  if (identifiers.length > 0) tests.push((entry) => identifiers.includes(entry.identifier));
  if (o.has("k")) tests.push((entry) => entry.transport === "kernel");
  if ((o.has("b") || o.has("k")) && o.value("b") !== "all") tests.push(bootTest(machine, o.value("b")));
  const facilities = o.values("facility").flatMap((value) => value.split(","));
  if (facilities.length > 0) {
    const numbers = facilities.map((name) => {
      const number = /^\d+$/.test(name) ? Number(name) : FACILITIES.indexOf(name);
      if (number < 0 || number >= FACILITIES.length) throw new Fatal(`Bad --facility= argument "${name}".`);
      return String(number);
    });
    tests.push((entry) => numbers.includes(new Map(fieldsOf(machine, entry)).get("SYSLOG_FACILITY") ?? ""));
  }
  tests.push(...cursorTests(p, machine, o));
  const since = instant(p, o.value("S"));
  const until = instant(p, o.value("U"));
  if (since !== undefined && until !== undefined && since > until) throw new Fatal("--since= must be before --until=.");
  if (since !== undefined) tests.push((entry) => entry.at >= since);
  if (until !== undefined) tests.push((entry) => entry.at <= until);
  const priority = o.value("p");
  if (priority !== undefined) tests.push(priorityTest(priority));
  const grep = o.value("g");
  if (grep !== undefined) tests.push(grepTest(grep, o.value("case-sensitive")));
  if (o.operands.length > 0) tests.push(fieldTest(p, machine, o.operands));
  return (entry) => tests.every((test) => test(entry));
}

/** Syslog's facilities by their numbers. */
export const FACILITIES =
  "kern user mail daemon auth syslog lpr news uucp cron authpriv ftp 12 13 14 15 local0 local1 local2 local3 local4 local5 local6 local7".split(
    " ",
  );

/** -c, --after-cursor and --cursor-file: entries from one on, or behind it. */
function cursorTests(p: Process, machine: Machine, o: ParsedOptions): Test[] {
  const place = (text: string): number => {
    const found = machine.journal.entries().find((entry) => cursor(machine, entry) === text);
    if (found === undefined) throw new Fatal("Failed to seek to cursor: Invalid argument");
    return found.seq;
  };
  const tests: Test[] = [];
  const from = o.value("c");
  if (from !== undefined) {
    const seq = place(from);
    tests.push((entry) => entry.seq >= seq);
  }
  const file = o.value("cursor-file");
  const kept = file === undefined || sys.find(p, file) === undefined ? undefined : sys.readText(p, file).trim();
  const after = o.value("after-cursor") ?? kept;
  if (after !== undefined) {
    const seq = place(after);
    tests.push((entry) => entry.seq > seq);
  }
  return tests;
}

function bootTest(machine: Machine, value: string | undefined): Test {
  const { journal } = machine;
  if (value !== undefined && value.length === 32) return (entry) => journal.bootIds[entry.boot] === value;
  const offset = value === undefined ? 0 : Number(value);
  const boot = offset > 0 ? offset - 1 : journal.boot + offset;
  if (boot < 0 || boot > journal.boot) {
    throw new Fatal(
      `Data from the specified boot (${offset >= 0 ? "+" : ""}${offset}) is not available: No such boot ID in journal`,
    );
  }
  return (entry) => entry.boot === boot;
}

/** µs of virtual time that a `--since` text means (systemd.time(7)). */
export function instant(p: Process, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const { kernel } = p.machine;
  const words = text.trim();
  const past = words.endsWith(" ago") || words.endsWith("\tago");
  if (past || words.startsWith("-") || words.startsWith("+")) {
    const span = words.slice(/^[-+]/.test(words) ? 1 : 0, past ? -3 : undefined).trim();
    const us = /^\d[\d.a-z\s]*$/.test(span) ? parseSpan(span) : undefined;
    if (us !== undefined) return kernel.now + (words.startsWith("+") ? us : -us);
  }
  // A day by name means its midnight, unlike `date -d`.
  const day = /^(today|yesterday|tomorrow|\d{4}-\d\d-\d\d)$/.test(words);
  const ms = parseDate(day ? `${words} 00:00` : text, kernel.wallMs, localZone(p));
  if (ms === undefined) throw new Fatal(`Failed to parse timestamp: ${text}`);
  return (ms - kernel.epochMs) * 1000;
}

/** The number of a priority that is given by its name or number; undefined where it is none. */
export function priorityOf(name: string): number | undefined {
  const number = /^[0-7]$/.test(name) ? Number(name) : PRIORITIES.indexOf(name === "error" ? "err" : name);
  return number < 0 ? undefined : number;
}

function priorityTest(text: string): Test {
  const level = (name: string): number => {
    const number = priorityOf(name);
    if (number === undefined) throw new Fatal(`Unknown log level ${name}`);
    return number;
  };
  const range = text.split("..");
  const low = range.length > 1 ? level(range[0]!) : 0;
  const high = level(range.at(-1)!);
  const [from, to] = low <= high ? [low, high] : [high, low];
  return (entry) => entry.priority >= from && entry.priority <= to;
}

/** PCRE's patterns; case is ignored when they are all lower case. */
function grepTest(pattern: string, caseSensitive: string | undefined): Test {
  const ignoreCase =
    /^(?:0|n|no|f|false|off)$/i.test(caseSensitive ?? "") ||
    (caseSensitive === undefined && pattern === pattern.toLowerCase());
  try {
    const regex = compileRegex(pattern, { syntax: "perl", ignoreCase });
    return (entry) => regex.test(entry.message);
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    throw new Fatal(`Bad pattern "${pattern}": ${error.message}`);
  }
}

/** `FIELD=value` words: the same field is either-or, different fields must all hold, `+` starts another alternative. */
function fieldTest(p: Process, machine: Machine, words: readonly string[]): Test {
  const groupsOfFields: Map<string, string[]>[] = [new Map()];
  for (const word of words) {
    if (word === "+") {
      if (groupsOfFields.at(-1)!.size === 0) throw new Fatal('"+" can only be used between terms');
      groupsOfFields.push(new Map());
      continue;
    }
    const at = word.indexOf("=");
    if (word.startsWith("/") && sys.find(p, word) === undefined)
      throw new Fatal("Couldn't canonicalize path: No such file or directory");
    const [name, value] = word.startsWith("/") ? ["_EXE", word] : [word.slice(0, Math.max(at, 0)), word.slice(at + 1)];
    if (!/^[A-Z_][A-Z0-9_]*$/.test(name)) throw new Fatal(`Failed to add match '${word}': Invalid argument`);
    const fields = groupsOfFields.at(-1)!;
    fields.set(name, [...(fields.get(name) ?? []), value]);
  }
  return (entry) => {
    const has = fieldsOf(machine, entry);
    return groupsOfFields.some((fields) =>
      [...fields].every(([name, values]) => has.some(([own, value]) => own === name && values.includes(value))),
    );
  };
}
