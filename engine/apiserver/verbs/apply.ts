import { decodeObject } from "../../api/decode.ts";
import type { HttpResponse } from "../../api/http.ts";
import type { Draft } from "../../api/kind.ts";
import {
  type Applied,
  type Author,
  applied,
  compare,
  describeConflicts,
  emptyOf,
  fieldSetOf,
  ignored,
  type Managed,
  managedOf,
  pathText,
  shapeOfKind,
  typeFaults,
  updated,
} from "../../api/managed-fields/index.ts";
import { failure } from "../../api/status.ts";
import type { KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import { authorOf } from "../author.ts";
import { attributesOf, refusal } from "../authorization/attributes.ts";
import type { ResourceContext } from "../context.ts";
import { createObject } from "../create.ts";
import { decodeBody, goKind, groupVersion } from "../decode.ts";
import { badRequest, conflictBecause, forbidden, internalError, plainError } from "../errors.ts";
import { isDryRun } from "../options.ts";
import { present } from "../present.ts";
import { updateObject } from "../update.ts";
import { fromStored, toStored } from "../views.ts";
import { converterError } from "./converter-error.ts";

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
const KUBECTL = "kubectl";

/**
 * Server-side apply (apiserver pkg/endpoints/handlers/patch.go applyPatcher): creates what is missing, merges into what is
 * there, and keeps who owns which field. Fields of others that would change are conflicts, unless `force` takes them.
 */
export function* apply(context: ResourceContext, body: unknown): Gen<HttpResponse> {
  const { def, info, registry } = context;
  const dryRun = isDryRun(context);
  const config = configuration(context, body);
  const author = authorOf(context, info.subresource);
  const live = registry.cache(def).get(info.namespace, info.name);
  if (live === undefined && info.subresource === "") return yield* applyNew(context, config, author, dryRun);
  const produce = function* (current: KubeObject): Gen<Draft> {
    const shown = fromStored(def, current);
    const { object, managed } = merged(context, config, shown, trackedOf(context, current, shown), author);
    author.managed = managed;
    requireConvertible(context, object);
    const draft = decodeBody(context, object, def.resource, [], true) as Draft;
    syncLastApplied(author, draft, config);
    return toStored(def, draft);
  };
  const { object } = yield* updateObject(context, info.name, produce, {
    dryRun,
    subresource: info.subresource,
    author,
  });
  return present(context, object);
}

function* applyNew(context: ResourceContext, config: Draft, author: Author, dryRun: boolean): Gen<HttpResponse> {
  const { def, info, server, user } = context;
  const attributes = attributesOf(user, { ...info, verb: "create" });
  const { allowed, reason } = server.authorizer.authorize(attributes);
  if (!allowed) {
    throw forbidden(info.group, info.resource, info.name, refusal(attributes) + (reason === "" ? "" : `: ${reason}`));
  }
  if (config.metadata?.uid) {
    const why = `uid mismatch: the provided object specified uid ${config.metadata.uid}, and no existing object was found`;
    throw conflictBecause(info.group, info.resource, info.name, why);
  }
  author.managed = merged(context, config, emptyOf(def) as KubeObject, new Map(), author).managed;
  requireConvertible(context, config);
  const draft = decodeBody(context, config, def.resource, [], true);
  draft.metadata.name ??= info.name;
  delete draft.metadata.resourceVersion;
  const object = yield* createObject(context, toStored(def, draft), dryRun, author);
  return present(context, object, 201);
}

/** A value that its type cannot take is found out when the merged object is turned into one (versionconverter.go). */
function requireConvertible({ def, info }: ResourceContext, object: unknown): void {
  if (def.custom) return;
  const { error, misfit, text } = decodeObject(object, def.resource);
  if (error === undefined) return;
  const { group, version, kind } = def.resource;
  const gvk = `${group}/${version}, Kind=${kind}`;
  const why = `unable to convert unstructured object to ${gvk}: ${converterError(error, misfit, text)}`;
  const { namespace = "" } = (object as Draft).metadata ?? {};
  throw plainError(`failed to convert new object (${namespace}/${info.name}; ${gvk}) to proper version: ${why}`);
}

/** The body as a configuration: of this kind, with no word about managers, every field known. */
function configuration({ def, info }: ResourceContext, body: unknown): Draft {
  if (body !== undefined && (typeof body !== "object" || body === null || Array.isArray(body))) {
    const why = `json: cannot unmarshal ${goKind(body)} into Go value of type map[string]interface {}`;
    throw badRequest(`error decoding YAML: error unmarshaling JSON: while decoding JSON: ${why}`);
  }
  const config = { ...(body as Draft) };
  const { group, version, kind } = def.resource;
  const expected = groupVersion(group, version);
  const { apiVersion: given = "" } = config;
  if (given !== expected || (config.kind ?? "") !== kind) {
    const shown = given === "" || !given.includes("/") ? `/${given}` : given;
    throw badRequest(`invalid object type: ${shown}, Kind=${config.kind ?? ""}`);
  }
  if (config.metadata?.managedFields !== undefined && config.metadata.managedFields !== null) {
    throw badRequest("metadata.managedFields must be nil");
  }
  const faults = typeFaults(config, shapeOfKind(def));
  if (faults.length > 0) {
    const fault = faults.length === 1 ? faults[0] : `errors:\n${faults.map((one) => `  ${one}`).join("\n")}`;
    const { namespace = "", name } = config.metadata ?? {};
    throw plainError(
      `failed to create typed patch object (${namespace}/${typeof name === "string" ? name : ""}; ${expected.includes("/") ? expected : `/${expected}`}, Kind=${kind}): ${fault}`,
    );
  }
  if (config.metadata?.name !== undefined && config.metadata.name !== info.name) {
    throw badRequest(
      `the name of the object (${config.metadata.name}) does not match the name on the URL (${info.name})`,
    );
  }
  return config;
}

/** What is known of the owners; where nothing is, all there was belongs to `before-first-apply`. */
function trackedOf({ def, info, registry }: ResourceContext, current: KubeObject, shown: KubeObject): Managed {
  const managed = managedOf(current);
  if (managed.size > 0) return managed;
  return updated(managed, emptyOf(def), shown, shapeOfKind(def), {
    manager: "before-first-apply",
    apiVersion: groupVersion(def.resource.group, def.resource.version),
    subresource: info.subresource,
    timeMs: registry.kernel.wallMs,
    ignore: undefined,
  });
}

function merged(context: ResourceContext, config: Draft, live: KubeObject, managed: Managed, author: Author): Applied {
  const { def, info } = context;
  const force = info.query.flag("force");
  const shape = shapeOfKind(def);
  const update = {
    manager: author.manager,
    subresource: author.subresource,
    apiVersion: groupVersion(def.resource.group, def.resource.version),
    timeMs: author.timeMs,
    ignore: ignored(def, author.subresource),
  };
  let result = applied(managed, live, config, shape, update, force);
  if (result.conflicts.length > 0) {
    const known = author.manager === KUBECTL ? ownedByClientSide(context, live) : undefined;
    const conflicts = known ? result.conflicts.filter(({ path }) => !known.has(pathText(path))) : result.conflicts;
    if (conflicts.length > 0) {
      const { message, causes } = describeConflicts(conflicts);
      throw failure(409, "Conflict", message, { causes });
    }
    result = applied(managed, live, config, shape, update, true);
  }
  if (result.object === undefined) throw internalError("apply left nothing");
  return result;
}

/**
 * Fields that a client-side apply set and that still have its values: kubectl takes them over without a conflict
 * (managedfields lastappliedmanager.go).
 */
function ownedByClientSide({ def }: ResourceContext, live: KubeObject): ReadonlySet<string> | undefined {
  const text = live.metadata.annotations?.[LAST_APPLIED];
  if (!text) return undefined;
  let last: unknown;
  try {
    last = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { group, version } = def.resource;
  if ((last as Draft)?.apiVersion !== groupVersion(group, version)) return undefined;
  const shape = shapeOfKind(def);
  const { added, modified, removed } = compare(last, live, shape);
  const paths = new Set<string>();
  fieldSetOf(last, shape)
    .difference(modified)
    .difference(added)
    .difference(removed)
    .each((path) => paths.add(pathText(path)));
  return paths;
}

/** Where kubectl applied from the client before, the annotation follows (managedfields lastappliedupdater.go). */
function syncLastApplied({ manager }: Author, draft: Draft, config: Draft): void {
  const annotations = draft.metadata.annotations;
  if (manager !== KUBECTL || !annotations?.[LAST_APPLIED]) return;
  const { [LAST_APPLIED]: _, ...others } = config.metadata?.annotations ?? {};
  const metadata = { ...config.metadata };
  if (Object.keys(others).length > 0) metadata.annotations = others;
  else delete metadata.annotations;
  draft.metadata.annotations = {
    ...annotations,
    [LAST_APPLIED]: `${JSON.stringify(sorted({ ...config, metadata }))}\n`,
  };
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, part]) => [key, sorted(part)]),
  );
}
