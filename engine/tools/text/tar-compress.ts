/** Which program packs or unpacks an archive of tar(1), and what is said where it cannot or is not there. */
import type { Gen } from "../../kernel/index.ts";
import { Bzip2Error, bunzipping } from "../../text/bunzip2.ts";
import { bzipping } from "../../text/bzip2.ts";
import { DeflateError, gunzipping, gzipping } from "../../text/deflate.ts";
import { lzmaing } from "../../text/lzma.ts";
import type { Steps } from "../../text/steps.ts";
import { unlzmaing, XzError } from "../../text/unlzma.ts";
import { dictionaryOf, isXz, unxzing, xzing } from "../../text/xz.ts";
import { inSteps } from "../io.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal } from "../tool.ts";

/** A program that tar runs beside itself. */
interface Packer {
  /** Whether these bytes are of its format. */
  knows: (bytes: Uint8Array) => boolean;
  pack: (bytes: Uint8Array) => Steps<Uint8Array>;
  unpack: (bytes: Uint8Array) => Steps<Uint8Array>;
  /** 2 to the power of these bytes take a µs, packed and unpacked. */
  shifts: readonly [number, number];
  /** What it says of bytes that are not of its format, and its status. */
  foreign: string;
  status: number;
  /** What it says of an archive that is broken, and its status where it is not that tar misses the end; undefined: no error of its own. */
  broken: (error: unknown) => { text: string; status?: number } | undefined;
}

const begins = (bytes: Uint8Array, ...magic: number[]) => magic.every((byte, i) => bytes[i] === byte);

function* gunzipped(bytes: Uint8Array): Steps<Uint8Array> {
  return (yield* gunzipping(bytes)).bytes;
}

function xzBroken(error: unknown) {
  if (!(error instanceof XzError)) return undefined;
  if (error.kind === "end") return { text: "xz: (stdin): Unexpected end of input\n" };
  return { text: "xz: (stdin): Compressed data is corrupt\n", status: 1 };
}

const XZ_FOREIGN = "xz: (stdin): File format not recognized\n";

const PACKERS: Readonly<Record<string, Packer>> = {
  gzip: {
    knows: (bytes) => begins(bytes, 0x1f, 0x8b),
    pack: (bytes) => gzipping(bytes, undefined, 0),
    unpack: gunzipped,
    shifts: [4, 8],
    foreign: "\ngzip: stdin: not in gzip format\n",
    status: 1,
    broken: (error) => (error instanceof DeflateError ? { text: `\ngzip: stdin: ${error.message}\n` } : undefined),
  },
  bzip2: {
    knows: (bytes) => begins(bytes, 0x42, 0x5a, 0x68),
    pack: (bytes) => bzipping(bytes),
    unpack: (bytes) => bunzipping(bytes),
    shifts: [5, 6],
    foreign: "bzip2: (stdin) is not a bzip2 file.\n",
    status: 2,
    broken: (error) =>
      error instanceof Bzip2Error ? { text: "\nbzip2: Compressed file ends unexpectedly;\n" } : undefined,
  },
  xz: {
    knows: (bytes) => bytes.length > 5 && isXz(bytes),
    pack: (bytes) => xzing(bytes),
    unpack: (bytes) => unxzing(bytes),
    shifts: [4, 6],
    foreign: XZ_FOREIGN,
    status: 1,
    broken: xzBroken,
  },
  lzma: {
    knows: (bytes) => begins(bytes, 0x5d, 0, 0),
    pack: (bytes) => lzmaing(bytes, 6, dictionaryOf(6)),
    unpack: unlzmaing,
    shifts: [4, 6],
    foreign: XZ_FOREIGN,
    status: 1,
    broken: xzBroken,
  },
};

/** An archive as the program of that name packs it; as it is without one. */
export function* packed(bytes: Uint8Array, name: string | undefined): Gen<Uint8Array> {
  const packer = PACKERS[name ?? ""];
  return packer === undefined ? bytes : yield* inSteps(packer.pack(bytes), packer.shifts[0]);
}

/** An archive unpacked by whichever program's format it has; `asked`: what the options name. Throws `Fatal`. */
export function* unpacked(bytes: Uint8Array, asked: string | undefined): Gen<Uint8Array> {
  const packer = PACKERS[asked ?? ""] ?? Object.values(PACKERS).find((one) => one.knows(bytes));
  if (packer === undefined) return bytes;
  if (!packer.knows(bytes)) throw new Fatal(`Child returned status ${packer.status}\n${END}`, 2, packer.foreign);
  try {
    return yield* inSteps(packer.unpack(bytes), packer.shifts[1]);
  } catch (error) {
    const broken = packer.broken(error);
    if (broken === undefined) throw error;
    const why = broken.status === undefined ? "Unexpected EOF in archive" : `Child returned status ${broken.status}`;
    throw new Fatal(`${why}\n${END}`, 2, broken.text);
  }
}

const SUFFIXES: readonly (readonly [RegExp, string])[] = [
  [/\.(?:gz|tgz|taz)$/, "gzip"],
  [/\.(?:bz2|tbz|tbz2|tz2)$/, "bzip2"],
  [/\.(?:xz|txz)$/, "xz"],
  [/\.(?:lzma|tlz)$/, "xz"],
  [/\.(?:zst|tzst)$/, "zstd"],
  [/\.(?:Z|taZ)$/, "compress"],
  [/\.lz$/, "lzip"],
  [/\.lzo$/, "lzop"],
];

const OPTIONS: Record<string, string> = {
  z: "gzip",
  j: "bzip2",
  J: "xz",
  Z: "compress",
  zstd: "zstd",
  // Debian builds tar with xz in the place of lzma, which reads both.
  lzma: "xz",
  lzip: "lzip",
  lzop: "lzop",
};

/** The program that the options or, with -a, the archive's name ask for. */
export function compressor(o: ParsedOptions, file: string): string | undefined {
  const given = o.last(...Object.keys(OPTIONS), "I");
  if (given?.key === "I") return given.value!.trim().split(/\s+/)[0]!.split("/").at(-1)!.replace("pigz", "gzip");
  if (given !== undefined) return OPTIONS[given.key];
  return o.has("a") ? SUFFIXES.find(([suffix]) => suffix.test(file))?.[1] : undefined;
}

const END = "tar: Error is not recoverable: exiting now";

/** Refuses what no program here can pack or unpack, as where its package is not installed. */
export function requireProgram(name: string | undefined, packs: boolean): void {
  if (name === undefined || PACKERS[name] !== undefined) return;
  if (packs) throw new Fatal(`Child returned status 127\n${END}`, 2, `/bin/sh: 1: ${name}: not found\n`);
  throw new Fatal(
    `Child returned status 2\n${END}`,
    2,
    `tar (child): ${name}: Cannot exec: No such file or directory\ntar (child): Error is not recoverable: exiting now\n`,
  );
}
