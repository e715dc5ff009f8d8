/** Searching, replacing and going to a line. */
import type { Gen } from "../../../../kernel/index.ts";
import { compileRegex, RegexError } from "../../../../text/regex/index.ts";
import { ask, choose } from "./prompts.ts";
import { type Menu, textRows } from "./screen.ts";
import { counted, type Nano } from "./state.ts";

const SEARCH: Menu = [
  ["^G", "Help"],
  ["^C", "Cancel"],
  ["M-C", "Case Sens"],
  ["M-R", "Reg.exp."],
  ["M-B", "Backwards"],
  ["^R", "Replace"],
  ["^P", "Older"],
  ["^N", "Newer"],
  ["^T", "Go To Line"],
];
const TO_REPLACE: Menu = [...SEARCH.slice(0, 5), ["^R", "No Replace"], ["^P", "Older"], ["^N", "Newer"]];
const WITH: Menu = [
  ["^G", "Help"],
  ["^C", "Cancel"],
  ["^P", "Older"],
  ["^N", "Newer"],
];
const LINE: Menu = [
  ["^G", "Help"],
  ["^C", "Cancel"],
  ["^W", "Begin of Paragr."],
  ["^O", "End of Paragraph"],
  ["^Y", "First Line"],
  ["^V", "Last Line"],
  ["^T", "Go To Text"],
];

interface Hit {
  row: number;
  column: number;
  size: number;
  groups: (string | undefined)[];
}

/** The first match of a line from a place on, or the last one before it. */
function inLine(nano: Nano, line: string, row: number, from: number, back: boolean): Hit | undefined {
  const { search } = nano;
  if (!search.regex) {
    const [text, wanted] = search.cases ? [line, search.text] : [line.toLowerCase(), search.text.toLowerCase()];
    const at = back ? (from < 0 ? -1 : text.lastIndexOf(wanted, from)) : text.indexOf(wanted, from);
    return at < 0 ? undefined : { row, column: at, size: wanted.length, groups: [line.slice(at, at + wanted.length)] };
  }
  const regex = compileRegex(search.text, { syntax: "ere", ignoreCase: !search.cases });
  let found: Hit | undefined;
  for (let at = back ? 0 : from; at <= line.length; ) {
    const match = regex.exec(line, at);
    if (match === null || (back && match.index > from)) break;
    found = { row, column: match.index, size: match.end - match.index, groups: match.groups };
    if (!back) break;
    at = Math.max(match.end, match.index + 1);
  }
  return found;
}

/** The next match from the cursor, around the ends; says when it went around. */
function find(nano: Nano, here: { row: number; column: number }): Hit | undefined {
  const { lines } = nano.text;
  const { back } = nano.search;
  for (let i = 0; i <= lines.length; i++) {
    const row = (((here.row + (back ? -i : i)) % lines.length) + lines.length) % lines.length;
    const from = i === 0 ? here.column + (back ? -1 : 1) : back ? lines[row]!.length : 0;
    const hit = inLine(nano, lines[row]!, row, from, back);
    if (hit === undefined) continue;
    if (i > 0 && (back ? here.row - i < 0 : here.row + i >= lines.length)) nano.say("Search Wrapped");
    if (i === lines.length && (back ? hit.column < here.column : hit.column > here.column)) continue;
    return hit;
  }
  return undefined;
}

function label(nano: Nano, replacing: boolean): string {
  const { search } = nano;
  const kept = nano.searches.at(-1);
  const short =
    kept !== undefined && kept.length > Math.floor(nano.terminal.columns / 3)
      ? `${kept.slice(0, Math.floor(nano.terminal.columns / 3))}...`
      : kept;
  return `Search${search.cases ? " [Case Sensitive]" : ""}${search.regex ? " [Reg.exp.]" : ""}${search.back ? " [Backwards]" : ""}${replacing ? (nano.mark ? " (to replace) in selection" : " (to replace)") : ""}${short === undefined ? "" : ` [${short}]`}`;
}

/** ^F, ^B and ^\: what to look for; undefined when it was left. */
function* wanted(nano: Nano, replacing: boolean): Gen<"search" | "replace" | "line" | undefined> {
  let mode = replacing;
  const { search } = nano;
  const answer = yield* ask(nano, {
    label: () => label(nano, mode),
    menu: mode ? TO_REPLACE : SEARCH,
    history: nano.searches,
    also: ["ctrl-r", "ctrl-t", "ctrl-_", ...(mode ? [] : ["ctrl-y", "ctrl-v"])],
    toggles: {
      "M-c": () => {
        search.cases = !search.cases;
      },
      "M-r": () => {
        search.regex = !search.regex;
      },
      "M-b": () => {
        search.back = !search.back;
      },
    },
  });
  if (answer === undefined) {
    nano.say("Cancelled");
    return undefined;
  }
  if (answer.key === "ctrl-r") {
    mode = !mode;
    return yield* wanted(nano, mode);
  }
  if (answer.key === "ctrl-y" || answer.key === "ctrl-v") {
    nano.say("");
    nano.text.row = answer.key === "ctrl-y" ? 0 : nano.text.lines.length - 1;
    nano.text.column = answer.key === "ctrl-y" ? 0 : nano.text.line.length;
    return undefined;
  }
  if (answer.key !== "enter") return "line";
  const text = answer.text === "" ? nano.searches.at(-1) : answer.text;
  if (text === undefined) {
    nano.say("Cancelled");
    return undefined;
  }
  if (search.regex) {
    try {
      compileRegex(text, { syntax: "ere" });
    } catch (error) {
      if (!(error instanceof RegexError)) throw error;
      nano.say(`Bad regex "${text}": ${error.message}`);
      return undefined;
    }
  }
  search.text = text;
  nano.searches = [...nano.searches.filter((one) => one !== text), text];
  return mode ? "replace" : "search";
}

/** ^F, ^W and ^B. */
export function* whereIs(nano: Nano, back: boolean): Gen<void> {
  nano.search.back = back;
  const how = yield* wanted(nano, false);
  if (how === "line") yield* gotoLine(nano);
  else if (how === "replace") yield* replaceWith(nano);
  else if (how === "search") findNext(nano);
}

/** M-W, M-Q. */
export function again(nano: Nano, back: boolean): void {
  const kept = nano.searches.at(-1);
  if (kept === undefined) {
    nano.say("No current search pattern");
    return;
  }
  nano.search.text = kept;
  nano.search.back = back;
  findNext(nano);
}

function findNext(nano: Nano): void {
  const { text } = nano;
  const here = { row: text.row, column: text.column };
  nano.say("");
  const hit = find(nano, here);
  if (hit === undefined) {
    nano.say(`"${nano.search.text}" not found`);
    return;
  }
  if (hit.row === here.row && hit.column === here.column) nano.say("This is the only occurrence");
  nano.centre = true;
  text.row = hit.row;
  text.column = hit.column;
}

/** ^\ and M-R. */
export function* replace(nano: Nano): Gen<void> {
  if (nano.flags.view) {
    nano.say("Key is invalid in view mode");
    return;
  }
  nano.search.back = false;
  const how = yield* wanted(nano, true);
  if (how === "line") yield* gotoLine(nano);
  else if (how === "search") findNext(nano);
  else if (how === "replace") yield* replaceWith(nano);
}

function* replaceWith(nano: Nano): Gen<void> {
  const { text, search } = nano;
  const answer = yield* ask(nano, { label: () => "Replace with", menu: WITH, history: nano.replacements });
  if (answer === undefined) {
    nano.say("Cancelled");
    return;
  }
  const replacement = answer.text;
  if (!text.lines.some((line, row) => inLine(nano, line, row, 0, false))) {
    nano.say(`"${search.text}" not found`);
    return;
  }
  if (replacement !== "") nano.replacements = [...nano.replacements.filter((one) => one !== replacement), replacement];
  const home = { row: text.row, column: text.column };
  const start = { row: text.row, column: text.column - 1 };
  let place = start;
  let count = 0;
  let all = false;
  let wrapped = false;
  for (;;) {
    nano.say("");
    const hit = find(nano, place);
    if (hit === undefined) break;
    // Once around the text and no further.
    if (wrapped || hit.row < place.row || (hit.row === place.row && hit.column <= place.column)) {
      wrapped = true;
      if (hit.row > home.row || (hit.row === home.row && hit.column >= home.column)) break;
    }
    text.row = hit.row;
    text.column = hit.column;
    if (!all) {
      nano.spotlight = { row: hit.row, from: hit.column, to: hit.column + hit.size };
      nano.centre = true;
      const how = yield* choose(nano, "Replace this instance?", true);
      nano.spotlight = undefined;
      if (how === undefined) {
        nano.say("Cancelled");
        break;
      }
      if (how === "no") {
        place = { row: hit.row, column: hit.column };
        continue;
      }
      all = how === "all";
    }
    const made = search.regex
      ? replacement.replace(/\\([0-9])/g, (_all, n: string) => hit.groups[Number(n)] ?? "")
      : replacement;
    text.change("replacement", () => {
      text.line = text.line.slice(0, hit.column) + made + text.line.slice(hit.column + hit.size);
    });
    if (hit.row === home.row && hit.column < home.column) home.column += made.length - hit.size;
    count++;
    place = { row: hit.row, column: hit.column + made.length - 1 };
  }
  text.row = home.row;
  text.column = Math.min(home.column, text.line.length);
  if (nano.message !== "Cancelled" || count > 0) nano.say(`Replaced ${counted(count, "occurrence", "occurrences")}`);
  if (count === 0) nano.say("Cancelled");
}

/** ^/: a line, and a column behind a comma. */
export function* gotoLine(nano: Nano): Gen<void> {
  const { text } = nano;
  const answer = yield* ask(nano, {
    label: () => "Enter line number, column number",
    menu: LINE,
    also: ["ctrl-t", "ctrl-y", "ctrl-v", "ctrl-w", "ctrl-o"],
  });
  if (answer === undefined) {
    nano.say("Cancelled");
    return;
  }
  if (answer.key === "ctrl-t") {
    yield* whereIs(nano, false);
    return;
  }
  nano.say("");
  if (answer.key !== "enter") {
    if (answer.key === "ctrl-y") text.row = 0;
    else if (answer.key === "ctrl-v") text.row = text.lines.length - 1;
    text.column = answer.key === "ctrl-v" ? text.line.length : 0;
    return;
  }
  toLine(nano, answer.text);
}

/** Goes to `LINE`, `LINE,COLUMN` or `,COLUMN`; counted from the end when negative. */
export function toLine(nano: Nano, source: string, typed = true): void {
  const { text } = nano;
  const match = /^\s*(-?\d+)?\s*(?:[,.;]\s*(-?\d+))?\s*$/.exec(source);
  if (match === null || source.trim() === "") {
    nano.say(source.trim() === "" ? "Cancelled" : "Invalid line or column number");
    return;
  }
  let row = match[1] === undefined ? text.row : Number(match[1]);
  if (match[1] !== undefined) row = row < 0 ? text.lines.length + row : row - 1;
  text.row = Math.max(0, Math.min(text.lines.length - 1, row));
  if (match[1] !== undefined) {
    const height = textRows(nano);
    const below = text.lines.length - 1 - text.row;
    // On the command line a line near the end brings the end to the bottom.
    const above = !typed && below < Math.floor(height / 2) ? height - 1 - below : Math.floor(height / 2);
    nano.top = Math.max(0, text.row - above);
  }
  const column = match[2] === undefined ? 1 : Number(match[2]);
  text.column = nano.indexAt(text.line, Math.max(0, column - 1));
}
