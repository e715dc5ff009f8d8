import { isPrint } from "../../../text/go-quote.ts";
import { unquote } from "../template/strconv.ts";
import { Float64 } from "../template/values.ts";

/** Errors of a template, in the words of client-go util/jsonpath. */
export class JsonPathError extends Error {
  /** What was found until then, which is what a filter for existence looks at. */
  readonly found: readonly unknown[];

  constructor(message: string, found: readonly unknown[] = []) {
    super(message);
    this.found = found;
  }
}

export interface Bound {
  known: boolean;
  value: number;
  /** The end was made from the start: `[2]`. */
  derived?: boolean;
}

export type Node =
  | { type: "list"; nodes: Node[] }
  | { type: "text"; text: string }
  | { type: "field"; name: string }
  | { type: "array"; bounds: [Bound, Bound, Bound] }
  | { type: "filter"; left: Node[]; operator: string; right: Node[] }
  | { type: "number"; value: number | Float64 }
  | { type: "bool"; value: boolean }
  | { type: "wildcard" }
  | { type: "recursive" }
  | { type: "union"; lists: Node[][] }
  | { type: "identifier"; name: string };

const isSpace = (c: string) => c === " " || c === "\t";
const isLineEnd = (c: string) => c === "\r" || c === "\n";
const isTerminator = (c: string) => c === "" || isSpace(c) || isLineEnd(c) || ".,[]$@{}".includes(c);
const isDigit = (c: string) => /^\p{Nd}$/u.test(c);
const isAlphaNumeric = (c: string) => /^[\p{L}\p{Nd}_]$/u.test(c);

/** Parses a template: text with actions in braces. Throws JsonPathError. */
export function parseJsonPath(text: string): Node[] {
  return new Parser(text).template();
}

class Parser {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  template(): Node[] {
    const nodes: Node[] = [];
    while (this.at < this.text.length) {
      const brace = this.text.indexOf("{", this.at);
      const end = brace < 0 ? this.text.length : brace;
      if (end > this.at) nodes.push({ type: "text", text: this.text.slice(this.at, end) });
      this.at = end;
      if (brace < 0) break;
      this.at++;
      const list: Node[] = [];
      nodes.push({ type: "list", nodes: list });
      this.action(list);
    }
    return nodes;
  }

  private next(): string {
    const code = this.text.codePointAt(this.at);
    if (code === undefined) return "";
    const char = String.fromCodePoint(code);
    this.at += char.length;
    return char;
  }

  private action(out: Node[]): void {
    for (;;) {
      if (this.text.startsWith("}", this.at)) {
        this.at++;
        return;
      }
      if (this.text.startsWith("[?(", this.at)) {
        this.filter(out);
        continue;
      }
      if (this.text.startsWith("..", this.at)) {
        if (out.at(-1)?.type === "recursive") throw new JsonPathError("invalid multiple recursive descent");
        this.at += 2;
        out.push({ type: "recursive" });
        if (isAlphaNumeric(this.text[this.at] ?? "")) this.field(out);
        continue;
      }
      const start = this.at;
      const c = this.next();
      if (c === "" || isLineEnd(c)) throw new JsonPathError("unclosed action");
      if (c === " " || c === "@" || c === "$") continue;
      if (c === "[") this.array(out, start);
      else if (c === '"' || c === "'") this.quoted(out, c, start);
      else if (c === ".") this.field(out);
      else if (c === "+" || c === "-" || isDigit(c)) this.number(out, start);
      else if (isAlphaNumeric(c)) this.identifier(out, start);
      else {
        const code = c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
        throw new JsonPathError(`unrecognized character in action: U+${code}${isPrint(c) ? ` '${c}'` : ""}`);
      }
    }
  }

  private word(): void {
    while (!isTerminator(this.text[this.at] ?? "")) this.at++;
  }

  private identifier(out: Node[], start: number): void {
    this.word();
    const name = this.text.slice(start, this.at);
    if (name === "true" || name === "false") out.push({ type: "bool", value: name === "true" });
    else out.push({ type: "identifier", name });
  }

  private field(out: Node[]): void {
    const start = this.at;
    for (;;) {
      const c = this.text[this.at] ?? "";
      if (c === "\\") this.at += 2;
      else if (isTerminator(c)) break;
      else this.at++;
    }
    const name = this.text.slice(start, this.at);
    out.push(name === "*" ? { type: "wildcard" } : { type: "field", name: name.replace(/\\/g, "") });
  }

  private number(out: Node[], start: number): void {
    while (isDigit(this.text[this.at] ?? "") || this.text[this.at] === ".") this.at++;
    const text = this.text.slice(start, this.at);
    if (!/^[-+]?(\d+\.?\d*|\.\d+)$/.test(text)) throw new JsonPathError(`cannot parse number ${text}`);
    out.push({ type: "number", value: text.includes(".") ? new Float64(Number(text)) : Number(text) });
  }

  private quoted(out: Node[], quote: string, start: number): void {
    for (;;) {
      const c = this.next();
      if (c === "" || c === "\n") throw new JsonPathError("unterminated quoted string");
      if (c === quote && this.text[this.at - 2] !== "\\") break;
    }
    const text = this.text.slice(start, this.at);
    const value = unquote(text);
    if (value === undefined) throw new JsonPathError(`unquote string ${text} error invalid syntax`);
    out.push({ type: "text", text: value });
  }

  private array(out: Node[], start: number): void {
    for (;;) {
      const c = this.next();
      if (c === "" || c === "\n") throw new JsonPathError("unterminated array");
      if (c === "]") break;
    }
    let text = this.text.slice(start + 1, this.at - 1);
    if (text === "*") text = ":";
    const parts = text.split(",");
    if (parts.length > 1) {
      out.push({ type: "union", lists: parts.map((part) => inner(`[${part.replace(/^ +| +$/g, "")}]`)) });
      return;
    }
    const key = /^'([^']*)'$/.exec(text);
    if (key) {
      out.push(...inner(`.${key[1]}`));
      return;
    }
    const match = /^(-?\d*)(:-?\d*)?(:-?\d*)?$/.exec(text);
    if (match === null) throw new JsonPathError(`invalid array index ${text}`);
    out.push({ type: "array", bounds: bounds(match) });
  }

  private filter(out: Node[]): void {
    this.at += 3;
    const start = this.at;
    let begin = false;
    let end = false;
    let pair = "";
    for (;;) {
      const c = this.next();
      if (c === "" || c === "\n") throw new JsonPathError("unterminated filter");
      if (c === '"' || c === "'") {
        if (!begin) {
          begin = true;
          pair = c;
        } else if (this.text[this.at - 2] !== "\\" && c === pair) end = true;
      } else if (c === ")" && begin === end) break;
    }
    if (this.next() !== "]") throw new JsonPathError("unclosed array expect ]");
    const text = this.text.slice(start, this.at - 2);
    const match = /^([^!<>=]+)([!<>=]+)(.+?)$/.exec(text);
    if (match === null) out.push({ type: "filter", left: inner(text), operator: "exists", right: [] });
    else out.push({ type: "filter", left: inner(match[1]!), operator: match[2]!, right: inner(match[3]!) });
  }
}

/** The nodes of one action's text. */
function inner(text: string): Node[] {
  const [first] = parseJsonPath(`{${text}}`);
  return first?.type === "list" ? first.nodes : [];
}

function bounds(match: RegExpExecArray): [Bound, Bound, Bound] {
  const out: Bound[] = [];
  for (let i = 0; i < 3; i++) {
    const text = match[i + 1] ?? "";
    if (text === "") {
      out.push(i === 1 ? { known: true, value: out[0]!.value + 1, derived: true } : { known: false, value: 0 });
      continue;
    }
    const digits = i > 0 ? text.slice(1) : text;
    if (i > 0 && digits === "") out.push({ known: false, value: 0 });
    else if (digits === "-" || Math.abs(Number(digits)) >= 2 ** 63)
      throw new JsonPathError(`array index ${digits} is not a number`);
    else out.push({ known: true, value: Number(digits) });
  }
  return out as [Bound, Bound, Bound];
}
