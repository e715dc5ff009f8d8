import { doc, since } from "../columns.ts";
import { type Decoded, decodeAs } from "../decode.ts";
import { keepStatus } from "../define.ts";
import type { Cell, Column, Draft, KindDef, Subresource, Warn } from "../kind.ts";
import { shareOrigin } from "../managed-fields/index.ts";
import { describe } from "../schema/types.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { invalid } from "../validation/field.ts";
import { validateMeta, validateMetaUpdate } from "../validation/meta.ts";
import { dns1123Subdomain } from "../validation/names.ts";
import { deepEqual, goShown } from "../validation/value.ts";
import { Correlation } from "./correlation.ts";
import { coerceEmbedded, validateEmbedded } from "./embedded.ts";
import { compilePath, type Path } from "./jsonpath.ts";
import { validateLists } from "./lists.ts";
import { type Before, hasRules, validateRules } from "./rules.ts";
import { judgeScale, SPEC_PATHS, STATUS_PATHS, scalePaths } from "./scale-paths.ts";
import { type JsonSchema, prune, pruneNulls, setDefaults, sortedCopy } from "./schema.ts";
import { validateValue } from "./validate.ts";
import { compareVersions } from "./versions.ts";

/** In the order in which upstream's discovery lists them for custom resources. */
const VERBS = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"] as const;
const STATUS_VERBS = ["get", "patch", "update"] as const;
const OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/** Whether a condition of a definition is True. */
export function hasCondition(crd: KubeObject, type: string): boolean {
  const conditions: readonly { type: string; status: string }[] = crd["status"]?.conditions ?? [];
  return conditions.some((one) => one.type === type && one.status === "True");
}

/** The kinds that a CustomResourceDefinition serves, one a version, the most mature first; none while its names are not accepted. */
export function customKinds(crd: KubeObject): KindDef[] {
  if (!hasCondition(crd, "NamesAccepted") && !hasCondition(crd, "Established")) return [];
  // What was written past the API may say nothing.
  const all: readonly Draft[] = crd["spec"]?.versions ?? [];
  const versions = all.filter((version) => version.served);
  const storage = all.find((version) => version.storage);
  if (storage === undefined) return [];
  versions.sort((a, b) => compareVersions(a.name, b.name));
  return versions.map((version) => customKind(crd, version, storage));
}

function customKind(crd: KubeObject, version: Draft, storage: Draft): KindDef {
  const { group, scope } = crd["spec"];
  const names = crd["status"].acceptedNames;
  const schema: JsonSchema = version.schema?.openAPIV3Schema ?? {};
  const { status, scale } = version.subresources ?? {};
  const apiVersion = `${group}/${version.name}`;
  const subresources: Subresource[] = [];
  if (scale)
    subresources.push({ name: "scale", kind: "Scale", group: "autoscaling", version: "v1", verbs: STATUS_VERBS });
  if (status)
    subresources.push({ name: "status", kind: names.kind, group, version: version.name, verbs: STATUS_VERBS });
  const namespaced = scope === "Namespaced";
  const judge = (object: KubeObject, meta: readonly StatusCause[], before?: Before): StatusCause[] => {
    const was = before && new Correlation(object, before.old, schema);
    const found: StatusCause[] = [];
    if (object.kind !== names.kind) found.push(invalid("kind", object.kind, `must be ${names.kind}`));
    else {
      found.push(...meta, ...validateValue(object, schema, { was }));
      if (scale) found.push(...judgeScale(object, scale, [...SPEC_PATHS, ...STATUS_PATHS]));
    }
    found.push(
      ...validateEmbedded(object, schema),
      ...judgeLists(object, before?.old as KubeObject | undefined, schema),
    );
    return [...found, ...judgeRules(object, before, schema, found)];
  };
  const judgeStatus = (object: KubeObject, old: KubeObject, warn: Warn): StatusCause[] => {
    const found = [...validateMetaUpdate(object, old), ...statusWords(object, old, schema)];
    if (scale) found.push(...judgeScale(object, scale, STATUS_PATHS));
    found.push(...judgeLists(object, old, schema));
    return [...found, ...judgeRules(object, { old, warn }, schema, found)];
  };
  const { columns, cells } = printer(version.additionalPrinterColumns ?? []);
  const def: KindDef = {
    resource: { group, version: version.name, resource: names.plural, kind: names.kind, namespaced },
    singular: names.singular ?? "",
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    etcdPrefix: `${group}/${names.plural}`,
    verbs: VERBS,
    subresources,
    schema: `${group.split(".").reverse().join(".")}.${version.name}.${names.kind}`,
    hasGeneration: true,
    prepareForCreate(draft) {
      if (status) delete draft.status;
    },
    prepareForUpdate(draft, old) {
      if (status) keepStatus(draft, old);
    },
    validate: (object) => judge(object, validateMeta(object, namespaced, dns1123Subdomain)),
    validateUpdate: (object, old, warn) => judge(object, validateMetaUpdate(object, old), { old, warn }),
    updates: { status: { prepare: keepAllButStatus, validate: judgeStatus } },
    columns,
    cells,
    custom: {
      decode: (value, nulls = false) => decodeCustom(value, schema, nulls),
      openapi: () => openApi(schema, group, version.name, names.kind),
      jsonSchema: schema,
      warnings: deprecation(crd, version),
      terminating: hasCondition(crd, "Terminating"),
      ...(scale && { scale: scalePaths(scale) }),
      apiVersion,
      storageVersion: `${group}/${storage.name}`,
      ...(crd["spec"].conversion?.strategy === "Webhook" && { conversion: crd["spec"].conversion }),
      toStored: (draft) =>
        crd["spec"].conversion?.strategy === "Webhook" ? draft : { ...draft, apiVersion: `${group}/${storage.name}` },
      fromStored: reader(apiVersion, schema),
    },
  };
  const selectable = (version.selectableFields ?? []) as readonly { jsonPath: string }[];
  if (selectable.length > 0) def.fields = (object) => fieldsOf(object, selectable);
  return def;
}

function keepAllButStatus(draft: Draft, old: KubeObject): void {
  const after = draft.status;
  for (const field of Object.keys(draft)) if (field !== "metadata") delete draft[field];
  for (const field of Object.keys(old)) if (field !== "metadata") draft[field] = old[field];
  draft.metadata = { ...old.metadata };
  if (after === undefined) delete draft.status;
  else draft.status = after;
}

function fieldsOf(object: KubeObject, fields: readonly { jsonPath: string }[]): Record<string, string> {
  const out: Record<string, string> = {};
  for (const { jsonPath } of fields) {
    const [value] = compilePath(jsonPath)(object);
    out[jsonPath.slice(1)] = value === undefined || value === null ? "" : String(value);
  }
  return out;
}

/** What answers of a deprecated version say: its own words, or which version to use. */
function deprecation(crd: KubeObject, version: Draft): string[] {
  if (!version.deprecated) return [];
  if (version.deprecationWarning) return [version.deprecationWarning];
  const { group, names, versions } = crd["spec"];
  const [better] = (versions as readonly Draft[])
    .filter(({ name, served, deprecated }) => served && !deprecated && compareVersions(name, version.name) < 0)
    .map(({ name }) => name)
    .sort(compareVersions);
  const advice = better === undefined ? "" : `; use ${group}/${better} ${names.kind}`;
  return [`${group}/${version.name} ${names.kind} is deprecated${advice}`];
}

/**
 * Reads a body: metadata as Go's type has it, the rest pruned and defaulted; keys in Go's order. `nulls`: what may not be
 * null stays so, for validation to see.
 */
function decodeCustom(value: unknown, schema: JsonSchema, nulls: boolean): Decoded {
  const object = sortedCopy(value) as Draft;
  const meta = decodeAs(object.metadata ?? {}, OBJECT_META);
  if (meta.error !== undefined) return { object, strictErrors: [], error: meta.error };
  object.metadata = meta.object;
  const strictErrors = meta.strictErrors.map((error) => error.replace('unknown field "', 'unknown field "metadata.'));
  for (const path of prune(object, schema)) strictErrors.push(`unknown field "${path}"`);
  const { apiVersion, kind, metadata, ...rest } = object;
  const { dropped, error } = coerceEmbedded(rest, schema);
  if (error !== undefined) return { object, strictErrors: [], error };
  strictErrors.push(...dropped.map((path) => `unknown field "${path}"`));
  if (!nulls) pruneNulls(rest, schema);
  setDefaults(rest, schema);
  return { object: { apiVersion, kind, metadata, ...(sortedCopy(rest) as object) }, strictErrors };
}

/** A stored object as this version shows it: under its apiVersion, with the defaults of today. */
function reader(apiVersion: string, schema: JsonSchema): ((object: KubeObject) => KubeObject) | undefined {
  const defaults = hasDefaults(schema);
  return (object) => {
    if (!defaults) return object.apiVersion === apiVersion ? object : { ...object, apiVersion };
    const { apiVersion: _, kind, metadata, ...rest } = object;
    const copy = sortedCopy(rest) as Draft;
    setDefaults(copy, schema);
    if (object.apiVersion === apiVersion && deepEqual(copy, rest)) return object;
    return shareOrigin({ apiVersion, kind, metadata, ...copy }, object);
  };
}

function hasDefaults(schema: JsonSchema): boolean {
  if (schema.default !== undefined) return true;
  const { properties = {}, items, additionalProperties } = schema;
  return (
    Object.values(properties).some(hasDefaults) ||
    (items !== undefined && hasDefaults(items)) ||
    (typeof additionalProperties === "object" && hasDefaults(additionalProperties))
  );
}

/** Through `/status` nothing but the status is looked at; its paths in texts begin there. */
function statusWords(object: KubeObject, old: KubeObject, schema: JsonSchema): StatusCause[] {
  const part = schema.properties?.["status"] ?? {};
  const value = object["status"];
  if (value === undefined) return [];
  return validateValue(value, part, { at: "status", was: new Correlation(value, old["status"], part) });
}

function judgeLists(object: KubeObject, old: KubeObject | undefined, schema: JsonSchema): StatusCause[] {
  if (old !== undefined && validateLists(old, schema).length > 0) return [];
  return validateLists(object, schema);
}

const BLOCKING = new Set([
  "FieldValueNotSupported",
  "FieldValueRequired",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
]);

function judgeRules(
  object: KubeObject,
  before: Before | undefined,
  schema: JsonSchema,
  found: readonly StatusCause[],
): StatusCause[] {
  if (!hasRules(schema)) return [];
  if (!found.some(({ reason }) => BLOCKING.has(reason))) return validateRules(object, before, schema);
  const why =
    "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";
  return [invalid("<nil>", "null", why)];
}

// ---- table -------------------------------------------------------------------------------------------------------

interface PrinterColumn {
  name: string;
  type: Column["type"];
  format?: string;
  description?: string;
  priority?: number;
  jsonPath: string;
}

function printer(given: readonly PrinterColumn[]): Pick<KindDef, "columns" | "cells"> {
  const age: PrinterColumn = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" };
  const list: PrinterColumn[] = [];
  const paths: Path[] = [];
  for (const column of given.length > 0 ? given : [age]) {
    const path = pathOf(column.jsonPath);
    // From a column on that cannot be read there are none.
    if (path === undefined) break;
    list.push(column);
    paths.push(path);
  }
  const columns: Column[] = [
    {
      name: "Name",
      type: "string",
      format: "name",
      priority: 0,
      get description() {
        return describe(doc(`${OBJECT_META}#name`).doc);
      },
    },
    ...list.map(
      (column): Column => ({
        name: column.name,
        type: column.type,
        format: (column.format ?? "") as "",
        priority: column.priority === undefined ? 0 : (column.priority as 0 | 1),
        get description() {
          if (column === age) return describe(`${OBJECT_META}#creationTimestamp`);
          return column.description || `Custom resource definition column (in JSONPath format): ${column.jsonPath}`;
        },
      }),
    ),
  ];
  const cells = (object: KubeObject, nowMs: number): Cell[] => [
    object.metadata.name,
    ...list.map(({ type }, i) => cell(paths[i]!(object)[0], type, nowMs)),
  ];
  return { columns, cells };
}

function pathOf(text: string): Path | undefined {
  try {
    return compilePath(text);
  } catch {
    return undefined;
  }
}

/** cellForJSONValue of registry/customresource/tableconvertor. */
function cell(value: unknown, type: string, nowMs: number): Cell {
  if (value === undefined) return null;
  if (value === null) return type === "string" ? "<no value>" : null;
  switch (type) {
    case "integer":
      return typeof value === "number" ? Math.trunc(value) : null;
    case "number":
      return typeof value === "number" ? value : null;
    case "boolean":
      return typeof value === "boolean" ? value : null;
    case "date": {
      if (typeof value !== "string") return null;
      const shown = since(value, nowMs);
      return shown.includes("NaN") ? "<invalid>" : shown;
    }
    default:
      return typeof value === "object" ? forHtml(JSON.stringify(value)) : goShown(value);
  }
}

/** As Go's encoder writes JSON by default. */
function forHtml(json: string): string {
  return json.replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}

// ---- OpenAPI ------------------------------------------------------------------------------------------------------

function openApi(schema: JsonSchema, group: string, version: string, kind: string): Record<string, unknown> {
  const { properties = {}, ...rest } = schema;
  return {
    ...rest,
    type: "object",
    properties: {
      ...properties,
      apiVersion: { description: describe("io.k8s.apimachinery.pkg.apis.meta.v1.Status#apiVersion"), type: "string" },
      kind: { description: describe("io.k8s.apimachinery.pkg.apis.meta.v1.Status#kind"), type: "string" },
      metadata: {
        description:
          "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata",
        allOf: [{ $ref: `#/components/schemas/${OBJECT_META}` }],
      },
    },
    "x-kubernetes-group-version-kind": [{ group, kind, version }],
  };
}
