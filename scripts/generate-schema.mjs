// Makes engine/api/generated/schema.ts, the schemas of the built-in kinds, from published packages:
// @kubernetes/client-node (Kubernetes 1.32: fields, types, formats, what is required, most descriptions) and
// kubernetes-types (descriptions of fields that refer to another type, which client-node leaves out).
// scripts/schema-facts.json adds what neither has: merge keys, list types, quantities, enums, line breaks;
// `newer` among them says that a description stands in kubernetes-models (1.33) only, as that of most `status` fields.
// See docs/decisions/schema-from-client-node.md.
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const MODELS = join(root, "node_modules/@kubernetes/client-node/dist/gen/models");
const TYPES = join(root, "node_modules/kubernetes-types");
const FACTS = join(root, "scripts/schema-facts.json");
const NEWER = join(root, "node_modules/kubernetes-models");
const OUT = join(root, "engine/api/generated/schema.ts");

const capital = (word) => word[0].toUpperCase() + word.slice(1);
const unescaped = (text) => text.replace(/\\'/g, "'").replace(/\\"/g, '"').replace(/\*_\//g, "*/");

/** `io.k8s.api.core.v1` → class `V1Pod`, or `CoreV1Event` where two groups have the name. */
function className(pkg, type) {
  const [group, version] = pkg.split(".").slice(-2);
  const long = capital(group) + capital(version) + type;
  const short = capital(version) + type;
  for (const name of [long, short]) if (existsSync(join(MODELS, `${name}.js`))) return name;
  return undefined;
}

/** Types of one file of kubernetes-types: type → { doc, fields: { field → doc } }. */
function interfaces(pkg) {
  const [group, version] = pkg.split(".").slice(-2);
  return readTypes(join(TYPES, group, `${version}.d.ts`));
}

/** Descriptions by field of one type of kubernetes-models, which has a file a type. */
export function newerDocs(pkg, type) {
  const [group, version] = pkg.split(".").slice(-2);
  const suffixes = ["", ".k8s.io", ".authorization.k8s.io", ".apiserver.k8s.io"];
  const folder = group === "core" ? "" : suffixes.map((s) => group + s).find((name) => existsSync(join(NEWER, name)));
  if (folder === undefined) return {};
  const types = readTypes(join(NEWER, folder, version, `${type}.d.ts`));
  return types.get(`I${type}`)?.fields ?? {};
}

function readTypes(file) {
  const found = new Map();
  if (!existsSync(file)) return found;
  let comment = [];
  let current;
  let inside = false;
  for (const line of readFileSync(file, "utf8").split("\n")) {
    const text = line.trim();
    if (text.startsWith("/**")) {
      comment = [];
      inside = true;
      const one = text.match(/^\/\*\* (.*) \*\/$/);
      if (one) {
        comment = [one[1]];
        inside = false;
      }
    } else if (inside && text === "*/") inside = false;
    else if (inside) comment.push(line.replace(/^\s*\* ?/, ""));
    else {
      const opened = text.match(/^export (?:interface (\w+)[^{]*\{|type (\w+) =)/);
      const field = text.match(/^"?([\w$-]+)"?\??: /);
      if (opened) {
        current = { doc: comment.join("\n"), fields: {} };
        found.set(opened[1] ?? opened[2], current);
      } else if (text === "}") current = undefined;
      else if (field && current) current.fields[field[1]] = comment.join("\n");
      comment = [];
    }
  }
  return found;
}

/** Reads one class: its description and its fields. */
function readClass(name) {
  const declared = readFileSync(join(MODELS, `${name}.d.ts`), "utf8");
  const code = readFileSync(join(MODELS, `${name}.js`), "utf8");
  const doc = declared.match(/\/\*\*\n\* ([^\n]*)\n\*\/\nexport declare class/)?.[1] ?? "";
  const comments = {};
  for (const m of declared.matchAll(/\/\*\*\n +\* ([^\n]*)\n +\*\/\n +'(\w+)'/g)) comments[m[2]] = unescaped(m[1]);
  const start = code.indexOf("attributeTypeMap = [");
  const map = JSON.parse(code.slice(start + "attributeTypeMap = ".length, code.indexOf("];", start) + 1));
  const fields = map.map((a) => ({
    name: a.baseName,
    type: a.type,
    format: a.format,
    required: new RegExp(`'${a.name.replace("$", "\\$")}': `).test(declared),
    doc: comments[a.name] ?? "",
  }));
  return { doc: unescaped(doc), fields };
}

/** Facts of a field: `list=map keys=a,b quantity` as an object. */
function parseFacts(text) {
  const facts = {};
  for (const word of (text ?? "").split(" ").filter(Boolean)) {
    const [key, value] = word.split("=");
    facts[key] = value ?? true;
  }
  return facts;
}

/** Puts back line breaks: `lines=4n,7t` says that the 4th blank is a newline and the 7th a tab. */
function breakLines(text, lines) {
  if (!lines) return text;
  const at = new Map(lines.split(",").map((w) => [Number(w.slice(0, -1)), w.endsWith("n") ? "\n" : "\t"]));
  let blank = 0;
  return text.replace(/ /g, () => at.get(blank++) ?? " ");
}

const flat = (text) => text.replace(/[\n\t]/g, " ");

/** Reads everything: `package.Type` → { doc, fields }. Also used by the test that checks the facts. */
export function readModels() {
  const facts = JSON.parse(readFileSync(FACTS, "utf8"));
  const names = new Map();
  for (const [pkg, types] of Object.entries(facts)) {
    for (const type of Object.keys(types)) {
      const name = className(pkg, type);
      if (name) names.set(name, `${pkg}.${type}`);
    }
  }
  const models = new Map();
  for (const [pkg, types] of Object.entries(facts)) {
    const others = interfaces(pkg);
    for (const [type, fieldFacts] of Object.entries(types)) {
      const name = className(pkg, type);
      if (!name) throw new Error(`${pkg}.${type} is not in @kubernetes/client-node`);
      const model = readClass(name);
      const other = others.get(type);
      const self = parseFacts(fieldFacts["."]);
      model.doc = breakLines(model.doc || flat(other?.doc ?? ""), self.lines);
      model.facts = self;
      for (const field of model.fields) {
        field.facts = parseFacts(fieldFacts[field.name]);
        const vague = field.type === "IntOrString" || field.type === "V1MicroTime" || field.doc === "";
        if (vague && other?.fields[field.name] !== undefined) field.doc = flat(other.fields[field.name]);
        if (field.facts.newer) field.doc = flat(newerDocs(pkg, type)[field.name]);
        field.doc = breakLines(field.doc, field.facts.lines);
        field.code = typeCode(field, field.type, names);
        if (field.facts.enum && field.code === "s") {
          field.doc += enumDoc(field.facts.enum, newerDocs(pkg, type)[field.name]);
        }
      }
      models.set(`${pkg}.${type}`, model);
    }
  }
  return models;
}

/** What the API server appends to the description of an enum: its values with their comments, where these are known. */
function enumDoc(values, newer) {
  const at = newer?.indexOf("Possible enum values:") ?? -1;
  if (at >= 0) {
    const text = newer.slice(at).trimEnd();
    const named = [...text.matchAll(/^ ?- `"([^"]*)"`/gm)].map((m) => m[1]).sort();
    if (named.join("|") === values) return `\n\n${text.replace(/^- `/gm, " - `")}`;
  }
  const lines = values.split("|").map((value) => ` - \`${JSON.stringify(value)}\``);
  return `\n\nPossible enum values:\n${lines.join("\n")}`;
}

/** One letter for a scalar, `[` and `{` before an element's code, `#name` for another type. */
function typeCode(field, type, names) {
  const array = type.match(/^Array<(.*)>$/);
  if (array) return `[${typeCode(field, array[1], names)}`;
  const map = type.match(/^\{ \[key: string\]: (.*); \}$/);
  if (map) return `{${typeCode(field, map[1], names)}`;
  if (type === "string") {
    if (field.facts.quantity) return "q";
    return field.format === "byte" ? "y" : "s";
  }
  if (type === "number") return { int32: "i", int64: "l" }[field.format] ?? "d";
  const scalar = { boolean: "b", Date: "t", V1MicroTime: "u", IntOrString: "x", any: "j", object: "j" }[type];
  if (scalar) return scalar;
  const ref = names.get(type);
  if (!ref) throw new Error(`${field.name}: the type ${type} has no name in schema-facts.json`);
  return `#${short(ref)}`;
}

const PREFIXES = [
  ["io.k8s.api.", ""],
  ["io.k8s.apimachinery.pkg.apis.", "+"],
  ["io.k8s.apiextensions-apiserver.pkg.apis.", "="],
  ["io.k8s.kube-aggregator.pkg.apis.", "-"],
];

function short(name) {
  for (const [prefix, sign] of PREFIXES) if (name.startsWith(prefix)) return sign + name.slice(prefix.length);
  return name;
}

function attributes(facts, code) {
  const words = [];
  if (facts.strategy) words.push(`p=${facts.strategy}`);
  if (facts.key) words.push(`k=${facts.key}`);
  if (facts.list) words.push(`l=${facts.list}`);
  if (facts.keys) words.push(`m=${facts.keys}`);
  if (facts.map) words.push(`a=${facts.map}`);
  if (facts.go) words.push(`g=${facts.go}`);
  if (facts.zero) words.push(`z=${facts.zero}`);
  if (facts.enum && code === "s") words.push(`e=${facts.enum}`);
  return words.length > 0 ? ` ${words.join(" ")}` : "";
}

/** Descriptions of the types that are written as a scalar or as any JSON: fields refer to them by name. */
function scalarDocs() {
  const meta = readTypes(join(TYPES, "meta/v1.d.ts"));
  const port = readClass("V1TCPSocketAction").fields.find((field) => field.name === "port");
  return {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": readTypes(join(TYPES, "api/resource.d.ts")).get("Quantity").doc,
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": port.doc,
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": meta.get("Time").doc,
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": meta.get("MicroTime").doc,
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": meta.get("FieldsV1").doc,
    "io.k8s.apimachinery.pkg.runtime.RawExtension": readTypes(join(TYPES, "runtime.d.ts")).get("RawExtension").doc,
  };
}

function generate() {
  const types = [];
  const docs = Object.entries(scalarDocs()).map(
    ([name, doc]) => `${JSON.stringify(short(name))}:${JSON.stringify(doc)}`,
  );
  for (const [name, model] of readModels()) {
    const lines = model.fields.map(
      (f) =>
        `${f.name}${f.required ? "!" : ""}:${f.facts.pointer || model.facts.asis ? "*" : ""}${f.code}${attributes(f.facts, f.code)}`,
    );
    if (model.facts.map) lines.unshift(attributes(model.facts));
    types.push(`${JSON.stringify(short(name))}:${JSON.stringify(lines.join("\n"))}`);
    docs.push(
      `${JSON.stringify(short(name))}:${JSON.stringify([model.doc, ...model.fields.map((f) => f.doc)].join("\u0001"))}`,
    );
  }
  const text =
    "// Made by scripts/generate-schema.mjs from published packages; not committed.\n" +
    `export const TYPES: Record<string, string> = {\n${types.join(",\n")}\n};\n` +
    `export const DOCS: Record<string, string> = {\n${docs.join(",\n")}\n};\n`;
  mkdirSync(dirname(OUT), { recursive: true });
  writeFileSync(OUT, text);
}

/** True when the output is older than what it is made from. */
function stale() {
  if (!existsSync(OUT)) return true;
  const made = statSync(OUT).mtimeMs;
  return [FACTS, fileURLToPath(import.meta.url), join(MODELS, "V1Pod.js")].some((f) => statSync(f).mtimeMs > made);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes("--force") || stale()) generate();
}
