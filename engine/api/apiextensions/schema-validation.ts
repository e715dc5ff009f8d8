import { compileRegex } from "../../text/regex/index.ts";
import type { StatusCause } from "../status.ts";
import { child, forbidden, invalid, invalidText, notSupported, required } from "../validation/field.ts";
import { ruleError } from "./rules.ts";
import { isMapping, type JsonSchema, type Rule } from "./schema.ts";

type Level = "root" | "item" | "field";

/** Whether a schema is structural and says nothing wrong (schema/validation.go, validation.go of apiextensions). */
export function validateSchema(schema: JsonSchema, path: string): StatusCause[] {
  const causes = structural(schema, "root", path).sort((a, b) => (text(a) < text(b) ? -1 : 1));
  return [...causes, ...words(schema, path)];
}

const text = ({ field, message }: StatusCause) => `${field}: ${message}`;

const NO_TYPE: Readonly<Record<Level, string>> = {
  root: "must not be empty at the root",
  item: "must not be empty for specified array items",
  field: "must not be empty for specified object fields",
};

function structural(schema: JsonSchema, level: Level, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const { type = "", items, properties = {}, additionalProperties } = schema;
  const embedded = schema["x-kubernetes-embedded-resource"] === true;
  const preserve = schema["x-kubernetes-preserve-unknown-fields"] === true;
  const intOrString = schema["x-kubernetes-int-or-string"] === true;
  if (type === "array" && !items) causes.push(required(child(path, "items"), "must be specified"));
  if (isMapping(items)) causes.push(...structural(items as JsonSchema, "item", child(path, "items")));
  for (const key of Object.keys(properties)) {
    if (level === "root" && key === "metadata") continue;
    causes.push(...structural(properties[key]!, "field", `${path}.properties[${key}]`));
  }
  if (additionalProperties !== undefined) {
    const at = child(path, "additionalProperties");
    if (level === "root") causes.push(forbidden(at, "must not be used at the root"));
    if (isMapping(additionalProperties)) causes.push(...structural(additionalProperties as JsonSchema, "field", at));
  }
  if (intOrString && preserve) {
    causes.push(
      invalid(
        child(path, "x-kubernetes-preserve-unknown-fields"),
        true,
        "must be false if x-kubernetes-int-or-string is true",
      ),
    );
  }
  if (intOrString && embedded) {
    causes.push(
      invalid(
        child(path, "x-kubernetes-embedded-resource"),
        true,
        "must be false if x-kubernetes-int-or-string is true",
      ),
    );
  }
  causes.push(...junctors(schema, path, intOrString));
  if (embedded && type !== "object") {
    const why = "must be object if x-kubernetes-embedded-resource is true";
    causes.push(type === "" ? required(child(path, "type"), why) : invalid(child(path, "type"), type, why));
  } else if (type === "" && !intOrString && !preserve) causes.push(required(child(path, "type"), NO_TYPE[level]));
  if (level === "root" && type !== "" && type !== "object")
    causes.push(invalid(child(path, "type"), type, "must be object at the root"));
  if (level === "root" && properties["metadata"])
    causes.push(...metadata(properties["metadata"], `${path}.properties[metadata]`));
  if (level === "root" || embedded) {
    for (const key of ["kind", "apiVersion"]) {
      const found = properties[key];
      if (found && found.type !== "string")
        causes.push(invalid(`${path}.properties[${key}].type`, found.type ?? "", "must be string"));
    }
  }
  return causes;
}

function metadata(schema: JsonSchema, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  if (schema.type !== "object") causes.push(invalid(child(path, "type"), schema.type ?? "", "must be object"));
  const known = Object.keys(schema.properties ?? {});
  const others = Object.keys(schema).filter(
    (key) => key !== "type" && key !== "properties" && key !== "default" && key !== "description",
  );
  if (known.some((key) => key !== "name" && key !== "generateName") || others.length > 0) {
    causes.push(
      forbidden(
        path,
        "must not specify anything other than name and generateName, but metadata is implicitly specified",
      ),
    );
  }
  return causes;
}

const FORBIDDEN_INSIDE: readonly [keyof JsonSchema, string][] = [
  ["type", "must be empty to be structural"],
  ["additionalProperties", "must be undefined to be structural"],
  ["default", "must be undefined to be structural"],
  ["description", "must be empty to be structural"],
  ["nullable", "must be false to be structural"],
  ["x-kubernetes-preserve-unknown-fields", "must be false to be structural"],
  ["x-kubernetes-embedded-resource", "must be false to be structural"],
  ["x-kubernetes-int-or-string", "must be false to be structural"],
  ["x-kubernetes-list-map-keys", "must be empty to be structural"],
  ["x-kubernetes-list-type", "must be undefined to be structural"],
  ["x-kubernetes-map-type", "must be undefined to be structural"],
  ["x-kubernetes-validations", "must be empty to be structural"],
];

const isIntOrString = (list: readonly JsonSchema[] | undefined) =>
  list?.length === 2 &&
  list[0]!.type === "integer" &&
  list[1]!.type === "string" &&
  list.every((one) => Object.keys(one).length === 1);

/** Below anyOf, allOf, oneOf and not stand only values, no structure. */
function junctors(schema: JsonSchema, path: string, intOrString: boolean): StatusCause[] {
  const causes: StatusCause[] = [];
  if (!(intOrString && isIntOrString(schema.anyOf))) {
    for (const [i, one] of (schema.anyOf ?? []).entries()) causes.push(...nested(one, `${path}.anyOf[${i}]`));
  }
  for (const [i, one] of (schema.allOf ?? []).entries()) {
    const skip = intOrString && i === 0 && isIntOrString(one.anyOf);
    causes.push(...nested(skip ? { ...one, anyOf: [] } : one, `${path}.allOf[${i}]`));
  }
  for (const [i, one] of (schema.oneOf ?? []).entries()) causes.push(...nested(one, `${path}.oneOf[${i}]`));
  if (schema.not) causes.push(...nested(schema.not, `${path}.not`));
  return causes;
}

function nested(schema: JsonSchema, path: string): StatusCause[] {
  const causes = junctors(schema, path, false);
  if (schema.items) causes.push(...nested(schema.items, `${path}.items`));
  for (const key of Object.keys(schema.properties ?? {})) {
    causes.push(...nested(schema.properties![key]!, `${path}.properties[${key}]`));
  }
  for (const [field, why] of FORBIDDEN_INSIDE) {
    const value = schema[field];
    if (value !== undefined && value !== "" && value !== false) causes.push(forbidden(child(path, field), why));
  }
  return causes;
}

const TYPES = ["array", "boolean", "integer", "number", "object", "string"];

/** What upstream says of each schema on its way, whether structural or not. */
function words(schema: JsonSchema, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const at = (name: string) => child(path, name);
  const { type = "", properties = {}, items, additionalProperties, pattern } = schema;
  if (schema.uniqueItems) {
    causes.push(
      forbidden(at("uniqueItems"), "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"),
    );
  }
  if (additionalProperties !== undefined && Object.keys(properties).length > 0 && additionalProperties !== true) {
    causes.push(forbidden(at("additionalProperties"), "additionalProperties and properties are mutual exclusive"));
  }
  if (pattern) {
    try {
      compileRegex(pattern, { syntax: "perl" });
    } catch (error) {
      causes.push(
        invalid(at("pattern"), pattern, `must be a valid regular expression, but isn't: ${(error as Error).message}`),
      );
    }
  }
  if (isMapping(additionalProperties))
    causes.push(...words(additionalProperties as JsonSchema, at("additionalProperties")));
  for (const key of Object.keys(properties).sort())
    causes.push(...words(properties[key]!, `${path}.properties[${key}]`));
  if (isMapping(items)) causes.push(...words(items as JsonSchema, at("items")));
  if (type !== "" && !TYPES.includes(type)) causes.push(notSupported(at("type"), type, TYPES));
  if (schema["x-kubernetes-preserve-unknown-fields"] === false) {
    causes.push(invalid(at("x-kubernetes-preserve-unknown-fields"), false, "must be true or undefined"));
  }
  causes.push(...listWords(schema, path));
  const rules = schema["x-kubernetes-validations"] ?? [];
  const before = causes.length;
  for (const [i, rule] of rules.entries()) causes.push(...ruleWords(rule, `${path}.x-kubernetes-validations[${i}]`));
  if (causes.length > before) return causes;
  for (const [i, rule] of rules.entries()) {
    const why = ruleError(rule.rule);
    if (why !== undefined) causes.push(invalidText(`${path}.x-kubernetes-validations[${i}].rule`, ruleText(rule), why));
  }
  return causes;
}

/** `%#v` of the rule. */
function ruleText({ rule, message = "", messageExpression = "", fieldPath = "" }: Rule): string {
  return `apiextensions.ValidationRule{Rule:${JSON.stringify(rule)}, Message:${JSON.stringify(message)}, MessageExpression:${JSON.stringify(messageExpression)}, Reason:(*apiextensions.FieldValueErrorReason)(nil), FieldPath:${JSON.stringify(fieldPath)}, OptionalOldSelf:(*bool)(nil)}`;
}

function listWords(schema: JsonSchema, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const at = (name: string) => child(path, name);
  const { type = "", items } = schema;
  const listType = schema["x-kubernetes-list-type"];
  const mapType = schema["x-kubernetes-map-type"];
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const typed = (wanted: string, field: string) => {
    if (type === wanted) return;
    const why = `must be ${wanted} if ${field} is specified`;
    causes.push(type === "" ? required(at("type"), why) : invalid(at("type"), type, why));
  };
  if (mapType !== undefined) {
    typed("object", "x-kubernetes-map-type");
    if (mapType !== "atomic" && mapType !== "granular") {
      causes.push(notSupported(at("x-kubernetes-map-type"), mapType, ["atomic", "granular"]));
    }
  }
  if (listType !== undefined) {
    typed("array", "x-kubernetes-list-type");
    if (!["atomic", "set", "map"].includes(listType)) {
      causes.push(notSupported(at("x-kubernetes-list-type"), listType, ["atomic", "set", "map"]));
    }
  }
  if (keys.length > 0 && listType !== "map") {
    const why = "must be map if x-kubernetes-list-map-keys is non-empty";
    const field = at("x-kubernetes-list-type");
    causes.push(listType === undefined ? required(field, why) : invalid(field, listType, why));
  }
  if (listType !== "map") return causes;
  if (keys.length === 0)
    causes.push(required(at("x-kubernetes-list-map-keys"), "must not be empty if x-kubernetes-list-type is map"));
  if (!items) causes.push(required(at("items"), "must have a schema if x-kubernetes-list-type is map"));
  else if (items.type !== "object") {
    causes.push(
      invalid(at("items.type"), items.type ?? "", "must be object if parent array's x-kubernetes-list-type is map"),
    );
  } else {
    for (const key of keys) {
      const found = items.properties?.[key];
      if (found === undefined) {
        causes.push(invalid(at("x-kubernetes-list-map-keys"), keys, "entries must all be names of item properties"));
      } else if (found.default === undefined && !items.required?.includes(key)) {
        causes.push(
          required(
            `${path}.items.properties[${key}].default`,
            "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
          ),
        );
      }
    }
  }
  return causes;
}

const REASONS = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

function ruleWords(rule: Rule, path: string): StatusCause[] {
  const { message = "", messageExpression = "", reason } = rule;
  const body = (rule.rule ?? "").trim();
  const causes: StatusCause[] = [];
  if (body === "") causes.push(required(`${path}.rule`, "rule is not specified"));
  else if (message.length > 0 && message.trim() === "") {
    causes.push(invalid(`${path}.message`, message, "message must be non-empty if specified"));
  } else if (message.trim().includes("\n")) {
    causes.push(invalid(`${path}.message`, message, "message must not contain line breaks"));
  } else if (body.includes("\n") && message.trim() === "") {
    causes.push(required(`${path}.message`, "message must be specified if rule contains line breaks"));
  }
  if (messageExpression.length > 0 && messageExpression.trim() === "") {
    causes.push(required(`${path}.messageExpression`, "messageExpression must be non-empty if specified"));
  }
  if (reason !== undefined && !REASONS.includes(reason)) causes.push(notSupported(`${path}.reason`, reason, REASONS));
  return causes;
}
