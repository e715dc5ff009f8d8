import { AUGMENTED, ExpressionParser } from "./expressions.ts";
import { PythonSyntaxError, tokenize } from "./lexer.ts";
import type { Expression, Handler, Statement } from "./syntax.ts";

/** Reads a program. Throws PythonSyntaxError; what this simulation's Python lacks is told as such. */
export function parseProgram(text: string): Statement[] {
  return new Parser(tokenize(text)).program();
}

class Parser extends ExpressionParser {
  program(): Statement[] {
    const out: Statement[] = [];
    while (this.token.type !== "end") out.push(...this.statement());
    return out;
  }

  // ---- statements ---------------------------------------------------------------------------------------------------

  private statement(): Statement[] {
    const { line } = this;
    if (this.token.type === "indent") throw new PythonSyntaxError(line, "unexpected indent", "IndentationError");
    if (this.take("if")) return [this.conditional(line)];
    if (this.take("while")) {
      const test = this.named();
      return [{ type: "while", test, body: this.block(), otherwise: this.otherwise(), line }];
    }
    if (this.take("for")) {
      const target = this.targets();
      this.need("in");
      const source = this.tuple();
      return [{ type: "for", target, source, body: this.block(), otherwise: this.otherwise(), line }];
    }
    if (this.take("def")) {
      const name = this.name();
      this.need("(");
      const parameters = this.parameters(")");
      this.need(")");
      if (this.take("->")) this.expression();
      return [{ type: "def", name, parameters, body: this.block(), line }];
    }
    if (this.take("try")) return [this.attempt(line)];
    if (this.take("with")) {
      const items: { value: Expression; target: Expression | undefined }[] = [];
      do {
        const value = this.expression();
        items.push({ value, target: this.take("as") ? this.postfix() : undefined });
      } while (this.take(","));
      return [{ type: "with", items, body: this.block(), line }];
    }
    if (this.is("class", "async", "match", "@") && this.compound()) {
      const { token } = this;
      throw this.wrong(`this simulation's Python knows no ${"text" in token ? token.text : "such"} statement`);
    }
    return this.plainLine();
  }

  /** `match` begins a statement only where a name follows. */
  private compound(): boolean {
    return !this.is("match") || this.tokens[this.at + 1]?.type === "name";
  }

  private plainLine(): Statement[] {
    const out = [this.simple()];
    while (this.take(";")) {
      if (this.token.type === "newline") break;
      out.push(this.simple());
    }
    if (this.token.type !== "newline" && this.token.type !== "end") throw this.wrong();
    if (this.token.type === "newline") this.at++;
    return out;
  }

  private block(): Statement[] {
    this.need(":");
    if (this.token.type !== "newline") return this.plainLine();
    this.at++;
    if (this.tokens[this.at]!.type !== "indent") {
      throw new PythonSyntaxError(this.line, "expected an indented block", "IndentationError");
    }
    this.at++;
    const out: Statement[] = [];
    while (this.tokens[this.at]!.type !== "dedent") out.push(...this.statement());
    this.at++;
    return out;
  }

  private otherwise(): Statement[] {
    return this.take("else") ? this.block() : [];
  }

  private conditional(line: number): Statement {
    const test = this.named();
    const body = this.block();
    const next = this.line;
    const otherwise = this.take("elif") ? [this.conditional(next)] : this.otherwise();
    return { type: "if", test, body, otherwise, line };
  }

  private attempt(line: number): Statement {
    const body = this.block();
    const handlers: Handler[] = [];
    while (this.take("except")) {
      const kind = this.is(":") ? undefined : this.tuple();
      handlers.push({ kind, name: this.take("as") ? this.name() : undefined, body: this.block() });
    }
    const otherwise = this.otherwise();
    const last = this.take("finally") ? this.block() : [];
    if (handlers.length === 0 && last.length === 0) throw this.wrong("expected 'except' or 'finally' block");
    return { type: "try", body, handlers, otherwise, last, line };
  }

  private simple(): Statement {
    const { line } = this;
    for (const type of ["pass", "break", "continue"] as const) if (this.take(type)) return { type, line };
    if (this.take("return")) return { type: "return", value: this.ends() ? undefined : this.tuple(), line };
    if (this.take("import")) {
      const names = this.list(() => ({ path: this.dotted(), as: this.take("as") ? this.name() : undefined }));
      return { type: "import", names, line };
    }
    if (this.take("from")) return this.from(line);
    if (this.take("raise")) {
      const value = this.ends() ? undefined : this.expression();
      if (this.take("from")) this.expression();
      return { type: "raise", value, line };
    }
    if (this.take("assert")) {
      const test = this.expression();
      return { type: "assert", test, message: this.take(",") ? this.expression() : undefined, line };
    }
    if (this.take("del")) return { type: "delete", targets: this.list(() => this.postfix()), line };
    if (this.take("global") || this.take("nonlocal")) {
      return { type: "global", names: this.list(() => this.name()), line };
    }
    return this.assignment(line);
  }

  private from(line: number): Statement {
    const module = this.dotted();
    this.need("import");
    const inside = this.take("(");
    const names = this.list(() => {
      const name = this.name();
      return { name, as: this.take("as") ? this.name() : name };
    });
    if (inside) this.need(")");
    return { type: "from", module, names, line };
  }

  private assignment(line: number): Statement {
    const first = this.tuple();
    const { token } = this;
    if (token.type === "op" && AUGMENTED.has(token.text)) {
      this.at++;
      return { type: "augmented", target: first, operator: token.text.slice(0, -1), value: this.tuple(), line };
    }
    if (this.take(":")) {
      this.expression();
      if (!this.is("=")) return { type: "pass", line };
    }
    const targets: Expression[] = [];
    let value = first;
    while (this.take("=")) {
      if (!["name", "attribute", "index", "tuple", "list", "star"].includes(value.type))
        throw new PythonSyntaxError(line, "cannot assign to expression here. Maybe you meant '==' instead of '='?");
      targets.push(value);
      value = this.tuple();
    }
    return targets.length === 0 ? { type: "expression", value, line } : { type: "assign", targets, value, line };
  }

  private list<T>(one: () => T): T[] {
    const out = [one()];
    while (this.take(",") && !this.ends() && !this.is(")")) out.push(one());
    return out;
  }

  private dotted(): string {
    let out = this.name();
    while (this.take(".")) out += `.${this.name()}`;
    return out;
  }
}
