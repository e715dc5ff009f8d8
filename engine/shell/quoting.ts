/** Finds where quoted parts and expansions of shell text end, commands within them read by the grammar. */

import { Unclosed } from "./mistakes.ts";
import { APOSTROPHE, hasPattern } from "./scan.ts";
import type { Dialect } from "./shell.ts";

/** What reading goes by; the commands that were read before change it. */
export interface Rules {
  /** Values to put in the place of their names. */
  readonly aliases: ReadonlyMap<string, string> | undefined;
  /** `+(…)` and its kin belong to words. */
  readonly extglob: boolean;
  /** Arrays are bash's alone; dash knows neither `$'…'` nor process substitution. */
  readonly dialect: Dialect;
  readonly posix: boolean;
}

/** Text with quotes and expansions in it. */
export class Quoting {
  text: string;
  /** How much longer aliases and the like have made the text. */
  grown = 0;
  protected readonly rules: Rules;
  /** Reads the commands of a `$(…)` that begin at a place; gives the place behind its parenthesis. */
  protected readonly nested: (from: number) => number;

  constructor(text: string, rules: Rules, nested: (from: number) => number) {
    this.text = text;
    this.rules = rules;
    this.nested = nested;
  }

  /** Puts something into the text: what bash's parser would take otherwise than this dialect does. */
  put(at: number, text: string): void {
    this.text = this.text.slice(0, at) + text + this.text.slice(at);
    this.grown += text.length;
  }

  /** Backslashes with newlines that were taken out of the word being read, and are put behind it. */
  protected joins = 0;

  /** Joins what a backslash and a newline at `i` part within a word; they go behind it, so that lines are counted alike. */
  protected join(i: number): boolean {
    if (this.text[i] !== "\\" || this.text[i + 1] !== "\n") return false;
    this.text = this.text.slice(0, i) + this.text.slice(i + 2);
    this.joins++;
    return true;
  }

  /** Where the `))` of an arithmetic expression begins whose text starts at `i`; it may be none, or have no end. */
  arithmetic(i: number): number | "none" | "open" {
    let depth = 0;
    while (i < this.text.length) {
      const end = this.quoted(i);
      if (end > i) {
        i = end;
        continue;
      }
      const c = this.text[i]!;
      if (c === "(") depth++;
      else if (c === ")") {
        if (depth === 0) return this.text[i + 1] === ")" ? i : "none";
        depth--;
      }
      i++;
    }
    return "open";
  }

  /** The place behind the bracket that closes the one at `start`. */
  protected matched(start: number, open: string, close: string): number {
    let i = start + 1;
    let depth = 1;
    while (i < this.text.length) {
      const end = this.quoted(i);
      if (end > i) {
        i = end;
        continue;
      }
      const c = this.text[i++];
      if (c === open) depth++;
      else if (c === close && --depth === 0) return i;
    }
    throw new Unclosed(close, start);
  }

  /** The place behind the quoted part or expansion that begins at `i`; `i` when none does. */
  protected quoted(i: number, inDouble = false): number {
    const { text } = this;
    switch (text[i]) {
      case "\\":
        return Math.min(i + 2, text.length);
      case "'": {
        if (inDouble) return i;
        const end = text.indexOf("'", i + 1);
        if (end < 0) throw new Unclosed("'", i);
        return end + 1;
      }
      case '"':
        return inDouble ? i : this.doubleQuoted(i);
      case "`":
        for (let k = i + 1; k < text.length; k += text[k] === "\\" ? 2 : 1) if (text[k] === "`") return k + 1;
        throw new Unclosed("`", i);
      case "$":
        return this.dollar(i, inDouble);
      default:
        return i;
    }
  }

  private doubleQuoted(at: number): number {
    let i = at + 1;
    while (i < this.text.length) {
      if (this.text[i] === '"') return i + 1;
      const end = this.quoted(i, true);
      i = end > i ? end : i + 1;
    }
    throw new Unclosed('"', at);
  }

  private dollar(i: number, inDouble: boolean): number {
    while (this.join(i + 1));
    const { text } = this;
    switch (text[i + 1]) {
      case "'": {
        if (inDouble) return i;
        if (this.rules.dialect === "dash") return this.ordinary(i);
        for (let k = i + 2; k < text.length; k += text[k] === "\\" ? 2 : 1) if (text[k] === "'") return k + 1;
        throw new Unclosed("'", i);
      }
      case "(":
        // Bash decides when it expands this whether it is an expression; until then parentheses are counted.
        return text[i + 2] === "(" ? this.matched(i + 1, "(", ")") : this.nested(i + 2);
      case "{":
        return this.parameter(i, inDouble);
      case "[":
        return this.rules.dialect === "bash" ? this.matched(i + 1, "[", "]") : this.ordinary(i);
      case '"':
        return inDouble || this.rules.dialect === "bash" ? i : this.ordinary(i);
      default:
        return this.name(i);
    }
  }

  /** A name that goes on behind the end of its line. */
  private name(i: number): number {
    let end = i + 1;
    for (;;) {
      while (/\w/.test(this.text[end] ?? "")) end++;
      if (end === i + 1 || !/^\\\n\w/.test(this.text.slice(end, end + 3))) return i;
      this.join(end);
    }
  }

  /** A dollar that means nothing in this dialect. */
  private ordinary(i: number): number {
    this.put(i, "\\");
    return i + 2;
  }

  /** `${…}`: bash reads quotes within it everywhere, POSIX between double quotes those of patterns only. */
  private parameter(at: number, inDouble: boolean): number {
    let i = at + 2;
    const bash = this.rules.dialect === "bash" && !this.rules.posix;
    const quotes = !inDouble || bash || hasPattern(this.text, i);
    while (i < this.text.length) {
      if (this.join(i)) continue;
      const c = this.text[i];
      if (c === "}") return i + 1;
      if (c === "'" && !quotes) this.text = this.text.slice(0, i) + APOSTROPHE + this.text.slice(i + 1);
      const single = c === "'" || (c === "$" && this.text[i + 1] === "'" && quotes);
      const end = c === '"' && inDouble ? this.doubleQuoted(i) : this.quoted(i, inDouble && !single);
      i = end > i ? end : i + 1;
    }
    throw new Unclosed("}", at);
  }
}
