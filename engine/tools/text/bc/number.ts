/** Decimal numbers of any length with a scale (digits after the point), as bc(1) computes with them. */
export interface Decimal {
  /** The value times ten to the power `scale`. */
  readonly units: bigint;
  readonly scale: number;
}

export const ZERO: Decimal = { units: 0n, scale: 0 };
export const ONE: Decimal = { units: 1n, scale: 0 };

const power10 = (n: number): bigint => 10n ** BigInt(n);

export function whole(value: number | bigint): Decimal {
  return { units: BigInt(value), scale: 0 };
}

/** The same value with another scale; digits beyond it are cut off. */
export function rescale(a: Decimal, scale: number): Decimal {
  if (scale === a.scale) return a;
  return { units: scale > a.scale ? a.units * power10(scale - a.scale) : a.units / power10(a.scale - scale), scale };
}

export function add(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return { units: rescale(a, scale).units + rescale(b, scale).units, scale };
}

export function negate(a: Decimal): Decimal {
  return { units: -a.units, scale: a.scale };
}

/** Scale of a product: that of the factors together, but no more than the largest of theirs and `scale`. */
export function multiply(a: Decimal, b: Decimal, scale: number): Decimal {
  const full = { units: a.units * b.units, scale: a.scale + b.scale };
  return rescale(full, Math.min(full.scale, Math.max(scale, a.scale, b.scale)));
}

/** The divisor is not zero. */
export function divide(a: Decimal, b: Decimal, scale: number): Decimal {
  return { units: (a.units * power10(scale + b.scale)) / (b.units * power10(a.scale)), scale };
}

export function modulo(a: Decimal, b: Decimal, scale: number): Decimal {
  const quotient = divide(a, b, scale);
  const result = add(a, negate({ units: quotient.units * b.units, scale: quotient.scale + b.scale }));
  return rescale(result, Math.max(scale + b.scale, a.scale));
}

export function compare(a: Decimal, b: Decimal): number {
  const difference = add(a, negate(b)).units;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** A power by a whole number. */
export function raise(base: Decimal, exponent: bigint, scale: number): Decimal {
  const n = exponent < 0n ? -exponent : exponent;
  const full = { units: base.units ** n, scale: base.scale * Number(n) };
  if (exponent < 0n) return divide(ONE, full, scale);
  return rescale(full, Math.min(full.scale, Math.max(scale, base.scale)));
}

/** The square root of a number that is not negative. */
export function squareRoot(a: Decimal, scale: number): Decimal {
  const digits = Math.max(scale, a.scale);
  const target = a.units * power10(2 * digits - a.scale);
  if (target === 0n) return { units: 0n, scale: digits };
  let root = power10(Math.ceil(target.toString().length / 2));
  for (;;) {
    const next = (root + target / root) / 2n;
    if (next >= root) return { units: root, scale: digits };
    root = next;
  }
}

/** As bc prints it: no zero before the point, the scale's zeros after it; other bases digit by digit. */
export function show(a: Decimal, base: number): string {
  const sign = a.units < 0n ? "-" : "";
  const units = a.units < 0n ? -a.units : a.units;
  if (base === 10) {
    const digits = units.toString();
    if (a.scale === 0) return sign + digits;
    if (units === 0n) return "0";
    const padded = digits.padStart(a.scale + 1, "0");
    const left = padded.slice(0, -a.scale);
    return `${sign}${left === "0" ? "" : left}.${padded.slice(-a.scale)}`;
  }
  const one = power10(a.scale);
  const digit = (value: bigint) =>
    base <= 16 ? "0123456789ABCDEF"[Number(value)]! : ` ${value.toString().padStart(String(base - 1).length, "0")}`;
  let left = units / one;
  let text = left === 0n && (a.scale === 0 || units === 0n) ? digit(0n) : "";
  for (; left > 0n; left /= BigInt(base)) text = digit(left % BigInt(base)) + text;
  let rest = units % one;
  if (a.scale === 0 || units === 0n) return sign + text;
  text += ".";
  for (let weight = 1n; weight < one; weight *= BigInt(base)) {
    rest *= BigInt(base);
    text += digit(rest / one);
    rest %= one;
  }
  return sign + text;
}

/** Digits in a base from 2 to 16; a lone digit may be as large as any. */
export function read(text: string, base: number): Decimal {
  const [left = "", right = ""] = text.split(".");
  const value = (char: string) => "0123456789ABCDEF".indexOf(char);
  const fit = (char: string) => (text.length === 1 ? value(char) : Math.min(value(char), base - 1));
  if (base === 10 && /^[\d.]*$/.test(text)) return { units: BigInt(left + right || "0"), scale: right.length };
  let units = 0n;
  for (const char of left) units = units * BigInt(base) + BigInt(fit(char));
  if (right === "") return { units, scale: 0 };
  let fraction = 0n;
  for (const char of right) fraction = fraction * BigInt(base) + BigInt(fit(char));
  const weight = BigInt(base) ** BigInt(right.length);
  return { units: units * power10(right.length) + (fraction * power10(right.length)) / weight, scale: right.length };
}

// ---- the functions of -l --------------------------------------------------------------------------------------------

/** e to the power x. */
export function exponential(x: Decimal, scale: number): Decimal {
  const work = scale + 10 + Math.max(0, Number(x.units / power10(x.scale)) >> 1);
  if (x.units < 0n) return rescale(divide(ONE, exponential(negate(x), work), work), scale);
  let halvings = 0;
  let small = rescale(x, work);
  while (small.units > power10(work)) {
    small = { units: small.units / 2n, scale: work };
    halvings++;
  }
  let term = rescale(ONE, work);
  let sum = term;
  for (let n = 1n; term.units !== 0n; n++) {
    term = { units: (term.units * small.units) / power10(work) / n, scale: work };
    sum = add(sum, term);
  }
  for (let i = 0; i < halvings; i++) sum = rescale({ units: sum.units * sum.units, scale: 2 * work }, work);
  return rescale(sum, scale);
}

/** The natural logarithm of a number above zero. */
export function logarithm(x: Decimal, scale: number): Decimal {
  if (x.units <= 0n) return rescale({ units: 1n - power10(scale), scale: 0 }, scale);
  const work = scale + 10;
  let value = rescale(x, work + x.scale);
  let factor = 2n;
  const two = { units: 2n, scale: 0 };
  while (compare(value, two) >= 0 || compare(value, { units: 5n, scale: 1 }) <= 0) {
    value = squareRoot(value, value.scale);
    factor *= 2n;
  }
  const z = divide(add(value, negate(ONE)), add(value, ONE), work);
  const square = (z.units * z.units) / power10(work);
  let power = z.units;
  let sum = 0n;
  for (let n = 1n; power !== 0n; n += 2n) {
    sum += power / n;
    power = (power * square) / power10(work);
  }
  return rescale({ units: sum * factor, scale: work }, scale);
}

/** Sine; the cosine with `cosine`. */
export function sine(x: Decimal, scale: number, cosine = false): Decimal {
  const work = scale + 12 + x.units.toString().length;
  const pi = { units: arctangent(ONE, work + 4).units * 4n, scale: work + 4 };
  const turn = { units: pi.units * 2n, scale: pi.scale };
  const turns = divide(x, turn, 0).units;
  const v = rescale(add(x, negate({ units: turn.units * turns, scale: turn.scale })), work).units;
  const one = power10(work);
  const square = (v * v) / one;
  let term = cosine ? one : v;
  let sum = term;
  for (let n = cosine ? 1n : 2n; term !== 0n; n += 2n) {
    term = -((term * square) / one) / (n * (n + 1n));
    sum += term;
  }
  return rescale({ units: sum, scale: work }, scale);
}

export function arctangent(x: Decimal, scale: number): Decimal {
  if (x.units < 0n) return negate(arctangent(negate(x), scale));
  const work = scale + 12;
  let value = rescale(x, work);
  let factor = 1n;
  // atan x = 2 atan(x / (1 + sqrt(1 + x²))): three times makes the series short.
  while (compare(value, { units: 2n, scale: 1 }) > 0) {
    const square = rescale({ units: value.units * value.units, scale: 2 * work }, work);
    value = divide(value, add(ONE, squareRoot(add(ONE, square), work)), work);
    factor *= 2n;
  }
  const square = (value.units * value.units) / power10(work);
  let power = value.units;
  let sum = 0n;
  for (let n = 1n; power !== 0n; n += 2n) {
    sum += (n % 4n === 1n ? power : -power) / n;
    power = (power * square) / power10(work);
  }
  return rescale({ units: sum * factor, scale: work }, scale);
}
