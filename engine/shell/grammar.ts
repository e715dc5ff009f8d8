import { readConditional, WHOLE } from "./grammar-cond.ts";
import { closeArith, closeParen } from "./scan.ts";
import { type Token, Tokens, Unclosed } from "./tokens.ts";

/** Thrown at the first token that does not fit. */
export class Unexpected {
  readonly token: Token;
  readonly expecting: string | undefined;
  readonly message: string | undefined;

  constructor(token: Token, expecting?: string, message?: string) {
    this.token = token;
    this.expecting = expecting;
    this.message = message;
  }
}

export const RESERVED = new Set([
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

/** Bash's grammar, as far as finding the first token that does not fit. */
export class Grammar {
  private readonly tokens: Tokens;
  token: Token;
  commandStart = 0;

  constructor(text: string) {
    this.tokens = new Tokens(text);
    this.token = { kind: "newline", text: "newline", at: 0 };
  }

  get text(): string {
    return this.tokens.text;
  }

  get openHeredoc(): boolean {
    return this.tokens.openHeredoc;
  }

  next(): void {
    this.token = this.tokens.next();
  }

  kind(): Token["kind"] {
    return this.token.kind;
  }

  is(text: string): boolean {
    return (this.kind() === "operator" || this.kind() === "word") && this.token.text === text;
  }

  private unexpected(expecting?: string): Unexpected {
    return new Unexpected(this.token, expecting);
  }

  newlines(): void {
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
          if (end < 0 && closeParen(this.tokens.text, token.at + 2) >= this.tokens.text.length)
            throw new Unclosed(")", token.at);
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
        readConditional(this);
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
        this.arithmeticHead(end);
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

  /** The three expressions of `for ((…))`; `end` is where its brackets close. */
  private arithmeticHead(end: number): void {
    const { text } = this.tokens;
    const head = text.slice(this.token.at + 2, end);
    const semicolons = head.split(";").length - 1;
    if (semicolons === 2) return;
    const what = semicolons < 2 ? "arithmetic expression required" : "`;' unexpected";
    throw new Unexpected(this.token, undefined, `syntax error: ${what}${WHOLE}((${head}))`);
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
    // The text's end counts as the end of its line here.
    if (this.kind() === "end") throw new Unexpected({ ...this.token, kind: "newline", text: "newline" });
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
