import { lineOf, type Piece, pieces, TemplateError, type Token } from "./tokens.ts";
import type { Command, Node, Operand, Pipe, Template } from "./tree.ts";

/**
 * Parses a template and what it defines (Go text/template/parse parse.go). `known` tells functions by name. A template
 * of nothing but space and definitions is not listed itself. Throws TemplateError.
 */
export function parseTemplate(file: string, source: string, known: (name: string) => boolean): Template[] {
  const parser = new Parser(file, source, known);
  const nodes = parser.all();
  const own: Template = { name: file, file, source, nodes };
  return [...parser.defined, own];
}

/** Whether a template prints nothing whatever it is given. */
export function isEmptyTemplate({ nodes }: Template): boolean {
  return nodes.every((node) => node.kind === "text" && node.text.trim() === "");
}

type End = "end" | "else" | "eof";

class Parser {
  readonly defined: Template[] = [];
  private readonly list: Piece[];
  private next = 0;
  private variables = ["$"];
  private loops = 0;
  /** Words of the `else` that ended a list. */
  private rest: Cursor | undefined;

  constructor(
    private readonly file: string,
    private readonly source: string,
    private readonly known: (name: string) => boolean,
  ) {
    this.list = pieces(file, source);
  }

  fail(at: number, why: string): never {
    throw new TemplateError(`${this.file}:${lineOf(this.source, at)}: ${why}`);
  }

  all(): Node[] {
    const [nodes, end, at] = this.nodes();
    if (end !== "eof") this.fail(at, `unexpected {{${end}}}`);
    return nodes;
  }

  private nodes(): [Node[], End, number] {
    const out: Node[] = [];
    while (this.next < this.list.length) {
      const piece = this.list[this.next++]!;
      if (piece.text !== undefined) {
        out.push({ kind: "text", text: piece.text, at: piece.at });
        continue;
      }
      const cursor = new Cursor(piece.tokens!, piece.at, this);
      const word = cursor.peek();
      if (word?.kind === "identifier") {
        if (word.text === "end" || word.text === "else") {
          cursor.take();
          this.rest = cursor;
          return [out, word.text, word.at];
        }
        const node = this.keyword(cursor, word);
        if (node === "none") continue;
        if (node !== undefined) {
          out.push(node);
          continue;
        }
      }
      out.push({ kind: "action", pipe: this.pipe(cursor, "command"), at: piece.at });
      cursor.end("operand");
    }
    return [out, "eof", this.source.length];
  }

  private keyword(cursor: Cursor, word: Token): Node | "none" | undefined {
    switch (word.text) {
      case "if":
      case "with":
      case "range":
        cursor.take();
        return this.control(word.text, cursor, word.at);
      case "break":
      case "continue":
        cursor.take();
        if (this.loops === 0) this.fail(word.at, `{{${word.text}}} outside {{range}}`);
        cursor.end(word.text);
        return { kind: word.text, at: word.at };
      case "define":
        cursor.take();
        this.define(cursor);
        return "none";
      case "block": {
        cursor.take();
        const name = cursor.string("block clause");
        const pipe = this.pipe(cursor, "block clause");
        cursor.end("block clause");
        this.body(name, word.at, "block clause");
        return { kind: "template", name, pipe, at: word.at };
      }
      case "template": {
        cursor.take();
        const at = cursor.peek()?.at ?? word.at;
        const name = cursor.string("template clause");
        const pipe = cursor.peek() === undefined ? undefined : this.pipe(cursor, "template clause");
        cursor.end("template clause");
        return { kind: "template", name, pipe, at };
      }
      default:
        return undefined;
    }
  }

  private define(cursor: Cursor): void {
    const name = cursor.string("define clause");
    cursor.end("define clause");
    this.body(name, cursor.at, "define clause");
  }

  private body(name: string, at: number, clause: string): void {
    const saved = { variables: this.variables, loops: this.loops };
    this.variables = ["$"];
    this.loops = 0;
    const [nodes, end] = this.nodes();
    if (end !== "end") this.fail(at, end === "eof" ? "unexpected EOF" : `unexpected {{else}} in ${clause}`);
    Object.assign(this, saved);
    this.defined.push({ name, file: this.file, source: this.source, nodes });
  }

  private control(kind: "if" | "with" | "range", cursor: Cursor, at: number): Node {
    const scope = this.variables.length;
    const pipe = this.pipe(cursor, kind);
    cursor.end(kind);
    if (kind === "range") this.loops++;
    const [body, end] = this.nodes();
    if (kind === "range") this.loops--;
    let otherwise: Node[] = [];
    if (end === "eof") this.fail(this.source.length, "unexpected EOF");
    if (end === "else") {
      const rest = this.rest!;
      const word = rest.peek();
      if (word?.kind === "identifier" && (word.text === "if" || word.text === "with") && kind !== "range") {
        if (word.text !== kind) this.fail(word.at, `unexpected ${kind} in input`);
        rest.take();
        otherwise = [this.control(kind, rest, word.at)];
        this.variables.length = scope;
        return { kind, pipe, body, otherwise, at };
      }
      rest.end("else");
      const [nodes, last, where] = this.nodes();
      if (last === "eof") this.fail(this.source.length, "unexpected EOF");
      if (last === "else") this.fail(where, "expected end; found {{else}}");
      otherwise = nodes;
    }
    this.variables.length = scope;
    return { kind, pipe, body, otherwise, at };
  }

  private pipe(cursor: Cursor, context: string): Pipe {
    const at = cursor.peek()?.at ?? cursor.at;
    const declared: string[] = [];
    let assigns = false;
    const mark = cursor.mark();
    for (;;) {
      const variable = cursor.peek();
      if (variable?.kind !== "variable") break;
      const sign = cursor.peek(1);
      if (sign?.text === ":=" || sign?.text === "=") {
        cursor.take();
        cursor.take();
        assigns = sign.text === "=";
        declared.push(variable.text);
        break;
      }
      if (sign?.text === "," && context === "range" && declared.length === 0) {
        cursor.take();
        cursor.take();
        declared.push(variable.text);
        continue;
      }
      if (declared.length > 0 && sign === undefined) this.fail(at, "range can only initialize variables");
      cursor.reset(mark);
      declared.length = 0;
      break;
    }
    if (assigns) for (const name of declared) this.variable(name, at);
    const commands: Command[] = [];
    do commands.push(this.command(cursor, context));
    while (cursor.accept("|") && cursor.peek() !== undefined);
    if (!assigns) this.variables.push(...declared);
    commands.slice(1).forEach(({ operands: [first] }) => {
      if (first!.kind === "literal" || first!.kind === "nil" || first!.kind === "dot") {
        this.fail(
          first!.at,
          `non executable command in pipeline stage ${commands.findIndex((c) => c.operands[0] === first) + 1}`,
        );
      }
    });
    return { declared, assigns, commands, at };
  }

  private command(cursor: Cursor, context: string): Command {
    const operands: Operand[] = [];
    const at = cursor.peek()?.at ?? cursor.at;
    for (;;) {
      const token = cursor.peek();
      if (token === undefined || token.text === "|" || token.text === ")") break;
      operands.push(this.operand(cursor, token));
    }
    if (operands.length === 0)
      this.fail(
        at,
        cursor.peek() === undefined && context !== "command"
          ? `missing value for ${context}`
          : "missing value for command",
      );
    return { operands, at };
  }

  private variable(name: string, at: number): void {
    if (!this.variables.includes(name)) this.fail(at, `undefined variable ${JSON.stringify(name)}`);
  }

  private operand(cursor: Cursor, token: Token): Operand {
    cursor.take();
    const { at, text } = token;
    switch (token.kind) {
      case "string":
        return { kind: "literal", value: unquote(text), text, at };
      case "number":
        return { kind: "literal", value: numberOf(text), text, at };
      case "char":
        return { kind: "literal", value: unquote(`"${text.slice(1, -1)}"`).codePointAt(0) ?? 0, text, at };
      case "field": {
        // A chain stands where its second field does.
        const chained = cursor.chainAt(at);
        const names = [text.slice(1), ...cursor.chain()];
        return text === "." ? { kind: "dot", at } : { kind: "field", names, at: chained };
      }
      case "variable":
        this.variable(text, at);
        return { kind: "variable", at: cursor.chainAt(at), name: text, names: cursor.chain() };
      case "identifier":
        if (text === "true" || text === "false") return { kind: "literal", value: text === "true", text, at };
        if (text === "nil") return { kind: "nil", at };
        if (!this.known(text)) this.fail(at, `function ${JSON.stringify(text)} not defined`);
        return { kind: "function", name: text, at };
      default:
        if (text !== "(") this.fail(at, `unexpected <${text}> in operand`);
    }
    const pipe = this.pipe(cursor, "parenthesized pipeline");
    if (!cursor.accept(")")) this.fail(at, "unclosed left paren");
    return { kind: "pipe", pipe, names: cursor.chain(), at };
  }
}

/** A walk over the words of one action. */
class Cursor {
  private i = 0;

  constructor(
    private readonly tokens: readonly Token[],
    readonly at: number,
    private readonly parser: Parser,
  ) {}

  /** The next word past spaces, or the one after it. */
  peek(ahead = 0): Token | undefined {
    let left = ahead;
    for (let i = this.i; i < this.tokens.length; i++) {
      if (this.tokens[i]!.kind !== "space" && left-- === 0) return this.tokens[i];
    }
    return undefined;
  }

  take(): void {
    while (this.tokens[this.i]?.kind === "space") this.i++;
    this.i++;
  }

  accept(text: string): boolean {
    if (this.peek()?.text !== text) return false;
    this.take();
    return true;
  }

  mark(): number {
    return this.i;
  }

  reset(mark: number): void {
    this.i = mark;
  }

  /** Where a chain of fields begins, `at` when there is none. */
  chainAt(at: number): number {
    const next = this.tokens[this.i];
    return next?.kind === "field" && next.text !== "." ? next.at : at;
  }

  /** Fields that stand at once after an operand: `.a.b` of `$x.a.b`. */
  chain(): string[] {
    const names: string[] = [];
    for (
      let token = this.tokens[this.i];
      token?.kind === "field" && token.text !== ".";
      token = this.tokens[++this.i]
    ) {
      names.push(token.text.slice(1));
    }
    return names;
  }

  string(context: string): string {
    const token = this.peek();
    if (token?.kind !== "string")
      this.parser.fail(this.at, `unexpected ${JSON.stringify(token?.text ?? "}}")} in ${context}`);
    this.take();
    return unquote(token.text);
  }

  end(context: string): void {
    const left = this.peek();
    if (left !== undefined)
      this.parser.fail(
        left.at,
        `unexpected ${left.text === ")" ? "right paren" : JSON.stringify(left.text)} in ${context}`,
      );
  }
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", a: "\x07", b: "\b", f: "\f", v: "\v" };

function unquote(text: string): string {
  if (text.startsWith("`")) return text.slice(1, -1);
  return text
    .slice(1, -1)
    .replace(/\\(?:x([\da-f]{2})|u([\da-f]{4})|U([\da-f]{8})|([0-7]{3})|(.))/gi, (_, x, u, long, octal, char) => {
      const hex = x ?? u ?? long;
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      return ESCAPES[char as string] ?? (char as string);
    });
}

function numberOf(text: string): number {
  const plain = text.replaceAll("_", "");
  if (/^[+-]/.test(plain)) return (plain[0] === "-" ? -1 : 1) * Number(plain.slice(1));
  return /^0[0-7]+$/.test(plain) ? Number.parseInt(plain, 8) : Number(plain);
}
