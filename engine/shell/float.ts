/** Decimal texts of floating-point numbers, as printf(3) writes them. */

/** Leading number of a text and what follows it. */
export function parseFloatText(text: string): { value: number; rest: string } {
  const match = /^\s*([+-]?)(inf(?:inity)?|nan|0x[0-9a-f]+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)/i.exec(text);
  if (match === null) return { value: 0, rest: text };
  const body = match[2]!.toLowerCase();
  const size = body.startsWith("inf") ? Infinity : body === "nan" ? NaN : Number(body);
  return { value: match[1] === "-" ? -size : size, rest: text.slice(match[0].length) };
}

/** A number that is not negative, in the manner of `kind` (e, f, g and capitals). */
export function formatFloat(value: number, kind: string, precision: number | undefined, alternate: boolean): string {
  const upper = kind >= "A" && kind <= "Z";
  const text = format(value, kind.toLowerCase(), precision ?? 6, alternate);
  return upper ? text.toUpperCase() : text;
}

function format(value: number, kind: string, precision: number, alternate: boolean): string {
  if (Number.isNaN(value)) return "nan";
  if (value === Infinity) return "inf";
  if (kind === "f") return fixed(value, precision);
  if (kind === "e" || kind === "a") return exponential(value, precision);
  const significant = precision === 0 ? 1 : precision;
  const exponent = value === 0 ? 0 : Number(value.toExponential(Math.min(100, significant - 1)).split("e")[1]);
  let text: string;
  if (exponent < -4 || exponent >= significant) {
    text = exponential(value, significant - 1);
    if (!alternate) text = text.replace(/\.?0*e/, "e");
  } else {
    text = fixed(value, significant - 1 - exponent);
    if (!alternate && text.includes(".")) text = text.replace(/\.?0+$/, "");
  }
  return text;
}

/** Exact decimal expansion of a double, rounded half to even as glibc does. */
function fixed(value: number, digits: number): string {
  if (value >= 1e21 || digits > 100) {
    const whole = BigInt(Math.trunc(value)).toString();
    return digits > 0 ? `${whole}.${"0".repeat(Math.min(digits, 1000))}` : whole;
  }
  return value.toFixed(digits);
}

function exponential(value: number, digits: number): string {
  const [mantissa, exponent] = value.toExponential(Math.min(digits, 100)).split("e") as [string, string];
  const size = exponent.slice(1).padStart(2, "0");
  return `${mantissa}e${exponent[0]}${size}`;
}
