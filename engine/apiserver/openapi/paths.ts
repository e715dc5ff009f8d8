import type { KindDef, Subresource } from "../../api/kind.ts";
import { gvk, reference } from "./schemas.ts";

type Json = Record<string, unknown>;

const query = (name: string, type: string, description: string): Json => ({
  name,
  in: "query",
  description,
  schema: { type, uniqueItems: true },
});
const inPath = (name: string, description: string): Json => ({
  name,
  in: "path",
  description,
  required: true,
  schema: { type: "string", uniqueItems: true },
});

const PRETTY = query("pretty", "string", "If 'true', then the output is pretty printed.");
const DRY_RUN = query("dryRun", "string", "When present, indicates that modifications should not be persisted.");
const FIELD_MANAGER = query("fieldManager", "string", "The name associated with the actor making these changes.");
const FIELD_VALIDATION = query(
  "fieldValidation",
  "string",
  "Instructs the server on how to handle objects containing unknown or duplicate fields: Ignore, Warn or Strict.",
);
const FORCE = query("force", "boolean", 'Force is going to "force" Apply requests.');
const DELETE = [
  DRY_RUN,
  query("gracePeriodSeconds", "integer", "The duration in seconds before the object should be deleted."),
  query("orphanDependents", "boolean", "Deprecated: please use the PropagationPolicy."),
  query("propagationPolicy", "string", "Whether and how garbage collection will be performed."),
];
const LIST = [
  query("allowWatchBookmarks", "boolean", 'allowWatchBookmarks requests watch events with type "BOOKMARK".'),
  query("continue", "string", "The continue option should be set when retrieving more results from the server."),
  query("fieldSelector", "string", "A selector to restrict the list of returned objects by their fields."),
  query("labelSelector", "string", "A selector to restrict the list of returned objects by their labels."),
  query("limit", "integer", "limit is a maximum number of responses to return for a list call."),
  query("resourceVersion", "string", "resourceVersion sets a constraint on what resource versions may be served from."),
  query("resourceVersionMatch", "string", "How resourceVersion is applied to list calls."),
  query("sendInitialEvents", "boolean", "Begin a watch with synthetic events for what is there."),
  query("timeoutSeconds", "integer", "Timeout for the list/watch call."),
  query("watch", "boolean", "Watch for changes and return them as a stream."),
];
const WRITE = [DRY_RUN, FIELD_MANAGER, FIELD_VALIDATION];
const PATCH_TYPES = [
  "application/apply-patch+yaml",
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
];

/** `paths` of a group version's document, as far as kubectl reads them: which operations a kind has, with which parameters. */
export function pathsOf(prefix: string, kinds: readonly KindDef[]): Json {
  const paths: [string, Json][] = [];
  for (const def of kinds) {
    const { resource, namespaced } = def.resource;
    const inside = namespaced ? `${prefix}/namespaces/{namespace}/${resource}` : `${prefix}/${resource}`;
    const common = namespaced
      ? [inPath("namespace", "object name and auth scope, such as for teams and projects"), PRETTY]
      : [PRETTY];
    const named = [inPath("name", `name of the ${def.resource.kind}`), ...common];
    if (namespaced && def.verbs.includes("list")) {
      paths.push([`${prefix}/${resource}`, { get: operation(def, "list", "get", []), parameters: [...LIST, PRETTY] }]);
    }
    const collection = collectionOf(def);
    if (Object.keys(collection).length > 0) paths.push([inside, { ...collection, parameters: common }]);
    const one = objectOf(def, def.verbs);
    if (Object.keys(one).length > 0) paths.push([`${inside}/{name}`, { ...one, parameters: named }]);
    for (const subresource of def.subresources) {
      paths.push([`${inside}/{name}/${subresource.name}`, { ...subresourceOf(def, subresource), parameters: named }]);
    }
  }
  return Object.fromEntries(paths.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function collectionOf(def: KindDef): Json {
  const { verbs } = def;
  return {
    ...(verbs.includes("list") && { get: operation(def, "list", "get", LIST) }),
    ...(verbs.includes("create") && { post: operation(def, "post", "post", WRITE, def.schema) }),
    ...(verbs.includes("deletecollection") && {
      delete: operation(def, "deletecollection", "delete", [...DELETE, ...LIST]),
    }),
  };
}

function objectOf(def: KindDef, verbs: readonly string[]): Json {
  return {
    ...(verbs.includes("get") && { get: operation(def, "get", "get", []) }),
    ...(verbs.includes("update") && { put: operation(def, "put", "put", WRITE, def.schema) }),
    ...(verbs.includes("delete") && { delete: operation(def, "delete", "delete", DELETE) }),
    ...(verbs.includes("patch") && { patch: operation(def, "patch", "patch", [...WRITE, FORCE], "patch") }),
  };
}

function subresourceOf(def: KindDef, { verbs, group, version, kind }: Subresource): Json {
  const view: KindDef = { ...def, resource: { ...def.resource, group, version, kind } };
  const out = objectOf(view, verbs);
  if (verbs.includes("create")) out["post"] = operation(view, "connect", "post", WRITE);
  return out;
}

function operation(def: KindDef, action: string, method: string, parameters: readonly Json[], body?: string): Json {
  const { group, version, kind, namespaced } = def.resource;
  const tag = `${group === "" ? "core" : group.split(".")[0]}_${version}`;
  const scope = namespaced ? "Namespaced" : "";
  const answer = action === "list" ? `${def.schema}List` : def.schema;
  return {
    tags: [tag],
    operationId: `${action}${tag.replace(/(^|_)(.)/g, (_, __, char: string) => char.toUpperCase())}${scope}${kind}`,
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: { content: content(body, def) } }),
    responses: {
      "200": { description: "OK", content: { "application/json": { schema: reference(answer) } } },
      "401": { description: "Unauthorized" },
    },
    "x-kubernetes-action": method === "get" && action === "list" ? "list" : action,
    "x-kubernetes-group-version-kind": gvk(def),
  };
}

function content(body: string, { custom }: KindDef): Json {
  if (body !== "patch") return { "*/*": { schema: reference(body) } };
  const schema = {
    type: "object",
    description: "Patch is provided to give a concrete name and type to the Kubernetes PATCH request body.",
  };
  const types = custom ? PATCH_TYPES.filter((type) => !type.includes("strategic")) : PATCH_TYPES;
  return Object.fromEntries(types.map((type) => [type, { schema }]));
}
