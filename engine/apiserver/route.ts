import type { HttpResponse } from "../api/http.ts";
import type { Gen } from "../kernel/index.ts";
import type { Context, ResourceContext } from "./context.ts";
import { methodNotAllowed, pageNotFound } from "./errors.ts";
import { patch } from "./verbs/patch.ts";
import { get, list, watch } from "./verbs/read.ts";
import { create, remove, removeCollection, update } from "./verbs/write.ts";

/** Finds who answers. */
export function* route(context: Context): Gen<HttpResponse> {
  const { info, registry } = context;
  if (!info.isResource) throw pageNotFound();
  const def = registry.kind(info.group, info.version, info.resource);
  if (def === undefined) throw pageNotFound();
  const handler = VERBS[info.verb];
  if (handler === undefined || !def.verbs.includes(info.verb)) throw methodNotAllowed();
  return yield* handler({ ...context, def });
}

const VERBS: Readonly<Record<string, (context: ResourceContext) => Gen<HttpResponse>>> = {
  get,
  list,
  watch,
  create,
  update,
  patch,
  delete: remove,
  deletecollection: removeCollection,
};
