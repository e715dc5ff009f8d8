import type { User } from "../../api/user.ts";
import type { RequestInfo } from "../requestinfo.ts";

/** What is asked of an authorizer (apiserver pkg/authorization/authorizer). */
export interface AccessAttributes {
  readonly user: User;
  readonly verb: string;
  readonly namespace: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** Path of a request that is about no resource. */
  readonly path: string;
  readonly isResource: boolean;
  readonly fieldSelector?: string | undefined;
}

export interface Decision {
  readonly allowed: boolean;
  /** Said to the audit log, and to the user who is refused. */
  readonly reason: string;
}

export function attributesOf(user: User, info: RequestInfo): AccessAttributes {
  return {
    user,
    verb: info.verb,
    namespace: info.namespace,
    group: info.group,
    resource: info.resource,
    subresource: info.subresource,
    name: info.name,
    path: info.path,
    isResource: info.isResource,
    fieldSelector: info.query.get("fieldSelector"),
  };
}

/** `User "x" cannot list resource "pods" in API group "" in the namespace "default"` (responsewriters/errors.go forbiddenMessage). */
export function refusal(attributes: AccessAttributes): string {
  const { user, verb, group, resource, subresource, namespace, path, isResource } = attributes;
  const who = `User ${JSON.stringify(user.name)} cannot ${verb}`;
  if (!isResource) return `${who} path ${JSON.stringify(path)}`;
  const what = subresource === "" ? resource : `${resource}/${subresource}`;
  const where = namespace === "" ? "at the cluster scope" : `in the namespace ${JSON.stringify(namespace)}`;
  return `${who} resource ${JSON.stringify(what)} in API group ${JSON.stringify(group)} ${where}`;
}
