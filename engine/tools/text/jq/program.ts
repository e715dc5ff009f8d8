/** Whole programs and modules of jq: what stands before the expression. */
import type { Json, JsonObject } from "./json.ts";
import { Parser } from "./parser.ts";
import { type Ast, CompileError, compileReport } from "./syntax.ts";

/** One `import` or `include` of a program. */
export interface Directive {
  path: string;
  /** Undefined for `include`. */
  alias: string | undefined;
  data: boolean;
  meta: JsonObject;
}

/** A module. */
export interface Unit {
  meta: JsonObject;
  directives: Directive[];
  definitions: (Ast & { t: "def" })[];
}

/** Parses a program. Throws `CompileError`. */
export function parseJq(source: string): Ast {
  return new ProgramParser(source).program().ast;
}

/** Parses a program with the directives before it. Throws `CompileError`. */
export function parseProgram(source: string): { directives: Directive[]; ast: Ast } {
  return new ProgramParser(source).program();
}

/** Parses a module: directives and definitions. Throws `CompileError`. */
export function parseModule(source: string): Unit {
  return new ProgramParser(source).module();
}

const NOTHING = 'jq: error: Top-level program not given (try ".")\njq: 1 compile error\n';

class ProgramParser extends Parser {
  program(): { directives: Directive[]; ast: Ast } {
    this.tokens = this.lex(undefined);
    if (this.peek().type === "end") throw new CompileError(NOTHING);
    this.moduleMeta();
    const directives = this.directives();
    const begun = this.position;
    while (this.is("def")) this.definition();
    if (this.peek().type === "end" && this.position > begun) throw new CompileError(NOTHING);
    this.position = begun;
    const ast = this.pipe();
    if (this.peek().type !== "end") this.unexpected("end of file");
    return { directives, ast };
  }

  module(): Unit {
    this.tokens = this.lex(undefined);
    const meta = this.moduleMeta();
    const directives = this.directives();
    const definitions: Unit["definitions"] = [];
    while (this.is("def")) definitions.push(this.definition());
    if (this.peek().type !== "end") this.unexpected("end of file");
    return { meta, directives, definitions };
  }

  private moduleMeta(): JsonObject {
    if (!this.accept("module")) return new Map();
    const meta = this.metadata();
    this.expect(";");
    return meta;
  }

  private directives(): Directive[] {
    const out: Directive[] = [];
    while (this.is("import") || this.is("include")) {
      const imported = this.next().text === "import";
      const token = this.next();
      if (token.type !== "string") {
        this.position--;
        this.unexpected("FORMAT or QQSTRING_START");
      }
      const parts = token.parts ?? [];
      if (parts.some((part) => typeof part !== "string")) {
        throw this.error("Import path must be constant", token.at);
      }
      let alias: string | undefined;
      let data = false;
      if (imported) {
        this.expect("as", "as");
        const name = this.next();
        data = name.type === "var";
        if (!data && name.type !== "ident") {
          this.position--;
          this.unexpected();
        }
        alias = name.text;
      }
      const meta = this.is(";") ? new Map<string, Json>() : this.metadata();
      this.expect(";");
      out.push({ path: parts.join(""), alias, data, meta });
    }
    return out;
  }

  /** The constant object behind a directive. */
  private metadata(): JsonObject {
    const value = constant(this.postfix());
    if (value === undefined) throw this.atTop("Module metadata must be constant");
    if (!(value instanceof Map)) throw this.atTop("Module metadata must be an object");
    return value;
  }

  private atTop(message: string): CompileError {
    return new CompileError(compileReport(this.source, message, 0));
  }
}

/** The value that a tree without anything to work out stands for; undefined when it is no constant. */
function constant(ast: Ast): Json | undefined {
  if (ast.t === "value") return ast.value;
  if (ast.t === "string") {
    return ast.parts.every((part) => typeof part === "string") ? ast.parts.join("") : undefined;
  }
  if (ast.t === "array") {
    if (ast.body === undefined) return [];
    const items: Json[] = [];
    for (let at: Ast | undefined = ast.body; at !== undefined; ) {
      const [item, next]: [Ast, Ast | undefined] = at.t === "comma" ? [at.right, at.left] : [at, undefined];
      const value = constant(item);
      if (value === undefined) return undefined;
      items.unshift(value);
      at = next;
    }
    return items;
  }
  if (ast.t === "object") {
    const out: JsonObject = new Map();
    for (const entry of ast.entries) {
      const [key, value] = [constant(entry.key), constant(entry.value)];
      if (typeof key !== "string" || value === undefined) return undefined;
      out.set(key, value);
    }
    return out;
  }
  if (ast.t === "call" && ast.args.length === 0) {
    const words: Record<string, Json> = { true: true, false: false, null: null };
    return words[ast.name];
  }
  return undefined;
}
