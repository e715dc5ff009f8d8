/** jq's functions of numbers. */
import { atan, atan2, cos, exp, log, pow, sin } from "../../../text/math.ts";
import { isNumber, numeric } from "./json.ts";
import { show, unary, valued } from "./natives.ts";
import { JqError } from "./stream.ts";

for (const [name, compute] of Object.entries({
  floor: Math.floor,
  ceil: Math.ceil,
  round: (x: number) => (x < 0 ? -Math.round(-x) : Math.round(x)),
  trunc: Math.trunc,
  sqrt: Math.sqrt,
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
  significand: (x: number) => {
    let y = Math.abs(x);
    while (y >= 2) y /= 2;
    while (y > 0 && y < 1) y *= 2;
    return x < 0 ? -y : y;
  },
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
