/** What yq prints and reads besides YAML: JSON, properties, CSV, XML, base64, words of a shell. */
import { isMap, isScalar, isSeq, type Node, Pair, parseDocument, YAMLMap, YAMLSeq } from "yaml";
import { decode, decodeBase64, encode, encodeBase64 } from "../../kernel/index.ts";
import { dump } from "./jq/dump.ts";
import type { Json } from "./jq/json.ts";
import { fromToml } from "./yq-toml.ts";
import { type Candidate, keyText, nodeOf, resolved, scalar, tagOf, textOf, valueAt, YqFailure } from "./yq-values.ts";
import { fromXml } from "./yq-xml.ts";

/** Formats by their names and letters. */
export const FORMATS: Readonly<Record<string, string>> = {
  a: "auto",
  auto: "auto",
  y: "yaml",
  yaml: "yaml",
  yml: "yaml",
  j: "json",
  json: "json",
  p: "props",
  props: "props",
  properties: "props",
  c: "csv",
  csv: "csv",
  t: "tsv",
  tsv: "tsv",
  x: "xml",
  xml: "xml",
  s: "shell",
  shell: "shell",
  base64: "base64",
  uri: "uri",
  sh: "sh",
  toml: "toml",
  lua: "lua",
  l: "lua",
};

/** A value as JSON has it. */
export function jsonOf(one: Candidate): Json {
  const node = resolved(one);
  const inner = (child: Node): Json => jsonOf({ ...one, node: child });
  if (isSeq(node)) return (node.items as Node[]).map(inner);
  if (isMap(node)) {
    const out = new Map<string, Json>();
    for (const pair of node.items as Pair<Node, Node>[]) {
      if (keyText(pair) !== "<<") out.set(keyText(pair), inner(pair.value ?? scalar(null)));
      else {
        const merged = jsonOf({ ...one, node: pair.value! });
        for (const part of Array.isArray(merged) ? merged : [merged])
          if (part instanceof Map) for (const [key, value] of part) if (!out.has(key)) out.set(key, value);
      }
    }
    return out;
  }
  if (!isScalar(node)) return null;
  const { value } = node;
  return typeof value === "number" || typeof value === "boolean" || typeof value === "string" ? value : null;
}

/** Text of a value in a format; `indent`: blanks a level of JSON takes. */
export function formatted(one: Candidate, format: string, indent: number): string {
  switch (format) {
    case "json":
      return `${dump(jsonOf(one), indent > 0 ? { indent: " ".repeat(indent) } : {})}\n`;
    case "props":
      return properties(one, "");
    case "csv":
    case "tsv":
      return table(one, format === "csv" ? "," : "\t");
    case "xml":
      return xml(one);
    case "shell":
      return shell(one, "");
    case "lua":
      return `return ${lua(one, "")};\n`;
    case "toml":
      if (!isScalar(resolved(one)))
        throw new YqFailure(
          "only scalars (e.g. strings, numbers, booleans) are supported for TOML output at the moment. Please use yaml output format (-oy) until the encoder has been fully implemented",
        );
      return `${textOf(resolved(one))}\n`;
    case "base64":
      return encodeBase64(encode(textOf(resolved(one))));
    case "uri":
      return encodeURIComponent(textOf(resolved(one)))
        .replaceAll("%20", "+")
        .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
    default:
      return `${quoted(textOf(resolved(one)))}`;
  }
}

/** A word of a shell: quotes open at the first doubtful character, and close before an apostrophe or at the end. */
function quoted(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  let out = "";
  let open = false;
  for (const char of text) {
    if (char === "'") {
      out += open ? "'\\'" : "\\'";
      open = false;
    } else {
      if (!open && !/[\w@%+=:,./-]/.test(char)) {
        out += "'";
        open = true;
      }
      out += char;
    }
  }
  return open ? `${out}'` : out;
}

/** Lines of `name = value`; comments above one are parted from what is before them. */
function properties(one: Candidate, path: string, above = ""): string {
  const node = resolved(one);
  const at = (key: string | number) => (path === "" ? String(key) : `${path}.${key}`);
  const notes = (text: string | null | undefined) => (text ? `${text.replace(/^(?=[^#\n])/gm, "# ")}\n` : "");
  const own = above + notes(node.commentBefore);
  let out = "";
  const add = (text: string) => {
    out += out !== "" && text.startsWith("#") ? `\n${text}` : text;
  };
  if (isSeq(node)) {
    for (const [i, item] of (node.items as Node[]).entries())
      add(properties({ ...one, node: item }, at(i), i === 0 ? own : ""));
    return out;
  }
  if (isMap(node)) {
    for (const [i, pair] of (node.items as Pair<Node, Node>[]).entries())
      add(
        properties(
          { ...one, node: pair.value ?? scalar(null) },
          at(keyText(pair)),
          (i === 0 ? own : "") + notes(pair.key.commentBefore),
        ),
      );
    return out;
  }
  if (path === "") return `${textOf(node)}\n`;
  return `${own}${notes(node.comment)}${path} = ${tagOf(node) === "!!null" ? "" : textOf(node)}\n`;
}

function table(one: Candidate, separator: string): string {
  const node = resolved(one);
  const rows = isSeq(node) ? (node.items as Node[]) : [];
  const cell = (value: Node | undefined): string => {
    const text = value === undefined || tagOf(value) === "!!null" ? "" : textOf(value);
    return /["\n\r]/.test(text) || text.includes(separator) || /^\s/.test(text)
      ? `"${text.replaceAll('"', '""')}"`
      : text;
  };
  const line = (cells: readonly (Node | undefined)[]) => `${cells.map(cell).join(separator)}\n`;
  if (rows.length > 0 && rows.every(isMap)) {
    const names = [...new Set(rows.slice(0, 1).flatMap((row) => (row.items as Pair[]).map(keyText)))];
    return (
      line(names.map((name) => scalar(name))) +
      rows.map((row) => line(names.map((name) => valueAt({ ...one, node: row }, name)))).join("")
    );
  }
  if (rows.length > 0 && rows.every(isSeq)) return rows.map((row) => line(row.items as Node[])).join("");
  if (!isSeq(node)) throw new YqFailure(`csv encoding only works for arrays, got: ${tagOf(node)}`);
  return line(rows);
}

const entity = (text: string): string =>
  text.replace(/[&<>"']/g, (char) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[char]!);

/** Elements; `+@name` are attributes, `+content` the text beside them. */
function xml(one: Candidate): string {
  const node = resolved(one);
  if (isScalar(node)) return entity(textOf(node));
  const element = (name: string, value: Node, indent: string): string => {
    const inner = resolved({ ...one, node: value });
    if (isSeq(inner)) return (inner.items as Node[]).map((item) => element(name, item, indent)).join("");
    if (!isMap(inner)) {
      const text = tagOf(inner) === "!!null" ? "" : entity(textOf(inner));
      return `${indent}<${name}>${text}</${name}>\n`;
    }
    const pairs = inner.items as Pair<Node, Node>[];
    const attributes = pairs
      .filter((pair) => keyText(pair).startsWith("+@"))
      .map((pair) => ` ${keyText(pair).slice(2)}="${entity(textOf(pair.value!))}"`)
      .join("");
    const content = pairs.find((pair) => keyText(pair) === "+content");
    const rest = pairs.filter((pair) => !keyText(pair).startsWith("+@") && pair !== content);
    const text = content ? entity(textOf(content.value!)) : "";
    if (rest.length === 0) return `${indent}<${name}${attributes}>${text}</${name}>\n`;
    return `${indent}<${name}${attributes}>${text}\n${rest.map((pair) => element(keyText(pair), pair.value!, `${indent}  `)).join("")}${indent}</${name}>\n`;
  };
  if (!isMap(node))
    return (isSeq(node) ? (node.items as Node[]) : []).map((item) => element("root", item, "")).join("");
  return (node.items as Pair<Node, Node>[])
    .map((pair) => {
      const name = keyText(pair);
      if (name === "+p_xml") return `<?xml ${textOf(pair.value!)}?>\n`;
      return name.startsWith("+") ? "" : element(name, pair.value ?? scalar(null), "");
    })
    .join("");
}

function shell(one: Candidate, path: string): string {
  const node = resolved(one);
  const at = (key: string | number) =>
    (path === "" ? String(key) : `${path}_${key}`).replace(/[^\w]/g, "_").replace(/^(\d)/, "_$1");
  if (isSeq(node)) return (node.items as Node[]).map((item, i) => shell({ ...one, node: item }, at(i))).join("");
  if (isMap(node))
    return (node.items as Pair<Node, Node>[])
      .map((pair) => shell({ ...one, node: pair.value ?? scalar(null) }, at(keyText(pair))))
      .join("");
  const text = tagOf(node) === "!!null" ? "" : textOf(node);
  const safe = /^[\w@%+=:,./-]*$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
  return `${path || "value"}=${safe}\n`;
}

/** A table of Lua. */
function lua(one: Candidate, indent: string): string {
  const node = resolved(one);
  const inner = `${indent}\t`;
  const value = (child: Node) => lua({ ...one, node: child }, inner);
  const text = (words: string) =>
    `"${words.replace(/["\\\n\r\t]/g, (char) => ({ "\n": "\\n", "\r": "\\r", "\t": "\\t" })[char] ?? `\\${char}`)}"`;
  if (isSeq(node)) return `{\n${(node.items as Node[]).map((item) => `${inner}${value(item)},\n`).join("")}${indent}}`;
  if (isMap(node))
    return `{\n${(node.items as Pair<Node, Node>[])
      .map((pair) => `${inner}[${text(keyText(pair))}] = ${value(pair.value ?? scalar(null))};\n`)
      .join("")}${indent}}`;
  const tag = tagOf(node);
  return tag === "!!null" ? "nil" : tag === "!!str" ? text(textOf(node)) : textOf(node);
}

/** The value that a text in a format stands for; undefined for YAML and JSON. Throws `YqFailure`. */
export function parsedText(text: string, format: string): Node | undefined {
  if (format === "base64d" || format === "base64") {
    const bytes = decodeBase64(text.trim());
    if (bytes === undefined) throw new YqFailure("illegal base64 data at input byte 0");
    return scalar(decode(bytes));
  }
  if (format === "urid" || format === "uri") return scalar(decodeURIComponent(text.replaceAll("+", " ")));
  if (format === "toml") return fromToml(text);
  if (format === "xml") return fromXml(text);
  if (format === "props") return fromProperties(text);
  if (format === "csv" || format === "tsv") return fromTable(text, format === "csv" ? "," : "\t");
  return undefined;
}

/** A cell is YAML where it can be read as such. */
function snippet(text: string): Node {
  if (text === "") return scalar(null, "");
  const document = parseDocument(text, { logLevel: "silent" });
  return document.errors.length > 0 || document.contents === null ? scalar(text) : (document.contents as Node);
}

function fromProperties(text: string): Node {
  const root = new Map<string, unknown>();
  for (const line of text.split("\n")) {
    const [, name, value = ""] = /^\s*([^#!\s=:][^=:]*?)\s*[=:]\s*(.*)$/.exec(line) ?? [];
    if (name === undefined) continue;
    const parts = name.split(".");
    let at = root;
    for (const part of parts.slice(0, -1)) {
      if (!(at.get(part) instanceof Map)) at.set(part, new Map());
      at = at.get(part) as Map<string, unknown>;
    }
    at.set(parts.at(-1)!, value);
  }
  const lists = (value: unknown): unknown => {
    if (!(value instanceof Map)) return value;
    const pairs = [...value].map(([key, of]) => [key, lists(of)] as [string, unknown]);
    return pairs.length > 0 && pairs.every(([key], i) => key === String(i))
      ? pairs.map(([, of]) => of)
      : new Map(pairs);
  };
  return nodeOf(lists(root));
}

function fromTable(text: string, separator: string): Node {
  const rows: string[][] = [];
  const pattern = separator === "," ? /("(?:[^"]|"")*"|[^,\n]*)(,|\n|$)/gy : /("(?:[^"]|"")*"|[^\t\n]*)(\t|\n|$)/gy;
  let row: string[] = [];
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const cell = match[1]!;
    row.push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);
    if (match[2] === separator) continue;
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
    if (match[2] === "" || pattern.lastIndex >= text.length) break;
  }
  const [names = [], ...rest] = rows;
  const seq = new YAMLSeq();
  seq.items = rest.map((cells) => {
    const map = new YAMLMap();
    for (const [i, name] of names.entries()) map.items.push(new Pair(scalar(name), snippet(cells[i] ?? "")));
    return map;
  });
  return seq;
}
