import { DEFAULT_COLUMNS, defaultCells } from "../columns.ts";
import { define } from "../define.ts";
import type { Draft } from "../kind.ts";
import { compareQuantities, quantity } from "../quantity.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { duplicate, forbidden, invalid, required } from "../validation/field.ts";
import { qualifiedName } from "../validation/names.ts";

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
    for (const message of type === "" ? [] : qualifiedName(type)) causes.push(invalid(`${path}.type`, type, message));
    if (type === "") causes.push(required(`${path}.type`, ""));
    else if (!type.includes("/") && !TYPES.includes(type)) {
      causes.push(invalid(`${path}.type`, type, "must be a standard limit type or fully qualified"));
    }
    if (seen.has(type)) causes.push(duplicate(`${path}.type`, type));
    seen.add(type);
    causes.push(...judge(limit, path));
  }
  return causes;
}

function judge(limit: Limit, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const { type, min = {}, max = {}, maxLimitRequestRatio: ratios = {} } = limit;
  const defaults = limit.default ?? {};
  const requests = limit.defaultRequest ?? {};
  if (type === "Pod") {
    if (Object.keys(defaults).length > 0)
      causes.push(forbidden(`${path}.default`, "may not be specified when `type` is 'Pod'"));
    if (Object.keys(requests).length > 0) {
      causes.push(forbidden(`${path}.defaultRequest`, "may not be specified when `type` is 'Pod'"));
    }
  }
  if (type === "PersistentVolumeClaim" && min["storage"] === undefined && max["storage"] === undefined) {
    causes.push(
      required(`${path}.limits`, "either minimum or maximum storage value is required, but neither was provided"),
    );
  }
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
    causes.push(invalid(`${path}.${field}[${name}]`, value, why));
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
    if (over(low, one)) complain("default", name, one!, `min value ${low} is greater than default value ${one}`);
    if (over(one, high)) complain("default", name, one!, `default value ${one} is greater than max value ${high}`);
    if (ratio !== undefined && over("1", ratio))
      complain("maxLimitRequestRatio", name, ratio, `ratio ${ratio} is less than 1`);
  }
  return causes;
}
