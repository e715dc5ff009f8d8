import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { Fatal, quote, type Tool, tool, UsageError } from "../tool.ts";
import { bytesOf, checkSets, parseSet } from "./tr-sets.ts";

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
    const warnings: string[] = [];
    const [pieces1, pieces2] = [a, b].map((set) =>
      set === undefined ? undefined : parseSet(set, (text) => warnings.push(text)),
    );
    for (const warning of warnings) yield* t.error(warning, 0);
    checkSets(pieces1!, pieces2, { complement, translates: !remove && b !== undefined });
    const first = bytesOf(pieces1!);
    const set1 = complement ? inverted(first) : first;
    const set2 = pieces2 === undefined ? undefined : bytesOf(pieces2, set1.length);
    const map = new Uint8Array(256).map((_, i) => i);
    if (!remove && set2 !== undefined) {
      if (set2.length === 0 && !o.has("t") && set1.length > 0)
        throw new Fatal("when not truncating set1, string2 must be non-empty");
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
      const bytes = yield* input(t);
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

function* input(t: Tool): Gen<Uint8Array> {
  try {
    return yield* sys.read(t.p, 0);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Fatal(`read error: ${error.message}`);
  }
}
