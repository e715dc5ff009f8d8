/** One run of rsync: the lists of both ends compared, and what follows from that. */
import { type Gen, SECOND } from "../../../kernel/index.ts";
import type { Process } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { modeString } from "../../../text/mode.ts";
import { Output } from "../../io.ts";
import type { ParsedOptions } from "../../options.ts";
import { wallTime } from "../when.ts";
import type { Rules } from "./rules.ts";
import type { Attributes, Entry, Reply, Request, Side } from "./sides.ts";

/** `1,234,567.89`: a number in groups of three. */
export function grouped(n: number, decimals = 0): string {
  const [whole = "", rest] = n.toFixed(decimals).split(".");
  return whole.replace(/\B(?=(\d{3})+$)/g, ",") + (rest === undefined ? "" : `.${rest}`);
}

/** An error that ends the run: its code and where rsync says it was. */
export class RsyncError extends Error {
  readonly code: number;
  readonly where: string;

  constructor(message: string, code: number, where: string) {
    super(message);
    this.code = code;
    this.where = where;
  }
}

/** A file of the list: its entry, where it lies at the source, and its name at the target. */
interface Item {
  entry: Entry;
  from: string;
  /** From the root of the transfer. */
  name: string;
}

interface Totals {
  sent: number;
  received: number;
  size: number;
  literal: number;
  files: number;
  made: number;
  deleted: number;
  transferred: number;
}

export class Transfer {
  readonly p: Process;
  readonly o: ParsedOptions;
  readonly source: Side;
  readonly target: Side;
  readonly rules: Rules;
  readonly out: Output;
  readonly totals: Totals = {
    sent: 0,
    received: 0,
    size: 0,
    literal: 0,
    files: 0,
    made: 0,
    deleted: 0,
    transferred: 0,
  };
  failed = false;
  /** Names of what is neither file nor directory, nor a link that is to be kept. */
  private readonly skipped: string[] = [];
  private readonly dry: boolean;
  private readonly verbose: boolean;
  private readonly itemize: boolean;

  constructor(p: Process, o: ParsedOptions, source: Side, target: Side, rules: Rules) {
    this.p = p;
    this.o = o;
    this.source = source;
    this.target = target;
    this.rules = rules;
    this.out = new Output(p);
    this.dry = o.has("n");
    this.verbose = o.has("v", "P", "progress") && !o.has("q");
    this.itemize = o.has("i") && !o.has("q");
  }

  private has(letter: string): boolean {
    const off = this.o.list.findLastIndex(({ key }) => key === `no-${letter}`);
    const on = this.o.list.findLastIndex(({ key }) => key === letter || (key === "a" && "rlptgoD".includes(letter)));
    return on > off;
  }

  private *ask(side: Side, request: Request, content?: Uint8Array): Gen<{ reply: Reply; bytes: Uint8Array }> {
    return yield* side.ask(request, content);
  }

  /** Complains of what one file could not be; the run goes on. */
  private *complain(role: string, what: string, { error }: Reply): Gen<void> {
    this.failed = true;
    yield* this.out.flush();
    yield* sys.printError(
      this.p,
      `rsync: [${role}] ${what.replace("%", `"${error!.whole}"`)}: ${error!.message} (${error!.number})\n`,
    );
  }

  /** Copies the sources to the target. */
  *run(sources: readonly string[], dest: string): Gen<void> {
    const recursive = this.has("r");
    const items = yield* this.list(sources, recursive);
    if (this.o.has("list-only")) return yield* this.show(items);
    const start = recursive && (this.verbose || this.itemize);
    if (this.verbose && start)
      this.out.add(
        this.rules.any && this.o.has("m")
          ? "building file list ... done\n"
          : `${this.source.remote ? "receiving" : "sending"} incremental file list\n`,
      );
    const there = yield* this.ask(this.target, { op: "scan", path: dest, recursive: true, follow: false });
    const old = new Map((there.reply.entries ?? []).map((entry) => [entry.name, entry]));
    const inside = this.deletes() ? byDirectory(old.values()) : new Map<string, Entry[]>();
    const single = items.length === 1 && items[0]!.entry.kind !== "dir" && !dest.endsWith("/");
    const root = old.get("");
    const intoFile = single && root?.kind !== "dir";
    if (!intoFile && root === undefined && items.length > 0) yield* this.makeRoot(dest);
    if (!intoFile && root !== undefined && root.kind !== "dir" && items.length > 0)
      throw new RsyncError(`ERROR: cannot overwrite non-directory with directory`, 3, "main.c(710)");
    if (intoFile) {
      const item = items[0]!;
      yield* this.file(item, dest, root);
      return;
    }
    for (const name of this.skipped) this.out.add(`skipping non-regular file "${name}"\n`);
    const base = dest.replace(/(.)\/+$/, "$1");
    const names = new Set(items.map(({ name }) => name));
    const settled: { item: Item; path: string; known: Entry | undefined }[] = [];
    for (const item of items) {
      const path = item.name === "" ? base : `${base}/${item.name}`;
      const known = old.get(item.name);
      if (item.entry.kind === "dir") {
        if (!(yield* this.directory(item, path, item.name === "" ? (root ?? known) : known))) continue;
        if (this.deletes()) yield* this.prune(item, base, inside, names);
        settled.push({ item, path, known });
      } else yield* this.file(item, path, known);
    }
    // What was put into a directory has changed its time.
    if (this.dry) return;
    for (const { item, path, known } of settled.reverse())
      yield* this.ask(this.target, { op: "set", path, attributes: this.attributes(item.entry, known) });
  }

  private deletes(): boolean {
    return this.o.has("delete", "delete-excluded");
  }

  /** The files that are meant, by the names that they will have. */
  private *list(sources: readonly string[], recursive: boolean): Gen<Item[]> {
    const items: Item[] = [];
    const seen = new Set<string>();
    for (const source of sources) {
      const follow = this.o.has("L");
      const scanned = yield* this.ask(this.source, { op: "scan", path: source, recursive, follow });
      if (scanned.reply.error !== undefined) {
        yield* this.complain("sender", "link_stat % failed", scanned.reply);
        continue;
      }
      const contents = /(?:^|\/)\.?$/.test(source);
      const bare = source.replace(/(.)\/+$/, "$1");
      // Behind /./ begins what -R and --files-from keep of a path.
      const dot = source.indexOf("/./");
      const whole = this.o.has("R") || dot >= 0;
      const kept = dot >= 0 ? source.slice(dot + 3).replace(/(.)\/+$/, "$1") : bare.replace(/^\/+/, "");
      const prefix = whole ? kept : contents ? "" : bare.slice(bare.lastIndexOf("/") + 1);
      const above = dot >= 0 ? source.slice(0, dot + 1) : "";
      const entries = scanned.reply.entries!;
      if (entries[0]!.kind === "dir" && !recursive && !this.o.has("d")) {
        this.out.add(`skipping directory ${contents ? "." : prefix}\n`);
        continue;
      }
      if (whole) yield* this.implied(above, prefix, items, seen);
      const left: string[] = [];
      for (const entry of entries) {
        const name = [prefix, entry.name].filter((part) => part !== "").join("/");
        if (left.some((dir) => name.startsWith(`${dir}/`))) continue;
        const isDirectory = entry.kind === "dir";
        if (name !== "" && this.rules.excludes(name, isDirectory)) {
          if (isDirectory) left.push(name);
          continue;
        }
        if (seen.has(name)) continue;
        seen.add(name);
        if (
          !isDirectory &&
          entry.kind !== "file" &&
          !(entry.kind === "symlink" && (this.has("l") || this.o.has("list-only")))
        ) {
          this.skipped.push(name);
          continue;
        }
        items.push({ entry, from: entry.name === "" ? source : `${bare}/${entry.name}`, name });
      }
    }
    const kept = this.o.has("m") ? withoutEmpty(items) : items;
    for (const { entry, name } of kept) {
      this.totals.files++;
      this.totals.sent += name.length + 22;
      if (entry.kind === "file" || entry.kind === "symlink") this.totals.size += entry.size;
    }
    return kept;
  }

  /** -R: the directories above a name are made as they are. */
  private *implied(above: string, path: string, items: Item[], seen: Set<string>): Gen<void> {
    const parts = path.split("/");
    for (let i = 1; i < parts.length; i++) {
      const name = parts.slice(0, i).join("/");
      if (seen.has(name) || name === "." || name === "") continue;
      seen.add(name);
      const from = above === "" ? name : `${above}${name}`;
      const { reply } = yield* this.ask(this.source, { op: "scan", path: from, recursive: false, follow: false });
      const entry = reply.entries?.[0];
      if (entry !== undefined) items.push({ entry, from, name });
    }
  }

  private *makeRoot(dest: string): Gen<void> {
    const path = dest.replace(/(.)\/+$/, "$1");
    if (!this.dry) {
      const { reply } = yield* this.ask(this.target, { op: "mkdir", path, parents: this.o.has("mkpath") });
      if (reply.error !== undefined)
        throw new RsyncError(
          `[Receiver] mkdir "${reply.error.whole}" failed: ${reply.error.message} (${reply.error.number})`,
          11,
          "main.c(787)",
        );
    }
    if (this.verbose || this.itemize) this.out.add(`created directory ${path}\n`);
  }

  /** A directory; false where it is not to be made. */
  private *directory(item: Item, path: string, known: Entry | undefined): Gen<boolean> {
    const shown = item.name === "" ? "./" : `${item.name}/`;
    if (known === undefined) {
      if (this.o.has("existing") && item.name !== "") return false;
      if (!this.dry) yield* this.ask(this.target, { op: "mkdir", path, parents: false });
      this.totals.made++;
      this.tell("cd+++++++++", shown);
      return true;
    }
    if (known.kind !== "dir" && !this.dry) {
      yield* this.ask(this.target, { op: "remove", path });
      yield* this.ask(this.target, { op: "mkdir", path, parents: false });
    }
    const flags = this.flags(item.entry, known, false);
    if (/[a-zA-Z]/.test(flags)) this.tell(`.d${flags}`, shown, flags[2] === "t");
    return true;
  }

  private *file(item: Item, path: string, known: Entry | undefined): Gen<void> {
    const { entry } = item;
    if (entry.kind === "symlink" && this.has("l")) return yield* this.link(item, path, known);
    if (known === undefined && this.o.has("existing")) return;
    if (known !== undefined && this.o.has("ignore-existing")) return;
    if (known !== undefined && this.o.has("u") && known.mtime > entry.mtime) return;
    const same = known?.kind === "file" && (yield* this.unchanged(item, path, known));
    const mark = this.target.remote ? "<" : ">";
    if (same) {
      const flags = this.flags(entry, known, false);
      if (!/[a-zA-Z]/.test(flags)) return;
      this.tell(`.f${flags}`, item.name, false);
      if (!this.dry) yield* this.ask(this.target, { op: "set", path, attributes: this.attributes(entry, known) });
      return;
    }
    if (known === undefined) this.totals.made++;
    this.totals.transferred++;
    this.totals.literal += entry.size;
    const read = this.dry ? undefined : yield* this.ask(this.source, { op: "read", path: item.from });
    if (read?.reply.error !== undefined)
      return yield* this.complain("sender", "send_files failed to open %", read.reply);
    this.tell(`${mark}f${known === undefined ? "+++++++++" : this.flags(entry, known, true)}`, item.name);
    if (read === undefined) return;
    const attributes = {
      ...this.attributes(entry, known),
      mode:
        this.has("p") || known === undefined
          ? entry.mode & (this.has("p") ? 0o7777 : 0o777 & ~this.p.umask)
          : known.mode,
    };
    const suffix = this.o.value("suffix") ?? "~";
    const backup = this.o.has("b") ? `${path}${suffix}` : undefined;
    const done = yield* this.ask(this.target, { op: "write", path, attributes, backup }, read.bytes);
    this.totals.sent += read.bytes.length + 35;
    this.totals.received += 19;
    if (done.reply.error !== undefined) return yield* this.complain("receiver", "mkstemp % failed", done.reply);
    if (this.o.has("P", "progress")) this.progress(entry.size);
    if (this.o.has("remove-source-files")) yield* this.ask(this.source, { op: "remove", path: item.from });
  }

  private progress(size: number): void {
    const shown = grouped(size);
    this.out.add(
      `\r${shown.padStart(15)} 100%    0.00kB/s    0:00:00 (xfr#${this.totals.transferred}, to-chk=0/${this.totals.files})\n`,
    );
  }

  private *link(item: Item, path: string, known: Entry | undefined): Gen<void> {
    const { entry } = item;
    const shown = `${item.name} -> ${entry.target}`;
    if (known?.kind === "symlink" && known.target === entry.target) {
      const flags = this.flags(entry, known, false).replace("t", ".");
      if (/[a-zA-Z]/.test(flags)) this.tell(`.L${flags}`, shown, false);
      return;
    }
    if (known === undefined && this.o.has("existing")) return;
    if (known === undefined) this.totals.made++;
    this.tell(known === undefined ? "cL+++++++++" : "cLc........", shown);
    if (!this.dry) yield* this.ask(this.target, { op: "symlink", path, target: entry.target });
  }

  /** Whether a file needs not be copied: size and time, or what the options look at. */
  private *unchanged({ entry, from }: Item, path: string, known: Entry): Gen<boolean> {
    if (this.o.has("I") || entry.size !== known.size) return false;
    if (this.o.has("size-only")) return true;
    if (!this.o.has("c")) return entry.mtime === known.mtime;
    const [a, b] = [
      yield* this.ask(this.source, { op: "read", path: from }),
      yield* this.ask(this.target, { op: "read", path }),
    ];
    return a.bytes.length === b.bytes.length && a.bytes.every((byte, i) => byte === b.bytes[i]);
  }

  /** The nine letters of -i: checksum, size, time, permissions, owner, group, and three more. */
  private flags(entry: Entry, known: Entry, copies: boolean): string {
    const { owner, group } = this.attributes(entry, known);
    return [
      copies && this.o.has("c") ? "c" : ".",
      entry.kind === "file" && entry.size !== known.size ? "s" : ".",
      entry.mtime !== known.mtime && this.has("t") ? "t" : copies && !this.has("t") ? "T" : ".",
      this.has("p") && entry.mode !== known.mode ? "p" : ".",
      owner !== undefined && owner !== known.user && owner !== String(known.uid) ? "o" : ".",
      group !== undefined && group !== known.group && group !== String(known.gid) ? "g" : ".",
      "...",
    ].join("");
  }

  /** What of a file is kept: by -p, -t, -o and -g, and --chown. */
  private attributes(entry: Entry, known: Entry | undefined): Attributes {
    const [owner, group] = this.o.value("chown")?.split(":") ?? [];
    const fresh = known === undefined && !this.has("p");
    const root = this.p.cred.uid === 0 || this.target.remote;
    return {
      mode: this.has("p") ? entry.mode : fresh && entry.kind === "dir" ? entry.mode & 0o777 & ~this.p.umask : undefined,
      mtime: this.has("t") && !(entry.kind === "dir" && this.o.has("O")) ? entry.mtime : undefined,
      owner: root && (this.has("o") || owner) ? owner || entry.user : undefined,
      group: this.has("g") || group ? group || entry.group : undefined,
    };
  }

  /** --delete: what a directory of the target has beyond that of the source. */
  private *prune(
    item: Item,
    base: string,
    inside: ReadonlyMap<string, readonly Entry[]>,
    names: ReadonlySet<string>,
  ): Gen<void> {
    const extra = (inside.get(item.name) ?? []).filter(({ name }) => !names.has(name));
    for (const entry of extra.reverse()) {
      if (!this.o.has("delete-excluded") && this.rules.excludes(entry.name, entry.kind === "dir")) continue;
      for (const one of [...below(entry, inside).reverse(), entry]) {
        if (!this.dry) yield* this.ask(this.target, { op: "remove", path: `${base}/${one.name}` });
        this.totals.deleted++;
        const shown = `${one.name}${one.kind === "dir" ? "/" : ""}`;
        if (this.itemize) this.out.add(`*deleting   ${shown}\n`);
        else if (this.verbose) this.out.add(`deleting ${shown}\n`);
      }
    }
  }

  /** A line of -i, or the name alone with -v; `listed`: -v shows it too. */
  private tell(flags: string, name: string, listed = true): void {
    if (this.itemize) this.out.add(`${flags} ${name}\n`);
    else if (this.verbose && listed) this.out.add(`${name}\n`);
  }

  /** --list-only. */
  private *show(items: readonly Item[]): Gen<void> {
    for (const { entry, name } of items) {
      const size = grouped(entry.size);
      const time = wallTime(this.p, entry.mtime * SECOND - this.p.machine.kernel.epochMs * 1000, "%Y/%m/%d %H:%M:%S");
      const target = entry.kind === "symlink" && this.has("l") ? ` -> ${entry.target}` : "";
      this.out.add(`${modeString(entry)} ${size.padStart(14)} ${time} ${name === "" ? "." : name}${target}\n`);
    }
    yield* this.out.flush();
  }
}

/** Entries by the directories that they lie in; that of the root lies in none. */
function byDirectory(entries: Iterable<Entry>): Map<string, Entry[]> {
  const out = new Map<string, Entry[]>();
  for (const entry of entries) {
    if (entry.name === "") continue;
    const dir = entry.name.slice(0, Math.max(0, entry.name.lastIndexOf("/")));
    const there = out.get(dir);
    if (there === undefined) out.set(dir, [entry]);
    else there.push(entry);
  }
  return out;
}

/** All that lies below a directory, each before what it holds. */
function below(entry: Entry, inside: ReadonlyMap<string, readonly Entry[]>): Entry[] {
  return (inside.get(entry.name) ?? []).flatMap((one) => [one, ...below(one, inside)]);
}

/** -m: directories that hold no file are left out. */
function withoutEmpty(items: readonly Item[]): Item[] {
  const full = new Set([""]);
  for (const { entry, name } of items) {
    if (entry.kind === "dir") continue;
    for (let at = name.lastIndexOf("/"); at > 0; at = name.lastIndexOf("/", at - 1)) full.add(name.slice(0, at));
  }
  return items.filter(({ entry, name }) => entry.kind !== "dir" || full.has(name));
}
