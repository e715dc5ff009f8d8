import { withManagedFields } from "../../api/managed-fields/index.ts";
import type { KubeObject } from "../../api/types.ts";
import { decode } from "../../kernel/index.ts";
import { KubectlError } from "./errors.ts";
import { quote, sprint, structJson, toJson } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { JsonPath, JsonPathError, relaxedPath } from "./printers/jsonpath.ts";
import { escapeTerminal } from "./printers/table.ts";
import { newTabWriter, type TabWriter } from "./printers/tabwriter.ts";
import { toYaml } from "./printers/yaml.ts";

/** Writes an object in the form `-o` asks for. */
export interface ObjectPrinter {
  print(object: KubeObject): string;
}

const TEMPLATES = ["go-template", "go-template-file", "template", "templatefile"];
const JSONPATHS = ["jsonpath", "jsonpath-as-json", "jsonpath-file"];
const COLUMNS = ["custom-columns", "custom-columns-file"];

/** Formats of commands that change things, in the order their messages name them. */
const PLAIN_FORMATS = ["json", "yaml", "name", ...TEMPLATES, ...JSONPATHS];

/** What `-o` asks for; undefined for human-readable. `get` also knows custom columns and wide. */
export function objectPrinter(
  k: Invocation,
  options: { forGet?: boolean; operation?: string; typed?: boolean } = {},
): ObjectPrinter | undefined {
  if (!k.flags.has("output")) return undefined;
  const output = k.flags.string("output");
  const template = k.flags.has("template") ? k.flags.string("template") : "";
  const asked = output === "" && template !== "" ? "go-template" : output;
  // Case does not matter to the plain ones.
  const lower = asked.toLowerCase();
  const format = lower === "json" || lower === "yaml" || lower === "name" ? lower : asked;
  if (format === "" || (options.forGet && format === "wide")) return undefined;
  const keep = k.flags.has("show-managed-fields") && k.flags.bool("show-managed-fields");
  const json = options.typed ? structJson : toJson;
  if (format === "json") return { print: (object) => `${json(withoutManagedFields(object, keep), "    ")}\n` };
  if (format === "yaml") {
    let count = 0;
    return { print: (object) => (count++ > 0 ? "---\n" : "") + toYaml(withoutManagedFields(object, keep)) };
  }
  if (format === "name") return { print: (object) => nameText(object, "") };
  const printer =
    templatePrinter(k, format, template) ??
    (options.forGet ? columnsPrinter(k, format) : undefined) ??
    refuse(format, options.forGet ?? false);
  if (format.includes("managedFields") || template.includes("managedFields")) {
    return { ...printer, print: (object) => printer.print(whole(object)) };
  }
  const print = (object: KubeObject) => {
    try {
      return printer.print(object);
    } catch (error) {
      // What a template cannot be filled from is shown with all of its fields.
      if (!(error instanceof KubectlError)) throw error;
      return printer.print(whole(object));
    }
  };
  return { ...printer, print };
}

function refuse(format: string, forGet: boolean): never {
  const allowed = forGet ? [...PLAIN_FORMATS, ...COLUMNS, "wide"] : PLAIN_FORMATS;
  throw new KubectlError(
    `unable to match a printer suitable for the output format ${quote(format)}, allowed formats are: ${[...allowed].sort().join(",")}`,
  );
}

/** The object without `metadata.managedFields`, which json and yaml leave out unless asked. */
export function withoutManagedFields(object: KubeObject, keep = false): KubeObject {
  if (keep) return whole(object);
  if (Array.isArray(object.items)) {
    return { ...object, items: object.items.map((item: KubeObject) => withoutManagedFields(item)) };
  }
  if (object.metadata?.managedFields === undefined) return object;
  const { managedFields, ...metadata } = object.metadata;
  void managedFields;
  return { ...object, metadata } as KubeObject;
}

/** With who owns which field: what the API is asked for in bytes has it, what travels inside the simulation not yet. */
function whole(object: KubeObject): KubeObject {
  if (Array.isArray(object.items)) return { ...object, items: object.items.map(withManagedFields) };
  return withManagedFields(object);
}

/** `pod/web created`, `deployment.apps/web configured`; a list's items one a line. */
export function nameText(object: KubeObject, operation: string): string {
  if (Array.isArray(object.items)) return object.items.map((item: KubeObject) => nameText(item, operation)).join("");
  return `${qualifiedName(object)}${operation === "" ? "" : ` ${operation}`}\n`;
}

/** `pod/web`, `deployment.apps/web`. */
export function qualifiedName(object: KubeObject): string {
  const slash = object.apiVersion.indexOf("/");
  const group = slash < 0 ? "" : `.${object.apiVersion.slice(0, slash)}`;
  return `${object.kind.toLowerCase()}${group}/${object.metadata?.name || "<unknown>"}`;
}

/** `jsonpath=…` and its kin, `go-template=…` too; undefined for another format. */
function templatePrinter(k: Invocation, format: string, flag: string): ObjectPrinter | undefined {
  const equals = format.indexOf("=");
  const name = equals < 0 ? format : format.slice(0, equals);
  const value = equals < 0 ? flag : format.slice(equals + 1);
  if (JSONPATHS.includes(name)) {
    if (value === "") throw new KubectlError("template format specified but no template given");
    return jsonPathPrinter(k, name, value);
  }
  if (!TEMPLATES.includes(name)) return undefined;
  if (value === "") throw new KubectlError("template format specified but no template given");
  return goTemplatePrinter(k, name, value);
}

function jsonPathPrinter(k: Invocation, name: string, value: string): ObjectPrinter {
  const text = name === "jsonpath-file" ? templateFile(k, value, "--template") : value;
  const allow = k.flags.bool("allow-missing-template-keys");
  let path: JsonPath;
  try {
    path = new JsonPath(text, allow);
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    throw new KubectlError(`error parsing jsonpath ${text}, ${error.message}`);
  }
  return {
    print(object) {
      try {
        return name === "jsonpath-as-json" ? path.executeAsJson(object) : path.execute(object);
      } catch (error) {
        if (!(error instanceof JsonPathError)) throw error;
        const shown = goSyntax(object);
        throw new KubectlError(
          `error executing jsonpath ${quote(text)}: Error executing template: ${error.message}. Printing more information for debugging the template:\n` +
            `\ttemplate was:\n\t\t${text}\n\tobject given to jsonpath engine was:\n\t\t${shown}\n\n\n`,
        );
      }
    },
  };
}

function templateFile(k: Invocation, path: string, what: string): string {
  try {
    return decode(k.readFile(path));
  } catch (error) {
    if (!(error instanceof KubectlError)) throw error;
    throw new KubectlError(`error reading ${what} ${path}, ${error.message}\n`);
  }
}

/** `%#v` of a decoded JSON value. */
export function goSyntax(value: unknown): string {
  if (value === null || value === undefined) return "interface {}(nil)";
  if (typeof value === "string") return quote(value);
  if (typeof value === "object") {
    if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(", ")}}`;
    const object = value as Record<string, unknown>;
    const entries = Object.keys(object)
      .sort()
      .map((key) => `${quote(key)}:${goSyntax(object[key])}`);
    return `map[string]interface {}{${entries.join(", ")}}`;
  }
  return sprint(value);
}

import { GoTemplate, GoTemplateError } from "./printers/go-template.ts";

function goTemplatePrinter(k: Invocation, name: string, value: string): ObjectPrinter {
  const isFile = name === "go-template-file" || name === "templatefile";
  const text = isFile ? templateFile(k, value, "--template") : value;
  let template: GoTemplate;
  try {
    template = new GoTemplate(text, k.flags.bool("allow-missing-template-keys"));
  } catch (error) {
    if (!(error instanceof GoTemplateError)) throw error;
    throw new KubectlError(`error parsing template ${text}, ${error.message}`);
  }
  return {
    print(object) {
      try {
        return template.execute(object);
      } catch (error) {
        if (!(error instanceof GoTemplateError)) throw error;
        k.out(
          `Error executing template: ${error.message}. Printing more information for debugging the template:\n` +
            `\ttemplate was:\n\t\t${text}\n\traw data was:\n\t\t${toJson(object)}\n\tobject given to template engine was:\n\t\t${sprint(object)}\n\n`,
        );
        throw new KubectlError(`error executing template ${quote(text)}: ${error.message}`);
      }
    },
  };
}

/** `custom-columns=NAME:.metadata.name,…`. */
function columnsPrinter(k: Invocation, format: string): ObjectPrinter | undefined {
  const equals = format.indexOf("=");
  const name = equals < 0 ? format : format.slice(0, equals);
  if (!COLUMNS.includes(name)) return undefined;
  const value = equals < 0 ? k.flags.string("template") : format.slice(equals + 1);
  if (value === "") throw new KubectlError(`custom-columns format specified but no custom columns given`);
  const columns = name === "custom-columns" ? columnsOf(value) : columnsOfFile(templateFile(k, value, "template"));
  return new ColumnsPrinter(k, columns, k.flags.bool("no-headers") && name === "custom-columns");
}

interface CustomColumn {
  header: string;
  path: JsonPath;
}

function customColumn(header: string, spec: string): CustomColumn {
  try {
    return { header, path: new JsonPath(relaxedPath(spec), true) };
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    throw new KubectlError(error.message);
  }
}

function columnsOf(spec: string): CustomColumn[] {
  return spec.split(",").map((part) => {
    const colon = part.indexOf(":");
    if (colon < 0) {
      throw new KubectlError(`unexpected custom-columns spec: ${part}, expected <header>:<json-path-expr>`);
    }
    return customColumn(part.slice(0, colon), part.slice(colon + 1));
  });
}

const FILE_FORM = "Expected format is one line of space separated headers, one line of space separated column specs.";

function columnsOfFile(text: string): CustomColumn[] {
  const [headers, specs] = text.split("\n").map((line) => line.split(/\s+/).filter((word) => word !== ""));
  if (text === "" || headers === undefined)
    throw new KubectlError(`invalid template, missing header line. ${FILE_FORM}`);
  if (specs === undefined) throw new KubectlError(`invalid template, missing spec line. ${FILE_FORM}`);
  if (headers.length !== specs.length) {
    throw new KubectlError(
      `number of headers (${headers.length}) and field specifications (${specs.length}) don't match`,
    );
  }
  return headers.map((header, i) => customColumn(header, specs[i]!));
}

class ColumnsPrinter implements ObjectPrinter {
  private readonly columns: readonly CustomColumn[];
  private headers: boolean;
  private readonly writer: TabWriter = newTabWriter();

  constructor(
    private readonly k: Invocation,
    columns: readonly CustomColumn[],
    noHeaders: boolean,
  ) {
    this.columns = columns;
    this.headers = !noHeaders;
  }

  print(object: KubeObject): string {
    if (this.headers) this.writer.write(`${this.columns.map((column) => column.header).join("\t")}\n`);
    this.headers = false;
    const items = Array.isArray(object.items) ? (object.items as KubeObject[]) : [object];
    try {
      for (const item of items)
        this.writer.write(`${this.columns.map((column) => this.cell(column, item)).join("\t")}\n`);
    } catch (error) {
      // What was written before stands.
      this.k.out(this.writer.flush());
      throw error;
    }
    return this.writer.flush();
  }

  private cell(column: CustomColumn, item: KubeObject): string {
    try {
      const values = column.path.find(item);
      if ((values[0]?.length ?? 0) === 0) return "<none>";
      return values
        .flat()
        .map((value) => escapeTerminal(sprint(value)))
        .join(",");
    } catch (error) {
      if (!(error instanceof JsonPathError)) throw error;
      throw new KubectlError(error.message);
    }
  }
}
