/** ^]: the rest of a word, from one like it elsewhere in the text. */
import { change } from "./keys.ts";
import type { Nano } from "./state.ts";

const WORD = /[\p{L}\p{N}_]/u;

/** Puts the rest of the next word that begins with the letters before the cursor. */
export function complete(nano: Nano): void {
  const { text } = nano;
  const again = nano.completing;
  const going =
    again !== undefined && again.row === text.row && again.column === text.column && again.line === text.line;
  let from = text.column;
  if (going) from = again.from + again.fragment.length;
  let start = from;
  while (start > 0 && WORD.test(text.line[start - 1]!)) start--;
  const fragment = text.line.slice(start, from);
  if (fragment === "") {
    nano.say("No word fragment");
    return;
  }
  const tried = going ? again.tried : new Set<string>();
  const found = words(text.lines).find(({ word, row, column }) => {
    const own = row === text.row && column === start;
    return !own && word.startsWith(fragment) && word.length > fragment.length && !tried.has(word);
  });
  if (found === undefined) {
    nano.say(tried.size > 0 ? "No further matches" : "No matches");
    return;
  }
  tried.add(found.word);
  nano.say("");
  change(nano, "word completion", () => {
    text.line = text.line.slice(0, from) + found.word.slice(fragment.length) + text.line.slice(text.column);
    text.column = start + found.word.length;
  });
  nano.completing = { row: text.row, column: text.column, line: text.line, from: start, fragment, tried };
}

function words(lines: readonly string[]): { word: string; row: number; column: number }[] {
  return lines.flatMap((line, row) =>
    [...line.matchAll(/[\p{L}\p{N}_]+/gu)].map((match) => ({ word: match[0], row, column: match.index })),
  );
}
