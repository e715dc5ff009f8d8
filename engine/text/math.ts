/** Elementary functions by arithmetic alone, so that every machine prints the same digits. */

const LN2 = 0.6931471805599453;
const PI = 3.141592653589793;

/** e to the power x. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 709.79) return Number.POSITIVE_INFINITY;
  if (x < -745.2) return 0;
  const k = Math.round(x / LN2);
  const r = x - k * LN2 - k * 2.3190468138462996e-17;
  let term = 1;
  let sum = 1;
  for (let n = 1; n < 24; n++) {
    term *= r / n;
    sum += term;
  }
  return scale(sum, k);
}

function scale(value: number, exponent: number): number {
  let result = value;
  let left = exponent;
  const step = left < 0 ? 0.5 : 2;
  for (left = Math.abs(left); left > 0; left--) result *= step;
  return result;
}

/** Natural logarithm; NaN below zero. */
export function log(x: number): number {
  if (Number.isNaN(x) || x < 0) return Number.NaN;
  if (x === 0) return Number.NEGATIVE_INFINITY;
  if (x === Number.POSITIVE_INFINITY) return x;
  let m = x;
  let k = 0;
  while (m >= 1.4142135623730951) {
    m /= 2;
    k++;
  }
  while (m < 0.7071067811865476) {
    m *= 2;
    k--;
  }
  const z = (m - 1) / (m + 1);
  const square = z * z;
  let power = z;
  let sum = 0;
  for (let n = 1; n < 50; n += 2) {
    sum += power / n;
    power *= square;
  }
  return 2 * sum + k * LN2;
}

/** x to the power y: exact by squaring for whole y. */
export function pow(x: number, y: number): number {
  if (y === 0) return 1;
  if (Number.isInteger(y) && Math.abs(y) < 1e6) {
    let result = 1;
    let base = x;
    for (let n = Math.abs(y); n > 0; n = Math.floor(n / 2)) {
      if (n % 2 === 1) result *= base;
      base *= base;
    }
    return y < 0 ? 1 / result : result;
  }
  if (y === 0.5) return Math.sqrt(x);
  if (x < 0) return Number.NaN;
  if (x === 0) return y > 0 ? 0 : Number.POSITIVE_INFINITY;
  return exp(y * log(x));
}

export function sin(x: number): number {
  if (!Number.isFinite(x)) return Number.NaN;
  const turns = Math.round(x / PI);
  const r = x - turns * PI - turns * 1.2246467991473532e-16;
  let term = r;
  let sum = r;
  for (let n = 1; n < 14; n++) {
    term *= (-r * r) / (2 * n * (2 * n + 1));
    sum += term;
  }
  return turns % 2 === 0 ? sum : -sum;
}

export function cos(x: number): number {
  if (!Number.isFinite(x)) return Number.NaN;
  const turns = Math.round(x / PI);
  const r = x - turns * PI - turns * 1.2246467991473532e-16;
  let term = 1;
  let sum = 1;
  for (let n = 1; n < 15; n++) {
    term *= (-r * r) / ((2 * n - 1) * 2 * n);
    sum += term;
  }
  return turns % 2 === 0 ? sum : -sum;
}

export function atan(x: number): number {
  if (x < 0) return -atan(-x);
  if (x > 1) return PI / 2 - atan(1 / x);
  if (x > 0.2) {
    // Halving the angle brings the argument where the series is fast.
    return 2 * atan(x / (1 + Math.sqrt(1 + x * x)));
  }
  let power = x;
  let sum = 0;
  for (let n = 1; n < 40; n += 2) {
    sum += n % 4 === 1 ? power / n : -power / n;
    power *= x * x;
  }
  return sum;
}

export function atan2(y: number, x: number): number {
  if (x > 0) return atan(y / x);
  if (x < 0) return y < 0 ? atan(y / x) - PI : atan(y / x) + PI;
  return y > 0 ? PI / 2 : y < 0 ? -PI / 2 : 0;
}
