/** YAML as kubectl reads it: documents one by one, and what is wrong with one in the words of goyaml (libyaml's). */
import { isCollection, isPair, isScalar, parseAllDocuments, visit } from "yaml";
import { GO_YAML } from "../../text/go-yaml.ts";
import { type Fault, yamlFault } from "../../text/yaml-fault.ts";
import { KubectlError } from "./errors.ts";
import { quote, sprint } from "./go.ts";

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
    ...GO_YAML,
  }) as unknown as Parsed[];
  if (document === undefined) return null;
  // What stands behind the end of the document is not looked at.
  const fault = document.errors.find(({ message }) => !message.includes("in YAML stream"));
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
      if (!isPair(pair)) return;
      if (isScalar(pair.key) && pair.key.value === null) {
        const value = isScalar(pair.value) ? goValue(pair.value.value) : "<nil>";
        throw new KubectlError(`unsupported map key of type: %!s(<nil>), key: <nil>, value: ${value}`);
      }
      if (!isCollection(pair.key)) return;
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
