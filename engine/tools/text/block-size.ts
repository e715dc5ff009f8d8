/** Sizes in blocks as ls, du and df show them: `--block-size`, -h, --si and the variables that say the same (gnulib's human). */
import type { Process } from "../../machine/process.ts";
import { busyboxSize } from "../busybox-sizes.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal } from "../tool.ts";
import { human } from "./ls-view.ts";

export interface BlockSize {
  /** Bytes of a block; 1 where sizes scale by themselves. */
  bytes: number;
  /** Sizes scale by themselves: by 1024 (-h), by 1000 (--si), or as BusyBox has them. */
  scales: "h" | "si" | "busybox" | undefined;
  /** What follows each figure: `M` of `--block-size=M`. */
  suffix: string;
}

const LETTERS = "KMGTPE";

export const HUMAN: BlockSize = { bytes: 1, scales: "h", suffix: "" };
export const BUSYBOX: BlockSize = { bytes: 1, scales: "busybox", suffix: "" };
export const SI: BlockSize = { bytes: 1, scales: "si", suffix: "" };

export function blocksOfBytes(bytes: number): BlockSize {
  return { bytes, scales: undefined, suffix: "" };
}

/** What a specification means; undefined when it is none. */
export function parseBlockSize(given: string): BlockSize | undefined {
  const text = given.replace(/^'/, "");
  if (text === "human-readable") return HUMAN;
  if (text === "si") return SI;
  const match = /^(\d*)(?:([kKmMgGtTPE])(iB|B)?)?$/.exec(text);
  if (match === null || text === "") return undefined;
  const [, digits = "", letter, tail] = match;
  const power = letter === undefined ? 0 : LETTERS.indexOf(letter.toUpperCase()) + 1;
  const base = tail === "B" ? 1000 : 1024;
  const bytes = (digits === "" ? 1 : Number(digits)) * base ** power;
  if (bytes === 0) return undefined;
  const named = LETTERS[power - 1] ?? "";
  const suffix = digits !== "" ? "" : `${base === 1000 && power === 1 ? "k" : named}${tail ?? ""}`;
  return { bytes, scales: undefined, suffix };
}

/**
 * The block size of a command line: `option` of --block-size, else the first variable that says one, else `usual` bytes.
 * Throws `Fatal` with `status`.
 */
export function blockSizeOf(
  p: Process,
  o: ParsedOptions,
  { key, variables, usual, status = 1 }: { key: string; variables: readonly string[]; usual: number; status?: number },
): BlockSize {
  const last = o.last(key, "h", "k", "m", "si", "b");
  if (last !== undefined) {
    if (last.key === key) return checked(last.value!, last.key.length === 1 ? last.key : "", status);
    if (last.key === "h") return p.applet ? BUSYBOX : HUMAN;
    if (last.key === "si") return SI;
    return blocksOfBytes({ k: 1024, m: 1024 * 1024, b: 1 }[last.key]!);
  }
  for (const name of [...variables, "BLOCK_SIZE", "BLOCKSIZE"]) {
    const value = p.env.get(name);
    if (value !== undefined) return parseBlockSize(value) ?? blocksOfBytes(usual);
  }
  return blocksOfBytes(p.env.has("POSIXLY_CORRECT") ? 512 : usual);
}

function checked(value: string, letter: string, status: number): BlockSize {
  const size = parseBlockSize(value);
  if (size !== undefined) return size;
  const option = letter === "" ? "--block-size" : `-${letter}`;
  const what = /^\d+[^\d]/.test(value) && !/^\d+[kKmMgGtTPEZYRQ]$/.test(value) ? "invalid suffix in" : "invalid";
  throw new Fatal(`${what} ${option} argument '${value}'`, status);
}

/** A number of bytes in these blocks, rounded up. */
export function inBlocks(bytes: number, size: BlockSize): string {
  if (size.scales === "busybox") return busyboxSize(bytes);
  if (size.scales !== undefined) return human(bytes, size.scales === "si");
  return `${Math.ceil(bytes / size.bytes)}${size.suffix}`;
}

/** What a column of such blocks is headed: `1K`, `1MB`, `512B`. */
export function blockName({ bytes, suffix }: BlockSize): string {
  let [thousands, twos] = [bytes, bytes];
  let [byThousand, byTwo] = [true, true];
  while (byThousand && byTwo) {
    byThousand = thousands % 1000 === 0;
    thousands = Math.floor(thousands / 1000);
    byTwo = twos % 1024 === 0;
    twos = Math.floor(twos / 1024);
  }
  const twosName = byThousand === byTwo ? suffix !== "" && !/^.B$/.test(suffix) : byTwo;
  const text = human(bytes, !twosName).replace(/\.0/, "");
  if (!twosName) return `${text}B`;
  return suffix.endsWith("iB") ? `${text}iB` : text;
}
