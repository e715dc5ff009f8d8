import { C_ESCAPES } from "../../../text/escapes.ts";
import { AwkSyntaxError } from "./syntax.ts";

export interface Token {
  type: "num" | "str" | "regex" | "name" | "func" | "builtin" | "keyword" | "op" | "newline" | "end";
  text: string;
  value?: number;
  /** Offset in the source. */
  at: number;
  line: number;
}

const KEYWORDS = new Set(
  "BEGIN END BEGINFILE ENDFILE function func if else while for do break continue next nextfile exit return delete in getline print printf switch case default".split(
    " ",
  ),
);

export const BUILTINS = new Set(
  "length substr index split sub gsub gensub match sprintf sin cos atan2 exp log sqrt int rand srand tolower toupper system close fflush systime strftime mktime asort asorti isarray typeof mkbool and or xor lshift rshift compl strtonum patsplit".split(
    " ",
  ),
);

const OPERATORS = [
  "**=",
  "&&",
  "|&",
  "||",
  "++",
  "--",
  "+=",
  "-=",
  "*=",
  "/=",
  "%=",
  "^=",
  "==",
  "!=",
  "<=",
  ">=",
  ">>",
  "**",
  "{",
  "}",
  "(",
  ")",
  "[",
  "]",
  ";",
  ",",
  "+",
  "-",
  "*",
  "/",
  "%",
  "^",
  "!",
  "<",
  ">",
  "|",
  "?",
  ":",
  "~",
  "$",
  "=",
  "@",
];

const ESCAPES: Record<string, string> = { ...C_ESCAPES, '"': '"' };

/** Expands the escapes of a string constant or of a `-v` value; `warn` is told of those that mean nothing. */
export function unescapeString(text: string, warn?: (char: string, message: string) => void): string {
  if (!text.includes("\\")) return text;
  let out = "";
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== "\\") {
      out += text[i];
      continue;
    }
    if (i + 1 >= text.length) break;
    const rest = text.slice(i + 1);
    const octal = /^[0-7]{1,3}/.exec(rest);
    const hex = /^x([0-9a-fA-F]{1,2})/.exec(rest);
    if (octal) {
      out += String.fromCharCode(Number.parseInt(octal[0], 8) & 255);
      i += octal[0].length;
    } else if (hex) {
      out += String.fromCharCode(Number.parseInt(hex[1]!, 16));
      i += hex[0].length;
    } else if (rest[0] === "\n") i++;
    else {
      const meant = ESCAPES[rest[0]!];
      if (rest[0] === "x") warn?.("x", "warning: no hex digits in `\\x' escape sequence");
      else if (meant === undefined)
        warn?.(rest[0]!, `warning: escape sequence \`\\${rest[0]}' treated as plain \`${rest[0]}'`);
      out += meant ?? rest[0];
      i++;
    }
  }
  return out;
}

/** A part of a program, from a file or an argument, and the line of the whole that it begins on. */
export interface SourcePart {
  where: string;
  line: number;
}

/** Escapes of a pattern that mean nothing, by their characters, and what gawk says of them. */
export function oddEscapes(pattern: string): [char: string, message: string][] {
  if (!pattern.includes("\\")) return [];
  const out: [string, string][] = [];
  for (const [, char] of pattern.matchAll(/\\(.)/gs)) {
    const named = `warning: regexp escape sequence \`\\${char}'`;
    if (char === "8" || char === "9") out.push([char, `${named} treated as plain \`${char}'`]);
    else if (!KNOWN_ESCAPES.includes(char!) && char! > " " && char! <= "~")
      out.push([char!, `${named} is not a known regexp operator`]);
  }
  return out;
}

const KNOWN_ESCAPES = "$'()*+-./01234567<>?BSW[\\]^`abfnrstvwxy{|}";

/** Tokens of a program, made as the parser asks since `/` depends on what came before. */
export class Lexer {
  readonly source: string;
  readonly where: string;
  /** Where the parts of the program begin. */
  private readonly parts: readonly SourcePart[];
  /** Of what is odd but no error; told before the program runs. */
  readonly warnings: string[] = [];
  /** Characters whose meaningless escapes were told of, in texts (`s`) and in patterns (`r`): each is once. */
  readonly warned = new Set<string>();
  private at = 0;
  private line = 1;
  private previous: Token | undefined;

  constructor(source: string, where: string, parts: readonly SourcePart[] = [{ where, line: 1 }]) {
    this.source = source;
    this.where = where;
    this.parts = parts;
  }

  /** gawk's name for the place of a line: the part that it is in, and which of its lines it is. */
  placeOfLine(line: number): string {
    const part = this.parts.findLast((one) => one.line <= line) ?? this.parts[0]!;
    return `${part.where}:${line - part.line + 1}`;
  }

  fail(token: { at: number; line: number }, message: string): never {
    const start = this.source.lastIndexOf("\n", token.at - 1) + 1;
    const end = this.source.indexOf("\n", start);
    const text = this.source.slice(start, end < 0 ? undefined : end);
    const prefix = `${this.placeOfLine(token.line)}: `;
    const gap = text.slice(0, token.at - start).replace(/[^\t]/g, " ");
    throw new AwkSyntaxError(`${prefix}${text}\n${prefix}${gap}^ ${message}`);
  }

  next(): Token {
    const token = this.scan();
    this.previous = token;
    return token;
  }

  private token(type: Token["type"], text: string, at: number, value?: number): Token {
    const token: Token = { type, text, at, line: this.line };
    if (value !== undefined) token.value = value;
    return token;
  }

  /** After a value a slash divides. */
  private dividing(): boolean {
    const { previous } = this;
    if (previous === undefined) return false;
    if (["num", "str", "regex", "name", "builtin"].includes(previous.type)) return true;
    return previous.type === "op" && [")", "]", "$", "++", "--"].includes(previous.text);
  }

  private scan(): Token {
    const { source } = this;
    for (;;) {
      const char = source[this.at];
      if (char === " " || char === "\t" || char === "\r") this.at++;
      else if (char === "\\" && source[this.at + 1] === "\n") {
        this.at += 2;
        this.line++;
      } else if (char === "\\" && source.startsWith("\r\n", this.at + 1)) {
        this.at += 3;
        this.line++;
      } else if (char === "#") {
        while (this.at < source.length && source[this.at] !== "\n") this.at++;
      } else break;
    }
    const at = this.at;
    const char = source[at];
    if (char === undefined) return this.token("end", "", at);
    if (char === "\n") {
      const token = this.token("newline", "\n", at);
      this.at++;
      this.line++;
      return token;
    }
    const number = /^(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)/.exec(source.slice(at, at + 64));
    if (number) {
      this.at += number[0].length;
      const octal = /^0[0-7]+$/.test(number[0]);
      return this.token("num", number[0], at, octal ? Number.parseInt(number[0], 8) : Number(number[0]));
    }
    const name = /^[A-Za-z_]\w*/.exec(source.slice(at, at + 256));
    if (name) {
      this.at += name[0].length;
      const text = name[0];
      if (KEYWORDS.has(text)) return this.token("keyword", text === "func" ? "function" : text, at);
      if (BUILTINS.has(text)) return this.token("builtin", text, at);
      return this.token(source[this.at] === "(" ? "func" : "name", text, at);
    }
    if (char === '"') return this.string(at);
    if (char === "/" && !this.dividing()) return this.regex(at);
    for (const op of OPERATORS) {
      if (!source.startsWith(op, at)) continue;
      this.at += op.length;
      return this.token("op", op === "**" ? "^" : op === "**=" ? "^=" : op, at);
    }
    this.at++;
    return this.fail({ at, line: this.line }, char === "." ? "syntax error" : `invalid char '${char}' in expression`);
  }

  private string(at: number): Token {
    const { source } = this;
    let i = at + 1;
    while (source[i] !== '"') {
      if (source[i] === undefined || source[i] === "\n") this.fail({ at, line: this.line }, "unterminated string");
      i += source[i] === "\\" ? 2 : 1;
    }
    const text = source.slice(at + 1, i);
    this.at = i + 1;
    const warn = (char: string, message: string) => {
      if (this.warned.has(`s${char}`)) return;
      this.warned.add(`s${char}`);
      this.warnings.push(`${this.placeOfLine(this.line)}: ${message}`);
    };
    return this.token("str", unescapeString(text, warn), at);
  }

  private regex(at: number): Token {
    const { source } = this;
    let i = at + 1;
    let inBrackets = false;
    for (;;) {
      const char = source[i];
      if (char === undefined || char === "\n") this.fail({ at: at + 1, line: this.line }, "unterminated regexp");
      if (char === "\\") i++;
      else if (inBrackets) {
        if (char === "[" && source[i + 1] === ":") {
          const end = source.indexOf(":]", i + 2);
          if (end > 0) i = end + 1;
        } else if (char === "]") inBrackets = false;
      } else if (char === "[") {
        inBrackets = true;
        if (source[i + 1] === "^") i++;
        if (source[i + 1] === "]") i++;
      } else if (char === "/") break;
      i++;
    }
    this.at = i + 1;
    for (const [char, message] of oddEscapes(source.slice(at + 1, i))) {
      if (this.warned.has(`r${char}`)) continue;
      this.warned.add(`r${char}`);
      this.warnings.push(`${this.placeOfLine(this.line)}: ${message}`);
    }
    return this.token(
      "regex",
      source
        .slice(at + 1, i)
        .split("\\/")
        .join("/"),
      at,
    );
  }
}
