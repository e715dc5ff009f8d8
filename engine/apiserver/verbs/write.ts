import type { DeleteOptions } from "../../api/client.ts";
import type { HttpResponse } from "../../api/http.ts";
import type { Draft } from "../../api/kind.ts";
import type { KubeObject } from "../../api/types.ts";
import { cpu, type Gen } from "../../kernel/index.ts";
import { authorOf } from "../author.ts";
import { attributesOf, refusal } from "../authorization/attributes.ts";
import { readBody } from "../body.ts";
import { checkNames } from "../check-names.ts";
import type { ResourceContext } from "../context.ts";
import { convertShown } from "../conversion.ts";
import { COSTS } from "../costs.ts";
import { createObject } from "../create.ts";
import { decodeBody } from "../decode.ts";
import { deleteObject } from "../delete.ts";
import { forbidden } from "../errors.ts";
import { note } from "../noting.ts";
import { deleteOptions, isDryRun, listOptions } from "../options.ts";
import { present, presentList } from "../present.ts";
import { renew } from "../renewal.ts";
import { ok } from "../respond.ts";
import { selectionOf } from "../selection.ts";
import { storedParts, uidPrecondition, updateObject } from "../update.ts";
import { toStored } from "../views.ts";

export function* create(context: ResourceContext): Gen<HttpResponse> {
  const { def, request } = context;
  yield* cpu(COSTS.decode);
  const dryRun = isDryRun(context);
  const body = readBody(request, def.resource.kind);
  const noted = def.etcdPrefix === "events" ? yield* note(context, body) : undefined;
  if (noted !== undefined) return present(context, noted, 201);
  const draft = toStored(def, decodeBody(context, body, def.resource));
  const object = yield* createObject(context, draft, dryRun, authorOf(context, "", body));
  return present(context, object, 201);
}

export function* update(context: ResourceContext): Gen<HttpResponse> {
  const { def, request, info, registry } = context;
  yield* cpu(COSTS.decode);
  const options = { dryRun: isDryRun(context), subresource: info.subresource };
  const body = readBody(request, def.resource.kind);
  const current = registry.cache(def).get(info.namespace, info.name);
  const renewed = def.etcdPrefix === "leases" ? yield* renew(context, body, current) : undefined;
  if (renewed !== undefined) return present(context, renewed);
  const decoded = toStored(def, decodeBody(context, body, def.resource, storedParts(context, current)));
  checkNames(context, decoded);
  let first: Draft | undefined = decoded;
  // An attempt after the first needs a fresh draft, since stages write to it.
  const produce = () => {
    const given = first;
    first = undefined;
    return draftFrom(context, body, given);
  };
  if (current === undefined && info.subresource === "" && context.server.createOnUpdate(def)) {
    return yield* createByUpdate(context, decoded, options.dryRun);
  }
  const { uid } = decoded.metadata;
  if (current === undefined && uid) throw uidPrecondition(context, info.name, uid);
  const { object } = yield* updateObject(context, info.name, produce, options);
  return present(context, object);
}

/** The draft that a body is; `given`: read before. */
function* draftFrom(context: ResourceContext, body: unknown, given: Draft | undefined): Gen<Draft> {
  const { def } = context;
  return given ?? toStored(def, decodeBody(context, body, def.resource));
}

/** A PUT of what is not there: who may not create learns so (apiserver pkg/endpoints/handlers/update.go withAuthorization). */
function* createByUpdate(context: ResourceContext, draft: Draft, dryRun: boolean): Gen<HttpResponse> {
  const { info, server, user } = context;
  const attributes = attributesOf(user, { ...info, verb: "create" });
  const { allowed, reason } = server.authorizer.authorize(attributes);
  if (!allowed) {
    throw forbidden(info.group, info.resource, info.name, refusal(attributes) + (reason === "" ? "" : `: ${reason}`));
  }
  const { uid } = draft.metadata;
  if (uid) throw uidPrecondition(context, info.name, uid);
  delete draft.metadata.resourceVersion;
  return present(context, yield* createObject(context, draft, dryRun), 201);
}

/** What is to become of dependents is better said, of some kinds. */
function deletionOptions(context: ResourceContext): DeleteOptions {
  const options = deleteOptions(context);
  const { orphans } = context.def;
  if (typeof orphans === "string" && options.propagationPolicy === undefined) context.warnings.push(orphans);
  return options;
}

export function* remove(context: ResourceContext): Gen<HttpResponse> {
  const { def, info } = context;
  yield* cpu(COSTS.decode);
  const options = deletionOptions(context);
  const { object, deleted } = yield* deleteObject(context, info.name, options, isDryRun(context, options));
  yield* convertShown(context, context.def, [object]);
  if (!deleted || context.server.returnsDeleted(def)) return present(context, object);
  const { group, resource } = def.resource;
  const { name, uid } = object.metadata;
  return ok({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: { name, ...(group && { group }), kind: resource, uid },
  });
}

export function* removeCollection(context: ResourceContext): Gen<HttpResponse> {
  const { def, info, registry } = context;
  yield* cpu(COSTS.decode);
  const options = deletionOptions(context);
  const dryRun = isDryRun(context, options);
  listOptions(context, false);
  const selection = selectionOf(def, info);
  const gone: KubeObject[] = [];
  for (const object of [...registry.cache(def).list(selection)]) {
    const { name, namespace = "" } = object.metadata;
    const one = { ...context, info: { ...info, name, namespace } };
    yield* cpu(COSTS.decode);
    try {
      gone.push((yield* deleteObject(one, name, options, dryRun)).object);
    } catch (error) {
      if ((error as { reason?: string }).reason !== "NotFound") throw error;
    }
  }
  yield* convertShown(context, context.def, gone);
  return presentList(context, gone, { resourceVersion: String(registry.revision) });
}
