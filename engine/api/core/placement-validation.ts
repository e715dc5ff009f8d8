import type { Draft } from "../kind.ts";
import { validateLabelSelector } from "../selector.ts";
import type { StatusCause } from "../status.ts";
import { duplicate, forbidden, invalid, invalidEach, notSupported, required } from "../validation/field.ts";
import { dns1123Label, labelValue, qualifiedName } from "../validation/names.ts";
import { validateSpreadKeys, validateTermKeys } from "./label-keys.ts";

/** Where a Pod may run: tolerations, affinity, topology spread (pkg/apis/core/validation/validation.go). */

const EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

export function validateTolerations(tolerations: Draft[], path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  tolerations.forEach((toleration, i) => {
    const at = `${path}[${i}]`;
    const { key, operator, value, effect, tolerationSeconds } = toleration;
    if (key) causes.push(...invalidEach(`${at}.key`, key, qualifiedName(key)));
    if (!key && operator !== "Exists") {
      causes.push(
        invalid(
          `${at}.operator`,
          operator ?? "",
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      );
    }
    if (tolerationSeconds !== undefined && effect !== "NoExecute") {
      causes.push(invalid(`${at}.effect`, effect ?? "", "effect must be 'NoExecute' when `tolerationSeconds` is set"));
    }
    if (!operator || operator === "Equal") {
      causes.push(...invalidEach(`${at}.operator`, value ?? "", labelValue(value ?? "")));
    } else if (operator === "Exists") {
      if (value)
        causes.push(invalid(`${at}.operator`, toleration.value, "value must be empty when `operator` is 'Exists'"));
    } else causes.push(notSupported(`${at}.operator`, operator, ["Equal", "Exists"]));
    if (effect && !EFFECTS.includes(effect)) causes.push(notSupported(`${at}.effect`, effect, EFFECTS));
  });
  return causes;
}

/** Taints of a Node. */
export function validateTaints(taints: Draft[], path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const seen = new Set<string>();
  taints.forEach((taint, i) => {
    const at = `${path}[${i}]`;
    causes.push(...invalidEach(`${at}.key`, taint.key ?? "", qualifiedName(taint.key ?? "")));
    causes.push(...invalidEach(`${at}.value`, taint.value ?? "", labelValue(taint.value ?? "")));
    if (!taint.effect) causes.push(required(`${at}.effect`, ""));
    else if (!EFFECTS.includes(taint.effect)) causes.push(notSupported(`${at}.effect`, taint.effect, EFFECTS));
    const identity = `${taint.key}:${taint.effect}`;
    if (seen.has(identity)) {
      const cause = duplicate(at, taint);
      causes.push({ ...cause, message: `${cause.message}: taints must be unique by key and effect pair` });
    }
    seen.add(identity);
  });
  return causes;
}

export function validateAffinity(affinity: Draft | undefined, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  if (affinity?.nodeAffinity) causes.push(...validateNodeAffinity(affinity.nodeAffinity, `${path}.nodeAffinity`));
  for (const name of ["podAffinity", "podAntiAffinity"]) {
    if (affinity?.[name]) causes.push(...validatePodAffinity(affinity[name], `${path}.${name}`));
  }
  return causes;
}

function validateNodeAffinity(affinity: Draft, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const needed = affinity.requiredDuringSchedulingIgnoredDuringExecution;
  if (needed) {
    const at = `${path}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`;
    const terms: Draft[] = needed.nodeSelectorTerms ?? [];
    if (terms.length === 0) causes.push(required(at, "must have at least one node selector term"));
    terms.forEach((term, i) => {
      causes.push(...validateNodeSelectorTerm(term, `${at}[${i}]`));
    });
  }
  (affinity.preferredDuringSchedulingIgnoredDuringExecution ?? []).forEach((preferred: Draft, i: number) => {
    const at = `${path}.preferredDuringSchedulingIgnoredDuringExecution[${i}]`;
    causes.push(...validateWeight(preferred.weight, `${at}.weight`));
    causes.push(...validateNodeSelectorTerm(preferred.preference ?? {}, `${at}.preference`, true));
  });
  return causes;
}

/** Nodes from which a volume is reached (validateVolumeNodeAffinity). */
export function validateVolumeNodeAffinity({ required: selector }: Draft, path: string): StatusCause[] {
  if (!selector) return [required(`${path}.required`, "must specify required node constraints")];
  const at = `${path}.required.nodeSelectorTerms`;
  const terms: Draft[] = selector.nodeSelectorTerms ?? [];
  if (terms.length === 0) return [required(at, "must have at least one node selector term")];
  return terms.flatMap((term, i) => validateNodeSelectorTerm(term, `${at}[${i}]`, true));
}

function validateWeight(weight: number | undefined, path: string): StatusCause[] {
  const value = weight ?? 0;
  return value < 1 || value > 100 ? [invalid(path, value, "must be in the range 1-100")] : [];
}

/** `anyValue`: values need not be such as labels have. */
function validateNodeSelectorTerm(term: Draft, path: string, anyValue = false): StatusCause[] {
  const causes: StatusCause[] = [];
  (term.matchExpressions ?? []).forEach((expression: Draft, i: number) => {
    const at = `${path}.matchExpressions[${i}]`;
    const { key = "", operator = "", values = [] } = expression;
    switch (operator) {
      case "In":
      case "NotIn":
        if (values.length === 0) {
          causes.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
        }
        break;
      case "Exists":
      case "DoesNotExist":
        if (values.length > 0) {
          causes.push(forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
        }
        break;
      case "Gt":
      case "Lt":
        if (values.length !== 1) {
          causes.push(required(`${at}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
        }
        break;
      default:
        causes.push(invalid(`${at}.operator`, operator, "not a valid selector operator"));
    }
    causes.push(...invalidEach(`${at}.key`, key, qualifiedName(key)));
    if (!anyValue) {
      values.forEach((value: string, j: number) => {
        causes.push(...invalidEach(`${at}.values[${j}]`, value, labelValue(value)));
      });
    }
  });
  (term.matchFields ?? []).forEach((field: Draft, i: number) => {
    const at = `${path}.matchFields[${i}]`;
    const { key = "", operator = "", values = [] } = field;
    if (operator !== "In" && operator !== "NotIn") {
      causes.push(invalid(`${at}.operator`, operator, "not a valid selector operator"));
    } else if (values.length !== 1) {
      causes.push(
        required(`${at}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"),
      );
    }
    if (key !== "metadata.name") causes.push(invalid(`${at}.key`, key, "not a valid field selector key"));
  });
  return causes;
}

function validatePodAffinity(affinity: Draft, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  (affinity.requiredDuringSchedulingIgnoredDuringExecution ?? []).forEach((term: Draft, i: number) => {
    causes.push(...validateAffinityTerm(term, `${path}.requiredDuringSchedulingIgnoredDuringExecution[${i}]`));
  });
  (affinity.preferredDuringSchedulingIgnoredDuringExecution ?? []).forEach((preferred: Draft, i: number) => {
    const at = `${path}.preferredDuringSchedulingIgnoredDuringExecution[${i}]`;
    causes.push(...validateWeight(preferred.weight, `${at}.weight`));
    causes.push(...validateAffinityTerm(preferred.podAffinityTerm ?? {}, `${at}.podAffinityTerm`));
  });
  return causes;
}

function validateAffinityTerm(term: Draft, path: string): StatusCause[] {
  const causes = validateLabelSelector(term.labelSelector, `${path}.labelSelector`);
  causes.push(...validateLabelSelector(term.namespaceSelector, `${path}.namespaceSelector`));
  for (const name of term.namespaces ?? []) causes.push(...invalidEach(`${path}.namespace`, name, dns1123Label(name)));
  causes.push(...validateTermKeys(term, path));
  if (!term.topologyKey) causes.push(required(`${path}.topologyKey`, "can not be empty"));
  return [
    ...causes,
    ...invalidEach(`${path}.topologyKey`, term.topologyKey ?? "", qualifiedName(term.topologyKey ?? "")),
  ];
}

const INCLUSION = ["Honor", "Ignore"];
const UNSATISFIABLE = ["DoNotSchedule", "ScheduleAnyway"];

export function validateTopologySpread(constraints: Draft[], path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  constraints.forEach((constraint, i) => {
    const at = `${path}[${i}]`;
    const { maxSkew = 0, topologyKey, whenUnsatisfiable, minDomains } = constraint;
    if (maxSkew <= 0) causes.push(invalid(`${at}.maxSkew`, maxSkew, "must be greater than zero"));
    if (!topologyKey) causes.push(required(`${at}.topologyKey`, "can not be empty"));

    if (!UNSATISFIABLE.includes(whenUnsatisfiable)) {
      causes.push(notSupported(`${at}.whenUnsatisfiable`, whenUnsatisfiable ?? "", UNSATISFIABLE));
    }
    const twin = constraints.findIndex(
      (c, j) => j < i && c.topologyKey === topologyKey && c.whenUnsatisfiable === whenUnsatisfiable,
    );
    if (twin >= 0)
      causes.push(duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${whenUnsatisfiable}}`));
    if (minDomains !== undefined && minDomains <= 0) {
      causes.push(invalid(`${at}.minDomains`, minDomains, "must be greater than zero"));
    }
    if (minDomains !== undefined && whenUnsatisfiable !== "DoNotSchedule") {
      const why = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable ?? ""}`;
      causes.push(invalid(`${at}.minDomains`, minDomains, why));
    }
    for (const policy of ["nodeAffinityPolicy", "nodeTaintsPolicy"]) {
      if (constraint[policy] !== undefined && !INCLUSION.includes(constraint[policy]))
        causes.push(notSupported(`${at}.${policy}`, constraint[policy], INCLUSION));
    }
    causes.push(...validateSpreadKeys(constraint, `${at}.matchLabelKeys`));
    causes.push(...validateLabelSelector(constraint.labelSelector, `${at}.labelSelector`));
  });
  return causes;
}
