import { encode } from "../../kernel/index.ts";
import { givenEmpty } from "../given-empty.ts";
import type { Draft } from "../kind.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { duplicate, forbidden, invalid, invalidEach, notSupported, required, tooLong } from "../validation/field.ts";
import { qualifiedName } from "../validation/names.ts";
import { semanticEqual } from "../validation/value.ts";

const POLICIES = ["Delete", "Retain"];
const BINDING_MODES = ["Immediate", "WaitForFirstConsumer"];

/** StorageClasses (pkg/apis/storage/validation). */
export function validateStorageClass(object: KubeObject): StatusCause[] {
  const { provisioner = "", reclaimPolicy = "", volumeBindingMode } = object;
  const causes: StatusCause[] = [];
  if (provisioner === "") causes.push(required("provisioner", ""));
  const small: string = provisioner.toLowerCase();
  if (small !== "") causes.push(...invalidEach("provisioner", small, qualifiedName(small)));
  causes.push(...validateParameters(object["parameters"] ?? {}));
  if (reclaimPolicy !== "" && !POLICIES.includes(reclaimPolicy)) {
    causes.push(notSupported("reclaimPolicy", reclaimPolicy, POLICIES));
  }
  if (volumeBindingMode === undefined) causes.push(required("volumeBindingMode", ""));
  else if (!BINDING_MODES.includes(volumeBindingMode)) {
    causes.push(notSupported("volumeBindingMode", volumeBindingMode, BINDING_MODES));
  }
  return [...causes, ...validateTopologies(object["allowedTopologies"] ?? [])];
}

const MAX_PARAMETERS = 512;
/** Bytes of names and values together. */
const MAX_PARAMETER_BYTES = 256 * 1024;

/** What a provisioner is given (pkg/apis/storage/validation validateParameters). */
function validateParameters(parameters: Readonly<Record<string, string>>): StatusCause[] {
  const entries = Object.entries(parameters);
  if (entries.length > MAX_PARAMETERS) return [tooLong("parameters", MAX_PARAMETERS)];
  const causes: StatusCause[] = [];
  let bytes = 0;
  for (const [name, value] of entries) {
    if (name === "") causes.push(invalid("parameters", name, "field can not be empty."));
    bytes += encode(name).length + encode(value).length;
  }
  if (bytes > MAX_PARAMETER_BYTES) causes.push(tooLong("parameters", MAX_PARAMETER_BYTES));
  return causes;
}

/** validateAllowedTopologies: terms are compared with those before them, and with as many empty ones as there are terms. */
function validateTopologies(terms: readonly Draft[]): StatusCause[] {
  const causes: StatusCause[] = [];
  const before: unknown[] = terms.map(() => ({}));
  for (const [i, term] of terms.entries()) {
    const path = `allowedTopologies[${i}].matchLabelExpressions`;
    const values: Record<string, Record<string, true>> = {};
    for (const [j, expression] of (term?.matchLabelExpressions ?? []).entries()) {
      const at = `${path}[${j}]`;
      const key: string = expression?.key ?? "";
      const given: readonly string[] = expression?.values ?? [];
      if (given.length === 0) causes.push(required(`${at}.values`, ""));
      const set: Record<string, true> = {};
      for (const [k, value] of given.entries()) {
        if (set[value]) causes.push(duplicate(`${at}.values[${k}]`, value));
        set[value] = true;
      }
      causes.push(...invalidEach(`${at}.key`, key, qualifiedName(key)));
      if (values[key]) causes.push(duplicate(`${at}.key`, key));
      values[key] = set;
    }
    for (const other of before) if (semanticEqual(other, values)) causes.push(duplicate(path, ""));
    before.push(values);
  }
  return causes;
}

export function validateStorageClassUpdate(object: KubeObject, old: KubeObject): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const field of ["parameters", "provisioner", "reclaimPolicy"]) {
    // Go's reflection tells a map that was given empty from none, which is all that storage brings back.
    const same = semanticEqual(object[field], old[field]) && !givenEmpty(object, field);
    if (!same) causes.push(forbidden(field, `updates to ${field} are forbidden.`));
  }
  if (object["volumeBindingMode"] !== old["volumeBindingMode"]) {
    causes.push(invalid("volumeBindingMode", object["volumeBindingMode"], "field is immutable"));
  }
  return causes;
}
