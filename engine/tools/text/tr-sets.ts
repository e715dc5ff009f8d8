/** The SETs of tr(1): ranges, classes and repeats of bytes, and which of them may stand where. */
import { decode, encode } from "../../kernel/index.ts";
import { Fatal, quote } from "../tool.ts";

const ESCAPES: Record<string, number> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11, "\\": 92 };
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const CLASSES: Record<string, number[]> = {
  alnum: [...range(48, 57), ...range(65, 90), ...range(97, 122)],
  alpha: [...range(65, 90), ...range(97, 122)],
  blank: [9, 32],
  cntrl: [...range(0, 31), 127],
  digit: range(48, 57),
  graph: range(33, 126),
  lower: range(97, 122),
  print: range(32, 126),
  punct: [...range(33, 47), ...range(58, 64), ...range(91, 96), ...range(123, 126)],
  space: [...range(9, 13), 32],
  upper: range(65, 90),
  xdigit: [...range(48, 57), ...range(65, 70), ...range(97, 102)],
};

/** One piece of a SET: bytes in a row; a class by its name; a byte so many times, 0 for as many as are needed. */
export interface Piece {
  bytes: number[];
  name?: string;
  times?: number;
}

interface Unit {
  byte: number;
  escaped: boolean;
}

/** The pieces of a SET as it is written; warnings go to `warn`. Throws `Fatal`. */
export function parseSet(text: string, warn: (text: string) => void): Piece[] {
  const units = unescaped(encode(text), warn);
  const pieces: Piece[] = [];
  const plain = (i: number, char: string) => units[i]?.byte === char.charCodeAt(0) && !units[i]!.escaped;
  const written = (from: number, to: number) => String.fromCharCode(...units.slice(from, to).map((unit) => unit.byte));
  for (let i = 0; i < units.length; i++) {
    if (plain(i, "[") && (plain(i + 1, ":") || plain(i + 1, "="))) {
      const mark = String.fromCharCode(units[i + 1]!.byte);
      let end = i + 2;
      while (end + 1 < units.length && !(plain(end, mark) && plain(end + 1, "]"))) end++;
      if (end + 1 < units.length) {
        const name = written(i + 2, end);
        if (mark === ":") {
          const set = CLASSES[name];
          if (set === undefined) throw new Fatal(`invalid character class ${quote(name)}`);
          pieces.push({ bytes: set, name });
        } else {
          if (name.length !== 1) throw new Fatal(`${name}: equivalence class operand must be a single character`);
          pieces.push({ bytes: [name.charCodeAt(0)] });
        }
        i = end + 1;
        continue;
      }
    }
    if (plain(i, "[") && i + 1 < units.length && plain(i + 2, "*")) {
      let end = i + 3;
      while (end < units.length && !plain(end, "]")) end++;
      if (end < units.length) {
        const digits = written(i + 3, end);
        if (!/^\d*$/.test(digits)) throw new Fatal(`invalid repeat count ${quote(digits)} in [c*n] construct`);
        const times = digits === "" ? 0 : Number.parseInt(digits, digits.startsWith("0") ? 8 : 10);
        pieces.push({ bytes: [units[i + 1]!.byte], times });
        i = end;
        continue;
      }
    }
    if (plain(i + 1, "-") && i + 2 < units.length) {
      const from = units[i]!.byte;
      const to = units[i + 2]!.byte;
      if (to < from)
        throw new Fatal(`range-endpoints of '${show(from)}-${show(to)}' are in reverse collating sequence order`);
      pieces.push({ bytes: range(from, to) });
      i += 2;
      continue;
    }
    pieces.push({ bytes: [units[i]!.byte] });
  }
  return pieces;
}

function unescaped(bytes: Uint8Array, warn: (text: string) => void): Unit[] {
  const units: Unit[] = [];
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== 92) {
      units.push({ byte: bytes[i]!, escaped: false });
      continue;
    }
    if (i + 1 >= bytes.length) {
      warn("warning: an unescaped backslash at end of string is not portable");
      units.push({ byte: 92, escaped: false });
      continue;
    }
    const rest = decode(bytes.subarray(i + 1, i + 4));
    let octal = /^[0-7]{1,3}/.exec(rest)?.[0];
    if (octal !== undefined) {
      if (Number.parseInt(octal, 8) > 255) {
        warn(
          `warning: the ambiguous octal escape \\${octal} is being\n\tinterpreted as the 2-byte sequence \\0${octal.slice(0, 2)}, ${octal[2]}`,
        );
        octal = octal.slice(0, 2);
      }
      units.push({ byte: Number.parseInt(octal, 8), escaped: true });
      i += octal.length;
    } else {
      units.push({ byte: ESCAPES[rest[0]!] ?? bytes[i + 1]!, escaped: true });
      i++;
    }
  }
  return units;
}

/** The bytes of a SET's pieces; `[x*]` fills up to `length`, the size of the first set. */
export function bytesOf(pieces: readonly Piece[], length = 0): number[] {
  const size = pieces.reduce((sum, { bytes, times }) => sum + (times ?? bytes.length), 0);
  const out: number[] = [];
  for (const { bytes, times } of pieces) {
    if (times === undefined) out.push(...bytes);
    else for (let n = times || Math.max(0, length - size); n > 0; n--) out.push(bytes[0]!);
  }
  return out;
}

/** Refuses what POSIX leaves open in translations: classes in the second set but for changes of case, repeats in the first. */
export function checkSets(
  first: readonly Piece[],
  second: readonly Piece[] | undefined,
  how: { complement: boolean; translates: boolean },
): void {
  if (first.some((piece) => piece.times === 0)) throw new Fatal("the [c*] repeat construct may not appear in string1");
  if (second === undefined || !how.translates) return;
  if (second.filter((piece) => piece.times === 0).length > 1)
    throw new Fatal("only one [c*] repeat construct may appear in string2");
  if (second.some(({ name }) => name !== undefined && name !== "upper" && name !== "lower"))
    throw new Fatal("when translating, the only character classes that may appear in\nstring2 are 'upper' and 'lower'");
  if (how.complement) {
    if (second.at(-1)?.name !== undefined)
      throw new Fatal(
        "when translating with string1 longer than string2,\nthe latter string must not end with a character class",
      );
    return;
  }
  const places = (pieces: readonly Piece[]) => {
    const at = new Set<number>();
    let place = 0;
    for (const { bytes, name, times } of pieces) {
      if (name === "upper" || name === "lower") at.add(place);
      place += times ?? bytes.length;
    }
    return at;
  };
  const starts = places(first);
  for (const place of places(second))
    if (!starts.has(place)) throw new Fatal("misaligned [:upper:] and/or [:lower:] construct");
}

function show(byte: number): string {
  return byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, "0")}`;
}
