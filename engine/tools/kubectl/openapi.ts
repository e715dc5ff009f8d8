import type { HttpBody } from "../../api/http.ts";
import { decode, type Gen } from "../../kernel/index.ts";
import { isExpected } from "./errors.ts";
import type { Invocation } from "./invocation.ts";
import { serverError } from "./server-errors.ts";

/** A schema of a server's OpenAPI v3 document. */
export interface Schema {
  $ref?: string;
  type?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: Schema | boolean;
  allOf?: Schema[];
  enum?: unknown[];
  "x-kubernetes-group-version-kind"?: { group: string; version: string; kind: string }[];
}

export type Schemas = Record<string, Schema>;

interface Index {
  paths: Record<string, { serverRelativeURL: string }>;
}

const parsed = new WeakMap<Uint8Array, unknown>();

/** A JSON document that may come as bytes. */
function value(body: HttpBody): unknown {
  if (body.type !== "bytes") return (body as Extract<HttpBody, { type: "object" }>).value;
  let made = parsed.get(body.bytes);
  if (made === undefined) parsed.set(body.bytes, (made = JSON.parse(decode(body.bytes))));
  return made;
}

/** Asks for a document, once in a command's life. */
function* ask(k: Invocation, path: string): Gen<HttpBody> {
  let body = k.documents.get(path);
  if (body === undefined) {
    const response = yield* k.request("GET", path);
    body = response.body;
    if (response.status >= 400 || (body.type !== "bytes" && body.type !== "object")) {
      throw serverError(response, "GET", path);
    }
    k.documents.set(path, body);
  }
  return body;
}

/** The OpenAPI v3 document of a group's version; undefined when the server has none. */
function* documentOf(k: Invocation, group: string, version: string): Gen<HttpBody | undefined> {
  const index = value(yield* ask(k, "/openapi/v3?timeout=32s")) as Index;
  const entry = index.paths[group === "" ? `api/${version}` : `apis/${group}/${version}`];
  if (entry === undefined) return undefined;
  return yield* ask(k, entry.serverRelativeURL + (entry.serverRelativeURL.includes("?") ? "&" : "?") + "timeout=32s");
}

/** Its schemas. */
export function* schemasOf(k: Invocation, group: string, version: string): Gen<Schemas | undefined> {
  const body = yield* documentOf(k, group, version);
  return body && (value(body) as { components: { schemas: Schemas } }).components.schemas;
}

/**
 * Looks up what the server can validate of an object: whoever sends a manifest asks first (cli-runtime
 * pkg/resource/query_param_verifier_v3.go). That there is no answer is another's affair.
 */
export function* consult(k: Invocation, apiVersion: string): Gen {
  const slash = apiVersion.indexOf("/");
  try {
    yield* documentOf(k, slash < 0 ? "" : apiVersion.slice(0, slash), apiVersion.slice(slash + 1));
  } catch (error) {
    if (!isExpected(error)) throw error;
  }
}
