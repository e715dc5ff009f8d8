/** fmt(1): paragraphs in lines of about the same length. */
import { decode } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { readWhole } from "../io.ts";
import { Fatal, quote, shellQuote, tool } from "../tool.ts";

interface Word {
  text: string;
  /** Blanks after it. */
  space: number;
  /** Ends with a full stop, ends a sentence, ends with punctuation, begins with a bracket. */
  period: boolean;
  final: boolean;
  punct: boolean;
  paren: boolean;
}

interface Shape {
  width: number;
  goal: number;
  crown: boolean;
  tagged: boolean;
  split: boolean;
  uniform: boolean;
  /** Blanks before the prefix, and the prefix as written and without blanks at its end. */
  lead: number;
  fullPrefix: string;
  prefix: string;
}

const square = (n: number) => n * n;
const LINE = square(70);
const short = (n: number) => square(n * 10);
const ragged = (n: number) => short(n) / 2;

/** What a line that begins with word `i` costs by itself: sentences and brackets make good places to break. */
function beginCost(words: readonly Word[], i: number): number {
  let cost = LINE;
  const [before, one] = [words[i - 1], words[i]!];
  if (before !== undefined) {
    if (before.period) cost += before.final ? -square(50) : square(600);
    else if (before.punct) cost -= square(40);
    else if (words[i - 2]?.final === true) cost += square(200) / before.text.length;
  }
  if (one.paren) cost -= square(40);
  else if (one.final) cost += square(150) / one.text.length;
  return cost;
}

/** Where the lines of a paragraph begin: those that cost least together. `last` is the length of a line printed before. */
function breaks(words: readonly Word[], shape: Shape, first: number, other: number, last: number): number[] {
  const end = words.length;
  const best: number[] = new Array(end + 1).fill(0);
  const next: number[] = new Array(end + 1).fill(end);
  const lengths: number[] = new Array(end + 1).fill(0);
  for (let start = end - 1; start >= 0; start--) {
    let least = Number.POSITIVE_INFINITY;
    let length = (start === 0 ? first : other) + words[start]!.text.length;
    for (let w = start + 1; ; w++) {
      let cost = best[w]!;
      if (w < end) {
        cost += short(shape.goal - length);
        if (next[w] !== end) cost += ragged(length - lengths[w]!);
      }
      if (start === 0 && last > 0) cost += ragged(length - last);
      if (cost < least) {
        least = cost;
        next[start] = w;
        lengths[start] = length;
      }
      if (w === end) break;
      length += words[w - 1]!.space + words[w]!.text.length;
      if (length >= shape.width) break;
    }
    best[start] = least + beginCost(words, start);
  }
  const starts: number[] = [];
  for (let at = 0; at < end; at = next[at]!) starts.push(at);
  return starts;
}

class Formatter {
  private readonly text: string;
  private readonly shape: Shape;
  private at = 0;
  private column = 0;
  private indent = 0;
  private tabs = false;
  private readonly out: string[] = [];
  private lastLength = 0;
  private outColumn = 0;
  /** Indents of the first line and of the others, as the last paragraph had them. */
  private firstIndent = 0;
  private otherIndent = 0;

  constructor(text: string, shape: Shape) {
    this.text = text;
    this.shape = shape;
  }

  run(): string {
    this.readPrefix();
    while (this.paragraph());
    return this.out.join("");
  }

  private get char(): string | undefined {
    return this.text[this.at];
  }

  private skipSpace(): void {
    for (;;) {
      if (this.char === " ") this.column++;
      else if (this.char === "\t") {
        this.tabs = true;
        this.column = (Math.floor(this.column / 8) + 1) * 8;
      } else return;
      this.at++;
    }
  }

  private readPrefix(): void {
    this.column = 0;
    this.skipSpace();
    if (this.shape.prefix === "") {
      this.indent = Math.min(this.shape.lead, this.column);
      return;
    }
    this.indent = this.column;
    for (const char of this.shape.prefix) {
      if (this.char !== char) return;
      this.column++;
      this.at++;
    }
    this.skipSpace();
  }

  /** The words of the rest of a line, and the beginning of the next one. */
  private line(words: Word[]): void {
    do {
      const from = this.at;
      while (this.char !== undefined && !/[ \t\n\r\f\v]/.test(this.char)) this.at++;
      const text = this.text.slice(from, this.at);
      this.column += text.length;
      const stem = text.replace(/[)\]}'"]+$/, "") || text[0]!;
      const start = this.column;
      this.skipSpace();
      const space = this.column - start;
      const ends = this.char === "\n" || this.char === undefined;
      const period = /[.?!]$/.test(stem);
      const final = this.char === undefined || (period && (this.char === "\n" || space > 1));
      words.push({
        text,
        period,
        final,
        punct: /[!-/:-@[-`{-~]$/.test(text),
        paren: /^[([`'"]/.test(text),
        space: ends || this.shape.uniform ? (final ? 2 : 1) : space,
      });
      // Other white space is no part of a word, nor does it stand between words.
      while (this.char !== undefined && /[\r\f\v]/.test(this.char)) this.at++;
    } while (this.char !== "\n" && this.char !== undefined);
    this.at++;
    this.readPrefix();
  }

  private same(indent: number): boolean {
    return (
      this.indent === indent &&
      this.column >= this.indent + this.shape.fullPrefix.length &&
      this.char !== "\n" &&
      this.char !== undefined
    );
  }

  private paragraph(): boolean {
    this.lastLength = 0;
    while (
      this.char === "\n" ||
      this.char === undefined ||
      this.indent < this.shape.lead ||
      this.column < this.indent + this.shape.fullPrefix.length
    ) {
      this.copyRest();
      if (this.at >= this.text.length) return false;
      this.out.push("\n");
      this.at++;
      this.readPrefix();
    }
    const indent = this.indent;
    const first = this.column;
    this.firstIndent = first;
    const words: Word[] = [];
    this.line(words);
    this.setOther(this.same(indent));
    if (!this.shape.split) {
      const more = () => this.same(indent) && this.column === this.otherIndent;
      if (this.shape.crown) {
        if (this.same(indent))
          do this.line(words);
          while (more());
      } else if (this.shape.tagged) {
        if (this.same(indent) && this.column !== first)
          do this.line(words);
          while (more());
      } else while (more()) this.line(words);
    }
    const last = words.at(-1)!;
    last.period = true;
    last.final = true;
    const starts = breaks(words, this.shape, first, this.otherIndent, this.lastLength);
    starts.forEach((start, i) => {
      this.printLine(words.slice(start, starts[i + 1] ?? words.length), i === 0 ? first : this.otherIndent, indent);
    });
    return this.at <= this.text.length;
  }

  private setOther(same: boolean): void {
    const first = this.firstIndent;
    if (this.shape.split) this.otherIndent = first;
    else if (this.shape.crown) this.otherIndent = same ? this.column : first;
    else if (this.shape.tagged) {
      if (same && this.column !== first) this.otherIndent = this.column;
      else if (this.otherIndent === first) this.otherIndent = first === 0 ? 3 : 0;
    } else this.otherIndent = first;
  }

  private copyRest(): void {
    this.outColumn = 0;
    const { prefix } = this.shape;
    if (this.column > this.indent || (this.char !== "\n" && this.char !== undefined)) {
      this.space(this.indent);
      for (const char of prefix) {
        if (this.outColumn === this.column) break;
        this.out.push(char);
        this.outColumn++;
      }
      if (this.char !== undefined && this.char !== "\n") this.space(this.column - this.outColumn);
      if (this.char === undefined && this.column >= this.indent + prefix.length) this.out.push("\n");
    }
    const end = this.text.indexOf("\n", this.at);
    const stop = end < 0 ? this.text.length : end;
    this.out.push(this.text.slice(this.at, stop));
    this.at = stop;
  }

  private printLine(words: readonly Word[], lead: number, indent: number): void {
    this.outColumn = 0;
    this.space(indent);
    this.out.push(this.shape.prefix);
    this.outColumn += this.shape.prefix.length;
    this.space(lead - this.outColumn);
    words.forEach((word, i) => {
      this.out.push(word.text);
      this.outColumn += word.text.length;
      if (i < words.length - 1) this.space(word.space);
    });
    this.lastLength = this.outColumn;
    this.out.push("\n");
  }

  private space(count: number): void {
    const target = this.outColumn + count;
    if (this.tabs) {
      const stop = Math.floor(target / 8) * 8;
      if (this.outColumn + 1 < stop)
        while (this.outColumn < stop) {
          this.out.push("\t");
          this.outColumn = (Math.floor(this.outColumn / 8) + 1) * 8;
        }
    }
    while (this.outColumn < target) {
      this.out.push(" ");
      this.outColumn++;
    }
  }
}

function widthOf(text: string, most: number): number {
  if (!/^\d+$/.test(text)) throw new Fatal(`invalid width: ${quote(text)}`);
  if (Number(text) > most) throw new Fatal(`invalid width: ${quote(text)}: Numerical result out of range`);
  return Number(text);
}

/** fmt(1). */
export const fmt = tool(
  {
    name: "fmt",
    short: "0123456789cp:stuw:g:",
    long: "crown-margin=c prefix:=p split-only=s tagged-paragraph=t uniform-spacing=u width:=w goal:=g",
    usage: "[-WIDTH] [OPTION]... [FILE]...",
    about: "Reformat each paragraph in the FILE(s), writing to standard output.",
    rewrite: (args) => (/^-\d/.test(args[0] ?? "") ? [`-w${args[0]!.slice(1)}`, ...args.slice(1)] : args),
  },
  function* (t, o) {
    const digit = o.list.find(({ key }) => /^\d$/.test(key));
    if (digit !== undefined)
      throw new Fatal(
        `invalid option -- ${digit.key}; -WIDTH is recognized only when it is the first\noption; use -w N instead\nTry '${t.name} --help' for more information.`,
      );
    let width = o.value("w") === undefined ? 75 : widthOf(o.value("w")!, 2500);
    const goalText = o.value("g");
    const goal =
      goalText === undefined
        ? Math.floor((width * (2 * (100 - 7) + 1)) / 200)
        : widthOf(goalText, o.has("w") ? width : 75);
    if (goalText !== undefined && !o.has("w")) width = goal + 10;
    const given = o.value("p") ?? "";
    const full = given.replace(/^ +/, "");
    const shape: Shape = {
      width,
      goal,
      crown: o.has("c"),
      tagged: o.has("t"),
      split: o.has("s"),
      uniform: o.has("u"),
      lead: given.length - full.length,
      fullPrefix: full,
      prefix: full.replace(/ +$/, ""),
    };
    for (const path of o.operands.length > 0 ? o.operands : ["-"]) {
      try {
        const fd = path === "-" ? 0 : sys.open(t.p, path);
        t.out.add(new Formatter(decode(yield* readWhole(t.p, fd)), shape).run());
        t.close(fd);
      } catch (error) {
        if (!isErrno(error)) throw error;
        if (error.code === "EISDIR") yield* t.error("read error");
        else yield* t.error(`cannot open ${shellQuote(path)} for reading: ${error.message}`);
      }
      yield* t.out.flush();
    }
    return t.status;
  },
);
