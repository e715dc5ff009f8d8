import type { Kernel } from "../kernel/index.ts";
import { quoteString } from "../text/go-quote.ts";
import { civilFromDays } from "../text/time.ts";

export type Severity = "I" | "W" | "E" | "F";

/** Key and values of a structured line, in order. */
export type KeyValues = Readonly<Record<string, unknown>>;

const pad = (n: number, width: number) => String(n).padStart(width, "0");

let headSecond = Number.NaN;
let headText = "";

/** `1123 22:41:07`, kept for the lines of the same second. */
function headOf(seconds: number): string {
  if (seconds === headSecond) return headText;
  const days = Math.floor(seconds / 86_400);
  const [, month, day] = civilFromDays(days);
  const s = seconds - days * 86_400;
  headText = `${pad(month, 2)}${pad(day, 2)} ${pad(Math.floor(s / 3600), 2)}:${pad(Math.floor(s / 60) % 60, 2)}:${pad(s % 60, 2)}`;
  headSecond = seconds;
  return headText;
}

/**
 * A line of klog v2: `I1123 22:41:07.123456       1 schedule_one.go:307] "Successfully bound pod" pod="default/web"`.
 * `source` is `file.go:line` of upstream. With `kv` the message is quoted and the pairs follow; without, it is plain.
 */
export function klog(
  kernel: Kernel,
  pid: number,
  severity: Severity,
  source: string,
  message: string,
  kv?: KeyValues,
): string {
  return klogAt(kernel.epochMs * 1000 + kernel.now, pid, severity, source, message, kv);
}

/** The same at an instant in µs since 1970. */
export function klogAt(
  micros: number,
  pid: number,
  severity: Severity,
  source: string,
  message: string,
  kv?: KeyValues,
): string {
  const seconds = Math.floor(micros / 1_000_000);
  const head = `${severity}${headOf(seconds)}.${pad(micros - seconds * 1_000_000, 6)}`;
  const start = `${head} ${String(pid).padStart(7)} ${source}] `;
  if (kv === undefined) return start + message;
  let line = start + quoteString(message);
  for (const key in kv) line += ` ${key}=${format(kv[key])}`;
  return line;
}

/** Strings are quoted, objects are JSON, the rest prints as it is (klog internal/serialize/keyvalues.go). */
function format(value: unknown): string {
  if (typeof value === "string") return quoteString(value);
  if (value === null || value === undefined) return "null";
  if (value instanceof Error) return quoteString(value.message);
  if (Array.isArray(value) && value.every((item) => typeof item === "string"))
    return `[${value.map((item) => quoteString(item as string)).join(",")}]`;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
