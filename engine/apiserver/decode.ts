import { decodeAs, decodeObject as readObject } from "../api/decode.ts";
import type { Draft } from "../api/kind.ts";
import { duplicateFields } from "./body.ts";
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
export function decodeBody(context: Context, value: unknown, expected: Expected, kept: readonly unknown[] = []): Draft {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badRequest(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${goKind(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    );
  }
  const body = value as { apiVersion?: unknown; kind?: unknown };
  const wanted = groupVersion(expected.group, expected.version);
  // What the body does not say is taken from the path.
  const apiVersion = typeof body.apiVersion === "string" && body.apiVersion !== "" ? body.apiVersion : wanted;
  const kind = typeof body.kind === "string" && body.kind !== "" ? body.kind : expected.kind;
  if (apiVersion !== wanted) {
    throw badRequest(`the API version in the data (${apiVersion}) does not match the expected API version (${wanted})`);
  }
  const cannot = `${kind} in version "${expected.version}" cannot be handled as a ${expected.kind}`;
  if (kind !== expected.kind)
    throw badRequest(`${cannot}: converting (v1.${kind}) to (core.${expected.kind}): unknown conversion`);
  const custom = expected === context.def?.resource ? context.def.custom : undefined;
  const read = custom
    ? custom.decode(value)
    : expected.schema
      ? decodeAs(value, expected.schema)
      : readObject(value, expected, kept);
  if (read.error !== undefined) throw badRequest(`${cannot}: ${read.error}`);
  judgeStrict(context, [...duplicateFields(context.request), ...read.strictErrors], (errors) =>
    badRequest(`${cannot}: ${errors}`),
  );
  const draft = read.object as Draft;
  draft.apiVersion = wanted;
  draft.kind = expected.kind;
  draft.metadata ??= {};
  return draft;
}

/** Reads `fieldValidation`: Strict refuses, Warn (the default) warns, Ignore is silent. */
export function judgeStrict(context: Context, errors: readonly string[], refuse: (errors: string) => Error): void {
  if (errors.length === 0) return;
  const mode = context.info.query.get("fieldValidation") ?? "Warn";
  if (mode === "Strict") throw refuse(`strict decoding error: ${errors.join(", ")}`);
  if (mode === "Warn") context.warnings.push(...errors);
}

function goKind(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (value === null || value === undefined) return "null";
  return typeof value === "boolean" ? "bool" : (typeof value as string);
}
