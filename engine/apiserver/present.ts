import type { HttpResponse } from "../api/http.ts";
import type { KubeObject, WatchStream } from "../api/types.ts";
import type { ResourceContext } from "./context.ts";
import { listOf, ok } from "./respond.ts";

/** An object in the form that the client accepts. */
export function present(_context: ResourceContext, object: KubeObject, status = 200): HttpResponse {
  return ok(object, status);
}

export function presentList(
  _context: ResourceContext,
  apiVersion: string,
  kind: string,
  items: readonly KubeObject[],
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number },
): HttpResponse {
  return ok(listOf(apiVersion, kind, items, metadata));
}

export function presentWatch(_context: ResourceContext, watch: WatchStream): HttpResponse {
  return { status: 200, headers: { "content-type": "application/json" }, body: { type: "watch", watch } };
}
