import type { ParseError } from "unbash";
import { closeArith } from "./scan.ts";
import { type Token, Tokens, Unclosed } from "./tokens.ts";

/** A syntax error as bash words it. */
export interface SyntaxProblem {
  message: string;
  /** Line on which bash notices it, from 1. */
  line: number;
  /** Line on which dash notices it. */
  dashLine: number;
  /** The line is shown after the message. */
  quote: boolean;
  /** Where the command that holds it begins. */
  start: number;
  /** Wordings of dash and busybox. */
  dash: string;
  busybox: string;
  /** More input could make it right. */
  incomplete: boolean;
}

class Unexpected {
  readonly token: Token;
  readonly expecting: string | undefined;
  readonly message: string | undefined;

  constructor(token: Token, expecting?: string, message?: string) {
    this.token = token;
    this.expecting = expecting;
    this.message = message;
  }
}

/** Turns the parser's errors into bash's message: the text is read again by bash's grammar up to the first mistake. */
export function diagnose(text: string, errors: readonly ParseError[]): SyntaxProblem | undefined {
  const lineOf = (at: number) => text.slice(0, at).split("\n").length;
  const lastLine = text.replace(/\n$/, "").split("\n").length + 1;
  const grammar = new Grammar(text);
  try {
    grammar.program();
  } catch (error) {
    const start = grammar.commandStart;
    if (error instanceof Unclosed) {
      const line = error.atEnd ? lastLine : lineOf(error.at);
      const message = `unexpected EOF while looking for matching \`${error.what}'`;
      const dash =
        error.what === ")" || error.what === "}"
          ? `Syntax error: end of file unexpected${error.what === ")" ? ' (expecting ")")' : ""}`
          : error.what === "`"
            ? "Syntax error: EOF in backquote substitution"
            : "Syntax error: Unterminated quoted string";
      const busybox =
        error.what === "}"
          ? "syntax error: missing '}'"
          : error.what === ")"
            ? 'syntax error: unexpected end of file (expecting ")")'
            : error.what === "`"
              ? "syntax error: EOF in backquote substitution"
              : "syntax error: unterminated quoted string";
      return { message, line, dashLine: text.split("\n").length, quote: false, start, dash, busybox, incomplete: true };
    }
    if (!(error instanceof Unexpected)) throw error;
    const { token, expecting } = error;
    const hint = expecting === undefined ? "" : ` (expecting "${expecting}")`;
    if (token.kind === "end") {
      const dash = `Syntax error: end of file unexpected${hint}`;
      const busybox = `syntax error: unexpected end of file${hint}`;
      return {
        message: error.message ?? "syntax error: unexpected end of file",
        line: lastLine,
        dashLine: text.split("\n").length,
        quote: false,
        start,
        dash,
        busybox,
        incomplete: true,
      };
    }
    const line = lineOf(token.at);
    const shown = token.kind === "newline" ? "newline" : `"${token.text}"`;
    const message = error.message ?? `syntax error near unexpected token \`${token.text}'`;
    const word = token.kind === "word" && !RESERVED.has(token.text);
    return {
      message,
      line,
      dashLine: line,
      quote: true,
      start,
      dash: `Syntax error: ${word ? "word" : shown} unexpected${hint}`,
      busybox: `syntax error: unexpected ${word ? "word" : shown}${hint}`,
      incomplete: false,
    };
  }
  if (grammar.openHeredoc) {
    // Bash only warns; the text up to the end is the document.
    return undefined;
  }
  const [first] = errors;
  if (first === undefined || /heredoc|here-document/i.test(first.message)) return undefined;
  return undefined;
}

/** True when a heredoc in the text has no end yet. */
export function endsInHeredoc(text: string): boolean {
  if (!text.includes("<<")) return false;
  const grammar = new Grammar(text);
  try {
    grammar.program();
  } catch (error) {
    if (!(error instanceof Unclosed) && !(error instanceof Unexpected)) throw error;
  }
  return grammar.openHeredoc;
}

const RESERVED = new Set([
  "if",
  "then",
  "else",
  "elif",
  "fi",
  "do",
  "done",
  "case",
  "esac",
  "while",
  "until",
  "for",
  "select",
  "function",
  "{",
  "}",
  "!",
  "[[",
  "]]",
  "in",
  "time",
  "coproc",
]);
/** Reserved words that no command begins with. */
const CLOSERS = new Set(["then", "else", "elif", "fi", "do", "done", "esac", "}", "in", "]]"]);
const REDIRECTS = new Set(["<", ">", ">>", "<<", "<<-", "<<<", "<&", ">&", "<>", ">|", "&>", "&>>"]);

class Grammar {
  private readonly tokens: Tokens;
  private token: Token;
  commandStart = 0;

  constructor(text: string) {
    this.tokens = new Tokens(text);
    this.token = { kind: "newline", text: "newline", at: 0 };
  }

  get openHeredoc(): boolean {
    return this.tokens.openHeredoc;
  }

  private next(): void {
    this.token = this.tokens.next();
  }

  private kind(): Token["kind"] {
    return this.token.kind;
  }

  private is(text: string): boolean {
    return (this.kind() === "operator" || this.kind() === "word") && this.token.text === text;
  }

  private unexpected(expecting?: string): Unexpected {
    return new Unexpected(this.token, expecting);
  }

  private newlines(): void {
    while (this.kind() === "newline") this.next();
  }

  program(): void {
    this.next();
    for (;;) {
      this.newlines();
      if (this.kind() === "end") return;
      this.commandStart = this.token.at;
      for (;;) {
        this.andOr();
        if (this.is(";") || this.is("&")) {
          this.next();
          if (this.kind() === "newline" || this.kind() === "end") break;
          continue;
        }
        if (this.kind() === "newline" || this.kind() === "end") break;
        throw this.unexpected();
      }
    }
  }

  /** Commands up to one of `closers`, which is left as the current token. */
  private list(closers: readonly string[]): void {
    let any = false;
    for (;;) {
      this.newlines();
      if (closers.some((one) => this.is(one))) {
        if (!any) throw this.unexpected();
        return;
      }
      if (this.kind() === "end")
        throw this.unexpected(closers.length === 1 || closers[0] === "then" ? closers[0] : closers.at(-1));
      this.andOr(closers.at(-1));
      any = true;
      if (this.is(";") || this.is("&")) {
        this.next();
        continue;
      }
      if (this.kind() === "newline") continue;
      if (closers.some((one) => this.is(one) && one === ")")) return;
      if (this.kind() === "operator" && this.token.text.startsWith(";;") && closers.includes("esac")) return;
      throw this.unexpected(closers.at(-1));
    }
  }

  private andOr(expecting?: string): void {
    this.pipeline(expecting);
    while (this.is("&&") || this.is("||")) {
      this.next();
      this.newlines();
      this.pipeline();
    }
  }

  private pipeline(expecting?: string): void {
    let prefixed = false;
    while (this.is("!") || this.is("time")) {
      const time = this.is("time");
      this.next();
      if (time && this.is("-p")) this.next();
      prefixed = true;
    }
    if (prefixed && (this.kind() === "newline" || this.is(";") || this.kind() === "end")) return;
    this.command(expecting);
    while (this.is("|") || this.is("|&")) {
      this.next();
      this.newlines();
      this.command();
    }
  }

  private expect(word: string): void {
    if (!this.is(word)) throw this.unexpected(word);
    this.next();
  }

  private command(expecting?: string): void {
    const { token } = this;
    if (token.kind === "operator") {
      if (token.text === "(") {
        if (this.tokens.text[token.at + 1] === "(") {
          const end = closeArith(this.tokens.text, token.at + 2);
          if (end >= 0) {
            this.tokens.position = end + 2;
            this.next();
            this.redirections();
            return;
          }
        }
        this.next();
        this.list([")"]);
        this.next();
        this.redirections();
        return;
      }
      if (!REDIRECTS.has(token.text)) throw this.unexpected(expecting);
      this.simple();
      return;
    }
    if (token.kind !== "word") throw this.unexpected(expecting);
    if (CLOSERS.has(token.text)) throw this.unexpected(expecting);
    if (this.compound(token.text)) {
      this.redirections();
      return;
    }
    this.simple();
  }

  private compound(word: string): boolean {
    switch (word) {
      case "{":
        this.next();
        this.list(["}"]);
        this.next();
        return true;
      case "if":
        this.ifCommand();
        return true;
      case "while":
      case "until":
        this.next();
        this.list(["do"]);
        this.next();
        this.list(["done"]);
        this.next();
        return true;
      case "for":
      case "select":
        this.forCommand();
        return true;
      case "case":
        this.caseCommand();
        return true;
      case "[[":
        this.conditional();
        return true;
      case "function":
        this.next();
        if (this.kind() !== "word") throw this.unexpected();
        this.next();
        if (this.is("(")) {
          this.next();
          this.expect(")");
        }
        this.newlines();
        this.command();
        return true;
      case "coproc":
        this.next();
        this.command();
        return true;
      default:
        return false;
    }
  }

  private ifCommand(): void {
    this.next();
    this.list(["then"]);
    this.next();
    for (;;) {
      this.list(["elif", "else", "fi"]);
      if (this.is("elif")) {
        this.next();
        this.list(["then"]);
        this.next();
        continue;
      }
      if (this.is("else")) {
        this.next();
        this.list(["fi"]);
      }
      this.expect("fi");
      return;
    }
  }

  private forCommand(): void {
    this.next();
    if (this.is("(") && this.tokens.text[this.token.at + 1] === "(") {
      const end = closeArith(this.tokens.text, this.token.at + 2);
      if (end >= 0) {
        this.tokens.position = end + 2;
        this.next();
        if (this.is(";")) this.next();
        this.newlines();
        this.body();
        return;
      }
    }
    if (this.kind() !== "word") throw this.unexpected();
    this.next();
    if (this.is(";")) this.next();
    this.newlines();
    if (this.is("in")) {
      this.next();
      while (this.kind() === "word") this.next();
      if (!this.is(";") && this.kind() !== "newline") throw this.unexpected("do");
      if (this.is(";")) this.next();
      this.newlines();
    }
    this.body();
  }

  private body(): void {
    if (this.is("{")) {
      this.next();
      this.list(["}"]);
      this.next();
      return;
    }
    this.expect("do");
    this.list(["done"]);
    this.next();
  }

  private caseCommand(): void {
    this.next();
    if (this.kind() !== "word") throw this.unexpected();
    this.next();
    this.newlines();
    this.expect("in");
    for (;;) {
      this.newlines();
      if (this.is("esac")) break;
      if (this.is("(")) this.next();
      for (;;) {
        if (this.kind() !== "word") throw this.unexpected(this.kind() === "end" ? "esac" : undefined);
        this.next();
        if (!this.is("|")) break;
        this.next();
      }
      this.expect(")");
      this.newlines();
      const ended = () =>
        this.is("esac") ||
        (this.kind() === "operator" && this.token.text.startsWith(";") && this.token.text.length > 1);
      if (!ended()) this.caseBody(ended);
      if (this.is("esac")) break;
      this.next();
    }
    this.next();
  }

  private caseBody(ended: () => boolean): void {
    for (;;) {
      this.newlines();
      if (ended()) return;
      if (this.kind() === "end") throw this.unexpected("esac");
      this.andOr();
      if (this.is(";") || this.is("&")) this.next();
      else if (this.kind() !== "newline" && !ended()) throw this.unexpected(this.kind() === "end" ? "esac" : ";;");
    }
  }

  /** `[[ … ]]`: only its own complaints are told apart. */
  private conditional(): void {
    const BINARY = /^(=|==|!=|=~|<|>|-eq|-ne|-lt|-le|-gt|-ge|-nt|-ot|-ef)$/;
    this.next();
    const term = (): void => {
      if (this.kind() === "end") throw this.unexpected();
      if (this.is("!")) {
        this.next();
        term();
        return;
      }
      if (this.is("(")) {
        this.next();
        or();
        if (!this.is(")"))
          throw new Unexpected(this.token, undefined, `unexpected token \`${this.token.text}', expected \`)'`);
        this.next();
        return;
      }
      if (this.kind() === "operator" || this.is("]]")) {
        throw new Unexpected(this.token, undefined, `syntax error near \`${this.token.text}'`);
      }
      const unary = /^-[a-zA-Z]$/.test(this.token.text);
      this.next();
      if (unary && this.kind() === "word" && !this.is("]]")) {
        this.next();
        return;
      }
      if (BINARY.test(this.token.text)) {
        const regex = this.is("=~");
        this.next();
        if (regex)
          while (
            this.kind() !== "end" &&
            !this.is("]]") &&
            !this.is("&&") &&
            this.tokens.text[this.token.at - 1] !== " "
          )
            this.next();
        else this.next();
        if (regex && !this.is("]]") && !this.is("&&") && !this.is("||")) {
          while (this.kind() !== "end" && !this.is("]]") && !this.is("&&") && !this.is("||")) this.next();
        }
        return;
      }
      if (!this.is("]]") && !this.is("&&") && !this.is("||") && !this.is(")")) {
        if (this.kind() === "end") throw this.unexpected();
        throw new Unexpected(this.token, undefined, CONDITIONAL_BINARY + this.token.text);
      }
    };
    const and = (): void => {
      term();
      while (this.is("&&")) {
        this.next();
        this.newlines();
        term();
      }
    };
    const or = (): void => {
      and();
      while (this.is("||")) {
        this.next();
        this.newlines();
        and();
      }
    };
    or();
    if (!this.is("]]")) throw this.unexpected();
    this.next();
  }

  private redirections(): void {
    while (this.kind() === "operator" && REDIRECTS.has(this.token.text)) this.redirection();
    if (
      this.kind() === "word" &&
      /^(\d+|\{\w+\})$/.test(this.token.text) &&
      /[<>]/.test(this.tokens.text[this.tokens.position] ?? "")
    ) {
      this.next();
      this.redirections();
    }
  }

  private redirection(): void {
    const operator = this.token.text;
    this.next();
    if (this.kind() !== "word") throw this.unexpected();
    if (operator === "<<" || operator === "<<-") this.tokens.heredoc(this.token, operator === "<<-");
    this.next();
  }

  private simple(): void {
    let words = 0;
    for (;;) {
      const { token } = this;
      if (token.kind === "word") {
        words++;
        this.next();
        if (words === 1 && this.is("(")) {
          this.next();
          if (!this.is(")")) throw this.unexpected(")");
          this.next();
          this.newlines();
          if (
            !this.is("(") &&
            !(this.kind() === "word" && /^(\{|if|while|until|for|case|\[\[|select)$/.test(this.token.text))
          )
            throw this.unexpected();
          this.command();
          return;
        }
        continue;
      }
      if (token.kind === "operator" && REDIRECTS.has(token.text)) {
        this.redirection();
        continue;
      }
      if (token.kind === "operator" && token.text === "(") throw this.unexpected();
      return;
    }
  }
}

/** Marks the message of which bash prints two lines. */
export const CONDITIONAL_BINARY = "\0";
