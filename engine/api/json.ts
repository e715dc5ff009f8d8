/**
 * JSON as Go's encoding/json reads it: its words for text that is none, and the duplicate keys that strict decoding
 * reports. Values themselves come from JSON.parse; this only walks over the text.
 */
export interface JsonFaults {
  /** Go's message for text that is no JSON. */
  error?: string;
  /** Characters read until the mistake was seen (Go's SyntaxError.Offset). */
  offset?: number;
  /** `duplicate field "spec.replicas"`, in document order, each once. */
  duplicates: string[];
}

const MAX_DEPTH = 10_000;

/** Walks over a JSON text in one pass. */
export function jsonFaults(text: string): JsonFaults {
  const scanner = new Scanner(text);
  try {
    scanner.document();
    return { duplicates: [...scanner.duplicates] };
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    return { error: fault.message, offset: scanner.read, duplicates: [] };
  }
}

/** Leaves the walk; never seen outside this file. */
class Fault extends Error {}

/** One level of the walk: an object with the keys it had so far, or a list with the index it is at. */
type Level = { keys: Set<string>; path: string } | { index: number; path: string };

class Scanner {
  readonly duplicates = new Set<string>();
  private at = 0;

  constructor(private readonly text: string) {}

  /** Characters read so far. */
  get read(): number {
    return Math.min(this.at + 1, this.text.length);
  }

  document(): void {
    this.value();
    this.space();
    if (this.at < this.text.length) throw this.unexpected("after top-level value");
  }

  /** Values nest without recursion, so that depth cannot exhaust the stack. */
  private value(): void {
    const levels: Level[] = [];
    let path = "";
    while (true) {
      this.space();
      const char = this.text[this.at];
      let opened = false;
      if (char === "{") {
        this.at++;
        this.space();
        if (this.text[this.at] === "}") this.at++;
        else {
          levels.push({ keys: new Set(), path });
          path = this.key(levels.at(-1)!);
          opened = true;
        }
      } else if (char === "[") {
        this.at++;
        this.space();
        if (this.text[this.at] === "]") this.at++;
        else {
          levels.push({ index: 0, path });
          path = `${path}[0]`;
          opened = true;
        }
      } else this.scalar(char);
      if (levels.length > MAX_DEPTH) throw new Fault("exceeded max depth");
      if (opened) continue;
      const next = this.close(levels);
      if (next === undefined) return;
      path = next;
    }
  }

  /** After a value: the path of the next one, or undefined when everything is closed. */
  private close(levels: Level[]): string | undefined {
    while (levels.length > 0) {
      const level = levels.at(-1)!;
      this.space();
      const char = this.text[this.at];
      if ("keys" in level) {
        if (char === ",") {
          this.at++;
          return this.key(level);
        }
        if (char !== "}") throw this.unexpected("after object key:value pair");
      } else {
        if (char === ",") {
          this.at++;
          return `${level.path}[${++level.index}]`;
        }
        if (char !== "]") throw this.unexpected("after array element");
      }
      this.at++;
      levels.pop();
    }
    return undefined;
  }

  /** Reads a key and its colon; the path of the value that follows. */
  private key(level: Level): string {
    this.space();
    if (this.text[this.at] !== '"') throw this.unexpected("looking for beginning of object key string");
    const from = this.at;
    this.string();
    const key = JSON.parse(this.text.slice(from, this.at)) as string;
    this.space();
    if (this.text[this.at] !== ":") throw this.unexpected("after object key");
    this.at++;
    const path = level.path === "" ? key : `${level.path}.${key}`;
    if ("keys" in level) {
      if (level.keys.has(key)) this.duplicates.add(`duplicate field "${path}"`);
      level.keys.add(key);
    }
    return path;
  }

  private scalar(char: string | undefined): void {
    if (char === '"') this.string();
    else if (char === "t") this.literal("true");
    else if (char === "f") this.literal("false");
    else if (char === "n") this.literal("null");
    else if (char === "-" || isDigit(char)) this.number();
    else throw this.unexpected("looking for beginning of value");
  }

  private literal(word: string): void {
    for (let i = 0; i < word.length; i++, this.at++) {
      if (i > 0 && this.text[this.at] !== word[i]) {
        throw this.unexpected(`in literal ${word} (expecting '${word[i]}')`);
      }
    }
  }

  private number(): void {
    if (this.text[this.at] === "-") {
      this.at++;
      if (!isDigit(this.text[this.at])) throw this.unexpected("in numeric literal");
    }
    if (this.text[this.at] === "0") this.at++;
    else this.digits();
    if (this.text[this.at] === ".") {
      this.at++;
      if (!isDigit(this.text[this.at])) throw this.unexpected("after decimal point in numeric literal");
      this.digits();
    }
    if (this.text[this.at] === "e" || this.text[this.at] === "E") {
      this.at++;
      if (this.text[this.at] === "+" || this.text[this.at] === "-") this.at++;
      if (!isDigit(this.text[this.at])) throw this.unexpected("in exponent of numeric literal");
      this.digits();
    }
  }

  private digits(): void {
    while (isDigit(this.text[this.at])) this.at++;
  }

  private string(): void {
    this.at++;
    while (true) {
      const char = this.text[this.at];
      if (char === undefined || char < " ") throw this.unexpected("in string literal");
      this.at++;
      if (char === '"') return;
      if (char !== "\\") continue;
      const escaped = this.text[this.at];
      if (escaped === "u") {
        for (let i = 0; i < 4; i++) {
          this.at++;
          if (!/^[0-9a-fA-F]$/.test(this.text[this.at] ?? "")) {
            throw this.unexpected("in \\u hexadecimal character escape");
          }
        }
      } else if (escaped === undefined || !'bfnrt\\/"'.includes(escaped)) {
        throw this.unexpected("in string escape code");
      }
      this.at++;
    }
  }

  private space(): void {
    while (" \t\r\n".includes(this.text[this.at] ?? "x")) this.at++;
  }

  private unexpected(where: string): Fault {
    if (this.at >= this.text.length) return new Fault("unexpected end of JSON input");
    return new Fault(`invalid character ${quoteChar(this.text[this.at]!)} ${where}`);
  }
}

function isDigit(char: string | undefined): boolean {
  return char !== undefined && char >= "0" && char <= "9";
}

/** A character as the scanner quotes it. */
function quoteChar(char: string): string {
  if (char === "'") return "'\\''";
  if (char === '"') return "'\"'";
  return `'${JSON.stringify(char).slice(1, -1)}'`;
}
