import { concat, decode, encode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { compareBytes, type LineReader, readWhole } from "../io.ts";
import { Fatal, quote, type Tool, tool, UsageError } from "../tool.ts";
import { decodeBase64, encodeBase64 } from "./jq/formats.ts";

/** Whole text of each operand (or standard input), errors reported. */
export function* texts(t: Tool, operands: readonly string[]): Gen<{ path: string; text: string }[]> {
  const out: { path: string; text: string }[] = [];
  for (const path of operands.length > 0 ? operands : ["-"]) {
    const fd = yield* t.open(path);
    if (fd === undefined) continue;
    try {
      out.push({ path, text: decode(yield* readWhole(t.p, fd)) });
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* t.pathError(path, error);
    } finally {
      t.close(fd);
    }
  }
  return out;
}

/** tac(1). */
export const tac = tool(
  {
    name: "tac",
    short: "brs:",
    long: "before=b regex=r separator:=s",
    usage: "[OPTION]... [FILE]...",
    about: "Write each FILE to standard output, last line first.",
  },
  function* (t, o) {
    for (const { text } of yield* texts(t, o.operands)) {
      const parts = text.split("\n");
      const last = parts.pop()!;
      if (last !== "") t.out.add(last);
      for (const line of parts.reverse()) t.out.add(`${line}\n`);
    }
    return t.status;
  },
);

/** rev(1). */
export const rev = tool(
  {
    name: "rev",
    short: "V",
    usage: "[options] [<file> ...]",
    about: "Reverse lines characterwise.",
    version: "rev from util-linux 2.41",
  },
  function* (t, o) {
    for (const { text } of yield* texts(t, o.operands)) {
      const lines = text.split("\n").map((line) => [...line].reverse().join(""));
      t.out.add(lines.join("\n"));
    }
    return t.status;
  },
);

/** nl(1) with -b a|t|n, -w, -s, -v, -n. */
export const nl = tool(
  {
    name: "nl",
    short: "b:d:f:h:i:l:n:ps:v:w:",
    long: "body-numbering:=b line-increment:=i number-format:=n number-separator:=s starting-line-number:=v number-width:=w",
    usage: "[OPTION]... [FILE]...",
    about: "Write each FILE to standard output, with line numbers added.",
  },
  function* (t, o) {
    const width = Number(o.value("w") ?? 6);
    const separator = o.value("s") ?? "\t";
    const style = o.value("b") ?? "t";
    const format = o.value("n") ?? "rn";
    let number = Number(o.value("v") ?? 1);
    for (const { text } of yield* texts(t, o.operands)) {
      for (const line of text.replace(/\n$/, "").split("\n")) {
        if (style === "a" || (style === "t" && line !== "")) {
          const digits = String(number);
          t.out.add(
            (format === "ln" ? digits.padEnd(width) : digits.padStart(width, format === "rz" ? "0" : " ")) +
              separator +
              line,
          );
          number += Number(o.value("i") ?? 1);
        } else t.out.add(" ".repeat(width + separator.length) + line);
        t.out.add("\n");
      }
    }
    return t.status;
  },
);

/** fold(1). */
export const fold = tool(
  {
    name: "fold",
    short: "bsw:",
    long: "bytes=b spaces=s width:=w",
    usage: "[OPTION]... [FILE]...",
    about: "Wrap input lines in each FILE, writing to standard output.",
  },
  function* (t, o) {
    const width = Number(o.value("w") ?? 80);
    if (!(width > 0)) throw new Fatal(`invalid number of columns: ${quote(o.value("w")!)}`);
    for (const { text } of yield* texts(t, o.operands)) {
      const lines = text.split("\n").map((line) => {
        const parts: string[] = [];
        let rest = [...line];
        while (rest.length > width) {
          const space = o.has("s") ? rest.slice(0, width).lastIndexOf(" ") : -1;
          const cut = space >= 0 ? space + 1 : width;
          parts.push(rest.slice(0, cut).join(""));
          rest = rest.slice(cut);
        }
        return [...parts, rest.join("")].join("\n");
      });
      t.out.add(lines.join("\n"));
    }
    return t.status;
  },
);

/** paste(1). */
export const paste = tool(
  {
    name: "paste",
    short: "d:sz",
    long: "delimiters:=d serial=s zero-terminated=z",
    usage: "[OPTION]... [FILE]...",
    about:
      "Write lines consisting of the sequentially corresponding lines from\neach FILE, separated by TABs, to standard output.",
  },
  function* (t, o) {
    const delimiters = [
      ...(o.value("d") ?? "\t").split("\\n").join("\n").split("\\t").join("\t").split("\\0").join("\0"),
    ];
    const by = (i: number) => (delimiters.length === 0 ? "" : delimiters[i % delimiters.length]!.replace("\0", ""));
    const readers: LineReader[] = [];
    let stdin: LineReader | undefined;
    for (const path of o.operands.length > 0 ? o.operands : ["-"]) {
      if (path === "-") {
        stdin ??= t.lines(0);
        readers.push(stdin);
        continue;
      }
      const fd = yield* t.open(path);
      if (fd === undefined) return 1;
      readers.push(t.lines(fd));
    }
    if (o.has("s")) {
      for (const reader of readers) {
        for (let i = 0; ; i++) {
          const line = yield* reader.line();
          if (line === undefined) break;
          t.out.add((i > 0 ? by(i - 1) : "") + line);
        }
        t.out.add("\n");
      }
      return 0;
    }
    for (;;) {
      const row: (string | undefined)[] = [];
      for (const reader of readers) row.push(yield* reader.line());
      if (row.every((cell) => cell === undefined)) return 0;
      t.out.add(`${row.map((cell, i) => (i > 0 ? by(i - 1) : "") + (cell ?? "")).join("")}\n`);
      if (t.out.full || !readers[0]!.ready) yield* t.out.flush();
    }
  },
);

/** comm(1). */
export const comm = tool(
  {
    name: "comm",
    short: "123z",
    long: "check-order=co nocheck-order=nco output-delimiter:=od total=total",
    usage: "[OPTION]... FILE1 FILE2",
    about: "Compare sorted files FILE1 and FILE2 line by line.",
  },
  function* (t, o) {
    if (o.operands.length === 0) throw new UsageError("missing operand");
    if (o.operands.length === 1) throw new UsageError(`missing operand after ${quote(o.operands[0]!)}`);
    if (o.operands.length > 2) throw new UsageError(`extra operand ${quote(o.operands[2]!)}`);
    const sides = yield* texts(t, o.operands);
    if (sides.length < 2) return 1;
    const [a, b] = sides.map(({ text }) =>
      text
        .replace(/\n$/, "")
        .split("\n")
        .filter((line, _i, all) => all.length > 1 || line !== ""),
    );
    const tab = o.value("od") ?? "\t";
    const put = (column: 1 | 2 | 3, line: string) => {
      if (o.has(String(column))) return;
      const before = [1, 2].filter((other) => other < column && !o.has(String(other))).length;
      t.out.add(`${tab.repeat(before)}${line}\n`);
    };
    let i = 0;
    let j = 0;
    while (i < a!.length || j < b!.length) {
      const order = i >= a!.length ? 1 : j >= b!.length ? -1 : compareBytes(a![i]!, b![j]!);
      if (order < 0) put(1, a![i++]!);
      else if (order > 0) put(2, b![j++]!);
      else {
        put(3, a![i++]!);
        j++;
      }
    }
    return 0;
  },
);

/** base64(1). */
export const base64 = tool(
  {
    name: "base64",
    short: "diw:",
    long: "decode=d ignore-garbage=i wrap:=w",
    usage: "[OPTION]... [FILE]",
    about: "Base64 encode or decode FILE, or standard input, to standard output.",
  },
  function* (t, o) {
    const wrapText = o.value("w") ?? "76";
    if (!/^\d+$/.test(wrapText)) throw new Fatal(`invalid wrap size: ${quote(wrapText)}`);
    if (o.operands.length > 1) throw new UsageError(`extra operand ${quote(o.operands[1]!)}`);
    const fd = yield* t.open(o.operands[0] ?? "-");
    if (fd === undefined) return 1;
    const wrap = Number(wrapText);
    if (!o.has("d")) {
      yield* encodeBlocks(t, fd, wrap);
      return 0;
    }
    const bytes = yield* readWhole(t.p, fd);
    let text = decode(bytes).split("\n").join("");
    if (o.has("i")) text = text.replace(/[^A-Za-z0-9+/=]/g, "");
    const good = /^[A-Za-z0-9+/]*=*/.exec(text)![0];
    yield* t.out.bytes(decodeBase64(good.slice(0, good.length - (good.length % 4 === 1 ? 1 : 0))) ?? new Uint8Array(0));
    if (good.length !== text.length || text.length % 4 !== 0) throw new Fatal("invalid input");
    return 0;
  },
);

/** Codes block by block: whole groups of three bytes, and whole lines, at a time. */
function* encodeBlocks(t: Tool, fd: number, wrap: number): Gen<void> {
  let left: Uint8Array = new Uint8Array(0);
  let line = "";
  for (;;) {
    const block = yield* sys.read(t.p, fd);
    const bytes = left.length === 0 ? block : concat([left, block]);
    const size = block.length === 0 ? bytes.length : bytes.length - (bytes.length % 3);
    left = bytes.slice(size);
    line += encodeBase64(bytes.subarray(0, size));
    let at = 0;
    if (wrap === 0) at = line.length;
    else while (line.length - at >= wrap) t.out.add(`${line.slice(at, (at += wrap))}\n`);
    if (wrap === 0) t.out.add(line);
    line = line.slice(at);
    if (block.length === 0) break;
    yield* t.out.flush();
  }
  if (line !== "") t.out.add(`${line}\n`);
}

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
