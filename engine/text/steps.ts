/**
 * Work on many bytes that may be put down in between: each step tells how many bytes (or as much work) it has done since
 * the one before.
 */
export type Steps<T> = Generator<number, T, void>;

/** Does all of it at once. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
