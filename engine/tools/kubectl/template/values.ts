/**
 * Values as Go's reflect sees them. Decoded JSON stands as it is: a whole number is an int64, another a float64, null a
 * nil interface. A bigint is an int, undefined the invalid value, and what was taken out of a map or a list is wrapped,
 * as its type there is `interface {}`.
 */
export type GoValue = undefined | string | boolean | number | bigint | Boxed | Float64 | Uint8 | Complex128 | object;

/** A value of type `interface {}`; undefined inside for nil. */
export class Boxed {
  constructor(readonly inner: GoValue) {}
}

export class Float64 {
  constructor(readonly value: number) {}
}

export class Uint8 {
  constructor(readonly value: number) {}
}

export class Complex128 {
  constructor(
    readonly real: number,
    readonly imaginary: number,
  ) {}
}

export type Kind = "invalid" | "interface" | "bool" | "int" | "uint" | "float" | "complex" | "string" | "slice" | "map";

export function kindOf(value: GoValue): Kind {
  if (value === undefined || value === null) return "invalid";
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "bigint") return "int";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float";
  if (value instanceof Boxed) return "interface";
  if (value instanceof Float64) return "float";
  if (value instanceof Uint8) return "uint";
  if (value instanceof Complex128) return "complex";
  return Array.isArray(value) ? "slice" : "map";
}

/** The name of its type. */
export function typeOf(value: GoValue): string {
  switch (kindOf(value)) {
    case "interface":
      return "interface {}";
    case "int":
      return typeof value === "bigint" ? "int" : "int64";
    case "float":
      return "float64";
    case "uint":
      return "uint8";
    case "complex":
      return "complex128";
    case "slice":
      return "[]interface {}";
    case "map":
      return "map[string]interface {}";
    case "invalid":
      return "<nil>";
    case "bool":
      return "bool";
    case "string":
      return "string";
  }
}

/** What is in the interface, if it is one. */
export function unboxed(value: GoValue): GoValue {
  return value instanceof Boxed ? value.inner : (value ?? undefined);
}

/** An element as it lies in a map or list. */
export function boxed(value: unknown): Boxed {
  return new Boxed((value ?? undefined) as GoValue);
}

/** An integer, whatever its type. */
export function integerOf(value: GoValue): bigint {
  if (typeof value === "bigint") return value;
  return BigInt(value instanceof Uint8 ? value.value : (value as number));
}

export function floatOf(value: GoValue): number {
  return value instanceof Float64 ? value.value : (value as number);
}

/** What `if` takes for true: not the zero of its type, not empty. */
export function isTrue(value: GoValue): boolean {
  switch (kindOf(value)) {
    case "invalid":
      return false;
    case "bool":
      return value as boolean;
    case "int":
    case "uint":
      return integerOf(value) !== 0n;
    case "float":
      return floatOf(value) !== 0;
    case "complex":
      return (value as Complex128).real !== 0 || (value as Complex128).imaginary !== 0;
    case "string":
      return value !== "";
    case "slice":
      return (value as unknown[]).length > 0;
    case "map":
      return Object.keys(value as object).length > 0;
    case "interface":
      return isTrue((value as Boxed).inner);
  }
}
