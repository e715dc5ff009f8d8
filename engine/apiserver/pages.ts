import type { HttpResponse } from "../api/http.ts";
import type { Gen } from "../kernel/index.ts";
import type { Context } from "./context.ts";
import { discoveryPage } from "./discovery.ts";
import { pageNotFound } from "./errors.ts";
import { healthPage } from "./health.ts";
import { openApiPage } from "./openapi/openapi.ts";
import { swaggerPage } from "./openapi/swagger.ts";
import { raw, text } from "./respond.ts";

/** kube-apiserver's build, as `/version` gives it. */
export const VERSION = {
  major: "1",
  minor: "32",
  gitVersion: "v1.32.3",
  gitCommit: "32cc146f75aad04beaaa245a7157eb35063a9f99",
  gitTreeState: "clean",
  buildDate: "2025-03-11T19:52:21Z",
  goVersion: "go1.23.6",
  compiler: "gc",
  platform: "linux/amd64",
} as const;

/** Paths that are about no resource. */
export function* page(context: Context): Gen<HttpResponse> {
  const { info } = context;
  const found = discoveryPage(context) ?? healthPage(context) ?? openApiPage(context) ?? swaggerPage(context);
  if (found !== undefined) return found;
  switch (info.path) {
    case "/version":
    case "/version/":
      return raw(VERSION, "indented");
    case "/":
      return raw({ paths: rootPaths(context) }, "indented");
    case "/openid/v1/jwks":
    case "/.well-known/openid-configuration":
      return raw(context.server.tokens.document(info.path), "bare");
    case "/metrics":
      return text("");
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
