import { wait } from "../../kernel/index.ts";
import type { JournalEntry } from "../../machine/journal.ts";
import type { Machine } from "../../machine/machine.ts";
import { Fatal, tool } from "../tool.ts";
import { wallTime } from "./when.ts";

const LEVELS = ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"];
const FACILITIES = ["kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news"];

/** What `dmesg -c` and -C have taken out of each machine's ring buffer: all up to a number of the journal. */
const cleared = new WeakMap<Machine, number>();

/** dmesg(1): the kernel's lines of the journal. */
export const dmesg = tool(
  {
    name: "dmesg",
    usage: "[options]",
    about: "",
    short: "CcDdEeF:f:HkL::l:n:PprSs:TtuWwx",
    long: "clear=C read-clear=c show-delta=d reltime=e facility:=f human=H kernel=k color::=L level:=l console-level:=n nopager=P raw=r syslog=S buffer-size:=s ctime=T notime=t userspace=u follow=w follow-new=W decode=x console-off=D console-on=E force-prefix=p since: until: time-format: noescape",
    version: "dmesg from util-linux 2.38.1",
  },
  function* (t, o) {
    const { machine, cred } = t.p;
    const { journal } = machine;
    if (cred.uid !== 0) throw new Fatal("read kernel buffer failed: Operation not permitted");
    const levels = listOf(o.value("l"), LEVELS, "level");
    const facilities = listOf(o.value("f"), FACILITIES, "facility");
    const last = () => journal.entries().at(-1)?.seq ?? 0;
    if (o.has("C")) {
      cleared.set(machine, last());
      return 0;
    }
    if (o.has("D", "E", "n")) return 0;
    let before: JournalEntry | undefined;
    const kernel = (entry: JournalEntry) => entry.transport === "kernel" && entry.boot === journal.boot;
    const wanted = (entry: JournalEntry) =>
      kernel(entry) &&
      (levels === undefined || levels.includes(entry.priority)) &&
      (facilities === undefined || facilities.includes(0)) &&
      !o.has("u");
    const show = (entry: JournalEntry) => {
      const head = o.has("x")
        ? `kern  :${LEVELS[entry.priority]!.padEnd(6)}: `
        : o.has("r")
          ? `<${entry.priority}>`
          : "";
      t.out.add(`${head}${stamp(entry, before)}${entry.message}\n`);
      before = entry;
    };
    const stamp = (entry: JournalEntry, previous: JournalEntry | undefined): string => {
      if (o.has("t")) return "";
      const us = Math.max(0, entry.at - machine.bootedAt);
      const since = previous === undefined ? 0 : entry.at - previous.at;
      const seconds = (value: number, width: number) =>
        `${String(Math.floor(value / 1e6)).padStart(width)}.${String(Math.floor(value % 1e6)).padStart(6, "0")}`;
      if (o.has("T")) return `[${wallTime(t.p, entry.at, "%a %b %e %H:%M:%S %Y")}] `;
      if (o.has("H", "e"))
        return previous === undefined || Math.floor(entry.at / 60e6) !== Math.floor(previous.at / 60e6)
          ? `[${wallTime(t.p, entry.at, "%b%e %H:%M").replace(/^(\w+)\s*/, "$1 ")}] `
          : `[  +${seconds(since, 1)}] `;
      if (o.has("d")) return `[${seconds(us, 5)} <${seconds(since, 5)}>] `;
      return `[${seconds(us, 5)}] `;
    };
    let seen = last();
    if (!o.has("W")) {
      const from = cleared.get(machine) ?? 0;
      for (const entry of journal.entries()) if (entry.seq > from && wanted(entry)) show(entry);
    }
    if (o.has("c")) cleared.set(machine, seen);
    if (!o.has("w", "W")) return 0;
    for (;;) {
      yield* t.out.flush();
      const fresh = journal.since(seen);
      if (fresh.length === 0) yield* wait(journal.changed);
      for (const entry of fresh) {
        seen = entry.seq;
        if (wanted(entry)) show(entry);
      }
    }
  },
);

function listOf(text: string | undefined, names: readonly string[], what: string): number[] | undefined {
  return text?.split(",").map((word) => {
    const at = names.indexOf(word === "warning" ? "warn" : word);
    if (at < 0) throw new Fatal(`unknown ${what} '${word}'`);
    return at;
  });
}
