import type { HostClock } from "../../engine/index.ts";

/** So much work is done before the thread looks for messages again, ms. */
const TURN = 4;

/** Node's clock and timers for a session's runner. */
export const nodeClock: HostClock = fairClock();

/**
 * A clock whose callbacks wait in one line: after a few milliseconds of them what came from outside has its turn, so
 * that however many sessions compute, a key that somebody types waits for one slice of one of them.
 */
function fairClock(): HostClock {
  const line: { callback: (() => void) | undefined }[] = [];
  let armed = false;
  const arm = () => {
    if (armed || line.length === 0) return;
    armed = true;
    setImmediate(turn);
  };
  const turn = () => {
    armed = false;
    const until = performance.now() + TURN;
    try {
      // What is put into the line meanwhile waits for the next turn.
      for (let left = line.length; left > 0 && performance.now() < until; left--) line.shift()!.callback?.();
    } finally {
      arm();
    }
  };
  return {
    now: () => performance.now(),
    after(ms, callback) {
      const place: (typeof line)[number] = { callback };
      const join = () => {
        line.push(place);
        arm();
      };
      const timer = ms > 0 ? setTimeout(join, ms) : undefined;
      if (timer === undefined) join();
      return () => {
        clearTimeout(timer);
        place.callback = undefined;
      };
    },
  };
}
