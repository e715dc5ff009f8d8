import { encode } from "../../kernel/index.ts";
import { tool, UsageError } from "../tool.ts";
import { texts } from "./lines.ts";

/** cmp(1). */
export const cmp = tool(
  {
    name: "cmp",
    short: "bi:ln:s",
    long: "print-bytes=b verbose=l quiet=s silent=s bytes:=n",
    usage: "[OPTION]... FILE1 [FILE2 [SKIP1 [SKIP2]]]",
    about: "Compare two files byte by byte.",
    version: "cmp (GNU diffutils) 3.10",
    usageStatus: 2,
  },
  function* (t, o) {
    const [a, b = "-"] = o.operands;
    if (a === undefined) throw new UsageError("missing operand after 'cmp'");
    const sides = yield* texts(t, [a, b]);
    if (sides.length < 2) return 2;
    const [x, y] = sides.map(({ text }) => encode(text));
    let line = 1;
    for (let i = 0; i < Math.min(x!.length, y!.length); i++) {
      if (x![i] !== y![i]) {
        if (!o.has("s")) t.out.add(`${a} ${b} differ: byte ${i + 1}, line ${line}\n`);
        return 1;
      }
      if (x![i] === 10) line++;
    }
    if (x!.length === y!.length) return 0;
    const shorter = x!.length < y!.length ? a : b;
    const length = Math.min(x!.length, y!.length);
    if (!o.has("s"))
      yield* t.error(
        length === 0 ? `EOF on ${shorter} which is empty` : `EOF on ${shorter} after byte ${length}, line ${line - 1}`,
        1,
      );
    return 1;
  },
);
