/** A stream of JSON texts, fed in pieces. */

import type { Json } from "./json.ts";
import { isBlank, JsonParser, ParseStop } from "./json-parser.ts";
import { quickParse } from "./json-quick.ts";

export class JsonError extends Error {}

/** Texts shorter than this are not worth guessing where they end. */
const QUICK_SIZE = 4096;

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
  private begun = false;
  /** The value at `at` is none for `quick`. */
  private notQuick = false;
  private quickPieces = 0;
  ended = false;
  /** Texts whose newlines are not counted yet: those that were pushed, those that were passed. */
  private pushed: string[] = [];
  private passed: string[] = [];
  private newlines = 0;

  /** Newlines read so far. */
  get lines(): number {
    for (const text of this.pushed) this.newlines += newlines(text);
    this.pushed = [];
    return this.newlines;
  }

  push(text: string): void {
    if (this.at >= this.text.length && this.more.length === 0) {
      this.text = text;
      this.at = this.scanAt = 0;
    } else this.more.push(text);
    this.pushed.push(text);
    if (this.pushed.length > 256) void this.lines;
  }

  end(): void {
    this.ended = true;
  }

  /** The next value; undefined when more text is needed or nothing is left. Throws `JsonError`. */
  next(): Json | undefined {
    for (;;) {
      const from = this.at;
      let to = from;
      while (to < this.text.length && isBlank(this.text.charCodeAt(to))) to++;
      this.advance(to - from);
      if (this.at < this.text.length) break;
      if (this.more.length === 0) return undefined;
      this.join();
    }
    const quick = this.notQuick ? undefined : this.quick();
    if (quick !== undefined) return quick.value;
    this.scanAt = Math.max(this.scanAt, this.at);
    const length = this.boundary();
    if (length === undefined && !this.ended) return undefined;
    this.join();
    this.depth = 0;
    this.inString = this.escaped = this.begun = false;
    const end = length === undefined ? this.text.length : this.at + length;
    this.scanAt = end;
    this.notQuick = false;
    this.quickPieces = 0;
    return this.parse(end, length === undefined);
  }

  /**
   * Guesses where a big value ends: with what has come, if that ends with its closing bracket at the start of a line, or
   * for one that is not indented with its line; a text that then parses was that value. Undefined: it must be scanned.
   * No value: more text first.
   */
  private quick(): { value: Json | undefined } | undefined {
    const open = this.text[this.at];
    let size = this.text.length - this.at;
    if ((open !== "{" && open !== "[") || (this.more.length === 0 && size < QUICK_SIZE)) return undefined;
    let end = -1;
    if (this.text[this.at + 1] === "\n") {
      for (const piece of this.more) size += piece.length;
      const last = this.more.at(-1) ?? this.text;
      const closer = open === "{" ? "}" : "]";
      if (last.endsWith(`\n${closer}\n`)) end = size - 1;
      else if (last.endsWith(`\n${closer}`)) end = size;
    } else {
      if (this.quickPieces === 0) end = this.text.indexOf("\n", this.at) - this.at;
      this.more.forEach((piece, i) => {
        if (end < 0 && i + 1 >= this.quickPieces) {
          const at = piece.indexOf("\n");
          if (at >= 0) end = size + at;
        }
        size += piece.length;
      });
      this.quickPieces = this.more.length + 1;
    }
    if (end < 0 && !this.ended) return size > 65_536 ? { value: undefined } : undefined;
    this.join();
    const length = end < 0 ? this.text.length - this.at : end;
    const value = length < QUICK_SIZE ? undefined : quickParse(this.text.slice(this.at, this.at + length));
    if (value === undefined) {
      this.notQuick = true;
      return undefined;
    }
    this.advance(length);
    this.scanAt = this.at;
    this.depth = 0;
    this.inString = this.escaped = this.begun = false;
    return { value };
  }

  private join(): void {
    if (this.more.length === 0) return;
    const base = this.at;
    this.text = [base === 0 ? this.text : this.text.slice(base), ...this.more].join("");
    this.at = 0;
    this.scanAt = Math.max(0, this.scanAt - base);
    this.more = [];
    this.scannedPieces = this.quickPieces = 0;
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
        if (this.depth === 0 && this.begun) return i;
        this.inString = true;
      } else if (code === 91 || code === 123) {
        if (this.depth === 0 && this.begun) return i;
        this.depth++;
      } else if (code === 93 || code === 125) {
        if (--this.depth <= 0) return i + 1;
      } else if (this.depth === 0 && isBlank(code)) return i;
      this.begun = true;
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
    for (const text of this.passed) {
      const last = text.lastIndexOf("\n");
      this.line += newlines(text);
      this.column = last < 0 ? this.column + text.length : text.length - last - 1;
    }
    this.passed = [];
  }
}

function newlines(text: string): number {
  let count = 0;
  for (let i = text.indexOf("\n"); i >= 0; i = text.indexOf("\n", i + 1)) count++;
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
