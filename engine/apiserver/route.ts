import type { HttpResponse } from "../api/http.ts";
import type { CustomKind, KindDef } from "../api/kind.ts";
import { notFound } from "../api/status.ts";
import { pathSegment } from "../api/validation/names.ts";
import type { Gen } from "../kernel/index.ts";
import { negotiate } from "./accept.ts";
import type { Context, ResourceContext } from "./context.ts";
import { badRequest, methodNotAllowed, methodNotSupported, nothingThere, pageNotFound } from "./errors.ts";
import { page } from "./pages.ts";
import type { RequestInfo } from "./requestinfo.ts";
import { componentStatus } from "./reviews/component-status.ts";
import * as review from "./reviews/reviews.ts";
import { bind } from "./subresources/binding.ts";
import { evict } from "./subresources/eviction.ts";
import { finalize } from "./subresources/finalize.ts";
import { attach, exec, log, portForward } from "./subresources/kubelet.ts";
import { proxy } from "./subresources/proxy.ts";
import { getScale, setScale } from "./subresources/scale.ts";
import { issueToken } from "./subresources/token.ts";
import { patch } from "./verbs/patch.ts";
import { get, list, watch } from "./verbs/read.ts";
import { create, remove, removeCollection, update } from "./verbs/write.ts";

type Handler = (context: ResourceContext) => Gen<HttpResponse>;

/** Finds who answers: a page of the server itself, a kind, one of its subresources, or a review. */
export function route(context: Context): Gen<HttpResponse> {
  const { info, registry, server } = context;
  if (info.prefix === "apis" && registry.aggregator.serving(info.group, info.version) !== undefined) {
    return registry.aggregator.proxy(context, server.services);
  }
  const def = info.isResource ? registry.kind(info.group, info.version, info.resource) : undefined;
  if (def === undefined) return page(context);
  if (context.request.method === "HEAD") throw methodNotAllowed();
  const handler = handlerOf(def, info);
  // Namespaced kinds are changed inside their namespace only.
  if (def.resource.namespaced && info.namespace === "" && info.verb !== "list" && info.verb !== "watch") {
    throw info.name !== "" ? unknown(def) : methodNotAllowed();
  }
  if (!def.resource.namespaced && info.namespace !== "" && info.resource !== "namespaces") throw unknown(def);
  negotiate(context.request, def, info);
  judgeName(info.name);
  context.def = def;
  if (def.custom) judgeCustom(context, def.custom);
  return handler(context as ResourceContext);
}

/** Refuses a name that is no path segment before anything is looked up (apiserver pkg/registry/generic/registry/store.go). */
function judgeName(name: string): void {
  const why = pathSegment(name);
  if (why.length > 0) throw badRequest(`Name parameter invalid: ${JSON.stringify(name)}: ${why.join(";")}`);
}

/** A deprecated version says so; nothing new is made while the definition is being deleted. */
function judgeCustom(context: Context, { warnings, terminating }: CustomKind): void {
  context.warnings.push(...warnings);
  const { verb, subresource, group, resource } = context.info;
  if (!terminating || verb !== "create" || subresource !== "") return;
  const error = methodNotSupported(group, resource, verb);
  error.status.message = "create not allowed while custom resource definition is terminating";
  throw error;
}

/** Paths of built-in kinds lead to a route or none; those of definitions to one handler for all of them. */
function unknown(def: KindDef): Error {
  return def.custom ? pageNotFound() : nothingThere();
}

function handlerOf(def: KindDef, { verb, subresource, name, parts }: RequestInfo): Handler {
  if (subresource === "") {
    if ((verb === "create") !== (name === "") && OF_ONE.has(verb)) throw methodNotAllowed();
    const key = `${def.resource.group}/${def.resource.resource}`;
    const handler = ASKED[key] ?? VERBS[verb];
    if (handler === undefined || !def.verbs.includes(verb)) throw methodNotAllowed();
    return handler;
  }
  const known = def.subresources.find((one) => one.name === subresource);
  if (known === undefined && def.custom) throw notFound(def.resource.group, def.resource.resource, name);
  if (known === undefined || (parts.length > 3 && subresource !== "proxy")) throw unknown(def);
  const handler = SUBRESOURCES[subresource]?.[verb];
  if (handler === undefined || !(known.verbs.includes(verb) || subresource === "proxy")) {
    throw def.custom ? methodNotSupported(def.resource.group, def.resource.resource, verb) : methodNotAllowed();
  }
  return handler;
}

/** Verbs that are about one object, or the making of one. */
const OF_ONE = new Set(["create", "update", "patch", "get", "delete"]);

const VERBS: Readonly<Record<string, Handler>> = {
  get,
  list,
  watch,
  create,
  update,
  patch,
  delete: remove,
  deletecollection: removeCollection,
};

const THE_OBJECT = { get, update, patch };

const SUBRESOURCES: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  status: THE_OBJECT,
  ephemeralcontainers: THE_OBJECT,
  approval: THE_OBJECT,
  finalize: { update: finalize },
  binding: { create: bind },
  eviction: { create: evict },
  scale: { get: getScale, update: setScale, patch: setScale },
  token: { create: issueToken },
  log: { get: log },
  exec: { get: exec, create: exec },
  attach: { get: attach, create: attach },
  portforward: { get: portForward, create: portForward },
  proxy: { get: proxy, create: proxy, update: proxy, patch: proxy, delete: proxy },
};

/** Kinds that are never stored. */
const ASKED: Readonly<Record<string, Handler>> = {
  "/bindings": bind,
  "/componentstatuses": componentStatus,
  "authorization.k8s.io/selfsubjectaccessreviews": review.selfSubjectAccessReview,
  "authorization.k8s.io/selfsubjectrulesreviews": review.selfSubjectRulesReview,
  "authorization.k8s.io/subjectaccessreviews": review.subjectAccessReview,
  "authorization.k8s.io/localsubjectaccessreviews": review.localSubjectAccessReview,
  "authentication.k8s.io/selfsubjectreviews": review.selfSubjectReview,
  "authentication.k8s.io/tokenreviews": review.tokenReview,
};
