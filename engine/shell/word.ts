import { type Param, parseParam } from "./param-syntax.ts";
import { ansiC } from "./quote.ts";
import { APOSTROPHE, closeArith, closeBacktick, closeBrace, closeParameter, closeParen, skipQuoted } from "./scan.ts";

/** What a shell word is made of, before expansion. `q`: quoted, so neither split nor globbed. */
export type Piece =
  | { k: "lit"; s: string; q: boolean }
  | { k: "param"; p: Param; q: boolean }
  | { k: "cmd"; text: string; at: number; q: boolean; backquoted?: boolean }
  | { k: "arith"; text: string; q: boolean }
  | { k: "proc"; op: "<" | ">"; text: string; at: number }
  | { k: "tilde"; user: string }
  /** A subscript of an expression, between its brackets: expanded once, and then protected from being so again. */
  | { k: "subscript"; pieces: Piece[] }
  | { k: "quotes"; pieces: Piece[] };

/** How the text is read: a plain word, between double quotes, a heredoc's body, or the inside of `$((…))`. */
export type WordMode = "word" | "dq" | "heredoc" | "arith";

/**
 * Where tildes count: `assign` after `:` and `=`, an `argument` after its first `=`. A `reference` has a subscript that is
 * expanded as those of expressions are.
 */
export type WordRole = boolean | "argument" | "reference";

/** Text of backquotes without the backslashes that protect it. */
function unescapeBackquotes(text: string, inQuotes: boolean): string {
  let out = "";
  for (let i = 0; i < text.length; i++) {
    const next = text[i + 1];
    if (text[i] === "\\" && (next === "`" || next === "$" || next === "\\" || (inQuotes && next === '"'))) {
      out += next;
      i++;
    } else if (text[i] === "\\" && next === "\n") i++;
    else out += text[i];
  }
  return out;
}

const NAME_START = /[A-Za-z_]/;
const SPECIAL = "@*#?-$!";

/** End of a variable name starting at `i`. */
export function nameEnd(text: string, i: number): number {
  while (i < text.length && /\w/.test(text[i]!) && text.charCodeAt(i) < 128) i++;
  return i;
}

/**
 * Splits the raw text of a word into its pieces, quotes removed. `assign`: tildes after `:` and `=` count too.
 * Positions (`at`) are offsets into `text`.
 */
export function parseWord(text: string, mode: WordMode = "word", role: WordRole = false): Piece[] {
  const assign = role !== "reference" && role;
  const subscripts = mode === "arith" || role === "reference";
  const pieces: Piece[] = [];
  const quoted = mode !== "word";
  let literal = "";
  /** Between quotes within the word of an expansion that is quoted itself: there a backslash takes the meaning of anything. */
  let within = false;
  const flush = () => {
    if (literal !== "") pieces.push({ k: "lit", s: literal, q: quoted });
    literal = "";
  };
  const quote = (s: string) => {
    flush();
    pieces.push({ k: "lit", s, q: true });
  };
  let i = 0;
  if (mode === "word" && text.startsWith("~")) i = tilde(text, 0, pieces, assign !== false);
  while (i < text.length) {
    const c = text[i]!;
    if (c === "\\") {
      const next = text[i + 1];
      if (next === "\n") {
        i += 2;
        continue;
      }
      if (mode === "word") {
        quote(next ?? "\\");
        i += 2;
        continue;
      }
      if (next !== undefined && ("$`\\".includes(next) || (next === '"' && mode !== "heredoc"))) {
        literal += next;
        i += 2;
        continue;
      }
      if (!within) literal += c;
      i++;
      continue;
    }
    if (c === "'" && mode === "word") {
      const end = text.indexOf("'", i + 1);
      const stop = end < 0 ? text.length : end;
      quote(text.slice(i + 1, stop));
      i = stop + 1;
      continue;
    }
    if (c === '"' && mode !== "heredoc") {
      if (mode === "arith" || mode === "dq") {
        within = mode === "dq" && !within;
        i++;
        continue;
      }
      flush();
      const stop = closeQuote(text, i + 1);
      pieces.push({ k: "quotes", pieces: parseWord(text.slice(i + 1, stop), "dq") });
      shift(pieces.at(-1)!, i + 1);
      i = stop + 1;
      continue;
    }
    if (c === "`") {
      flush();
      const stop = closeBacktick(text, i + 1);
      pieces.push({
        k: "cmd",
        text: unescapeBackquotes(text.slice(i + 1, stop), quoted),
        at: i + 1,
        q: quoted,
        backquoted: true,
      });
      i = stop + 1;
      continue;
    }
    if ((c === "<" || c === ">") && text[i + 1] === "(" && mode === "word" && role !== "reference") {
      flush();
      const stop = closeParen(text, i + 2);
      pieces.push({ k: "proc", op: c, text: text.slice(i + 2, stop), at: i + 2 });
      i = stop + 1;
      continue;
    }
    if (c === "$") {
      const end = dollar(text, i, mode, pieces, flush);
      if (end > i) {
        i = end;
        continue;
      }
    }
    if (c === "[" && subscripts && /[A-Za-z_]\w*$/.test(literal)) {
      const stop = closeBrace(text, i + 1, "[", "]");
      const inner = text.slice(i + 1, stop);
      if (stop < text.length && stop > i + 1 && /[$`"'\\]/.test(inner)) {
        literal += "[";
        flush();
        pieces.push({ k: "subscript", pieces: parseWord(inner, "word", "reference") });
        shift(pieces.at(-1)!, i + 1);
        i = stop;
        continue;
      }
    }
    literal += c === APOSTROPHE ? "'" : c;
    i++;
    // The first `=` of an argument, and colons, have tildes behind them.
    const opens = c === ":" || (c === "=" && assign === "argument" && !text.slice(0, i - 1).includes("="));
    if (assign && opens && text[i] === "~") {
      flush();
      i = tilde(text, i, pieces, true);
    }
  }
  flush();
  return pieces;
}

/** Reads what a `$` at `i` introduces; the new position, or `i` when the dollar is an ordinary character. */
function dollar(text: string, i: number, mode: WordMode, pieces: Piece[], flush: () => void): number {
  const q = mode !== "word";
  const next = text[i + 1];
  if (next === undefined) return i;
  if (next === "(") {
    if (text[i + 2] === "(") {
      const stop = closeArith(text, i + 3);
      if (stop >= 0) {
        flush();
        pieces.push({ k: "arith", text: text.slice(i + 3, stop), q });
        return stop + 2;
      }
    }
    flush();
    const stop = closeParen(text, i + 2);
    pieces.push({ k: "cmd", text: text.slice(i + 2, stop), at: i + 2, q });
    return stop + 1;
  }
  if (next === "[") {
    const stop = closeBrace(text, i + 2, "[", "]");
    flush();
    pieces.push({ k: "arith", text: text.slice(i + 2, stop), q });
    return stop + 1;
  }
  if (next === "{") {
    const stop = closeParameter(text, i + 2, q);
    flush();
    const p = parseParam(text.slice(i + 2, stop), q);
    if (mode === "dq" && p.arg !== undefined && /^:?[-+=?]$/.test(p.op ?? "")) p.arg = plainAnsi(p.arg);
    pieces.push({ k: "param", p, q });
    return stop + 1;
  }
  if (NAME_START.test(next)) {
    const end = nameEnd(text, i + 1);
    flush();
    pieces.push({ k: "param", p: { name: text.slice(i + 1, end), text: text.slice(i, end) }, q });
    return end;
  }
  if (SPECIAL.includes(next) || (next >= "0" && next <= "9")) {
    flush();
    pieces.push({ k: "param", p: { name: next, text: `$${next}` }, q });
    return i + 2;
  }
  if (next === "'" && mode === "word") {
    const { value, end } = ansiC(text, i + 2);
    flush();
    pieces.push({ k: "lit", s: value, q: true });
    return end;
  }
  if (next === "'" && mode === "arith") {
    const { value, end } = ansiC(text, i + 2);
    flush();
    pieces.push({ k: "lit", s: `'${value}'`, q });
    return end;
  }
  if (next === '"' && mode === "word") {
    flush();
    const stop = closeQuote(text, i + 2);
    pieces.push({ k: "quotes", pieces: parseWord(text.slice(i + 2, stop), "dq") });
    shift(pieces.at(-1)!, i + 2);
    return stop + 1;
  }
  return i;
}

/** `"${x:-$'\t'}"`: between double quotes, too, such a text in the word of an expansion is read. */
function plainAnsi(text: string): string {
  if (!text.includes("$'")) return text;
  let out = "";
  for (let i = 0; i < text.length; ) {
    let end = Math.max(skipQuoted(text, i, true), i + 1);
    if (text.startsWith("$'", i)) {
      const read = ansiC(text, i + 2);
      out += read.value.replace(/["$`\\]/g, "\\$&");
      end = read.end;
    } else out += text.slice(i, end);
    i = end;
  }
  return out;
}

function shift(piece: Piece, by: number): void {
  if (piece.k === "cmd" || piece.k === "proc") piece.at += by;
  else if (piece.k === "quotes" || piece.k === "subscript") for (const inner of piece.pieces) shift(inner, by);
}

function tilde(text: string, i: number, pieces: Piece[], assign: boolean): number {
  let end = i + 1;
  while (end < text.length && /[\w.+-]/.test(text[end]!)) end++;
  const after = text[end];
  if (after === undefined || after === "/" || (assign && after === ":")) {
    pieces.push({ k: "tilde", user: text.slice(i + 1, end) });
    return end;
  }
  return i === 0 ? 0 : i;
}

/** Position of the `"` that ends a double-quoted text starting at `i`. */
export function closeQuote(text: string, i: number): number {
  while (i < text.length) {
    const c = text[i]!;
    if (c === "\\") i += 2;
    else if (c === '"') return i;
    else if (c === "`") i = closeBacktick(text, i + 1) + 1;
    else if (c === "$" && text[i + 1] === "(") i = closeParen(text, i + 2) + 1;
    else if (c === "$" && text[i + 1] === "{") i = closeParameter(text, i + 2, true) + 1;
    else i++;
  }
  return text.length;
}
