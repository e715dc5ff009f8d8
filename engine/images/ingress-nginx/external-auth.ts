import type { HttpRequest } from "../../api/http.ts";
import { type Gen, SECOND } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import { exchange, isFailure, parseUrl } from "../../tools/system/http-client.ts";

/** What the annotations auth-url, auth-method, auth-signin and auth-response-headers say (annotations/authreq). */
export interface ExternalAuth {
  url: string;
  method: string;
  signin: string | undefined;
  /** Headers of the service's answer that the backend gets, in lower case. */
  pass: readonly string[];
}

/** Somebody else's word on a request: let in, with more headers for the backend, or the status that it is turned away with. */
export type AuthAnswer = { headers: Record<string, string> } | { status: number; headers: Record<string, string> };

/** nginx's auth_request, as the controller's template words it. */
export function* askAuth(
  p: Process,
  { url: text, method, pass }: ExternalAuth,
  request: HttpRequest,
  original: string,
): Gen<AuthAnswer> {
  const url = parseUrl(text);
  if (url === undefined) return { status: 500, headers: {} };
  const { "content-length": _length, "content-type": _type, ...own } = request.headers;
  const headers = {
    ...own,
    host: url.host,
    "x-original-url": original,
    "x-original-method": request.method,
    "x-sent-from": "nginx-ingress-controller",
    "x-real-ip": request.remoteAddress,
    "x-forwarded-for": request.remoteAddress,
    "x-auth-request-redirect": request.path,
  };
  const result = yield* exchange(p, url, { method, headers }, { insecure: true, connectTimeout: 5 * SECOND });
  if (isFailure(result)) return { status: 500, headers: {} };
  const { status, headers: given } = result.response;
  if (status >= 200 && status < 300) {
    const kept = pass.filter((name) => given[name] !== undefined);
    return { headers: Object.fromEntries(kept.map((name) => [name, given[name]!])) };
  }
  // Anything but a plain refusal is the service's own trouble.
  if (status !== 401 && status !== 403) return { status: 500, headers: {} };
  const challenge = given["www-authenticate"];
  return { status, headers: challenge === undefined ? {} : { "www-authenticate": challenge } };
}
