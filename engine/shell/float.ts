import { type Binary, readBinary } from "../text/binary-float.ts";

/** Leading number of a text and what follows it; `long`: as a long double, which bash reads it as. */
export function parseFloatText(
  text: string,
  long: boolean,
): { value: number | Binary; rest: string; outOfRange?: boolean } {
  const match =
    /^\s*([+-]?)(inf(?:inity)?|nan|0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?\d+)?|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)/i.exec(
      text,
    );
  if (match === null) return { value: 0, rest: text };
  const rest = text.slice(match[0].length);
  const body = match[2]!.toLowerCase();
  const sign = match[1] === "-" ? -1 : 1;
  if (body.startsWith("inf")) return { value: sign * Number.POSITIVE_INFINITY, rest };
  if (body === "nan") return { value: Number.NaN, rest };
  if (long) return { value: readBinary(match[1]! + body), rest };
  if (body.startsWith("0x")) return { value: readBinary(match[1]! + body, 53), rest };
  const value = sign * Number(body);
  // What a double cannot hold is infinite or nothing.
  return { value, rest, outOfRange: !Number.isFinite(value) || (value === 0 && /[1-9]/.test(body.split("e")[0]!)) };
}
