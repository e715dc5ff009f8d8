import { base64Mistake } from "../kernel/index.ts";
import { readSchemaOr, SCHEMA_PROPS } from "./apiextensions/schema-decode.ts";
import { schemaName } from "./define.ts";
import { noteEmpty } from "./given-empty.ts";
import type { Draft } from "./kind.ts";
import { kindByGvk } from "./kinds.ts";
import { formatQuantity, parseQuantity } from "./quantity.ts";
import { type FieldType, type TypeSchema, typeOf } from "./schema/types.ts";
import { zeroOf, zeroStruct } from "./schema/zero.ts";
import { formatMicroTime, formatTime, isMicroTime, parseMicros } from "./time.ts";

export interface Decoded {
  /** What Go would write after reading the value: unknown fields gone, zero values left out or put in, canonical. */
  object: Draft;
  /** `unknown field "spec.foo"`, in document order; `fieldValidation` decides what becomes of them. */
  strictErrors: string[];
  /** Set when the value does not fit the type: the words of encoding/json or of the type's own reader. */
  error?: string;
  /** The value that did not fit, and whether a string was wanted, of whatever name. */
  misfit?: unknown;
  text?: boolean;
}

const NOTHING: readonly unknown[] = [];

/** Strict decoding gives up listing after this many (sigs.k8s.io/json). */
const MAX_STRICT_ERRORS = 100;

interface Context {
  strict: string[];
  seen: Set<string>;
  error: string | undefined;
  misfit?: unknown;
  text?: boolean;
  /** Innermost struct: `io.k8s.api.core.v1.Container`. */
  struct: string;
  /** The way to the value being read: fields, map keys as `.key` and array positions; put together only for an error. */
  trail: (string | number)[];
  kept: readonly unknown[];
}

/** The way as strict errors have it: `spec.containers[0].ports`. */
function pathOf(trail: readonly (string | number)[]): string {
  let path = "";
  for (const step of trail) {
    if (typeof step === "number") path += `[${step}]`;
    else path += path === "" || step[0] === "." ? step : `.${step}`;
  }
  return path;
}

/** The way as Go's type errors have it: names of fields alone. */
function fieldOf(trail: readonly (string | number)[]): string {
  return trail.filter((step) => typeof step === "string" && step[0] !== ".").join(".");
}

/**
 * Reads a value as an object of this kind. A kind without a built-in type is copied as it is. `kept` are frozen parts
 * that were read before: a top-level field that is one of these very references stays.
 */
export function decodeObject(
  value: unknown,
  gvk: { group: string; version: string; kind: string },
  kept: readonly unknown[] = NOTHING,
): Decoded {
  let name = typeNames.get(gvk);
  if (name === undefined) {
    const apiVersion = gvk.group === "" ? gvk.version : `${gvk.group}/${gvk.version}`;
    name = kindByGvk(apiVersion, gvk.kind)?.schema ?? schemaName(gvk.group, gvk.version, gvk.kind);
    typeNames.set(gvk, name);
  }
  return decodeAs(value, name, kept);
}

/** Names of the types of kinds that were asked for. */
const typeNames = new WeakMap<object, string>();

/** The same for any type of the schema, e.g. `io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions`. */
export function decodeAs(value: unknown, typeName: string, kept: readonly unknown[] = NOTHING): Decoded {
  const type = typeOf(typeName);
  if (!type) return { object: copy(value), strictErrors: [] };
  const context: Context = { strict: [], seen: new Set(), error: undefined, struct: "", trail: [], kept };
  const object = readStruct(value, type, context);
  const decoded: Decoded = { object, strictErrors: context.strict };
  if (context.error !== undefined) {
    decoded.error = context.error;
    decoded.misfit = context.misfit;
    decoded.text = context.text ?? false;
  }
  return decoded;
}

function copy(value: unknown): Draft {
  if (Array.isArray(value)) return value.map(copy);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, copy(v)]));
}

const goStructName = (name: string) => name.slice(name.lastIndexOf(".") + 1);

/** `v1.Container`: package and name, as Go prints a type. */
function goRef(name: string): string {
  if (name.startsWith("io.k8s.apimachinery.pkg.util.intstr")) return "intstr.IntOrString";
  return name.split(".").slice(-2).join(".");
}

function goTypeOf(type: FieldType, goType: string | undefined): string {
  switch (type.kind) {
    case "ref":
      return goRef(type.name);
    case "array":
      return `[]${goTypeOf(type.items, goType)}`;
    case "map":
      return type.values.kind === "quantity" ? "v1.ResourceList" : `map[string]${goTypeOf(type.values, goType)}`;
    case "boolean":
      return "bool";
    case "double":
      return "float64";
    case "bytes":
      return "[]uint8";
    case "any":
      return "interface {}";
    default:
      return goType ?? type.kind;
  }
}

function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  return typeof value;
}

/** Fields, and values of maps, whose type has a name of its own. */
const ALIASES: Readonly<Record<string, string>> = {
  "PriorityClass.preemptionPolicy": "v1.PreemptionPolicy",
  "StorageClass.reclaimPolicy": "v1.PersistentVolumeReclaimPolicy",
  "JSONSchemaProps.dependencies": "v1.JSONSchemaDependencies",
  "JSONSchemaProps.definitions": "v1.JSONSchemaDefinitions",
  "JSONSchemaProps.x-kubernetes-validations": "v1.ValidationRules",
  "CertificateSigningRequestSpec.extra.*": "v1.ExtraValue",
  "SubjectAccessReviewSpec.extra.*": "v1.ExtraValue",
};

/** `value` as Go names it; `given`: the value itself. */
function mismatch(context: Context, value: string, goType: string, given?: unknown): undefined {
  if (context.error === undefined) {
    context.misfit = given;
    const named = context.struct !== "";
    const [map, last] = context.trail.slice(-2);
    const field = typeof last === "string" && last[0] === "." ? `${map}.*` : (last ?? map);
    const alias = ALIASES[`${goStructName(context.struct)}.${field}`];
    const where = named ? `Go struct field ${goStructName(context.struct)}.${fieldOf(context.trail)}` : "Go value";
    context.error = `json: cannot unmarshal ${value} into ${where} of type ${alias ?? goType}`;
  }
  return undefined;
}

function fail(context: Context, message: string): undefined {
  context.error ??= message;
  return undefined;
}

function readStruct(value: unknown, type: TypeSchema, context: Context): Draft {
  if (value === null || value === undefined) return zeroStruct(type);
  if (typeof value !== "object" || Array.isArray(value)) {
    mismatch(context, jsonKind(value), goRef(type.name), value);
    return zeroStruct(type);
  }
  const outer = context.struct;
  const { trail } = context;
  context.struct = type.name;
  const json = type.name.startsWith("io.k8s.apiextensions-") || type.name.startsWith("io.k8s.kube-aggregator");
  const result: Draft = {};
  for (const key in value) {
    const given = (value as Record<string, unknown>)[key];
    const field = type.fields.get(key);
    if (field === undefined) {
      trail.push(key);
      unknownField(context);
      trail.pop();
      continue;
    }
    if (given === null || given === undefined) continue;
    const { kind } = field.type;
    let read: unknown;
    if (typeof given === "string" && kind === "string") read = given;
    else if (trail.length === 0 && context.kept.includes(given)) read = given;
    else {
      trail.push(key);
      read = readValue(given, field.type, field.goType, context);
      trail.pop();
    }
    if (read === undefined) continue;
    // An empty list is none once it was stored, which JSON alone would keep (protobuf has no such thing).
    const empty = field.zero === null && !field.pointer && !json && isZero(read, field.type);
    if (!empty && (field.pointer || field.zero !== undefined || !isZero(read, field.type))) result[key] = read;
    else if (kind === "map" || kind === "array") noteEmpty(result, key);
  }
  for (const field of type.zeros) {
    if (result[field.name] === undefined) result[field.name] = zeroOf(field);
  }
  context.struct = outer;
  return result;
}

function unknownField(context: Context): void {
  const path = pathOf(context.trail);
  if (context.strict.length >= MAX_STRICT_ERRORS || context.seen.has(path)) return;
  context.seen.add(path);
  context.strict.push(`unknown field "${path}"`);
}

/** Zero values that `omitempty` leaves out; structs are always written. */
function isZero(value: unknown, type: FieldType): boolean {
  switch (type.kind) {
    case "string":
    case "bytes":
      return value === "";
    case "boolean":
      return value === false;
    case "int32":
    case "int64":
    case "double":
      return value === 0;
    case "array":
      return (value as unknown[]).length === 0;
    case "map":
      for (const _ in value as object) return false;
      return true;
    default:
      return false;
  }
}

function zeroElement(type: FieldType): unknown {
  switch (type.kind) {
    case "ref": {
      const struct = typeOf(type.name);
      return struct ? zeroStruct(struct) : {};
    }
    case "string":
    case "bytes":
      return "";
    case "boolean":
      return false;
    case "int32":
    case "int64":
    case "double":
    case "intOrString":
      return 0;
    case "quantity":
      return "0";
    default:
      return null;
  }
}

function readValue(value: unknown, type: FieldType, goType: string | undefined, context: Context): unknown {
  switch (type.kind) {
    case "string":
      if (typeof value === "string") return value;
      if (context.error === undefined) context.text = true;
      return mismatch(context, jsonKind(value), goType ?? "string", value);
    case "boolean":
      if (typeof value === "boolean") return value;
      return mismatch(context, jsonKind(value), "bool", value);
    case "int32":
    case "int64":
      return readInteger(value, goType ?? type.kind, type.kind === "int32", context);
    case "double":
      if (typeof value === "number") return value;
      return mismatch(context, jsonKind(value), "float64", value);
    case "ref": {
      const struct = typeOf(type.name);
      return struct ? readStruct(value, struct, context) : copy(value);
    }
    case "array":
      return readArray(value, type, goType, context);
    case "map":
      return readMap(value, type, goType, context);
    case "quantity":
      return readQuantity(value, context);
    case "intOrString":
      if (typeof value === "string") return value;
      return readInteger(value, "int32", true, context);
    case "time":
    case "microTime":
      return readTime(value, type.kind === "microTime", context);
    case "bytes":
      return readBytes(value, context);
    case "any":
      return context.struct === SCHEMA_PROPS ? readPart(value, context) : copy(value);
  }
}

function readPart(value: unknown, context: Context): unknown {
  const read = readSchemaOr(String(context.trail.at(-1)), value, (part) => decodeAs(part, SCHEMA_PROPS));
  if (read === undefined) return copy(value);
  if (read.error === undefined) return read.value;
  // Go's decoder puts the place where it stands itself over that of the one below.
  const [, what, type] = /^json: cannot unmarshal (\S+(?: \S+)?) into Go .* of type (.*)$/.exec(read.error) ?? [];
  return what === undefined ? fail(context, read.error) : mismatch(context, what, type!);
}

function readInteger(value: unknown, goType: string, small: boolean, context: Context): unknown {
  if (typeof value !== "number") return mismatch(context, jsonKind(value), goType, value);
  const fits = Number.isInteger(value) && (!small || (value >= -2147483648 && value <= 2147483647));
  if (fits && Math.abs(value) < 9.3e18) return value;
  return mismatch(context, `number ${goNumber(value)}`, goType, value);
}

/** The literal as it most likely stood in the document. */
function goNumber(value: number): string {
  return String(value);
}

function readArray(
  value: unknown,
  type: FieldType & { kind: "array" },
  goType: string | undefined,
  context: Context,
): unknown {
  if (!Array.isArray(value)) return mismatch(context, jsonKind(value), goTypeOf(type, goType), value);
  const result: unknown[] = [];
  const { trail } = context;
  for (let i = 0; i < value.length; i++) {
    const given: unknown = value[i];
    let read: unknown;
    if (given !== null && given !== undefined) {
      trail.push(i);
      read = readValue(given, type.items, goType, context);
      trail.pop();
    }
    result.push(read === undefined ? zeroElement(type.items) : read);
  }
  return result;
}

function readMap(
  value: unknown,
  type: FieldType & { kind: "map" },
  goType: string | undefined,
  context: Context,
): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return mismatch(context, jsonKind(value), goTypeOf(type, goType), value);
  }
  const result: Record<string, unknown> = {};
  const plain = type.values.kind === "string";
  for (const key of Object.keys(value)) {
    const given = (value as Record<string, unknown>)[key];
    let read: unknown;
    if (plain && typeof given === "string") read = given;
    else if (given !== null) {
      context.trail.push(`.${key}`);
      read = readValue(given, type.values, goType, context);
      context.trail.pop();
    }
    setOwn(result, key, read === undefined ? zeroElement(type.values) : read);
  }
  return result;
}

/** Assignment that does not fall for a key `__proto__`. */
function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  } else target[key] = value;
}

function readQuantity(value: unknown, context: Context): unknown {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const known = canonical.get(text);
  if (known !== undefined) return known;
  // Quantity.UnmarshalJSON trims blanks inside the quotes.
  const quantity = parseQuantity(text.trim());
  if ("error" in quantity) return fail(context, quantity.error);
  if (canonical.size >= 4096) canonical.clear();
  const out = formatQuantity(quantity);
  canonical.set(text, out);
  return out;
}

/** Canonical texts of quantities that were read lately. */
const canonical = new Map<string, string>();

function readTime(value: unknown, micro: boolean, context: Context): unknown {
  const layout = micro ? "2006-01-02T15:04:05.000000Z07:00" : "2006-01-02T15:04:05Z07:00";
  if (typeof value !== "string") {
    return mismatch(context, jsonKind(value), "string", value);
  }
  if (!micro && value === lastTime) return lastTimeRead;
  if (micro && isMicroTime(value)) return value;
  const micros = parseMicros(value);
  if (Number.isNaN(micros) || (micro && !/^[.,]\d{6}(Z|[+-])/.test(value.slice(19))))
    return fail(context, timeError(value, layout));
  if (micro) return formatMicroTime(micros);
  lastTime = value;
  lastTimeRead = formatTime(Math.floor(micros / 1000));
  return lastTimeRead;
}

/** An object's times are mostly the same one. */
let lastTime = "";
let lastTimeRead = "";

function cannotParse(text: string, layout: string, rest: string, part: string): string {
  const [all, form, left, wanted] = [text, layout, rest, part].map((word) => JSON.stringify(word));
  return `parsing time ${all} as ${form}: cannot parse ${left} as ${wanted}`;
}

/** time.ParseError: names the first part of the layout that the text does not have. */
function timeError(text: string, layout: string): string {
  const parts: readonly [number, number, string][] = [
    [0, 4, "2006"],
    [4, 5, "-"],
    [5, 7, "01"],
    [7, 8, "-"],
    [8, 10, "02"],
    [10, 11, "T"],
    [11, 13, "15"],
    [13, 14, ":"],
    [14, 16, "04"],
    [16, 17, ":"],
    [17, 19, "05"],
  ];
  for (const [from, to, name] of parts) {
    const got = text.slice(from, to);
    const good = name.length === 1 ? got === name : got.length === to - from && !Number.isNaN(Number(got));
    if (!good) return cannotParse(text, layout, text.slice(from), name);
  }
  const fraction = layout.includes(".") ? /^[.,]\d{6}/.exec(text.slice(19))?.[0] : "";
  if (fraction === undefined) return cannotParse(text, layout, text.slice(19), ".000000");
  return cannotParse(text, layout, text.slice(19 + fraction.length), "Z07:00");
}

function readBytes(value: unknown, context: Context): unknown {
  if (typeof value !== "string") return mismatch(context, jsonKind(value), "[]uint8", value);
  const at = base64Mistake(value);
  if (at !== undefined) return fail(context, `illegal base64 data at input byte ${at}`);
  return value.includes("\n") || value.includes("\r") ? value.replace(/[\r\n]/g, "") : value;
}
