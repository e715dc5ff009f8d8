import { decode, encode } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { CONTROL_NAMES } from "../../text/escapes.ts";
import { readWhole } from "../io.ts";
import { Fatal, tool } from "../tool.ts";
import { formatted, parseHexFormat } from "./hexdump-format.ts";
import { contents, latin1, readSome } from "./input.ts";

const hex = (value: number, width: number) => value.toString(16).padStart(width, "0");
const printable = (bytes: Uint8Array) =>
  [...bytes].map((b) => (b >= 32 && b < 127 ? String.fromCharCode(b) : ".")).join("");

/** hexdump(1): the default words, -C canonical, -b -c -d -o -x; -n, -s, -v. */
export const hexdump: Program = tool(
  {
    name: "hexdump",
    short: "bcCde:f:L::n:os:vxX",
    long: "canonical=C length:=n skip:=s no-squeezing=v one-byte-octal=b one-byte-hex=X one-byte-char=c two-bytes-decimal=d two-bytes-octal=o two-bytes-hex=x format:=e format-file:=f color::=L",
    usage: "[options] <file>...",
    about: "Display file contents in hexadecimal, decimal, octal, or ascii.",
    version: "hexdump from util-linux 2.41",
  },
  function* (t, o) {
    const mode = t.name.endsWith("hd") ? "C" : (o.last("C", "b", "c", "d", "o", "x", "X")?.key ?? "default");
    const skip = count(o.value("s"), "skip") ?? 0;
    const length = count(o.value("n"), "length");
    const formats = o.values("e").map(parseHexFormat);
    for (const path of o.values("f"))
      for (const one of decode(yield* sys.readPath(t.p, path)).split("\n"))
        if (one.trim() !== "" && !one.startsWith("#")) formats.push(parseHexFormat(one));
    if (skip > 0 && o.operands.length === 0 && t.p.fds.get(0)?.pipe !== undefined)
      throw new Fatal("stdin: Illegal seek");
    // Here `-` is a file like any other.
    for (const path of o.operands) if (path === "-") yield* t.error("-: No such file or directory");
    const named = o.operands.filter((path) => path !== "-");
    const most = length === undefined ? Number.POSITIVE_INFINITY : skip + length;
    const parts = o.operands.length > named.length && named.length === 0 ? [] : yield* contents(t, named, most);
    if (parts.length === 0) {
      yield* t.error("all input file arguments failed");
      return 1;
    }
    const all = parts.flatMap((part) => [...part.bytes]);
    const bytes = Uint8Array.from(all.slice(skip, skip + (length ?? all.length)));
    if (formats.length > 0) {
      for (const text of formatted(formats, bytes, skip, o.has("v"))) t.out.add(text);
      return t.status;
    }
    const offset = (at: number) => hex(at, mode === "C" ? 8 : 7);
    let before = "";
    let starred = false;
    for (let at = 0; at < bytes.length; at += 16) {
      const block = bytes.subarray(at, at + 16);
      const body = line(mode, block);
      if (body === before && block.length === 16 && !o.has("v")) {
        if (!starred) t.out.add("*\n");
        starred = true;
        continue;
      }
      starred = false;
      before = block.length === 16 ? body : "";
      t.out.add(`${offset(skip + at)}${body}\n`);
    }
    if (bytes.length > 0) t.out.add(`${offset(skip + bytes.length)}\n`);
    return t.status;
  },
);

/** A number of -n and -s: decimal, 0x…, 0…, with a suffix for its unit. */
function count(text: string | undefined, what: string): number | undefined {
  if (text === undefined) return undefined;
  const match = /^(0x[0-9a-f]+|\d+)([KMGT]?)(?:i?B)?$/i.exec(text);
  if (match === null) throw new Fatal(`failed to parse ${what}: '${text}': Invalid argument`);
  const digits = match[1]!;
  const value = /^0\d/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
  return value * 1024 ** " KMGT".indexOf(match[2]!.toUpperCase() || " ");
}

function line(mode: string, block: Uint8Array): string {
  if (mode === "C") {
    let text = " ";
    for (let i = 0; i < 16; i++) text += `${i === 8 ? " " : ""} ${i < block.length ? hex(block[i]!, 2) : "  "}`;
    return `${text}  |${printable(block)}|`;
  }
  if (mode === "X")
    return [...block]
      .map((b) => `  ${hex(b, 2)}`)
      .join("")
      .padEnd(64);
  if (mode === "b")
    return [...block]
      .map((b) => ` ${b.toString(8).padStart(3, "0")}`)
      .join("")
      .padEnd(64);
  if (mode === "c") {
    const escapes: Record<number, string> = { ...CONTROL_NAMES, 0: "\\0" };
    return [...block]
      .map(
        (b) =>
          ` ${(escapes[b] ?? (b >= 32 && b < 127 ? String.fromCharCode(b) : b.toString(8).padStart(3, "0"))).padStart(3)}`,
      )
      .join("")
      .padEnd(64);
  }
  let text = "";
  for (let i = 0; i < 16; i += 2) {
    const value = (block[i] ?? 0) | ((block[i + 1] ?? 0) << 8);
    const shown =
      { d: value.toString().padStart(5, "0"), o: value.toString(8).padStart(6, "0") }[mode] ?? hex(value, 4);
    const cell = mode === "default" ? ` ${shown}` : ` ${shown.padStart(7)}`;
    text += i < block.length ? cell : " ".repeat(cell.length);
  }
  return text;
}

/** xxd(1): dump, plain (-p), bits (-b), C include (-i), and back (-r). */
const XXD_WORDS: readonly (readonly [RegExp, string])[] = [
  [/^--?(?:ps|plain|postscript)$/, "-p"],
  [/^--?cols?$/, "-c"],
  [/^--?len$/, "-l"],
  [/^--?(?:seek|skip)$/, "-s"],
  [/^--?offset$/, "-o"],
  [/^--?group(?:size)?$/, "-g"],
  [/^--?bits$/, "-b"],
  [/^--?include$/, "-i"],
  [/^--?revert$/, "-r"],
  [/^--?uppercase$/, "-u"],
  [/^--?autoskip$/, "-a"],
  [/^--?capitalize$/, "-C"],
  [/^--?name$/, "-n"],
];

export const xxd: Program = tool(
  {
    // Its words may stand behind one dash or two.
    rewrite: (args) => args.map((arg) => XXD_WORDS.find(([word]) => word.test(arg))?.[1] ?? arg),
    name: "xxd",
    short: "abc:CdEeg:il:n:o:prR:s:uvh",
    standard: false,
    usage: "[options] [infile [outfile]]",
    about: "",
  },
  function* (t, o) {
    const plain = o.has("p");
    const path = o.operands[0];
    if (Number(o.value("c") ?? 0) > 256 && !plain && !o.has("i")) {
      yield* sys.printError(t.p, `${t.name}: invalid number of columns (max. 256).\n`);
      return 1;
    }
    let bytes: Uint8Array;
    try {
      const fd = path === undefined || path === "-" ? 0 : sys.open(t.p, path);
      const given = o.value("l");
      const most = given === undefined ? undefined : Number(given) + Math.max(0, Number(o.value("s") ?? 0));
      bytes = most === undefined || o.has("r") ? yield* readWhole(t.p, fd) : yield* readSome(t.p, fd, most);
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* sys.printError(t.p, `${t.name}: ${path}: ${error.message}\n`);
      return 2;
    }
    const write = function* (data: Uint8Array) {
      if (o.operands[1] === undefined) yield* t.out.bytes(data);
      else sys.writeText(t.p, o.operands[1], data);
    };
    if (o.has("r")) {
      yield* write(reverse(bytes, plain));
      return 0;
    }
    const skip = Number(o.value("s") ?? 0);
    const from = skip < 0 ? Math.max(0, bytes.length + skip) : skip;
    const data = bytes.subarray(from, from + Number(o.value("l") ?? bytes.length));
    const digit = (value: number) => (o.has("u") ? hex(value, 2).toUpperCase() : hex(value, 2));
    let out = "";
    if (o.has("i")) {
      const plainName = (o.value("n") ?? path ?? "").replace(/[^A-Za-z0-9]/g, "_");
      const name = o.has("C") ? plainName.toUpperCase() : plainName;
      const columns = Number(o.value("c") ?? 12);
      const rows: string[] = [];
      for (let at = 0; at < data.length; at += columns)
        rows.push(
          `  ${[...data.subarray(at, at + columns)].map((b) => (o.has("u") ? `0X${digit(b)}` : `0x${digit(b)}`)).join(", ")}`,
        );
      const list = rows.join(",\n");
      out =
        (path === undefined || path === "-") && !o.has("n")
          ? `${list}\n`
          : `unsigned char ${name}[] = {\n${list}\n};\nunsigned int ${name}_${o.has("C") ? "LEN" : "len"} = ${data.length};\n`;
    } else if (plain) {
      const columns = Number(o.value("c") ?? 30) || data.length;
      for (let at = 0; at < data.length; at += columns)
        out += `${[...data.subarray(at, at + columns)].map(digit).join("")}\n`;
    } else {
      const bits = o.has("b");
      const little = o.has("e");
      const columns = Number(o.value("c") ?? (bits ? 6 : 16));
      const group = Number(o.value("g") ?? (bits ? 1 : little ? 4 : 2)) || columns;
      const width = bits ? 8 : 2;
      let skipped = false;
      for (let at = 0; at < data.length; at += columns) {
        const block = data.subarray(at, at + columns);
        let body = "";
        for (let g = 0; g < columns; g += group) {
          const cells: string[] = [];
          for (let i = g; i < Math.min(columns, g + group); i++) {
            const value = block[i];
            cells.push(
              value === undefined ? " ".repeat(width) : bits ? value.toString(2).padStart(8, "0") : digit(value),
            );
          }
          body += `${(little ? cells.reverse() : cells).join("")} `;
        }
        if (o.has("a") && passedOver(data, at, columns)) {
          if (!skipped) out += "*\n";
          skipped = true;
          continue;
        }
        skipped = false;
        const offset = from + at + Number(o.value("o") ?? 0);
        out += `${o.has("d") ? String(offset).padStart(8, "0") : hex(offset, 8)}: ${body} ${printable(block)}\n`;
      }
    }
    yield* write(encode(out));
    return 0;
  },
);

/** -a: rows of nothing but zeros between two such rows stand for themselves in an asterisk, two of them or more. */
function passedOver(data: Uint8Array, at: number, columns: number): boolean {
  const zero = (from: number) =>
    from >= 0 && from < data.length && data.subarray(from, from + columns).every((byte) => byte === 0);
  const inner = (from: number) => zero(from) && zero(from - columns) && from + columns < data.length;
  return inner(at) && (inner(at - columns) || inner(at + columns));
}

function reverse(bytes: Uint8Array, plain: boolean): Uint8Array {
  const text = latin1(bytes);
  const out: number[] = [];
  if (plain) {
    const digits = text.replace(/[^0-9a-fA-F]/g, "");
    for (let i = 0; i + 1 < digits.length; i += 2) out.push(Number.parseInt(digits.slice(i, i + 2), 16));
    return Uint8Array.from(out);
  }
  for (const row of text.split("\n")) {
    const match = /^\s*([0-9a-fA-F]+):\s?((?:[0-9a-fA-F]{2,}\s?)*)/.exec(row);
    if (match === null) continue;
    let at = Number.parseInt(match[1]!, 16);
    const digits = match[2]!.replace(/\s/g, "");
    for (let i = 0; i + 1 < digits.length; i += 2) {
      while (out.length < at) out.push(0);
      out[at++] = Number.parseInt(digits.slice(i, i + 2), 16);
    }
  }
  return Uint8Array.from(out);
}

/** strings(1): runs of printable characters; -n, -t, -f. */
export const strings: Program = tool(
  {
    name: "strings",
    short: "afn:t:oe:U:ws:0123456789vVT:d",
    long: "all=a data=d print-file-name=f bytes:=n radix:=t encoding:=e output-separator:=s include-all-whitespace=w target:=T",
    usage: "[option(s)] [file(s)]",
    about: " Display printable strings in [file(s)] (stdin by default)",
    version: "GNU strings (GNU Binutils for Debian) 2.44",
  },
  function* (t, o) {
    const digits = o.list
      .filter(({ key }) => /^\d$/.test(key))
      .map(({ key }) => key)
      .join("");
    const given = o.value("n") ?? (digits || "4");
    if (!/^\d+$/.test(given)) throw new Fatal(`invalid integer argument ${given}`);
    const least = Number(given);
    if (least === 0) throw new Fatal("minimum string length is too small: 0");
    const separator = o.value("s") ?? "\n";
    const white = o.has("w") ? /[\t-\r]/ : /\t/;
    const radix = o.has("o") ? 8 : ({ d: 10, o: 8, x: 16 }[o.value("t") ?? ""] ?? 0);
    for (const path of o.operands.length > 0 ? o.operands : ["-"]) {
      let bytes: Uint8Array;
      try {
        const node = path === "-" ? undefined : sys.stat(t.p, path);
        if (node?.kind === "dir") {
          yield* sys.printError(t.p, `${t.name}: Warning: '${path}' is a directory\n`);
          t.status = 1;
          continue;
        }
        bytes = path === "-" ? yield* readWhole(t.p, 0) : sys.readBytes(t.p, path);
      } catch (error) {
        if (!isErrno(error)) throw error;
        const message = error.code === "ENOENT" ? `'${path}': No such file` : `${path}: ${error.message}`;
        yield* sys.printError(t.p, `${t.name}: ${message}\n`);
        t.status = 1;
        continue;
      }
      let start = 0;
      for (let i = 0; i <= bytes.length; i++) {
        const byte = bytes[i];
        if (byte !== undefined && ((byte >= 32 && byte < 127) || white.test(String.fromCharCode(byte)))) continue;
        if (i - start >= least && i > start) {
          const at = radix === 0 ? "" : `${start.toString(radix).padStart(7)} `;
          const name = o.has("f") ? `${path === "-" ? "{standard input}" : path}: ` : "";
          t.out.add(`${name}${at}${latin1(bytes.subarray(start, i))}${separator}`);
        }
        start = i + 1;
      }
    }
    return t.status;
  },
);
