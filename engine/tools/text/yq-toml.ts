/** TOML (v1.0) as yq reads it. */

import type { Node } from "yaml";
import { Pair, YAMLMap, YAMLSeq } from "yaml";
import { scalar, YqFailure } from "./yq-values.ts";

const ESCAPES: Readonly<Record<string, string>> = {
  b: "\b",
  t: "\t",
  n: "\n",
  f: "\f",
  r: "\r",
  '"': '"',
  "\\": "\\",
};

const DATE = /^\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d)?)?|^\d\d:\d\d:\d\d(?:\.\d+)?/;
const NUMBER = /^[+-]?(?:0x[\da-fA-F_]+|0o[0-7_]+|0b[01_]+|inf|nan|\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d[\d_]*)?)/;

/** Reads a document. Throws `YqFailure`. */
export function fromToml(text: string): Node {
  return new Reader(text).document();
}

class Reader {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  document(): Node {
    const root = new YAMLMap<Node, Node>();
    let table = root;
    for (;;) {
      this.blanks(true);
      if (this.at >= this.text.length) return root;
      if (this.text[this.at] === "[") table = this.header(root);
      else this.pair(table);
      this.blanks(false);
      if (this.at < this.text.length && this.text[this.at] !== "\n") this.fail("unexpected text after a value");
    }
  }

  private fail(what: string): never {
    const line = this.text.slice(0, this.at).split("\n").length;
    throw new YqFailure(`bad file '-': toml: line ${line}: ${what}`);
  }

  /** Passes blanks and comments, and ends of lines where they may be. */
  private blanks(lines: boolean): void {
    const pattern = lines ? /(?:[ \t\r\n]|#[^\n]*)*/y : /[ \t\r]*(?:#[^\n]*)?/y;
    pattern.lastIndex = this.at;
    this.at += pattern.exec(this.text)![0].length;
  }

  /** `[a.b]` and `[[a.b]]`: the table that follows. */
  private header(root: YAMLMap<Node, Node>): YAMLMap<Node, Node> {
    const many = this.text.startsWith("[[", this.at);
    this.at += many ? 2 : 1;
    const path = this.path();
    if (!this.text.startsWith(many ? "]]" : "]", this.at)) this.fail("a table's name is not closed");
    this.at += many ? 2 : 1;
    let table = root;
    for (const name of path.slice(0, -1)) table = this.within(table, name);
    const last = path.at(-1)!;
    if (!many) return this.within(table, last);
    const fresh = new YAMLMap<Node, Node>();
    const known = this.find(table, last)?.value;
    if (known instanceof YAMLSeq) known.items.push(fresh);
    else {
      const seq = new YAMLSeq<Node>();
      seq.items.push(fresh);
      table.items.push(new Pair<Node, Node>(scalar(last), seq));
    }
    return fresh;
  }

  private find(table: YAMLMap<Node, Node>, name: string): Pair<Node, Node> | undefined {
    return table.items.find((pair) => (pair.key as { value?: unknown }).value === name);
  }

  /** The table of a name; of an array of tables the last. */
  private within(table: YAMLMap<Node, Node>, name: string): YAMLMap<Node, Node> {
    const known = this.find(table, name)?.value;
    if (known instanceof YAMLMap) return known as YAMLMap<Node, Node>;
    if (known instanceof YAMLSeq) return known.items.at(-1) as YAMLMap<Node, Node>;
    const fresh = new YAMLMap<Node, Node>();
    table.items.push(new Pair<Node, Node>(scalar(name), fresh));
    return fresh;
  }

  private path(): string[] {
    const names: string[] = [];
    for (;;) {
      this.blanks(false);
      const quote = this.text[this.at];
      if (quote === '"' || quote === "'") names.push(this.string());
      else {
        const name = /^[\w-]+/.exec(this.text.slice(this.at, this.at + 200))?.[0];
        if (name === undefined) this.fail("a key was expected");
        this.at += name.length;
        names.push(name);
      }
      this.blanks(false);
      if (this.text[this.at] !== ".") return names;
      this.at++;
    }
  }

  private pair(table: YAMLMap<Node, Node>): void {
    const path = this.path();
    if (this.text[this.at] !== "=") this.fail("'=' was expected");
    this.at++;
    this.blanks(false);
    let into = table;
    for (const name of path.slice(0, -1)) into = this.within(into, name);
    into.items.push(new Pair<Node, Node>(scalar(path.at(-1)!), this.value()));
  }

  private value(): Node {
    const char = this.text[this.at];
    if (char === '"' || char === "'") return scalar(this.string());
    if (char === "[") return this.list();
    if (char === "{") return this.table();
    const rest = this.text.slice(this.at, this.at + 200);
    const word = /^(true|false)\b/.exec(rest)?.[0];
    if (word !== undefined) {
      this.at += word.length;
      return scalar(word === "true");
    }
    const date = DATE.exec(rest)?.[0];
    if (date !== undefined) {
      this.at += date.length;
      const one = scalar(date, date);
      one.type = "PLAIN";
      return one;
    }
    const number = NUMBER.exec(rest)?.[0];
    if (number === undefined) this.fail("a value was expected");
    this.at += number.length;
    return scalar(Number(number.replaceAll("_", "")), number);
  }

  private list(): Node {
    const seq = new YAMLSeq<Node>();
    this.at++;
    for (;;) {
      this.blanks(true);
      if (this.text[this.at] === "]") break;
      if (this.at >= this.text.length) this.fail("a list is not closed");
      seq.items.push(this.value());
      this.blanks(true);
      if (this.text[this.at] === ",") this.at++;
      else if (this.text[this.at] !== "]") this.fail("',' or ']' was expected");
    }
    this.at++;
    return seq;
  }

  private table(): Node {
    const map = new YAMLMap<Node, Node>();
    this.at++;
    for (;;) {
      this.blanks(true);
      if (this.text[this.at] === "}") break;
      if (this.at >= this.text.length) this.fail("a table is not closed");
      this.pair(map);
      this.blanks(true);
      if (this.text[this.at] === ",") this.at++;
      else if (this.text[this.at] !== "}") this.fail("',' or '}' was expected");
    }
    this.at++;
    return map;
  }

  private string(): string {
    const quote = this.text[this.at]!;
    const long = this.text.startsWith(quote.repeat(3), this.at);
    const mark = long ? quote.repeat(3) : quote;
    this.at += mark.length;
    if (long && this.text[this.at] === "\n") this.at++;
    let out = "";
    while (!this.text.startsWith(mark, this.at)) {
      const char = this.text[this.at];
      if (char === undefined || (char === "\n" && !long)) this.fail("a string is not closed");
      this.at++;
      if (char !== "\\" || quote === "'") {
        out += char;
        continue;
      }
      const next = this.text[this.at++]!;
      const size = next === "u" ? 4 : next === "U" ? 8 : 0;
      if (size > 0) {
        out += String.fromCodePoint(Number.parseInt(this.text.slice(this.at, this.at + size), 16));
        this.at += size;
      } else if (next === "\n" || next === " ") {
        while (/\s/.test(this.text[this.at] ?? "")) this.at++;
      } else out += ESCAPES[next] ?? this.fail(`no such escape: \\${next}`);
    }
    this.at += mark.length;
    return out;
  }
}
