import type { ParsedScript } from "unbash";
import { parse } from "unbash";
import { joinSubstitutions } from "./joined-words.ts";

const CACHE_LIMIT = 512;
const cache = new Map<string, ParsedScript>();

/** The tree of a text; texts parsed lately are remembered. */
export function parseText(text: string): ParsedScript {
  const known = cache.get(text);
  if (known) return known;
  const script = joinSubstitutions(parse(text), text);
  if (cache.size >= CACHE_LIMIT) cache.delete(cache.keys().next().value!);
  if (text.length < 100_000) cache.set(text, script);
  return script;
}

/** A text being run: its tree, what it is called in messages, and where its lines start. */
export class Source {
  readonly text: string;
  /** `BASH_SOURCE` of functions defined here. */
  readonly file: string;
  /** Number of its first line. */
  readonly firstLine: number;
  readonly script: ParsedScript;
  private starts: number[] | undefined;
  private lastPos = -1;
  private lastLine = 0;
  /** Here-documents whose end was missed, which is told once. */
  warned: Set<object> | undefined;
  /** Where lines are counted anew from, and by how many fewer. */
  slipped = 0;
  private slips: { from: number; by: number }[] | undefined;

  constructor(text: string, file: string, firstLine = 1, script = parseText(text)) {
    this.text = script.source ?? text;
    this.file = file;
    this.firstLine = firstLine;
    this.script = script;
  }

  /** Line number at an offset, as bash counts it. */
  lineAt(pos: number): number {
    let line = this.placeOf(pos);
    if (this.slips !== undefined) for (const { from, by } of this.slips) if (pos >= from) line -= by;
    return line;
  }

  /** Line number at an offset, whatever errors came before. */
  placeOf(pos: number): number {
    if (pos === this.lastPos) return this.lastLine;
    if (this.starts === undefined) {
      this.starts = [0];
      for (let i = this.text.indexOf("\n"); i >= 0; i = this.text.indexOf("\n", i + 1)) this.starts.push(i + 1);
    }
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const mid = (low + high + 1) >> 1;
      if (this.starts[mid]! <= pos) low = mid;
      else high = mid - 1;
    }
    this.lastPos = pos;
    this.lastLine = low + this.firstLine;
    return this.lastLine;
  }

  /** Has what begins at `from` count as so many lines further up. */
  slip(from: number, by: number): void {
    if (by === 0) return;
    this.slips ??= [];
    this.slips.push({ from, by });
    this.slipped += by;
  }
}
