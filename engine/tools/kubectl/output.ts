import { withManagedFields } from "../../api/managed-fields/index.ts";
import type { KubeObject } from "../../api/types.ts";
import { toYaml } from "../../text/yaml.ts";
import { KubectlError } from "./errors.ts";
import { quote, sprint, structJson, toJson } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { JsonPath, JsonPathError, relaxedPath } from "./printers/jsonpath.ts";
import { escapeTerminal } from "./printers/table.ts";
import { newTabWriter, type TabWriter } from "./printers/tabwriter.ts";
import { JSONPATHS, TEMPLATES, templateFile, templatePrinter } from "./template-printers.ts";

/** Writes an object in the form `-o` asks for. */
export interface ObjectPrinter {
  print(object: KubeObject): string;
}

const COLUMNS = ["custom-columns", "custom-columns-file"];

/** Formats of commands that change things, in the order their messages name them. */
const PLAIN_FORMATS = ["json", "yaml", "name", ...TEMPLATES, ...JSONPATHS];

/** What `-o` asks for; undefined for human-readable. `get` also knows custom columns and wide. */
export function objectPrinter(
  k: Invocation,
  options: { forGet?: boolean; typed?: boolean } = {},
): ObjectPrinter | undefined {
  if (!k.flags.has("output")) return undefined;
  const template = k.flags.has("template") ? k.flags.string("template") : "";
  // What a command prints by default gives way to a template.
  const output = template !== "" && !k.flags.changed("output") ? "" : k.flags.string("output");
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
  const print = templatePrinter(k, format, template, json);
  if (print !== undefined) return { print: (object) => print(whole(object)) };
  const columns = options.forGet ? columnsPrinter(k, format) : undefined;
  if (columns !== undefined) return { print: (object) => columns.print(whole(object)) };
  return refuse(format, options.forGet ?? false);
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
  spec: string;
}

function customColumn(header: string, spec: string): CustomColumn {
  try {
    return { header, spec: relaxedPath(spec) };
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

function parsedPath(spec: string): JsonPath {
  try {
    return new JsonPath(spec, true);
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    throw new KubectlError(error.message);
  }
}

class ColumnsPrinter implements ObjectPrinter {
  private readonly columns: readonly CustomColumn[];
  private paths: JsonPath[] | undefined;
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
      // Not parsed before the headers are written.
      this.paths ??= this.columns.map(({ spec }) => parsedPath(spec));
      for (const item of items) this.writer.write(`${this.paths.map((path) => this.cell(path, item)).join("\t")}\n`);
    } catch (error) {
      // What was written before stands.
      this.k.out(this.writer.flush());
      throw error;
    }
    return this.writer.flush();
  }

  private cell(path: JsonPath, item: KubeObject): string {
    try {
      const values = path.find(item);
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
