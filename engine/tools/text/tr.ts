import { decode, encode } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { Fatal, quote, tool, UsageError } from "../tool.ts";

/** tr(1): bytes, as in coreutils. */
export const tr = tool(
  {
    name: "tr",
    short: "+cCdst",
    long: "complement=c delete=d squeeze-repeats=s truncate-set1=t",
    usage: "[OPTION]... STRING1 [STRING2]",
    about: "Translate, squeeze, and/or delete characters from standard input,\nwriting to standard output.",
  },
  function* (t, o) {
    const remove = o.has("d");
    const squeeze = o.has("s");
    const complement = o.has("c", "C");
    const [a, b, extra] = o.operands;
    const two = remove === squeeze;
    if (a === undefined) throw new UsageError("missing operand");
    if (b === undefined && two)
      throw new UsageError(
        `missing operand after ${quote(a)}\n${
          remove
            ? "Two strings must be given when both deleting and squeezing repeats."
            : "Two strings must be given when translating."
        }`,
      );
    if (b !== undefined && remove && !squeeze)
      throw new UsageError(
        `extra operand ${quote(b)}\nOnly one string may be given when deleting without squeezing repeats.`,
      );
    if (extra !== undefined) throw new UsageError(`extra operand ${quote(extra)}`);
    const inverted = (set: number[]): number[] => {
      const inside = new Set(set);
      return Array.from({ length: 256 }, (_, i) => i).filter((byte) => !inside.has(byte));
    };
    const first = expand(a, undefined);
    const set1 = complement ? inverted(first) : first;
    const set2 = b === undefined ? undefined : expand(b, set1.length);
    const map = new Uint8Array(256).map((_, i) => i);
    if (!remove && set2 !== undefined) {
      if (set2.length === 0 && !o.has("t")) throw new Fatal("when not truncating set1, string2 must be non-empty");
      const last = set2.at(-1)!;
      set1.forEach((byte, i) => {
        if (i < set2.length) map[byte] = set2[i]!;
        else if (!o.has("t")) map[byte] = last;
      });
    }
    const deleted = new Uint8Array(256);
    if (remove) for (const byte of set1) deleted[byte] = 1;
    const squeezed = new Uint8Array(256);
    if (squeeze) for (const byte of set2 ?? set1) squeezed[byte] = 1;
    let previous = -1;
    for (;;) {
      const bytes = yield* sys.read(t.p, 0);
      if (bytes.length === 0) return 0;
      const out = new Uint8Array(bytes.length);
      let length = 0;
      for (let i = 0; i < bytes.length; i++) {
        if (deleted[bytes[i]!]) continue;
        const byte = map[bytes[i]!]!;
        if (squeezed[byte] && byte === previous) continue;
        previous = byte;
        out[length++] = byte;
      }
      yield* t.out.bytes(out.subarray(0, length));
    }
  },
);

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

/** Bytes of a SET; `[x*]` fills up to `length`, the size of the first set. */
function expand(text: string, length: number | undefined): number[] {
  const bytes = encode(text);
  const units: { byte: number; escaped: boolean }[] = [];
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== 92 || i + 1 >= bytes.length) {
      units.push({ byte: bytes[i]!, escaped: false });
      continue;
    }
    const rest = decode(bytes.subarray(i + 1, i + 4));
    const octal = /^[0-7]{1,3}/.exec(rest);
    if (octal) {
      units.push({ byte: Number.parseInt(octal[0], 8) & 255, escaped: true });
      i += octal[0].length;
    } else {
      units.push({ byte: ESCAPES[rest[0]!] ?? bytes[i + 1]!, escaped: true });
      i++;
    }
  }
  const out: number[] = [];
  const plain = (i: number, char: string) => units[i]?.byte === char.charCodeAt(0) && !units[i]!.escaped;
  let fill: { at: number; byte: number } | undefined;
  for (let i = 0; i < units.length; i++) {
    if (plain(i, "[") && (plain(i + 1, ":") || plain(i + 1, "="))) {
      const mark = String.fromCharCode(units[i + 1]!.byte);
      let end = i + 2;
      while (end + 1 < units.length && !(plain(end, mark) && plain(end + 1, "]"))) end++;
      if (end + 1 < units.length) {
        const name = String.fromCharCode(...units.slice(i + 2, end).map((unit) => unit.byte));
        if (mark === ":") {
          const set = CLASSES[name];
          if (set === undefined) throw new Fatal(`invalid character class ${quote(name)}`);
          out.push(...set);
        } else {
          if (name.length !== 1) throw new Fatal(`${name}: equivalence class operand must be a single character`);
          out.push(name.charCodeAt(0));
        }
        i = end + 1;
        continue;
      }
    }
    if (plain(i, "[") && plain(i + 2, "*") && length !== undefined) {
      let end = i + 3;
      while (end < units.length && units[end]!.byte >= 48 && units[end]!.byte <= 57) end++;
      if (plain(end, "]")) {
        const digits = String.fromCharCode(...units.slice(i + 3, end).map((unit) => unit.byte));
        const times = digits === "" ? 0 : Number.parseInt(digits, digits.startsWith("0") ? 8 : 10);
        const { byte } = units[i + 1]!;
        if (times === 0) fill = { at: out.length, byte };
        else for (let k = 0; k < times; k++) out.push(byte);
        i = end;
        continue;
      }
    }
    if (plain(i + 1, "-") && i + 2 < units.length) {
      const from = units[i]!.byte;
      const to = units[i + 2]!.byte;
      if (to < from)
        throw new Fatal(
          `range-endpoints of '${show(units[i]!.byte)}-${show(units[i + 2]!.byte)}' are in reverse collating sequence order`,
        );
      out.push(...range(from, to));
      i += 2;
      continue;
    }
    out.push(units[i]!.byte);
  }
  if (fill !== undefined && length !== undefined)
    out.splice(fill.at, 0, ...new Array<number>(Math.max(0, length - out.length)).fill(fill.byte));
  return out;
}

function show(byte: number): string {
  return byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, "0")}`;
}
