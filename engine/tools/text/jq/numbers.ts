/** How jq 1.7 writes numbers: doubles, and literals with the digits they were given. */
import { type Json, Literal } from "./json.ts";

/** A double as jq prints it: 17 digits at most, exponents of two digits. */
export function numberText(value: number): string {
  if (Number.isNaN(value)) return "null";
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return Object.is(value, -0) ? "-0" : String(value);
  const clamped =
    value === Number.POSITIVE_INFINITY
      ? Number.MAX_VALUE
      : value === Number.NEGATIVE_INFINITY
        ? -Number.MAX_VALUE
        : value;
  const match = /^(-?)(\d)(?:\.(\d+))?e([-+]\d+)$/.exec(clamped.toExponential())!;
  const digits = match[2]! + (match[3] ?? "");
  const point = Number(match[4]) + 1;
  const sign = match[1]!;
  if (point <= -4 || point > digits.length + 15) {
    const exponent = point - 1;
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
    return `${sign}${digits[0]}${fraction}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  if (point >= digits.length) return sign + digits + "0".repeat(point - digits.length);
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** A literal in decNumber's form: the digits stay, the exponent is written `E+n`. */
export function numberLiteral(text: string): Json {
  const value = Number(text);
  if (/^-?(?:0|[1-9]\d{0,14})$/.test(text)) return text === "-0" ? new Literal(value, "-0") : value;
  const match = /^(-?)(\d*)(?:\.(\d*))?(?:[eE]([-+]?\d+))?$/.exec(text)!;
  const fraction = match[3] ?? "";
  const digits = (match[2]! + fraction).replace(/^0+(?=\d)/, "");
  const exponent = Number(match[4] ?? 0) - fraction.length;
  const adjusted = exponent + digits.length - 1;
  let out: string;
  if (exponent <= 0 && adjusted >= -6) {
    if (exponent === 0) out = digits;
    else {
      const padded = digits.padStart(1 - exponent, "0");
      out = `${padded.slice(0, padded.length + exponent)}.${padded.slice(padded.length + exponent)}`;
    }
  } else {
    const rest = digits.length > 1 ? `.${digits.slice(1)}` : "";
    out = `${digits[0]}${rest}E${adjusted < 0 ? "-" : "+"}${Math.abs(adjusted)}`;
  }
  return new Literal(value, match[1]! + out);
}
