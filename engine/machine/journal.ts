import { decode, type Gen, type Kernel, WaitQueue } from "../kernel/index.ts";
import type { OpenFile } from "./open-file.ts";

/** Most entries of one machine's journal; the oldest quarter goes when it is full, as journald rotates. */
export const MAX_JOURNAL_ENTRIES = 40_000;
/** Longest message in UTF-16 code units (journald's LineMax=48K). */
const MAX_MESSAGE = 48 * 1024;

/** What somebody hands to the journal. */
export interface JournalMessage {
  message: string;
  /** Unit that it is about or comes from, e.g. `kubelet.service`. */
  unit?: string | undefined;
  /** SYSLOG_IDENTIFIER: the name before the bracket. */
  identifier: string;
  pid?: number | undefined;
  /** syslog(3): 0 emerg … 3 err, 4 warning, 6 info (default), 7 debug. */
  priority?: number | undefined;
  transport?: "stdout" | "syslog" | "journal" | "kernel" | undefined;
  uid?: number | undefined;
  comm?: string | undefined;
  exe?: string | undefined;
  cmdline?: string | undefined;
  cgroup?: string | undefined;
  /** Which run of the unit it comes from. */
  invocation?: string | undefined;
  /** Further fields, e.g. MESSAGE_ID. */
  fields?: Readonly<Record<string, string>> | undefined;
}

/** One entry as it was stored. */
export interface JournalEntry extends JournalMessage {
  /** Order on this machine, from 1. */
  readonly seq: number;
  /** µs of virtual time. */
  readonly at: number;
  readonly priority: number;
  readonly boot: number;
}

type About = Omit<JournalMessage, "message">;

/** Entries of one stream share what is the same for all of them. */
class Entry implements JournalEntry {
  readonly seq: number;
  readonly at: number;
  readonly boot: number;
  readonly priority: number;
  private text: string | (() => string);
  private readonly about: About;

  constructor(seq: number, at: number, boot: number, text: string | (() => string), priority: number, about: About) {
    this.seq = seq;
    this.at = at;
    this.boot = boot;
    this.text = text;
    this.priority = priority;
    this.about = about;
  }

  /** Most lines are never read: they are put into form when somebody does. */
  get message(): string {
    if (typeof this.text === "function") this.text = cut(this.text());
    return this.text;
  }

  get unit(): string | undefined {
    return this.about.unit;
  }
  get identifier(): string {
    return this.about.identifier;
  }
  get pid(): number | undefined {
    return this.about.pid;
  }
  get transport(): JournalMessage["transport"] {
    return this.about.transport;
  }
  get uid(): number | undefined {
    return this.about.uid;
  }
  get comm(): string | undefined {
    return this.about.comm;
  }
  get exe(): string | undefined {
    return this.about.exe;
  }
  get cmdline(): string | undefined {
    return this.about.cmdline;
  }
  get cgroup(): string | undefined {
    return this.about.cgroup;
  }
  get invocation(): string | undefined {
    return this.about.invocation;
  }
  get fields(): Readonly<Record<string, string>> | undefined {
    return this.about.fields;
  }
}

function cut(message: string): string {
  return message.length > MAX_MESSAGE ? message.slice(0, MAX_MESSAGE) : message;
}

/** A machine's journal: append-only entries in the order of their virtual time. */
export class Journal {
  private readonly kernel: Kernel;
  private list: JournalEntry[] = [];
  private seq = 0;
  /** 0 for the session's first boot of this machine, then 1 … */
  boot = 0;
  /** Boot ids (32 hexadecimal digits) by number. */
  readonly bootIds: string[] = [];
  /** Woken at every entry, for `-f`. */
  readonly changed = new WaitQueue();

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  /** Adds an entry at the current virtual time. A message of several lines stays one entry. */
  append({ message, ...about }: JournalMessage): JournalEntry {
    return this.add(about, message, about.priority);
  }

  /** The same for a line of a stream: `about` is shared by its entries. */
  add(about: About, message: string | (() => string), priority = 6): JournalEntry {
    const text = typeof message === "string" ? cut(message) : message;
    const entry = new Entry(++this.seq, this.kernel.now, this.boot, text, priority, about);
    this.list.push(entry);
    if (this.list.length > MAX_JOURNAL_ENTRIES) this.list = this.list.slice(MAX_JOURNAL_ENTRIES >> 2);
    this.changed.wakeAll();
    return entry;
  }

  /** How many entries there ever were. */
  get length(): number {
    return this.seq;
  }

  /** All entries that are kept, oldest first. Do not change the list. */
  entries(): readonly JournalEntry[] {
    return this.list;
  }

  /** Entries with a sequence number above `seq`, oldest first: what a follower has not seen. */
  since(seq: number): readonly JournalEntry[] {
    const first = this.list[0];
    return first === undefined ? [] : this.list.slice(Math.max(0, seq - first.seq + 1));
  }
}

/** Standard output or error of a service: each line becomes an entry (systemd-journald's stdout transport). */
export class JournalStream implements OpenFile {
  refs = 0;
  readonly readable = false;
  readonly writable = true;
  private rest = "";
  private readonly journal: Journal;
  /** Fields of its entries; `pid` is filled in once the process exists. */
  readonly about: About;

  constructor(journal: Journal, about: About) {
    this.journal = journal;
    this.about = { ...about, transport: "stdout" };
  }

  *read(): Gen<Uint8Array> {
    return new Uint8Array(0);
  }

  *write(bytes: Uint8Array): Gen<"ok"> {
    this.lines(decode(bytes));
    return "ok";
  }

  lines(text: string): void {
    if (this.rest === "" && text.indexOf("\n") === text.length - 1) {
      this.line(text.slice(0, -1));
      return;
    }
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop()!;
    for (const line of lines) this.line(line);
  }

  later(make: () => string): void {
    if (this.rest === "") this.journal.add(this.about, make, this.about.priority);
    else this.lines(`${make()}\n`);
  }

  private line(text: string): void {
    if (text === "") return;
    // SyslogLevelPrefix=yes: `<3>message` sets the priority (sd-daemon(3)).
    const level = text[0] === "<" ? /^<([0-7])>/.exec(text) : null;
    const priority = level ? Number(level[1]) : this.about.priority;
    this.journal.add(this.about, level ? text.slice(3) : text, priority);
  }

  close(): void {
    this.line(this.rest);
    this.rest = "";
  }
}
