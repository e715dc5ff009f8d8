import { cpu, type Gen } from "../../kernel/index.ts";
import { Errno, isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { readWhole } from "../io.ts";
import { type Tool, tool, UsageError } from "../tool.ts";
import { parseSize, readSome } from "./input.ts";

/** Bytes that are looked at between two turns of others. */
const STEP = 1 << 20;

/** cmp(1) of diffutils 3.10. */
export const cmp = tool(
  {
    name: "cmp",
    short: "bi:ln:s",
    long: "print-bytes=b ignore-initial:=i verbose=l quiet=s silent=s bytes:=n",
    usage: "[OPTION]... FILE1 [FILE2 [SKIP1 [SKIP2]]]",
    about: "Compare two files byte by byte.",
    version: "cmp (GNU diffutils) 3.10",
    usageStatus: 2,
    hint: "cmp: Try 'cmp --help' for more information.",
  },
  function* (t, o) {
    const [a, b = "-", skipA, skipB, more] = o.operands;
    const bytesOf = (text: string, name: string) => {
      const size = parseSize(text);
      if (size === undefined) throw new UsageError(`invalid --${name} value '${text}'`);
      return size;
    };
    const limit = o.value("n") === undefined ? Number.POSITIVE_INFINITY : bytesOf(o.value("n")!, "bytes");
    const given = o.value("i");
    const [first, second = first] = given === undefined ? [] : given.split(/:(.*)/s);
    const initial = (text: string | undefined) => (text === undefined ? 0 : bytesOf(text, "ignore-initial"));
    const skips = [Math.max(initial(first), initial(skipA)), Math.max(initial(second), initial(skipB))];
    if (a === undefined) throw new UsageError("missing operand after 'cmp'");
    if (more !== undefined) throw new UsageError(`extra operand '${more}'`);
    const sides: Uint8Array[] = [];
    for (const [i, path] of [a, b].entries()) {
      try {
        const bytes = yield* bytesOfFile(t, path, skips[i]! + limit);
        sides.push(bytes.subarray(skips[i], skips[i]! + limit));
      } catch (error) {
        if (!isErrno(error)) throw error;
        if (!(o.has("s") && error.code === "ENOENT")) yield* t.error(`${path}: ${error.message}`, 2);
        return 2;
      }
    }
    return yield* compare(t, [a, b], sides as [Uint8Array, Uint8Array], {
      silent: o.has("s"),
      all: o.has("l"),
      print: o.has("b"),
    });
  },
);

/** The first bytes of a file, a pipe or standard input. */
function* bytesOfFile(t: Tool, path: string, most: number): Gen<Uint8Array> {
  if (path !== "-" && sys.stat(t.p, path).kind === "dir") throw new Errno("EISDIR");
  const fd = path === "-" ? 0 : sys.open(t.p, path, { read: true });
  try {
    return most === Number.POSITIVE_INFINITY ? yield* readWhole(t.p, fd) : yield* readSome(t.p, fd, most);
  } finally {
    if (fd !== 0) t.close(fd);
  }
}

interface Ways {
  silent: boolean;
  all: boolean;
  print: boolean;
}

function* compare(t: Tool, names: [string, string], [x, y]: [Uint8Array, Uint8Array], ways: Ways): Gen<number> {
  const length = Math.min(x.length, y.length);
  const width = String(Math.max(x.length, y.length)).length;
  let line = 1;
  let same = true;
  for (let i = 0; i < length; i++) {
    if ((i + 1) % STEP === 0) yield* cpu(1000);
    const [p, q] = [x[i]!, y[i]!];
    if (p !== q) {
      same = false;
      if (ways.silent) return 1;
      const octal = (byte: number) => byte.toString(8).padStart(3);
      if (!ways.all) {
        const shown = ways.print ? ` is ${octal(p)} ${visible(p)} ${octal(q)} ${visible(q)}` : "";
        t.out.add(`${names[0]} ${names[1]} differ: byte ${i + 1}, line ${line}${shown}\n`);
        return 1;
      }
      const at = String(i + 1).padStart(width);
      t.out.add(
        ways.print
          ? `${at} ${octal(p)} ${visible(p).padEnd(4)} ${octal(q)} ${visible(q)}\n`
          : `${at} ${octal(p)} ${octal(q)}\n`,
      );
    }
    if (p === 10) line++;
  }
  if (x.length === y.length) return same ? 0 : 1;
  if (ways.silent) return 1;
  const shorter = x.length < y.length ? names[0] : names[1];
  const whole = length > 0 && x[length - 1] === 10;
  const where = ways.all ? "" : whole ? `, line ${line - 1}` : `, in line ${line}`;
  yield* t.error(`EOF on ${shorter}${length === 0 ? " which is empty" : ` after byte ${length}${where}`}`, 1);
  return 1;
}

/** A byte as cat -v shows it. */
function visible(byte: number): string {
  if (byte >= 128) return `M-${visible(byte - 128)}`;
  if (byte < 32) return `^${String.fromCharCode(byte + 64)}`;
  return byte === 127 ? "^?" : String.fromCharCode(byte);
}
