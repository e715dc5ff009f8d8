import type { HostClock } from "../../engine/index.ts";

/** Node's clock and timers for a session's runner. */
export const nodeClock: HostClock = {
  now: () => performance.now(),
  after(ms, callback) {
    if (ms <= 0) {
      const immediate = setImmediate(callback);
      return () => clearImmediate(immediate);
    }
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
