import { concat, decode, type Gen } from "../../../kernel/index.ts";
import type { Process } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import type { Regex } from "../../../text/regex/index.ts";
import { hold } from "../../io.ts";

/** How records end: at a text, at empty lines, or at a regular expression. */
export type Separator = { kind: "text"; text: string } | { kind: "paragraph" } | { kind: "regex"; regex: Regex };

/** Records of a descriptor. */
export class RecordReader {
  private readonly p: Process;
  readonly fd: number;
  private text = "";
  private at = 0;
  /** What was read after `text` and holds no end of a record: joined to it once one has come. */
  private more: string[] = [];
  private held = 0;
  /** The last separator looked for, when it is one character. */
  private single: string | undefined;
  private tail: Uint8Array | undefined;
  private ended = false;
  /** What ended the last record (gawk's RT). */
  terminator = "";

  constructor(p: Process, fd: number) {
    this.p = p;
    this.fd = fd;
  }

  /** A record that is there already, without waiting; undefined when more input is needed. */
  take(separator: Separator): string | undefined {
    if (this.more.length > 0 && !(separator.kind === "text" && separator.text === this.single)) this.join();
    if (separator.kind !== "text") {
      this.single = undefined;
      return this.scan(separator);
    }
    this.single = separator.text.length === 1 ? separator.text : undefined;
    if (this.more.length > 0) return undefined;
    const end = this.text.indexOf(separator.text, this.at);
    if (end >= 0) {
      const record = this.text.slice(this.at, end);
      this.at = end + separator.text.length;
      this.terminator = separator.text;
      return record;
    }
    return this.rest();
  }

  /** What is left when the input has ended. */
  private rest(): string | undefined {
    if (!this.ended || this.at >= this.text.length) return undefined;
    const record = this.text.slice(this.at);
    this.at = this.text.length;
    this.terminator = "";
    return record;
  }

  private scan(separator: Separator): string | undefined {
    if (separator.kind === "paragraph") {
      while (this.text[this.at] === "\n") this.at++;
      let end = this.text.indexOf("\n\n", this.at);
      if (end < 0 && !this.ended) return undefined;
      if (end < 0) {
        if (this.at >= this.text.length) return undefined;
        const rest = this.text.slice(this.at);
        const record = rest.replace(/\n$/, "");
        this.at = this.text.length;
        this.terminator = rest.slice(record.length);
        return record;
      }
      const record = this.text.slice(this.at, end);
      while (this.text[end] === "\n") end++;
      // More empty lines may follow in what is not read yet.
      if (end === this.text.length && !this.ended) return undefined;
      this.terminator = this.text.slice(this.at + record.length, end);
      this.at = end;
      return record;
    }
    if (separator.kind === "regex") {
      for (let from = this.at; ; from++) {
        const match = separator.regex.exec(this.text, from);
        // A match at the end of what was read might grow.
        if (match === null || (match.end === this.text.length && !this.ended)) return this.rest();
        if (match.end === match.index) continue;
        const record = this.text.slice(this.at, match.index);
        this.at = match.end;
        this.terminator = match.groups[0]!;
        return record;
      }
    }
    return undefined;
  }

  /** Reads more; false at the end of the input. */
  *fill(): Gen<boolean> {
    if (this.ended) return false;
    const bytes = yield* sys.read(this.p, this.fd);
    if (bytes.length === 0) {
      this.ended = true;
      if (this.tail) this.more.push(decode(this.tail));
      this.tail = undefined;
      this.join();
      return true;
    }
    const all = this.tail ? concat([this.tail, bytes]) : bytes;
    // A character may be cut at the end of a block.
    let end = all.length;
    let back = 1;
    while (back <= 3 && back <= all.length && (all[all.length - back]! & 0xc0) === 0x80) back++;
    if (back <= all.length && all[all.length - back]! >= 0xc0) end = all.length - back;
    this.tail = end < all.length ? all.subarray(end) : undefined;
    const piece = decode(all.subarray(0, end));
    this.more.push(piece);
    if (this.single !== undefined && !piece.includes(this.single)) {
      this.held += piece.length;
      yield* hold(this.p, this.text.length + this.held);
      return true;
    }
    this.join();
    // Other ends are looked for anew with each block: a record may not grow for long.
    yield* hold(this.p, this.text.length * (this.single === undefined ? 12 : 1));
    return true;
  }

  private join(): void {
    this.text = [this.text.slice(this.at), ...this.more].join("");
    this.at = 0;
    this.more = [];
    this.held = 0;
  }

  get done(): boolean {
    return this.ended && this.at >= this.text.length;
  }
}
