import type { HttpBody } from "./http.ts";
import { withManagedFields } from "./managed-fields/index.ts";
import type { KubeObject } from "./types.ts";

/**
 * A JSON body as the server writes it. Items of a typed list lose `kind` and `apiVersion`, which stand once on the list
 * (inside the simulation they keep them, so that one reference serves everybody). The serializer ends with a newline,
 * unless it indents (apimachinery pkg/runtime/serializer/json).
 */
export function encodeBody({ value, layout }: Extract<HttpBody, { type: "object" }>): string {
  const written = isTypedList(value) ? { ...value, items: value.items.map(bare) } : whole(value);
  if (layout === "indented") return JSON.stringify(written, null, 2);
  return layout === "bare" ? JSON.stringify(written) : `${JSON.stringify(written)}\n`;
}

interface TypedList {
  kind: string;
  items: Record<string, unknown>[];
}

function isTypedList(value: unknown): value is TypedList {
  if (typeof value !== "object" || value === null) return false;
  const { kind, items, apiVersion } = value as { kind?: unknown; items?: unknown; apiVersion?: unknown };
  // Discovery's lists and lists of partial objects keep what their items say.
  if (typeof kind !== "string" || !kind.endsWith("List") || !Array.isArray(items)) return false;
  if (isUnstructuredList(value)) return false;
  return apiVersion !== "meta.k8s.io/v1" && apiVersion !== "apidiscovery.k8s.io/v2";
}

/** A list of custom resources: its keys are sorted, and its items keep their types. */
export function unstructuredList(
  apiVersion: string,
  kind: string,
  items: readonly KubeObject[],
  { resourceVersion, continue: next = "", ...rest }: ListMeta,
): unknown {
  const metadata = Object.freeze({ continue: next, ...rest, resourceVersion });
  return Object.freeze({ apiVersion, items, kind, metadata });
}

const isUnstructuredList = (value: object) => Object.keys(value)[0] === "apiVersion" && "items" in value;

interface ListMeta {
  resourceVersion: string;
  continue?: string;
  remainingItemCount?: number;
}

/** With managedFields: inside the simulation nobody reads these, so they are made for readers of bytes only. */
function whole(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const { type, object } = value as { type?: unknown; object?: unknown };
  if (typeof type === "string" && typeof object === "object" && object !== null && Object.keys(value).length === 2) {
    return { type, object: withManagedFields(object as KubeObject) };
  }
  if (isUnstructuredList(value)) {
    const { items, ...list } = value as unknown as { items: readonly KubeObject[] };
    const { apiVersion, ...rest } = list as Record<string, unknown>;
    return { apiVersion, items: items.map(withManagedFields), ...rest };
  }
  return withManagedFields(value as KubeObject);
}

function bare(item: Record<string, unknown>): Record<string, unknown> {
  const {
    kind: _,
    apiVersion: __,
    ...rest
  } = withManagedFields(item as unknown as KubeObject) as unknown as Record<string, unknown>;
  return rest;
}
