import { formatTime } from "../../api/time.ts";
import { KUBELET } from "./durations.ts";

interface Entry {
  /** Current delay in µs. */
  delay: number;
  /** When it was last raised. */
  at: number;
}

/**
 * Back-off by key, 10 s doubling to 300 s (client-go util/flowcontrol/backoff.go): a key that was left alone for twice
 * the maximum starts anew.
 */
export class BackOff {
  private readonly entries = new Map<string, Entry>();

  /** Raises the delay of a key for what happened at `event`. */
  next(key: string, event: number, now: number): void {
    const entry = this.entries.get(key);
    if (entry === undefined || event - entry.at > KUBELET.backOffReset) {
      this.entries.set(key, { delay: KUBELET.backOffFirst, at: now });
      return;
    }
    entry.delay = Math.min(entry.delay * 2, KUBELET.backOffLast);
    entry.at = now;
  }

  /** True while less than the delay has passed since the last raise: pulls. */
  waits(key: string, now: number): boolean {
    const entry = this.entries.get(key);
    return entry !== undefined && now - entry.at < entry.delay;
  }

  /** True while less than the delay has passed since `event`: restarts, counted from the container's end. */
  waitsSince(key: string, event: number, now: number): boolean {
    const entry = this.entries.get(key);
    if (entry === undefined || event - entry.at > KUBELET.backOffReset) return false;
    return now - event < entry.delay;
  }

  /** Delay of a key in µs, 0 for an unknown one. */
  delay(key: string): number {
    return this.entries.get(key)?.delay ?? 0;
  }

  forget(prefix: string): void {
    for (const key of this.entries.keys()) if (key.startsWith(prefix)) this.entries.delete(key);
  }
}

/** Go's time.Duration.String for whole seconds and more: `10s`, `1m20s`, `5m0s`. */
export function goDuration(us: number): string {
  const ms = Math.floor(us / 1000);
  if (ms < 1000) return ms === 0 ? "0s" : `${ms}ms`;
  const fraction =
    ms % 1000 === 0
      ? ""
      : `.${String(ms % 1000)
          .padStart(3, "0")
          .replace(/0+$/, "")}`;
  const seconds = Math.floor(ms / 1000);
  const s = `${seconds % 60}${fraction}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return s;
  if (minutes < 60) return `${minutes}m${s}`;
  return `${Math.floor(minutes / 60)}h${minutes % 60}m${s}`;
}

/** Go's time.Time.String of a UTC time: `2025-03-01 09:00:33.123456 +0000 UTC`. */
export function goTime(ms: number): string {
  const text = formatTime(ms).replace("T", " ").replace("Z", "");
  const micros = Math.round((ms - Math.floor(ms / 1000) * 1000) * 1000);
  const fraction = micros === 0 ? "" : `.${String(micros).padStart(6, "0").replace(/0+$/, "")}`;
  return `${text}${fraction} +0000 UTC`;
}
