import { encodeBody } from "../api/encode.ts";
import type { HttpRequest, HttpResponse } from "../api/http.ts";
import type { StatusError } from "../api/status.ts";
import type { KubeObject } from "../api/types.ts";
import { encode } from "../kernel/index.ts";
import { toYaml } from "../text/yaml.ts";
import { wantsYaml } from "./accept.ts";
import type { Context } from "./context.ts";
import { classified } from "./flow-control.ts";

const JSON_HEADERS: Readonly<Record<string, string>> = Object.freeze({ "content-type": "application/json" });

/** An answer whose body is one frozen JSON value. */
export function ok(value: unknown, status = 200): HttpResponse {
  return { status, headers: JSON_HEADERS, body: { type: "object", value } };
}

/** The same of a page that does not go through the serializer: indented, or on one line without its end. */
export function raw(value: unknown, layout: "indented" | "bare"): HttpResponse {
  return { status: 200, headers: JSON_HEADERS, body: { type: "object", value, layout } };
}

export function failed(error: StatusError): HttpResponse {
  return ok(error.status, error.status.code);
}

/** A page of text. Browsers are told not to guess what it is where upstream tells them (`nosniff`). */
export function text(
  content: string,
  status = 200,
  type = "text/plain; charset=utf-8",
  nosniff = status >= 400,
): HttpResponse {
  const headers: Record<string, string> = { "content-type": type };
  if (nosniff) headers["x-content-type-options"] = "nosniff";
  return { status, headers, body: { type: "bytes", bytes: encode(content) } };
}

/**
 * Header fields that answers have beside the body's, in Go's order: the audit id, that nothing may be cached, warnings, and
 * who the request was counted as, once it had come that far. They are made when somebody reads them: clients inside do not.
 */
export function withHeaders(context: Context, answer: HttpResponse, auditId: string | undefined): HttpResponse {
  const { headers: own, ...rest } = forReaders(context, answer);
  let made: Readonly<Record<string, string>> | undefined;
  return {
    ...rest,
    get headers() {
      made ??= inOrder({ ...own, ...ownHeaders(context, auditId) });
      return made;
    },
  };
}

function ownHeaders(context: Context, auditId: string | undefined): Record<string, string> {
  const { warnings, request, server, counted } = context;
  const headers: Record<string, string> = {
    "audit-id": auditId ?? request.headers["audit-id"] ?? server.kernel.random("audit ids").uuid(),
    "cache-control": "no-cache, private",
  };
  // RFC 7234 §5.5; several are separate header lines upstream, joined here as HTTP allows.
  if (warnings.length > 0)
    headers["warning"] = warnings.map((warning) => `299 - ${JSON.stringify(warning)}`).join(", ");
  const flow = counted && classified(context);
  if (flow) {
    headers["x-kubernetes-pf-flowschema-uid"] = flow.schema.metadata.uid ?? "";
    headers["x-kubernetes-pf-prioritylevel-uid"] = flow.level.metadata.uid ?? "";
  }
  return headers;
}

/** Go writes what handlers have set by name. */
function inOrder(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A list as upstream encodes it. */
export function listOf(
  apiVersion: string,
  kind: string,
  items: readonly KubeObject[],
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number },
): unknown {
  return Object.freeze({ kind, apiVersion, metadata: Object.freeze(metadata), items });
}

/** People's clients get indented JSON (apiserver pkg/endpoints/handlers/negotiation isPrettyPrint). */
const PEOPLE = /^(curl|Wget|Mozilla\/5\.0)/;

/** A client that people look at. */
export function isForPeople(headers: HttpRequest["headers"]): boolean {
  return PEOPLE.test(headers["user-agent"] ?? "");
}

function forReaders({ request, info }: Context, response: HttpResponse): HttpResponse {
  const { body } = response;
  if (body.type !== "object" || body.layout !== undefined) return response;
  if (wantsYaml(request.headers["accept"])) {
    const bytes = encode(toYaml(JSON.parse(encodeBody(body))));
    return { ...response, headers: { "content-type": "application/yaml" }, body: { type: "bytes", bytes } };
  }
  const asked = info.query.get("pretty");
  const indented = asked === undefined ? isForPeople(request.headers) : /^(1|t|true)$/i.test(asked);
  return indented ? { ...response, body: { ...body, layout: "indented" } } : response;
}
