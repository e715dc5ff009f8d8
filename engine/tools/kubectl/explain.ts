import type { Gen } from "../../kernel/index.ts";
import type { Mapping } from "./discovery.ts";
import { Exit, KubectlError } from "./errors.ts";
import { SUGGEST_RESOURCES } from "./get.ts";
import { quote, sortedKeys } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { type Schema, type Schemas, schemasOf } from "./openapi.ts";
import { JsonPathError, type Node, parseJsonPath } from "./printers/jsonpath-parser.ts";
import { wrapWords } from "./printers/wrap.ts";
import { warnOfShortName } from "./resources.ts";

/** kubectl explain. */
export function* explain(k: Invocation): Gen<number> {
  const { args, flags } = k;
  if (args.length === 0) {
    throw new KubectlError(`You must specify the type of resource to explain. ${SUGGEST_RESOURCES}\n`);
  }
  if (args.length > 1) throw new KubectlError("We accept only this format: explain RESOURCE\n");
  const apiVersion = flags.string("api-version");
  const { mapping, path } = yield* parse(k, args[0]!, apiVersion !== "");
  let { group, version } = mapping;
  if (apiVersion !== "") {
    const slash = apiVersion.indexOf("/");
    group = slash < 0 ? "" : apiVersion.slice(0, slash);
    version = apiVersion.slice(slash + 1);
  }
  const output = flags.string("output");
  if (output === "plaintext-openapiv2") {
    yield* k.request("GET", "/openapi/v2?timeout=32s");
    // The server's older document has no kinds that this form could be found by.
    const gvk = `${group}/${version}, Kind=${mapping.kind}`;
    throw new KubectlError(`couldn't find resource for ${quote(gvk)}`);
  }
  const gvr = `${group}/${version}, Resource=${mapping.resource}`;
  const schemas = yield* schemasOf(k, group, version);
  if (schemas === undefined) throw new KubectlError(`couldn't find resource for "${gvr}"`);
  const schema = Object.values(schemas).find((each) =>
    each["x-kubernetes-group-version-kind"]?.some(
      (gvk) => gvk.kind === mapping.kind && gvk.group === group && gvk.version === version,
    ),
  );
  if (output !== "" && output !== "plaintext") {
    throw new KubectlError(`unrecognized format: ${output}`);
  }
  if (schema === undefined) throw new KubectlError(`GVR (${gvr}) not found in OpenAPI schema`);
  const page = new Page(schemas, flags.bool("recursive"));
  const body = page.follow(schema, path, new Set());
  const head = `${group === "" ? "" : `GROUP:      ${group}\n`}KIND:       ${mapping.kind}\nVERSION:    ${version}\n\n`;
  k.out(head);
  if (body === "") throw new KubectlError(`field ${quote(path.at(-1) ?? "")} does not exist`);
  k.out(`${body}\n`);
  return 0;
}

interface Asked {
  mapping: Mapping;
  path: string[];
}

/**
 * `pods.spec.containers`, which is read as a JSONPath (kubectl pkg/explain); the group may stand between a resource, by
 * its plural, and its fields, but where the version is said by a flag.
 */
function* parse(k: Invocation, text: string, ofVersion: boolean): Gen<Asked> {
  const nodes = nodesOf(text);
  if (nodes[0]?.type !== "field") throw notField("first node");
  const first = nodes[0].name;
  if (first === "") throw new KubectlError("a resource must be present, got: /, Resource=");
  let discovery = yield* k.resources(2);
  let mapping = discovery.find(first);
  if (mapping === undefined) {
    discovery = (yield* k.rediscovered(2)) ?? discovery;
    mapping = discovery.find(first);
  }
  warnOfShortName(k, discovery, first);
  if (mapping === undefined) throw new Exit(1, `the server doesn't have a resource type ${quote(first)}`);
  if (ofVersion) return { mapping, path: fields(nodes, "all nodes") };
  const whole = mapping.group === "" ? mapping.resource : `${mapping.resource}.${mapping.group}`;
  // What follows the whole name is read on its own, so that of two dots the first is lost.
  const rest = text.startsWith(whole) ? text.slice(whole.length) : undefined;
  if (rest === "") return { mapping, path: [] };
  return { mapping, path: fields(rest === undefined ? nodes : nodesOf(rest), "first node") };
}

function nodesOf(text: string): readonly Node[] {
  try {
    const [list] = parseJsonPath(`{.${text.replace(/\.$/, "")}}`);
    return list?.type === "list" ? list.nodes : [];
  } catch (error) {
    if (error instanceof JsonPathError) throw new KubectlError(error.message);
    throw error;
  }
}

function notField(which: "all nodes" | "first node"): KubectlError {
  const words = which === "first node" ? "first node must be field node" : "all nodes must be field nodes";
  return new KubectlError(`invalid jsonpath syntax, ${words}`);
}

/** The names behind the first node of a path, all of which have to be fields. */
function fields(nodes: readonly Node[], which: "all nodes" | "first node"): string[] {
  return nodes.slice(1).map((node) => {
    if (node.type !== "field") throw notField(which);
    return node.name;
  });
}

const indent = (amount: number, text: string) => {
  const pad = " ".repeat(amount);
  return pad + text.replaceAll("\n", `\n${pad}`);
};

/** The plain text of a schema (explain/v2/templates/plaintext.tmpl says what stands where). */
class Page {
  private readonly schemas: Schemas;
  private readonly recursive: boolean;

  constructor(schemas: Schemas, recursive: boolean) {
    this.schemas = schemas;
    this.recursive = recursive;
  }

  private resolve(schema: Schema): Schema {
    const name = schema.$ref?.split("/").at(-1);
    return (name && this.schemas[name]) || schema;
  }

  /** Goes down a path of fields and describes where it ends; empty when it leads nowhere. */
  follow(schema: Schema, path: readonly string[], seen: ReadonlySet<string>): string {
    const ref = schema.$ref ?? "";
    const resolved = this.resolve(schema);
    if (path.length === 0) {
      const description = indent(4, wrapWords(this.description(resolved) || "<empty>", 76));
      const fields = this.fields(resolved, 1, new Set());
      return `DESCRIPTION:\n${description}\n${fields === "" ? "" : `FIELDS:\n${fields}`}`;
    }
    if (ref !== "" && seen.has(ref)) return "";
    const next = new Set([...seen, ref]);
    const field = resolved.properties?.[path[0]!];
    if (field) {
      const rest = this.follow(field, path.slice(1), new Set());
      if (path.length > 1) return rest;
      const values = field.enum
        ? `ENUM:${field.enum.map((value) => `\n    ${value === "" ? '""' : value}`).join("")}`
        : "";
      return `FIELD: ${path[0]} <${this.typeName(field)}>\n${values}\n\n${rest}`;
    }
    if (resolved.items) return this.follow(resolved.items, path, next);
    if (typeof resolved.additionalProperties === "object")
      return this.follow(resolved.additionalProperties, path, next);
    for (const one of resolved.allOf ?? []) {
      const text = this.follow(one, path, next);
      if (text !== "") return text;
    }
    return "";
  }

  private description(schema: Schema): string {
    const resolved = this.resolve(schema);
    let text = resolved.description ? `${resolved.description}\n` : "";
    for (const one of resolved.allOf ?? []) text += this.description(one);
    if (resolved.items) text += this.description(resolved.items);
    if (typeof resolved.additionalProperties === "object") text += this.description(resolved.additionalProperties);
    return text;
  }

  private fields(schema: Schema, level: number, seen: ReadonlySet<string>): string {
    const ref = schema.$ref ?? "";
    if (ref !== "" && seen.has(ref)) return "";
    const next = new Set([...seen, ref]);
    const resolved = this.resolve(schema);
    let text = "";
    for (const name of sortedKeys(resolved.properties ?? {})) {
      const field = resolved.properties![name]!;
      text += this.field(name, field, resolved.required?.includes(name) ?? false, level);
      if (this.recursive) text += this.fields(field, level + 1, next);
    }
    for (const one of resolved.allOf ?? []) text += this.fields(one, level, next);
    if (resolved.items) text += this.fields(resolved.items, level, next);
    if (typeof resolved.additionalProperties === "object")
      text += this.fields(resolved.additionalProperties, level, next);
    return text;
  }

  private field(name: string, field: Schema, required: boolean, level: number): string {
    const pad = " ".repeat(level * 2);
    let text = `${pad}${name}\t<${this.typeName(field)}>${required ? " -required-" : ""}`;
    if (field.enum) {
      const values = field.enum.slice(0, 4).map((value) => (value === "" ? '""' : String(value)));
      text += `\n${pad}enum: ${values.join(", ")}${field.enum.length > 4 ? ", ...." : ""}`;
    }
    text += "\n";
    if (this.recursive) return text;
    const description = wrapWords(field.description || "<no description>", 78 - level * 2);
    return `${text}${indent(level * 2 + 2, description)}\n\n`;
  }

  private typeName(schema: Schema): string {
    if (schema.items) return `[]${this.typeName(schema.items)}`;
    if (typeof schema.additionalProperties === "object")
      return `map[string]${this.typeName(schema.additionalProperties)}`;
    if (schema.allOf?.length === 1 && !schema.properties) return this.typeName(schema.allOf[0]!);
    if (schema.$ref) {
      const target = this.resolve(schema);
      if (target === schema || !target.type || target.type === "object")
        return schema.$ref.split("/").at(-1)!.split(".").at(-1) || "Object";
      return target.type;
    }
    return schema.type === "object" ? "Object" : schema.type || "Object";
  }
}
