import { quoteString } from "../../text/go-quote.ts";
import type { StatusCause } from "../status.ts";

/** Field errors in the words of apimachinery pkg/util/validation/field. Paths are dotted texts: `spec.containers[0].name`. */

function shown(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "string") return quoteString(value);
  if (typeof value === "object") return goValue(value);
  return String(value);
}

/** `%#v` of a list or a struct, as far as JSON tells. */
function goValue(value: object): string {
  if (Array.isArray(value)) return `[]string{${value.map((v) => shown(v)).join(", ")}}`;
  return JSON.stringify(value);
}

const detailed = (head: string, detail: string) => (detail === "" ? head : `${head}: ${detail}`);

export function required(field: string, detail: string): StatusCause {
  return { reason: "FieldValueRequired", message: detailed("Required value", detail), field };
}

export function invalid(field: string, value: unknown, detail: string): StatusCause {
  return { reason: "FieldValueInvalid", message: detailed(`Invalid value: ${shown(value)}`, detail), field };
}

/** Invalid whose value was printed already, for what Go prints in a way of its own. */
export function invalidText(field: string, text: string, detail: string): StatusCause {
  return { reason: "FieldValueInvalid", message: detailed(`Invalid value: ${text}`, detail), field };
}

export function duplicate(field: string, value: unknown): StatusCause {
  return { reason: "FieldValueDuplicate", message: `Duplicate value: ${shown(value)}`, field };
}

/** Duplicate whose value was printed already. */
export function duplicateText(field: string, text: string): StatusCause {
  return { reason: "FieldValueDuplicate", message: `Duplicate value: ${text}`, field };
}

export function notFoundValue(field: string, value: unknown): StatusCause {
  return { reason: "FieldValueNotFound", message: `Not found: ${shown(value)}`, field };
}

/** What could not be judged. */
export function internalError(field: string, why: string): StatusCause {
  return { reason: "InternalError", message: `Internal error: ${why}`, field };
}

export function forbidden(field: string, detail: string): StatusCause {
  return { reason: "FieldValueForbidden", message: detailed("Forbidden", detail), field };
}

/** `validValues` in the order in which upstream lists them: most places sort them. */
export function notSupported(field: string, value: unknown, validValues: readonly string[]): StatusCause {
  const detail =
    validValues.length > 0 ? `supported values: ${validValues.map((one) => quoteString(one)).join(", ")}` : "";
  return { reason: "FieldValueNotSupported", message: detailed(`Unsupported value: ${shown(value)}`, detail), field };
}

/** NotSupported whose value was printed already. */
export function notSupportedText(field: string, text: string, validValues: readonly string[]): StatusCause {
  const detail = `supported values: ${validValues.map((one) => quoteString(one)).join(", ")}`;
  return { reason: "FieldValueNotSupported", message: `Unsupported value: ${text}: ${detail}`, field };
}

export function tooLong(field: string, maxBytes: number): StatusCause {
  return { reason: "FieldValueTooLong", message: `Too long: may not be more than ${maxBytes} bytes`, field };
}

export function tooMany(field: string, actual: number, max: number): StatusCause {
  return { reason: "FieldValueTooMany", message: `Too many: ${actual}: must have at most ${max} items`, field };
}

/** One Invalid for every message of a format check. */
export function invalidEach(field: string, value: unknown, messages: readonly string[]): StatusCause[] {
  return messages.map((message) => invalid(field, value, message));
}

/** A path of a child; the root's path is "". */
export function child(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

const NOT_NEGATIVE = "must be greater than or equal to 0";

/** Of a number, where there is one (ValidateNonnegativeField). */
export function nonNegative(value: number | undefined | null, path: string): StatusCause[] {
  return typeof value === "number" && value < 0 ? [invalid(path, value, NOT_NEGATIVE)] : [];
}
