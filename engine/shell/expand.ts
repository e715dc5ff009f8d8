import type { Word } from "unbash";
import type { Gen } from "../kernel/index.ts";
import { evaluate } from "./arith.ts";
import { braceExpand } from "./brace.ts";
import { cannotAllocate, ShellError } from "./control.ts";
import { globFields } from "./glob.ts";
import { expandParam, type ParamValue } from "./parameters.ts";
import { escapePattern } from "./pattern.ts";
import { protectedSubscript } from "./quote.ts";
import { closeArith } from "./scan.ts";
import type { Shell } from "./shell.ts";
import { type Piece, parseWord, type WordMode, type WordRole } from "./word.ts";

/** Most characters one word may become (the real limit is memory). */
const MAX_TEXT = 32 * 1024 * 1024;
/** Most words one expansion gives: memory is finite, here as there. */
const MAX_WORDS = 1_000_000;

/**
 * Expansion is plain functions. One that needs a command's output throws `Needs`; `expanding` runs the command and
 * starts the expansion again, and what has had an effect already (`$((i++))`, `${x:=y}`) gives its old result.
 */
export class Needs {
  readonly piece: Piece & { k: "cmd" | "proc" };
  readonly line: number;
  /** Its place among the effects of the expansion. */
  readonly place: number;

  constructor(piece: Piece & { k: "cmd" | "proc" }, line: number, place: number) {
    this.piece = piece;
    this.line = line;
    this.place = place;
  }
}

/** Results of one expansion's effects by their place in its order, and the place that follows each. */
export interface Memo {
  results: Map<number, { value: unknown; next: number }>;
  next: number;
}

/** Runs an effect once per expansion. */
export function once<T>(sh: Shell, effect: () => T): T {
  const { memo } = sh;
  if (memo === undefined) return effect();
  const place = memo.next++;
  const known = memo.results.get(place);
  if (known) {
    memo.next = known.next;
    return known.value as T;
  }
  const value = effect();
  memo.results.set(place, { value, next: memo.next });
  return value;
}

/** Prints the complaints that an expansion has made so far. */
export function* warn(sh: Shell): Gen<void> {
  for (const text of sh.warnings.splice(0)) yield* sh.complain(text);
}

/** Runs `expansion`, executing the command substitutions that it meets. */
export function* expanding<T>(sh: Shell, expansion: () => T): Gen<T> {
  const outer = sh.memo;
  const memo: Memo = { results: new Map(), next: 0 };
  for (;;) {
    memo.next = 0;
    sh.memo = memo;
    try {
      const value = expansion();
      if (sh.warnings.length > 0) yield* warn(sh);
      return value;
    } catch (error) {
      if (sh.warnings.length > 0) yield* warn(sh);
      if (!(error instanceof Needs)) throw error;
      sh.memo = outer;
      const value = yield* sh.substitute(error.piece, error.line);
      memo.results.set(error.place, { value, next: error.place + 1 });
    } finally {
      sh.memo = outer;
    }
  }
}

/** Runs an expansion that is known to need no commands at once; where one turns up all the same, as any other. */
export function* expandingAtOnce<T>(sh: Shell, expansion: () => T): Gen<T> {
  try {
    const value = expansion();
    if (sh.warnings.length > 0) yield* warn(sh);
    return value;
  } catch (error) {
    if (!(error instanceof Needs)) {
      if (sh.warnings.length > 0) yield* warn(sh);
      throw error;
    }
    sh.warnings.length = 0;
  }
  return yield* expanding(sh, expansion);
}

/** A field being built: its text, and as a pattern in which quoted characters are escaped. */
interface Field {
  text: string;
  pattern: string;
  /** An unquoted character may be special in a pattern. */
  globs: boolean;
}

class Fields {
  readonly done: Field[] = [];
  current: Field | undefined;
  private endedBySpace = false;

  ensure(): Field {
    this.current ??= { text: "", pattern: "", globs: false };
    return this.current;
  }

  add(text: string, quoted: boolean): void {
    const field = this.ensure();
    field.text += text;
    if (quoted) field.pattern += escapePattern(text);
    else {
      field.pattern += text;
      if (!field.globs && /[*?[\\(]/.test(text)) field.globs = true;
    }
    if (field.text.length > MAX_TEXT) throw cannotAllocate(field.text.length);
    this.endedBySpace = false;
  }

  end(): void {
    if (this.current) this.done.push(this.current);
    if (this.done.length > MAX_WORDS) throw cannotAllocate(16 * this.done.length, "xmalloc");
    this.current = undefined;
  }

  /** Adds the result of an unquoted expansion, split at the characters of IFS. */
  split(text: string, ifs: string): void {
    if (text === "") return;
    if (ifs === "") {
      this.add(text, false);
      return;
    }
    let start = 0;
    for (let i = 0; i < text.length; i++) {
      const c = text[i]!;
      if (!ifs.includes(c)) continue;
      if (i > start) this.add(text.slice(start, i), false);
      start = i + 1;
      if (c === " " || c === "\t" || c === "\n") {
        if (this.current) {
          this.end();
          this.endedBySpace = true;
        }
      } else {
        if (this.current) this.end();
        else if (!this.endedBySpace) this.done.push({ text: "", pattern: "", globs: false });
        this.endedBySpace = false;
      }
    }
    if (start < text.length) this.add(text.slice(start), false);
  }
}

export interface Compiled {
  pieces: Piece[];
  /** The text when nothing in it is expanded. */
  plain: string | undefined;
  /** No command is substituted, so expanding takes no time. */
  pure: boolean;
}

const SUBSTITUTES = /`|\$\((?!\()|[<>]\(/;

/** True when a command or process is substituted somewhere in a text. */
export function substitutes(text: string): boolean {
  if (SUBSTITUTES.test(text)) return true;
  for (let i = text.indexOf("$(("); i >= 0; i = text.indexOf("$((", i + 1))
    if (closeArith(text, i + 3) < 0) return true;
  return false;
}

/** True when expanding a word runs no command. */
export function isPure(text: string): boolean {
  return compile(text).pure;
}

/** By mode, so that looking up needs no new key. */
const compiledTexts: Record<string, Map<string, Compiled>> = {
  word: new Map(),
  dq: new Map(),
  heredoc: new Map(),
  arith: new Map(),
  assign: new Map(),
  argument: new Map(),
  reference: new Map(),
};

/** Pieces of a raw text; remembered. */
export function compile(text: string, mode: WordMode = "word", assign: WordRole = false): Compiled {
  const known = compiledTexts[assign === false ? mode : assign === true ? "assign" : assign]!;
  let found = known.get(text);
  if (found === undefined) {
    // Arguments that look like assignments have their tildes expanded too.
    const tildes = assign === "argument" ? ASSIGNMENT.test(text) && assign : assign;
    const pieces = parseWord(text, mode, tildes);
    const plain = pieces.every((piece) => piece.k === "lit" && (piece.q || !/[*?[\\(]/.test(piece.s)))
      ? pieces.map((piece) => (piece as { s: string }).s).join("")
      : undefined;
    found = { pieces, plain: pieces.length > 0 ? plain : undefined, pure: !substitutes(text) };
    if (known.size > 4_000) known.clear();
    known.set(text, found);
  }
  return found;
}

const ASSIGNMENT = /^[A-Za-z_]\w*(\[[^\]]*\])?\+?=/;

/** Arguments of `unset` that are written as elements (`fix_arrayref_words` of bash's execute_cmd.c). */
export const references = new WeakSet<Word>();

/** By whether tildes behind `=` are left alone. */
const bracedWords = { strict: new WeakMap<Word, Compiled[]>(), usual: new WeakMap<Word, Compiled[]>() };

function compiledWords(word: Word, strict: boolean): Compiled[] {
  const known = strict ? bracedWords.strict : bracedWords.usual;
  let found = known.get(word);
  if (found === undefined) {
    const texts = word.text.includes("{") ? braceExpand(word.text) : [word.text];
    const plain = strict || (texts.length > 1 && !ASSIGNMENT.test(word.text));
    const role = references.has(word) ? "reference" : plain ? false : "argument";
    found = texts.map((text) => compile(text, "word", role));
    known.set(word, found);
  }
  return found;
}

/** Text of a word whose expansion needs no shell: a literal. Undefined otherwise. */
export function plainWord(word: Word): string | undefined {
  if (word.text.includes("~")) return undefined;
  const words = compiledWords(word, true);
  return words.length === 1 ? words[0]!.plain : undefined;
}

/** Words after brace expansion, all expansions, splitting and globbing. */
export function expandWords(sh: Shell, words: readonly Word[], elements = false): string[] {
  const out: string[] = [];
  // Tildes behind the `=` of an argument are an extension of bash, and not for elements of arrays.
  const strict = elements || sh.posix || sh.has("posix");
  for (const word of words) {
    const texts = sh.has("braceexpand")
      ? compiledWords(word, strict)
      : [compile(word.text, "word", strict ? false : "argument")];
    for (const compiledWord of texts) {
      if (compiledWord.plain !== undefined) out.push(compiledWord.plain);
      else expandFields(sh, compiledWord.pieces, out);
    }
  }
  return out;
}

/** Fields of a raw text, as an unquoted word gives them. */
export function expandText(sh: Shell, text: string): string[] {
  const out: string[] = [];
  expandFields(sh, compile(text).pieces, out);
  return out;
}

function expandFields(sh: Shell, pieces: readonly Piece[], out: string[]): void {
  const fields = new Fields();
  addPieces(sh, pieces, fields, sh.ifs());
  fields.end();
  for (const field of fields.done) {
    if (field.globs && !sh.has("noglob")) globFields(sh, field.text, field.pattern, out);
    else out.push(field.text);
  }
  if (out.length > MAX_WORDS) throw cannotAllocate(16 * out.length, "xmalloc");
  if (fields.done.length > 16) sh.charge(fields.done.length >> 4);
}

const isAt = (piece: Piece) => piece.k === "param" && (piece.p.name === "@" || piece.p.index === "@");

/** `inner`: the word of an unquoted `${x:-word}`, whose plain text is split as well. */
function addPieces(sh: Shell, pieces: readonly Piece[], fields: Fields, ifs: string, inner = false): void {
  for (const piece of pieces) {
    switch (piece.k) {
      case "lit":
        if (piece.q) fields.add(piece.s, true);
        else if (inner) fields.split(piece.s, ifs);
        else fields.add(piece.s, false);
        break;
      case "quotes": {
        let emptyList = false;
        const before = fields.current;
        const parted = piece.pieces.some(isAt);
        for (const inner of piece.pieces) {
          if (inner.k === "param") {
            const value = expandParam(sh, inner.p, true);
            // Nothing beside an empty list is nothing: `"$none$@"`.
            if (value.raw === undefined && value.list === undefined && !value.text) continue;
            // Beside a `$@` what `${*@Q}` gives is parted too.
            if (parted && inner.p.op === "@") Object.assign(value, { star: false, list: value.parts ?? value.list });
            emptyList = addParam(sh, value, true, fields, ifs) || emptyList;
          } else if (inner.k === "lit") fields.add(inner.s, true);
          else fields.add(pieceText(sh, inner), true);
        }
        if (!fields.current && !(emptyList && before === undefined)) fields.ensure();
        break;
      }
      case "param": {
        const value = expandParam(sh, piece.p, piece.q);
        // In the word of `${x:-$@}` a list is one text, which is not parted, unless IFS has a blank or nothing.
        if (inner && !piece.q && value.list && !value.star && ifs !== "" && !ifs.includes(" "))
          fields.add(value.list.join(" "), false);
        else addParam(sh, value, piece.q, fields, ifs);
        break;
      }
      case "subscript": {
        const whole = piece.pieces.every((part) => part.k === "quotes" || (part.k === "lit" && part.q));
        const text = pieceText(sh, piece);
        if (whole || ![...ifs].some((c) => text.includes(c))) fields.add(text, true);
        else addPieces(sh, piece.pieces, fields, ifs);
        break;
      }
      case "tilde":
        fields.add(pieceText(sh, piece), true);
        break;
      case "proc":
        fields.add(pieceText(sh, piece), true);
        break;
      default:
        if (piece.q) fields.add(pieceText(sh, piece), true);
        else fields.split(pieceText(sh, piece), ifs);
    }
  }
}

/** Adds a parameter's value; true when it was an empty list. */
function addParam(sh: Shell, value: ParamValue, quoted: boolean, fields: Fields, ifs: string): boolean {
  if (value.raw !== undefined) {
    // The word of `${x:-word}`: its own quotes count.
    addPieces(sh, value.raw, fields, ifs, !quoted);
    return false;
  }
  if (value.list === undefined) {
    if (quoted) fields.add(value.text ?? "", true);
    else if (value.text) fields.split(value.text, ifs);
    return false;
  }
  if (quoted && value.star) {
    fields.add(value.list.join(sh.ifsJoin()), true);
    return false;
  }
  // Where IFS begins with another character than a blank, unquoted lists are one text with it between the elements.
  if (!quoted && ifs !== "" && !" \t\n".includes(ifs[0]!)) {
    fields.split(value.list.join(ifs[0]), ifs);
    return value.list.length === 0;
  }
  for (let i = 0; i < value.list.length; i++) {
    if (i > 0) fields.end();
    if (quoted) fields.add(value.list[i]!, true);
    else fields.split(value.list[i]!, ifs);
  }
  return value.list.length === 0;
}

/** What a piece gives where nothing is split. */
function pieceText(sh: Shell, piece: Piece): string {
  switch (piece.k) {
    case "lit":
      return piece.s;
    case "quotes":
      return piecesText(sh, piece.pieces);
    case "param":
      return paramText(sh, expandParam(sh, piece.p, piece.q));
    case "arith":
      try {
        return String(once(sh, () => arithText(sh, piece.text)));
      } catch (error) {
        if (error instanceof ShellError) error.expanding = true;
        throw error;
      }
    case "subscript":
      return protectedSubscript(piecesText(sh, piece.pieces));
    case "tilde":
      return sh.home(piece.user) ?? `~${piece.user}`;
    case "cmd":
    case "proc":
      return once<string>(sh, () => {
        throw new Needs(piece, sh.line(), (sh.memo?.next ?? 1) - 1);
      });
  }
}

/** Operators that dash does not know: those behind a name that change it, and powers. */
const FOREIGN_ARITHMETIC = /,|[\w)]\s*(?:\+\+|--)\s*(?:[^\w\s($+~!-]|$)|\*\*/;

/** Evaluates the raw text of `$((…))` and `((…))`: expanded first, as between double quotes. */
export function arithText(sh: Shell, text: string): number | bigint {
  return arithValue(sh, arithSource(sh, text));
}

/** An expression after its expansions, as `set -x` shows it. */
export function arithSource(sh: Shell, text: string): string {
  return /[$`"'\\]/.test(text) ? piecesText(sh, compile(text, "arith").pieces) : text;
}

/** The value of an expression that was expanded. */
export function arithValue(sh: Shell, source: string): number | bigint {
  if (sh.setup.dialect === "dash" && FOREIGN_ARITHMETIC.test(source))
    throw new ShellError(
      `${source}: syntax error${source.includes(",") ? " in expression" : ": operand expected"} (error token is "")`,
    );
  if (sh.setup.dialect !== "dash") return evaluate(source, sh.arith, 0);
  try {
    return evaluate(source, sh.arith, 0);
  } catch (error) {
    // Dash shows all of the expression, as it is written.
    const found = error instanceof ShellError ? /: [^:]*\(error token is "/.exec(error.message) : null;
    if (found === null) throw error;
    throw new ShellError(source + (error as ShellError).message.slice(found.index));
  }
}

function paramText(sh: Shell, value: ParamValue): string {
  if (value.raw !== undefined) return piecesText(sh, value.raw);
  if (value.list === undefined) return value.text ?? "";
  return value.list.join(value.star ? sh.ifsJoin() : " ");
}

/** Pieces as one text: no splitting, no globbing. */
export function piecesText(sh: Shell, pieces: readonly Piece[]): string {
  if (pieces.length === 1) return pieceText(sh, pieces[0]!);
  let out = "";
  for (const piece of pieces) {
    out += pieceText(sh, piece);
    if (out.length > MAX_TEXT) throw cannotAllocate(out.length);
  }
  return out;
}

/** Pieces as a pattern: what is quoted is escaped. */
export function piecesPattern(sh: Shell, pieces: readonly Piece[]): string {
  let out = "";
  for (const piece of pieces) {
    if (piece.k === "lit") out += piece.q ? escapePattern(piece.s) : piece.s;
    else if (piece.k === "quotes" || piece.k === "tilde") out += escapePattern(pieceText(sh, piece));
    else if (piece.k === "param" && !piece.q) {
      const value = expandParam(sh, piece.p, false);
      out += value.raw !== undefined ? piecesPattern(sh, value.raw) : paramText(sh, value);
    } else if (piece.k === "param") out += escapePattern(pieceText(sh, piece));
    else out += pieceText(sh, piece);
  }
  return out;
}

/** A word as one text (assignments, here-strings, `case` subjects). */
export function wordText(sh: Shell, text: string, assign: WordRole = false): string {
  const found = compile(text, "word", assign);
  return found.plain ?? piecesText(sh, found.pieces);
}

/** A compiled text as one text. */
export function compiledText(sh: Shell, compiled: Compiled): string {
  return compiled.plain ?? piecesText(sh, compiled.pieces);
}

/** A word as a pattern (`case`, `[[ == ]]`). */
export function wordPattern(sh: Shell, text: string): string {
  return piecesPattern(sh, compile(text).pieces);
}

/** A text expanded as between double quotes (prompts, PS4). */
export function promptText(sh: Shell, text: string): string {
  return piecesText(sh, compile(text, "heredoc").pieces);
}
