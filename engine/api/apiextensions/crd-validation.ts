import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { child, forbidden, invalid, invalidText, notSupported, required } from "../validation/field.ts";
import { dns1035Label, dns1123Subdomain } from "../validation/names.ts";
import { compilePath } from "./jsonpath.ts";
import { isMapping, type JsonSchema, prune } from "./schema.ts";
import { validateSchema } from "./schema-validation.ts";
import { validateValue } from "./validate.ts";

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
  const { group = "", names = {}, versions = [] as Version[], scope = "" } = spec;
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
  for (const [i, version] of (versions as Version[]).entries()) {
    if (!version.schema?.openAPIV3Schema) {
      causes.push(required(`spec.versions[${i}].schema.openAPIV3Schema`, "schemas are required"));
    }
  }
  const seen = new Set<string>();
  let unique = true;
  for (const [i, version] of (versions as Version[]).entries()) {
    const path = `spec.versions[${i}]`;
    if (seen.has(version.name)) unique = false;
    seen.add(version.name);
    const errors = dns1035Label(version.name ?? "");
    if (errors.length > 0) causes.push(invalid(`${path}.name`, version.name ?? "", errors.join(",")));
    causes.push(...validateVersion(version, path));
  }
  const shown = () => versionsText(versions);
  if (!unique) causes.push(invalidText("spec.versions", shown(), "must contain unique version names"));
  if ((versions as Version[]).filter(({ storage }) => storage).length !== 1) {
    causes.push(invalidText("spec.versions", shown(), "must have exactly one version marked as storage version"));
  }
  for (const name of ["plural", "singular", "kind", "listKind"]) {
    if (!names[name]) causes.push(required(`spec.names.${name}`, ""));
  }
  causes.push(...validateNames(names, "spec.names"));
  if (spec.preserveUnknownFields === true) {
    causes.push(
      invalid(
        "spec.preserveUnknownFields",
        true,
        "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead",
      ),
    );
  }
  causes.push(...validateConversion(spec.conversion));
  const stored: readonly string[] = object["status"]?.storedVersions ?? [];
  causes.push(...validateStored(stored, versions));
  return [...causes, ...apiApproval(object)];
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
  if (stored.length === 0) return [invalid(path, [], "must have at least one stored version")];
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

function validateVersion(version: Version, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const { deprecated, deprecationWarning } = version;
  if (deprecationWarning !== undefined) {
    const at = child(path, "deprecationWarning");
    if (!deprecated) causes.push(invalid(at, deprecationWarning, "can only be set for deprecated versions"));
    else if (deprecationWarning.length > 256)
      causes.push(invalid(at, deprecationWarning, "must be <= 256 characters long"));
    else if (deprecationWarning === "") causes.push(invalid(at, deprecationWarning, "must not be an empty string"));
  }
  const schema = version.schema?.openAPIV3Schema;
  if (schema) {
    const at = `${path}.schema.openAPIV3Schema`;
    const found = validateSchema(schema, at);
    causes.push(...found);
    if (found.length === 0) causes.push(...validateDefaults(schema, at));
    if (schema.nullable) causes.push(forbidden(`${at}.nullable`, "nullable cannot be true at the root"));
  }
  causes.push(...validateSubresources(version, `${path}.subresources`));
  for (const [i, column] of (version.additionalPrinterColumns ?? []).entries()) {
    causes.push(...validateColumn(column, `${path}.additionalPrinterColumns[${i}]`));
  }
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

function validatePath(text: string, path: string): StatusCause[] {
  if (!text.startsWith(".")) return [invalid(path, text, `must be a simple json path starting with .`)];
  try {
    compilePath(text);
    return [];
  } catch (error) {
    return [invalid(path, text, (error as Error).message)];
  }
}

function validateSubresources({ subresources }: Version, path: string): StatusCause[] {
  const scale = subresources?.scale;
  if (!scale) return [];
  const causes: StatusCause[] = [];
  const { specReplicasPath = "", statusReplicasPath = "", labelSelectorPath = "" } = scale;
  const check = (name: string, value: string, prefixes: readonly string[], needed: boolean) => {
    const at = `${path}.scale.${name}`;
    if (value === "") {
      if (needed) causes.push(required(at, ""));
      return;
    }
    if (!/^(\.[a-zA-Z_][a-zA-Z0-9_-]*)+$/.test(value))
      causes.push(invalid(at, value, "must be a json path without the array notation"));
    else if (!prefixes.some((prefix) => value.startsWith(`${prefix}.`) || value === prefix)) {
      causes.push(invalid(at, value, `should be a json path under ${prefixes.join(" or ")}`));
    }
  };
  check("specReplicasPath", specReplicasPath, [".spec"], true);
  check("statusReplicasPath", statusReplicasPath, [".status"], true);
  check("labelSelectorPath", labelSelectorPath, [".spec", ".status"], false);
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
  if (strategy === "") return [required(`${path}.strategy`, "")];
  if (strategy !== "None" && strategy !== "Webhook")
    return [notSupported(`${path}.strategy`, strategy, ["None", "Webhook"])];
  const causes: StatusCause[] = [];
  const client = webhook?.clientConfig;
  const versions = webhook?.conversionReviewVersions ?? [];
  if (strategy === "Webhook") {
    if (!client) causes.push(required(`${path}.webhookClientConfig`, "required when strategy is set to Webhook"));
    else if ((client.url === undefined) === (client.service === undefined)) {
      causes.push(required(`${path}.webhookClientConfig`, "exactly one of url or service is required"));
    }
    if (versions.length === 0) causes.push(required(`${path}.conversionReviewVersions`, ""));
    else if (!versions.some((one) => one === "v1" || one === "v1beta1")) {
      causes.push(invalid(`${path}.conversionReviewVersions`, versions, "must include at least one of v1, v1beta1"));
    }
    return causes;
  }
  const why = "should not be set when strategy is not set to Webhook";
  if (client) causes.push(forbidden(`${path}.webhookClientConfig`, why));
  if (versions.length > 0) causes.push(forbidden(`${path}.conversionReviewVersions`, why));
  return causes;
}

/** Groups of Kubernetes itself need their community's leave (apihelpers.IsProtectedCommunityGroup). */
function apiApproval({ metadata, spec }: KubeObject): StatusCause[] {
  const group: string = spec?.group ?? "";
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(group)) return [];
  const value = metadata.annotations?.["api-approved.kubernetes.io"];
  const path = "metadata.annotations[api-approved.kubernetes.io]";
  const help = `protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111`;
  if (!value) return [required(path, help)];
  if (value.startsWith("unapproved") || /^https?:\/\/\S+$/.test(value)) return [];
  return [invalid(path, value, help)];
}

/** Defaults must be what the schema accepts, with nothing in them that it would prune (schema/defaulting/validation.go). */
function validateDefaults(schema: JsonSchema, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const { default: value, properties = {}, items, additionalProperties } = schema;
  if (value !== undefined) {
    const at = child(path, "default");
    if (isMapping(value)) {
      const copy = JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
      const gone = prune(copy, { ...schema, "x-kubernetes-embedded-resource": false }).filter((one) => one !== "");
      if (gone.length > 0) causes.push(invalid(at, value, "must not have unknown fields"));
    }
    for (const cause of validateValue(value, schema)) {
      const field = cause.field === "<nil>" || cause.field === "" ? at : `${at}.${cause.field}`;
      causes.push({
        ...cause,
        field,
        message: cause.message.replace(/: in body |(: ) in body /, (_, c) =>
          c ? `: ${at} in body ` : `: ${at} in body `,
        ),
      });
    }
  }
  for (const key of Object.keys(properties).sort()) {
    causes.push(...validateDefaults(properties[key]!, `${path}.properties[${key}]`));
  }
  if (items) causes.push(...validateDefaults(items, `${path}.items`));
  if (isMapping(additionalProperties)) {
    causes.push(...validateDefaults(additionalProperties as JsonSchema, `${path}.additionalProperties`));
  }
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
