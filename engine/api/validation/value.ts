/** `%#v` of what field errors show most: maps and label selectors, as Go prints them. */
import { givenEmpty } from "../given-empty.ts";

const byCode = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** `given`: the map is not there because it was given empty. */
export function goStringMap(map: Record<string, string> | undefined | null, given = false): string {
  if (!map) return given ? "map[string]string{}" : "map[string]string(nil)";
  const parts = Object.keys(map)
    .sort(byCode)
    .map((key) => `${JSON.stringify(key)}:${JSON.stringify(map[key])}`);
  return `map[string]string{${parts.join(", ")}}`;
}

/** The labels of an object's metadata. */
export function goLabels(metadata: { labels?: Record<string, string> } | undefined): string {
  return goStringMap(metadata?.labels, givenEmpty(metadata, "labels"));
}

export function goStrings(list: readonly string[] | undefined | null): string {
  if (!list) return "[]string(nil)";
  return `[]string{${list.map((s) => JSON.stringify(s)).join(", ")}}`;
}

interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: readonly { key: string; operator: string; values?: readonly string[] }[];
}

export function goLabelSelector(selector: LabelSelector | undefined | null): string {
  if (!selector) return '"null"';
  const expressions = selector.matchExpressions;
  const list = expressions
    ? `[]v1.LabelSelectorRequirement{${expressions
        .map(
          (e) =>
            `v1.LabelSelectorRequirement{Key:${JSON.stringify(e.key)}, Operator:${JSON.stringify(e.operator)}, Values:${goStrings(e.values ?? (givenEmpty(e, "values") ? [] : undefined))}}`,
        )
        .join(", ")}}`
    : `[]v1.LabelSelectorRequirement${givenEmpty(selector, "matchExpressions") ? "{}" : "(nil)"}`;
  const labels = goStringMap(selector.matchLabels, givenEmpty(selector, "matchLabels"));
  return `v1.LabelSelector{MatchLabels:${labels}, MatchExpressions:${list}}`;
}

/** Deep equality of JSON values; a missing field and an undefined one are the same. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!deepEqual(a[i], b[i])) return false;
    return true;
  }
  if (Array.isArray(b)) return false;
  const x = a as Record<string, unknown>;
  const y = b as Record<string, unknown>;
  for (const key in x) if (x[key] !== undefined && !deepEqual(x[key], y[key])) return false;
  for (const key in y) if (y[key] !== undefined && x[key] === undefined) return false;
  return true;
}

/**
 * apiequality.Semantic.DeepEqual on decoded JSON: absent, null and empty lists and maps are alike, as they are once
 * Go has read them.
 */
export function semanticEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (isEmpty(a) && isEmpty(b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  if (Array.isArray(a)) {
    const list = b as unknown[];
    return a.length === list.length && a.every((v, i) => semanticEqual(v, list[i]));
  }
  const x = a as Record<string, unknown>;
  const y = b as Record<string, unknown>;
  for (const key in x) if (!semanticEqual(x[key], y[key])) return false;
  for (const key in y) if (!(key in x) && !isEmpty(y[key])) return false;
  return true;
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  return false;
}

/**
 * What a resource.Quantity holds that was read from `text` (apimachinery pkg/api/resource/quantity.go ParseQuantity):
 * `s` is the text where that is canonical.
 */
export function goQuantityParts(text: string): { value: bigint; scale: number; s: string; format: string } {
  const [, sign = "", whole = "", fraction = "", suffix = ""] = /^([+-]?)(\d*)(?:\.(\d*))?(.*)$/.exec(text) ?? [];
  const binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].indexOf(suffix);
  const decimal = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"].indexOf(suffix);
  const exponent = /^[eE]([+-]?\d+)$/.exec(suffix)?.[1];
  const digits = `${whole}${fraction}` || "0";
  const value = BigInt(`${sign.replace("+", "")}${digits}`) * (binary < 0 ? 1n : 1024n ** BigInt(binary + 1));
  const power = exponent === undefined ? (binary < 0 ? (decimal - 3) * 3 : 0) : Number(exponent);
  const format = exponent === undefined ? (binary < 0 ? "DecimalSI" : "BinarySI") : "DecimalExponent";
  const scale = power - fraction.length;
  const significant = digits.replace(/^0+/, "");
  const canonical =
    text === "0" ||
    (significant !== "" &&
      (binary < 0 ? scale % 3 === 0 && !significant.endsWith("000") : fraction === "" && BigInt(digits) % 8n !== 0n));
  return { value, scale, s: canonical ? text : "", format };
}

/** `%#v` of a resource.Quantity that was read from `text`. */
export function goQuantity(text: string): string {
  const { value, scale, s, format } = goQuantityParts(text);
  const amount = `resource.int64Amount{value:${value}, scale:${scale}}`;
  return `resource.Quantity{i:${amount}, d:resource.infDecAmount{Dec:(*inf.Dec)(nil)}, s:${JSON.stringify(s)}, Format:"${format}"}`;
}

/** `%#v` of JSON that Go holds in an interface: `map[string]interface {}{"a":1}`; a text, a number or a boolean as `%v`. */
export function goDynamic(value: unknown): string {
  if (value === null || value === undefined) return "interface {}(nil)";
  if (Array.isArray(value)) return `[]interface {}{${value.map(goDynamic).join(", ")}}`;
  if (typeof value === "number") return goNumber(value);
  if (typeof value !== "object") return typeof value === "string" ? JSON.stringify(value) : String(value);
  const map = value as Record<string, unknown>;
  const parts = Object.keys(map)
    .sort(byCode)
    .map((key) => `${JSON.stringify(key)}:${goDynamic(map[key])}`);
  return `map[string]interface {}{${parts.join(", ")}}`;
}

/** `%v` of the same: `[a b]`, `map[a:1]`, `<nil>`, a text bare. */
export function goShown(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(goShown).join(" ")}]`;
  if (typeof value === "number") return goNumber(value);
  if (typeof value !== "object") return String(value);
  const map = value as Record<string, unknown>;
  return `map[${Object.keys(map)
    .sort(byCode)
    .map((key) => `${key}:${goShown(map[key])}`)
    .join(" ")}]`;
}

/** `%v` of a number: what is whole and fits was read as an int64, all else as a float64 (`1e+20`). */
export function goNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 63) return String(value);
  return goFloat64(value);
}

/** `%v` of a float64. */
export function goFloat64(value: number): string {
  const [mantissa = "", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(value);
  return `${mantissa}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}
