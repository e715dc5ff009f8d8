import type { Invocation } from "./invocation.ts";

const LETTERS = "bcdfghjklmnpqrstvwxz2456789";

/** Five letters as apimachinery's rand makes them. */
export function suffix(k: Invocation): string {
  const random = k.p.machine.kernel.random("kubectl-debug");
  return Array.from({ length: 5 }, () => LETTERS[random.int(0, LETTERS.length - 1)]).join("");
}
