import type { HttpResponse } from "../../api/http.ts";
import { failure, notFound } from "../../api/status.ts";
import type { KubeObject } from "../../api/types.ts";
import { cpu, type Gen, SECOND } from "../../kernel/index.ts";
import type { ResourceContext } from "../context.ts";
import { convertShown } from "../conversion.ts";
import { COSTS } from "../costs.ts";
import { expired, plainError } from "../errors.ts";
import { listOptions } from "../options.ts";
import { page } from "../page.ts";
import { present, presentList, presentWatch } from "../present.ts";
import { bookmark } from "../registry.ts";
import { selectionOf } from "../selection.ts";

/** Least time that a watch without a timeout of its own stays open, in seconds; as much again at most is drawn (`--min-request-timeout`). */
const MIN_WATCH_SECONDS = 1800;

export function* get(context: ResourceContext): Gen<HttpResponse> {
  const { def, registry, info } = context;
  checkVersion(context);
  const object = registry.cache(def).get(info.namespace, info.name);
  if (object === undefined) throw notFound(def.resource.group, def.resource.resource, info.name);
  requireReadable(context, [object]);
  if (def.custom?.conversion) yield* convertShown(context, def, [object]);
  yield* cpu(COSTS.encode);
  return present(context, object);
}

export function* list(context: ResourceContext): Gen<HttpResponse> {
  const { def, info } = context;
  const { limit } = listOptions(context, false);
  const selection = selectionOf(def, info);
  checkVersion(context);
  const { items, metadata } = yield* page(context, selection, limit);
  requireReadable(context, items);
  yield* convertShown(context, def, items);
  yield* cpu(COSTS.encode * items.length);
  return presentList(context, items, metadata);
}

export function* watch(context: ResourceContext): Gen<HttpResponse> {
  const { def, registry, info, server } = context;
  const { timeoutSeconds: asked } = listOptions(context, true);
  const selection = selectionOf(def, info);
  const { query } = info;
  const version = query.get("resourceVersion") ?? "";
  const initial = query.get("sendInitialEvents");
  // Without a version, or with 0, a watch begins with what is there (unless the client says no).
  const fromState = initial === undefined ? version === "" || version === "0" : query.flag("sendInitialEvents");
  const from = fromState ? undefined : version === "" ? registry.revision : parseVersion(version);
  const stream = registry.watch(def, selection, from);
  if (stream === undefined) {
    const { compactRevision } = server;
    throw expired(`too old resource version: ${version} (${compactRevision})`);
  }
  const bookmarks = query.flag("allowWatchBookmarks");
  if (fromState && initial !== undefined && bookmarks) {
    stream.push({ type: "BOOKMARK", object: bookmark(def, registry.revision, true) });
  }
  if (bookmarks) registry.wantBookmarks(stream);
  const seconds =
    asked > 0 ? asked : registry.kernel.random("apiserver watches").int(MIN_WATCH_SECONDS, 2 * MIN_WATCH_SECONDS);
  const end = registry.kernel.after(seconds * SECOND, `watch ${def.resource.resource} ends`, () => stream.finish());
  stream.onEnd = () => registry.kernel.cancel(end);
  server.carry(stream, context.info);
  yield* cpu(COSTS.encode * stream.buffer.length);
  return presentWatch(context, stream);
}

/** Objects that were encrypted with a key which this server was not given cannot be told. */
function requireReadable({ registry, server, def }: ResourceContext, objects: readonly KubeObject[]): void {
  if (!registry.encrypting) return;
  const storage = server.encryption.of(def);
  const cache = registry.cache(def);
  for (const object of objects) {
    storage.requireReadable(object, cache.key(object.metadata.namespace ?? "", object.metadata.name));
  }
}

/** A version that is not there yet: upstream waits 3 s for it, then says so. */
function checkVersion({ registry, info }: ResourceContext): void {
  const version = info.query.get("resourceVersion");
  if (version === undefined || version === "" || version === "0") return;
  const revision = parseVersion(version);
  if (revision <= registry.revision) return;
  throw failure(504, "Timeout", `Timeout: Too large resource version: ${revision}, current: ${registry.revision}`, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version", field: "" }],
    retryAfterSeconds: 1,
  });
}

export function parseVersion(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw plainError(`resourceVersion: Invalid value: "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`);
}
