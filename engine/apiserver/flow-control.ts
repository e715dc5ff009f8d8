import type { Draft } from "../api/kind.ts";
import type { KubeObject } from "../api/types.ts";
import type { User } from "../api/user.ts";
import type { Context } from "./context.ts";
import type { Registry } from "./registry.ts";
import type { RequestInfo } from "./requestinfo.ts";

/**
 * Which FlowSchema takes a request, and which PriorityLevelConfiguration it leads to: the first by precedence and name whose
 * level exists and one of whose rules fits (apiserver pkg/util/flowcontrol/rule.go). Requests are told, and never wait:
 * a simulated server has a seat for everybody.
 */
export function classified({ registry, info, user }: Context): { schema: KubeObject; level: KubeObject } | undefined {
  const levels = registry.cacheOf(GROUP, "v1", "prioritylevelconfigurations");
  for (const schema of byPrecedence(registry)) {
    const level = levels?.get("", schema["spec"]?.priorityLevelConfiguration?.name ?? "");
    if (level === undefined) continue;
    if ((schema["spec"].rules ?? []).some((rule: Draft) => fits(rule, info, user))) return { schema, level };
  }
  return undefined;
}

const GROUP = "flowcontrol.apiserver.k8s.io";

function byPrecedence(registry: Registry): KubeObject[] {
  const schemas = [...(registry.cacheOf(GROUP, "v1", "flowschemas")?.everything() ?? [])];
  const rank = (schema: KubeObject): number => schema["spec"]?.matchingPrecedence ?? 0;
  return schemas.sort((a, b) => rank(a) - rank(b) || (a.metadata.name < b.metadata.name ? -1 : 1));
}

function fits(rule: Draft, info: RequestInfo, user: User): boolean {
  if (!(rule["subjects"] ?? []).some((subject: Draft) => isOf(subject, user))) return false;
  return info.isResource
    ? (rule["resourceRules"] ?? []).some((one: Draft) => fitsResource(one, info))
    : (rule["nonResourceRules"] ?? []).some((one: Draft) => fitsPath(one, info));
}

function isOf(subject: Draft, user: User): boolean {
  const { group, user: one, serviceAccount: account } = subject as Record<string, Draft | undefined>;
  if (subject.kind === "User") return one?.["name"] === "*" || one?.["name"] === user.name;
  if (subject.kind === "Group") return group?.["name"] === "*" || user.groups.includes(group?.["name"]);
  const prefix = `system:serviceaccount:${account?.["namespace"]}:`;
  return account?.["name"] === "*" ? user.name.startsWith(prefix) : user.name === `${prefix}${account?.["name"]}`;
}

const has = (list: readonly string[] | undefined, value: string): boolean =>
  list !== undefined && ((list.length === 1 && list[0] === "*") || list.includes(value));

function fitsResource(rule: Draft, info: RequestInfo): boolean {
  const resource = info.subresource === "" ? info.resource : `${info.resource}/${info.subresource}`;
  if (!has(rule["verbs"], info.verb) || !has(rule["resources"], resource) || !has(rule["apiGroups"], info.group)) {
    return false;
  }
  return info.namespace === "" ? rule["clusterScope"] === true : has(rule["namespaces"], info.namespace);
}

function fitsPath(rule: Draft, info: RequestInfo): boolean {
  if (!has(rule["verbs"], info.verb)) return false;
  return (rule["nonResourceURLs"] ?? []).some((path: string) => {
    if (path === "*" || path === info.path) return true;
    const prefix = path.replace(/\*$/, "");
    return info.path.startsWith(prefix.endsWith("/") ? prefix : `${prefix}/`);
  });
}
