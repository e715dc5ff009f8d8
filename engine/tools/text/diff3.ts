/** diff3(1): what three files differ in, or (-m) the two later ones merged. Scripts for ed (-e, -x …) are not here. */
import { cpu, decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { readWhole } from "../io.ts";
import { Fatal, type Tool, tool, UsageError } from "../tool.ts";
import { compareLines } from "./compare-lines.ts";
import type { Change } from "./diff-output.ts";

/** A range of each file, from and to (that not included), and which of them is unlike the two others: 0 for all. */
interface Block {
  ranges: [number, number][];
  odd: 0 | 1 | 2 | 3;
}

/** Changes of both files against the old one, put together where they touch. */
function blocksOf(mine: Change[], yours: Change[], texts: readonly (readonly string[])[]): Block[] {
  const out: Block[] = [];
  let [i, j] = [0, 0];
  // How far each file is shifted against the old one.
  let [shiftMine, shiftYours] = [0, 0];
  while (i < mine.length || j < yours.length) {
    let low = Math.min(mine[i]?.a ?? Number.POSITIVE_INFINITY, yours[j]?.a ?? Number.POSITIVE_INFINITY);
    let high = low;
    const [startMine, startYours] = [shiftMine, shiftYours];
    for (let grown = true; grown; ) {
      grown = false;
      const a = mine[i];
      if (a !== undefined && a.a <= high) {
        low = Math.min(low, a.a);
        high = Math.max(high, a.a + a.na);
        shiftMine += a.nb - a.na;
        i++;
        grown = true;
      }
      const b = yours[j];
      if (b !== undefined && b.a <= high) {
        high = Math.max(high, b.a + b.na);
        shiftYours += b.nb - b.na;
        j++;
        grown = true;
      }
    }
    const ranges: [number, number][] = [
      [low + startMine, high + shiftMine],
      [low, high],
      [low + startYours, high + shiftYours],
    ];
    const [one, two, three] = ranges.map(([from, to], k) => texts[k]!.slice(from, to).join("\n") + (to - from));
    const odd = one === three ? 2 : two === three ? 1 : one === two ? 3 : 0;
    out.push({ ranges, odd });
  }
  return out;
}

function* linesAt(t: Tool, path: string): Gen<{ lines: string[]; open: boolean }> {
  try {
    const text = decode(path === "-" ? yield* readWhole(t.p, 0) : yield* sys.readPath(t.p, path));
    const lines = text.split("\n");
    const open = lines.at(-1) !== "";
    if (!open) lines.pop();
    return { lines, open };
  } catch (error) {
    if (!isErrno(error)) throw error;
    // It is diff that reads the files, and complains.
    yield* sys.printError(t.p, `diff: ${path}: ${error.message}\n`);
    throw new Fatal("subsidiary program 'diff' failed (exit status 2)", 2);
  }
}

function listed(t: Tool, blocks: readonly Block[], texts: readonly (readonly string[])[], indent: string): void {
  for (const { ranges, odd } of blocks) {
    t.out.add(`====${odd === 0 ? "" : odd}\n`);
    const order = odd === 2 ? [0, 2, 1] : [0, 1, 2];
    for (const k of order) {
      const [from, to] = ranges[k]!;
      const where = from === to ? `${from}a` : to - from === 1 ? `${to}c` : `${from + 1},${to}c`;
      t.out.add(`${k + 1}:${where}\n`);
      // Of two that are alike the last is shown.
      const alike = odd !== 0 && k !== odd - 1;
      const last = order.filter((one) => one !== odd - 1).at(-1);
      if (alike && k !== last) continue;
      for (const line of texts[k]!.slice(from, to)) t.out.add(`${indent}${line}\n`);
    }
  }
}

export const diff3 = tool(
  {
    name: "diff3",
    short: "aAeEiL:mTxX3v",
    long: "text=a show-all=A ed=e show-overlap=E label:=L merge=m initial-tab=T overlap-only=x easy-only=3 strip-trailing-cr=cr diff-program:=dp",
    usage: "[OPTION]... MYFILE OLDFILE YOURFILE",
    about: "Compare three files line by line.",
    version: "diff3 (GNU diffutils) 3.8",
    usageStatus: 2,
    hint: "diff3: Try 'diff3 --help' for more information.",
  },
  function* (t, o) {
    if (o.operands.length < 3) throw new UsageError(`missing operand after '${t.p.argv.at(-1)}'`);
    if (o.operands.length > 3) throw new UsageError(`extra operand '${o.operands[3]}'`);
    const files: { lines: string[]; open: boolean }[] = [];
    for (const path of o.operands) {
      files.push(yield* linesAt(t, path));
    }
    const texts = files.map(({ lines }) => lines);
    const [mine, old, yours] = texts as [string[], string[], string[]];
    yield* cpu(10 + ((mine.length + old.length + yours.length) >> 2));
    const blocks = blocksOf(yield* compareLines(old, mine), yield* compareLines(old, yours), texts);
    if (!o.has("m")) {
      if (o.has("e", "E", "A", "x", "X", "3")) throw new UsageError("scripts for ed are not supported here");
      listed(t, blocks, texts, o.has("T") ? "\t" : "  ");
      return 0;
    }
    const labels = [0, 1, 2].map((k) => o.values("L")[k] ?? o.operands[k]!);
    const add = (lines: readonly string[]) => {
      for (const line of lines) t.out.add(`${line}\n`);
    };
    let conflicts = false;
    let at = 0;
    const all = !o.has("E", "e", "x", "X", "3");
    for (const { ranges, odd } of blocks) {
      const [m, l, y] = ranges.map(([from, to], k) => texts[k]!.slice(from, to)) as [string[], string[], string[]];
      add(mine.slice(at, ranges[0]![0]));
      at = ranges[0]![1];
      if (odd === 1) add(m);
      else if (odd === 3) add(y);
      else if (odd === 2 && !all) add(m);
      else {
        conflicts = true;
        if (odd === 2) t.out.add(`<<<<<<< ${labels[1]}\n`);
        else t.out.add(`<<<<<<< ${labels[0]}\n`);
        add(odd === 2 ? l : m);
        if (odd === 0 && all) {
          t.out.add(`||||||| ${labels[1]}\n`);
          add(l);
        }
        t.out.add("=======\n");
        add(y);
        t.out.add(`>>>>>>> ${labels[2]}\n`);
      }
    }
    add(mine.slice(at));
    return conflicts ? 1 : 0;
  },
);
