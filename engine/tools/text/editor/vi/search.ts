/** Searching: / ? n N * #, with offsets behind the pattern. */
import type { Gen } from "../../../../kernel/index.ts";
import type { Motion } from "./motions.ts";
import { findIn, type Pattern, ViError, viPattern } from "./pattern.ts";
import { prompt } from "./prompt.ts";
import type { Vi } from "./state.ts";
import type { Place } from "./text.ts";
import { firstNonBlank } from "./words.ts";

/** Matches of one line, by where they begin. */
function hits(pattern: Pattern, line: string): { from: number; to: number }[] {
  const out: { from: number; to: number }[] = [];
  for (let at = 0; at <= line.length; ) {
    const found = findIn(pattern, line, at);
    if (found === undefined) break;
    if (found.from < line.length || line === "") out.push(found);
    at = Math.max(found.to, found.from + 1);
  }
  return out;
}

export interface Hit extends Place {
  to: number;
  wrapped: boolean;
}

/** The next match from a place on, around the ends of the text when 'wrapscan' is on. Throws ViError. */
export function find(vi: Vi, source: string, from: Place, back: boolean): Hit | undefined {
  const pattern = viPattern(source, vi.options);
  const { lines } = vi.text;
  const count = lines.length;
  const around = vi.options.on("wrapscan");
  for (let i = 0; i <= count; i++) {
    const step = from.row + (back ? -i : i);
    if (!around && (step < 0 || step >= count)) break;
    const row = ((step % count) + count) % count;
    const all = hits(pattern, lines[row]!);
    const hit = back
      ? all.findLast((one) => (i === 0 ? one.from < from.column : true))
      : all.find((one) => (i === 0 ? one.from > from.column : true));
    if (hit) return { row, column: hit.from, to: hit.to, wrapped: step < 0 || step >= count || (i === count && true) };
  }
  return undefined;
}

/** Cuts `pattern/offset` at the delimiter that no backslash and no bracket hides. */
export function cutPattern(text: string, delimiter: string): [pattern: string, rest: string | undefined] {
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === delimiter) return [text.slice(0, i), text.slice(i + 1)];
  }
  return [text, undefined];
}

/** Looks for the last pattern, `n` times, and applies its offset. Says what it has to. */
function go(vi: Vi, back: boolean, n: number, from: Place = vi.place): Motion | undefined {
  const { pattern, offset } = vi.search;
  if (pattern === "") {
    vi.say("E35: No previous regular expression");
    return undefined;
  }
  vi.highlighting = true;
  let place: Place = from;
  let hit: Hit | undefined;
  let wrapped = false;
  // Behind an `e` offset the cursor stands in the match that was found.
  if (/^e/.test(offset) && !back) place = { row: place.row, column: place.column };
  try {
    for (let i = 0; i < n; i++) {
      hit = find(vi, pattern, place, back);
      if (hit === undefined) {
        vi.say(
          vi.options.on("wrapscan")
            ? `E486: Pattern not found: ${pattern}`
            : `E38${back ? "4" : "5"}: Search hit ${back ? "TOP" : "BOTTOM"} without match for: ${pattern}`,
        );
        return undefined;
      }
      wrapped ||= hit.wrapped;
      place = hit;
    }
  } catch (error) {
    if (!(error instanceof ViError)) throw error;
    vi.say(error.message);
    return undefined;
  }
  vi.jump();
  vi.say(
    wrapped
      ? `\x1b[31msearch hit ${back ? "TOP, continuing at BOTTOM" : "BOTTOM, continuing at TOP"}\x1b[m`
      : `${vi.search.back !== back ? (back ? "?" : "/") : back ? "?" : "/"}${pattern}${offset === "" ? "" : `${back ? "?" : "/"}${offset}`}`,
  );
  return withOffset(vi, hit!, offset);
}

function withOffset(vi: Vi, hit: Hit, offset: string): Motion {
  const parts = /^([esb]?)([-+]?\d*)$/.exec(offset);
  if (offset === "" || parts === null) return { row: hit.row, column: hit.column, kind: "exclusive" };
  const by = parts[2] === "" ? 0 : /^[-+]$/.test(parts[2]!) ? Number(`${parts[2]}1`) : Number(parts[2]);
  if (parts[1] === "") {
    const row = Math.max(0, Math.min(hit.row + by, vi.text.lines.length - 1));
    return { row, column: firstNonBlank(vi.text.lines[row]!), kind: "lines" };
  }
  const column = (parts[1] === "e" ? hit.to - 1 : hit.column) + by;
  return { row: hit.row, column: Math.max(0, column), kind: parts[1] === "e" ? "inclusive" : "exclusive" };
}

/** / and ?: asks for a pattern and looks for it. */
export function* searchPrompt(vi: Vi, kind: string, n: number): Gen<Motion | undefined> {
  const typed = yield* prompt(vi, kind, "");
  if (typed === undefined) {
    vi.say("");
    return undefined;
  }
  return startSearch(vi, kind, typed, n);
}

/** Looks for what was typed behind / or ?; `pat/off;/pat2/` goes on from the first. */
export function startSearch(vi: Vi, kind: string, typed: string, n: number): Motion | undefined {
  const [pattern, offset] = cutPattern(typed, kind);
  if (pattern === "" && vi.search.pattern === "") {
    vi.say("E35: No previous regular expression");
    return undefined;
  }
  const [first, ...next] = (offset ?? "").split(";");
  vi.search = {
    pattern:
      pattern === ""
        ? vi.search.pattern
        : kind === "?"
          ? pattern.replaceAll("\\?", "?")
          : pattern.replaceAll("\\/", "/"),
    offset: offset === undefined ? (pattern === "" ? vi.search.offset : "") : first!,
    back: kind === "?",
  };
  const found = go(vi, kind === "?", n);
  const rest = next.join(";");
  if (found === undefined || !/^[/?]/.test(rest)) return found;
  const here = vi.place;
  vi.goTo(found);
  const further = startSearch(vi, rest[0]!, rest.slice(1), 1);
  vi.goTo(here);
  return further;
}

/** n and N. */
export function searchAgain(vi: Vi, turned: boolean, n: number): Motion | undefined {
  const back = vi.search.back !== turned;
  return go(vi, back, n);
}

/** * and #: the word under the cursor. */
export function searchWord(vi: Vi, back: boolean, whole: boolean, n: number): Motion | undefined {
  const { line, column } = vi.text;
  const words = [...line.matchAll(/[\w\u00c0-\uffff]+/g)];
  const found =
    words.find((one) => one.index + one[0].length > column) ??
    [...line.matchAll(/[^\w\s\u00c0-\uffff]+/g)].find((one) => one.index + one[0].length > column);
  if (found === undefined) {
    vi.say("E348: No string under cursor");
    return undefined;
  }
  const escaped = found[0].replace(/[\\/.*$^~[\]]/g, "\\$&");
  const pattern = whole && /\w/.test(found[0]) ? `\\<${escaped}\\>` : escaped;
  vi.search = { pattern, offset: "", back };
  vi.history["/"]!.push(pattern);
  const start = found.index <= column ? found.index : column;
  return go(vi, back, n, { row: vi.text.row, column: back ? start : Math.max(start, found.index) });
}

/** gn: the match at or after the cursor. */
export function matchAt(vi: Vi): Hit | undefined {
  if (vi.search.pattern === "") return undefined;
  const pattern = viPattern(vi.search.pattern, vi.options);
  const here = hits(pattern, vi.text.line).find((one) => one.to > vi.text.column);
  if (here) return { row: vi.text.row, column: here.from, to: here.to, wrapped: false };
  return find(vi, vi.search.pattern, vi.place, false);
}
