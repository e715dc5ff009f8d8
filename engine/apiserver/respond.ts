import type { HttpResponse } from "../api/http.ts";
import type { KubeObject } from "../api/types.ts";

const JSON_HEADERS: Readonly<Record<string, string>> = Object.freeze({ "content-type": "application/json" });

/** An answer whose body is one frozen JSON value. */
export function ok(value: unknown, status = 200): HttpResponse {
  return { status, headers: JSON_HEADERS, body: { type: "object", value } };
}

/** A list as upstream encodes it: the items' own kind and apiVersion stand once, on the list. */
export function listOf(
  apiVersion: string,
  kind: string,
  items: readonly KubeObject[],
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number },
): unknown {
  return Object.freeze({ kind, apiVersion, metadata: Object.freeze(metadata), items });
}
