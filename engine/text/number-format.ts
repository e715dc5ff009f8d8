/** Numbers as printf(3) writes them: what printf, awk, seq and jq share. */

import { type Binary, binaryOf, exponentText, fixedText } from "./binary-float.ts";

export interface FormatSpec {
  flags: string;
  /** `*`: taken from the arguments. */
  width: number | "*" | undefined;
  precision: number | "*" | undefined;
  conversion: string;
  /** As written, for messages. */
  text: string;
}

/** Splits a format into literal texts and conversions; `%%` is the text `%`. A lone `%` at the end is conversion "". */
export function parseFormat(format: string): (string | FormatSpec)[] {
  const parts: (string | FormatSpec)[] = [];
  let literal = "";
  for (let i = 0; i < format.length; i++) {
    if (format[i] !== "%") {
      literal += format[i];
      continue;
    }
    if (format[i + 1] === "%") {
      literal += "%";
      i++;
      continue;
    }
    const match = /^%([-+ #0']*)(\*|\d+)?(?:\.(\*|-?\d*))?(?:hh|h|ll|l|L|q|j|z|t)?(.?)/su.exec(format.slice(i))!;
    if (literal !== "") parts.push(literal);
    literal = "";
    const [text, flags, width, precision, conversion] = match;
    parts.push({
      flags: flags!,
      width: width === undefined ? undefined : width === "*" ? "*" : Number(width),
      precision: precision === undefined ? undefined : precision === "*" ? "*" : Math.max(0, Number(precision)),
      conversion: conversion!,
      text,
    });
    i += text.length - 1;
  }
  if (literal !== "") parts.push(literal);
  return parts;
}

/** Pads to the spec's width (`-` left, `0` with zeros after the sign when `numeric`). */
export function pad(spec: FormatSpec, text: string, numeric = false): string {
  const width = typeof spec.width === "number" ? spec.width : 0;
  const length = [...text].length;
  if (length >= width) return text;
  if (spec.flags.includes("-")) return text + " ".repeat(width - length);
  if (numeric && spec.flags.includes("0")) {
    const sign = /^[-+ ]?(0[xX])?/.exec(text)![0];
    return sign + "0".repeat(width - length) + text.slice(sign.length);
  }
  return " ".repeat(width - length) + text;
}

function signed(spec: FormatSpec, negative: boolean, digits: string): string {
  return (negative ? "-" : spec.flags.includes("+") ? "+" : spec.flags.includes(" ") ? " " : "") + digits;
}

/** Integer conversions d i o u x X of a 64-bit value. */
export function formatInteger(spec: FormatSpec, value: bigint): string {
  const { conversion } = spec;
  const isSigned = conversion === "d" || conversion === "i";
  const magnitude = isSigned ? (value < 0n ? -value : value) : BigInt.asUintN(64, value);
  let digits = magnitude.toString(conversion === "o" ? 8 : conversion === "x" || conversion === "X" ? 16 : 10);
  if (conversion === "X") digits = digits.toUpperCase();
  const precision = typeof spec.precision === "number" ? spec.precision : undefined;
  if (precision !== undefined) digits = precision === 0 && magnitude === 0n ? "" : digits.padStart(precision, "0");
  if (spec.flags.includes("#")) {
    if (conversion === "o" && !digits.startsWith("0")) digits = `0${digits}`;
    if ((conversion === "x" || conversion === "X") && magnitude !== 0n) digits = `0${conversion}${digits}`;
  }
  if (spec.flags.includes("'") && isSigned) digits = digits.replace(/\B(?=(\d{3})+$)/g, "");
  const text = isSigned ? signed(spec, value < 0n, digits) : digits;
  return pad(spec, text, precision === undefined);
}

/** Floating conversions f F e E g G a. Precision 6 by default. */
export function formatFloat(spec: FormatSpec, value: number | Binary): string {
  const { conversion } = spec;
  const upper = conversion < "a";
  const negative = typeof value === "object" ? value.negative : value < 0 || Object.is(value, -0);
  const magnitude = negative && typeof value === "number" ? -value : value;
  if (typeof value === "number" && Number.isNaN(value))
    return pad({ ...spec, flags: spec.flags.replace("0", "") }, upper ? "NAN" : "nan");
  if (magnitude === Number.POSITIVE_INFINITY)
    return pad({ ...spec, flags: spec.flags.replace("0", "") }, signed(spec, negative, upper ? "INF" : "inf"));
  const precision = typeof spec.precision === "number" ? spec.precision : 6;
  let digits: string;
  switch (conversion.toLowerCase()) {
    case "f":
      digits = fixed(magnitude, precision);
      if (precision === 0 && spec.flags.includes("#")) digits += ".";
      break;
    case "e":
      digits = exponent(magnitude, precision);
      if (precision === 0 && spec.flags.includes("#")) digits = digits.replace("e", ".e");
      break;
    default:
      digits = general(magnitude, precision, spec.flags.includes("#"));
  }
  return pad(spec, signed(spec, negative, upper ? digits.toUpperCase() : digits), true);
}

/** One number under a spec of any numeric conversion. */
export function formatNumber(spec: FormatSpec, value: number): string {
  if ("diouxX".includes(spec.conversion)) return formatInteger(spec, BigInt(Math.trunc(value)));
  return formatFloat(spec, value);
}

/** Where a text of JavaScript's may have been rounded up from the middle, which printf(3) rounds to even. */
const MIDDLE = /50{19}(?:e|$)/;

/** `value` ≥ 0 with that many decimals, exactly rounded whatever its size. */
export function fixed(value: number | Binary, precision: number): string {
  if (typeof value === "object") return fixedText(value, precision);
  const extra = precision > 100 ? "0".repeat(precision - 100) : "";
  const places = Math.min(precision, 100);
  if (value < 1e21) {
    const middle = places <= 80 && MIDDLE.test(value.toFixed(places + 20));
    return middle ? fixedText(binaryOf(value), places) : value.toFixed(places) + extra;
  }
  const whole = BigInt(value).toString();
  return precision === 0 ? whole : `${whole}.${"0".repeat(places)}${extra}`;
}

/** As toExponential gives it. */
function power(value: number | Binary, places: number): string {
  if (typeof value === "object") return exponentText(value, places);
  const middle = places <= 80 && MIDDLE.test(value.toExponential(places + 20));
  return middle ? exponentText(binaryOf(value), places) : value.toExponential(places);
}

function exponent(value: number | Binary, precision: number): string {
  const text = power(value, Math.min(precision, 100));
  const match = /^([^e]*)e([-+])(\d+)$/.exec(text)!;
  return `${match[1]}e${match[2]}${match[3]!.padStart(2, "0")}`;
}

/** %g: `precision` significant digits, trailing zeros dropped unless `keep`. */
export function general(value: number | Binary, precision: number, keep = false): string {
  const significant = Math.min(precision === 0 ? 1 : precision, 100);
  if (value === 0 || (typeof value === "object" && value.mantissa === 0n))
    return keep ? `0.${"0".repeat(significant - 1)}` : "0";
  const scientific = power(value, significant - 1);
  const size = Number(scientific.slice(scientific.indexOf("e") + 1));
  if (size < -4 || size >= significant) {
    const text = exponent(value, significant - 1);
    if (keep && significant === 1) return text.replace("e", ".e");
    if (keep || !text.includes(".")) return text;
    return text.replace(/\.?0+e/, "e");
  }
  const text = fixed(value, significant - 1 - size);
  if (keep && !text.includes(".")) return `${text}.`;
  if (keep || !text.includes(".")) return text;
  return text.replace(/\.?0+$/, "");
}
