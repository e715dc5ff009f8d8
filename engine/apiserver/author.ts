import type { Draft } from "../api/kind.ts";
import { type Author, fromEntries, managedOf, sameOwners } from "../api/managed-fields/index.ts";
import type { KubeObject } from "../api/types.ts";
import type { ResourceContext } from "./context.ts";
import type { ObjectStorage } from "./encryption.ts";

const KEPT = 500;
const LONGEST = 128;
const names = new Map<string, string>();

/** The program's name before the slash of its User-Agent (apiserver pkg/endpoints/handlers/create.go prefixFromUserAgent). */
function programOf(userAgent: string): string {
  let name = names.get(userAgent);
  if (name === undefined) {
    const slash = userAgent.indexOf("/");
    name = (slash < 0 ? userAgent : userAgent.slice(0, slash)).slice(0, LONGEST) || "unknown";
    if (names.size >= KEPT) names.clear();
    names.set(userAgent, name);
  }
  return name;
}

/** The manager in whose name a request writes: `fieldManager`, else the program. `input`: body of a create. */
export function authorOf(context: ResourceContext, subresource = "", input?: unknown): StoringAuthor {
  const { def, info, request, registry, server } = context;
  const manager =
    (info.query.isEmpty ? "" : info.query.get("fieldManager")) || programOf(request.headers["user-agent"] ?? "");
  const author: StoringAuthor = { def, manager, subresource, timeMs: registry.kernel.wallMs, input };
  if (registry.encrypting) author.storage = server.encryption.of(def);
  return author;
}

/** An author with what its server does to objects on their way to etcd; undefined as long as no server encrypts. */
export interface StoringAuthor extends Author {
  storage?: ObjectStorage;
}

/**
 * Takes managedFields that a client sent out of the draft: where they are not what is known already, ownership goes on
 * from them; an empty entry forgets it (managedfields decodeLiveOrNew).
 */
export function takeGiven(author: Author, metadata: Draft, current?: KubeObject): void {
  const given = metadata.managedFields as readonly object[] | undefined;
  if (given === undefined || given === null) return;
  delete metadata.managedFields;
  if (author.subresource !== "" || author.managed !== undefined) return;
  const forget = given.length === 0 || (given.length === 1 && Object.keys(given[0]!).length === 0);
  const managed = forget ? new Map() : fromEntries(given);
  if (managed === undefined || (!forget && managed.size === 0)) return;
  if (current !== undefined && sameOwners(managed, managedOf(current))) return;
  author.base = managed;
  // Nothing else may change: then the record itself is the change.
  if (current !== undefined) author.managed = managed;
}
