import { ShellError } from "./control.ts";
import { closeParen, skipQuoted } from "./scan.ts";

/** Most words a brace expansion may make; past it bash runs out of memory, here at once. */
const MAX_WORDS = 200_000;

/** Brace expansion on the raw text of a word: `a{b,c}d`, `{1..5}`, `{a..e..2}`. */
export function braceExpand(text: string): string[] {
  const open = findOpen(text);
  if (open === undefined) return [text];
  const { start, end, commas } = open;
  const head = text.slice(0, start);
  const tails = braceExpand(text.slice(end + 1));
  const inner = text.slice(start + 1, end);
  let middles: string[];
  if (commas.length > 0) {
    const cuts = [start, ...commas, end];
    middles = cuts.slice(1).flatMap((cut, i) => braceExpand(text.slice(cuts[i]! + 1, cut)));
  } else middles = sequence(inner)!;
  if (middles.length * tails.length > MAX_WORDS) throw tooMany(inner);
  const out: string[] = [];
  for (const middle of middles) for (const tail of tails) out.push(head + middle + tail);
  return out;
}

/** A sequence between numbers of 64 bits; undefined past those. */
function longSequence(from: bigint, to: bigint, by: bigint): string[] | undefined {
  const most = 2n ** 63n;
  if ([from, to].some((n) => n >= most || n < -most)) return undefined;
  const step = (by < 0n ? -by : by) || 1n;
  const count = (to > from ? to - from : from - to) / step + 1n;
  if (count > BigInt(MAX_WORDS)) throw tooMany(String(count));
  return Array.from({ length: Number(count) }, (_, i) => String(from + (to >= from ? step : -step) * BigInt(i)));
}

function tooMany(inner: string): ShellError {
  return new ShellError(`brace expansion: failed to allocate memory for ${inner} elements`, "fail");
}

/** Position after what braces are left alone in: quotes, substitutions, `<(…)`. */
function skipPart(text: string, i: number): number {
  if ((text[i] === "<" || text[i] === ">") && text[i + 1] === "(")
    return Math.min(closeParen(text, i + 2) + 1, text.length);
  return skipQuoted(text, i);
}

/** The first brace that expands. */
function findOpen(text: string): { start: number; end: number; commas: number[] } | undefined {
  for (let i = 0; i < text.length; ) {
    const next = skipPart(text, i);
    if (next > i) {
      i = next;
      continue;
    }
    if (text[i] === "{" && !(text[i - 1] === "$")) {
      const found = close(text, i);
      if (found && (found.commas.length > 0 || sequence(text.slice(i + 1, found.end)) !== undefined))
        return { start: i, ...found };
    }
    i++;
  }
  return undefined;
}

function close(text: string, start: number): { end: number; commas: number[] } | undefined {
  const commas: number[] = [];
  let depth = 0;
  for (let i = start + 1; i < text.length; ) {
    const next = skipPart(text, i);
    if (next > i) {
      i = next;
      continue;
    }
    const c = text[i];
    if (c === "{") depth++;
    else if (c === "," && depth === 0) commas.push(i);
    else if (c === "}") {
      if (depth === 0) return { end: i, commas };
      depth--;
    }
    i++;
  }
  return undefined;
}

/** `1..5`, `a..e`, `01..10..2`; undefined when it is no sequence. */
function sequence(inner: string): string[] | undefined {
  const numbers = /^([+-]?\d+)\.\.([+-]?\d+)(?:\.\.([+-]?\d+))?$/.exec(inner);
  if (numbers) {
    const from = Number(numbers[1]);
    const to = Number(numbers[2]);
    const step = Math.abs(Number(numbers[3] ?? 1)) || 1;
    if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to))
      return longSequence(BigInt(numbers[1]!), BigInt(numbers[2]!), BigInt(numbers[3] ?? 1));
    const count = Math.floor(Math.abs(to - from) / step) + 1;
    if (count > MAX_WORDS)
      throw new ShellError(`brace expansion: failed to allocate memory for ${count} elements`, "fail");
    const padded = /^[+-]?0\d/.test(numbers[1]!) || /^[+-]?0\d/.test(numbers[2]!);
    const width = padded ? Math.max(numbers[1]!.length, numbers[2]!.length) : 0;
    return Array.from({ length: count }, (_, i) => {
      const value = from + (to >= from ? i : -i) * step;
      const digits = String(Math.abs(value));
      return value < 0 ? `-${digits.padStart(width - 1, "0")}` : digits.padStart(width, "0");
    });
  }
  const letters = /^([a-zA-Z])\.\.([a-zA-Z])(?:\.\.([+-]?\d+))?$/.exec(inner);
  if (!letters) return undefined;
  const from = letters[1]!.charCodeAt(0);
  const to = letters[2]!.charCodeAt(0);
  const step = Math.abs(Number(letters[3] ?? 1)) || 1;
  const out: string[] = [];
  for (let i = 0; i * step <= Math.abs(to - from); i++) {
    const c = String.fromCharCode(from + (to >= from ? i : -i) * step);
    // A backslash is lost when quotes are removed.
    out.push(/[a-zA-Z]/.test(c) ? c : c === "\\" ? "''" : `\\${c}`);
  }
  return out;
}
