/**
 * resource.Quantity (apimachinery pkg/api/resource): a decimal number with a suffix. Kept as a BigInt count of nano
 * units, which is as fine as upstream rounds (up, away from zero); `format` remembers which suffixes to print.
 */
export interface Quantity {
  /** Value × 10⁹. */
  readonly nano: bigint;
  readonly format: "DecimalSI" | "BinarySI" | "DecimalExponent";
}

export const QUANTITY_PATTERN = "^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$";
/** Upstream's words for a text that is no quantity at all. */
export const BAD_QUANTITY = `quantities must match the regular expression '${QUANTITY_PATTERN}'`;
const BAD_SUFFIX = "unable to parse quantity's suffix";
const BAD_NUMBER = "unable to parse numeric part of quantity";

const NANO = 1_000_000_000n;
const DECIMAL: Record<string, number> = { n: -9, u: -6, m: -3, "": 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const BINARY: Record<string, bigint> = {
  Ki: 1n << 10n,
  Mi: 1n << 20n,
  Gi: 1n << 30n,
  Ti: 1n << 40n,
  Pi: 1n << 50n,
  Ei: 1n << 60n,
};
/** Largest value, 2⁶³ - 1; larger ones are capped. */
const MAX = ((1n << 63n) - 1n) * NANO;

function ten(exponent: number): bigint {
  return 10n ** BigInt(exponent);
}

/** Division that rounds away from zero. */
function divideUp(a: bigint, b: bigint): bigint {
  const q = a / b;
  if (a % b === 0n) return q;
  return a < 0n ? q - 1n : q + 1n;
}

/** Splits at the end of the number: sign, digits and points, suffix. */
function scan(text: string): { digits: string; suffix: string } {
  let i = 0;
  if (text[i] === "+" || text[i] === "-") i++;
  while (i < text.length && ((text[i]! >= "0" && text[i]! <= "9") || text[i] === ".")) i++;
  return { digits: text.slice(0, i), suffix: text.slice(i) };
}

/** Parses `100m`, `1.5Gi`, `1e3`; a string that is no quantity gives upstream's error text. */
export function parseQuantity(text: string): Quantity | { error: string } {
  const known = parsed.get(text);
  if (known) return known;
  const quantity = parse(text);
  if (!("error" in quantity)) {
    if (parsed.size >= CACHE_LIMIT) parsed.clear();
    parsed.set(text, quantity);
  }
  return quantity;
}

const CACHE_LIMIT = 4096;
const parsed = new Map<string, Quantity>();

function parse(text: string): Quantity | { error: string } {
  if (text === "") return { error: BAD_QUANTITY };
  const { digits, suffix } = scan(text);
  const negative = digits[0] === "-";
  const number = digits[0] === "+" || negative ? digits.slice(1) : digits;
  const parts = number.split(".");
  if (number === "" || number === "." || parts.length > 2) return { error: BAD_QUANTITY };
  if (!isSuffix(suffix)) return { error: BAD_QUANTITY };
  const whole = parts[0]!;
  const fraction = parts[1] ?? "";
  const mantissa = BigInt(whole + fraction || "0") * (negative ? -1n : 1n);
  const scale = 9 - fraction.length;
  let nano: bigint;
  let format: Quantity["format"];
  if (suffix in BINARY) {
    const scaled = mantissa * BINARY[suffix]!;
    nano = scale >= 0 ? scaled * ten(scale) : divideUp(scaled, ten(-scale));
    format = "BinarySI";
  } else {
    let exponent: number;
    if (suffix in DECIMAL) {
      exponent = DECIMAL[suffix]!;
      format = "DecimalSI";
    } else {
      const power = /^[eE]([+-]?[0-9]+)$/.exec(suffix);
      if (!power) return { error: BAD_SUFFIX };
      exponent = Number(power[1]);
      if (Math.abs(exponent) > 1000) return { error: BAD_NUMBER };
      format = "DecimalExponent";
    }
    const shift = scale + exponent;
    nano = shift >= 0 ? mantissa * ten(shift) : divideUp(mantissa, ten(-shift));
  }
  if (nano > MAX) nano = MAX;
  if (nano < -MAX) nano = -MAX;
  return { nano, format };
}

/** The part of the pattern after the number: letters, then an exponent. */
function isSuffix(suffix: string): boolean {
  let i = 0;
  while (i < suffix.length && "eEinumkKMGTP".includes(suffix[i]!)) i++;
  if (suffix[i] === "+" || suffix[i] === "-") i++;
  while (i < suffix.length && suffix[i]! >= "0" && suffix[i]! <= "9") i++;
  return i === suffix.length;
}

/** The quantity of a text that has been validated before; throws on another (a bug). */
export function quantity(text: string | number): Quantity {
  const value = parseQuantity(String(text));
  if ("error" in value) throw new Error(`${text}: ${value.error}`);
  return value;
}

const DECIMAL_SUFFIXES: readonly [number, string][] = [
  [18, "E"],
  [15, "P"],
  [12, "T"],
  [9, "G"],
  [6, "M"],
  [3, "k"],
  [0, ""],
  [-3, "m"],
  [-6, "u"],
  [-9, "n"],
];

/** Canonical text: no fraction, the largest suffix that keeps it exact (Quantity.CanonicalizeBytes). */
export function formatQuantity(value: Quantity): string {
  const { nano } = value;
  if (nano === 0n) return "0";
  let format = value.format;
  if (format === "BinarySI") {
    const small = nano > -1024n * NANO && nano < 1024n * NANO;
    if (small || nano % NANO !== 0n) format = "DecimalSI";
  }
  if (format === "BinarySI") {
    let units = nano / NANO;
    let power = 0;
    while (units % 1024n === 0n && power < 6) {
      units /= 1024n;
      power++;
    }
    return units + ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][power]!;
  }
  for (const [exponent, suffix] of DECIMAL_SUFFIXES) {
    const unit = ten(9 + exponent);
    if (nano % unit !== 0n) continue;
    if (format === "DecimalSI") return nano / unit + suffix;
    return exponent === 0 ? String(nano / unit) : `${nano / unit}e${exponent}`;
  }
  return "0";
}

/** A text as the API server stores it (`0.5` → `500m`, `1024Mi` → `1Gi`); undefined when it is no quantity. */
export function canonicalQuantity(text: string): string | undefined {
  const value = parseQuantity(text);
  return "error" in value ? undefined : formatQuantity(value);
}

export function compareQuantities(a: Quantity, b: Quantity): number {
  return a.nano < b.nano ? -1 : a.nano > b.nano ? 1 : 0;
}

/** Sum in the format of `a`, or of `b` when `a` is zero. */
export function addQuantities(a: Quantity, b: Quantity): Quantity {
  return { nano: a.nano + b.nano, format: a.nano === 0n ? b.format : a.format };
}

export function subtractQuantities(a: Quantity, b: Quantity): Quantity {
  return { nano: a.nano - b.nano, format: a.nano === 0n ? b.format : a.format };
}

/** Quantity.Value(): whole units, rounded up. */
export function wholeUnits(text: string | number): number {
  return Number(divideUp(quantity(text).nano, NANO));
}

/** Quantity.MilliValue(): thousandths (millicores), rounded up. */
export function milliUnits(text: string | number): number {
  return milliValue(quantity(text));
}

/** The same of a quantity that has been read. */
export function milliValue({ nano }: Quantity): number {
  return Number(divideUp(nano, 1_000_000n));
}
