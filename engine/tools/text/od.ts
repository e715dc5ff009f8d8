import type { Gen } from "../../kernel/index.ts";
import { cpu } from "../../kernel/index.ts";
import { CONTROL_NAMES } from "../../text/escapes.ts";
import { general } from "../../text/number-format.ts";
import type { ParsedOptions } from "../options.ts";
import { argMatch, Fatal, quote, tool } from "../tool.ts";
import { contents } from "./input.ts";

/** One -t: how a block of a line is shown. */
interface Shape {
  kind: "a" | "c" | "d" | "f" | "o" | "u" | "x";
  size: number;
  /** Characters of one value, without the blank before it. */
  width: number;
  text: boolean;
}

const SHORT: Record<string, string> = {
  a: "a",
  b: "o1",
  c: "c",
  d: "u2",
  f: "fF",
  i: "dI",
  l: "dL",
  e: "fD",
  h: "x2",
  o: "o2",
  s: "d2",
  x: "x2",
};
const NAMES =
  "nul soh stx etx eot enq ack bel bs ht nl vt ff cr so si dle dc1 dc2 dc3 dc4 nak syn etb can em sub esc fs gs rs us sp".split(
    " ",
  );

/** od(1). */
/**
 * A last operand that is an offset, where no option says what is skipped or shown: `+2`, or a number behind a file
 * (`parse_old_offset` of od.c). Octal unless it has a point, times 512 with a `b`.
 */
function traditional({ operands, list }: ParsedOptions): { files: readonly string[]; offset: number } {
  const modern = list.some(({ key }) => ["A", "j", "N", "t", "v", "w", "S", "endian"].includes(key));
  const last = operands.at(-1);
  const most = list.some(({ key }) => key === "traditional") ? 3 : 2;
  const match = last === undefined ? null : /^(\+?)(0x[0-9a-f]+|\d+)(\.?)(b?)$/i.exec(last);
  const allowed = operands.length === 1 ? match?.[1] === "+" || most === 3 : operands.length === 2;
  if (modern || match === null || !allowed) return { files: operands, offset: 0 };
  const base = match[2]!.toLowerCase().startsWith("0x") ? 16 : match[3] === "." ? 10 : 8;
  const offset = Number.parseInt(match[2]!, base) * (match[4] === "b" ? 512 : 1);
  return { files: operands.slice(0, -1), offset };
}

export const od = tool(
  {
    name: "od",
    short: "A:j:N:S:t:vw::abcdefhiloxs",
    long: "address-radix:=A skip-bytes:=j read-bytes:=N format:=t output-duplicates=v width::=w endian:=endian strings::=S traditional=traditional",
    usage: "[OPTION]... [FILE]...\n  or:  od [-abcdfilosx]... [FILE] [[+]OFFSET[.][b]]",
    about: "Write an unambiguous representation, octal bytes by default,\nof FILE to standard output.",
  },
  function* (t, o) {
    const radix = o.value("A") ?? "o";
    if (!/^[doxn]/.test(radix))
      throw new Fatal(`invalid output address radix '${radix}'; it must be one character from [doxn]`);
    const shapes: Shape[] = [];
    for (const { key, value } of o.list) {
      if (key === "t") shapes.push(...parseShapes(value!));
      else if (SHORT[key]) shapes.push(...parseShapes(SHORT[key]));
    }
    const least = o.value("S") === undefined ? undefined : count(o.value("S")!, "S");
    if (shapes.length === 0) shapes.push(...parseShapes("o2"));
    const { files, offset } = traditional(o);
    const skip = o.value("j") === undefined ? offset : count(o.value("j")!, "j");
    const limit = o.value("N") === undefined ? Number.POSITIVE_INFINITY : count(o.value("N")!, "N");
    const parts = yield* contents(t, files, limit + skip);
    if (parts.length === 0 && t.status !== 0) return t.status;
    const size = parts.reduce((sum, part) => sum + part.bytes.length, 0);
    if (skip > size) throw new Fatal("cannot skip past end of combined input");
    const all = new Uint8Array(size);
    let at = 0;
    for (const part of parts) {
      all.set(part.bytes, at);
      at += part.bytes.length;
    }
    const bytes = all.subarray(skip, Math.min(size, skip + limit));
    if (o.value("endian") !== undefined) argMatch(o.value("endian")!, "--endian", ["little", "big"]);
    if (o.value("w") !== undefined && !/^0*[1-9]/.test(o.value("w")!))
      throw new Fatal(
        /^0+$/.test(o.value("w")!) ? `invalid -w argument '${o.value("w")}'` : `invalid -w argument '${o.value("w")}'`,
      );
    const unit = shapes.reduce((a, shape) => lcm(a, shape.size), 1);
    const width = o.has("w") ? Number(o.value("w") ?? 32) : 16 - (16 % unit) || unit;
    const shown = new Dump(shapes, width, radix[0]!, o.value("endian") === "big");
    if (least !== undefined) {
      for (const [at, text] of strings(bytes, least))
        t.out.add(`${radix === "n" ? "" : `${shown.address(skip + at)} `}${text}\n`);
      return t.status;
    }
    let before: string | undefined;
    let starred = false;
    for (let from = 0; from < bytes.length; from += width) {
      const line = shown.line(bytes, from);
      const full = from + width <= bytes.length;
      const same = full && line === before && !o.has("v");
      before = full ? line : undefined;
      if (same) {
        if (!starred) t.out.add("*\n");
        starred = true;
        continue;
      }
      starred = false;
      t.out.add(line.replaceAll("\0", shown.address(skip + from)));
      if (t.out.full) yield* step(t.out.flush());
    }
    if (radix !== "n") t.out.add(`${shown.address(skip + bytes.length)}\n`);
    return t.status;
  },
);

/** Runs of at least so many printable characters that end with a NUL (-S). */
function* strings(bytes: Uint8Array, least: number): Generator<[number, string]> {
  let start = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte >= 32 && byte < 127) continue;
    if (byte === 0 && i - start >= least) yield [start, String.fromCharCode(...bytes.subarray(start, i))];
    start = i + 1;
  }
}

function* step(flush: Gen<void>): Gen<void> {
  yield* cpu(200);
  yield* flush;
}

function lcm(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y > 0) [x, y] = [y, x % y];
  return (a / x) * b;
}

/** A number of bytes: decimal, 0x, octal; with b, k, M … */
function count(text: string, option: string): number {
  const match = /^(0[xX][0-9a-fA-F]+|\d+)(b|[kKMG](?:iB|B)?)?$/.exec(text);
  if (match === null) throw new Fatal(`invalid -${option} argument '${text}'`);
  const number = /^0[0-7]+$/.test(match[1]!) ? Number.parseInt(match[1]!, 8) : Number(match[1]);
  const unit = match[2] ?? "";
  const base = unit.length === 2 ? 1000 : 1024;
  return number * (unit === "b" ? 512 : unit === "" ? 1 : base ** ("KMG".indexOf(unit[0]!.toUpperCase()) + 1));
}

function parseShapes(text: string): Shape[] {
  const out: Shape[] = [];
  let rest = text;
  while (rest !== "") {
    const match = /^([acdfoux])(\d+|[CSILFDHB])?(z)?/.exec(rest);
    if (match === null) throw new Fatal(`invalid character '${rest[0]}' in type string ${quote(text)}`);
    rest = rest.slice(match[0].length);
    const kind = match[1] as Shape["kind"];
    const sizes: Record<string, number> = { C: 1, S: 2, I: 4, L: 8, F: 4, D: 8 };
    const size =
      kind === "a" || kind === "c"
        ? 1
        : match[2] === undefined
          ? kind === "f"
            ? 8
            : 4
          : (sizes[match[2]] ?? Number(match[2]));
    if (![1, 2, 4, 8].includes(size) || (kind === "f" && size < 4)) {
      const what = kind === "f" ? "floating point" : "integral";
      throw new Fatal(`invalid type string ${quote(text)};\nthis system doesn't provide a ${size}-byte ${what} type`);
    }
    out.push({ kind, size, width: widthOf(kind, size), text: match[3] !== undefined });
  }
  return out;
}

function widthOf(kind: Shape["kind"], size: number): number {
  switch (kind) {
    case "a":
    case "c":
      return 3;
    case "x":
      return size * 2;
    case "o":
      return { 1: 3, 2: 6, 4: 11, 8: 22 }[size]!;
    case "u":
      return { 1: 3, 2: 5, 4: 10, 8: 20 }[size]!;
    case "d":
      return { 1: 4, 2: 6, 4: 11, 8: 20 }[size]!;
    default:
      return size === 4 ? 15 : 24;
  }
}

class Dump {
  private readonly shapes: readonly Shape[];
  private readonly width: number;
  private readonly radix: string;
  private readonly big: boolean;
  /** Columns of one block of `unit` bytes, shared by all shapes. */
  private readonly columns: number;
  private readonly unit: number;

  constructor(shapes: readonly Shape[], width: number, radix: string, big: boolean) {
    this.shapes = shapes;
    this.width = width;
    this.radix = radix;
    this.big = big;
    this.unit = shapes.reduce((a, shape) => lcm(a, shape.size), 1);
    this.columns = Math.max(...shapes.map((shape) => (this.unit / shape.size) * (shape.width + 1)));
  }

  address(at: number): string {
    if (this.radix === "n") return "";
    return this.radix === "d"
      ? String(at).padStart(7, "0")
      : this.radix === "x"
        ? at.toString(16).padStart(6, "0")
        : at.toString(8).padStart(7, "0");
  }

  /** The lines of one block; NUL stands for the address. */
  line(bytes: Uint8Array, from: number): string {
    const block = bytes.subarray(from, from + this.width);
    const blank = " ".repeat(this.radix === "n" ? 0 : this.radix === "x" ? 6 : 7);
    return this.shapes
      .map((shape, i) => {
        const count = Math.ceil(block.length / shape.size);
        const perUnit = this.unit / shape.size;
        const spare = this.columns - perUnit * (shape.width + 1);
        let text = i === 0 ? "\0" : blank;
        for (let k = 0; k < count; k++) {
          // Blanks that align shapes of different widths are spread over a block, as od spreads them.
          const slot = k % perUnit;
          const pad =
            Math.floor((spare * (perUnit - slot)) / perUnit) - Math.floor((spare * (perUnit - slot - 1)) / perUnit);
          text += " ".repeat(1 + pad) + this.value(shape, block, k * shape.size).padStart(shape.width);
        }
        if (shape.text) {
          const missing = this.width / shape.size - count;
          const printable = [...block].map((b) => (b >= 32 && b < 127 ? String.fromCharCode(b) : ".")).join("");
          text += `${" ".repeat(missing * (shape.width + 1 + spare / perUnit))}  >${printable}<`;
        }
        return `${text}\n`;
      })
      .join("");
  }

  private value(shape: Shape, block: Uint8Array, at: number): string {
    const { kind, size } = shape;
    const first = block[at]!;
    if (kind === "a") return (first & 127) === 127 ? "del" : (NAMES[first & 127] ?? String.fromCharCode(first & 127));
    if (kind === "c") {
      const escaped = first === 0 ? "\\0" : CONTROL_NAMES[first];
      return escaped ?? (first >= 32 && first < 127 ? String.fromCharCode(first) : first.toString(8).padStart(3, "0"));
    }
    const raw = new Uint8Array(8);
    for (let i = 0; i < size; i++) raw[this.big ? size - 1 - i : i] = block[at + i] ?? 0;
    const view = new DataView(raw.buffer);
    if (kind === "f") return size === 4 ? shortest32(view.getFloat32(0, true)) : shortest64(view.getFloat64(0, true));
    const unsigned = BigInt.asUintN(size * 8, view.getBigUint64(0, true));
    if (kind === "x") return unsigned.toString(16).padStart(shape.width, "0");
    if (kind === "o") return unsigned.toString(8).padStart(shape.width, "0");
    return (kind === "d" ? BigInt.asIntN(size * 8, unsigned) : unsigned).toString();
  }
}

function shortest64(value: number): string {
  for (let digits = Math.abs(value) < 2 ** -1022 ? 1 : 15; digits < 17; digits++)
    if (Number(general(value, digits)) === value) return general(value, digits);
  return general(value, 17);
}

function shortest32(value: number): string {
  for (let digits = Math.abs(value) < 2 ** -126 ? 1 : 6; digits < 9; digits++)
    if (Math.fround(Number(general(value, digits))) === value) return general(value, digits);
  return general(value, 9);
}
