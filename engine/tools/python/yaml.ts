/** The module yaml (PyYAML 6, Debian's python3-yaml, which cloud-init brings): reading. */
import { type Document, parseAllDocuments, type ScalarTag, type Tags, type YAMLError } from "yaml";
import { decode, type Gen } from "../../kernel/index.ts";
import { attributeOf } from "./attributes.ts";
import type { Interpreter } from "./interpreter.ts";
import { str } from "./text.ts";
import {
  EXCEPTIONS,
  type Named,
  PyDict,
  PyList,
  PyModule,
  PyNative,
  PySet,
  PyType,
  type Raised,
  raised,
  type Value,
} from "./values.ts";

/** PyYAML's words for what it has in common with other readers; the mark below them says where. */
const WORDS: Partial<Record<YAMLError["code"], string>> = {
  BLOCK_AS_IMPLICIT_KEY: "mapping values are not allowed here",
  TAB_AS_INDENT: "while scanning for the next token\nfound character '\\t' that cannot start any token",
};

/** A float has a point, and its exponent a sign (lib/yaml/resolver.py). */
const EXPONENT = /^[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)[eE][-+][0-9]+$/;

const OPTIONS = {
  version: "1.1",
  intAsBigInt: true,
  merge: true,
  strict: true,
  logLevel: "silent",
  customTags: (tags: Tags): Tags =>
    tags.flatMap((tag): Tags => {
      if (typeof tag !== "object") return [tag];
      // There is no datetime here: what looks like a date stays the text it is.
      if (tag.tag === "tag:yaml.org,2002:timestamp") return [];
      return [tag.format === "EXP" ? { ...(tag as ScalarTag), test: EXPONENT } : tag];
    }),
} as const;

function fault(text: string, { code, message, pos }: YAMLError): Raised {
  // PyYAML looks at the colon that cannot be, not at the key before it.
  const colon = code === "BLOCK_AS_IMPLICIT_KEY" ? text.slice(pos[0]).search(/:(\s|$)/) : 0;
  const at = pos[0] + Math.max(0, colon);
  const before = text.slice(0, at);
  const words = WORDS[code] ?? message.split(" at line ")[0]!;
  const kind = code in WORDS ? "yaml.scanner.ScannerError" : "yaml.parser.ParserError";
  const column = at - before.lastIndexOf("\n") - 1;
  return raised(kind, `${words}\n${mark(text, before.split("\n").length, column)}`);
}

/** Documents of a text as YAML 1.1 reads them. Throws yaml.YAMLError. */
function documents(text: string): Value[] {
  const parsed = parseAllDocuments(text, OPTIONS);
  if (!Array.isArray(parsed)) return [];
  const out: Value[] = [];
  for (const document of parsed) {
    const error = document.errors[0];
    if (error !== undefined) throw fault(text, error);
    out.push(pythonic(resolved(text, document)));
  }
  return out;
}

/** A document with its aliases in their places. Throws yaml.composer.ComposerError. */
function resolved(text: string, document: Document.Parsed): unknown {
  try {
    return document.toJS({ mapAsMap: true });
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    const name = /: (\S+)$/.exec(error.message)?.[1] ?? "";
    const at = Math.max(0, text.indexOf(`*${name}`));
    const before = text.slice(0, at);
    const column = at - before.lastIndexOf("\n") - 1;
    throw raised(
      "yaml.composer.ComposerError",
      `found undefined alias '${name}'\n${mark(text, before.split("\n").length, column)}`,
    );
  }
}

/** Where something is, as PyYAML shows it. */
function mark(text: string, line: number, column: number): string {
  const shown = text.split("\n")[line - 1] ?? "";
  return `  in "<unicode string>", line ${line}, column ${column + 1}:\n    ${shown}\n    ${" ".repeat(column)}^`;
}

function pythonic(value: unknown): Value {
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) return new PyList(value.map(pythonic));
  if (value instanceof Map) return new PyDict([...value].map(([key, one]) => [pythonic(key), pythonic(one)] as const));
  if (value instanceof Set) return new PySet([...value].map(pythonic));
  if (value instanceof Uint8Array) return value;
  return value as bigint | number | string | boolean;
}

function* textOf(source: Value | undefined, py: Interpreter): Gen<string> {
  if (source instanceof Uint8Array) return decode(source);
  if (typeof source === "string") return source;
  const read = yield* py.call(attributeOf(source ?? null, "read"), [], new Map());
  return read instanceof Uint8Array ? decode(read) : str(read);
}

function* one(args: Value[], named: Named, py: Interpreter): Gen<Value> {
  const text = yield* textOf(args[0] ?? named.get("stream"), py);
  const [first = null, second] = documents(text);
  if (second !== undefined) {
    const at = text.search(/^---/m);
    const next = text.slice(at + 3).search(/^---/m);
    const place = (text.slice(0, at).trim() === "" ? at + 3 + next : at) as number;
    const line = text.slice(0, place).split("\n").length;
    throw raised(
      "yaml.composer.ComposerError",
      `expected a single document in the stream\nbut found another document\n  in "<unicode string>", line ${line}, column 1`,
    );
  }
  return first;
}

function* all(args: Value[], named: Named, py: Interpreter): Gen<Value> {
  return new PyList(documents(yield* textOf(args[0] ?? named.get("stream"), py)));
}

export function yamlModule(): PyModule {
  const loader = (name: string): [string, Value] => [name, new PyType(name, () => null, undefined, "yaml.loader")];
  return new PyModule("yaml", [
    ["safe_load", new PyNative("safe_load", one)],
    ["safe_load_all", new PyNative("safe_load_all", all)],
    ["full_load", new PyNative("full_load", one)],
    ["load", new PyNative("load", one)],
    ["load_all", new PyNative("load_all", all)],
    ["__version__", "6.0"],
    ...["SafeLoader", "FullLoader", "Loader", "CSafeLoader"].map(loader),
    ["YAMLError", EXCEPTIONS.get("yaml.error.YAMLError")!],
  ]);
}
