import { closeArith, closeParen, skipQuoted } from "./scan.ts";

/** A token of shell text, as far as error messages need it. */
export interface Token {
  kind: "word" | "operator" | "newline" | "end";
  text: string;
  at: number;
}

/** A quote or bracket that is never closed. */
export class Unclosed {
  readonly what: string;
  readonly at: number;
  /** Bash counts this error at the end of the text. */
  readonly atEnd: boolean;

  constructor(what: string, at: number, atEnd = false) {
    this.what = what;
    this.at = at;
    this.atEnd = atEnd;
  }
}

const OPERATORS = [
  ";;&",
  "<<-",
  "<<<",
  "&>>",
  "&&",
  "||",
  ";;",
  ";&",
  "|&",
  "<<",
  ">>",
  "<&",
  ">&",
  "<>",
  ">|",
  "&>",
  "|",
  "&",
  ";",
  "(",
  ")",
  "<",
  ">",
];

/** Splits shell text into tokens, one at a time. */
export class Tokens {
  readonly text: string;
  private pos = 0;
  private readonly heredocs: { delimiter: string; strip: boolean }[] = [];
  /** A heredoc whose delimiter never comes. */
  openHeredoc = false;

  constructor(text: string) {
    this.text = text;
  }

  get position(): number {
    return this.pos;
  }

  set position(pos: number) {
    this.pos = pos;
  }

  next(): Token {
    const { text } = this;
    for (;;) {
      if (text.startsWith("\\\n", this.pos)) this.pos += 2;
      else if (text[this.pos] === " " || text[this.pos] === "\t") this.pos++;
      else break;
    }
    const at = this.pos;
    const c = text[at];
    if (c === undefined) return { kind: "end", text: "", at };
    if (c === "#") {
      const end = text.indexOf("\n", at);
      this.pos = end < 0 ? text.length : end;
      return this.next();
    }
    if (c === "\n") {
      this.pos++;
      this.skipHeredocs();
      return { kind: "newline", text: "newline", at };
    }
    const operator =
      (c === "<" || c === ">") && text[at + 1] === "(" ? undefined : OPERATORS.find((one) => text.startsWith(one, at));
    if (operator !== undefined) {
      this.pos += operator.length;
      return { kind: "operator", text: operator, at };
    }
    return this.word(at);
  }

  /** Notes the delimiter that follows `<<`. */
  heredoc(word: Token, strip: boolean): void {
    this.heredocs.push({ delimiter: word.text.replace(/['"\\]/g, ""), strip });
  }

  private skipHeredocs(): void {
    for (const { delimiter, strip } of this.heredocs.splice(0)) {
      for (;;) {
        if (this.pos >= this.text.length) {
          this.openHeredoc = true;
          break;
        }
        const newline = this.text.indexOf("\n", this.pos);
        const end = newline < 0 ? this.text.length : newline;
        const line = this.text.slice(this.pos, end);
        this.pos = Math.min(end + 1, this.text.length);
        if ((strip ? line.replace(/^\t+/, "") : line) === delimiter) break;
      }
    }
  }

  private word(at: number): Token {
    const { text } = this;
    let i = at;
    while (i < text.length) {
      const c = text[i]!;
      if (/[\s;&|()]/.test(c)) {
        if (c === "(" && i > at && "?*+@!".includes(text[i - 1]!)) {
          i = this.closed(i + 1, closeParen(text, i + 1), ")", i) + 1;
          continue;
        }
        if (c === "(" && text[i - 1] === "=" && /^[A-Za-z_]\w*(\[[^\]]*\])?\+?=$/.test(text.slice(at, i))) {
          i = this.closed(i + 1, closeParen(text, i + 1), ")", i) + 1;
          continue;
        }
        break;
      }
      if (c === "<" || c === ">") {
        if (text[i + 1] !== "(") break;
        i = this.closed(i + 2, closeParen(text, i + 2), ")", i, true) + 1;
        continue;
      }
      const next = skipQuoted(text, i);
      if (next === i) {
        i++;
        continue;
      }
      this.checkQuoted(i, next);
      i = next;
    }
    if (i === at) i++;
    this.pos = i;
    return { kind: "word", text: text.slice(at, i), at };
  }

  private closed(_from: number, end: number, what: string, at: number, atEnd = false): number {
    if (end >= this.text.length) throw new Unclosed(what, at, atEnd);
    return end;
  }

  /** Throws when the quoted part between these positions has no end. */
  private checkQuoted(i: number, end: number): void {
    const { text } = this;
    const c = text[i]!;
    if (c === "\\") return;
    const last = text[end - 1];
    const bodyStart = c === "$" ? i + 2 : i + 1;
    const lone = end <= bodyStart;
    if (c === "'" || c === '"' || c === "`") {
      if (last !== c || lone || (end === text.length && !properlyEnds(text, i, end, c))) throw new Unclosed(c, i);
      return;
    }
    if (c !== "$") return;
    if (text[i + 1] === "'" && (last !== "'" || lone)) throw new Unclosed("'", i);
    if (text[i + 1] === "(") {
      if (text[i + 2] === "(" && closeArith(text, i + 3) >= 0) return;
      if (end >= text.length && closeParen(text, i + 2) >= text.length) throw new Unclosed(")", i, text[i + 2] !== "(");
    }
    if (text[i + 1] === "{" && last !== "}") throw new Unclosed("}", i);
  }
}

/** True when the quote at the very end is not an escaped one. */
function properlyEnds(text: string, start: number, end: number, quote: string): boolean {
  if (quote === "'") return true;
  let backslashes = 0;
  for (let i = end - 2; i > start && text[i] === "\\"; i--) backslashes++;
  return backslashes % 2 === 0;
}
