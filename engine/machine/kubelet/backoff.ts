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
