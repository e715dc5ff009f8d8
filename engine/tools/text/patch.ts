import { cpu, decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { readWhole } from "../io.ts";
import { Fatal, type Tool, tool } from "../tool.ts";
import { makeParents } from "./mkdir.ts";

interface Hunk {
  /** First line in the old file, from 1. */
  at: number;
  old: string[];
  fresh: string[];
  /** Lines of context at its beginning and end, which fuzz may leave out. */
  before: number;
  after: number;
  text: string;
}

interface FilePatch {
  old: string;
  fresh: string;
  hunks: Hunk[];
}

/** patch(1) for unified diffs: -p, -R, -i, -o, -d, -b, --dry-run, -s, -N, -f; fuzz and offsets as GNU's. */
export const patch = tool(
  {
    name: "patch",
    short: "bcd:eEfF:g:i:lnNo:p:r:RstTuvV:xY:z:Z",
    long: "strip:=p reverse=R input:=i output:=o directory:=d backup=b dry-run=dry quiet=s silent=s forward=N force=f fuzz:=F batch=t unified=u reject-file:=r verbose=verbose remove-empty-files=E",
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
    const patches = parse(text);
    if (patches.length === 0) {
      if (text.trim() === "") return 0;
      throw new Fatal("**** Only garbage was found in the patch input.", 2);
    }
    const strip = o.value("p");
    for (const file of patches) {
      yield* cpu(50);
      const [from, to] = o.has("R") ? [file.fresh, file.old] : [file.old, file.fresh];
      const target = o.operands[0] ?? choose(t, from, to, strip === undefined ? undefined : Number(strip));
      if (target === undefined) {
        yield* t.out.flush();
        throw new Fatal("**** No file to patch.  Skipping patch.", 1);
      }
      yield* apply(t, target, o.has("R") ? reversed(file) : file, {
        created: from === "/dev/null",
        removed: to === "/dev/null",
        quiet: o.has("s"),
        dry: o.has("dry"),
        backup: o.has("b"),
        output: o.value("o"),
        fuzz: Number(o.value("F") ?? 2),
      });
    }
    return t.status;
  },
);

function parse(text: string): FilePatch[] {
  const lines = text.split("\n");
  const out: FilePatch[] = [];
  const nameOf = (line: string) => line.slice(4).split("\t")[0]!.trim();
  for (let i = 0; i < lines.length; i++) {
    if (!(lines[i]!.startsWith("--- ") && lines[i + 1]?.startsWith("+++ "))) continue;
    const file: FilePatch = { old: nameOf(lines[i]!), fresh: nameOf(lines[i + 1]!), hunks: [] };
    i += 2;
    for (;;) {
      const head = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(lines[i] ?? "");
      if (head === null) break;
      let oldLeft = Number(head[2] ?? 1);
      let freshLeft = Number(head[4] ?? 1);
      const hunk: Hunk = {
        at: Number(head[1]) + (oldLeft === 0 ? 1 : 0),
        old: [],
        fresh: [],
        before: 0,
        after: 0,
        text: `${lines[i]}\n`,
      };
      let changed = false;
      for (i++; oldLeft > 0 || freshLeft > 0 || lines[i]?.startsWith("\\"); i++) {
        const line = lines[i];
        if (line === undefined) throw new Fatal(`**** unexpected end of file in patch`, 2);
        hunk.text += `${line}\n`;
        const body = line.slice(1);
        if (line[0] === "-") {
          hunk.old.push(body);
          oldLeft--;
        } else if (line[0] === "+") {
          hunk.fresh.push(body);
          freshLeft--;
        } else if (line[0] === " " || line === "") {
          hunk.old.push(body);
          hunk.fresh.push(body);
          oldLeft--;
          freshLeft--;
          if (changed) hunk.after++;
          else hunk.before++;
          continue;
        } else if (line[0] !== "\\") throw new Fatal(`**** malformed patch at line ${i + 1}: ${line}\n`, 2);
        if (line[0] !== "\\") hunk.after = 0;
        changed = true;
      }
      file.hunks.push(hunk);
    }
    i--;
    out.push(file);
  }
  return out;
}

function reversed(file: FilePatch): FilePatch {
  return {
    old: file.fresh,
    fresh: file.old,
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
  return names.find((name) => sys.find(t.p, name) !== undefined) ?? (from === "/dev/null" ? names[0] : undefined);
}

interface How {
  created: boolean;
  removed: boolean;
  quiet: boolean;
  dry: boolean;
  backup: boolean;
  output: string | undefined;
  fuzz: number;
}

function* apply(t: Tool, path: string, file: FilePatch, how: How): Gen<void> {
  const { p } = t;
  const before = sys.find(p, path) === undefined ? "" : sys.readText(p, path);
  const lines = before === "" ? [] : before.replace(/\n$/, "").split("\n");
  if (!how.quiet)
    t.out.add(
      `${how.dry ? "checking" : "patching"} file ${how.output === undefined ? path : `${how.output} (read from ${path})`}\n`,
    );
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
    const count = `${rejected.length} out of ${file.hunks.length} hunk${file.hunks.length === 1 ? "" : "s"} FAILED`;
    t.out.add(how.dry ? `${count}\n` : `${count} -- saving rejects to file ${path}.rej\n`);
    if (!how.dry)
      sys.writeText(
        p,
        `${path}.rej`,
        `--- ${file.old}\n+++ ${file.fresh}\n${rejected.map((hunk) => hunk.text).join("")}`,
      );
  }
  if (how.dry) return;
  if (how.backup || rejected.length > 0) sys.writeText(p, `${path}.orig`, before);
  if (how.removed && lines.length === 0) {
    sys.unlink(p, path);
    return;
  }
  if (rejected.length === file.hunks.length) return;
  const target = how.output ?? path;
  if (how.created && target.includes("/")) makeParents(p, target.slice(0, target.lastIndexOf("/")));
  sys.writeText(p, target, lines.length === 0 ? "" : `${lines.join("\n")}\n`);
}

/** Where a hunk fits: nearest to its place first, with less and less context. */
function locate(
  lines: readonly string[],
  hunk: Hunk,
  place: number,
  fuzz: number,
): { at: number; head: number; tail: number; fuzz: number } | undefined {
  const context = Math.max(hunk.before, hunk.after);
  for (let level = 0; level <= Math.min(fuzz, context); level++) {
    const head = Math.max(0, level - (context - hunk.before));
    const tail = Math.max(0, level - (context - hunk.after));
    const old = hunk.old.slice(Math.min(head, hunk.before), hunk.old.length - Math.min(tail, hunk.after));
    const from = Math.min(head, hunk.before);
    const fits = (at: number) =>
      at >= 0 && at + old.length <= lines.length && old.every((line, i) => lines[at + i] === line);
    for (let distance = 0; distance <= lines.length + Math.abs(place); distance++) {
      for (const at of distance === 0 ? [place + from] : [place + from + distance, place + from - distance])
        if (fits(at)) return { at, head: from, tail: Math.min(tail, hunk.after), fuzz: level };
    }
  }
  return undefined;
}
