/** The grammar of jq programs, with jq 1.7's words for what does not fit it. */

import { Lexer, type Token } from "./lexer.ts";
import { numberLiteral } from "./numbers.ts";
import { type Ast, CompileError, compileMistake, type Pattern } from "./syntax.ts";

/** Expressions and definitions. What stands around them is program.ts. */
export class Parser extends Lexer {
  protected tokens: Token[] = [];
  protected position = 0;

  constructor(source: string) {
    super(source);
  }

  protected override interpolation(tokens: Token[]): Ast {
    const saved = { tokens: this.tokens, position: this.position };
    this.tokens = tokens;
    this.position = 0;
    const ast = this.pipe();
    if (this.peek().type !== "end") this.unexpected();
    this.tokens = saved.tokens;
    this.position = saved.position;
    return ast;
  }

  protected peek(ahead = 0): Token {
    return this.tokens[Math.min(this.position + ahead, this.tokens.length - 1)]!;
  }

  protected next(): Token {
    return this.tokens[Math.min(this.position++, this.tokens.length - 1)]!;
  }

  protected is(text: string): boolean {
    const token = this.peek();
    return (token.type === "op" || token.type === "keyword") && token.text === text;
  }

  protected accept(text: string): boolean {
    if (!this.is(text)) return false;
    this.position++;
    return true;
  }

  protected expect(text: string, expecting?: string): void {
    if (!this.accept(text)) this.unexpected(expecting);
  }

  protected unexpected(expecting?: string): never {
    const token = this.peek();
    const name =
      token.type === "end"
        ? "end of file"
        : token.type === "bad"
          ? "INVALID_CHARACTER"
          : token.type === "ident"
            ? "IDENT"
            : token.type === "num"
              ? "LITERAL"
              : token.type === "field"
                ? "FIELD"
                : token.type === "format"
                  ? "FORMAT"
                  : token.type === "string"
                    ? "QQSTRING_START"
                    : token.type === "var"
                      ? "'$'"
                      : token.text.length === 1
                        ? `'${token.text}'`
                        : token.text;
    const hint = expecting === undefined ? "" : `, expecting ${expecting}`;
    throw this.error(`syntax error, unexpected ${name}${hint} (Unix shell quoting issues?)`, token.at);
  }

  // ---- grammar ------------------------------------------------------------------------------------------------------

  protected pipe(): Ast {
    if (this.is("def")) {
      const def = this.definition();
      return { ...def, rest: this.pipe() };
    }
    if (this.accept("label")) {
      const name = this.variable();
      this.expect("|", "'|'");
      return { t: "label", name, body: this.pipe() };
    }
    const left = this.comma();
    if (this.accept("|")) return { t: "pipe", left, right: this.pipe() };
    return left;
  }

  protected definition(): Ast & { t: "def" } {
    this.expect("def");
    const name = this.next();
    if (name.type !== "ident") {
      this.position--;
      this.unexpected("IDENT");
    }
    const params: string[] = [];
    const wrap: string[] = [];
    if (this.accept("(")) {
      do {
        const param = this.next();
        if (param.type === "var") {
          params.push(param.text);
          wrap.push(param.text);
        } else params.push(param.text);
      } while (this.accept(";"));
      this.expect(")");
    }
    this.expect(":", "':'");
    let body = this.pipe();
    this.expect(";");
    // `def f($x): …` is `def f(x): x as $x | …`.
    for (const param of wrap.reverse())
      body = {
        t: "as",
        source: { t: "call", name: param, args: [], at: name.at },
        patterns: [{ t: "var", name: param }],
        body,
      };
    return { t: "def", name: name.text, params, body, rest: { t: "identity" } };
  }

  private comma(): Ast {
    let left = this.alternative();
    while (this.accept(",")) left = { t: "comma", left, right: this.alternative() };
    return left;
  }

  private alternative(): Ast {
    const left = this.assignment();
    if (this.accept("//")) return { t: "alternative", left, right: this.alternative() };
    return left;
  }

  private assignment(): Ast {
    const left = this.or();
    const token = this.peek();
    if (token.type === "op" && ["=", "|=", "+=", "-=", "*=", "/=", "%=", "//="].includes(token.text)) {
      this.next();
      return { t: "assign", op: token.text, left, right: this.alternative() };
    }
    return left;
  }

  private or(): Ast {
    let left = this.and();
    while (this.accept("or")) left = { t: "or", left, right: this.and() };
    return left;
  }

  private and(): Ast {
    let left = this.comparison();
    while (this.accept("and")) left = { t: "and", left, right: this.comparison() };
    return left;
  }

  private comparison(): Ast {
    const left = this.additive();
    const token = this.peek();
    if (token.type === "op" && ["==", "!=", "<", "<=", ">", ">="].includes(token.text)) {
      this.next();
      return { t: "binary", op: token.text, left, right: this.additive() };
    }
    return left;
  }

  private additive(): Ast {
    let left = this.multiplicative();
    while (this.is("+") || this.is("-"))
      left = { t: "binary", op: this.next().text, left, right: this.multiplicative() };
    return left;
  }

  private multiplicative(): Ast {
    let left = this.unary();
    while (this.is("*") || this.is("/") || this.is("%"))
      left = { t: "binary", op: this.next().text, left, right: this.unary() };
    return left;
  }

  private unary(): Ast {
    if (this.accept("-")) return { t: "neg", body: this.postfix() };
    return this.postfix();
  }

  protected postfix(): Ast {
    if (this.is("reduce") || this.is("foreach")) return this.fold();
    if (this.accept("try")) {
      const body = this.postfix();
      return { t: "try", body, handler: this.accept("catch") ? this.postfix() : undefined };
    }
    const term = this.suffixed();
    if (!this.accept("as")) return term;
    const patterns = [this.pattern()];
    while (this.accept("?//")) patterns.push(this.pattern());
    this.expect("|");
    return { t: "as", source: term, patterns, body: this.pipe() };
  }

  /** A term with its suffixes but without `as`. */
  private suffixed(): Ast {
    let term = this.term();
    // A `?` right after a step hides that step's errors alone, not those of what came before.
    let step: (Ast & { t: "index" | "slice" | "iterate" }) | undefined;
    for (;;) {
      const token = this.peek();
      if (token.type === "field") {
        this.next();
        term = step = { t: "index", of: term, key: { t: "value", value: token.text } };
      } else if (token.type === "op" && token.text === "." && this.peek(1).type === "string") {
        this.next();
        term = step = { t: "index", of: term, key: this.stringAst(this.next(), undefined) };
      } else if (token.type === "op" && token.text === "." && this.peek(1).text === "[") this.next();
      else if (token.type === "op" && token.text === "[") term = step = this.bracket(term);
      else if (this.accept("?")) {
        term = step ? { ...step, quiet: true } : { t: "optional", body: term };
        step = undefined;
      } else return term;
    }
  }

  private bracket(of: Ast): Ast & { t: "index" | "slice" | "iterate" } {
    this.expect("[");
    if (this.accept("]")) return { t: "iterate", of };
    if (this.accept(":")) {
      const to = this.pipe();
      this.expect("]");
      return { t: "slice", of, from: undefined, to };
    }
    const key = this.pipe();
    if (this.accept(":")) {
      const to = this.is("]") ? undefined : this.pipe();
      this.expect("]");
      return { t: "slice", of, from: key, to };
    }
    this.expect("]");
    return { t: "index", of, key };
  }

  private variable(): string {
    const token = this.next();
    if (token.type !== "var") {
      this.position--;
      this.unexpected("'$'");
    }
    return token.text;
  }

  private pattern(): Pattern {
    if (this.peek().type === "var") return { t: "var", name: this.next().text };
    if (this.accept("[")) {
      const items: Pattern[] = [];
      do items.push(this.pattern());
      while (this.accept(","));
      this.expect("]");
      return { t: "array", items };
    }
    this.expect("{", "BINDING or '[' or '{'");
    const entries: { key: Ast; bind: string | undefined; value: Pattern | undefined }[] = [];
    do {
      const token = this.next();
      let key: Ast;
      let bind: string | undefined;
      if (token.type === "var") {
        bind = token.text;
        key = { t: "value", value: token.text };
      } else if (token.type === "string") key = this.stringAst(token, undefined);
      else if (token.type === "op" && token.text === "(") {
        key = this.pipe();
        this.expect(")");
      } else key = { t: "value", value: token.text };
      entries.push({ key, bind, value: this.accept(":") ? this.pattern() : undefined });
    } while (this.accept(","));
    this.expect("}");
    return { t: "object", entries };
  }

  private fold(): Ast {
    const name = this.next().text;
    const source = this.suffixed();
    this.expect("as");
    const pattern = this.pattern();
    this.expect("(", "'('");
    const init = this.pipe();
    this.expect(";");
    const update = this.pipe();
    if (name === "reduce") {
      this.expect(")");
      return { t: "reduce", source, pattern, init, update };
    }
    const extract = this.accept(";") ? this.pipe() : undefined;
    this.expect(")");
    return { t: "foreach", source, pattern, init, update, extract };
  }

  private stringAst(token: Token, format: string | undefined): Ast {
    const parts = token.parts!;
    if (parts.length === 1 && typeof parts[0] === "string") return { t: "value", value: parts[0] };
    return { t: "string", format, parts };
  }

  private term(): Ast {
    const token = this.next();
    switch (token.type) {
      case "num":
        return { t: "value", value: numberLiteral(token.text.replace(/^0+(?=\d)/, "").replace(/^\./, "0.")) };
      case "string":
        return this.stringAst(token, undefined);
      case "format":
        if (this.peek().type === "string") return this.stringAst(this.next(), token.text.slice(1));
        return { t: "format", name: token.text.slice(1) };
      case "field":
        return { t: "index", of: { t: "identity" }, key: { t: "value", value: token.text } };
      case "var":
        if (token.text === "__loc__") return { t: "loc", line: this.source.slice(0, token.at).split("\n").length };
        return { t: "var", name: token.text, at: token.at };
      case "ident": {
        if (token.text === "break") {
          if (this.peek().type !== "var") this.unexpected("BINDING");
          return { t: "break", name: this.next().text, at: token.at };
        }
        const args: Ast[] = [];
        if (this.accept("(")) {
          do args.push(this.pipe());
          while (this.accept(";"));
          this.expect(")", "';' or ')'");
        }
        return { t: "call", name: token.text, args, at: token.at };
      }
      default:
    }
    if (token.type === "keyword") {
      switch (token.text) {
        case "if":
          return this.terminated(token.at);
        case "def": {
          this.position--;
          const def = this.definition();
          return { ...def, rest: this.pipe() };
        }
        case "reduce":
        case "foreach":
          this.position--;
          return this.fold();
        case "try": {
          const body = this.postfix();
          return { t: "try", body, handler: this.accept("catch") ? this.postfix() : undefined };
        }
        case "label": {
          const name = this.variable();
          this.expect("|");
          return { t: "label", name, body: this.pipe() };
        }
        default:
      }
    }
    if (token.type === "op") {
      switch (token.text) {
        case ".":
          if (this.peek().type === "string")
            return { t: "index", of: { t: "identity" }, key: this.stringAst(this.next(), undefined) };
          // `.and`: keywords are fine as names.
          return { t: "identity" };
        case "..":
          return { t: "recurse" };
        case "(": {
          const inner = this.pipe();
          this.expect(")");
          return inner;
        }
        case "[":
          if (this.accept("]")) return { t: "array", body: undefined };
          {
            const body = this.pipe();
            this.expect("]");
            return { t: "array", body };
          }
        case "{":
          return this.object();
        case "-":
          return { t: "neg", body: this.postfix() };
        default:
      }
    }
    this.position--;
    return this.unexpected(this.position === 0 ? "end of file" : undefined);
  }

  /** What is wrong after `then` makes jq ask whether an `end` is missing. */
  private terminated(at: number): Ast {
    const test = this.pipe();
    this.expect("then");
    try {
      return this.conditional(test);
    } catch (error) {
      const only = "jq: 1 compile error\n";
      if (!(error instanceof CompileError) || !error.message.endsWith(only)) throw error;
      const more = compileMistake(this.source, "Possibly unterminated 'if' statement", at);
      throw new CompileError(`${error.message.slice(0, -only.length)}${more}jq: 2 compile errors\n`);
    }
  }

  private conditional(test: Ast): Ast {
    const yes = this.pipe();
    if (this.accept("elif")) {
      const next = this.pipe();
      this.expect("then");
      return { t: "if", test, yes, no: this.conditional(next) };
    }
    if (this.accept("else")) {
      const no = this.pipe();
      this.expect("end");
      return { t: "if", test, yes, no };
    }
    this.expect("end");
    return { t: "if", test, yes, no: undefined };
  }

  private object(): Ast {
    const entries: { key: Ast; value: Ast }[] = [];
    if (this.accept("}")) return { t: "object", entries };
    do {
      if (this.is("}")) break;
      const token = this.next();
      let key: Ast;
      let short: Ast | undefined;
      if (token.type === "var") {
        key = { t: "value", value: token.text };
        short = token.text === "__loc__" ? { t: "loc", line: 1 } : { t: "var", name: token.text, at: token.at };
      } else if (token.type === "string" || token.type === "format") {
        key =
          token.type === "string"
            ? this.stringAst(token, undefined)
            : this.peek().type === "string"
              ? this.stringAst(this.next(), token.text.slice(1))
              : { t: "format", name: token.text.slice(1) };
        short = { t: "index", of: { t: "identity" }, key };
      } else if (token.type === "ident" || token.type === "keyword") {
        key = { t: "value", value: token.text };
        short = { t: "index", of: { t: "identity" }, key };
      } else if (token.type === "num") key = { t: "value", value: numberLiteral(token.text) };
      else if (token.type === "op" && token.text === "(") {
        key = this.pipe();
        this.expect(")");
      } else {
        this.position--;
        this.unexpected();
      }
      if (this.accept(":")) {
        // `{$name: value}` has the variable's value for its key.
        if (short?.t === "var") key = short;
        entries.push({ key, value: this.objectValue() });
      } else if (short) entries.push({ key, value: short });
      else this.unexpected();
    } while (this.accept(","));
    this.expect("}", "'}'");
    return { t: "object", entries };
  }

  private objectValue(): Ast {
    let value = this.unaryValue();
    while (this.accept("|")) value = { t: "pipe", left: value, right: this.unaryValue() };
    return value;
  }

  /** A term, whose sign may be turned. */
  private unaryValue(): Ast {
    if (this.accept("-")) return { t: "neg", body: this.unaryValue() };
    const token = this.peek();
    if (token.type === "keyword" && ["if", "try", "label", "def"].includes(token.text)) this.unexpected();
    return this.postfix();
  }
}
