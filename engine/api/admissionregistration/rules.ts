import { celMistake } from "../cel/index.ts";
import type { Draft } from "../kind.ts";
import { validateLabelSelector } from "../selector.ts";
import type { StatusCause } from "../status.ts";
import { duplicate, invalid, invalidEach, invalidText, notSupported, required, tooMany } from "../validation/field.ts";
import { pathSegment, qualifiedName } from "../validation/names.ts";

/** What webhooks and policies have in common: rules, match resources and conditions (pkg/apis/admissionregistration/validation). */

const OPERATIONS = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const SCOPES = ["*", "Cluster", "Namespaced"];

const goList = (list: readonly string[], type = "string") =>
  `[]${type}{${list.map((one) => JSON.stringify(one)).join(", ")}}`;

export function validateRule(rule: Draft, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const { operations = [], apiGroups = [], apiVersions = [], resources = [], scope } = rule;
  if (operations.length === 0) causes.push(required(`${path}.operations`, ""));
  if (operations.length > 1 && operations.includes("*")) {
    const shown = goList(operations, "admissionregistration.OperationType");
    causes.push(invalidText(`${path}.operations`, shown, "if '*' is present, must not specify other operations"));
  }
  for (const [i, operation] of operations.entries()) {
    if (!OPERATIONS.includes(operation)) causes.push(notSupported(`${path}.operations[${i}]`, operation, OPERATIONS));
  }
  const alone = (name: string, list: readonly string[], what: string) => {
    if (list.length === 0) causes.push(required(`${path}.${name}`, ""));
    if (list.length > 1 && list.includes("*")) {
      causes.push(invalidText(`${path}.${name}`, goList(list), `if '*' is present, must not specify other ${what}`));
    }
  };
  alone("apiGroups", apiGroups, "API groups");
  alone("apiVersions", apiVersions, "API versions");
  for (const [i, version] of apiVersions.entries()) {
    if (version === "") causes.push(required(`${path}.apiVersions[${i}]`, ""));
  }
  causes.push(...validateResources(resources, `${path}.resources`));
  if (scope !== undefined && !SCOPES.includes(scope)) causes.push(notSupported(`${path}.scope`, scope, SCOPES));
  return causes;
}

function validateResources(resources: readonly string[], path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  if (resources.length === 0) causes.push(required(path, ""));
  const all = new Set<string>();
  const everywhere = new Set<string>();
  let plain = false;
  for (const [i, resource] of resources.entries()) {
    const at = `${path}[${i}]`;
    if (resource === "") {
      causes.push(required(at, ""));
      continue;
    }
    const slash = resource.indexOf("/");
    if (slash < 0) {
      plain = resource !== "*";
      continue;
    }
    const [name, sub] = [resource.slice(0, slash), resource.slice(slash + 1)];
    if (all.has(name)) causes.push(invalid(at, resource, `if '${name}/*' is present, must not specify ${resource}`));
    if (everywhere.has(sub)) {
      causes.push(invalid(at, resource, `if '*/${sub}' is present, must not specify ${resource}`));
    }
    if (sub === "*") all.add(name);
    if (name === "*") everywhere.add(sub);
  }
  if (resources.length > 1 && resources.includes("*/*")) {
    causes.push(invalidText(path, goList(resources), "if '*/*' is present, must not specify other resources"));
  }
  if (plain && resources.includes("*")) {
    const why = "if '*' is present, must not specify other resources without subresources";
    causes.push(invalidText(path, goList(resources), why));
  }
  return causes;
}

const POLICIES = ["Equivalent", "Exact"];

export function validateMatchPolicy(policy: string | undefined, path: string): StatusCause[] {
  return policy === undefined || POLICIES.includes(policy) ? [] : [notSupported(path, policy, POLICIES)];
}

export function validateMatchResources(match: Draft, path: string): StatusCause[] {
  if (!match) return [];
  const causes = validateMatchPolicy(match.matchPolicy, `${path}.matchPolicy`);
  causes.push(...validateLabelSelector(match.namespaceSelector, `${path}.namespaceSelector`));
  causes.push(...validateLabelSelector(match.objectSelector, `${path}.objectSelector`));
  for (const list of ["resourceRules", "excludeResourceRules"]) {
    for (const [i, rule] of (match[list] ?? []).entries()) {
      const at = `${path}.${list}[${i}]`;
      const names: readonly string[] = rule.resourceNames ?? [];
      for (const [j, name] of names.entries()) {
        const one = `${at}.resourceNames[${j}]`;
        causes.push(...invalidEach(one, name, pathSegment(name)));
        if (names.indexOf(name) < j) causes.push(duplicate(one, name));
      }
      causes.push(...validateRule(rule, at));
    }
  }
  return causes;
}

const MAX_CONDITIONS = 64;

export function validateConditions(conditions: readonly Draft[], path: string, params = false): StatusCause[] {
  const causes: StatusCause[] = [];
  if (conditions.length > MAX_CONDITIONS) causes.push(tooMany(path, conditions.length, MAX_CONDITIONS));
  const seen = new Set<string>();
  for (const [i, { name = "", expression = "" }] of conditions.entries()) {
    const at = `${path}[${i}]`;
    if (expression.trim() === "") causes.push(required(`${at}.expression`, ""));
    else
      causes.push(
        ...validateExpression(expression.trim(), `${at}.expression`, { params, authorizer: true, wanted: "bool" }),
      );
    if (name === "") causes.push(required(`${at}.name`, ""));
    else {
      causes.push(...invalidEach(`${at}.name`, name, qualifiedName(name)));
      if (seen.has(name)) causes.push(duplicate(`${at}.name`, name));
      seen.add(name);
    }
  }
  return causes;
}

const VARIABLES = ["object", "oldObject", "request", "namespaceObject"];

/** What an expression of a policy or webhook may name beside the request, and what it must come to. */
export interface Expected {
  params?: boolean;
  variables?: boolean;
  authorizer?: boolean;
  wanted?: "bool" | "string";
}

export function validateExpression(expression: string, path: string, expected: Expected): StatusCause[] {
  const names = [...VARIABLES];
  for (const name of ["params", "variables", "authorizer"] as const) if (expected[name]) names.push(name);
  const why = celMistake(expression, { variables: names, ...(expected.wanted && { wanted: expected.wanted }) });
  return why === undefined ? [] : [invalid(path, expression, why)];
}
