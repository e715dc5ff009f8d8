/** The commands of a sed script and the parser that makes them, with GNU sed 4.9's messages. */
import { compileRegex, type Regex, RegexError } from "../../../text/regex/index.ts";

export type Address =
  | { kind: "line"; line: number }
  | { kind: "last" }
  | { kind: "regex"; regex: Regex | undefined }
  | { kind: "step"; first: number; step: number }
  | { kind: "plus"; count: number }
  | { kind: "multiple"; of: number };

export interface Substitution {
  regex: Regex | undefined;
  replacement: readonly ReplacementPart[];
  global: boolean;
  print: boolean;
  number: number;
  file: string | undefined;
}

export type ReplacementPart = string | { group: number } | { fold: "U" | "L" | "u" | "l" | "E" };

export interface Command {
  name: string;
  from: Address | undefined;
  to: Address | undefined;
  negate: boolean;
  /** For `{`: index of its `}`; for branches: where to go. */
  target: number;
  /** Text of a, i, c; file of r, R, w, W; label of : b t T. */
  text: string;
  /** Exit status of q and Q, width of l. */
  number: number | undefined;
  substitution: Substitution | undefined;
  map: ReadonlyMap<string, string> | undefined;
  /** Range state: off, or the line where an active range ends (Infinity: by regex). */
  active: boolean;
  endLine: number;
}

/** A wrong script: the whole message without the program's name. */
export class ScriptError extends Error {
  readonly status: number;

  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}

export interface Source {
  /** `-e expression #1` or `file NAME`. */
  name: string;
  text: string;
  isFile: boolean;
}

export interface ScriptOptions {
  extended: boolean;
  separate: boolean;
}

/** Parses all sources as one script. Throws `ScriptError`. */
export function parseScript(sources: readonly Source[], options: ScriptOptions): Command[] {
  const commands: Command[] = [];
  const blocks: { index: number; where: string }[] = [];
  for (const source of sources) new Parser(source, options, commands, blocks).run();
  if (blocks.length > 0) throw new ScriptError(`${blocks.at(-1)!.where}: unmatched \`{'`);
  const labels = new Map<string, number>();
  commands.forEach((command, i) => {
    if (command.name === ":") labels.set(command.text, i);
  });
  for (const command of commands) {
    if (!"btT".includes(command.name)) continue;
    if (command.text === "") command.target = commands.length;
    else {
      const target = labels.get(command.text);
      if (target === undefined) throw new ScriptError(`can't find label for jump to \`${command.text}'`, 4);
      command.target = target;
    }
  }
  return commands;
}

class Parser {
  private at = 0;
  private line = 1;
  private readonly chars: string[];
  private readonly source: Source;
  private readonly options: ScriptOptions;
  private readonly commands: Command[];
  private readonly blocks: { index: number; where: string }[];

  constructor(source: Source, options: ScriptOptions, commands: Command[], blocks: { index: number; where: string }[]) {
    this.source = source;
    this.options = options;
    this.commands = commands;
    this.blocks = blocks;
    this.chars = [...source.text];
  }

  private get where(): string {
    return this.source.isFile ? `file ${this.source.name} line ${this.line}` : `${this.source.name}, char ${this.at}`;
  }

  private fail(message: string): never {
    throw new ScriptError(`${this.where}: ${message}`);
  }

  private next(): string | undefined {
    const char = this.chars[this.at];
    if (char === undefined) return undefined;
    this.at++;
    if (char === "\n") this.line++;
    return char;
  }

  private back(): void {
    this.at--;
    if (this.chars[this.at] === "\n") this.line--;
  }

  private peek(): string | undefined {
    return this.chars[this.at];
  }

  private skipBlanks(): void {
    while (this.peek() === " " || this.peek() === "\t") this.at++;
  }

  private number(): number {
    let digits = "";
    while (/^[0-9]$/.test(this.peek() ?? "")) digits += this.next();
    return Number(digits);
  }

  run(): void {
    for (;;) {
      while (/^[ \t\n;]$/.test(this.peek() ?? "")) this.next();
      if (this.peek() === undefined) return;
      this.command();
    }
  }

  private command(): void {
    const from = this.address();
    let to: Address | undefined;
    if (from !== undefined) {
      if (from.kind === "plus" || from.kind === "multiple") this.fail("invalid usage of +N or ~N as first address");
      this.skipBlanks();
      if (this.peek() === ",") {
        this.at++;
        this.skipBlanks();
        to = this.address();
        if (to === undefined) {
          this.next();
          this.fail("unexpected `,'");
        }
      }
    }
    this.skipBlanks();
    let negate = false;
    if (this.peek() === "!") {
      negate = true;
      this.at++;
      this.skipBlanks();
      if (this.peek() === "!") {
        this.at++;
        this.fail("multiple `!'s");
      }
    }
    const name = this.next();
    if (from?.kind === "line" && from.line === 0 && to?.kind !== "regex") this.fail("invalid usage of line address 0");
    if (name === undefined || name === "\n" || name === ";") {
      if (name !== undefined && from === undefined) return;
      this.fail("missing command");
    }
    const command: Command = {
      name,
      from,
      to,
      negate,
      target: 0,
      text: "",
      number: undefined,
      substitution: undefined,
      map: undefined,
      active: false,
      endLine: 0,
    };
    this.body(command);
  }

  private body(command: Command): void {
    const { name } = command;
    const add = () => this.commands.push(command);
    switch (name) {
      case "#":
        if (command.from) this.fail("comments don't accept any addresses");
        while (this.peek() !== undefined && this.peek() !== "\n") this.at++;
        return;
      case "{":
        this.blocks.push({
          index: this.commands.length,
          where: this.source.isFile ? this.where : `${this.source.name}, char 0`,
        });
        add();
        return;
      case "}": {
        const open = this.blocks.pop();
        if (open === undefined) this.fail("unexpected `}'");
        if (command.from) this.fail("} doesn't want any addresses");
        add();
        this.commands[open.index]!.target = this.commands.length - 1;
        this.endOfCommand();
        return;
      }
      case "=":
      case "d":
      case "D":
      case "F":
      case "g":
      case "G":
      case "h":
      case "H":
      case "n":
      case "N":
      case "p":
      case "P":
      case "x":
      case "z":
        add();
        this.endOfCommand();
        return;
      case "e":
        this.fail("e/r/w commands disabled in sandbox mode");
        return;
      case "l":
      case "L":
      case "q":
      case "Q":
        if ((name === "q" || name === "Q") && command.to) this.fail("command only uses one address");
        this.skipBlanks();
        if (/^[0-9]$/.test(this.peek() ?? "")) command.number = this.number();
        add();
        this.endOfCommand();
        return;
      case "a":
      case "i":
      case "c":
        command.text = this.textArgument();
        add();
        return;
      case ":": {
        if (command.from) this.fail(": doesn't want any addresses");
        this.skipBlanks();
        let label = "";
        while (this.peek() !== undefined && !/^[\s;]$/.test(this.peek()!)) label += this.next();
        if (label === "") this.fail('":" lacks a label');
        command.text = label;
        add();
        this.skipBlanks();
        return;
      }
      case "b":
      case "t":
      case "T": {
        this.skipBlanks();
        let label = "";
        while (this.peek() !== undefined && !/^[\s;}]$/.test(this.peek()!)) label += this.next();
        command.text = label;
        add();
        this.endOfCommand();
        return;
      }
      case "r":
      case "R":
      case "w":
      case "W": {
        this.skipBlanks();
        command.text = this.restOfLine();
        if (command.text === "") this.fail("missing filename in r/R/w/W commands");
        add();
        return;
      }
      case "s":
        this.substitute(command);
        add();
        return;
      case "y":
        this.transliterate(command);
        add();
        this.endOfCommand();
        return;
      case "v":
        this.restOfLine();
        return;
      default:
        this.fail(`unknown command: \`${name}'`);
    }
  }

  private restOfLine(): string {
    let text = "";
    while (this.peek() !== undefined && this.peek() !== "\n") text += this.next();
    return text;
  }

  private endOfCommand(): void {
    this.skipBlanks();
    const char = this.next();
    if (char === undefined || char === "\n" || char === ";") return;
    if (char === "}" || char === "#") {
      this.back();
      return;
    }
    this.fail("extra characters after command");
  }

  /**
   * Text of a, i and c: GNU's one-line form, whose leading blanks go unless a backslash stands before them, or what
   * follows a backslash and a newline. Nothing after the backslash (`$a\\`) is no text at all.
   */
  private textArgument(): string {
    this.skipBlanks();
    if (this.peek() === undefined || this.peek() === "\n") this.fail("expected \\ after `a', `c' or `i'");
    if (this.peek() === "\\") {
      this.at++;
      if (this.peek() === undefined) return "";
      if (this.peek() === "\n") this.next();
    }
    let raw = "";
    for (;;) {
      const char = this.next();
      if (char === undefined || char === "\n") break;
      raw += char;
      if (char === "\\") raw += this.next() ?? "";
    }
    return `${unescapeText(raw)}\n`;
  }

  private address(): Address | undefined {
    const char = this.peek();
    if (char === undefined) return undefined;
    if (char === "/" || char === "\\") {
      this.at++;
      let delimiter = "/";
      if (char === "\\") {
        const given = this.next();
        if (given === undefined) this.fail("unexpected `,'");
        delimiter = given;
      }
      const pattern = this.delimited(delimiter, true);
      if (pattern === undefined) this.fail("unterminated address regex");
      let ignoreCase = false;
      let multiline = false;
      for (;;) {
        if (this.peek() === "I") ignoreCase = true;
        else if (this.peek() === "M") multiline = true;
        else break;
        this.at++;
      }
      return { kind: "regex", regex: this.regex(pattern, ignoreCase, multiline) };
    }
    if (/^[0-9]$/.test(char)) {
      const line = this.number();
      if (this.peek() === "~") {
        this.at++;
        return { kind: "step", first: line, step: this.number() };
      }
      return { kind: "line", line };
    }
    if (char === "+" || char === "~") {
      this.at++;
      if (!/^[0-9]$/.test(this.peek() ?? "")) {
        this.at--;
        return undefined;
      }
      const number = this.number();
      return char === "+" ? { kind: "plus", count: number } : { kind: "multiple", of: number };
    }
    if (char === "$") {
      this.at++;
      return { kind: "last" };
    }
    return undefined;
  }

  /** Text up to an unescaped delimiter outside brackets; undefined when it is missing. */
  private delimited(delimiter: string, isRegex: boolean): string | undefined {
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
  private bracket(): string | undefined {
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

  private regex(pattern: string, ignoreCase: boolean, multiline: boolean): Regex | undefined {
    if (pattern === "") return undefined;
    try {
      return compileRegex(controls(pattern), {
        syntax: this.options.extended ? "ere" : "bre",
        ignoreCase,
        multiline,
      });
    } catch (error) {
      if (!(error instanceof RegexError)) throw error;
      return this.fail(error.message);
    }
  }

  private substitute(command: Command): void {
    const delimiter = this.next();
    if (delimiter === undefined || delimiter === "\n" || delimiter === "\\") this.fail("unterminated `s' command");
    const pattern = this.delimited(delimiter, true);
    if (pattern === undefined) this.fail("unterminated `s' command");
    const replacement = this.delimited(delimiter, false);
    if (replacement === undefined) this.fail("unterminated `s' command");
    const result: Substitution = {
      regex: undefined,
      replacement: [],
      global: false,
      print: false,
      number: 0,
      file: undefined,
    };
    let ignoreCase = false;
    let multiline = false;
    let done = false;
    while (!done) {
      const char = this.next();
      switch (char) {
        case "g":
          if (result.global) this.fail("multiple `g' options to `s' command");
          result.global = true;
          break;
        case "p":
          if (result.print) this.fail("multiple `p' options to `s' command");
          result.print = true;
          break;
        case "i":
        case "I":
          ignoreCase = true;
          break;
        case "m":
        case "M":
          multiline = true;
          break;
        case "w":
          this.skipBlanks();
          result.file = this.restOfLine();
          if (result.file === "") this.fail("missing filename in r/R/w/W commands");
          done = true;
          break;
        case "}":
        case "#":
          this.back();
          done = true;
          break;
        case undefined:
        case "\n":
        case ";":
          done = true;
          break;
        case " ":
        case "\t":
          break;
        default:
          if (/^[0-9]$/.test(char)) {
            if (result.number > 0) this.fail("multiple number options to `s' command");
            this.at--;
            result.number = this.number();
            if (result.number === 0) this.fail("number option to `s' command may not be zero");
          } else this.fail("unknown option to `s'");
      }
    }
    result.regex = this.regex(pattern, ignoreCase, multiline);
    result.replacement = parseReplacement(replacement);
    for (const part of result.replacement) {
      if (typeof part === "object" && "group" in part && result.regex && part.group > result.regex.groupCount)
        this.fail(`invalid reference \\${part.group} on \`s' command's RHS`);
    }
    command.substitution = result;
  }

  private transliterate(command: Command): void {
    const delimiter = this.next();
    if (delimiter === undefined) this.fail("unterminated `y' command");
    const from = this.delimited(delimiter, false);
    const to = from === undefined ? undefined : this.delimited(delimiter, false);
    if (from === undefined || to === undefined) this.fail("unterminated `y' command");
    const left = plainChars(from);
    const right = plainChars(to);
    if (left.length !== right.length) this.fail("strings for `y' command are different lengths");
    const map = new Map<string, string>();
    left.forEach((char, i) => {
      if (!map.has(char)) map.set(char, right[i]!);
    });
    command.map = map;
  }
}

function plainChars(text: string): string[] {
  const out: string[] = [];
  const chars = [...controls(text)];
  for (let i = 0; i < chars.length; i++) {
    if (chars[i] === "\\" && chars[i + 1] === "\\") {
      out.push("\\");
      i++;
    } else if (chars[i] === "\\" && chars[i + 1] === "n") {
      out.push("\n");
      i++;
    } else out.push(chars[i]!);
  }
  return out;
}

const CODE = /^(?:x([0-9a-fA-F]{1,2})|o([0-7]{1,3})|d([0-9]{1,3})|c([\x20-\x7e]))/;

/** The character that `\\xHH`, `\\oNNN`, `\\dNNN` or `\\cX` stands for. */
function codeChar(code: RegExpExecArray): string {
  if (code[4] !== undefined) return String.fromCharCode(code[4].toUpperCase().charCodeAt(0) ^ 64);
  return String.fromCharCode(Number.parseInt(code[1] ?? code[2] ?? code[3]!, code[1] ? 16 : code[2] ? 8 : 10) & 255);
}

const CONTROLS: Record<string, string> = { a: "\x07", f: "\f", r: "\r", t: "\t", v: "\v" };

/** GNU's escapes for control characters and codes: \t \r \xHH \oNNN \dNNN \cX. */
function controls(text: string): string {
  let out = "";
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== "\\" || i + 1 >= text.length) {
      out += text[i];
      continue;
    }
    const next = text[++i]!;
    const code = CODE.exec(text.slice(i, i + 4));
    if (CONTROLS[next] !== undefined) out += CONTROLS[next];
    else if (code) {
      const char = codeChar(code);
      out += /[.*[\]^$+?(){}|\\/]/.test(char) ? `\\${char}` : char;
      i += code[0].length - 1;
    } else out += `\\${next}`;
  }
  return out;
}

/** Text of a, i and c without its backslashes; `\\t` and codes mean their characters. */
function unescapeText(raw: string): string {
  let out = "";
  for (let i = 0; i < raw.length; i++) {
    if (raw[i] !== "\\") {
      out += raw[i];
      continue;
    }
    const rest = raw.slice(++i, i + 4);
    const code = CODE.exec(rest);
    if (code) {
      out += codeChar(code);
      i += code[0].length - 1;
    } else if (rest[0] === "n") out += "\n";
    else out += CONTROLS[rest[0] ?? ""] ?? rest[0] ?? "";
  }
  return out;
}

function parseReplacement(source: string): ReplacementPart[] {
  const parts: ReplacementPart[] = [];
  let literal = "";
  const push = (part: ReplacementPart) => {
    if (literal !== "") parts.push(literal);
    literal = "";
    parts.push(part);
  };
  for (let i = 0; i < source.length; i++) {
    const char = source[i]!;
    if (char === "&") push({ group: 0 });
    else if (char !== "\\") literal += char;
    else {
      const next = source[++i] ?? "";
      const code = CODE.exec(source.slice(i, i + 4));
      if (/^[0-9]$/.test(next)) push({ group: Number(next) });
      else if ("ULulE".includes(next) && next !== "") push({ fold: next as "U" });
      else if (next === "n") literal += "\n";
      else if (CONTROLS[next] !== undefined) literal += CONTROLS[next];
      else if (code) {
        literal += codeChar(code);
        i += code[0].length - 1;
      } else literal += next;
    }
  }
  if (literal !== "") parts.push(literal);
  return parts;
}
