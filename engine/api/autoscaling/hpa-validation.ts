import { containerResourceName } from "../core/resource-names.ts";
import { parseQuantity, type Quantity } from "../quantity.ts";
import type { StatusCause } from "../status.ts";
import { forbidden, invalid, invalidEach, invalidText, notSupported, required } from "../validation/field.ts";
import { dns1123Label, pathSegment } from "../validation/names.ts";
import { goQuantity } from "../validation/value.ts";

/** Metrics and behavior of a HorizontalPodAutoscaler (pkg/apis/autoscaling/validation/validation.go). */

// biome-ignore lint/suspicious/noExplicitAny: fields as the API has them
type Any = any;

const TYPES = ["ContainerResource", "External", "Object", "Pods", "Resource"];
/** Fields of a metric in the order in which upstream looks at them; only the first that is there is judged. */
const SOURCES: Readonly<Record<string, (source: Any, path: string) => StatusCause[]>> = {
  object: objectSource,
  external: externalSource,
  pods: podsSource,
  resource: resourceSource,
  containerResource: containerSource,
};
/** Seconds. */
const LONGEST_WINDOW = 3600;
const LONGEST_PERIOD = 1800;

export function metricsProblems(metrics: readonly Any[] | undefined): StatusCause[] {
  return (metrics ?? []).flatMap((metric, i) => metricProblems(metric, `spec.metrics[${i}]`));
}

function metricProblems(metric: Any, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const type: string = metric.type ?? "";
  if (type === "") causes.push(required(`${path}.type`, "must specify a metric source type"));
  if (!TYPES.includes(type)) causes.push(notSupported(`${path}.type`, type, TYPES));
  const present = Object.keys(SOURCES).filter((field) => metric[field] !== undefined);
  const [first] = present;
  if (first !== undefined) causes.push(...SOURCES[first]!(metric[first], `${path}.${first}`));
  const expected = type.slice(0, 1).toLowerCase() + type.slice(1);
  if (TYPES.includes(type)) {
    if (metric[expected] === undefined)
      causes.push(required(`${path}.${expected}`, "must populate information for the given metric source"));
  } else causes.push(notSupported(`${path}.type`, type, TYPES));
  if (present.length === 1) return causes;
  for (const field of present)
    if (field !== expected) causes.push(forbidden(`${path}.${field}`, "must populate the given metric source only"));
  return causes;
}

function targetProblems(target: Any, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const { type = "", value, averageValue, averageUtilization } = target ?? {};
  if (type === "") causes.push(required(`${path}.type`, "must specify a metric target type"));
  if (!["Utilization", "Value", "AverageValue"].includes(type))
    causes.push(invalid(`${path}.type`, type, "must be either Utilization, Value, or AverageValue"));
  if (value !== undefined && !isPositive(value)) causes.push(notPositive(`${path}.value`, value));
  if (averageValue !== undefined && !isPositive(averageValue))
    causes.push(notPositive(`${path}.averageValue`, averageValue));
  if (averageUtilization !== undefined && averageUtilization < 1)
    causes.push(invalid(`${path}.averageUtilization`, averageUtilization, "must be greater than 0"));
  return causes;
}

function notPositive(path: string, text: string | number): StatusCause {
  return invalidText(path, goQuantity(String(text)), "must be positive");
}

function isPositive(text: string | number): boolean {
  const quantity = parseQuantity(String(text));
  return !("error" in quantity) && (quantity as Quantity).nano > 0n;
}

function resourceSource({ name = "", target = {} }: Any, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  if (name === "") causes.push(required(`${path}.name`, "must specify a resource name"));
  causes.push(...targetProblems(target, `${path}.target`));
  const { averageUtilization, averageValue } = target;
  if (averageUtilization === undefined && averageValue === undefined) {
    const detail = "must set either a target raw value or a target utilization";
    causes.push(required(`${path}.target.averageUtilization`, detail));
  }
  if (averageUtilization !== undefined && averageValue !== undefined) {
    const detail = "may not set both a target raw value and a target utilization";
    causes.push(forbidden(`${path}.target.averageValue`, detail));
  }
  return causes;
}

function containerSource(source: Any, path: string): StatusCause[] {
  const { name, container } = source;
  const problems = resourceSource(source, path);
  const own = name ? containerResourceName(name, `${path}.name`) : [problems.shift()!];
  const at = `${path}.container`;
  const whose = container
    ? invalidEach(at, container, dns1123Label(container))
    : [required(at, "must specify a container")];
  return [...own, ...whose, ...problems];
}

function metricName(metric: Any, path: string): StatusCause[] {
  const at = `${path}.metric.name`;
  if (!metric?.name) return [required(at, "must specify a metric name")];
  return invalidEach(at, metric.name, pathSegment(metric.name));
}

function podsSource({ metric, target = {} }: Any, path: string): StatusCause[] {
  const causes = [...metricName(metric, path), ...targetProblems(target, `${path}.target`)];
  if (target.averageValue === undefined)
    causes.push(required(`${path}.target.averageValue`, "must specify a positive target averageValue"));
  return causes;
}

function objectSource({ describedObject = {}, metric, target = {} }: Any, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const field of ["kind", "name"]) {
    const [at, value] = [`${path}.describedObject.${field}`, describedObject[field]];
    causes.push(...(value ? invalidEach(at, value, pathSegment(value)) : [required(at, "")]));
  }
  causes.push(...metricName(metric, path), ...targetProblems(target, `${path}.target`));
  if (target.value === undefined && target.averageValue === undefined)
    causes.push(required(`${path}.target.averageValue`, "must set either a target value or averageValue"));
  return causes;
}

function externalSource({ metric, target = {} }: Any, path: string): StatusCause[] {
  const causes = [...metricName(metric, path), ...targetProblems(target, `${path}.target`)];
  if (target.value === undefined && target.averageValue === undefined) {
    const detail = "must set either a target value for metric or a per-pod target";
    causes.push(required(`${path}.target.averageValue`, detail));
  }
  if (target.value !== undefined && target.averageValue !== undefined) {
    const detail = "may not set both a target value for metric and a per-pod target";
    causes.push(forbidden(`${path}.target.value`, detail));
  }
  return causes;
}

export function behaviorProblems(behavior: Any): StatusCause[] {
  return ["scaleUp", "scaleDown"].flatMap((direction) =>
    behavior?.[direction] === undefined ? [] : rulesProblems(behavior[direction], `spec.behavior.${direction}`),
  );
}

function rulesProblems({ stabilizationWindowSeconds, selectPolicy, policies = [] }: Any, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const window = `${path}.stabilizationWindowSeconds`;
  if (stabilizationWindowSeconds < 0)
    causes.push(invalid(window, stabilizationWindowSeconds, "must be greater than or equal to zero"));
  if (stabilizationWindowSeconds > LONGEST_WINDOW)
    causes.push(invalid(window, stabilizationWindowSeconds, `must be less than or equal to ${LONGEST_WINDOW}`));
  const choices = ["Disabled", "Max", "Min"];
  if (selectPolicy !== undefined && !choices.includes(selectPolicy))
    causes.push(notSupported(`${path}.selectPolicy`, selectPolicy, choices));
  if (policies.length === 0) causes.push(required(`${path}.policies`, "must specify at least one Policy"));
  for (const [i, { type = "", value = 0, periodSeconds = 0 }] of policies.entries()) {
    const at = `${path}.policies[${i}]`;
    if (type !== "Pods" && type !== "Percent") causes.push(notSupported(`${at}.type`, type, ["Percent", "Pods"]));
    if (value <= 0) causes.push(invalid(`${at}.value`, value, "must be greater than zero"));
    const period = `${at}.periodSeconds`;
    if (periodSeconds <= 0) causes.push(invalid(period, periodSeconds, "must be greater than zero"));
    if (periodSeconds > LONGEST_PERIOD)
      causes.push(invalid(period, periodSeconds, `must be less than or equal to ${LONGEST_PERIOD}`));
  }
  return causes;
}
