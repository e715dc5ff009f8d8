/** jq's functions of numbers. */
import { atan, atan2, cos, exp, log, pow, sin } from "../../../text/math.ts";
import { isNumber, numeric } from "./json.ts";
import { show, unary, valued } from "./natives.ts";
import { JqError } from "./stream.ts";

/** The fraction, from a half to one, and the power of two that make a number (frexp(3)). */
function split(x: number): { fraction: number; exponent: number } {
  if (x === 0 || !Number.isFinite(x)) return { fraction: x, exponent: 0 };
  let fraction = x;
  let exponent = 0;
  for (; Math.abs(fraction) >= 1; exponent++) fraction /= 2;
  for (; Math.abs(fraction) < 0.5; exponent--) fraction *= 2;
  return { fraction, exponent };
}

/** x times two to the power of n, in steps that do not overflow. */
function scale(x: number, n: number): number {
  let out = x;
  for (let left = Math.trunc(n); left !== 0 && out !== 0 && Number.isFinite(out); ) {
    const step = Math.max(-1000, Math.min(1000, left));
    out *= 2 ** step;
    left -= step;
  }
  return out;
}

/** The whole number next to x, of two the even one. */
function nearest(x: number): number {
  const down = Math.floor(x);
  if (x - down !== 0.5) return Math.round(x);
  return down % 2 === 0 ? down : down + 1;
}

/** What is left of x after the nearest multiple of y, a half to the even one (remainder(3)). */
function remainder(x: number, y: number): number {
  if (y === 0 || !Number.isFinite(x)) return Number.NaN;
  let rest = x % y;
  const half = Math.abs(y) / 2;
  const odd = Math.abs(Math.trunc(x / y)) % 2 === 1;
  if (Math.abs(rest) > half || (Math.abs(rest) === half && odd)) rest -= Math.sign(rest) * Math.abs(y);
  return rest;
}

for (const [name, compute] of Object.entries({
  floor: Math.floor,
  ceil: Math.ceil,
  round: (x: number) => (x < 0 ? -Math.round(-x) : Math.round(x)),
  trunc: Math.trunc,
  sqrt: Math.sqrt,
  nearbyint: nearest,
  rint: nearest,
  fabs: Math.abs,
  exp,
  log,
  sin,
  cos,
  atan,
  exp2: (x: number) => pow(2, x),
  exp10: (x: number) => pow(10, x),
  log2: (x: number) => {
    let n = 0;
    for (let y = x; y >= 2 && Number.isInteger(y); y /= 2) n++;
    return pow(2, n) === x ? n : log(x) / log(2);
  },
  log10: (x: number) => {
    const n = String(Math.round(x)).length - 1;
    return pow(10, n) === x ? n : log(x) / log(10);
  },
  cbrt: (x: number) => (x < 0 ? -exp(log(-x) / 3) : x === 0 ? 0 : exp(log(x) / 3)),
  significand: (x: number) => (Number.isFinite(x) ? 2 * split(x).fraction : x),
  logb: (x: number) => (x === 0 ? -Infinity : Number.isFinite(x) ? split(x).exponent - 1 : Math.abs(x)),
})) {
  unary(name, (v) => {
    if (!isNumber(v)) throw new JqError(`${show(v)} number required`);
    return compute(numeric(v));
  });
}
const math2 = (name: string, compute: (a: number, b: number) => number) =>
  valued(name, 2, (_v, [a, b]) => {
    for (const value of [a!, b!]) if (!isNumber(value)) throw new JqError(`${show(value)} number required`);
    return compute(numeric(a!), numeric(b!));
  });
math2("pow", pow);
math2("atan2", atan2);
math2("fmin", Math.min);
math2("fmax", Math.max);
math2("fmod", (a, b) => a % b);
math2("ldexp", scale);
math2("scalb", scale);
math2("scalbln", scale);
math2("drem", remainder);
unary("frexp", (v) => {
  if (!isNumber(v)) throw new JqError(`${show(v)} number required`);
  const { fraction, exponent } = split(numeric(v));
  return [fraction, exponent];
});
unary("modf", (v) => {
  if (!isNumber(v)) throw new JqError(`${show(v)} number required`);
  const x = numeric(v);
  const whole = Math.trunc(x);
  const rest = Number.isFinite(x) ? Math.abs(x - whole) : Number.isNaN(x) ? x : 0;
  return [x < 0 ? -rest : rest, whole];
});
