/** `-o jsonpath=…` and `-o go-template=…` and their kin (cli-runtime printers, genericclioptions template flags). */
import type { KubeObject } from "../../api/types.ts";
import { decode } from "../../kernel/index.ts";
import { KubectlError } from "./errors.ts";
import { quote, sprint } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { GoTemplate, GoTemplateError } from "./printers/go-template.ts";
import { JsonPath, JsonPathError } from "./printers/jsonpath.ts";
import { formatted } from "./template/fmt.ts";

export const TEMPLATES = ["go-template", "go-template-file", "template", "templatefile"];
export const JSONPATHS = ["jsonpath", "jsonpath-as-json", "jsonpath-file"];

/** JSON of an object as its type writes it. */
type ToJson = (object: unknown) => string;

/** What writes an object by a template; undefined for another format. `flag`: what `--template` says. */
export function templatePrinter(
  k: Invocation,
  format: string,
  flag: string,
  json: ToJson,
): ((object: KubeObject) => string) | undefined {
  const equals = format.indexOf("=");
  const name = equals < 0 ? format : format.slice(0, equals);
  const value = equals < 0 ? flag : format.slice(equals + 1);
  const isPath = JSONPATHS.includes(name);
  if (!isPath && !TEMPLATES.includes(name)) return undefined;
  // A template of its own leaves the format without one: with one it is no format.
  if (flag !== "" && equals >= 0) return undefined;
  if (value === "") throw new KubectlError("template format specified but no template given");
  return isPath ? jsonPathPrinter(k, name, value) : goTemplatePrinter(k, name, value, json);
}

function jsonPathPrinter(k: Invocation, name: string, value: string): (object: KubeObject) => string {
  const text = name === "jsonpath-file" ? templateFile(k, value, "--template") : value;
  let path: JsonPath;
  try {
    path = new JsonPath(text, k.flags.bool("allow-missing-template-keys"));
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    throw new KubectlError(`error parsing jsonpath ${text}, ${error.message}`);
  }
  return (object) => {
    try {
      return name === "jsonpath-as-json" ? path.executeAsJson(object) : path.execute(object);
    } catch (error) {
      if (!(error instanceof JsonPathError)) throw error;
      throw new KubectlError(
        `error executing jsonpath ${quote(text)}: Error executing template: ${error.message}. Printing more information for debugging the template:\n` +
          `\ttemplate was:\n\t\t${text}\n\tobject given to jsonpath engine was:\n\t\t${formatted(object, "v", true)}\n\n\n`,
      );
    }
  };
}

function goTemplatePrinter(k: Invocation, name: string, value: string, json: ToJson): (object: KubeObject) => string {
  const isFile = name === "go-template-file" || name === "templatefile";
  const text = isFile ? templateFile(k, value, "--template") : value;
  let template: GoTemplate;
  try {
    template = new GoTemplate(text, k.flags.bool("allow-missing-template-keys"));
  } catch (error) {
    if (!(error instanceof GoTemplateError)) throw error;
    throw new KubectlError(`error parsing template ${text}, ${error.message}`);
  }
  return (object) => {
    try {
      return template.execute(object);
    } catch (error) {
      if (!(error instanceof GoTemplateError)) throw error;
      // What was written until then stands, and the explanation is where the output goes.
      k.out(
        `${error.output}Error executing template: ${error.message}. Printing more information for debugging the template:\n` +
          `\ttemplate was:\n\t\t${text}\n\traw data was:\n\t\t${json(object)}\n\tobject given to template engine was:\n\t\t${sprint(object)}\n\n`,
      );
      throw new KubectlError(`error executing template ${quote(text)}: ${error.message}`);
    }
  };
}

/** The text of a file with a template in it. `what` is how the message names the flag. */
export function templateFile(k: Invocation, path: string, what: string): string {
  try {
    return decode(k.readFile(path));
  } catch (error) {
    if (!(error instanceof KubectlError)) throw error;
    throw new KubectlError(`error reading ${what} ${path}, ${error.message}\n`);
  }
}
