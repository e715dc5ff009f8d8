import { decode } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { readWhole } from "../io.ts";
import { Fatal, quote, tool, UsageError } from "../tool.ts";

/** tsort(1): an order of words that keeps every pair's. */
export const tsort = tool(
  {
    name: "tsort",
    short: "w",
    usage: "[OPTION] [FILE]",
    about: "Write totally ordered list consistent with the partial ordering in FILE.",
  },
  function* (t, o) {
    if (o.operands.length > 1) throw new UsageError(`extra operand ${quote(o.operands[1]!)}`);
    const path = o.operands[0] ?? "-";
    const fd = yield* t.open(path);
    if (fd === undefined) return 1;
    if (path !== "-" && sys.stat(t.p, path).kind === "dir") throw new Fatal(`${path}: read error: Is a directory`);
    const words = decode(yield* readWhole(t.p, fd))
      .split(/[ \t\n]+/)
      .filter((word) => word !== "");
    if (words.length % 2 === 1) throw new Fatal(`${path}: input contains an odd number of tokens`);
    const after = new Map<string, string[]>();
    const before = new Map<string, number>();
    for (const word of words) {
      if (!after.has(word)) after.set(word, []);
      if (!before.has(word)) before.set(word, 0);
    }
    for (let i = 0; i < words.length; i += 2) {
      const [first, second] = [words[i]!, words[i + 1]!];
      if (first === second) continue;
      after.get(first)!.unshift(second);
      before.set(second, before.get(second)! + 1);
    }
    const left = new Set([...after.keys()].sort());
    let ready = [...left].filter((word) => before.get(word) === 0);
    while (left.size > 0) {
      if (ready.length === 0) {
        yield* t.error(`${path}: input contains a loop:`);
        for (const word of left) yield* t.error(word);
        ready = [[...left][0]!];
      }
      const word = ready.shift()!;
      if (!left.delete(word)) continue;
      t.out.add(`${word}\n`);
      for (const next of after.get(word)!) {
        before.set(next, before.get(next)! - 1);
        if (before.get(next) === 0) ready.push(next);
      }
    }
    return t.status;
  },
);
