import { jsonFaults } from "../api/json.ts";
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

/** What a list that was answered in part is, so that its later pages need not look for it anew: one for each kind. */
interface Begun {
  revision: number;
  asked: string;
  items: readonly KubeObject[];
}

const begun = new WeakMap<object, Begun>();

/**
 * A list, or with `limit` a page of it. Later pages are read at the first one's revision from etcd (apiserver
 * pkg/storage/continue.go).
 */
export function* page(context: ResourceContext, selection: Selection, most: number): Gen<Page> {
  const { registry, def, info, server } = context;
  const { query } = info;
  const token = query.get("continue") ?? "";
  // What is asked for as the cache has it comes whole.
  const limit = token === "" && query.get("resourceVersion") === "0" ? 0 : most;
  const exact = query.get("resourceVersionMatch") === "Exact";
  const cache = registry.cache(def);
  const asked = [selection.namespace, query.get("labelSelector") ?? "", query.get("fieldSelector") ?? ""].join("\0");
  let items: readonly KubeObject[];
  let from = 0;
  let revision = registry.revision;
  if (token === "" && !exact) items = cache.list(selection);
  else {
    let start = "";
    if (token !== "") ({ revision, start } = decodeToken(token));
    else revision = Number(query.get("resourceVersion"));
    if (revision < server.compactRevision) {
      throw expired(token === "" ? "The resourceVersion for the provided list is too old." : TOO_OLD);
    }
    const known = begun.get(cache);
    if (known?.revision === revision && known.asked === asked) items = known.items;
    // Where nothing has changed since, what there is serves.
    else if (cache.changedAt <= revision) items = cache.list(selection);
    else {
      items = (yield* listAt(registry, def, selection.namespace, revision)).filter(
        (object) => selection.inScope(object) && selection.matches(object),
      );
    }
    if (start !== "") from = firstAfter(items, start, selection);
  }
  const metadata: Page["metadata"] = { resourceVersion: String(revision) };
  const remaining = items.length - from - limit;
  if (limit > 0 && remaining > 0) {
    begun.set(cache, { revision, asked, items });
    items = items.slice(from, from + limit);
    metadata.continue = encodeToken(revision, positionOf(items[limit - 1]!, selection));
    // Unknown where a selector would have to be tried on what follows.
    if (selection.everything) metadata.remainingItemCount = remaining;
  } else if (from > 0) {
    items = items.slice(from);
    begun.delete(cache);
  }
  return { items, metadata };
}

const TOO_OLD =
  "The provided continue parameter is too old to display a consistent list result. You can start a new list without " +
  "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. " +
  "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted " +
  "between the time the first chunk was returned and now may show up in the list.";

/** Where a list in the order of keys goes on after one. */
function firstAfter(items: readonly KubeObject[], start: string, selection: Selection): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (positionOf(items[middle]!, selection) > start) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Key of an object below the part of etcd that is listed. */
function positionOf({ metadata }: KubeObject, selection: Selection): string {
  return metadata.namespace && selection.namespace === "" ? `${metadata.namespace}/${metadata.name}` : metadata.name;
}

function encodeToken(revision: number, last: string): string {
  return encodeBase64Url(encode(JSON.stringify({ v: "meta.k8s.io/v1", rv: revision, start: `${last}\0` })));
}

function decodeToken(token: string): { revision: number; start: string } {
  const wrong = (why: string) => badRequest(`invalid continue token: continue key is not valid: ${why}`);
  const odd = /[^A-Za-z0-9_-]/.exec(token)?.index ?? (token.length % 4 === 1 ? token.length - 1 : undefined);
  if (odd !== undefined) throw wrong(`illegal base64 data at input byte ${odd}`);
  const text = decode(decodeBase64(token) ?? new Uint8Array(0));
  const { error } = jsonFaults(text);
  if (error !== undefined) throw wrong(error);
  const { v, rv, start } = (JSON.parse(text) ?? {}) as Record<string, unknown>;
  if (v !== "meta.k8s.io/v1") throw wrong(`server does not recognize this encoded version ${JSON.stringify(v ?? "")}`);
  if (!rv) throw wrong("incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
  if (!start) throw wrong("encoded start key empty (version meta.k8s.io/v1)");
  return { revision: Number(rv), start: String(start).replace(/\0$/, "") };
}
