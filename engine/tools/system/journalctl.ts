import { type Gen, type Pipe, type WaitQueue, wait } from "../../kernel/index.ts";
import type { JournalEntry } from "../../machine/journal.ts";
import type { Machine } from "../../machine/machine.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { unitName } from "../../machine/systemd/index.ts";
import { groups } from "../../machine/users.ts";
import { parseDate } from "../../text/date-parse.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal, type Tool, tool } from "../tool.ts";
import {
  belongsTo,
  cursor,
  FORMATS,
  type Format,
  type FormatOptions,
  fieldsOf,
  formatEntry,
} from "./journal-format.ts";
import { bytes, timestamp } from "./when.ts";

const LONG =
  `unit:=u follow=f lines::=n no-pager no-tail since:=S until:=U priority:=p output:=o dmesg=k reverse=r boot::=b
 catalog=x pager-end=e identifier:=t grep:=g case-sensitive:: quiet=q all=a full=l no-full utc no-hostname merge=m system user
 list-boots disk-usage vacuum-size: vacuum-time: vacuum-files: rotate flush sync header verify fields=N field:=F output-fields:
 cursor:=c after-cursor: show-cursor root: directory:=D file: user-unit: facility: truncate-newline`
    .split(/\s+/)
    .join(" ");

const PRIORITIES = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

type Test = (entry: JournalEntry) => boolean;

/** journalctl(1) of systemd 252, on the journal of the machine it runs on. */
export const journalctl = tool(
  {
    name: "journalctl",
    usage: "[OPTIONS...] [MATCHES...]",
    about: "\nQuery the journal.\n",
    version: "systemd 252 (252.36-1~deb12u1)",
    short: "u:fn::S:U:p:o:krb::xet:g:qalmNF:c:D:",
    long: LONG,
    rewrite: attachOptional,
  },
  function* (t, o) {
    const { p } = t;
    const { machine } = p;
    if (machine.systemd === undefined || p.ns.pid !== machine.pids) {
      t.out.add("No journal files were found.\n-- No entries --\n");
      return 0;
    }
    if (!mayRead(p)) {
      yield* sys.printError(p, HINT);
      throw new Fatal("No journal files were opened due to insufficient permissions.");
    }
    const done = yield* maintenance(t, o);
    if (done !== undefined) return done;
    const format = (o.value("o") ?? "short") as Format;
    if (!FORMATS.includes(format)) throw new Fatal(`Unknown output format '${format}'.`);
    const options: FormatOptions = {
      format,
      color: p.fds.get(1)?.tty !== undefined && p.env.get("TERM") !== "dumb",
      noHostname: o.has("no-hostname"),
      fields: o.value("output-fields")?.split(","),
    };
    const test = matcher(machine, o);
    if (o.has("F")) return listField(t, machine, o.value("F")!, test);
    const follow = o.has("f");
    let chosen = machine.journal.entries().filter(test);
    const count = lineCount(o, follow);
    const seen = machine.journal.entries().at(-1)?.seq ?? 0;
    if (count !== undefined) chosen = count.oldest ? chosen.slice(0, count.n) : chosen.slice(-count.n || chosen.length);
    if (count?.n === 0) chosen = [];
    if (o.has("r")) chosen.reverse();
    if (chosen.length === 0 && !follow && !o.has("q")) {
      t.out.add("-- No entries --\n");
      return 0;
    }
    let boot: number | undefined;
    for (const entry of chosen) {
      if (boot !== undefined && entry.boot !== boot && format.startsWith("short")) {
        t.out.add(`-- Boot ${machine.journal.bootIds[entry.boot]} --\n`);
      }
      boot = entry.boot;
      t.out.add(formatEntry(machine, entry, options));
      if (t.out.full) yield* t.out.flush();
    }
    if (o.has("show-cursor") && chosen.length > 0) t.out.add(`-- cursor: ${cursor(machine, chosen.at(-1)!)}\n`);
    if (!follow) return 0;
    yield* t.out.flush();
    yield* followFrom(t, seen, test, options);
    return 0;
  },
);

/** Prints what comes, until nobody reads standard output any more. */
function* followFrom(t: Tool, from: number, test: Test, options: FormatOptions): Gen {
  const { machine } = t.p;
  const { journal, kernel } = machine;
  const pipe = t.p.fds.get(1)?.pipe;
  let seen = from;
  const watch = pipe && kernel.spawn(`journalctl ${t.p.pid} stdout`, untilUnread(pipe, journal.changed));
  try {
    while (pipe === undefined || pipe.readers > 0) {
      const fresh = journal.since(seen);
      if (fresh.length === 0) yield* wait(journal.changed);
      for (const entry of fresh) {
        seen = entry.seq;
        if (test(entry)) t.out.add(formatEntry(machine, entry, options));
      }
      yield* t.out.flush();
    }
  } finally {
    if (watch) kernel.kill(watch);
  }
}

/** Wakes a queue once the last reader of a pipe has gone. */
function* untilUnread(pipe: Pipe, queue: WaitQueue): Gen {
  while (pipe.readers > 0) yield* wait(pipe.writable);
  queue.wakeAll();
}

/** `-n 5` and `-b -1` take a following word although getopt calls their value optional. */
function attachOptional(args: string[]): string[] {
  const out: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    const next = args[i + 1];
    const lines = (/^-[a-zA-Z]*n$/.test(arg) || arg === "--lines") && next !== undefined && /^(\+?\d+|all)$/.test(next);
    const boot =
      (/^-[a-zA-Z]*b$/.test(arg) || arg === "--boot") && next !== undefined && /^([-+]?\d+|[0-9a-f]{32})$/.test(next);
    if (arg === "--") return [...out, ...args.slice(i)];
    if (lines || boot) {
      out.push(arg.startsWith("--") ? `${arg}=${next}` : `${arg}${next}`);
      i++;
    } else out.push(arg);
  }
  return out;
}

const HINT = `Hint: You are currently not seeing messages from other users and the system.
      Users in groups 'adm', 'systemd-journal' can see all messages.
      Pass -q to turn off this notice.
`;

function mayRead(p: Process): boolean {
  if (p.cred.uid === 0) return true;
  const allowed = groups(p.ns.mnt).filter(({ name }) => name === "adm" || name === "systemd-journal");
  return allowed.some(({ gid }) => p.cred.gid === gid || p.cred.groups.includes(gid));
}

/** How many lines to show: the newest n, or with `+n` the oldest. */
function lineCount(o: ParsedOptions, follow: boolean): { n: number; oldest: boolean } | undefined {
  const given = o.last("n");
  if (given === undefined) {
    if (o.has("e")) return { n: 1000, oldest: false };
    return follow && !o.has("no-tail") ? { n: 10, oldest: false } : undefined;
  }
  if (given.value === undefined) return { n: 10, oldest: false };
  if (given.value === "all") return undefined;
  const match = /^(\+?)(\d+)$/.exec(given.value);
  if (match === null) throw new Fatal(`Failed to parse lines '${given.value}'`);
  return { n: Number(match[2]), oldest: match[1] === "+" };
}

/** The condition that the options and matches together make. */
function matcher(machine: Machine, o: ParsedOptions): Test {
  const tests: Test[] = [];
  const units = o.values("u").map(unitName);
  if (units.length > 0) {
    const patterns = units.map((unit) => (/[*?[]/.test(unit) ? globTest(unit) : undefined));
    tests.push((entry) =>
      units.some((unit, i) =>
        patterns[i]
          ? patterns[i](entry.unit ?? "") || patterns[i](entry.fields?.["UNIT"] ?? "")
          : belongsTo(entry, unit),
      ),
    );
  }
  const identifiers = o.values("t");
  if (identifiers.length > 0) tests.push((entry) => identifiers.includes(entry.identifier));
  if (o.has("k")) tests.push((entry) => entry.transport === "kernel");
  if (o.has("b") || o.has("k")) tests.push(bootTest(machine, o.value("b")));
  const since = instant(machine, o.value("S"), "since");
  const until = instant(machine, o.value("U"), "until");
  if (since !== undefined) tests.push((entry) => entry.at >= since);
  if (until !== undefined) tests.push((entry) => entry.at <= until);
  const priority = o.value("p");
  if (priority !== undefined) tests.push(priorityTest(priority));
  const grep = o.value("g");
  if (grep !== undefined) tests.push(grepTest(grep, o.value("case-sensitive")));
  if (o.operands.length > 0) tests.push(fieldTest(machine, o.operands));
  return (entry) => tests.every((test) => test(entry));
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
function instant(machine: Machine, text: string | undefined, _option: string): number | undefined {
  if (text === undefined) return undefined;
  const { kernel } = machine;
  const words = text.trim();
  const past = words.endsWith(" ago") || words.endsWith("\tago");
  if (past || words.startsWith("-") || words.startsWith("+")) {
    const us = spanOf(words.slice(/^[-+]/.test(words) ? 1 : 0, past ? -3 : undefined).trim());
    if (us !== undefined) return kernel.now + (words.startsWith("+") ? us : -us);
  }
  const ms = parseDate(text, kernel.wallMs);
  if (ms === undefined) throw new Fatal(`Failed to parse timestamp: ${text}`);
  // A day by name means its midnight, unlike `date -d`.
  const midnight = /^(today|yesterday|tomorrow)$/.test(text.trim()) ? Math.floor(ms / 86_400_000) * 86_400_000 : ms;
  const exact = /^\d{4}-\d\d-\d\d$/.test(text.trim()) ? Math.floor(midnight / 86_400_000) * 86_400_000 : midnight;
  return (exact - kernel.epochMs) * 1000;
}

const SPANS: Record<string, number> = {
  s: 1,
  sec: 1,
  second: 1,
  seconds: 1,
  min: 60,
  m: 60,
  minute: 60,
  minutes: 60,
  h: 3600,
  hour: 3600,
  hours: 3600,
  d: 86_400,
  day: 86_400,
  days: 86_400,
  w: 604_800,
  week: 604_800,
  weeks: 604_800,
};

function spanOf(text: string): number | undefined {
  let total = 0;
  if (!/^\d[\d.a-z\s]*$/.test(text)) return undefined;
  for (const part of text.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]*)/g)) {
    const unit = SPANS[part[2] || "s"];
    if (unit === undefined) return undefined;
    total += Number(part[1]) * unit * 1_000_000;
  }
  return total;
}

function priorityTest(text: string): Test {
  const level = (name: string): number => {
    const number = /^[0-7]$/.test(name) ? Number(name) : PRIORITIES.indexOf(name === "error" ? "err" : name);
    if (number < 0) throw new Fatal(`Unknown log level ${name}`);
    return number;
  };
  const range = text.split("..");
  const low = range.length > 1 ? level(range[0]!) : 0;
  const high = level(range.at(-1)!);
  const [from, to] = low <= high ? [low, high] : [high, low];
  return (entry) => entry.priority >= from && entry.priority <= to;
}

/** A literal or simple alternation of literals; case is ignored when the pattern is all lower case. */
function grepTest(pattern: string, caseSensitive: string | undefined): Test {
  const ignoreCase = caseSensitive === "false" || (caseSensitive === undefined && pattern === pattern.toLowerCase());
  const fold = (text: string) => (ignoreCase ? text.toLowerCase() : text);
  const matches = globsOf(fold(pattern));
  return (entry) => {
    const message = fold(entry.message);
    return matches.some((test) => test(message));
  };
}

/** Pieces of a pattern between `|`, each a sequence of literals between `.*`: enough for what people look for. */
function globsOf(pattern: string): Test2[] {
  return pattern.split("|").map((branch) => {
    const parts = branch.split(".*").map((part) => part.replace(/\\(.)/g, "$1"));
    return (text: string) => {
      let at = 0;
      for (const part of parts) {
        const found = text.indexOf(part, at);
        if (found < 0) return false;
        at = found + part.length;
      }
      return true;
    };
  });
}
type Test2 = (text: string) => boolean;

function globTest(pattern: string): Test2 {
  const pieces = pattern.split("*");
  return (text) => {
    if (!text.startsWith(pieces[0]!)) return false;
    let at = pieces[0]!.length;
    for (const piece of pieces.slice(1, -1)) {
      const found = text.indexOf(piece, at);
      if (found < 0) return false;
      at = found + piece.length;
    }
    const last = pieces.at(-1)!;
    return pieces.length === 1 ? text === pattern : text.length - last.length >= at && text.endsWith(last);
  };
}

/** `FIELD=value` words: the same field is either-or, different fields must all hold, `+` starts another alternative. */
function fieldTest(machine: Machine, words: readonly string[]): Test {
  const groupsOfFields: Map<string, string[]>[] = [new Map()];
  for (const word of words) {
    if (word === "+") {
      groupsOfFields.push(new Map());
      continue;
    }
    const at = word.indexOf("=");
    const [name, value] = word.startsWith("/") ? ["_EXE", word] : [word.slice(0, Math.max(at, 0)), word.slice(at + 1)];
    if (name === "") throw new Fatal(`Failed to add match '${word}': Invalid argument`);
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

function listField(t: Tool, machine: Machine, name: string, test: Test): number {
  const values = new Set<string>();
  for (const entry of machine.journal.entries()) {
    if (!test(entry)) continue;
    for (const [own, value] of fieldsOf(machine, entry)) if (own === name) values.add(value);
  }
  for (const value of values) t.out.add(`${value}\n`);
  return 0;
}

function* maintenance(t: Tool, o: ParsedOptions): Gen<number | undefined> {
  const { machine } = t.p;
  const { journal } = machine;
  if (o.has("list-boots")) {
    t.out.add("IDX BOOT ID                          FIRST ENTRY                 LAST ENTRY\n");
    for (const [boot, id] of journal.bootIds.entries()) {
      const own = journal.entries().filter((entry) => entry.boot === boot);
      const first = own[0];
      if (first === undefined) continue;
      const offset = String(boot - journal.boot).padStart(3);
      t.out.add(
        `${offset} ${id} ${timestamp(machine.kernel, first.at)} ${timestamp(machine.kernel, own.at(-1)!.at)}\n`,
      );
    }
    return 0;
  }
  if (o.has("disk-usage")) {
    let size = 8 * 1024 * 1024;
    for (const entry of journal.entries()) size += entry.message.length + 400;
    t.out.add(
      `Archived and active journals take up ${bytes(Math.ceil(size / 8_388_608) * 8_388_608)} in the file system.\n`,
    );
    return 0;
  }
  if (o.has("verify")) {
    yield* sys.printError(t.p, `PASS: /var/log/journal/${machine.machineId}/system.journal\n`);
    return 0;
  }
  if (o.has("header")) {
    const own = journal.entries();
    const shown = (entry: JournalEntry | undefined) =>
      entry === undefined ? "n/a" : timestamp(machine.kernel, entry.at);
    t.out.add(
      `File path: /var/log/journal/${machine.machineId}/system.journal\nMachine ID: ${machine.machineId}\nBoot ID: ${journal.bootIds.at(-1)}\nState: ONLINE\nCompatible flags:\nIncompatible flags: COMPRESSED-ZSTD KEYED-HASH\nHead sequential number: ${own[0]?.seq ?? 0} [${(own[0]?.seq ?? 0).toString(16)}]\nTail sequential number: ${own.at(-1)?.seq ?? 0} [${(own.at(-1)?.seq ?? 0).toString(16)}]\nHead realtime timestamp: ${shown(own[0])}\nTail realtime timestamp: ${shown(own.at(-1))}\nEntry objects: ${own.length}\nDisk usage: 8.0M\n`,
    );
    return 0;
  }
  if (o.has("vacuum-size", "vacuum-time", "vacuum-files")) {
    yield* sys.printError(
      t.p,
      `Vacuuming done, freed 0B of archived journals from /var/log/journal/${machine.machineId}.\n`,
    );
    return 0;
  }
  return o.has("rotate", "flush", "sync") ? 0 : undefined;
}
