import { parseAllDocuments } from "yaml";
import type { HttpRequest } from "../api/http.ts";
import { jsonFaults } from "../api/json.ts";
import { decode } from "../kernel/index.ts";
import { badRequest, requestTooLarge, unsupportedMediaType } from "./errors.ts";
import { decodeProtobuf } from "./protobuf/decode.ts";

/** Media type of the body without its parameters. */
export function contentType(request: HttpRequest): string {
  const header = request.headers["content-type"] ?? "application/json";
  const semicolon = header.indexOf(";");
  return (semicolon < 0 ? header : header.slice(0, semicolon)).trim();
}

const READABLE = new Set(["application/json", "application/yaml", ""]);

/** The body as a JSON value; undefined without a body. Values of in-process clients come as they are. */
export function readBody(request: HttpRequest): unknown {
  const { body } = request;
  if (body === undefined) return undefined;
  if (body.type === "object") {
    requireSize(body.value);
    return body.value;
  }
  if (body.type !== "bytes") throw badRequest("the body of the request was not sent whole");
  const type = contentType(request);
  if (type === "application/vnd.kubernetes.protobuf") return fromProtobuf(body.bytes);
  if (!READABLE.has(type)) {
    throw unsupportedMediaType(
      "the body of the request was in an unknown format - accepted media types include: " +
        "application/json, application/yaml, application/vnd.kubernetes.protobuf",
    );
  }
  return parseText(decode(body.bytes), type === "application/yaml");
}

/** Most bytes of a request's body (apiserver pkg/server/config.go MaxRequestBodyBytes). */
const MAX_BODY = 3 * 1024 * 1024;

/** A value that is passed by reference has a size all the same: that of the texts in `data`, which alone grow so large. */
function requireSize(value: unknown): void {
  const { data } = (value ?? {}) as { data?: unknown };
  if (typeof data !== "object" || data === null) return;
  let size = 0;
  for (const text of Object.values(data)) if (typeof text === "string") size += text.length;
  if (size > MAX_BODY) throw requestTooLarge(MAX_BODY);
}

/** What typed Go clients send. An empty body is none. */
function fromProtobuf(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return undefined;
  try {
    return decodeProtobuf(bytes);
  } catch (error) {
    throw badRequest((error as Error).message);
  }
}

/** `duplicate field "spec.replicas"` for every key that stands twice in a JSON body of bytes. */
export function duplicateFields(request: HttpRequest): string[] {
  if (request.body?.type !== "bytes" || contentType(request) !== "application/json") return [];
  return jsonFaults(decode(request.body.bytes)).duplicates;
}

/** Parses JSON, or YAML when `yaml` says so; throws BadRequest. An empty text is undefined. */
export function parseText(text: string, yaml: boolean): unknown {
  if (text.trim() === "") return undefined;
  try {
    return yaml ? fromYaml(text) : JSON.parse(text);
  } catch (error) {
    throw badRequest(yaml ? `yaml: ${(error as Error).message}` : (jsonFaults(text).error ?? (error as Error).message));
  }
}

function fromYaml(text: string): unknown {
  const [document] = parseAllDocuments(text, { uniqueKeys: true });
  if (document === undefined || !("toJS" in document)) return undefined;
  const [error] = document.errors;
  if (error) throw error;
  return document.toJS();
}
