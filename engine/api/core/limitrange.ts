import { DEFAULT_COLUMNS, defaultCells } from "../columns.ts";
import { define } from "../define.ts";
import type { Draft } from "../kind.ts";
import { compareQuantities, quantity } from "../quantity.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { duplicate, forbidden, invalid, invalidText, required } from "../validation/field.ts";
import { qualifiedName } from "../validation/names.ts";
import { goQuantity } from "../validation/value.ts";
import { containerResourceName, overcommitAllowed, resourceName } from "./resource-names.ts";

export const limitRange = define({
  group: "",
  version: "v1",
  kind: "LimitRange",
  plural: "limitranges",
  namespaced: true,
  shortNames: ["limits"],
  defaults: setDefaults,
  validateBody: validateLimitRange,
  columns: DEFAULT_COLUMNS,
  cells: defaultCells,
});

type Amounts = Record<string, string>;

interface Limit {
  type?: string;
  min?: Amounts;
  max?: Amounts;
  default?: Amounts;
  defaultRequest?: Amounts;
  maxLimitRequestRatio?: Amounts;
}

/** A container's default is its max, its default request the default, or the min (pkg/apis/core/v1/defaults.go). */
function setDefaults(draft: Draft): void {
  for (const limit of (draft.spec?.limits ?? []) as Limit[]) {
    if (limit.type !== "Container") continue;
    const fill = (to: "default" | "defaultRequest", from: Amounts | undefined) => {
      for (const name of Object.keys(from ?? {}).sort()) {
        if (limit[to]?.[name] !== undefined) continue;
        limit[to] = { ...limit[to], [name]: from![name]! };
      }
    };
    fill("default", limit.max);
    fill("defaultRequest", limit.default);
    fill("defaultRequest", limit.min);
  }
}

const TYPES = ["Container", "PersistentVolumeClaim", "Pod"];

/** pkg/apis/core/validation ValidateLimitRange. */
function validateLimitRange(object: KubeObject): StatusCause[] {
  const causes: StatusCause[] = [];
  const seen = new Set<string>();
  for (const [i, limit] of ((object["spec"]?.limits ?? []) as Limit[]).entries()) {
    const path = `spec.limits[${i}]`;
    const type = limit.type ?? "";
    const wrong = qualifiedName(type);
    for (const message of wrong) causes.push(invalid(`${path}.type`, type, message));
    if (wrong.length === 0 && !type.includes("/") && !TYPES.includes(type)) {
      causes.push(invalid(`${path}.type`, type, "must be a standard limit type or fully qualified"));
    }
    if (seen.has(type)) causes.push(duplicate(`${path}.type`, type));
    seen.add(type);
    causes.push(...judge(limit, path));
  }
  return causes;
}

/** validateLimitRangeResourceName: claims have storage, containers and Pods what containers ask for. */
function limitedName(type: string, name: string, path: string): StatusCause[] {
  return type === "Pod" || type === "Container" ? containerResourceName(name, path) : resourceName(name, path);
}

function judge(limit: Limit, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const { type, min = {}, max = {}, maxLimitRequestRatio: ratios = {} } = limit;
  const defaults = (type !== "Pod" && limit.default) || {};
  const requests = (type !== "Pod" && limit.defaultRequest) || {};
  const named = (field: string, amounts: Amounts) => {
    for (const name of Object.keys(amounts).sort())
      causes.push(...limitedName(type ?? "", name, `${path}.${field}[${name}]`));
  };
  named("max", max);
  named("min", min);
  if (type === "Pod") {
    if (Object.keys(limit.default ?? {}).length > 0)
      causes.push(forbidden(`${path}.default`, "may not be specified when `type` is 'Pod'"));
    if (Object.keys(limit.defaultRequest ?? {}).length > 0) {
      causes.push(forbidden(`${path}.defaultRequest`, "may not be specified when `type` is 'Pod'"));
    }
  }
  named("default", defaults);
  named("defaultRequest", requests);
  if (type === "PersistentVolumeClaim" && min["storage"] === undefined && max["storage"] === undefined) {
    causes.push(
      required(`${path}.limits`, "either minimum or maximum storage value is required, but neither was provided"),
    );
  }
  named("maxLimitRequestRatio", ratios);
  const names = new Set([
    ...Object.keys(min),
    ...Object.keys(max),
    ...Object.keys(defaults),
    ...Object.keys(requests),
    ...Object.keys(ratios),
  ]);
  const over = (a: string | undefined, b: string | undefined) =>
    a !== undefined && b !== undefined && compareQuantities(quantity(a), quantity(b)) > 0;
  const complain = (field: string, name: string, value: string, why: string) =>
    causes.push(invalidText(`${path}.${field}[${name}]`, goQuantity(value), why));
  for (const name of [...names].sort()) {
    const [low, high, one, request, ratio] = [min[name], max[name], defaults[name], requests[name], ratios[name]];
    if (over(low, high)) complain("min", name, low!, `min value ${low} is greater than max value ${high}`);
    if (over(low, request))
      complain("defaultRequest", name, request!, `min value ${low} is greater than default request value ${request}`);
    if (over(request, high))
      complain("defaultRequest", name, request!, `default request value ${request} is greater than max value ${high}`);
    if (over(request, one))
      complain(
        "defaultRequest",
        name,
        request!,
        `default request value ${request} is greater than default limit value ${one}`,
      );
    if (over(low, one)) complain("default", name, low!, `min value ${low} is greater than default value ${one}`);
    if (over(one, high)) complain("default", name, high!, `default value ${one} is greater than max value ${high}`);
    if (ratio !== undefined && over("1", ratio))
      complain("maxLimitRequestRatio", name, ratio, `ratio ${ratio} is less than 1`);
    if (ratio !== undefined && low !== undefined && high !== undefined) {
      const most = Number(quantity(high).nano) / Number(quantity(low).nano);
      if (Number(quantity(ratio).nano) / 1e9 > most)
        complain("maxLimitRequestRatio", name, ratio, `ratio ${ratio} is greater than max/min = ${most.toFixed(6)}`);
    }
    if (
      !overcommitAllowed(name) &&
      one !== undefined &&
      request !== undefined &&
      quantity(one).nano !== quantity(request).nano
    )
      complain(
        "defaultRequest",
        name,
        request,
        `default value ${one} must equal to defaultRequest value ${request} in ${name}`,
      );
  }
  return causes;
}
