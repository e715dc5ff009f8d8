import type { HttpRequest } from "../api/http.ts";
import { Query } from "./query.ts";

/** What a request is about, read from its method and path alone (apiserver pkg/endpoints/request/requestinfo.go). */
export interface RequestInfo {
  readonly isResource: boolean;
  /** Path without the query. */
  readonly path: string;
  readonly query: Query;
  /** get list watch create update patch delete deletecollection; the method in lower case for other paths. */
  readonly verb: string;
  /** `api` or `apis`. */
  readonly prefix: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** Path segments from the resource on. */
  readonly parts: readonly string[];
}

const VERBS: Readonly<Record<string, string>> = {
  POST: "create",
  GET: "get",
  HEAD: "get",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

const NAMESPACE_SUBRESOURCES = new Set(["status", "finalize"]);

const KEPT = 500;
const LONGEST = 300;
const known = new Map<string, Map<string, RequestInfo>>();

/** Components ask for the same few paths again and again, so what they are about is kept. */
export function requestInfo({ method, path }: HttpRequest): RequestInfo {
  let byPath = known.get(method);
  if (byPath === undefined) {
    byPath = new Map();
    if (known.size < 10) known.set(method, byPath);
  }
  let info = byPath.get(path);
  if (info === undefined) {
    if (byPath.size >= KEPT) byPath.clear();
    info = read(method, path);
    if (path.length <= LONGEST) byPath.set(path, info);
  }
  return info;
}

function read(method: string, whole: string): RequestInfo {
  const mark = whole.indexOf("?");
  const path = mark < 0 ? whole : whole.slice(0, mark);
  const query = new Query(mark < 0 ? "" : whole.slice(mark + 1));
  const other: RequestInfo = {
    isResource: false,
    path,
    query,
    verb: method.toLowerCase(),
    prefix: "",
    group: "",
    version: "",
    namespace: "",
    resource: "",
    subresource: "",
    name: "",
    parts: [],
  };
  let parts = splitPath(path);
  const prefix = parts[0];
  if (parts.length < 3 || (prefix !== "api" && prefix !== "apis")) return other;
  let group = "";
  if (prefix === "apis") {
    if (parts.length < 4) return { ...other, prefix, group: parts[1]!, version: parts[2] ?? "" };
    group = parts[1]!;
    parts = parts.slice(2);
  } else parts = parts.slice(1);
  const version = parts[0]!;
  parts = parts.slice(1);
  let verb = VERBS[method] ?? "";
  // Deprecated form: /api/v1/watch/namespaces/…
  if (parts[0] === "watch" && parts.length > 1) {
    verb = "watch";
    parts = parts.slice(1);
  }
  let namespace = "";
  if (parts[0] === "namespaces") {
    namespace = parts[1] ?? "";
    // A third part names a resource inside the namespace, unless it is a subresource of the namespace itself.
    if (parts.length > 2 && !NAMESPACE_SUBRESOURCES.has(parts[2]!)) parts = parts.slice(2);
  }
  const resource = parts[0] ?? "";
  let name = parts[1] ?? "";
  const subresource = parts[2] ?? "";
  if (name === "" && (verb === "get" || verb === "watch")) {
    verb = query.flag("watch") || verb === "watch" ? "watch" : "list";
    name = nameInSelector(query.get("fieldSelector"));
  } else if (name === "" && verb === "delete") {
    verb = "deletecollection";
    name = nameInSelector(query.get("fieldSelector"));
  }
  return { isResource: true, path, query, verb, prefix, group, version, namespace, resource, subresource, name, parts };
}

/** A list of one name is authorized as that name: `--field-selector metadata.name=x`. */
function nameInSelector(selector: string | undefined): string {
  if (selector === undefined) return "";
  for (const part of selector.split(",")) {
    if (part.startsWith("metadata.name=")) return part.slice("metadata.name=".length).replace(/^=/, "");
  }
  return "";
}

function splitPath(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split("/")) if (part !== "") parts.push(part.includes("%") ? unescapePath(part) : part);
  return parts;
}

function unescapePath(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
