/** Reads the text of a sed script character by character. */
import { ScriptError, type Source } from "./syntax.ts";

export class ScriptReader {
  protected at = 0;
  protected line = 1;
  protected readonly chars: string[];
  protected readonly source: Source;

  constructor(source: Source) {
    this.source = source;
    this.chars = [...source.text];
  }

  protected get where(): string {
    return this.source.isFile ? `file ${this.source.name} line ${this.line}` : `${this.source.name}, char ${this.at}`;
  }

  protected fail(message: string): never {
    throw new ScriptError(`${this.where}: ${message}`);
  }

  protected next(): string | undefined {
    const char = this.chars[this.at];
    if (char === undefined) return undefined;
    this.at++;
    if (char === "\n") this.line++;
    return char;
  }

  protected back(): void {
    this.at--;
    if (this.chars[this.at] === "\n") this.line--;
  }

  protected peek(): string | undefined {
    return this.chars[this.at];
  }

  protected skipBlanks(): void {
    while (this.peek() === " " || this.peek() === "\t") this.at++;
  }

  protected number(): number {
    let digits = "";
    while (/^[0-9]$/.test(this.peek() ?? "")) digits += this.next();
    return Number(digits);
  }

  protected restOfLine(): string {
    let text = "";
    while (this.peek() !== undefined && this.peek() !== "\n") text += this.next();
    return text;
  }

  /** Text up to an unescaped delimiter outside brackets; undefined when it is missing. */
  protected delimited(delimiter: string, isRegex: boolean): string | undefined {
    let text = "";
    for (;;) {
      const char = this.next();
      if (char === undefined) return undefined;
      if (char === delimiter) return text;
      if (char === "\n" && isRegex) {
        // Only s and y take newlines in their parts; an address ends here.
        text += char;
        continue;
      }
      if (char === "[" && isRegex) {
        const rest = this.bracket();
        if (rest === undefined) return undefined;
        text += char + rest;
        continue;
      }
      if (char !== "\\") {
        text += char;
        continue;
      }
      const escaped = this.next();
      if (escaped === undefined) return undefined;
      if (escaped === delimiter)
        text += isRegex && /[.*[\]^$+?(){}|]/.test(escaped) ? `[${escaped === "^" ? "\\^" : escaped}]` : escaped;
      else if (escaped === "n" && isRegex) text += "\n";
      else text += `\\${escaped}`;
    }
  }

  /** The rest of a bracket expression, where the delimiter and backslashes are text. */
  protected bracket(): string | undefined {
    let text = "";
    if (this.peek() === "^") text += this.next();
    if (this.peek() === "]") text += this.next();
    for (;;) {
      const char = this.next();
      if (char === undefined) return undefined;
      if (char === "]") return text + char;
      if (char === "[" && /^[:.=]$/.test(this.peek() ?? "")) {
        const mark = this.next()!;
        text += char + mark;
        for (;;) {
          const inner = this.next();
          if (inner === undefined) return undefined;
          text += inner;
          if (inner === mark && this.peek() === "]") {
            text += this.next();
            break;
          }
        }
        continue;
      }
      if (char === "\\" && this.peek() === "n") {
        this.at++;
        text += "\n";
      } else if (char === "\\" && this.peek() === "t") {
        this.at++;
        text += "\t";
      } else if (char === "\\" && this.peek() === "]") {
        text += "\\";
      } else text += char;
    }
  }
}
