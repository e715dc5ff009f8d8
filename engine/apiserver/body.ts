import { parseAllDocuments } from "yaml";
import type { HttpRequest } from "../api/http.ts";
import { decode } from "../kernel/index.ts";
import { badRequest, unsupportedMediaType } from "./errors.ts";
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
  if (body.type === "object") return body.value;
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

/** What typed Go clients send. An empty body is none. */
function fromProtobuf(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return undefined;
  try {
    return decodeProtobuf(bytes);
  } catch (error) {
    throw badRequest((error as Error).message);
  }
}

/** Parses JSON, or YAML when `yaml` says so; throws BadRequest. An empty text is undefined. */
export function parseText(text: string, yaml: boolean): unknown {
  if (text.trim() === "") return undefined;
  try {
    return yaml ? fromYaml(text) : JSON.parse(text);
  } catch (error) {
    throw badRequest(yaml ? `yaml: ${(error as Error).message}` : jsonError(text, error as Error));
  }
}

function fromYaml(text: string): unknown {
  const [document] = parseAllDocuments(text, { uniqueKeys: true });
  if (document === undefined || !("toJS" in document)) return undefined;
  const [error] = document.errors;
  if (error) throw error;
  return document.toJS();
}

/** Go's words for text that is no JSON (encoding/json scanner), as far as the place of the fault tells. */
function jsonError(text: string, error: Error): string {
  if (
    /end of JSON|Unterminated|Expected .* after/.test(error.message) &&
    /position (\d+)/.exec(error.message) === null
  ) {
    return "unexpected end of JSON input";
  }
  const position = Number(/position (\d+)/.exec(error.message)?.[1] ?? "-1");
  if (position < 0 || position >= text.length) return "unexpected end of JSON input";
  return `invalid character ${goQuote(text[position]!)} looking for beginning of value`;
}

function goQuote(char: string): string {
  if (char === "'") return "'\\''";
  if (char === "\n") return "'\\n'";
  return `'${char}'`;
}
