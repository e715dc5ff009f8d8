import { ALL_AUTHENTICATED, ALL_UNAUTHENTICATED, type User } from "../api/user.ts";
import { type AccessAttributes, refusal } from "./authorization/attributes.ts";
import type { Context } from "./context.ts";
import { forbidden, PageError } from "./errors.ts";

/**
 * `Impersonate-User` and its like: the caller must be allowed to impersonate each of them
 * (apiserver pkg/endpoints/filters/impersonation.go). Returns the user to act as.
 */
export function impersonate(context: Context): User {
  const { headers } = context.request;
  if (!asksToImpersonate(headers)) return context.user;
  const name = headers["impersonate-user"];
  const groups = listed(headers["impersonate-group"]);
  const uid = headers["impersonate-uid"] ?? "";
  const extra = extraOf(headers);
  if (name === undefined || name === "") {
    if (groups.length === 0 && uid === "" && extra === undefined) return context.user;
    throw withoutUser(context.request.path, groups, extra, uid);
  }
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name);
  if (account) check(context, "serviceaccounts", account[2]!, account[1]!);
  else check(context, "users", name, "");
  for (const group of groups) check(context, "groups", group, "");
  for (const [key, values] of Object.entries(extra ?? {})) {
    for (const value of values) check(context, "userextras", value, "", AUTHENTICATION, key);
  }
  if (uid !== "") check(context, "uids", uid, "", AUTHENTICATION);
  let all: string[] = groups;
  if (account && groups.length === 0) all = ["system:serviceaccounts", `system:serviceaccounts:${account[1]}`];
  if (name === "system:anonymous") {
    if (!all.includes(ALL_UNAUTHENTICATED)) all = [...all, ALL_UNAUTHENTICATED];
  } else if (!all.includes(ALL_AUTHENTICATED)) all = [...all, ALL_AUTHENTICATED];
  return Object.freeze({ name, groups: Object.freeze(all), ...(uid !== "" && { uid }), ...(extra && { extra }) });
}

/** Whether any header is about impersonation: those of hardly any request are. */
export function asksToImpersonate(headers: Readonly<Record<string, string>>): boolean {
  for (const header in headers) if (header.startsWith("impersonate-")) return true;
  return false;
}

/** The words for groups and the like of nobody, references as Go prints them. */
function withoutUser(path: string, groups: readonly string[], extra: User["extra"], uid: string): PageError {
  const version = `${AUTHENTICATION}/v1`;
  const asked = groups.map((group) => `{Group  ${group}    }`);
  for (const [key, values] of Object.entries(extra ?? {})) {
    for (const value of values) asked.push(`{UserExtra  ${value}  ${version}  ${key}}`);
  }
  if (uid !== "") asked.push(`{UID  ${uid}  ${version}  }`);
  const words = `requested [${asked.join(" ")}] without impersonating a user`;
  return new PageError(500, `Internal Server Error: ${JSON.stringify(path)}: ${words}\n`);
}

const AUTHENTICATION = "authentication.k8s.io";

/** Several headers of one name travel as one, a line each: names may have commas. */
function listed(header: string | undefined): string[] {
  return (header ?? "").split("\n").filter((one) => one !== "");
}

/** `Impersonate-Extra-KEY`: keys are in lower case and percent-encoded. */
function extraOf(headers: Readonly<Record<string, string>>): User["extra"] {
  let extra: Record<string, readonly string[]> | undefined;
  for (const header in headers) {
    if (!header.startsWith("impersonate-extra-")) continue;
    const key = header
      .slice("impersonate-extra-".length)
      .replace(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    extra ??= {};
    extra[key] = Object.freeze(listed(headers[header]));
  }
  return extra;
}

function check(
  context: Context,
  resource: string,
  name: string,
  namespace: string,
  group = "",
  subresource = "",
): void {
  const attributes: AccessAttributes = {
    user: context.user,
    verb: "impersonate",
    namespace,
    group,
    resource,
    subresource,
    name,
    path: "",
    isResource: true,
  };
  const decision = context.server.authorizer.authorize(attributes);
  if (decision.allowed) return;
  const reason = decision.reason === "" ? "" : `: ${decision.reason}`;
  throw forbidden(group, resource, name, refusal(attributes) + reason);
}
