import { reviewVersions, webhookClient } from "../admissionregistration/client.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import {
  child,
  duplicate,
  forbidden,
  invalid,
  invalidText,
  notSupported,
  required,
  tooMany,
} from "../validation/field.ts";
import { dns1035Label, dns1123Subdomain } from "../validation/names.ts";
import { deepEqual } from "../validation/value.ts";
import { approvalWords } from "./approval.ts";
import { validateDefaults } from "./default-validation.ts";
import { fieldIn } from "./field-path.ts";
import type { JsonSchema } from "./schema.ts";
import { schemaWords } from "./schema-validation.ts";
import { unsupported, validateStructural } from "./structural.ts";

/** CustomResourceDefinitions, in the words of apiextensions-apiserver pkg/apis/apiextensions/validation. */

interface Version {
  name: string;
  served: boolean;
  storage: boolean;
  deprecated?: boolean;
  deprecationWarning?: string;
  schema?: { openAPIV3Schema?: JsonSchema };
  subresources?: { status?: object; scale?: Record<string, string> };
  additionalPrinterColumns?: readonly Record<string, unknown>[];
  selectableFields?: readonly { jsonPath?: string }[];
}

const SHARED = ["schema", "subresources", "additionalPrinterColumns", "selectableFields"] as const;
type Shared = { -readonly [K in (typeof SHARED)[number]]?: Version[K] };

/** As the internal type has it: what is the same in all versions stands once, and in none (v1/conversion.go). */
function hoisted(all: readonly Version[]): { shared: Shared; versions: readonly Version[] } {
  const shared: Shared = {};
  const versions = all.map((version) => ({ ...version }));
  for (const field of SHARED) {
    const [first] = all;
    if (!all.every((version) => deepEqual(version[field], first?.[field]))) continue;
    if (first?.[field] !== undefined) Object.assign(shared, { [field]: first[field] });
    for (const version of versions) delete version[field];
  }
  return { shared, versions };
}

export function crdNameCheck(object: KubeObject): (name: string) => string[] {
  const { names = {}, group = "" } = object["spec"] ?? {};
  return (name) => {
    const errors = dns1123Subdomain(name);
    return name === `${names.plural ?? ""}.${group}` ? errors : [...errors, `must be spec.names.plural+"."+spec.group`];
  };
}

export function validateCrd(object: KubeObject): StatusCause[] {
  const { spec = {} } = object;
  const causes: StatusCause[] = [];
  const { group = "", names = {}, scope = "" } = spec;
  const { shared, versions } = hoisted((spec.versions ?? []) as Version[]);
  if (group === "") causes.push(required("spec.group", ""));
  else {
    const errors = dns1123Subdomain(group);
    if (errors.length > 0) causes.push(invalid("spec.group", group, errors.join(",")));
    else if (!group.includes("."))
      causes.push(invalid("spec.group", group, "should be a domain with at least one dot"));
  }
  if (scope === "") causes.push(required("spec.scope", ""));
  else if (scope !== "Cluster" && scope !== "Namespaced") {
    causes.push(notSupported("spec.scope", scope, ["Cluster", "Namespaced"]));
  }
  if (!shared.schema?.openAPIV3Schema) {
    for (const [i, { schema }] of versions.entries()) {
      if (schema?.openAPIV3Schema) continue;
      causes.push(required(`spec.versions[${i}].schema.openAPIV3Schema`, "schemas are required"));
    }
  }
  const statusOf = ({ subresources }: Shared) => subresources?.status !== undefined;
  for (const [i, version] of versions.entries()) {
    const path = `spec.versions[${i}]`;
    const errors = dns1035Label(version.name ?? "");
    if (errors.length > 0) causes.push(invalid(`${path}.name`, version.name ?? "", errors.join(",")));
    causes.push(...deprecationWords(version, `${path}.deprecationWarning`));
    causes.push(...validateSchemaOf(version.schema, statusOf(version) || statusOf(shared), `${path}.schema`));
    causes.push(...validateShared(version, path));
    causes.push(...selectableWords(version, path));
  }
  causes.push(...versionSetWords(spec.versions, versions));
  for (const name of ["plural", "singular", "kind", "listKind"]) {
    if (!names[name]) causes.push(required(`spec.names.${name}`, ""));
  }
  causes.push(...validateNames(names, "spec.names"));
  const anyStatus = [shared, ...versions].some(statusOf);
  causes.push(...validateSchemaOf(shared.schema, anyStatus, "spec.validation"));
  causes.push(...validateShared(shared, "spec"), ...selectableWords(shared, "spec"));
  causes.push(...validateConversion(spec.conversion));
  const stored: readonly string[] = object["status"]?.storedVersions ?? [];
  causes.push(...validateStored(stored, versions), ...approvalWords(object));
  if (spec.preserveUnknownFields === true) {
    const why =
      "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
    causes.push(invalid("spec.preserveUnknownFields", true, why));
  }
  return causes;
}

/** Names of versions, and which of them is stored. */
function versionSetWords(given: unknown, versions: readonly Version[]): StatusCause[] {
  const causes: StatusCause[] = [];
  const shown = Array.isArray(given) ? versionsText(versions) : "[]apiextensions.CustomResourceDefinitionVersion(nil)";
  if (new Set(versions.map(({ name }) => name)).size < versions.length) {
    causes.push(invalidText("spec.versions", shown, "must contain unique version names"));
  }
  if (versions.filter(({ storage }) => storage).length !== 1) {
    causes.push(invalidText("spec.versions", shown, "must have exactly one version marked as storage version"));
  }
  // The internal type also has the name of the first version by itself.
  const name = versions[0]?.name ?? "";
  const errors = name === "" ? [] : dns1035Label(name);
  if (errors.length > 0) causes.push(invalid("spec.version", name, errors.join(",")));
  return causes;
}

function deprecationWords({ deprecated, deprecationWarning }: Version, path: string): StatusCause[] {
  if (deprecationWarning === undefined) return [];
  if (!deprecated) return [invalid(path, deprecationWarning, "can only be set for deprecated versions")];
  if (deprecationWarning.length > 256) return [invalid(path, deprecationWarning, "must be <= 256 characters long")];
  return deprecationWarning === "" ? [invalid(path, deprecationWarning, "must not be an empty string")] : [];
}

/** Everything of a schema: its structure, its defaults, what each part of it says. */
function validateSchemaOf(given: Shared["schema"], status: boolean, path: string): StatusCause[] {
  const schema = given?.openAPIV3Schema;
  if (!schema) return [];
  const at = `${path}.openAPIV3Schema`;
  const causes: StatusCause[] = [];
  const { type = "" } = schema;
  if (status && type !== "" && type !== "object") {
    const why = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled';
    causes.push(invalid(`${at}.type`, type, why));
  }
  if (schema.nullable) causes.push(forbidden(`${at}.nullable`, "nullable cannot be true at the root"));
  let found = validateStructural(schema, at);
  if (found.length === 0 && !unsupported(schema)) found = validateDefaults(schema, at);
  const sound = found.length === 0 && !unsupported(schema);
  const said = schemaWords(schema, at, sound);
  // Of all that no structural schema can have, nothing else speaks of this.
  if (said.length === 0 && unsupported(schema)) found = [invalid(at, "", "OpenAPIV3Schema 'schema' is not supported")];
  return [...causes, ...found, ...said];
}

/** `[]apiextensions.CustomResourceDefinitionVersion{…}`: the part of it that has no addresses in it. */
function versionsText(versions: readonly Version[]): string {
  const parts = versions.map(
    ({ name, served, storage, deprecated }) =>
      `apiextensions.CustomResourceDefinitionVersion{Name:${JSON.stringify(name ?? "")}, Served:${served ?? false}, Storage:${storage ?? false}, Deprecated:${deprecated ?? false}, DeprecationWarning:(*string)(nil), Schema:(*apiextensions.CustomResourceValidation)(nil), Subresources:(*apiextensions.CustomResourceSubresources)(nil), AdditionalPrinterColumns:[]apiextensions.CustomResourceColumnDefinition(nil), SelectableFields:[]apiextensions.SelectableField(nil)}`,
  );
  return `[]apiextensions.CustomResourceDefinitionVersion{${parts.join(", ")}}`;
}

function validateStored(stored: readonly string[], versions: readonly Version[]): StatusCause[] {
  const path = "status.storedVersions";
  if (stored.length === 0) return [invalidText(path, "[]string(nil)", "must have at least one stored version")];
  const causes: StatusCause[] = [];
  for (const { name, storage } of versions) {
    if (storage && !stored.includes(name)) causes.push(invalid(path, stored, `must have the storage version ${name}`));
  }
  for (const [i, name] of stored.entries()) {
    if (!versions.some((one) => one.name === name)) {
      causes.push(invalid(`${path}[${i}]`, name, "must appear in spec.versions"));
    }
  }
  return causes;
}

const COLUMN_TYPES = ["boolean", "date", "integer", "number", "string"];
const COLUMN_FORMATS = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

/** Subresources and columns, of all versions or of one. */
function validateShared({ subresources, additionalPrinterColumns = [] }: Shared, path: string): StatusCause[] {
  const causes = validateSubresources(subresources, `${path}.subresources`);
  for (const [i, column] of additionalPrinterColumns.entries()) {
    causes.push(...validateColumn(column, `${path}.additionalPrinterColumns[${i}]`));
  }
  return causes;
}

const MAX_SELECTABLE = 8;

function selectableWords({ selectableFields = [], schema }: Shared, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const at = `${path}.selectableFields`;
  const root = schema?.openAPIV3Schema;
  if (selectableFields.length === 0) return causes;
  if (!root) return [invalid(at, "", "selectableFields may only be set when validations.schema is included")];
  const seen = new Set<string>();
  for (const [i, { jsonPath = "" }] of selectableFields.entries()) {
    const field = `${at}[${i}].jsonPath`;
    if (jsonPath === "") {
      causes.push(required(field, ""));
      continue;
    }
    const found = fieldIn(root, jsonPath, false);
    if (typeof found === "string") {
      causes.push(invalid(field, jsonPath, `is an invalid path: ${found}`));
      continue;
    }
    if (/^metadata\b/.test(found.at)) causes.push(invalid(field, jsonPath, "must not point to fields in metadata"));
    if (!["string", "boolean", "integer"].includes(found.schema.type ?? "")) {
      const why =
        "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.";
      causes.push(invalid(field, jsonPath, why));
    }
    if (seen.has(found.at)) causes.push(duplicate(field, jsonPath));
    seen.add(found.at);
  }
  if (seen.size > MAX_SELECTABLE) causes.push(tooMany(at, seen.size, MAX_SELECTABLE));
  return causes;
}

function validateColumn(column: Record<string, unknown>, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const { name = "", type = "", format = "", jsonPath = "" } = column as Record<string, string>;
  const oneOf = `must be one of ${COLUMN_TYPES.join(",")}`;
  if (name === "") causes.push(required(`${path}.name`, ""));
  if (type === "") causes.push(required(`${path}.type`, oneOf));
  else if (!COLUMN_TYPES.includes(type)) causes.push(invalid(`${path}.type`, type, oneOf));
  if (format !== "" && !COLUMN_FORMATS.includes(format)) {
    causes.push(invalid(`${path}.format`, format, `must be one of ${COLUMN_FORMATS.join(",")}`));
  }
  if (jsonPath === "") causes.push(required(`${path}.JSONPath`, ""));
  else causes.push(...validatePath(jsonPath, `${path}.JSONPath`));
  return causes;
}

/** validateSimpleJSONPath: a path that starts with a dot is one. */
function validatePath(text: string, path: string): StatusCause[] {
  return text.startsWith(".") ? [] : [invalid(path, text, "must be a simple json path starting with .")];
}

function validateSubresources(subresources: Shared["subresources"], path: string): StatusCause[] {
  const scale = subresources?.scale;
  if (!scale) return [];
  const causes: StatusCause[] = [];
  const { specReplicasPath = "", statusReplicasPath = "", labelSelectorPath = "" } = scale;
  const check = (name: string, value: string, prefixes: readonly string[], where: string) => {
    const at = `${path}.scale.${name}`;
    const wrong = validatePath(value, at);
    if (wrong.length > 0) causes.push(...wrong);
    else if (!prefixes.some((prefix) => value.startsWith(prefix))) {
      causes.push(invalid(at, value, `should be a json path under ${where}`));
    }
  };
  if (specReplicasPath === "") causes.push(required(`${path}.scale.specReplicasPath`, ""));
  else check("specReplicasPath", specReplicasPath, [".spec."], ".spec");
  if (statusReplicasPath === "") causes.push(required(`${path}.scale.statusReplicasPath`, ""));
  else check("statusReplicasPath", statusReplicasPath, [".status."], ".status");
  if (labelSelectorPath !== "") {
    check("labelSelectorPath", labelSelectorPath, [".spec.", ".status."], "either .spec or .status");
  }
  return causes;
}

export function validateNames(names: Record<string, string | readonly string[]>, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const label = (name: string, value: string, head = "") => {
    const errors = value === "" ? [] : dns1035Label(head === "" ? value : value.toLowerCase());
    if (errors.length > 0) causes.push(invalid(child(path, name), value, head + errors.join(",")));
  };
  const { plural = "", singular = "", kind = "", listKind = "" } = names as Record<string, string>;
  const mixed = "may have mixed case, but should otherwise match: ";
  label("plural", plural);
  label("singular", singular);
  label("kind", kind, mixed);
  label("listKind", listKind, mixed);
  const shortNames = (names["shortNames"] ?? []) as readonly string[];
  const categories = (names["categories"] ?? []) as readonly string[];
  for (const [i, name] of shortNames.entries()) label(`shortNames[${i}]`, name);
  if (kind !== "" && kind === listKind) {
    causes.push(invalid(child(path, "listKind"), listKind, "kind and listKind may not be the same"));
  }
  for (const [i, name] of categories.entries()) label(`categories[${i}]`, name);
  return causes;
}

interface Conversion {
  strategy?: string;
  webhook?: { clientConfig?: { url?: string; service?: object }; conversionReviewVersions?: readonly string[] };
}

function validateConversion(conversion: Conversion | undefined): StatusCause[] {
  if (!conversion) return [];
  const path = "spec.conversion";
  const { strategy = "", webhook } = conversion;
  const causes: StatusCause[] = [];
  if (strategy === "") causes.push(required(`${path}.strategy`, ""));
  else if (strategy !== "None" && strategy !== "Webhook") {
    causes.push(notSupported(`${path}.strategy`, strategy, ["None", "Webhook"]));
  }
  const client = webhook?.clientConfig;
  const versions = webhook?.conversionReviewVersions ?? [];
  if (strategy === "Webhook") {
    if (!client) causes.push(required(`${path}.webhookClientConfig`, "required when strategy is set to Webhook"));
    else causes.push(...webhookClient(client, `${path}.webhookClientConfig`));
    causes.push(...reviewVersions(versions, `${path}.conversionReviewVersions`, ""));
    return causes;
  }
  const why = "should not be set when strategy is not set to Webhook";
  if (client) causes.push(forbidden(`${path}.webhookClientConfig`, why));
  if (versions.length > 0) causes.push(forbidden(`${path}.conversionReviewVersions`, why));
  return causes;
}

const IMMUTABLE_ONCE_SERVED = [
  ["scope", (spec: Spec) => spec.scope],
  ["names.kind", (spec: Spec) => spec.names?.kind],
] as const;
const IMMUTABLE = [
  ["group", (spec: Spec) => spec.group],
  ["names.plural", (spec: Spec) => spec.names?.plural],
] as const;

interface Spec {
  scope?: string;
  group?: string;
  names?: { kind?: string; plural?: string };
}

/** What may not change: group and plural never, scope and kind once it is served. */
export function validateCrdUpdate(object: KubeObject, old: KubeObject): StatusCause[] {
  const conditions: readonly { type: string; status: string }[] = old["status"]?.conditions ?? [];
  const established = conditions.some(({ type, status }) => type === "Established" && status === "True");
  const causes: StatusCause[] = [];
  for (const [name, read] of [...(established ? IMMUTABLE_ONCE_SERVED : []), ...IMMUTABLE]) {
    const value = read(object["spec"] ?? {});
    if (value !== read(old["spec"] ?? {})) causes.push(invalid(`spec.${name}`, value ?? "", "field is immutable"));
  }
  return causes;
}
