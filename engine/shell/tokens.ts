/** The words and operators of shell text, as bash's reader takes them one at a time. */

import { KEYWORDS } from "./keywords.ts";
import { type Token, Unclosed, Unexpected } from "./mistakes.ts";
import { Quoting } from "./quoting.ts";

/** What the next token may be besides a plain word. */
export interface Place {
  /** A command's name, and so an alias. */
  command?: boolean;
  /** An assignment, whose value may be an array. */
  assignment?: boolean;
  /** An element of an array. */
  element?: boolean;
  /** A pattern of `[[ … == … ]]`. */
  pattern?: boolean;
  /** A regular expression of `[[ … =~ … ]]`. */
  regex?: boolean;
  /** The name of a loop's variable. */
  name?: boolean;
  /** A pattern of `case`, or its end. */
  cases?: boolean;
}

/** Longer ones first. */
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

/** Those of dash and busybox. */
const PLAIN_OPERATORS = {
  dash: OPERATORS.filter((one) => !["<<<", "&>>", "&>", "|&", ";&", ";;&"].includes(one)),
  busybox: OPERATORS.filter((one) => !["<<<", "|&", ";&", ";;&"].includes(one)),
};

/** Characters that stand for themselves wherever they are. */
const PLAIN = /[^ \t\n;&|()<>'"`\\$[]+/y;
const ASSIGNED = /^[A-Za-z_]\w*(\[[\s\S]*\])?\+?=$/;
const BLANK_END = /[ \t]$/;
/** What ends a value of an alias so that no blank need end its last word (mk_alexpansion of bash's parse.y). */
const WORD_END = /[ \t\n;&|()<>\\]$/;

function lineEnd(text: string, at: number): number {
  const newline = text.indexOf("\n", at);
  return newline < 0 ? text.length : newline;
}

/** True when a line is the delimiter of a here-document with a parenthesis behind it. */
export function endsAtParenthesis(line: string, delimiter: string): boolean {
  return delimiter !== "" && line.startsWith(delimiter) && line.includes(")", delimiter.length);
}

/** Most expansions in one text: aliases that stand in each other's values double it. */
const MOST_ALIASES = 1_000;

/** Most here-documents of one line (HEREDOC_MAX of bash's parser.h). */
const MOST_HEREDOCS = 16;

interface Heredoc {
  delimiter: string;
  strip: boolean;
  quoted: boolean;
}

/** Splits shell text into tokens, one at a time. Aliases are put into the text. */
export class Tokens extends Quoting {
  position = 0;
  /** A heredoc whose delimiter never comes. */
  openHeredoc = false;
  /** Heredocs whose bodies begin behind the next newline. */
  heredocs: Heredoc[] = [];
  /** Of each substitution that ended before its here-documents began: the line it ended on, and how many they were. */
  readonly unterminated: { at: number; bodies: number }[] = [];
  /** Within `$(…)`, where bash leaves aliases to those who run it. */
  nesting = 0;
  /** Values that were put in: within one its name is no alias again. */
  private open: { name: string; at: number; end: number; blank: boolean; follows: boolean }[] = [];
  private expanded = 0;

  next(place: Place = {}): Token {
    for (;;) {
      this.skipBlanks();
      const at = this.position;
      const c = this.text[at];
      if (c === undefined) return { kind: "end", text: "", at };
      if (c === "\n") {
        this.position++;
        if (this.heredocs.length > 0) this.skipHeredocs();
        return { kind: "newline", text: "newline", at };
      }
      const operator = this.operator(at, c, place);
      if (operator !== undefined) return { kind: "operator", text: operator, at };
      const token = this.word(at, place);
      if (this.open.length > 0 || place.command) {
        if (this.expandAlias(token, place)) continue;
      }
      return token;
    }
  }

  /** Notes the delimiter that follows `<<`. */
  heredoc(word: Token, strip: boolean): void {
    if (strip && this.rules.dialect === "bash" && /^['"\\]\t/.test(word.text)) this.untab(word);
    if (this.heredocs.length === MOST_HEREDOCS && this.rules.dialect === "bash")
      throw new Unexpected(word, undefined, "maximum here-document count exceeded");
    const delimiter = word.text.replace(/['"\\]/g, "");
    this.heredocs.push({ delimiter, strip, quoted: delimiter !== word.text });
  }

  /** Takes tabs away that begin a delimiter: bash looks for it before it strips a line, the tree's parser behind that. */
  private untab(word: Token): void {
    const bare = word.text.replace(/^(['"\\])\t+/, "$1");
    const end = word.at + word.text.length;
    this.text = this.text.slice(0, word.at) + bare + this.text.slice(end);
    this.grown += bare.length - word.text.length;
    this.position += bare.length - word.text.length;
    word.text = bare;
  }

  private skipBlanks(): void {
    const { text } = this;
    let i = this.position;
    for (;;) {
      const c = text[i];
      if (c === " " || c === "\t") i++;
      else if (c === "\\" && text[i + 1] === "\n") i += 2;
      else if (c === "#") {
        const end = text.indexOf("\n", i);
        i = end < 0 ? text.length : end;
      } else break;
    }
    this.position = i;
  }

  private operator(at: number, c: string, place: Place): string | undefined {
    if (!";&|()<>".includes(c)) {
      // A number or `{name}` against a redirection is a part of it.
      if (!(c >= "0" && c <= "9") && c !== "{") return undefined;
      const head = c === "{" ? /\{[A-Za-z_]\w*\}(?=[<>])/y : /\d+(?=[<>])/y;
      head.lastIndex = at;
      const found = head.exec(this.text);
      if (found === null) return undefined;
      const to = at + found[0].length;
      return this.operator(to, this.text[to]!, place);
    }
    const { text } = this;
    if ((c === "<" || c === ">") && text[at + 1] === "(" && this.rules.dialect !== "dash") return undefined;
    if (place.regex && (c === "(" || c === "|")) return undefined;
    const known = this.rules.dialect === "bash" ? OPERATORS : PLAIN_OPERATORS[this.rules.dialect];
    let operator = known.find((one) => text.startsWith(one, at))!;
    let end = at + operator.length;
    if (operator === "&" && text[end] === ">") this.put(end, " ");
    // A backslash and a newline within an operator are as if they were not there.
    for (let behind = end; this.text.startsWith("\\\n", behind); ) {
      while (this.text.startsWith("\\\n", behind)) behind += 2;
      const longer = known.find((one) => one === operator + (this.text[behind] ?? "\n"));
      if (longer === undefined) break;
      operator = longer;
      this.text = `${this.text.slice(0, end)}${this.text[behind]}${this.text.slice(end, behind)}${this.text.slice(behind + 1)}`;
      behind = ++end;
    }
    this.position = end;
    return operator;
  }

  private skipHeredocs(): void {
    for (const one of this.heredocs.splice(0)) this.skipHeredoc(one);
  }

  /** Steps behind a body and its delimiter; false when that never comes. */
  private skipHeredoc({ delimiter, strip, quoted }: Heredoc): boolean {
    for (;;) {
      if (this.position >= this.text.length) {
        this.openHeredoc = true;
        return false;
      }
      let end = lineEnd(this.text, this.position);
      // A backslash at its end joins a line to the next one.
      while (!quoted && end < this.text.length && /(?:^|[^\\])(?:\\\\)*\\$/.test(this.text.slice(this.position, end)))
        end = lineEnd(this.text, end + 1);
      const line = this.text.slice(this.position, end).replace(quoted ? /$^/ : /\\\n/g, "");
      const plain = strip ? line.replace(/^\t+/, "") : line;
      // `EOF)` ends it too, where a parenthesis is waited for.
      if (this.nesting > 0 && endsAtParenthesis(plain, delimiter)) {
        this.position = end - plain.length + delimiter.length;
        return true;
      }
      this.position = Math.min(end + 1, this.text.length);
      if (plain === delimiter) return true;
    }
  }

  /**
   * At the parenthesis that ends a `$(cat <<EOF)`: the bodies are the lines behind its own. They are put where the tree's
   * parser looks for them.
   */
  pullHeredocs(): void {
    let parenthesis = this.position - 1;
    const { nesting, text } = this;
    const lines = text.slice(0, parenthesis).split("\n").length - 1 - this.unterminated.length;
    let at = 0;
    for (let line = 0; line < lines; line++) at = lineEnd(text, at) + 1;
    this.unterminated.push({ at, bodies: this.heredocs.length });
    this.nesting = 0;
    let before = "\n";
    for (const one of this.heredocs.splice(0)) {
      const line = lineEnd(this.text, this.position) + 1;
      this.position = line;
      if (line > this.text.length || !this.skipHeredoc(one)) break;
      const body = before + this.text.slice(line, this.position);
      this.text = `${this.text.slice(0, parenthesis)}${body}${this.text.slice(parenthesis, line)}${this.text.slice(this.position)}`;
      parenthesis += body.length;
      this.position = parenthesis + 1;
      this.grown += before.length;
      before = "";
    }
    this.nesting = nesting;
  }

  private word(at: number, place: Place): Token {
    let i = at;
    const extglob = this.rules.extglob || place.pattern === true;
    while (i < this.text.length) {
      PLAIN.lastIndex = i;
      if (PLAIN.test(this.text)) i = PLAIN.lastIndex;
      if (this.join(i)) continue;
      const c = this.text[i];
      if (c === undefined || c === " " || c === "\t" || c === "\n") break;
      if (c === "(") {
        if (place.regex || (extglob && i > at && "?*+@!".includes(this.text[i - 1]!))) {
          i = this.matched(i, "(", ")");
          continue;
        }
        if (this.rules.dialect === "bash" && place.assignment && ASSIGNED.test(this.text.slice(at, i))) {
          i = this.array(i);
          continue;
        }
        break;
      }
      if (c === "<" || c === ">") {
        if (this.text[i + 1] !== "(" || this.rules.dialect === "dash") break;
        i = this.nested(i + 2);
        continue;
      }
      if (c === "|" && place.regex) {
        i++;
        continue;
      }
      if (";&|)".includes(c)) break;
      if (c === "[" && this.subscripts(at, i, place)) {
        i = this.matched(i, "[", "]");
        continue;
      }
      const end = this.quoted(i);
      // Other white space than blanks belongs to words.
      i = end > i ? end : i + 1;
    }
    if (i === at) i++;
    this.position = i;
    if (this.joins > 0 && this.text[i] !== "(") {
      this.text = this.text.slice(0, i) + "\\\n".repeat(this.joins) + this.text.slice(i);
      this.joins = 0;
    }
    const text = this.text.slice(at, i);
    // The parser of the tree takes an argument of this name for the beginning or the end of a `case`.
    if (this.nesting > 0 && !place.command && !place.name && (text === "case" || this.endsNothing(text, at, place))) {
      this.put(at, "\\");
      this.position++;
    }
    return { kind: "word", text, at };
  }

  /** An `esac` that is an argument, or one of several patterns. */
  private endsNothing(text: string, at: number, place: Place): boolean {
    return text === "esac" && (!place.cases || /\|[ \t\n]*$/.test(this.text.slice(Math.max(0, at - 40), at)));
  }

  private subscripts(at: number, i: number, place: Place): boolean {
    if (place.element && i === at) return true;
    return place.command === true && this.rules.dialect === "bash" && /^[A-Za-z_]\w*$/.test(this.text.slice(at, i));
  }

  /** Reads the elements of an array; gives the place behind its parenthesis. */
  private array(at: number): number {
    this.position = at + 1;
    try {
      for (;;) {
        const token = this.next({ element: true });
        if (token.kind === "end") throw new Unclosed(")", at);
        if (token.kind === "operator") {
          if (token.text === ")") return this.position;
          throw new Unexpected(token);
        }
      }
    } catch (error) {
      if (error instanceof Unclosed || error instanceof Unexpected) error.within ??= "array";
      throw error;
    }
  }

  /** Puts an alias's value in the place of the word; false when it is none. */
  private expandAlias(token: Token, place: Place): boolean {
    const { aliases, posix } = this.rules;
    // A value that ends in a blank lets the word behind it be an alias too.
    let follows = false;
    if (this.open.length > 0) {
      follows = this.open.some((one) => one.blank && one.end <= token.at && this.isBlank(one.end, token.at));
      // What such a word stands for is looked up again at its beginning.
      follows ||= this.open.some((one) => one.follows && one.at === token.at);
      this.open = this.open.filter((one) => one.end > token.at);
    }
    if (aliases === undefined || !(place.command || follows) || (this.nesting > 0 && !posix)) return false;
    if (posix && KEYWORDS.has(token.text)) return false;
    const value = aliases.get(token.text);
    if (value === undefined || this.expanded >= MOST_ALIASES || this.open.some((one) => one.name === token.text))
      return false;
    this.expanded++;
    const end = token.at + token.text.length;
    const after = this.text[end] ?? "\n";
    // The end of a value ends a word.
    const put = after === "\n" || after === " " || after === "\t" || WORD_END.test(value) ? value : `${value} `;
    const grown = put.length - token.text.length;
    this.text = this.text.slice(0, token.at) + put + this.text.slice(end);
    this.grown += grown;
    for (const one of this.open) one.end += grown;
    const blank = BLANK_END.test(value);
    this.open.push({ name: token.text, at: token.at, end: token.at + put.length, blank, follows });
    this.position = token.at;
    return true;
  }

  private isBlank(from: number, to: number): boolean {
    for (let i = from; i < to; i++) if (this.text[i] !== " " && this.text[i] !== "\t") return false;
    return true;
  }
}
