/** Resources as kyaml reads them: YAML 1.2, every document an object with kind and name. */
import { isMap, isScalar, parseAllDocuments, visit } from "yaml";
import { yamlFault } from "../../../text/yaml-fault.ts";
import { KubectlError } from "../errors.ts";
import { quote } from "../go.ts";
import { splitDocuments } from "../yaml-documents.ts";
import { Resource, type Tree } from "./resource.ts";

interface Parsed {
  errors: readonly { code: string; message: string; pos: readonly [number, number] }[];
  toJS(options: object): unknown;
}

/** The objects of a text, lists taken apart; `file` is for the words of errors. */
export function parseResources(text: string, file: string): Resource[] {
  const out: Resource[] = [];
  const where = file === "" ? "" : ` in File: ${file}`;
  for (const document of splitDocuments(text)) {
    const [parsed] = parseAllDocuments(document, {
      version: "1.2",
      merge: true,
      uniqueKeys: false,
    }) as unknown as Parsed[];
    if (parsed === undefined) continue;
    const [mistake] = parsed.errors;
    if (mistake !== undefined) throw new KubectlError(`MalformedYAMLError: ${yamlFault(document, mistake)}${where}`);
    if (!document.endsWith("\n")) endWithoutLine(parsed, document.length);
    const value = parsed.toJS({ maxAliasCount: 1000 }) as Tree;
    if (value === null || value === undefined) continue;
    const before = out.length;
    add(value, out);
    const fault = repeatedKeys(parsed, document);
    for (const resource of out.slice(before)) resource.fault = fault;
  }
  return out;
}

/** A block of lines at the very end of a text has the end of its last line only if that stands there. */
function endWithoutLine(parsed: Parsed, end: number): void {
  visit(parsed as never, {
    Scalar(_, scalar) {
      const { value, type, range } = scalar;
      if (typeof value !== "string" || !type?.startsWith("BLOCK") || range?.[1] !== end) return;
      scalar.value = value.replace(/\n$/, "");
    },
  });
}

/** Keys that stand twice in a mapping, in the words of yaml.v3. */
function repeatedKeys(parsed: Parsed, text: string): string {
  const lines: string[] = [];
  const lineOf = (position: number) => text.slice(0, position).split("\n").length;
  visit(parsed as never, {
    Map(_, map) {
      if (!isMap(map)) return;
      const seen = new Map<unknown, number>();
      for (const { key } of map.items) {
        if (!isScalar(key) || !key.range) continue;
        const line = lineOf(key.range[0]);
        const first = seen.get(key.value);
        if (first === undefined) seen.set(key.value, line);
        else lines.push(`  line ${line}: mapping key ${quote(String(key.value))} already defined at line ${first}`);
      }
    },
  });
  return lines.length === 0 ? "" : `yaml: unmarshal errors:\n${lines.join("\n")}`;
}

function add(value: Tree, out: Resource[]): void {
  if (typeof value !== "object" || Array.isArray(value)) throw new KubectlError("missing metadata.name in object");
  if (typeof value.kind === "string" && value.kind.endsWith("List") && Array.isArray(value.items)) {
    for (const item of value.items) add(item, out);
    return;
  }
  const { apiVersion = "", kind = "", metadata = {} } = value;
  const shown = `{{${apiVersion} ${kind}} {{${metadata?.name ?? ""} ${metadata?.namespace ?? ""}} map[] map[]}}`;
  if (!kind) throw new KubectlError(`missing kind in object ${shown}`);
  if (!metadata?.name) throw new KubectlError(`missing metadata.name in object ${shown}`);
  out.push(new Resource(value));
}
