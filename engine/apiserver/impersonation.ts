import { ALL_AUTHENTICATED, ALL_UNAUTHENTICATED, type User } from "../api/user.ts";
import { type AccessAttributes, refusal } from "./authorization/attributes.ts";
import type { Context } from "./context.ts";
import { forbidden } from "./errors.ts";

/**
 * `Impersonate-User` and its like: the caller must be allowed to impersonate each of them
 * (apiserver pkg/endpoints/filters/impersonation.go). Returns the user to act as.
 */
export function impersonate(context: Context): User {
  const { headers } = context.request;
  const name = headers["impersonate-user"];
  if (name === undefined || name === "") return context.user;
  const groups = (headers["impersonate-group"] ?? "").split(/\s*[,\n]\s*/).filter((group) => group !== "");
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name);
  if (account) check(context, "serviceaccounts", account[2]!, account[1]!);
  else check(context, "users", name, "");
  for (const group of groups) check(context, "groups", group, "");
  let all: string[] = groups;
  if (account && groups.length === 0) all = ["system:serviceaccounts", `system:serviceaccounts:${account[1]}`];
  if (name === "system:anonymous") {
    if (!all.includes(ALL_UNAUTHENTICATED)) all = [...all, ALL_UNAUTHENTICATED];
  } else if (!all.includes(ALL_AUTHENTICATED)) all = [...all, ALL_AUTHENTICATED];
  return Object.freeze({ name, groups: Object.freeze(all) });
}

function check(context: Context, resource: string, name: string, namespace: string): void {
  const attributes: AccessAttributes = {
    user: context.user,
    verb: "impersonate",
    namespace,
    group: "",
    resource,
    subresource: "",
    name,
    path: "",
    isResource: true,
  };
  const decision = context.server.authorizer.authorize(attributes);
  if (decision.allowed) return;
  const reason = decision.reason === "" ? "" : `: ${decision.reason}`;
  throw forbidden("", resource, name, refusal(attributes) + reason);
}
