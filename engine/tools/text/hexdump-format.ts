/** The format strings of hexdump -e: `[iterations]/[bytes] "format"`, one after another. */
import { type FormatSpec, formatFloat, formatInteger, pad, parseFormat } from "../../text/number-format.ts";
import { Fatal } from "../tool.ts";

/** A conversion with the text around it, or text alone. */
interface Part {
  before: string;
  spec: FormatSpec | undefined;
  after: string;
  /** Bytes it takes of the input. */
  bytes: number;
  /** What it shows: `c`, `_p`, `d`, `_ax`… */
  kind: string;
}

interface Unit {
  reps: number;
  repsGiven: boolean;
  parts: Part[];
  bytes: number;
}

export type Format = Unit[];

const ESCAPES: Record<string, string> = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v", "0": "\0" };
const NAMES =
  "nul soh stx etx eot enq ack bel bs ht lf vt ff cr so si dle dc1 dc2 dc3 dc4 nak syn etb can em sub esc fs gs rs us".split(
    " ",
  );
const CHARS: Record<number, string> = {
  0: "\\0",
  7: "\\a",
  8: "\\b",
  9: "\\t",
  10: "\\n",
  11: "\\v",
  12: "\\f",
  13: "\\r",
};

/** Reads one argument of -e, or a line of a -f file. Throws `Fatal`. */
export function parseHexFormat(text: string): Format {
  const units: Unit[] = [];
  let rest = text.trimStart();
  while (rest !== "") {
    const match = /^(\d*)\s*(?:\/\s*(\d+))?\s*"((?:[^"\\]|\\.)*)"\s*/s.exec(rest);
    if (match === null) throw new Fatal(`bad format {${text}}`);
    const format = match[3]!.replace(/\\(.)/gs, (_whole, char: string) => ESCAPES[char] ?? char);
    units.push(unitOf(format, match[1]!, match[2]));
    rest = rest.slice(match[0].length);
  }
  return units;
}

function unitOf(format: string, reps: string, bytes: string | undefined): Unit {
  const parts: Part[] = [];
  let before = "";
  // `%_c` and the like are no conversions of printf: their letter comes behind.
  const marked = format.replace(
    /%([-+ #0]*\d*(?:\.\d*)?)_([acpuA])([dox]?)/g,
    (_whole, how: string, what: string, base: string) =>
      what === "a" || what === "A"
        ? `%${how}${what === "a" ? "\x01" : "\x02"}${base}`
        : `%${how}${"\x03\x04\x05"["cpu".indexOf(what)]}`,
  );
  const pieces = parseFormat(marked);
  for (let i = 0; i < pieces.length; i++) {
    const piece = pieces[i]!;
    if (typeof piece === "string") {
      const last = parts.at(-1);
      if (last) last.after += piece;
      else before += piece;
      continue;
    }
    const special: Record<string, string> = { "\x01": "_a", "\x02": "_A", "\x03": "_c", "\x04": "_p", "\x05": "_u" };
    let kind = special[piece.conversion] ?? piece.conversion;
    if (kind === "_a" || kind === "_A") {
      const next = pieces[i + 1];
      if (typeof next === "string") {
        kind += next[0]!;
        pieces[i + 1] = next.slice(1);
      }
    }
    parts.push({
      before: parts.length === 0 ? before : "",
      spec: piece,
      after: "",
      bytes: sizeOf(kind, piece, bytes),
      kind,
    });
  }
  const taking = parts.filter((part) => part.bytes > 0);
  if (bytes !== undefined && taking.length > 1) throw new Fatal("byte count with multiple conversion characters");
  if (parts.length === 0) parts.push({ before, spec: undefined, after: "", bytes: 0, kind: "" });
  return {
    reps: reps === "" ? 1 : Number(reps),
    repsGiven: reps !== "",
    parts,
    bytes: parts.reduce((sum, part) => sum + part.bytes, 0),
  };
}

function sizeOf(kind: string, spec: FormatSpec, given: string | undefined): number {
  const size = given === undefined ? undefined : Number(given);
  const only = (sizes: number[], normal: number): number => {
    if (size === undefined || size === 0) return normal;
    if (!sizes.includes(size)) throw new Fatal(`bad byte count for conversion character ${kind}`);
    return size;
  };
  if (kind.startsWith("_a") || kind.startsWith("_A")) return 0;
  if (kind === "c" || kind === "_c" || kind === "_p" || kind === "_u") return only([1], 1);
  if ("dioxXu".includes(kind) && kind !== "") return only([1, 2, 4, 8], 4);
  if ("eEfgG".includes(kind) && kind !== "") return only([4, 8], 8);
  if (kind === "s") {
    if (typeof spec.precision === "number") return spec.precision;
    if (size === undefined) throw new Fatal("%s requires a precision or a byte count");
    return size;
  }
  throw new Fatal(`bad conversion character %${kind}`);
}

/** The lines that formats make of an input whose first byte is at `address`; the same block again is a `*` unless `all`. */
export function* formatted(
  formats: readonly Format[],
  bytes: Uint8Array,
  address: number,
  all: boolean,
): Generator<string> {
  const total = (format: Format) => format.reduce((sum, unit) => sum + unit.bytes * unit.reps, 0);
  const block = Math.max(...formats.map(total));
  if (block === 0) return;
  for (const format of formats) {
    const last = format.at(-1);
    const short = block - total(format);
    if (last && short > 0 && !last.repsGiven && last.bytes > 0) last.reps += Math.floor(short / last.bytes);
  }
  const end = address + bytes.length;
  let before: Uint8Array | undefined;
  let starred = false;
  for (let at = 0; at < bytes.length; at += block) {
    const here = bytes.subarray(at, at + block);
    const same = before !== undefined && here.every((byte, i) => byte === before![i]);
    if (same && !all) {
      if (!starred) yield "*\n";
      starred = true;
      continue;
    }
    starred = false;
    before = here;
    for (const format of formats) yield lineOf(format, here, address + at, end);
  }
  for (const format of formats)
    for (const unit of format)
      if (unit.parts.some((part) => part.kind.startsWith("_A")))
        for (const part of unit.parts) yield part.before + shownAddress(part, end) + part.after;
}

function lineOf(format: Format, block: Uint8Array, address: number, end: number): string {
  let out = "";
  let at = 0;
  for (const unit of format) {
    if (unit.parts.some((part) => part.kind.startsWith("_A"))) continue;
    for (let n = unit.reps; n > 0; n--) {
      for (const [i, part] of unit.parts.entries()) {
        const beyond = address + at >= end && part.spec !== undefined;
        out +=
          part.before +
          (beyond
            ? " ".repeat(typeof part.spec!.width === "number" ? part.spec!.width : 0)
            : shown(part, block.subarray(at, at + part.bytes), address + at));
        // A blank at the end of what is repeated is left out the last time.
        const ends = n === 1 && unit.reps > 1 && i === unit.parts.length - 1;
        out += ends ? part.after.replace(/\s$/, "") : part.after;
        at += part.bytes;
      }
    }
  }
  return out;
}

function shownAddress(part: Part, address: number): string {
  if (part.spec === undefined || !/^_[aA]/.test(part.kind)) return "";
  return formatInteger({ ...part.spec, conversion: part.kind[2] ?? "d" }, BigInt(address));
}

function shown(part: Part, bytes: Uint8Array, address: number): string {
  const { spec, kind } = part;
  if (spec === undefined) return "";
  if (kind.startsWith("_a")) return shownAddress(part, address);
  const byte = bytes[0] ?? 0;
  const plain = byte >= 32 && byte < 127 ? String.fromCharCode(byte) : undefined;
  switch (kind) {
    case "c":
      return pad(spec, byte < 128 ? String.fromCharCode(byte) : String.fromCharCode(0xdc00 + byte));
    case "_p":
      return pad(spec, plain ?? ".");
    case "_c":
      return pad(spec, plain ?? CHARS[byte] ?? byte.toString(8).padStart(3, "0"));
    case "_u":
      return pad(spec, plain ?? NAMES[byte] ?? (byte === 127 ? "del" : byte.toString(16).padStart(2, "0")));
    case "s": {
      const text = Array.from(bytes, (one) => String.fromCharCode(one)).join("");
      return pad(spec, text.split("\0")[0]!);
    }
    default:
  }
  const whole = new Uint8Array(part.bytes);
  whole.set(bytes);
  const view = new DataView(whole.buffer);
  if ("eEfgG".includes(kind))
    return formatFloat(
      { ...spec, conversion: kind },
      part.bytes === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true),
    );
  let value = 0n;
  for (let i = part.bytes - 1; i >= 0; i--) value = value * 256n + BigInt(whole[i]!);
  if (kind === "d" || kind === "i") value = BigInt.asIntN(part.bytes * 8, value);
  return formatInteger({ ...spec, conversion: kind }, value);
}
