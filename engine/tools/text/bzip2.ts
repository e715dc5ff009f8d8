/** bzip2(1), bunzip2(1) and bzcat(1) 1.0.8: one program by three names. */
import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { Bzip2Error, bunzipping } from "../../text/bunzip2.ts";
import { bzipping } from "../../text/bzip2.ts";
import { inSteps, Output, readWhole } from "../io.ts";

const VERSION = "bzip2, a block-sorting file compressor.  Version 1.0.8, 13-Jul-2019.\n";

const LONG: Readonly<Record<string, string>> = {
  stdout: "c",
  decompress: "d",
  compress: "z",
  force: "f",
  test: "t",
  keep: "k",
  small: "s",
  quiet: "q",
  verbose: "v",
  version: "V",
  license: "L",
  fast: "1",
  best: "9",
  "repetitive-fast": "",
  "repetitive-best": "",
  help: "h",
};

const RECOVER =
  "You can use the `bzip2recover' program to attempt to recover\ndata from undamaged sections of corrupted files.\n";
const CORRUPT = `It is possible that the compressed file(s) have become corrupted.
You can use the -tvv option to test integrity of such files.

${RECOVER}`;

/** What one run has to do. */
interface Run {
  p: Process;
  name: string;
  out: Output;
  mode: "z" | "d" | "t";
  flags: ReadonlySet<string>;
  level: number;
  /** Columns of the longest name: -v lines them up. */
  width: number;
  status: number;
}

function bzip2Program(name: string): Program {
  return function* (p) {
    const flags = new Set<string>();
    const files: string[] = [];
    let mode: Run["mode"] = name === "bzip2" ? "z" : "d";
    let level = 9;
    if (name === "bzcat") flags.add("c");
    let options = true;
    for (const word of p.argv.slice(1)) {
      if (!options || !word.startsWith("-") || word === "-") {
        files.push(word);
        continue;
      }
      if (word === "--") {
        options = false;
        continue;
      }
      const letters = word.startsWith("--") ? LONG[word.slice(2)] : word.slice(1);
      if (letters === undefined || /[^cdzftkqvsVLh1-9]/.test(letters)) {
        yield* sys.printError(p, `${name}: Bad flag \`${word}'\n${VERSION}`);
        return 1;
      }
      for (const letter of letters) {
        if (letter === "d" || letter === "z" || letter === "t") mode = letter;
        else if (/[1-9]/.test(letter)) level = Number(letter);
        else flags.add(letter);
      }
    }
    if (flags.has("h") || flags.has("V") || flags.has("L")) {
      yield* sys.printError(p, VERSION);
      return 0;
    }
    const run: Run = {
      p,
      name,
      out: new Output(p),
      mode,
      flags,
      level,
      width: Math.max(7, ...files.map((file) => file.length)),
      status: 0,
    };
    for (const file of files.length > 0 ? files : ["-"]) {
      if (file === "-") yield* stream(run);
      else yield* one(run, file);
    }
    yield* run.out.flush();
    return run.status;
  };
}

/** A complaint of bzip2's own: with -q those that end nothing are not made. */
function* complain(run: Run, message: string, status: number): Gen<void> {
  run.status = Math.max(run.status, status);
  if (run.flags.has("q") && /^(?:Input file .* already has|Output file)/.test(message)) return;
  yield* sys.printError(run.p, `${run.name}: ${message}\n`);
}

function* stream(run: Run): Gen<void> {
  const { p } = run;
  if (run.mode === "z" && p.fds.get(1)?.tty !== undefined) {
    yield* complain(
      run,
      `I won't write compressed data to a terminal.\n${run.name}: For help, type: \`${run.name} --help'.`,
      1,
    );
    return;
  }
  if (run.mode !== "z" && p.fds.get(0)?.tty !== undefined) {
    yield* complain(
      run,
      `I won't read compressed data from a terminal.\n${run.name}: For help, type: \`${run.name} --help'.`,
      1,
    );
    return;
  }
  const bytes = yield* transformed(run, yield* readWhole(p, 0), "(stdin)", "(stdout)");
  if (bytes !== undefined && run.mode !== "t") yield* run.out.bytes(bytes);
}

function* one(run: Run, path: string): Gen<void> {
  const { p, mode, flags } = run;
  const toOut = flags.has("c") || mode === "t";
  const node = sys.find(p, path);
  if (node === undefined) {
    yield* complain(run, `Can't open input file ${path}: No such file or directory.`, 1);
    return;
  }
  if (mode === "z" && /\.(?:bz2|bz|tbz2|tbz)$/.test(path) && !toOut) {
    yield* complain(run, `Input file ${path} already has ${/\.\w+$/.exec(path)![0]} suffix.`, 1);
    return;
  }
  if (node.kind === "dir") {
    yield* complain(run, `Input file ${path} is a directory.`, 1);
    return;
  }
  if (!toOut && !flags.has("f") && sys.find(p, path, false)?.kind !== "file") {
    yield* complain(run, `Input file ${path} is not a normal file.`, 1);
    return;
  }
  const target = mode === "z" ? `${path}.bz2` : unpackedName(path);
  if (mode === "d" && !toOut && target === undefined)
    yield* sys.printError(
      p,
      flags.has("q") ? "" : `${run.name}: Can't guess original name for ${path} -- using ${path}.out\n`,
    );
  const to = target ?? `${path}.out`;
  if (!toOut && !flags.has("f") && sys.find(p, to, false) !== undefined) {
    yield* complain(run, `Output file ${to} already exists.`, 1);
    return;
  }
  if (!toOut && !flags.has("f") && node.nlink > 1) {
    yield* complain(run, `Input file ${path} has ${node.nlink - 1} other link${node.nlink > 2 ? "s" : ""}.`, 1);
    return;
  }
  try {
    const input = sys.readBytes(p, path);
    if (flags.has("v")) yield* sys.printError(p, `  ${path}: ${" ".repeat(run.width - path.length)}`);
    const bytes = yield* transformed(run, input, path, toOut ? "(stdout)" : to);
    if (bytes === undefined) return;
    if (flags.has("v")) yield* sys.printError(p, verboseText(mode, input.length, bytes.length));
    if (mode === "t") return;
    if (toOut) {
      yield* run.out.bytes(bytes);
      return;
    }
    sys.writeText(p, to, bytes);
    const made = sys.stat(p, to);
    made.mode = node.mode;
    made.mtime = node.mtime;
    if (!flags.has("k")) sys.unlink(p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* complain(run, `Can't open input file ${path}: ${error.message}.`, 1);
  }
}

/** The name without its ending; undefined where it has none that is known. */
function unpackedName(path: string): string | undefined {
  const match = /^(.*)\.(bz2|bz|tbz2|tbz)$/s.exec(path);
  return match === null ? undefined : match[2]!.startsWith("t") ? `${match[1]}.tar` : match[1];
}

function verboseText(mode: Run["mode"], before: number, after: number): string {
  if (mode === "t") return "ok\n";
  if (mode === "d") return "done\n";
  if (before === 0) return " no data compressed.\n";
  const [ratio, bits, saved] = [before / after, (after * 8) / before, 100 * (1 - after / before)];
  return `${ratio.toFixed(3).padStart(6)}:1, ${bits.toFixed(3).padStart(6)} bits/byte, ${saved.toFixed(2).padStart(5)}% saved, ${before} in, ${after} out.\n`;
}

/** The bytes packed or unpacked; undefined after a complaint. */
function* transformed(run: Run, input: Uint8Array, from: string, to: string): Gen<Uint8Array | undefined> {
  if (run.mode === "z") return yield* inSteps(bzipping(input, run.level), 5);
  try {
    return yield* inSteps(bunzipping(input), 6);
  } catch (error) {
    if (!(error instanceof Bzip2Error)) throw error;
    const { kind } = error;
    const name = `${run.name}: `;
    run.status = 2;
    if (run.mode === "t") {
      const why =
        kind === "magic"
          ? "bad magic number (file not created by bzip2)"
          : kind === "end"
            ? "file ends unexpectedly"
            : "data integrity (CRC) error in data";
      yield* sys.printError(run.p, `${name}${from}: ${why}\n\n${RECOVER}\n`);
      return undefined;
    }
    // bzcat -f passes on what is not compressed.
    if (kind === "magic" && run.flags.has("f") && run.flags.has("c")) {
      run.status = 0;
      return input;
    }
    if (kind === "magic") yield* sys.printError(run.p, `${name}${from} is not a bzip2 file.\n`);
    else {
      const files = `\tInput file = ${from}, output file = ${to}\n\n`;
      const what =
        kind === "end"
          ? `\n${name}Compressed file ends unexpectedly;\n\tperhaps it is corrupted?  *Possible* reason follows.\n${name}Inappropriate ioctl for device\n`
          : `\n${name}Data integrity error when decompressing.\n`;
      yield* sys.printError(run.p, `${what}${files}${CORRUPT}\n`);
      if (to !== "(stdout)") yield* sys.printError(run.p, `${name}Deleting output file ${to}, if it exists.\n`);
    }
    return undefined;
  }
}

export const bzip2 = bzip2Program("bzip2");
export const bunzip2 = bzip2Program("bunzip2");
export const bzcat = bzip2Program("bzcat");
