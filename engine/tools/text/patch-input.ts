/** What patch(1) reads: unified, context and normal diffs. */
import { Fatal } from "../tool.ts";

export interface Hunk {
  /** First line in the old file, from 1. */
  at: number;
  old: string[];
  fresh: string[];
  /** Lines of context at its beginning and end, which fuzz may leave out. */
  before: number;
  after: number;
  /** As a reject file has it. */
  text: string;
}

export interface FilePatch {
  old: string;
  fresh: string;
  hunks: Hunk[];
  /** What stands above the hunks in a reject file. */
  header: string;
  /** Lines of the input up to and with the header, for the question which file is meant. */
  lead: readonly string[];
  /** Git's extended header: the file has another name afterwards. */
  renamed: { from: string; to: string } | undefined;
  /** Line of the input where the first hunk begins, from 1. */
  line: number;
}

const nameOf = (line: string) => line.slice(4).split("\t")[0]!.trim();

/** The files that a patch changes. Throws `Fatal` for what breaks off in the middle. */
export function parsePatch(text: string): FilePatch[] {
  const lines = text.split("\n");
  const out: FilePatch[] = [];
  let lead = 0;
  for (let i = 0; i < lines.length; ) {
    const line = lines[i]!;
    const next = lines[i + 1] ?? "";
    const context = line.startsWith("*** ") && next.startsWith("--- ") && lines[i + 2]?.startsWith("***************");
    const unified = line.startsWith("--- ") && next.startsWith("+++ ");
    const normal = /^\d+(,\d+)?[acd]\d+(,\d+)?$/.test(line) && /^[<>] /.test(next);
    if (!context && !unified && !normal) {
      i++;
      continue;
    }
    const header = normal ? 0 : 2;
    const file: FilePatch = {
      old: normal ? "" : nameOf(line),
      fresh: normal ? "" : nameOf(next),
      hunks: [],
      header: normal ? "*** /dev/null\n--- /dev/null\n" : context ? `${line}\n${next}\n` : `${line}\n${next}\n`,
      lead: lines.slice(lead, i + header),
      line: i + header + 1,
      renamed: renameIn(lines.slice(lead, i)),
    };
    const reader = context ? contextHunk : unified ? unifiedHunk : normalHunk;
    i += header;
    for (;;) {
      const found = reader(lines, i);
      if (found === undefined) break;
      file.hunks.push(found.hunk);
      i = found.next;
    }
    if (file.hunks.length === 0) i++;
    else out.push(file);
    lead = i;
  }
  return out;
}

/** `rename from` and `rename to` among the lines above a diff. */
function renameIn(lines: readonly string[]): FilePatch["renamed"] {
  const name = (start: string) => lines.findLast((line) => line.startsWith(start))?.slice(start.length);
  const [from, to] = [name("rename from "), name("rename to ")];
  return from === undefined || to === undefined ? undefined : { from, to };
}

interface Found {
  hunk: Hunk;
  next: number;
}

function unifiedHunk(lines: readonly string[], from: number): Found | undefined {
  let i = from;
  const head = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(lines[i] ?? "");
  if (head === null) return undefined;
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
  return { hunk, next: i };
}

function normalHunk(lines: readonly string[], from: number): Found | undefined {
  const head = /^(\d+)(?:,(\d+))?([acd])(\d+)(?:,(\d+))?$/.exec(lines[from] ?? "");
  if (head === null) return undefined;
  const [, first, last, kind, freshFirst, freshLast] = head;
  const count = kind === "a" ? 0 : Number(last ?? first) - Number(first) + 1;
  const freshCount = kind === "d" ? 0 : Number(freshLast ?? freshFirst) - Number(freshFirst) + 1;
  let i = from + 1;
  const take = (mark: string, n: number) => {
    const taken: string[] = [];
    for (; taken.length < n; i++) {
      if (!lines[i]?.startsWith(mark)) throw new Fatal(`**** '${mark.trim()}' expected at line ${i + 1} of patch`, 2);
      taken.push(lines[i]!.slice(2));
    }
    if (lines[i]?.startsWith("\\")) i++;
    return taken;
  };
  const old = take("< ", count);
  if (kind === "c") i++;
  const fresh = take("> ", freshCount);
  const at = Number(first) + (kind === "a" ? 1 : 0);
  const shown = (mark: string, body: string[]) => body.map((line) => `${mark} ${line}\n`).join("");
  const span = last === undefined ? first : `${first},${last}`;
  const freshSpan = freshLast === undefined ? freshFirst : `${freshFirst},${freshLast}`;
  const text = `***************\n*** ${span}\n${shown("-", old)}--- ${freshSpan} -----\n${shown("+", fresh)}`;
  return { hunk: { at, old, fresh, before: 0, after: 0, text }, next: i };
}

function contextHunk(lines: readonly string[], from: number): Found | undefined {
  if (!lines[from]?.startsWith("***************")) return undefined;
  const head = /^\*\*\* (\d+)(?:,(\d+))? \*\*\*\*/.exec(lines[from + 1] ?? "");
  if (head === null) return undefined;
  let i = from + 2;
  const side = () => {
    const taken: string[] = [];
    for (; /^[ !+-] /.test(lines[i] ?? "") && !/^--- \d+(,\d+)? ----/.test(lines[i]!); i++) taken.push(lines[i]!);
    if (lines[i]?.startsWith("\\")) i++;
    return taken;
  };
  let old = side();
  if (!/^--- \d+(,\d+)? ----/.test(lines[i] ?? "")) throw new Fatal("**** unexpected end of file in patch", 2);
  i++;
  let fresh = side();
  // A side without changes is left out: it is the context of the other.
  if (old.length === 0) old = fresh.filter((line) => line.startsWith(" "));
  if (fresh.length === 0) fresh = old.filter((line) => line.startsWith(" "));
  const marks = old.some((line) => !line.startsWith(" ")) ? old : fresh;
  const before = marks.findIndex((line) => !line.startsWith(" "));
  const after = marks.length - 1 - marks.findLastIndex((line) => !line.startsWith(" "));
  const body = (side: string[]) => side.map((line) => line.slice(2));
  const empty = head[2] === undefined && Number(head[1]) === 0;
  const text = `${lines.slice(from, i).join("\n")}\n`;
  return {
    hunk: { at: Number(head[1]) + (empty ? 1 : 0), old: body(old), fresh: body(fresh), before, after, text },
    next: i,
  };
}
