import { compareStrings, quote, sortedKeys, sprint } from "../go.ts";

/** Errors of a Go template, in the words of text/template. */
export class GoTemplateError extends Error {}

type Value = unknown;

interface Command {
  words: Word[];
}
type Word =
  | { kind: "field"; path: string[] }
  | { kind: "variable"; name: string; path: string[] }
  | { kind: "literal"; value: Value }
  | { kind: "function"; name: string }
  | { kind: "pipe"; pipe: Pipeline; path: string[] };
interface Pipeline {
  declares: string[];
  commands: Command[];
}
type Node =
  | { kind: "text"; text: string }
  | { kind: "action"; pipe: Pipeline }
  | { kind: "block"; type: "if" | "with" | "range"; pipe: Pipeline; body: Node[]; otherwise: Node[] };

/** A Go template (text/template) over decoded JSON: fields, range, if, with, variables, pipelines and the usual functions. */
export class GoTemplate {
  private readonly nodes: Node[];
  private readonly allowMissing: boolean;

  /** Throws GoTemplateError when it cannot be parsed. */
  constructor(text: string, allowMissing: boolean) {
    this.nodes = new Parser(text).parse();
    this.allowMissing = allowMissing;
  }

  /** The template filled in. Throws GoTemplateError. */
  execute(value: Value): string {
    return this.run(this.nodes, value, new Map([["$", value]]));
  }

  private run(nodes: readonly Node[], dot: Value, outer: ReadonlyMap<string, Value>): string {
    const scope = new Map(outer);
    let out = "";
    for (const node of nodes) {
      if (node.kind === "text") out += node.text;
      else if (node.kind === "action") {
        const value = this.pipeline(node.pipe, dot, scope);
        if (node.pipe.declares.length === 0) out += value === undefined ? "<no value>" : sprint(value);
      } else out += this.block(node, dot, scope);
    }
    return out;
  }

  private block(node: Node & { kind: "block" }, dot: Value, outer: ReadonlyMap<string, Value>): string {
    const scope = new Map(outer);
    const declares = node.pipe.declares;
    const value = this.pipeline(node.type === "range" ? { ...node.pipe, declares: [] } : node.pipe, dot, scope);
    if (node.type !== "range") {
      if (!truth(value)) return this.run(node.otherwise, dot, scope);
      return this.run(node.body, node.type === "with" ? value : dot, scope);
    }
    const entries: [Value, Value][] = Array.isArray(value)
      ? value.map((item, i) => [i, item])
      : isMap(value)
        ? sortedKeys(value).map((key) => [key, value[key]])
        : [];
    if (value !== null && value !== undefined && typeof value !== "object") {
      throw new GoTemplateError(`template: output:1: range can't iterate over ${sprint(value)}`);
    }
    if (entries.length === 0) return this.run(node.otherwise, dot, scope);
    return entries
      .map(([key, item]) => {
        if (declares.length === 1) scope.set(declares[0]!, item);
        else if (declares.length === 2) scope.set(declares[0]!, key).set(declares[1]!, item);
        return this.run(node.body, item, scope);
      })
      .join("");
  }

  private pipeline(pipe: Pipeline, dot: Value, scope: Map<string, Value>): Value {
    let value: Value;
    pipe.commands.forEach((command, i) => {
      value = this.command(command, dot, scope, i === 0 ? [] : [value]);
    });
    for (const name of pipe.declares) scope.set(name, value);
    return value;
  }

  private command({ words }: Command, dot: Value, scope: Map<string, Value>, piped: Value[]): Value {
    const [first, ...rest] = words as [Word, ...Word[]];
    if (first.kind !== "function") return this.word(first, dot, scope);
    return FUNCTIONS[first.name]!([...rest.map((word) => this.word(word, dot, scope)), ...piped]);
  }

  private word(word: Word, dot: Value, scope: Map<string, Value>): Value {
    switch (word.kind) {
      case "literal":
        return word.value;
      case "field":
        return this.walk(dot, word.path);
      case "variable":
        return this.walk(scope.get(word.name), word.path);
      case "pipe":
        return this.walk(this.pipeline(word.pipe, dot, scope), word.path);
      case "function":
        return this.command({ words: [word] }, dot, scope, []);
    }
  }

  private walk(from: Value, path: readonly string[]): Value {
    let value = from;
    for (const name of path) {
      if (value === undefined || value === null) return undefined;
      if (!isMap(value))
        throw new GoTemplateError(`template: output:1: can't evaluate field ${name} in type interface {}`);
      value = value[name];
      if (value === undefined && !this.allowMissing) {
        throw new GoTemplateError(`template: output:1: map has no entry for key ${quote(name)}`);
      }
    }
    return value;
  }
}

function isMap(value: Value): value is Record<string, Value> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function truth(value: Value): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === "") return false;
  if (Array.isArray(value)) return value.length > 0;
  return isMap(value) ? Object.keys(value).length > 0 : true;
}

function order(a: Value, b: Value): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return compareStrings(a, b);
  throw new GoTemplateError("template: output:1: incompatible types for comparison");
}

function printf(args: Value[]): string {
  const [format, ...values] = args as [string, ...Value[]];
  return String(format).replace(/%([-0]?\d*)([sdvqtT%])/g, (_, width: string, verb: string) => {
    if (verb === "%") return "%";
    const value = values.shift();
    const text = verb === "q" ? quote(sprint(value)) : sprint(value);
    const size = Math.abs(Number(width) || 0);
    return width.startsWith("-") ? text.padEnd(size) : text.padStart(size, width.startsWith("0") ? "0" : " ");
  });
}

const FUNCTIONS: Record<string, (args: Value[]) => Value> = {
  and: (args) => args.find((value) => !truth(value)) ?? args.at(-1),
  or: (args) => args.find(truth) ?? args.at(-1),
  not: ([value]) => !truth(value),
  eq: ([first, ...others]) => others.some((other) => other === first),
  ne: ([a, b]) => a !== b,
  lt: ([a, b]) => order(a, b) < 0,
  le: ([a, b]) => order(a, b) <= 0,
  gt: ([a, b]) => order(a, b) > 0,
  ge: ([a, b]) => order(a, b) >= 0,
  len: ([value]) => (isMap(value) ? Object.keys(value).length : (value as string | unknown[]).length),
  index: ([value, ...keys]) =>
    keys.reduce((at, key) => (at as Record<string, Value> | undefined)?.[key as string], value),
  print: (args) => args.map(sprint).join(args.every((arg) => typeof arg !== "string") ? " " : ""),
  println: (args) => `${args.map(sprint).join(" ")}\n`,
  printf,
  base64decode: ([text]) => atob(String(text)),
  exists: ([value, ...keys]) => {
    let at = value;
    for (const key of keys) {
      if (!isMap(at) || !(String(key) in at)) return false;
      at = at[String(key)];
    }
    return true;
  },
};

class Parser {
  private readonly parts: { action: boolean; text: string }[] = [];
  private at = 0;

  constructor(text: string) {
    let rest = text;
    let trim = false;
    while (rest !== "") {
      const open = rest.indexOf("{{");
      let before = open < 0 ? rest : rest.slice(0, open);
      if (trim) before = before.trimStart();
      const trimsLeft = open >= 0 && /^\{\{- /.test(rest.slice(open));
      if (trimsLeft) before = before.trimEnd();
      if (before !== "") this.parts.push({ action: false, text: before });
      if (open < 0) break;
      const close = rest.indexOf("}}", open);
      if (close < 0) throw new GoTemplateError("template: output:1: unclosed action");
      let action = rest.slice(open + 2 + (trimsLeft ? 1 : 0), close);
      trim = action.endsWith(" -");
      if (trim) action = action.slice(0, -1);
      if (!action.trim().startsWith("/*")) this.parts.push({ action: true, text: action.trim() });
      rest = rest.slice(close + 2);
    }
  }

  parse(): Node[] {
    const nodes = this.list();
    if (this.at < this.parts.length)
      throw new GoTemplateError(`template: output:1: unexpected {{${this.parts[this.at]!.text}}}`);
    return nodes;
  }

  private list(): Node[] {
    const nodes: Node[] = [];
    for (; this.at < this.parts.length; this.at++) {
      const { action, text } = this.parts[this.at]!;
      if (!action) {
        nodes.push({ kind: "text", text });
        continue;
      }
      if (text === "end" || text === "else" || text.startsWith("else ")) return nodes;
      const block = /^(if|with|range)\s+(.*)$/.exec(text);
      if (block) nodes.push(this.block(block[1] as "if", block[2]!));
      else nodes.push({ kind: "action", pipe: parsePipe(text) });
    }
    return nodes;
  }

  private block(type: "if" | "with" | "range", text: string): Node {
    this.at++;
    const body = this.list();
    let otherwise: Node[] = [];
    const next = this.parts[this.at]?.text;
    if (next === undefined) throw new GoTemplateError("template: output:1: unexpected EOF");
    if (next === "else") {
      this.at++;
      otherwise = this.list();
    } else if (next.startsWith("else ")) {
      const inner = /^else\s+(if|with)\s+(.*)$/.exec(next);
      if (inner === null) throw new GoTemplateError(`template: output:1: unexpected {{${next}}}`);
      return { kind: "block", type, pipe: parsePipe(text), body, otherwise: [this.block(inner[1] as "if", inner[2]!)] };
    }
    if (this.parts[this.at] === undefined) throw new GoTemplateError("template: output:1: unexpected EOF");
    return { kind: "block", type, pipe: parsePipe(text), body, otherwise };
  }
}

function tokens(text: string): string[] {
  const out = text.match(/"(?:[^"\\]|\\.)*"|`[^`]*`|:=|\)(?:\.[\w.]+)?|[|(,]|[^\s|(),"`]+/g);
  return out ?? [];
}

function parsePipe(text: string): Pipeline {
  const list = tokens(text);
  const pipe = pipeOf(list);
  if (list.length > 0) throw new GoTemplateError(`template: output:1: unexpected ${quote(list[0]!)} in command`);
  return pipe;
}

function pipeOf(list: string[]): Pipeline {
  const declares: string[] = [];
  const assign = list.indexOf(":=");
  if (assign > 0) {
    for (const token of list.splice(0, assign + 1)) if (token.startsWith("$")) declares.push(token);
  }
  const commands: Command[] = [{ words: [] }];
  while (list.length > 0 && !list[0]!.startsWith(")")) {
    const token = list.shift()!;
    const words = commands.at(-1)!.words;
    if (token === "|") commands.push({ words: [] });
    else if (token === "(") {
      const pipe = pipeOf(list);
      const close = list.shift();
      if (close === undefined) throw new GoTemplateError("template: output:1: unclosed left paren");
      // A field may follow the parenthesis: `(index .list 0).name`.
      words.push({ kind: "pipe", pipe, path: close.split(".").slice(1) });
    } else words.push(wordOf(token));
  }
  if (commands.some(({ words }) => words.length === 0))
    throw new GoTemplateError("template: output:1: missing value for command");
  return { declares, commands };
}

function wordOf(token: string): Word {
  if (token.startsWith('"')) return { kind: "literal", value: JSON.parse(token) as string };
  if (token.startsWith("`")) return { kind: "literal", value: token.slice(1, -1) };
  if (/^[-+]?\d/.test(token)) return { kind: "literal", value: Number(token) };
  if (token === "true" || token === "false") return { kind: "literal", value: token === "true" };
  if (token === "nil") return { kind: "literal", value: null };
  if (token.startsWith("$")) {
    const [name, ...path] = token.split(".") as [string, ...string[]];
    return { kind: "variable", name, path };
  }
  if (token.startsWith(".")) return { kind: "field", path: token.split(".").filter((part) => part !== "") };
  if (!(token in FUNCTIONS)) throw new GoTemplateError(`template: output:1: function ${quote(token)} not defined`);
  return { kind: "function", name: token };
}
