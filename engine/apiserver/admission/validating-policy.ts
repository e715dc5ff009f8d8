import { CelError, compileCel, toCel } from "../../api/cel/index.ts";
import type { Draft } from "../../api/kind.ts";
import { matchesSelector } from "../../api/label-selector.ts";
import type { StatusCause, StatusError } from "../../api/status.ts";
import type { KubeObject } from "../../api/types.ts";
import type { Registry } from "../registry.ts";
import type { AdmissionPlugin, Attributes } from "./admission.ts";
import { admissionRequest } from "./admission-request.ts";
import { annotateAudit, refuse } from "./refuse.ts";
import { matchesResources, namespaceOf } from "./rule-match.ts";

const GROUP = "admissionregistration.k8s.io";

interface Denial {
  policy: string;
  binding: string | undefined;
  message: string;
  reason: string;
}

/** Lets expressions of the Common Expression Language judge requests (apiserver pkg/admission/plugin/policy/validating). */
export const validatingAdmissionPolicy: AdmissionPlugin = {
  name: "ValidatingAdmissionPolicy",
  validate(attributes) {
    const { registry } = attributes.context;
    const bindings = registry.cacheOf(GROUP, "v1", "validatingadmissionpolicybindings")?.everything();
    if (bindings === undefined || bindings.length === 0) return;
    // Policies do not judge those who would repair them.
    const { group, resource } = attributes.def.resource;
    if (group === GROUP && resource.startsWith("validatingadmissionpolic")) return;
    const policies = registry.cacheOf(GROUP, "v1", "validatingadmissionpolicies")!;
    const denials: Denial[] = [];
    for (const policy of policies.everything()) {
      const own = bindings.filter((binding) => binding["spec"]?.policyName === policy.metadata.name);
      if (own.length > 0 && matchesResources(policy["spec"]?.matchConstraints, attributes, false)) {
        for (const binding of own) denials.push(...judge(policy, binding, attributes));
      }
    }
    if (denials.length > 0) throw denied(attributes, denials[0]!);
  },
};

const CODES: Readonly<Record<string, number>> = {
  Unauthorized: 401,
  Forbidden: 403,
  RequestEntityTooLarge: 413,
  Invalid: 422,
};

function denied(attributes: Attributes, { policy, binding, message, reason }: Denial): StatusError {
  const by = binding === undefined ? "" : ` with binding '${binding}'`;
  const text = `ValidatingAdmissionPolicy '${policy}'${by} denied request: ${message}`;
  const error = refuse(attributes, text);
  error.status.reason = reason;
  error.status.code = CODES[reason] ?? 422;
  error.status.details!.causes = [{ message: text, field: "" } as StatusCause];
  return error;
}

function judge(policy: KubeObject, binding: KubeObject, attributes: Attributes): Denial[] {
  const { spec } = policy;
  const bound: Draft = binding["spec"];
  if (bound.matchResources && !matchesResources(bound.matchResources, attributes, true)) return [];
  const name = policy.metadata.name;
  const fails = (spec.failurePolicy ?? "Fail") !== "Ignore";
  const configError = (why: string): Denial[] =>
    fails
      ? [
          {
            policy: name,
            binding: binding.metadata.name,
            message: `failed to configure binding: ${why}`,
            reason: "Invalid",
          },
        ]
      : [];
  const params = paramsOf(spec.paramKind, bound.paramRef, attributes);
  if (typeof params === "string") return configError(params);
  const denials: Denial[] = [];
  for (const param of params) {
    for (const { message, reason, index } of evaluate(policy, attributes, param, fails)) {
      const actions: readonly string[] = bound.validationActions ?? [];
      if (actions.includes("Deny")) denials.push({ policy: name, binding: binding.metadata.name, message, reason });
      if (actions.includes("Audit")) {
        const failure = { message, policy: name, binding: binding.metadata.name, expressionIndex: index };
        const text = JSON.stringify([{ ...failure, validationActions: actions }]);
        annotateAudit(attributes, "validation.policy.admission.k8s.io/validation_failure", text);
      }
      if (actions.includes("Warn")) {
        attributes.context.warnings.push(
          `Validation failed for ValidatingAdmissionPolicy '${name}' with binding '${binding.metadata.name}': ${message}`,
        );
      }
    }
  }
  return denials;
}

/** The objects that parametrize a policy; `[undefined]`: it has none; a text says what is wrong. */
function paramsOf(kind: Draft, ref: Draft, { context, namespace }: Attributes): (KubeObject | undefined)[] | string {
  if (kind === undefined || ref === undefined) return [undefined];
  const def = kindOf(context.registry, kind.apiVersion ?? "", kind.kind ?? "");
  if (def === undefined) {
    return `failed to find resource referenced by paramKind: '${kind.apiVersion}, Kind=${kind.kind}'`;
  }
  const cache = context.registry.cache(def);
  let home = "";
  if (def.resource.namespaced) {
    home = ref.namespace || namespace;
    if (home === "") return "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources";
  } else if (ref.namespace) return "paramRef.namespace must not be provided for a cluster-scoped `paramKind`";
  const found = ref.name
    ? [cache.get(home, ref.name)].filter((one) => one !== undefined)
    : cache.inNamespace(home).filter((one) => matchesSelector(ref.selector ?? {}, one.metadata.labels));
  if (found.length > 0) return found;
  return ref.parameterNotFoundAction === "Allow"
    ? []
    : "no params found for policy binding with `Deny` parameterNotFoundAction";
}

function kindOf(registry: Registry, apiVersion: string, kind: string) {
  return registry.kinds.find(({ resource: r }) => {
    return r.kind === kind && (r.group === "" ? r.version : `${r.group}/${r.version}`) === apiVersion;
  });
}

interface Finding {
  message: string;
  reason: string;
  /** Which of the validations. */
  index: number;
}

function evaluate(
  { spec, metadata }: Draft,
  attributes: Attributes,
  param: KubeObject | undefined,
  fails: boolean,
): Finding[] {
  const { object, old } = attributes;
  const variables: Record<string, unknown> = {
    object: toCel(object ?? null),
    oldObject: toCel(old ?? null),
    request: toCel(admissionRequest(attributes, "")),
    params: toCel(param ?? null),
    namespaceObject: toCel(attributes.namespace === "" ? null : (namespaceOf(attributes) ?? null)),
  };
  variables["variables"] = lazily(spec.variables ?? [], variables);
  for (const condition of spec.matchConditions ?? []) {
    try {
      if (compileCel(condition.expression).run(variables) !== true) return [];
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      return fails ? [{ message: error.message, reason: "Invalid", index: 0 }] : [];
    }
  }
  const findings: Finding[] = [];
  for (const [index, validation] of (spec.validations ?? []).entries()) {
    const expression: string = validation.expression.trim();
    try {
      if (compileCel(validation.expression).run(variables) === true) continue;
      findings.push({ message: messageOf(validation, variables), reason: validation.reason || "Invalid", index });
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      const message = `expression '${expression}' resulted in error: ${error.message}`;
      if (fails) findings.push({ message, reason: "Invalid", index });
    }
  }
  for (const { key, valueExpression } of spec.auditAnnotations ?? []) {
    const value = auditTextOf(valueExpression, variables);
    if (value !== undefined) annotateAudit(attributes, `${metadata.name}/${key}`, value);
  }
  return findings;
}

/** Variables are worked out when an expression first asks for them. */
function lazily(list: readonly { name: string; expression: string }[], variables: Record<string, unknown>): object {
  const out: Record<string, unknown> = {};
  for (const { name, expression } of list) {
    let known: { value: unknown } | undefined;
    Object.defineProperty(out, name, {
      enumerable: true,
      get: () => (known ??= { value: compileCel(expression).run(variables) }).value,
    });
  }
  return out;
}

/** The text that an audit annotation's expression gives; null and failures leave it out. */
function auditTextOf(expression: string, variables: Record<string, unknown>): string | undefined {
  try {
    const value = compileCel(expression).run(variables);
    return typeof value === "string" && value !== "" ? value : undefined;
  } catch (error) {
    if (error instanceof CelError) return undefined;
    throw error;
  }
}

function messageOf(validation: Draft, variables: Record<string, unknown>): string {
  if (validation.messageExpression) {
    try {
      const text = compileCel(validation.messageExpression).run(variables);
      if (typeof text === "string" && text.trim() !== "" && !text.includes("\n")) return text.trim();
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
    }
  }
  const message = (validation.message ?? "").trim();
  return message === "" ? `failed expression: ${validation.expression.trim()}` : message;
}
