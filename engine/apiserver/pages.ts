import { buildInfo } from "../api/build-info.ts";
import type { HttpResponse } from "../api/http.ts";
import type { Gen } from "../kernel/index.ts";
import type { Context } from "./context.ts";
import { discoveryPage } from "./discovery.ts";
import { pageNotFound } from "./errors.ts";
import { healthPage } from "./health.ts";
import { openApiPage } from "./openapi/openapi.ts";
import { swaggerPage } from "./openapi/swagger.ts";
import { raw, text } from "./respond.ts";

/** Paths that are about no resource. */
export function* page(context: Context): Gen<HttpResponse> {
  const { info } = context;
  const found = discoveryPage(context) ?? healthPage(context) ?? openApiPage(context) ?? swaggerPage(context);
  if (found !== undefined) return found;
  switch (info.path) {
    case "/version":
    case "/version/":
      return raw(buildInfo(context.server.release), "indented");
    case "/":
      return raw({ paths: rootPaths(context) }, "indented");
    case "/openid/v1/jwks":
    case "/.well-known/openid-configuration":
      return raw(context.server.tokens.document(info.path), "bare");
    case "/metrics":
      return text(context.server.metrics.page(), 200, "text/plain; version=0.0.4; charset=utf-8; escaping=values");
    default:
      throw pageNotFound();
  }
}

function rootPaths({ registry }: Context): string[] {
  const paths = new Set([
    "/api",
    "/apis",
    "/healthz",
    "/livez",
    "/metrics",
    "/openapi/v2",
    "/openapi/v3",
    "/readyz",
    "/version",
  ]);
  paths.add("/.well-known/openid-configuration").add("/openid/v1/jwks");
  for (const { resource } of registry.kinds) {
    if (resource.group === "") paths.add(`/api/${resource.version}`);
    else paths.add(`/apis/${resource.group}`).add(`/apis/${resource.group}/${resource.version}`);
  }
  return [...paths].sort();
}
