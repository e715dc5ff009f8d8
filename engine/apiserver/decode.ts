import { decodeAs, decodeObject as readObject } from "../api/decode.ts";
import type { Draft } from "../api/kind.ts";
import { kindByGvk } from "../api/kinds.ts";
import { decode } from "../kernel/index.ts";
import { duplicateFields, unrecognized } from "./body.ts";
import type { Context } from "./context.ts";
import { badRequest } from "./errors.ts";

export function groupVersion(group: string, version: string): string {
  return group === "" ? version : `${group}/${version}`;
}

/** The kind that a request's body must be of. */
export interface Expected {
  group: string;
  version: string;
  kind: string;
  /** Name of its type in the schema, where the group does not tell it. */
  schema?: string;
}

/**
 * The body as a mutable draft of the expected kind, read field by field as Go does. Throws BadRequest in upstream's
 * words; `kept` see api/decode.ts (apiserver pkg/endpoints/handlers/create.go and rest.go transformDecodeError).
 */
export function decodeBody(
  context: Context,
  value: unknown,
  expected: Expected,
  kept: readonly unknown[] = [],
  nulls = false,
): Draft {
  const given = value === null && context.request.body !== undefined ? {} : value;
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    const fault =
      given === undefined
        ? "unexpected end of JSON input"
        : `json: cannot unmarshal ${goKind(given)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`;
    throw unreadable(context, expected, fault);
  }
  const body = given as { apiVersion?: unknown; kind?: unknown };
  for (const field of ["apiVersion", "kind"] as const) {
    const one = body[field];
    if (one === undefined || one === null || typeof one === "string") continue;
    const fault = `json: cannot unmarshal ${goKind(one)} into Go struct field .${field} of type string`;
    throw unreadable(context, expected, fault);
  }
  const wanted = groupVersion(expected.group, expected.version);
  // What the body does not say is taken from the path.
  const apiVersion = (body.apiVersion as string) || wanted;
  const kind = (body.kind as string) || expected.kind;
  const version = apiVersion.slice(apiVersion.indexOf("/") + 1);
  const cannot = `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${expected.kind}`;
  const custom = expected === context.def?.resource ? context.def.custom : undefined;
  if (custom) requireType(context, value, expected, wanted);
  else if (apiVersion !== wanted || kind !== expected.kind) {
    throw badRequest(otherKind(expected, wanted, apiVersion, kind, cannot));
  }
  const read = custom
    ? custom.decode(given, nulls)
    : expected.schema
      ? decodeAs(given, expected.schema)
      : readObject(given, expected, kept);
  if (read.error !== undefined) throw badRequest(`${cannot}: ${read.error}`);
  judgeStrict(context, [...duplicateFields(context.request), ...read.strictErrors], (errors) =>
    badRequest(`${cannot}: ${errors}`),
  );
  const draft = read.object as Draft;
  draft.apiVersion = wanted;
  // Another kind than the definition's is left for validation to see.
  draft.kind = custom ? kind : expected.kind;
  draft.metadata ??= {};
  return draft;
}

/** Custom resources say themselves what they are: nothing is taken from the path. */
function requireType({ request }: Context, value: unknown, { kind }: Expected, wanted: string): void {
  const given = (value ?? {}) as { apiVersion?: string; kind?: string };
  if (!given.kind) {
    const text = request.body?.type === "bytes" ? decode(request.body.bytes) : JSON.stringify(value);
    throw badRequest(unrecognized(request, kind, `Object 'Kind' is missing in '${text}'`));
  }
  if (given.apiVersion === wanted) return;
  const shown = given.apiVersion ?? "";
  throw badRequest(`the API version in the data (${shown}) does not match the expected API version (${wanted})`);
}

function unreadable({ request }: Context, { kind }: Expected, fault: string): Error {
  return badRequest(unrecognized(request, kind, `couldn't get version/kind; json parse error: ${fault}`));
}

/** Where upstream registers its own kinds. */
export const SCHEME = "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30";

/** An object of another kind, or of the same in another version. */
function otherKind(expected: Expected, wanted: string, apiVersion: string, kind: string, cannot: string): string {
  const known = kindByGvk(apiVersion, kind)?.resource;
  const asked = known !== undefined || /^(Scale|Eviction|TokenRequest|Binding|DeleteOptions)$/.test(kind);
  if (!asked) {
    return `${cannot}: no kind "${kind}" is registered for version "${apiVersion}" in scheme "${SCHEME}"`;
  }
  if (kind === expected.kind) {
    return `the API version in the data (${apiVersion}) does not match the expected API version (${wanted})`;
  }
  const from = `${known?.version ?? "v1"}.${kind}`;
  const to = `${expected.group === "" ? "core" : expected.group.split(".")[0]}.${expected.kind}`;
  return `${cannot}: converting (${from}) to (${to}): unknown conversion`;
}

/** Reads `fieldValidation`: Strict refuses, Warn (the default) warns, Ignore is silent. */
export function judgeStrict(context: Context, errors: readonly string[], refuse: (errors: string) => Error): void {
  if (errors.length === 0) return;
  const mode = context.info.query.get("fieldValidation") ?? "Warn";
  if (mode === "Strict") throw refuse(`strict decoding error: ${strictList(errors)}`);
  if (mode === "Warn") context.warnings.push(...errors);
}

/** Keys that stand twice in YAML are told by its own reader. */
function strictList(errors: readonly string[]): string {
  const keys = errors.filter((error) => error.startsWith("line "));
  const rest = errors.filter((error) => !error.startsWith("line "));
  const told = keys.length === 0 ? [] : [`yaml: unmarshal errors:\n${keys.map((key) => `  ${key}`).join("\n")}`];
  return [...told, ...rest].join(", ");
}

export function goKind(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (value === null || value === undefined) return "null";
  return typeof value === "boolean" ? "bool" : (typeof value as string);
}
