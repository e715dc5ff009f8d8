import type { Draft } from "../../api/kind.ts";
import { addQuantities, compareQuantities, formatQuantity, type Quantity, quantity } from "../../api/quantity.ts";
import type { KubeObject } from "../../api/types.ts";
import type { AdmissionPlugin, Attributes } from "./admission.ts";
import { isResource, refuse } from "./refuse.ts";

const ANNOTATION = "kubernetes.io/limit-ranger";

type Amounts = Readonly<Record<string, string>>;

interface Limit {
  type: string;
  min?: Amounts;
  max?: Amounts;
  default?: Amounts;
  defaultRequest?: Amounts;
  maxLimitRequestRatio?: Amounts;
}

/** Gives containers the requests and limits they leave out, and refuses those out of bounds (plugin/pkg/admission/limitranger). */
export const limitRanger: AdmissionPlugin = {
  name: "LimitRanger",
  mutate(attributes) {
    if (attributes.operation !== "CREATE" || !isResource(attributes, "", "pods")) return;
    for (const range of rangesOf(attributes)) fillIn(attributes.object, range["spec"]?.limits ?? []);
  },
  validate(attributes) {
    const { operation, object } = attributes;
    const isPod = operation === "CREATE" && isResource(attributes, "", "pods");
    const isClaim = isResource(attributes, "", "persistentvolumeclaims") && operation !== "DELETE";
    if (!isPod && !isClaim) return;
    for (const range of rangesOf(attributes)) {
      const limits: Limit[] = range["spec"]?.limits ?? [];
      const errors = isPod ? judgePod(object.spec, limits) : judgeClaim(object.spec, limits);
      if (errors.length > 0) throw refuse(attributes, errors.length === 1 ? errors[0]! : `[${errors.join(", ")}]`);
    }
  },
};

function rangesOf({ context, namespace }: Attributes): readonly KubeObject[] {
  return context.registry.cacheOf("", "v1", "limitranges")?.inNamespace(namespace) ?? [];
}

function fillIn(pod: Draft, limits: readonly Limit[]): void {
  const requests: Record<string, string> = {};
  const ceilings: Record<string, string> = {};
  for (const limit of limits) {
    if (limit.type !== "Container") continue;
    Object.assign(requests, limit.defaultRequest);
    Object.assign(ceilings, limit.default);
  }
  const notes: string[] = [];
  for (const container of pod.spec.containers ?? [])
    notes.push(...fillContainer(container, "container", requests, ceilings));
  for (const container of pod.spec.initContainers ?? []) {
    notes.push(...fillContainer(container, "init container", requests, ceilings));
  }
  if (notes.length === 0) return;
  pod.metadata.annotations ??= {};
  pod.metadata.annotations[ANNOTATION] = `LimitRanger plugin set: ${notes.join("; ")}`;
}

function fillContainer(container: Draft, what: string, requests: Amounts, ceilings: Amounts): string[] {
  const notes: string[] = [];
  container.resources ??= {};
  for (const [kind, values, name] of [
    ["requests", requests, "request"],
    ["limits", ceilings, "limit"],
  ] as const) {
    const missing = Object.keys(values)
      .filter((key) => container.resources[kind]?.[key] === undefined)
      .sort();
    if (missing.length === 0) continue;
    container.resources[kind] ??= {};
    for (const key of missing) container.resources[kind][key] = values[key];
    notes.push(`${missing.join(", ")} ${name} for ${what} ${container.name}`);
  }
  return notes;
}

function judgePod(spec: Draft, limits: readonly Limit[]): string[] {
  const errors: string[] = [];
  for (const limit of limits) {
    if (limit.type === "Container") {
      for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
        const { requests = {}, limits: ceilings = {} } = container.resources ?? {};
        errors.push(...judge(limit, requests, ceilings));
      }
    } else if (limit.type === "Pod") errors.push(...judge(limit, podSum(spec, "requests"), podSum(spec, "limits")));
  }
  return errors;
}

function judge(limit: Limit, requests: Amounts, limits: Amounts): string[] {
  const errors: string[] = [];
  const each = (bounds: Amounts | undefined, complain: (name: string, bound: string) => string | undefined) => {
    for (const name of Object.keys(bounds ?? {}).sort()) {
      const error = complain(name, bounds![name]!);
      if (error) errors.push(error);
    }
  };
  each(limit.min, (name, bound) => below(limit.type, name, bound, requests[name], limits[name]));
  each(limit.max, (name, bound) => above(limit.type, name, bound, requests[name], limits[name]));
  each(limit.maxLimitRequestRatio, (name, bound) => ratio(limit.type, name, bound, requests[name], limits[name]));
  return errors;
}

const more = (a: string, b: string) => compareQuantities(quantity(a), quantity(b)) > 0;

function below(type: string, name: string, bound: string, request?: string, limit?: string): string | undefined {
  const head = `minimum ${name} usage per ${type} is ${bound}`;
  if (request === undefined) return `${head}.  No request is specified`;
  if (more(bound, request)) return `${head}, but request is ${request}`;
  return limit !== undefined && more(bound, limit) ? `${head}, but limit is ${limit}` : undefined;
}

function above(type: string, name: string, bound: string, request?: string, limit?: string): string | undefined {
  const head = `maximum ${name} usage per ${type} is ${bound}`;
  if (limit === undefined) return `${head}.  No limit is specified`;
  if (more(limit, bound)) return `${head}, but limit is ${limit}`;
  return request !== undefined && more(request, bound) ? `${head}, but request is ${request}` : undefined;
}

function ratio(type: string, name: string, bound: string, request?: string, limit?: string): string | undefined {
  const head = `${name} max limit to request ratio per ${type} is ${bound}`;
  const asked = request === undefined ? 0 : Number(quantity(request).nano);
  const most = limit === undefined ? 0 : Number(quantity(limit).nano);
  if (asked === 0) return `${head}, but no request is specified or request is 0`;
  if (most === 0) return `${head}, but no limit is specified or limit is 0`;
  const is = most / asked;
  return is > Number(quantity(bound).nano) / 1e9 ? `${head}, but provided ratio is ${is.toFixed(6)}` : undefined;
}

function judgeClaim(spec: Draft, limits: readonly Limit[]): string[] {
  const errors: string[] = [];
  const requests: Amounts = spec.resources?.requests ?? {};
  for (const { type, min = {}, max = {} } of limits) {
    if (type !== "PersistentVolumeClaim") continue;
    for (const name of Object.keys(min).sort()) {
      const error = below(type, name, min[name]!, requests[name]);
      if (error) errors.push(error);
    }
    for (const name of Object.keys(max).sort()) {
      const head = `maximum ${name} usage per ${type} is ${max[name]}`;
      const request = requests[name];
      if (request === undefined) errors.push(`${head}.  No request is specified`);
      else if (more(request, max[name]!)) errors.push(`${head}, but request is ${request}`);
    }
  }
  return errors;
}

/** Sum over containers and sidecars, or what the largest init container needs. */
function podSum(spec: Draft, kind: "requests" | "limits"): Amounts {
  const sum: Record<string, Quantity> = {};
  const sidecars: Record<string, Quantity> = {};
  const most: Record<string, Quantity> = {};
  const add = (to: Record<string, Quantity>, from: Amounts) => {
    for (const [name, amount] of Object.entries(from)) {
      const before = to[name];
      to[name] = before ? addQuantities(before, quantity(amount)) : quantity(amount);
    }
  };
  const raise = (to: Record<string, Quantity>, from: Readonly<Record<string, Quantity>>) => {
    for (const [name, amount] of Object.entries(from)) {
      if (!to[name] || compareQuantities(amount, to[name]) > 0) to[name] = amount;
    }
  };
  for (const container of spec.containers ?? []) add(sum, container.resources?.[kind] ?? {});
  for (const container of spec.initContainers ?? []) {
    const own: Amounts = container.resources?.[kind] ?? {};
    if (container.restartPolicy === "Always") {
      add(sum, own);
      add(sidecars, own);
      raise(most, sidecars);
    } else {
      const needed = { ...sidecars };
      add(needed, own);
      raise(most, needed);
    }
  }
  raise(sum, most);
  return Object.fromEntries(Object.entries(sum).map(([name, amount]) => [name, formatQuantity(amount)]));
}
