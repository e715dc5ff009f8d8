import type { KubeObject } from "../api/types.ts";
import { decode, decodeBase64, encode, encodeBase64Url, type Gen } from "../kernel/index.ts";
import type { ResourceContext } from "./context.ts";
import { badRequest, expired } from "./errors.ts";
import type { Selection } from "./selection.ts";
import { listAt } from "./store.ts";

export interface Page {
  items: readonly KubeObject[];
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
}

/**
 * A list, or with `limit` a page of it. Later pages are read at the first one's revision from etcd (apiserver
 * pkg/storage/continue.go).
 */
export function* page(context: ResourceContext, selection: Selection): Gen<Page> {
  const { registry, def, info, server } = context;
  const { query } = info;
  const limit = Number(query.get("limit") ?? "0") || 0;
  const token = query.get("continue") ?? "";
  const exact = query.get("resourceVersionMatch") === "Exact";
  let items: readonly KubeObject[];
  let revision = registry.revision;
  if (token === "" && !exact) items = registry.cache(def).list(selection);
  else {
    let start = "";
    if (token !== "") ({ revision, start } = decodeToken(token));
    else revision = Number(query.get("resourceVersion"));
    if (revision < server.compactRevision) throw expired(TOO_OLD);
    const cache = registry.cache(def);
    // Where nothing has changed since, what there is serves: later pages cost no more than the first.
    const all =
      cache.changedAt <= revision
        ? cache.list(selection)
        : (yield* listAt(registry, def, selection.namespace, revision)).filter(
            (object) => selection.inScope(object) && selection.matches(object),
          );
    items = start === "" ? all : all.filter((object) => positionOf(object, selection) > start);
  }
  const metadata: Page["metadata"] = { resourceVersion: String(revision) };
  if (limit > 0 && items.length > limit) {
    const remaining = items.length - limit;
    items = items.slice(0, limit);
    metadata.continue = encodeToken(revision, positionOf(items[limit - 1]!, selection));
    // Unknown where a selector would have to be tried on what follows.
    if (selection.everything) metadata.remainingItemCount = remaining;
  }
  return { items, metadata };
}

const TOO_OLD =
  "The provided continue parameter is too old to display a consistent list result. You can start a new list without " +
  "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. " +
  "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted " +
  "between the time the first chunk was returned and now may show up in the list.";

/** Key of an object below the part of etcd that is listed. */
function positionOf({ metadata }: KubeObject, selection: Selection): string {
  return metadata.namespace && selection.namespace === "" ? `${metadata.namespace}/${metadata.name}` : metadata.name;
}

function encodeToken(revision: number, last: string): string {
  return encodeBase64Url(encode(JSON.stringify({ v: "meta.k8s.io/v1", rv: revision, start: `${last}\0` })));
}

function decodeToken(token: string): { revision: number; start: string } {
  const bytes = decodeBase64(token);
  try {
    const { v, rv, start } = JSON.parse(decode(bytes ?? new Uint8Array(0)));
    if (v === "meta.k8s.io/v1" && typeof rv === "number" && typeof start === "string") {
      return { revision: rv, start: start.replace(/\0$/, "") };
    }
  } catch {
    // Said below.
  }
  throw badRequest("continue key is not valid: illegal base64 data at input byte 0");
}
