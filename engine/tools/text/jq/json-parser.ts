/** One JSON text, with jq's words for what is wrong with it. */
import type { Json, JsonObject } from "./json.ts";
import { numberLiteral } from "./numbers.ts";

/** Where and why a text is no JSON. */
export class ParseStop extends Error {
  readonly at: number;
  readonly atEof: boolean;

  constructor(message: string, at: number, atEof = false) {
    super(message);
    this.at = at;
    this.atEof = atEof;
  }
}

export function isBlank(code: number): boolean {
  return code === 32 || code === 10 || code === 9 || code === 13;
}

const MAX_DEPTH = 10_000;

/** Reads one value; throws `ParseStop`. */
export class JsonParser {
  readonly text: string;
  at = 0;
  private readonly atEof: boolean;
  private depth = 0;

  constructor(text: string, atEof: boolean) {
    this.text = text;
    this.atEof = atEof;
  }

  private blanks(): void {
    while (isBlank(this.text.charCodeAt(this.at))) this.at++;
  }

  unexpected(): never {
    const char = this.text[this.at];
    if (char === undefined) throw new ParseStop("Unfinished JSON term", this.at, true);
    if (char === "}" || char === "]") throw new ParseStop(`Unmatched '${char}'`, this.at + 1);
    if (char === ",") throw new ParseStop("Expected value before ','", this.at + 1);
    if (char === ":") throw new ParseStop("Expected string key before ':'", this.at + 1);
    throw new ParseStop("Invalid literal", this.at + 1);
  }

  value(): Json {
    this.blanks();
    const char = this.text[this.at];
    if (char === '"') return this.string();
    if (char === "{") return this.object();
    if (char === "[") return this.array();
    if (char === undefined || "}],:".includes(char)) this.unexpected();
    return this.word();
  }

  private word(): Json {
    const start = this.at;
    while (this.at < this.text.length && !/[\s[\]{},:"]/.test(this.text[this.at]!)) this.at++;
    const word = this.text.slice(start, this.at);
    if (word === "null") return null;
    if (word === "true") return true;
    if (word === "false") return false;
    if (/^-?nan$/i.test(word)) return Number.NaN;
    if (/^-?inf(inity)?$/i.test(word)) return word[0] === "-" ? -Infinity : Infinity;
    const stop = this.at + 1;
    const eof = this.atEof && this.at >= this.text.length;
    if (/^-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(word))
      return numberLiteral(word.replace(/^(-?)0+(?=\d)/, "$1"));
    const named = /^(?:nu|t|f)/.test(word);
    throw new ParseStop(named ? "Invalid literal" : "Invalid numeric literal", stop, eof);
  }

  private string(): string {
    const start = this.at + 1;
    // Plain strings are most of them.
    const quick = this.text.indexOf('"', start);
    if (quick >= 0) {
      const plain = this.text.slice(start, quick);
      if (!/[\\\x00-\x1f]/.test(plain)) {
        this.at = quick + 1;
        return plain;
      }
    }
    let out = "";
    for (let i = start; ; i++) {
      const char = this.text[i];
      if (char === undefined) throw new ParseStop("Unfinished string", i, true);
      if (char === '"') {
        this.at = i + 1;
        return out;
      }
      if (char < " ") {
        const end = this.text.indexOf('"', i);
        throw new ParseStop(
          "Invalid string: control characters from U+0000 through U+001F must be escaped",
          (end < 0 ? i : end) + 1,
        );
      }
      if (char !== "\\") {
        out += char;
        continue;
      }
      const next = this.text[++i];
      const simple: Record<string, string> = {
        n: "\n",
        t: "\t",
        r: "\r",
        b: "\b",
        f: "\f",
        '"': '"',
        "\\": "\\",
        "/": "/",
      };
      if (next !== undefined && simple[next] !== undefined) out += simple[next];
      else if (next === "u") {
        const hex = this.text.slice(i + 1, i + 5);
        if (!/^[0-9a-fA-F]{4}$/.test(hex)) throw new ParseStop("Invalid escape", i + 2);
        out += String.fromCharCode(Number.parseInt(hex, 16));
        i += 4;
      } else {
        const end = this.text.indexOf('"', i);
        throw new ParseStop("Invalid escape", (end < 0 ? i : end) + 1);
      }
    }
  }

  private enter(): void {
    this.at++;
    if (++this.depth > MAX_DEPTH) throw new ParseStop("Exceeds depth limit for parsing", this.at);
  }

  private array(): Json[] {
    this.enter();
    const out: Json[] = [];
    this.blanks();
    if (this.text[this.at] === "]") {
      this.at++;
      this.depth--;
      return out;
    }
    for (;;) {
      this.blanks();
      if (this.text[this.at] === "]" && out.length > 0)
        throw new ParseStop("Expected another array element", this.at + 1);
      out.push(this.value());
      this.blanks();
      const char = this.text[this.at];
      if (char === ",") this.at++;
      else if (char === "]") {
        this.at++;
        this.depth--;
        return out;
      } else this.separator(char);
    }
  }

  /** Neither comma nor bracket after a value. */
  private separator(char: string | undefined): never {
    if (char === undefined) throw new ParseStop("Unfinished JSON term", this.at, true);
    if (char === ":") throw new ParseStop("':' not as part of an object", this.at + 1);
    if (char === "}") throw new ParseStop("Unmatched '}'", this.at + 1);
    if (char === "]") throw new ParseStop("Unmatched ']'", this.at + 1);
    // The token after it is read whole first.
    let end = this.at;
    if (char === '"') end = this.text.indexOf('"', this.at + 1);
    else if (char !== "{" && char !== "[")
      while (end < this.text.length && !/[\s[\]{},:"]/.test(this.text[end]!)) end++;
    throw new ParseStop("Expected separator between values", end + 1);
  }

  private object(): JsonObject {
    this.enter();
    const out: JsonObject = new Map();
    this.blanks();
    if (this.text[this.at] === "}") {
      this.at++;
      this.depth--;
      return out;
    }
    for (;;) {
      this.blanks();
      const char = this.text[this.at];
      if (char === "}" && out.size > 0) throw new ParseStop("Expected another key-value pair", this.at + 1);
      const key = this.value();
      this.blanks();
      const colon = this.text[this.at];
      if (colon === ":" && typeof key !== "string") throw new ParseStop("Object keys must be strings", this.at + 1);
      if (colon === "," || colon === "}") throw new ParseStop("Objects must consist of key:value pairs", this.at + 1);
      if (colon !== ":") this.separator(colon);
      this.at++;
      out.set(key as string, this.value());
      this.blanks();
      const next = this.text[this.at];
      if (next === ",") this.at++;
      else if (next === "}") {
        this.at++;
        this.depth--;
        return out;
      } else this.separator(next);
    }
  }
}
