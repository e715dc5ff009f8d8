/** `xz -l`: what is in .xz files, in the three shapes that it has for people and the one for programs. */
import type { XzBlock, XzStream } from "../../text/xz-index.ts";

/** What is known of a file, or of all together. */
export interface XzFile {
  name: string;
  size: number;
  streams: readonly XzStream[];
}

const CHECKS = ["None", "CRC32", "Unknown-2", "Unknown-3", "CRC64", "Unknown-5", "Unknown-6", "Unknown-7", "Unknown-8", "Unknown-9", "SHA-256", "Unknown-11", "Unknown-12", "Unknown-13", "Unknown-14", "Unknown-15"]; // biome-ignore format: a row

/** What liblzma takes beside its dictionary to unpack LZMA2, and for a delta filter. */
const DECODER = 66_200;
const DELTA = 352;

function memoryOf(one: XzBlock): number {
  return one.dictionary + DECODER + (one.delta === undefined ? 0 : DELTA);
}

export class XzListing {
  private readonly add: (text: string) => void;
  /** 0: a line a file; 1 with streams and blocks, 2 with what their headers say. */
  private readonly detail: number;
  private readonly files: XzFile[] = [];
  private readonly count: number;

  constructor(add: (text: string) => void, detail: number, count: number) {
    this.add = add;
    this.detail = detail;
    this.count = count;
  }

  file(file: XzFile): void {
    this.files.push(file);
    if (this.detail > 0) {
      this.add(`${this.files.length > 1 ? "\n" : ""}${file.name} (${this.files.length}/${this.count})\n`);
      this.totals(file.streams, file.size);
      this.details(file);
      if (this.detail > 1) this.needs(file.streams);
      return;
    }
    if (this.files.length === 1) this.add("Strms  Blocks   Compressed Uncompressed  Ratio  Check   Filename\n");
    this.row(file.streams, file.size, file.name);
  }

  /** All files together, where there is more than one. */
  end(): void {
    if (this.count < 2) return;
    const streams = this.files.flatMap((file) => file.streams);
    const size = this.files.reduce((sum, file) => sum + file.size, 0);
    if (this.detail === 0) {
      this.add(`${"-".repeat(79)}\n`);
      this.row(streams, size, `${this.files.length} file${this.files.length === 1 ? "" : "s"}`);
      return;
    }
    this.add(`\nTotals:\n  Number of files:   ${this.files.length}\n`);
    this.totals(streams, size);
    if (this.detail > 1) this.needs(streams);
  }

  private row(streams: readonly XzStream[], size: number, name: string): void {
    const made = madeOf(streams);
    const counts = `${String(streams.length).padStart(5)} ${String(blocksOf(streams).length).padStart(7)}`;
    const sizes = `${nice(size).padStart(11)}  ${nice(made).padStart(11)}  ${ratio(size, made).padStart(5)}`;
    this.add(`${counts}  ${sizes}  ${checksOf(streams, ",").padEnd(7)} ${name}\n`);
  }

  private totals(streams: readonly XzStream[], size: number): void {
    const made = madeOf(streams);
    const padding = streams.reduce((sum, one) => sum + one.padding, 0);
    const rows: [string, string][] = [
      ["Streams", String(streams.length)],
      ["Blocks", String(blocksOf(streams).length)],
      ["Compressed size", nice(size, true)],
      ["Uncompressed size", nice(made, true)],
      ["Ratio", ratio(size, made)],
      ["Check", checksOf(streams)],
      ["Stream Padding", nice(padding, true)],
    ];
    for (const [label, value] of rows) this.add(`  ${`${label}:`.padEnd(18)} ${value}\n`);
  }

  private details({ streams }: XzFile): void {
    const offsets = (at: number, made: number, size: number, out: number) =>
      [at, made, size, out].map((n) => String(n).padStart(16)).join("");
    this.add(
      "  Streams:\n    Stream    Blocks      CompOffset    UncompOffset        CompSize      UncompSize  Ratio  Check      Padding\n",
    );
    let before = 0;
    for (const [i, one] of streams.entries()) {
      this.add(
        `    ${String(i + 1).padStart(6)}${String(one.blocks.length).padStart(10)}${offsets(one.at, before, one.size, one.made)}  ${ratio(one.size, one.made).padStart(5)}  ${CHECKS[one.check]!.padEnd(10)}${String(one.padding).padStart(8)}\n`,
      );
      before += one.made;
    }
    if (blocksOf(streams).length === 0) return;
    const width = Math.max(
      8,
      ...streams.map(({ check }) => 2 * (check === 0 ? 0 : check === 1 ? 4 : check === 4 ? 8 : 32)),
    );
    const more = `CheckVal${" ".repeat(width - 8)}  Header  Flags        CompSize    MemUsage  Filters`;
    this.add(
      `  Blocks:\n    Stream     Block      CompOffset    UncompOffset       TotalSize      UncompSize  Ratio  Check${this.detail > 1 ? `      ${more}` : ""}\n`,
    );
    before = 0;
    for (const [i, { blocks, check }] of streams.entries())
      for (const [j, one] of blocks.entries()) {
        const line = `    ${String(i + 1).padStart(6)}${String(j + 1).padStart(10)}${offsets(one.at, before, one.total, one.made)}  ${ratio(one.total, one.made).padStart(5)}  ${CHECKS[check]}`;
        if (this.detail < 2) this.add(`${line}\n`);
        else {
          const cells = [
            checkText(one, check).padEnd(width),
            String(one.size).padStart(6),
            flagsOf(one).padEnd(5),
            String(one.data).padStart(14),
            memory(one).padStart(10),
          ];
          this.add(`${line.padEnd(line.length - CHECKS[check]!.length + 11)}${cells.join("  ")}  ${filtersOf(one)}\n`);
        }
        before += one.made;
      }
  }

  private needs(streams: readonly XzStream[]): void {
    const blocks = blocksOf(streams);
    const most = blocks.reduce<XzBlock | undefined>((a, b) => (a && a.dictionary >= b.dictionary ? a : b), undefined);
    this.add(
      `  Memory needed:     ${most === undefined ? "0 MiB" : memory(most)}\n  Sizes in headers:  ${blocks.every((one) => flagsOf(one) === "cu") ? "Yes" : "No"}\n  Minimum XZ Utils version: 5.0.0\n`,
    );
  }
}

/** The lines of --robot. */
export class XzRobot {
  private readonly add: (text: string) => void;
  private readonly detail: number;
  private readonly files: XzFile[] = [];

  constructor(add: (text: string) => void, detail: number) {
    this.add = add;
    this.detail = detail;
  }

  file(file: XzFile): void {
    this.files.push(file);
    this.line("name", file.name);
    this.line("file", ...summary(file.streams, file.size));
    if (this.detail === 0) return;
    let before = 0;
    for (const [i, one] of file.streams.entries()) {
      const { blocks, at, size, made, check, padding } = one;
      this.line("stream", i + 1, blocks.length, at, before, size, made, ratio(size, made), CHECKS[check]!, padding);
      before += made;
    }
    before = 0;
    let number = 0;
    for (const [i, { blocks, check }] of file.streams.entries())
      for (const [j, one] of blocks.entries()) {
        number++;
        const { at, total, made } = one;
        const more =
          this.detail < 2
            ? []
            : [checkText(one, check), one.size, flagsOf(one), one.data, memoryOf(one), filtersOf(one)];
        const name = CHECKS[check]!;
        this.line("block", i + 1, j + 1, number, at, before, total, made, ratio(total, made), name, ...more);
        before += made;
      }
    if (this.detail > 1) this.line("summary", ...needs(file.streams));
  }

  end(): void {
    const streams = this.files.flatMap((file) => file.streams);
    const size = this.files.reduce((sum, file) => sum + file.size, 0);
    const more = this.detail > 1 ? needs(streams) : [];
    this.line("totals", ...summary(streams, size), this.files.length, ...more);
  }

  private line(...cells: readonly (string | number)[]): void {
    this.add(`${cells.join("\t")}\n`);
  }
}

function summary(streams: readonly XzStream[], size: number): (string | number)[] {
  const made = madeOf(streams);
  const padding = streams.reduce((sum, one) => sum + one.padding, 0);
  return [streams.length, blocksOf(streams).length, size, made, ratio(size, made), checksOf(streams, ","), padding];
}

function needs(streams: readonly XzStream[]): (string | number)[] {
  const blocks = blocksOf(streams);
  const most = Math.max(0, ...blocks.map(memoryOf));
  return [most, blocks.every((one) => flagsOf(one) === "cu") ? "yes" : "no", 50_000_002];
}

function blocksOf(streams: readonly XzStream[]): XzBlock[] {
  return streams.flatMap(({ blocks }) => blocks);
}

function madeOf(streams: readonly XzStream[]): number {
  return streams.reduce((sum, one) => sum + one.made, 0);
}

function checksOf(streams: readonly XzStream[], separator = ", "): string {
  const numbers = [...new Set(streams.map(({ check }) => check))].sort((a, b) => a - b);
  return numbers.map((number) => CHECKS[number]).join(separator);
}

function ratio(packed: number, made: number): string {
  return made === 0 || packed / made > 9.999 ? "---" : (packed / made).toFixed(3);
}

/** A size for people: four digits of bytes, then KiB and so on; `both`: with the bytes in brackets. */
export function nice(size: number, both = false): string {
  if (size < 10_000) return `${size} B`;
  let value = size;
  let unit = -1;
  do {
    value /= 1024;
    unit++;
  } while (value > 9999.9 && unit < 3);
  return `${value.toFixed(1)} ${["KiB", "MiB", "GiB", "TiB"][unit]}${both ? ` (${size} B)` : ""}`;
}

function memory(one: XzBlock): string {
  return `${Math.ceil(memoryOf(one) / 2 ** 20)} MiB`;
}

function checkText(one: XzBlock, check: number): string {
  if (check === 0) return "---";
  // Numbers are told as such, from their highest byte; a hash as its bytes are.
  const bytes = check === 10 ? one.check : one.check.slice().reverse();
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function flagsOf(one: XzBlock): string {
  return `${one.compressed === undefined ? "-" : "c"}${one.uncompressed === undefined ? "-" : "u"}`;
}

function filtersOf(one: XzBlock): string {
  const size = one.dictionary % 2 ** 20 === 0 ? `${one.dictionary / 2 ** 20}MiB` : `${one.dictionary / 1024}KiB`;
  return `${one.delta === undefined ? "" : `--delta=dist=${one.delta} `}--lzma2=dict=${size}`;
}
