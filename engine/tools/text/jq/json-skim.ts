/**
 * A first look over the bytes of a JSON text: it is checked whole, and where each value begins is noted, so that values
 * are made only where a filter looks (the way of simdjson's tape).
 */

/** Where things are in a text: for each value its place, for arrays and objects the index behind their last part as well. */
export interface Tape {
  places: Int32Array;
  /** Place behind the value. */
  end: number;
  /** Some string has bytes beyond ASCII. */
  wide: boolean;
}

/** Deepest nesting that is looked over here. */
const MAX_DEPTH = 200;

const TAB = 9;
const NEWLINE = 10;
const RETURN = 13;
const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
/** Four spaces as one number. */
const SPACES = 0x20202020;

/** 0 for what may stand in a string as it is: ASCII without control characters, quotes and backslashes. */
const ENDS_RUN = new Uint8Array(256);
for (let code = 0; code < 256; code++)
  if (code < 32 || code > 126 || code === QUOTE || code === BACKSLASH) ENDS_RUN[code] = 1;

/** What may come next. */
const VALUE = 0;
const FIRST_ITEM = 1;
const AFTER = 2;
const KEY = 3;
const FIRST_KEY = 4;

/** So many bytes in a buffer that `skim` can read by words, with zeros behind them. */
export function padded(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const out = new Uint8Array((size + 8) & ~3);
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

/**
 * Looks over the array or object at `from` in bytes of `padded`. Gives the place where it stopped when that is not whole,
 * no JSON, deeper than 200 levels, or has a number that only jq's own reader takes (`01`, `1.`).
 */
export function skim(b: Uint8Array, from: number): Tape | number {
  const words = new Int32Array(b.buffer);
  let tape = new Int32Array(Math.max(64, b.length >> 4));
  const open = new Int32Array(MAX_DEPTH);
  let t = 0;
  let depth = 0;
  let i = from;
  let next = VALUE;
  let inObject = false;
  let wide = false;
  for (;;) {
    let c = b[i]!;
    if (c <= SPACE) {
      if (c === NEWLINE) {
        // The margin of a line is most of many texts.
        i++;
        while ((i & 3) !== 0 && b[i] === SPACE) i++;
        if ((i & 3) === 0) {
          let k = i >> 2;
          while (words[k] === SPACES) k++;
          i = k << 2;
        }
        c = b[i]!;
      }
      while (c === SPACE || c === NEWLINE || c === TAB || c === RETURN) c = b[++i]!;
      if (c <= SPACE) return i;
    }
    if (t + 2 >= tape.length) {
      const larger = new Int32Array(tape.length * 2);
      larger.set(tape);
      tape = larger;
    }
    if (c === QUOTE) {
      if (next === AFTER) return i;
      tape[t++] = i++;
      while (ENDS_RUN[b[i]!] === 0) i++;
      while (b[i] !== QUOTE) {
        const past = pastUnusual(b, i);
        if (past < 0) return i;
        if (b[i]! > 126) wide = true;
        i = past;
        while (ENDS_RUN[b[i]!] === 0) i++;
      }
      i++;
      if (next < KEY) {
        next = AFTER;
        continue;
      }
      c = b[i]!;
      while (c === SPACE || c === NEWLINE || c === TAB || c === RETURN) c = b[++i]!;
      if (c !== COLON) return i;
      i++;
      if (b[i] === SPACE) i++;
      next = VALUE;
    } else if (next === AFTER) {
      if (c === COMMA) {
        i++;
        next = inObject ? KEY : VALUE;
        continue;
      }
      if (c !== (inObject ? CLOSE_OBJECT : CLOSE_LIST)) return i;
      i++;
      tape[open[--depth]! + 1] = t;
      if (depth === 0) return { places: tape, end: i, wide };
      inObject = b[tape[open[depth - 1]!]!] === OPEN_OBJECT;
    } else if ((c === CLOSE_OBJECT && next === FIRST_KEY) || (c === CLOSE_LIST && next === FIRST_ITEM)) {
      i++;
      tape[open[--depth]! + 1] = t;
      if (depth === 0) return { places: tape, end: i, wide };
      inObject = b[tape[open[depth - 1]!]!] === OPEN_OBJECT;
      next = AFTER;
    } else if (next >= KEY) return i;
    else if (c === OPEN_OBJECT || c === OPEN_LIST) {
      if (depth === MAX_DEPTH) return i;
      open[depth++] = t;
      tape[t] = i++;
      t += 2;
      inObject = c === OPEN_OBJECT;
      next = inObject ? FIRST_KEY : FIRST_ITEM;
    } else {
      tape[t++] = i;
      const past = pastWord(b, i, c);
      if (past < 0) return i;
      i = past;
      next = AFTER;
    }
  }
}

/** Past an escape or a byte beyond ASCII within a string; -1 where neither may stand. */
function pastUnusual(b: Uint8Array, i: number): number {
  const c = b[i]!;
  if (c > 126) return i + 1;
  if (c !== BACKSLASH) return -1;
  const escaped = b[i + 1]!;
  if (escaped !== 117) return '"\\/bfnrt'.includes(String.fromCharCode(escaped)) ? i + 2 : -1;
  for (let k = i + 2; k < i + 6; k++) if (!isHex(b[k]!)) return -1;
  return i + 6;
}

function isHex(c: number): boolean {
  return (c >= 48 && c <= 57) || (c >= 65 && c <= 70) || (c >= 97 && c <= 102);
}

function isDigit(c: number): boolean {
  return c >= 48 && c <= 57;
}

/** Past a number, `true`, `false` or `null`; -1 for anything else. */
function pastWord(b: Uint8Array, from: number, c: number): number {
  if (c === 116) return b[from + 1] === 114 && b[from + 2] === 117 && b[from + 3] === 101 ? from + 4 : -1;
  if (c === 110) return b[from + 1] === 117 && b[from + 2] === 108 && b[from + 3] === 108 ? from + 4 : -1;
  if (c === 102)
    return b[from + 1] === 97 && b[from + 2] === 108 && b[from + 3] === 115 && b[from + 4] === 101 ? from + 5 : -1;
  let i = from;
  if (b[i] === 45) i++;
  if (!isDigit(b[i]!)) return -1;
  if (b[i] === 48) i++;
  else while (isDigit(b[i]!)) i++;
  if (b[i] === 46) {
    if (!isDigit(b[++i]!)) return -1;
    while (isDigit(b[i]!)) i++;
  }
  if (b[i] === 69 || b[i] === 101) {
    i++;
    if (b[i] === 43 || b[i] === 45) i++;
    if (!isDigit(b[i]!)) return -1;
    while (isDigit(b[i]!)) i++;
  }
  const after = b[i]!;
  return after <= SPACE || after === COMMA || after === CLOSE_OBJECT || after === CLOSE_LIST ? i : -1;
}
