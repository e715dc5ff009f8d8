import { PythonSyntaxError, type Token, tokenize, unquote } from "./lexer.ts";
import type { Argument, Clause, Expression, Parameter } from "./syntax.ts";

const KEYWORDS = new Set(
  (
    "False None True and as assert async await break class continue def del elif else except finally for from global if " +
    "import in is lambda nonlocal not or pass raise return try while with yield"
  ).split(" "),
);
export const AUGMENTED = new Set(["+=", "-=", "*=", "/=", "//=", "%=", "**=", "&=", "|=", "^=", "<<=", ">>="]);
const LEVELS: readonly (readonly string[])[] = [
  ["|"],
  ["^"],
  ["&"],
  ["<<", ">>"],
  ["+", "-"],
  ["*", "/", "//", "%", "@"],
];
const COMPARISONS = new Set(["<", ">", "==", ">=", "<=", "!="]);

/** Reads expressions; statements.ts goes on from here. */
export class ExpressionParser {
  protected readonly tokens: readonly Token[];
  protected at = 0;

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  /** An expression that is all there is, as in the braces of a format string. */
  whole(): Expression {
    const value = this.tuple();
    if (this.token.type === "newline") this.at++;
    if (this.token.type !== "end") throw this.wrong();
    return value;
  }

  // ---- tokens -------------------------------------------------------------------------------------------------------

  protected get token(): Token {
    return this.tokens[this.at]!;
  }

  protected get line(): number {
    return this.token.line;
  }

  protected wrong(message = "invalid syntax"): PythonSyntaxError {
    return new PythonSyntaxError(this.line, message);
  }

  protected is(...texts: string[]): boolean {
    const { token } = this;
    return (token.type === "op" || token.type === "name") && texts.includes(token.text);
  }

  protected take(text: string): boolean {
    if (!this.is(text)) return false;
    this.at++;
    return true;
  }

  protected need(text: string): void {
    if (!this.take(text)) throw this.wrong(text === ":" ? "expected ':'" : undefined);
  }

  protected name(): string {
    const { token } = this;
    if (token.type !== "name" || KEYWORDS.has(token.text)) throw this.wrong();
    this.at++;
    return token.text;
  }

  protected ends(): boolean {
    return this.token.type === "newline" || this.token.type === "end" || this.is(";");
  }

  protected parameters(end: string): Parameter[] {
    const out: Parameter[] = [];
    let only = false;
    while (!this.is(end)) {
      if (this.take("**")) out.push({ name: this.name(), kind: "named" });
      else if (this.take("*")) {
        only = true;
        if (!this.is(",")) out.push({ name: this.name(), kind: "rest" });
      } else if (!this.take("/")) {
        const name = this.name();
        if (end === ")" && this.take(":")) this.expression();
        const value = this.take("=") ? this.expression() : undefined;
        out.push({ name, kind: only ? "only" : "plain", ...(value && { value }) });
      }
      if (!this.take(",")) break;
    }
    return out;
  }

  // ---- expressions --------------------------------------------------------------------------------------------------

  protected isEnd(): boolean {
    return (
      this.ends() ||
      this.is(")", "]", "}", "=", ":", "in") ||
      (this.token.type === "op" && AUGMENTED.has(this.token.text))
    );
  }

  /** One expression, or several with commas: a tuple. */
  protected tuple(): Expression {
    return this.sequence(() => (this.is("*") ? this.starred() : this.named()));
  }

  protected targets(): Expression {
    return this.sequence(() => (this.is("*") ? this.starred() : this.binary(0)));
  }

  protected sequence(one: () => Expression): Expression {
    const { line } = this;
    const first = one();
    if (!this.is(",")) return first;
    const items = [first];
    while (this.take(",")) {
      if (this.isEnd()) break;
      items.push(one());
    }
    return { type: "tuple", items, line };
  }

  protected starred(): Expression {
    const { line } = this;
    this.need("*");
    return { type: "star", operand: this.binary(0), line };
  }

  protected named(): Expression {
    const { line, token } = this;
    const next = this.tokens[this.at + 1];
    if (token.type === "name" && next?.type === "op" && next.text === ":=") {
      const name = this.name();
      this.at++;
      return { type: "walrus", name, value: this.expression(), line };
    }
    return this.expression();
  }

  protected expression(): Expression {
    const { line } = this;
    if (this.take("lambda")) {
      const parameters = this.parameters(":");
      this.need(":");
      return { type: "lambda", parameters, body: this.expression(), line };
    }
    const yes = this.either();
    if (!this.take("if")) return yes;
    const test = this.either();
    if (!this.take("else")) throw this.wrong("expected 'else' after 'if' expression");
    return { type: "conditional", test, yes, no: this.expression(), line };
  }

  protected either(): Expression {
    const { line } = this;
    let left = this.both();
    while (this.take("or")) left = { type: "or", left, right: this.both(), line };
    return left;
  }

  protected both(): Expression {
    const { line } = this;
    let left = this.inverted();
    while (this.take("and")) left = { type: "and", left, right: this.inverted(), line };
    return left;
  }

  protected inverted(): Expression {
    const { line } = this;
    return this.take("not") ? { type: "unary", operator: "not", operand: this.inverted(), line } : this.comparison();
  }

  protected comparison(): Expression {
    const { line } = this;
    const first = this.binary(0);
    const rest: { operator: string; value: Expression }[] = [];
    for (;;) {
      const operator = this.comparator();
      if (operator === undefined) break;
      rest.push({ operator, value: this.binary(0) });
    }
    return rest.length === 0 ? first : { type: "compare", first, rest, line };
  }

  protected comparator(): string | undefined {
    const { token } = this;
    if (token.type === "op" && COMPARISONS.has(token.text)) {
      this.at++;
      return token.text;
    }
    if (this.take("in")) return "in";
    if (this.take("is")) return this.take("not") ? "is not" : "is";
    const next = this.tokens[this.at + 1];
    if (!this.is("not") || next?.type !== "name" || next.text !== "in") return undefined;
    this.at += 2;
    return "not in";
  }

  protected binary(level: number): Expression {
    const operators = LEVELS[level];
    if (operators === undefined) return this.unary();
    const { line } = this;
    let left = this.binary(level + 1);
    for (;;) {
      const { token } = this;
      if (token.type !== "op" || !operators.includes(token.text)) return left;
      this.at++;
      left = { type: "binary", operator: token.text, left, right: this.binary(level + 1), line };
    }
  }

  protected unary(): Expression {
    const { line } = this;
    for (const operator of ["-", "+", "~"])
      if (this.take(operator)) return { type: "unary", operator, operand: this.unary(), line };
    const left = this.postfix();
    return this.take("**") ? { type: "binary", operator: "**", left, right: this.unary(), line } : left;
  }

  protected postfix(): Expression {
    let value = this.atom();
    for (;;) {
      const { line } = this;
      if (this.take(".")) value = { type: "attribute", of: value, name: this.name(), line };
      else if (this.take("(")) value = { type: "call", callee: value, arguments: this.arguments(), line };
      else if (this.take("[")) {
        value = { type: "index", of: value, at: this.sequence(() => this.subscript()), line };
        this.need("]");
      } else return value;
    }
  }

  protected subscript(): Expression {
    const { line } = this;
    const part = () => (this.is(":", "]", ",") ? undefined : this.expression());
    const from = part();
    if (!this.take(":")) {
      if (from === undefined) throw this.wrong();
      return from;
    }
    const to = part();
    const step = this.take(":") ? part() : undefined;
    return { type: "slice", from, to, step, line };
  }

  protected arguments(): Argument[] {
    const out: Argument[] = [];
    while (!this.is(")")) {
      const next = this.tokens[this.at + 1];
      if (this.take("**")) out.push({ star: 2, value: this.expression() });
      else if (this.take("*")) out.push({ star: 1, value: this.expression() });
      else if (this.token.type === "name" && next?.type === "op" && next.text === "=") {
        const name = this.name();
        this.at++;
        out.push({ name, value: this.expression() });
      } else {
        const { line } = this;
        const value = this.named();
        const clauses = this.clauses();
        out.push({
          value: clauses.length > 0 ? { type: "comprehension", of: "generator", key: value, clauses, line } : value,
        });
      }
      if (!this.take(",")) break;
    }
    this.need(")");
    return out;
  }

  protected clauses(): Clause[] {
    const out: Clause[] = [];
    while (this.take("for")) {
      const targets = this.targets();
      this.need("in");
      const source = this.either();
      const conditions: Expression[] = [];
      while (this.take("if")) conditions.push(this.either());
      out.push({ targets, source, conditions });
    }
    return out;
  }

  protected atom(): Expression {
    const { line, token } = this;
    if (token.type === "int" || token.type === "float") {
      this.at++;
      return { type: "constant", value: token.value, line };
    }
    if (token.type === "string" || token.type === "format") return this.strings();
    for (const [word, value] of [
      ["None", null],
      ["True", true],
      ["False", false],
    ] as const)
      if (this.take(word)) return { type: "constant", value, line };
    if (this.take("(")) {
      if (this.take(")")) return { type: "tuple", items: [], line };
      const { items, clauses, comma } = this.items("]", ")");
      this.need(")");
      if (clauses.length > 0) return { type: "comprehension", of: "generator", key: items[0]!, clauses, line };
      return comma ? { type: "tuple", items, line } : items[0]!;
    }
    if (this.take("[")) {
      if (this.take("]")) return { type: "list", items: [], line };
      const { items, clauses } = this.items("]", ")");
      this.need("]");
      if (clauses.length > 0) return { type: "comprehension", of: "list", key: items[0]!, clauses, line };
      return { type: "list", items, line };
    }
    if (this.take("{")) return this.braces(line);
    return { type: "name", name: this.name(), line };
  }

  /** What stands between brackets: items, or one and the clauses of a comprehension. */
  protected items(...ends: string[]): { items: Expression[]; clauses: Clause[]; comma: boolean } {
    const one = () => (this.is("*") ? this.starred() : this.named());
    const items = [one()];
    const clauses = this.clauses();
    let comma = false;
    while (clauses.length === 0 && this.take(",")) {
      comma = true;
      if (this.is(...ends)) break;
      items.push(one());
    }
    return { items, clauses, comma };
  }

  protected braces(line: number): Expression {
    const entries: { key: Expression | undefined; value: Expression }[] = [];
    const items: Expression[] = [];
    while (!this.is("}")) {
      if (this.take("**")) entries.push({ key: undefined, value: this.binary(0) });
      else {
        const key = this.is("*") ? this.starred() : this.named();
        const value = this.take(":") ? this.expression() : undefined;
        const clauses = this.clauses();
        if (clauses.length > 0) {
          this.need("}");
          return value === undefined
            ? { type: "comprehension", of: "set", key, clauses, line }
            : { type: "comprehension", of: "dict", key, value, clauses, line };
        }
        if (value === undefined) items.push(key);
        else entries.push({ key, value });
      }
      if (!this.take(",")) break;
    }
    this.need("}");
    return items.length > 0 ? { type: "set", items, line } : { type: "dict", entries, line };
  }

  protected strings(): Expression {
    const { line } = this;
    const parts: Extract<Expression, { type: "format" }>["parts"] = [];
    let bytes = false;
    for (;;) {
      const { token } = this;
      if (token.type === "string") {
        parts.push(token.value);
        bytes ||= token.bytes;
      } else if (token.type === "format") parts.push(...formatParts(token.source, token.raw, line));
      else break;
      this.at++;
    }
    if (parts.every((part) => typeof part === "string")) {
      const value = parts.join("");
      return { type: "constant", value: bytes ? Uint8Array.from(value, (one) => one.charCodeAt(0)) : value, line };
    }
    return { type: "format", parts, line };
  }
}

/** Text and replacement fields of a format string. */
function formatParts(source: string, raw: boolean, line: number): Extract<Expression, { type: "format" }>["parts"] {
  const out: Extract<Expression, { type: "format" }>["parts"] = [];
  const text = (part: string) => out.push(raw ? part : unquote(part));
  let at = 0;
  while (at < source.length) {
    const plain = /^(?:[^{}]|\{\{|\}\})*/.exec(source.slice(at))![0];
    if (plain !== "") text(plain.replaceAll("{{", "{").replaceAll("}}", "}"));
    at += plain.length;
    if (at >= source.length) break;
    if (source[at] === "}") throw new PythonSyntaxError(line, "f-string: single '}' is not allowed");
    const end = fieldEnd(source, at + 1);
    if (end < 0) throw new PythonSyntaxError(line, "f-string: expecting '}'");
    const field = source.slice(at + 1, end);
    const split = fieldSplit(field);
    const [, code, equals, conversion] = /^([\s\S]*?)(=)?\s*(?:!([rsa]))?$/.exec(split.code)! as unknown as string[];
    if (equals) text(`${code}=`);
    const value = new ExpressionParser(tokenize(`(${code})`)).whole();
    const spec = split.spec === undefined ? undefined : specOf(split.spec, line);
    out.push({ value, conversion: conversion ?? (equals && !spec ? "r" : ""), spec });
    at = end + 1;
  }
  return out;
}

function specOf(spec: string, line: number): Expression {
  return { type: "format", parts: formatParts(spec, false, line), line };
}

function fieldEnd(source: string, start: number): number {
  let depth = 0;
  for (let i = start; i < source.length; i++) {
    const one = source[i]!;
    if (one === "'" || one === '"') {
      const close = source.indexOf(one, i + 1);
      if (close < 0) return -1;
      i = close;
    } else if ("([{".includes(one)) depth++;
    else if (one === "}" && depth === 0) return i;
    else if (")]}".includes(one)) depth--;
  }
  return -1;
}

/** The expression of a field, and what follows its colon. */
function fieldSplit(field: string): { code: string; spec: string | undefined } {
  let depth = 0;
  for (let i = 0; i < field.length; i++) {
    const one = field[i]!;
    if (one === "'" || one === '"') i = Math.max(i, field.indexOf(one, i + 1));
    else if ("([{".includes(one)) depth++;
    else if (")]}".includes(one)) depth--;
    else if (one === ":" && depth === 0) return { code: field.slice(0, i), spec: field.slice(i + 1) };
  }
  return { code: field, spec: undefined };
}
