import type { Draft, KindDef } from "../api/kind.ts";
import type { Context } from "./context.ts";
import { badRequest } from "./errors.ts";
import { deepClone } from "./frozen.ts";

export function groupVersion(group: string, version: string): string {
  return group === "" ? version : `${group}/${version}`;
}

/** The kind that a request's body must be of. */
export interface Expected {
  group: string;
  version: string;
  kind: string;
}

/**
 * The body as a mutable draft of the expected kind. Throws BadRequest in upstream's words
 * (apiserver pkg/endpoints/handlers/create.go and rest.go transformDecodeError).
 */
export function decodeObject(context: Context, value: unknown, expected: Expected, _def?: KindDef): Draft {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badRequest(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${goKind(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    );
  }
  const body = value as { apiVersion?: unknown; kind?: unknown };
  const wanted = groupVersion(expected.group, expected.version);
  const apiVersion = typeof body.apiVersion === "string" && body.apiVersion !== "" ? body.apiVersion : wanted;
  const kind = typeof body.kind === "string" && body.kind !== "" ? body.kind : expected.kind;
  if (apiVersion !== wanted) {
    throw badRequest(`the API version in the data (${apiVersion}) does not match the expected API version (${wanted})`);
  }
  if (kind !== expected.kind) {
    throw badRequest(
      `${kind} in version "${expected.version}" cannot be handled as a ${expected.kind}: no kind "${kind}" is registered for version "${wanted}"`,
    );
  }
  const draft = deepClone(value) as Draft;
  draft.apiVersion = wanted;
  draft.kind = expected.kind;
  draft.metadata ??= {};
  void context;
  return draft;
}

function goKind(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (value === null || value === undefined) return "null";
  return typeof value === "boolean" ? "bool" : (typeof value as string);
}
