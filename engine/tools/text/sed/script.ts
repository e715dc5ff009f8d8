/** The parser of sed scripts, with GNU sed 4.9's messages. */
import { compileRegex, type Regex, RegexError } from "../../../text/regex/index.ts";
import { controls, parseReplacement, plainChars, unescapeText } from "./escapes.ts";
import { ScriptReader } from "./reader.ts";
import {
  type Address,
  type Command,
  ScriptError,
  type ScriptOptions,
  type Source,
  type Substitution,
} from "./syntax.ts";

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

class Parser extends ScriptReader {
  private readonly options: ScriptOptions;
  private readonly commands: Command[];
  private readonly blocks: { index: number; where: string }[];

  constructor(source: Source, options: ScriptOptions, commands: Command[], blocks: { index: number; where: string }[]) {
    super(source);
    this.options = options;
    this.commands = commands;
    this.blocks = blocks;
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
        this.allowed();
        this.skipBlanks();
        command.text = this.restOfLine();
        add();
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
        this.allowed();
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
        if (newer(this.restOfLine())) this.fail("expected newer version of sed");
        return;
      default:
        this.fail(`unknown command: \`${name}'`);
    }
  }

  private allowed(): void {
    if (this.options.sandbox) this.fail("e/r/w commands disabled in sandbox mode");
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
    if (this.options.posix && this.peek() !== "\\") {
      this.next();
      this.fail("expected \\ after `a', `c' or `i'");
    }
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
      if (this.peek() === "~" && !this.options.posix) {
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

  private regex(pattern: string, ignoreCase: boolean, multiline: boolean): Regex | undefined {
    if (pattern === "") return undefined;
    try {
      // \\+, \\? and \\| are GNU's own.
      const meant = this.options.posix && !this.options.extended ? pattern.replace(/\\([+?|])/g, "$1") : pattern;
      return compileRegex(controls(meant), {
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
      evaluate: false,
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
        case "e":
          this.allowed();
          result.evaluate = true;
          break;
        case "w":
          this.allowed();
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

/** Whether `v` asks for a sed that is newer than 4.9. */
function newer(version: string): boolean {
  const [major = 0, minor = 0] = version.trim().split(".").map(Number);
  return major > 4 || (major === 4 && minor > 9);
}
