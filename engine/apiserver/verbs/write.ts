import type { DeleteOptions } from "../../api/client.ts";
import type { HttpResponse } from "../../api/http.ts";
import type { Draft } from "../../api/kind.ts";
import type { KubeObject } from "../../api/types.ts";
import { cpu, type Gen } from "../../kernel/index.ts";
import { authorOf } from "../author.ts";
import { attributesOf, refusal } from "../authorization/attributes.ts";
import { readBody } from "../body.ts";
import type { ResourceContext } from "../context.ts";
import { convertShown } from "../conversion.ts";
import { COSTS } from "../costs.ts";
import { createObject } from "../create.ts";
import { decodeBody } from "../decode.ts";
import { deleteObject } from "../delete.ts";
import { badRequest, conflictBecause, forbidden } from "../errors.ts";
import { note } from "../noting.ts";
import { present, presentList } from "../present.ts";
import { renew } from "../renewal.ts";
import { ok } from "../respond.ts";
import { selectionOf } from "../selection.ts";
import { storedParts, updateObject } from "../update.ts";
import { toStored } from "../views.ts";

export function* create(context: ResourceContext): Gen<HttpResponse> {
  const { def, request } = context;
  yield* cpu(COSTS.decode);
  const body = readBody(request);
  const noted = def.etcdPrefix === "events" ? yield* note(context, body) : undefined;
  if (noted !== undefined) return present(context, noted, 201);
  const draft = toStored(def, decodeBody(context, body, def.resource));
  const object = yield* createObject(context, draft, isDryRun(context), authorOf(context, "", body));
  return present(context, object, 201);
}

export function* update(context: ResourceContext): Gen<HttpResponse> {
  const { def, request, info, registry } = context;
  yield* cpu(COSTS.decode);
  const body = readBody(request);
  const current = registry.cache(def).get(info.namespace, info.name);
  const renewed = def.etcdPrefix === "leases" ? yield* renew(context, body, current) : undefined;
  if (renewed !== undefined) return present(context, renewed);
  const decoded = toStored(def, decodeBody(context, body, def.resource, storedParts(context, current)));
  checkNames(context, decoded);
  let first: Draft | undefined = decoded;
  const produce = function* (): Gen<Draft> {
    // An attempt after the first needs a fresh draft, since stages write to it.
    const draft = first ?? toStored(def, decodeBody(context, body, def.resource));
    first = undefined;
    return draft;
  };
  const options = { dryRun: isDryRun(context), subresource: info.subresource };
  if (current === undefined && info.subresource === "" && context.server.createOnUpdate(def)) {
    return yield* createByUpdate(context, decoded, options.dryRun);
  }
  const { object } = yield* updateObject(context, info.name, produce, options);
  return present(context, object);
}

/** A PUT of what is not there: who may not create learns so (apiserver pkg/endpoints/handlers/update.go withAuthorization). */
function* createByUpdate(context: ResourceContext, draft: Draft, dryRun: boolean): Gen<HttpResponse> {
  const { info, def, server, user } = context;
  const attributes = attributesOf(user, { ...info, verb: "create" });
  const { allowed, reason } = server.authorizer.authorize(attributes);
  if (!allowed) {
    throw forbidden(info.group, info.resource, info.name, refusal(attributes) + (reason === "" ? "" : `: ${reason}`));
  }
  const { uid } = draft.metadata;
  if (uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: `;
    throw conflictBecause(def.resource.group, def.resource.resource, info.name, why);
  }
  delete draft.metadata.resourceVersion;
  return present(context, yield* createObject(context, draft, dryRun), 201);
}

function checkNames({ info, def }: ResourceContext, draft: Draft): void {
  const { metadata } = draft;
  if (!metadata.name) throw badRequest(`the name of the object () does not match the name on the URL (${info.name})`);
  if (metadata.name !== info.name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${info.name})`);
  }
  if (!def.resource.namespaced) return;
  metadata.namespace ||= info.namespace;
  if (metadata.namespace !== info.namespace) {
    throw badRequest(
      `the namespace of the object (${metadata.namespace}) does not match the namespace on the request (${info.namespace})`,
    );
  }
}

export function* remove(context: ResourceContext): Gen<HttpResponse> {
  const { def, info } = context;
  yield* cpu(COSTS.decode);
  const options = deleteOptions(context);
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
  const options = deleteOptions(context);
  const dryRun = isDryRun(context, options);
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

/** DeleteOptions of body and query; the body wins. */
export function deleteOptions({ request, info }: ResourceContext): DeleteOptions {
  const { query } = info;
  const options: DeleteOptions = {};
  const grace = query.get("gracePeriodSeconds");
  if (grace !== undefined) options.gracePeriodSeconds = Number(grace);
  const policy = query.get("propagationPolicy");
  if (policy !== undefined) options.propagationPolicy = policy as NonNullable<DeleteOptions["propagationPolicy"]>;
  const body = readBody(request) as DeleteOptions | undefined;
  return body === undefined || body === null ? options : { ...options, ...body };
}

/** `dryRun=All`; anything else is refused in upstream's words. */
export function isDryRun({ info }: ResourceContext, options: { dryRun?: readonly string[] } = {}): boolean {
  const values = [...info.query.all("dryRun"), ...(options.dryRun ?? [])];
  for (const value of values) {
    if (value !== "All" && value !== "") {
      throw badRequest(`invalid dryRun: Unsupported value: "${value}": supported values: "All"`);
    }
  }
  return values.includes("All");
}
