import type { HttpRequest } from "../api/http.ts";
import type { KindDef } from "../api/kind.ts";
import { failure } from "../api/status.ts";
import { notAcceptable } from "./errors.ts";
import type { RequestInfo } from "./requestinfo.ts";

/** The form in which a client wants objects. */
export type Form = "object" | "table" | "partial" | "partialList";

const parsed = new Map<string, Form | "none">();

/** Reads an Accept header; undefined when nothing in it can be served (406). Quality values count by their order only. */
export function formOf(accept: string | undefined): Form | undefined {
  if (accept === undefined || accept === "application/json") return "object";
  let form = parsed.get(accept);
  if (form === undefined) {
    form = read(accept);
    if (parsed.size > 100) parsed.clear();
    parsed.set(accept, form);
  }
  return form === "none" ? undefined : form;
}

const MEDIA = new Set([
  "application/json",
  "application/yaml",
  "application/vnd.kubernetes.protobuf",
  "application/*",
  "*/*",
]);

/** Of what the client accepts, YAML comes first. */
export function wantsYaml(accept: string | undefined): boolean {
  if (accept === undefined || !accept.includes("application/yaml")) return false;
  const media = accept.split(",").map((clause) => clause.split(";")[0]!.trim());
  return media.find((one) => MEDIA.has(one)) === "application/yaml";
}

const PROTOBUF = "application/vnd.kubernetes.protobuf";

function read(accept: string): Form | "none" {
  for (const clause of accept.split(",")) {
    const [media, ...rest] = clause.split(";").map((part) => part.trim());
    if (!MEDIA.has(media!)) continue;
    const parameters = new Map(rest.map((part) => part.split("=") as [string, string]));
    const as = parameters.get("as");
    if (as === undefined) return "object";
    if (parameters.get("g") !== "meta.k8s.io" || !/^v1(beta1)?$/.test(parameters.get("v") ?? "")) continue;
    if (as === "Table" && media !== "application/vnd.kubernetes.protobuf") return "table";
    if (as === "PartialObjectMetadata") return "partial";
    if (as === "PartialObjectMetadataList") return "partialList";
  }
  return "none";
}

const OBJECTS = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
const STREAMS = ["application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"];
/** Subresources that answer with what is no object. */
const OTHERS = new Set(["exec", "attach", "portforward", "proxy"]);

/** Throws when the client accepts nothing of what a route can answer (go-restful), or no such form of it. */
export function negotiate({ headers }: HttpRequest, def: KindDef, { subresource, verb, name }: RequestInfo): void {
  const { accept } = headers;
  if (accept === undefined || accept === "application/json" || OTHERS.has(subresource)) return;
  const isLog = subresource === "log";
  const lists = (verb === "list" || verb === "watch") && !(verb === "list" && name !== "" && subresource !== "");
  const offered = [...(isLog ? ["text/plain"] : []), ...OBJECTS, ...(lists ? STREAMS : [])];
  const media = accept.split(",").map((clause) => clause.split(";")[0]!.trim());
  if (!def.custom && !media.some((one) => one === "*/*" || one === "" || offered.includes(one))) {
    throw notAcceptable(offered);
  }
  if (isLog) return;
  const form = def.custom && media.every((one) => one === PROTOBUF) ? undefined : formOf(accept);
  if (form === undefined) {
    throw failure(406, "NotAcceptable", `only the following media types are accepted: ${OBJECTS.join(", ")}`);
  }
  if (form === "partial" && verb === "list" && subresource === "" && !def.custom) {
    const why = `you requested PartialObjectMetadata, but the requested object is a list (${goTypeOf(def)}List)`;
    throw failure(406, "NotAcceptable", why);
  }
}

/** Go's internal type: `*core.ConfigMap`. */
export function goTypeOf({ resource: { group, kind }, custom }: KindDef): string {
  if (custom) return "*unstructured.Unstructured";
  return `*${group === "" ? "core" : group.split(".")[0]}.${kind}`;
}
