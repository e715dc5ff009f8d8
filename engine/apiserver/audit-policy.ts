import type { StatusCause } from "../api/status.ts";
import type { User } from "../api/user.ts";
import { invalid, notSupported, required } from "../api/validation/field.ts";
import { dns1123Subdomain } from "../api/validation/names.ts";
import type { RequestInfo } from "./requestinfo.ts";

export type AuditLevel = "None" | "Metadata" | "Request" | "RequestResponse";
export type AuditStage = "RequestReceived" | "ResponseStarted" | "ResponseComplete" | "Panic";

interface GroupResources {
  group?: string | null;
  resources?: string[] | null;
  resourceNames?: string[] | null;
}

interface PolicyRule {
  level?: AuditLevel;
  users?: string[] | null;
  userGroups?: string[] | null;
  verbs?: string[] | null;
  resources?: GroupResources[] | null;
  namespaces?: string[] | null;
  nonResourceURLs?: string[] | null;
  omitStages?: AuditStage[] | null;
  omitManagedFields?: boolean | null;
}

/** audit.k8s.io/v1 Policy. */
export interface AuditPolicy {
  rules?: PolicyRule[] | null;
  omitStages?: AuditStage[] | null;
  omitManagedFields?: boolean;
}

/** What a policy has decided about a request. */
export interface AuditDecision {
  readonly level: AuditLevel;
  readonly omitStages: readonly AuditStage[];
  readonly omitManagedFields: boolean;
}

const NOTHING: AuditDecision = { level: "None", omitStages: [], omitManagedFields: false };
const LEVELS: readonly AuditLevel[] = ["None", "Metadata", "Request", "RequestResponse"];
const STAGES: readonly AuditStage[] = ["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"];

/** The first rule that matches decides; none: nothing is recorded (apiserver pkg/audit/policy/checker.go). */
export function auditDecision(policy: AuditPolicy, user: User, info: RequestInfo): AuditDecision {
  const rule = policy.rules?.find((one) => matches(one, user, info));
  if (rule === undefined) return NOTHING;
  return {
    level: rule.level ?? "None",
    omitStages: [...(policy.omitStages ?? []), ...(rule.omitStages ?? [])],
    omitManagedFields: rule.omitManagedFields ?? policy.omitManagedFields ?? false,
  };
}

const has = (list: readonly string[] | null | undefined): list is readonly string[] => !!list && list.length > 0;

function matches(rule: PolicyRule, user: User, info: RequestInfo): boolean {
  if (has(rule.users) && !rule.users.includes(user.name)) return false;
  if (has(rule.userGroups) && !user.groups.some((group) => rule.userGroups!.includes(group))) return false;
  if (has(rule.verbs) && !rule.verbs.includes(info.verb)) return false;
  if (has(rule.namespaces) || (rule.resources ?? []).length > 0) return matchesResource(rule, info);
  if (!has(rule.nonResourceURLs)) return true;
  return !info.isResource && rule.nonResourceURLs.some((url) => matchesPath(info.path, url));
}

function matchesPath(path: string, url: string): boolean {
  return url === "*" || url === path || (url.endsWith("*") && path.startsWith(url.replace(/\*+$/, "")));
}

function matchesResource({ namespaces, resources }: PolicyRule, info: RequestInfo): boolean {
  if (!info.isResource) return false;
  if (has(namespaces) && !namespaces.includes(info.namespace)) return false;
  if (!resources || resources.length === 0) return true;
  return resources.some(({ group, resources: names, resourceNames }) => {
    if ((group ?? "") !== info.group) return false;
    if (!has(names)) return true;
    if (has(resourceNames) && !resourceNames.includes(info.name)) return false;
    return names.some((name) => covers(name, info));
  });
}

/** `pods` is the Pods alone; `pods/log`, `pods/…` with stars and `*` take in subresources. */
function covers(name: string, { resource, subresource }: RequestInfo): boolean {
  if (name === "*" || name === (subresource === "" ? resource : `${resource}/${subresource}`)) return true;
  if (subresource !== "" && name.startsWith("*/") && name.slice(2) === subresource) return true;
  return name.endsWith("/*") && name.slice(0, -2) === resource;
}

/** What is wrong with a policy (apiserver pkg/apis/audit/validation). */
export function validateAuditPolicy(policy: AuditPolicy): StatusCause[] {
  const causes = stages(policy.omitStages, "omitStages");
  policy.rules?.forEach((rule, i) => {
    causes.push(...validateRule(rule, `rules[${i}]`));
  });
  return causes;
}

function validateRule(rule: PolicyRule, at: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const { level, nonResourceURLs: urls } = rule;
  if (!level) causes.push(required(`${at}.level`, ""));
  else if (!LEVELS.includes(level)) causes.push(notSupported(`${at}.level`, level, LEVELS));
  urls?.forEach((url, i) => {
    if (url === "*") return;
    const field = `${at}.nonResourceURLs[${i}]`;
    if (!url.startsWith("/"))
      causes.push(invalid(field, url, "non-resource URL rules must begin with a '/' character"));
    if (url.slice(0, -1).includes("*")) {
      causes.push(invalid(field, url, "non-resource URL wildcards '*' must be the final character of the rule"));
    }
  });
  for (const { group, resources, resourceNames } of rule.resources ?? []) {
    const faults = group ? dns1123Subdomain(group) : [];
    if (faults.length > 0) causes.push(invalid(`${at}.resources.group`, group, faults.join(",")));
    if (has(resourceNames) && !has(resources)) {
      const field = `${at}.resources.resourceNames`;
      causes.push(invalid(field, resourceNames, "using resourceNames requires at least one resource"));
    }
  }
  causes.push(...stages(rule.omitStages, `${at}.omitStages`));
  if (has(urls) && (has(rule.namespaces) || (rule.resources ?? []).length > 0)) {
    const why = "rules cannot apply to both regular resources and non-resource URLs";
    causes.push(invalid(`${at}.nonResourceURLs`, urls, why));
  }
  return causes;
}

function stages(list: readonly AuditStage[] | null | undefined, at: string): StatusCause[] {
  return (list ?? []).flatMap((stage, i) =>
    STAGES.includes(stage) ? [] : [invalid(`${at}[${i}]`, stage, `allowed stages are ${STAGES.join(",")}`)],
  );
}
