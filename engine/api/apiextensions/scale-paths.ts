import type { StatusCause } from "../status.ts";
import { invalid } from "../validation/field.ts";
import { goShown } from "../validation/value.ts";
import { isMapping } from "./schema.ts";

/** Paths that `/scale` of a custom resource reads and writes, as field names. */
export interface ScalePaths {
  specReplicas: readonly string[];
  statusReplicas: readonly string[];
  selector: readonly string[] | undefined;
}

type Field = "specReplicasPath" | "statusReplicasPath" | "labelSelectorPath";
export type GivenPaths = Readonly<Partial<Record<Field, string>>>;

export const SPEC_PATHS: readonly Field[] = ["specReplicasPath"];
export const STATUS_PATHS: readonly Field[] = ["statusReplicasPath", "labelSelectorPath"];

const fieldsIn = (path: string) => path.replace(/^\./, "").split(".");

export function scalePaths({
  specReplicasPath = "",
  statusReplicasPath = "",
  labelSelectorPath,
}: GivenPaths): ScalePaths {
  return {
    specReplicas: fieldsIn(specReplicasPath),
    statusReplicas: fieldsIn(statusReplicasPath),
    selector: labelSelectorPath ? fieldsIn(labelSelectorPath) : undefined,
  };
}

export function read(object: unknown, path: readonly string[]): unknown {
  let value = object;
  for (const step of path) value = isMapping(value) ? value[step] : undefined;
  return value;
}

/** Go's name of the type of a value that was read from JSON. */
function typeName(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (Array.isArray(value)) return "[]interface {}";
  if (typeof value === "object") return "map[string]interface {}";
  if (typeof value === "number") return Number.isInteger(value) && Math.abs(value) < 2 ** 63 ? "int64" : "float64";
  return typeof value === "boolean" ? "bool" : typeof value;
}

/** The value at a path; `error` where something on the way, or the value, is of another type (unstructured NestedInt64). */
function nested(object: unknown, path: readonly string[], wanted: string): { value?: unknown; error?: string } {
  let value = object;
  const wrong = (depth: number, type: string) =>
    `.${path.slice(0, depth).join(".")} accessor error: ${goShown(value)} is of the type ${typeName(value)}, expected ${type}`;
  for (const [i, step] of path.entries()) {
    if (value === null) return {};
    if (!isMapping(value)) return { error: wrong(i + 1, "map[string]interface{}") };
    if (!(step in value)) return {};
    value = value[step];
  }
  return typeName(value) === wanted ? { value } : { error: wrong(path.length, wanted) };
}

const MAX_INT32 = 2147483647;

/** The replicas that `/scale` would show, and the selector (registry/customresource/validator.go). */
export function judgeScale(object: unknown, scale: GivenPaths, fields: readonly Field[]): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const field of fields) {
    const path = scale[field];
    if (path === undefined) continue;
    const isText = field === "labelSelectorPath";
    const { value, error } = nested(object, fieldsIn(path), isText ? "string" : "int64");
    if (error !== undefined) causes.push(invalid(path, isText ? "" : 0, error));
    else if (typeof value !== "number") continue;
    else if (value < 0) causes.push(invalid(path, value, "should be a non-negative integer"));
    else if (value > MAX_INT32) causes.push(invalid(path, value, `should be less than or equal to ${MAX_INT32}`));
  }
  return causes;
}
