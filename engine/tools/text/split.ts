import { concat, cpu, encode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { exitCode } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { readWhole } from "../io.ts";
import { Fatal, quote, shellQuote, type Tool, tool, UsageError } from "../tool.ts";
import { parseSize } from "./input.ts";

/** split(1): -l, -b, -C, -n N and l/N, -d, -x, -a, --additional-suffix, --verbose. */
export const split = tool(
  {
    name: "split",
    short: "a:b:C:del:n:t:ux",
    long: "suffix-length:=a additional-suffix:=suffix bytes:=b line-bytes:=C numeric-suffixes::=nd hex-suffixes::=nx elide-empty-files=e filter:=filter lines:=l number:=n separator:=t unbuffered=u verbose=verbose",
    usage: "[OPTION]... [FILE [PREFIX]]",
    about: "Output pieces of FILE to PREFIXaa, PREFIXab, ...;\ndefault size is 1000 lines, and default PREFIX is 'x'.",
    rewrite: (args) => args.map((arg) => (/^-\d+$/.test(arg) ? `-l${arg.slice(1)}` : arg)),
  },
  function* (t, o) {
    const [path = "-", prefix = "x", extra] = o.operands;
    if (extra !== undefined) throw new UsageError(`extra operand ${quote(extra)}`);
    const ways = o.list.filter(({ key }) => "bCln".includes(key));
    if (new Set(ways.map(({ key }) => key)).size > 1) throw new UsageError("cannot split in more than one way");
    const way = ways.at(-1) ?? { key: "l", value: "1000" };
    const value = way.value!;
    let number = 0;
    let byLines = false;
    let inTurn = false;
    let only: number | undefined;
    if (way.key === "n") {
      const match = /^([lr]\/)?(?:(\d+)\/)?(\d+)$/.exec(value);
      if (match === null || Number(match[3]) === 0)
        throw new Fatal(`invalid number of chunks: ${quote(value.replace(/^[lr]\//, ""))}`);
      byLines = match[1] === "l/";
      inTurn = match[1] === "r/";
      number = Number(match[3]);
      if (match[2] !== undefined) {
        only = Number(match[2]);
        if (only < 1 || only > number) throw new Fatal(`invalid chunk number: ${quote(match[2])}`);
      }
    } else {
      const size = way.key === "l" ? (/^\d+$/.test(value) ? Number(value) : parseSize(value)) : parseSize(value, true);
      if (size === undefined || size === 0)
        throw new Fatal(`invalid number of ${way.key === "l" ? "lines" : "bytes"}: ${quote(value)}`);
      number = size;
    }
    const separator = separatorOf(o.value("t"));
    if (o.value("suffix")?.includes("/"))
      throw new UsageError(`invalid suffix ${quote(o.value("suffix")!)}, contains directory separator`);
    let bytes: Uint8Array;
    try {
      bytes = path === "-" ? yield* readWhole(t.p, 0) : sys.readBytes(t.p, path);
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new Fatal(
        error.code === "EISDIR"
          ? `${path}: read error: ${error.message}`
          : `cannot open ${shellQuote(path)} for reading: ${error.message}`,
      );
    }
    const pieces =
      way.key === "b"
        ? byBytes(bytes, number)
        : way.key === "l"
          ? linePieces(bytes, number, separator)
          : way.key === "C"
            ? lineBytes(bytes, number, separator)
            : inTurn
              ? turns(bytes, number, separator)
              : chunks(bytes, number, byLines ? separator : undefined);
    if (only !== undefined) {
      yield* t.out.bytes(pieces[only - 1] ?? new Uint8Array(0));
      return 0;
    }
    const digits = o.has("d", "nd")
      ? "0123456789"
      : o.has("x", "nx")
        ? "0123456789abcdef"
        : "abcdefghijklmnopqrstuvwxyz";
    const startAt = Number(o.value("nd") ?? `0x${o.value("nx") ?? 0}`);
    const given = o.value("a");
    if (given !== undefined && !/^\d+$/.test(given)) throw new Fatal(`invalid suffix length: ${quote(given)}`);
    const suffixes = suffixSource(
      digits,
      given === undefined || given === "0" ? undefined : Number(given),
      startAt,
      way.key === "n" ? number : undefined,
    );
    for (const piece of pieces) {
      if (piece.length === 0 && o.has("e")) continue;
      const suffix = suffixes();
      if (suffix === undefined) throw new Fatal("output file suffixes exhausted");
      const name = prefix + suffix + (o.value("suffix") ?? "");
      yield* cpu(10);
      const filter = o.value("filter");
      if (filter !== undefined) {
        yield* filtered(t, filter, name, piece.slice());
        continue;
      }
      if (o.has("verbose")) t.out.add(`creating file ${shellQuote(name)}\n`);
      try {
        sys.writeText(t.p, name, piece.slice());
      } catch (error) {
        if (!isErrno(error)) throw error;
        throw new Fatal(`${name}: ${error.message}`);
      }
    }
    return 0;
  },
);

/** The byte that ends a record: a character, or `\\0`. */
function separatorOf(text: string | undefined): number {
  if (text === undefined) return 10;
  if (text === "") throw new Fatal("empty record separator");
  if (text === "\\0") return 0;
  const bytes = encode(text);
  if (bytes.length > 1) throw new Fatal(`multi-character separator ${quote(text)}`);
  return bytes[0]!;
}

/** --filter: a piece goes to a shell's command, which finds the file's name in FILE. */
function* filtered(t: Tool, command: string, name: string, piece: Uint8Array): Gen<void> {
  yield* t.out.flush();
  const [read, write] = sys.pipe();
  const env = new Map(t.p.env).set("FILE", name);
  const shell = t.p.env.get("SHELL") ?? "/bin/sh";
  const fds = new Map(t.p.fds);
  fds.set(0, read);
  const child = yield* sys.spawn(t.p, shell, {
    argv: [shell.slice(shell.lastIndexOf("/") + 1), "-c", command],
    env,
    fds,
  });
  fds.clear();
  const fd = t.p.freeFd();
  t.p.setFd(fd, write);
  try {
    if (piece.length > 0) yield* sys.write(t.p, fd, piece);
  } catch (error) {
    // A command that reads no more has what it wanted.
    if (!isErrno(error) || error.code !== "EPIPE") throw error;
  } finally {
    sys.close(t.p, fd);
  }
  const done = yield* sys.waitFor(t.p, child);
  const status = done === undefined ? 0 : exitCode(done.status);
  if (status !== 0) throw new Fatal(`with FILE=${name}, exit ${status} from command: ${command}`, status);
}

/** Lines dealt out one by one to so many pieces. */
function turns(bytes: Uint8Array, count: number, separator: number): Uint8Array[] {
  const piles: Uint8Array[][] = Array.from({ length: count }, () => []);
  linePieces(bytes, 1, separator).forEach((line, i) => {
    piles[i % count]!.push(line);
  });
  return piles.map(concat);
}

function byBytes(bytes: Uint8Array, size: number): Uint8Array[] {
  const out: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) out.push(bytes.subarray(at, at + size));
  return out;
}

function linePieces(bytes: Uint8Array, lines: number, separator: number): Uint8Array[] {
  const out: Uint8Array[] = [];
  let from = 0;
  let seen = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== separator || ++seen < lines) continue;
    out.push(bytes.subarray(from, i + 1));
    from = i + 1;
    seen = 0;
  }
  if (from < bytes.length) out.push(bytes.subarray(from));
  return out;
}

/** Whole lines, at most `size` bytes together; longer lines are cut. */
function lineBytes(bytes: Uint8Array, size: number, separator: number): Uint8Array[] {
  const out: Uint8Array[] = [];
  let from = 0;
  while (from < bytes.length) {
    let end = Math.min(bytes.length, from + size);
    if (end < bytes.length) {
      const newline = bytes.lastIndexOf(separator, end - 1);
      if (newline >= from) end = newline + 1;
    }
    out.push(bytes.subarray(from, end));
    from = end;
  }
  return out;
}

function chunks(bytes: Uint8Array, number: number, separator: number | undefined): Uint8Array[] {
  const out: Uint8Array[] = [];
  const base = Math.floor(bytes.length / number);
  const rest = bytes.length % number;
  let from = 0;
  let target = 0;
  for (let n = 0; n < number; n++) {
    target += base + (n < rest ? 1 : 0);
    let end = Math.max(from, target);
    if (separator !== undefined && end > from && end < bytes.length && bytes[end - 1] !== separator) {
      const newline = bytes.indexOf(separator, end);
      end = newline < 0 ? bytes.length : newline + 1;
    }
    out.push(bytes.subarray(from, end));
    from = end;
  }
  return out;
}

/** aa, ab … yz, zaaa …: widening unless a length was asked for. */
function suffixSource(
  digits: string,
  length: number | undefined,
  startAt: number,
  count: number | undefined,
): () => string | undefined {
  const base = digits.length;
  let width = length ?? 2;
  if (count !== undefined && length === undefined) while (base ** width < count) width++;
  let n = startAt;
  const text = (value: number, size: number) => {
    let out = "";
    for (let left = value, i = 0; i < size; i++) {
      out = digits[left % base] + out;
      left = Math.floor(left / base);
    }
    return out;
  };
  if (length !== undefined || count !== undefined) return () => (n < base ** width ? text(n++, width) : undefined);
  let lead = "";
  let size = 2;
  return () => {
    // The last letter of the first place is kept for wider suffixes.
    if (n >= (base - 1) * base ** (size - 1)) {
      lead += digits.at(-1);
      size++;
      n = 0;
    }
    return lead + text(n++, size);
  };
}
