/** A stream of JSON texts, fed in pieces. */
import { concat, decode } from "../../../kernel/index.ts";
import type { Json } from "./json.ts";
import { readLazily } from "./json-lazy.ts";
import { isBlank, JsonParser, ParseStop } from "./json-parser.ts";

export class JsonError extends Error {}

const NEWLINE = 10;
const OPEN_LIST = 91;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

/** Texts shorter than this many bytes are not worth looking over first. */
const LAZY_SIZE = 4096;

/** Values of a stream of JSON texts, fed in pieces. */
export class JsonStream {
  private text = "";
  private at = 0;
  /** Pieces after `text` that belong to the value that is not whole yet; joined once it is, so that each is copied once. */
  private more: string[] = [];
  private scannedPieces = 0;
  private scanAt = 0;
  private line = 1;
  private column = 0;
  private depth = 0;
  private inString = false;
  private escaped = false;
  /** Something of the value at `at` was scanned. */
  private scanning = false;
  ended = false;
  /** What came after all that: bytes that are no text yet. */
  private raw: Uint8Array[] = [];
  /** How many bytes there were when they were last looked over and did not hold a whole value. */
  private lookedAt = 0;
  /** What was pushed and what was passed, as far as its newlines are not counted yet. */
  private pushed: (string | Uint8Array)[] = [];
  private passed: (string | Uint8Array)[] = [];
  private newlines = 0;

  /** How much is held of values that are not whole yet. */
  get held(): number {
    let size = this.text.length - this.at;
    for (const piece of this.more) size += piece.length;
    for (const piece of this.raw) size += piece.length;
    return size;
  }

  /** Newlines read so far. */
  get lines(): number {
    for (const piece of this.pushed) this.newlines += newlines(piece);
    this.pushed = [];
    return this.newlines;
  }

  push(text: string): void {
    this.append(text);
    this.pushed.push(text);
  }

  private append(text: string): void {
    if (this.at >= this.text.length && this.more.length === 0) {
      this.text = text;
      this.at = this.scanAt = 0;
    } else this.more.push(text);
  }

  /** Adds bytes; characters may be cut at their ends. */
  pushBytes(bytes: Uint8Array): void {
    this.raw.push(bytes);
    this.pushed.push(bytes);
    if (this.pushed.length > 256) void this.lines;
  }

  end(): void {
    this.ended = true;
  }

  /** The next value; undefined when more text is needed or nothing is left. Throws `JsonError`. */
  next(): Json | undefined {
    if (this.raw.length > 0) {
      const found = this.more.length === 0 && this.at >= this.text.length ? this.lazily() : "other";
      if (found === "more") return undefined;
      if (found !== "other") return found.value;
      this.decodeRaw();
    }
    for (;;) {
      const from = this.at;
      let to = from;
      while (to < this.text.length && isBlank(this.text.charCodeAt(to))) to++;
      this.advance(to - from);
      if (this.at < this.text.length) break;
      if (this.more.length === 0) return undefined;
      this.join();
    }
    this.scanAt = Math.max(this.scanAt, this.at);
    const length = this.boundary();
    if (length === undefined && !this.ended) return undefined;
    this.join();
    this.depth = 0;
    this.inString = this.escaped = this.scanning = false;
    const end = length === undefined ? this.text.length : this.at + length;
    this.scanAt = end;
    return this.parse(end, length === undefined);
  }

  /**
   * A big array or object of the bytes, looked over only (`readLazily`). That is tried when it may be whole: at the end,
   * when what came last closes something, when a text that is not indented has its newline. `other`: its text is needed.
   */
  private lazily(): { value: Json } | "more" | "other" {
    const first = this.raw[0]!;
    const last = this.raw.at(-1)!;
    let from = 0;
    while (from < first.length && isBlank(first[from]!)) from++;
    let size = 0;
    for (const piece of this.raw) size += piece.length;
    const open = first[from];
    if ((open !== OPEN_OBJECT && open !== OPEN_LIST) || size - from < LAZY_SIZE) return "other";
    const indented = first[from + 1] === NEWLINE;
    const line = indented ? -1 : first.indexOf(NEWLINE, from);
    // Many small values in lines of their own.
    if (line >= 0 && line - from < LAZY_SIZE) return "other";
    let end = last.length;
    while (end > 0 && isBlank(last[end - 1]!)) end--;
    const closed = last[end - 1] === (open === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_LIST);
    const whole = indented ? closed && last[end - 2] === NEWLINE : line >= 0 || last.includes(NEWLINE);
    if (!this.ended && !whole && !(closed && size > this.lookedAt * 2)) return "more";
    const found = readLazily(this.raw, from, size);
    if (found === "more" && !this.ended) {
      this.lookedAt = size;
      return "more";
    }
    if (found === "more" || found === "other") return "other";
    this.lookedAt = 0;
    this.passed.push(found.passed);
    if (this.passed.length > 256) this.place();
    this.raw = found.rest.length > 0 ? [found.rest] : [];
    return found;
  }

  /** Makes text of the bytes, but for a character that is cut at their end. */
  private decodeRaw(): void {
    const all = concat(this.raw);
    let back = 1;
    while (back <= 3 && back <= all.length && (all[all.length - back]! & 0xc0) === 0x80) back++;
    const cut = !this.ended && back <= all.length && all[all.length - back]! >= 0xc0 ? all.length - back : all.length;
    this.raw = cut < all.length ? [all.subarray(cut)] : [];
    this.lookedAt = 0;
    this.append(decode(all.subarray(0, cut)));
  }

  private join(): void {
    if (this.more.length === 0) return;
    const base = this.at;
    this.text = [base === 0 ? this.text : this.text.slice(base), ...this.more].join("");
    this.at = 0;
    this.scanAt = Math.max(0, this.scanAt - base);
    this.more = [];
    this.scannedPieces = 0;
  }

  /** How long the value that begins at `at` is, pieces not joined yet included; undefined when not known yet. */
  private boundary(): number | undefined {
    if (this.scanAt < this.text.length) {
      const end = this.scan(this.text, this.scanAt);
      if (end !== undefined) return end - this.at;
      this.scanAt = this.text.length;
    }
    let before = this.text.length - this.at;
    for (const [i, piece] of this.more.entries()) {
      if (i >= this.scannedPieces) {
        this.scannedPieces = i + 1;
        const end = this.scan(piece, 0);
        if (end !== undefined) return before + end;
      }
      before += piece.length;
    }
    return undefined;
  }

  private scan(text: string, from: number): number | undefined {
    for (let i = from; i < text.length; i++) {
      if (this.inString) {
        if (this.escaped) {
          this.escaped = false;
          continue;
        }
        const quote = text.indexOf('"', i);
        // Straight to the closing quote, unless a backslash stands before it.
        if (quote > i && text.charCodeAt(quote - 1) !== 92) i = quote;
        const code = text.charCodeAt(i);
        if (code === 92) this.escaped = true;
        else if (code === 34) {
          this.inString = false;
          if (this.depth === 0) return i + 1;
        }
        continue;
      }
      const code = text.charCodeAt(i);
      if (code === 34) {
        if (this.depth === 0 && this.scanning) return i;
        this.inString = true;
      } else if (code === 91 || code === 123) {
        if (this.depth === 0 && this.scanning) return i;
        this.depth++;
      } else if (code === 93 || code === 125) {
        if (--this.depth <= 0) return i + 1;
      } else if (this.depth === 0 && isBlank(code)) return i;
      this.scanning = true;
    }
    return undefined;
  }

  private parse(end: number, atEof: boolean): Json {
    const source = this.text.slice(this.at, end);
    const after = this.text[end];
    const parser = new JsonParser(source, atEof);
    try {
      const value = parser.value();
      if (parser.at < source.length) parser.unexpected();
      this.advance(source.length);
      return value;
    } catch (error) {
      if (!(error instanceof ParseStop)) throw error;
      // jq reports where its scanner stood: one character after a bare word.
      let { at } = error;
      if (error.atEof) {
        this.advance(source.length);
        this.place();
        throw new JsonError(`${error.message} at EOF at line ${this.line}, column ${this.column}`);
      }
      at = Math.min(at, source.length + (after === undefined ? 0 : 1));
      this.advance(at);
      this.place();
      throw new JsonError(`${error.message} at line ${this.line}, column ${this.column}`);
    }
  }

  private advance(count: number): void {
    const end = Math.min(this.text.length, this.at + count);
    if (end > this.at) this.passed.push(this.text.slice(this.at, end));
    if (this.passed.length > 256) this.place();
    this.at = end;
  }

  /** Works out line and column of `at`. */
  private place(): void {
    for (const piece of this.passed) {
      const text = typeof piece === "string" ? piece : decode(piece);
      const last = text.lastIndexOf("\n");
      this.line += newlines(text);
      this.column = last < 0 ? this.column + text.length : text.length - last - 1;
    }
    this.passed = [];
  }
}

function newlines(piece: string | Uint8Array): number {
  let count = 0;
  if (typeof piece === "string") for (let i = piece.indexOf("\n"); i >= 0; i = piece.indexOf("\n", i + 1)) count++;
  else for (let i = piece.indexOf(NEWLINE); i >= 0; i = piece.indexOf(NEWLINE, i + 1)) count++;
  return count;
}

/** One JSON text, as `fromjson` reads it. Throws `JsonError`. */
export function parseJson(text: string): Json[] {
  const stream = new JsonStream();
  stream.push(text);
  stream.end();
  const out: Json[] = [];
  for (;;) {
    const value = stream.next();
    if (value === undefined) return out;
    out.push(value);
  }
}
