/** What Insert mode does beside inserting: mappings, indentation set anew, text for the lines of a block. */
import type { Gen } from "../../../../kernel/index.ts";
import { blanks, leading, retypedIndent } from "./indent.ts";
import type { Entry } from "./insert.ts";
import { columnOf } from "./shown.ts";
import { keysOf, textOf, type Vi } from "./state.ts";
import type { Place } from "./text.ts";

/** :imap: the key itself, or undefined when others were put in its place. */
export function* mappedKey(vi: Vi, first: string): Gen<string | undefined> {
  if (vi.unmapped > 0) {
    vi.unmapped--;
    return first;
  }
  let typed = textOf([first]);
  const keys = [first];
  while (vi.maps.some((one) => one.mode === "i" && one.from.startsWith(typed))) {
    const full = vi.maps.find((one) => one.mode === "i" && one.from === typed);
    if (full) {
      const into = keysOf(full.to);
      vi.unmapped = into.length;
      vi.feed(into);
      return undefined;
    }
    const next = (yield* vi.key()) ?? "esc";
    keys.push(next);
    typed += textOf([next]);
  }
  if (keys.length === 1) return first;
  vi.unmapped = keys.length;
  vi.feed(keys);
  return undefined;
}

export function fillBlock(vi: Vi, block: NonNullable<Entry["block"]>, start: Place, typed: readonly string[]): void {
  const { text } = vi;
  if (text.row !== start.row || typed.includes("enter")) return;
  const added = text.line.slice(start.column, text.column);
  for (let row = block.first + 1; row <= block.last && added !== ""; row++) {
    const line = text.lines[row]!;
    const width = columnOf(line, line.length, vi.look);
    if (block.toEnd) {
      text.lines[row] = line + added;
      continue;
    }
    // Shorter lines are passed over by I, and filled by A.
    if (width < block.column && !block.atEnd) continue;
    const filled = width < block.column ? line + " ".repeat(block.column - width) : line;
    const at =
      block.column >= columnOf(filled, filled.length, vi.look) ? filled.length : vi.indexFor(row, block.column);
    text.lines[row] = filled.slice(0, at) + added + filled.slice(at);
  }
}

/** Keys of 'indentkeys' set the line's indentation anew. */
export function retype(vi: Vi, key: string): void {
  const indent = retypedIndent(vi, key);
  if (indent === undefined) return;
  const { text } = vi;
  const lead = leading(text.line);
  const fresh = blanks(vi, indent);
  text.line = fresh + text.line.slice(lead.length);
  text.column = Math.max(0, text.column + fresh.length - lead.length);
}
