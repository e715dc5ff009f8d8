/** Constants of Go templates: a number is of every type that can hold it (parse/node.go newNumber). */

import { quoteString } from "../../../text/go-quote.ts";
import type { NumberNode } from "./nodes.ts";
import { unquoteCharacter } from "./strconv.ts";

const MAX = 1n << 63n;

/** Underscores stand between digits, or after a base prefix. */
function underscoresFit(text: string): boolean {
  const [, prefix, rest] = /^[-+]?(0[xXbBoO])?(.*)$/.exec(text) as unknown as [string, string | undefined, string];
  const digit = prefix?.toLowerCase() === "0x" ? /[0-9a-fA-F]/ : /[0-9]/;
  return [...rest].every((char, i) => {
    if (char !== "_") return true;
    const before = i === 0 ? prefix !== undefined : digit.test(rest[i - 1]!);
    return before && digit.test(rest[i + 1] ?? "");
  });
}

/** Sign and magnitude of an integer literal in base 2, 8, 10 or 16. */
function integerLiteral(text: string): { negative: boolean; signed: boolean; size: bigint } | undefined {
  const match = /^([-+]?)(0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|0[0-7_]*|[1-9][0-9_]*)$/.exec(text);
  if (match === null || !underscoresFit(text)) return undefined;
  let digits = match[2]!.replace(/_/g, "");
  if (/^0[0-7]+$/.test(digits)) digits = `0o${digits.slice(1)}`;
  return { negative: match[1] === "-", signed: match[1] !== "", size: BigInt(digits) };
}

/** strconv.ParseFloat of a finite number. */
function floatLiteral(text: string): number | undefined {
  if (text.includes("_") && !underscoresFit(text)) return undefined;
  const plain = text.replace(/_/g, "");
  const hex = /^([-+]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([-+]?\d+)$/.exec(plain);
  if (hex) {
    const digits = `${hex[2]}${hex[3]}`;
    if (digits === "") return undefined;
    const power = Number(hex[4]) - 4 * hex[3]!.length;
    if (Math.abs(power) > 1100) return undefined;
    return (hex[1] === "-" ? -1 : 1) * Number(BigInt(`0x${digits}`)) * 2 ** power;
  }
  if (!/^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(plain)) return undefined;
  const value = Number(plain);
  return Number.isFinite(value) ? value : undefined;
}

/** Reads a number; returns what is wrong with it otherwise. */
export function parseNumber(text: string, type: "number" | "complex" | "character", at: number): NumberNode | string {
  const node: NumberNode = { kind: "number", at, text };
  if (type === "character") {
    const code = unquoteCharacter(text);
    if (typeof code === "string") return code;
    return { ...node, int: BigInt(code), uint: BigInt(code), float: code };
  }
  if (type === "complex") {
    const split = /^(.*[^eEpP])([-+].*)i$/.exec(text);
    const real = floatLiteral(split?.[1] ?? "");
    const imaginary = floatLiteral(split?.[2] ?? "");
    return real === undefined || imaginary === undefined
      ? "syntax error scanning complex number"
      : withComplex(node, real, imaginary);
  }
  if (text.endsWith("i")) {
    const imaginary = floatLiteral(text.slice(0, -1));
    if (imaginary !== undefined) return withComplex(node, 0, imaginary);
  }
  const literal = integerLiteral(text);
  if (literal !== undefined) {
    const { negative, signed, size } = literal;
    if (!signed && size < 2n * MAX) node.uint = size;
    if (size < MAX || (negative && size === MAX)) node.int = negative ? -size : size;
  }
  const whole = node.int ?? node.uint;
  if (whole !== undefined) return { ...node, float: Number(whole) };
  const float = floatLiteral(text);
  if (float === undefined) return `illegal number syntax: ${quoteString(text)}`;
  if (!/[.eEpP]/.test(text)) return `integer overflow: ${quoteString(text)}`;
  node.float = float;
  if (Number.isInteger(float) && Math.abs(float) < 2 ** 63) node.int = BigInt(float);
  return node;
}

function withComplex(node: NumberNode, real: number, imaginary: number): NumberNode {
  return { ...node, complex: { real, imaginary } };
}

/** `0x10`, which has an `e` of its own. */
export function isHexInteger(text: string): boolean {
  return /^0[xX]./.test(text) && !/[pP]/.test(text);
}
