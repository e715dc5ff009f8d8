/** A binary floating-point number as it is: mantissa · 2^exponent. What a double cannot hold, too. */
export interface Binary {
  negative: boolean;
  mantissa: bigint;
  exponent: number;
}

/** Bits of the mantissa of x86's long double, which bash and coreutils compute in. */
export const LONG_DOUBLE = 64;

/** Decimal exponents beyond these are infinity or nothing. */
const MAX_EXPONENT = 4932;

/** The double as it is. Infinity and NaN are none. */
export function binaryOf(value: number): Binary {
  let mantissa = Math.abs(value);
  let exponent = 0;
  while (!Number.isInteger(mantissa)) {
    mantissa *= 2;
    exponent--;
  }
  return { negative: value < 0 || Object.is(value, -0), mantissa: BigInt(mantissa), exponent };
}

/** Splits `number` into a quotient rounded half to even. */
function divide(number: bigint, by: bigint): bigint {
  const quotient = number / by;
  const twice = (number % by) * 2n;
  return twice > by || (twice === by && quotient % 2n === 1n) ? quotient + 1n : quotient;
}

/**
 * The number nearest to a text of decimal or hexadecimal digits (strtold(3)) with a mantissa of `bits`. Infinity when it is
 * too large.
 */
export function readBinary(text: string, bits = LONG_DOUBLE): Binary | number {
  const hexadecimal = /^([+-]?)0x([0-9a-f]*)\.?([0-9a-f]*)(?:p([+-]?\d+))?$/i.exec(text);
  const decimal = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(text);
  const found = hexadecimal ?? decimal;
  if (found === null) return Number.NaN;
  const [, sign, whole = "", fraction = "", power = "0"] = found;
  const negative = sign === "-";
  const exponent = Number(power);
  let number = BigInt(`${hexadecimal ? "0x" : ""}${whole}${fraction}` || "0");
  let by = 1n;
  if (number === 0n) return { negative, mantissa: 0n, exponent: 0 };
  if (Math.abs(exponent) > MAX_EXPONENT * 4) {
    if (exponent > 0) return negative ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    return { negative, mantissa: 0n, exponent: 0 };
  }
  const shift = hexadecimal ? exponent - 4 * fraction.length : exponent - fraction.length;
  const base = hexadecimal ? 2n : 10n;
  if (shift >= 0) number *= base ** BigInt(shift);
  else by = base ** BigInt(-shift);
  let scale = bitLength(number) - bitLength(by) - bits;
  const at = (by2: number) => (by2 >= 0 ? divide(number, by << BigInt(by2)) : divide(number << BigInt(-by2), by));
  let mantissa = at(scale);
  if (bitLength(mantissa) > bits) mantissa = at(++scale);
  return { negative, mantissa, exponent: scale };
}

function bitLength(value: bigint): number {
  return value.toString(2).length;
}

/** `size` · 10^`places`, rounded half to even. */
function scaled({ mantissa, exponent }: Binary, places: number): bigint {
  let number = mantissa;
  let by = 1n;
  if (places >= 0) number *= 10n ** BigInt(places);
  else by *= 10n ** BigInt(-places);
  if (exponent >= 0) number <<= BigInt(exponent);
  else by <<= BigInt(-exponent);
  return divide(number, by);
}

/** The size of a number with that many decimals. */
export function fixedText(value: Binary, places: number): string {
  const digits = String(scaled(value, places)).padStart(places + 1, "0");
  return places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

/** The same as a mantissa with that many decimals and a power of ten: `1.50e3`. */
export function exponentText(value: Binary, places: number): string {
  if (value.mantissa === 0n) return `0${places > 0 ? `.${"0".repeat(places)}` : ""}e+0`;
  let power = Math.floor((bitLength(value.mantissa) - 1 + value.exponent) * Math.LOG10E * Math.LN2);
  let digits = String(scaled(value, places - power));
  // The estimate may be one too low, and rounding may add a digit.
  while (digits.length > places + 1) digits = String(scaled(value, places - ++power));
  const mantissa = places === 0 ? digits : `${digits[0]}.${digits.slice(1)}`;
  return `${mantissa}e${power < 0 ? "-" : "+"}${Math.abs(power)}`;
}
