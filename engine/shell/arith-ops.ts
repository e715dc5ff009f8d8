/** 64-bit integer arithmetic of the shell. */

const BITS = 64;
export const wrap = (value: bigint): bigint => BigInt.asIntN(BITS, value);

export type Num = number | bigint;
/** Small results stay numbers, which is fast; others are 64-bit two's complement. */
export const norm = (value: bigint): Num => {
  const wrapped = wrap(value);
  return wrapped >= -9007199254740991n && wrapped <= 9007199254740991n ? Number(wrapped) : wrapped;
};

/** The function of a binary operator; `fail` makes the error of an operand that will not do. */
export function operation(op: string, fail: (what: string) => Error | object): (a: Num, b: Num) => Num {
  const zero = (b: Num) => {
    if (b === 0) throw fail("division by 0");
  };
  switch (op) {
    case "+":
      return add;
    case "-":
      return (a, b) => add(a, negate(b));
    case "*":
      return (a, b) => {
        if (typeof a === "number" && typeof b === "number") {
          const product = a * b;
          if (Number.isSafeInteger(product)) return product === 0 ? 0 : product;
        }
        return norm(BigInt(a) * BigInt(b));
      };
    case "/":
      return (a, b) => {
        zero(b);
        if (typeof a === "number" && typeof b === "number") return Math.trunc(a / b) || 0;
        return norm(BigInt(a) / BigInt(b));
      };
    case "%":
      return (a, b) => {
        zero(b);
        if (typeof a === "number" && typeof b === "number") return a % b || 0;
        return norm(BigInt(a) % BigInt(b));
      };
    case "**":
      return (a, b) => {
        if (b < 0) throw fail("exponent less than 0");
        let result = 1n;
        let base = BigInt(a);
        for (let n = BigInt(b); n > 0n; n >>= 1n) {
          if (n & 1n) result = wrap(result * base);
          base = wrap(base * base);
        }
        return norm(result);
      };
    case "<<":
      return (a, b) => norm(BigInt(a) << (BigInt(b) & 63n));
    case ">>":
      return (a, b) => norm(BigInt(a) >> (BigInt(b) & 63n));
    case "&":
      return (a, b) => norm(BigInt(a) & BigInt(b));
    case "|":
      return (a, b) => norm(BigInt(a) | BigInt(b));
    case "^":
      return (a, b) => norm(BigInt(a) ^ BigInt(b));
    case "==":
      return (a, b) => (a === b ? 1 : 0);
    case "!=":
      return (a, b) => (a !== b ? 1 : 0);
    case "<":
      return (a, b) => (a < b ? 1 : 0);
    case ">":
      return (a, b) => (a > b ? 1 : 0);
    case "<=":
      return (a, b) => (a <= b ? 1 : 0);
    default:
      return (a, b) => (a >= b ? 1 : 0);
  }
}

export function add(a: Num, b: Num): Num {
  if (typeof a === "number" && typeof b === "number") {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return norm(BigInt(a) + BigInt(b));
}

export function negate(a: Num): Num {
  return a === 0 ? 0 : typeof a === "number" ? -a : norm(-a);
}

export function digitValue(digit: string, base: number): number {
  if (digit >= "0" && digit <= "9") return digit.charCodeAt(0) - 48;
  if (digit >= "a" && digit <= "z") return digit.charCodeAt(0) - 87;
  if (digit >= "A" && digit <= "Z") return digit.charCodeAt(0) - (base <= 36 ? 55 : 29);
  return digit === "@" ? 62 : 63;
}
