/** Output formats of journalctl (src/shared/logs-show.c). */
import type { JournalEntry } from "../../machine/journal.ts";
import type { Machine } from "../../machine/machine.ts";
import type { Process } from "../../machine/process.ts";
import { explanation } from "./journal-catalog.ts";
import { timestamp, wallTime } from "./when.ts";

export const FORMATS = [
  "short",
  "short-full",
  "short-iso",
  "short-iso-precise",
  "short-precise",
  "short-monotonic",
  "short-delta",
  "short-unix",
  "verbose",
  "export",
  "json",
  "json-pretty",
  "json-sse",
  "json-seq",
  "cat",
  "with-unit",
] as const;
export type Format = (typeof FORMATS)[number];

/** Fields of an entry in the order in which verbose and json show them. */
export function fieldsOf(machine: Machine, entry: JournalEntry): [string, string][] {
  const realtime = Math.floor(machine.kernel.epochMs * 1000 + entry.at);
  const out: [string, string][] = [
    ["__CURSOR", cursor(machine, entry)],
    ["__REALTIME_TIMESTAMP", String(realtime)],
    ["__MONOTONIC_TIMESTAMP", String(Math.floor(entry.at - machine.bootedAt + 4_000_000))],
    ["_BOOT_ID", machine.journal.bootIds[entry.boot] ?? ""],
    ["_TRANSPORT", entry.transport ?? "journal"],
    ["PRIORITY", String(entry.priority)],
    ["SYSLOG_IDENTIFIER", entry.identifier],
  ];
  if (entry.transport === "kernel") out.push(["SYSLOG_FACILITY", "0"]);
  const push = (name: string, value: string | number | undefined) => {
    if (value !== undefined) out.push([name, String(value)]);
  };
  if (entry.transport === "journal" && entry.pid === 1) push("SYSLOG_FACILITY", 3);
  push("_PID", entry.pid);
  push("_UID", entry.uid);
  push("_GID", entry.uid);
  push("_COMM", entry.comm);
  push("_EXE", entry.exe);
  push("_CMDLINE", entry.cmdline);
  push("_SYSTEMD_CGROUP", entry.cgroup);
  push("_SYSTEMD_UNIT", unitOf(entry));
  push("_SYSTEMD_INVOCATION_ID", entry.invocation);
  if (entry.unit !== undefined && entry.pid !== 1) out.push(["_SYSTEMD_SLICE", "system.slice"]);
  else if (entry.cgroup === "/init.scope") out.push(["_SYSTEMD_SLICE", "-.slice"]);
  if (entry.transport !== "kernel") out.push(["_RUNTIME_SCOPE", "system"]);
  for (const [name, value] of Object.entries(entry.fields ?? {})) out.push([name, value]);
  out.push(["_MACHINE_ID", machine.machineId], ["_HOSTNAME", machine.hostname], ["MESSAGE", entry.message]);
  return out;
}

/** The unit that an entry comes from: its own, else that of its control group. */
function unitOf(entry: JournalEntry): string | undefined {
  return entry.unit ?? /\/([^/]+\.(?:service|scope))(?:$|\/)/.exec(entry.cgroup ?? "")?.[1];
}

export function cursor(machine: Machine, entry: JournalEntry): string {
  const hex = (n: number) => Math.floor(n).toString(16);
  const realtime = machine.kernel.epochMs * 1000 + entry.at;
  return `s=${machine.machineId};i=${hex(entry.seq)};b=${machine.journal.bootIds[entry.boot] ?? ""};m=${hex(entry.at - machine.bootedAt + 4_000_000)};t=${hex(realtime)};x=${hex(entry.seq * 2_654_435_761)}`;
}

export interface FormatOptions {
  format: Format;
  /** Colours by priority. */
  color?: boolean;
  /** Leave the host name out. */
  noHostname?: boolean;
  fields?: readonly string[];
  /** -x: explanations of messages that are known. */
  catalog?: boolean;
  /** The time of the entry before, in µs, for what lay between them. */
  before?: number | undefined;
}

/** One entry as text, with its newline. */
export function formatEntry(p: Process, entry: JournalEntry, options: FormatOptions): string {
  const { format } = options;
  const { machine } = p;
  if (format === "cat") {
    if (options.fields === undefined) return `${entry.message}\n`;
    const chosen = fieldsOf(machine, entry).filter(([name]) => options.fields!.includes(name));
    return chosen.map(([, value]) => `${value}\n`).join("");
  }
  if (format === "json" || format === "json-pretty") {
    const fields = fieldsOf(machine, entry).filter(
      ([name]) => !options.fields || name.startsWith("__") || options.fields.includes(name),
    );
    const object = Object.fromEntries(fields);
    return `${format === "json" ? JSON.stringify(object) : JSON.stringify(object, null, "\t").replace(/": "/g, '" : "')}\n`;
  }
  if (format === "json-seq" || format === "json-sse") {
    const text = JSON.stringify(Object.fromEntries(fieldsOf(machine, entry)));
    return format === "json-seq" ? `\x1e${text}\n` : `data: ${text}\n\n`;
  }
  if (format === "export") {
    const lines = fieldsOf(machine, entry).map(([name, value]) => `${name}=${value}\n`);
    return `${lines.join("")}\n`;
  }
  if (format === "verbose") {
    const lines = fieldsOf(machine, entry)
      .filter(([name]) => !name.startsWith("__"))
      .map(([name, value]) => `    ${name}=${value}\n`);
    const at = wallTime(p, entry.at, "%a %Y-%m-%d %H:%M:%S.%6N %Z");
    return `${at} [${cursor(machine, entry)}]\n${lines.join("")}`;
  }
  const host = options.noHostname ? "" : ` ${machine.hostname}`;
  const named = format === "with-unit" ? (unitOf(entry) ?? entry.identifier) : entry.identifier;
  const who = entry.pid === undefined || entry.transport === "kernel" ? named : `${named}[${entry.pid}]`;
  const head = `${stamp(p, entry, format, options.before)}${host} ${who}: `;
  const lines = entry.message.replace(/\n+$/, "").split("\n");
  const [on, off] = options.color ? colors(entry.priority) : ["", ""];
  const indent = " ".repeat(head.length);
  const told = options.catalog === true ? explanation(entry.fields) : "";
  return lines.map((line, i) => `${i === 0 ? head : indent}${on}${line}${off}\n`).join("") + told;
}

function stamp(p: Process, entry: JournalEntry, format: Format, before: number | undefined): string {
  const { machine } = p;
  switch (format) {
    case "short-full":
    case "with-unit":
      return timestamp(p, entry.at);
    case "short-iso":
      return wallTime(p, entry.at, "%Y-%m-%dT%H:%M:%S%z");
    case "short-iso-precise":
      return wallTime(p, entry.at, "%Y-%m-%dT%H:%M:%S.%6N%z");
    case "short-precise":
      return wallTime(p, entry.at, "%b %d %H:%M:%S.%6N");
    case "short-unix":
      return wallTime(p, entry.at, "%s.%6N");
    case "short-monotonic":
    case "short-delta": {
      const seconds = (us: number) =>
        `${String(Math.floor(us / 1e6)).padStart(5)}.${String(Math.floor(us) % 1_000_000).padStart(6, "0")}`;
      const own = seconds(Math.floor(entry.at - machine.bootedAt + 4_000_000));
      if (format === "short-monotonic") return `[${own}]`;
      return `[${own}${before === undefined ? " ".repeat(16) : ` <${seconds(entry.at - before)} >`}]`;
    }
    default:
      return wallTime(p, entry.at, "%b %d %H:%M:%S");
  }
}

function colors(priority: number): [string, string] {
  if (priority <= 3) return ["\x1b[0;1;31m", "\x1b[0m"];
  if (priority === 4) return ["\x1b[0;1;38;5;185m", "\x1b[0m"];
  if (priority === 5) return ["\x1b[0;1;39m", "\x1b[0m"];
  return priority === 7 ? ["\x1b[0;38;5;245m", "\x1b[0m"] : ["", ""];
}

/** True when an entry is about a unit or comes from it: what `-u` selects. */
export function belongsTo(entry: JournalEntry, unit: string): boolean {
  return entry.unit === unit || entry.fields?.["UNIT"] === unit;
}
