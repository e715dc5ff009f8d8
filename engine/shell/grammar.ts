import { near, readConditional, WHOLE } from "./grammar-cond.ts";
import { type Token, Unclosed, Unexpected } from "./mistakes.ts";
import type { Rules } from "./quoting.ts";
import { closeBrace, splitHead } from "./scan.ts";
import { type Place, Tokens } from "./tokens.ts";

/** Reserved words that no command begins with. */
const CLOSERS = new Set(["then", "else", "elif", "fi", "do", "done", "esac", "}", "in", "]]"]);
const REDIRECTS = new Set(["<", ">", ">>", "<<", "<<-", "<<<", "<&", ">&", "<>", ">|", "&>", "&>>"]);

/** Builtins whose arguments may be arrays: `declare a=(1 2)`. */
const ASSIGNING = new Set(["alias", "declare", "eval", "export", "let", "local", "readonly", "typeset"]);
const COMPOUNDS = new Set(["(", "{", "if", "while", "until", "for", "case", "[[", "select"]);
/** Words that dash does not reserve. */
const DASH_FOREIGN = new Set(["[[", "function", "time"]);
const ASSIGNMENT = /^[A-Za-z_]\w*(\[[\s\S]*\])?\+?=/;
/** Where a command may begin. */
const COMMAND: Place = { command: true, assignment: true };
const WORD: Place = {};
const NAME: Place = { name: true };
const PATTERN: Place = { cases: true };

/** Bash's grammar: reads a text a complete command at a time, up to the first token that does not fit. */
export class Grammar {
  readonly tokens: Tokens;
  token: Token;
  /** Where the command begins that was read last. */
  commandStart = 0;
  private inPattern = false;
  private readonly rules: Rules;

  constructor(text: string, rules: Rules) {
    this.rules = rules;
    this.tokens = new Tokens(text, rules, (from) => this.substitution(from));
    this.token = { kind: "newline", text: "newline", at: 0 };
  }

  get text(): string {
    return this.tokens.text;
  }

  /** Where the token that was read last ends. */
  get end(): number {
    return this.tokens.position;
  }

  get openHeredoc(): boolean {
    return this.tokens.openHeredoc;
  }

  /** What may come next follows from the token it comes behind, unless that is a word. */
  next(place?: Place): void {
    this.token = this.tokens.next(place ?? this.placeBehind());
  }

  private placeBehind(): Place {
    const { kind, text } = this.token;
    if (this.inPattern) return PATTERN;
    if (kind === "word") return WORD;
    return kind === "operator" && (REDIRECTS.has(text) || text.startsWith(";;") || text === ";&") ? WORD : COMMAND;
  }

  kind(): Token["kind"] {
    return this.token.kind;
  }

  is(text: string): boolean {
    return (this.kind() === "operator" || this.kind() === "word") && this.token.text === text;
  }

  /** Steps over a reserved word. */
  private reserved(): void {
    this.next(COMMAND);
  }

  private unexpected(expecting?: string): Unexpected {
    return new Unexpected(this.token, expecting);
  }

  newlines(): void {
    while (this.kind() === "newline") this.next();
  }

  /** Reads everything. */
  program(): void {
    while (this.complete());
  }

  /** Reads the next line with commands, and those that they go on to; false at the end. */
  complete(): boolean {
    this.token = { kind: "newline", text: "newline", at: this.tokens.position };
    while (this.kind() === "newline") {
      // Its first word may be what cannot be read.
      this.commandStart = this.tokens.position;
      this.next();
    }
    if (this.kind() === "end") return false;
    this.commandStart = this.token.at;
    for (;;) {
      this.andOr();
      if (this.is(";") || this.is("&")) {
        this.next();
        if (this.kind() === "newline" || this.kind() === "end") return true;
        continue;
      }
      if (this.kind() === "newline" || this.kind() === "end") return true;
      throw this.unexpected();
    }
  }

  /** Reads the commands of a `$(…)`; gives the place behind its parenthesis. */
  private substitution(from: number): number {
    const { token, inPattern } = this;
    const { tokens } = this;
    const heredocs = tokens.heredocs.splice(0);
    this.inPattern = false;
    tokens.nesting++;
    tokens.position = from;
    this.token = { kind: "newline", text: "newline", at: from };
    try {
      this.newlines();
      if (!this.is(")")) this.list([")"]);
    } catch (error) {
      if (error instanceof Unexpected && error.token.kind === "end") throw new Unclosed(")", from, true);
      if (error instanceof Unexpected) error.within ??= "substitution";
      throw error;
    }
    tokens.nesting--;
    if (this.rules.dialect === "bash" && tokens.heredocs.length > 0) tokens.pullHeredocs();
    // Elsewhere nothing is read for them.
    else tokens.heredocs.length = 0;
    tokens.heredocs.unshift(...heredocs);
    this.token = token;
    this.inPattern = inPattern;
    return tokens.position;
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
      // Behind a compound command its reserved word needs no separator.
      if (closers.some((one) => this.is(one))) return;
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
    while (this.is("!") || (this.is("time") && !this.isForeign("time"))) {
      const time = this.is("time");
      this.reserved();
      if (time && this.is("-p")) this.reserved();
      prefixed = true;
    }
    if (
      prefixed &&
      this.rules.dialect === "bash" &&
      (this.kind() === "newline" || this.is(";") || this.kind() === "end")
    )
      return;
    this.command(expecting);
    while (this.is("|") || this.is("|&")) {
      this.next();
      this.newlines();
      if (this.is("!") && this.rules.dialect === "bash") throw this.unexpected();
      this.command();
    }
  }

  /** True when what bash reserves this word for is not in this dialect: it is a command like others then. */
  private isForeign(word: string): boolean {
    const { dialect } = this.rules;
    if (dialect === "bash") return false;
    return word === "select" || word === "coproc" || (dialect === "dash" && DASH_FOREIGN.has(word));
  }

  /** Makes the word at hand one that bash reserves for nothing. */
  private plainWord(): void {
    this.tokens.put(this.token.at, "\\");
    this.tokens.position++;
  }

  private expect(word: string): void {
    if (!this.is(word)) throw this.unexpected(word);
    this.reserved();
  }

  private command(expecting?: string): void {
    const { token } = this;
    if (token.kind === "operator") {
      if (token.text === "(") {
        if (this.arithmetic()) return;
        this.next();
        this.list([")"]);
        this.reserved();
        this.redirections();
        return;
      }
      if (!REDIRECTS.has(token.text)) throw this.unexpected();
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

  /** `((…))`, or false when the parentheses are those of subshells. */
  private arithmetic(): boolean {
    const { at } = this.token;
    if (this.text[at + 1] !== "(") return false;
    if (this.rules.dialect !== "bash") {
      this.tokens.put(at + 1, " ");
      return false;
    }
    const { position } = this.tokens;
    const end = this.tokens.arithmetic(at + 2);
    if (end === "open") throw new Unclosed(")", at);
    if (end === "none") {
      this.tokens.position = position;
      return false;
    }
    this.tokens.position = end + 2;
    this.reserved();
    this.redirections();
    return true;
  }

  private compound(word: string): boolean {
    if (this.isForeign(word)) {
      this.plainWord();
      return false;
    }
    switch (word) {
      case "{":
        this.reserved();
        this.list(["}"]);
        this.reserved();
        return true;
      case "if":
        this.ifCommand();
        return true;
      case "while":
      case "until":
        this.reserved();
        this.list(["do"]);
        this.reserved();
        this.list(["done"]);
        this.reserved();
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
        this.functionCommand();
        return true;
      case "coproc":
        this.reserved();
        if (this.kind() === "word" && !COMPOUNDS.has(this.token.text)) this.simple(true);
        else this.command();
        return true;
      default:
        return false;
    }
  }

  private functionCommand(): void {
    this.next();
    if (this.kind() !== "word") throw this.unexpected();
    this.reserved();
    if (this.is("(") && /^\([ \t]*\)/.test(this.text.slice(this.token.at, this.token.at + 100))) {
      this.next();
      this.next();
    }
    this.newlines();
    this.functionBody();
  }

  private functionBody(): void {
    if (COMPOUNDS.has(this.token.text)) {
      this.command();
      return;
    }
    if (this.rules.dialect === "bash") throw this.unexpected();
    this.tokens.put(this.token.at, "{ ");
    this.token = { ...this.token, at: this.token.at + 2 };
    this.tokens.position += 2;
    this.command();
    this.tokens.put(this.token.at, "; }");
    this.tokens.position += 3;
  }

  private ifCommand(): void {
    this.reserved();
    this.list(["then"]);
    this.reserved();
    for (;;) {
      this.list(["elif", "else", "fi"]);
      if (this.is("elif")) {
        this.reserved();
        this.list(["then"]);
        this.reserved();
        continue;
      }
      if (this.is("else")) {
        this.reserved();
        this.list(["fi"]);
      }
      this.expect("fi");
      return;
    }
  }

  private forCommand(): void {
    this.next(NAME);
    if (this.is("(") && this.text[this.token.at + 1] === "(" && this.rules.dialect === "bash") {
      const end = this.tokens.arithmetic(this.token.at + 2);
      if (typeof end === "number") {
        this.arithmeticHead(end);
        this.tokens.position = end + 2;
        this.reserved();
        if (this.is(";")) this.next();
        this.newlines();
        this.body();
        return;
      }
      const close = closeBrace(this.text, this.token.at + 2, "(", ")");
      if (close < this.text.length)
        throw new Unexpected(this.token, undefined, `syntax error near \`${near(this.text, close + 2)}'`);
    }
    const plain = this.rules.dialect !== "bash";
    if (plain && !(this.kind() === "word" && /^[A-Za-z_]\w*$/.test(this.token.text)))
      throw new Unexpected(this.token, undefined, undefined, "Bad for loop variable");
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
    const head = this.text.slice(this.token.at + 2, end);
    const semicolons = splitHead(head).length - 1;
    if (semicolons === 2) return;
    const what = semicolons < 2 ? "arithmetic expression required" : "`;' unexpected";
    throw new Unexpected(this.token, undefined, `syntax error: ${what}${WHOLE}((${head}))`);
  }

  private body(): void {
    if (this.is("{")) {
      this.reserved();
      this.list(["}"]);
      this.reserved();
      return;
    }
    this.expect("do");
    this.list(["done"]);
    this.reserved();
  }

  private caseCommand(): void {
    this.next();
    if (this.kind() !== "word") throw this.unexpected();
    this.next();
    this.newlines();
    if (!this.is("in")) throw this.unexpected("in");
    this.inPattern = true;
    this.next();
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
      this.inPattern = false;
      this.expect(")");
      this.newlines();
      const ended = () =>
        this.is("esac") ||
        (this.kind() === "operator" && this.token.text.startsWith(";") && this.token.text.length > 1);
      if (!ended()) this.caseBody(ended);
      if (this.is("esac")) break;
      this.inPattern = true;
      this.next();
    }
    this.inPattern = false;
    this.reserved();
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
    while (this.kind() === "operator" && REDIRECTS.has(this.token.text)) this.redirection(WORD);
  }

  /** A redirection; `behind` is what may stand after it. */
  private redirection(behind: Place): void {
    const operator = this.token.text;
    this.next();
    // The text's end counts as the end of its line here.
    if (this.kind() === "end") throw new Unexpected({ ...this.token, kind: "newline", text: "newline" });
    if (this.kind() !== "word") throw this.unexpected();
    if (this.rules.dialect === "dash" && operator.endsWith("&") && !/^(\d+|-)$|[$`]/.test(this.token.text))
      throw new Unexpected(this.token, undefined, undefined, "Bad fd number");
    if (operator === "<<" || operator === "<<-") this.tokens.heredoc(this.token, operator === "<<-");
    this.next(behind);
  }

  private simple(coproc = false): void {
    let words = 0;
    let bare = true;
    let place = COMMAND;
    for (;;) {
      const { token } = this;
      if (token.kind === "operator" && REDIRECTS.has(token.text)) {
        bare = false;
        this.redirection(place);
        continue;
      }
      if (token.kind !== "word") {
        // Elsewhere the command is over, and what it stands in says what should follow.
        if (token.kind === "operator" && token.text === "(" && this.rules.dialect === "bash") throw this.unexpected();
        return;
      }
      if (words === 0 && ASSIGNMENT.test(token.text)) {
        if (this.rules.dialect === "bash" || /^\w+=/.test(token.text)) {
          bare = false;
          this.next(COMMAND);
          continue;
        }
        this.plainWord();
      }
      words++;
      if (words > 1) this.next(place);
      else {
        place = ASSIGNING.has(token.text) ? { assignment: true } : WORD;
        this.next(coproc ? COMMAND : place);
        if (coproc && COMPOUNDS.has(this.token.text)) {
          this.command();
          return;
        }
        if (bare && this.is("(")) {
          this.next();
          if (!this.is(")")) throw this.unexpected(")");
          if (this.rules.dialect === "dash" && !/^[A-Za-z_]\w*$/.test(token.text))
            throw new Unexpected(token, undefined, undefined, "Bad function name");
          this.next();
          this.newlines();
          this.functionBody();
          return;
        }
      }
    }
  }
}
