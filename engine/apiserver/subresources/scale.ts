import { read, type ScalePaths } from "../../api/apiextensions/scale-paths.ts";
import type { HttpResponse } from "../../api/http.ts";
import type { Draft } from "../../api/kind.ts";
import { applyJsonPatch, applyMergePatch, PatchError, patchStatus } from "../../api/patch/index.ts";
import { conflict, notFound } from "../../api/status.ts";
import type { KubeObject } from "../../api/types.ts";
import { cpu, decode, type Gen } from "../../kernel/index.ts";
import { contentType, parseText, readBody } from "../body.ts";
import { checkNames } from "../check-names.ts";
import type { ResourceContext } from "../context.ts";
import { COSTS } from "../costs.ts";
import { decodeBody } from "../decode.ts";
import { badRequest, internalError, invalid, unsupportedMediaType } from "../errors.ts";
import { deepClone } from "../frozen.ts";
import { isDryRun } from "../options.ts";
import { ok } from "../respond.ts";
import { updateObject } from "../update.ts";

const SCALE = { group: "autoscaling", version: "v1", kind: "Scale" };

export function* getScale(context: ResourceContext): Gen<HttpResponse> {
  const { def, info, registry } = context;
  const object = registry.cache(def).get(info.namespace, info.name);
  if (object === undefined) {
    const { group, resource } = def.resource;
    throw notFound(group, group === "apps" ? `${resource}/scale` : resource, info.name);
  }
  const paths = def.custom?.scale;
  if (paths && read(object, paths.specReplicas) === undefined) {
    throw internalError(`the spec replicas field ".${paths.specReplicas.join(".")}" does not exist`);
  }
  return ok(scaleOf(object, paths));
}

/** PUT and PATCH of `/scale`: only `spec.replicas` reaches the object. */
export function* setScale(context: ResourceContext): Gen<HttpResponse> {
  const { def, info, request } = context;
  yield* cpu(COSTS.decode);
  if (def.custom && info.verb === "patch" && contentType(request) === "application/strategic-merge-patch+json") {
    throw unsupportedMediaType(
      "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
    );
  }
  const produce = function* (current: KubeObject): Gen<Draft> {
    const paths = def.custom?.scale;
    const before = scaleOf(current, paths);
    const value = info.verb === "patch" ? patched(context, before) : readBody(request, "Scale");
    const scale = decodeBody(context, value, SCALE);
    if (info.verb === "update") checkNames(context, scale);
    const replicas = scale.spec?.replicas ?? 0;
    // Of a custom resource its own validation judges the number.
    if (replicas < 0 && !paths) {
      throw invalid("autoscaling", "Scale", info.name, [
        {
          reason: "FieldValueInvalid",
          message: `Invalid value: ${replicas}: must be greater than or equal to 0`,
          field: "spec.replicas",
        },
      ]);
    }
    const version = scale.metadata.resourceVersion;
    if (version && version !== current.metadata.resourceVersion) {
      throw conflict(def.resource.group, def.resource.resource, info.name);
    }
    const draft = deepClone(current) as Draft;
    if (paths) write(draft, paths.specReplicas, replicas);
    else draft.spec.replicas = replicas;
    return draft;
  };
  const options = { dryRun: isDryRun(context), subresource: "scale" };
  const { object } = yield* updateObject(context, info.name, produce, options);
  return ok(scaleOf(object, def.custom?.scale));
}

function write(draft: Draft, path: readonly string[], value: number): void {
  let part = draft;
  for (const step of path.slice(0, -1)) part = part[step] ??= {};
  part[path.at(-1)!] = value;
}

function patched({ request }: ResourceContext, scale: object): unknown {
  const { body } = request;
  const value =
    body?.type === "object" ? body.value : body?.type === "bytes" ? parseText(decode(body.bytes), false) : undefined;
  if (value === undefined) throw badRequest("the body of the patch is empty");
  try {
    const isJsonPatch = contentType(request) === "application/json-patch+json";
    return isJsonPatch ? applyJsonPatch(scale, value, true) : applyMergePatch(scale, value);
  } catch (error) {
    throw error instanceof PatchError ? patchStatus(error) : error;
  }
}

function scaleOf(object: KubeObject, paths: ScalePaths | undefined): object {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  if (paths) {
    const replicas = read(object, paths.specReplicas);
    const selector = paths.selector && read(object, paths.selector);
    return {
      kind: "Scale",
      apiVersion: "autoscaling/v1",
      metadata: { name, ...(namespace && { namespace }), uid, resourceVersion, creationTimestamp },
      spec: replicas ? { replicas } : {},
      status: { replicas: read(object, paths.statusReplicas) ?? 0, ...(selector ? { selector } : {}) },
    };
  }
  const { spec = {}, status = {} } = object as Draft;
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: spec.replicas ? { replicas: spec.replicas } : {},
    status: { replicas: status.replicas ?? 0, selector: selectorText(spec.selector, object.kind) },
  };
}

/** A label selector in the syntax of `-l`. */
function selectorText(selector: Draft, kind: string): string {
  const terms: string[] = [];
  // That of a ReplicationController is the labels themselves.
  if (kind === "ReplicationController") return selectorText({ matchLabels: selector }, "");
  const labels = selector?.matchLabels ?? {};
  for (const key of Object.keys(labels).sort()) terms.push(`${key}=${labels[key]}`);
  for (const { key, operator, values = [] } of selector?.matchExpressions ?? []) {
    if (operator === "Exists") terms.push(key);
    else if (operator === "DoesNotExist") terms.push(`!${key}`);
    else terms.push(`${key} ${operator === "In" ? "in" : "notin"} (${[...values].sort().join(",")})`);
  }
  return terms.join(",");
}
