/** :s and :g. */
import type { Gen } from "../../../../kernel/index.ts";
import { ex } from "./ex.ts";
import { type Found, findIn, type Pattern, ViError } from "./pattern.ts";
import { checked, splitDelimited } from "./range.ts";
import { draw } from "./screen.ts";
import type { Vi } from "./state.ts";
import { firstNonBlank } from "./words.ts";

/** :s, :& and :&&: `argument` begins with the delimiter, or holds only flags and a count. */
export function* substitute(
  vi: Vi,
  rows: { first: number; last: number },
  argument: string,
  repeat: "&" | "&&" | "~" | undefined,
): Gen<void> {
  const { text } = vi;
  let flags = argument;
  const old = vi.substitution;
  let given = old;
  if (repeat === undefined && argument !== "" && !/^[ \t]*[&cegiInp#\d]*[ \t]*\d*$/.test(argument)) {
    const delimiter = argument[0]!;
    if (/[\w"|\\]/.test(delimiter)) throw new ViError("E146: Regular expressions can't be delimited by letters");
    const [pattern = "", replacement = "", rest = ""] = splitDelimited(argument, 3);
    const source = pattern === "" ? vi.search.pattern : pattern;
    if (source === "") throw new ViError("E35: No previous regular expression");
    given = {
      pattern: source,
      with: replacement.replace(/(\\*)~/g, (all, slashes: string) =>
        slashes.length % 2 === 0 ? slashes + (vi.substitution?.with ?? "") : all,
      ),
      flags: "",
    };
    flags = rest;
  } else if (given === undefined) throw new ViError("E33: No previous substitute regular expression");
  if (repeat === "~") given = { ...given!, pattern: vi.search.pattern };
  flags = flags.trim();
  if (repeat === "&&" || flags.startsWith("&")) flags = (old?.flags ?? "") + flags.replace(/^&/, "");
  const count = /\d+$/.exec(flags);
  let { first, last } = rows;
  if (count) {
    first = last;
    last = Math.min(text.lines.length - 1, first + Number(count[0]) - 1);
    flags = flags.slice(0, count.index).trim();
  }
  if (/[^&cegiInp#lr]/.test(flags)) throw new ViError(`E488: Trailing characters: ${flags}`);
  vi.substitution = { ...given!, flags: flags.replaceAll("&", "") };
  vi.search = { pattern: given!.pattern, offset: "", back: false };
  vi.highlighting = true;
  const fold = flags.includes("i") ? "\\c" : flags.includes("I") ? "\\C" : "";
  yield* replaceAll(vi, first, last, given!.pattern + fold, given!.with, flags);
}

function* replaceAll(
  vi: Vi,
  first: number,
  last: number,
  source: string,
  replacement: string,
  flags: string,
): Gen<void> {
  const { text } = vi;
  const pattern = checked(vi, source);
  const all = flags.includes("g") !== vi.options.on("gdefault");
  let ask = flags.includes("c");
  const only = flags.includes("n");
  if (pattern.acrossLines)
    return replaceAcross(vi, first, last, pattern, replacement, { all, only, quiet: flags.includes("e"), source });
  let [hits, touched, end] = [0, 0, last];
  let stop = false;
  let where: number | undefined;
  for (let row = first; row <= end && !stop; row++) {
    const subject = text.lines[row]!;
    const limit = subject.length;
    let out = "";
    let at = 0;
    let here = 0;
    for (let start = 0; start <= limit && !stop; ) {
      const found = findIn(pattern, subject, start);
      if (found === undefined) break;
      let take = true;
      if (ask) {
        const answer = yield* confirm(vi, row, found, out, subject.slice(at), replacement, at);
        if (answer === "a") ask = false;
        take = answer !== "n" && answer !== "q";
        stop = answer === "q" || answer === "l";
        if (answer === "q" && here === 0 && hits === 0) where ??= row;
      }
      if (take) {
        here++;
        out += subject.slice(at, found.from) + expand(replacement, found.groups);
        at = found.to;
      }
      if (!all && (take || !ask)) break;
      if (!all && ask) break;
      start = found.to > found.from ? found.to : found.to + 1;
      // Nothing is looked for at the end of a line behind a match.
      if (start >= limit) break;
    }
    if (here === 0) continue;
    hits += here;
    touched++;
    if (only) continue;
    text.row = row;
    if (hits === here) vi.change();
    const lines = (out + subject.slice(at)).split("\n");
    text.splice(row, 1, ...lines);
    row += lines.length - 1;
    end += lines.length - 1;
    where = row;
  }
  if (hits === 0) {
    if (where !== undefined || stop) return;
    if (!flags.includes("e")) throw new ViError(`E486: Pattern not found: ${source.replace(/\\[cC]$/, "")}`);
    return;
  }
  if (where !== undefined && !only) {
    text.row = Math.min(where, text.lines.length - 1);
    text.column = firstNonBlank(text.line);
  }
  const many = hits === 1 ? "1 " : `${hits} `;
  const lines = `${touched} line${touched === 1 ? "" : "s"}`;
  if (only) vi.say(`${many}match${hits === 1 ? "" : "es"} on ${lines}`);
  else if (hits > 2 && !vi.quiet) vi.say(`${many}substitution${hits === 1 ? "" : "s"} on ${lines}`);
  if (vi.quiet) {
    vi.quiet.hits += hits;
    vi.quiet.lines += touched;
  }
}

/** A pattern with \\n joins lines: the text is looked through as one. */
function replaceAcross(
  vi: Vi,
  first: number,
  last: number,
  pattern: Pattern,
  replacement: string,
  how: { all: boolean; only: boolean; quiet: boolean; source: string },
): void {
  const { text } = vi;
  const subject = `${text.lines.slice(first).join("\n")}\n`;
  const limit = text.lines.slice(first, last + 1).join("\n").length;
  let out = "";
  let at = 0;
  let hits = 0;
  const rows = new Set<number>();
  for (let start = 0; start <= limit; ) {
    const found = findIn(pattern, subject, start);
    if (found === undefined || found.from > limit || found.from >= subject.length) break;
    out += subject.slice(at, found.from) + expand(replacement, found.groups);
    rows.add(out.split("\n").length);
    hits++;
    at = found.to;
    start = found.to > found.from ? found.to : found.to + 1;
    if (!how.all) start = Math.max(start, subject.indexOf("\n", found.from) + 1);
  }
  if (hits === 0) {
    if (!how.quiet) throw new ViError(`E486: Pattern not found: ${how.source}`);
    return;
  }
  if (!how.only) {
    text.row = first;
    vi.change();
    const lines = (out + subject.slice(at)).replace(/\n$/, "").split("\n");
    text.splice(first, text.lines.length - first, ...lines);
    vi.goTo({ row: first + Math.max(0, out.split("\n").length - 1), column: 0 });
  }
  const lines = `${rows.size} line${rows.size === 1 ? "" : "s"}`;
  if (how.only) vi.say(`${hits} match${hits === 1 ? "" : "es"} on ${lines}`);
  else if (hits > 2) vi.say(`${hits} substitutions on ${lines}`);
}

/** Asks about one match (flag c): y, n, a, q or l. */
function* confirm(
  vi: Vi,
  row: number,
  found: Found,
  done: string,
  rest: string,
  replacement: string,
  at: number,
): Gen<string> {
  const { text } = vi;
  const kept = text.lines[row]!;
  text.lines[row] = (done + rest).split("\n")[0]!;
  const column = done.length + found.from - at;
  vi.goTo({ row, column });
  vi.visual = { kind: "v", row, column: Math.max(column, column + (found.to - found.from) - 1), toEnd: false };
  const question = `replace with ${replacement} (y/n/a/q/l/^E/^Y)?`;
  try {
    for (;;) {
      let key: string | undefined;
      if (vi.replaying) key = yield* vi.key();
      else {
        draw(vi, { asked: question });
        key = yield* vi.terminal.key();
      }
      if (key === undefined || key === "esc" || key === "ctrl-c") return "q";
      if (/^[ynaql]$/.test(key)) return key;
    }
  } finally {
    vi.visual = undefined;
    text.lines[row] = kept;
    vi.message = "";
  }
}

/** What replaces a match: & and \0 to \9, \r and \n, case changes. */
function expand(text: string, groups: readonly (string | undefined)[]): string {
  let out = "";
  let once: "u" | "l" | undefined;
  let mode: "U" | "L" | undefined;
  const add = (part: string) => {
    if (part === "") return;
    let shown = mode === "U" ? part.toUpperCase() : mode === "L" ? part.toLowerCase() : part;
    if (once) {
      const size = shown.codePointAt(0)! > 0xffff ? 2 : 1;
      const head = shown.slice(0, size);
      shown = (once === "u" ? head.toUpperCase() : head.toLowerCase()) + shown.slice(size);
    }
    once = undefined;
    out += shown;
  };
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === "&") add(groups[0] ?? "");
    else if (char === "\r") add("\n");
    else if (char !== "\\") add(char);
    else {
      const next = text[++i] ?? "\\";
      if (/\d/.test(next)) add(groups[Number(next)] ?? "");
      else if (next === "r") add("\n");
      else if (next === "n") add("\0");
      else if (next === "t") add("\t");
      else if (next === "u" || next === "l") once = next;
      else if (next === "U" || next === "L") mode = next;
      else if (next === "e" || next === "E") mode = undefined;
      else add(next);
    }
  }
  return out;
}

/** :g and :v: a command on every line that matches, or does not. */
export function* globally(
  vi: Vi,
  rows: { first: number; last: number },
  argument: string,
  inverted: boolean,
): Gen<void> {
  if (argument === "") throw new ViError("E148: Regular expression missing from :global");
  const [pattern = "", command = ""] = splitDelimited(argument, 2);
  const source = pattern || vi.search.pattern;
  const { text } = vi;
  const regex = checked(vi, source);
  vi.search = { pattern: source, offset: "", back: false };
  // Lines are marked first: a command may move them, and is not done twice.
  const marked: string[] = [];
  for (let row = rows.first; row <= rows.last; row++) {
    if ((findIn(regex, text.lines[row]!, 0) !== undefined) === inverted) continue;
    const name = `\0${marked.length}`;
    text.marks.set(name, { row, column: 0 });
    marked.push(name);
  }
  if (marked.length === 0) {
    vi.say(inverted ? `Pattern found in every line: ${source}` : `Pattern not found: ${source}`);
    return;
  }
  const before = text.lines.length;
  const outer = vi.quiet;
  const printed: string[] = [];
  vi.quiet = { hits: 0, lines: 0, printed };
  const { jumps } = vi;
  try {
    for (const name of marked) {
      const place = text.marks.get(name);
      text.marks.delete(name);
      if (place === undefined || place.row >= text.lines.length) continue;
      vi.goTo({ row: place.row, column: 0 });
      yield* ex(vi, command.trim() || "p");
    }
  } finally {
    const { hits, lines } = vi.quiet;
    vi.quiet = outer;
    vi.jumps = jumps;
    for (const name of marked) text.marks.delete(name);
    text.marks.delete("'");
    if (hits > 2) vi.say(`${hits} substitutions on ${lines} lines`);
    const grown = text.lines.length - before;
    if (Math.abs(grown) > 2) vi.say(grown > 0 ? `${grown} more lines` : `${-grown} fewer lines`);
    if (text.none) vi.say("--No lines in buffer--");
  }
  if (printed.length > 0) yield* vi.page(printed, `:${vi.lastCommand}`);
}
