import { Buffer } from "../buffer.ts";
import type { Held } from "./options.ts";

export interface Place {
  row: number;
  column: number;
}

interface Change extends Place {
  /** The lines before it. */
  lines: string[];
  number: number;
  /** Wall clock, in ms. */
  at: number;
}

/** Most changes that can be undone. */
const CHANGES = 200;

/** The text that vi edits: marks stay with their lines, and changes can be undone and made again. */
export class ViText extends Buffer {
  readonly marks = new Map<string, Place>();
  private made: Change[] = [];
  private takenBack: Change[] = [];
  private numbered = 0;
  /** There is no line at all, not even an empty one: a new file, or all of them were deleted. */
  none = true;
  /** Number in the list of buffers, whether that shows it, and whether its text was read and is kept. */
  number = 1;
  listed = true;
  loaded = true;
  /** It was the current text once. */
  seen = false;
  /** Where the cursor was when it was left, and the options of its own. */
  at: Place = { row: 0, column: 0 };
  options: Held | undefined;
  /** The name was changed (:file): Ctrl-G says so. */
  notEdited = false;
  /** The present command has noted what was there before it. */
  private open = false;
  /** The line that `U` brings back, as it was before changes were made on it. */
  private lineBefore: { row: number; text: string } | undefined;

  override splice(at: number, count: number, ...lines: string[]): void {
    const before = this.lines.length;
    super.splice(at, count, ...lines);
    if (lines.length === 0 && count >= before) this.none = true;
    const grown = this.lines.length - before;
    if (grown === 0) return;
    this.lineBefore = undefined;
    for (const [name, place] of this.marks) {
      if (place.row >= at + count) place.row += grown;
      // A line that is gone takes its marks along; those of the last change stay near it.
      else if (place.row >= at + lines.length && /[a-zA-Z\0]/.test(name)) this.marks.delete(name);
    }
  }

  /** Another command begins: its changes are undone together. */
  commandBegins(): void {
    this.open = false;
  }

  /** Notes what is there, before the first change of a command. */
  touch(at: number): void {
    this.modified = true;
    const { none } = this;
    this.none = false;
    if (this.lineBefore?.row !== this.row) this.lineBefore = { row: this.row, text: this.line };
    if (this.open) return;
    this.open = true;
    this.made.push({
      lines: none ? [] : [...this.lines],
      row: this.row,
      column: this.column,
      number: ++this.numbered,
      at,
    });
    if (this.made.length > CHANGES) this.made.shift();
    this.takenBack = [];
  }

  /** Takes the last changes back, or makes the last undone ones again; what vim says about it. */
  travel(back: boolean, now: number, times = 1): string {
    let said = this.step(back, now);
    for (let i = 1; i < times && (back ? this.made : this.takenBack).length > 0; i++) said = this.step(back, now);
    return said;
  }

  /** To the state after a change of this number (:undo 3). */
  travelTo(number: number, now: number): string {
    if (number > this.numbered) return `E830: Undo number ${number} not found`;
    const done = this.made.at(-1)?.number ?? 0;
    if (done === number) return `0 changes; ${number === 0 ? "before" : "after"} #${number}`;
    return this.travel(number < done, now, Math.abs(done - number));
  }

  private step(back: boolean, now: number): string {
    const change = (back ? this.made : this.takenBack).pop();
    if (change === undefined) return back ? "Already at oldest change" : "Already at newest change";
    const lines = this.none ? [] : this.lines;
    (back ? this.takenBack : this.made).push({ ...change, lines });
    this.none = change.lines.length === 0;
    this.lines = this.none ? [""] : change.lines;
    let first = 0;
    while (first < lines.length && first < change.lines.length && lines[first] === change.lines[first]) first++;
    let tail = 0;
    const most = Math.min(lines.length, change.lines.length) - first;
    while (tail < most && lines[lines.length - 1 - tail] === change.lines[change.lines.length - 1 - tail]) tail++;
    this.row = Math.min(first, this.lines.length - 1);
    if (change.row + 1 === this.row) this.row--;
    if (change.row === this.row) this.column = change.column;
    else this.column = Math.max(0, this.line.search(/[^ \t]|.$/));
    this.modified = true;
    this.lineBefore = undefined;
    const grown = change.lines.length - lines.length;
    let changed = 0;
    for (let i = first; i < change.lines.length - tail; i++) if (grown !== 0 || lines[i] !== change.lines[i]) changed++;
    const what =
      grown === 1
        ? "1 more line"
        : grown > 1
          ? `${grown} more lines`
          : grown === -1
            ? "1 line less"
            : grown < -1
              ? `${-grown} fewer lines`
              : `${changed} change${changed === 1 ? "" : "s"}`;
    return `${what}; ${back ? "before" : "after"} #${change.number}  ${ago(now, change.at)}`;
  }

  /** `U`: the last changed line as it was; false when no line was changed. */
  restoreLine(at: number): boolean {
    const before = this.lineBefore;
    if (before === undefined || this.lines[before.row] === undefined) return false;
    this.row = before.row;
    const { line } = this;
    this.touch(at);
    this.line = before.text;
    this.column = 0;
    this.lineBefore = { row: before.row, text: line };
    return true;
  }

  /** Forgets all changes: another file was read. */
  forget(): void {
    this.made = [];
    this.takenBack = [];
    this.numbered = 0;
    this.lineBefore = undefined;
    this.none = true;
    this.notEdited = false;
    this.marks.clear();
  }
}

function ago(now: number, then: number): string {
  const seconds = Math.floor((now - then) / 1000);
  if (seconds < 100) return `${seconds} second${seconds === 1 ? "" : "s"} ago`;
  const two = (n: number) => String(Math.floor(n) % 60).padStart(2, "0");
  const day = Math.floor(then / 1000) % 86_400;
  return `${String(Math.floor(day / 3600)).padStart(2, "0")}:${two(day / 60)}:${two(day)}`;
}
