import type { Draft } from "../kind.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import {
  forbidden,
  invalid,
  invalidEach,
  invalidText,
  notSupported,
  notSupportedText,
  required,
} from "../validation/field.ts";
import { dns1123Label, dns1123Subdomain } from "../validation/names.ts";
import { goStrings } from "../validation/value.ts";

/** FlowSchemas (pkg/apis/flowcontrol/validation/validation.go). */

const LARGEST_PRECEDENCE = 10_000;
const METHODS = ["ByNamespace", "ByUser"];
const VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];
const KINDS = ["Group", "ServiceAccount", "User"];
/** The field of a subject that says whom one of the kind means. */
const FIELDS: Readonly<Record<string, string>> = {
  ServiceAccount: "serviceAccount",
  User: "user",
  Group: "group",
};

export function validateFlowSchema({ metadata, spec = {} }: KubeObject): StatusCause[] {
  const { matchingPrecedence: precedence = 0, distinguisherMethod: method } = spec;
  const causes: StatusCause[] = [];
  const at = "spec.matchingPrecedence";
  if (precedence <= 0) causes.push(invalid(at, precedence, "must be a positive value"));
  if (precedence > LARGEST_PRECEDENCE)
    causes.push(invalid(at, precedence, `must not be greater than ${LARGEST_PRECEDENCE}`));
  if (precedence === 1 && metadata.name !== "exempt")
    causes.push(invalid(at, precedence, "only the schema named 'exempt' may have matchingPrecedence 1"));
  if (method && !METHODS.includes(method.type)) {
    const shown = `flowcontrol.FlowDistinguisherMethod{Type:${JSON.stringify(method.type ?? "")}}`;
    causes.push(notSupportedText("spec.distinguisherMethod.type", shown, METHODS));
  }
  const level: string = spec.priorityLevelConfiguration?.name ?? "";
  const path = "spec.priorityLevelConfiguration.name";
  if (level === "") causes.push(required(path, "must reference a priority level"));
  else causes.push(...invalidEach(path, level, dns1123Subdomain(level)));
  for (const [i, rule] of (spec.rules ?? []).entries()) causes.push(...validateRule(rule ?? {}, `spec.rules[${i}]`));
  return causes;
}

function validateRule({ subjects, resourceRules, nonResourceRules }: Draft, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const [i, subject] of (subjects ?? []).entries())
    causes.push(...validateSubject(subject ?? {}, `${path}.subjects[${i}]`));
  if (!subjects?.length) causes.push(required(`${path}.subjects`, "subjects must contain at least one value"));
  if (!resourceRules?.length && !nonResourceRules?.length)
    causes.push(required(path, "at least one of resourceRules and nonResourceRules has to be non-empty"));
  for (const [i, rule] of (resourceRules ?? []).entries())
    causes.push(...validateResourceRule(rule ?? {}, `${path}.resourceRules[${i}]`));
  for (const [i, rule] of (nonResourceRules ?? []).entries())
    causes.push(...validateNonResourceRule(rule ?? {}, `${path}.nonResourceRules[${i}]`));
  return causes;
}

function validateSubject(subject: Draft, path: string): StatusCause[] {
  const kind: string = subject.kind ?? "";
  const own = FIELDS[kind];
  if (own === undefined) return [notSupported(`${path}.kind`, kind, KINDS)];
  const causes = validateWhom(subject[own], kind, `${path}.${own}`);
  for (const [other, field] of Object.entries(FIELDS)) {
    if (field !== own && subject[field])
      causes.push(forbidden(`${path}.${field}`, `${field} is forbidden when subject kind is not '${other}'`));
  }
  return causes;
}

function validateWhom(whom: Draft | undefined, kind: string, path: string): StatusCause[] {
  if (!whom) return [required(path, `${FIELDS[kind]} is required when subject kind is '${kind}'`)];
  const { name = "", namespace = "" } = whom;
  const causes: StatusCause[] = [];
  if (name === "") causes.push(required(`${path}.name`, ""));
  if (kind !== "ServiceAccount") return causes;
  if (name !== "" && name !== "*") causes.push(...invalidEach(`${path}.name`, name, dns1123Subdomain(name)));
  if (namespace !== "") causes.push(...invalidEach(`${path}.namespace`, namespace, dns1123Label(namespace)));
  else causes.push(required(`${path}.namespace`, "must specify namespace for service account"));
  return causes;
}

/** `*` stands alone. */
function alone(list: readonly string[], path: string, what: string): StatusCause[] {
  if (list.length < 2 || !list.includes("*")) return [];
  return [invalidText(path, goStrings(list), `if '*' is present, must not specify other ${what}`)];
}

function validateVerbs(verbs: readonly string[], path: string): StatusCause[] {
  if (verbs.length === 0) return [required(path, "verbs must contain at least one value")];
  if (verbs.includes("*")) return alone(verbs, path, "verbs");
  return verbs.every((verb) => VERBS.includes(verb)) ? [] : [notSupportedText(path, goStrings(verbs), VERBS)];
}

/** Lists of texts that may not be there. */
function lists<T extends readonly string[]>(
  rule: Draft,
  fields: readonly [...T],
): { [K in keyof T]: readonly string[] } {
  return fields.map((field) => rule[field] ?? []) as never;
}

function validateResourceRule(rule: Draft, path: string): StatusCause[] {
  const [verbs, apiGroups, resources, namespaces] = lists(rule, ["verbs", "apiGroups", "resources", "namespaces"]);
  const causes = validateVerbs(verbs, `${path}.verbs`);
  if (apiGroups.length === 0)
    causes.push(required(`${path}.apiGroups`, "resource rules must supply at least one api group"));
  causes.push(...alone(apiGroups, `${path}.apiGroups`, "api groups"));
  if (resources.length === 0)
    causes.push(required(`${path}.resources`, "resource rules must supply at least one resource"));
  causes.push(...alone(resources, `${path}.resources`, "resources"));
  const at = `${path}.namespaces`;
  if (namespaces.length === 0 && !rule.clusterScope)
    causes.push(required(at, "resource rules that are not cluster scoped must supply at least one namespace"));
  if (namespaces.includes("*")) return [...causes, ...alone(namespaces, at, "namespaces")];
  const intro = "each member of this list must be '*' or a DNS-1123 label; ";
  for (const [i, name] of namespaces.entries())
    causes.push(...dns1123Label(name).map((detail) => invalid(`${at}[${i}]`, name, intro + detail)));
  return causes;
}

function validateNonResourceRule(rule: Draft, path: string): StatusCause[] {
  const [verbs, urls] = lists(rule, ["verbs", "nonResourceURLs"]);
  const causes = validateVerbs(verbs, `${path}.verbs`);
  const at = `${path}.nonResourceURLs`;
  if (urls.length === 0) causes.push(required(at, "nonResourceURLs must contain at least one value"));
  if (urls.includes("*")) return [...causes, ...alone(urls, at, "non-resource URLs")];
  for (const [i, url] of urls.entries()) {
    const detail = wrongUrl(url);
    if (detail !== undefined) causes.push(invalid(`${at}[${i}]`, url, detail));
  }
  return causes;
}

function wrongUrl(url: string): string | undefined {
  if (url === "") return "must not be empty";
  if (url === "/") return undefined;
  if (!url.startsWith("/")) return "must start with slash";
  if (url.includes(" ")) return "must not contain white-space";
  if (url.includes("//")) return "must not contain double slash";
  const stars = url.split("*").length - 1;
  return stars > 1 || (stars === 1 && !url.endsWith("/*")) ? "wildcard can only do suffix matching" : undefined;
}
