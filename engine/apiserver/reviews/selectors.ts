import type { Draft } from "../../api/kind.ts";
import { parseFieldSelector, parseLabelSelector, validateRequirement } from "../../api/selector.ts";
import type { StatusCause } from "../../api/status.ts";
import { forbidden, invalid, required } from "../../api/validation/field.ts";

/** Selectors that access is asked for (pkg/apis/authorization/validation, pkg/registry/authorization/util). */

const PATH = "spec.resourceAttributes";

export function selectorWords(resource: Draft | undefined): StatusCause[] {
  const { fieldSelector: field, labelSelector: label } = resource ?? {};
  const causes = field ? words(field, `${PATH}.fieldSelector`, fieldWords) : [];
  if (label) causes.push(...words(label, `${PATH}.labelSelector`, (one, at) => validateRequirement(one, at, true)));
  return causes;
}

function words(selector: Draft, path: string, judge: (one: Draft, path: string) => StatusCause[]): StatusCause[] {
  const { rawSelector: raw = "" } = selector;
  const list: readonly Draft[] = selector.requirements ?? [];
  const causes: StatusCause[] = [];
  if (raw !== "" && list.length > 0)
    causes.push(invalid(`${path}.rawSelector`, raw, "may not specified at the same time as requirements"));
  if (raw === "" && list.length === 0) {
    const detail = `when ${path} is specified, requirements or rawSelector is required`;
    causes.push(required(`${path}.requirements`, detail));
  }
  for (const [i, one] of list.entries()) causes.push(...judge(one, `${path}.requirements[${i}]`));
  return causes;
}

/** An operator that the server does not know is let pass. */
function fieldWords({ key = "", operator, values }: Draft, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  if (key === "") causes.push(required(`${path}.key`, "must be specified"));
  const some = values?.length > 0;
  if ((operator === "In" || operator === "NotIn") && !some)
    causes.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
  if ((operator === "Exists" || operator === "DoesNotExist") && some)
    causes.push(forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  return causes;
}

/** What of the selectors cannot be taken into account (BuildEvaluationError); undefined when all of it can. */
export function selectorTrouble({ fieldSelector, labelSelector }: Draft): string | undefined {
  const trouble = [
    part("fieldSelector", fieldSelector, (text) => "error" in parseFieldSelector(text), knownField),
    part("labelSelector", labelSelector, (text) => "error" in parseLabelSelector(text), knownLabel),
  ].filter((text) => text !== undefined);
  return trouble.length > 0 ? trouble.join("; ") : undefined;
}

function part(
  name: string,
  selector: Draft | undefined,
  broken: (text: string) => boolean,
  known: (requirement: Draft) => boolean,
): string | undefined {
  if (!selector) return undefined;
  const list: readonly Draft[] = selector.requirements ?? [];
  const good = list.filter(known).length;
  const bad = list.length > 0 ? good < list.length : broken(selector.rawSelector ?? "");
  return bad ? `${PATH}.${name} ${good > 0 ? "partially ignored" : "ignored"} due to parse error` : undefined;
}

const knownField = ({ operator, values }: Draft): boolean =>
  (operator === "In" || operator === "NotIn") && values?.length === 1;
const knownLabel = ({ operator }: Draft): boolean => ["In", "NotIn", "Exists", "DoesNotExist"].includes(operator);

/** The field selector as a request has it: what of it is understood. */
export function fieldSelectorOf({ fieldSelector: selector }: Draft): string | undefined {
  const { rawSelector, requirements } = selector ?? {};
  if (!requirements?.length) return rawSelector;
  const terms = (requirements as Draft[])
    .filter(knownField)
    .map(
      ({ key, operator, values }) => `${key}${operator === "In" ? "=" : "!="}${values[0].replace(/[\\,=]/g, "\\$&")}`,
    );
  return terms.length > 0 ? terms.join(",") : undefined;
}
