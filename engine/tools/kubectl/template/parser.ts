/** Go text/template's parser (parse/parse.go), with its words for what is wrong. */

import { quoteString } from "../../../text/go-quote.ts";
import { GoTemplateError } from "./error.ts";
import { Lexer, type Token, type TokenType, tokenText } from "./lexer.ts";
import { type CommandNode, nodeText, type Operand, type PipeNode, type Statement, type VariableNode } from "./nodes.ts";
import { parseNumber } from "./number.ts";
import { unquote } from "./strconv.ts";

/** Templates by their names. */
export type Templates = Map<string, Statement[]>;

/** Parses a template and those it defines. Throws GoTemplateError. */
export function parseTemplate(name: string, text: string, hasFunction: (name: string) => boolean): Templates {
  const trees: Templates = new Map();
  const source: Source = { name, lexer: new Lexer(text), hasFunction, trees, ahead: [] };
  new Parser(source).template();
  return trees;
}

/** What the parsers of one text share. */
interface Source {
  name: string;
  lexer: Lexer;
  hasFunction: (name: string) => boolean;
  trees: Templates;
  /** Tokens that were read and put back, the next one last. */
  ahead: Token[];
}

/** What ends a list of statements. */
interface Ending {
  kind: "end" | "else";
  at: number;
}

const OPERANDS = new Set<TokenType>([
  "bool",
  "character",
  "complex",
  "dot",
  "field",
  "identifier",
  "number",
  "nil",
  "raw string",
  "string",
  "variable",
  "left paren",
]);
const NOT_EXECUTABLE = new Set<Operand["kind"]>(["bool", "dot", "nil", "number", "string"]);

/** A tree of nothing but space. */
function isEmpty(list: readonly Statement[]): boolean {
  return list.every((node) => node.kind === "text" && node.text.trim() === "");
}

/** The parser of one template; each that is defined inside has its own. */
class Parser {
  private variables = ["$"];
  private actionLine = 0;
  private rangeDepth = 0;
  /** Of the token that this parser read last. */
  private line = 0;

  constructor(private readonly source: Source) {}

  template(): void {
    const list: Statement[] = [];
    while (this.peek().type !== "eof") {
      if (this.peek().type === "left delimiter") {
        const delimiter = this.next();
        const token = this.nextWord();
        if (token.type === "define") {
          new Parser(this.source).definition();
          continue;
        }
        this.putBack(token, delimiter);
      }
      const node = this.statement();
      if (isEnding(node)) this.fail(`unexpected {{${node.kind}}}`);
      list.push(node);
    }
    this.add(this.source.name, list);
  }

  private definition(): void {
    const context = "define clause";
    const token = this.nextWord();
    if (token.type !== "string" && token.type !== "raw string") this.unexpected(token, context);
    const name = this.unquoted(token);
    this.expect("right delimiter", context);
    this.body(name, context);
  }

  private body(name: string, context: string): void {
    const [list, ending] = this.statements();
    if (ending.kind !== "end") this.fail(`unexpected {{${ending.kind}}} in ${context}`);
    this.add(name, list);
  }

  private add(name: string, list: Statement[]): void {
    const known = this.source.trees.get(name);
    if (known === undefined || isEmpty(known)) this.source.trees.set(name, list);
    else if (!isEmpty(list)) this.fail(`template: multiple definition of template ${quoteString(name)}`);
  }

  // ---- tokens -------------------------------------------------------------------------------------------------------

  private next(): Token {
    const ready = this.source.ahead.pop();
    if (ready !== undefined) return ready;
    const token = this.source.lexer.next();
    this.line = token.line;
    return token;
  }

  private putBack(...tokens: Token[]): void {
    this.source.ahead.push(...tokens);
  }

  private peek(): Token {
    const token = this.next();
    this.putBack(token);
    return token;
  }

  private nextWord(): Token {
    for (;;) {
      const token = this.next();
      if (token.type !== "space") return token;
    }
  }

  private peekWord(): Token {
    const token = this.nextWord();
    this.putBack(token);
    return token;
  }

  private fail(text: string): never {
    throw new GoTemplateError(`template: ${this.source.name}:${this.line}: ${text}`);
  }

  private unexpected(token: Token, context: string): never {
    if (token.type !== "error") this.fail(`unexpected ${tokenText(token)} in ${context}`);
    let extra = "";
    if (this.actionLine !== 0 && this.actionLine !== token.line) {
      extra = `${token.text.endsWith(" action") ? "" : " in action"} started at ${this.source.name}:${this.actionLine}`;
    }
    this.fail(token.text + extra);
  }

  private expect(type: TokenType, context: string): Token {
    const token = this.nextWord();
    if (token.type !== type) this.unexpected(token, context);
    return token;
  }

  private unquoted(token: Token): string {
    return unquote(token.text) ?? this.fail("invalid syntax");
  }

  // ---- statements ---------------------------------------------------------------------------------------------------

  private statements(): [Statement[], Ending] {
    const list: Statement[] = [];
    while (this.peekWord().type !== "eof") {
      const node = this.statement();
      if (isEnding(node)) return [list, node];
      list.push(node);
    }
    return this.fail("unexpected EOF");
  }

  private statement(): Statement | Ending {
    const token = this.nextWord();
    if (token.type === "text") return { kind: "text", at: token.at, text: token.text };
    if (token.type !== "left delimiter") this.unexpected(token, "input");
    this.actionLine = token.line;
    const node = this.action();
    this.actionLine = 0;
    return node;
  }

  private action(): Statement | Ending {
    const token = this.nextWord();
    switch (token.type) {
      case "block":
        return this.block();
      case "break":
      case "continue":
        return this.jump(token.type, token.at);
      case "else": {
        const next = this.peekWord();
        if (next.type === "if" || next.type === "with") return { kind: "else", at: next.at };
        return { kind: "else", at: this.expect("right delimiter", "else").at };
      }
      case "end":
        return { kind: "end", at: this.expect("right delimiter", "end").at };
      case "if":
      case "range":
      case "with":
        return this.branch(token.type);
      case "template":
        return this.invocation();
    }
    this.putBack(token);
    return { kind: "action", at: token.at, pipe: this.pipeline("command", "right delimiter") };
  }

  private jump(kind: "break" | "continue", at: number): Statement {
    const token = this.nextWord();
    if (token.type !== "right delimiter") this.unexpected(token, `{{${kind}}}`);
    if (this.rangeDepth === 0) this.fail(`{{${kind}}} outside {{range}}`);
    return { kind, at };
  }

  private branch(kind: "if" | "range" | "with"): Statement {
    const mark = this.variables.length;
    const pipe = this.pipeline(kind, "right delimiter");
    if (kind === "range") this.rangeDepth++;
    const [list, ending] = this.statements();
    if (kind === "range") this.rangeDepth--;
    let otherwise: Statement[] | undefined;
    if (ending.kind === "else") otherwise = this.otherwise(kind);
    this.variables.length = mark;
    return { kind, at: pipe.at, pipe, list, otherwise };
  }

  private otherwise(kind: "if" | "range" | "with"): Statement[] {
    if (kind !== "range" && this.peek().type === kind) {
      this.next();
      return [this.branch(kind)];
    }
    const [list, ending] = this.statements();
    if (ending.kind !== "end") this.fail(`expected end; found {{${ending.kind}}}`);
    return list;
  }

  private templateName(token: Token, context: string): string {
    if (token.type !== "string" && token.type !== "raw string") this.unexpected(token, context);
    return this.unquoted(token);
  }

  private block(): Statement {
    const context = "block clause";
    const token = this.nextWord();
    const name = this.templateName(token, context);
    const pipe = this.pipeline(context, "right delimiter");
    new Parser(this.source).body(name, context);
    return { kind: "template", at: token.at, name, pipe };
  }

  private invocation(): Statement {
    const context = "template clause";
    const token = this.nextWord();
    const name = this.templateName(token, context);
    const after = this.nextWord();
    if (after.type === "right delimiter") return { kind: "template", at: token.at, name, pipe: undefined };
    this.putBack(after);
    return { kind: "template", at: token.at, name, pipe: this.pipeline(context, "right delimiter") };
  }

  // ---- pipelines ----------------------------------------------------------------------------------------------------

  private pipeline(context: string, end: TokenType): PipeNode {
    const pipe: PipeNode = { kind: "pipe", at: this.peekWord().at, assigns: false, variables: [], commands: [] };
    this.declarations(pipe, context);
    for (;;) {
      const token = this.nextWord();
      if (token.type === end) break;
      if (!OPERANDS.has(token.type)) this.unexpected(token, context);
      this.putBack(token);
      pipe.commands.push(this.command());
    }
    if (pipe.commands.length === 0) this.fail(`missing value for ${context}`);
    pipe.commands.forEach((command, i) => {
      if (i > 0 && NOT_EXECUTABLE.has(command.args[0].kind)) {
        this.fail(`non executable command in pipeline stage ${i + 1}`);
      }
    });
    return pipe;
  }

  /** `$x :=`, `$x =`, and `$i, $x :=` of a range. */
  private declarations(pipe: PipeNode, context: string): void {
    while (this.peekWord().type === "variable") {
      const variable = this.next();
      const after = this.next();
      const next = after.type === "space" ? this.nextWord() : after;
      const declare = () => {
        pipe.variables.push({ kind: "variable", at: variable.at, names: variable.text.split(".") });
        this.variables.push(variable.text);
      };
      if (next.type === "assign" || next.type === "declare") {
        pipe.assigns = next.type === "assign";
        declare();
        return;
      }
      if (next.type !== "char" || next.text !== ",") {
        this.putBack(next, ...(after === next ? [] : [after]), variable);
        return;
      }
      declare();
      if (context !== "range" || pipe.variables.length >= 2) this.fail(`too many declarations in ${context}`);
      if (!["variable", "right delimiter", "right paren"].includes(this.peekWord().type)) {
        this.fail("range can only initialize variables");
      }
    }
  }

  private command(): CommandNode {
    const at = this.peekWord().at;
    const args: Operand[] = [];
    for (;;) {
      this.peekWord();
      const operand = this.operand();
      if (operand !== undefined) args.push(operand);
      const token = this.next();
      if (token.type === "space") continue;
      if (token.type === "right delimiter" || token.type === "right paren") this.putBack(token);
      else if (token.type !== "pipe") this.unexpected(token, "operand");
      break;
    }
    const [first, ...rest] = args;
    if (first === undefined) this.fail("empty command");
    return { kind: "command", at, args: [first, ...rest] };
  }

  private operand(): Operand | undefined {
    const node = this.term();
    const first = this.peek();
    if (node === undefined || first.type !== "field") return node;
    const fields: string[] = [];
    while (this.peek().type === "field") fields.push(this.next().text.slice(1));
    if (node.kind === "field" || node.kind === "variable") {
      return { kind: node.kind, at: first.at, names: [...node.names, ...fields] };
    }
    if (NOT_EXECUTABLE.has(node.kind)) this.fail(`unexpected . after term ${quoteString(nodeText(node))}`);
    return { kind: "chain", at: first.at, node, fields };
  }

  private term(): Operand | undefined {
    const token = this.nextWord();
    const { at, text } = token;
    switch (token.type) {
      case "identifier":
        if (!this.source.hasFunction(text)) this.fail(`function ${quoteString(text)} not defined`);
        return { kind: "identifier", at, name: text };
      case "dot":
        return { kind: "dot", at };
      case "nil":
        return { kind: "nil", at };
      case "variable":
        return this.variable(token);
      case "field":
        return { kind: "field", at, names: [text.slice(1)] };
      case "bool":
        return { kind: "bool", at, value: text === "true" };
      case "character":
      case "complex":
      case "number": {
        const number = parseNumber(text, token.type, at);
        return typeof number === "string" ? this.fail(number) : number;
      }
      case "left paren":
        return this.pipeline("parenthesized pipeline", "right paren");
      case "string":
      case "raw string":
        return { kind: "string", at, quoted: text, text: this.unquoted(token) };
    }
    this.putBack(token);
    return undefined;
  }

  private variable({ at, text }: Token): VariableNode {
    if (!this.variables.includes(text)) this.fail(`undefined variable ${quoteString(text)}`);
    return { kind: "variable", at, names: [text] };
  }
}

function isEnding(node: Statement | Ending): node is Ending {
  return node.kind === "end" || node.kind === "else";
}
