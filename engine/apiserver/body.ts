import { parseAllDocuments } from "yaml";
import type { HttpRequest } from "../api/http.ts";
import { jsonFaults } from "../api/json.ts";
import { decodeProtobuf } from "../api/protobuf/decode.ts";
import { decode, encode } from "../kernel/index.ts";
import { GO_YAML } from "../text/go-yaml.ts";
import { yamlFault } from "../text/yaml-fault.ts";
import { badRequest, requestTooLarge, unsupportedMediaType } from "./errors.ts";

/** Media type of the body without its parameters. */
export function contentType(request: HttpRequest): string {
  const header = request.headers["content-type"] ?? "application/json";
  const semicolon = header.indexOf(";");
  return (semicolon < 0 ? header : header.slice(0, semicolon)).trim();
}

const READABLE = new Set(["application/json", "application/yaml", ""]);

/** A body that cannot be read: `why` alone, for those who have words of their own around it. */
export class BodyError extends Error {
  readonly why: string;

  constructor(why: string) {
    super(why);
    this.why = why;
  }
}

/** The body as a JSON value, that of an object of `kind`; undefined without a body. Values of in-process clients come as they are. */
export function readBody(request: HttpRequest, kind?: string): unknown {
  try {
    return readValue(request);
  } catch (error) {
    if (!(error instanceof BodyError)) throw error;
    throw badRequest(kind === undefined ? error.why : unrecognized(request, kind, error.why));
  }
}

/** The same, throwing BodyError. */
export function readValue(request: HttpRequest): unknown {
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
  return parse(decode(body.bytes), type === "application/yaml");
}

/** What is said of a body that tells no kind (apiserver pkg/endpoints/handlers/rest.go transformDecodeError). */
export function unrecognized(request: HttpRequest, kind: string, why: string): string {
  return `the object provided is unrecognized (must be of type ${kind}): ${why} (${summary(request)})`;
}

const SHOWN = 30;

function summary({ body }: HttpRequest): string {
  const text = body?.type === "bytes" ? decode(body.bytes) : body?.type === "object" ? JSON.stringify(body.value) : "";
  if (text === "") return "<empty>";
  const more = text.length > SHOWN ? " ..." : "";
  if (text.startsWith("{")) return text.slice(0, SHOWN) + more;
  const bytes = [...encode(text)].slice(0, SHOWN);
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("") + more;
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
    throw new BodyError((error as Error).message);
  }
}

/** `duplicate field "spec.replicas"` for every key that stands twice in a JSON body of bytes. */
export function duplicateFields(request: HttpRequest): string[] {
  if (request.body?.type !== "bytes") return [];
  if (contentType(request) === "application/yaml") return duplicateKeys(decode(request.body.bytes));
  if (contentType(request) !== "application/json") return [];
  return jsonFaults(decode(request.body.bytes)).duplicates;
}

/** `line 2: key "name" already set in map` for those of YAML. */
function duplicateKeys(text: string): string[] {
  const [document] = parseAllDocuments(text, { uniqueKeys: true, ...GO_YAML });
  if (document === undefined || !("errors" in document)) return [];
  return document.errors
    .filter(({ code }) => code === "DUPLICATE_KEY")
    .map(({ pos, linePos }) => {
      const key = /^[^:\s,}]+/.exec(text.slice(pos[0]))?.[0] ?? "";
      return `line ${linePos?.[0].line ?? 1}: key ${JSON.stringify(key.replace(/^(["'])(.*)\1$/, "$2"))} already set in map`;
    });
}

/** Parses JSON, or YAML when `yaml` says so; throws BadRequest. An empty text is undefined. */
export function parseText(text: string, yaml: boolean, head = ""): unknown {
  if (text.trim() === "") return undefined;
  try {
    return yaml ? fromYaml(text) : JSON.parse(text);
  } catch (error) {
    const why = yaml ? (error as Error).message : (jsonFaults(text).error ?? (error as Error).message);
    throw badRequest(head + why);
  }
}

/** The same of a whole object, whose kind is looked for first. */
function parse(text: string, yaml: boolean): unknown {
  if (text.trim() === "") return undefined;
  try {
    return yaml ? fromYaml(text) : JSON.parse(text);
  } catch (error) {
    const why = yaml ? (error as Error).message : (jsonFaults(text).error ?? (error as Error).message);
    throw new BodyError(yaml ? why : `couldn't get version/kind; json parse error: ${why}`);
  }
}

function fromYaml(text: string): unknown {
  const [document] = parseAllDocuments(text, { uniqueKeys: false, ...GO_YAML });
  if (document === undefined || !("toJS" in document)) return undefined;
  const [error] = document.errors;
  if (error) throw new Error(yamlFault(text, error));
  return document.toJS();
}
