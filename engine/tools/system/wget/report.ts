/** What wget says while it works (src/log.c, src/progress.c, src/retr.c). */
import { type Gen, SECOND } from "../../../kernel/index.ts";
import type { Process } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import type { ParsedOptions } from "../../options.ts";
import { wallTime } from "../when.ts";

export type Level = "quiet" | "brief" | "verbose";

/** Where messages go, and which of them. */
export class Report {
  readonly level: Level;
  /** The progress is shown though nothing else is. */
  readonly progress: boolean;
  private readonly p: Process;
  private readonly file: string | undefined;

  constructor(p: Process, o: ParsedOptions) {
    this.p = p;
    this.level = o.has("q") ? "quiet" : o.has("no-verbose") && !o.has("v") ? "brief" : "verbose";
    this.progress = this.level === "verbose" || (this.level === "quiet" && o.has("show-progress"));
    this.file = o.value("a") ?? o.value("o");
    if (this.file !== undefined && (!o.has("a") || sys.find(p, this.file) === undefined))
      sys.writeText(p, this.file, "");
  }

  /** At the usual level only. */
  *verbose(text: string): Gen {
    if (this.level === "verbose") yield* this.always(text);
  }

  /** Unless it is to be quiet. */
  *brief(text: string): Gen {
    if (this.level !== "quiet") yield* this.always(text);
  }

  *always(text: string): Gen {
    if (this.file === undefined) yield* sys.printError(this.p, text);
    else sys.writeText(this.p, this.file, sys.readText(this.p, this.file) + text);
  }

  /** `2025-03-01 09:00:12`. */
  clock(): string {
    return wallTime(this.p, this.p.machine.kernel.now, "%Y-%m-%d %H:%M:%S");
  }
}

/** A rate and its unit as in `(1.17 MB/s)`. */
function rateOf(bytes: number, us: number): { value: number; unit: number } {
  let value = us <= 0 ? 0 : bytes / (us / SECOND);
  let unit = 0;
  while (value >= 1024 && unit < 3) {
    value /= 1024;
    unit++;
  }
  return { value, unit };
}

const digits = (value: number): number => (value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2);

/** `1.17 MB/s`. */
export function rateText(bytes: number, us: number): string {
  const { value, unit } = rateOf(bytes, us);
  return `${value.toFixed(unit === 0 ? digits(value) : digits(value))} ${["B/s", "KB/s", "MB/s", "GB/s"][unit]}`;
}

/** Seconds with as many digits as tell something. */
export function secondsText(us: number): string {
  const seconds = us / SECOND;
  if (seconds >= 10) return seconds.toFixed(0);
  if (seconds >= 1) return seconds.toFixed(1);
  if (seconds >= 0.1) return seconds.toFixed(1);
  if (seconds >= 0.01) return seconds.toFixed(2);
  return seconds >= 0.001 ? seconds.toFixed(3) : "0";
}

/** Dots of a kilobyte, fifty a line, with how much that was and how fast it came. `begun`: bytes that were there. */
export function dots(bytes: number, total: number | undefined, begun: number, us: number): string {
  let out = "\n";
  const all = begun + bytes;
  const lines = Math.max(1, Math.ceil(all / 51_200));
  for (let line = Math.floor(begun / 51_200); line < lines; line++) {
    const from = line * 50;
    const full = Math.floor(all / 1024);
    const old = Math.floor(begun / 1024);
    out += `${`${from}K`.padStart(7)}`;
    for (let i = 0; i < 50; i++) {
      const at = from + i;
      out += (i % 10 === 0 ? " " : "") + (at < old ? "," : at < full ? "." : " ");
    }
    const last = line === lines - 1;
    const shown = Math.min(all, (line + 1) * 51_200);
    if (total !== undefined && total > 0) out += `${String(Math.floor((shown * 100) / total)).padStart(3)}%`;
    const { value, unit } = rateOf(bytes, us);
    out += ` ${value.toFixed(digits(value)).padStart(4)}${[" ", "K", "M", "G"][unit]}`;
    out += last ? `=${secondsText(us)}s\n\n` : ` ${secondsText(us)}s\n`;
  }
  return out;
}

/** `12345 (12K)`. */
export function lengthText(bytes: number): string {
  if (bytes < 1024) return String(bytes);
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < 3) {
    value /= 1024;
    unit++;
  }
  return `${bytes} (${value.toFixed(value < 10 ? 1 : 0)}${" KMG"[unit]})`;
}
