import { cpu, decode, encode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { readWhole } from "../io.ts";
import { Fatal, quote, shellQuote, type Tool, tool, UsageError } from "../tool.ts";
import { linesOf } from "./input.ts";
import { drawer, randomBytes } from "./random-source.ts";

/** Lines between two calls of the kernel. */
const SLICE = 512;

/** Bytes that are written together. */
const BLOCK = 65_536;

/** Draws of whole numbers, both ends included. */
interface Draws {
  int: (from: number, to: number) => number;
}

/** Draws from the bytes of --random-source: none for what has one outcome only. */
function drawn(below: (count: number) => number): Draws {
  return { int: (from, to) => from + (to > from ? below(to - from + 1) : 0) };
}

/** Writes lines at random, again and again: their bytes are made once. */
function* repeat(t: Tool, lines: readonly string[], end: string, count: number, random: Draws): Gen<void> {
  const known: (Uint8Array | undefined)[] = new Array(lines.length);
  let block = new Uint8Array(BLOCK);
  let size = 0;
  for (let n = 0; n < count; n++) {
    const at = random.int(0, lines.length - 1);
    const line = (known[at] ??= encode(lines[at]! + end));
    if (size + line.length > BLOCK) {
      yield* t.out.bytes(block.subarray(0, size));
      block = new Uint8Array(Math.max(BLOCK, line.length));
      size = 0;
    }
    if (line.length > 32) block.set(line, size);
    else for (let i = 0; i < line.length; i++) block[size + i] = line[i]!;
    size += line.length;
    if (n % SLICE === SLICE - 1) yield* cpu(250);
  }
  if (size > 0) yield* t.out.bytes(block.subarray(0, size));
}

/** shuf(1); its order comes from the session's seed. */
export const shuf = tool(
  {
    name: "shuf",
    short: "ei:n:o:rz",
    long: "echo=e input-range:=i head-count:=n output:=o random-source:=source repeat=r zero-terminated=z",
    usage: "[OPTION]... [FILE]\n  or:  shuf -e [OPTION]... [ARG]...\n  or:  shuf -i LO-HI [OPTION]...",
    about: "Write a random permutation of the input lines to standard output.",
  },
  function* (t, o) {
    const range = o.value("i");
    let limit = Number.POSITIVE_INFINITY;
    for (const text of o.values("n")) {
      if (!/^\d+$/.test(text)) throw new Fatal(`invalid line count: ${quote(text)}`);
      limit = Math.min(limit, Number(text));
    }
    if (range !== undefined && o.has("e")) throw new UsageError("cannot combine -e and -i options");
    const end = o.has("z") ? "\0" : "\n";
    let lines: string[];
    if (range !== undefined) {
      const match = /^(\d+)-(\d+)$/.exec(range);
      if (match === null || Number(match[1]) > Number(match[2]) + 1)
        throw new Fatal(`invalid input range: ${quote(range)}`);
      if (o.operands.length > 0) throw new UsageError(`extra operand ${quote(o.operands[0]!)}`);
      const count = Number(match[2]) - Number(match[1]) + 1;
      if (count > 5_000_000) throw new Fatal("memory exhausted");
      lines = [];
      for (let i = 0; i < count; i++) {
        lines.push(String(Number(match[1]) + i));
        if (i % SLICE === SLICE - 1) yield* cpu(250);
      }
    } else if (o.has("e")) lines = [...o.operands];
    else {
      if (o.operands.length > 1) throw new UsageError(`extra operand ${quote(o.operands[1]!)}`);
      const path = o.operands[0] ?? "-";
      try {
        const bytes = path === "-" ? yield* readWhole(t.p, 0) : sys.readBytes(t.p, path);
        lines = linesOf(decode(bytes), end);
      } catch (error) {
        if (!isErrno(error)) throw error;
        throw new Fatal(error.code === "EISDIR" ? `read error: ${error.message}` : `${path}: ${error.message}`);
      }
    }
    const own = t.p.machine.kernel.random("shuf");
    const source = o.value("source");
    const draw = source === undefined ? undefined : drawer(yield* randomBytes(t, source));
    const random = draw === undefined ? own : drawn(draw);
    const picked: string[] = [];
    if (o.has("r")) {
      if (lines.length === 0 && limit > 0) throw new Fatal("no lines to repeat");
      if (o.value("o") === undefined) yield* repeat(t, lines, end, limit, random);
      else
        for (let n = 0; n < limit; n++) {
          picked.push(lines[random.int(0, lines.length - 1)]!);
          if (n % SLICE === SLICE - 1) yield* cpu(250);
        }
    } else {
      for (let i = 0; i < Math.min(limit, lines.length); i++) {
        const k = random.int(i, lines.length - 1);
        [lines[i], lines[k]] = [lines[k]!, lines[i]!];
        if (o.value("o") === undefined) t.out.add(lines[i]! + end);
        else picked.push(lines[i]!);
        if (i % SLICE === SLICE - 1) yield* cpu(250);
        if (t.out.full) yield* t.out.flush();
      }
    }
    const output = o.value("o");
    if (output !== undefined) {
      const text = picked.map((line) => line + end).join("");
      try {
        sys.writeText(t.p, output, text);
      } catch (error) {
        if (!isErrno(error)) throw error;
        throw new Fatal(`${shellQuote(output).replace(/^'|'$/g, "")}: ${error.message}`);
      }
    }
    return t.status;
  },
);
