/** Which program packs or unpacks an archive, and what tar(1) says where that is not there: these machines have gzip and bzip2 only. */

import type { ParsedOptions } from "../options.ts";
import { Fatal } from "../tool.ts";

const SUFFIXES: readonly (readonly [RegExp, string])[] = [
  [/\.(?:gz|tgz|taz)$/, "gzip"],
  [/\.(?:bz2|tbz|tbz2|tz2)$/, "bzip2"],
  [/\.(?:xz|txz)$/, "xz"],
  [/\.(?:lzma|tlz)$/, "lzma"],
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
  lzma: "lzma",
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
  if (name === undefined || name === "gzip" || name === "bzip2") return;
  if (packs) throw new Fatal(`Child returned status 127\n${END}`, 2, `/bin/sh: 1: ${name}: not found\n`);
  throw new Fatal(
    `Child returned status 2\n${END}`,
    2,
    `tar (child): ${name}: Cannot exec: No such file or directory\ntar (child): Error is not recoverable: exiting now\n`,
  );
}
