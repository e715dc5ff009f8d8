/** YAML as kubectl reads it: documents one by one, and what is wrong with one in the words of goyaml (libyaml's). */
import { isCollection, isPair, parseAllDocuments, visit } from "yaml";
import { KubectlError } from "./errors.ts";
import { quote, sprint } from "./go.ts";

interface Fault {
  code: string;
  message: string;
  pos: readonly [number, number];
}

interface Parsed {
  errors: readonly Fault[];
  contents: unknown;
  toJS(options: object): unknown;
}

/** Text between lines of `---` (apimachinery util/yaml YAMLReader): a first such line belongs to its document. */
export function splitDocuments(text: string): string[] {
  const out: string[] = [];
  let buffer = "";
  for (const line of text.split(/(?<=\n)/)) {
    if (line.startsWith("---")) {
      const rest = line.slice(3).trim();
      if ((rest === "" || rest[0] === "#") && buffer !== "") {
        out.push(buffer);
        buffer = "";
        continue;
      }
    }
    buffer += line;
  }
  if (buffer !== "") out.push(buffer);
  return out;
}

/** How often aliases may be followed before a document counts as a bomb. */
const MAX_ALIASES = 1000;
const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f]/;

/** The value of one document; throws `yaml: line 4: …`. Of a key that stands twice the last counts, unless `unique`. */
export function readDocument(text: string, unique = false): unknown {
  if (CONTROL.test(text)) throw new KubectlError("yaml: control characters are not allowed");
  const [document] = parseAllDocuments(text, {
    uniqueKeys: unique,
    version: "1.1",
    merge: true,
  }) as unknown as Parsed[];
  if (document === undefined) return null;
  const [fault] = document.errors;
  if (fault !== undefined) throw new KubectlError(yamlFault(text, fault));
  checkKeys(document);
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    const alias = /Unresolved alias .*: (.*)$/.exec(error.message)?.[1];
    throw new KubectlError(
      alias === undefined ? "yaml: document contains excessive aliasing" : `yaml: unknown anchor '${alias}' referenced`,
    );
  }
}

/** Templates that nobody has filled in show up as mappings that are keys. */
function checkKeys(document: Parsed): void {
  visit(document as never, {
    Pair(_, pair) {
      if (!isPair(pair) || !isCollection(pair.key)) return;
      throw new KubectlError(`yaml: invalid map key: ${goValue(pair.key.toJSON())}`);
    },
  });
}

function goValue(value: unknown): string {
  if (value === null || value === undefined) return "interface {}(nil)";
  if (typeof value === "string") return quote(value);
  if (Array.isArray(value)) return `[]interface {}{${value.map(goValue).join(", ")}}`;
  if (typeof value !== "object") return sprint(value);
  const entries = Object.entries(value).map(([key, item]) => `${quote(key)}:${goValue(item)}`);
  return `map[interface {}]interface {}{${entries.join(", ")}}`;
}

/** Lines before a position. */
const lineOf = (text: string, position: number) => text.slice(0, position).split("\n").length - 1;

/** The line of libyaml's mark at the end of a text: one more than its newlines when the last line has none. */
function endLine(text: string): number {
  return lineOf(text, text.length) + (text.endsWith("\n") || text === "" ? 0 : 1);
}

/** `yaml: line 4: did not find expected key`. Scanner errors count lines from one, the parser's from zero. */
export function yamlFault(text: string, { code, message, pos }: Fault): string {
  const scanner = (line: number, words: string) => located(line + 1, words);
  const located = (line: number, words: string) => (line > 0 ? `yaml: line ${line}: ${words}` : `yaml: ${words}`);
  const at = lineOf(text, pos[0]);
  const CONTEXT = "mapping values are not allowed in this context";
  switch (code) {
    case "BAD_INDENT":
      return /must start at the same column|must not be less indented/.test(message)
        ? located(at, "did not find expected key")
        : flowFault(text, message, pos, located);
    case "MULTILINE_IMPLICIT_KEY":
    case "BLOCK_AS_IMPLICIT_KEY":
    case "BAD_SCALAR_START":
    case "MISSING_CHAR": {
      if (code === "BAD_SCALAR_START") return scanner(at, "found character that cannot start any token");
      if (/quote/.test(message)) return scanner(endLine(text), "found unexpected end of stream");
      if (/Flow|flow/.test(message)) return flowFault(text, message, pos, located);
      const colon = /:(?=\s|$)/.exec(text.slice(pos[0]));
      const lost = /Implicit map keys need to be followed by map values/.test(message) && colon === null;
      if (lost) return scanner(Math.min(at + 1, endLine(text)), "could not find expected ':'");
      return scanner(colon === null ? at : lineOf(text, pos[0] + colon.index), CONTEXT);
    }
    case "TAB_AS_INDENT":
      return scanner(at, "found character that cannot start any token");
    case "BAD_DQ_ESCAPE":
      return scanner(at, "found unknown escape character");
    case "BAD_ALIAS":
      return scanner(at, "did not find expected alphabetic or numeric character");
    case "DUPLICATE_KEY": {
      const key = /^\s*["']?([^"':\s]+)/.exec(text.slice(pos[0]))?.[1] ?? "";
      return `yaml: unmarshal errors:\n  line ${at + 1}: key ${quote(key)} already set in map`;
    }
    default:
      if (/tab/i.test(message)) return scanner(at, "found character that cannot start any token");
      return located(at + 1, message.split(" at line ")[0]!.toLowerCase());
  }
}

/** A flow collection that is not closed, or goes on with something else. */
function flowFault(
  text: string,
  message: string,
  pos: readonly [number, number],
  located: (line: number, words: string) => string,
): string {
  const bracket = /with a \]|sequence/.test(message) ? "]" : "}";
  const before = text.slice(0, pos[0]).trimEnd();
  const atEnd = text.slice(pos[0]).trim() === "";
  const line = atEnd ? endLine(text) : lineOf(text, pos[0]);
  if (/[[{,:]$/.test(before) && atEnd) return located(line, "did not find expected node content");
  return located(line, `did not find expected ',' or '${bracket}'`);
}
