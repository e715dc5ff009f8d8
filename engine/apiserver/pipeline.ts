import type { HttpRequest, HttpResponse } from "../api/http.ts";
import { StatusError } from "../api/status.ts";
import { cpu, type Gen, TaskKilled } from "../kernel/index.ts";
import { authenticate } from "./authentication.ts";
import type { Context } from "./context.ts";
import { COSTS } from "./costs.ts";
import { internalError } from "./errors.ts";
import { requestInfo } from "./requestinfo.ts";
import { ok } from "./respond.ts";
import { route } from "./route.ts";
import type { ApiServer } from "./server.ts";
import { ANONYMOUS } from "./user.ts";

/** The request's way through an API server, in upstream's order (pkg/server/config.go DefaultBuildHandlerChain). */
export function* serve(server: ApiServer, request: HttpRequest): Gen<HttpResponse> {
  const info = requestInfo(request);
  const context: Context = {
    server,
    registry: server.registry,
    request,
    info,
    user: ANONYMOUS,
    warnings: [],
  };
  yield* cpu(COSTS.request);
  try {
    context.user = authenticate(server, request);
    const response = yield* route(context);
    return response;
  } catch (error) {
    return failed(server, error);
  }
}

/** Any failure as its Status; a bug becomes the 500 that a panic gives, and is kept for the tests to see. */
function failed(server: ApiServer, error: unknown): HttpResponse {
  if (error instanceof TaskKilled) throw error;
  if (error instanceof StatusError) return ok(error.status, error.status.code);
  server.kernel.faults.push({ task: `apiserver ${server.name}`, error, at: server.kernel.now });
  return ok(internalError(error instanceof Error ? error.message : String(error)).status, 500);
}
