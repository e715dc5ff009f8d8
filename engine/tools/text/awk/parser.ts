/** Programs, rules and statements of awk's grammar. */
import { ExpressionParser } from "./expression-parser.ts";
import type { SourcePart, Token } from "./lexer.ts";
import { type AwkFunction, type AwkProgram, AwkSyntaxError, type Expr, type Rule, type Stmt } from "./syntax.ts";

/** Parses a program. `where` is gawk's name for it in messages: `cmd. line` or a file. Throws `AwkSyntaxError`. */
export function parseAwk(source: string, where = "cmd. line", parts?: readonly SourcePart[]): AwkProgram {
  return new Parser(source, where, parts).program();
}

/** Variables of the language. */
const SPECIAL = new Set(
  "ARGC ARGIND ARGV BINMODE CONVFMT ENVIRON ERRNO FIELDWIDTHS FILENAME FNR FPAT FS IGNORECASE LINT NF NR OFMT OFS ORS PREC PROCINFO RLENGTH ROUNDMODE RS RSTART RT SUBSEP TEXTDOMAIN".split(
    " ",
  ),
);

class Parser extends ExpressionParser {
  /** What is wrong but does not keep the rest from being read. */
  private readonly errors: string[] = [];
  private context: "BEGIN" | "END" | "rule" | "function" = "rule";
  private loops = 0;

  // ---- program ------------------------------------------------------------------------------------------------------

  program(): AwkProgram {
    const program: AwkProgram = {
      begin: [],
      end: [],
      fileBegin: [],
      fileEnd: [],
      rules: [],
      functions: new Map(),
      singleLine: !this.lexer.source.includes("\n"),
      placeOfLine: (line) => this.lexer.placeOfLine(line),
      warned: this.lexer.warned,
      warnings: this.lexer.warnings,
    };
    this.terminators();
    while (this.token.type !== "end") {
      if (this.accept("function")) {
        const found = this.functionDefinition();
        program.functions.set(found.name, found);
      } else if (this.is("BEGIN", "END")) {
        const kind = this.advance().text as "BEGIN" | "END";
        this.context = kind;
        if (!this.is("{")) this.unexpected();
        (kind === "BEGIN" ? program.begin : program.end).push(this.block());
      } else if (this.is("BEGINFILE", "ENDFILE")) {
        const list = this.advance().text === "BEGINFILE" ? program.fileBegin : program.fileEnd;
        this.context = "rule";
        if (!this.is("{")) this.unexpected();
        list.push(this.block());
      } else program.rules.push(this.rule());
      this.terminators();
    }
    this.checkNames(program);
    return program;
  }

  /** Functions are called as such, and nothing else is. Throws `AwkSyntaxError`. */
  private checkNames(program: AwkProgram): void {
    const errors: string[] = [];
    for (const { text, line, at } of this.variables) {
      const defined = program.functions.get(text);
      if (defined === undefined) continue;
      errors.push(
        at < defined.at
          ? `${this.lexer.placeOfLine(defined.line)}: error: function name \`${text}' previously defined`
          : `${this.lexer.placeOfLine(line)}: error: function \`${text}' called with space between name and \`(',\vor used as a variable or an array`,
      );
    }
    for (const { name, line, count, params } of this.calls) {
      const fn = program.functions.get(name);
      const place = this.lexer.placeOfLine(line);
      if (params.includes(name))
        errors.push(`${place}: error: attempt to use non-function \`${name}' in function call`);
      else if (fn !== undefined && count > fn.params.length)
        program.warnings.push(`${place}: warning: function \`${name}' called with more arguments than declared`);
    }
    if (this.errors.length + errors.length > 0) throw new AwkSyntaxError([...this.errors, ...errors].join("\n"));
    for (const { name, line } of this.calls)
      if (!program.functions.has(name))
        throw new AwkSyntaxError(`${this.lexer.placeOfLine(line)}: fatal: function \`${name}' not defined`, 2);
  }

  private rule(): Rule {
    this.context = "rule";
    const rule: Rule = { pattern: undefined, until: undefined, body: undefined, line: this.token.line };
    if (!this.is("{")) {
      rule.pattern = this.expression();
      if (this.accept(",")) {
        this.newlines();
        rule.until = this.expression();
      }
    }
    if (this.is("{")) rule.body = this.block();
    return rule;
  }

  private functionDefinition(): AwkFunction {
    const name = this.advance();
    if (name.type !== "func" && name.type !== "name") this.unexpected(name);
    this.expect("(");
    const params: string[] = [];
    while (!this.is(")")) {
      this.newlines();
      if (this.token.type !== "name") this.unexpected();
      const { text } = this.advance();
      const before = params.indexOf(text);
      const bad = (what: string) =>
        this.errors.push(`${this.lexer.placeOfLine(name.line)}: error: function \`${name.text}': ${what}`);
      if (text === name.text) bad("cannot use function name as parameter name");
      if (SPECIAL.has(text)) bad(`cannot use special variable \`${text}' as a function parameter`);
      if (before >= 0) bad(`parameter #${params.length + 1}, \`${text}', duplicates parameter #${before + 1}`);
      params.push(text);
      this.newlines();
      if (!this.is(")")) this.expect(",");
    }
    this.expect(")");
    this.newlines();
    this.context = "function";
    this.params = params;
    const body = this.block();
    this.params = [];
    return { name: name.text, params, body, at: name.at, line: name.line };
  }

  // ---- statements ---------------------------------------------------------------------------------------------------

  private block(): Stmt {
    this.expect("{");
    const body: Stmt[] = [];
    this.terminators();
    while (!this.is("}")) {
      if (this.token.type === "end") this.unexpected();
      body.push(this.statement());
      this.terminators();
    }
    this.advance();
    return { t: "block", body };
  }

  private atBreak(): boolean {
    return this.token.type === "newline" || this.is(";");
  }

  private atEnd(): boolean {
    return this.atBreak() || this.is("}") || this.token.type === "end";
  }

  /** What ends a simple statement: newline, `;`, or the `}` that follows. */
  private end(): void {
    if (this.token.type === "newline" || this.is(";")) this.advance();
    else if (!this.is("}") && this.token.type !== "end") this.unexpected();
  }

  private body(): Stmt {
    this.newlines();
    if (this.is(";")) {
      this.advance();
      return { t: "empty" };
    }
    return this.statement();
  }

  private loopBody(): Stmt {
    this.loops++;
    const body = this.body();
    this.loops--;
    return body;
  }

  private statement(): Stmt {
    const { line } = this.token;
    return { ...this.statementHere(), line };
  }

  private statementHere(): Stmt {
    if (this.is("{")) return this.block();
    if (this.token.type !== "keyword") {
      const simple = this.simple();
      this.end();
      return simple;
    }
    const keyword = this.token;
    switch (keyword.text) {
      case "if": {
        this.advance();
        this.expect("(");
        const test = this.expression();
        this.expect(")");
        if (this.is("}")) this.unexpected();
        const yes = this.body();
        // An else may follow after newlines and a semicolon.
        const skipped: Token[] = [];
        while (this.atBreak()) skipped.push(this.advance());
        if (this.accept("else")) return { t: "if", test, yes, no: this.body() };
        if (skipped.length > 0) {
          this.ahead.unshift(...skipped.slice(1), this.token);
          this.token = skipped[0]!;
        }
        return { t: "if", test, yes, no: undefined };
      }
      case "while": {
        this.advance();
        this.expect("(");
        const test = this.expression();
        this.expect(")");
        if (this.accept(";")) return { t: "while", test, body: { t: "empty" }, first: false };
        return { t: "while", test, body: this.loopBody(), first: false };
      }
      case "do": {
        this.advance();
        const body = this.loopBody();
        this.terminators();
        this.expect("while");
        this.expect("(");
        const test = this.expression();
        this.expect(")");
        this.end();
        return { t: "while", test, body, first: true };
      }
      case "for":
        return this.forStatement();
      case "switch":
        return this.switchStatement();
      case "break":
      case "continue":
        if (this.loops === 0) {
          const told = `${this.lexer.placeOfLine(keyword.line)}: error: \`${keyword.text}' is not allowed outside a loop${keyword.text === "break" ? " or switch" : ""}`;
          this.errors.push(told, told);
        }
        this.advance();
        this.end();
        return { t: keyword.text };
      case "next":
      case "nextfile":
        if (this.context === "BEGIN" || this.context === "END")
          this.errors.push(
            `${this.lexer.placeOfLine(keyword.line)}: error: \`${keyword.text}' used in ${this.context} action`,
          );
        this.advance();
        this.end();
        return { t: keyword.text };
      case "exit":
      case "return": {
        if (keyword.text === "return" && this.context !== "function")
          this.lexer.fail(keyword, "`return' used outside function context");
        this.advance();
        const value = this.atEnd() ? undefined : this.expression();
        this.end();
        return { t: keyword.text, value };
      }
      default: {
        const simple = this.simple();
        this.end();
        return simple;
      }
    }
  }

  private simple(): Stmt {
    if (this.is("print", "printf")) return this.print();
    if (this.accept("delete")) {
      const parens = this.accept("(");
      const name = this.advance();
      if (name.type !== "name") this.unexpected(name);
      const path = this.subscripts();
      const keys = path.pop();
      if (parens) this.expect(")");
      return { t: "delete", name: name.text, path, keys };
    }
    return { t: "expr", value: this.expression() };
  }

  private print(): Stmt {
    const format = this.advance().text === "printf";
    const outer = this.inPrint;
    this.inPrint = true;
    let args: Expr[] = [];
    if (!this.atEnd() && !this.is(">", ">>", "|", "|&")) {
      args = [this.expression()];
      const first = args[0]!;
      if (first.t === "group" && "list" in first) args = (first as unknown as { list: Expr[] }).list;
      while (this.accept(",")) {
        this.newlines();
        args.push(this.expression());
      }
    }
    let to: { kind: ">" | ">>" | "|" | "|&"; target: Expr } | undefined;
    if (this.is(">", ">>", "|", "|&")) {
      const kind = this.advance().text as ">";
      to = { kind, target: this.concatenation(true) };
    }
    this.inPrint = outer;
    return { t: "print", args, format, to };
  }

  private forStatement(): Stmt {
    this.advance();
    this.expect("(");
    let init: Stmt | undefined;
    if (!this.is(";")) {
      if (this.token.type === "name") {
        this.noIn = true;
        const first = this.simple();
        this.noIn = false;
        if (this.is("in") && first.t === "expr" && first.value.t === "var") {
          this.advance();
          const array = this.advance();
          if (array.type !== "name") this.unexpected(array);
          const path = this.subscripts();
          this.expect(")");
          const body: Stmt = this.accept(";") ? { t: "empty" } : this.loopBody();
          return { t: "forin", name: first.value.name, array: array.text, path, body };
        }
        init = first;
      } else init = this.simple();
    }
    this.expect(";");
    this.newlines();
    const test = this.is(";") ? undefined : this.expression();
    this.expect(";");
    this.newlines();
    const step = this.is(")") ? undefined : this.simple();
    this.expect(")");
    if (this.accept(";")) return { t: "for", init, test, step, body: { t: "empty" } };
    return { t: "for", init, test, step, body: this.loopBody() };
  }

  private switchStatement(): Stmt {
    this.advance();
    this.expect("(");
    const value = this.expression();
    this.expect(")");
    this.newlines();
    this.expect("{");
    this.terminators();
    const cases: { test: Expr | undefined; body: Stmt[] }[] = [];
    this.loops++;
    while (!this.accept("}")) {
      let test: Expr | undefined;
      if (this.accept("case")) test = this.unary();
      else this.expect("default");
      this.expect(":");
      this.terminators();
      const body: Stmt[] = [];
      while (!this.is("case", "default", "}")) {
        body.push(this.statement());
        this.terminators();
      }
      cases.push({ test, body });
    }
    this.loops--;
    return { t: "switch", value, cases };
  }
}
