import { formatMicroTime } from "../../api/time.ts";
import { quote } from "./go.ts";
import type { Invocation } from "./invocation.ts";

/** A text as klog writes it: one of several lines as a block. */
export function klogText(text: string): string {
  if (!text.includes("\n")) return quote(text);
  return `<\n${text.replace(/\n$/, "").replace(/^/gm, "\t")}\n >`;
}

/** A klog line: level, month, day, time, process id, place. */
export function klog(k: Invocation, level: string, place: string, text: string): string {
  const stamp = formatMicroTime(Math.floor(k.nowMs * 1000));
  const day = stamp.slice(5, 7) + stamp.slice(8, 10);
  return `${level}${day} ${stamp.slice(11, 26)} ${String(k.p.nsPid).padStart(7)} ${place}] ${text}\n`;
}

/** How much `-v` wants to know. */
export function verbosity(k: Invocation): number {
  return k.flags.has("v") ? Number(k.flags.string("v")) || 0 : 0;
}

/** A line of klog's that `-v=level` shows. */
export function verbose(k: Invocation, level: number, place: string, text: string): void {
  if (verbosity(k) >= level) k.err(klog(k, "I", place, text));
}
