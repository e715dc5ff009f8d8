import { buildInfo } from "../api/build-info.ts";
import type { HttpResponse } from "../api/http.ts";
import { KINDS } from "../api/kinds.ts";
import type { Gen } from "../kernel/index.ts";
import type { Context } from "./context.ts";
import { discoveryPage } from "./discovery.ts";
import { methodNotAllowed, notAcceptable, nothingThere, pageNotFound } from "./errors.ts";
import { flowControlPage } from "./flow-control-pages.ts";
import { healthPage, healthPaths } from "./health.ts";
import { openApiPage } from "./openapi/openapi.ts";
import { swaggerPage } from "./openapi/swagger.ts";
import { raw, text } from "./respond.ts";

/** Paths that are about no resource. */
export function* page(context: Context): Gen<HttpResponse> {
  const { info, request } = context;
  if (request.method !== "GET" && ofTheApi(info.path)) throw methodNotAllowed();
  const found = discoveryPage(context) ?? healthPage(context) ?? openApiPage(context) ?? swaggerPage(context);
  if (found !== undefined) return found;
  const flows = flowControlPage(context);
  if (flows !== undefined) return text(flows);
  switch (info.path) {
    case "/version":
    case "/version/":
      requireJson(request);
      return raw(buildInfo(context.server.release), "indented");
    case "/":
      return raw({ paths: rootPaths(context) }, "indented");
    case "/openid/v1/jwks":
    case "/.well-known/openid-configuration":
      return raw(context.server.tokens.document(info.path), "bare");
    case "/metrics":
      return text(context.server.metrics.page(), 200, "text/plain; version=0.0.4; charset=utf-8; escaping=values");
    default:
      throw ofTheApi(info.path) ? nothingThere() : pageNotFound();
  }
}

/** The version has one form alone. */
function requireJson({ headers: { accept } }: Context["request"]): void {
  const media = (accept ?? "*/*").split(",").map((clause) => clause.split(";")[0]!.trim());
  if (!media.some((one) => one === "*/*" || one === "" || one === "application/json"))
    throw notAcceptable(["application/json"]);
}

const GROUPS = new Set(KINDS.map(({ resource }) => resource.group));

/** Below the routes of built-in groups and of the version: their answers are Statuses. */
function ofTheApi(path: string): boolean {
  if (path === "/apis" || path === "/apis/") return true;
  const [, first, group = ""] = /^\/(api|apis|version|openid)(?:\/([^/]*)|$)/.exec(path) ?? [];
  return first !== undefined && (first !== "apis" || GROUPS.has(group));
}

function rootPaths({ registry }: Context): string[] {
  const paths = new Set([
    "/api",
    "/apis",
    "/apis/",
    "/metrics",
    "/openapi/v2",
    "/openapi/v3",
    "/openapi/v3/",
    "/version",
    ...healthPaths(),
  ]);
  paths.add("/.well-known/openid-configuration").add("/openid/v1/jwks");
  for (const { resource } of registry.kinds) {
    if (resource.group === "") paths.add(`/api/${resource.version}`);
    else paths.add(`/apis/${resource.group}`).add(`/apis/${resource.group}/${resource.version}`);
  }
  return [...paths].sort();
}
