import type { Draft } from "../kind.ts";
import type { StatusCause } from "../status.ts";
import { forbidden, invalidText } from "../validation/field.ts";
import { goStringMap, goStrings, semanticEqual } from "../validation/value.ts";

/** What may still change of a Pod whose scheduling gates hold it (pkg/apis/core/validation ValidatePodUpdate, KEP-3838). */

/** Gates go, none comes. */
export function validateGates(now: readonly Draft[], before: readonly Draft[]): StatusCause[] {
  return now.flatMap((gate, i) => {
    if (before.some((one) => one.name === gate.name)) return [];
    const why = `only deletion is allowed, but found new scheduling gate '${gate.name}'`;
    return [forbidden(`spec.schedulingGates[${i}].name`, why)];
  });
}

/** Where it may run may only become narrower. */
export function validateNarrowing(spec: Draft, before: Draft): StatusCause[] {
  const causes: StatusCause[] = [];
  const had: Record<string, string> = before.nodeSelector ?? {};
  const has: Record<string, string> = spec.nodeSelector ?? {};
  if (Object.keys(had).some((key) => had[key] !== has[key])) {
    const why = "only additions to spec.nodeSelector are allowed (no mutations or deletions)";
    causes.push(invalidText("spec.nodeSelector", goStringMap(has), why));
  }
  return [...causes, ...validateTerms(termsOf(spec), termsOf(before))];
}

const termsOf = (spec: Draft): Draft[] =>
  spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];

function validateTerms(now: Draft[], before: Draft[]): StatusCause[] {
  const path = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms";
  if (before.length > 0 && now.length !== before.length) {
    const value =
      now.length > 0 ? `[]core.NodeSelectorTerm{${now.map(goTerm).join(", ")}}` : "[]core.NodeSelectorTerm(nil)";
    return [invalidText(path, value, "no additions/deletions to non-empty NodeSelectorTerms list are allowed")];
  }
  return before.flatMap((old, i) =>
    onlyAdds(now[i]!, old)
      ? []
      : [invalidText(`${path}[${i}]`, goTerm(now[i]!), "only additions are allowed (no mutations or deletions)")],
  );
}

function onlyAdds(now: Draft, before: Draft): boolean {
  const lists = ["matchExpressions", "matchFields"] as const;
  const wasEmpty = lists.every((name) => !before[name]?.length);
  if (wasEmpty) return lists.every((name) => !now[name]?.length);
  return lists.every((name) => {
    const old: Draft[] = before[name] ?? [];
    return semanticEqual((now[name] ?? []).slice(0, old.length), old);
  });
}

function goTerm({ matchExpressions, matchFields }: Draft): string {
  return `core.NodeSelectorTerm{MatchExpressions:${goRequirements(matchExpressions)}, MatchFields:${goRequirements(matchFields)}}`;
}

function goRequirements(list: Draft[] | undefined): string {
  if (!list?.length) return "[]core.NodeSelectorRequirement(nil)";
  const all = list.map(
    ({ key, operator, values }) =>
      `core.NodeSelectorRequirement{Key:${JSON.stringify(key)}, Operator:${JSON.stringify(operator)}, Values:${goStrings(values)}}`,
  );
  return `[]core.NodeSelectorRequirement{${all.join(", ")}}`;
}
