import { cpu, decode, type Gen } from "../../kernel/index.ts";
import { readWhole } from "../io.ts";
import { quote, tool } from "../tool.ts";

/** Prime factors of a number, smallest first, by trial division in slices. */
function* factors(number: bigint): Gen<bigint[]> {
  const out: bigint[] = [];
  let left = number;
  for (let by = 2n, n = 0; by * by <= left; by += by === 2n ? 1n : 2n) {
    while (left % by === 0n) {
      out.push(by);
      left /= by;
    }
    if (++n % 4096 === 0) yield* cpu(500);
  }
  if (left > 1n) out.push(left);
  return out;
}

/** factor(1). */
export const factor = tool(
  {
    name: "factor",
    short: "h",
    long: "exponents=h",
    usage: "[OPTION] [NUMBER]...",
    about: "Print the prime factors of each specified integer NUMBER.",
  },
  function* (t, o) {
    const words =
      o.operands.length > 0
        ? o.operands
        : decode(yield* readWhole(t.p, 0))
            .split(/\s+/)
            .filter((word) => word !== "");
    for (const word of words) {
      if (!/^\s*\+?\d{1,20}$/.test(word)) {
        yield* t.error(`${quote(word)} is not a valid positive integer`);
        continue;
      }
      const found = yield* factors(BigInt(word.trim().replace("+", "")));
      let text = found.map((factor) => ` ${factor}`).join("");
      if (o.has("h"))
        text = [...new Set(found)]
          .map((factor) => {
            const times = found.filter((other) => other === factor).length;
            return times > 1 ? ` ${factor}^${times}` : ` ${factor}`;
          })
          .join("");
      t.out.add(`${BigInt(word.trim().replace("+", ""))}:${text}\n`);
    }
    return t.status;
  },
);
