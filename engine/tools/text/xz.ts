/** xz(1), unxz(1), xzcat(1), lzma(1), unlzma(1) and lzcat(1): one program by several names. */
import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { lzmaing } from "../../text/lzma.ts";
import { unlzmaing, XzError } from "../../text/unlzma.ts";
import { CHECKS, dictionaryOf, isXz, unxzing, xzing } from "../../text/xz.ts";
import { xzStreams } from "../../text/xz-index.ts";
import { inSteps, readWhole } from "../io.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal, type Tool, tool } from "../tool.ts";
import { nice, XzListing, XzRobot } from "./xz-list.ts";

type Mode = "z" | "d" | "t" | "l";
type Format = "auto" | "xz" | "lzma";

/** What one run has to do. */
interface Run {
  t: Tool;
  o: ParsedOptions;
  mode: Mode;
  format: Format;
  level: number;
  check: number;
  toOut: boolean;
  /** Once: no warnings, twice: no errors either. */
  quiet: number;
  listing: XzListing | XzRobot | undefined;
}

/** What is said of bytes that cannot be unpacked. */
const WHY: Record<XzError["kind"], string> = {
  data: "Compressed data is corrupt",
  end: "Unexpected end of input",
  format: "File format not recognized",
  options: "Unsupported options",
  memory: "Cannot allocate memory",
};

const SUFFIXES: readonly (readonly [string, string, Format])[] = [
  [".xz", "", "xz"],
  [".txz", ".tar", "xz"],
  [".lzma", "", "lzma"],
  [".tlz", ".tar", "lzma"],
];

function xzTool(name: string): Program {
  return tool(
    {
      name,
      short: "zdtlkfcS:F:C:0123456789eT:M:qQvhHV",
      long: "compress=z decompress=d uncompress=d test=t list=l keep=k force=f stdout=c to-stdout=c single-stream=single no-sparse=s no-sync=s suffix:=S files::=files files0::=files0 format:=F check:=C ignore-check=ignore fast=0 best=9 extreme=e threads:=T block-size:=s block-list:=s flush-timeout:=s memlimit-compress:=s memlimit-decompress:=s memlimit-mt-decompress:=s memlimit:=s memory:=s no-adjust=s lzma1::=s lzma2::=s quiet=q verbose=v no-warn=Q robot=robot long-help=H",
      usage: "[OPTION]... [FILE]...",
      about: "Compress or decompress FILEs in the .xz format.",
      version: "xz (XZ Utils) 5.4.1\nliblzma 5.4.1",
      hint: `${name}: Try '${name} --help' for more information.`,
    },
    function* (t, o) {
      if (o.has("h", "H", "V")) {
        t.out.add(
          o.has("V")
            ? "xz (XZ Utils) 5.4.1\nliblzma 5.4.1\n"
            : `Usage: ${name} [OPTION]... [FILE]...\nCompress or decompress FILEs in the .xz format.\n`,
        );
        return 0;
      }
      const run = runOf(t, o, name);
      const files = yield* filesOf(t, o);
      if (run.mode === "l") {
        const detail = o.list.filter(({ key }) => key === "v").length;
        const add = (text: string) => t.out.add(text);
        run.listing = o.has("robot") ? new XzRobot(add, detail) : new XzListing(add, Math.min(2, detail), files.length);
      }
      for (const file of files) {
        if (file === "-") yield* stream(run);
        else yield* one(run, file);
      }
      if (run.listing !== undefined && (files.length > 1 || o.has("robot"))) run.listing.end();
      return t.status === 2 && o.has("Q") ? 0 : t.status;
    },
  );
}

function runOf(t: Tool, o: ParsedOptions, name: string): Run {
  const format = o.value("F") ?? (/^(?:un)?lzma$|^lzcat$/.test(name) ? "lzma" : "auto");
  if (!["auto", "xz", "lzma", "alone"].includes(format)) throw new Fatal(`${format}: Unknown file format type`);
  const check = o.value("C");
  if (check !== undefined && CHECKS[check] === undefined) throw new Fatal(`${check}: Unsupported integrity check type`);
  const asked = o.last("z", "d", "t", "l")?.key as Mode | undefined;
  const level = o.list.findLast(({ key }) => /^\d$/.test(key))?.key;
  return {
    t,
    o,
    mode: asked ?? (/^un|cat$/.test(name) ? "d" : "z"),
    format: format === "alone" ? "lzma" : (format as Format),
    level: Number(level ?? 6),
    check: CHECKS[check ?? "crc64"]!,
    toOut: o.has("c") || /cat$/.test(name),
    quiet: o.list.filter(({ key }) => key === "q").length,
    listing: undefined,
  };
}

/** Operands, and names of --files and --files0. */
function* filesOf(t: Tool, o: ParsedOptions): Gen<string[]> {
  const files = [...o.operands];
  for (const { key, value } of o.list) {
    if (key !== "files" && key !== "files0") continue;
    const fd = value === undefined ? 0 : yield* t.open(value);
    if (fd === undefined) continue;
    const lines = t.lines(fd, key === "files" ? "\n" : "\0");
    for (let name = yield* lines.line(); name !== undefined; name = yield* lines.line())
      if (name !== "") files.push(name);
    t.close(fd);
  }
  return files.length > 0 || o.has("files", "files0") ? files : ["-"];
}

/** A complaint: with status 2 it is a warning only. */
function* complain({ t, quiet }: Run, message: string, status: 1 | 2 = 1): Gen<void> {
  if (status === 1 || t.status === 0) t.status = status;
  if (quiet >= (status === 1 ? 2 : 1)) return;
  yield* t.error(message, 0);
}

function* stream(run: Run): Gen<void> {
  const { t, mode } = run;
  if (mode === "l") {
    yield* complain(run, "--list does not support reading from standard input");
    return;
  }
  const [fd, action] = mode === "z" ? [1, "written to"] : [0, "read from"];
  if (t.p.fds.get(fd)?.tty !== undefined) {
    yield* complain(run, `Compressed data cannot be ${action} a terminal`);
    return;
  }
  const bytes = yield* transformed(run, yield* readWhole(t.p, 0), "(stdin)");
  if (bytes !== undefined && mode !== "t") yield* t.out.bytes(bytes);
}

/** The name of what is made of a file; undefined after a complaint. */
function* targetOf(run: Run, path: string): Gen<string | undefined> {
  const given = run.o.value("S");
  if (run.mode === "d") {
    for (const [suffix, instead, format] of SUFFIXES)
      if ((run.format === "auto" || run.format === format) && path.endsWith(suffix) && path.length > suffix.length)
        return path.slice(0, -suffix.length) + instead;
    if (given !== undefined && path.endsWith(given)) return path.slice(0, -given.length);
    yield* complain(run, `${path}: Filename has an unknown suffix, skipping`, 2);
    return undefined;
  }
  const format = run.format === "auto" ? "xz" : run.format;
  const had = SUFFIXES.filter((one) => one[2] === format).map(([suffix]) => suffix);
  const has = [...had, ...(given === undefined ? [] : [given])].find((suffix) => path.endsWith(suffix));
  if (has !== undefined) {
    yield* complain(run, `${path}: File already has '${has}' suffix, skipping`, 2);
    return undefined;
  }
  return path + (given ?? `.${format}`);
}

function* one(run: Run, path: string): Gen<void> {
  const { t, o, mode } = run;
  const { p } = t;
  const stays = run.toOut || mode === "t" || mode === "l";
  try {
    const link = sys.find(p, path, false);
    if (link?.kind === "symlink" && !stays && !o.has("f", "k")) {
      yield* complain(run, `${path}: Is a symbolic link, skipping`, 2);
      return;
    }
    const node = sys.stat(p, path);
    if (node.kind === "dir") {
      yield* complain(run, `${path}: Is a directory, skipping`, 2);
      return;
    }
    if (!stays && node.kind !== "file") {
      yield* complain(run, `${path}: Not a regular file, skipping`, 2);
      return;
    }
    if (!stays && node.nlink > 1 && !o.has("f", "k")) {
      yield* complain(run, `${path}: Input file has more than one hard link, skipping`, 2);
      return;
    }
    const to = stays ? undefined : yield* targetOf(run, path);
    if (!stays && to === undefined) return;
    const input = yield* sys.readPath(p, path);
    if (mode === "l") {
      yield* list(run, path, input);
      return;
    }
    if (to !== undefined && sys.find(p, to, false) !== undefined && !o.has("f")) {
      yield* complain(run, `${to}: File exists`);
      return;
    }
    const bytes = yield* transformed(run, input, path);
    if (bytes === undefined || mode === "t") return;
    if (to === undefined) {
      yield* t.out.bytes(bytes);
      return;
    }
    sys.writeText(p, to, bytes.slice());
    const made = sys.stat(p, to);
    made.mode = node.mode;
    made.mtime = node.mtime;
    if (!o.has("k")) sys.unlink(p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* complain(run, `${path}: ${error.message}`);
  }
}

function* list(run: Run, path: string, bytes: Uint8Array): Gen<void> {
  if (bytes.length < 24) {
    const why = bytes.length === 0 ? "File is empty" : "Too small to be a valid .xz file";
    yield* complain(run, `${path}: ${why}`);
    return;
  }
  try {
    run.listing!.file({ name: path, size: bytes.length, streams: xzStreams(bytes) });
  } catch (error) {
    if (!(error instanceof XzError)) throw error;
    yield* complain(run, `${path}: ${WHY[error.kind]}`);
  }
}

/** The bytes packed or unpacked; undefined after a complaint. */
function* transformed(run: Run, input: Uint8Array, name: string): Gen<Uint8Array | undefined> {
  const { mode, format, level, check, o } = run;
  let out: Uint8Array;
  if (mode === "z")
    out =
      format === "lzma"
        ? yield* inSteps(lzmaing(input, level, dictionaryOf(level)), 4)
        : yield* inSteps(xzing(input, level, check), 4);
  else
    try {
      out = yield* inSteps(unpacking(input, format, o.has("single")), 6);
    } catch (error) {
      if (!(error instanceof XzError)) throw error;
      // xzcat -f passes on what is not compressed.
      if (error.kind === "format" && o.has("f") && run.toOut && mode === "d") return input;
      yield* complain(run, `${name}: ${WHY[error.kind]}`);
      return undefined;
    }
  if (o.has("v") && run.quiet === 0) {
    const [packed, made] = mode === "z" ? [out.length, input.length] : [input.length, out.length];
    const ratio = packed / made;
    const shown = made === 0 ? "" : ratio > 9.999 ? " > 9.999" : ` = ${ratio.toFixed(3)}`;
    yield* run.t.out.flush();
    yield* sys.printError(run.t.p, `${name}: ${nice(packed)} / ${nice(made)}${shown}\n`);
  }
  return out;
}

function unpacking(input: Uint8Array, format: Format, single: boolean) {
  if (format === "xz" || (format === "auto" && isXz(input))) return unxzing(input, single);
  return unlzmaing(input);
}

export const xz = xzTool("xz");
export const unxz = xzTool("unxz");
export const xzcat = xzTool("xzcat");
export const lzma = xzTool("lzma");
export const unlzma = xzTool("unlzma");
export const lzcat = xzTool("lzcat");
