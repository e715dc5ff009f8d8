import { decode } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { wcwidth } from "../../text/width.ts";
import { readWhole } from "../io.ts";
import { matchWord } from "../options.ts";
import { quote, shellQuote, tool, UsageError } from "../tool.ts";
import { openNamed } from "./head.ts";

interface Counts {
  l: number;
  w: number;
  m: number;
  c: number;
  L: number;
}

const TOTALS = ["auto", "always", "only", "never"];
const ORDER = ["l", "w", "m", "c", "L"] as const;

/** wc(1). */
export const wc = tool(
  {
    name: "wc",
    short: "cmlLw",
    long: "files0-from:=from bytes=c chars=m lines=l max-line-length=L words=w total:=total",
    usage: "[OPTION]... [FILE]...\n  or:  wc [OPTION]... --files0-from=F",
    about: "Print newline, word, and byte counts for each FILE, and a total line if\nmore than one FILE is specified.",
  },
  function* (t, o) {
    const wanted = o.has("l", "w", "m", "c", "L") ? ORDER.filter((key) => o.has(key)) : (["l", "w", "c"] as const);
    const when = matchWord(o.value("total") ?? "auto", TOTALS);
    if (when === undefined)
      throw new UsageError(
        `invalid argument ${quote(o.value("total")!)} for ${quote("--total")}\nValid arguments are:\n${TOTALS.map((word) => `  - ${quote(word)}`).join("\n")}`,
      );
    const list = o.value("from");
    let files: readonly string[] = o.operands.length > 0 ? o.operands : ["-"];
    if (list !== undefined) {
      if (o.operands.length > 0)
        throw new UsageError(
          `extra operand ${shellQuote(o.operands[0]!)}\nfile operands cannot be combined with --files0-from`,
        );
      const fd = yield* openNamed(t, list, "cannot open");
      if (fd === undefined) return 1;
      files = decode(yield* readWhole(t.p, fd))
        .replace(/\0$/, "")
        .split("\0")
        .filter((name) => name !== "");
    }
    const total: Counts = { l: 0, w: 0, m: 0, c: 0, L: 0 };
    const width =
      when === "only"
        ? 1
        : columnWidth(files, wanted.length, (path) => {
            const node = path === "-" ? sys.file(t.p, 0).node : sys.find(t.p, path);
            return node === undefined ? (path === "-" ? -1 : 0) : node.kind === "file" ? node.content.size() : -1;
          });
    const show = (counts: Counts, name: string | undefined) =>
      t.out.add(
        `${wanted.map((key) => String(counts[key]).padStart(width)).join(" ")}${name === undefined ? "" : ` ${name}`}\n`,
      );
    for (const path of files) {
      if (path === "") {
        yield* t.error("invalid zero-length file name");
        continue;
      }
      const fd = yield* t.open(path);
      if (fd === undefined) continue;
      const counts: Counts = { l: 0, w: 0, m: 0, c: 0, L: 0 };
      const counter = new Counter(
        counts,
        wanted.some((key) => key !== "l" && key !== "c"),
      );
      try {
        for (;;) {
          const bytes = yield* sys.read(t.p, fd);
          if (bytes.length === 0) break;
          counter.add(bytes);
        }
      } catch (error) {
        if (!isErrno(error)) throw error;
        yield* t.pathError(path, error);
      } finally {
        t.close(fd);
      }
      counter.end();
      if (when !== "only") show(counts, o.operands.length > 0 || list !== undefined ? path : undefined);
      for (const key of ORDER) total[key] = key === "L" ? Math.max(total.L, counts.L) : total[key] + counts[key];
    }
    if (when === "only") show(total, undefined);
    else if (when === "always" || (when === "auto" && files.length > 1)) show(total, "total");
    return t.status;
  },
);

/** As wc.c computes it: from the sizes of regular files; at least 7 when something else is among them. */
function columnWidth(files: readonly string[], columns: number, size: (path: string) => number): number {
  if (files.length === 1 && columns === 1) return 1;
  let minimum = 1;
  let sum = 0;
  for (const path of files) {
    const bytes = size(path);
    if (bytes < 0) minimum = 7;
    else sum += bytes;
  }
  return Math.max(minimum, String(sum).length);
}

class Counter {
  private readonly counts: Counts;
  private readonly words: boolean;
  private inWord = false;
  private column = 0;

  constructor(counts: Counts, words: boolean) {
    this.counts = counts;
    this.words = words;
  }

  add(bytes: Uint8Array): void {
    const { counts } = this;
    counts.c += bytes.length;
    if (!this.words) {
      for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) counts.l++;
      return;
    }
    const wide = bytes.some((byte) => byte >= 0x80);
    for (const byte of bytes) {
      if (byte === 10) counts.l++;
      // Characters: every byte but the continuations of UTF-8.
      if ((byte & 0xc0) !== 0x80) counts.m++;
      const blank = byte === 32 || (byte >= 9 && byte <= 13);
      if (blank) this.inWord = false;
      else if (!this.inWord && byte > 32 && byte !== 127) {
        this.inWord = true;
        counts.w++;
      }
      if (byte === 10 || byte === 13 || byte === 12) {
        counts.L = Math.max(counts.L, this.column);
        this.column = 0;
      } else if (byte === 9) this.column += 8 - (this.column % 8);
      else if (byte >= 32 && byte !== 127 && !wide) this.column++;
    }
    if (wide) {
      for (const line of decode(bytes).split("\n")) counts.L = Math.max(counts.L, displayWidth(line));
    }
  }

  end(): void {
    this.counts.L = Math.max(this.counts.L, this.column);
  }
}

/** Columns of a text on a terminal: East Asian wide characters take two. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (code < 32 || code === 127 || (code >= 0xdc80 && code <= 0xdcff)) continue;
    width += wcwidth(char);
  }
  return width;
}
