import { formatMicroTime, formatTime } from "../api/time.ts";
import type { Kernel } from "../kernel/index.ts";

/** metav1.Time of now: `2025-03-01T09:00:00Z`. */
export function nowTime(kernel: Kernel): string {
  return formatTime(kernel.wallMs);
}

/** metav1.MicroTime of now: `2025-03-01T09:00:00.000000Z`. */
export function nowMicroTime(kernel: Kernel): string {
  return formatMicroTime(kernel.epochMs * 1000 + kernel.now);
}
