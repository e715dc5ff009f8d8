/** The module json. */
import { decode, type Gen } from "../../kernel/index.ts";
import { attributeOf } from "./attributes.ts";
import { sorted } from "./builtins.ts";
import type { Interpreter } from "./interpreter.ts";
import { floatText, str } from "./text.ts";
import {
  EXCEPTIONS,
  type Named,
  PyDict,
  PyList,
  PyModule,
  PyNative,
  PySet,
  PyTuple,
  type Raised,
  raised,
  truthy,
  typeError,
  typeName,
  type Value,
} from "./values.ts";

function fault(text: string, at: number, what: string): Raised {
  const before = text.slice(0, at);
  const line = before.split("\n").length;
  const column = at - before.lastIndexOf("\n");
  return raised("json.decoder.JSONDecodeError", `${what}: line ${line} column ${column} (char ${at})`);
}

const NUMBER = /(-?(?:0|[1-9]\d*))(\.\d+)?([eE][-+]?\d+)?/y;
const CHUNK = /[^"\\\x00-\x1f]*/y;
const ESCAPES: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

class Reader {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  document(): Value {
    this.space();
    const value = this.value();
    this.space();
    if (this.at < this.text.length) throw fault(this.text, this.at, "Extra data");
    return value;
  }

  private space(): void {
    while (" \t\n\r".includes(this.text[this.at] ?? "x")) this.at++;
  }

  private value(): Value {
    const first = this.text[this.at];
    if (first === '"') return this.string();
    if (first === "{") return this.object();
    if (first === "[") return this.array();
    for (const [word, value] of [
      ["null", null],
      ["true", true],
      ["false", false],
      ["NaN", Number.NaN],
    ] as const) {
      if (!this.text.startsWith(word, this.at)) continue;
      this.at += word.length;
      return value;
    }
    NUMBER.lastIndex = this.at;
    const match = NUMBER.exec(this.text);
    if (match === null) throw fault(this.text, this.at, "Expecting value");
    this.at += match[0].length;
    return match[2] === undefined && match[3] === undefined ? BigInt(match[1]!) : Number(match[0]);
  }

  private string(): string {
    const begin = this.at++;
    let out = "";
    for (;;) {
      CHUNK.lastIndex = this.at;
      const chunk = CHUNK.exec(this.text)![0];
      out += chunk;
      this.at += chunk.length;
      const next = this.text[this.at];
      if (next === undefined) throw fault(this.text, begin, "Unterminated string starting at");
      if (next === '"') {
        this.at++;
        return out;
      }
      if (next !== "\\") throw fault(this.text, this.at, "Invalid control character at");
      const letter = this.text[this.at + 1] ?? "";
      if (letter === "u") {
        const code = this.text.slice(this.at + 2, this.at + 6);
        if (!/^[\da-fA-F]{4}$/.test(code)) throw fault(this.text, this.at + 1, "Invalid \\uXXXX escape");
        out += String.fromCharCode(Number.parseInt(code, 16));
        this.at += 6;
      } else {
        if (!'"\\/bfnrt'.includes(letter) || letter === "") throw fault(this.text, this.at, "Invalid \\escape");
        out += ESCAPES[letter] ?? letter;
        this.at += 2;
      }
    }
  }

  private array(): PyList {
    const items: Value[] = [];
    this.at++;
    this.space();
    if (this.text[this.at] === "]") this.at++;
    else {
      for (;;) {
        this.space();
        items.push(this.value());
        this.space();
        const next = this.text[this.at];
        if (next !== "," && next !== "]") throw fault(this.text, this.at, "Expecting ',' delimiter");
        this.at++;
        if (next === "]") break;
      }
    }
    return new PyList(items);
  }

  private object(): PyDict {
    const out = new PyDict();
    this.at++;
    this.space();
    if (this.text[this.at] === "}") {
      this.at++;
      return out;
    }
    for (;;) {
      this.space();
      if (this.text[this.at] !== '"')
        throw fault(this.text, this.at, "Expecting property name enclosed in double quotes");
      const key = this.string();
      this.space();
      if (this.text[this.at] !== ":") throw fault(this.text, this.at, "Expecting ':' delimiter");
      this.at++;
      this.space();
      out.set(key, this.value());
      this.space();
      const next = this.text[this.at];
      if (next !== "," && next !== "}") throw fault(this.text, this.at, "Expecting ',' delimiter");
      this.at++;
      if (next === "}") return out;
    }
  }
}

/** json.loads. */
export function loads(text: string): Value {
  return new Reader(text).document();
}

interface Style {
  indent: string | undefined;
  item: string;
  key: string;
  ascii: boolean;
  sort: boolean;
}

function quoted(text: string, ascii: boolean): string {
  const plain = JSON.stringify(text);
  if (!ascii) return plain;
  return plain.replace(/[\x7f-\uffff]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function* dumped(value: Value, style: Style, level: number, py: Interpreter): Gen<string> {
  if (typeof value === "string") return quoted(value, style.ascii);
  if (value === null) return "null";
  if (typeof value === "boolean") return value ? "true" : "false";
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number")
    return Number.isFinite(value)
      ? floatText(value)
      : Number.isNaN(value)
        ? "NaN"
        : value > 0
          ? "Infinity"
          : "-Infinity";
  const isDict = value instanceof PyDict;
  if (!isDict && !(value instanceof PyList) && !(value instanceof PyTuple))
    throw typeError(`Object of type ${value instanceof PySet ? "set" : typeName(value)} is not JSON serializable`);
  const parts: string[] = [];
  if (isDict) {
    const keys = style.sort ? yield* sorted(value.keys(), new Map(), py) : value.keys();
    for (const key of keys) {
      const name =
        typeof key === "string" ? key : key === null ? "null" : typeof key === "boolean" ? String(key) : str(key);
      parts.push(quoted(name, style.ascii) + style.key + (yield* dumped(value.get(key)!, style, level + 1, py)));
    }
  } else for (const item of value.items) parts.push(yield* dumped(item, style, level + 1, py));
  const [open, close] = isDict ? "{}" : "[]";
  if (parts.length === 0) return `${open}${close}`;
  if (style.indent === undefined) return `${open}${parts.join(style.item)}${close}`;
  const inner = `\n${style.indent.repeat(level + 1)}`;
  return `${open}${inner}${parts.join(style.item.trimEnd() + inner)}\n${style.indent.repeat(level)}${close}`;
}

/** json.dumps. */
export function* dumps(value: Value, named: Named, py: Interpreter): Gen<string> {
  const indent = named.get("indent") ?? null;
  const separators = named.get("separators");
  const [item, key] =
    separators instanceof PyTuple || separators instanceof PyList ? separators.items.map(str) : [", ", ": "];
  const ascii = named.get("ensure_ascii");
  return yield* dumped(
    value,
    {
      indent: indent === null ? undefined : typeof indent === "bigint" ? " ".repeat(Number(indent)) : str(indent),
      item: item!,
      key: key!,
      ascii: ascii === undefined || truthy(ascii),
      sort: named.has("sort_keys") && truthy(named.get("sort_keys")!),
    },
    0,
    py,
  );
}

export function jsonModule(): PyModule {
  return new PyModule("json", [
    [
      "loads",
      new PyNative("loads", ([text]) => {
        if (text instanceof Uint8Array) return loads(decode(text));
        if (typeof text !== "string")
          throw typeError(`the JSON object must be str, bytes or bytearray, not ${typeName(text ?? null)}`);
        return loads(text);
      }),
    ],
    [
      "load",
      new PyNative("load", function* ([file], _named, py) {
        return loads(str(yield* py.call(attributeOf(file!, "read"), [], new Map())));
      }),
    ],
    [
      "dumps",
      new PyNative("dumps", function* ([value = null], named, py) {
        return yield* dumps(value, named, py);
      }),
    ],
    [
      "dump",
      new PyNative("dump", function* ([value = null, file], named, py) {
        yield* py.call(attributeOf(file!, "write"), [yield* dumps(value, named, py)], new Map());
        return null;
      }),
    ],
    ["JSONDecodeError", EXCEPTIONS.get("json.decoder.JSONDecodeError")!],
  ]);
}
