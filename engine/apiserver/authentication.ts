import type { HttpRequest } from "../api/http.ts";
import { ALL_AUTHENTICATED, ANONYMOUS, type User } from "../api/user.ts";
import { bootstrapUser } from "./bootstrap-tokens.ts";
import { unauthorized } from "./errors.ts";
import type { ApiServer } from "./server.ts";

/**
 * Who is calling: client certificate first, then bearer token, else anonymous; a credential that is shown and does not
 * hold is 401 (apiserver pkg/authentication/request/union).
 */
export function authenticate(server: ApiServer, request: HttpRequest): User {
  if (request.clientCertificate !== undefined) {
    const user = userOfCertificate(server, request.clientCertificate);
    if (user !== undefined) return user;
    if (request.headers["authorization"] === undefined) throw unauthorized();
  }
  const authorization = request.headers["authorization"];
  if (authorization?.startsWith("Bearer ")) {
    const token = authorization.slice("Bearer ".length).trim();
    if (token === server.loopbackToken) return LOOPBACK;
    const user = server.tokens.userOf(token) ?? bootstrapUser(server.registry, server.kernel, token);
    if (user === undefined) throw unauthorized();
    return authenticated(user);
  }
  return ANONYMOUS;
}

/** The server itself, over its loopback client (apiserver pkg/server/config.go AuthorizeClientBearerToken). */
const LOOPBACK: User = Object.freeze({
  name: "system:apiserver",
  groups: Object.freeze(["system:masters", ALL_AUTHENTICATED]),
});

/** Who sends a request by a certificate, or is the server itself; undefined for others and what does not hold now. */
export function userOfPlain(server: ApiServer, { clientCertificate, headers }: HttpRequest): User | undefined {
  if (clientCertificate !== undefined) return userOfCertificate(server, clientCertificate);
  return headers["authorization"] === `Bearer ${server.loopbackToken}` ? LOOPBACK : undefined;
}

/** Who shows a certificate; undefined for one that does not hold now. */
export function userOfCertificate(server: ApiServer, pem: string): User | undefined {
  const user = server.certificates.userOf(pem, server.kernel.wallMs);
  return user && authenticated(user);
}

const known = new WeakMap<User, User>();

function authenticated(user: User): User {
  if (user.groups.includes(ALL_AUTHENTICATED)) return user;
  let full = known.get(user);
  if (full === undefined) {
    full = Object.freeze({ ...user, groups: Object.freeze([...user.groups, ALL_AUTHENTICATED]) });
    known.set(user, full);
  }
  return full;
}
