/**
 * The pages of pr(1): columns that are filled from one file, down or across, or from several at once. The order of its
 * steps, and what a form feed in a file does to them, is that of coreutils 9.7's src/pr.c.
 */
import { encode } from "../../kernel/index.ts";
import { wcwidth } from "../../text/width.ts";
import { codeOf, FORM_FEED, Ink, NEWLINE, SPACE, tabWidth } from "./pr-ink.ts";
import type { Layout } from "./pr-layout.ts";

/** A file that is read byte by byte. */
interface Source {
  bytes: Uint8Array;
  at: number;
}

interface Column {
  source: Source;
  /** `found`: a form feed ended what is stored; `held`: one ended the page. */
  status: "open" | "found" | "held" | "closed";
  /** Lines go to the store first, to be printed beside others. */
  stores: boolean;
  fromStore: boolean;
  numbered: boolean;
  start: number;
  toPrint: number;
  stored: number;
  line: number;
  fullPage: boolean;
}

const EOF = -1;
/** A position that may be anywhere. */
const ANYWHERE = 0;

export class Pages {
  readonly tooNarrow: boolean;
  private readonly l: Layout;
  private readonly ink: Ink;
  private readonly columns: Column[] = [];
  private readonly title: string;
  private readonly date: string;

  private readonly down: boolean;
  private readonly body: number;
  private readonly columnWidth: number;
  private readonly numberWidth: number;
  private number: number;
  private pageNumber = 1;
  private ready: number;

  private padding = 0;
  private padsDown = false;
  private alignsEmpty = false;
  private emptyLine = false;
  private onlyFeed = false;
  private headerDue = false;
  private feedDue = false;

  private lineStarts: number[] = [];
  private lineEnds: number[] = [];

  constructor(given: Layout, inputs: readonly Uint8Array[], title: string, date: string) {
    const l = { ...given };
    this.l = l;
    this.ink = new Ink(l);
    this.title = title;
    this.date = date;
    let body = l.length - 10;
    if (body <= 0) [l.extremities, l.keepFormFeeds] = [false, true];
    if (!l.extremities) body = l.length;
    this.body = l.doubleSpace ? Math.floor(body / 2) : body;
    this.down = !l.parallel && !l.across && l.columns > 1;
    if (l.columns > 1) {
      if (!l.separates) {
        l.separator = l.join ? "\t" : " ";
        l.separates = true;
      } else if (!l.join && l.separator === "\t") l.separator = " ";
      l.truncates = true;
      if (l.separator !== "\t") l.untabify = true;
      l.tabify = true;
    }
    if (l.join) l.truncates = false;
    this.number = l.firstNumber;
    this.numberWidth = !l.numbered ? 0 : l.digits + (l.numberSeparator === "\t" ? tabWidth(8, l.digits) : 1);
    const useful = l.width - (l.parallel ? this.numberWidth : 0) - (l.columns - 1) * l.separator.length;
    this.columnWidth = Math.trunc(useful / l.columns);
    this.tooNarrow = this.columnWidth < 1;
    // Files that could not be opened have had their share of the width.
    if (l.parallel) l.columns = inputs.length;
    const shared = { bytes: inputs[0]!, at: 0 };
    for (let i = 0; i < l.columns; i++)
      this.columns.push({
        source: l.parallel ? { bytes: inputs[i]!, at: 0 } : shared,
        status: "open",
        stores: this.down,
        fromStore: this.down,
        numbered: l.numbered && (!l.parallel || i === 0),
        start: 0,
        toPrint: 0,
        stored: 0,
        line: 0,
        fullPage: false,
      });
    this.ready = l.parallel ? inputs.length : 1;
    this.place();
  }

  /** Where each column begins. */
  private place(): void {
    const { l } = this;
    let at = l.margin;
    let next = !l.truncates ? ANYWHERE : at + this.columnWidth + (l.parallel && l.numbered ? this.numberWidth : 0);
    at += l.separator.length;
    for (const column of this.columns) {
      column.start = at;
      if (!l.truncates) [at, next] = [ANYWHERE, ANYWHERE];
      else {
        at = next + l.separator.length;
        next = at + this.columnWidth;
      }
    }
  }

  /** What was printed since the last call. */
  take(): Uint8Array {
    const bytes = Uint8Array.from(this.ink.out);
    this.ink.out = [];
    return bytes;
  }

  /** Passes the pages before the first that is wanted; the number of pages there are, where it is beyond them. */
  passTo(): number | undefined {
    const { l } = this;
    for (let n = 1; n < l.firstPage; n++) {
      for (let i = 1; i <= this.body; i++)
        for (const [j, column] of this.columns.entries())
          if (column.status === "open") this.skipLine(column, j === 0, i === this.body);
      if (this.down) for (const column of this.columns) if (column.status !== "closed") column.status = "held";
      this.resume();
      if (this.ready < 1) return n;
    }
    this.pageNumber = l.firstPage;
    return undefined;
  }

  private skipLine(column: Column, first: boolean, lastLine: boolean): void {
    let c = this.read(column);
    if (c === FORM_FEED && column.fullPage) {
      c = this.read(column);
      if (c === NEWLINE) c = this.read(column);
    }
    column.fullPage = lastLine;
    const single = c === FORM_FEED;
    while (c !== NEWLINE) {
      if (c === FORM_FEED) {
        if (lastLine) for (const one of this.l.parallel ? [column] : this.columns) one.fullPage = false;
        this.passNewline(column);
        this.hold(column);
        break;
      }
      if (c === EOF) {
        this.close(column);
        break;
      }
      c = this.read(column);
    }
    if (this.l.skipCount && (!this.l.parallel || first) && !single) this.number++;
  }

  private read({ source }: Column): number {
    return source.at < source.bytes.length ? source.bytes[source.at++]! : EOF;
  }

  /** A newline behind a form feed belongs to it. */
  private passNewline({ source }: Column): void {
    if (source.bytes[source.at] === NEWLINE) source.at++;
  }

  private hold(column: Column): void {
    if (this.l.parallel) column.status = "held";
    else for (const one of this.columns) one.status = this.down ? "found" : "held";
    column.toPrint = 0;
    this.ready--;
  }

  private close(column: Column): void {
    if (column.status === "closed") return;
    if (this.l.parallel) {
      column.status = "closed";
      column.toPrint = 0;
    } else
      for (const one of this.columns) {
        one.status = "closed";
        if (one.stored === 0) one.toPrint = 0;
      }
    this.ready--;
  }

  private resume(): void {
    for (const column of this.columns)
      if (column.status === "held") {
        column.status = "open";
        this.ready++;
      }
    if (this.down) this.ready = this.columns[0]!.status === "closed" ? 0 : 1;
  }

  private printable(): boolean {
    return this.columns.some(
      ({ status, stored, toPrint }) =>
        status === "open" || status === "found" || (this.down && stored > 0 && toPrint > 0),
    );
  }

  /** Prints a page; false after the last one. */
  page(): boolean {
    const { l, columns } = this;
    if (this.down) this.fill();
    else for (const column of columns) column.toPrint = column.status === "open" ? this.body : 0;
    if (!this.printable()) return false;
    if (l.extremities) this.headerDue = true;
    else this.pageNumber++;
    this.padsDown = false;
    let padded = false;
    let left = this.body * (l.doubleSpace ? 2 : 1);
    while (left > 0 && this.printable()) {
      this.ink.outAt = 0;
      this.ink.spaces = 0;
      this.ink.separators = 0;
      this.padsDown = false;
      this.alignsEmpty = false;
      this.emptyLine = true;
      for (const column of columns) {
        this.ink.inAt = 0;
        if (column.toPrint > 0 || column.status === "found") {
          this.onlyFeed = false;
          this.padding = column.start;
          if (!(column.fromStore ? this.printStored(column) : this.readLine(column, false))) this.readRest(column);
          padded ||= this.padsDown;
          column.toPrint--;
          if (column.toPrint <= 0 && !this.printable()) break;
          if (l.parallel && column.status !== "open") {
            if (this.emptyLine) this.alignsEmpty = true;
            else if (column.status === "closed" || (column.status === "held" && this.onlyFeed)) this.align(column);
          }
        } else if (l.parallel) {
          if (this.emptyLine) this.alignsEmpty = true;
          else this.align(column);
        }
        if (l.separates) this.ink.separators++;
      }
      if (this.padsDown) {
        this.ink.out.push(NEWLINE);
        left--;
      }
      if (!l.extremities && !this.printable()) break;
      if (l.doubleSpace && padded) {
        this.ink.out.push(NEWLINE);
        left--;
      }
    }
    if (left === 0) for (const column of columns) if (column.status === "open") column.fullPage = true;
    this.padsDown = padded;
    if (padded && l.extremities) {
      if (l.formFeed) this.ink.out.push(FORM_FEED);
      else for (let i = left + 5; i > 0; i--) this.ink.out.push(NEWLINE);
    } else if (l.keepFormFeeds && this.feedDue) {
      this.ink.out.push(FORM_FEED);
      this.feedDue = false;
    }
    if (l.lastPage < this.pageNumber) return false;
    this.resume();
    return true;
  }

  /** Reads what goes into the columns of a page, and gives each its share. */
  private fill(): void {
    this.ink.store = [];
    this.lineStarts = [];
    this.lineEnds = [];
    let begin = 0;
    for (const column of this.columns) column.stored = 0;
    for (const column of this.columns) {
      if (this.ready === 0) break;
      for (let j = this.body; j > 0 && this.ready > 0; j--) {
        if (column.status !== "open") continue;
        this.ink.inAt = 0;
        if (!this.readLine(column, true)) this.readRest(column);
        if ((column.status as string) === "open" || begin !== this.ink.store.length) {
          column.stored++;
          this.lineStarts.push(begin);
          this.lineEnds.push(this.ink.inAt);
          begin = this.ink.store.length;
        }
      }
    }
    const total = this.lineEnds.length;
    this.lineStarts.push(begin);
    let first = 0;
    for (const [i, column] of this.columns.entries()) {
      column.stored = Math.floor(total / this.l.columns) + (i < total % this.l.columns ? 1 : 0);
      column.line = first;
      column.toPrint = column.stored;
      first += column.stored;
    }
  }

  private align(column: Column): void {
    this.padding = column.start;
    this.padToColumn();
    if (this.l.separates) this.ink.separate();
    if (column.numbered) this.addNumber(false);
  }

  private padToColumn(): void {
    if (this.l.separator.length >= this.padding) return;
    this.ink.padTo(this.padding - this.l.separator.length);
    this.padding = ANYWHERE;
  }

  private addNumber(storing: boolean): void {
    const { l } = this;
    const text = String(this.number++).padStart(l.digits);
    for (const char of text.slice(text.length - l.digits)) this.ink.put(codeOf(char), storing);
    const tab = l.numberSeparator === "\t";
    if (l.columns > 1 && tab) for (let i = this.numberWidth - l.digits; i > 0; i--) this.ink.put(SPACE, storing);
    else {
      this.ink.put(codeOf(l.numberSeparator), storing);
      if (l.columns === 1 && tab) this.ink.outAt += tabWidth(l.outTabWidth, this.ink.outAt);
    }
    if (l.truncates && !l.parallel) this.ink.inAt += this.numberWidth;
  }

  /** Reads a line into a column; false where it was cut off. */
  private readLine(column: Column, storing: boolean): boolean {
    const { l } = this;
    let c = this.read(column);
    let before = this.ink.inAt;
    if (c === FORM_FEED && column.fullPage) {
      c = this.read(column);
      if (c === NEWLINE) c = this.read(column);
    }
    column.fullPage = false;
    let clump: number[] = [];
    if (c === FORM_FEED) {
      this.passNewline(column);
      this.onlyFeed = true;
      if (this.headerDue && !this.down) {
        this.padsDown = true;
        this.header();
      } else if (l.keepFormFeeds) this.feedDue = true;
      this.hold(column);
      return true;
    }
    if (c === EOF) {
      this.close(column);
      return true;
    }
    if (c !== NEWLINE) clump = this.ink.clump(c);
    if (l.truncates && this.ink.inAt > this.columnWidth) {
      this.ink.inAt = before;
      return false;
    }
    if (!storing) {
      this.padsDown = true;
      if (this.headerDue && !this.down) this.header();
      if (l.parallel && this.alignsEmpty) {
        const passed = this.ink.separators;
        this.ink.separators = 0;
        for (const one of this.columns.slice(0, passed)) {
          this.align(one);
          this.ink.separators++;
        }
        this.padding = column.start;
        this.ink.spaces = l.truncates ? this.columnWidth : 0;
        this.alignsEmpty = false;
      }
      this.padToColumn();
      if (l.separates) this.ink.separate();
    }
    if (column.numbered) this.addNumber(storing);
    this.emptyLine = false;
    if (c === NEWLINE) return true;
    for (;;) {
      for (const code of clump) this.ink.put(code, storing);
      c = this.read(column);
      if (c === NEWLINE) return true;
      if (c === FORM_FEED) {
        this.passNewline(column);
        if (l.keepFormFeeds) this.feedDue = true;
        this.hold(column);
        return true;
      }
      if (c === EOF) {
        this.close(column);
        return true;
      }
      before = this.ink.inAt;
      clump = this.ink.clump(c);
      if (l.truncates && this.ink.inAt > this.columnWidth) {
        this.ink.inAt = before;
        return false;
      }
    }
  }

  private readRest(column: Column): void {
    for (;;) {
      const c = this.read(column);
      if (c === NEWLINE) return;
      if (c === FORM_FEED) {
        this.passNewline(column);
        if (this.l.keepFormFeeds) this.feedDue = true;
        this.hold(column);
        return;
      }
      if (c === EOF) {
        this.close(column);
        return;
      }
    }
  }

  private printStored(column: Column): boolean {
    const { l } = this;
    const line = column.line++;
    this.padsDown = true;
    if (this.headerDue) this.header();
    if (column.status === "found") {
      for (const one of this.columns) one.status = "held";
      if (this.columns[0]!.toPrint <= 0) {
        if (!l.extremities) this.padsDown = false;
        return true;
      }
    }
    this.padToColumn();
    if (l.separates) this.ink.separate();
    for (const code of this.ink.store.slice(this.lineStarts[line], this.lineStarts[line + 1]))
      this.ink.put(code, false);
    if (this.ink.spaces === 0) {
      this.ink.outAt = column.start + this.lineEnds[line]!;
      if (column.start - l.separator.length === l.margin) this.ink.outAt -= l.separator.length;
    }
    return true;
  }

  private header(): void {
    const { l } = this;
    this.ink.outAt = 0;
    this.ink.padTo(l.margin);
    this.ink.whiteSpace();
    const page = `Page ${this.pageNumber++}`;
    const room = Math.max(0, l.width - widthOf(this.date) - widthOf(this.title) - page.length);
    const before = room >> 1;
    const gap = (width: number) => " ".repeat(Math.max(1, width));
    const text = `\n\n${" ".repeat(l.margin)}${this.date}${gap(before)}${this.title}${gap(room - before)}${page}\n\n\n`;
    for (const byte of encode(text)) this.ink.out.push(byte);
    this.headerDue = false;
    this.ink.outAt = 0;
  }
}

function widthOf(text: string): number {
  let width = 0;
  for (const char of text) width += wcwidth(char);
  return width;
}
