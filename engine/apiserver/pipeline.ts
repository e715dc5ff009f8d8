import type { HttpRequest, HttpResponse } from "../api/http.ts";
import { StatusError } from "../api/status.ts";
import { ANONYMOUS } from "../api/user.ts";
import { cpu, type Gen, TaskKilled } from "../kernel/index.ts";
import type { AuditRecord } from "./audit.ts";
import { authenticate } from "./authentication.ts";
import { attributesOf, type Decision, refusal } from "./authorization/attributes.ts";
import type { Context } from "./context.ts";
import { COSTS } from "./costs.ts";
import { forbidden, internalError, PageError } from "./errors.ts";
import { impersonate } from "./impersonation.ts";
import { requestInfo } from "./requestinfo.ts";
import { failed, text, withHeaders } from "./respond.ts";
import { route } from "./route.ts";
import type { ApiServer } from "./server.ts";

/**
 * The request's way through an API server, in upstream's order (pkg/server/config.go DefaultBuildHandlerChain). From
 * `route` on: decode → defaults → mutating admission → validation → validating admission → storage → watch cache.
 */
export function* serve(server: ApiServer, request: HttpRequest): Gen<HttpResponse> {
  const info = requestInfo(request);
  const context: Context = {
    server,
    registry: server.registry,
    request,
    info,
    user: ANONYMOUS,
    writer: ANONYMOUS.name,
    warnings: [],
    def: undefined,
  };
  const started = server.kernel.now;
  const kind = READ_ONLY.has(request.method) ? "readOnly" : "mutating";
  server.metrics.inflight[kind]++;
  try {
    yield* cpu(COSTS.request);
    const response = yield* answer(context);
    server.metrics.count(info, response.status, server.kernel.now - started, isApply(request));
    return response;
  } finally {
    server.flows.end(context);
    server.metrics.inflight[kind]--;
  }
}

const READ_ONLY = new Set(["GET", "HEAD"]);

const isApply = ({ method, headers }: HttpRequest): boolean =>
  method === "PATCH" && headers["content-type"]?.startsWith("application/apply-patch") === true;

function* answer(context: Context): Gen<HttpResponse> {
  const { server, request } = context;
  let record: AuditRecord | undefined;
  let response: HttpResponse;
  try {
    context.user = authenticate(server, request);
    context.writer = context.user.name;
    record = server.audit.begin(context);
    const user = impersonate(context);
    if (user !== context.user) {
      if (record) record.impersonated = user;
      context.user = user;
    }
    context.counted = true;
    server.flows.begin(context);
    const decision = authorize(context);
    if (record) record.decision = decision;
    if (decision.allowed) response = yield* route(context);
    else {
      const refusal = failed(refused(context, decision));
      response = { ...refusal, headers: { ...refusal.headers, "x-content-type-options": "nosniff" } };
    }
  } catch (error) {
    if (error instanceof TaskKilled) throw error;
    response = answerTo(server, error);
  }
  response = withHeaders(context, response, record?.id);
  record?.finish(response);
  return response;
}

function authorize(context: Context): Decision {
  return context.server.authorizer.request(context.user, context.info);
}

function refused({ user, info }: Context, { reason }: Decision): StatusError {
  const why = refusal(attributesOf(user, info)) + (reason === "" ? "" : `: ${reason}`);
  return forbidden(info.group, info.resource, info.name, why);
}

/** Any failure as its Status; a bug becomes the 500 that a panic gives, and is kept for the tests to see. */
function answerTo(server: ApiServer, error: unknown): HttpResponse {
  if (error instanceof StatusError) return failed(error);
  if (error instanceof PageError) return text(error.message, error.code);
  server.kernel.faults.push({ task: `apiserver ${server.name}`, error, at: server.kernel.now });
  return failed(internalError(error instanceof Error ? error.message : String(error)));
}
