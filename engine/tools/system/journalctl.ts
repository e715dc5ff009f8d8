import { type Gen, type Pipe, type WaitQueue, wait } from "../../kernel/index.ts";
import type { JournalEntry } from "../../machine/journal.ts";
import type { Machine } from "../../machine/machine.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { parseSpan } from "../../machine/systemd/unit-file.ts";
import { groups } from "../../machine/users.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal, type Tool, tool } from "../tool.ts";
import { cursor, FORMATS, type Format, type FormatOptions, fieldsOf, formatEntry } from "./journal-format.ts";
import { FACILITIES, matcher, type Test } from "./journal-match.ts";
import { sizeOf } from "./systemctl-property.ts";
import { VERSION } from "./systemd-version.ts";
import { bytes, timestamp } from "./when.ts";

const LONG =
  `unit:=u follow=f lines::=n no-pager no-tail since:=S until:=U priority:=p output:=o dmesg=k reverse=r boot::=b
 catalog=x pager-end=e identifier:=t grep:=g case-sensitive:: quiet=q all=a full=l no-full utc no-hostname merge=m system user
 list-boots disk-usage vacuum-size: vacuum-time: vacuum-files: rotate flush sync header verify fields=N field:=F output-fields:
 cursor:=c after-cursor: show-cursor cursor-file: machine:=M file:=i namespace: image: interval: no-hostname root: directory:=D user-unit: facility: truncate-newline`
    .split(/\s+/)
    .join(" ");

/** journalctl(1) of systemd 252, on the journal of the machine it runs on. */
export const journalctl = tool(
  {
    name: "journalctl",
    usage: "[OPTIONS...] [MATCHES...]",
    about: "\nQuery the journal.\n",
    version: VERSION,
    short: "u:fn::S:U:p:o:krb::xet:g:qalmNF:c:D:M:i:",
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
    if (o.has("user", "root") && !o.has("system")) {
      t.out.add("No journal files were found.\n-- No entries --\n");
      return 0;
    }
    const elsewhere = o.value("D") ?? o.value("i");
    if (elsewhere !== undefined && sys.find(p, elsewhere) === undefined)
      throw new Fatal(`Failed to open ${o.has("D") ? elsewhere : "files"}: No such file or directory`);
    if (!mayRead(p)) {
      yield* sys.printError(p, HINT);
      throw new Fatal("No journal files were opened due to insufficient permissions.");
    }
    const done = yield* maintenance(t, o);
    if (done !== undefined) return done;
    if (o.value("o") === "help" || o.value("facility") === "help") {
      t.out.add(`${(o.value("o") === "help" ? FORMATS : ["Available facilities:", ...FACILITIES]).join("\n")}\n`);
      return 0;
    }
    const format = (o.value("o") ?? "short") as Format;
    if (!FORMATS.includes(format)) throw new Fatal(`Unknown output format '${format}'.`);
    const options: FormatOptions = {
      format,
      color: p.fds.get(1)?.tty !== undefined && p.env.get("TERM") !== "dumb",
      noHostname: o.has("no-hostname"),
      fields: o.value("output-fields")?.split(","),
      catalog: o.has("x"),
    };
    if (o.has("N", "F", "list-boots") && o.operands.length > 0)
      throw new Fatal(`Extraneous arguments starting with '${o.operands[0]}'`);
    if (o.has("f") && o.has("r")) throw new Fatal("Please specify either --reverse= or --follow=, not both.");
    const test = matcher(p, machine, o);
    if (o.has("N")) return listNames(t, machine);
    if (o.has("F")) return listField(t, machine, o.value("F")!);
    const follow = o.has("f");
    let chosen = machine.journal.entries().filter(test);
    const count = lineCount(o, follow);
    const seen = machine.journal.entries().at(-1)?.seq ?? 0;
    // With --since the first entries from there on are shown, unless they come backwards.
    const fromStart = o.has("S") && !o.has("r") && !o.has("e");
    if (count !== undefined) chosen = fromStart ? chosen.slice(0, count) : chosen.slice(-count || chosen.length);
    if (count === 0) chosen = [];
    if (o.has("r")) chosen.reverse();
    if (chosen.length === 0 && !follow) {
      // The line is of the short formats' header; a pattern that is found nowhere is a failure.
      if (!o.has("q") && (format.startsWith("short") || format === "with-unit" || format === "verbose"))
        t.out.add("-- No entries --\n");
      return o.has("g") ? 1 : 0;
    }
    let boot: number | undefined;
    let before: number | undefined;
    for (const entry of chosen) {
      if (boot !== undefined && entry.boot !== boot && format.startsWith("short")) {
        t.out.add(`-- Boot ${machine.journal.bootIds[entry.boot]} --\n`);
      }
      boot = entry.boot;
      t.out.add(formatEntry(t.p, entry, before === undefined ? options : { ...options, before }));
      if (format === "short-delta") before = entry.at;
      if (t.out.full) yield* t.out.flush();
    }
    const file = o.value("cursor-file");
    if (file !== undefined && chosen.length > 0) sys.writeText(p, file, `${cursor(machine, chosen.at(-1)!)}\n`);
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
        if (test(entry)) t.out.add(formatEntry(t.p, entry, options));
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
      (/^-[a-zA-Z]*b$/.test(arg) || arg === "--boot") &&
      next !== undefined &&
      /^([-+]?\d+|[0-9a-f]{32}|all)$/.test(next);
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

/** How many lines to show: the newest n (a plus sign means nothing before systemd 254). */
function lineCount(o: ParsedOptions, follow: boolean): number | undefined {
  const given = o.last("n");
  if (given === undefined) {
    if (o.has("e")) return 1000;
    return follow && !o.has("no-tail") ? 10 : undefined;
  }
  if (given.value === undefined) return 10;
  if (given.value === "all") return undefined;
  const match = /^(\+?)(\d+)$/.exec(given.value);
  if (match === null) throw new Fatal(`Failed to parse lines '${given.value}'`);
  return Number(match[2]);
}

/** -N: the names of all fields. */
function listNames(t: Tool, machine: Machine): number {
  const names = new Set<string>();
  for (const entry of machine.journal.entries()) for (const [name] of fieldsOf(machine, entry)) names.add(name);
  t.out.add([...names].map((name) => `${name}\n`).join(""));
  return 0;
}

/** -F: all values that a field has in the journal; matches do not count. */
function listField(t: Tool, machine: Machine, name: string): number {
  if (!/^[A-Z_][A-Z0-9_]*$/.test(name)) throw new Fatal("Failed to query unique data objects: Invalid argument");
  const values = new Set<string>();
  for (const entry of machine.journal.entries()) {
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
      t.out.add(`${offset} ${id} ${timestamp(t.p, first.at)} ${timestamp(t.p, own.at(-1)!.at)}\n`);
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
    const shown = (entry: JournalEntry | undefined) => (entry === undefined ? "n/a" : timestamp(t.p, entry.at));
    t.out.add(
      `File path: /var/log/journal/${machine.machineId}/system.journal\nMachine ID: ${machine.machineId}\nBoot ID: ${journal.bootIds.at(-1)}\nState: ONLINE\nCompatible flags:\nIncompatible flags: COMPRESSED-ZSTD KEYED-HASH\nHead sequential number: ${own[0]?.seq ?? 0} [${(own[0]?.seq ?? 0).toString(16)}]\nTail sequential number: ${own.at(-1)?.seq ?? 0} [${(own.at(-1)?.seq ?? 0).toString(16)}]\nHead realtime timestamp: ${shown(own[0])}\nTail realtime timestamp: ${shown(own.at(-1))}\nEntry objects: ${own.length}\nDisk usage: 8.0M\n`,
    );
    return 0;
  }
  const size = o.value("vacuum-size");
  if (size !== undefined && (sizeOf(size) === undefined || size === "infinity"))
    throw new Fatal(`Failed to parse vacuum size: ${size}`);
  const time = o.value("vacuum-time");
  if (time !== undefined && parseSpan(time) === undefined) throw new Fatal(`Failed to parse vacuum time: ${time}`);
  const files = o.value("vacuum-files");
  if (files !== undefined && !/^\d+$/.test(files)) throw new Fatal(`Failed to parse vacuum files: ${files}`);
  if (o.has("vacuum-size", "vacuum-time", "vacuum-files")) {
    for (const dir of [`/var/log/journal/${machine.machineId}`, "/run/log/journal", "/var/log/journal"])
      yield* sys.printError(t.p, `Vacuuming done, freed 0B of archived journals from ${dir}.\n`);
    return 0;
  }
  return o.has("rotate", "flush", "sync") ? 0 : undefined;
}
