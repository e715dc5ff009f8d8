import { cpu, decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { readWhole } from "../io.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal, type Tool, tool } from "../tool.ts";
import { highest } from "./backup.ts";
import { makeParents } from "./mkdir.ts";
import { type FilePatch, type Hunk, parsePatch } from "./patch-input.ts";

/** patch(1): -p, -R, -i, -o, -d, -b, --dry-run, -s, -N, -f; fuzz and offsets as GNU's. */
export const patch = tool(
  {
    name: "patch",
    short: "bB:cd:eEfF:g:i:lnNo:p:r:RstTuvV:xY:z:Z",
    long: "strip:=p reverse=R input:=i output:=o directory:=d backup=b dry-run=dry quiet=s silent=s forward=N force=f fuzz:=F batch=t unified=u reject-file:=r verbose=verbose remove-empty-files=E suffix:=z prefix:=B basename-prefix:=Y version-control:=V ignore-whitespace=l context=c normal=n ed=e backup-if-mismatch=bim no-backup-if-mismatch=nbim binary=binary posix=posix merge::=merge read-only:=ro reject-format:=rf quoting-style:=qs get:=g set-time=T set-utc=Z follow-symlinks=fs",
    usage: "[OPTION]... [ORIGFILE [PATCHFILE]]",
    about: "",
    version: "GNU patch 2.8",
    usageStatus: 2,
    hint: "patch: Try 'patch --help' for more information.",
  },
  function* (t, o) {
    const dir = o.value("d");
    if (dir !== undefined) {
      try {
        sys.chdir(t.p, dir);
      } catch (error) {
        if (!isErrno(error)) throw error;
        throw new Fatal(`**** Can't change to directory ${dir} : ${error.message}`, 2);
      }
    }
    const input = o.value("i") ?? o.operands[1] ?? "-";
    let text: string;
    try {
      text = input === "-" ? decode(yield* readWhole(t.p, 0)) : sys.readText(t.p, input);
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new Fatal(`**** Can't open patch file ${input} : ${error.message}`, 2);
    }
    const patches = parsePatch(text);
    if (patches.length === 0) {
      if (text.trim() === "") return 0;
      throw new Fatal("**** Only garbage was found in the patch input.", 2);
    }
    const strip = o.value("p");
    if (strip !== undefined && !/^\d+$/.test(strip)) throw new Fatal(`**** strip count ${strip} is not a number`, 2);
    for (const file of patches) {
      yield* cpu(50);
      const [from, to] = o.has("R") ? [file.fresh, file.old] : [file.old, file.fresh];
      const target = o.operands[0] ?? choose(t, file.old, file.fresh, strip === undefined ? undefined : Number(strip));
      if (target === undefined) {
        missing(t, file, { stripped: strip !== undefined, batch: o.has("f") || o.has("t"), quiet: o.has("s") });
        continue;
      }
      yield* apply(t, target, o.has("R") ? reversed(file) : file, {
        created: from === "/dev/null",
        removed: to === "/dev/null",
        quiet: o.has("s"),
        dry: o.has("dry"),
        backup: o.has("b"),
        backups: backupsOf(t, o),
        moved: movedTo(t, o.has("R") ? reversed(file) : file, target),
        output: o.value("o"),
        ifReversed: o.has("f") ? "apply" : o.has("t") ? "reverse" : o.has("N") ? "skip" : "ask",
        fuzz: Number(o.value("F") ?? 2),
        unreverses: o.has("R"),
        rejects: !o.has("dry") && o.value("r") !== "-",
      });
    }
    return t.status;
  },
);

function reversed(file: FilePatch): FilePatch {
  return {
    ...file,
    old: file.fresh,
    fresh: file.old,
    renamed: file.renamed && { from: file.renamed.to, to: file.renamed.from },
    hunks: file.hunks.map((hunk) => ({ ...hunk, old: hunk.fresh, fresh: hunk.old })),
  };
}

/** The file's name with leading directories taken off: the first candidate that exists, else what a new file is called. */
function choose(t: Tool, from: string, to: string, strip: number | undefined): string | undefined {
  const cut = (name: string) => {
    if (name === "/dev/null") return undefined;
    if (strip === undefined) return name.slice(name.lastIndexOf("/") + 1);
    const parts = name.split("/");
    return parts.length > strip ? parts.slice(strip).join("/") : undefined;
  };
  const names = [cut(from), cut(to)].filter((name) => name !== undefined && name !== "") as string[];
  // Of those that exist: fewest directories, shortest last name, shortest name.
  const rank = (name: string) => [name.split("/").length, name.length - name.lastIndexOf("/"), name.length];
  const there = names.filter((name) => sys.find(t.p, name)?.kind === "file");
  const best = there.sort((a, b) => {
    const [x, y] = [rank(a), rank(b)];
    return x[0]! - y[0]! || x[1]! - y[1]! || x[2]! - y[2]!;
  })[0];
  return best ?? (from === "/dev/null" ? names[0] : undefined);
}

interface How {
  created: boolean;
  removed: boolean;
  quiet: boolean;
  dry: boolean;
  backup: boolean;
  /** Where the file as it was is kept. */
  backups: (path: string) => string;
  /** The name that it has afterwards, where that is another. */
  moved: string | undefined;
  output: string | undefined;
  fuzz: number;
  /** -R: a patch that fits as it is was not applied. */
  unreverses: boolean;
  /** What fits nowhere is written to a file. */
  rejects: boolean;
  /** What becomes of a patch that is in the file already. */
  ifReversed: "ask" | "skip" | "reverse" | "apply";
}

/** No file for a patch: nobody is at the terminal to name one, so it is skipped. */
function missing(
  t: Tool,
  file: FilePatch,
  { stripped, batch, quiet }: { stripped: boolean; batch: boolean; quiet: boolean },
): void {
  t.status = 1;
  const rule = "--------------------------";
  const hint = stripped ? "Perhaps you used the wrong" : "Perhaps you should have used the";
  if (!quiet) t.out.add(`can't find file to patch at input line ${file.line}\n${hint} -p or --strip option?\n`);
  if (file.lead.length > 0)
    t.out.add(`The text leading up to this was:\n${rule}\n${file.lead.map((line) => `|${line}\n`).join("")}${rule}\n`);
  if (batch) t.out.add("No file to patch.  Skipping patch.\n");
  else t.out.add(`File to patch: \nSkip this patch? [y] \n${quiet ? "" : "Skipping patch.\n"}`);
  t.out.add(`${hunkCount(file.hunks.length, file.hunks.length)} ignored\n`);
}

const savesRejects = (how: How, path: string): string =>
  how.rejects ? ` -- saving rejects to file ${how.output ?? path}.rej` : "";

/** Whether the first hunk fits the other way round with less fuzz than as it is. */
function isThereAlready(lines: readonly string[], file: FilePatch, fuzz: number): boolean {
  const [first] = file.hunks;
  if (first === undefined) return false;
  const back = reversed({ ...file, hunks: [first] }).hunks[0]!;
  for (let level = 0; level <= fuzz; level++) {
    if (locate(lines, first, first.at - 1, level, level)) return false;
    if (locate(lines, back, back.at - 1, level, level)) return true;
  }
  return false;
}

function hunkCount(some: number, all: number): string {
  return `${some} out of ${all} hunk${all === 1 ? "" : "s"}`;
}

function* apply(t: Tool, path: string, given: FilePatch, how: How): Gen<void> {
  const { p } = t;
  let file = given;
  const before = sys.find(p, path) === undefined ? "" : sys.readText(p, path);
  const lines = before === "" ? [] : before.replace(/\n$/, "").split("\n");
  const shown =
    how.moved !== undefined
      ? `${how.moved} (renamed from ${path})`
      : how.output === undefined
        ? path
        : `${how.output} (read from ${path})`;
  if (!how.quiet) t.out.add(`${how.dry ? "checking" : "patching"} file ${shown}\n`);
  const exists = sys.find(p, path) !== undefined;
  if (how.ifReversed !== "apply" && isThereAlready(lines, file, how.fuzz)) {
    t.out.add(how.unreverses ? "Unreversed patch detected!" : "Reversed (or previously applied) patch detected!");
    const turn = how.unreverses ? "Ignor" : "Assum";
    if (how.ifReversed === "reverse") {
      t.out.add(`  ${turn}ing -R.\n`);
      file = reversed(file);
    } else {
      t.out.add(
        how.ifReversed === "skip"
          ? "  Skipping patch.\n"
          : `  ${turn}e -R? [n] \nApply anyway? [n] \nSkipping patch.\n`,
      );
      t.status = 1;
      t.out.add(`${hunkCount(file.hunks.length, file.hunks.length)} ignored${savesRejects(how, path)}\n`);
      if (how.rejects) writeRejects(t, how.output ?? path, file, file.hunks);
      return;
    }
  }
  let shift = 0;
  const rejected: Hunk[] = [];
  for (const [n, hunk] of file.hunks.entries()) {
    const found = locate(lines, hunk, hunk.at - 1 + shift, how.fuzz);
    if (found === undefined) {
      t.out.add(`Hunk #${n + 1} FAILED at ${hunk.at}.\n`);
      rejected.push(hunk);
      continue;
    }
    const { at, head, tail, fuzz } = found;
    const offset = at - head - (hunk.at - 1 + shift);
    const old = hunk.old.slice(head, hunk.old.length - tail);
    const fresh = hunk.fresh.slice(head, hunk.fresh.length - tail);
    if ((offset !== 0 || fuzz > 0) && !how.quiet) {
      const notes = [
        fuzz > 0 ? ` with fuzz ${fuzz}` : "",
        offset !== 0 ? ` (offset ${offset} line${Math.abs(offset) === 1 ? "" : "s"})` : "",
      ];
      t.out.add(`Hunk #${n + 1} succeeded at ${at - head + 1}${notes.join("")}.\n`);
    }
    lines.splice(at, old.length, ...fresh);
    shift += offset + fresh.length - old.length;
  }
  if (rejected.length > 0) {
    t.status = 1;
    if (!exists && !how.dry && !how.created) t.out.add(`Cannot stat file ${path}, skipping backup\n`);
    t.out.add(`${hunkCount(rejected.length, file.hunks.length)} FAILED${savesRejects(how, path)}\n`);
    if (how.rejects) writeRejects(t, how.output ?? path, file, rejected);
  }
  if (how.dry) return;
  if (!exists && rejected.length > 0) return;
  if (how.backup || rejected.length > 0) keep(t, how.backups(path), before);
  if (how.backup && how.moved !== undefined) keep(t, how.backups(how.moved), "");
  if (how.removed && lines.length === 0) {
    sys.unlink(p, path);
    return;
  }
  if (rejected.length === file.hunks.length) return;
  const target = how.output ?? how.moved ?? path;
  if (how.moved !== undefined) sys.unlink(p, path);
  if ((how.created || how.moved !== undefined) && target.includes("/"))
    makeParents(p, target.slice(0, target.lastIndexOf("/")));
  sys.writeText(p, target, lines.length === 0 ? "" : `${lines.join("\n")}\n`);
}

function keep(t: Tool, path: string, text: string): void {
  if (path.includes("/")) makeParents(t.p, path.slice(0, path.lastIndexOf("/")));
  sys.writeText(t.p, path, text);
}

/** Names of backups: `.orig` behind them, numbers with -V numbered, or what -z, -B and -Y put around them. */
function backupsOf(t: Tool, o: ParsedOptions): (path: string) => string {
  const control = o.value("V") ?? t.p.env.get("PATCH_VERSION_CONTROL") ?? t.p.env.get("VERSION_CONTROL") ?? "existing";
  const around = o.has("z", "B", "Y");
  return (path) => {
    const slash = path.lastIndexOf("/") + 1;
    if (around) {
      const named = `${path.slice(0, slash)}${o.value("Y") ?? ""}${path.slice(slash)}`;
      return `${o.value("B") ?? ""}${named}${o.value("z") ?? ""}`;
    }
    const last = highest(t, path);
    const numbered = /^(?:t|numbered)$/.test(control) || (/^(?:nil|existing)$/.test(control) && last > 0);
    return numbered ? `${path}.~${last + 1}~` : `${path}${t.p.env.get("SIMPLE_BACKUP_SUFFIX") ?? ".orig"}`;
  };
}

/** The name that git's `rename to` gives a file, with as many directories taken off as the other name has lost. */
function movedTo(t: Tool, file: FilePatch, target: string): string | undefined {
  if (file.renamed === undefined || file.renamed.from !== target || sys.find(t.p, target) === undefined)
    return undefined;
  return file.renamed.to;
}

function writeRejects(t: Tool, path: string, file: FilePatch, hunks: readonly Hunk[]): void {
  sys.writeText(t.p, `${path}.rej`, file.header + hunks.map((hunk) => hunk.text).join(""));
}

/** Where a hunk fits: nearest to its place first, with less and less context. */
function locate(
  lines: readonly string[],
  hunk: Hunk,
  place: number,
  fuzz: number,
  least = 0,
): { at: number; head: number; tail: number; fuzz: number } | undefined {
  const context = Math.max(hunk.before, hunk.after);
  for (let level = least; level <= Math.min(fuzz, context); level++) {
    const head = Math.max(0, level - (context - hunk.before));
    const tail = Math.max(0, level - (context - hunk.after));
    const old = hunk.old.slice(Math.min(head, hunk.before), hunk.old.length - Math.min(tail, hunk.after));
    const from = Math.min(head, hunk.before);
    // Less context on one side than on the other: the file begins or ends there.
    const atStart = level + hunk.before < context && hunk.at <= 1;
    const atEnd = level + hunk.after < context;
    const fits = (at: number) =>
      at >= 0 && at + old.length <= lines.length && old.every((line, i) => lines[at + i] === line);
    if (atStart || atEnd) {
      const at = atStart ? 0 : lines.length - old.length;
      if ((!atStart || !atEnd || old.length === lines.length) && fits(at))
        return { at, head: from, tail: Math.min(tail, hunk.after), fuzz: level };
      continue;
    }
    for (let distance = 0; distance <= lines.length + Math.abs(place); distance++) {
      for (const at of distance === 0 ? [place + from] : [place + from + distance, place + from - distance])
        if (fits(at)) return { at, head: from, tail: Math.min(tail, hunk.after), fuzz: level };
    }
  }
  return undefined;
}
