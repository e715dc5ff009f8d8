/** The expressions of mikefarah's yq, v4: its own precedences, in which a comma binds less than a pipe (pkg/yqlib). */

export type Ast =
  | { t: "self" }
  | { t: "path"; of: Ast; key: Ast; optional: boolean }
  | { t: "splat"; of: Ast; optional: boolean }
  | { t: "slice"; of: Ast; from: Ast | undefined; to: Ast | undefined }
  | { t: "deep"; keys: boolean }
  | { t: "literal"; value: string | number | boolean | null; text?: string }
  | { t: "text"; parts: (string | Ast)[] }
  | { t: "list"; of: Ast | undefined }
  | { t: "object"; pairs: Ast | undefined }
  | { t: "pair"; key: Ast; value: Ast }
  | { t: "call"; name: string; args: Ast[] }
  | { t: "variable"; name: string }
  | { t: "bind"; of: Ast; name: string; reference: boolean }
  | { t: "fold"; of: Ast; init: Ast; body: Ast }
  | { t: "binary"; op: string; left: Ast; right: Ast };

/** A wrong expression, in yq's words. */
export class YqSyntax extends Error {}

/** How tightly binary operators bind; all go from left to right. */
const BINDING: Readonly<Record<string, number>> = {
  ",": 10,
  ":": 15,
  or: 20,
  and: 20,
  "|": 30,
  "=": 40,
  "|=": 40,
  "+=": 40,
  "-=": 40,
  "*=": 40,
  "/=": 40,
  "%=": 40,
  "//=": 40,
  "==": 40,
  "!=": 40,
  "<": 40,
  ">": 40,
  "<=": 40,
  ">=": 40,
  "+": 42,
  "-": 42,
  "*": 42,
  "/": 42,
  "%": 42,
  "//": 42,
};

/** What may be set besides a value: `.a style="double"`. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  style: "style",
  tag: "tag",
  anchor: "anchor",
  alias: "alias",
  line_comment: "line_comment",
  lineComment: "line_comment",
  head_comment: "head_comment",
  headComment: "head_comment",
  foot_comment: "foot_comment",
  footComment: "foot_comment",
  comments: "comments",
};

/** Parses an expression; `known` tells the functions there are. Throws `YqSyntax`. */
export function parseYq(source: string, known: (name: string) => boolean = () => true): Ast {
  return new Parser(source, known).whole();
}

/** As much of a text as the lexer's complaints show. */
const shortened = (text: string): string => (text.length > 16 ? `${text.slice(0, 16)}...` : text);

class Parser {
  private at = 0;
  private readonly source: string;
  private readonly known: (name: string) => boolean;

  constructor(source: string, known: (name: string) => boolean) {
    this.source = source;
    this.known = known;
  }

  whole(): Ast {
    this.blanks();
    if (this.at >= this.source.length) return { t: "self" };
    const ast = this.expression(0);
    this.blanks();
    if (this.at < this.source.length) this.wrong();
    return ast;
  }

  private wrong(): never {
    this.blanks();
    const rest = this.source.slice(this.at);
    const line = this.source.slice(0, this.at).split("\n").length;
    if (rest === "") throw new YqSyntax("unexpected end of expression");
    if (rest.startsWith(")")) throw new YqSyntax("bad expression, got close brackets without matching opening bracket");
    throw new YqSyntax(`${line}:${this.at + 1}: invalid input text ${JSON.stringify(shortened(rest))}`);
  }

  private blanks(): void {
    const match = /^(?:[\s]+|#[^\n]*)*/.exec(this.source.slice(this.at));
    this.at += match?.[0].length ?? 0;
  }

  /** Takes a text if it comes next. */
  private take(pattern: RegExp): string | undefined {
    this.blanks();
    const found = pattern.exec(this.source.slice(this.at))?.[0];
    if (found === undefined || found === "") return undefined;
    this.at += found.length;
    return found;
  }

  private operator(): { op: string; binding: number } | undefined {
    const start = this.at;
    const attribute = this.take(/^[a-zA-Z_]+\s*\|?=(?!=)/);
    if (attribute !== undefined) {
      const [, name = "", sign = ""] = /^(\w+?)\s*(\|?=)$/.exec(attribute) ?? [];
      if (name in ATTRIBUTES) return { op: `${ATTRIBUTES[name]} ${sign}`, binding: 40 };
      this.at = start;
    }
    const word = this.take(/^(?:and|or)\b/i);
    if (word !== undefined) return { op: word.toLowerCase(), binding: 20 };
    const clobber = this.take(/^=c(?=\s)/);
    if (clobber !== undefined) return { op: clobber, binding: 40 };
    const merge = this.take(/^\*=?[+?ndc]*(?![\w(])/);
    if (merge !== undefined) return { op: merge, binding: merge.startsWith("*=") ? 40 : 42 };
    const op = this.take(/^(?:\/\/=|\/\/|==|!=|<=|>=|\|=|\+=|-=|\/=|%=|[,:|=<>+\-*/%])/);
    if (op === undefined) {
      this.at = start;
      return undefined;
    }
    return { op, binding: BINDING[op]! };
  }

  private expression(least: number): Ast {
    let left = this.postfix();
    for (;;) {
      const start = this.at;
      const found = this.operator();
      if (found === undefined || found.binding < least) {
        this.at = start;
        return left;
      }
      this.blanks();
      if (this.at >= this.source.length)
        throw new YqSyntax(`'${found.op.split(" ").at(-1)}' expects 2 args but there is 1`);
      const right = this.expression(found.binding + 1);
      left = found.op === ":" ? { t: "pair", key: left, value: right } : { t: "binary", op: found.op, left, right };
    }
  }

  /** A primary and what follows it closely: keys, brackets, `as $x`, `ireduce`. */
  private postfix(): Ast {
    let ast = this.primary();
    for (;;) {
      const rest = this.source.slice(this.at);
      if (rest.startsWith("?")) {
        this.at++;
        if (ast.t === "path" || ast.t === "splat") ast = { ...ast, optional: true };
      } else if (/^\.?\[/.test(rest)) {
        this.at += rest.startsWith(".") ? 2 : 1;
        ast = this.brackets(ast);
      } else if (/^\.(?=["a-zA-Z0-9_$])/.test(rest) && ast.t !== "literal") {
        this.at++;
        ast = this.key(ast);
      } else break;
    }
    const start = this.at;
    const bound = this.take(/^(?:as|ref)\s+\$[a-zA-Z_]\w*/);
    if (bound !== undefined) {
      ast = { t: "bind", of: ast, name: bound.replace(/^\w+\s+\$/, ""), reference: bound.startsWith("ref") };
      if (this.take(/^ireduce\b/) !== undefined) {
        if (this.take(/^\(/) === undefined) this.wrong();
        const init = this.expression(0);
        if (this.take(/^;/) === undefined) this.wrong();
        const body = this.expression(0);
        if (this.take(/^\)/) === undefined) this.wrong();
        ast = { t: "fold", of: ast, init, body };
      }
    } else this.at = start;
    return ast;
  }

  private key(of: Ast): Ast {
    if (this.source[this.at] === '"') return { t: "path", of, key: this.quoted(), optional: false };
    const name = /^[a-zA-Z0-9_$-]+\*?/.exec(this.source.slice(this.at))?.[0];
    if (name === undefined) this.wrong();
    this.at += name.length;
    return { t: "path", of, key: { t: "literal", value: name }, optional: false };
  }

  private brackets(of: Ast): Ast {
    this.blanks();
    if (this.at >= this.source.length) throw new YqSyntax("bad expression, could not find matching `]`");
    if (this.take(/^\]/) !== undefined) return { t: "splat", of, optional: false };
    const from = this.take(/^:/) === undefined ? this.expression(16) : undefined;
    if (from === undefined || this.take(/^:/) !== undefined) {
      const to =
        this.take(/^(?=\])/) === undefined && !/^\s*\]/.test(this.source.slice(this.at))
          ? this.expression(16)
          : undefined;
      if (this.take(/^\]/) === undefined) this.wrong();
      return { t: "slice", of, from, to };
    }
    let inner = from;
    if (/^\s*,/.test(this.source.slice(this.at))) {
      this.take(/^,/);
      inner = { t: "binary", op: ",", left: from, right: this.expression(0) };
    }
    if (this.take(/^\]/) === undefined) this.wrong();
    return { t: "path", of, key: inner, optional: false };
  }

  private primary(): Ast {
    this.blanks();
    const rest = this.source.slice(this.at);
    if (rest.startsWith("...")) {
      this.at += 3;
      return { t: "deep", keys: true };
    }
    if (rest.startsWith("..")) {
      this.at += 2;
      return { t: "deep", keys: false };
    }
    if (rest.startsWith(".[")) {
      this.at += 2;
      return this.brackets({ t: "self" });
    }
    if (/^\.(?=["a-zA-Z0-9_$])/.test(rest)) {
      this.at++;
      return this.key({ t: "self" });
    }
    if (rest.startsWith(".")) {
      this.at++;
      return { t: "self" };
    }
    if (rest.startsWith('"')) return this.quoted();
    const number = this.take(/^-?(?:0[xX][0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)/);
    if (number !== undefined) return { t: "literal", value: Number(number), text: number };
    if (this.take(/^\(/) !== undefined) {
      const inner = this.expression(0);
      if (this.take(/^\)/) === undefined) throw new YqSyntax("bad expression - probably missing close bracket on ')'");
      return inner.t === "binary" || inner.t === "bind"
        ? { t: "binary", op: "|", left: { t: "self" }, right: inner }
        : inner;
    }
    if (this.take(/^\[/) !== undefined) {
      this.blanks();
      if (this.at >= this.source.length) throw new YqSyntax("bad expression, could not find matching `]`");
      if (this.take(/^\]/) !== undefined) return { t: "list", of: undefined };
      const inner = this.expression(0);
      if (this.take(/^\]/) === undefined) throw new YqSyntax("bad expression, could not find matching `]`");
      return { t: "list", of: inner };
    }
    if (this.take(/^\{/) !== undefined) {
      if (this.take(/^\}/) !== undefined) return { t: "object", pairs: undefined };
      const inner = this.expression(0);
      if (this.take(/^\}/) === undefined) throw new YqSyntax("bad expression, could not find matching `}`");
      return { t: "object", pairs: inner };
    }
    if (this.take(/^~/) !== undefined) return { t: "literal", value: null, text: "~" };
    const variable = this.take(/^\$[a-zA-Z_]\w*/);
    if (variable !== undefined) return { t: "variable", name: variable.slice(1) };
    const name = this.take(/^@?[a-zA-Z_]\w*/);
    if (name === undefined) this.wrong();
    return this.named(name);
  }

  private named(name: string): Ast {
    if (/^(true|TRUE|True)$/.test(name)) return { t: "literal", value: true };
    if (/^(false|FALSE|False)$/.test(name)) return { t: "literal", value: false };
    if (/^null$/i.test(name)) return { t: "literal", value: null };
    if (/^(?:str)?env$/.test(name)) {
      const variable = this.take(/^\(\s*[^)]+\)/);
      if (variable === undefined) this.wrong();
      return { t: "call", name, args: [{ t: "literal", value: variable.slice(1, -1).trim() }] };
    }
    if (!this.known(name)) {
      this.at -= name.length;
      this.wrong();
    }
    const args: Ast[] = [];
    if (/^\s*\(/.test(this.source.slice(this.at))) {
      this.take(/^\(/);
      // envsubst(nu, ff) has words.
      const words = name === "envsubst" ? this.take(/^[a-z ,]+/) : undefined;
      if (words !== undefined) args.push({ t: "literal", value: words });
      // `with(a; b; )` ends with nothing.
      else
        do {
          if (/^\s*\)/.test(this.source.slice(this.at))) break;
          args.push(this.expression(name === "sub" || name === "with_dtf" ? 11 : 0));
        } while (this.take(name === "sub" || name === "with_dtf" ? /^[;,]/ : /^;/) !== undefined);
      if (this.take(/^\)/) === undefined) throw new YqSyntax("bad expression - probably missing close bracket on ')'");
    }
    return { t: "call", name, args };
  }

  /** A text in double quotes, `\(…)` within. */
  private quoted(): Ast {
    this.at++;
    const parts: (string | Ast)[] = [];
    let text = "";
    for (;;) {
      const char = this.source[this.at++];
      if (char === undefined) throw new YqSyntax("unexpected end of expression");
      if (char === '"') break;
      if (char !== "\\") {
        text += char;
        continue;
      }
      const next = this.source[this.at++];
      if (next === "(") {
        parts.push(text);
        text = "";
        parts.push(this.expression(0));
        if (this.take(/^\)/) === undefined) this.wrong();
      } else text += { n: "\n", t: "\t", r: "\r", '"': '"', "\\": "\\" }[next ?? ""] ?? `\\${next ?? ""}`;
    }
    if (parts.length === 0) return { t: "literal", value: text };
    return { t: "text", parts: [...parts, text] };
  }
}
